#include "sonobuoy/remove.h"

#include "kube/list.h"
#include "kube/object.h"
#include "sonobuoy/manifest.h"
#include "sonobuoy/network/network.h"
#include "sonobuoy/resources.h"
#include "sonobuoy/rights.h"

#include <string.h>

#define E2E_LABELS "e2e-framework,e2e-run" /* what the end-to-end framework puts on its namespaces */

/* What a run makes in a namespace that it does not own, and what each run has of it by name. The ConfigMap that tells
 * whose the namespace is goes last. */
static const struct {
    const KubeResource *resource;
    const char *names[2];
    bool by_aggregator; /* it makes some, too */
} own_kinds[] = {
    {&resource_stateful_sets, {AGGREGATOR_POD}, false},
    {&resource_pods, {AGGREGATOR_POD}, true},
    {&resource_daemon_sets, {NULL}, true},
    {&resource_secrets, {NULL}, true},
    {&resource_services, {SERVICE_NAME, NETWORK_SERVICE}, false},
    {&resource_network_policies, {NETWORK_POLICY}, false},
    {&resource_role_bindings, {ROLE_NAME}, false},
    {&resource_roles, {ROLE_NAME}, false},
    {&resource_service_accounts, {NULL}, false},
    {&resource_config_maps, {PLUGINS_MAP_NAME}, false},
};

static bool is_not_found(const GError *failure) {
    return g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

/* --- whose namespace it is ----------------------------------------------------------------------- */

typedef enum { NOT_THERE, NO_RUN, UNREADABLE, GUEST, OWNER } PlaceKind;

typedef struct {
    PlaceKind kind;
    /* Of a guest: */
    bool marked;   /* what the run made bears MADE_LABEL */
    char *account; /* that it made; NULL: none */
} Place;

static void place_clear(Place *place) {
    g_free(place->account);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

/* Whether the run was given a namespace that others have too: its ConfigMap says so. */
static void read_place(yyjson_val *config_map, Place *out) {
    const char *text = json_get_string(config_map, "data", "config.json");
    g_autoptr(yyjson_doc) doc = text ? json_parse(text, strlen(text), CONFIG_MAP_NAME, NULL) : NULL;
    yyjson_val *config = yyjson_doc_get_root(doc), *metadata = json_get(config_map, "metadata");
    const char *permissions = json_get_string(config, "AggregatorPermissions");
    bool marked_guest = json_get_string(json_get(metadata, "annotations"), GUEST_ANNOTATION);
    bool less = permissions && *permissions && !g_str_equal(permissions, PERMISSIONS_CLUSTER_ADMIN) &&
                !g_str_equal(permissions, PERMISSIONS_LEAST);
    out->kind = marked_guest ? GUEST : !yyjson_is_obj(config) ? UNREADABLE : less ? GUEST : OWNER;
    out->marked = json_get_string(json_get(metadata, "labels"), MADE_LABEL);
    if (!yyjson_get_bool(yyjson_obj_get(config, "ExistingServiceAccount")))
        out->account = g_strdup(json_get_string(config, "ServiceAccountName"));
}

static bool find_place(const RemoveOptions *options, Place *out, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) space =
        kube_object_get(options->client, &resource_namespaces, NULL, options->namespace_, &failure);
    if (!space) {
        out->kind = NOT_THERE;
        if (is_not_found(failure))
            return true;
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    g_autoptr(yyjson_doc) config =
        kube_object_get(options->client, &resource_config_maps, options->namespace_, CONFIG_MAP_NAME, &failure);
    if (config) {
        read_place(yyjson_doc_get_root(config), out);
        return true;
    }
    if (!is_not_found(failure)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    /* One that is on its way out, or was made and has nothing in it. */
    yyjson_val *metadata = json_get(yyjson_doc_get_root(space), "metadata");
    bool made = g_strcmp0(json_get_string(metadata, "labels", LABEL_COMPONENT), COMPONENT_SONOBUOY) == 0;
    out->kind = made || yyjson_obj_get(metadata, "deletionTimestamp") ? OWNER : NO_RUN;
    return true;
}

/* --- deleting ------------------------------------------------------------------------------------------ */

static const char *done_word(const RemoveOptions *options) {
    return kube_client_is_dry_run(options->client) ? "would delete" : "deleted";
}

static bool delete_object(const RemoveOptions *options, const KubeResource *resource, const char *name,
                          GError **error) {
    g_autoptr(GError) failure = NULL;
    const char *namespace_ = resource->namespaced ? options->namespace_ : NULL;
    if (kube_object_delete(options->client, resource, namespace_, name, NULL, &failure))
        run_log(options->log, LOG_INFO, "%s %s %s", done_word(options), resource->group_resource, name);
    else if (is_not_found(failure))
        run_log(options->log, LOG_INFO, "%s %s is already deleted", resource->group_resource, name);
    else {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    return true;
}

static bool collect_names(yyjson_val *items, size_t bytes, void *data, GError **error) {
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item) {
        g_ptr_array_add(data, g_strdup(json_get_string(item, "metadata", "name")));
    }
    return true;
}

/* The names of the objects with these labels, of the cluster or of the run's namespace. `fields` may be NULL. */
static GPtrArray *named(const RemoveOptions *options, const KubeResource *resource, const char *labels,
                        const char *fields, GError **error) {
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    KubeListQuery query = {.resource = resource,
                           .namespace_ = resource->namespaced ? options->namespace_ : NULL,
                           .label_selector = labels,
                           .field_selector = fields};
    g_auto(KubeListResult) result = {0};
    if (!kube_list(options->client, &query, collect_names, names, &result, error))
        return NULL;
    return g_steal_pointer(&names);
}

static char *rights_selector(const RemoveOptions *options) {
    return options->all ? g_strdup(RUN_LABEL)
                        : g_strdup_printf(RUN_LABEL "," LABEL_NAMESPACE "=%s", options->namespace_);
}

static bool delete_named(const RemoveOptions *options, const KubeResource *resource, const char *labels,
                         const char *fields, GError **error) {
    g_autoptr(GPtrArray) names = named(options, resource, labels, fields, error);
    for (guint i = 0; names && i < names->len; i++)
        if (!delete_object(options, resource, names->pdata[i], error))
            return false;
    return names != NULL;
}

static bool delete_if_labelled(const RemoveOptions *options, const KubeResource *resource, const char *name,
                               GError **error) {
    g_autofree char *field = g_strdup_printf("metadata.name=%s", name);
    return delete_named(options, resource, RUN_LABEL, field, error);
}

static bool delete_by_names(const RemoveOptions *options, const KubeResource *resource, const char *const *names,
                            size_t count, GError **error) {
    for (size_t i = 0; i < count && names[i]; i++)
        if (!delete_if_labelled(options, resource, names[i], error))
            return false;
    return true;
}

/* Only some runs have NetworkPolicies, and who deletes one that has none need not be able to see them. */
static bool passes_policies(const KubeResource *resource, const GError *failure) {
    return resource == &resource_network_policies && g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORBIDDEN);
}

/* Others may have objects with stock's labels: taken is what bears our own; of a run that was made otherwise, what has
 * a name that each run's has. */
static bool delete_own_objects(const RemoveOptions *options, const Place *place, GError **error) {
    for (size_t i = 0; i < G_N_ELEMENTS(own_kinds); i++) {
        const KubeResource *resource = own_kinds[i].resource;
        const char *account[] = {place->account};
        bool accounts = resource == &resource_service_accounts;
        g_autoptr(GError) failure = NULL;
        if (own_kinds[i].by_aggregator && !delete_named(options, resource, PLUGINS_LABEL, NULL, error))
            return false;
        if (place->marked ? delete_named(options, resource, MADE_LABEL, "metadata.name!=" CONFIG_MAP_NAME, &failure)
                          : delete_by_names(options, resource, accounts ? account : own_kinds[i].names,
                                            accounts ? 1 : G_N_ELEMENTS(own_kinds[i].names), &failure))
            continue;
        if (passes_policies(resource, failure))
            continue;
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (!delete_object(options, &resource_config_maps, CONFIG_MAP_NAME, error))
        return false;
    run_log(options->log, LOG_INFO, "namespace %s stays: the run was only a guest in it", options->namespace_);
    return true;
}

/* Whether what is there may be deleted. */
static bool check_place(const RemoveOptions *options, PlaceKind place, GError **error) {
    if (options->force || (place != UNREADABLE && place != NO_RUN))
        return true;
    if (place == UNREADABLE)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "the ConfigMap " CONFIG_MAP_NAME
                    " of namespace %s cannot be read, and with it whether the namespace "
                    "is the run's own; nothing is deleted; --force deletes it, with all that is in it",
                    options->namespace_);
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "namespace %s has no run of sonobuoy in it (no ConfigMap " CONFIG_MAP_NAME
                    "); nothing is deleted; --force deletes it all the same, with all that is in it",
                    options->namespace_);
    return false;
}

/* Of a guest there may be none, and who deletes it may not see them. */
static bool passes_unseen(const RemoveOptions *options, bool guest, GError *failure, GError **error) {
    if (!failure)
        return true;
    if (!guest || !g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORBIDDEN)) {
        g_propagate_error(error, failure);
        return false;
    }
    run_log(options->log, LOG_DEBUG, "rights in the cluster are not looked at: %s", failure->message);
    g_error_free(failure);
    return true;
}

static bool delete_rights(const RemoveOptions *options, bool guest, GError **error) {
    g_autofree char *selector = rights_selector(options);
    GError *failure = NULL;
    bool deleted = delete_named(options, &resource_cluster_role_bindings, selector, NULL, &failure) &&
                   delete_named(options, &resource_cluster_roles, selector, NULL, &failure);
    return deleted || passes_unseen(options, guest, failure, error);
}

bool remove_run(const RemoveOptions *options, GError **error) {
    g_auto(Place) place = {0};
    if (!find_place(options, &place, error) || !check_place(options, place.kind, error))
        return false;
    bool guest = place.kind == GUEST && !options->force;
    /* Rights first: who may not delete them learns it before anything is gone. */
    if (!delete_rights(options, guest, error))
        return false;
    bool deleted = guest ? delete_own_objects(options, &place, error)
                         : delete_object(options, &resource_namespaces, options->namespace_, error);
    return deleted && (!options->all || delete_named(options, &resource_namespaces, E2E_LABELS, NULL, error));
}

/* --- what is left ------------------------------------------------------------------------------------------ */

/* What a namespace that is being deleted waits for: as its conditions say, which tell nothing of pods that take their
 * time to end, or else a pod in it. */
static char *waits_for(const RemoveOptions *options, const char *name) {
    g_autoptr(yyjson_doc) doc = kube_object_get(options->client, &resource_namespaces, NULL, name, NULL);
    size_t index, count;
    yyjson_val *condition;
    yyjson_arr_foreach(json_get(yyjson_doc_get_root(doc), "status", "conditions"), index, count, condition) {
        if (g_strcmp0(json_get_string(condition, "status"), "True") == 0)
            return g_strdup_printf("namespace %s: %s", name, json_get_string(condition, "message"));
    }
    g_autoptr(GPtrArray) pods = named(options, &resource_pods, NULL, NULL, NULL);
    if (!pods || pods->len == 0)
        return g_strdup_printf("namespace %s", name);
    return g_strdup_printf("namespace %s: pods %s%s", name, (char *)pods->pdata[0], pods->len > 1 ? ", ..." : "");
}

static bool count_named(const RemoveOptions *options, const KubeResource *resource, const char *labels,
                        const char *fields, guint *count, char **what, GError **error) {
    g_autoptr(GPtrArray) names = named(options, resource, labels, fields, error);
    if (names && names->len > 0 && !*what)
        *what = g_strdup_printf("%s %s", resource->group_resource, (char *)names->pdata[0]);
    *count += names ? names->len : 0;
    return names != NULL;
}

static bool count_pods(const RemoveOptions *options, guint *count, char **what, GError **error) {
    return count_named(options, &resource_pods, PLUGINS_LABEL, NULL, count, what, error) &&
           count_named(options, &resource_pods, RUN_LABEL "," AGGREGATOR_LABEL, NULL, count, what, error);
}

bool remove_left(const RemoveOptions *options, guint *out_count, char **out_what, GError **error) {
    g_auto(Place) place = {0};
    *out_count = 0;
    *out_what = NULL;
    g_autofree char *selector = rights_selector(options);
    if (!find_place(options, &place, error))
        return false;
    bool owner = place.kind == OWNER, there = place.kind != NOT_THERE;
    if (owner || (options->force && there)) {
        *out_what = waits_for(options, options->namespace_);
        *out_count = 1;
    }
    if (!owner && there && !count_pods(options, out_count, out_what, error))
        return false;
    GError *failure = NULL;
    bool counted =
        count_named(options, &resource_cluster_role_bindings, selector, NULL, out_count, out_what, &failure) &&
        count_named(options, &resource_cluster_roles, selector, NULL, out_count, out_what, &failure);
    return (counted || passes_unseen(options, !owner, failure, error)) &&
           (!options->all || count_named(options, &resource_namespaces, E2E_LABELS, NULL, out_count, out_what, error));
}
