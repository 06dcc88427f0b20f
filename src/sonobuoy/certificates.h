/* The certificates of one run: an authority of its own, a server certificate for the aggregator, and a client
 * certificate for each plugin. ECDSA P-256, PEM.
 *
 * Valid from one hour before now, as nodes' clocks differ, for a given time. Names as stock Sonobuoy's: O=VMware,
 * OU=Sonobuoy, C=USA, L="Palo Alto, CA"; the authority has the DNS name sonobuoy-ca, a client its plugin's name.
 * Source: sonobuoy.io/docs, RFC 5280; checked with openssl verify. */
#pragma once

#include "base/error.h"

typedef struct Authority Authority;

/* `days`: of every certificate. */
Authority *authority_new(unsigned days, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void authority_free(Authority *authority);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Authority, authority_free)

/* The authority's own certificate, of the authority. */
const char *authority_pem(const Authority *authority);

/* A key (SEC 1, "EC PRIVATE KEY") and its certificate. g_free() both. Thread-safe. */
typedef struct {
    char *certificate, *key;
} KeyPair;
void key_pair_clear(KeyPair *pair);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KeyPair, key_pair_clear)
/* The authority's own: who has it can go on as the same authority. */
bool authority_pair(const Authority *authority, KeyPair *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
Authority *authority_load(const KeyPair *pair, unsigned days, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* hosts: DNS names and addresses, NULL-terminated. */
bool authority_server(Authority *authority, const char *const *hosts, KeyPair *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
bool authority_client(Authority *authority, const char *name, KeyPair *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
