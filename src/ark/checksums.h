/* The SHA-256 of what a backup stored: backups/<b>/<b>-checksums.gz, lines as sha256sum
 * prints them, of objects by their path in the archive, then of files by their key. */
#pragma once

#include "base/stream.h"
#include "store/store.h"

enum { ARK_SHA256_HEX = 65 };

/* Called for each line in its order: the sum and what it is of. A line that is none of a list of checksums has a
 * NULL `hex`, and itself in `path`. False ends the reading. */
typedef bool (*ArkChecksumFunc)(const char *hex, const char *path, guint64 line, void *data);
/* NOT_FOUND where the backup has no list; CORRUPT for a damaged one, LIMIT past `limits` (NULL: the default ones): of
 * an archive, whose entries each have a line. */
bool ark_checksums_each(Store *store, const char *backup, ArkChecksumFunc func, void *data, const Limits *limits,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Finds the recorded checksum of a file by its key. False without an error where the
 * backup has none: Velero writes no checksums. CORRUPT where the list is damaged. */
bool ark_checksums_find(Store *store, const char *backup, const char *key, char hex[ARK_SHA256_HEX],
                        const Limits *limits, GError **error);

/* CORRUPT, with both sums, unless `found` is what was recorded for the key (or nothing was). */
bool ark_checksums_verify(Store *store, const char *backup, const char *key, const char *found, const Limits *limits,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
