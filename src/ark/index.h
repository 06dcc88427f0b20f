/* What is in a backup's archive, or in a cluster that is read: taken in once as a stream, objects kept in
 * an unnamed temporary file ($TMPDIR), an entry of a few dozen bytes each in memory. */
#pragma once

#include "ark/page.h"
#include "ark/walk.h"
#include "base/json.h"

typedef struct {
    const char *namespace_; /* NULL for cluster-scoped; shared between entries */
    const char *name;
    guint64 offset; /* in the temporary file */
    guint32 length;
} ArkEntry;

/* For qsort(), g_array_sort(), bsearch(): by namespace, cluster-scoped ones first, then by name. */
int ark_entry_compare(const void *a, const void *b);

/* The objects of a kind in another API version than the preferred one. */
typedef struct {
    char *version;
    GArray *entries; /* ArkEntry, as below */
} ArkIndexVersion;

typedef struct {
    char *group_resource;    /* "deployments.apps" */
    char *preferred_version; /* of the cluster backed up; NULL in archives of format 1.0 */
    GArray *entries;         /* ArkEntry, sorted by namespace and name */
    GPtrArray *versions;     /* ArkIndexVersion: Velero stores them with the feature EnableAPIGroupVersions */
} ArkIndexKind;

typedef struct ArkIndex ArkIndex;

/* What of the archive is kept. Zeroed: everything, whole. */
typedef struct {
    /* Whether objects of a kind in a namespace (NULL: cluster-scoped) are wanted at all. */
    bool (*wants)(const char *group_resource, const char *namespace_, void *data);
    /* Appends to `kept` the JSON that stands for the object from here on, so that the temporary file is as
     * small as what is asked for. `text` is as it is in the archive: perhaps no JSON at all. */
    void (*reduce)(const ArkPlace *place, const char *text, size_t length, GByteArray *kept, void *data);
    void *data;
    const Limits *limits; /* NULL: the default ones */
} ArkIndexOptions;

/* Reads a gzipped tar, which is taken over. CORRUPT for damage, LIMIT for what is too large; options may
 * be NULL. Namespaces that occur, wanted or not, are noted. */
ArkIndex *ark_index_read(Source *gzipped, const ArkIndexOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same of pages: an empty index, pages, then ark_index_finish() before anything is looked up. */
ArkIndex *ark_index_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool ark_index_add(ArkIndex *index, const ArkPage *page, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool ark_index_finish(ArkIndex *index, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void ark_index_free(ArkIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkIndex, ark_index_free)

const GPtrArray *ark_index_kinds(const ArkIndex *index); /* ArkIndexKind, sorted by group resource */
const ArkIndexKind *ark_index_kind(const ArkIndex *index, const char *group_resource);
/* From here on the kind's entries stand for the objects in this one of its `versions`; one that is not
 * stored in it stays. Not while others read. */
void ark_index_use_version(ArkIndex *index, const char *group_resource, const char *version);
const ArkEntry *ark_index_find(const ArkIndex *index, const char *group_resource, const char *namespace_,
                               const char *name);
GHashTable *ark_index_namespaces(const ArkIndex *index); /* set of names, borrowed */

/* Reads and parses one object; thread-safe. */
yyjson_doc *ark_index_object(const ArkIndex *index, const ArkEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
