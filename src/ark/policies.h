/* Resource policies (Velero's `--resource-policies-configmap`): which kinds come in,
 * and what is done with which volume. Source: Velero's documentation, "Resource filtering". */
#pragma once

#include "ark/filter.h"

typedef struct {
    GStrv included_cluster_scoped, excluded_cluster_scoped;
    GStrv included_namespace_scoped, excluded_namespace_scoped;
    bool has_kinds; /* an includeExcludePolicy is there */
} ArkPolicies;

/* Reads and checks the YAML, volume policies included: unknown keys, actions,
 * capacities and volume types are INVALID, each named. NULL text gives none. */
bool ark_policies_read(const char *text, ArkPolicies *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ark_policies_clear(ArkPolicies *policies);
ArkResourceFilterSpec ark_policies_resources(const ArkPolicies *policies);
