/* Between aggregator.c, collect.c, monitor.c and launch.c. */
#pragma once

#include "kube/list.h"
#include "sonobuoy/aggregator.h"
#include "sonobuoy/certificates.h"
#include "sonobuoy/driver.h"
#include "sonobuoy/resources.h"
#include "sonobuoy/status.h"

#include <pthread.h>

/* --- collect.c: what is expected, and what has come ---------------------------------------------------- */

/* Thread-safe. */
typedef struct Collection Collection;

/* `folder`: of the run. */
Collection *collection_new(const char *folder, RunLog *log);
void collection_free(Collection *collection);

/* A result of the plugin is wanted from the node (STATUS_GLOBAL for one that runs once). */
void collection_expect(Collection *collection, const char *plugin, const char *node);
/* It will not come: why is written to the archive (errors/NODE/error.json), with the pod, which may be NULL. A result
 * that comes all the same is taken, and replaces the error. */
void collection_fail(Collection *collection, const char *plugin, const char *node, const char *reason, yyjson_val *pod);
/* The nodes whose result has neither come nor failed. */
GStrv collection_missing(Collection *collection, const char *plugin);
/* Waits until something was collected, or for so long; whether nothing of the plugin is missing. */
void collection_wait(Collection *collection, gint64 microseconds);

/* For the server (ResultHandler); data is the collection. */
GError *collection_expected(const char *plugin, const char *node, void *data);
void collection_received(const char *plugin, const char *node, const GError *error, void *data);
void collection_lost(const char *plugin, const char *node, const char *reason, void *data);
bool collection_progress(const char *plugin, const char *node, yyjson_val *update, void *data, GError **error);

/* Locks the status, for reading and writing; each unlocking counts as a change of it. */
RunStatus *collection_lock(Collection *collection);
void collection_unlock(Collection *collection);
/* The annotation's text where the status has changed since `*change`, which is brought up to date; NULL where not. */
char *collection_status_text(Collection *collection, guint64 *change);

/* --- launch.c: plugins' objects -------------------------------------------------------------------------- */

typedef struct {
    Plugin *plugin;
    char session[17];
    gint64 launched; /* monotonic */
    bool failed;     /* it could not be created */
} Running;

typedef struct {
    const AggregatorOptions *options;
    Collection *collection;
    Authority *authority;
    char *folder, *url;
    char *pod_name, *pod_uid; /* the aggregator's own; NULL where it is not known */
    GPtrArray *running;       /* Running */
} Run;

/* Creates a plugin's objects and says what is expected of it; what fails is told to the collection. */
void launch_plugin(Run *run, Running *running);
/* Deletes them, but for those that are to be kept. */
void launch_clean_up(Run *run);

/* --- monitor.c: how pods are ------------------------------------------------------------------------------ */

/* Waits until all results of these plugins (Running) have come, failed, or their time is over. */
void monitor_wait(Run *run, const GPtrArray *group);
