/* Backup and Restore objects, their hooks included. */
#include "ark/spec.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(yyjson_doc) doc = json_parse((const char *)data, size, "fuzz", NULL);
    if (!doc)
        return 0;
    yyjson_val *root = yyjson_doc_get_root(doc);
    g_autoptr(GError) error = NULL, failure = NULL;
    ArkBackupSpec backup = {0};
    bool ok = ark_backup_spec_read(root, &backup, &error);
    g_assert(ok == (error == NULL));
    ark_backup_spec_clear(&backup);
    ArkRestoreSpec restore = {0};
    ok = ark_restore_spec_read(root, &restore, &failure);
    g_assert(ok == (failure == NULL));
    if (ok) {
        g_autoptr(yyjson_mut_doc) pod = yyjson_doc_mut_copy(doc, NULL);
        if (yyjson_mut_is_obj(yyjson_mut_doc_get_root(pod)))
            ark_init_hooks_apply(restore.init_hooks, "shop", pod);
    }
    ark_restore_spec_clear(&restore);
    return 0;
}
