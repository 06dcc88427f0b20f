/* The plugins that need no file, and the pods that plugins get where they say nothing of it.
 * Source: sonobuoy.io/docs/main/plugins, `sonobuoy gen plugin e2e|systemd-logs` of stock Sonobuoy 0.57. */
#pragma once

#include "sonobuoy/config.h"
#include "sonobuoy/network/network.h"
#include "sonobuoy/plugin.h"

#define BUILTIN_E2E "e2e"
#define BUILTIN_SYSTEMD_LOGS "systemd-logs"
#define BUILTIN_CHECK "check"
#define BUILTIN_NETWORK NETWORK_PLUGIN
#define E2E_IMAGE "registry.k8s.io/conformance:$SONOBUOY_K8S_VERSION"
#define SYSTEMD_LOGS_IMAGE "sonobuoy/systemd-logs:v0.4"

/* Kubernetes' end-to-end tests, once. Which of them is told by its variables E2E_FOCUS, E2E_SKIP and E2E_PARALLEL,
 * which generation sets as it does others (EnvironmentChange). */
Plugin *builtin_e2e(const RunConfig *config);
/* A file for it in MANIFEST_CONFIG_DIR; and the key of the Secret `ssh-key`, which generation makes, in /root/.ssh. */
void builtin_e2e_add_file(Plugin *plugin, const char *name, const char *content);
void builtin_e2e_add_ssh_key(Plugin *plugin);
/* The journal of each node. */
Plugin *builtin_systemd_logs(const RunConfig *config);
/* The checks of `sonobuoy check`, once, with the aggregator's image and what the plugin's account may see. */
Plugin *builtin_check(const RunConfig *config);
/* Probes of the network between nodes (network/network.h), on each of them, with the aggregator's image, in pods that
 * restricted pod security takes. It tolerates the taints of control planes. */
Plugin *builtin_network(const RunConfig *config);
/* Gives its pods NETWORK_PORT as a port of their nodes, which is probed, too. */
void builtin_network_set_host_ports(Plugin *plugin);
/* Any of them by its name; NULL where it is another. */
Plugin *builtin_plugin(const char *name, const RunConfig *config);

/* The pod spec, made in doc, of a plugin that has none. */
yyjson_mut_val *builtin_pod_spec(yyjson_mut_doc *doc, PluginDriver driver, const char *service_account);
/* Takes out of it what gives pods their node's network, processes and files. */
void builtin_pod_spec_leave_node(yyjson_mut_val *spec);
