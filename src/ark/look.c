#include "ark/look.h"

#include "ark/order.h"
#include "ark/catalog.h"
#include "ark/contents.h"
#include "base/text.h"

#include <string.h>

/* --- what is kept ------------------------------------------------------------------------- */

typedef struct {
    GHashTable *wanted; /* "namespace/name" and "/name" of objects that are kept whole, or NULL */
} Keep;

static void copy_member(yyjson_mut_doc *doc, yyjson_mut_val *to, yyjson_val *from, const char *key) {
    yyjson_val *value = json_get(from, key);
    if (value)
        json_mut_set(doc, to, key, yyjson_val_mut_copy(doc, value));
}

static void keep_facts(const ArkPlace *place, const char *text, size_t length, GByteArray *kept) {
    g_autoptr(yyjson_doc) object = json_parse(text, length, "", NULL);
    yyjson_val *root = yyjson_doc_get_root(object), *metadata = json_get(root, "metadata");
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *facts = yyjson_mut_obj(doc);
    if (object)
        json_mut_set(doc, facts, "size", yyjson_mut_uint(doc, length));
    copy_member(doc, facts, root, "apiVersion");
    copy_member(doc, facts, root, "kind");
    if (metadata) {
        yyjson_mut_val *own = json_mut_ensure_object(doc, facts, "metadata");
        copy_member(doc, own, metadata, "labels");
        copy_member(doc, own, metadata, "creationTimestamp");
    }
    yyjson_val *names = json_get(root, "spec", "names");
    if (names && g_str_equal(place->group_resource, ARK_CRDS))
        json_mut_set(doc, json_mut_ensure_object(doc, facts, "spec"), "names", yyjson_val_mut_copy(doc, names));
    size_t written;
    g_autofree char *json = json_mut_write(facts, &written);
    g_byte_array_append(kept, (const guint8 *)json, (guint)written);
}

static void reduce(const ArkPlace *place, const char *text, size_t length, GByteArray *kept, void *data) {
    const Keep *keep = data;
    if (keep->wanted) {
        g_autofree char *key = g_strdup_printf("%s/%s", place->namespace_ ? place->namespace_ : "", place->name);
        if (g_hash_table_contains(keep->wanted, key)) {
            g_byte_array_append(kept, (const guint8 *)text, (guint)length);
            return;
        }
    }
    keep_facts(place, text, length, kept);
}

/* --- opening -------------------------------------------------------------------------------- */

static ArkLook *look_new(Store *store, const char *backup, const ArkIndexOptions *options, GError **error) {
    g_autoptr(yyjson_doc) marker = ark_catalog_named(store, ARK_BACKUPS, backup, error);
    g_autoptr(ArkLook) look = g_new0(ArkLook, 1);
    look->backup = g_strdup(backup);
    look->index = marker ? ark_contents_read(store, backup, options, error) : NULL;
    if (!look->index)
        return NULL;
    look->kinds = ark_kinds_new(look->index);
    return g_steal_pointer(&look);
}

ArkLook *ark_look_open(Store *store, const char *backup, const ArkFilters *filters, ArkLookDepth depth,
                       const Limits *limits, GError **error) {
    Keep keep = {NULL};
    ArkIndexOptions options = {.reduce = depth == ARK_LOOK_FACTS ? reduce : NULL, .data = &keep, .limits = limits};
    g_autoptr(ArkLook) look = look_new(store, backup, &options, error);
    if (!look || (filters && !ark_selection_init(&look->selection, filters, look->index, NULL, error)))
        return NULL;
    look->filters = filters;
    return g_steal_pointer(&look);
}

ArkLook *ark_look_open_for(Store *store, const char *backup, const char *const *references, const Limits *limits,
                           GError **error) {
    g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Keep keep = {wanted};
    ArkIndexOptions options = {.reduce = reduce, .data = &keep, .limits = limits};
    for (; *references; references++) {
        const char *slash = strchr(*references, '/');
        if (slash)
            g_hash_table_add(wanted, strchr(slash + 1, '/') ? g_strdup(slash + 1) : g_strdup(slash));
    }
    return look_new(store, backup, &options, error);
}

void ark_look_free(ArkLook *look) {
    if (!look)
        return;
    ark_kinds_free(look->kinds);
    ark_selection_clear(&look->selection);
    ark_index_free(look->index);
    g_free(look->backup);
    g_free(look);
}

/* --- all ------------------------------------------------------------------------------------- */

static bool entry_is_taken(const ArkLook *look, const ArkIndexKind *kind, const ArkEntry *entry, yyjson_val *object) {
    return !look->filters || (ark_selection_has(&look->selection, kind->group_resource, entry) &&
                              ark_filters_match_labels(look->filters, json_get(object, "metadata", "labels")));
}

bool ark_look_each(const ArkLook *look, ArkLookFunc func, void *data, GError **error) {
    const GPtrArray *kinds = ark_index_kinds(look->index);
    for (guint i = 0; i < kinds->len; i++) {
        const ArkIndexKind *kind = g_ptr_array_index(kinds, i);
        for (guint k = 0; k < kind->entries->len; k++) {
            const ArkEntry *entry = &g_array_index(kind->entries, ArkEntry, k);
            g_autoptr(yyjson_doc) doc = ark_index_object(look->index, entry, NULL);
            yyjson_val *object = yyjson_doc_get_root(doc);
            if (entry_is_taken(look, kind, entry, object) && !func(look, kind, entry, object, data, error))
                return false;
        }
    }
    return true;
}

/* --- a few ------------------------------------------------------------------------------------ */

char *ark_look_reference(const ArkIndexKind *kind, const ArkEntry *entry) {
    return entry->namespace_ ? g_strdup_printf("%s/%s/%s", kind->group_resource, entry->namespace_, entry->name)
                             : g_strdup_printf("%s/%s", kind->group_resource, entry->name);
}

/* The object of the kind whose name is nearest: the same name elsewhere, else the least mistyped. g_free() it. */
static char *nearest_object(const ArkIndexKind *kind, const char *namespace_, const char *name) {
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < kind->entries->len; i++) {
        const ArkEntry *entry = &g_array_index(kind->entries, ArkEntry, i);
        if (g_str_equal(entry->name, name))
            return ark_look_reference(kind, entry);
        g_ptr_array_add(names, ark_look_reference(kind, entry));
    }
    g_ptr_array_add(names, NULL);
    g_autofree char *wanted =
        g_strdup_printf("%s/%s%s%s", kind->group_resource, namespace_ ? namespace_ : "", namespace_ ? "/" : "", name);
    return g_strdup(text_nearest(wanted, (const char *const *)names->pdata));
}

static const ArkEntry *find_one(const ArkLook *look, const char *reference, GError **error) {
    g_auto(GStrv) parts = g_strsplit(reference, "/", -1);
    guint count = g_strv_length(parts);
    bool form = count == 2 || count == 3;
    for (guint i = 0; i < count; i++)
        form = form && *parts[i];
    if (!form) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "\"%s\" is not KIND/NAMESPACE/NAME or, for cluster-scoped kinds, KIND/NAME", reference);
        return NULL;
    }
    const char *space = count == 3 ? parts[1] : NULL, *name = parts[count - 1];
    const ArkIndexKind *kind = ark_kinds_find(look->kinds, parts[0], look->backup, error);
    if (!kind)
        return NULL;
    const ArkEntry *entry = ark_index_find(look->index, kind->group_resource, space, name);
    if (entry)
        return entry;
    g_autofree char *nearest = nearest_object(kind, space, name), *hint = text_did_you_mean(nearest);
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "backup %s has no %s %s%s%s%s", look->backup,
                kind->group_resource, space ? space : "", space ? "/" : "", name, hint);
    return NULL;
}

GPtrArray *ark_look_find(const ArkLook *look, const char *const *references, GError **error) {
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    g_autoptr(GString) faults = g_string_new(NULL);
    gint code = BASE_ERROR_USAGE;
    for (; *references; references++) {
        g_autoptr(GError) fault = NULL;
        const ArkEntry *entry = find_one(look, *references, &fault);
        g_ptr_array_add(found, (void *)entry);
        if (!fault)
            continue;
        g_string_append_printf(faults, "%s%s", faults->len ? "\n     " : "", fault->message);
        if (fault->code == BASE_ERROR_NOT_FOUND)
            code = BASE_ERROR_NOT_FOUND;
    }
    if (faults->len == 0)
        return g_steal_pointer(&found);
    if (code == BASE_ERROR_NOT_FOUND)
        g_string_append_printf(faults, "\n     `ark backup ls %s` lists what is in it", look->backup);
    g_set_error(error, BASE_ERROR, code, "%s", faults->str);
    return NULL;
}
