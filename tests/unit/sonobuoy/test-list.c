/* Names of end-to-end tests, and their tags. */
#include "sonobuoy/test-list.h"

#include "sonobuoy/results.h"

#include <string.h>

static void assert_names(const GPtrArray *names, const char *expected) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(text, "%s%s", i ? "|" : "", (const char *)names->pdata[i]);
    g_assert_cmpstr(text->str, ==, expected);
}

static GPtrArray *parse(const char *text) {
    return test_list_parse(text, strlen(text));
}

static void test_parse(void) {
    static const char *const rows[][2] = {
        {"", ""},
        {"b [x]\na\r\n\n  c  \na", "b [x]|a|  c|a"},
        {"a:1: b", "a:1: b"},
        {"bad \xff", "bad \xef\xbf\xbd"},
        {"I1125 log\nThe following spec names can be used with 'ginkgo run --focus/skip':\n"
         "    test/e2e/apps/job.go:7: [sig-apps] Job x: 1: y\n"
         "    ../a b/c.go:12: two  spaces \n"
         "    no place\n"
         "\n"
         "more\n",
         "[sig-apps] Job x: 1: y|two  spaces|no place"},
        {"The following spec names can be used with 'x':", ""},
        {"x The following spec names can be used with", "x The following spec names can be used with"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) names = parse(rows[i][0]);
        assert_names(names, rows[i][1]);
    }
}

static void test_results(void) {
    static const char yaml[] =
        "{name: e2e, meta: {type: summary}, items: ["
        "{name: junit_01.xml, meta: {type: file, file: f}, items: [{name: suite, items: [{name: '[It] a', status: "
        "passed}, {name: b, status: skipped}, {name: '', status: passed}]}]},"
        "{name: empty.xml, meta: {type: file, file: g}},"
        "{name: the plugin failed, status: failed, meta: {file: errors/global/error.json}}]}";
    g_autoptr(yyjson_mut_doc) doc = results_parse(yaml, strlen(yaml), "results", NULL);
    g_assert_nonnull(doc);
    g_autoptr(GPtrArray) names = test_list_of_results(yyjson_mut_doc_get_root(doc));
    assert_names(names, "[It] a|b");
}

static void test_choose(void) {
    static const struct {
        const char *focus, *skip, *left;
    } rows[] = {
        {NULL, NULL, "a [x]|b [x] [y]|c|b [x] [y]"},    {"", "", "a [x]|b [x] [y]|c|b [x] [y]"},
        {"\\[x\\]", NULL, "a [x]|b [x] [y]|b [x] [y]"}, {NULL, "\\[y\\]|c", "a [x]"},
        {"\\[x\\]", "^a", "b [x] [y]|b [x] [y]"},       {"none", NULL, ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) names = parse("a [x]\nb [x] [y]\nc\nb [x] [y]\n");
        g_assert_true(test_list_choose(names, rows[i].focus, rows[i].skip, NULL));
        assert_names(names, rows[i].left);
    }
    g_autoptr(GPtrArray) names = parse("a\n");
    g_autoptr(GError) error = NULL;
    g_assert_false(test_list_choose(names, "a", "(?!x)", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
}

/* An expression that would take for ever is given up. */
static void test_endless_match(void) {
    g_autofree char *many = g_strnfill(100, 'a'), *name = g_strconcat(many, "b", NULL);
    g_autoptr(GPtrArray) names = parse(name);
    g_autoptr(GError) error = NULL;
    g_assert_false(test_list_choose(names, "^(a|aa)+$", NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void test_tags(void) {
    g_autoptr(GPtrArray) names = parse("b [x] [y]\na [x]\n] c [] [z\n[[x]] [é]\na [x]\n");
    g_autoptr(GPtrArray) tags = test_list_tags(names);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < tags->len; i++) {
        const TestTag *tag = tags->pdata[i];
        g_string_append_printf(text, "%s:%u ", tag->tag, tag->count);
    }
    g_assert_cmpstr(text->str, ==, "[[x]:1 []:1 [x]:3 [y]:1 [é]:1 ");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/test-list/parse", test_parse);
    g_test_add_func("/test-list/results", test_results);
    g_test_add_func("/test-list/choose", test_choose);
    g_test_add_func("/test-list/endless-match", test_endless_match);
    g_test_add_func("/test-list/tags", test_tags);
    return g_test_run();
}
