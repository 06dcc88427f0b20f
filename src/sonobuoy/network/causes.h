/* What the probes of all nodes mean together: the likely causes, the most important first. A pure function of the
 * matrix.
 *
 * Large causes are looked for before small ones, and each takes the findings that it explains: they are counted, and
 * not told again. What nothing larger explains is told by itself, so that each warning and failure is in one cause; a
 * matrix without any has none. */
#pragma once

#include "sonobuoy/network/matrix.h"

typedef struct {
    const char *id;          /* stable: "pod-network-row", "dns-pods" */
    NetworkOutcome severity; /* NETWORK_FAIL, NETWORK_WARN: the worst of what it explains */
    const char *sure;        /* "certain", "likely", "possible" */
    char *title;             /* what is so, in a sentence with the nodes' names */
    char *seen;              /* how many findings of which probes, and one of them */
    char *fix;               /* what to do */
    GArray *nodes;           /* guint32: those concerned, rising; empty: all */
    guint explains;          /* findings */
} NetworkCause;

/* NetworkCause; g_ptr_array_unref() it. */
GPtrArray *network_causes(const NetworkMatrix *matrix);
