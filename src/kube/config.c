#include "kube/config-internal.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"

#include <errno.h>
#include <string.h>

static const char *const POD_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

static void exec_free(KubeExec *exec) {
    if (!exec)
        return;
    g_free(exec->api_version);
    g_free(exec->command);
    g_strfreev(exec->args);
    g_strfreev(exec->env);
    g_free(exec->install_hint);
    g_free(exec->interactive_mode);
    g_free(exec);
}

void kube_config_free(KubeConfig *config) {
    if (!config)
        return;
    exec_free(config->exec);
    g_clear_pointer(&config->ca_pem, g_bytes_unref);
    g_clear_pointer(&config->client_cert_pem, g_bytes_unref);
    g_clear_pointer(&config->client_key_pem, g_bytes_unref);
    g_free(config->source);
    g_free(config->context);
    g_free(config->namespace_);
    g_free(config->server);
    g_free(config->tls_server_name);
    g_free(config->proxy_url);
    g_free(config->exec_config);
    g_free(config->token);
    g_free(config->token_file);
    g_free(config->username);
    g_free(config->password);
    g_free(config->as);
    g_free(config->as_uid);
    g_strfreev(config->as_groups);
    g_strfreev(config->as_extra);
    g_free(config);
}

/* --- reading what may be there ------------------------------------------------------------------ */

char *kube_read_file(const char *path, size_t *length, GError **error) {
    enum { FILE_MAX = 16 * 1024 * 1024 };
    return file_read(path, FILE_MAX, length, error);
}

bool kube_is_header_value(const char *text) {
    for (const char *c = text; *c; c++)
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            return false;
    return true;
}

/* --- files and their merging ------------------------------------------------------------------ */

typedef struct {
    char *path;
    yyjson_mut_doc *doc;
} ConfigFile;

static void config_file_free(void *data) {
    ConfigFile *file = data;
    g_free(file->path);
    yyjson_mut_doc_free(file->doc);
    g_free(file);
}

/* Adds a file's content where it looks like a kubeconfig. */
static bool add_text(GPtrArray *files, const char *text, size_t length, const char *path, GError **error) {
    static const char *const lists[] = {"contexts", "clusters", "users", NULL};
    yyjson_mut_doc *doc = yaml_parse(text, length, path, error);
    if (!doc)
        return false;
    ConfigFile *file = g_new0(ConfigFile, 1);
    file->path = g_strdup(path);
    file->doc = doc;
    g_ptr_array_add(files, file);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    if (root && !yyjson_mut_is_null(root) && !yyjson_mut_is_obj(root)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is not a kubeconfig: it holds no mapping", path);
        return false;
    }
    for (const char *const *key = lists; *key; key++) {
        yyjson_mut_val *list = json_mut_get(root, *key);
        if (!list || yyjson_mut_is_null(list) || yyjson_mut_is_arr(list))
            continue;
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is not a kubeconfig: its %s are not a list", path, *key);
        return false;
    }
    return true;
}

/* Adds a file; one that is missing is passed over unless it must be there. */
static bool add_file(GPtrArray *files, const char *path, bool must, GError **error) {
    size_t length = 0;
    g_autoptr(GError) failure = NULL;
    g_autofree char *content = kube_read_file(path, &length, &failure);
    if (content)
        return add_text(files, content, length, path, error);
    if (!must && g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return true;
    g_set_error(error, BASE_ERROR, (int)failure->code, "the kubeconfig cannot be read: %s", failure->message);
    return false;
}

static GPtrArray *load_files(const char *path, GError **error) {
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(config_file_free);
    const char *list = g_getenv("KUBECONFIG");
    if (path && *path)
        return add_file(files, path, true, error) ? g_steal_pointer(&files) : NULL;
    if (list && *list) {
        g_auto(GStrv) paths = g_strsplit(list, ":", -1);
        for (char **each = paths; *each; each++)
            if (**each && !add_file(files, *each, false, error))
                return NULL;
        return g_steal_pointer(&files);
    }
    g_autofree char *usual = g_build_filename(g_get_home_dir(), ".kube", "config", NULL);
    return add_file(files, usual, false, error) ? g_steal_pointer(&files) : NULL;
}

/* The first file's value wins. */
static const char *first_string(GPtrArray *files, const char *key) {
    for (guint i = 0; i < files->len; i++) {
        ConfigFile *file = g_ptr_array_index(files, i);
        const char *text = json_mut_get_string(yyjson_mut_doc_get_root(file->doc), key);
        if (text && *text)
            return text;
    }
    return NULL;
}

/* The names in the list `kind` ("contexts") of all files, sorted, each once. */
static GStrv names_of(GPtrArray *files, const char *kind) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; files && i < files->len; i++) {
        ConfigFile *file = g_ptr_array_index(files, i);
        size_t index, count;
        yyjson_mut_val *entry;
        yyjson_mut_arr_foreach(json_mut_get(yyjson_mut_doc_get_root(file->doc), kind), index, count, entry) {
            const char *name = json_mut_get_string(entry, "name");
            if (name && *name && g_hash_table_add(seen, (void *)name))
                g_ptr_array_add(names, (void *)name);
        }
    }
    g_ptr_array_sort(names, text_compare);
    g_autoptr(GStrvBuilder) out = g_strv_builder_new();
    for (guint i = 0; i < names->len; i++)
        g_strv_builder_add(out, g_ptr_array_index(names, i));
    return g_strv_builder_end(out);
}

/* "a.yaml, b.yaml" */
static char *paths_of(GPtrArray *files) {
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < files->len; i++)
        g_string_append_printf(out, "%s%s", i ? ", " : "", ((ConfigFile *)g_ptr_array_index(files, i))->path);
    return g_string_free(out, FALSE);
}

/* "; there are: a, b" for messages; g_free() it. */
static char *contexts_hint(GPtrArray *files, const char *lead) {
    enum { SHOWN_MAX = 10 };
    g_auto(GStrv) names = names_of(files, "contexts");
    GString *hint = g_string_new(*names ? NULL : "; it has no contexts");
    for (guint i = 0; names[i] && i <= SHOWN_MAX; i++)
        g_string_append_printf(hint, "%s%s%s", i ? ", " : "; ", i ? "" : lead, i < SHOWN_MAX ? names[i] : "...");
    return g_string_free(hint, FALSE);
}

/* --- one entry: a cluster, a user, a context ---------------------------------------------------- */

typedef struct {
    const ConfigFile *file;
    const char *kind, *name; /* "user", "admin" */
    yyjson_mut_val *object;
    GError *failure; /* the first thing that is wrong */
} Entry;

/* Finds the first entry of that name. */
static bool find_entry(GPtrArray *files, const char *kind, const char *name, Entry *out) {
    g_autofree char *list = g_strconcat(kind, "s", NULL);
    *out = (Entry){.kind = kind, .name = name};
    for (guint i = 0; name && *name && i < files->len; i++) {
        ConfigFile *file = g_ptr_array_index(files, i);
        size_t index, count;
        yyjson_mut_val *entry;
        yyjson_mut_arr_foreach(json_mut_get(yyjson_mut_doc_get_root(file->doc), list), index, count, entry) {
            if (g_strcmp0(json_mut_get_string(entry, "name"), name) == 0) {
                out->file = file;
                out->object = json_mut_get(entry, kind);
                return true;
            }
        }
    }
    return false;
}

static void entry_fail(Entry *entry, BaseErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void entry_fail(Entry *entry, BaseErrorCode code, const char *format, ...) {
    if (entry->failure)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(&entry->failure, BASE_ERROR, code, "%s: %s \"%s\": %s", entry->file->path, entry->kind, entry->name,
                text);
}

/* True where nothing was wrong. */
static bool entry_end(Entry *entry, GError **error) {
    if (!entry->failure)
        return true;
    g_propagate_error(error, g_steal_pointer(&entry->failure));
    return false;
}

/* A string's copy; NULL where it is missing or empty. `key` names it in errors. */
static char *string_of(Entry *entry, yyjson_mut_val *value, const char *key) {
    if (yyjson_mut_is_str(value))
        return yyjson_mut_get_len(value) > 0 ? g_strdup(yyjson_mut_get_str(value)) : NULL;
    if (value && !yyjson_mut_is_null(value))
        entry_fail(entry, BASE_ERROR_INVALID, "%s is not a string; put it in quotes", key);
    return NULL;
}

static char *take_string(Entry *entry, const char *key) {
    return string_of(entry, json_mut_get(entry->object, key), key);
}

/* A string that goes into a header. */
static char *header_of(Entry *entry, yyjson_mut_val *value, const char *key) {
    char *text = string_of(entry, value, key);
    if (text && !kube_is_header_value(text))
        entry_fail(entry, BASE_ERROR_INVALID, "%s holds a line break or another control character", key);
    return text;
}

static char *take_header(Entry *entry, const char *key) {
    return header_of(entry, json_mut_get(entry->object, key), key);
}

static bool take_bool(Entry *entry, yyjson_mut_val *object, const char *key) {
    yyjson_mut_val *value = json_mut_get(object, key);
    if (value && !yyjson_mut_is_null(value) && !yyjson_mut_is_bool(value))
        entry_fail(entry, BASE_ERROR_INVALID, "%s is neither true nor false", key);
    return yyjson_mut_is_true(value);
}

/* The strings of a list, empty ones too where `keep_empty`. */
static GStrv take_list(Entry *entry, yyjson_mut_val *object, const char *key, bool keep_empty) {
    g_autoptr(GStrvBuilder) out = g_strv_builder_new();
    yyjson_mut_val *array = json_mut_get(object, key), *value;
    if (array && !yyjson_mut_is_null(array) && !yyjson_mut_is_arr(array))
        entry_fail(entry, BASE_ERROR_INVALID, "%s is not a list", key);
    size_t index, count;
    yyjson_mut_arr_foreach(array, index, count, value) {
        g_autofree char *text = string_of(entry, value, key);
        if (text || keep_empty)
            g_strv_builder_add(out, text ? text : "");
    }
    return g_strv_builder_end(out);
}

/* A path in a kubeconfig is relative to the file it stands in. */
static char *resolve(const ConfigFile *file, const char *path) {
    if (!path || g_path_is_absolute(path))
        return g_strdup(path);
    g_autofree char *dir = g_path_get_dirname(file->path);
    return g_build_filename(dir, path, NULL);
}

/* Base64 with padding, line ends allowed; GLib's decoder passes over what is none. */
static GBytes *strict_base64(const char *text) {
    size_t digits = 0, padding = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '\r' || *c == '\n')
            continue;
        if (*c == '=')
            padding++;
        else if (padding > 0 || (!g_ascii_isalnum(*c) && *c != '+' && *c != '/'))
            return NULL;
        digits++;
    }
    if (digits == 0 || digits % 4 != 0 || padding > 2)
        return NULL;
    gsize length;
    guchar *bytes = g_base64_decode(text, &length);
    return g_bytes_new_take(bytes, length);
}

/* PEM from "<key>-data" (base64) or from the file that "<key>" names. */
static GBytes *take_pem(Entry *entry, const char *key) {
    g_autofree char *data_key = g_strconcat(key, "-data", NULL), *data = take_string(entry, data_key);
    g_autofree char *name = take_string(entry, key), *path = resolve(entry->file, name);
    g_autoptr(GBytes) pem = NULL;
    if (data) {
        pem = strict_base64(data);
        if (!pem)
            entry_fail(entry, BASE_ERROR_INVALID, "%s is not base64", data_key);
    } else if (path) {
        size_t length;
        g_autoptr(GError) failure = NULL;
        char *content = kube_read_file(path, &length, &failure);
        if (content)
            pem = g_bytes_new_take(content, length);
        else
            entry_fail(entry, (BaseErrorCode)failure->code, "%s cannot be read: %s", key, failure->message);
    }
    gsize size = 0;
    const char *text = pem ? g_bytes_get_data(pem, &size) : NULL;
    if (pem && (!text || !g_strstr_len(text, (gssize)size, "-----BEGIN ")))
        entry_fail(entry, BASE_ERROR_INVALID, "%s holds no PEM block (-----BEGIN ...)", data ? data_key : path);
    return g_steal_pointer(&pem);
}

/* An URL that libcurl takes; as elsewhere, names are looked up by a SOCKS proxy. */
static char *take_proxy(Entry *entry) {
    g_autofree char *text = take_string(entry, "proxy-url");
    if (!text)
        return NULL;
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_HAS_PASSWORD, NULL);
    const char *scheme = uri ? g_uri_get_scheme(uri) : "", *host = uri ? g_uri_get_host(uri) : NULL;
    bool socks = g_str_equal(scheme, "socks5") || g_str_equal(scheme, "socks5h");
    if (!host || !*host || !(socks || g_str_equal(scheme, "http") || g_str_equal(scheme, "https"))) {
        entry_fail(entry, BASE_ERROR_INVALID, "proxy-url is not http://, https:// or socks5:// with a host");
        return NULL;
    }
    return socks ? g_strconcat("socks5h", strchr(text, ':'), NULL) : g_steal_pointer(&text);
}

/* The extension that is handed to exec plugins. */
static char *take_exec_config(const Entry *cluster) {
    size_t index, count;
    yyjson_mut_val *item;
    yyjson_mut_arr_foreach(json_mut_get(cluster->object, "extensions"), index, count, item) {
        yyjson_mut_val *extension = json_mut_get(item, "extension");
        if (extension && g_strcmp0(json_mut_get_string(item, "name"), "client.authentication.k8s.io/exec") == 0)
            return json_mut_write(extension, NULL);
    }
    return NULL;
}

static bool read_cluster(KubeConfig *config, Entry *cluster, GError **error) {
    config->server = take_string(cluster, "server");
    config->tls_server_name = take_string(cluster, "tls-server-name");
    config->proxy_url = take_proxy(cluster);
    config->insecure = take_bool(cluster, cluster->object, "insecure-skip-tls-verify");
    config->disable_compression = take_bool(cluster, cluster->object, "disable-compression");
    config->exec_config = take_exec_config(cluster);
    config->ca_pem = take_pem(cluster, "certificate-authority");
    if (config->insecure && config->ca_pem)
        entry_fail(cluster, BASE_ERROR_INVALID,
                   "insecure-skip-tls-verify and certificate-authority exclude each other; leave one of them out");
    return entry_end(cluster, error);
}

static GStrv take_env(Entry *user, yyjson_mut_val *object) {
    g_autoptr(GStrvBuilder) out = g_strv_builder_new();
    size_t index, count;
    yyjson_mut_val *item;
    yyjson_mut_arr_foreach(json_mut_get(object, "env"), index, count, item) {
        g_autofree char *name = string_of(user, json_mut_get(item, "name"), "the exec plugin's env name");
        g_autofree char *value = string_of(user, json_mut_get(item, "value"), "the exec plugin's env value");
        g_autofree char *line = g_strdup_printf("%s=%s", name ? name : "", value ? value : "");
        if (name)
            g_strv_builder_add(out, line);
    }
    return g_strv_builder_end(out);
}

static KubeExec *take_exec(Entry *user) {
    yyjson_mut_val *object = json_mut_get(user->object, "exec");
    if (!object || yyjson_mut_is_null(object))
        return NULL;
    if (!yyjson_mut_is_obj(object))
        entry_fail(user, BASE_ERROR_INVALID, "exec is not a mapping");
    KubeExec *exec = g_new0(KubeExec, 1);
    g_autofree char *command = string_of(user, json_mut_get(object, "command"), "the exec plugin's command");
    exec->api_version = string_of(user, json_mut_get(object, "apiVersion"), "the exec plugin's apiVersion");
    /* A command with a slash is relative to the file, a bare name is looked up in PATH. */
    exec->command = command && strchr(command, '/') ? resolve(user->file, command) : g_strdup(command);
    exec->args = take_list(user, object, "args", true);
    exec->env = take_env(user, object);
    exec->install_hint = string_of(user, json_mut_get(object, "installHint"), "the exec plugin's installHint");
    exec->interactive_mode = string_of(user, json_mut_get(object, "interactiveMode"), "interactiveMode");
    exec->provide_cluster_info = take_bool(user, object, "provideClusterInfo");
    static const char *const modes[] = {"Never", "IfAvailable", "Always", NULL};
    if (exec->interactive_mode && !g_strv_contains(modes, exec->interactive_mode))
        entry_fail(user, BASE_ERROR_INVALID, "interactiveMode \"%s\" is none of Never, IfAvailable, Always",
                   exec->interactive_mode);
    if (!exec->command)
        entry_fail(user, BASE_ERROR_INVALID, "the exec plugin has no command");
    return exec;
}

static GStrv take_extra(Entry *user) {
    g_autoptr(GStrvBuilder) out = g_strv_builder_new();
    size_t index, count, inner, inner_count;
    yyjson_mut_val *key, *values, *value;
    yyjson_mut_obj_foreach(json_mut_get(user->object, "as-user-extra"), index, count, key, values) {
        yyjson_mut_arr_foreach(values, inner, inner_count, value) {
            g_autofree char *text = header_of(user, value, "as-user-extra");
            g_autofree char *line = g_strdup_printf("%s=%s", yyjson_mut_get_str(key), text ? text : "");
            g_strv_builder_add(out, line);
        }
    }
    return g_strv_builder_end(out);
}

static bool read_user(KubeConfig *config, Entry *user, GError **error) {
    g_autofree char *token_file = take_string(user, "tokenFile");
    config->token = take_header(user, "token");
    config->token_file = resolve(user->file, token_file);
    config->username = take_string(user, "username");
    config->password = take_string(user, "password");
    config->as = take_header(user, "as");
    config->as_uid = take_header(user, "as-uid");
    config->as_groups = take_list(user, user->object, "as-groups", false);
    config->as_extra = take_extra(user);
    for (char **group = config->as_groups; *group; group++)
        if (!kube_is_header_value(*group))
            entry_fail(user, BASE_ERROR_INVALID, "as-groups holds a line break or another control character");
    if (!config->as && (config->as_uid || *config->as_groups || *config->as_extra))
        entry_fail(user, BASE_ERROR_INVALID, "as-uid, as-groups and as-user-extra need the user in \"as\"");
    if (yyjson_mut_is_obj(json_mut_get(user->object, "auth-provider")))
        entry_fail(user, BASE_ERROR_UNSUPPORTED,
                   "its auth-provider is gone from Kubernetes since 1.26; use its exec plugin in place of it");
    config->exec = take_exec(user);
    config->client_cert_pem = take_pem(user, "client-certificate");
    config->client_key_pem = take_pem(user, "client-key");
    if (!config->client_cert_pem != !config->client_key_pem)
        entry_fail(user, BASE_ERROR_INVALID, "client-certificate and client-key go together; %s is missing",
                   config->client_key_pem ? "client-certificate" : "client-key");
    /* Whoever wrote a token or a certificate beside the plugin wants that. */
    if (config->token || config->token_file || config->username || config->client_cert_pem)
        g_clear_pointer(&config->exec, exec_free);
    return entry_end(user, error);
}

static bool missing(const char *kind, const char *name, const Entry *context, GError **error) {
    if (name && *name)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "%s: context \"%s\" names the %s \"%s\", which is not there; correct the name or add the %s",
                    context->file->path, context->name, kind, name, kind);
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "%s: context \"%s\" names no %s; add \"%s: NAME\" to it",
                    context->file->path, context->name, kind, kind);
    return false;
}

static bool read_context(KubeConfig *config, GPtrArray *files, const char *name, GError **error) {
    Entry context, cluster, user;
    if (!find_entry(files, "context", name, &context)) {
        g_autofree char *paths = paths_of(files), *hint = contexts_hint(files, "there are: ");
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "%s: no context is named \"%s\"%s", paths, name, hint);
        return false;
    }
    config->context = g_strdup(name);
    config->source = g_strdup_printf("context %s of %s", name, context.file->path);
    config->namespace_ = take_string(&context, "namespace");
    g_autofree char *cluster_name = take_string(&context, "cluster"), *user_name = take_string(&context, "user");
    if (!entry_end(&context, error))
        return false;
    if (!find_entry(files, "cluster", cluster_name, &cluster))
        return missing("cluster", cluster_name, &context, error);
    if (!read_cluster(config, &cluster, error))
        return false;
    if (!user_name)
        return true;
    if (!find_entry(files, "user", user_name, &user))
        return missing("user", user_name, &context, error);
    return read_user(config, &user, error);
}

static KubeConfig *load_context(GPtrArray *files, const char *context, GError **error) {
    const char *name = context && *context ? context : first_string(files, "current-context");
    if (!name) {
        g_autofree char *paths = paths_of(files), *hint = contexts_hint(files, "give --context with one of: ");
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s: there is no current-context%s", paths, hint);
        return NULL;
    }
    g_autoptr(KubeConfig) config = g_new0(KubeConfig, 1);
    return read_context(config, files, name, error) ? g_steal_pointer(&config) : NULL;
}

KubeConfig *kube_config_parse(const char *text, size_t length, const char *path, const char *context, GError **error) {
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(config_file_free);
    return add_text(files, text, length, path, error) ? load_context(files, context, error) : NULL;
}

/* --- in a pod ---------------------------------------------------------------------------------------- */

static bool is_in_cluster(const char *dir) {
    const char *host = g_getenv("KUBERNETES_SERVICE_HOST"), *port = g_getenv("KUBERNETES_SERVICE_PORT");
    g_autofree char *token = g_build_filename(dir, "token", NULL);
    return host && *host && port && *port && g_file_test(token, G_FILE_TEST_EXISTS);
}

KubeConfig *kube_config_in_cluster(const char *dir, GError **error) {
    if (!is_in_cluster(dir)) {
        const char *list = g_getenv("KUBECONFIG");
        g_autofree char *looked = list && *list ? g_strdup_printf("no file of $KUBECONFIG (%s) exists", list)
                                                : g_strdup("$KUBECONFIG is not set, ~/.kube/config does not exist");
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "no cluster is configured: %s and this is not a pod; give --kubeconfig FILE", looked);
        return NULL;
    }
    const char *host = g_getenv("KUBERNETES_SERVICE_HOST"), *port = g_getenv("KUBERNETES_SERVICE_PORT");
    g_autofree char *ca = g_build_filename(dir, "ca.crt", NULL), *space = g_build_filename(dir, "namespace", NULL);
    g_autoptr(KubeConfig) config = g_new0(KubeConfig, 1);
    config->source = g_strdup("the pod's service account");
    bool v6 = strchr(host, ':') != NULL;
    config->server = g_strdup_printf("https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
    config->token_file = g_build_filename(dir, "token", NULL);
    size_t length;
    char *content = kube_read_file(ca, &length, error);
    if (!content) {
        g_prefix_error(error, "the pod's cluster certificate cannot be read: ");
        return NULL;
    }
    config->ca_pem = g_bytes_new_take(content, length);
    config->namespace_ = kube_read_file(space, NULL, NULL);
    if (config->namespace_)
        g_strstrip(config->namespace_);
    return g_steal_pointer(&config);
}

KubeConfig *kube_config_load(const KubeConfigOptions *options, GError **error) {
    g_autoptr(GPtrArray) files = load_files(options->path, error);
    if (!files)
        return NULL;
    bool by_path = options->path && *options->path, by_name = options->context && *options->context;
    g_auto(GStrv) names = names_of(files, "contexts");
    /* As with kubectl, files that say nothing at all do not hide the pod's own configuration. */
    if (files->len == 0 || (!by_path && !by_name && !*names && is_in_cluster(POD_DIR)))
        return kube_config_in_cluster(POD_DIR, error);
    return load_context(files, options->context, error);
}

GStrv kube_config_contexts(const char *path) {
    g_autoptr(GPtrArray) files = load_files(path, NULL);
    return names_of(files, "contexts");
}
