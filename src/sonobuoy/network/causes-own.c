/* Causes of what fails from nodes to what all of them use: Services, DNS, the API server, hosts outside. */
#include "sonobuoy/network/causes-internal.h"

enum { HOSTS_SHOWN = 4 };

/* Nodes of one kind: those that have it, and whether there are others that have not. */
typedef struct {
    GArray *nodes; /* guint32 */
    bool others;
} Nodes;

static void nodes_clear(Nodes *nodes) {
    g_array_unref(nodes->nodes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Nodes, nodes_clear)

/* NULL for all nodes: what cause_for() takes. */
static const GArray *nodes_if_some(const Nodes *nodes) {
    return nodes->others ? nodes->nodes : NULL;
}

#define EACH_NODE(nodes_, node)  \
    for (guint i_ = 0, node = 0; \
         i_ < (nodes_)->nodes->len && ((node = g_array_index((nodes_)->nodes, guint32, i_)), true); i_++)

/* --- Services --------------------------------------------------------------------------------------------------- */

typedef struct {
    bool tcp, udp; /* some of the nodes fail by it */
    Nodes nodes;
} Services;

static Services services_of(const Finder *finder, NetworkFamily family) {
    Services found = {.nodes.nodes = g_array_new(FALSE, FALSE, sizeof(guint32))};
    for (guint32 node = 0; node < finder->matrix->nodes->len; node++) {
        Side tcp = side_of(finder, "service-tcp", family, node), udp = side_of(finder, "service-udp", family, node);
        if (tcp == SIDE_BAD || udp == SIDE_BAD)
            g_array_append_val(found.nodes.nodes, node);
        else
            found.nodes.others = found.nodes.others || tcp == SIDE_FINE || udp == SIDE_FINE;
        found.tcp = found.tcp || tcp == SIDE_BAD;
        found.udp = found.udp || udp == SIDE_BAD;
    }
    return found;
}

/* Whether the API server and DNS, which are Services too, are reached by all of these nodes. */
static bool other_services_are_fine(const Finder *finder, const Nodes *nodes) {
    EACH_NODE(nodes, node) {
        Side api = side_of(finder, "api", NETWORK_EACH_FAMILY, node),
             dns = side_of(finder, "dns-udp", NETWORK_EACH_FAMILY, node);
        if (api == SIDE_BAD || dns == SIDE_BAD || (api == SIDE_NONE && dns == SIDE_NONE))
            return false;
    }
    return true;
}

static void claim_node_ports(Finder *finder, Cause *cause, const Nodes *nodes, NetworkFamily family) {
    guint count;
    const NetworkCell *cells = network_matrix_cells(finder->matrix, probe_index("node-port"), family, &count);
    g_autofree bool *concerned = g_new0(bool, finder->matrix->nodes->len + 1);
    EACH_NODE(nodes, node)
    concerned[node] = true;
    for (guint i = 0; i < count; i++)
        if (concerned[cells[i].to])
            cause_claim(finder, cause, &cells[i], false);
}

static void say_services(Cause *cause, const Services *found, bool fine) {
    const char *by = !found->tcp ? " over UDP" : !found->udp ? " over TCP" : "";
    g_autofree char *title = NULL;
    if (fine && !found->nodes.others)
        title = g_strdup_printf("The Service of the probes is reached from no node%s, other Services are", by);
    else if (fine)
        title = g_strdup_printf("The Service of the probes is not reached from {nodes}%s, other Services are", by);
    else if (!found->nodes.others)
        title = g_strdup_printf("Services are reached by their cluster addresses from no node%s", by);
    else
        title = g_strdup_printf("Services are not reached by their cluster addresses from {nodes}%s", by);
    if (fine)
        cause_say(cause, title,
                  "See whether the rules of new Services arrive: the log of kube-proxy or its replacement on {nodes}, "
                  "and 'kubectl get endpointslices -A -l kubernetes.io/service-name=sonobuoy-network'.");
    else
        cause_say(
            cause, title,
            "Pods are reached, Services are not: look at kube-proxy (or what replaces it) on {nodes}: 'kubectl -n "
            "kube-system get pods -o wide', its log, and whether its rules are there (nft list ruleset, "
            "iptables-save, ipvsadm -Ln).");
}

void find_service_causes(Finder *finder) {
    for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
        Services found = services_of(finder, family);
        g_auto(Nodes) nodes = found.nodes;
        if (nodes.nodes->len == 0)
            continue;
        bool fine = other_services_are_fine(finder, &nodes);
        const char *more = !found.tcp ? "udp" : !found.udp ? "tcp" : NULL;
        Cause *cause = cause_for(finder, fine ? "service-endpoints" : "services", RANK_SERVICES,
                                 fine ? "possible" : "likely", nodes_if_some(&nodes), more);
        say_services(cause, &found, fine);
        EACH_NODE(&nodes, node) {
            cause_claim_own(finder, cause, "service-tcp service-udp", family, node);
            if (fine)
                continue;
            cause_claim_own(finder, cause, found.udp ? "dns-udp dns-external" : NULL, family, node);
            cause_claim_own(finder, cause, found.tcp ? "dns-tcp api" : NULL, family, node);
            cause_claim_egress(finder, cause, node);
        }
        claim_node_ports(finder, cause, &nodes, family);
    }
}

/* --- DNS -----------------------------------------------------------------------------------------------------------
 */

typedef enum { DNS_FINE, DNS_BOTH, DNS_UDP, DNS_TCP, DNS_EXTERNAL, DNS_KINDS } DnsKind;

static const struct {
    const char *id, *all, *all_fix, *some, *some_fix, *claims;
} dns_words[DNS_KINDS] = {
    [DNS_BOTH] = {"dns", "DNS answers on no node",
                  "Look at the DNS pods and their Service: 'kubectl -n kube-system get pods,svc,endpointslices -l "
                  "k8s-app=kube-dns -o wide'; are they ready, and does a NetworkPolicy stop port 53? 'sonobuoy check "
                  "--only dns' looks closer.",
                  "DNS does not answer on {nodes}, elsewhere it does",
                  "Look at the way from {nodes} to the DNS pods: a DNS pod or node-local cache on the node itself, "
                  "kube-proxy there, and the route to the nodes where the DNS pods run.",
                  "dns-udp dns-tcp dns-external"},
    [DNS_UDP] =
        {"dns-udp", "DNS answers over TCP, not over UDP",
         "Look for a rule (NetworkPolicy, security group) that lets only TCP pass to port 53, for full or stale "
         "conntrack entries (conntrack -L -p udp --dport 53), and at the DNS Service's UDP port.",
         "On {nodes} DNS answers over TCP, not over UDP",
         "On {nodes} look for stale conntrack entries (conntrack -D -p udp --dport 53 removes them), a full "
         "table (dmesg), and rules on UDP port 53.",
         "dns-udp dns-external"},
    [DNS_TCP] = {"dns-tcp", "DNS answers over UDP, not over TCP",
                 "Large answers need TCP. Look for a NetworkPolicy or firewall that lets only UDP pass to port 53, and "
                 "whether the DNS Service has a TCP port.",
                 "On {nodes} DNS answers over UDP, not over TCP",
                 "Large answers need TCP. Look for a rule on {nodes} that lets only UDP pass to port 53.", "dns-tcp"},
    [DNS_EXTERNAL] = {"dns-external", "DNS answers names of the cluster, not those outside it",
                      "Look at the forwarders of CoreDNS ('kubectl -n kube-system get configmap coredns -o yaml', "
                      "forward), at its log, and whether its pods reach them: egress of UDP and TCP port 53.",
                      "On {nodes} DNS answers names of the cluster, not those outside it",
                      "Different DNS pods may answer other nodes: see which of them cannot reach their forwarders.",
                      "dns-external"},
};

static DnsKind dns_kind_of(const Finder *finder, guint node, bool *out_asked) {
    Side udp = side_of(finder, "dns-udp", NETWORK_EACH_FAMILY, node),
         tcp = side_of(finder, "dns-tcp", NETWORK_EACH_FAMILY, node),
         external = side_of(finder, "dns-external", NETWORK_EACH_FAMILY, node);
    *out_asked = udp != SIDE_NONE || tcp != SIDE_NONE || external != SIDE_NONE;
    if (udp == SIDE_BAD)
        return tcp == SIDE_FINE ? DNS_UDP : DNS_BOTH;
    if (tcp == SIDE_BAD)
        return udp == SIDE_FINE ? DNS_TCP : DNS_BOTH;
    return external == SIDE_BAD ? DNS_EXTERNAL : DNS_FINE;
}

/* Whether no node reaches any outside host. */
static bool nothing_outside(const Finder *finder) {
    bool any = false;
    for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
        guint count;
        const NetworkCell *cells = network_matrix_cells(finder->matrix, probe_index("egress"), family, &count);
        for (guint i = 0; i < count; i++) {
            if (cells[i].outcome < NETWORK_FAIL)
                return false;
            any = any || cell_is_open(finder, &cells[i]);
        }
    }
    return any;
}

static void find_nothing_outside(Finder *finder) {
    Cause *cause = cause_for(finder, "egress-nothing", RANK_EGRESS, "likely", NULL, NULL);
    cause_say(
        cause, "Nothing outside the cluster is reached, and names outside it are not resolved",
        "Look at the way out that all nodes share: the default route, the NAT gateway, the firewall. Where only a "
        "proxy leads out, give the probes HTTPS_PROXY, and DNS a forwarder inside.");
    cause_claim_own(finder, cause, "egress dns-external", NETWORK_EACH_FAMILY, -1);
}

static void find_dns_kind(Finder *finder, DnsKind kind, const Nodes *nodes) {
    Cause *cause = cause_for(finder, dns_words[kind].id, RANK_DNS, "likely", nodes_if_some(nodes), NULL);
    cause_say(cause, nodes->others ? dns_words[kind].some : dns_words[kind].all,
              nodes->others ? dns_words[kind].some_fix : dns_words[kind].all_fix);
    EACH_NODE(nodes, node) {
        cause_claim_own(finder, cause, dns_words[kind].claims, NETWORK_EACH_FAMILY, node);
        if (kind == DNS_BOTH || kind == DNS_EXTERNAL)
            cause_claim_egress(finder, cause, node);
    }
}

/* Warnings: answers that came at a second try. */
static void find_dns_losses(Finder *finder) {
    static const char *const probes[] = {"dns-udp", "dns-tcp", "dns-external"};
    Cause *cause = NULL;
    for (size_t probe = 0; probe < G_N_ELEMENTS(probes); probe++)
        for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
            guint count;
            const NetworkCell *cells = network_matrix_cells(finder->matrix, probe_index(probes[probe]), family, &count);
            for (guint i = 0; i < count; i++) {
                if (!cell_is_open(finder, &cells[i]))
                    continue;
                cause = cause ? cause : cause_for(finder, "dns-loss", RANK_DNS, "possible", NULL, NULL);
                g_array_append_val(cause->told.nodes, cells[i].from);
                cause_claim(finder, cause, &cells[i], false);
            }
        }
    if (cause)
        cause_say(
            cause, "DNS answers only at a second try on {nodes}",
            "Each costs a pod seconds. Look at losses (pod-loss), full conntrack tables (dmesg), the load and the "
            "limits of the DNS pods; a node-local DNS cache helps.");
}

void find_dns_causes(Finder *finder) {
    Nodes found[DNS_KINDS] = {0};
    for (guint kind = 0; kind < DNS_KINDS; kind++)
        found[kind].nodes = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 node = 0; node < finder->matrix->nodes->len; node++) {
        bool asked;
        DnsKind own = dns_kind_of(finder, node, &asked);
        if (asked)
            g_array_append_val(found[own].nodes, node);
        for (guint kind = 0; asked && kind < DNS_KINDS; kind++)
            found[kind].others = found[kind].others || kind != own;
    }
    if (found[DNS_EXTERNAL].nodes->len && !found[DNS_EXTERNAL].others && nothing_outside(finder))
        find_nothing_outside(finder);
    else
        for (guint kind = DNS_BOTH; kind < DNS_KINDS; kind++)
            if (found[kind].nodes->len)
                find_dns_kind(finder, (DnsKind)kind, &found[kind]);
    find_dns_losses(finder);
    for (guint kind = 0; kind < DNS_KINDS; kind++)
        nodes_clear(&found[kind]);
}

/* --- the API server ----------------------------------------------------------------------------------------------- */

void find_api_causes(Finder *finder) {
    g_auto(Nodes) nodes = {.nodes = g_array_new(FALSE, FALSE, sizeof(guint32))};
    for (guint32 node = 0; node < finder->matrix->nodes->len; node++) {
        Side side = side_of(finder, "api", NETWORK_EACH_FAMILY, node);
        if (side == SIDE_BAD)
            g_array_append_val(nodes.nodes, node);
        nodes.others = nodes.others || side == SIDE_FINE;
    }
    if (nodes.nodes->len == 0)
        return;
    Cause *cause = cause_for(finder, "api", RANK_API, "possible", nodes_if_some(&nodes), NULL);
    if (nodes.others)
        cause_say(
            cause, "Pods on {nodes} do not reach the API server, those elsewhere do",
            "Look at kube-proxy on {nodes}, and whether the node's pods reach the control plane's nodes on the API "
            "server's port: 'kubectl get endpointslices kubernetes' has their addresses.");
    else
        cause_say(cause, "Pods reach the API server from no node",
                  "'kubectl get endpointslices kubernetes' has the addresses that it is reached at: can nodes and pods "
                  "reach these? A firewall may let nodes pass and not pods; where it is the certificate, its names or "
                  "authority do not fit.");
    EACH_NODE(&nodes, node)
    cause_claim_own(finder, cause, "api", NETWORK_EACH_FAMILY, node);
}

/* --- outside ---------------------------------------------------------------------------------------------------------
 */

/* Findings of one family's egress: which fail, by node and by host. */
typedef struct {
    Finder *finder;
    NetworkFamily family;
    const NetworkCell *cells;
    guint count;
    guint *of_node, *of_host, *bad_of_node, *bad_of_host;
} Egress;

static bool is_failed(const Egress *egress, const NetworkCell *cell) {
    return cell->outcome == NETWORK_FAIL && cell_is_open(egress->finder, cell);
}

static void count_egress(Egress *egress) {
    for (guint i = 0; i < egress->count; i++) {
        const NetworkCell *cell = &egress->cells[i];
        bool bad = is_failed(egress, cell);
        if (!bad && cell->outcome != NETWORK_PASS && cell->outcome != NETWORK_WARN)
            continue;
        egress->of_node[cell->from]++;
        egress->of_host[cell->to]++;
        egress->bad_of_node[cell->from] += bad;
        egress->bad_of_host[cell->to] += bad;
    }
}

static void claim_egress(Egress *egress, Cause *cause, gint64 node, gint64 host) {
    for (guint i = 0; i < egress->count; i++) {
        const NetworkCell *cell = &egress->cells[i];
        if ((node < 0 || cell->from == node) && (host < 0 || cell->to == host) && is_failed(egress, cell))
            cause_claim(egress->finder, cause, cell, false);
    }
}

static bool find_no_egress(Egress *egress) {
    guint all = 0, bad = 0;
    for (guint node = 0; node < egress->finder->matrix->nodes->len; node++) {
        all += egress->of_node[node];
        bad += egress->bad_of_node[node];
    }
    /* of one host it is not known whether it is the host */
    if (bad == 0 || bad < all || egress->finder->matrix->targets->len == 0)
        return false;
    guint hosts = 0;
    for (guint host = 0; host < egress->finder->matrix->targets->len; host++)
        hosts += egress->bad_of_host[host] > 0;
    if (hosts < 2)
        return false;
    Cause *cause = cause_for(egress->finder, "egress-nothing", RANK_EGRESS, "likely", NULL, NULL);
    cause_say(
        cause, "Nothing outside the cluster is reached from any node",
        "Look at the way out that all nodes share: the default route, the NAT gateway, the firewall. Where only a "
        "proxy leads out, give the probes HTTPS_PROXY.");
    claim_egress(egress, cause, -1, -1);
    return true;
}

static void find_hosts(Egress *egress) {
    for (guint host = 0; host < egress->finder->matrix->targets->len; host++) {
        if (egress->bad_of_host[host] == 0 || egress->bad_of_host[host] < egress->of_host[host])
            continue;
        const char *name = egress->finder->matrix->targets->pdata[host];
        g_autofree char *title = g_strdup_printf("%s is reached from no node", name);
        Cause *cause = cause_for(egress->finder, "egress-host", RANK_EGRESS, "likely", NULL, name);
        cause_say(cause, title,
                  "Is the name right and the host up? Then look at the firewall's or proxy's list of what may be "
                  "reached; see what was found for whether it is the name, the connection or the certificate.");
        claim_egress(egress, cause, -1, host);
    }
}

static void find_senders(Egress *egress) {
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 node = 0; node < egress->finder->matrix->nodes->len; node++)
        if (egress->bad_of_node[node] && egress->bad_of_node[node] == egress->of_node[node])
            g_array_append_val(nodes, node);
    if (nodes->len == 0)
        return;
    Cause *cause = cause_for(egress->finder, "egress-node", RANK_EGRESS, "likely", nodes, NULL);
    cause_say(cause, "Pods on {nodes} reach nothing outside the cluster, those elsewhere do",
              "Look at the default route of {nodes}, at how it masks its pods' addresses (masquerading), and at its "
              "firewall or the route table of its subnet.");
    for (guint i = 0; i < nodes->len; i++)
        claim_egress(egress, cause, g_array_index(nodes, guint32, i), -1);
}

/* What is left: hosts that some nodes do not reach. */
static void find_some(Egress *egress) {
    for (guint i = 0; i < egress->count; i++) {
        const NetworkCell *cell = &egress->cells[i];
        if (!is_failed(egress, cell))
            continue;
        const char *name = network_matrix_target(egress->finder->matrix, cell);
        g_autofree char *title = g_strdup_printf("%s is not reached from {nodes}, from elsewhere it is", name);
        Cause *cause = cause_for(egress->finder, "egress-some", RANK_EGRESS, "possible", NULL, name);
        cause_say(
            cause, title,
            "If it stays so on the next run: look at the routes and the firewall of {nodes}, and whether the name "
            "has several addresses of which some are not reached.");
        g_array_append_val(cause->told.nodes, cell->from);
        cause_claim(egress->finder, cause, cell, false);
    }
}

/* Warnings: connections that somebody opens on the way. */
static void find_opened(Finder *finder) {
    g_autoptr(GString) hosts = g_string_new(NULL);
    guint count, kinds = 0;
    Cause *cause = NULL;
    for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
        const NetworkCell *cells = network_matrix_cells(finder->matrix, probe_index("egress"), family, &count);
        for (guint i = 0; i < count; i++) {
            if (!cell_is_open(finder, &cells[i]))
                continue;
            const char *name = network_matrix_target(finder->matrix, &cells[i]);
            cause = cause ? cause : cause_for(finder, "egress-opened", RANK_EGRESS, "likely", NULL, NULL);
            if (!g_strstr_len(hosts->str, -1, name) && kinds++ < HOSTS_SHOWN)
                g_string_append_printf(hosts, "%s%s", hosts->len ? ", " : "", name);
            cause_claim(finder, cause, &cells[i], false);
        }
    }
    if (!cause)
        return;
    g_autofree char *title = g_strdup_printf("TLS is opened on the way by a proxy, or the authority is not known: %s%s",
                                             hosts->str, kinds > HOSTS_SHOWN ? ", ..." : "");
    cause_say(cause, title,
              "If a proxy that opens TLS is wanted, give its authority to container runtimes and pods that pull from "
              "there; else find out who answers in these hosts' names.");
}

void find_egress_causes(Finder *finder) {
    const NetworkMatrix *matrix = finder->matrix;
    for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
        g_autofree guint *counts = g_new0(guint, 2 * (matrix->nodes->len + matrix->targets->len) + 1);
        Egress egress = {.finder = finder,
                         .family = family,
                         .of_node = counts,
                         .bad_of_node = counts + matrix->nodes->len,
                         .of_host = counts + 2 * matrix->nodes->len,
                         .bad_of_host = counts + 2 * matrix->nodes->len + matrix->targets->len};
        egress.cells = network_matrix_cells(matrix, probe_index("egress"), family, &egress.count);
        count_egress(&egress);
        if (find_no_egress(&egress))
            continue;
        find_hosts(&egress);
        find_senders(&egress);
        find_some(&egress);
    }
    find_opened(finder);
}
