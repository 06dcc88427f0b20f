/* The archive of a backup: a gzipped tar of objects, each stored twice as Velero
 * does, with the list of what is in it and a SHA-256 of each object. */
#pragma once

#include "ark/page.h"
#include "base/stream.h"

typedef struct ArkArchive ArkArchive;

/* `sink` takes the archive's bytes (gzip included) and `checksums` sha256sum
 * lines; both are taken over. A filter, such as encryption, is a sink in front
 * of `sink`. */
ArkArchive *ark_archive_new(Sink *sink, Sink *checksums, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool ark_archive_add(ArkArchive *archive, const ArkPage *page, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Ends and commits the archive; the checksums stay open for the caller. */
bool ark_archive_finish(ArkArchive *archive, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The sink of the checksums. */
Sink *ark_archive_checksums(ArkArchive *archive);
/* {"v1/Pod": ["ns/name", ...], ...}: Velero's resource list. g_free() it. */
char *ark_archive_resource_list(const ArkArchive *archive, size_t *length);
guint64 ark_archive_objects(const ArkArchive *archive);
/* Bytes of tar before compression. */
guint64 ark_archive_bytes(const ArkArchive *archive);
void ark_archive_free(ArkArchive *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkArchive, ark_archive_free)
