/* What pods and nodes say of a plugin: where its pods are expected, and why one will not bring its result. */
#include "sonobuoy/driver.h"

#include "base/text.h"

#include <string.h>

enum {
    RESTARTS_MAX = 2,
    PATIENCE_SECONDS = 300,
    WORKER_SECONDS = 10, /* for a result that a worker sent just before it ended */
};

/* --- failing pods ---------------------------------------------------------------------------------- */

static char *unschedulable(yyjson_val *status) {
    size_t index, count;
    yyjson_val *condition;
    yyjson_arr_foreach(yyjson_obj_get(status, "conditions"), index, count, condition) {
        const char *message = json_get_string(condition, "message");
        if (g_strcmp0(json_get_string(condition, "reason"), "Unschedulable") == 0)
            return g_strdup_printf("Can't schedule pod: %s", message ? message : "no reason is given");
    }
    return NULL;
}

static bool is_ago(const char *time, gint64 now, gint64 seconds) {
    gint64 then;
    return time && time_parse(time, &then, NULL) && now - then > seconds * G_USEC_PER_SEC;
}

/* How long what a container that has ended may still be waited for. Without its worker a pod brings nothing, and one of
 * a pod that restarts nothing does not come back. */
static gint64 patience(yyjson_val *pod, const char *container) {
    bool stays_ended = g_strcmp0(json_get_string(pod, "spec", "restartPolicy"), "Never") == 0;
    return stays_ended && g_strcmp0(container, WORKER_CONTAINER) == 0 ? WORKER_SECONDS : PATIENCE_SECONDS;
}

static char *container_failure(yyjson_val *pod, yyjson_val *container, gint64 now) {
    const char *started = json_get_string(pod, "status", "startTime");
    const char *name = json_get_string(container, "name");
    gint64 restarts = json_int(json_get(container, "restartCount"), 0);
    if (restarts > RESTARTS_MAX)
        return g_strdup_printf("Container %s has restarted unsuccessfully %" G_GINT64_FORMAT " times", name, restarts);
    const char *waiting = json_get_string(container, "state", "waiting", "reason");
    if ((g_strcmp0(waiting, "ErrImagePull") == 0 || g_strcmp0(waiting, "ImagePullBackOff") == 0) &&
        is_ago(started, now, PATIENCE_SECONDS))
        return g_strdup_printf("Failed to pull image %s for container %s within 5m0s. Container is in state %s",
                               json_get_string(container, "image"), name, waiting);
    yyjson_val *ended = json_get(container, "state", "terminated");
    const char *reason = json_get_string(ended, "reason"), *message = json_get_string(ended, "message");
    if (ended && is_ago(json_get_string(ended, "finishedAt"), now, patience(pod, name)))
        return g_strdup_printf(
            "Container %s is in a terminated state (exit code %" G_GINT64_FORMAT ") due to reason: %s: %s", name,
            json_int(json_get(ended, "exitCode"), 0), reason ? reason : "", message ? message : "");
    return NULL;
}

/* Of a pod whose node is gone, or that was put out of it. */
static char *lost(yyjson_val *pod, yyjson_val *status) {
    const char *reason = json_get_string(status, "reason"), *message = json_get_string(status, "message");
    const char *node = json_get_string(pod, "spec", "nodeName");
    if (g_strcmp0(reason, "NodeLost") == 0)
        return g_strdup_printf("Node %s is lost, and the pod with it", node ? node : "?");
    if (g_strcmp0(json_get_string(status, "phase"), "Failed") == 0 && reason)
        return g_strdup_printf("Pod was put out of node %s: %s: %s", node ? node : "?", reason,
                               message ? message : "no more is said");
    return NULL;
}

char *driver_failure(yyjson_val *pod, gint64 now) {
    static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};
    yyjson_val *status = yyjson_obj_get(pod, "status"), *container;
    char *failure = unschedulable(status);
    if (!failure)
        failure = lost(pod, status);
    for (size_t i = 0; i < G_N_ELEMENTS(lists) && !failure; i++) {
        size_t index, count;
        yyjson_arr_foreach(yyjson_obj_get(status, lists[i]), index, count, container) {
            /* An init container that has done its work is no failure. */
            bool done = i == 0 && json_int(json_get(container, "state", "terminated", "exitCode"), -1) == 0;
            if (!failure && !done)
                failure = container_failure(pod, container, now);
        }
    }
    return failure;
}

/* --- expected nodes ------------------------------------------------------------------------------------ */

static bool labels_match(yyjson_mut_val *selector, yyjson_val *labels) {
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(selector);
    for (yyjson_mut_val *key; selector && (key = yyjson_mut_obj_iter_next(&iter));) {
        const char *value = yyjson_get_str(yyjson_obj_get(labels, yyjson_mut_get_str(key)));
        if (g_strcmp0(value, yyjson_mut_get_str(yyjson_mut_obj_iter_get_val(key))) != 0)
            return false;
    }
    return true;
}

static bool values_have(yyjson_mut_val *values, const char *text) {
    size_t index, count;
    yyjson_mut_val *value;
    yyjson_mut_arr_foreach(values, index, count, value) {
        if (g_strcmp0(yyjson_mut_get_str(value), text) == 0)
            return true;
    }
    return false;
}

/* Gt and Lt compare whole numbers. */
static bool number_matches(const char *label, yyjson_mut_val *values, bool greater) {
    const char *limit = yyjson_mut_get_str(yyjson_mut_arr_get_first(values));
    gint64 left, right;
    if (!label || !limit || !g_ascii_string_to_signed(label, 10, G_MININT64, G_MAXINT64, &left, NULL) ||
        !g_ascii_string_to_signed(limit, 10, G_MININT64, G_MAXINT64, &right, NULL))
        return false;
    return greater ? left > right : left < right;
}

static bool requirement_matches(yyjson_mut_val *requirement, const char *label) {
    const char *operator= json_mut_get_string(requirement, "operator");
    yyjson_mut_val *values = yyjson_mut_obj_get(requirement, "values");
    if (g_strcmp0(operator, "In") == 0)
        return label && values_have(values, label);
    if (g_strcmp0(operator, "NotIn") == 0)
        return !label || !values_have(values, label);
    if (g_strcmp0(operator, "Exists") == 0)
        return label != NULL;
    if (g_strcmp0(operator, "DoesNotExist") == 0)
        return !label;
    if (g_strcmp0(operator, "Gt") == 0 || g_strcmp0(operator, "Lt") == 0)
        return number_matches(label, values, *operator== 'G');
    return false;
}

/* A term with nothing in it takes no node. */
static bool term_matches(yyjson_mut_val *term, yyjson_val *node) {
    yyjson_mut_val *expressions = yyjson_mut_obj_get(term, "matchExpressions"),
                   *fields = yyjson_mut_obj_get(term, "matchFields"), *requirement;
    yyjson_val *labels = json_get(node, "metadata", "labels");
    size_t index, count;
    if (yyjson_mut_arr_size(expressions) + yyjson_mut_arr_size(fields) == 0)
        return false;
    yyjson_mut_arr_foreach(expressions, index, count, requirement) {
        const char *key = json_mut_get_string(requirement, "key");
        if (!key || !requirement_matches(requirement, yyjson_get_str(yyjson_obj_get(labels, key))))
            return false;
    }
    yyjson_mut_arr_foreach(fields, index, count, requirement) {
        if (g_strcmp0(json_mut_get_string(requirement, "key"), "metadata.name") != 0 ||
            !requirement_matches(requirement, json_get_string(node, "metadata", "name")))
            return false;
    }
    return true;
}

static bool affinity_matches(yyjson_mut_val *spec, yyjson_val *node) {
    yyjson_mut_val *required =
                       json_mut_get(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"),
                   *term;
    size_t index, count;
    if (!required || yyjson_mut_is_null(required))
        return true;
    yyjson_mut_arr_foreach(yyjson_mut_obj_get(required, "nodeSelectorTerms"), index, count, term) {
        if (term_matches(term, node))
            return true;
    }
    return false;
}

/* Whether the toleration takes the taint (kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration). */
static bool tolerates(yyjson_mut_val *toleration, yyjson_val *taint) {
    const char *key = json_mut_get_string(toleration, "key"), *effect = json_mut_get_string(toleration, "effect");
    const char *operator= json_mut_get_string(toleration, "operator"),
               *value = json_mut_get_string(toleration, "value");
    if (effect && *effect && g_strcmp0(effect, json_get_string(taint, "effect")) != 0)
        return false;
    if (key && *key && g_strcmp0(key, json_get_string(taint, "key")) != 0)
        return false;
    if (g_strcmp0(operator, "Exists") == 0)
        return true;
    const char *wanted = json_get_string(taint, "value");
    return key && *key && g_strcmp0(value ? value : "", wanted ? wanted : "") == 0;
}

/* Taints that the DaemonSet controller makes its pods tolerate come and go; they do not count. */
static bool comes_and_goes(const char *key) {
    return key && g_str_has_prefix(key, "node.kubernetes.io/");
}

static bool taints_are_tolerated(yyjson_mut_val *spec, yyjson_val *node) {
    size_t index, count, each, number;
    yyjson_val *taint;
    yyjson_mut_val *toleration;
    yyjson_arr_foreach(json_get(node, "spec", "taints"), index, count, taint) {
        bool taken = comes_and_goes(json_get_string(taint, "key")) ||
                     g_strcmp0(json_get_string(taint, "effect"), "PreferNoSchedule") == 0;
        yyjson_mut_arr_foreach(yyjson_mut_obj_get(spec, "tolerations"), each, number, toleration) {
            taken = taken || tolerates(toleration, taint);
        }
        if (!taken)
            return false;
    }
    return true;
}

GStrv driver_expected_nodes(const Plugin *plugin, yyjson_val *nodes) {
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    /* Without a pod spec of its own a DaemonSet tolerates everything. */
    yyjson_mut_val *spec = plugin->pod_spec;
    size_t index, count;
    yyjson_val *node;
    yyjson_arr_foreach(nodes, index, count, node) {
        const char *name = json_get_string(node, "metadata", "name");
        bool expected =
            !spec || (labels_match(yyjson_mut_obj_get(spec, "nodeSelector"), json_get(node, "metadata", "labels")) &&
                      affinity_matches(spec, node) && taints_are_tolerated(spec, node));
        if (name && expected)
            g_strv_builder_add(names, name);
    }
    return g_strv_builder_end(names);
}
