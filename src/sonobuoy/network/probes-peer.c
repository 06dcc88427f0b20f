/* To a pod on another node, and to that node. */
#include "sonobuoy/network/network.h"
#include "sonobuoy/network/probes.h"

#include <string.h>
#include <unistd.h>

enum { KUBELET_PORT = 10250, BULK_BYTES = 256 * 1024, POLICY_SECONDS = 5, POLICY_PAUSE_US = 700000 };
#define TCP_SECONDS 3.0
#define UDP_SECONDS 2.0
#define UDP_TRIES 4
#define BULK_SECONDS 5.0

/* The first address of the family. */
static bool find_address(GStrv addresses, guint16 port, bool ipv6, Endpoint *out) {
    for (char **address = addresses; *address; address++)
        if (endpoint_parse(*address, port, out) && (out->address.ss_family == AF_INET6) == ipv6)
            return true;
    return false;
}

bool probe_peer_is_there(const PeerProbe *probe) {
    Endpoint to;
    return find_address(probe->peer->pod_addresses, NETWORK_PORT, probe->ipv6, &to);
}

/* Whether the answer is of the node that was asked; else it is a finding. */
static bool is_from(Probes *probes, const Finding *finding, const Message *answer) {
    if (g_str_equal(answer->node, finding->target))
        return true;
    probes_add(probes, finding, NETWORK_FAIL, "asked %s of %s, but %s answered", finding->endpoint->text,
               finding->target, answer->node);
    return false;
}

/* --- does it answer ---------------------------------------------------------------------------------- */

static bool probe_tcp(Probes *probes, const Peer *peer, const Endpoint *to) {
    Patience patience = probes_patience(probes, TCP_SECONDS);
    Finding finding = {"pod-tcp", peer->node, to, 0, NULL};
    Message answer;
    g_autoptr(GError) failure = NULL;
    if (!exchange_tcp(probes->node, to, 0, true, &patience, &answer, &finding.value, &failure)) {
        probes_add(probes, &finding, NETWORK_FAIL, "%s", failure->message);
        return false;
    }
    if (!is_from(probes, &finding, &answer))
        return false;
    finding.unit = "ms";
    probes_add(probes, &finding, NETWORK_PASS, "answered in %.2f ms", finding.value);
    return true;
}

static bool probe_udp(Probes *probes, const Peer *peer, const Endpoint *to) {
    Patience patience = probes_patience(probes, UDP_SECONDS);
    Finding finding = {"pod-udp", peer->node, to, 0, NULL};
    Answer answer;
    g_autoptr(GError) failure = NULL;
    int fd = exchange_udp_open(to, false, &failure);
    bool answered =
        fd >= 0 && exchange_udp(fd, probes->node, to, MESSAGE_HEADER, UDP_TRIES, &patience, &answer, &failure);
    if (fd >= 0)
        close(fd);
    if (!answered) {
        probes_add(probes, &finding, NETWORK_FAIL, "%s", failure->message);
        return false;
    }
    if (!is_from(probes, &finding, &answer.message))
        return false;
    finding.value = answer.ms;
    finding.unit = "ms";
    probes_add(probes, &finding, NETWORK_PASS, "answered in %.2f ms, at try %u", answer.ms, answer.tried);
    return true;
}

static void probe_bulk(Probes *probes, const Peer *peer, const Endpoint *to) {
    Patience patience = probes_patience(probes, BULK_SECONDS);
    Finding finding = {"pod-bulk", peer->node, to, 0, NULL};
    Message answer;
    g_autoptr(GError) failure = NULL;
    if (!exchange_tcp(probes->node, to, BULK_BYTES, false, &patience, &answer, &finding.value, &failure)) {
        probes_add(probes, &finding, NETWORK_FAIL, "256 KiB did not go there and back: %s", failure->message);
        return;
    }
    finding.unit = "ms";
    probes_add(probes, &finding, NETWORK_PASS, "256 KiB there and back in %.1f ms", finding.value);
}

/* --- is refused what a policy refuses -------------------------------------------------------------------- */

static void probe_policy(Probes *probes, const Peer *peer, const Endpoint *allowed) {
    Endpoint to = {0};
    gint64 end = g_get_monotonic_time() + POLICY_SECONDS * G_USEC_PER_SEC;
    if (!find_address(peer->pod_addresses, NETWORK_DENIED_PORT, allowed->address.ss_family == AF_INET6, &to))
        return;
    Finding finding = {"policy", peer->node, &to, 0, NULL};
    for (;;) {
        Patience patience = probes_patience(probes, UDP_SECONDS);
        g_autoptr(GError) failure = NULL;
        int fd = exchange_connect(&to, false, &patience, &failure);
        if (fd < 0) {
            probes_add(probes, &finding, NETWORK_PASS, "kept out, as the NetworkPolicy says: %s", failure->message);
            return;
        }
        close(fd);
        /* A policy needs a moment until it holds. */
        if (g_get_monotonic_time() >= MIN(end, probes->deadline) ||
            !cancel_sleep(probes->cancel, POLICY_PAUSE_US, NULL))
            break;
    }
    probes_add(probes, &finding, NETWORK_WARN,
               "%s takes connections, which the NetworkPolicy " NETWORK_POLICY
               " does not let in: policies are not enforced by this cluster's network",
               to.text);
}

/* --- the other node ------------------------------------------------------------------------------------------ */

static void probe_node(Probes *probes, const Peer *peer, bool ipv6) {
    Endpoint to;
    if (!find_address(peer->node_addresses, KUBELET_PORT, ipv6, &to))
        return;
    Patience patience = probes_patience(probes, TCP_SECONDS);
    Finding finding = {"node-tcp", peer->node, &to, 0, NULL};
    g_autoptr(GError) failure = NULL;
    gint64 begin = g_get_monotonic_time();
    int fd = exchange_connect(&to, false, &patience, &failure);
    if (fd < 0) {
        probes_add(probes, &finding, NETWORK_FAIL, "the kubelet's port: %s", failure->message);
        return;
    }
    close(fd);
    finding.value = (double)(g_get_monotonic_time() - begin) / 1000;
    finding.unit = "ms";
    probes_add(probes, &finding, NETWORK_PASS, "the kubelet's port takes connections, in %.2f ms", finding.value);
}

/* The node's address and a port behind which are pods of this run. */
static void probe_port(Probes *probes, const char *id, const Peer *peer, guint16 port, bool ipv6, bool own_pod) {
    Endpoint to;
    if (!port || !find_address(peer->node_addresses, port, ipv6, &to))
        return;
    Patience patience = probes_patience(probes, TCP_SECONDS);
    Finding finding = {id, peer->node, &to, 0, NULL};
    Message answer;
    g_autoptr(GError) failure = NULL;
    if (!exchange_tcp(probes->node, &to, 0, true, &patience, &answer, &finding.value, &failure)) {
        probes_add(probes, &finding, NETWORK_FAIL, "%s", failure->message);
        return;
    }
    if (own_pod && !is_from(probes, &finding, &answer))
        return;
    finding.unit = "ms";
    probes_add(probes, &finding, NETWORK_PASS, "the pod on %s answered in %.2f ms", answer.node, finding.value);
}

void probe_node_port(Probes *probes, const Peer *peer, bool ipv6) {
    probe_port(probes, "node-port", peer, probes->peers->node_port, ipv6, false);
}

/* --- all of it ------------------------------------------------------------------------------------------------- */

static void not_tried(Probes *probes, const Peer *peer, const Endpoint *to, const char *const *ids, const char *why) {
    for (; *ids; ids++) {
        Finding finding = {*ids, peer->node, to, 0, NULL};
        probes_add(probes, &finding, NETWORK_UNKNOWN, "not tried, as %s fails", why);
    }
}

void probe_peer(PeerProbe *probe) {
    static const char *const by_tcp[] = {"pod-bulk", "policy", NULL};
    static const char *const by_udp[] = {"pod-mtu", "pod-fragments", "pod-loss", "latency", "clock", NULL};
    Probes *probes = probe->probes;
    const Peer *peer = probe->peer;
    Endpoint to;
    if (!find_address(peer->pod_addresses, NETWORK_PORT, probe->ipv6, &to))
        return;
    bool answers_tcp = probe_tcp(probes, peer, &to);
    probe->answers_udp = probe_udp(probes, peer, &to);
    if (answers_tcp)
        probe_bulk(probes, peer, &to);
    else
        not_tried(probes, peer, &to, by_tcp, "pod-tcp");
    if (probe->answers_udp)
        probe_sizes(probes, peer, &to);
    else
        not_tried(probes, peer, &to, by_udp, "pod-udp");
    probe_node(probes, peer, probe->ipv6);
    probe_node_port(probes, peer, probe->ipv6);
    if (probes->host_ports)
        probe_port(probes, "host-port", peer, NETWORK_PORT, probe->ipv6, true);
    if (answers_tcp)
        probe_policy(probes, peer, &to);
}
