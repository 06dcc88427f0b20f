/* Who is probed: some of the plugin's pods on other nodes, as the cluster tells of them.
 *
 * What a pod reads does not grow with the cluster: the one DaemonSet's numbers while it waits, names of EndpointSlices,
 * one of these (more where it is small), the Service, and the pods that it probes. */
#pragma once

#include "base/cancel.h"
#include "kube/client.h"

typedef struct {
    char *node;
    GStrv pod_addresses, node_addresses; /* never NULL; the first of a family counts */
} Peer;

typedef struct {
    gint64 wanted, ready; /* pods of the DaemonSet */
    GPtrArray *peers;     /* Peer, of other nodes */
    Peer *own;            /* NULL: could not be read */
    GStrv service_addresses;
    guint16 node_port; /* of NETWORK_PORT by TCP; 0: none */
} Peers;
void peers_free(Peers *peers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Peers, peers_free)

typedef struct {
    KubeClient *client; /* NULL: the pod has no account, and knows of no other */
    const char *namespace_, *node, *pod;
    guint wanted; /* peers */
    bool wait;    /* until all pods are ready, for some time */
    Cancel *cancel;
    void (*say)(const char *line);
} PeersOptions;

/* Waits for the pods, and reads. What cannot be read is said and left out: the node's own probes need it not. NULL only
 * where it was cancelled. */
Peers *peers_read(const PeersOptions *options);
