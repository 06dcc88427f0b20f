/* Services: what is behind them, and how they are reached from outside. */
#include "sonobuoy/check/areas.h"

static bool is_external(yyjson_val *service) {
    return g_strcmp0(json_get_string(service, "spec", "type"), "ExternalName") == 0;
}

/* --- pods that Services select ------------------------------------------------------------------------------------ */

/* Pods by one label of their namespace's Services' selectors, so that no Service looks at all pods. */
static char *label_key(const char *namespace_, yyjson_val *key, yyjson_val *value) {
    return g_strdup_printf("%s/%s=%s", namespace_ ? namespace_ : "", yyjson_get_str(key), yyjson_get_str(value));
}

/* The label of a selector that its pods are found by; NULL of an empty one. */
static char *first_label(yyjson_val *service) {
    yyjson_val *selector = json_get(service, "spec", "selector"), *key, *value;
    json_foreach_member(selector, key, value) {
        return label_key(namespace_of(service), key, value);
    }
    return NULL;
}

static GHashTable *pods_by_label(const Snapshot *snapshot) {
    const GPtrArray *services = snapshot_list(snapshot, SNAPSHOT_SERVICES)->items,
                    *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    for (guint i = 0; i < services->len; i++) {
        char *key = first_label(services->pdata[i]);
        if (key)
            g_hash_table_replace(table, key, g_ptr_array_new());
    }
    for (guint i = 0; i < pods->len; i++) {
        yyjson_val *key, *value;
        json_foreach_member(json_get(pods->pdata[i], "metadata", "labels"), key, value) {
            g_autofree char *text = label_key(namespace_of(pods->pdata[i]), key, value);
            GPtrArray *found = g_hash_table_lookup(table, text);
            if (found)
                g_ptr_array_add(found, pods->pdata[i]);
        }
    }
    return table;
}

/* Those that a Service selects and that are not done. */
static GPtrArray *pods_of(GHashTable *table, yyjson_val *service) {
    GPtrArray *pods = g_ptr_array_new();
    g_autofree char *key = first_label(service);
    const GPtrArray *candidates = key ? g_hash_table_lookup(table, key) : NULL;
    for (guint i = 0; candidates && i < candidates->len; i++)
        if (labels_match(json_get(service, "spec", "selector"), candidates->pdata[i]) &&
            !pod_is_done(candidates->pdata[i]))
            g_ptr_array_add(pods, candidates->pdata[i]);
    return pods;
}

/* --- backends -------------------------------------------------------------------------------------------------------
 */

static char *selector_text(yyjson_val *service) {
    g_autoptr(GString) text = g_string_new(NULL);
    yyjson_val *key, *value;
    json_foreach_member(json_get(service, "spec", "selector"), key, value) {
        g_string_append_printf(text, "%s%s=%s", text->len ? "," : "", yyjson_get_str(key), yyjson_get_str(value));
    }
    return g_string_free(g_steal_pointer(&text), false);
}

static void check_backends(CheckResult *result, yyjson_val *service, const GPtrArray *pods,
                           const Endpoints *endpoints) {
    g_autofree char *object = check_object("Service", service), *selector = selector_text(service);
    const char *in = namespace_of(service);
    guint ready = 0;
    yyjson_val *unready = NULL;
    for (guint i = 0; i < pods->len; i++) {
        bool is_ready = g_strcmp0(condition_status(pods->pdata[i], "Ready"), "True") == 0;
        ready += is_ready;
        unready = is_ready ? unready : pods->pdata[i];
    }
    if (!pods->len) {
        check_warn(result, object, "nothing is behind it: no pod has its selector's labels, %s", selector);
        check_advise(result,
                     "Compare with kubectl -n %s get pods --show-labels; or scale its workload up, or delete it.", in);
    } else if (!ready) {
        check_fail(result, object, "nothing is behind it: none of its %u pods is ready", pods->len);
        check_advise(result, "kubectl -n %s describe pod %s", in, name_of(unready));
    } else {
        check_fail(result, object, "nothing is behind it, though %u of its pods are ready: its EndpointSlices %s",
                   ready, endpoints ? "have no ready endpoint" : "are not there");
        check_advise(result, "The EndpointSlice controller does not act: look at kube-controller-manager and its log.");
    }
}

void check_services_backends(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *services = snapshot_list(snapshot, SNAPSHOT_SERVICES)->items;
    g_autoptr(GHashTable) table = pods_by_label(snapshot), slices = endpoints_by_service(snapshot);
    guint count = 0;
    for (guint i = 0; i < services->len; i++) {
        yyjson_val *service = services->pdata[i];
        const Endpoints *endpoints = endpoints_of(slices, service);
        bool unready_too = yyjson_get_bool(json_get(service, "spec", "publishNotReadyAddresses"));
        if (is_external(service) || !yyjson_obj_size(json_get(service, "spec", "selector")))
            continue;
        count++;
        if (endpoints && (endpoints->ready || (unready_too && endpoints->all)))
            continue;
        g_autoptr(GPtrArray) pods = pods_of(table, service);
        check_backends(result, service, pods, endpoints);
    }
    check_summary(result, "%u services", count);
}

/* --- names of ports
 * ----------------------------------------------------------------------------------------------------- */

static bool containers_have_port(yyjson_val *containers, const char *name) {
    size_t i, j, count, ports;
    yyjson_val *container, *port;
    yyjson_arr_foreach(containers, i, count, container) {
        yyjson_arr_foreach(json_get(container, "ports"), j, ports, port) {
            if (g_strcmp0(json_get_string(port, "name"), name) == 0)
                return true;
        }
    }
    return false;
}

/* The first of the pods that does not have it; NULL. */
static yyjson_val *pod_without_port(const GPtrArray *pods, const char *name) {
    for (guint i = 0; i < pods->len; i++)
        if (!containers_have_port(json_get(pods->pdata[i], "spec", "containers"), name) &&
            !containers_have_port(json_get(pods->pdata[i], "spec", "initContainers"), name)) /* a sidecar */
            return pods->pdata[i];
    return NULL;
}

void check_services_ports(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *services = snapshot_list(snapshot, SNAPSHOT_SERVICES)->items;
    g_autoptr(GHashTable) table = pods_by_label(snapshot);
    guint count = 0;
    for (guint i = 0; i < services->len; i++) {
        size_t index, ports;
        yyjson_val *service = services->pdata[i], *port;
        g_autoptr(GPtrArray) pods = NULL;
        yyjson_arr_foreach(json_get(service, "spec", "ports"), index, ports, port) {
            const char *target = json_get_string(port, "targetPort");
            if (!target || is_external(service))
                continue;
            count++;
            if (!pods)
                pods = pods_of(table, service);
            yyjson_val *pod = pod_without_port(pods, target);
            if (!pod)
                continue;
            g_autofree char *object = check_object("Service", service), *name = check_object("pod", pod);
            check_fail(result, object, "its targetPort %s is no port of %s", target, name);
            check_advise(result,
                         "Name the port %s in the pod's containers, or set targetPort to a port that is there: "
                         "kubectl -n %s edit service %s",
                         target, namespace_of(service), name_of(service));
        }
    }
    check_summary(result, "%u ports by name", count);
}

/* --- from outside
 * ----------------------------------------------------------------------------------------------------------- */

void check_services_inbound(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *services = snapshot_list(snapshot, SNAPSHOT_SERVICES)->items;
    guint count = 0;
    for (guint i = 0; i < services->len; i++) {
        yyjson_val *service = services->pdata[i];
        gint64 minutes = minutes_since(snapshot, json_get_string(service, "metadata", "creationTimestamp"));
        if (g_strcmp0(json_get_string(service, "spec", "type"), "LoadBalancer") != 0)
            continue;
        count++;
        if (yyjson_arr_size(json_get(service, "status", "loadBalancer", "ingress")) ||
            minutes < result->config->stuck_minutes)
            continue;
        g_autofree char *object = check_object("Service", service);
        const char *class = json_get_string(service, "spec", "loadBalancerClass");
        check_fail(result, object, "it has waited for %" G_GINT64_FORMAT " min for an address of a load balancer%s%s",
                   minutes, class ? " of class " : "", class ? class : "");
        check_advise(result,
                     "kubectl -n %s describe service %s shows what its controller says; without one (cloud "
                     "controller manager, MetalLB) it waits for ever.",
                     namespace_of(service), name_of(service));
    }
    check_summary(result, "%u load balancers", count);
}
