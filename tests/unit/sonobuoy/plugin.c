/* Plugins' definitions, a run's configuration, and what nodes and pods say of a plugin. */
#include "sonobuoy/config.h"
#include "sonobuoy/driver.h"
#include "sonobuoy/plugin-make.h"
#include "sonobuoy/plugin.h"

#include <string.h>

static Plugin *parse(const char *yaml) {
    GError *error = NULL;
    Plugin *plugin = plugin_parse(yaml, strlen(yaml), "p.yaml", NULL, &error);
    g_assert_no_error(error);
    return plugin;
}

static void test_definition(void) {
    g_auto(GStrv) unknown = NULL;
    static const char yaml[] = "sonobuoy-config: {driver: daemonset, plugin-name: a.b, order: 2, source_url: x}\n"
                               "spec: {image: i}\nconfig-map: {f.yaml: 'a: 1'}\nodd: 1\n";
    g_autoptr(Plugin) plugin = plugin_parse(yaml, strlen(yaml), "p.yaml", &unknown, NULL);
    g_assert_nonnull(plugin);
    g_assert_cmpint(plugin->driver, ==, PLUGIN_DAEMON_SET);
    g_assert_cmpint(plugin->order, ==, 2);
    g_autofree char *names = g_strjoinv(" ", unknown);
    g_assert_cmpstr(names, ==, "odd sonobuoy-config.source_url");
    g_autofree char *text = plugin_write(plugin);
    g_autoptr(Plugin) again = parse(text);
    g_autofree char *same = plugin_write(again);
    g_assert_cmpstr(same, ==, text);
    g_autoptr(Plugin) copy = plugin_copy(again);
    g_autofree char *copied = plugin_write(copy);
    g_assert_cmpstr(copied, ==, text);
}

static void test_bad_definitions(void) {
    static const char *const bad[][2] = {
        {"", "sonobuoy-config is missing"},
        {"[]", "sonobuoy-config is missing"},
        {"sonobuoy-config: x", "must be a map"},
        {"sonobuoy-config: {plugin-name: a}\nspec: {image: i}", "driver is missing"},
        {"sonobuoy-config: {driver: Cron, plugin-name: a}\nspec: {image: i}", "neither Job nor DaemonSet"},
        {"sonobuoy-config: {driver: Job}\nspec: {image: i}", "plugin-name is missing"},
        {"sonobuoy-config: {driver: Job, plugin-name: A_B}\nspec: {image: i}", "no name of a plugin"},
        {"sonobuoy-config: {driver: Job, plugin-name: sonobuoy}\nspec: {image: i}", "aggregator's own name"},
        {"sonobuoy-config: {driver: Job, plugin-name: ../a}\nspec: {image: i}", "no name of a plugin"},
        {"sonobuoy-config: {driver: Job, plugin-name: a}", "spec.image is missing"},
        {"sonobuoy-config: {driver: Job, plugin-name: a, order: x}\nspec: {image: i}", "order must be"},
        {"sonobuoy-config: {driver: Job, plugin-name: a, result-files: [1]}\nspec: {image: i}", "must be texts"},
        {"sonobuoy-config: {driver: Job, plugin-name: a}\nspec: {image: i}\nconfig-map: {a: 1}", "must be a text"},
        {"sonobuoy-config: {driver: Job, plugin-name: a}\nspec: {image: i}\nconfig-map: {a.yaml: '{'}", "a.yaml"},
        {"sonobuoy-config: {driver: [}", "p.yaml"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(plugin_parse(bad[i][0], strlen(bad[i][0]), "p.yaml", NULL, &error));
        g_assert_nonnull(error);
        if (!strstr(error->message, bad[i][1]))
            g_error("\"%s\" does not say \"%s\"", error->message, bad[i][1]);
    }
}

static void test_make(void) {
    char *command[] = {(char *)"sh", (char *)"", NULL}, *env[] = {(char *)"A=b=c", (char *)"E=", NULL};
    char *selector[] = {(char *)"k=v", (char *)"k=w", (char *)"l=", NULL};
    static const PluginFile files[] = {{"f.yaml", "a: 1\n"}, {"text", "{"}, {NULL, NULL}};
    PluginParts parts = {.name = "a.b",
                         .image = "i",
                         .driver = "jOB",
                         .format = "junit",
                         .description = "what: \"it\" is",
                         .command = command,
                         .environment = env,
                         .node_selector = selector,
                         .files = files};
    g_autoptr(GError) error = NULL;
    g_autoptr(Plugin) plugin = plugin_make(&parts, &error);
    g_assert_no_error(error);
    g_assert_cmpint(plugin->driver, ==, PLUGIN_JOB);
    g_assert_cmpstr(plugin->description, ==, parts.description);
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = plugin_to_json(plugin, doc);
    json_mut_remove(root, "sonobuoy-config");
    g_autofree char *text = json_mut_write(root, NULL);
    g_assert_cmpstr(text, ==,
                    "{\"spec\":{\"image\":\"i\",\"command\":[\"sh\",\"\"],\"env\":[{\"name\":\"A\",\"value\":\"b=c\"},"
                    "{\"name\":\"E\"}],\"name\":\"plugin\"},\"podSpec\":{\"containers\":[],\"restartPolicy\":\"Never\","
                    "\"serviceAccountName\":\"sonobuoy-serviceaccount\",\"nodeSelector\":{\"k\":\"w\",\"l\":\"\"}},"
                    "\"config-map\":{\"f.yaml\":\"a: 1\\n\",\"text\":\"{\"}}");
}

static void test_bad_parts(void) {
    static char *no_value[] = {(char *)"A", NULL}, *no_name[] = {(char *)"=b", NULL};
    static const PluginFile twice[] = {{"a", ""}, {"a", ""}, {NULL, NULL}}, odd[] = {{"a b", ""}, {NULL, NULL}};
    static const PluginFile out[] = {{"..", ""}, {NULL, NULL}}, binary[] = {{"a", "\xff"}, {NULL, NULL}};
    static const PluginFile broken[] = {{"a.json", "{"}, {NULL, NULL}};
    static const struct {
        PluginParts parts;
        const char *message;
    } rows[] = {
        {{.name = "a", .image = "i", .driver = "cron"}, "neither Job nor DaemonSet"},
        {{.name = "A", .image = "i", .driver = "job"}, "no name of a plugin"},
        {{.name = "a", .driver = "job"}, "spec.image is missing"},
        {{.name = "a", .image = "i", .driver = "job", .environment = no_value}, "\"A\" is not NAME=VALUE"},
        {{.name = "a", .image = "i", .driver = "job", .environment = no_name}, "\"=b\" is not NAME=VALUE"},
        {{.name = "a", .image = "i", .driver = "job", .files = twice}, "two files of that name"},
        {{.name = "a", .image = "i", .driver = "job", .files = odd}, "no ConfigMap takes"},
        {{.name = "a", .image = "i", .driver = "job", .files = out}, "no ConfigMap takes"},
        {{.name = "a", .image = "i", .driver = "job", .files = binary}, "no text"},
        {{.name = "a", .image = "i", .driver = "job", .files = broken}, "a.json"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(plugin_make(&rows[i].parts, &error));
        g_assert_nonnull(error);
        if (!strstr(error->message, rows[i].message))
            g_error("\"%s\" does not say \"%s\"", error->message, rows[i].message);
    }
}

static void test_config(void) {
    g_autoptr(RunConfig) config = run_config_new();
    g_auto(GStrv) unknown = NULL;
    static const char json[] =
        "{\"Resources\":[],\"Limits\":{\"PodLogs\":{\"TailLines\":5,\"SonobuoyNamespace\":null}},\"QPS\":1.5,"
        "\"Plugins\":[{\"name\":\"a\"}],\"Server\":{\"odd\":1},\"CustomAnnotations\":{\"k\":\"v\"}}";
    g_assert_true(run_config_read(config, json, strlen(json), "c.json", &unknown, NULL));
    g_assert_cmpstr(unknown[0], ==, "Server.odd");
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    g_autofree char *text = json_mut_write(run_config_to_json(config, doc), NULL);
    g_assert_nonnull(strstr(text, "\"Resources\":[],"));
    g_assert_nonnull(strstr(text, "\"SonobuoyNamespace\":null"));
    g_assert_nonnull(strstr(text, "\"TailLines\":5,\"LimitBytes\":null}},\"QPS\":1.5,"));
    g_assert_nonnull(strstr(text, "\"Plugins\":[{\"name\":\"a\"}]"));
    g_assert_null(strstr(text, "ForceImagePullPolicy"));
    g_autoptr(RunConfig) again = run_config_new();
    g_assert_true(run_config_read(again, text, strlen(text), "c.json", NULL, NULL));
    static const char *const bad[][2] = {
        {"[]", "JSON object"},
        {"{\"Burst\":-1}", "Burst must be"},
        {"{\"Filters\":{\"Namespaces\":\"(\"}}", "Filters.Namespaces is no regular expression"},
        {"{\"Server\":{\"bindport\":70000}}", "no port"},
        {"{\"Limits\":{\"PodLogs\":{\"SinceSeconds\":1,\"SinceTime\":\"x\"}}}", "give one of them"},
        {"{\"Plugins\":[1]}", "Plugins must be"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(RunConfig) other = run_config_new();
        g_autoptr(GError) error = NULL;
        g_assert_false(run_config_read(other, bad[i][0], strlen(bad[i][0]), "c.json", NULL, &error));
        if (!strstr(error->message, bad[i][1]))
            g_error("\"%s\" does not say \"%s\"", error->message, bad[i][1]);
    }
}

static char *failure(const char *status) {
    g_autofree char *json = g_strdup_printf("{\"spec\":{\"nodeName\":\"n1\"},\"status\":{%s}}", status);
    g_autoptr(yyjson_doc) doc = json_parse(json, strlen(json), "pod", NULL);
    g_assert_nonnull(doc);
    return driver_failure(yyjson_doc_get_root(doc), 1000000000 * (gint64)G_USEC_PER_SEC); /* 2001-09-09T01:46:40Z */
}

static void test_failing_pods(void) {
    static const char *const pods[][2] = {
        {"", NULL},
        {"\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"waiting\":{\"reason\":\"ContainerCreating\"}}}]", NULL},
        {"\"conditions\":[{\"reason\":\"Unschedulable\",\"message\":\"no node\"}]", "Can't schedule pod: no node"},
        {"\"containerStatuses\":[{\"name\":\"c\",\"restartCount\":2}]", NULL},
        {"\"containerStatuses\":[{\"name\":\"c\",\"restartCount\":3}]", "has restarted unsuccessfully 3 times"},
        {"\"startTime\":\"2001-09-09T01:46:00Z\",\"containerStatuses\":[{\"name\":\"c\",\"image\":\"i\",\"state\":"
         "{\"waiting\":{\"reason\":\"ErrImagePull\"}}}]",
         NULL},
        {"\"startTime\":\"2001-09-09T01:41:00Z\",\"containerStatuses\":[{\"name\":\"c\",\"image\":\"i\",\"state\":"
         "{\"waiting\":{\"reason\":\"ErrImagePull\"}}}]",
         "Failed to pull image i for container c within 5m0s. Container is in state ErrImagePull"},
        {"\"containerStatuses\":[{\"name\":\"c\",\"image\":\"i\",\"state\":{\"waiting\":{\"reason\":\"ErrImagePull\"}}}"
         "]",
         NULL},
        {"\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"terminated\":{\"exitCode\":3,\"reason\":\"Error\","
         "\"finishedAt\":\"2001-09-09T01:41:00Z\"}}}]",
         "terminated state (exit code 3) due to reason: Error"},
        {"\"initContainerStatuses\":[{\"name\":\"i\",\"state\":{\"terminated\":{\"exitCode\":0,\"finishedAt\":"
         "\"2001-09-09T01:00:00Z\"}}}]",
         NULL},
        {"\"reason\":\"NodeLost\"", "Node n1 is lost"},
        {"\"phase\":\"Failed\",\"reason\":\"Evicted\",\"message\":\"disk\"", "put out of node n1: Evicted: disk"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(pods); i++) {
        g_autofree char *reason = failure(pods[i][0]);
        if (!pods[i][1])
            g_assert_cmpstr(reason, ==, NULL);
        else if (!reason || !strstr(reason, pods[i][1]))
            g_error("\"%s\" does not say \"%s\"", reason ? reason : "(nothing)", pods[i][1]);
    }
}

static void test_expected_nodes(void) {
    static const char nodes[] =
        "[{\"metadata\":{\"name\":\"plain\",\"labels\":{\"os\":\"linux\",\"size\":\"5\"}}},"
        "{\"metadata\":{\"name\":\"windows\",\"labels\":{\"os\":\"windows\"}}},"
        "{\"metadata\":{\"name\":\"tainted\",\"labels\":{\"os\":\"linux\"}},"
        "\"spec\":{\"taints\":[{\"key\":\"k\",\"value\":\"v\",\"effect\":\"NoSchedule\"}]}},"
        "{\"metadata\":{\"name\":\"pressed\",\"labels\":{\"os\":\"linux\"}},"
        "\"spec\":{\"taints\":[{\"key\":\"node.kubernetes.io/disk-pressure\",\"effect\":\"NoSchedule\"}]}}]";
    static const char *const cases[][2] = {
        {"", "plain windows tainted pressed"},
        {"podSpec: {nodeSelector: {os: linux}}", "plain pressed"},
        {"podSpec: {tolerations: [{operator: Exists}]}", "plain windows tainted pressed"},
        {"podSpec: {nodeSelector: {os: linux}, tolerations: [{key: k, value: v}]}", "plain tainted pressed"},
        {"podSpec: {nodeSelector: {os: linux}, tolerations: [{key: k, value: w}]}", "plain pressed"},
        {"podSpec: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
         "[{matchExpressions: [{key: size, operator: Gt, values: ['4']}]}, {matchFields: [{key: metadata.name, "
         "operator: "
         "In, values: [windows]}]}]}}}}",
         "plain windows"},
        {"podSpec: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
         "[{}]}}}}",
         ""},
    };
    g_autoptr(yyjson_doc) doc = json_parse(nodes, strlen(nodes), "nodes", NULL);
    g_assert_nonnull(doc);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *yaml = g_strdup_printf(
            "sonobuoy-config: {driver: DaemonSet, plugin-name: a}\nspec: {image: i}\n%s\n", cases[i][0]);
        g_autoptr(Plugin) plugin = parse(yaml);
        g_auto(GStrv) names = driver_expected_nodes(plugin, yyjson_doc_get_root(doc));
        g_autofree char *text = g_strjoinv(" ", names);
        g_assert_cmpstr(text, ==, cases[i][1]);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sonobuoy/plugin/definition", test_definition);
    g_test_add_func("/sonobuoy/plugin/bad-definitions", test_bad_definitions);
    g_test_add_func("/sonobuoy/plugin/make", test_make);
    g_test_add_func("/sonobuoy/plugin/bad-parts", test_bad_parts);
    g_test_add_func("/sonobuoy/plugin/config", test_config);
    g_test_add_func("/sonobuoy/plugin/failing-pods", test_failing_pods);
    g_test_add_func("/sonobuoy/plugin/expected-nodes", test_expected_nodes);
    return g_test_run();
}
