/* Who is trusted: the API server's certificate, one's own credentials, the tokens of service accounts. */
#include "sonobuoy/check/areas.h"

#include "base/file.h"
#include "base/text.h"

#include <string.h>

enum { ANSWER_SECONDS = 5, TOKEN_MAX_BYTES = 1 << 20 };

void check_api_certificate(Snapshot *snapshot, CheckResult *result) {
    KubeClient *client = snapshot_client(snapshot);
    const KubeConfig *config = kube_client_config(client);
    g_autoptr(GString) chain = g_string_new(NULL);
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    KubeRequest request = {
        .method = "GET", .path = "/version", .timeout_s = ANSWER_SECONDS, .no_retry = true, .out_chain = chain};
    if (!g_str_has_prefix(config->server, "https:")) {
        check_unknown(result, NULL, "%s is asked without TLS", config->server);
        return;
    }
    bool answered = kube_client_request(client, &request, &response, &failure);
    g_autoptr(GPtrArray) certificates = certificates_read(chain->str, chain->len, NULL);
    if (!certificates) {
        check_unknown(result, NULL, "its certificate was not seen%s%s", answered ? "" : ": ",
                      answered ? "" : failure->message);
        return;
    }
    for (guint i = 0; i < certificates->len; i++)
        check_certificate_end(snapshot, result, config->server,
                              i ? "its authority's certificate" : "the serving certificate", certificates->pdata[i]);
    const Certificate *own = certificates->pdata[0];
    g_autofree char *until = time_format(own->not_after), *names = g_strjoinv(", ", own->names);
    check_summary(result, "until %s, for %s", until, names);
    if (config->insecure) {
        check_warn(result, config->server, "it is not verified: insecure-skip-tls-verify is set in %s", config->source);
        check_advise(result, "Put the cluster's authority into the kubeconfig (certificate-authority-data), and take "
                             "insecure-skip-tls-verify out");
    }
}

/* --- one's own credentials ------------------------------------------------------------------------------------- */

/* What was made to last shortly (less than the threshold for warnings) is renewed by who made it: of that, only the
 * last tenth warns. */
static void check_life(const Snapshot *snapshot, CheckResult *result, const char *object, const char *what,
                       const Certificate *life) {
    const gint64 day = (gint64)24 * 3600 * G_USEC_PER_SEC;
    gint64 whole = life->not_after - life->not_before, left = life->not_after - snapshot_now(snapshot);
    g_autofree char *until = time_format(life->not_after);
    check_summary(result, "%s lasts until %s", what, until);
    if (!life->not_before || whole > result->config->certificate_days_warn * day)
        check_certificate_end(snapshot, result, object, what, life);
    else if (left < whole / 10)
        check_warn(result, object, "%s, made to last shortly, ends at %s", what, until);
}

/* The claims of a JSON web token; NULL where it is none. */
static yyjson_doc *token_claims(const char *token) {
    g_auto(GStrv) parts = g_strsplit(token, ".", 4);
    if (g_strv_length(parts) != 3)
        return NULL;
    g_strdelimit(parts[1], "-", '+');
    g_strdelimit(parts[1], "_", '/');
    g_autofree char *padded = g_strconcat(parts[1], "===", NULL);
    padded[strlen(parts[1]) + (4 - strlen(parts[1]) % 4) % 4] = '\0';
    gsize length;
    g_autofree char *text = (char *)g_base64_decode(padded, &length);
    return json_parse(text, length, "the token", NULL);
}

static void check_token(const Snapshot *snapshot, CheckResult *result, const char *token, const char *source) {
    g_autoptr(yyjson_doc) doc = token_claims(token);
    yyjson_val *claims = doc ? yyjson_doc_get_root(doc) : NULL;
    gint64 ends = json_int(json_get(claims, "exp"), 0), begins = json_int(json_get(claims, "iat"), 0);
    const char *subject = json_get_string(claims, "sub");
    if (ends <= 0 || ends > G_MAXINT64 / G_USEC_PER_SEC || begins < 0 || begins > ends) {
        check_summary(result, "the token of %s does not say when it ends", source);
        return;
    }
    Certificate life = {.subject = (char *)(subject ? subject : "?"),
                        .not_before = begins * G_USEC_PER_SEC,
                        .not_after = ends * G_USEC_PER_SEC};
    check_life(snapshot, result, source, "the bearer token", &life);
}

static void check_client_certificate(const Snapshot *snapshot, CheckResult *result, const KubeConfig *config) {
    gsize length;
    const char *pem = g_bytes_get_data(config->client_cert_pem, &length);
    g_autoptr(GError) failure = NULL;
    g_autoptr(GPtrArray) certificates = certificates_read(pem, length, &failure);
    if (certificates)
        check_life(snapshot, result, config->source, "the client certificate", certificates->pdata[0]);
    else
        check_unknown(result, config->source, "the client certificate: %s", failure->message);
}

void check_api_credentials(Snapshot *snapshot, CheckResult *result) {
    const KubeConfig *config = kube_client_config(snapshot_client(snapshot));
    if (config->client_cert_pem)
        check_client_certificate(snapshot, result, config);
    if (config->token_file) {
        size_t length;
        g_autofree char *token = file_read(config->token_file, TOKEN_MAX_BYTES, &length, NULL);
        if (token)
            check_token(snapshot, result, g_strstrip(token), config->source);
    } else if (config->token) {
        check_token(snapshot, result, config->token, config->source);
    }
    if (config->exec)
        check_summary(result, "the plugin %s renews them", config->exec->command);
}

/* --- tokens of service accounts ---------------------------------------------------------------------------------- */

/* Whether it may be seen: an unknown, or a failure, where it was not answered. */
static bool is_answered(const Snapshot *snapshot, CheckResult *result, const char *object,
                        const SnapshotAnswer *answer) {
    if (!answer->error)
        return true;
    if (answer->status == 401 || answer->status == 403 || (!answer->status && snapshot_silent(snapshot)))
        check_unknown(result, object, "%s", answer->error->message);
    else
        check_fail(result, object, "%s", answer->error->message);
    return false;
}

/* That a token can be had for the default service account, and whose it is. */
static void check_token_request(Snapshot *snapshot, CheckResult *result, const char *issuer) {
    static const char body[] = "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\","
                               "\"spec\":{\"expirationSeconds\":600}}";
    static const char path[] = "/api/v1/namespaces/default/serviceaccounts/default/token?dryRun=All";
    const SnapshotAnswer *answer = snapshot_post(snapshot, path, body);
    if (!is_answered(snapshot, result, "ServiceAccount default/default", answer))
        return;
    const char *token = answer->json ? json_get_string(yyjson_doc_get_root(answer->json), "status", "token") : NULL;
    g_autoptr(yyjson_doc) doc = token ? token_claims(token) : NULL;
    const char *by = doc ? json_get_string(yyjson_doc_get_root(doc), "iss") : NULL;
    if (by && issuer && !g_str_equal(by, issuer)) {
        check_warn(result, NULL, "tokens are issued by %s, but the discovery document names %s", by, issuer);
        check_advise(result, "Who trusts the cluster's tokens from outside refuses them: make the first "
                             "--service-account-issuer of all API servers the same");
    }
}

void check_api_token_issuer(Snapshot *snapshot, CheckResult *result) {
    const SnapshotAnswer *discovery = snapshot_get(snapshot, "/.well-known/openid-configuration"),
                         *keys = snapshot_get(snapshot, "/openid/v1/jwks");
    const char *issuer = discovery->json ? json_get_string(yyjson_doc_get_root(discovery->json), "issuer") : NULL;
    size_t count = keys->json ? yyjson_arr_size(json_get(yyjson_doc_get_root(keys->json), "keys")) : 0;
    is_answered(snapshot, result, "/.well-known/openid-configuration", discovery);
    if (is_answered(snapshot, result, "/openid/v1/jwks", keys) && !count)
        check_fail(result, "/openid/v1/jwks", "it has no key: nobody outside can check a token");
    check_summary(result, "%s, %zu keys", issuer ? issuer : "?", count);
    check_token_request(snapshot, result, issuer);
}

/* Names, annotations and labels of Secrets with tokens that never end; never their values. */
void check_api_legacy_tokens(Snapshot *snapshot, CheckResult *result) {
    static const char path[] = "/api/v1/secrets?fieldSelector=type%3Dkubernetes.io%2Fservice-account-token&limit=500";
    KubeRequest request = {.method = "GET",
                           .path = path,
                           .accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                           .timeout_s = ANSWER_SECONDS};
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    if (!kube_client_request(snapshot_client(snapshot), &request, &response, &failure)) {
        check_unknown(result, NULL, "%s", failure->message);
        return;
    }
    g_autoptr(yyjson_doc) doc = json_parse((const char *)response.body->data, response.body->len, path, NULL);
    size_t index, count;
    yyjson_val *secret;
    yyjson_arr_foreach(doc ? json_get(yyjson_doc_get_root(doc), "items") : NULL, index, count, secret) {
        g_autofree char *object = check_object("Secret", secret);
        const char *account = json_get_string(secret, "metadata", "annotations", "kubernetes.io/service-account.name"),
                   *used = json_get_string(secret, "metadata", "labels", "kubernetes.io/legacy-token-last-used");
        check_warn(result, object, "a token of the service account %s that never ends, %s%s", account ? account : "?",
                   used ? "last used " : "not seen in use", used ? used : "");
        if (!used)
            check_advise(result, "kubectl delete secret -n %s %s", namespace_of(secret), name_of(secret));
    }
    const SnapshotMetrics *metrics = snapshot_metrics(snapshot, "/metrics");
    double stale = metrics->error ? 0 : metrics_sum(metrics->metrics, "serviceaccount_stale_tokens_total", NULL);
    if (stale > 0) {
        check_warn(result, NULL,
                   "%.0f requests came with a token that was past its time: a program does not read its "
                   "token again",
                   stale);
        check_advise(result,
                     "The audit log has them, annotated authentication.k8s.io/stale-token; update the program's "
                     "client library");
    }
}
