#include "ark/filter.h"

#include "base/text.h"

#include <string.h>

void ark_include_exclude_init(ArkIncludeExclude *lists) {
    lists->includes = g_ptr_array_new_with_free_func(g_free);
    lists->excludes = g_ptr_array_new_with_free_func(g_free);
}

void ark_include_exclude_clear(ArkIncludeExclude *lists) {
    g_clear_pointer(&lists->includes, g_ptr_array_unref);
    g_clear_pointer(&lists->excludes, g_ptr_array_unref);
}

static bool list_matches(const GPtrArray *list, const char *name) {
    for (guint i = 0; i < list->len; i++)
        if (glob_matches(g_ptr_array_index(list, i), name))
            return true;
    return false;
}

static bool list_has(const GPtrArray *list, const char *name) {
    for (guint i = 0; i < list->len; i++)
        if (g_str_equal(g_ptr_array_index(list, i), name))
            return true;
    return false;
}

bool ark_include_exclude_has(const ArkIncludeExclude *lists, const char *name) {
    return !list_matches(lists->excludes, name) && (lists->includes->len == 0 || list_matches(lists->includes, name));
}

bool ark_include_exclude_excludes(const ArkIncludeExclude *lists, const char *name) {
    return list_matches(lists->excludes, name);
}

bool ark_include_exclude_is_everything(const ArkIncludeExclude *lists) {
    return lists->excludes->len == 0 &&
           (lists->includes->len == 0 || (lists->includes->len == 1 && list_has(lists->includes, "*")));
}

/* --- namespaces -------------------------------------------------------------------------- */

void ark_namespace_filter_clear(ArkNamespaceFilter *filter) {
    ark_include_exclude_clear(&filter->lists);
}

static bool any_wildcard(const char *const *list) {
    for (; list && *list; list++)
        if (glob_has_wildcard(*list))
            return true;
    return false;
}

/* Adds a name, or what a pattern matches. */
static bool add_namespace(GPtrArray *list, const char *pattern, bool expand, const GPtrArray *active, GError **error) {
    if (!expand || !glob_has_wildcard(pattern)) {
        g_ptr_array_add(list, g_strdup(pattern));
        return true;
    }
    if (!glob_validate(pattern, error))
        return false;
    for (guint i = 0; active && i < active->len; i++)
        if (glob_matches(pattern, g_ptr_array_index(active, i)) && !list_has(list, g_ptr_array_index(active, i)))
            g_ptr_array_add(list, g_strdup(g_ptr_array_index(active, i)));
    return true;
}

/* The expanded includes less the expanded excludes. */
static void subtract(ArkIncludeExclude *lists) {
    for (guint i = lists->includes->len; i-- > 0;)
        if (list_has(lists->excludes, g_ptr_array_index(lists->includes, i)))
            g_ptr_array_remove_index(lists->includes, i);
}

bool ark_namespace_filter_init(ArkNamespaceFilter *filter, const char *const *includes, const char *const *excludes,
                               const GPtrArray *active, GError **error) {
    ark_include_exclude_init(&filter->lists);
    bool star_alone = includes && includes[0] && !includes[1] && g_str_equal(includes[0], "*");
    bool none = !includes || !includes[0];
    filter->expanded = (!none && !star_alone && any_wildcard(includes)) || any_wildcard(excludes);
    bool expand_includes = filter->expanded && !star_alone;
    for (const char *const *name = includes; name && *name; name++)
        if (!add_namespace(filter->lists.includes, *name, expand_includes, active, error))
            return false;
    for (const char *const *name = excludes; name && *name; name++)
        if (!add_namespace(filter->lists.excludes, *name, filter->expanded, active, error))
            return false;
    if (expand_includes && !none)
        subtract(&filter->lists);
    filter->expanded = expand_includes && !none;
    return true;
}

bool ark_namespace_filter_has(const ArkNamespaceFilter *filter, const char *name) {
    if (filter->expanded && filter->lists.includes->len == 0)
        return false; /* patterns that matched nothing include nothing */
    return ark_include_exclude_has(&filter->lists, name);
}

/* --- kinds ---------------------------------------------------------------------------------- */

static bool has_any(const char *const *list) {
    return list && *list;
}

bool ark_resource_filter_spec_is_old(const ArkResourceFilterSpec *spec) {
    return has_any(spec->resources) || has_any(spec->excluded_resources) || spec->include_cluster_resources >= 0;
}

bool ark_resource_filter_spec_is_scoped(const ArkResourceFilterSpec *spec) {
    return has_any(spec->cluster_scoped) || has_any(spec->excluded_cluster_scoped) || has_any(spec->namespace_scoped) ||
           has_any(spec->excluded_namespace_scoped);
}

/* Adds names, resolved. An old filter keeps unknown names, so that a list of
 * nothing known does not become "everything"; a scoped one drops names of the
 * other scope. scope: -1 any, 0 cluster, 1 namespaced. */
static void add_kinds(ArkResourceFilter *filter, GPtrArray *list, const char *const *names, int scope,
                      const KubeDiscovery *discovery) {
    for (; names && *names; names++) {
        const KubeResource *resource =
            discovery && !glob_has_wildcard(*names) ? kube_discovery_find(discovery, *names) : NULL;
        if (!resource && !glob_has_wildcard(*names))
            g_ptr_array_add(filter->unknown, g_strdup(*names));
        if (resource && scope >= 0 && resource->namespaced != scope)
            continue;
        g_ptr_array_add(list, g_strdup(resource ? resource->group_resource : *names));
    }
}

void ark_resource_filter_init(ArkResourceFilter *filter, const ArkResourceFilterSpec *spec,
                              const KubeDiscovery *discovery, const ArkNamespaceFilter *namespaces) {
    *filter = (ArkResourceFilter){.scoped = ark_resource_filter_spec_is_scoped(spec) ||
                                            !ark_resource_filter_spec_is_old(spec),
                                  .include_cluster_resources = spec->include_cluster_resources,
                                  .namespaces = namespaces,
                                  .unknown = g_ptr_array_new_with_free_func(g_free)};
    ark_include_exclude_init(&filter->lists);
    ark_include_exclude_init(&filter->cluster);
    ark_include_exclude_init(&filter->namespaced);
    add_kinds(filter, filter->lists.includes, spec->resources, -1, discovery);
    add_kinds(filter, filter->lists.excludes, spec->excluded_resources, -1, discovery);
    add_kinds(filter, filter->cluster.includes, spec->cluster_scoped, 0, discovery);
    add_kinds(filter, filter->cluster.excludes, spec->excluded_cluster_scoped, 0, discovery);
    add_kinds(filter, filter->namespaced.includes, spec->namespace_scoped, 1, discovery);
    add_kinds(filter, filter->namespaced.excludes, spec->excluded_namespace_scoped, 1, discovery);
}

void ark_resource_filter_clear(ArkResourceFilter *filter) {
    ark_include_exclude_clear(&filter->lists);
    ark_include_exclude_clear(&filter->cluster);
    ark_include_exclude_clear(&filter->namespaced);
    g_clear_pointer(&filter->unknown, g_ptr_array_unref);
}

/* Adds what the present lists do not speak of. */
static void add_policy_kinds(ArkResourceFilter *filter, ArkIncludeExclude *lists, GPtrArray *list,
                             const char *const *names, int scope, const KubeDiscovery *discovery) {
    g_autoptr(GPtrArray) resolved = g_ptr_array_new_with_free_func(g_free);
    add_kinds(filter, resolved, names, scope, discovery);
    for (guint i = 0; i < resolved->len; i++) {
        const char *name = g_ptr_array_index(resolved, i);
        if (!list_matches(lists->includes, name) && !list_matches(lists->excludes, name))
            g_ptr_array_add(list, g_strdup(name));
    }
}

void ark_resource_filter_add_policy(ArkResourceFilter *filter, const ArkResourceFilterSpec *policy,
                                    const KubeDiscovery *discovery) {
    ArkIncludeExclude *namespaced = &filter->namespaced, *cluster = &filter->cluster;
    add_policy_kinds(filter, namespaced, namespaced->excludes, policy->excluded_namespace_scoped, 1, discovery);
    add_policy_kinds(filter, namespaced, namespaced->includes, policy->namespace_scoped, 1, discovery);
    add_policy_kinds(filter, cluster, cluster->excludes, policy->excluded_cluster_scoped, 0, discovery);
    add_policy_kinds(filter, cluster, cluster->includes, policy->cluster_scoped, 0, discovery);
}

static bool is_namespaces(const KubeResource *resource) {
    return g_str_equal(resource->group_resource, "namespaces");
}

static bool old_lists(const ArkResourceFilter *filter, const KubeResource *resource) {
    if (!resource->namespaced && filter->include_cluster_resources == 0)
        return false;
    /* "auto": cluster-scoped kinds come whole only with whole clusters. */
    if (!resource->namespaced && !is_namespaces(resource) && filter->include_cluster_resources < 0 &&
        !ark_include_exclude_is_everything(&filter->namespaces->lists))
        return false;
    return ark_include_exclude_has(&filter->lists, resource->group_resource);
}

static bool scoped_lists(const ArkResourceFilter *filter, const KubeResource *resource) {
    const char *name = resource->group_resource;
    if (resource->namespaced)
        return ark_include_exclude_has(&filter->namespaced, name);
    if (list_matches(filter->cluster.excludes, name))
        return false;
    if (filter->cluster.includes->len == 0 && filter->cluster.excludes->len == 0 &&
        ark_include_exclude_is_everything(&filter->namespaces->lists) &&
        ark_include_exclude_is_everything(&filter->namespaced))
        return true;
    return list_matches(filter->cluster.includes, name) || is_namespaces(resource);
}

bool ark_resource_filter_lists(const ArkResourceFilter *filter, const KubeResource *resource) {
    return filter->scoped ? scoped_lists(filter, resource) : old_lists(filter, resource);
}

bool ark_resource_filter_allows_related(const ArkResourceFilter *filter, const KubeResource *resource) {
    const char *name = resource->group_resource;
    if (resource->namespaced)
        return ark_resource_filter_lists(filter, resource);
    if (is_namespaces(resource))
        return true;
    if (filter->scoped)
        return !list_matches(filter->cluster.excludes, name);
    return !list_matches(filter->lists.excludes, name) && filter->include_cluster_resources != 0 &&
           (filter->include_cluster_resources > 0 || ark_include_exclude_has(&filter->lists, name));
}
