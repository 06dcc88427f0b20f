/* What the probes of all nodes found, in one place: of each kind of probe and family a matrix of cells, from which node
 * to which other, or from which node to which target. Only what was probed is in it: each node probes some others.
 *
 * Thousands of nodes fit: a cell takes 40 bytes, and words are kept, once, of what did not pass. */
#pragma once

#include "sonobuoy/archive.h"
#include "sonobuoy/network/node-report.h"

typedef enum { NETWORK_ANY, NETWORK_IPV4, NETWORK_IPV6, NETWORK_FAMILIES } NetworkFamily; /* ANY: none is told */
const char *network_family_name(NetworkFamily family);                                    /* "", "IPv4", "IPv6" */

typedef struct {
    char *name;
    char *missing; /* why there are no results of it; NULL: there are */
    char *time;    /* as it was written; NULL: none */
    double seconds;
    gint64 mtu; /* 0: not known */
    gint64 wanted, ready;
} NetworkMatrixNode;

typedef struct {
    guint32 from, to;              /* indexes in nodes; `to` in targets where the probe is not to_node */
    guint8 probe, family, outcome; /* index in network_probes[], NetworkFamily, NetworkOutcome */
    bool has_value;
    float value;
    const char *unit; /* NULL: none */
    const char *said; /* NULL where it passed, and where the words of all would be too many */
} NetworkCell;

typedef struct {
    GPtrArray *nodes;               /* NetworkMatrixNode, by name, numbers in names as numbers */
    GPtrArray *targets;             /* texts, sorted so */
    GArray *cells;                  /* NetworkCell, by probe, family, from, to; one of each: the worst */
    guint counts[NETWORK_OUTCOMES]; /* of cells */
    /* the rest is matrix.c's */
    guint *starts;
    GStringChunk *texts;
    size_t texts_size;
    GHashTable *node_index, *target_index;
} NetworkMatrix;

/* Of an archive: plugins/PLUGIN/results/NODE/.../network.json, and errors/NODE/error.json for why there are none.
 * NOT_FOUND where the plugin has neither, LIMIT where there is more than fits; a file that cannot be read is its node's
 * trouble (missing). */
NetworkMatrix *network_matrix_read(RunArchive *archive, const char *plugin, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void network_matrix_free(NetworkMatrix *matrix);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetworkMatrix, network_matrix_free)

/* The same by hand: nodes one by one, then network_matrix_finish(), which sorts; only then it is read. */
NetworkMatrix *network_matrix_new(void);
bool network_matrix_add(NetworkMatrix *matrix, const NetworkNode *node, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool network_matrix_add_missing(NetworkMatrix *matrix, const char *node, const char *why, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void network_matrix_finish(NetworkMatrix *matrix);

/* The cells of a probe (index in network_probes[]) and family, which follow each other. */
const NetworkCell *network_matrix_cells(const NetworkMatrix *matrix, guint probe, NetworkFamily family, guint *count);
/* One of them; NULL: it was not probed. */
const NetworkCell *network_matrix_cell(const NetworkMatrix *matrix, guint probe, NetworkFamily family, guint from,
                                       guint to);
const NetworkMatrixNode *network_matrix_node(const NetworkMatrix *matrix, guint index);
/* What the cell is to: a node's name or a target. */
const char *network_matrix_target(const NetworkMatrix *matrix, const NetworkCell *cell);
