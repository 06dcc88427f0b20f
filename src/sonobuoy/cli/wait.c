/* sonobuoy wait: follows a run that is there. */
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/waiting.h"

typedef struct {
    Common common;
    WaitOptions wait;
    GStrv plugins;
} Options;

static int run_wait(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_autoptr(KubeClient) client = cli_client(&options->common, 2, PATIENCE_S, &error);
    int code = client ? wait_for_run(client, options->common.namespace_, &options->wait, &error) : EXIT_FAILED;
    return cli_end(code, error);
}

static const Option own_options[] = {
    {.name = "wait",
     .kind = OPTION_INT,
     .offset = offsetof(Options, wait.minutes),
     .value = "MINUTES",
     .fallback = "1440",
     .bare = "1440",
     .help = "How long at most; 0: for ever."},
    WAIT_OPTIONS(Options, wait),
    {.name = "plugin",
     .letter = 'p',
     .kind = OPTION_STRINGS,
     .offset = offsetof(Options, plugins),
     .hidden = true,
     .help = "Without effect, as with stock: all plugins of the run are waited for."},
    {0},
};
static const Option *const tables[] = {own_options, namespace_options, kube_options, log_options, NULL};
const Command wait_command = {
    .name = "wait",
    .summary = "Wait for the end of a run.",
    .description = "Tells what goes on, as `sonobuoy run --wait` does, of a run that was started before.",
    .examples = "sonobuoy wait\nsonobuoy wait --wait=30 --wait-output silent && sonobuoy retrieve",
    .exit_codes = RUN_EXIT_CODES,
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_wait,
};
