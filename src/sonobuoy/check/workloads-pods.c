/* Pods that do not run as they should, and why. */
#include "sonobuoy/check/areas.h"
#include "sonobuoy/check/workload.h"

#include <string.h>

enum { RECENT_MINUTES = 60 };

/* Called for each container's status; `init`: of an init container. */
typedef void (*StatusFunc)(Snapshot *snapshot, CheckResult *result, yyjson_val *pod, yyjson_val *status);

static void each_status(Snapshot *snapshot, CheckResult *result, StatusFunc func) {
    static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    for (guint i = 0; i < pods->len; i++)
        for (size_t j = 0; j < G_N_ELEMENTS(lists); j++) {
            size_t index, count;
            yyjson_val *status;
            yyjson_arr_foreach(json_get(pods->pdata[i], "status", lists[j]), index, count, status) {
                func(snapshot, result, pods->pdata[i], status);
            }
        }
    check_summary(result, "%u pods", pods->len);
}

static const char *waiting_reason(yyjson_val *status) {
    const char *reason = json_get_string(status, "state", "waiting", "reason");
    return reason ? reason : "";
}

static yyjson_val *last_end(yyjson_val *status) {
    yyjson_val *now = json_get(status, "state", "terminated");
    return now ? now : json_get(status, "lastState", "terminated");
}

/* --- crashes ------------------------------------------------------------------------------------------------ */

static const char *meaning_of(gint64 code) {
    switch (code) {
    case 0: return " (it ended well, but is meant to run on)";
    case 126: return " (its command cannot be run)";
    case 127: return " (its command is not in the image)";
    case 134: return " (it aborted)";
    case 137: return " (it was killed: by its probe, the node, or for memory)";
    case 139: return " (it crashed: SIGSEGV)";
    case 143: return " (it was told to end)";
    default: return "";
    }
}

static void look_at_crash(Snapshot *snapshot, CheckResult *result, yyjson_val *pod, yyjson_val *status) {
    gint64 restarts = json_int(json_get(status, "restartCount"), 0);
    yyjson_val *end = last_end(status);
    gint64 code = json_int(json_get(end, "exitCode"), -1),
           minutes = minutes_since(snapshot, json_get_string(end, "finishedAt"));
    const char *name = json_get_string(status, "name");
    bool looping = g_str_equal(waiting_reason(status), "CrashLoopBackOff");
    if (!looping && (restarts <= result->config->restarts || minutes < 0 || minutes > RECENT_MINUTES))
        return;
    g_autofree char *object = check_object("Pod", pod);
    if (looping)
        check_fail(result, object,
                   "container %s ends again and again: %" G_GINT64_FORMAT " restarts, exit code %" G_GINT64_FORMAT "%s",
                   name, restarts, code, meaning_of(code));
    else
        check_warn(result, object,
                   "container %s was started again %" G_GINT64_FORMAT " times, last %" G_GINT64_FORMAT
                   " min ago, exit code %" G_GINT64_FORMAT "%s",
                   name, restarts, minutes, code, meaning_of(code));
    check_advise(result, "kubectl logs -n %s %s -c %s --previous", namespace_of(pod), name_of(pod), name);
}

void check_pods_crash(Snapshot *snapshot, CheckResult *result) {
    each_status(snapshot, result, look_at_crash);
}

static void look_at_memory(Snapshot *snapshot, CheckResult *result, yyjson_val *pod, yyjson_val *status) {
    yyjson_val *end = last_end(status);
    gint64 minutes = minutes_since(snapshot, json_get_string(end, "finishedAt"));
    if (g_strcmp0(json_get_string(end, "reason"), "OOMKilled") != 0)
        return;
    size_t index, count;
    yyjson_val *container, *limit = NULL;
    yyjson_arr_foreach(json_get(pod, "spec", "containers"), index, count, container) {
        if (g_strcmp0(json_get_string(container, "name"), json_get_string(status, "name")) == 0)
            limit = json_get(container, "resources", "limits", "memory");
    }
    g_autofree char *object = check_object("Pod", pod);
    const char *name = json_get_string(status, "name");
    g_autofree char *bound = limit ? g_strdup_printf("of more than its limit %s", yyjson_get_str(limit))
                                   : g_strdup("on a node that had no more; it has no limit");
    if (minutes >= 0 && minutes <= RECENT_MINUTES)
        check_fail(result, object, "container %s was killed %" G_GINT64_FORMAT " min ago for want of memory, %s", name,
                   minutes, bound);
    else
        check_warn(result, object, "container %s was once killed for want of memory, %s", name, bound);
    if (!limit)
        check_advise(result, "Give its container a memory request and limit, so that the scheduler finds it a node "
                             "with room.");
}

void check_pods_memory(Snapshot *snapshot, CheckResult *result) {
    each_status(snapshot, result, look_at_memory);
}

/* --- images ---------------------------------------------------------------------------------------------------- */

static const char *image_advice(const char *reason, const char *message) {
    static const struct {
        const char *words[6]; /* any of them, in lower case */
        const char *advice;
    } causes[] = {
        {{"toomanyrequests", "429", "rate limit", NULL},
         "The registry limits how often it is asked: pull with an account (imagePullSecrets), or by a mirror."},
        {{"x509", "certificate", "tls:", NULL},
         "The node does not trust the registry's certificate: add its authority to the node's runtime."},
        {{"unauthorized", "denied", "authentication required", "no basic auth", "403 forbidden", NULL},
         "The registry wants an account, or the image is not there: look at imagePullSecrets of the pod and of its "
         "ServiceAccount."},
        {{"i/o timeout", "no such host", "connection refused", "deadline exceeded", "network is unreachable", NULL},
         "The node does not reach the registry: look at its DNS, proxy and firewall."},
        {{"not found", "manifest unknown", "does not exist", NULL},
         "There is no such image or tag: look at its name, and whether it has been pushed for this architecture."},
    };
    if (g_str_equal(reason, "InvalidImageName"))
        return "The name cannot be parsed: look at the image's name for capitals, spaces and slashes.";
    if (g_str_equal(reason, "ErrImageNeverPull"))
        return "imagePullPolicy is Never and the node has no such image: load it there, or set IfNotPresent.";
    g_autofree char *lower = g_ascii_strdown(message, -1);
    for (size_t i = 0; i < G_N_ELEMENTS(causes); i++)
        for (const char *const *word = causes[i].words; *word; word++)
            if (strstr(lower, *word))
                return causes[i].advice;
    return NULL;
}

static void look_at_image(Snapshot *snapshot, CheckResult *result, yyjson_val *pod, yyjson_val *status) {
    static const char *const reasons[] = {"ImagePullBackOff",
                                          "ErrImagePull",
                                          "InvalidImageName",
                                          "ErrImageNeverPull",
                                          "ImageInspectError",
                                          "RegistryUnavailable",
                                          NULL};
    static const char *const events[] = {"Failed", NULL};
    const char *reason = waiting_reason(status), *message = json_get_string(status, "state", "waiting", "message"),
               *image = json_get_string(status, "image");
    if (!g_strv_contains(reasons, reason))
        return;
    /* That a pull is held back says nothing of why it failed: an event does. */
    yyjson_val *event = workload_event_of(snapshot, "Pod", pod, events);
    const char *said = json_get_string(event, "message");
    if (said && (!message || g_str_has_prefix(message, "Back-off")))
        message = said;
    message = message ? message : "";
    g_autofree char *object = check_object("Pod", pod);
    check_fail(result, object, "container %s, image %s: %s: %s", json_get_string(status, "name"), image, reason,
               message);
    const char *advice = image_advice(reason, message);
    if (advice)
        check_advise(result, "%s", advice);
}

void check_pods_images(Snapshot *snapshot, CheckResult *result) {
    each_status(snapshot, result, look_at_image);
}

/* --- scheduling ------------------------------------------------------------------------------------------------ */

/* The cause that keeps most nodes away, of "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had ... ." */
char *unschedulable_cause(const char *message) {
    const char *list = strstr(message, "available: ");
    if (!list)
        return NULL;
    list += strlen("available: ");
    const char *end = strstr(list, ". preemption:");
    g_autofree char *text = end ? g_strndup(list, (gsize)(end - list)) : g_strdup(list);
    g_auto(GStrv) parts = g_strsplit(text, ", ", 64);
    char *worst = NULL;
    guint64 most = 0;
    for (char **part = parts; *part; part++) {
        char *rest;
        guint64 nodes = g_ascii_strtoull(*part, &rest, 10);
        bool counted = rest != *part && *rest == ' ';
        const char *cause = counted ? rest + 1 : *part;
        if (worst && (!counted || nodes <= most))
            continue;
        g_free(worst);
        worst = g_strdup(cause);
        most = nodes;
    }
    if (worst && g_str_has_suffix(worst, "."))
        worst[strlen(worst) - 1] = '\0';
    return worst;
}

const char *unschedulable_advice(const char *cause) {
    static const struct {
        const char *word, *advice;
    } causes[] = {
        {"Insufficient", "Lower the pod's requests, free room (kubectl describe nodes: Allocated resources), or add "
                         "nodes."},
        {"Too many pods", "The nodes have as many pods as they may: add nodes, or raise the kubelet's maxPods."},
        {"untolerated taint", "Let the pod tolerate the taint, or take it off: kubectl taint nodes NODE KEY-"},
        {"unschedulable", "Nodes are cordoned: kubectl uncordon NODE (SB-NODE-03)."},
        {"node affinity/selector", "No node has the labels that the pod's nodeSelector or affinity asks for: kubectl "
                                   "get nodes --show-labels"},
        {"unbound immediate PersistentVolumeClaims", "Its claim is not bound: see SB-STOR-05."},
        {"persistentvolumeclaim", "Its claim is not there: kubectl get pvc, and the name in the pod's volumes."},
        {"volume node affinity conflict", "Its volume is bound to a node or zone where the pod cannot be: see the "
                                          "volume's nodeAffinity."},
        {"exceed max volume count", "The nodes have as many volumes as they may: see SB-STOR-04."},
        {"free ports", "Its hostPort is taken on each node: use a Service, or another port."},
        {"anti-affinity", "Its anti-affinity keeps it from every node that is left: add nodes, or prefer in place of "
                          "require."},
        {"affinity rules", "No node has the pods that its affinity asks for."},
        {"topology spread",
         "Its topologySpreadConstraints cannot be met: add nodes to the zones that lack them, or use "
         "ScheduleAnyway."},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(causes); i++)
        if (strstr(cause, causes[i].word))
            return causes[i].advice;
    return NULL;
}

void check_pods_unschedulable(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    for (guint i = 0; i < pods->len; i++) {
        yyjson_val *pod = pods->pdata[i], *scheduled = condition_of(pod, "PodScheduled");
        const char *message = json_get_string(scheduled, "message");
        if (g_strcmp0(json_get_string(scheduled, "reason"), "Unschedulable") != 0 ||
            g_strcmp0(json_get_string(scheduled, "status"), "False") != 0)
            continue;
        g_autofree char *object = check_object("Pod", pod), *cause = message ? unschedulable_cause(message) : NULL;
        gint64 minutes = minutes_since(snapshot, json_get_string(scheduled, "lastTransitionTime"));
        check_fail(result, object, "no node takes it, for %" G_GINT64_FORMAT " min: %s", MAX(minutes, 0),
                   message ? message : "no reason is given");
        const char *advice = cause || message ? unschedulable_advice(cause ? cause : message) : NULL;
        if (advice)
            check_advise(result, "%s", advice);
    }
    check_summary(result, "%u pods", pods->len);
}

/* --- evicted, stuck on their way -----------------------------------------------------------------------------------
 */

/* What the pod waits for; NULL where it is no container that waits. */
static yyjson_val *waiting_container(yyjson_val *pod) {
    static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};
    size_t index, count;
    yyjson_val *status;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        yyjson_arr_foreach(json_get(pod, "status", lists[i]), index, count, status) {
            bool running_init =
                i == 0 && json_get(status, "state", "running") && !yyjson_get_bool(json_get(status, "ready"));
            const char *reason = waiting_reason(status);
            if (running_init || (*reason && !strstr(reason, "Image") && !g_str_equal(reason, "CrashLoopBackOff") &&
                                 !g_str_equal(reason, "PodInitializing")))
                return status;
        }
    return NULL;
}

static void look_at_start(Snapshot *snapshot, CheckResult *result, yyjson_val *pod) {
    static const char *const events[] = {"FailedCreatePodSandBox", "FailedMount", "FailedAttachVolume",
                                         "NetworkNotReady",        "Failed",      NULL};
    yyjson_val *status = waiting_container(pod);
    const char *reason = status ? waiting_reason(status) : "", *name = json_get_string(status, "name");
    bool config = g_str_equal(reason, "CreateContainerConfigError") || g_str_equal(reason, "CreateContainerError") ||
                  g_str_equal(reason, "RunContainerError");
    gint64 minutes = minutes_since(snapshot, json_get_string(condition_of(pod, "PodScheduled"), "lastTransitionTime"));
    if (!status || (!config && minutes < result->config->stuck_minutes))
        return;
    g_autofree char *object = check_object("Pod", pod);
    yyjson_val *event = workload_event_of(snapshot, "Pod", pod, events);
    const char *message = json_get_string(status, "state", "waiting", "message");
    message = message ? message : json_get_string(event, "message");
    if (*reason)
        check_fail(result, object, "container %s has not started, for %" G_GINT64_FORMAT " min: %s%s%s", name,
                   MAX(minutes, 0), reason, message ? ": " : "", message ? message : "");
    else
        check_warn(result, object, "init container %s has run for %" G_GINT64_FORMAT " min: the others wait for it",
                   name, MAX(minutes, 0));
    if (config)
        check_advise(result,
                     "A ConfigMap, Secret or key that the container names is not there, or its command cannot "
                     "be run: kubectl describe pod -n %s %s",
                     namespace_of(pod), name_of(pod));
    else if (!*reason)
        check_advise(result, "kubectl logs -n %s %s -c %s", namespace_of(pod), name_of(pod), name);
}

void check_pods_stuck(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    for (guint i = 0; i < pods->len; i++)
        if (g_strcmp0(json_get_string(pods->pdata[i], "status", "phase"), "Pending") == 0 &&
            json_get_string(pods->pdata[i], "spec", "nodeName"))
            look_at_start(snapshot, result, pods->pdata[i]);
    check_summary(result, "%u pods", pods->len);
}

/* --- running, and not ready ----------------------------------------------------------------------------------------
 */

/* Whether somebody else counts the pod's readiness: SB-WORK-01 to SB-WORK-03; or nobody needs it. */
static bool is_counted(const char *workload) {
    static const char *const kinds[] = {"Deployment ", "StatefulSet ", "DaemonSet ", "Job ", "CronJob "};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_prefix(workload, kinds[i]))
            return true;
    return false;
}

/* The first container that runs and is not ready; "" where all are, and a gate of the pod is not; NULL where one does
 * not run, which other checks tell of. */
static const char *unready_container(yyjson_val *pod) {
    size_t index, count;
    yyjson_val *status;
    const char *name = "";
    yyjson_arr_foreach(json_get(pod, "status", "containerStatuses"), index, count, status) {
        if (*waiting_reason(status) || json_get(status, "state", "terminated"))
            return NULL;
        if (!*name && !yyjson_get_bool(json_get(status, "ready")))
            name = json_get_string(status, "name");
    }
    return name;
}

static void look_at_ready(const Snapshot *snapshot, CheckResult *result, yyjson_val *pod) {
    const char *since = json_get_string(condition_of(pod, "Ready"), "lastTransitionTime"),
               *container = unready_container(pod);
    gint64 minutes = since ? minutes_since(snapshot, since) : 0;
    g_autofree char *workload = workload_of_pod(pod);
    if (!container || is_counted(workload) || minutes < result->config->stuck_minutes)
        return;
    g_autofree char *object = check_object("Pod", pod);
    check_warn(result, object, "it runs and is not ready, for %" G_GINT64_FORMAT " min: %s%s", minutes,
               *container ? "container " : "a readiness gate of it", container);
    if (*container)
        check_advise(result,
                     "What does its readiness probe ask? kubectl describe pod -n %s %s; kubectl logs -n %s %s -c %s",
                     namespace_of(pod), name_of(pod), namespace_of(pod), name_of(pod), container);
}

void check_pods_ready(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    for (guint i = 0; i < pods->len; i++)
        if (g_strcmp0(condition_status(pods->pdata[i], "Ready"), "False") == 0 &&
            g_strcmp0(json_get_string(pods->pdata[i], "status", "phase"), "Running") == 0 &&
            !json_get(pods->pdata[i], "metadata", "deletionTimestamp"))
            look_at_ready(snapshot, result, pods->pdata[i]);
    check_summary(result, "%u pods", pods->len);
}

void check_pods_evicted(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    g_autoptr(GHashTable) counts = workload_counts_new();
    GHashTableIter iter;
    gpointer value;
    for (guint i = 0; i < pods->len; i++) {
        const char *message = json_get_string(pods->pdata[i], "status", "message");
        if (g_strcmp0(json_get_string(pods->pdata[i], "status", "reason"), "Evicted") == 0)
            workload_counts_add(counts, pods->pdata[i], g_strdup(message ? message : "no reason is given"));
    }
    g_hash_table_iter_init(&iter, counts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const WorkloadCount *count = value;
        check_warn(result, count->workload, "pods that were evicted: %u; %s", count->pods, count->first);
    }
    check_summary(result, "%u pods", pods->len);
}
