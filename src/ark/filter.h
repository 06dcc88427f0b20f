/* Which namespaces and kinds a backup or restore takes: Velero's include and exclude rules.
 *
 * A list is a set of names and globs. Namespaces, and kinds by the old filters
 * (one list for all kinds, with include-cluster-resources) or the scoped ones (a
 * list for namespaced and one for cluster-scoped kinds). Source: Velero's
 * documentation, "Resource filtering". */
#pragma once

#include "kube/discovery.h"

/* --- one pair of lists -------------------------------------------------------------- */

typedef struct {
    GPtrArray *includes; /* char *; empty means everything */
    GPtrArray *excludes;
} ArkIncludeExclude;

void ark_include_exclude_init(ArkIncludeExclude *lists);
void ark_include_exclude_clear(ArkIncludeExclude *lists);
/* Excludes win; an empty include list, "*" or a glob that matches includes. */
bool ark_include_exclude_has(const ArkIncludeExclude *lists, const char *name);
bool ark_include_exclude_excludes(const ArkIncludeExclude *lists, const char *name);
/* Nothing excluded, and the include list empty or "*" alone. */
bool ark_include_exclude_is_everything(const ArkIncludeExclude *lists);

/* --- namespaces ----------------------------------------------------------------------- */

typedef struct {
    ArkIncludeExclude lists;
    bool expanded; /* wildcards were replaced by the namespaces that exist */
} ArkNamespaceFilter;

void ark_namespace_filter_clear(ArkNamespaceFilter *filter);

/* `active`: the namespaces there are, for wildcards (NULL: literal names only).
 * INVALID for a pattern that Velero refuses. */
bool ark_namespace_filter_init(ArkNamespaceFilter *filter, const char *const *includes, const char *const *excludes,
                               const GPtrArray *active, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool ark_namespace_filter_has(const ArkNamespaceFilter *filter, const char *name);

/* --- kinds ---------------------------------------------------------------------------------- */

typedef struct {
    const char *const *resources, *const *excluded_resources;           /* old */
    int include_cluster_resources;                                      /* -1 auto, 0, 1 */
    const char *const *cluster_scoped, *const *excluded_cluster_scoped; /* scoped */
    const char *const *namespace_scoped, *const *excluded_namespace_scoped;
} ArkResourceFilterSpec;

/* Whether any old, or any scoped, filter is given. */
bool ark_resource_filter_spec_is_old(const ArkResourceFilterSpec *spec);
bool ark_resource_filter_spec_is_scoped(const ArkResourceFilterSpec *spec);

typedef struct {
    bool scoped;
    int include_cluster_resources;
    ArkIncludeExclude lists;               /* old */
    ArkIncludeExclude cluster, namespaced; /* scoped */
    const ArkNamespaceFilter *namespaces;
    GPtrArray *unknown; /* names that no served kind answers to: to warn of */
} ArkResourceFilter;

/* Names are resolved by discovery (NULL: all are unknown) to "plural.group"; keeps pointers to none of
 * the spec, but to `namespaces`. */
void ark_resource_filter_init(ArkResourceFilter *filter, const ArkResourceFilterSpec *spec,
                              const KubeDiscovery *discovery, const ArkNamespaceFilter *namespaces);
void ark_resource_filter_clear(ArkResourceFilter *filter);

/* Adds a resource policy's lists: what the spec says of a kind wins. */
void ark_resource_filter_add_policy(ArkResourceFilter *filter, const ArkResourceFilterSpec *policy,
                                    const KubeDiscovery *discovery);

/* Whether objects of the kind are listed. */
bool ark_resource_filter_lists(const ArkResourceFilter *filter, const KubeResource *resource);
/* Whether an object that another one brings along may come in. */
bool ark_resource_filter_allows_related(const ArkResourceFilter *filter, const KubeResource *resource);
