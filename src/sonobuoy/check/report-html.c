/* A report of checks as a page that stands alone (report-page.c): failures first, then warnings, what is unknown, and
 * what passed. */
#include "base/text.h"
#include "sonobuoy/check/report.h"
#include "sonobuoy/report-internal.h"

enum { FINDINGS_MAX = 500 }; /* of one check */

static const char *class_of(CheckOutcome outcome) {
    static const char *const classes[] = {
        [CHECK_PASS] = "passed", [CHECK_UNKNOWN] = "skipped", [CHECK_WARN] = "other", [CHECK_FAIL] = "failed"};
    return classes[outcome];
}

static CheckOutcome worst_of(const CheckReport *report) {
    return report->counts[CHECK_FAIL] ? CHECK_FAIL : report->counts[CHECK_WARN] ? CHECK_WARN : CHECK_PASS;
}

static void write_title(const CheckReport *report, FILE *out) {
    static const char *const words[] = {[CHECK_PASS] = "passed", [CHECK_WARN] = "warnings", [CHECK_FAIL] = "failed"};
    CheckOutcome worst = worst_of(report);
    g_autofree char *time = time_format(report->begun);
    report_markup(out,
                  "<header>\n<h1>Cluster checks <span class=\"badge %s\">%s</span></h1>\n<p class=\"facts\"><span>"
                  "Kubernetes %s</span>",
                  class_of(worst), words[worst], report->version ? report->version : "of unknown version");
    if (report->server)
        report_markup(out, "<span>%s</span>", report->server);
    report_markup(out, "<span>%s</span>", time);
    fprintf(out, "<span>%u checks in %.1f s</span></p>\n", report->results->len, (double)report->took / G_USEC_PER_SEC);
}

static void write_cards(const CheckReport *report, FILE *out) {
    static const struct {
        CheckOutcome outcome;
        const char *target, *class, *label;
    } cards[] = {{CHECK_FAIL, "fail", "is-failed", "failed"},
                 {CHECK_WARN, "warn", "", "warnings"},
                 {CHECK_UNKNOWN, "unknown", "", "unknown"},
                 {CHECK_PASS, "pass", "is-passed", "passed"}};
    fputs("<ul class=\"cards\">\n", out);
    for (size_t i = 0; i < G_N_ELEMENTS(cards); i++) {
        guint count = report->counts[cards[i].outcome];
        g_autofree char *number = g_strdup_printf("%u", count);
        report_page_card(out, cards[i].target, count ? cards[i].class : "", number, cards[i].label);
    }
    fputs("</ul>\n", out);
    report_page_bar(out, report->counts[CHECK_PASS], report->counts[CHECK_FAIL],
                    report->counts[CHECK_WARN] + report->counts[CHECK_UNKNOWN]);
    fputs("</header>\n", out);
}

static void write_areas(const CheckReport *report, FILE *out) {
    fputs("<section id=\"areas\">\n<h2>Areas</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>Area</th><th "
          "class=\"number\">Failed</th><th class=\"number\">Warnings</th><th class=\"number\">Unknown</th><th "
          "class=\"number\">Passed</th></tr></thead>\n<tbody>\n",
          out);
    for (const char *const *area = check_areas; *area; area++) {
        guint counts[CHECK_FAIL + 1];
        if (!check_report_counts(report, *area, counts))
            continue;
        fprintf(out, "<tr><td>%s</td>", *area);
        static const CheckOutcome order[] = {CHECK_FAIL, CHECK_WARN, CHECK_UNKNOWN, CHECK_PASS};
        for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
            fprintf(out, "<td class=\"number%s\">%u</td>", counts[order[i]] ? "" : " zero", counts[order[i]]);
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table></div>\n</section>\n", out);
}

/* --- what was found ----------------------------------------------------------------------------------------- */

static void write_finding(const CheckResult *result, const CheckFinding *finding, FILE *out) {
    report_markup(out, "<li><b>%s</b>", finding->object ? finding->object : "the cluster");
    fputs("<p>", out);
    report_escape(out, finding->evidence, false);
    fputs("</p>", out);
    if (finding->excepted)
        report_markup(out, "<p class=\"fix\">Excepted: %s</p>", finding->excepted);
    else if (finding->fix)
        report_markup(out, "<p class=\"fix\">%s</p>", finding->fix);
    fputs("</li>\n", out);
}

/* Findings of that outcome; whether the check's own advice is for any of them. */
static bool write_findings(const CheckResult *result, CheckOutcome outcome, FILE *out) {
    guint shown = 0, all = 0;
    bool general = false;
    fputs("<ul class=\"findings\">\n", out);
    for (guint i = 0; i < result->findings->len; i++) {
        const CheckFinding *finding = result->findings->pdata[i];
        if (finding->outcome != outcome || finding->excepted || ++all > FINDINGS_MAX)
            continue;
        write_finding(result, finding, out);
        general = general || !finding->fix;
        shown++;
    }
    if (all > shown)
        fprintf(out, "<li class=\"more\">and %u more, which -o json has</li>\n", all - shown);
    fputs("</ul>\n", out);
    return general;
}

static bool has(const CheckResult *result, CheckOutcome outcome) {
    for (guint i = 0; i < result->findings->len; i++) {
        const CheckFinding *finding = result->findings->pdata[i];
        if (finding->outcome == outcome && !finding->excepted)
            return true;
    }
    return false;
}

static void write_article(const CheckResult *result, CheckOutcome outcome, FILE *out) {
    const Check *check = result->check;
    report_markup(out,
                  "<article data-counts class=\"edge-%s\" id=\"%s-%s\">\n<h3><a href=\"#%s-%s\">%s</a></h3>\n<p "
                  "class=\"where\"><span class=\"badge %s\">%s</span> %s / %s, severity %s</p>\n",
                  check_outcome_name(outcome), check->id, check_outcome_name(outcome), check->id,
                  check_outcome_name(outcome), check->title, class_of(outcome), check_outcome_name(outcome),
                  check->area, check->id, check_severity_name(check->severity));
    if (outcome > CHECK_UNKNOWN)
        report_markup(out, "<p>%s</p>\n", check->why);
    if (write_findings(result, outcome, out) && outcome > CHECK_UNKNOWN)
        report_markup(out, "<p class=\"fix\">%s</p>\n", check->fix);
    fputs("</article>\n", out);
}

static void write_section(const CheckReport *report, CheckOutcome outcome, const char *title, FILE *out) {
    const char *name = check_outcome_name(outcome);
    fprintf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", name, title);
    bool any = false;
    for (guint i = 0; i < report->results->len; i++)
        if (has(report->results->pdata[i], outcome)) {
            write_article(report->results->pdata[i], outcome, out);
            any = true;
        }
    fputs(any ? "</section>\n" : "<p class=\"none\">None.</p>\n</section>\n", out);
}

static void write_passes(const CheckReport *report, FILE *out) {
    fprintf(out,
            "<section id=\"pass\">\n<h2>Passed</h2>\n<div class=\"panel\"><details class=\"tests\"%s><summary>Checks "
            "<small>%u</small></summary>\n<ul>\n",
            worst_of(report) == CHECK_PASS ? " open" : "", report->counts[CHECK_PASS]);
    for (guint i = 0; i < report->results->len; i++) {
        const CheckResult *result = report->results->pdata[i];
        if (result->outcome != CHECK_PASS)
            continue;
        report_markup(out, "<li>%s %s <small>%s</small>", result->check->id, result->check->title,
                      result->summary ? result->summary : "");
        for (guint j = 0; j < result->findings->len; j++) {
            const CheckFinding *finding = result->findings->pdata[j];
            if (finding->excepted)
                report_markup(out, "<br><small>excepted: %s: %s (%s)</small>",
                              finding->object ? finding->object : "the cluster", finding->evidence, finding->excepted);
        }
        fputs("</li>\n", out);
    }
    fputs("</ul>\n</details></div>\n</section>\n", out);
}

static void write_blind(const CheckReport *report, FILE *out) {
    if (!report->blind->len)
        return;
    fputs("<section id=\"blind\">\n<h2>Not readable with these rights, or at all</h2>\n<div class=\"panel "
          "tests\"><ul>\n",
          out);
    for (guint i = 0; i < report->blind->len; i++)
        report_markup(out, "<li>%s</li>\n", (const char *)report->blind->pdata[i]);
    fputs("</ul></div>\n</section>\n", out);
}

void check_report_html(const CheckReport *report, FILE *out) {
    report_page_begin(out, "cluster checks");
    write_title(report, out);
    write_cards(report, out);
    report_page_search(out, "checks, objects, causes", "check");
    fputs("<main>\n", out);
    write_section(report, CHECK_FAIL, "Failed", out);
    write_section(report, CHECK_WARN, "Warnings", out);
    if (report->counts[CHECK_UNKNOWN])
        write_section(report, CHECK_UNKNOWN, "Unknown", out);
    write_areas(report, out);
    write_passes(report, out);
    write_blind(report, out);
    fputs("</main>\n", out);
    report_page_end(out);
}
