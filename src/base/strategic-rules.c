/* Which lists of Kubernetes' built-in kinds merge, and by which key. Facts from
 * the patchStrategy and patchMergeKey markers of the API types (k8s.io/api,
 * apiextensions and kube-aggregator, v1.34): a field's name says it all but for
 * the few names below that have a parent or a kind. */
#include "base/strategic-rules.h"

#include <string.h>

typedef struct {
    const char *field;
    const char *key;    /* NULL: a set of scalars */
    const char *parent; /* name of the member, or list, that the field's object is in; NULL: any */
    const char *kind;   /* "A,B": only these; "!A,B": all but these; NULL: any */
} Rule;

static const Rule rules[] = {
    {"addresses", "type", NULL, "Node"},
    {"allocatedResourcesStatus", "name", NULL, NULL},
    {"conditions", "type", NULL,
     "!CertificateSigningRequest,CustomResourceDefinition,ResourceClaim,StorageVersion,ValidatingAdmissionPolicy"},
    {"containers", "name", NULL, NULL},
    {"drivers", "name", NULL, "CSINode"},
    {"env", "name", NULL, NULL},
    {"ephemeralContainers", "name", NULL, NULL},
    {"finalizers", NULL, "metadata", NULL},
    {"hostAliases", "ip", NULL, NULL},
    {"hostIPs", "ip", NULL, NULL},
    {"imagePullSecrets", "name", NULL, "!ServiceAccount"},
    {"initContainers", "name", NULL, NULL},
    {"matchConditions", "name", NULL, NULL},
    {"ownerReferences", "uid", "metadata", NULL},
    {"podCIDRs", NULL, NULL, "Node"},
    {"podIPs", "ip", NULL, NULL},
    {"ports", "containerPort", "containers", NULL},
    {"ports", "containerPort", "initContainers", NULL},
    {"ports", "containerPort", "ephemeralContainers", NULL},
    {"ports", "port", "spec", "Service"},
    {"reservedFor", "uid", NULL, "ResourceClaim"},
    {"resourceClaimStatuses", "name", NULL, NULL},
    {"resourceClaims", "name", NULL, NULL},
    {"schedulingGates", "name", NULL, NULL},
    {"secrets", "name", NULL, "ServiceAccount"},
    {"topologySpreadConstraints", "topologyKey", NULL, NULL},
    {"variables", "name", NULL, "ValidatingAdmissionPolicy"},
    {"volumeDevices", "devicePath", NULL, NULL},
    {"volumeMounts", "mountPath", NULL, NULL},
    {"volumes", "name", NULL, NULL},
    {"webhooks", "name", NULL, NULL},
    {"x-kubernetes-validations", "rule", NULL, NULL},
};

static bool kind_fits(const char *kinds, const char *kind) {
    if (!kinds)
        return true;
    bool except = *kinds == '!';
    g_auto(GStrv) names = g_strsplit(kinds + except, ",", -1);
    return g_strv_contains((const char *const *)names, kind) != except;
}

StrategicList strategic_list(const char *kind, const char *parent, const char *field, const char **out_key) {
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        const Rule *rule = &rules[i];
        if (!g_str_equal(rule->field, field) || (rule->parent && g_strcmp0(rule->parent, parent) != 0) ||
            !kind_fits(rule->kind, kind))
            continue;
        *out_key = rule->key;
        return rule->key ? STRATEGIC_BY_KEY : STRATEGIC_SET;
    }
    return STRATEGIC_ATOMIC;
}

bool strategic_replaces_object(const char *kind, const char *parent, const char *field) {
    return g_str_equal(field, "selector") && g_strcmp0(parent, "spec") == 0 && g_str_equal(kind, "PodDisruptionBudget");
}

bool strategic_is_built_in(const char *api_version) {
    static const char *const groups[] = {"admissionregistration.k8s.io",
                                         "apiextensions.k8s.io",
                                         "apiregistration.k8s.io",
                                         "apps",
                                         "authentication.k8s.io",
                                         "authorization.k8s.io",
                                         "autoscaling",
                                         "batch",
                                         "certificates.k8s.io",
                                         "coordination.k8s.io",
                                         "discovery.k8s.io",
                                         "events.k8s.io",
                                         "extensions",
                                         "flowcontrol.apiserver.k8s.io",
                                         "internal.apiserver.k8s.io",
                                         "networking.k8s.io",
                                         "node.k8s.io",
                                         "policy",
                                         "rbac.authorization.k8s.io",
                                         "resource.k8s.io",
                                         "scheduling.k8s.io",
                                         "storage.k8s.io",
                                         "storagemigration.k8s.io",
                                         NULL};
    const char *slash = strchr(api_version, '/');
    if (!slash)
        return g_str_equal(api_version, "v1");
    g_autofree char *group = g_strndup(api_version, (gsize)(slash - api_version));
    return g_strv_contains(groups, group);
}
