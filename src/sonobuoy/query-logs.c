/* Pods' logs: whose are wanted, and one container's. */
#include "base/file.h"
#include "base/text.h"
#include "kube/list.h"
#include "sonobuoy/query-internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void query_pod_free(QueryPod *pod) {
    g_free(pod->namespace_);
    g_free(pod->name);
    g_strfreev(pod->containers);
    g_free(pod);
}

/* --- which ---------------------------------------------------------------------------------------- */

static GStrv container_names(yyjson_val *spec) {
    static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers"};
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        size_t index, count;
        yyjson_val *container;
        yyjson_arr_foreach(yyjson_obj_get(spec, lists[i]), index, count, container) {
            const char *name = json_get_string(container, "name");
            if (name && name_is_dns_label(name, NULL))
                g_strv_builder_add(names, name);
        }
    }
    return g_strv_builder_end(names);
}

typedef struct {
    Query *query;
    GHashTable *seen;  /* "namespace/name" */
    bool by_namespace; /* those of the namespaces that are asked for; else all */
} Search;

static bool wanted(const Search *search, yyjson_val *pod) {
    const char *namespace_ = json_get_string(pod, "metadata", "namespace");
    const char *name = json_get_string(pod, "metadata", "name");
    /* They become parts of a path: what is no name of any is none of this cluster's pods. */
    if (!namespace_ || !name_is_dns_label(namespace_, NULL) || !name || !name_is_dns_subdomain(name, NULL))
        return false;
    /* A pod that was put out of its node has none left. */
    if (g_strcmp0(json_get_string(pod, "status", "reason"), "Evicted") == 0)
        return false;
    return !search->by_namespace || g_regex_match(search->query->log_namespaces, namespace_, 0, NULL) ||
           (search->query->options->config->log_own_namespace == CONFIG_TRUE &&
            g_str_equal(namespace_, search->query->options->config->namespace_));
}

static bool take_pods(yyjson_val *items, size_t bytes, void *data, GError **error) {
    Search *search = data;
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item) {
        if (!wanted(search, item))
            continue;
        QueryPod *pod = g_new0(QueryPod, 1);
        pod->namespace_ = g_strdup(json_get_string(item, "metadata", "namespace"));
        pod->name = g_strdup(json_get_string(item, "metadata", "name"));
        if (!g_hash_table_add(search->seen, g_strconcat(pod->namespace_, "/", pod->name, NULL))) {
            query_pod_free(pod);
            continue;
        }
        pod->containers = container_names(json_get(item, "spec"));
        g_ptr_array_add(search->query->pods, pod);
    }
    return true;
}

/* `namespace_`: where not all may be listed, the run's own. */
static bool search_pods(Search *search, const KubeResource *pods, const char *fields, GError **error) {
    const QueryOptions *options = search->query->options;
    const char *labels = options->config->log_labels;
    KubeListQuery what = {.resource = pods, .label_selector = *labels ? labels : NULL, .field_selector = fields};
    g_auto(KubeListResult) result = {0};
    GError *failure = NULL;
    if (kube_list(options->client, &what, take_pods, search, &result, &failure))
        return true;
    what.namespace_ = options->config->namespace_;
    g_auto(KubeListResult) own = {0};
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORBIDDEN) &&
        kube_list(options->client, &what, take_pods, search, &own, NULL)) {
        g_error_free(failure);
        return true;
    }
    g_propagate_error(error, failure);
    return false;
}

bool query_log_pods(Query *query, GError **error) {
    const KubeResource *pods = kube_discovery_resource(query->discovery, "", "v1", "pods");
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Search search = {query, seen, .by_namespace = true};
    if (!pods)
        return true;
    const RunConfig *config = query->options->config;
    if ((*config->log_namespaces || config->log_own_namespace == CONFIG_TRUE) &&
        !search_pods(&search, pods, NULL, error))
        return false;
    search.by_namespace = false;
    for (char **fields = config->log_fields; fields && *fields; fields++)
        if (!search_pods(&search, pods, *fields, error))
            return false;
    return true;
}

/* --- one ------------------------------------------------------------------------------------------ */

static char *log_request(const RunConfig *config, const QueryTask *task) {
    g_autoptr(GString) path = g_string_new(NULL);
    g_autofree char *container = http_escape(task->container, NULL);
    g_string_printf(path, "/api/v1/namespaces/%s/pods/%s/log?container=%s", task->namespace_, task->name, container);
    if (config->log_previous)
        g_string_append(path, "&previous=true");
    if (config->log_timestamps)
        g_string_append(path, "&timestamps=true");
    const struct {
        const char *name;
        gint64 value;
    } numbers[] = {{"sinceSeconds", config->log_since_seconds},
                   {"tailLines", config->log_tail_lines},
                   {"limitBytes", config->log_limit_bytes}};
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (numbers[i].value >= 0)
            g_string_append_printf(path, "&%s=%" G_GINT64_FORMAT, numbers[i].name, numbers[i].value);
    if (config->log_since_time) {
        g_autofree char *time = http_escape(config->log_since_time, NULL);
        g_string_append_printf(path, "&sinceTime=%s", time);
    }
    return g_string_free(g_steal_pointer(&path), false);
}

static bool write_piece(const void *data, size_t length, void *user_data, GError **error) {
    if (file_write(*(int *)user_data, data, length))
        return true;
    base_error_set_errno(error, errno, "the log cannot be written");
    return false;
}

bool query_log(Query *query, const QueryTask *task, GError **error) {
    g_autofree char *name = g_strconcat(task->container, ".txt", NULL);
    g_autofree char *path = g_build_filename("podlogs", task->namespace_, task->name, "logs", name, NULL);
    g_autofree char *request_path = log_request(query->options->config, task);
    int fd = query_open(query, path, false, error);
    if (fd < 0)
        return false;
    KubeRequest request = {
        .method = "GET", .path = request_path, .accept = "*/*", .on_body = write_piece, .on_body_data = &fd};
    g_auto(HttpResponse) response = {0};
    bool done = kube_client_request(query->options->client, &request, &response, error);
    close(fd);
    /* A log that cannot be had leaves no file that looks like an empty one; what came of it stays. */
    g_autofree char *whole = g_build_filename(query->options->folder, path, NULL);
    struct stat stat;
    if (!done && lstat(whole, &stat) == 0 && stat.st_size == 0)
        unlink(whole);
    return done;
}
