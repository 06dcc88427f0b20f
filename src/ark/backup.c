#include "ark/backup.h"

#include "ark/archive.h"
#include "ark/capture.h"
#include "ark/catalog.h"
#include "ark/layout.h"
#include "base/text.h"

#include <string.h>

void ark_backup_outcome_clear(ArkBackupOutcome *outcome) {
    g_clear_pointer(&outcome->phase, g_free);
    g_clear_pointer(&outcome->results, g_free);
}

/* One backup in the making. */
typedef struct {
    const ArkBackupRequest *request;
    ArkBackupSpec spec;
    ArkCapture *capture;
    ArkLog *log;
    ArkResults *results;
    bool claimed; /* the archive is there, and ours: the name is this run's */
} Run;

/* --- files beside it --------------------------------------------------------------------------------- */

/* A file's SHA-256, put at the end of the checksums. */
static bool note_checksum(ArkArchive *archive, const char *key, const char *hex, GError **error) {
    g_autofree char *line = g_strdup_printf("%s  %s\n", hex, key);
    return sink_write(ark_archive_checksums(archive), line, strlen(line), error);
}

static bool put_raw(Run *run, ArkArchive *archive, ArkFile file, const void *data, size_t length, GError **error) {
    g_autofree char *key = ark_layout_key(file, run->spec.name);
    char hex[65];
    Sink *put = store_put(run->request->store, key, NULL, error);
    if (!put)
        return false;
    g_autoptr(Sink) sink = sink_sha256_new(put, hex, NULL);
    return sink_write(sink, data, length, error) && sink_finish(sink, error) &&
           (!archive || note_checksum(archive, key, hex, error));
}

static bool put_gzipped(Run *run, ArkArchive *archive, ArkFile file, const char *text, size_t length, GError **error) {
    g_autoptr(GByteArray) packed = g_byte_array_new();
    g_autoptr(Sink) sink = sink_gzip_new(sink_buffer_new(packed, G_MAXUINT - 1), 2);
    return sink_write(sink, text, length, error) && sink_finish(sink, error) &&
           put_raw(run, archive, file, packed->data, packed->len, error);
}

/* --- the Backup object ---------------------------------------------------------------------------------- */

static void set_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 us) {
    g_autofree char *text = time_format(us);
    json_mut_set_string(doc, object, key, text);
}

static void start_object(Run *run, gint64 started) {
    yyjson_mut_doc *doc = run->request->backup;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *metadata = json_mut_ensure_object(doc, root, "metadata");
    yyjson_mut_val *annotations = json_mut_ensure_object(doc, metadata, "annotations");
    yyjson_mut_val *status = json_mut_ensure_object(doc, root, "status");
    KubeVersion version = {0};
    if (kube_version_get(run->request->client, &version, NULL)) {
        json_mut_set_string(doc, annotations, "velero.io/source-cluster-k8s-gitversion",
                            version.git_version ? version.git_version : "");
        json_mut_set_string(doc, annotations, "velero.io/source-cluster-k8s-major-version",
                            version.major ? version.major : "");
        json_mut_set_string(doc, annotations, "velero.io/source-cluster-k8s-minor-version",
                            version.minor ? version.minor : "");
    }
    kube_version_clear(&version);
    /* Who made it: such a backup has checksums. */
    json_mut_set_string(doc, annotations, "ark.seaworthy.dev/version", SEAWORTHY_VERSION);
    json_mut_set(doc, status, "version", yyjson_mut_int(doc, 1));
    json_mut_set_string(doc, status, "formatVersion", ARK_FORMAT_VERSION);
    set_time(doc, status, "startTimestamp", started);
    set_time(doc, status, "expiration", started + run->spec.ttl_us);
    if (!json_mut_get(metadata, "creationTimestamp"))
        set_time(doc, metadata, "creationTimestamp", started);
}

static void finish_object(Run *run, const char *phase, guint64 objects) {
    yyjson_mut_doc *doc = run->request->backup;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *status = json_mut_ensure_object(doc, root, "status");
    json_mut_set_string(doc, status, "phase", phase);
    set_time(doc, status, "completionTimestamp", g_get_real_time());
    yyjson_mut_val *progress = json_mut_ensure_object(doc, status, "progress");
    json_mut_set(doc, progress, "totalItems", yyjson_mut_uint(doc, objects));
    json_mut_set(doc, progress, "itemsBackedUp", yyjson_mut_uint(doc, objects));
    guint errors = ark_results_errors(run->results), warnings = ark_results_warnings(run->results);
    if (errors)
        json_mut_set(doc, status, "errors", yyjson_mut_uint(doc, errors));
    if (warnings)
        json_mut_set(doc, status, "warnings", yyjson_mut_uint(doc, warnings));
    yyjson_mut_val *annotations =
        json_mut_ensure_object(doc, json_mut_ensure_object(doc, root, "metadata"), "annotations");
    const char *revision = ark_capture_revision(run->capture);
    if (revision)
        json_mut_set_string(doc, annotations, "ark.seaworthy.dev/revision", revision);
}

/* --- the run ------------------------------------------------------------------------------------------------- */

static void log_result(bool is_error, const char *where, const char *text, void *data) {
    ark_log(data, is_error ? ARK_LOG_ERROR : ARK_LOG_WARNING, "%s%s%s", where && *where ? where : "",
            where && *where ? ": " : "", text);
}

/* All that stands beside the archive; the marker, which makes the backup visible, last. */
static bool put_files(Run *run, ArkArchive *archive, const char *phase, const char *results, GError **error) {
    static const ArkFile empty[] = {ARK_FILE_POD_VOLUMES, ARK_FILE_VOLUME_SNAPSHOTS, ARK_FILE_ITEM_OPERATIONS,
                                    ARK_FILE_VOLUME_INFO, ARK_FILE_CSI_SNAPSHOTS,    ARK_FILE_CSI_CONTENTS,
                                    ARK_FILE_CSI_CLASSES};
    size_t length;
    g_autofree char *list = ark_archive_resource_list(archive, &length);
    if (!put_gzipped(run, archive, ARK_FILE_RESOURCE_LIST, list, length, error) ||
        !put_gzipped(run, archive, ARK_FILE_RESULTS, results, strlen(results), error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(empty); i++)
        if (!put_gzipped(run, archive, empty[i], "[]", 2, error))
            return false;
    ark_log(run->log, ARK_LOG_INFO, "backup %s: %" G_GUINT64_FORMAT " objects, %u errors, %u warnings", phase,
            ark_archive_objects(archive), ark_results_errors(run->results), ark_results_warnings(run->results));
    g_autoptr(GBytes) log = ark_log_finish(run->log);
    gsize log_length;
    const void *log_data = g_bytes_get_data(log, &log_length);
    finish_object(run, phase, ark_archive_objects(archive));
    g_autofree char *object = json_mut_write_pretty(yyjson_mut_doc_get_root(run->request->backup), &length);
    char hex[65];
    g_autoptr(GByteArray) ignored = g_byte_array_new();
    g_autoptr(Sink) hash = sink_sha256_new(sink_buffer_new(ignored, G_MAXUINT - 1), hex, NULL);
    g_autofree char *key = ark_layout_key(ARK_FILE_BACKUP, run->spec.name);
    return put_raw(run, archive, ARK_FILE_LOG, log_data, log_length, error) &&
           sink_write(hash, object, length, error) && sink_finish(hash, error) &&
           note_checksum(archive, key, hex, error) && sink_finish(ark_archive_checksums(archive), error) &&
           put_raw(run, NULL, ARK_FILE_BACKUP, object, length, error);
}

static bool archive_page(const ArkPage *page, void *data, GError **error) {
    return ark_archive_add(data, page, error);
}

/* The archive cannot be put. Where another run's is there, the name is that one's. */
static void set_not_claimed(Run *run, GError *failure, GError **error) {
    g_autofree char *key = ark_layout_key(ARK_FILE_CONTENTS, run->spec.name);
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_EXISTS)) {
        g_autoptr(StoreObject) other = store_head(run->request->store, key, NULL);
        if (other) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                        "backup \"%s\" was made by another run meanwhile in %s; choose another name", run->spec.name,
                        store_url(run->request->store));
            g_error_free(failure);
            return;
        }
        failure->code = BASE_ERROR_FAILED;
    }
    g_propagate_error(error, failure);
}

/* Commits the archive, which claims the name. */
static bool claim_name(Run *run, ArkArchive *archive, GError **error) {
    GError *failure = NULL;
    run->claimed = ark_archive_finish(archive, &failure);
    if (!run->claimed)
        set_not_claimed(run, failure, error);
    return run->claimed;
}

static ArkArchive *open_archive(Run *run, char *hex, guint64 *size, GError **error) {
    g_autofree char *key = ark_layout_key(ARK_FILE_CONTENTS, run->spec.name);
    g_autofree char *checksums_key = ark_layout_key(ARK_FILE_CHECKSUMS, run->spec.name);
    StorePutOptions first = {.if_absent = true}; /* of two runs of one name the first to end has it */
    GError *failure = NULL;
    g_autoptr(Sink) contents = store_put(run->request->store, key, &first, &failure);
    if (!contents) {
        set_not_claimed(run, failure, error);
        return NULL;
    }
    Sink *checksums = store_put(run->request->store, checksums_key, NULL, error);
    if (!checksums)
        return NULL;
    return ark_archive_new(sink_sha256_new(g_steal_pointer(&contents), hex, size), sink_gzip_new(checksums, 1), error);
}

/* Removes what a failed run put, as far as the store lets it. */
static void remove_files(Run *run) {
    for (ArkFile file = ARK_FILE_BACKUP; file <= ARK_FILE_CHECKSUMS; file++) {
        g_autofree char *key = ark_layout_key(file, run->spec.name);
        g_autoptr(GError) error = NULL;
        if (!store_discard(run->request->store, key, &error) && base_error_is_transient(error))
            return; /* the store is away: no use in waiting once a file */
    }
}

/* An archive without a marker: of a run that was cut off, or that is about to end. */
static bool remove_leftover(Run *run, ArkBackupOutcome *out, GError **error) {
    enum { SETTLED_S = 60 };
    g_autofree char *key = ark_layout_key(ARK_FILE_CONTENTS, run->spec.name);
    g_autoptr(StoreObject) leftover = store_head(run->request->store, key, NULL);
    if (!leftover)
        return true;
    if (run->request->resume || g_get_real_time() / G_USEC_PER_SEC - leftover->mtime > SETTLED_S) {
        out->left_over = true;
        return store_delete(run->request->store, key, error);
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                "backup \"%s\" is being written to %s by another run, or by one that was cut off just now; choose "
                "another name, give --resume if it was cut off, or try again in a minute",
                run->spec.name, store_url(run->request->store));
    return false;
}

/* Whether the backup can be made: no other has its name, or, where a run is resumed, what it made is whole. */
static bool check_name_free(Run *run, ArkBackupOutcome *out, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) object = ark_catalog_object(run->request->store, ARK_BACKUPS, run->spec.name, &failure);
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return remove_leftover(run, out, error);
    if (object && run->request->resume) {
        const char *phase = json_get_string(yyjson_doc_get_root(object), "status", "phase");
        out->was_there = true;
        out->phase = g_strdup(phase ? phase : "Unknown");
        return true;
    }
    if (object || g_error_matches(failure, BASE_ERROR, BASE_ERROR_CORRUPT)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                    "backup \"%s\" exists already in %s; choose another name or delete it first", run->spec.name,
                    store_url(run->request->store));
        return false;
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static bool open_capture(Run *run, GError **error) {
    const ArkBackupRequest *request = run->request;
    ArkCaptureRequest capture = {.client = request->client,
                                 .spec = &run->spec,
                                 .policies = request->policies,
                                 .consistent = request->consistent,
                                 .connections = request->connections,
                                 .page_size = request->page_size,
                                 .log = run->log,
                                 .results = run->results,
                                 .progress = request->progress,
                                 .cancel = request->cancel};
    run->capture = ark_capture_new(&capture, error);
    return run->capture != NULL;
}

static bool run_backup(Run *run, ArkBackupOutcome *out, GError **error) {
    char hex[65];
    if (run->spec.asks_for_commands)
        ark_results_warning(run->results, NULL, "the commands of spec.hooks are not run in containers: ark cannot yet");
    if (!check_name_free(run, out, error))
        return false;
    if (out->was_there)
        return true;
    if (!open_capture(run, error))
        return false;
    const char *revision = ark_capture_revision(run->capture);
    start_object(run, g_get_real_time());
    ark_log(run->log, ARK_LOG_INFO, "backing up %u lists at revision %s", ark_capture_lists(run->capture),
            revision ? revision : "(none)");
    g_autoptr(ArkArchive) archive = open_archive(run, hex, &out->stored_bytes, error);
    g_autofree char *key = ark_layout_key(ARK_FILE_CONTENTS, run->spec.name);
    bool ok = archive && ark_capture_run(run->capture, archive_page, archive, error) &&
              claim_name(run, archive, error) && note_checksum(archive, key, hex, error);
    if (ok) {
        ark_results_each(run->results, log_result, run->log);
        out->errors = ark_results_errors(run->results);
        out->warnings = ark_results_warnings(run->results);
        out->phase = g_strdup(out->errors ? "PartiallyFailed" : "Completed");
        out->results = ark_results_json(run->results, NULL);
        out->objects = ark_archive_objects(archive);
        out->bytes = ark_archive_bytes(archive);
        ok = put_files(run, archive, out->phase, out->results, error);
    }
    if (!ok && run->claimed)
        remove_files(run);
    return ok;
}

bool ark_backup_run(const ArkBackupRequest *request, ArkBackupOutcome *out, GError **error) {
    *out = (ArkBackupOutcome){0};
    Run run = {.request = request, .results = ark_results_new()};
    g_autoptr(yyjson_doc) object = yyjson_mut_doc_imut_copy(request->backup, NULL);
    bool ok = ark_backup_spec_read(yyjson_doc_get_root(object), &run.spec, error);
    g_autofree char *field = g_strdup_printf("backup=velero/%s", run.spec.name);
    run.log = ark_log_new(field, request->echo);
    ok = ok && run_backup(&run, out, error);
    ark_capture_free(run.capture);
    ark_backup_spec_clear(&run.spec);
    ark_log_free(run.log);
    ark_results_free(run.results);
    return ok;
}
