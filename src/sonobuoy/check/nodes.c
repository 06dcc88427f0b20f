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

/* --- nodes that are alike ---------------------------------------------------------------------------------------- */

/* Nodes of one pool should be alike. */
static char *pool_of(yyjson_val *node) {
    static const char *const labels[] = {"karpenter.sh/nodepool",
                                         "cloud.google.com/gke-nodepool",
                                         "eks.amazonaws.com/nodegroup",
                                         "kubernetes.azure.com/agentpool",
                                         "agentpool",
                                         "doks.digitalocean.com/node-pool",
                                         "node.kubernetes.io/pool"};
    yyjson_val *all = json_get(node, "metadata", "labels");
    const char *pool = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(labels) && !pool; i++)
        pool = json_get_string(all, labels[i]);
    bool master =
        json_get(all, "node-role.kubernetes.io/control-plane") || json_get(all, "node-role.kubernetes.io/master");
    const char *system = json_get_string(node, "status", "nodeInfo", "operatingSystem"),
               *architecture = json_get_string(node, "status", "nodeInfo", "architecture");
    return g_strdup_printf("%s%s%s/%s", pool ? pool : "",
                           master ? "control plane, "
                           : pool ? ", "
                                  : "",
                           system ? system : "", architecture ? architecture : "");
}

GPtrArray *traits_new(void) {
    return g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
}

void traits_add(GPtrArray *traits, yyjson_val *node, bool whole_cluster, const char *what, const char *value) {
    char **trait = g_new0(char *, 5);
    trait[0] = g_strdup(name_of(node));
    trait[1] = whole_cluster ? g_strdup("") : pool_of(node);
    trait[2] = g_strdup(what);
    trait[3] = g_strdup(value ? value : "");
    g_ptr_array_add(traits, trait);
}

static char *trait_group(char *const *trait) {
    return g_strconcat(trait[1], "\n", trait[2], NULL);
}

/* What most of each group have: group to trait. */
static GHashTable *usual_traits(const GPtrArray *traits) {
    GHashTable *usual = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                          best = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < traits->len; i++) {
        char **trait = traits->pdata[i];
        char *group = trait_group(trait), *key = g_strconcat(group, "\n", trait[3], NULL);
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key)) + 1;
        g_hash_table_insert(counts, key, GUINT_TO_POINTER(count));
        if (count > GPOINTER_TO_UINT(g_hash_table_lookup(best, group))) {
            g_hash_table_insert(best, g_strdup(group), GUINT_TO_POINTER(count));
            g_hash_table_insert(usual, g_strdup(group), trait);
        }
        g_free(group);
    }
    return usual;
}

void traits_report(CheckResult *result, const GPtrArray *traits) {
    g_autoptr(GHashTable) usual = usual_traits(traits);
    for (guint i = 0; i < traits->len; i++) {
        char **trait = traits->pdata[i];
        g_autofree char *group = trait_group(trait);
        char **other = g_hash_table_lookup(usual, group);
        if (g_str_equal(trait[3], other[3]))
            continue;
        g_autofree char *object = g_strconcat("Node ", trait[0], NULL);
        check_warn(result, object, "%s is %s; of most%s%s it is %s, as of %s", trait[2],
                   *trait[3] ? trait[3] : "not set", *trait[1] ? " of its pool: " : "", trait[1],
                   *other[3] ? other[3] : "not set", other[0]);
    }
}

static void check_runtime_supported(const Snapshot *snapshot, CheckResult *result, yyjson_val *node) {
    const char *runtime = json_get_string(node, "status", "nodeInfo", "containerRuntimeVersion");
    gint64 minor = snapshot_version(snapshot)->minor ? g_ascii_strtoll(snapshot_version(snapshot)->minor, NULL, 10) : 0;
    g_autofree char *object = check_object("Node", node);
    if (!runtime)
        return;
    if (g_str_has_prefix(runtime, "docker://") && minor >= 24)
        check_warn(result, object, "its runtime is %s: kubelets take it only by cri-dockerd since 1.24", runtime);
    else if (g_str_has_prefix(runtime, "containerd://1.") && minor >= 36)
        check_fail(result, object, "its runtime is %s: 1.35 is the last release that supports containerd 1.x", runtime);
    else if (g_str_has_prefix(runtime, "containerd://1.") && minor == 35)
        check_warn(result, object, "its runtime is %s: the next release does not support containerd 1.x", runtime);
    else
        return;
    check_advise(result, "Drain %s, move it to containerd 2.x, and uncordon it.", name_of(node));
}

void check_nodes_systems(Snapshot *snapshot, CheckResult *result) {
    static const char *const fields[] = {"kernelVersion", "osImage", "containerRuntimeVersion"};
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    g_autoptr(GPtrArray) traits = traits_new();
    for (guint i = 0; i < nodes->len; i++) {
        yyjson_val *info = json_get(nodes->pdata[i], "status", "nodeInfo");
        if (!json_get(info, "kubeletVersion"))
            continue;
        for (size_t j = 0; j < G_N_ELEMENTS(fields); j++)
            traits_add(traits, nodes->pdata[i], false, fields[j], json_get_string(info, fields[j]));
        check_runtime_supported(snapshot, result, nodes->pdata[i]);
    }
    traits_report(result, traits);
    check_summary(result, "%u nodes", nodes->len);
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
