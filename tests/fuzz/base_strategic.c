/* "document NUL patch". What a patch without directives gave, it gives again. */
#include "base/jsonpatch.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *cut = memchr(data, 0, size);
    if (!cut)
        return 0;
    size_t length = (size_t)(cut - data), patch_length = size - length - 1;
    g_autoptr(yyjson_mut_doc) doc = json_parse_mut((const char *)data, length, "fuzz", NULL);
    g_autoptr(yyjson_doc) patch = json_parse((const char *)cut + 1, patch_length, "fuzz", NULL);
    if (!doc || !patch)
        return 0;
    g_autofree char *before = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
    g_autoptr(GError) error = NULL;
    bool ok = json_strategic_patch_apply(doc, yyjson_doc_get_root(patch), &error);
    g_assert(ok == (error == NULL));
    g_autofree char *after = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
    g_assert(ok || g_str_equal(before, after));
    g_autoptr(yyjson_doc) again = json_parse(after, strlen(after), "fuzz", NULL);
    g_assert(again != NULL);
    return 0;
}
