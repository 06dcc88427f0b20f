/* What the probes of one node found: network.json in the results of the plugin `network`, one a node.
 *
 *   {"format": "seaworthy.sonobuoy.network/1", "node": "node1", "time": RFC 3339, "seconds": 12.5,
 *    "addresses": {"pod": ["10.1.0.5"], "node": ["192.0.2.1"]}, "mtu": 1450,
 *    "pods": {"wanted": 2, "ready": 2},         of the DaemonSet, when the probes began
 *    "probes": [{"probe": "pod-tcp", "family": "IPv4", "target": "node2", "address": "10.1.1.7:8765",
 *                "outcome": "pass", "said": "what was seen, for people", "value": 0.4, "unit": "ms"}]}
 *
 * `family`, `address`, `value` and `unit` are only there where they mean something. `target` is the other node's name
 * where NetworkProbe.to_node; else a host, a name, or what the probe is of. An outcome is pass, warn, fail, or unknown
 * where nothing could be tried (`said`: why). */
#pragma once

#include "base/json.h"

#define NETWORK_REPORT_FORMAT "seaworthy.sonobuoy.network/1"
#define NETWORK_REPORT_FILE "network.json"

typedef enum { NETWORK_PASS, NETWORK_UNKNOWN, NETWORK_WARN, NETWORK_FAIL, NETWORK_OUTCOMES } NetworkOutcome;
const char *network_outcome_name(NetworkOutcome outcome);

/* A kind of probe; ids are stable. */
typedef struct {
    const char *id, *title;
    bool to_node;     /* from each node to others: a matrix; else of the node itself */
    const char *what; /* what is done, and what passes, in a sentence */
} NetworkProbe;

/* In the order in which they are told. */
extern const NetworkProbe network_probes[];
extern const size_t network_probes_count;
const NetworkProbe *network_probe_find(const char *id); /* NULL: there is none */

typedef struct {
    const NetworkProbe *probe;
    char *family, *target, *address; /* family, address: NULL: none */
    NetworkOutcome outcome;
    char *said;
    bool has_value;
    double value;
    char *unit;
} NetworkFinding;

typedef struct {
    char *node, *time;
    double seconds;
    GStrv pod_addresses, node_addresses; /* never NULL */
    gint64 mtu;                          /* 0: not known */
    gint64 wanted, ready;                /* pods */
    GPtrArray *findings;                 /* NetworkFinding */
} NetworkNode;
NetworkNode *network_node_new(const char *node);
void network_node_free(NetworkNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetworkNode, network_node_free)
/* Adds a finding, of which the texts are copied; `format`: what was seen. The finding belongs to the node. */
NetworkFinding *network_node_add(NetworkNode *node, const char *probe, const char *target, NetworkOutcome outcome,
                                 const char *format, ...) G_GNUC_PRINTF(5, 6);

/* The document as text. g_free() it. */
char *network_node_write(const NetworkNode *node);
/* INVALID names what is wrong and `what` (a file's name); probes that are not known are passed over. */
NetworkNode *network_node_parse(const char *text, size_t length, const char *what, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* JUnit's XML of it, a case a finding, so that the run's results have each: "pod-tcp IPv4 to node2". Failures are what
 * failed; unknown is skipped; a warning passes, with its words in system-out. */
void network_node_write_junit(const NetworkNode *node, FILE *out);
