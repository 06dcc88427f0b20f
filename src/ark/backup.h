/* The backup engine: discover, select, list, act, archive, store. */
#pragma once

#include "ark/log.h"
#include "base/progress.h"
#include "base/json.h"
#include "kube/client.h"
#include "store/store.h"

typedef struct {
    KubeClient *client;
    Store *store;
    yyjson_mut_doc *backup; /* a Backup object; its status and annotations are filled in */
    const char *policies;   /* a resource policies document (YAML), or NULL */
    bool consistent;        /* ask every list for one revision */
    bool resume;            /* a run of this name was cut off: what it left is replaced; one that is whole stays */
    unsigned connections;   /* lists at once; 0: 8 */
    unsigned page_size;     /* 0: 500 */
    ArkLogLevel echo;       /* log lines from here on also on stderr */
    Progress *progress;     /* may be NULL */
    Cancel *cancel;
} ArkBackupRequest;

typedef struct {
    char *phase; /* Completed, PartiallyFailed, Failed */
    guint64 objects, bytes, stored_bytes;
    guint errors, warnings;
    char *results;  /* the results file's JSON */
    bool was_there; /* `resume`: the backup is whole already; only phase is set */
    bool left_over; /* `resume`: an archive without its marker was replaced */
} ArkBackupOutcome;
void ark_backup_outcome_clear(ArkBackupOutcome *outcome);

/* Starts from the beginning even after an interruption: all lists must be of one revision, and that one may be gone.
 * False only where no backup came about: bad request (INVALID, USAGE), name
 * taken (EXISTS), cluster or store out of reach; nothing visible is left then.
 * Else the phase says how it went. */
bool ark_backup_run(const ArkBackupRequest *request, ArkBackupOutcome *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
