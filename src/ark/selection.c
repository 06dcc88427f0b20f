#include "ark/selection.h"

#include "ark/kinds.h"
#include "base/text.h"

static void add_where_named(GPtrArray *names, const char *name, const char *by) {
    for (guint i = 0, count = names->len; i < count; i++)
        if (g_str_equal(g_ptr_array_index(names, i), name))
            g_ptr_array_add(names, g_strdup(by)); /* the old name matches nothing */
}

/* What the cluster does not serve may be in the backup. */
static void resolve_by_backup(ArkSelection *selection, const ArkIndex *index) {
    GPtrArray *unknown = selection->kinds.unknown;
    g_autoptr(ArkKinds) kinds = unknown->len > 0 ? ark_kinds_new(index) : NULL;
    for (guint i = unknown->len; i-- > 0;) {
        const char *name = g_ptr_array_index(unknown, i);
        g_autoptr(GPtrArray) found = ark_kinds_match(kinds, name);
        for (guint k = 0; k < found->len; k++) {
            const char *kind = ((const ArkIndexKind *)g_ptr_array_index(found, k))->group_resource;
            add_where_named(selection->kinds.lists.includes, name, kind);
            add_where_named(selection->kinds.lists.excludes, name, kind);
        }
        if (found->len > 0)
            g_ptr_array_remove_index(unknown, i);
    }
}

bool ark_selection_init(ArkSelection *selection, const ArkFilters *filters, const ArkIndex *index,
                        const KubeDiscovery *discovery, GError **error) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    GHashTableIter iter;
    void *name;
    *selection = (ArkSelection){.filters = filters};
    g_hash_table_iter_init(&iter, ark_index_namespaces(index));
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, name);
    if (!ark_namespace_filter_init(&selection->namespaces, (const char *const *)filters->included_namespaces,
                                   (const char *const *)filters->excluded_namespaces, names, error))
        return false;
    ArkResourceFilterSpec kinds = ark_filters_resources(filters);
    ark_resource_filter_init(&selection->kinds, &kinds, discovery, &selection->namespaces);
    resolve_by_backup(selection, index);
    return true;
}

void ark_selection_clear(ArkSelection *selection) {
    ark_namespace_filter_clear(&selection->namespaces);
    ark_resource_filter_clear(&selection->kinds);
}

/* By name, for kinds that the cluster need not serve yet. */
static bool kind_is_included(const ArkSelection *selection, const char *group_resource, bool namespaced) {
    if (!ark_include_exclude_has(&selection->kinds.lists, group_resource))
        return false;
    const ArkIncludeExclude *scoped = namespaced ? &selection->kinds.namespaced : &selection->kinds.cluster;
    return ark_include_exclude_has(scoped, group_resource);
}

bool ark_selection_has(const ArkSelection *selection, const char *group_resource, const ArkEntry *entry) {
    if (g_str_equal(group_resource, "namespaces"))
        return ark_namespace_filter_has(&selection->namespaces, entry->name) &&
               kind_is_included(selection, group_resource, false);
    if (entry->namespace_)
        return ark_namespace_filter_has(&selection->namespaces, entry->namespace_) &&
               kind_is_included(selection, group_resource, true);
    int cluster = selection->filters->include_cluster_resources;
    if (cluster == 0 || (cluster < 0 && !ark_include_exclude_is_everything(&selection->namespaces.lists)))
        return false;
    return kind_is_included(selection, group_resource, false);
}

static void note_missing(GPtrArray *notes, const ArkIndex *index, const char *name, const char *where) {
    GHashTable *there = ark_index_namespaces(index);
    if (g_hash_table_contains(there, name) || ark_index_find(index, "namespaces", NULL, name))
        return;
    g_autofree const char **names = (const char **)g_hash_table_get_keys_as_array(there, NULL);
    g_autofree char *hint = text_did_you_mean(text_nearest(name, names));
    g_ptr_array_add(notes, g_strdup_printf("the backup has no namespace \"%s\", which %s names%s", name, where, hint));
}

GPtrArray *ark_selection_missing_namespaces(const ArkSelection *selection, const ArkIndex *index, GHashTable *mapping) {
    const GPtrArray *includes = selection->namespaces.lists.includes;
    GPtrArray *notes = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < includes->len; i++)
        if (!g_str_equal(g_ptr_array_index(includes, i), "*"))
            note_missing(notes, index, g_ptr_array_index(includes, i), "a filter");
    if (selection->namespaces.expanded && includes->len == 0)
        g_ptr_array_add(notes, g_strdup("no namespace of the backup matches the patterns of the filter"));
    GHashTableIter iter;
    void *name;
    if (mapping)
        g_hash_table_iter_init(&iter, mapping);
    while (mapping && g_hash_table_iter_next(&iter, &name, NULL))
        note_missing(notes, index, name, "a mapping");
    return notes;
}

bool ark_selection_is_everything(const ArkSelection *selection) {
    return selection->filters->selectors->len == 0 && ark_include_exclude_is_everything(&selection->namespaces.lists) &&
           ark_include_exclude_is_everything(&selection->kinds.lists) &&
           selection->filters->include_cluster_resources != 0;
}
