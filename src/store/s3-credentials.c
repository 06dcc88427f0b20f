#include "store/s3-internal.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

enum { REFRESH_BEFORE_S = 300, ASK_AGAIN_AFTER_S = 30 };

struct S3Provider {
    char *file, *profile, *region;
    Cancel *cancel;
    HttpClient *http;     /* to STS */
    HttpClient *metadata; /* to what answers on this machine: never by a proxy */
    pthread_mutex_t lock;
    S3Credentials held;
    bool forgotten;      /* what is held was refused */
    gint64 ask_again_at; /* monotonic; others could not be had */
};

void s3_credentials_clear(S3Credentials *credentials) {
    g_clear_pointer(&credentials->access_key, g_free);
    g_clear_pointer(&credentials->secret_key, g_free);
    g_clear_pointer(&credentials->session_token, g_free);
    g_clear_pointer(&credentials->source, g_free);
    credentials->expires_at = 0;
}

S3Provider *s3_provider_new(const char *file, const char *profile, const char *region, HttpClient *sts,
                            Cancel *cancel) {
    S3Provider *provider = g_new0(S3Provider, 1);
    provider->file = g_strdup(file);
    provider->profile = g_strdup(profile);
    provider->region = g_strdup(region);
    provider->cancel = cancel;
    pthread_mutex_init(&provider->lock, NULL);
    provider->http = http_client_ref(sts);
    HttpConfig settings = {.user_agent = "ark/" SEAWORTHY_VERSION, .proxy_url = "", .connect_timeout_ms = 2000};
    provider->metadata = http_client_new(&settings, NULL);
    return provider;
}

void s3_provider_free(S3Provider *provider) {
    if (!provider)
        return;
    s3_credentials_clear(&provider->held);
    http_client_unref(provider->http);
    http_client_unref(provider->metadata);
    pthread_mutex_destroy(&provider->lock);
    g_free(provider->file);
    g_free(provider->profile);
    g_free(provider->region);
    g_free(provider);
}

/* The value, without a comment after it. */
static char *ini_value(const char *text) {
    const char *end = text;
    while (*end && !(g_ascii_isspace(*end) && (end[1] == '#' || end[1] == ';')))
        end++;
    return g_strstrip(g_strndup(text, (gsize)(end - text)));
}

/* "[name]" and, as ~/.aws/config has it, "[profile name]". */
static bool is_head_of(const char *line, const char *profile) {
    const char *end = strchr(line, ']');
    g_autofree char *name = g_strstrip(g_strndup(line + 1, end ? (gsize)(end - line - 1) : strlen(line + 1)));
    const char *rest = g_str_has_prefix(name, "profile ") ? name + strlen("profile ") : name;
    rest += strspn(rest, " \t");
    return end && (g_str_equal(name, profile) || g_str_equal(rest, profile));
}

GHashTable *s3_ini_section(const char *text, const char *profile) {
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GHashTable *section = NULL;
    bool inside = false;
    for (char **each = lines; *each; each++) {
        char *line = g_strstrip(*each);
        if (*line == '[') {
            inside = is_head_of(line, profile);
            if (inside && !section)
                section = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
            continue;
        }
        char *equals = strchr(line, '=');
        if (!inside || !equals || *line == '#' || *line == ';')
            continue;
        g_autofree char *key = g_ascii_strdown(line, equals - line);
        g_hash_table_replace(section, g_strdup(g_strstrip(key)), ini_value(equals + 1));
    }
    return section;
}

static const char *set(const char *text) {
    return text && *text ? text : NULL;
}

static bool take_keys(S3Credentials *out, const char *access, const char *secret, const char *token) {
    if (!set(access) || !set(secret))
        return false;
    *out = (S3Credentials){g_strdup(access), g_strdup(secret), g_strdup(set(token)), 0};
    return true;
}

/* Says why a profile is of no use to us, where it is there and asks for what we do not do. */
static void explain_profile(const char *path, const char *profile, GHashTable *section, GError **error) {
    static const char *const others[] = {"role_arn",      "credential_process", "sso_session",
                                         "sso_start_url", "login_session",      NULL};
    for (const char *const *key = others; *key; key++)
        if (g_hash_table_contains(section, *key)) {
            g_set_error(
                error, BASE_ERROR, BASE_ERROR_UNSUPPORTED,
                "profile %s of %s gets its keys by %s, which is not supported; give keys by the environment, as "
                "`aws configure export-credentials --profile %s --format env` prints them",
                profile, path, *key, profile);
            return;
        }
}

/* False without an error where the file or the profile is not there, or holds no keys;
 * out_found: set where the profile is there. A file that is `named` must be there. */
static bool from_file(const char *path, const char *profile, bool named, bool *out_found, S3Credentials *out,
                      GError **error) {
    g_autofree char *text = NULL;
    g_autoptr(GError) failure = NULL;
    if (!g_file_get_contents(path, &text, NULL, &failure)) {
        if (named || !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "no credentials for the bucket: %s",
                        failure->message);
        return false;
    }
    g_autoptr(GHashTable) section = s3_ini_section(text, profile);
    if (!section)
        return false;
    *out_found = true;
    if (take_keys(out, g_hash_table_lookup(section, "aws_access_key_id"),
                  g_hash_table_lookup(section, "aws_secret_access_key"),
                  g_hash_table_lookup(section, "aws_session_token")))
        return true;
    explain_profile(path, profile, section, error);
    return false;
}

static char *shared_path(const char *variable, const char *name) {
    const char *path = set(g_getenv(variable));
    return path ? g_strdup(path) : g_build_filename(g_get_home_dir(), ".aws", name, NULL);
}

/* Asks up to three times where what came back says that it may pass; silence is not waited for twice. */
static bool ask(S3Provider *provider, HttpClient *http, const HttpRequest *question, HttpResponse *out,
                GError **error) {
    enum { TRIES = 3 };
    HttpRequest request = *question;
    request.deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    request.response_max = 1 << 20;
    request.cancel = provider->cancel;
    for (unsigned tries = 1;; tries++) {
        g_autoptr(GError) failure = NULL;
        bool answered = http_perform(http, &request, out, &failure);
        if (answered && out->status >= 200 && out->status < 300)
            return true;
        bool may_pass = answered ? out->status >= 500 || out->status == 429
                                 : g_error_matches(failure, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
        if (may_pass && tries < TRIES) {
            if (!cancel_sleep(provider->cancel, http_backoff(tries, 200, 2000), error))
                return false;
        } else if (answered) {
            break;
        } else {
            g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
    }
    const char *xml = (const char *)out->body->data; /* STS says why */
    g_autofree char *code = s3_xml_text(xml, out->body->len, "ErrorResponse/Error/Code");
    g_autofree char *message = s3_xml_text(xml, out->body->len, "ErrorResponse/Error/Message");
    g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "%s answered %d%s%s%s%s%s", question->url, out->status,
                code ? " " : "", code ? code : "", message ? " (" : "", message ? message : "", message ? ")" : "");
    return false;
}

static bool ask_metadata(S3Provider *provider, const char *method, const char *url, const char *header,
                         HttpResponse *out, GError **error) {
    const char *headers[] = {header, NULL};
    HttpRequest request = {.method = method, .url = url, .headers = headers};
    return ask(provider, provider->metadata, &request, out, error);
}

/* {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"} of ECS and IMDS. */
static bool from_json(const HttpResponse *response, S3Credentials *out, GError **error) {
    g_autoptr(yyjson_doc) doc =
        json_parse((const char *)response->body->data, response->body->len, "the credentials' answer", error);
    if (!doc)
        return false;
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!take_keys(out, json_get_string(root, "AccessKeyId"), json_get_string(root, "SecretAccessKey"),
                   json_get_string(root, "Token"))) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "the answer holds no keys");
        return false;
    }
    const char *expires = json_get_string(root, "Expiration");
    return !expires || time_parse(expires, &out->expires_at, error);
}

static bool from_web_identity(S3Provider *provider, S3Credentials *out, GError **error) {
    g_autofree char *token = NULL;
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    if (!g_file_get_contents(g_getenv("AWS_WEB_IDENTITY_TOKEN_FILE"), &token, NULL, &failure)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "the web identity token: %s", failure->message);
        return false;
    }
    const char *session = set(g_getenv("AWS_ROLE_SESSION_NAME")), *endpoint = set(g_getenv("AWS_ENDPOINT_URL_STS"));
    const char *region = set(provider->region) ? provider->region : "us-east-1";
    g_autofree char *escaped_token = http_escape(g_strstrip(token), NULL);
    g_autofree char *role = http_escape(g_getenv("AWS_ROLE_ARN"), NULL);
    g_autofree char *name = http_escape(session ? session : "ark", NULL);
    g_autofree char *usual =
        g_strdup_printf("https://sts.%s.amazonaws.com%s/", region, g_str_has_prefix(region, "cn-") ? ".cn" : "");
    g_autofree char *body = g_strdup_printf("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%s"
                                            "&RoleSessionName=%s&WebIdentityToken=%s",
                                            role, name, escaped_token);
    HttpRequest request = {
        .method = "POST", .url = endpoint ? endpoint : usual, .body = body, .body_length = strlen(body)};
    if (!ask(provider, provider->http, &request, &response, error)) {
        g_prefix_error(error, "the web identity token was not exchanged for keys: ");
        return false;
    }
    const char *xml = (const char *)response.body->data;
    size_t length = response.body->len;
#define PART "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/"
    g_autofree char *access = s3_xml_text(xml, length, PART "AccessKeyId"),
                    *secret = s3_xml_text(xml, length, PART "SecretAccessKey");
    g_autofree char *session_token = s3_xml_text(xml, length, PART "SessionToken"),
                    *expires = s3_xml_text(xml, length, PART "Expiration");
#undef PART
    if (!take_keys(out, access, secret, session_token)) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "STS answered without keys");
        return false;
    }
    return !expires || time_parse(expires, &out->expires_at, error);
}

static bool from_container(S3Provider *provider, S3Credentials *out, GError **error) {
    const char *relative = set(g_getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"));
    const char *file = set(g_getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")),
               *token = set(g_getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    g_autofree char *url = relative ? g_strconcat("http://169.254.170.2", relative, NULL)
                                    : g_strdup(g_getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    g_autofree char *content = NULL, *header = NULL;
    g_autoptr(GError) failure = NULL;
    if (file && !g_file_get_contents(file, &content, NULL, &failure)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "the container's authorization token: %s",
                    failure->message);
        return false;
    }
    if (file)
        token = g_strstrip(content);
    if (token)
        header = g_strdup_printf("Authorization: %s", token);
    g_auto(HttpResponse) response = {0};
    if (!ask_metadata(provider, "GET", url, header, &response, error)) {
        g_prefix_error(error, "the container's credentials endpoint: ");
        return false;
    }
    return from_json(&response, out, error);
}

static bool from_instance(S3Provider *provider, S3Credentials *out, GError **error) {
    const char *endpoint = set(g_getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
    g_autofree char *base = g_strdup(endpoint ? endpoint : "http://169.254.169.254");
    if (g_str_has_suffix(base, "/"))
        base[strlen(base) - 1] = '\0';
    g_auto(HttpResponse) response = {0};
    g_autofree char *token_url = g_strconcat(base, "/latest/api/token", NULL);
    if (!ask_metadata(provider, "PUT", token_url, "X-aws-ec2-metadata-token-ttl-seconds: 21600", &response, error))
        return false;
    g_autofree char *token = g_strndup((const char *)response.body->data, response.body->len);
    g_autofree char *header = g_strdup_printf("X-aws-ec2-metadata-token: %s", g_strstrip(token));
    g_autofree char *roles = g_strconcat(base, "/latest/meta-data/iam/security-credentials/", NULL);
    if (!ask_metadata(provider, "GET", roles, header, &response, error))
        return false;
    g_autofree char *role = g_strndup((const char *)response.body->data, response.body->len);
    g_strdelimit(role, "\r\n", '\0');
    g_autofree char *url = g_strconcat(roles, role, NULL);
    return ask_metadata(provider, "GET", url, header, &response, error) && from_json(&response, out, error);
}

static bool is_disabled(void) {
    const char *word = g_getenv("AWS_EC2_METADATA_DISABLED");
    return word && g_ascii_strcasecmp(word, "true") == 0;
}

/* Says where they are from; true. */
G_GNUC_PRINTF(2, 3)
static bool came_from(S3Credentials *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    out->source = g_strdup_vprintf(format, args);
    va_end(args);
    return true;
}

static bool find_credentials(S3Provider *provider, S3Credentials *out, GError **error) {
    const char *named = set(provider->profile) ? provider->profile : set(g_getenv("AWS_PROFILE"));
    const char *profile = named ? named : "default";
    bool found = false;
    if (set(provider->file)) {
        g_autoptr(GError) reason = NULL;
        if (from_file(provider->file, profile, true, &found, out, &reason))
            return came_from(out, "profile %s of %s", profile, provider->file);
        if (reason)
            g_propagate_error(error, g_steal_pointer(&reason));
        else
            g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED,
                        "%s holds no aws_access_key_id and aws_secret_access_key for profile %s", provider->file,
                        profile);
        return false;
    }
    if (!set(provider->profile) &&
        take_keys(out, g_getenv("AWS_ACCESS_KEY_ID"), g_getenv("AWS_SECRET_ACCESS_KEY"), g_getenv("AWS_SESSION_TOKEN")))
        return came_from(out, "the environment, AWS_ACCESS_KEY_ID");
    if (!set(provider->profile) && set(g_getenv("AWS_WEB_IDENTITY_TOKEN_FILE")) && set(g_getenv("AWS_ROLE_ARN")))
        return from_web_identity(provider, out, error) &&
               came_from(out, "the web identity's role %s", g_getenv("AWS_ROLE_ARN"));
    g_autofree char *credentials = shared_path("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
                    *config = shared_path("AWS_CONFIG_FILE", "config");
    g_autoptr(GError) reason = NULL;
    if (from_file(credentials, profile, false, &found, out, &reason))
        return came_from(out, "profile %s of %s", profile, credentials);
    if (!reason && from_file(config, profile, false, &found, out, &reason))
        return came_from(out, "profile %s of %s", profile, config);
    if (named && !found && !reason) /* who asks for one identity does not mean another */
        g_set_error(&reason, BASE_ERROR, BASE_ERROR_UNAUTHORIZED,
                    "no credentials for the bucket: neither %s nor %s has a profile %s", credentials, config, profile);
    if (reason) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return false;
    }
    if (set(g_getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) || set(g_getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")))
        return from_container(provider, out, error) && came_from(out, "the container's endpoint");
    g_autoptr(GError) failure = NULL;
    if (!is_disabled() && from_instance(provider, out, &failure))
        return came_from(out, "the instance's role");
    if (cancel_check(provider->cancel, error))
        return false;
    g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED,
                "no credentials for the bucket: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, %s and %s "
                "have no profile %s, and "
                "there is no web identity, container or instance role",
                credentials, config, profile);
    return false;
}

bool s3_provider_get(S3Provider *provider, S3Credentials *out, GError **error) {
    pthread_mutex_lock(&provider->lock);
    S3Credentials *held = &provider->held;
    gint64 left = held->expires_at ? held->expires_at - g_get_real_time() : G_MAXINT64;
    bool good = held->access_key && !provider->forgotten && left > 0;
    bool due = left < REFRESH_BEFORE_S * G_USEC_PER_SEC && g_get_monotonic_time() >= provider->ask_again_at;
    if (!good || due) {
        S3Credentials fresh = {0};
        g_autoptr(GError) failure = NULL;
        if (find_credentials(provider, &fresh, &failure)) {
            s3_credentials_clear(held);
            *held = fresh;
            provider->forgotten = false;
            good = true;
        } else {
            s3_credentials_clear(&fresh);
            provider->ask_again_at = g_get_monotonic_time() + ASK_AGAIN_AFTER_S * G_USEC_PER_SEC;
            if (!good) /* what still holds does while others cannot be had */
                g_propagate_error(error, g_steal_pointer(&failure));
        }
    }
    if (good)
        *out = (S3Credentials){g_strdup(held->access_key), g_strdup(held->secret_key), g_strdup(held->session_token),
                               held->expires_at, g_strdup(held->source)};
    pthread_mutex_unlock(&provider->lock);
    return good;
}

void s3_provider_forget(S3Provider *provider, const S3Credentials *used) {
    pthread_mutex_lock(&provider->lock);
    bool same = g_strcmp0(provider->held.access_key, used->access_key) == 0 &&
                g_strcmp0(provider->held.session_token, used->session_token) == 0;
    if (same)
        provider->forgotten = true;
    pthread_mutex_unlock(&provider->lock);
}
