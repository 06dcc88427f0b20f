#include "sonobuoy/restricted.h"

#include "base/text.h"

enum { USER = 1000 };

static void set_if_missing(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, yyjson_mut_val *value) {
    if (!yyjson_mut_obj_get(object, key))
        json_mut_set(doc, object, key, value);
}

void restricted_set_pod(yyjson_mut_doc *doc, yyjson_mut_val *spec) {
    yyjson_mut_val *context = json_mut_ensure_object(doc, spec, "securityContext");
    set_if_missing(doc, context, "runAsNonRoot", yyjson_mut_bool(doc, true));
    set_if_missing(doc, context, "runAsUser", yyjson_mut_int(doc, USER));
    if (!yyjson_mut_obj_get(context, "seccompProfile"))
        json_mut_set_string(doc, json_mut_ensure_object(doc, context, "seccompProfile"), "type", "RuntimeDefault");
}

void restricted_set_container(yyjson_mut_doc *doc, yyjson_mut_val *container) {
    yyjson_mut_val *context = json_mut_ensure_object(doc, container, "securityContext"), *drop = yyjson_mut_arr(doc);
    yyjson_mut_arr_add_str(doc, drop, "ALL");
    set_if_missing(doc, context, "allowPrivilegeEscalation", yyjson_mut_bool(doc, false));
    set_if_missing(doc, json_mut_ensure_object(doc, context, "capabilities"), "drop", drop);
}

/* --- what is refused ---------------------------------------------------------------------------- */

/* The default pod spec of a DaemonSet has the node's root as this volume. */
static bool mounts_root(yyjson_mut_val *container) {
    size_t index, count;
    yyjson_mut_val *mount;
    yyjson_mut_arr_foreach(yyjson_mut_obj_get(container, "volumeMounts"), index, count, mount) {
        if (g_strcmp0(json_mut_get_string(mount, "name"), "root") == 0)
            return true;
    }
    return false;
}

static bool is_privileged(yyjson_mut_val *container) {
    return yyjson_mut_get_bool(json_mut_get(container, "securityContext", "privileged"));
}

static bool has_host_port(yyjson_mut_val *container) {
    size_t index, count;
    yyjson_mut_val *port;
    yyjson_mut_arr_foreach(yyjson_mut_obj_get(container, "ports"), index, count, port) {
        if (yyjson_mut_obj_get(port, "hostPort"))
            return true;
    }
    return false;
}

static bool has_host_path(yyjson_mut_val *volumes) {
    size_t index, count;
    yyjson_mut_val *volume;
    yyjson_mut_arr_foreach(volumes, index, count, volume) {
        if (yyjson_mut_obj_get(volume, "hostPath"))
            return true;
    }
    return false;
}

/* Why the plugin's pods would be refused, or NULL. */
static const char *refusal(const Plugin *plugin) {
    static const char *const lists[] = {"initContainers", "containers"};
    static const char *const namespaces[] = {"hostNetwork", "hostPID", "hostIPC"};
    size_t index, count;
    yyjson_mut_val *container;
    if (is_privileged(plugin->spec))
        return "a privileged container";
    if (has_host_port(plugin->spec))
        return "a port of its node (hostPort)";
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        yyjson_mut_arr_foreach(json_mut_get(plugin->pod_spec, lists[i]), index, count, container) {
            if (is_privileged(container))
                return "a privileged container";
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(namespaces); i++)
        if (yyjson_mut_get_bool(json_mut_get(plugin->pod_spec, namespaces[i])))
            return namespaces[i];
    if (has_host_path(json_mut_get(plugin->pod_spec, "volumes")) || has_host_path(plugin->extra_volumes))
        return "a folder of its node (hostPath)";
    return NULL;
}

bool restricted_needs_node(const Plugin *plugin) {
    return refusal(plugin) || (!plugin->pod_spec && mounts_root(plugin->spec));
}

bool restricted_check(const Plugin *plugin, GError **error) {
    const char *reason = refusal(plugin);
    if (reason)
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "plugin %s wants %s, which restricted pod security refuses: leave the plugin out, or run it with "
                    "--namespace-psa-enforce-level privileged --security-context-mode nonroot",
                    plugin->name, reason);
    return !reason;
}
