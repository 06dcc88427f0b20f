/* The files of an archive, and what its kinds are called. */
#include "ark/kinds.h"

#include "archives.h"

#define OBJECT(kind) "{\"kind\":\"" kind "\"}"
static const Member members[] = {
    {"metadata/version", "1.1.0\n"},
    {"resources/pods/namespaces/a/x.json", OBJECT("Pod")},
    {"resources/pods/v1-preferredversion/namespaces/a/x.json", OBJECT("Pod")},
    {"resources/pods.metrics.k8s.io/namespaces/a/x.json", OBJECT("PodMetrics")},
    {"resources/deployments.apps/namespaces/a/x.json", OBJECT("Deployment")},
    {"resources/deployments.apps/v1-preferredversion/namespaces/a/x.json", OBJECT("Deployment")},
    {"resources/deployments.apps/v1beta1/namespaces/a/x.json", OBJECT("Deployment")},
    {"resources/networkpolicies.networking.k8s.io/namespaces/a/x.json", OBJECT("NetworkPolicy")},
    {"resources/networkpolicies.crd.example.org/namespaces/a/x.json", OBJECT("NetworkPolicy")},
    {"resources/services/namespaces/a/x.json", OBJECT("Service")},
    {"resources/services.serving.example.org/namespaces/a/x.json", OBJECT("Service")},
    {"resources/mice.pet.example.org/cluster/x.json", "no JSON"},
    {"resources/customresourcedefinitions.apiextensions.k8s.io/cluster/mice.pet.example.org.json",
     "{\"kind\":\"CustomResourceDefinition\",\"spec\":{\"names\":{\"singular\":\"mouse\",\"shortNames\":[\"mm\",\"po\"]"
     "}}}"},
    {NULL, NULL}};

static const struct {
    const char *text, *kinds;
} cases[] = {
    {"pods", "pods"},
    {"Pod", "pods"},
    {"po", "pods"}, /* also a custom one: the core group wins */
    {"pods.v1", "pods"},
    {"pods.v2", ""},
    {"podmetrics", "pods.metrics.k8s.io"},
    {"pods.metrics", "pods.metrics.k8s.io"},
    {"pods.metrics.k8s.io", "pods.metrics.k8s.io"},
    {"pods.met", ""},
    {"deploy", "deployments.apps"},
    {"DEPLOYMENTS.apps", "deployments.apps"},
    {"deployment.v1.apps", "deployments.apps"},
    {"deployment.v1beta1.apps", "deployments.apps"},
    {"deployment.v2.apps", ""},
    {"networkpolicy", "networkpolicies.crd.example.org networkpolicies.networking.k8s.io"},
    {"netpol", "networkpolicies.networking.k8s.io"},
    {"networkpolicies.crd", "networkpolicies.crd.example.org"},
    {"service", "services"},
    {"services.serving", "services.serving.example.org"},
    {"mouse", "mice.pet.example.org"},
    {"mm", "mice.pet.example.org"},
    {"crds", "customresourcedefinitions.apiextensions.k8s.io"},
    {"", ""},
    {".", ""},
    {"cats", ""},
};

static void test_match(void) {
    g_autoptr(ArkIndex) index = archive_index(members, NULL);
    g_autoptr(ArkKinds) kinds = ark_kinds_new(index);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) found = ark_kinds_match(kinds, cases[i].text);
        g_autoptr(GString) names = g_string_new(NULL);
        for (guint k = 0; k < found->len; k++)
            g_string_append_printf(names, "%s%s", k ? " " : "",
                                   ((const ArkIndexKind *)g_ptr_array_index(found, k))->group_resource);
        g_test_message("%s", cases[i].text);
        g_assert_cmpstr(names->str, ==, cases[i].kinds);
    }
}

static void test_find(void) {
    g_autoptr(ArkIndex) index = archive_index(members, NULL);
    g_autoptr(ArkKinds) kinds = ark_kinds_new(index);
    g_autoptr(GError) error = NULL;
    g_assert_null(ark_kinds_find(kinds, "networkpolicy", "b", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_null(ark_kinds_find(kinds, "deployent", "b", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "did you mean deployments.apps?"));
    g_assert_cmpstr(ark_kinds_nearest(kinds, "mouze"), ==, "mice.pet.example.org");
    g_assert_null(ark_kinds_nearest(kinds, "something else"));
}

/* What is no object's path is none. */
static void test_places(void) {
    static const Member odd[] = {{"metadata/version", ""},
                                 {"resources//cluster/a.json", ""},
                                 {"resources/pods/namespaces//a.json", ""},
                                 {"resources/pods/namespaces/a/.json", ""},
                                 {"resources/pods/cluster/a", ""},
                                 {"resources/pods/namespaces/a.json", ""},
                                 {"resources/pods/v1/v2/cluster/a.json", ""},
                                 {"other/pods/cluster/a.json", ""},
                                 {NULL, NULL}};
    g_autoptr(ArkIndex) none = archive_index(odd, NULL);
    g_assert_cmpuint(ark_index_kinds(none)->len, ==, 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(ArkWalk) walk = ark_walk_new(source_bytes_new(archive(members)), NULL, &error);
    const ArkPlace *place;
    guint objects = 0, copies = 0, versions = 0;
    while (ark_walk_next(walk, &place, &error) > 0) {
        objects += place->group_resource && !place->version;
        copies += ark_place_is_copy(place);
        versions += place->version && !ark_place_is_copy(place);
    }
    g_assert_no_error(error);
    g_assert_cmpuint(objects, ==, 9);
    g_assert_cmpuint(copies, ==, 2);
    g_assert_cmpuint(versions, ==, 1);
}

static void keep_length(const ArkPlace *place, const char *text, size_t length, GByteArray *kept, void *data) {
    g_autofree char *json = g_strdup_printf("%zu", length);
    g_byte_array_append(kept, (const guint8 *)json, (guint)strlen(json));
}

static void test_reduce(void) {
    ArkIndexOptions options = {.reduce = keep_length};
    g_autoptr(ArkIndex) index = archive_index(members, &options);
    g_autoptr(yyjson_doc) doc = ark_index_object(index, ark_index_find(index, "pods", "a", "x"), NULL);
    g_assert_cmpint(json_int(yyjson_doc_get_root(doc), -1), ==, (gint64)strlen(OBJECT("Pod")));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kinds/match", test_match);
    g_test_add_func("/kinds/find", test_find);
    g_test_add_func("/walk/places", test_places);
    g_test_add_func("/index/reduce", test_reduce);
    return g_test_run();
}
