/* sonobuoy results */
#include "base/program.h"
#include "base/text.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/cli/limit-options.h"
#include "sonobuoy/cli/results-print.h"
#include "sonobuoy/report.h"

#include <string.h>

/* Not a plugin's: the name by which the cluster's health is asked for. */
#define HEALTH "sonobuoy"

typedef struct {
    Limits limits;
    char *plugin, *mode, *node, *exit_code, *output, *output_file;
    bool skip_prefix;
} Options;

typedef struct {
    const Options *options;
    RunArchive *archive;
    bool any;    /* the node was found in some plugin */
    bool failed; /* a plugin that was printed did not pass */
    bool broken; /* something could not be printed */
    char *said;  /* the last failure: of a damaged archive each plugin's is the same */
} Print;

/* After what was printed before it. Returns the exit code. */
static int say_failure(GError *error) {
    fflush(stdout);
    return program_end(EXIT_FAILED, error);
}

/* The file as it stands, or with its escapes undone. */
static bool print_stored(const Print *print, const char *plugin, GError **error) {
    g_autofree char *path = run_archive_plugin_path(plugin, "sonobuoy_results.yaml");
    g_autoptr(GBytes) bytes = run_archive_read(print->archive, path, error);
    if (!bytes)
        return false;
    size_t length;
    const char *text = g_bytes_get_data(bytes, &length);
    if (g_str_equal(print->options->mode, "readable"))
        print_readable(text, length);
    else
        fwrite(text, 1, length, stdout);
    return true;
}

static bool print_plugin(Print *print, const char *plugin, GError **error) {
    const Options *options = print->options;
    bool whole = g_str_equal(options->mode, "dump") || g_str_equal(options->mode, "readable");
    if (whole && !print_stored(print, plugin, error))
        return false;
    g_autoptr(yyjson_mut_doc) doc = run_archive_results(print->archive, plugin, error);
    if (!doc)
        return false;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *item = results_find(root, whole ? NULL : options->node);
    if (!item)
        return true;
    print->any = true;
    print->failed = print->failed || results_failed(doc, item);
    if (g_str_equal(options->mode, "detailed"))
        return print_details(print->archive, plugin, doc, item, options->skip_prefix, error);
    if (!whole)
        print_report(doc, item);
    return true;
}

static bool print_one(Print *print, const char *plugin, GError **error) {
    static const char *const modes[] = {"report", "detailed", "dump", "readable"};
    if (!g_str_equal(plugin, HEALTH))
        return print_plugin(print, plugin, error);
    HealthForm form = HEALTH_REPORT;
    while (form < HEALTH_READABLE && !g_str_equal(modes[form], print->options->mode))
        form++;
    return print_health(print->archive, form, error);
}

/* All of them, one that cannot be printed notwithstanding; an empty line after each but the last. */
static void print_all(Print *print, char **plugins) {
    for (char **plugin = plugins; *plugin; plugin++) {
        GError *error = NULL;
        if (!print_one(print, *plugin, &error)) {
            print->broken = true;
            if (g_strcmp0(print->said, error->message) == 0) {
                g_error_free(error);
            } else {
                g_free(print->said);
                print->said = g_strdup(error->message);
                say_failure(error);
            }
        }
        if (plugin[1])
            putchar('\n');
    }
}

static GStrv plugins_to_print(const Print *print, GError **error) {
    const char *wanted = print->options->plugin;
    if (wanted && strchr(wanted, '/')) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "--plugin takes a plugin's name, which %s is not", wanted);
        return NULL;
    }
    if (wanted && *wanted)
        return g_strsplit(wanted, "/", -1);
    g_auto(GStrv) plugins = run_archive_plugins(print->archive, error);
    guint count = plugins ? g_strv_length(plugins) : 0;
    if (plugins && count == 0)
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                            "the archive names no plugins that ran, and holds none; --plugin can name one");
    if (count == 0)
        return NULL;
    plugins = g_renew(char *, plugins, count + 2);
    plugins[count] = g_strdup(HEALTH);
    plugins[count + 1] = NULL;
    return g_steal_pointer(&plugins);
}

static int exit_code(const Options *options, bool failed, bool broken) {
    return broken || (failed && exit_code_tells(options->exit_code)) ? EXIT_FAILED : EXIT_DONE;
}

static void say_no_node(const Options *options) {
    text_print(stderr, "sonobuoy: no plugin has a node named \"%s\"\n", options->node);
}

/* --- reports ------------------------------------------------------------------------------------------- */

static const char *const forms[] = {"table", "json", "junit", "sarif", "html", NULL};
static const ReportFunc writers[] = {report_table, report_json, report_junit, report_sarif, report_html};

typedef struct {
    const Options *options;
    const ReportRequest *request;
    ReportEnd *end;
} Written;

static bool write_form(FILE *out, void *data, GError **error) {
    const Written *written = data;
    size_t form = 0;
    while (!g_str_equal(forms[form], written->options->output))
        form++;
    return writers[form](written->request, written->end, out, error);
}

static int run_report(const Options *options, RunArchive *archive, char **plugins) {
    GError *error = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    ReportRequest request = {.archive = archive, .node = options->node, .cancel = program_cancel()};
    for (char **plugin = plugins; *plugin; plugin++) {
        if (g_str_equal(*plugin, HEALTH))
            request.health = true;
        else
            g_ptr_array_add(names, *plugin);
    }
    bool only_health = names->len == 0;
    g_ptr_array_add(names, NULL);
    request.plugins = (const char *const *)names->pdata;
    ReportEnd end = {0};
    Written written = {options, &request, &end};
    bool ok = cli_write(options->output_file, write_form, &written, &error), broken = end.trouble != NULL;
    for (guint i = 0; ok && end.trouble && i < end.trouble->len; i++)
        text_print(stderr, "sonobuoy: %s\n", (const char *)g_ptr_array_index(end.trouble, i));
    if (ok && !end.any && !end.trouble && !only_health) {
        say_no_node(options);
        broken = true;
    }
    report_end_clear(&end);
    return ok ? exit_code(options, end.failed, broken) : say_failure(error);
}

/* --- the command ---------------------------------------------------------------------------------------- */

static bool check_options(const CommandCall *call, const Options *options, GError **error);

static int run_results(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    if (!check_options(call, options, &error))
        return program_end(EXIT_USAGE, error);
    g_autoptr(RunArchive) archive = run_archive_open(call->arguments[0], &options->limits, &error);
    Print print = {.options = options, .archive = archive};
    g_auto(GStrv) plugins = archive ? plugins_to_print(&print, &error) : NULL;
    if (!plugins)
        return say_failure(error);
    if (options->output)
        return run_report(options, archive, plugins);
    print_all(&print, plugins);
    g_free(print.said);
    bool only_health = !plugins[1] && g_str_equal(plugins[0], HEALTH);
    if (!print.any && !print.broken && !only_health) {
        say_no_node(options);
        print.broken = true;
    }
    return exit_code(options, print.failed, print.broken);
}

static const char *const modes[] = {"report", "detailed", "readable", "dump", NULL};
/* Those of stock's forms alone. */
static const Option print_options[] = {
    {.name = "mode",
     .letter = 'm',
     .kind = OPTION_ENUM,
     .offset = offsetof(Options, mode),
     .value = "MODE",
     .values = modes,
     .fallback = "report",
     .help = "Show counts and what failed, a line of JSON for each test or the plugin's files, or the stored YAML with "
             "its line breaks or as it is."},
    {.name = "skip-prefix",
     .letter = 's',
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, skip_prefix),
     .help = "Show files' contents without the path to them."},
    {0},
};
static const Option options_table[] = {
    {.name = "plugin",
     .letter = 'p',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, plugin),
     .value = "NAME",
     .help = "Show this plugin's results only; \"" HEALTH "\" is the cluster's health."},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_ENUM,
     .offset = offsetof(Options, output),
     .value = "FORM",
     .values = forms,
     .help = "Write a report in place of a mode: a table, JSON, JUnit's XML, SARIF, or a page for browsers."},
    OUTPUT_FILE_OPTION(Options, output_file),
    {.name = "node",
     .letter = 'n',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, node),
     .value = "NAME",
     .help = "Show only the first part of the results that has this name: a node's, a file's, a test's."},
    {.name = "exit-code",
     .kind = OPTION_ENUM,
     .offset = offsetof(Options, exit_code),
     .value = "WHEN",
     .values = exit_code_rules,
     .fallback = EXIT_CODE_OUTCOME,
     .help = "Exit with 1 where something did not pass (outcome), or only where the archive cannot be read (never)."},
    {0},
};
static const Option *const tables[] = {print_options, options_table, limit_options, NULL};

static bool check_options(const CommandCall *call, const Options *options, GError **error) {
    const Option *given = command_given(call, print_options);
    if (options->output && given)
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "--output and --%s: a report has no modes", given->name);
    else if (options->output_file && !options->output)
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE,
                            "--output-file is for reports: say with --output which one");
    else
        return true;
    return false;
}

const Command results_command = {
    .name = "results",
    .arguments = "ARCHIVE|FOLDER|-",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Show what the plugins of a run found.",
    .description = "Reads the archive of a run, or a folder that one was unpacked to, or an archive from standard "
                   "input (-). Reports (--output) hold all that is known of each test, and the health of nodes and "
                   "pods.",
    .examples = "sonobuoy results run.tar.gz\n"
                "sonobuoy results run.tar.gz --plugin e2e --mode detailed | jq 'select(.status==\"failed\")'\n"
                "sonobuoy results run.tar.gz -o html --output-file run.html\n"
                "sonobuoy results run.tar.gz --plugin systemd-logs --node node-1 --mode detailed --skip-prefix",
    .exit_codes = "0   all that was shown passed, or has a status of the plugin's own, or was skipped\n"
                  "1   something failed, ran out of time or is unknown; or the archive cannot be read\n"
                  "2   wrong use",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_results,
    .complete = "file",
};
