/* Regular expressions as Go's package regexp (RE2) reads them, on GLib's (PCRE).
 *
 * What both read alike is taken. What one of them lacks, or they read in two ways, is refused: look-around,
 * back-references, possessive repetition, escapes of one of them. \d, \w, \s and \b know more than ASCII here.
 * Source: golang.org/s/re2syntax. */
#pragma once

#include "base/error.h"

/* INVALID says what is wrong, and where; LIMIT: more than PCRE holds (some ten thousand characters). g_regex_unref()
 * it. */
GRegex *go_regex_new(const char *pattern, GError **error) G_GNUC_WARN_UNUSED_RESULT;
