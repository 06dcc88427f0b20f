#include "ark/clean.h"

#include "ark/order.h"

#include <string.h>

typedef yyjson_mut_val Value;

void ark_clean_init(ArkClean *clean, const ArkIndex *index, bool all, ArkSecrets secrets) {
    *clean = (ArkClean){.index = index, .all = all, .secrets = secrets};
    clean->spec.namespace_mapping = g_hash_table_new(g_str_hash, g_str_equal);
    clean->transform =
        (ArkTransform){.spec = &clean->spec,
                       .restore_name = "",
                       .without_hooks = true,
                       .dynamic_volumes = all ? g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)
                                              : ark_transform_dynamic_volumes(index)};
}

void ark_clean_clear(ArkClean *clean) {
    g_hash_table_unref(clean->spec.namespace_mapping);
    g_hash_table_unref(clean->transform.dynamic_volumes);
}

/* --- what is left out ------------------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *list) {
    return text && g_strv_contains(list, text);
}

static bool is_system_namespace(const char *name) {
    static const char *const system[] = {"kube-system", "kube-public", "kube-node-lease", NULL};
    return is_one_of(name, system);
}

/* The one member that the server gives every namespace. */
static bool only_has_own_name(yyjson_val *labels) {
    return yyjson_obj_size(labels) == 0 ||
           (yyjson_obj_size(labels) == 1 && json_get(labels, "kubernetes.io/metadata.name"));
}

static bool is_bare_default(const char *group_resource, yyjson_val *object, const char *name) {
    yyjson_val *metadata = json_get(object, "metadata");
    if (g_strcmp0(name, "default") != 0 || yyjson_obj_size(json_get(metadata, "annotations")) > 0)
        return false;
    if (g_str_equal(group_resource, "namespaces"))
        return only_has_own_name(json_get(metadata, "labels"));
    return g_str_equal(group_resource, "serviceaccounts") && yyjson_obj_size(json_get(metadata, "labels")) == 0 &&
           yyjson_arr_size(json_get(object, "imagePullSecrets")) == 0 &&
           yyjson_arr_size(json_get(object, "secrets")) == 0 && !json_get(object, "automountServiceAccountToken");
}

static bool has_controller(yyjson_val *object) {
    size_t index, count;
    yyjson_val *owner;
    yyjson_arr_foreach(json_get(object, "metadata", "ownerReferences"), index, count, owner) {
        if (yyjson_is_true(json_get(owner, "controller")))
            return true;
    }
    return false;
}

/* Endpoints without a label of their controller, as older clusters have them: their service has a selector. */
static bool has_service_with_selector(const ArkClean *clean, yyjson_val *endpoints) {
    const char *space = json_get_string(endpoints, "metadata", "namespace"),
               *name = json_get_string(endpoints, "metadata", "name");
    const ArkEntry *entry = space && name ? ark_index_find(clean->index, "services", space, name) : NULL;
    g_autoptr(yyjson_doc) service = entry ? ark_index_object(clean->index, entry, NULL) : NULL;
    return yyjson_obj_size(json_get(yyjson_doc_get_root(service), "spec", "selector")) > 0;
}

static bool is_made_by_a_service(const ArkClean *clean, const char *group_resource, yyjson_val *object) {
    static const char *const controllers[] = {"endpoint-controller", "endpointslice-controller.k8s.io",
                                              "endpointslicemirroring-controller.k8s.io", NULL};
    yyjson_val *labels = json_get(object, "metadata", "labels");
    if (g_str_equal(group_resource, "endpointslices.discovery.k8s.io"))
        return is_one_of(json_get_string(labels, "endpointslice.kubernetes.io/managed-by"), controllers);
    return g_str_equal(group_resource, "endpoints") &&
           (is_one_of(json_get_string(labels, "endpoints.kubernetes.io/managed-by"), controllers) ||
            has_service_with_selector(clean, object));
}

/* default/kubernetes in several kinds, its address range, and other things that are there before the first user. */
static bool is_made_by_the_server(const char *group_resource, yyjson_val *object, const char *space, const char *name) {
    static const char *const own[] = {"services", "endpoints", "endpointslices.discovery.k8s.io", NULL};
    yyjson_val *metadata = json_get(object, "metadata");
    if (json_get(metadata, "labels", "kubernetes.io/bootstrapping") ||
        g_strcmp0(json_get_string(metadata, "annotations", "apf.kubernetes.io/autoupdate-spec"), "true") == 0)
        return true;
    if (g_strcmp0(name, "kubernetes") == 0)
        return (g_strcmp0(space, "default") == 0 && is_one_of(group_resource, own)) ||
               g_str_equal(group_resource, "servicecidrs.networking.k8s.io");
    return g_str_equal(group_resource, "priorityclasses.scheduling.k8s.io") && name &&
           g_str_has_prefix(name, "system-");
}

const char *ark_clean_leaves_out(const ArkClean *clean, const char *group_resource, yyjson_val *object) {
    static const char *const passing[] = {
        "leases.coordination.k8s.io",    "componentstatuses",
        "ipaddresses.networking.k8s.io", "certificatesigningrequests.certificates.k8s.io",
        "controllerrevisions.apps",      NULL};
    yyjson_val *metadata = json_get(object, "metadata");
    const char *space = json_get_string(metadata, "namespace"), *name = json_get_string(metadata, "name"), *reason;
    if (clean->secrets == ARK_SECRETS_SKIP && g_str_equal(group_resource, "secrets"))
        return "secrets are skipped";
    if (clean->all)
        return NULL;
    if (is_system_namespace(space) || (g_str_equal(group_resource, "namespaces") && is_system_namespace(name)))
        return "its namespace is the cluster's own";
    if (ark_order_is_never_restored(group_resource) || is_one_of(group_resource, passing))
        return "its kind is the cluster's own record of what goes on";
    if (is_made_by_the_server(group_resource, object, space, name) || is_bare_default(group_resource, object, name) ||
        (g_str_equal(group_resource, "configmaps") && g_strcmp0(name, "kube-root-ca.crt") == 0))
        return "every cluster makes it by itself";
    if (has_controller(object))
        return "a controller makes it";
    if (is_made_by_a_service(clean, group_resource, object))
        return "its service makes it";
    if (g_str_equal(group_resource, "secrets") &&
        g_strcmp0(json_get_string(object, "type"), "kubernetes.io/service-account-token") == 0)
        return "it is the token of a service account of this cluster";
    if (json_get(metadata, "annotations", "control-plane.alpha.kubernetes.io/leader"))
        return "it is a lock of an election";
    return ark_transform_skips(&clean->transform, group_resource, object, &reason) ? reason : NULL;
}

/* --- what is taken away -------------------------------------------------------------------------- */

static void remove_if_empty(Value *object, const char *key) {
    Value *value = json_mut_get(object, key);
    if (value && (yyjson_mut_is_null(value) || (yyjson_mut_is_obj(value) && yyjson_mut_obj_size(value) == 0) ||
                  (yyjson_mut_is_arr(value) && yyjson_mut_arr_size(value) == 0)))
        json_mut_remove(object, key);
}

static void clean_metadata(Value *object) {
    static const char *const notes[] = {
        "kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision",
        "deployment.kubernetes.io/desired-replicas",        "deployment.kubernetes.io/max-replicas",
        "deprecated.daemonset.template.generation",         "batch.kubernetes.io/job-tracking",
        "endpoints.kubernetes.io/last-change-trigger-time"};
    Value *metadata = json_mut_get(object, "metadata"), *annotations = json_mut_get(metadata, "annotations");
    json_mut_remove(metadata, "managedFields");
    for (size_t i = 0; i < G_N_ELEMENTS(notes); i++)
        json_mut_remove(annotations, notes[i]);
    remove_if_empty(metadata, "annotations");
    remove_if_empty(metadata, "labels");
}

/* Older API servers write what they do not know as null into templates. */
static void clean_template(Value *template) {
    Value *metadata = json_mut_get(template, "metadata");
    if (yyjson_mut_is_null(json_mut_get(metadata, "creationTimestamp")))
        json_mut_remove(metadata, "creationTimestamp");
}

static void clean_templates(Value *object) {
    Value *spec = json_mut_get(object, "spec"), *job = json_mut_get(spec, "jobTemplate"), *claim;
    size_t index, count;
    clean_template(json_mut_get(spec, "template"));
    clean_template(job);
    clean_template(json_mut_get(job, "spec", "template"));
    yyjson_mut_arr_foreach(json_mut_get(spec, "volumeClaimTemplates"), index, count, claim) {
        clean_template(claim);
        json_mut_remove(claim, "status");
    }
}

static void clean_namespace(Value *object) {
    Value *metadata = json_mut_get(object, "metadata"), *finalizers = json_mut_get(object, "spec", "finalizers");
    json_mut_remove(json_mut_get(metadata, "labels"), "kubernetes.io/metadata.name");
    remove_if_empty(metadata, "labels");
    if (yyjson_mut_arr_size(finalizers) == 1 &&
        g_strcmp0(yyjson_mut_get_str(yyjson_mut_arr_get_first(finalizers)), "kubernetes") == 0)
        json_mut_remove(json_mut_get(object, "spec"), "finalizers");
    remove_if_empty(object, "spec");
}

/* Drops from an array all objects whose name begins so: the token volume that admission gives each pod. */
static void drop_tokens(Value *holder, const char *key) {
    Value *array = json_mut_get(holder, key);
    for (size_t i = yyjson_mut_arr_size(array); i-- > 0;) {
        const char *name = json_mut_get_string(yyjson_mut_arr_get(array, i), "name");
        if (name && g_str_has_prefix(name, "kube-api-access-"))
            yyjson_mut_arr_remove(array, i);
    }
    remove_if_empty(holder, key);
}

static void clean_pod(Value *object) {
    static const char *const kinds[] = {"containers", "initContainers", "ephemeralContainers"};
    Value *spec = json_mut_get(object, "spec");
    drop_tokens(spec, "volumes");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        size_t index, count;
        Value *container;
        yyjson_mut_arr_foreach(json_mut_get(spec, kinds[i]), index, count, container)
            drop_tokens(container, "volumeMounts");
    }
    json_mut_remove(spec, "ephemeralContainers"); /* no pod can be made with them */
}

/* A job whose selector a person wrote says manualSelector; any other is the server's, and is refused on creation. */
static void clean_job(Value *object) {
    static const char *const labels[] = {"controller-uid", "batch.kubernetes.io/controller-uid", "job-name",
                                         "batch.kubernetes.io/job-name"};
    Value *spec = json_mut_get(object, "spec"), *metadata = json_mut_get(spec, "template", "metadata");
    if (yyjson_mut_is_true(json_mut_get(spec, "manualSelector")))
        return;
    json_mut_remove(spec, "selector");
    for (size_t i = 0; i < G_N_ELEMENTS(labels); i++)
        json_mut_remove(json_mut_get(metadata, "labels"), labels[i]);
    remove_if_empty(metadata, "labels");
    remove_if_empty(json_mut_get(spec, "template"), "metadata");
}

/* The keys stay, and each value is one that the API server takes for the secret's type. */
static void redact(yyjson_mut_doc *doc, Value *object) {
    static const char *const registries[] = {".dockerconfigjson", ".dockercfg", NULL};
    size_t index, count;
    Value *key, *value, *data = json_mut_get(object, "data"), *redacted = yyjson_mut_obj(doc);
    if (!yyjson_mut_is_obj(data))
        return;
    yyjson_mut_obj_foreach(data, index, count, key, value) {
        bool registry = is_one_of(yyjson_mut_get_str(key), registries);
        yyjson_mut_obj_add(redacted, yyjson_mut_val_mut_copy(doc, key),
                           yyjson_mut_str(doc, registry ? "e30=" : "UkVEQUNURUQ=")); /* {}, REDACTED */
    }
    json_mut_set(doc, object, "data", redacted);
}

bool ark_clean(const ArkClean *clean, const char *group_resource, yyjson_mut_doc *doc, GError **error) {
    Value *object = yyjson_mut_doc_get_root(doc);
    if (!ark_transform(&clean->transform, group_resource, doc, error))
        return false;
    clean_metadata(object);
    clean_templates(object);
    if (g_str_equal(group_resource, "namespaces"))
        clean_namespace(object);
    else if (g_str_equal(group_resource, "pods"))
        clean_pod(object);
    else if (g_str_equal(group_resource, "jobs.batch"))
        clean_job(object);
    else if (g_str_equal(group_resource, "secrets") && clean->secrets == ARK_SECRETS_REDACT)
        redact(doc, object);
    json_mut_sort(object);
    return true;
}
