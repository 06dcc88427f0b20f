/* Other programs, run for what they print. */
#pragma once

#include "base/cancel.h"

typedef struct {
    const char *const *words; /* the program, a path or a name in $PATH, and its arguments; NULL-terminated */
    GStrv environment;        /* "NAME=value"; NULL: ours */
    bool with_person;         /* its standard input is ours; else it has none */
    size_t output_max;        /* bytes */
    unsigned timeout_s;
    Cancel *cancel; /* may be NULL */
} Child;

/* Runs it to its end, and appends what it printed; what it says on standard error is seen there. An error names the
 * program: what errno says where it cannot be started; TIMEOUT, LIMIT past output_max, FAILED for an exit status that
 * is not 0 or a signal, CANCELLED. It runs no more when this returns. What it started goes on after its own end, and is
 * ended with it where it is cut (TIMEOUT, LIMIT, CANCELLED), but for with_person. */
bool child_run(const Child *child, GString *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
