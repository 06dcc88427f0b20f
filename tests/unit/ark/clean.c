/* What an export leaves out, and what it takes away. */
#include "ark/clean.h"

#include "archives.h"
#include "documents.h"

/* An index that a few rules look into: a service with a selector, one without, a volume that is made anew. */
static ArkIndex *index_new(void) {
    static const Member members[] = {
        {"resources/services/namespaces/shop/web.json", "{\"spec\":{\"selector\":{\"app\":\"web\"}}}"},
        {"resources/services/namespaces/shop/outside.json", "{\"spec\":{}}"},
        {"resources/persistentvolumes/cluster/gone.json", "{\"spec\":{\"persistentVolumeReclaimPolicy\":\"Delete\"}}"},
        {NULL, NULL}};
    return archive_index(members, NULL);
}

static const struct {
    const char *kind, *object, *reason; /* a part of it; NULL: not left out */
} left_out[] = {
    {"configmaps", "{metadata: {name: a, namespace: shop}}", NULL},
    {"configmaps", "{metadata: {name: a, namespace: kube-system}}", "namespace"},
    {"configmaps", "{metadata: {name: kube-root-ca.crt, namespace: shop}}", "every cluster"},
    {"configmaps", "{metadata: {name: a, namespace: s, annotations: {control-plane.alpha.kubernetes.io/leader: x}}}",
     "election"},
    {"namespaces", "{metadata: {name: kube-public}}", "namespace"},
    {"namespaces", "{metadata: {name: default, labels: {kubernetes.io/metadata.name: default}}}", "every cluster"},
    {"namespaces", "{metadata: {name: default, labels: {kubernetes.io/metadata.name: default, a: b}}}", NULL},
    {"pods", "{metadata: {name: a}, status: {phase: Succeeded}}", "ended"},
    {"pods", "{metadata: {name: a}, status: {phase: Running}}", NULL},
    {"pods", "{metadata: {name: a, ownerReferences: [{controller: false}, {controller: true}]}}", "controller"},
    {"pods", "{metadata: {name: a, ownerReferences: [{name: x}]}}", NULL},
    {"jobs.batch", "{metadata: {name: a}, status: {completionTime: t}}", "complete"},
    {"events", "{metadata: {name: a}}", "record"},
    {"nodes", "{metadata: {name: a}}", "record"},
    {"leases.coordination.k8s.io", "{metadata: {name: a, namespace: shop}}", "record"},
    {"endpoints", "{metadata: {name: web, namespace: shop}}", "service"},
    {"endpoints", "{metadata: {name: outside, namespace: shop}}", NULL},
    {"endpoints",
     "{metadata: {name: x, namespace: shop, labels: {endpoints.kubernetes.io/managed-by: endpoint-controller}}}",
     "service"},
    {"endpointslices.discovery.k8s.io",
     "{metadata: {name: x, labels: {endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io}}}",
     "service"},
    {"endpointslices.discovery.k8s.io", "{metadata: {name: x, labels: {endpointslice.kubernetes.io/managed-by: me}}}",
     NULL},
    {"secrets", "{metadata: {name: a}, type: kubernetes.io/service-account-token}", "token"},
    {"secrets", "{metadata: {name: a}, type: Opaque}", NULL},
    {"serviceaccounts", "{metadata: {name: default}}", "every cluster"},
    {"serviceaccounts", "{metadata: {name: default}, automountServiceAccountToken: false}", NULL},
    {"serviceaccounts", "{metadata: {name: default, annotations: {a: b}}}", NULL},
    {"serviceaccounts", "{metadata: {name: other}}", NULL},
    {"clusterroles.rbac.authorization.k8s.io",
     "{metadata: {name: a, labels: {kubernetes.io/bootstrapping: rbac-defaults}}}", "every cluster"},
    {"apiservices.apiregistration.k8s.io",
     "{metadata: {name: a, labels: {kube-aggregator.kubernetes.io/automanaged: onstart}}}", "API server"},
    {"flowschemas.flowcontrol.apiserver.k8s.io",
     "{metadata: {name: a, annotations: {apf.kubernetes.io/autoupdate-spec: 'true'}}}", "every cluster"},
    {"flowschemas.flowcontrol.apiserver.k8s.io",
     "{metadata: {name: a, annotations: {apf.kubernetes.io/autoupdate-spec: 'false'}}}", NULL},
    {"priorityclasses.scheduling.k8s.io", "{metadata: {name: system-node-critical}}", "every cluster"},
    {"services", "{metadata: {name: kubernetes, namespace: default}}", "every cluster"},
    {"services", "{metadata: {name: kubernetes, namespace: shop}}", NULL},
    {"persistentvolumes", "{metadata: {name: gone}}", "anew"},
    {"persistentvolumes", "{metadata: {name: kept}}", NULL},
};

static void test_left_out(void) {
    g_autoptr(ArkIndex) index = index_new();
    ArkClean some, all, skip;
    ark_clean_init(&some, index, false, ARK_SECRETS_INCLUDE);
    ark_clean_init(&all, index, true, ARK_SECRETS_INCLUDE);
    ark_clean_init(&skip, index, true, ARK_SECRETS_SKIP);
    for (size_t i = 0; i < G_N_ELEMENTS(left_out); i++) {
        g_autoptr(yyjson_doc) doc = fixed_document(left_out[i].object);
        yyjson_val *object = yyjson_doc_get_root(doc);
        const char *reason = ark_clean_leaves_out(&some, left_out[i].kind, object), *want = left_out[i].reason;
        if (!reason != !want || (want && !strstr(reason, want)))
            g_error("%s %s: %s", left_out[i].kind, left_out[i].object, reason ? reason : "not left out");
        g_assert_null(ark_clean_leaves_out(&all, left_out[i].kind, object));
        g_assert_cmpint(!ark_clean_leaves_out(&skip, left_out[i].kind, object), ==,
                        !g_str_equal(left_out[i].kind, "secrets"));
    }
    ark_clean_clear(&some);
    ark_clean_clear(&all);
    ark_clean_clear(&skip);
}

static const struct {
    const char *kind, *stored, *want;
} cases[] = {
    {"configmaps",
     "{kind: ConfigMap, data: {b: '1', a: '2'}, apiVersion: v1, metadata: {name: a, uid: u, managedFields: [{}], "
     "labels: {}, "
     "annotations: {kubectl.kubernetes.io/last-applied-configuration: x}}}",
     "{apiVersion: v1, data: {a: '2', b: '1'}, kind: ConfigMap, metadata: {name: a}}"},
    {"namespaces",
     "{metadata: {name: a, labels: {kubernetes.io/metadata.name: a}}, spec: {finalizers: [kubernetes]}, status: "
     "{phase: Active}}",
     "{metadata: {name: a}}"},
    {"namespaces", "{metadata: {name: a}, spec: {finalizers: [kubernetes, mine]}}",
     "{metadata: {name: a}, spec: {finalizers: [kubernetes, mine]}}"},
    {"deployments.apps",
     "{metadata: {name: a, annotations: {deployment.kubernetes.io/revision: '2', k: v}}, spec: {template: {metadata: "
     "{creationTimestamp: null, labels: {a: b}}}}}",
     "{metadata: {annotations: {k: v}, name: a}, spec: {template: {metadata: {labels: {a: b}}}}}"},
    {"statefulsets.apps",
     "{metadata: {name: a}, spec: {volumeClaimTemplates: [{metadata: {creationTimestamp: null, name: d}, status: "
     "{phase: Pending}}]}}",
     "{metadata: {name: a}, spec: {volumeClaimTemplates: [{metadata: {name: d}}]}}"},
    {"cronjobs.batch",
     "{metadata: {name: a}, spec: {jobTemplate: {metadata: {creationTimestamp: null}, spec: {template: {metadata: "
     "{creationTimestamp: null}}}}}}",
     "{metadata: {name: a}, spec: {jobTemplate: {metadata: {}, spec: {template: {metadata: {}}}}}}"},
    {"pods",
     "{metadata: {name: a, annotations: {init.hook.restore.velero.io/container-image: i, "
     "init.hook.restore.velero.io/command: '[\"/bin/x\"]'}}, spec: {nodeName: n, ephemeralContainers: [{name: e}], "
     "volumes: "
     "[{name: kube-api-access-x1}], containers: [{name: c, volumeMounts: [{name: kube-api-access-x1}]}]}}",
     "{metadata: {annotations: {init.hook.restore.velero.io/command: '[\"/bin/x\"]', "
     "init.hook.restore.velero.io/container-image: i}, name: a}, spec: {containers: [{name: c}]}}"},
    {"jobs.batch",
     "{metadata: {name: a}, spec: {selector: {matchLabels: {controller-uid: u}}, template: {metadata: {labels: "
     "{controller-uid: u, job-name: a, mine: b}}}}}",
     "{metadata: {name: a}, spec: {template: {metadata: {labels: {mine: b}}}}}"},
    {"jobs.batch", "{metadata: {name: a}, spec: {manualSelector: true, selector: {matchLabels: {a: b}}}}",
     "{metadata: {name: a}, spec: {manualSelector: true, selector: {matchLabels: {a: b}}}}"},
    {"persistentvolumeclaims", "{metadata: {name: a}, spec: {volumeName: gone}}", "{metadata: {name: a}, spec: {}}"},
    {"secrets",
     "{metadata: {name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: secret}}, type: T, data: "
     "{k: c2VjcmV0, "
     ".dockerconfigjson: c2VjcmV0}}",
     "{data: {.dockerconfigjson: e30=, k: UkVEQUNURUQ=}, metadata: {name: a}, type: T}"},
};

static void test_clean(void) {
    g_autoptr(ArkIndex) index = index_new();
    ArkClean clean;
    ark_clean_init(&clean, index, false, ARK_SECRETS_REDACT);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(yyjson_mut_doc) doc = document(cases[i].stored), want = document(cases[i].want);
        g_assert_true(ark_clean(&clean, cases[i].kind, doc, &error));
        g_assert_no_error(error);
        /* The order of members counts, too. */
        g_autofree char *got_text = json_mut_write(yyjson_mut_doc_get_root(doc), NULL),
                        *want_text = json_mut_write(yyjson_mut_doc_get_root(want), NULL);
        g_assert_cmpstr(got_text, ==, want_text);
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(yyjson_mut_doc) none = document("{kind: Pod}");
    g_assert_false(ark_clean(&clean, "pods", none, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CORRUPT);
    ark_clean_clear(&clean);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clean/left-out", test_left_out);
    g_test_add_func("/clean/taken-away", test_clean);
    return g_test_run();
}
