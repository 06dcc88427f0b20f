/* A report of checks as SARIF: a rule for each check, a result for each finding that is a warning or a failure.
 * Source: SARIF 2.1.0, docs.oasis-open.org/sarif/sarif/v2.1.0. */
#include "sonobuoy/check/report.h"
#include "sonobuoy/report-internal.h"

#include "base/text.h"

static void set_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text) {
    g_autofree char *printable = text_printable_lines(text);
    json_mut_set_string(doc, json_mut_ensure_object(doc, object, key), "text", printable);
}

static yyjson_mut_val *rule_of(const Check *check, yyjson_mut_doc *doc) {
    yyjson_mut_val *rule = yyjson_mut_obj(doc);
    json_mut_set_string(doc, rule, "id", check->id);
    set_text(doc, rule, "shortDescription", check->title);
    set_text(doc, rule, "fullDescription", check->why);
    set_text(doc, rule, "help", check->fix);
    yyjson_mut_val *properties = json_mut_ensure_object(doc, rule, "properties");
    json_mut_set_string(doc, properties, "area", check->area);
    json_mut_set_string(doc, properties, "severity", check_severity_name(check->severity));
    return rule;
}

static yyjson_mut_val *result_of(const CheckResult *result, const CheckFinding *finding, guint rule,
                                 yyjson_mut_doc *doc) {
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    const char *object = finding->object ? finding->object : "Cluster";
    g_autofree char *text =
                        g_strdup_printf("%s: %s\n%s", object, finding->evidence, check_finding_fix(result, finding)),
                    *key = g_strdup_printf("%s\n%s", result->check->id, object),
                    *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1),
                    *uri = g_uri_escape_string(object, "/", FALSE);
    json_mut_set_string(doc, value, "ruleId", result->check->id);
    yyjson_mut_obj_add_uint(doc, value, "ruleIndex", rule);
    json_mut_set_string(doc, value, "kind", "fail");
    json_mut_set_string(doc, value, "level", finding->outcome == CHECK_FAIL ? "error" : "warning");
    set_text(doc, value, "message", text);
    yyjson_mut_val *location = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, value, "locations"));
    yyjson_mut_val *physical = yyjson_mut_obj_add_obj(doc, location, "physicalLocation");
    json_mut_set_string(doc, yyjson_mut_obj_add_obj(doc, physical, "artifactLocation"), "uri", uri);
    yyjson_mut_val *logical = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, location, "logicalLocations"));
    json_mut_set_string(doc, logical, "fullyQualifiedName", object);
    json_mut_set_string(doc, yyjson_mut_obj_add_obj(doc, value, "partialFingerprints"), "seaworthyCheck/v1", hex);
    if (finding->excepted) {
        yyjson_mut_val *suppression = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, value, "suppressions"));
        json_mut_set_string(doc, suppression, "kind", "external");
        json_mut_set_string(doc, suppression, "justification", finding->excepted);
    }
    return value;
}

void check_report_sarif(const CheckReport *report, FILE *out) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    json_mut_set_string(doc, root, "$schema", REPORT_SARIF_SCHEMA);
    json_mut_set_string(doc, root, "version", "2.1.0");
    yyjson_mut_val *run = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, root, "runs"));
    yyjson_mut_val *driver = yyjson_mut_obj_add_obj(doc, yyjson_mut_obj_add_obj(doc, run, "tool"), "driver");
    json_mut_set_string(doc, driver, "name", "sonobuoy check");
    json_mut_set_string(doc, driver, "version", SEAWORTHY_VERSION);
    yyjson_mut_val *rules = yyjson_mut_obj_add_arr(doc, driver, "rules"),
                   *results = yyjson_mut_obj_add_arr(doc, run, "results");
    for (guint i = 0; i < report->results->len; i++) {
        const CheckResult *result = report->results->pdata[i];
        yyjson_mut_arr_append(rules, rule_of(result->check, doc));
        for (guint j = 0; j < result->findings->len; j++) {
            const CheckFinding *finding = result->findings->pdata[j];
            if (finding->outcome > CHECK_UNKNOWN)
                yyjson_mut_arr_append(results, result_of(result, finding, i, doc));
        }
    }
    g_autofree char *text = json_mut_write(root, NULL);
    fprintf(out, "%s\n", text);
}
