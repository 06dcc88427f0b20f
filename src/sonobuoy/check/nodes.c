/* Nodes and their kubelets. */
#include "sonobuoy/check/areas.h"

void check_nodes_ready(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    for (guint i = 0; i < nodes->len; i++) {
        yyjson_val *ready = condition_of(nodes->pdata[i], "Ready");
        if (g_strcmp0(json_get_string(ready, "status"), "True") == 0)
            continue;
        g_autofree char *object = check_object("Node", nodes->pdata[i]), *text = condition_text(ready);
        gint64 minutes = minutes_since(snapshot, json_get_string(ready, "lastTransitionTime"));
        const char *status = json_get_string(ready, "status");
        if (minutes >= 0)
            check_fail(result, object, "Ready is %s for %" G_GINT64_FORMAT " min: %s", status ? status : "not said",
                       minutes, text);
        else
            check_fail(result, object, "it has no condition Ready: no kubelet ever reported for it");
    }
    check_summary(result, "%u nodes", nodes->len);
    if (!nodes->len)
        check_warn(result, NULL, "the cluster has no nodes: nothing can run in it");
}

void check_nodes_pressure(Snapshot *snapshot, CheckResult *result) {
    static const char *const types[] = {"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"};
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    for (guint i = 0; i < nodes->len; i++)
        for (size_t j = 0; j < G_N_ELEMENTS(types); j++) {
            yyjson_val *condition = condition_of(nodes->pdata[i], types[j]);
            if (g_strcmp0(json_get_string(condition, "status"), "True") != 0)
                continue;
            g_autofree char *object = check_object("Node", nodes->pdata[i]), *text = condition_text(condition);
            check_fail(result, object, "%s: %s", types[j], text);
        }
    check_summary(result, "%u nodes", nodes->len);
}

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
