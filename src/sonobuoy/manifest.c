#include "sonobuoy/manifest-internal.h"

#include "base/text.h"
#include "base/yaml.h"
#include "sonobuoy/builtin.h"
#include "sonobuoy/driver.h"
#include "sonobuoy/network/objects.h"
#include "sonobuoy/pod-options.h"
#include "sonobuoy/restricted.h"
#include "sonobuoy/rights.h"

#include <string.h>

/* --- documents out of templates ------------------------------------------------------------ */

yyjson_mut_doc *manifest_object(const char *yaml, const RunConfig *config) {
    g_autoptr(GError) error = NULL;
    yyjson_mut_doc *doc = yaml_parse(yaml, strlen(yaml), "a template of this program", &error);
    if (!doc)
        g_error("%s", error->message);
    yyjson_mut_val *metadata = json_mut_get(yyjson_mut_doc_get_root(doc), "metadata");
    if (json_mut_get_string(metadata, "namespace"))
        json_mut_set_string(doc, metadata, "namespace", config->namespace_);
    return doc;
}

yyjson_mut_val *manifest_metadata(yyjson_mut_doc *doc) {
    return json_mut_get(yyjson_mut_doc_get_root(doc), "metadata");
}

char *manifest_config_map_name(const char *plugin) {
    return g_strdup_printf("plugin-%s-cm", plugin);
}

/* --- namespace --------------------------------------------------------------------------------- */

static yyjson_mut_doc *namespace_object(const RunConfig *config) {
    yyjson_mut_doc *doc = manifest_object("apiVersion: v1\n"
                                          "kind: Namespace\n"
                                          "metadata: {labels: {}, name: x}\n",
                                          config);
    yyjson_mut_val *metadata = manifest_metadata(doc);
    json_mut_set_string(doc, metadata, "name", config->namespace_);
    json_mut_set_string(doc, yyjson_mut_obj_get(metadata, "labels"), "pod-security.kubernetes.io/enforce",
                        config->psa_enforce_level);
    return doc;
}

/* --- configuration, plugins, secrets --------------------------------------------------------- */

static yyjson_mut_doc *config_map_object(const RunConfig *config, const char *name) {
    yyjson_mut_doc *doc = manifest_object("apiVersion: v1\n"
                                          "data: {}\n"
                                          "kind: ConfigMap\n"
                                          "metadata: {labels: {" COMPONENT_YAML "}, name: x, namespace: x}\n",
                                          config);
    json_mut_set_string(doc, manifest_metadata(doc), "name", name);
    return doc;
}

static yyjson_mut_val *data_of(yyjson_mut_doc *doc) {
    return yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "data");
}

static yyjson_mut_doc *config_object(const RunConfig *config) {
    yyjson_mut_doc *doc = config_map_object(config, CONFIG_MAP_NAME);
    g_autoptr(yyjson_mut_doc) scratch = yyjson_mut_doc_new(NULL);
    g_autofree char *text = json_mut_write(run_config_to_json(config, scratch), NULL);
    json_mut_set_string(doc, data_of(doc), "config.json", text);
    return doc;
}

static yyjson_mut_doc *plugins_object(const RunConfig *config, const GPtrArray *plugins) {
    yyjson_mut_doc *doc = config_map_object(config, PLUGINS_MAP_NAME);
    for (guint i = 0; i < plugins->len; i++) {
        g_autofree char *key = g_strdup_printf("plugin-%u.yaml", i), *text = plugin_write(plugins->pdata[i]);
        json_mut_set_string(doc, data_of(doc), key, g_strchomp(text));
    }
    return doc;
}

static yyjson_mut_doc *plugin_files_object(const RunConfig *config, const Plugin *plugin) {
    g_autofree char *name = manifest_config_map_name(plugin->name);
    yyjson_mut_doc *doc = config_map_object(config, name);
    json_mut_remove(manifest_metadata(doc), "labels");
    json_mut_set(doc, yyjson_mut_doc_get_root(doc), "data", yyjson_mut_val_mut_copy(doc, plugin->config_map));
    return doc;
}

static yyjson_mut_doc *secret_object(const RunConfig *config, const char *name, const char *type, const char *key,
                                     const char *content) {
    yyjson_mut_doc *doc = manifest_object("apiVersion: v1\n"
                                          "data: {}\n"
                                          "kind: Secret\n"
                                          "metadata: {name: x, namespace: x}\n"
                                          "type: x\n",
                                          config);
    g_autofree char *encoded = g_base64_encode((const guchar *)content, strlen(content));
    json_mut_set_string(doc, manifest_metadata(doc), "name", name);
    json_mut_set_string(doc, yyjson_mut_doc_get_root(doc), "type", type);
    json_mut_set_string(doc, data_of(doc), key, encoded);
    return doc;
}

/* --- the aggregator ---------------------------------------------------------------------------- */

static const char pod[] =
    "apiVersion: v1\n"
    "kind: Pod\n"
    "metadata:\n"
    "  labels: {" COMPONENT_YAML ", " LABEL_PART ": " PART_AGGREGATOR ", " LABEL_TIER ": " TIER_ANALYSIS "}\n"
    "  name: " AGGREGATOR_POD "\n"
    "  namespace: x\n"
    "spec:\n"
    "  containers:\n"
    "  - name: " AGGREGATOR_CONTAINER "\n"
    "    command: [/sonobuoy]\n"
    "    args: [aggregator, --no-exit]\n"
    "    image: x\n"
    "    env: [{name: SONOBUOY_ADVERTISE_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]\n"
    "    volumeMounts:\n"
    "    - {name: sonobuoy-config-volume, mountPath: /etc/sonobuoy}\n"
    "    - {name: sonobuoy-plugins-volume, mountPath: /plugins.d}\n"
    "    - {name: output-volume, mountPath: /tmp/sonobuoy}\n"
    "  restartPolicy: OnFailure\n"
    "  serviceAccountName: x\n"
    "  tolerations: [{key: kubernetes.io/e2e-evict-taint-key, operator: Exists}]\n"
    "  volumes:\n"
    "  - {name: sonobuoy-config-volume, configMap: {name: " CONFIG_MAP_NAME "}}\n"
    "  - {name: sonobuoy-plugins-volume, configMap: {name: " PLUGINS_MAP_NAME "}}\n"
    "  - {name: output-volume, emptyDir: {}}\n";

static void add_tolerations(yyjson_mut_doc *doc, yyjson_mut_val *spec, yyjson_mut_val *tolerations) {
    size_t index, count;
    yyjson_mut_val *toleration;
    yyjson_mut_arr_foreach(tolerations, index, count, toleration) {
        yyjson_mut_arr_append(yyjson_mut_obj_get(spec, "tolerations"), yyjson_mut_val_mut_copy(doc, toleration));
    }
}

static bool add_node_selector(yyjson_mut_doc *doc, yyjson_mut_val *spec, GStrv pairs, GError **error) {
    for (char **pair = pairs; pair && *pair; pair++) {
        const char *colon = strchr(*pair, ':');
        if (!colon || colon == *pair) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "a node selector is KEY:VALUE, which \"%s\" is not",
                        *pair);
            return false;
        }
        g_autofree char *key = g_strndup(*pair, (gsize)(colon - *pair));
        json_mut_set_string(doc, json_mut_ensure_object(doc, spec, "nodeSelector"), key, colon + 1);
    }
    return true;
}

static void add_container_arguments(yyjson_mut_doc *doc, yyjson_mut_val *container, const ManifestOptions *options) {
    yyjson_mut_val *arguments = yyjson_mut_obj_get(container, "args");
    g_autofree char *level = g_strdup_printf("--level=%s", options->log_level ? options->log_level : "info");
    yyjson_mut_arr_add_strcpy(doc, arguments, level);
    yyjson_mut_arr_add_str(doc, arguments, "-v=4");
    yyjson_mut_arr_add_str(doc, arguments, "--alsologtostderr");
    json_mut_set_string(doc, container, "image", options->config->worker_image);
    if (options->image_pull_policy && *options->image_pull_policy)
        json_mut_set_string(doc, container, "imagePullPolicy", options->image_pull_policy);
    g_autoptr(GHashTable) environment = environment_changes(options, AGGREGATOR_NAME);
    container_set_environment(doc, container, environment);
}

static void add_security_context(yyjson_mut_doc *doc, yyjson_mut_val *spec, const RunConfig *config) {
    static const struct {
        const char *key;
        int id;
    } ids[] = {{"fsGroup", 2000}, {"runAsGroup", 3000}, {"runAsUser", 1000}};
    if (g_str_equal(config->security_context_mode, "none"))
        return;
    yyjson_mut_val *context = json_mut_ensure_object(doc, spec, "securityContext");
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
        json_mut_set(doc, context, ids[i].key, yyjson_mut_int(doc, ids[i].id));
    if (run_config_is_restricted(config))
        restricted_set_pod(doc, spec);
}

static yyjson_mut_doc *pod_object(const ManifestOptions *options, GError **error) {
    const RunConfig *config = options->config;
    g_autoptr(yyjson_mut_doc) doc = manifest_object(pod, config);
    yyjson_mut_val *spec = json_mut_get(yyjson_mut_doc_get_root(doc), "spec");
    yyjson_mut_val *container = yyjson_mut_arr_get_first(yyjson_mut_obj_get(spec, "containers"));
    add_container_arguments(doc, container, options);
    if (*config->image_pull_secrets) {
        yyjson_mut_val *secrets = yyjson_mut_arr(doc);
        json_mut_set_string(doc, yyjson_mut_arr_add_obj(doc, secrets), "name", config->image_pull_secrets);
        json_mut_set(doc, spec, "imagePullSecrets", secrets);
    }
    if (config->custom_annotations && yyjson_mut_obj_size(config->custom_annotations) > 0)
        json_mut_set(doc, manifest_metadata(doc), "annotations",
                     yyjson_mut_val_mut_copy(doc, config->custom_annotations));
    add_security_context(doc, spec, config);
    if (run_config_is_restricted(config))
        restricted_set_container(doc, container);
    if (!add_node_selector(doc, spec, options->node_selector, error))
        return NULL;
    add_tolerations(doc, spec, config->aggregator_tolerations);
    pod_options_set_metadata(config->pods, AGGREGATOR_NAME, doc, manifest_metadata(doc));
    pod_options_set_spec(config->pods, AGGREGATOR_NAME, doc, spec);
    pod_options_set_container(config->pods, AGGREGATOR_NAME, doc, container);
    /* The one of the configuration is not one of the options'. */
    json_mut_set_string(doc, spec, "serviceAccountName", config->service_account);
    return g_steal_pointer(&doc);
}

/* --- on a claim ---------------------------------------------------------------------------------- */

static yyjson_mut_doc *claim_object(const RunConfig *config) {
    yyjson_mut_doc *doc = manifest_object("apiVersion: v1\n"
                                          "kind: PersistentVolumeClaim\n"
                                          "metadata: {labels: {" COMPONENT_YAML "}, name: x, namespace: x}\n"
                                          "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: x}}}\n",
                                          config);
    yyjson_mut_val *spec = json_mut_get(yyjson_mut_doc_get_root(doc), "spec");
    json_mut_set_string(doc, manifest_metadata(doc), "name", config->volume_claim);
    json_mut_set_string(doc, json_mut_get(spec, "resources", "requests"), "storage", config->volume_size);
    if (*config->volume_class)
        json_mut_set_string(doc, spec, "storageClassName", config->volume_class);
    return doc;
}

/* What makes the pod again when it or its node is gone: the next one finds the run's folder on the claim. */
static yyjson_mut_doc *set_object(const RunConfig *config, yyjson_mut_doc *single) {
    yyjson_mut_doc *doc =
        manifest_object("apiVersion: apps/v1\n"
                        "kind: StatefulSet\n"
                        "metadata: {labels: {" COMPONENT_YAML "}, name: " AGGREGATOR_POD ", namespace: x}\n"
                        "spec:\n"
                        "  replicas: 1\n"
                        "  serviceName: " SERVICE_NAME "\n"
                        "  selector: {matchLabels: {" LABEL_PART ": " PART_AGGREGATOR "}}\n"
                        "  template: {}\n",
                        config);
    yyjson_mut_val *template = json_mut_get(yyjson_mut_doc_get_root(doc), "spec", "template");
    yyjson_mut_val *metadata = yyjson_mut_val_mut_copy(doc, manifest_metadata(single));
    yyjson_mut_val *spec = yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_get(yyjson_mut_doc_get_root(single), "spec"));
    json_mut_remove(metadata, "name");
    json_mut_remove(metadata, "namespace");
    json_mut_set_string(doc, spec, "restartPolicy", "Always");
    yyjson_mut_val *volume = yyjson_mut_arr_get_last(yyjson_mut_obj_get(spec, "volumes"));
    json_mut_remove(volume, "emptyDir");
    json_mut_set_string(doc, json_mut_ensure_object(doc, volume, "persistentVolumeClaim"), "claimName",
                        config->volume_claim);
    json_mut_set(doc, template, "metadata", metadata);
    json_mut_set(doc, template, "spec", spec);
    return doc;
}

static yyjson_mut_doc *service_object(const RunConfig *config) {
    return manifest_object("apiVersion: v1\n"
                           "kind: Service\n"
                           "metadata:\n"
                           "  labels: {" COMPONENT_YAML ", " LABEL_PART ": " PART_AGGREGATOR "}\n"
                           "  name: " SERVICE_NAME "\n"
                           "  namespace: x\n"
                           "spec:\n"
                           "  ports: [{port: 8080, protocol: TCP, targetPort: 8080}]\n"
                           "  selector: {" LABEL_PART ": " PART_AGGREGATOR "}\n"
                           "  type: ClusterIP\n",
                           config);
}

/* --- all of it -------------------------------------------------------------------------------- */

static int compare_plugins(const void *a, const void *b) {
    const Plugin *left = *(Plugin *const *)a, *right = *(Plugin *const *)b;
    return g_ascii_strcasecmp(left->name, right->name);
}

static const Plugin *find_plugin(const GPtrArray *plugins, const char *name) {
    for (guint i = 0; i < plugins->len; i++)
        if (g_str_equal(((const Plugin *)plugins->pdata[i])->name, name))
            return plugins->pdata[i];
    return NULL;
}

/* Whether `what` may be said of a plugin: one that runs, or the plugin e2e, which may have been left out. */
static bool check_target(const GPtrArray *plugins, const char *name, const char *what, GError **error) {
    if (g_str_equal(name, AGGREGATOR_NAME) || g_str_equal(name, BUILTIN_E2E) || find_plugin(plugins, name))
        return true;
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint j = 0; j < plugins->len; j++)
        g_string_append_printf(names, "%s%s", j ? ", " : "", ((const Plugin *)plugins->pdata[j])->name);
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s for the plugin %s, which is not among those that run: %s",
                what, name, names->len ? names->str : "none");
    return false;
}

static bool check_environment(const GPtrArray *plugins, const GPtrArray *changes, GError **error) {
    for (guint i = 0; changes && i < changes->len; i++) {
        const EnvironmentChange *change = changes->pdata[i];
        g_autofree char *what = g_strdup_printf("the variable %s is", change->name);
        if (!check_target(plugins, change->plugin, what, error))
            return false;
    }
    return true;
}

/* Options of pods, and permissions, are for plugins that run. */
static bool check_members(const GPtrArray *plugins, yyjson_mut_val *object, const char *what, GError **error) {
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(object);
    for (yyjson_mut_val *key; object && (key = yyjson_mut_obj_iter_next(&iter));) {
        const char *name = yyjson_mut_get_str(key);
        if (!g_str_equal(name, POD_OPTIONS_ALL) && !g_str_equal(name, WORKER_CONTAINER) &&
            !check_target(plugins, name, what, error))
            return false;
    }
    return true;
}

GPtrArray *manifest_plugins(const ManifestOptions *options, GError **error) {
    g_autoptr(GPtrArray) plugins = g_ptr_array_new_with_free_func((GDestroyNotify)plugin_free);
    const RunConfig *config = options->config;
    if (!check_environment(options->plugins, options->environment, error) ||
        !check_members(options->plugins, config->pods, "options of pods are", error) ||
        !check_members(options->plugins, config->plugin_permissions, "permissions are", error) ||
        !rights_check(config, error))
        return NULL;
    for (guint i = 0; i < options->plugins->len; i++) {
        const Plugin *plugin = options->plugins->pdata[i];
        if (find_plugin(plugins, plugin->name)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                        "plugin names must be unique, and two are named %s; --plugin FILE@NAME gives another name",
                        plugin->name);
            return NULL;
        }
        Plugin *copy = plugin_copy(plugin);
        g_ptr_array_add(plugins, copy);
        manifest_prepare_plugin(copy, options);
        if (run_config_is_restricted(config) && !restricted_check(copy, error))
            return NULL;
    }
    g_ptr_array_sort(plugins, compare_plugins);
    return g_steal_pointer(&plugins);
}

GPtrArray *manifest_objects(const ManifestOptions *options, GError **error) {
    const RunConfig *config = options->config;
    g_autoptr(GPtrArray) plugins = manifest_plugins(options, error);
    if (!plugins)
        return NULL;
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_mut_doc_free);
    if (g_str_equal(config->aggregator_permissions, PERMISSIONS_CLUSTER_ADMIN) ||
        g_str_equal(config->aggregator_permissions, PERMISSIONS_LEAST))
        g_ptr_array_add(objects, namespace_object(config));
    rights_add_accounts(objects, config, plugins);
    if (options->docker_config)
        g_ptr_array_add(objects, secret_object(config, config->image_pull_secrets, "kubernetes.io/dockerconfigjson",
                                               ".dockerconfigjson", options->docker_config));
    if (options->rbac)
        rights_add(objects, config, plugins, (const char *const *)options->api_groups);
    g_ptr_array_add(objects, config_object(config));
    if (options->ssh_key)
        g_ptr_array_add(objects, secret_object(config, "ssh-key", "Opaque", "id_rsa", options->ssh_key));
    g_ptr_array_add(objects, plugins_object(config, plugins));
    for (guint i = 0; i < plugins->len; i++) {
        const Plugin *plugin = plugins->pdata[i];
        if (plugin->config_map && yyjson_mut_obj_size(plugin->config_map) > 0)
            g_ptr_array_add(objects, plugin_files_object(config, plugin));
    }
    if (find_plugin(plugins, BUILTIN_NETWORK))
        network_add_objects(objects, config);
    yyjson_mut_doc *aggregator = pod_object(options, error);
    if (!aggregator)
        return NULL;
    if (*config->volume_claim && *config->volume_size)
        g_ptr_array_add(objects, claim_object(config));
    g_ptr_array_add(objects, *config->volume_claim ? set_object(config, aggregator) : aggregator);
    if (*config->volume_claim)
        yyjson_mut_doc_free(aggregator);
    g_ptr_array_add(objects, service_object(config));
    return g_steal_pointer(&objects);
}

char *manifest_yaml(const GPtrArray *objects) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < objects->len; i++) {
        yyjson_mut_val *root = yyjson_mut_doc_get_root(objects->pdata[i]);
        json_mut_sort(root);
        g_autofree char *document = yaml_write(root);
        g_string_append_printf(text, "%s---\n", document);
    }
    return g_string_free(text, false);
}
