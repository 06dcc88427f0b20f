/* Programs that are run for what they print: small shell scripts. */
#include "base/child.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In place of libc's: a pipe that cannot be read. */
static int read_errno;

ssize_t read(int fd, void *data, size_t length) {
    if (read_errno == 0)
        return syscall(SYS_read, fd, data, length);
    errno = read_errno;
    return -1;
}

static GString *run(const char *script, const Child *how, GError **error) {
    const char *const words[] = {"sh", "-c", script, NULL};
    Child child = *how;
    child.words = words;
    GString *out = g_string_new("before ");
    bool done = child_run(&child, out, error);
    g_assert_cmpint(done, ==, *error == NULL);
    return out;
}

static void test_output(void) {
    GError *error = NULL;
    Child how = {.output_max = 1 << 20, .timeout_s = 60};
    g_autofree char *long_text = g_strnfill(300000, 'x');
    struct {
        const char *script, *printed;
    } rows[] = {
        {"echo a; echo b >&2; printf c", "before a\nc"}, {"true", "before "}, {"cat", "before "}}; /* it has no input */
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *out = run(rows[i].script, &how, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(out->str, ==, rows[i].printed);
        g_string_free(out, true);
    }
    GString *much = run("head -c 300000 /dev/zero | tr '\\0' x", &how, &error);
    g_assert_cmpstr(much->str + strlen("before "), ==, long_text);
    g_string_free(much, true);
}

/* What the program leaves running, and holds its output open, is not waited for. */
static void test_left_behind(void) {
    GError *error = NULL;
    gint64 begin = g_get_monotonic_time();
    Child how = {.output_max = 100, .timeout_s = 60};
    GString *out = run("sleep 30 2>/dev/null & echo left", &how, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(out->str, ==, "before left\n");
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 20 * G_USEC_PER_SEC);
    g_string_free(out, true);
}

static void test_environment(void) {
    char *only[] = {(char *)"PATH=/usr/bin:/bin", (char *)"SAID=x", NULL};
    Child how = {.environment = only, .output_max = 1 << 20, .timeout_s = 60};
    GError *error = NULL;
    GString *out = run("echo \"$SAID$HOME\"", &how, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(out->str, ==, "before x\n");
    g_string_free(out, true);
}

static void test_failures(void) {
    static const struct {
        const char *script;
        size_t output_max;
        unsigned timeout_s;
        int code;
        const char *message;
    } rows[] = {
        {"exit 3", 100, 60, BASE_ERROR_FAILED, "sh failed with exit status 3; what it had to say stands above"},
        {"kill -9 $$", 100, 60, BASE_ERROR_FAILED, "sh was ended by signal 9; what it had to say stands above"},
        {"yes", 1 << 20, 60, BASE_ERROR_LIMIT, "sh said too much; what it had to say stands above"},
        {"exec sleep 60", 100, 1, BASE_ERROR_TIMEOUT, "sh did not end within 1 s; what it had to say stands above"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        Child how = {.output_max = rows[i].output_max, .timeout_s = rows[i].timeout_s};
        g_string_free(run(rows[i].script, &how, &error), true);
        g_assert_error(error, BASE_ERROR, rows[i].code);
        g_assert_cmpstr(error->message, ==, rows[i].message);
    }
}

static void test_not_there(void) {
    g_autoptr(GError) error = NULL;
    const char *const words[] = {"/nowhere/program", NULL};
    Child child = {.words = words, .output_max = 100, .timeout_s = 60};
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_false(child_run(&child, out, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==, "/nowhere/program cannot be started: No such file or directory");
}

static void test_unreadable(void) {
    g_autoptr(GError) error = NULL;
    Child how = {.output_max = 100, .timeout_s = 60};
    read_errno = ENOMEM;
    GString *out = run("echo said", &how, &error);
    read_errno = 0;
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
    g_assert_cmpstr(error->message, ==, "sh was ended, as its output cannot be read: Cannot allocate memory");
    g_string_free(out, true);
}

static void test_cancelled(void) {
    g_autoptr(Cancel) cancel = cancel_new();
    g_autoptr(GError) error = NULL;
    Child how = {.output_max = 100, .timeout_s = 60, .cancel = cancel};
    cancel_set(cancel);
    g_string_free(run("exec sleep 60", &how, &error), true);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/child/output", test_output);
    g_test_add_func("/child/left-behind", test_left_behind);
    g_test_add_func("/child/environment", test_environment);
    g_test_add_func("/child/failures", test_failures);
    g_test_add_func("/child/not-there", test_not_there);
    g_test_add_func("/child/unreadable", test_unreadable);
    g_test_add_func("/child/cancelled", test_cancelled);
    return g_test_run();
}
