/* Signature Version 4. */
#include "store/s3-internal.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <time.h>

static char *hex_of(const unsigned char *bytes, size_t length) {
    char *hex = g_malloc(2 * length + 1);
    for (size_t i = 0; i < length; i++)
        g_snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return hex;
}

char *s3_sha256_hex(const void *data, size_t length) {
    unsigned char digest[32];
    EVP_Digest(length ? data : "", length, digest, NULL, EVP_sha256(), NULL);
    return hex_of(digest, sizeof digest);
}

char *s3_sign_date(gint64 now) {
    time_t seconds = (time_t)now;
    struct tm parts;
    char text[32];
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
    return g_strdup(text);
}

static int compare_lines(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Pairs sorted by name, then value, joined with '&'. */
static char *canonical_query(const char *const *query) {
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    for (; query && *query; query++)
        g_ptr_array_add(pairs, (void *)*query);
    g_ptr_array_sort(pairs, compare_lines);
    g_ptr_array_add(pairs, NULL);
    return g_strjoinv("&", (char **)pairs->pdata);
}

/* Lines "name:value" by name: ':' sorts after '-', so the lines themselves would put a name behind
 * those that it begins. */
static int compare_names(const void *a, const void *b) {
    const char *one = *(char *const *)a, *other = *(char *const *)b;
    while (*one == *other && *one != ':')
        one++, other++;
    return (*one == ':' ? 0 : *one) - (*other == ':' ? 0 : *other);
}

/* Header lines sorted by name, values trimmed; also the names. */
static char *canonical_headers(const char *const *headers, char **out_names) {
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    GString *text = g_string_new(NULL), *names = g_string_new(NULL);
    for (; headers && *headers; headers++) {
        const char *colon = strchr(*headers, ':');
        g_autofree char *name = g_strndup(*headers, (gsize)(colon - *headers)),
                        *value = g_strstrip(g_strdup(colon + 1));
        g_ptr_array_add(lines, g_strdup_printf("%s:%s\n", name, value));
    }
    g_ptr_array_sort(lines, compare_names);
    for (guint i = 0; i < lines->len; i++) {
        const char *line = g_ptr_array_index(lines, i);
        g_string_append(text, line);
        g_string_append_printf(names, "%s%.*s", i ? ";" : "", (int)(strchr(line, ':') - line), line);
    }
    *out_names = g_string_free(names, FALSE);
    return g_string_free(text, FALSE);
}

static void hmac(const void *key, size_t key_length, const char *text, unsigned char out[32]) {
    HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, strlen(text), out, NULL);
}

/* The signature over a canonical request. */
static char *signature(const S3SignRequest *request, const S3Credentials *credentials, const char *canonical,
                       const char *date) {
    g_autofree char *day = g_strndup(date, 8), *hash = s3_sha256_hex(canonical, strlen(canonical));
    g_autofree char *to_sign = g_strdup_printf("AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", date, day,
                                               request->region, request->service, hash);
    g_autofree char *start = g_strconcat("AWS4", credentials->secret_key, NULL);
    unsigned char key[32], next[32];
    hmac(start, strlen(start), day, key);
    hmac(key, sizeof key, request->region, next);
    hmac(next, sizeof next, request->service, key);
    hmac(key, sizeof key, "aws4_request", next);
    hmac(next, sizeof next, to_sign, key);
    return hex_of(key, sizeof key);
}

char *s3_sign_header(const S3SignRequest *request, const S3Credentials *credentials) {
    g_autofree char *names = NULL;
    g_autofree char *headers = canonical_headers(request->headers, &names), *query = canonical_query(request->query);
    g_autofree char *date = s3_sign_date(request->now);
    g_autofree char *canonical = g_strdup_printf("%s\n%s\n%s\n%s\n%s\n%s", request->method, request->path, query,
                                                 headers, names, request->payload_hash);
    g_autofree char *sign = signature(request, credentials, canonical, date);
    return g_strdup_printf(
        "authorization: AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=%s, Signature=%s",
        credentials->access_key, date, request->region, request->service, names, sign);
}

char *s3_sign_query(const S3SignRequest *request, const S3Credentials *credentials, unsigned seconds) {
    g_autofree char *date = s3_sign_date(request->now);
    g_autofree char *scope =
        g_strdup_printf("%s/%.8s/%s/%s/aws4_request", credentials->access_key, date, request->region, request->service);
    g_autofree char *scope_escaped = http_escape(scope, NULL);
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(pairs, g_strdup("X-Amz-Algorithm=AWS4-HMAC-SHA256"));
    g_ptr_array_add(pairs, g_strdup_printf("X-Amz-Credential=%s", scope_escaped));
    g_ptr_array_add(pairs, g_strdup_printf("X-Amz-Date=%s", date));
    g_ptr_array_add(pairs, g_strdup_printf("X-Amz-Expires=%u", seconds));
    g_ptr_array_add(pairs, g_strdup("X-Amz-SignedHeaders=host"));
    if (credentials->session_token) {
        g_autofree char *token = http_escape(credentials->session_token, NULL);
        g_ptr_array_add(pairs, g_strdup_printf("X-Amz-Security-Token=%s", token));
    }
    g_ptr_array_add(pairs, NULL);
    g_autofree char *query = canonical_query((const char *const *)pairs->pdata);
    g_autofree char *canonical = g_strdup_printf("%s\n%s\n%s\nhost:%s\n\nhost\nUNSIGNED-PAYLOAD", request->method,
                                                 request->path, query, request->host);
    g_autofree char *sign = signature(request, credentials, canonical, date);
    return g_strdup_printf("%s&X-Amz-Signature=%s", query, sign);
}
