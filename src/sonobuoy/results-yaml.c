/* Trees as YAML has them: of plugins that make their own, and sonobuoy_results.yaml. */
#include "base/text.h"
#include "base/yaml.h"
#include "sonobuoy/results-internal.h"

/* Of what is in details: with items around it, the whole stays within what readers of JSON take. Levels that a
 * plugin's, a node's and a file's item stand above the items of a file. */
enum { DETAILS_DEPTH_MAX = 500, LEVELS_ABOVE = 4 };

typedef struct {
    yyjson_mut_doc *doc; /* of what is made */
    const char *what;
    size_t count; /* of items */
} Reader;

static bool refuse(const Reader *reader, BaseErrorCode code, yyjson_mut_val *item, const char *reason, GError **error) {
    const char *name = json_mut_get_string(item, "name");
    g_autofree char *shown = text_printable(name ? name : "");
    g_set_error(error, BASE_ERROR, code, "%s is no tree of results: in item \"%.200s\", %s", reader->what, shown,
                reason);
    return false;
}

/* A copy of a scalar as text, as stock reads it: true, 5; what is not there is "". NULL for a list or a mapping. */
static yyjson_mut_val *text_of(const Reader *reader, yyjson_mut_val *value) {
    if (!value || yyjson_mut_is_null(value))
        return yyjson_mut_str(reader->doc, "");
    if (yyjson_mut_is_str(value))
        return yyjson_mut_strncpy(reader->doc, yyjson_mut_get_str(value), yyjson_mut_get_len(value));
    if (yyjson_mut_is_bool(value))
        return yyjson_mut_str(reader->doc, yyjson_mut_get_bool(value) ? "true" : "false");
    return yyjson_mut_is_raw(value) ? yyjson_mut_strcpy(reader->doc, yyjson_mut_get_raw(value)) : NULL;
}

/* The value of a member that may be missing or null; false where it is of another type. */
static bool container_of(yyjson_mut_val *item, const char *key, yyjson_type type, yyjson_mut_val **out) {
    *out = yyjson_mut_obj_get(item, key);
    if (yyjson_mut_is_null(*out))
        *out = NULL;
    return !*out || yyjson_mut_get_type(*out) == type;
}

static bool read_texts(const Reader *reader, yyjson_mut_val *from, yyjson_mut_val *to, GError **error) {
    static const char *const keys[] = {"name", "status"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        yyjson_mut_val *text = text_of(reader, yyjson_mut_obj_get(from, keys[i]));
        if (!text)
            return refuse(reader, BASE_ERROR_INVALID, from, "name or status is not a text", error);
        if (i == 0 || yyjson_mut_get_len(text) > 0)
            results_item_set(reader->doc, to, keys[i], text);
    }
    return true;
}

static bool read_meta(const Reader *reader, yyjson_mut_val *from, yyjson_mut_val *to, GError **error) {
    size_t index, count;
    yyjson_mut_val *meta, *key, *value;
    bool ok = container_of(from, "meta", YYJSON_TYPE_OBJ, &meta);
    yyjson_mut_val *copy = yyjson_mut_obj(reader->doc);
    yyjson_mut_obj_foreach(meta, index, count, key, value) {
        yyjson_mut_val *text = text_of(reader, value);
        ok = ok && text;
        if (ok)
            yyjson_mut_obj_add(copy, text_of(reader, key), text);
    }
    if (yyjson_mut_obj_size(copy) > 0)
        results_item_set(reader->doc, to, "meta", copy);
    return ok || refuse(reader, BASE_ERROR_INVALID, from, "meta is not a mapping of texts", error);
}

static bool read_details(const Reader *reader, yyjson_mut_val *from, yyjson_mut_val *to, GError **error) {
    yyjson_mut_val *details;
    size_t budget = G_MAXSIZE;
    if (!container_of(from, "details", YYJSON_TYPE_OBJ, &details))
        return refuse(reader, BASE_ERROR_INVALID, from, "details is not a mapping", error);
    if (details && !json_mut_within(details, DETAILS_DEPTH_MAX, &budget))
        return refuse(reader, BASE_ERROR_LIMIT, from, "details are nested too deep", error);
    if (yyjson_mut_obj_size(details) > 0)
        results_item_set(reader->doc, to, "details", yyjson_mut_val_mut_copy(reader->doc, details));
    return true;
}

static yyjson_mut_val *read_item(Reader *reader, yyjson_mut_val *from, unsigned depth, GError **error);

static bool read_items(Reader *reader, yyjson_mut_val *from, yyjson_mut_val *to, unsigned depth, GError **error) {
    size_t index, count;
    yyjson_mut_val *items, *one;
    if (!container_of(from, "items", YYJSON_TYPE_ARR, &items))
        return refuse(reader, BASE_ERROR_INVALID, from, "items is not a list", error);
    yyjson_mut_arr_foreach(items, index, count, one) {
        yyjson_mut_val *item = read_item(reader, one, depth + 1, error);
        if (!item)
            return false;
        results_item_add(reader->doc, to, item);
    }
    return true;
}

/* A copy with its members in their order and of their types; NULL with an error. */
static yyjson_mut_val *read_item(Reader *reader, yyjson_mut_val *from, unsigned depth, GError **error) {
    yyjson_mut_val *item = yyjson_mut_obj(reader->doc);
    bool ok = true;
    if (!yyjson_mut_is_null(from) && !yyjson_mut_is_obj(from))
        ok = refuse(reader, BASE_ERROR_INVALID, NULL, "there is something other than a mapping", error);
    else if (depth > RESULTS_DEPTH_MAX)
        ok = refuse(reader, BASE_ERROR_LIMIT, from, "items are nested too deep", error);
    else if (++reader->count > RESULTS_ITEMS_MAX)
        ok = refuse(reader, BASE_ERROR_LIMIT, from, "there are more than a million items", error);
    ok = ok && read_texts(reader, from, item, error) && read_meta(reader, from, item, error) &&
         read_details(reader, from, item, error) && read_items(reader, from, item, depth, error);
    return ok ? item : NULL;
}

yyjson_mut_doc *results_parse(const char *data, size_t length, const char *what, GError **error) {
    g_autoptr(yyjson_mut_doc) from = yaml_parse(data, length, what, error);
    if (!from)
        return NULL;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    Reader reader = {.doc = doc, .what = what};
    yyjson_mut_val *root = yyjson_mut_doc_get_root(from), *item = NULL;
    if (yyjson_mut_is_obj(root))
        item = read_item(&reader, root, 0, error);
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is no tree of results: it is not a mapping", what);
    yyjson_mut_doc_set_root(doc, item);
    return item ? g_steal_pointer(&doc) : NULL;
}

bool results_add_manual(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *data, size_t length, GError **error) {
    g_autoptr(yyjson_mut_doc) from = yaml_parse(data, length, "the file", error);
    if (!from)
        return false;
    Reader reader = {.doc = doc, .what = "the file"};
    yyjson_mut_val *root = yyjson_mut_doc_get_root(from);
    yyjson_mut_val *status = text_of(&reader, yyjson_mut_obj_get(root, "status"));
    size_t before = results_item_count(item);
    if (!yyjson_mut_is_obj(root) || !status)
        return refuse(&reader, BASE_ERROR_INVALID, root, "there is no mapping, or a status that is not a text", error);
    if (!read_items(&reader, root, item, LEVELS_ABOVE, error) || !read_details(&reader, root, item, error)) {
        results_item_truncate(item, before);
        return false;
    }
    if (yyjson_mut_get_len(status) > 0)
        results_item_set(doc, item, "status", status);
    return true;
}
