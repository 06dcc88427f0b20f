/* Lists the selected kinds, several at once, acts on each object, and hands pages to the consumer. */
#include "ark/capture-internal.h"
#include "ark/order.h"

#include <string.h>

/* --- what is stored already ----------------------------------------------------------------------- */

/* Whether the object was not taken before; notes that it is. */
static bool claim(ArkCapture *capture, const KubeResource *resource, const char *namespace_, const char *name) {
    char *key = namespace_ ? g_strdup_printf("%s/%s", namespace_, name) : g_strdup(name);
    pthread_mutex_lock(&capture->lock);
    GHashTable *names = g_hash_table_lookup(capture->stored, resource->group_resource);
    if (!names) {
        names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(capture->stored, resource->group_resource, names);
    }
    bool fresh = g_hash_table_add(names, key);
    if (fresh && namespace_ && !g_hash_table_contains(capture->tracked, namespace_))
        g_hash_table_add(capture->tracked, g_strdup(namespace_));
    pthread_mutex_unlock(&capture->lock);
    return fresh;
}

/* --- what actions look up ---------------------------------------------------------------------------- */

static bool collect_items(yyjson_val *items, size_t bytes, void *data, GError **error) {
    yyjson_mut_doc *all = data;
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item)
        yyjson_mut_arr_append(yyjson_mut_doc_get_root(all), yyjson_val_mut_copy(all, item));
    return true;
}

static yyjson_doc *list_whole(ArkCapture *capture, const char *group_resource, const char *namespace_, GError **error) {
    const KubeResource *resource = kube_discovery_find(capture->discovery, group_resource);
    g_autoptr(yyjson_mut_doc) all = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(all, yyjson_mut_arr(all));
    if (resource) {
        KubeListQuery query = {.resource = resource, .namespace_ = namespace_, .resource_version = capture->revision};
        g_auto(KubeListResult) result = {0};
        if (!kube_list(capture->request.client, &query, collect_items, all, &result, error))
            return NULL;
    }
    return yyjson_mut_doc_imut_copy(all, NULL);
}

/* ArkActContext.list: once for each kind and namespace; a failure is remembered as
 * an empty list, so that it is told once. */
static yyjson_val *side_list(const char *group_resource, const char *namespace_, void *data, GError **error) {
    ArkCapture *capture = data;
    g_autofree char *key = g_strdup_printf("%s %s", group_resource, namespace_ ? namespace_ : "");
    pthread_mutex_lock(&capture->lock);
    yyjson_doc *doc = g_hash_table_lookup(capture->side_lists, key);
    pthread_mutex_unlock(&capture->lock);
    if (doc)
        return yyjson_doc_get_root(doc);
    GError *failure = NULL;
    yyjson_doc *made = list_whole(capture, group_resource, namespace_, &failure);
    bool failed = !made;
    if (failed)
        made = yyjson_read("[]", 2, 0);
    pthread_mutex_lock(&capture->lock);
    doc = g_hash_table_lookup(capture->side_lists, key);
    if (!doc) {
        g_hash_table_insert(capture->side_lists, g_steal_pointer(&key), made);
        doc = g_steal_pointer(&made);
    }
    pthread_mutex_unlock(&capture->lock);
    yyjson_doc_free(made);
    if (failed) {
        g_propagate_error(error, failure);
        return NULL;
    }
    return yyjson_doc_get_root(doc);
}

/* --- one object ---------------------------------------------------------------------------------------- */

typedef struct {
    ArkCapture *capture;
    const KubeResource *resource;
    guint64 objects; /* taken */
} Listed;

/* Whether the object itself is to be left out (not by its kind). */
static bool is_excluded(const ArkCapture *capture, yyjson_val *metadata, const char *namespace_) {
    if (g_strcmp0(json_get_string(metadata, "labels", "velero.io/exclude-from-backup"), "true") == 0)
        return true;
    if (namespace_ && !ark_namespace_filter_has(&capture->namespaces, namespace_))
        return true;
    yyjson_val *deleted = json_get(metadata, "deletionTimestamp");
    return deleted && !yyjson_is_null(deleted);
}

/* The object's text with apiVersion and kind, which items of built-in lists lack. */
static char *object_text(const KubeResource *resource, yyjson_val *item, size_t *length) {
    if (json_get(item, "apiVersion") && json_get(item, "kind"))
        return json_write(item, length);
    size_t inner_length;
    g_autofree char *inner = json_write(item, &inner_length);
    g_autofree char *head = g_strdup_printf("{\"apiVersion\":\"%s\",\"kind\":\"%s\"%s", resource->api_version,
                                            resource->kind, inner_length > 2 ? "," : "");
    size_t head_length = strlen(head);
    char *text = g_malloc(head_length + inner_length);
    memcpy(text, head, head_length);
    memcpy(text + head_length, inner + 1, inner_length - 1);
    text[head_length + inner_length - 1] = '\0';
    *length = head_length + inner_length - 1;
    return text;
}

/* Runs the kind's actions; a failure is counted and the object stays as listed. */
static char *acted_text(ArkCapture *capture, const KubeResource *resource, const char *namespace_, const char *name,
                        char *text, size_t *length) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) related = g_ptr_array_new();
    ArkActContext context = {.backup_name = capture->request.spec->name,
                             .list = side_list,
                             .data = capture,
                             .by_selector = capture->request.spec->filters.selectors->len > 0};
    g_autoptr(yyjson_mut_doc) doc = json_parse_mut(text, *length, name, &error);
    bool ok = doc && ark_act(&context, resource->group_resource, doc, related, &error);
    pthread_mutex_lock(&capture->lock);
    for (guint i = 0; i < related->len; i++)
        g_ptr_array_add(capture->related, g_ptr_array_index(related, i));
    pthread_mutex_unlock(&capture->lock);
    if (!ok) {
        ark_results_error(capture->request.results, namespace_ ? namespace_ : "",
                          "%s %s is stored as listed, but its action failed: %s", resource->group_resource, name,
                          error->message);
        ark_log(capture->request.log, ARK_LOG_ERROR, "action on %s %s%s%s failed: %s", resource->group_resource,
                namespace_ ? namespace_ : "", namespace_ ? "/" : "", name, error->message);
        return text;
    }
    g_free(text);
    return json_mut_write(yyjson_mut_doc_get_root(doc), length);
}

static void take_item(const Listed *listed, yyjson_val *item, ArkPage *page) {
    ArkCapture *capture = listed->capture;
    yyjson_val *metadata = json_get(item, "metadata");
    const char *name = json_get_string(metadata, "name");
    const char *namespace_ = listed->resource->namespaced ? json_get_string(metadata, "namespace") : NULL;
    if (!name || (listed->resource->namespaced && !namespace_) || strchr(name, '/')) {
        ark_results_error(capture->request.results, NULL, "%s: the server listed an object without a usable name",
                          listed->resource->group_resource);
        return;
    }
    if (is_excluded(capture, metadata, namespace_) || !claim(capture, listed->resource, namespace_, name))
        return;
    const char *command = g_str_equal(listed->resource->group_resource, "pods")
                              ? ark_hooks_command(json_get(metadata, "annotations"), ARK_HOOKS_BACKUP)
                              : NULL;
    if (command)
        ark_results_warning(capture->request.results, namespace_,
                            "pod %s asks for a command by %s: it is not run, ark cannot yet", name, command);
    size_t length;
    char *text = object_text(listed->resource, item, &length);
    if (ark_act_applies(listed->resource->group_resource))
        text = acted_text(capture, listed->resource, namespace_, name, text, &length);
    ark_page_add(page, namespace_, name, text, length);
    g_free(text);
}

static bool take_page(yyjson_val *items, size_t bytes, void *data, GError **error) {
    Listed *listed = data;
    ArkPage *page = ark_page_new(listed->resource, yyjson_arr_size(items), bytes);
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item)
        take_item(listed, item, page);
    listed->objects += ark_page_count(page);
    progress_add(listed->capture->request.progress, ark_page_count(page), ark_page_bytes(page));
    if (ark_page_count(page) > 0 && queue_push(listed->capture->pages, page))
        return true;
    bool empty = ark_page_count(page) == 0;
    ark_page_free(page);
    if (!empty)
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CANCELLED, "what is read could not be stored");
    return empty;
}

/* --- lists ------------------------------------------------------------------------------------------------- */

static void list_failed(ArkCapture *capture, const KubeResource *resource, const char *namespace_,
                        const GError *error) {
    if (g_error_matches(error, BASE_ERROR, BASE_ERROR_CANCELLED))
        return;
    /* The kind went away between discovery and now, or is not served as listable. */
    bool gone = g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND) ||
                g_error_matches(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED);
    if (gone)
        (capture->request.strict ? ark_results_error : ark_results_warning)(
            capture->request.results, namespace_, "%s: the server does not list this kind: %s",
            resource->group_resource, error->message);
    else if (g_error_matches(error, BASE_ERROR, BASE_ERROR_FORBIDDEN)) /* told once, not once an object */
        ark_results_error_alike(capture->request.results, namespace_, resource->group_resource,
                                "%s: not listed, its objects are not in the backup: %s", resource->group_resource,
                                error->message);
    else
        ark_results_error(capture->request.results, namespace_, "%s: not listed, its objects are not in the backup: %s",
                          resource->group_resource, error->message);
    ark_log(capture->request.log, gone ? ARK_LOG_WARNING : ARK_LOG_ERROR, "%s: %s", resource->group_resource,
            error->message);
}

/* How many objects were taken. */
static guint64 list_by(ArkCapture *capture, const KubeResource *resource, const char *namespace_, const char *labels,
                       const char *fields) {
    KubeListQuery query = {.resource = resource,
                           .namespace_ = namespace_,
                           .label_selector = labels,
                           .field_selector = fields,
                           .resource_version = capture->revision,
                           .limit = capture->request.page_size};
    Listed listed = {.capture = capture, .resource = resource};
    g_auto(KubeListResult) result = {0};
    g_autoptr(GError) error = NULL;
    bool ok = kube_list(capture->request.client, &query, take_page, &listed, &result, &error);
    if (result.note)
        ark_results_warning(capture->request.results, NULL, "%s: %s", resource->group_resource, result.note);
    if (!ok)
        list_failed(capture, resource, namespace_, error);
    else if (result.items > 0 && !fields)
        ark_log(capture->request.log, ARK_LOG_INFO, "listed %" G_GUINT64_FORMAT " %s%s%s at revision %s", result.items,
                resource->group_resource, namespace_ ? " in namespace " : "", namespace_ ? namespace_ : "",
                result.resource_version ? result.resource_version : "?");
    return listed.objects;
}

/* Counts the tasks of each kind: the last of them to end tells that the kind is done. */
static void open_kinds(ArkCapture *capture) {
    capture->open_kinds = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    for (guint i = 0; i < capture->tasks->len; i++) {
        const char *kind = ((const ArkListTask *)g_ptr_array_index(capture->tasks, i))->resource->group_resource;
        ArkOpenKind *open = g_hash_table_lookup(capture->open_kinds, kind);
        if (!open)
            g_hash_table_insert(capture->open_kinds, (void *)kind, open = g_new0(ArkOpenKind, 1));
        open->tasks++;
    }
    progress_set_kinds(capture->request.progress, g_hash_table_size(capture->open_kinds));
}

static void begin_task(ArkCapture *capture, const char *kind) {
    progress_set_note(capture->request.progress, kind);
    pthread_mutex_lock(&capture->lock);
    ArkOpenKind *open = g_hash_table_lookup(capture->open_kinds, kind);
    if (!open->started)
        open->started = g_get_monotonic_time();
    pthread_mutex_unlock(&capture->lock);
}

static void end_task(ArkCapture *capture, const char *kind, guint64 objects) {
    pthread_mutex_lock(&capture->lock);
    ArkOpenKind *open = g_hash_table_lookup(capture->open_kinds, kind);
    open->objects += objects;
    bool done = --open->tasks == 0;
    pthread_mutex_unlock(&capture->lock);
    if (done && !cancel_is_set(capture->request.cancel))
        progress_kind_done(capture->request.progress, kind, open->objects, g_get_monotonic_time() - open->started);
}

static void run_task(ArkCapture *capture, const ArkListTask *task) {
    const GPtrArray *selectors = capture->request.spec->filters.selectors;
    guint64 objects = 0;
    begin_task(capture, task->resource->group_resource);
    for (guint i = 0; i < selectors->len; i++) {
        g_autofree char *labels = selector_to_string(g_ptr_array_index(selectors, i));
        objects += list_by(capture, task->resource, task->namespace_, labels, NULL);
    }
    if (selectors->len == 0)
        objects = list_by(capture, task->resource, task->namespace_, NULL, NULL);
    end_task(capture, task->resource->group_resource, objects);
}

/* One object by its name, of the same revision as the rest. */
static void fetch_named(ArkCapture *capture, const KubeResource *resource, const char *namespace_, const char *name) {
    g_autofree char *fields = g_strdup_printf("metadata.name=%s", name);
    list_by(capture, resource, namespace_, NULL, fields);
}

/* --- objects in a given order come first ------------------------------------------------------------------------ */

static void fetch_ordered(ArkCapture *capture, const GPtrArray *tasks) {
    GHashTableIter iter;
    char *kind;
    GStrv names;
    g_hash_table_iter_init(&iter, capture->request.spec->ordered);
    while (g_hash_table_iter_next(&iter, (void **)&kind, (void **)&names)) {
        const KubeResource *resource = kube_discovery_find(capture->discovery, kind);
        bool selected = false;
        for (guint i = 0; i < tasks->len; i++)
            selected = selected || ((ArkListTask *)g_ptr_array_index(tasks, i))->resource == resource;
        for (char **name = names; selected && *name; name++) {
            g_auto(GStrv) parts = g_strsplit(*name, "/", 2);
            const char *space = parts[0] && parts[1] ? parts[0] : NULL;
            const char *object = space ? parts[1] : parts[0];
            if (!object || !*object ||
                (resource->namespaced && (!space || !ark_namespace_filter_has(&capture->namespaces, space))))
                continue;
            const GPtrArray *selectors = capture->request.spec->filters.selectors;
            g_autofree char *labels = selectors->len == 1 ? selector_to_string(g_ptr_array_index(selectors, 0)) : NULL;
            g_autofree char *fields = g_strdup_printf("metadata.name=%s", object);
            if (selectors->len <= 1)
                list_by(capture, resource, space, labels, fields);
        }
    }
}

/* --- objects that others bring along ------------------------------------------------------------------------------ */

static bool is_stored(ArkCapture *capture, const KubeResource *resource, const char *namespace_, const char *name) {
    g_autofree char *key = namespace_ ? g_strdup_printf("%s/%s", namespace_, name) : g_strdup(name);
    pthread_mutex_lock(&capture->lock);
    GHashTable *names = g_hash_table_lookup(capture->stored, resource->group_resource);
    bool stored = names && g_hash_table_contains(names, key);
    pthread_mutex_unlock(&capture->lock);
    return stored;
}

static void fetch_related(ArkCapture *capture) {
    g_autoptr(GHashTable) tried = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (;;) {
        pthread_mutex_lock(&capture->lock);
        ArkRelated *related =
            capture->related->len ? g_ptr_array_steal_index(capture->related, capture->related->len - 1) : NULL;
        pthread_mutex_unlock(&capture->lock);
        if (!related || cancel_is_set(capture->request.cancel)) {
            ark_related_free(related);
            return;
        }
        const KubeResource *resource = kube_discovery_find(capture->discovery, related->group_resource);
        if (!resource) {
            ark_related_free(related);
            continue;
        }
        char *key = g_strdup_printf("%s %s/%s", related->group_resource, related->namespace_ ? related->namespace_ : "",
                                    related->name);
        if (g_hash_table_add(tried, key) && ark_resource_filter_allows_related(&capture->kinds, resource) &&
            !is_stored(capture, resource, related->namespace_, related->name))
            fetch_named(capture, resource, related->namespace_, related->name);
        ark_related_free(related);
    }
}

/* The CRDs of the custom resources stored, unless CRDs are filtered out by name. */
static void fetch_crds(ArkCapture *capture) {
    const KubeResource *resource = kube_discovery_find(capture->discovery, ARK_CRDS);
    if (!resource || !ark_resource_filter_allows_related(&capture->kinds, resource) ||
        ark_resource_filter_lists(&capture->kinds, resource))
        return;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    pthread_mutex_lock(&capture->lock);
    GHashTableIter iter;
    char *kind;
    g_hash_table_iter_init(&iter, capture->stored);
    while (g_hash_table_iter_next(&iter, (void **)&kind, NULL)) {
        /* Kubernetes' own groups have no dot, or end in .k8s.io; CRDs may use the latter too. */
        const char *group = strchr(kind, '.');
        if (group && strchr(group + 1, '.') && g_hash_table_size(g_hash_table_lookup(capture->stored, kind)) > 0)
            g_ptr_array_add(names, g_strdup(kind));
    }
    pthread_mutex_unlock(&capture->lock);
    for (guint i = 0; i < names->len; i++)
        fetch_named(capture, resource, NULL, g_ptr_array_index(names, i));
}

static void store_namespaces(ArkCapture *capture) {
    const KubeResource *resource = kube_discovery_resource(capture->discovery, "", NULL, "namespaces");
    if (!ark_resource_filter_lists(&capture->kinds, resource))
        return;
    ArkPage *page = ark_page_new(resource, capture->namespace_names->len, 0);
    for (guint i = 0; i < capture->namespace_names->len; i++) {
        const char *name = g_ptr_array_index(capture->namespace_names, i),
                   *text = g_hash_table_lookup(capture->namespace_objects, name);
        bool wanted =
            g_hash_table_contains(capture->namespace_chosen, name) || g_hash_table_contains(capture->tracked, name);
        if (!text || !wanted)
            continue;
        g_autoptr(yyjson_doc) doc = json_parse(text, strlen(text), name, NULL);
        yyjson_val *metadata = json_get(yyjson_doc_get_root(doc), "metadata");
        if (!is_excluded(capture, metadata, NULL) && claim(capture, resource, NULL, name))
            ark_page_add(page, NULL, name, text, strlen(text));
    }
    if (ark_page_count(page) == 0 || !queue_push(capture->pages, page))
        ark_page_free(page);
}

static void list_worker(unsigned index, void *data) {
    ArkCapture *capture = data;
    for (ArkListTask *task; (task = queue_pop(capture->queued));)
        if (!cancel_is_set(capture->request.cancel))
            run_task(capture, task);
}

void ark_capture_list(ArkCapture *capture) {
    const GPtrArray *tasks = capture->tasks;
    fetch_ordered(capture, tasks);
    open_kinds(capture);
    unsigned count = MIN(capture->request.connections ? capture->request.connections : 8, MAX(tasks->len, 1));
    capture->queued = queue_new(tasks->len, NULL);
    for (guint i = 0; i < tasks->len; i++)
        if (!queue_push(capture->queued, g_ptr_array_index(tasks, i)))
            break;
    queue_close(capture->queued);
    Workers *workers = workers_start(count, "list", list_worker, capture);
    workers_join(workers);
    g_clear_pointer(&capture->queued, queue_free);
    g_clear_pointer(&capture->open_kinds, g_hash_table_unref);
    fetch_related(capture);
    fetch_crds(capture);
    fetch_related(capture);
    store_namespaces(capture);
}
