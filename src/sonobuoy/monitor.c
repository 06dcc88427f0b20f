/* How plugins' pods and their nodes are, while their results are waited for. */
#include "sonobuoy/aggregator-internal.h"

#include "base/text.h"

#include <string.h>

enum {
    LOOK_SECONDS = 2,
    PAUSE_FOR_LOOK = 10, /* times what a look took */
    LEASE_SECONDS = 5,
    NO_POD_SECONDS = 60, /* a node's pod of a DaemonSet is created in moments */
    GONE_SECONDS = 10,   /* a pod that is not there: what lists lag behind by */
    SILENT_SECONDS = 25, /* kubelets renew their lease every 10 s */
};

typedef struct {
    char *renewed;  /* the lease's renewTime */
    gint64 changed; /* when it was seen to change, monotonic: the node's clock does not count */
} Beat;

static void beat_free(Beat *beat) {
    g_free(beat->renewed);
    g_free(beat);
}

typedef struct {
    Run *run;
    GHashTable *beats; /* node: Beat; NULL where leases may not be read */
    gint64 looked;     /* at the leases */
} Monitor;

/* --- nodes ------------------------------------------------------------------------------------------ */

static bool take_leases(yyjson_val *leases, size_t bytes, void *data, GError **error) {
    Monitor *monitor = data;
    size_t index, count;
    yyjson_val *lease;
    yyjson_arr_foreach(leases, index, count, lease) {
        const char *node = json_get_string(lease, "metadata", "name"),
                   *renewed = json_get_string(lease, "spec", "renewTime");
        if (!node || !renewed)
            continue;
        Beat *beat = g_hash_table_lookup(monitor->beats, node);
        if (!beat) {
            beat = g_new0(Beat, 1);
            g_hash_table_insert(monitor->beats, g_strdup(node), beat);
        }
        if (g_strcmp0(beat->renewed, renewed) != 0) {
            g_free(beat->renewed);
            beat->renewed = g_strdup(renewed);
            beat->changed = monitor->looked;
        }
    }
    return true;
}

/* Nothing is known of some time: nobody is called silent for it. */
static void forgive(Monitor *monitor) {
    GHashTableIter iter;
    Beat *beat;
    g_hash_table_iter_init(&iter, monitor->beats);
    while (g_hash_table_iter_next(&iter, NULL, (void **)&beat))
        beat->changed = g_get_monotonic_time();
}

static void look_at_leases(Monitor *monitor) {
    gint64 now = g_get_monotonic_time(), gap = now - monitor->looked;
    if (!monitor->beats || gap < LEASE_SECONDS * G_USEC_PER_SEC)
        return;
    monitor->looked = now;
    g_autoptr(GError) failure = NULL;
    KubeListQuery query = {.resource = &resource_leases, .namespace_ = "kube-node-lease"};
    g_auto(KubeListResult) result = {0};
    bool listed = kube_list(monitor->run->options->client, &query, take_leases, monitor, &result, &failure);
    gint64 took = g_get_monotonic_time() - now;
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORBIDDEN))
        g_clear_pointer(&monitor->beats, g_hash_table_unref);
    /* Where the server did not answer us, it did not answer kubelets. */
    else if (!listed || MAX(gap, took) > 2 * LEASE_SECONDS * G_USEC_PER_SEC)
        forgive(monitor);
}

/* Why the node is lost, or NULL. */
static char *node_failure(const Monitor *monitor, const char *node) {
    const Beat *beat = monitor->beats && node ? g_hash_table_lookup(monitor->beats, node) : NULL;
    gint64 silent = beat ? (monitor->looked - beat->changed) / G_USEC_PER_SEC : 0;
    if (silent < SILENT_SECONDS)
        return NULL;
    return g_strdup_printf("Node %s is lost: its kubelet has not renewed its lease for %" G_GINT64_FORMAT " s", node,
                           silent);
}

/* --- pods ----------------------------------------------------------------------------------------------- */

/* The node that the pod is for: one of a DaemonSet that is not scheduled yet says it in its affinity. NULL: not known.
 */
static const char *node_of_pod(yyjson_val *pod) {
    const char *name = json_get_string(pod, "spec", "nodeName");
    yyjson_val *terms = json_get(pod, "spec", "affinity", "nodeAffinity",
                                 "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
    yyjson_val *field = yyjson_arr_get_first(json_get(yyjson_arr_get_first(terms), "matchFields"));
    return name ? name : yyjson_get_str(yyjson_arr_get_first(yyjson_obj_get(field, "values")));
}

typedef struct {
    const Monitor *monitor;
    const Running *running;
    GHashTable *missing; /* nodes whose result has not come, and whose pod was not seen yet */
} Look;

static bool take_pods(yyjson_val *pods, size_t bytes, void *data, GError **error) {
    const Look *look = data;
    bool once = look->running->plugin->driver == PLUGIN_JOB;
    size_t index, count;
    yyjson_val *pod;
    yyjson_arr_foreach(pods, index, count, pod) {
        const char *node = once ? STATUS_GLOBAL : node_of_pod(pod);
        if (!node || !g_hash_table_remove(look->missing, node))
            continue;
        g_autofree char *reason = driver_failure(pod, g_get_real_time());
        if (!reason)
            reason = node_failure(look->monitor, json_get_string(pod, "spec", "nodeName"));
        if (reason)
            collection_fail(look->monitor->run->collection, look->running->plugin->name, node, reason, pod);
    }
    return true;
}

static char *missing_pod(const Running *running, const char *node) {
    gint64 waited = (g_get_monotonic_time() - running->launched) / G_USEC_PER_SEC;
    bool once = running->plugin->driver == PLUGIN_JOB;
    if (waited < (once ? GONE_SECONDS : NO_POD_SECONDS))
        return NULL;
    if (once)
        return g_strdup("The plugin's pod is gone: somebody deleted it");
    return g_strdup_printf("No pod was scheduled on node %s within %" G_GINT64_FORMAT
                           "s. Check tolerations for plugin %s",
                           node, waited, running->plugin->name);
}

static void look_at_pods(const Monitor *monitor, const Running *running, GStrv missing) {
    const Run *run = monitor->run;
    g_autoptr(GHashTable) nodes = g_hash_table_new(g_str_hash, g_str_equal);
    for (char **node = missing; *node; node++)
        g_hash_table_add(nodes, *node);
    g_autofree char *selector = driver_selector(running->state->session);
    g_autoptr(GError) failure = NULL;
    KubeListQuery query = {
        .resource = &resource_pods, .namespace_ = run->options->config->namespace_, .label_selector = selector};
    g_auto(KubeListResult) result = {0};
    Look look = {monitor, running, nodes};
    if (!kube_list(run->options->client, &query, take_pods, &look, &result, &failure)) {
        run_log(run->options->log, LOG_WARNING, "pods of plugin %s cannot be looked at: %s", running->plugin->name,
                failure->message);
        return;
    }
    GHashTableIter iter;
    const char *node;
    g_hash_table_iter_init(&iter, nodes);
    while (g_hash_table_iter_next(&iter, (void **)&node, NULL)) {
        g_autofree char *reason = missing_pod(running, node);
        if (reason)
            collection_fail(run->collection, running->plugin->name, node, reason, NULL);
    }
}

/* --- time --------------------------------------------------------------------------------------------------- */

static const char timeout_reason[] = "Plugin timeout while waiting for results so there are no results. Check pod logs "
                                     "or other cluster details for more "
                                     "information as to why this occurred.";

static void look_at_time(const Run *run, const Running *running, GStrv missing) {
    gint64 limit = run->options->config->timeout_seconds;
    bool over = limit > 0 && g_get_monotonic_time() - running->launched > limit * G_USEC_PER_SEC;
    bool cancelled = cancel_is_set(run->options->cancel) && !run_is_handed_on(run);
    for (char **node = missing; (over || cancelled) && *node; node++)
        collection_fail(run->collection, running->plugin->name, *node,
                        over ? timeout_reason : "The aggregator was told to end before the result came", NULL);
}

/* Looks at the pods of all plugins of the group whose results have not come. Returns how many of them there are. */
static guint look_at_group(const Monitor *monitor, const GPtrArray *group, bool pods_too) {
    guint waiting = 0;
    for (guint i = 0; i < group->len; i++) {
        const Running *running = group->pdata[i];
        g_auto(GStrv) missing = collection_missing(monitor->run->collection, running->plugin->name);
        if (!*missing)
            continue;
        waiting++;
        look_at_time(monitor->run, running, missing);
        if (pods_too)
            look_at_pods(monitor, running, missing);
    }
    return waiting;
}

void monitor_wait(Run *run, const GPtrArray *group) {
    Monitor monitor = {run, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)beat_free), 0};
    for (gint64 next = 0;;) {
        gint64 begun = g_get_monotonic_time();
        bool look = begun >= next;
        if (look)
            look_at_leases(&monitor);
        if (run_is_handed_on(run) || look_at_group(&monitor, group, look) == 0)
            break;
        /* Where a look takes long, as with many nodes, the server is left alone for longer. */
        gint64 took = g_get_monotonic_time() - begun;
        if (look)
            next = begun + took + MAX(LOOK_SECONDS * G_USEC_PER_SEC, took * PAUSE_FOR_LOOK);
        collection_wait(run->collection, G_USEC_PER_SEC / 2);
    }
    g_clear_pointer(&monitor.beats, g_hash_table_unref);
}
