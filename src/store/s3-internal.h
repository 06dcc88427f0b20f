/* What the files of the S3 back end share. Sources: the Amazon S3 API reference and
 * "Signature Version 4" of the AWS General Reference. */
#pragma once

#include "base/http.h"
#include "store/backend.h"

#include <pthread.h>

/* --- credentials --------------------------------------------------------------------------- */

typedef struct {
    char *access_key, *secret_key, *session_token; /* the last may be NULL */
    gint64 expires_at;                             /* wall clock microseconds; 0: never */
    char *source;                                  /* where they come from, in words; may be NULL */
} S3Credentials;
void s3_credentials_clear(S3Credentials *credentials);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(S3Credentials, s3_credentials_clear)

typedef struct S3Provider S3Provider;

/* file, profile: of the location, or NULL; sts: the client that speaks to STS. Order: that
 * file, environment, web identity, shared files, container's endpoint, IMDSv2; with a
 * profile of the location's the shared files come first. */
S3Provider *s3_provider_new(const char *file, const char *profile, const char *region, HttpClient *sts, Cancel *cancel);
void s3_provider_free(S3Provider *provider);
/* What holds now; asked for again from five minutes before it expires, and half a minute
 * after that failed. Thread-safe. */
bool s3_provider_get(S3Provider *provider, S3Credentials *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The server refused `used` as expired: asks for others the next time. */
void s3_provider_forget(S3Provider *provider, const S3Credentials *used);

/* The keys of [profile] in an INI file's text. NULL where the section is missing. */
GHashTable *s3_ini_section(const char *text, const char *profile);

/* --- signing ----------------------------------------------------------------------------------- */

typedef struct {
    const char *method;
    const char *host;           /* as in the Host header */
    const char *path;           /* encoded, from '/' on */
    const char *const *query;   /* "name=value", both encoded, any order; NULL-terminated or NULL */
    const char *const *headers; /* "name: value", lower case names; NULL-terminated or NULL */
    const char *payload_hash;   /* hex SHA-256 of the body, or "UNSIGNED-PAYLOAD" */
    const char *region, *service;
    gint64 now; /* seconds */
} S3SignRequest;

/* The Authorization header line. `headers` must hold host and x-amz-date already. */
char *s3_sign_header(const S3SignRequest *request, const S3Credentials *credentials);
/* The query (encoded, signature included) of a presigned URL. */
char *s3_sign_query(const S3SignRequest *request, const S3Credentials *credentials, unsigned seconds);
/* "20261124T120000Z" */
char *s3_sign_date(gint64 now);
/* Hex SHA-256. */
char *s3_sha256_hex(const void *data, size_t length);

/* --- XML --------------------------------------------------------------------------------------------- */

/* Calls func for each element's end, with its path ("ListBucketResult/Contents/Key")
 * and text. False when it is no well-formed XML of the kind S3 sends. */
typedef void (*S3XmlFunc)(const char *path, const char *text, void *data);
bool s3_xml_read(const char *xml, size_t length, S3XmlFunc func, void *data);
/* The text of the first element of that path, or NULL. g_free() it. */
char *s3_xml_text(const char *xml, size_t length, const char *path);

/* --- requests ------------------------------------------------------------------------------------------ */

typedef struct {
    Store store;
    HttpClient *http;
    S3Provider *keys;
    char *base;        /* of s3Url: "https://host[:port]"; NULL: AWS, by the region */
    char *public_base; /* of publicUrl, for signed URLs; NULL: as base */
    bool path_style;   /* asked for; some hosts and buckets have it anyway */
    char *region;      /* guarded by lock: the server may correct it */
    char *kms_key, *encryption, *tagging, *checksum;
    char *customer_key, *customer_key_md5; /* base64, or NULL */
    pthread_mutex_t lock;
} S3Store;

typedef struct {
    const char *method;
    const char *key;            /* relative to the prefix; NULL: the bucket */
    const char *const *query;   /* encoded pairs */
    const char *const *headers; /* "x-amz-...: value", lower case */
    const void *body;
    size_t body_length;
    HttpBodyFunc on_body;
    void *on_body_data;
    bool is_write;    /* carries the encryption headers */
    bool is_read;     /* carries the customer key */
    Cancel *cancel;   /* NULL: the store's */
    bool uncancelled; /* clean-up, sent even after a cancellation, within seconds */
    bool *repeated;   /* NULL, or set where it was sent more than once: it may have been done before */
} S3Request;

/* Signs, sends, repeats what may be repeated. Errors name the object, what came back and what to do. */
bool s3_request(S3Store *store, const S3Request *request, HttpResponse *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "s3://bucket/prefix/key" for messages; key may be NULL. */
char *s3_name(const S3Store *store, const char *key);

/* The region to sign for: the configured one, or what the server said since. g_free() it. */
char *s3_region(S3Store *store);
/* Where the bucket is, as "https://host/bucket" or, not in path style, "https://bucket.host/". g_free() it. */
char *s3_address(S3Store *store, bool *out_path_style);
/* Seconds since the epoch of a Date or Last-Modified header; 0 where it is NULL or none. */
gint64 s3_http_date(const char *text);

/* Letters, digits, '-', '_' and '.': it becomes a part of a host's name and of signatures. */
bool s3_is_region(const char *name);

/* HEAD, with the object's checksum asked for; query: one encoded pair or NULL. */
StoreObject *s3_head_with(S3Store *store, const char *key, const char *query, HttpResponse *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A key as a listing writes it; `encoded`: the listing said so. NULL where it is not. g_free() it. */
char *s3_key_decode(const char *text, bool encoded);
/* The key without the store's prefix, within it; NULL where it does not lie below. */
const char *s3_key_below(const S3Store *store, const char *key);

/* --- uploads that were begun ------------------------------------------------------------------------------- */

/* A page of them, of the whole bucket. */
typedef struct {
    GPtrArray *uploads;           /* StoreUnfinished */
    char *key_marker, *id_marker; /* where the next page goes on */
    bool truncated;               /* there is a next page */
} S3UploadsPage;
/* False where the XML is no such page. Clear it in any case. */
bool s3_uploads_read(const char *xml, size_t length, S3UploadsPage *out);
void s3_uploads_page_clear(S3UploadsPage *page);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(S3UploadsPage, s3_uploads_page_clear)

/* --- checksums ------------------------------------------------------------------------------------------- */

/* "x-amz-checksum-crc32: ..." over the data by the store's algorithm; NULL for none. */
char *s3_checksum_header(const S3Store *store, const void *data, size_t length);

/* Checks an object that is read from start to end against the checksum that its HEAD
 * answer names; NULL where there is none, or the parts that it is made of cannot be told. */
typedef struct S3Verifier S3Verifier;
S3Verifier *s3_verifier_new(S3Store *store, const StoreObject *object, const HttpResponse *head);
void s3_verifier_add(S3Verifier *verifier, const void *data, size_t length);
bool s3_verifier_matches(S3Verifier *verifier); /* once, at the end */
void s3_verifier_free(S3Verifier *verifier);

/* --- what a check makes of it ------------------------------------------------------------------------------- */

/* Whether S3 goes along with a clock that is so many microseconds ahead of its own, or behind. */
StoreCheckOutcome s3_clock_outcome(gint64 ahead);

/* --- parts ------------------------------------------------------------------------------------------------- */

enum { S3_PART_MIN = 5 * 1024 * 1024, S3_PARTS_BEFORE_GROWTH = 1000 };

/* Bytes of a part, from 0 on: doubled after each 1000, so that 10,000 suffice for 5 TB. */
guint64 s3_part_size(guint64 number);

/* The methods of the back end that have a file of their own. */
Sink *s3_put(Store *store, const char *key, const StorePutOptions *options, GError **error);
Source *s3_get(Store *store, const char *key, guint64 offset, gint64 length, GError **error);
StoreObject *s3_head(Store *store, const char *key, GError **error);
bool s3_list(Store *store, const char *prefix, const char *delimiter, StoreListFunc func, void *data, GError **error);
bool s3_delete(Store *store, const char *key, bool clean_up, GError **error);
bool s3_list_unfinished(Store *store, const char *prefix, GPtrArray *out, GError **error);
bool s3_drop_unfinished(Store *store, const StoreUnfinished *unfinished, GError **error);
char *s3_sign_get(Store *store, const char *key, unsigned seconds, GError **error);
