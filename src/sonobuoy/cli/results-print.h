/* How `sonobuoy results` prints, in stock's words. */
#pragma once

#include "sonobuoy/archive.h"

/* The counts and what failed: for people. */
void print_report(yyjson_mut_doc *doc, yyjson_mut_val *item);

/* A JSON line a leaf, or its file's content with the path to it before (not where skip_prefix). */
bool print_details(RunArchive *archive, const char *plugin, yyjson_mut_doc *doc, yyjson_mut_val *item, bool skip_prefix,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Text with a backslash and n, t in it as lines and tabs. */
void print_readable(const char *text, size_t length);

/* meta/clusterhealth.json, which is printed as though it were a plugin's results. */
typedef enum { HEALTH_REPORT, HEALTH_FILE, HEALTH_YAML, HEALTH_READABLE } HealthForm;
bool print_health(RunArchive *archive, HealthForm form, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Standard output as a sink. */
Sink *sink_stdout_new(void);
