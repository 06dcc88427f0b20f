#include "sonobuoy/check/report.h"

#include "base/colour.h"
#include "base/table.h"
#include "base/text.h"

enum { FINDINGS_SHOWN = 20 }; /* of one check */

static void print_areas(const CheckReport *report, FILE *out) {
    static const char *const heads[] = {"area", "pass", "warn", "fail", "unknown", NULL};
    g_autoptr(Table) table = table_new(heads);
    for (const char *const *area = check_areas; *area; area++) {
        guint counts[CHECK_FAIL + 1], all = check_report_counts(report, *area, counts);
        g_autofree char *pass = g_strdup_printf("%u", counts[CHECK_PASS]),
                        *warn = g_strdup_printf("%u", counts[CHECK_WARN]),
                        *fail = g_strdup_printf("%u", counts[CHECK_FAIL]),
                        *unknown = g_strdup_printf("%u", counts[CHECK_UNKNOWN]);
        if (all)
            table_add(table, *area, pass, warn, fail, unknown, NULL);
    }
    table_print(table, out, true);
}

static void print_head(const CheckResult *result, CheckOutcome outcome, FILE *out) {
    const char *word = check_outcome_name(outcome);
    Colour colour = colour_of_word(word);
    fprintf(out, "\n%s%s%s %s %s (%s)\n", colour_begin(out, colour), word, colour_end(out, colour), result->check->id,
            result->check->title, check_severity_name(result->check->severity));
}

static void print_result(const CheckResult *result, CheckOutcome outcome, FILE *out) {
    bool headed = false;
    guint shown = 0, all = 0;
    for (guint i = 0; i < result->findings->len; i++) {
        const CheckFinding *finding = result->findings->pdata[i];
        if (finding->outcome != outcome || finding->excepted)
            continue;
        if (++all > FINDINGS_SHOWN)
            continue;
        if (!headed)
            print_head(result, outcome, out);
        headed = true;
        text_print(out, "  %s%s%s\n", finding->object ? finding->object : "", finding->object ? ": " : "",
                   finding->evidence);
        const char *next = NULL;
        for (guint j = i + 1; j < result->findings->len && !next; j++) {
            const CheckFinding *other = result->findings->pdata[j];
            if (other->outcome == outcome && !other->excepted)
                next = check_finding_fix(result, other);
        }
        /* The same advice once, below what it is for. */
        if (outcome > CHECK_UNKNOWN &&
            (g_strcmp0(next, check_finding_fix(result, finding)) != 0 || shown + 1 == FINDINGS_SHOWN))
            text_print(out, "    %s\n", check_finding_fix(result, finding));
        shown++;
    }
    if (all > shown)
        fprintf(out, "  and %u more, which -o json has\n", all - shown);
}

void check_report_table(const CheckReport *report, bool wide, FILE *out) {
    print_areas(report, out);
    for (int outcome = CHECK_FAIL; outcome >= (wide ? CHECK_UNKNOWN : CHECK_WARN); outcome--)
        for (guint i = 0; i < report->results->len; i++)
            print_result(report->results->pdata[i], (CheckOutcome)outcome, out);
    if (wide)
        fputc('\n', out);
    for (guint i = 0; wide && i < report->results->len; i++) {
        const CheckResult *result = report->results->pdata[i];
        if (result->outcome == CHECK_PASS)
            text_print(out, "%s %s %s%s%s\n", "pass", result->check->id, result->check->title,
                       result->summary && *result->summary ? ": " : "", result->summary ? result->summary : "");
    }
    if (report->blind->len)
        fputs("\nNot readable with these rights, or at all:\n", out);
    for (guint i = 0; i < report->blind->len; i++)
        text_print(out, "  %s\n", (const char *)report->blind->pdata[i]);
    text_print(out, "\n%u passed, %u warnings, %u failed, %u unknown; Kubernetes %s, %.1f s\n",
               report->counts[CHECK_PASS], report->counts[CHECK_WARN], report->counts[CHECK_FAIL],
               report->counts[CHECK_UNKNOWN], report->version ? report->version : "?",
               (double)report->took / G_USEC_PER_SEC);
}
