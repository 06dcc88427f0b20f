/* sonobuoy worker: runs beside a plugin, in the pods that the aggregator makes. */
#include "sonobuoy/worker.h"

#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"

typedef struct {
    Common common;
    char *sleep;
} Options;

static void say(const char *line, void *data) {
    run_log(data, LOG_INFO, "%s", line);
}

/* Seconds to stay after the result was sent; below 0 for ever: a DaemonSet's pod that ends is started again. */
static void linger(gint64 seconds) {
    gint64 end = g_get_monotonic_time() + MAX(seconds, 0) * G_USEC_PER_SEC;
    while ((seconds < 0 || g_get_monotonic_time() < end) && cancel_sleep(program_cancel(), G_USEC_PER_SEC, NULL))
        ;
}

static int run_worker(const Options *options, bool by_node) {
    GError *error = NULL;
    gint64 seconds = 0;
    g_autoptr(RunLog) log = cli_log(&options->common, &error);
    if (!log)
        return program_end(EXIT_USAGE, error);
    if (options->sleep && !g_ascii_string_to_signed(options->sleep, 10, -1, G_MAXINT32, &seconds, NULL)) {
        g_set_error(&error, BASE_ERROR, BASE_ERROR_USAGE, "--sleep: \"%s\" is no number of seconds", options->sleep);
        return program_end(EXIT_USAGE, error);
    }
    g_auto(WorkerOptions) worker = {0};
    if (!worker_options_from_environment(&worker, by_node, &error) ||
        !worker_run(&worker, program_cancel(), say, log, &error))
        return program_end(EXIT_FAILED, error);
    run_log(log, LOG_INFO, "the result was sent");
    linger(seconds);
    return EXIT_DONE;
}

static int run_global(const CommandCall *call, void *data) {
    return run_worker(data, false);
}

static int run_single_node(const CommandCall *call, void *data) {
    return run_worker(data, true);
}

static const Option sleep_options[] = {
    {.name = "sleep",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, sleep),
     .value = "SECONDS",
     .help = "How long to stay when the result was sent; -1: for ever."},
    {0},
};
static const Option *const global_tables[] = {log_options, NULL};
static const Option *const node_tables[] = {sleep_options, log_options, NULL};
static const Command global_command = {
    .name = "global",
    .summary = "Send the result of a plugin that runs once.",
    .examples = "sonobuoy worker global",
    .options = global_tables,
    .options_size = sizeof(Options),
    .run = run_global,
};
static const Command single_node_command = {
    .name = "single-node",
    .summary = "Send the result of a plugin from this node.",
    .examples = "sonobuoy worker single-node --sleep=-1",
    .options = node_tables,
    .options_size = sizeof(Options),
    .run = run_single_node,
};
static const Command *const children[] = {&global_command, &single_node_command, NULL};
const Command worker_command = {
    .name = "worker",
    .hidden = true,
    .summary = "Send a plugin's result to the aggregator; for the pods of a run.",
    .children = children,
};
