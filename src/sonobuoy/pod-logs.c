#include "sonobuoy/pod-logs.h"

#include "base/text.h"
#include "base/workers.h"
#include "kube/list.h"
#include "kube/object.h"
#include "sonobuoy/manifest.h"
#include "sonobuoy/resources.h"

#include <pthread.h>
#include <string.h>

#define FOLLOW_SECONDS (7 * 24 * 3600)
enum { FOLLOWED_MAX = 256, LINE_MAX_BYTES = 1 << 20, BACKOFF_MAX_MS = 5000 };

typedef struct {
    char *pod, *container;
} LogSource;

typedef struct {
    const PodLogOptions *options;
    GPtrArray *sources; /* LogSource */
    pthread_mutex_t lock;
} PodLogs;

static void log_source_free(LogSource *source) {
    g_free(source->pod);
    g_free(source->container);
    g_free(source);
}

/* --- which ------------------------------------------------------------------------------------------ */

static bool take_pods(yyjson_val *pods, size_t bytes, void *data, GError **error) {
    static const char *const lists[] = {"initContainers", "containers"};
    GPtrArray *sources = data;
    size_t index, count, at, number;
    yyjson_val *pod, *container;
    yyjson_arr_foreach(pods, index, count, pod) {
        for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
            yyjson_arr_foreach(json_get(pod, "spec", lists[i]), at, number, container) {
                LogSource *source = g_new0(LogSource, 1);
                source->pod = g_strdup(json_get_string(pod, "metadata", "name"));
                source->container = g_strdup(json_get_string(container, "name"));
                g_ptr_array_add(sources, source);
            }
        }
    }
    return true;
}

static char *selector_of(const char *plugin) {
    if (!plugin)
        return NULL;
    return g_str_equal(plugin, AGGREGATOR_NAME) ? g_strdup(AGGREGATOR_LABEL)
                                                : g_strconcat(LABEL_PLUGIN "=", plugin, NULL);
}

static bool find_sources(PodLogs *logs, GError **error) {
    const PodLogOptions *options = logs->options;
    g_autofree char *selector = selector_of(options->plugin);
    KubeListQuery query = {.resource = &resource_pods, .namespace_ = options->namespace_, .label_selector = selector};
    g_auto(KubeListResult) result = {0};
    if (!kube_list(options->client, &query, take_pods, logs->sources, &result, error))
        return false;
    if (logs->sources->len == 0)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "namespace %s has no pods%s%s; those of plugins are deleted when a run is complete, and their "
                    "results and logs are in its archive",
                    options->namespace_, options->plugin ? " of plugin " : "", options->plugin ? options->plugin : "");
    else if (options->follow && logs->sources->len > FOLLOWED_MAX)
        g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT,
                    "%u containers cannot be followed at once, %d can; --plugin takes those of one plugin",
                    logs->sources->len, FOLLOWED_MAX);
    else
        return true;
    return false;
}

/* --- one container ------------------------------------------------------------------------------------------ */

typedef struct {
    PodLogs *logs;
    const LogSource *source;
    GString *line; /* what came of one that is not whole */
    char *last;    /* the time of the last line that was told of, followed logs alone */
    bool again;    /* lines up to that time come anew */
    bool within;   /* a line that was too long to be told at once */
} Reader;

/* Followed logs come with times, so that they can go on; people did not ask for them. */
static const char *without_time(Reader *reader, const char *line, size_t *length) {
    const char *space = memchr(line, ' ', *length);
    g_autofree char *time = space ? g_strndup(line, (size_t)(space - line)) : NULL;
    if (!time || !time_parse(time, &(gint64){0}, NULL))
        return line;
    if (reader->again && reader->last && strcmp(time, reader->last) <= 0)
        return NULL;
    reader->again = false;
    g_free(reader->last);
    reader->last = g_steal_pointer(&time);
    *length -= (size_t)(space + 1 - line);
    return space + 1;
}

static void tell(Reader *reader, const char *line, size_t length) {
    const PodLogOptions *options = reader->logs->options;
    const char *text = options->follow && !reader->within ? without_time(reader, line, &length) : line;
    if (!text)
        return;
    pthread_mutex_lock(&reader->logs->lock);
    options->on_line(reader->source->pod, reader->source->container, text, length, options->data);
    pthread_mutex_unlock(&reader->logs->lock);
}

static bool take(const void *data, size_t length, void *user_data, GError **error) {
    Reader *reader = user_data;
    for (const char *at = data, *end = at + length; at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t part = (size_t)((line_end ? line_end : end) - at);
        if (line_end && reader->line->len == 0) {
            tell(reader, at, part);
        } else {
            g_string_append_len(reader->line, at, (gssize)part);
            if (line_end || reader->line->len > LINE_MAX_BYTES) {
                tell(reader, reader->line->str, reader->line->len);
                g_string_truncate(reader->line, 0);
                reader->within = !line_end;
            }
        }
        at += part + (line_end ? 1 : 0);
    }
    return true;
}

static bool read_once(Reader *reader, GError **error) {
    const PodLogOptions *options = reader->logs->options;
    g_autofree char *pod = kube_object_path(&resource_pods, options->namespace_, reader->source->pod);
    g_autofree char *since = reader->last ? http_escape(reader->last, NULL) : NULL;
    g_autofree char *path = g_strdup_printf("%s/log?container=%s%s%s%s", pod, reader->source->container,
                                            options->follow ? "&follow=true&timestamps=true" : "",
                                            since ? "&sinceTime=" : "", since ? since : "");
    KubeRequest request = {.method = "GET",
                           .path = path,
                           .accept = "*/*",
                           .on_body = take,
                           .on_body_data = reader,
                           .timeout_s = FOLLOW_SECONDS,
                           .stall_s = options->follow ? FOLLOW_SECONDS : 0};
    g_auto(HttpResponse) response = {0};
    bool read = kube_client_request(options->client, &request, &response, error);
    /* A line that broke off comes whole the next time. */
    if (reader->line->len > 0 && (read || !options->follow))
        tell(reader, reader->line->str, reader->line->len);
    g_string_truncate(reader->line, 0);
    reader->within = false;
    return read;
}

/* Whether a container that has not begun may still begin. */
static bool may_begin(const PodLogs *logs, const LogSource *source) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) pod =
        kube_object_get(logs->options->client, &resource_pods, logs->options->namespace_, source->pod, &failure);
    const char *phase = json_get_string(yyjson_doc_get_root(pod), "status", "phase");
    return pod ? g_strcmp0(phase, "Pending") == 0 || g_strcmp0(phase, "Running") == 0
               : base_error_is_transient(failure);
}

static void read_source(PodLogs *logs, const LogSource *source) {
    const PodLogOptions *options = logs->options;
    Reader reader = {.logs = logs, .source = source, .line = g_string_new(NULL)};
    g_autoptr(GError) failure = NULL;
    for (unsigned attempt = 0; !read_once(&reader, &failure); attempt++) {
        /* INVALID: its container has not begun. */
        bool passes = base_error_is_transient(failure) ||
                      (g_error_matches(failure, BASE_ERROR, BASE_ERROR_INVALID) && may_begin(logs, source));
        if (!options->follow || !passes ||
            !cancel_sleep(kube_client_cancel(options->client), http_backoff(attempt, 500, BACKOFF_MAX_MS), NULL))
            break;
        g_clear_error(&failure);
        reader.again = true;
    }
    if (failure && !cancel_is_set(kube_client_cancel(options->client))) {
        pthread_mutex_lock(&logs->lock);
        options->on_failure(source->pod, source->container, failure, options->data);
        pthread_mutex_unlock(&logs->lock);
    }
    g_string_free(reader.line, true);
    g_free(reader.last);
}

static void follow(unsigned index, void *data) {
    PodLogs *logs = data;
    read_source(logs, logs->sources->pdata[index]);
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

bool pod_logs(const PodLogOptions *options, GError **error) {
    g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func((GDestroyNotify)log_source_free);
    PodLogs logs = {.options = options, .sources = sources, .lock = PTHREAD_MUTEX_INITIALIZER};
    if (!find_sources(&logs, error))
        return false;
    if (options->follow)
        workers_join(workers_start(sources->len, "logs", follow, &logs));
    for (guint i = 0; !options->follow && i < sources->len; i++)
        if (!cancel_is_set(kube_client_cancel(options->client)))
            read_source(&logs, sources->pdata[i]);
    return !cancel_check(kube_client_cancel(options->client), error);
}
