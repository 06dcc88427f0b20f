#include "ark/layout.h"

#include <string.h>

char *ark_layout_key(ArkFile file, const char *name) {
    /* before: what stands before the name; NULL where the file is not named after it */
    static const struct {
        const char *dir, *before, *after;
    } keys[] = {
        [ARK_FILE_BACKUP] = {"backups", NULL, "velero-backup.json"},
        [ARK_FILE_CONTENTS] = {"backups", "", ".tar.gz"},
        [ARK_FILE_LOG] = {"backups", "", "-logs.gz"},
        [ARK_FILE_POD_VOLUMES] = {"backups", "", "-podvolumebackups.json.gz"},
        [ARK_FILE_VOLUME_SNAPSHOTS] = {"backups", "", "-volumesnapshots.json.gz"},
        [ARK_FILE_ITEM_OPERATIONS] = {"backups", "", "-itemoperations.json.gz"},
        [ARK_FILE_RESOURCE_LIST] = {"backups", "", "-resource-list.json.gz"},
        [ARK_FILE_RESULTS] = {"backups", "", "-results.gz"},
        [ARK_FILE_VOLUME_INFO] = {"backups", "", "-volumeinfo.json.gz"},
        [ARK_FILE_CSI_SNAPSHOTS] = {"backups", "", "-csi-volumesnapshots.json.gz"},
        [ARK_FILE_CSI_CONTENTS] = {"backups", "", "-csi-volumesnapshotcontents.json.gz"},
        [ARK_FILE_CSI_CLASSES] = {"backups", "", "-csi-volumesnapshotclasses.json.gz"},
        [ARK_FILE_CHECKSUMS] = {"backups", "", "-checksums.gz"},
        [ARK_FILE_RESTORE] = {"restores", NULL, "ark-restore.json"},
        [ARK_FILE_RESTORE_LOG] = {"restores", "restore-", "-logs.gz"},
        [ARK_FILE_RESTORE_RESULTS] = {"restores", "restore-", "-results.gz"},
        [ARK_FILE_RESTORE_RESOURCE_LIST] = {"restores", "restore-", "-resource-list.json.gz"},
        [ARK_FILE_RESTORE_ITEM_OPERATIONS] = {"restores", "restore-", "-itemoperations.json.gz"},
        [ARK_FILE_RESTORE_VOLUME_INFO] = {"restores", "", "-volumeinfo.json.gz"},
    };
    if (!keys[file].before)
        return g_strdup_printf("%s/%s/%s", keys[file].dir, name, keys[file].after);
    return g_strdup_printf("%s/%s/%s%s%s", keys[file].dir, name, keys[file].before, name, keys[file].after);
}

char *ark_layout_name(const char *key, const char *dir) {
    if (!g_str_has_prefix(key, dir))
        return NULL;
    const char *name = key + strlen(dir), *slash = strchr(name, '/');
    return slash ? g_strndup(name, (gsize)(slash - name)) : NULL;
}

char *ark_layout_backup_dir(const char *name) {
    return g_strdup_printf(ARK_BACKUPS_DIR "%s/", name);
}

char *ark_layout_restore_dir(const char *name) {
    return g_strdup_printf(ARK_RESTORES_DIR "%s/", name);
}
