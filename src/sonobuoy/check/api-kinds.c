/* Kinds: aggregated APIs, custom resources, and what cannot be deleted. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

#include <string.h>

enum { CONVERSIONS_MAX = 64 };

/* --- aggregated APIs ----------------------------------------------------------------------------------------- */

void check_api_services(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *services = snapshot_list(snapshot, SNAPSHOT_API_SERVICES)->items;
    guint aggregated = 0;
    for (guint i = 0; i < services->len; i++) {
        yyjson_val *service = services->pdata[i], *target = json_get(service, "spec", "service");
        const char *space = json_get_string(target, "namespace"), *name = json_get_string(target, "name");
        if (!yyjson_is_obj(target))
            continue;
        aggregated++;
        if (g_strcmp0(condition_status(service, "Available"), "True") == 0)
            continue;
        g_autofree char *object = check_object("APIService", service),
                        *text = condition_text(condition_of(service, "Available"));
        check_fail(result, object, "it is not available: %s", *text ? text : "nobody has said why");
        check_advise(result,
                     "kubectl -n %s get service,endpointslices,pods: service %s has to have a pod that is ready. Where "
                     "its program was removed for good: kubectl delete apiservice %s",
                     space ? space : "?", name ? name : "?", name_of(service));
    }
    check_summary(result, "%u aggregated", aggregated);
}

void check_api_discovery(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *failures = kube_discovery_failures(snapshot_discovery(snapshot));
    for (guint i = 0; i < failures->len; i++) {
        const char *failure = failures->pdata[i], *colon = strstr(failure, ": ");
        g_autofree char *object = colon ? g_strndup(failure, (gsize)(colon - failure)) : NULL;
        check_fail(result, object, "%s", colon ? colon + 2 : failure);
    }
    check_summary(result, "%u kinds", kube_discovery_all(snapshot_discovery(snapshot))->len);
}

/* --- custom resources ------------------------------------------------------------------------------------------ */

static void check_condition(CheckResult *result, yyjson_val *definition, const char *type, const char *bad) {
    yyjson_val *condition = condition_of(definition, type);
    if (g_strcmp0(json_get_string(condition, "status"), bad) != 0)
        return;
    g_autofree char *object = check_object("CustomResourceDefinition", definition), *text = condition_text(condition);
    if (g_str_equal(bad, "True")) {
        check_warn(result, object, "%s: %s", type, text);
        check_advise(result, "Correct spec.versions[].schema as the message says; unknown fields are not pruned until "
                             "then");
    } else {
        check_fail(result, object, "%s is %s: %s", type, bad, text);
    }
    if (g_str_equal(type, "NamesAccepted"))
        check_advise(result, "Another definition has these names. See kubectl get crd -o wide, and delete the one that "
                             "is not wanted, or rename its kind, plural or short names");
}

void check_crds_established(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *definitions = snapshot_list(snapshot, SNAPSHOT_CRDS)->items;
    for (guint i = 0; i < definitions->len; i++) {
        yyjson_val *definition = definitions->pdata[i];
        check_condition(result, definition, "NamesAccepted", "False");
        check_condition(result, definition, "Established", "False");
        check_condition(result, definition, "NonStructuralSchema", "True");
        check_condition(result, definition, "KubernetesAPIApprovalPolicyConformant", "False");
    }
    check_summary(result, "%u definitions", definitions->len);
}

static yyjson_val *version_of(yyjson_val *definition, const char *name) {
    size_t index, count;
    yyjson_val *version;
    yyjson_arr_foreach(json_get(definition, "spec", "versions"), index, count, version) {
        if (g_strcmp0(json_get_string(version, "name"), name) == 0)
            return version;
    }
    return NULL;
}

void check_crds_stored(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *definitions = snapshot_list(snapshot, SNAPSHOT_CRDS)->items;
    for (guint i = 0; i < definitions->len; i++) {
        yyjson_val *definition = definitions->pdata[i], *stored;
        size_t index, count;
        yyjson_arr_foreach(json_get(definition, "status", "storedVersions"), index, count, stored) {
            const char *name = yyjson_get_str(stored);
            yyjson_val *version = version_of(definition, name);
            g_autofree char *object = check_object("CustomResourceDefinition", definition);
            if (name && !version)
                check_fail(result, object,
                           "objects may be stored as %s, which the definition no longer has: they "
                           "cannot be read",
                           name);
            else if (name && !yyjson_get_bool(json_get(version, "served")))
                check_warn(result, object, "objects may be stored as %s, which is not served any more", name);
            else
                continue;
            check_advise(result,
                         "Write all objects anew (kubectl get %s -A -o json | kubectl replace -f -), then take %s out "
                         "of status.storedVersions: kubectl edit crd %s --subresource=status",
                         name_of(definition), name, name_of(definition));
        }
    }
    check_summary(result, "%u definitions", definitions->len);
}

/* Paths that list each served version of those whose versions a webhook converts; `objects` are the definitions. */
static GStrv conversion_paths(const GPtrArray *definitions, GPtrArray *objects) {
    g_autoptr(GStrvBuilder) paths = g_strv_builder_new();
    for (guint i = 0; i < definitions->len; i++) {
        yyjson_val *definition = definitions->pdata[i], *version;
        size_t index, count;
        if (g_strcmp0(json_get_string(definition, "spec", "conversion", "strategy"), "Webhook") != 0)
            continue;
        yyjson_arr_foreach(json_get(definition, "spec", "versions"), index, count, version) {
            if (!yyjson_get_bool(json_get(version, "served")) || objects->len >= CONVERSIONS_MAX)
                continue;
            g_autofree char *path = g_strdup_printf(
                "/apis/%s/%s/%s?limit=1", json_get_string(definition, "spec", "group"),
                json_get_string(version, "name"), json_get_string(definition, "spec", "names", "plural"));
            g_strv_builder_add(paths, path);
            g_ptr_array_add(objects, definition);
        }
    }
    return g_strv_builder_end(paths);
}

static void check_conversion_answers(Snapshot *snapshot, CheckResult *result, const GPtrArray *definitions) {
    g_autoptr(GPtrArray) objects = g_ptr_array_new();
    g_auto(GStrv) paths = conversion_paths(definitions, objects);
    g_autoptr(GPtrArray) answers = snapshot_get_all(snapshot, (const char *const *)paths);
    for (guint i = 0; i < answers->len; i++) {
        const SnapshotAnswer *answer = answers->pdata[i];
        g_autofree char *object = check_object("CustomResourceDefinition", objects->pdata[i]);
        if (answer->error && answer->status >= 500) {
            check_fail(result, object, "%s", answer->error->message);
            check_advise(result,
                         "Until its conversion webhook answers nobody can read these objects, and their "
                         "namespaces cannot be deleted: see kubectl get crd %s -o jsonpath='{.spec.conversion}'",
                         name_of(objects->pdata[i]));
        }
    }
}

void check_crds_conversion(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *definitions = snapshot_list(snapshot, SNAPSHOT_CRDS)->items;
    guint converted = 0;
    for (guint i = 0; i < definitions->len; i++) {
        yyjson_val *definition = definitions->pdata[i],
                   *client = json_get(definition, "spec", "conversion", "webhook", "clientConfig");
        if (g_strcmp0(json_get_string(definition, "spec", "conversion", "strategy"), "Webhook") != 0)
            continue;
        g_autofree char *object = check_object("CustomResourceDefinition", definition);
        converted++;
        if (webhook_service_check(snapshot, result, object, client, true))
            webhook_trust_check(snapshot, result, object, client, true);
    }
    check_conversion_answers(snapshot, result, definitions);
    check_summary(result, "%u with a webhook", converted);
}

/* --- what cannot be deleted ---------------------------------------------------------------------------------- */

static gint64 minutes_deleted(const Snapshot *snapshot, yyjson_val *object) {
    return minutes_since(snapshot, json_get_string(object, "metadata", "deletionTimestamp"));
}

void check_namespaces_stuck(Snapshot *snapshot, CheckResult *result) {
    static const struct {
        const char *type, *fix;
    } causes[] = {
        {"NamespaceDeletionDiscoveryFailure",
         "An aggregated API that does not answer blocks it: see SB-API-06 and SB-API-07"},
        {"NamespaceDeletionGroupVersionParsingFailure", "An API group has a version that is none: see SB-API-07"},
        {"NamespaceDeletionContentFailure", "Its content cannot be deleted: the message names what refuses it"},
        {"NamespaceFinalizersRemaining",
         "Bring back the program that owns the finalizer, or, if it is gone for good, take the finalizer off the "
         "object "
         "(kubectl patch KIND NAME --type=merge -p '{\"metadata\":{\"finalizers\":null}}')"},
        {"NamespaceContentRemaining", "Something in it is not deleted yet: the message names the kind"},
    };
    const GPtrArray *namespaces = snapshot_list(snapshot, SNAPSHOT_NAMESPACES)->items;
    for (guint i = 0; i < namespaces->len; i++) {
        yyjson_val *space = namespaces->pdata[i];
        gint64 minutes = minutes_deleted(snapshot, space);
        size_t cause = 0;
        if (minutes < 0 || minutes < result->config->stuck_minutes)
            continue;
        while (cause < G_N_ELEMENTS(causes) && g_strcmp0(condition_status(space, causes[cause].type), "True") != 0)
            cause++;
        bool told = cause < G_N_ELEMENTS(causes);
        g_autofree char *object = check_object("Namespace", space),
                        *text = told ? condition_text(condition_of(space, causes[cause].type)) : NULL;
        check_fail(result, object, "it is being deleted for %" G_GINT64_FORMAT " min: %s", minutes,
                   told ? text : "nobody has said what is left; the controller manager may not run");
        if (told)
            check_advise(result, "%s", causes[cause].fix);
    }
    check_summary(result, "%u namespaces", namespaces->len);
}

static void check_deletion(const Snapshot *snapshot, CheckResult *result, SnapshotKind kind, yyjson_val *object) {
    gint64 minutes = minutes_deleted(snapshot, object);
    g_auto(GStrv) finalizers = json_strings(json_get(object, "metadata", "finalizers"));
    if (minutes < 0 || minutes < result->config->stuck_minutes || !*finalizers)
        return;
    g_autofree char *names = g_strjoinv(", ", finalizers), *name = check_object(snapshot_kind_name(kind), object);
    const char *space = namespace_of(object);
    check_fail(result, name, "it is being deleted for %" G_GINT64_FORMAT " min: %s did not let it go", minutes, names);
    check_advise(result,
                 "Bring back the program that owns %s; if it is gone for good: kubectl patch %s %s%s%s --type=merge "
                 "-p '{\"metadata\":{\"finalizers\":null}}'",
                 names, snapshot_kind_name(kind), name_of(object), space ? " -n " : "", space ? space : "");
}

void check_deletion_stuck(Snapshot *snapshot, CheckResult *result) {
    check_each_object(snapshot, result, check_deletion);
}
