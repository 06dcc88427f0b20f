#include "sonobuoy/check/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum { CERTIFICATES_MAX = 1000, NAMES_MAX = 1000 };

typedef BIO Memory;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Memory, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GENERAL_NAMES, GENERAL_NAMES_free)

void certificate_free(Certificate *certificate) {
    if (!certificate)
        return;
    g_free(certificate->subject);
    g_free(certificate->issuer);
    g_strfreev(certificate->names);
    g_free(certificate->fingerprint);
    g_free(certificate);
}

static gint64 time_of(const ASN1_TIME *time) {
    struct tm parts = {0};
    return ASN1_TIME_to_tm(time, &parts) ? (gint64)timegm(&parts) * G_USEC_PER_SEC : 0;
}

static char *name_of_entity(const X509_NAME *name) {
    g_autoptr(Memory) memory = BIO_new(BIO_s_mem());
    char *data = NULL;
    if (X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) < 0)
        return g_strdup("?");
    long length = BIO_get_mem_data(memory, &data);
    g_autofree char *raw = g_strndup(data, (gsize)MAX(length, 0));
    return g_utf8_make_valid(raw, -1);
}

static char *address_text(const unsigned char *bytes, int length) {
    if (length == 4)
        return g_strdup_printf("%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
    GString *text = g_string_new(NULL);
    for (int i = 0; length == 16 && i < length; i += 2)
        g_string_append_printf(text, "%s%x", i ? ":" : "", (unsigned)(bytes[i] << 8 | bytes[i + 1]));
    return g_string_free(text, FALSE);
}

static GStrv names_of(X509 *certificate) {
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    g_autoptr(GENERAL_NAMES) found = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < MIN(sk_GENERAL_NAME_num(found), NAMES_MAX); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(found, i);
        g_autofree char *text = NULL;
        if (name->type == GEN_DNS)
            text = g_strndup((const char *)ASN1_STRING_get0_data(name->d.dNSName),
                             (gsize)ASN1_STRING_length(name->d.dNSName));
        else if (name->type == GEN_IPADD)
            text = address_text(ASN1_STRING_get0_data(name->d.iPAddress), ASN1_STRING_length(name->d.iPAddress));
        if (text && *text && g_utf8_validate(text, -1, NULL))
            g_strv_builder_add(names, text);
    }
    return g_strv_builder_end(names);
}

static char *sum_of(X509 *certificate) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    GString *text = g_string_new(NULL);
    if (X509_digest(certificate, EVP_sha256(), sum, &length))
        for (unsigned i = 0; i < length; i++)
            g_string_append_printf(text, "%02x", sum[i]);
    return g_string_free(text, FALSE);
}

static Certificate *certificate_of(X509 *x509) {
    Certificate *certificate = g_new0(Certificate, 1);
    certificate->subject = name_of_entity(X509_get_subject_name(x509));
    certificate->issuer = name_of_entity(X509_get_issuer_name(x509));
    certificate->not_before = time_of(X509_get0_notBefore(x509));
    certificate->not_after = time_of(X509_get0_notAfter(x509));
    certificate->names = names_of(x509);
    certificate->fingerprint = sum_of(x509);
    return certificate;
}

/* No password is asked for. */
static int no_password(char *buffer, int size, int writes, void *data) {
    return -1;
}

GPtrArray *certificates_read(const char *pem, size_t length, GError **error) {
    g_autoptr(GPtrArray) certificates = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_free);
    g_autoptr(Memory) memory = length <= INT_MAX ? BIO_new_mem_buf(pem, (int)length) : NULL;
    ERR_clear_error();
    while (memory && certificates->len < CERTIFICATES_MAX) {
        g_autoptr(X509) x509 = PEM_read_bio_X509(memory, NULL, no_password, NULL);
        if (!x509)
            break;
        g_ptr_array_add(certificates, certificate_of(x509));
    }
    unsigned long last = ERR_peek_last_error();
    bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    char reason[256] = "";
    ERR_error_string_n(last, reason, sizeof reason);
    ERR_clear_error();
    if (certificates->len && (at_end || certificates->len == CERTIFICATES_MAX))
        return g_steal_pointer(&certificates);
    if (at_end || !last)
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID, "there is no certificate in it");
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "certificate %u in it cannot be read: %s",
                    certificates->len + 1, reason);
    return NULL;
}

GPtrArray *certificates_read_base64(const char *text, GError **error) {
    gsize length;
    g_autofree char *pem = (char *)g_base64_decode(text, &length);
    return certificates_read(pem, length, error);
}
