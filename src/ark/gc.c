#include "ark/gc.h"

#include "ark/catalog.h"
#include "ark/name-template.h"
#include "base/text.h"

#include <string.h>

static void entry_free(void *data) {
    ArkGcEntry *entry = data;
    g_free(entry->name);
    g_free(entry->series);
    g_free(entry->backup);
    g_free(entry->reason);
    store_unfinished_free(entry->unfinished);
    g_free(entry);
}

void ark_gc_plan_clear(ArkGcPlan *plan) {
    g_clear_pointer(&plan->entries, g_ptr_array_unref);
    g_clear_error(&plan->unlisted);
}

/* --- what is there ------------------------------------------------------------------------- */

typedef struct {
    bool whole;    /* the object that makes it a backup, or restore, is there */
    gint64 newest; /* seconds: the last change of any of its files; 0 where that of one is unknown */
} Folder;

typedef struct {
    const char *dir;
    ArkFile marker;
    GHashTable *folders; /* name -> Folder */
} Folders;

static bool add_file(const StoreObject *object, const char *prefix, void *data, GError **error) {
    const Folders *found = data;
    g_autofree char *name = object ? ark_layout_name(object->key, found->dir) : NULL;
    if (!name)
        return true;
    g_autofree char *marker = ark_layout_key(found->marker, name);
    Folder *folder = g_hash_table_lookup(found->folders, name);
    if (!folder) {
        folder = g_new(Folder, 1);
        *folder = (Folder){false, object->mtime};
        g_hash_table_insert(found->folders, g_steal_pointer(&name), folder);
    }
    folder->whole = folder->whole || g_str_equal(object->key, marker);
    folder->newest = folder->newest && object->mtime ? MAX(folder->newest, object->mtime) : 0;
    return true;
}

/* The folders below `prefix`, which is or lies in those of the kind. Listed and not asked for one by one: a request
 * that fails must not make a backup look as if it were none. */
static GHashTable *find_folders(Store *store, ArkCatalogKind kind, const char *prefix, GError **error) {
    g_autoptr(GHashTable) folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Folders found = {ARK_BACKUPS_DIR, ARK_FILE_BACKUP, folders};
    if (kind == ARK_RESTORES)
        found = (Folders){ARK_RESTORES_DIR, ARK_FILE_RESTORE, folders};
    return store_list(store, prefix, NULL, add_file, &found, error) ? g_steal_pointer(&folders) : NULL;
}

/* --- the plan ---------------------------------------------------------------------------------- */

typedef struct {
    Store *store;
    const ArkGcRequest *request;
    GPtrArray *entries;
    GHashTable *backups;   /* Folder by name: all there are */
    GPtrArray *candidates; /* ArkGcEntry: backups that can be read, and their items */
    GArray *items;         /* ArkRetentionItem */
    GHashTable *going;     /* names of backups that go */
} Planning;

static ArkGcEntry *add_entry(Planning *plan, ArkGcKind kind, ArkGcAction action, const char *name, const char *reason) {
    ArkGcEntry *entry = g_new(ArkGcEntry, 1);
    *entry = (ArkGcEntry){.kind = kind, .action = action, .name = g_strdup(name), .reason = g_strdup(reason)};
    g_ptr_array_add(plan->entries, entry);
    return entry;
}

/* An object that holds something else, is too big or may not be read says nothing of the others. */
static bool is_its_own_fault(const GError *error) {
    return g_error_matches(error, BASE_ERROR, BASE_ERROR_CORRUPT) ||
           g_error_matches(error, BASE_ERROR, BASE_ERROR_FORBIDDEN);
}

/* The object; NULL without an error where there is nothing to decide on: it is gone meanwhile, or an entry says that
 * it cannot be read. */
static yyjson_doc *read_object(Planning *plan, ArkCatalogKind kind, const char *name, GError **error) {
    g_autoptr(GError) failure = NULL;
    yyjson_doc *doc = ark_catalog_object(plan->store, kind, name, &failure);
    if (doc || g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return doc;
    if (is_its_own_fault(failure))
        add_entry(plan, kind == ARK_BACKUPS ? ARK_GC_BACKUP : ARK_GC_RESTORE, ARK_GC_UNREADABLE, name,
                  failure->message);
    else
        g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
}

static const char *series_of(yyjson_val *backup) {
    static const char *const labels[] = {ARK_SERIES_LABEL, "velero.io/schedule-name"};
    for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
        const char *series = json_get_string(backup, "metadata", "labels", labels[i]);
        if (series && *series)
            return series;
    }
    return NULL;
}

static bool start_of(yyjson_val *backup, gint64 *out) {
    const char *text = json_get_string(backup, "status", "startTimestamp");
    if (!text)
        text = json_get_string(backup, "metadata", "creationTimestamp");
    return text && time_parse(text, out, NULL);
}

/* False where a time cannot be read: it is not known then what would be right. */
static bool read_times(yyjson_val *backup, ArkRetentionItem *item) {
    yyjson_val *expiration = json_get(backup, "status", "expiration");
    const char *text = yyjson_get_str(expiration);
    return start_of(backup, &item->started) &&
           (!expiration || yyjson_is_null(expiration) || (text && time_parse(text, &item->expires, NULL)));
}

static void add_backup(Planning *plan, const char *name, yyjson_val *backup) {
    const Selector *selector = plan->request->selector;
    if (selector && !selector_matches(selector, json_get(backup, "metadata", "labels")))
        return;
    ArkRetentionItem item = {.phase = g_intern_string(json_get_string(backup, "status", "phase"))};
    if (!read_times(backup, &item)) {
        add_entry(plan, ARK_GC_BACKUP, ARK_GC_UNREADABLE, name,
                  "its Backup object has no start, or an expiration that is no time");
        return;
    }
    ArkGcEntry *entry = add_entry(plan, ARK_GC_BACKUP, ARK_GC_KEEP, name, NULL);
    entry->series = g_strdup(series_of(backup));
    entry->time = item.started;
    item.name = entry->name;
    item.series = entry->series;
    g_ptr_array_add(plan->candidates, entry);
    g_array_append_val(plan->items, item);
}

static void decide_on_backups(Planning *plan) {
    g_autoptr(GPtrArray) decisions = ark_retention_decide((const ArkRetentionItem *)(void *)plan->items->data,
                                                          plan->items->len, &plan->request->rules, plan->request->now);
    for (guint i = 0; i < decisions->len; i++) {
        ArkRetentionDecision *decision = g_ptr_array_index(decisions, i);
        ArkGcEntry *entry = g_ptr_array_index(plan->candidates, i);
        entry->reason = g_steal_pointer(&decision->reason);
        if (decision->keep)
            continue;
        entry->action = ARK_GC_DELETE;
        g_hash_table_add(plan->going, entry->name);
    }
}

static bool is_old(const ArkGcRequest *request, gint64 seconds) {
    return seconds > 0 && request->now - seconds * G_USEC_PER_SEC > request->leftovers_age;
}

static bool plan_backups(Planning *plan, GError **error) {
    GHashTableIter iterator;
    void *name, *value;
    plan->backups = find_folders(plan->store, ARK_BACKUPS, ARK_BACKUPS_DIR, error);
    if (!plan->backups)
        return false;
    g_hash_table_iter_init(&iterator, plan->backups);
    while (g_hash_table_iter_next(&iterator, &name, &value)) {
        const Folder *folder = value;
        if (!folder->whole && !plan->request->selector && is_old(plan->request, folder->newest))
            add_entry(plan, ARK_GC_LEFTOVER, ARK_GC_DELETE, name, "files without a Backup object")->time =
                folder->newest * G_USEC_PER_SEC;
        if (!folder->whole)
            continue;
        GError *failure = NULL;
        g_autoptr(yyjson_doc) doc = read_object(plan, ARK_BACKUPS, name, &failure);
        if (failure) {
            g_propagate_error(error, failure);
            return false;
        }
        if (doc)
            add_backup(plan, name, yyjson_doc_get_root(doc));
    }
    decide_on_backups(plan);
    return true;
}

static void add_restore(Planning *plan, const char *name, const Folder *folder, yyjson_val *restore) {
    const char *backup = json_get_string(restore, "spec", "backupName");
    bool going = backup && g_hash_table_contains(plan->going, backup);
    bool orphan = backup && *backup && !plan->request->selector && !g_hash_table_contains(plan->backups, backup) &&
                  is_old(plan->request, folder->newest);
    if (!going && !orphan)
        return;
    g_autofree char *reason = g_strdup_printf(going ? "of backup %s" : "its backup %s is gone", backup);
    ArkGcEntry *entry = add_entry(plan, ARK_GC_RESTORE, ARK_GC_DELETE, name, reason);
    entry->backup = g_strdup(backup);
    if (!start_of(restore, &entry->time))
        entry->time = folder->newest * G_USEC_PER_SEC;
}

static bool plan_restores(Planning *plan, GError **error) {
    GHashTableIter iterator;
    void *name, *value;
    g_autoptr(GHashTable) folders = find_folders(plan->store, ARK_RESTORES, ARK_RESTORES_DIR, error);
    if (!folders)
        return false;
    g_hash_table_iter_init(&iterator, folders);
    while (g_hash_table_iter_next(&iterator, &name, &value)) {
        GError *failure = NULL;
        const Folder *folder = value;
        g_autoptr(yyjson_doc) doc = folder->whole ? read_object(plan, ARK_RESTORES, name, &failure) : NULL;
        if (failure) {
            g_propagate_error(error, failure);
            return false;
        }
        if (doc)
            add_restore(plan, name, folder, yyjson_doc_get_root(doc));
    }
    return true;
}

/* Only below the folders that are a backup program's: a bucket may be others' as well. */
static bool plan_uploads(Planning *plan, GError **error) {
    static const char *const dirs[] = {ARK_BACKUPS_DIR, ARK_RESTORES_DIR};
    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
        g_autoptr(GPtrArray) uploads = store_list_unfinished(plan->store, dirs[i], error);
        if (!uploads)
            return false;
        for (guint k = 0; k < uploads->len; k++) {
            StoreUnfinished *upload = g_ptr_array_index(uploads, k);
            if (!is_old(plan->request, upload->touched))
                continue;
            ArkGcEntry *entry = add_entry(plan, ARK_GC_UPLOAD, ARK_GC_DELETE, upload->key, "never finished");
            entry->time = upload->touched * G_USEC_PER_SEC;
            entry->unfinished = g_steal_pointer(&g_ptr_array_index(uploads, k));
        }
    }
    return true;
}

static int by_kind_series_time(const void *a, const void *b) {
    const ArkGcEntry *one = *(const ArkGcEntry *const *)a, *other = *(const ArkGcEntry *const *)b;
    if (one->kind != other->kind)
        return one->kind < other->kind ? -1 : 1;
    int series = g_strcmp0(one->series, other->series);
    if (series != 0)
        return series;
    if (one->time != other->time)
        return one->time < other->time ? 1 : -1;
    return strcmp(one->name, other->name);
}

bool ark_gc_plan(Store *store, const ArkGcRequest *request, ArkGcPlan *out, GError **error) {
    g_autoptr(GPtrArray) candidates = g_ptr_array_new();
    g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(ArkRetentionItem));
    g_autoptr(GHashTable) going = g_hash_table_new(g_str_hash, g_str_equal);
    *out = (ArkGcPlan){.entries = g_ptr_array_new_with_free_func(entry_free)};
    Planning plan = {.store = store,
                     .request = request,
                     .entries = out->entries,
                     .candidates = candidates,
                     .items = items,
                     .going = going};
    g_autoptr(GError) unlisted = NULL;
    bool ok = plan_backups(&plan, error) && plan_restores(&plan, error);
    if (ok && !request->selector && !plan_uploads(&plan, &unlisted)) {
        ok = !g_error_matches(unlisted, BASE_ERROR, BASE_ERROR_CANCELLED);
        g_propagate_error(ok ? &out->unlisted : error, g_steal_pointer(&unlisted));
    }
    g_clear_pointer(&plan.backups, g_hash_table_unref);
    g_ptr_array_sort(out->entries, by_kind_series_time);
    return ok;
}

/* --- deletions ------------------------------------------------------------------------------------- */

static bool delete_backup(Store *store, const ArkGcEntry *entry, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) doc = ark_catalog_object(store, ARK_BACKUPS, entry->name, &failure);
    gint64 started;
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "backup %s: somebody else deleted it meanwhile",
                    entry->name);
        return false;
    }
    if (!doc) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (!start_of(yyjson_doc_get_root(doc), &started) || started != entry->time) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT, "backup %s: it was made anew meanwhile, and is left",
                    entry->name);
        return false;
    }
    if (ark_catalog_delete(store, ARK_BACKUPS, entry->name, error))
        return true;
    g_prefix_error(error, "backup %s: ", entry->name);
    return false;
}

static bool delete_restore(Store *store, const ArkGcEntry *entry, GError **error) {
    g_autofree char *marker = ark_layout_key(ARK_FILE_BACKUP, entry->backup);
    g_autoptr(GError) failure = NULL;
    g_autoptr(StoreObject) backup = store_head(store, marker, &failure);
    if (backup) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT, "restore %s: it is left, as its backup %s is still there",
                    entry->name, entry->backup);
        return false;
    }
    if (!g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        g_propagate_error(error, g_steal_pointer(&failure));
    else if (ark_catalog_delete(store, ARK_RESTORES, entry->name, error))
        return true;
    g_prefix_error(error, "restore %s: ", entry->name);
    return false;
}

static bool delete_leftover(Store *store, const ArkGcRequest *request, const ArkGcEntry *entry, GError **error) {
    g_autofree char *dir = ark_layout_backup_dir(entry->name);
    g_autoptr(GHashTable) folders = find_folders(store, ARK_BACKUPS, dir, error);
    const Folder *folder = folders ? g_hash_table_lookup(folders, entry->name) : NULL;
    if (folders && folder && (folder->whole || !is_old(request, folder->newest))) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT, "%s: somebody writes there again; it is left", dir);
        return false;
    }
    return folders && ark_catalog_delete(store, ARK_BACKUPS, entry->name, error);
}

bool ark_gc_delete(Store *store, const ArkGcRequest *request, const ArkGcEntry *entry, GError **error) {
    switch (entry->kind) {
    case ARK_GC_BACKUP: return delete_backup(store, entry, error);
    case ARK_GC_RESTORE: return delete_restore(store, entry, error);
    case ARK_GC_LEFTOVER: return delete_leftover(store, request, entry, error);
    case ARK_GC_UPLOAD: return store_drop_unfinished(store, entry->unfinished, error);
    }
    g_assert_not_reached();
}
