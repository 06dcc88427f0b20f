/* A report as SARIF: a run for each plugin, a rule for each test, a result for each that failed.
 * Source: SARIF 2.1.0, docs.oasis-open.org/sarif/sarif/v2.1.0. */
#include "base/text.h"
#include "sonobuoy/report-internal.h"

#include <string.h>

enum { MESSAGE_MAX = 16 * 1024, LINE = 200 };

typedef struct {
    const ReportRequest *request;
    FILE *out;
    GHashTable *rules; /* id -> number + 1; of the plugin */
    bool runs, results;
    const ReportRun *run;
} Writer;

static void write_value(FILE *out, yyjson_mut_val *value) {
    g_autofree char *text = json_mut_write(value, NULL);
    fputs(text, out);
}

/* {"text": text}, with what could move a cursor made visible. */
static void set_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text) {
    json_mut_set_string(doc, json_mut_ensure_object(doc, object, key), "text", text);
}

/* --- rules ----------------------------------------------------------------------------------------- */

static bool write_rule(const ReportItem *item, void *data, GError **error) {
    Writer *writer = data;
    const char *id = report_name(item);
    if (g_hash_table_contains(writer->rules, id))
        return true;
    guint number = g_hash_table_size(writer->rules) + 1;
    g_hash_table_insert(writer->rules, (void *)id, GUINT_TO_POINTER(number));
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *rule = yyjson_mut_obj(doc);
    g_autofree char *short_text = report_first_line(id, LINE);
    json_mut_set_string(doc, rule, "id", id);
    set_text(doc, rule, "shortDescription", short_text);
    fputs(number > 1 ? ",\n    " : "\n    ", writer->out);
    write_value(writer->out, rule);
    return true;
}

/* --- results ------------------------------------------------------------------------------------------ */

static void set_location(yyjson_mut_doc *doc, yyjson_mut_val *result, const ReportItem *item) {
    yyjson_mut_val *location = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, result, "locations"));
    g_autofree char *branches = report_path(item, "/"),
                    *name = g_strdup_printf("%s/%s%s%s", item->plugin, branches, *branches ? "/" : "", item->name);
    g_autofree char *path = run_archive_plugin_path(item->plugin, item->file ? item->file : "sonobuoy_results.yaml");
    g_autofree char *uri = g_uri_escape_string(path, "/", FALSE);
    yyjson_mut_val *physical = yyjson_mut_obj_add_obj(doc, location, "physicalLocation");
    json_mut_set_string(doc, yyjson_mut_obj_add_obj(doc, physical, "artifactLocation"), "uri", uri);
    yyjson_mut_obj_add_int(doc, yyjson_mut_obj_add_obj(doc, physical, "region"), "startLine", 1);
    yyjson_mut_val *logical = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, location, "logicalLocations"));
    json_mut_set_string(doc, logical, "name", item->name);
    json_mut_set_string(doc, logical, "fullyQualifiedName", name);
}

/* The same test on the same node is the same finding, whichever run tells of it. */
static void set_fingerprint(yyjson_mut_doc *doc, yyjson_mut_val *result, const ReportItem *item) {
    g_autofree char *whole =
        g_strjoin("\n", item->plugin, item->node ? item->node : "", results_test_name(item->name), NULL);
    g_autofree char *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, whole, -1);
    json_mut_set_string(doc, yyjson_mut_obj_add_obj(doc, result, "partialFingerprints"), "seaworthyTest/v1", hex);
}

/* The line that says most, then all of it: viewers show the first. */
static char *text_of(const ReportItem *item, const char *message) {
    g_autofree char *line = report_first_line(message, LINE);
    g_autofree char *said =
        g_strdup_printf("%s%s%s%s%s%s%s", item->status, item->node ? " on " : "", item->node ? item->node : "",
                        *line ? ": " : "", line, *message ? "\n" : "", message);
    return text_printable_lines(said);
}

static bool write_result(const ReportItem *item, void *data, GError **error) {
    Writer *writer = data;
    if (results_outcome(item->status) != OUTCOME_FAILED)
        return true;
    const char *id = report_name(item);
    g_autofree char *message = report_message(item, MESSAGE_MAX), *text = text_of(item, message);
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(writer->rules, id));
    json_mut_set_string(doc, result, "ruleId", id);
    yyjson_mut_obj_add_uint(doc, result, "ruleIndex", number - 1);
    json_mut_set_string(doc, result, "kind", "fail");
    json_mut_set_string(doc, result, "level", "error");
    set_text(doc, result, "message", text);
    set_location(doc, result, item);
    set_fingerprint(doc, result, item);
    fputs(writer->results ? ",\n   " : "\n   ", writer->out);
    write_value(writer->out, result);
    writer->results = true;
    return true;
}

/* --- runs ---------------------------------------------------------------------------------------------- */

static void write_invocation(FILE *out, const ReportPlugin *plugin) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *invocation = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_bool(doc, invocation, "executionSuccessful", plugin->trouble == NULL);
    if (plugin->trouble) {
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, invocation, "toolExecutionNotifications"),
                       *notification = yyjson_mut_arr_add_obj(doc, list);
        json_mut_set_string(doc, notification, "level", "error");
        set_text(doc, notification, "message", plugin->trouble);
    }
    write_value(out, invocation);
}

static void write_head(const Writer *writer, const ReportPlugin *plugin) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    g_autofree char *id = g_strdup_printf("sonobuoy/%s/", plugin->name);
    yyjson_mut_val *details = yyjson_mut_obj(doc);
    json_mut_set_string(doc, details, "id", id);
    fputs(writer->runs ? ",\n  {\"automationDetails\":" : "\n  {\"automationDetails\":", writer->out);
    write_value(writer->out, details);
    yyjson_mut_val *properties = yyjson_mut_obj(doc);
    json_mut_set_string(doc, properties, "plugin", plugin->name);
    json_mut_set_string(doc, properties, "status", report_status(plugin));
    json_mut_set_string(doc, properties, "run", writer->run->uuid);
    json_mut_set_string(doc, properties, "serverVersion", writer->run->server);
    fputs(",\"properties\":", writer->out);
    write_value(writer->out, properties);
    fputs(",\"invocations\":[", writer->out);
    write_invocation(writer->out, plugin);
    fputs("],\n   \"tool\":{\"driver\":{\"name\":\"sonobuoy\",\"version\":\"" SEAWORTHY_VERSION "\",\"rules\":[",
          writer->out);
}

static bool write_plugin(const ReportPlugin *plugin, void *data, GError **error) {
    Writer *writer = data;
    g_autoptr(GHashTable) rules = g_hash_table_new(g_str_hash, g_str_equal);
    writer->rules = rules;
    write_head(writer, plugin);
    writer->runs = true;
    writer->results = false;
    if (!report_each_item(writer->request, plugin, write_rule, writer, error))
        return false;
    fputs("]}},\n   \"results\":[", writer->out);
    if (!report_each_item(writer->request, plugin, write_result, writer, error))
        return false;
    fputs("]}", writer->out);
    return true;
}

bool report_sarif(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error) {
    g_auto(ReportRun) run = {0};
    Writer writer = {.request = request, .out = out, .run = &run};
    report_run_read(request, &run, end);
    fputs("{\"$schema\":\"" REPORT_SARIF_SCHEMA "\",\"version\":\"2.1.0\",\"runs\":[", out);
    if (!report_each_plugin(request, end, write_plugin, &writer, error))
        return false;
    fputs("]}\n", out);
    return true;
}
