/* Who may do what: bindings, accounts, anonymous requests, the rights at hand. */
#include "sonobuoy/check/areas.h"
#include "sonobuoy/check/workload.h"

#include <string.h>

#define EVERYBODY "system:authenticated"
#define ANONYMOUS "system:anonymous"
#define UNAUTHENTICATED "system:unauthenticated"
#define ACCOUNTS "system:serviceaccounts"

/* --- rules ------------------------------------------------------------------------------------------------ */

static bool has(yyjson_val *list, const char *word) {
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(list, index, count, item) {
        if (yyjson_equals_str(item, word) || yyjson_equals_str(item, "*"))
            return true;
    }
    return false;
}

static bool has_any(yyjson_val *list, const char *const *words) {
    for (; *words; words++)
        if (has(list, *words))
            return true;
    return false;
}

/* The role that a binding names; NULL where it is not there. */
static yyjson_val *role_of(const Snapshot *snapshot, yyjson_val *binding) {
    const char *kind = json_get_string(binding, "roleRef", "kind"), *name = json_get_string(binding, "roleRef", "name");
    bool cluster = g_strcmp0(kind, "ClusterRole") == 0;
    return snapshot_find(snapshot, cluster ? SNAPSHOT_CLUSTER_ROLES : SNAPSHOT_ROLES,
                         cluster ? NULL : namespace_of(binding), name ? name : "");
}

static yyjson_val *rules_of(const Snapshot *snapshot, yyjson_val *binding) {
    return json_get(role_of(snapshot, binding), "rules");
}

/* Everything of every group. */
static bool is_all(yyjson_val *rules) {
    static const char any[] = "\1"; /* no such verb: only "*" takes it */
    size_t index, count;
    yyjson_val *rule;
    yyjson_arr_foreach(rules, index, count, rule) {
        if (has(json_get(rule, "apiGroups"), any) && has(json_get(rule, "resources"), any) &&
            has(json_get(rule, "verbs"), any))
            return true;
    }
    return false;
}

static bool may(yyjson_val *rules, const char *resource, const char *const *verbs) {
    size_t index, count;
    yyjson_val *rule;
    yyjson_arr_foreach(rules, index, count, rule) {
        if (has(json_get(rule, "apiGroups"), "") && has(json_get(rule, "resources"), resource) &&
            has_any(json_get(rule, "verbs"), verbs) && !json_get(rule, "resourceNames"))
            return true;
    }
    return false;
}

/* "read Secrets, run commands in pods": what of these the rules allow; NULL for none. g_free() it. */
static char *dangers_of(yyjson_val *rules) {
    static const char *const reading[] = {"get", "list", "watch", NULL}, *const making[] = {"create", NULL},
                             *const giving[] = {"bind", "escalate", "create", "update", "patch", NULL};
    GString *text = g_string_new(NULL);
    if (is_all(rules))
        return g_string_free(g_string_assign(text, "do everything"), FALSE);
    if (may(rules, "secrets", reading))
        g_string_append(text, ", read Secrets");
    if (may(rules, "pods/exec", making))
        g_string_append(text, ", run commands in pods");
    if (may(rules, "pods", making))
        g_string_append(text, ", make pods");
    size_t index, count;
    yyjson_val *rule;
    bool gives = false;
    yyjson_arr_foreach(rules, index, count, rule) {
        gives = gives ||
                (has(json_get(rule, "apiGroups"), "rbac.authorization.k8s.io") &&
                 has(json_get(rule, "resources"), "clusterrolebindings") && has_any(json_get(rule, "verbs"), giving));
    }
    if (gives)
        g_string_append(text, ", give rights to others");
    g_string_erase(text, 0, text->len ? 2 : 0);
    return text->len ? g_string_free(text, FALSE) : (g_string_free(text, TRUE), NULL);
}

static bool is_standard(yyjson_val *binding) {
    return g_strcmp0(json_get_string(binding, "metadata", "labels", "kubernetes.io/bootstrapping"), "rbac-defaults") ==
           0;
}

/* "User jane", "ServiceAccount shop/default". g_free() it. */
static char *subject_text(yyjson_val *subject, yyjson_val *binding) {
    const char *kind = json_get_string(subject, "kind"), *name = json_get_string(subject, "name"),
               *space = json_get_string(subject, "namespace");
    space = space ? space : namespace_of(binding);
    bool account = g_strcmp0(kind, "ServiceAccount") == 0;
    return g_strdup_printf("%s %s%s%s", kind ? kind : "?", account && space ? space : "", account && space ? "/" : "",
                           name ? name : "?");
}

/* --- who has too much --------------------------------------------------------------------------------------- */

static bool is_everybody(const char *name) {
    return name && (g_str_equal(name, EVERYBODY) || g_str_equal(name, ANONYMOUS) ||
                    g_str_equal(name, UNAUTHENTICATED) || g_str_equal(name, ACCOUNTS));
}

void check_security_cluster_admin(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *bindings = snapshot_list(snapshot, SNAPSHOT_CLUSTER_ROLE_BINDINGS)->items;
    guint administrators = 0;
    for (guint i = 0; i < bindings->len; i++) {
        yyjson_val *binding = bindings->pdata[i], *subject;
        const char *role = json_get_string(binding, "roleRef", "name");
        size_t index, count;
        if (g_strcmp0(role, "cluster-admin") != 0 && !is_all(rules_of(snapshot, binding)))
            continue;
        yyjson_arr_foreach(json_get(binding, "subjects"), index, count, subject) {
            const char *kind = json_get_string(subject, "kind"), *name = json_get_string(subject, "name");
            g_autofree char *object = check_object("ClusterRoleBinding", binding),
                            *who = subject_text(subject, binding);
            administrators++;
            if (is_everybody(name)) {
                check_fail(result, object, "%s has role %s: whoever is of it may do everything", who, role);
                check_advise(result, "kubectl delete clusterrolebinding %s, after binding those who need it by name",
                             name_of(binding));
            } else if (g_strcmp0(kind, "ServiceAccount") == 0 && !is_standard(binding)) {
                check_warn(result, object, "%s has role %s: who gets into its pod may do everything", who, role);
                check_advise(result,
                             "Give it a role with just what its program needs; kubectl describe "
                             "clusterrolebinding %s",
                             name_of(binding));
            }
        }
    }
    check_summary(result, "%u subjects may do everything", administrators);
}

/* Roles that everybody has in every cluster, or that kubeadm gives for joining. */
static bool is_discovery(yyjson_val *binding) {
    static const char *const roles[] = {"system:discovery",
                                        "system:basic-user",
                                        "system:public-info-viewer",
                                        "system:service-account-issuer-discovery",
                                        "kubeadm:bootstrap-signer-clusterinfo",
                                        NULL};
    const char *role = json_get_string(binding, "roleRef", "name");
    return role && g_strv_contains(roles, role);
}

static void look_at_everybody(const Snapshot *snapshot, CheckResult *result, yyjson_val *binding, const char *kind) {
    size_t index, count;
    yyjson_val *subject;
    const char *role = json_get_string(binding, "roleRef", "name");
    if (is_discovery(binding))
        return;
    yyjson_arr_foreach(json_get(binding, "subjects"), index, count, subject) {
        const char *name = json_get_string(subject, "name");
        bool anonymous = g_strcmp0(name, ANONYMOUS) == 0 || g_strcmp0(name, UNAUTHENTICATED) == 0;
        if (!anonymous && g_strcmp0(name, EVERYBODY) != 0)
            continue;
        g_autofree char *object = check_object(kind, binding), *dangers = dangers_of(rules_of(snapshot, binding));
        if (anonymous)
            check_fail(result, object, "anybody, without credentials (%s), has role %s%s%s", name, role,
                       dangers ? ": may " : "", dangers ? dangers : "");
        else if (dangers)
            check_fail(result, object, "everybody with any credentials (%s) has role %s: may %s", name, role, dangers);
        else
            check_warn(result, object, "everybody with any credentials (%s) has role %s", name, role);
        const char *space = namespace_of(binding);
        check_advise(result, "kubectl delete %s %s%s%s", space ? "rolebinding" : "clusterrolebinding", name_of(binding),
                     space ? " -n " : "", space ? space : "");
    }
}

void check_security_everybody(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *cluster = snapshot_list(snapshot, SNAPSHOT_CLUSTER_ROLE_BINDINGS)->items,
                    *own = snapshot_list(snapshot, SNAPSHOT_ROLE_BINDINGS)->items;
    for (guint i = 0; i < cluster->len; i++)
        look_at_everybody(snapshot, result, cluster->pdata[i], "ClusterRoleBinding");
    for (guint i = 0; i < own->len; i++)
        look_at_everybody(snapshot, result, own->pdata[i], "RoleBinding");
    check_summary(result, "%u bindings", cluster->len + own->len);
}

/* --- without credentials ------------------------------------------------------------------------------------- */

/* A client of the same server that says nothing of who it is. */
static KubeClient *anonymous_client(const KubeConfig *config, Cancel *cancel, GError **error) {
    KubeConfig *plain = g_new0(KubeConfig, 1);
    plain->source = g_strdup("no credentials");
    plain->server = g_strdup(config->server);
    plain->namespace_ = g_strdup(config->namespace_);
    plain->ca_pem = config->ca_pem ? g_bytes_ref(config->ca_pem) : NULL;
    plain->tls_server_name = g_strdup(config->tls_server_name);
    plain->proxy_url = g_strdup(config->proxy_url);
    plain->insecure = config->insecure;
    KubeClientOptions options = {
        .user_agent = "sonobuoy/" SEAWORTHY_VERSION, .connections = 1, .timeout_s = 5, .cancel = cancel};
    return kube_client_new(plain, &options, error);
}

void check_security_anonymous(Snapshot *snapshot, CheckResult *result) {
    static const char path[] = "/api/v1/namespaces?limit=1";
    const KubeConfig *config = kube_client_config(snapshot_client(snapshot));
    g_autoptr(GError) error = NULL;
    g_autoptr(KubeClient) client = anonymous_client(config, kube_client_cancel(snapshot_client(snapshot)), &error);
    KubeRequest request = {.method = "GET", .path = path, .no_retry = true};
    g_auto(HttpResponse) response = {0};
    bool allowed = client && kube_client_request(client, &request, &response, &error);
    if (allowed && g_str_has_prefix(config->server, "https:"))
        check_fail(result, NULL, "GET %s without credentials is answered with %d", path, response.status);
    else if (allowed)
        check_unknown(result, NULL, "%s is no https: something between adds the credentials", config->server);
    else if (response.status == 401 || response.status == 403)
        check_summary(result, "refused with %d", response.status);
    else
        check_unknown(result, NULL, "%s", error->message);
}

/* --- default service accounts ----------------------------------------------------------------------------------- */

/* The namespace whose default account the subject is: NULL for none; "" for the accounts of all. */
static const char *default_account_of(yyjson_val *subject, yyjson_val *binding) {
    const char *kind = json_get_string(subject, "kind"), *name = json_get_string(subject, "name"),
               *space = json_get_string(subject, "namespace");
    if (!kind || !name)
        return NULL;
    if (g_str_equal(kind, "ServiceAccount"))
        return g_str_equal(name, "default") ? (space ? space : namespace_of(binding)) : NULL;
    if (g_str_equal(kind, "User") && g_str_has_prefix(name, "system:serviceaccount:") &&
        g_str_has_suffix(name, ":default"))
        return name + strlen("system:serviceaccount:");
    if (!g_str_equal(kind, "Group"))
        return NULL;
    if (g_str_has_prefix(name, ACCOUNTS ":"))
        return name + strlen(ACCOUNTS ":");
    return g_str_equal(name, ACCOUNTS) ? "" : NULL;
}

static void look_at_accounts(const Snapshot *snapshot, CheckResult *result, yyjson_val *binding, const char *kind) {
    size_t index, count;
    yyjson_val *subject;
    g_autofree char *dangers = is_standard(binding) ? NULL : dangers_of(rules_of(snapshot, binding));
    yyjson_arr_foreach(dangers ? json_get(binding, "subjects") : NULL, index, count, subject) {
        const char *space = default_account_of(subject, binding);
        if (!space)
            continue;
        g_auto(GStrv) parts = g_strsplit(space, ":", 2);
        g_autofree char *object = *space ? g_strdup_printf("ServiceAccount %s/default", parts[0])
                                         : g_strdup("Group " ACCOUNTS),
                        *by = check_object(kind, binding);
        check_fail(result, object, "it may %s, by %s (role %s): so may every pod that names no account", dangers, by,
                   json_get_string(binding, "roleRef", "name"));
        check_advise(result, "Make a ServiceAccount for the pods that need it, bind the role to that, and remove %s.",
                     by);
    }
}

void check_security_default_accounts(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *cluster = snapshot_list(snapshot, SNAPSHOT_CLUSTER_ROLE_BINDINGS)->items,
                    *own = snapshot_list(snapshot, SNAPSHOT_ROLE_BINDINGS)->items;
    for (guint i = 0; i < cluster->len; i++)
        look_at_accounts(snapshot, result, cluster->pdata[i], "ClusterRoleBinding");
    for (guint i = 0; i < own->len; i++)
        look_at_accounts(snapshot, result, own->pdata[i], "RoleBinding");
    check_summary(result, "%u bindings", cluster->len + own->len);
}

/* --- roles that are not there ----------------------------------------------------------------------------------- */

static guint look_at_roles(const Snapshot *snapshot, CheckResult *result, SnapshotKind list, const char *kind) {
    const GPtrArray *bindings = snapshot_list(snapshot, list)->items;
    for (guint i = 0; i < bindings->len; i++) {
        yyjson_val *binding = bindings->pdata[i];
        const char *of = json_get_string(binding, "roleRef", "kind"),
                   *role = json_get_string(binding, "roleRef", "name"), *space = namespace_of(binding);
        if (!of || !role || role_of(snapshot, binding))
            continue;
        g_autofree char *object = check_object(kind, binding);
        check_warn(result, object, "its %s %s is not there: it gives nobody anything", of, role);
        check_advise(result, "Make the %s %s, or kubectl delete %s %s%s%s", of, role,
                     space ? "rolebinding" : "clusterrolebinding", name_of(binding), space ? " -n " : "",
                     space ? space : "");
    }
    return bindings->len;
}

void check_security_roles(Snapshot *snapshot, CheckResult *result) {
    guint cluster = look_at_roles(snapshot, result, SNAPSHOT_CLUSTER_ROLE_BINDINGS, "ClusterRoleBinding"),
          own = look_at_roles(snapshot, result, SNAPSHOT_ROLE_BINDINGS, "RoleBinding");
    check_summary(result, "%u bindings", cluster + own);
}

/* --- the rights at hand --------------------------------------------------------------------------------------------
 */

void check_security_own_rights(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GString) names = g_string_new(NULL);
    guint64 blind = 0;
    guint kinds = 0, hindered = 0, all = 0;
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++) {
        const char *name = snapshot_kind_name((SnapshotKind)kind);
        if (!g_error_matches(snapshot_list(snapshot, (SnapshotKind)kind)->error, BASE_ERROR, BASE_ERROR_FORBIDDEN))
            continue;
        blind |= (guint64)1 << kind;
        g_autofree char *last = g_strconcat(", ", name, NULL);
        if (!g_str_has_suffix(names->str, last) && !g_str_equal(names->str, name))
            g_string_append_printf(names, "%s%s", kinds++ ? ", " : "", name);
    }
    for (const Check *check = checks; check->id; check++, all++)
        hindered += (check->reads & blind) != 0;
    check_summary(result, "all kinds that checks read");
    if (blind)
        check_unknown(result, NULL, "these may not be listed in all namespaces: %s; %u of %u checks lack something",
                      names->str, hindered, all);
}
