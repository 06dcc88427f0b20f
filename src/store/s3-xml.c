/* A reader for the small XML that S3 answers with: elements, text, CDATA, the five named
 * entities and character references. Prefixes of names and attributes are passed over;
 * a document type is refused. */
#include "store/s3-internal.h"

#include <string.h>

enum { DEPTH_MAX = 32 };

typedef struct {
    const char *at, *end;
    GString *path, *text; /* text: of the innermost element since its last tag */
    unsigned depth;
    bool done; /* the root element was closed */
    S3XmlFunc func;
    void *data;
} Reader;

/* "#38" or "#x26" */
static bool append_reference(GString *out, const char *digits) {
    bool hex = *digits == 'x';
    guint64 code;
    if (!g_ascii_string_to_unsigned(digits + hex, hex ? 16 : 10, 1, 0x10ffff, &code, NULL) ||
        !g_unichar_validate((gunichar)code))
        return false;
    g_string_append_unichar(out, (gunichar)code);
    return true;
}

/* Undoes entities; false for unknown ones. */
static bool append_text(GString *out, const char *text, size_t length) {
    static const struct {
        const char *name;
        char c;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    enum { ENTITY_MAX = 10 };
    for (const char *c = text, *end = text + length; c < end; c++) {
        if (*c != '&') {
            g_string_append_c(out, *c);
            continue;
        }
        const char *semicolon = memchr(c, ';', (size_t)(end - c));
        if (!semicolon || semicolon - c > ENTITY_MAX)
            return false;
        g_autofree char *name = g_strndup(c + 1, (gsize)(semicolon - c - 1));
        size_t i = 0;
        while (i < G_N_ELEMENTS(entities) && !g_str_equal(name, entities[i].name))
            i++;
        if (i < G_N_ELEMENTS(entities))
            g_string_append_c(out, entities[i].c);
        else if (*name != '#' || !append_reference(out, name + 1))
            return false;
        c = semicolon;
    }
    return true;
}

static bool is_name_char(char c) {
    return g_ascii_isalnum(c) || (c && strchr("_-.:", c));
}

/* The tag's name without a prefix; 0 when it is none. */
static size_t local_name(const char *tag, const char *end, const char **out_name) {
    size_t length = 0;
    *out_name = tag;
    for (const char *c = tag; c < end && is_name_char(*c); c++) {
        length++;
        if (*c == ':') {
            *out_name = c + 1;
            length = 0;
        }
    }
    return length;
}

/* The '>' of the tag, past quoted attribute values; NULL when it does not end. */
static const char *tag_end(const char *c, const char *end) {
    char quote = 0;
    for (; c < end; c++)
        if (quote)
            quote = *c == quote ? 0 : quote;
        else if (*c == '"' || *c == '\'')
            quote = *c;
        else if (*c == '>')
            return c;
    return NULL;
}

static void close_element(Reader *reader) {
    const char *slash = strrchr(reader->path->str, '/');
    reader->func(reader->path->str, reader->text->str, reader->data);
    g_string_truncate(reader->path, slash ? (gsize)(slash - reader->path->str) : 0);
    g_string_truncate(reader->text, 0);
    reader->done = --reader->depth == 0;
}

static bool read_tag(Reader *reader) {
    const char *close = tag_end(reader->at, reader->end);
    bool ends = close && reader->at[1] == '/';
    const char *name;
    size_t length = close ? local_name(reader->at + 1 + ends, close, &name) : 0;
    if (length == 0 || reader->done)
        return false;
    if (ends) {
        const char *slash = strrchr(reader->path->str, '/'), *last = slash ? slash + 1 : reader->path->str;
        if (reader->depth == 0 || strlen(last) != length || strncmp(last, name, length) != 0)
            return false;
        close_element(reader);
    } else {
        if (++reader->depth > DEPTH_MAX)
            return false;
        g_string_append_printf(reader->path, "%s%.*s", reader->path->len ? "/" : "", (int)length, name);
        g_string_truncate(reader->text, 0);
        if (close[-1] == '/')
            close_element(reader);
    }
    reader->at = close + 1;
    return true;
}

/* Passes what lies between `open`, where the reader stands, and `close`. */
static bool pass(Reader *reader, const char *open, const char *close, bool keep) {
    const char *start = reader->at + strlen(open);
    const char *end = start <= reader->end ? g_strstr_len(start, reader->end - start, close) : NULL;
    if (!end)
        return false;
    if (keep && reader->depth > 0)
        g_string_append_len(reader->text, start, end - start);
    reader->at = end + strlen(close);
    return true;
}

static bool stands_at(const Reader *reader, const char *text) {
    size_t length = strlen(text);
    return (size_t)(reader->end - reader->at) >= length && memcmp(reader->at, text, length) == 0;
}

static bool read_markup(Reader *reader) {
    if (stands_at(reader, "<?"))
        return pass(reader, "<?", "?>", false);
    if (stands_at(reader, "<!--"))
        return pass(reader, "<!--", "-->", false);
    if (stands_at(reader, "<![CDATA["))
        return pass(reader, "<![CDATA[", "]]>", true);
    return read_tag(reader);
}

bool s3_xml_read(const char *xml, size_t length, S3XmlFunc func, void *data) {
    if (length == 0 || !g_utf8_validate(xml, (gssize)length, NULL)) /* that also finds NUL */
        return false;
    g_autoptr(GString) path = g_string_new(NULL), text = g_string_new(NULL);
    Reader reader = {.at = xml, .end = xml + length, .path = path, .text = text, .func = func, .data = data};
    bool ok = true;
    while (ok && reader.at < reader.end) {
        const char *open = memchr(reader.at, '<', (size_t)(reader.end - reader.at));
        size_t before = (size_t)((open ? open : reader.end) - reader.at);
        if (reader.depth > 0)
            ok = append_text(text, reader.at, before);
        reader.at += before;
        ok = ok && (!open || read_markup(&reader));
    }
    return ok && reader.done;
}

typedef struct {
    const char *path;
    char *text;
} Find;

static void find_text(const char *path, const char *text, void *data) {
    Find *find = data;
    if (!find->text && g_str_equal(path, find->path))
        find->text = g_strdup(text);
}

char *s3_xml_text(const char *xml, size_t length, const char *path) {
    Find find = {.path = path};
    if (!s3_xml_read(xml, length, find_text, &find))
        g_clear_pointer(&find.text, g_free);
    return find.text;
}
