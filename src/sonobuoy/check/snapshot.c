#include "sonobuoy/check/snapshot.h"

#include "base/text.h"
#include "base/workers.h"
#include "kube/list.h"
#include "sonobuoy/archive.h"
#include "sonobuoy/check/fields.h"
#include "sonobuoy/resources.h"

#include <pthread.h>
#include <string.h>

enum {
    CONNECTIONS = 8,
    NODES_ASKED = 20,
    ANSWER_SECONDS = 5,
    PROXY_SECONDS = 2,
    ONCE_SECONDS = 10,
    POST_SECONDS = 15,
    ANSWER_BYTES_MAX = 64 << 20
};

/* Of each list its items in the order of compare_names(); NULL until one is looked for by name. */
typedef struct {
    pthread_mutex_t lock;
    GPtrArray *sorted[SNAPSHOT_KINDS];
} NameIndex;

struct Snapshot {
    SnapshotOptions options;
    KubeDiscovery *discovery;
    RunArchive *archive; /* in place of a cluster */
    KubeVersion version;
    gint64 now;
    GError *silent; /* why lists are not answered; NULL: they are */
    SnapshotList lists[SNAPSHOT_KINDS];
    NameIndex *index;
    GPtrArray *pages; /* yyjson_doc: what the lists' items are in */
    GStrv namespaces; /* of lists by namespace; NULL until they are wanted */
    GStrv asked_nodes;
    pthread_mutex_t lock; /* of pages, and of what follows */
    pthread_cond_t answered;
    GHashTable *once; /* what is being had or was: Once */
};

/* --- beginning and end --------------------------------------------------------------------------------- */

typedef struct {
    void *value;
    GDestroyNotify free;
    bool there; /* else it is being made */
} Once;

static void once_free(Once *once) {
    if (once->there)
        once->free(once->value);
    g_free(once);
}

static Snapshot *snapshot_new_empty(void) {
    Snapshot *snapshot = g_new0(Snapshot, 1);
    snapshot->now = g_get_real_time();
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++)
        snapshot->lists[kind].items = g_ptr_array_new();
    snapshot->index = g_new0(NameIndex, 1);
    pthread_mutex_init(&snapshot->index->lock, NULL);
    snapshot->pages = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free);
    pthread_mutex_init(&snapshot->lock, NULL);
    pthread_cond_init(&snapshot->answered, NULL);
    snapshot->once = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)once_free);
    return snapshot;
}

Snapshot *snapshot_new(const SnapshotOptions *options, GError **error) {
    g_autoptr(Snapshot) snapshot = snapshot_new_empty();
    snapshot->options = *options;
    snapshot->discovery = kube_discovery_new(options->client, error);
    if (!snapshot->discovery || !kube_version_get(options->client, &snapshot->version, error))
        return NULL;
    return g_steal_pointer(&snapshot);
}

void snapshot_free(Snapshot *snapshot) {
    if (!snapshot)
        return;
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++) {
        g_ptr_array_unref(snapshot->lists[kind].items);
        g_clear_error(&snapshot->lists[kind].error);
    }
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++)
        g_clear_pointer(&snapshot->index->sorted[kind], g_ptr_array_unref);
    pthread_mutex_destroy(&snapshot->index->lock);
    g_free(snapshot->index);
    g_ptr_array_unref(snapshot->pages);
    g_hash_table_unref(snapshot->once);
    g_strfreev(snapshot->namespaces);
    g_strfreev(snapshot->asked_nodes);
    g_clear_pointer(&snapshot->discovery, kube_discovery_free);
    g_clear_pointer(&snapshot->archive, run_archive_free);
    kube_version_clear(&snapshot->version);
    g_clear_error(&snapshot->silent);
    pthread_cond_destroy(&snapshot->answered);
    pthread_mutex_destroy(&snapshot->lock);
    g_free(snapshot);
}

bool snapshot_is_archive(const Snapshot *snapshot) {
    return snapshot->archive != NULL;
}

const char *snapshot_namespace(const Snapshot *snapshot) {
    return snapshot->options.namespace_;
}

KubeClient *snapshot_client(const Snapshot *snapshot) {
    return snapshot->options.client;
}

const KubeDiscovery *snapshot_discovery(const Snapshot *snapshot) {
    return snapshot->discovery;
}

const KubeVersion *snapshot_version(const Snapshot *snapshot) {
    return &snapshot->version;
}

gint64 snapshot_now(const Snapshot *snapshot) {
    return snapshot->now;
}

/* --- lists ------------------------------------------------------------------------------------------- */

typedef struct {
    Snapshot *snapshot;
    SnapshotList *list;
    const Fields *fields;
} Taking;

static bool take_page(yyjson_val *items, size_t bytes, void *data, GError **error) {
    const Taking *taking = data;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, fields_copy(taking->fields, items, doc));
    yyjson_doc *page = items ? yyjson_mut_doc_imut_copy(doc, NULL) : NULL;
    size_t index, count;
    yyjson_val *item;
    if (!page)
        return true;
    yyjson_arr_foreach(yyjson_doc_get_root(page), index, count, item) {
        g_ptr_array_add(taking->list->items, item);
    }
    pthread_mutex_lock(&taking->snapshot->lock);
    g_ptr_array_add(taking->snapshot->pages, page);
    pthread_mutex_unlock(&taking->snapshot->lock);
    return true;
}

static bool take_name(yyjson_val *items, size_t bytes, void *data, GError **error) {
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item) {
        g_strv_builder_add(data, json_get_string(item, "metadata", "name"));
    }
    return true;
}

/* The namespaces that may be looked into one by one; none where they may not be listed. */
static GStrv namespaces_of(Snapshot *snapshot) {
    pthread_mutex_lock(&snapshot->lock);
    if (!snapshot->namespaces) {
        g_autoptr(GStrvBuilder) names = g_strv_builder_new();
        KubeListQuery query = {.resource = &resource_namespaces};
        g_auto(KubeListResult) result = {0};
        if (!kube_list(snapshot->options.client, &query, take_name, names, &result, NULL))
            g_strv_builder_add(names, kube_client_config(snapshot->options.client)->namespace_);
        snapshot->namespaces = g_strv_builder_end(names);
    }
    pthread_mutex_unlock(&snapshot->lock);
    return snapshot->namespaces;
}

/* What may be listed of each namespace, where the whole may not be. */
static void list_by_namespace(const Taking *taking, KubeListQuery query) {
    GStrv names = namespaces_of(taking->snapshot);
    for (char **name = names; *name; name++) {
        g_auto(KubeListResult) result = {0};
        query.namespace_ = *name;
        if (kube_list(taking->snapshot->options.client, &query, take_page, (void *)taking, &result, NULL))
            taking->list->partial = true;
    }
}

static void list_of_cluster(Snapshot *snapshot, SnapshotKind kind) {
    const SnapshotSource *source = &snapshot_sources[kind];
    SnapshotList *list = &snapshot->lists[kind];
    const KubeResource *resource =
        kube_discovery_resource(snapshot->discovery, source->group, source->version, source->name);
    if (!resource || !resource->can_list)
        return;
    list->served = true;
    g_autoptr(Fields) fields = fields_parse(source->fields);
    Taking taking = {snapshot, list, fields};
    KubeListQuery query = {.resource = resource,
                           .namespace_ = resource->namespaced ? snapshot->options.namespace_ : NULL,
                           .field_selector = source->field_selector,
                           .metadata_only = source->metadata_only};
    g_auto(KubeListResult) result = {0};
    if (kube_list(snapshot->options.client, &query, take_page, &taking, &result, &list->error))
        return;
    if (resource->namespaced && !query.namespace_ && g_error_matches(list->error, BASE_ERROR, BASE_ERROR_FORBIDDEN))
        list_by_namespace(&taking, query);
}

typedef struct {
    Snapshot *snapshot;
    Queue *queue; /* SnapshotKind + 1 */
} Loading;

static void load_some(unsigned index, void *data) {
    const Loading *loading = data;
    for (void *kind; (kind = queue_pop(loading->queue));)
        list_of_cluster(loading->snapshot, (SnapshotKind)(GPOINTER_TO_UINT(kind) - 1));
}

/* Whether lists are answered at all; where they are not (a server that has lost etcd lets each wait for long), no list
 * is asked for, and each has the reason. */
static bool lists_are_answered(Snapshot *snapshot, guint64 kinds) {
    const SnapshotAnswer *answer = snapshot_get(snapshot, "/api/v1/namespaces?limit=1");
    if (answer->status > 0 && answer->status < 500)
        return true;
    snapshot->silent = g_error_copy(answer->error);
    g_prefix_error(&snapshot->silent, "no list is answered: ");
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++)
        if (kinds & (guint64)1 << kind) {
            snapshot->lists[kind].served = true;
            snapshot->lists[kind].error = g_error_copy(snapshot->silent);
        }
    return false;
}

static void load_from_cluster(Snapshot *snapshot, guint64 kinds) {
    if (!kinds || !lists_are_answered(snapshot, kinds))
        return;
    g_autoptr(Queue) queue = queue_new(SNAPSHOT_KINDS, NULL);
    Loading loading = {snapshot, queue};
    /* What there is most of, first. */
    static const SnapshotKind large[] = {SNAPSHOT_PODS, SNAPSHOT_EVENTS, SNAPSHOT_ENDPOINT_SLICES, SNAPSHOT_SERVICES};
    guint64 left = kinds;
    for (size_t i = 0; i < G_N_ELEMENTS(large) + SNAPSHOT_KINDS; i++) {
        guint kind = i < G_N_ELEMENTS(large) ? large[i] : (guint)(i - G_N_ELEMENTS(large));
        if ((left & (guint64)1 << kind) && !queue_push(queue, GUINT_TO_POINTER(kind + 1)))
            g_assert_not_reached();
        left &= ~((guint64)1 << kind);
    }
    queue_close(queue);
    unsigned connections = snapshot->options.connections ? snapshot->options.connections : CONNECTIONS;
    workers_join(workers_start(connections, "snapshot", load_some, &loading));
}

/* --- of an archive ---------------------------------------------------------------------------------------- */

/* Whether the file holds objects of the kind: "resources/ns/NAME/apps_v1_deployments.json". */
static bool is_of_kind(const char *path, SnapshotKind kind) {
    g_autofree char *base = g_path_get_basename(path);
    g_auto(GStrv) parts = g_strsplit(base, "_", 3);
    if (!g_str_has_prefix(path, "resources/") || g_strv_length(parts) != 3)
        return false;
    const SnapshotSource *source = &snapshot_sources[kind];
    g_autofree char *file = g_strconcat(source->name, ".json", NULL);
    return g_str_equal(file, parts[2]) && g_str_equal(g_str_equal(parts[0], "core") ? "" : parts[0], source->group);
}

/* The kind may be one of several that are parts of the same list. */
static bool take_items(Snapshot *snapshot, SnapshotKind kind, yyjson_val *items, GError **error) {
    g_autoptr(Fields) fields = fields_parse(snapshot_sources[kind].fields);
    Taking taking = {snapshot, &snapshot->lists[kind], fields};
    return take_page(yyjson_is_arr(items) ? items : NULL, 0, &taking, error);
}

static bool take_file(const char *path, guint64 size, Source *content, void *data, GError **error) {
    Snapshot *snapshot = data;
    g_autoptr(yyjson_doc) doc = NULL;
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++) {
        if (!is_of_kind(path, (SnapshotKind)kind))
            continue;
        if (!doc) {
            g_autoptr(GByteArray) bytes = g_byte_array_new();
            g_autoptr(Sink) sink = sink_buffer_new(bytes, ANSWER_BYTES_MAX);
            if (!stream_copy(content, sink, error) || !sink_finish(sink, error))
                return false;
            doc = json_parse((const char *)bytes->data, bytes->len, path, error);
        }
        yyjson_val *root = yyjson_doc_get_root(doc), *items = yyjson_is_arr(root) ? root : json_get(root, "items");
        if (!doc || !take_items(snapshot, (SnapshotKind)kind, items, error))
            return false;
    }
    return true;
}

/* Kinds of which an archive without objects says that there are none. */
static bool is_everywhere(SnapshotKind kind) {
    const char *group = snapshot_sources[kind].group;
    return !g_str_equal(group, "gateway.networking.k8s.io") && !g_str_equal(group, "metrics.k8s.io");
}

static void read_version(Snapshot *snapshot) {
    g_autoptr(GBytes) bytes = run_archive_read(snapshot->archive, "serverversion.json", NULL);
    gsize length;
    const char *text = bytes ? g_bytes_get_data(bytes, &length) : NULL;
    g_autoptr(yyjson_doc) doc = text ? json_parse(text, length, "serverversion.json", NULL) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    snapshot->version.major = g_strdup(json_get_string(root, "major"));
    snapshot->version.minor = g_strdup(json_get_string(root, "minor"));
    snapshot->version.git_version = g_strdup(json_get_string(root, "gitVersion"));
}

Snapshot *snapshot_from_archive(const char *path, GError **error) {
    g_autoptr(Snapshot) snapshot = snapshot_new_empty();
    snapshot->archive = run_archive_open(path, NULL, error);
    if (!snapshot->archive || !run_archive_walk(snapshot->archive, take_file, snapshot, error))
        return NULL;
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++)
        snapshot->lists[kind].served = snapshot->lists[kind].items->len > 0 || is_everywhere((SnapshotKind)kind);
    read_version(snapshot);
    return g_steal_pointer(&snapshot);
}

void snapshot_load(Snapshot *snapshot, guint64 kinds) {
    if (!snapshot->archive)
        load_from_cluster(snapshot, kinds);
}

const SnapshotList *snapshot_list(const Snapshot *snapshot, SnapshotKind kind) {
    return &snapshot->lists[kind];
}

const char *snapshot_kind_name(SnapshotKind kind) {
    static char *names[SNAPSHOT_KINDS];
    static gsize made;
    if (g_once_init_enter(&made)) {
        for (guint i = 0; i < SNAPSHOT_KINDS; i++) {
            const SnapshotSource *source = &snapshot_sources[i];
            names[i] = g_strconcat(source->name, *source->group ? "." : "", source->group, NULL);
        }
        g_once_init_leave(&made, 1);
    }
    return names[kind];
}

typedef struct {
    const char *namespace_, *name;
} Name;

static Name name_of_item(yyjson_val *item) {
    yyjson_val *metadata = json_get(item, "metadata");
    return (Name){json_get_string(metadata, "namespace"), json_get_string(metadata, "name")};
}

static int compare_names(Name one, Name other) {
    int order = g_strcmp0(one.name, other.name);
    return order ? order : g_strcmp0(one.namespace_, other.namespace_);
}

static int compare_items(const void *a, const void *b) {
    return compare_names(name_of_item(*(yyjson_val *const *)a), name_of_item(*(yyjson_val *const *)b));
}

/* Sorted when the first one asks: most lists are never looked into by name. */
static const GPtrArray *items_by_name(const Snapshot *snapshot, SnapshotKind kind) {
    NameIndex *index = snapshot->index;
    pthread_mutex_lock(&index->lock);
    if (!index->sorted[kind]) {
        index->sorted[kind] = g_ptr_array_copy(snapshot->lists[kind].items, NULL, NULL);
        g_ptr_array_sort(index->sorted[kind], compare_items);
    }
    pthread_mutex_unlock(&index->lock);
    return index->sorted[kind];
}

yyjson_val *snapshot_find(const Snapshot *snapshot, SnapshotKind kind, const char *namespace_, const char *name) {
    const GPtrArray *items = items_by_name(snapshot, kind);
    guint low = 0, high = items->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        int order = compare_names(name_of_item(items->pdata[middle]), (Name){namespace_, name});
        if (order == 0)
            return items->pdata[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* --- single answers ------------------------------------------------------------------------------------------ */

void *snapshot_once(Snapshot *snapshot, const char *key, SnapshotMakeFunc make, void *data, GDestroyNotify free) {
    pthread_mutex_lock(&snapshot->lock);
    Once *once = g_hash_table_lookup(snapshot->once, key);
    bool mine = !once;
    if (mine) {
        once = g_new0(Once, 1);
        once->free = free;
        g_hash_table_insert(snapshot->once, g_strdup(key), once);
    }
    while (!mine && !once->there)
        pthread_cond_wait(&snapshot->answered, &snapshot->lock);
    pthread_mutex_unlock(&snapshot->lock);
    if (!mine)
        return once->value;
    once->value = make(snapshot, data);
    pthread_mutex_lock(&snapshot->lock);
    once->there = true;
    pthread_cond_broadcast(&snapshot->answered);
    pthread_mutex_unlock(&snapshot->lock);
    return once->value;
}

static void answer_free(SnapshotAnswer *answer) {
    g_free(answer->text);
    g_clear_pointer(&answer->json, yyjson_doc_free);
    g_clear_error(&answer->error);
    g_free(answer);
}

static SnapshotAnswer *request_answer(Snapshot *snapshot, const KubeRequest *request) {
    SnapshotAnswer *answer = g_new0(SnapshotAnswer, 1);
    if (snapshot->archive) {
        answer->text = g_strdup("");
        g_set_error_literal(&answer->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "an archive cannot be asked");
        return answer;
    }
    g_auto(HttpResponse) response = {0};
    gint64 begun = g_get_monotonic_time();
    bool good = kube_client_request(snapshot->options.client, request, &response, &answer->error);
    g_assert(good == !answer->error);
    answer->took = g_get_monotonic_time() - begun;
    answer->at = g_get_real_time();
    answer->status = response.status;
    answer->date = response.headers ? http_date_parse(http_response_header(&response, "date")) : 0;
    guint length = response.body ? response.body->len : 0;
    answer->text = length ? g_strndup((const char *)response.body->data, length) : g_strdup("");
    if (*answer->text == '{' || *answer->text == '[')
        answer->json = json_parse(answer->text, length, request->path, NULL);
    return answer;
}

static void *ask(Snapshot *snapshot, void *data) {
    bool proxied = strstr(data, "/proxy/") != NULL; /* a dead node must not hold up the whole */
    KubeRequest request = {.method = "GET",
                           .path = data,
                           .accept = "application/json, */*",
                           .response_max = ANSWER_BYTES_MAX,
                           .timeout_s = proxied ? PROXY_SECONDS : ANSWER_SECONDS,
                           .no_retry = proxied};
    return request_answer(snapshot, &request);
}

const SnapshotAnswer *snapshot_get(Snapshot *snapshot, const char *path) {
    return snapshot_once(snapshot, path, ask, (void *)path, (GDestroyNotify)answer_free);
}

static void *ask_once(Snapshot *snapshot, void *data) {
    KubeRequest request = {.method = "GET",
                           .path = data,
                           .accept = "application/json, */*",
                           .response_max = ANSWER_BYTES_MAX,
                           .timeout_s = ONCE_SECONDS,
                           .no_retry = true};
    return request_answer(snapshot, &request);
}

const SnapshotAnswer *snapshot_get_unrepeated(Snapshot *snapshot, const char *path) {
    g_autofree char *key = g_strconcat("once ", path, NULL);
    return snapshot_once(snapshot, key, ask_once, (void *)path, (GDestroyNotify)answer_free);
}

const GError *snapshot_silent(const Snapshot *snapshot) {
    return snapshot->silent;
}

static void *post(Snapshot *snapshot, void *data) {
    const char *const *pair = data;
    if (snapshot->silent) {
        SnapshotAnswer *answer = g_new0(SnapshotAnswer, 1);
        answer->text = g_strdup("");
        answer->error = g_error_copy(snapshot->silent);
        return answer;
    }
    KubeRequest request = {.method = "POST",
                           .path = pair[0],
                           .body = pair[1],
                           .body_length = strlen(pair[1]),
                           .response_max = ANSWER_BYTES_MAX,
                           .timeout_s = POST_SECONDS,
                           .no_retry = true};
    return request_answer(snapshot, &request);
}

const SnapshotAnswer *snapshot_post(Snapshot *snapshot, const char *path, const char *body) {
    const char *pair[] = {path, body};
    g_autofree char *key = g_strconcat("POST ", path, " ", body, NULL);
    return snapshot_once(snapshot, key, post, pair, (GDestroyNotify)answer_free);
}

typedef struct {
    Snapshot *snapshot;
    Queue *queue; /* paths */
} Asking;

static void ask_some(unsigned index, void *data) {
    const Asking *asking = data;
    for (const char *path; (path = queue_pop(asking->queue));)
        snapshot_get(asking->snapshot, path);
}

GPtrArray *snapshot_get_all(Snapshot *snapshot, const char *const *paths) {
    guint count = paths ? g_strv_length((char **)paths) : 0; /* an empty GPtrArray may have no memory */
    GPtrArray *answers = g_ptr_array_new();
    g_autoptr(Queue) queue = queue_new(MAX(count, 1), NULL);
    Asking asking = {snapshot, queue};
    for (guint i = 0; i < count; i++)
        if (!queue_push(queue, (void *)paths[i]))
            g_assert_not_reached();
    queue_close(queue);
    unsigned connections = snapshot->options.connections ? snapshot->options.connections : CONNECTIONS;
    workers_join(workers_start(MIN(connections, MAX(count, 1)), "snapshot", ask_some, &asking));
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(answers, (void *)snapshot_get(snapshot, paths[i]));
    return answers;
}

const char *const *snapshot_asked_nodes(Snapshot *snapshot) {
    pthread_mutex_lock(&snapshot->lock);
    if (!snapshot->asked_nodes) {
        g_autoptr(GStrvBuilder) names = g_strv_builder_new();
        const GPtrArray *nodes = snapshot->lists[SNAPSHOT_NODES].items;
        guint most = snapshot->options.nodes_asked ? snapshot->options.nodes_asked : NODES_ASKED;
        guint count = MIN(nodes->len, most);
        for (guint i = 0; i < count; i++)
            g_strv_builder_add(names,
                               json_get_string(nodes->pdata[(guint64)i * nodes->len / count], "metadata", "name"));
        snapshot->asked_nodes = g_strv_builder_end(names);
    }
    pthread_mutex_unlock(&snapshot->lock);
    return (const char *const *)snapshot->asked_nodes;
}
