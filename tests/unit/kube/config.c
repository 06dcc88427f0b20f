/* Kubeconfigs: merging, paths, what is refused and what is said then; the pod's own configuration. */
#include "kube/config-internal.h"

#include "../files.h"

#include <string.h>

#define PEM "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"
#define PEM_BASE64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClFVSkQKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

static char *dir; /* of the test */

static KubeConfig *load(const char *path, const char *context) {
    g_autoptr(GError) error = NULL;
    KubeConfig *config = kube_config_load(&(KubeConfigOptions){.path = path, .context = context}, &error);
    g_assert_no_error(error);
    return config;
}

/* The message of a configuration that is refused. */
static char *refusal(const char *path, const char *context, BaseErrorCode code) {
    g_autoptr(GError) error = NULL;
    g_assert_null(kube_config_load(&(KubeConfigOptions){.path = path, .context = context}, &error));
    g_assert_error(error, BASE_ERROR, (int)code);
    return g_strdup(error->message);
}

static void assert_says(const char *message, const char *text) {
    if (!strstr(message, text))
        g_error("not said: %s\nsaid: %s", text, message);
}

static void assert_pem(GBytes *pem) {
    g_assert_nonnull(pem);
    g_assert_cmpuint(g_bytes_get_size(pem), ==, strlen(PEM));
    g_assert_cmpint(memcmp(g_bytes_get_data(pem, NULL), PEM, strlen(PEM)), ==, 0);
}

/* A kubeconfig of one context; the arguments are the inside of cluster and user. */
static char *one(const char *cluster, const char *user) {
    g_autofree char *text =
        g_strdup_printf("{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],\n"
                        " clusters: [{name: k, cluster: {%s}}],\n users: [{name: u, user: {%s}}]}\n",
                        cluster, user);
    return files_write(dir, "one", text);
}

static void test_everything(void) {
    g_autofree char *path = files_write(
        dir, "config",
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        "contexts:\n- name: c\n  context: {cluster: k, user: u, namespace: shop}\n"
        "clusters:\n- name: k\n  cluster:\n    server: https://k:6443/prefix\n    tls-server-name: name\n"
        "    proxy-url: http://user:pass@proxy:3128\n    certificate-authority-data: " PEM_BASE64 "\n"
        "    disable-compression: true\n    extensions:\n    - name: client.authentication.k8s.io/exec\n"
        "      extension: {audience: x, count: 1}\n"
        "users:\n- name: u\n  user:\n    as: jane\n    as-uid: '7'\n    as-groups: [a, b]\n"
        "    as-user-extra: {scopes: [v, w], reason: [z]}\n"
        "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: plugin\n      args: [get, '']\n"
        "      env: [{name: A, value: b=c}, {name: E, value: ''}]\n      installHint: |\n        line 1\n        line "
        "2\n"
        "      interactiveMode: Never\n      provideClusterInfo: true\n");
    g_autoptr(KubeConfig) config = load(path, NULL);
    g_autofree char *source = g_strdup_printf("context c of %s", path);
    g_assert_cmpstr(config->source, ==, source);
    g_assert_cmpstr(config->context, ==, "c");
    g_assert_cmpstr(config->namespace_, ==, "shop");
    g_assert_cmpstr(config->server, ==, "https://k:6443/prefix");
    g_assert_cmpstr(config->tls_server_name, ==, "name");
    g_assert_cmpstr(config->proxy_url, ==, "http://user:pass@proxy:3128");
    g_assert_cmpstr(config->exec_config, ==, "{\"audience\":\"x\",\"count\":1}");
    g_assert_true(config->disable_compression);
    g_assert_false(config->insecure);
    assert_pem(config->ca_pem);
    g_assert_cmpstr(config->as, ==, "jane");
    g_assert_cmpstr(config->as_uid, ==, "7");
    const char *groups[] = {"a", "b", NULL}, *extra[] = {"scopes=v", "scopes=w", "reason=z", NULL};
    g_assert_cmpstrv(config->as_groups, groups);
    g_assert_cmpstrv(config->as_extra, extra);
    const char *args[] = {"get", "", NULL}, *env[] = {"A=b=c", "E=", NULL};
    g_assert_cmpstrv(config->exec->args, args);
    g_assert_cmpstrv(config->exec->env, env);
    g_assert_cmpstr(config->exec->command, ==, "plugin");
    g_assert_cmpstr(config->exec->install_hint, ==, "line 1\nline 2\n");
    g_assert_cmpstr(config->exec->interactive_mode, ==, "Never");
    g_assert_true(config->exec->provide_cluster_info);
}

/* kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig, "Merging kubeconfig files". */
static void test_merge(void) {
    g_autofree char *a =
        files_write(dir, "a",
                    "current-context: \"\"\ncontexts: [{name: two, context: {cluster: k2, user: red}}]\n"
                    "users: [{name: red, user: {token: first}}]\n");
    g_autofree char *b =
        files_write(dir, "b",
                    "current-context: two\n"
                    "contexts: [{name: one, context: {cluster: k1}}, {name: two, context: {cluster: k1}}]\n"
                    "clusters: [{name: k1, cluster: {server: 'https://one'}}, {name: k2, cluster: {server: "
                    "'https://two'}}]\n"
                    "users: [{name: red, user: {token: second, as: jane}}]\n");
    g_autofree char *c = files_write(dir, "c", "current-context: one\n");
    g_autofree char *empty = files_write(dir, "empty", "");
    g_autofree char *list = g_strdup_printf("%s::%s/absent:%s:%s:%s", empty, dir, a, b, c);
    g_setenv("KUBECONFIG", list, TRUE);
    g_autoptr(KubeConfig) config = load(NULL, NULL);
    g_assert_cmpstr(config->context, ==, "two"); /* the first that is not empty */
    g_assert_cmpstr(config->server, ==, "https://two");
    g_assert_cmpstr(config->token, ==, "first");
    g_assert_null(config->as); /* nothing of the second "red", though the first does not say */
    g_autoptr(KubeConfig) named = load(NULL, "one");
    g_assert_cmpstr(named->server, ==, "https://one");
    g_assert_null(named->token); /* a context without a user */
    g_auto(GStrv) contexts = kube_config_contexts(NULL);
    const char *names[] = {"one", "two", NULL}; /* sorted, each once */
    g_assert_cmpstrv(contexts, names);
    g_autoptr(KubeConfig) alone = load(b, NULL); /* --kubeconfig: no other file */
    g_assert_cmpstr(alone->token, ==, NULL);
    g_assert_cmpstr(alone->server, ==, "https://one");
}

static void test_relative_paths(void) {
    g_autofree char *ca = files_write(dir, "pki/ca.crt", PEM);
    g_free(files_write(dir, "pki/key", PEM));
    g_autofree char *path = one("server: 'https://k', certificate-authority: pki/ca.crt",
                                "client-certificate: ./pki/ca.crt, client-key: pki/key, tokenFile: pki/token");
    g_autoptr(KubeConfig) config = load(path, NULL);
    assert_pem(config->ca_pem);
    assert_pem(config->client_cert_pem);
    g_autofree char *token = g_build_filename(dir, "pki/token", NULL), *tool = g_build_filename(dir, "bin/tool", NULL);
    g_assert_cmpstr(config->token_file, ==, token);
    g_autofree char *absolute = g_strdup_printf("server: 'https://k', certificate-authority: '%s'", ca);
    g_autofree char *again = one(absolute, "exec: {apiVersion: v, command: bin/tool}");
    g_autoptr(KubeConfig) plugin = load(again, NULL);
    assert_pem(plugin->ca_pem);
    g_assert_cmpstr(plugin->exec->command, ==, tool);
    /* data wins over the file that is named beside it */
    g_autofree char *both =
        one("server: 'https://k', certificate-authority: absent, certificate-authority-data: " PEM_BASE64, "");
    g_autoptr(KubeConfig) inline_ = load(both, NULL);
    assert_pem(inline_->ca_pem);
}

static void test_empty_is_absent(void) {
    g_autofree char *path =
        one("server: 'https://k', proxy-url: '', tls-server-name: '', certificate-authority-data: ''",
            "token: '', tokenFile: '', as: '', username: '', client-certificate: '', client-key: null, "
            "exec: null, auth-provider: null");
    g_autoptr(KubeConfig) config = load(path, NULL);
    g_assert_null(config->proxy_url); /* the environment's counts */
    g_assert_null(config->tls_server_name);
    g_assert_null(config->ca_pem);
    g_assert_null(config->token);
    g_assert_null(config->token_file);
    g_assert_null(config->as);
    g_assert_null(config->exec);
}

static void test_proxies(void) {
    static const struct {
        const char *given, *taken;
    } cases[] = {{"http://p", "http://p"},
                 {"https://p:1", "https://p:1"},
                 {"socks5://p:1080", "socks5h://p:1080"}, /* names are looked up there */
                 {"socks5h://[::1]:1", "socks5h://[::1]:1"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *cluster = g_strdup_printf("server: 'https://k', proxy-url: '%s'", cases[i].given);
        g_autofree char *path = one(cluster, "");
        g_autoptr(KubeConfig) config = load(path, NULL);
        g_assert_cmpstr(config->proxy_url, ==, cases[i].taken);
    }
}

static void test_fixed_wins_over_plugin(void) {
    static const char *const users[] = {"token: t", "tokenFile: f", "username: u, password: p",
                                        "client-certificate-data: " PEM_BASE64 ", client-key-data: " PEM_BASE64};
    for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
        g_autofree char *user = g_strdup_printf("%s, exec: {apiVersion: v, command: c}", users[i]);
        g_autofree char *path = one("server: 'https://k'", user);
        g_autoptr(KubeConfig) config = load(path, NULL);
        g_assert_null(config->exec);
    }
}

static void test_refused_content(void) {
    static const struct {
        const char *cluster, *user, *says;
    } cases[] = {
        {"certificate-authority-data: 'LS0t!LS0t'", "", "one: cluster \"k\": certificate-authority-data is not base64"},
        {"certificate-authority-data: LS0", "", "is not base64"},
        {"certificate-authority-data: QUJD", "", "certificate-authority-data holds no PEM block"},
        {"certificate-authority: absent.crt", "", "certificate-authority cannot be read: "},
        {"certificate-authority: absent.crt", "", "absent.crt: No such file"},
        {"insecure-skip-tls-verify: true, certificate-authority-data: " PEM_BASE64, "", "leave one of them out"},
        {"insecure-skip-tls-verify: 'true'", "", "insecure-skip-tls-verify is neither true nor false"},
        {"proxy-url: 'proxy:3128'", "", "proxy-url is not http://, https:// or socks5://"},
        {"proxy-url: 'ftp://proxy'", "", "proxy-url is not"},
        {"proxy-url: 'http://'", "", "proxy-url is not"},
        {"server: 12", "", "server is not a string; put it in quotes"},
        {"", "token: 12345", "one: user \"u\": token is not a string; put it in quotes"},
        {"", "token: \"a\\nb\"", "token holds a line break"},
        {"", "as: \"a\\r\\nImpersonate-Group: system:masters\"", "as holds a line break"},
        {"", "as: a, as-groups: [\"a\\nb\"]", "as-groups holds a line break"},
        {"", "as: a, as-user-extra: {k: [1]}", "as-user-extra is not a string"},
        {"", "as: a, as-user-extra: {k: [\"a\\nb\"]}", "as-user-extra holds a line break"},
        {"", "as-groups: [system:masters]", "need the user in \"as\""},
        {"", "as-groups: a, as: b", "as-groups is not a list"},
        {"", "client-certificate-data: " PEM_BASE64, "client-key is missing"},
        {"", "client-key-data: " PEM_BASE64, "client-certificate is missing"},
        {"", "auth-provider: {name: gcp}", "gone from Kubernetes since 1.26"},
        {"", "exec: {apiVersion: v}", "the exec plugin has no command"},
        {"", "exec: plugin", "exec is not a mapping"},
        {"", "exec: {command: c, args: [1]}", "args is not a string"},
        {"", "exec: {command: c, args: x}", "args is not a list"},
        {"", "exec: {command: c, env: [{name: A, value: 1}]}", "env value is not a string"},
        {"", "exec: {command: c, interactiveMode: Sometimes}", "none of Never, IfAvailable, Always"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = one(cases[i].cluster, cases[i].user);
        g_autoptr(GError) error = NULL;
        g_test_message("%s %s", cases[i].cluster, cases[i].user);
        g_assert_null(kube_config_load(&(KubeConfigOptions){.path = path}, &error));
        g_assert_true(error && error->domain == BASE_ERROR);
        assert_says(error->message, cases[i].says);
    }
}

static void test_refused_files(void) {
    g_autofree char *none = g_build_filename(dir, "none", NULL);
    g_autofree char *said = refusal(none, NULL, BASE_ERROR_NOT_FOUND);
    assert_says(said, none);
    static const struct {
        const char *text;
        BaseErrorCode code;
        const char *says;
    } cases[] = {
        {"- a\n", BASE_ERROR_INVALID, "is not a kubeconfig: it holds no mapping"},
        {"text", BASE_ERROR_INVALID, "is not a kubeconfig"},
        {"contexts: {a: b}\n", BASE_ERROR_INVALID, "its contexts are not a list"},
        {"a: [\n", BASE_ERROR_INVALID, "file"},
        {"", BASE_ERROR_USAGE, "there is no current-context; it has no contexts"},
        {"kind: Config\ncontexts: [{name: b}, {name: a}]\n", BASE_ERROR_USAGE,
         "there is no current-context; give --context with one of: a, b"},
        {"current-context: x\ncontexts: [{name: b}, {name: a}]\n", BASE_ERROR_NOT_FOUND,
         "no context is named \"x\"; there are: a, b"},
        {"current-context: x\ncontexts: [{name: x, context: {cluster: k}}]\n", BASE_ERROR_NOT_FOUND,
         "context \"x\" names the cluster \"k\", which is not there"},
        /* A nameless cluster is not what a context without one means. */
        {"current-context: x\ncontexts: [{name: x, context: {}}]\nclusters: [{cluster: {server: 'https://k'}}]\n",
         BASE_ERROR_NOT_FOUND, "context \"x\" names no cluster; add \"cluster: NAME\" to it"},
        {"current-context: x\ncontexts: [{name: x, context: {cluster: k, user: u}}]\n"
         "clusters: [{name: k, cluster: {}}]\n",
         BASE_ERROR_NOT_FOUND, "context \"x\" names the user \"u\", which is not there"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = files_write(dir, "file", cases[i].text);
        g_autofree char *message = refusal(path, NULL, cases[i].code);
        assert_says(message, cases[i].says);
        assert_says(message, path);
    }
    g_autoptr(GString) many = g_string_new("contexts:\n");
    for (int i = 10; i < 40; i++)
        g_string_append_printf(many, "- name: c%d\n", i);
    g_autofree char *path = files_write(dir, "file", many->str), *message = refusal(path, NULL, BASE_ERROR_USAGE);
    assert_says(message, "one of: c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, ...");
    g_assert_null(strstr(message, "c20"));
    g_autofree char *endless = refusal("/dev/zero", NULL, BASE_ERROR_LIMIT);
    assert_says(endless, "larger than 16.0 MiB");
}

static void test_nothing_found(void) {
    g_autofree char *list = g_strdup_printf("%s/a:%s/b", dir, dir);
    g_autofree char *unset = refusal(NULL, NULL, BASE_ERROR_USAGE); /* HOME is empty */
    assert_says(unset,
                "$KUBECONFIG is not set, ~/.kube/config does not exist and this is not a pod; give --kubeconfig");
    g_setenv("KUBECONFIG", list, TRUE);
    g_autofree char *absent = refusal(NULL, NULL, BASE_ERROR_USAGE);
    assert_says(absent, "no file of $KUBECONFIG (");
    assert_says(absent, list);
    g_auto(GStrv) contexts = kube_config_contexts(NULL);
    g_assert_cmpuint(g_strv_length(contexts), ==, 0);
}

static void test_in_cluster(void) {
    g_autofree char *token = files_write(dir, "token", "t\n");
    g_autoptr(GError) error = NULL;
    g_assert_null(kube_config_in_cluster(dir, &error)); /* no KUBERNETES_SERVICE_HOST */
    g_assert_error(error, BASE_ERROR, BASE_ERROR_USAGE);
    g_clear_error(&error);
    g_setenv("KUBERNETES_SERVICE_HOST", "fd00::1", TRUE);
    g_setenv("KUBERNETES_SERVICE_PORT", "443", TRUE);
    g_assert_null(kube_config_in_cluster(dir, &error)); /* no ca.crt */
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    assert_says(error->message, "ca.crt");
    g_clear_error(&error);
    g_free(files_write(dir, "ca.crt", PEM));
    g_free(files_write(dir, "namespace", "shop\n"));
    g_autoptr(KubeConfig) config = kube_config_in_cluster(dir, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(config->server, ==, "https://[fd00::1]:443");
    g_assert_cmpstr(config->token_file, ==, token);
    g_assert_cmpstr(config->namespace_, ==, "shop");
    assert_pem(config->ca_pem);
    g_setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", TRUE);
    g_autoptr(KubeConfig) v4 = kube_config_in_cluster(dir, &error);
    g_assert_cmpstr(v4->server, ==, "https://10.96.0.1:443");
}

static void in_a_directory(const void *test) {
    dir = files_new();
    g_autofree char *home = g_build_filename(dir, "home", NULL);
    g_setenv("HOME", home, TRUE);
    g_unsetenv("KUBECONFIG");
    g_unsetenv("KUBERNETES_SERVICE_HOST");
    ((void (*)(void))test)();
    files_remove(dir);
    g_clear_pointer(&dir, g_free);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/config/everything", (const void *)test_everything, in_a_directory);
    g_test_add_data_func("/config/merge", (const void *)test_merge, in_a_directory);
    g_test_add_data_func("/config/relative-paths", (const void *)test_relative_paths, in_a_directory);
    g_test_add_data_func("/config/empty-is-absent", (const void *)test_empty_is_absent, in_a_directory);
    g_test_add_data_func("/config/proxies", (const void *)test_proxies, in_a_directory);
    g_test_add_data_func("/config/fixed-wins-over-plugin", (const void *)test_fixed_wins_over_plugin, in_a_directory);
    g_test_add_data_func("/config/refused-content", (const void *)test_refused_content, in_a_directory);
    g_test_add_data_func("/config/refused-files", (const void *)test_refused_files, in_a_directory);
    g_test_add_data_func("/config/nothing-found", (const void *)test_nothing_found, in_a_directory);
    g_test_add_data_func("/config/in-cluster", (const void *)test_in_cluster, in_a_directory);
    return g_test_run();
}
