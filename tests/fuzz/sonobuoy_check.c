/* What checks parse of a cluster's objects: schedules of CronJobs, the scheduler's messages. */
#include "sonobuoy/check/areas.h"
#include "sonobuoy/check/cron.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autofree char *text = g_strndup((const char *)data, size), *cause = unschedulable_cause(text);
    gint64 now = G_GINT64_CONSTANT(1795000000000000), next = cron_next(text, now, NULL);
    g_assert(next == -1 || next > now);
    if (cause)
        unschedulable_advice(cause);
    return 0;
}
