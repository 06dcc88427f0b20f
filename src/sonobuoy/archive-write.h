/* Folders as tar.gz: a run's, which is its archive, and the results of a plugin. */
#pragma once

#include "base/stream.h"

typedef struct {
    char sha256[65];
    guint64 size;
} ArchiveInfo;

/* Writes everything in `folder` as tar.gz to the open file: directories and regular files in the order of their names,
 * no links; not `except`, a path below (may be NULL). What cannot be read is left out and told of in `left_out` (texts,
 * may be NULL). */
bool archive_pack(const char *folder, const char *except, int fd, GPtrArray *left_out, ArchiveInfo *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same to a file at `path`, which is there as a whole or not at all. */
bool archive_write(const char *folder, const char *path, GPtrArray *left_out, ArchiveInfo *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
