/* Authorities and certificates: of the cluster, of its clients, of workloads. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

enum { CERTIFICATES_MAX = 200, DAY_SECONDS = 24 * 60 * 60 }; /* of one text */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

/* --- one PEM ------------------------------------------------------------------------------------------------ */

typedef struct {
    guint count;
    gint64 end;    /* of the first to end: us since the epoch */
    char *subject; /* its; NULL where there is none */
} Pem;

static void pem_clear(Pem *pem) {
    g_clear_pointer(&pem->subject, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pem, pem_clear)

static gint64 end_of(const X509 *certificate) {
    struct tm broken = {0};
    return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &broken) ? (gint64)timegm(&broken) * G_USEC_PER_SEC : 0;
}

/* Of a text with certificates the one that ends first. `first_only`: what a server shows of itself. */
static Pem pem_read(const char *text, size_t length, bool first_only) {
    Pem pem = {0};
    g_autoptr(BIO) bio = BIO_new_mem_buf(text, (int)MIN(length, (size_t)G_MAXINT));
    while (pem.count < CERTIFICATES_MAX) {
        g_autoptr(X509) certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!certificate)
            break;
        gint64 end = end_of(certificate);
        if (!pem.count++ || end < pem.end) {
            char subject[256];
            X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
            g_free(pem.subject);
            pem.subject = g_strdup(subject);
            pem.end = end;
        }
        if (first_only)
            break;
    }
    return pem;
}

/* Says how long the certificate is good for yet, where that is too short. */
static void look_at_end(const Snapshot *snapshot, CheckResult *result, const char *object, const char *what,
                        const Pem *pem) {
    gint64 left = pem->end - snapshot_now(snapshot), days = left / G_USEC_PER_SEC / DAY_SECONDS;
    g_autofree char *end = time_format(pem->end);
    if (left <= 0)
        check_fail(result, object, "%s (%s) is expired since %s", what, pem->subject, end);
    else if (days < result->config->certificate_days_fail)
        check_fail(result, object, "%s (%s) ends in %" G_GINT64_FORMAT " days, on %s", what, pem->subject, days, end);
    else if (days < result->config->certificate_days_warn)
        check_warn(result, object, "%s (%s) ends in %" G_GINT64_FORMAT " days, on %s", what, pem->subject, days, end);
}

/* --- kube-root-ca.crt ------------------------------------------------------------------------------------------ */

static const char *root_ca(yyjson_val *map) {
    return g_str_equal(name_of(map), "kube-root-ca.crt") ? json_get_string(map, "data", "ca.crt") : NULL;
}

/* What most namespaces have. */
static const char *usual_ca(const GPtrArray *maps) {
    g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
    const char *usual = NULL;
    guint most = 0;
    for (guint i = 0; i < maps->len; i++) {
        const char *ca = root_ca(maps->pdata[i]);
        guint count = ca ? GPOINTER_TO_UINT(g_hash_table_lookup(counts, ca)) + 1 : 0;
        if (ca)
            g_hash_table_insert(counts, (void *)ca, GUINT_TO_POINTER(count));
        if (count > most) {
            most = count;
            usual = ca;
        }
    }
    return usual;
}

void check_security_root_ca(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *maps = snapshot_list(snapshot, SNAPSHOT_ROOT_CAS)->items,
                    *spaces = snapshot_list(snapshot, SNAPSHOT_NAMESPACES)->items;
    const char *usual = usual_ca(maps);
    g_autoptr(GHashTable) with = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < maps->len; i++) {
        const char *ca = root_ca(maps->pdata[i]), *space = namespace_of(maps->pdata[i]);
        if (!ca)
            continue;
        g_hash_table_add(with, (void *)space);
        if (g_strcmp0(ca, usual) == 0)
            continue;
        g_autofree char *object = check_object("ConfigMap", maps->pdata[i]);
        check_fail(result, object, "its certificate is another one than in most namespaces");
        check_advise(result,
                     "kubectl delete configmap kube-root-ca.crt -n %s: the controller manager makes it anew. "
                     "Pods there trust the wrong authority until then.",
                     space);
    }
    if (usual) {
        g_auto(Pem) pem = pem_read(usual, strlen(usual), false);
        guint before = result->findings->len;
        if (pem.count)
            look_at_end(snapshot, result, "ConfigMap kube-root-ca.crt", "the cluster's authority", &pem);
        else
            check_fail(result, "ConfigMap kube-root-ca.crt", "it holds no certificate that can be read");
        if (pem.count && result->findings->len > before)
            check_advise(result, "Make a new authority, trust both for a while, sign all certificates anew, then drop "
                                 "the old one: kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates");
    }
    for (guint i = 0; i < spaces->len && !snapshot_list(snapshot, SNAPSHOT_ROOT_CAS)->error; i++) {
        yyjson_val *space = spaces->pdata[i];
        gint64 minutes = minutes_since(snapshot, json_get_string(space, "metadata", "creationTimestamp"));
        if (g_hash_table_contains(with, name_of(space)) || minutes < result->config->stuck_minutes ||
            g_strcmp0(json_get_string(space, "status", "phase"), "Active") != 0)
            continue;
        g_autofree char *object = check_object("Namespace", space);
        check_fail(result, object, "it has no ConfigMap kube-root-ca.crt: new pods there do not start");
        check_advise(result, "The controller manager makes it (root-ca-certificate-publisher): is it running, with "
                             "--root-ca-file?");
    }
    check_summary(result, "%u namespaces", g_hash_table_size(with));
}

/* --- authorities of clients --------------------------------------------------------------------------------------- */

void check_security_client_cas(Snapshot *snapshot, CheckResult *result) {
    static const char *const keys[] = {"client-ca-file", "requestheader-client-ca-file"};
    const SnapshotAnswer *answer =
        snapshot_get(snapshot, "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication");
    if (answer->error) {
        check_unknown(result, NULL, "%s", answer->error->message);
        return;
    }
    guint seen = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *text = json_get_string(yyjson_doc_get_root(answer->json), "data", keys[i]);
        if (!text)
            continue;
        g_auto(Pem) pem = pem_read(text, strlen(text), false);
        if (pem.count)
            look_at_end(snapshot, result, "ConfigMap kube-system/extension-apiserver-authentication", keys[i], &pem);
        else
            check_fail(result, "ConfigMap kube-system/extension-apiserver-authentication",
                       "%s holds no certificate that can be read", keys[i]);
        seen += pem.count;
    }
    check_summary(result, "%u certificates", seen);
}

/* --- certificates of clients -----------------------------------------------------------------------------------------
 */

/* The value of a bucket's line, `name{...le="LE"...} VALUE`, of the metrics' text; -1 where there is none. */
static double bucket_of(const char *text, const char *le) {
    static const char name[] = "apiserver_client_certificate_expiration_seconds_bucket{";
    g_autofree char *label = g_strdup_printf("le=\"%s\"", le);
    for (const char *line = strstr(text, name); line; line = strstr(line + 1, name)) {
        const char *end = strchr(line, '\n'), *at = strstr(line, label), *brace = strchr(line, '}');
        if (at && brace && (!end || (at < end && brace < end)))
            return g_ascii_strtod(brace + 1, NULL);
    }
    return -1;
}

void check_security_client_certificates(Snapshot *snapshot, CheckResult *result) {
    const SnapshotAnswer *answer = snapshot_get(snapshot, "/metrics");
    if (answer->error) {
        check_unknown(result, NULL, "%s", answer->error->message);
        return;
    }
    double expired = bucket_of(answer->text, "0"), week = bucket_of(answer->text, "604800"),
           all = bucket_of(answer->text, "+Inf");
    check_summary(result, "%.0f requests with certificates", MAX(all, 0));
    if (expired > 0)
        check_warn(result, NULL, "%.0f requests came with a certificate that was expired", expired);
    if (week > MAX(expired, 0))
        check_warn(result, NULL, "%.0f of %.0f requests came with a certificate that had less than 7 days left",
                   week - MAX(expired, 0), all);
}

/* --- certificates of workloads --------------------------------------------------------------------------------------
 */

static void look_at_secret(const Snapshot *snapshot, CheckResult *result, yyjson_val *secret, const char *key) {
    const char *encoded = json_get_string(secret, "data", key);
    gsize length = 0;
    if (!encoded || !*encoded)
        return;
    g_autofree guchar *text = g_base64_decode(encoded, &length);
    g_auto(Pem) pem = pem_read((const char *)text, length, g_str_equal(key, "tls.crt"));
    g_autofree char *object = check_object("Secret", secret);
    if (pem.count)
        look_at_end(snapshot, result, object, key, &pem);
    else
        check_fail(result, object, "%s holds no certificate that can be read", key);
}

void check_security_tls_secrets(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *secrets = snapshot_list(snapshot, SNAPSHOT_TLS_SECRETS)->items;
    for (guint i = 0; i < secrets->len; i++) {
        if (g_strcmp0(json_get_string(secrets->pdata[i], "type"), "kubernetes.io/tls") != 0)
            continue;
        look_at_secret(snapshot, result, secrets->pdata[i], "tls.crt");
        look_at_secret(snapshot, result, secrets->pdata[i], "ca.crt");
    }
    check_summary(result, "%u Secrets", secrets->len);
}

void check_security_cert_manager(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *certificates = snapshot_list(snapshot, SNAPSHOT_CERTIFICATES)->items;
    for (guint i = 0; i < certificates->len; i++) {
        yyjson_val *ready = condition_of(certificates->pdata[i], "Ready");
        const char *end = json_get_string(certificates->pdata[i], "status", "notAfter");
        if (g_strcmp0(json_get_string(ready, "status"), "True") == 0 ||
            minutes_since(snapshot, json_get_string(certificates->pdata[i], "metadata", "creationTimestamp")) <
                result->config->stuck_minutes)
            continue;
        g_autofree char *object = check_object("Certificate", certificates->pdata[i]), *text = condition_text(ready);
        check_fail(result, object, "it is not ready: %s%s%s", *text ? text : "cert-manager has not said why",
                   end ? "; the one there is ends on " : "", end ? end : "");
        check_advise(result, "kubectl describe certificate,certificaterequest,order,challenge -n %s",
                     namespace_of(certificates->pdata[i]));
    }
    check_summary(result, "%u Certificates", certificates->len);
}
