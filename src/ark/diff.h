/* What differs between two sets of objects: two backups, or a backup and a cluster.
 *
 * Objects are compared as an export writes them (clean.h): what the server owns or fills in (UIDs,
 * revisions, status, owners of fields, cluster IPs, node ports nobody chose, ...) does not count, and
 * neither do objects that the cluster makes by itself. */
#pragma once

#include "ark/index.h"
#include "base/cancel.h"

typedef enum { ARK_DIFF_ADDED, ARK_DIFF_REMOVED, ARK_DIFF_CHANGED } ArkDiffChange;

typedef struct {
    ArkDiffChange change;
    const char *group_resource;
    const char *namespace_; /* NULL: cluster-scoped */
    const char *name;
    yyjson_mut_val *before, *after; /* as compared; NULL where it is not there */
} ArkDifference;

/* Gets each difference, kind by kind, by namespace and name; what it points to is gone when it returns. */
typedef bool (*ArkDiffFunc)(const ArkDifference *difference, void *data, GError **error);

typedef struct {
    const ArkIndex *before, *after;
    bool all_fields; /* compare everything, and all objects */
    Cancel *cancel;  /* may be NULL */
} ArkDiffRequest;

typedef struct {
    guint64 added, removed, changed, same;
} ArkDiffCounts;

/* Memory is that of two objects at a time. False where func failed, an object cannot be read or it was
 * cancelled. */
bool ark_diff(const ArkDiffRequest *request, ArkDiffFunc func, void *data, ArkDiffCounts *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
