#include "sonobuoy/manifest-internal.h"

#include "base/text.h"
#include "base/yaml.h"

#include <string.h>

#define COMPONENT_YAML LABEL_COMPONENT ": " COMPONENT_SONOBUOY

/* --- documents out of templates ------------------------------------------------------------ */

/* A document of ours, in the configured namespace where it has metadata.namespace. */
static yyjson_mut_doc *object_new(const char *yaml, const RunConfig *config) {
    g_autoptr(GError) error = NULL;
    yyjson_mut_doc *doc = yaml_parse(yaml, strlen(yaml), "a template of this program", &error);
    if (!doc)
        g_error("%s", error->message);
    yyjson_mut_val *metadata = json_mut_get(yyjson_mut_doc_get_root(doc), "metadata");
    if (json_mut_get_string(metadata, "namespace"))
        json_mut_set_string(doc, metadata, "namespace", config->namespace_);
    return doc;
}

static yyjson_mut_val *metadata_of(yyjson_mut_doc *doc) {
    return json_mut_get(yyjson_mut_doc_get_root(doc), "metadata");
}

char *manifest_config_map_name(const char *plugin) {
    return g_strdup_printf("plugin-%s-cm", plugin);
}

/* --- namespace, account, rights ------------------------------------------------------------ */

static yyjson_mut_doc *namespace_object(const RunConfig *config) {
    yyjson_mut_doc *doc = object_new("apiVersion: v1\n"
                                     "kind: Namespace\n"
                                     "metadata: {labels: {}, name: x}\n",
                                     config);
    yyjson_mut_val *metadata = metadata_of(doc);
    json_mut_set_string(doc, metadata, "name", config->namespace_);
    json_mut_set_string(doc, yyjson_mut_obj_get(metadata, "labels"), "pod-security.kubernetes.io/enforce",
                        config->psa_enforce_level);
    return doc;
}

static yyjson_mut_doc *account_object(const RunConfig *config) {
    yyjson_mut_doc *doc = object_new("apiVersion: v1\n"
                                     "kind: ServiceAccount\n"
                                     "metadata: {labels: {" COMPONENT_YAML "}, name: x, namespace: x}\n",
                                     config);
    json_mut_set_string(doc, metadata_of(doc), "name", config->service_account);
    return doc;
}

static const char cluster_binding[] = "apiVersion: rbac.authorization.k8s.io/v1\n"
                                      "kind: ClusterRoleBinding\n"
                                      "metadata: {labels: {" COMPONENT_YAML ", " LABEL_NAMESPACE ": x}, name: x}\n"
                                      "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: x}\n"
                                      "subjects: [{kind: ServiceAccount, name: x, namespace: x}]\n";
static const char cluster_role[] = "apiVersion: rbac.authorization.k8s.io/v1\n"
                                   "kind: ClusterRole\n"
                                   "metadata: {labels: {" COMPONENT_YAML ", " LABEL_NAMESPACE ": x}, name: x}\n"
                                   "rules:\n"
                                   "- {apiGroups: ['*'], resources: ['*'], verbs: []}\n"
                                   "- {nonResourceURLs: [/metrics, /logs, /logs/*], verbs: [get]}\n";
static const char binding[] =
    "apiVersion: rbac.authorization.k8s.io/v1\n"
    "kind: RoleBinding\n"
    "metadata: {labels: {" COMPONENT_YAML ", " LABEL_NAMESPACE ": x}, name: x, namespace: x}\n"
    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: x}\n"
    "subjects: [{kind: ServiceAccount, name: x, namespace: x}]\n";
static const char role[] = "apiVersion: rbac.authorization.k8s.io/v1\n"
                           "kind: Role\n"
                           "metadata: {labels: {" COMPONENT_YAML ", " LABEL_NAMESPACE ": x}, name: x, namespace: x}\n"
                           "rules: [{apiGroups: ['*'], resources: ['*'], verbs: []}]\n";

/* One of the above. `name`: of the role; `verbs`: of a role's first rule, NULL-terminated. */
static yyjson_mut_doc *rights_object(const char *yaml, const RunConfig *config, const char *name,
                                     const char *const *verbs) {
    yyjson_mut_doc *doc = object_new(yaml, config);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *metadata = metadata_of(doc);
    json_mut_set_string(doc, metadata, "name", name);
    json_mut_set_string(doc, yyjson_mut_obj_get(metadata, "labels"), LABEL_NAMESPACE, config->namespace_);
    yyjson_mut_val *reference = yyjson_mut_obj_get(root, "roleRef");
    if (reference) {
        yyjson_mut_val *subject = yyjson_mut_arr_get_first(yyjson_mut_obj_get(root, "subjects"));
        json_mut_set_string(doc, reference, "name", name);
        json_mut_set_string(doc, subject, "name", config->service_account);
        json_mut_set_string(doc, subject, "namespace", config->namespace_);
    }
    yyjson_mut_val *allowed = json_mut_get(yyjson_mut_arr_get_first(yyjson_mut_obj_get(root, "rules")), "verbs");
    for (; allowed && *verbs; verbs++)
        yyjson_mut_arr_add_strcpy(doc, allowed, *verbs);
    return doc;
}

static bool add_rights(GPtrArray *objects, const RunConfig *config, GError **error) {
    static const char *const all[] = {"*", NULL}, *const read[] = {"get", "list", "watch", NULL};
    const char *permissions = config->aggregator_permissions;
    bool admin = g_str_equal(permissions, "clusterAdmin"), reader = g_str_equal(permissions, "clusterRead");
    if (!admin && !reader && !g_str_equal(permissions, "namespaceAdmin")) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "unknown aggregator permission: %s; there are clusterAdmin, clusterRead and namespaceAdmin",
                    permissions);
        return false;
    }
    g_autofree char *name = g_strdup_printf("sonobuoy-serviceaccount-%s", config->namespace_);
    if (admin || reader) {
        g_ptr_array_add(objects, rights_object(cluster_binding, config, name, all));
        g_ptr_array_add(objects, rights_object(cluster_role, config, name, admin ? all : read));
    }
    if (!admin) {
        g_ptr_array_add(objects, rights_object(binding, config, ROLE_NAME, all));
        g_ptr_array_add(objects, rights_object(role, config, ROLE_NAME, all));
    }
    return true;
}

/* --- configuration, plugins, secrets --------------------------------------------------------- */

static yyjson_mut_doc *config_map_object(const RunConfig *config, const char *name) {
    yyjson_mut_doc *doc = object_new("apiVersion: v1\n"
                                     "data: {}\n"
                                     "kind: ConfigMap\n"
                                     "metadata: {labels: {" COMPONENT_YAML "}, name: x, namespace: x}\n",
                                     config);
    json_mut_set_string(doc, metadata_of(doc), "name", name);
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
    json_mut_remove(metadata_of(doc), "labels");
    json_mut_set(doc, yyjson_mut_doc_get_root(doc), "data", yyjson_mut_val_mut_copy(doc, plugin->config_map));
    return doc;
}

static yyjson_mut_doc *secret_object(const RunConfig *config, const char *name, const char *type, const char *key,
                                     const char *content) {
    yyjson_mut_doc *doc = object_new("apiVersion: v1\n"
                                     "data: {}\n"
                                     "kind: Secret\n"
                                     "metadata: {name: x, namespace: x}\n"
                                     "type: x\n",
                                     config);
    g_autofree char *encoded = g_base64_encode((const guchar *)content, strlen(content));
    json_mut_set_string(doc, metadata_of(doc), "name", name);
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
    "  restartPolicy: Never\n"
    "  serviceAccountName: x\n"
    "  tolerations: [{key: kubernetes.io/e2e-evict-taint-key, operator: Exists}]\n"
    "  volumes:\n"
    "  - {name: sonobuoy-config-volume, configMap: {name: " CONFIG_MAP_NAME "}}\n"
    "  - {name: sonobuoy-plugins-volume, configMap: {name: " PLUGINS_MAP_NAME "}}\n"
    "  - {name: output-volume, emptyDir: {}}\n";

static bool one_of(const char *text, const char *const *words) {
    return !text || g_strv_contains(words, text);
}

static bool add_tolerations(yyjson_mut_doc *doc, yyjson_mut_val *spec, yyjson_mut_val *tolerations, GError **error) {
    static const char *const effects[] = {"NoSchedule", "NoExecute", "PreferNoSchedule", NULL};
    static const char *const operators[] = {"Equal", "Exists", NULL};
    size_t index, count;
    yyjson_mut_val *toleration;
    yyjson_mut_arr_foreach(tolerations, index, count, toleration) {
        const char *effect = json_mut_get_string(toleration, "effect"),
                   *operator= json_mut_get_string(toleration, "operator");
        if (!yyjson_mut_is_obj(toleration) || !one_of(effect, effects) || !one_of(operator, operators)) {
            g_autofree char *text = json_mut_write(toleration, NULL);
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                        "AggregatorTolerations: %s is no toleration: {key, operator (Equal, Exists), value, effect "
                        "(NoSchedule, NoExecute, PreferNoSchedule)}",
                        text);
            return false;
        }
        yyjson_mut_arr_append(yyjson_mut_obj_get(spec, "tolerations"), yyjson_mut_val_mut_copy(doc, toleration));
    }
    return true;
}

static bool add_node_selector(yyjson_mut_doc *doc, yyjson_mut_val *spec, GStrv pairs, GError **error) {
    for (char **pair = pairs; pair && *pair; pair++) {
        const char *colon = strchr(*pair, ':');
        if (!colon || colon == *pair) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "a node selector is KEY:VALUE, which \"%s\" is not",
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
}

static yyjson_mut_doc *pod_object(const ManifestOptions *options, GError **error) {
    const RunConfig *config = options->config;
    g_autoptr(yyjson_mut_doc) doc = object_new(pod, config);
    yyjson_mut_val *spec = json_mut_get(yyjson_mut_doc_get_root(doc), "spec");
    add_container_arguments(doc, yyjson_mut_arr_get_first(yyjson_mut_obj_get(spec, "containers")), options);
    json_mut_set_string(doc, spec, "serviceAccountName", config->service_account);
    if (*config->image_pull_secrets) {
        yyjson_mut_val *secrets = yyjson_mut_arr(doc);
        json_mut_set_string(doc, yyjson_mut_arr_add_obj(doc, secrets), "name", config->image_pull_secrets);
        json_mut_set(doc, spec, "imagePullSecrets", secrets);
    }
    if (config->custom_annotations && yyjson_mut_obj_size(config->custom_annotations) > 0)
        json_mut_set(doc, metadata_of(doc), "annotations", yyjson_mut_val_mut_copy(doc, config->custom_annotations));
    add_security_context(doc, spec, config);
    if (!add_node_selector(doc, spec, options->node_selector, error) ||
        !add_tolerations(doc, spec, config->aggregator_tolerations, error))
        return NULL;
    return g_steal_pointer(&doc);
}

static yyjson_mut_doc *service_object(const RunConfig *config) {
    return object_new("apiVersion: v1\n"
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

/* The e2e plugin's environment may be set where it does not run: it always is. */
static bool check_environment(const GPtrArray *plugins, const GPtrArray *changes, GError **error) {
    for (guint i = 0; changes && i < changes->len; i++) {
        const EnvironmentChange *change = changes->pdata[i];
        if (g_str_equal(change->plugin, AGGREGATOR_NAME) || g_str_equal(change->plugin, "e2e") ||
            find_plugin(plugins, change->plugin))
            continue;
        g_autoptr(GString) names = g_string_new(NULL);
        for (guint j = 0; j < plugins->len; j++)
            g_string_append_printf(names, "%s%s", j ? ", " : "", ((const Plugin *)plugins->pdata[j])->name);
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "the variable %s is for the plugin %s, which is not among those that run: %s", change->name,
                    change->plugin, names->len ? names->str : "none");
        return false;
    }
    return true;
}

GPtrArray *manifest_plugins(const ManifestOptions *options, GError **error) {
    g_autoptr(GPtrArray) plugins = g_ptr_array_new_with_free_func((GDestroyNotify)plugin_free);
    if (!check_environment(options->plugins, options->environment, error))
        return NULL;
    for (guint i = 0; i < options->plugins->len; i++) {
        const Plugin *plugin = options->plugins->pdata[i];
        if (find_plugin(plugins, plugin->name)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                        "plugin names must be unique, and two are named %s; --plugin FILE@NAME gives another name",
                        plugin->name);
            return NULL;
        }
        Plugin *copy = plugin_copy(plugin);
        manifest_prepare_plugin(copy, options);
        g_ptr_array_add(plugins, copy);
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
    if (g_str_equal(config->aggregator_permissions, "clusterAdmin"))
        g_ptr_array_add(objects, namespace_object(config));
    if (!config->existing_service_account)
        g_ptr_array_add(objects, account_object(config));
    if (options->docker_config)
        g_ptr_array_add(objects, secret_object(config, config->image_pull_secrets, "kubernetes.io/dockerconfigjson",
                                               ".dockerconfigjson", options->docker_config));
    if (options->rbac && !add_rights(objects, config, error))
        return NULL;
    g_ptr_array_add(objects, config_object(config));
    if (options->ssh_key)
        g_ptr_array_add(objects, secret_object(config, "ssh-key", "Opaque", "id_rsa", options->ssh_key));
    g_ptr_array_add(objects, plugins_object(config, plugins));
    for (guint i = 0; i < plugins->len; i++) {
        const Plugin *plugin = plugins->pdata[i];
        if (plugin->config_map && yyjson_mut_obj_size(plugin->config_map) > 0)
            g_ptr_array_add(objects, plugin_files_object(config, plugin));
    }
    yyjson_mut_doc *aggregator = pod_object(options, error);
    if (!aggregator)
        return NULL;
    g_ptr_array_add(objects, aggregator);
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
