/* Disruption budgets, single points of failure, events, and whether scheduler and garbage collector act. */
#include "sonobuoy/check/areas.h"
#include "sonobuoy/check/workload.h"

#include "base/selector.h"
#include "base/text.h"

#include <string.h>

/* --- disruption budgets ------------------------------------------------------------------------------------- */

static gint64 status_number(yyjson_val *object, const char *key) {
    return json_int(json_get(object, "status", key), 0);
}

void check_budgets_block(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *budgets = snapshot_list(snapshot, SNAPSHOT_PDBS)->items;
    for (guint i = 0; i < budgets->len; i++) {
        yyjson_val *one = budgets->pdata[i];
        gint64 pods = status_number(one, "expectedPods"), healthy = status_number(one, "currentHealthy"),
               wanted = status_number(one, "desiredHealthy");
        if (!json_get(one, "status", "observedGeneration") || status_number(one, "disruptionsAllowed") > 0 || pods == 0)
            continue;
        g_autofree char *object = check_object("PodDisruptionBudget", one);
        if (wanted >= pods) {
            check_fail(result, object,
                       "of %" G_GINT64_FORMAT " pods all have to stay: no node that has one can ever be "
                       "drained",
                       pods);
            check_advise(result,
                         "Let one go: kubectl patch pdb -n %s %s --type merge -p "
                         "'{\"spec\":{\"minAvailable\":null,\"maxUnavailable\":1}}', and have two replicas.",
                         namespace_of(one), name_of(one));
        } else {
            check_warn(result, object,
                       "of %" G_GINT64_FORMAT " pods %" G_GINT64_FORMAT " are healthy and %" G_GINT64_FORMAT
                       " have to be: none may go now",
                       pods, healthy, wanted);
            check_advise(result, "Mend the pods that are not ready (SB-WORK-04 to -08); drains go on then.");
        }
    }
    check_summary(result, "%u budgets", budgets->len);
}

/* The first budget of each pod: pod's JSON to the budget. */
static guint select_pods(CheckResult *result, yyjson_val *budget, const GPtrArray *pods, GHashTable *taken) {
    yyjson_val *wanted = json_get(budget, "spec", "selector");
    g_autoptr(Selector) selector = wanted ? selector_from_json(wanted, NULL) : NULL;
    guint selected = 0;
    for (guint i = 0; selector && pods && i < pods->len; i++) {
        yyjson_val *pod = pods->pdata[i];
        if (workload_is_over(pod) || !selector_matches(selector, json_get(pod, "metadata", "labels")))
            continue;
        selected++;
        yyjson_val *other = g_hash_table_lookup(taken, pod);
        if (!other) {
            g_hash_table_insert(taken, pod, budget);
            continue;
        }
        g_autofree char *object = check_object("Pod", pod);
        check_fail(result, object, "two budgets select it, %s and %s: it cannot be evicted at all", name_of(other),
                   name_of(budget));
        check_advise(result, "Keep one: kubectl delete pdb -n %s %s", namespace_of(budget), name_of(budget));
    }
    return selected;
}

void check_budgets_select(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *budgets = snapshot_list(snapshot, SNAPSHOT_PDBS)->items;
    g_autoptr(GHashTable) spaces = workload_pods_by_namespace(snapshot);
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < budgets->len; i++) {
        const char *space = namespace_of(budgets->pdata[i]);
        if (select_pods(result, budgets->pdata[i], g_hash_table_lookup(spaces, space), taken))
            continue;
        g_autofree char *object = check_object("PodDisruptionBudget", budgets->pdata[i]);
        check_warn(result, object, "it selects no pod: it guards nothing");
        check_advise(result, "Compare its selector with kubectl get pods -n %s --show-labels; or delete it.", space);
    }
    check_summary(result, "%u budgets", budgets->len);
}

/* --- single points -------------------------------------------------------------------------------------------- */

static bool is_webhook_service(const Snapshot *snapshot, const char *namespace_, yyjson_val *labels) {
    static const SnapshotKind kinds[] = {SNAPSHOT_VALIDATING_WEBHOOKS, SNAPSHOT_MUTATING_WEBHOOKS};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const GPtrArray *all = snapshot_list(snapshot, kinds[i])->items;
        for (guint j = 0; j < all->len; j++) {
            size_t index, count;
            yyjson_val *webhook, *key, *value;
            yyjson_arr_foreach(json_get(all->pdata[j], "webhooks"), index, count, webhook) {
                yyjson_val *named = json_get(webhook, "clientConfig", "service");
                if (g_strcmp0(json_get_string(named, "namespace"), namespace_) != 0)
                    continue;
                yyjson_val *service =
                    snapshot_find(snapshot, SNAPSHOT_SERVICES, namespace_, json_get_string(named, "name"));
                yyjson_val *selector = json_get(service, "spec", "selector");
                bool all_match = yyjson_obj_size(selector) > 0;
                json_foreach_member(selector, key, value) {
                    all_match = all_match &&
                                g_strcmp0(json_get_string(labels, yyjson_get_str(key)), yyjson_get_str(value)) == 0;
                }
                if (all_match)
                    return true;
            }
        }
    }
    return false;
}

/* What the Deployment or StatefulSet does for the whole cluster; NULL: nothing that is known. */
static const char *role_of(const Snapshot *snapshot, yyjson_val *one) {
    static const struct {
        const char *label, *value, *role;
    } known[] = {{"k8s-app", "kube-dns", "the cluster's DNS"},
                 {"k8s-app", "metrics-server", "the metrics API"},
                 {"app.kubernetes.io/name", "metrics-server", "the metrics API"},
                 {"app.kubernetes.io/name", "ingress-nginx", "an ingress controller"},
                 {"app.kubernetes.io/name", "traefik", "an ingress controller"},
                 {"app.kubernetes.io/name", "contour", "an ingress controller"},
                 {"app.kubernetes.io/name", "haproxy-ingress", "an ingress controller"}};
    yyjson_val *labels = json_get(one, "spec", "template", "metadata", "labels"), *container;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (g_strcmp0(json_get_string(labels, known[i].label), known[i].value) == 0)
            return known[i].role;
    size_t index, count;
    yyjson_arr_foreach(json_get(one, "spec", "template", "spec", "containers"), index, count, container) {
        const char *image = json_get_string(container, "image");
        if (image && (strstr(image, "csi-provisioner") || strstr(image, "csi-attacher")))
            return "a CSI controller";
    }
    return is_webhook_service(snapshot, namespace_of(one), labels) ? "an admission webhook's server" : NULL;
}

static const char *zone_of(const Snapshot *snapshot, const char *node) {
    yyjson_val *labels = json_get(snapshot_find(snapshot, SNAPSHOT_NODES, NULL, node), "metadata", "labels");
    return json_get_string(labels, "topology.kubernetes.io/zone");
}

static guint zones(const Snapshot *snapshot) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < nodes->len; i++) {
        const char *zone = zone_of(snapshot, name_of(nodes->pdata[i]));
        if (zone)
            g_hash_table_add(names, (void *)zone);
    }
    return g_hash_table_size(names);
}

static void look_at_spread(const Snapshot *snapshot, CheckResult *result, const char *kind, yyjson_val *one,
                           const char *role, const GPtrArray *pods) {
    g_autofree char *object = check_object(kind, one);
    if (json_int(json_get(one, "spec", "replicas"), 1) < 2) {
        check_warn(result, object, "%s has one replica", role);
        check_advise(result, "kubectl scale %s -n %s %s --replicas 2",
                     g_ascii_isupper(*kind) && *kind == 'D' ? "deployment" : "statefulset", namespace_of(one),
                     name_of(one));
        return;
    }
    g_autoptr(Selector) selector = selector_from_json(json_get(one, "spec", "selector"), NULL);
    const char *node = NULL, *zone = NULL;
    bool one_node = true, one_zone = true;
    guint running = 0;
    for (guint i = 0; selector && pods && i < pods->len; i++) {
        const char *on = json_get_string(pods->pdata[i], "spec", "nodeName");
        if (!on || workload_is_over(pods->pdata[i]) ||
            !selector_matches(selector, json_get(pods->pdata[i], "metadata", "labels")))
            continue;
        const char *in = zone_of(snapshot, on);
        one_node = one_node && (!running || g_str_equal(on, node));
        one_zone = one_zone && in && (!running || g_strcmp0(in, zone) == 0);
        node = on;
        zone = in;
        running++;
    }
    if (running > 1 && one_node)
        check_warn(result, object, "all %u pods of %s are on node %s", running, role, node);
    else if (running > 1 && one_zone && zones(snapshot) > 1)
        check_warn(result, object, "all %u pods of %s are in zone %s", running, role, zone);
    else
        return;
    check_advise(result, "Give it a topologySpreadConstraint or pod anti-affinity, then: kubectl rollout restart -n %s",
                 namespace_of(one));
}

void check_single_points(Snapshot *snapshot, CheckResult *result) {
    static const struct {
        SnapshotKind kind;
        const char *name;
    } kinds[] = {{SNAPSHOT_DEPLOYMENTS, "Deployment"}, {SNAPSHOT_STATEFUL_SETS, "StatefulSet"}};
    g_autoptr(GHashTable) spaces = workload_pods_by_namespace(snapshot);
    guint found = 0;
    if (snapshot_list(snapshot, SNAPSHOT_NODES)->items->len < 2) {
        check_summary(result, "a cluster of one node is one itself");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const GPtrArray *all = snapshot_list(snapshot, kinds[i].kind)->items;
        for (guint j = 0; j < all->len; j++) {
            const char *role = role_of(snapshot, all->pdata[j]), *space = namespace_of(all->pdata[j]);
            found += role != NULL;
            if (role)
                look_at_spread(snapshot, result, kinds[i].name, all->pdata[j], role,
                               space ? g_hash_table_lookup(spaces, space) : NULL);
        }
    }
    check_summary(result, "%u workloads that all depend on", found);
}

/* --- events --------------------------------------------------------------------------------------------------------
 */

typedef struct {
    const char *reason;
    gint64 count, first, last; /* first, last: minutes ago */
    guint objects;
    yyjson_val *example;
} Reason;

void check_events(Snapshot *snapshot, CheckResult *result) {
    enum { LOOKED_AT_MINUTES = 60 };
    const GPtrArray *events = snapshot_list(snapshot, SNAPSHOT_EVENTS)->items;
    g_autoptr(GHashTable) reasons = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    GHashTableIter iter;
    gpointer value;
    for (guint i = 0; i < events->len; i++) {
        yyjson_val *event = events->pdata[i];
        const char *name = json_get_string(event, "reason"), *first = json_get_string(event, "firstTimestamp");
        gint64 minutes = event_minutes(snapshot, event), begun = minutes_since(snapshot, first);
        if (!name || g_strcmp0(json_get_string(event, "type"), "Warning") != 0 || minutes < 0 ||
            minutes > LOOKED_AT_MINUTES)
            continue;
        Reason *reason = g_hash_table_lookup(reasons, name);
        if (!reason) {
            reason = g_new0(Reason, 1);
            *reason = (Reason){.reason = name, .last = minutes, .example = event};
            g_hash_table_insert(reasons, (void *)name, reason);
        }
        reason->count += workload_event_count(event);
        reason->first = MAX(reason->first, MAX(begun, minutes));
        reason->last = MIN(reason->last, minutes);
        reason->objects++;
    }
    g_hash_table_iter_init(&iter, reasons);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Reason *reason = value;
        yyjson_val *about = json_get(reason->example, "involvedObject");
        const char *space = json_get_string(about, "namespace"), *message = json_get_string(reason->example, "message");
        g_autofree char *object = g_strdup_printf("Event %s", reason->reason);
        check_warn(result, object,
                   "%" G_GINT64_FORMAT " times in the last hour, of %u objects, first %" G_GINT64_FORMAT
                   " and last %" G_GINT64_FORMAT " min ago; for one %s %s%s%s: %s",
                   reason->count, reason->objects, reason->first, reason->last, json_get_string(about, "kind"),
                   space ? space : "", space ? "/" : "", json_get_string(about, "name"), message ? message : "");
        check_advise(result, "kubectl get events -A --field-selector type=Warning,reason=%s", reason->reason);
    }
    check_summary(result, "no warnings in the last hour, of %u events", events->len);
}

/* --- do they act? ----------------------------------------------------------------------------------------------------
 */

void check_scheduler_acts(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    guint waiting = 0;
    yyjson_val *example = NULL;
    for (guint i = 0; i < pods->len; i++) {
        yyjson_val *pod = pods->pdata[i];
        if (json_get_string(pod, "spec", "nodeName") || workload_is_over(pod) || condition_of(pod, "PodScheduled") ||
            minutes_since(snapshot, json_get_string(pod, "metadata", "creationTimestamp")) < 1 ||
            json_get(pod, "metadata", "deletionTimestamp"))
            continue;
        example = example ? example : pod;
        waiting++;
    }
    check_summary(result, "%u pods", pods->len);
    if (!waiting)
        return;
    g_autofree char *object = check_object("Pod", example);
    check_fail(result, object, "no scheduler has looked at it, nor at %u more, for over a minute", waiting - 1);
    check_advise(result,
                 "Is kube-scheduler running (SB-CP-02)? Or does the pod name another one: kubectl get pod -n %s "
                 "%s -o jsonpath={.spec.schedulerName}",
                 namespace_of(example), name_of(example));
}

static void add_uids(const Snapshot *snapshot, SnapshotKind kind, GHashTable *uids) {
    const GPtrArray *items = snapshot_list(snapshot, kind)->items;
    for (guint i = 0; i < items->len; i++) {
        const char *uid = json_get_string(items->pdata[i], "metadata", "uid");
        if (uid)
            g_hash_table_add(uids, (void *)uid);
    }
}

/* The object's controller where it is of a kind whose objects are all known and is none of them; else NULL. */
static yyjson_val *missing_owner(const Snapshot *snapshot, yyjson_val *object, GHashTable *uids) {
    static const struct {
        const char *name;
        SnapshotKind kind;
    } kinds[] = {{"ReplicaSet", SNAPSHOT_REPLICA_SETS},   {"DaemonSet", SNAPSHOT_DAEMON_SETS},
                 {"StatefulSet", SNAPSHOT_STATEFUL_SETS}, {"Job", SNAPSHOT_JOBS},
                 {"Deployment", SNAPSHOT_DEPLOYMENTS},    {"CronJob", SNAPSHOT_CRON_JOBS}};
    yyjson_val *owner = yyjson_arr_get_first(json_get(object, "metadata", "ownerReferences"));
    const char *kind = json_get_string(owner, "kind"), *uid = json_get_string(owner, "uid");
    for (size_t i = 0; kind && uid && i < G_N_ELEMENTS(kinds); i++)
        if (g_str_equal(kind, kinds[i].name))
            return snapshot_list(snapshot, kinds[i].kind)->error || g_hash_table_contains(uids, uid) ? NULL : owner;
    return NULL;
}

void check_collector_acts(Snapshot *snapshot, CheckResult *result) {
    static const SnapshotKind owners[] = {SNAPSHOT_REPLICA_SETS, SNAPSHOT_DAEMON_SETS, SNAPSHOT_STATEFUL_SETS,
                                          SNAPSHOT_JOBS,         SNAPSHOT_DEPLOYMENTS, SNAPSHOT_CRON_JOBS};
    static const struct {
        SnapshotKind kind;
        const char *name;
    } owned[] = {{SNAPSHOT_PODS, "Pod"}, {SNAPSHOT_REPLICA_SETS, "ReplicaSet"}, {SNAPSHOT_JOBS, "Job"}};
    g_autoptr(GHashTable) uids = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < G_N_ELEMENTS(owners); i++)
        add_uids(snapshot, owners[i], uids);
    for (size_t i = 0; i < G_N_ELEMENTS(owned); i++) {
        const GPtrArray *items = snapshot_list(snapshot, owned[i].kind)->items;
        for (guint j = 0; j < items->len; j++) {
            yyjson_val *owner = missing_owner(snapshot, items->pdata[j], uids);
            if (!owner || json_get(items->pdata[j], "metadata", "deletionTimestamp") ||
                minutes_since(snapshot, json_get_string(items->pdata[j], "metadata", "creationTimestamp")) <
                    result->config->stuck_minutes)
                continue;
            g_autofree char *object = check_object(owned[i].name, items->pdata[j]);
            check_warn(result, object, "its owner, %s %s, is not there any more, and it still is",
                       json_get_string(owner, "kind"), json_get_string(owner, "name"));
        }
    }
    check_summary(result, "no owner is missing");
}
