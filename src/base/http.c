#include "base/http-internal.h"

#include <curl/curl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)

/* A connection: an easy handle in a multi handle of its own, whose cache keeps
 * the TCP and TLS connection. The multi handle, and not curl_easy_perform(), so
 * that a cancellation or a deadline is seen at once. */
typedef struct Connection Connection;
struct Connection {
    CURL *easy;
    CURLM *multi;
    Connection *next;
};

struct HttpClient {
    atomic_int references;
    pthread_mutex_t lock;
    Connection *idle;
    char *user_agent;
    GBytes *ca_pem;
    GBytes *client_cert_pem;
    GBytes *client_key_pem;
    char *tls_server_name;
    char *proxy_url;
    bool insecure;
    bool accept_gzip;
    unsigned connect_timeout_ms;
};

static void http_global_init(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* The URL with its host replaced by the TLS server name, in `out_to` the rule that
 * connects it to the real host, so that SNI and the check use the name, and in
 * `out_host` the header that still names the real one. NULL where the name cannot be one. */
static char *rename_host(const char *url, const char *name, char **out_to, char **out_host) {
    g_autoptr(CURLU) parts = curl_url();
    g_autofree char *result = NULL;
    char *host = NULL, *port = NULL, *whole = NULL;
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        curl_url_set(parts, CURLUPART_HOST, name, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_URL, &whole, 0) == CURLUE_OK) {
        *out_to = g_strdup_printf("%s:%s:%s:%s", name, port, host, port);
        *out_host = g_strdup_printf("Host: %s:%s", host, port);
        result = g_strdup(whole);
    }
    curl_free(host);
    curl_free(port);
    curl_free(whole);
    return g_steal_pointer(&result);
}

HttpClient *http_client_new(const HttpConfig *config, GError **error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, http_global_init);
    if (config->client_cert_pem && !config->client_key_pem) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE, "a client certificate needs its private key");
        return NULL;
    }
    g_autofree char *to = NULL, *host = NULL, *url = NULL;
    if (config->tls_server_name && !(url = rename_host("https://host/", config->tls_server_name, &to, &host))) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "the TLS server name \"%s\" is not a host's name",
                    config->tls_server_name);
        return NULL;
    }
    HttpClient *client = g_new0(HttpClient, 1);
    atomic_init(&client->references, 1);
    pthread_mutex_init(&client->lock, NULL);
    client->user_agent = g_strdup(config->user_agent);
    client->ca_pem = config->ca_pem ? g_bytes_ref(config->ca_pem) : NULL;
    client->client_cert_pem = config->client_cert_pem ? g_bytes_ref(config->client_cert_pem) : NULL;
    client->client_key_pem = config->client_key_pem ? g_bytes_ref(config->client_key_pem) : NULL;
    client->tls_server_name = g_strdup(config->tls_server_name);
    client->proxy_url = g_strdup(config->proxy_url);
    client->insecure = config->insecure;
    client->accept_gzip = config->accept_gzip;
    client->connect_timeout_ms = config->connect_timeout_ms ? config->connect_timeout_ms : 10000;
    return client;
}

HttpClient *http_client_ref(HttpClient *client) {
    atomic_fetch_add(&client->references, 1);
    return client;
}

static void connection_free(Connection *connection) {
    curl_easy_cleanup(connection->easy);
    curl_multi_cleanup(connection->multi);
    g_free(connection);
}

void http_client_unref(HttpClient *client) {
    if (!client || atomic_fetch_sub(&client->references, 1) != 1)
        return;
    while (client->idle) {
        Connection *connection = client->idle;
        client->idle = connection->next;
        connection_free(connection);
    }
    pthread_mutex_destroy(&client->lock);
    g_free(client->user_agent);
    g_clear_pointer(&client->ca_pem, g_bytes_unref);
    g_clear_pointer(&client->client_cert_pem, g_bytes_unref);
    g_clear_pointer(&client->client_key_pem, g_bytes_unref);
    g_free(client->tls_server_name);
    g_free(client->proxy_url);
    g_free(client);
}

static Connection *connection_take(HttpClient *client) {
    pthread_mutex_lock(&client->lock);
    Connection *connection = client->idle;
    if (connection)
        client->idle = connection->next;
    pthread_mutex_unlock(&client->lock);
    if (connection)
        return connection;
    connection = g_new0(Connection, 1);
    connection->easy = curl_easy_init();
    connection->multi = curl_multi_init();
    if (!connection->easy || !connection->multi)
        g_error("libcurl cannot be started");
    return connection;
}

static void connection_give_back(HttpClient *client, Connection *connection) {
    curl_easy_reset(connection->easy); /* keeps connections, forgets options that point into the caller */
    pthread_mutex_lock(&client->lock);
    connection->next = client->idle;
    client->idle = connection;
    pthread_mutex_unlock(&client->lock);
}

/* --- one transfer ------------------------------------------------------------ */

typedef struct {
    const HttpRequest *request;
    HttpResponse *response;
    CURL *easy;
    GError *failure;       /* what stopped the transfer from inside a callback */
    gint64 last_byte;      /* monotonic; for the stall timeout */
    size_t limit, headers; /* most bytes of a body; those of headers so far */
    curl_off_t sent;       /* bytes of the body, when last looked at */
    bool seen;             /* bytes came since then */
} Transfer;

void http_response_init(HttpResponse *response) {
    response->status = 0;
    if (!response->body)
        response->body = g_byte_array_new();
    g_byte_array_set_size(response->body, 0);
    if (!response->headers)
        response->headers = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_set_size(response->headers, 0);
}

void http_response_add_line(HttpResponse *response, const char *data, size_t length) {
    enum { HEADERS_MAX = 256 };
    if (length >= 5 && memcmp(data, "HTTP/", 5) == 0) { /* a new answer, after 100 Continue or a proxy's */
        g_ptr_array_set_size(response->headers, 0);
        return;
    }
    if (!memchr(data, ':', length) || response->headers->len >= HEADERS_MAX)
        return;
    char *line = g_strchomp(g_strndup(data, length));
    for (char *c = line; *c && *c != ':'; c++)
        *c = g_ascii_tolower(*c);
    g_ptr_array_add(response->headers, line);
}

void http_set_head_too_large(GError **error) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "the answer's headers are larger than %d KiB",
                HTTP_HEAD_MAX >> 10);
}

static size_t transfer_header(char *data, size_t size, size_t count, void *user_data) {
    Transfer *transfer = user_data;
    transfer->seen = true;
    transfer->headers += size * count;
    if (transfer->headers > HTTP_HEAD_MAX) {
        http_set_head_too_large(&transfer->failure);
        return 0;
    }
    http_response_add_line(transfer->response, data, size * count);
    return size * count;
}

static size_t transfer_body(char *data, size_t size, size_t count, void *user_data) {
    Transfer *transfer = user_data;
    size_t length = size * count;
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->request->on_body && status >= 200 && status < 300) {
        bool ok = transfer->request->on_body(data, length, transfer->request->on_body_data, &transfer->failure);
        transfer->last_byte = g_get_monotonic_time(); /* time spent in the callback is not a stall */
        return ok ? length : 0;
    }
    GByteArray *body = transfer->response->body;
    if (length > transfer->limit - MIN(transfer->limit, body->len)) {
        g_set_error(&transfer->failure, BASE_ERROR, BASE_ERROR_LIMIT, "the answer is larger than %zu bytes",
                    transfer->limit);
        return 0;
    }
    g_byte_array_append(body, (const guint8 *)data, (guint)length);
    transfer->seen = true;
    return length;
}

static void set_blob(CURL *easy, CURLoption option, GBytes *bytes) {
    size_t length;
    const void *data = g_bytes_get_data(bytes, &length);
    struct curl_blob blob = {.data = (void *)data, .len = length, .flags = CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, option, &blob);
}

static void set_tls(CURL *easy, const HttpClient *client) {
    if (client->ca_pem) {
        set_blob(easy, CURLOPT_CAINFO_BLOB, client->ca_pem);
        http_trust_by_signature(easy);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* the system's folder would be asked, too */
    }
    if (client->client_cert_pem) {
        set_blob(easy, CURLOPT_SSLCERT_BLOB, client->client_cert_pem);
        set_blob(easy, CURLOPT_SSLKEY_BLOB, client->client_key_pem);
        curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
        curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
    }
    if (client->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

/* As elsewhere, what is on this machine is not asked for by the environment's proxy; and
 * a proxy that was asked for by name is not passed by because of $NO_PROXY. */
static void set_proxy(CURL *easy, const HttpClient *client, const char *url) {
    g_autoptr(CURLU) parts = curl_url();
    char *host = NULL;
    if (client->proxy_url) {
        curl_easy_setopt(easy, CURLOPT_PROXY, client->proxy_url);
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    } else if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
               curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
               (g_ascii_strcasecmp(host, "localhost") == 0 || g_str_has_prefix(host, "127.") ||
                g_str_equal(host, "[::1]"))) {
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
    curl_free(host);
}

void http_target_clear(HttpTarget *target) {
    g_clear_pointer(&target->url, g_free);
    g_clear_pointer(&target->host_line, g_free);
    g_clear_pointer(&target->connect_rules, curl_slist_free_all);
}

void http_client_set_up(const HttpClient *client, CURL *easy, const char *url, HttpTarget *target) {
    g_autofree char *connect_to = NULL;
    if (client->tls_server_name &&
        (target->url = rename_host(url, client->tls_server_name, &connect_to, &target->host_line))) {
        target->connect_rules = curl_slist_append(NULL, connect_to);
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, target->connect_rules);
    }
    curl_easy_setopt(easy, CURLOPT_URL, target->url ? target->url : url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* "/../" is the server's to refuse */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)client->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, client->user_agent);
    set_proxy(easy, client, url);
    set_tls(easy, client);
}

static size_t read_body(char *buffer, size_t size, size_t count, void *data) {
    Transfer *transfer = data;
    gssize length = source_read(transfer->request->body_source, buffer, size * count, &transfer->failure);
    return length < 0 ? CURL_READFUNC_ABORT : (size_t)length;
}

static void set_body_source(CURL *easy, Transfer *transfer) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->request->body_length);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L); /* on a used connection libcurl may want it a second time */
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, transfer->request->method);
}

static void set_body(CURL *easy, const HttpRequest *request) {
    bool has_body = request->body || g_str_equal(request->method, "POST") || g_str_equal(request->method, "PUT") ||
                    g_str_equal(request->method, "PATCH");
    if (has_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
    }
    if (g_str_equal(request->method, "HEAD"))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (!g_str_equal(request->method, "GET") || has_body)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

void http_set_curl_error(CURLcode result, const char *detail, GError **error) {
    BaseErrorCode code = BASE_ERROR_UNAVAILABLE;
    switch (result) {
    case CURLE_OPERATION_TIMEDOUT: code = BASE_ERROR_TIMEOUT; break;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION: code = BASE_ERROR_INVALID; break;
    default: break;
    }
    g_set_error_literal(error, BASE_ERROR, code, detail[0] ? detail : curl_easy_strerror(result));
}

/* Sets the error that fits what libcurl said. */
static void transfer_fail(Transfer *transfer, CURLcode result, const char *detail, GError **error) {
    if (!transfer->failure && result == CURLE_OUT_OF_MEMORY) /* what it says of a header line without end */
        http_set_head_too_large(&transfer->failure);
    if (transfer->failure)
        g_propagate_error(error, g_steal_pointer(&transfer->failure));
    else
        http_set_curl_error(result, detail, error);
}

/* Drives the transfer to its end. */
static bool transfer_run(Transfer *transfer, Connection *connection, CURLcode *out_result) {
    const HttpRequest *request = transfer->request;
    gint64 deadline = request->deadline ? request->deadline : g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    gint64 stall = (request->stall_timeout_ms ? request->stall_timeout_ms : 30000) * 1000LL;
    transfer->last_byte = g_get_monotonic_time();
    for (;;) {
        int running = 0;
        CURLMcode moved = curl_multi_perform(connection->multi, &running);
        if (moved != CURLM_OK) {
            g_set_error_literal(&transfer->failure, BASE_ERROR, BASE_ERROR_FAILED, curl_multi_strerror(moved));
            return false;
        }
        int left;
        for (CURLMsg *message; (message = curl_multi_info_read(connection->multi, &left));)
            if (message->msg == CURLMSG_DONE) {
                *out_result = message->data.result;
                return true;
            }
        if (cancel_check(request->cancel, &transfer->failure))
            return false;
        gint64 now = g_get_monotonic_time();
        curl_off_t sent = 0;
        curl_easy_getinfo(connection->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
        if (transfer->seen || sent != transfer->sent)
            transfer->last_byte = now;
        transfer->seen = false;
        transfer->sent = sent;
        if (now >= deadline) {
            g_set_error_literal(&transfer->failure, BASE_ERROR, BASE_ERROR_TIMEOUT,
                                "the deadline passed before the answer was whole");
            return false;
        }
        if (now - transfer->last_byte >= stall) {
            g_set_error(&transfer->failure, BASE_ERROR, BASE_ERROR_TIMEOUT, "no byte %s for %u s",
                        sent < (curl_off_t)request->body_length ? "was taken" : "came",
                        (unsigned)(stall / G_USEC_PER_SEC));
            return false;
        }
        struct curl_waitfd wake = {.fd = cancel_fd(request->cancel), .events = CURL_WAIT_POLLIN};
        gint64 wait = MIN(MIN(deadline - now, stall), G_USEC_PER_SEC) / 1000 + 1;
        curl_multi_poll(connection->multi, &wake, request->cancel ? 1 : 0, (int)wait, NULL);
    }
}

static void take_chain(CURL *easy, GString *out) {
    struct curl_certinfo *chain = NULL;
    curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain);
    for (int i = 0; chain && i < chain->num_of_certs; i++)
        for (const struct curl_slist *line = chain->certinfo[i]; line; line = line->next)
            if (g_str_has_prefix(line->data, "Cert:"))
                g_string_append_printf(out, "%s\n", line->data + strlen("Cert:"));
}

bool http_perform(HttpClient *client, const HttpRequest *request, HttpResponse *out, GError **error) {
    http_response_init(out);
    if (cancel_check(request->cancel, error))
        return false;
    Connection *connection = connection_take(client);
    CURL *easy = connection->easy;
    Transfer transfer = {.request = request,
                         .response = out,
                         .easy = easy,
                         .limit = request->response_max ? request->response_max : 256u << 20};
    char detail[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    g_auto(HttpTarget) target = {0};

    http_client_set_up(client, easy, request->url, &target);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 128L * 1024);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, transfer_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    if (request->once || request->out_chain)
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    if (request->out_chain) { /* a resumed session may have no chain */
        curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
        curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    }
    if (client->accept_gzip)
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (request->body_source)
        set_body_source(easy, &transfer);
    else
        set_body(easy, request);
    headers = curl_slist_append(headers, "Expect:"); /* no waiting for 100 Continue */
    if (target.host_line)
        headers = curl_slist_append(headers, target.host_line);
    for (const char *const *line = request->headers; line && *line; line++)
        headers = curl_slist_append(headers, *line);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);

    CURLcode result = CURLE_OK;
    curl_multi_add_handle(connection->multi, easy);
    bool ended = transfer_run(&transfer, connection, &result);
    curl_multi_remove_handle(connection->multi, easy); /* closes the connection of an unfinished transfer */
    bool ok = ended && result == CURLE_OK;
    if (ok) {
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        out->status = (int)status;
        if (request->out_chain)
            take_chain(easy, request->out_chain);
        g_clear_error(&transfer.failure);
    } else {
        transfer_fail(&transfer, result, detail, error);
    }
    curl_slist_free_all(headers);
    if (ok)
        connection_give_back(client, connection);
    else
        connection_free(connection);
    return ok;
}

void http_response_clear(HttpResponse *response) {
    g_clear_pointer(&response->body, g_byte_array_unref);
    g_clear_pointer(&response->headers, g_ptr_array_unref);
    response->status = 0;
}

const char *http_client_user_agent(const HttpClient *client) {
    return client->user_agent;
}

const char *http_response_header(const HttpResponse *response, const char *name) {
    size_t length = strlen(name);
    for (guint i = 0; response->headers && i < response->headers->len; i++) {
        const char *line = g_ptr_array_index(response->headers, i);
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            const char *value = line + length + 1;
            while (*value == ' ' || *value == '\t')
                value++;
            return value;
        }
    }
    return NULL;
}

double http_response_retry_after(const HttpResponse *response) {
    const char *value = http_response_header(response, "retry-after");
    if (!value || !*value)
        return -1;
    char *end;
    double seconds = g_ascii_strtod(value, &end);
    if (*end == '\0')
        return isfinite(seconds) && seconds >= 0 ? seconds : -1;
    gint64 at = http_date_parse(value);
    return at ? (double)MAX(0, at - g_get_real_time()) / G_USEC_PER_SEC : -1;
}

gint64 http_date_parse(const char *text) {
    time_t at = text ? curl_getdate(text, NULL) : -1;
    return at > 0 ? (gint64)at * G_USEC_PER_SEC : 0;
}

char *http_escape(const char *text, const char *keep) {
    GString *out = g_string_sized_new(strlen(text) + 16);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (g_ascii_isalnum((char)*c) || strchr("-._~", *c) || (keep && strchr(keep, *c)))
            g_string_append_c(out, (char)*c);
        else
            g_string_append_printf(out, "%%%02X", *c);
    }
    return g_string_free(out, FALSE);
}

gint64 http_backoff(unsigned attempt, unsigned base_ms, unsigned max_ms) {
    guint64 top = MIN((guint64)base_ms << MIN(attempt, 20u), max_ms);
    return top ? (gint64)arc4random_uniform((guint32)top) * 1000 : 0;
}
