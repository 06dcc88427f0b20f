/* sonobuoy network: what the probes of the plugin `network` found in a run, and what it means. */
#include "base/program.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/cli/limit-options.h"
#include "sonobuoy/network/report.h"

enum { EXIT_BLIND = 3 };

typedef struct {
    Limits limits;
    char *plugin, *fail_on, *output, *output_file;
} Options;

static void write_table(const NetworkReport *report, FILE *out) {
    network_report_table(report, false, out);
}

static void write_wide(const NetworkReport *report, FILE *out) {
    network_report_table(report, true, out);
}

static const char *const forms[] = {"table", "wide", "json", "html", NULL};
static void (*const writers[])(const NetworkReport *report, FILE *out) = {write_table, write_wide, network_report_json,
                                                                          network_report_html};

typedef struct {
    const Options *options;
    NetworkReport report;
} Written;

static bool write_form(FILE *out, void *data, GError **error) {
    const Written *written = data;
    size_t form = 0;
    while (!g_str_equal(forms[form], written->options->output))
        form++;
    writers[form](&written->report, out);
    return true;
}

static int outcome_code(const Options *options, const NetworkReport *report) {
    const guint *counts = report->matrix->counts;
    NetworkOutcome worst = network_report_outcome(report);
    if (fail_on_tells(options->fail_on, worst == NETWORK_FAIL, worst == NETWORK_WARN))
        return EXIT_FAILED;
    return counts[NETWORK_PASS] + counts[NETWORK_WARN] + counts[NETWORK_FAIL] == 0 ? EXIT_BLIND : EXIT_DONE;
}

static int run_network(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_autoptr(RunArchive) archive = run_archive_open(call->arguments[0], &options->limits, &error);
    g_autoptr(NetworkMatrix) matrix = archive ? network_matrix_read(archive, options->plugin, &error) : NULL;
    if (!matrix)
        return program_end_with(EXIT_BLIND, error);
    g_autoptr(GPtrArray) causes = network_causes(matrix);
    Written written = {options, {matrix, causes}};
    if (!cli_write(options->output_file, write_form, &written, &error))
        return program_end_with(EXIT_BLIND, error);
    return outcome_code(options, &written.report);
}

static const Option own_options[] = {
    {.name = "plugin",
     .letter = 'p',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, plugin),
     .value = "NAME",
     .fallback = "network",
     .help = "The name that the plugin had in the run."},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_ENUM,
     .offset = offsetof(Options, output),
     .value = "FORM",
     .values = forms,
     .fallback = "table",
     .help = "How the report is written; wide has all matrices, with values."},
    OUTPUT_FILE_OPTION(Options, output_file),
    FAIL_ON_OPTION(Options, fail_on),
    {0},
};
static const Option *const tables[] = {own_options, limit_options, NULL};
const Command network_command = {
    .name = "network",
    .arguments = "ARCHIVE|FOLDER|-",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Say what the network's probes of a run found, and what it means.",
    .description = "Reads the archive of a run of the plugin network (or a folder, or - for standard input). Likely "
                   "causes come first, each with what was seen, what to do and how sure it is; then what passed and "
                   "failed from which node to which.",
    .examples = "sonobuoy run --plugin network --wait && sonobuoy retrieve -f run.tar.gz\n"
                "sonobuoy network run.tar.gz\n"
                "sonobuoy network run.tar.gz -o html --output-file network.html\n"
                "sonobuoy network run.tar.gz -o json | jq -r '.causes[] | .severity + \" \" + .title'",
    .exit_codes =
        "0   nothing failed\n1   something did (see --fail-on)\n2   wrong use\n3   the archive cannot be read, "
        "or nothing was probed in it",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_network,
    .complete = "file",
};
