/* Trees of results that plugins write, and that archives hold. */
#include "sonobuoy_items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_file(results_add_manual, data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(yyjson_mut_doc) doc = results_parse((const char *)data, size, "it", &error);
    g_assert((doc == NULL) == (error != NULL));
    if (doc)
        check_tree(doc, yyjson_mut_doc_get_root(doc));
    return 0;
}
