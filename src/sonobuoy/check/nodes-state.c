/* What nodes say of themselves: disks, runtimes, certificates, clocks. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

#include <math.h>

enum { PERCENT_FATAL = 95 };

/* --- disks, inodes, processes ------------------------------------------------------------------------------ */

static void check_used(CheckResult *result, const char *object, const char *what, gint64 used, gint64 all, bool bytes) {
    if (all <= 0 || used < 0 || used > all)
        return;
    gint64 percent = (gint64)((double)used * 100 / (double)all);
    if (percent < result->config->disk_percent)
        return;
    g_autofree char *free_text =
        bytes ? bytes_format((guint64)(all - used)) : g_strdup_printf("%" G_GINT64_FORMAT, all - used);
    (percent >= MAX(PERCENT_FATAL, result->config->disk_percent) ? check_fail : check_warn)(
        result, object, "%s: %" G_GINT64_FORMAT "%% used, %s left", what, percent, free_text);
}

static void check_file_system(CheckResult *result, const char *object, const char *name, yyjson_val *fs) {
    g_autofree char *disk = g_strdup_printf("%s, space", name), *inodes = g_strdup_printf("%s, inodes", name);
    gint64 capacity = json_int(json_get(fs, "capacityBytes"), 0), files = json_int(json_get(fs, "inodes"), 0);
    check_used(result, object, disk, capacity - json_int(json_get(fs, "availableBytes"), capacity), capacity, true);
    check_used(result, object, inodes, files - json_int(json_get(fs, "inodesFree"), files), files, false);
}

/* Whether both are one file system, which is then told of once. */
static bool is_same(yyjson_val *a, yyjson_val *b) {
    return json_int(json_get(a, "capacityBytes"), -1) == json_int(json_get(b, "capacityBytes"), -2) &&
           json_int(json_get(a, "inodes"), -1) == json_int(json_get(b, "inodes"), -2);
}

void check_nodes_disks(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GArray) answers = kubelets_answers(snapshot, "/proxy/stats/summary", result);
    guint count = 0;
    for (guint i = 0; i < answers->len; i++) {
        const NodeAnswer *answer = &g_array_index(answers, NodeAnswer, i);
        yyjson_val *node = json_get(yyjson_doc_get_root(answer->answer->json), "node"), *fs = json_get(node, "fs"),
                   *images = json_get(node, "runtime", "imageFs"), *limit = json_get(node, "rlimit");
        g_autofree char *object = g_strconcat("Node ", answer->node, NULL);
        count += node != NULL;
        check_file_system(result, object, "the file system of pods and logs", fs);
        if (!is_same(fs, images))
            check_file_system(result, object, "the file system of images", images);
        gint64 most = json_int(json_get(limit, "maxpid"), 0);
        check_used(result, object, "process IDs", json_int(json_get(limit, "curproc"), 0), most, false);
    }
    check_summary(result, "%u nodes", count);
}

/* --- the container runtime ------------------------------------------------------------------------------------- */

/* Calls of the runtime that fail now and then are usual (a container that has just gone). */
enum { ERRORS_LEAST = 50, ERRORS_PERCENT = 10, RELISTS_LEAST = 20, RELISTS_PERCENT = 5 };

static bool is_quick(const MetricSample *sample) {
    return g_str_equal(metric_label(sample, "le"), "1");
}

static void check_runtime(CheckResult *result, const char *object, const Metrics *metrics) {
    double calls = metrics_sum(metrics, "kubelet_runtime_operations_total", NULL),
           errors = metrics_sum(metrics, "kubelet_runtime_operations_errors_total", NULL),
           relists = metrics_sum(metrics, "kubelet_pleg_relist_duration_seconds_count", NULL),
           slow = relists - metrics_sum(metrics, "kubelet_pleg_relist_duration_seconds_bucket", is_quick);
    if (errors >= ERRORS_LEAST && errors * 100 >= calls * ERRORS_PERCENT)
        check_warn(result, object, "%.0f of %.0f calls of its container runtime failed since the kubelet's start",
                   errors, calls);
    if (relists >= RELISTS_LEAST && slow * 100 >= relists * RELISTS_PERCENT)
        check_warn(result, object,
                   "%.0f of %.0f times it took the kubelet over 1 s to list its containers: the runtime or the disk is "
                   "slow",
                   slow, relists);
}

void check_nodes_runtime(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) nodes = NULL, all = kubelets_metrics(snapshot, result, &nodes);
    for (guint i = 0; i < all->len; i++) {
        const SnapshotMetrics *metrics = all->pdata[i];
        g_autofree char *object = g_strconcat("Node ", nodes->pdata[i], NULL);
        check_runtime(result, object, metrics->metrics);
    }
    check_summary(result, "%u nodes", all->len);
}

/* --- certificates ------------------------------------------------------------------------------------------------- */

/* Kubelets renew certificates when a tenth to a third of their time is left; what is that short is not being renewed.
 */
enum { TTL_WARN_HOURS = 24, HOUR = 3600 };

/* Whether the kubelet tells of one. */
static bool check_ttl(CheckResult *result, const char *object, const Metrics *metrics, bool client) {
    const char *kind = client ? "client" : "serving",
               *ttl = client ? "kubelet_certificate_manager_client_ttl_seconds"
                             : "kubelet_certificate_manager_server_ttl_seconds",
               *renewal = client ? "kubelet_certificate_manager_client_expiration_renew_errors"
                                 : "kubelet_certificate_manager_server_expiration_renew_errors";
    const GPtrArray *samples = metrics_samples(metrics, ttl);
    double seconds = samples->len ? ((const MetricSample *)samples->pdata[0])->value : INFINITY,
           errors = metrics_sum(metrics, renewal, NULL);
    if (seconds < TTL_WARN_HOURS * HOUR)
        (seconds <= 0 ? check_fail : check_warn)(result, object, "its %s certificate %s %.1f h%s", kind,
                                                 seconds <= 0 ? "ended" : "ends in", fabs(seconds) / HOUR,
                                                 seconds <= 0 ? " ago" : "");
    if (errors > 0)
        check_warn(result, object, "%.0f attempts to renew its %s certificate failed", errors, kind);
    return isfinite(seconds);
}

void check_kubelet_certificates(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) nodes = NULL, all = kubelets_metrics(snapshot, result, &nodes);
    guint told = 0;
    for (guint i = 0; i < all->len; i++) {
        const SnapshotMetrics *metrics = all->pdata[i];
        g_autofree char *object = g_strconcat("Node ", nodes->pdata[i], NULL);
        bool client = check_ttl(result, object, metrics->metrics, true),
             server = check_ttl(result, object, metrics->metrics, false);
        told += client || server;
    }
    check_summary(result, "%u of %u kubelets tell of certificates that they renew", told, all->len);
    if (all->len && !told)
        check_unknown(result, NULL, "no kubelet tells of a certificate that it renews itself");
}

/* --- clocks ---------------------------------------------------------------------------------------------------------
 */

/* How far 0 is outside of a range, with the range's sign. */
static gint64 gap(gint64 least, gint64 most) {
    return least > 0 ? least : most < 0 ? most : 0;
}

static void check_gap(CheckResult *result, const char *object, const char *than, gint64 off, const char *source) {
    gint64 seconds = ABS(off) / G_USEC_PER_SEC;
    if (seconds < result->config->clock_warn_s)
        return;
    (seconds >= result->config->clock_fail_s ? check_fail : check_warn)(
        result, object, "its clock is %" G_GINT64_FORMAT " s %s %s (%s)", seconds, off > 0 ? "ahead of" : "behind",
        than, source);
}

/* An answer that came through the proxy has the kubelet's own Date; leases are renewed by the node's clock. */
static void check_node_clocks(Snapshot *snapshot, CheckResult *result, gint64 least, gint64 most) {
    g_autoptr(GArray) asked = kubelets_asked(snapshot);
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < asked->len; i++) {
        const NodeAnswer *node = &g_array_index(asked, NodeAnswer, i);
        const SnapshotAnswer *answer = node->answer;
        if (answer->error || !answer->date)
            continue;
        g_autofree char *object = g_strconcat("Node ", node->node, NULL);
        gint64 from = answer->date - answer->at - most,
               to = answer->date + G_USEC_PER_SEC - (answer->at - answer->took) - least;
        check_gap(result, object, "the API server's", gap(from, to), "Date of its kubelet's answer");
        g_hash_table_add(done, (void *)node->node);
    }
    const GPtrArray *leases = snapshot_list(snapshot, SNAPSHOT_LEASES)->items;
    gint64 now = g_get_real_time() + most, renewed;
    for (guint i = 0; i < leases->len; i++) {
        const char *time = json_get_string(leases->pdata[i], "spec", "renewTime"), *name = name_of(leases->pdata[i]);
        if (g_strcmp0(namespace_of(leases->pdata[i]), "kube-node-lease") != 0 || g_hash_table_contains(done, name) ||
            !time || !time_parse(time, &renewed, NULL) || renewed <= now)
            continue;
        g_autofree char *object = g_strconcat("Node ", name, NULL);
        check_gap(result, object, "the API server's", renewed - now, "renewTime of its Lease");
    }
    check_summary(result, "%u nodes asked, %u Leases", g_hash_table_size(done), leases->len);
}

void check_clocks(Snapshot *snapshot, CheckResult *result) {
    gint64 least, most;
    if (!server_clock(snapshot, &least, &most)) {
        check_unknown(result, NULL, "the API server's answers have no Date");
        return;
    }
    check_gap(result, "API server", "this machine's", gap(least, most), "Date of its answer");
    check_node_clocks(snapshot, result, least, most);
}
