/* What a run with the plugin network makes beside its pods, and what its options take. */
#include "base/error.h"
#include "sonobuoy/builtin.h"
#include "sonobuoy/manifest.h"
#include "sonobuoy/network/targets.h"

#include <string.h>

/* The object of a kind and name among those that are made, or NULL. */
static yyjson_mut_val *find(const GPtrArray *objects, const char *kind, const char *name) {
    for (guint i = 0; i < objects->len; i++) {
        yyjson_mut_val *root = yyjson_mut_doc_get_root(objects->pdata[i]);
        if (g_strcmp0(json_mut_get_string(root, "kind"), kind) == 0 &&
            g_strcmp0(json_mut_get_string(root, "metadata", "name"), name) == 0)
            return root;
    }
    return NULL;
}

static GPtrArray *objects_of(Plugin *plugin, const RunConfig *config) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(GPtrArray) plugins = g_ptr_array_new_with_free_func((GDestroyNotify)plugin_free);
    g_ptr_array_add(plugins, plugin);
    ManifestOptions options = {.config = config, .plugins = plugins, .kubernetes_version = "v1.34.4", .rbac = true};
    GPtrArray *objects = manifest_objects(&options, &failure);
    g_assert_no_error(failure);
    return objects;
}

static void test_objects(void) {
    g_autoptr(RunConfig) config = run_config_new();
    g_autoptr(GPtrArray) objects = objects_of(builtin_network(config), config);
    yyjson_mut_val *service = find(objects, "Service", NETWORK_SERVICE),
                   *policy = find(objects, "NetworkPolicy", NETWORK_POLICY);
    g_assert_nonnull(service);
    g_assert_nonnull(policy);
    g_assert_cmpstr(json_mut_get_string(service, "metadata", "namespace"), ==, config->namespace_);
    g_assert_cmpstr(json_mut_get_string(service, "spec", "selector", "sonobuoy-plugin"), ==, "network");
    yyjson_mut_val *port = yyjson_mut_arr_get_first(json_mut_get(service, "spec", "ports"));
    g_assert_cmpint(json_mut_int(yyjson_mut_obj_get(port, "port"), 0), ==, NETWORK_PORT);
    g_autofree char *ingress = json_mut_write(json_mut_get(policy, "spec", "ingress"), NULL);
    g_assert_cmpstr(ingress, ==,
                    "[{\"ports\":[{\"protocol\":\"TCP\",\"port\":8765},{\"protocol\":\"UDP\",\"port\":8765}]}]");
    /* Rights in its namespace, none in the cluster. */
    g_assert_nonnull(find(objects, "ServiceAccount", "sonobuoy-plugins-network"));
    g_assert_nonnull(find(objects, "Role", "sonobuoy-plugins-network"));
    g_assert_null(find(objects, "ClusterRole", "sonobuoy-plugins-network-sonobuoy"));
}

static void test_others(void) {
    g_autoptr(RunConfig) config = run_config_new();
    g_autoptr(GPtrArray) objects = objects_of(builtin_check(config), config);
    g_assert_null(find(objects, "Service", NETWORK_SERVICE));
    g_assert_null(find(objects, "NetworkPolicy", NETWORK_POLICY));
    g_assert_null(find(objects, "ServiceAccount", "sonobuoy-plugins-network"));
}

static void test_targets(void) {
    static const char *const wrong[] = {"",        "quay.io",       "quay.io:",  ":443",     "quay.io:0",
                                        "a_b:443", "quay.io:65536", "fd00::1:5", "[host]:1", "a,b:443"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_false(network_target_parse(wrong[i], NULL, NULL));
    g_autofree char *host = NULL, *address = NULL;
    guint16 port;
    g_assert_true(network_target_parse("quay.io:443", &host, &port));
    g_assert_cmpstr(host, ==, "quay.io");
    g_assert_cmpuint(port, ==, 443);
    g_assert_true(network_target_parse("[fd00::1]:5", &address, &port));
    g_assert_cmpstr(address, ==, "fd00::1");
    g_assert_cmpuint(port, ==, 5);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network-objects/objects", test_objects);
    g_test_add_func("/network-objects/others", test_others);
    g_test_add_func("/network-targets/parse", test_targets);
    return g_test_run();
}
