/* What progress draws on a terminal, and that it keeps quiet elsewhere. */
#include "base/progress.h"

#include "base/progress-internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Runs `body` with `fd` as standard error. */
static void with_stderr(int fd, void (*body)(void)) {
    int saved = dup(STDERR_FILENO);
    g_assert_cmpint(dup2(fd, STDERR_FILENO), ==, STDERR_FILENO);
    body();
    g_assert_cmpint(dup2(saved, STDERR_FILENO), ==, STDERR_FILENO);
    close(saved);
}

static char *read_all(int fd) {
    GString *text = g_string_new(NULL);
    char buffer[4096];
    for (ssize_t count; (count = read(fd, buffer, sizeof buffer)) > 0;)
        g_string_append_len(text, buffer, count);
    return g_string_free(text, FALSE);
}

static void *count_up(void *data) {
    for (int i = 0; i < 1000; i++) {
        progress_add(data, 1, 1024);
        progress_set_note(data, i % 2 ? "secrets" : "pods\033[2J\xc3\xa4");
    }
    return NULL;
}

static void draw(void) {
    g_autoptr(Progress) progress = progress_start("Backing up", PROGRESS_LINE);
    progress_set_total(progress, 4000);
    pthread_t threads[2];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_cmpint(pthread_create(&threads[i], NULL, count_up, progress), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    progress_set_note(progress, "a\033[2J\xc3\xa4");
    g_usleep(500 * 1000);
}

/* Opens a terminal of that width; the other end does not block. */
static int terminal_open(unsigned short columns, int *out_other_end) {
    int other = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    g_assert_cmpint(other, >=, 0);
    g_assert_cmpint(grantpt(other), ==, 0);
    g_assert_cmpint(unlockpt(other), ==, 0);
    int terminal = open(ptsname(other), O_RDWR | O_NOCTTY);
    g_assert_cmpint(terminal, >=, 0);
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    g_assert_cmpint(ioctl(terminal, TIOCSWINSZ, &size), ==, 0);
    *out_other_end = other;
    return terminal;
}

static void test_terminal(void) {
    int other, terminal = terminal_open(200, &other);
    g_setenv("TERM", "xterm", TRUE);
    with_stderr(terminal, draw);
    g_autofree char *text = read_all(other);
    g_assert_nonnull(strstr(text, "\r\033[KBacking up [##########..........] 2000/4000 objects, 2.0 MiB, "));
    g_assert_nonnull(strstr(text, " left  a?[2J??"));
    g_assert_true(g_str_has_suffix(text, "\r\033[K"));
    g_assert_null(strchr(text, '\n'));
    close(terminal);
    close(other);
}

static void test_narrow_terminal(void) {
    int other, terminal = terminal_open(20, &other);
    with_stderr(terminal, draw);
    g_autofree char *text = read_all(other);
    g_auto(GStrv) lines = g_strsplit(text, "\r\033[K", -1);
    g_assert_cmpuint(g_strv_length(lines), >, 2);
    for (char **line = lines; *line; line++)
        g_assert_cmpuint(strlen(*line), <, 20);
    close(terminal);
    close(other);
}

static void test_file(void) {
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    with_stderr(ends[1], draw); /* less than the ten seconds of a first line */
    close(ends[1]);
    g_autofree char *text = read_all(ends[0]);
    g_assert_cmpstr(text, ==, "");
    close(ends[0]);
}

static void test_text(void) {
    static const struct {
        ProgressState state;
        const char *text;
    } rows[] = {
        {{.verb = "Backing up", .note = ""}, "Backing up 0 objects, 0 B, 0/s, 0 B/s"},
        {{.verb = "Backing up",
          .note = "secrets",
          .items = 120,
          .bytes = 3 << 20,
          .kinds_done = 7,
          .kinds = 61,
          .items_rate = 40.4,
          .bytes_rate = 2048},
         "Backing up 120 objects, 7/61 kinds, 3.0 MiB, 40/s, 2.0 KiB/s  secrets"},
        {{.verb = "Restoring", .note = "pods", .items = 30, .total = 120, .items_rate = 10, .seconds_left = 90},
         "Restoring 30/120 objects, 0 B, 10/s, 0 B/s, 90s left  pods"},
        {{.verb = "Restoring", .note = "", .items = 30, .total = 120, .kinds_done = 1, .kinds = 2, .bar = true},
         "Restoring [#####...............] 30/120 objects, 0 B, 0/s, 0 B/s"},
        {{.verb = "Restoring", .note = "", .items = 9, .total = 3, .bar = true},
         "Restoring [####################] 9/3 objects, 0 B, 0/s, 0 B/s"},
        {{.verb = "Verifying", .note = "", .items = 1, .total = G_MAXUINT64, .seconds_left = 1e15, .bar = true},
         "Verifying [....................] 1/18446744073709551615 objects, 0 B, 0/s, 0 B/s"},
        {{.verb = "Retrieving",
          .note = "",
          .items = 2 << 20,
          .bytes = 2 << 20,
          .total = 8 << 20,
          .bytes_rate = 1 << 20,
          .seconds_left = 6,
          .bar = true,
          .only_bytes = true},
         "Retrieving [#####...............] 2.0 MiB of 8.0 MiB, 1.0 MiB/s, 6s left"},
        {{.verb = "Retrieving", .note = "", .bytes = 5, .only_bytes = true}, "Retrieving 5 B, 0 B/s"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = progress_text(&rows[i].state);
        g_assert_cmpstr(text, ==, rows[i].text);
    }
}

/* Of the last seconds: after a long pause, or a burst, the old pace is soon forgotten by a short memory. */
static void test_rate(void) {
    ProgressRate quick = {.memory = 3}, steady = {.memory = 20};
    g_assert_cmpfloat(progress_rate_get(&quick), ==, 0);
    for (int i = 0; i < 500; i++) {
        progress_rate_add(&quick, 20, 0.2);
        progress_rate_add(&steady, 20, 0.2);
    }
    g_assert_cmpfloat_with_epsilon(progress_rate_get(&quick), 100, 0.01);
    for (int i = 0; i < 5; i++) { /* one second of standing still */
        double before = progress_rate_get(&steady);
        progress_rate_add(&quick, 0, 0.2);
        progress_rate_add(&steady, 0, 0.2);
        g_assert_cmpfloat(progress_rate_get(&steady), >, before * 0.98);
    }
    g_assert_cmpfloat(progress_rate_get(&steady), >, 94);
    for (int i = 0; i < 95; i++)
        progress_rate_add(&quick, 0, 0.2);
    g_assert_cmpfloat(progress_rate_get(&quick), <, 1);
}

static void draw_kinds(void) {
    g_autoptr(Progress) progress = progress_start("Reading", PROGRESS_KINDS);
    progress_set_kinds(progress, 3);
    progress_add(progress, 5, 10);
    progress_kind_done(progress, "pods\033[2J", 1, 100 * 1000);
    g_usleep(300 * 1000);
    progress_restart(progress, "Bringing in");
    progress_set_total(progress, 2);
    progress_add(progress, 1, 10);
    g_usleep(300 * 1000);
    progress_print_above("a word\n");
}

static void test_kinds(void) {
    int other, terminal = terminal_open(200, &other);
    with_stderr(terminal, draw_kinds);
    g_autofree char *text = read_all(other);
    g_assert_nonnull(strstr(text, "\r\033[K  pods\\x1b[2J "));
    g_assert_nonnull(strstr(text, " 1 object      0.1 s\r\n"));
    g_assert_nonnull(strstr(text, "\r\033[KReading 5 objects, 1/3 kinds, 10 B, "));
    g_assert_nonnull(strstr(text, "\r\033[KBringing in [##########..........] 1/2 objects, 10 B, "));
    g_assert_nonnull(strstr(text, "\r\033[Ka word\r\n"));
    close(terminal);
    close(other);
}

static void draw_quietly(void) {
    Progress *progress = progress_start("Backing up", PROGRESS_NONE);
    progress_add(progress, 1, 1);
    g_usleep(300 * 1000);
    progress_stop(progress);
    progress_add(NULL, 1, 1);
    progress_set_note(NULL, "x");
    progress_set_total(NULL, 1);
    progress_set_kinds(NULL, 1);
    progress_kind_done(NULL, "x", 1, 1);
    progress_restart(NULL, "x");
    progress_stop(NULL);
}

static void test_quiet(void) {
    int other, terminal = terminal_open(80, &other);
    with_stderr(terminal, draw_quietly);
    g_autofree char *text = read_all(other);
    g_assert_cmpstr(text, ==, "");
    close(terminal);
    close(other);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_setenv("TERM", "xterm", true); /* whoever runs this may have one that cannot */
    g_test_add_func("/progress/text", test_text);
    g_test_add_func("/progress/rate", test_rate);
    g_test_add_func("/progress/kinds", test_kinds);
    g_test_add_func("/progress/terminal", test_terminal);
    g_test_add_func("/progress/narrow-terminal", test_narrow_terminal);
    g_test_add_func("/progress/file", test_file);
    g_test_add_func("/progress/quiet", test_quiet);
    return g_test_run();
}
