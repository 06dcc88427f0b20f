/* Between aggregator.c, aggregator-run.c, announce.c, collect.c, launch.c and monitor.c. */
#pragma once

#include "kube/list.h"
#include "sonobuoy/aggregator.h"
#include "sonobuoy/certificates.h"
#include "sonobuoy/driver.h"
#include "sonobuoy/resources.h"
#include "sonobuoy/run-state.h"
#include "sonobuoy/status.h"

#include <pthread.h>

/* --- collect.c: what is expected, and what has come ---------------------------------------------------- */

/* Thread-safe. */
typedef struct Collection Collection;

/* `folder`: of the run. */
Collection *collection_new(const char *folder, RunLog *log);
void collection_free(Collection *collection);

/* A result of the plugin is wanted from the node (STATUS_GLOBAL for one that runs once). What the folder has of it
 * already, from an aggregator that was ended, counts as come or failed. */
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

/* How the run was, from an aggregator that was ended: progress is kept from it, of what is expected later. Takes it
 * over.
 */
void collection_remember(Collection *collection, RunStatus *before);

/* Locks the status, for reading and writing; each unlocking counts as a change of it. */
RunStatus *collection_lock(Collection *collection);
void collection_unlock(Collection *collection);
/* The annotation's text where the status has changed since `*change`, which is brought up to date; NULL where not. */
char *collection_status_text(Collection *collection, guint64 *change);

/* --- aggregator-run.c: the run -------------------------------------------------------------------------- */

typedef struct {
    Plugin *plugin;
    StatePlugin *state; /* the run's; NULL until it is launched */
    gint64 launched;    /* monotonic */
} Running;

typedef struct {
    const AggregatorOptions *options;
    Collection *collection;
    Authority *authority;
    char *folder, *url;
    char *pod_name;     /* the aggregator's own */
    GPtrArray *running; /* Running */
    RunState *state;    /* what the next aggregator is to know, if this one is ended */
} Run;

/* Whether this aggregator was told to end, and another will go on on its volume: nothing is given up. */
bool run_is_handed_on(const Run *run);
/* Writes the state; a failure is told to the log. */
void run_save(const Run *run);

/* --- announce.c: the status, to those who look at the pod ---------------------------------------------------- */

/* Finds the aggregator's own pod: its name goes to the run, its UID to the caller (g_free()), and how the run was
 * before, if it was, to the collection. */
char *announce_find_pod(Run *run, GError **error);
/* From now on the pod's annotation follows the status, a second after each change. */
typedef struct Announcer Announcer;
Announcer *announce_start(Run *run);
/* Writes the last one, which tells people that the archive is there, for as long as an API server may well be away. */
void announce_stop(Announcer *announcer);
/* Writes just that status, as announce_stop() does. */
void announce_once(const Run *run, const char *status);

/* --- launch.c: plugins' objects -------------------------------------------------------------------------- */

/* Creates a plugin's objects, unless an aggregator before this one did, and says what is expected of it; what fails is
 * told to the collection. */
void launch_plugin(Run *run, Running *running);
/* Deletes them, but for those that are to be kept. */
void launch_clean_up(Run *run);

/* --- monitor.c: how pods are ------------------------------------------------------------------------------ */

/* Waits until all results of these plugins (Running) have come, failed, or their time is over. */
void monitor_wait(Run *run, const GPtrArray *group);
