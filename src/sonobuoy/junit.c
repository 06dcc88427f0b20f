/* JUnit's XML, as its many writers have it, to items. Source: the schema that Jenkins documents, and what ginkgo,
 * pytest, bats and go-junit-report write. */
#include "sonobuoy/results-internal.h"

#include <expat.h>
#include <string.h>

enum { ELEMENT_DEPTH_MAX = 200, SUITE_DEPTH_MAX = RESULTS_DEPTH_MAX - 10, TEXT_MAX = 16 << 20, PIECE = 1 << 20 };

/* What a case may say, in the order of details' keys. */
typedef enum { SAYS_ERROR, SAYS_FAILURE, SAYS_ERR, SAYS_OUT, SAYS } Saying;
static const char *const sayings[SAYS] = {"error", "failure", "system-err", "system-out"};

/* An open suite, or what stands in for one: the file. */
typedef struct {
    yyjson_mut_val *item;
    unsigned suites; /* in it so far */
} Suite;

typedef struct {
    XML_Parser parser;
    yyjson_mut_doc *doc;
    Suite suites[SUITE_DEPTH_MAX + 1];
    unsigned suite;       /* the innermost open one */
    unsigned depth;       /* of open elements */
    unsigned ignored;     /* the depth of an element that is passed over with all in it; 0: none */
    unsigned count;       /* of cases and suites */
    yyjson_mut_val *test; /* the open case */
    bool skipped;
    GString *said[SAYS]; /* by the open case; NULL: nothing */
    GString *text;       /* of the open saying; NULL: none is open */
    bool cut;
    GError *failure;
} Reader;

static void stop(Reader *reader, BaseErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void stop(Reader *reader, BaseErrorCode code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (!reader->failure)
        reader->failure = g_error_new_valist(BASE_ERROR, (int)code, format, args);
    va_end(args);
    XML_StopParser(reader->parser, XML_FALSE);
}

static const char *attribute(const char **attributes, const char *name) {
    for (; attributes[0]; attributes += 2)
        if (g_str_equal(attributes[0], name))
            return attributes[1];
    return "";
}

/* Whatever prefix its name space has. */
static const char *local_name(const char *name) {
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static yyjson_mut_val *add_item(Reader *reader, const char *name) {
    if (++reader->count > RESULTS_ITEMS_MAX) {
        stop(reader, BASE_ERROR_LIMIT, "more than %d suites and cases", RESULTS_ITEMS_MAX);
        return NULL;
    }
    yyjson_mut_val *item = results_item_new(reader->doc, name, "passed", NULL);
    results_item_add(reader->doc, reader->suites[reader->suite].item, item);
    return item;
}

/* --- elements --------------------------------------------------------------------------------- */

static void open_suite(Reader *reader, const char **attributes) {
    if (reader->suite == SUITE_DEPTH_MAX) {
        stop(reader, BASE_ERROR_LIMIT, "suites nested deeper than %d", SUITE_DEPTH_MAX);
        return;
    }
    unsigned number = ++reader->suites[reader->suite].suites;
    g_autofree char *numbered = g_strdup_printf("testsuite-%03u", number);
    const char *name = attribute(attributes, "name");
    yyjson_mut_val *item = add_item(reader, *name ? name : numbered);
    if (item)
        reader->suites[++reader->suite] = (Suite){.item = item};
}

static void open_case(Reader *reader, const char **attributes) {
    reader->test = add_item(reader, attribute(attributes, "name"));
    reader->skipped = false;
}

static void open_saying(Reader *reader, Saying saying, const char **attributes) {
    reader->text = g_string_new(NULL);
    reader->cut = false;
    if (saying == SAYS_ERROR || saying == SAYS_FAILURE) {
        const char *message = attribute(attributes, "message");
        if (*message)
            g_string_append_printf(reader->text, "%s ", message);
    }
}

static int find_saying(const char *name) {
    for (int i = 0; i < SAYS; i++)
        if (g_str_equal(sayings[i], name))
            return i;
    return -1;
}

/* A case that says the same kind of thing twice (attempts at it) says both. */
static void close_saying(Reader *reader, Saying saying) {
    g_autoptr(GString) text = g_steal_pointer(&reader->text);
    bool is_empty = text->len == 0;
    if (saying == SAYS_ERROR || saying == SAYS_FAILURE)
        g_string_truncate(text, strlen(g_strstrip(text->str)));
    if (reader->cut)
        g_string_append(text, " ... (cut)");
    if (!reader->said[saying])
        reader->said[saying] = g_string_new(NULL);
    else if (!is_empty)
        g_string_append_c(reader->said[saying], '\n');
    g_string_append_len(reader->said[saying], text->str, (gssize)text->len);
}

/* What a case is: skipped, whatever else it says; else failed where it says so, with or without words. */
static void close_case(Reader *reader) {
    yyjson_mut_val *test = g_steal_pointer(&reader->test);
    bool failed = reader->said[SAYS_ERROR] || reader->said[SAYS_FAILURE];
    const char *status = reader->skipped ? "skipped" : failed ? "failed" : "passed";
    json_mut_set(reader->doc, test, "status", yyjson_mut_str(reader->doc, status));
    for (int i = 0; i < SAYS; i++) {
        if (reader->said[i] && reader->said[i]->len > 0)
            results_item_set_detail(reader->doc, test, sayings[i], reader->said[i]->str);
        if (reader->said[i])
            g_string_free(g_steal_pointer(&reader->said[i]), TRUE);
    }
}

/* --- the parser's calls -------------------------------------------------------------------------- */

static void open_root(Reader *reader, const char *name, const char **attributes) {
    if (g_str_equal(name, "testsuite"))
        open_suite(reader, attributes);
    else if (!g_str_equal(name, "testsuites"))
        stop(reader, BASE_ERROR_INVALID, "its root element is neither testsuites nor testsuite");
}

static void on_start(void *data, const char *full_name, const char **attributes) {
    Reader *reader = data;
    if (reader->failure)
        return; /* a stopped parser may still end what it is at */
    const char *name = local_name(full_name);
    int saying = reader->test && !reader->text ? find_saying(name) : -1;
    if (++reader->depth > ELEMENT_DEPTH_MAX)
        stop(reader, BASE_ERROR_LIMIT, "elements nested deeper than %d", ELEMENT_DEPTH_MAX);
    else if (reader->ignored)
        return;
    else if (reader->depth == 1)
        open_root(reader, name, attributes);
    else if (saying >= 0)
        open_saying(reader, (Saying)saying, attributes);
    else if (!reader->test && g_str_equal(name, "testsuite"))
        open_suite(reader, attributes);
    else if (!reader->test && g_str_equal(name, "testcase"))
        open_case(reader, attributes);
    else
        reader->ignored = reader->depth;
    if (reader->ignored && reader->test && !reader->text && g_str_equal(name, "skipped"))
        reader->skipped = true;
}

static void on_end(void *data, const char *full_name) {
    Reader *reader = data;
    if (reader->failure)
        return;
    const char *name = local_name(full_name);
    unsigned depth = reader->depth--;
    if (reader->ignored) {
        if (reader->ignored == depth)
            reader->ignored = 0;
    } else if (reader->text) {
        close_saying(reader, (Saying)find_saying(name));
    } else if (reader->test) {
        close_case(reader);
    } else if (g_str_equal(name, "testsuite")) {
        reader->suite--;
    }
}

/* Whole characters at a time. */
static void on_text(void *data, const char *text, int length) {
    Reader *reader = data;
    if (!reader->text || reader->ignored || reader->failure)
        return;
    reader->cut = reader->cut || reader->text->len + (size_t)length > TEXT_MAX;
    if (!reader->cut)
        g_string_append_len(reader->text, text, length);
}

/* Nobody's test results need entities of their own; bombs do. */
static void on_entity(void *data, const char *name, int is_parameter, const char *value, int length, const char *base,
                      const char *system, const char *public, const char *notation) {
    stop(data, BASE_ERROR_INVALID, "it declares entities");
}

static bool parse(Reader *reader, const char *data, size_t length) {
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetEntityDeclHandler(reader->parser, on_entity);
    enum XML_Status status = XML_STATUS_OK;
    size_t done = 0;
    do {
        size_t piece = MIN(length - done, PIECE);
        status = XML_Parse(reader->parser, data + done, (int)piece, done + piece == length);
        done += piece;
    } while (status == XML_STATUS_OK && done < length);
    if (status != XML_STATUS_OK && !reader->failure)
        reader->failure =
            g_error_new(BASE_ERROR, BASE_ERROR_INVALID, "not valid XML: %s at line %lu, column %lu",
                        XML_ErrorString(XML_GetErrorCode(reader->parser)), XML_GetCurrentLineNumber(reader->parser),
                        XML_GetCurrentColumnNumber(reader->parser) + 1);
    return !reader->failure;
}

bool results_add_junit(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *data, size_t length, GError **error) {
    g_autofree Reader *reader = g_new0(Reader, 1);
    reader->parser = XML_ParserCreate(NULL);
    reader->doc = doc;
    reader->suites[0].item = item;
    size_t before = results_item_count(item);
    bool ok = parse(reader, data, length);
    XML_ParserFree(reader->parser);
    if (reader->text)
        g_string_free(reader->text, TRUE);
    for (int i = 0; i < SAYS; i++)
        if (reader->said[i])
            g_string_free(reader->said[i], TRUE);
    if (!ok) {
        g_propagate_error(error, reader->failure);
        results_item_truncate(item, before);
    }
    return ok;
}
