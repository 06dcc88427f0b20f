#include "sonobuoy/observe.h"

#include "base/text.h"
#include "kube/list.h"
#include "kube/object.h"
#include "kube/watch.h"
#include "sonobuoy/labels.h"
#include "sonobuoy/manifest.h"
#include "sonobuoy/resources.h"

#include <string.h>

enum { NOTES_MAX = 20, CHANGE_SECONDS = 5, EVENT_MINUTES = 10 };

typedef struct {
    RunView *view;
    gint64 now;
} Observing;

static void note(RunView *view, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(RunView *view, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (view->notes->len >= NOTES_MAX) {
        g_free(text);
        return;
    }
    for (guint i = 0; i < view->notes->len; i++) {
        if (g_str_equal(view->notes->pdata[i], text)) {
            g_free(text);
            return;
        }
    }
    g_ptr_array_add(view->notes, text);
}

static bool is_one_of(const char *text, const char *const *texts) {
    return text && g_strv_contains(texts, text);
}

static gint64 age(const Observing *observing, const char *time) {
    gint64 then;
    return time && time_parse(time, &then, NULL) ? observing->now - then : 0;
}

/* --- one pod -------------------------------------------------------------------------------------------- */

static const char *const starting[] = {"ContainerCreating", "PodInitializing", NULL};
/* Nothing but another definition mends these. */
static const char *const hopeless[] = {"InvalidImageName", "ErrImageNeverPull", NULL};
static const char *const pulling[] = {"ErrImagePull", "ImagePullBackOff", NULL};

static const char *or_nothing(const char *text) {
    return text && *text ? text : "no reason is given";
}

typedef enum { NO_TROUBLE, MAY_PASS, STAYS } Trouble;

/* What a container waits for or ended by; whether that is trouble. */
static Trouble container_note(const Observing *observing, const char *pod, yyjson_val *container) {
    const char *name = json_get_string(container, "name"), *image = json_get_string(container, "image");
    yyjson_val *waiting = json_get(container, "state", "waiting"), *ended = json_get(container, "state", "terminated");
    if (!ended)
        ended = json_get(container, "lastState", "terminated");
    const char *reason = json_get_string(waiting, "reason"), *message = json_get_string(waiting, "message");
    gint64 code = json_int(json_get(ended, "exitCode"), 0);
    if (ended && code != 0)
        note(observing->view, "pod %s: container %s ended with exit code %" G_GINT64_FORMAT " (%s)", pod, name, code,
             or_nothing(json_get_string(ended, "reason")));
    if (!waiting || !reason || is_one_of(reason, starting))
        return NO_TROUBLE;
    bool pulls = is_one_of(reason, pulling);
    note(observing->view, "pod %s: container %s waits: %s: %s%s%s", pod, name, reason, or_nothing(message),
         pulls && image ? "; image " : "", pulls && image ? image : "");
    return is_one_of(reason, hopeless) ? STAYS : pulls ? MAY_PASS : NO_TROUBLE;
}

/* Notes what holds a pod up; whether that is trouble. */
static Trouble pod_note(const Observing *observing, yyjson_val *pod) {
    static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};
    const char *name = json_get_string(pod, "metadata", "name");
    yyjson_val *status = yyjson_obj_get(pod, "status"), *condition, *container;
    size_t index, count;
    Trouble trouble = NO_TROUBLE;
    yyjson_arr_foreach(yyjson_obj_get(status, "conditions"), index, count, condition) {
        if (g_strcmp0(json_get_string(condition, "reason"), "Unschedulable") == 0)
            note(observing->view, "pod %s waits for a node that takes it: %s", name,
                 or_nothing(json_get_string(condition, "message")));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        yyjson_arr_foreach(yyjson_obj_get(status, lists[i]), index, count, container) {
            trouble = MAX(trouble, container_note(observing, name, container));
        }
    }
    const char *reason = json_get_string(status, "reason");
    if (reason && g_strcmp0(json_get_string(status, "phase"), "Failed") == 0)
        note(observing->view, "pod %s was put out of node %s: %s: %s", name, json_get_string(pod, "spec", "nodeName"),
             reason, or_nothing(json_get_string(status, "message")));
    return trouble;
}

static void take_aggregator(Observing *observing, yyjson_val *pod, Trouble trouble) {
    RunView *view = observing->view;
    const char *phase = json_get_string(pod, "status", "phase");
    const char *text = json_get_string(json_get(pod, "metadata", "annotations"), STATUS_ANNOTATION);
    g_autoptr(GError) failure = NULL;
    g_free(view->pod);
    view->pod = g_strdup(json_get_string(pod, "metadata", "name"));
    g_free(view->resource_version);
    view->resource_version = g_strdup(json_get_string(pod, "metadata", "resourceVersion"));
    view->may_pass = trouble == MAY_PASS;
    view->state = trouble                                      ? VIEW_TROUBLED
                  : g_strcmp0(phase, "Running") == 0           ? VIEW_RUNNING
                  : g_strcmp0(phase, "Pending") == 0 || !phase ? VIEW_STARTING
                                                               : VIEW_ENDED;
    g_clear_pointer(&view->status, run_status_free);
    view->status = text ? run_status_parse(text, strlen(text), &failure) : NULL;
    if (failure)
        note(view, "pod %s has a status that cannot be read: %s", view->pod, failure->message);
    const char *node = json_get_string(pod, "spec", "nodeName");
    if (view->state == VIEW_STARTING && view->notes->len == 0 && node)
        note(view, "pod %s is being started on node %s", view->pod, node);
    else if (view->state == VIEW_STARTING && view->notes->len == 0)
        note(view, "pod %s waits for the scheduler", view->pod);
    if (yyjson_obj_get(yyjson_obj_get(pod, "metadata"), "deletionTimestamp"))
        note(view, "pod %s is being deleted", view->pod);
}

static bool is_aggregator(yyjson_val *pod) {
    return g_strcmp0(json_get_string(pod, "metadata", "name"), AGGREGATOR_POD) == 0 ||
           g_strcmp0(json_get_string(pod, "metadata", "labels", LABEL_PART), PART_AGGREGATOR) == 0;
}

static bool take_pods(yyjson_val *pods, size_t bytes, void *data, GError **error) {
    Observing *observing = data;
    size_t index, count;
    yyjson_val *pod;
    yyjson_arr_foreach(pods, index, count, pod) {
        bool ending = json_get(pod, "metadata", "deletionTimestamp");
        Trouble trouble = ending ? NO_TROUBLE : pod_note(observing, pod);
        if (is_aggregator(pod))
            take_aggregator(observing, pod, trouble);
    }
    return true;
}

/* --- events: what is refused before there is a pod, and what only they tell -------------------------------- */

static bool take_events(yyjson_val *events, size_t bytes, void *data, GError **error) {
    static const char *const telling[] = {"FailedCreate", "FailedMount", "FailedCreatePodSandBox", "Evicted", NULL};
    Observing *observing = data;
    size_t index, count;
    yyjson_val *event;
    yyjson_arr_foreach(events, index, count, event) {
        const char *reason = json_get_string(event, "reason"), *last = json_get_string(event, "lastTimestamp");
        if (!is_one_of(reason, telling) ||
            age(observing, last ? last : json_get_string(event, "eventTime")) > EVENT_MINUTES * 60 * G_USEC_PER_SEC)
            continue;
        yyjson_val *about = yyjson_obj_get(event, "involvedObject");
        const char *kind = json_get_string(about, "kind");
        g_autofree char *lower = g_ascii_strdown(kind ? kind : "object", -1);
        note(observing->view, "%s %s: %s: %s", lower, json_get_string(about, "name"), reason,
             or_nothing(json_get_string(event, "message")));
    }
    return true;
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

bool observe_run(KubeClient *client, const char *namespace_, RunView *out, GError **error) {
    Observing observing = {out, g_get_real_time()};
    out->notes = g_ptr_array_new_with_free_func(g_free);
    KubeListQuery pods = {.resource = &resource_pods, .namespace_ = namespace_, .label_selector = RUN_LABEL};
    g_auto(KubeListResult) listed = {0};
    if (!kube_list(client, &pods, take_pods, &observing, &listed, error))
        return false;
    bool done = out->status && (out->status->phase == RUN_COMPLETE || out->status->phase == RUN_FAILED);
    if (out->state == VIEW_ABSENT || done)
        return true;
    KubeListQuery events = {.resource = &resource_events, .namespace_ = namespace_, .field_selector = "type=Warning"};
    g_auto(KubeListResult) told = {0};
    g_autoptr(GError) failure = NULL;
    if (!kube_list(client, &events, take_events, &observing, &told, &failure) &&
        !g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORBIDDEN)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    return true;
}

void run_view_clear(RunView *view) {
    g_clear_pointer(&view->status, run_status_free);
    g_clear_pointer(&view->notes, g_ptr_array_unref);
    g_clear_pointer(&view->pod, g_free);
    g_clear_pointer(&view->resource_version, g_free);
    view->state = VIEW_ABSENT;
}

bool observe_change(KubeClient *client, const char *namespace_, const RunView *since, GError **error) {
    return kube_watch_object(client, &resource_pods, namespace_, since->pod ? since->pod : AGGREGATOR_POD,
                             since->resource_version, CHANGE_SECONDS, kube_client_cancel(client), error);
}
