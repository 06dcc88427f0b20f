#include "base/json.h"

#include <string.h>

/* Whether containers are nested deeper than allowed. A parsed document is one
 * flat array: a container's members lie behind it up to the next value, so that
 * no recursion is needed on what may be a million brackets. */
static bool is_too_deep(const yyjson_doc *doc) {
    size_t count = yyjson_doc_get_val_count((yyjson_doc *)doc);
    if (count <= JSON_DEPTH_MAX)
        return false;
    const yyjson_val *ends[JSON_DEPTH_MAX];
    size_t depth = 0;
    yyjson_val *root = yyjson_doc_get_root((yyjson_doc *)doc);
    for (yyjson_val *value = root; value < root + count; value++) {
        if (!yyjson_is_ctn(value))
            continue;
        while (depth > 0 && value >= ends[depth - 1])
            depth--;
        if (depth == JSON_DEPTH_MAX)
            return true;
        ends[depth++] = unsafe_yyjson_get_next(value);
    }
    return false;
}

static void set_parse_error(const char *data, size_t length, const char *what, const yyjson_read_err *failure,
                            GError **error) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < length && i < failure->pos; i++) {
        column = data[i] == '\n' ? 1 : column + 1;
        line += data[i] == '\n';
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is not valid JSON: %s at line %zu, column %zu", what,
                failure->msg, line, column);
}

static yyjson_doc *parse(char *data, size_t length, yyjson_read_flag flags, const char *what, GError **error) {
    if (length == 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is empty where JSON is expected", what);
        return NULL;
    }
    yyjson_read_err failure;
    yyjson_doc *doc = yyjson_read_opts(data, length, YYJSON_READ_NUMBER_AS_RAW | flags, NULL, &failure);
    if (!doc) {
        set_parse_error(data, length, what, &failure, error);
        return NULL;
    }
    if (is_too_deep(doc)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "%s is nested deeper than %d levels", what, JSON_DEPTH_MAX);
        yyjson_doc_free(doc);
        return NULL;
    }
    return doc;
}

yyjson_doc *json_parse(const char *data, size_t length, const char *what, GError **error) {
    return parse((char *)data, length, 0, what, error); /* not written to without YYJSON_READ_INSITU */
}

yyjson_doc *json_parse_in_place(char *data, size_t length, const char *what, GError **error) {
    memset(data + length, 0, JSON_PADDING);
    return parse(data, length, YYJSON_READ_INSITU, what, error);
}

yyjson_mut_doc *json_parse_mut(const char *data, size_t length, const char *what, GError **error) {
    g_autoptr(yyjson_doc) doc = json_parse(data, length, what, error);
    return doc ? yyjson_doc_mut_copy(doc, NULL) : NULL;
}

/* Long texts weigh more than one value, or copies of them would be free. */
static bool spend(yyjson_mut_val *value, size_t *budget) {
    size_t cost = 1 + (yyjson_mut_is_ctn(value) ? 0 : yyjson_mut_get_len(value) / 64);
    if (*budget < cost)
        return false;
    *budget -= cost;
    return true;
}

bool json_mut_within(yyjson_mut_val *value, size_t depth, size_t *budget) {
    if (!spend(value, budget))
        return false;
    if (!yyjson_mut_is_ctn(value))
        return true;
    if (depth == 0)
        return false;
    size_t index, count;
    yyjson_mut_val *key, *member;
    yyjson_mut_arr_foreach(value, index, count, member) {
        if (!json_mut_within(member, depth - 1, budget))
            return false;
    }
    yyjson_mut_obj_foreach(value, index, count, key, member) {
        if (!spend(key, budget) || !json_mut_within(member, depth - 1, budget))
            return false;
    }
    return true;
}

/* Strings that did not come from a parser (names of files, arguments) may be no
 * UTF-8. As Go's encoder does, what is wrong is replaced by U+FFFD, so that the
 * text is JSON whatever happens. Anything else that fails is a defect of ours. */
static char *repaired(char *text, const yyjson_write_err *failure, size_t *length) {
    if (!text)
        g_error("JSON cannot be written: %s", failure->msg);
    char *valid = g_utf8_make_valid(text, -1);
    g_free(text);
    if (length)
        *length = strlen(valid);
    return valid;
}

char *json_write(yyjson_val *value, size_t *length) {
    yyjson_write_err failure;
    char *text = yyjson_val_write_opts(value, YYJSON_WRITE_NOFLAG, NULL, length, &failure);
    if (text)
        return text;
    text = yyjson_val_write_opts(value, YYJSON_WRITE_ALLOW_INVALID_UNICODE, NULL, length, &failure);
    return repaired(text, &failure, length);
}

char *json_mut_write(yyjson_mut_val *value, size_t *length) {
    yyjson_write_err failure;
    char *text = yyjson_mut_val_write_opts(value, YYJSON_WRITE_NOFLAG, NULL, length, &failure);
    if (text)
        return text;
    text = yyjson_mut_val_write_opts(value, YYJSON_WRITE_ALLOW_INVALID_UNICODE, NULL, length, &failure);
    return repaired(text, &failure, length);
}

/* Indents compact JSON. The library's own pretty writer forgets to indent raw
 * numbers in lists, which is what all numbers are here. */
static char *indented(const char *text, size_t length, size_t *out_length) {
    GString *out = g_string_sized_new(length * 2);
    size_t depth = 0;
    for (const char *c = text; c < text + length; c++) {
        if (*c == '"') {
            const char *start = c;
            for (c++; *c != '"'; c++)
                c += *c == '\\';
            g_string_append_len(out, start, c + 1 - start);
            continue;
        }
        bool closes = *c == '}' || *c == ']', opens = *c == '{' || *c == '[';
        bool is_empty = opens && (c[1] == '}' || c[1] == ']');
        if (closes)
            g_string_append_printf(out, "\n%*s", (int)(2 * --depth), "");
        g_string_append_c(out, *c);
        if (is_empty)
            g_string_append_c(out, *++c);
        else if (*c == ':')
            g_string_append_c(out, ' ');
        else if (opens || *c == ',')
            g_string_append_printf(out, "\n%*s", (int)(2 * (depth += opens)), "");
    }
    g_string_append_c(out, '\n');
    if (out_length)
        *out_length = out->len;
    return g_string_free(out, FALSE);
}

char *json_write_pretty(yyjson_val *value, size_t *length) {
    size_t compact_length;
    g_autofree char *compact = json_write(value, &compact_length);
    return indented(compact, compact_length, length);
}

char *json_mut_write_pretty(yyjson_mut_val *value, size_t *length) {
    size_t compact_length;
    g_autofree char *compact = json_mut_write(value, &compact_length);
    return indented(compact, compact_length, length);
}

yyjson_val *json_get_path(yyjson_val *value, const char *first, ...) {
    va_list keys;
    va_start(keys, first);
    for (const char *key = first; key && value; key = va_arg(keys, const char *))
        value = yyjson_obj_get(value, key);
    va_end(keys);
    return value;
}

yyjson_mut_val *json_mut_get_path(yyjson_mut_val *value, const char *first, ...) {
    va_list keys;
    va_start(keys, first);
    for (const char *key = first; key && value; key = va_arg(keys, const char *))
        value = yyjson_mut_obj_get(value, key);
    va_end(keys);
    return value;
}

/* Works on both kinds of values: a mutable one begins as an immutable one does. */
static gint64 int_of(yyjson_val *value, gint64 fallback) {
    gint64 number;
    const char *text = yyjson_get_raw(value);
    if (text)
        return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &number, NULL) ? number : fallback;
    if (yyjson_is_sint(value))
        return yyjson_get_sint(value);
    return yyjson_is_uint(value) && yyjson_get_uint(value) <= G_MAXINT64 ? (gint64)yyjson_get_uint(value) : fallback;
}

GStrv json_strings(yyjson_val *array) {
    g_autoptr(GStrvBuilder) out = g_strv_builder_new();
    size_t index, count;
    yyjson_val *value;
    yyjson_arr_foreach(array, index, count, value) {
        if (yyjson_is_str(value))
            g_strv_builder_add(out, yyjson_get_str(value));
    }
    return g_strv_builder_end(out);
}

gint64 json_int(yyjson_val *value, gint64 fallback) {
    return int_of(value, fallback);
}

gint64 json_mut_int(yyjson_mut_val *value, gint64 fallback) {
    return int_of((yyjson_val *)value, fallback);
}

void json_mut_set_n(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, size_t length,
                    yyjson_mut_val *value) {
    yyjson_mut_obj_put(object, yyjson_mut_strncpy(doc, key, length), value);
}

void json_mut_set(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, yyjson_mut_val *value) {
    json_mut_set_n(doc, object, key, strlen(key), value);
}

void json_mut_set_string(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text) {
    json_mut_set(doc, object, key, yyjson_mut_strcpy(doc, text));
}

bool json_mut_remove(yyjson_mut_val *object, const char *key) {
    return yyjson_mut_obj_remove_key(object, key) != NULL;
}

yyjson_mut_val *json_mut_ensure_object(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key) {
    yyjson_mut_val *value = yyjson_mut_obj_get(object, key);
    if (!yyjson_mut_is_obj(value)) {
        value = yyjson_mut_obj(doc);
        json_mut_set(doc, object, key, value);
    }
    return value;
}

typedef struct {
    yyjson_mut_val *key, *value;
} Member;

static int compare_members(const void *a, const void *b) {
    const Member *x = a, *y = b;
    size_t x_length = yyjson_mut_get_len(x->key), y_length = yyjson_mut_get_len(y->key);
    int order = memcmp(yyjson_mut_get_str(x->key), yyjson_mut_get_str(y->key), MIN(x_length, y_length));
    return order ? order : (x_length > y_length) - (x_length < y_length);
}

void json_mut_sort(yyjson_mut_val *value) {
    size_t index, count;
    yyjson_mut_val *key, *member;
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_foreach(value, index, count, member)
            json_mut_sort(member);
        return;
    }
    if (!yyjson_mut_is_obj(value))
        return;
    g_autoptr(GArray) members = g_array_new(FALSE, FALSE, sizeof(Member));
    yyjson_mut_obj_foreach(value, index, count, key, member) {
        json_mut_sort(member);
        g_array_append_vals(members, &(Member){key, member}, 1);
    }
    g_array_sort(members, compare_members); /* stable */
    yyjson_mut_obj_clear(value);
    for (guint i = 0; i < members->len; i++) {
        const Member *one = &g_array_index(members, Member, i);
        yyjson_mut_obj_add(value, one->key, one->value);
    }
}
