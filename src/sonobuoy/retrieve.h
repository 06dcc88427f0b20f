/* A run's archive out of its aggregator's pod: found by the pod's status, fetched by a command in the pod, compared
 * with the size and SHA-256 that the status gives.
 *
 * From an aggregator of ours it comes as it is, into NAME.part, which is gone on with after a cut, by a later call too.
 * From a stock one all archives of the pod come as one tar.gz, which cannot be gone on with. */
#pragma once

#include "base/progress.h"
#include "kube/client.h"

typedef struct {
    KubeClient *client;
    const char *namespace_;
    const char *remote_folder; /* where the aggregator keeps its archives */
    const char *folder;        /* where they go; made where it is not there */
    const char *filename;      /* in place of the archive's own; of a second one it becomes NAME-01.EXT; NULL: none */
    bool replace;              /* a different file that is there */
    Progress *progress;        /* of bytes; may be NULL */
    void (*say)(const char *line, void *data); /* what people should know, though it goes on */
    void *say_data;
} RetrieveOptions;

typedef enum { RETRIEVE_DONE, RETRIEVE_NOT_READY, RETRIEVE_FAILED } RetrieveOutcome;

typedef struct {
    char *path;
    bool fresh; /* this call fetched it; else it was there */
} Retrieved;
void retrieved_free(Retrieved *file); /* NULL allowed */

/* Appends a Retrieved for each archive that is there now to `files`, which frees them, and not only of success. With
 * NOT_READY the error says what the run's state is and what to do. A file that is there already stays: as it is the
 * archive (DONE), or EXISTS. CORRUPT where what came is not what the status says. */
RetrieveOutcome retrieve_run(const RetrieveOptions *options, GPtrArray *files, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* "run.ext" for the first (0), "run-01.ext" for the second, ... g_free() it. */
char *retrieve_numbered(const char *filename, guint index);
