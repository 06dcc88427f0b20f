/* What the writers of reports share. */
#pragma once

#include "sonobuoy/report.h"

/* Text for XML and HTML, also between double quotes: what is no printable character as \x1b; colours of terminals and
 * carriage returns at lines' ends are left out. With `attribute` line breaks and tabs are character references. */
void report_escape(FILE *out, const char *text, bool attribute);
/* The same of a printf(); what is escaped are the arguments of %s. */
void report_markup(FILE *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The test's name for people: results_test_name(), or words for none. */
const char *report_name(const ReportItem *item);

/* Whether a line only says where a test stands in its source: "/go/src/a.go:17". */
bool report_is_location(const char *line);

/* Lines of a text that comes in pieces, without \r at their ends; of one that is too long the beginning, and a word. */
typedef struct {
    GString *line; /* that has no end yet; NULL at first */
    bool cut;
    void (*func)(const char *line, void *data);
    void *data;
} ReportLines;
void report_lines_feed(ReportLines *lines, const char *data, size_t length);
void report_lines_end(ReportLines *lines); /* the last one, and frees what is kept */

/* The number of a status in counts. */
gint64 report_count(const ReportPlugin *plugin, const char *status);
typedef struct {
    gint64 passed, failed, skipped, other, total; /* failed: also timeout; other: unknown, and the plugin's own */
} ReportCounts;
ReportCounts report_counts(const ReportPlugin *plugin);
/* "passed", "failed", ...; of a plugin that cannot be read "unreadable". */
const char *report_status(const ReportPlugin *plugin);

/* --- pages of HTML: report-page.c ---------------------------------------------------------------------- */

void report_page_begin(FILE *out, const char *title);
/* A number with a label, in a list of class "cards"; it leads to an id of the page. */
void report_page_card(FILE *out, const char *target, const char *class, const char *number, const char *label);
/* How it came out, as a picture. */
void report_page_bar(FILE *out, gint64 passed, gint64 failed, gint64 other);
/* The field to search by; `words`: what is searched, `one`: what is counted, items of lists and articles that have the
 * attribute data-counts. */
void report_page_search(FILE *out, const char *words, const char *one);
void report_page_end(FILE *out);

#define REPORT_SARIF_SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

/* --- logs of end-to-end tests ---------------------------------------------------------------------------
 *
 * e2e.log is what ginkgo prints: sections between lines of dashes, each of one test, which begins with the test's name.
 * Of the tests that are asked for the sections are kept, the beginning and the end of each, and 64 MiB of all.
 * Source: logs of Kubernetes 1.21 (ginkgo 1), and what ginkgo 2.1, 2.9 and 2.22 print. */

typedef struct ReportLogs ReportLogs;
ReportLogs *report_logs_new(void);
void report_logs_free(ReportLogs *logs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportLogs, report_logs_free)

/* A test whose sections are to be kept; before anything is read. */
void report_logs_want(ReportLogs *logs, const char *plugin, const char *test);
/* Whether any test is wanted. */
bool report_logs_any(const ReportLogs *logs);
/* The plugin whose log an archive's file is; NULL for any other. g_free() it. */
char *report_logs_plugin(const char *path);
/* The test's sections, NULL where none was found. */
const char *report_logs_get(ReportLogs *logs, const char *plugin, const char *test);

/* A log piece by piece; `end` behind the last. */
void report_logs_begin(ReportLogs *logs, const char *plugin);
void report_logs_feed(ReportLogs *logs, const char *data, size_t length);
void report_logs_end(ReportLogs *logs);

/* --- lines of pods' logs -------------------------------------------------------------------------------- */

/* Of the files with most hits in error_summary (health.h) the first lines that look like errors and like warnings. */
typedef struct ReportSamples ReportSamples;
ReportSamples *report_samples_new(yyjson_val *error_summary);
void report_samples_free(ReportSamples *samples);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportSamples, report_samples_free)
bool report_samples_any(const ReportSamples *samples);
/* A file's lines piece by piece; false where it is none of the files, or where there is enough of it. */
bool report_samples_begin(ReportSamples *samples, const char *path);
bool report_samples_feed(ReportSamples *samples, const char *data, size_t length);
void report_samples_end(ReportSamples *samples);
/* The lines; NULL where there are none. */
const char *report_samples_get(ReportSamples *samples, const char *class, const char *path);
