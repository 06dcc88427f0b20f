/* To look into a stored backup without a cluster: its archive's index, what its kinds are called, what of it the
 * filters take. */
#pragma once

#include "ark/kinds.h"
#include "ark/selection.h"
#include "store/store.h"

typedef struct {
    char *backup;
    ArkIndex *index;
    ArkKinds *kinds;
    ArkSelection selection;
    const ArkFilters *filters;
} ArkLook;

typedef enum {
    ARK_LOOK_FACTS, /* of each object what a list tells: apiVersion, kind, labels, creationTimestamp, size */
    ARK_LOOK_WHOLE, /* objects whole */
} ArkLookDepth;

/* Opens a backup that is there (NOT_FOUND otherwise). Filters may be NULL and are kept by pointer; kinds that they
 * name and the backup lacks are in selection.kinds.unknown. limits may be NULL: the default ones. */
ArkLook *ark_look_open(Store *store, const char *backup, const ArkFilters *filters, ArkLookDepth depth,
                       const Limits *limits, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for a few objects, whole: those that `references` may mean, and facts of all others. */
ArkLook *ark_look_open_for(Store *store, const char *backup, const char *const *references, const Limits *limits,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ark_look_free(ArkLook *look);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkLook, ark_look_free)

/* Each object that the filters take, sorted by kind, namespace and name. `object` is NULL where what is kept of it is
 * no JSON. False ends it with its error. */
typedef bool (*ArkLookFunc)(const ArkLook *look, const ArkIndexKind *kind, const ArkEntry *entry, yyjson_val *object,
                            void *data, GError **error);
bool ark_look_each(const ArkLook *look, ArkLookFunc func, void *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What "KIND/NAMESPACE/NAME" and "KIND/NAME" mean: const ArkEntry, in their order. One error names all that are
 * wrong (USAGE), ambiguous or missing (NOT_FOUND), with the nearest right one. g_ptr_array_unref() it. */
GPtrArray *ark_look_find(const ArkLook *look, const char *const *references, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "kind/namespace/name", "kind/name": as ark_look_find() takes it. g_free() it. */
char *ark_look_reference(const ArkIndexKind *kind, const ArkEntry *entry);
