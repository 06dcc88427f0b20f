#include "kube/options.h"

const Option kube_options[] = {
    {.name = "kubeconfig",
     .kind = OPTION_STRING,
     .offset = offsetof(KubeOptions, kubeconfig),
     .value = "FILE",
     .complete = "file",
     .help = "This kubeconfig and no other ($KUBECONFIG, ~/.kube/config)."},
    {.name = "context",
     .kind = OPTION_STRING,
     .offset = offsetof(KubeOptions, context),
     .value = "NAME",
     .complete = "contexts",
     .help = "Use this context of the kubeconfig."},
    {0},
};

const Option kube_tuning_options[] = {
    {.name = "connections",
     .kind = OPTION_INT,
     .offset = offsetof(KubeOptions, connections),
     .value = "N",
     .minimum = 1,
     .configurable = true,
     .rare = true,
     .help = "Requests to the API server at once; each verb has a number that suits it."},
    {.name = "qps",
     .kind = OPTION_INT,
     .offset = offsetof(KubeOptions, qps),
     .value = "N",
     .minimum = 1,
     .configurable = true,
     .rare = true,
     .help = "Requests a second at most; no limit unless given: the server says when it is too much."},
    {.name = "burst",
     .kind = OPTION_INT,
     .offset = offsetof(KubeOptions, burst),
     .value = "N",
     .minimum = 1,
     .configurable = true,
     .rare = true,
     .help = "With --qps: how many at once."},
    {.name = "request-timeout",
     .kind = OPTION_DURATION,
     .offset = offsetof(KubeOptions, request_timeout),
     .fallback = "2m",
     .minimum = G_USEC_PER_SEC,
     .configurable = true,
     .rare = true,
     .help = "One request with all its repetitions."},
    {0},
};

KubeClient *kube_options_client(const KubeOptions *options, const KubeClientOptions *base, GError **error) {
    KubeConfigOptions where = {.path = options->kubeconfig, .context = options->context};
    KubeConfig *config = kube_config_load(&where, error);
    if (!config)
        return NULL;
    KubeClientOptions all = *base;
    if (options->connections)
        all.connections = (unsigned)options->connections;
    all.qps = (double)options->qps;
    all.burst = (unsigned)options->burst;
    if (options->request_timeout)
        all.timeout_s = (unsigned)(options->request_timeout / G_USEC_PER_SEC);
    return kube_client_new(config, &all, error);
}
