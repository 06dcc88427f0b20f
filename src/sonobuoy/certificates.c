#include "sonobuoy/certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#define CURVE "P-256"
enum { SECONDS_BEFORE = 3600, SECONDS_A_DAY = 86400 };

struct Authority {
    EVP_PKEY *key;
    X509 *certificate;
    char *pem;
    unsigned days;
    pthread_mutex_t lock; /* of serial */
    long serial;
};

typedef BIO Memory;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Memory, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_EXTENSION, X509_EXTENSION_free)

/* Sets the error to what OpenSSL says; returns false. */
static bool failed(const char *what, GError **error) {
    char reason[256] = "";
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    g_set_error(error, BASE_ERROR, BASE_ERROR_FAILED, "%s could not be made: %s", what, reason);
    return false;
}

static char *memory_text(Memory *memory) {
    char *data;
    long length = BIO_get_mem_data(memory, &data);
    return g_strndup(data, (gsize)length);
}

static char *certificate_pem(X509 *certificate) {
    g_autoptr(Memory) memory = BIO_new(BIO_s_mem());
    return memory && PEM_write_bio_X509(memory, certificate) ? memory_text(memory) : NULL;
}

static char *key_pem(EVP_PKEY *key) {
    g_autoptr(Memory) memory = BIO_new(BIO_s_mem());
    return memory && PEM_write_bio_PrivateKey_traditional(memory, key, NULL, NULL, 0, NULL, NULL) ? memory_text(memory)
                                                                                                  : NULL;
}

static bool set_subject(X509 *certificate) {
    static const char *const parts[][2] = {{"C", "USA"}, {"L", "Palo Alto, CA"}, {"O", "VMware"}, {"OU", "Sonobuoy"}};
    X509_NAME *name = X509_get_subject_name(certificate);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        /* Not by its short name alone: the length of C is limited to two letters there. */
        g_autoptr(GString) value = g_string_new(parts[i][1]);
        ASN1_OBJECT *type = OBJ_txt2obj(parts[i][0], 0);
        X509_NAME_ENTRY *entry =
            X509_NAME_ENTRY_create_by_OBJ(NULL, type, V_ASN1_PRINTABLESTRING, (const guchar *)value->str, -1);
        bool added = entry && X509_NAME_add_entry(name, entry, -1, 0);
        X509_NAME_ENTRY_free(entry);
        ASN1_OBJECT_free(type);
        if (!added)
            return false;
    }
    return true;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    g_autoptr(X509_EXTENSION) extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    return extension && X509_add_ext(certificate, extension, -1);
}

static long next_serial(Authority *authority) {
    pthread_mutex_lock(&authority->lock);
    long serial = ++authority->serial;
    pthread_mutex_unlock(&authority->lock);
    return serial;
}

/* A certificate of `key`, signed by the authority; by itself where that has none yet. `use`: extended key usage, NULL
 * for the authority's own; `names`: "DNS:a,IP:b". */
static X509 *issue(Authority *authority, EVP_PKEY *key, const char *use, const char *names) {
    g_autoptr(X509) certificate = X509_new();
    X509 *issuer = use ? authority->certificate : certificate;
    if (certificate && X509_set_version(certificate, X509_VERSION_3) &&
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), next_serial(authority)) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -SECONDS_BEFORE) &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), (long)authority->days * SECONDS_A_DAY) &&
        set_subject(certificate) && X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) &&
        X509_set_pubkey(certificate, key) && add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
        add_extension(certificate, issuer, NID_basic_constraints, use ? "critical,CA:FALSE" : "critical,CA:TRUE") &&
        add_extension(certificate, issuer, NID_key_usage, use ? "critical,digitalSignature" : "critical,keyCertSign") &&
        (!use || add_extension(certificate, issuer, NID_ext_key_usage, use)) &&
        (!use || add_extension(certificate, issuer, NID_authority_key_identifier, "keyid")) &&
        add_extension(certificate, issuer, NID_subject_alt_name, names) &&
        X509_sign(certificate, authority->key, EVP_sha256()))
        return g_steal_pointer(&certificate);
    return NULL;
}

Authority *authority_new(unsigned days, GError **error) {
    g_autoptr(Authority) authority = g_new0(Authority, 1);
    pthread_mutex_init(&authority->lock, NULL);
    authority->days = days;
    authority->key = EVP_EC_gen(CURVE);
    if (authority->key)
        authority->certificate = issue(authority, authority->key, NULL, "DNS:sonobuoy-ca");
    if (authority->certificate)
        authority->pem = certificate_pem(authority->certificate);
    if (authority->pem)
        return g_steal_pointer(&authority);
    failed("the run's certificate authority", error);
    return NULL;
}

bool authority_pair(const Authority *authority, KeyPair *out, GError **error) {
    out->key = key_pem(authority->key);
    if (!out->key)
        return failed("a copy of the run's certificate authority", error);
    out->certificate = g_strdup(authority->pem);
    return true;
}

Authority *authority_load(const KeyPair *pair, unsigned days, GError **error) {
    g_autoptr(Authority) authority = g_new0(Authority, 1);
    g_autoptr(Memory) certificate = BIO_new_mem_buf(pair->certificate, -1), key = BIO_new_mem_buf(pair->key, -1);
    pthread_mutex_init(&authority->lock, NULL);
    authority->days = days;
    authority->serial = (long)(g_get_real_time() / G_USEC_PER_SEC); /* above those that were given before */
    authority->certificate = certificate ? PEM_read_bio_X509(certificate, NULL, NULL, NULL) : NULL;
    authority->key = key ? PEM_read_bio_PrivateKey(key, NULL, NULL, NULL) : NULL;
    authority->pem = g_strdup(pair->certificate);
    if (authority->certificate && authority->key && X509_check_private_key(authority->certificate, authority->key) == 1)
        return g_steal_pointer(&authority);
    failed("the run's certificate authority as it was before", error);
    return NULL;
}

void authority_free(Authority *authority) {
    if (!authority)
        return;
    EVP_PKEY_free(authority->key);
    X509_free(authority->certificate);
    g_free(authority->pem);
    pthread_mutex_destroy(&authority->lock);
    g_free(authority);
}

const char *authority_pem(const Authority *authority) {
    return authority->pem;
}

void key_pair_clear(KeyPair *pair) {
    g_clear_pointer(&pair->certificate, g_free);
    g_clear_pointer(&pair->key, g_free);
}

static bool issue_pair(Authority *authority, const char *use, const char *names, KeyPair *out, GError **error) {
    g_autoptr(EVP_PKEY) key = EVP_EC_gen(CURVE);
    g_autoptr(X509) certificate = key ? issue(authority, key, use, names) : NULL;
    g_auto(KeyPair) pair = {0};
    if (certificate) {
        pair.certificate = certificate_pem(certificate);
        pair.key = key_pem(key);
    }
    if (!pair.certificate || !pair.key) {
        g_autofree char *what = g_strdup_printf("a certificate for %s", names);
        return failed(what, error);
    }
    out->certificate = g_steal_pointer(&pair.certificate);
    out->key = g_steal_pointer(&pair.key);
    return true;
}

bool authority_server(Authority *authority, const char *const *hosts, KeyPair *out, GError **error) {
    g_autoptr(GString) names = g_string_new(NULL);
    for (; *hosts; hosts++)
        g_string_append_printf(names, "%s%s:%s", names->len ? "," : "", g_hostname_is_ip_address(*hosts) ? "IP" : "DNS",
                               *hosts);
    return issue_pair(authority, "serverAuth", names->str, out, error);
}

bool authority_client(Authority *authority, const char *name, KeyPair *out, GError **error) {
    g_autofree char *names = g_strconcat("DNS:", name, NULL);
    return issue_pair(authority, "clientAuth", names, out, error);
}
