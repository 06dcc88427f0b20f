/* A report as one file of JUnit's XML: a suite for each plugin, and for each node of one that ran on all of them.
 * Source: what Jenkins and GitLab document that they read. */
#include "sonobuoy/report-internal.h"

#include <string.h>

enum { TEXT_MAX = 1 << 20, LINE = 200 };

/* A case, as long as its plugin's tree is there. */
typedef struct {
    const char *node, *file, *classname; /* node: NULL for none */
    const char *name, *status;
    yyjson_mut_val *item;
    guint node_number; /* of the node, in the order in which they come */
    guint number;
} Case;

typedef struct {
    const ReportRequest *request;
    FILE *out;
    GArray *cases; /* of the plugin */
    GStringChunk *classnames;
    GHashTable *nodes; /* name -> number + 1 */
} Writer;

static guint number_of(GHashTable *nodes, const char *node) {
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(nodes, node));
    if (number == 0) {
        number = g_hash_table_size(nodes) + 1;
        g_hash_table_insert(nodes, (void *)node, GUINT_TO_POINTER(number));
    }
    return number;
}

static bool add_case(const ReportItem *item, void *data, GError **error) {
    Writer *writer = data;
    g_autofree char *path = report_path(item, "/");
    const char *classname = g_string_chunk_insert_const(writer->classnames, *path ? path : item->plugin);
    Case one = {.node = item->node,
                .file = item->file,
                .classname = classname,
                .name = item->name,
                .status = item->status,
                .item = item->item,
                .node_number = number_of(writer->nodes, item->node ? item->node : ""),
                .number = writer->cases->len};
    g_array_append_vals(writer->cases, &one, 1);
    return true;
}

static int compare_cases(const void *a, const void *b) {
    const Case *x = a, *y = b;
    if (x->node_number != y->node_number)
        return x->node_number < y->node_number ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

static void write_text(FILE *out, const char *element, const char *text) {
    if (!text || !*text)
        return;
    g_autofree char *cut = report_cut(text, strlen(text), TEXT_MAX);
    fprintf(out, "<%s>", element);
    report_escape(out, cut, false);
    fprintf(out, "</%s>", element);
}

static void write_failure(FILE *out, const Case *one, const char *message) {
    const char *element = g_str_equal(one->status, "unknown") ? "error" : "failure";
    g_autofree char *line = report_first_line(message, LINE);
    report_markup(out, "<%s message=\"%s\" type=\"%s\">", element, *line ? line : one->status, one->status);
    report_escape(out, message, false);
    fprintf(out, "</%s>", element);
}

static void write_case(const Writer *writer, const char *plugin, const Case *one) {
    FILE *out = writer->out;
    ReportItem item = {.plugin = plugin, .item = one->item};
    g_autofree char *message = report_message(&item, TEXT_MAX);
    Outcome outcome = results_outcome(one->status);
    report_markup(out, "  <testcase name=\"%s\" classname=\"%s\"", one->name, one->classname);
    if (one->file) {
        g_autofree char *path = run_archive_plugin_path(plugin, one->file);
        report_markup(out, " file=\"%s\"", path);
    }
    putc('>', out);
    if (outcome == OUTCOME_OWN)
        report_markup(out, "<properties><property name=\"status\" value=\"%s\"/></properties>", one->status);
    if (outcome == OUTCOME_FAILED)
        write_failure(out, one, message);
    else if (outcome == OUTCOME_SKIPPED)
        fputs("<skipped/>", out);
    const char *said = json_mut_get_string(one->item, "details", "system-out");
    write_text(out, "system-out", said || outcome == OUTCOME_FAILED ? said : message);
    write_text(out, "system-err", json_mut_get_string(one->item, "details", "system-err"));
    fputs("</testcase>\n", out);
}

static void write_suite(const Writer *writer, const char *plugin, const Case *cases, guint count) {
    gint64 failures = 0, errors = 0, skipped = 0;
    for (guint i = 0; i < count; i++) {
        Outcome outcome = results_outcome(cases[i].status);
        bool unknown = g_str_equal(cases[i].status, "unknown");
        errors += outcome == OUTCOME_FAILED && unknown;
        failures += outcome == OUTCOME_FAILED && !unknown;
        skipped += outcome == OUTCOME_SKIPPED;
    }
    const char *node = cases[0].node;
    report_markup(writer->out, " <testsuite name=\"%s%s%s\"", plugin, node ? " " : "", node ? node : "");
    if (node)
        report_markup(writer->out, " hostname=\"%s\"", node);
    fprintf(writer->out,
            " tests=\"%u\" failures=\"%" G_GINT64_FORMAT "\" errors=\"%" G_GINT64_FORMAT
            "\" skipped=\"%" G_GINT64_FORMAT "\">\n",
            count, failures, errors, skipped);
    for (guint i = 0; i < count; i++)
        write_case(writer, plugin, &cases[i]);
    fputs(" </testsuite>\n", writer->out);
}

static void write_unreadable(FILE *out, const ReportPlugin *plugin) {
    report_markup(
        out,
        " <testsuite name=\"%s\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n"
        "  <testcase name=\"results\" classname=\"%s\"><error message=\"%s\" type=\"unreadable\"/></testcase>\n"
        " </testsuite>\n",
        plugin->name, plugin->name, plugin->trouble);
}

static bool write_plugin(const ReportPlugin *plugin, void *data, GError **error) {
    Writer writer = *(Writer *)data;
    if (plugin->trouble)
        write_unreadable(writer.out, plugin);
    g_autoptr(GArray) cases = g_array_new(FALSE, FALSE, sizeof(Case));
    g_autoptr(GHashTable) nodes = g_hash_table_new(g_str_hash, g_str_equal);
    writer.cases = cases;
    writer.nodes = nodes;
    writer.classnames = g_string_chunk_new(4096);
    bool ok = report_each_item(writer.request, plugin, add_case, &writer, error);
    g_array_sort(cases, compare_cases);
    for (guint begin = 0, end; ok && begin < cases->len; begin = end) {
        const Case *first = &g_array_index(cases, Case, begin);
        for (end = begin; end < cases->len; end++)
            if (g_array_index(cases, Case, end).node_number != first->node_number)
                break;
        write_suite(&writer, plugin->name, first, end - begin);
    }
    g_string_chunk_free(writer.classnames);
    return ok;
}

bool report_junit(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error) {
    Writer writer = {.request = request, .out = out};
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sonobuoy\">\n", out);
    if (!report_each_plugin(request, end, write_plugin, &writer, error))
        return false;
    fputs("</testsuites>\n", out);
    return true;
}
