/* Kubernetes' e2e.test, asked for what it has. */
#pragma once

#include <glib.h>

/* What the program prints with that option ("--list-tests", "--list-images"). environment: NULL, or all of it. Where it
 * fails, its own words are on standard error. g_string_free() it. */
GString *e2e_program_ask(const char *program, const char *option, GStrv environment, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
