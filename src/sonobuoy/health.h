/* How a cluster was at the end of a run: meta/clusterhealth.json.
 *
 *   {"node_health": {"total_nodes", "healthy_nodes", "details": [{name, healthy, ready, reason, message, namespace}]},
 *    "pod_health": {the same keys}, "api_version", "error_summary": {"Errors": {file: count}, "Warnings": {...}}}
 *
 * A node is healthy when its condition Ready is True, a pod when it runs or has ended well and none of its containers
 * is held up by a crash loop or an image. Errors and warnings are lines of pods' logs that look like one. Source:
 * archives of stock Sonobuoy 0.57. */
#pragma once

#include "base/json.h"

/* What a line of a log may look like, and its name in error_summary. */
typedef enum { HEALTH_ERRORS, HEALTH_WARNINGS, HEALTH_CLASSES } HealthClass;
extern const char *const health_class_names[HEALTH_CLASSES];
/* Matches lines of the class, as bytes. g_regex_unref() it. */
GRegex *health_class_regex(HealthClass kind);

/* A file of error_summary, and how many of its lines look like one. */
typedef struct {
    const char *file; /* the summary's */
    gint64 count;
} HealthHits;
/* Those of one class, {file: count}; the most first, then by name. g_array_unref() it. */
GArray *health_hits(yyjson_val *files);

typedef struct Health Health;
Health *health_new(void);
void health_free(Health *health);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Health, health_free)

/* Takes a node or pod into account; other objects are none of it. Thread-safe: the query's QueryOptions.on_object. */
void health_take(const char *group_resource, yyjson_val *object, void *health);

/* Counts the lines of the pods' logs in the run's folder, and writes the file into it. */
bool health_write(Health *health, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
