/* A report of checks, for people and for other programs. Names and evidence are outside data: each form escapes them.
 */
#pragma once

#include "sonobuoy/check/check.h"

#include <stdio.h>

/* For a terminal: areas with counts, then what failed and what is a warning, three lines each: what, which object and
 * what was seen, what to do. `wide`: passes and what is unknown as well. */
void check_report_table(const CheckReport *report, bool wide, FILE *out);
/* {server, version, time, seconds, summary: {pass, warn, fail, unknown}, checks: [{id, area, title, severity, outcome,
 * summary, why, findings: [{outcome, object, evidence, fix, exception}]}], unreadable: [text]}, of the document. */
yyjson_mut_val *check_report_json(const CheckReport *report, yyjson_mut_doc *doc);

/* The finding's advice, else its check's. */
const char *check_finding_fix(const CheckResult *result, const CheckFinding *finding);
/* For other programs: JUnit's XML, SARIF 2.1.0, Prometheus' text format. */
void check_report_junit(const CheckReport *report, FILE *out);
void check_report_sarif(const CheckReport *report, FILE *out);
void check_report_prometheus(const CheckReport *report, FILE *out);
/* A page that stands alone. */
void check_report_html(const CheckReport *report, FILE *out);

/* How the area's checks came out; how many there are of it. */
guint check_report_counts(const CheckReport *report, const char *area, guint counts[CHECK_FAIL + 1]);
