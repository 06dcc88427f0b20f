#include "base/program.h"

#include "base/text.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COMPLETION_SECONDS = 2 };

static const Command *the_root;

int program_main(const Command *root, int argc, char **argv) {
    the_root = root;
    /* Many threads, short-lived buffers: few arenas keep the process as small as what it holds, and
     * pages of lists (about 1 MiB) are used again instead of being mapped and faulted in each time. */
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 8 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
    int code = command_main(root, argc, argv);
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    /* What went wrong before, in the middle of much, has left no errno that is to be trusted. */
    fprintf(stderr, "%s: standard output could not be written: %s\n", root->name,
            errno ? strerror(errno) : "a part of it was not taken; is the disk full?");
    return MAX(code, EXIT_FAILED);
}

/* --- signals and ends --------------------------------------------------------------------- */

static Cancel *the_cancel;

static void on_signal(int number) {
    cancel_set(the_cancel);
    signal(number, SIG_DFL);
}

Cancel *program_cancel(void) {
    if (!the_cancel) {
        the_cancel = cancel_new();
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        signal(SIGPIPE, SIG_IGN);
    }
    return the_cancel;
}

int program_fail(const GError *error) {
    text_print(stderr, "%s: %s\n", the_root->name, error->message);
    return g_error_matches(error, BASE_ERROR, BASE_ERROR_USAGE) ? EXIT_USAGE : EXIT_FAILED;
}

int program_end(int code, GError *error) {
    if (!error)
        return code;
    code = program_fail(error);
    g_error_free(error);
    return code;
}

int program_end_with(int code, GError *error) {
    return program_end(code, error) == EXIT_USAGE ? EXIT_USAGE : code;
}

/* --- completion and man pages ---------------------------------------------------------------- */

int program_run_completion(const CommandCall *call, void *data) {
    GError *error = NULL;
    g_autofree char *script = command_completion(the_root, call->arguments[0], &error);
    if (script)
        fputs(script, stdout);
    return program_end(EXIT_DONE, error);
}

static void on_alarm(int number) {
    _exit(EXIT_DONE);
}

int program_run_complete(const CommandCall *call, void *data) {
    signal(SIGALRM, on_alarm);
    alarm(COMPLETION_SECONDS);
    g_autofree char *words = command_complete(the_root, call->arguments);
    fputs(words, stdout);
    return EXIT_DONE;
}

int program_run_man(const CommandCall *call, void *data) {
    g_auto(GStrv) paths = command_paths(the_root);
    const char *dir = call->arguments[0];
    if (g_mkdir_with_parents(dir, 0755) != 0) {
        fprintf(stderr, "%s: directory %s cannot be made: %s\n", the_root->name, dir, g_strerror(errno));
        return EXIT_FAILED;
    }
    for (char **path = paths; *path; path++) {
        g_autofree char *page = command_man(the_root, *path), *dashed = g_strdelimit(g_strdup(*path), " ", '-');
        g_autofree char *name = g_strdup_printf("%s.1", dashed), *file = g_build_filename(dir, name, NULL);
        GError *error = NULL;
        if (!g_file_set_contents(file, page, -1, &error))
            return program_end(EXIT_FAILED, error);
    }
    return EXIT_DONE;
}
