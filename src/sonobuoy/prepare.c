/* What generation adds to a plugin: results folder, variables, the volume of its config-map. */
#include "sonobuoy/builtin.h"
#include "sonobuoy/manifest-internal.h"
#include "sonobuoy/pod-options.h"
#include "sonobuoy/restricted.h"
#include "sonobuoy/rights.h"

#include <string.h>

#define RESULTS_VOLUME "results"
#define VERSION_VARIABLE "$SONOBUOY_K8S_VERSION"

/* --- environment ------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b) {
    const char *left = *(const char *const *)a, *right = *(const char *const *)b;
    int order = g_ascii_strcasecmp(left, right);
    return order ? order : strcmp(left, right);
}

void container_set_environment(yyjson_mut_doc *doc, yyjson_mut_val *container, GHashTable *changes) {
    g_autoptr(GHashTable) variables = g_hash_table_new(g_str_hash, g_str_equal);
    size_t index, count;
    yyjson_mut_val *variable;
    yyjson_mut_arr_foreach(yyjson_mut_obj_get(container, "env"), index, count, variable) {
        const char *name = json_mut_get_string(variable, "name");
        if (name)
            g_hash_table_insert(variables, (void *)name, yyjson_mut_val_mut_copy(doc, variable));
    }
    GHashTableIter iter;
    const char *name, *value;
    g_hash_table_iter_init(&iter, changes);
    while (g_hash_table_iter_next(&iter, (void **)&name, (void **)&value)) {
        if (!*value) {
            g_hash_table_remove(variables, name);
            continue;
        }
        variable = yyjson_mut_obj(doc);
        json_mut_set_string(doc, variable, "name", name);
        json_mut_set_string(doc, variable, "value", value);
        g_hash_table_insert(variables, (void *)name, variable);
    }
    guint names_count = 0;
    g_autofree gpointer *names = g_hash_table_get_keys_as_array(variables, &names_count);
    qsort(names, names_count, sizeof *names, compare_names);
    yyjson_mut_val *env = yyjson_mut_arr(doc);
    for (guint i = 0; i < names_count; i++)
        yyjson_mut_arr_append(env, g_hash_table_lookup(variables, names[i]));
    json_mut_set(doc, container, "env", env);
}

GHashTable *environment_changes(const ManifestOptions *options, const char *plugin) {
    GHashTable *changes = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; options->environment && i < options->environment->len; i++) {
        const EnvironmentChange *change = g_ptr_array_index(options->environment, i);
        if (g_str_equal(change->plugin, plugin))
            g_hash_table_insert(changes, change->name, change->value);
    }
    return changes;
}

static GHashTable *plugin_environment(const Plugin *plugin, const ManifestOptions *options) {
    const RunConfig *config = options->config;
    const char *const own[][2] = {
        {"RESULTS_DIR", config->results_dir},
        {"SONOBUOY", "true"},
        {"SONOBUOY_CONFIG_DIR", MANIFEST_CONFIG_DIR},
        {"SONOBUOY_K8S_VERSION", options->kubernetes_version},
        {"SONOBUOY_PROGRESS_PORT", config->progress_port},
        {"SONOBUOY_RESULTS_DIR", config->results_dir},
    };
    GHashTable *changes = environment_changes(options, plugin->name);
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
        g_hash_table_insert(changes, (void *)own[i][0], (void *)own[i][1]);
    return changes;
}

/* --- volumes --------------------------------------------------------------------------------- */

static yyjson_mut_val *ensure_array(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key) {
    yyjson_mut_val *array = yyjson_mut_obj_get(object, key);
    if (!yyjson_mut_is_arr(array)) {
        array = yyjson_mut_arr(doc);
        json_mut_set(doc, object, key, array);
    }
    return array;
}

/* Mounts a volume; one of that name that is mounted already moves to the path. */
static void container_mount(yyjson_mut_doc *doc, yyjson_mut_val *container, const char *volume, const char *path) {
    yyjson_mut_val *mounts = ensure_array(doc, container, "volumeMounts"), *mount;
    size_t index, count;
    yyjson_mut_arr_foreach(mounts, index, count, mount) {
        if (g_strcmp0(json_mut_get_string(mount, "name"), volume) == 0) {
            json_mut_set_string(doc, mount, "mountPath", path);
            return;
        }
    }
    mount = yyjson_mut_arr_add_obj(doc, mounts);
    json_mut_set_string(doc, mount, "mountPath", path);
    json_mut_set_string(doc, mount, "name", volume);
}

static char *add_config_volume(Plugin *plugin) {
    char *name = g_strdup_printf("sonobuoy-%s-vol", plugin->name);
    g_autofree char *map = manifest_config_map_name(plugin->name);
    if (!plugin->extra_volumes)
        plugin->extra_volumes = yyjson_mut_arr(plugin->doc);
    yyjson_mut_val *volume = yyjson_mut_arr_add_obj(plugin->doc, plugin->extra_volumes);
    json_mut_set_string(plugin->doc, json_mut_ensure_object(plugin->doc, volume, "configMap"), "name", map);
    json_mut_set_string(plugin->doc, volume, "name", name);
    return name;
}

/* --- all of it ------------------------------------------------------------------------------- */

static void prepare_container(Plugin *plugin, yyjson_mut_val *container, const ManifestOptions *options,
                              GHashTable *environment, const char *config_volume) {
    if (config_volume)
        container_mount(plugin->doc, container, config_volume, MANIFEST_CONFIG_DIR);
    container_mount(plugin->doc, container, RESULTS_VOLUME, options->config->results_dir);
    container_set_environment(plugin->doc, container, environment);
}

static void ensure_pod_spec(Plugin *plugin, const RunConfig *config) {
    if (!plugin->pod_spec)
        plugin->pod_spec = builtin_pod_spec(plugin->doc, plugin->driver, config->service_account);
}

/* A pod spec that restricted pod security takes, where the plugin says nothing else. */
static void prepare_restricted(Plugin *plugin, const RunConfig *config) {
    bool needs_node = restricted_needs_node(plugin), plain = !plugin->pod_spec;
    ensure_pod_spec(plugin, config);
    if (plain && plugin->driver == PLUGIN_DAEMON_SET && !needs_node)
        builtin_pod_spec_leave_node(plugin->pod_spec);
    restricted_set_pod(plugin->doc, plugin->pod_spec);
    restricted_set_container(plugin->doc, plugin->spec);
    static const char *const lists[] = {"initContainers", "containers"};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        size_t index, count;
        yyjson_mut_val *container;
        yyjson_mut_arr_foreach(yyjson_mut_obj_get(plugin->pod_spec, lists[i]), index, count, container) {
            restricted_set_container(plugin->doc, container);
        }
    }
}

/* What the configuration says of the plugin's pods, in its definition, so that any aggregator heeds it. */
static void prepare_pod(Plugin *plugin, const RunConfig *config) {
    if (run_config_is_restricted(config))
        prepare_restricted(plugin, config);
    const char *account = rights_plugin_account(config, plugin->name);
    if (account) {
        ensure_pod_spec(plugin, config);
        const char *old = json_mut_get_string(plugin->pod_spec, "serviceAccountName");
        if (!old || g_str_equal(old, config->service_account))
            json_mut_set_string(plugin->doc, plugin->pod_spec, "serviceAccountName", account);
    }
    if (pod_options_of_spec(config->pods, plugin->name)) {
        ensure_pod_spec(plugin, config);
        pod_options_set_spec(config->pods, plugin->name, plugin->doc, plugin->pod_spec);
    }
    pod_options_set_container(config->pods, plugin->name, plugin->doc, plugin->spec);
}

void manifest_prepare_plugin(Plugin *plugin, const ManifestOptions *options) {
    g_autoptr(GHashTable) environment = plugin_environment(plugin, options);
    g_autofree char *config_volume = NULL;
    if (plugin->config_map && yyjson_mut_obj_size(plugin->config_map) > 0)
        config_volume = add_config_volume(plugin);
    g_autoptr(GString) image = g_string_new(json_mut_get_string(plugin->spec, "image"));
    g_string_replace(image, VERSION_VARIABLE, options->kubernetes_version, 0);
    json_mut_set_string(plugin->doc, plugin->spec, "image", image->str);
    if (options->config->force_image_pull_policy)
        json_mut_set_string(plugin->doc, plugin->spec, "imagePullPolicy", options->config->image_pull_policy);
    prepare_pod(plugin, options->config);
    prepare_container(plugin, plugin->spec, options, environment, config_volume);
    size_t index, count;
    yyjson_mut_val *container;
    yyjson_mut_arr_foreach(json_mut_get(plugin->pod_spec, "containers"), index, count, container) {
        prepare_container(plugin, container, options, environment, config_volume);
    }
}
