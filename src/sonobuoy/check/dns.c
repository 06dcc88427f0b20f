/* The cluster's DNS: its Service, its servers, what they are told to do, and what they say of it. */
#include "sonobuoy/check/areas.h"

#include "base/selector.h"
#include "sonobuoy/check/corefile.h"

#include <string.h>

enum { SERVERS_ASKED = 6, ANSWERS_LEAST = 10, PERCENT_WARN = 5, PERCENT_FAIL = 50 };

/* --- which it is --------------------------------------------------------------------------------------------- */

/* kube-system/kube-dns by convention, by whatever name the servers go. */
static yyjson_val *dns_service(const Snapshot *snapshot) {
    yyjson_val *service = snapshot_find(snapshot, SNAPSHOT_SERVICES, "kube-system", "kube-dns");
    const GPtrArray *services = snapshot_list(snapshot, SNAPSHOT_SERVICES)->items;
    for (guint i = 0; i < services->len && !service; i++) {
        const char *app = json_get_string(services->pdata[i], "metadata", "labels", "k8s-app");
        bool is_openshift = g_strcmp0(namespace_of(services->pdata[i]), "openshift-dns") == 0 &&
                            g_str_equal(name_of(services->pdata[i]), "dns-default");
        if (is_openshift || (g_strcmp0(app, "kube-dns") == 0 && json_get(services->pdata[i], "spec", "clusterIP")))
            service = services->pdata[i];
    }
    return service;
}

/* Its pods. */
static GPtrArray *dns_servers(const Snapshot *snapshot, yyjson_val *service) {
    GPtrArray *servers = g_ptr_array_new();
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    yyjson_val *wanted = json_get(service, "spec", "selector");
    for (guint i = 0; i < pods->len && wanted; i++)
        if (g_strcmp0(namespace_of(pods->pdata[i]), namespace_of(service)) == 0 && labels_match(wanted, pods->pdata[i]))
            g_ptr_array_add(servers, pods->pdata[i]);
    return servers;
}

/* Unknown, where there is no Service: SB-DNS-01 says it. */
static yyjson_val *dns_service_or_unknown(const Snapshot *snapshot, CheckResult *result) {
    yyjson_val *service = dns_service(snapshot);
    if (!service)
        check_unknown(result, NULL, "the cluster has no DNS Service (SB-DNS-01)");
    return service;
}

/* --- the Service ------------------------------------------------------------------------------------------------ */

static bool is_address_of(yyjson_val *service, const char *address) {
    size_t index, count;
    yyjson_val *each;
    yyjson_arr_foreach(json_get(service, "spec", "clusterIPs"), index, count, each) {
        if (g_strcmp0(yyjson_get_str(each), address) == 0)
            return true;
    }
    return g_strcmp0(json_get_string(service, "spec", "clusterIP"), address) == 0;
}

/* Where kubelets tell pods to ask: the Service, or a cache on the node. */
static void check_cluster_dns(CheckResult *result, yyjson_val *service, const NodeAnswer *answer) {
    g_auto(GStrv) addresses =
        json_strings(json_get(yyjson_doc_get_root(answer->answer->json), "kubeletconfig", "clusterDNS"));
    g_autofree char *object = g_strconcat("Node ", answer->node, NULL), *text = g_strjoinv(", ", addresses),
                    *name = check_object("Service", service);
    for (char **address = addresses; *address; address++)
        if (is_address_of(service, *address) || g_str_has_prefix(*address, "169.254.") ||
            g_str_has_prefix(*address, "fe80:"))
            return;
    if (answer->answer->error)
        return;
    const char *own = json_get_string(service, "spec", "clusterIP");
    check_fail(result, object, "its kubelet tells pods to ask %s, while %s is at %s", *text ? text : "no DNS server",
               name, own ? own : "no address");
    check_advise(result,
                 "Set clusterDNS: [%s] in %s's kubelet configuration and restart it; or give the Service that "
                 "clusterIP: kubectl -n %s delete service %s, and create it with clusterIP: %s.",
                 own ? own : "", answer->node, namespace_of(service), name_of(service),
                 addresses[0] ? addresses[0] : "ADDRESS");
}

void check_dns_service(Snapshot *snapshot, CheckResult *result) {
    yyjson_val *service = dns_service(snapshot);
    if (!service) {
        check_fail(result, NULL,
                   "there is no Service kube-system/kube-dns, nor one labelled k8s-app=kube-dns: names of "
                   "Services do not resolve");
        return;
    }
    g_autofree char *object = check_object("Service", service);
    const char *address = json_get_string(service, "spec", "clusterIP");
    if (g_strcmp0(address, "None") == 0)
        check_fail(result, object, "it is headless: kubelets need a fixed address");
    g_autoptr(GArray) answers = kubelets_answers(snapshot, "/proxy/configz", NULL);
    for (guint i = 0; i < answers->len; i++)
        check_cluster_dns(result, service, &g_array_index(answers, NodeAnswer, i));
    check_summary(result, "%s at %s, as %u kubelets have it", object, address, answers->len);
}

/* --- its endpoints ----------------------------------------------------------------------------------------------- */

/* Why there are none, of the Deployment whose pods the Service takes. */
static void explain_none(const Snapshot *snapshot, CheckResult *result, yyjson_val *service, const char *object) {
    const GPtrArray *deployments = snapshot_list(snapshot, SNAPSHOT_DEPLOYMENTS)->items;
    g_autoptr(GPtrArray) servers = dns_servers(snapshot, service);
    yyjson_val *deployment = NULL;
    for (guint i = 0; i < deployments->len; i++)
        if (g_strcmp0(namespace_of(deployments->pdata[i]), namespace_of(service)) == 0 &&
            labels_match(json_get(service, "spec", "selector"), json_get(deployments->pdata[i], "spec", "template")))
            deployment = deployments->pdata[i];
    if (deployment && json_int(json_get(deployment, "spec", "replicas"), 1) == 0) {
        check_fail(result, object, "it has no ready endpoint: Deployment %s is scaled to 0", name_of(deployment));
        check_advise(result, "kubectl -n %s scale deployment %s --replicas=2", namespace_of(service),
                     name_of(deployment));
    } else {
        check_fail(result, object, "it has no ready endpoint, of %u pods that it selects", servers->len);
        if (servers->len)
            check_advise(result, "kubectl -n %s describe pod %s, and its logs", namespace_of(service),
                         name_of(servers->pdata[0]));
    }
}

void check_dns_endpoints(Snapshot *snapshot, CheckResult *result) {
    yyjson_val *service = dns_service_or_unknown(snapshot, result);
    if (!service)
        return;
    g_autoptr(GHashTable) table = endpoints_by_service(snapshot);
    const Endpoints *endpoints = endpoints_of(table, service);
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    g_autofree char *object = check_object("Service", service);
    guint ready = endpoints ? endpoints->ready : 0, on = ready ? g_hash_table_size(endpoints->nodes) : 0;
    check_summary(result, "%u on %u nodes", ready, on);
    if (!ready)
        explain_none(snapshot, result, service, object);
    else if (nodes->len < 2)
        return;
    else if (ready == 1)
        check_warn(result, object, "it has one ready endpoint: no name resolves while its node or pod is down");
    else if (on == 1) {
        check_warn(result, object, "its %u ready endpoints are on one node", ready);
        check_advise(result,
                     "Give the Deployment a pod anti-affinity or topologySpreadConstraints over "
                     "kubernetes.io/hostname, and: kubectl -n %s rollout restart deployment coredns",
                     namespace_of(service));
    }
}

/* --- the Corefile ------------------------------------------------------------------------------------------------- */

typedef struct {
    GPtrArray *blocks; /* NULL: it cannot be had */
    char *lack;        /* then why */
    bool broken;       /* it is there, but is no Corefile */
} Corefile;

static void corefile_clear(Corefile *corefile) {
    g_clear_pointer(&corefile->blocks, g_ptr_array_unref);
    g_free(corefile->lack);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Corefile, corefile_clear)

static void corefile_read(Snapshot *snapshot, yyjson_val *service, Corefile *out) {
    g_autofree char *path = g_strdup_printf("/api/v1/namespaces/%s/configmaps/coredns", namespace_of(service));
    const SnapshotAnswer *answer = snapshot_get(snapshot, path);
    const char *text = json_get_string(yyjson_doc_get_root(answer->json), "data", "Corefile");
    g_autoptr(GError) error = NULL;
    if (answer->error || !text) {
        g_autofree char *reason = answer_reason(answer);
        out->lack = g_strdup_printf("ConfigMap %s/coredns: %s", namespace_of(service),
                                    answer->error ? reason : "no Corefile in it");
        return;
    }
    out->blocks = corefile_parse(text, strlen(text), &error);
    if (!out->blocks) {
        out->broken = true;
        out->lack = g_strdup_printf("ConfigMap %s/coredns: %s", namespace_of(service), error->message);
    }
}

/* The first of that name in any block. */
static char *const *any_plugin(const Corefile *corefile, const char *name) {
    char *const *plugin = NULL;
    for (guint i = 0; corefile->blocks && i < corefile->blocks->len && !plugin; i++)
        plugin = corefile_plugin(corefile->blocks->pdata[i], name);
    return plugin;
}

/* The upstreams of forward, "8.8.8.8 1.1.1.1"; NULL. g_free() it. */
static char *upstreams_of(const Corefile *corefile) {
    char *const *forward = any_plugin(corefile, "forward");
    return forward && forward[1] ? g_strjoinv(" ", (char **)forward + 2) : NULL;
}

static void check_forward(CheckResult *result, yyjson_val *service, const char *object, const Corefile *corefile) {
    char *const *forward = any_plugin(corefile, "forward");
    if (!forward) {
        check_warn(result, object, "it has no forward: names outside of the cluster do not resolve");
        check_advise(result, "Add to the block of \".\": forward . /etc/resolv.conf");
        return;
    }
    bool by_file = false;
    for (char *const *to = forward + 1; *to; to++) {
        by_file |= g_str_equal(*to, "/etc/resolv.conf");
        if (!is_address_of(service, *to))
            continue;
        check_fail(result, object, "it forwards to %s, which is the DNS Service itself: a loop", *to);
        check_advise(result, "Forward to the name servers of the nodes or of your network: forward . /etc/resolv.conf");
    }
    if (by_file && !any_plugin(corefile, "loop")) {
        check_warn(result, object,
                   "it forwards to /etc/resolv.conf without loop: where that file names the node itself, "
                   "questions go in circles and nobody is told");
        check_advise(result, "Add loop to the block of \".\".");
    }
}

void check_dns_corefile(Snapshot *snapshot, CheckResult *result) {
    yyjson_val *service = dns_service_or_unknown(snapshot, result);
    if (!service)
        return;
    g_auto(Corefile) corefile = {0};
    corefile_read(snapshot, service, &corefile);
    g_autofree char *object = g_strdup_printf("ConfigMap %s/coredns", namespace_of(service));
    if (corefile.broken)
        check_fail(result, object, "%s", corefile.lack);
    else if (!corefile.blocks)
        check_unknown(result, NULL, "%s", corefile.lack);
    if (!corefile.blocks || any_plugin(&corefile, "import")) /* what is imported is not seen */
        return;
    g_autoptr(GArray) answers = kubelets_answers(snapshot, "/proxy/configz", NULL);
    const char *domain = NULL;
    for (guint i = 0; i < answers->len && !domain; i++)
        domain = json_get_string(yyjson_doc_get_root(g_array_index(answers, NodeAnswer, i).answer->json),
                                 "kubeletconfig", "clusterDomain");
    char *const *kubernetes = any_plugin(&corefile, "kubernetes");
    if (!kubernetes) {
        check_fail(result, object, "it has no kubernetes: names of Services do not resolve");
        check_advise(result, "Add to the block of \".\": kubernetes %s in-addr.arpa ip6.arpa",
                     domain ? domain : "cluster.local");
    } else if (domain && kubernetes[1] && !g_strv_contains((const char *const *)kubernetes, domain)) {
        check_fail(result, object, "its kubernetes serves %s, while kubelets tell pods that the cluster's domain is %s",
                   kubernetes[1], domain);
        check_advise(result, "Name %s in the line of kubernetes: kubectl -n %s edit configmap coredns", domain,
                     namespace_of(service));
    }
    check_forward(result, service, object, &corefile);
    check_summary(result, "%u blocks", corefile.blocks->len);
}

/* --- its servers ----------------------------------------------------------------------------------------------------
 */

/* Some servers are asked: those that run, and are not on their way out. */
static GPtrArray *servers_asked(const Snapshot *snapshot, yyjson_val *service) {
    GPtrArray *servers = dns_servers(snapshot, service);
    for (guint i = servers->len; i-- > 0;)
        if (g_strcmp0(json_get_string(servers->pdata[i], "status", "phase"), "Running") != 0 ||
            json_get(servers->pdata[i], "metadata", "deletionTimestamp"))
            g_ptr_array_remove_index(servers, i);
    if (servers->len > SERVERS_ASKED)
        g_ptr_array_set_size(servers, SERVERS_ASKED);
    return servers;
}

/* Where a port and path of each is asked for, ended by a NULL. */
static GPtrArray *server_paths(const GPtrArray *servers, unsigned port, const char *path) {
    GPtrArray *paths = g_ptr_array_new_null_terminated(servers->len, g_free, true);
    for (guint i = 0; i < servers->len; i++)
        g_ptr_array_add(paths,
                        g_strdup_printf("/api/v1/namespaces/%s/pods/%s:%u/proxy%s", namespace_of(servers->pdata[i]),
                                        name_of(servers->pdata[i]), port, path));
    return paths;
}

/* The port that a plugin of the Corefile serves at; 0: it is not used. */
static unsigned plugin_port(const Corefile *corefile, const char *name, unsigned fallback) {
    char *const *plugin = any_plugin(corefile, name);
    unsigned port = plugin && plugin[1] ? corefile_port(plugin[1]) : 0;
    return port ? port : plugin ? fallback : 0;
}

static void check_server_path(Snapshot *snapshot, CheckResult *result, const GPtrArray *servers, unsigned port,
                              const char *path) {
    g_autoptr(GPtrArray) paths = server_paths(servers, port, path);
    g_autoptr(GPtrArray) answers = snapshot_get_all(snapshot, (const char *const *)paths->pdata);
    for (guint i = 0; i < answers->len; i++) {
        const SnapshotAnswer *answer = answers->pdata[i];
        if (!answer->error)
            continue;
        g_autofree char *object = check_object("Pod", servers->pdata[i]), *reason = answer_reason(answer);
        if (answer_is_denied(answer)) {
            check_unknown(result, NULL, "%s", reason);
            return;
        }
        check_fail(result, object, "GET %s at port %u: %s", path, port, reason);
        check_advise(result,
                     "kubectl -n %s logs %s; if the pod is well, the API server does not reach its node's pods "
                     "(SB-NET-04).",
                     namespace_of(servers->pdata[i]), name_of(servers->pdata[i]));
    }
}

void check_dns_servers(Snapshot *snapshot, CheckResult *result) {
    yyjson_val *service = dns_service_or_unknown(snapshot, result);
    if (!service)
        return;
    g_auto(Corefile) corefile = {0};
    corefile_read(snapshot, service, &corefile);
    g_autoptr(GPtrArray) servers = servers_asked(snapshot, service);
    unsigned health = plugin_port(&corefile, "health", 8080), ready = plugin_port(&corefile, "ready", 8181);
    check_summary(result, "%u servers", servers->len);
    if (health)
        check_server_path(snapshot, result, servers, health, "/health");
    if (ready)
        check_server_path(snapshot, result, servers, ready, "/ready");
    if (!corefile.blocks)
        check_unknown(result, NULL, "%s", corefile.lack);
    else if (!health && !ready)
        check_unknown(result, NULL, "its Corefile has neither health nor ready to ask");
    else if (!servers->len)
        check_unknown(result, NULL, "no server runs (SB-DNS-02)");
}

/* --- what they answer
 * -------------------------------------------------------------------------------------------------- */

static bool is_failure(const MetricSample *sample) {
    return g_str_equal(metric_label(sample, "rcode"), "SERVFAIL");
}

static void check_server_metrics(CheckResult *result, yyjson_val *server, const Metrics *metrics,
                                 const char *upstreams) {
    g_autofree char *object = check_object("Pod", server);
    double answers = metrics_sum(metrics, "coredns_dns_responses_total", NULL),
           failed = metrics_sum(metrics, "coredns_dns_responses_total", is_failure),
           broken = metrics_sum(metrics, "coredns_forward_healthcheck_broken_total", NULL),
           panics = metrics_sum(metrics, "coredns_panics_total", NULL);
    if (answers >= ANSWERS_LEAST && failed * 100 >= answers * PERCENT_WARN) {
        (failed * 100 >= answers * PERCENT_FAIL ? check_fail : check_warn)(
            result, object, "%.0f of its %.0f answers since its start were SERVFAIL; it forwards to %s", failed,
            answers, upstreams ? upstreams : "nobody");
        check_advise(result, "Ask the upstream from a node: dig @%s example.com; and read: kubectl -n %s logs %s",
                     upstreams && !strchr(upstreams, '/') ? upstreams : "UPSTREAM", namespace_of(server),
                     name_of(server));
    }
    if (broken > 0) {
        check_warn(result, object, "all its upstreams (%s) were silent at once, for %.0f questions since its start",
                   upstreams ? upstreams : "?", broken);
        check_advise(result, "Is UDP and TCP 53 to the upstreams open from the node? kubectl -n %s logs %s",
                     namespace_of(server), name_of(server));
    }
    if (panics > 0)
        check_warn(result, object, "it panicked %.0f times since its start", panics);
}

void check_dns_answers(Snapshot *snapshot, CheckResult *result) {
    yyjson_val *service = dns_service_or_unknown(snapshot, result);
    if (!service)
        return;
    g_auto(Corefile) corefile = {0};
    corefile_read(snapshot, service, &corefile);
    unsigned port = plugin_port(&corefile, "prometheus", 9153);
    if (!port) {
        check_unknown(result, NULL, "%s", corefile.lack ? corefile.lack : "its Corefile has no prometheus to ask");
        return;
    }
    g_autoptr(GPtrArray) servers = servers_asked(snapshot, service);
    g_autoptr(GPtrArray) paths = server_paths(servers, port, "/metrics");
    g_autoptr(GPtrArray) all = metrics_of_all(snapshot, paths);
    g_autofree char *upstreams = upstreams_of(&corefile);
    guint told = 0;
    for (guint i = 0; i < all->len; i++) {
        const SnapshotMetrics *metrics = all->pdata[i];
        told += !metrics->error;
        if (!metrics->error)
            check_server_metrics(result, servers->pdata[i], metrics->metrics, upstreams);
    }
    check_summary(result, "%u servers", told);
    if (!told)
        check_unknown(result, NULL, "%s",
                      all->len ? ((const SnapshotMetrics *)all->pdata[0])->error->message
                               : "no server runs (SB-DNS-02)");
}
