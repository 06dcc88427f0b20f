#include "base/text.h"

#include <openssl/evp.h>
#include <string.h>

enum { LABEL_MAX = 63, SUBDOMAIN_MAX = 253 };

int text_compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *text_sorted(const GString *texts) {
    GPtrArray *sorted = g_ptr_array_new();
    for (size_t at = 0; at < texts->len; at += strlen(texts->str + at) + 1)
        g_ptr_array_add(sorted, texts->str + at);
    g_ptr_array_sort(sorted, text_compare);
    return sorted;
}

static bool is_dns_char(char c) {
    return g_ascii_islower(c) || g_ascii_isdigit(c);
}

static bool is_dns_part(const char *text, size_t length) {
    if (length == 0 || !is_dns_char(text[0]) || !is_dns_char(text[length - 1]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_dns_char(text[i]) && text[i] != '-')
            return false;
    return true;
}

static bool refuse(GError **error, const char *what, const char *text, const char *rule) {
    g_autofree char *shown = g_strescape(text, NULL);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s \"%s\": %s", what, shown, rule);
    return false;
}

bool name_is_dns_label(const char *name, GError **error) {
    if (strlen(name) <= LABEL_MAX && is_dns_part(name, strlen(name)))
        return true;
    return refuse(
        error, "name", name,
        "must be lower-case letters, digits and '-', begin and end with a letter or digit, 63 characters at most");
}

static bool is_dns_subdomain(const char *name, size_t length) {
    if (length == 0 || length > SUBDOMAIN_MAX)
        return false;
    for (const char *part = name, *end = name + length; part <= end;) {
        const char *dot = memchr(part, '.', (size_t)(end - part));
        const char *stop = dot ? dot : end;
        if (!is_dns_part(part, (size_t)(stop - part)))
            return false;
        part = stop + 1;
    }
    return true;
}

bool name_is_dns_subdomain(const char *name, GError **error) {
    if (is_dns_subdomain(name, strlen(name)))
        return true;
    return refuse(error, "name", name,
                  "must be lower-case letters, digits, '-' and '.', each part beginning and ending with a letter or "
                  "digit, 253 characters at most");
}

static bool is_label_name(const char *text) {
    size_t length = strlen(text);
    if (length == 0 || length > LABEL_MAX || !g_ascii_isalnum(text[0]) || !g_ascii_isalnum(text[length - 1]))
        return false;
    for (const char *c = text; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("-_.", *c))
            return false;
    return true;
}

bool name_is_label_key(const char *key, GError **error) {
    const char *slash = strchr(key, '/');
    if (is_label_name(slash ? slash + 1 : key) && (!slash || is_dns_subdomain(key, (size_t)(slash - key))))
        return true;
    return refuse(error, "label key", key,
                  "must be [DNS-prefix/]name, the name of letters, digits, '-', '_', '.', 63 characters at most");
}

bool name_is_label_value(const char *value, GError **error) {
    if (!*value || is_label_name(value))
        return true;
    return refuse(error, "label value", value, "must be letters, digits, '-', '_', '.', 63 characters at most");
}

char *name_to_label_value(const char *name) {
    if (strlen(name) <= LABEL_MAX)
        return g_strdup(name);
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_Digest(name, strlen(name), digest, NULL, EVP_sha256(), NULL);
    return g_strdup_printf("%.57s%02x%02x%02x", name, digest[0], digest[1], digest[2]);
}
