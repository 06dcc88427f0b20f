#include "sonobuoy/deploy.h"

#include "kube/object.h"
#include "sonobuoy/manifest.h"

typedef struct {
    KubeClient *client;
    KubeDiscovery *discovery;
    RunLog *log;
    const char *namespace_; /* where something was made */
    bool guest;             /* the run's namespace was there before it */
} Deploy;

static void set_label(yyjson_mut_doc *object, const char *key, const char *value) {
    yyjson_mut_val *metadata = json_mut_ensure_object(object, yyjson_mut_doc_get_root(object), "metadata");
    json_mut_set_string(object, json_mut_ensure_object(object, metadata, "labels"), key, value);
}

/* `sonobuoy delete` is to leave that namespace to those whose it is. */
static void mark_guest(yyjson_mut_doc *object) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(object);
    if (g_strcmp0(json_mut_get_string(root, "kind"), "ConfigMap") != 0 ||
        g_strcmp0(json_mut_get_string(root, "metadata", "name"), CONFIG_MAP_NAME) != 0)
        return;
    yyjson_mut_val *metadata = json_mut_ensure_object(object, root, "metadata");
    json_mut_set_string(object, json_mut_ensure_object(object, metadata, "annotations"), GUEST_ANNOTATION, "true");
}

static bool create(Deploy *deploy, yyjson_mut_doc *object, GError **error) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(object);
    const char *api_version = json_mut_get_string(root, "apiVersion"), *kind = json_mut_get_string(root, "kind");
    const char *name = json_mut_get_string(root, "metadata", "name");
    const char *namespace_ = json_mut_get_string(root, "metadata", "namespace");
    if (!api_version || !kind || !name) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID,
                            "an object of the manifest has no apiVersion, kind or metadata.name");
        return false;
    }
    const KubeResource *resource = kube_discovery_kind(deploy->discovery, api_version, kind);
    if (!resource) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the cluster knows no kind %s of %s, which %s is", kind,
                    api_version, name);
        return false;
    }
    if (!resource->namespaced)
        namespace_ = NULL;
    else if (!namespace_)
        namespace_ = kube_client_config(deploy->client)->namespace_;
    /* `sonobuoy delete` knows by these what it may take: a namespace that has nothing in it yet, and what is in one. */
    if (g_str_equal(kind, "Namespace"))
        set_label(object, LABEL_COMPONENT, COMPONENT_SONOBUOY);
    else if (namespace_)
        set_label(object, MADE_LABEL, "true");
    if (deploy->guest)
        mark_guest(object);
    size_t length;
    g_autofree char *body = json_mut_write(root, &length);
    g_autoptr(GError) failure = NULL;
    if (kube_object_create(deploy->client, resource, namespace_, body, length, NULL, NULL, &failure)) {
        run_log(deploy->log, LOG_INFO, "created %s %s", resource->group_resource, name);
        if (namespace_ || g_str_equal(kind, "Namespace"))
            deploy->namespace_ = namespace_ ? namespace_ : name;
        return true;
    }
    if (!resource->namespaced && g_error_matches(failure, BASE_ERROR, BASE_ERROR_EXISTS)) {
        run_log(deploy->log, LOG_INFO, "%s %s is there already", resource->group_resource, name);
        deploy->guest |= g_str_equal(kind, "Namespace");
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static bool is_kind(yyjson_mut_doc *object, const char *ending) {
    const char *kind = json_mut_get_string(yyjson_mut_doc_get_root(object), "kind");
    return kind && g_str_has_suffix(kind, ending);
}

/* A role before what binds it: who may not grant what is in it must be the one who made it. */
static GPtrArray *in_order(const GPtrArray *objects) {
    GPtrArray *ordered = g_ptr_array_new();
    for (guint i = 0; i < objects->len; i++) {
        bool swap =
            is_kind(objects->pdata[i], "RoleBinding") && i + 1 < objects->len && is_kind(objects->pdata[i + 1], "Role");
        if (swap)
            g_ptr_array_add(ordered, objects->pdata[i + 1]);
        g_ptr_array_add(ordered, objects->pdata[i]);
        i += swap;
    }
    return ordered;
}

bool deploy_create(KubeClient *client, const GPtrArray *objects, RunLog *log, GError **error) {
    g_autoptr(GPtrArray) ordered = in_order(objects);
    g_autoptr(KubeDiscovery) discovery = kube_discovery_new(client, error);
    if (!discovery)
        return false;
    Deploy deploy = {.client = client, .discovery = discovery, .log = log};
    for (guint i = 0; i < ordered->len; i++) {
        GError *failure = NULL;
        if (create(&deploy, ordered->pdata[i], &failure))
            continue;
        if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_EXISTS))
            g_prefix_error_literal(&failure, "a run is there already, which `sonobuoy status` tells of: ");
        if (deploy.namespace_) {
            g_autofree char *rest = g_steal_pointer(&failure->message);
            failure->message = g_strdup_printf("%s; what was made before stays, `sonobuoy delete -n %s` removes it",
                                               rest, deploy.namespace_);
        }
        g_propagate_error(error, failure);
        return false;
    }
    return true;
}
