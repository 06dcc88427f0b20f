/* Following a run to its end. */
#pragma once

#include "sonobuoy/cli/common.h"

/* Of --wait and --wait-output. */
typedef struct {
    gint64 minutes;  /* 0: without end */
    char *output;    /* silent, spinner, progress */
    char *exit_code; /* outcome, never */
} WaitOptions;

/* Tells of changes on stdout until the run is over. Returns the exit code for its outcome, or sets the error: FAILED
 * where it cannot end, as its pod is gone or in trouble; TIMEOUT. */
int wait_for_run(KubeClient *client, const char *namespace_, const WaitOptions *options, GError **error);

static const char *const wait_outputs[] = {"progress", "spinner", "silent", NULL};
static const char *const wait_exit_codes[] = {"outcome", "never", NULL};

/* The options of member `member` of a command's struct, but for the one that says whether to wait. */
#define WAIT_OPTIONS(type_, member_)                                                                             \
    {.name = "wait-output",                                                                                      \
     .kind = OPTION_ENUM,                                                                                        \
     .offset = offsetof(type_, member_.output),                                                                  \
     .value = "HOW",                                                                                             \
     .values = wait_outputs,                                                                                     \
     .fallback = "progress",                                                                                     \
     .help = "What is told while waiting: all that changes (progress), or nothing (silent, spinner)."},          \
    {                                                                                                            \
        .name = "exit-code", .kind = OPTION_ENUM, .offset = offsetof(type_, member_.exit_code), .value = "WHEN", \
        .values = wait_exit_codes, .fallback = "outcome",                                                        \
        .help = "End with 1 where something did not pass (outcome), or only where waiting failed (never)."       \
    }

#define RUN_EXIT_CODES                                                                                    \
    "0   done; with a wait: all passed\n"                                                                 \
    "1   it could not be done; with a wait: something did not pass, or the run did not come to its end\n" \
    "2   wrong use"
