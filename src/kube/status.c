#include "kube/status.h"

#include "base/json.h"

#include <string.h>

static BaseErrorCode code_of(int status, const char *reason) {
    switch (status) {
    case 400:
    case 413:
    case 422: return BASE_ERROR_INVALID;
    case 401: return BASE_ERROR_UNAUTHORIZED;
    case 403: return BASE_ERROR_FORBIDDEN;
    case 404: return BASE_ERROR_NOT_FOUND;
    case 405:
    case 406:
    case 415: return BASE_ERROR_UNSUPPORTED;
    case 409: return g_strcmp0(reason, "AlreadyExists") == 0 ? BASE_ERROR_EXISTS : BASE_ERROR_CONFLICT;
    case 410: return BASE_ERROR_GONE;
    case 429: return BASE_ERROR_THROTTLED;
    case 408:
    case 504: return BASE_ERROR_TIMEOUT;
    default: return status >= 500 ? BASE_ERROR_UNAVAILABLE : BASE_ERROR_FAILED;
    }
}

static const char *hint_of(int status) {
    switch (status) {
    case 401: return "; check the token or certificate of this kubeconfig's user";
    case 413: return "; the object is larger than the API server or etcd takes";
    default: return "";
    }
}

/* What a server says, fit for one line on a terminal: valid UTF-8, no control characters, not too long. */
static char *plain_text(const char *text, size_t length) {
    enum { SHOWN_MAX = 8192 };
    g_autofree char *cut = g_strndup(text ? text : "", text ? MIN(length, (size_t)SHOWN_MAX) : 0);
    char *plain = g_utf8_make_valid(cut, -1);
    for (char *c = plain; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return g_strstrip(plain);
}

void kube_status_set_error(const HttpResponse *response, const char *what, GError **error) {
    enum { PAGE_SHOWN_MAX = 200 };
    const char *body = response->body ? (const char *)response->body->data : NULL;
    size_t length = body ? response->body->len : 0;
    g_autoptr(yyjson_doc) doc = json_parse(body, length, what, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *message = json_get_string(root, "message"), *reason = json_get_string(root, "reason");
    g_autofree char *shown_reason = plain_text(reason, reason ? strlen(reason) : 0);
    g_autofree char *shown = message && *message ? plain_text(message, strlen(message))
                                                 /* no Status: a proxy's page, or plain text */
                                                 : plain_text(body, MIN(length, (size_t)PAGE_SHOWN_MAX));
    g_set_error(error, BASE_ERROR, code_of(response->status, reason), "%s: %d%s%s: %s%s", what, response->status,
                *shown_reason ? " " : "", shown_reason, *shown ? shown : "the answer is empty",
                hint_of(response->status));
}

/* A revision that this kind's storage has not reached and may never reach (it has an
 * etcd of its own): asking again is no use. */
static bool is_future_revision(const HttpResponse *response) {
    const char *body = response->body ? (const char *)response->body->data : NULL;
    return body && (g_strstr_len(body, response->body->len, "Too large resource version") ||
                    g_strstr_len(body, response->body->len, "future revision"));
}

bool kube_status_is_transient(const HttpResponse *response) {
    if (is_future_revision(response))
        return false;
    switch (response->status) {
    case 408:
    case 429:
    case 500: /* etcd had no leader, a webhook did not answer */
    case 502:
    case 503:
    case 504: return true;
    default: return false;
    }
}
