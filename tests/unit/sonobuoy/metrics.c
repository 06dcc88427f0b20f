/* Numbers in Prometheus's text format. */
#include "sonobuoy/check/metrics.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {"a_total", "b_bucket", "c", NULL};

/* Read in pieces of `step` bytes. */
static Metrics *read_text(const char *text, size_t step) {
    Metrics *metrics = metrics_new(names);
    for (size_t at = 0; at < strlen(text); at += step)
        metrics_add(metrics, text + at, MIN(step, strlen(text) - at));
    metrics_end(metrics);
    return metrics;
}

static bool is_five(const MetricSample *sample) {
    return *metric_label(sample, "code") == '5';
}

static void test_samples(void) {
    static const char text[] = "# HELP a_total things\n# TYPE a_total counter\n"
                               "a_total{code=\"200\",path=\"/x\"} 12\n"
                               "a_total{code=\"503\",path=\"a\\\"b\\\\c\\nd\",} 3.5e1 1700000000\n"
                               "not_wanted{x=\"y\"} 1\na_totally 4\n"
                               "a_total { code = \"500\" } 1\r\n"
                               "c 7";
    for (size_t step = 1; step < 40; step++) {
        g_autoptr(Metrics) metrics = read_text(text, step);
        const GPtrArray *samples = metrics_samples(metrics, "a_total");
        g_assert_cmpuint(samples->len, ==, 3);
        g_assert_cmpstr(metric_label(samples->pdata[0], "path"), ==, "/x");
        g_assert_cmpstr(metric_label(samples->pdata[1], "path"), ==, "a\"b\\c\nd");
        g_assert_cmpstr(metric_label(samples->pdata[1], "none"), ==, "");
        g_assert_cmpfloat(metrics_sum(metrics, "a_total", NULL), ==, 48);
        g_assert_cmpfloat(metrics_sum(metrics, "a_total", is_five), ==, 36);
        g_assert_cmpfloat(metrics_sum(metrics, "c", NULL), ==, 7);
        g_assert_cmpuint(metrics_samples(metrics, "b_bucket")->len, ==, 0);
    }
}

static void test_broken_lines(void) {
    static const char *const lines[] = {
        "a_total",
        "a_total ",
        "a_total{",
        "a_total{} ",
        "a_total{x} 1",
        "a_total{x=} 1",
        "a_total{x=\"} 1",
        "a_total{x=\"\\",
        "a_total{x=\"y\" z=\"a\"} 1",
        "a_total{=\"y\"} 1",
        "a_total{x=\"y\"} one",
        "a_total 1x",
        "{} 1",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *text = g_strconcat(lines[i], "\na_total 1\n", NULL);
        g_autoptr(Metrics) metrics = read_text(text, 5);
        g_assert_cmpfloat(metrics_sum(metrics, "a_total", NULL), ==, 1);
    }
    /* One that has no end is passed over, and costs no memory. */
    g_autofree char *long_text = g_strnfill(1 << 20, 'x');
    g_autofree char *text = g_strconcat("a_total{x=\"", long_text, "\"} 1\na_total 2\n", NULL);
    g_autoptr(Metrics) metrics = read_text(text, 4096);
    g_assert_cmpfloat(metrics_sum(metrics, "a_total", NULL), ==, 2);
}

static void test_quantile(void) {
    static const char text[] = "b_bucket{op=\"get\",le=\"0.1\"} 90\nb_bucket{op=\"get\",le=\"+Inf\"} 100\n"
                               "b_bucket{op=\"get\",le=\"1\"} 98\n"
                               "b_bucket{op=\"put\",le=\"0.1\"} 100\nb_bucket{op=\"put\",le=\"1\"} 100\n"
                               "b_bucket{op=\"put\",le=\"+Inf\"} 100\n";
    g_autoptr(Metrics) metrics = read_text(text, 7);
    g_assert_cmpfloat(metrics_quantile(metrics, "b_bucket", 0.5, NULL), ==, 0.1);
    g_assert_cmpfloat(metrics_quantile(metrics, "b_bucket", 0.99, NULL), ==, 1);
    g_assert_true(isinf(metrics_quantile(metrics, "b_bucket", 0.999, NULL)));
    g_assert_true(isnan(metrics_quantile(metrics, "b_bucket", 0.5, is_five)));
    g_autoptr(Metrics) none = read_text("", 1);
    g_assert_true(isnan(metrics_quantile(none, "b_bucket", 0.5, NULL)));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/metrics/samples", test_samples);
    g_test_add_func("/metrics/broken-lines", test_broken_lines);
    g_test_add_func("/metrics/quantile", test_quantile);
    return g_test_run();
}
