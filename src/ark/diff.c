#include "ark/diff.h"

#include "ark/clean.h"
#include "ark/order.h"
#include "base/text.h"

#include <string.h>

typedef struct {
    const ArkDiffRequest *request;
    ArkDiffFunc func;
    void *data;
    ArkDiffCounts *counts;
    ArkClean before, after;
} Diff;

/* --- an object as it is compared ---------------------------------------------------------------- */

/* Labels that restores and backups add. */
static void drop_marks(yyjson_mut_val *object) {
    yyjson_mut_val *metadata = json_mut_get(object, "metadata"), *labels = json_mut_get(metadata, "labels");
    static const char *const marks[] = {"velero.io/backup-name", "velero.io/restore-name"};
    bool dropped = false;
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
        dropped = json_mut_remove(labels, marks[i]) || dropped;
    if (dropped && yyjson_mut_obj_size(labels) == 0)
        json_mut_remove(metadata, "labels");
}

/* The object in its normal form. NULL without an error: it does not count. */
static yyjson_mut_doc *normal_form(const Diff *diff, const ArkClean *clean, const char *group_resource,
                                   const ArkEntry *entry, GError **error) {
    g_autoptr(yyjson_doc) stored = ark_index_object(clean->index, entry, error);
    if (!stored || ark_clean_leaves_out(clean, group_resource, yyjson_doc_get_root(stored)))
        return NULL;
    g_autoptr(yyjson_mut_doc) doc = yyjson_doc_mut_copy(stored, NULL);
    if (diff->request->all_fields)
        return g_steal_pointer(&doc);
    drop_marks(yyjson_mut_doc_get_root(doc));
    if (!ark_clean(clean, group_resource, doc, error)) {
        g_prefix_error(error, "%s %s%s%s: ", group_resource, entry->namespace_ ? entry->namespace_ : "",
                       entry->namespace_ ? "/" : "", entry->name);
        return NULL;
    }
    return g_steal_pointer(&doc);
}

/* --- one pair ------------------------------------------------------------------------------------- */

static bool tell(Diff *diff, ArkDiffChange change, const char *group_resource, const ArkEntry *entry,
                 yyjson_mut_doc *before, yyjson_mut_doc *after, GError **error) {
    guint64 *counts[] = {&diff->counts->added, &diff->counts->removed, &diff->counts->changed};
    ++*counts[change];
    ArkDifference difference = {.change = change,
                                .group_resource = group_resource,
                                .namespace_ = entry->namespace_,
                                .name = entry->name,
                                .before = before ? yyjson_mut_doc_get_root(before) : NULL,
                                .after = after ? yyjson_mut_doc_get_root(after) : NULL};
    return diff->func(&difference, diff->data, error);
}

/* Either entry may be NULL. */
static bool compare_pair(Diff *diff, const char *group_resource, const ArkEntry *before, const ArkEntry *after,
                         GError **error) {
    GError *failure = NULL;
    g_autoptr(yyjson_mut_doc) old = before ? normal_form(diff, &diff->before, group_resource, before, &failure) : NULL;
    g_autoptr(yyjson_mut_doc) new =
        after && !failure ? normal_form(diff, &diff->after, group_resource, after, &failure) : NULL;
    if (failure) {
        g_propagate_error(error, failure);
        return false;
    }
    if ((before && !old) || (after && !new)) /* left out on one side: an owner is dropped by a restore, for one */
        return true;
    if (!old || !new)
        return tell(diff, old ? ARK_DIFF_REMOVED : ARK_DIFF_ADDED, group_resource, before ? before : after, old, new,
                    error);
    if (!json_mut_equal(yyjson_mut_doc_get_root(old), yyjson_mut_doc_get_root(new)))
        return tell(diff, ARK_DIFF_CHANGED, group_resource, before, old, new, error);
    diff->counts->same++;
    return true;
}

/* --- all of them ------------------------------------------------------------------------------------ */

/* Walks the entries of both, which are sorted, side by side. */
static bool compare_kind(Diff *diff, const char *group_resource, GError **error) {
    const ArkIndexKind *old = ark_index_kind(diff->request->before, group_resource),
                       *new = ark_index_kind(diff->request->after, group_resource);
    guint i = 0, k = 0, old_count = old ? old->entries->len : 0, new_count = new ? new->entries->len : 0;
    while (i < old_count || k < new_count) {
        const ArkEntry *before = i < old_count ? &g_array_index(old->entries, ArkEntry, i) : NULL,
                       *after = k < new_count ? &g_array_index(new->entries, ArkEntry, k) : NULL;
        int order = !before ? 1 : !after ? -1 : ark_entry_compare(before, after);
        if (cancel_check(diff->request->cancel, error) ||
            !compare_pair(diff, group_resource, order <= 0 ? before : NULL, order >= 0 ? after : NULL, error))
            return false;
        i += order <= 0;
        k += order >= 0;
    }
    return true;
}

static GPtrArray *kinds_of_both(const ArkDiffRequest *request) {
    GPtrArray *names = g_ptr_array_new();
    const ArkIndex *sides[] = {request->before, request->after};
    for (int side = 0; side < 2; side++) {
        const GPtrArray *kinds = ark_index_kinds(sides[side]);
        for (guint i = 0; i < kinds->len; i++) {
            char *name = ((const ArkIndexKind *)g_ptr_array_index(kinds, i))->group_resource;
            if ((request->all_fields || !ark_order_is_never_restored(name)) &&
                (side == 0 || !ark_index_kind(request->before, name)))
                g_ptr_array_add(names, name);
        }
    }
    g_ptr_array_sort(names, text_compare);
    return names;
}

bool ark_diff(const ArkDiffRequest *request, ArkDiffFunc func, void *data, ArkDiffCounts *out, GError **error) {
    *out = (ArkDiffCounts){0};
    Diff diff = {.request = request, .func = func, .data = data, .counts = out};
    ark_clean_init(&diff.before, request->before, request->all_fields, ARK_SECRETS_INCLUDE);
    ark_clean_init(&diff.after, request->after, request->all_fields, ARK_SECRETS_INCLUDE);
    g_autoptr(GPtrArray) kinds = kinds_of_both(request);
    bool ok = true;
    for (guint i = 0; ok && i < kinds->len; i++)
        ok = compare_kind(&diff, g_ptr_array_index(kinds, i), error);
    ark_clean_clear(&diff.before);
    ark_clean_clear(&diff.after);
    return ok;
}
