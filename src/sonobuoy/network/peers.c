#include "sonobuoy/network/peers.h"

#include "base/text.h"
#include "kube/list.h"
#include "kube/object.h"
#include "sonobuoy/labels.h"
#include "sonobuoy/network/choice.h"
#include "sonobuoy/network/network.h"
#include "sonobuoy/resources.h"

#include <string.h>

enum {
    WAIT_SECONDS = 25,  /* for pods that are not ready */
    SETTLE_SECONDS = 5, /* for EndpointSlices that lag behind pods */
    PAUSE_FIRST_MS = 250,
    PAUSE_LAST_MS = 3000,
    SLICES_READ = 4, /* at most */
    ALL_IN_ONE = 2,  /* with no more slices each has all pods: one a family */
};

static void peer_free(void *data) {
    Peer *peer = data;
    if (!peer)
        return;
    g_free(peer->node);
    g_strfreev(peer->pod_addresses);
    g_strfreev(peer->node_addresses);
    g_free(peer);
}

void peers_free(Peers *peers) {
    if (!peers)
        return;
    g_ptr_array_unref(peers->peers);
    peer_free(peers->own);
    g_strfreev(peers->service_addresses);
    g_free(peers);
}

static void say(const PeersOptions *options, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(const PeersOptions *options, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    options->say(line);
}

/* --- the DaemonSet --------------------------------------------------------------------------------------- */

static bool take_newest(yyjson_val *items, size_t bytes, void *data, GError **error) {
    Peers *peers = data;
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item) {
        yyjson_val *status = json_get(item, "status");
        peers->wanted = json_int(json_get(status, "desiredNumberScheduled"), 0);
        peers->ready = json_int(json_get(status, "numberReady"), 0);
    }
    return true;
}

static bool read_daemon_set(const PeersOptions *options, Peers *peers, GError **error) {
    KubeListQuery query = {.resource = &resource_daemon_sets,
                           .namespace_ = options->namespace_,
                           .label_selector = LABEL_PLUGIN "=" NETWORK_PLUGIN};
    g_auto(KubeListResult) result = {0};
    return kube_list(options->client, &query, take_newest, peers, &result, error);
}

/* A pause that grows; false where it was cancelled. Many pods ask at once: each at a time of its own. */
static bool pause_between(const PeersOptions *options, unsigned *pause_ms) {
    gint64 ms = *pause_ms / 2 + (gint64)g_random_int_range(0, (gint32)*pause_ms);
    *pause_ms = MIN(*pause_ms * 3 / 2, (unsigned)PAUSE_LAST_MS);
    return cancel_sleep(options->cancel, ms * 1000, NULL);
}

static void wait_for_pods(const PeersOptions *options, Peers *peers) {
    gint64 end = g_get_monotonic_time() + (options->wait ? WAIT_SECONDS * G_USEC_PER_SEC : 0);
    unsigned pause_ms = PAUSE_FIRST_MS;
    for (;;) {
        g_autoptr(GError) failure = NULL;
        bool read = read_daemon_set(options, peers, &failure);
        if (!read)
            say(options, "the DaemonSet cannot be read: %s", failure->message);
        if ((read && peers->wanted > 0 && peers->ready >= peers->wanted) || g_get_monotonic_time() >= end ||
            (failure && !base_error_is_transient(failure)) || !pause_between(options, &pause_ms))
            return;
    }
}

/* --- EndpointSlices ------------------------------------------------------------------------------------------ */

static const KubeResource endpoint_slices = {.group = (char *)"discovery.k8s.io",
                                             .version = (char *)"v1",
                                             .kind = (char *)"EndpointSlice",
                                             .name = (char *)"endpointslices",
                                             .group_resource = (char *)"endpointslices.discovery.k8s.io",
                                             .base_path = (char *)"/apis/discovery.k8s.io/v1",
                                             .namespaced = true};

static bool take_names(yyjson_val *items, size_t bytes, void *data, GError **error) {
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item) {
        const char *name = json_get_string(item, "metadata", "name");
        if (name)
            g_ptr_array_add(data, g_strdup(name));
    }
    return true;
}

/* Names, sorted: the same for all pods. */
static GPtrArray *slice_names(const PeersOptions *options, GError **error) {
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    KubeListQuery query = {.resource = &endpoint_slices,
                           .namespace_ = options->namespace_,
                           .label_selector = "kubernetes.io/service-name=" NETWORK_SERVICE,
                           .metadata_only = true};
    g_auto(KubeListResult) result = {0};
    if (!kube_list(options->client, &query, take_names, names, &result, error))
        return NULL;
    g_ptr_array_sort(names, text_compare);
    return g_steal_pointer(&names);
}

/* A pod by its node. */
typedef struct {
    char *node, *pod;
} Place;

static void place_free(void *data) {
    Place *place = data;
    g_free(place->node);
    g_free(place->pod);
    g_free(place);
}

static int compare_places(const void *a, const void *b) {
    return strcmp((*(Place *const *)a)->node, (*(Place *const *)b)->node);
}

/* The pods of a slice that are ready, by their nodes' names. */
static GPtrArray *read_slice(const PeersOptions *options, const char *name, GError **error) {
    g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func(place_free);
    g_autoptr(yyjson_doc) doc = kube_object_get(options->client, &endpoint_slices, options->namespace_, name, error);
    if (!doc)
        return NULL;
    size_t index, count;
    yyjson_val *endpoint;
    yyjson_arr_foreach(json_get(yyjson_doc_get_root(doc), "endpoints"), index, count, endpoint) {
        const char *node = json_get_string(endpoint, "nodeName"), *pod = json_get_string(endpoint, "targetRef", "name");
        if (!node || !pod || yyjson_is_false(json_get(endpoint, "conditions", "ready")))
            continue;
        Place *place = g_new(Place, 1);
        *place = (Place){g_strdup(node), g_strdup(pod)};
        g_ptr_array_add(places, place);
    }
    g_ptr_array_sort(places, compare_places);
    return g_steal_pointer(&places);
}

static bool has_node(const GPtrArray *places, const char *node) {
    for (guint i = 0; i < places->len; i++)
        if (g_str_equal(((const Place *)places->pdata[i])->node, node))
            return true;
    return false;
}

/* Adds those of a slice that this node probes, as far as they are wanted still. */
static void choose(const PeersOptions *options, GPtrArray *slice, GPtrArray *chosen) {
    g_autofree const char **names = g_new(const char *, slice->len + 1);
    g_autofree guint *indexes = g_new(guint, slice->len + 1);
    for (guint i = 0; i < slice->len; i++)
        names[i] = ((const Place *)slice->pdata[i])->node;
    guint count = choice_of_names(options->node, names, slice->len, options->wanted - chosen->len, indexes);
    for (guint i = 0; i < count; i++) {
        Place *place = slice->pdata[indexes[i]];
        if (has_node(chosen, place->node) || g_str_equal(place->node, options->node))
            continue;
        Place *copy = g_new(Place, 1);
        *copy = (Place){g_strdup(place->node), g_strdup(place->pod)};
        g_ptr_array_add(chosen, copy);
    }
}

/* All pods are in one slice (of each family), which may be behind for a moment. */
static GPtrArray *read_whole_slice(const PeersOptions *options, const Peers *peers, GPtrArray *names, GError **error) {
    gint64 end = g_get_monotonic_time() + SETTLE_SECONDS * G_USEC_PER_SEC;
    unsigned pause_ms = PAUSE_FIRST_MS;
    for (;;) {
        g_autoptr(GPtrArray) slice =
            read_slice(options, names->pdata[choice_of_slice(options->node, names->len, 0)], error);
        if (!slice || (gint64)slice->len >= peers->ready || g_get_monotonic_time() >= end ||
            !pause_between(options, &pause_ms))
            return g_steal_pointer(&slice);
    }
}

static bool choose_places(const PeersOptions *options, const Peers *peers, GPtrArray *names, GPtrArray *chosen,
                          GError **error) {
    if (names->len <= ALL_IN_ONE) {
        g_autoptr(GPtrArray) slice = read_whole_slice(options, peers, names, error);
        if (slice)
            choose(options, slice, chosen);
        return slice != NULL;
    }
    guint reads = MIN(names->len, SLICES_READ);
    for (guint attempt = 0; attempt < reads && chosen->len < options->wanted; attempt++) {
        g_autoptr(GPtrArray) slice =
            read_slice(options, names->pdata[choice_of_slice(options->node, names->len, attempt)], error);
        if (!slice)
            return false;
        if (attempt + 1 == reads || choice_takes_slice(options->node, attempt, slice->len))
            choose(options, slice, chosen);
    }
    return true;
}

/* Slices appear some time after the Service and its pods. */
static GPtrArray *wait_for_slices(const PeersOptions *options, const Peers *peers, GError **error) {
    gint64 end = g_get_monotonic_time() + SETTLE_SECONDS * G_USEC_PER_SEC;
    unsigned pause_ms = PAUSE_FIRST_MS;
    for (;;) {
        g_autoptr(GPtrArray) names = slice_names(options, error);
        if (!names || names->len || peers->ready < 1 || g_get_monotonic_time() >= end ||
            !pause_between(options, &pause_ms))
            return g_steal_pointer(&names);
    }
}

/* --- pods, the Service ------------------------------------------------------------------------------------------ */

/* The texts under `key` of a list's objects; where there is none, the single one. */
static GStrv addresses(yyjson_val *list, const char *key, const char *single) {
    g_autoptr(GStrvBuilder) texts = g_strv_builder_new();
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(list, index, count, item) {
        const char *text = json_get_string(item, key);
        if (text)
            g_strv_builder_add(texts, text);
    }
    if (!yyjson_arr_size(list) && single)
        g_strv_builder_add(texts, single);
    return g_strv_builder_end(texts);
}

static Peer *read_pod(const PeersOptions *options, const char *name, GError **error) {
    g_autoptr(yyjson_doc) doc = kube_object_get(options->client, &resource_pods, options->namespace_, name, error);
    yyjson_val *root = yyjson_doc_get_root(doc), *status = json_get(root, "status");
    const char *node = json_get_string(root, "spec", "nodeName");
    if (!doc)
        return NULL;
    Peer *peer = g_new0(Peer, 1);
    peer->node = g_strdup(node ? node : "");
    peer->pod_addresses = addresses(json_get(status, "podIPs"), "ip", json_get_string(status, "podIP"));
    peer->node_addresses = addresses(json_get(status, "hostIPs"), "ip", json_get_string(status, "hostIP"));
    return peer;
}

/* Where the API server does not answer: the kubelet told each container of the Services that were there. */
static GStrv service_of_environment(void) {
    GStrv list = g_new0(char *, 2);
    list[0] = g_strdup(g_getenv("SONOBUOY_NETWORK_SERVICE_HOST"));
    return list;
}

static void read_service(const PeersOptions *options, Peers *peers) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) doc =
        kube_object_get(options->client, &resource_services, options->namespace_, NETWORK_SERVICE, &failure);
    yyjson_val *spec = json_get(yyjson_doc_get_root(doc), "spec"), *port;
    size_t index, count;
    if (!doc) {
        say(options, "the Service cannot be read: %s", failure->message);
        return;
    }
    g_strfreev(peers->service_addresses);
    peers->service_addresses = json_strings(json_get(spec, "clusterIPs"));
    yyjson_arr_foreach(json_get(spec, "ports"), index, count, port) {
        const char *protocol = json_get_string(port, "protocol");
        if (json_int(json_get(port, "port"), 0) == NETWORK_PORT && g_strcmp0(protocol, "TCP") == 0)
            peers->node_port = (guint16)json_int(json_get(port, "nodePort"), 0);
    }
}

static void read_peers(const PeersOptions *options, Peers *peers) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(GPtrArray) chosen = g_ptr_array_new_with_free_func(place_free);
    g_autoptr(GPtrArray) names = wait_for_slices(options, peers, &failure);
    if (!names || (names->len && !choose_places(options, peers, names, chosen, &failure)))
        say(options, "EndpointSlices cannot be read: %s", failure->message);
    for (guint i = 0; i < chosen->len; i++) {
        g_autoptr(GError) lost = NULL;
        Peer *peer = read_pod(options, ((const Place *)chosen->pdata[i])->pod, &lost);
        if (peer)
            g_ptr_array_add(peers->peers, peer);
        else
            say(options, "a pod cannot be read: %s", lost->message);
    }
}

Peers *peers_read(const PeersOptions *options) {
    g_autoptr(Peers) peers = g_new0(Peers, 1);
    g_autoptr(GError) failure = NULL;
    peers->peers = g_ptr_array_new_with_free_func(peer_free);
    peers->service_addresses = service_of_environment();
    if (!options->client)
        return g_steal_pointer(&peers);
    wait_for_pods(options, peers);
    peers->own = read_pod(options, options->pod, &failure);
    if (!peers->own)
        say(options, "the own pod cannot be read: %s", failure->message);
    else { /* the API server answers */
        read_service(options, peers);
        read_peers(options, peers);
    }
    return cancel_is_set(options->cancel) ? NULL : g_steal_pointer(&peers);
}
