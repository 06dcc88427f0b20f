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
 * under its name. An archive that cannot be unpacked (damage, entries that lead out, limits) is kept as the file that
 * it is, beside what could be unpacked of it, with a file of the name UNPACK_ERROR that says why. Links and devices in
 * it are left out. Fails only where the target cannot be written. The file that came is moved or left where it is. */
bool unpack_result(const UnpackOptions *options, const char *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;
#define UNPACK_ERROR "sonobuoy-unpack-error.txt"

/* Unpacks a run's archive into the folder, which is there: all of it or nothing. Links and devices are left out. EXISTS
 * where it holds something of that name in the folder already; CORRUPT or LIMIT. */
bool unpack_archive_into(const char *path, const char *folder, const Limits *limits, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Removes a folder with all that it holds; no link is followed. What is not there is no error. */
void unpack_remove(const char *path);
