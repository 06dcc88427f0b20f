#include "base/text.h"

#include <string.h>

bool glob_has_wildcard(const char *pattern) {
    return strpbrk(pattern, "*?[") != NULL;
}

bool glob_validate(const char *pattern, GError **error) {
    const char *reason = NULL;
    if (strstr(pattern, "**"))
        reason = "\"**\" is not allowed";
    else if (strpbrk(pattern, "|()!{},"))
        reason = "none of the characters |()!{}, is allowed";
    for (const char *c = pattern; *c && !reason; c++) {
        if (*c == ']')
            reason = "a ']' has no '['";
        if (*c != '[')
            continue;
        const char *end = strchr(c, ']');
        if (!end || memchr(c + 1, '[', (size_t)(end - c - 1)))
            reason = "a '[' has no ']'";
        else if (end == c + 1)
            reason = "\"[]\" is empty";
        else
            c = end;
    }
    if (!reason)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "pattern \"%s\": %s", pattern, reason);
    return false;
}

/* Whether `c` is in the class that begins behind '['; where its ']' is. */
static bool class_has(const char *class, const char *end, gunichar c) {
    bool found = false;
    for (const char *p = class; p < end && !found;) {
        gunichar low = g_utf8_get_char(p), high = low;
        p = g_utf8_next_char(p);
        if (p + 1 < end && *p == '-') {
            high = g_utf8_get_char(p + 1);
            p = g_utf8_next_char(p + 1);
        }
        found = c >= low && c <= high;
    }
    return found;
}

/* Whether the pattern's first element takes the character; its length. An
 * unclosed '[' stands for itself. */
static bool element_matches(const char *pattern, gunichar c, size_t *out_length) {
    *out_length = (size_t)(g_utf8_next_char(pattern) - pattern);
    const char *end = *pattern == '[' ? strchr(pattern, ']') : NULL;
    if (end) {
        *out_length = (size_t)(end + 1 - pattern);
        return class_has(pattern + 1, end, c);
    }
    return *pattern == '?' || g_utf8_get_char(pattern) == c;
}

static bool matches_valid(const char *pattern, const char *text) {
    const char *star = NULL, *star_text = NULL;
    while (*text) {
        size_t length;
        if (*pattern == '*') {
            star = ++pattern;
            star_text = text;
        } else if (*pattern && element_matches(pattern, g_utf8_get_char(text), &length)) {
            pattern += length;
            text = g_utf8_next_char(text);
        } else if (star) {
            /* Only the last star takes one character more: time is at most pattern times text. */
            pattern = star;
            text = star_text = g_utf8_next_char(star_text);
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

bool glob_matches(const char *pattern, const char *text) {
    if (g_utf8_validate(pattern, -1, NULL) && g_utf8_validate(text, -1, NULL))
        return matches_valid(pattern, text);
    return g_str_equal(pattern, text);
}

/* --- with a separator ----------------------------------------------------------- */

/* Appends a class "[...]" as a regular expression's; where it ends, or NULL. */
static const char *append_class(GString *regex, const char *class) {
    const char *end = strchr(class + 1, ']');
    if (!end || end == class + 1)
        return NULL;
    g_string_append_c(regex, '[');
    const char *c = class + 1;
    if (*c == '!') {
        g_string_append_c(regex, '^');
        c++;
    }
    for (; c < end; c++) {
        if (strchr("\\[^", *c))
            g_string_append_c(regex, '\\');
        g_string_append_c(regex, *c);
    }
    g_string_append_c(regex, ']');
    return end;
}

/* The pattern as a regular expression, or NULL where its brackets do not close. */
static char *regex_of(const char *pattern, char separator) {
    g_autoptr(GString) regex = g_string_new("^(?:");
    unsigned depth = 0;
    for (const char *c = pattern; *c; c++) {
        if (*c == '*' && c[1] == '*') {
            g_string_append(regex, ".*");
            c++;
        } else if (*c == '*' || *c == '?') {
            g_string_append_printf(regex, "[^\\%c]%s", separator, *c == '*' ? "*" : "");
        } else if (*c == '[') {
            if (!(c = append_class(regex, c)))
                return NULL;
        } else if (*c == '{') {
            depth++;
            g_string_append(regex, "(?:");
        } else if (*c == '}') {
            if (depth-- == 0)
                return NULL;
            g_string_append_c(regex, ')');
        } else if (*c == ',' && depth > 0) {
            g_string_append_c(regex, '|');
        } else {
            c += *c == '\\' && c[1] ? 1 : 0;
            gsize length = (gsize)(g_utf8_next_char(c) - c);
            g_autofree char *plain = g_regex_escape_string(c, (int)MIN(length, strlen(c)));
            g_string_append(regex, plain);
            c += strlen(c) < length ? strlen(c) - 1 : length - 1;
        }
    }
    g_string_append(regex, ")\\z");
    return depth == 0 ? g_string_free(g_steal_pointer(&regex), FALSE) : NULL;
}

GRegex *glob_compile(const char *pattern, char separator, GError **error) {
    g_autofree char *regex = g_utf8_validate(pattern, -1, NULL) ? regex_of(pattern, separator) : NULL;
    g_autoptr(GError) failure = NULL;
    GRegex *compiled = regex ? g_regex_new(regex, G_REGEX_DOTALL, 0, &failure) : NULL;
    if (!compiled)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "pattern \"%s\": %s", pattern,
                    failure ? failure->message : "its brackets do not close, or are empty");
    return compiled;
}
