/* sonobuoy modes */
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/modes.h"

#include <stdio.h>

enum { WIDTH_MAX = 200 };

typedef struct {
    bool verbose;
} Options;

static void print_line(const char *name, const char *text, bool whole) {
    g_autofree char *line = g_strdup_printf("%s: %s", name, text);
    if (whole || strlen(line) <= WIDTH_MAX)
        puts(line);
    else
        printf("%.*s... (truncated) ...\n", WIDTH_MAX, line);
}

static int run_modes(const CommandCall *call, void *data) {
    const Options *options = data;
    for (const Mode *mode = modes; mode->name; mode++) {
        if (mode != modes)
            puts("");
        print_line("Mode", mode->name, true);
        print_line("Description", mode->description, options->verbose);
        print_line("E2E_FOCUS", mode->focus, options->verbose);
        g_autofree char *skip = mode_skip(mode);
        print_line("E2E_SKIP", skip, options->verbose);
        print_line("E2E_PARALLEL", mode->parallel ? "true" : "false", options->verbose);
    }
    return EXIT_DONE;
}

static const Option options_table[] = {
    {.name = "verbose", .kind = OPTION_FLAG, .offset = offsetof(Options, verbose), .help = "Cut no line short."},
    {0},
};
static const Option *const tables[] = {options_table, NULL};
const Command modes_command = {
    .name = "modes",
    .summary = "List the modes that end-to-end tests can be run in.",
    .description = "A mode is a choice among Kubernetes' end-to-end tests: which are taken (E2E_FOCUS), and which of "
                   "those are left out (E2E_SKIP).",
    .examples = "sonobuoy modes\nsonobuoy run --mode quick",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_modes,
};
