/* Metrics in Prometheus's text format: the same in one piece and in small ones. */
#include "sonobuoy/check/metrics.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"a_total", "b_bucket", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(Metrics) whole = metrics_new(names), pieces = metrics_new(names);
    metrics_add(whole, (const char *)data, size);
    metrics_end(whole);
    for (size_t at = 0; at < size; at += 3)
        metrics_add(pieces, (const char *)data + at, MIN(3, size - at));
    metrics_end(pieces);
    for (const char *const *name = names; *name; name++) {
        const GPtrArray *left = metrics_samples(whole, *name), *right = metrics_samples(pieces, *name);
        g_assert(left->len == right->len);
        for (guint i = 0; i < left->len; i++) {
            const MetricSample *a = left->pdata[i], *b = right->pdata[i];
            g_assert(g_strv_equal(a->labels, b->labels) && memcmp(&a->value, &b->value, sizeof a->value) == 0);
            g_assert(g_strv_length((char **)a->labels) % 2 == 0);
        }
    }
    metrics_quantile(whole, "b_bucket", 0.99, NULL);
    metrics_sum(whole, "a_total", NULL);
    return 0;
}
