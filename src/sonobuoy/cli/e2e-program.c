#include "sonobuoy/cli/e2e-program.h"

#include "base/child.h"
#include "base/program.h"

#include <string.h>

enum { SECONDS = 120, OUTPUT_MAX = 64 << 20 };

GString *e2e_program_ask(const char *program, const char *option, GStrv environment, GError **error) {
    /* A file that is named is meant, not a program of $PATH. */
    g_autofree char *path = strchr(program, '/') ? g_strdup(program) : g_build_filename(".", program, NULL);
    const char *const words[] = {path, option, NULL};
    Child child = {.words = words,
                   .environment = environment,
                   .output_max = OUTPUT_MAX,
                   .timeout_s = SECONDS,
                   .cancel = program_cancel()};
    g_autoptr(GString) out = g_string_new(NULL);
    return child_run(&child, out, error) ? g_steal_pointer(&out) : NULL;
}
