/* Parse, equality, writing and reading back. */
#include "base/json.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(yyjson_doc *doc, char *(*write)(yyjson_val *, size_t *)) {
    size_t length;
    g_autofree char *text = write(yyjson_doc_get_root(doc), &length);
    g_autoptr(yyjson_doc) again = json_parse(text, length, "fuzz", NULL);
    g_assert(again && strlen(text) == length && json_equal(yyjson_doc_get_root(doc), yyjson_doc_get_root(again)));
    g_autofree char *text_again = write(yyjson_doc_get_root(again), NULL);
    g_assert(g_str_equal(text, text_again));
}

static void check_mutable(yyjson_doc *doc) {
    g_autoptr(yyjson_mut_doc) copy = yyjson_doc_mut_copy(doc, NULL), other = yyjson_doc_mut_copy(doc, NULL);
    g_assert(json_mut_equal(yyjson_mut_doc_get_root(copy), yyjson_mut_doc_get_root(other)));
    g_autofree char *text = json_write(yyjson_doc_get_root(doc), NULL);
    g_autofree char *mut_text = json_mut_write(yyjson_mut_doc_get_root(copy), NULL);
    g_assert(g_str_equal(text, mut_text));
}

/* The bytes are one document, or two with a NUL between them that are compared. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *cut = memchr(data, 0, size);
    size_t length = cut ? (size_t)(cut - data) : size;
    g_autoptr(GError) error = NULL;
    g_autoptr(yyjson_doc) doc = json_parse((const char *)data, length, "fuzz", &error);
    g_assert((doc == NULL) == (error != NULL));
    if (!doc)
        return 0;
    check_round_trip(doc, json_write);
    check_round_trip(doc, json_write_pretty);
    check_mutable(doc);
    json_int(yyjson_doc_get_root(doc), 0);
    g_autoptr(yyjson_doc) other = cut ? json_parse((const char *)cut + 1, size - length - 1, "fuzz", NULL) : NULL;
    if (other) {
        bool equal = json_equal(yyjson_doc_get_root(doc), yyjson_doc_get_root(other));
        g_assert(equal == json_equal(yyjson_doc_get_root(other), yyjson_doc_get_root(doc)));
    }
    return 0;
}
