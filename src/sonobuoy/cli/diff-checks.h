/* sonobuoy diff, of two reports of sonobuoy check. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether a file is JSON: a report of checks, not an archive. */
bool diff_is_of_checks(const char *path);
/* Prints the differences: 1 where something broke, else 0; -1 with an error for what is no such report. */
int diff_checks(const char *const *paths, bool as_json, GError **error);
