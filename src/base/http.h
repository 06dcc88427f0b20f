/* An HTTP/1.1 client on libcurl: keep-alive connections, TLS, deadlines, cancellation.
 *
 * One HttpClient holds the settings and idle connections; any number of threads
 * call http_perform() on it at once, each on a connection of its own. There are
 * no retries here: what may be repeated is known one layer up. */
#pragma once

#include "base/cancel.h"
#include "base/stream.h"

typedef struct {
    const char *user_agent;
    GBytes *ca_pem;          /* certificates to trust in place of the system's; NULL: system */
    GBytes *client_cert_pem; /* NULL: none */
    GBytes *client_key_pem;
    const char *tls_server_name; /* checked and sent as SNI in place of the URL's host */
    bool insecure;               /* do not check the server's certificate */
    const char *proxy_url;       /* NULL: from the environment (HTTPS_PROXY, NO_PROXY; none to loopback), "" none */
    unsigned connect_timeout_ms; /* 0: 10000 */
    bool accept_gzip;            /* ask for gzip and decode it */
} HttpConfig;

typedef struct HttpClient HttpClient;

/* Copies what it needs of the configuration. USAGE or INVALID for what cannot be used. */
HttpClient *http_client_new(const HttpConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
HttpClient *http_client_ref(HttpClient *client);
void http_client_unref(HttpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpClient, http_client_unref)

/* Gets the body in pieces; false with an error ends the transfer with it. */
typedef bool (*HttpBodyFunc)(const void *data, size_t length, void *user_data, GError **error);

typedef struct {
    const char *method;         /* "GET", "PUT", ... */
    const char *url;            /* absolute, already encoded */
    const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
    const void *body;           /* not copied */
    guint64 body_length;
    Source *body_source;       /* in place of body: body_length bytes, read once; such a request goes out once */
    gint64 deadline;           /* g_get_monotonic_time() scale; 0: 60 s from now */
    unsigned stall_timeout_ms; /* no byte sent or received for that long: TIMEOUT; 0: 30000 */
    size_t response_max;       /* limit of a buffered body; 0: 256 MiB */
    HttpBodyFunc on_body;      /* for 2xx answers; NULL: the body is buffered */
    void *on_body_data;
    Cancel *cancel;     /* may be NULL */
    GString *out_chain; /* gets the server's certificates, PEM, its own first; on a new connection. NULL: not wanted */
    bool once;          /* on a new connection: what fails on a used one, libcurl repeats unseen */
} HttpRequest;

typedef struct {
    int status;         /* 0 when no answer came */
    GByteArray *body;   /* what was buffered; never NULL after http_perform() returned true */
    GPtrArray *headers; /* "name: value", names in lower case, of the last answer */
} HttpResponse;

/* True when an answer with any status came whole; false on transport errors
 * (UNAVAILABLE, TIMEOUT, CANCELLED, LIMIT, what on_body set, INVALID for TLS trust). `out`
 * must be zeroed or a cleared response; clear it with http_response_clear(). */
bool http_perform(HttpClient *client, const HttpRequest *request, HttpResponse *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

void http_response_clear(HttpResponse *response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpResponse, http_response_clear)

/* The first header of that (lower-case) name, or NULL. */
const char *http_response_header(const HttpResponse *response, const char *name);

/* Seconds from a Retry-After header (a number or an HTTP date), or -1. */
double http_response_retry_after(const HttpResponse *response);

/* An HTTP date (RFC 9110 5.6.7) in microseconds since the epoch; 0 for what is none, and for NULL. */
gint64 http_date_parse(const char *text);

/* Percent-encodes all but A-Z a-z 0-9 - . _ ~ and the characters in `keep`. */
char *http_escape(const char *text, const char *keep);

/* Exponential back-off with full jitter: a random wait in microseconds for the
 * attempt (0, 1, ...): base_ms doubled each time, at most max_ms. */
gint64 http_backoff(unsigned attempt, unsigned base_ms, unsigned max_ms);
