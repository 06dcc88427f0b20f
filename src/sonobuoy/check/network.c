/* The ways of packets: kube-proxy, the API's own Service, from the API server to pods, the network plug-in. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

#include <string.h>

enum { RECENT_MINUTES = 60, STALE_SECONDS = 120 };

/* --- kube-proxy ------------------------------------------------------------------------------------------------ */

static yyjson_val *daemon_set(const Snapshot *snapshot, const char *const *names) {
    const GPtrArray *sets = snapshot_list(snapshot, SNAPSHOT_DAEMON_SETS)->items;
    for (guint i = 0; i < sets->len; i++)
        if (g_strv_contains(names, name_of(sets->pdata[i])))
            return sets->pdata[i];
    return NULL;
}

/* What answers in place of kube-proxy; NULL. */
static const char *replacement_of(Snapshot *snapshot) {
    static const char *const cilium[] = {"cilium", NULL}, *const ovn[] = {"ovnkube-node", NULL},
                             *const router[] = {"kube-router", NULL};
    const SnapshotAnswer *answer =
        daemon_set(snapshot, cilium) ? snapshot_get(snapshot, "/api/v1/namespaces/kube-system/configmaps/cilium-config")
                                     : NULL;
    const char *replaces =
        answer ? json_get_string(yyjson_doc_get_root(answer->json), "data", "kube-proxy-replacement") : NULL;
    if (replaces && (g_str_equal(replaces, "true") || g_str_equal(replaces, "strict")))
        return "Cilium";
    return daemon_set(snapshot, ovn) ? "OVN-Kubernetes" : daemon_set(snapshot, router) ? "kube-router" : NULL;
}

/* What a kube-proxy that answers says that is wrong. */
static void check_proxy_answer(CheckResult *result, const char *object, const SnapshotAnswer *answer) {
    yyjson_val *root = yyjson_doc_get_root(answer->json);
    const char *updated = json_get_string(root, "lastUpdated"), *current = json_get_string(root, "currentTime");
    gint64 then, now;
    if (!updated || !current || !time_parse(updated, &then, NULL) || !time_parse(current, &now, NULL))
        return;
    gint64 seconds = (now - then) / G_USEC_PER_SEC;
    if (seconds > STALE_SECONDS)
        check_fail(result, object, "its kube-proxy wrote the node's rules last %" G_GINT64_FORMAT " s ago", seconds);
}

/* "nftables", of the ConfigMap that kubeadm makes; NULL. g_free() it. */
static char *proxy_mode(Snapshot *snapshot) {
    const SnapshotAnswer *answer = snapshot_get(snapshot, "/api/v1/namespaces/kube-system/configmaps/kube-proxy");
    const char *text = json_get_string(yyjson_doc_get_root(answer->json), "data", "config.conf"),
               *mode = text ? strstr(text, "\nmode:") : NULL;
    if (!mode)
        return NULL;
    mode += strlen("\nmode:");
    g_autofree char *word = g_strndup(mode, strcspn(mode, "\n#"));
    g_strdelimit(word, "\"'", ' ');
    g_strstrip(word);
    return *word ? g_steal_pointer(&word) : NULL;
}

void check_network_proxy(Snapshot *snapshot, CheckResult *result) {
    static const char *const names[] = {"kube-proxy", NULL};
    g_autoptr(GArray) answers = kubelets_answers(snapshot, ":10256/proxy/healthz", result);
    const char *replacement = replacement_of(snapshot);
    g_autofree char *mode = proxy_mode(snapshot);
    guint good = 0, silent = 0;
    for (guint i = 0; i < answers->len; i++) {
        const SnapshotAnswer *answer = g_array_index(answers, NodeAnswer, i).answer;
        good += !answer->error;
        silent += answer->error && !answer_is_denied(answer);
    }
    check_summary(result, "%u nodes%s%s%s%s", good, mode ? ", mode " : "", mode ? mode : "", replacement ? ", " : "",
                  replacement ? replacement : "");
    /* Some bind it to the node's own loopback, k3s for one. */
    bool is_sure = good || daemon_set(snapshot, names);
    if (silent && !is_sure && !replacement)
        check_unknown(result, NULL,
                      "nothing answers at port 10256 of the %u nodes that were asked, and there is no "
                      "DaemonSet kube-proxy: it may be built into the distribution",
                      silent);
    for (guint i = 0; i < answers->len; i++) {
        const NodeAnswer *node = &g_array_index(answers, NodeAnswer, i);
        g_autofree char *object = g_strconcat("Node ", node->node, NULL), *reason = answer_reason(node->answer);
        if (!node->answer->error)
            check_proxy_answer(result, object, node->answer);
        else if (!answer_is_denied(node->answer) && is_sure && !replacement)
            check_fail(result, object, "its kube-proxy does not answer, or is not well: %s", reason);
    }
}

/* --- the API's own Service ---------------------------------------------------------------------------------------- */

/* The first address of a range is the API's: "10.96.0.0/16" to "10.96.0.1". */
static bool is_first_of(const char *address, const char *range) {
    Range parsed, own;
    if (!range_parse(range, &parsed) || !range_parse(address, &own) || parsed.family != own.family)
        return false;
    parsed.first[parsed.bytes - 1] |= 1;
    return memcmp(parsed.first, own.first, parsed.bytes) == 0;
}

void check_network_api_service(Snapshot *snapshot, CheckResult *result) {
    yyjson_val *service = snapshot_find(snapshot, SNAPSHOT_SERVICES, "default", "kubernetes");
    const GPtrArray *ranges = snapshot_list(snapshot, SNAPSHOT_SERVICE_CIDRS)->items;
    const char *object = "Service default/kubernetes", *address = json_get_string(service, "spec", "clusterIP");
    if (!service || !address) {
        check_fail(result, object, "it is not there: pods do not find the API server");
        return;
    }
    bool first = !ranges->len;
    for (guint i = 0; i < ranges->len && !first; i++) {
        size_t index, count;
        yyjson_val *range;
        yyjson_arr_foreach(json_get(ranges->pdata[i], "spec", "cidrs"), index, count, range) {
            first |= is_first_of(address, yyjson_get_str(range));
        }
    }
    if (!first) {
        check_warn(result, object, "its address %s is not the first one of a service range", address);
        check_advise(result,
                     "The range was changed: kubectl delete service kubernetes; the API server makes it anew. Its "
                     "certificate must name the new address.");
    }
    g_autoptr(GHashTable) table = endpoints_by_service(snapshot);
    const Endpoints *endpoints = endpoints_of(table, service);
    check_summary(result, "%s, %u API servers", address, endpoints ? endpoints->ready : 0);
    if (!endpoints || !endpoints->ready) {
        check_fail(result, object, "it has no ready endpoint: no pod reaches the API server");
        check_advise(result,
                     "API servers register themselves: look at --advertise-address (it must not be of loopback) "
                     "and --endpoint-reconciler-type, and at their log.");
    }
}

/* --- from the API server to pods ------------------------------------------------------------------------------------
 */

/* A port that speaks HTTP by all that can be told; 0. */
static gint64 http_port(yyjson_val *pod) {
    static const gint64 usual[] = {80, 8080, 8081, 8181, 9153, 9090};
    size_t i, j, containers, ports;
    yyjson_val *container, *port;
    yyjson_arr_foreach(json_get(pod, "spec", "containers"), i, containers, container) {
        yyjson_arr_foreach(json_get(container, "ports"), j, ports, port) {
            const char *name = json_get_string(port, "name"), *protocol = json_get_string(port, "protocol");
            gint64 number = json_int(json_get(port, "containerPort"), 0);
            bool takes = name && (g_str_has_prefix(name, "http") || g_str_has_prefix(name, "metrics") ||
                                  g_str_equal(name, "web"));
            takes &= !name || !g_str_has_prefix(name, "https");
            for (size_t k = 0; k < G_N_ELEMENTS(usual) && !takes; k++)
                takes = number == usual[k];
            if (takes && (!protocol || g_str_equal(protocol, "TCP")))
                return number;
        }
    }
    return 0;
}

/* Of each asked node a pod that can be asked, a system's before another. */
static GHashTable *pods_to_ask(Snapshot *snapshot) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    GHashTable *chosen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < pods->len; i++) {
        yyjson_val *pod = pods->pdata[i];
        const char *node = json_get_string(pod, "spec", "nodeName");
        bool is_system = g_strcmp0(namespace_of(pod), "kube-system") == 0;
        if (!node || (!is_system && g_hash_table_contains(chosen, node)) ||
            yyjson_get_bool(json_get(pod, "spec", "hostNetwork")) ||
            g_strcmp0(condition_status(pod, "Ready"), "True") != 0 || !http_port(pod))
            continue;
        g_hash_table_insert(chosen, (void *)node, pod);
    }
    return chosen;
}

/* Whether it did not come to the pod; what the pod answers does not matter. */
static bool is_unreachable(const SnapshotAnswer *answer, const char *reason) {
    static const char *const signs[] = {"i/o timeout",       "no route to host", "network is unreachable",
                                        "deadline exceeded", "imed out",         "Timeout"};
    if (!answer->error || g_error_matches(answer->error, BASE_ERROR, BASE_ERROR_TIMEOUT))
        return answer->error != NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++)
        if (strstr(reason, signs[i]))
            return true;
    return false;
}

void check_network_pods_reached(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GHashTable) chosen = pods_to_ask(snapshot);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_null_terminated(20, g_free, true), pods = g_ptr_array_new();
    guint good = 0;
    for (const char *const *node = snapshot_asked_nodes(snapshot); *node; node++) {
        yyjson_val *pod = g_hash_table_lookup(chosen, *node);
        if (!pod ||
            g_strcmp0(condition_status(snapshot_find(snapshot, SNAPSHOT_NODES, NULL, *node), "Ready"), "True") != 0)
            continue;
        g_ptr_array_add(pods, pod);
        g_ptr_array_add(paths, g_strdup_printf("/api/v1/namespaces/%s/pods/%s:%" G_GINT64_FORMAT "/proxy/",
                                               namespace_of(pod), name_of(pod), http_port(pod)));
    }
    g_autoptr(GPtrArray) answers = snapshot_get_all(snapshot, (const char *const *)paths->pdata);
    for (guint i = 0; i < answers->len; i++) {
        const SnapshotAnswer *answer = answers->pdata[i];
        g_autofree char *object = g_strdup_printf("Node %s", json_get_string(pods->pdata[i], "spec", "nodeName")),
                        *pod = check_object("pod", pods->pdata[i]), *reason = answer_reason(answer);
        if (answer_is_denied(answer)) {
            check_unknown(result, NULL, "%s", reason);
            break;
        }
        good += !is_unreachable(answer, reason);
        if (is_unreachable(answer, reason)) {
            check_warn(result, object, "the API server does not reach %s: %s", pod, reason);
            check_advise(result,
                         "Webhooks and aggregated APIs there will fail. Look at routes and firewalls between the "
                         "control plane and %s's pods.",
                         json_get_string(pods->pdata[i], "spec", "nodeName"));
        }
    }
    check_summary(result, "%u nodes with a pod to ask", good);
    if (!pods->len)
        check_unknown(result, NULL, "no node that was asked has a ready pod with a port that speaks HTTP");
}

/* --- the network plug-in
 * ----------------------------------------------------------------------------------------------- */

static const char *const plugins[] = {"calico-node",  "canal",          "cilium",       "kube-flannel-ds",
                                      "kube-flannel", "weave-net",      "aws-node",     "azure-cni",
                                      "antrea-agent", "kube-router",    "ovnkube-node", "kindnet",
                                      "kube-ovn-cni", "kube-multus-ds", "multus",       "azure-ip-masq-agent",
                                      "anetd",        "netd",           "romana-agent", NULL};

void check_network_plugin(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *sets = snapshot_list(snapshot, SNAPSHOT_DAEMON_SETS)->items;
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < sets->len; i++) {
        yyjson_val *set = sets->pdata[i];
        if (!g_strv_contains(plugins, name_of(set)))
            continue;
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", name_of(set));
        g_autofree char *object = check_object("DaemonSet", set);
        gint64 wanted = json_int(json_get(set, "status", "desiredNumberScheduled"), 0),
               ready = json_int(json_get(set, "status", "numberReady"), 0);
        if (ready >= wanted)
            continue;
        check_fail(result, object,
                   "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " ready: pods on the other nodes get no "
                   "network",
                   ready, wanted);
        check_advise(result,
                     "kubectl -n %s get pods -o wide | grep %s; then describe, and logs of the one that is not "
                     "ready",
                     namespace_of(set), name_of(set));
    }
    check_summary(result, "%s", names->str);
    if (!names->len)
        check_unknown(result, NULL, "no DaemonSet has the name of a known network plug-in");
}

/* --- pods that got no network
 * --------------------------------------------------------------------------------------------- */

static bool is_exhausted(const char *message) {
    static const char *const signs[] = {
        "no IP addresses available",    "failed to assign an IP", "no available IP",
        "failed to allocate for range", "not enough IP",          "IP address pool exhausted",
        "No more IPs available",        "InsufficientCidrBlocks"};
    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++)
        if (strstr(message, signs[i]))
            return true;
    return false;
}

void check_network_sandboxes(Snapshot *snapshot, CheckResult *result) {
    static const char *const reasons[] = {"FailedCreatePodSandBox", "NetworkNotReady", "FailedPodSandBoxStatus",
                                          "CIDRNotAvailable", NULL};
    const GPtrArray *events = snapshot_list(snapshot, SNAPSHOT_EVENTS)->items;
    for (guint i = 0; i < events->len; i++) {
        yyjson_val *event = events->pdata[i], *about = json_get(event, "involvedObject");
        const char *reason = json_get_string(event, "reason"), *message = json_get_string(event, "message"),
                   *in = json_get_string(about, "namespace"), *kind = json_get_string(about, "kind");
        gint64 minutes = event_minutes(snapshot, event), times = MAX(json_int(json_get(event, "count"), 1), 1);
        if (!reason || !g_strv_contains(reasons, reason) || minutes < 0 || minutes > RECENT_MINUTES)
            continue;
        g_autofree char *object = g_strdup_printf("%s %s%s%s", kind ? kind : "Pod", in ? in : "", in ? "/" : "",
                                                  json_get_string(about, "name"));
        bool exhausted = g_str_equal(reason, "CIDRNotAvailable") || (message && is_exhausted(message));
        (exhausted ? check_fail : check_warn)(result, object,
                                              "%s, %" G_GINT64_FORMAT " times, last %" G_GINT64_FORMAT " min ago: %s",
                                              reason, times, minutes, message ? message : "");
        if (exhausted)
            check_advise(result,
                         "There are no more addresses: delete pods that are done, or give the network plug-in a "
                         "larger range (SB-NET-01).");
    }
}
