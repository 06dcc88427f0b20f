/* What is expected of plugins, and what has come. */
#include "sonobuoy/aggregator-internal.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef enum { MISSING, ARRIVED, LOST } Outcome;

struct Collection {
    char *folder;
    RunLog *log;
    pthread_mutex_t lock;
    pthread_cond_t collected;
    GHashTable *outcomes; /* "plugin/node": Outcome */
    RunStatus *status;
    RunStatus *before; /* of an aggregator before; may be NULL */
    guint64 changes;
};

static char *key_of(const char *plugin, const char *node) {
    return g_strconcat(plugin, "/", node, NULL);
}

Collection *collection_new(const char *folder, RunLog *log) {
    Collection *collection = g_new0(Collection, 1);
    pthread_condattr_t attributes;
    collection->folder = g_strdup(folder);
    collection->log = log;
    pthread_mutex_init(&collection->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&collection->collected, &attributes);
    pthread_condattr_destroy(&attributes);
    collection->outcomes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    collection->status = run_status_new();
    collection->changes = 1;
    return collection;
}

void collection_free(Collection *collection) {
    if (!collection)
        return;
    g_free(collection->folder);
    g_hash_table_unref(collection->outcomes);
    run_status_free(collection->status);
    run_status_free(collection->before);
    pthread_cond_destroy(&collection->collected);
    pthread_mutex_destroy(&collection->lock);
    g_free(collection);
}

RunStatus *collection_lock(Collection *collection) {
    pthread_mutex_lock(&collection->lock);
    return collection->status;
}

void collection_unlock(Collection *collection) {
    collection->changes++;
    pthread_cond_broadcast(&collection->collected);
    pthread_mutex_unlock(&collection->lock);
}

char *collection_status_text(Collection *collection, guint64 *change) {
    pthread_mutex_lock(&collection->lock);
    char *text = *change == collection->changes ? NULL : run_status_write(collection->status);
    *change = collection->changes;
    pthread_mutex_unlock(&collection->lock);
    return text;
}

void collection_wait(Collection *collection, gint64 microseconds) {
    gint64 end = g_get_monotonic_time() + microseconds;
    struct timespec deadline = {.tv_sec = end / G_USEC_PER_SEC, .tv_nsec = end % G_USEC_PER_SEC * 1000};
    pthread_mutex_lock(&collection->lock);
    pthread_cond_timedwait(&collection->collected, &collection->lock, &deadline);
    pthread_mutex_unlock(&collection->lock);
}

/* --- outcomes ------------------------------------------------------------------------------------------ */

/* Under the lock. */
static bool outcome_of(const Collection *collection, const char *plugin, const char *node, Outcome *out) {
    g_autofree char *key = key_of(plugin, node);
    gpointer value;
    if (!g_hash_table_lookup_extended(collection->outcomes, key, NULL, &value))
        return false;
    *out = (Outcome)GPOINTER_TO_INT(value);
    return true;
}

static void set_outcome(Collection *collection, const char *plugin, const char *node, Outcome outcome) {
    static const RunPhase phases[] = {[MISSING] = RUN_RUNNING, [ARRIVED] = RUN_COMPLETE, [LOST] = RUN_FAILED};
    g_hash_table_insert(collection->outcomes, key_of(plugin, node), GINT_TO_POINTER((int)outcome));
    run_status_ensure(collection->status, plugin, node)->phase = phases[outcome];
}

GStrv collection_missing(Collection *collection, const char *plugin) {
    g_autoptr(GStrvBuilder) nodes = g_strv_builder_new();
    pthread_mutex_lock(&collection->lock);
    for (guint i = 0; i < collection->status->entries->len; i++) {
        const StatusEntry *entry = collection->status->entries->pdata[i];
        if (entry->phase == RUN_RUNNING && g_str_equal(entry->plugin, plugin))
            g_strv_builder_add(nodes, entry->node);
    }
    pthread_mutex_unlock(&collection->lock);
    return g_strv_builder_end(nodes);
}

/* --- expecting ------------------------------------------------------------------------------------------- */

static char *error_path(const Collection *collection, const char *plugin, const char *node) {
    return g_build_filename(collection->folder, "plugins", plugin, "errors", node, "error.json", NULL);
}

static Outcome outcome_on_disk(const Collection *collection, const char *plugin, const char *node) {
    g_autofree char *result = g_build_filename(collection->folder, "plugins", plugin, "results", node, NULL);
    g_autofree char *failure = error_path(collection, plugin, node);
    return g_file_test(result, G_FILE_TEST_EXISTS)    ? ARRIVED
           : g_file_test(failure, G_FILE_TEST_EXISTS) ? LOST
                                                      : MISSING;
}

void collection_remember(Collection *collection, RunStatus *before) {
    collection_lock(collection);
    run_status_free(collection->before);
    collection->before = before;
    collection_unlock(collection);
}

void collection_expect(Collection *collection, const char *plugin, const char *node) {
    collection_lock(collection);
    set_outcome(collection, plugin, node, outcome_on_disk(collection, plugin, node));
    StatusEntry *before = collection->before ? run_status_find(collection->before, plugin, node) : NULL;
    if (before && before->progress) {
        StatusEntry *entry = run_status_find(collection->status, plugin, node);
        yyjson_mut_doc_free(entry->progress);
        entry->progress = g_steal_pointer(&before->progress);
    }
    collection_unlock(collection);
}

/* --- errors ----------------------------------------------------------------------------------------------- */

static bool write_error(const Collection *collection, const char *plugin, const char *node, const char *reason,
                        yyjson_val *pod, GError **error) {
    g_autofree char *path = error_path(collection, plugin, node), *folder = g_path_get_dirname(path);
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    json_mut_set_string(doc, root, "error", reason);
    if (pod)
        json_mut_set(doc, root, "pod", yyjson_val_mut_copy(doc, pod));
    g_autofree char *text = json_mut_write(root, NULL);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        base_error_set_errno(error, errno, "%s cannot be made", folder);
        return false;
    }
    return g_file_set_contents(path, text, -1, error);
}

void collection_fail(Collection *collection, const char *plugin, const char *node, const char *reason,
                     yyjson_val *pod) {
    Outcome outcome;
    collection_lock(collection);
    bool fails = outcome_of(collection, plugin, node, &outcome) && outcome == MISSING;
    if (fails) {
        g_autoptr(GError) failure = NULL;
        if (!write_error(collection, plugin, node, reason, pod, &failure))
            run_log(collection->log, LOG_ERROR, "%s/%s: %s", plugin, node, failure->message);
        set_outcome(collection, plugin, node, LOST);
        status_entry_fail(run_status_ensure(collection->status, plugin, node), reason);
    }
    collection_unlock(collection);
    if (fails)
        run_log(collection->log, LOG_ERROR, "plugin %s on %s: %s", plugin, node, reason);
}

/* --- the server's questions ---------------------------------------------------------------------------------- */

GError *collection_expected(const char *plugin, const char *node, void *data) {
    Collection *collection = data;
    Outcome outcome;
    pthread_mutex_lock(&collection->lock);
    bool known = outcome_of(collection, plugin, node, &outcome);
    pthread_mutex_unlock(&collection->lock);
    if (!known)
        return g_error_new(BASE_ERROR, BASE_ERROR_FORBIDDEN, "result %s/%s unexpected", plugin, node);
    if (outcome == ARRIVED)
        return g_error_new(BASE_ERROR, BASE_ERROR_EXISTS, "result %s/%s already received", plugin, node);
    return NULL;
}

void collection_received(const char *plugin, const char *node, const GError *error, void *data) {
    Collection *collection = data;
    if (error) {
        run_log(collection->log, LOG_ERROR, "the result of plugin %s on %s: %s", plugin, node, error->message);
        return;
    }
    run_log(collection->log, LOG_INFO, "received the result of plugin %s on %s", plugin, node);
    g_autofree char *path = error_path(collection, plugin, node);
    collection_lock(collection);
    unlink(path);
    set_outcome(collection, plugin, node, ARRIVED);
    collection_unlock(collection);
}

void collection_lost(const char *plugin, const char *node, const char *reason, void *data) {
    collection_fail(data, plugin, node, reason, NULL);
}

bool collection_progress(const char *plugin, const char *node, yyjson_val *update, void *data, GError **error) {
    Collection *collection = data;
    g_autofree char *now = time_format_nanos(g_get_real_time());
    RunStatus *status = collection_lock(collection);
    StatusEntry *entry = run_status_find(status, plugin, node);
    bool taken = entry && status_entry_progress(entry, update, now, error);
    collection_unlock(collection);
    if (!entry)
        g_set_error(error, BASE_ERROR, BASE_ERROR_FORBIDDEN, "progress update for %s/%s unexpected", plugin, node);
    return taken;
}
