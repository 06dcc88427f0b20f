/* What other pods' probes ask: servers of messages (message.h) by UDP and TCP, IPv4 and IPv6, in one thread.
 *
 * Whoever may reach the pod may ask. So connections, their time and their memory are bounded, an answer is as long as
 * its request, and what is no request has none. */
#pragma once

#include "base/error.h"

typedef struct Responder Responder;

/* Listens on `port`, UDP and TCP, and on `denied_port`, TCP, of all addresses. `node`: the name that answers bear. A
 * family that the pod has not is left out. */
Responder *responder_start(const char *node, guint16 port, guint16 denied_port, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void responder_stop(Responder *responder); /* NULL allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Responder, responder_stop)
