/* What the probes of a node found: written, read, and as JUnit's XML. */
#include "sonobuoy/network/node-report.h"

#include "sonobuoy/results.h"

#include <math.h>
#include <string.h>

static NetworkNode *sample(void) {
    NetworkNode *node = network_node_new("node1");
    node->time = g_strdup("2026-11-30T04:00:00Z");
    node->seconds = 12.5;
    node->mtu = 1450;
    node->wanted = 3;
    node->ready = 2;
    g_strfreev(node->pod_addresses);
    node->pod_addresses = g_strsplit("10.1.0.5,fd00::5", ",", -1);
    NetworkFinding *finding = network_node_add(node, "pod-tcp", "node2", NETWORK_PASS, "answered in %d ms", 4);
    finding->family = g_strdup("IPv4");
    finding->address = g_strdup("10.1.1.7:8765");
    finding->has_value = true;
    finding->value = 0.4;
    finding->unit = g_strdup("ms");
    network_node_add(node, "egress", "registry.example:443", NETWORK_FAIL, "no answer <within> 2 s");
    network_node_add(node, "policy", "node2", NETWORK_WARN, "answered");
    network_node_add(node, "pod-mtu", "node2", NETWORK_UNKNOWN, "pod-udp failed");
    return node;
}

static NetworkNode *parse(const char *text, GError **error) {
    return network_node_parse(text, strlen(text), "a file", error);
}

static void test_round_trip(void) {
    g_autoptr(NetworkNode) node = sample();
    g_autofree char *text = network_node_write(node);
    GError *error = NULL;
    g_autoptr(NetworkNode) again = parse(text, &error);
    g_assert_no_error(error);
    g_autofree char *same = network_node_write(again);
    g_assert_cmpstr(text, ==, same);
    g_assert_true(strstr(text, "\"value\": 0.4,") && strstr(text, "\"seconds\": 12.5,"));
    const NetworkFinding *first = again->findings->pdata[0], *second = again->findings->pdata[1];
    g_assert_cmpstr(first->probe->id, ==, "pod-tcp");
    g_assert_cmpstr(first->said, ==, "answered in 4 ms");
    g_assert_true(first->has_value && first->value == 0.4 && !second->has_value);
    g_assert_cmpstr(second->family, ==, NULL);
    g_assert_cmpint(again->mtu, ==, 1450);
    g_assert_cmpint(again->ready, ==, 2);
    g_assert_cmpuint(g_strv_length(again->pod_addresses), ==, 2);
}

/* What is no number in JSON is left out. */
static void test_no_number(void) {
    g_autoptr(NetworkNode) node = sample();
    ((NetworkFinding *)node->findings->pdata[0])->value = NAN;
    g_autofree char *text = network_node_write(node);
    g_autoptr(NetworkNode) again = parse(text, NULL);
    g_assert_nonnull(again);
    g_assert_false(((NetworkFinding *)again->findings->pdata[0])->has_value);
}

#define HEAD "{\"format\": \"seaworthy.sonobuoy.network/1\", \"node\": \"a\", \"probes\": "

static void test_refused(void) {
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"[", "a file"},
        {"{}", "a file: its format is not given, not seaworthy.sonobuoy.network/1"},
        {"{\"format\": \"other/2\"}", "its format is other/2"},
        {"{\"format\": \"seaworthy.sonobuoy.network/1\"}", "it names no node"},
        {"{\"format\": \"seaworthy.sonobuoy.network/1\", \"node\": \"\"}", "it names no node"},
        {HEAD "{}}", "it has no list of probes"},
        {HEAD "[{}]}", "probes[0] does not say which probe"},
        {HEAD "[{\"probe\": \"pod-tcp\", \"outcome\": \"pass\"}]}", "probes[0] (pod-tcp) has no target"},
        {HEAD "[{\"probe\": \"pod-tcp\", \"target\": \"b\", \"outcome\": \"good\"}]}", "has no outcome that is"},
        {HEAD "[{\"probe\": \"pod-tcp\", \"target\": \"b\", \"outcome\": \"pass\", \"family\": \"IPX\"}]}",
         "neither IPv4 nor IPv6"},
        {HEAD "[{\"probe\": \"pod-tcp\", \"target\": \"b\", \"outcome\": \"pass\", \"address\": \"\"}]}", "an address"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(parse(cases[i].text, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        if (!strstr(error->message, cases[i].says))
            g_error("\"%s\" is not in: %s", cases[i].says, error->message);
    }
}

static void test_unknown_probes_are_passed_over(void) {
    GError *error = NULL;
    g_autoptr(NetworkNode) node = parse(HEAD "[{\"probe\": \"pod-sctp\"}, {\"probe\": \"api\", \"target\": "
                                             "\"kubernetes\", \"outcome\": \"pass\", \"value\": \"7\"}]}",
                                        &error);
    g_assert_no_error(error);
    g_assert_cmpuint(node->findings->len, ==, 1);
    g_assert_false(((NetworkFinding *)node->findings->pdata[0])->has_value);
}

static void test_bounded(void) {
    g_autoptr(GString) many = g_string_new(HEAD "[");
    for (int i = 0; i < 20001; i++)
        g_string_append(many, i ? ",{\"probe\":\"x\"}" : "{\"probe\":\"x\"}");
    g_string_append(many, "]}");
    g_autoptr(GError) error = NULL;
    g_assert_null(parse(many->str, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    g_autofree char *words = g_strnfill(9000, 'w'),
                    *text = g_strdup_printf(
                        HEAD "[{\"probe\":\"api\",\"target\":\"t\",\"outcome\":\"fail\",\"said\":\"%s\"}]}", words);
    g_autoptr(NetworkNode) node = parse(text, NULL);
    g_assert_cmpuint(strlen(((NetworkFinding *)node->findings->pdata[0])->said), <=, 2000);
    g_autofree char *name = g_strnfill(600, 'n'),
                    *long_target =
                        g_strdup_printf(HEAD "[{\"probe\":\"api\",\"target\":\"%s\",\"outcome\":\"fail\"}]}", name);
    g_assert_null(parse(long_target, NULL));
}

static char *junit_of(const NetworkNode *node) {
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    network_node_write_junit(node, out);
    fclose(out);
    return text;
}

/* As the aggregator reads it. */
static void test_junit(void) {
    g_autoptr(NetworkNode) node = sample();
    char *text = junit_of(node);
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *item = results_item_new(doc, "node1", NULL, "node");
    GError *error = NULL;
    bool read = results_add_junit(doc, item, text, strlen(text), &error);
    free(text);
    g_assert_no_error(error);
    g_assert_true(read);
    yyjson_mut_val *cases = yyjson_mut_obj_get(yyjson_mut_arr_get_first(yyjson_mut_obj_get(item, "items")), "items");
    static const char *const expected[][2] = {{"pod-tcp IPv4 to node2", "passed"},
                                              {"egress registry.example:443", "failed"},
                                              {"policy to node2", "passed"},
                                              {"pod-mtu to node2", "skipped"}};
    g_assert_cmpuint(yyjson_mut_arr_size(cases), ==, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        yyjson_mut_val *one = yyjson_mut_arr_get(cases, i);
        g_assert_cmpstr(json_mut_get_string(one, "name"), ==, expected[i][0]);
        g_assert_cmpstr(results_item_status(one), ==, expected[i][1]);
    }
    g_assert_cmpstr(json_mut_get_string(yyjson_mut_arr_get(cases, 1), "details", "failure"), ==,
                    "no answer <within> 2 s");
    g_assert_cmpstr(json_mut_get_string(yyjson_mut_arr_get(cases, 2), "details", "system-out"), ==,
                    "warning: answered");
}

static void test_table(void) {
    for (size_t i = 0; i < network_probes_count; i++)
        g_assert_true(network_probe_find(network_probes[i].id) == &network_probes[i]);
    g_assert_null(network_probe_find("pod"));
    g_assert_true(network_probe_find("node-port")->to_node && !network_probe_find("egress")->to_node);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network/node-report/round-trip", test_round_trip);
    g_test_add_func("/network/node-report/no-number", test_no_number);
    g_test_add_func("/network/node-report/refused", test_refused);
    g_test_add_func("/network/node-report/unknown-probes", test_unknown_probes_are_passed_over);
    g_test_add_func("/network/node-report/bounded", test_bounded);
    g_test_add_func("/network/node-report/junit", test_junit);
    g_test_add_func("/network/node-report/table", test_table);
    return g_test_run();
}
