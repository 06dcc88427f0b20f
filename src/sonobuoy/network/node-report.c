#include "sonobuoy/network/node-report.h"

#include "sonobuoy/report-internal.h"

#include <math.h>
#include <string.h>

/* Of what is read: a node of a cluster with two families and 8 peers has some 250 findings. */
enum { DOCUMENT_MAX = 8 << 20, FINDINGS_MAX = 20 * 1000, ADDRESSES_MAX = 64, NAME_MAX_BYTES = 512, SAID_MAX = 2000 };

const NetworkProbe network_probes[] = {
    {"api", "API server from a pod", false,
     "The API server answers at its Service's address, with a certificate that the pod's authority signed."},
    {"dns-udp", "DNS over UDP", false, "Each nameserver of the pod answers names of the cluster over UDP."},
    {"dns-tcp", "DNS over TCP", false, "Each nameserver of the pod answers names of the cluster over TCP."},
    {"dns-external", "DNS of outside names", false, "The pod's nameservers answer a name outside the cluster."},
    {"pod-tcp", "pod to pod, TCP", true, "A pod answers a pod on another node over TCP, and it is the right one."},
    {"pod-udp", "pod to pod, UDP", true, "A pod answers a pod on another node over UDP, and it is the right one."},
    {"pod-bulk", "pod to pod, 256 KiB", true, "256 KiB go to a pod on another node and come back over one connection."},
    {"pod-mtu", "largest packet", true,
     "The largest packet that the pod's interface allows reaches a pod on another node unfragmented."},
    {"pod-fragments", "fragments", true, "A datagram of 8000 bytes comes back from a pod on another node."},
    {"pod-loss", "packet loss", true, "50 datagrams, 10 ms apart, are all answered by a pod on another node."},
    {"latency", "latency", true, "The median round trip to a pod on another node."},
    {"clock", "clocks", true, "How far another node's clock is from this node's."},
    {"node-tcp", "pod to node", true, "The kubelet's port of another node takes a connection from a pod."},
    {"host-port", "host port", true, "A pod's host port answers at another node's address."},
    {"node-port", "node port", true, "The Service's node port answers at a node's address."},
    {"service-tcp", "Service, TCP", false, "The Service's cluster address answers over TCP, by one of its pods."},
    {"service-udp", "Service, UDP", false, "The Service's cluster address answers over UDP, by one of its pods."},
    {"policy", "NetworkPolicy", true, "A port that a NetworkPolicy does not let in is not reached."},
    {"egress", "outside the cluster", false,
     "A host outside the cluster takes a connection, TLS where that is its way."},
};
const size_t network_probes_count = G_N_ELEMENTS(network_probes);

const NetworkProbe *network_probe_find(const char *id) {
    for (size_t i = 0; i < network_probes_count; i++)
        if (g_str_equal(network_probes[i].id, id))
            return &network_probes[i];
    return NULL;
}

static const char *const outcomes[] = {"pass", "unknown", "warn", "fail", NULL};

const char *network_outcome_name(NetworkOutcome outcome) {
    return outcomes[outcome];
}

/* --- a node ----------------------------------------------------------------------------------------------- */

static void finding_free(void *data) {
    NetworkFinding *finding = data;
    g_free(finding->family);
    g_free(finding->target);
    g_free(finding->address);
    g_free(finding->said);
    g_free(finding->unit);
    g_free(finding);
}

NetworkNode *network_node_new(const char *name) {
    NetworkNode *node = g_new0(NetworkNode, 1);
    node->node = g_strdup(name);
    node->pod_addresses = g_new0(char *, 1);
    node->node_addresses = g_new0(char *, 1);
    node->findings = g_ptr_array_new_with_free_func(finding_free);
    return node;
}

void network_node_free(NetworkNode *node) {
    if (!node)
        return;
    g_free(node->node);
    g_free(node->time);
    g_strfreev(node->pod_addresses);
    g_strfreev(node->node_addresses);
    g_ptr_array_unref(node->findings);
    g_free(node);
}

NetworkFinding *network_node_add(NetworkNode *node, const char *probe, const char *target, NetworkOutcome outcome,
                                 const char *format, ...) {
    NetworkFinding *finding = g_new0(NetworkFinding, 1);
    va_list args;
    va_start(args, format);
    finding->probe = network_probe_find(probe);
    g_assert(finding->probe);
    finding->target = g_strdup(target);
    finding->outcome = outcome;
    finding->said = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(node->findings, finding);
    return finding;
}

/* --- writing ------------------------------------------------------------------------------------------------ */

/* Three decimals are a microsecond of milliseconds. */
static void set_number(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, double value) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    value = round(value * 1000) / 1000;
    json_mut_set(doc, object, key, yyjson_mut_rawcpy(doc, g_ascii_formatd(text, sizeof text, "%.12g", value)));
}

static void set_int(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 value) {
    json_mut_set(doc, object, key, yyjson_mut_sint(doc, value));
}

static void set_strings(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, GStrv texts) {
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    for (char **text = texts; *text; text++)
        yyjson_mut_arr_add_strcpy(doc, array, *text);
    json_mut_set(doc, object, key, array);
}

static yyjson_mut_val *finding_json(const NetworkFinding *finding, yyjson_mut_doc *doc) {
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    json_mut_set_string(doc, value, "probe", finding->probe->id);
    if (finding->family)
        json_mut_set_string(doc, value, "family", finding->family);
    json_mut_set_string(doc, value, "target", finding->target);
    if (finding->address)
        json_mut_set_string(doc, value, "address", finding->address);
    json_mut_set_string(doc, value, "outcome", network_outcome_name(finding->outcome));
    json_mut_set_string(doc, value, "said", finding->said);
    if (finding->has_value && isfinite(finding->value)) {
        set_number(doc, value, "value", finding->value);
        if (finding->unit)
            json_mut_set_string(doc, value, "unit", finding->unit);
    }
    return value;
}

char *network_node_write(const NetworkNode *node) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *probes = yyjson_mut_arr(doc);
    json_mut_set_string(doc, root, "format", NETWORK_REPORT_FORMAT);
    json_mut_set_string(doc, root, "node", node->node);
    if (node->time)
        json_mut_set_string(doc, root, "time", node->time);
    set_number(doc, root, "seconds", node->seconds);
    yyjson_mut_val *addresses = json_mut_ensure_object(doc, root, "addresses");
    set_strings(doc, addresses, "pod", node->pod_addresses);
    set_strings(doc, addresses, "node", node->node_addresses);
    if (node->mtu)
        set_int(doc, root, "mtu", node->mtu);
    yyjson_mut_val *pods = json_mut_ensure_object(doc, root, "pods");
    set_int(doc, pods, "wanted", node->wanted);
    set_int(doc, pods, "ready", node->ready);
    for (guint i = 0; i < node->findings->len; i++)
        yyjson_mut_arr_append(probes, finding_json(node->findings->pdata[i], doc));
    json_mut_set(doc, root, "probes", probes);
    return json_mut_write_pretty(root, NULL);
}

/* --- parsing ------------------------------------------------------------------------------------------------- */

static bool invalid(GError **error, const char *what, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool invalid(GError **error, const char *what, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: %s", what, text);
    return false;
}

/* The text, without the end of one that is too long; NULL where there is none. */
static char *take_text(yyjson_val *object, const char *key) {
    const char *text = json_get_string(object, key), *end;
    if (!text)
        return NULL;
    end = strlen(text) > SAID_MAX ? g_utf8_find_prev_char(text, text + SAID_MAX) : text + strlen(text);
    return g_strndup(text, (size_t)(end - text));
}

static bool is_name(const char *text) {
    return text && *text && strlen(text) <= NAME_MAX_BYTES;
}

static bool take_number(yyjson_val *value, double *out) {
    const char *text = yyjson_get_raw(value);
    *out = text ? g_ascii_strtod(text, NULL) : 0;
    return text && isfinite(*out);
}

static bool take_outcome(const char *text, NetworkOutcome *out) {
    for (int i = 0; text && i < NETWORK_OUTCOMES; i++)
        if (g_str_equal(outcomes[i], text)) {
            *out = (NetworkOutcome)i;
            return true;
        }
    return false;
}

static bool take_finding(NetworkNode *node, yyjson_val *value, size_t index, const char *what, GError **error) {
    const char *id = json_get_string(value, "probe"), *target = json_get_string(value, "target"),
               *family = json_get_string(value, "family"), *address = json_get_string(value, "address");
    NetworkOutcome outcome;
    if (!id)
        return invalid(error, what, "probes[%zu] does not say which probe it is (probe)", index);
    if (!network_probe_find(id))
        return true;
    if (!is_name(target))
        return invalid(error, what, "probes[%zu] (%s) has no target, or one of more than %d bytes", index, id,
                       NAME_MAX_BYTES);
    if (!take_outcome(json_get_string(value, "outcome"), &outcome))
        return invalid(error, what, "probes[%zu] (%s) has no outcome that is pass, unknown, warn or fail", index, id);
    if (family && !g_str_equal(family, "IPv4") && !g_str_equal(family, "IPv6"))
        return invalid(error, what, "probes[%zu] (%s): its family is neither IPv4 nor IPv6", index, id);
    if (address && !is_name(address))
        return invalid(error, what, "probes[%zu] (%s) has an address of more than %d bytes, or an empty one", index, id,
                       NAME_MAX_BYTES);
    g_autofree char *said = take_text(value, "said");
    NetworkFinding *finding = network_node_add(node, id, target, outcome, "%s", said ? said : "");
    finding->family = g_strdup(family);
    finding->address = g_strdup(address);
    finding->has_value = take_number(json_get(value, "value"), &finding->value);
    const char *unit = json_get_string(value, "unit");
    finding->unit = finding->has_value && unit && strlen(unit) <= 16 ? g_strdup(unit) : NULL;
    return true;
}

static GStrv take_addresses(yyjson_val *array) {
    GStrv all = json_strings(array);
    for (guint i = 0; all[i]; i++)
        if (i >= ADDRESSES_MAX || strlen(all[i]) > NAME_MAX_BYTES)
            g_clear_pointer(&all[i], g_free);
    return all;
}

static NetworkNode *take_node(yyjson_val *root, const char *what, GError **error) {
    g_autoptr(NetworkNode) node = network_node_new(json_get_string(root, "node"));
    yyjson_val *probes = json_get(root, "probes"), *probe;
    size_t index, count;
    node->time = take_text(root, "time");
    if (!take_number(json_get(root, "seconds"), &node->seconds) || node->seconds < 0)
        node->seconds = 0;
    g_strfreev(node->pod_addresses);
    g_strfreev(node->node_addresses);
    node->pod_addresses = take_addresses(json_get(root, "addresses", "pod"));
    node->node_addresses = take_addresses(json_get(root, "addresses", "node"));
    node->mtu = MAX(json_int(json_get(root, "mtu"), 0), 0);
    node->wanted = MAX(json_int(json_get(root, "pods", "wanted"), 0), 0);
    node->ready = MAX(json_int(json_get(root, "pods", "ready"), 0), 0);
    yyjson_arr_foreach(probes, index, count, probe) {
        if (!take_finding(node, probe, index, what, error))
            return NULL;
    }
    return g_steal_pointer(&node);
}

NetworkNode *network_node_parse(const char *text, size_t length, const char *what, GError **error) {
    if (length > DOCUMENT_MAX) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "%s: more than %d MiB", what, DOCUMENT_MAX >> 20);
        return NULL;
    }
    g_autoptr(yyjson_doc) doc = json_parse(text, length, what, error);
    yyjson_val *root = doc ? yyjson_doc_get_root(doc) : NULL, *probes = json_get(root, "probes");
    const char *format = json_get_string(root, "format");
    if (!doc)
        return NULL;
    if (g_strcmp0(format, NETWORK_REPORT_FORMAT) != 0)
        invalid(error, what, "its format is %.60s, not " NETWORK_REPORT_FORMAT, format ? format : "not given");
    else if (!is_name(json_get_string(root, "node")))
        invalid(error, what, "it names no node, or one of more than %d bytes", NAME_MAX_BYTES);
    else if (!yyjson_is_arr(probes))
        invalid(error, what, "it has no list of probes");
    else if (yyjson_arr_size(probes) > FINDINGS_MAX)
        g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "%s: more than %d probes", what, FINDINGS_MAX);
    else
        return take_node(root, what, error);
    return NULL;
}

/* --- JUnit's form ---------------------------------------------------------------------------------------------- */

/* A message, or a text, not both: readers put the one before the other. */
static void write_case(const NetworkFinding *finding, FILE *out) {
    report_markup(out, "  <testcase name=\"%s%s%s %s%s\" classname=\"network\">", finding->probe->id,
                  finding->family ? " " : "", finding->family ? finding->family : "",
                  finding->probe->to_node ? "to " : "", finding->target);
    if (finding->outcome == NETWORK_FAIL)
        report_markup(out, "<failure message=\"%s\" type=\"fail\"/>", finding->said);
    else if (finding->outcome == NETWORK_UNKNOWN)
        report_markup(out, "<skipped message=\"%s\"/>", finding->said);
    else
        report_markup(out, "<system-out>%s%s</system-out>", finding->outcome == NETWORK_WARN ? "warning: " : "",
                      finding->said);
    fputs("</testcase>\n", out);
}

void network_node_write_junit(const NetworkNode *node, FILE *out) {
    guint counts[NETWORK_OUTCOMES] = {0};
    for (guint i = 0; i < node->findings->len; i++)
        counts[((const NetworkFinding *)node->findings->pdata[i])->outcome]++;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sonobuoy network\">\n", out);
    report_markup(out, " <testsuite name=\"network from %s\"", node->node);
    fprintf(out, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\" time=\"%.3f\">\n", node->findings->len,
            counts[NETWORK_FAIL], counts[NETWORK_UNKNOWN], node->seconds);
    for (guint i = 0; i < node->findings->len; i++)
        write_case(node->findings->pdata[i], out);
    fputs(" </testsuite>\n</testsuites>\n", out);
}
