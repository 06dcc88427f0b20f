/* JSON Patch (with the examples of RFC 6902, appendix A) and merge patch (RFC 7386, appendix A). */
#include "base/jsonpatch.h"

#include <string.h>

enum { FINE = -1 };

static yyjson_doc *parsed(const char *text) {
    g_autoptr(GError) error = NULL;
    yyjson_doc *doc = json_parse(text, strlen(text), "test", &error);
    g_assert_no_error(error);
    return doc;
}

static yyjson_mut_doc *parsed_mut(const char *text) {
    g_autoptr(yyjson_doc) doc = parsed(text);
    return yyjson_doc_mut_copy(doc, NULL);
}

static const struct {
    const char *document, *patch, *want; /* want: what stays, when it fails */
    int code;
} patches[] = {
    /* A.1 to A.16 */
    {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]", "{\"foo\":\"bar\",\"baz\":\"qux\"}",
     FINE},
    {"{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
     "{\"foo\":[\"bar\",\"qux\",\"baz\"]}", FINE},
    {"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]", "{\"foo\":\"bar\"}", FINE},
    {"{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]", "{\"foo\":[\"bar\",\"baz\"]}",
     FINE},
    {"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
     "{\"baz\":\"boo\",\"foo\":\"bar\"}", FINE},
    {"{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
     "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
     "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}", FINE},
    {"{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}", "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
     "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}", FINE},
    {"{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
     "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},{\"op\":\"test\",\"path\":\"/foo/1\",\"value\":2}]",
     "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}", FINE},
    {"{\"baz\":\"qux\"}", "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"bar\"}]", "{\"baz\":\"qux\"}",
     BASE_ERROR_CONFLICT},
    {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/child\",\"value\":{\"grandchild\":{}}}]",
     "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}", FINE},
    {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\",\"xyz\":123}]",
     "{\"foo\":\"bar\",\"baz\":\"qux\"}", FINE},
    {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz/bat\",\"value\":\"qux\"}]", "{\"foo\":\"bar\"}",
     BASE_ERROR_NOT_FOUND},
    {"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]", "{\"/\":9,\"~1\":10}", FINE},
    {"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":\"10\"}]", "{\"/\":9,\"~1\":10}",
     BASE_ERROR_CONFLICT},
    {"{\"foo\":[\"bar\"]}", "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\",\"def\"]}]",
     "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}", FINE},
    /* the whole document */
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[2]}]", "[2]", FINE},
    {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":3}]", "3", FINE},
    {"{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"\"}]", "{\"b\":1}", FINE},
    {"{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/b\"}]", "{\"a\":1,\"b\":{\"a\":1}}", FINE},
    {"{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"\"}]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[]", "{\"a\":1}", FINE},
    /* places in lists */
    {"[1,2]", "[{\"op\":\"add\",\"path\":\"/2\",\"value\":3}]", "[1,2,3]", FINE},
    {"[1,2]", "[{\"op\":\"add\",\"path\":\"/3\",\"value\":3}]", "[1,2]", BASE_ERROR_NOT_FOUND},
    {"[1,2]", "[{\"op\":\"add\",\"path\":\"/01\",\"value\":3}]", "[1,2]", BASE_ERROR_NOT_FOUND},
    {"[1,2]", "[{\"op\":\"add\",\"path\":\"/-1\",\"value\":3}]", "[1,2]", BASE_ERROR_NOT_FOUND},
    {"[1,2]", "[{\"op\":\"remove\",\"path\":\"/-\"}]", "[1,2]", BASE_ERROR_NOT_FOUND},
    {"[1,2]", "[{\"op\":\"replace\",\"path\":\"/-\",\"value\":1}]", "[1,2]", BASE_ERROR_NOT_FOUND},
    {"[1,2]", "[{\"op\":\"replace\",\"path\":\"/1\",\"value\":{\"a\":[]}}]", "[1,{\"a\":[]}]", FINE},
    {"[1,2]", "[{\"op\":\"copy\",\"from\":\"/0\",\"path\":\"/-\"}]", "[1,2,1]", FINE},
    {"[1,2]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/0\"}]", "[1,2]", FINE},
    {"[1]", "[{\"op\":\"remove\",\"path\":\"/0\"},{\"op\":\"add\",\"path\":\"/-\",\"value\":null}]", "[null]", FINE},
    /* odd but right */
    {"{\"a\":null}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":null}]", "{\"a\":null}", FINE},
    {"{\"a\":1.0}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1}]", "{\"a\":1.0}", FINE},
    {"{\"a\":{\"x\":1,\"y\":2}}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"y\":2,\"x\":1}}]",
     "{\"a\":{\"x\":1,\"y\":2}}", FINE},
    {"{\"a\":1,\"b\":2}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":3}]", "{\"a\":3,\"b\":2}", FINE},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/\",\"value\":0.10}]", "{\"a\":1,\"\":0.10}", FINE},
    {"{\"a\":{\"b\":1}}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/b\"}]", "{\"a\":{\"b\":{\"b\":1}}}", FINE},
    /* wrong patches; all or nothing */
    {"{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/a\"},{\"op\":\"remove\",\"path\":\"/a\"}]", "{\"a\":1}",
     BASE_ERROR_NOT_FOUND},
    {"{\"a\":{\"b\":{}}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b/c\"}]", "{\"a\":{\"b\":{}}}",
     BASE_ERROR_INVALID},
    {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/x\",\"path\":\"/y\"}]", "{\"a\":1}", BASE_ERROR_NOT_FOUND},
    {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/x\",\"value\":1}]", "{\"a\":1}", BASE_ERROR_NOT_FOUND},
    {"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/x\",\"value\":null}]", "{\"a\":1}", BASE_ERROR_NOT_FOUND},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"b\",\"value\":1}]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/~2\",\"value\":1}]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/~/x\",\"value\":1}]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\"}]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[{\"op\":\"copy\",\"path\":\"/b\"}]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[{\"op\":\"spam\",\"path\":\"/b\"}]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[{\"path\":\"/b\",\"value\":1}]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[{\"op\":\"add\",\"value\":1}]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[{\"op\":1,\"path\":\"/b\",\"value\":1}]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[7]", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "{\"op\":\"add\"}", "{\"a\":1}", BASE_ERROR_INVALID},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", "{\"a\":1}", BASE_ERROR_NOT_FOUND},
};

static void test_patches(void) {
    for (size_t i = 0; i < G_N_ELEMENTS(patches); i++) {
        g_autoptr(yyjson_mut_doc) doc = parsed_mut(patches[i].document);
        g_autoptr(yyjson_doc) patch = parsed(patches[i].patch);
        g_autoptr(GError) error = NULL;
        bool ok = json_patch_apply(doc, yyjson_doc_get_root(patch), &error);
        g_test_message("%s", patches[i].patch);
        if (patches[i].code == FINE)
            g_assert_no_error(error);
        else
            g_assert_error(error, BASE_ERROR, patches[i].code);
        g_assert_cmpint(ok, ==, patches[i].code == FINE);
        g_autofree char *text = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
        g_assert_cmpstr(text, ==, patches[i].want);
    }
}

static void test_patch_message(void) {
    g_autoptr(yyjson_mut_doc) doc = parsed_mut("{\"a\":[]}");
    g_autoptr(yyjson_doc) patch =
        parsed("[{\"op\":\"test\",\"path\":\"/a\",\"value\":[]},{\"op\":\"remove\",\"path\":\"/a/0\"}]");
    g_autoptr(GError) error = NULL;
    g_assert_false(json_patch_apply(doc, yyjson_doc_get_root(patch), &error));
    g_assert_cmpstr(error->message, ==, "JSON patch operation 2: nothing is at \"/a/0\"");
}

static void test_patch_bombs(void) {
    /* Each operation doubles the document's size, or its depth. */
    static const char *const operations[] = {"{\"op\":\"copy\",\"from\":\"\",\"path\":\"/-\"}",
                                             "{\"op\":\"copy\",\"from\":\"\",\"path\":\"/0\"}",
                                             "{\"op\":\"add\",\"path\":\"/0/0\",\"value\":[[]]}"};
    for (size_t kind = 0; kind < 2; kind++) {
        g_autoptr(GString) text = g_string_new("[");
        for (int i = 0; i < 2000; i++)
            g_string_append_printf(text, "%s%s", i ? "," : "", operations[kind]);
        g_string_append_c(text, ']');
        g_autoptr(yyjson_mut_doc) doc = parsed_mut("[[]]");
        g_autoptr(yyjson_doc) patch = parsed(text->str);
        g_autoptr(GError) error = NULL;
        g_assert_false(json_patch_apply(doc, yyjson_doc_get_root(patch), &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    }
    /* A list moved into itself again and again gets deeper. */
    g_autoptr(GString) text = g_string_new("[");
    for (int i = 0; i < JSON_DEPTH_MAX + 10; i++)
        g_string_append_printf(
            text,
            "%s{\"op\":\"add\",\"path\":\"/b\",\"value\":[]},{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b/0\"}"
            ",{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/a\"}",
            i ? "," : "");
    g_string_append_c(text, ']');
    g_autoptr(yyjson_mut_doc) doc = parsed_mut("{\"a\":1}");
    g_autoptr(yyjson_doc) patch = parsed(text->str);
    g_autoptr(GError) error = NULL;
    g_assert_false(json_patch_apply(doc, yyjson_doc_get_root(patch), &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static const struct {
    const char *original, *patch, *want;
} merges[] = {
    {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
    {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
    {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
    {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
    {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
    {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
    {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
    {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
    {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
    {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
    {"{\"a\":\"foo\"}", "null", "null"},
    {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
    {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
    {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
    {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    /* more */
    {"{\"a\":[{\"b\":null}]}", "{\"a\":[{\"c\":null}]}", "{\"a\":[{\"c\":null}]}"},
    {"{\"a\":1,\"b\":2,\"c\":3}", "{\"b\":0.20}", "{\"a\":1,\"b\":0.20,\"c\":3}"},
    {"{\"a\\u0000b\":1,\"a\\u0000c\":2}", "{\"a\\u0000c\":null,\"a\\u0000d\":3}", "{\"a\\u0000b\":1,\"a\\u0000d\":3}"},
};

static void test_merges(void) {
    for (size_t i = 0; i < G_N_ELEMENTS(merges); i++) {
        g_autoptr(yyjson_mut_doc) doc = parsed_mut(merges[i].original);
        g_autoptr(yyjson_doc) patch = parsed(merges[i].patch);
        json_merge_patch_apply(doc, yyjson_doc_get_root(patch));
        g_autofree char *text = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
        g_assert_cmpstr(text, ==, merges[i].want);
    }
}

static void test_make(void) {
    static const struct {
        const char *from, *to, *want;
    } cases[] = {
        {"{}", "{}", NULL},
        {"{\"a\":1,\"b\":[1]}", "{\"b\":[1.0],\"a\":1}", NULL},
        {"{\"a\":1}", "{\"a\":2}", "{\"a\":2}"},
        {"{\"a\":1}", "{}", "{\"a\":null}"},
        {"{}", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}"},
        {"{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1,\"c\":3}}", "{\"a\":{\"c\":3}}"},
        {"{\"a\":{\"b\":1}}", "{\"a\":{}}", "{\"a\":{\"b\":null}}"},
        {"{\"a\":1}", "{\"a\":{}}", "{\"a\":{}}"},
        {"{\"a\":{\"b\":1}}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"{\"a\":[1,2]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"{\"a\":null}", "{}", NULL},
        {"{}", "{\"a\":null}", NULL},
        {"{\"a\":1}", "{\"a\":null}", "{\"a\":null}"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(yyjson_mut_doc) from = parsed_mut(cases[i].from), to = parsed_mut(cases[i].to);
        yyjson_mut_val *patch = json_merge_patch_make(from, yyjson_mut_doc_get_root(from), yyjson_mut_doc_get_root(to));
        g_autofree char *text = patch ? json_mut_write(patch, NULL) : NULL;
        g_assert_cmpstr(text, ==, cases[i].want);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jsonpatch/patches", test_patches);
    g_test_add_func("/jsonpatch/patch-message", test_patch_message);
    g_test_add_func("/jsonpatch/patch-bombs", test_patch_bombs);
    g_test_add_func("/jsonpatch/merges", test_merges);
    g_test_add_func("/jsonpatch/make", test_make);
    return g_test_run();
}
