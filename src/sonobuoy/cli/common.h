/* What the commands share: the log's options, the cluster's, and opening it. */
#pragma once

#include "base/program.h"
#include "kube/options.h"
#include "sonobuoy/log.h"

/* The first member of each command's struct of options. */
typedef struct {
    KubeOptions kube;
    char *namespace_;
    char *level;
    bool debug;
    /* klog's, which stock takes: read, and nothing is done with them. */
    char *klog[7];
    bool klog_flags[6];
} Common;

/* --namespace */
extern const Option namespace_options[];
/* --level, and hidden ones that stock has */
extern const Option log_options[];

/* The values of --exit-code. */
#define EXIT_CODE_OUTCOME "outcome"
extern const char *const exit_code_rules[];
/* Whether what did not pass is to be told by the exit code. */
bool exit_code_tells(const char *rule);

/* --fail-on, of reports that have failures and warnings. */
extern const char *const fail_on_rules[];
#define FAIL_ON_OPTION(type_, field_)                                                                  \
    {                                                                                                  \
        .name = "fail-on", .kind = OPTION_ENUM, .offset = offsetof(type_, field_), .value = "OUTCOME", \
        .values = fail_on_rules, .fallback = "fail",                                                   \
        .help = "What the exit status is 1 for: fail, warn (also warnings), never."                    \
    }
/* Whether it is, for a report with these. */
bool fail_on_tells(const char *rule, bool failures, bool warnings);

/* `connections`: at once; `timeout_s`: of a request with its repetitions, 0: the usual two minutes. */
enum { PATIENCE_S = 30 }; /* of somebody who looks on */
KubeClient *cli_client(const Common *common, unsigned connections, unsigned timeout_s, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* program_end(), and for something that the cluster forbids, how to get the right to it. */
int cli_end(int code, GError *error);

/* --output-file, a member of the command's struct of options; and what it does: `write` writes to that file, which
 * stands there whole or not at all; to standard output where the path is NULL or "-". */
#define OUTPUT_FILE_OPTION(type_, field_)                                                                             \
    {                                                                                                                 \
        .name = "output-file", .kind = OPTION_STRING, .offset = offsetof(type_, field_), .value = "FILE",             \
        .complete = "file", .help = "Write the report to this file, whole or not at all, and not to standard output." \
    }
typedef bool (*CliWriteFunc)(FILE *out, void *data, GError **error);
bool cli_write(const char *path, CliWriteFunc write, void *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The log of --level; NULL with USAGE. */
RunLog *cli_log(const Common *common, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The program's words for completion (Command.words): "plugins" and "contexts". The struct of any command that has one
 * of these begins with a Common. */
GStrv cli_words(const char *source, const void *options);
