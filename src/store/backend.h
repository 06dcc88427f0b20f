/* What a back end implements; store.c checks keys and names errors in front of it. */
#pragma once

#include "store/check-internal.h"
#include "store/store.h"

typedef struct {
    void (*free)(Store *store);
    Sink *(*put)(Store *store, const char *key, const StorePutOptions *options, GError **error);
    Source *(*get)(Store *store, const char *key, guint64 offset, gint64 length, GError **error);
    StoreObject *(*head)(Store *store, const char *key, GError **error);
    bool (*list)(Store *store, const char *prefix, const char *delimiter, StoreListFunc func, void *data,
                 GError **error);
    /* clean_up: even after a cancellation, within seconds */
    bool (*delete)(Store *store, const char *key, bool clean_up, GError **error);
    bool (*list_unfinished)(Store *store, const char *prefix, GPtrArray *out, GError **error);
    bool (*drop_unfinished)(Store *store, const StoreUnfinished *unfinished, GError **error);
    char *(*sign_get)(Store *store, const char *key, unsigned seconds, GError **error);
    const StoreCheckClass *check;
} StoreClass;

enum { STORE_KEY_MAX = 1024 }; /* bytes */

/* The first member of every back end's own struct. */
struct Store {
    const StoreClass *klass;
    int references; /* by atomic built-ins */
    char *url;
    char *provider;
    char *bucket;
    char *prefix; /* without slashes at its ends */
    Cancel *cancel;
};

extern const StoreCheckClass store_file_check, store_s3_check;

/* path: absolute directory. */
Store *store_file_new(const char *path, GError **error);

/* config: string -> string, all of URL parameters and configuration. */
Store *store_s3_new(const char *bucket, const char *prefix, GHashTable *config, Cancel *cancel, GError **error);
