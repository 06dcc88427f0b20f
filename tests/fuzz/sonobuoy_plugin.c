/* Definitions of plugins: what is read is written, and read as the same again. */
#include "sonobuoy/plugin.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libfyaml 0.7.12 loses some buffers when it refuses a text. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void) {
    return "leak:libfyaml";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) unknown = NULL;
    g_autoptr(Plugin) plugin = plugin_parse((const char *)data, size, "a file", &unknown, &error);
    g_assert((plugin == NULL) == (error != NULL));
    if (!plugin)
        return 0;
    g_assert_true(unknown && plugin_name_check(plugin->name, NULL));
    g_autofree char *text = plugin_write(plugin);
    g_autoptr(Plugin) again = plugin_parse(text, strlen(text), "what was written", NULL, &error);
    g_assert_no_error(error);
    g_autofree char *same = plugin_write(again);
    g_assert_cmpstr(text, ==, same);
    return 0;
}
