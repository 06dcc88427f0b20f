/* How to reach a cluster: kubeconfig files and in-cluster configuration.
 * Source: kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig
 * and the kubeconfig v1 reference. */
#pragma once

#include "base/error.h"

/* An exec credential plugin (client.authentication.k8s.io/v1 or v1beta1). */
typedef struct {
    char *api_version;
    char *command;
    GStrv args;
    GStrv env; /* "NAME=value" */
    char *install_hint;
    char *interactive_mode; /* Never, IfAvailable, Always */
    bool provide_cluster_info;
} KubeExec;

/* One context with everything it refers to, files read where they do not rotate. */
typedef struct {
    char *source;  /* "context kind of /home/me/.kube/config", "the pod's service account"; for messages */
    char *context; /* NULL in a cluster */
    char *namespace_;
    char *server;
    GBytes *ca_pem;
    char *tls_server_name;
    char *proxy_url;
    bool insecure;
    bool disable_compression;
    char *exec_config; /* JSON that the cluster has for exec plugins, NULL: none */
    GBytes *client_cert_pem;
    GBytes *client_key_pem;
    char *token;
    char *token_file; /* wins over token, read again as it rotates */
    char *username;
    char *password;
    KubeExec *exec;
    char *as;
    char *as_uid;
    GStrv as_groups;
    GStrv as_extra; /* "key=value" */
} KubeConfig;

typedef struct {
    const char *path; /* --kubeconfig: this file alone; NULL: $KUBECONFIG list, else ~/.kube/config, else in-cluster */
    const char *context; /* NULL: current-context */
} KubeConfigOptions;

/* Of files in a list the first to name a thing wins, as a whole; a user's token or certificate
 * wins over its exec plugin. USAGE where no configuration is found (what was looked at, what to do);
 * NOT_FOUND for a missing context, cluster, user or file; INVALID for bad content. */
KubeConfig *kube_config_load(const KubeConfigOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All contexts' names of the merged files, sorted; for completion. */
GStrv kube_config_contexts(const char *path);

void kube_config_free(KubeConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KubeConfig, kube_config_free)
