/* Room: on nodes, in quotas; metrics and what scales by them. */
#include "sonobuoy/check/areas.h"
#include "sonobuoy/check/workload.h"

#include "base/text.h"

#include <string.h>

enum { CPU, MEMORY, PODS, RESOURCES };
static const char *const resource_names[RESOURCES] = {"cpu", "memory", "pods"};
typedef struct {
    double of[RESOURCES]; /* cores, bytes, pods */
} Amounts;

/* --- requests ----------------------------------------------------------------------------------------------- */

static double amount(yyjson_val *list, const char *name) {
    const char *text = json_get_string(list, name);
    double value = 0;
    return text && quantity_number(text, &value) ? value : 0;
}

static Amounts amounts_of(yyjson_val *list) {
    Amounts amounts = {{0}};
    for (size_t i = 0; i < RESOURCES; i++)
        amounts.of[i] = amount(list, resource_names[i]);
    return amounts;
}

/* What the scheduler counts: containers and those beside them together, or the largest of the first ones.
 * Source: kubernetes.io/docs/concepts/workloads/pods/init-containers and sidecar-containers. */
static Amounts requests_of(yyjson_val *pod) {
    Amounts sum = {{0}}, beside = {{0}}, first = {{0}};
    size_t index, count;
    yyjson_val *container;
    yyjson_arr_foreach(json_get(pod, "spec", "initContainers"), index, count, container) {
        Amounts own = amounts_of(json_get(container, "resources", "requests"));
        bool stays = g_strcmp0(json_get_string(container, "restartPolicy"), "Always") == 0;
        for (size_t i = 0; i < RESOURCES; i++) {
            beside.of[i] += stays ? own.of[i] : 0;
            first.of[i] = MAX(first.of[i], beside.of[i] + (stays ? 0 : own.of[i]));
        }
    }
    yyjson_arr_foreach(json_get(pod, "spec", "containers"), index, count, container) {
        Amounts own = amounts_of(json_get(container, "resources", "requests"));
        for (size_t i = 0; i < RESOURCES; i++)
            sum.of[i] += own.of[i];
    }
    Amounts overhead = amounts_of(json_get(pod, "spec", "overhead"));
    for (size_t i = 0; i < RESOURCES; i++)
        sum.of[i] = MAX(sum.of[i] + beside.of[i], first.of[i]) + overhead.of[i];
    sum.of[PODS] = 1;
    return sum;
}

typedef struct {
    yyjson_val *node;
    Amounts room, used, movable; /* movable: of used what would go elsewhere: not of DaemonSets, nor the node's own */
    bool takes;                  /* it is ready, and takes pods */
} NodeUse;

static bool stays_with_node(yyjson_val *pod) {
    const char *kind = json_get_string(yyjson_arr_get_first(json_get(pod, "metadata", "ownerReferences")), "kind");
    return kind && (g_str_equal(kind, "DaemonSet") || g_str_equal(kind, "Node"));
}

/* A use for each node, in their order. */
static GArray *uses_of(const Snapshot *snapshot) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items,
                    *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    GArray *uses = g_array_sized_new(FALSE, TRUE, sizeof(NodeUse), nodes->len);
    g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < nodes->len; i++) {
        NodeUse use = {.node = nodes->pdata[i],
                       .room = amounts_of(json_get(nodes->pdata[i], "status", "allocatable")),
                       .takes = g_strcmp0(condition_status(nodes->pdata[i], "Ready"), "True") == 0 &&
                                !yyjson_get_bool(json_get(nodes->pdata[i], "spec", "unschedulable"))};
        g_array_append_val(uses, use);
        g_hash_table_insert(places, (void *)name_of(nodes->pdata[i]), GUINT_TO_POINTER(i + 1));
    }
    for (guint i = 0; i < pods->len; i++) {
        const char *node = json_get_string(pods->pdata[i], "spec", "nodeName");
        guint place = node ? GPOINTER_TO_UINT(g_hash_table_lookup(places, node)) : 0;
        if (!place || workload_is_over(pods->pdata[i]))
            continue;
        Amounts requests = requests_of(pods->pdata[i]);
        NodeUse *use = &g_array_index(uses, NodeUse, place - 1);
        for (size_t j = 0; j < RESOURCES; j++) {
            use->used.of[j] += requests.of[j];
            use->movable.of[j] += stays_with_node(pods->pdata[i]) ? 0 : requests.of[j];
        }
    }
    return uses;
}

static char *amount_text(size_t resource, double value) {
    if (resource == MEMORY)
        return bytes_format((guint64)MAX(value, 0));
    return g_strdup_printf("%.3g%s", value, resource == CPU ? " cores" : "");
}

void check_capacity_nodes(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GArray) uses = uses_of(snapshot);
    double all[RESOURCES] = {0}, used[RESOURCES] = {0};
    for (guint i = 0; i < uses->len; i++) {
        const NodeUse *use = &g_array_index(uses, NodeUse, i);
        for (size_t j = 0; j < RESOURCES; j++) {
            double percent = use->room.of[j] > 0 ? 100 * use->used.of[j] / use->room.of[j] : 0;
            all[j] += use->room.of[j];
            used[j] += use->used.of[j];
            if (percent < (double)result->config->requests_percent)
                continue;
            g_autofree char *object = check_object("Node", use->node), *asked = amount_text(j, use->used.of[j]),
                            *room = amount_text(j, use->room.of[j]);
            check_warn(result, object, "its pods ask for %.0f %% of its %s: %s of %s", percent, resource_names[j],
                       asked, room);
        }
    }
    check_summary(result, "requests: %.0f %% of CPU, %.0f %% of memory, %.0f %% of pods",
                  all[CPU] > 0 ? 100 * used[CPU] / all[CPU] : 0, all[MEMORY] > 0 ? 100 * used[MEMORY] / all[MEMORY] : 0,
                  all[PODS] > 0 ? 100 * used[PODS] / all[PODS] : 0);
}

/* What the other nodes lack for the pods of this one. */
static double lacking(const GArray *uses, guint lost, size_t resource) {
    double wanted = g_array_index(uses, NodeUse, lost).movable.of[resource];
    for (guint i = 0; i < uses->len; i++) {
        const NodeUse *use = &g_array_index(uses, NodeUse, i);
        if (i != lost && use->takes)
            wanted -= MAX(use->room.of[resource] - use->used.of[resource], 0);
    }
    return wanted;
}

void check_capacity_loss(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GArray) uses = uses_of(snapshot);
    check_summary(result, "of %u nodes any can go", uses->len);
    if (uses->len == 1) {
        g_autofree char *object = check_object("Node", g_array_index(uses, NodeUse, 0).node);
        check_warn(result, object, "it is the only node: with it all goes");
        check_advise(result, "Add a second node, if what runs here matters.");
    }
    for (size_t j = 0; uses->len > 1 && j < RESOURCES; j++) {
        guint worst = 0;
        for (guint i = 1; i < uses->len; i++)
            if (lacking(uses, i, j) > lacking(uses, worst, j))
                worst = i;
        double lack = lacking(uses, worst, j);
        if (lack <= 0)
            continue;
        g_autofree char *object = check_object("Node", g_array_index(uses, NodeUse, worst).node),
                        *missing = amount_text(j, lack);
        check_warn(result, object, "without it %s of %s are lacking for what its pods ask for", missing,
                   resource_names[j]);
    }
}

/* --- requests that are not there -------------------------------------------------------------------------------- */

/* "app (cpu, memory), ..." : containers without requests; NULL: none. */
static char *without_requests(yyjson_val *pod) {
    GString *text = g_string_new(NULL);
    size_t index, count;
    yyjson_val *container;
    yyjson_arr_foreach(json_get(pod, "spec", "containers"), index, count, container) {
        yyjson_val *requests = json_get(container, "resources", "requests");
        bool cpu = json_get(requests, "cpu"), memory = json_get(requests, "memory");
        if (!cpu || !memory)
            g_string_append_printf(text, "%s%s (%s%s%s)", text->len ? ", " : "", json_get_string(container, "name"),
                                   cpu ? "" : "cpu", cpu || memory ? "" : ", ", memory ? "" : "memory");
    }
    return text->len ? g_string_free(text, FALSE) : (g_string_free(text, TRUE), NULL);
}

void check_capacity_requests(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    g_autoptr(GHashTable) counts = workload_counts_new();
    for (guint i = 0; i < pods->len; i++) {
        bool own = json_get(pods->pdata[i], "metadata", "annotations", "kubernetes.io/config.mirror") != NULL;
        char *lacks = workload_is_over(pods->pdata[i]) || own ? NULL : without_requests(pods->pdata[i]);
        bool best = g_strcmp0(json_get_string(pods->pdata[i], "status", "qosClass"), "BestEffort") == 0;
        if (lacks && best && workload_is_system(namespace_of(pods->pdata[i]))) {
            char *more = g_strconcat(lacks, "; it is BestEffort: of the cluster's own, the first to be evicted", NULL);
            g_free(lacks);
            lacks = more;
        }
        if (lacks)
            workload_counts_add(counts, pods->pdata[i], lacks);
    }
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, counts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const WorkloadCount *count = value;
        check_warn(result, count->workload, "%u pods with containers that ask for nothing: %s", count->pods,
                   count->first);
    }
    check_summary(result, "%u pods", pods->len);
}

/* --- quotas ------------------------------------------------------------------------------------------------------ */

void check_capacity_quotas(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *quotas = snapshot_list(snapshot, SNAPSHOT_QUOTAS)->items;
    for (guint i = 0; i < quotas->len; i++) {
        yyjson_val *hard = json_get(quotas->pdata[i], "status", "hard"),
                   *used = json_get(quotas->pdata[i], "status", "used"), *key, *value;
        json_foreach_member(hard, key, value) {
            const char *name = yyjson_get_str(key), *bound = yyjson_get_str(value), *now = json_get_string(used, name);
            double most = 0, taken = 0;
            if (!bound || !now || !quantity_number(bound, &most) || !quantity_number(now, &taken) || most <= 0)
                continue;
            g_autofree char *object = check_object("ResourceQuota", quotas->pdata[i]);
            if (taken >= most)
                check_fail(result, object, "%s is used up: %s of %s", name, now, bound);
            else if (100 * taken >= most * (double)result->config->quota_percent)
                check_warn(result, object, "%s is nearly used up: %s of %s", name, now, bound);
        }
    }
    check_summary(result, "%u quotas", quotas->len);
}

/* --- metrics --------------------------------------------------------------------------------------------------------
 */

void check_capacity_metrics(Snapshot *snapshot, CheckResult *result) {
    enum { OLD_MINUTES = 2 };
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    yyjson_val *service = snapshot_find(snapshot, SNAPSHOT_API_SERVICES, NULL, "v1beta1.metrics.k8s.io");
    guint scalers = snapshot_list(snapshot, SNAPSHOT_HPAS)->items->len;
    if (!service) {
        check_summary(result, "not installed, and no HorizontalPodAutoscaler needs it");
        if (scalers)
            check_fail(result, NULL, "it is not installed, and %u HorizontalPodAutoscalers want it", scalers);
        return;
    }
    yyjson_val *available = condition_of(service, "Available");
    if (g_strcmp0(json_get_string(available, "status"), "True") != 0) {
        g_autofree char *text = condition_text(available);
        check_fail(result, "APIService v1beta1.metrics.k8s.io", "it is not available: %s", text);
        return;
    }
    for (guint i = 0; i < nodes->len && !snapshot_list(snapshot, SNAPSHOT_NODE_METRICS)->error; i++) {
        yyjson_val *metrics = snapshot_find(snapshot, SNAPSHOT_NODE_METRICS, NULL, name_of(nodes->pdata[i]));
        gint64 minutes = minutes_since(snapshot, json_get_string(metrics, "timestamp"));
        if (g_strcmp0(condition_status(nodes->pdata[i], "Ready"), "True") != 0 || (metrics && minutes <= OLD_MINUTES))
            continue;
        g_autofree char *object = check_object("Node", nodes->pdata[i]);
        if (metrics)
            check_warn(result, object, "its metrics are %" G_GINT64_FORMAT " min old", minutes);
        else
            check_warn(result, object, "there are no metrics of it");
        check_advise(result,
                     "kubectl logs -n kube-system deployment/metrics-server says why it cannot ask that kubelet.");
    }
    check_summary(result, "of %u nodes", nodes->len);
}

void check_capacity_autoscalers(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *scalers = snapshot_list(snapshot, SNAPSHOT_HPAS)->items;
    for (guint i = 0; i < scalers->len; i++) {
        static const char *const types[] = {"AbleToScale", "ScalingActive"};
        yyjson_val *limited = condition_of(scalers->pdata[i], "ScalingLimited");
        g_autofree char *object = check_object("HorizontalPodAutoscaler", scalers->pdata[i]);
        bool well = true;
        for (size_t j = 0; j < G_N_ELEMENTS(types); j++) {
            yyjson_val *condition = condition_of(scalers->pdata[i], types[j]);
            const char *reason = json_get_string(condition, "reason");
            if (g_strcmp0(json_get_string(condition, "status"), "False") != 0 ||
                g_strcmp0(reason, "ScalingDisabled") == 0)
                continue;
            g_autofree char *text = condition_text(condition);
            well = false;
            check_fail(result, object, "%s is False: %s", types[j], text);
            if (reason && strstr(reason, "FailedGetResourceMetric"))
                check_advise(result, "Is the metrics API there (SB-CAP-05), and has each container of its target a "
                                     "request for what it scales by?");
            else if (reason && strstr(reason, "FailedGetScale"))
                check_advise(result, "Its scaleTargetRef names nothing that is there: kubectl get hpa -n %s %s -o yaml",
                             namespace_of(scalers->pdata[i]), name_of(scalers->pdata[i]));
        }
        if (well && g_strcmp0(json_get_string(limited, "status"), "True") == 0 &&
            g_strcmp0(json_get_string(limited, "reason"), "TooManyReplicas") == 0) {
            check_warn(result, object, "it would have more replicas than its maxReplicas lets it");
            check_advise(result, "Raise maxReplicas, if the nodes have room (SB-CAP-01).");
        }
    }
    check_summary(result, "%u autoscalers", scalers->len);
}
