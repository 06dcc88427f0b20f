/* Nodes, as their objects and Leases have them. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

#include <string.h>

enum { BEAT_SECONDS = 40 };

static bool is_ready(yyjson_val *node) {
    return g_strcmp0(condition_status(node, "Ready"), "True") == 0;
}

void check_nodes_ready(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    for (guint i = 0; i < nodes->len; i++) {
        yyjson_val *ready = condition_of(nodes->pdata[i], "Ready");
        if (is_ready(nodes->pdata[i]))
            continue;
        g_autofree char *object = check_object("Node", nodes->pdata[i]), *text = condition_text(ready);
        gint64 minutes = minutes_since(snapshot, json_get_string(ready, "lastTransitionTime"));
        const char *status = json_get_string(ready, "status"), *name = name_of(nodes->pdata[i]);
        if (minutes >= 0)
            check_fail(result, object, "Ready is %s for %" G_GINT64_FORMAT " min: %s", status ? status : "not said",
                       minutes, text);
        else
            check_fail(result, object, "it has no condition Ready: no kubelet ever reported for it");
        if (strstr(text, "cni") || strstr(text, "network plugin"))
            check_advise(result,
                         "The network plug-in's pod on %s does not work: kubectl -n kube-system get pods -o wide "
                         "--field-selector spec.nodeName=%s, and its logs.",
                         name, name);
        else if (g_strcmp0(status, "Unknown") == 0)
            check_advise(result,
                         "Is %s up, and does it reach the API server? There: systemctl status kubelet, "
                         "journalctl -u kubelet.",
                         name);
    }
    check_summary(result, "%u nodes", nodes->len);
    if (!nodes->len)
        check_warn(result, NULL, "the cluster has no nodes: nothing can run in it");
}

/* --- heartbeats -------------------------------------------------------------------------------------------- */

void check_nodes_beat(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    g_autoptr(GHashTable) leases = index_by_name(snapshot_list(snapshot, SNAPSHOT_LEASES)->items);
    gint64 least, most;
    server_clock(snapshot, &least, &most);
    gint64 now = snapshot_now(snapshot) + least; /* a little before the Leases were listed */
    guint beating = 0;
    for (guint i = 0; i < nodes->len; i++) {
        yyjson_val *node = nodes->pdata[i], *lease = index_find(leases, "kube-node-lease", name_of(node));
        const char *renewed = json_get_string(lease, "spec", "renewTime");
        gint64 then;
        if (!is_ready(node)) /* told of by SB-NODE-01 */
            continue;
        g_autofree char *object = check_object("Node", node);
        if (!renewed || !time_parse(renewed, &then, NULL)) {
            check_warn(result, object, "it is Ready, but there is no Lease kube-node-lease/%s", name_of(node));
            continue;
        }
        gint64 seconds = (now - then) / G_USEC_PER_SEC,
               limit = MAX(BEAT_SECONDS, json_int(json_get(lease, "spec", "leaseDurationSeconds"), 0));
        beating += seconds <= limit;
        if (seconds > limit)
            check_fail(result, object,
                       "it is Ready, but its Lease was last renewed %" G_GINT64_FORMAT
                       " s ago: its kubelet has stopped, is cut off or overloaded, or its clock is behind",
                       seconds);
    }
    check_summary(result, "%u nodes", beating);
}

/* --- pressure ------------------------------------------------------------------------------------------------ */

/* Of node-problem-detector: they are True where there is a problem. Other conditions may mean either. */
static const char *const problems[] = {"KernelDeadlock",
                                       "ReadonlyFilesystem",
                                       "CorruptDockerOverlay2",
                                       "FrequentKubeletRestart",
                                       "FrequentDockerRestart",
                                       "FrequentContainerdRestart",
                                       "FrequentUnregisterNetDevice",
                                       "KubeletUnhealthy",
                                       "ContainerRuntimeUnhealthy",
                                       "XfsShutdown",
                                       "CperHardwareErrorFatal",
                                       "DNSUnreachable",
                                       NULL};

void check_nodes_pressure(Snapshot *snapshot, CheckResult *result) {
    static const char *const types[] = {"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", NULL};
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    for (guint i = 0; i < nodes->len; i++) {
        size_t index, count;
        yyjson_val *condition;
        yyjson_arr_foreach(json_get(nodes->pdata[i], "status", "conditions"), index, count, condition) {
            const char *type = json_get_string(condition, "type");
            bool pressure = type && g_strv_contains(types, type), problem = type && g_strv_contains(problems, type);
            if ((!pressure && !problem) || g_strcmp0(json_get_string(condition, "status"), "True") != 0)
                continue;
            g_autofree char *object = check_object("Node", nodes->pdata[i]), *text = condition_text(condition);
            if (pressure)
                check_fail(result, object, "%s: %s", type, text);
            else
                check_warn(result, object, "%s: %s", type, text);
            if (g_str_equal(type, "NetworkUnavailable"))
                check_advise(result,
                             "The network plug-in or the cloud's routes do not serve this node: look at the "
                             "plug-in's pod on %s, and at the cloud controller manager.",
                             name_of(nodes->pdata[i]));
            else if (problem)
                check_advise(result,
                             "node-problem-detector saw it: kubectl describe node %s, and the node's own log "
                             "(journalctl -k).",
                             name_of(nodes->pdata[i]));
        }
    }
    check_summary(result, "%u nodes", nodes->len);
}

/* --- cordons and taints --------------------------------------------------------------------------------------- */

void check_nodes_cordoned(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    for (guint i = 0; i < nodes->len; i++) {
        if (!yyjson_get_bool(json_get(nodes->pdata[i], "spec", "unschedulable")))
            continue;
        g_autofree char *object = check_object("Node", nodes->pdata[i]);
        check_warn(result, object, "it is cordoned: nothing new is scheduled on it");
        check_advise(result, "When its maintenance is over: kubectl uncordon %s", name_of(nodes->pdata[i]));
    }
}

/* What a taint of a node tells of a fault; whether it keeps ordinary pods away. */
static bool check_taint(const Snapshot *snapshot, CheckResult *result, yyjson_val *node, yyjson_val *taint) {
    const char *key = json_get_string(taint, "key"), *effect = json_get_string(taint, "effect"), *name = name_of(node);
    g_autofree char *object = check_object("Node", node);
    gint64 minutes = minutes_since(snapshot, json_get_string(node, "metadata", "creationTimestamp")),
           since = minutes_since(snapshot, json_get_string(condition_of(node, "Ready"), "lastTransitionTime"));
    if (!key || !effect)
        return false;
    bool stuck = minutes >= result->config->stuck_minutes;
    if (g_str_equal(key, "node.cloudprovider.kubernetes.io/uninitialized")) {
        (stuck ? check_fail : check_warn)(
            result, object, "it waits for a cloud controller manager, %" G_GINT64_FORMAT " min old: taint %s", minutes,
            key);
        check_advise(result, "Deploy the cloud's controller manager, or look at its log; a kubelet without a cloud is "
                             "started without --cloud-provider=external.");
    } else if ((g_str_equal(key, "node.kubernetes.io/not-ready") ||
                g_str_equal(key, "node.kubernetes.io/unreachable")) &&
               is_ready(node) && since >= result->config->stuck_minutes) {
        check_fail(result, object, "it is Ready for %" G_GINT64_FORMAT " min and still has the taint %s", since, key);
        check_advise(result,
                     "The node lifecycle controller does not act: look at kube-controller-manager's log. To use "
                     "the node now: kubectl taint node %s %s:%s-",
                     name, key, effect);
    } else if (g_str_equal(key, "node.kubernetes.io/out-of-service")) {
        check_warn(result, object, "it is marked as out of service: its pods and volumes are taken from it by force");
        check_advise(result, "Once it is back: kubectl taint node %s %s:%s-", name, key, effect);
    }
    return !g_str_equal(effect, "PreferNoSchedule");
}

void check_nodes_taints(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    guint open = 0;
    for (guint i = 0; i < nodes->len; i++) {
        bool closed = yyjson_get_bool(json_get(nodes->pdata[i], "spec", "unschedulable"));
        size_t index, count;
        yyjson_val *taint;
        yyjson_arr_foreach(json_get(nodes->pdata[i], "spec", "taints"), index, count, taint) {
            closed |= check_taint(snapshot, result, nodes->pdata[i], taint);
        }
        open += !closed;
    }
    check_summary(result, "%u of %u nodes take any pod", open, nodes->len);
    if (nodes->len && !open)
        check_fail(result, NULL,
                   "each of the %u nodes is cordoned or has a taint: a pod without tolerations starts "
                   "nowhere",
                   nodes->len);
}

/* --- how they are spread ---------------------------------------------------------------------------------------------
 */

/* Whether some nodes have it and others do not; tells of these. */
static void check_all_or_none(CheckResult *result, const GPtrArray *nodes, const char *value_of(yyjson_val *node),
                              const char *what) {
    guint with = 0;
    for (guint i = 0; i < nodes->len; i++)
        with += value_of(nodes->pdata[i]) != NULL;
    for (guint i = 0; i < nodes->len && with; i++) {
        if (value_of(nodes->pdata[i]))
            continue;
        g_autofree char *object = check_object("Node", nodes->pdata[i]);
        check_warn(result, object, "it has no %s, which %u of %u nodes have", what, with, nodes->len);
        check_advise(result,
                     "The cloud controller manager sets it when it knows the node's machine: look at its log for "
                     "%s.",
                     name_of(nodes->pdata[i]));
    }
}

static const char *zone_of(yyjson_val *node) {
    return json_get_string(node, "metadata", "labels", "topology.kubernetes.io/zone");
}

static const char *provider_of(yyjson_val *node) {
    const char *id = json_get_string(node, "spec", "providerID");
    return id && *id ? id : NULL;
}

static void check_zones(CheckResult *result, const GPtrArray *nodes) {
    g_autoptr(GHashTable) zones = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < nodes->len; i++)
        if (zone_of(nodes->pdata[i]))
            g_hash_table_add(zones, (void *)zone_of(nodes->pdata[i]));
    if (nodes->len >= 3 && g_hash_table_size(zones) == 1)
        check_warn(result, NULL, "all %u nodes are in one zone: it goes, and all goes with it", nodes->len);
}

void check_nodes_spread(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    guint masters = 0;
    for (guint i = 0; i < nodes->len; i++) {
        yyjson_val *labels = json_get(nodes->pdata[i], "metadata", "labels");
        masters += json_get(labels, "node-role.kubernetes.io/control-plane") ||
                   json_get(labels, "node-role.kubernetes.io/master");
    }
    check_all_or_none(result, nodes, zone_of, "label topology.kubernetes.io/zone");
    check_all_or_none(result, nodes, provider_of, "spec.providerID");
    check_zones(result, nodes);
    if (nodes->len == 1)
        check_warn(result, NULL, "there is one node: its maintenance is everybody's");
    if (masters == 1 || masters == 2) {
        check_warn(result, NULL, "%u control-plane node%s: the cluster cannot be changed while %s down", masters,
                   masters == 1 ? "" : "s", masters == 1 ? "it is" : "one of them is");
        check_advise(result, "Have three control-plane nodes, in different zones.");
    }
    check_summary(result, "%u nodes, %u of the control plane", nodes->len, masters);
}
