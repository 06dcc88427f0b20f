/* Fixed tokens, token files that change, and exec plugins: small shell scripts that each test writes. */
#include "kube/config-internal.h"
#include "kube/credentials-internal.h"

#include "base/json.h"
#include "base/text.h"
#include "../files.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define V1 "client.authentication.k8s.io/v1"
#define V1BETA1 "client.authentication.k8s.io/v1beta1"
#define PEM "-----BEGIN X-----\\n"

static char *dir; /* of the test */

/* A script's text that answers with this status, and counts its runs in the file "runs". */
static char *answering(const char *version, const char *status) {
    return g_strdup_printf("echo run >>\"$DIR/runs\"\ncat <<'END'\n"
                           "{\"apiVersion\":\"%s\",\"kind\":\"ExecCredential\",\"status\":%s}\nEND\n",
                           version, status);
}

/* A configuration whose user is a plugin: a shell script of that text. `more`: of the exec object, in JSON. */
static KubeConfig *plugin(const char *version, const char *script, const char *more) {
    g_autofree char *whole = g_strdup_printf("#!/bin/sh\n%s", script);
    g_autofree char *path = files_write(dir, "plugin", whole);
    g_assert_cmpint(g_chmod(path, 0700), ==, 0);
    g_autofree char *config = g_strdup_printf(
        "{\"current-context\":\"c\",\"contexts\":[{\"name\":\"c\",\"context\":{\"cluster\":\"k\",\"user\":\"u\"}}],"
        "\"clusters\":[{\"name\":\"k\",\"cluster\":{\"server\":\"https://k\",\"tls-server-name\":\"n\","
        "\"proxy-url\":\"http://p:1\",\"extensions\":[{\"name\":\"client.authentication.k8s.io/exec\","
        "\"extension\":{\"a\":[1]}}]}}],"
        "\"users\":[{\"name\":\"u\",\"user\":{\"exec\":{\"apiVersion\":\"%s\",\"command\":\"./plugin\","
        "\"env\":[{\"name\":\"DIR\",\"value\":\"%s\"}]%s}}}]}",
        version, dir, more);
    g_autofree char *file = g_build_filename(dir, "config", NULL);
    g_autoptr(GError) error = NULL;
    KubeConfig *made = kube_config_parse(config, strlen(config), file, NULL, &error);
    g_assert_no_error(error);
    return made;
}

static guint runs(void) {
    g_autofree char *text = files_read(dir, "runs");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    return g_strv_length(lines) ? g_strv_length(lines) - 1 : 0;
}

static void assert_gives(KubeCredentials *credentials, const char *authorization) {
    g_autoptr(GError) error = NULL;
    g_auto(KubeCredential) got = {0};
    g_assert_true(kube_credentials_get(credentials, NULL, &got, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(got.authorization, ==, authorization);
}

/* The message where nothing can be had. */
static char *refusal(KubeCredentials *credentials, Cancel *cancel, BaseErrorCode code) {
    g_autoptr(GError) error = NULL;
    g_auto(KubeCredential) got = {0};
    g_assert_false(kube_credentials_get(credentials, cancel, &got, &error));
    g_assert_error(error, BASE_ERROR, (int)code);
    return g_strdup(error->message);
}

static void assert_says(const char *message, const char *text) {
    if (!strstr(message, text))
        g_error("not said: %s\nsaid: %s", text, message);
}

/* What a plugin's text is refused with. */
static char *plugin_refusal(const char *version, const char *script, const char *more, BaseErrorCode code) {
    g_autoptr(KubeConfig) config = plugin(version, script, more);
    g_autoptr(KubeCredentials) credentials = kube_credentials_new(config);
    return refusal(credentials, NULL, code);
}

static void test_fixed(void) {
    KubeConfig token = {.token = (char *)"t"},
               basic = {.username = (char *)"Aladdin", .password = (char *)"open sesame"};
    KubeConfig nobody = {0};
    g_autoptr(KubeCredentials) with_token = kube_credentials_new(&token), with_basic = kube_credentials_new(&basic),
                               with_none = kube_credentials_new(&nobody);
    assert_gives(with_token, "Authorization: Bearer t");
    assert_gives(with_basic, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="); /* RFC 7617's example */
    assert_gives(with_none, NULL);
    g_assert_false(kube_credentials_renew(with_token, &(KubeCredential){0}));
}

static void test_token_file(void) {
    g_autofree char *path = files_write(dir, "token", " first\n");
    KubeConfig config = {.token_file = path, .token = (char *)"not this"};
    g_autoptr(KubeCredentials) credentials = kube_credentials_new(&config);
    assert_gives(credentials, "Authorization: Bearer first");
    g_free(files_write(dir, "token", "second\n"));
    assert_gives(credentials, "Authorization: Bearer first"); /* not yet a minute old */
    g_auto(KubeCredential) used = {.authorization = g_strdup("Authorization: Bearer other")};
    g_assert_true(kube_credentials_renew(credentials, &used)); /* what was refused is no longer held */
    assert_gives(credentials, "Authorization: Bearer first");
    g_free(used.authorization);
    used.authorization = g_strdup("Authorization: Bearer first");
    g_assert_true(kube_credentials_renew(credentials, &used));
    assert_gives(credentials, "Authorization: Bearer second");
}

static void test_bad_token_files(void) {
    static const char *const texts[] = {"", " \n", "a\nb", "a\x1b"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *path = files_write(dir, "token", texts[i]);
        KubeConfig config = {.token_file = path};
        g_autoptr(KubeCredentials) credentials = kube_credentials_new(&config);
        g_autofree char *message = refusal(credentials, NULL, BASE_ERROR_UNAUTHORIZED);
        assert_says(message, path);
        assert_says(message, i < 2 ? "it is empty" : "more than one line");
    }
    g_autofree char *absent = g_build_filename(dir, "absent", NULL);
    KubeConfig config = {.token_file = absent};
    g_autoptr(KubeCredentials) credentials = kube_credentials_new(&config);
    g_autofree char *message = refusal(credentials, NULL, BASE_ERROR_UNAUTHORIZED);
    assert_says(message, "absent: No such file");
}

static void test_plugin_versions(void) {
    static const char *const versions[] = {V1, V1BETA1};
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autofree char *script = answering(versions[i], "{\"token\":\"t\"}");
        g_autoptr(KubeConfig) config = plugin(versions[i], script, "");
        g_autoptr(KubeCredentials) credentials = kube_credentials_new(config);
        assert_gives(credentials, "Authorization: Bearer t");
        assert_gives(credentials, "Authorization: Bearer t");
        g_assert_cmpuint(runs(), ==, i + 1); /* kept, as it never expires */
    }
    g_autofree char *script = answering(V1, "{\"token\":\"t\"}");
    g_autofree char *other = plugin_refusal(V1BETA1, script, "", BASE_ERROR_UNAUTHORIZED);
    assert_says(other, "not of the apiVersion that the kubeconfig asks for");
    g_autofree char *old = plugin_refusal("client.authentication.k8s.io/v1alpha1", script, "", BASE_ERROR_UNSUPPORTED);
    assert_says(old, "speaks client.authentication.k8s.io/v1alpha1; known are");
}

static void test_plugin_certificate(void) {
    g_autofree char *script =
        answering(V1, "{\"clientCertificateData\":\"" PEM "\",\"clientKeyData\":\"" PEM "k\",\"token\":null}");
    g_autoptr(KubeConfig) config = plugin(V1, script, "");
    g_autoptr(KubeCredentials) credentials = kube_credentials_new(config);
    g_auto(KubeCredential) first = {0}, second = {0}, third = {0};
    g_assert_true(kube_credentials_get(credentials, NULL, &first, NULL));
    g_assert_null(first.authorization);
    g_assert_nonnull(first.client_cert_pem);
    g_assert_cmpuint(g_bytes_get_size(first.client_key_pem), ==, 19);
    /* The same certificate again keeps its connections; another one does not. */
    g_assert_true(kube_credentials_renew(credentials, &first));
    g_assert_true(kube_credentials_get(credentials, NULL, &second, NULL));
    g_assert_cmpuint(runs(), ==, 2);
    g_assert_cmpuint(second.generation, ==, first.generation);
    g_autofree char *changed = answering(V1, "{\"clientCertificateData\":\"" PEM "2\",\"clientKeyData\":\"" PEM "k\"}");
    kube_config_free(plugin(V1, changed, "")); /* in the same place */
    g_assert_true(kube_credentials_renew(credentials, &second));
    g_assert_true(kube_credentials_get(credentials, NULL, &third, NULL));
    g_assert_cmpuint(third.generation, >, second.generation);
}

static void test_plugin_token_keeps_connections(void) {
    g_autofree char *script = answering(V1, "{\"token\":\"t\"}");
    g_autoptr(KubeConfig) config = plugin(V1, script, "");
    g_autoptr(KubeCredentials) credentials = kube_credentials_new(config);
    g_auto(KubeCredential) first = {0}, second = {0};
    g_assert_true(kube_credentials_get(credentials, NULL, &first, NULL));
    g_assert_true(kube_credentials_renew(credentials, &first));
    g_assert_true(kube_credentials_get(credentials, NULL, &second, NULL));
    g_assert_cmpuint(runs(), ==, 2);
    g_assert_cmpuint(second.generation, ==, first.generation);
}

static void test_plugin_expiry(void) {
    static const struct {
        gint64 seconds;
        guint runs;                            /* after three requests */
    } cases[] = {{3600, 1}, {5, 3}, {-60, 3}}; /* within ten seconds counts as expired */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *log = g_build_filename(dir, "runs", NULL);
        g_remove(log);
        g_autofree char *expires = time_format(g_get_real_time() + cases[i].seconds * G_USEC_PER_SEC);
        g_autofree char *status = g_strdup_printf("{\"token\":\"t\",\"expirationTimestamp\":\"%s\"}", expires);
        g_autofree char *script = answering(V1, status);
        g_autoptr(KubeConfig) config = plugin(V1, script, "");
        g_autoptr(KubeCredentials) credentials = kube_credentials_new(config);
        for (int k = 0; k < 3; k++)
            assert_gives(credentials, "Authorization: Bearer t");
        g_assert_cmpuint(runs(), ==, cases[i].runs);
    }
}

static void test_plugin_is_told(void) {
    g_autofree char *answer = answering(V1, "{\"token\":\"t\"}");
    g_autofree char *script = g_strdup_printf("printf %%s \"$KUBERNETES_EXEC_INFO\" >\"$DIR/info\"\n"
                                              "printf '%%s,' \"$@\" >\"$DIR/args\"\ncat >\"$DIR/stdin\"\n"
                                              "ls /proc/self/fd | wc -l >\"$DIR/descriptors\"\n%s",
                                              answer);
    g_autoptr(KubeConfig) config =
        plugin(V1, script, ",\"args\":[\"get token\",\"\",\"$HOME\"],\"provideClusterInfo\":true");
    /* Of this program's descriptors none reaches the plugin, and its standard input neither. */
    int pipes[2], kept = dup(STDIN_FILENO);
    g_assert_cmpint(pipe(pipes), ==, 0);
    g_assert_cmpint(write(pipes[1], "secret", 6), ==, 6);
    g_assert_cmpint(dup2(pipes[0], STDIN_FILENO), ==, STDIN_FILENO);
    g_autoptr(KubeCredentials) credentials = kube_credentials_new(config);
    close(pipes[1]);
    assert_gives(credentials, "Authorization: Bearer t");
    dup2(kept, STDIN_FILENO);
    close(kept);
    close(pipes[0]);
    g_autofree char *info = files_read(dir, "info"), *args = files_read(dir, "args"), *in = files_read(dir, "stdin");
    g_autofree char *descriptors = files_read(dir, "descriptors");
    g_assert_cmpstr(info, ==,
                    "{\"apiVersion\":\"" V1
                    "\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false,\"cluster\":"
                    "{\"server\":\"https://k\",\"tls-server-name\":\"n\",\"proxy-url\":\"http://p:1\","
                    "\"config\":{\"a\":[1]}}}}");
    g_assert_cmpstr(args, ==, "get token,,$HOME,");
    g_assert_cmpstr(in, ==, "");
    g_assert_cmpint(atoi(descriptors), ==, 4); /* 0, 1, 2 and what ls reads */
    g_autoptr(KubeConfig) silent = plugin(V1, script, "");
    g_autoptr(KubeCredentials) others = kube_credentials_new(silent);
    assert_gives(others, "Authorization: Bearer t");
    g_autofree char *short_info = files_read(dir, "info");
    g_assert_cmpstr(short_info, ==,
                    "{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false}}");
}

static void test_plugin_fails(void) {
    g_autofree char *failed =
        plugin_refusal(V1, "exit 3\n", ",\"installHint\":\"get it from example.com\"", BASE_ERROR_UNAUTHORIZED);
    assert_says(failed, "/plugin failed with exit status 3; ");
    assert_says(failed, "; get it from example.com");
    g_autofree char *killed = plugin_refusal(V1, "kill -9 $$\n", "", BASE_ERROR_UNAUTHORIZED);
    assert_says(killed, "was ended by signal 9");
    g_autofree char *much = plugin_refusal(V1, "yes\n", "", BASE_ERROR_UNAUTHORIZED);
    assert_says(much, "said too much");
    g_autofree char *always =
        plugin_refusal(V1, "exit 0\n", ",\"interactiveMode\":\"Always\"", BASE_ERROR_UNAUTHORIZED);
    assert_says(always, "standard input is not a terminal");
    KubeExec exec = {.api_version = (char *)V1,
                     .command = (char *)"/absent/plugin",
                     .args = (char *[]){NULL},
                     .env = (char *[]){NULL},
                     .install_hint = (char *)"install it"};
    KubeConfig config = {.exec = &exec};
    g_autoptr(KubeCredentials) credentials = kube_credentials_new(&config);
    g_autofree char *absent = refusal(credentials, NULL, BASE_ERROR_UNAUTHORIZED);
    assert_says(absent, "/absent/plugin cannot be started: No such file or directory; install it");
}

static void test_plugin_garbage(void) {
    static const struct {
        const char *answer, *says;
    } cases[] = {
        {"", "is empty where JSON is expected"},
        {"Please log in", "is not valid JSON"},
        {"[]", "not of kind ExecCredential"},
        {"{\"kind\":\"Status\"}", "not of kind ExecCredential"},
        {"{\"kind\":\"ExecCredential\"}", "not of the apiVersion"},
        {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\"}", "it has no status"},
        {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{}}", "neither a token nor a certificate"},
        {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{\"token\":\"\"}}", "neither a token"},
        {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{\"token\":1}}", "neither a token"},
        {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{\"token\":\"a\\r\\nX: y\"}}",
         "control characters"},
        {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
         "\",\"status\":{\"token\":\"t\",\"clientCertificateData\":\"c\"}}",
         "a certificate without its key"},
        {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{\"clientKeyData\":\"c\"}}",
         "a key without its certificate"},
        {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
         "\",\"status\":{\"token\":\"t\",\"expirationTimestamp\":\"tomorrow\"}}",
         "expirationTimestamp is not a time"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *script = g_strdup_printf("cat <<'END'\n%s\nEND\n", cases[i].answer);
        g_autofree char *message =
            plugin_refusal(V1, *cases[i].answer ? script : "exit 0\n", "", BASE_ERROR_UNAUTHORIZED);
        g_test_message("%s", cases[i].answer);
        assert_says(message, cases[i].says);
        assert_says(message, "/plugin ");
    }
}

/* What a plugin leaves running keeps neither its answer nor the program. */
static void test_plugin_leaves_a_child(void) {
    g_autofree char *answer = answering(V1, "{\"token\":\"t\"}");
    g_autofree char *script = g_strdup_printf("sleep 50 &\necho $! >\"$DIR/child\"\n%s", answer);
    g_autoptr(KubeConfig) config = plugin(V1, script, "");
    g_autoptr(KubeCredentials) credentials = kube_credentials_new(config);
    gint64 begun = g_get_monotonic_time();
    assert_gives(credentials, "Authorization: Bearer t");
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 20 * G_USEC_PER_SEC);
    g_autofree char *child = files_read(dir, "child");
    g_assert_cmpint(kill(atoi(child), SIGKILL), ==, 0);
}

typedef struct {
    Cancel *cancel;
    const char *started; /* file */
} Canceller;

static void *cancel_when_started(void *data) {
    const Canceller *canceller = data;
    while (!g_file_test(canceller->started, G_FILE_TEST_EXISTS))
        g_usleep(1000);
    cancel_set(canceller->cancel);
    return NULL;
}

/* A process that was killed but not yet collected by its new parent is gone too. */
static bool is_running(int pid) {
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *stat = NULL;
    const char *state = g_file_get_contents(path, &stat, NULL, NULL) ? strrchr(stat, ')') : NULL;
    return state && !g_str_has_prefix(state, ") Z");
}

/* The script waits for a child for ever, with its stdout open or closed. */
static void test_plugin_is_cut(void) {
    static const char *const scripts[] = {
        "sleep 1000 &\necho $! >\"$DIR/child\"\ntouch \"$DIR/started\"\nwait\n",
        "exec >&-\nsleep 1000 &\necho $! >\"$DIR/child\"\ntouch \"$DIR/started\"\nwait\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
        g_autoptr(KubeConfig) config = plugin(V1, scripts[i], "");
        g_autoptr(KubeCredentials) credentials = kube_credentials_new(config);
        g_autoptr(Cancel) cancel = cancel_new();
        g_autofree char *started = g_build_filename(dir, "started", NULL);
        g_remove(started);
        Canceller canceller = {cancel, started};
        pthread_t thread;
        g_assert_cmpint(pthread_create(&thread, NULL, cancel_when_started, &canceller), ==, 0);
        gint64 begun = g_get_monotonic_time();
        g_free(refusal(credentials, cancel, BASE_ERROR_CANCELLED));
        pthread_join(thread, NULL);
        g_assert_cmpint(g_get_monotonic_time() - begun, <, 20 * G_USEC_PER_SEC);
        g_autofree char *child = files_read(dir, "child");
        gint64 end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
        while (is_running(atoi(child)) && g_get_monotonic_time() < end)
            g_usleep(1000);
        g_assert_false(is_running(atoi(child))); /* what it started goes with it */
    }
}

static void *get_token(void *data) {
    assert_gives(data, "Authorization: Bearer t");
    return NULL;
}

static void test_plugin_runs_once_for_all(void) {
    enum { THREADS = 8 };
    g_autofree char *script = answering(V1, "{\"token\":\"t\"}");
    g_autoptr(KubeConfig) config = plugin(V1, script, "");
    g_autoptr(KubeCredentials) credentials = kube_credentials_new(config);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        g_assert_cmpint(pthread_create(&threads[i], NULL, get_token, credentials), ==, 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    g_assert_cmpuint(runs(), ==, 1);
}

static void in_a_directory(const void *test) {
    dir = files_new();
    ((void (*)(void))test)();
    files_remove(dir);
    g_clear_pointer(&dir, g_free);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/credentials/fixed", test_fixed);
    g_test_add_data_func("/credentials/token-file", (const void *)test_token_file, in_a_directory);
    g_test_add_data_func("/credentials/bad-token-files", (const void *)test_bad_token_files, in_a_directory);
    g_test_add_data_func("/credentials/plugin-versions", (const void *)test_plugin_versions, in_a_directory);
    g_test_add_data_func("/credentials/plugin-certificate", (const void *)test_plugin_certificate, in_a_directory);
    g_test_add_data_func("/credentials/plugin-token-keeps-connections",
                         (const void *)test_plugin_token_keeps_connections, in_a_directory);
    g_test_add_data_func("/credentials/plugin-expiry", (const void *)test_plugin_expiry, in_a_directory);
    g_test_add_data_func("/credentials/plugin-is-told", (const void *)test_plugin_is_told, in_a_directory);
    g_test_add_data_func("/credentials/plugin-fails", (const void *)test_plugin_fails, in_a_directory);
    g_test_add_data_func("/credentials/plugin-garbage", (const void *)test_plugin_garbage, in_a_directory);
    g_test_add_data_func("/credentials/plugin-leaves-a-child", (const void *)test_plugin_leaves_a_child,
                         in_a_directory);
    g_test_add_data_func("/credentials/plugin-is-cut", (const void *)test_plugin_is_cut, in_a_directory);
    g_test_add_data_func("/credentials/plugin-runs-once-for-all", (const void *)test_plugin_runs_once_for_all,
                         in_a_directory);
    return g_test_run();
}
