#include "base/colour.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

static bool has_colours(FILE *out) {
    const char *off = g_getenv("NO_COLOR");
    return !(off && *off) && g_strcmp0(g_getenv("TERM"), "dumb") != 0 && isatty(fileno(out));
}

const char *colour_begin(FILE *out, Colour colour) {
    static const char *const codes[] = {"", "\033[31m", "\033[32m", "\033[33m"};
    return has_colours(out) ? codes[colour] : "";
}

const char *colour_end(FILE *out, Colour colour) {
    return colour != COLOUR_NONE && has_colours(out) ? "\033[0m" : "";
}

Colour colour_of_word(const char *word) {
    static const char *const good[] = {"Completed", "ok", "create", "passed", "complete", "pass", NULL};
    static const char *const bad[] = {"Failed", "FailedValidation", "damaged", "refuse", "refused", "failed",
                                      "error",  "unreadable",       "fail",    NULL};
    static const char *const between[] = {"PartiallyFailed", "InProgress", "Deleting", "update", "delete",
                                          "skipped",         "warning",    "timeout",  "warn",   NULL};
    if (g_strv_contains(good, word))
        return COLOUR_GREEN;
    if (g_strv_contains(bad, word))
        return COLOUR_RED;
    return g_strv_contains(between, word) ? COLOUR_YELLOW : COLOUR_NONE;
}
