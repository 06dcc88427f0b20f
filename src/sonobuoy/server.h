/* The aggregator's HTTPS server: takes plugins' results and progress.
 *
 *   PUT  /api/v1/results/global/PLUGIN         POST /api/v1/progress/global/PLUGIN
 *   PUT  /api/v1/results/by-node/NODE/PLUGIN   POST /api/v1/progress/by-node/NODE/PLUGIN
 *
 * An upload that has an ID (a header, Upload-Id: 1 to 64 hex digits) can be gone on with when it broke off, also after
 * a restart: HEAD tells how many bytes of it have come (Upload-Offset), and a PUT with Content-Range: bytes
 * FIRST-LAST/SIZE, or with a star for FIRST-LAST where nothing is left to send, brings the rest (RFC 9110 14.4, 14.5).
 * Stock's workers have no ID, and stock's server knows neither.
 *
 * 200; 400 for progress that is no JSON; 403 for what nobody expects, or what comes from another plugin's certificate;
 * 404, 405; 409 for a result that is there already; 413 for one that is too large; 416 for a range that does not follow
 * what has come; 500 where it cannot be kept. Errors are a line of text. A result is written to disk as it comes, to a
 * temporary name, and is there as a whole or not at all: memory does not grow with it. While one upload of a result is
 * under way, another of its ID takes it over; of several with other IDs, or with none, the first that is whole is kept.
 * On libmicrohttpd with GnuTLS; client certificates are required. Source: what stock Sonobuoy 0.57's worker sends. */
#pragma once

#include "base/json.h"
#include "base/limit.h"
#include "sonobuoy/certificates.h"

typedef struct ResultServer ResultServer;

/* What may come; called from the server's threads. */
typedef struct {
    /* Whether a result is wanted: NULL, or FORBIDDEN ("unexpected"), EXISTS ("already received"). */
    GError *(*expected)(const char *plugin, const char *node, void *data);
    /* It is there, below the run's folder; the error says why it is not. */
    void (*received)(const char *plugin, const char *node, const GError *error, void *data);
    /* The worker has none, and says why: a body {"error": text} without a file's name. */
    void (*lost)(const char *plugin, const char *node, const char *reason, void *data);
    /* FORBIDDEN, INVALID. */
    bool (*progress)(const char *plugin, const char *node, yyjson_val *update, void *data, GError **error);
    void *data;
} ResultHandler;

typedef struct {
    const char *address; /* "0.0.0.0", "::" */
    guint16 port;        /* 0: any */
    const char *folder;  /* of the run; results go to plugins/PLUGIN/results/(global|NODE)/ */
    const Authority *authority;
    const KeyPair *certificate;
    const Limits *limits; /* of one result, and of what it unpacks to; NULL: the default ones */
    unsigned connections; /* at once; 0: 256 */
    ResultHandler handler;
} ResultServerOptions;

/* Where what is not whole yet stands, beside the run's folder: it outlives the server. g_free() it. */
char *result_server_incoming(const char *folder);
ResultServer *result_server_start(const ResultServerOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint16 result_server_port(const ResultServer *server);
/* Waits for what is being received, up to that long, then stops. */
void result_server_stop(ResultServer *server, unsigned seconds);
