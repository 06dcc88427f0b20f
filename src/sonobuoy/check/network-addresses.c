/* The plan of addresses: ranges of nodes' pods and of Services. */
#include "sonobuoy/check/areas.h"

#include <arpa/inet.h>
#include <string.h>

/* A network's own, its broadcast, its gateway. */
enum { RESERVED = 3, RESERVED_FOR_SERVICES = 2, COUNTED_BITS = 24, PERCENT_FATAL = 98 };

/* --- ranges ------------------------------------------------------------------------------------------------------ */

bool range_parse(const char *text, Range *out) {
    if (!text)
        return false;
    const char *slash = strchr(text, '/');
    g_autofree char *address = slash ? g_strndup(text, (gsize)(slash - text)) : g_strdup(text);
    memset(out, 0, sizeof *out);
    out->family = strchr(address, ':') ? AF_INET6 : AF_INET;
    out->bytes = out->family == AF_INET6 ? 16 : 4;
    out->bits = out->bytes * 8;
    guint64 bits = out->bits;
    if (inet_pton(out->family, address, out->first) != 1 ||
        (slash && !g_ascii_string_to_unsigned(slash + 1, 10, 0, out->bits, &bits, NULL)))
        return false;
    out->bits = (unsigned)bits;
    memcpy(out->last, out->first, sizeof out->last);
    for (unsigned bit = out->bits; bit < out->bytes * 8; bit++) {
        unsigned char mask = (unsigned char)(0x80 >> bit % 8);
        out->first[bit / 8] &= (unsigned char)~mask;
        out->last[bit / 8] |= mask;
    }
    return true;
}

bool range_has(const Range *range, const Range *other) {
    return range->family == other->family && memcmp(range->first, other->first, range->bytes) <= 0 &&
           memcmp(range->last, other->last, range->bytes) >= 0;
}

/* How many addresses it has; G_MAXINT64 for more than anybody uses. */
static gint64 range_size(const Range *range) {
    unsigned free_bits = range->bytes * 8 - range->bits;
    return free_bits > COUNTED_BITS + 8 ? G_MAXINT64 : (gint64)1 << free_bits;
}

/* --- nodes' ranges -------------------------------------------------------------------------------------------------
 */

typedef struct {
    Range range;
    const char *node, *text;
} NodeRange;

static int compare_ranges(const void *a, const void *b) {
    const NodeRange *left = a, *right = b;
    if (left->range.family != right->range.family)
        return left->range.family - right->range.family;
    int order = memcmp(left->range.first, right->range.first, sizeof left->range.first);
    return order ? order : (int)left->range.bits - (int)right->range.bits;
}

static void add_range(GArray *ranges, yyjson_val *node, const char *text) {
    NodeRange range = {.node = name_of(node), .text = text};
    if (range_parse(text, &range.range))
        g_array_append_val(ranges, range);
}

static GArray *ranges_of_nodes(const GPtrArray *nodes) {
    GArray *ranges = g_array_new(false, false, sizeof(NodeRange));
    for (guint i = 0; i < nodes->len; i++) {
        yyjson_val *all = json_get(nodes->pdata[i], "spec", "podCIDRs"), *text;
        size_t index, count;
        yyjson_arr_foreach(all, index, count, text) {
            add_range(ranges, nodes->pdata[i], yyjson_get_str(text));
        }
        if (!yyjson_arr_size(all))
            add_range(ranges, nodes->pdata[i], json_get_string(nodes->pdata[i], "spec", "podCIDR"));
    }
    g_array_sort(ranges, compare_ranges);
    return ranges;
}

/* Sorted ranges overlap where one begins before the furthest end so far. */
static void check_overlaps(CheckResult *result, const GArray *ranges) {
    const NodeRange *furthest = NULL;
    for (guint i = 0; i < ranges->len; i++) {
        const NodeRange *range = &g_array_index(ranges, NodeRange, i);
        if (furthest && furthest->range.family == range->range.family &&
            memcmp(furthest->range.last, range->range.first, range->range.bytes) >= 0) {
            g_autofree char *object = g_strconcat("Node ", range->node, NULL);
            check_fail(result, object, "its pods' range %s overlaps %s of node %s: two pods may have one address",
                       range->text, furthest->text, furthest->node);
            check_advise(result,
                         "Drain %s, delete its Node and let it join anew, so that it is given a range of its own "
                         "(kube-controller-manager --cluster-cidr, --node-cidr-mask-size).",
                         range->node);
        }
        if (!furthest || furthest->range.family != range->range.family ||
            memcmp(furthest->range.last, range->range.last, range->range.bytes) < 0)
            furthest = range;
    }
}

/* The node whose range an address or range is in, or has parts of; NULL. */
static const NodeRange *node_range_of(const GArray *ranges, const Range *range) {
    for (guint i = 0; i < ranges->len; i++) {
        const NodeRange *each = &g_array_index(ranges, NodeRange, i);
        if (range_has(&each->range, range) || range_has(range, &each->range))
            return each;
    }
    return NULL;
}

static void check_node_addresses(CheckResult *result, const GPtrArray *nodes, const GArray *ranges,
                                 const GPtrArray *services) {
    for (guint i = 0; i < nodes->len; i++) {
        size_t index, count;
        yyjson_val *address;
        yyjson_arr_foreach(json_get(nodes->pdata[i], "status", "addresses"), index, count, address) {
            const char *text = json_get_string(address, "address"), *type = json_get_string(address, "type");
            Range own;
            if (g_strcmp0(type, "InternalIP") != 0 || !range_parse(text, &own))
                continue;
            g_autofree char *object = check_object("Node", nodes->pdata[i]);
            const NodeRange *range = node_range_of(ranges, &own);
            if (range)
                check_fail(result, object, "its own address %s is in the range %s of the pods of node %s", text,
                           range->text, range->node);
            for (guint j = 0; j < services->len; j++)
                if (range_has(&((const NodeRange *)services->pdata[j])->range, &own))
                    check_fail(result, object, "its own address %s is in the range %s of Services", text,
                               ((const NodeRange *)services->pdata[j])->text);
        }
    }
}

/* Whether there are addresses enough for the pods that it takes. */
static void check_room(CheckResult *result, const GPtrArray *nodes, const GArray *ranges) {
    g_autoptr(GHashTable) index = index_by_name(nodes);
    for (guint i = 0; i < ranges->len; i++) {
        const NodeRange *range = &g_array_index(ranges, NodeRange, i);
        const char *capacity = json_get_string(index_find(index, NULL, range->node), "status", "capacity", "pods");
        gint64 pods = capacity ? g_ascii_strtoll(capacity, NULL, 10) : 0, room = range_size(&range->range) - RESERVED;
        if (pods <= room)
            continue;
        g_autofree char *object = g_strconcat("Node ", range->node, NULL);
        check_warn(result, object,
                   "it takes %" G_GINT64_FORMAT " pods, while its range %s has addresses for %" G_GINT64_FORMAT, pods,
                   range->text, MAX(room, 0));
        check_advise(result, "Lower maxPods in its kubelet's configuration, or give nodes larger ranges "
                             "(kube-controller-manager --node-cidr-mask-size).");
    }
}

static void check_lacking(CheckResult *result, const GPtrArray *nodes) {
    guint with = 0;
    for (guint i = 0; i < nodes->len; i++)
        with += json_get(nodes->pdata[i], "spec", "podCIDR") != NULL;
    for (guint i = 0; i < nodes->len && with; i++) {
        if (json_get(nodes->pdata[i], "spec", "podCIDR"))
            continue;
        g_autofree char *object = check_object("Node", nodes->pdata[i]);
        check_warn(result, object, "it was given no range for its pods, as %u of %u nodes were", with, nodes->len);
        check_advise(result,
                     "kubectl get events -A --field-selector reason=CIDRNotAvailable; a larger --cluster-cidr of "
                     "kube-controller-manager has more ranges.");
    }
}

/* The ranges of Services, as NodeRange without node. g_ptr_array_unref() them. */
static GPtrArray *service_ranges(const Snapshot *snapshot) {
    const GPtrArray *objects = snapshot_list(snapshot, SNAPSHOT_SERVICE_CIDRS)->items;
    GPtrArray *ranges = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < objects->len; i++) {
        size_t index, count;
        yyjson_val *text;
        yyjson_arr_foreach(json_get(objects->pdata[i], "spec", "cidrs"), index, count, text) {
            NodeRange range = {.node = name_of(objects->pdata[i]), .text = yyjson_get_str(text)};
            if (range_parse(range.text, &range.range))
                g_ptr_array_add(ranges, g_memdup2(&range, sizeof range));
        }
    }
    return ranges;
}

void check_network_plan(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    g_autoptr(GArray) ranges = ranges_of_nodes(nodes);
    g_autoptr(GPtrArray) services = service_ranges(snapshot);
    check_overlaps(result, ranges);
    check_node_addresses(result, nodes, ranges, services);
    check_room(result, nodes, ranges);
    check_lacking(result, nodes);
    for (guint i = 0; i < services->len; i++) {
        const NodeRange *service = services->pdata[i], *range = node_range_of(ranges, &service->range);
        g_autofree char *object = g_strconcat("ServiceCIDR ", service->node, NULL);
        if (range)
            check_fail(result, object, "its range %s overlaps %s of the pods of node %s", service->text, range->text,
                       range->node);
    }
    check_summary(result, ranges->len ? "%u ranges of pods" : "the network plug-in has its own plan", ranges->len);
}

/* --- the ranges of Services
 * ------------------------------------------------------------------------------------------- */

/* How many Services have an address of it. */
static gint64 addresses_used(const Snapshot *snapshot, const Range *range) {
    const GPtrArray *services = snapshot_list(snapshot, SNAPSHOT_SERVICES)->items;
    gint64 used = 0;
    for (guint i = 0; i < services->len; i++) {
        size_t index, count;
        yyjson_val *address;
        yyjson_arr_foreach(json_get(services->pdata[i], "spec", "clusterIPs"), index, count, address) {
            Range own;
            used += range_parse(yyjson_get_str(address), &own) && range_has(range, &own);
        }
    }
    return used;
}

static void check_range_used(const Snapshot *snapshot, CheckResult *result, const char *object, const char *text,
                             const Range *range) {
    gint64 used = addresses_used(snapshot, range), size = range_size(range);
    gint64 all = size == G_MAXINT64 ? size : MAX(size - RESERVED_FOR_SERVICES, 1);
    gint64 percent = (gint64)((double)used * 100 / (double)all);
    if (percent < result->config->quota_percent)
        return;
    (percent >= PERCENT_FATAL ? check_fail : check_warn)(result, object,
                                                         "%" G_GINT64_FORMAT " of the %" G_GINT64_FORMAT
                                                         " addresses of %s are used (%" G_GINT64_FORMAT "%%)",
                                                         used, all, text, percent);
}

/* Before there were ServiceCIDRs: an address that can be none makes the server name its range. */
static void check_range_named(Snapshot *snapshot, CheckResult *result) {
    static const char body[] =
        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"generateName\":\"sonobuoy-\"},"
        "\"spec\":{\"clusterIP\":\"192.0.2.1\",\"ports\":[{\"port\":80}]}}";
    static const char mark[] = "range of valid IPs is ";
    if (snapshot_is_archive(snapshot)) {
        check_unknown(result, NULL, "an archive does not tell the range");
        return;
    }
    KubeRequest request = {.method = "POST",
                           .path = "/api/v1/namespaces/default/services?dryRun=All",
                           .body = body,
                           .body_length = sizeof body - 1,
                           .timeout_s = 5,
                           .no_retry = true};
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) error = NULL;
    bool taken = kube_client_request(snapshot_client(snapshot), &request, &response, &error);
    const char *named = taken ? NULL : strstr(error->message, mark);
    g_autofree char *text =
        named ? g_strndup(named + strlen(mark), strspn(named + strlen(mark), "0123456789abcdef.:/")) : NULL;
    Range range;
    if (range_parse(text, &range)) {
        check_range_used(snapshot, result, NULL, text, &range);
        check_summary(result, "%s", text);
    } else {
        check_unknown(result, NULL, "the server does not name the range: %s",
                      taken ? "it takes any address" : error->message);
    }
}

void check_network_service_range(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *objects = snapshot_list(snapshot, SNAPSHOT_SERVICE_CIDRS)->items;
    g_autoptr(GPtrArray) ranges = service_ranges(snapshot);
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < ranges->len; i++) {
        const NodeRange *range = ranges->pdata[i];
        g_autofree char *object = g_strconcat("ServiceCIDR ", range->node, NULL);
        g_string_append_printf(names, "%s%s", i ? ", " : "", range->text);
        check_range_used(snapshot, result, object, range->text, &range->range);
    }
    for (guint i = 0; i < objects->len; i++) {
        g_autofree char *object = check_object("ServiceCIDR", objects->pdata[i]),
                        *text = condition_text(condition_of(objects->pdata[i], "Ready"));
        if (g_strcmp0(condition_status(objects->pdata[i], "Ready"), "False") == 0)
            check_warn(result, object, "it is not ready, so that no Service is given an address of it: %s", text);
    }
    check_summary(result, "%s", names->str);
    if (!objects->len)
        check_range_named(snapshot, result);
}
