/* What the rules for causes share. */
#pragma once

#include "sonobuoy/network/causes.h"

enum { NETWORK_PROBES_MAX = 32 };

/* The order of causes of one severity. */
typedef enum {
    RANK_PODS,
    RANK_SERVICES,
    RANK_DNS,
    RANK_API,
    RANK_MISSING,
    RANK_PACKETS,
    RANK_NODES,
    RANK_CLOCK,
    RANK_EGRESS,
    RANK_SPEED,
    RANK_OTHER
} CauseRank;

typedef struct {
    NetworkCause told; /* its texts may have what cause_finish() fills in: {nodes}, {range}, {packets}, {low}, {mtu},
                        * {overlay} */
    CauseRank rank;
    bool families[NETWORK_FAMILIES];
    guint counts[NETWORK_PROBES_MAX]; /* findings of each probe */
    const NetworkCell *example;       /* the first; NULL: none */
    char *note;                       /* more that was seen; NULL: nothing */
    bool has_range;
    double low, high; /* of values */
    const char *unit;
    gint64 mtu; /* of the pods that sent, the largest */
} Cause;

typedef struct {
    const NetworkMatrix *matrix;
    bool *claimed; /* of each cell: it is in a cause */
    GPtrArray *causes;
    GHashTable *by_key;
    bool families[NETWORK_FAMILIES]; /* that any finding has */
} Finder;

#define NETWORK_EACH_FAMILY NETWORK_FAMILIES /* in place of one */

/* --- causes.c ------------------------------------------------------------------------------------------- */

/* The cause of that id and those nodes, which is made where there is none: the other family's is the same one. `nodes`:
 * guint32, NULL for all; `more`: what else tells it from others, or NULL. */
Cause *cause_for(Finder *finder, const char *id, CauseRank rank, const char *sure, const GArray *nodes,
                 const char *more);
/* Its words, where it has none yet. */
void cause_say(Cause *cause, const char *title, const char *fix);
/* A warning or failure that is in no cause yet. */
bool cell_is_open(const Finder *finder, const NetworkCell *cell);
/* Takes it, if it is open. `valued`: its value counts for the cause's range. */
void cause_claim(Finder *finder, Cause *cause, const NetworkCell *cell, bool valued);
/* Of each probe of a list ("dns-udp dns-tcp", NULL: none): what is open of a node, or of all for -1; of that family and
 * what has none. */
void cause_claim_own(Finder *finder, Cause *cause, const char *probes, NetworkFamily family, gint64 node);
/* The same of outside hosts, where the node reaches none. */
void cause_claim_egress(Finder *finder, Cause *cause, gint64 node);

guint probe_index(const char *id); /* of one that there is */
/* "node1, node2, node3 and 4 more". g_free() it. */
char *names_of(const NetworkMatrix *matrix, const guint32 *nodes, guint count);

/* How a node's findings of a probe came out, over all families and targets. */
typedef enum { SIDE_NONE, SIDE_FINE, SIDE_BAD } Side; /* BAD: a failure is open; NONE: also where all are claimed */
Side side_of(const Finder *finder, const char *probe, NetworkFamily family, guint node);

/* --- rules ------------------------------------------------------------------------------------------------ */

void find_pod_causes(Finder *finder);     /* causes-peers.c: what is between pods of nodes */
void find_node_causes(Finder *finder);    /* the same: host and node ports, policies, speed */
void find_service_causes(Finder *finder); /* causes-own.c */
void find_dns_causes(Finder *finder);
void find_api_causes(Finder *finder);
void find_egress_causes(Finder *finder);
void find_clock_causes(Finder *finder); /* causes-clock.c */
