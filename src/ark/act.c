#include "ark/act.h"

#include <string.h>

void ark_related_free(ArkRelated *related) {
    if (!related)
        return;
    g_free(related->namespace_);
    g_free(related->name);
    g_free(related);
}

static void relate(GPtrArray *related, const char *group_resource, const char *namespace_, const char *name) {
    ArkRelated *one = g_new0(ArkRelated, 1);
    *one = (ArkRelated){group_resource, g_strdup(namespace_), g_strdup(name)};
    g_ptr_array_add(related, one);
}

/* --- pods ----------------------------------------------------------------------------------- */

static bool act_pod(const ArkActContext *context, yyjson_mut_doc *doc, GPtrArray *related, GError **error) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *volume;
    const char *space = json_mut_get_string(root, "metadata", "namespace");
    const char *priority = json_mut_get_string(root, "spec", "priorityClassName");
    if (priority && *priority)
        relate(related, "priorityclasses.scheduling.k8s.io", NULL, priority);
    size_t index, count;
    yyjson_mut_arr_foreach(json_mut_get(root, "spec", "volumes"), index, count, volume) {
        const char *claim = json_mut_get_string(volume, "persistentVolumeClaim", "claimName");
        if (claim && *claim)
            relate(related, "persistentvolumeclaims", space, claim);
    }
    return true;
}

/* --- claims ----------------------------------------------------------------------------------- */

/* Labels that earlier backups and restores left behind. */
static void drop_stale_labels(yyjson_mut_val *labels, const char *backup_name) {
    static const char *const stale[] = {"velero.io/restore-name", "backup.velero.io/must-include-additional-items",
                                        "velero.io/volume-snapshot-name"};
    for (size_t i = 0; i < G_N_ELEMENTS(stale); i++)
        json_mut_remove(labels, stale[i]);
    const char *backup = json_mut_get_string(labels, "velero.io/backup-name");
    if (backup && !g_str_equal(backup, backup_name))
        json_mut_remove(labels, "velero.io/backup-name");
}

static void drop_velero_keys(yyjson_mut_val *labels) {
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(labels);
    for (yyjson_mut_val *key; labels && (key = yyjson_mut_obj_iter_next(&iter));)
        if (g_str_has_prefix(yyjson_mut_get_str(key), "velero.io/"))
            yyjson_mut_obj_iter_remove(&iter);
}

static bool uses_claim(yyjson_val *pod, const char *claim) {
    size_t index, count;
    yyjson_val *volume;
    yyjson_arr_foreach(json_get(pod, "spec", "volumes"), index, count, volume) {
        if (g_strcmp0(json_get_string(volume, "persistentVolumeClaim", "claimName"), claim) == 0)
            return true;
    }
    return false;
}

/* Running pods that mount the claim travel with it. */
static bool relate_pods(const ArkActContext *context, const char *space, const char *claim, GPtrArray *related,
                        GError **error) {
    if (!context->by_selector)
        return true; /* pods come in by their own listing */
    yyjson_val *pods = context->list("pods", space, context->data, error), *pod;
    if (!pods)
        return false;
    size_t index, count;
    yyjson_arr_foreach(pods, index, count, pod) {
        const char *node = json_get_string(pod, "spec", "nodeName");
        bool runs = node && *node && g_strcmp0(json_get_string(pod, "status", "phase"), "Running") == 0;
        if (runs && uses_claim(pod, claim))
            relate(related, "pods", space, json_get_string(pod, "metadata", "name"));
    }
    return true;
}

static bool act_claim(const ArkActContext *context, yyjson_mut_doc *doc, GPtrArray *related, GError **error) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *spec = json_mut_get(root, "spec");
    const char *volume = json_mut_get_string(spec, "volumeName");
    bool bound = g_strcmp0(json_mut_get_string(root, "status", "phase"), "Bound") == 0;
    if (!bound || !volume || !*volume)
        return true;
    json_mut_remove(spec, "dataSource");
    json_mut_remove(spec, "dataSourceRef");
    const char *class = json_mut_get_string(spec, "storageClassName");
    if (!class || *class)
        json_mut_remove(spec, "selector");
    drop_velero_keys(json_mut_get(spec, "selector", "matchLabels"));
    drop_stale_labels(json_mut_get(root, "metadata", "labels"), context->backup_name);
    relate(related, "persistentvolumes", NULL, volume);
    return relate_pods(context, json_mut_get_string(root, "metadata", "namespace"),
                       json_mut_get_string(root, "metadata", "name"), related, error);
}

/* --- service accounts --------------------------------------------------------------------------- */

static bool names_account(yyjson_val *binding, const char *space, const char *name) {
    size_t index, count;
    yyjson_val *subject;
    yyjson_arr_foreach(json_get(binding, "subjects"), index, count, subject) {
        if (g_strcmp0(json_get_string(subject, "kind"), "ServiceAccount") == 0 &&
            g_strcmp0(json_get_string(subject, "namespace"), space) == 0 &&
            g_strcmp0(json_get_string(subject, "name"), name) == 0)
            return true;
    }
    return false;
}

static bool act_service_account(const ArkActContext *context, yyjson_mut_doc *doc, GPtrArray *related, GError **error) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    const char *space = json_mut_get_string(root, "metadata", "namespace"),
               *name = json_mut_get_string(root, "metadata", "name");
    yyjson_val *bindings = context->list("clusterrolebindings.rbac.authorization.k8s.io", NULL, context->data, error),
               *binding;
    if (!bindings)
        return false;
    size_t index, count;
    yyjson_arr_foreach(bindings, index, count, binding) {
        if (!names_account(binding, space, name))
            continue;
        relate(related, "clusterrolebindings.rbac.authorization.k8s.io", NULL,
               json_get_string(binding, "metadata", "name"));
        const char *role = json_get_string(binding, "roleRef", "name");
        if (role && *role)
            relate(related, "clusterroles.rbac.authorization.k8s.io", NULL, role);
    }
    return true;
}

/* --- the table ------------------------------------------------------------------------------------ */

static const struct {
    const char *group_resource;
    bool (*act)(const ArkActContext *context, yyjson_mut_doc *doc, GPtrArray *related, GError **error);
} actions[] = {
    {"pods", act_pod},
    {"persistentvolumeclaims", act_claim},
    {"serviceaccounts", act_service_account},
};

bool ark_act_applies(const char *group_resource) {
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
        if (g_str_equal(actions[i].group_resource, group_resource))
            return true;
    return false;
}

bool ark_act(const ArkActContext *context, const char *group_resource, yyjson_mut_doc *doc, GPtrArray *related,
             GError **error) {
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
        if (g_str_equal(actions[i].group_resource, group_resource) && !actions[i].act(context, doc, related, error))
            return false;
    return true;
}
