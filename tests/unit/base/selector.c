/* Label selectors in their query form and as objects. */
#include "base/selector.h"

#include <string.h>

static yyjson_doc *parsed(const char *text) {
    g_autoptr(GError) error = NULL;
    yyjson_doc *doc = json_parse(text, strlen(text), "test", &error);
    g_assert_no_error(error);
    return doc;
}

static void test_printing(void) {
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},
        {"  ", ""},
        {"a=b", "a=b"},
        {"a==b", "a=b"},
        {"a = b", "a=b"},
        {"a=", "a="},
        {"a!=", "a!="},
        {"a!=b", "a!=b"},
        {"b=1,a=2", "a=2,b=1"},
        {"x in (b,a)", "x in (a,b)"},
        {"x in (b,a,b)", "x in (a,b)"},
        {"x in(a)", "x in (a)"},
        {"x notin ( a , b )", "x notin (a,b)"},
        {"x in ()", "x in ()"},
        {"x in (,a)", "x in (,a)"},
        {"x", "x"},
        {"!x", "!x"},
        {"! x ", "!x"},
        {"x>1", "x>1"},
        {"x < 5", "x<5"},
        {"in in (in,notin)", "in in (in,notin)"},
        {"in=notin", "in=notin"},
        {"notin", "notin"},
        {" a = b , !c , d in (e) ", "a=b,!c,d in (e)"},
        {"example.com/k=v_1.x-y", "example.com/k=v_1.x-y"},
        {"a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2", "a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2"},
        {"a=1,a=2", "a=1,a=2"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", cases[i].text);
        g_autoptr(Selector) selector = selector_parse(cases[i].text, &error);
        g_assert_no_error(error);
        g_autofree char *text = selector_to_string(selector);
        g_assert_cmpstr(text, ==, cases[i].want);
        g_assert_cmpint(selector_is_empty(selector), ==, *cases[i].want == '\0');
        g_autoptr(Selector) again = selector_parse(text, &error);
        g_assert_no_error(error);
        g_assert_nonnull(again);
    }
}

static void test_wrong(void) {
    static const char *const texts[] = {
        ",",          "a,",      ",a",         "a,,b",       "=b",       "a=b=c", "a===b",   "a=!b",
        "!a=b",       "!",       "!!a",        "a b",        "a=b c",    "a in",  "a in b",  "a in (b",
        "a in b)",    "a notin", "a nope (b)", "a (b)",      "(a)",      "a=(b)", "a>",      "a>b",
        "a>1.5",      "a>=1",    "a<",         "a in (b))",  "-a=b",     "a=-b",  "a/b/c=d", "A.com/x=1",
        "a=\xc3\xa4", "a;b",     "a!b",        "a in (b c)", "a in (-)", "a=b,",  "a= =b",   "a<99999999999999999999",
        "a)",         "a!==b",   "a<-5",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", texts[i]);
        g_autoptr(Selector) selector = selector_parse(texts[i], &error);
        g_assert_null(selector);
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_assert_true(g_str_has_prefix(error->message, "label selector \""));
    }
}

static void test_matching(void) {
    g_autoptr(yyjson_doc) labels =
        parsed("{\"app\":\"web\",\"tier\":\"\",\"n\":\"5\",\"big\":\"99999999999999999999\",\"odd\":7}");
    static const struct {
        const char *text;
        bool want, without; /* with these labels, without any */
    } cases[] = {
        {"", true, true},
        {"app=web", true, false},
        {"app=db", false, false},
        {"app!=db", true, true},
        {"app!=web", false, true},
        {"none!=x", true, true},
        {"app", true, false},
        {"!app", false, true},
        {"none", false, false},
        {"!none", true, true},
        {"tier", true, false},
        {"tier=", true, false},
        {"none=", false, false},
        {"tier!=", false, true},
        {"app in (db,web)", true, false},
        {"app in (db)", false, false},
        {"app notin (db)", true, true},
        {"app notin (web,db)", false, true},
        {"none in (x)", false, false},
        {"none notin (x)", true, true},
        {"n>4", true, false},
        {"n>5", false, false},
        {"n<6", true, false},
        {"n<5", false, false},
        {"app>1", false, false},
        {"big>1", false, false},
        {"app=web,n>4,!none", true, false},
        {"app=web,n>9", false, false},
        {"app=web,app=db", false, false},
        {"odd", false, false}, /* no string, no label */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].text);
        g_autoptr(Selector) selector = selector_parse(cases[i].text, NULL);
        g_assert_nonnull(selector);
        g_assert_cmpint(selector_matches(selector, yyjson_doc_get_root(labels)), ==, cases[i].want);
        g_assert_cmpint(selector_matches(selector, NULL), ==, cases[i].without);
    }
}

static void test_objects(void) {
    static const struct {
        const char *object, *want;
    } cases[] = {
        {"{}", ""},
        {"null", ""},
        {"{\"matchLabels\":{}}", ""},
        {"{\"matchLabels\":null,\"matchExpressions\":null}", ""},
        {"{\"matchLabels\":{\"b\":\"2\",\"a\":\"\"}}", "a=,b=2"},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"y\",\"x\"]}]}", "a in (x,y)"},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[\"x\"]}]}", "a notin (x)"},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"},{\"key\":\"b\",\"operator\":\"DoesNotExist\","
         "\"values\":[]}]}",
         "a,!b"},
        {"{\"matchLabels\":{\"z\":\"1\"},\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"}]}", "a,z=1"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(yyjson_doc) doc = parsed(cases[i].object);
        g_autoptr(Selector) selector = selector_from_json(yyjson_doc_get_root(doc), &error);
        g_assert_no_error(error);
        g_autofree char *text = selector_to_string(selector);
        g_assert_cmpstr(text, ==, cases[i].want);
    }
    g_autoptr(Selector) none = selector_from_json(NULL, NULL);
    g_assert_true(selector_is_empty(none));
    static const char *const wrong[] = {
        "7",
        "[]",
        "{\"matchLabels\":[]}",
        "{\"matchLabels\":{\"a\":1}}",
        "{\"matchLabels\":{\"-\":\"x\"}}",
        "{\"matchLabels\":{\"a\":\"x y\"}}",
        "{\"matchExpressions\":{}}",
        "{\"matchExpressions\":[1]}",
        "{\"matchExpressions\":[{\"operator\":\"Exists\"}]}",
        "{\"matchExpressions\":[{\"key\":\"a\"}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"in\",\"values\":[\"x\"]}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Gt\",\"values\":[\"1\"]}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[]}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":\"x\"}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[1]}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"x\"]}]}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(yyjson_doc) doc = parsed(wrong[i]);
        g_autoptr(Selector) selector = selector_from_json(yyjson_doc_get_root(doc), &error);
        g_test_message("%s", wrong[i]);
        g_assert_null(selector);
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void test_to_object(void) {
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "{}"},
        {"a=b,c=", "{\"matchLabels\":{\"a\":\"b\",\"c\":\"\"}}"},
        {"a!=b,c in (e,d),f,!g",
         "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[\"b\"]},"
         "{\"key\":\"c\",\"operator\":\"In\",\"values\":[\"d\",\"e\"]},{\"key\":\"f\",\"operator\":\"Exists\"},"
         "{\"key\":\"g\",\"operator\":\"DoesNotExist\"}]}"},
        {"a=1,a=2", "{\"matchLabels\":{\"a\":\"1\"},\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\","
                    "\"values\":[\"2\"]}]}"},
        {"a>1", NULL},
        {"a<1", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Selector) selector = selector_parse(cases[i].text, NULL);
        g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *object = selector_to_json(selector, doc, &error);
        g_autofree char *text = object ? json_mut_write(object, NULL) : NULL;
        g_assert_cmpstr(text, ==, cases[i].want);
        if (!object) {
            g_assert_error(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED);
            continue;
        }
        g_autoptr(yyjson_doc) copy = parsed(text);
        g_autoptr(Selector) back = selector_from_json(yyjson_doc_get_root(copy), &error);
        g_assert_no_error(error);
        g_assert_false(selector_is_empty(back) && *cases[i].text);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/selector/printing", test_printing);
    g_test_add_func("/selector/wrong", test_wrong);
    g_test_add_func("/selector/matching", test_matching);
    g_test_add_func("/selector/objects", test_objects);
    g_test_add_func("/selector/to-object", test_to_object);
    return g_test_run();
}
