/* Kubelets: reached by the API server, configured alike and safely, with certificates that are approved. */
#include "sonobuoy/check/areas.h"

#include <string.h>

enum { NODES_NAMED = 5 };

/* --- from the API server to the kubelet ------------------------------------------------------------------- */

static void advise_path(CheckResult *result, const char *node, const char *reason) {
    if (strstr(reason, "tls: internal error"))
        check_advise(result,
                     "The kubelet has no serving certificate yet: kubectl get csr, and for %s's own: kubectl "
                     "certificate approve NAME",
                     node);
    else if (strstr(reason, "x509") || strstr(reason, "certificate"))
        check_advise(result,
                     "The API server does not trust the kubelet's certificate: compare its "
                     "--kubelet-certificate-authority with the issuer of %s's serving certificate.",
                     node);
    else if (strstr(reason, "refused"))
        check_advise(result, "No kubelet listens there. On %s: systemctl status kubelet, journalctl -u kubelet.", node);
    else if (strstr(reason, "no such host") || strstr(reason, "no preferred addresses"))
        check_advise(result,
                     "The API server does not find %s's address: kubectl get node %s -o wide, and its "
                     "--kubelet-preferred-address-types.",
                     node, node);
    else if (strstr(reason, "orbidden") || strstr(reason, "nauthorized"))
        check_advise(result, "The kubelet refuses the API server: its client certificate needs the ClusterRole "
                             "system:kubelet-api-admin, and the kubelet --client-ca-file of its issuer.");
}

/* The last line of a pod's log there: other than its health it needs the right to speak for the kubelet. */
static void check_logs(Snapshot *snapshot, CheckResult *result, const GArray *asked) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    g_autoptr(GHashTable) running = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < pods->len; i++) {
        const char *node = json_get_string(pods->pdata[i], "spec", "nodeName");
        if (node && g_strcmp0(condition_status(pods->pdata[i], "Ready"), "True") == 0)
            g_hash_table_insert(running, (void *)node, pods->pdata[i]);
    }
    g_autoptr(GPtrArray) paths = g_ptr_array_new_null_terminated(asked->len, g_free, true), nodes = g_ptr_array_new();
    for (guint i = 0; i < asked->len; i++) {
        const NodeAnswer *answer = &g_array_index(asked, NodeAnswer, i);
        yyjson_val *pod = g_hash_table_lookup(running, answer->node);
        if (answer->answer->error || !pod)
            continue;
        const char *container = json_get_string(yyjson_arr_get_first(json_get(pod, "spec", "containers")), "name");
        g_ptr_array_add(nodes, (void *)answer->node);
        g_ptr_array_add(paths,
                        g_strdup_printf("/api/v1/namespaces/%s/pods/%s/log?tailLines=1&limitBytes=100&container=%s",
                                        namespace_of(pod), name_of(pod), container ? container : ""));
    }
    g_autoptr(GPtrArray) answers = snapshot_get_all(snapshot, (const char *const *)paths->pdata);
    for (guint i = 0; i < answers->len; i++) {
        const SnapshotAnswer *answer = answers->pdata[i];
        if (!answer->error || answer->status == 403 || answer->status == 404) /* no right to logs; gone since */
            continue;
        g_autofree char *object = g_strconcat("Node ", nodes->pdata[i], NULL), *reason = answer_reason(answer);
        check_warn(result, object, "its kubelet answers, but gives no log: %s", reason);
        advise_path(result, nodes->pdata[i], reason);
    }
}

void check_kubelets_reached(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GArray) asked = kubelets_asked(snapshot);
    guint good = 0, denied = 0;
    for (guint i = 0; i < asked->len; i++) {
        const NodeAnswer *answer = &g_array_index(asked, NodeAnswer, i);
        g_autofree char *object = g_strconcat("Node ", answer->node, NULL), *reason = answer_reason(answer->answer);
        if (answer_is_denied(answer->answer)) {
            if (!denied++)
                check_unknown(result, NULL, "%s", reason);
        } else if (answer->answer->error) {
            check_fail(result, object, "the API server does not reach its kubelet: %s", reason);
            advise_path(result, answer->node, reason);
        } else if (!g_str_equal(answer->answer->text, "ok")) {
            check_fail(result, object, "its kubelet says that it is not well: %s", reason);
        } else {
            good++;
        }
    }
    check_logs(snapshot, result, asked);
    check_summary(result, "%u of %u kubelets that were asked", good, asked->len);
}

/* --- configuration --------------------------------------------------------------------------------------------- */

static yyjson_val *config_of(const NodeAnswer *answer) {
    return json_get(yyjson_doc_get_root(answer->answer->json), "kubeletconfig");
}

void check_kubelets_equal(Snapshot *snapshot, CheckResult *result) {
    static const struct {
        const char *name;
        bool whole_cluster;
    } fields[] = {{"clusterDNS", true}, {"clusterDomain", true}, {"cgroupDriver", false},
                  {"maxPods", false},   {"evictionHard", false}, {"featureGates", false}};
    g_autoptr(GArray) answers = kubelets_answers(snapshot, "/proxy/configz", result);
    g_autoptr(GPtrArray) traits = traits_new();
    guint count = 0;
    for (guint i = 0; i < answers->len; i++) {
        const NodeAnswer *answer = &g_array_index(answers, NodeAnswer, i);
        yyjson_val *config = config_of(answer), *node = snapshot_find(snapshot, SNAPSHOT_NODES, NULL, answer->node);
        count += config != NULL;
        for (size_t j = 0; j < G_N_ELEMENTS(fields) && config && node; j++) {
            yyjson_val *value = json_get(config, fields[j].name);
            g_autofree char *text = value ? json_write(value, NULL) : NULL;
            traits_add(traits, node, fields[j].whole_cluster, fields[j].name, text);
        }
    }
    traits_report(result, traits);
    check_summary(result, "%u kubelets", count);
}

/* A setting that may be wrong, and what is said of it. */
typedef struct {
    bool (*is_wrong)(yyjson_val *config);
    bool fails;
    const char *what, *fix;
} Setting;

static bool is_anonymous(yyjson_val *config) {
    return yyjson_get_bool(json_get(config, "authentication", "anonymous", "enabled"));
}

static bool allows_all(yyjson_val *config) {
    return g_strcmp0(json_get_string(config, "authorization", "mode"), "AlwaysAllow") == 0;
}

static bool is_read_only_open(yyjson_val *config) {
    return json_int(json_get(config, "readOnlyPort"), 0) != 0;
}

static bool does_not_rotate(yyjson_val *config) {
    return !yyjson_get_bool(json_get(config, "rotateCertificates"));
}

static bool signs_itself(yyjson_val *config) {
    const char *file = json_get_string(config, "tlsCertFile");
    return !yyjson_get_bool(json_get(config, "serverTLSBootstrap")) && (!file || !*file);
}

static const Setting settings[] = {
    {is_anonymous, true, "authentication.anonymous.enabled is true: who reaches port 10250 needs no credentials",
     "Set authentication.anonymous.enabled: false in the kubelet's configuration and restart it."},
    {allows_all, true, "authorization.mode is AlwaysAllow: whoever is let in may run commands in every pod",
     "Set authorization.mode: Webhook in the kubelet's configuration and restart it."},
    {is_read_only_open, false, "readOnlyPort is open: pods and their environment can be read without credentials",
     "Set readOnlyPort: 0 in the kubelet's configuration and restart it."},
    {does_not_rotate, false,
     "rotateCertificates is off: the kubelet's client certificate is not renewed before it ends",
     "Set rotateCertificates: true in the kubelet's configuration, unless something else renews them."},
    {signs_itself, false, "its serving certificate is signed by itself: nobody can tell that it is this kubelet",
     "Set serverTLSBootstrap: true and approve the requests (kubectl get csr), or give it tlsCertFile."},
};

static void check_setting(CheckResult *result, const Setting *setting, const GArray *answers) {
    g_autoptr(GPtrArray) wrong = g_ptr_array_new();
    guint all = 0;
    for (guint i = 0; i < answers->len; i++) {
        const NodeAnswer *answer = &g_array_index(answers, NodeAnswer, i);
        all += config_of(answer) != NULL;
        if (config_of(answer) && setting->is_wrong(config_of(answer)))
            g_ptr_array_add(wrong, (void *)answer->node);
    }
    void (*say)(CheckResult *, const char *, const char *, ...) = setting->fails ? check_fail : check_warn;
    /* Of all of them: said once. */
    bool once = wrong->len == all && all > NODES_NAMED;
    if (once) {
        say(result, NULL, "%s, on all of the %u kubelets that were asked", setting->what, all);
        check_advise(result, "%s", setting->fix);
    }
    for (guint i = 0; i < wrong->len && !once; i++) {
        g_autofree char *object = g_strconcat("Node ", wrong->pdata[i], NULL);
        say(result, object, "%s", setting->what);
        check_advise(result, "%s", setting->fix);
    }
}

void check_kubelets_safe(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GArray) answers = kubelets_answers(snapshot, "/proxy/configz", result);
    for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
        check_setting(result, &settings[i], answers);
    check_summary(result, "%u kubelets", answers->len);
}

/* --- requests for certificates ----------------------------------------------------------------------------------- */

void check_kubelet_requests(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *requests = snapshot_list(snapshot, SNAPSHOT_CERTIFICATE_REQUESTS)->items;
    guint count = 0;
    for (guint i = 0; i < requests->len; i++) {
        yyjson_val *request = requests->pdata[i];
        const char *signer = json_get_string(request, "spec", "signerName"),
                   *user = json_get_string(request, "spec", "username");
        bool serving = g_strcmp0(signer, "kubernetes.io/kubelet-serving") == 0;
        if (!serving && g_strcmp0(signer, "kubernetes.io/kube-apiserver-client-kubelet") != 0)
            continue;
        count++;
        g_autofree char *object = check_object("CertificateSigningRequest", request);
        const char *for_what = serving ? "its logs and exec will stop working" : "the node cannot join, or stay";
        gint64 minutes = minutes_since(snapshot, json_get_string(request, "metadata", "creationTimestamp"));
        if (condition_of(request, "Denied") || condition_of(request, "Failed")) {
            bool denied = condition_of(request, "Denied") != NULL;
            g_autofree char *text = condition_text(condition_of(request, denied ? "Denied" : "Failed"));
            check_fail(result, object, "the request of %s (%s) %s: %s", user, signer, denied ? "was denied" : "failed",
                       text);
            check_advise(result,
                         "Without a certificate %s. Look at who denied it, then: kubectl delete csr %s; the "
                         "kubelet asks again.",
                         for_what, name_of(request));
        } else if (!condition_of(request, "Approved") && minutes >= result->config->stuck_minutes) {
            (serving ? check_warn : check_fail)(
                result, object, "the request of %s (%s) has been pending for %" G_GINT64_FORMAT " min: %s", user,
                signer, minutes, for_what);
            check_advise(result, "If it is the node's own: kubectl certificate approve %s", name_of(request));
        }
    }
    check_summary(result, "%u requests", count);
}
