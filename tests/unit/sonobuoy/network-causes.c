/* What the probes of all nodes mean together: matrices by hand. */
#include "sonobuoy/network/causes.h"
#include "sonobuoy/network/shapes.h"

#include <math.h>
#include <string.h>

/* --- clusters ------------------------------------------------------------------------------------------------- */

enum { NODES = 6 };

/* A cluster in which everything passes, but for what `bad` says: of each finding, its outcome. */
typedef struct {
    guint nodes;
    bool six; /* IPv6 as well as IPv4 */
    NetworkOutcome (*bad)(const char *probe, const char *family, guint from, guint to);
    double (*value)(const char *probe, guint from, guint to); /* NULL: none */
} Cluster;

static const char *const peer_probes[] = {"pod-tcp",       "pod-udp",  "pod-bulk", "pod-mtu",
                                          "pod-fragments", "pod-loss", "latency",  "clock",
                                          "node-tcp",      "policy",   NULL};
static const char *const own_probes[][2] = {
    {"api", "kubernetes"},         {"dns-udp", "kubernetes.default"}, {"dns-tcp", "kubernetes.default"},
    {"dns-external", "a.example"}, {"egress", "a.example:443"},       {"egress", "b.example:443"}};

static void add(const Cluster *cluster, NetworkNode *node, const char *probe, const char *family, const char *target,
                guint from, guint to) {
    NetworkOutcome outcome = cluster->bad(probe, family, from, to);
    NetworkFinding *finding = network_node_add(node, probe, target, outcome, "said %s", probe);
    finding->family = g_strdup(family);
    double value = cluster->value ? cluster->value(probe, from, to) : NAN;
    finding->has_value = !isnan(value);
    finding->value = value;
    finding->unit = g_str_equal(probe, "pod-loss") ? g_strdup("%") : NULL;
}

static void add_peers(const Cluster *cluster, NetworkNode *node, const char *family, guint from) {
    for (guint to = 0; to < cluster->nodes; to++) {
        g_autofree char *name = g_strdup_printf("n%u", to + 1);
        for (const char *const *probe = peer_probes; to != from && *probe; probe++)
            add(cluster, node, *probe, family, name, from, to);
        add(cluster, node, "node-port", family, name, from, to);
    }
    add(cluster, node, "service-tcp", family, "sonobuoy-network", from, 0);
    add(cluster, node, "service-udp", family, "sonobuoy-network", from, 0);
}

static NetworkMatrix *matrix_of(const Cluster *cluster) {
    NetworkMatrix *matrix = network_matrix_new();
    for (guint i = cluster->nodes; i-- > 0;) {
        g_autofree char *name = g_strdup_printf("n%u", i + 1);
        g_autoptr(NetworkNode) node = network_node_new(name);
        node->mtu = 1450;
        add_peers(cluster, node, "IPv4", i);
        if (cluster->six)
            add_peers(cluster, node, "IPv6", i);
        for (size_t own = 0; own < G_N_ELEMENTS(own_probes); own++)
            add(cluster, node, own_probes[own][0], NULL, own_probes[own][1], i, own == 5 ? 1 : 0);
        g_assert_true(network_matrix_add(matrix, node, NULL));
    }
    network_matrix_finish(matrix);
    return matrix;
}

/* --- what is expected ------------------------------------------------------------------------------------------- */

/* Causes as lines "ID severity: title", which must be these, in this order; each finding is explained once. */
static void expect(const Cluster *cluster, const char *expected) {
    g_autoptr(NetworkMatrix) matrix = matrix_of(cluster);
    g_autoptr(GPtrArray) causes = network_causes(matrix);
    g_autoptr(GString) found = g_string_new(NULL);
    guint explained = 0;
    for (guint i = 0; i < causes->len; i++) {
        const NetworkCause *cause = causes->pdata[i];
        g_string_append_printf(found, "%s%s %s: %s", i ? "\n" : "", cause->id, network_outcome_name(cause->severity),
                               cause->title);
        explained += cause->explains;
        g_assert_true(*cause->seen && *cause->fix && !strchr(cause->fix, '{') && !strchr(cause->title, '{'));
    }
    g_assert_cmpstr(found->str, ==, expected);
    g_assert_cmpuint(explained, ==, matrix->counts[NETWORK_WARN] + matrix->counts[NETWORK_FAIL]);
}

#define IS(name) g_str_equal(probe, name)
#define FAILS(condition) ((condition) ? NETWORK_FAIL : NETWORK_PASS)
#define WARNS(condition) ((condition) ? NETWORK_WARN : NETWORK_PASS)
#define RULE(name) static NetworkOutcome name(const char *probe, const char *family, guint from, guint to)

static bool is_v6(const char *family) {
    return g_strcmp0(family, "IPv6") == 0;
}

static bool is_own(const char *probe) {
    return !network_probe_find(probe)->to_node;
}

static bool is_pod(const char *probe) {
    return g_str_has_prefix(probe, "pod-") || IS("latency") || IS("clock");
}

RULE(sound) {
    return NETWORK_PASS;
}
/* between nodes nothing of pods passes; a node's own come out as it is with that */
RULE(overlay) {
    return FAILS((from != to && (is_pod(probe) || IS("node-port"))) || g_str_has_prefix(probe, "service") ||
                 (from > 1 && g_str_has_prefix(probe, "dns")));
}
RULE(six_is_dead) {
    return FAILS(is_v6(family) && (is_pod(probe) || g_str_has_prefix(probe, "service")));
}
RULE(row) {
    return FAILS(from == 1 && (is_own(probe) || is_pod(probe) || IS("node-port") || IS("node-tcp")));
}
RULE(row_of_both) {
    return FAILS(from == 1 && (IS("pod-tcp") || IS("pod-udp")));
}
RULE(column) {
    return FAILS((!is_own(probe) && to == 2 && from != 2 && !IS("node-tcp")) || (IS("service-tcp") && from == 4));
}
RULE(cut_off) {
    return FAILS((from == 3) != (to == 3) && !is_own(probe) && !IS("node-tcp"));
}
RULE(split) {
    return FAILS((from < 2) != (to < 2) && !is_own(probe));
}
RULE(pair) {
    return FAILS(from == 0 && to == 1 && (IS("pod-tcp") || IS("pod-udp") || IS("pod-bulk")));
}
RULE(udp) {
    return FAILS(IS("pod-udp") || IS("pod-loss") || IS("service-udp") || IS("dns-udp"));
}
RULE(tcp_of_one) {
    return FAILS((IS("pod-tcp") || IS("pod-bulk")) && to == 0);
}
RULE(large) {
    return FAILS(IS("pod-mtu") || IS("pod-bulk") || IS("pod-fragments"));
}
RULE(large_of_one) {
    return FAILS((IS("pod-mtu") || IS("pod-bulk")) && (from == 0 || to == 0));
}
RULE(bulk) {
    return FAILS(IS("pod-bulk") && from == 0 && to == 1);
}
RULE(fragments) {
    return FAILS(IS("pod-fragments"));
}
RULE(loss) {
    return WARNS(IS("pod-loss") && to == 2);
}
RULE(proxy_of_one) {
    return FAILS((from == 1 && (g_str_has_prefix(probe, "service") || IS("api") || g_str_has_prefix(probe, "dns") ||
                                IS("egress"))) ||
                 (IS("node-port") && to == 1));
}
RULE(proxy_of_all) {
    return FAILS(g_str_has_prefix(probe, "service") || IS("node-port") || IS("api"));
}
RULE(endpoints) {
    return FAILS(g_str_has_prefix(probe, "service"));
}
RULE(node_port) {
    return FAILS(IS("node-port") && to == 4);
}
RULE(node_tcp) {
    return FAILS(IS("node-tcp"));
}
RULE(dns) {
    return FAILS(g_str_has_prefix(probe, "dns") || IS("egress"));
}
RULE(dns_of_one) {
    return FAILS(g_str_has_prefix(probe, "dns") && from == 5);
}
RULE(dns_udp) {
    return FAILS(IS("dns-udp") || IS("dns-external"));
}
RULE(dns_tcp) {
    return FAILS(IS("dns-tcp"));
}
RULE(dns_external) {
    return FAILS(IS("dns-external"));
}
RULE(dns_loss) {
    return WARNS(IS("dns-udp") && from == 1);
}
RULE(nothing_outside) {
    return FAILS(IS("dns-external") || IS("egress"));
}
RULE(api) {
    return FAILS(IS("api"));
}
RULE(api_of_one) {
    return FAILS(IS("api") && from == 0);
}
RULE(egress) {
    return FAILS(IS("egress"));
}
/* `to` is the number of the host */
RULE(egress_host) {
    return FAILS(IS("egress") && to == 1);
}
RULE(egress_node) {
    return FAILS(IS("egress") && from == 2);
}
RULE(egress_some) {
    return FAILS(IS("egress") && to == 1 && from < 2);
}
RULE(opened) {
    return WARNS(IS("egress"));
}
RULE(policy) {
    return WARNS(IS("policy"));
}
RULE(policy_of_one) {
    return WARNS(IS("policy") && to == 3);
}
RULE(slow) {
    return WARNS(IS("latency") && (from == 2 || to == 2));
}
RULE(clocks) {
    return FAILS(IS("clock") && (from == 4 || to == 4));
}
RULE(several) {
    return MAX(large(probe, family, from, to),
               MAX(node_port(probe, family, from, to), policy(probe, family, from, to)));
}
RULE(dead_and_clock) {
    return MAX(row(probe, family, from, to), clocks(probe, family, from, to));
}

static double values(const char *probe, guint from, guint to) {
    double clock = to == 4 ? 41 : from == 4 ? -41 : 0.1;
    return IS("pod-mtu") ? 1450 : IS("pod-loss") ? (from == 0 ? 2 : 8) : IS("clock") ? clock : NAN;
}

typedef struct {
    const char *name;
    Cluster cluster;
    const char *expected;
} Case;

static const Case cases[] = {
    {"sound", {NODES, true, sound}, ""},
    {"one-node", {1, false, sound}, ""},
    {"overlay", {NODES, false, overlay}, "pod-network-all fail: No pod reaches a pod on another node"},
    {"two-nodes", {2, false, overlay}, "pod-network-all fail: No pod reaches a pod on another node"},
    {"ipv6", {NODES, true, six_is_dead}, "pod-network-all fail: IPv6: No pod reaches a pod on another node"},
    {"row",
     {NODES, false, row},
     "pod-network-row fail: Pods on n2 reach no pod on another node, though they are reached"},
    {"row-of-both-families",
     {NODES, true, row_of_both},
     "pod-network-row fail: Pods on n2 reach no pod on another node, though they are reached"},
    {"column", {NODES, false, column}, "pod-network-column fail: Pods on n3 are reached from no other node"},
    {"cut-off",
     {NODES, false, cut_off},
     "pod-network-cut-off fail: Pods on n4 reach no pod on another node, and none reaches them"},
    {"split",
     {NODES, false, split},
     "pod-network-split fail: Pods of these groups of nodes do not reach each other: n3, n4, n5 and 1 more; n1, n2"},
    {"pair",
     {NODES, false, pair},
     "pod-network-pairs fail: Pods of some nodes do not reach those of some others: n1 to n2"},
    {"udp", {NODES, false, udp}, "pod-udp-all fail: UDP does not pass between pods of different nodes, TCP does"},
    {"tcp-of-one", {NODES, false, tcp_of_one}, "pod-tcp-column fail: TCP to pods on n1 does not arrive, UDP does"},
    {"large",
     {NODES, false, large, values},
     "mtu-all fail: Packets of more than 1450 bytes are lost between all nodes; pods send up to 1450"},
    {"large-without-values",
     {NODES, false, large},
     "mtu-all fail: Large packets are lost between all nodes; pods send up to 1450"},
    {"large-of-one",
     {NODES, false, large_of_one, values},
     "mtu-cut-off fail: Packets of more than 1450 bytes to and from pods on n1 are lost; pods send up to 1450"},
    {"bulk", {NODES, false, bulk}, "bulk-pairs fail: Larger transfers stall between some nodes: n1 to n2"},
    {"fragments", {NODES, false, fragments}, "fragments-all fail: Fragments are dropped between all nodes"},
    {"loss", {NODES, false, loss, values}, "loss-column warn: Packets to n3 are lost (2 to 8 %)"},
    {"proxy-of-one",
     {NODES, false, proxy_of_one},
     "services fail: Services are not reached by their cluster addresses from n2"},
    {"proxy-of-all",
     {NODES, false, proxy_of_all},
     "services fail: Services are reached by their cluster addresses from no node"},
    {"endpoints",
     {NODES, false, endpoints},
     "service-endpoints fail: The Service of the probes is reached from no node, other Services are"},
    {"node-port", {NODES, false, node_port}, "node-port-column fail: Node ports of n5 do not answer"},
    {"node-tcp",
     {NODES, false, node_tcp},
     "node-tcp-all fail: Pods do not reach the kubelets' port (10250) of other nodes"},
    {"dns", {NODES, false, dns}, "dns fail: DNS answers on no node"},
    {"dns-of-one", {NODES, false, dns_of_one}, "dns fail: DNS does not answer on n6, elsewhere it does"},
    {"dns-udp", {NODES, false, dns_udp}, "dns-udp fail: DNS answers over TCP, not over UDP"},
    {"dns-tcp", {NODES, false, dns_tcp}, "dns-tcp fail: DNS answers over UDP, not over TCP"},
    {"dns-external",
     {NODES, false, dns_external},
     "dns-external fail: DNS answers names of the cluster, not those outside it"},
    {"dns-loss", {NODES, false, dns_loss}, "dns-loss warn: DNS answers only at a second try on n2"},
    {"nothing-outside",
     {NODES, false, nothing_outside},
     "egress-nothing fail: Nothing outside the cluster is reached, and names outside it are not resolved"},
    {"api", {NODES, false, api}, "api fail: Pods reach the API server from no node"},
    {"api-of-one", {NODES, false, api_of_one}, "api fail: Pods on n1 do not reach the API server, those elsewhere do"},
    {"egress", {NODES, false, egress}, "egress-nothing fail: Nothing outside the cluster is reached from any node"},
    {"egress-host", {NODES, false, egress_host}, "egress-host fail: b.example:443 is reached from no node"},
    {"egress-node",
     {NODES, false, egress_node},
     "egress-node fail: Pods on n3 reach nothing outside the cluster, those elsewhere do"},
    {"egress-some",
     {NODES, false, egress_some},
     "egress-some fail: b.example:443 is not reached from n1 and n2, from elsewhere it is"},
    {"opened",
     {NODES, false, opened},
     "egress-opened warn: TLS is opened on the way by a proxy, or the authority is not known: a.example:443, "
     "b.example:443"},
    {"policy", {NODES, true, policy}, "policy-all warn: NetworkPolicies are not enforced in this cluster"},
    {"policy-of-one", {NODES, false, policy_of_one}, "policy-column warn: NetworkPolicies are not enforced on n4"},
    {"slow", {NODES, false, slow}, "latency-cut-off warn: Round trips to and from n3 are slow (how much is not known)"},
    {"clock", {NODES, true, clocks, values}, "clock fail: The clock of n5 is 41.0 s fast"},
    {"several",
     {NODES, false, several, values},
     "mtu-all fail: Packets of more than 1450 bytes are lost between all nodes; pods send up to 1450\n"
     "node-port-column fail: Node ports of n5 do not answer\n"
     "policy-all warn: NetworkPolicies are not enforced in this cluster"},
    {"dead-and-clock",
     {NODES, false, dead_and_clock, values},
     "pod-network-row fail: Pods on n2 reach no pod on another node, though they are reached\n"
     "clock fail: The clock of n5 is 41.0 s fast"},
};

static void test_case(gconstpointer data) {
    const Case *one = data;
    expect(&one->cluster, one->expected);
}

/* Of two nodes it cannot be told which clock is wrong. */
RULE(two_clocks) {
    return FAILS(IS("clock"));
}
static double two_values(const char *probe, guint from, guint to) {
    return IS("clock") ? (to ? 40 : -40) : NAN;
}
static void test_two_clocks(void) {
    static const Cluster cluster = {2, false, two_clocks, two_values};
    expect(&cluster, "clocks-differ fail: The clocks of n1 and n2 differ by 40.0 s");
}

static void test_missing(void) {
    g_autoptr(NetworkMatrix) matrix = network_matrix_new();
    g_autoptr(NetworkNode) node = network_node_new("a");
    network_node_add(node, "pod-tcp", "b", NETWORK_PASS, "answered");
    g_assert_true(network_matrix_add(matrix, node, NULL));
    g_assert_true(network_matrix_add_missing(matrix, "b", "ImagePullBackOff", NULL));
    g_assert_true(network_matrix_add_missing(matrix, "c", "ImagePullBackOff", NULL));
    g_assert_true(network_matrix_add_missing(matrix, "a", "too late", NULL));
    network_matrix_finish(matrix);
    g_autoptr(GPtrArray) causes = network_causes(matrix);
    g_assert_cmpuint(causes->len, ==, 1);
    const NetworkCause *cause = causes->pdata[0];
    g_assert_cmpstr(cause->title, ==, "There are no results from b and c");
    g_assert_cmpstr(cause->seen, ==, "ImagePullBackOff");
    g_assert_cmpuint(cause->nodes->len, ==, 2);
    g_assert_null(network_matrix_node(matrix, 0)->missing);
}

/* Where a tunnel's room is missing from the MTU, the advice names what must pass. */
static void test_overlay_words(void) {
    static const Cluster cluster = {NODES, false, overlay};
    g_autoptr(NetworkMatrix) matrix = matrix_of(&cluster);
    g_autoptr(GPtrArray) causes = network_causes(matrix);
    const NetworkCause *cause = causes->pdata[0];
    g_assert_nonnull(strstr(cause->fix, "MTU of 1450 is VXLAN's: UDP port 8472"));
    g_assert_nonnull(strstr(cause->seen, "The same pods reach these nodes' own addresses"));
}

/* --- the matrix ------------------------------------------------------------------------------------------------- */

static void test_matrix(void) {
    g_autoptr(NetworkMatrix) matrix = network_matrix_new();
    static const char *const names[] = {"n10", "n2", "n1"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(NetworkNode) node = network_node_new(names[i]);
        network_node_add(node, "pod-tcp", "n2", NETWORK_FAIL, "refused");
        network_node_add(node, "pod-tcp", "n2", NETWORK_PASS, "answered");
        network_node_add(node, "egress", "z", NETWORK_PASS, "fine");
        network_node_add(node, "egress", "a", NETWORK_WARN, "so so");
        g_assert_true(network_matrix_add(matrix, node, NULL));
    }
    network_matrix_finish(matrix);
    guint probe = (guint)(network_probe_find("pod-tcp") - network_probes),
          egress = (guint)(network_probe_find("egress") - network_probes), count;
    g_assert_cmpstr(network_matrix_node(matrix, 0)->name, ==, "n1");
    g_assert_cmpstr(network_matrix_node(matrix, 2)->name, ==, "n10");
    const NetworkCell *cells = network_matrix_cells(matrix, probe, NETWORK_ANY, &count);
    g_assert_cmpuint(count, ==, 3); /* the worst of each place */
    g_assert_cmpint(cells[0].outcome, ==, NETWORK_FAIL);
    g_assert_cmpstr(cells[0].said, ==, "refused");
    const NetworkCell *cell = network_matrix_cell(matrix, egress, NETWORK_ANY, 2, 0);
    g_assert_cmpstr(network_matrix_target(matrix, cell), ==, "a");
    g_assert_null(network_matrix_cell(matrix, probe, NETWORK_IPV4, 0, 1));
    g_assert_null(network_matrix_cell(matrix, probe, NETWORK_ANY, 0, 2));
    network_matrix_cells(matrix, probe, NETWORK_IPV6, &count);
    g_assert_cmpuint(count, ==, 0);
    g_assert_cmpuint(matrix->counts[NETWORK_FAIL], ==, 3);
    g_assert_cmpuint(matrix->counts[NETWORK_PASS], ==, 3);
}

/* --- shapes ------------------------------------------------------------------------------------------------------- */

/* Ways of a text: "1>2 3x1": passes, fails. */
static GPtrArray *shapes_of_text(const char *text) {
    g_autoptr(GArray) ways = g_array_new(FALSE, FALSE, sizeof(NetworkWay));
    for (; *text; text += text[3] ? 4 : 3) {
        NetworkWay way = {(guint32)(text[0] - '0'), (guint32)(text[2] - '0'), text[1] == 'x'};
        g_array_append_val(ways, way);
    }
    return network_shapes_of(ways, 10);
}

static void expect_shapes(const char *text, const char *expected) {
    static const char *const kinds[] = {"all", "split", "cut-off", "row", "column", "pairs"};
    g_autoptr(GPtrArray) shapes = shapes_of_text(text);
    g_autoptr(GString) found = g_string_new(NULL);
    for (guint i = 0; i < shapes->len; i++) {
        const NetworkShape *shape = shapes->pdata[i];
        g_string_append_printf(found, "%s%s", i ? ", " : "", kinds[shape->kind]);
        for (guint j = 0; j < shape->nodes->len; j++)
            g_string_append_printf(found, " %u", g_array_index(shape->nodes, guint32, j));
        g_string_append_printf(found, " (%u)", shape->ways->len);
    }
    g_assert_cmpstr(found->str, ==, expected);
}

static void test_shapes(void) {
    expect_shapes("", "");
    expect_shapes("0>1 1>0", "");
    expect_shapes("0x1 1x0", "all 0 1 (2)");
    expect_shapes("0x1 1>0", "pairs 0 1 (1)");
    expect_shapes("0x1 0x2 1>0 1>2 2>0 2>1", "row 0 (2)");
    expect_shapes("0x1 2x1 0>2 1>0 1>2 2>0", "column 1 (2)");
    expect_shapes("0x1 0x2 1x0 2x0 1>2 2>1", "cut-off 0 (4)");
    expect_shapes("0>1 2>3 0x2 1x3 3x1", "split 0 1 2 3 (3)");
    /* of a node that sends nothing itself it is only known that it is not reached */
    expect_shapes("0>1 1>0 0x2 1x2", "column 2 (2)");
    /* groups that were not compared are no split */
    expect_shapes("0>1 2>3", "");
    expect_shapes("0>1 2>3 4>5 0x2", "split 0 1 2 3 (1)");
    /* a row and, besides it, a pair */
    expect_shapes("0x1 0x2 0x3 1>0 1>2 1>3 2>0 2>1 2x3 3>0 3>1 3>2", "row 0 (3), pairs 2 3 (1)");
    /* a node's way to itself is its column's, or stands by itself */
    expect_shapes("0x0 1x0 2x0 0>1 1>1 2>1 0>2 1>2 2>2", "column 0 (3)");
    expect_shapes("0x0 0>1 1>0", "pairs 0 (1)");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/network/causes/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/network/causes/two-clocks", test_two_clocks);
    g_test_add_func("/network/causes/missing", test_missing);
    g_test_add_func("/network/causes/overlay-words", test_overlay_words);
    g_test_add_func("/network/matrix", test_matrix);
    g_test_add_func("/network/shapes", test_shapes);
    return g_test_run();
}
