/* Amazon S3 and what speaks like it, as an object store. */
#include "store/s3-internal.h"

#include <string.h>
#include <time.h>

enum { REQUEST_TIMEOUT_S = 300, BYTES_A_SECOND_MIN = 100 * 1000, CLEAN_UP_TIMEOUT_S = 15, TRIES_MAX = 8 };
enum { ANSWER_MAX = 32 * 1024 * 1024 }; /* bytes; a page of a listing is a tenth of it */

/* --- one request ------------------------------------------------------------------------------ */

static bool is_transient_status(int status, const char *code) {
    static const char *const codes[] = {"SlowDown",
                                        "RequestTimeout",
                                        "InternalError",
                                        "ServiceUnavailable",
                                        "OperationAborted",
                                        "ConditionalRequestConflict",
                                        "BadDigest", /* the bytes changed on the way */
                                        "XAmzContentSHA256Mismatch",
                                        NULL};
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504 ||
           (code && (status == 400 || status == 409) && g_strv_contains(codes, code));
}

static BaseErrorCode code_of(int status) {
    switch (status) {
    case 404: return BASE_ERROR_NOT_FOUND;
    case 401: return BASE_ERROR_UNAUTHORIZED;
    case 403: return BASE_ERROR_FORBIDDEN;
    case 409:
    case 412: return BASE_ERROR_CONFLICT;
    case 429:
    case 503: return BASE_ERROR_THROTTLED;
    default: return status >= 500 ? BASE_ERROR_UNAVAILABLE : BASE_ERROR_INVALID;
    }
}

static const char *hint_of(int status, const char *code) {
    if (g_strcmp0(code, "NoSuchBucket") == 0)
        return "; check the bucket's name and region, or create it";
    if (g_strcmp0(code, "InvalidAccessKeyId") == 0 || g_strcmp0(code, "SignatureDoesNotMatch") == 0)
        return "; check the access key and secret";
    if (g_strcmp0(code, "RequestTimeTooSkewed") == 0)
        return "; this machine's clock is wrong";
    if (status == 403) /* HEAD says no more than that */
        return code ? "; check what these credentials may do there"
                    : "; check the access key and secret, and what they may do there";
    return "";
}

char *s3_name(const S3Store *store, const char *key) {
    return g_strjoin("/", "s3:/", store->store.bucket, *store->store.prefix ? store->store.prefix : key,
                     *store->store.prefix ? key : NULL, NULL);
}

static void set_status_error(const S3Store *store, const S3Request *request, const HttpResponse *response,
                             GError **error) {
    const char *xml = (const char *)response->body->data;
    g_autofree char *code = s3_xml_text(xml, response->body->len, "Error/Code");
    g_autofree char *message = s3_xml_text(xml, response->body->len, "Error/Message");
    g_autofree char *name = s3_name(store, request->key);
    g_set_error(error, BASE_ERROR, code_of(response->status), "%s %s: %d%s%s%s%s%s%s", request->method, name,
                response->status, code ? " " : "", code ? code : "", message ? " (" : "", message ? message : "",
                message ? ")" : "", hint_of(response->status, code));
}

/* Names that cannot stand in a host's, and hosts that have no names below them. */
static bool is_path_style(const S3Store *store, const char *host) {
    const char *bucket = store->store.bucket;
    const char *port = *host == '[' ? strchr(host, ']') : host;
    g_autofree char *name = g_strndup(host, strcspn(port ? port : host, ":"));
    if (store->path_style || *host == '[' || g_hostname_is_ip_address(name) || g_str_equal(name, "localhost"))
        return true;
    for (const char *c = bucket; *c; c++)
        if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c) && *c != '-')
            return true;
    return false;
}

/* Where requests go: "https://bucket.host" or, in path style, "https://host". */
static char *endpoint_of(const S3Store *store, const char *base, const char *region, bool *out_path_style) {
    g_autofree char *usual =
        g_strdup_printf("https://s3.%s.amazonaws.com%s", region, g_str_has_prefix(region, "cn-") ? ".cn" : "");
    const char *url = base ? base : usual, *host = strstr(url, "://") + 3;
    *out_path_style = is_path_style(store, host);
    if (*out_path_style)
        return g_strdup(url);
    return g_strdup_printf("%.*s%s.%s", (int)(host - url), url, store->store.bucket, host);
}

/* "/bucket/prefix/key", encoded; the bucket stands in the host otherwise. */
static char *request_path(const S3Store *store, const char *key, bool path_style) {
    GString *path = g_string_new("/");
    if (path_style) {
        g_autofree char *bucket = http_escape(store->store.bucket, NULL);
        g_string_append(path, bucket);
        if (key)
            g_string_append_c(path, '/');
    }
    if (key) {
        g_autofree char *whole =
            *store->store.prefix ? g_strdup_printf("%s/%s", store->store.prefix, key) : g_strdup(key);
        g_autofree char *escaped = http_escape(whole, "/");
        g_string_append(path, escaped);
    }
    return g_string_free(path, FALSE);
}

char *s3_region(S3Store *store) {
    pthread_mutex_lock(&store->lock);
    char *region = g_strdup(store->region && *store->region ? store->region : "us-east-1");
    pthread_mutex_unlock(&store->lock);
    return region;
}

char *s3_address(S3Store *store, bool *out_path_style) {
    g_autofree char *region = s3_region(store), *endpoint = endpoint_of(store, store->base, region, out_path_style);
    g_autofree char *path = request_path(store, NULL, *out_path_style);
    return g_strconcat(endpoint, path, NULL);
}

static void add_encryption(const S3Store *store, const S3Request *request, GPtrArray *headers) {
    if (request->is_write && store->encryption)
        g_ptr_array_add(headers, g_strdup_printf("x-amz-server-side-encryption: %s", store->encryption));
    if (request->is_write && store->kms_key)
        g_ptr_array_add(headers, g_strdup_printf("x-amz-server-side-encryption-aws-kms-key-id: %s", store->kms_key));
    if ((request->is_write || request->is_read) && store->customer_key) {
        g_ptr_array_add(headers, g_strdup("x-amz-server-side-encryption-customer-algorithm: AES256"));
        g_ptr_array_add(headers, g_strdup_printf("x-amz-server-side-encryption-customer-key: %s", store->customer_key));
        g_ptr_array_add(headers,
                        g_strdup_printf("x-amz-server-side-encryption-customer-key-md5: %s", store->customer_key_md5));
    }
}

/* The request's header lines, all but the signature's; NULL-terminated. */
static GPtrArray *request_headers(const S3Store *store, const S3Request *request, const S3Credentials *credentials,
                                  const char *host, const char *hash, const char *date) {
    GPtrArray *headers = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(headers, g_strdup_printf("host: %s", host));
    g_ptr_array_add(headers, g_strdup_printf("x-amz-content-sha256: %s", hash));
    g_ptr_array_add(headers, g_strdup_printf("x-amz-date: %s", date));
    if (credentials->session_token)
        g_ptr_array_add(headers, g_strdup_printf("x-amz-security-token: %s", credentials->session_token));
    for (const char *const *header = request->headers; header && *header; header++)
        g_ptr_array_add(headers, g_strdup(*header));
    add_encryption(store, request, headers);
    g_ptr_array_add(headers, NULL);
    return headers;
}

static Cancel *cancel_of(const S3Store *store, const S3Request *request) {
    return request->uncancelled ? NULL : request->cancel ? request->cancel : store->store.cancel;
}

/* Signs and sends once. */
static bool attempt(S3Store *store, const S3Request *request, gint64 deadline, const S3Credentials *credentials,
                    HttpResponse *out, GError **error) {
    bool path_style;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *region = s3_region(store), *endpoint = endpoint_of(store, store->base, region, &path_style);
    g_autofree char *path = request_path(store, request->key, path_style), *date = s3_sign_date(now);
    g_autofree char *hash = s3_sha256_hex(request->body, request->body_length);
    const char *host = strstr(endpoint, "://") + 3;
    g_autoptr(GPtrArray) headers = request_headers(store, request, credentials, host, hash, date);
    S3SignRequest sign = {.method = request->method,
                          .host = host,
                          .path = path,
                          .query = request->query,
                          .headers = (const char *const *)headers->pdata,
                          .payload_hash = hash,
                          .region = region,
                          .service = "s3",
                          .now = now};
    g_autofree char *authorization = s3_sign_header(&sign, credentials);
    g_ptr_array_remove_index(headers, headers->len - 1);
    g_ptr_array_add(headers, g_steal_pointer(&authorization));
    g_ptr_array_add(headers, g_strdup("content-type:")); /* none: libcurl would add a form's */
    g_ptr_array_add(headers, NULL);
    g_autofree char *query = request->query ? g_strjoinv("&", (char **)request->query) : NULL;
    g_autofree char *url = g_strdup_printf("%s%s%s%s", endpoint, path, query ? "?" : "", query ? query : "");
    HttpRequest raw = {.method = request->method,
                       .url = url,
                       .headers = (const char *const *)headers->pdata,
                       .body = request->body,
                       .body_length = request->body_length,
                       .deadline = deadline,
                       .response_max = ANSWER_MAX,
                       .on_body = request->on_body,
                       .on_body_data = request->on_body_data,
                       .cancel = cancel_of(store, request),
                       .once = request->repeated != NULL};
    if (http_perform(store->http, &raw, out, error))
        return true;
    g_autofree char *name = s3_name(store, request->key);
    g_prefix_error(error, "%s %s at %s: ", request->method, name, endpoint);
    return false;
}

bool s3_is_region(const char *name) {
    for (const char *c = name; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("-_.", *c))
            return false;
    return *name != '\0';
}

/* The server names another region for the bucket: true when it was news. */
static bool learn_region(S3Store *store, const HttpResponse *response) {
    if (response->status != 301 && response->status != 400 && response->status != 307)
        return false;
    const char *header = http_response_header(response, "x-amz-bucket-region");
    g_autofree char *named = header
                                 ? g_strdup(header)
                                 : s3_xml_text((const char *)response->body->data, response->body->len, "Error/Region");
    pthread_mutex_lock(&store->lock);
    bool news = named && s3_is_region(named) && g_strcmp0(named, store->region) != 0;
    if (news) {
        g_free(store->region);
        store->region = g_steal_pointer(&named);
    }
    pthread_mutex_unlock(&store->lock);
    return news;
}

/* The server no longer takes these keys, though they were not due: others may be had now.
 * HEAD has no body to say so in, but its 400 has hardly another cause. */
static bool renew_keys(S3Store *store, const S3Request *request, int status, const char *code,
                       const S3Credentials *used) {
    static const char *const codes[] = {"ExpiredToken", "TokenRefreshRequired", "InvalidToken", NULL};
    bool unsaid = status == 400 && used->session_token && g_str_equal(request->method, "HEAD");
    if (!unsaid && !(code && g_strv_contains(codes, code)))
        return false;
    s3_provider_forget(store->keys, used);
    return true;
}

/* The head of an answer to POST is sent before the work is done: an error may stand in its
 * body. Such an answer gets the status that it should have had. */
static void see_late_error(const S3Request *request, HttpResponse *response) {
    if (response->status != 200 || !g_str_equal(request->method, "POST"))
        return;
    g_autofree char *code = s3_xml_text((const char *)response->body->data, response->body->len, "Error/Code");
    if (code)
        response->status = g_str_equal(code, "PreconditionFailed") ? 412 : 500;
}

/* Whether to ask again after this answer. */
static bool is_worth_repeating(S3Store *store, const S3Request *request, const S3Credentials *used,
                               const HttpResponse *response, bool *renewed) {
    if (learn_region(store, response))
        return true;
    g_autofree char *code = s3_xml_text((const char *)response->body->data, response->body->len, "Error/Code");
    if (is_transient_status(response->status, code))
        return true;
    bool again = !*renewed && renew_keys(store, request, response->status, code, used);
    *renewed = *renewed || again;
    return again;
}

bool s3_request(S3Store *store, const S3Request *request, HttpResponse *out, GError **error) {
    guint64 seconds =
        request->uncancelled ? CLEAN_UP_TIMEOUT_S : REQUEST_TIMEOUT_S + request->body_length / BYTES_A_SECOND_MIN;
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    bool renewed = false;
    for (unsigned tries = 0;; tries++) {
        g_autoptr(GError) failure = NULL;
        g_auto(S3Credentials) credentials = {0};
        if (!s3_provider_get(store->keys, &credentials, error)) {
            g_prefix_error(error, "s3://%s: ", store->store.bucket);
            return false;
        }
        bool answered = attempt(store, request, deadline, &credentials, out, &failure);
        if (answered)
            see_late_error(request, out);
        if (answered && out->status >= 200 && out->status < 300)
            return true;
        /* What was streamed cannot be taken back: the caller goes on from there. */
        bool again = answered ? is_worth_repeating(store, request, &credentials, out, &renewed)
                              : base_error_is_transient(failure) && !request->on_body;
        double asked = answered ? http_response_retry_after(out) : -1;
        gint64 pause = asked >= 0 ? (gint64)(MIN(asked, 60) * G_USEC_PER_SEC) : http_backoff(tries, 100, 10000) + 10000;
        if (!again || tries + 1 >= TRIES_MAX || g_get_monotonic_time() + pause > deadline) {
            if (answered)
                set_status_error(store, request, out, error);
            else
                g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
        if (!cancel_sleep(cancel_of(store, request), pause, error))
            return false;
        if (request->repeated)
            *request->repeated = true;
    }
}

/* --- head ---------------------------------------------------------------------------------- */

gint64 s3_http_date(const char *text) {
    struct tm parts = {0};
    return text && strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts) ? timegm(&parts) : 0;
}

static StoreObject *object_of(const char *key, const HttpResponse *response) {
    const char *length = http_response_header(response, "content-length");
    StoreObject *object = g_new0(StoreObject, 1);
    *object = (StoreObject){.key = g_strdup(key),
                            .etag = g_strdup(http_response_header(response, "etag")),
                            .size = g_ascii_strtoull(length, NULL, 10),
                            .mtime = s3_http_date(http_response_header(response, "last-modified"))};
    return object;
}

StoreObject *s3_head_with(S3Store *store, const char *key, const char *query, HttpResponse *out, GError **error) {
    const char *queries[] = {query, NULL}, *headers[] = {"x-amz-checksum-mode: ENABLED", NULL};
    S3Request request = {
        .method = "HEAD", .key = key, .query = query ? queries : NULL, .headers = headers, .is_read = true};
    if (!s3_request(store, &request, out, error))
        return NULL;
    if (http_response_header(out, "content-length"))
        return object_of(key, out);
    g_autofree char *name = s3_name(store, key);
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                "HEAD %s was answered without a size; does something compress answers on the way?", name);
    return NULL;
}

StoreObject *s3_head(Store *base, const char *key, GError **error) {
    g_auto(HttpResponse) response = {0};
    return s3_head_with((S3Store *)base, key, NULL, &response, error);
}

/* --- delete and signed URLs ------------------------------------------------------------------------------ */

bool s3_delete(Store *base, const char *key, bool clean_up, GError **error) {
    S3Request request = {.method = "DELETE", .key = key, .uncancelled = clean_up};
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    if (s3_request((S3Store *)base, &request, &response, &failure))
        return true;
    g_autofree char *code =
        response.body ? s3_xml_text((const char *)response.body->data, response.body->len, "Error/Code") : NULL;
    if (response.status == 404 && g_strcmp0(code, "NoSuchBucket") != 0)
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* A URL signed for the wrong region is worth nothing: asks for AWS's where none is set. */
static bool find_region(S3Store *store, GError **error) {
    pthread_mutex_lock(&store->lock);
    bool known = store->base || (store->region && *store->region);
    pthread_mutex_unlock(&store->lock);
    S3Request request = {.method = "HEAD"};
    g_auto(HttpResponse) response = {0};
    return known || s3_request(store, &request, &response, error);
}

char *s3_sign_get(Store *base, const char *key, unsigned seconds, GError **error) {
    enum { SECONDS_MAX = 7 * 24 * 3600 };
    S3Store *store = (S3Store *)base;
    g_auto(S3Credentials) credentials = {0};
    if (seconds == 0 || seconds > SECONDS_MAX) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "a signed URL holds for 1 to %d seconds, not %u",
                    SECONDS_MAX, seconds);
        return NULL;
    }
    if (store->customer_key) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED,
                            "what is encrypted with a customer key cannot be read by a URL alone");
        return NULL;
    }
    if (!s3_provider_get(store->keys, &credentials, error) || !find_region(store, error))
        return NULL;
    bool path_style;
    g_autofree char *region = s3_region(store);
    g_autofree char *endpoint =
        endpoint_of(store, store->public_base ? store->public_base : store->base, region, &path_style);
    g_autofree char *path = request_path(store, key, path_style);
    S3SignRequest sign = {.method = "GET",
                          .host = strstr(endpoint, "://") + 3,
                          .path = path,
                          .region = region,
                          .service = "s3",
                          .now = g_get_real_time() / G_USEC_PER_SEC};
    g_autofree char *query = s3_sign_query(&sign, &credentials, seconds);
    return g_strdup_printf("%s%s?%s", endpoint, path, query);
}
