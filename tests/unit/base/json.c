/* JSON: raw numbers, limits, access, equality, pointers. */
#include "base/json.h"

#include <string.h>

static yyjson_doc *parsed(const char *text) {
    g_autoptr(GError) error = NULL;
    yyjson_doc *doc = json_parse(text, strlen(text), "test", &error);
    g_assert_no_error(error);
    return doc;
}

static yyjson_mut_doc *parsed_mut(const char *text) {
    g_autoptr(GError) error = NULL;
    yyjson_mut_doc *doc = json_parse_mut(text, strlen(text), "test", &error);
    g_assert_no_error(error);
    return doc;
}

static void test_text_comes_back(void) {
    static const char *const texts[] = {
        "0",
        "-0",
        "0.10",
        "1e400",
        "-1E+400",
        "123456789012345678901234567890",
        "0.1000000000000000055511151231257827",
        "18446744073709551616",
        "[1,1.0,1.00,1e0]",
        "{\"b\":1,\"a\":{\"z\":[],\"y\":{}},\"c\":null}",
        "[true,false,null,\"\"]",
        "\"\\u0000\\u0001\\b\\f\\n\\r\\t\\\"\\\\/\"",
        "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xa2\"",
        "[9223372036854775807,9223372036854775808,-9223372036854775808,-9223372036854775809]",
        "{\"a\":1,\"a\":2}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(yyjson_doc) doc = parsed(texts[i]);
        size_t length;
        g_autofree char *back = json_write(yyjson_doc_get_root(doc), &length);
        g_assert_cmpstr(back, ==, texts[i]);
        g_assert_cmpuint(length, ==, strlen(texts[i]));
        g_autoptr(yyjson_mut_doc) mut = parsed_mut(texts[i]);
        g_autofree char *mut_back = json_mut_write(yyjson_mut_doc_get_root(mut), &length);
        g_assert_cmpstr(mut_back, ==, texts[i]);
        g_assert_cmpuint(length, ==, strlen(texts[i]));
    }
}

static void test_pretty(void) {
    g_autoptr(yyjson_mut_doc) mut = parsed_mut("{\"a\":[1.50,{}],\"b\":{\"c\":[]}}");
    g_autoptr(yyjson_doc) doc = parsed("{\"a\":[1.50,{}],\"b\":{\"c\":[]}}");
    const char *want = "{\n  \"a\": [\n    1.50,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}\n";
    g_autofree char *text = json_write_pretty(yyjson_doc_get_root(doc), NULL);
    g_autofree char *mut_text = json_mut_write_pretty(yyjson_mut_doc_get_root(mut), NULL);
    g_assert_cmpstr(text, ==, want);
    g_assert_cmpstr(mut_text, ==, want);
}

static void test_refused(void) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "test is empty"},
        {" ", NULL},
        {"{", NULL},
        {"[1,]", "at line 1, column 3"},
        {"{\n  \"a\": 1,\n  b: 2\n}", "at line 3, column 3"},
        {"01", NULL},
        {"+1", NULL},
        {"1.", NULL},
        {".5", NULL},
        {"1e", NULL},
        {"NaN", NULL},
        {"Infinity", NULL},
        {"'a'", NULL},
        {"\"\t\"", NULL},
        {"\"\\x\"", NULL},
        {"\"\\ud800\"", NULL},
        {"\"\xff\"", NULL},
        {"\"\xc0\x80\"", NULL},
        {"[] []", NULL},
        {"// no\n1", NULL},
        {"\xef\xbb\xbf{}", NULL},
        {"{\"a\"}", NULL},
        {"tru", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(yyjson_doc) doc = json_parse(cases[i].text, strlen(cases[i].text), "test", &error);
        g_assert_null(doc);
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, cases[i].message ? cases[i].message : "test"));
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(json_parse(NULL, 0, "nothing", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    /* The length counts, not a NUL behind it or in it. */
    g_autoptr(yyjson_doc) doc = json_parse("[1]]", 3, "test", NULL);
    g_assert_nonnull(doc);
    g_assert_null(json_parse("1\0", 2, "test", NULL));
}

static char *nested(const char *open, const char *close, size_t depth) {
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < depth; i++)
        g_string_append(text, open);
    g_string_append_c(text, '1');
    for (size_t i = 0; i < depth; i++)
        g_string_append(text, close);
    return g_string_free(text, FALSE);
}

static void test_depth(void) {
    static const size_t depths[] = {1, 999, 1000, 1001, 1002, 10000, 1000000};
    static const char *const brackets[][2] = {{"[", "]"}, {"{\"a\":", "}"}, {"[1,{\"k\":[],\"a\":", "},{}]"}};
    for (size_t shape = 0; shape < G_N_ELEMENTS(brackets); shape++) {
        for (size_t i = 0; i < G_N_ELEMENTS(depths); i++) {
            size_t levels = shape == 2 ? 2 * depths[i] : depths[i];
            g_autofree char *text = nested(brackets[shape][0], brackets[shape][1], depths[i]);
            g_autoptr(GError) error = NULL;
            g_autoptr(yyjson_mut_doc) doc = json_parse_mut(text, strlen(text), "test", &error);
            g_assert_cmpint(doc != NULL, ==, levels <= JSON_DEPTH_MAX);
            if (!doc) {
                g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
                continue;
            }
            g_autofree char *back = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
            g_assert_cmpstr(back, ==, text);
        }
    }
    /* Wide is not deep. */
    g_autoptr(GString) wide = g_string_new("[");
    for (int i = 0; i < 5000; i++)
        g_string_append(wide, "[[]],");
    g_string_append(wide, "{}]");
    g_autoptr(yyjson_doc) doc = parsed(wide->str);
    g_assert_cmpuint(yyjson_arr_size(yyjson_doc_get_root(doc)), ==, 5001);
    /* Unclosed brackets by the million */
    g_autofree char *open = g_strnfill(1000000, '[');
    g_assert_null(json_parse(open, strlen(open), "test", NULL));
}

static void test_within(void) {
    g_autoptr(yyjson_mut_doc) doc = parsed_mut("{\"a\":[1,[2]],\"b\":3}");
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    size_t budget = 8; /* six values, two keys */
    g_assert_true(json_mut_within(root, 3, &budget));
    g_assert_cmpuint(budget, ==, 0);
    g_assert_false(json_mut_within(root, 3, &(size_t){7}));
    g_autofree char *text = g_strnfill(64000, 'x');
    g_assert_true(json_mut_within(yyjson_mut_str(doc, text), 0, &(size_t){1001}));
    g_assert_false(json_mut_within(yyjson_mut_str(doc, text), 0, &(size_t){1000}));
    g_assert_false(json_mut_within(root, 2, &(size_t){100}));
}

static void test_invalid_utf8_is_repaired(void) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    json_mut_set_string(doc, object, "a\xff", "b\xc3");
    size_t length;
    g_autofree char *text = json_mut_write(object, &length);
    g_assert_cmpstr(text, ==, "{\"a\xef\xbf\xbd\":\"b\xef\xbf\xbd\"}");
    g_assert_cmpuint(length, ==, strlen(text));
    g_autoptr(yyjson_doc) back = parsed(text);
    g_assert_nonnull(back);
}

static void test_access(void) {
    const char *text = "{\"metadata\":{\"name\":\"x\",\"labels\":null,\"n\":7},\"list\":[1]}";
    g_autoptr(yyjson_doc) doc = parsed(text);
    g_autoptr(yyjson_mut_doc) mut = parsed_mut(text);
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_mut_val *mut_root = yyjson_mut_doc_get_root(mut);
    g_assert_cmpstr(json_get_string(root, "metadata", "name"), ==, "x");
    g_assert_cmpstr(json_mut_get_string(mut_root, "metadata", "name"), ==, "x");
    g_assert_null(json_get(root, "metadata", "none"));
    g_assert_null(json_get(root, "metadata", "name", "deeper"));
    g_assert_null(json_get(root, "list", "0"));
    g_assert_null(json_get(NULL, "a"));
    g_assert_null(json_get_string(root, "metadata"));
    g_assert_true(yyjson_is_null(json_get(root, "metadata", "labels")));
    g_assert_null(json_mut_get(mut_root, "metadata", "name", "deeper"));
}

static void test_strings(void) {
    g_autoptr(yyjson_doc) doc = parsed("{\"a\":[\"x\",1,null,\"\",[\"y\"]],\"b\":\"x\"}");
    g_auto(GStrv) some = json_strings(json_get(yyjson_doc_get_root(doc), "a")),
                  none = json_strings(json_get(yyjson_doc_get_root(doc), "b")), missing = json_strings(NULL);
    g_assert_cmpstrv(some, ((const char *const[]){"x", "", NULL}));
    g_assert_cmpuint(g_strv_length(none), ==, 0);
    g_assert_cmpuint(g_strv_length(missing), ==, 0);
}

static void test_integers(void) {
    static const struct {
        const char *text;
        gint64 want;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"42", 42},
        {"9223372036854775807", G_MAXINT64},
        {"1.5", -1},
        {"1.0", -1},
        {"1e3", -1},
        {"-9223372036854775808", G_MININT64},
        {"\"7\"", -1},
        {"true", -1},
        {"null", -1},
        {"9223372036854775808", -1},
        {"[]", -1},
        {"-42", -42},
        {"-9223372036854775809", -1},
        {"123456789012345678901234567890", -1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(yyjson_doc) doc = parsed(cases[i].text);
        g_autoptr(yyjson_mut_doc) mut = parsed_mut(cases[i].text);
        g_assert_cmpint(json_int(yyjson_doc_get_root(doc), -1), ==, cases[i].want);
        g_assert_cmpint(json_mut_int(yyjson_mut_doc_get_root(mut), -1), ==, cases[i].want);
    }
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    g_assert_cmpint(json_mut_int(yyjson_mut_sint(doc, -5), 0), ==, -5);
    g_assert_cmpint(json_mut_int(yyjson_mut_uint(doc, G_MAXUINT64), 3), ==, 3);
    g_assert_cmpint(json_mut_int(yyjson_mut_uint(doc, 5), 3), ==, 5);
    g_assert_cmpint(json_mut_int(NULL, 3), ==, 3);
    g_assert_cmpint(json_int(NULL, 3), ==, 3);
}

static void test_changes(void) {
    g_autoptr(yyjson_mut_doc) doc = parsed_mut("{\"a\":1,\"b\":2,\"c\":3,\"b\":4,\"s\":\"x\",\"n\":null}");
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    char key[] = "b";
    json_mut_set_string(doc, root, key, "new");
    key[0] = 'x'; /* copied */
    json_mut_set_string(doc, root, "z", "last");
    g_assert_true(json_mut_remove(root, "a"));
    g_assert_false(json_mut_remove(root, "a"));
    json_mut_set_string(doc, json_mut_ensure_object(doc, root, "s"), "k", "v");
    json_mut_set_string(doc, json_mut_ensure_object(doc, root, "n"), "k", "v");
    json_mut_set_string(doc, json_mut_ensure_object(doc, root, "n"), "l", "w");
    json_mut_ensure_object(doc, root, "new");
    json_mut_set_n(doc, root, "q\0r", 3, yyjson_mut_null(doc));
    g_autofree char *text = json_mut_write(root, NULL);
    g_assert_cmpstr(
        text, ==,
        "{\"b\":\"new\",\"c\":3,\"s\":{\"k\":\"v\"},\"n\":{\"k\":\"v\",\"l\":\"w\"},\"z\":\"last\",\"new\":{},"
        "\"q\\u0000r\":null}");
}

static void test_equality(void) {
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"1", "1", true},
        {"1", "1.0", true},
        {"1", "1e0", true},
        {"100", "1E+2", true},
        {"0.1", "1e-1", true},
        {"0.10", "0.1", true},
        {"0", "-0", true},
        {"0", "0e999999999999999999999", false}, /* an exponent beyond reason equals nothing but itself */
        {"0e99", "0.000", true},
        {"1e400", "10e399", true},
        {"1e400", "1e401", false},
        {"9007199254740993", "9007199254740992", false}, /* one double */
        {"0.1", "0.1000000000000000055511151231257827", false},
        {"123456789012345678901234567890", "123456789012345678901234567891", false},
        {"123456789012345678901234567890", "12345678901234567890123456789e1", true},
        {"-1", "1", false},
        {"1e999999999999999999999", "1e999999999999999999999", true},
        {"1e999999999999999999999", "1e999999999999999999998", false},
        {"1", "\"1\"", false},
        {"null", "false", false},
        {"true", "false", false},
        {"true", "true", true},
        {"null", "null", true},
        {"\"a\"", "\"\\u0061\"", true},
        {"\"a\\u0000b\"", "\"a\\u0000c\"", false},
        {"\"a\"", "\"ab\"", false},
        {"[]", "{}", false},
        {"[]", "null", false},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1,2,3]", false},
        {"{\"a\":1,\"b\":[1.0]}", "{\"b\":[1],\"a\":1e0}", true},
        {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":2}", false},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"{\"a\":null}", "{}", false},
        {"{\"a\":{\"b\":{\"c\":1,\"d\":2}}}", "{\"a\":{\"b\":{\"d\":2,\"c\":1}}}", true},
        {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":1}", false},
        {"{\"a\":1,\"a\":2}", "{\"a\":1}", true},
        {"{\"a\":1,\"a\":2}", "{\"a\":2}", false},
        {"{\"a\\u0000b\":1,\"c\":1}", "{\"c\":1,\"a\\u0000d\":1}", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(yyjson_doc) a = parsed(cases[i].a), b = parsed(cases[i].b);
        g_autoptr(yyjson_mut_doc) x = parsed_mut(cases[i].a), y = parsed_mut(cases[i].b);
        g_assert_cmpint(json_equal(yyjson_doc_get_root(a), yyjson_doc_get_root(b)), ==, cases[i].equal);
        g_assert_cmpint(json_equal(yyjson_doc_get_root(b), yyjson_doc_get_root(a)), ==, cases[i].equal);
        g_assert_cmpint(json_mut_equal(yyjson_mut_doc_get_root(x), yyjson_mut_doc_get_root(y)), ==, cases[i].equal);
        g_assert_cmpint(json_mut_equal(yyjson_mut_doc_get_root(y), yyjson_mut_doc_get_root(x)), ==, cases[i].equal);
    }
    g_assert_true(json_equal(NULL, NULL));
    g_autoptr(yyjson_mut_doc) doc = parsed_mut("[7,-7,0.5]");
    yyjson_mut_val *list = yyjson_mut_doc_get_root(doc);
    g_assert_true(json_mut_equal(yyjson_mut_arr_get(list, 0), yyjson_mut_int(doc, 7)));
    g_assert_true(json_mut_equal(yyjson_mut_arr_get(list, 1), yyjson_mut_int(doc, -7)));
    g_assert_true(json_mut_equal(yyjson_mut_uint(doc, 7), yyjson_mut_sint(doc, 7)));
    g_assert_true(json_mut_equal(yyjson_mut_arr_get(list, 2), yyjson_mut_real(doc, 0.5)));
    g_assert_false(json_mut_equal(yyjson_mut_arr_get(list, 0), NULL));
}

/* Members out of order at each of many levels must not be compared twice a level. */
static void test_equality_is_not_exponential(void) {
    enum { LEVELS = 300 };
    g_autoptr(GString) a = g_string_new(NULL), b = g_string_new(NULL);
    for (int i = 0; i < LEVELS; i++) {
        g_string_append(a, "{\"x\":");
        g_string_append(b, "{\"x\":");
    }
    g_string_append(a, "1");
    g_string_append(b, "1.0");
    for (int i = 0; i < LEVELS; i++) {
        g_string_append(a, ",\"p\":1,\"q\":2}");
        g_string_append(b, ",\"q\":2,\"p\":1}");
    }
    g_autoptr(yyjson_doc) x = parsed(a->str), y = parsed(b->str);
    g_autoptr(yyjson_mut_doc) mut_x = parsed_mut(a->str), mut_y = parsed_mut(b->str);
    g_assert_true(json_equal(yyjson_doc_get_root(x), yyjson_doc_get_root(y)));
    g_assert_true(json_mut_equal(yyjson_mut_doc_get_root(mut_x), yyjson_mut_doc_get_root(mut_y)));
}

static void test_pointer(void) {
    /* The document of RFC 6901, section 5. */
    g_autoptr(yyjson_mut_doc) doc =
        parsed_mut("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
                   "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,\"~1\":9}");
    static const struct {
        const char *pointer, *want;
        bool invalid;
    } cases[] = {
        {"/foo", "[\"bar\",\"baz\"]", false},
        {"/foo/0", "\"bar\"", false},
        {"/foo/1", "\"baz\"", false},
        {"/", "0", false},
        {"/a~1b", "1", false},
        {"/c%d", "2", false},
        {"/e^f", "3", false},
        {"/g|h", "4", false},
        {"/i\\j", "5", false},
        {"/k\"l", "6", false},
        {"/ ", "7", false},
        {"/m~0n", "8", false},
        {"/~01", "9", false},
        {"/foo/2", NULL, false},
        {"/foo/-", NULL, false},
        {"/foo/00", NULL, false},
        {"/foo/01", NULL, false},
        {"/foo/+1", NULL, false},
        {"/foo/ 1", NULL, false},
        {"/foo/", NULL, false},
        {"/foo/4294967296", NULL, false},
        {"/foo/99999999999999999999", NULL, false},
        {"/foo/0/x", NULL, false},
        {"/none/x", NULL, false},
        {"foo", NULL, true},
        {"/m~n", NULL, true},
        {"/~", NULL, true},
        {"/none/~2", NULL, true},
    };
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    g_assert_true(json_pointer_get(root, "", NULL) == root);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        yyjson_mut_val *value = json_pointer_get(root, cases[i].pointer, &error);
        if (cases[i].invalid)
            g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        else
            g_assert_no_error(error);
        g_autofree char *text = value ? json_mut_write(value, NULL) : NULL;
        g_assert_cmpstr(text, ==, cases[i].want);
    }
}

static void test_sort(void) {
    static const char text[] =
        "{\"b\":[{\"z\":1,\"a\":2}],\"a\\u0000b\":1,\"a\":{\"y\":{},\"B\":[]},\"\":0,\"b\":\"second\"}";
    g_autoptr(yyjson_mut_doc) doc = json_parse_mut(text, strlen(text), "test", NULL);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    json_mut_sort(root);
    g_autofree char *sorted = json_mut_write(root, NULL);
    g_assert_cmpstr(sorted, ==,
                    "{\"\":0,\"a\":{\"B\":[],\"y\":{}},\"a\\u0000b\":1,\"b\":[{\"a\":2,\"z\":1}],\"b\":\"second\"}");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/text-comes-back", test_text_comes_back);
    g_test_add_func("/json/pretty", test_pretty);
    g_test_add_func("/json/refused", test_refused);
    g_test_add_func("/json/depth", test_depth);
    g_test_add_func("/json/within", test_within);
    g_test_add_func("/json/invalid-utf8-is-repaired", test_invalid_utf8_is_repaired);
    g_test_add_func("/json/access", test_access);
    g_test_add_func("/json/strings", test_strings);
    g_test_add_func("/json/integers", test_integers);
    g_test_add_func("/json/changes", test_changes);
    g_test_add_func("/json/equality", test_equality);
    g_test_add_func("/json/equality-is-not-exponential", test_equality_is_not_exponential);
    g_test_add_func("/json/pointer", test_pointer);
    g_test_add_func("/json/sort", test_sort);
    return g_test_run();
}
