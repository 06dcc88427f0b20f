/* What an archive says of the cluster itself: all objects, each node's configuration and health, pods' logs, versions.
 *
 *   resources/cluster/GROUP_VERSION_RESOURCE.json, resources/ns/NAMESPACE/... (lists; "core" for the group "")
 *   hosts/NODE/configz.json, healthz.json   podlogs/NAMESPACE/POD/logs/CONTAINER.txt
 *   servergroups.json, serverversion.json   meta/query-time.json
 *
 * Kinds are listed once for the whole cluster, several at a time, and written as their pages come: memory holds pages
 * in flight. What fails is told of in meta/query-time.json, and loses nothing but itself. Values of Secrets are hidden.
 * Source: sonobuoy.io/docs/main/snapshot, archives of stock Sonobuoy 0.57. */
#pragma once

#include "base/progress.h"
#include "kube/client.h"
#include "sonobuoy/config.h"

typedef struct {
    KubeClient *client;
    const RunConfig *config;
    const char *folder;   /* of the run; exists */
    unsigned connections; /* at once; 0: 8 */
    bool show_secrets;
    /* Sees each object that is written, as the server gave it, from any thread; may be NULL. */
    void (*on_object)(const char *group_resource, yyjson_val *object, void *data);
    void *on_object_data;
    /* Is told of what could not be had, and why, in an order that is always the same; may be NULL. */
    void (*on_failure)(const char *text, void *data);
    void *on_failure_data;
    Progress *progress; /* may be NULL */
} QueryOptions;

/* `out_failures` (may be NULL): how many things could not be had. Fails only where nothing can be asked or the folder
 * cannot be written to. */
bool query_run(const QueryOptions *options, guint *out_failures, GError **error) G_GNUC_WARN_UNUSED_RESULT;
