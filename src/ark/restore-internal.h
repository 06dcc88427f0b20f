/* One restore under way, as its stages share it. */
#pragma once

#include "ark/index.h"
#include "ark/modifiers.h"
#include "ark/restore.h"
#include "ark/results.h"
#include "ark/selection.h"
#include "ark/transform.h"
#include "base/workers.h"
#include "kube/object.h"

#include <pthread.h>

typedef struct {
    const ArkRestoreRequest *request;
    KubeDiscovery *discovery;
    ArkRestoreSpec spec;
    ArkSelection selection;
    ArkModifiers *modifiers;
    ArkTransform transform;
    ArkIndex *index;
    bool resumed;        /* an earlier run of this restore was cut off: objects with its label are its own */
    GHashTable *related; /* ArkEntry that others bring along: no label is asked of them */
    ArkLog *log;
    ArkResults *results;

    pthread_mutex_t plan_lock;     /* on_plan is called by one at a time */
    pthread_mutex_t lock;          /* all below */
    GHashTable *fresh_namespaces;  /* made by this run: nothing of ours is in them yet */
    GHashTable *broken_namespaces; /* could not be made ready */
    GHashTable *outcomes;          /* "v1/Pod" -> GString of lines "ns/name(created)" */
    GHashTable *coming;            /* plans: definitions that the restore brings, "plural.group" */
    char *moved_on;                /* where the cluster is no longer as the plan has it: ends the restore */
    guint64 counts[4];
} ArkRestoreRun;

/* record: what the store has of it. Whether anything is stored: not of plans and clones. */
static inline bool ark_restore_stores(const ArkRestoreRun *run) {
    return run->request->record && !run->request->on_plan;
}
/* Whether the name is free there, or its restore may be gone on with (run->resumed) or is complete (out->was_there). */
bool ark_restore_record_check(ArkRestoreRun *run, ArkRestoreOutcome *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Tells the store that it is under way, for whoever looks, and should it be cut off. */
void ark_restore_record_begin(ArkRestoreRun *run, gint64 started);
/* Puts the outcome into the Restore object and, where anything is stored, all files there. */
bool ark_restore_record_end(ArkRestoreRun *run, const ArkRestoreOutcome *out, gint64 started, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* Notes in the Restore object's annotations; `value` NULL: nothing is noted, and nothing was. */
void ark_restore_note(ArkRestoreRun *run, const char *key, const char *value);
const char *ark_restore_noted(const ArkRestoreRun *run, const char *key);

/* apply: brings one object into the cluster and counts how that went. */
void ark_restore_apply(ArkRestoreRun *run, const char *group_resource, const ArkEntry *entry);

/* Makes the namespaces of all entries ready, several at once. */
void ark_restore_namespaces(ArkRestoreRun *run, GHashTable *wanted);

/* Hands an item of a plan on; nothing where none is made. */
void ark_restore_tell(ArkRestoreRun *run, const ArkPlanItem *item);

/* Ends the restore: the cluster is not as the plan has it. */
void ark_restore_move_on(ArkRestoreRun *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Whether it ended so. */
bool ark_restore_has_moved_on(ArkRestoreRun *run);

void ark_restore_count(ArkRestoreRun *run, const char *kind, const char *namespace_, const char *name,
                       ArkItemOutcome outcome);
