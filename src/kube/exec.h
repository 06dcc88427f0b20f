/* Commands in a pod's container: what they print, and how they end.
 *
 * By WebSocket, as API servers speak it since Kubernetes 1.30 (SPDY, which older ones want, is not spoken here).
 * Source: kubernetes.io/docs/reference/kubernetes-api (pods/exec), KEP 4006; subprotocols v5.channel.k8s.io and
 * v4.channel.k8s.io. */
#pragma once

#include "kube/client.h"

typedef struct {
    const char *namespace_, *pod;
    const char *container;      /* NULL: the pod's only one */
    const char *const *command; /* the program and its arguments, NULL-terminated; no shell is asked */
    unsigned stall_s;           /* nothing came for that long: TIMEOUT; 0: the client's */
} KubeCommandQuery;

/* A command that runs. To be used by one thread. */
typedef struct KubeCommand KubeCommand;

/* Starts it, without standard input. The client outlives it. Errors as kube_client_request()'s; UNSUPPORTED where the
 * server, or a proxy before it, does not speak WebSocket. A request that may have started it is not repeated. */
KubeCommand *kube_command_start(KubeClient *client, const KubeCommandQuery *query, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* Ends the connection; what the command does then is its own matter: most end when they write. */
void kube_command_free(KubeCommand *command);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KubeCommand, kube_command_free)

/* The next bytes of its standard output: how many, 0 when it has ended by itself, -1: UNAVAILABLE where the connection
 * ended before the server told how the command did, or where the server could not run it to its end; TIMEOUT,
 * CANCELLED; INVALID for what is not the protocol. */
gssize kube_command_read(KubeCommand *command, void *data, size_t length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* After that 0: its exit code. */
int kube_command_exit_code(const KubeCommand *command);
/* The first 64 KiB of its standard error, as far as they came. */
const char *kube_command_stderr(const KubeCommand *command);
