/* Counts of each plugin, and the first lines of what failed: for a terminal. */
#include "base/colour.h"
#include "base/table.h"
#include "base/text.h"
#include "sonobuoy/report-internal.h"

#include <string.h>

enum { LINES = 3, WIDTH = 200, FAILURES_MAX = 1000 };

typedef struct {
    const ReportRequest *request;
    Table *table;
    GString *failures; /* "name\n  line\n" of each, as they are printed */
    guint count;
} Writer;

static char *number(gint64 value) {
    return g_strdup_printf("%" G_GINT64_FORMAT, value);
}

static void add_line(GString *out, const char *indent, const char *text) {
    g_autofree char *shown = text_printable(text);
    g_string_append_printf(out, "%s%s\n", indent, shown);
}

static void add_lines(GString *out, const char *text) {
    for (unsigned lines = 0; *text && lines < LINES; lines++) {
        g_autofree char *line = report_next_line(&text, WIDTH);
        if (*line)
            add_line(out, "    ", line);
    }
}

static bool add_failure(const ReportItem *item, void *data, GError **error) {
    Writer *writer = data;
    if (results_outcome(item->status) != OUTCOME_FAILED || ++writer->count > FAILURES_MAX)
        return true;
    g_autofree char *message = report_message(item, 64 * 1024);
    bool usual = g_str_equal(item->status, "failed");
    g_autofree char *head =
        g_strdup_printf("%s%s%s: %s%s%s%s", item->plugin, item->node ? " on " : "", item->node ? item->node : "",
                        report_name(item), usual ? "" : " (", usual ? "" : item->status, usual ? "" : ")");
    add_line(writer->failures, "  ", head);
    if (!g_str_equal(message, item->name))
        add_lines(writer->failures, message);
    return true;
}

static bool add_plugin(const ReportPlugin *plugin, void *data, GError **error) {
    Writer *writer = data;
    ReportCounts counts = report_counts(plugin);
    g_autofree char *passed = number(counts.passed), *failed = number(counts.failed), *skipped = number(counts.skipped),
                    *other = number(counts.other), *total = number(counts.total);
    table_add(writer->table, plugin->name, report_status(plugin), passed, failed, skipped, other, total, NULL);
    return report_each_item(writer->request, plugin, add_failure, writer, error);
}

static void print_share(FILE *out, const char *what, yyjson_val *health) {
    gint64 total = json_int(json_get(health, "total_nodes"), 0),
           healthy = json_int(json_get(health, "healthy_nodes"), 0);
    if (total > 0)
        fprintf(out, "%s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " healthy\n", what, healthy, total);
    size_t index, count;
    yyjson_val *one;
    guint shown = 0;
    yyjson_arr_foreach(json_get(health, "details"), index, count, one) {
        static const char *const keys[] = {"namespace", "name", "ready", "reason", "message"};
        static const char *const before[] = {"", "/", ": ", ", ", ", "};
        if (yyjson_get_bool(yyjson_obj_get(one, "healthy")) || shown++ >= FAILURES_MAX)
            continue;
        g_autoptr(GString) line = g_string_new(NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
            const char *text = json_get_string(one, keys[i]);
            if (text && *text)
                g_string_append_printf(line, "%s%s", line->len ? before[i] : "", text);
        }
        g_autofree char *text = text_printable(line->str);
        fprintf(out, "  %s\n", text);
    }
}

static void print_health(const ReportRequest *request, ReportEnd *end, FILE *out, bool after) {
    g_auto(ReportRun) run = {0};
    report_run_read(request, &run, end);
    yyjson_val *root = yyjson_doc_get_root(run.health);
    if (after)
        putc('\n', out);
    text_print(out, "API server: %s\n", *run.server ? run.server : "version unknown");
    print_share(out, "Nodes", json_get(root, "node_health"));
    print_share(out, "Pods", json_get(root, "pod_health"));
}

bool report_table(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error) {
    static const char *const heads[] = {"PLUGIN", "STATUS", "PASSED", "FAILED", "SKIPPED", "OTHER", "TOTAL", NULL};
    g_autoptr(Table) table = table_new(heads);
    g_autoptr(GString) failures = g_string_new(NULL);
    Writer writer = {.request = request, .table = table, .failures = failures};
    table_colour(table, 1);
    if (!report_each_plugin(request, end, add_plugin, &writer, error))
        return false;
    if (request->plugins[0])
        table_print(table, out, true);
    if (writer.count > 0) {
        fprintf(out, "\n%sDid not pass:%s\n", colour_begin(out, COLOUR_RED), colour_end(out, COLOUR_RED));
        fputs(failures->str, out);
    }
    if (writer.count > FAILURES_MAX)
        fprintf(out, "  and %u more\n", writer.count - FAILURES_MAX);
    if (request->health)
        print_health(request, end, out, request->plugins[0] != NULL);
    return true;
}
