/* Small grammars of Kubernetes and Velero: names, globs, quantities, times, durations; texts printed and compared. */
#pragma once

#include "base/error.h"

#include <stdio.h>

/* For qsort() and g_ptr_array_sort() of char *: by bytes. */
int text_compare(const void *a, const void *b);

/* Texts that stand one behind the other, each with its NUL: where each begins, sorted. */
GPtrArray *text_sorted(const GString *texts);

/* The text with what is no printable character written as \\n, \\t, \\x1b, \\u202e: names and messages from outside
 * must not move the cursor of a terminal, or hide what stands beside them. NULL is "<none>". g_free() it. */
char *text_printable(const char *text);
/* The same for texts of several lines: line breaks and tabs stay. */
char *text_printable_lines(const char *text);
/* fprintf() of what came from outside: the result as text_printable() has it, but for line breaks and tabs. */
void text_print(FILE *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The nearest of NULL-terminated candidates, or NULL; upper and lower case are the same, and what the word is a part of
 * is near. */
const char *text_nearest(const char *word, const char *const *candidates);
/* "; did you mean X?" for the end of a message; "" for NULL. g_free() it. */
char *text_did_you_mean(const char *nearest);

/* The text as UTF-8: valid UTF-8 stays; any other byte becomes U+FFFD and its two hex digits, in upper case, so that
 * the byte can be told: "caf\xe9" is "caf\xef\xbf\xbd" "E9". g_free() it. */
char *text_utf8(const char *text);

/* --- names (kubernetes.io/docs/concepts/overview/working-with-objects/names) --- */

/* Each sets INVALID with the rule that is broken. */
bool name_is_dns_label(const char *name, GError **error);     /* RFC 1123 label, <= 63 */
bool name_is_dns_subdomain(const char *name, GError **error); /* RFC 1123 subdomain, <= 253 */
bool name_is_label_key(const char *key, GError **error);      /* [prefix/]name */
bool name_is_label_value(const char *value, GError **error);

/* A name cut to fit a label value: unchanged up to 63 characters, else the first
 * 57 and 6 hex digits of the SHA-256 of the whole (Velero pkg/label). g_free() it. */
char *name_to_label_value(const char *name);

/* --- globs ---------------------------------------------------------------------- */

/* Velero's namespace wildcards: * ? [abc] [a-z]; rejected: **, any of |()!{}, and
 * comma, empty or unbalanced brackets. */
bool glob_validate(const char *pattern, GError **error);
bool glob_has_wildcard(const char *pattern);
bool glob_matches(const char *pattern, const char *text); /* linear, no backtracking blow-up */

/* Globs with a separator, as in resource modifiers: * and ? stop at it, ** does not,
 * {a,b} are alternatives, [!a] is not a, a backslash quotes. INVALID for unbalanced
 * brackets. The whole text must match. g_regex_unref() it. */
GRegex *glob_compile(const char *pattern, char separator, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- quantities (kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity) --- */

/* Parses "100m", "1.5Gi", "1e3" exactly; compares without rounding. */
bool quantity_validate(const char *text, GError **error);
bool quantity_compare(const char *a, const char *b, int *out_order, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A quantity of bytes, "64Mi": a whole number from 0 on that fits; INVALID otherwise. */
bool quantity_bytes(const char *text, gint64 *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The quantity as a floating-point number, for shares and sums: "100m" is 0.1. */
bool quantity_number(const char *text, double *out);

/* --- times and durations ---------------------------------------------------------- */

/* RFC 3339, to microseconds since the epoch. */
bool time_parse(const char *text, gint64 *out_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *time_format(gint64 us);       /* "2026-11-24T12:00:00Z" */
char *time_format_nanos(gint64 us); /* "2026-11-24T12:00:00.123456000Z" */

/* Go durations: "1h30m", "1.5s", "720h0m0s", "300ms"; "0"; a sign allowed. To microseconds. */
bool duration_parse(const char *text, gint64 *out_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *duration_format(gint64 us);       /* Go's form: "720h0m0s" */
char *duration_format_short(gint64 us); /* kubectl's: "29d", "5m30s", "3h" */
char *bytes_format(guint64 bytes);      /* "1.2 MiB" */
