#include "sonobuoy/network/responder.h"

#include "base/cancel.h"
#include "base/workers.h"
#include "sonobuoy/network/message.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SOCKETS_MAX = 6, /* two families of: UDP, TCP, TCP on the denied port */
    CONNECTIONS_MAX = 64,
    IDLE_SECONDS = 10,
    BUFFERS_MAX = 16 << 20, /* bytes, of all connections */
    DATAGRAM_MAX = 65536,
    AT_ONCE = 64, /* datagrams, before others have their turn */
};

typedef struct {
    int fd, family, type;
} Socket;

/* Reads a request whole, then writes its answer, and so on. */
typedef struct {
    int fd;
    gint64 deadline;
    guint8 *data;
    size_t length, done; /* bytes of the message, as far as it is known; those that were read or written */
    bool writing;
} Connection;

struct Responder {
    Message own; /* its node's name */
    Socket sockets[SOCKETS_MAX];
    nfds_t sockets_count;
    Connection connections[CONNECTIONS_MAX];
    nfds_t connections_count;
    size_t buffered;
    guint8 *datagram;
    Cancel *stop;
    Workers *thread;
};

/* --- answers ------------------------------------------------------------------------------------------ */

/* Turns the request at `data` into its answer. */
static void answer(const Responder *responder, const Message *request, gint64 received, guint8 *data) {
    Message message = responder->own;
    message.type = MESSAGE_ANSWER;
    message.whole = request->whole;
    message.length = request->length;
    message.id = request->id;
    message.received = received;
    message.sent = g_get_real_time();
    message_write(&message, data);
}

/* --- UDP ------------------------------------------------------------------------------------------------- */

/* Whether what is sent next may be fragmented, whatever the kernel knows of the way. */
static void set_fragments(const Socket *socket, bool whole) {
    int value = whole ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
    if (socket->family == AF_INET)
        setsockopt(socket->fd, IPPROTO_IP, IP_MTU_DISCOVER, &value, sizeof value);
    else
        setsockopt(socket->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &value, sizeof value);
}

static void serve_datagrams(const Responder *responder, const Socket *socket) {
    for (unsigned i = 0; i < AT_ONCE; i++) {
        struct sockaddr_storage from;
        socklen_t size = sizeof from;
        ssize_t length =
            recvfrom(socket->fd, responder->datagram, DATAGRAM_MAX, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
        if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        Message request;
        gint64 received = g_get_real_time();
        if (length < 0 || !message_read(responder->datagram, (size_t)length, &request) ||
            request.type != MESSAGE_REQUEST || request.length != (guint32)length)
            continue;
        set_fragments(socket, request.whole);
        answer(responder, &request, received, responder->datagram);
        /* What cannot be sent is lost, as on its way. */
        (void)!sendto(socket->fd, responder->datagram, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL,
                      (struct sockaddr *)&from, size);
    }
}

/* --- TCP --------------------------------------------------------------------------------------------------- */

static void connection_touch(Connection *connection) {
    connection->deadline = g_get_monotonic_time() + IDLE_SECONDS * G_USEC_PER_SEC;
}

/* Room for a message of that length; false where all connections together would hold too much. */
static bool connection_resize(Responder *responder, Connection *connection, size_t length) {
    size_t others = responder->buffered - (connection->data ? connection->length : 0);
    if (others + length > BUFFERS_MAX)
        return false;
    responder->buffered = others + length;
    connection->data = g_realloc(connection->data, length);
    connection->length = length;
    return true;
}

static void accept_connection(Responder *responder, int fd) {
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0)
        return;
    Connection *connection = &responder->connections[responder->connections_count];
    *connection = (Connection){.fd = accepted};
    connection_touch(connection);
    if (connection_resize(responder, connection, MESSAGE_HEADER))
        responder->connections_count++;
    else
        close(accepted);
}

/* The last one takes its place. */
static void connection_close(Responder *responder, nfds_t index) {
    Connection *connection = &responder->connections[index];
    responder->buffered -= connection->length;
    g_free(connection->data);
    close(connection->fd);
    *connection = responder->connections[--responder->connections_count];
}

/* A header is there, or the whole; false where it is no request. */
static bool connection_got(Responder *responder, Connection *connection) {
    Message request;
    if (!message_read(connection->data, connection->length, &request) || request.type != MESSAGE_REQUEST)
        return false;
    if (request.length > connection->length)
        return connection_resize(responder, connection, request.length);
    answer(responder, &request, g_get_real_time(), connection->data);
    connection->writing = true;
    connection->done = 0;
    return true;
}

static bool connection_answered(Responder *responder, Connection *connection) {
    connection->writing = false;
    connection->done = 0;
    return connection_resize(responder, connection, MESSAGE_HEADER);
}

/* One step; false where it is over. */
static bool connection_serve(Responder *responder, Connection *connection) {
    guint8 *at = connection->data + connection->done;
    size_t left = connection->length - connection->done;
    ssize_t count = connection->writing ? send(connection->fd, at, left, MSG_NOSIGNAL | MSG_DONTWAIT)
                                        : recv(connection->fd, at, left, MSG_DONTWAIT);
    if (count < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    if (count == 0)
        return false;
    connection_touch(connection);
    connection->done += (size_t)count;
    if (connection->done < connection->length)
        return true;
    return connection->writing ? connection_answered(responder, connection) : connection_got(responder, connection);
}

/* --- the loop ------------------------------------------------------------------------------------------------- */

/* What is waited for: the end, all sockets (no new connections while there are as many as may be), all connections.
 * Returns milliseconds until the first one was idle for too long, -1 for none. */
static int prepare(const Responder *responder, struct pollfd *out) {
    gint64 first = G_MAXINT64;
    *out++ = (struct pollfd){.fd = cancel_fd(responder->stop), .events = POLLIN};
    for (nfds_t i = 0; i < responder->sockets_count; i++) {
        const Socket *socket = &responder->sockets[i];
        bool full = socket->type == SOCK_STREAM && responder->connections_count == CONNECTIONS_MAX;
        *out++ = (struct pollfd){.fd = full ? -1 : socket->fd, .events = POLLIN};
    }
    for (nfds_t i = 0; i < responder->connections_count; i++) {
        const Connection *connection = &responder->connections[i];
        *out++ = (struct pollfd){.fd = connection->fd, .events = connection->writing ? POLLOUT : POLLIN};
        first = MIN(first, connection->deadline);
    }
    if (first == G_MAXINT64)
        return -1;
    return (int)(MAX(first - g_get_monotonic_time(), 0) / 1000 + 1);
}

static void serve(unsigned index, void *data) {
    Responder *responder = data;
    struct pollfd all[1 + SOCKETS_MAX + CONNECTIONS_MAX];
    while (!cancel_is_set(responder->stop)) {
        nfds_t sockets = responder->sockets_count, connections = responder->connections_count;
        int timeout = prepare(responder, all);
        if (poll(all, 1 + sockets + connections, timeout) < 0)
            continue;
        gint64 now = g_get_monotonic_time();
        /* From the last on: one that is closed is replaced by one that has had its turn. */
        for (nfds_t i = connections; i-- > 0;) {
            Connection *connection = &responder->connections[i];
            if (now > connection->deadline ||
                (all[1 + sockets + i].revents && !connection_serve(responder, connection)))
                connection_close(responder, i);
        }
        for (nfds_t i = 0; i < sockets; i++) {
            if (!all[1 + i].revents)
                continue;
            if (responder->sockets[i].type == SOCK_DGRAM)
                serve_datagrams(responder, &responder->sockets[i]);
            else if (responder->connections_count < CONNECTIONS_MAX)
                accept_connection(responder, responder->sockets[i].fd);
        }
    }
}

/* --- sockets ----------------------------------------------------------------------------------------------------- */

static bool bind_to(int fd, int family, guint16 port) {
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET) {
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = g_htons(port)};
        return bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
    }
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = g_htons(port)};
    return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0 &&
           bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
}

static bool add_socket(Responder *responder, int family, int type, guint16 port, GError **error) {
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool bound = fd >= 0 && bind_to(fd, family, port) && (type == SOCK_DGRAM || listen(fd, CONNECTIONS_MAX) == 0);
    if (!bound) {
        int failed = errno;
        if (fd >= 0)
            close(fd);
        if (family == AF_INET6 && (failed == EAFNOSUPPORT || failed == EADDRNOTAVAIL))
            return true;
        base_error_set_errno(error, failed, "port %u cannot be listened on", port);
        return false;
    }
    responder->sockets[responder->sockets_count++] = (Socket){fd, family, type};
    return true;
}

Responder *responder_start(const char *node, guint16 port, guint16 denied_port, GError **error) {
    static const int families[] = {AF_INET, AF_INET6};
    g_autoptr(Responder) responder = g_new0(Responder, 1);
    message_set_node(&responder->own, node);
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
        if (!add_socket(responder, families[i], SOCK_DGRAM, port, error) ||
            !add_socket(responder, families[i], SOCK_STREAM, port, error) ||
            !add_socket(responder, families[i], SOCK_STREAM, denied_port, error))
            return NULL;
    responder->datagram = g_malloc(DATAGRAM_MAX);
    responder->stop = cancel_new();
    responder->thread = workers_start(1, "responder", serve, responder);
    return g_steal_pointer(&responder);
}

void responder_stop(Responder *responder) {
    if (!responder)
        return;
    if (responder->thread) {
        cancel_set(responder->stop);
        workers_join(responder->thread);
        cancel_unref(responder->stop);
    }
    while (responder->connections_count)
        connection_close(responder, 0);
    for (nfds_t i = 0; i < responder->sockets_count; i++)
        close(responder->sockets[i].fd);
    g_free(responder->datagram);
    g_free(responder);
}
