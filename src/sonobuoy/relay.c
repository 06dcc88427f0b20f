#include "sonobuoy/relay.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>

enum { BODY_MAX = 1 << 20, IDLE_SECONDS = 30, CONNECTIONS = 32, SECONDS = 10 };

struct Relay {
    struct MHD_Daemon *daemon;
    HttpClient *client;
    char *url;
};

static enum MHD_Result send_answer(struct MHD_Connection *connection, int status, const void *text, size_t length) {
    struct MHD_Response *response = MHD_create_response_from_buffer(length, (void *)text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result sent = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result pass_on(const Relay *relay, struct MHD_Connection *connection, const GByteArray *body) {
    static const char *const headers[] = {"content-type: application/json", NULL};
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    HttpRequest request = {
        .method = "POST",
        .url = relay->url,
        .headers = headers,
        .body = body->data ? body->data : (const guint8 *)"",
        .body_length = body->len,
        .deadline = g_get_monotonic_time() + SECONDS * G_USEC_PER_SEC,
        .response_max = BODY_MAX,
    };
    if (http_perform(relay->client, &request, &response, &failure))
        return send_answer(connection, response.status, response.body->data, response.body->len);
    return send_answer(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, failure->message, strlen(failure->message));
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *bytes, size_t *length, void **state) {
    GByteArray *body = *state;
    if (!body) {
        *state = g_byte_array_new();
        return MHD_YES;
    }
    if (*length > 0) {
        if (body->len + *length <= BODY_MAX)
            g_byte_array_append(body, (const guint8 *)bytes, (guint)*length);
        *length = 0;
        return MHD_YES;
    }
    if (!g_str_equal(path, "/progress"))
        return send_answer(connection, MHD_HTTP_NOT_FOUND, "", 0);
    return pass_on(data, connection, body);
}

static void on_end(void *data, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code) {
    if (*state)
        g_byte_array_unref(*state);
    *state = NULL;
}

Relay *relay_start(guint16 port, HttpClient *client, const char *url, GError **error) {
    Relay *relay = g_new0(Relay, 1);
    relay->client = client;
    relay->url = g_strdup(url);
    errno = 0;
    unsigned flags =
        MHD_USE_AUTO_INTERNAL_THREAD | (MHD_is_feature_supported(MHD_FEATURE_IPv6) ? MHD_USE_DUAL_STACK : 0);
    relay->daemon = MHD_start_daemon(flags, port, NULL, NULL, on_request, relay, MHD_OPTION_NOTIFY_COMPLETED, on_end,
                                     relay, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
                                     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (relay->daemon)
        return relay;
    base_error_set_errno(error, errno ? errno : EADDRINUSE, "port %u cannot be listened on", port);
    relay_stop(relay);
    return NULL;
}

void relay_stop(Relay *relay) {
    if (!relay)
        return;
    if (relay->daemon)
        MHD_stop_daemon(relay->daemon);
    g_free(relay->url);
    g_free(relay);
}
