/* A report of checks in Prometheus' text format, for a file that node_exporter reads or a push gateway.
 * Source: prometheus.io/docs/instrumenting/exposition_formats. */
#include "sonobuoy/check/report.h"

/* A label's value: backslash, quote and line break are escaped. */
static void write_label(FILE *out, const char *text) {
    for (; *text; text++)
        if (*text == '\n')
            fputs("\\n", out);
        else
            fprintf(out, "%s%c", *text == '\\' || *text == '"' ? "\\" : "", *text);
}

static void write_head(FILE *out, const char *name, const char *help) {
    fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void write_of_check(FILE *out, const char *name, const CheckResult *result, const char *outcome, guint value) {
    const Check *check = result->check;
    fprintf(out, "%s{id=\"%s\",area=\"%s\",severity=\"%s\"", name, check->id, check->area,
            check_severity_name(check->severity));
    if (outcome) {
        fprintf(out, ",outcome=\"%s\"} %u\n", outcome, value);
        return;
    }
    fputs(",title=\"", out);
    write_label(out, check->title);
    fprintf(out, "\"} %u\n", value);
}

static guint findings_of(const CheckResult *result, CheckOutcome outcome) {
    guint count = 0;
    for (guint i = 0; i < result->findings->len; i++) {
        const CheckFinding *finding = result->findings->pdata[i];
        count += finding->outcome == outcome && !finding->excepted;
    }
    return count;
}

void check_report_prometheus(const CheckReport *report, FILE *out) {
    write_head(out, "sonobuoy_check_outcome", "How a check came out: 0 pass, 1 unknown, 2 warn, 3 fail.");
    for (guint i = 0; i < report->results->len; i++) {
        const CheckResult *result = report->results->pdata[i];
        write_of_check(out, "sonobuoy_check_outcome", result, NULL, result->outcome);
    }
    write_head(out, "sonobuoy_check_findings", "How many objects a check found to be so.");
    for (guint i = 0; i < report->results->len; i++)
        for (CheckOutcome outcome = CHECK_UNKNOWN; outcome <= CHECK_FAIL; outcome++)
            write_of_check(out, "sonobuoy_check_findings", report->results->pdata[i], check_outcome_name(outcome),
                           findings_of(report->results->pdata[i], outcome));
    write_head(out, "sonobuoy_checks", "How many checks came out so.");
    for (CheckOutcome outcome = CHECK_PASS; outcome <= CHECK_FAIL; outcome++)
        fprintf(out, "sonobuoy_checks{outcome=\"%s\"} %u\n", check_outcome_name(outcome), report->counts[outcome]);
    write_head(out, "sonobuoy_check_duration_seconds", "How long all checks took.");
    fprintf(out, "sonobuoy_check_duration_seconds %.3f\n", (double)report->took / G_USEC_PER_SEC);
    write_head(out, "sonobuoy_check_timestamp_seconds", "When they were begun.");
    fprintf(out, "sonobuoy_check_timestamp_seconds %" G_GINT64_FORMAT "\n", report->begun / G_USEC_PER_SEC);
}
