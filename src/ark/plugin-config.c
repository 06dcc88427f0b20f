#include "ark/plugin-config.h"

#include "kube/list.h"

typedef struct {
    GHashTable *data;
    GString *names;
    guint count;
} Found;

static bool take_configs(yyjson_val *items, size_t bytes, void *user_data, GError **error) {
    Found *found = user_data;
    size_t index, count;
    yyjson_val *item, *key, *value;
    yyjson_arr_foreach(items, index, count, item) {
        g_string_append_printf(found->names, "%s%s", found->count++ ? ", " : "",
                               json_get_string(item, "metadata", "name"));
        json_foreach_member(json_get(item, "data"), key, value)
            g_hash_table_insert(found->data, g_strdup(yyjson_get_str(key)),
                                g_strdup(yyjson_is_str(value) ? yyjson_get_str(value) : ""));
    }
    return true;
}

GHashTable *ark_plugin_config_read(KubeClient *client, const KubeDiscovery *discovery, const char *namespace_,
                                   const char *plugin, GError **error) {
    g_autofree char *selector = g_strdup_printf("velero.io/plugin-config,%s=RestoreItemAction", plugin);
    KubeListQuery query = {.resource = kube_discovery_resource(discovery, "", NULL, "configmaps"),
                           .namespace_ = namespace_,
                           .label_selector = selector};
    g_autoptr(GHashTable) data = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GString) names = g_string_new(NULL);
    Found found = {data, names, 0};
    g_auto(KubeListResult) result = {0};
    g_autoptr(GError) failure = NULL;
    if (!query.resource)
        return NULL;
    if (!kube_list(client, &query, take_configs, &found, &result, &failure)) {
        if (!g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORBIDDEN))
            g_propagate_prefixed_error(error, g_steal_pointer(&failure), "settings of %s: ", plugin);
        return NULL;
    }
    if (found.count > 1) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "several ConfigMaps in namespace %s hold the settings of %s (%s); leave one", namespace_, plugin,
                    names->str);
        return NULL;
    }
    return found.count ? g_steal_pointer(&data) : NULL;
}
