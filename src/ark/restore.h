/* The restore engine: fetch, index, order, transform, apply, report. */
#pragma once

#include "ark/index.h"
#include "ark/log.h"
#include "ark/plan.h"
#include "base/json.h"
#include "base/progress.h"
#include "kube/client.h"
#include "store/store.h"

typedef struct {
    KubeClient *client;
    Store *store;                  /* where the backup is; NULL where `index` is given and nothing is stored */
    Store *record;                 /* where log and results go: `store`, opened so that no `cancel` ends it */
    ArkIndex *index;               /* the objects, where they are not a backup's; or NULL. Must outlive the run */
    yyjson_mut_doc *restore;       /* a Restore object; its status is filled in */
    const char *modifiers;         /* a resource modifiers document (YAML), or NULL */
    const char *const *priorities; /* as Velero's --restore-resource-priorities, or NULL */
    bool allow_partially_failed;   /* a backup that is PartiallyFailed may be restored */
    bool keep_managed_fields;      /* bring the stored field ownership back */
    unsigned connections;          /* objects at once within a priority; 0: 16 */
    unsigned wait_s;               /* for namespaces that are going and CRDs that are coming; 0: 600 */
    ArkPlanFunc on_plan;           /* make a plan and change nothing; the client must be of dry runs. Or NULL */
    void *on_plan_data;
    bool resume;          /* a run of this name was cut off: what it made counts as made by this one */
    const ArkPlan *plan;  /* do just what it says, and stop where the cluster has moved on; or NULL */
    const Limits *limits; /* of the archive; NULL: the default ones */
    ArkLogLevel echo;
    Progress *progress;
    Cancel *cancel;
} ArkRestoreRequest;

typedef struct {
    char *phase; /* Completed, PartiallyFailed, Failed */
    guint64 created, updated, skipped, failed;
    guint errors, warnings;
    char *results;    /* the results file's JSON */
    bool was_there;   /* `resume`: it is Completed already; only phase is set */
    char *not_stored; /* why log and results could not be put into the store, or NULL */
} ArkRestoreOutcome;
void ark_restore_outcome_clear(ArkRestoreOutcome *outcome);

/* The Restore object is in the store from the beginning, InProgress. Of one name there is one restore: EXISTS where
 * another has it, or where a run was cut off and `resume` is not asked for.
 * False only where nothing was begun (bad request, backup missing or damaged,
 * cluster out of reach). */
bool ark_restore_run(const ArkRestoreRequest *request, ArkRestoreOutcome *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
