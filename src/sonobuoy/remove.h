/* Takes a run out of a cluster. Source: `sonobuoy delete` of stock Sonobuoy 0.57, with more care: only what bears the
 * signs of a run is deleted. */
#pragma once

#include "kube/client.h"
#include "sonobuoy/log.h"

typedef struct {
    KubeClient *client; /* dry_run: what would be deleted is told, and stays */
    const char *namespace_;
    bool all;   /* also rights of runs in other namespaces, and namespaces that end-to-end tests left */
    bool force; /* the namespace goes though it has no sign of a run */
    RunLog *log;
} RemoveOptions;

/* Deletes the namespace, and the run's rights. A namespace that the run did not make (its aggregator was given no more
 * than rights in it) stays, without the run's objects. What is not there is no error. INVALID for a namespace without
 * a run. */
bool remove_run(const RemoveOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many of these things are still there, 0: none. `out_what` names one, with what it waits for; g_free() it. */
bool remove_left(const RemoveOptions *options, guint *out_count, char **out_what, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
