/* sonobuoy network-pod: runs in the pods of the plugin network. */
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/network/run.h"

typedef struct {
    Common common;
    bool again;
} Options;

static int run_network_pod(const CommandCall *call, void *data) {
    const Options *options = data;
    return options->again ? network_run_again(program_cancel(), stdout) : network_run(program_cancel());
}

static const Option own_options[] = {
    {.name = "again",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, again),
     .help = "In such a pod: probe once more, and write the report to standard output."},
    {0},
};
static const Option *const tables[] = {own_options, log_options, NULL};
const Command network_pod_command = {
    .name = "network-pod",
    .hidden = true,
    .summary = "Probe the network from a pod; for the pods of the plugin network.",
    .examples = "kubectl exec -n sonobuoy POD -c network -- /sonobuoy network-pod --again",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_network_pod,
};
