/* The steps of a check that only buckets have, and what to do about S3's refusals. */
#include "store/s3-internal.h"

#include "base/text.h"

#include <string.h>

#define CLOCK_REMEDY "set the clock that is wrong, and keep it right by NTP (timedatectl set-ntp true)"

enum { ADDRESS_TIMEOUT_S = 20, URL_SECONDS = 60 };

/* What the way there has shown. */
typedef struct {
    HttpResponse greeting; /* to a request without credentials */
    gint64 greeted_at;     /* wall clock */
    char *region;          /* as configured; NULL: none is */
    GError *refusal;       /* of the first signed request */
    int refusal_status;    /* 0: it was not answered */
} S3Look;

/* --- the way there ----------------------------------------------------------------------------- */

static bool check_address(StoreCheck *check, GError **error) {
    S3Store *store = (S3Store *)check->store;
    S3Look *look = check->own = g_new0(S3Look, 1);
    bool path_style;
    g_autofree char *url = s3_address(store, &path_style);
    HttpRequest request = {.method = "HEAD",
                           .url = url,
                           .deadline = g_get_monotonic_time() + ADDRESS_TIMEOUT_S * G_USEC_PER_SEC,
                           .cancel = check->store->cancel};
    gint64 before = g_get_real_time();
    if (!http_perform(store->http, &request, &look->greeting, error)) {
        g_prefix_error(error, "%s: ", url);
        return false;
    }
    look->greeted_at = before + (g_get_real_time() - before) / 2;
    if (look->greeting.status >= 500) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "%s answers %d", url, look->greeting.status);
        return false;
    }
    return store_check_ok(check, "%s answers%s, %s", url,
                          g_str_has_prefix(url, "https:") ? " over TLS" : ", not over TLS",
                          path_style ? "the bucket in the path" : "the bucket in the host's name");
}

StoreCheckOutcome s3_clock_outcome(gint64 ahead) {
    const gint64 minute = 60 * (gint64)G_USEC_PER_SEC;
    gint64 off = ahead < 0 ? -ahead : ahead;
    return off > 15 * minute ? STORE_CHECK_FAILED : off > minute ? STORE_CHECK_WARNING : STORE_CHECK_OK;
}

static bool check_clock(StoreCheck *check, GError **error) {
    const S3Look *look = check->own;
    gint64 at = s3_http_date(http_response_header(&look->greeting, "date"));
    if (!at)
        return store_check_skip(check, "the server does not say what time it has");
    gint64 ahead = look->greeted_at - at * G_USEC_PER_SEC - G_USEC_PER_SEC / 2; /* it tells whole seconds */
    g_autofree char *off = duration_format_short(ahead < 0 ? -ahead : ahead);
    const char *way = ahead < 0 ? "behind" : "ahead of";
    switch (s3_clock_outcome(ahead)) {
    case STORE_CHECK_FAILED:
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "this machine's clock is %s %s the server's; S3 refuses more than 15 minutes", off, way);
        return false;
    case STORE_CHECK_WARNING:
        return store_check_warn(check, g_strdup(CLOCK_REMEDY), "this machine's clock is %s %s the server's", off, way);
    case STORE_CHECK_OK:
    case STORE_CHECK_SKIPPED: break;
    }
    return store_check_ok(check, "%s %s the server's", g_str_equal(off, "0s") ? "less than 1s" : off, way);
}

/* A listing of one key: what the store would ask, and answered with a reason where it is refused. */
static bool ask_signed(S3Store *store, HttpResponse *out, GError **error) {
    g_autofree char *escaped = http_escape(store->store.prefix, NULL);
    g_autofree char *prefix = g_strdup_printf("prefix=%s%s", escaped, *escaped ? "%2F" : "");
    const char *query[] = {"list-type=2", "max-keys=1", prefix, NULL};
    S3Request request = {.method = "GET", .query = query};
    return s3_request(store, &request, out, error);
}

static bool check_credentials(StoreCheck *check, GError **error) {
    static const char *const refusals[] = {
        "InvalidAccessKeyId",   "SignatureDoesNotMatch", "ExpiredToken",         "InvalidToken",
        "TokenRefreshRequired", "InvalidClientTokenId",  "RequestTimeTooSkewed", NULL};
    S3Store *store = (S3Store *)check->store;
    S3Look *look = check->own;
    g_auto(S3Credentials) keys = {0};
    g_auto(HttpResponse) answer = {0};
    if (!s3_provider_get(store->keys, &keys, error))
        return false;
    look->region = store->region ? s3_region(store) : NULL;
    if (!ask_signed(store, &answer, &look->refusal))
        look->refusal_status = answer.status;
    g_autofree char *code =
        answer.body ? s3_xml_text((const char *)answer.body->data, answer.body->len, "Error/Code") : NULL;
    if (look->refusal && (answer.status == 401 || (code && g_strv_contains(refusals, code)))) {
        g_propagate_prefixed_error(error, g_error_copy(look->refusal), "keys of %s: ", keys.source);
        return false;
    }
    size_t shown = MIN(strlen(keys.access_key), 4);
    g_autofree char *left = keys.expires_at ? duration_format_short(MAX(0, keys.expires_at - g_get_real_time())) : NULL;
    return store_check_ok(check, "%s, a key that ends in %s%s%s", keys.source,
                          keys.access_key + strlen(keys.access_key) - shown, left ? ", for " : "", left ? left : "");
}

static bool check_bucket(StoreCheck *check, GError **error) {
    S3Store *store = (S3Store *)check->store;
    S3Look *look = check->own;
    g_autofree char *region = s3_region(store);
    if (look->refusal && look->refusal_status != 403) { /* that one is the listing's to tell */
        g_propagate_error(error, g_error_copy(look->refusal));
        return false;
    }
    if (look->region && !g_str_equal(look->region, region))
        return store_check_warn(check, g_strdup_printf("set region=%s", region),
                                "it is in %s, not in %s as configured; ark follows the server's word, not every "
                                "program does",
                                region, look->region);
    return store_check_ok(check, "%s, region %s%s", store_bucket(check->store), region,
                          look->region ? "" : ", which is not configured");
}

/* --- what only buckets do ------------------------------------------------------------------------- */

/* Asked of the server itself: the store would look first. */
static bool check_absent(StoreCheck *check, GError **error) {
    const char *headers[] = {"if-none-match: *", NULL};
    S3Request request = {.method = "PUT",
                         .key = check->key,
                         .headers = headers,
                         .body = check->bytes->data,
                         .body_length = check->bytes->len,
                         .is_write = true};
    g_auto(HttpResponse) answer = {0};
    g_autoptr(GError) failure = NULL;
    bool replaced = s3_request((S3Store *)check->store, &request, &answer, &failure);
    if (answer.status == 412)
        return store_check_ok(check, "what is there is not replaced");
    char *advice = g_strdup("give each backup a name of its own: of two at once, the later may win");
    return store_check_warn(check, advice, "%s",
                            replaced ? "the server does not know If-None-Match: it replaced the object"
                                     : failure->message);
}

/* What is behind the URL, fetched as anybody can. */
static bool fetch(StoreCheck *check, const char *url, HttpResponse *out, GError **error) {
    HttpRequest request = {.method = "GET",
                           .url = url,
                           .deadline = g_get_monotonic_time() + URL_SECONDS * G_USEC_PER_SEC,
                           .response_max = 64 << 20,
                           .cancel = check->store->cancel};
    if (!http_perform(((S3Store *)check->store)->http, &request, out, error))
        return false;
    if (out->status == 200)
        return check->options->read_only || store_check_same(check, out->body->data, out->body->len, error);
    g_autofree char *code = s3_xml_text((const char *)out->body->data, out->body->len, "Error/Code");
    g_set_error(error, BASE_ERROR, BASE_ERROR_FAILED, "it is answered %d%s%s", out->status, code ? " " : "",
                code ? code : "");
    return false;
}

/* Not of ark's own needs, so not a failure. */
static bool check_url(StoreCheck *check, GError **error) {
    const S3Store *store = (const S3Store *)check->store;
    g_autoptr(GError) failure = NULL;
    g_auto(HttpResponse) answer = {0};
    g_autofree char *url = store_sign_get(check->store, check->key, URL_SECONDS, &failure);
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_UNSUPPORTED))
        return store_check_skip(check, "%s", failure->message);
    if (url && fetch(check, url, &answer, &failure))
        return store_check_ok(check, "read without credentials");
    return store_check_warn(check,
                            g_strdup_printf("`velero backup logs`, describe and download need it: check %s",
                                            store->public_base ? "publicUrl" : "s3Url, or set publicUrl"),
                            "%s", failure->message);
}

/* --- an upload that is given up ------------------------------------------------------------------- */

/* Its id, escaped for a query. */
static char *begin_upload(StoreCheck *check, GError **error) {
    const char *query[] = {"uploads=", NULL};
    S3Request request = {.method = "POST", .key = check->key, .query = query, .is_write = true};
    g_auto(HttpResponse) answer = {0};
    if (!s3_request((S3Store *)check->store, &request, &answer, error))
        return NULL;
    g_autofree char *id =
        s3_xml_text((const char *)answer.body->data, answer.body->len, "InitiateMultipartUploadResult/UploadId");
    if (id)
        return http_escape(id, NULL);
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CORRUPT, "an upload was begun without an id");
    return NULL;
}

/* Whether the server takes no part of it any more. */
static bool is_over(StoreCheck *check, const char *id, GError **error) {
    g_autofree char *pair = g_strdup_printf("uploadId=%s", id);
    const char *query[] = {"partNumber=1", pair, NULL};
    S3Request request = {
        .method = "PUT", .key = check->key, .query = query, .body = "ark", .body_length = 3, .is_read = true};
    g_auto(HttpResponse) answer = {0};
    g_autoptr(GError) failure = NULL;
    bool taken = s3_request((S3Store *)check->store, &request, &answer, &failure);
    if (answer.status == 404 || answer.status == 500) /* the latter is what not every server has an error for */
        return true;
    if (taken)
        g_set_error(&failure, BASE_ERROR, BASE_ERROR_CORRUPT, "an upload that was aborted still takes parts");
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static bool check_abort(StoreCheck *check, GError **error) {
    g_autofree char *id = begin_upload(check, error);
    if (!id)
        return false;
    g_autofree char *pair = g_strdup_printf("uploadId=%s", id);
    const char *query[] = {pair, NULL};
    S3Request request = {.method = "DELETE", .key = check->key, .query = query, .uncancelled = true};
    g_auto(HttpResponse) answer = {0};
    if (s3_request((S3Store *)check->store, &request, &answer, error))
        return is_over(check, id, error) && store_check_ok(check, "nothing is left of an upload that is given up");
    g_prefix_error(error, "an upload is left there: ");
    return false;
}

/* --- what to do -------------------------------------------------------------------------------------- */

/* The right that a step needs, and on what. */
static const struct {
    const char *step, *action;
    bool on_bucket;
} rights[] = {
    {"list", "s3:ListBucket", true}, {"write", "s3:PutObject"},     {"head", "s3:GetObject"},
    {"read", "s3:GetObject"},        {"range", "s3:GetObject"},     {"overwrite", "s3:PutObject"},
    {"delete", "s3:DeleteObject"},   {"multipart", "s3:PutObject"}, {"abort", "s3:AbortMultipartUpload"},
};

static char *allow(const StoreCheck *check, const char *step) {
    const char *bucket = store_bucket(check->store), *prefix = store_prefix(check->store);
    for (size_t i = 0; i < G_N_ELEMENTS(rights); i++)
        if (g_str_equal(rights[i].step, step))
            return g_strdup_printf("allow %s%s on arn:aws:s3:::%s%s%s%s to these credentials", rights[i].action,
                                   g_str_equal(rights[i].action, "s3:PutObject") &&
                                           ((const S3Store *)check->store)->tagging
                                       ? " and s3:PutObjectTagging"
                                       : "",
                                   bucket, rights[i].on_bucket || !*prefix ? "" : "/",
                                   rights[i].on_bucket ? "" : prefix, rights[i].on_bucket ? "" : "/*");
    return NULL;
}

/* By words of the error's message, the first that fits; without a remedy: a right is missing. */
static const struct {
    const char *says, *remedy;
} remedies[] = {
    /* of libcurl */
    {"resolve host", "check the name in s3Url, and this machine's DNS; s3ForcePathStyle=true where the server has no "
                     "names for buckets"},
    {"resolve proxy", "check HTTPS_PROXY and NO_PROXY"},
    {"certificate subject name", "use the name that the certificate is for in s3Url; s3ForcePathStyle=true where it is "
                                 "not for names of buckets"},
    {"certificate has expired", "renew the server's certificate"},
    {"certificate is not yet valid", "check this machine's clock, and the server's certificate"},
    {"certificate", "name the file of the certificate that signed the server's: --location-config caCert=FILE"},
    {"wrong version number", "the server does not speak TLS there: write http:// in s3Url, or another port"},
    {"SSL", "check that the server speaks TLS on this port; write http:// in s3Url otherwise"},
    {"onnect", "check host and port in s3Url, that the server runs, and firewalls and proxies between"},
    {"imed out", "check host and port in s3Url, and firewalls and proxies between"},
    /* of S3 */
    {"no credentials", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file and a profile in it: "
                       "--location-config credentialsFile=FILE --location-config profile=NAME"},
    {"RequestTimeTooSkewed", CLOCK_REMEDY},
    {"clock", CLOCK_REMEDY},
    {"InvalidAccessKeyId", "the server does not know this access key: check it, and that s3Url is its server"},
    {"SignatureDoesNotMatch", "the secret is not that of the access key: copy both anew, without spaces or quotes"},
    {"ExpiredToken", "get new keys: these have ended"},
    {"InvalidToken", "check AWS_SESSION_TOKEN: it belongs to other keys, or must not be set with these"},
    {"TokenRefreshRequired", "get new keys: these have ended"},
    {"NoSuchBucket", "create the bucket, or check its name: what follows it after a / is the prefix"},
    {"AuthorizationHeaderMalformed", "set region to the bucket's own"},
    {"PermanentRedirect", "set region to the bucket's own, and s3Url to that region's server"},
    {" 301", "set region to the bucket's own, and s3Url to that region's server"},
    {"kms", "allow kms:GenerateDataKey and kms:Decrypt on the key to these credentials"},
    {"KMS", "allow kms:GenerateDataKey and kms:Decrypt on the key to these credentials"},
    {"NotImplemented",
     "the server does not do all of S3: try checksumAlgorithm= (empty), and without encryption and tags"},
    {"torageFull", "free some space on the server"},
    {"Quota", "raise the bucket's quota, or delete backups"},
    {"something else answers", "check s3Url: what answers there does not speak S3"},
    {" 403", NULL},
    {"is there all the same", "see whether the bucket holds objects back (Object Lock, retention)"},
    {" 50", "the server has trouble of its own: see its log, and try again"},
};

/* The message without addresses, whose names may be any words. */
static char *without_names(const char *message) {
    g_auto(GStrv) words = g_strsplit(message, " ", -1);
    for (char **word = words; *word; word++)
        if (strstr(*word, "://"))
            **word = '\0';
    return g_strjoinv(" ", words);
}

static char *remedy(const StoreCheck *check, const char *step, const GError *error) {
    g_autofree char *message = without_names(error->message);
    for (size_t i = 0; i < G_N_ELEMENTS(remedies); i++)
        if (strstr(message, remedies[i].says)) {
            char *right = remedies[i].remedy ? NULL : allow(check, step);
            return right ? right : g_strdup(remedies[i].remedy);
        }
    return g_strdup("the server's log may say more");
}

static void end(StoreCheck *check) {
    S3Look *look = check->own;
    if (!look)
        return;
    http_response_clear(&look->greeting);
    g_clear_error(&look->refusal);
    g_free(look->region);
    g_free(look);
}

static const StoreStep steps[] = {
    {"address", STORE_STEP_WAY, check_address},
    {"clock", STORE_STEP_WAY, check_clock},
    {"credentials", STORE_STEP_WAY, check_credentials},
    {"bucket", STORE_STEP_WAY, check_bucket},
    {"list", 0, store_check_list},
    {"write", STORE_STEP_WRITES, store_check_write},
    {"head", STORE_STEP_OBJECT, store_check_head},
    {"read", STORE_STEP_OBJECT, store_check_read},
    {"range", STORE_STEP_OBJECT, store_check_range},
    {"overwrite", STORE_STEP_OBJECT | STORE_STEP_WRITES, store_check_overwrite},
    {"if absent", STORE_STEP_OBJECT | STORE_STEP_WRITES, check_absent},
    {"signed URL", STORE_STEP_OBJECT, check_url},
    {"delete", STORE_STEP_OBJECT | STORE_STEP_WRITES, store_check_delete},
    {"multipart", STORE_STEP_WRITES | STORE_STEP_REMOVABLE, store_check_large},
    {"abort", STORE_STEP_WRITES | STORE_STEP_REMOVABLE, check_abort},
    {0},
};
const StoreCheckClass store_s3_check = {steps, remedy, end};
