/* What checks of several areas ask of pods and events: whose they are, and when they were. */
#pragma once

#include "sonobuoy/check/check.h"

/* What people would change to change the pod: "Deployment shop/web", "Job shop/once", "Pod shop/own". Whether a
 * ReplicaSet is a Deployment's is told by its name and the pod's label. g_free() it. */
char *workload_of_pod(yyjson_val *pod);
/* How often it was seen, at least once. */
gint64 workload_event_count(yyjson_val *event);
/* The newest event of that reason about an object; NULL. `reasons`: NULL-terminated. */
yyjson_val *workload_event_of(const Snapshot *snapshot, const char *kind, yyjson_val *object,
                              const char *const *reasons);
/* Whether the pod is at its end: Succeeded or Failed. */
bool workload_is_over(yyjson_val *pod);
/* kube-system and the like: namespaces that are the cluster's own. */
bool workload_is_system(const char *namespace_);
/* Pods by namespace: char * (of the snapshot) to GPtrArray of yyjson_val *. g_hash_table_unref() it. */
GHashTable *workload_pods_by_namespace(const Snapshot *snapshot);

/* Counts of a finding for each workload, in place of one for each of its pods. */
typedef struct {
    char *workload;
    char *first; /* what was seen of the first of them */
    guint pods;
} WorkloadCount;
/* By workload; elements are WorkloadCount. */
GHashTable *workload_counts_new(void);
/* Takes `seen` over. */
void workload_counts_add(GHashTable *counts, yyjson_val *pod, char *seen);
