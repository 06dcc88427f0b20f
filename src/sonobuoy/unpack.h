/* A result as a plugin sent it, made into a folder. */
#pragma once

#include "base/limit.h"

typedef struct {
    const char *path; /* the file that came */
    bool packed;      /* it is a tar.gz */
    const char *name; /* its own name, where it is not packed, or cannot be unpacked */
    const Limits *limits;
} UnpackOptions;

/* Makes the folder `target`, which is not there yet, and fills it: with what the archive holds, or with the file itself
 * under its name. Folders, files and links stay what they are: a symbolic link where folder_link_path() knows its way,
 * a hard link to a file that came before it (which counts for archive_size, too). Names are UTF-8, by text_utf8().
 *
 * An archive that is damaged, or that holds files which have no place in the folder (names that lead out, a path
 * through a link), is kept as the file that it is, beside all that could be unpacked of it, with a file of the name
 * UNPACK_ERROR that says why and names them; one that goes past a limit, with that file alone. Links that lead out and
 * devices are named in UNPACK_LEFT_OUT: there is nothing in them to be kept. Fails only where the target cannot be
 * written. The file that came is moved or left where it is. */
bool unpack_result(const UnpackOptions *options, const char *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;
#define UNPACK_ERROR "sonobuoy-unpack-error.txt"
#define UNPACK_LEFT_OUT "sonobuoy-left-out.txt"

/* Unpacks a run's archive into the folder, which is there: all of it or nothing. Links that lead out and devices are
 * left out and told of in `left_out` (texts, may be NULL). EXISTS where it holds something of that name in the folder
 * already; CORRUPT, also for files that have no place in the folder, or LIMIT. */
bool unpack_archive_into(const char *path, const char *folder, const Limits *limits, GPtrArray *left_out,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a folder with all that it holds; no link is followed. What is not there is no error. */
void unpack_remove(const char *path);
