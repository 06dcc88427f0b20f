#include "ark/inventory.h"

#include "ark/catalog.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void ark_inventory_clear(ArkInventory *inventory) {
    ArkInventoryBackup *const backups[] = {&inventory->newest, &inventory->oldest};
    for (size_t i = 0; i < G_N_ELEMENTS(backups); i++) {
        g_free(backups[i]->name);
        g_free(backups[i]->phase);
    }
    g_clear_pointer(&inventory->unfinished, g_ptr_array_unref);
    g_clear_pointer(&inventory->unreadable, g_ptr_array_unref);
    g_clear_pointer(&inventory->strangers, g_ptr_array_unref);
    *inventory = (ArkInventory){0};
}

/* --- folders ------------------------------------------------------------------------------- */

/* Velero's object_store.go takes a location with these folders and no others. */
static bool is_known_folder(const char *name) {
    static const char *const known[] = {"backups", "restores", "restic", "metadata", "plugins", "kopia", NULL};
    return g_strv_contains(known, name);
}

static bool add_stranger(const StoreObject *object, const char *prefix, void *data, GError **error) {
    g_autofree char *name = object ? NULL : g_strndup(prefix, strlen(prefix) - 1);
    GPtrArray *strangers = data;
    if (name && !is_known_folder(name) && strangers->len < ARK_INVENTORY_NAMES_MAX)
        g_ptr_array_add(strangers, g_steal_pointer(&name));
    return true;
}

GPtrArray *ark_inventory_strangers(Store *store, GError **error) {
    g_autoptr(GPtrArray) strangers = g_ptr_array_new_with_free_func(g_free);
    if (!store_list(store, "", "/", add_stranger, strangers, error))
        return NULL;
    g_ptr_array_sort(strangers, text_compare);
    return g_steal_pointer(&strangers);
}

/* --- one listing ------------------------------------------------------------------------------ */

typedef struct {
    ArkInventory *inventory;
    GHashTable *backups;  /* names */
    GHashTable *whole;    /* those of them whose object was seen */
    GHashTable *restores; /* names */
} Counting;

static bool count(const StoreObject *object, const char *prefix, void *data, GError **error) {
    Counting *counting = data;
    if (!object)
        return true;
    counting->inventory->files++;
    counting->inventory->bytes += object->size;
    g_autofree char *backup = ark_layout_name(object->key, ARK_BACKUPS_DIR),
                    *restore = ark_layout_name(object->key, ARK_RESTORES_DIR);
    if (restore)
        g_hash_table_add(counting->restores, g_steal_pointer(&restore));
    if (!backup)
        return true;
    g_autofree char *marker = ark_layout_key(ARK_FILE_BACKUP, backup);
    if (g_str_equal(marker, object->key))
        g_hash_table_add(counting->whole, g_strdup(backup));
    g_hash_table_add(counting->backups, g_steal_pointer(&backup));
    return true;
}

/* --- each backup -------------------------------------------------------------------------------- */

static void keep(ArkInventoryBackup *kept, const char *name, const char *phase, gint64 started_at, gint64 expires_at) {
    g_free(kept->name);
    g_free(kept->phase);
    *kept = (ArkInventoryBackup){g_strdup(name), g_strdup(phase ? phase : ""), started_at, expires_at};
}

static gint64 time_of(yyjson_val *backup, const char *field) {
    const char *text = json_get_string(backup, "status", field);
    gint64 at;
    return text && time_parse(text, &at, NULL) ? at : 0;
}

static void weigh(ArkInventory *inventory, const char *name, yyjson_val *backup) {
    const char *phase = json_get_string(backup, "status", "phase");
    gint64 started_at = time_of(backup, "startTimestamp"), expires_at = time_of(backup, "expiration");
    if (expires_at && expires_at < g_get_real_time())
        inventory->expired++;
    if (!inventory->newest.name || started_at >= inventory->newest.started_at)
        keep(&inventory->newest, name, phase, started_at, expires_at);
    if (!inventory->oldest.name || started_at < inventory->oldest.started_at)
        keep(&inventory->oldest, name, phase, started_at, expires_at);
}

static bool look_at_backup(Store *store, ArkInventory *inventory, const char *name, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) object = ark_catalog_object(store, ARK_BACKUPS, name, &failure);
    if (!object && !g_error_matches(failure, BASE_ERROR, BASE_ERROR_CORRUPT)) {
        bool gone = g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND); /* deleted meanwhile */
        if (!gone)
            g_propagate_error(error, g_steal_pointer(&failure));
        return gone;
    }
    inventory->backups++;
    if (object)
        weigh(inventory, name, yyjson_doc_get_root(object));
    else
        g_ptr_array_add(inventory->unreadable, g_strdup(name));
    return true;
}

static bool look_at_backups(Store *store, const Counting *counting, GError **error) {
    guint length;
    g_autofree const char **names = (const char **)g_hash_table_get_keys_as_array(counting->backups, &length);
    qsort(names, length, sizeof *names, text_compare);
    for (guint i = 0; i < length; i++) {
        const char *name = names[i];
        if (!g_hash_table_contains(counting->whole, name))
            g_ptr_array_add(counting->inventory->unfinished, g_strdup(name));
        else if (!look_at_backup(store, counting->inventory, name, error))
            return false;
    }
    return true;
}

static GHashTable *new_names(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

bool ark_inventory_take(Store *store, ArkInventory *out, GError **error) {
    g_autoptr(GHashTable) backups = new_names(), whole = new_names(), restores = new_names();
    Counting counting = {out, backups, whole, restores};
    *out = (ArkInventory){.unfinished = g_ptr_array_new_with_free_func(g_free),
                          .unreadable = g_ptr_array_new_with_free_func(g_free)};
    out->strangers = ark_inventory_strangers(store, error);
    bool ok = out->strangers && store_list(store, "", NULL, count, &counting, error) &&
              look_at_backups(store, &counting, error);
    out->restores = g_hash_table_size(restores);
    return ok;
}
