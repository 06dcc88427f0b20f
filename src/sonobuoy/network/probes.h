/* What one node's probes share, and the probes: each adds findings to the node's report, ends in time whatever is
 * broken, and may run beside others in a thread of its own. */
#pragma once

#include "kube/client.h"
#include "sonobuoy/network/exchange.h"
#include "sonobuoy/network/node-report.h"
#include "sonobuoy/network/peers.h"

#include <pthread.h>

typedef struct {
    const char *node; /* the own one's name */
    const Peers *peers;
    KubeClient *client;              /* NULL: the pod has no account */
    const char *namespace_, *domain; /* of the cluster: "cluster.local" */
    GStrv name_servers, egress;      /* addresses; "HOST:PORT" */
    bool host_ports;
    gint64 mtu; /* of the pod's interface; 0: not known */
    Cancel *cancel;
    gint64 deadline; /* monotonic: nothing begins or waits after it */
    pthread_mutex_t lock;
    NetworkNode *report;
} Probes;

/* Of what a finding is. `endpoint` gives it its family and address; NULL: it has none. */
typedef struct {
    const char *probe, *target;
    const Endpoint *endpoint;
    double value;     /* where `unit` */
    const char *unit; /* NULL: it has no value */
} Finding;
void probes_add(Probes *probes, const Finding *finding, NetworkOutcome outcome, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* What is left of the time, at most so many seconds. */
Patience probes_patience(const Probes *probes, double seconds);

/* To another node, by one family of its addresses. */
typedef struct {
    Probes *probes;
    const Peer *peer;
    bool ipv6;
    bool answers_udp; /* set by probe_peer(): what follows makes sense */
} PeerProbe;
/* Whether the peer's pod has an address of the family. */
bool probe_peer_is_there(const PeerProbe *probe);
void probe_peer(PeerProbe *probe);
/* While nothing else runs: latency, clock and loss of all peers at once, which answer UDP. */
void probe_quiet(PeerProbe *peers, guint count);

/* Largest packet, fragments (probe_peer() calls it). `to`: the peer's responder. */
void probe_sizes(Probes *probes, const Peer *peer, const Endpoint *to);

/* Of the node itself. */
void probe_api(Probes *probes);
void probe_service(Probes *probes);
void probe_node_port(Probes *probes, const Peer *peer, bool ipv6); /* also of others */
void probe_dns(Probes *probes);
void probe_egress(Probes *probes, const char *host_port);
