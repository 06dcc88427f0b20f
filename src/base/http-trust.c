/* Certificates that bear their own authority's name, as those of a stock Sonobuoy aggregator do. OpenSSL takes such a
 * one for self-signed where it does not say which key signed it, and refuses it. Here it is good where an authority
 * that is trusted has signed it, as Go has it. */
#include "base/http-internal.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { BITS_MIN = 112 }; /* of the signature's security, OpenSSL's level 2 */

static bool is_in_time(const X509 *certificate) {
    return X509_cmp_timeframe(NULL, X509_get0_notBefore(certificate), X509_get0_notAfter(certificate)) == 0;
}

static bool has_signed(X509 *authority, X509 *certificate) {
    return X509_NAME_cmp(X509_get_subject_name(authority), X509_get_issuer_name(certificate)) == 0 &&
           X509_check_ca(authority) == 1 && is_in_time(authority) &&
           X509_verify(certificate, X509_get0_pubkey(authority)) == 1;
}

static bool is_signed_by_trusted(X509_STORE *store, X509 *certificate) {
    int bits = 0;
    if (!is_in_time(certificate) || X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) != 1 ||
        !X509_get_signature_info(certificate, NULL, NULL, &bits, NULL) || bits < BITS_MIN)
        return false;
    STACK_OF(X509_OBJECT) *trusted = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(trusted); i++) {
        X509 *authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i));
        if (authority && has_signed(authority, certificate))
            return true;
    }
    return false;
}

static int verify(X509_STORE_CTX *context, void *data) {
    int verified = X509_verify_cert(context);
    if (verified > 0 || X509_STORE_CTX_get_error(context) != X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
        !is_signed_by_trusted(X509_STORE_CTX_get0_store(context), X509_STORE_CTX_get0_cert(context)))
        return verified;
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
}

static CURLcode set_verify(CURL *easy, void *context, void *data) {
    SSL_CTX_set_cert_verify_callback(context, verify, NULL);
    return CURLE_OK;
}

void http_trust_by_signature(CURL *easy) {
    const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;
    if (library && g_str_has_prefix(library, "OpenSSL/"))
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, set_verify);
}
