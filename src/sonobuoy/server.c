#include "sonobuoy/server.h"

#include "base/file.h"
#include "base/text.h"
#include "sonobuoy/partial.h"
#include "sonobuoy/unpack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    CONNECTIONS = 256,
    THREADS = 4,
    IDLE_SECONDS = 120,
    CONNECTION_MEMORY = 16 * 1024,
    PROGRESS_MAX = 1 << 20,
    REASON_MAX = 64 << 10,
    NAME_MAX_BYTES = 253,
};

struct ResultServer {
    struct MHD_Daemon *daemon;
    ResultHandler handler;
    char *folder;
    Partials *partials; /* what is not whole yet */
    Limits limits;
    pthread_mutex_t storing; /* one result becomes visible at a time */
    atomic_uint uploads;     /* under way */
    atomic_uint number;      /* of a result that is unpacked, for its folder's name */
};

/* --- requests ---------------------------------------------------------------------------------- */

typedef struct {
    bool progress; /* else a result */
    char *plugin, *node;
    int status;    /* of the answer once it is known; 0 */
    char *answer;  /* a line of text; NULL */
    GString *body; /* of progress */
    guint64 size;
    Partial *partial; /* where the result goes to; NULL for none */
    bool stored;      /* or refused for good: what has come is of no use any more */
    gint64 offset;    /* told in the answer; -1: not */
} Upload;

static void upload_free(Upload *upload) {
    g_free(upload->plugin);
    g_free(upload->node);
    g_free(upload->answer);
    if (upload->body)
        g_string_free(upload->body, true);
    if (upload->partial)
        partial_close(upload->partial, !upload->stored);
    g_free(upload);
}

static void answer(Upload *upload, int status, const char *text) {
    if (upload->status)
        return;
    upload->status = status;
    upload->answer = text ? g_strdup(text) : NULL;
}

static int status_of(const GError *error) {
    if (error->domain != BASE_ERROR)
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    switch (error->code) {
    case BASE_ERROR_FORBIDDEN: return MHD_HTTP_FORBIDDEN;
    case BASE_ERROR_EXISTS: return MHD_HTTP_CONFLICT;
    case BASE_ERROR_INVALID: return MHD_HTTP_BAD_REQUEST;
    default: return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

/* Takes the error over. */
static void answer_error(Upload *upload, GError *error) {
    answer(upload, status_of(error), error->message);
    g_error_free(error);
}

/* A segment of a path that is a name of a plugin or node, decoded by libmicrohttpd. */
static bool is_name(const char *text) {
    return *text && strlen(text) <= NAME_MAX_BYTES && !strchr(text, '/') && !g_str_equal(text, ".") &&
           !g_str_equal(text, "..");
}

/* Which plugin and node the path names; false where it is none of ours. */
static bool parse_path(Upload *upload, const char *path) {
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    guint count = g_strv_length(parts);
    if (count < 6 || *parts[0] || !g_str_equal(parts[1], "api") || !g_str_equal(parts[2], "v1"))
        return false;
    upload->progress = g_str_equal(parts[3], "progress");
    if (!upload->progress && !g_str_equal(parts[3], "results"))
        return false;
    bool global = count == 6 && g_str_equal(parts[4], "global"), node = count == 7 && g_str_equal(parts[4], "by-node");
    if (!global && !node)
        return false;
    const char *plugin = parts[count - 1];
    upload->plugin = g_strdup(plugin);
    upload->node = g_strdup(global ? "global" : parts[5]);
    return is_name(plugin) && is_name(upload->node);
}

/* --- who asks ------------------------------------------------------------------------------------- */

/* Whether the client's certificate is the authority's, and names this plugin. */
static bool is_plugin(struct MHD_Connection *connection, const char *plugin) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_session_t session = info ? (gnutls_session_t)info->tls_session : NULL;
    unsigned status = 1, count = 0;
    if (!session || gnutls_certificate_verify_peers2(session, &status) != GNUTLS_E_SUCCESS || status != 0)
        return false;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    gnutls_x509_crt_t certificate;
    if (!chain || !count || gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS)
        return false;
    bool named = gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS;
    for (unsigned i = 0; named; i++) {
        char name[NAME_MAX_BYTES + 1];
        size_t length = sizeof name;
        int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &length, NULL);
        if (type < 0)
            named = false;
        else if (type == GNUTLS_SAN_DNSNAME && length == strlen(plugin) && memcmp(name, plugin, length) == 0)
            break;
    }
    gnutls_x509_crt_deinit(certificate);
    return named;
}

/* --- receiving ---------------------------------------------------------------------------------------- */

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Where "bytes 100-199/200" begins; with a star for its first part that is the end. Nothing is 0; false for what is
 * none of these. */
static bool parse_range(const char *range, guint64 *first) {
    g_autoptr(GRegex) regex = g_regex_new("^bytes (?:([0-9]{1,18})-[0-9]{1,18}|\\*)/([0-9]{1,18})$", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    *first = 0;
    if (!range)
        return true;
    if (!g_regex_match(regex, range, 0, &match))
        return false;
    g_autofree char *begin = g_match_info_fetch(match, 1), *size = g_match_info_fetch(match, 2);
    *first = g_ascii_strtoull(*begin ? begin : size, NULL, 10);
    return true;
}

/* Opens the file that the result goes to, at the place that the request names. */
static void open_partial(ResultServer *server, Upload *upload, struct MHD_Connection *connection) {
    const char *id = header(connection, "Upload-Id");
    guint64 first;
    GError *error = NULL;
    if (!parse_range(header(connection, "Content-Range"), &first) || (first && !id)) {
        answer(upload, MHD_HTTP_BAD_REQUEST, "the Content-Range is none, or there is no Upload-Id with it");
        return;
    }
    if (id && !partial_id_check(id)) {
        answer(upload, MHD_HTTP_BAD_REQUEST, "the Upload-Id is none: it is 1 to 64 hex digits");
        return;
    }
    upload->partial = partial_open(server->partials, upload->plugin, upload->node, id, first, &error);
    if (upload->partial)
        return;
    if (id && g_error_matches(error, BASE_ERROR, BASE_ERROR_LIMIT)) {
        upload->offset = (gint64)partial_size(server->partials, upload->plugin, upload->node, id);
        answer(upload, MHD_HTTP_RANGE_NOT_SATISFIABLE, error->message);
        g_error_free(error);
        return;
    }
    answer_error(upload, error);
}

/* How much has come of an upload. */
static void tell_offset(ResultServer *server, Upload *upload, struct MHD_Connection *connection) {
    const char *id = header(connection, "Upload-Id");
    upload->offset =
        id && partial_id_check(id) ? (gint64)partial_size(server->partials, upload->plugin, upload->node, id) : 0;
    answer(upload, MHD_HTTP_OK, NULL);
}

static Upload *upload_begin(ResultServer *server, struct MHD_Connection *connection, const char *path,
                            const char *method) {
    Upload *upload = g_new0(Upload, 1);
    upload->offset = -1;
    bool asks = g_str_equal(method, MHD_HTTP_METHOD_HEAD);
    if (!parse_path(upload, path)) {
        answer(upload, MHD_HTTP_NOT_FOUND, "404 page not found");
        return upload;
    }
    if (upload->progress ? !g_str_equal(method, MHD_HTTP_METHOD_POST)
                         : !asks && !g_str_equal(method, MHD_HTTP_METHOD_PUT)) {
        answer(upload, MHD_HTTP_METHOD_NOT_ALLOWED, NULL);
        return upload;
    }
    if (!is_plugin(connection, upload->plugin)) {
        answer(upload, MHD_HTTP_FORBIDDEN, "the client's certificate is not this plugin's");
        return upload;
    }
    if (upload->progress) {
        upload->body = g_string_new(NULL);
        return upload;
    }
    GError *error = server->handler.expected(upload->plugin, upload->node, server->handler.data);
    if (error)
        answer_error(upload, error);
    else if (asks)
        tell_offset(server, upload, connection);
    else
        open_partial(server, upload, connection);
    return upload;
}

/* What comes after the answer is known is read and thrown away: a client that is still sending would see its
 * connection break, and not the answer. */
static void upload_take(ResultServer *server, Upload *upload, const char *data, size_t length) {
    upload->size += length;
    if (upload->status)
        return;
    if (upload->progress) {
        if (upload->size > PROGRESS_MAX)
            answer(upload, MHD_HTTP_CONTENT_TOO_LARGE, "the progress is too large");
        else
            g_string_append_len(upload->body, data, (gssize)length);
        return;
    }
    if (server->limits.archive_size &&
        partial_length(upload->partial) + length > (guint64)server->limits.archive_size) {
        answer(upload, MHD_HTTP_CONTENT_TOO_LARGE, "the result is too large");
        upload->stored = true;
        return;
    }
    if (!partial_write(upload->partial, data, length))
        answer(upload, MHD_HTTP_INTERNAL_SERVER_ERROR, g_strerror(errno));
}

/* --- what has come whole -------------------------------------------------------------------------------- */

static void finish_progress(ResultServer *server, Upload *upload) {
    GError *error = NULL;
    g_autoptr(yyjson_doc) doc = json_parse(upload->body->str, upload->body->len, "the progress", &error);
    if (doc &&
        server->handler.progress(upload->plugin, upload->node, yyjson_doc_get_root(doc), server->handler.data, &error))
        answer(upload, MHD_HTTP_OK, NULL);
    else
        answer_error(upload, error);
}

/* "filename" of a Content-Disposition, its last part; "result" where there is none. g_free() it. */
static char *file_name(const char *disposition) {
    const char *found = disposition ? strstr(disposition, "filename=") : NULL;
    g_autofree char *text = g_strdup(found ? found + strlen("filename=") : "");
    char *end = *text == '"' ? strchr(text + 1, '"') : strchr(text, ';');
    if (end)
        *end = 0;
    g_autofree char *name = g_path_get_basename(*text == '"' ? text + 1 : text);
    return is_name(name) ? text_utf8(name) : g_strdup("result");
}

/* Makes the result visible as a whole: unpacked, or as one file. */
static bool store(ResultServer *server, Upload *upload, const char *type, const char *disposition, GError **error) {
    const char *path = partial_path(upload->partial);
    g_autofree char *name = file_name(disposition);
    g_autofree char *made = g_strdup_printf("%s.%u.d", path, atomic_fetch_add(&server->number, 1));
    UnpackOptions options = {
        .path = path, .packed = g_strcmp0(type, "application/gzip") == 0, .name = name, .limits = &server->limits};
    if (!unpack_result(&options, made, error))
        return false;
    g_autofree char *place = g_build_filename(server->folder, "plugins", upload->plugin, "results", NULL);
    g_autofree char *target = g_build_filename(place, upload->node, NULL);
    pthread_mutex_lock(&server->storing);
    GError *refused = server->handler.expected(upload->plugin, upload->node, server->handler.data);
    if (!refused && (g_mkdir_with_parents(place, 0755) != 0 || rename(made, target) != 0))
        base_error_set_errno(&refused, errno, "the result cannot be put to %s", target);
    if (!refused)
        server->handler.received(upload->plugin, upload->node, NULL, server->handler.data);
    pthread_mutex_unlock(&server->storing);
    if (!refused)
        return true;
    unpack_remove(made);
    g_propagate_error(error, refused);
    return false;
}

/* Why the worker has no result, where that is what it sent in place of one; else NULL. g_free() it. */
static char *reason_of_loss(const Upload *upload, const char *disposition) {
    if (disposition || partial_length(upload->partial) > REASON_MAX)
        return NULL;
    size_t length;
    g_autofree char *text = file_read(partial_path(upload->partial), REASON_MAX, &length, NULL);
    g_autoptr(yyjson_doc) doc = text ? json_parse(text, length, "the result", NULL) : NULL;
    return g_strdup(json_get_string(yyjson_doc_get_root(doc), "error"));
}

static void finish_result(ResultServer *server, Upload *upload, struct MHD_Connection *connection) {
    GError *error = NULL;
    const char *type = header(connection, "Content-Type"), *disposition = header(connection, "Content-Disposition");
    if (!partial_claim(upload->partial)) {
        answer(upload, MHD_HTTP_INTERNAL_SERVER_ERROR, g_strerror(errno));
        return;
    }
    g_autofree char *reason = reason_of_loss(upload, disposition);
    if (reason) {
        server->handler.lost(upload->plugin, upload->node, reason, server->handler.data);
        upload->stored = true;
        answer(upload, MHD_HTTP_OK, NULL);
        return;
    }
    if (store(server, upload, type, disposition, &error)) {
        upload->stored = true;
        answer(upload, MHD_HTTP_OK, NULL);
        return;
    }
    if (status_of(error) == MHD_HTTP_INTERNAL_SERVER_ERROR) {
        server->handler.received(upload->plugin, upload->node, error, server->handler.data);
        g_prefix_error(&error, "error handling result %s/%s: ", upload->plugin, upload->node);
    }
    answer_error(upload, error);
}

/* --- libmicrohttpd's calls ------------------------------------------------------------------------------- */

static enum MHD_Result send_answer(struct MHD_Connection *connection, const Upload *upload) {
    g_autofree char *text = upload->answer ? g_strconcat(upload->answer, "\n", NULL) : g_strdup("");
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    if (upload->offset >= 0) {
        g_autofree char *offset = g_strdup_printf("%" G_GINT64_FORMAT, upload->offset);
        MHD_add_response_header(response, "Upload-Offset", offset);
    }
    enum MHD_Result sent = MHD_queue_response(connection, (unsigned)upload->status, response);
    MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *body, size_t *length, void **state) {
    ResultServer *server = data;
    Upload *upload = *state;
    if (!upload) {
        atomic_fetch_add(&server->uploads, 1);
        *state = upload_begin(server, connection, path, method);
        return MHD_YES;
    }
    if (*length > 0) {
        upload_take(server, upload, body, *length);
        *length = 0;
        return MHD_YES;
    }
    if (!upload->status && upload->progress)
        finish_progress(server, upload);
    else if (!upload->status)
        finish_result(server, upload, connection);
    return send_answer(connection, upload);
}

static void on_end(void *data, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code) {
    ResultServer *server = data;
    if (*state) {
        upload_free(*state);
        atomic_fetch_sub(&server->uploads, 1);
    }
    *state = NULL;
}

/* --- beginning and end ------------------------------------------------------------------------------------ */

static bool parse_address(const char *address, guint16 port, struct sockaddr_storage *out, GError **error) {
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        return true;
    }
    if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        return true;
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "Server.bindaddress \"%s\" is no IP address", address);
    return false;
}

static bool listen_on(ResultServer *server, const ResultServerOptions *options, GError **error) {
    struct sockaddr_storage address;
    if (!parse_address(options->address, options->port, &address, error))
        return false;
    unsigned flags =
        MHD_USE_TLS | MHD_USE_AUTO_INTERNAL_THREAD | (address.ss_family == AF_INET6 ? MHD_USE_DUAL_STACK : 0);
    g_autofree char *chain = g_strconcat(options->certificate->certificate, authority_pem(options->authority), NULL);
    errno = 0;
    server->daemon = MHD_start_daemon(
        flags, options->port, NULL, NULL, on_request, server, MHD_OPTION_NOTIFY_COMPLETED, on_end, server,
        MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT,
        options->connections ? options->connections : (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_HTTPS_MEM_KEY,
        options->certificate->key, MHD_OPTION_HTTPS_MEM_CERT, chain, MHD_OPTION_HTTPS_MEM_TRUST,
        authority_pem(options->authority), MHD_OPTION_END);
    if (server->daemon)
        return true;
    base_error_set_errno(error, errno ? errno : EINVAL, "the aggregator's server cannot listen on %s, port %u",
                         options->address, options->port);
    return false;
}

char *result_server_incoming(const char *folder) {
    return g_strconcat(folder, ".incoming", NULL);
}

ResultServer *result_server_start(const ResultServerOptions *options, GError **error) {
    ResultServer *server = g_new0(ResultServer, 1);
    server->handler = options->handler;
    server->folder = g_strdup(options->folder);
    server->limits = options->limits ? *options->limits : limits_default;
    pthread_mutex_init(&server->storing, NULL);
    g_autofree char *incoming = result_server_incoming(options->folder);
    server->partials = partials_new(incoming, error);
    if (server->partials && listen_on(server, options, error))
        return server;
    result_server_stop(server, 0);
    return NULL;
}

guint16 result_server_port(const ResultServer *server) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void result_server_stop(ResultServer *server, unsigned seconds) {
    if (!server)
        return;
    gint64 end = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
    while (atomic_load(&server->uploads) > 0 && g_get_monotonic_time() < end)
        g_usleep(G_USEC_PER_SEC / 20);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    partials_free(server->partials);
    pthread_mutex_destroy(&server->storing);
    g_free(server->folder);
    g_free(server);
}
