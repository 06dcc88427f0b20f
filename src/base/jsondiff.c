#include "base/jsondiff.h"

#include <string.h>

typedef struct {
    GString *path;
    JsonDiffFunc func;
    void *data;
} Diff;

static void compare(Diff *diff, yyjson_mut_val *before, yyjson_mut_val *after);

static bool is_plain_key(const char *key) {
    for (const char *c = key; *c; c++)
        if (!g_ascii_isalnum(*c) && *c != '_' && *c != '-')
            return false;
    return *key != '\0';
}

/* Compares below a member; the path is as before when it returns. */
static void compare_member(Diff *diff, yyjson_mut_val *key, yyjson_mut_val *before, yyjson_mut_val *after) {
    gsize length = diff->path->len;
    const char *name = yyjson_mut_get_str(key);
    if (is_plain_key(name)) {
        g_string_append_printf(diff->path, "%s%s", length ? "." : "", name);
    } else {
        g_autofree char *quoted = json_mut_write(key, NULL);
        g_string_append_printf(diff->path, "[%s]", quoted);
    }
    compare(diff, before, after);
    g_string_truncate(diff->path, length);
}

static void compare_objects(Diff *diff, yyjson_mut_val *before, yyjson_mut_val *after) {
    size_t index, count;
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(before, index, count, key, value)
        compare_member(diff, key, value, json_mut_get(after, yyjson_mut_get_str(key)));
    yyjson_mut_obj_foreach(after, index, count, key, value) {
        if (!json_mut_get(before, yyjson_mut_get_str(key)))
            compare_member(diff, key, NULL, value);
    }
}

/* --- lists ---------------------------------------------------------------------------------------- */

/* Elements by their name; NULL unless each has one of its own. */
static GHashTable *by_name(yyjson_mut_val *list) {
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    size_t index, count;
    yyjson_mut_val *element;
    yyjson_mut_arr_foreach(list, index, count, element) {
        const char *name = json_mut_get_string(element, "name");
        if (!name || !g_hash_table_insert(names, (void *)name, element))
            return NULL;
    }
    return g_steal_pointer(&names);
}

static void compare_named(Diff *diff, const char *name, yyjson_mut_val *before, yyjson_mut_val *after) {
    gsize length = diff->path->len;
    g_string_append_printf(diff->path, "[name=%s]", name);
    compare(diff, before, after);
    g_string_truncate(diff->path, length);
}

/* Whether the elements that both lists have come in the same order. */
static bool same_order(yyjson_mut_val *before, yyjson_mut_val *after, GHashTable *before_names,
                       GHashTable *after_names) {
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    size_t index, count, at = 0;
    yyjson_mut_val *element;
    yyjson_mut_arr_foreach(before, index, count, element) {
        const char *name = json_mut_get_string(element, "name");
        if (g_hash_table_contains(after_names, name))
            g_ptr_array_add(order, (void *)name);
    }
    yyjson_mut_arr_foreach(after, index, count, element) {
        const char *name = json_mut_get_string(element, "name");
        if (g_hash_table_contains(before_names, name) && !g_str_equal(g_ptr_array_index(order, at++), name))
            return false;
    }
    return true;
}

static void compare_named_lists(Diff *diff, yyjson_mut_val *before, yyjson_mut_val *after, GHashTable *before_names,
                                GHashTable *after_names) {
    size_t index, count;
    yyjson_mut_val *element;
    if (!same_order(before, after, before_names, after_names)) {
        diff->func(diff->path->str, before, after, diff->data);
        return;
    }
    yyjson_mut_arr_foreach(before, index, count, element) {
        const char *name = json_mut_get_string(element, "name");
        compare_named(diff, name, element, g_hash_table_lookup(after_names, name));
    }
    yyjson_mut_arr_foreach(after, index, count, element) {
        const char *name = json_mut_get_string(element, "name");
        if (!g_hash_table_contains(before_names, name))
            compare_named(diff, name, NULL, element);
    }
}

static GPtrArray *elements_of(yyjson_mut_val *list) {
    GPtrArray *elements = g_ptr_array_new();
    size_t index, count;
    yyjson_mut_val *element;
    yyjson_mut_arr_foreach(list, index, count, element)
        g_ptr_array_add(elements, element);
    return elements;
}

/* By place, less what both begin and end with: one more element at the front is one difference. */
static void compare_places(Diff *diff, yyjson_mut_val *before, yyjson_mut_val *after) {
    g_autoptr(GPtrArray) old = elements_of(before), new = elements_of(after);
    guint start = 0, end = 0, shorter = MIN(old->len, new->len);
    while (start < shorter && json_mut_equal(g_ptr_array_index(old, start), g_ptr_array_index(new, start)))
        start++;
    while (end < shorter - start &&
           json_mut_equal(g_ptr_array_index(old, old->len - 1 - end), g_ptr_array_index(new, new->len - 1 - end)))
        end++;
    guint longer = MAX(old->len, new->len) - end;
    for (guint i = start; i < longer; i++) {
        gsize length = diff->path->len;
        g_string_append_printf(diff->path, "[%u]", i);
        compare(diff, i < old->len - end ? g_ptr_array_index(old, i) : NULL,
                i < new->len - end ? g_ptr_array_index(new, i) : NULL);
        g_string_truncate(diff->path, length);
    }
}

static void compare_lists(Diff *diff, yyjson_mut_val *before, yyjson_mut_val *after) {
    g_autoptr(GHashTable) before_names = by_name(before), after_names = by_name(after);
    if (before_names && after_names && g_hash_table_size(before_names) > 0 && g_hash_table_size(after_names) > 0)
        compare_named_lists(diff, before, after, before_names, after_names);
    else
        compare_places(diff, before, after);
}

static void compare(Diff *diff, yyjson_mut_val *before, yyjson_mut_val *after) {
    if (before && after && json_mut_equal(before, after))
        return;
    bool objects = yyjson_mut_is_obj(before) && yyjson_mut_is_obj(after) && yyjson_mut_obj_size(before) > 0 &&
                   yyjson_mut_obj_size(after) > 0;
    bool lists = yyjson_mut_is_arr(before) && yyjson_mut_is_arr(after) && yyjson_mut_arr_size(before) > 0 &&
                 yyjson_mut_arr_size(after) > 0;
    if (objects)
        compare_objects(diff, before, after);
    else if (lists)
        compare_lists(diff, before, after);
    else
        diff->func(diff->path->str, before, after, diff->data);
}

void json_diff(yyjson_mut_val *before, yyjson_mut_val *after, JsonDiffFunc func, void *data) {
    g_autoptr(GString) path = g_string_new(NULL);
    Diff diff = {path, func, data};
    if (before || after)
        compare(&diff, before, after);
}
