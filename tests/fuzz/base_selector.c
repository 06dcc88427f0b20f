/* Label selectors: as text and, where it is JSON, as an object; printing and reading back. */
#include "base/selector.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const Selector *selector) {
    static const char LABELS[] = "{\"a\":\"b\",\"app\":\"web\",\"n\":\"5\",\"x\":\"\"}";
    g_autoptr(yyjson_doc) labels = json_parse(LABELS, strlen(LABELS), "labels", NULL);
    bool matches = selector_matches(selector, yyjson_doc_get_root(labels));
    g_autofree char *text = selector_to_string(selector);
    g_autoptr(Selector) again = selector_parse(text, NULL);
    g_assert(again && selector_matches(again, yyjson_doc_get_root(labels)) == matches);
    g_autofree char *text_again = selector_to_string(again);
    g_assert(g_str_equal(text, text_again));

    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = selector_to_json(selector, doc, NULL);
    if (!object)
        return;
    g_autofree char *json = json_mut_write(object, NULL);
    g_autoptr(yyjson_doc) copy = json_parse(json, strlen(json), "copy", NULL);
    g_autoptr(Selector) back = selector_from_json(yyjson_doc_get_root(copy), NULL);
    g_assert(back && selector_matches(back, yyjson_doc_get_root(labels)) == matches);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(Selector) selector = selector_parse(text, &error);
    g_assert((selector == NULL) == (error != NULL));
    if (selector)
        check(selector);
    g_autoptr(yyjson_doc) doc = json_parse((const char *)data, size, "fuzz", NULL);
    g_autoptr(Selector) from_object = doc ? selector_from_json(yyjson_doc_get_root(doc), NULL) : NULL;
    if (from_object)
        check(from_object);
    return 0;
}
