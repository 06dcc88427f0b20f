/* Connections that begin as an HTTP/1.1 request and go on as WebSocket: the handshake, then bytes both ways. What the
 * bytes say is for others to know. Source: RFC 6455, section 4; RFC 9112. */
#pragma once

#include "base/http.h"

typedef struct HttpStream HttpStream;

/* Asks with GET for an upgrade to WebSocket, on a connection of its own with all of the client's settings. True when an
 * answer came whole: 101 with a rightful Sec-WebSocket-Accept gives the stream; with any other status *out_stream is
 * NULL and the response holds the first 64 KiB of its body. Of the request url, headers (the protocols offered, too),
 * deadline (for the answer), stall_timeout_ms (for the stream as well) and cancel count, which must outlive the stream.
 * Errors as http_perform()'s; *out_sent (may be NULL): whether the server may have seen the request. */
bool http_upgrade(HttpClient *client, const HttpRequest *request, HttpResponse *out, HttpStream **out_stream,
                  bool *out_sent, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void http_stream_free(HttpStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpStream, http_stream_free)

/* Waits for bytes: how many came (at most `length`, > 0), 0 where the peer has ended, -1 with TIMEOUT (nothing came for
 * the stall time-out), UNAVAILABLE or CANCELLED. */
gssize http_stream_receive(HttpStream *stream, void *data, size_t length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sends all of it; the same errors. */
bool http_stream_send(HttpStream *stream, const void *data, size_t length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
