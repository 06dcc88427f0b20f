/* Resource modifiers: which rules hold, what the three kinds of patches do, what is refused. */
#include "ark/modifiers.h"

#include "documents.h"

#define HEAD "version: v1\nresourceModifierRules:\n"
#define OBJECT                                                                                                     \
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web-1, namespace: shop, labels: {app: web}}, spec: " \
    "{replicas: 3, template: {spec: {containers: [{name: a, image: x}, {name: b, image: y}]}}}}"

static const struct {
    const char *rules, *path, *want; /* the value there as JSON; NULL: nothing is there */
} cases[] = {
    {"- {conditions: {groupResource: deployments.apps}, patches: [{operation: replace, path: /spec/replicas, value: "
     "'5'}]}",
     "/spec/replicas", "5"},
    /* quoted text stays text, what is no JSON too */
    {"- {conditions: {groupResource: deployments.apps}, patches: [{operation: add, path: /spec/x, value: '\"5\"'}]}",
     "/spec/x", "\"5\""},
    {"- {conditions: {groupResource: deployments.apps}, patches: [{operation: add, path: /spec/x, value: a b}]}",
     "/spec/x", "\"a b\""},
    {"- {conditions: {groupResource: deployments.apps}, patches: [{operation: remove, path: /metadata/labels/app}]}",
     "/metadata/labels/app", NULL},
    /* globs, with the dot as separator */
    {"- {conditions: {groupResource: '*.apps'}, patches: [{operation: add, path: /spec/x, value: '1'}]}", "/spec/x",
     "1"},
    {"- {conditions: {groupResource: '*'}, patches: [{operation: add, path: /spec/x, value: '1'}]}", "/spec/x", NULL},
    {"- {conditions: {groupResource: '**'}, patches: [{operation: add, path: /spec/x, value: '1'}]}", "/spec/x", "1"},
    {"- {conditions: {groupResource: pods}, patches: [{operation: add, path: /spec/x, value: '1'}]}", "/spec/x", NULL},
    /* names, namespaces, labels, values */
    {"- {conditions: {groupResource: deployments.apps, resourceNameRegex: '^web-[0-9]$'}, patches: [{operation: add, "
     "path: /spec/x, value: '1'}]}",
     "/spec/x", "1"},
    {"- {conditions: {groupResource: deployments.apps, resourceNameRegex: '^db'}, patches: [{operation: add, path: "
     "/spec/x, value: '1'}]}",
     "/spec/x", NULL},
    {"- {conditions: {groupResource: deployments.apps, namespaces: [a, shop]}, patches: [{operation: add, path: "
     "/spec/x, value: '1'}]}",
     "/spec/x", "1"},
    {"- {conditions: {groupResource: deployments.apps, namespaces: [a]}, patches: [{operation: add, path: /spec/x, "
     "value: '1'}]}",
     "/spec/x", NULL},
    {"- {conditions: {groupResource: deployments.apps, labelSelector: {matchLabels: {app: db}}}, patches: [{operation: "
     "add, path: /spec/x, value: '1'}]}",
     "/spec/x", NULL},
    {"- {conditions: {groupResource: deployments.apps, matches: [{path: /spec/replicas, value: '3'}]}, patches: "
     "[{operation: add, path: /spec/x, value: '1'}]}",
     "/spec/x", "1"},
    {"- {conditions: {groupResource: deployments.apps, matches: [{path: /spec/replicas, value: '4'}]}, patches: "
     "[{operation: add, path: /spec/x, value: '1'}]}",
     "/spec/x", NULL},
    {"- {conditions: {groupResource: deployments.apps, matches: [{path: /spec/none, value: '4'}]}, patches: "
     "[{operation: add, path: /spec/x, value: '1'}]}",
     "/spec/x", NULL},
    /* a failing test makes its rule do nothing, the next goes on */
    {"- {conditions: {groupResource: deployments.apps}, patches: [{operation: add, path: /spec/x, value: '1'}, "
     "{operation: test, path: /spec/replicas, value: '9'}]}\n"
     "- {conditions: {groupResource: deployments.apps}, patches: [{operation: add, path: /spec/y, value: '2'}]}",
     "/spec/x", NULL},
    /* conditions see the object as it was before any rule */
    {"- {conditions: {groupResource: deployments.apps}, patches: [{operation: replace, path: /spec/replicas, value: "
     "'4'}]}\n"
     "- {conditions: {groupResource: deployments.apps, matches: [{path: /spec/replicas, value: '3'}]}, patches: "
     "[{operation: add, path: /spec/x, value: '1'}]}",
     "/spec/x", "1"},
    {"- {conditions: {groupResource: deployments.apps}, mergePatches: [{patchData: "
     "'{\"metadata\":{\"labels\":{\"app\":null,\"tier\":\"t\"}}}'}]}",
     "/metadata/labels", "{\"tier\":\"t\"}"},
    {"- {conditions: {groupResource: deployments.apps}, mergePatches: [{patchData: 'spec: {template: {spec: "
     "{containers: [{name: b}]}}}'}]}",
     "/spec/template/spec/containers", "[{\"name\":\"b\"}]"},
    {"- {conditions: {groupResource: deployments.apps}, strategicPatches: [{patchData: 'spec: {template: {spec: "
     "{containers: [{name: b, image: z}]}}}'}]}",
     "/spec/template/spec/containers/1/image", "\"z\""},
    {"- {conditions: {groupResource: deployments.apps}, strategicPatches: [{patchData: 'spec: {template: {spec: "
     "{containers: [{name: b, image: z}]}}}'}]}",
     "/spec/template/spec/containers/0/image", "\"x\""},
};

static void test_cases(void) {
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat(HEAD, cases[i].rules, NULL);
        g_autoptr(GError) error = NULL;
        g_test_message("%zu %s", i, cases[i].rules);
        g_autoptr(ArkModifiers) modifiers = ark_modifiers_read(text, &error);
        g_assert_no_error(error);
        g_autoptr(yyjson_mut_doc) doc = document(OBJECT);
        g_assert_true(ark_modifiers_apply(modifiers, "deployments.apps", doc, &error));
        yyjson_mut_val *found = json_pointer_get(yyjson_mut_doc_get_root(doc), cases[i].path, NULL);
        g_autofree char *got = found ? json_mut_write(found, NULL) : NULL;
        g_assert_cmpstr(got, ==, cases[i].want);
    }
}

static void test_failing_rule(void) {
    const char *text = HEAD
        "- {conditions: {groupResource: deployments.apps}, patches: [{operation: remove, path: /spec/none}]}\n"
        "- {conditions: {groupResource: deployments.apps}, patches: [{operation: add, path: /spec/y, value: '2'}]}";
    g_autoptr(ArkModifiers) modifiers = ark_modifiers_read(text, NULL);
    g_autoptr(yyjson_mut_doc) doc = document(OBJECT);
    g_autoptr(GError) error = NULL;
    g_assert_false(ark_modifiers_apply(modifiers, "deployments.apps", doc, &error));
    g_assert_nonnull(strstr(error->message, "rule 1"));
    g_assert_nonnull(json_pointer_get(yyjson_mut_doc_get_root(doc), "/spec/y", NULL));
}

/* Namespaces say nothing of cluster-scoped objects, as with Velero. */
static void test_cluster_scoped(void) {
    const char *text = HEAD "- {conditions: {groupResource: persistentvolumes, namespaces: [shop]}, patches: "
                            "[{operation: add, path: /spec/x, value: '1'}]}";
    g_autoptr(ArkModifiers) modifiers = ark_modifiers_read(text, NULL);
    g_autoptr(yyjson_mut_doc) doc = document("{metadata: {name: v}, spec: {}}");
    g_assert_true(ark_modifiers_apply(modifiers, "persistentvolumes", doc, NULL));
    assert_document(doc, "{metadata: {name: v}, spec: {x: 1}}");
}

static const struct {
    const char *text, *said;
} refused[] = {
    {"version: v2\nresourceModifierRules: []", "version"},
    {"version: v1\nrules: []", "unknown key \"rules\""},
    {HEAD "- {conditions: {groupResource: pods}}", "rule 1: a rule needs exactly one"},
    {HEAD
     "- {conditions: {groupResource: pods}, patches: [{operation: add, path: /a}], mergePatches: [{patchData: '{}'}]}",
     "exactly one"},
    {HEAD "- {conditions: {}, patches: [{operation: add, path: /a}]}", "groupResource"},
    {HEAD "- {conditions: {groupResource: pods}, patches: [{operation: put, path: /a}]}", "operation"},
    {HEAD "- {conditions: {groupResource: pods}, patches: [{operation: add}]}", "path"},
    {HEAD "- {conditions: {groupResource: pods, resourceNameRegex: '('}, patches: [{operation: add, path: /a}]}",
     "resourceNameRegex"},
    {HEAD "- {conditions: {groupResource: pods, name: a}, patches: [{operation: add, path: /a}]}",
     "unknown key \"name\""},
    {HEAD "- {conditions: {groupResource: pods}, mergePatches: [{patchData: '[]'}]}", "not a mapping"},
    {"{", "modifiers"},
};

static void test_refused(void) {
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%zu %s", i, refused[i].text);
        g_assert_null(ark_modifiers_read(refused[i].text, &error));
        g_assert_nonnull(error);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, refused[i].said));
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/modifiers/rules", test_cases);
    g_test_add_func("/modifiers/failing-rule", test_failing_rule);
    g_test_add_func("/modifiers/cluster-scoped", test_cluster_scoped);
    g_test_add_func("/modifiers/refused", test_refused);
    return g_test_run();
}
