/* Regular expressions that are to be Go's. */
#include "base/go-regex.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autofree char *pattern = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(GRegex) regex = go_regex_new(pattern, &error);
    g_assert((regex == NULL) == (error != NULL));
    g_assert(!error || g_utf8_validate(error->message, -1, NULL));
    return 0;
}
