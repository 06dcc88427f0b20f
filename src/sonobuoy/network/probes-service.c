/* The API server, and the plugin's own Service. */
#include "base/text.h"
#include "sonobuoy/network/network.h"
#include "sonobuoy/network/probes.h"

#include <string.h>
#include <unistd.h>

enum { API_SECONDS = 5, CONNECTIONS = 6, ENOUGH = 2 /* that none answers */, SERVICE_TRIES = 4 };
#define SERVICE_SECONDS 3.0

/* --- the API server ----------------------------------------------------------------------------------- */

void probe_api(Probes *probes) {
    const char *host = g_getenv("KUBERNETES_SERVICE_HOST"), *port = g_getenv("KUBERNETES_SERVICE_PORT");
    Endpoint to;
    bool has_address = host && port && endpoint_parse(host, (guint16)g_ascii_strtoull(port, NULL, 10), &to);
    Finding finding = {"api", "kubernetes", has_address ? &to : NULL, 0, NULL};
    if (!probes->client) {
        probes_add(probes, &finding, NETWORK_UNKNOWN, "the pod has no account to ask the API server with");
        return;
    }
    g_autoptr(GError) failure = NULL;
    g_auto(HttpResponse) response = {0};
    KubeRequest request = {.method = "GET", .path = "/version", .timeout_s = API_SECONDS, .no_retry = true};
    gint64 begin = g_get_monotonic_time();
    if (!kube_client_request(probes->client, &request, &response, &failure)) {
        probes_add(probes, &finding, NETWORK_FAIL, "%s", failure->message);
        return;
    }
    finding.value = (double)(g_get_monotonic_time() - begin) / 1000;
    finding.unit = "ms";
    probes_add(probes, &finding, NETWORK_PASS, "GET /version was answered in %.1f ms", finding.value);
}

/* --- the Service ----------------------------------------------------------------------------------------- */

/* Which nodes' pods answered, and what did not. */
typedef struct {
    GHashTable *nodes;
    unsigned tried, answered;
    double ms;     /* the longest */
    char *failure; /* the first */
} Tally;

/* Whether there is more to try. */
static bool tally_goes_on(const Tally *tally) {
    return tally->tried < CONNECTIONS && (tally->answered || tally->tried < ENOUGH);
}

static void tally_add(Tally *tally, bool answered, const Message *message, double ms, const GError *failure) {
    tally->tried++;
    if (answered) {
        g_hash_table_add(tally->nodes, g_strdup(message->node));
        tally->ms = MAX(tally->ms, ms);
        tally->answered++;
    } else if (!tally->failure) {
        tally->failure = g_strdup(failure->message);
    }
}

/* The first has time to begin, as rules for a new Service may be late; the others have less. */
static Patience tally_patience(const Probes *probes, const Tally *tally) {
    return probes_patience(probes, tally->tried ? SERVICE_SECONDS / 3 : SERVICE_SECONDS);
}

/* "node1, node2". g_free() it. */
static char *node_names(GHashTable *nodes) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    GHashTableIter iter;
    void *name;
    g_hash_table_iter_init(&iter, nodes);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, name);
    g_ptr_array_sort(names, text_compare);
    g_ptr_array_add(names, NULL);
    return g_strjoinv(", ", (char **)names->pdata);
}

/* Some that fail are as bad as all: it is one of the pods behind it. */
static void report(Probes *probes, Finding *finding, Tally *tally) {
    g_autofree char *nodes = node_names(tally->nodes);
    if (tally->answered == tally->tried) {
        finding->value = tally->ms;
        finding->unit = "ms";
        probes_add(probes, finding, NETWORK_PASS, "%u of %u were answered, the slowest in %.2f ms, by the pods on %s",
                   tally->answered, tally->tried, tally->ms, nodes);
    } else {
        probes_add(probes, finding, NETWORK_FAIL, "%u of %u were answered%s: %s", tally->answered, tally->tried,
                   tally->answered ? ", so some of the pods behind it are not reached" : "", tally->failure);
    }
    g_hash_table_unref(tally->nodes);
    g_free(tally->failure);
}

static void service_tcp(Probes *probes, const Endpoint *to) {
    Finding finding = {"service-tcp", NETWORK_SERVICE, to, 0, NULL};
    Tally tally = {.nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    while (tally_goes_on(&tally)) {
        g_autoptr(GError) failure = NULL;
        Message answer;
        double ms = 0;
        Patience patience = tally_patience(probes, &tally);
        bool answered = exchange_tcp(probes->node, to, 0, tally.tried == 0, &patience, &answer, &ms, &failure);
        tally_add(&tally, answered, &answer, ms, failure);
    }
    report(probes, &finding, &tally);
}

static void service_udp(Probes *probes, const Endpoint *to) {
    Finding finding = {"service-udp", NETWORK_SERVICE, to, 0, NULL};
    Tally tally = {.nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    while (tally_goes_on(&tally)) {
        Patience patience = tally_patience(probes, &tally);
        g_autoptr(GError) failure = NULL;
        Answer answer = {0};
        int fd = exchange_udp_open(to, false, &failure);
        bool answered =
            fd >= 0 && exchange_udp(fd, probes->node, to, MESSAGE_HEADER, SERVICE_TRIES, &patience, &answer, &failure);
        tally_add(&tally, answered, &answer.message, answer.ms, failure);
        if (fd >= 0)
            close(fd);
    }
    report(probes, &finding, &tally);
}

void probe_service(Probes *probes) {
    for (char **address = probes->peers->service_addresses; *address; address++) {
        Endpoint to;
        if (!endpoint_parse(*address, NETWORK_PORT, &to))
            continue;
        service_tcp(probes, &to);
        service_udp(probes, &to);
    }
}
