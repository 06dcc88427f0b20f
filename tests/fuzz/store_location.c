/* A location: its URL in the first line, then a setting a line. Keys are tried on what opens. */
#include "store/store.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 20);
    for (char **line = lines; *line; line++) /* no files are read */
        if (strstr(*line, "caCert") || strstr(*line, "customerKey"))
            return 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store =
        store_open(lines[0] ? lines[0] : "", lines[0] ? (const char *const *)lines + 1 : NULL, NULL, &error);
    g_assert((store == NULL) == (error != NULL));
    if (!store)
        return 0;
    g_assert(store_url(store) && store_bucket(store) && store_provider(store));
    const char *prefix = store_prefix(store);
    g_assert(*prefix != '/' && !g_str_has_suffix(prefix, "/") && g_utf8_validate(prefix, -1, NULL));
    return 0;
}
