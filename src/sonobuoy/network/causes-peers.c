/* Causes of what fails between nodes: layer by layer, from whether anything passes to how fast it does. */
#include "sonobuoy/network/causes-internal.h"
#include "sonobuoy/network/shapes.h"

#include <string.h>

enum { PAIRS_SHOWN = 4, GROUPS_SHOWN = 4, OF_GROUP_SHOWN = 3 };

typedef struct {
    const char *title, *fix;
} Words;

/* What is looked at together. `title` and `fix` may have what cause_finish() fills in, and {pairs} and {groups}. */
typedef struct {
    const char *id;
    CauseRank rank;
    const char *sure;      /* of all shapes but pairs, which are possible */
    const char *probes[2]; /* a way is bad where all of these that were tried are */
    const char *claims;    /* probes of a bad way that it explains besides */
    /* A node's own probes that it explains, or NULL: those that need pods on all nodes, those that need pods on some
     * other node, and all else that leaves a pod. */
    const char *services, *dns, *own;
    bool loops; /* a node's way to itself counts */
    Words words[NETWORK_SHAPES];
} Layer;

/* --- the layers ------------------------------------------------------------------------------------------------ */

#define CNI_OF_NODES                                                                                           \
    "Look at the CNI's pod on {nodes} and its log, at the routes to pods there (ip route), and at the node's " \
    "firewall "                                                                                                \
    "(nft list ruleset). "
#define FIREWALLS "Look at firewalls and security groups between the nodes. "

static const Layer pod_layers[] = {
    {.id = "pod-network",
     .rank = RANK_PODS,
     .sure = "likely",
     .probes = {"pod-tcp", "pod-udp"},
     .claims = "pod-bulk pod-mtu pod-fragments pod-loss latency clock policy node-tcp host-port node-port",
     .services = "service-tcp service-udp",
     .dns = "dns-udp dns-tcp dns-external",
     .own = "api egress",
     .words = {[NETWORK_SHAPE_ALL] = {"No pod reaches a pod on another node", "{overlay} " FIREWALLS},
               [NETWORK_SHAPE_SPLIT] = {"Pods of these groups of nodes do not reach each other: {groups}",
                                        "Look at what is between the groups: zones, subnets, their routes and "
                                        "firewalls. {overlay}"},
               [NETWORK_SHAPE_CUT_OFF] = {"Pods on {nodes} reach no pod on another node, and none reaches them",
                                          CNI_OF_NODES "{overlay}"},
               [NETWORK_SHAPE_ROW] = {"Pods on {nodes} reach no pod on another node, though they are reached",
                                      CNI_OF_NODES "{overlay}"},
               [NETWORK_SHAPE_COLUMN] = {"Pods on {nodes} are reached from no other node", CNI_OF_NODES "{overlay}"},
               [NETWORK_SHAPE_PAIRS] = {"Pods of some nodes do not reach those of some others: {pairs}",
                                        "Look at routes and firewalls between these nodes; a CNI that missed a node "
                                        "has no route or tunnel to it. {overlay}"}}},
    {.id = "pod-udp",
     .rank = RANK_PODS,
     .sure = "likely",
     .probes = {"pod-udp"},
     .claims = "pod-mtu pod-fragments pod-loss latency clock",
     .services = "service-udp",
     .dns = "dns-udp dns-external",
     .words = {[NETWORK_SHAPE_ALL] = {"UDP does not pass between pods of different nodes, TCP does",
                                      "Look for rules that let only TCP pass: NetworkPolicies, the CNI's own policies, "
                                      "security groups. DNS needs UDP port 53."},
               [NETWORK_SHAPE_SPLIT] = {"UDP does not pass between groups of nodes, TCP does: {groups}",
                                        FIREWALLS "Some rule lets only TCP pass."},
               [NETWORK_SHAPE_CUT_OFF] = {"UDP passes neither from pods on {nodes} nor to them, TCP does",
                                          CNI_OF_NODES "Some rule lets only TCP pass."},
               [NETWORK_SHAPE_ROW] = {"UDP from pods on {nodes} does not arrive, TCP does",
                                      CNI_OF_NODES "Some rule lets only TCP pass."},
               [NETWORK_SHAPE_COLUMN] = {"UDP to pods on {nodes} does not arrive, TCP does",
                                         CNI_OF_NODES "Some rule lets only TCP pass."},
               [NETWORK_SHAPE_PAIRS] = {"UDP does not pass between pods of some nodes, TCP does: {pairs}",
                                        FIREWALLS "Some rule lets only TCP pass."}}},
    {.id = "pod-tcp",
     .rank = RANK_PODS,
     .sure = "likely",
     .probes = {"pod-tcp"},
     .claims = "pod-bulk policy",
     .services = "service-tcp",
     .dns = "dns-tcp",
     .words = {[NETWORK_SHAPE_ALL] = {"TCP does not pass between pods of different nodes, UDP does",
                                      "Look for rules on TCP: NetworkPolicies, the CNI's own policies, and checksum "
                                      "offloading of the tunnel (ethtool -k: tx-checksum-ip-generic)."},
               [NETWORK_SHAPE_SPLIT] = {"TCP does not pass between groups of nodes, UDP does: {groups}",
                                        FIREWALLS "Some rule stops TCP."},
               [NETWORK_SHAPE_CUT_OFF] = {"TCP passes neither from pods on {nodes} nor to them, UDP does", CNI_OF_NODES
                                          "Some rule stops TCP, or answers take another way than requests."},
               [NETWORK_SHAPE_ROW] = {"TCP from pods on {nodes} does not arrive, UDP does",
                                      CNI_OF_NODES "Some rule stops TCP, or answers take another way than requests."},
               [NETWORK_SHAPE_COLUMN] = {"TCP to pods on {nodes} does not arrive, UDP does", CNI_OF_NODES
                                         "Some rule stops TCP, or answers take another way than requests."},
               [NETWORK_SHAPE_PAIRS] = {"TCP does not pass between pods of some nodes, UDP does: {pairs}",
                                        FIREWALLS "Some rule stops TCP."}}},
    {.id = "mtu",
     .rank = RANK_PACKETS,
     .sure = "likely",
     .probes = {"pod-mtu"},
     .claims = "pod-bulk pod-fragments",
     .words =
         {[NETWORK_SHAPE_ALL] = {"{packets} are lost between all nodes{mtu}",
                                 "Set the CNI's MTU to {low}, or raise the MTU of the network between the nodes; then "
                                 "start the pods anew. Transfers stall until then, while pings and small requests "
                                 "pass."},
          [NETWORK_SHAPE_SPLIT] = {"{packets} are lost between groups of nodes: {groups}",
                                   "Set the CNI's MTU to {low}, which all ways let pass, or raise the MTU of what "
                                   "joins the groups (a VPN, a router), and let ICMP \"fragmentation needed\" pass."},
          [NETWORK_SHAPE_CUT_OFF] = {"{packets} to and from pods on {nodes} are lost{mtu}",
                                     "Compare the MTU of the interfaces of {nodes} with other nodes' (ip link); make "
                                     "them the same, or set the CNI's MTU to {low}."},
          [NETWORK_SHAPE_ROW] = {"{packets} from pods on {nodes} are lost{mtu}",
                                 "Compare the MTU of the interfaces of {nodes} with other nodes' (ip link); make them "
                                 "the same, or set the CNI's MTU to {low}."},
          [NETWORK_SHAPE_COLUMN] = {"{packets} to pods on {nodes} are lost{mtu}",
                                    "Compare the MTU of the interfaces of {nodes} with other nodes' (ip link); make "
                                    "them the same, or set the CNI's MTU to {low}."},
          [NETWORK_SHAPE_PAIRS] = {"{packets} are lost between some nodes: {pairs}",
                                   "Set the CNI's MTU to {low}, or raise the MTU of what is between these nodes."}}},
    {.id = "bulk",
     .rank = RANK_PACKETS,
     .sure = "possible",
     .probes = {"pod-bulk"},
     .claims = "pod-fragments",
     .words = {[NETWORK_SHAPE_ALL] = {"Larger transfers stall between all nodes",
                                      "Compare the MTU of pods, of the tunnel and of the nodes' interfaces (ip link), "
                                      "and see whether ICMP \"fragmentation needed\" passes."},
               [NETWORK_SHAPE_SPLIT] = {"Larger transfers stall between groups of nodes: {groups}",
                                        "Compare the MTU on both sides and of what joins the groups."},
               [NETWORK_SHAPE_CUT_OFF] = {"Larger transfers to and from pods on {nodes} stall",
                                          "Compare the MTU of the interfaces of {nodes} with other nodes' (ip link)."},
               [NETWORK_SHAPE_ROW] = {"Larger transfers from pods on {nodes} stall",
                                      "Compare the MTU of the interfaces of {nodes} with other nodes' (ip link)."},
               [NETWORK_SHAPE_COLUMN] = {"Larger transfers to pods on {nodes} stall",
                                         "Compare the MTU of the interfaces of {nodes} with other nodes' (ip link)."},
               [NETWORK_SHAPE_PAIRS] = {"Larger transfers stall between some nodes: {pairs}",
                                        "Compare the MTU of these nodes' interfaces (ip link)."}}},
    {.id = "fragments",
     .rank = RANK_PACKETS,
     .sure = "likely",
     .probes = {"pod-fragments"},
     .claims = "",
     .words =
         {[NETWORK_SHAPE_ALL] = {"Fragments are dropped between all nodes",
                                 "Firewalls and some CNIs drop fragments of IP packets. Large DNS answers over UDP "
                                 "are lost by it; let fragments pass, or limit DNS answers to 1232 bytes."},
          [NETWORK_SHAPE_SPLIT] = {"Fragments are dropped between groups of nodes: {groups}",
                                   "A firewall between the groups drops fragments of IP packets."},
          [NETWORK_SHAPE_CUT_OFF] = {"Fragments to and from pods on {nodes} are dropped",
                                     "Look for a rule on {nodes} that drops fragments of IP packets."},
          [NETWORK_SHAPE_ROW] = {"Fragments from pods on {nodes} are dropped",
                                 "Look for a rule on {nodes} that drops fragments of IP packets."},
          [NETWORK_SHAPE_COLUMN] = {"Fragments to pods on {nodes} are dropped",
                                    "Look for a rule on {nodes} that drops fragments of IP packets."},
          [NETWORK_SHAPE_PAIRS] = {"Fragments are dropped between some nodes: {pairs}",
                                   "Look for rules that drop fragments of IP packets."}}},
    {.id = "loss",
     .rank = RANK_PACKETS,
     .sure = "likely",
     .probes = {"pod-loss"},
     .claims = "latency",
     .words = {[NETWORK_SHAPE_ALL] = {"Packets are lost between all nodes ({range})",
                                      "Look at the network that all nodes share: its load, its switches; and at full "
                                      "conntrack tables (dmesg: nf_conntrack: table full)."},
               [NETWORK_SHAPE_SPLIT] = {"Packets are lost between groups of nodes ({range}): {groups}",
                                        "Look at the link that joins the groups: its load and its errors."},
               [NETWORK_SHAPE_CUT_OFF] = {"Packets to and from {nodes} are lost ({range})",
                                          "Look at the link of {nodes}: errors and drops (ip -s link, ethtool -S), "
                                          "duplex, cable; and at the node's load."},
               [NETWORK_SHAPE_ROW] = {"Packets from {nodes} are lost ({range})",
                                      "Look at the link of {nodes}: errors and drops (ip -s link, ethtool -S), and at "
                                      "limits on what it sends."},
               [NETWORK_SHAPE_COLUMN] = {"Packets to {nodes} are lost ({range})",
                                         "Look at the link of {nodes}: errors and drops (ip -s link, ethtool -S), and "
                                         "at the node's load."},
               [NETWORK_SHAPE_PAIRS] = {"Packets between some nodes are lost ({range}): {pairs}",
                                        "If it stays, look at these nodes' links: errors and drops (ip -s link)."}}},
};

static const Layer node_layers[] = {
    {.id = "node-port",
     .rank = RANK_NODES,
     .sure = "likely",
     .probes = {"node-port"},
     .claims = "",
     .loops = true,
     .words = {[NETWORK_SHAPE_ALL] = {"Node ports answer on no node, Services do",
                                      "Look at kube-proxy's nodePortAddresses (or its replacement's), and whether "
                                      "firewalls let 30000 to 32767 pass to the nodes."},
               [NETWORK_SHAPE_SPLIT] = {"Node ports do not answer between groups of nodes: {groups}",
                                        FIREWALLS "30000 to 32767, TCP and UDP, are node ports."},
               [NETWORK_SHAPE_CUT_OFF] = {"Node ports of {nodes} do not answer, nor do other nodes' answer from there",
                                          "Look at kube-proxy on {nodes} and at the node's firewall: 30000 to 32767 "
                                          "are node ports."},
               [NETWORK_SHAPE_ROW] = {"From {nodes} no node port answers",
                                      "Look at the firewall of {nodes} and at how it masks what its pods send to "
                                      "nodes' addresses."},
               [NETWORK_SHAPE_COLUMN] = {"Node ports of {nodes} do not answer",
                                         "Look at kube-proxy on {nodes} and at the node's firewall: 30000 to 32767 are "
                                         "node ports. Load balancers send to them."},
               [NETWORK_SHAPE_PAIRS] = {"Some node ports do not answer from some nodes: {pairs}",
                                        "Look at firewalls between these nodes: 30000 to 32767 are node ports."}}},
    {.id = "host-port",
     .rank = RANK_NODES,
     .sure = "likely",
     .probes = {"host-port"},
     .claims = "",
     .words = {[NETWORK_SHAPE_ALL] = {"Host ports answer on no node",
                                      "The CNI must do host ports: the plugin portmap in its configuration, or its own "
                                      "setting (Cilium: hostPort.enabled)."},
               [NETWORK_SHAPE_SPLIT] = {"Host ports do not answer between groups of nodes: {groups}", FIREWALLS},
               [NETWORK_SHAPE_CUT_OFF] = {"Host ports of {nodes} do not answer, nor do other nodes' answer from there",
                                          "Look at the firewall of {nodes} and the CNI's configuration there."},
               [NETWORK_SHAPE_ROW] = {"From {nodes} no host port answers", "Look at the firewall of {nodes}."},
               [NETWORK_SHAPE_COLUMN] = {"Host ports of {nodes} do not answer",
                                         "Look at the firewall of {nodes}, and whether the CNI's configuration there "
                                         "has the plugin portmap (/etc/cni/net.d)."},
               [NETWORK_SHAPE_PAIRS] = {"Some host ports do not answer from some nodes: {pairs}", FIREWALLS}}},
    {.id = "node-tcp",
     .rank = RANK_NODES,
     .sure = "likely",
     .probes = {"node-tcp"},
     .claims = "",
     .words =
         {[NETWORK_SHAPE_ALL] = {"Pods do not reach the kubelets' port (10250) of other nodes",
                                 "Pods like metrics-server need it. Look at firewalls and security groups: pods' "
                                 "addresses must reach the nodes', or be masked by their own node's."},
          [NETWORK_SHAPE_SPLIT] = {"Pods do not reach kubelets' ports between groups of nodes: {groups}", FIREWALLS},
          [NETWORK_SHAPE_CUT_OFF] = {"Pods do not reach the kubelet's port of {nodes}, nor pods there other nodes'",
                                     "Look at the firewall and the routes of {nodes}."},
          [NETWORK_SHAPE_ROW] = {"Pods on {nodes} reach no other node's kubelet port (10250)",
                                 "Look at how {nodes} masks what its pods send to nodes' addresses, and at its "
                                 "routes."},
          [NETWORK_SHAPE_COLUMN] = {"The kubelet's port (10250) of {nodes} is reached by no pod of another node",
                                    "See whether the kubelet runs there and listens on the node's address, and at "
                                    "the node's firewall. Logs, exec and metrics need it."},
          [NETWORK_SHAPE_PAIRS] = {"Some pods do not reach some nodes' kubelet port (10250): {pairs}", FIREWALLS}}},
    {.id = "policy",
     .rank = RANK_OTHER,
     .sure = "certain",
     .probes = {"policy"},
     .claims = "",
     .words = {[NETWORK_SHAPE_ALL] = {"NetworkPolicies are not enforced in this cluster",
                                      "The CNI does not do it (flannel alone does not). Until one does that can "
                                      "(Calico, Cilium, kube-router), policies are written in vain."},
               [NETWORK_SHAPE_SPLIT] = {"NetworkPolicies are not enforced between groups of nodes: {groups}",
                                        "See whether what enforces policies runs on all nodes."},
               [NETWORK_SHAPE_CUT_OFF] = {"NetworkPolicies are not enforced to and from pods on {nodes}",
                                          "See whether what enforces policies (the CNI's agent) runs on {nodes}."},
               [NETWORK_SHAPE_ROW] = {"NetworkPolicies are not enforced on what comes from {nodes}",
                                      "See whether what comes from pods there has another address (masquerading)."},
               [NETWORK_SHAPE_COLUMN] = {"NetworkPolicies are not enforced on {nodes}",
                                         "See whether what enforces policies (the CNI's agent) runs on {nodes}."},
               [NETWORK_SHAPE_PAIRS] = {"NetworkPolicies are not always enforced: {pairs}",
                                        "See whether what enforces policies (the CNI's agent) runs on these nodes, and "
                                        "whether it keeps up."}}},
    {.id = "latency",
     .rank = RANK_SPEED,
     .sure = "likely",
     .probes = {"latency"},
     .claims = "",
     .words =
         {[NETWORK_SHAPE_ALL] = {"Round trips between all nodes are slow ({range})",
                                 "Are the nodes far from each other? Else look at the nodes' load and at limits on "
                                 "CPU of what carries packets."},
          [NETWORK_SHAPE_SPLIT] = {"Round trips between groups of nodes are slow ({range}): {groups}",
                                   "If the groups are far from each other, keep chatty pods in one of them "
                                   "(topology-aware routing); etcd needs 10 ms and less."},
          [NETWORK_SHAPE_CUT_OFF] = {"Round trips to and from {nodes} are slow ({range})",
                                     "Look at the load of {nodes}, its link, and where it is."},
          [NETWORK_SHAPE_ROW] = {"Round trips from {nodes} are slow ({range})",
                                 "Look at the load of {nodes}, its link, and where it is."},
          [NETWORK_SHAPE_COLUMN] = {"Round trips to {nodes} are slow ({range})",
                                    "Look at the load of {nodes}, its link, and where it is."},
          [NETWORK_SHAPE_PAIRS] = {"Round trips between some nodes are slow ({range}): {pairs}",
                                   "If it stays, look at these nodes' load and links."}}},
};

/* --- ways ------------------------------------------------------------------------------------------------------- */

/* -1: says nothing (not probed, not tried, explained already), 0: fine, 1: bad. */
static int judge(const Finder *finder, const NetworkCell *cell) {
    if (!cell || cell->outcome == NETWORK_UNKNOWN)
        return -1;
    return cell->outcome == NETWORK_PASS ? 0 : cell_is_open(finder, cell) ? 1 : -1;
}

static void add_way(const Finder *finder, const Layer *layer, const NetworkCell *cell, const NetworkCell *other,
                    GArray *ways) {
    int one = judge(finder, cell), two = judge(finder, other), verdict = MAX(one, two);
    if (verdict < 0 || (cell->from == cell->to && !layer->loops))
        return;
    NetworkWay way = {cell->from, cell->to, one != 0 && two != 0};
    g_array_append_val(ways, way);
}

static const NetworkCell *other_cell(const Finder *finder, const Layer *layer, guint which, NetworkFamily family,
                                     const NetworkCell *cell) {
    return layer->probes[which]
               ? network_matrix_cell(finder->matrix, probe_index(layer->probes[which]), family, cell->from, cell->to)
               : NULL;
}

static GArray *ways_of(const Finder *finder, const Layer *layer, NetworkFamily family) {
    GArray *ways = g_array_new(FALSE, FALSE, sizeof(NetworkWay));
    for (guint which = 0; which < 2 && layer->probes[which]; which++) {
        guint count;
        const NetworkCell *cells =
            network_matrix_cells(finder->matrix, probe_index(layer->probes[which]), family, &count);
        for (guint i = 0; i < count; i++) {
            const NetworkCell *other = other_cell(finder, layer, 1 - which, family, &cells[i]);
            if (which == 0 || !other)
                add_way(finder, layer, &cells[i], other, ways);
        }
    }
    return ways;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static char *pairs_words(const NetworkMatrix *matrix, const NetworkShape *shape) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < shape->ways->len && i < PAIRS_SHOWN; i++) {
        const NetworkWay *way = &g_array_index(shape->ways, NetworkWay, i);
        g_string_append_printf(text, "%s%s to %s", i ? ", " : "", network_matrix_node(matrix, way->from)->name,
                               network_matrix_node(matrix, way->to)->name);
    }
    if (shape->ways->len > PAIRS_SHOWN)
        g_string_append_printf(text, " and %u more", shape->ways->len - PAIRS_SHOWN);
    return g_string_free(text, FALSE);
}

static char *groups_words(const NetworkMatrix *matrix, const NetworkShape *shape) {
    GString *text = g_string_new(NULL);
    const guint32 *node = (const guint32 *)shape->nodes->data;
    for (guint i = 0; i < shape->groups->len && i < GROUPS_SHOWN; i++) {
        guint size = g_array_index(shape->groups, guint, i);
        g_string_append(text, i ? "; " : "");
        for (guint j = 0; j < MIN(size, OF_GROUP_SHOWN); j++)
            g_string_append_printf(text, "%s%s", j ? ", " : "", network_matrix_node(matrix, node[j])->name);
        if (size > OF_GROUP_SHOWN)
            g_string_append_printf(text, " and %u more", size - OF_GROUP_SHOWN);
        node += size;
    }
    if (shape->groups->len > GROUPS_SHOWN)
        g_string_append_printf(text, "; and %u more groups", shape->groups->len - GROUPS_SHOWN);
    return g_string_free(text, FALSE);
}

static void say_shape(const Finder *finder, Cause *cause, const Layer *layer, const NetworkShape *shape) {
    const Words *words = &layer->words[shape->kind];
    g_autoptr(GString) title = g_string_new(words->title);
    g_autofree char *pairs = pairs_words(finder->matrix, shape), *groups = groups_words(finder->matrix, shape);
    g_string_replace(title, "{pairs}", pairs, 0);
    g_string_replace(title, "{groups}", groups, 0);
    cause_say(cause, title->str, words->fix);
}

/* Whether the nodes' own addresses were reached on the ways where pods were not: then it is the pods' network. */
static void note_nodes(const Finder *finder, Cause *cause, const NetworkShape *shape, NetworkFamily family) {
    guint reached = 0, not_reached = 0;
    for (guint i = 0; i < shape->ways->len; i++) {
        const NetworkWay *way = &g_array_index(shape->ways, NetworkWay, i);
        const NetworkCell *cell =
            network_matrix_cell(finder->matrix, probe_index("node-tcp"), family, way->from, way->to);
        reached += cell && cell->outcome == NETWORK_PASS;
        not_reached += cell && cell->outcome == NETWORK_FAIL;
    }
    if (cause->note || reached + not_reached == 0)
        return;
    if (not_reached == 0)
        cause->note = g_strdup("The same pods reach these nodes' own addresses: it is the network of the pods");
    else if (reached == 0)
        cause->note = g_strdup("Nor do these pods reach the nodes' own addresses: it is more than the network of the "
                               "pods (routes, a firewall, the link)");
}

/* --- claims ------------------------------------------------------------------------------------------------------- */

static void claim_way(Finder *finder, Cause *cause, guint probe, guint from, guint to, NetworkFamily family,
                      bool valued) {
    const NetworkCell *cell = network_matrix_cell(finder->matrix, probe, family, from, to);
    if (cell)
        cause_claim(finder, cause, cell, valued);
}

/* Of the family, and of those findings that have none. */
static void claim_ways(Finder *finder, Cause *cause, const char *probe, const NetworkShape *shape, NetworkFamily family,
                       bool valued) {
    guint index = probe_index(probe);
    for (guint i = 0; i < shape->ways->len; i++) {
        const NetworkWay *way = &g_array_index(shape->ways, NetworkWay, i);
        claim_way(finder, cause, index, way->from, way->to, family, valued);
        if (family != NETWORK_ANY)
            claim_way(finder, cause, index, way->from, way->to, NETWORK_ANY, valued);
    }
}

/* What a node's own probes have of it: of those nodes that send nothing all; of others what needs the nodes that are
 * not reached. */
static void claim_own(Finder *finder, Cause *cause, const Layer *layer, const NetworkShape *shape,
                      NetworkFamily family) {
    bool everywhere = shape->kind == NETWORK_SHAPE_ALL || shape->kind == NETWORK_SHAPE_SPLIT;
    if (shape->kind != NETWORK_SHAPE_ROW && shape->kind != NETWORK_SHAPE_PAIRS)
        cause_claim_own(finder, cause, layer->services, family, -1);
    if (everywhere)
        cause_claim_own(finder, cause, layer->dns, family, -1);
    for (guint i = 0; !everywhere && i < shape->nodes->len; i++) {
        guint node = g_array_index(shape->nodes, guint32, i);
        if (shape->kind == NETWORK_SHAPE_COLUMN)
            continue;
        cause_claim_own(finder, cause, layer->services, family, node);
        if (shape->kind == NETWORK_SHAPE_PAIRS)
            continue;
        cause_claim_own(finder, cause, layer->dns, family, node);
        cause_claim_own(finder, cause, layer->own, family, node);
        if (layer->services)
            claim_way(finder, cause, probe_index("node-port"), node, node, family, false);
    }
}

static void claim_shape(Finder *finder, const Layer *layer, const NetworkShape *shape, NetworkFamily family) {
    static const char *const kinds[] = {"all", "split", "cut-off", "row", "column", "pairs"};
    g_autofree char *id = g_strdup_printf("%s-%s", layer->id, kinds[shape->kind]);
    bool pairs = shape->kind == NETWORK_SHAPE_PAIRS, certain = g_str_equal(layer->sure, "certain");
    Cause *cause = cause_for(finder, g_intern_string(id), layer->rank, pairs && !certain ? "possible" : layer->sure,
                             shape->nodes, NULL);
    say_shape(finder, cause, layer, shape);
    for (guint i = 0; i < 2 && layer->probes[i]; i++)
        claim_ways(finder, cause, layer->probes[i], shape, family, true);
    if (layer == &pod_layers[0])
        note_nodes(finder, cause, shape, family);
    g_auto(GStrv) claims = g_strsplit(layer->claims, " ", -1);
    for (char **claim = claims; *claim; claim++)
        if (**claim)
            claim_ways(finder, cause, *claim, shape, family, false);
    claim_own(finder, cause, layer, shape, family);
}

static void find_layer(Finder *finder, const Layer *layer) {
    for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
        g_autoptr(GArray) ways = ways_of(finder, layer, family);
        g_autoptr(GPtrArray) shapes = network_shapes_of(ways, finder->matrix->nodes->len);
        for (guint i = 0; i < shapes->len; i++)
            claim_shape(finder, layer, shapes->pdata[i], family);
    }
}

void find_pod_causes(Finder *finder) {
    for (size_t i = 0; i < G_N_ELEMENTS(pod_layers); i++)
        find_layer(finder, &pod_layers[i]);
}

void find_node_causes(Finder *finder) {
    for (size_t i = 0; i < G_N_ELEMENTS(node_layers); i++)
        find_layer(finder, &node_layers[i]);
}
