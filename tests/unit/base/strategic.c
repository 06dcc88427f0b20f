/* Strategic merge patches: which lists merge, directives, order. */
#include "base/jsonpatch.h"

#include <string.h>

enum { FINE = -1 };

#define POD(spec) "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":" spec "}"
#define OBJECT(api, kind, rest) "{\"apiVersion\":\"" api "\",\"kind\":\"" kind "\"," rest "}"

static const struct {
    const char *document, *patch, *want; /* NULL: unchanged */
    int code;
} cases[] = {
    /* objects and scalars */
    {POD("{\"a\":1,\"b\":{\"c\":1}}"), "{\"spec\":{\"a\":2,\"b\":{\"d\":0.10},\"e\":null}}",
     POD("{\"a\":2,\"b\":{\"c\":1,\"d\":0.10}}"), FINE},
    {POD("{\"a\":1,\"b\":{\"c\":1}}"), "{\"spec\":{\"a\":null,\"b\":{\"c\":null}}}", POD("{\"b\":{}}"), FINE},
    {POD("{\"a\":1}"), "{\"spec\":{\"a\":{\"x\":null,\"y\":[{\"z\":null}]}}}", POD("{\"a\":{\"y\":[{}]}}"), FINE},
    {POD("{}"), "{}", NULL, FINE},
    /* lists that merge by key: what is new comes where the patch has it, before what it does not name */
    {POD("{\"containers\":[{\"name\":\"a\",\"image\":\"1\"},{\"name\":\"b\",\"image\":\"2\"}]}"),
     "{\"spec\":{\"containers\":[{\"name\":\"b\",\"image\":\"3\"}]}}",
     POD("{\"containers\":[{\"name\":\"a\",\"image\":\"1\"},{\"name\":\"b\",\"image\":\"3\"}]}"), FINE},
    {POD("{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"), "{\"spec\":{\"containers\":[{\"name\":\"c\"}]}}",
     POD("{\"containers\":[{\"name\":\"c\"},{\"name\":\"a\"},{\"name\":\"b\"}]}"), FINE},
    {POD("{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}"),
     "{\"spec\":{\"containers\":[{\"name\":\"c\"},{\"name\":\"a\"}]}}",
     POD("{\"containers\":[{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"a\"}]}"), FINE},
    {POD("{\"containers\":[{\"name\":\"a\",\"env\":[{\"name\":\"X\",\"value\":\"1\"}],\"args\":[\"p\",\"q\"]}]}"),
     "{\"spec\":{\"containers\":[{\"name\":\"a\",\"env\":[{\"name\":\"Y\",\"value\":\"2\"},{\"name\":\"X\",\"value\":"
     "\"3\"}],\"args\":[\"r\"]}]}}",
     POD("{\"containers\":[{\"name\":\"a\",\"env\":[{\"name\":\"Y\",\"value\":\"2\"},{\"name\":\"X\",\"value\":\"3\"}],"
         "\"args\":[\"r\"]}]}"),
     FINE},
    {POD("{\"initContainers\":[{\"name\":\"a\",\"ports\":[{\"containerPort\":80,\"name\":\"x\"}]}]}"),
     "{\"spec\":{\"initContainers\":[{\"name\":\"a\",\"ports\":[{\"containerPort\":80.0,\"protocol\":\"UDP\"}]}]}}",
     POD("{\"initContainers\":[{\"name\":\"a\",\"ports\":[{\"containerPort\":80.0,\"name\":\"x\",\"protocol\":\"UDP\"}]"
         "}]}"),
     FINE},
    {POD("{\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]}"),
     "{\"spec\":{\"volumes\":[{\"name\":\"v\",\"$retainKeys\":[\"name\",\"hostPath\"],"
     "\"hostPath\":{\"path\":\"/x\"}}]}}",
     POD("{\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/x\"}}]}"), FINE},
    {POD("{\"tolerations\":[{\"key\":\"a\"}]}"), "{\"spec\":{\"tolerations\":[{\"key\":\"b\"}]}}",
     POD("{\"tolerations\":[{\"key\":\"b\"}]}"), FINE},
    /* by kind and place */
    {OBJECT("v1", "Service", "\"spec\":{\"ports\":[{\"port\":80,\"name\":\"a\"}]}"),
     "{\"spec\":{\"ports\":[{\"port\":80,\"nodePort\":null},{\"port\":81}]}}",
     OBJECT("v1", "Service", "\"spec\":{\"ports\":[{\"port\":80,\"name\":\"a\"},{\"port\":81}]}"), FINE},
    {OBJECT("v1", "Service", "\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"a\"}]}}"),
     "{\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"b\"}]}}}",
     OBJECT("v1", "Service", "\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"b\"}]}}"), FINE},
    {OBJECT("networking.k8s.io/v1", "NetworkPolicy", "\"spec\":{\"ingress\":[{\"ports\":[{\"port\":1}]}]}"),
     "{\"spec\":{\"ingress\":[{\"ports\":[{\"port\":2}]}]}}",
     OBJECT("networking.k8s.io/v1", "NetworkPolicy", "\"spec\":{\"ingress\":[{\"ports\":[{\"port\":2}]}]}"), FINE},
    {OBJECT("v1", "ServiceAccount", "\"secrets\":[{\"name\":\"a\"}],\"imagePullSecrets\":[{\"name\":\"a\"}]"),
     "{\"secrets\":[{\"name\":\"b\"}],\"imagePullSecrets\":[{\"name\":\"b\"}]}",
     OBJECT("v1", "ServiceAccount",
            "\"secrets\":[{\"name\":\"b\"},{\"name\":\"a\"}],\"imagePullSecrets\":[{\"name\":\"b\"}]"),
     FINE},
    {OBJECT("apps/v1", "Deployment", "\"status\":{\"conditions\":[{\"type\":\"A\",\"status\":\"x\"}]}"),
     "{\"status\":{\"conditions\":[{\"type\":\"A\",\"status\":\"y\"},{\"type\":\"B\"}]}}",
     OBJECT("apps/v1", "Deployment",
            "\"status\":{\"conditions\":[{\"type\":\"A\",\"status\":\"y\"},{\"type\":\"B\"}]}"),
     FINE},
    {OBJECT("certificates.k8s.io/v1", "CertificateSigningRequest", "\"status\":{\"conditions\":[{\"type\":\"A\"}]}"),
     "{\"status\":{\"conditions\":[{\"type\":\"B\"}]}}",
     OBJECT("certificates.k8s.io/v1", "CertificateSigningRequest", "\"status\":{\"conditions\":[{\"type\":\"B\"}]}"),
     FINE},
    {OBJECT("policy/v1", "PodDisruptionBudget", "\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"1\"}}}"),
     "{\"spec\":{\"selector\":{\"matchLabels\":{\"b\":\"1\"}}}}",
     OBJECT("policy/v1", "PodDisruptionBudget", "\"spec\":{\"selector\":{\"matchLabels\":{\"b\":\"1\"}}}"), FINE},
    {OBJECT("apps/v1", "Deployment", "\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"1\"}}}"),
     "{\"spec\":{\"selector\":{\"matchLabels\":{\"b\":\"1\"}}}}",
     OBJECT("apps/v1", "Deployment", "\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"1\",\"b\":\"1\"}}}"), FINE},
    {OBJECT("v1", "Namespace", "\"metadata\":{\"finalizers\":[\"a\"]},\"spec\":{\"finalizers\":[\"a\"]}"),
     "{\"metadata\":{\"finalizers\":[\"b\"]},\"spec\":{\"finalizers\":[\"b\"]}}",
     OBJECT("v1", "Namespace", "\"metadata\":{\"finalizers\":[\"b\",\"a\"]},\"spec\":{\"finalizers\":[\"b\"]}"), FINE},
    {OBJECT("apiextensions.k8s.io/v1", "CustomResourceDefinition", "\"spec\":{\"x\":{}}"),
     "{\"spec\":{\"x\":{\"$ref\":\"y\"}}}",
     OBJECT("apiextensions.k8s.io/v1", "CustomResourceDefinition", "\"spec\":{\"x\":{\"$ref\":\"y\"}}"), FINE},
    /* $patch */
    {POD("{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"),
     "{\"spec\":{\"containers\":[{\"name\":\"a\",\"$patch\":\"delete\"}]}}", POD("{\"containers\":[{\"name\":\"b\"}]}"),
     FINE},
    {POD("{\"containers\":[{\"name\":\"a\"}]}"), "{\"spec\":{\"containers\":[{\"name\":\"x\",\"$patch\":\"delete\"}]}}",
     NULL, FINE},
    {POD("{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"),
     "{\"spec\":{\"containers\":[{\"name\":\"c\"},{\"$patch\":\"replace\"}]}}",
     POD("{\"containers\":[{\"name\":\"c\"}]}"), FINE},
    {POD("{\"containers\":[{\"name\":\"a\"}]}"), "{\"spec\":{\"containers\":[{\"$patch\":\"replace\"}]}}",
     POD("{\"containers\":[]}"), FINE},
    {POD("{\"a\":{\"b\":1}}"), "{\"spec\":{\"a\":{\"$patch\":\"replace\",\"c\":2,\"d\":{\"$patch\":\"delete\"}}}}",
     POD("{\"a\":{\"c\":2}}"), FINE},
    {POD("{}"), "{\"spec\":{\"a\":{\"$patch\":\"replace\",\"c\":2}}}", POD("{\"a\":{\"c\":2}}"), FINE},
    {POD("{\"a\":{\"b\":1},\"c\":2}"),
     "{\"spec\":{\"a\":{\"$patch\":\"delete\"},\"c\":{\"$patch\":\"delete\"},\"d\":{\"$patch\":\"delete\"}}}",
     POD("{\"a\":{}}"), FINE},
    {POD("{\"a\":{\"b\":1}}"), "{\"spec\":{\"a\":{\"$patch\":\"merge\",\"c\":2}}}", POD("{\"a\":{\"b\":1,\"c\":2}}"),
     FINE},
    {POD("{\"containers\":[{\"name\":\"a\",\"x\":1}]}"),
     "{\"spec\":{\"containers\":[{\"$patch\":\"merge\",\"name\":\"a\",\"y\":2},{\"name\":\"b\",\"$patch\":\"merge\"}]}"
     "}",
     POD("{\"containers\":[{\"name\":\"a\",\"x\":1,\"y\":2},{\"name\":\"b\"}]}"), FINE},
    {POD("{}"),
     "{\"spec\":{\"containers\":[{\"name\":\"a\",\"$patch\":\"delete\"},{\"name\":\"b\",\"$retainKeys\":[\"name\"],"
     "\"c\":null}]}}",
     POD("{\"containers\":[{\"name\":\"b\"}]}"), FINE},
    /* $deleteFromPrimitiveList and sets */
    {OBJECT("v1", "ConfigMap", "\"metadata\":{\"finalizers\":[\"a\",\"b\",\"a\",\"c\"]}"),
     "{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":[\"a\",\"x\"]}}",
     OBJECT("v1", "ConfigMap", "\"metadata\":{\"finalizers\":[\"b\",\"c\"]}"), FINE},
    {OBJECT("v1", "ConfigMap", "\"metadata\":{\"finalizers\":[\"a\",\"b\"]}"),
     "{\"metadata\":{\"finalizers\":[\"b\",\"c\"]}}",
     OBJECT("v1", "ConfigMap", "\"metadata\":{\"finalizers\":[\"a\",\"b\",\"c\"]}"), FINE},
    {OBJECT("v1", "ConfigMap", "\"metadata\":{}"), "{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":[\"a\"]}}",
     NULL, FINE},
    /* $setElementOrder */
    {POD("{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}"),
     "{\"spec\":{\"$setElementOrder/containers\":[{\"name\":\"c\"},{\"name\":\"a\"}]}}",
     POD("{\"containers\":[{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"a\"}]}"), FINE},
    {POD("{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"),
     "{\"spec\":{\"$setElementOrder/"
     "containers\":[{\"name\":\"b\"},{\"name\":\"n\"},{\"name\":\"a\"}],\"containers\":[{\"name\":\"n\"}]}}",
     POD("{\"containers\":[{\"name\":\"b\"},{\"name\":\"n\"},{\"name\":\"a\"}]}"), FINE},
    {OBJECT("v1", "ConfigMap", "\"metadata\":{\"finalizers\":[\"a\",\"b\",\"z\"]}"),
     "{\"metadata\":{\"$setElementOrder/finalizers\":[\"b\",\"c\",\"a\"],\"finalizers\":[\"c\"]}}",
     OBJECT("v1", "ConfigMap", "\"metadata\":{\"finalizers\":[\"b\",\"c\",\"a\",\"z\"]}"), FINE},
    {POD("{}"), "{\"spec\":{\"$setElementOrder/containers\":[{\"name\":\"b\"}]}}", NULL, FINE},
    {POD("{\"containers\":[{\"name\":\"a\"}]}"),
     "{\"spec\":{\"$setElementOrder/containers\":[{\"name\":\"b\"}],\"containers\":null}}", POD("{}"), FINE},
    /* $retainKeys */
    {OBJECT("apps/v1", "Deployment", "\"spec\":{\"strategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":{}}}"),
     "{\"spec\":{\"strategy\":{\"$retainKeys\":[\"type\"],\"type\":\"Recreate\"}}}",
     OBJECT("apps/v1", "Deployment", "\"spec\":{\"strategy\":{\"type\":\"Recreate\"}}"), FINE},
    /* refused, and nothing is changed */
    {POD("{\"a\":1}"), "{\"spec\":{\"a\":2,\"b\":{\"$patch\":\"bogus\"}}}", NULL, BASE_ERROR_INVALID},
    {POD("{\"a\":1,\"b\":{}}"), "{\"spec\":{\"a\":2,\"b\":{\"$patch\":\"bogus\"}}}", NULL, BASE_ERROR_INVALID},
    {POD("{\"a\":1,\"b\":{}}"), "{\"spec\":{\"b\":{\"$patch\":5}}}", NULL, BASE_ERROR_INVALID},
    {POD("{\"containers\":[{\"name\":\"a\"}]}"), "{\"spec\":{\"containers\":[{\"image\":\"x\"}]}}", NULL,
     BASE_ERROR_INVALID},
    {POD("{\"containers\":[{\"name\":\"a\"}]}"), "{\"spec\":{\"containers\":[\"a\"]}}", NULL, BASE_ERROR_INVALID},
    {POD("{\"containers\":[{\"name\":\"a\"}]}"), "{\"spec\":{\"containers\":[{\"name\":{}}]}}", NULL,
     BASE_ERROR_INVALID},
    {POD("{\"containers\":[{\"name\":\"a\"}]}"), "{\"spec\":{\"containers\":[{\"$patch\":\"delete\"}]}}", NULL,
     BASE_ERROR_INVALID},
    {POD("{\"containers\":[{\"name\":\"a\"}]}"), "{\"spec\":{\"containers\":[{\"name\":\"a\",\"$patch\":\"what\"}]}}",
     NULL, BASE_ERROR_INVALID},
    {OBJECT("v1", "ConfigMap", "\"metadata\":{\"finalizers\":[]}"), "{\"metadata\":{\"finalizers\":[{}]}}", NULL,
     BASE_ERROR_INVALID},
    {OBJECT("v1", "ConfigMap", "\"metadata\":{}"), "{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":\"a\"}}",
     NULL, BASE_ERROR_INVALID},
    {POD("{\"containers\":[{\"name\":\"a\"}]}"), "{\"spec\":{\"$setElementOrder/containers\":\"a\"}}", NULL,
     BASE_ERROR_INVALID},
    {POD("{\"containers\":[{\"name\":\"a\"}]}"),
     "{\"spec\":{\"$setElementOrder/containers\":[{\"name\":\"a\"}],\"containers\":[{\"name\":\"b\"}]}}", NULL,
     BASE_ERROR_INVALID},
    {POD("{\"a\":{\"b\":1}}"), "{\"spec\":{\"a\":{\"$retainKeys\":[\"c\"],\"b\":2}}}", NULL, BASE_ERROR_INVALID},
    {POD("{\"a\":{\"b\":1}}"), "{\"spec\":{\"a\":{\"$retainKeys\":\"b\"}}}", NULL, BASE_ERROR_INVALID},
    {POD("{}"), "[]", NULL, BASE_ERROR_INVALID},
    {OBJECT("example.com/v1", "Thing", "\"spec\":{}"), "{\"spec\":{\"a\":1}}", NULL, BASE_ERROR_UNSUPPORTED},
    {OBJECT("snapshot.storage.k8s.io/v1", "VolumeSnapshot", "\"spec\":{}"), "{}", NULL, BASE_ERROR_UNSUPPORTED},
    {"{\"kind\":\"Pod\"}", "{}", NULL, BASE_ERROR_UNSUPPORTED},
    {"[]", "{}", NULL, BASE_ERROR_UNSUPPORTED},
};

static void test_cases(void) {
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(yyjson_mut_doc) doc = json_parse_mut(cases[i].document, strlen(cases[i].document), "document", NULL);
        g_autoptr(yyjson_doc) patch = json_parse(cases[i].patch, strlen(cases[i].patch), "patch", NULL);
        g_assert_true(doc && patch);
        g_autoptr(GError) error = NULL;
        bool ok = json_strategic_patch_apply(doc, yyjson_doc_get_root(patch), &error);
        g_test_message("case %zu: %s", i, cases[i].patch);
        if (cases[i].code == FINE)
            g_assert_no_error(error);
        else
            g_assert_error(error, BASE_ERROR, cases[i].code);
        g_assert_cmpint(ok, ==, cases[i].code == FINE);
        g_autofree char *text = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
        g_assert_cmpstr(text, ==, cases[i].want ? cases[i].want : cases[i].document);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/strategic/cases", test_cases);
    return g_test_run();
}
