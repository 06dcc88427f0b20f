/* The control plane: API servers, leaders, pods, etcd. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

/* Seconds since a Lease was renewed; -1 where it was not. */
static gint64 seconds_since_renewal(const Snapshot *snapshot, yyjson_val *lease) {
    const char *time = json_get_string(lease, "spec", "renewTime");
    gint64 then;
    if (!time || !time_parse(time, &then, NULL))
        return -1;
    return MAX(snapshot_now(snapshot) - then, 0) / G_USEC_PER_SEC;
}

/* --- API servers ----------------------------------------------------------------------------------------------- */

/* Addresses of the service default/kubernetes: one an API server; the family that has more. */
static guint server_addresses(const Snapshot *snapshot) {
    const GPtrArray *slices = snapshot_list(snapshot, SNAPSHOT_ENDPOINT_SLICES)->items;
    guint most = 0;
    for (guint i = 0; i < slices->len; i++) {
        yyjson_val *slice = slices->pdata[i], *endpoint;
        size_t index, count;
        guint addresses = 0;
        if (g_strcmp0(namespace_of(slice), "default") != 0 ||
            g_strcmp0(json_get_string(slice, "metadata", "labels", "kubernetes.io/service-name"), "kubernetes") != 0)
            continue;
        yyjson_arr_foreach(json_get(slice, "endpoints"), index, count, endpoint) {
            addresses += (guint)yyjson_arr_size(json_get(endpoint, "addresses"));
        }
        most = MAX(most, addresses);
    }
    return most;
}

void check_control_servers(Snapshot *snapshot, CheckResult *result) {
    enum { FRESH_SECONDS = 90 }; /* renewed each 10 s, and kept for an hour */
    const GPtrArray *leases = snapshot_list(snapshot, SNAPSHOT_LEASES)->items;
    guint fresh = 0, stale = 0, addresses = server_addresses(snapshot);
    for (guint i = 0; i < leases->len; i++) {
        yyjson_val *lease = leases->pdata[i];
        if (g_strcmp0(namespace_of(lease), "kube-system") != 0 ||
            g_strcmp0(json_get_string(lease, "metadata", "labels", "apiserver.kubernetes.io/identity"),
                      "kube-apiserver") != 0)
            continue;
        gint64 seconds = seconds_since_renewal(snapshot, lease);
        const char *host = json_get_string(lease, "metadata", "labels", "kubernetes.io/hostname");
        if (seconds >= 0 && seconds <= FRESH_SECONDS) {
            fresh++;
            continue;
        }
        stale++;
        g_autofree char *object = check_object("Lease", lease);
        check_warn(result, object, "the API server on %s has not renewed it for %" G_GINT64_FORMAT " s",
                   host ? host : "?", seconds);
        check_advise(result,
                     "Look at the API server on %s; if it was taken away for good, this goes by itself within "
                     "an hour",
                     host ? host : "that machine");
    }
    check_summary(result, "%u servers", fresh);
    if (fresh && addresses && fresh != addresses)
        check_warn(result, "Service default/kubernetes", "it has %u addresses, but %u API servers are alive", addresses,
                   fresh);
    if (!fresh && !stale)
        check_unknown(result, NULL, "no API server has a lease in kube-system: it is managed, or older than 1.26");
}

/* --- leaders -------------------------------------------------------------------------------------------------- */

void check_control_leaders(Snapshot *snapshot, CheckResult *result) {
    enum { TRANSITIONS_MIN = 5, MINUTES_EACH = 60 };
    static const char *const names[] = {"kube-controller-manager", "kube-scheduler", "cloud-controller-manager"};
    guint seen = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        yyjson_val *lease = snapshot_find(snapshot, SNAPSHOT_LEASES, "kube-system", names[i]);
        if (!lease)
            continue;
        gint64 seconds = seconds_since_renewal(snapshot, lease),
               lasts = json_int(json_get(lease, "spec", "leaseDurationSeconds"), 15),
               transitions = json_int(json_get(lease, "spec", "leaseTransitions"), 0),
               age = minutes_since(snapshot, json_get_string(lease, "metadata", "creationTimestamp"));
        const char *holder = json_get_string(lease, "spec", "holderIdentity");
        g_autofree char *object = check_object("Lease", lease);
        seen++;
        if (!holder || !*holder || seconds < 0 || seconds > lasts) {
            check_fail(result, object,
                       "no %s leads: %s has not renewed it for %" G_GINT64_FORMAT " s, and it lasts %" G_GINT64_FORMAT
                       " s",
                       names[i], holder && *holder ? holder : "its last holder, which gave it back,", seconds, lasts);
            check_advise(result,
                         "Look at the pods or services of %s on the control plane's nodes and at their logs: "
                         "what it does is not done now",
                         names[i]);
        } else if (transitions >= TRANSITIONS_MIN && age < transitions * MINUTES_EACH) {
            check_warn(result, object, "its leader changed %" G_GINT64_FORMAT " times in %" G_GINT64_FORMAT " min",
                       transitions, age);
            check_advise(result, "A leader that loses its lease could not reach the API server in time: see SB-CP-05 "
                                 "(etcd's speed), and the processor load of the control plane's nodes");
        }
    }
    check_summary(result, "%u leaders", seen);
    if (!snapshot_find(snapshot, SNAPSHOT_LEASES, "kube-system", names[0]) ||
        !snapshot_find(snapshot, SNAPSHOT_LEASES, "kube-system", names[1]))
        check_unknown(result, NULL,
                      "kube-controller-manager or kube-scheduler has no lease: it is managed, or runs "
                      "without an election");
}

/* --- pods ------------------------------------------------------------------------------------------------------- */

static void check_restarts(const Snapshot *snapshot, CheckResult *result, const char *object, yyjson_val *status) {
    enum { DAY_MINUTES = 24 * 60 };
    gint64 restarts = json_int(json_get(status, "restartCount"), 0);
    yyjson_val *last = json_get(status, "lastState", "terminated");
    gint64 ago = minutes_since(snapshot, json_get_string(last, "finishedAt"));
    const char *reason = json_get_string(last, "reason");
    if (restarts < result->config->restarts || ago > DAY_MINUTES)
        return;
    check_warn(result, object,
               "%s has restarted %" G_GINT64_FORMAT " times, the last time for %s (exit status %" G_GINT64_FORMAT
               ") %" G_GINT64_FORMAT " min ago",
               json_get_string(status, "name"), restarts, reason ? reason : "no known reason",
               json_int(json_get(last, "exitCode"), -1), ago);
}

void check_control_pods(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) pods = mirror_pods(snapshot, NULL);
    for (guint i = 0; i < pods->len; i++) {
        yyjson_val *pod = pods->pdata[i], *status, *waiting = NULL;
        size_t index, count;
        g_autofree char *object = check_object("Pod", pod);
        yyjson_arr_foreach(json_get(pod, "status", "containerStatuses"), index, count, status) {
            check_restarts(snapshot, result, object, status);
            waiting = waiting ? waiting : json_get(status, "state", "waiting");
        }
        if (g_strcmp0(condition_status(pod, "Ready"), "True") == 0)
            continue;
        g_autofree char *text = condition_text(waiting ? waiting : condition_of(pod, "Ready"));
        const char *node = json_get_string(pod, "spec", "nodeName");
        check_fail(result, object, "it is not ready: %s", *text ? text : "its kubelet has not said why");
        check_advise(result,
                     "kubectl -n kube-system logs %s --previous; on the node %s: crictl ps -a, and its file in "
                     "/etc/kubernetes/manifests",
                     name_of(pod), node ? node : "?");
    }
    check_summary(result, "%u pods", pods->len);
    if (!pods->len)
        check_unknown(result, NULL, "no pod of the control plane is seen: it is managed, or does not run as pods");
}

/* --- etcd ------------------------------------------------------------------------------------------------------- */

void check_etcd_members(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) members = mirror_pods(snapshot, "etcd");
    check_summary(result, "%u members", members->len);
    if (!members->len)
        check_unknown(result, NULL, "no pod of etcd is seen: it is managed, or runs elsewhere");
    else if (members->len == 1)
        check_warn(result, NULL, "there is 1 member: where it is lost, the cluster is");
    else if (members->len % 2 == 0)
        check_warn(result, NULL, "there are %u members, an even number: %u bear the loss of no more than %u do",
                   members->len, members->len, members->len - 1);
}

/* What waits for the disk, or reads one object. */
static bool is_short_request(const MetricSample *sample) {
    const char *operation = metric_label(sample, "operation");
    return g_str_equal(operation, "get") || g_str_equal(operation, "create") || g_str_equal(operation, "update") ||
           g_str_equal(operation, "delete");
}

void check_etcd_speed(Snapshot *snapshot, CheckResult *result) {
    const Metrics *metrics = api_metrics(snapshot, result, false);
    if (!metrics)
        return;
    double seconds = metrics_quantile(metrics, "etcd_request_duration_seconds_bucket", 0.99, is_short_request);
    if (isnan(seconds)) {
        check_unknown(result, NULL, "the API server has not measured etcd");
        return;
    }
    g_autofree char *text = isinf(seconds) ? g_strdup("more than 60 s") : g_strdup_printf("%.0f ms", seconds * 1000);
    check_summary(result, "99 of 100 answers within %s", text);
    if (seconds * 1000 > (double)result->config->etcd_slow_ms)
        check_warn(result, NULL, "99 of 100 answers take %s or less; %" G_GINT64_FORMAT " ms would be good", text,
                   result->config->etcd_slow_ms);
}

/* --quota-backend-bytes of etcd's pods, where they are seen; else 0. */
static gint64 quota_of_etcd(const Snapshot *snapshot) {
    g_autoptr(GPtrArray) members = mirror_pods(snapshot, "etcd");
    g_autofree char *flag = members->len ? pod_flag(members->pdata[0], "--quota-backend-bytes") : NULL;
    gint64 bytes = flag ? g_ascii_strtoll(flag, NULL, 10) : 0;
    return MAX(bytes, 0);
}

void check_etcd_size(Snapshot *snapshot, CheckResult *result) {
    enum { WARN_PERCENT = 80, FAIL_PERCENT = 95 };
    const gint64 standard = (gint64)2 << 30; /* etcd's own */
    const Metrics *metrics = api_metrics(snapshot, result, false);
    if (!metrics)
        return;
    const GPtrArray *sizes = metrics_samples(metrics, "apiserver_storage_size_bytes");
    sizes = sizes->len ? sizes : metrics_samples(metrics, "etcd_db_total_size_in_bytes");
    if (!sizes->len) {
        check_unknown(result, NULL, "the API server does not tell its storage's size");
        return;
    }
    gint64 known = quota_of_etcd(snapshot), quota = known ? known : standard;
    g_autofree char *of = bytes_format((guint64)quota);
    for (guint i = 0; i < sizes->len; i++) {
        const MetricSample *sample = sizes->pdata[i];
        double percent = sample->value / (double)quota * 100;
        const char *id = metric_label(sample, "storage_cluster_id");
        g_autofree char *bytes = bytes_format((guint64)CLAMP(sample->value, 0, 1e18));
        check_summary(result, "%s of %s", bytes, of);
        if (known && percent >= FAIL_PERCENT)
            check_fail(result, *id ? id : NULL, "%s of its quota of %s are used: at the whole it takes no more writes",
                       bytes, of);
        else if (percent >= WARN_PERCENT)
            check_warn(result, *id ? id : NULL, "%s are used, of %s %s", bytes, of,
                       known ? "that it may use" : "that it may use by default; its true quota is not seen");
    }
}
