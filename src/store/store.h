/* Object stores behind one interface: file:///dir and s3://bucket/prefix.
 *
 * Keys are relative to the location's root or prefix, '/'-separated, never
 * empty, never absolute, without "." or ".." parts. A put becomes visible whole
 * or not at all. All functions are thread-safe on one store, retry what may be
 * repeated under their own deadline, and fail with the key in the message. */
#pragma once

#include "base/cancel.h"
#include "base/stream.h"

typedef struct Store Store;

typedef struct {
    char *key;    /* relative to the store */
    guint64 size; /* bytes */
    gint64 mtime; /* seconds since the epoch */
    char *etag;   /* may be NULL */
} StoreObject;
void store_object_free(StoreObject *object);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreObject, store_object_free)

/* Opens a location:
 *   file:///absolute/dir        the directory is made when first written to
 *   s3://bucket[/prefix][?key=value&...]
 * `config`, "key=value" strings or NULL, adds to and wins over the URL's
 * parameters. Keys are those of Velero's AWS BackupStorageLocation (region,
 * s3Url, publicUrl, s3ForcePathStyle, caCert, insecureSkipTLSVerify, kmsKeyId,
 * serverSideEncryption, customerKeyEncryptionFile, tagging, checksumAlgorithm,
 * profile, credentialsFile, enableSharedConfig, signatureVersion).
 * USAGE names what is wrong in the URL or the configuration. No request is sent. */
Store *store_open(const char *url, const char *const *config, Cancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
Store *store_ref(Store *store);
void store_unref(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_unref)

/* The location as given, without credentials; for messages. */
const char *store_url(const Store *store);

/* Parts for a Backup's storage location: provider ("aws", "file"), bucket (the
 * directory for file), prefix ("" when none). */
const char *store_provider(const Store *store);
const char *store_bucket(const Store *store);
const char *store_prefix(const Store *store);

typedef struct {
    unsigned parallel; /* parts sent at once; 0: 3 */
    bool if_absent;    /* EXISTS when the key is there already (checked, and atomic where the store can) */
} StorePutOptions;

/* A sink whose finish() makes the object visible; freed unfinished it leaves
 * nothing behind (file: temporary name removed; s3: multipart upload aborted).
 * S3 sends parts of 5 MiB (growing for objects past 5 GB so that 10,000 parts
 * suffice) in parallel while more is written; small objects are one PUT. Memory
 * is (parallel + 2) parts. options may be NULL. */
Sink *store_put(Store *store, const char *key, const StorePutOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A whole small object at once. */
bool store_put_bytes(Store *store, const char *key, const void *data, size_t length, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Reads from `offset`, `length` bytes (-1: to the end). A broken connection is
 * resumed where it broke, on the same etag. NOT_FOUND when it is missing. Parts
 * are fetched ahead in bounded memory so that the reader does not wait. */
Source *store_get(Store *store, const char *key, guint64 offset, gint64 length, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A whole small object; LIMIT past `limit` bytes. */
GBytes *store_get_bytes(Store *store, const char *key, size_t limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Size and time; NOT_FOUND when it is missing. */
StoreObject *store_head(Store *store, const char *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Called for each object, then for each common prefix (object NULL, prefix
 * ending in '/'), in no promised order; what no key can name is passed over.
 * False ends the listing with its error. */
typedef bool (*StoreListFunc)(const StoreObject *object, const char *prefix, void *data, GError **error);

/* delimiter: "/" or NULL for all below the prefix. An absent prefix lists nothing. S3 fails with LIMIT past a million
 * keys: pages that do not end. */
bool store_list(Store *store, const char *prefix, const char *delimiter, StoreListFunc func, void *data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Deleting what is not there is no error. */
bool store_delete(Store *store, const char *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for what one's own run has put and will not leave: even after a cancellation, within seconds. */
bool store_discard(Store *store, const char *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What was begun to be written and is not there: an upload in parts, a temporary file. */
typedef struct {
    char *key;      /* of the object to be; of a file's, its temporary name beside it */
    char *id;       /* tells several of one key apart; NULL where the key does */
    gint64 touched; /* seconds since the epoch: s3 when it was begun, file when it was last written to; 0: unknown */
} StoreUnfinished;
void store_unfinished_free(StoreUnfinished *unfinished);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreUnfinished, store_unfinished_free)

/* What of that lies below the prefix, somebody's who is still at work as well: only the time tells. StoreUnfinished,
 * freed with the array, in no promised order. */
GPtrArray *store_list_unfinished(Store *store, const char *prefix, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes it with all that was sent of it; its writer, if there is one, fails. None there any more is no error. */
bool store_drop_unfinished(Store *store, const StoreUnfinished *unfinished, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A URL that reads the object without credentials for `seconds`; s3 by SigV4
 * query signing with publicUrl where set; UNSUPPORTED for file. g_free() it. */
char *store_sign_get(Store *store, const char *key, unsigned seconds, GError **error) G_GNUC_WARN_UNUSED_RESULT;
