#include "ark/transform.h"

#include "ark/order.h"
#include "base/text.h"

#include <string.h>

typedef yyjson_mut_val Value;

GHashTable *ark_transform_dynamic_volumes(const ArkIndex *index) {
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const ArkIndexKind *kind = ark_index_kind(index, "persistentvolumes");
    for (guint i = 0; kind && i < kind->entries->len; i++) {
        const ArkEntry *entry = &g_array_index(kind->entries, ArkEntry, i);
        g_autoptr(yyjson_doc) doc = ark_index_object(index, entry, NULL);
        if (g_strcmp0(json_get_string(yyjson_doc_get_root(doc), "spec", "persistentVolumeReclaimPolicy"), "Delete") ==
            0)
            g_hash_table_add(names, g_strdup(entry->name));
    }
    return names;
}

const char *ark_transform_namespace(const ArkTransform *transform, const char *namespace_) {
    const char *mapped = namespace_ ? g_hash_table_lookup(transform->spec->namespace_mapping, namespace_) : NULL;
    return mapped ? mapped : namespace_;
}

void ark_transform_reset_metadata(Value *object) {
    static const char *const drop[] = {"generateName",
                                       "selfLink",
                                       "uid",
                                       "resourceVersion",
                                       "generation",
                                       "creationTimestamp",
                                       "deletionTimestamp",
                                       "deletionGracePeriodSeconds",
                                       "ownerReferences"};
    Value *metadata = json_mut_get(object, "metadata");
    for (size_t i = 0; i < G_N_ELEMENTS(drop); i++)
        json_mut_remove(metadata, drop[i]);
    json_mut_remove(object, "status");
}

void ark_transform_add_labels(const ArkTransform *transform, yyjson_mut_doc *doc) {
    Value *metadata = json_mut_ensure_object(doc, yyjson_mut_doc_get_root(doc), "metadata");
    Value *labels = json_mut_ensure_object(doc, metadata, "labels");
    g_autofree char *backup = name_to_label_value(transform->spec->backup_name);
    g_autofree char *restore = name_to_label_value(transform->restore_name);
    json_mut_set_string(doc, labels, "velero.io/backup-name", backup);
    json_mut_set_string(doc, labels, "velero.io/restore-name", restore);
}

/* --- what is left out -------------------------------------------------------------------------- */

static bool is_finished_pod(yyjson_val *object) {
    const char *phase = json_get_string(object, "status", "phase");
    return g_strcmp0(phase, "Succeeded") == 0 || g_strcmp0(phase, "Failed") == 0;
}

static bool is_auto_token(yyjson_val *secret) {
    const char *name = json_get_string(secret, "metadata", "name");
    const char *account = json_get_string(secret, "metadata", "annotations", "kubernetes.io/service-account.name");
    if (g_strcmp0(json_get_string(secret, "type"), "kubernetes.io/service-account-token") != 0 || !name || !account)
        return false;
    g_autofree char *prefix = g_strdup_printf("%s-token-", account);
    return g_str_has_prefix(name, prefix);
}

bool ark_transform_skips(const ArkTransform *transform, const char *group_resource, yyjson_val *object,
                         const char **out_reason) {
    *out_reason = NULL;
    if (g_str_equal(group_resource, "pods")) {
        if (json_get(object, "metadata", "annotations", "kubernetes.io/config.mirror"))
            *out_reason = "it is a mirror pod, which a node makes by itself";
        else if (is_finished_pod(object))
            *out_reason = "it has ended";
    } else if (g_str_equal(group_resource, "jobs.batch")) {
        const char *completed = json_get_string(object, "status", "completionTime");
        if (completed && *completed)
            *out_reason = "it is complete";
    } else if (g_str_equal(group_resource, "secrets") && is_auto_token(object)) {
        *out_reason = "it is a token that the cluster makes for the service account";
    } else if (g_str_equal(group_resource, "apiservices.apiregistration.k8s.io") &&
               json_get(object, "metadata", "labels", "kube-aggregator.kubernetes.io/automanaged")) {
        *out_reason = "the API server makes it by itself";
    } else if (g_str_equal(group_resource, "persistentvolumes")) {
        const char *name = json_get_string(object, "metadata", "name");
        if (name && g_hash_table_contains(transform->dynamic_volumes, name))
            *out_reason =
                "its reclaim policy is Delete and its data is not in the backup: it is made anew for its claim";
    }
    return *out_reason != NULL;
}

/* --- actions ------------------------------------------------------------------------------------- */

typedef struct {
    const ArkTransform *transform;
    yyjson_mut_doc *doc;
    Value *object;
    GError **error; /* set by an action that fails */
} Act;

static void remove_keys(Value *object, const char *const *keys) {
    for (; *keys; keys++)
        json_mut_remove(object, *keys);
}

static void act_job(const Act *act) {
    static const char *const keys[] = {"controller-uid", "batch.kubernetes.io/controller-uid", NULL};
    remove_keys(json_mut_get(act->object, "spec", "selector", "matchLabels"), keys);
    remove_keys(json_mut_get(act->object, "spec", "template", "metadata", "labels"), keys);
}

/* Drops from an array all objects whose `key` begins with `prefix`. */
static void drop_prefixed(Value *array, const char *key, const char *prefix) {
    for (size_t i = yyjson_mut_arr_size(array); i-- > 0;) {
        const char *text = json_mut_get_string(yyjson_mut_arr_get(array, i), key);
        if (text && g_str_has_prefix(text, prefix))
            yyjson_mut_arr_remove(array, i);
    }
}

static void act_pod(const Act *act) {
    Value *spec = json_mut_get(act->object, "spec");
    json_mut_remove(spec, "nodeName");
    json_mut_remove(spec, "priority");
    const char *account = json_mut_get_string(spec, "serviceAccountName");
    g_autofree char *prefix = g_strdup_printf("%s-token-", account ? account : "default");
    drop_prefixed(json_mut_get(spec, "volumes"), "name", prefix);
    static const char *const kinds[] = {"containers", "initContainers"};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        size_t index, count;
        Value *container;
        yyjson_mut_arr_foreach(json_mut_get(spec, kinds[i]), index, count, container)
            drop_prefixed(json_mut_get(container, "volumeMounts"), "name", prefix);
    }
}

static void act_service_account(const Act *act) {
    Value *secrets = json_mut_get(act->object, "secrets");
    g_autofree char *prefix = g_strdup_printf("%s-token-", json_mut_get_string(act->object, "metadata", "name"));
    for (size_t i = 0; i < yyjson_mut_arr_size(secrets); i++) {
        const char *name = json_mut_get_string(yyjson_mut_arr_get(secrets, i), "name");
        if (name && g_str_has_prefix(name, prefix)) {
            yyjson_mut_arr_remove(secrets, i);
            break;
        }
    }
}

static void act_secret(const Act *act) {
    if (g_strcmp0(json_mut_get_string(act->object, "type"), "kubernetes.io/service-account-token") != 0)
        return;
    json_mut_remove(json_mut_get(act->object, "metadata", "annotations"), "kubernetes.io/service-account.uid");
    static const char *const keys[] = {"token", "ca.crt", NULL};
    remove_keys(json_mut_get(act->object, "data"), keys);
}

/* --- services: which port numbers were chosen by a person --- */

/* Whether last-applied-configuration sets the node port of the port named so, or of that number. */
static bool is_in_last_applied(yyjson_val *applied, Value *port) {
    size_t index, count;
    yyjson_val *other;
    const char *name = json_mut_get_string(port, "name");
    yyjson_arr_foreach(json_get(applied, "spec", "ports"), index, count, other) {
        bool same = name ? g_strcmp0(json_get_string(other, "name"), name) == 0
                         : json_int(json_get(other, "port"), -1) == json_mut_int(json_mut_get(port, "port"), -2);
        if (same && json_int(json_get(other, "nodePort"), 0) > 0)
            return true;
    }
    return false;
}

/* Whether a manager's fields hold spec.ports[k].nodePort for this port. */
static bool is_in_managed_fields(Value *object, Value *port) {
    g_autofree char *key = g_strdup_printf(
        "k:{\"port\":%" G_GINT64_FORMAT ",\"protocol\":\"%s\"}", json_mut_int(json_mut_get(port, "port"), 0),
        json_mut_get_string(port, "protocol") ? json_mut_get_string(port, "protocol") : "TCP");
    size_t index, count;
    Value *entry;
    yyjson_mut_arr_foreach(json_mut_get(object, "metadata", "managedFields"), index, count, entry) {
        if (json_mut_get(entry, "fieldsV1", "f:spec", "f:ports", key, "f:nodePort"))
            return true;
    }
    return false;
}

static bool manages(Value *object, const char *field) {
    size_t index, count;
    Value *entry;
    yyjson_mut_arr_foreach(json_mut_get(object, "metadata", "managedFields"), index, count, entry) {
        if (json_mut_get(entry, "fieldsV1", "f:spec", field))
            return true;
    }
    return false;
}

static void act_service(const Act *act) {
    Value *spec = json_mut_get(act->object, "spec"), *port;
    if (g_strcmp0(json_mut_get_string(spec, "clusterIP"), "None") != 0) {
        json_mut_remove(spec, "clusterIP");
        json_mut_remove(spec, "clusterIPs");
    }
    if (act->transform->spec->preserve_node_ports)
        return;
    const char *text =
        json_mut_get_string(act->object, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration");
    g_autoptr(yyjson_doc) applied = text ? json_parse(text, strlen(text), "last-applied-configuration", NULL) : NULL;
    yyjson_val *applied_root = applied ? yyjson_doc_get_root(applied) : NULL;
    size_t index, count;
    yyjson_mut_arr_foreach(json_mut_get(spec, "ports"), index, count, port) {
        bool chosen = applied_root ? is_in_last_applied(applied_root, port) : is_in_managed_fields(act->object, port);
        if (!chosen)
            json_mut_remove(port, "nodePort");
    }
    bool health = applied_root ? json_int(json_get(applied_root, "spec", "healthCheckNodePort"), 0) > 0
                               : manages(act->object, "f:healthCheckNodePort");
    if (!health)
        json_mut_remove(spec, "healthCheckNodePort");
}

/* --- bindings: subjects in mapped namespaces --- */

static void map_subjects(const Act *act) {
    size_t index, count;
    Value *subject;
    yyjson_mut_arr_foreach(json_mut_get(act->object, "subjects"), index, count, subject) {
        const char *space = json_mut_get_string(subject, "namespace"), *name = json_mut_get_string(subject, "name");
        const char *mapped = ark_transform_namespace(act->transform, space);
        if (mapped && !g_str_equal(mapped, space))
            json_mut_set_string(act->doc, subject, "namespace", mapped);
        static const char *const prefixes[] = {"system:serviceaccounts:", "system:serviceaccount:"};
        for (size_t i = 0; name && i < G_N_ELEMENTS(prefixes); i++) {
            if (!g_str_has_prefix(name, prefixes[i]))
                continue;
            g_auto(GStrv) rest = g_strsplit(name + strlen(prefixes[i]), ":", 2);
            const char *to = rest[0] ? ark_transform_namespace(act->transform, rest[0]) : NULL;
            g_autofree char *changed =
                g_strdup_printf("%s%s%s%s", prefixes[i], to ? to : "", rest[0] && rest[1] ? ":" : "",
                                rest[0] && rest[1] ? rest[1] : "");
            json_mut_set_string(act->doc, subject, "name", changed);
            break;
        }
    }
}

/* --- volumes --- */

static void change_class(const Act *act, Value *spec) {
    const ArkTransform *transform = act->transform;
    const char *class = json_mut_get_string(spec, "storageClassName");
    const char *mapped =
        transform->storage_classes && class && *class ? g_hash_table_lookup(transform->storage_classes, class) : NULL;
    if (mapped && !*act->error && transform->has_storage_class(mapped, transform->data, act->error))
        json_mut_set_string(act->doc, spec, "storageClassName", mapped);
}

static void act_claim(const Act *act) {
    static const char *const keys[] = {"pv.kubernetes.io/bind-completed",
                                       "pv.kubernetes.io/bound-by-controller",
                                       "volume.beta.kubernetes.io/storage-provisioner",
                                       "volume.kubernetes.io/storage-provisioner",
                                       "volume.kubernetes.io/selected-node",
                                       "velero.io/volume-snapshot-name",
                                       "velero.io/data-upload-name",
                                       NULL};
    Value *spec = json_mut_get(act->object, "spec");
    remove_keys(json_mut_get(act->object, "metadata", "annotations"), keys);
    const char *volume = json_mut_get_string(spec, "volumeName");
    if (volume && g_hash_table_contains(act->transform->dynamic_volumes, volume))
        json_mut_remove(spec, "volumeName");
    change_class(act, spec);
}

static void act_volume(const Act *act) {
    Value *spec = json_mut_get(act->object, "spec"), *claim = json_mut_get(spec, "claimRef");
    static const char *const keys[] = {"pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller", NULL};
    remove_keys(json_mut_get(act->object, "metadata", "annotations"), keys);
    json_mut_remove(claim, "uid");
    json_mut_remove(claim, "resourceVersion");
    const char *space = json_mut_get_string(claim, "namespace"),
               *mapped = ark_transform_namespace(act->transform, space);
    if (mapped && !g_str_equal(mapped, space))
        json_mut_set_string(act->doc, claim, "namespace", mapped);
    change_class(act, spec);
}

static void act_stateful_set(const Act *act) {
    size_t index, count;
    Value *template;
    yyjson_mut_arr_foreach(json_mut_get(act->object, "spec", "volumeClaimTemplates"), index, count, template)
        change_class(act, json_mut_get(template, "spec"));
}

/* --- definitions and webhooks --- */

static void act_definition(const Act *act) {
    Value *spec = json_mut_get(act->object, "spec");
    if (!yyjson_mut_is_true(json_mut_get(spec, "preserveUnknownFields")))
        return;
    json_mut_set(act->doc, spec, "preserveUnknownFields", yyjson_mut_false(act->doc));
    size_t index, count;
    Value *version;
    yyjson_mut_arr_foreach(json_mut_get(spec, "versions"), index, count, version) {
        Value *schema = json_mut_get(version, "schema", "openAPIV3Schema");
        if (schema)
            json_mut_set(act->doc, schema, "x-kubernetes-preserve-unknown-fields", yyjson_mut_true(act->doc));
    }
}

static void act_webhooks(const Act *act) {
    size_t index, count;
    Value *webhook;
    yyjson_mut_arr_foreach(json_mut_get(act->object, "webhooks"), index, count, webhook) {
        const char *effects = json_mut_get_string(webhook, "sideEffects");
        if (effects && !g_str_equal(effects, "None") && !g_str_equal(effects, "NoneOnDryRun"))
            json_mut_set_string(act->doc, webhook, "sideEffects", "None");
    }
}

/* --- images --- */

/* The image by the first rule that fits, or NULL. */
static char *changed_image(GHashTable *rules, const char *image) {
    GHashTableIter iter;
    char *rule;
    g_hash_table_iter_init(&iter, rules);
    while (g_hash_table_iter_next(&iter, NULL, (void **)&rule)) {
        g_auto(GStrv) sides = g_strsplit(rule, ",", 2);
        const char *from = sides[0] ? g_strstrip(sides[0]) : "", *to = sides[0] && sides[1] ? g_strstrip(sides[1]) : "";
        if (!*from || !*to || !strstr(image, from))
            continue;
        g_auto(GStrv) parts = g_strsplit(image, from, -1);
        return g_strjoinv(to, parts);
    }
    return NULL;
}

static void change_images(const Act *act, Value *pod_spec) {
    static const char *const kinds[] = {"containers", "initContainers"};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        size_t index, count;
        Value *container;
        yyjson_mut_arr_foreach(json_mut_get(pod_spec, kinds[i]), index, count, container) {
            const char *image = json_mut_get_string(container, "image");
            g_autofree char *changed = image ? changed_image(act->transform->image_names, image) : NULL;
            if (changed)
                json_mut_set_string(act->doc, container, "image", changed);
        }
    }
}

static void act_images(const Act *act) {
    if (!act->transform->image_names)
        return;
    change_images(act, json_mut_get(act->object, "spec"));
    change_images(act, json_mut_get(act->object, "spec", "template", "spec"));
    change_images(act, json_mut_get(act->object, "spec", "jobTemplate", "spec", "template", "spec"));
}

static void act_init_hooks(const Act *act) {
    const char *space = json_mut_get_string(act->object, "metadata", "namespace");
    if (!act->transform->without_hooks)
        ark_init_hooks_apply(act->transform->spec->init_hooks, ark_transform_namespace(act->transform, space),
                             act->doc);
}

static const struct {
    const char *group_resource;
    void (*act)(const Act *act);
} actions[] = {
    {"jobs.batch", act_job},
    {"pods", act_pod},
    {"services", act_service},
    {"serviceaccounts", act_service_account},
    {"secrets", act_secret},
    {"rolebindings.rbac.authorization.k8s.io", map_subjects},
    {"clusterrolebindings.rbac.authorization.k8s.io", map_subjects},
    {"persistentvolumeclaims", act_claim},
    {"persistentvolumes", act_volume},
    {"statefulsets.apps", act_stateful_set},
    {ARK_CRDS, act_definition},
    {"validatingwebhookconfigurations.admissionregistration.k8s.io", act_webhooks},
    {"mutatingwebhookconfigurations.admissionregistration.k8s.io", act_webhooks},
    {"pods", act_init_hooks},
    {"pods", act_images},
    {"deployments.apps", act_images},
    {"statefulsets.apps", act_images},
    {"daemonsets.apps", act_images},
    {"replicasets.apps", act_images},
    {"replicationcontrollers", act_images},
    {"jobs.batch", act_images},
    {"cronjobs.batch", act_images},
};

bool ark_transform(const ArkTransform *transform, const char *group_resource, yyjson_mut_doc *doc, GError **error) {
    Value *object = yyjson_mut_doc_get_root(doc), *metadata = json_mut_get(object, "metadata");
    if (!yyjson_mut_is_obj(metadata) || !json_mut_get_string(metadata, "name")) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CORRUPT, "the stored object has no metadata with a name");
        return false;
    }
    g_autoptr(GError) failure = NULL;
    Act act = {transform, doc, object, &failure};
    ark_transform_reset_metadata(object);
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
        if (g_str_equal(actions[i].group_resource, group_resource))
            actions[i].act(&act);
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    return true;
}
