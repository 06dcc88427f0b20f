/* Documents of tests, written as YAML for the eye. */
#pragma once

#include "base/yaml.h"

#include <string.h>

static inline yyjson_mut_doc *document(const char *yaml) {
    g_autoptr(GError) error = NULL;
    yyjson_mut_doc *doc = yaml_parse(yaml, strlen(yaml), "test", &error);
    g_assert_no_error(error);
    return doc;
}

static inline yyjson_doc *fixed_document(const char *yaml) {
    g_autoptr(yyjson_mut_doc) doc = document(yaml);
    return yyjson_mut_doc_imut_copy(doc, NULL);
}

/* Fails with both texts where the document is another one. */
static inline void assert_document(yyjson_mut_doc *doc, const char *yaml) {
    g_autoptr(yyjson_mut_doc) want = document(yaml);
    yyjson_mut_val *a = yyjson_mut_doc_get_root(doc), *b = yyjson_mut_doc_get_root(want);
    if (json_mut_equal(a, b))
        return;
    g_autofree char *got_text = json_mut_write(a, NULL), *want_text = json_mut_write(b, NULL);
    g_assert_cmpstr(got_text, ==, want_text);
}
