/* Upgrades, asked of a server that says what it likes: answers without an end, bytes that come faster than they are
 * read, a token that is set meanwhile. */
#include "base/http-upgrade.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    const char *head;   /* of the answer; NULL: it is granted */
    const char *repeat; /* comes behind it, again and again */
    size_t total;       /* bytes of that */
    int listener;
    pthread_t thread;
    char *url;
} Server;

/* The request's head. */
static char *read_request(int fd) {
    g_autoptr(GString) text = g_string_new(NULL);
    char piece[4096];
    while (!strstr(text->str, "\r\n\r\n")) {
        ssize_t count = recv(fd, piece, sizeof piece, 0);
        g_assert_cmpint(count, >, 0);
        g_string_append_len(text, piece, count);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *granted(const char *request) {
    const char *key = strstr(request, "Sec-WebSocket-Key: ") + strlen("Sec-WebSocket-Key: ");
    g_autofree char *text = g_strdup_printf("%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r"), key);
    guint8 digest[EVP_MAX_MD_SIZE];
    size_t length = 0;
    g_assert_cmpint(EVP_Q_digest(NULL, "SHA1", NULL, text, strlen(text), digest, &length), ==, 1);
    g_autofree char *accept = g_base64_encode(digest, length);
    return g_strdup_printf("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Accept: %s\r\n\r\n",
                           accept);
}

static void *serve(void *data) {
    Server *server = data;
    int fd = accept(server->listener, NULL, NULL);
    g_autofree char *request = read_request(fd);
    g_autofree char *head = server->head ? g_strdup(server->head) : granted(request);
    g_autoptr(GString) body = g_string_new(NULL);
    while (body->len < 64 << 10)
        g_string_append(body, server->repeat);
    bool heard = send(fd, head, strlen(head), MSG_NOSIGNAL) > 0;
    for (size_t sent = 0; heard && sent < server->total; sent += body->len)
        heard = send(fd, body->str, body->len, MSG_NOSIGNAL) > 0;
    close(fd);
    return NULL;
}

static void server_start(Server *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(server->listener, (struct sockaddr *)&address, length), ==, 0);
    g_assert_cmpint(listen(server->listener, 1), ==, 0);
    g_assert_cmpint(getsockname(server->listener, (struct sockaddr *)&address, &length), ==, 0);
    server->url = g_strdup_printf("http://127.0.0.1:%d/exec", ntohs(address.sin_port));
    g_assert_cmpint(pthread_create(&server->thread, NULL, serve, server), ==, 0);
}

static void server_end(Server *server) {
    pthread_join(server->thread, NULL);
    close(server->listener);
    g_free(server->url);
}

static bool ask(const Server *server, Cancel *cancel, HttpResponse *response, HttpStream **out, GError **error) {
    HttpConfig config = {.proxy_url = ""};
    g_autoptr(HttpClient) client = http_client_new(&config, error);
    HttpRequest request = {.method = "GET",
                           .url = server->url,
                           .deadline = g_get_monotonic_time() + 60 * G_USEC_PER_SEC,
                           .cancel = cancel};
    return http_upgrade(client, &request, response, out, NULL, error);
}

/* Answers that never become whole end at a size, whatever the deadline. */
static void test_endless_answers(void) {
    static const char *const cases[][2] = {
        {"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n1;", "xxxxxxxxxxxxxxxx"},
        {"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n", "1;a=bcdefghijk\r\nx\r\n"},
        {"HTTP/1.1 403 Forbidden\r\n", "a: b\r\n"},
        {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Server server = {.head = cases[i][0], .repeat = cases[i][1], .total = 4 << 20};
        g_auto(HttpResponse) response = {0};
        g_autoptr(HttpStream) stream = NULL;
        g_autoptr(GError) error = NULL;
        server_start(&server);
        g_assert_false(ask(&server, NULL, &response, &stream, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
        g_assert_cmpint(response.status, ==, 0);
        server_end(&server);
    }
}

/* Ctrl-C is heard where there is always something to read, and room to write. */
static void test_cancelled(void) {
    Server server = {.repeat = "bytes of the stream", .total = 64 << 20};
    g_autoptr(Cancel) cancel = cancel_new();
    g_auto(HttpResponse) response = {0};
    HttpStream *stream = NULL;
    g_autoptr(GError) error = NULL;
    char piece[100];
    server_start(&server);
    g_assert_true(ask(&server, cancel, &response, &stream, &error));
    g_assert_no_error(error);
    g_assert_cmpint(response.status, ==, 101);
    for (int i = 0; i < 10000; i++) /* more than came with the head */
        g_assert_cmpint(http_stream_receive(stream, piece, sizeof piece, NULL), >, 0);
    g_assert_true(http_stream_send(stream, piece, sizeof piece, NULL));
    cancel_set(cancel);
    g_assert_cmpint(http_stream_receive(stream, piece, sizeof piece, &error), ==, -1);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
    g_clear_error(&error);
    g_assert_false(http_stream_send(stream, piece, sizeof piece, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
    http_stream_free(stream);
    server_end(&server);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http-upgrade/endless-answers", test_endless_answers);
    g_test_add_func("/http-upgrade/cancelled", test_cancelled);
    return g_test_run();
}
