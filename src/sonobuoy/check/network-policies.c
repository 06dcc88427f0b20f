/* Network policies that cut pods from DNS. */
#include "sonobuoy/check/areas.h"

#include "base/selector.h"

enum { DNS_PORT = 53 };

typedef struct {
    yyjson_val *namespace_; /* of the DNS servers; NULL: it is not known */
    yyjson_val *service;
    gint64 target; /* the servers' port, where it is not 53 */
} Dns;

static void find_dns(const Snapshot *snapshot, Dns *out) {
    out->service = snapshot_find(snapshot, SNAPSHOT_SERVICES, "kube-system", "kube-dns");
    out->namespace_ = snapshot_find(snapshot, SNAPSHOT_NAMESPACES, NULL, "kube-system");
    yyjson_val *port = yyjson_arr_get_first(json_get(out->service, "spec", "ports"));
    out->target = json_int(json_get(port, "targetPort"), DNS_PORT);
}

/* Of an egress rule's ports: UDP, which most questions use. */
static bool ports_have_dns(yyjson_val *ports, const Dns *dns) {
    size_t index, count;
    yyjson_val *port;
    if (!yyjson_arr_size(ports))
        return true;
    yyjson_arr_foreach(ports, index, count, port) {
        const char *protocol = json_get_string(port, "protocol");
        yyjson_val *value = json_get(port, "port");
        gint64 from = json_int(value, 0), to = json_int(json_get(port, "endPort"), from);
        bool has = !value || yyjson_is_str(value) || (from <= DNS_PORT && to >= DNS_PORT) ||
                   (from <= dns->target && to >= dns->target);
        if (has && g_strcmp0(protocol, "UDP") == 0)
            return true;
    }
    return false;
}

static bool selects(yyjson_val *selector, yyjson_val *labels) {
    g_autoptr(Selector) parsed = selector_from_json(selector, NULL);
    return parsed && selector_matches(parsed, labels);
}

/* Whether a rule's peers have the DNS servers. Of addresses that cannot be told: it is taken for granted. */
static bool peers_have_dns(yyjson_val *peers, const char *own, const Dns *dns) {
    size_t index, count;
    yyjson_val *peer;
    if (!yyjson_arr_size(peers))
        return true;
    yyjson_arr_foreach(peers, index, count, peer) {
        yyjson_val *namespaces = json_get(peer, "namespaceSelector"), *pods = json_get(peer, "podSelector");
        if (json_get(peer, "ipBlock"))
            return true;
        bool in = namespaces ? !dns->namespace_ || selects(namespaces, json_get(dns->namespace_, "metadata", "labels"))
                             : g_strcmp0(own, "kube-system") == 0;
        if (in && (!pods || !dns->service || selects(pods, json_get(dns->service, "spec", "selector"))))
            return true;
    }
    return false;
}

static bool is_egress(yyjson_val *policy) {
    size_t index, count;
    yyjson_val *type, *types = json_get(policy, "spec", "policyTypes");
    yyjson_arr_foreach(types, index, count, type) {
        if (yyjson_equals_str(type, "Egress"))
            return true;
    }
    return !types && json_get(policy, "spec", "egress");
}

static bool allows_dns(yyjson_val *policy, const Dns *dns) {
    size_t index, count;
    yyjson_val *rule;
    yyjson_arr_foreach(json_get(policy, "spec", "egress"), index, count, rule) {
        if (ports_have_dns(json_get(rule, "ports"), dns) &&
            peers_have_dns(json_get(rule, "to"), namespace_of(policy), dns))
            return true;
    }
    return false;
}

/* The egress policies of a namespace. */
typedef struct {
    GPtrArray *cut, *allow; /* policies without a way to DNS, and with one */
    GPtrArray *pods;
} Policies;

static void policies_free(Policies *policies) {
    g_ptr_array_unref(policies->cut);
    g_ptr_array_unref(policies->allow);
    g_ptr_array_unref(policies->pods);
    g_free(policies);
}

static GHashTable *egress_policies(const Snapshot *snapshot, const Dns *dns) {
    const GPtrArray *policies = snapshot_list(snapshot, SNAPSHOT_NETWORK_POLICIES)->items,
                    *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)policies_free);
    for (guint i = 0; i < policies->len; i++) {
        const char *in = namespace_of(policies->pdata[i]);
        if (!in || !is_egress(policies->pdata[i]))
            continue;
        Policies *all = g_hash_table_lookup(table, in);
        if (!all) {
            all = g_new0(Policies, 1);
            all->cut = g_ptr_array_new();
            all->allow = g_ptr_array_new();
            all->pods = g_ptr_array_new();
            g_hash_table_insert(table, (void *)in, all);
        }
        g_ptr_array_add(allows_dns(policies->pdata[i], dns) ? all->allow : all->cut, policies->pdata[i]);
    }
    for (guint i = 0; i < pods->len; i++) {
        const Policies *all = g_hash_table_lookup(table, namespace_of(pods->pdata[i]));
        if (all && all->cut->len && !pod_is_done(pods->pdata[i]))
            g_ptr_array_add(all->pods, pods->pdata[i]);
    }
    return table;
}

static bool any_selects(const GPtrArray *policies, yyjson_val *labels) {
    for (guint i = 0; i < policies->len; i++)
        if (selects(json_get(policies->pdata[i], "spec", "podSelector"), labels))
            return true;
    return false;
}

/* Whether a policy that allows DNS takes all pods, or the same. */
static bool is_made_up_for(const GPtrArray *allow, yyjson_val *policy) {
    for (guint i = 0; i < allow->len; i++) {
        yyjson_val *other = json_get(allow->pdata[i], "spec", "podSelector");
        if (!yyjson_obj_size(other) || json_equal(other, json_get(policy, "spec", "podSelector")))
            return true;
    }
    return false;
}

static void check_policy(CheckResult *result, yyjson_val *policy, const Policies *all) {
    g_autofree char *object = check_object("NetworkPolicy", policy);
    guint cut = 0, taken = 0;
    yyjson_val *example = NULL;
    if (is_made_up_for(all->allow, policy))
        return;
    for (guint i = 0; i < all->pods->len; i++) {
        yyjson_val *labels = json_get(all->pods->pdata[i], "metadata", "labels");
        if (!selects(json_get(policy, "spec", "podSelector"), labels))
            continue;
        taken++;
        if (any_selects(all->allow, labels))
            continue;
        cut++;
        example = all->pods->pdata[i];
    }
    if (cut)
        check_fail(result, object, "it cuts %u pod%s from DNS, %s for one: no egress rule for them allows UDP port 53",
                   cut, cut == 1 ? "" : "s", name_of(example));
    else if (!taken)
        check_warn(result, object,
                   "it cuts the pods that it will select from DNS: no egress rule for them allows UDP port 53");
}

void check_network_policies(Snapshot *snapshot, CheckResult *result) {
    Dns dns;
    find_dns(snapshot, &dns);
    g_autoptr(GHashTable) table = egress_policies(snapshot, &dns);
    GHashTableIter iter;
    void *policies;
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &policies)) {
        const Policies *all = policies;
        for (guint i = 0; i < all->cut->len; i++)
            check_policy(result, all->cut->pdata[i], all);
    }
    check_summary(result, "%u namespaces limit egress", g_hash_table_size(table));
}
