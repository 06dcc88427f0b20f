/* sonobuoy gen config: the configuration that a run would have. */
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/generation.h"

#include <stdio.h>

static int run_gen_config(const CommandCall *call, void *data) {
    GError *error = NULL;
    g_auto(Generated) generated = {0};
    if (!generation_read_config(call, data, &generated, &error))
        return program_end(EXIT_FAILED, error);
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    g_autofree char *text = json_mut_write(run_config_to_json(generated.config, doc), NULL);
    puts(text);
    return EXIT_DONE;
}

static const Option *const tables[] = {GENERATION_OPTIONS, namespace_options, kube_options, log_options, NULL};
const Command gen_config_command = {
    .name = "config",
    .summary = "Print a run's configuration, to begin with.",
    .description = "JSON for --config of 'sonobuoy gen', 'run' and 'query'. Options that are no part of it (which "
                   "plugins, which tests) are taken, and leave no trace in it; no cluster is asked.",
    .examples = "sonobuoy gen config > config.json\n"
                "sonobuoy gen config --namespace checks --timeout 3600 | jq '.Limits.PodLogs.TailLines = 1000'",
    .options = tables,
    .options_size = sizeof(Generation),
    .run = run_gen_config,
};
