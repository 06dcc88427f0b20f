/* The commands, a file each. */
#pragma once

#include "base/options.h"

extern const Command aggregator_command, check_command, delete_command, diff_command, e2e_command, explain_command,
    gen_command, get_command, images_command, logs_command, modes_command, network_command, network_pod_command,
    plugin_command, query_command, results_command, retrieve_command, run_command, splat_command, status_command,
    submit_command, version_command, wait_command, worker_command;
/* Below gen. */
extern const Command gen_config_command, gen_default_image_config_command, gen_plugin_command;
