/* How a run in a cluster is: what its aggregator says, what its pods do, and what holds them up.
 * Source: the annotation of status.h; kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle. */
#pragma once

#include "kube/client.h"
#include "sonobuoy/status.h"

typedef enum {
    VIEW_ABSENT,   /* there is no pod of an aggregator */
    VIEW_STARTING, /* it does not run yet */
    VIEW_TROUBLED, /* it will not run unless somebody helps: its image cannot be had, ... */
    VIEW_RUNNING,
    VIEW_ENDED, /* it ran, and does no longer */
} ViewState;

typedef struct {
    ViewState state;
    RunStatus *status;      /* NULL until the aggregator has written one */
    GPtrArray *notes;       /* sentences: what pods wait for, what is refused: the first 20; never NULL */
    bool may_pass;          /* the trouble may pass by itself: a registry that does not answer */
    char *pod;              /* the aggregator's; with the next, or both are NULL */
    char *resource_version; /* of that pod */
} RunView;

/* `out` is zeroed, or a cleared view. */
bool observe_run(KubeClient *client, const char *namespace_, RunView *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void run_view_clear(RunView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RunView, run_view_clear)

/* Returns when the aggregator's pod has changed since, or after some seconds. CANCELLED. */
bool observe_change(KubeClient *client, const char *namespace_, const RunView *since, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
