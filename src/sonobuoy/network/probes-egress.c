/* Hosts outside the cluster: their name, a connection, and TLS where that is their way; or the proxy that is to be
 * taken to them. */
#include "base/http.h"
#include "sonobuoy/check/certificate.h"
#include "sonobuoy/network/probes.h"
#include "sonobuoy/network/targets.h"

#include <netdb.h>
#include <string.h>
#include <unistd.h>

enum { HTTPS_PORT = 443, ADDRESSES_TRIED = 4, TLS_SECONDS = 6 };
#define CONNECT_SECONDS 3.0

typedef struct {
    Probes *probes;
    const char *target; /* "HOST:PORT" */
    char *host;         /* without brackets */
    guint16 port;
} Egress;

/* --- proxies ------------------------------------------------------------------------------------------ */

static const char *variable(const char *lower, const char *upper) {
    const char *value = g_getenv(lower);
    if (!value || !*value)
        value = g_getenv(upper);
    return value && *value ? value : NULL;
}

/* Whether NO_PROXY has the host, or a domain that it is in, as libcurl reads it but for ranges of addresses. */
static bool passes_by(const char *host) {
    const char *list = variable("no_proxy", "NO_PROXY");
    g_auto(GStrv) words = g_strsplit_set(list ? list : "", ", ", -1);
    for (char **word = words; *word; word++) {
        const char *domain = **word == '.' ? *word + 1 : *word;
        size_t length = strlen(domain), whole = strlen(host);
        if (length == 0)
            continue;
        if (g_str_equal(domain, "*") || g_ascii_strcasecmp(domain, host) == 0 ||
            (whole > length && host[whole - length - 1] == '.' &&
             g_ascii_strcasecmp(host + whole - length, domain) == 0))
            return true;
    }
    return false;
}

/* That the environment wants for the host, without credentials; NULL: none. g_free() it. */
static char *proxy_for(const char *host) {
    const char *proxy = variable("https_proxy", "HTTPS_PROXY");
    if (!proxy)
        proxy = variable("all_proxy", "ALL_PROXY");
    if (!proxy || passes_by(host))
        return NULL;
    const char *at = strrchr(proxy, '@'), *scheme = strstr(proxy, "://");
    return g_strdup(at ? at + 1 : scheme ? scheme + 3 : proxy);
}

/* --- the connection --------------------------------------------------------------------------------------- */

/* A name with a dot in it is whole: search domains would only take time. */
static struct addrinfo *resolve(const Egress *egress, GError **error) {
    bool whole = strchr(egress->host, '.') && !strchr(egress->host, ':') && !g_str_has_suffix(egress->host, ".");
    g_autofree char *name = g_strconcat(egress->host, whole ? "." : "", NULL);
    g_autofree char *port = g_strdup_printf("%u", egress->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
    Endpoint literal;
    if (endpoint_parse(egress->host, egress->port, &literal)) {
        hints.ai_flags |= AI_NUMERICHOST;
        name[strlen(egress->host)] = 0;
    }
    int code = getaddrinfo(name, port, &hints, &list);
    if (code == 0)
        return list;
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "%s does not resolve: %s", egress->host, gai_strerror(code));
    return NULL;
}

/* To the first of its addresses that takes it. */
static bool connects(const Egress *egress, Endpoint *out_to, double *out_ms, GError **error) {
    struct addrinfo *list = resolve(egress, error);
    unsigned tried = 0;
    bool done = false;
    for (struct addrinfo *one = list; one && !done && tried < ADDRESSES_TRIED; one = one->ai_next, tried++) {
        endpoint_from(one->ai_addr, one->ai_addrlen, out_to);
        Patience patience = probes_patience(egress->probes, CONNECT_SECONDS / (tried + 1));
        gint64 begin = g_get_monotonic_time();
        g_clear_error(error);
        int fd = exchange_connect(out_to, false, &patience, error);
        *out_ms = (double)(g_get_monotonic_time() - begin) / 1000;
        done = fd >= 0;
        if (done)
            close(fd);
    }
    if (list)
        freeaddrinfo(list);
    return done;
}

/* --- TLS ---------------------------------------------------------------------------------------------------- */

static bool asks(const Egress *egress, bool insecure, GString *out_chain, GError **error) {
    HttpConfig config = {
        .user_agent = "sonobuoy/" SEAWORTHY_VERSION, .insecure = insecure, .connect_timeout_ms = TLS_SECONDS * 1000};
    g_autoptr(HttpClient) client = http_client_new(&config, error);
    bool ipv6 = strchr(egress->host, ':');
    g_autofree char *url = g_strdup_printf(ipv6 ? "https://[%s]:%u/" : "https://%s:%u/", egress->host, egress->port);
    g_auto(HttpResponse) response = {0};
    Patience patience = probes_patience(egress->probes, TLS_SECONDS);
    HttpRequest request = {.method = "HEAD",
                           .url = url,
                           .deadline = patience.deadline,
                           .cancel = egress->probes->cancel,
                           .out_chain = out_chain};
    return client && http_perform(client, &request, &response, error);
}

/* Whose certificate it is that is not trusted. g_free() it; NULL where it cannot be had. */
static char *issuer_of(const Egress *egress) {
    g_autoptr(GString) chain = g_string_new(NULL);
    if (!asks(egress, true, chain, NULL))
        return NULL;
    g_autoptr(GPtrArray) certificates = certificates_read(chain->str, chain->len, NULL);
    return certificates && certificates->len ? g_strdup(((const Certificate *)certificates->pdata[0])->issuer) : NULL;
}

static void probe_tls(const Egress *egress, Finding *finding, const char *proxy) {
    g_autoptr(GError) failure = NULL;
    g_autofree char *through = proxy ? g_strconcat(" through the proxy ", proxy, NULL) : g_strdup("");
    gint64 begin = g_get_monotonic_time();
    if (asks(egress, false, NULL, &failure)) {
        if (proxy) {
            finding->value = (double)(g_get_monotonic_time() - begin) / 1000;
            finding->unit = "ms";
        }
        probes_add(egress->probes, finding, NETWORK_PASS, "TLS and its certificate are good%s", through);
        return;
    }
    g_autofree char *issuer = g_error_matches(failure, BASE_ERROR, BASE_ERROR_INVALID) ? issuer_of(egress) : NULL;
    if (issuer)
        probes_add(egress->probes, finding, NETWORK_WARN,
                   "reached%s, but its certificate is of an authority that is not known here, \"%s\": a proxy that "
                   "opens TLS, or the host's own authority; what trusts only public ones will refuse it",
                   through, issuer);
    else
        probes_add(egress->probes, finding, NETWORK_FAIL, "TLS%s: %s", through, failure->message);
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

void probe_egress(Probes *probes, const char *host_port) {
    Egress egress = {.probes = probes, .target = host_port};
    Endpoint to;
    Finding finding = {"egress", host_port, NULL, 0, NULL};
    g_autoptr(GError) failure = NULL;
    if (!network_target_parse(host_port, &egress.host, &egress.port)) {
        probes_add(probes, &finding, NETWORK_UNKNOWN, "this is not HOST:PORT");
        return;
    }
    g_autofree char *proxy = egress.port == HTTPS_PORT ? proxy_for(egress.host) : NULL;
    if (proxy) {
        probe_tls(&egress, &finding, proxy);
    } else if (!connects(&egress, &to, &finding.value, &failure)) {
        probes_add(probes, &finding, NETWORK_FAIL, "%s", failure->message);
    } else {
        finding.endpoint = &to;
        finding.unit = "ms";
        if (egress.port == HTTPS_PORT)
            probe_tls(&egress, &finding, NULL);
        else
            probes_add(probes, &finding, NETWORK_PASS, "took a connection in %.1f ms", finding.value);
    }
    g_free(egress.host);
}
