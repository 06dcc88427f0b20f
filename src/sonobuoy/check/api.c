/* The API server: there, ready, quick, without errors. */
#include "sonobuoy/check/areas.h"

#include <string.h>

enum { SAMPLES = 10, MILLISECOND = 1000 };

static int compare_times(const void *a, const void *b) {
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
    return (left > right) - (left < right);
}

void check_api_answers(Snapshot *snapshot, CheckResult *result) {
    gint64 took[SAMPLES];
    guint failed = 0;
    g_autoptr(GError) last = NULL;
    for (guint i = 0; i < SAMPLES; i++) {
        KubeRequest request = {.method = "GET", .path = "/version", .timeout_s = 10, .no_retry = true};
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) failure = NULL;
        gint64 begun = g_get_monotonic_time();
        if (!kube_client_request(snapshot_client(snapshot), &request, &response, &failure)) {
            failed++;
            g_clear_error(&last);
            last = g_steal_pointer(&failure);
        }
        took[i] = (g_get_monotonic_time() - begun) / MILLISECOND;
    }
    qsort(took, SAMPLES, sizeof *took, compare_times);
    gint64 median = took[SAMPLES / 2], worst = took[SAMPLES - 1];
    check_summary(result, "median %" G_GINT64_FORMAT " ms, worst %" G_GINT64_FORMAT " ms of %d", median, worst,
                  SAMPLES);
    if (failed)
        check_fail(result, NULL, "%u of %d requests failed, the last one: %s", failed, SAMPLES, last->message);
    else if (median > result->config->api_slow_ms)
        check_warn(result, NULL, "its median answer takes %" G_GINT64_FORMAT " ms, its worst of %d %" G_GINT64_FORMAT,
                   median, SAMPLES, worst);
}

/* A finding for each line "[-]name failed: ..." of /readyz?verbose or /livez?verbose. */
static void check_verbose(Snapshot *snapshot, CheckResult *result, const char *path) {
    const SnapshotAnswer *answer = snapshot_get_unrepeated(snapshot, path);
    g_auto(GStrv) lines = g_strsplit(answer->text, "\n", -1);
    guint good = 0, bad = 0;
    for (char **line = lines; *line; line++) {
        good += g_str_has_prefix(*line, "[+]");
        if (!g_str_has_prefix(*line, "[-]"))
            continue;
        bad++;
        check_fail(result, NULL, "%s", *line + strlen("[-]"));
        if (g_str_has_prefix(*line, "[-]etcd"))
            check_advise(result, "The API server does not reach etcd: look at etcd's pods or service on the control "
                                 "plane's nodes (crictl ps -a, journalctl), its disk, and --etcd-servers");
    }
    check_summary(result, "%u parts", good);
    if (answer->error && !bad) {
        if (answer->status == 401 || answer->status == 403 || answer->status == 404)
            check_unknown(result, NULL, "%s", answer->error->message);
        else
            check_fail(result, NULL, "%s", answer->error->message);
    }
}

void check_api_ready(Snapshot *snapshot, CheckResult *result) {
    check_verbose(snapshot, result, "/readyz?verbose");
}

void check_api_alive(Snapshot *snapshot, CheckResult *result) {
    check_verbose(snapshot, result, "/livez?verbose");
}

/* --- what it counts ------------------------------------------------------------------------------------------ */

/* Not its own health, which is told of by other checks. */
static bool is_server_error(const MetricSample *sample) {
    const char *path = metric_label(sample, "subresource");
    return *metric_label(sample, "code") == '5' && !g_str_has_suffix(path, "readyz") &&
           !g_str_has_suffix(path, "livez") && !g_str_has_suffix(path, "healthz");
}

/* What fails most between two samples, or since the start where `before` is NULL: "list widgets.example.org (503)". */
static char *worst_request(const Metrics *now, const Metrics *before) {
    const GPtrArray *samples = metrics_samples(now, "apiserver_request_total");
    const MetricSample *worst = NULL;
    double most = 0;
    for (guint i = 0; i < samples->len; i++) {
        const MetricSample *sample = samples->pdata[i];
        if (!is_server_error(sample))
            continue;
        double grown = sample->value;
        const GPtrArray *old = before ? metrics_samples(before, "apiserver_request_total") : NULL;
        for (guint j = 0; old && j < old->len; j++) {
            const MetricSample *other = old->pdata[j];
            if (g_strv_equal(other->labels, sample->labels))
                grown -= other->value;
        }
        if (grown > most) {
            most = grown;
            worst = sample;
        }
    }
    if (!worst)
        return g_strdup("?");
    const char *group = metric_label(worst, "group"), *resource = metric_label(worst, "resource");
    return g_strdup_printf("%s %s%s%s (%s)", metric_label(worst, "verb"),
                           *resource ? resource : metric_label(worst, "subresource"), *group ? "." : "", group,
                           metric_label(worst, "code"));
}

void check_api_errors(Snapshot *snapshot, CheckResult *result) {
    enum { ERRORS_MIN = 5, PERCENT = 1 };
    const Metrics *before = api_metrics(snapshot, result, false);
    const Metrics *now = before ? api_metrics(snapshot, result, true) : NULL;
    if (!now)
        return;
    double errors = metrics_sum(now, "apiserver_request_total", is_server_error),
           all = metrics_sum(now, "apiserver_request_total", NULL),
           new_errors = errors - metrics_sum(before, "apiserver_request_total", is_server_error),
           new_all = all - metrics_sum(before, "apiserver_request_total", NULL);
    check_summary(result, "%.0f of %.0f answers since its start were errors", errors, all);
    if (new_errors >= ERRORS_MIN && new_errors * 100 >= new_all * PERCENT) {
        g_autofree char *worst = worst_request(now, before);
        check_fail(result, NULL, "%.0f of %.0f answers within a second were errors, most of them: %s", new_errors,
                   new_all, worst);
    } else if (errors >= 10 * ERRORS_MIN && errors * 100 >= all * PERCENT) {
        g_autofree char *worst = worst_request(now, NULL);
        check_warn(result, NULL, "%.0f of %.0f answers since its start were errors, most of them: %s", errors, all,
                   worst);
    }
}

void check_api_throttling(Snapshot *snapshot, CheckResult *result) {
    static const char name[] = "apiserver_flowcontrol_rejected_requests_total";
    const Metrics *before = api_metrics(snapshot, result, false);
    const Metrics *now = before ? api_metrics(snapshot, result, true) : NULL;
    if (!now)
        return;
    const GPtrArray *samples = metrics_samples(now, name), *old = metrics_samples(before, name);
    for (guint i = 0; i < samples->len; i++) {
        const MetricSample *sample = samples->pdata[i];
        double grown = sample->value;
        for (guint j = 0; j < old->len; j++)
            if (g_strv_equal(((const MetricSample *)old->pdata[j])->labels, sample->labels))
                grown -= ((const MetricSample *)old->pdata[j])->value;
        if (grown <= 0)
            continue;
        const char *level = metric_label(sample, "priority_level");
        g_autofree char *object = g_strconcat("PriorityLevelConfiguration ", level, NULL);
        check_warn(result, object, "%.0f requests of the flow schema %s were refused within a second (%s)", grown,
                   metric_label(sample, "flow_schema"), metric_label(sample, "reason"));
    }
    check_summary(result, "%.0f requests were refused since its start", metrics_sum(now, name, NULL));
}

void check_api_objects(Snapshot *snapshot, CheckResult *result) {
    const Metrics *metrics = api_metrics(snapshot, result, false);
    if (!metrics)
        return;
    const GPtrArray *samples = metrics_samples(metrics, "apiserver_resource_objects");
    if (!samples->len)
        samples = metrics_samples(metrics, "apiserver_storage_objects");
    double all = 0;
    guint counted = 0;
    for (guint i = 0; i < samples->len; i++) {
        const MetricSample *sample = samples->pdata[i];
        const char *group = metric_label(sample, "group"), *resource = metric_label(sample, "resource");
        if (sample->value < 0) /* it could not be counted */
            continue;
        counted++;
        all += sample->value;
        if (sample->value <= (double)result->config->objects)
            continue;
        g_autofree char *object = g_strconcat(resource, *group ? "." : "", group, NULL);
        check_warn(result, object, "there are %.0f of them", sample->value);
        check_advise(result,
                     "See who makes them: kubectl get %s -A --show-managed-fields -o yaml | less; delete what "
                     "is left over",
                     object);
    }
    check_summary(result, "%.0f objects", all);
    if (!counted)
        check_unknown(result, NULL, "the API server does not count its objects, or cannot");
}
