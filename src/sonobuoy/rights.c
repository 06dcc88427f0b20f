#include "sonobuoy/rights.h"

#include "sonobuoy/builtin.h"
#include "sonobuoy/driver.h"
#include "sonobuoy/manifest-internal.h"

#include <string.h>

#define PERMISSIONS_CLUSTER_READ "clusterRead"
#define PERMISSIONS_NONE "none"
#define PERMISSIONS_NETWORK "network" /* what that plugin needs; not for others */
const char *const aggregator_permissions[] = {PERMISSIONS_LEAST, "namespaceAdmin", PERMISSIONS_CLUSTER_READ,
                                              PERMISSIONS_CLUSTER_ADMIN, NULL};
const char *const plugin_permissions[] = {PERMISSIONS_NONE, PERMISSIONS_CLUSTER_READ, PERMISSIONS_CLUSTER_ADMIN, NULL};

/* Of plugins, by what they may do. */
static const struct {
    const char *permissions, *account;
} accounts[] = {
    {PERMISSIONS_NONE, "sonobuoy-plugins"},
    {PERMISSIONS_CLUSTER_READ, "sonobuoy-plugins-read"},
    {PERMISSIONS_CLUSTER_ADMIN, "sonobuoy-plugins-admin"},
    {PERMISSIONS_NETWORK, "sonobuoy-plugins-network"},
};

static bool is_least(const RunConfig *config) {
    return g_str_equal(config->aggregator_permissions, PERMISSIONS_LEAST);
}

/* --- what is asked for ----------------------------------------------------------------------------- */

bool rights_check(const RunConfig *config, GError **error) {
    if (!g_strv_contains(aggregator_permissions, config->aggregator_permissions)) {
        g_autofree char *all = g_strjoinv(", ", (char **)aggregator_permissions);
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "unknown aggregator permission: %s; there are %s",
                    config->aggregator_permissions, all);
        return false;
    }
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(config->plugin_permissions);
    for (yyjson_mut_val *key; config->plugin_permissions && (key = yyjson_mut_obj_iter_next(&iter));) {
        const char *permissions = yyjson_mut_get_str(yyjson_mut_obj_iter_get_val(key)),
                   *plugin = yyjson_mut_get_str(key);
        if (!plugin_name_check(plugin, NULL) || g_str_equal(plugin, WORKER_CONTAINER)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                        "PluginPermissions.%s means nothing: permissions are of a plugin by its name", plugin);
            return false;
        }
        if (permissions && g_strv_contains(plugin_permissions, permissions))
            continue;
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "PluginPermissions.%s must be one of " PERMISSIONS_NONE ", " PERMISSIONS_CLUSTER_READ
                    ", " PERMISSIONS_CLUSTER_ADMIN,
                    yyjson_mut_get_str(key));
        return false;
    }
    return true;
}

const char *rights_plugin_account(const RunConfig *config, const char *plugin) {
    const char *permissions = json_mut_get_string(config->plugin_permissions, plugin);
    if (!permissions && g_str_equal(plugin, BUILTIN_NETWORK))
        permissions = config->existing_service_account ? NULL : PERMISSIONS_NETWORK;
    else if (!permissions && is_least(config))
        permissions = g_str_equal(plugin, BUILTIN_E2E) ? PERMISSIONS_CLUSTER_ADMIN : PERMISSIONS_NONE;
    for (size_t i = 0; permissions && i < G_N_ELEMENTS(accounts); i++)
        if (g_str_equal(accounts[i].permissions, permissions))
            return accounts[i].account;
    return NULL;
}

/* Whether some plugin has the account of accounts[index]. */
static bool is_used(const RunConfig *config, const GPtrArray *plugins, size_t index) {
    for (guint i = 0; i < plugins->len; i++)
        if (g_strcmp0(rights_plugin_account(config, ((const Plugin *)plugins->pdata[i])->name),
                      accounts[index].account) == 0)
            return true;
    return false;
}

/* --- accounts ---------------------------------------------------------------------------------------- */

static yyjson_mut_doc *account_object(const RunConfig *config, const char *name) {
    yyjson_mut_doc *doc = manifest_object("apiVersion: v1\n"
                                          "kind: ServiceAccount\n"
                                          "metadata: {labels: {" COMPONENT_YAML "}, name: x, namespace: x}\n",
                                          config);
    json_mut_set_string(doc, manifest_metadata(doc), "name", name);
    return doc;
}

void rights_add_accounts(GPtrArray *objects, const RunConfig *config, const GPtrArray *plugins) {
    if (!config->existing_service_account)
        g_ptr_array_add(objects, account_object(config, config->service_account));
    for (size_t i = 0; i < G_N_ELEMENTS(accounts); i++)
        if (is_used(config, plugins, i))
            g_ptr_array_add(objects, account_object(config, accounts[i].account));
}

/* --- roles and bindings -------------------------------------------------------------------------------- */

static const char cluster_binding[] = "apiVersion: rbac.authorization.k8s.io/v1\n"
                                      "kind: ClusterRoleBinding\n"
                                      "metadata: {labels: {" COMPONENT_YAML ", " LABEL_NAMESPACE ": x}, name: x}\n"
                                      "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: x}\n"
                                      "subjects: [{kind: ServiceAccount, name: x, namespace: x}]\n";
static const char cluster_role[] = "apiVersion: rbac.authorization.k8s.io/v1\n"
                                   "kind: ClusterRole\n"
                                   "metadata: {labels: {" COMPONENT_YAML ", " LABEL_NAMESPACE ": x}, name: x}\n"
                                   "rules:\n"
                                   "- {apiGroups: ['*'], resources: ['*'], verbs: []}\n"
                                   "- {nonResourceURLs: [/metrics, /logs, /logs/*], verbs: [get]}\n";
static const char binding[] =
    "apiVersion: rbac.authorization.k8s.io/v1\n"
    "kind: RoleBinding\n"
    "metadata: {labels: {" COMPONENT_YAML ", " LABEL_NAMESPACE ": x}, name: x, namespace: x}\n"
    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: x}\n"
    "subjects: [{kind: ServiceAccount, name: x, namespace: x}]\n";
static const char role[] = "apiVersion: rbac.authorization.k8s.io/v1\n"
                           "kind: Role\n"
                           "metadata: {labels: {" COMPONENT_YAML ", " LABEL_NAMESPACE ": x}, name: x, namespace: x}\n"
                           "rules: [{apiGroups: ['*'], resources: ['*'], verbs: []}]\n";

/* One of the above. `name`: of the role; `verbs`: of a role's first rule, NULL-terminated. */
static yyjson_mut_doc *rights_object(const char *yaml, const RunConfig *config, const char *name, const char *account,
                                     const char *const *verbs) {
    yyjson_mut_doc *doc = manifest_object(yaml, config);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *metadata = manifest_metadata(doc);
    json_mut_set_string(doc, metadata, "name", name);
    json_mut_set_string(doc, yyjson_mut_obj_get(metadata, "labels"), LABEL_NAMESPACE, config->namespace_);
    yyjson_mut_val *reference = yyjson_mut_obj_get(root, "roleRef");
    if (reference) {
        yyjson_mut_val *subject = yyjson_mut_arr_get_first(yyjson_mut_obj_get(root, "subjects"));
        json_mut_set_string(doc, reference, "name", name);
        json_mut_set_string(doc, subject, "name", account);
        json_mut_set_string(doc, subject, "namespace", config->namespace_);
    }
    yyjson_mut_val *allowed = json_mut_get(yyjson_mut_arr_get_first(yyjson_mut_obj_get(root, "rules")), "verbs");
    for (; allowed && *verbs; verbs++)
        yyjson_mut_arr_add_strcpy(doc, allowed, *verbs);
    return doc;
}

/* A role and what binds it to the account. */
static void add_pair(GPtrArray *objects, const RunConfig *config, bool of_cluster, const char *name,
                     const char *account, const char *const *verbs) {
    g_ptr_array_add(objects, rights_object(of_cluster ? cluster_binding : binding, config, name, account, verbs));
    g_ptr_array_add(objects, rights_object(of_cluster ? cluster_role : role, config, name, account, verbs));
}

static const char *const all[] = {"*", NULL}, *const reading[] = {"get", "list", "watch", NULL};

/* --- least rights ----------------------------------------------------------------------------------------- */

/* What every cluster may have, where it is not asked. */
static const char *const common_groups[] = {"admissionregistration.k8s.io",
                                            "apiextensions.k8s.io",
                                            "apiregistration.k8s.io",
                                            "apps",
                                            "autoscaling",
                                            "batch",
                                            "certificates.k8s.io",
                                            "coordination.k8s.io",
                                            "discovery.k8s.io",
                                            "events.k8s.io",
                                            "flowcontrol.apiserver.k8s.io",
                                            "metrics.k8s.io",
                                            "networking.k8s.io",
                                            "node.k8s.io",
                                            "policy",
                                            "rbac.authorization.k8s.io",
                                            "resource.k8s.io",
                                            "scheduling.k8s.io",
                                            "storage.k8s.io",
                                            NULL};
/* All of the core group but Secrets. */
static const char *const core_resources[] = {"componentstatuses",
                                             "configmaps",
                                             "endpoints",
                                             "events",
                                             "limitranges",
                                             "namespaces",
                                             "nodes",
                                             "persistentvolumeclaims",
                                             "persistentvolumes",
                                             "pods",
                                             "pods/log",
                                             "podtemplates",
                                             "replicationcontrollers",
                                             "resourcequotas",
                                             "serviceaccounts",
                                             "services",
                                             NULL};
static const char *const core_group[] = {"", NULL}, *const apps_group[] = {"apps", NULL};

static yyjson_mut_val *texts(yyjson_mut_doc *doc, const char *const *list) {
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    for (; *list; list++)
        yyjson_mut_arr_add_strcpy(doc, array, *list);
    return array;
}

static void add_rule(yyjson_mut_doc *doc, const char *const *groups, const char *const *resources,
                     const char *const *verbs) {
    yyjson_mut_val *rule = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "rules"));
    json_mut_set(doc, rule, "apiGroups", texts(doc, groups));
    json_mut_set(doc, rule, "resources", texts(doc, resources));
    json_mut_set(doc, rule, "verbs", texts(doc, verbs));
}

/* Adds a role without rules and its binding; returns the role, to which rules are added. */
static yyjson_mut_doc *add_empty_pair(GPtrArray *objects, const RunConfig *config, bool of_cluster, const char *name,
                                      const char *account) {
    add_pair(objects, config, of_cluster, name, account, reading);
    yyjson_mut_doc *doc = objects->pdata[objects->len - 1];
    json_mut_set(doc, yyjson_mut_doc_get_root(doc), "rules", yyjson_mut_arr(doc));
    return doc;
}

/* Groups but the core one, of the cluster and those that every cluster may have. */
static GStrv other_groups(const char *const *api_groups) {
    g_autoptr(GStrvBuilder) groups = g_strv_builder_new();
    for (const char *const *group = common_groups; *group; group++)
        g_strv_builder_add(groups, *group);
    for (; api_groups && *api_groups; api_groups++)
        if (!g_strv_contains(common_groups, *api_groups))
            g_strv_builder_add(groups, *api_groups);
    return g_strv_builder_end(groups);
}

/* What the aggregator asks of the cluster. The proxy to kubelets is for their health and configuration alone. */
static void add_reader(GPtrArray *objects, const RunConfig *config, const char *name, const char *const *api_groups) {
    static const char *const any[] = {"*", NULL}, *const get[] = {"get", NULL};
    static const char *const proxy[] = {"nodes/proxy", NULL}, *const secrets[] = {"secrets", NULL};
    g_auto(GStrv) groups = other_groups(api_groups);
    yyjson_mut_doc *doc = add_empty_pair(objects, config, true, name, config->service_account);
    add_rule(doc, core_group, core_resources, reading);
    add_rule(doc, core_group, proxy, get);
    add_rule(doc, (const char *const *)groups, any, reading);
    if (config->resources && g_strv_contains((const char *const *)config->resources, "secrets"))
        add_rule(doc, core_group, secrets, reading);
}

/* What it makes in its namespace: pods and DaemonSets of plugins, their certificates; and its own pod's annotation. */
static void add_maker(GPtrArray *objects, const RunConfig *config) {
    static const char *const pods[] = {"pods", NULL}, *const secrets[] = {"secrets", NULL},
                             *const daemon_sets[] = {"daemonsets", NULL};
    static const char *const make[] = {"create", "delete", "deletecollection", NULL}, *const make_and_mark[] = {
                                                                                          "create", "delete",
                                                                                          "deletecollection", "patch",
                                                                                          NULL};
    yyjson_mut_doc *doc = add_empty_pair(objects, config, false, ROLE_NAME, config->service_account);
    add_rule(doc, core_group, pods, make_and_mark);
    add_rule(doc, core_group, secrets, make);
    add_rule(doc, apps_group, daemon_sets, make);
}

/* --- plugins' rights -------------------------------------------------------------------------------------- */

/* Who else is there, and how the Service is reached; all in the run's namespace. */
static void add_network_rules(yyjson_mut_doc *doc) {
    static const char *const services[] = {"services", NULL}, *const daemon_sets[] = {"daemonsets", NULL},
                             *const slices[] = {"endpointslices", NULL},
                             *const discovery_group[] = {"discovery.k8s.io", NULL};
    static const char *const read[] = {"get", "list", NULL};
    add_rule(doc, core_group, services, read);
    add_rule(doc, apps_group, daemon_sets, read);
    add_rule(doc, discovery_group, slices, read);
}

static void add_of_plugins(GPtrArray *objects, const RunConfig *config, const GPtrArray *plugins) {
    static const char *const pods[] = {"pods", NULL}, *const get[] = {"get", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(accounts); i++) {
        const char *account = accounts[i].account;
        if (!is_used(config, plugins, i))
            continue;
        bool admin = g_str_equal(accounts[i].permissions, PERMISSIONS_CLUSTER_ADMIN),
             network = g_str_equal(accounts[i].permissions, PERMISSIONS_NETWORK);
        g_autofree char *name = g_strdup_printf("%s-%s", account, config->namespace_);
        if (!network && !g_str_equal(accounts[i].permissions, PERMISSIONS_NONE))
            add_pair(objects, config, true, name, account, admin ? all : reading);
        /* The worker beside a plugin looks whether it has ended. */
        yyjson_mut_doc *own = add_empty_pair(objects, config, false, account, account);
        add_rule(own, core_group, pods, get);
        if (network)
            add_network_rules(own);
    }
}

void rights_add(GPtrArray *objects, const RunConfig *config, const GPtrArray *plugins, const char *const *api_groups) {
    const char *permissions = config->aggregator_permissions, *account = config->service_account;
    bool admin = g_str_equal(permissions, PERMISSIONS_CLUSTER_ADMIN),
         reader = g_str_equal(permissions, PERMISSIONS_CLUSTER_READ);
    g_autofree char *name = g_strdup_printf("sonobuoy-serviceaccount-%s", config->namespace_);
    if (admin || reader)
        add_pair(objects, config, true, name, account, admin ? all : reading);
    if (is_least(config)) {
        add_reader(objects, config, name, api_groups);
        add_maker(objects, config);
    } else if (!admin) {
        add_pair(objects, config, false, ROLE_NAME, account, all);
    }
    add_of_plugins(objects, config, plugins);
}
