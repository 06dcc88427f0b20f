/* What the API server was told to do: audit, encryption, authorization, features. Flags are seen where it runs as a pod
 * whose file a kubelet reads; else only what it does. */
#include "sonobuoy/check/areas.h"

#include <string.h>

static const char unseen[] = "no pod of the API server is seen: it is managed, or does not run as a pod";

void check_audit(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) pods = mirror_pods(snapshot, "kube-apiserver");
    for (guint i = 0; i < pods->len; i++) {
        g_autofree char *log = pod_flag(pods->pdata[i], "--audit-log-path"),
                        *webhook = pod_flag(pods->pdata[i], "--audit-webhook-config-file"),
                        *policy = pod_flag(pods->pdata[i], "--audit-policy-file"),
                        *object = check_object("Pod", pods->pdata[i]);
        if ((!log && !webhook) || !policy)
            check_warn(result, object, "it has no %s", policy ? "--audit-log-path" : "--audit-policy-file");
    }
    if (pods->len)
        return;
    const Metrics *metrics = api_metrics(snapshot, result, false);
    double events = metrics ? metrics_sum(metrics, "apiserver_audit_event_total", NULL) : 0;
    check_summary(result, "%.0f events since its start", events);
    if (metrics && events <= 0)
        check_warn(result, NULL, "the API server has written no event of an audit log since its start");
}

static bool is_encrypted(const MetricSample *sample) {
    return g_str_has_prefix(metric_label(sample, "transformer_prefix"), "k8s:enc:");
}

void check_encryption(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) pods = mirror_pods(snapshot, "kube-apiserver");
    for (guint i = 0; i < pods->len; i++) {
        g_autofree char *file = pod_flag(pods->pdata[i], "--encryption-provider-config"),
                        *object = check_object("Pod", pods->pdata[i]);
        if (!file)
            check_warn(result, object, "it has no --encryption-provider-config: Secrets are plain text in etcd");
    }
    if (pods->len)
        return;
    const Metrics *metrics = api_metrics(snapshot, result, false);
    double operations =
        metrics ? metrics_sum(metrics, "apiserver_storage_transformation_operations_total", is_encrypted) : 0;
    check_summary(result, "%.0f values since its start", operations);
    if (metrics && operations <= 0)
        check_warn(result, NULL,
                   "the API server has encrypted or decrypted nothing since its start: Secrets are plain "
                   "text in etcd");
}

/* --- authorization ------------------------------------------------------------------------------------------------ */

/* Whether somebody whom no rule names may do what only administrators may. */
static void check_stranger(Snapshot *snapshot, CheckResult *result) {
    static const char body[] =
        "{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SubjectAccessReview\",\"spec\":{"
        "\"user\":\"sonobuoy-check:nobody\",\"resourceAttributes\":{\"verb\":\"delete\",\"resource\":\"nodes\"}}}";
    const SnapshotAnswer *answer = snapshot_post(snapshot, "/apis/authorization.k8s.io/v1/subjectaccessreviews", body);
    yyjson_val *root = answer->json ? yyjson_doc_get_root(answer->json) : NULL;
    const char *reason = json_get_string(root, "status", "reason");
    if (answer->error)
        check_unknown(result, NULL, "%s", answer->error->message);
    else if (yyjson_get_bool(json_get(root, "status", "allowed")))
        check_fail(result, NULL, "a user whom no rule names may delete nodes%s%s", reason && *reason ? ": " : "",
                   reason ? reason : "");
}

static void check_modes(CheckResult *result, const char *object, const char *modes) {
    static const char *const wanted[] = {"Node", "RBAC"};
    g_auto(GStrv) list = g_strsplit(modes, ",", -1);
    if (g_strv_contains((const char *const *)list, "AlwaysAllow"))
        check_fail(result, object, "--authorization-mode=%s lets everyone do everything", modes);
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
        if (!g_strv_contains((const char *const *)list, wanted[i]))
            check_warn(result, object, "--authorization-mode=%s is without %s", modes, wanted[i]);
}

void check_authorization(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) pods = mirror_pods(snapshot, "kube-apiserver");
    for (guint i = 0; i < pods->len; i++) {
        g_autofree char *modes = pod_flag(pods->pdata[i], "--authorization-mode"),
                        *file = pod_flag(pods->pdata[i], "--authorization-config"),
                        *object = check_object("Pod", pods->pdata[i]);
        if (!file) /* whose default is AlwaysAllow */
            check_modes(result, object, modes ? modes : "AlwaysAllow");
    }
    if (!snapshot_is_archive(snapshot))
        check_stranger(snapshot, result);
}

/* --- other flags ----------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *flag, *bad; /* bad: the value that is told of */
    bool by_default;        /* it has that value where the flag is not there */
    const char *evidence, *fix;
} flags[] = {
    {"--anonymous-auth", "true", false, "it takes requests without credentials",
     "Put --anonymous-auth=false in its manifest, or let it take /livez, /readyz and /healthz alone, by "
     "--authentication-config"},
    {"--profiling", "true", true, "it serves profiles of itself", "Put --profiling=false in its manifest"},
    {"--tls-min-version", "VersionTLS10", false, "it speaks TLS 1.0", "Take --tls-min-version out of its manifest"},
    {"--tls-min-version", "VersionTLS11", false, "it speaks TLS 1.1", "Take --tls-min-version out of its manifest"},
};

static void check_flags_of(CheckResult *result, yyjson_val *pod) {
    g_autofree char *object = check_object("Pod", pod), *plugins = pod_flag(pod, "--enable-admission-plugins"),
                    *tokens = pod_flag(pod, "--token-auth-file");
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        g_autofree char *value = pod_flag(pod, flags[i].flag);
        if (value ? !g_str_equal(value, flags[i].bad) : !flags[i].by_default)
            continue;
        check_warn(result, object, "%s (%s=%s%s)", flags[i].evidence, flags[i].flag, flags[i].bad,
                   value ? "" : ", by default");
        check_advise(result, "%s", flags[i].fix);
    }
    g_auto(GStrv) list = g_strsplit(plugins ? plugins : "", ",", -1);
    if (!g_strv_contains((const char *const *)list, "NodeRestriction")) {
        check_warn(result, object, "--enable-admission-plugins is without NodeRestriction: a node may change others");
        check_advise(result, "Put NodeRestriction among --enable-admission-plugins in its manifest");
    }
    if (tokens) {
        check_warn(result, object, "it takes tokens of %s, which never end", tokens);
        check_advise(result, "Give their users certificates or tokens of an identity provider, and take "
                             "--token-auth-file out of its manifest");
    }
}

void check_server_flags(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) pods = mirror_pods(snapshot, "kube-apiserver");
    for (guint i = 0; i < pods->len; i++)
        check_flags_of(result, pods->pdata[i]);
    check_summary(result, "%u servers", pods->len);
    if (!pods->len)
        check_unknown(result, NULL, "%s", unseen);
}

void check_alpha_features(Snapshot *snapshot, CheckResult *result) {
    const Metrics *metrics = api_metrics(snapshot, result, false);
    if (!metrics)
        return;
    const GPtrArray *features = metrics_samples(metrics, "kubernetes_feature_enabled");
    for (guint i = 0; i < features->len; i++) {
        const MetricSample *feature = features->pdata[i];
        const char *name = metric_label(feature, "name");
        if (feature->value != 1 || !g_str_equal(metric_label(feature, "stage"), "ALPHA"))
            continue;
        g_autofree char *object = g_strconcat("feature gate ", name, NULL);
        check_warn(result, object, "it is on, and an alpha feature");
        check_advise(result, "Take %s out of the API server's --feature-gates, unless it is wanted and tried", name);
    }
    check_summary(result, "%u features", features->len);
    if (!features->len)
        check_unknown(result, NULL, "the API server does not tell its features");
}
