#include "sonobuoy/preflight.h"

#include "kube/list.h"
#include "kube/object.h"
#include "sonobuoy/resources.h"

#include <stdlib.h>

enum { MINOR_MIN = 17 };

static bool any_running(yyjson_val *pods, size_t bytes, void *data, GError **error) {
    bool *found = data;
    size_t index, count;
    yyjson_val *pod;
    yyjson_arr_foreach(pods, index, count, pod) {
        *found |= g_strcmp0(json_get_string(pod, "status", "phase"), "Running") == 0;
    }
    return true;
}

static bool check_dns(KubeClient *client, const Preflight *preflight, GError **error) {
    bool found = false;
    for (size_t i = 0; preflight->dns_pod_labels[i] && !found; i++) {
        KubeListQuery query = {.resource = &resource_pods,
                               .namespace_ = preflight->dns_namespace,
                               .label_selector = preflight->dns_pod_labels[i]};
        g_auto(KubeListResult) result = {0};
        if (!kube_list(client, &query, any_running, &found, &result, error)) {
            g_prefix_error_literal(error, "dnscheck (--skip-preflight=dnscheck does without): ");
            return false;
        }
    }
    if (!found) {
        g_autofree char *labels = g_strjoinv(" or ", (char **)preflight->dns_pod_labels);
        g_set_error(
            error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
            "no pod of the cluster's DNS runs in namespace %s (%s), and plugins need names; --dns-namespace and "
            "--dns-pod-labels say where else it is, --skip-preflight=dnscheck does without",
            preflight->dns_namespace, labels);
    }
    return found;
}

static bool check_version(KubeClient *client, GError **error) {
    KubeVersion version = {0};
    if (!kube_version_get(client, &version, error)) {
        g_prefix_error_literal(error, "versioncheck (--skip-preflight=versioncheck does without): ");
        return false;
    }
    bool fits = g_strcmp0(version.major, "1") != 0 || !version.minor || strtol(version.minor, NULL, 10) >= MINOR_MIN;
    if (!fits)
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED,
                    "the cluster is %s, and " PREFLIGHT_VERSION_MIN " is the oldest that is supported; "
                    "--skip-preflight=versioncheck tries it all the same",
                    version.git_version);
    kube_version_clear(&version);
    return fits;
}

static bool check_namespace(KubeClient *client, const Preflight *preflight, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) doc = kube_object_get(client, &resource_namespaces, NULL, preflight->namespace_, &failure);
    if (doc) {
        bool ending = json_get(yyjson_doc_get_root(doc), "metadata", "deletionTimestamp");
        g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                    ending
                        ? "namespace %s is being deleted; `sonobuoy delete --wait` returns when it is gone"
                        : "namespace %s already exists; `sonobuoy status` tells of a run in it and `sonobuoy delete` "
                          "removes it, -n takes another name, --skip-preflight=existingnamespace runs in it",
                    preflight->namespace_);
        return false;
    }
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return true;
    g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                               "existingnamespace (--skip-preflight=existingnamespace does without): ");
    return false;
}

bool preflight_check(KubeClient *client, const Preflight *preflight, GError **error) {
    return (preflight->skip_dns || check_dns(client, preflight, error)) &&
           (preflight->skip_version || check_version(client, error)) &&
           (preflight->skip_namespace || check_namespace(client, preflight, error));
}
