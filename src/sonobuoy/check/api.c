/* The API server: there, ready, quick, with good certificates. */
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
    const SnapshotAnswer *answer = snapshot_get(snapshot, path);
    g_auto(GStrv) lines = g_strsplit(answer->text, "\n", -1);
    guint good = 0, bad = 0;
    for (char **line = lines; *line; line++) {
        good += g_str_has_prefix(*line, "[+]");
        if (!g_str_has_prefix(*line, "[-]"))
            continue;
        bad++;
        check_fail(result, NULL, "%s", *line + strlen("[-]"));
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
