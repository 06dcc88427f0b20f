/* The options by which a command is told of a cluster, and the client that they make. */
#pragma once

#include "base/options.h"
#include "kube/client.h"

/* The first member of the struct of options of each command that has kube_options. */
typedef struct {
    char *kubeconfig, *context;
    gint64 connections, qps, burst, request_timeout; /* 0: not given; microseconds */
} KubeOptions;

/* --kubeconfig, --context */
extern const Option kube_options[];
/* --connections, --qps, --burst, --request-timeout */
extern const Option kube_tuning_options[];

/* What `base` says (user_agent, cancel, ...), with what the options say put in; connections of `base` is for when
 * --connections was not given. */
KubeClient *kube_options_client(const KubeOptions *options, const KubeClientOptions *base, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
