/* Lines of `go test -json` to items. Source: `go doc test2json`. */
#include "sonobuoy/results-internal.h"

#include <string.h>

typedef struct {
    yyjson_mut_doc *doc;
    yyjson_mut_val *item;
    GHashTable *failed; /* packages with a test that did */
    size_t events, bad; /* lines that are events, and that are none */
    size_t count;       /* of items */
    size_t bad_line, line;
} Reader;

static const char *status_of(const char *action) {
    static const struct {
        const char *action, *status;
    } statuses[] = {{"pass", "passed"}, {"fail", "failed"}, {"skip", "skipped"}};
    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++)
        if (g_str_equal(statuses[i].action, action))
            return statuses[i].status;
    return NULL;
}

/* The text of a member, "" where it is not there; NULL where it is something else. */
static const char *text_of(yyjson_val *event, const char *key) {
    yyjson_val *value = yyjson_obj_get(event, key);
    return value ? yyjson_get_str(value) : "";
}

/* A package that failed with no test of its own did not build, or ended in a panic between tests. */
static void add_event(Reader *reader, const char *status, const char *package, const char *test) {
    bool failed = g_str_equal(status, "failed");
    if (!*test && (!failed || g_hash_table_contains(reader->failed, package)))
        return;
    if (failed)
        g_hash_table_add(reader->failed, g_strdup(package));
    results_item_add(reader->doc, reader->item, results_item_new(reader->doc, *test ? test : package, status, NULL));
    reader->count++;
}

/* Whether the line is an event. */
static bool read_line(Reader *reader, const char *line, size_t length) {
    g_autoptr(yyjson_doc) doc = json_parse(line, length, "the line", NULL);
    yyjson_val *event = yyjson_doc_get_root(doc);
    const char *action = text_of(event, "Action"), *package = text_of(event, "Package"), *test = text_of(event, "Test");
    if (!yyjson_is_obj(event) || !action || !*action || !package || !test)
        return false;
    const char *status = status_of(action);
    if (status)
        add_event(reader, status, package, test);
    return true;
}

static bool is_blank(const char *line, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isspace(line[i]))
            return false;
    return true;
}

static void read_lines(Reader *reader, const char *data, size_t length) {
    for (const char *line = data, *end = data + length, *next; line < end && reader->count <= RESULTS_ITEMS_MAX;
         line = next) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        next = stop ? stop + 1 : end;
        size_t size = (size_t)((stop ? stop : end) - line);
        reader->line++;
        if (is_blank(line, size))
            continue;
        if (read_line(reader, line, size))
            reader->events++;
        else if (reader->bad++ == 0)
            reader->bad_line = reader->line;
    }
}

bool results_add_gojson(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *data, size_t length, GError **error) {
    g_autoptr(GHashTable) failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Reader reader = {.doc = doc, .item = item, .failed = failed};
    size_t before = results_item_count(item);
    read_lines(&reader, data, length);
    if (reader.count > RESULTS_ITEMS_MAX) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "more than %d tests", RESULTS_ITEMS_MAX);
        results_item_truncate(item, before);
        return false;
    }
    if (reader.events == 0) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID, "no line is an event of go test -json");
        return false;
    }
    if (reader.bad > 0) {
        g_autofree char *text =
            g_strdup_printf("%zu of %zu lines are no events of go test -json, the first is line %zu", reader.bad,
                            reader.bad + reader.events, reader.bad_line);
        results_item_set_meta(doc, item, "error", text);
    }
    return true;
}
