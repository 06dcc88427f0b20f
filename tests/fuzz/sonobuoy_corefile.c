/* CoreDNS's configuration. */
#include "sonobuoy/check/corefile.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) blocks = corefile_parse((const char *)data, size, &error);
    g_assert(!blocks == (error != NULL));
    for (guint i = 0; blocks && i < blocks->len; i++) {
        const CorefileBlock *block = blocks->pdata[i];
        for (guint j = 0; j < block->plugins->len; j++) {
            char *const *plugin = block->plugins->pdata[j];
            g_assert(corefile_plugin(block, plugin[0]) != NULL);
            corefile_port(plugin[0]);
        }
    }
    return 0;
}
