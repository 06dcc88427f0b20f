/* Init containers of restore hooks; commands that are told of. */
#include "ark/hooks.h"

#include "documents.h"

#define HOOKS                                                                                                          \
    "{resources: [{name: a, includedNamespaces: [shop], labelSelector: {matchLabels: {app: web}}, postHooks: [{init: " \
    "{initContainers: [{name: i, image: x, command: [c]}]}}, {exec: {command: [d]}}]}]}"

static void check(const char *hooks_text, const char *namespace_, const char *pod, const char *want) {
    g_autoptr(yyjson_doc) hooks_doc = fixed_document(hooks_text);
    g_autoptr(GError) error = NULL;
    g_autoptr(ArkInitHooks) hooks = ark_init_hooks_read(yyjson_doc_get_root(hooks_doc), &error);
    g_assert_no_error(error);
    g_autoptr(yyjson_mut_doc) doc = document(pod);
    ark_init_hooks_apply(hooks, namespace_, doc);
    assert_document(doc, want);
}

static void test_spec(void) {
    check(HOOKS, "shop", "{metadata: {labels: {app: web}}, spec: {initContainers: [{name: own}]}}",
          "{metadata: {labels: {app: web}}, spec: {initContainers: [{name: i, image: x, command: [c]}, {name: own}]}}");
    /* the one that waits for volume data stays first */
    check(HOOKS, "shop",
          "{metadata: {labels: {app: web}}, spec: {initContainers: [{name: restore-wait}, {name: own}]}}",
          "{metadata: {labels: {app: web}}, spec: {initContainers: [{name: restore-wait}, {name: i, image: x, command: "
          "[c]}, {name: own}]}}");
    check(HOOKS, "other", "{metadata: {labels: {app: web}}, spec: {}}", "{metadata: {labels: {app: web}}, spec: {}}");
    check(HOOKS, "shop", "{metadata: {labels: {app: db}}, spec: {}}", "{metadata: {labels: {app: db}}, spec: {}}");
    check(HOOKS, "shop", "{metadata: {}, spec: {}}", "{metadata: {}, spec: {}}");
}

/* Annotations win over the spec. */
static void test_annotations(void) {
#define META                                                                                          \
    "metadata: {labels: {app: web}, annotations: {init.hook.restore.velero.io/container-image: img, " \
    "init.hook.restore.velero.io/container-name: hook, init.hook.restore.velero.io/command: "
    check(HOOKS, "shop", "{" META "'[\"a\",\"b\"]'}}, spec: {}}",
          "{" META "'[\"a\",\"b\"]'}}, spec: {initContainers: [{name: hook, image: img, command: [a, b]}]}}");
    check("{}", "shop", "{" META "one word}}, spec: {}}",
          "{" META "one word}}, spec: {initContainers: [{name: hook, image: img, command: [one word]}]}}");
}

static void test_made_name(void) {
    g_autoptr(yyjson_mut_doc) doc =
        document("{metadata: {annotations: {init.hook.restore.velero.io/container-image: img}}, spec: {}}");
    ark_init_hooks_apply(NULL, "shop", doc);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    const char *name = yyjson_mut_get_str(json_pointer_get(root, "/spec/initContainers/0/name", NULL));
    g_assert_true(g_regex_match_simple("^velero-restore-init-[0-9a-f]{8}$", name, 0, 0));
    g_assert_null(json_pointer_get(root, "/spec/initContainers/0/command", NULL));
}

static void test_refused(void) {
    g_autoptr(yyjson_doc) doc =
        fixed_document("{resources: [{name: a, postHooks: [{init: {initContainers: [{name: i, image: x}]}}]}]}");
    g_autoptr(GError) error = NULL;
    g_assert_null(ark_init_hooks_read(yyjson_doc_get_root(doc), &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "hook \"a\""));
}

static void test_commands(void) {
    g_autoptr(yyjson_doc) restore = fixed_document(HOOKS),
                          backup = fixed_document("{resources: [{name: a, pre: [{exec: {command: [c]}}]}]}"),
                          annotations = fixed_document("{post.hook.backup.velero.io/command: c}");
    g_assert_true(ark_hooks_spec_has_commands(yyjson_doc_get_root(restore), ARK_HOOKS_RESTORE));
    g_assert_true(ark_hooks_spec_has_commands(yyjson_doc_get_root(backup), ARK_HOOKS_BACKUP));
    g_assert_false(ark_hooks_spec_has_commands(NULL, ARK_HOOKS_BACKUP));
    g_assert_cmpstr(ark_hooks_command(yyjson_doc_get_root(annotations), ARK_HOOKS_BACKUP), ==,
                    "post.hook.backup.velero.io/command");
    g_assert_null(ark_hooks_command(yyjson_doc_get_root(annotations), ARK_HOOKS_RESTORE));
    g_assert_null(ark_hooks_command(NULL, ARK_HOOKS_BACKUP));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hooks/spec", test_spec);
    g_test_add_func("/hooks/annotations", test_annotations);
    g_test_add_func("/hooks/made-name", test_made_name);
    g_test_add_func("/hooks/refused", test_refused);
    g_test_add_func("/hooks/commands", test_commands);
    return g_test_run();
}
