#include "base/http-upgrade.h"

#include "base/http-internal.h"

#include <openssl/evp.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>

#define ACCEPT_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */

enum { BODY_MAX = HTTP_BODY_RAW_MAX / 2, KEY_SIZE = 16, POLL_MS = 1000 };

struct HttpStream {
    HttpClient *client;
    CURLM *multi; /* the easy handle stays in it: taken out, its connection would be closed */
    CURL *easy;
    HttpTarget target;
    Cancel *cancel;
    gint64 stall_us;
    GByteArray *early; /* came with the answer's head */
    guint early_taken;
    char detail[CURL_ERROR_SIZE];
};

/* --- answers ------------------------------------------------------------------------------------- */

static bool bad_answer(GError **error, const char *why) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "what came is no HTTP answer: %s", why);
    return false;
}

/* "HTTP/1.1 101 Switching Protocols" */
static bool read_status_line(const char *line, size_t length, int *status, GError **error) {
    if (length < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' || !g_ascii_isdigit(line[9]) ||
        !g_ascii_isdigit(line[10]) || !g_ascii_isdigit(line[11]) || line[9] == '0')
        return bad_answer(error, "its first line has no status");
    *status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
    return true;
}

gssize http_head_read(HttpAnswer *answer, const char *data, size_t length, HttpResponse *out, GError **error) {
    size_t at = answer->head;
    for (const char *end; (end = memchr(data + at, '\n', length - at)); answer->head = at) {
        size_t line = (size_t)(end - data) - at;
        line -= line > 0 && data[at + line - 1] == '\r';
        if (at + line > HTTP_HEAD_MAX)
            break;
        if (!answer->begun && !read_status_line(data + at, line, &out->status, error))
            return -1;
        if (line == 0 && (out->status >= 200 || out->status == 101))
            return end - data + 1;
        answer->begun = line > 0; /* behind 100 Continue comes the real one */
        http_response_add_line(out, data + at, line);
        at = (size_t)(end - data) + 1;
    }
    if (length <= HTTP_HEAD_MAX)
        return 0;
    http_set_head_too_large(error);
    return -1;
}

/* Appends as much as there may be. */
static void add_body(HttpResponse *out, const char *data, size_t length) {
    g_byte_array_append(out->body, (const guint8 *)data, (guint)MIN(length, BODY_MAX - MIN(out->body->len, BODY_MAX)));
}

/* True with the last chunk there, or as much as is kept. */
static bool read_chunks(HttpAnswer *answer, const char *data, size_t length, HttpResponse *out, bool *whole,
                        GError **error) {
    const char *end;
    *whole = false;
    for (size_t at = answer->body; at < length && (end = memchr(data + at, '\n', length - at)); answer->body = at) {
        g_autofree char *line = g_strndup(data + at, (gsize)(end - data) - at);
        guint64 size;
        line[strcspn(line, "; \t\r")] = '\0'; /* extensions */
        if (!g_ascii_string_to_unsigned(line, 16, 0, G_MAXINT32, &size, NULL))
            return bad_answer(error, "a chunk of its body has no size");
        answer->kept = out->body->len;
        at = (size_t)(end - data) + 1;
        add_body(out, data + at, MIN(size, length - at));
        if (size == 0 || out->body->len == BODY_MAX) {
            *whole = true;
            return true;
        }
        at += size + 2;
        if (at > length)
            return true; /* it is read again when more of it came */
        answer->kept = out->body->len;
    }
    return true;
}

bool http_body_read(HttpAnswer *answer, const char *data, size_t length, bool ended, HttpResponse *out, bool *whole,
                    GError **error) {
    const char *coding = http_response_header(out, "transfer-encoding"),
               *size = http_response_header(out, "content-length");
    guint64 wanted = BODY_MAX;
    g_byte_array_set_size(out->body, answer->kept);
    if (coding && g_ascii_strcasecmp(coding, "chunked") == 0) {
        if (!read_chunks(answer, data, length, out, whole, error))
            return false;
    } else if (!coding && size && !g_ascii_string_to_unsigned(size, 10, 0, G_MAXINT64, &wanted, NULL)) {
        return bad_answer(error, "its Content-Length is no number");
    } else {
        if (out->status == 204 || out->status == 304)
            wanted = 0;
        add_body(out, data, MIN(length, wanted));
        *whole = length >= MIN(wanted, BODY_MAX);
    }
    *whole = *whole || ended; /* a part of what a server says of a failure is better than nothing */
    if (*whole || length <= HTTP_BODY_RAW_MAX)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "the answer's body has no end within %d KiB of chunks",
                HTTP_BODY_RAW_MAX >> 10);
    return false;
}

/* --- bytes both ways ------------------------------------------------------------------------------- */

void http_stream_free(HttpStream *stream) {
    if (!stream)
        return;
    curl_multi_remove_handle(stream->multi, stream->easy);
    curl_easy_cleanup(stream->easy);
    curl_multi_cleanup(stream->multi);
    http_target_clear(&stream->target);
    http_client_unref(stream->client);
    g_byte_array_unref(stream->early);
    g_free(stream);
}

/* Whether to go on. Asked before each piece: a peer that is never waited for must not keep us for ever. */
static bool check_time(const HttpStream *stream, gint64 until, const char *late, GError **error) {
    if (cancel_check(stream->cancel, error))
        return false;
    if (until > g_get_monotonic_time())
        return true;
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_TIMEOUT, late);
    return false;
}

/* Until the connection can be read from or written to, or may be: the caller tries again. */
static bool wait_for(HttpStream *stream, short events, gint64 until, GError **error) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    gint64 left = MAX(until - g_get_monotonic_time(), 0);
    if (curl_easy_getinfo(stream->easy, CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK || socket == CURL_SOCKET_BAD) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "the connection is broken");
        return false;
    }
    struct pollfd places[] = {{.fd = socket, .events = events}, {.fd = cancel_fd(stream->cancel), .events = POLLIN}};
    poll(places, stream->cancel ? 2 : 1, (int)MIN(left / 1000 + 1, POLL_MS));
    return true;
}

/* Waits until that time. */
static gssize receive(HttpStream *stream, void *data, size_t length, gint64 until, const char *late, GError **error) {
    while (check_time(stream, until, late, error)) {
        size_t count = 0;
        stream->detail[0] = '\0';
        CURLcode result = curl_easy_recv(stream->easy, data, length, &count);
        if (result == CURLE_OK)
            return (gssize)count;
        if (result != CURLE_AGAIN) {
            http_set_curl_error(result, stream->detail, error);
            return -1;
        }
        if (!wait_for(stream, POLLIN, until, error))
            return -1;
    }
    return -1;
}

gssize http_stream_receive(HttpStream *stream, void *data, size_t length, GError **error) {
    guint early = MIN(stream->early->len - stream->early_taken, (guint)MIN(length, G_MAXUINT));
    if (early > 0) {
        if (cancel_check(stream->cancel, error))
            return -1;
        memcpy(data, stream->early->data + stream->early_taken, early);
        stream->early_taken += early;
        return early;
    }
    g_autofree char *late =
        g_strdup_printf("no byte came for %" G_GINT64_FORMAT " s", stream->stall_us / G_USEC_PER_SEC);
    return receive(stream, data, length, g_get_monotonic_time() + stream->stall_us, late, error);
}

bool http_stream_send(HttpStream *stream, const void *data, size_t length, GError **error) {
    const char *bytes = data;
    gint64 until = g_get_monotonic_time() + stream->stall_us;
    while (length > 0) {
        if (!check_time(stream, until, "no byte was taken in time", error))
            return false;
        size_t count = 0;
        stream->detail[0] = '\0';
        CURLcode result = curl_easy_send(stream->easy, bytes, length, &count);
        if (result == CURLE_OK) {
            bytes += count;
            length -= count;
            until = g_get_monotonic_time() + stream->stall_us;
        } else if (result != CURLE_AGAIN) {
            http_set_curl_error(result, stream->detail, error);
            return false;
        } else if (!wait_for(stream, POLLOUT, until, error)) {
            return false;
        }
    }
    return true;
}

/* --- the handshake ------------------------------------------------------------------------------------ */

/* What a proxy says when it connects. */
static size_t ignore(char *data, size_t size, size_t count, void *user_data) {
    return size * count;
}

static bool stream_connect(HttpStream *stream, gint64 deadline, GError **error) {
    for (;;) {
        int running = 0, left;
        CURLMcode moved = curl_multi_perform(stream->multi, &running);
        if (moved != CURLM_OK) {
            g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FAILED, curl_multi_strerror(moved));
            return false;
        }
        CURLMsg *message = curl_multi_info_read(stream->multi, &left);
        if (message && message->msg == CURLMSG_DONE) {
            if (message->data.result == CURLE_OK)
                return true;
            http_set_curl_error(message->data.result, stream->detail, error);
            return false;
        }
        if (cancel_check(stream->cancel, error))
            return false;
        gint64 wait = deadline - g_get_monotonic_time();
        if (wait <= 0) {
            g_set_error_literal(error, BASE_ERROR, BASE_ERROR_TIMEOUT, "the deadline passed before it was connected");
            return false;
        }
        struct curl_waitfd wake = {.fd = cancel_fd(stream->cancel), .events = CURL_WAIT_POLLIN};
        curl_multi_poll(stream->multi, &wake, stream->cancel ? 1 : 0, (int)MIN(wait / 1000 + 1, POLL_MS), NULL);
    }
}

static HttpStream *stream_open(HttpClient *client, const HttpRequest *request, gint64 deadline, GError **error) {
    g_autoptr(HttpStream) stream = g_new0(HttpStream, 1);
    stream->client = http_client_ref(client);
    stream->cancel = request->cancel;
    stream->stall_us = (request->stall_timeout_ms ? request->stall_timeout_ms : 30000) * 1000LL;
    stream->early = g_byte_array_new();
    stream->multi = curl_multi_init();
    stream->easy = curl_easy_init();
    if (!stream->easy || !stream->multi)
        g_error("libcurl cannot be started");
    http_client_set_up(client, stream->easy, request->url, &stream->target);
    curl_easy_setopt(stream->easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(stream->easy, CURLOPT_HTTPPROXYTUNNEL, 1L); /* to http:// servers, too: a proxy knows no upgrade */
    curl_easy_setopt(stream->easy, CURLOPT_HEADERFUNCTION, ignore);
    curl_easy_setopt(stream->easy, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(stream->easy, CURLOPT_ERRORBUFFER, stream->detail);
    curl_multi_add_handle(stream->multi, stream->easy);
    return stream_connect(stream, deadline, error) ? g_steal_pointer(&stream) : NULL;
}

/* The request's text; NULL where a header would make two. */
static GString *request_text(const HttpStream *stream, const HttpRequest *request, const char *key, GError **error) {
    const char *host = strstr(request->url, "://") + 3, *path = strchr(host, '/');
    const char *agent = http_client_user_agent(stream->client);
    size_t host_length = path ? (size_t)(path - host) : strlen(host);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "GET %s HTTP/1.1\r\nHost: %.*s\r\n", path ? path : "/", (int)host_length, host);
    g_string_append_printf(text,
                           "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: %s\r\n",
                           key);
    if (agent)
        g_string_append_printf(text, "User-Agent: %s\r\n", agent);
    for (const char *const *line = request->headers; line && *line; line++) {
        if (strpbrk(*line, "\r\n")) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "the header %.*s has a line break in it",
                        (int)strcspn(*line, ":\r\n"), *line);
            return NULL;
        }
        g_string_append_printf(text, "%s\r\n", *line);
    }
    g_string_append(text, "\r\n");
    return g_steal_pointer(&text);
}

static char *new_key(void) {
    guint8 random[KEY_SIZE];
    if (getentropy(random, sizeof random) != 0)
        g_error("the system has no random numbers");
    return g_base64_encode(random, sizeof random);
}

static char *expected_accept(const char *key) {
    guint8 digest[EVP_MAX_MD_SIZE];
    size_t length = 0;
    g_autofree char *text = g_strconcat(key, ACCEPT_SUFFIX, NULL);
    if (!EVP_Q_digest(NULL, "SHA1", NULL, text, strlen(text), digest, &length))
        g_error("libcrypto has no SHA-1");
    return g_base64_encode(digest, length);
}

/* Whether 101 is the answer to what was asked. */
static bool check_upgraded(const HttpResponse *response, const char *key, GError **error) {
    const char *upgrade = http_response_header(response, "upgrade"),
               *accept = http_response_header(response, "sec-websocket-accept");
    g_autofree char *expected = expected_accept(key);
    if (upgrade && g_ascii_strcasecmp(upgrade, "websocket") == 0 && g_strcmp0(accept, expected) == 0)
        return true;
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID,
                        "the answer 101 is not to this request (Sec-WebSocket-Accept): something between here and the "
                        "server does not know WebSocket");
    return false;
}

/* Reads the answer, and what is behind its head: the body, or the stream's first bytes. */
static bool read_answer(HttpStream *stream, gint64 deadline, HttpResponse *out, GError **error) {
    static const char late[] = "the deadline passed before the answer was whole";
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    char piece[16 * 1024];
    gssize head = 0;
    HttpAnswer answer = {0};
    http_response_init(out);
    for (bool ended = false;;) {
        const char *data = (const char *)bytes->data;
        if (head == 0 && bytes->len > 0)
            head = http_head_read(&answer, data, bytes->len, out, error);
        bool whole = head > 0 && out->status == 101;
        if (head < 0 || (head > 0 && !whole &&
                         !http_body_read(&answer, data + head, bytes->len - (size_t)head, ended, out, &whole, error)))
            return false;
        if (whole) {
            g_byte_array_append(stream->early, bytes->data + head, bytes->len - (guint)head);
            return true;
        }
        if (ended) {
            g_set_error_literal(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                                "the connection was closed without an answer");
            return false;
        }
        gint64 until = MIN(deadline, g_get_monotonic_time() + stream->stall_us);
        gssize count = receive(stream, piece, sizeof piece, until, late, error);
        if (count < 0)
            return false;
        ended = count == 0;
        g_byte_array_append(bytes, (const guint8 *)piece, (guint)count);
    }
}

bool http_upgrade(HttpClient *client, const HttpRequest *request, HttpResponse *out, HttpStream **out_stream,
                  bool *out_sent, GError **error) {
    bool sent;
    gint64 deadline = request->deadline ? request->deadline : g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    http_response_init(out);
    *out_stream = NULL;
    out_sent = out_sent ? out_sent : &sent;
    *out_sent = false;
    if (cancel_check(request->cancel, error))
        return false;
    g_autoptr(HttpStream) stream = stream_open(client, request, deadline, error);
    if (!stream)
        return false;
    g_autofree char *key = new_key();
    g_autoptr(GString) text = request_text(stream, request, key, error);
    if (!text)
        return false;
    *out_sent = true;
    if (!http_stream_send(stream, text->str, text->len, error) || !read_answer(stream, deadline, out, error)) {
        out->status = 0;
        return false;
    }
    if (out->status == 101) {
        if (!check_upgraded(out, key, error)) {
            out->status = 0;
            return false;
        }
        *out_stream = g_steal_pointer(&stream);
    }
    return true;
}
