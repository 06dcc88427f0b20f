/* What a restore changes in objects and what it leaves out. */
#include "ark/transform.h"

#include "documents.h"

typedef struct {
    ArkRestoreSpec spec;
    ArkTransform transform;
} Fixture;

static bool class_fast_exists(const char *name, void *data, GError **error) {
    if (g_str_equal(name, "fast"))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no class %s", name);
    return false;
}

static void put(GHashTable *table, const char *key, const char *value) {
    g_hash_table_insert(table, g_strdup(key), g_strdup(value));
}

static GHashTable *table_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void set_up(Fixture *fixture, gconstpointer data) {
    *fixture = (Fixture){.spec = {.backup_name = (char *)"nightly", .namespace_mapping = table_new()}};
    put(fixture->spec.namespace_mapping, "shop", "copy");
    fixture->transform = (ArkTransform){.spec = &fixture->spec,
                                        .restore_name = "again",
                                        .dynamic_volumes = table_new(),
                                        .storage_classes = table_new(),
                                        .image_names = table_new(),
                                        .has_storage_class = class_fast_exists};
    put(fixture->transform.dynamic_volumes, "gone", "");
    put(fixture->transform.storage_classes, "slow", "fast");
    put(fixture->transform.storage_classes, "old", "missing");
    put(fixture->transform.image_names, "any", " docker.io , mirror:5000 ");
}

static void tear_down(Fixture *fixture, gconstpointer data) {
    g_hash_table_unref(fixture->spec.namespace_mapping);
    g_hash_table_unref(fixture->transform.dynamic_volumes);
    g_hash_table_unref(fixture->transform.storage_classes);
    g_hash_table_unref(fixture->transform.image_names);
}

static const struct {
    const char *kind, *stored, *want;
} cases[] = {
    {"configmaps",
     "{metadata: {name: a, namespace: shop, uid: x, resourceVersion: '1', generation: 1, selfLink: s, generateName: g, "
     "creationTimestamp: t, deletionTimestamp: t, deletionGracePeriodSeconds: 3, ownerReferences: [], finalizers: [f], "
     "labels: {l: '1'}, annotations: {k: v}, managedFields: []}, data: {a: b}, status: {x: 1}}",
     "{metadata: {name: a, namespace: shop, finalizers: [f], labels: {l: '1'}, annotations: {k: v}, managedFields: "
     "[]}, "
     "data: {a: b}}"},
    {"jobs.batch",
     "{metadata: {name: a}, spec: {selector: {matchLabels: {controller-uid: x, batch.kubernetes.io/controller-uid: x, "
     "j: '1'}}, template: {metadata: {labels: {controller-uid: x, batch.kubernetes.io/controller-uid: x, j: '1'}}}}}",
     "{metadata: {name: a}, spec: {selector: {matchLabels: {j: '1'}}, template: {metadata: {labels: {j: '1'}}}}}"},
    {"pods",
     "{metadata: {name: a}, spec: {nodeName: node, priority: 3, serviceAccountName: sa, volumes: [{name: sa-token-x}, "
     "{name: v}], containers: [{image: docker.io/a, volumeMounts: [{name: sa-token-x}, {name: v}]}]}}",
     "{metadata: {name: a}, spec: {serviceAccountName: sa, volumes: [{name: v}], containers: [{image: "
     "'mirror:5000/a', volumeMounts: [{name: v}]}]}}"},
    {"services",
     "{metadata: {name: a}, spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ports: [{port: 80, nodePort: 30000}]}}",
     "{metadata: {name: a}, spec: {ports: [{port: 80}]}}"},
    {"services", "{metadata: {name: a}, spec: {clusterIP: None, clusterIPs: [None], ports: [{port: 80}]}}",
     "{metadata: {name: a}, spec: {clusterIP: None, clusterIPs: [None], ports: [{port: 80}]}}"},
    /* a node port that somebody applied stays, another goes */
    {"services",
     "{metadata: {name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: "
     "'{\"spec\":{\"ports\":[{\"name\":\"x\",\"nodePort\":30001}]}}'}}, spec: {healthCheckNodePort: 31000, ports: "
     "[{name: x, port: 80, nodePort: 30001}, {name: b, port: 81, nodePort: 30002}]}}",
     "{metadata: {name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: "
     "'{\"spec\":{\"ports\":[{\"name\":\"x\",\"nodePort\":30001}]}}'}}, spec: {ports: "
     "[{name: x, port: 80, nodePort: 30001}, {name: b, port: 81}]}}"},
    /* so does one that a manager owns */
    {"services",
     "{metadata: {name: a, managedFields: [{fieldsV1: {'f:spec': {'f:healthCheckNodePort': {}, 'f:ports': "
     "{'k:{\"port\":80,\"protocol\":\"TCP\"}': {'f:nodePort': {}}}}}}]}, spec: {healthCheckNodePort: 31000, ports: "
     "[{port: 80, nodePort: 30001}, {port: 81, nodePort: 30002}]}}",
     "{metadata: {name: a, managedFields: [{fieldsV1: {'f:spec': {'f:healthCheckNodePort': {}, 'f:ports': "
     "{'k:{\"port\":80,\"protocol\":\"TCP\"}': {'f:nodePort': {}}}}}}]}, spec: {healthCheckNodePort: 31000, ports: "
     "[{port: 80, nodePort: 30001}, {port: 81}]}}"},
    {"serviceaccounts", "{metadata: {name: sa}, secrets: [{name: other}, {name: sa-token-1}, {name: sa-token-2}]}",
     "{metadata: {name: sa}, secrets: [{name: other}, {name: sa-token-2}]}"},
    {"secrets",
     "{metadata: {name: s, annotations: {kubernetes.io/service-account.uid: u, k: v}}, type: "
     "kubernetes.io/service-account-token, data: {token: t, ca.crt: c, namespace: ns}}",
     "{metadata: {name: s, annotations: {k: v}}, type: kubernetes.io/service-account-token, data: {namespace: ns}}"},
    {"rolebindings.rbac.authorization.k8s.io",
     "{metadata: {name: r}, subjects: [{kind: ServiceAccount, namespace: shop, name: a}, {kind: ServiceAccount, "
     "namespace: other, name: a}, {kind: User, name: 'system:serviceaccount:shop:a'}, {kind: Group, name: "
     "'system:serviceaccounts:shop'}, {kind: Group, name: 'system:serviceaccounts'}]}",
     "{metadata: {name: r}, subjects: [{kind: ServiceAccount, namespace: copy, name: a}, {kind: ServiceAccount, "
     "namespace: other, name: a}, {kind: User, name: 'system:serviceaccount:copy:a'}, {kind: Group, name: "
     "'system:serviceaccounts:copy'}, {kind: Group, name: 'system:serviceaccounts'}]}"},
    {"persistentvolumeclaims",
     "{metadata: {name: c, annotations: {pv.kubernetes.io/bind-completed: 'yes', volume.kubernetes.io/selected-node: "
     "node, k: "
     "v}}, spec: {volumeName: gone, storageClassName: slow}}",
     "{metadata: {name: c, annotations: {k: v}}, spec: {storageClassName: fast}}"},
    {"persistentvolumeclaims", "{metadata: {name: c}, spec: {volumeName: kept, storageClassName: other}}",
     "{metadata: {name: c}, spec: {volumeName: kept, storageClassName: other}}"},
    {"persistentvolumes",
     "{metadata: {name: v, annotations: {pv.kubernetes.io/bound-by-controller: 'yes'}}, spec: {claimRef: {namespace: "
     "shop, "
     "name: c, uid: u, resourceVersion: '3'}, storageClassName: slow}}",
     "{metadata: {name: v, annotations: {}}, spec: {claimRef: {namespace: copy, name: c}, storageClassName: fast}}"},
    {"statefulsets.apps",
     "{metadata: {name: s}, spec: {volumeClaimTemplates: [{spec: {storageClassName: slow}}], template: {spec: "
     "{initContainers: [{image: 'docker.io/docker.io/x'}]}}}}",
     "{metadata: {name: s}, spec: {volumeClaimTemplates: [{spec: {storageClassName: fast}}], template: {spec: "
     "{initContainers: [{image: 'mirror:5000/mirror:5000/x'}]}}}}"},
    {"cronjobs.batch",
     "{metadata: {name: s}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: docker.io/x}]}}}}}}",
     "{metadata: {name: s}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: "
     "'mirror:5000/x'}]}}}}}}"},
    {"customresourcedefinitions.apiextensions.k8s.io",
     "{metadata: {name: d}, spec: {preserveUnknownFields: true, versions: [{schema: {openAPIV3Schema: {type: "
     "object}}}]}}",
     "{metadata: {name: d}, spec: {preserveUnknownFields: false, versions: [{schema: {openAPIV3Schema: {type: object, "
     "x-kubernetes-preserve-unknown-fields: true}}}]}}"},
    {"mutatingwebhookconfigurations.admissionregistration.k8s.io",
     "{metadata: {name: w}, webhooks: [{sideEffects: Unknown}, {sideEffects: NoneOnDryRun}, {sideEffects: None}]}",
     "{metadata: {name: w}, webhooks: [{sideEffects: None}, {sideEffects: NoneOnDryRun}, {sideEffects: None}]}"},
};

static void test_cases(Fixture *fixture, gconstpointer data) {
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(yyjson_mut_doc) doc = document(cases[i].stored);
        g_autoptr(GError) error = NULL;
        g_test_message("%zu %s", i, cases[i].kind);
        g_assert_true(ark_transform(&fixture->transform, cases[i].kind, doc, &error));
        g_assert_no_error(error);
        assert_document(doc, cases[i].want);
    }
}

static void test_node_ports_are_preserved(Fixture *fixture, gconstpointer data) {
    fixture->spec.preserve_node_ports = true;
    g_autoptr(yyjson_mut_doc) doc = document("{metadata: {name: a}, spec: {ports: [{port: 80, nodePort: 30000}]}}");
    g_assert_true(ark_transform(&fixture->transform, "services", doc, NULL));
    assert_document(doc, "{metadata: {name: a}, spec: {ports: [{port: 80, nodePort: 30000}]}}");
}

static void test_missing_class(Fixture *fixture, gconstpointer data) {
    g_autoptr(yyjson_mut_doc) doc = document("{metadata: {name: c}, spec: {storageClassName: old}}");
    g_autoptr(GError) error = NULL;
    g_assert_false(ark_transform(&fixture->transform, "persistentvolumeclaims", doc, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void test_labels(Fixture *fixture, gconstpointer data) {
    g_autoptr(yyjson_mut_doc) doc = document("{metadata: {name: a, labels: {velero.io/backup-name: other}}}");
    ark_transform_add_labels(&fixture->transform, doc);
    assert_document(doc,
                    "{metadata: {name: a, labels: {velero.io/backup-name: nightly, velero.io/restore-name: again}}}");
}

static const struct {
    const char *kind, *stored;
    bool skipped;
} skips[] = {
    {"pods", "{status: {phase: Succeeded}}", true},
    {"pods", "{status: {phase: Failed}}", true},
    {"pods", "{status: {phase: Running}}", false},
    {"pods", "{metadata: {annotations: {kubernetes.io/config.mirror: x}}}", true},
    {"jobs.batch", "{status: {completionTime: '2026-01-01T00:00:00Z'}}", true},
    {"jobs.batch", "{status: {completionTime: ''}}", false},
    {"jobs.batch", "{status: {}}", false},
    {"apiservices.apiregistration.k8s.io", "{metadata: {labels: {kube-aggregator.kubernetes.io/automanaged: onstart}}}",
     true},
    {"apiservices.apiregistration.k8s.io", "{metadata: {name: v1.example.org}}", false},
    {"persistentvolumes", "{metadata: {name: gone}}", true},
    {"persistentvolumes", "{metadata: {name: kept}}", false},
    {"secrets",
     "{type: kubernetes.io/service-account-token, metadata: {name: sa-token-x, annotations: "
     "{kubernetes.io/service-account.name: sa}}}",
     true},
    {"secrets",
     "{type: kubernetes.io/service-account-token, metadata: {name: mine, annotations: "
     "{kubernetes.io/service-account.name: sa}}}",
     false},
    {"secrets", "{type: Opaque, metadata: {name: sa-token-x}}", false},
};

static void test_skips(Fixture *fixture, gconstpointer data) {
    for (size_t i = 0; i < G_N_ELEMENTS(skips); i++) {
        g_autoptr(yyjson_doc) doc = fixed_document(skips[i].stored);
        const char *reason;
        g_test_message("%zu %s", i, skips[i].stored);
        g_assert_cmpint(ark_transform_skips(&fixture->transform, skips[i].kind, yyjson_doc_get_root(doc), &reason), ==,
                        skips[i].skipped);
        g_assert_cmpint(reason != NULL, ==, skips[i].skipped);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/transform/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("kinds", test_cases);
    ADD("node-ports-are-preserved", test_node_ports_are_preserved);
    ADD("missing-class", test_missing_class);
    ADD("labels", test_labels);
    ADD("skips", test_skips);
    return g_test_run();
}
