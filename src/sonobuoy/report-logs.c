/* What e2e.log says of tests that failed. */
#include "base/text.h"
#include "sonobuoy/report-internal.h"

#include <string.h>

enum {
    HEAD_MAX = 24 * 1024,       /* of a section, from its beginning */
    TAIL_MAX = 40 * 1024,       /* and before its end */
    ALL_MAX = 64 * 1024 * 1024, /* of all sections */
    NAME_LINES_MAX = 6,         /* that a section's name may stand in */
    NAME_BYTES_MAX = 8 * 1024,
    DASHES = 30
};

typedef struct {
    GString *text; /* NULL: nothing was found yet */
} Wanted;

struct ReportLogs {
    GHashTable *wanted; /* "plugin\nname" -> Wanted */
    size_t size;        /* of all texts */
    char *plugin;
    ReportLines lines_in;
    /* The open section. */
    GString *name;  /* what its first lines say */
    unsigned lines; /* that went into it */
    Wanted *found;  /* whose section it is; NULL: nobody's, so far */
    GString *head, *tail;
    guint64 left_out;
};

static void wanted_free(void *data) {
    Wanted *wanted = data;
    if (wanted->text)
        g_string_free(wanted->text, TRUE);
    g_free(wanted);
}

static void take_line(const char *line, void *data);

ReportLogs *report_logs_new(void) {
    ReportLogs *logs = g_new0(ReportLogs, 1);
    logs->wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, wanted_free);
    logs->lines_in = (ReportLines){.func = take_line, .data = logs};
    logs->name = g_string_new(NULL);
    logs->head = g_string_new(NULL);
    logs->tail = g_string_new(NULL);
    return logs;
}

void report_logs_free(ReportLogs *logs) {
    if (!logs)
        return;
    g_hash_table_unref(logs->wanted);
    if (logs->lines_in.line)
        g_string_free(logs->lines_in.line, TRUE);
    g_free(logs->plugin);
    GString *const texts[] = {logs->name, logs->head, logs->tail};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_string_free(texts[i], TRUE);
    g_free(logs);
}

/* --- names ----------------------------------------------------------------------------------------- */

/* ginkgo 1 writes a test's name in two lines, ginkgo 2 puts [It] at the beginning of it in JUnit and before its last
 * part in the log: without that, and with single blanks, all are the same. Appended to what is there already. */
static void append_name(GString *name, const char *text) {
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    for (char **word = words; *word; word++)
        if (**word && !g_str_equal(*word, "[It]"))
            g_string_append_printf(name, "%s%s", name->len ? " " : "", *word);
}

static char *key_of(const char *plugin, const char *test) {
    g_autoptr(GString) name = g_string_new(NULL);
    append_name(name, test);
    return g_strdup_printf("%s\n%s", plugin, name->str);
}

void report_logs_want(ReportLogs *logs, const char *plugin, const char *test) {
    g_autofree char *key = key_of(plugin, test);
    if (!g_hash_table_contains(logs->wanted, key))
        g_hash_table_insert(logs->wanted, g_steal_pointer(&key), g_new0(Wanted, 1));
}

const char *report_logs_get(ReportLogs *logs, const char *plugin, const char *test) {
    g_autofree char *key = key_of(plugin, test);
    Wanted *wanted = g_hash_table_lookup(logs->wanted, key);
    return wanted && wanted->text ? wanted->text->str : NULL;
}

/* --- lines ------------------------------------------------------------------------------------------ */

static bool is_separator(const char *line) {
    size_t dashes = strspn(line, "-");
    return dashes >= DASHES && line[dashes] == '\0';
}

/* Progress, marks of what passed or was skipped, and how a test came out. */
static bool is_mark(const char *line) {
    static const char *const beginnings[] = {"{", "\xe2\x80\xa2", "S [", "[FAILED]", "P [", NULL};
    for (size_t i = 0; beginnings[i]; i++)
        if (g_str_has_prefix(line, beginnings[i]))
            return true;
    return line[strspn(line, "SP")] == '\0';
}

static void read_name(ReportLogs *logs, const char *line) {
    if (logs->lines == NAME_LINES_MAX || logs->name->len > NAME_BYTES_MAX || is_mark(line) || report_is_location(line))
        return;
    logs->lines++;
    append_name(logs->name, line);
    g_autofree char *key = g_strdup_printf("%s\n%s", logs->plugin, logs->name->str);
    logs->found = g_hash_table_lookup(logs->wanted, key);
}

/* The end of what is kept is cut at a line, now and then. */
static void keep(ReportLogs *logs, const char *line) {
    size_t length = strlen(line);
    if (logs->tail->len == 0 && logs->head->len + length < HEAD_MAX) {
        g_string_append_printf(logs->head, "%s\n", line);
        return;
    }
    g_string_append_printf(logs->tail, "%s\n", line);
    if (logs->tail->len <= 2 * TAIL_MAX)
        return;
    const char *cut = strchr(logs->tail->str + logs->tail->len - TAIL_MAX, '\n');
    gssize gone = cut + 1 - logs->tail->str;
    if (cut[1] == '\0')
        return;
    logs->left_out += (guint64)gone;
    g_string_erase(logs->tail, 0, gone);
}

/* A section of a test that was tried more than once, or has a summary of its own, stands behind the first one. */
static void end_section(ReportLogs *logs) {
    Wanted *wanted = logs->found;
    if (wanted && logs->size < ALL_MAX) {
        g_autofree char *size = bytes_format(logs->left_out);
        wanted->text = wanted->text ? g_string_append_c(wanted->text, '\n') : g_string_new(NULL);
        size_t before = wanted->text->len;
        if (before < HEAD_MAX + 2 * TAIL_MAX) {
            g_string_append(wanted->text, logs->head->str);
            if (logs->left_out > 0)
                g_string_append_printf(wanted->text, "... (%s cut) ...\n", size);
            g_string_append(wanted->text, logs->tail->str);
        }
        logs->size += wanted->text->len - before;
    }
    g_string_truncate(logs->name, 0);
    g_string_truncate(logs->head, 0);
    g_string_truncate(logs->tail, 0);
    logs->lines = 0;
    logs->left_out = 0;
    logs->found = NULL;
}

static void take_line(const char *line, void *data) {
    ReportLogs *logs = data;
    if (is_separator(line)) {
        end_section(logs);
        return;
    }
    if (!logs->found)
        read_name(logs, line);
    if (logs->found || logs->lines < NAME_LINES_MAX)
        keep(logs, line);
}

void report_logs_begin(ReportLogs *logs, const char *plugin) {
    g_free(logs->plugin);
    logs->plugin = g_strdup(plugin);
}

void report_logs_feed(ReportLogs *logs, const char *data, size_t length) {
    report_lines_feed(&logs->lines_in, data, length);
}

void report_logs_end(ReportLogs *logs) {
    report_lines_end(&logs->lines_in);
    end_section(logs);
}

/* --- of an archive ------------------------------------------------------------------------------------- */

bool report_logs_any(const ReportLogs *logs) {
    return g_hash_table_size(logs->wanted) > 0;
}

char *report_logs_plugin(const char *path) {
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    guint count = g_strv_length(parts);
    bool is_log = count >= 5 && g_str_equal(parts[0], "plugins") && g_str_equal(parts[2], "results") &&
                  g_str_equal(parts[count - 1], "e2e.log");
    return is_log ? g_strdup(parts[1]) : NULL;
}
