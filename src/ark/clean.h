/* Objects of a backup as people write them: for files that are kept in git and applied by kubectl. What a restore
 * resets is reset by the same code (transform.h); here is what an export leaves out and takes away beyond that. */
#pragma once

#include "ark/index.h"
#include "ark/transform.h"

typedef enum { ARK_SECRETS_INCLUDE, ARK_SECRETS_REDACT, ARK_SECRETS_SKIP } ArkSecrets;

typedef struct {
    const ArkIndex *index;
    bool all; /* leave nothing out */
    ArkSecrets secrets;
    ArkRestoreSpec spec; /* an empty one */
    ArkTransform transform;
} ArkClean;

/* Reads the volumes' reclaim policies from the index. In place: it points into itself. */
void ark_clean_init(ArkClean *clean, const ArkIndex *index, bool all, ArkSecrets secrets);
void ark_clean_clear(ArkClean *clean);

/* Why the object is left out, or NULL. */
const char *ark_clean_leaves_out(const ArkClean *clean, const char *group_resource, yyjson_val *object);

/* Changes the object in place: server-set metadata, status and generated fields go, members are sorted by name. */
bool ark_clean(const ArkClean *clean, const char *group_resource, yyjson_mut_doc *doc, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
