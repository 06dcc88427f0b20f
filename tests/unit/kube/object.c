/* Paths of objects, and names that no request is made for. */
#include "kube/object.h"

#include <string.h>

static KubeResource pods = {.name = (char *)"pods",
                            .group_resource = (char *)"pods",
                            .base_path = (char *)"/api/v1",
                            .namespaced = true},
                    roles = {.name = (char *)"clusterroles",
                             .group_resource = (char *)"clusterroles.rbac.authorization.k8s.io",
                             .base_path = (char *)"/apis/rbac.authorization.k8s.io/v1"};

static void assert_path(const KubeResource *resource, const char *namespace_, const char *name, const char *want) {
    g_autofree char *path = kube_object_path(resource, namespace_, name);
    g_assert_cmpstr(path, ==, want);
}

static void test_paths(void) {
    assert_path(&pods, NULL, NULL, "/api/v1/pods");
    assert_path(&pods, "shop", NULL, "/api/v1/namespaces/shop/pods");
    assert_path(&pods, "shop", "a", "/api/v1/namespaces/shop/pods/a");
    assert_path(&roles, NULL, "system:node", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node");
    assert_path(&roles, "ignored", "x", "/apis/rbac.authorization.k8s.io/v1/clusterroles/x");
    assert_path(&roles, NULL, "a b?c#d&e=f+g;h@i", /* no part of a query, no space, nothing lost */
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%20b%3Fc%23d%26e%3Df%2Bg%3Bh%40i");
    assert_path(&roles, NULL, "\xc3\xa4\n\\\"", "/apis/rbac.authorization.k8s.io/v1/clusterroles/%C3%A4%0A%5C%22");
    assert_path(&roles, NULL, "a/b", "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%2Fb");
    assert_path(&pods, "a/../b", "c", "/api/v1/namespaces/a%2F..%2Fb/pods/c");
}

/* "DELETE .../pods/" would delete all of them; "DELETE .../pods/.." the namespace. */
static void test_names_that_cannot_be(void) {
    static const char *const names[] = {"", ".", "..", "a/b", "../..", "a%2Fb", "/"};
    KubeConfig *config = g_new0(KubeConfig, 1);
    config->server = g_strdup("http://127.0.0.1:1"); /* nobody listens there */
    g_autoptr(KubeClient) client = kube_client_new(config, &(KubeClientOptions){.timeout_s = 1}, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        for (int as_namespace = 0; as_namespace < 2; as_namespace++) {
            const char *space = as_namespace ? names[i] : "shop", *name = as_namespace ? "a" : names[i];
            g_autoptr(GError) got = NULL, patched = NULL, deleted = NULL, made = NULL;
            g_assert_null(kube_object_get(client, &pods, space, name, &got));
            g_assert_false(
                kube_object_patch(client, &pods, space, name, NULL, KUBE_PATCH_MERGE, "{}", 2, NULL, NULL, &patched));
            g_assert_false(kube_object_delete(client, &pods, space, name, NULL, &deleted));
            g_assert_error(got, BASE_ERROR, BASE_ERROR_INVALID);
            g_assert_error(patched, BASE_ERROR, BASE_ERROR_INVALID);
            g_assert_error(deleted, BASE_ERROR, BASE_ERROR_INVALID);
            g_assert_nonnull(
                strstr(deleted->message, as_namespace ? "cannot be a namespace" : "cannot be an object's"));
            if (as_namespace) {
                g_assert_false(kube_object_create(client, &pods, space, "{}", 2, NULL, NULL, &made));
                g_assert_error(made, BASE_ERROR, BASE_ERROR_INVALID);
            }
        }
    KubeStats stats;
    kube_client_stats(client, &stats);
    g_assert_cmpuint(stats.requests, ==, 0);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/object/paths", test_paths);
    g_test_add_func("/object/names-that-cannot-be", test_names_that_cannot_be);
    return g_test_run();
}
