#include "sonobuoy/worker.h"

#include "base/file.h"
#include "base/http.h"
#include "base/json.h"
#include "base/text.h"
#include "kube/client.h"
#include "sonobuoy/archive-write.h"
#include "sonobuoy/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DONE_FILE "done"
enum {
    DONE_TEXT_MAX = 64 * 1024,
    LOOK_SECONDS = 1,
    POD_LOOKS = 5,            /* of these, one looks at the pod */
    LAST_SECONDS = 60,        /* after the pod was told to end */
    SEND_SECONDS = 24 * 3600, /* one attempt; its bytes must keep moving */
    STALL_SECONDS = 600,      /* an aggregator that unpacks a large result is silent */
    ATTEMPTS_SECONDS = 30 * 60,
};

typedef struct {
    const WorkerOptions *options;
    Cancel *cancel;
    void (*say)(const char *line, void *data);
    void *data;
    HttpClient *http;
    KubeClient *kube; /* NULL: the pod is not looked at */
} Worker;

static void say(const Worker *worker, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(const Worker *worker, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    worker->say(line, worker->data);
}

/* --- options -------------------------------------------------------------------------------------- */

void worker_options_clear(WorkerOptions *options) {
    char **texts[] = {
        &options->aggregator_url, &options->node, &options->plugin,     &options->results, &options->ca,
        &options->certificate,    &options->key,  &options->namespace_, &options->pod,     &options->container};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
}

static char *variable(const char *name) {
    const char *value = g_getenv(name);
    return value && *value ? g_strdup(value) : NULL;
}

static bool require(char **out, const char *name, GError **error) {
    *out = variable(name);
    if (!*out)
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "the variable %s is missing: a worker runs beside a plugin, in a pod that the aggregator makes",
                    name);
    return *out != NULL;
}

static bool read_numbers(WorkerOptions *out, GError **error) {
    g_autofree char *port = variable("SONOBUOY_PROGRESS_PORT"), *delay = variable("SONOBUOY_DONE_FILE_DELAY");
    guint64 number = 8099;
    out->done_delay = 5 * G_USEC_PER_SEC;
    if (port && !g_ascii_string_to_unsigned(port, 10, 0, G_MAXUINT16, &number, NULL)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "SONOBUOY_PROGRESS_PORT is no port: %s", port);
        return false;
    }
    out->progress_port = (guint16)number;
    if (delay && !duration_parse(delay, &out->done_delay, error)) {
        g_prefix_error(error, "SONOBUOY_DONE_FILE_DELAY: ");
        return false;
    }
    return true;
}

bool worker_options_from_environment(WorkerOptions *out, bool by_node, GError **error) {
    out->results = variable("SONOBUOY_RESULTS_DIR");
    if (!out->results)
        out->results = variable("RESULTS_DIR");
    if (!out->results)
        out->results = g_strdup("/tmp/sonobuoy/results");
    out->namespace_ = variable("SONOBUOY_NS");
    out->pod = variable("SONOBUOY_PLUGIN_POD");
    out->container = variable("SONOBUOY_WORKER_CONTAINER");
    return require(&out->aggregator_url, "AGGREGATOR_URL", error) && require(&out->plugin, "RESULT_TYPE", error) &&
           require(&out->ca, "CA_CERT", error) && require(&out->certificate, "CLIENT_CERT", error) &&
           require(&out->key, "CLIENT_KEY", error) && (!by_node || require(&out->node, "NODE_NAME", error)) &&
           read_numbers(out, error);
}

static char *worker_url(const WorkerOptions *options, const char *what) {
    g_autofree char *plugin = http_escape(options->plugin, NULL);
    g_autofree char *node = options->node ? http_escape(options->node, NULL) : NULL;
    return node ? g_strdup_printf("%s/api/v1/%s/by-node/%s/%s", options->aggregator_url, what, node, plugin)
                : g_strdup_printf("%s/api/v1/%s/global/%s", options->aggregator_url, what, plugin);
}

/* --- waiting ----------------------------------------------------------------------------------------- */

typedef enum { OTHERS_RUN, OTHERS_DONE, OTHERS_ENDED, POD_LOST } Others;

/* How the pod's other containers are: all have ended well (once, at least), or all have ended; or the pod may not be
 * looked at any longer, as the run is being deleted. */
static Others others(const Worker *worker) {
    const WorkerOptions *options = worker->options;
    g_autofree char *path = g_strdup_printf("/api/v1/namespaces/%s/pods/%s", options->namespace_, options->pod);
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) doc = kube_client_get(worker->kube, path, &failure);
    size_t index, count;
    yyjson_val *container;
    guint all = 0, well = 0, ended = 0;
    yyjson_arr_foreach(json_get(yyjson_doc_get_root(doc), "status", "containerStatuses"), index, count, container) {
        if (g_strcmp0(json_get_string(container, "name"), options->container) == 0)
            continue;
        all++;
        well += json_int(json_get(container, "state", "terminated", "exitCode"), -1) == 0 ||
                json_int(json_get(container, "lastState", "terminated", "exitCode"), -1) == 0;
        ended += json_get(container, "state", "terminated") != NULL;
    }
    if (failure && !base_error_is_transient(failure))
        return POD_LOST;
    return all == 0 ? OTHERS_RUN : well == all ? OTHERS_DONE : ended == all ? OTHERS_ENDED : OTHERS_RUN;
}

/* The path in the done file; NULL where there is none (any more). */
static char *read_done(const Worker *worker, const char *path) {
    g_autoptr(GError) failure = NULL;
    char *text = file_read(path, DONE_TEXT_MAX, NULL, &failure);
    if (!text && !g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        say(worker, "%s", failure->message);
    return text ? g_strstrip(text) : NULL;
}

/* Sleeps; less when the pod is told to end, unless that was before. */
static void pause_for(const Worker *worker, gint64 microseconds) {
    if (cancel_is_set(worker->cancel) || !cancel_sleep(worker->cancel, microseconds, NULL))
        g_usleep((gulong)MIN(microseconds, LOOK_SECONDS * G_USEC_PER_SEC));
}

/* The path of what is to be sent; NULL where the time is over first. */
static char *wait_for_result(const Worker *worker) {
    g_autofree char *done = g_build_filename(worker->options->results, DONE_FILE, NULL);
    gint64 told = 0;
    say(worker, "waiting for %s", done);
    for (unsigned look = 0;; look++) {
        if (g_file_test(done, G_FILE_TEST_EXISTS)) {
            /* Somebody may still take it away, to work on the results first. */
            pause_for(worker, worker->options->done_delay);
            char *path = read_done(worker, done);
            if (path)
                return path;
        }
        Others pod = worker->kube && (told || look % POD_LOOKS == 0) ? others(worker) : OTHERS_RUN;
        if (pod == OTHERS_DONE && !g_file_test(done, G_FILE_TEST_EXISTS)) {
            say(worker, "the plugin's containers have ended without %s; the whole folder is sent", done);
            return g_strdup(worker->options->results);
        }
        gint64 now = g_get_monotonic_time();
        if (!told && cancel_is_set(worker->cancel))
            told = now;
        /* What has ended as it was told to writes no more. */
        if (told && (now - told > LAST_SECONDS * G_USEC_PER_SEC || pod == OTHERS_ENDED || pod == POD_LOST))
            return NULL;
        pause_for(worker, LOOK_SECONDS * G_USEC_PER_SEC);
    }
}

/* --- folders --------------------------------------------------------------------------------------- */

/* A file without a name that holds the folder's content as tar.gz, but for the done file; -1 with an error. What of it
 * cannot be read is said, and the rest is sent. */
static int pack_folder(const Worker *worker, const char *path, GError **error) {
    g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *name = g_build_filename(path, ".packed-XXXXXX", NULL);
    ArchiveInfo info;
    int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        base_error_set_errno(error, errno, "a file cannot be made in %s", path);
        return -1;
    }
    unlink(name);
    bool packed = archive_pack(path, DONE_FILE, fd, left_out, &info, error);
    for (guint i = 0; i < left_out->len; i++)
        say(worker, "left out of the result: %s", (const char *)left_out->pdata[i]);
    if (packed)
        return fd;
    close(fd);
    return -1;
}

/* --- sending --------------------------------------------------------------------------------------- */

typedef struct {
    int fd;
    guint64 size;
    char *name;
    const char *type; /* NULL: none */
    char id[33];      /* of the upload: it goes on where it broke off */
} Result;

static const char *type_of(const char *name) {
    static const char *const types[][2] = {
        {".gz", "application/gzip"}, {".tgz", "application/gzip"}, {".json", "application/json"}, {".xml", "text/xml"}};
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_str_has_suffix(name, types[i][0]))
            return types[i][1];
    return NULL;
}

static bool open_result(const Worker *worker, const char *path, Result *out, GError **error) {
    struct stat stat;
    bool folder = g_file_test(path, G_FILE_TEST_IS_DIR);
    /* A pipe that nobody writes to is not waited for. */
    out->fd = folder ? pack_folder(worker, path, error) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (out->fd < 0 || fstat(out->fd, &stat) != 0) {
        if (!folder)
            base_error_set_errno(error, errno, "%s, which the plugin names as its result, cannot be read", path);
        return false;
    }
    if (!S_ISREG(stat.st_mode)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "%s, which the plugin names as its result, is neither a file nor a folder", path);
        return false;
    }
    out->size = (guint64)stat.st_size;
    out->name = folder ? g_strdup("results.tar.gz") : g_path_get_basename(path);
    out->type = type_of(out->name);
    return true;
}

/* What goes instead of a result that cannot be read: the reason. */
static bool open_failure(const GError *failure, Result *out, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    json_mut_set_string(doc, root, "error", failure->message);
    g_autofree char *text = json_mut_write(root, NULL);
    out->size = strlen(text);
    /* A worker's image need not have a folder for temporary files. */
    out->fd = memfd_create("failure", MFD_CLOEXEC);
    if (out->fd >= 0 && file_write(out->fd, text, out->size))
        return true;
    base_error_set_errno(error, errno, "the failure cannot be kept in memory");
    return false;
}

/* How much of the upload the aggregator has; 0 too where it knows no such thing, as stock's. */
static guint64 ask_offset(const Worker *worker, const Result *result) {
    g_autofree char *url = worker_url(worker->options, "results"), *id = g_strconcat("upload-id: ", result->id, NULL);
    const char *const headers[] = {id, NULL};
    g_auto(HttpResponse) response = {0};
    HttpRequest request = {.method = "HEAD", .url = url, .headers = headers};
    if (!http_perform(worker->http, &request, &response, NULL) || response.status != 200)
        return 0;
    const char *offset = http_response_header(&response, "upload-offset");
    guint64 number = offset ? g_ascii_strtoull(offset, NULL, 10) : 0;
    return number <= result->size ? number : 0;
}

/* Of what goes out from there on. g_free() it. */
static char *content_range(const Result *result, guint64 offset) {
    if (offset == result->size)
        return g_strdup_printf("content-range: bytes */%" G_GUINT64_FORMAT, result->size);
    return g_strdup_printf("content-range: bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                           offset, result->size - 1, result->size);
}

/* One attempt: its HTTP status, 0 with an error where no answer came. */
static int send_once(const Worker *worker, const Result *result, guint64 offset, char **reason, GError **error) {
    g_autofree char *url = worker_url(worker->options, "results"), *id = g_strconcat("upload-id: ", result->id, NULL);
    g_autofree char *type =
        result->type ? g_strdup_printf("content-type: %s", result->type) : g_strdup("content-type;");
    g_autofree char *range = offset ? content_range(result, offset) : NULL;
    g_autofree char *disposition =
        result->name ? g_strdup_printf("content-disposition: attachment;filename=%s", result->name) : NULL;
    const char *headers[5] = {type, id};
    size_t count = 2;
    if (range)
        headers[count++] = range;
    if (disposition)
        headers[count++] = disposition;
    g_autoptr(Source) content = file_source_new_at(result->fd, offset);
    g_auto(HttpResponse) response = {0};
    HttpRequest request = {
        .method = "PUT",
        .url = url,
        .headers = headers,
        .body_source = content,
        .body_length = result->size - offset,
        .deadline = g_get_monotonic_time() + (gint64)SEND_SECONDS * G_USEC_PER_SEC,
        .stall_timeout_ms = STALL_SECONDS * 1000,
        .response_max = DONE_TEXT_MAX,
    };
    if (!http_perform(worker->http, &request, &response, error))
        return 0;
    *reason = g_strndup(response.body->data ? (const char *)response.body->data : "", response.body->len);
    g_strchomp(*reason);
    return response.status;
}

/* Sends until it is taken, or refused for good; again and again while the aggregator is away. */
static bool send_result(const Worker *worker, const Result *result, GError **error) {
    gint64 end = g_get_monotonic_time() + (gint64)ATTEMPTS_SECONDS * G_USEC_PER_SEC;
    for (unsigned attempt = 0;; attempt++) {
        g_autoptr(GError) failure = NULL;
        g_autofree char *reason = NULL;
        guint64 offset = attempt ? ask_offset(worker, result) : 0;
        if (offset)
            say(worker, "the aggregator has %" G_GUINT64_FORMAT " bytes; the rest is sent", offset);
        int status = send_once(worker, result, offset, &reason, &failure);
        if (status == 200)
            return true;
        if (status == 409) {
            say(worker, "the aggregator has the result already: %s", reason);
            return true;
        }
        if (!failure)
            failure = g_error_new(BASE_ERROR, BASE_ERROR_FAILED, "the aggregator answered with status %d: %s", status,
                                  reason);
        bool may_pass = status == 0 || status >= 500 || status == 416;
        if (cancel_is_set(worker->cancel))
            end = MIN(end, g_get_monotonic_time() + (gint64)LAST_SECONDS * G_USEC_PER_SEC);
        if (!may_pass || g_get_monotonic_time() > end) {
            g_propagate_prefixed_error(error, g_steal_pointer(&failure), "the result cannot be sent: ");
            return false;
        }
        say(worker, "the result could not be sent, it will be again: %s", failure->message);
        g_usleep((gulong)http_backoff(attempt, 1000, 30000));
    }
}

static bool send_path(const Worker *worker, const char *path, GError **error) {
    Result result = {.fd = -1};
    g_autoptr(GError) failure = NULL;
    for (size_t i = 0; i < 4; i++)
        g_snprintf(result.id + 8 * i, 9, "%08x", g_random_int());
    bool opened = open_result(worker, path, &result, &failure);
    if (opened) {
        say(worker, "sending %s, %" G_GUINT64_FORMAT " bytes", path, result.size);
    } else {
        say(worker, "there is no result to send: %s", failure->message);
        if (result.fd >= 0)
            close(result.fd);
        result.fd = -1;
        opened = open_failure(failure, &result, error);
    }
    bool sent = opened && send_result(worker, &result, error);
    if (result.fd >= 0)
        close(result.fd);
    g_free(result.name);
    return sent;
}

/* --- all of it --------------------------------------------------------------------------------------- */

static HttpClient *aggregator_client(const WorkerOptions *options, GError **error) {
    g_autoptr(GBytes) ca = g_bytes_new(options->ca, strlen(options->ca));
    g_autoptr(GBytes) certificate = g_bytes_new(options->certificate, strlen(options->certificate));
    g_autoptr(GBytes) key = g_bytes_new(options->key, strlen(options->key));
    HttpConfig config = {.user_agent = "sonobuoy/" SEAWORTHY_VERSION,
                         .ca_pem = ca,
                         .client_cert_pem = certificate,
                         .client_key_pem = key,
                         .proxy_url = ""};
    return http_client_new(&config, error);
}

/* To look at the own pod with; NULL where there is no account for it. */
static KubeClient *pod_client(const Worker *worker) {
    const WorkerOptions *options = worker->options;
    KubeConfigOptions where = {0};
    KubeConfig *config =
        options->namespace_ && options->pod && options->container ? kube_config_load(&where, NULL) : NULL;
    KubeClientOptions client = {.user_agent = "sonobuoy/" SEAWORTHY_VERSION, .timeout_s = 10, .cancel = worker->cancel};
    return config ? kube_client_new(config, &client, NULL) : NULL;
}

bool worker_run(const WorkerOptions *options, Cancel *cancel, void (*line)(const char *line, void *data), void *data,
                GError **error) {
    Worker worker = {options, cancel, line, data, NULL, NULL};
    worker.http = aggregator_client(options, error);
    if (!worker.http)
        return false;
    worker.kube = pod_client(&worker);
    g_autofree char *url = worker_url(options, "progress");
    Relay *relay = NULL;
    g_autoptr(GError) failure = NULL;
    if (options->progress_port && !(relay = relay_start(options->progress_port, worker.http, url, &failure)))
        say(&worker, "progress is not passed on: %s", failure->message);
    g_autofree char *path = wait_for_result(&worker);
    bool sent = path && send_path(&worker, path, error);
    if (!path)
        g_set_error(error, BASE_ERROR, BASE_ERROR_CANCELLED,
                    "the pod was told to end, and there was no result in the %d s after that", LAST_SECONDS);
    relay_stop(relay);
    g_clear_pointer(&worker.kube, kube_client_free);
    http_client_unref(worker.http);
    return sent;
}
