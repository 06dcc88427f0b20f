/* What is in a location: backups and restores by name, their objects and files. */
#pragma once

#include "ark/layout.h"
#include "base/json.h"
#include "store/store.h"

/* Bytes of a Backup or Restore object; the API server takes none of more than 3 MiB. */
enum { ARK_OBJECT_MAX = 16 << 20 };

typedef enum { ARK_BACKUPS, ARK_RESTORES } ArkCatalogKind;

/* Names of what is whole (its object is there), sorted. char *, freed with the array. */
GPtrArray *ark_catalog_names(Store *store, ArkCatalogKind kind, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Names of all folders, whole or not, in any order: one listing. */
GPtrArray *ark_catalog_folders(Store *store, ArkCatalogKind kind, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The Backup or Restore object. NOT_FOUND names what is missing and what to do; USAGE where there can be none of that
 * name; CORRUPT where the file holds something else, the object of another name, or more than ARK_OBJECT_MAX. */
yyjson_doc *ark_catalog_object(Store *store, ArkCatalogKind kind, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same for a name that a person gave: NOT_FOUND names the nearest one there is, too. */
yyjson_doc *ark_catalog_named(Store *store, ArkCatalogKind kind, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The name of the newest backup that a Velero schedule made: Completed ones, with
 * `partly` PartiallyFailed ones too. NOT_FOUND when there is none. g_free() it. */
char *ark_catalog_newest_of_schedule(Store *store, const char *schedule, bool partly, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A gzipped file, unpacked: as a stream, and as text with "" where it is missing. limits may be NULL: the default ones.
 * Errors name location and key; the stream's do not. */
Source *ark_catalog_open(Store *store, ArkFile file, const char *name, const Limits *limits, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
char *ark_catalog_text(Store *store, ArkFile file, const char *name, const Limits *limits, size_t *length,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes all files of it, the object first, so that what is left of a deletion cut
 * short is not taken for a backup. */
bool ark_catalog_delete(Store *store, ArkCatalogKind kind, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
