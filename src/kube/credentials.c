#include "kube/credentials-internal.h"

#include "kube/config-internal.h"

#include "base/child.h"
#include "base/json.h"
#include "base/text.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum {
    TOKEN_AGE_US = 60 * 1000 * 1000,
    EXPIRY_MARGIN_US = 10 * 1000 * 1000,
    PLUGIN_TIMEOUT_S = 60,
    PERSON_TIMEOUT_S = 600, /* where the plugin may talk to a person */
    OUTPUT_MAX = 1 << 20
};

struct KubeCredentials {
    const KubeConfig *config;
    pthread_mutex_t lock;
    char *authorization;
    GBytes *cert_pem;
    GBytes *key_pem;
    unsigned generation;
    bool have;
    gint64 read_at;    /* monotonic, of the token file */
    gint64 expires_at; /* wall clock microseconds; 0: never */
};

KubeCredentials *kube_credentials_new(const KubeConfig *config) {
    KubeCredentials *credentials = g_new0(KubeCredentials, 1);
    credentials->config = config;
    pthread_mutex_init(&credentials->lock, NULL);
    return credentials;
}

/* The certificate stays, to be compared with the next one. */
static void forget(KubeCredentials *credentials) {
    g_clear_pointer(&credentials->authorization, g_free);
    credentials->have = false;
    credentials->expires_at = 0;
}

void kube_credentials_free(KubeCredentials *credentials) {
    if (!credentials)
        return;
    forget(credentials);
    g_clear_pointer(&credentials->cert_pem, g_bytes_unref);
    g_clear_pointer(&credentials->key_pem, g_bytes_unref);
    pthread_mutex_destroy(&credentials->lock);
    g_free(credentials);
}

char *kube_credential_expired_at(const KubeCredential *credential) {
    gsize length;
    const void *pem = credential->client_cert_pem ? g_bytes_get_data(credential->client_cert_pem, &length) : NULL;
    BIO *bio = pem ? BIO_new_mem_buf(pem, (int)length) : NULL;
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    const ASN1_TIME *end = certificate ? X509_get0_notAfter(certificate) : NULL;
    struct tm broken = {0};
    bool expired = end && X509_cmp_current_time(end) < 0 && ASN1_TIME_to_tm(end, &broken);
    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error();
    return expired ? time_format((gint64)timegm(&broken) * G_USEC_PER_SEC) : NULL;
}

void kube_credential_clear(KubeCredential *credential) {
    g_clear_pointer(&credential->authorization, g_free);
    g_clear_pointer(&credential->client_cert_pem, g_bytes_unref);
    g_clear_pointer(&credential->client_key_pem, g_bytes_unref);
}

/* --- running a plugin --------------------------------------------------------------------------- */

/* Whether the plugin may talk to a person. */
static bool is_interactive(const KubeExec *exec) {
    return isatty(STDIN_FILENO) && g_strcmp0(exec->interactive_mode, "Never") != 0;
}

/* KUBERNETES_EXEC_INFO: what the plugin is told. */
static char *exec_info(const KubeConfig *config) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *spec;
    yyjson_mut_doc_set_root(doc, root);
    json_mut_set_string(doc, root, "apiVersion", config->exec->api_version);
    json_mut_set_string(doc, root, "kind", "ExecCredential");
    spec = yyjson_mut_obj_add_obj(doc, root, "spec");
    yyjson_mut_obj_add_bool(doc, spec, "interactive", is_interactive(config->exec));
    if (config->exec->provide_cluster_info) {
        yyjson_mut_val *cluster = yyjson_mut_obj_add_obj(doc, spec, "cluster");
        json_mut_set_string(doc, cluster, "server", config->server ? config->server : "");
        if (config->tls_server_name)
            json_mut_set_string(doc, cluster, "tls-server-name", config->tls_server_name);
        if (config->insecure)
            yyjson_mut_obj_add_bool(doc, cluster, "insecure-skip-tls-verify", true);
        if (config->ca_pem) {
            gsize length;
            const void *pem = g_bytes_get_data(config->ca_pem, &length);
            g_autofree char *base64 = g_base64_encode(pem, length);
            json_mut_set_string(doc, cluster, "certificate-authority-data", base64);
        }
        if (config->proxy_url)
            json_mut_set_string(doc, cluster, "proxy-url", config->proxy_url);
        if (config->disable_compression)
            yyjson_mut_obj_add_bool(doc, cluster, "disable-compression", true);
        if (config->exec_config)
            json_mut_set(doc, cluster, "config", yyjson_mut_rawcpy(doc, config->exec_config));
    }
    return json_mut_write(root, NULL);
}

static GStrv plugin_environment(const KubeConfig *config) {
    GStrv env = g_get_environ();
    g_autofree char *info = exec_info(config);
    for (char **line = config->exec->env; *line; line++) {
        g_auto(GStrv) pair = g_strsplit(*line, "=", 2);
        env = g_environ_setenv(env, pair[0], pair[1], TRUE);
    }
    return g_environ_setenv(env, "KUBERNETES_EXEC_INFO", info, TRUE);
}

/* "; HINT" or nothing. */
static const char *hint_of(const KubeExec *exec, const char **out_hint) {
    *out_hint = exec->install_hint ? exec->install_hint : "";
    return exec->install_hint ? "; " : "";
}

static const char *text_of(yyjson_val *object, const char *key) {
    const char *text = json_get_string(object, key);
    return text && *text ? text : NULL;
}

/* Why the document is no credential, or NULL. */
static const char *answer_fault(yyjson_val *root, const KubeExec *exec) {
    yyjson_val *status = json_get(root, "status");
    const char *token = text_of(status, "token");
    bool cert = text_of(status, "clientCertificateData"), key = text_of(status, "clientKeyData");
    if (g_strcmp0(json_get_string(root, "kind"), "ExecCredential") != 0)
        return "it is not of kind ExecCredential";
    if (g_strcmp0(json_get_string(root, "apiVersion"), exec->api_version) != 0)
        return "it is not of the apiVersion that the kubeconfig asks for";
    if (!yyjson_is_obj(status))
        return "it has no status";
    if (cert != key)
        return cert ? "it has a certificate without its key" : "it has a key without its certificate";
    if (!token && !cert)
        return "it has neither a token nor a certificate and key";
    return token && !kube_is_header_value(token) ? "its token holds control characters" : NULL;
}

bool kube_exec_answer_parse(const char *text, size_t length, const KubeExec *exec, KubeExecAnswer *out,
                            GError **error) {
    g_autofree char *what = g_strdup_printf("the answer of the credential plugin %s", exec->command);
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) doc = json_parse(text, length, what, &failure);
    if (!doc) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, failure->message);
        return false;
    }
    yyjson_val *root = yyjson_doc_get_root(doc), *status = json_get(root, "status");
    const char *fault = answer_fault(root, exec), *expires = text_of(status, "expirationTimestamp");
    gint64 expires_at = 0;
    if (!fault && expires && !time_parse(expires, &expires_at, NULL))
        fault = "its expirationTimestamp is not a time (RFC 3339)";
    if (fault) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "%s is of no use: %s (%s)", what, fault,
                    exec->api_version);
        return false;
    }
    *out = (KubeExecAnswer){.token = g_strdup(text_of(status, "token")),
                            .cert_pem = g_strdup(text_of(status, "clientCertificateData")),
                            .key_pem = g_strdup(text_of(status, "clientKeyData")),
                            .expires_at = expires_at};
    return true;
}

void kube_exec_answer_clear(KubeExecAnswer *answer) {
    g_clear_pointer(&answer->token, g_free);
    g_clear_pointer(&answer->cert_pem, g_free);
    g_clear_pointer(&answer->key_pem, g_free);
}

static GBytes *bytes_of(const char *text) {
    return text ? g_bytes_new(text, strlen(text)) : NULL;
}

static bool is_same(GBytes *a, GBytes *b) {
    return a && b ? g_bytes_equal(a, b) : a == b;
}

static void take_answer(KubeCredentials *credentials, const KubeExecAnswer *answer) {
    g_autoptr(GBytes) cert = bytes_of(answer->cert_pem), key = bytes_of(answer->key_pem);
    forget(credentials);
    /* Connections of the same certificate are kept. */
    if (!is_same(cert, credentials->cert_pem) || !is_same(key, credentials->key_pem))
        credentials->generation++;
    g_clear_pointer(&credentials->cert_pem, g_bytes_unref);
    g_clear_pointer(&credentials->key_pem, g_bytes_unref);
    credentials->cert_pem = g_steal_pointer(&cert);
    credentials->key_pem = g_steal_pointer(&key);
    credentials->authorization = answer->token ? g_strdup_printf("Authorization: Bearer %s", answer->token) : NULL;
    credentials->expires_at = answer->expires_at;
    credentials->have = true;
}

/* What can be told before it is started. */
static bool check_exec(const KubeExec *exec, GError **error) {
    if (g_strcmp0(exec->api_version, "client.authentication.k8s.io/v1") != 0 &&
        g_strcmp0(exec->api_version, "client.authentication.k8s.io/v1beta1") != 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED,
                    "the credential plugin %s speaks %s; known are client.authentication.k8s.io/v1 and v1beta1",
                    exec->command, exec->api_version ? exec->api_version : "no apiVersion");
        return false;
    }
    if (g_strcmp0(exec->interactive_mode, "Always") == 0 && !isatty(STDIN_FILENO)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED,
                    "the credential plugin %s must talk to a person (interactiveMode: Always), but standard input is "
                    "not a terminal",
                    exec->command);
        return false;
    }
    return true;
}

/* What the plugin prints, appended to `out`. */
static bool ask_plugin(const KubeConfig *config, Cancel *cancel, GString *out, GError **error) {
    const KubeExec *exec = config->exec;
    bool person = is_interactive(exec);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_auto(GStrv) environment = plugin_environment(config);
    g_ptr_array_add(words, exec->command);
    for (char **argument = exec->args; *argument; argument++)
        g_ptr_array_add(words, *argument);
    g_ptr_array_add(words, NULL);
    Child child = {.words = (const char *const *)words->pdata,
                   .environment = environment,
                   .with_person = person,
                   .output_max = OUTPUT_MAX,
                   .timeout_s = person ? PERSON_TIMEOUT_S : PLUGIN_TIMEOUT_S,
                   .cancel = cancel};
    GError *failure = NULL;
    if (child_run(&child, out, &failure))
        return true;
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_CANCELLED)) {
        g_propagate_error(error, failure);
        return false;
    }
    const char *hint, *separator = hint_of(exec, &hint);
    g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "the credential plugin %s%s%s", failure->message, separator,
                hint);
    g_error_free(failure);
    return false;
}

static bool run_plugin(KubeCredentials *credentials, Cancel *cancel, GError **error) {
    const KubeExec *exec = credentials->config->exec;
    g_autoptr(GString) output = g_string_new(NULL);
    g_auto(KubeExecAnswer) answer = {0};
    if (!check_exec(exec, error) || !ask_plugin(credentials->config, cancel, output, error) ||
        !kube_exec_answer_parse(output->str, output->len, exec, &answer, error))
        return false;
    take_answer(credentials, &answer);
    return true;
}

/* --- what holds now --------------------------------------------------------------------------------- */

/* A file that cannot be read for once leaves what is held. */
static bool read_token_file(KubeCredentials *credentials, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autofree char *token = kube_read_file(credentials->config->token_file, NULL, &failure);
    const char *fault = token && !*g_strstrip(token)            ? "it is empty"
                        : token && !kube_is_header_value(token) ? "it holds more than one line"
                        : !token                                ? failure->message
                                                                : NULL;
    if (fault && credentials->have)
        return true;
    if (fault) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "the token file %s cannot be used: %s",
                    credentials->config->token_file, fault);
        return false;
    }
    g_free(credentials->authorization);
    credentials->authorization = g_strdup_printf("Authorization: Bearer %s", token);
    credentials->read_at = g_get_monotonic_time();
    credentials->have = true;
    return true;
}

static bool take_fixed(KubeCredentials *credentials) {
    const KubeConfig *config = credentials->config;
    if (config->token && *config->token) {
        credentials->authorization = g_strdup_printf("Authorization: Bearer %s", config->token);
    } else if (config->username && *config->username) {
        g_autofree char *pair = g_strdup_printf("%s:%s", config->username, config->password ? config->password : "");
        g_autofree char *base64 = g_base64_encode((const guchar *)pair, strlen(pair));
        credentials->authorization = g_strdup_printf("Authorization: Basic %s", base64);
    }
    credentials->have = true;
    return true;
}

/* Under the lock. */
static bool refresh(KubeCredentials *credentials, Cancel *cancel, GError **error) {
    const KubeConfig *config = credentials->config;
    if (config->token_file) {
        bool old = g_get_monotonic_time() - credentials->read_at > TOKEN_AGE_US;
        return (credentials->have && !old) || read_token_file(credentials, error);
    }
    if (config->exec) {
        bool old = credentials->expires_at && g_get_real_time() > credentials->expires_at - EXPIRY_MARGIN_US;
        return (credentials->have && !old) || run_plugin(credentials, cancel, error);
    }
    return credentials->have || take_fixed(credentials);
}

bool kube_credentials_get(KubeCredentials *credentials, Cancel *cancel, KubeCredential *out, GError **error) {
    const KubeConfig *config = credentials->config;
    pthread_mutex_lock(&credentials->lock);
    bool ok = refresh(credentials, cancel, error);
    if (ok) {
        GBytes *cert = credentials->cert_pem ? credentials->cert_pem : config->client_cert_pem;
        GBytes *key = credentials->cert_pem ? credentials->key_pem : config->client_key_pem;
        out->authorization = g_strdup(credentials->authorization);
        out->client_cert_pem = cert ? g_bytes_ref(cert) : NULL;
        out->client_key_pem = key ? g_bytes_ref(key) : NULL;
        out->generation = credentials->generation;
    }
    pthread_mutex_unlock(&credentials->lock);
    return ok;
}

bool kube_credentials_renew(KubeCredentials *credentials, const KubeCredential *used) {
    const KubeConfig *config = credentials->config;
    if (!config->token_file && !config->exec)
        return false;
    pthread_mutex_lock(&credentials->lock);
    if (credentials->generation == used->generation && g_strcmp0(credentials->authorization, used->authorization) == 0)
        forget(credentials);
    pthread_mutex_unlock(&credentials->lock);
    return true;
}
