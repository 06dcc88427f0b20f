/* Makes target namespaces ready before anything is put into them. */
#include "ark/ownership.h"
#include "ark/restore-internal.h"
#include "base/text.h"
#include "kube/watch.h"

/* The namespace object to create: the stored one under its new name, or a plain one. */
static yyjson_mut_doc *namespace_object(ArkRestoreRun *run, const char *source, const char *target) {
    const ArkEntry *entry = ark_index_find(run->index, "namespaces", NULL, source);
    g_autoptr(yyjson_doc) stored = entry ? ark_index_object(run->index, entry, NULL) : NULL;
    yyjson_mut_doc *doc = stored ? yyjson_doc_mut_copy(stored, NULL) : yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    if (!yyjson_mut_is_obj(root)) {
        root = yyjson_mut_obj(doc);
        yyjson_mut_doc_set_root(doc, root);
        json_mut_set_string(doc, root, "apiVersion", "v1");
        json_mut_set_string(doc, root, "kind", "Namespace");
    }
    ark_transform_reset_metadata(root);
    yyjson_mut_val *metadata = json_mut_ensure_object(doc, root, "metadata");
    json_mut_set_string(doc, metadata, "name", target);
    yyjson_mut_val *labels = json_mut_get(metadata, "labels");
    if (json_mut_get(labels, "kubernetes.io/metadata.name"))
        json_mut_set_string(doc, labels, "kubernetes.io/metadata.name", target);
    ark_transform_add_labels(&run->transform, doc);
    return doc;
}

static void put_ownership_back(ArkRestoreRun *run, const KubeResource *resource, const char *target,
                               const ArkOwnership *ownership, yyjson_doc *created) {
    g_autoptr(GError) error = NULL;
    if (!ark_ownership_put_back(ownership, run->request->client, resource, NULL, target, created, &error))
        ark_results_warning(run->results, target, "the namespace was restored, but not who owns its fields: %s",
                            error->message);
}

/* POSTs it, as who owned its fields. */
static bool create_namespace(ArkRestoreRun *run, const KubeResource *resource, const char *source, const char *target,
                             GError **error) {
    g_autoptr(yyjson_mut_doc) doc = namespace_object(run, source, target);
    ArkOwnership ownership = ark_ownership_take(doc, run->request->keep_managed_fields, false);
    g_autoptr(yyjson_doc) created = NULL;
    size_t length;
    g_autofree char *body = json_mut_write(yyjson_mut_doc_get_root(doc), &length);
    if (!kube_object_create(run->request->client, resource, NULL, body, length, ownership.manager, &created, error))
        return false;
    if (!run->request->on_plan) /* else there is no namespace that could own anything */
        put_ownership_back(run, resource, target, &ownership, created);
    return true;
}

/* Waits while a namespace of that name is being deleted. True when it is usable, or gone. */
static bool wait_while_terminating(ArkRestoreRun *run, const KubeResource *resource, const char *name, bool *out_exists,
                                   GError **error) {
    gint64 deadline =
        g_get_monotonic_time() + (gint64)(run->request->wait_s ? run->request->wait_s : 600) * G_USEC_PER_SEC;
    for (;;) {
        g_autoptr(GError) failure = NULL;
        g_autoptr(yyjson_doc) doc = kube_object_get(run->request->client, resource, NULL, name, &failure);
        *out_exists = doc != NULL;
        if (!doc && g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
            return true;
        if (!doc) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
        yyjson_val *deleted = json_get(yyjson_doc_get_root(doc), "metadata", "deletionTimestamp");
        if (!deleted || yyjson_is_null(deleted))
            return true;
        if (g_get_monotonic_time() > deadline) {
            g_set_error_literal(error, BASE_ERROR, BASE_ERROR_TIMEOUT,
                                "it is still being deleted; see what holds it with "
                                "`kubectl get namespace -o yaml` and run the restore again");
            return false;
        }
        ark_log(run->log, ARK_LOG_INFO, "waiting for namespace %s to be gone", name);
        const char *revision = json_get_string(yyjson_doc_get_root(doc), "metadata", "resourceVersion");
        if (!kube_watch_object(run->request->client, resource, NULL, name, revision, 10, run->request->cancel, error))
            return false;
    }
}

static void note_outcome(ArkRestoreRun *run, const char *target, bool created, const GError *error) {
    if (error) {
        ark_results_error(run->results, target, "the namespace is not ready, nothing is restored into it: %s",
                          error->message);
        ark_log(run->log, ARK_LOG_ERROR, "namespace %s: %s", target, error->message);
    }
    pthread_mutex_lock(&run->lock);
    if (error)
        g_hash_table_add(run->broken_namespaces, g_strdup(target));
    if (created)
        g_hash_table_add(run->fresh_namespaces, g_strdup(target));
    pthread_mutex_unlock(&run->lock);
    if (created)
        ark_restore_count(run, "v1/Namespace", NULL, target, ARK_ITEM_CREATED);
    ArkPlanItem item = {.outcome = created ? ARK_ITEM_CREATED : ARK_ITEM_FAILED,
                        .group_resource = "namespaces",
                        .name = target,
                        .reason = error ? error->message : NULL};
    ark_restore_tell(run, &item);
}

/* By a plan: made where the plan makes it, else there already. */
static void ensure_as_planned(ArkRestoreRun *run, const KubeResource *resource, const char *source,
                              const char *target) {
    const ArkPlanned *planned = ark_plan_find(run->request->plan, "namespaces", NULL, target);
    g_autoptr(GError) error = NULL;
    if (planned && planned->outcome == ARK_ITEM_CREATED) {
        if (create_namespace(run, resource, source, target, &error))
            note_outcome(run, target, true, NULL);
        else if (g_error_matches(error, BASE_ERROR, BASE_ERROR_EXISTS))
            ark_restore_move_on(run, "namespace %s is there now", target);
        else
            note_outcome(run, target, false, error);
        return;
    }
    bool exists = false;
    if (planned) {
        g_set_error_literal(&error, BASE_ERROR, BASE_ERROR_FORBIDDEN, "the plan says that it is refused: not tried");
        note_outcome(run, target, false, error);
    } else if (wait_while_terminating(run, resource, target, &exists, &error) && !exists) {
        ark_restore_move_on(run, "namespace %s is gone", target);
    }
}

/* A namespace that is there: where an earlier run of this restore made it and was cut off, it is made whole. */
static void resume_namespace(ArkRestoreRun *run, const KubeResource *resource, const char *source, const char *target) {
    g_autoptr(yyjson_doc) found =
        run->resumed ? kube_object_get(run->request->client, resource, NULL, target, NULL) : NULL;
    g_autofree char *label = name_to_label_value(run->spec.name);
    if (g_strcmp0(json_get_string(yyjson_doc_get_root(found), "metadata", "labels", "velero.io/restore-name"), label) !=
        0)
        return;
    g_autoptr(yyjson_mut_doc) doc = namespace_object(run, source, target);
    ArkOwnership ownership = ark_ownership_take(doc, run->request->keep_managed_fields, false);
    put_ownership_back(run, resource, target, &ownership, found);
    ark_restore_count(run, "v1/Namespace", NULL, target, ARK_ITEM_CREATED);
}

static void ensure_namespace(ArkRestoreRun *run, const char *source) {
    const KubeResource *resource = kube_discovery_resource(run->discovery, "", NULL, "namespaces");
    const char *target = ark_transform_namespace(&run->transform, source);
    if (run->request->plan) {
        ensure_as_planned(run, resource, source, target);
        return;
    }
    for (int tries = 0;; tries++) {
        g_autoptr(GError) error = NULL;
        bool exists = false;
        if (create_namespace(run, resource, source, target, &error)) {
            note_outcome(run, target, true, NULL);
            return;
        }
        /* Who may not create namespaces may still work in one that is there. */
        bool maybe_there = g_error_matches(error, BASE_ERROR, BASE_ERROR_EXISTS) ||
                           g_error_matches(error, BASE_ERROR, BASE_ERROR_FORBIDDEN);
        g_autoptr(GError) looked = NULL;
        if (maybe_there && !wait_while_terminating(run, resource, target, &exists, &looked) &&
            g_error_matches(looked, BASE_ERROR, BASE_ERROR_FORBIDDEN)) {
            ark_results_warning(run->results, target, "whether the namespace exists could not be looked at: %s",
                                looked->message);
            return;
        }
        if (exists && !looked) {
            resume_namespace(run, resource, source, target);
            return;
        }
        bool again = g_error_matches(error, BASE_ERROR, BASE_ERROR_EXISTS) && !looked && tries < 5;
        if (!again) {
            note_outcome(run, target, false, looked ? looked : error);
            return;
        }
    }
}

typedef struct {
    ArkRestoreRun *run;
    Queue *names; /* of the backup */
} NamespaceWork;

static void namespace_worker(unsigned index, void *data) {
    NamespaceWork *work = data;
    for (char *name; (name = queue_pop(work->names));)
        if (!cancel_is_set(work->run->request->cancel) && !ark_restore_has_moved_on(work->run))
            ensure_namespace(work->run, name);
}

/* Whether no other namespace goes to the same name; of two that do, one is made, and it is told. */
static bool is_first_to_go_there(ArkRestoreRun *run, GHashTable *targets, const char *source) {
    const char *target = ark_transform_namespace(&run->transform, source),
               *other = g_hash_table_lookup(targets, target);
    if (!other)
        return g_hash_table_insert(targets, (void *)target, (void *)source);
    ark_results_warning(run->results, target,
                        "namespaces %s and %s both go to %s: of objects with one name one is there in the end", other,
                        source, target);
    return false;
}

void ark_restore_namespaces(ArkRestoreRun *run, GHashTable *wanted) {
    NamespaceWork work = {run, queue_new(MAX(g_hash_table_size(wanted), 1), NULL)};
    g_autoptr(GHashTable) targets = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    void *name;
    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (is_first_to_go_there(run, targets, name) && !queue_push(work.names, name))
            break;
    queue_close(work.names);
    workers_join(workers_start(run->request->connections ? run->request->connections : 16, "namespaces",
                               namespace_worker, &work));
    queue_free(work.names);
}
