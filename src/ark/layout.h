/* The keys of a location: Velero's object storage layout. */
#pragma once

#include <glib.h>

typedef enum {
    ARK_FILE_BACKUP,   /* velero-backup.json, the marker: a backup exists when this does */
    ARK_FILE_CONTENTS, /* <b>.tar.gz */
    ARK_FILE_LOG,
    ARK_FILE_POD_VOLUMES,
    ARK_FILE_VOLUME_SNAPSHOTS,
    ARK_FILE_ITEM_OPERATIONS,
    ARK_FILE_RESOURCE_LIST,
    ARK_FILE_RESULTS,
    ARK_FILE_VOLUME_INFO,
    ARK_FILE_CSI_SNAPSHOTS,
    ARK_FILE_CSI_CONTENTS,
    ARK_FILE_CSI_CLASSES,
    ARK_FILE_CHECKSUMS, /* ours: sha256sum lines, of files by key and objects by archive path */
    ARK_FILE_RESTORE,   /* ours: the Restore object; Velero keeps it in the cluster alone */
    ARK_FILE_RESTORE_LOG,
    ARK_FILE_RESTORE_RESULTS,
    ARK_FILE_RESTORE_RESOURCE_LIST,
    ARK_FILE_RESTORE_ITEM_OPERATIONS,
    ARK_FILE_RESTORE_VOLUME_INFO,
} ArkFile;

/* The key of a file of the backup, or restore, of that name. g_free() it. */
char *ark_layout_key(ArkFile file, const char *name);

/* Where the folders of backups and of restores are, and the name of the one that a key lies in: NULL where it is not
 * below `dir`, or directly in it. g_free() it. */
#define ARK_BACKUPS_DIR "backups/"
#define ARK_RESTORES_DIR "restores/"
char *ark_layout_name(const char *key, const char *dir);

/* "backups/<b>/" and "restores/<r>/". g_free() them. */
char *ark_layout_backup_dir(const char *name);
char *ark_layout_restore_dir(const char *name);
