#include "ark/catalog.h"
#include "base/text.h"

#include <string.h>

static const char *dir_of(ArkCatalogKind kind) {
    return kind == ARK_BACKUPS ? ARK_BACKUPS_DIR : ARK_RESTORES_DIR;
}

static ArkFile object_file(ArkCatalogKind kind) {
    return kind == ARK_BACKUPS ? ARK_FILE_BACKUP : ARK_FILE_RESTORE;
}

/* "backups/NAME/" */
static bool collect_name(const StoreObject *object, const char *prefix, void *data, GError **error) {
    const char *name = strchr(prefix ? prefix : "", '/');
    if (!object && name)
        g_ptr_array_add(data, g_strndup(name + 1, strlen(name + 1) - 1));
    return true;
}

GPtrArray *ark_catalog_folders(Store *store, ArkCatalogKind kind, GError **error) {
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    return store_list(store, dir_of(kind), "/", collect_name, names, error) ? g_steal_pointer(&names) : NULL;
}

GPtrArray *ark_catalog_names(Store *store, ArkCatalogKind kind, GError **error) {
    g_autoptr(GPtrArray) folders = ark_catalog_folders(store, kind, error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    if (!folders)
        return NULL;
    for (guint i = 0; i < folders->len; i++) {
        const char *name = g_ptr_array_index(folders, i);
        g_autofree char *key = ark_layout_key(object_file(kind), name);
        g_autoptr(StoreObject) object = store_head(store, key, NULL);
        if (object)
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, text_compare);
    return g_steal_pointer(&names);
}

/* The object in a file that anybody may have written: of the right kind and name, or CORRUPT. */
static yyjson_doc *read_object(const char *text, size_t length, const char *key, const char *kind, const char *name,
                               GError **error) {
    g_autoptr(yyjson_doc) doc = json_parse(text, length, key, error);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (doc && g_strcmp0(json_get_string(root, "kind"), kind) == 0 &&
        g_strcmp0(json_get_string(root, "metadata", "name"), name) == 0)
        return g_steal_pointer(&doc);
    if (doc)
        g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "%s is not the %s object of %s", key, kind, name);
    return NULL;
}

static bool check_name(const char *name, const char *noun, GError **error) {
    if (*name && !strchr(name, '/'))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                "\"%s\" is no name of a %s: it must not be empty nor have a /; `ark %s get` lists what is there", name,
                noun, noun);
    return false;
}

yyjson_doc *ark_catalog_object(Store *store, ArkCatalogKind kind, const char *name, GError **error) {
    const char *noun = kind == ARK_BACKUPS ? "backup" : "restore";
    if (!check_name(name, noun, error))
        return NULL;
    g_autofree char *key = ark_layout_key(object_file(kind), name);
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) bytes = store_get_bytes(store, key, ARK_OBJECT_MAX, &failure);
    if (!bytes) {
        if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
            g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                        "there is no %s \"%s\" in %s; `ark %s get` lists what is there", noun, name, store_url(store),
                        noun);
        else if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_LIMIT))
            g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                        "%s in %s is larger than %d MiB, as no object is; `ark %s delete %s` removes what is there",
                        key, store_url(store), ARK_OBJECT_MAX >> 20, noun, name);
        else
            g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    yyjson_doc *doc = read_object(text, length, key, kind == ARK_BACKUPS ? "Backup" : "Restore", name, &failure);
    if (!doc)
        g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "%s in %s; `ark %s delete %s` removes what is there",
                    failure->message, store_url(store), noun, name);
    return doc;
}

yyjson_doc *ark_catalog_named(Store *store, ArkCatalogKind kind, const char *name, GError **error) {
    g_autoptr(GError) failure = NULL;
    yyjson_doc *doc = ark_catalog_object(store, kind, name, &failure);
    if (doc)
        return doc;
    bool missing = g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_autoptr(GPtrArray) names = missing ? ark_catalog_folders(store, kind, NULL) : NULL;
    const char *nearest = NULL;
    if (names) {
        g_ptr_array_add(names, NULL);
        nearest = text_nearest(name, (const char *const *)names->pdata);
    }
    if (nearest && !g_str_equal(nearest, name)) /* that one is there, but not whole */
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "%s; did you mean %s?", failure->message, nearest);
    else
        g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
}

static bool is_of_schedule(yyjson_val *backup, const char *schedule, bool partly) {
    const char *label = json_get_string(backup, "metadata", "labels", "velero.io/schedule-name"),
               *phase = json_get_string(backup, "status", "phase");
    return g_strcmp0(label, schedule) == 0 &&
           (g_strcmp0(phase, "Completed") == 0 || (partly && g_strcmp0(phase, "PartiallyFailed") == 0));
}

char *ark_catalog_newest_of_schedule(Store *store, const char *schedule, bool partly, GError **error) {
    g_autoptr(GPtrArray) names = ark_catalog_names(store, ARK_BACKUPS, error);
    g_autofree char *newest = NULL, *newest_start = NULL;
    for (guint i = 0; names && i < names->len; i++) {
        g_autoptr(yyjson_doc) doc = ark_catalog_object(store, ARK_BACKUPS, g_ptr_array_index(names, i), NULL);
        yyjson_val *backup = yyjson_doc_get_root(doc);
        const char *start = json_get_string(backup, "status", "startTimestamp");
        /* RFC 3339 in UTC: later ones compare greater. */
        if (!start || !is_of_schedule(backup, schedule, partly) || (newest && strcmp(start, newest_start) <= 0))
            continue;
        g_free(newest);
        g_free(newest_start);
        newest = g_strdup(g_ptr_array_index(names, i));
        newest_start = g_strdup(start);
    }
    if (names && !newest)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "no %s backup of schedule \"%s\" is in %s; `ark backup get` lists what is there",
                    partly ? "usable" : "completed", schedule, store_url(store));
    return g_steal_pointer(&newest);
}

Source *ark_catalog_open(Store *store, ArkFile file, const char *name, const Limits *limits, GError **error) {
    g_autofree char *key = ark_layout_key(file, name);
    Source *packed = store_get(store, key, 0, -1, error);
    if (!packed)
        g_prefix_error(error, "%s/%s: ", store_url(store), key);
    return packed ? source_gunzip_new(packed, limits) : NULL;
}

char *ark_catalog_text(Store *store, ArkFile file, const char *name, const Limits *limits, size_t *length,
                       GError **error) {
    g_autofree char *key = ark_layout_key(file, name);
    g_autoptr(GError) failure = NULL;
    Source *raw = store_get(store, key, 0, -1, &failure);
    g_autoptr(Source) source = raw ? source_gunzip_new(raw, limits) : NULL;
    g_autoptr(GBytes) bytes = source ? source_read_file(source, limits, &failure) : NULL;
    if (!bytes) {
        if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
            if (length)
                *length = 0;
            return g_strdup("");
        }
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s/%s: ", store_url(store), key);
        return NULL;
    }
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    if (length)
        *length = size;
    return g_strndup(data ? data : "", size);
}

static bool collect_key(const StoreObject *object, const char *prefix, void *data, GError **error) {
    if (object)
        g_ptr_array_add(data, g_strdup(object->key));
    return true;
}

bool ark_catalog_delete(Store *store, ArkCatalogKind kind, const char *name, GError **error) {
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *dir = kind == ARK_BACKUPS ? ark_layout_backup_dir(name) : ark_layout_restore_dir(name);
    g_autofree char *marker = ark_layout_key(object_file(kind), name);
    if (!store_delete(store, marker, error) || !store_list(store, dir, NULL, collect_key, keys, error))
        return false;
    for (guint i = 0; i < keys->len; i++)
        if (!store_delete(store, g_ptr_array_index(keys, i), error))
            return false;
    return true;
}
