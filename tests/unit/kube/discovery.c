/* Discovery documents of both kinds, and what is found in them. */
#include "kube/discovery-internal.h"

#include <string.h>

static const char aggregated_core[] =
    "{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/v2\",\"items\":[{\"metadata\":{},"
    "\"versions\":[{\"version\":\"v1\",\"resources\":["
    "{\"resource\":\"pods\",\"responseKind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},\"scope\":"
    "\"Namespaced\","
    "\"singularResource\":\"pod\",\"verbs\":[\"create\",\"delete\",\"get\",\"list\",\"update\",\"watch\"],"
    "\"shortNames\":[\"po\"],\"subresources\":[{\"subresource\":\"status\"},{\"subresource\":\"log\"}]},"
    "{\"resource\":\"nodes\",\"responseKind\":{\"kind\":\"Node\"},\"scope\":\"Cluster\",\"singularResource\":\"node\","
    "\"verbs\":[\"get\"],\"shortNames\":[\"no\"]}"
    "]}]}]}";

static const char aggregated_groups[] =
    "{\"kind\":\"APIGroupDiscoveryList\",\"items\":["
    "{\"metadata\":{\"name\":\"apps\"},\"versions\":["
    "{\"version\":\"v1\",\"resources\":[{\"resource\":\"deployments\",\"responseKind\":{\"kind\":\"Deployment\"},"
    "\"scope\":\"Namespaced\",\"singularResource\":\"deployment\",\"verbs\":[\"list\"],\"shortNames\":[\"deploy\"]}]},"
    "{\"version\":\"v1beta1\",\"resources\":[{\"resource\":\"deployments\",\"responseKind\":{\"kind\":\"Deployment\"},"
    "\"scope\":\"Namespaced\",\"verbs\":[\"list\"]},{\"resource\":\"olds\",\"responseKind\":{\"kind\":\"Old\"},"
    "\"scope\":\"Namespaced\",\"verbs\":[\"list\"]}]}]},"
    "{\"metadata\":{\"name\":\"metrics.k8s.io\"},\"versions\":[{\"version\":\"v1beta1\",\"freshness\":\"Stale\","
    "\"resources\":[{\"resource\":\"pods\",\"responseKind\":{\"kind\":\"PodMetrics\"},\"scope\":\"Namespaced\","
    "\"verbs\":[\"list\"]}]}]},"
    "{\"metadata\":{\"name\":\"example.com\"},\"versions\":[{\"version\":\"v1\",\"freshness\":\"Current\","
    "\"resources\":["
    "{\"resource\":\"pods\",\"responseKind\":{\"kind\":\"Pod\"},\"scope\":\"Cluster\",\"verbs\":[\"list\"]},"
    "{\"resource\":\"hides\",\"responseKind\":{\"kind\":\"Hide\"},\"scope\":\"Cluster\",\"verbs\":[\"list\"],"
    "\"shortNames\":[\"nodes\",\"hi\"]}]}]}"
    "]}";

static void add(KubeDiscovery *discovery, const char *text) {
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(kube_discovery_add_aggregated(discovery, text, strlen(text), "/apis", &error), ==, 1);
    g_assert_no_error(error);
}

static KubeDiscovery *aggregated(void) {
    KubeDiscovery *discovery = kube_discovery_new_empty();
    add(discovery, aggregated_core);
    add(discovery, aggregated_groups);
    kube_discovery_mark_preferred(discovery);
    return discovery;
}

static void test_nearest(void) {
    g_autoptr(KubeDiscovery) discovery = aggregated();
    g_assert_cmpstr(kube_discovery_nearest(discovery, "deploymnts"), ==, "deployments.apps");
    g_assert_cmpstr(kube_discovery_nearest(discovery, "Deploymen"), ==, "deployments.apps");
    g_assert_cmpstr(kube_discovery_nearest(discovery, "deployments.app"), ==, "deployments.apps");
    g_assert_cmpstr(kube_discovery_nearest(discovery, "nodez"), ==, "nodes");
    g_assert_null(kube_discovery_nearest(discovery, "certificates"));
}

static void test_aggregated(void) {
    g_autoptr(KubeDiscovery) discovery = aggregated();
    const GPtrArray *all = kube_discovery_all(discovery), *failures = kube_discovery_failures(discovery);
    g_autoptr(GString) seen = g_string_new(NULL);
    for (guint i = 0; i < all->len; i++) {
        const KubeResource *one = g_ptr_array_index(all, i);
        g_string_append_printf(seen, "%s %s %s%s%s\n", one->base_path, one->group_resource, one->kind,
                               one->namespaced ? " namespaced" : "", one->preferred ? " preferred" : "");
    }
    g_assert_cmpstr(seen->str, ==,
                    "/api/v1 pods Pod namespaced preferred\n"
                    "/api/v1 nodes Node preferred\n"
                    "/apis/apps/v1 deployments.apps Deployment namespaced preferred\n"
                    "/apis/apps/v1beta1 deployments.apps Deployment namespaced\n"
                    "/apis/apps/v1beta1 olds.apps Old namespaced preferred\n"
                    "/apis/example.com/v1 pods.example.com Pod preferred\n"
                    "/apis/example.com/v1 hides.example.com Hide preferred\n");
    g_assert_cmpuint(failures->len, ==, 1); /* what was served once is not asked for */
    g_assert_cmpstr(g_ptr_array_index(failures, 0), ==,
                    "metrics.k8s.io/v1beta1: its API server does not answer (stale discovery)");
    const KubeResource *pods = g_ptr_array_index(all, 0), *nodes = g_ptr_array_index(all, 1);
    g_assert_true(pods->has_status && pods->can_list && pods->can_create && pods->can_get && pods->can_delete &&
                  pods->can_watch && pods->can_update);
    g_assert_true(nodes->can_get && !nodes->has_status && !nodes->can_list && !nodes->can_create);
    g_assert_cmpstr(kube_discovery_preferred_version(discovery, "apps"), ==, "v1");
    g_assert_cmpstr(kube_discovery_preferred_version(discovery, ""), ==, "v1");
    g_assert_null(kube_discovery_preferred_version(discovery, "absent"));
}

static void test_find(void) {
    static const struct {
        const char *text, *api_version, *name;
    } cases[] = {
        {"pods", "v1", "pods"},
        {"PODS", "v1", "pods"},
        {"Pod", "v1", "pods"},
        {"po", "v1", "pods"},
        {"pods.v1", "v1", "pods"},
        {"pods.example.com", "example.com/v1", "pods"},
        {"pod.example.com", "example.com/v1", "pods"},
        {"deploy", "apps/v1", "deployments"},
        {"deployments.apps", "apps/v1", "deployments"},
        {"deployments.v1beta1.apps", "apps/v1beta1", "deployments"},
        {"deployment.v1.apps", "apps/v1", "deployments"},
        {"olds", "apps/v1beta1", "olds"},
        {"nodes", "v1", "nodes"}, /* not the kind whose short name it is */
        {"hi", "example.com/v1", "hides"},
        {"absent", NULL, NULL},
        {"pods.absent", NULL, NULL},
        {"deployments.v2.apps", NULL, NULL},
        {"", NULL, NULL},
        {".", NULL, NULL},
        {".apps", NULL, NULL},
        {"pods..", NULL, NULL},
    };
    g_autoptr(KubeDiscovery) discovery = aggregated();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const KubeResource *found = kube_discovery_find(discovery, cases[i].text);
        g_test_message("%s", cases[i].text);
        g_assert_cmpstr(found ? found->api_version : NULL, ==, cases[i].api_version);
        g_assert_cmpstr(found ? found->name : NULL, ==, cases[i].name);
    }
    g_assert_cmpstr(kube_discovery_resource(discovery, "apps", NULL, "deployments")->version, ==, "v1");
    g_assert_cmpstr(kube_discovery_resource(discovery, "apps", "v1beta1", "deployments")->version, ==, "v1beta1");
    g_assert_null(kube_discovery_resource(discovery, "apps", "v2", "deployments"));
    g_assert_cmpstr(kube_discovery_kind(discovery, "apps/v1beta1", "Old")->name, ==, "olds");
    g_assert_null(kube_discovery_kind(discovery, "apps/v1", "Old"));
}

static void test_classic(void) {
    static const char text[] = "{\"kind\":\"APIResourceList\",\"groupVersion\":\"apps/v1\",\"resources\":["
                               "{\"name\":\"deployments\",\"singularName\":\"deployment\",\"namespaced\":true,"
                               "\"kind\":\"Deployment\",\"verbs\":[\"list\",\"watch\"],\"shortNames\":[\"deploy\"]},"
                               "{\"name\":\"deployments/status\",\"kind\":\"Deployment\",\"verbs\":[\"get\"]},"
                               "{\"name\":\"deployments/scale\",\"kind\":\"Scale\",\"verbs\":[\"get\"]},"
                               "{\"name\":\"plain\",\"kind\":\"Plain\",\"verbs\":null},{\"kind\":\"Nameless\"},{}]}";
    g_autoptr(KubeDiscovery) discovery = kube_discovery_new_empty();
    g_autoptr(GError) error = NULL;
    g_assert_true(kube_discovery_add_classic(discovery, "apps", "v1", text, strlen(text), "/apis/apps/v1", &error));
    kube_discovery_mark_preferred(discovery);
    g_assert_cmpuint(kube_discovery_all(discovery)->len, ==, 2);
    const KubeResource *found = kube_discovery_find(discovery, "deploy"),
                       *plain = kube_discovery_find(discovery, "plain");
    g_assert_true(found->namespaced && found->has_status && found->can_list && !found->can_create && found->preferred);
    g_assert_true(!plain->namespaced && !plain->has_status && !plain->can_list);
    g_assert_cmpuint(kube_discovery_failures(discovery)->len, ==, 0);
}

/* Names go into paths of requests and archives. */
static void test_names_that_cannot_be(void) {
    static const char text[] =
        "{\"kind\":\"APIGroupDiscoveryList\",\"items\":["
        "{\"metadata\":{\"name\":\"../up\"},\"versions\":[{\"version\":\"v1\",\"resources\":[{\"resource\":\"a\","
        "\"responseKind\":{\"kind\":\"A\"}}]}]},"
        "{\"metadata\":{\"name\":\"g\"},\"versions\":[{\"version\":\"v1/../..\"},{\"version\":\"v1\",\"resources\":["
        "{\"resource\":\"..\",\"responseKind\":{\"kind\":\"A\"}},{\"resource\":\"a "
        "b\",\"responseKind\":{\"kind\":\"A\"}},"
        "{\"resource\":\"a\\n\",\"responseKind\":{\"kind\":\"A\"}},{\"resource\":\"a\",\"responseKind\":{\"kind\":"
        "\"A\\\"\"}},"
        "{\"resource\":\"a\"},{\"resource\":\"good\",\"responseKind\":{\"kind\":\"Good\"}}]}]}]}";
    g_autoptr(KubeDiscovery) discovery = kube_discovery_new_empty();
    add(discovery, text);
    kube_discovery_mark_preferred(discovery);
    g_assert_cmpuint(kube_discovery_all(discovery)->len, ==, 1);
    g_assert_nonnull(kube_discovery_find(discovery, "good"));
    const GPtrArray *failures = kube_discovery_failures(discovery);
    g_assert_cmpuint(failures->len, ==, 6);
    g_assert_cmpstr(g_ptr_array_index(failures, 0), ==,
                    "../up/v1: the server names a group or version that cannot be one");
    g_assert_cmpstr(g_ptr_array_index(failures, 4), ==, "g/v1: the server names a kind that cannot be one: a\\n (A)");
}

static void test_other_documents(void) {
    static const char *const others[] = {"{}", "[]", "null", "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}"};
    g_autoptr(KubeDiscovery) discovery = kube_discovery_new_empty();
    g_autoptr(GError) error = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_assert_cmpint(kube_discovery_add_aggregated(discovery, others[i], strlen(others[i]), "/api", NULL), ==, 0);
        g_assert_false(
            kube_discovery_add_classic(discovery, "", "v1", others[i], strlen(others[i]), "/api/v1", &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, "the answer of /api/v1 is no APIResourceList; check that"));
        g_clear_error(&error);
    }
    g_assert_cmpint(kube_discovery_add_aggregated(discovery, "<html>", 6, "/api", &error), ==, -1);
    g_assert_nonnull(strstr(error->message, "is a Kubernetes API server"));
    g_assert_cmpuint(kube_discovery_all(discovery)->len, ==, 0);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/discovery/nearest", test_nearest);
    g_test_add_func("/discovery/aggregated", test_aggregated);
    g_test_add_func("/discovery/find", test_find);
    g_test_add_func("/discovery/classic", test_classic);
    g_test_add_func("/discovery/names-that-cannot-be", test_names_that_cannot_be);
    g_test_add_func("/discovery/other-documents", test_other_documents);
    return g_test_run();
}
