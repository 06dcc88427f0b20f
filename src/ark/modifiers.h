/* Resource modifiers: rules that patch objects on their way into the cluster.
 * Source: Velero's documentation, "Restore Resource Modifiers". */
#pragma once

#include "base/json.h"

typedef struct ArkModifiers ArkModifiers;

/* Reads and checks the YAML; INVALID names the rule and what is wrong with it. */
ArkModifiers *ark_modifiers_read(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ark_modifiers_free(ArkModifiers *modifiers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkModifiers, ark_modifiers_free)

/* Applies, in order, all rules whose conditions hold for the object as it was
 * before any of them. A `test` that fails makes its rule do nothing. Rules that
 * fail are named in one error; the others are applied nevertheless. */
bool ark_modifiers_apply(const ArkModifiers *modifiers, const char *group_resource, yyjson_mut_doc *doc, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
