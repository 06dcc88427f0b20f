/* The files of a backup's archive, one after the other: what index and verification stand on. */
#pragma once

#include "base/stream.h"

/* resources/<group resource>[/<version>]/(namespaces/<namespace>|cluster)/<name>.json */
typedef struct {
    const char *path;
    const char *group_resource; /* NULL where the path is none of an object: metadata/version, and what comes later */
    const char *version;        /* NULL for the object itself, "v1-preferredversion" for its copy, or another version */
    const char *namespace_;     /* NULL for cluster-scoped */
    const char *name;
} ArkPlace;

/* Whether it is the second copy of an object, at the path with the preferred version. */
bool ark_place_is_copy(const ArkPlace *place);

typedef struct ArkWalk ArkWalk;

/* Reads a gzipped tar; takes `gzipped` over. limits may be NULL: the default ones. */
ArkWalk *ark_walk_new(Source *gzipped, const Limits *limits, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The next file: 1; 0 at the end, gzip's checksum compared; -1 on error (CORRUPT, LIMIT). `out` is valid
 * until the next call. */
int ark_walk_next(ArkWalk *walk, const ArkPlace **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Appends the file's content. */
bool ark_walk_read(ArkWalk *walk, GByteArray *buffer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ark_walk_free(ArkWalk *walk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkWalk, ark_walk_free)
