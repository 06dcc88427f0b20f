/* Reading; what was read is written as YAML and as JSON, and both read back are the same. */
#include "base/yaml.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libfyaml 0.7.12 loses some buffers when it refuses a text. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void) {
    return "leak:libfyaml";
}

static void check(yyjson_mut_val *value) {
    g_autofree char *yaml = yaml_write(value), *json = json_mut_write_pretty(value, NULL);
    g_autoptr(yyjson_mut_doc) from_yaml = yaml_parse(yaml, strlen(yaml), "fuzz", NULL);
    g_assert(from_yaml && json_mut_equal(value, yyjson_mut_doc_get_root(from_yaml)));
    g_autoptr(yyjson_mut_doc) from_json = json_parse_mut(json, strlen(json), "fuzz", NULL);
    g_assert(from_json && json_mut_equal(value, yyjson_mut_doc_get_root(from_json)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) documents = yaml_parse_all((const char *)data, size, "fuzz", &error);
    g_assert((documents == NULL) == (error != NULL));
    for (guint i = 0; documents && i < documents->len; i++)
        check(yyjson_mut_doc_get_root(g_ptr_array_index(documents, i)));
    return 0;
}
