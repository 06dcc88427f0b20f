#include "sonobuoy/builtin.h"

#include "base/yaml.h"
#include "sonobuoy/restricted.h"

#include <string.h>

/* A document of ours. */
static yyjson_mut_doc *document(const char *yaml) {
    g_autoptr(GError) error = NULL;
    yyjson_mut_doc *doc = yaml_parse(yaml, strlen(yaml), "a document of this program", &error);
    if (!doc)
        g_error("%s", error->message);
    return doc;
}

static const char job_pod[] = "restartPolicy: Never\n"
                              "nodeSelector: {kubernetes.io/os: linux}\n"
                              "tolerations:\n"
                              "- {key: node-role.kubernetes.io/master, operator: Exists, effect: NoSchedule}\n"
                              "- {key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}\n"
                              "- {key: CriticalAddonsOnly, operator: Exists}\n"
                              "- {key: kubernetes.io/e2e-evict-taint-key, operator: Exists}\n";
static const char node_pod[] = "dnsPolicy: ClusterFirstWithHostNet\n"
                               "hostIPC: true\n"
                               "hostPID: true\n"
                               "hostNetwork: true\n"
                               "tolerations: [{operator: Exists}]\n"
                               "volumes: [{name: root, hostPath: {path: /}}]\n";

yyjson_mut_val *builtin_pod_spec(yyjson_mut_doc *doc, PluginDriver driver, const char *service_account) {
    g_autoptr(yyjson_mut_doc) pod = document(driver == PLUGIN_JOB ? job_pod : node_pod);
    yyjson_mut_val *spec = yyjson_mut_val_mut_copy(doc, yyjson_mut_doc_get_root(pod));
    json_mut_set(doc, spec, "containers", yyjson_mut_arr(doc));
    json_mut_set_string(doc, spec, "serviceAccountName", service_account);
    return spec;
}

void builtin_pod_spec_leave_node(yyjson_mut_val *spec) {
    static const char *const of_node[] = {"dnsPolicy", "hostIPC", "hostPID", "hostNetwork", "volumes"};
    for (size_t i = 0; i < G_N_ELEMENTS(of_node); i++)
        json_mut_remove(spec, of_node[i]);
}

/* Reads a definition, gives its container the policy and its pod the default form on Linux. */
static Plugin *builtin(const char *yaml, const RunConfig *config) {
    g_autoptr(GError) error = NULL;
    Plugin *plugin = plugin_parse(yaml, strlen(yaml), "a plugin of this program", NULL, &error);
    if (!plugin)
        g_error("%s", error->message);
    json_mut_set_string(plugin->doc, plugin->spec, "imagePullPolicy", config->image_pull_policy);
    plugin->pod_spec = builtin_pod_spec(plugin->doc, plugin->driver, config->service_account);
    yyjson_mut_val *selector = json_mut_ensure_object(plugin->doc, plugin->pod_spec, "nodeSelector");
    json_mut_set_string(plugin->doc, selector, "kubernetes.io/os", "linux");
    return plugin;
}

static void add_variable(Plugin *plugin, const char *name, const char *value) {
    yyjson_mut_val *env = yyjson_mut_obj_get(plugin->spec, "env");
    yyjson_mut_val *variable = yyjson_mut_arr_add_obj(plugin->doc, env);
    json_mut_set_string(plugin->doc, variable, "name", name);
    json_mut_set_string(plugin->doc, variable, "value", value);
}

Plugin *builtin_e2e(const RunConfig *config) {
    Plugin *plugin = builtin("sonobuoy-config: {driver: Job, plugin-name: e2e, result-format: junit}\n"
                             "spec:\n"
                             "  name: e2e\n"
                             "  image: " E2E_IMAGE "\n"
                             "  command: [/run_e2e.sh]\n"
                             "  env: [{name: E2E_USE_GO_RUNNER, value: \"true\"}]\n",
                             config);
    g_autoptr(GString) arguments = g_string_new(NULL);
    g_string_printf(arguments, "--progress-report-url=http://localhost:%s/progress",
                    *config->progress_port ? config->progress_port : "8099");
    if (*config->e2e_docker_config_file) {
        g_autofree char *name = g_path_get_basename(config->e2e_docker_config_file);
        g_string_append_printf(arguments, " --e2e-docker-config-file=/tmp/sonobuoy/config/%s", name);
    }
    add_variable(plugin, "E2E_EXTRA_ARGS", arguments->str);
    return plugin;
}

void builtin_e2e_add_file(Plugin *plugin, const char *name, const char *content) {
    if (!plugin->config_map)
        plugin->config_map = yyjson_mut_obj(plugin->doc);
    json_mut_set_string(plugin->doc, plugin->config_map, name, content);
}

void builtin_e2e_add_ssh_key(Plugin *plugin) {
    g_autoptr(yyjson_mut_doc) parts =
        document("volume: {name: sshkey-vol, secret: {secretName: ssh-key, defaultMode: 256}}\n"
                 "mount: {name: sshkey-vol, mountPath: /root/.ssh}\n");
    yyjson_mut_val *root = yyjson_mut_doc_get_root(parts), *mounts = yyjson_mut_arr(plugin->doc);
    plugin->extra_volumes = yyjson_mut_arr(plugin->doc);
    yyjson_mut_arr_append(plugin->extra_volumes,
                          yyjson_mut_val_mut_copy(plugin->doc, yyjson_mut_obj_get(root, "volume")));
    yyjson_mut_arr_append(mounts, yyjson_mut_val_mut_copy(plugin->doc, yyjson_mut_obj_get(root, "mount")));
    json_mut_set(plugin->doc, plugin->spec, "volumeMounts", mounts);
    add_variable(plugin, "AWS_SSH_KEY", "/root/.ssh/id_rsa");
    add_variable(plugin, "KUBE_SSH_KEY", "id_rsa");
    add_variable(plugin, "LOCAL_SSH_KEY", "id_rsa");
}

Plugin *builtin_systemd_logs(const RunConfig *config) {
    return builtin("sonobuoy-config: {driver: DaemonSet, plugin-name: systemd-logs, result-format: raw}\n"
                   "spec:\n"
                   "  name: systemd-logs\n"
                   "  image: " SYSTEMD_LOGS_IMAGE "\n"
                   "  command: [/bin/sh, -c, '/get_systemd_logs.sh; while true; do echo \"Plugin is complete. Sleeping "
                   "indefinitely to avoid container exit and automatic restarts from Kubernetes\"; sleep 3600; done']\n"
                   "  env:\n"
                   "  - {name: CHROOT_DIR, value: /node}\n"
                   "  - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}\n"
                   "  securityContext: {privileged: true}\n"
                   "  volumeMounts: [{name: root, mountPath: /node}]\n",
                   config);
}

Plugin *builtin_check(const RunConfig *config) {
    Plugin *plugin = builtin("sonobuoy-config: {driver: Job, plugin-name: check, result-format: junit}\n"
                             "spec:\n"
                             "  name: check\n"
                             "  image: (the aggregator's)\n"
                             "  command: [/sonobuoy, check, --as-plugin]\n"
                             "  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}\n",
                             config);
    json_mut_set_string(plugin->doc, plugin->spec, "image", config->worker_image);
    return plugin;
}

static const char network_tolerations[] =
    "- {key: node-role.kubernetes.io/master, operator: Exists, effect: NoSchedule}\n"
    "- {key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}\n";

static void set_port(Plugin *plugin, const char *key) {
    size_t index, count;
    yyjson_mut_val *port;
    yyjson_mut_arr_foreach(json_mut_get(plugin->spec, "ports"), index, count, port) {
        bool denied = g_strcmp0(json_mut_get_string(port, "name"), "denied") == 0;
        if (!denied || g_str_equal(key, "containerPort"))
            json_mut_set(plugin->doc, port, key,
                         yyjson_mut_int(plugin->doc, denied ? NETWORK_DENIED_PORT : NETWORK_PORT));
    }
}

Plugin *builtin_network(const RunConfig *config) {
    Plugin *plugin = builtin("sonobuoy-config:\n"
                             "  driver: DaemonSet\n"
                             "  plugin-name: " BUILTIN_NETWORK "\n"
                             "  result-format: junit\n"
                             "  result-files: [" NETWORK_JUNIT_FILE "]\n"
                             "spec:\n"
                             "  name: network\n"
                             "  image: (the aggregator's)\n"
                             "  command: [/sonobuoy, network-pod]\n"
                             "  env:\n"
                             "  - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}\n"
                             "  - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}\n"
                             "  - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}\n"
                             "  - {name: SONOBUOY_DONE_FILE_DELAY, value: 0s}\n" /* nobody works on its results */
                             "  ports:\n"
                             "  - {name: tcp, protocol: TCP}\n"
                             "  - {name: udp, protocol: UDP}\n"
                             "  - {name: denied, protocol: TCP}\n",
                             config);
    json_mut_set_string(plugin->doc, plugin->spec, "image", config->worker_image);
    set_port(plugin, "containerPort");
    builtin_pod_spec_leave_node(plugin->pod_spec);
    g_autoptr(yyjson_mut_doc) tolerations = document(network_tolerations);
    json_mut_set(plugin->doc, plugin->pod_spec, "tolerations",
                 yyjson_mut_val_mut_copy(plugin->doc, yyjson_mut_doc_get_root(tolerations)));
    restricted_set_pod(plugin->doc, plugin->pod_spec);
    restricted_set_container(plugin->doc, plugin->spec);
    return plugin;
}

void builtin_network_set_host_ports(Plugin *plugin) {
    set_port(plugin, "hostPort");
    add_variable(plugin, NETWORK_ENV_HOST_PORTS, "true");
}

Plugin *builtin_plugin(const char *name, const RunConfig *config) {
    if (g_str_equal(name, BUILTIN_E2E))
        return builtin_e2e(config);
    if (g_str_equal(name, BUILTIN_SYSTEMD_LOGS))
        return builtin_systemd_logs(config);
    if (g_str_equal(name, BUILTIN_CHECK))
        return builtin_check(config);
    if (g_str_equal(name, BUILTIN_NETWORK))
        return builtin_network(config);
    return NULL;
}
