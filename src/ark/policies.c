#include "ark/policies.h"

#include "ark/spec.h"
#include "base/text.h"
#include "base/yaml.h"

#include <string.h>

static const char *const VOLUME_TYPES[] = {"awsElasticBlockStore",
                                           "azureDisk",
                                           "azureFile",
                                           "cinder",
                                           "cephfs",
                                           "configMap",
                                           "csi",
                                           "downwardAPI",
                                           "emptyDir",
                                           "ephemeral",
                                           "fc",
                                           "flocker",
                                           "flexVolume",
                                           "gitRepo",
                                           "glusterfs",
                                           "gcePersistentDisk",
                                           "hostPath",
                                           "iscsi",
                                           "local",
                                           "nfs",
                                           "photonPersistentDisk",
                                           "portworxVolume",
                                           "projected",
                                           "quobyte",
                                           "rbd",
                                           "scaleIO",
                                           "secret",
                                           "storageOS",
                                           "vsphereVolume",
                                           NULL};

static bool refuse(GError **error, const char *place, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool refuse(GError **error, const char *place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "resource policies: %s: %s", place, text);
    return false;
}

/* Only known keys: a typing mistake must not change what is backed up. */
static bool check_keys(yyjson_val *object, const char *place, const char *const *known, GError **error) {
    if (object && !yyjson_is_obj(object))
        return refuse(error, place, "is not a mapping");
    yyjson_val *key, *value;
    json_foreach_member(object, key, value) {
        if (!g_strv_contains(known, yyjson_get_str(key)))
            return refuse(error, place, "unknown key \"%s\"", yyjson_get_str(key));
    }
    return true;
}

static bool check_choices(yyjson_val *list, const char *place, const char *const *known, GError **error) {
    if (list && !yyjson_is_arr(list))
        return refuse(error, place, "is not a list");
    size_t index, count;
    yyjson_val *value;
    yyjson_arr_foreach(list, index, count, value) {
        if (!yyjson_is_str(value) || (known && !g_strv_contains(known, yyjson_get_str(value))))
            return refuse(error, place, "\"%s\" is not known",
                          yyjson_is_str(value) ? yyjson_get_str(value) : "(not a text)");
    }
    return true;
}

/* "min,max", either side may be empty. */
static bool check_capacity(yyjson_val *value, GError **error) {
    if (!value)
        return true;
    const char *text = yyjson_get_str(value);
    g_auto(GStrv) sides = g_strsplit(text ? text : "", ",", -1);
    if (!text || g_strv_length(sides) != 2)
        return refuse(error, "capacity", "must be \"min,max\", such as \"10Gi,100Gi\" or \",1Gi\"");
    for (char **side = sides; *side; side++)
        if (*g_strstrip(*side) && !quantity_validate(*side, error)) {
            g_prefix_error(error, "resource policies: capacity: ");
            return false;
        }
    int order = 0;
    if (*sides[0] && *sides[1] && quantity_compare(sides[0], sides[1], &order, NULL) && order > 0)
        return refuse(error, "capacity", "the lower limit %s is above the upper limit %s", sides[0], sides[1]);
    return true;
}

static bool check_volume_policy(yyjson_val *policy, GError **error) {
    static const char *const keys[] = {"conditions", "action", NULL};
    static const char *const conditions[] = {"capacity",    "storageClass", "nfs",      "csi",
                                             "volumeTypes", "pvcLabels",    "pvcPhase", NULL};
    static const char *const action_keys[] = {"type", "parameters", NULL}, *const nfs[] = {"server", "path", NULL};
    static const char *const csi[] = {"driver", "volumeAttributes", NULL}, *const phases[] = {"Pending", "Bound",
                                                                                              "Lost", NULL};
    static const char *const actions[] = {"skip", "fs-backup", "snapshot", "custom", NULL};
    yyjson_val *condition = json_get(policy, "conditions"), *action = json_get(policy, "action");
    const char *type = json_get_string(action, "type");
    if (!check_keys(policy, "volumePolicies", keys, error) || !check_keys(condition, "conditions", conditions, error) ||
        !check_keys(action, "action", action_keys, error) ||
        !check_keys(json_get(condition, "nfs"), "nfs", nfs, error) ||
        !check_keys(json_get(condition, "csi"), "csi", csi, error) ||
        !check_choices(json_get(condition, "storageClass"), "storageClass", NULL, error) ||
        !check_choices(json_get(condition, "volumeTypes"), "volumeTypes", VOLUME_TYPES, error) ||
        !check_choices(json_get(condition, "pvcPhase"), "pvcPhase", phases, error) ||
        !check_capacity(json_get(condition, "capacity"), error))
        return false;
    if (!type || !g_strv_contains(actions, type))
        return refuse(error, "action", "type \"%s\" is none of skip, fs-backup, snapshot, custom", type ? type : "");
    return true;
}

static bool read_kinds(yyjson_val *kinds, ArkPolicies *out, GError **error) {
    static const char *const keys[] = {"includedClusterScopedResources", "excludedClusterScopedResources",
                                       "includedNamespaceScopedResources", "excludedNamespaceScopedResources", NULL};
    GStrv *lists[] = {&out->included_cluster_scoped, &out->excluded_cluster_scoped, &out->included_namespace_scoped,
                      &out->excluded_namespace_scoped};
    if (!check_keys(kinds, "includeExcludePolicy", keys, error))
        return false;
    out->has_kinds = kinds != NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        *lists[i] = json_strings(json_get(kinds, keys[i]));
        if (g_strv_contains((const char *const *)*lists[i], "*"))
            return refuse(error, keys[i], "\"*\" is not allowed here");
    }
    return true;
}

bool ark_policies_read(const char *text, ArkPolicies *out, GError **error) {
    static const char *const keys[] = {"version", "volumePolicies", "includeExcludePolicy", NULL};
    *out = (ArkPolicies){0};
    if (!text)
        return true;
    g_autoptr(yyjson_mut_doc) yaml = yaml_parse(text, strlen(text), "the resource policies", error);
    if (!yaml)
        return false;
    g_autoptr(yyjson_doc) doc = yyjson_mut_doc_imut_copy(yaml, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc), *policy;
    if (!yyjson_is_obj(root))
        return refuse(error, "the document", "is not a mapping");
    if (!check_keys(root, "the document", keys, error))
        return false;
    const char *version = json_get_string(root, "version");
    if (g_strcmp0(version, "v1") != 0)
        return refuse(error, "version", "\"%s\" is not v1", version ? version : "");
    size_t index, count;
    yyjson_arr_foreach(json_get(root, "volumePolicies"), index, count, policy) {
        if (!check_volume_policy(policy, error))
            return false;
    }
    return read_kinds(json_get(root, "includeExcludePolicy"), out, error);
}

void ark_policies_clear(ArkPolicies *policies) {
    g_clear_pointer(&policies->included_cluster_scoped, g_strfreev);
    g_clear_pointer(&policies->excluded_cluster_scoped, g_strfreev);
    g_clear_pointer(&policies->included_namespace_scoped, g_strfreev);
    g_clear_pointer(&policies->excluded_namespace_scoped, g_strfreev);
}

ArkResourceFilterSpec ark_policies_resources(const ArkPolicies *policies) {
    return (ArkResourceFilterSpec){
        .include_cluster_resources = -1,
        .cluster_scoped = (const char *const *)policies->included_cluster_scoped,
        .excluded_cluster_scoped = (const char *const *)policies->excluded_cluster_scoped,
        .namespace_scoped = (const char *const *)policies->included_namespace_scoped,
        .excluded_namespace_scoped = (const char *const *)policies->excluded_namespace_scoped,
    };
}
