#include "sonobuoy/check/workload.h"

#include "base/text.h"
#include "sonobuoy/check/areas.h"

#include <string.h>

/* The name of a ReplicaSet without the hash that its Deployment put behind it; NULL where there is none. */
static char *without_hash(yyjson_val *pod, const char *name) {
    const char *hash = json_get_string(pod, "metadata", "labels", "pod-template-hash");
    g_autofree char *end = hash ? g_strconcat("-", hash, NULL) : NULL;
    return end && g_str_has_suffix(name, end) ? g_strndup(name, strlen(name) - strlen(end)) : NULL;
}

char *workload_of_pod(yyjson_val *pod) {
    size_t index, count;
    yyjson_val *owner;
    const char *namespace_ = namespace_of(pod);
    yyjson_arr_foreach(json_get(pod, "metadata", "ownerReferences"), index, count, owner) {
        const char *kind = json_get_string(owner, "kind"), *name = json_get_string(owner, "name");
        if (!yyjson_get_bool(json_get(owner, "controller")) || !kind || !name || g_str_equal(kind, "Node"))
            continue;
        g_autofree char *deployment = g_str_equal(kind, "ReplicaSet") ? without_hash(pod, name) : NULL;
        return g_strdup_printf("%s %s/%s", deployment ? "Deployment" : kind, namespace_,
                               deployment ? deployment : name);
    }
    return check_object("Pod", pod);
}

gint64 workload_event_count(yyjson_val *event) {
    gint64 count = json_int(json_get(event, "count"), 1), series = json_int(json_get(event, "series", "count"), 1);
    return MAX(MAX(count, series), 1);
}

yyjson_val *workload_event_of(const Snapshot *snapshot, const char *kind, yyjson_val *object,
                              const char *const *reasons) {
    const GPtrArray *events = snapshot_list(snapshot, SNAPSHOT_EVENTS)->items;
    yyjson_val *newest = NULL;
    gint64 age = G_MAXINT64;
    for (guint i = 0; i < events->len; i++) {
        yyjson_val *about = json_get(events->pdata[i], "involvedObject");
        const char *reason = json_get_string(events->pdata[i], "reason");
        if (!reason || !g_strv_contains(reasons, reason) || g_strcmp0(json_get_string(about, "kind"), kind) != 0 ||
            g_strcmp0(json_get_string(about, "name"), name_of(object)) != 0 ||
            g_strcmp0(json_get_string(about, "namespace"), namespace_of(object)) != 0)
            continue;
        gint64 minutes = event_minutes(snapshot, events->pdata[i]);
        if (minutes >= 0 && minutes < age) {
            age = minutes;
            newest = events->pdata[i];
        }
    }
    return newest;
}

bool workload_is_over(yyjson_val *pod) {
    const char *phase = json_get_string(pod, "status", "phase");
    return g_strcmp0(phase, "Succeeded") == 0 || g_strcmp0(phase, "Failed") == 0;
}

bool workload_is_system(const char *namespace_) {
    return namespace_ && (g_str_has_prefix(namespace_, "kube-") || g_str_has_prefix(namespace_, "openshift-"));
}

GHashTable *workload_pods_by_namespace(const Snapshot *snapshot) {
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    for (guint i = 0; i < pods->len; i++) {
        const char *namespace_ = namespace_of(pods->pdata[i]);
        GPtrArray *list = namespace_ ? g_hash_table_lookup(table, namespace_) : NULL;
        if (namespace_ && !list)
            g_hash_table_insert(table, (void *)namespace_, list = g_ptr_array_new());
        if (list)
            g_ptr_array_add(list, pods->pdata[i]);
    }
    return table;
}

static void count_free(WorkloadCount *count) {
    g_free(count->workload);
    g_free(count->first);
    g_free(count);
}

GHashTable *workload_counts_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)count_free);
}

void workload_counts_add(GHashTable *counts, yyjson_val *pod, char *seen) {
    g_autofree char *workload = workload_of_pod(pod);
    WorkloadCount *count = g_hash_table_lookup(counts, workload);
    if (count) {
        g_free(seen);
    } else {
        count = g_new0(WorkloadCount, 1);
        count->workload = g_steal_pointer(&workload);
        count->first = seen;
        g_hash_table_insert(counts, count->workload, count);
    }
    count->pods++;
}
