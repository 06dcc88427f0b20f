/* Certificates of a run, looked at with OpenSSL's own verification. */
#include "sonobuoy/certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

static X509 *read_certificate(const char *pem) {
    BIO *memory = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL);
    BIO_free(memory);
    g_assert_nonnull(certificate);
    return certificate;
}

/* Whether the certificate is good for the purpose, by the authority alone. */
static bool verifies(const char *authority, const char *certificate, int purpose) {
    X509 *root = read_certificate(authority), *leaf = read_certificate(certificate);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_add_cert(store, root);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf, NULL);
    X509_STORE_CTX_set_purpose(context, purpose);
    bool good = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(root);
    X509_free(leaf);
    return good;
}

static void test_chain(void) {
    g_autoptr(Authority) authority = authority_new(14, NULL), other = authority_new(14, NULL);
    g_auto(KeyPair) server = {0}, client = {0};
    const char *const hosts[] = {"10.0.0.7", "fd00::7", "aggregator.example.org", NULL};
    g_assert_true(authority_server(authority, hosts, &server, NULL));
    g_assert_true(authority_client(authority, "e2e", &client, NULL));
    g_assert_true(verifies(authority_pem(authority), server.certificate, X509_PURPOSE_SSL_SERVER));
    g_assert_true(verifies(authority_pem(authority), client.certificate, X509_PURPOSE_SSL_CLIENT));
    g_assert_false(verifies(authority_pem(authority), client.certificate, X509_PURPOSE_SSL_SERVER));
    g_assert_false(verifies(authority_pem(authority), server.certificate, X509_PURPOSE_SSL_CLIENT));
    g_assert_false(verifies(authority_pem(other), server.certificate, X509_PURPOSE_SSL_SERVER));

    X509 *leaf = read_certificate(server.certificate), *second = read_certificate(client.certificate);
    g_assert_cmpint(X509_check_ip_asc(leaf, "10.0.0.7", 0), ==, 1);
    g_assert_cmpint(X509_check_ip_asc(leaf, "fd00::7", 0), ==, 1);
    g_assert_cmpint(X509_check_host(leaf, "aggregator.example.org", 0, 0, NULL), ==, 1);
    g_assert_cmpint(X509_check_host(leaf, "other.example.org", 0, 0, NULL), ==, 0);
    g_assert_cmpint(X509_check_host(second, "e2e", 0, 0, NULL), ==, 1);
    /* Serials rise. */
    g_assert_cmpint(ASN1_INTEGER_cmp(X509_get_serialNumber(leaf), X509_get_serialNumber(second)), <, 0);
    /* A clock that is slow by less than an hour is no trouble. */
    time_t early = time(NULL) - 3500;
    g_assert_cmpint(X509_cmp_time(X509_get0_notBefore(leaf), &early), <, 0);
    X509_free(leaf);
    X509_free(second);
}

static void test_keys(void) {
    g_autoptr(Authority) authority = authority_new(14, NULL);
    g_auto(KeyPair) client = {0};
    g_assert_true(authority_client(authority, "systemd-logs", &client, NULL));
    g_assert_true(g_str_has_prefix(client.key, "-----BEGIN EC PRIVATE KEY-----"));
    BIO *memory = BIO_new_mem_buf(client.key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(memory, NULL, NULL, NULL);
    X509 *certificate = read_certificate(client.certificate);
    g_assert_cmpint(X509_check_private_key(certificate, key), ==, 1);
    g_autofree char *subject = X509_NAME_oneline(X509_get_subject_name(certificate), NULL, 0);
    g_assert_cmpstr(subject, ==, "/C=USA/L=Palo Alto, CA/O=VMware/OU=Sonobuoy");
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(memory);
}

static void test_going_on(void) {
    g_autoptr(Authority) before = authority_new(14, NULL), other = authority_new(14, NULL);
    g_auto(KeyPair) pair = {0}, wrong = {0}, client = {0}, later = {0};
    g_autoptr(GError) error = NULL;
    g_assert_true(authority_client(before, "e2e", &client, NULL));
    g_assert_true(authority_pair(before, &pair, NULL));
    g_autoptr(Authority) after = authority_load(&pair, 14, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(authority_pem(before), ==, authority_pem(after));
    g_assert_true(authority_client(after, "e2e", &later, NULL));
    g_assert_true(verifies(authority_pem(after), client.certificate, X509_PURPOSE_SSL_CLIENT));
    g_assert_true(verifies(authority_pem(before), later.certificate, X509_PURPOSE_SSL_CLIENT));
    /* A key that is not the certificate's. */
    g_assert_true(authority_pair(other, &wrong, NULL));
    g_free(wrong.certificate);
    wrong.certificate = g_strdup(pair.certificate);
    g_assert_null(authority_load(&wrong, 14, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sonobuoy/certificates/chain", test_chain);
    g_test_add_func("/sonobuoy/certificates/keys", test_keys);
    g_test_add_func("/going-on", test_going_on);
    return g_test_run();
}
