/* sonobuoy gen: what `sonobuoy run` would create. */
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/generation.h"

#include <stdio.h>

static int run_gen(const CommandCall *call, void *data) {
    const Generation *options = data;
    GError *error = NULL;
    g_auto(Generated) generated = {0};
    g_autoptr(GPtrArray) objects =
        generation_read(call, options, &generated, &error) ? generation_objects(options, &generated, &error) : NULL;
    if (!objects)
        return cli_end(EXIT_FAILED, error);
    g_autofree char *text = manifest_yaml(objects);
    fputs(text, stdout);
    return EXIT_DONE;
}

static const Option *const tables[] = {GENERATION_OPTIONS, namespace_options, kube_options, log_options, NULL};
static const Command *const children[] = {&gen_config_command, &gen_default_image_config_command, &gen_plugin_command,
                                          NULL};
const Command gen_command = {
    .name = "gen",
    .summary = "Print what a run would create.",
    .description = "YAML for kubectl, in the order in which it is to be created. Nothing is created; the cluster is "
                   "asked for its version alone (--kubernetes-version).",
    .examples = "sonobuoy gen --mode quick | kubectl apply -f -\n"
                "sonobuoy gen -p my-plugin.yaml --kubernetes-version ignore > run.yaml",
    .options = tables,
    .options_size = sizeof(Generation),
    .run = run_gen,
    .children = children,
};
