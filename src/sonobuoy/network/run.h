/* What a pod of the plugin `network` does.
 *
 * Environment: NODE_NAME, POD_NAME, POD_NAMESPACE, SONOBUOY_RESULTS_DIR, and the settings of network.h. */
#pragma once

#include "base/cancel.h"

#include <stdio.h>

/* Serves the others' probes, waits for them, probes, writes the report as NETWORK_REPORT_FILE and as JUnit's XML for
 * the worker, and goes on serving until the token is set, as others still probe. Returns the exit code. */
int network_run(Cancel *cancel);
/* In a pod where that runs: probes once more and writes the report. Returns the exit code. */
int network_run_again(Cancel *cancel, FILE *out);
