/* What is created in a cluster for a run: namespace, account and rights, configuration, plugins, the aggregator's pod
 * and its service. Source: sonobuoy.io/docs/main/gen, `sonobuoy gen` of stock Sonobuoy 0.57, whose names and order are
 * kept. */
#pragma once

#include "sonobuoy/config.h"
#include "sonobuoy/labels.h"
#include "sonobuoy/plugin.h"

#define AGGREGATOR_POD "sonobuoy"
#define AGGREGATOR_CONTAINER "kube-sonobuoy"
#define AGGREGATOR_NAME "sonobuoy" /* of the aggregator among plugins' names in environments */
#define SERVICE_NAME "sonobuoy-aggregator"
#define ROLE_NAME "sonobuoy-serviceaccount-sonobuoy" /* and its binding's */
#define CONFIG_MAP_NAME "sonobuoy-config-cm"
#define PLUGINS_MAP_NAME "sonobuoy-plugins-cm"
#define MANIFEST_CONFIG_DIR "/tmp/sonobuoy/config"

/* An environment variable to set, or to take away where value is "". */
typedef struct {
    char *plugin, *name, *value;
} EnvironmentChange;

typedef struct {
    const RunConfig *config;
    const GPtrArray *plugins;       /* Plugin; left as they are */
    const char *kubernetes_version; /* "v1.34.4": what $SONOBUOY_K8S_VERSION stands for */
    bool rbac;
    const char *image_pull_policy; /* of the aggregator; NULL: none */
    const char *log_level;         /* of the aggregator; NULL: "info" */
    GStrv node_selector;           /* "key:value", of the aggregator; may be NULL */
    GStrv api_groups;              /* of the cluster, for least rights; NULL: not known */
    const GPtrArray *environment;  /* EnvironmentChange; may be NULL */
    const char *ssh_key;           /* a private key's content; NULL: none */
    const char *docker_config;     /* the content of config->e2e_docker_config_file; NULL: none */
} ManifestOptions;

/* The objects, yyjson_mut_doc, in the order in which they are to be created. USAGE: two plugins of one name, an
 * environment, options or permissions for a plugin that is not there, a plugin that restricted pod security refuses.
 * INVALID: permissions that are none. */
GPtrArray *manifest_objects(const ManifestOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The plugins alone, prepared and sorted by name: elements are Plugin. Errors as above. */
GPtrArray *manifest_plugins(const ManifestOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* YAML documents, each ended by a line "---". g_free() it. */
char *manifest_yaml(const GPtrArray *objects);

/* What generation adds to a plugin: the volume of its config-map; in its container and those of its pod spec the folder
 * of results and the variables SONOBUOY..., RESULTS_DIR and those of `environment`, sorted; the version in its image.
 */
void manifest_prepare_plugin(Plugin *plugin, const ManifestOptions *options);
