/* The status of a run in the annotation of the aggregator's own pod. */
#include "sonobuoy/aggregator-internal.h"

#include "base/workers.h"
#include "sonobuoy/labels.h"

#include <stdatomic.h>
#include <string.h>

enum { LAST_STATUS_SECONDS = 1800 };

static void remember(const Run *run, yyjson_val *pod) {
    g_autoptr(GError) failure = NULL;
    const char *text = json_get_string(pod, "metadata", "annotations", STATUS_ANNOTATION);
    RunStatus *before = text ? run_status_parse(text, strlen(text), &failure) : NULL;
    if (failure)
        run_log(run->options->log, LOG_WARNING, "the status of before cannot be read: %s", failure->message);
    collection_remember(run->collection, before);
}

char *announce_find_pod(Run *run, GError **error) {
    g_autofree char *selector = http_escape(AGGREGATOR_LABEL, NULL);
    g_autofree char *path =
        g_strdup_printf("/api/v1/namespaces/%s/pods?labelSelector=%s", run->options->config->namespace_, selector);
    g_autoptr(yyjson_doc) doc = kube_client_get(run->options->client, path, error);
    if (!doc)
        return NULL;
    yyjson_val *items = json_get(yyjson_doc_get_root(doc), "items"), *pod, *own = NULL;
    const char *host = g_get_host_name();
    size_t index, count;
    yyjson_arr_foreach(items, index, count, pod) {
        const char *name = json_get_string(pod, "metadata", "name");
        if (!own || g_strcmp0(name, host) == 0)
            own = pod;
    }
    if (!own) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "there is no pod with the label " AGGREGATOR_LABEL " in the namespace %s",
                    run->options->config->namespace_);
        return NULL;
    }
    remember(run, own);
    run->pod_name = g_strdup(json_get_string(own, "metadata", "name"));
    return g_strdup(json_get_string(own, "metadata", "uid"));
}

static bool annotate(const Run *run, const char *status, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *metadata = json_mut_ensure_object(doc, root, "metadata");
    json_mut_set_string(doc, json_mut_ensure_object(doc, metadata, "annotations"), STATUS_ANNOTATION, status);
    size_t length;
    g_autofree char *body = json_mut_write(root, &length);
    g_autofree char *path =
        g_strdup_printf("/api/v1/namespaces/%s/pods/%s", run->options->config->namespace_, run->pod_name);
    KubeRequest request = {.method = "PATCH",
                           .path = path,
                           .content_type = "application/merge-patch+json",
                           .body = body,
                           .body_length = length};
    g_auto(HttpResponse) response = {0};
    if (kube_client_request(run->options->client, &request, &response, error))
        return true;
    g_prefix_error(error, "the status cannot be written to pod %s: ", run->pod_name);
    return false;
}

/* --- all along ------------------------------------------------------------------------------------------ */

struct Announcer {
    const Run *run;
    Workers *worker;
    atomic_bool ending;
};

/* One try; what fails is told to the log. */
static bool try_once(const Run *run, const char *text) {
    g_autoptr(GError) failure = NULL;
    bool written = annotate(run, text, &failure);
    if (!written)
        run_log(run->options->log, LOG_WARNING, "%s", failure->message);
    return written;
}

static void keep_announced(unsigned index, void *data) {
    Announcer *announcer = data;
    guint64 change = 0;
    while (!atomic_load(&announcer->ending)) {
        g_autofree char *text = collection_status_text(announcer->run->collection, &change);
        if (text && !try_once(announcer->run, text))
            change = 0; /* it is tried again */
        g_usleep(G_USEC_PER_SEC);
    }
}

Announcer *announce_start(Run *run) {
    Announcer *announcer = g_new0(Announcer, 1);
    announcer->run = run;
    announcer->worker = workers_start(1, "status", keep_announced, announcer);
    return announcer;
}

void announce_once(const Run *run, const char *status) {
    gint64 give_up = g_get_monotonic_time() + (gint64)LAST_STATUS_SECONDS * G_USEC_PER_SEC;
    while (!try_once(run, status) && g_get_monotonic_time() < give_up && !cancel_is_set(run->options->cancel))
        g_usleep(G_USEC_PER_SEC);
}

void announce_stop(Announcer *announcer) {
    guint64 change = 0;
    atomic_store(&announcer->ending, true);
    workers_join(announcer->worker);
    g_autofree char *text = collection_status_text(announcer->run->collection, &change);
    announce_once(announcer->run, text);
    g_free(announcer);
}
