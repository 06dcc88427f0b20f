/* From a running cluster into another one, or beside the original under other namespaces: what a backup
 * reads and a restore brings back, with no store in between. */
#pragma once

#include "ark/capture.h"
#include "ark/restore.h"

typedef struct {
    ArkCaptureRequest source; /* spec, log and results are set by the run */
    yyjson_mut_doc *backup;   /* a Backup object: what is read */
    ArkRestoreRequest target; /* store and index are set by the run; its `restore` says what becomes of it */
} ArkCloneRequest;

typedef struct {
    ArkRestoreOutcome restore;
    guint64 read;                     /* objects of the source */
    guint read_errors, read_warnings; /* what could not be read, and what to know */
    char *read_results;               /* as a backup's results file */
} ArkCloneOutcome;
void ark_clone_outcome_clear(ArkCloneOutcome *outcome);

/* Objects wait in an unnamed temporary file ($TMPDIR). False where nothing was begun. */
bool ark_clone_run(const ArkCloneRequest *request, ArkCloneOutcome *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
