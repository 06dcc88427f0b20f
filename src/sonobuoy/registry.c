#include "sonobuoy/registry.h"

#include "base/file.h"
#include "base/http.h"
#include "base/json.h"

#include <string.h>

enum { SECONDS = 30, STEPS_MAX = 8, CONFIG_MAX = 4 << 20, TOKEN_MAX = 1 << 20 };
#define HUB "docker.io"
#define HUB_HOST "registry-1.docker.io"
#define HUB_LOGIN "https://index.docker.io/v1/"

struct Registries {
    HttpClient *http;
    yyjson_doc *config; /* docker's config.json; NULL: none */
    Cancel *cancel;
};

/* --- names --------------------------------------------------------------------------------------------- */

void image_name_clear(ImageName *name) {
    char **const texts[] = {&name->host, &name->login, &name->repository, &name->reference};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
}

/* Takes the tag or digest off the end of the text. */
static char *take_reference(char *text) {
    char *at = strchr(text, '@'), *slash = strrchr(text, '/');
    char *colon = strrchr(slash ? slash : text, ':');
    g_autofree char *digest = at ? g_strdup(at + 1) : NULL;
    if (at) {
        *at = 0;
        colon = strrchr(slash && slash < at ? slash : text, ':');
    }
    g_autofree char *tag = colon ? g_strdup(colon + 1) : NULL;
    if (colon)
        *colon = 0;
    return digest ? g_steal_pointer(&digest) : tag ? g_steal_pointer(&tag) : g_strdup("latest");
}

static bool is_host(const char *text) {
    return strpbrk(text, ".:") || g_str_equal(text, "localhost");
}

bool image_name_parse(const char *text, ImageName *out, GError **error) {
    g_autofree char *name = g_strdup(text);
    ImageName made = {.reference = take_reference(name)};
    char *slash = strchr(name, '/');
    g_autofree char *first = slash ? g_strndup(name, (gsize)(slash - name)) : g_strdup("");
    bool hub = !is_host(first) || g_str_equal(first, HUB) || g_str_equal(first, "index." HUB);
    const char *path = slash && is_host(first) ? slash + 1 : name;
    made.host = g_strdup(hub ? HUB_HOST : first);
    made.login = g_strdup(hub ? HUB_LOGIN : first);
    made.repository = g_strconcat(hub && !strchr(path, '/') ? "library/" : "", path, NULL);
    if (g_regex_match_simple("^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*\\z", made.repository, 0, 0) &&
        g_regex_match_simple("^(\\w[\\w.-]{0,127}|[a-z0-9+._-]+:[0-9a-f]{32,})\\z", made.reference, 0, 0) &&
        g_regex_match_simple("^[A-Za-z0-9.-]+(:[0-9]+)?\\z", made.host, 0, 0)) {
        *out = made;
        return true;
    }
    image_name_clear(&made);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "\"%s\" is no image's name", text);
    return false;
}

/* --- credentials ----------------------------------------------------------------------------------------- */

Registries *registries_new(Cancel *cancel, GError **error) {
    const char *folder = g_getenv("DOCKER_CONFIG");
    g_autofree char *path = folder && *folder ? g_build_filename(folder, "config.json", NULL)
                                              : g_build_filename(g_get_home_dir(), ".docker", "config.json", NULL);
    g_autoptr(Registries) registries = g_new0(Registries, 1);
    registries->cancel = cancel;
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        size_t length;
        g_autofree char *text = file_read(path, CONFIG_MAX, &length, error);
        registries->config = text ? json_parse(text, length, path, error) : NULL;
        if (!registries->config)
            return NULL;
    }
    HttpConfig config = {.user_agent = "sonobuoy/" SEAWORTHY_VERSION};
    registries->http = http_client_new(&config, error);
    return registries->http ? g_steal_pointer(&registries) : NULL;
}

void registries_free(Registries *registries) {
    g_clear_pointer(&registries->http, http_client_unref);
    g_clear_pointer(&registries->config, yyjson_doc_free);
    g_free(registries);
}

/* "Authorization: Basic ..." of whoever has logged in; NULL where nobody has. */
static char *basic_header(const Registries *registries, const ImageName *name) {
    yyjson_val *root = registries->config ? yyjson_doc_get_root(registries->config) : NULL;
    const char *secret = json_get_string(root, "auths", name->login, "auth");
    return secret && *secret ? g_strdup_printf("Authorization: Basic %s", secret) : NULL;
}

/* --- requests --------------------------------------------------------------------------------------------- */

static bool is_loopback(const char *host) {
    return g_regex_match_simple("^(localhost|127\\.0\\.0\\.1)(:[0-9]+)?\\z", host, 0, 0);
}

static bool request(const Registries *registries, const char *method, const char *url, const char *authorization,
                    HttpResponse *out, GError **error) {
    const char *const headers[] = {
        "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
        "application/vnd.docker.distribution.manifest.list.v2+json, "
        "application/vnd.docker.distribution.manifest.v2+json, application/json",
        authorization, NULL};
    HttpRequest request = {.method = method,
                           .url = url,
                           .headers = headers,
                           .deadline = g_get_monotonic_time() + SECONDS * G_USEC_PER_SEC,
                           .response_max = TOKEN_MAX,
                           .cancel = registries->cancel};
    return http_perform(registries->http, &request, out, error);
}

/* name="value" of a challenge; NULL where it has none. */
static char *parameter(const char *challenge, const char *name) {
    g_autofree char *pattern = g_strdup_printf("[ ,]%s=\"([^\"]*)\"", name);
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_CASELESS, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    return g_regex_match(regex, challenge, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
}

/* "Authorization: Bearer ..." that the server of the challenge's realm gives. */
static char *token_header(const Registries *registries, const ImageName *name, const char *challenge, GError **error) {
    g_autofree char *realm = parameter(challenge, "realm"), *service = parameter(challenge, "service");
    if (!realm || !(g_str_has_prefix(realm, "https://") || is_loopback(name->host))) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "%s names no server for tokens that can be trusted",
                    name->host);
        return NULL;
    }
    g_autofree char *escaped = http_escape(service ? service : "", ""), *scope = http_escape(name->repository, "/");
    g_autofree char *url = g_strdup_printf("%s%cservice=%s&scope=repository:%s:pull", realm,
                                           strchr(realm, '?') ? '&' : '?', escaped, scope);
    g_autofree char *basic = basic_header(registries, name);
    g_auto(HttpResponse) response = {0};
    if (!request(registries, "GET", url, basic, &response, error))
        return NULL;
    g_autoptr(yyjson_doc) doc =
        response.status == 200 ? json_parse((const char *)response.body->data, response.body->len, realm, error) : NULL;
    const char *token = doc ? json_get_string(yyjson_doc_get_root(doc), "token") : NULL;
    if (doc && !token)
        token = json_get_string(yyjson_doc_get_root(doc), "access_token");
    if (token && !strpbrk(token, "\r\n"))
        return g_strdup_printf("Authorization: Bearer %s", token);
    if (!error || !*error)
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "%s gives no token (status %d)", realm,
                    response.status);
    return NULL;
}

static char *answer_challenge(const Registries *registries, const ImageName *name, const char *challenge,
                              GError **error) {
    if (challenge && g_ascii_strncasecmp(challenge, "Bearer ", strlen("Bearer ")) == 0)
        return token_header(registries, name, challenge, error);
    char *basic = basic_header(registries, name);
    if (!basic)
        g_set_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED, "%s wants a login, and there is none for it",
                    name->host);
    return basic;
}

/* --- an image ------------------------------------------------------------------------------------------------ */

static bool judge(int status, GError **error) {
    static const struct {
        int status;
        BaseErrorCode code;
        const char *text;
    } known[] = {{404, BASE_ERROR_NOT_FOUND, "the registry does not have it"},
                 {401, BASE_ERROR_UNAUTHORIZED, "the registry does not show it to this login"},
                 {403, BASE_ERROR_FORBIDDEN, "the registry does not show it to this login"},
                 {429, BASE_ERROR_THROTTLED, "the registry has had too many requests"}};
    if (status == 200)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (known[i].status == status) {
            g_set_error_literal(error, BASE_ERROR, known[i].code, known[i].text);
            return false;
        }
    }
    g_set_error(error, BASE_ERROR, status >= 500 ? BASE_ERROR_UNAVAILABLE : BASE_ERROR_FAILED,
                "the registry answers with status %d", status);
    return false;
}

/* Where a redirection leads; NULL where it leads out of TLS. */
static char *redirected(const char *url, const char *location) {
    g_autofree char *to = location ? g_uri_resolve_relative(url, location, G_URI_FLAGS_NONE, NULL) : NULL;
    bool plain = g_str_has_prefix(url, "http://");
    return to && (g_str_has_prefix(to, "https://") || (plain && g_str_has_prefix(to, "http://"))) ? g_steal_pointer(&to)
                                                                                                  : NULL;
}

/* Goes where it is sent, with the credentials that are asked for there, never with another host's. */
static bool ask(const Registries *registries, const ImageName *name, GError **error) {
    g_autofree char *authorization = NULL;
    bool moved = false;
    g_autofree char *url = g_strdup_printf("%s://%s/v2/%s/manifests/%s", is_loopback(name->host) ? "http" : "https",
                                           name->host, name->repository, name->reference);
    for (unsigned step = 0; step < STEPS_MAX; step++) {
        g_auto(HttpResponse) response = {0};
        if (!request(registries, "HEAD", url, authorization, &response, error))
            return false;
        char *next = response.status >= 301 && response.status <= 308
                         ? redirected(url, http_response_header(&response, "location"))
                         : NULL;
        if (next) {
            g_free(url);
            url = next;
            moved = true;
            g_clear_pointer(&authorization, g_free);
        } else if (response.status == 401 && !authorization && !moved) {
            authorization =
                answer_challenge(registries, name, http_response_header(&response, "www-authenticate"), error);
            if (!authorization)
                return false;
        } else {
            return judge(response.status, error);
        }
    }
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_LIMIT, "the registry sends from place to place");
    return false;
}

bool registries_have(Registries *registries, const char *image, GError **error) {
    g_auto(ImageName) name = {0};
    if (!image_name_parse(image, &name, error))
        return false;
    if (ask(registries, &name, error))
        return true;
    g_prefix_error(error, "%s: ", image);
    return false;
}
