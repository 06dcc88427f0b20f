/* A report as JSON; docs/sonobuoy-reports.md says what its members mean. */
#include "sonobuoy/report-internal.h"

typedef struct {
    const ReportRequest *request;
    FILE *out;
    bool plugins, items; /* one was written already */
} Writer;

static void write_value(FILE *out, yyjson_mut_val *value) {
    g_autofree char *text = json_mut_write(value, NULL);
    fputs(text, out);
}

static void write_val(FILE *out, yyjson_val *value) {
    g_autofree char *text = json_write(value, NULL);
    fputs(text, out);
}

static bool write_item(const ReportItem *item, void *data, GError **error) {
    Writer *writer = data;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = yyjson_mut_obj(doc), *path = yyjson_mut_arr(doc);
    const char *const members[] = {"meta", "details"};
    for (guint i = 0; i < item->path->len; i++)
        yyjson_mut_arr_add_str(doc, path, g_ptr_array_index(item->path, i));
    yyjson_mut_obj_add_str(doc, object, "name", item->name);
    yyjson_mut_obj_add_str(doc, object, "status", item->status);
    yyjson_mut_obj_add_val(doc, object, "path", path);
    if (item->node)
        yyjson_mut_obj_add_str(doc, object, "node", item->node);
    if (item->file) {
        g_autofree char *file = run_archive_plugin_path(item->plugin, item->file);
        json_mut_set_string(doc, object, "file", file);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        yyjson_mut_val *value = yyjson_mut_obj_get(item->item, members[i]);
        if (value)
            yyjson_mut_obj_add_val(doc, object, members[i], yyjson_mut_val_mut_copy(doc, value));
    }
    fputs(writer->items ? ",\n    " : "\n    ", writer->out);
    write_value(writer->out, object);
    writer->items = true;
    return true;
}

static bool write_plugin(const ReportPlugin *plugin, void *data, GError **error) {
    Writer *writer = data;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *name = yyjson_mut_str(doc, plugin->name), *status = yyjson_mut_str(doc, report_status(plugin)),
                   *counts = plugin->counts ? plugin->counts : yyjson_mut_obj(doc);
    fputs(writer->plugins ? ",\n  {\"name\":" : "\n  {\"name\":", writer->out);
    write_value(writer->out, name);
    fputs(",\"status\":", writer->out);
    write_value(writer->out, status);
    if (plugin->trouble) {
        fputs(",\"error\":", writer->out);
        write_value(writer->out, yyjson_mut_str(doc, plugin->trouble));
    }
    fprintf(writer->out, ",\"total\":%" G_GINT64_FORMAT ",\"counts\":", report_counts(plugin).total);
    write_value(writer->out, counts);
    fputs(",\"items\":[", writer->out);
    writer->plugins = true;
    writer->items = false;
    if (!report_each_item(writer->request, plugin, write_item, writer, error))
        return false;
    fputs("]}", writer->out);
    return true;
}

static void write_share(FILE *out, const char *name, yyjson_val *health) {
    yyjson_val *details = json_get(health, "details");
    if (!health)
        return;
    fprintf(out, ",\n\"%s\":{\"total\":%" G_GINT64_FORMAT ",\"healthy\":%" G_GINT64_FORMAT ",\"details\":", name,
            json_int(json_get(health, "total_nodes"), 0), json_int(json_get(health, "healthy_nodes"), 0));
    if (yyjson_is_arr(details))
        write_val(out, details);
    else
        fputs("[]", out);
    putc('}', out);
}

static void write_run(const ReportRun *run, FILE *out) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    json_mut_set_string(doc, object, "uuid", run->uuid);
    json_mut_set_string(doc, object, "sonobuoyVersion", run->version);
    json_mut_set_string(doc, object, "serverVersion", run->server);
    fputs("{\"format\":\"seaworthy.sonobuoy.report/1\",\n\"run\":", out);
    write_value(out, object);
}

static void write_health(const ReportRun *run, FILE *out) {
    yyjson_val *root = yyjson_doc_get_root(run->health), *logs = json_get(root, "error_summary");
    write_share(out, "nodes", json_get(root, "node_health"));
    write_share(out, "pods", json_get(root, "pod_health"));
    if (!yyjson_is_obj(logs))
        return;
    fputs(",\n\"logs\":", out);
    write_val(out, logs);
}

static void write_end(const ReportEnd *end, FILE *out) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *trouble = yyjson_mut_arr(doc);
    for (guint i = 0; end->trouble && i < end->trouble->len; i++)
        yyjson_mut_arr_add_str(doc, trouble, g_ptr_array_index(end->trouble, i));
    fputs(",\n\"errors\":", out);
    write_value(out, trouble);
    fprintf(out, ",\n\"outcome\":\"%s\"}\n", end->failed || end->trouble ? "failed" : "passed");
}

bool report_json(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error) {
    Writer writer = {.request = request, .out = out};
    g_auto(ReportRun) run = {0};
    report_run_read(request, &run, end);
    write_run(&run, out);
    fputs(",\n\"plugins\":[", out);
    if (!report_each_plugin(request, end, write_plugin, &writer, error))
        return false;
    putc(']', out);
    if (request->health)
        write_health(&run, out);
    write_end(end, out);
    return true;
}
