/* YAML to JSON documents, from libfyaml's events.
 *
 * Events and not its document tree: the tree is built and freed by recursion,
 * which hostile nesting would take the stack with, and expands aliases at will. */
#include "base/json-keys.h"
#include "base/yaml-scalar.h"
#include "base/yaml.h"

#include <libfyaml.h>
#include <string.h>

/* Aliases may repeat an anchored part; more values than this is a bomb. */
enum { VALUES_MAX = 2 * 1000 * 1000 };

#define TAG_PREFIX "tag:yaml.org,2002:"

/* A list or mapping that is not closed yet. */
typedef struct {
    yyjson_mut_val *container;
    char *anchor;
    yyjson_mut_val *key; /* whose value comes next */
    bool merges;         /* that key is "<<" */
    GHashTable *keys;    /* of a mapping; keys are members' key values */
    GPtrArray *merged;   /* mappings to fill up from */
} Frame;

typedef struct {
    struct fy_parser *parser;
    struct fy_diag *diag;
    const char *data;
    size_t length;
    const char *what;
    yyjson_mut_doc *doc;
    yyjson_mut_val *root;
    GPtrArray *frames;
    GHashTable *anchors; /* name to value */
    size_t budget;
} Reader;

static void frame_free(void *data) {
    Frame *frame = data;
    g_clear_pointer(&frame->keys, g_hash_table_unref);
    g_clear_pointer(&frame->merged, g_ptr_array_unref);
    g_free(frame->anchor);
    g_free(frame);
}

static Frame *top(const Reader *reader) {
    return reader->frames->len ? g_ptr_array_index(reader->frames, reader->frames->len - 1) : NULL;
}

static bool fail(const Reader *reader, struct fy_event *event, BaseErrorCode code, const char *reason, GError **error) {
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark)
        g_set_error(error, BASE_ERROR, code, "%s is not valid YAML: %s at line %d, column %d", reader->what, reason,
                    mark->line + 1, mark->column + 1);
    else
        g_set_error(error, BASE_ERROR, code, "%s is not valid YAML: %s", reader->what, reason);
    return false;
}

static char *token_text(struct fy_token *token) {
    size_t length = 0;
    const char *text = token ? fy_token_get_text(token, &length) : NULL;
    return text ? g_strndup(text, length) : NULL;
}

/* --- scalars -------------------------------------------------------------------------------- */

static yyjson_mut_val *resolved(Reader *reader, const char *text, YamlKind *out_kind) {
    g_autofree char *number = NULL;
    *out_kind = yaml_resolve(text, &number);
    switch (*out_kind) {
    case YAML_NULL: return yyjson_mut_null(reader->doc);
    case YAML_TRUE:
    case YAML_FALSE: return yyjson_mut_bool(reader->doc, *out_kind == YAML_TRUE);
    case YAML_NUMBER: return yyjson_mut_rawcpy(reader->doc, number);
    default: return NULL;
    }
}

/* Whether the value is what its tag says; other tags say nothing here. */
static bool fits_tag(const char *tag, yyjson_mut_val *value) {
    if (g_str_equal(tag, TAG_PREFIX "null"))
        return yyjson_mut_is_null(value);
    if (g_str_equal(tag, TAG_PREFIX "bool"))
        return yyjson_mut_is_bool(value);
    if (g_str_equal(tag, TAG_PREFIX "int"))
        return yyjson_mut_is_raw(value) && !strpbrk(yyjson_mut_get_raw(value), ".eE");
    return !g_str_equal(tag, TAG_PREFIX "float") || yyjson_mut_is_raw(value);
}

/* Quoted, block and tagged scalars are text; a few tags ask for what a plain one would be. */
static bool is_resolved(struct fy_token *token, const char *tag) {
    static const char *const tags[] = {TAG_PREFIX "null", TAG_PREFIX "bool", TAG_PREFIX "int", TAG_PREFIX "float",
                                       NULL};
    return tag ? g_strv_contains(tags, tag) : !token || fy_token_scalar_style(token) == FYSS_PLAIN;
}

/* Where the text ends without a line break, the library adds one to a block scalar
 * that ends there; Kubernetes' clients do not. */
static size_t block_length(const Reader *reader, struct fy_event *event, const char *bytes, size_t length) {
    const struct fy_mark *end = fy_event_end_mark(event);
    struct fy_token *token = fy_event_get_token(event);
    enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
    bool is_added = (style == FYSS_LITERAL || style == FYSS_FOLDED) && end && end->input_pos >= reader->length &&
                    reader->data[reader->length - 1] != '\n' && length > 0 && bytes[length - 1] == '\n';
    return is_added ? length - 1 : length;
}

static yyjson_mut_val *read_scalar(Reader *reader, struct fy_event *event, GError **error) {
    struct fy_token *token = fy_event_get_token(event);
    size_t length = 0;
    const char *bytes = token ? fy_token_get_text(token, &length) : "", *reason = NULL;
    g_autofree char *tag = token_text(fy_event_get_tag_token(event));
    YamlKind kind = YAML_STRING;
    yyjson_mut_val *value = NULL;
    if (!bytes || !yaml_is_utf8(bytes, length)) {
        reason = "a text is not UTF-8";
    } else if (is_resolved(token, tag) && !memchr(bytes, 0, length)) {
        g_autofree char *text = g_strndup(bytes, length);
        value = resolved(reader, text, &kind);
    }
    if (kind == YAML_NOT_FINITE)
        reason = "infinite numbers and not-a-number cannot be told in JSON";
    else if (tag && g_str_equal(tag, TAG_PREFIX "binary"))
        reason = "binary data (!!binary) is not supported";
    else if (tag && !fits_tag(tag, value))
        reason = "a scalar does not fit its tag";
    if (reason) {
        fail(reader, event, BASE_ERROR_INVALID, reason, error);
        return NULL;
    }
    return value ? value : yyjson_mut_strncpy(reader->doc, bytes, block_length(reader, event, bytes, length));
}

/* --- members -------------------------------------------------------------------------------- */

/* A key that is no string, as clients print it: true, 5. NULL when it can be none. */
static yyjson_mut_val *as_key(Reader *reader, yyjson_mut_val *value) {
    if (yyjson_mut_is_str(value))
        return yyjson_mut_strncpy(reader->doc, yyjson_mut_get_str(value), yyjson_mut_get_len(value));
    if (yyjson_mut_is_raw(value))
        return yyjson_mut_strcpy(reader->doc, yyjson_mut_get_raw(value));
    if (yyjson_mut_is_bool(value))
        return yyjson_mut_str(reader->doc, yyjson_mut_get_bool(value) ? "true" : "false");
    return NULL;
}

static bool set_key(Reader *reader, Frame *frame, struct fy_event *event, yyjson_mut_val *value, GError **error) {
    frame->key = as_key(reader, value);
    if (!frame->key)
        return fail(reader, event, BASE_ERROR_INVALID, "a key is neither text nor a number nor a boolean", error);
    if (g_hash_table_add(frame->keys, frame->key))
        return true;
    g_autofree char *reason = g_strdup_printf("key \"%s\" is there twice", yyjson_mut_get_str(frame->key));
    return fail(reader, event, BASE_ERROR_INVALID, reason, error);
}

static bool add_merge(Reader *reader, Frame *frame, struct fy_event *event, yyjson_mut_val *value, GError **error) {
    size_t index, count;
    yyjson_mut_val *item;
    frame->merges = false;
    bool ok = yyjson_mut_is_ctn(value);
    if (yyjson_mut_is_obj(value))
        g_ptr_array_add(frame->merged, value);
    yyjson_mut_arr_foreach(value, index, count, item) {
        ok = ok && yyjson_mut_is_obj(item);
        g_ptr_array_add(frame->merged, item);
    }
    return ok || fail(reader, event, BASE_ERROR_INVALID, "\"<<\" merges what is no mapping", error);
}

/* Puts a complete value where it belongs. */
static bool deliver(Reader *reader, struct fy_event *event, yyjson_mut_val *value, GError **error) {
    Frame *frame = top(reader);
    if (!frame) {
        reader->root = value;
        return true;
    }
    if (yyjson_mut_is_arr(frame->container))
        return yyjson_mut_arr_append(frame->container, value);
    if (frame->merges)
        return add_merge(reader, frame, event, value, error);
    if (!frame->key)
        return set_key(reader, frame, event, value, error);
    return yyjson_mut_obj_add(frame->container, g_steal_pointer(&frame->key), value);
}

/* A copy of what an anchor names, as long as it stays within reason. */
static yyjson_mut_val *copied(Reader *reader, struct fy_event *event, yyjson_mut_val *value, GError **error) {
    if (json_mut_within(value, JSON_DEPTH_MAX - reader->frames->len, &reader->budget))
        return yyjson_mut_val_mut_copy(reader->doc, value);
    fail(reader, event, BASE_ERROR_LIMIT, "its aliases expand to too much", error);
    return NULL;
}

/* Fills a mapping up with members that it does not have itself; of several
 * merged mappings the first counts. */
static bool merge_members(Reader *reader, Frame *frame, struct fy_event *event, GError **error) {
    for (guint i = 0; i < frame->merged->len; i++) {
        size_t index, count;
        yyjson_mut_val *from = g_ptr_array_index(frame->merged, i), *key, *value;
        yyjson_mut_obj_foreach(from, index, count, key, value) {
            if (g_hash_table_contains(frame->keys, key))
                continue;
            yyjson_mut_val *name = as_key(reader, key), *copy = copied(reader, event, value, error);
            if (!copy)
                return false;
            g_hash_table_add(frame->keys, name);
            yyjson_mut_obj_add(frame->container, name, copy);
        }
    }
    return true;
}

/* --- events ----------------------------------------------------------------------------------- */

static bool is_merge_key(struct fy_event *event) {
    struct fy_token *token = fy_event_get_token(event);
    g_autofree char *text = token_text(token), *tag = token_text(fy_event_get_tag_token(event));
    return g_strcmp0(text, "<<") == 0 &&
           (tag ? g_str_equal(tag, TAG_PREFIX "merge") : fy_token_scalar_style(token) == FYSS_PLAIN);
}

static bool on_scalar(Reader *reader, struct fy_event *event, GError **error) {
    Frame *frame = top(reader);
    if (frame && frame->keys && !frame->key && !frame->merges && is_merge_key(event)) {
        frame->merges = true;
        return true;
    }
    yyjson_mut_val *value = read_scalar(reader, event, error);
    if (!value)
        return false;
    char *anchor = token_text(fy_event_get_anchor_token(event));
    if (anchor)
        g_hash_table_replace(reader->anchors, anchor, value);
    return deliver(reader, event, value, error);
}

static bool on_alias(Reader *reader, struct fy_event *event, GError **error) {
    g_autofree char *name = token_text(fy_event_get_token(event));
    yyjson_mut_val *anchored = name ? g_hash_table_lookup(reader->anchors, name) : NULL;
    if (!anchored) {
        g_autofree char *reason =
            g_strdup_printf("alias *%s has no anchor that is complete before it", name ? name : "");
        return fail(reader, event, BASE_ERROR_INVALID, reason, error);
    }
    yyjson_mut_val *value = copied(reader, event, anchored, error);
    return value && deliver(reader, event, value, error);
}

static bool on_start(Reader *reader, struct fy_event *event, bool is_mapping, GError **error) {
    Frame *outer = top(reader);
    if (outer && outer->keys && !outer->key && !outer->merges)
        return fail(reader, event, BASE_ERROR_INVALID, "a key is a list or a mapping", error);
    if (reader->frames->len == JSON_DEPTH_MAX)
        return fail(reader, event, BASE_ERROR_LIMIT, "it is nested too deep", error);
    Frame *frame = g_new0(Frame, 1);
    frame->container = is_mapping ? yyjson_mut_obj(reader->doc) : yyjson_mut_arr(reader->doc);
    frame->anchor = token_text(fy_event_get_anchor_token(event));
    if (is_mapping) {
        frame->keys = g_hash_table_new(json_key_hash, json_key_equal);
        frame->merged = g_ptr_array_new();
    }
    g_ptr_array_add(reader->frames, frame);
    return true;
}

static bool on_end(Reader *reader, struct fy_event *event, GError **error) {
    Frame *frame = top(reader);
    if (frame->merged && !merge_members(reader, frame, event, error))
        return false;
    /* Only now: an alias to what it stands in would never end. */
    if (frame->anchor)
        g_hash_table_replace(reader->anchors, g_steal_pointer(&frame->anchor), frame->container);
    yyjson_mut_val *value = frame->container;
    g_ptr_array_remove_index(reader->frames, reader->frames->len - 1);
    return deliver(reader, event, value, error);
}

static void begin_document(Reader *reader) {
    reader->doc = yyjson_mut_doc_new(NULL);
    reader->root = NULL;
    reader->budget = VALUES_MAX;
    g_hash_table_remove_all(reader->anchors);
}

/* Documents that hold nothing are left out. */
static void end_document(Reader *reader, GPtrArray *documents) {
    if (reader->root && !yyjson_mut_is_null(reader->root)) {
        yyjson_mut_doc_set_root(reader->doc, reader->root);
        g_ptr_array_add(documents, g_steal_pointer(&reader->doc));
    }
    g_clear_pointer(&reader->doc, yyjson_mut_doc_free);
}

static bool on_event(Reader *reader, struct fy_event *event, GPtrArray *documents, GError **error) {
    switch (event->type) {
    case FYET_DOCUMENT_START: begin_document(reader); return true;
    case FYET_DOCUMENT_END: end_document(reader, documents); return true;
    case FYET_MAPPING_START:
    case FYET_SEQUENCE_START: return on_start(reader, event, event->type == FYET_MAPPING_START, error);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END: return on_end(reader, event, error);
    case FYET_SCALAR: return on_scalar(reader, event, error);
    case FYET_ALIAS: return on_alias(reader, event, error);
    default: return true;
    }
}

/* --- the parser --------------------------------------------------------------------------------- */

static void set_parser_error(const Reader *reader, GError **error) {
    void *position = NULL;
    struct fy_diag_error *first = fy_diag_errors_iterate(reader->diag, &position);
    if (first)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is not valid YAML: %s at line %d, column %d",
                    reader->what, first->msg, MAX(first->line, 1), MAX(first->column, 1));
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is not valid YAML", reader->what);
}

static bool read_stream(Reader *reader, GPtrArray *documents, GError **error) {
    bool ok = fy_parser_set_string(reader->parser, reader->data, reader->length) == 0;
    struct fy_event *event;
    GError *failure = NULL;
    while (ok && (event = fy_parser_parse(reader->parser))) {
        ok = on_event(reader, event, documents, &failure);
        fy_parser_event_free(reader->parser, event);
    }
    if (!failure && (!ok || fy_parser_get_stream_error(reader->parser)))
        set_parser_error(reader, &failure);
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

/* Whether a mapping in a JSON text has a key twice. Depth is bounded by json_parse(). */
static bool has_repeated_key(yyjson_mut_val *value, const char **out_key) {
    size_t index, count;
    yyjson_mut_val *key, *member;
    bool found = false;
    yyjson_mut_arr_foreach(value, index, count, member)
        found = found || has_repeated_key(member, out_key);
    if (!yyjson_mut_is_obj(value))
        return found;
    g_autoptr(GHashTable) keys = g_hash_table_new(json_key_hash, json_key_equal);
    yyjson_mut_obj_foreach(value, index, count, key, member) {
        if (!g_hash_table_add(keys, key)) {
            *out_key = yyjson_mut_get_str(key);
            return true;
        }
        if (has_repeated_key(member, out_key))
            return true;
    }
    return false;
}

/* JSON is YAML, but for "\ud83d\udea2"; and its own parser is many times faster.
 * NULL without an error when the text is no JSON. */
static yyjson_mut_doc *read_as_json(const char *data, size_t length, const char *what, GError **error) {
    size_t start = 0;
    while (start < length && strchr(" \t\r\n", data[start]) && data[start])
        start++;
    if (start == length || (data[start] != '{' && data[start] != '['))
        return NULL;
    g_autoptr(yyjson_mut_doc) doc = json_parse_mut(data, length, what, NULL);
    const char *key;
    if (doc && has_repeated_key(yyjson_mut_doc_get_root(doc), &key)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is not valid: key \"%s\" is there twice", what, key);
        return NULL;
    }
    return g_steal_pointer(&doc);
}

static bool read_as_yaml(const char *data, size_t length, const char *what, GPtrArray *documents, GError **error) {
    /* The library ends at either without a word. */
    if (!g_utf8_validate_len(data, length, NULL)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is not valid YAML: it is not UTF-8 or holds NUL", what);
        return false;
    }
    /* No output: what went wrong is collected and told by us. */
    struct fy_diag_cfg diag_settings = {.level = FYET_ERROR, .module_mask = ~0u};
    Reader reader = {.data = data, .length = length, .what = what, .diag = fy_diag_create(&diag_settings)};
    fy_diag_set_collect_errors(reader.diag, true);
    struct fy_parse_cfg settings = {.diag = reader.diag,
                                    .flags = FYPCF_QUIET | FYPCF_DISABLE_DEPTH_LIMIT | FYPCF_JSON_NONE |
                                             FYPCF_ALLOW_DUPLICATE_KEYS | FYPCF_SLOPPY_FLOW_INDENTATION};
    reader.parser = fy_parser_create(&settings);
    reader.frames = g_ptr_array_new_with_free_func(frame_free);
    reader.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool ok = read_stream(&reader, documents, error);
    fy_parser_destroy(reader.parser);
    fy_diag_destroy(reader.diag);
    yyjson_mut_doc_free(reader.doc);
    g_ptr_array_unref(reader.frames);
    g_hash_table_unref(reader.anchors);
    return ok;
}

GPtrArray *yaml_parse_all(const char *data, size_t length, const char *what, GError **error) {
    g_autoptr(GPtrArray) documents = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_mut_doc_free);
    GError *failure = NULL;
    yyjson_mut_doc *json = read_as_json(data, length, what, &failure);
    if (json)
        g_ptr_array_add(documents, json);
    else if (!failure && length > 0)
        read_as_yaml(data, length, what, documents, &failure);
    if (!failure)
        return g_steal_pointer(&documents);
    g_propagate_error(error, failure);
    return NULL;
}

yyjson_mut_doc *yaml_parse(const char *data, size_t length, const char *what, GError **error) {
    g_autoptr(GPtrArray) documents = yaml_parse_all(data, length, what, error);
    if (!documents)
        return NULL;
    if (documents->len > 1) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s holds %u YAML documents where one is expected", what,
                    documents->len);
        return NULL;
    }
    if (documents->len == 1)
        return g_ptr_array_steal_index(documents, 0);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_mut_null(doc));
    return doc;
}
