/* Kubernetes' strategic merge patch: semantics of the API server's, which
 * git.k8s.io/community's page on it describes, directives included. */
#include "base/jsonpatch.h"
#include "base/strategic-rules.h"

#include <string.h>

#define PATCH "$patch"
#define RETAIN_KEYS "$retainKeys"
#define DELETE_FROM "$deleteFromPrimitiveList/"
#define SET_ORDER "$setElementOrder/"

typedef struct {
    yyjson_mut_doc *doc;
    const char *kind;
} Merge;

static bool invalid(GError **error, const char *field, const char *reason) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "strategic merge patch: %s: %s", field, reason);
    return false;
}

/* --- directives ------------------------------------------------------------------------------ */

/* Other names with a '$' are fields: a CustomResourceDefinition has "$ref". */
static bool is_directive(const char *name) {
    return *name == '$' && (g_str_equal(name, PATCH) || g_str_equal(name, RETAIN_KEYS) ||
                            g_str_has_prefix(name, DELETE_FROM) || g_str_has_prefix(name, SET_ORDER));
}

static bool has_patch_directive(yyjson_val *value, const char *directive) {
    return g_strcmp0(json_get_string(value, PATCH), directive) == 0;
}

/* Whether "$patch" is there and says something; "merge" is what happens anyway. */
static bool is_special(yyjson_val *value) {
    return yyjson_obj_get(value, PATCH) && !has_patch_directive(value, "merge");
}

/* Looked for everywhere first, so that what is wrong never depends on what is there. */
static bool check_directives(yyjson_val *patch, const char *name, GError **error) {
    size_t index, count;
    yyjson_val *key, *member;
    if (is_special(patch) && !has_patch_directive(patch, "replace") && !has_patch_directive(patch, "delete"))
        return invalid(error, name, "\"$patch\" is none of replace, delete, merge");
    yyjson_arr_foreach(patch, index, count, member) {
        if (!check_directives(member, name, error))
            return false;
    }
    json_foreach_member(patch, key, member) {
        if (!check_directives(member, yyjson_get_str(key), error))
            return false;
    }
    return true;
}

static yyjson_mut_val *cleaned(const Merge *merge, yyjson_val *value);

static void add_cleaned(const Merge *merge, yyjson_mut_val *object, yyjson_val *patch) {
    yyjson_val *key, *member;
    json_foreach_member(patch, key, member) {
        if (is_directive(yyjson_get_str(key)) || yyjson_is_null(member) || has_patch_directive(member, "delete"))
            continue;
        json_mut_set_n(merge->doc, object, yyjson_get_str(key), yyjson_get_len(key), cleaned(merge, member));
    }
}

/* A copy of what a patch adds where there is nothing to merge with: without
 * directives and without the nulls that say "remove". */
static yyjson_mut_val *cleaned(const Merge *merge, yyjson_val *value) {
    size_t index, count;
    yyjson_val *member;
    if (yyjson_is_obj(value)) {
        yyjson_mut_val *object = yyjson_mut_obj(merge->doc);
        add_cleaned(merge, object, value);
        return object;
    }
    if (!yyjson_is_arr(value))
        return yyjson_val_mut_copy(merge->doc, value);
    yyjson_mut_val *array = yyjson_mut_arr(merge->doc);
    yyjson_arr_foreach(value, index, count, member) {
        if (!is_special(member))
            yyjson_mut_arr_append(array, cleaned(merge, member));
    }
    return array;
}

/* Drops what the list does not name; the patch itself must keep to it. */
static bool retain_keys(yyjson_mut_val *target, yyjson_val *patch, GError **error) {
    yyjson_val *list = yyjson_obj_get(patch, RETAIN_KEYS), *key, *member;
    if (!list)
        return true;
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    size_t index, count;
    bool ok = yyjson_is_arr(list);
    yyjson_arr_foreach(list, index, count, member) {
        ok = ok && yyjson_is_str(member);
        if (ok)
            g_hash_table_add(names, (char *)yyjson_get_str(member));
    }
    if (!ok)
        return invalid(error, RETAIN_KEYS, "is not a list of names");
    json_foreach_member(patch, key, member) {
        const char *name = yyjson_get_str(key);
        if (!is_directive(name) && !yyjson_is_null(member) && !g_hash_table_contains(names, name))
            return invalid(error, name, "is set but not among \"$retainKeys\"");
    }
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(target);
    for (yyjson_mut_val *old; (old = yyjson_mut_obj_iter_next(&iter));)
        if (!g_hash_table_contains(names, yyjson_mut_get_str(old)))
            yyjson_mut_obj_iter_remove(&iter);
    return true;
}

static bool delete_from_list(const Merge *merge, yyjson_mut_val *target, const char *field, yyjson_val *values,
                             GError **error) {
    if (!yyjson_is_arr(values))
        return invalid(error, field, "\"" DELETE_FROM "\" is not a list");
    yyjson_mut_val *array = yyjson_mut_obj_get(target, field);
    size_t index, count;
    yyjson_val *value;
    yyjson_arr_foreach(values, index, count, value) {
        yyjson_mut_val *unwanted = yyjson_val_mut_copy(merge->doc, value), *item;
        yyjson_mut_arr_iter iter = yyjson_mut_arr_iter_with(array);
        while ((item = yyjson_mut_arr_iter_next(&iter)))
            if (json_mut_equal(item, unwanted))
                yyjson_mut_arr_iter_remove(&iter);
    }
    return true;
}

/* --- lists ------------------------------------------------------------------------------------- */

static bool merge_object(const Merge *merge, const char *name, yyjson_mut_val *target, yyjson_val *patch,
                         GError **error);

/* An item of the list that comes out. */
typedef struct {
    yyjson_mut_val *value;
    size_t old_index;   /* G_MAXSIZE: it is new */
    size_t patch_index; /* in the list that says the order; G_MAXSIZE: not in it */
} Item;

typedef struct {
    const Merge *merge;
    const char *field;
    const char *key; /* NULL for sets of scalars */
    GArray *items;
} List;

/* What makes two items the same one. */
static yyjson_mut_val *identity(const List *list, yyjson_mut_val *item) {
    return list->key ? yyjson_mut_obj_get(item, list->key) : item;
}

static bool is_same(const List *list, const Item *item, yyjson_mut_val *wanted) {
    yyjson_mut_val *have = identity(list, item->value);
    return have && json_mut_equal(have, wanted);
}

static Item *find(const List *list, yyjson_mut_val *wanted) {
    for (guint i = 0; i < list->items->len; i++)
        if (is_same(list, &g_array_index(list->items, Item, i), wanted))
            return &g_array_index(list->items, Item, i);
    return NULL;
}

/* The identity of a patch's item, or an error where it has none. */
static yyjson_mut_val *patch_identity(const List *list, yyjson_val *item, GError **error) {
    yyjson_val *value = list->key ? yyjson_obj_get(item, list->key) : item;
    if (value && !yyjson_is_ctn(value))
        return yyjson_val_mut_copy(list->merge->doc, value);
    g_autofree char *reason = list->key ? g_strdup_printf("an item has no \"%s\", its merge key", list->key)
                                        : g_strdup("an item is no scalar");
    invalid(error, list->field, reason);
    return NULL;
}

static void delete_items(const List *list, yyjson_mut_val *unwanted) {
    for (guint i = list->items->len; i-- > 0;)
        if (is_same(list, &g_array_index(list->items, Item, i), unwanted))
            g_array_remove_index(list->items, i);
}

/* The items that the patch deletes; or all of them, when it replaces the list. */
static bool apply_special_items(const List *list, yyjson_val *patch, GError **error) {
    size_t index, count;
    yyjson_val *item;
    bool replace = false;
    yyjson_arr_foreach(patch, index, count, item) {
        replace = replace || has_patch_directive(item, "replace");
        if (!has_patch_directive(item, "delete"))
            continue;
        yyjson_mut_val *unwanted = patch_identity(list, item, error);
        if (!unwanted)
            return false;
        delete_items(list, unwanted);
    }
    if (replace)
        g_array_set_size(list->items, 0);
    return true;
}

static bool apply_item(const List *list, yyjson_val *patch, GError **error) {
    yyjson_mut_val *wanted = patch_identity(list, patch, error);
    if (!wanted)
        return false;
    Item *found = find(list, wanted);
    if (found)
        return !list->key || merge_object(list->merge, list->field, found->value, patch, error);
    Item item = {cleaned(list->merge, patch), G_MAXSIZE, G_MAXSIZE};
    g_array_append_val(list->items, item);
    return true;
}

/* Gives every item its place in the order that the patch wants. With an order of
 * its own ("$setElementOrder"), what the patch sets must be in it, in that order. */
static bool index_items(const List *list, yyjson_val *order, yyjson_val *patch, GError **error) {
    size_t index, count, place = 0, patched = 0;
    yyjson_val *entry;
    g_autofree yyjson_mut_val **expected = g_new0(yyjson_mut_val *, yyjson_arr_size(patch) + 1);
    yyjson_arr_foreach(patch, index, count, entry) {
        if (!is_special(entry) && !(expected[patched++] = patch_identity(list, entry, error)))
            return false;
    }
    size_t seen = 0;
    yyjson_arr_foreach(order, index, count, entry) {
        yyjson_mut_val *wanted = is_special(entry) ? NULL : patch_identity(list, entry, error);
        if (!wanted && !is_special(entry))
            return false;
        if (wanted && seen < patched && json_mut_equal(expected[seen], wanted))
            seen++;
        for (guint i = 0; wanted && i < list->items->len; i++) {
            Item *item = &g_array_index(list->items, Item, i);
            if (item->patch_index == G_MAXSIZE && is_same(list, item, wanted))
                item->patch_index = place;
        }
        place++;
    }
    return seen == patched || invalid(error, list->field, "the order of its items is not that of \"" SET_ORDER "\"");
}

static int by_patch_index(const void *a, const void *b) {
    const Item *left = a, *right = b;
    return (left->patch_index > right->patch_index) - (left->patch_index < right->patch_index);
}

/* Items of the patch come in its order, the others in theirs; one of the others
 * goes before the first of the patch that it stood before. */
static yyjson_mut_val *ordered(const List *list) {
    g_autoptr(GArray) ours = g_array_new(FALSE, FALSE, sizeof(Item)), theirs = g_array_new(FALSE, FALSE, sizeof(Item));
    for (guint i = 0; i < list->items->len; i++) {
        Item item = g_array_index(list->items, Item, i);
        g_array_append_val(item.patch_index == G_MAXSIZE ? theirs : ours, item);
    }
    g_array_sort(ours, by_patch_index); /* a stable sort */
    yyjson_mut_val *out = yyjson_mut_arr(list->merge->doc);
    guint i = 0, k = 0;
    while (i < theirs->len || k < ours->len) {
        const Item *left = i < theirs->len ? &g_array_index(theirs, Item, i) : NULL;
        const Item *right = k < ours->len ? &g_array_index(ours, Item, k) : NULL;
        bool take_left = left && (!right || (right->old_index != G_MAXSIZE && left->old_index < right->old_index));
        yyjson_mut_arr_append(out, take_left ? left->value : right->value);
        take_left ? i++ : k++;
    }
    return out;
}

static void load_items(const List *list, yyjson_mut_val *array) {
    size_t index, count;
    yyjson_mut_val *value;
    yyjson_mut_arr_foreach(array, index, count, value) {
        Item item = {value, index, G_MAXSIZE};
        g_array_append_val(list->items, item);
    }
}

/* `order` is the patch itself unless it says another one. */
static bool merge_items(const List *list, yyjson_val *patch, yyjson_val *order, GError **error) {
    if (!apply_special_items(list, patch, error))
        return false;
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(patch, index, count, item) {
        if (!is_special(item) && !apply_item(list, item, error))
            return false;
    }
    return index_items(list, order, patch, error);
}

/* `parent` names what `target` is in; patch or order may be NULL. */
static bool merge_list(const Merge *merge, const char *parent, yyjson_mut_val *target, const char *field,
                       yyjson_val *patch, yyjson_val *order, GError **error) {
    yyjson_mut_val *old = yyjson_mut_obj_get(target, field);
    List list = {.merge = merge, .field = field};
    StrategicList kind = strategic_list(merge->kind, parent, field, &list.key);
    if (kind == STRATEGIC_ATOMIC) {
        if (patch)
            json_mut_set(merge->doc, target, field, cleaned(merge, patch));
        return true;
    }
    list.items = g_array_new(FALSE, FALSE, sizeof(Item));
    load_items(&list, yyjson_mut_is_arr(old) ? old : NULL);
    bool ok = merge_items(&list, patch, order ? order : patch, error);
    if (ok)
        json_mut_set(merge->doc, target, field, ordered(&list));
    g_array_unref(list.items);
    return ok;
}

/* --- objects ----------------------------------------------------------------------------------- */

static bool apply_order(const Merge *merge, const char *name, yyjson_mut_val *target, yyjson_val *patch,
                        const char *field, yyjson_val *order, GError **error) {
    yyjson_val *list = yyjson_obj_get(patch, field);
    yyjson_mut_val *old = yyjson_mut_obj_get(target, field);
    if (!yyjson_is_arr(order) || (list && !yyjson_is_arr(list) && !yyjson_is_null(list)))
        return invalid(error, field, "\"" SET_ORDER "\" and the field are not both lists");
    /* A null removes the field, later; without the field there is nothing to order. */
    if (yyjson_is_null(list) || (!list && !yyjson_mut_is_arr(old)))
        return true;
    return merge_list(merge, name, target, field, list, order, error);
}

static bool apply_directives(const Merge *merge, const char *name, yyjson_mut_val *target, yyjson_val *patch,
                             GError **error) {
    yyjson_val *key, *value;
    if (!retain_keys(target, patch, error))
        return false;
    json_foreach_member(patch, key, value) {
        const char *directive = yyjson_get_str(key);
        if (g_str_has_prefix(directive, SET_ORDER) &&
            !apply_order(merge, name, target, patch, directive + strlen(SET_ORDER), value, error))
            return false;
    }
    json_foreach_member(patch, key, value) {
        const char *directive = yyjson_get_str(key);
        if (g_str_has_prefix(directive, DELETE_FROM) &&
            !delete_from_list(merge, target, directive + strlen(DELETE_FROM), value, error))
            return false;
    }
    return true;
}

static bool has_order(yyjson_val *patch, const char *field) {
    g_autofree char *directive = g_strconcat(SET_ORDER, field, NULL);
    return yyjson_obj_get(patch, directive) != NULL;
}

/* One member of a patch; `parent` names what `target` is in. */
static bool merge_member(const Merge *merge, const char *parent, yyjson_mut_val *target, yyjson_val *key,
                         yyjson_val *patch, GError **error) {
    const char *field = yyjson_get_str(key);
    size_t length = yyjson_get_len(key);
    yyjson_mut_val *old = yyjson_mut_obj_getn(target, field, length);
    if (yyjson_is_null(patch) || (!yyjson_mut_is_obj(old) && has_patch_directive(patch, "delete"))) {
        yyjson_mut_obj_remove_keyn(target, field, length);
        return true;
    }
    if (yyjson_is_obj(patch) && yyjson_mut_is_obj(old) && !strategic_replaces_object(merge->kind, parent, field))
        return merge_object(merge, field, old, patch, error);
    if (yyjson_is_arr(patch) && yyjson_mut_is_arr(old))
        return merge_list(merge, parent, target, field, patch, NULL, error);
    json_mut_set_n(merge->doc, target, field, length, cleaned(merge, patch));
    return true;
}

/* Recursion is bounded: it goes down the patch, which is at most JSON_DEPTH_MAX deep. */
static bool merge_object(const Merge *merge, const char *name, yyjson_mut_val *target, yyjson_val *patch,
                         GError **error) {
    if (is_special(patch)) {
        yyjson_mut_obj_clear(target);
        if (has_patch_directive(patch, "replace"))
            add_cleaned(merge, target, patch);
        return true;
    }
    if (!apply_directives(merge, name, target, patch, error))
        return false;
    yyjson_val *key, *value;
    json_foreach_member(patch, key, value) {
        const char *field = yyjson_get_str(key);
        bool is_done = is_directive(field) || (yyjson_is_arr(value) && has_order(patch, field));
        if (!is_done && !merge_member(merge, name, target, key, value, error))
            return false;
    }
    return true;
}

bool json_strategic_patch_apply(yyjson_mut_doc *doc, yyjson_val *patch, GError **error) {
    yyjson_mut_val *before = yyjson_mut_doc_get_root(doc);
    const char *kind = json_mut_get_string(before, "kind"), *api_version = json_mut_get_string(before, "apiVersion");
    if (!kind || !api_version || !strategic_is_built_in(api_version)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED,
                    "a strategic merge patch works for built-in kinds only, not for %s of %s; use a merge patch",
                    kind ? kind : "an object", api_version ? api_version : "no API version");
        return false;
    }
    if (!yyjson_is_obj(patch))
        return invalid(error, "the patch", "is not an object");
    if (!check_directives(patch, "the patch", error))
        return false;
    g_autofree char *kind_copy = g_strdup(kind); /* the patch may change it */
    Merge merge = {doc, kind_copy};
    yyjson_mut_val *after = yyjson_mut_val_mut_copy(doc, before);
    if (!merge_object(&merge, NULL, after, patch, error))
        return false;
    yyjson_mut_doc_set_root(doc, after);
    return true;
}
