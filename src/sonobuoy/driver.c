#include "sonobuoy/driver.h"

#include "base/yaml.h"
#include "sonobuoy/builtin.h"
#include "sonobuoy/labels.h"
#include "sonobuoy/pod-options.h"
#include "sonobuoy/restricted.h"

#include <string.h>

static char *object_name(const Launch *launch) {
    return g_strdup_printf("sonobuoy-%s-%s-%s", launch->plugin->name,
                           launch->plugin->driver == PLUGIN_JOB ? "job" : "daemon-set", launch->session);
}

static char *secret_name(const Launch *launch) {
    return g_strdup_printf("sonobuoy-plugin-%s-%s", launch->plugin->name, launch->session);
}

char *driver_selector(const char *session) {
    return g_strconcat(LABEL_SESSION "=", session, NULL);
}

/* --- metadata -------------------------------------------------------------------------------- */

static void set_labels(yyjson_mut_doc *doc, yyjson_mut_val *metadata, const Launch *launch) {
    yyjson_mut_val *labels = json_mut_ensure_object(doc, metadata, "labels");
    json_mut_set_string(doc, labels, LABEL_COMPONENT, COMPONENT_SONOBUOY);
    json_mut_set_string(doc, labels, LABEL_PART, PART_PLUGIN);
    json_mut_set_string(doc, labels, LABEL_PLUGIN, launch->plugin->name);
    json_mut_set_string(doc, labels, LABEL_SESSION, launch->session);
    json_mut_set_string(doc, labels, LABEL_TIER, TIER_ANALYSIS);
}

static void set_custom_annotations(yyjson_mut_doc *doc, yyjson_mut_val *metadata, const RunConfig *config) {
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(config->custom_annotations);
    for (yyjson_mut_val *key; config->custom_annotations && (key = yyjson_mut_obj_iter_next(&iter));)
        json_mut_set(doc, json_mut_ensure_object(doc, metadata, "annotations"), yyjson_mut_get_str(key),
                     yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_iter_get_val(key)));
}

static void set_owner(yyjson_mut_doc *doc, yyjson_mut_val *metadata, const Launch *launch) {
    if (!launch->owner_uid)
        return;
    yyjson_mut_val *owners = yyjson_mut_arr(doc), *owner = yyjson_mut_arr_add_obj(doc, owners);
    json_mut_set_string(doc, owner, "apiVersion", "v1");
    json_mut_set_string(doc, owner, "kind", "Pod");
    json_mut_set_string(doc, owner, "name", launch->owner_name);
    json_mut_set_string(doc, owner, "uid", launch->owner_uid);
    json_mut_set(doc, metadata, "ownerReferences", owners);
}

/* A document of an object with name, namespace, labels and owner. */
static yyjson_mut_doc *object_new(const Launch *launch, const char *api_version, const char *kind, const char *name) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    json_mut_set_string(doc, root, "apiVersion", api_version);
    json_mut_set_string(doc, root, "kind", kind);
    yyjson_mut_val *metadata = json_mut_ensure_object(doc, root, "metadata");
    json_mut_set_string(doc, metadata, "name", name);
    json_mut_set_string(doc, metadata, "namespace", launch->config->namespace_);
    set_labels(doc, metadata, launch);
    set_owner(doc, metadata, launch);
    return doc;
}

yyjson_mut_doc *driver_secret(const Launch *launch, const KeyPair *certificate) {
    g_autofree char *name = secret_name(launch);
    yyjson_mut_doc *doc = object_new(launch, "v1", "Secret", name);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    json_mut_set_string(doc, root, "type", "kubernetes.io/tls");
    yyjson_mut_val *data = json_mut_ensure_object(doc, root, "data");
    g_autofree char *leaf = g_base64_encode((const guchar *)certificate->certificate, strlen(certificate->certificate));
    g_autofree char *key = g_base64_encode((const guchar *)certificate->key, strlen(certificate->key));
    json_mut_set_string(doc, data, "tls.crt", leaf);
    json_mut_set_string(doc, data, "tls.key", key);
    return doc;
}

/* --- the worker ------------------------------------------------------------------------------------ */

static yyjson_mut_val *variable_new(yyjson_mut_doc *doc, yyjson_mut_val *env, const char *name) {
    yyjson_mut_val *variable = yyjson_mut_arr_add_obj(doc, env);
    json_mut_set_string(doc, variable, "name", name);
    return variable;
}

static void add_value(yyjson_mut_doc *doc, yyjson_mut_val *env, const char *name, const char *value) {
    json_mut_set_string(doc, variable_new(doc, env, name), "value", value);
}

static void add_field(yyjson_mut_doc *doc, yyjson_mut_val *env, const char *name, const char *path) {
    yyjson_mut_val *from = json_mut_ensure_object(doc, variable_new(doc, env, name), "valueFrom");
    json_mut_set_string(doc, json_mut_ensure_object(doc, from, "fieldRef"), "fieldPath", path);
}

static void add_secret_key(yyjson_mut_doc *doc, yyjson_mut_val *env, const char *name, const char *secret,
                           const char *key) {
    yyjson_mut_val *from = json_mut_ensure_object(doc, variable_new(doc, env, name), "valueFrom");
    yyjson_mut_val *reference = json_mut_ensure_object(doc, from, "secretKeyRef");
    json_mut_set_string(doc, reference, "name", secret);
    json_mut_set_string(doc, reference, "key", key);
}

/* The worker's variables, and those of the plugin that it has not itself. */
static yyjson_mut_val *worker_environment(yyjson_mut_doc *doc, const Launch *launch) {
    const RunConfig *config = launch->config;
    g_autofree char *secret = secret_name(launch);
    yyjson_mut_val *env = yyjson_mut_arr(doc);
    add_field(doc, env, "NODE_NAME", "spec.nodeName");
    add_value(doc, env, "RESULTS_DIR", config->results_dir);
    add_value(doc, env, "SONOBUOY_RESULTS_DIR", config->results_dir);
    add_value(doc, env, "RESULT_TYPE", launch->plugin->name);
    add_value(doc, env, "AGGREGATOR_URL", launch->url);
    add_value(doc, env, "CA_CERT", launch->authority);
    add_secret_key(doc, env, "CLIENT_CERT", secret, "tls.crt");
    add_secret_key(doc, env, "CLIENT_KEY", secret, "tls.key");
    add_value(doc, env, "SONOBUOY_PROGRESS_PORT", config->progress_port);
    add_value(doc, env, "SONOBUOY_DIR", "/tmp/sonobuoy");
    add_field(doc, env, "SONOBUOY_NS", "metadata.namespace");
    add_field(doc, env, "SONOBUOY_PLUGIN_POD", "metadata.name");
    add_value(doc, env, "SONOBUOY_WORKER_CONTAINER", WORKER_CONTAINER);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    size_t index, count;
    yyjson_mut_val *variable;
    yyjson_mut_arr_foreach(env, index, count, variable) {
        g_hash_table_add(names, (void *)json_mut_get_string(variable, "name"));
    }
    yyjson_mut_arr_foreach(json_mut_get(launch->plugin->spec, "env"), index, count, variable) {
        const char *name = json_mut_get_string(variable, "name");
        if (name && !g_hash_table_contains(names, name))
            yyjson_mut_arr_append(env, yyjson_mut_val_mut_copy(doc, variable));
    }
    return env;
}

static void add_worker(yyjson_mut_doc *doc, yyjson_mut_val *containers, const Launch *launch) {
    static const char *const once[] = {"worker", "global", "--level=trace", "-v=6", "--logtostderr", NULL};
    static const char *const nodes[] = {"worker",     "single-node", "--level=trace", "-v=6", "--logtostderr",
                                        "--sleep=-1", NULL};
    yyjson_mut_val *worker = yyjson_mut_arr_add_obj(doc, containers), *command = yyjson_mut_arr(doc);
    json_mut_set_string(doc, worker, "name", WORKER_CONTAINER);
    json_mut_set_string(doc, worker, "image", launch->config->worker_image);
    json_mut_set_string(doc, worker, "imagePullPolicy", launch->config->image_pull_policy);
    yyjson_mut_arr_add_str(doc, command, "/sonobuoy");
    for (const char *const *word = launch->plugin->driver == PLUGIN_JOB ? once : nodes; *word; word++)
        yyjson_mut_arr_add_str(doc, command, *word);
    json_mut_set(doc, worker, "command", command);
    json_mut_set(doc, worker, "env", worker_environment(doc, launch));
    yyjson_mut_val *mounts = yyjson_mut_arr(doc), *mount = yyjson_mut_arr_add_obj(doc, mounts);
    json_mut_set_string(doc, mount, "name", "results");
    json_mut_set_string(doc, mount, "mountPath", launch->config->results_dir);
    json_mut_set(doc, worker, "volumeMounts", mounts);
    pod_options_set_container(launch->config->pods, WORKER_CONTAINER, doc, worker);
    if (run_config_is_restricted(launch->config))
        restricted_set_container(doc, worker);
}

/* --- pods and DaemonSets ----------------------------------------------------------------------------- */

static yyjson_mut_val *ensure_array(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key) {
    yyjson_mut_val *array = yyjson_mut_obj_get(object, key);
    if (!yyjson_mut_is_arr(array)) {
        array = yyjson_mut_arr(doc);
        json_mut_set(doc, object, key, array);
    }
    return array;
}

static yyjson_mut_val *pod_spec(yyjson_mut_doc *doc, const Launch *launch) {
    const Plugin *plugin = launch->plugin;
    const RunConfig *config = launch->config;
    yyjson_mut_val *spec = plugin->pod_spec ? yyjson_mut_val_mut_copy(doc, plugin->pod_spec)
                                            : builtin_pod_spec(doc, plugin->driver, config->service_account);
    yyjson_mut_val *containers = ensure_array(doc, spec, "containers"), *volumes = ensure_array(doc, spec, "volumes");
    yyjson_mut_arr_append(containers, yyjson_mut_val_mut_copy(doc, plugin->spec));
    add_worker(doc, containers, launch);
    yyjson_mut_val *results = yyjson_mut_arr_add_obj(doc, volumes), *volume;
    json_mut_set_string(doc, results, "name", "results");
    json_mut_ensure_object(doc, results, "emptyDir");
    size_t index, count;
    yyjson_mut_arr_foreach(plugin->extra_volumes, index, count, volume) {
        yyjson_mut_arr_append(volumes, yyjson_mut_val_mut_copy(doc, volume));
    }
    if (*config->image_pull_secrets)
        json_mut_set_string(doc, yyjson_mut_arr_add_obj(doc, ensure_array(doc, spec, "imagePullSecrets")), "name",
                            config->image_pull_secrets);
    return spec;
}

static yyjson_mut_doc *pod_new(const Launch *launch, const char *name) {
    yyjson_mut_doc *doc = object_new(launch, "v1", "Pod", name);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *metadata = yyjson_mut_obj_get(root, "metadata");
    set_custom_annotations(doc, metadata, launch->config);
    yyjson_mut_val *annotations = json_mut_ensure_object(doc, metadata, "annotations");
    json_mut_set_string(doc, annotations, "sonobuoy-driver", plugin_driver_name(launch->plugin->driver));
    json_mut_set_string(doc, annotations, LABEL_PLUGIN, launch->plugin->name);
    pod_options_set_metadata(launch->config->pods, launch->plugin->name, doc, metadata);
    json_mut_set(doc, root, "spec", pod_spec(doc, launch));
    return doc;
}

static yyjson_mut_doc *daemon_set_new(const Launch *launch, const char *name) {
    yyjson_mut_doc *doc = object_new(launch, "apps/v1", "DaemonSet", name);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *metadata = yyjson_mut_obj_get(root, "metadata");
    yyjson_mut_val *annotations = json_mut_ensure_object(doc, metadata, "annotations");
    json_mut_set_string(doc, annotations, "sonobuoy-driver", plugin_driver_name(launch->plugin->driver));
    json_mut_set_string(doc, annotations, LABEL_PLUGIN, launch->plugin->name);
    yyjson_mut_val *spec = json_mut_ensure_object(doc, root, "spec");
    yyjson_mut_val *selector = json_mut_ensure_object(doc, spec, "selector");
    json_mut_set_string(doc, json_mut_ensure_object(doc, selector, "matchLabels"), LABEL_SESSION, launch->session);
    yyjson_mut_val *template = json_mut_ensure_object(doc, spec, "template");
    yyjson_mut_val *pod_metadata = json_mut_ensure_object(doc, template, "metadata");
    set_labels(doc, pod_metadata, launch);
    set_custom_annotations(doc, pod_metadata, launch->config);
    pod_options_set_metadata(launch->config->pods, launch->plugin->name, doc, pod_metadata);
    json_mut_set(doc, template, "spec", pod_spec(doc, launch));
    return doc;
}

yyjson_mut_doc *driver_workload(const Launch *launch) {
    g_autofree char *name = object_name(launch);
    return launch->plugin->driver == PLUGIN_JOB ? pod_new(launch, name) : daemon_set_new(launch, name);
}
