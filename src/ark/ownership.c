#include "ark/ownership.h"

static bool has_subresource(yyjson_mut_val *entry) {
    const char *subresource = json_mut_get_string(entry, "subresource");
    return subresource && *subresource;
}

ArkOwnership ark_ownership_take(yyjson_mut_doc *doc, bool keep, bool with_status) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *entry;
    yyjson_mut_val *all = yyjson_mut_obj_remove_key(json_mut_get(root, "metadata"), "managedFields");
    if (!keep || yyjson_mut_arr_size(all) == 0)
        return (ArkOwnership){0};
    yyjson_mut_val *entries = yyjson_mut_arr(doc);
    size_t index, total;
    yyjson_mut_arr_foreach(all, index, total, entry) {
        if (has_subresource(entry) && !with_status)
            continue;
        yyjson_mut_val *copy = yyjson_mut_val_mut_copy(doc, entry);
        json_mut_remove(json_mut_get(copy, "fieldsV1", "f:metadata"), "f:ownerReferences");
        yyjson_mut_arr_append(entries, copy);
    }
    ArkOwnership ownership = {.entries = yyjson_mut_arr_size(entries) > 0 ? entries : NULL};
    yyjson_mut_val *only = yyjson_mut_arr_size(entries) == 1 ? yyjson_mut_arr_get_first(entries) : NULL;
    if (only && !has_subresource(only) && g_strcmp0(json_mut_get_string(only, "operation"), "Update") == 0 &&
        g_strcmp0(json_mut_get_string(only, "apiVersion"), json_mut_get_string(root, "apiVersion")) == 0)
        ownership.manager = json_mut_get_string(only, "manager");
    return ownership;
}

/* The fields of an entry, less the labels that a restore adds. */
static yyjson_mut_val *own_fields(yyjson_mut_doc *doc, yyjson_mut_val *entry) {
    yyjson_mut_val *fields = yyjson_mut_val_mut_copy(doc, json_mut_get(entry, "fieldsV1"));
    yyjson_mut_val *metadata = json_mut_get(fields, "f:metadata"), *labels = json_mut_get(metadata, "f:labels");
    json_mut_remove(labels, "f:velero.io/backup-name");
    json_mut_remove(labels, "f:velero.io/restore-name");
    if (labels && yyjson_mut_obj_size(labels) == (json_mut_get(labels, ".") ? 1 : 0))
        json_mut_remove(metadata, "f:labels");
    if (metadata && yyjson_mut_obj_size(metadata) == 0)
        json_mut_remove(fields, "f:metadata");
    return fields;
}

/* Fields that the server or its admission fill in belong to whoever creates the object with
 * them, so the manager's name alone does not always bring back what was stored. */
static bool is_back(const ArkOwnership *ownership, yyjson_doc *created) {
    if (!ownership->manager || !created)
        return false;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *now = yyjson_val_mut_copy(doc, json_get(yyjson_doc_get_root(created), "metadata", "managedFields"));
    return yyjson_mut_arr_size(now) == 1 &&
           json_mut_equal(own_fields(doc, yyjson_mut_arr_get_first(now)),
                          own_fields(doc, yyjson_mut_arr_get_first(ownership->entries)));
}

bool ark_ownership_put_back(const ArkOwnership *ownership, KubeClient *client, const KubeResource *resource,
                            const char *namespace_, const char *name, yyjson_doc *created, GError **error) {
    if (!ownership->entries || is_back(ownership, created))
        return true;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *patch = yyjson_mut_obj(doc);
    json_mut_set(doc, json_mut_ensure_object(doc, patch, "metadata"), "managedFields",
                 yyjson_mut_val_mut_copy(doc, ownership->entries));
    size_t length;
    g_autofree char *text = json_mut_write(patch, &length);
    return kube_object_patch(client, resource, namespace_, name, NULL, KUBE_PATCH_MERGE, text, length, NULL, NULL,
                             error);
}
