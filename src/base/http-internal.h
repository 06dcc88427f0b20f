/* What http.c shares with http-upgrade.c, tests and fuzzers. */
#pragma once

#include "base/http.h"

#include <curl/curl.h>

enum { HTTP_HEAD_MAX = 100 << 10 }; /* libcurl takes no longer line */

/* Where a handle was told to go; it lives as long as the handle uses it. */
typedef struct {
    char *url;       /* NULL: as it was asked for */
    char *host_line; /* the Host header, where it is not the URL's host; NULL: it is */
    struct curl_slist *connect_rules;
} HttpTarget;
void http_target_clear(HttpTarget *target);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpTarget, http_target_clear)

/* Gives the client's settings of a connection to a handle: URL, TLS, proxy, time to connect. `target` is zeroed. */
void http_client_set_up(const HttpClient *client, CURL *easy, const char *url, HttpTarget *target);
const char *http_client_user_agent(const HttpClient *client);

/* Sets the error that fits what libcurl said; detail: of its error buffer. */
void http_set_curl_error(CURLcode result, const char *detail, GError **error);
void http_set_head_too_large(GError **error);

/* Empties it, for another answer. */
void http_response_init(HttpResponse *response);
/* Takes a line of an answer's head into `headers`, which exist; a status line empties them. */
void http_response_add_line(HttpResponse *response, const char *data, size_t length);

/* --- of http-upgrade.c: answers that are read without libcurl ---------------------------------------------- */

enum { HTTP_BODY_RAW_MAX = 128 << 10 }; /* with the sizes of chunks; half of it is kept */

/* How far an answer was read: what came is given again each time, with more behind it. Begins zeroed. */
typedef struct {
    size_t head; /* lines that were taken, */
    bool begun;  /* ... a status line among them */
    size_t body; /* behind the head: chunks that were taken whole */
    guint kept;  /* bytes in the response's body out of these */
} HttpAnswer;

/* The length of the head that what came begins with, which goes into `out` (http_response_init() before the first
 * time); 0 where more must come; -1 with INVALID or LIMIT. Answers such as 100 Continue before it are passed over. */
gssize http_head_read(HttpAnswer *answer, const char *data, size_t length, HttpResponse *out, GError **error);
/* The body behind such a head, as far as it came; `whole`: nothing more is needed. INVALID; LIMIT where it is not whole
 * after HTTP_BODY_RAW_MAX bytes. */
bool http_body_read(HttpAnswer *answer, const char *data, size_t length, bool ended, HttpResponse *out, bool *whole,
                    GError **error);

/* http-trust.c: a server's certificate is trusted by who signed it, though it bears its authority's name itself. */
void http_trust_by_signature(CURL *easy);
