/* Which kinds the API server serves: aggregated discovery v2 (v2beta1), else the classic one. */
#pragma once

#include "kube/client.h"

typedef struct {
    char *group;   /* "" for core */
    char *version; /* "v1" */
    char *kind;
    char *name; /* plural: "pods" */
    char *singular;
    GStrv short_names;
    char *group_resource; /* "pods", "deployments.apps" */
    char *api_version;    /* "v1", "apps/v1" */
    char *base_path;      /* "/api/v1", "/apis/apps/v1" */
    bool namespaced;
    bool preferred; /* this version is the group's preferred one for this kind */
    bool can_list, can_create, can_get, can_delete, can_watch, can_update;
    bool has_status; /* has a status subresource */
} KubeResource;

typedef struct KubeDiscovery KubeDiscovery;

/* Asks the server. A group that cannot be discovered is left out and named in
 * `failures`. */
KubeDiscovery *kube_discovery_new(KubeClient *client, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void kube_discovery_free(KubeDiscovery *discovery);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KubeDiscovery, kube_discovery_free)

/* All served (resource, version) pairs in the server's order, groups in order,
 * preferred version first. Elements: KubeResource, owned by discovery. */
const GPtrArray *kube_discovery_all(const KubeDiscovery *discovery);

/* "GROUP/VERSION: reason", a string a group that failed. */
const GPtrArray *kube_discovery_failures(const KubeDiscovery *discovery);

/* By what people type: "pods", "po", "pod", "deployments.apps", "deployments.v1.apps",
 * "deployment", any case. The preferred version; NULL when unknown. */
const KubeResource *kube_discovery_find(const KubeDiscovery *discovery, const char *text);

/* What people may have meant by a text that names no kind: "deployments.apps", or NULL. */
const char *kube_discovery_nearest(const KubeDiscovery *discovery, const char *text);

/* By group and plural name; version NULL: the preferred one. */
const KubeResource *kube_discovery_resource(const KubeDiscovery *discovery, const char *group, const char *version,
                                            const char *name);
const KubeResource *kube_discovery_kind(const KubeDiscovery *discovery, const char *api_version, const char *kind);

/* The group's preferred version ("v1"), or NULL. */
const char *kube_discovery_preferred_version(const KubeDiscovery *discovery, const char *group);

/* /version: major, minor and gitVersion. */
typedef struct {
    char *major, *minor, *git_version;
} KubeVersion;
bool kube_version_get(KubeClient *client, KubeVersion *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void kube_version_clear(KubeVersion *version);
