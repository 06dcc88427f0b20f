/* Objects of one kind, listed once and written to a file for each namespace. */
#include "base/file.h"
#include "base/text.h"
#include "kube/list.h"
#include "sonobuoy/query-internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HIDDEN "REDACTED"

/* A file that is being written: `{"apiVersion": ..., "items": [` and then items. */
typedef struct {
    GString *pending;
    bool begun; /* there is a file */
} ListFile;

static void list_file_free(ListFile *file) {
    g_string_free(file->pending, true);
    g_free(file);
}

typedef struct {
    Query *query;
    const KubeResource *resource;
    GHashTable *files; /* namespace ("" for none): ListFile */
} Listing;

/* --- one object ------------------------------------------------------------------------------ */

static void hide_values(yyjson_mut_doc *doc, yyjson_mut_val *map) {
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(map);
    for (yyjson_mut_val *key; map && (key = yyjson_mut_obj_iter_next(&iter));)
        yyjson_mut_set_str(yyjson_mut_obj_iter_get_val(key), HIDDEN);
}

static void hide_secret(yyjson_mut_doc *doc, yyjson_mut_val *object) {
    hide_values(doc, yyjson_mut_obj_get(object, "data"));
    hide_values(doc, yyjson_mut_obj_get(object, "stringData"));
    yyjson_mut_val *annotations = json_mut_get(object, "metadata", "annotations");
    json_mut_remove(annotations, "kubectl.kubernetes.io/last-applied-configuration");
}

/* The object as text: with its kind, without what managers own, and without what a Secret hides. */
static char *object_text(const Listing *listing, yyjson_val *item, size_t *length) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    json_mut_set_string(doc, object, "apiVersion", listing->resource->api_version);
    json_mut_set_string(doc, object, "kind", listing->resource->kind);
    yyjson_val *key, *value;
    json_foreach_member(item, key, value) {
        const char *name = yyjson_get_str(key);
        if (!g_str_equal(name, "apiVersion") && !g_str_equal(name, "kind"))
            json_mut_set(doc, object, name, yyjson_val_mut_copy(doc, value));
    }
    json_mut_remove(yyjson_mut_obj_get(object, "metadata"), "managedFields");
    bool secret = g_str_equal(listing->resource->group_resource, "secrets");
    if (secret && !listing->query->options->show_secrets)
        hide_secret(doc, object);
    return json_mut_write(object, length);
}

/* --- files ----------------------------------------------------------------------------------------- */

static char *file_path(const Listing *listing, const char *namespace_) {
    const KubeResource *resource = listing->resource;
    g_autofree char *name = g_strdup_printf("%s_%s_%s.json", *resource->group ? resource->group : "core",
                                            resource->version, resource->name);
    return *namespace_ ? g_build_filename("resources", "ns", namespace_, name, NULL)
                       : g_build_filename("resources", "cluster", name, NULL);
}

static bool flush(const Listing *listing, const char *namespace_, ListFile *file, GError **error) {
    if (!file->pending->len)
        return true;
    g_autofree char *path = file_path(listing, namespace_);
    int fd = query_open(listing->query, path, file->begun, error);
    if (fd < 0)
        return false;
    file->begun = true;
    bool written = file_write(fd, file->pending->str, file->pending->len);
    int failure = errno;
    if ((close(fd) != 0 && written) || !written) {
        base_error_set_errno(error, written ? errno : failure, "%s cannot be written", path);
        return false;
    }
    g_string_truncate(file->pending, 0);
    return true;
}

static ListFile *file_of(Listing *listing, const char *namespace_) {
    ListFile *file = g_hash_table_lookup(listing->files, namespace_);
    if (!file) {
        file = g_new0(ListFile, 1);
        file->pending = g_string_new(NULL);
        g_hash_table_insert(listing->files, g_strdup(namespace_), file);
    }
    return file;
}

static bool take_page(yyjson_val *items, size_t bytes, void *data, GError **error) {
    Listing *listing = data;
    Query *query = listing->query;
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item) {
        const char *namespace_ = json_get_string(item, "metadata", "namespace");
        if (namespace_ && !g_regex_match(query->namespaces, namespace_, 0, NULL))
            continue;
        /* A namespace is a path's part: what is no name of one is no object of this cluster. */
        if (namespace_ && !name_is_dns_label(namespace_, NULL))
            continue;
        if (query->options->on_object)
            query->options->on_object(listing->resource->group_resource, item, query->options->on_object_data);
        ListFile *file = file_of(listing, namespace_ ? namespace_ : "");
        size_t length;
        g_autofree char *text = object_text(listing, item, &length);
        if (!file->begun && !file->pending->len)
            g_string_append_printf(file->pending, "{\"apiVersion\":\"%s\",\"items\":[", listing->resource->api_version);
        else
            g_string_append_c(file->pending, ',');
        g_string_append_len(file->pending, text, (gssize)length);
    }
    GHashTableIter iter;
    const char *namespace_;
    ListFile *file;
    g_hash_table_iter_init(&iter, listing->files);
    while (g_hash_table_iter_next(&iter, (void **)&namespace_, (void **)&file))
        if (!flush(listing, namespace_, file, error))
            return false;
    progress_add(query->options->progress, count, bytes);
    return true;
}

static bool end_files(Listing *listing, const char *revision, GError **error) {
    GHashTableIter iter;
    const char *namespace_;
    ListFile *file;
    g_hash_table_iter_init(&iter, listing->files);
    while (g_hash_table_iter_next(&iter, (void **)&namespace_, (void **)&file)) {
        g_string_append_printf(file->pending, "],\"kind\":\"%sList\",\"metadata\":{\"resourceVersion\":\"%s\"}}",
                               listing->resource->kind, revision ? revision : "");
        if (!flush(listing, namespace_, file, error))
            return false;
    }
    return true;
}

static bool list(Listing *listing, const char *namespace_, GError **error) {
    const char *labels = listing->query->options->config->filter_labels;
    KubeListQuery what = {
        .resource = listing->resource, .namespace_ = namespace_, .label_selector = *labels ? labels : NULL};
    g_auto(KubeListResult) result = {0};
    return kube_list(listing->query->options->client, &what, take_page, listing, &result, error) &&
           end_files(listing, result.resource_version, error);
}

/* Where not the whole cluster may be listed, what may be of each namespace. `error`, which is set, stays where none
 * may; where some may, it names the others. */
static bool list_by_namespace(Listing *listing, GError **error) {
    g_autoptr(GString) refused = g_string_new(NULL);
    g_autoptr(GError) first = NULL;
    bool any = false;
    for (char **name = listing->query->namespace_names; name && *name; name++) {
        g_autoptr(GError) failure = NULL;
        g_hash_table_remove_all(listing->files);
        if (list(listing, *name, &failure)) {
            any = true;
            continue;
        }
        g_string_append_printf(refused, "%s%s", refused->len ? ", " : "", *name);
        if (!first)
            first = g_steal_pointer(&failure);
    }
    if (!any)
        return false;
    g_clear_error(error);
    if (!first)
        return true;
    g_set_error(error, BASE_ERROR, first->code, "not those of the namespaces %s: %s", refused->str, first->message);
    return false;
}

bool query_objects(Query *query, const QueryTask *task, GError **error) {
    g_autoptr(GHashTable) files =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)list_file_free);
    Listing listing = {query, task->resource, files};
    GError *failure = NULL;
    if (list(&listing, NULL, &failure))
        return true;
    if (task->resource->namespaced && g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORBIDDEN) &&
        list_by_namespace(&listing, &failure))
        return true;
    g_propagate_error(error, failure);
    return false;
}
