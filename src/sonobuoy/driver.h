/* What the aggregator creates to run a plugin: a Secret with its certificate, and a Pod (for one that runs once) or a
 * DaemonSet; and what their pods say of how it goes.
 *
 * Names: sonobuoy-NAME-job-SESSION, sonobuoy-NAME-daemon-set-SESSION, sonobuoy-plugin-NAME-SESSION. All are owned by
 * the aggregator's pod: they go when it goes. Source: pods that stock Sonobuoy 0.57 made. */
#pragma once

#include "kube/object.h"
#include "sonobuoy/certificates.h"
#include "sonobuoy/config.h"
#include "sonobuoy/plugin.h"

#define WORKER_CONTAINER "sonobuoy-worker"

typedef struct {
    const Plugin *plugin;
    const RunConfig *config;
    const char *session;                /* 16 hex digits, of this plugin in this run */
    const char *url;                    /* of the aggregator, "https://10.0.0.7:8080" */
    const char *authority;              /* PEM */
    const char *owner_name, *owner_uid; /* the aggregator's pod; NULL: nobody */
} Launch;

/* Objects, a document each. */
yyjson_mut_doc *driver_secret(const Launch *launch, const KeyPair *certificate);
yyjson_mut_doc *driver_workload(const Launch *launch); /* a Pod or a DaemonSet */

/* "sonobuoy-run=SESSION": its pods. g_free() it. */
char *driver_selector(const char *session);

/* Why a pod of a plugin will not bring its result, as people want to read it; NULL while it may. `now`: microseconds
 * since the epoch. It cannot be scheduled; a container was restarted more than twice, was ended or its image could not
 * be pulled for five minutes (ten seconds for a worker that nobody starts again); the pod is lost with its node or was
 * evicted. g_free() it. */
char *driver_failure(yyjson_val *pod, gint64 now);

/* Names of the nodes (an array of Node objects) that a DaemonSet's pods are expected on: those that its pod spec's node
 * selector and required node affinity take, and whose taints its tolerations take. */
GStrv driver_expected_nodes(const Plugin *plugin, yyjson_val *nodes);
