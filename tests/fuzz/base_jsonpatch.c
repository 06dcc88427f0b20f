/* "document NUL patch": the patch as JSON Patch and as merge patch; the merge
 * patch made between two documents leads from one to the other. */
#include "base/jsonpatch.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_patch(yyjson_doc *document, yyjson_doc *patch) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_doc_mut_copy(document, NULL), before = yyjson_doc_mut_copy(document, NULL);
    g_autoptr(GError) error = NULL;
    bool ok = json_patch_apply(doc, yyjson_doc_get_root(patch), &error);
    g_assert(ok == (error == NULL));
    g_autofree char *text = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
    if (ok) {
        g_autoptr(yyjson_doc) again = json_parse(text, strlen(text), "fuzz", NULL);
        g_assert(again != NULL);
    } else {
        g_autofree char *old = json_mut_write(yyjson_mut_doc_get_root(before), NULL);
        g_assert(g_str_equal(text, old));
    }
}

static void check_merge(yyjson_doc *document, yyjson_doc *patch) {
    g_autoptr(yyjson_mut_doc) from = yyjson_doc_mut_copy(document, NULL), to = yyjson_doc_mut_copy(document, NULL);
    json_merge_patch_apply(to, yyjson_doc_get_root(patch));
    yyjson_mut_val *from_root = yyjson_mut_doc_get_root(from), *to_root = yyjson_mut_doc_get_root(to);
    if (!yyjson_mut_is_obj(from_root) || !yyjson_mut_is_obj(to_root))
        return;
    yyjson_mut_val *made = json_merge_patch_make(from, from_root, to_root);
    if (!made)
        return;
    g_autofree char *text = json_mut_write(made, NULL);
    g_autoptr(yyjson_doc) made_doc = json_parse(text, strlen(text), "fuzz", NULL);
    g_assert(made_doc != NULL);
    json_merge_patch_apply(from, yyjson_doc_get_root(made_doc));
    g_assert(!json_merge_patch_make(from, yyjson_mut_doc_get_root(from), to_root));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *cut = memchr(data, 0, size);
    if (!cut)
        return 0;
    size_t length = (size_t)(cut - data);
    g_autoptr(yyjson_doc) document = json_parse((const char *)data, length, "fuzz", NULL);
    g_autoptr(yyjson_doc) patch = json_parse((const char *)cut + 1, size - length - 1, "fuzz", NULL);
    if (!document || !patch)
        return 0;
    check_patch(document, patch);
    check_merge(document, patch);
    return 0;
}
