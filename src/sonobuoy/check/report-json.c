#include "sonobuoy/check/report.h"

#include "base/text.h"

const char *check_finding_fix(const CheckResult *result, const CheckFinding *finding) {
    return finding->fix ? finding->fix : result->check->fix;
}

guint check_report_counts(const CheckReport *report, const char *area, guint counts[CHECK_FAIL + 1]) {
    guint all = 0;
    for (int outcome = CHECK_PASS; outcome <= CHECK_FAIL; outcome++)
        counts[outcome] = 0;
    for (guint i = 0; i < report->results->len; i++) {
        const CheckResult *result = report->results->pdata[i];
        if (!g_str_equal(result->check->area, area))
            continue;
        counts[result->outcome]++;
        all++;
    }
    return all;
}

static yyjson_mut_val *finding_json(const CheckResult *result, const CheckFinding *finding, yyjson_mut_doc *doc) {
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    json_mut_set_string(doc, value, "outcome", check_outcome_name(finding->outcome));
    if (finding->object)
        json_mut_set_string(doc, value, "object", finding->object);
    json_mut_set_string(doc, value, "evidence", finding->evidence);
    if (finding->outcome > CHECK_UNKNOWN)
        json_mut_set_string(doc, value, "fix", check_finding_fix(result, finding));
    if (finding->excepted)
        json_mut_set_string(doc, value, "exception", finding->excepted);
    return value;
}

static yyjson_mut_val *result_json(const CheckResult *result, yyjson_mut_doc *doc) {
    const Check *check = result->check;
    yyjson_mut_val *value = yyjson_mut_obj(doc), *findings = yyjson_mut_arr(doc);
    json_mut_set_string(doc, value, "id", check->id);
    json_mut_set_string(doc, value, "area", check->area);
    json_mut_set_string(doc, value, "title", check->title);
    json_mut_set_string(doc, value, "severity", check_severity_name(check->severity));
    json_mut_set_string(doc, value, "outcome", check_outcome_name(result->outcome));
    if (result->summary && *result->summary)
        json_mut_set_string(doc, value, "summary", result->summary);
    json_mut_set_string(doc, value, "why", check->why);
    for (guint i = 0; i < result->findings->len; i++)
        yyjson_mut_arr_append(findings, finding_json(result, result->findings->pdata[i], doc));
    json_mut_set(doc, value, "findings", findings);
    return value;
}

yyjson_mut_val *check_report_json(const CheckReport *report, yyjson_mut_doc *doc) {
    yyjson_mut_val *root = yyjson_mut_obj(doc), *summary = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc),
                   *blind = yyjson_mut_arr(doc);
    g_autofree char *time = time_format(report->begun);
    if (report->server)
        json_mut_set_string(doc, root, "server", report->server);
    if (report->version)
        json_mut_set_string(doc, root, "version", report->version);
    json_mut_set_string(doc, root, "time", time);
    json_mut_set(doc, root, "seconds", yyjson_mut_real(doc, (double)(report->took / 1000) / 1000));
    for (int outcome = CHECK_FAIL; outcome >= CHECK_PASS; outcome--)
        json_mut_set(doc, summary, check_outcome_name((CheckOutcome)outcome),
                     yyjson_mut_uint(doc, report->counts[outcome]));
    json_mut_set(doc, root, "summary", summary);
    for (guint i = 0; i < report->results->len; i++)
        yyjson_mut_arr_append(list, result_json(report->results->pdata[i], doc));
    json_mut_set(doc, root, "checks", list);
    for (guint i = 0; i < report->blind->len; i++)
        yyjson_mut_arr_add_strcpy(doc, blind, report->blind->pdata[i]);
    json_mut_set(doc, root, "unreadable", blind);
    return root;
}
