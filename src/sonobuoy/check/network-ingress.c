/* Ways in by name: Ingresses, and Gateways with their routes. */
#include "sonobuoy/check/areas.h"

#include <string.h>

/* --- classes ---------------------------------------------------------------------------------------------------- */

static bool is_default(yyjson_val *class) {
    return g_strcmp0(json_get_string(class, "metadata", "annotations", "ingressclass.kubernetes.io/is-default-class"),
                     "true") == 0;
}

static guint default_classes(const Snapshot *snapshot, GString *names) {
    const GPtrArray *classes = snapshot_list(snapshot, SNAPSHOT_INGRESS_CLASSES)->items;
    guint count = 0;
    for (guint i = 0; i < classes->len; i++)
        if (is_default(classes->pdata[i]))
            g_string_append_printf(names, "%s%s", count++ ? ", " : "", name_of(classes->pdata[i]));
    return count;
}

void check_ingress_classes(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GString) names = g_string_new(NULL);
    guint count = default_classes(snapshot, names);
    check_summary(result, "%u classes, default: %s", snapshot_list(snapshot, SNAPSHOT_INGRESS_CLASSES)->items->len,
                  count ? names->str : "none");
    if (count > 1)
        check_fail(result, NULL, "%u classes are the default one: %s; an Ingress that names no class is refused", count,
                   names->str);
}

/* --- Ingresses ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const Snapshot *snapshot;
    CheckResult *result;
    GHashTable *classes, *services, *secrets; /* secrets NULL: they may not be listed */
    guint defaults;
} Looking;

static bool has_port(yyjson_val *service, yyjson_val *port) {
    size_t index, count;
    yyjson_val *each;
    const char *name = json_get_string(port, "name");
    yyjson_arr_foreach(json_get(service, "spec", "ports"), index, count, each) {
        if (name ? g_strcmp0(json_get_string(each, "name"), name) == 0
                 : json_int(json_get(each, "port"), -1) == json_int(json_get(port, "number"), -2))
            return true;
    }
    return false;
}

static void check_backend(const Looking *looking, const char *object, yyjson_val *ingress, yyjson_val *backend) {
    const char *name = json_get_string(backend, "service", "name"), *in = namespace_of(ingress);
    yyjson_val *service = name ? index_find(looking->services, in, name) : NULL,
               *port = json_get(backend, "service", "port");
    if (!name) /* a resource of another kind */
        return;
    if (!service) {
        check_fail(looking->result, object, "its backend, Service %s, is not there", name);
        check_advise(looking->result, "kubectl -n %s get services; then kubectl -n %s edit ingress %s", in, in,
                     name_of(ingress));
    } else if (!has_port(service, port) && g_strcmp0(json_get_string(service, "spec", "type"), "ExternalName") != 0) {
        const char *text = json_get_string(port, "name");
        g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, json_int(json_get(port, "number"), 0));
        check_fail(looking->result, object, "its backend, Service %s, has no port %s", name, text ? text : number);
        check_advise(looking->result,
                     "kubectl -n %s get service %s shows its ports; then kubectl -n %s edit ingress %s", in, name, in,
                     name_of(ingress));
    }
}

static void check_backends(const Looking *looking, const char *object, yyjson_val *ingress) {
    size_t i, j, rules, paths;
    yyjson_val *rule, *path;
    check_backend(looking, object, ingress, json_get(ingress, "spec", "defaultBackend"));
    yyjson_arr_foreach(json_get(ingress, "spec", "rules"), i, rules, rule) {
        yyjson_arr_foreach(json_get(rule, "http", "paths"), j, paths, path) {
            check_backend(looking, object, ingress, json_get(path, "backend"));
        }
    }
}

static void check_secrets(const Looking *looking, const char *object, yyjson_val *ingress) {
    size_t index, count;
    yyjson_val *tls;
    yyjson_arr_foreach(json_get(ingress, "spec", "tls"), index, count, tls) {
        const char *name = json_get_string(tls, "secretName");
        if (!name || !*name || !looking->secrets || index_find(looking->secrets, namespace_of(ingress), name))
            continue;
        check_fail(looking->result, object,
                   "its TLS Secret %s is not there: its controller shows a certificate of its own", name);
        check_advise(looking->result,
                     "kubectl -n %s create secret tls %s --cert=FILE --key=FILE; of cert-manager: kubectl "
                     "-n %s describe certificate",
                     namespace_of(ingress), name, namespace_of(ingress));
    }
}

static void check_class(const Looking *looking, const char *object, yyjson_val *ingress) {
    const char *class = json_get_string(ingress, "spec", "ingressClassName"),
               *old = json_get_string(ingress, "metadata", "annotations", "kubernetes.io/ingress.class");
    gint64 minutes = minutes_since(looking->snapshot, json_get_string(ingress, "metadata", "creationTimestamp"));
    if (class && !index_find(looking->classes, NULL, class)) {
        check_fail(looking->result, object, "its class %s is not there: no controller takes it", class);
        check_advise(looking->result,
                     "kubectl get ingressclass; then kubectl -n %s patch ingress %s -p "
                     "'{\"spec\":{\"ingressClassName\":\"CLASS\"}}'",
                     namespace_of(ingress), name_of(ingress));
    } else if (!class && !old) {
        check_warn(looking->result, object, "it names no class%s",
                   looking->defaults ? " and is older than the default one" : ", and none is the default one");
        check_advise(looking->result, "kubectl -n %s patch ingress %s -p '{\"spec\":{\"ingressClassName\":\"CLASS\"}}'",
                     namespace_of(ingress), name_of(ingress));
    } else if (!yyjson_arr_size(json_get(ingress, "status", "loadBalancer", "ingress")) &&
               minutes >= looking->result->config->stuck_minutes) {
        check_warn(looking->result, object, "no controller has given it an address for %" G_GINT64_FORMAT " min",
                   minutes);
        check_advise(looking->result, "Does the controller of class %s run? kubectl -n %s describe ingress %s",
                     class ? class : old, namespace_of(ingress), name_of(ingress));
    }
}

/* What its load balancer says of its ports. */
static void check_load_balancer(const Looking *looking, const char *object, yyjson_val *ingress) {
    size_t i, j, addresses, ports;
    yyjson_val *address, *port;
    yyjson_arr_foreach(json_get(ingress, "status", "loadBalancer", "ingress"), i, addresses, address) {
        yyjson_arr_foreach(json_get(address, "ports"), j, ports, port) {
            const char *error = json_get_string(port, "error");
            if (!error)
                continue;
            check_fail(looking->result, object, "its load balancer does not serve port %" G_GINT64_FORMAT ": %s",
                       json_int(json_get(port, "port"), 0), error);
            check_advise(looking->result, "kubectl -n %s describe ingress %s, and the log of its class's controller.",
                         namespace_of(ingress), name_of(ingress));
        }
    }
}

void check_ingresses(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *ingresses = snapshot_list(snapshot, SNAPSHOT_INGRESSES)->items;
    const SnapshotList *secrets = snapshot_list(snapshot, SNAPSHOT_SECRETS);
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GHashTable) classes = index_by_name(snapshot_list(snapshot, SNAPSHOT_INGRESS_CLASSES)->items),
                          services = index_by_name(snapshot_list(snapshot, SNAPSHOT_SERVICES)->items),
                          names_of_secrets = secrets->error ? NULL : index_by_name(secrets->items);
    Looking looking = {snapshot, result, classes, services, names_of_secrets, default_classes(snapshot, names)};
    for (guint i = 0; i < ingresses->len; i++) {
        g_autofree char *object = check_object("Ingress", ingresses->pdata[i]);
        check_class(&looking, object, ingresses->pdata[i]);
        check_backends(&looking, object, ingresses->pdata[i]);
        check_secrets(&looking, object, ingresses->pdata[i]);
        check_load_balancer(&looking, object, ingresses->pdata[i]);
    }
    check_summary(result, "%u ingresses", ingresses->len);
    if (ingresses->len && secrets->error)
        check_unknown(result, NULL, "whether their TLS Secrets are there: secrets could not be listed");
}

/* --- Gateways -------------------------------------------------------------------------------------------------------
 */

static void check_condition(CheckResult *result, const char *object, yyjson_val *condition, const char *type) {
    g_autofree char *text = condition_text(condition);
    if (condition && g_strcmp0(json_get_string(condition, "status"), "True") != 0)
        check_fail(result, object, "%s is %s: %s", type, json_get_string(condition, "status"), text);
}

void check_gateways(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *gateways = snapshot_list(snapshot, SNAPSHOT_GATEWAYS)->items,
                    *classes = snapshot_list(snapshot, SNAPSHOT_GATEWAY_CLASSES)->items;
    g_autoptr(GHashTable) index = index_by_name(classes);
    for (guint i = 0; i < classes->len; i++) {
        g_autofree char *object = check_object("GatewayClass", classes->pdata[i]);
        check_condition(result, object, condition_of(classes->pdata[i], "Accepted"), "Accepted");
    }
    for (guint i = 0; i < gateways->len; i++) {
        yyjson_val *gateway = gateways->pdata[i], *accepted = condition_of(gateway, "Accepted"),
                   *programmed = condition_of(gateway, "Programmed");
        g_autofree char *object = check_object("Gateway", gateway);
        const char *class = json_get_string(gateway, "spec", "gatewayClassName");
        gint64 minutes = minutes_since(snapshot, json_get_string(gateway, "metadata", "creationTimestamp"));
        bool is_refused = accepted && g_strcmp0(json_get_string(accepted, "status"), "True") != 0;
        /* Before any controller looks at it both are Unknown, by default. */
        bool is_waiting = g_strcmp0(json_get_string(programmed, "reason"), "Pending") == 0 || !programmed;
        if (class && !index_find(index, NULL, class)) {
            check_fail(result, object, "its class %s is not there: no controller takes it", class);
            check_advise(result, "kubectl get gatewayclass; then kubectl -n %s edit gateway %s", namespace_of(gateway),
                         name_of(gateway));
        } else if (is_waiting && minutes >= result->config->stuck_minutes) {
            check_fail(result, object, "no controller has programmed it for %" G_GINT64_FORMAT " min", minutes);
            check_advise(result, "Does the controller of class %s run? kubectl describe gatewayclass %s", class, class);
        } else if (!is_waiting) {
            check_condition(result, object, is_refused ? accepted : programmed, is_refused ? "Accepted" : "Programmed");
        }
    }
    check_summary(result, "%u gateways", gateways->len);
}

void check_routes(Snapshot *snapshot, CheckResult *result) {
    static const char *const types[] = {"Accepted", "ResolvedRefs"};
    const GPtrArray *routes = snapshot_list(snapshot, SNAPSHOT_HTTP_ROUTES)->items;
    for (guint i = 0; i < routes->len; i++) {
        size_t index, count;
        yyjson_val *parents = json_get(routes->pdata[i], "status", "parents"), *parent;
        g_autofree char *object = check_object("HTTPRoute", routes->pdata[i]);
        gint64 minutes = minutes_since(snapshot, json_get_string(routes->pdata[i], "metadata", "creationTimestamp"));
        yyjson_arr_foreach(parents, index, count, parent) {
            for (size_t j = 0; j < G_N_ELEMENTS(types); j++)
                check_condition(result, object, condition_in(json_get(parent, "conditions"), types[j]), types[j]);
        }
        if (!yyjson_arr_size(parents) && minutes >= result->config->stuck_minutes)
            check_warn(result, object, "no Gateway has taken it for %" G_GINT64_FORMAT " min", minutes);
    }
    check_summary(result, "%u routes", routes->len);
}
