#include "sonobuoy/query-internal.h"

#include "base/text.h"
#include "base/workers.h"
#include "kube/list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTIONS = 8, HOST_SECONDS = 30 };

/* --- files --------------------------------------------------------------------------------------- */

int query_open(const Query *query, const char *path, bool again, GError **error) {
    g_autofree char *whole = g_build_filename(query->options->folder, path, NULL), *folder = g_path_get_dirname(whole);
    int fd = -1;
    if (g_mkdir_with_parents(folder, 0755) == 0)
        fd = open(whole, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (again ? 0 : O_TRUNC), 0644);
    if (fd < 0)
        base_error_set_errno(error, errno, "%s cannot be written", whole);
    return fd;
}

bool query_write(const Query *query, const char *path, const char *text, size_t length, GError **error) {
    g_autofree char *whole = g_build_filename(query->options->folder, path, NULL), *folder = g_path_get_dirname(whole);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        base_error_set_errno(error, errno, "%s cannot be made", folder);
        return false;
    }
    return g_file_set_contents(whole, text, (gssize)length, error);
}

/* --- single answers ---------------------------------------------------------------------------------- */

static bool save_answer(Query *query, const char *path, const char *file, unsigned seconds, GError **error) {
    KubeRequest request = {.method = "GET", .path = path, .timeout_s = seconds};
    g_auto(HttpResponse) response = {0};
    return kube_client_request(query->options->client, &request, &response, error) &&
           query_write(query, file, (const char *)response.body->data, response.body->len, error);
}

static bool query_version(Query *query, const QueryTask *task, GError **error) {
    return save_answer(query, "/version", "serverversion.json", 0, error);
}

static bool query_groups(Query *query, const QueryTask *task, GError **error) {
    return save_answer(query, "/apis", "servergroups.json", 0, error);
}

static bool query_host_config(Query *query, const QueryTask *task, GError **error) {
    g_autofree char *path = g_strdup_printf("/api/v1/nodes/%s/proxy/configz", task->name);
    g_autofree char *file = g_build_filename("hosts", task->name, "configz.json", NULL);
    return save_answer(query, path, file, HOST_SECONDS, error);
}

/* The file says the status, of a node that is not well too. */
static bool query_host_health(Query *query, const QueryTask *task, GError **error) {
    g_autofree char *path = g_strdup_printf("/api/v1/nodes/%s/proxy/healthz", task->name);
    g_autofree char *file = g_build_filename("hosts", task->name, "healthz.json", NULL);
    KubeRequest request = {.method = "GET", .path = path, .accept = "*/*", .timeout_s = HOST_SECONDS, .no_retry = true};
    g_auto(HttpResponse) response = {0};
    GError *failure = NULL;
    bool healthy = kube_client_request(query->options->client, &request, &response, &failure);
    g_autofree char *text = g_strdup_printf("{\"status\":%d}", response.status);
    if (!query_write(query, file, text, strlen(text), healthy ? error : NULL))
        healthy = false;
    if (failure)
        g_propagate_error(error, failure);
    return healthy;
}

/* --- tasks ----------------------------------------------------------------------------------------- */

/* "PodLogs of default/web: why" */
static void tell_failure(const Query *query, const QueryTask *task) {
    if (!query->options->on_failure)
        return;
    g_autofree char *text = g_strdup_printf("%s%s%s%s%s: %s", task->what, task->name ? " of " : "",
                                            task->namespace_ ? task->namespace_ : "", task->namespace_ ? "/" : "",
                                            task->name ? task->name : "", task->failure->message);
    query->options->on_failure(text, query->options->on_failure_data);
}

static void record(Query *query, const QueryTask *task) {
    g_autofree char *time = duration_format(task->took);
    yyjson_mut_doc *doc = query->records;
    yyjson_mut_val *entry = yyjson_mut_arr_add_obj(doc, yyjson_mut_doc_get_root(doc));
    json_mut_set_string(doc, entry, "queryobj", task->what);
    if (task->namespace_)
        json_mut_set_string(doc, entry, "namespace", task->namespace_);
    json_mut_set_string(doc, entry, "time", time);
    if (!task->failure)
        return;
    json_mut_set_string(doc, entry, "error", task->failure->message);
    query->failures++;
    tell_failure(query, task);
}

typedef struct {
    Query *query;
    Queue *queue; /* QueryTask */
} Pool;

static void work(unsigned index, void *data) {
    const Pool *pool = data;
    for (QueryTask *task; (task = queue_pop(pool->queue));) {
        gint64 begin = g_get_monotonic_time();
        progress_set_note(pool->query->options->progress, task->what);
        task->run(pool->query, task, &task->failure);
        task->took = g_get_monotonic_time() - begin;
        if (task->resource)
            progress_kind_done(pool->query->options->progress, task->what, 0, 0);
    }
}

/* Runs all tasks (QueryTask), several at once, and records them in their own order, whichever ended first. */
static void run_tasks(Query *query, GArray *tasks) {
    g_autoptr(Queue) queue = queue_new(tasks->len, NULL);
    Pool pool = {query, queue};
    for (guint i = 0; i < tasks->len; i++)
        if (!queue_push(queue, &g_array_index(tasks, QueryTask, i)))
            g_assert_not_reached();
    queue_close(queue);
    unsigned connections = query->options->connections ? query->options->connections : CONNECTIONS;
    workers_join(workers_start(MIN(connections, MAX(tasks->len, 1)), "query", work, &pool));
    for (guint i = 0; i < tasks->len; i++) {
        QueryTask *task = &g_array_index(tasks, QueryTask, i);
        record(query, task);
        g_clear_error(&task->failure);
    }
}

/* --- which kinds ---------------------------------------------------------------------------------------- */

/* Whether the configuration's list has the name; where there is none, `by_default`. */
static bool is_asked_for(const RunConfig *config, const char *name, bool by_default) {
    return config->resources ? g_strv_contains((const char *const *)config->resources, name) : by_default;
}

static bool is_listed(const RunConfig *config, const KubeResource *resource) {
    if (!resource->preferred || !resource->can_list)
        return false;
    /* These become parts of a path. */
    if (strchr(resource->name, '/') || strchr(resource->group, '/') || strchr(resource->version, '/'))
        return false;
    /* The same objects as the core group's. */
    if (g_str_equal(resource->group_resource, "events.events.k8s.io"))
        return false;
    bool secret = g_str_equal(resource->group_resource, "secrets");
    return is_asked_for(config, resource->name, !secret) ||
           (config->resources && is_asked_for(config, resource->group_resource, false));
}

static void add_kinds(Query *query, GArray *tasks) {
    const GPtrArray *all = kube_discovery_all(query->discovery);
    for (guint i = 0; i < all->len; i++) {
        const KubeResource *resource = all->pdata[i];
        QueryTask task = {.run = query_objects, .what = resource->name, .resource = resource};
        if (is_listed(query->options->config, resource))
            g_array_append_val(tasks, task);
    }
}

/* --- names --------------------------------------------------------------------------------------------- */

static bool take_names(yyjson_val *items, size_t bytes, void *data, GError **error) {
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item) {
        const char *name = json_get_string(item, "metadata", "name");
        if (name && name_is_dns_subdomain(name, NULL))
            g_ptr_array_add(data, g_strdup(name));
    }
    return true;
}

/* Adds the names of all objects of a core kind. */
static bool list_names(Query *query, const char *kind, GPtrArray *names, GError **error) {
    KubeListQuery what = {.resource = kube_discovery_resource(query->discovery, "", "v1", kind)};
    g_auto(KubeListResult) result = {0};
    return !what.resource || kube_list(query->options->client, &what, take_names, names, &result, error);
}

/* The namespaces that are looked at: those that there are, or the run's own where they may not be listed. */
static void find_namespaces(Query *query) {
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GStrvBuilder) matching = g_strv_builder_new();
    if (!list_names(query, "namespaces", names, NULL))
        g_ptr_array_add(names, g_strdup(query->options->config->namespace_));
    for (guint i = 0; i < names->len; i++)
        if (g_regex_match(query->namespaces, names->pdata[i], 0, NULL))
            g_strv_builder_add(matching, names->pdata[i]);
    query->namespace_names = g_strv_builder_end(matching);
}

/* --- all of it ------------------------------------------------------------------------------------------- */

/* A search whose failure is one of the records. */
static void search(Query *query, const char *what, bool (*func)(Query *, GError **)) {
    QueryTask task = {.what = what};
    gint64 begin = g_get_monotonic_time();
    if (func(query, &task.failure))
        return;
    task.took = g_get_monotonic_time() - begin;
    record(query, &task);
    g_error_free(task.failure);
}

static bool find_nodes(Query *query, GError **error) {
    return list_names(query, "nodes", query->nodes, error);
}

static void add_hosts_and_logs(Query *query, GArray *tasks) {
    const RunConfig *config = query->options->config;
    if (is_asked_for(config, "nodes", true))
        search(query, "Nodes", find_nodes);
    if (is_asked_for(config, "podlogs", true))
        search(query, "PodLogs", query_log_pods);
    for (guint i = 0; i < query->nodes->len; i++) {
        QueryTask configuration = {.run = query_host_config, .what = "configz", .name = query->nodes->pdata[i]};
        QueryTask health = {.run = query_host_health, .what = "healthz", .name = query->nodes->pdata[i]};
        g_array_append_val(tasks, configuration);
        g_array_append_val(tasks, health);
    }
    for (guint i = 0; i < query->pods->len; i++) {
        const QueryPod *pod = query->pods->pdata[i];
        for (char **container = pod->containers; *container; container++) {
            QueryTask task = {.run = query_log,
                              .what = "PodLogs",
                              .namespace_ = pod->namespace_,
                              .name = pod->name,
                              .container = *container};
            g_array_append_val(tasks, task);
        }
    }
}

static void record_discovery(Query *query) {
    const GPtrArray *failures = kube_discovery_failures(query->discovery);
    for (guint i = 0; i < failures->len; i++) {
        g_autoptr(GError) failure = g_error_new_literal(BASE_ERROR, BASE_ERROR_FAILED, failures->pdata[i]);
        QueryTask task = {.what = "discovery", .failure = failure};
        record(query, &task);
    }
}

static bool ask_all(Query *query, GError **error) {
    const RunConfig *config = query->options->config;
    g_autoptr(GArray) tasks = g_array_new(false, false, sizeof(QueryTask));
    QueryTask version = {.run = query_version, .what = "serverversion"},
              groups = {.run = query_groups, .what = "servergroups"};
    record_discovery(query);
    find_namespaces(query);
    if (is_asked_for(config, "serverversion", true))
        g_array_append_val(tasks, version);
    if (is_asked_for(config, "servergroups", true))
        g_array_append_val(tasks, groups);
    guint others = tasks->len;
    add_kinds(query, tasks);
    progress_set_kinds(query->options->progress, tasks->len - others);
    add_hosts_and_logs(query, tasks);
    run_tasks(query, tasks);
    g_autofree char *text = json_mut_write(yyjson_mut_doc_get_root(query->records), NULL);
    return query_write(query, "meta/query-time.json", text, strlen(text), error);
}

bool query_run(const QueryOptions *options, guint *out_failures, GError **error) {
    Query query = {.options = options};
    query.discovery = kube_discovery_new(options->client, error);
    if (!query.discovery)
        return false;
    query.namespaces = g_regex_new(options->config->filter_namespaces, G_REGEX_DEFAULT, 0, error);
    query.log_namespaces =
        query.namespaces ? g_regex_new(options->config->log_namespaces, G_REGEX_DEFAULT, 0, error) : NULL;
    query.records = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(query.records, yyjson_mut_arr(query.records));
    query.nodes = g_ptr_array_new_with_free_func(g_free);
    query.pods = g_ptr_array_new_with_free_func((GDestroyNotify)query_pod_free);
    bool done = query.log_namespaces && ask_all(&query, error);
    if (out_failures)
        *out_failures = query.failures;
    g_ptr_array_unref(query.pods);
    g_ptr_array_unref(query.nodes);
    yyjson_mut_doc_free(query.records);
    g_strfreev(query.namespace_names);
    g_clear_pointer(&query.namespaces, g_regex_unref);
    g_clear_pointer(&query.log_namespaces, g_regex_unref);
    kube_discovery_free(query.discovery);
    return done;
}
