/* "pattern NUL text". */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *cut = memchr(data, 0, size);
    size_t length = cut ? (size_t)(cut - data) : size;
    g_autofree char *pattern = g_strndup((const char *)data, length);
    g_autofree char *text = cut ? g_strndup((const char *)cut + 1, size - length - 1) : g_strdup("");
    bool matches = glob_matches(pattern, text);
    bool valid = glob_validate(pattern, NULL);
    if (!glob_has_wildcard(pattern))
        g_assert(matches == g_str_equal(pattern, text));
    g_autofree char *wider = g_strconcat(pattern, "*", NULL);
    if (valid && g_utf8_validate(text, -1, NULL) && g_utf8_validate(pattern, -1, NULL) && matches)
        g_assert(glob_matches(wider, text));
    g_autoptr(GRegex) compiled = glob_compile(pattern, '.', NULL);
    if (compiled && g_utf8_validate(text, -1, NULL) && !strpbrk(pattern, "*?[{}\\"))
        g_assert(g_regex_match(compiled, text, 0, NULL) == g_str_equal(pattern, text));
    return 0;
}
