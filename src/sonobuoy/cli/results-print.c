#include "sonobuoy/cli/results-print.h"

#include "base/text.h"
#include "sonobuoy/results.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- standard output --------------------------------------------------------------------------- */

static bool stdout_write(Sink *sink, const void *data, size_t length, GError **error) {
    if (fwrite(data, 1, length, stdout) == length)
        return true;
    base_error_set_errno(error, errno, "standard output");
    return false;
}

static bool stdout_finish(Sink *sink, GError **error) {
    return true;
}

static void stdout_free(Sink *sink) {
    g_free(sink);
}

Sink *sink_stdout_new(void) {
    static const SinkClass klass = {stdout_write, stdout_finish, stdout_free};
    Sink *sink = g_new0(Sink, 1);
    sink->klass = &klass;
    return sink;
}

void print_readable(const char *text, size_t length) {
    for (const char *c = text, *end = text + length; c < end; c++) {
        bool is_escape = *c == '\\' && c + 1 < end && (c[1] == 'n' || c[1] == 't');
        if (is_escape)
            putchar(*++c == 'n' ? '\n' : '\t');
        else
            putchar(*c);
    }
}

/* --- report ---------------------------------------------------------------------------------------- */

static gint64 taken(yyjson_mut_val *counts, const char *status) {
    gint64 number = json_mut_int(yyjson_mut_obj_get(counts, status), 0);
    json_mut_remove(counts, status);
    return number;
}

static void print_failed(yyjson_mut_val *item, bool *any, unsigned depth) {
    size_t index, count;
    yyjson_mut_val *items = depth < RESULTS_DEPTH_MAX ? yyjson_mut_obj_get(item, "items") : NULL, *child;
    yyjson_mut_arr_foreach(items, index, count, child)
        print_failed(child, any, depth + 1);
    const char *status = results_item_status(item), *name = json_mut_get_string(item, "name");
    if (yyjson_mut_arr_size(items) > 0 || (!g_str_equal(status, "failed") && !g_str_equal(status, "timeout")))
        return;
    if (!*any)
        puts("\nFailed tests:");
    *any = true;
    /* ginkgo writes it before names, and does not know it in --focus. */
    text_print(stdout, "%s\n", g_str_has_prefix(name, "[It]") ? name + strlen("[It]") : name);
}

void print_report(yyjson_mut_doc *doc, yyjson_mut_val *item) {
    size_t index, count;
    yyjson_mut_val *counts = results_counts(doc, item), *key, *value;
    gint64 total = 0;
    yyjson_mut_obj_foreach(counts, index, count, key, value)
        total += json_mut_int(value, 0);
    text_print(stdout, "Plugin: %s\nStatus: %s\nTotal: %" G_GINT64_FORMAT "\n", json_mut_get_string(item, "name"),
               results_item_status(item), total);
    printf("Passed: %" G_GINT64_FORMAT "\n", taken(counts, "passed"));
    printf("Failed: %" G_GINT64_FORMAT "\n", taken(counts, "failed") + taken(counts, "timeout"));
    printf("Skipped: %" G_GINT64_FORMAT "\n", taken(counts, "skipped"));
    yyjson_mut_obj_foreach(counts, index, count, key, value)
        text_print(stdout, "%s: %" G_GINT64_FORMAT "\n", yyjson_mut_get_str(key), json_mut_int(value, 0));
    bool any = false;
    print_failed(item, &any, 0);
}

/* --- details ------------------------------------------------------------------------------------ */

typedef struct {
    RunArchive *archive;
    const char *plugin;
    yyjson_mut_doc *doc;
    bool skip_prefix;
    GString *path; /* names of the branches above, with | between */
} Details;

/* A line of JSON as Go's encoder writes it: fit for HTML, and hex digits in lower case. */
static void print_json(yyjson_mut_val *value) {
    size_t length;
    g_autofree char *json = json_mut_write(value, &length);
    unsigned digits = 0; /* of an escape, still to come */
    for (const char *c = json; *c; c++) {
        if (*c == '\\') {
            printf("\\%c", *++c);
            digits = *c == 'u' ? 4 : 0;
        } else if (*c == '<' || *c == '>' || *c == '&') {
            printf("\\u%04x", (unsigned)*c);
        } else if (g_str_has_prefix(c, "\xe2\x80\xa8") || g_str_has_prefix(c, "\xe2\x80\xa9")) {
            c += 2;
            fputs((unsigned char)*c == 0xa8 ? "\\u2028" : "\\u2029", stdout);
        } else {
            putchar(digits > 0 ? g_ascii_tolower(*c) : *c);
            digits -= digits > 0;
        }
    }
    putchar('\n');
}

static void print_leaf(const Details *details, yyjson_mut_val *item) {
    if (!*results_item_status(item))
        json_mut_set_string(details->doc, item, "status", "");
    results_item_set_meta(details->doc, item, "path", details->path->str);
    json_mut_sort(yyjson_mut_obj_get(item, "meta"));
    json_mut_sort(yyjson_mut_obj_get(item, "details"));
    json_mut_remove(item, "items");
    print_json(item);
}

static bool print_file(const Details *details, yyjson_mut_val *item, const char *file, GError **error) {
    g_autofree char *path = run_archive_plugin_path(details->plugin, file);
    g_autoptr(Sink) out = sink_stdout_new();
    if (!details->skip_prefix)
        text_print(stdout, "%s%s%s ", details->path->str, details->path->len ? "|" : "",
                   json_mut_get_string(item, "name"));
    return run_archive_copy(details->archive, path, out, error);
}

static bool print_item(const Details *details, yyjson_mut_val *item, unsigned depth, GError **error) {
    size_t index, count, length = details->path->len;
    yyjson_mut_val *items = depth < RESULTS_DEPTH_MAX ? yyjson_mut_obj_get(item, "items") : NULL, *child;
    const char *file = json_mut_get_string(item, "meta", "file");
    if (yyjson_mut_arr_size(items) == 0) {
        if (file && *file)
            return print_file(details, item, file, error);
        print_leaf(details, item);
        return true;
    }
    g_string_append_printf(details->path, "%s%s", length ? "|" : "", json_mut_get_string(item, "name"));
    bool ok = true;
    yyjson_mut_arr_foreach(items, index, count, child)
        ok = ok && print_item(details, child, depth + 1, error);
    g_string_truncate(details->path, length);
    return ok;
}

bool print_details(RunArchive *archive, const char *plugin, yyjson_mut_doc *doc, yyjson_mut_val *item, bool skip_prefix,
                   GError **error) {
    g_autoptr(GString) path = g_string_new(NULL);
    Details details = {archive, plugin, doc, skip_prefix, path};
    return print_item(&details, item, 0, error);
}
