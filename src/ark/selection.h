/* Which objects of an archive the filters take, as a restore takes them. */
#pragma once

#include "ark/index.h"
#include "ark/spec.h"

typedef struct {
    const ArkFilters *filters;
    ArkNamespaceFilter namespaces;
    ArkResourceFilter kinds; /* kinds.unknown: names that neither the cluster nor the backup knows */
} ArkSelection;

/* Namespace wildcards mean namespaces of the backup. Names of kinds are resolved by discovery, where it is not
 * NULL, then by the backup. Keeps the pointer to `filters`. */
bool ark_selection_init(ArkSelection *selection, const ArkFilters *filters, const ArkIndex *index,
                        const KubeDiscovery *discovery, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of a zeroed one, too. */
void ark_selection_clear(ArkSelection *selection);

/* By kind, namespace and name; labels are another matter. */
bool ark_selection_has(const ArkSelection *selection, const char *group_resource, const ArkEntry *entry);
/* Namespaces that the include filter, or (where it is not NULL) the table of mappings, names and the backup has not,
 * and patterns that match none: a sentence each, char *, for warnings. g_ptr_array_unref() it. */
GPtrArray *ark_selection_missing_namespaces(const ArkSelection *selection, const ArkIndex *index, GHashTable *mapping);
/* Whether nothing is filtered. */
bool ark_selection_is_everything(const ArkSelection *selection);
