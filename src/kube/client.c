#include "kube/client-internal.h"

#include "kube/credentials.h"
#include "kube/status.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* How long a server that has never answered is tried. */
enum { INTERNAL_ERROR_TRIES = 4, FIRST_CONTACT_S = 10 };

struct KubeClient {
    KubeConfig *config;
    KubeCredentials *credentials;
    char *user_agent;
    GPtrArray *impersonation; /* header lines */
    KubeWarningFunc on_warning;
    void *on_warning_data;
    Cancel *cancel;
    unsigned timeout_s, stall_s;
    double qps;
    double burst;
    bool accept_gzip;
    bool dry_run;

    pthread_mutex_t lock; /* all below */
    pthread_cond_t changed;
    HttpClient *http;
    unsigned http_generation;
    double limit; /* requests in flight allowed now */
    double limit_max;
    unsigned in_flight;
    gint64 last_shrink;
    double tokens; /* of the rate limiter */
    gint64 tokens_at;
    GHashTable *warnings; /* texts already told */

    atomic_bool reached; /* it has answered something */
    atomic_ullong requests, retries, throttled, bytes_in, bytes_out;
};

/* Whether the server is on this machine: there gzip costs more than it saves. */
static bool is_loopback(const char *server) {
    return strstr(server, "://127.") || strstr(server, "://localhost") || strstr(server, "://[::1]");
}

static void add_impersonation(GPtrArray *lines, const KubeConfig *config) {
    if (config->as)
        g_ptr_array_add(lines, g_strdup_printf("Impersonate-User: %s", config->as));
    if (config->as_uid)
        g_ptr_array_add(lines, g_strdup_printf("Impersonate-Uid: %s", config->as_uid));
    for (char **group = config->as_groups; group && *group; group++)
        g_ptr_array_add(lines, g_strdup_printf("Impersonate-Group: %s", *group));
    for (char **extra = config->as_extra; extra && *extra; extra++) {
        const char *equals = strchr(*extra, '=');
        if (!equals)
            continue;
        g_autofree char *key = g_strndup(*extra, (gsize)(equals - *extra));
        g_autofree char *escaped = http_escape(key, NULL);
        g_ptr_array_add(lines, g_strdup_printf("Impersonate-Extra-%s: %s", escaped, equals + 1));
    }
}

KubeClient *kube_client_new(KubeConfig *config, const KubeClientOptions *options, GError **error) {
    if (!config->server ||
        !(g_str_has_prefix(config->server, "https://") || g_str_has_prefix(config->server, "http://"))) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: the cluster's server \"%s\" is not a http(s):// URL",
                    config->source, config->server ? config->server : "");
        kube_config_free(config);
        return NULL;
    }
    KubeClient *client = g_new0(KubeClient, 1);
    client->config = config;
    client->credentials = kube_credentials_new(config);
    client->user_agent = g_strdup(options->user_agent ? options->user_agent : "seaworthy/" SEAWORTHY_VERSION);
    client->impersonation = g_ptr_array_new_with_free_func(g_free);
    add_impersonation(client->impersonation, config);
    client->on_warning = options->on_warning;
    client->on_warning_data = options->on_warning_data;
    client->cancel = options->cancel;
    client->dry_run = options->dry_run;
    client->timeout_s = options->timeout_s ? options->timeout_s : 120;
    client->stall_s = options->stall_s ? options->stall_s : 30;
    client->qps = options->qps;
    client->burst = options->burst ? options->burst : MAX(options->qps, 1);
    client->tokens = client->burst;
    client->tokens_at = g_get_monotonic_time();
    client->limit_max = client->limit = options->connections ? options->connections : 8;
    client->accept_gzip = !config->disable_compression && !is_loopback(config->server);
    client->warnings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    pthread_mutex_init(&client->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&client->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return client;
}

void kube_client_free(KubeClient *client) {
    if (!client)
        return;
    http_client_unref(client->http);
    kube_credentials_free(client->credentials);
    kube_config_free(client->config);
    g_ptr_array_unref(client->impersonation);
    g_hash_table_unref(client->warnings);
    pthread_cond_destroy(&client->changed);
    pthread_mutex_destroy(&client->lock);
    g_free(client->user_agent);
    g_free(client);
}

const KubeConfig *kube_client_config(const KubeClient *client) {
    return client->config;
}

/* --- how many at once, how many a second --------------------------------------- */

static void wait_changed(KubeClient *client, gint64 microseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    gint64 nanos = until.tv_nsec + microseconds * 1000;
    until.tv_sec += nanos / 1000000000;
    until.tv_nsec = nanos % 1000000000;
    pthread_cond_timedwait(&client->changed, &client->lock, &until);
}

/* Waits for a place among the requests in flight, unless it streams, and for the rate limiter. */
static bool client_enter(KubeClient *client, bool streams, gint64 deadline, GError **error) {
    enum { LOOK_AGAIN_US = 50 * 1000 }; /* for cancellation */
    bool ok = true;
    pthread_mutex_lock(&client->lock);
    for (;;) {
        gint64 now = g_get_monotonic_time();
        if (cancel_check(client->cancel, error)) {
            ok = false;
            break;
        }
        if (now >= deadline) {
            g_set_error_literal(error, BASE_ERROR, BASE_ERROR_TIMEOUT, "the deadline passed while waiting for a turn");
            ok = false;
            break;
        }
        if (client->qps > 0) {
            double earned = (double)(now - client->tokens_at) / G_USEC_PER_SEC * client->qps;
            client->tokens = MIN(client->burst, client->tokens + earned);
            client->tokens_at = now;
        }
        bool place = streams || client->in_flight == 0 || client->in_flight + 1 <= (unsigned)client->limit;
        if (place && (client->qps <= 0 || client->tokens >= 1)) {
            client->tokens -= client->qps > 0 ? 1 : 0;
            client->in_flight += !streams;
            break;
        }
        gint64 wait = LOOK_AGAIN_US;
        if (place)
            wait = MIN(wait, (gint64)((1 - client->tokens) / client->qps * G_USEC_PER_SEC) + 1);
        wait_changed(client, wait);
    }
    pthread_mutex_unlock(&client->lock);
    return ok;
}

/* status: of the answer, 0 where none came */
static void client_leave(KubeClient *client, bool streams, int status) {
    pthread_mutex_lock(&client->lock);
    client->in_flight -= !streams;
    gint64 now = g_get_monotonic_time();
    if (status == 429 && now - client->last_shrink > 200 * 1000) { /* one burst of refusals counts once */
        client->limit = MAX(1, client->limit / 2);
        client->last_shrink = now;
    } else if (status > 0 && status < 500 && status != 429 && !streams) {
        client->limit = MIN(client->limit_max, client->limit + 1 / client->limit);
    }
    pthread_cond_signal(&client->changed);
    pthread_mutex_unlock(&client->lock);
}

/* --- one attempt ----------------------------------------------------------------- */

/* The HTTP client for these credentials: a new one when the certificate changed. */
static HttpClient *client_http(KubeClient *client, const KubeCredential *credential, GError **error) {
    pthread_mutex_lock(&client->lock);
    if (!client->http || client->http_generation != credential->generation) {
        HttpConfig settings = {
            .user_agent = client->user_agent,
            .ca_pem = client->config->ca_pem,
            .client_cert_pem = credential->client_cert_pem,
            .client_key_pem = credential->client_key_pem,
            .tls_server_name = client->config->tls_server_name,
            .insecure = client->config->insecure,
            .proxy_url = client->config->proxy_url,
            .accept_gzip = client->accept_gzip,
        };
        HttpClient *made = http_client_new(&settings, error);
        if (made) {
            http_client_unref(client->http);
            client->http = made;
            client->http_generation = credential->generation;
        } else {
            g_clear_pointer(&client->http, http_client_unref);
        }
    }
    HttpClient *http = client->http ? http_client_ref(client->http) : NULL;
    pthread_mutex_unlock(&client->lock);
    return http;
}

char *kube_warning_next(const char **line) {
    const char *quote = strchr(*line, '"');
    if (!quote)
        return NULL;
    GString *text = g_string_new(NULL);
    const char *c = quote + 1;
    for (; *c && *c != '"'; c++) {
        c += *c == '\\' && c[1];
        g_string_append_c(text, g_ascii_iscntrl(*c) ? ' ' : *c);
    }
    g_autofree char *raw = g_string_free(text, FALSE);
    *line = c;
    if (!*c) /* it does not end */
        return NULL;
    const char *after = c + 1 + strspn(c + 1, " \t");
    const char *date_end = *after == '"' ? strchr(after + 1, '"') : NULL;
    *line = date_end ? date_end + 1 : after;
    return g_utf8_make_valid(raw, -1);
}

/* Tells each different warning once. */
static void tell_warnings(KubeClient *client, const HttpResponse *response) {
    enum { WARNINGS_MAX = 1000 };
    for (guint i = 0; client->on_warning && i < response->headers->len; i++) {
        const char *line = g_ptr_array_index(response->headers, i);
        if (!g_str_has_prefix(line, "warning:"))
            continue;
        for (char *text; (text = kube_warning_next(&line)); g_free(text)) {
            pthread_mutex_lock(&client->lock);
            bool fresh = g_hash_table_size(client->warnings) < WARNINGS_MAX &&
                         g_hash_table_add(client->warnings, g_strdup(text));
            pthread_mutex_unlock(&client->lock);
            if (fresh)
                client->on_warning(text, client->on_warning_data);
        }
    }
}

typedef struct {
    const KubeRequest *request;
    KubeClient *client;
    const char *protocols;   /* of an upgrade; NULL: none is asked for */
    HttpStream **out_stream; /* with protocols */
    bool streamed;           /* bytes were handed on, or an upgrade was asked for: no repetition */
} Attempt;

static bool attempt_body(const void *data, size_t length, void *user_data, GError **error) {
    Attempt *attempt = user_data;
    attempt->streamed = true;
    atomic_fetch_add(&attempt->client->bytes_in, length);
    return attempt->request->on_body(data, length, attempt->request->on_body_data, error);
}

static bool attempt_perform(Attempt *attempt, const KubeCredential *credential, gint64 deadline, HttpResponse *out,
                            GError **error) {
    KubeClient *client = attempt->client;
    const KubeRequest *request = attempt->request;
    g_autoptr(HttpClient) http = client_http(client, credential, error);
    if (!http)
        return false;
    g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(headers, g_strdup_printf("Accept: %s", request->accept ? request->accept : "application/json"));
    if (request->body)
        g_ptr_array_add(headers, g_strdup_printf("Content-Type: %s",
                                                 request->content_type ? request->content_type : "application/json"));
    if (attempt->protocols)
        g_ptr_array_add(headers, g_strdup_printf("Sec-WebSocket-Protocol: %s", attempt->protocols));
    if (credential->authorization)
        g_ptr_array_add(headers, g_strdup(credential->authorization));
    for (guint i = 0; i < client->impersonation->len; i++)
        g_ptr_array_add(headers, g_strdup(g_ptr_array_index(client->impersonation, i)));
    g_ptr_array_add(headers, NULL);
    size_t server_length = strlen(client->config->server);
    while (server_length > 0 && client->config->server[server_length - 1] == '/')
        server_length--;
    bool reads = g_str_equal(request->method, "GET") || g_str_equal(request->method, "HEAD");
    const char *dry = !client->dry_run || reads ? "" : strchr(request->path, '?') ? "&dryRun=All" : "?dryRun=All";
    g_autofree char *url = g_strdup_printf("%.*s%s%s", (int)server_length, client->config->server, request->path, dry);
    HttpRequest raw = {
        .method = request->method,
        .url = url,
        .headers = (const char *const *)headers->pdata,
        .body = request->body,
        .body_length = request->body_length,
        .deadline = deadline,
        .stall_timeout_ms = (request->stall_s ? request->stall_s : client->stall_s) * 1000,
        .response_max = request->response_max,
        .on_body = request->on_body ? attempt_body : NULL,
        .on_body_data = attempt,
        .cancel = client->cancel,
        .out_chain = request->out_chain,
    };
    atomic_fetch_add(&client->requests, 1);
    atomic_fetch_add(&client->bytes_out, request->body_length);
    bool ok = attempt->protocols ? http_upgrade(http, &raw, out, attempt->out_stream, &attempt->streamed, error)
                                 : http_perform(http, &raw, out, error);
    if (ok) {
        atomic_fetch_add(&client->bytes_in, out->body->len);
        tell_warnings(client, out);
    }
    return ok;
}

/* How long to wait before the next attempt, microseconds. */
static gint64 pause_before_retry(const HttpResponse *response, unsigned attempt) {
    double asked = response->status ? http_response_retry_after(response) : -1;
    gint64 jittered = http_backoff(attempt, 200, 10000) + 20 * 1000;
    if (asked < 0)
        return jittered;
    return (gint64)(MIN(asked, 300) * G_USEC_PER_SEC) + MIN(jittered, G_USEC_PER_SEC / 2);
}

/* Credentials and a turn; what a plugin takes (a person may be logging in) is given back to the deadlines. */
static bool prepare(KubeClient *client, bool streams, KubeCredential *out, gint64 *deadline, gint64 *first_contact,
                    GError **error) {
    gint64 begun = g_get_monotonic_time();
    if (!kube_credentials_get(client->credentials, client->cancel, out, error))
        return false;
    gint64 took = g_get_monotonic_time() - begun;
    *deadline += took;
    *first_contact += took;
    return client_enter(client, streams, *deadline, error);
}

/* Sets the error of a request that got no answer. */
static void set_unanswered(KubeClient *client, const char *what, GError *failure, GError **error) {
    bool distrust = g_error_matches(failure, BASE_ERROR, BASE_ERROR_INVALID);
    g_set_error(error, BASE_ERROR, (int)failure->code, "%s at %s: %s%s%s", what, client->config->server,
                failure->message, distrust ? "; check the cluster's server, certificates and tls-server-name in " : "",
                distrust ? client->config->source : "");
}

/* Sets the error of a request that was not granted. */
static void set_refused(const HttpResponse *response, const KubeCredential *credential, const char *what,
                        GError **error) {
    kube_status_set_error(response, what, error);
    g_autofree char *ended = response->status == 401 ? kube_credential_expired_at(credential) : NULL;
    if (!ended || !error)
        return;
    g_autofree char *before = (*error)->message;
    (*error)->message = g_strdup_printf("%s: its certificate expired at %s", before, ended);
}

static bool is_granted(const Attempt *attempt, int status) {
    return attempt->protocols ? status == 101 : status >= 200 && status < 300;
}

/* Whether an attempt only failed as its deadline was upon it: then the one before it tells why. */
static bool had_no_time(const GError *failure, gint64 left) {
    return g_error_matches(failure, BASE_ERROR, BASE_ERROR_TIMEOUT) && left < G_USEC_PER_SEC;
}

/* Attempts until one is granted, or there shall be no other. */
static bool perform(Attempt *attempt, HttpResponse *out, GError **error) {
    KubeClient *client = attempt->client;
    const KubeRequest *request = attempt->request;
    gint64 now = g_get_monotonic_time();
    gint64 deadline = now + (gint64)(request->timeout_s ? request->timeout_s : client->timeout_s) * G_USEC_PER_SEC;
    gint64 first_contact = MIN(deadline, now + FIRST_CONTACT_S * G_USEC_PER_SEC);
    unsigned internal_errors = 0;
    bool renewed = false, streams = request->on_body || attempt->protocols;
    const char *question = strchr(request->path, '?');
    g_autofree char *what =
        g_strdup_printf("%s %.*s", request->method,
                        (int)(question ? question - request->path : (gssize)strlen(request->path)), request->path);
    out->status = 0;
    if (out->body)
        g_byte_array_set_size(out->body, 0);
    g_autoptr(GError) earlier = NULL;
    for (unsigned tries = 0;; tries++) {
        g_autoptr(GError) failure = NULL;
        gint64 begun = g_get_monotonic_time();
        g_auto(KubeCredential) credential = {0};
        if (!prepare(client, streams, &credential, &deadline, &first_contact, &failure)) {
            g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s: ", what);
            return false;
        }
        bool answered = attempt_perform(attempt, &credential, deadline, out, &failure);
        if (!answered)
            out->status = 0;
        else
            atomic_store(&client->reached, true);
        client_leave(client, streams, out->status);
        if (is_granted(attempt, out->status))
            return true;
        bool again = false;
        if (!answered) {
            if (!atomic_load(&client->reached)) /* perhaps the address is wrong: that is told soon */
                deadline = first_contact;
            again = base_error_is_transient(failure) && !attempt->streamed;
        } else if (out->status == 401 && !renewed) {
            again = renewed = kube_credentials_renew(client->credentials, &credential);
        } else {
            again = kube_status_is_transient(out);
            if (out->status == 429)
                atomic_fetch_add(&client->throttled, 1);
            if (out->status == 500 && http_response_retry_after(out) < 0 && ++internal_errors >= INTERNAL_ERROR_TRIES)
                again = false;
        }
        gint64 pause = out->status == 401 ? 0 : pause_before_retry(out, tries);
        if (!again || request->no_retry || g_get_monotonic_time() + pause >= deadline) {
            if (answered)
                set_refused(out, &credential, what, error);
            else
                set_unanswered(client, what, had_no_time(failure, deadline - begun) && earlier ? earlier : failure,
                               error);
            return false;
        }
        g_clear_error(&earlier);
        earlier = g_steal_pointer(&failure);
        atomic_fetch_add(&client->retries, 1);
        if (!cancel_sleep(client->cancel, pause, error)) {
            g_prefix_error(error, "%s: ", what);
            return false;
        }
    }
}

bool kube_client_request(KubeClient *client, const KubeRequest *request, HttpResponse *out, GError **error) {
    Attempt attempt = {.request = request, .client = client};
    return perform(&attempt, out, error);
}

bool kube_client_upgrade(KubeClient *client, const KubeRequest *request, const char *protocols, HttpResponse *out,
                         HttpStream **out_stream, GError **error) {
    Attempt attempt = {.request = request, .client = client, .protocols = protocols, .out_stream = out_stream};
    return perform(&attempt, out, error);
}

bool kube_client_is_dry_run(const KubeClient *client) {
    return client->dry_run;
}

yyjson_doc *kube_client_get(KubeClient *client, const char *path, GError **error) {
    KubeRequest request = {.method = "GET", .path = path};
    g_auto(HttpResponse) response = {0};
    if (!kube_client_request(client, &request, &response, error))
        return NULL;
    return json_parse((const char *)response.body->data, response.body->len, path, error);
}

Cancel *kube_client_cancel(const KubeClient *client) {
    return client->cancel;
}

void kube_client_stats(KubeClient *client, KubeStats *out) {
    out->requests = atomic_load(&client->requests);
    out->retries = atomic_load(&client->retries);
    out->throttled = atomic_load(&client->throttled);
    out->bytes_in = atomic_load(&client->bytes_in);
    out->bytes_out = atomic_load(&client->bytes_out);
}
