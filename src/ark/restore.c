#include "ark/restore.h"

#include "ark/catalog.h"
#include "ark/contents.h"
#include "ark/order.h"
#include "ark/plugin-config.h"
#include "ark/restore-internal.h"
#include "ark/versions.h"
#include "base/text.h"
#include "kube/object.h"
#include "kube/watch.h"

#include <string.h>

void ark_restore_outcome_clear(ArkRestoreOutcome *outcome) {
    g_clear_pointer(&outcome->phase, g_free);
    g_clear_pointer(&outcome->results, g_free);
    g_clear_pointer(&outcome->not_stored, g_free);
}

/* --- fetch and index ------------------------------------------------------------------------------------ */

/* Velero records no checksums, but ark does. */
static void check_checksums(ArkRestoreRun *run, yyjson_val *backup) {
    g_autofree char *key = ark_layout_key(ARK_FILE_CHECKSUMS, run->spec.backup_name);
    g_autoptr(GError) error = NULL;
    if (!json_get(backup, "metadata", "annotations", "ark.seaworthy.dev/version"))
        return;
    g_autoptr(StoreObject) object = store_head(run->request->store, key, &error);
    if (!object && g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        ark_results_warning(run->results, NULL,
                            "the checksums of backup %s are gone (%s): whether it is what was stored cannot be told",
                            run->spec.backup_name, key);
}

/* When the backup of a plan was begun: tells it from another of its name. */
#define BACKUP_STARTED "ark.seaworthy.dev/backup-started"

/* A plan notes which backup it is of; who goes by one goes by that backup. */
static bool check_planned_backup(ArkRestoreRun *run, yyjson_val *backup, GError **error) {
    const char *started = json_get_string(backup, "status", "startTimestamp");
    if (run->request->on_plan)
        ark_restore_note(run, BACKUP_STARTED, started);
    const char *planned = run->request->plan ? ark_restore_noted(run, BACKUP_STARTED) : NULL;
    if (!planned || g_strcmp0(planned, started) == 0)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                "the plan is of a backup %s that was begun at %s, and the one in %s at %s: it is another; make a new "
                "plan",
                run->spec.backup_name, planned, store_url(run->request->store), started ? started : "no time");
    return false;
}

static bool check_backup(ArkRestoreRun *run, GError **error) {
    g_autoptr(yyjson_doc) doc = ark_catalog_named(run->request->store, ARK_BACKUPS, run->spec.backup_name, error);
    if (!doc || !check_planned_backup(run, yyjson_doc_get_root(doc), error))
        return false;
    check_checksums(run, yyjson_doc_get_root(doc));
    const char *phase = json_get_string(yyjson_doc_get_root(doc), "status", "phase");
    bool partly = g_strcmp0(phase, "PartiallyFailed") == 0;
    if (g_strcmp0(phase, "Completed") != 0 && !(partly && run->request->allow_partially_failed))
        ark_results_warning(run->results, NULL, "backup %s is %s: what it lacks is not restored", run->spec.backup_name,
                            phase ? phase : "without a phase");
    return true;
}

static bool is_restorable(const char *group_resource, const char *namespace_, void *data) {
    return !ark_order_is_never_restored(group_resource);
}

static bool read_index(ArkRestoreRun *run, GError **error) {
    ArkIndexOptions options = {.wants = is_restorable, .limits = run->request->limits};
    progress_set_note(run->request->progress, "reading the backup");
    run->index = ark_contents_read(run->request->store, run->spec.backup_name, &options, error);
    return run->index != NULL;
}

/* --- what is restored ---------------------------------------------------------------------------------------- */

/* Kinds in order, each with its entries. */
typedef struct {
    const char *group_resource;
    GPtrArray *entries; /* const ArkEntry * */
} Bucket;

static void bucket_free(void *data) {
    Bucket *bucket = data;
    g_ptr_array_unref(bucket->entries);
    g_free(bucket);
}

static bool prepare_filters(ArkRestoreRun *run, GError **error) {
    if (!ark_selection_init(&run->selection, &run->spec.filters, run->index, run->discovery, error))
        return false;
    for (guint i = 0; i < run->selection.kinds.unknown->len; i++) {
        const char *name = g_ptr_array_index(run->selection.kinds.unknown, i);
        g_autofree char *hint = text_did_you_mean(kube_discovery_nearest(run->discovery, name));
        ark_results_warning(run->results, NULL,
                            "neither the backup nor the cluster has a kind \"%s\", which a filter names%s", name, hint);
    }
    g_autoptr(GPtrArray) missing =
        ark_selection_missing_namespaces(&run->selection, run->index, run->spec.namespace_mapping);
    for (guint i = 0; i < missing->len; i++)
        ark_results_warning(run->results, NULL, "%s", (const char *)g_ptr_array_index(missing, i));
    return true;
}

typedef struct {
    ArkRestoreRun *run;
    GHashTable *chosen;   /* ArkEntry -> its group resource */
    GPtrArray *unvisited; /* ArkEntry whose related ones are not looked for yet */
} Selection;

static void choose(Selection *selection, const char *group_resource, const ArkEntry *entry, bool related) {
    if (!entry || g_hash_table_contains(selection->chosen, entry))
        return;
    if (related && ark_include_exclude_excludes(&selection->run->selection.kinds.lists, group_resource))
        return;
    if (related && !entry->namespace_ && selection->run->spec.filters.include_cluster_resources == 0)
        return;
    g_hash_table_insert(selection->chosen, (void *)entry, (void *)group_resource);
    if (related)
        g_hash_table_add(selection->run->related, (void *)entry);
    g_ptr_array_add(selection->unvisited, (void *)entry);
}

static void choose_by_name(Selection *selection, const char *group_resource, const char *namespace_, const char *name) {
    const ArkIndexKind *kind = ark_index_kind(selection->run->index, group_resource);
    if (kind && name && *name)
        choose(selection, kind->group_resource, ark_index_find(selection->run->index, group_resource, namespace_, name),
               true);
}

/* What the restore item actions would add: claims and classes of pods, volumes of claims. */
static void choose_related(Selection *selection, const ArkEntry *entry, const char *group_resource) {
    bool pod = g_str_equal(group_resource, "pods"), claim = g_str_equal(group_resource, "persistentvolumeclaims");
    const char *group = strchr(group_resource, '.');
    if (group && strchr(group + 1, '.') && entry->namespace_) /* a custom resource needs its definition */
        choose_by_name(selection, ARK_CRDS, NULL, group_resource);
    if (!pod && !claim)
        return;
    g_autoptr(yyjson_doc) doc = ark_index_object(selection->run->index, entry, NULL);
    yyjson_val *spec = json_get(yyjson_doc_get_root(doc), "spec"), *volume;
    if (!ark_filters_match_labels(&selection->run->spec.filters,
                                  json_get(yyjson_doc_get_root(doc), "metadata", "labels")) &&
        !g_hash_table_contains(selection->run->related, entry))
        return;
    if (claim)
        choose_by_name(selection, "persistentvolumes", NULL, json_get_string(spec, "volumeName"));
    if (!pod)
        return;
    choose_by_name(selection, "priorityclasses.scheduling.k8s.io", NULL, json_get_string(spec, "priorityClassName"));
    size_t index, count;
    yyjson_arr_foreach(json_get(spec, "volumes"), index, count, volume)
        choose_by_name(selection, "persistentvolumeclaims", entry->namespace_,
                       json_get_string(volume, "persistentVolumeClaim", "claimName"));
}

static GPtrArray *select_entries(ArkRestoreRun *run) {
    Selection selection = {run, g_hash_table_new(g_direct_hash, g_direct_equal), g_ptr_array_new()};
    const GPtrArray *kinds = ark_index_kinds(run->index);
    g_autoptr(GHashTable) buckets = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < kinds->len; i++) {
        const ArkIndexKind *kind = g_ptr_array_index(kinds, i);
        for (guint k = 0; k < kind->entries->len; k++) {
            const ArkEntry *entry = &g_array_index(kind->entries, ArkEntry, k);
            if (ark_selection_has(&run->selection, kind->group_resource, entry))
                choose(&selection, kind->group_resource, entry, false);
        }
    }
    /* Where nothing is filtered there is nothing that must be brought along. */
    while (!ark_selection_is_everything(&run->selection) && selection.unvisited->len > 0) {
        const ArkEntry *entry = g_ptr_array_steal_index(selection.unvisited, selection.unvisited->len - 1);
        choose_related(&selection, entry, g_hash_table_lookup(selection.chosen, entry));
    }
    GPtrArray *out = g_ptr_array_new_with_free_func(bucket_free);
    for (guint i = 0; i < kinds->len; i++) {
        const ArkIndexKind *kind = g_ptr_array_index(kinds, i);
        Bucket *bucket = g_new0(Bucket, 1);
        bucket->group_resource = kind->group_resource;
        bucket->entries = g_ptr_array_new();
        for (guint k = 0; k < kind->entries->len; k++)
            if (g_hash_table_contains(selection.chosen, &g_array_index(kind->entries, ArkEntry, k)))
                g_ptr_array_add(bucket->entries, &g_array_index(kind->entries, ArkEntry, k));
        g_hash_table_insert(buckets, kind->group_resource, bucket);
        g_ptr_array_add(names, kind->group_resource);
    }
    ark_order_sort(names, run->request->priorities);
    for (guint i = 0; i < names->len; i++)
        g_ptr_array_add(out, g_hash_table_lookup(buckets, g_ptr_array_index(names, i)));
    g_hash_table_unref(selection.chosen);
    g_ptr_array_unref(selection.unvisited);
    return out;
}

/* --- apply, kind by kind -------------------------------------------------------------------------------- */

typedef struct {
    ArkRestoreRun *run;
    const Bucket *bucket;
    Queue *entries;
} BucketWork;

static void bucket_worker(unsigned index, void *data) {
    BucketWork *work = data;
    for (const ArkEntry *entry; (entry = queue_pop(work->entries));) {
        if (!cancel_is_set(work->run->request->cancel) && !ark_restore_has_moved_on(work->run))
            ark_restore_apply(work->run, work->bucket->group_resource, entry);
        progress_add(work->run->request->progress, 1, entry->length);
    }
}

static void apply_bucket(ArkRestoreRun *run, const Bucket *bucket) {
    unsigned connections = run->request->connections ? run->request->connections : 16;
    if (bucket->entries->len == 0)
        return;
    gint64 started = g_get_monotonic_time();
    progress_set_note(run->request->progress, bucket->group_resource);
    BucketWork work = {run, bucket, queue_new(64, NULL)};
    Workers *workers = workers_start(MIN(connections, bucket->entries->len), "apply", bucket_worker, &work);
    for (guint i = 0; i < bucket->entries->len; i++)
        if (!queue_push(work.entries, g_ptr_array_index(bucket->entries, i)))
            break;
    queue_close(work.entries);
    workers_join(workers);
    queue_free(work.entries);
    ark_log(run->log, ARK_LOG_INFO, "%u %s done", bucket->entries->len, bucket->group_resource);
    progress_kind_done(run->request->progress, bucket->group_resource, bucket->entries->len,
                       g_get_monotonic_time() - started);
}

static bool has_condition(yyjson_val *object, const char *type) {
    size_t index, count;
    yyjson_val *condition;
    yyjson_arr_foreach(json_get(object, "status", "conditions"), index, count, condition) {
        if (g_strcmp0(json_get_string(condition, "type"), type) == 0)
            return g_strcmp0(json_get_string(condition, "status"), "True") == 0;
    }
    return false;
}

/* Waits until the definition is established and its kind is served. */
static void wait_for_crd(ArkRestoreRun *run, const ArkEntry *entry, gint64 deadline) {
    const KubeResource *resource = kube_discovery_find(run->discovery, ARK_CRDS);
    g_autoptr(GError) error = NULL;
    while (resource) {
        g_clear_error(&error);
        g_autoptr(yyjson_doc) doc = kube_object_get(run->request->client, resource, NULL, entry->name, &error);
        yyjson_val *object = yyjson_doc_get_root(doc);
        if (doc && has_condition(object, "Established") && has_condition(object, "NamesAccepted"))
            return;
        if (!doc && !base_error_is_transient(error))
            return; /* could not be created: that is told already */
        const char *revision = doc ? json_get_string(object, "metadata", "resourceVersion") : NULL;
        if (g_get_monotonic_time() > deadline || !kube_watch_object(run->request->client, resource, NULL, entry->name,
                                                                    revision, 10, run->request->cancel, NULL))
            break;
    }
    ark_results_error(run->results, "", "%s %s is not ready to use", ARK_CRDS, entry->name);
}

/* Discovery anew; kinds of fresh definitions may take a moment to be served. */
static bool refresh_discovery(ArkRestoreRun *run, const Bucket *crds, GError **error) {
    gint64 deadline = g_get_monotonic_time() + 15 * G_USEC_PER_SEC;
    for (;;) {
        KubeDiscovery *fresh = kube_discovery_new(run->request->client, error);
        if (!fresh)
            return false;
        kube_discovery_free(run->discovery);
        run->discovery = fresh;
        bool all = true;
        for (guint i = 0; i < crds->entries->len; i++) {
            const ArkEntry *entry = g_ptr_array_index(crds->entries, i);
            const char *dot = strchr(entry->name, '.');
            g_autofree char *plural = dot ? g_strndup(entry->name, (gsize)(dot - entry->name)) : NULL;
            all = all && dot && kube_discovery_resource(fresh, dot + 1, NULL, plural);
        }
        if (all || g_get_monotonic_time() > deadline)
            return true;
        if (!cancel_sleep(run->request->cancel, 100 * 1000, error))
            return false;
    }
}

static bool apply_crds(ArkRestoreRun *run, const Bucket *bucket, GError **error) {
    if (bucket->entries->len == 0)
        return true;
    apply_bucket(run, bucket);
    if (run->request->on_plan) { /* they are not there, so there is nothing to wait for */
        for (guint i = 0; i < bucket->entries->len; i++)
            g_hash_table_add(run->coming, g_strdup(((const ArkEntry *)g_ptr_array_index(bucket->entries, i))->name));
        return true;
    }
    gint64 deadline =
        g_get_monotonic_time() + (gint64)(run->request->wait_s ? run->request->wait_s : 600) * G_USEC_PER_SEC;
    for (guint i = 0; i < bucket->entries->len; i++)
        wait_for_crd(run, g_ptr_array_index(bucket->entries, i), deadline);
    return refresh_discovery(run, bucket, error);
}

/* Namespaces of all that is selected; namespaces that are selected themselves come even when empty. */
static void make_namespaces(ArkRestoreRun *run, const GPtrArray *buckets) {
    g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < buckets->len; i++) {
        const Bucket *bucket = g_ptr_array_index(buckets, i);
        bool namespaces = g_str_equal(bucket->group_resource, "namespaces");
        for (guint k = 0; k < bucket->entries->len; k++) {
            const ArkEntry *entry = g_ptr_array_index(bucket->entries, k);
            /* With a selector a namespace comes for what is in it: looked at as it is applied. */
            if (namespaces || entry->namespace_)
                g_hash_table_add(wanted, (void *)(namespaces ? entry->name : entry->namespace_));
        }
    }
    ark_restore_namespaces(run, wanted);
}

/* Of kinds that are stored in several versions: the one that this cluster likes best. Definitions
 * that the restore brings may add versions, so it is chosen after them. */
static bool choose_versions(ArkRestoreRun *run, GError **error) {
    g_autoptr(yyjson_doc) restore = yyjson_mut_doc_imut_copy(run->request->restore, NULL);
    const char *space = json_get_string(yyjson_doc_get_root(restore), "metadata", "namespace");
    GError *failure = NULL;
    g_autoptr(GHashTable) wanted =
        space ? ark_versions_read(run->request->client, run->discovery, space, &failure) : NULL;
    if (failure) {
        g_propagate_error(error, failure);
        return false;
    }
    ark_versions_choose(run->index, run->discovery, wanted);
    return true;
}

/* Not while workers run. */
static bool check_moved_on(const ArkRestoreRun *run, GError **error) {
    if (run->moved_on)
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                    "the cluster has moved on since the plan was made: %s; make a new plan", run->moved_on);
    return !run->moved_on;
}

static bool apply_all(ArkRestoreRun *run, const GPtrArray *buckets, GError **error) {
    guint64 total = 0;
    for (guint i = 0; i < buckets->len; i++)
        total += ((Bucket *)g_ptr_array_index(buckets, i))->entries->len;
    progress_set_total(run->request->progress, total);
    for (guint i = 0; i < buckets->len; i++) {
        const Bucket *bucket = g_ptr_array_index(buckets, i);
        if (g_str_equal(bucket->group_resource, ARK_CRDS) && !apply_crds(run, bucket, error))
            return false;
    }
    if (!check_moved_on(run, error) || !choose_versions(run, error))
        return false;
    make_namespaces(run, buckets);
    for (guint i = 0; i < buckets->len && !cancel_is_set(run->request->cancel); i++) {
        const Bucket *bucket = g_ptr_array_index(buckets, i);
        if (g_str_equal(bucket->group_resource, "namespaces"))
            progress_add(run->request->progress, bucket->entries->len, 0);
        else if (!g_str_equal(bucket->group_resource, ARK_CRDS))
            apply_bucket(run, bucket);
    }
    return check_moved_on(run, error) && !cancel_check(run->request->cancel, error);
}

/* --- the run -------------------------------------------------------------------------------------------- */

static bool has_storage_class(const char *name, void *data, GError **error) {
    ArkRestoreRun *run = data;
    const KubeResource *resource = kube_discovery_find(run->discovery, "storageclasses.storage.k8s.io");
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) found =
        resource ? kube_object_get(run->request->client, resource, NULL, name, &failure) : NULL;
    if (!found)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the storage class %s that it is mapped to: %s", name,
                    failure ? failure->message : "storage classes are not served");
    return found != NULL;
}

static void run_init(ArkRestoreRun *run, const ArkRestoreRequest *request) {
    g_autofree char *field = g_strdup_printf("restore=velero/%s", run->spec.name);
    run->request = request;
    run->log = ark_log_new(field, request->echo);
    run->results = ark_results_new();
    run->related = g_hash_table_new(g_direct_hash, g_direct_equal);
    run->fresh_namespaces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    run->coming = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    run->broken_namespaces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    run->outcomes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    run->transform = (ArkTransform){
        .spec = &run->spec, .restore_name = run->spec.name, .has_storage_class = has_storage_class, .data = run};
    pthread_mutex_init(&run->lock, NULL);
    pthread_mutex_init(&run->plan_lock, NULL);
}

static void run_clear(ArkRestoreRun *run) {
    GHashTableIter iter;
    GString *lines;
    g_hash_table_iter_init(&iter, run->outcomes);
    while (g_hash_table_iter_next(&iter, NULL, (void **)&lines))
        g_string_free(lines, TRUE);
    g_hash_table_unref(run->outcomes);
    g_hash_table_unref(run->related);
    g_hash_table_unref(run->fresh_namespaces);
    g_hash_table_unref(run->broken_namespaces);
    g_hash_table_unref(run->coming);
    g_free(run->moved_on);
    g_clear_pointer(&run->transform.dynamic_volumes, g_hash_table_unref);
    g_clear_pointer(&run->transform.storage_classes, g_hash_table_unref);
    g_clear_pointer(&run->transform.image_names, g_hash_table_unref);
    ark_selection_clear(&run->selection);
    ark_modifiers_free(run->modifiers);
    kube_discovery_free(run->discovery);
    if (!run->request->index)
        ark_index_free(run->index);
    ark_log_free(run->log);
    ark_results_free(run->results);
    pthread_mutex_destroy(&run->plan_lock);
    pthread_mutex_destroy(&run->lock);
}

/* What ConfigMaps of Velero's namespace say of mapped classes and images. */
static bool read_plugin_configs(ArkRestoreRun *run, GError **error) {
    g_autoptr(yyjson_doc) restore = yyjson_mut_doc_imut_copy(run->request->restore, NULL);
    const char *space = json_get_string(yyjson_doc_get_root(restore), "metadata", "namespace");
    GError *failure = NULL;
    ArkTransform *transform = &run->transform;
    if (!space)
        return true;
    transform->storage_classes =
        ark_plugin_config_read(run->request->client, run->discovery, space, "velero.io/change-storage-class", &failure);
    if (!failure)
        transform->image_names = ark_plugin_config_read(run->request->client, run->discovery, space,
                                                        "velero.io/change-image-name", &failure);
    if (failure)
        g_propagate_error(error, failure);
    return !failure;
}

static bool prepare(ArkRestoreRun *run, ArkRestoreOutcome *out, GError **error) {
    if (run->request->on_plan && !kube_client_is_dry_run(run->request->client)) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID, "a plan is made with a client of dry runs only");
        return false;
    }
    if (run->request->record && !run->request->on_plan && !ark_restore_record_check(run, out, error))
        return false;
    if (out->was_there)
        return true;
    if (run->request->modifiers && !(run->modifiers = ark_modifiers_read(run->request->modifiers, error)))
        return false;
    if ((!run->request->index && !check_backup(run, error)) ||
        !(run->discovery = kube_discovery_new(run->request->client, error)))
        return false;
    if (run->spec.asks_for_commands)
        ark_results_warning(run->results, NULL, "the commands of spec.hooks are not run in containers: ark cannot yet");
    run->index = run->request->index;
    return read_plugin_configs(run, error) && (run->index || read_index(run, error)) && prepare_filters(run, error);
}

static void take_outcome(ArkRestoreRun *run, ArkRestoreOutcome *out, bool failed) {
    out->created = run->counts[ARK_ITEM_CREATED];
    out->updated = run->counts[ARK_ITEM_UPDATED];
    out->skipped = run->counts[ARK_ITEM_SKIPPED];
    out->failed = run->counts[ARK_ITEM_FAILED];
    out->errors = ark_results_errors(run->results);
    out->warnings = ark_results_warnings(run->results);
    out->phase = g_strdup(failed ? "Failed" : out->errors || out->failed ? "PartiallyFailed" : "Completed");
    out->results = ark_results_json(run->results, NULL);
}

static void run_restore(ArkRestoreRun *run, gint64 started, ArkRestoreOutcome *out) {
    bool stores = ark_restore_stores(run);
    g_autoptr(GPtrArray) buckets = select_entries(run);
    g_autoptr(GError) failure = NULL;
    if (stores)
        ark_restore_record_begin(run, started);
    run->transform.dynamic_volumes = ark_transform_dynamic_volumes(run->index);
    bool whole = apply_all(run, buckets, &failure);
    if (!whole)
        ark_results_error(run->results, NULL, "the restore ended early: %s%s", failure->message,
                          run->moved_on || !stores ? "" : "; run it again with --resume to go on");
    take_outcome(run, out, !whole);
    g_clear_error(&failure);
    if (!ark_restore_record_end(run, out, started, &failure)) {
        out->not_stored = g_strdup(failure->message);
        g_free(out->phase);
        out->phase = g_strdup(whole ? "PartiallyFailed" : "Failed");
    }
}

bool ark_restore_run(const ArkRestoreRequest *request, ArkRestoreOutcome *out, GError **error) {
    *out = (ArkRestoreOutcome){0};
    ArkRestoreRun run = {0};
    gint64 started = g_get_real_time();
    g_autoptr(yyjson_doc) object = yyjson_mut_doc_imut_copy(request->restore, NULL);
    bool ok = ark_restore_spec_read(yyjson_doc_get_root(object), &run.spec, error);
    run_init(&run, request);
    ok = ok && prepare(&run, out, error);
    if (ok && !out->was_there)
        run_restore(&run, started, out);
    run_clear(&run);
    ark_restore_spec_clear(&run.spec);
    return ok;
}
