/* What namespaces let pods do, and what pods do. */
#include "sonobuoy/check/areas.h"
#include "sonobuoy/check/workload.h"

#define ENFORCE "pod-security.kubernetes.io/enforce"

static const char *level_of(yyjson_val *namespace_) {
    return json_get_string(json_get(namespace_, "metadata", "labels"), ENFORCE);
}

void check_security_pod_levels(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *spaces = snapshot_list(snapshot, SNAPSHOT_NAMESPACES)->items;
    guint labelled = 0;
    for (guint i = 0; i < spaces->len; i++) {
        const char *name = name_of(spaces->pdata[i]);
        labelled += level_of(spaces->pdata[i]) != NULL;
        if (workload_is_system(name) || level_of(spaces->pdata[i]))
            continue;
        g_autofree char *object = check_object("Namespace", spaces->pdata[i]);
        check_warn(result, object,
                   "it has no label " ENFORCE ": pods of any kind are let in, unless another policy "
                   "of the cluster refuses them");
        check_advise(result,
                     "kubectl label --dry-run=server --overwrite namespace %s " ENFORCE "=baseline "
                     "tells which pods would break; without --dry-run it is set.",
                     name);
    }
    check_summary(result, "%u namespaces with a level", labelled);
}

/* Whether the pod takes more of its node than the level baseline lets it; adds what. */
static void add_powers(yyjson_val *pod, GString *powers) {
    static const char *const lists[] = {"containers", "initContainers"};
    static const char *const shared[] = {"hostNetwork", "hostPID", "hostIPC"};
    size_t index, count;
    yyjson_val *spec = json_get(pod, "spec"), *item;
    for (size_t i = 0; i < G_N_ELEMENTS(shared); i++)
        if (yyjson_get_bool(json_get(spec, shared[i])))
            g_string_append_printf(powers, ", %s", shared[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        yyjson_arr_foreach(json_get(spec, lists[i]), index, count, item) {
            if (yyjson_get_bool(json_get(item, "securityContext", "privileged")))
                g_string_append_printf(powers, ", container %s is privileged", json_get_string(item, "name"));
        }
    yyjson_arr_foreach(json_get(spec, "volumes"), index, count, item) {
        const char *path = json_get_string(item, "hostPath", "path");
        if (path)
            g_string_append_printf(powers, ", hostPath %s", path);
    }
    g_string_erase(powers, 0, powers->len ? 2 : 0);
}

void check_security_privileged(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    g_autoptr(GHashTable) counts = workload_counts_new();
    for (guint i = 0; i < pods->len; i++) {
        const char *name = namespace_of(pods->pdata[i]);
        if (workload_is_system(name) || workload_is_over(pods->pdata[i]))
            continue;
        g_autoptr(GString) powers = g_string_new(NULL);
        add_powers(pods->pdata[i], powers);
        const char *level = powers->len ? level_of(snapshot_find(snapshot, SNAPSHOT_NAMESPACES, NULL, name)) : NULL;
        if (powers->len && g_strcmp0(level, "privileged") != 0)
            workload_counts_add(counts, pods->pdata[i], g_strdup(powers->str));
    }
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, counts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const WorkloadCount *count = value;
        check_warn(result, count->workload, "%u pods: %s", count->pods, count->first);
    }
    check_summary(result, "%u pods", pods->len);
}
