/* Single objects: paths, get, create, patch, delete. A name or namespace that cannot be one
 * (empty, ".", "..", with / or %) is INVALID, and no request is made. */
#pragma once

#include "kube/discovery.h"

/* "/apis/apps/v1/namespaces/x/deployments/y"; namespace_ NULL for cluster-scoped
 * and for all namespaces, name NULL for the collection. g_free() it. */
char *kube_object_path(const KubeResource *resource, const char *namespace_, const char *name);

yyjson_doc *kube_object_get(KubeClient *client, const KubeResource *resource, const char *namespace_, const char *name,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What tells a cluster from all others: the UID of its namespace kube-system; NULL where it may not be read. */
char *kube_cluster_uid(KubeClient *client);

/* POST; EXISTS when the name is taken. `field_manager` may be NULL. The answer
 * is parsed into `out` unless that is NULL. */
bool kube_object_create(KubeClient *client, const KubeResource *resource, const char *namespace_, const char *body,
                        size_t length, const char *field_manager, yyjson_doc **out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
    KUBE_PATCH_JSON,
    KUBE_PATCH_MERGE,
    KUBE_PATCH_STRATEGIC,
    KUBE_PATCH_APPLY, /* server-side, forced */
} KubePatchKind;

/* `subresource`: "status" or NULL. `field_manager` may be NULL except for apply. */
bool kube_object_patch(KubeClient *client, const KubeResource *resource, const char *namespace_, const char *name,
                       const char *subresource, KubePatchKind kind, const char *body, size_t length,
                       const char *field_manager, yyjson_doc **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* `propagation`: "Background", "Foreground", "Orphan" or NULL. */
bool kube_object_delete(KubeClient *client, const KubeResource *resource, const char *namespace_, const char *name,
                        const char *propagation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
