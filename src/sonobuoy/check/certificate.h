/* What checks ask of X.509 certificates: whose they are and until when. */
#pragma once

#include "base/error.h"

typedef struct {
    char *subject, *issuer;       /* "CN=web,O=shop" */
    gint64 not_before, not_after; /* us since the epoch */
    GStrv names;                  /* DNS names and addresses that it is for */
    char *fingerprint;            /* SHA-256 of the certificate, hex: tells it from others */
} Certificate;
void certificate_free(Certificate *certificate);

/* All certificates of a PEM text, in its order; INVALID where it has none, or one that cannot be read. */
GPtrArray *certificates_read(const char *pem, size_t length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same out of base64, as objects have it ("caBundle"). */
GPtrArray *certificates_read_base64(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
