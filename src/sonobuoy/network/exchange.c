#include "sonobuoy/network/exchange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { STARTING_SECONDS = 2, PAUSE_US = 200000, DATAGRAM_MAX = 65536 };

/* --- addresses ---------------------------------------------------------------------------------------- */

void endpoint_from(const struct sockaddr *address, socklen_t size, Endpoint *out) {
    char text[INET6_ADDRSTRLEN] = "";
    memset(out, 0, sizeof *out);
    memcpy(&out->address, address, MIN(size, sizeof out->address));
    out->size = size;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&out->address;
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        g_snprintf(out->text, sizeof out->text, "%s:%u", text, g_ntohs(in->sin_port));
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&out->address;
        inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
        g_snprintf(out->text, sizeof out->text, "[%s]:%u", text, g_ntohs(in->sin6_port));
    }
}

bool endpoint_parse(const char *address, guint16 port, Endpoint *out) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = g_htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = g_htons(port)};
    if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
        endpoint_from((struct sockaddr *)&in, sizeof in, out);
    else if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1)
        endpoint_from((struct sockaddr *)&in6, sizeof in6, out);
    else
        return false;
    return true;
}

const char *endpoint_family(const Endpoint *endpoint) {
    return endpoint->address.ss_family == AF_INET ? "IPv4" : "IPv6";
}

unsigned endpoint_overhead(const Endpoint *endpoint) {
    return endpoint->address.ss_family == AF_INET ? 20 + 8 : 40 + 8;
}

/* --- waiting ------------------------------------------------------------------------------------------- */

Patience patience_new(Cancel *cancel, double seconds, gint64 last) {
    gint64 now = g_get_monotonic_time(), end = now + (gint64)(seconds * G_USEC_PER_SEC);
    if (end > last)
        end = MAX(last, now);
    return (Patience){cancel, end, (double)(end - now) / G_USEC_PER_SEC};
}

bool exchange_wait(int fd, short events, const Endpoint *endpoint, const Patience *patience, GError **error) {
    for (;;) {
        struct pollfd both[] = {{.fd = fd, .events = events}, {.fd = cancel_fd(patience->cancel), .events = POLLIN}};
        gint64 left = patience->deadline - g_get_monotonic_time();
        int count = poll(both, G_N_ELEMENTS(both), (int)((MAX(left, 0) + 999) / 1000));
        if (count < 0 && errno == EINTR)
            continue;
        if (cancel_check(patience->cancel, error))
            return false;
        if (count > 0)
            return true;
        if (left <= 0) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT, "no answer within %.3g s from %s", patience->seconds,
                        endpoint->text);
            return false;
        }
    }
}

static bool failed(GError **error, const Endpoint *endpoint, int errnum) {
    g_set_error(error, BASE_ERROR, errnum == ETIMEDOUT ? BASE_ERROR_TIMEOUT : BASE_ERROR_UNAVAILABLE, "%s: %s",
                endpoint->text, g_strerror(errnum));
    return false;
}

/* --- TCP --------------------------------------------------------------------------------------------------- */

static int connect_once(const Endpoint *to, const Patience *patience, int *out_errno, GError **error) {
    int fd = socket(to->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), code = 0;
    socklen_t size = sizeof code;
    if (fd < 0) {
        *out_errno = errno;
        failed(error, to, errno);
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)&to->address, to->size) != 0)
        code = errno;
    bool waited = code != EINPROGRESS || exchange_wait(fd, POLLOUT, to, patience, error);
    if (waited && code == EINPROGRESS)
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
    if (waited && code == 0)
        return fd;
    close(fd);
    *out_errno = waited ? code : 0;
    if (waited)
        failed(error, to, code);
    return -1;
}

int exchange_connect(const Endpoint *to, bool may_start, const Patience *patience, GError **error) {
    gint64 end = g_get_monotonic_time() + (may_start ? STARTING_SECONDS * G_USEC_PER_SEC : 0);
    for (;;) {
        GError *failure = NULL;
        int code = 0, fd = connect_once(to, patience, &code, &failure);
        gint64 now = g_get_monotonic_time();
        if (fd >= 0 || code != ECONNREFUSED || now > MIN(end, patience->deadline) ||
            !cancel_sleep(patience->cancel, PAUSE_US, NULL)) {
            if (failure)
                g_propagate_error(error, failure);
            return fd;
        }
        g_error_free(failure);
    }
}

bool exchange_send(int fd, const void *data, size_t length, const Endpoint *to, const Patience *patience,
                   GError **error) {
    for (size_t done = 0; done < length;) {
        ssize_t count = send(fd, (const char *)data + done, length - done, MSG_NOSIGNAL);
        if (count >= 0)
            done += (size_t)count;
        else if (errno != EAGAIN && errno != EINTR)
            return failed(error, to, errno);
        else if (!exchange_wait(fd, POLLOUT, to, patience, error)) {
            g_prefix_error(error, "stalled after %zu of %zu bytes were sent: ", done, length);
            return false;
        }
    }
    return true;
}

bool exchange_receive(int fd, void *data, size_t length, const Endpoint *from, const Patience *patience,
                      GError **error) {
    for (size_t done = 0; done < length;) {
        ssize_t count = recv(fd, (char *)data + done, length - done, 0);
        if (count > 0)
            done += (size_t)count;
        else if (count == 0) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "%s closed the connection after %zu of %zu bytes",
                        from->text, done, length);
            return false;
        } else if (errno != EAGAIN && errno != EINTR)
            return failed(error, from, errno);
        else if (!exchange_wait(fd, POLLIN, from, patience, error)) {
            if (done)
                g_prefix_error(error, "stalled after %zu of %zu bytes came: ", done, length);
            return false;
        }
    }
    return true;
}

static void request_write(guint8 *data, const char *own, guint64 id, size_t length, bool whole) {
    Message request = {.type = MESSAGE_REQUEST, .whole = whole, .length = (guint32)length, .id = id};
    message_set_node(&request, own);
    message_write(&request, data);
}

static guint64 random_id(void) {
    return (guint64)g_random_int() << 32 | g_random_int();
}

static bool talk(int fd, guint8 *data, size_t length, guint64 id, const Endpoint *to, const Patience *patience,
                 Message *out, GError **error) {
    if (!exchange_send(fd, data, length, to, patience, error) ||
        !exchange_receive(fd, data, length, to, patience, error))
        return false;
    if (message_read(data, length, out) && out->type == MESSAGE_ANSWER && out->id == id && out->length == length)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "something answers at %s that is no pod of this run", to->text);
    return false;
}

bool exchange_tcp(const char *own, const Endpoint *to, size_t padding, bool may_start, const Patience *patience,
                  Message *out, double *out_ms, GError **error) {
    size_t length = MESSAGE_HEADER + padding;
    g_autofree guint8 *data = g_malloc0(length);
    guint64 id = random_id();
    int fd = exchange_connect(to, may_start, patience, error);
    if (fd < 0)
        return false;
    gint64 begin = g_get_monotonic_time();
    request_write(data, own, id, length, false);
    bool done = talk(fd, data, length, id, to, patience, out, error);
    *out_ms = (double)(g_get_monotonic_time() - begin) / 1000;
    close(fd);
    return done;
}

/* --- UDP ------------------------------------------------------------------------------------------------------ */

int exchange_udp_open(const Endpoint *to, bool whole, GError **error) {
    int fd = socket(to->address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int value = whole ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
    bool ipv4 = to->address.ss_family == AF_INET;
    if (fd >= 0 &&
        setsockopt(fd, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &value,
                   sizeof value) == 0 &&
        connect(fd, (const struct sockaddr *)&to->address, to->size) == 0)
        return fd;
    failed(error, to, errno);
    if (fd >= 0)
        close(fd);
    return -1;
}

bool exchange_udp_send(int fd, const char *own, guint64 id, size_t size, bool whole) {
    g_autofree guint8 *data = g_malloc0(MAX(size, (size_t)MESSAGE_HEADER));
    request_write(data, own, id, size, whole);
    return send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

bool exchange_udp_take(int fd, Message *out) {
    g_autofree guint8 *data = g_malloc(DATAGRAM_MAX);
    ssize_t length = recv(fd, data, DATAGRAM_MAX, MSG_DONTWAIT);
    if (length < 0)
        return false;
    errno = EBADMSG;
    return message_read(data, (size_t)length, out) && out->type == MESSAGE_ANSWER && out->length == (guint32)length;
}

/* Waits for the answer to the request of that id until `end`; false with `out_errno` where something else was said. */
static bool await_answer(int fd, guint64 id, const Endpoint *to, const Patience *patience, Answer *out, int *out_errno,
                         GError **error) {
    while (exchange_wait(fd, POLLIN, to, patience, error)) {
        if (exchange_udp_take(fd, &out->message)) {
            if (out->message.id == id)
                return true;
        } else if (errno != EAGAIN && errno != EBADMSG) {
            *out_errno = errno;
            return failed(error, to, errno);
        }
    }
    return false;
}

bool exchange_udp(int fd, const char *own, const Endpoint *to, size_t size, unsigned tries, const Patience *patience,
                  Answer *out, GError **error) {
    gint64 begin = g_get_monotonic_time(), each = (patience->deadline - begin) / MAX(tries, 1);
    GError *failure = NULL;
    for (out->tried = 1; out->tried <= tries; out->tried++) {
        Patience one = {patience->cancel, begin + each * out->tried, patience->seconds};
        guint64 id = random_id();
        int code = 0;
        g_clear_error(&failure);
        out->sent = g_get_real_time();
        gint64 sent = g_get_monotonic_time();
        bool answered = false;
        if (!exchange_udp_send(fd, own, id, size, false))
            failed(&failure, to, code = errno);
        else
            answered = await_answer(fd, id, to, &one, out, &code, &failure);
        out->answered = g_get_real_time();
        out->ms = (double)(g_get_monotonic_time() - sent) / 1000;
        if (answered)
            return true;
        if (cancel_is_set(patience->cancel))
            break;
        /* Refused: it may be starting. The others' time is waited for, too. */
        gint64 left = one.deadline - g_get_monotonic_time();
        if (code && left > 0 && !cancel_sleep(patience->cancel, left, NULL))
            break;
    }
    g_propagate_error(error, failure);
    return false;
}
