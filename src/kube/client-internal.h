/* What client.c shares with exec.c, with its tests and fuzzers. */
#pragma once

#include "base/http-upgrade.h"
#include "kube/client.h"

/* As kube_client_request() for a GET that asks for an upgrade to WebSocket with one of these subprotocols ("a, b").
 * True for 101, with the stream. It does not count among the requests in flight, and is not repeated once the server
 * may have seen it without giving an answer: what it asks for may have begun. */
bool kube_client_upgrade(KubeClient *client, const KubeRequest *request, const char *protocols, HttpResponse *out,
                         HttpStream **out_stream, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The next text of a Warning header (RFC 7234: 299 - "text" "date", ...), fit for a
 * terminal; moves *line behind it. NULL when there is none. g_free() it. */
char *kube_warning_next(const char **line);
