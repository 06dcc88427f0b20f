/* Probes of a cluster's network from a pod on each node, the built-in plugin `network`; and what they mean together.
 *
 * The plugin's pods serve each other (responder.h), find each other by the EndpointSlices of their Service (peers.h),
 * and each probes so many others that the cost grows with the nodes, not with their square (probes.h). What each found
 * is its network.json (node-report.h). Of a run's archive network_matrix_read() makes one picture, with the likely
 * cause of rows, columns and cells that fail (matrix.h). */
#pragma once

#include "base/cancel.h"
#include "sonobuoy/network/node-report.h"

#define NETWORK_PLUGIN "network"
#define NETWORK_JUNIT_FILE "network.xml" /* beside NETWORK_REPORT_FILE */
/* Objects that the plugin needs beside its pods, in the run's namespace. */
#define NETWORK_SERVICE "sonobuoy-network"
#define NETWORK_POLICY "sonobuoy-network"
/* TCP and UDP; the second is what NETWORK_POLICY does not let in. */
enum { NETWORK_PORT = 8765, NETWORK_DENIED_PORT = 8766 };

/* Settings, which come to the pod as environment variables. */
#define NETWORK_ENV_PEERS "NETWORK_PEERS"           /* how many other nodes each one probes */
#define NETWORK_ENV_EGRESS "NETWORK_EGRESS"         /* "HOST:PORT,...": what must be reached outside the cluster */
#define NETWORK_ENV_HOST_PORTS "NETWORK_HOST_PORTS" /* "true": pods have NETWORK_PORT as a port of their nodes */
enum { NETWORK_PEERS_DEFAULT = 8, NETWORK_PEERS_MAX = 64, NETWORK_EGRESS_MAX = 32 };
