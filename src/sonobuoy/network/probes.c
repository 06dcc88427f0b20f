#include "sonobuoy/network/probes.h"

#include <string.h>

void probes_add(Probes *probes, const Finding *finding, NetworkOutcome outcome, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *said = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&probes->lock);
    NetworkFinding *added = network_node_add(probes->report, finding->probe, finding->target, outcome, "%s", said);
    if (finding->endpoint) {
        added->family = g_strdup(endpoint_family(finding->endpoint));
        added->address = g_strdup(finding->endpoint->text);
    }
    if (finding->unit) {
        added->has_value = true;
        added->value = finding->value;
        added->unit = g_strdup(finding->unit);
    }
    pthread_mutex_unlock(&probes->lock);
}

Patience probes_patience(const Probes *probes, double seconds) {
    return patience_new(probes->cancel, seconds, probes->deadline);
}
