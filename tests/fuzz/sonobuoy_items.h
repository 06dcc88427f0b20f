/* What holds for every tree of results, however it was made. */
#pragma once

#include "base/yaml.h"
#include "sonobuoy/results.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void check_item(yyjson_mut_val *item, unsigned depth) {
    size_t index, count;
    yyjson_mut_val *child, *items = yyjson_mut_obj_get(item, "items");
    g_assert(depth <= RESULTS_DEPTH_MAX && yyjson_mut_is_obj(item));
    g_assert(yyjson_mut_is_str(yyjson_mut_obj_get(item, "name")) && *results_item_status(item));
    g_assert(!items || yyjson_mut_arr_size(items) > 0);
    yyjson_mut_arr_foreach(items, index, count, child)
        check_item(child, depth + 1);
}

/* Rolls the tree up and writes it: it is the same when it is read again, and rolled up again. */
static inline void check_tree(yyjson_mut_doc *doc, yyjson_mut_val *root) {
    results_roll_up(doc, root);
    check_item(root, 0);
    g_assert(yyjson_mut_obj_size(results_counts(doc, root)) > 0);
    g_autofree char *before = json_mut_write(root, NULL), *yaml = yaml_write(root);
    g_autoptr(GError) error = NULL;
    g_autoptr(yyjson_mut_doc) again = results_parse(yaml, strlen(yaml), "the tree", &error);
    g_assert_no_error(error);
    results_roll_up(again, yyjson_mut_doc_get_root(again));
    g_autofree char *after = json_mut_write(yyjson_mut_doc_get_root(again), NULL);
    g_assert_cmpstr(before, ==, after);
}

typedef bool (*AddFunc)(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *data, size_t length, GError **error);

/* A file's items: all of them, or none and a reason. */
static inline void check_file(AddFunc add, const uint8_t *data, size_t size) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *item = results_item_new(doc, "file", NULL, "file");
    g_autoptr(GError) error = NULL;
    bool ok = add(doc, item, (const char *)data, size, &error);
    g_assert(ok == (error == NULL));
    g_assert(ok || (yyjson_mut_obj_size(item) == 2 && g_utf8_validate(error->message, -1, NULL)));
    yyjson_mut_val *root = results_item_new(doc, "plugin", NULL, "summary");
    results_item_add(doc, root, item);
    check_tree(doc, root);
}
