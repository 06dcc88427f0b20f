#include "base/go-regex.h"

#include <string.h>

enum { REPEAT_MAX = 1000 };

/* A backslash and what belongs to it. */
static const char *read_escape(const char *at, bool in_class, const char **why) {
    char c = at[1];
    if (c == 'Q' && !in_class) {
        const char *end = strstr(at + 2, "\\E");
        return end ? end + 2 : at + strlen(at);
    }
    if (!c)
        *why = "a backslash at the end";
    else if (c >= '1' && c <= '9')
        *why = "a back-reference";
    else if (g_ascii_isalnum(c) && !strchr(in_class ? "0afnrtvxdDsSwWpP" : "0afnrtvxzAbBdDsSwWpP", c))
        *why = "an escape that Go does not know";
    else
        return at + 2;
    return NULL;
}

/* [...] */
static const char *read_class(const char *at, const char **why) {
    const char *c = at + 1;
    if (*c == '^')
        c++;
    if (*c == ']')
        c++;
    while (*c && *c != ']') {
        const char *end = c[0] == '[' && c[1] == ':' ? strstr(c, ":]") : NULL;
        c = end ? end + 2 : *c == '\\' ? read_escape(c, true, why) : c + 1;
        if (!c)
            return NULL;
    }
    if (*c)
        return c + 1;
    *why = "a class without its ]";
    return NULL;
}

/* What follows a parenthesis: (?:, (?P<name>, (?<name>, (?i), (?i-s: */
static const char *read_group(const char *at, const char **why) {
    if (at[1] == '*')
        *why = "a verb of Perl's";
    if (at[1] != '?')
        return *why ? NULL : at + 1;
    const char *c = at + 2;
    if (g_str_has_prefix(c, "P<") || (c[0] == '<' && c[1] != '=' && c[1] != '!'))
        return strchr(c, '<') + 1;
    size_t flags = strspn(c, "imsU-");
    if (c[flags] == ':' || (c[flags] == ')' && flags > 0))
        return c + flags + 1;
    *why = strchr("=!<", *c) && *c ? "look-around" : "a group that Go does not know";
    return NULL;
}

/* The length of {n}, {n,} or {n,m}; 0 where the brace is one for itself. */
static size_t braces_length(const char *at, const char **why) {
    const char *c = at + 1 + strspn(at + 1, "0123456789"), *second = c;
    bool first = c > at + 1;
    if (*c == ',') {
        second = c + 1;
        c = second + strspn(second, "0123456789");
    }
    if (*c != '}' || (!first && c == second))
        return 0;
    if (!first)
        *why = "{,n}, which is to be written {0,n}";
    else if (g_ascii_strtoull(at + 1, NULL, 10) > REPEAT_MAX || g_ascii_strtoull(second, NULL, 10) > REPEAT_MAX)
        *why = "a repetition of more than 1000 times";
    return (size_t)(c + 1 - at);
}

/* *, +, ?, {n,m}, with a ? behind it for few; `*out` NULL where there is none. */
static bool read_repetition(const char *at, const char **out, const char **why) {
    size_t length = strchr("*+?", *at) ? 1 : *at == '{' ? braces_length(at, why) : 0;
    *out = length ? at + length + (at[length] == '?') : NULL;
    if (length && strchr("*+?", **out) && **out)
        *why = "a repetition of a repetition";
    return !*why;
}

/* Where Go would not go on; NULL where all is well. */
static const char *find_fault(const char *pattern, const char **why) {
    const char *at = pattern, *next;
    while (*at) {
        if (!read_repetition(at, &next, why))
            return at;
        if (!next)
            next = *at == '\\'  ? read_escape(at, false, why)
                   : *at == '[' ? read_class(at, why)
                   : *at == '(' ? read_group(at, why)
                                : at + 1;
        if (!next)
            return at;
        at = next;
    }
    return NULL;
}

GRegex *go_regex_new(const char *pattern, GError **error) {
    const char *why = NULL;
    if (!g_utf8_validate(pattern, -1, NULL)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "a regular expression is no text (UTF-8)");
        return NULL;
    }
    const char *fault = find_fault(pattern, &why);
    if (fault) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "\"%s\" is no regular expression of Go's: at character %ld, %s", pattern,
                    g_utf8_pointer_to_offset(pattern, fault) + 1, why);
        return NULL;
    }
    GError *failure = NULL;
    GRegex *regex = g_regex_new(pattern, G_REGEX_DOLLAR_ENDONLY, 0, &failure);
    if (regex)
        return regex;
    bool large = g_error_matches(failure, G_REGEX_ERROR, G_REGEX_ERROR_EXPRESSION_TOO_LARGE);
    g_set_error(error, BASE_ERROR, large ? BASE_ERROR_LIMIT : BASE_ERROR_INVALID, "\"%s\" is no regular expression: %s",
                pattern, failure->message);
    g_error_free(failure);
    return NULL;
}
