/* What differs between two runs: their plugins' tests, the health of nodes and pods, the server's version.
 *
 * Tests are paired by plugin, node, path and name (results_test_name()); several of one name in the order in which they
 * come. One plugin's trees of both runs are in memory at a time, and what differs. */
#pragma once

#include "sonobuoy/report.h"

typedef enum {
    CHANGE_BROKE,   /* passed, or had a status of the plugin's own; now failed, ran out of time or is unknown */
    CHANGE_HEALED,  /* the other way round */
    CHANGE_NEW,     /* was not there */
    CHANGE_GONE,    /* is no longer there */
    CHANGE_RUNS,    /* was skipped, and is not now */
    CHANGE_SKIPPED, /* the other way round */
    CHANGE_STATUS,  /* from or to a status of the plugin's own, neither of them a failure */
    CHANGE_FAILING, /* was and is failed */
    CHANGES
} Change;

#define COMPARE_BETWEEN "\x1f"

/* All texts belong to the Comparison. */
typedef struct {
    Change change;
    const char *plugin, *node, *path,
        *name;                  /* node: NULL for none; path: names with COMPARE_BETWEEN between; "": none */
    const char *before, *after; /* statuses; NULL: not there */
} Difference;

/* A node or a pod that differs, or is not healthy in either. */
typedef struct {
    Change change;                                            /* BROKE, HEALED, NEW, GONE, FAILING */
    bool healthy;                                             /* now; of one that is gone: before */
    const char *namespace_, *name, *ready, *reason, *message; /* "": not known; as they are now, or were */
} HealthDifference;

typedef struct {
    bool known[2]; /* whether each run's archive says */
    gint64 total[2], healthy[2];
    GArray *differences; /* HealthDifference */
} HealthComparison;

typedef struct {
    char *server[2];              /* "": not known */
    GArray *differences[CHANGES]; /* Difference, in the order of the runs */
    guint64 same;                 /* tests that did not change and did not fail */
    guint failed_now[CHANGES];    /* how many of them failed in the second run */
    HealthComparison nodes, pods;
    GPtrArray *trouble; /* char *: what could not be read in either; NULL: nothing */
    GStringChunk *texts;
} Comparison;

/* Whether a test or a node broke; pods come and go. */
bool comparison_broke(const Comparison *comparison);

/* `plugin`: only this one's tests; NULL: all. `cancel` may be NULL. NULL with an error where the plugins of a run
 * cannot be told, or with CANCELLED; what else cannot be read is `trouble`. */
Comparison *comparison_new(RunArchive *before, RunArchive *after, const char *plugin, Cancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void comparison_free(Comparison *comparison);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Comparison, comparison_free)
