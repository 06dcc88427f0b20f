/* AWS' shared config and credentials files. */
#include "store/s3-internal.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const profiles[] = {"default", "p", ""};
    g_autofree char *text = g_strndup((const char *)data, size);
    for (size_t i = 0; i < G_N_ELEMENTS(profiles); i++) {
        g_autoptr(GHashTable) section = s3_ini_section(text, profiles[i]);
        g_assert(!section || strchr(text, '['));
        GHashTableIter iter;
        char *key, *value;
        if (section)
            g_hash_table_iter_init(&iter, section);
        while (section && g_hash_table_iter_next(&iter, (void **)&key, (void **)&value))
            g_assert(!strpbrk(key, "=\n") && !strchr(value, '\n'));
    }
    return 0;
}
