/* sonobuoy check: is the cluster set up as it must be, and well? Without a pod. And sonobuoy explain: what a check
 * means.
 */
#include "sonobuoy/check/check.h"

#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"
#include "sonobuoy/check/diff.h"
#include "sonobuoy/check/report.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"

#include <string.h>
#include <unistd.h>

enum { CONNECTIONS = 8, CONFIG_MAX_BYTES = 1 << 20, EXIT_BLIND = 3 };

typedef struct {
    Common common;
    GStrv only, skip;
    char *config, *fail_on, *output, *output_file, *from;
    gint64 nodes, interval;
    bool list, watch, as_plugin;
} Options;

/* --- reports -------------------------------------------------------------------------------------------- */

static void write_table(const CheckReport *report, FILE *out) {
    check_report_table(report, false, out);
}

static void write_wide(const CheckReport *report, FILE *out) {
    check_report_table(report, true, out);
}

static void write_json(const CheckReport *report, FILE *out) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    g_autofree char *text = json_mut_write_pretty(check_report_json(report, doc), NULL);
    fputs(text, out);
}

static void write_yaml(const CheckReport *report, FILE *out) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    g_autofree char *text = yaml_write(check_report_json(report, doc));
    fputs(text, out);
}

static const char *const forms[] = {"table", "wide", "json", "yaml", "junit", "sarif", "html", "prometheus", NULL};
static void (*const writers[])(const CheckReport *report, FILE *out) = {
    write_table,        write_wide,         write_json,        write_yaml,
    check_report_junit, check_report_sarif, check_report_html, check_report_prometheus};

typedef struct {
    const Options *options;
    const CheckReport *report;
} Written;

static bool write_form(FILE *out, void *data, GError **error) {
    const Written *written = data;
    size_t form = 0;
    while (!g_str_equal(forms[form], written->options->output))
        form++;
    writers[form](written->report, out);
    return true;
}

static bool write_report(const Options *options, const CheckReport *report, GError **error) {
    Written written = {options, report};
    return cli_write(options->output_file, write_form, &written, error);
}

/* --- the check -------------------------------------------------------------------------------------------- */

static CheckConfig *read_config(const Options *options, GError **error) {
    if (!options->config)
        return check_config_new();
    size_t length;
    g_autofree char *text = file_read(options->config, CONFIG_MAX_BYTES, &length, error);
    return text ? check_config_read(text, length, options->config, error) : NULL;
}

static Snapshot *take_snapshot(const Options *options, KubeClient *client, GError **error) {
    if (options->from)
        return snapshot_from_archive(options->from, error);
    SnapshotOptions how = {.client = client,
                           .namespace_ = options->common.namespace_,
                           .connections = (unsigned)options->common.kube.connections,
                           .nodes_asked = (unsigned)options->nodes};
    return snapshot_new(&how, error);
}

/* 0: none, 1: findings of --fail-on. */
static int outcome_code(const Options *options, const CheckReport *report) {
    if (fail_on_tells(options->fail_on, report->counts[CHECK_FAIL], report->counts[CHECK_WARN]))
        return EXIT_FAILED;
    return report->counts[CHECK_UNKNOWN] == report->results->len ? EXIT_BLIND : EXIT_DONE;
}

static int list_checks(void) {
    for (const char *const *area = check_areas; *area; area++)
        for (const Check *check = checks; check->id; check++)
            if (g_str_equal(check->area, *area))
                printf("%-12s %-9s %s\n", check->id, check_severity_name(check->severity), check->title);
    return EXIT_DONE;
}

static CheckReport *take_report(const Options *options, const CheckConfig *config, KubeClient *client, GError **error) {
    g_autoptr(Snapshot) snapshot = take_snapshot(options, client, error);
    CheckOptions how = {.only = (const char *const *)options->only,
                        .skip = (const char *const *)options->skip,
                        .config = config,
                        .cancel = program_cancel()};
    return snapshot ? checks_run(snapshot, &how, error) : NULL;
}

/* --- again and again ------------------------------------------------------------------------------------------- */

/* A line for each finding that came, went or changed since the last report. */
static void print_changes(yyjson_val *before, yyjson_val *after) {
    g_autoptr(CheckComparison) comparison = check_comparison_new(before, after);
    g_autofree char *time = time_format(g_get_real_time());
    for (size_t change = 0; change < CHECK_CHANGES; change++)
        for (guint i = 0; i < comparison->changes[change]->len; i++) {
            const CheckDifference *one = comparison->changes[change]->pdata[i];
            text_print(stdout, "%s %s -> %s %s %s: %s\n", time, one->before ? one->before : "-",
                       one->after ? one->after : "-", one->id, *one->object ? one->object : "the cluster",
                       one->evidence);
        }
}

static yyjson_doc *document_of(const CheckReport *report) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, check_report_json(report, doc));
    return yyjson_mut_doc_imut_copy(doc, NULL);
}

static void print_trouble(const GError *error) {
    g_autofree char *time = time_format(g_get_real_time());
    text_print(stdout, "%s could not check: %s\n", time, error->message);
}

/* Until it is interrupted: on a terminal the report is drawn anew; elsewhere it comes once, then what changes. */
static int watch(const Options *options, const CheckConfig *config, KubeClient *client) {
    bool terminal = isatty(STDOUT_FILENO);
    g_autoptr(yyjson_doc) before = NULL;
    do {
        GError *error = NULL;
        g_autoptr(CheckReport) report = take_report(options, config, client, &error);
        if (error && g_error_matches(error, BASE_ERROR, BASE_ERROR_USAGE))
            return program_end(EXIT_USAGE, error);
        if (terminal)
            fputs("\033[H\033[2J", stdout);
        if (report && (terminal || !before)) {
            if (!write_report(options, report, &error))
                return program_end_with(EXIT_BLIND, error);
        }
        yyjson_doc *after = report ? document_of(report) : NULL;
        if (!terminal && before && after)
            print_changes(yyjson_doc_get_root(before), yyjson_doc_get_root(after));
        if (after) {
            g_clear_pointer(&before, yyjson_doc_free);
            before = after;
        }
        if (error && !cancel_is_set(program_cancel()))
            print_trouble(error);
        g_clear_error(&error);
        fflush(stdout);
    } while (cancel_sleep(program_cancel(), options->interval * G_USEC_PER_SEC, NULL));
    return EXIT_DONE;
}

/* In the pod of the built-in plugin: results to where the worker looks for them. */
static int run_as_plugin(const Options *options, const CheckConfig *config, KubeClient *client) {
    const char *folder = g_getenv("SONOBUOY_RESULTS_DIR");
    GError *error = NULL;
    g_autoptr(CheckReport) report = take_report(options, config, client, &error);
    folder = folder ? folder : "/tmp/sonobuoy/results";
    g_autofree char *results = g_build_filename(folder, "checks.xml", NULL),
                    *done = g_build_filename(folder, "done", NULL);
    g_autoptr(FileReplace) file = report ? file_replace_new(results, &error) : NULL;
    if (file)
        check_report_junit(report, file_replace_out(file));
    if (!file || !file_replace_finish(file, &error))
        return program_end_with(EXIT_BLIND, error);
    g_autoptr(FileReplace) marker = file_replace_new(done, &error);
    if (marker)
        fputs(results, file_replace_out(marker));
    if (!marker || !file_replace_finish(marker, &error))
        return program_end_with(EXIT_BLIND, error);
    check_report_table(report, true, stdout);
    return EXIT_DONE;
}

static int run_check(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    if (options->list)
        return list_checks();
    if (options->watch && options->from)
        g_set_error_literal(&error, BASE_ERROR, BASE_ERROR_USAGE,
                            "an archive does not change: --watch is of a cluster");
    g_autoptr(CheckConfig) config = error ? NULL : read_config(options, &error);
    if (!config)
        return program_end_with(EXIT_USAGE, error);
    g_autoptr(KubeClient) client = options->from ? NULL : cli_client(&options->common, CONNECTIONS, PATIENCE_S, &error);
    if (!client && !options->from)
        return program_end_with(EXIT_BLIND, error);
    if (options->as_plugin)
        return run_as_plugin(options, config, client);
    if (options->watch)
        return watch(options, config, client);
    g_autoptr(CheckReport) report = take_report(options, config, client, &error);
    if (!report || !write_report(options, report, &error))
        return program_end_with(EXIT_BLIND, error);
    return outcome_code(options, report);
}

static const Option own_options[] = {
    {.name = "only",
     .kind = OPTION_LIST,
     .offset = offsetof(Options, only),
     .value = "CHECK",
     .help = "Only these: IDs, areas, or globs of IDs (SB-NODE-*)."},
    {.name = "skip",
     .kind = OPTION_LIST,
     .offset = offsetof(Options, skip),
     .value = "CHECK",
     .help = "All but these."},
    {.name = "namespace",
     .letter = 'n',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, common.namespace_),
     .value = "NS",
     .complete = "namespaces",
     .help = "Look at this namespace's objects only, and at those that are in none."},
    {.name = "config",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, config),
     .value = "FILE",
     .complete = "file",
     .help = "Thresholds, and exceptions with a reason and an end (YAML)."},
    FAIL_ON_OPTION(Options, fail_on),
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_ENUM,
     .offset = offsetof(Options, output),
     .value = "FORM",
     .values = forms,
     .fallback = "table",
     .help = "How the report is written."},
    OUTPUT_FILE_OPTION(Options, output_file),
    {.name = "from",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, from),
     .value = "ARCHIVE",
     .complete = "file",
     .help = "Look at a run's archive, or the folder of a query, in place of a cluster."},
    {.name = "list", .kind = OPTION_FLAG, .offset = offsetof(Options, list), .help = "List the checks."},
    {.name = "watch",
     .letter = 'w',
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, watch),
     .help = "Check again and again: a terminal is drawn anew, elsewhere each change is a line."},
    {.name = "interval",
     .kind = OPTION_INT,
     .offset = offsetof(Options, interval),
     .value = "SECONDS",
     .fallback = "30",
     .minimum = 1,
     .help = "How long --watch waits between."},
    {.name = "as-plugin", .kind = OPTION_FLAG, .offset = offsetof(Options, as_plugin), .hidden = true},
    {.name = "nodes",
     .kind = OPTION_INT,
     .offset = offsetof(Options, nodes),
     .value = "N",
     .fallback = "20",
     .minimum = 1,
     .rare = true,
     .help = "How many nodes are asked themselves, at most."},
    {0},
};
static const Option *const tables[] = {own_options, kube_options, kube_tuning_options, log_options, NULL};
const Command check_command = {
    .name = "check",
    .summary = "Check a cluster, in seconds and without a pod.",
    .description =
        "Reads what the rights at hand allow and writes nothing but dry runs. What cannot be seen is unknown, "
        "never a failure. 'sonobuoy explain ID' says why a check matters and what to do.",
    .examples = "sonobuoy check\nsonobuoy check --only nodes,SB-STOR-* -o wide\n"
                "sonobuoy check -o html --output-file checks.html\nsonobuoy check --watch --interval 60\n"
                "sonobuoy check -o json | jq '.checks[] | select(.outcome==\"fail\") | .id'",
    .exit_codes = "0   no check failed\n1   one did (see --fail-on)\n2   wrong use\n3   nothing could be checked",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_check,
};

/* --- explain ---------------------------------------------------------------------------------------------- */

static int run_explain(const CommandCall *call, void *data) {
    const Check *check = check_find(call->arguments[0]);
    if (!check) {
        GError *error = NULL;
        g_set_error(&error, BASE_ERROR, BASE_ERROR_USAGE, "there is no check %s; 'sonobuoy check --list' has them all",
                    call->arguments[0]);
        return program_end(EXIT_USAGE, error);
    }
    printf("%s: %s\narea %s, severity %s\n\n%s\n\nWhat to do: %s\n", check->id, check->title, check->area,
           check_severity_name(check->severity), check->why, check->fix);
    bool any = false;
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++)
        if ((check->reads | check->may_read) >> kind & 1) {
            printf("%s%s", any ? ", " : "\nReads: ", snapshot_kind_name((SnapshotKind)kind));
            any = true;
        }
    fputs(any ? "\n" : "", stdout);
    return EXIT_DONE;
}

const Command explain_command = {
    .name = "explain",
    .arguments = "CHECK",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Say what a check means, why it matters, and what to do.",
    .examples = "sonobuoy explain SB-NODE-01",
    .options_size = 1,
    .run = run_explain,
};
