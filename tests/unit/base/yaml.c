/* YAML read as Kubernetes' clients read it, and written so that it comes back. */
#include "base/yaml.h"

#include <string.h>

static char *as_json(const char *text, size_t length, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = yaml_parse(text, length, "test", error);
    return doc ? json_mut_write(yyjson_mut_doc_get_root(doc), NULL) : NULL;
}

static void check(const char *text, const char *want) {
    g_autoptr(GError) error = NULL;
    g_autofree char *json = as_json(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json, ==, want);
}

static void test_scalars(void) {
    static const struct {
        const char *scalar, *want; /* NULL: the very same */
    } cases[] = {
        /* words of YAML 1.1: Norway's country code is a boolean */
        {"no", "false"},
        {"NO", "false"},
        {"No", "false"},
        {"n", "false"},
        {"N", "false"},
        {"off", "false"},
        {"OFF", "false"},
        {"false", "false"},
        {"False", "false"},
        {"yes", "true"},
        {"Yes", "true"},
        {"y", "true"},
        {"Y", "true"},
        {"on", "true"},
        {"On", "true"},
        {"TRUE", "true"},
        {"nO", "\"nO\""},
        {"yEs", "\"yEs\""},
        {"tRUE", "\"tRUE\""},
        {"nope", "\"nope\""},
        {"", "null"},
        {"~", "null"},
        {"null", "null"},
        {"Null", "null"},
        {"NULL", "null"},
        {"nULL", "\"nULL\""},
        {"none", "\"none\""},
        {"\"no\"", "\"no\""},
        {"'no'", "\"no\""},
        {"!!str no", "\"no\""},
        {"! no", "\"no\""},
        {"!other no", "\"no\""},
        {"\"\"", "\"\""},
        {"'~'", "\"~\""},
        {"!!str", "\"\""},
        /* decimal numbers keep their text */
        {"0", "0"},
        {"-1", "-1"},
        {"1.50", "1.50"},
        {"1e3", "1e3"},
        {"1E+400", "1E+400"},
        {"0.10", "0.10"},
        {"-0", "-0"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        /* others become decimal */
        {"+1", "1"},
        {"1_000", "1000"},
        {".5", "0.5"},
        {"-.5", "-0.5"},
        {"1.", "1"},
        {"+.5e3", "0.5e3"},
        {"010", "8"},
        {"08", "8"},
        {"-010", "-8"},
        {"09.50", "9.50"},
        {"0x1F", "31"},
        {"-0x1f", "-31"},
        {"0o17", "15"},
        {"0b101", "5"},
        {"0B1_1", "3"},
        {"00", "0"},
        {"-00", "0"},
        {"0xFFFFFFFFFFFFFFFF", "18446744073709551615"},
        {"0777777777777777777777777", "777777777777777777777777"},
        /* not quite numbers */
        {"0x", "\"0x\""},
        {"0xg", "\"0xg\""},
        {"0b2", "\"0b2\""},
        {"1.2.3", "\"1.2.3\""},
        {"1,000", "\"1,000\""},
        {"1e", "\"1e\""},
        {"e3", "\"e3\""},
        {".", "\".\""},
        {"..", "\"..\""},
        {"+", "\"+\""},
        {"12:30:45", "\"12:30:45\""},
        {"2026-11-24", "\"2026-11-24\""},
        {"2026-11-24T12:00:00Z", "\"2026-11-24T12:00:00Z\""},
        {"1-2", "\"1-2\""},
        {"0 1", "\"0 1\""},
        {"_1", "\"_1\""},
        {"-0xFFFFFFFFFFFFFFFF", "\"-0xFFFFFFFFFFFFFFFF\""},
        {"10.0.0.0/8", "\"10.0.0.0/8\""},
        {"inf", "\"inf\""},
        {"NaN", "\"NaN\""},
        {"=", "\"=\""},
        /* tags that ask for what a plain scalar would be */
        {"!!int \"5\"", "5"},
        {"!!int 0x10", "16"},
        {"!!float \"1.50\"", "1.50"},
        {"!!bool \"yes\"", "true"},
        {"!!null \"\"", "null"},
        /* quoting, folding, blocks */
        {"it's", "\"it's\""},
        {"'it''s'", "\"it's\""},
        {"\"a\\tb\\u00e4\\x41\\0\"", "\"a\\tb\xc3\xa4"
                                     "A\\u0000\""},
        {"a # c", "\"a\""},
        {"a#c", "\"a#c\""},
        {"a\n  b\n\n  c", "\"a b\\nc\""},
        {"|\n  x\n   y\n", "\"x\\n y\\n\""},
        {"|-\n  x\n", "\"x\""},
        {"|+\n  x\n\n", "\"x\\n\\n\""},
        {">\n  x\n  y\n\n  z\n", "\"x y\\nz\\n\""},
        {"|\n  x", "\"x\""},
        {"|2\n   x\n", "\" x\\n\""},
        {"|\n  no\n", "\"no\\n\""},
        /* collections */
        {"[a, 1, [], {}]", "[\"a\",1,[],{}]"},
        {"{a: 1, b}", "{\"a\":1,\"b\":null}"},
        {"\n- a\n- b", "[\"a\",\"b\"]"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("k: %s", cases[i].scalar);
        g_autofree char *want = g_strdup_printf("{\"k\":%s}", cases[i].want);
        g_test_message("case %zu", i);
        check(text, want);
    }
}

static void test_keys(void) {
    check("yes: 1\n0x10: 2\n1.10: 3\n\"no\": 4\n", "{\"true\":1,\"16\":2,\"1.10\":3,\"no\":4}");
    check("? a\n: 1\n? b\n", "{\"a\":1,\"b\":null}");
    check("\"\": 1", "{\"\":1}");
    check("\"a\\0b\": 1\n\"a\\0c\": 2", "{\"a\\u0000b\":1,\"a\\u0000c\":2}");
}

static void test_documents(void) {
    static const struct {
        const char *text;
        guint count;
    } cases[] = {
        {"", 0},
        {"\n# only a comment\n", 0},
        {"---\n", 0},
        {"---\n---\n", 0},
        {"a: 1", 1},
        {"---\na: 1\n", 1},
        {"a: 1\n---\nb: 2\n", 2},
        {"a: 1\n...\n", 1},
        {"---\n---\na: 1\n---\n# no\n---\nb: 1\n", 2},
        {"--- 1\n--- 2\n", 2},
        {"\xef\xbb\xbf"
         "a: 1",
         1},
        {"a: 1\r\nb: 2\r\n", 1},
        {"%YAML 1.1\n---\na: 1\n", 1},
        {"{\"a\": 1}\n", 1},
        {"[1]", 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) documents = yaml_parse_all(cases[i].text, strlen(cases[i].text), "test", &error);
        g_assert_no_error(error);
        g_assert_cmpuint(documents->len, ==, cases[i].count);
    }
    check("", "null");
    check("# nothing", "null");
    g_autoptr(yyjson_mut_doc) none = yaml_parse(NULL, 0, "test", NULL);
    g_assert_true(yyjson_mut_is_null(yyjson_mut_doc_get_root(none)));
}

static void test_anchors(void) {
    check("a: &x 5\nb: *x\nc: [*x, *x]", "{\"a\":5,\"b\":5,\"c\":[5,5]}");
    check("a: &x {p: [1]}\nb: *x", "{\"a\":{\"p\":[1]},\"b\":{\"p\":[1]}}");
    check("&k a: *k", "{\"a\":\"a\"}");
    check("a: &x 1\nb: &x 2\nc: *x", "{\"a\":1,\"b\":2,\"c\":2}");
    check("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3, r: 4}", "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"q\":3,\"r\":4,\"p\":1}}");
    check("a: &x {p: 1}\nb: {p: 2, <<: *x}", "{\"a\":{\"p\":1},\"b\":{\"p\":2}}");
    check("- &x {p: 1}\n- &y {p: 2, q: 3}\n- {<<: [*x, *y]}", "[{\"p\":1},{\"p\":2,\"q\":3},{\"p\":1,\"q\":3}]");
    check("{<<: {p: 1}, <<: {q: 2}}", "{\"p\":1,\"q\":2}");
    check("{\"<<\": 5}", "{\"<<\":5}");
}

static void test_wrong(void) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"a: 1\nb: 2\na: 3\n", "key \"a\" is there twice at line 3, column 1"},
        {"yes: 1\ntrue: 2", "key \"true\" is there twice"},
        {"{\"a\": 1, \"a\": 2}", "key \"a\" is there twice"},
        {"x: [{\"b\": {\"a\": 1, \"a\": 2}}]", "key \"a\" is there twice"},
        {"[{\"b\": {\"a\": 1, \"a\": 2}}]", "key \"a\" is there twice"},
        {"a: [1", "test is not valid YAML: "},
        {"a: {b: 1", NULL},
        {"a: \"x", NULL},
        {"a: 'x", NULL},
        {"a: b: c", "line 1"},
        {"a: 1\n\tb: 2", NULL},
        {"- a\nb: 1", NULL},
        {"a: 1\n- b", NULL},
        {"@x", NULL},
        {"a: *none", "alias *none has no anchor"},
        {"&x [*x]", "alias *x has no anchor"},
        {"&x {a: *x}", "alias *x has no anchor"},
        {"a: &x 1\n---\nb: *x", "alias *x has no anchor"},
        {"[1]: 2", "a key is a list or a mapping"},
        {"? {a: 1}\n: 2", NULL},
        {"~: 1", "a key is neither"},
        {": 1", "a key is neither"},
        {"{<<: 5}", "merges what is no mapping"},
        {"a: &x 1\nb: {<<: [*x]}", "merges what is no mapping"},
        {"a: .inf", "cannot be told in JSON"},
        {"a: -.INF", NULL},
        {"a: .nan", NULL},
        {"a: !!int x", "does not fit its tag"},
        {"a: !!int 1.5", NULL},
        {"a: !!bool 5", NULL},
        {"a: !!null x", NULL},
        {"a: !!float yes", NULL},
        {"a: !!binary aGk=", "binary"},
        {"a: \xff", "not UTF-8"},
        {"a: \"\\ud800\"", NULL},
        {"a: \"\\q\"", NULL},
        {"a: 1\n---\nb: 2", "2 YAML documents"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *json = as_json(cases[i].text, strlen(cases[i].text), &error);
        g_test_message("case %zu", i);
        g_assert_cmpstr(json, ==, NULL);
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, cases[i].message ? cases[i].message : "test"));
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(as_json("a: 1\0b: 2", 9, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void check_limit(const char *text, bool fine) {
    g_autoptr(GError) error = NULL;
    g_autofree char *json = as_json(text, strlen(text), &error);
    g_assert_cmpint(json != NULL, ==, fine);
    if (fine)
        g_assert_no_error(error);
    else
        g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static char *repeated(const char *part, size_t count) {
    GString *out = g_string_new(NULL);
    while (count-- > 0)
        g_string_append(out, part);
    return g_string_free(out, FALSE);
}

static void test_limits(void) {
    static const size_t depths[] = {1000, 1001, 10000, 1000000};
    for (size_t i = 0; i < G_N_ELEMENTS(depths); i++) {
        g_autofree char *open = repeated("[", depths[i]), *close = repeated("]", depths[i]);
        g_autofree char *flow = g_strconcat(open, "x", close, NULL);
        check_limit(flow, depths[i] <= JSON_DEPTH_MAX);
        g_autofree char *mapping = repeated("{a: ", depths[i]), *ends = repeated("}", depths[i]);
        g_autofree char *mappings = g_strconcat(mapping, ends, NULL);
        check_limit(mappings, depths[i] <= JSON_DEPTH_MAX);
        g_autofree char *dashes = repeated("- ", depths[i]);
        check_limit(dashes, depths[i] <= JSON_DEPTH_MAX);
    }
    /* Aliases of aliases: 10^12 values out of a few hundred bytes. */
    g_autoptr(GString) bomb = g_string_new("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 12; i++) {
        g_string_append_printf(bomb, "a%d: &a%d [*a%d", i, i, i - 1);
        for (int k = 1; k < 10; k++)
            g_string_append_printf(bomb, ",*a%d", i - 1);
        g_string_append(bomb, "]\n");
    }
    check_limit(bomb->str, false);
    /* Few values, but each one long. */
    g_autofree char *filler = g_strnfill(1 << 20, 'x'), *aliases = repeated("- *a\n", 10000);
    g_autofree char *text = g_strdup_printf("- &a %s\n%s", filler, aliases);
    check_limit(text, false);
    /* Deeper and deeper by aliases */
    g_autoptr(GString) deep = g_string_new("a0: &a0 [x]\n");
    for (int i = 1; i <= 1100; i++)
        g_string_append_printf(deep, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    check_limit(deep->str, false);
}

static const char *const nasty[] = {
    "",
    "yes",
    "no",
    "y",
    "on",
    "null",
    "~",
    "1",
    "1e3",
    "0x1",
    "1.5",
    "-1",
    "+1",
    "0o7",
    ".5",
    ".inf",
    "2026-11-24",
    "12:30",
    " lead",
    "trail ",
    "multi\nline",
    "multi\nline\n",
    "two ends\n\n",
    "\n",
    "\n\n",
    "\nlead",
    " a\nb",
    "a\n  b\n",
    "a\n \n\n  b",
    "a\n\tb",
    "\ta",
    "a\tb",
    "a\r\nb",
    "\r",
    ":",
    "a:",
    "a: b",
    ":a",
    "- a",
    "-",
    "---",
    "--- a",
    "...",
    "a\n---\nb",
    "a\n...\n",
    "?",
    "? a",
    "#x",
    "a #b",
    "a#b",
    "#\n#\n",
    "@a",
    "`a",
    "!a",
    "&a",
    "*a",
    "|",
    ">",
    "|\n  x",
    "{",
    "{}",
    "[",
    "[]",
    "a]",
    "}",
    ",",
    "a, b",
    "\"q\"",
    "'s'",
    "it's",
    "\\",
    "a\\nb",
    "<<",
    "=",
    "%a",
    "/a/b:c",
    "http://x:80/y?z#w",
    "C:\\x",
    "\x01",
    "\x7f",
    "\xc2\x85",
    "\302\2332J",
    "a\342\200\250b\nc",
    "\xe2\x80\xa9",
    "\xef\xbb\xbf",
    "\xef\xbf\xbe",
    "\xc3\xa4",
    "\xc3\xa4\nb",
    "\xe6\x97\xa5\xe6\x9c\xac",
    "\xf0\x9f\x9a\xa2",
    "true",
    "Null",
    "a  b",
    "a ",
    "key\n",
    "a\nb: c\n- d\n# e",
};

static void check_round_trip(yyjson_mut_val *value) {
    g_autofree char *text = yaml_write(value);
    g_autoptr(GError) error = NULL;
    g_autoptr(yyjson_mut_doc) back = yaml_parse(text, strlen(text), "test", &error);
    g_assert_no_error(error);
    g_assert_true(json_mut_equal(value, yyjson_mut_doc_get_root(back)));
    g_assert_true(g_str_has_suffix(text, "\n"));
}

static void test_strings_come_back(void) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *all = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
    for (size_t i = 0; i < G_N_ELEMENTS(nasty); i++) {
        yyjson_mut_val *text = yyjson_mut_str(doc, nasty[i]), *object = yyjson_mut_obj(doc),
                       *array = yyjson_mut_arr(doc);
        check_round_trip(text);
        json_mut_set(doc, object, "k", yyjson_mut_val_mut_copy(doc, text));
        check_round_trip(object);
        json_mut_set(doc, object, nasty[i], yyjson_mut_int(doc, 1));
        yyjson_mut_arr_append(array, object);
        yyjson_mut_arr_append(array, text);
        check_round_trip(array);
        json_mut_set(doc, all, nasty[i], yyjson_mut_val_mut_copy(doc, array));
        yyjson_mut_arr_append(list, array);
    }
    check_round_trip(all);
    check_round_trip(list);
    yyjson_mut_val *nul = yyjson_mut_strn(doc, "a\0b\n", 4);
    check_round_trip(nul);
    g_autofree char *long_key = g_strnfill(5000, 'k');
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    json_mut_set(doc, object, long_key, yyjson_mut_val_mut_copy(doc, all));
    json_mut_set_n(doc, object, "n\0k", 3, yyjson_mut_null(doc));
    check_round_trip(object);
}

static void test_deep_documents_come_back(void) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        g_string_append(text, i % 2 ? "[\"a\\nb\"," : "{\"x\":{},\"k\":");
    g_string_append(text, "1.50");
    for (int i = JSON_DEPTH_MAX; i-- > 0;)
        g_string_append(text, i % 2 ? "]" : "}");
    g_autoptr(yyjson_mut_doc) doc = json_parse_mut(text->str, text->len, "test", NULL);
    check_round_trip(yyjson_mut_doc_get_root(doc));
    g_autofree char *yaml = yaml_write(yyjson_mut_doc_get_root(doc));
    g_assert_cmpuint(strlen(yaml), <, 4 * text->len);
}

static void test_layout(void) {
    static const char JSON[] = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\",\"labels\":{"
                               "\"app.kubernetes.io/name\":\"web\",\"n\":\"5\"},"
                               "\"annotations\":{}},\"spec\":{\"containers\":[{\"name\":\"a\",\"args\":[\"-v\",\"x "
                               "y\"],\"ports\":[{\"containerPort\":80}]},"
                               "{\"name\":\"b\",\"env\":[]}],\"matrix\":[[1,2],[],[{\"a\":null}]],\"script\":\"#!/bin/"
                               "sh\\necho hi\\n\",\"weight\":1.50,"
                               "\"on\":true,\"none\":null}}";
    static const char YAML[] = "apiVersion: v1\n"
                               "kind: Pod\n"
                               "metadata:\n"
                               "  name: web\n"
                               "  labels:\n"
                               "    app.kubernetes.io/name: web\n"
                               "    \"n\": \"5\"\n"
                               "  annotations: {}\n"
                               "spec:\n"
                               "  containers:\n"
                               "  - name: a\n"
                               "    args:\n"
                               "    - \"-v\"\n"
                               "    - x y\n"
                               "    ports:\n"
                               "    - containerPort: 80\n"
                               "  - name: b\n"
                               "    env: []\n"
                               "  matrix:\n"
                               "  - - 1\n"
                               "    - 2\n"
                               "  - []\n"
                               "  - - a: null\n"
                               "  script: |\n"
                               "    #!/bin/sh\n"
                               "    echo hi\n"
                               "  weight: 1.50\n"
                               "  \"on\": true\n"
                               "  none: null\n";
    g_autoptr(yyjson_mut_doc) doc = json_parse_mut(JSON, strlen(JSON), "test", NULL);
    g_autofree char *text = yaml_write(yyjson_mut_doc_get_root(doc));
    g_assert_cmpstr(text, ==, YAML);
    check_round_trip(yyjson_mut_doc_get_root(doc));
    check(YAML, JSON);
    static const char *const scalars[][2] = {
        {"null", "null\n"}, {"[]", "[]\n"}, {"{}", "{}\n"}, {"\"a\"", "a\n"}, {"0.10", "0.10\n"}};
    for (size_t i = 0; i < G_N_ELEMENTS(scalars); i++) {
        g_autoptr(yyjson_mut_doc) scalar = json_parse_mut(scalars[i][0], strlen(scalars[i][0]), "test", NULL);
        g_autofree char *yaml = yaml_write(yyjson_mut_doc_get_root(scalar));
        g_assert_cmpstr(yaml, ==, scalars[i][1]);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/yaml/scalars", test_scalars);
    g_test_add_func("/yaml/keys", test_keys);
    g_test_add_func("/yaml/documents", test_documents);
    g_test_add_func("/yaml/anchors", test_anchors);
    g_test_add_func("/yaml/wrong", test_wrong);
    g_test_add_func("/yaml/limits", test_limits);
    g_test_add_func("/yaml/strings-come-back", test_strings_come_back);
    g_test_add_func("/yaml/deep-documents-come-back", test_deep_documents_come_back);
    g_test_add_func("/yaml/layout", test_layout);
    return g_test_run();
}
