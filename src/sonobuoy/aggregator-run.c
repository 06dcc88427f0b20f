/* What the aggregator's parts ask of their run. */
#include "sonobuoy/aggregator-internal.h"

bool run_is_handed_on(const Run *run) {
    return *run->options->config->volume_claim && cancel_is_set(run->options->cancel);
}

void run_save(const Run *run) {
    g_autoptr(GError) failure = NULL;
    if (!run_state_write(run->state, run->options->folder, &failure))
        run_log(run->options->log, LOG_ERROR, "an aggregator after this one could not go on: %s", failure->message);
}
