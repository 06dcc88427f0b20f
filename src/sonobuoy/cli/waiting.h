/* Following a run to its end. */
#pragma once

#include "sonobuoy/cli/common.h"

/* Of --wait and --wait-output. */
typedef struct {
    gint64 minutes;      /* 0: without end */
    char *output;        /* silent, spinner, progress */
    char *exit_code;     /* outcome, never */
    gint64 pull_timeout; /* how long an image that cannot be had is waited for */
    bool json;           /* in place of words: the status on a line, each time that it has changed */
} WaitOptions;

/* Tells of changes on stdout until the run is over. Returns the exit code for its outcome, or sets the error: FAILED
 * where it cannot end, as its pod is gone or in trouble; TIMEOUT. */
int wait_for_run(KubeClient *client, const char *namespace_, const WaitOptions *options, GError **error);

static const char *const wait_outputs[] = {"progress", "spinner", "silent", NULL};

/* The options of member `member` of a command's struct, but for the one that says whether to wait. */
#define WAIT_OPTIONS(type_, member_)                                                                             \
    {.name = "wait-output",                                                                                      \
     .kind = OPTION_ENUM,                                                                                        \
     .offset = offsetof(type_, member_.output),                                                                  \
     .value = "HOW",                                                                                             \
     .values = wait_outputs,                                                                                     \
     .fallback = "progress",                                                                                     \
     .help = "What is told while waiting: all that changes (progress), or nothing (silent, spinner)."},          \
        {.name = "image-pull-timeout",                                                                           \
         .kind = OPTION_DURATION,                                                                                \
         .offset = offsetof(type_, member_.pull_timeout),                                                        \
         .value = "TIME",                                                                                        \
         .fallback = "1m",                                                                                       \
         .rare = true,                                                                                           \
         .help = "How long the aggregator's image is waited for where it cannot be had."},                       \
    {                                                                                                            \
        .name = "exit-code", .kind = OPTION_ENUM, .offset = offsetof(type_, member_.exit_code), .value = "WHEN", \
        .values = exit_code_rules, .fallback = EXIT_CODE_OUTCOME,                                                \
        .help = "End with 1 where something did not pass (outcome), or only where waiting failed (never)."       \
    }

#define RUN_EXIT_CODES                                                                                    \
    "0   done; with a wait: all passed\n"                                                                 \
    "1   it could not be done; with a wait: something did not pass, or the run did not come to its end\n" \
    "2   wrong use"
