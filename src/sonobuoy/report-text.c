/* Texts of reports: escaped, and counts in words. */
#include "base/text.h"
#include "sonobuoy/report-internal.h"

#include <string.h>

/* Without what colours a terminal (CSI ... letter) and without \r before \n. */
static char *without_colours(const char *text) {
    GString *plain = g_string_sized_new(strlen(text));
    for (const char *c = text; *c; c++) {
        const char *end = c;
        if (c[0] == '\033' && c[1] == '[') {
            end = c + 2 + strspn(c + 2, "0123456789;?");
            end = g_ascii_isalpha(*end) ? end : c;
        }
        if (end > c)
            c = end;
        else if (c[0] != '\r' || c[1] != '\n')
            g_string_append_c(plain, *c);
    }
    return g_string_free(plain, FALSE);
}

static const char *reference(char c, bool attribute) {
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\n': return attribute ? "&#10;" : NULL;
    case '\t': return attribute ? "&#9;" : NULL;
    default: return NULL;
    }
}

void report_escape(FILE *out, const char *text, bool attribute) {
    g_autofree char *plain = without_colours(text), *printable = text_printable_lines(plain);
    for (const char *c = printable; *c; c++) {
        const char *escaped = reference(*c, attribute);
        if (escaped)
            fputs(escaped, out);
        else
            putc(*c, out);
    }
}

void report_markup(FILE *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    for (const char *c = format; *c; c++) {
        if (c[0] == '%' && c[1] == 's')
            report_escape(out, va_arg(args, const char *), true);
        else if (g_str_has_prefix(c, "%" G_GINT64_FORMAT))
            fprintf(out, "%" G_GINT64_FORMAT, va_arg(args, gint64));
        else
            putc(*c, out);
        if (c[0] == '%' && c[1] == 's')
            c++;
        else if (g_str_has_prefix(c, "%" G_GINT64_FORMAT))
            c += strlen("%" G_GINT64_FORMAT) - 1;
    }
    va_end(args);
}

/* --- lines ----------------------------------------------------------------------------------------- */

enum { LINE_BYTES_MAX = 16 * 1024 };

static void end_line(ReportLines *lines) {
    GString *line = lines->line;
    if (lines->cut)
        g_string_append(line, " ... (cut)");
    else if (line->len > 0 && line->str[line->len - 1] == '\r')
        g_string_truncate(line, line->len - 1);
    lines->func(line->str, lines->data);
    g_string_truncate(line, 0);
    lines->cut = false;
}

void report_lines_feed(ReportLines *lines, const char *data, size_t length) {
    if (!lines->line)
        lines->line = g_string_new(NULL);
    for (const char *c = data, *end = data + length; c < end;) {
        const char *stop = memchr(c, '\n', (size_t)(end - c));
        size_t size = (size_t)((stop ? stop : end) - c), room = LINE_BYTES_MAX - lines->line->len;
        lines->cut = lines->cut || size > room;
        for (size_t i = 0; i < MIN(size, room); i++) /* a NUL would end the text */
            g_string_append_c(lines->line, c[i] ? c[i] : '?');
        if (stop)
            end_line(lines);
        c = stop ? stop + 1 : end;
    }
}

void report_lines_end(ReportLines *lines) {
    if (lines->line && lines->line->len > 0)
        end_line(lines);
    if (lines->line)
        g_string_free(g_steal_pointer(&lines->line), TRUE);
}

/* --- names --------------------------------------------------------------------------------------------- */

const char *report_name(const ReportItem *item) {
    const char *name = results_test_name(item->name);
    return name[strspn(name, " \t\r\n")] ? name : "(without a name)";
}

bool report_is_location(const char *line) {
    const char *go = strstr(line, ".go:");
    size_t indent = strspn(line, " \t");
    return go && go[4 + strspn(go + 4, "0123456789")] == '\0' && !strchr(line + indent, ' ');
}

/* --- counts --------------------------------------------------------------------------------------- */

gint64 report_count(const ReportPlugin *plugin, const char *status) {
    return json_mut_int(yyjson_mut_obj_get(plugin->counts, status), 0);
}

ReportCounts report_counts(const ReportPlugin *plugin) {
    ReportCounts counts = {.passed = report_count(plugin, "passed"),
                           .failed = report_count(plugin, "failed") + report_count(plugin, "timeout"),
                           .skipped = report_count(plugin, "skipped")};
    size_t index, count;
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(plugin->counts, index, count, key, value)
        counts.total += json_mut_int(value, 0);
    counts.other = counts.total - counts.passed - counts.failed - counts.skipped;
    return counts;
}

const char *report_status(const ReportPlugin *plugin) {
    return plugin->item ? results_item_status(plugin->item) : "unreadable";
}
