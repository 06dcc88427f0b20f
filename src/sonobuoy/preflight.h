/* What is looked at before a run: whether the cluster can run it. Source: sonobuoy.io/docs/main/cli/sonobuoy_run,
 * --skip-preflight. */
#pragma once

#include "kube/client.h"

#define PREFLIGHT_VERSION_MIN "1.17"

typedef struct {
    const char *namespace_;
    const char *dns_namespace;         /* "kube-system" */
    const char *const *dns_pod_labels; /* label selectors, any of which will do; NULL-terminated */
    bool skip_dns, skip_version, skip_namespace;
} Preflight;

/* A pod of the cluster's DNS runs, the server is 1.17 or later, the namespace is not there. The error names what is
 * wrong, and the check's name for --skip-preflight. */
bool preflight_check(KubeClient *client, const Preflight *preflight, GError **error) G_GNUC_WARN_UNUSED_RESULT;
