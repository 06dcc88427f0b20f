/* The logs of a run's pods, as they are or as they come. Source: kubernetes.io/docs/reference/kubernetes-api/
 * workload-resources/pod-v1 (log). */
#pragma once

#include "kube/client.h"

/* A line, without its end, of one container. Called by one thread at a time. */
typedef void (*PodLogFunc)(const char *pod, const char *container, const char *line, size_t length, void *data);
/* What goes wrong with one container: it costs the others nothing. One thread at a time. */
typedef void (*PodLogFailure)(const char *pod, const char *container, const GError *failure, void *data);

typedef struct {
    KubeClient *client; /* its connections are not used up by what is followed */
    const char *namespace_;
    const char *plugin; /* NULL: all of the namespace's pods; "sonobuoy": the aggregator's */
    bool follow;        /* until all containers have ended, or the client's token is set */
    PodLogFunc on_line;
    PodLogFailure on_failure;
    void *data;
} PodLogOptions;

/* A container that has not begun is waited for where logs are followed; what broke off goes on where it stopped.
 * NOT_FOUND: there are no such pods. LIMIT: too many to be followed at once. */
bool pod_logs(const PodLogOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
