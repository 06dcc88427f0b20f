/* What a run found, written for people and for other programs: a table, JSON, JUnit's XML, SARIF, a page of HTML.
 *
 * Plugins are read one at a time, and their items written as they are walked; memory holds one plugin's tree, and of
 * what failed a bounded piece. Names, messages and logs are outside data: each form escapes them, and control
 * characters stand as \x1b. What a plugin's results cannot be read for is in the report, and in the ReportEnd. */
#pragma once

#include "base/cancel.h"
#include "sonobuoy/archive.h"
#include "sonobuoy/results.h"

#include <stdio.h>

typedef struct {
    RunArchive *archive;
    const char *const *plugins; /* to be reported on; NULL-terminated, may be empty */
    const char *node;           /* the part of each plugin's tree that is (results_find()); NULL or "": all */
    bool health;                /* nodes, pods, logs as well */
    Cancel *cancel;             /* may be NULL */
} ReportRequest;

/* How it came out, put together while a report is written. */
typedef struct {
    bool any;           /* the node was found in some plugin */
    bool failed;        /* something that was reported did not pass */
    GPtrArray *trouble; /* char *: what could not be read; NULL: nothing */
} ReportEnd;
void report_end_clear(ReportEnd *end);

/* Each writes all of it to `out`, which has its own errors. false with CANCELLED. */
typedef bool (*ReportFunc)(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error);
bool report_table(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool report_json(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool report_junit(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool report_sarif(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool report_html(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- what the writers, and comparisons, are made of ---------------------------------------------- */

typedef struct {
    const char *name;
    yyjson_mut_doc *doc;
    yyjson_mut_val *item;   /* the tree, or the part that was asked for; NULL: it cannot be read */
    yyjson_mut_val *counts; /* results_counts() */
    const char *trouble;    /* why it cannot be read; NULL: it can */
} ReportPlugin;
typedef bool (*ReportPluginFunc)(const ReportPlugin *plugin, void *data, GError **error);
/* `end` may be NULL. Plugins without the node are passed over. */
bool report_each_plugin(const ReportRequest *request, ReportEnd *end, ReportPluginFunc func, void *data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A leaf of a plugin's tree. */
typedef struct {
    const char *plugin;
    const char *node;      /* of a DaemonSet; NULL: none */
    const char *file;      /* the file it comes from, in the plugin's folder; NULL: none is known */
    const GPtrArray *path; /* const char *: names of the branches that it is in, below the plugin */
    const char *name, *status;
    yyjson_mut_val *item;
} ReportItem;
typedef bool (*ReportItemFunc)(const ReportItem *item, void *data, GError **error);
bool report_each_item(const ReportRequest *request, const ReportPlugin *plugin, ReportItemFunc func, void *data,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The path's names with `between` between them. g_free() it. */
char *report_path(const ReportItem *item, const char *between);
/* What an item says of why it is as it is: failure, error, meta.error, else its other details as YAML; "" for nothing.
 * `limit`: bytes past which it is cut, with a word that says so. g_free() it. */
char *report_message(const ReportItem *item, size_t limit);
/* The next line of a text that says something (more than where in its source a test stands), of at most so many
 * characters; *text goes on behind it. "" where there is none. g_free() it. */
char *report_next_line(const char **text, size_t most);
char *report_first_line(const char *text, size_t most);
/* At most `limit` bytes of a text, its beginning and its end, with a line between that says how much is left out. */
char *report_cut(const char *text, size_t length, size_t limit);

/* The run: {"uuid", "sonobuoyVersion", "serverVersion"}; and its health, as meta/clusterhealth.json has it (archive.h),
 * what is not healthy first, members of error_summary sorted; {} where the archive has none. */
typedef struct {
    char *uuid, *version, *server; /* "": not known */
    yyjson_doc *health;
} ReportRun;
/* What cannot be read is in `end` (may be NULL), and as though it were not there. */
void report_run_read(const ReportRequest *request, ReportRun *run, ReportEnd *end);
void report_run_clear(ReportRun *run);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ReportRun, report_run_clear)
/* Notes something that could not be read, once; takes the error over. `end` may be NULL. */
void report_trouble(ReportEnd *end, GError *error);
