/* The asking side of what pods say to each other (message.h), and connections to anything else; each with an end.
 *
 * Errors say what was seen and by when, for people: TIMEOUT "no answer within 2 s from 10.1.0.7:8765", UNAVAILABLE
 * "10.1.0.7:8765: Connection refused", INVALID for what is no answer of a responder, CANCELLED. */
#pragma once

#include "base/cancel.h"
#include "sonobuoy/network/message.h"

#include <netinet/in.h>
#include <sys/socket.h>

typedef struct {
    struct sockaddr_storage address;
    socklen_t size;
    char text[INET6_ADDRSTRLEN + 8]; /* "10.1.0.7:8765", "[fd00::7]:8765" */
} Endpoint;
/* False where the text is no address. */
bool endpoint_parse(const char *address, guint16 port, Endpoint *out) G_GNUC_WARN_UNUSED_RESULT;
void endpoint_from(const struct sockaddr *address, socklen_t size, Endpoint *out);
const char *endpoint_family(const Endpoint *endpoint); /* "IPv4", "IPv6" */
/* How many bytes of a packet are before a datagram's own: IP's header and UDP's. */
unsigned endpoint_overhead(const Endpoint *endpoint);

/* When to give up: at the token, or after so many seconds, but not after `last` (monotonic). */
typedef struct {
    Cancel *cancel;
    gint64 deadline; /* monotonic */
    double seconds;  /* for messages */
} Patience;
Patience patience_new(Cancel *cancel, double seconds, gint64 last);

/* Waits for events on a descriptor; false with TIMEOUT or CANCELLED. `endpoint` is for the message. */
bool exchange_wait(int fd, short events, const Endpoint *endpoint, const Patience *patience, GError **error);

/* A TCP connection, not blocking; -1 with an error. One that is refused is tried again for two seconds where
 * `may_start` says that the other side may just be starting. close() it. */
int exchange_connect(const Endpoint *to, bool may_start, const Patience *patience, GError **error);
/* Writes and reads all of it. */
bool exchange_send(int fd, const void *data, size_t length, const Endpoint *to, const Patience *patience,
                   GError **error);
bool exchange_receive(int fd, void *data, size_t length, const Endpoint *from, const Patience *patience,
                      GError **error);

/* One message with `padding` bytes, by TCP on a new connection. `out_ms`: from the connection to the answer's end. */
bool exchange_tcp(const char *own, const Endpoint *to, size_t padding, bool may_start, const Patience *patience,
                  Message *out, double *out_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- UDP ------------------------------------------------------------------------------------------------- */

/* A socket that is connected; `whole`: its packets may not be fragmented on their way. -1 with an error. */
int exchange_udp_open(const Endpoint *to, bool whole, GError **error);
/* Sends a request whose datagram has `size` bytes in all; false with errno. */
bool exchange_udp_send(int fd, const char *own, guint64 id, size_t size, bool whole);
/* Takes an answer that is there; false with errno (EAGAIN: there is none; EBADMSG: not an answer). */
bool exchange_udp_take(int fd, Message *out);
/* Sends until one of `tries` requests is answered, each waiting for its part of the time. `out_try`: which one it was,
 * from 1; `out_sent`: by the own clock, microseconds; `out_ms`: the round trip. */
typedef struct {
    Message message;
    unsigned tried;
    gint64 sent, answered; /* microseconds since the epoch by the own clock */
    double ms;
} Answer;
bool exchange_udp(int fd, const char *own, const Endpoint *to, size_t size, unsigned tries, const Patience *patience,
                  Answer *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
