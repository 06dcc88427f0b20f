/* Passes a plugin's progress on to the aggregator: POST /progress on the worker's port, from beside it in its pod. */
#pragma once

#include "base/http.h"

typedef struct Relay Relay;

/* Listens on the port of all addresses. `url`: of the aggregator. The aggregator's status and text are passed back; 500
 * where it cannot be reached. `client` must outlive the relay. */
Relay *relay_start(guint16 port, HttpClient *client, const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void relay_stop(Relay *relay); /* NULL allowed */
