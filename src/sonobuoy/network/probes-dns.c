/* The nameservers of the pod's resolv.conf, each asked itself. libresolv makes and reads the messages. */
#include "sonobuoy/network/network.h"
#include "sonobuoy/network/probes.h"
#include "sonobuoy/network/targets.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <poll.h>
#include <resolv.h>
#include <string.h>
#include <unistd.h>

enum { DNS_PORT = 53, QUERY_MAX = 512, ANSWER_MAX = 65535, UDP_TRIES = 3 };
#define DNS_SECONDS 3.0

typedef struct {
    guint8 data[QUERY_MAX];
    int length;
} Query;

/* A query for addresses of the name, of the family that the cluster's Services have first. */
static bool query_make(const char *name, bool ipv6, Query *out) {
    struct __res_state state = {0};
    if (res_ninit(&state) != 0)
        return false;
    out->length = res_nmkquery(&state, ns_o_query, name, ns_c_in, ipv6 ? ns_t_aaaa : ns_t_a, NULL, 0, NULL, out->data,
                               sizeof out->data);
    res_nclose(&state);
    guint16 id = (guint16)g_random_int();
    memcpy(out->data, &id, sizeof id);
    return out->length > 0;
}

static bool is_answer(const Query *query, const guint8 *data, ssize_t length) {
    return length >= NS_HFIXEDSZ && memcmp(data, query->data, 2) == 0 && (data[2] & 0x80);
}

/* The first address in the answer as text; "" where there is none. */
static void first_address(ns_msg *message, char *out, socklen_t size) {
    for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++) {
        ns_rr record;
        if (ns_parserr(message, ns_s_an, i, &record) != 0)
            return;
        bool ipv4 = ns_rr_type(record) == ns_t_a && ns_rr_rdlen(record) == 4;
        if (ipv4 || (ns_rr_type(record) == ns_t_aaaa && ns_rr_rdlen(record) == 16)) {
            inet_ntop(ipv4 ? AF_INET : AF_INET6, ns_rr_rdata(record), out, size);
            return;
        }
    }
}

static const char *code_name(int code) {
    static const char *const names[] = {[ns_r_formerr] = "FORMERR",
                                        [ns_r_servfail] = "SERVFAIL",
                                        [ns_r_nxdomain] = "NXDOMAIN: there is no such name",
                                        [ns_r_notimpl] = "NOTIMP",
                                        [ns_r_refused] = "REFUSED"};
    return code > 0 && code < (int)G_N_ELEMENTS(names) && names[code] ? names[code] : "an error";
}

/* What the answer says of the name: its first address. */
static bool read_answer(const guint8 *data, ssize_t length, char *out_address, socklen_t size, GError **error) {
    ns_msg message;
    *out_address = 0;
    if (ns_initparse(data, (int)length, &message) != 0) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID, "the answer is no DNS message");
        return false;
    }
    int code = ns_msg_getflag(message, ns_f_rcode);
    if (code == ns_r_noerror && ns_msg_count(message, ns_s_an) > 0) {
        first_address(&message, out_address, size);
        return true;
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the nameserver says %s",
                code == ns_r_noerror ? "that the name has no address" : code_name(code));
    return false;
}

static ssize_t ask_udp(Probes *probes, const Query *query, const Endpoint *server, guint8 *answer, unsigned *out_tries,
                       GError **error) {
    Patience patience = probes_patience(probes, DNS_SECONDS);
    ssize_t length = -1;
    GError *failure = NULL;
    int fd = exchange_udp_open(server, false, error);
    if (fd < 0)
        return -1;
    gint64 begin = g_get_monotonic_time(), each = (patience.deadline - begin) / UDP_TRIES;
    for (*out_tries = 1; *out_tries <= UDP_TRIES && length < 0; ++*out_tries) {
        Patience one = {probes->cancel, begin + each * *out_tries, patience.seconds};
        g_clear_error(&failure);
        (void)!send(fd, query->data, (size_t)query->length, MSG_NOSIGNAL);
        while (length < 0 && exchange_wait(fd, POLLIN, server, &one, &failure)) {
            length = recv(fd, answer, ANSWER_MAX, 0);
            if (length < 0 && errno != EAGAIN) {
                g_set_error(&failure, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "%s: %s", server->text, g_strerror(errno));
                break;
            }
            if (!is_answer(query, answer, length))
                length = -1;
        }
    }
    --*out_tries;
    close(fd);
    if (length < 0)
        g_propagate_error(error, g_steal_pointer(&failure));
    g_clear_error(&failure);
    return length;
}

static ssize_t ask_tcp(Probes *probes, const Query *query, const Endpoint *server, guint8 *answer, GError **error) {
    Patience patience = probes_patience(probes, DNS_SECONDS);
    guint8 request[2 + QUERY_MAX] = {(guint8)(query->length >> 8), (guint8)query->length}, size[2];
    memcpy(request + 2, query->data, (size_t)query->length);
    int fd = exchange_connect(server, false, &patience, error);
    bool answered = fd >= 0 && exchange_send(fd, request, (size_t)query->length + 2, server, &patience, error) &&
                    exchange_receive(fd, size, sizeof size, server, &patience, error) &&
                    exchange_receive(fd, answer, (size_t)size[0] << 8 | size[1], server, &patience, error);
    if (fd >= 0)
        close(fd);
    ssize_t length = answered ? size[0] << 8 | size[1] : -1;
    if (!answered || is_answer(query, answer, length))
        return length;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s sends no answer to the question", server->text);
    return -1;
}

static void probe_name(Probes *probes, const char *id, const char *name, const Endpoint *server, bool ipv6, bool tcp) {
    g_autofree guint8 *answer = g_malloc(ANSWER_MAX);
    g_autoptr(GError) failure = NULL;
    Finding finding = {id, name, server, 0, NULL};
    char address[INET6_ADDRSTRLEN];
    unsigned tries = 1;
    Query query;
    if (!query_make(name, ipv6, &query)) {
        probes_add(probes, &finding, NETWORK_UNKNOWN, "no question can be made of the name");
        return;
    }
    gint64 begin = g_get_monotonic_time();
    ssize_t length = tcp ? ask_tcp(probes, &query, server, answer, &failure)
                         : ask_udp(probes, &query, server, answer, &tries, &failure);
    double ms = (double)(g_get_monotonic_time() - begin) / 1000;
    if (length < 0 || !read_answer(answer, length, address, sizeof address, &failure)) {
        probes_add(probes, &finding, NETWORK_FAIL, "%s", failure->message);
        return;
    }
    finding.value = ms;
    finding.unit = "ms";
    if (tries > 1)
        probes_add(probes, &finding, NETWORK_WARN, "answered at try %u: a query or its answer was lost", tries);
    else
        probes_add(probes, &finding, NETWORK_PASS, "answered in %.2f ms: %s", ms, address);
}

/* The first host of --egress that is a name. g_free() it. */
static char *outside_name(const Probes *probes) {
    for (char **target = probes->egress; *target; target++) {
        g_autofree char *host = NULL;
        Endpoint endpoint;
        if (network_target_parse(*target, &host, NULL) && !endpoint_parse(host, DNS_PORT, &endpoint))
            return g_steal_pointer(&host);
    }
    return NULL;
}

void probe_dns(Probes *probes) {
    const char *api = g_getenv("KUBERNETES_SERVICE_HOST");
    bool ipv6 = api && strchr(api, ':');
    g_autofree char *outside = outside_name(probes);
    g_autofree char *kubernetes = g_strdup_printf("kubernetes.default.svc.%s", probes->domain);
    g_autofree char *own = g_strdup_printf(NETWORK_SERVICE ".%s.svc.%s", probes->namespace_, probes->domain);
    const char *const names[] = {kubernetes, own};
    for (char **address = probes->name_servers; *address; address++) {
        Endpoint server;
        if (!endpoint_parse(*address, DNS_PORT, &server))
            continue;
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
            probe_name(probes, "dns-udp", names[i], &server, ipv6, false);
            probe_name(probes, "dns-tcp", names[i], &server, ipv6, true);
        }
        if (outside)
            probe_name(probes, "dns-external", outside, &server, false, false);
    }
}
