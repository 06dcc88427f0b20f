/* Brings one object into the cluster: create first, look only where it exists already. */
#include "ark/apply-internal.h"

#include "ark/mask.h"

#include <string.h>

void ark_restore_tell(ArkRestoreRun *run, const ArkPlanItem *item) {
    if (!run->request->on_plan)
        return;
    pthread_mutex_lock(&run->plan_lock);
    run->request->on_plan(item, run->request->on_plan_data);
    pthread_mutex_unlock(&run->plan_lock);
}

void ark_restore_move_on(ArkRestoreRun *run, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = g_strdup_vprintf(format, args);
    va_end(args);
    pthread_mutex_lock(&run->lock);
    if (!run->moved_on)
        run->moved_on = g_steal_pointer(&text);
    pthread_mutex_unlock(&run->lock);
    g_free(text);
}

bool ark_restore_has_moved_on(ArkRestoreRun *run) {
    pthread_mutex_lock(&run->lock);
    bool moved = run->moved_on != NULL;
    pthread_mutex_unlock(&run->lock);
    return moved;
}

void ark_restore_count(ArkRestoreRun *run, const char *kind, const char *namespace_, const char *name,
                       ArkItemOutcome outcome) {
    static const char *const words[] = {"created", "updated", "skipped", "failed"};
    pthread_mutex_lock(&run->lock);
    GString *lines = g_hash_table_lookup(run->outcomes, kind);
    if (!lines) {
        lines = g_string_new(NULL);
        g_hash_table_insert(run->outcomes, g_strdup(kind), lines);
    }
    g_string_append_printf(lines, "%s%s%s(%s)", namespace_ ? namespace_ : "", namespace_ ? "/" : "", name,
                           words[outcome]);
    g_string_append_c(lines, '\0');
    run->counts[outcome]++;
    pthread_mutex_unlock(&run->lock);
}

/* Counts it, and tells a plan of it. */
static void count(const ArkItem *item, ArkItemOutcome outcome) {
    const char *api_version = json_mut_get_string(yyjson_mut_doc_get_root(item->doc), "apiVersion");
    g_autofree char *kind = g_strdup_printf("%s/%s", api_version ? api_version : "", item->kind);
    const ArkItemNotes *notes = item->notes;
    ArkPlanItem planned = {.outcome = outcome,
                           .group_resource = item->group_resource,
                           .namespace_ = item->namespace_,
                           .name = item->name,
                           .reason = notes->reason,
                           .unchecked = notes->unchecked,
                           .differs = notes->differs,
                           .resource_version = notes->resource_version,
                           .before = notes->cluster ? yyjson_mut_doc_get_root(notes->cluster) : NULL,
                           .after = yyjson_mut_doc_get_root(notes->wanted ? notes->wanted : item->doc)};
    ark_restore_count(item->run, kind, item->namespace_, item->name, outcome);
    ark_restore_tell(item->run, &planned);
}

static void note_reason(const ArkItem *item, const char *text) {
    g_free(item->notes->reason);
    item->notes->reason = g_strdup(text);
}

static const char *where(const char *namespace_) {
    return namespace_ ? namespace_ : "";
}

/* What is said of it, without values of a Secret. g_free() it. */
static char *masked(const ArkItem *item, const char *text) {
    if (!g_str_equal(item->group_resource, "secrets"))
        return g_strdup(text);
    g_autoptr(yyjson_doc) wanted = yyjson_mut_doc_imut_copy(item->doc, NULL); /* modifiers may have put values in */
    g_autofree char *once = ark_mask_secret(text, item->stored);
    return ark_mask_secret(once, yyjson_doc_get_root(wanted));
}

void ark_item_error(const ArkItem *item, const char *what, const GError *error) {
    g_autofree char *message = masked(item, error->message);
    g_autofree char *reason = g_strdup_printf("%s: %s", what, message);
    note_reason(item, reason);
    ark_results_error_alike(item->run->results, where(item->namespace_), reason, "%s %s %s", item->group_resource,
                            item->name, reason);
    ark_log(item->run->log, ARK_LOG_ERROR, "%s %s%s%s %s: %s", item->group_resource, where(item->namespace_),
            item->namespace_ ? "/" : "", item->name, what, message);
}

void ark_item_warning(const ArkItem *item, const char *warning) {
    g_autofree char *text = masked(item, warning);
    if (!item->notes->reason)
        note_reason(item, text);
    ark_results_warning(item->run->results, where(item->namespace_), "%s", text);
    ark_log(item->run->log, ARK_LOG_WARNING, "%s%s%s: %s", where(item->namespace_), item->namespace_ ? "/" : "",
            item->name, text);
}

static void put_ownership_back(const ArkItem *item, const ArkOwnership *ownership, yyjson_doc *created) {
    g_autoptr(GError) error = NULL;
    if (ark_ownership_put_back(ownership, item->run->request->client, item->resource, item->namespace_, item->name,
                               created, &error))
        return;
    g_autofree char *warning = g_strdup_printf("%s %s was restored, but not who owns its fields: %s",
                                               item->group_resource, item->name, error->message);
    ark_item_warning(item, warning);
}

/* --- status ---------------------------------------------------------------------------------------------- */

static bool wants_status(const ArkItem *item) {
    if (!json_get(item->stored, "status") || !item->resource->has_status)
        return false;
    const char *asked = json_get_string(item->stored, "metadata", "annotations", "velero.io/restore-status");
    if (asked && g_ascii_strcasecmp(asked, "true") == 0)
        return true;
    if (asked && g_ascii_strcasecmp(asked, "false") == 0)
        return false;
    const ArkRestoreSpec *spec = &item->run->spec;
    if (!spec->restore_status)
        return false;
    const KubeResource *resource = item->resource;
    return ark_include_exclude_has(&spec->status, resource->group_resource) ||
           (ark_include_exclude_has(&spec->status, resource->name) &&
            !ark_include_exclude_excludes(&spec->status, resource->group_resource));
}

static void restore_status(const ArkItem *item) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *patch = yyjson_mut_obj(doc);
    json_mut_set(doc, patch, "status", yyjson_val_mut_copy(doc, json_get(item->stored, "status")));
    size_t length;
    g_autofree char *text = json_mut_write(patch, &length);
    g_autoptr(GError) error = NULL;
    if (kube_object_patch(item->run->request->client, item->resource, item->namespace_, item->name, "status",
                          KUBE_PATCH_MERGE, text, length, NULL, NULL, &error))
        return;
    g_autofree char *warning =
        g_strdup_printf("%s %s was restored, but not its status: %s", item->group_resource, item->name, error->message);
    ark_item_warning(item, warning);
}

ArkItemOutcome ark_item_complete(const ArkItem *item, const ArkOwnership *ownership, yyjson_doc *created) {
    if (item->run->request->on_plan) /* there is nothing that could be completed */
        return ARK_ITEM_CREATED;
    if (item->restore_status)
        restore_status(item);
    put_ownership_back(item, ownership, created);
    return ARK_ITEM_CREATED;
}

/* --- create --------------------------------------------------------------------------------------------------- */

/* A port that another service holds, or this one does: then it exists. */
static bool is_taken_port(const ArkItem *item, const GError *error) {
    return g_str_equal(item->group_resource, "services") &&
           strstr(error->message, "provided port is already allocated");
}

/* In a plan: whether the server cannot be asked, since the object's namespace or kind is not there yet. */
static bool is_ahead_of_cluster(const ArkItem *item) {
    ArkRestoreRun *run = item->run;
    if (!run->request->on_plan)
        return false;
    pthread_mutex_lock(&run->lock);
    bool ahead = (item->namespace_ && g_hash_table_contains(run->fresh_namespaces, item->namespace_)) ||
                 (!item->resource && g_hash_table_contains(run->coming, item->group_resource));
    pthread_mutex_unlock(&run->lock);
    return ahead;
}

/* What a plan says of it, where the restore goes by one. True: nothing is to be sent. */
static bool is_settled_by_plan(const ArkItem *item, ArkItemOutcome *out) {
    ArkRestoreRun *run = item->run;
    if (!run->request->plan)
        return false;
    if (!item->planned) {
        ark_restore_move_on(run, "the plan does not have %s %s%s%s", item->group_resource, where(item->namespace_),
                            item->namespace_ ? "/" : "", item->name);
        *out = ARK_ITEM_FAILED;
        return true;
    }
    *out = item->planned->outcome;
    if (*out == ARK_ITEM_FAILED)
        ark_results_error(run->results, where(item->namespace_), "%s %s: the plan says that it is refused: not tried",
                          item->group_resource, item->name);
    return *out == ARK_ITEM_SKIPPED || *out == ARK_ITEM_FAILED;
}

static ArkItemOutcome create(const ArkItem *item) {
    ArkItemOutcome settled;
    if (is_settled_by_plan(item, &settled))
        return settled;
    if (is_ahead_of_cluster(item)) {
        item->notes->unchecked = true;
        return ARK_ITEM_CREATED;
    }
    ArkOwnership ownership =
        ark_ownership_take(item->doc, item->run->request->keep_managed_fields, item->restore_status);
    if (item->planned && item->planned->outcome == ARK_ITEM_UPDATED)
        return ark_item_settle(item, &ownership);
    g_autoptr(yyjson_doc) created = NULL;
    size_t length;
    g_autofree char *body = json_mut_write(yyjson_mut_doc_get_root(item->doc), &length);
    g_autoptr(GError) error = NULL;
    if (kube_object_create(item->run->request->client, item->resource, item->namespace_, body, length,
                           ownership.manager, ownership.manager ? &created : NULL, &error))
        return ark_item_complete(item, &ownership, created);
    if (g_error_matches(error, BASE_ERROR, BASE_ERROR_EXISTS))
        return ark_item_settle(item, &ownership);
    if (is_taken_port(item, error)) {
        g_autoptr(yyjson_doc) found =
            kube_object_get(item->run->request->client, item->resource, item->namespace_, item->name, NULL);
        if (found)
            return ark_item_settle(item, &ownership);
    }
    ark_item_error(item, item->run->request->on_plan ? "would be refused" : "could not be created", error);
    return ARK_ITEM_FAILED;
}

/* --- the whole way ------------------------------------------------------------------------------------------------ */

static bool is_left_out(ArkRestoreRun *run, const char *group_resource, const ArkEntry *entry, yyjson_val *object) {
    if (!g_hash_table_contains(run->related, entry) &&
        !ark_filters_match_labels(&run->spec.filters, json_get(object, "metadata", "labels")))
        return true;
    const char *reason;
    if (!ark_transform_skips(&run->transform, group_resource, object, &reason))
        return false;
    ark_log(run->log, ARK_LOG_INFO, "%s %s%s%s is not restored: %s", group_resource, where(entry->namespace_),
            entry->namespace_ ? "/" : "", entry->name, reason);
    return true;
}

static void entry_error(ArkRestoreRun *run, const char *group_resource, const ArkEntry *entry, const char *text) {
    ark_results_error(run->results, where(entry->namespace_), "%s %s: %s", group_resource, entry->name, text);
    ark_log(run->log, ARK_LOG_ERROR, "%s %s%s%s: %s", group_resource, where(entry->namespace_),
            entry->namespace_ ? "/" : "", entry->name, text);
    ark_restore_count(run, group_resource, entry->namespace_, entry->name, ARK_ITEM_FAILED);
    ArkPlanItem item = {.outcome = ARK_ITEM_FAILED,
                        .group_resource = group_resource,
                        .namespace_ = ark_transform_namespace(&run->transform, entry->namespace_),
                        .name = entry->name,
                        .reason = text};
    ark_restore_tell(run, &item);
}

static bool is_in_broken_namespace(ArkRestoreRun *run, const ArkEntry *entry) {
    const char *target = ark_transform_namespace(&run->transform, entry->namespace_);
    pthread_mutex_lock(&run->lock);
    bool broken = target && g_hash_table_contains(run->broken_namespaces, target);
    if (broken)
        run->counts[ARK_ITEM_FAILED]++;
    pthread_mutex_unlock(&run->lock);
    return broken; /* told once, by the namespace */
}

/* Whether the object is what its place in the archive says: filters went by the place. */
static bool is_in_its_place(ArkRestoreRun *run, const char *group_resource, const ArkEntry *entry, yyjson_val *object) {
    const char *api_version = json_get_string(object, "apiVersion"), *kind = json_get_string(object, "kind");
    const char *slash = api_version ? strchr(api_version, '/') : NULL, *dot = strchr(group_resource, '.');
    g_autofree char *group = slash ? g_strndup(api_version, (gsize)(slash - api_version)) : g_strdup("");
    const KubeResource *resource = api_version && kind ? kube_discovery_kind(run->discovery, api_version, kind) : NULL;
    return api_version && kind && g_strcmp0(json_get_string(object, "metadata", "name"), entry->name) == 0 &&
           (!entry->namespace_ ||
            g_strcmp0(json_get_string(object, "metadata", "namespace"), entry->namespace_) == 0) &&
           g_str_equal(group, dot ? dot + 1 : "") &&
           (!resource || (g_str_equal(resource->group_resource, group_resource) &&
                          resource->namespaced == (entry->namespace_ != NULL)));
}

void ark_restore_apply(ArkRestoreRun *run, const char *group_resource, const ArkEntry *entry) {
    g_autoptr(GError) error = NULL;
    g_autoptr(yyjson_doc) stored = ark_index_object(run->index, entry, &error);
    if (!stored) {
        entry_error(run, group_resource, entry, error->message);
        return;
    }
    yyjson_val *object = yyjson_doc_get_root(stored);
    if (!is_in_its_place(run, group_resource, entry, object)) {
        entry_error(run, group_resource, entry, "the archive holds another object in its place; it is not restored");
        return;
    }
    if (is_left_out(run, group_resource, entry, object) || is_in_broken_namespace(run, entry))
        return;
    g_autoptr(yyjson_mut_doc) doc = yyjson_doc_mut_copy(stored, NULL);
    if (!ark_transform(&run->transform, group_resource, doc, &error)) {
        entry_error(run, group_resource, entry, error->message);
        return;
    }
    if (run->modifiers && !ark_modifiers_apply(run->modifiers, group_resource, doc, &error)) {
        ark_results_error(run->results, where(entry->namespace_), "%s %s is restored, but not modified as asked: %s",
                          group_resource, entry->name, error->message);
        g_clear_error(&error);
    }
    ark_transform_add_labels(&run->transform, doc);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    if (entry->namespace_)
        json_mut_set_string(doc, json_mut_ensure_object(doc, root, "metadata"), "namespace",
                            ark_transform_namespace(&run->transform, entry->namespace_));
    const char *api_version = json_mut_get_string(root, "apiVersion"), *kind = json_mut_get_string(root, "kind");
    ArkItemNotes notes = {0};
    ArkItem item = {.run = run,
                    .group_resource = group_resource,
                    .doc = doc,
                    .stored = object,
                    .kind = kind ? kind : "",
                    .resource = kube_discovery_kind(run->discovery, api_version ? api_version : "", kind ? kind : ""),
                    .notes = &notes};
    item.namespace_ = entry->namespace_ ? json_mut_get_string(root, "metadata", "namespace") : NULL;
    item.name = json_mut_get_string(root, "metadata", "name");
    if (!item.name || !*item.name) {
        entry_error(run, group_resource, entry, "the modifiers leave it without a name");
        return;
    }
    if (!item.resource && !is_ahead_of_cluster(&item)) {
        g_autofree char *text = g_strdup_printf("the cluster does not serve %s of %s", kind ? kind : "its kind",
                                                api_version ? api_version : "?");
        entry_error(run, group_resource, entry, text);
        return;
    }
    if (run->request->plan)
        item.planned = ark_plan_find(run->request->plan, group_resource, item.namespace_, item.name);
    item.restore_status = item.resource && wants_status(&item);
    const char *command = g_str_equal(group_resource, "pods")
                              ? ark_hooks_command(json_get(object, "metadata", "annotations"), ARK_HOOKS_RESTORE)
                              : NULL;
    if (command) {
        g_autofree char *warning =
            g_strdup_printf("pod %s asks for a command by %s: it is not run, ark cannot yet", item.name, command);
        ark_item_warning(&item, warning);
    }
    count(&item, create(&item));
    g_free(notes.reason);
    g_free(notes.resource_version);
    yyjson_mut_doc_free(notes.cluster);
    yyjson_mut_doc_free(notes.wanted);
}
