/* The options that say what a run is, and the manifest that they make. */
#pragma once

#include "sonobuoy/cli/common.h"
#include "sonobuoy/manifest.h"

/* The first member of the struct of options of `gen`, `run` and `gen plugin`. */
typedef struct {
    Common common;
    GStrv plugins, egress, plugin_env, plugin_image, node_selector, plugin_permissions;
    GStrv pod_labels, pod_annotations, pod_tolerations, pod_requests, pod_limits, pod_priority, pod_account;
    char *mode, *focus, *skip, *parallel, *rerun_failed;
    char *config, *file;
    char *claim, *claim_size, *claim_class;
    char *permissions, *psa_level, *pull_policy, *security_context, *service_account, *rbac;
    char *image, *systemd_logs_image, *conformance_image, *kubernetes_version;
    char *e2e_repo, *e2e_repo_config, *docker_config, *ssh_key, *ssh_user;
    char *timeout;
    gint64 peers; /* 0: not given */
    bool host_ports;
    bool force_pull_policy, existing_service_account, show_default_pod_spec;
    bool builtin; /* not an option: no installed plugin takes the place of a built-in one */
} Generation;

/* Those of `images`, of which `query` has the first; and all others. */
extern const Option generation_config_options[], generation_image_options[], generation_options[];
#define GENERATION_OPTIONS generation_options, generation_image_options, generation_config_options

/* What the options say, together with what it refers to. */
typedef struct {
    RunConfig *config;
    GPtrArray *plugins;     /* Plugin */
    GPtrArray *environment; /* EnvironmentChange */
    char *kubernetes_version, *ssh_key, *docker_config;
    GStrv api_groups; /* of the cluster, where least rights are given; else NULL */
    bool rbac;
} Generated;
void generated_clear(Generated *generated);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Generated, generated_clear)

/* Sets a variable of a plugin; "" takes it away. */
void generated_set_variable(Generated *out, const char *plugin, const char *name, const char *value);
/* NULL: it does not run. */
Plugin *generated_find_plugin(const Generated *out, const char *name);

/* Reads files, URLs and, for the version and RBAC, the cluster. USAGE for options that contradict each other. */
bool generation_read(const CommandCall *call, const Generation *options, Generated *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* The two halves of it: what needs no cluster, and then what does. */
bool generation_read_local(const CommandCall *call, const Generation *options, Generated *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
bool generation_read_cluster(const Generation *options, Generated *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The configuration alone. */
bool generation_read_config(const CommandCall *call, const Generation *options, Generated *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The objects of it, or the plugins as they are in them (manifest.h). */
GPtrArray *generation_objects(const Generation *options, const Generated *generated, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
GPtrArray *generation_plugins(const Generation *options, const Generated *generated, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
