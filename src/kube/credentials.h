/* What a request proves itself with: fixed tokens, rotating token files, exec plugins.
 * Source: kubernetes.io/docs/reference/access-authn-authz/authentication (client-go credential plugins). */
#pragma once

#include "base/cancel.h"
#include "kube/config.h"

typedef struct KubeCredentials KubeCredentials;

/* Keeps a pointer to config, which must outlive it. */
KubeCredentials *kube_credentials_new(const KubeConfig *config);
void kube_credentials_free(KubeCredentials *credentials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KubeCredentials, kube_credentials_free)

typedef struct {
    char *authorization;     /* "Authorization: Bearer ...", or NULL */
    GBytes *client_cert_pem; /* NULL: none */
    GBytes *client_key_pem;
    unsigned generation; /* goes up when the certificate changes */
} KubeCredential;
void kube_credential_clear(KubeCredential *credential);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KubeCredential, kube_credential_clear)

/* When its certificate ended, "2026-11-24T12:00:00Z"; NULL where it has none that ended. g_free() it. */
char *kube_credential_expired_at(const KubeCredential *credential);

/* What holds now; runs the plugin where its last answer is missing or expires
 * within 10 s, reads the token file again when it is a minute old. Thread-safe.
 * A plugin has 60 s, or 10 minutes where it may talk to a person; its error output
 * goes to stderr. UNAUTHORIZED with the plugin's name and install hint. */
bool kube_credentials_get(KubeCredentials *credentials, Cancel *cancel, KubeCredential *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The server answered 401 to `used`: forget it, if it is still what is held.
 * False where asking again cannot give anything else. */
bool kube_credentials_renew(KubeCredentials *credentials, const KubeCredential *used);
