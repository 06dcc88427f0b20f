/* sonobuoy splat: runs in the aggregator's pod, by `sonobuoy retrieve`. */
#include "sonobuoy/splat.h"

#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"

#include <unistd.h>

typedef struct {
    Common common;
    char *name;
    gint64 from;
} Options;

static int run_splat(const CommandCall *call, void *data) {
    const Options *options = data;
    const char *folder = call->arguments[0];
    GError *error = NULL;
    bool done = options->name ? splat_from(folder, options->name, (guint64)options->from, STDOUT_FILENO, &error)
                              : splat_all(folder, STDOUT_FILENO, &error);
    return program_end(done ? EXIT_DONE : EXIT_FAILED, error);
}

static const Option options_table[] = {
    {.name = "name",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, name),
     .value = "FILE",
     .help = "This archive alone, as it is."},
    {.name = "from",
     .kind = OPTION_INT,
     .offset = offsetof(Options, from),
     .value = "OFFSET",
     .fallback = "0",
     .help = "Of it what begins there."},
    {0},
};
static const Option *const tables[] = {options_table, log_options, NULL};
const Command splat_command = {
    .name = "splat",
    .arguments = "DIR",
    .arguments_min = 1,
    .arguments_max = 1,
    .hidden = true,
    .summary = "Write the archives of a folder to standard output; for the pod of a run.",
    .examples = "sonobuoy splat /tmp/sonobuoy | tar tz",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_splat,
};
