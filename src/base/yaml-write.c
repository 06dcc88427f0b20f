/* JSON documents as YAML that readers of 1.1 and 1.2 take for the same. */
#include "base/yaml-scalar.h"
#include "base/yaml.h"

#include <string.h>

/* A key beyond this is no "simple key": it needs a '?' before it. */
enum { SIMPLE_KEY_MAX = 1000 };

/* Indenting thousands of lines by hundreds of levels would make pages of spaces
 * out of little: what lies deeper is written in flow style. */
enum { BLOCK_DEPTH_MAX = 50 };

/* --- strings -------------------------------------------------------------------------------- */

/* Characters that YAML 1.1 lets stand raw and does not take for a line break. */
static bool is_printable(gunichar c) {
    return (c >= 0x20 && c < 0x7f) || (c >= 0xa0 && c < 0xd800 && c != 0x2028 && c != 0x2029) ||
           (c >= 0xe000 && c < 0xfffe && c != 0xfeff) || (c >= 0x10000 && c <= 0x10ffff);
}

static void write_quoted(GString *out, const char *text, size_t length) {
    g_string_append_c(out, '"');
    for (const char *c = text, *end = text + length; c < end; c = g_utf8_next_char(c)) {
        gunichar character = g_utf8_get_char(c);
        if (character == '"' || character == '\\')
            g_string_append_printf(out, "\\%c", *c);
        else if (character == '\n' || character == '\t')
            g_string_append(out, *c == '\n' ? "\\n" : "\\t");
        else if (is_printable(character))
            g_string_append_unichar(out, character);
        else
            g_string_append_printf(out, "\\u%04x", character);
    }
    g_string_append_c(out, '"');
}

/* Whether a plain scalar would be read back as this very string: it begins with
 * a letter or '/', holds nothing that ends or splits a scalar and is no word of
 * YAML's own. More is quoted than must be; nothing less. */
static bool is_plain_safe(const char *text, size_t length) {
    if (length == 0 || text[length - 1] == ' ' || text[length - 1] == ':' ||
        (!g_ascii_isalpha(text[0]) && text[0] != '/'))
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x20 || text[i] >= 0x7f || (text[i] == ':' && text[i + 1] == ' ') ||
            (text[i] == ' ' && text[i + 1] == '#'))
            return false;
    g_autofree char *number = NULL;
    return yaml_resolve(text, &number) == YAML_STRING;
}

static void write_line(GString *out, const char *text, size_t length) {
    if (is_plain_safe(text, length))
        g_string_append_len(out, text, (gssize)length);
    else
        write_quoted(out, text, length);
}

/* Whether a literal block ("|") keeps it: lines of printable characters, the
 * first one neither empty nor indented, and one line break at the end at most. */
static bool is_block_safe(const char *text, size_t length) {
    if (!memchr(text, '\n', length) || strchr("\n\t ", text[0]) ||
        (length > 1 && text[length - 1] == '\n' && text[length - 2] == '\n'))
        return false;
    for (const char *c = text, *end = text + length; c < end; c = g_utf8_next_char(c))
        if (*c != '\n' && *c != '\t' && !is_printable(g_utf8_get_char(c)))
            return false;
    return true;
}

static void write_block(GString *out, const char *text, size_t length, size_t indent) {
    bool ends_line = text[length - 1] == '\n';
    g_string_append(out, ends_line ? "|" : "|-");
    const char *end = text + length - ends_line;
    for (const char *line = text; line <= end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t count = (size_t)((stop ? stop : end) - line);
        g_string_append_c(out, '\n');
        if (count > 0)
            g_string_append_printf(out, "%*s", (int)indent, "");
        g_string_append_len(out, line, (gssize)count);
        line += count + 1;
    }
}

/* A string of a document; `owned` holds it when bytes that are no UTF-8 had to
 * be replaced (they came from no parser). */
static const char *text_of(yyjson_mut_val *value, size_t *out_length, char **owned) {
    const char *text = yyjson_mut_get_str(value);
    *out_length = yyjson_mut_get_len(value);
    *owned = NULL;
    if (!text || yaml_is_utf8(text, *out_length))
        return text;
    *owned = g_utf8_make_valid(text, (gssize)*out_length);
    *out_length = strlen(*owned);
    return *owned;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool is_filled(yyjson_mut_val *value) {
    return (yyjson_mut_is_obj(value) && yyjson_mut_obj_size(value) > 0) ||
           (yyjson_mut_is_arr(value) && yyjson_mut_arr_size(value) > 0);
}

static void write_flow(GString *out, yyjson_mut_val *value) {
    size_t index, count;
    yyjson_mut_val *key, *member;
    size_t length;
    g_autofree char *owned = NULL;
    const char *string = text_of(value, &length, &owned);
    if (string) {
        write_quoted(out, string, length);
    } else if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_foreach(value, index, count, member) {
            g_string_append(out, index ? ", " : "[");
            write_flow(out, member);
        }
        g_string_append(out, count ? "]" : "[]");
    } else if (yyjson_mut_is_obj(value)) {
        yyjson_mut_obj_foreach(value, index, count, key, member) {
            g_string_append(out, index ? ", " : "{");
            write_flow(out, key);
            g_string_append(out, ": ");
            write_flow(out, member);
        }
        g_string_append(out, count ? "}" : "{}");
    } else {
        g_autofree char *text = json_mut_write(value, NULL);
        g_string_append(out, text);
    }
}

/* What fits behind "key: " or "- ". */
static void write_scalar(GString *out, yyjson_mut_val *value, size_t indent) {
    size_t length;
    g_autofree char *owned = NULL;
    const char *text = text_of(value, &length, &owned);
    if (!text)
        write_flow(out, value);
    else if (is_block_safe(text, length))
        write_block(out, text, length, indent);
    else
        write_line(out, text, length);
}

static void write_items(GString *out, yyjson_mut_val *array, size_t indent, unsigned depth);

static void begin_line(GString *out, size_t indent) {
    g_string_append_printf(out, "\n%*s", (int)indent, "");
}

static void write_key(GString *out, yyjson_mut_val *key, size_t indent) {
    size_t length;
    g_autofree char *owned = NULL;
    const char *text = text_of(key, &length, &owned);
    bool is_long = length > SIMPLE_KEY_MAX;
    g_string_append(out, is_long ? "? " : "");
    write_line(out, text, length);
    if (is_long)
        begin_line(out, indent);
    g_string_append_c(out, ':');
}

/* The first member goes where the writer stands. */
static void write_members(GString *out, yyjson_mut_val *object, size_t indent, unsigned depth) {
    size_t index, count;
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(object, index, count, key, value) {
        if (index > 0)
            begin_line(out, indent);
        write_key(out, key, indent);
        if (!is_filled(value) || depth == BLOCK_DEPTH_MAX) {
            g_string_append_c(out, ' ');
            if (is_filled(value))
                write_flow(out, value);
            else
                write_scalar(out, value, indent + 2);
        } else if (yyjson_mut_is_obj(value)) {
            begin_line(out, indent + 2);
            write_members(out, value, indent + 2, depth + 1);
        } else { /* lists stand as far left as their key, as kubectl prints them */
            begin_line(out, indent);
            write_items(out, value, indent, depth + 1);
        }
    }
}

static void write_items(GString *out, yyjson_mut_val *array, size_t indent, unsigned depth) {
    size_t index, count;
    yyjson_mut_val *value;
    yyjson_mut_arr_foreach(array, index, count, value) {
        if (index > 0)
            begin_line(out, indent);
        g_string_append(out, "- ");
        if (!is_filled(value))
            write_scalar(out, value, indent + 2);
        else if (depth == BLOCK_DEPTH_MAX)
            write_flow(out, value);
        else if (yyjson_mut_is_obj(value))
            write_members(out, value, indent + 2, depth + 1);
        else
            write_items(out, value, indent + 2, depth + 1);
    }
}

/* Recursion is bounded: documents are at most JSON_DEPTH_MAX deep. */
char *yaml_write(yyjson_mut_val *value) {
    GString *out = g_string_new(NULL);
    if (!is_filled(value))
        write_scalar(out, value, 2);
    else if (yyjson_mut_is_obj(value))
        write_members(out, value, 0, 1);
    else
        write_items(out, value, 0, 1);
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}
