/* A report of checks as JUnit's XML: a suite for each area, a case for each check.
 * Source: what Jenkins and GitLab document that they read. */
#include "sonobuoy/check/report.h"
#include "sonobuoy/report-internal.h"

static void write_findings(const CheckResult *result, FILE *out) {
    for (guint i = 0; i < result->findings->len; i++) {
        const CheckFinding *finding = result->findings->pdata[i];
        fprintf(out, "%s: ", check_outcome_name(finding->outcome));
        if (finding->object)
            report_markup(out, "%s: ", finding->object);
        report_escape(out, finding->evidence, false);
        if (finding->excepted)
            report_markup(out, " (excepted: %s)", finding->excepted);
        else if (finding->outcome > CHECK_UNKNOWN)
            report_markup(out, " -> %s", check_finding_fix(result, finding));
        putc('\n', out);
    }
}

/* A failure fails the build; what warns or is unknown is told, and does not. */
static void write_case(const CheckResult *result, FILE *out) {
    const Check *check = result->check;
    static const char *const elements[] = {[CHECK_PASS] = "system-out",
                                           [CHECK_UNKNOWN] = "skipped",
                                           [CHECK_WARN] = "system-out",
                                           [CHECK_FAIL] = "failure"};
    const char *element = elements[result->outcome];
    report_markup(out, "  <testcase name=\"%s %s\" classname=\"%s\"", check->id, check->title, check->area);
    fprintf(out, " time=\"%.3f\">", (double)result->took / G_USEC_PER_SEC);
    if (result->findings->len) {
        fprintf(out, "<%s", element);
        if (result->outcome == CHECK_FAIL)
            report_markup(out, " message=\"%s\" type=\"%s\"",
                          ((const CheckFinding *)result->findings->pdata[0])->evidence,
                          check_severity_name(check->severity));
        else if (result->outcome == CHECK_UNKNOWN)
            report_markup(out, " message=\"%s\"", ((const CheckFinding *)result->findings->pdata[0])->evidence);
        putc('>', out);
        write_findings(result, out);
        fprintf(out, "</%s>", element);
    }
    fputs("</testcase>\n", out);
}

void check_report_junit(const CheckReport *report, FILE *out) {
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sonobuoy check\">\n", out);
    for (const char *const *area = check_areas; *area; area++) {
        guint counts[CHECK_FAIL + 1], all = check_report_counts(report, *area, counts);
        if (!all)
            continue;
        fprintf(out, " <testsuite name=\"%s\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\">\n", *area, all,
                counts[CHECK_FAIL], counts[CHECK_UNKNOWN]);
        for (guint i = 0; i < report->results->len; i++) {
            const CheckResult *result = report->results->pdata[i];
            if (g_str_equal(result->check->area, *area))
                write_case(result, out);
        }
        fputs(" </testsuite>\n", out);
    }
    fputs("</testsuites>\n", out);
}
