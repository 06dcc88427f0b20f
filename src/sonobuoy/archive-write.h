/* Folders as tar.gz: a run's, which is its archive, and the results of a plugin. */
#pragma once

#include "base/stream.h"

typedef struct {
    char sha256[65];
    guint64 size;
} ArchiveInfo;

/* Writes everything in `folder` as tar.gz to the open file: directories (empty ones, too) and regular files in the
 * order of their names; symbolic links as the files that they lead to, where these are in the folder (an absolute
 * target may begin with `folder`); not `except`, a path below (may be NULL). Names that are not UTF-8 are as
 * text_utf8() has them. What cannot be read, other links, pipes, sockets and devices are left out and told of in
 * `left_out` (texts, may be NULL). */
bool archive_pack(const char *folder, const char *except, int fd, GPtrArray *left_out, ArchiveInfo *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same to a file at `path`, which is there as a whole or not at all. */
bool archive_write(const char *folder, const char *path, GPtrArray *left_out, ArchiveInfo *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
