/* Watches with bookmarks. Source: kubernetes.io/docs/reference/using-api/api-concepts. */
#pragma once

#include "kube/discovery.h"

/* type: ADDED, MODIFIED, DELETED or BOOKMARK. Return false to end the watch
 * (with an error set: as a failure; without: as done). */
typedef bool (*KubeWatchFunc)(const char *type, yyjson_val *object, void *data, GError **error);

typedef struct {
    const KubeResource *resource;
    const char *namespace_;       /* NULL: all, or cluster-scoped */
    const char *label_selector;   /* NULL: none */
    const char *field_selector;   /* NULL: none */
    const char *resource_version; /* where to start; NULL: what exists comes as ADDED first */
    unsigned timeout_s;           /* in all; 0: 300 */
} KubeWatchQuery;

/* Watches until func says done, the time is over (TIMEOUT) or it fails. Broken
 * connections are resumed at the last revision seen; GONE asks for a new list. */
bool kube_watch(KubeClient *client, const KubeWatchQuery *query, KubeWatchFunc func, void *data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Returns when something may have happened to the object since that revision, or
 * after timeout_s: for loops that look at it again. Where it may not be watched, a
 * moment later. CANCELLED is the only failure. */
bool kube_watch_object(KubeClient *client, const KubeResource *resource, const char *namespace_, const char *name,
                       const char *resource_version, unsigned timeout_s, Cancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
