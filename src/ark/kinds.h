/* What people call the kinds in a backup, where no cluster can be asked.
 *
 * Plural names and groups are in the archive's paths; singular ones come from the objects' own `kind`, singular and
 * short ones of custom resources from their definitions where those are in the backup; the short names of
 * Kubernetes' own kinds are known. */
#pragma once

#include "ark/index.h"

typedef struct ArkKinds ArkKinds;

/* Reads the first object of each kind and the definitions: what an index keeps of them by `reduce` must have
 * `kind`, and spec.names of definitions. Holds pointers into the index. */
ArkKinds *ark_kinds_new(const ArkIndex *index);
void ark_kinds_free(ArkKinds *kinds);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkKinds, ark_kinds_free)

/* All kinds that `text` means, in any case: "deployments", "deployments.apps", "deployments.v1.apps", "deployment",
 * "deploy". Plural names win over singular ones and these over short ones; without a group the core group wins.
 * Elements: const ArkIndexKind; g_ptr_array_unref() it. */
GPtrArray *ark_kinds_match(const ArkKinds *kinds, const char *text);

/* The one kind that it means. NOT_FOUND with the nearest name, or USAGE with all that it may be; `backup` is for
 * the message. */
const ArkIndexKind *ark_kinds_find(const ArkKinds *kinds, const char *text, const char *backup, GError **error);
/* The nearest name of a kind, or NULL. */
const char *ark_kinds_nearest(const ArkKinds *kinds, const char *text);
