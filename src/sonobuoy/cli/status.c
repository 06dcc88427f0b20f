/* sonobuoy status: how a run is. */
#include "base/text.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/waiting.h"
#include "sonobuoy/observe.h"

typedef struct {
    Common common;
    WaitOptions wait;
    bool all, watch;
} Options;

static void no_status(const Options *options, const RunView *view, GError **error) {
    static const char *const reasons[] = {
        [VIEW_ABSENT] = "there is no run in it; `sonobuoy run` starts one",
        [VIEW_STARTING] = "the aggregator does not run yet",
        [VIEW_TROUBLED] = "the aggregator cannot start",
        [VIEW_RUNNING] = "the aggregator runs, and has not said yet how its plugins are",
        [VIEW_ENDED] = "the aggregator ended before it said how its plugins are; `sonobuoy logs -p sonobuoy` tells why",
    };
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "namespace %s: %s", options->common.namespace_,
                reasons[view->state]);
}

static void print_lines(FILE *out, const GPtrArray *lines) {
    for (guint i = 0; i < lines->len; i++)
        text_print(out, "%s\n", (const char *)lines->pdata[i]);
}

static int show(const Options *options, KubeClient *client, GError **error) {
    g_auto(RunView) view = {0};
    if (!observe_run(client, options->common.namespace_, &view, error))
        return EXIT_FAILED;
    bool works = view.state == VIEW_STARTING || view.state == VIEW_RUNNING;
    if (!view.status) {
        print_lines(stderr, view.notes);
        if (!works || options->wait.json)
            no_status(options, &view, error);
        else
            text_print(stdout, "Sonobuoy is being started in namespace %s.\n", options->common.namespace_);
        return works ? EXIT_DONE : EXIT_FAILED;
    }
    g_autofree char *text =
        options->wait.json ? run_status_write(view.status) : run_status_text(view.status, options->all);
    g_autoptr(GPtrArray) reasons = run_status_reasons(view.status);
    if (options->wait.json) {
        puts(text);
        if (!works)
            print_lines(stderr, view.notes);
    } else {
        text_print(stdout, "%s", text);
        print_lines(stdout, reasons);
        print_lines(stdout, view.notes);
    }
    if (view.state == VIEW_ENDED)
        fputs("sonobuoy: the aggregator's pod does not run any longer\n", stderr);
    return works && view.status->phase != RUN_FAILED ? EXIT_DONE : EXIT_FAILED;
}

static int run_status(const CommandCall *call, void *data) {
    Options *options = data;
    GError *error = NULL;
    int code = EXIT_FAILED;
    g_autoptr(KubeClient) client = cli_client(&options->common, 2, PATIENCE_S, &error);
    if (client)
        code = options->watch ? wait_for_run(client, options->common.namespace_, &options->wait, &error)
                              : show(options, client, &error);
    return cli_end(code, error);
}

static const Option own_options[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, wait.json),
     .help = "Print the status as the aggregator wrote it; with --watch a line each time that it has changed."},
    {.name = "show-all", .kind = OPTION_FLAG, .offset = offsetof(Options, all), .help = "A line for each node."},
    {.name = "watch",
     .letter = 'w',
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, watch),
     .help = "Tell what changes until the run is over, as `sonobuoy wait` does."},
    WAIT_OPTIONS(Options, wait),
    {0},
};
static const Option *const tables[] = {own_options, namespace_options, kube_options, log_options, NULL};
const Command status_command = {
    .name = "status",
    .summary = "Tell how a run is.",
    .description = "A line for each plugin, status and result, and below it what pods of the run wait for.",
    .examples = "sonobuoy status\nsonobuoy status --json | jq -r '.plugins[] | select(.status==\"failed\") | .node'\n"
                "sonobuoy status --watch",
    .exit_codes = "0   the run goes on, or is complete\n1   it has failed, cannot start, is not there, or its pod has "
                  "ended, and the archive with it\n2   wrong use",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_status,
};
