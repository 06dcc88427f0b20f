/* What retrieve.c and retrieve-stream.c share, and what tests look at. */
#pragma once

#include "kube/exec.h"
#include "sonobuoy/retrieve.h"
#include "sonobuoy/status.h"

#define RETRIEVE_PROGRAM "/sonobuoy" /* in the pod */

typedef struct {
    const RetrieveOptions *options;
    RunStatus *status;
    char *pod; /* the aggregator's */
    GPtrArray *files;
} Retrieve;

void retrieve_say(const Retrieve *retrieve, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Notes that an archive is there; once, whatever attempt it came with. */
void retrieve_add(const Retrieve *retrieve, const char *path, bool fresh);

/* Whether it can be a file's name here. */
bool retrieve_is_file_name(const char *name);
/* Where an archive goes. g_free() it. */
char *retrieve_target(const RetrieveOptions *options, const char *name, guint index);

/* Whether an archive may be put there. FREE: also what is to be replaced; HAS_IT: it is there; REFUSED: EXISTS, or why
 * it cannot be read. */
typedef enum { PLACE_FREE, PLACE_HAS_IT, PLACE_REFUSED } Place;
Place retrieve_look(const RetrieveOptions *options, const char *path, const char *sha256, GError **error);

/* Opens the unfinished file, of this or an earlier call, with the folders on the way; one call has it at a time, as
 * long as it is open. -1: CONFLICT where another has it; INVALID for what is no file. */
int retrieve_open_part(const char *part, const char *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Gives the finished file its name. */
bool retrieve_put_in_place(const RetrieveOptions *options, int fd, const char *part, const char *target, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A command in the aggregator's container. */
KubeCommand *retrieve_start(const Retrieve *retrieve, const char *const *command, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* Of a command that has ended: true for success. */
bool retrieve_check_exit(const KubeCommand *command, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Waits before another attempt after a failure that may pass. False where there shall be none. */
bool retrieve_try_again(const Retrieve *retrieve, unsigned tries, unsigned tries_max, const GError *failure);

/* All archives of the pod, as a stock aggregator's program writes them. */
bool retrieve_stream(const Retrieve *retrieve, GError **error) G_GNUC_WARN_UNUSED_RESULT;
