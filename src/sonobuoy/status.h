/* How a run is: the JSON in the annotation sonobuoy.hept.io/status of the aggregator's pod, which is the API that the
 * command line reads.
 *
 *   {"plugins": [{"plugin", "node", "status": running|failed|complete, "result-status", "result-counts",
 *                 "progress": {name, node, timestamp, msg, total, completed, errors, failures}, "reason"}],
 *    "status": running|post-processing|complete|failed, "tar-info": {name, created, sha256, size}}
 *
 * "reason", why a plugin's result did not come, is ours; stock passes it by. A RunStatus is not thread-safe. Source:
 * annotations that stock Sonobuoy 0.57 wrote. */
#pragma once

#include "base/json.h"

#define STATUS_ANNOTATION "sonobuoy.hept.io/status"
#define STATUS_GLOBAL "global" /* the node of a plugin that runs once */
/* An annotation may hold 256 KiB with all others: longer lists of failures are cut short, with a word, and reasons;
 * where that is not enough, entries that say the same of a plugin's nodes are summed up as one, those that have passed
 * first:
 *   {"plugin", "node": "... and 4000 more (complete, passed)", "nodes": 4000, "status", "result-status",
 * "result-counts"} Stock's command line knows nothing of "nodes" and counts it as one. */
#define STATUS_SIZE_MAX (192 * 1024)

typedef enum { RUN_RUNNING, RUN_POST_PROCESSING, RUN_COMPLETE, RUN_FAILED } RunPhase;

typedef struct {
    char *plugin, *node; /* "" as node: not known yet */
    guint nodes;         /* how many it stands for; 1 but for what was summed up */
    RunPhase phase;      /* never RUN_POST_PROCESSING */
    char *result;        /* result-status: "passed", "failed", "custom: 1, ...", "" */
    char *reason;        /* of one that is RUN_FAILED, else without meaning; NULL where it is not known */
    /* Documents of their own, as they are replaced often; NULL where there is nothing. */
    yyjson_mut_doc *counts;   /* {"passed": 2} */
    yyjson_mut_doc *progress; /* as above */
} StatusEntry;

typedef struct {
    GPtrArray *entries; /* StatusEntry, in their order */
    RunPhase phase;
    /* Of the archive; NULL and 0 until there is one. */
    char *tar_name, *tar_created, *tar_sha256;
    guint64 tar_size;
} RunStatus;

RunStatus *run_status_new(void);
void run_status_free(RunStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunStatus, run_status_free)

/* From an annotation's text; INVALID. */
RunStatus *run_status_parse(const char *text, size_t length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The annotation's text, at most STATUS_SIZE_MAX bytes: however many nodes there are, and for hundreds of plugins. */
char *run_status_write(const RunStatus *status);
/* The same, whole. */
char *run_status_write_all(const RunStatus *status);

/* The entry, or NULL. */
StatusEntry *run_status_find(const RunStatus *status, const char *plugin, const char *node);
/* The same, added as running where it is not there. */
StatusEntry *run_status_ensure(RunStatus *status, const char *plugin, const char *node);

/* The entry's result did not come, for this reason, of which the first half KiB is kept. */
void status_entry_fail(StatusEntry *entry, const char *reason);

/* Takes a plugin's own word of its progress in: a JSON object {msg, total, completed, errors, failures, appendtotals,
 * appendcompleted, appendfailing}. Without any append member it replaces the old one; else appendcompleted is added to
 * completed, appendfailing to failures and, with appendtotals, both counts to total; msg and timestamp are the newest.
 * INVALID where it is none. `timestamp`: RFC 3339. */
bool status_entry_progress(StatusEntry *entry, yyjson_val *update, const char *timestamp, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What the plugins' phases say of the whole: running while any is running or failed, else post-processing. */
RunPhase run_status_overall(const RunStatus *status);

/* Of a run that is complete: whether something did not pass, or is not known. */
bool run_status_is_bad(const RunStatus *status);

const char *run_phase_name(RunPhase phase);

/* Why results did not come, for people: a sentence for each plugin and reason, with the nodes. */
GPtrArray *run_status_reasons(const RunStatus *status);

/* For people. `all`: a row an entry (PLUGIN NODE STATUS RESULT PROGRESS), else a row for each plugin, status and result
 * (PLUGIN STATUS RESULT COUNT PROGRESS); right-aligned, three spaces apart, then an empty line and a sentence. */
char *run_status_text(const RunStatus *status, bool all);
