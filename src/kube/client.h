/* A connection to one API server: requests with credentials, retries and limits.
 *
 * Thread-safe. A request is repeated on 429, on 5xx that may pass and on broken
 * connections, after Retry-After or a jittered back-off, until its deadline (10 s
 * where the server has never answered: its address may be wrong). What credentials
 * take to be had does not count. 429 halves the number of requests in flight; success
 * lets it grow back.
 * Source: kubernetes.io/docs/reference/using-api/api-concepts. */
#pragma once

#include "base/http.h"
#include "base/json.h"
#include "kube/config.h"

typedef struct KubeClient KubeClient;

/* Called once for each different Warning header's text, from any thread. */
typedef void (*KubeWarningFunc)(const char *text, void *data);

typedef struct {
    const char *user_agent;     /* "ark/0.1.0"; its first part is the default field manager */
    unsigned connections;       /* requests in flight at most; 0: 8 */
    double qps;                 /* 0: no limit */
    unsigned burst;             /* with qps; 0: as qps */
    unsigned timeout_s;         /* one request with all its repetitions; 0: 120 */
    unsigned stall_s;           /* no byte for that long ends an attempt; 0: 30 */
    bool dry_run;               /* writes are checked by the server, admission included, and not made */
    KubeWarningFunc on_warning; /* may be NULL */
    void *on_warning_data;
    Cancel *cancel; /* may be NULL; must outlive the client */
} KubeClientOptions;

/* Takes the configuration over. */
KubeClient *kube_client_new(KubeConfig *config, const KubeClientOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void kube_client_free(KubeClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KubeClient, kube_client_free)

const KubeConfig *kube_client_config(const KubeClient *client);
/* Whether writes are not made. */
bool kube_client_is_dry_run(const KubeClient *client);
/* The options' token, may be NULL. */
Cancel *kube_client_cancel(const KubeClient *client);

typedef struct {
    const char *method;
    const char *path;         /* with query, from '/' on, encoded */
    const char *accept;       /* NULL: application/json */
    const char *content_type; /* NULL: application/json where there is a body */
    const void *body;
    size_t body_length;
    HttpBodyFunc on_body; /* streams a 2xx answer (watch); such a request is not repeated once bytes came,
                             and does not count among those in flight */
    void *on_body_data;
    size_t response_max; /* bytes of a buffered answer; 0: 256 MiB */
    unsigned timeout_s;  /* 0: the client's */
    unsigned stall_s;    /* 0: the client's */
    bool no_retry;
    GString *out_chain; /* gets the server's certificates, PEM, its own first; NULL: not wanted */
} KubeRequest;

/* True for a 2xx answer. Other answers become errors: the method and path, the
 * status, the server's own message, and the code a caller branches on
 * (EXISTS, CONFLICT, NOT_FOUND, GONE, FORBIDDEN, INVALID, ...). `out` is cleared
 * first and holds the last answer, of failures too. */
bool kube_client_request(KubeClient *client, const KubeRequest *request, HttpResponse *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* GET and parse. `what` names the answer in parse errors; NULL: the path. */
yyjson_doc *kube_client_get(KubeClient *client, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Counters since the start, for `-v` and benchmarks. */
typedef struct {
    guint64 requests, retries, throttled, bytes_in, bytes_out;
} KubeStats;
void kube_client_stats(KubeClient *client, KubeStats *out);
