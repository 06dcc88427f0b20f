/* A plugin's results as a tree of items, sonobuoy_results.yaml, and how the tree is made from what a plugin sent.
 *
 * An item is a JSON object {"name", "status", "meta": {text: text}, "details": {any}, "items": [item]} in this order,
 * empty members left out. meta.type is "summary" for the plugin, "node" for a node of a DaemonSet, "file" for a file;
 * meta.file is the file's path below the plugin's folder; meta.error says why a file could not be read.
 * Statuses: passed, failed, skipped, timeout, unknown, or any text of the plugin's own.
 * Source: Sonobuoy's documentation, "Results" (sonobuoy.io/docs/main/results), and archives of stock Sonobuoy 0.57. */
#pragma once

#include "base/json.h"
#include "base/limit.h"

/* How deep items may be nested in what is read, and how many a file may have. */
enum { RESULTS_DEPTH_MAX = 100, RESULTS_ITEMS_MAX = 1000 * 1000 };

/* An item with a name; status and type may be NULL. All texts are copied into doc. */
yyjson_mut_val *results_item_new(yyjson_mut_doc *doc, const char *name, const char *status, const char *type);
void results_item_set_meta(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *key, const char *text);
void results_item_set_detail(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *key, const char *text);
void results_item_add(yyjson_mut_doc *doc, yyjson_mut_val *item, yyjson_mut_val *child);
/* The item's status, "" where it has none; never NULL. */
const char *results_item_status(yyjson_mut_val *item);

/* Sets the status of every item that has items from those below it, bottom up, and of leaves without one to unknown:
 * failed or timeout make failed, else unknown makes unknown, else passed. Where any leaf of the tree has a status of
 * the plugin's own, each branch says the counts instead: "custom: 1, passed: 2", sorted; leaves of that form are added
 * up. Of a hundred statuses of its own, or a kilobyte of them, the rest is "others". */
void results_roll_up(yyjson_mut_doc *doc, yyjson_mut_val *root);

/* {"failed": 1, "passed": 2}: how many leaves have which status, sorted. The result belongs to doc. */
yyjson_mut_val *results_counts(yyjson_mut_doc *doc, yyjson_mut_val *item);

/* What a status says of a test. One of the plugin's own is no failure. */
typedef enum { OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_SKIPPED, OUTCOME_OWN } Outcome;
/* failed, timeout and unknown (as what gave no results did not pass) are OUTCOME_FAILED. */
Outcome results_outcome(const char *status);
/* Whether the item, or any leaf below it, failed, ran out of time or is unknown. */
bool results_failed(yyjson_mut_doc *doc, yyjson_mut_val *item);

/* The item of that name nearest to the beginning, "" or NULL: the item itself; NULL: there is none. */
yyjson_mut_val *results_find(yyjson_mut_val *item, const char *name);
/* A test's name without what ginkgo's newer versions write before it, "[It] ": runs of both have the same tests. */
const char *results_test_name(const char *name);

/* A tree as sonobuoy_results.yaml has it, with texts where stock takes other scalars for texts. INVALID where it is
 * none, LIMIT past the two above; `what` names it in errors. */
yyjson_mut_doc *results_parse(const char *data, size_t length, const char *what, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What is done with the files of a plugin. Unknown names are RESULT_RAW, as stock has it. */
typedef enum { RESULT_RAW, RESULT_JUNIT, RESULT_E2E, RESULT_GOJSON, RESULT_MANUAL } ResultFormat;
ResultFormat result_format_parse(const char *text);

typedef struct {
    const char *name; /* the plugin's */
    ResultFormat format;
    const char *const *files; /* base names that are taken in place of the format's own; NULL or empty: those */
    bool by_node;             /* a DaemonSet */
} ResultsPlugin;

/* The tree of a plugin, rolled up, from the folder that holds its `results` and `errors` (an archive's
 * plugins/NAME): results/global/..., results/NODE/..., errors/(global|NODE)/error.json. What cannot be read, or not as
 * its format says, becomes an item with meta.error and status unknown (an error.json: failed), never an error here.
 * Reads a file at a time; of `limits` (NULL: the default ones) entries, path_length and file_size count. No link is
 * followed. Fails only where the folder cannot be opened. */
yyjson_mut_doc *results_of_plugin(const char *folder, const ResultsPlugin *plugin, const Limits *limits, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* One file's content to items below `item`. false with INVALID or LIMIT where it is not of the format: then `item` is
 * as it was before. */

/* XML of JUnit's form: suites, suites in suites, cases; on expat. No entity is expanded but XML's own. A text of more
 * than 16 MiB is cut. */
bool results_add_junit(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *data, size_t length, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* Lines of `go test -json`: an item for each test that passed, failed or was skipped, and one for a package that failed
 * though none of its tests did. Lines that are none of its are counted in meta.error; INVALID where all are. */
bool results_add_gojson(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *data, size_t length, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* YAML of an item: its items, status and details; its name and meta are not taken. */
bool results_add_manual(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *data, size_t length, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
