/* sonobuoy: is a cluster really, correctly Kubernetes? */
#include "base/program.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"

static const Command completion_command = PROGRAM_COMPLETION_COMMAND("sonobuoy");
static const Command complete_command = PROGRAM_COMPLETE_COMMAND;
static const Command man_command = PROGRAM_MAN_COMMAND;
static const Command *const children[] = {
    &check_command,      &explain_command,  &run_command,         &status_command,
    &submit_command,     &wait_command,     &logs_command,        &retrieve_command,
    &results_command,    &diff_command,     &network_command,     &delete_command,
    &gen_command,        &get_command,      &query_command,       &plugin_command,
    &e2e_command,        &modes_command,    &images_command,      &version_command,
    &aggregator_command, &worker_command,   &network_pod_command, &splat_command,
    &completion_command, &complete_command, &man_command,         NULL};

/* Stock takes these before the command, too. */
static const Option *const leading[] = {log_options, NULL};
static const Command sonobuoy_command = {
    .name = "sonobuoy",
    .summary = "Find out whether a cluster is really, correctly Kubernetes.",
    .children = children,
    .words = cli_words,
    .options = leading,
};

int main(int argc, char **argv) {
    return program_main(&sonobuoy_command, argc, argv);
}
