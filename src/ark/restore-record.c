/* What the store has of a restore: its object from the beginning, its results, log and list at the end. */
#include "ark/catalog.h"
#include "ark/restore-internal.h"
#include "base/text.h"

#include <string.h>

/* Tells the cluster that it was begun in from others. */
#define CLUSTER_UID "ark.seaworthy.dev/cluster-uid"

const char *ark_restore_noted(const ArkRestoreRun *run, const char *key) {
    return json_mut_get_string(yyjson_mut_doc_get_root(run->request->restore), "metadata", "annotations", key);
}

void ark_restore_note(ArkRestoreRun *run, const char *key, const char *value) {
    yyjson_mut_doc *doc = run->request->restore;
    yyjson_mut_val *metadata = json_mut_ensure_object(doc, yyjson_mut_doc_get_root(doc), "metadata");
    if (value)
        json_mut_set_string(doc, json_mut_ensure_object(doc, metadata, "annotations"), key, value);
}

/* --- an earlier one of that name ------------------------------------------------------------------------- */

/* Whether the restore of that name in the store can be gone on with. */
static bool check_earlier(ArkRestoreRun *run, yyjson_val *earlier, ArkRestoreOutcome *out, GError **error) {
    const char *phase = json_get_string(earlier, "status", "phase"), *name = run->spec.name;
    const char *url = store_url(run->request->record);
    bool under_way = g_strcmp0(phase, "InProgress") == 0, complete = g_strcmp0(phase, "Completed") == 0;
    if (!run->request->resume && under_way) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                    "restore \"%s\" is under way in %s, or was cut off; if it was, go on with it by --resume", name,
                    url);
        return false;
    }
    if (!run->request->resume) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                    "restore \"%s\" exists already in %s; choose another name or delete it first%s", name, url,
                    complete ? "" : ", or give --resume to try again what failed");
        return false;
    }
    g_autoptr(yyjson_doc) restore = yyjson_mut_doc_imut_copy(run->request->restore, NULL);
    if (!json_equal(json_get(earlier, "spec"), json_get(yyjson_doc_get_root(restore), "spec"))) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "restore \"%s\" was begun from another backup or with other options; give the same to go on with "
                    "it, or choose another name",
                    name);
        return false;
    }
    const char *cluster = json_get_string(earlier, "metadata", "annotations", CLUSTER_UID);
    g_autofree char *uid = cluster && !complete ? kube_cluster_uid(run->request->client) : NULL;
    if (uid && !g_str_equal(uid, cluster)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "restore \"%s\" was begun in another cluster than %s; give that one by --kubeconfig or --context, "
                    "or choose another name",
                    name, kube_client_config(run->request->client)->server);
        return false;
    }
    run->resumed = true;
    out->was_there = complete;
    if (complete)
        out->phase = g_strdup(phase);
    return true;
}

bool ark_restore_record_check(ArkRestoreRun *run, ArkRestoreOutcome *out, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) earlier = ark_catalog_object(run->request->record, ARK_RESTORES, run->spec.name, &failure);
    if (earlier)
        return check_earlier(run, yyjson_doc_get_root(earlier), out, error);
    if (!g_error_matches(failure, BASE_ERROR, BASE_ERROR_CORRUPT))
        return true; /* or unknown: a location that cannot be read fails by the backup */
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* --- beginning and end ------------------------------------------------------------------------------------ */

static bool put_gzipped(ArkRestoreRun *run, ArkFile file, const char *text, size_t length, GError **error) {
    g_autofree char *key = ark_layout_key(file, run->spec.name);
    Sink *put = store_put(run->request->record, key, NULL, error);
    if (!put)
        return false;
    g_autoptr(Sink) sink = sink_gzip_new(put, 2);
    return sink_write(sink, text, length, error) && sink_finish(sink, error);
}

static char *resource_list(ArkRestoreRun *run) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    GHashTableIter iter;
    char *kind;
    GString *lines;
    g_hash_table_iter_init(&iter, run->outcomes);
    while (g_hash_table_iter_next(&iter, (void **)&kind, (void **)&lines)) {
        g_autoptr(GPtrArray) names = text_sorted(lines);
        yyjson_mut_val *array = yyjson_mut_obj_add_arr(doc, root, kind);
        for (guint i = 0; i < names->len; i++)
            yyjson_mut_arr_add_strcpy(doc, array, g_ptr_array_index(names, i));
    }
    return json_mut_write(root, NULL);
}

static void set_status(ArkRestoreRun *run, const ArkRestoreOutcome *out, gint64 started) {
    yyjson_mut_doc *doc = run->request->restore;
    yyjson_mut_val *status = json_mut_ensure_object(doc, yyjson_mut_doc_get_root(doc), "status");
    g_autofree char *start = time_format(started), *end = time_format(g_get_real_time());
    guint64 all = out->created + out->updated + out->skipped + out->failed;
    json_mut_set_string(doc, status, "phase", out->phase);
    json_mut_set_string(doc, status, "startTimestamp", start);
    json_mut_set_string(doc, status, "completionTimestamp", end);
    json_mut_set(doc, status, "errors", yyjson_mut_uint(doc, out->errors));
    json_mut_set(doc, status, "warnings", yyjson_mut_uint(doc, out->warnings));
    yyjson_mut_val *progress = json_mut_ensure_object(doc, status, "progress");
    json_mut_set(doc, progress, "totalItems", yyjson_mut_uint(doc, all));
    json_mut_set(doc, progress, "itemsRestored", yyjson_mut_uint(doc, all));
}

static bool put_object(ArkRestoreRun *run, GError **error) {
    g_autofree char *key = ark_layout_key(ARK_FILE_RESTORE, run->spec.name);
    size_t length;
    g_autofree char *object = json_mut_write_pretty(yyjson_mut_doc_get_root(run->request->restore), &length);
    return store_put_bytes(run->request->record, key, object, length, error);
}

void ark_restore_record_begin(ArkRestoreRun *run, gint64 started) {
    yyjson_mut_doc *doc = run->request->restore;
    yyjson_mut_val *status = json_mut_ensure_object(doc, yyjson_mut_doc_get_root(doc), "status");
    g_autofree char *start = time_format(started), *cluster = kube_cluster_uid(run->request->client);
    g_autoptr(GError) error = NULL;
    ark_restore_note(run, CLUSTER_UID, cluster);
    json_mut_set_string(doc, status, "phase", "InProgress");
    json_mut_set_string(doc, status, "startTimestamp", start);
    if (!put_object(run, &error)) /* the end will fail likewise, and is told of */
        ark_log(run->log, ARK_LOG_WARNING, "the restore could not be put into the store: %s", error->message);
}

static bool put_files(ArkRestoreRun *run, const ArkRestoreOutcome *out, GError **error) {
    g_autofree char *list = resource_list(run), *log_key = ark_layout_key(ARK_FILE_RESTORE_LOG, run->spec.name);
    ark_log(run->log, ARK_LOG_INFO,
            "restore %s: %" G_GUINT64_FORMAT " created, %" G_GUINT64_FORMAT " updated, %" G_GUINT64_FORMAT
            " skipped, %" G_GUINT64_FORMAT " failed",
            out->phase, out->created, out->updated, out->skipped, out->failed);
    g_autoptr(GBytes) log = ark_log_finish(run->log);
    gsize log_length;
    const void *log_data = g_bytes_get_data(log, &log_length);
    return put_gzipped(run, ARK_FILE_RESTORE_RESULTS, out->results, strlen(out->results), error) &&
           put_gzipped(run, ARK_FILE_RESTORE_RESOURCE_LIST, list, strlen(list), error) &&
           put_gzipped(run, ARK_FILE_RESTORE_ITEM_OPERATIONS, "[]", 2, error) &&
           put_gzipped(run, ARK_FILE_RESTORE_VOLUME_INFO, "[]", 2, error) &&
           store_put_bytes(run->request->record, log_key, log_data, log_length, error) && put_object(run, error);
}

bool ark_restore_record_end(ArkRestoreRun *run, const ArkRestoreOutcome *out, gint64 started, GError **error) {
    set_status(run, out, started);
    return !ark_restore_stores(run) || put_files(run, out, error);
}
