/* What a submission's run is held against: how its tests were chosen, which passed, and versions. */
#include "base/yaml.h"
#include "sonobuoy/builtin.h"
#include "sonobuoy/modes.h"
#include "sonobuoy/report-internal.h"
#include "sonobuoy/results.h"
#include "sonobuoy/submit-internal.h"
#include "sonobuoy/test-list.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 10, CHUNK = 64 * 1024 };
#define TAG "[Conformance]"
#define MODE "certified-conformance"

/* --- lists of tests ------------------------------------------------------------------------------------ */

static GPtrArray *names_of_yaml(yyjson_mut_val *root) {
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    yyjson_mut_val *test;
    size_t index, count;
    yyjson_mut_arr_foreach(root, index, count, test) {
        const char *name = json_mut_get_string(test, "codename");
        if (name)
            g_ptr_array_add(names, g_strdup(name));
    }
    return names;
}

GPtrArray *submission_tests_parse(const char *text, size_t length, const char *what, GError **error) {
    bool yaml = g_regex_match_simple("^- *[a-z]+:", text, G_REGEX_MULTILINE | G_REGEX_RAW, 0);
    g_autoptr(yyjson_mut_doc) doc = yaml ? yaml_parse(text, length, what, error) : NULL;
    if (yaml && !doc)
        return NULL;
    g_autoptr(GPtrArray) names = doc ? names_of_yaml(yyjson_mut_doc_get_root(doc)) : test_list_parse(text, length);
    if (names->len > 0)
        return g_steal_pointer(&names);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s names no test", what);
    return NULL;
}

/* "N tests WHAT:" and the first of their names. */
static void refuse_tests(Submission *submission, const GPtrArray *names, const char *what) {
    if (names->len == 0)
        return;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < MIN(names->len, NAMES_MAX); i++)
        g_string_append_printf(text, "\n    %s", (const char *)names->pdata[i]);
    if (names->len > NAMES_MAX)
        g_string_append_printf(text, "\n    ... and %u more", names->len - NAMES_MAX);
    submission_refuse(submission, "%u %s %s:%s", names->len, names->len == 1 ? "test" : "tests", what, text->str);
}

/* --- how they were chosen ------------------------------------------------------------------------------- */

/* A variable of the plugin's container; "" where it is not set. */
static const char *variable(yyjson_val *spec, const char *name) {
    yyjson_val *env = json_get(spec, "env"), *one;
    size_t index, count;
    yyjson_arr_foreach(env, index, count, one) {
        if (g_strcmp0(json_get_string(one, "name"), name) == 0) {
            const char *value = json_get_string(one, "value");
            return value ? value : "";
        }
    }
    return "";
}

/* What go-runner takes for a wish to run in parallel. */
static bool is_parallel(const char *value) {
    return g_str_equal(value, "y") || g_str_equal(value, "Y") || g_str_equal(value, "true");
}

static void check_choice(Submission *submission, yyjson_val *spec) {
    static const char *const arguments[] = {"E2E_EXTRA_ARGS", "E2E_EXTRA_GINKGO_ARGS"};
    const char *focus = variable(spec, "E2E_FOCUS"), *skip = variable(spec, "E2E_SKIP");
    if (*focus && !g_str_equal(focus, mode_find(MODE)->focus))
        submission_refuse(submission, "the tests were chosen by E2E_FOCUS=%s: a submission is of a run of --mode " MODE,
                          focus);
    if (*skip)
        submission_refuse(submission, "tests were left out by E2E_SKIP=%s: a submission is of a run of --mode " MODE,
                          skip);
    if (is_parallel(variable(spec, "E2E_PARALLEL")))
        submission_refuse(submission,
                          "the tests ran in parallel (E2E_PARALLEL), which leaves out those that are [Serial]");
    if (*variable(spec, "E2E_DRYRUN"))
        submission_refuse(submission, "no test was run (E2E_DRYRUN)");
    for (size_t i = 0; i < G_N_ELEMENTS(arguments); i++) {
        const char *value = variable(spec, arguments[i]);
        if (g_regex_match_simple("focus|skip|label-filter|dry-run|procs", value, 0, 0))
            submission_refuse(submission, "%s chooses among the tests: %s", arguments[i], value);
    }
    submission->image = g_strdup(json_get_string(spec, "image"));
}

/* A document of the archive; NULL where it is not there, or is none. */
static yyjson_doc *read_json(Submission *submission, RunArchive *archive, const char *path, const char *lost) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = run_archive_read(archive, path, &error);
    size_t length = 0;
    const char *text = bytes ? g_bytes_get_data(bytes, &length) : NULL;
    yyjson_doc *doc = text ? json_parse(text, length, path, &error) : NULL;
    if (!doc)
        submission_remark(submission, "%s cannot be told: %s", lost, error ? error->message : "it is empty");
    return doc;
}

static void check_definition(Submission *submission, RunArchive *archive) {
    g_autoptr(yyjson_doc) doc =
        read_json(submission, archive, "plugins/" BUILTIN_E2E "/definition.json", "how the tests were chosen");
    if (doc)
        check_choice(submission, json_get(yyjson_doc_get_root(doc), "Definition", "spec"));
    g_autoptr(yyjson_doc) config = read_json(submission, archive, "meta/config.json", "which Sonobuoy ran");
    if (config)
        submission->sonobuoy_version = g_strdup(json_get_string(yyjson_doc_get_root(config), "Version"));
}

/* --- which passed ------------------------------------------------------------------------------------------ */

typedef struct {
    GHashTable *passed;          /* names */
    GPtrArray *failed, *skipped; /* names that stay the tree's; skipped: conformance tests alone */
    guint ran;                   /* tests, without ginkgo's own nodes */
    bool marked;                 /* names begin with "[It] ": its own nodes can be told */
} Tests;

static void count_tests(yyjson_mut_val *item, Tests *tests) {
    yyjson_mut_val *items = yyjson_mut_obj_get(item, "items"), *below;
    size_t index, count;
    yyjson_mut_arr_foreach(items, index, count, below) {
        count_tests(below, tests);
    }
    const char *full = json_mut_get_string(item, "name");
    /* An empty suite has no status. */
    if (yyjson_mut_arr_size(items) || !full || !*results_item_status(item))
        return;
    const char *name = results_test_name(full);
    Outcome outcome = results_outcome(results_item_status(item));
    bool conformance = strstr(name, TAG);
    tests->marked |= name != full;
    tests->ran += name != full && outcome != OUTCOME_SKIPPED;
    if (outcome == OUTCOME_FAILED)
        g_ptr_array_add(tests->failed, (char *)name);
    else if (outcome == OUTCOME_SKIPPED && conformance)
        g_ptr_array_add(tests->skipped, (char *)name);
    else if (outcome == OUTCOME_PASSED && conformance)
        g_hash_table_add(tests->passed, (char *)name);
}

/* Those that are wanted and neither passed nor failed. */
static void refuse_missing(Submission *submission, const Tests *tests, const GPtrArray *wanted) {
    g_autoptr(GPtrArray) missing = g_ptr_array_new();
    for (guint i = 0; i < wanted->len; i++) {
        const char *name = wanted->pdata[i];
        if (!g_hash_table_contains(tests->passed, name) &&
            !g_ptr_array_find_with_equal_func(tests->failed, name, g_str_equal, NULL))
            g_ptr_array_add(missing, (char *)name);
    }
    refuse_tests(submission, missing, "that the release wants did not run");
}

static void judge_tests(Submission *submission, const Tests *tests, const GPtrArray *wanted) {
    submission->passed = g_hash_table_size(tests->passed);
    if (submission->passed == 0)
        submission_refuse(submission, SUBMISSION_JUNIT " has no test of " TAG " that passed");
    refuse_tests(submission, tests->failed, "failed");
    if (wanted) {
        refuse_missing(submission, tests, wanted);
        return;
    }
    refuse_tests(submission, tests->skipped, "of " TAG " did not run");
    if (tests->skipped->len == 0)
        submission_remark(submission,
                          "whether all tests of the release are among the %u that passed is for --tests to say: "
                          "Kubernetes' test/conformance/testdata/conformance.yaml",
                          submission->passed);
}

/* --- the log ------------------------------------------------------------------------------------------------- */

typedef struct {
    Submission *submission;
    char *cluster_version;
    guint ran;     /* of "Ran N of M Specs in" */
    bool ended;    /* that line is there */
    bool parallel; /* "Running in parallel across N processes" */
} Log;

/* The word behind the last of a marker; NULL where there is none. */
static char *word_behind(const char *line, const char *marker) {
    const char *found = strstr(line, marker);
    size_t length = found ? strcspn(found + strlen(marker), " \t\r") : 0;
    return length ? g_strndup(found + strlen(marker), length) : NULL;
}

static void read_line(const char *line, void *data) {
    Log *log = data;
    guint ran, all;
    char *version = word_behind(line, "e2e test version: ");
    if (version && !log->submission->test_version)
        log->submission->test_version = g_steal_pointer(&version);
    g_free(version);
    version = word_behind(line, "kube-apiserver version: ");
    if (version && !log->cluster_version)
        log->cluster_version = g_steal_pointer(&version);
    g_free(version);
    if (sscanf(line, "Ran %u of %u Specs in ", &ran, &all) == 2) {
        log->ran = ran;
        log->ended = true;
    }
    log->parallel |= g_str_has_prefix(line, "Running in parallel across ");
}

typedef struct {
    const char *path;
    ReportLines lines;
    guint64 size;
    bool found;
} LogReader;

static bool read_log(const char *path, guint64 size, Source *content, void *data, GError **error) {
    LogReader *reader = data;
    if (!g_str_equal(path, reader->path))
        return true;
    reader->found = true;
    reader->size = size;
    g_autofree char *buffer = g_malloc(CHUNK);
    gssize length;
    while ((length = source_read(content, buffer, CHUNK, error)) > 0)
        report_lines_feed(&reader->lines, buffer, (size_t)length);
    return false; /* nothing more is asked for; an error is there, or none */
}

static bool scan_log(Log *log, RunArchive *archive, GError **error) {
    g_autofree char *path = submission_source(SUBMISSION_LOG);
    LogReader reader = {.path = path, .lines = {.func = read_line, .data = log}};
    bool walked = run_archive_walk(archive, read_log, &reader, error);
    report_lines_end(&reader.lines);
    if (walked && !reader.found) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the archive has no %s", path);
        return false;
    }
    return walked;
}

static void judge_log(Submission *submission, const Log *log, const Tests *tests) {
    if (log->parallel)
        submission_refuse(submission, SUBMISSION_LOG " says that the tests ran in parallel");
    if (!log->ended)
        submission_refuse(submission, SUBMISSION_LOG " has no end (\"Ran N of M Specs\"): the run was cut");
    else if (tests->marked && log->ran != tests->ran)
        submission_refuse(submission, SUBMISSION_LOG " tells of %u tests that ran, " SUBMISSION_JUNIT " of %u",
                          log->ran, tests->ran);
}

/* --- versions ---------------------------------------------------------------------------------------------------- */

/* "v1.34" of "v1.34.4+k3s1"; NULL where it is no version. */
static char *release_of(const char *version) {
    unsigned major, minor;
    return version && sscanf(version, "v%u.%u.", &major, &minor) == 2 ? g_strdup_printf("v%u.%u", major, minor) : NULL;
}

static void judge_versions(Submission *submission, const Log *log) {
    const char *cluster = submission->cluster_version, *tests = submission->test_version;
    g_autofree char *of_tests = release_of(tests), *of_log = release_of(log->cluster_version);
    submission->release = release_of(cluster);
    if (!submission->release)
        submission_refuse(submission, "the archive does not say of what version the cluster is");
    else if (g_regex_match_simple("-(alpha|beta|rc)", cluster, 0, 0))
        submission_refuse(submission, "the cluster is of %s, which is no release", cluster);
    if (!of_tests)
        submission_remark(submission, SUBMISSION_LOG " does not say of what version the tests are");
    if (submission->release && of_tests && !g_str_equal(submission->release, of_tests))
        submission_refuse(submission, "the tests are of %s, the cluster is of %s: they must be of one release", tests,
                          cluster);
    if (submission->release && of_log && !g_str_equal(submission->release, of_log))
        submission_refuse(submission, SUBMISSION_LOG " is of a cluster of %s, the rest of the archive of one of %s",
                          log->cluster_version, cluster);
}

static void read_versions(Submission *submission, RunArchive *archive, const Log *log) {
    g_autoptr(yyjson_doc) doc =
        read_json(submission, archive, "serverversion.json", "the cluster's version, but by " SUBMISSION_LOG ",");
    const char *version = doc ? json_get_string(yyjson_doc_get_root(doc), "gitVersion") : NULL;
    submission->cluster_version = g_strdup(version ? version : log->cluster_version);
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

static bool read_tests(RunArchive *archive, yyjson_mut_doc *doc, Tests *tests, GError **error) {
    g_autofree char *path = submission_source(SUBMISSION_JUNIT);
    g_autoptr(GBytes) bytes = run_archive_read(archive, path, error);
    size_t length = 0;
    const char *text = bytes ? g_bytes_get_data(bytes, &length) : NULL;
    yyjson_mut_val *file = results_item_new(doc, SUBMISSION_JUNIT, NULL, "file");
    if (bytes && results_add_junit(doc, file, text ? text : "", length, error)) {
        count_tests(file, tests);
        return true;
    }
    g_prefix_error(error, "the tests of the plugin " BUILTIN_E2E " cannot be read: ");
    return false;
}

bool submission_check_run(Submission *submission, RunArchive *archive, const GPtrArray *wanted, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    g_autoptr(GHashTable) passed = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) failed = g_ptr_array_new(), skipped = g_ptr_array_new();
    Tests tests = {.passed = passed, .failed = failed, .skipped = skipped};
    Log log = {.submission = submission};
    bool read = read_tests(archive, doc, &tests, error) && scan_log(&log, archive, error);
    if (read) {
        check_definition(submission, archive);
        read_versions(submission, archive, &log);
        judge_versions(submission, &log);
        judge_tests(submission, &tests, wanted);
        judge_log(submission, &log, &tests);
    }
    g_free(log.cluster_version);
    return read;
}
