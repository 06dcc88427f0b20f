/* Numbers that programs of Kubernetes tell of themselves, in Prometheus's text format.
 * Source: prometheus.io/docs/instrumenting/exposition_formats (text, version 0.0.4).
 *
 * Such a text has megabytes: it is read as it comes, and only samples of the names that checks ask for are kept
 * (metrics.c has the list). Lines that break the format are passed over. */
#pragma once

#include "sonobuoy/check/snapshot.h"

typedef struct {
    const char *const *labels; /* name, value, name, value, ..., NULL */
    double value;
} MetricSample;

typedef struct Metrics Metrics;

/* names: of samples ("x_total", "y_bucket"), NULL-terminated, which must outlive it. */
Metrics *metrics_new(const char *const *names);
void metrics_free(Metrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metrics, metrics_free)
/* The text, in pieces of any length; then its end. */
void metrics_add(Metrics *metrics, const char *data, size_t length);
void metrics_end(Metrics *metrics);

/* MetricSample, in the text's order; empty where there are none. The name must be one that is kept. */
const GPtrArray *metrics_samples(const Metrics *metrics, const char *name);
/* "" where it has no such label. */
const char *metric_label(const MetricSample *sample, const char *name);

/* The sum of the samples for which `takes` holds; NULL: of all. */
typedef bool (*MetricFunc)(const MetricSample *sample);
double metrics_sum(const Metrics *metrics, const char *name, MetricFunc takes);
/* A quantile (0.99) of a histogram, summed over all series that `takes` takes: the upper bound of the bucket that it
 * is in; INFINITY where that is the last one; NAN where nothing was counted. `name` ends in "_bucket". */
double metrics_quantile(const Metrics *metrics, const char *name, double quantile, MetricFunc takes);

/* --- of a cluster: asked for once, whoever asks ----------------------------------------------------------- */

typedef struct {
    Metrics *metrics; /* never NULL */
    int status;       /* HTTP; 0: no answer came */
    GError *error;    /* NULL: they are there */
    gint64 at;        /* g_get_monotonic_time() of their end */
} SnapshotMetrics;
/* path: "/metrics", "/api/v1/nodes/NODE/proxy/metrics" */
const SnapshotMetrics *snapshot_metrics(Snapshot *snapshot, const char *path);
/* The same half a second after that, at least: what grew, grows now. */
const SnapshotMetrics *snapshot_metrics_later(Snapshot *snapshot, const char *path);
