/* What pods say to each other: real sockets on the loopback. */
#include "sonobuoy/network/responder.h"

#include "sonobuoy/network/exchange.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    Responder *responder;
    guint16 port, denied;
    Endpoint to, to_denied;
} Fixture;

/* Ports that nobody has, by TCP at least. */
static guint16 free_port(void) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {g_htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof any;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&any, size), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&any, &size), ==, 0);
    close(fd);
    return g_ntohs(any.sin_port);
}

static void set_up(Fixture *fixture, const void *data) {
    g_autoptr(GError) failure = NULL;
    for (unsigned i = 0; i < 10 && !fixture->responder; i++) {
        g_clear_error(&failure);
        fixture->port = free_port();
        fixture->denied = free_port();
        fixture->responder = responder_start("node1", fixture->port, fixture->denied, &failure);
    }
    g_assert_nonnull(fixture->responder);
    g_assert_true(endpoint_parse("127.0.0.1", fixture->port, &fixture->to));
    g_assert_true(endpoint_parse("127.0.0.1", fixture->denied, &fixture->to_denied));
}

static void tear_down(Fixture *fixture, const void *data) {
    responder_stop(fixture->responder);
}

static Patience seconds(double number) {
    return patience_new(NULL, number, G_MAXINT64);
}

static void check_tcp(const Endpoint *to, size_t padding) {
    g_autoptr(GError) failure = NULL;
    Patience patience = seconds(20);
    Message answer;
    double ms;
    g_assert_true(exchange_tcp("node2", to, padding, false, &patience, &answer, &ms, &failure));
    g_assert_cmpstr(answer.node, ==, "node1");
    g_assert_cmpuint(answer.length, ==, MESSAGE_HEADER + padding);
    g_assert_cmpint(answer.received, >, 0);
    g_assert_cmpint(answer.sent, >=, answer.received);
}

static void test_tcp(Fixture *fixture, const void *data) {
    check_tcp(&fixture->to, 0);
    check_tcp(&fixture->to_denied, 0);
    check_tcp(&fixture->to, 1 << 20);
}

static void test_udp(Fixture *fixture, const void *data) {
    static const size_t sizes[] = {MESSAGE_HEADER, 1472, 8000};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) failure = NULL;
        Patience patience = seconds(20);
        Answer answer;
        int fd = exchange_udp_open(&fixture->to, false, &failure);
        g_assert_cmpint(fd, >=, 0);
        g_assert_true(exchange_udp(fd, "node2", &fixture->to, sizes[i], 4, &patience, &answer, &failure));
        g_assert_cmpstr(answer.message.node, ==, "node1");
        g_assert_cmpuint(answer.message.length, ==, sizes[i]);
        close(fd);
    }
}

/* What is no request has no answer, by UDP; by TCP the connection is closed. What follows is answered. */
static void test_garbage(Fixture *fixture, const void *data) {
    guint8 garbage[MESSAGE_HEADER] = "SwN2", answer[MESSAGE_HEADER];
    Message message = {.type = MESSAGE_ANSWER, .length = MESSAGE_HEADER};
    g_autoptr(GError) failure = NULL;
    Patience patience = seconds(20), moment = seconds(0.2);
    message_set_node(&message, "node3");
    int udp = exchange_udp_open(&fixture->to, false, &failure);
    g_assert_cmpint(send(udp, garbage, sizeof garbage, 0), ==, sizeof garbage);
    message_write(&message, answer); /* an answer is not answered: two responders would never end */
    g_assert_cmpint(send(udp, answer, sizeof answer, 0), ==, sizeof answer);
    message.type = MESSAGE_REQUEST;
    message.length++; /* longer than the datagram */
    message_write(&message, answer);
    g_assert_cmpint(send(udp, answer, sizeof answer, 0), ==, sizeof answer);
    g_assert_false(exchange_wait(udp, POLLIN, &fixture->to, &moment, &failure));
    g_assert_error(failure, BASE_ERROR, BASE_ERROR_TIMEOUT);
    g_clear_error(&failure);
    close(udp);
    int tcp = exchange_connect(&fixture->to, false, &patience, &failure);
    g_assert_true(exchange_send(tcp, garbage, sizeof garbage, &fixture->to, &patience, &failure));
    g_assert_false(exchange_receive(tcp, garbage, 1, &fixture->to, &patience, &failure));
    g_assert_error(failure, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
    close(tcp);
    check_tcp(&fixture->to, 0);
}

/* More connections than it takes at once: those that say nothing do not keep it from ending. */
static void test_many(Fixture *fixture, const void *data) {
    int fds[80];
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        Patience patience = seconds(20);
        g_autoptr(GError) failure = NULL;
        fds[i] = exchange_connect(&fixture->to, false, &patience, &failure);
        g_assert_cmpint(fds[i], >=, 0);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
    check_tcp(&fixture->to, 1000);
}

/* Many who ask for a large message each, and never send it: their memory is bounded, others are served. */
static void test_memory(Fixture *fixture, const void *data) {
    int fds[32];
    guint8 header[MESSAGE_HEADER];
    Message message = {.type = MESSAGE_REQUEST, .length = MESSAGE_MAX};
    message_set_node(&message, "node2");
    message_write(&message, header);
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        Patience patience = seconds(20);
        g_autoptr(GError) failure = NULL;
        fds[i] = exchange_connect(&fixture->to, false, &patience, &failure);
        g_assert_cmpint(fds[i], >=, 0);
        g_assert_true(exchange_send(fds[i], header, sizeof header, &fixture->to, &patience, &failure));
    }
    /* The last ones are sent away, and not only for being idle. */
    Patience patience = seconds(5);
    g_autoptr(GError) failure = NULL;
    g_assert_false(exchange_receive(fds[31], header, 1, &fixture->to, &patience, &failure));
    g_assert_error(failure, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
    check_tcp(&fixture->to, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
}

static void test_refused(void) {
    Endpoint to;
    Patience patience = seconds(20);
    g_autoptr(GError) failure = NULL;
    g_assert_true(endpoint_parse("127.0.0.1", free_port(), &to));
    g_assert_cmpint(exchange_connect(&to, false, &patience, &failure), <, 0);
    g_assert_error(failure, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(failure->message, "Connection refused"));
}

static void test_header(void) {
    guint8 data[MESSAGE_HEADER];
    Message message = {.type = MESSAGE_REQUEST, .whole = true, .length = 1500, .id = 7, .received = -1, .sent = 2},
            read;
    g_autofree char *name = g_strnfill(300, 'n');
    message_set_node(&message, name);
    message_write(&message, data);
    g_assert_true(message_read(data, sizeof data, &read));
    g_assert_cmpmem(&read, sizeof read, &message, sizeof message);
    g_assert_cmpuint(strlen(read.node), ==, MESSAGE_NODE - 1);
    g_assert_false(message_read(data, sizeof data - 1, &read));
    data[40] = '\n';
    g_assert_false(message_read(data, sizeof data, &read));
    data[40] = 'n';
    data[8] = 1; /* 16 MiB */
    g_assert_false(message_read(data, sizeof data, &read));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network-message/header", test_header);
    g_test_add("/network-responder/tcp", Fixture, NULL, set_up, test_tcp, tear_down);
    g_test_add("/network-responder/udp", Fixture, NULL, set_up, test_udp, tear_down);
    g_test_add("/network-responder/garbage", Fixture, NULL, set_up, test_garbage, tear_down);
    g_test_add("/network-responder/many", Fixture, NULL, set_up, test_many, tear_down);
    g_test_add("/network-responder/memory", Fixture, NULL, set_up, test_memory, tear_down);
    g_test_add_func("/network-exchange/refused", test_refused);
    return g_test_run();
}
