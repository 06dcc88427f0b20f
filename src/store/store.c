#include "store/store.h"

#include "base/http.h"
#include "store/backend.h"

#include <string.h>

void store_object_free(StoreObject *object) {
    if (!object)
        return;
    g_free(object->key);
    g_free(object->etag);
    g_free(object);
}

void store_unfinished_free(StoreUnfinished *unfinished) {
    if (!unfinished)
        return;
    g_free(unfinished->key);
    g_free(unfinished->id);
    g_free(unfinished);
}

/* --- keys ---------------------------------------------------------------------------------- */

static bool check_key(const char *key, GError **error) {
    bool ok = *key && *key != '/' && strlen(key) <= STORE_KEY_MAX && g_utf8_validate(key, -1, NULL);
    for (const char *part = key; ok && part;) {
        const char *slash = strchr(part, '/');
        size_t length = slash ? (size_t)(slash - part) : strlen(part);
        ok = length > 0 && !(length == 1 && part[0] == '.') && !(length == 2 && part[0] == '.' && part[1] == '.');
        part = slash ? slash + 1 : NULL;
    }
    if (!ok) {
        g_autofree char *shown = g_strescape(key, NULL);
        g_set_error(
            error, BASE_ERROR, BASE_ERROR_INVALID,
            "key \"%s\" is not allowed: it must be relative, without empty, \".\" or \"..\" parts, 1024 bytes at most",
            shown);
    }
    return ok;
}

/* --- opening ------------------------------------------------------------------------------- */

/* Percent-decodes; '+' stays. NULL, with the error, for broken escapes and what is no UTF-8. */
static char *decoded(const char *text, GError **error) {
    g_autofree char *plain = g_uri_unescape_string(text, NULL);
    if (plain && g_utf8_validate(plain, -1, NULL))
        return g_steal_pointer(&plain);
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "location: \"%s\" is not percent-encoded UTF-8; write %% as %%25",
                text);
    return NULL;
}

static bool add_pair(GHashTable *config, const char *pair, bool encoded, GError **error) {
    const char *equals = strchr(pair, '=');
    if (!equals || equals == pair) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "location setting \"%s\" is not key=value", pair);
        return false;
    }
    char *value = encoded ? decoded(equals + 1, error) : g_strdup(equals + 1);
    if (value)
        g_hash_table_insert(config, g_strndup(pair, (gsize)(equals - pair)), value);
    return value != NULL;
}

static GHashTable *read_config(const char *query, const char *const *config, GError **error) {
    g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) pairs = g_strsplit(query ? query : "", "&", -1);
    for (char **pair = pairs; *pair; pair++)
        if (**pair && !add_pair(table, *pair, true, error))
            return NULL;
    for (; config && *config; config++)
        if (!add_pair(table, *config, false, error))
            return NULL;
    return g_steal_pointer(&table);
}

static Store *open_file(const char *path, GHashTable *config, GError **error) {
    g_autofree char *plain = decoded(path, error);
    if (!plain)
        return NULL;
    if (*plain != '/') {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "location file://%s: the directory must be absolute, as in file:///backups", path);
        return NULL;
    }
    if (g_hash_table_size(config) > 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "location file://%s takes no settings; a ? in the directory's name is written %%3F", path);
        return NULL;
    }
    return store_file_new(plain, error);
}

/* Letters, digits, '.', '_' and '-': all that any S3 ever allowed. */
static bool is_bucket(const char *name) {
    size_t length = strlen(name);
    for (const char *c = name; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("._-", *c))
            return false;
    return length >= 3 && length <= 255 && *name != '.' && !strstr(name, "..");
}

static Store *open_s3(const char *rest, GHashTable *config, Cancel *cancel, GError **error) {
    const char *slash = strchr(rest, '/');
    g_autofree char *bucket = slash ? g_strndup(rest, (gsize)(slash - rest)) : g_strdup(rest);
    g_autofree char *prefix = decoded(slash ? slash + 1 : "", error);
    if (!prefix)
        return NULL;
    if (!is_bucket(bucket) && strchr(rest, '@')) { /* not shown: it may hold a secret, and that a '/' */
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE,
                            "an s3:// location takes no user or password; give keys by the environment, "
                            "credentialsFile or profile");
        return NULL;
    }
    if (!is_bucket(bucket)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "location s3://%s: %s, as in s3://bucket/prefix", rest,
                    *bucket ? "that is no bucket's name" : "a bucket is missing");
        return NULL;
    }
    while (g_str_has_suffix(prefix, "/"))
        prefix[strlen(prefix) - 1] = '\0';
    const char *start = prefix + strspn(prefix, "/");
    if (*start && !check_key(start, NULL)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "location s3://%s: the prefix must not have empty, \".\" or \"..\" parts", rest);
        return NULL;
    }
    return store_s3_new(bucket, start, config, cancel, error);
}

Store *store_open(const char *url, const char *const *config, Cancel *cancel, GError **error) {
    g_auto(GStrv) parts = g_strsplit(url, "?", 2);
    const char *base = parts[0] ? parts[0] : "";
    g_autoptr(GHashTable) table = read_config(parts[0] ? parts[1] : NULL, config, error);
    if (!table)
        return NULL;
    Store *store = NULL;
    if (g_str_has_prefix(base, "file://"))
        store = open_file(base + 7, table, error);
    else if (g_str_has_prefix(base, "s3://"))
        store = open_s3(base + 5, table, cancel, error);
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "location \"%s\" is neither file:///DIRECTORY nor s3://BUCKET/PREFIX",
                    strchr(base, '@') ? "..." : base); /* '@': it may hold a secret */
    if (!store)
        return NULL;
    store->references = 1;
    store->url = g_strdup(base);
    store->cancel = cancel_ref(cancel);
    return store;
}

Store *store_ref(Store *store) {
    __atomic_add_fetch(&store->references, 1, __ATOMIC_ACQ_REL);
    return store;
}

void store_unref(Store *store) {
    if (!store || __atomic_sub_fetch(&store->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    g_free(store->url);
    g_free(store->provider);
    g_free(store->bucket);
    g_free(store->prefix);
    cancel_unref(store->cancel);
    store->klass->free(store);
}

const char *store_url(const Store *store) {
    return store->url;
}

const char *store_provider(const Store *store) {
    return store->provider;
}

const char *store_bucket(const Store *store) {
    return store->bucket;
}

const char *store_prefix(const Store *store) {
    return store->prefix;
}

/* --- requests ---------------------------------------------------------------------------------- */

Sink *store_put(Store *store, const char *key, const StorePutOptions *options, GError **error) {
    static const StorePutOptions usual = {0};
    return check_key(key, error) ? store->klass->put(store, key, options ? options : &usual, error) : NULL;
}

bool store_put_bytes(Store *store, const char *key, const void *data, size_t length, GError **error) {
    g_autoptr(Sink) sink = store_put(store, key, NULL, error);
    return sink && sink_write(sink, data, length, error) && sink_finish(sink, error);
}

Source *store_get(Store *store, const char *key, guint64 offset, gint64 length, GError **error) {
    return check_key(key, error) ? store->klass->get(store, key, offset, length, error) : NULL;
}

GBytes *store_get_bytes(Store *store, const char *key, size_t limit, GError **error) {
    g_autoptr(Source) source = store_get(store, key, 0, -1, error);
    if (!source)
        return NULL;
    GBytes *bytes = source_read_all(source, limit, error);
    if (!bytes)
        g_prefix_error(error, "%s/%s: ", store->url, key);
    return bytes;
}

StoreObject *store_head(Store *store, const char *key, GError **error) {
    return check_key(key, error) ? store->klass->head(store, key, error) : NULL;
}

typedef struct {
    StoreListFunc func;
    void *data;
} Listing;

/* Passes over what no key can name: markers of folders ("backups/"), "a//b". */
static bool list_nameable(const StoreObject *object, const char *prefix, void *data, GError **error) {
    const Listing *listing = data;
    g_autofree char *name = object ? g_strdup(object->key) : g_strndup(prefix, strlen(prefix) - 1);
    return !check_key(name, NULL) || listing->func(object, prefix, listing->data, error);
}

bool store_list(Store *store, const char *prefix, const char *delimiter, StoreListFunc func, void *data,
                GError **error) {
    Listing listing = {func, data};
    return store->klass->list(store, prefix ? prefix : "", delimiter, list_nameable, &listing, error);
}

bool store_delete(Store *store, const char *key, GError **error) {
    return check_key(key, error) && store->klass->delete (store, key, false, error);
}

bool store_discard(Store *store, const char *key, GError **error) {
    return check_key(key, error) && store->klass->delete (store, key, true, error);
}

GPtrArray *store_list_unfinished(Store *store, const char *prefix, GError **error) {
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)store_unfinished_free);
    if (!store->klass->list_unfinished(store, prefix ? prefix : "", all, error))
        return NULL;
    for (guint i = all->len; i > 0; i--)
        if (!check_key(((StoreUnfinished *)g_ptr_array_index(all, i - 1))->key, NULL))
            g_ptr_array_remove_index_fast(all, i - 1);
    return g_steal_pointer(&all);
}

bool store_drop_unfinished(Store *store, const StoreUnfinished *unfinished, GError **error) {
    return check_key(unfinished->key, error) && store->klass->drop_unfinished(store, unfinished, error);
}

char *store_sign_get(Store *store, const char *key, unsigned seconds, GError **error) {
    return check_key(key, error) ? store->klass->sign_get(store, key, seconds, error) : NULL;
}
