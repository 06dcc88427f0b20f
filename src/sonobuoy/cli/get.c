/* sonobuoy get pod: the names of plugins' pods. */
#include "base/text.h"
#include "kube/list.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/labels.h"
#include "sonobuoy/resources.h"

typedef struct {
    Common common;
    char *plugin;
} Options;

static bool print_names(yyjson_val *pods, size_t bytes, void *data, GError **error) {
    size_t index, count;
    yyjson_val *pod;
    yyjson_arr_foreach(pods, index, count, pod) {
        text_print(stdout, "%s\n", json_get_string(pod, "metadata", "name"));
    }
    return true;
}

static int run_get_pod(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_autofree char *selector =
        g_strconcat(PLUGINS_LABEL, options->plugin ? "," LABEL_PLUGIN "=" : NULL, options->plugin, NULL);
    KubeListQuery query = {
        .resource = &resource_pods, .namespace_ = options->common.namespace_, .label_selector = selector};
    g_auto(KubeListResult) result = {0};
    g_autoptr(KubeClient) client = cli_client(&options->common, 1, PATIENCE_S, &error);
    bool listed = client && kube_list(client, &query, print_names, NULL, &result, &error);
    return cli_end(listed ? EXIT_DONE : EXIT_FAILED, error);
}

static const Option own_options[] = {
    {.name = "plugin",
     .letter = 'p',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, plugin),
     .value = "NAME",
     .help = "Of this plugin only."},
    {0},
};
static const Option *const tables[] = {own_options, namespace_options, kube_options, log_options, NULL};
static const Command pod_command = {
    .name = "pod",
    .aliases = "pods",
    .summary = "Print the names of plugins' pods.",
    .examples = "sonobuoy get pod -p e2e",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_get_pod,
};
static const Command *const children[] = {&pod_command, NULL};
const Command get_command = {
    .name = "get",
    .summary = "Print names of what a run has in the cluster.",
    .children = children,
};
