/* Objects that exist already: left alone, made as they were, or united with what is there. */
#include "ark/apply-internal.h"
#include "base/jsonpatch.h"

/* The object in the cluster, reset as the stored one was. */
static yyjson_mut_doc *reset_object(const ArkItem *item, yyjson_doc *found, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_doc_mut_copy(found, NULL);
    g_autoptr(GHashTable) unmapped = g_hash_table_new(g_str_hash, g_str_equal);
    ArkRestoreSpec spec = item->run->spec;
    spec.namespace_mapping = unmapped; /* it is where it shall be */
    ArkTransform transform = item->run->transform;
    transform.spec = &spec;
    if (!ark_transform(&transform, item->group_resource, doc, error))
        return NULL;
    json_mut_remove(json_mut_get(yyjson_mut_doc_get_root(doc), "metadata"), "managedFields");
    return g_steal_pointer(&doc);
}

static bool send_patch(const ArkItem *item, yyjson_mut_val *patch, GError **error) {
    size_t length;
    g_autofree char *text = json_mut_write(patch, &length);
    return kube_object_patch(item->run->request->client, item->resource, item->namespace_, item->name, NULL,
                             KUBE_PATCH_MERGE, text, length, NULL, NULL, error);
}

/* Adds the elements of `from` that `to` lacks (by name). */
static void unite_names(yyjson_mut_doc *doc, yyjson_mut_val *target, const char *field, yyjson_mut_val *from) {
    yyjson_mut_val *list = yyjson_mut_obj_get(target, field), *wanted, *have;
    if (yyjson_mut_arr_size(from) == 0)
        return;
    if (!yyjson_mut_is_arr(list)) {
        list = yyjson_mut_arr(doc);
        json_mut_set(doc, target, field, list);
    }
    size_t index, total, inner, inner_total;
    yyjson_mut_arr_foreach(from, index, total, wanted) {
        bool there = false;
        yyjson_mut_arr_foreach(list, inner, inner_total, have)
            there = there || g_strcmp0(json_mut_get_string(have, "name"), json_mut_get_string(wanted, "name")) == 0;
        if (!there)
            yyjson_mut_arr_append(list, yyjson_mut_val_mut_copy(doc, wanted));
    }
}

static void add_missing_members(yyjson_mut_doc *doc, yyjson_mut_val *target, yyjson_mut_val *from) {
    size_t index, total;
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(from, index, total, key, value) {
        if (!yyjson_mut_obj_get(target, yyjson_mut_get_str(key)))
            json_mut_set(doc, target, yyjson_mut_get_str(key), yyjson_mut_val_mut_copy(doc, value));
    }
}

/* ServiceAccounts are united: the cluster fills the default one by itself. */
static yyjson_mut_val *merged_account(yyjson_mut_doc *doc, yyjson_mut_val *in_cluster, yyjson_mut_val *wanted) {
    yyjson_mut_val *merged = yyjson_mut_val_mut_copy(doc, in_cluster);
    unite_names(doc, merged, "secrets", json_mut_get(wanted, "secrets"));
    unite_names(doc, merged, "imagePullSecrets", json_mut_get(wanted, "imagePullSecrets"));
    yyjson_mut_val *metadata = json_mut_ensure_object(doc, merged, "metadata");
    static const char *const parts[] = {"labels", "annotations"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (json_mut_get(wanted, "metadata", parts[i]))
            add_missing_members(doc, json_mut_ensure_object(doc, metadata, parts[i]),
                                json_mut_get(wanted, "metadata", parts[i]));
    return merged;
}

/* Patches the cluster's object to be as wanted; falls back to the two labels. */
static ArkItemOutcome update(const ArkItem *item, yyjson_mut_doc *doc, yyjson_mut_val *from, yyjson_mut_val *to) {
    yyjson_mut_val *patch = json_merge_patch_make(doc, from, to);
    g_autoptr(GError) error = NULL;
    if (!patch)
        return ARK_ITEM_SKIPPED;
    item->notes->differs = true;
    if (item->planned) /* the server refuses it where somebody was quicker */
        json_mut_set_string(doc, json_mut_ensure_object(doc, patch, "metadata"), "resourceVersion",
                            item->planned->resource_version);
    if (send_patch(item, patch, &error))
        return ARK_ITEM_UPDATED;
    if (item->planned && g_error_matches(error, BASE_ERROR, BASE_ERROR_CONFLICT)) {
        ark_restore_move_on(item->run, "%s %s is changed since", item->group_resource, item->name);
        return ARK_ITEM_FAILED;
    }
    g_autofree char *warning =
        g_strdup_printf("%s %s exists and could not be updated: %s", item->group_resource, item->name, error->message);
    ark_item_warning(item, warning);
    g_autoptr(yyjson_mut_doc) labels = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(labels);
    yyjson_mut_doc_set_root(labels, root);
    ark_transform_add_labels(&item->run->transform, labels);
    if (item->run->spec.update_existing)
        (void)!send_patch(item, root, NULL);
    return ARK_ITEM_SKIPPED;
}

/* A service account becomes what both are. */
static ArkItemOutcome unite(const ArkItem *item, yyjson_mut_doc *cluster, yyjson_mut_val *in_cluster,
                            yyjson_mut_val *wanted) {
    yyjson_mut_val *merged = merged_account(cluster, in_cluster, wanted);
    if (item->run->request->on_plan) {
        item->notes->wanted = yyjson_mut_doc_new(NULL);
        yyjson_mut_doc_set_root(item->notes->wanted, yyjson_mut_val_mut_copy(item->notes->wanted, merged));
    }
    return update(item, cluster, in_cluster, merged);
}

static void warn_of_difference(const ArkItem *item) {
    item->notes->differs = true;
    g_autofree char *warning =
        g_strdup_printf("could not restore, %s \"%s\" already exists. Warning: the in-cluster version is different "
                        "than the backed-up version",
                        item->kind, item->name);
    ark_item_warning(item, warning);
}

/* What the cluster made of it since it was restored does not make it another's. */
static bool is_of_this_restore(const ArkItem *item, yyjson_mut_val *in_cluster) {
    return g_strcmp0(json_mut_get_string(in_cluster, "metadata", "labels", "velero.io/restore-name"),
                     json_mut_get_string(yyjson_mut_doc_get_root(item->doc), "metadata", "labels",
                                         "velero.io/restore-name")) == 0;
}

ArkItemOutcome ark_item_settle(const ArkItem *item, const ArkOwnership *ownership) {
    ArkRestoreRun *run = item->run;
    g_autoptr(GError) error = NULL;
    g_autoptr(yyjson_doc) found =
        kube_object_get(run->request->client, item->resource, item->namespace_, item->name, &error);
    if (!found && item->planned && g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        ark_restore_move_on(run, "%s %s%s%s is gone", item->group_resource, item->namespace_ ? item->namespace_ : "",
                            item->namespace_ ? "/" : "", item->name);
        return ARK_ITEM_FAILED;
    }
    const char *revision = json_get_string(yyjson_doc_get_root(found), "metadata", "resourceVersion");
    item->notes->resource_version = g_strdup(revision);
    g_autoptr(yyjson_mut_doc) cluster = found ? reset_object(item, found, &error) : NULL;
    if (!cluster) {
        ark_item_error(item, "exists but cannot be read", error);
        return ARK_ITEM_FAILED;
    }
    yyjson_mut_val *wanted = yyjson_mut_doc_get_root(item->doc);
    g_autoptr(yyjson_mut_doc) labelled = yyjson_mut_doc_mut_copy(cluster, NULL);
    ark_transform_add_labels(&run->transform, labelled);
    yyjson_mut_val *in_cluster = yyjson_mut_doc_get_root(cluster);
    if (run->request->on_plan)
        item->notes->cluster = yyjson_mut_doc_mut_copy(cluster, NULL);
    bool is_same = json_mut_equal(in_cluster, wanted);
    if (is_same && run->request->on_plan)
        return ARK_ITEM_SKIPPED;
    /* With this restore's label it is our own: the answer was lost, or a run of this name was cut off. */
    if (is_same || (run->resumed && is_of_this_restore(item, in_cluster)))
        return ark_item_complete(item, ownership, found);
    if (item->planned && !item->planned->unchecked &&
        (item->planned->outcome == ARK_ITEM_CREATED || g_strcmp0(item->planned->resource_version, revision) != 0)) {
        ark_restore_move_on(run, "%s %s%s%s is %s", item->group_resource, item->namespace_ ? item->namespace_ : "",
                            item->namespace_ ? "/" : "", item->name,
                            item->planned->outcome == ARK_ITEM_CREATED ? "there now" : "changed since");
        return ARK_ITEM_FAILED;
    }
    if (json_mut_equal(yyjson_mut_doc_get_root(labelled), wanted))
        return run->spec.update_existing ? update(item, cluster, in_cluster, yyjson_mut_doc_get_root(labelled))
                                         : ARK_ITEM_SKIPPED;
    if (g_str_equal(item->group_resource, "serviceaccounts"))
        return unite(item, cluster, in_cluster, wanted);
    if (run->spec.update_existing)
        return update(item, cluster, in_cluster, wanted);
    warn_of_difference(item);
    return ARK_ITEM_SKIPPED;
}
