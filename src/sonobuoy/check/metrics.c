#include "sonobuoy/check/metrics.h"

#include <math.h>
#include <string.h>

enum {
    LINE_MAX_BYTES = 64 << 10,
    SAMPLES_MAX = 50000,
    LABELS_MAX = 64,
    BUCKETS_MAX = 1000,
    ANSWER_SECONDS = 10,
    PROXY_SECONDS = 3,
    BETWEEN_MS = 500 /* two samples: a check of a large cluster takes no longer for it */
};

struct Metrics {
    GHashTable *samples; /* name: GPtrArray of MetricSample */
    GStringChunk *texts; /* labels, each once */
    GString *line;       /* what came of the last one */
    bool too_long;       /* that line is passed over */
    guint count;
};

static void sample_free(MetricSample *sample) {
    g_free((void *)sample->labels);
    g_free(sample);
}

Metrics *metrics_new(const char *const *names) {
    Metrics *metrics = g_new0(Metrics, 1);
    metrics->samples = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    for (; *names; names++)
        g_hash_table_insert(metrics->samples, (void *)*names,
                            g_ptr_array_new_with_free_func((GDestroyNotify)sample_free));
    metrics->texts = g_string_chunk_new(4096);
    metrics->line = g_string_new(NULL);
    return metrics;
}

void metrics_free(Metrics *metrics) {
    if (!metrics)
        return;
    g_hash_table_unref(metrics->samples);
    g_string_chunk_free(metrics->texts);
    g_string_free(metrics->line, TRUE);
    g_free(metrics);
}

/* --- a line ------------------------------------------------------------------------------------------------ */

static char *skip_blanks(char *text) {
    return text + strspn(text, " \t");
}

/* A quoted value, its escapes undone in place; moves *text behind it. NULL where it does not end. */
static char *take_quoted(char **text) {
    char *from = *text, *to = *text, *begin = *text;
    for (; *from && *from != '"'; from++) {
        bool quoted = *from == '\\';
        from += quoted;
        if (!*from)
            return NULL;
        *to++ = quoted && *from == 'n' ? '\n' : *from;
    }
    if (*from != '"')
        return NULL;
    *text = from + 1;
    *to = '\0';
    return begin;
}

/* "{a="b",c="d"}" to the array of names and values; NULL where it is none. Moves *text behind it. */
static const char **take_labels(Metrics *metrics, char **text) {
    const char *found[2 * LABELS_MAX + 1];
    size_t count = 0;
    char *at = *text;
    if (*at == '{') {
        for (at = skip_blanks(at + 1); *at != '}'; at = skip_blanks(at)) {
            size_t length = strcspn(at, "=} \t\"");
            char *name = at, *equals = skip_blanks(at + length);
            if (!length || *equals != '=' || count >= 2 * LABELS_MAX)
                return NULL;
            at = skip_blanks(equals + 1);
            if (*at++ != '"')
                return NULL;
            char *value = take_quoted(&at);
            if (!value)
                return NULL;
            name[length] = '\0';
            found[count++] = g_string_chunk_insert_const(metrics->texts, name);
            found[count++] = g_string_chunk_insert_const(metrics->texts, value);
            at = skip_blanks(at);
            if (*at == ',')
                at++;
            else if (*at != '}')
                return NULL;
        }
        at++;
    }
    found[count++] = NULL;
    *text = at;
    return g_memdup2(found, count * sizeof *found);
}

/* name{labels} value [time] */
static void take_line(Metrics *metrics, char *line) {
    size_t length = strcspn(line, "{ \t");
    char after = line[length];
    if (!length || *line == '#' || metrics->count >= SAMPLES_MAX)
        return;
    line[length] = '\0';
    GPtrArray *samples = g_hash_table_lookup(metrics->samples, line);
    line[length] = after;
    if (!samples)
        return;
    char *at = skip_blanks(line + length), *end;
    const char **labels = take_labels(metrics, &at);
    if (!labels)
        return;
    at = skip_blanks(at);
    double value = g_ascii_strtod(at, &end);
    if (end == at || (*end && !strchr(" \t\r", *end))) {
        g_free((void *)labels);
        return;
    }
    MetricSample *sample = g_new0(MetricSample, 1);
    sample->labels = (const char *const *)labels;
    sample->value = value;
    g_ptr_array_add(samples, sample);
    metrics->count++;
}

static void end_line(Metrics *metrics) {
    if (!metrics->too_long && strlen(metrics->line->str) == metrics->line->len)
        take_line(metrics, metrics->line->str);
    metrics->too_long = false;
    g_string_truncate(metrics->line, 0);
}

void metrics_add(Metrics *metrics, const char *data, size_t length) {
    while (length) {
        const char *end = memchr(data, '\n', length);
        size_t piece = end ? (size_t)(end - data) : length;
        metrics->too_long |= metrics->line->len + piece > LINE_MAX_BYTES;
        if (!metrics->too_long)
            g_string_append_len(metrics->line, data, (gssize)piece);
        if (end)
            end_line(metrics);
        piece += end != NULL;
        data += piece;
        length -= piece;
    }
}

void metrics_end(Metrics *metrics) {
    end_line(metrics);
}

/* --- questions --------------------------------------------------------------------------------------------- */

const GPtrArray *metrics_samples(const Metrics *metrics, const char *name) {
    const GPtrArray *samples = g_hash_table_lookup(metrics->samples, name);
    g_assert(samples);
    return samples;
}

const char *metric_label(const MetricSample *sample, const char *name) {
    for (const char *const *label = sample->labels; *label; label += 2)
        if (g_str_equal(*label, name))
            return label[1];
    return "";
}

double metrics_sum(const Metrics *metrics, const char *name, MetricFunc takes) {
    const GPtrArray *samples = metrics_samples(metrics, name);
    double sum = 0;
    for (guint i = 0; i < samples->len; i++) {
        const MetricSample *sample = samples->pdata[i];
        if (!takes || takes(sample))
            sum += sample->value;
    }
    return sum;
}

typedef struct {
    double bound, count;
} Bucket;

static int compare_buckets(const void *a, const void *b) {
    const Bucket *left = a, *right = b;
    return (left->bound > right->bound) - (left->bound < right->bound);
}

/* Of all series together, by bound. */
static GArray *sum_buckets(const GPtrArray *samples, MetricFunc takes) {
    GArray *buckets = g_array_new(FALSE, FALSE, sizeof(Bucket));
    for (guint i = 0; i < samples->len; i++) {
        const MetricSample *sample = samples->pdata[i];
        Bucket bucket = {g_ascii_strtod(metric_label(sample, "le"), NULL), sample->value};
        guint at = 0;
        if (takes && !takes(sample))
            continue;
        while (at < buckets->len && g_array_index(buckets, Bucket, at).bound != bucket.bound)
            at++;
        if (at < buckets->len)
            g_array_index(buckets, Bucket, at).count += bucket.count;
        else if (at < BUCKETS_MAX)
            g_array_append_val(buckets, bucket);
    }
    g_array_sort(buckets, compare_buckets);
    return buckets;
}

double metrics_quantile(const Metrics *metrics, const char *name, double quantile, MetricFunc takes) {
    g_autoptr(GArray) buckets = sum_buckets(metrics_samples(metrics, name), takes);
    double all = buckets->len ? g_array_index(buckets, Bucket, buckets->len - 1).count : 0;
    for (guint i = 0; all > 0 && i < buckets->len; i++)
        if (g_array_index(buckets, Bucket, i).count >= all * quantile)
            return g_array_index(buckets, Bucket, i).bound;
    return (double)NAN;
}

/* --- of a cluster -------------------------------------------------------------------------------------------- */

/* What checks ask for, by who tells it. */
static const char *const kept[] = {
    /* kube-apiserver */
    "aggregator_unavailable_apiservice",
    "apiserver_admission_webhook_admission_duration_seconds_count",
    "apiserver_admission_webhook_fail_open_count",
    "apiserver_admission_webhook_rejection_count",
    "apiserver_audit_event_total",
    "apiserver_client_certificate_expiration_seconds_bucket",
    "apiserver_flowcontrol_rejected_requests_total",
    "apiserver_request_total",
    "apiserver_requested_deprecated_apis",
    "apiserver_resource_objects",
    "apiserver_storage_objects",
    "apiserver_storage_size_bytes",
    "apiserver_storage_transformation_operations_total",
    "etcd_db_total_size_in_bytes",
    "etcd_request_duration_seconds_bucket",
    "kubernetes_feature_enabled",
    "serviceaccount_legacy_tokens_total",
    "serviceaccount_stale_tokens_total",
    /* kubelet */
    "kubelet_certificate_manager_client_expiration_renew_errors",
    "kubelet_certificate_manager_client_ttl_seconds",
    "kubelet_certificate_manager_server_expiration_renew_errors",
    "kubelet_certificate_manager_server_ttl_seconds",
    "kubelet_pleg_relist_duration_seconds_bucket",
    "kubelet_pleg_relist_duration_seconds_count",
    "kubelet_runtime_operations_errors_total",
    "kubelet_runtime_operations_total",
    /* CoreDNS */
    "coredns_dns_responses_total",
    "coredns_forward_healthcheck_broken_total",
    "coredns_panics_total",
    NULL,
};

static void snapshot_metrics_free(SnapshotMetrics *metrics) {
    metrics_free(metrics->metrics);
    g_clear_error(&metrics->error);
    g_free(metrics);
}

static bool take_piece(const void *data, size_t length, void *user_data, GError **error) {
    metrics_add(user_data, data, length);
    return true;
}

static void *fetch(Snapshot *snapshot, void *data) {
    SnapshotMetrics *metrics = g_new0(SnapshotMetrics, 1);
    metrics->metrics = metrics_new(kept);
    if (snapshot_is_archive(snapshot)) {
        g_set_error_literal(&metrics->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "an archive cannot be asked");
        return metrics;
    }
    KubeRequest request = {.method = "GET",
                           .path = data,
                           .accept = "text/plain;version=0.0.4, */*",
                           .on_body = take_piece,
                           .on_body_data = metrics->metrics,
                           .timeout_s = strstr(data, "/proxy/") ? PROXY_SECONDS : ANSWER_SECONDS,
                           .no_retry = true};
    g_auto(HttpResponse) response = {0};
    bool good = kube_client_request(snapshot_client(snapshot), &request, &response, &metrics->error);
    g_assert(good == !metrics->error);
    metrics->status = response.status;
    metrics_end(metrics->metrics);
    metrics->at = g_get_monotonic_time();
    return metrics;
}

const SnapshotMetrics *snapshot_metrics(Snapshot *snapshot, const char *path) {
    g_autofree char *key = g_strconcat("metrics ", path, NULL);
    return snapshot_once(snapshot, key, fetch, (void *)path, (GDestroyNotify)snapshot_metrics_free);
}

static void *fetch_later(Snapshot *snapshot, void *data) {
    const SnapshotMetrics *first = snapshot_metrics(snapshot, data);
    gint64 wait = first->at + BETWEEN_MS * 1000 - g_get_monotonic_time();
    if (!first->error && wait > 0 && !cancel_sleep(kube_client_cancel(snapshot_client(snapshot)), wait, NULL))
        g_debug("no second sample: cancelled");
    return fetch(snapshot, data);
}

const SnapshotMetrics *snapshot_metrics_later(Snapshot *snapshot, const char *path) {
    g_autofree char *key = g_strconcat("metrics later ", path, NULL);
    return snapshot_once(snapshot, key, fetch_later, (void *)path, (GDestroyNotify)snapshot_metrics_free);
}
