#include "base/jsonpatch.h"

#include <string.h>

/* What one patch may put into a document, by the count of json_mut_within(). */
enum { VALUES_MAX = 2 * 1000 * 1000 };

/* --- JSON Patch (RFC 6902) -------------------------------------------------------------- */

/* The container that a path's last token is in, and that token. */
static yyjson_mut_val *parent_of(yyjson_mut_val *root, const char *path, char **out_token, GError **error) {
    const char *slash = strrchr(path, '/');
    if (*path != '/') {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "path \"%s\" does not begin with '/'", path);
        return NULL;
    }
    g_autofree char *parent_path = g_strndup(path, (gsize)(slash - path));
    GError *failure = NULL;
    yyjson_mut_val *parent = json_pointer_get(root, parent_path, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return NULL;
    }
    if (!yyjson_mut_is_ctn(parent)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "nothing is at \"%s\"", parent_path);
        return NULL;
    }
    *out_token = json_pointer_token(slash + 1, strlen(slash + 1), error);
    return *out_token ? parent : NULL;
}

static bool patch_add(yyjson_mut_doc *doc, const char *path, yyjson_mut_val *value, GError **error) {
    if (!*path) {
        yyjson_mut_doc_set_root(doc, value);
        return true;
    }
    g_autofree char *token = NULL;
    yyjson_mut_val *parent = parent_of(yyjson_mut_doc_get_root(doc), path, &token, error);
    if (!parent)
        return false;
    if (yyjson_mut_is_obj(parent)) {
        json_mut_set(doc, parent, token, value);
        return true;
    }
    size_t index, size = yyjson_mut_arr_size(parent);
    if (g_str_equal(token, "-"))
        index = size;
    else if (!json_pointer_index(token, &index) || index > size) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "\"%s\" is not a place in its list of %zu", path, size);
        return false;
    }
    yyjson_mut_arr_insert(parent, value, index);
    return true;
}

/* Takes the value at a path out; NULL with an error when nothing is there. */
static yyjson_mut_val *patch_take(yyjson_mut_doc *doc, const char *path, GError **error) {
    g_autofree char *token = NULL;
    yyjson_mut_val *parent = parent_of(yyjson_mut_doc_get_root(doc), path, &token, error);
    if (!parent)
        return NULL;
    yyjson_mut_val *taken = NULL;
    size_t index;
    if (yyjson_mut_is_obj(parent))
        taken = yyjson_mut_obj_remove_key(parent, token);
    else if (json_pointer_index(token, &index))
        taken = yyjson_mut_arr_remove(parent, index);
    if (!taken)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "nothing is at \"%s\"", path);
    return taken;
}

static yyjson_mut_val *patch_find(yyjson_mut_doc *doc, const char *path, GError **error) {
    GError *failure = NULL;
    yyjson_mut_val *value = json_pointer_get(yyjson_mut_doc_get_root(doc), path, &failure);
    if (failure)
        g_propagate_error(error, failure);
    else if (!value)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "nothing is at \"%s\"", path);
    return value;
}

typedef struct {
    yyjson_mut_doc *doc;
    const char *op, *path, *from;
    yyjson_val *value;
    size_t *budget;
} Operation;

/* Copying a document into itself doubles it: what goes in is counted, and how
 * deep it then lies, before it is put there. */
static bool check_limits(const Operation *operation, yyjson_mut_val *value, GError **error) {
    size_t depth = 0;
    for (const char *c = operation->path; *c; c++)
        depth += *c == '/';
    if (depth <= JSON_DEPTH_MAX && json_mut_within(value, JSON_DEPTH_MAX - depth, operation->budget))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "\"%s\" would grow the document beyond reason", operation->path);
    return false;
}

static bool do_add(const Operation *operation, GError **error) {
    yyjson_mut_val *value = yyjson_val_mut_copy(operation->doc, operation->value);
    return check_limits(operation, value, error) && patch_add(operation->doc, operation->path, value, error);
}

static bool do_remove(const Operation *operation, GError **error) {
    return patch_take(operation->doc, operation->path, error) != NULL;
}

static bool do_replace(const Operation *operation, GError **error) {
    yyjson_mut_val *old = patch_find(operation->doc, operation->path, error);
    yyjson_mut_val *value = yyjson_val_mut_copy(operation->doc, operation->value);
    if (!old || !check_limits(operation, value, error))
        return false;
    /* The node stays where it is linked in and takes over what the new one holds. */
    old->tag = value->tag;
    old->uni = value->uni;
    return true;
}

static bool do_copy(const Operation *operation, GError **error) {
    yyjson_mut_val *source = patch_find(operation->doc, operation->from, error);
    return source && check_limits(operation, source, error) &&
           patch_add(operation->doc, operation->path, yyjson_mut_val_mut_copy(operation->doc, source), error);
}

static bool do_move(const Operation *operation, GError **error) {
    size_t length = strlen(operation->from);
    if (strncmp(operation->path, operation->from, length) == 0 && operation->path[length] == '/') {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "\"%s\" cannot be moved into itself", operation->from);
        return false;
    }
    yyjson_mut_val *source = patch_find(operation->doc, operation->from, error);
    if (!source || g_str_equal(operation->path, operation->from))
        return source != NULL;
    source = patch_take(operation->doc, operation->from, error);
    return source && check_limits(operation, source, error) &&
           patch_add(operation->doc, operation->path, source, error);
}

static bool do_test(const Operation *operation, GError **error) {
    yyjson_mut_val *found = patch_find(operation->doc, operation->path, error);
    if (!found)
        return false;
    if (json_mut_equal(found, yyjson_val_mut_copy(operation->doc, operation->value)))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT, "test failed at \"%s\"", operation->path);
    return false;
}

static bool patch_one(yyjson_mut_doc *doc, yyjson_val *object, size_t *budget, GError **error) {
    static const struct {
        const char *name;
        const char *needs;
        bool (*apply)(const Operation *operation, GError **error);
    } table[] = {{"add", "value", do_add},         {"remove", NULL, do_remove}, {"move", "from", do_move},
                 {"replace", "value", do_replace}, {"copy", "from", do_copy},   {"test", "value", do_test}};
    Operation operation = {.doc = doc,
                           .op = json_get_string(object, "op"),
                           .path = json_get_string(object, "path"),
                           .from = json_get_string(object, "from"),
                           .value = json_get(object, "value"),
                           .budget = budget};
    if (!operation.op || !operation.path) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID, "it needs \"op\" and \"path\"");
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (!g_str_equal(operation.op, table[i].name))
            continue;
        const char *needs = table[i].needs;
        if (!needs || (g_str_equal(needs, "value") ? operation.value != NULL : operation.from != NULL))
            return table[i].apply(&operation, error);
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s at \"%s\" needs \"%s\"", operation.op, operation.path,
                    needs);
        return false;
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "\"%s\" is none of add, remove, replace, move, copy, test",
                operation.op);
    return false;
}

bool json_patch_apply(yyjson_mut_doc *doc, yyjson_val *operations, GError **error) {
    if (!yyjson_is_arr(operations)) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID, "a JSON patch is a list of operations");
        return false;
    }
    size_t budget = VALUES_MAX;
    yyjson_mut_val *before = yyjson_mut_doc_get_root(doc);
    yyjson_mut_doc_set_root(doc, yyjson_mut_val_mut_copy(doc, before));
    size_t index, count;
    yyjson_val *operation;
    yyjson_arr_foreach(operations, index, count, operation) {
        if (!patch_one(doc, operation, &budget, error)) {
            yyjson_mut_doc_set_root(doc, before);
            g_prefix_error(error, "JSON patch operation %zu: ", index + 1);
            return false;
        }
    }
    return true;
}

/* --- JSON Merge Patch (RFC 7386) ------------------------------------------------------------ */

static yyjson_mut_val *merge(yyjson_mut_doc *doc, yyjson_mut_val *target, yyjson_val *patch) {
    if (!yyjson_is_obj(patch))
        return yyjson_val_mut_copy(doc, patch);
    if (!yyjson_mut_is_obj(target))
        target = yyjson_mut_obj(doc);
    yyjson_val *key, *value;
    json_foreach_member(patch, key, value) {
        const char *name = yyjson_get_str(key);
        size_t length = yyjson_get_len(key);
        if (yyjson_is_null(value))
            yyjson_mut_obj_remove_keyn(target, name, length);
        else
            json_mut_set_n(doc, target, name, length, merge(doc, yyjson_mut_obj_getn(target, name, length), value));
    }
    return target;
}

void json_merge_patch_apply(yyjson_mut_doc *doc, yyjson_val *patch) {
    yyjson_mut_doc_set_root(doc, merge(doc, yyjson_mut_doc_get_root(doc), patch));
}

/* A null says "remove" in a patch, so a member that is null counts as none. */
static yyjson_mut_val *member(yyjson_mut_val *object, yyjson_mut_val *key) {
    yyjson_mut_val *value = yyjson_mut_obj_getn(object, yyjson_mut_get_str(key), yyjson_mut_get_len(key));
    return yyjson_mut_is_null(value) ? NULL : value;
}

static void add_copy(yyjson_mut_doc *doc, yyjson_mut_val *patch, yyjson_mut_val *key, yyjson_mut_val *value) {
    yyjson_mut_obj_add(patch, yyjson_mut_strncpy(doc, yyjson_mut_get_str(key), yyjson_mut_get_len(key)), value);
}

yyjson_mut_val *json_merge_patch_make(yyjson_mut_doc *doc, yyjson_mut_val *from, yyjson_mut_val *to) {
    yyjson_mut_val *patch = yyjson_mut_obj(doc);
    size_t index, count;
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(from, index, count, key, value) {
        if (!yyjson_mut_is_null(value) && !member(to, key))
            add_copy(doc, patch, key, yyjson_mut_null(doc));
    }
    yyjson_mut_obj_foreach(to, index, count, key, value) {
        yyjson_mut_val *old = member(from, key), *part = NULL;
        if (member(to, key) != value) /* null, or a repeated key's second value */
            continue;
        if (yyjson_mut_is_obj(old) && yyjson_mut_is_obj(value))
            part = json_merge_patch_make(doc, old, value);
        else if (!old || !json_mut_equal(old, value))
            part = yyjson_mut_val_mut_copy(doc, value);
        if (part)
            add_copy(doc, patch, key, part);
    }
    return yyjson_mut_obj_size(patch) ? patch : NULL;
}
