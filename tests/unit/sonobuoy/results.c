/* Trees of results: the roll-up, each format, a plugin's folder; hostile input of each. */
#include "sonobuoy/results.h"

#include "base/yaml.h"
#include "place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void assert_json(yyjson_mut_val *value, const char *json) {
    g_autofree char *text = json_mut_write(value, NULL);
    g_assert_cmpstr(text, ==, json);
}

static void assert_tree(yyjson_mut_doc *doc, const char *json) {
    assert_json(yyjson_mut_doc_get_root(doc), json);
}

/* A tree in short: names and statuses, items in brackets: "p=failed[a=passed b=failed[c d]]". */
static void append_short(GString *out, yyjson_mut_val *item) {
    size_t index, count;
    yyjson_mut_val *child, *items = yyjson_mut_obj_get(item, "items");
    const char *status = results_item_status(item);
    g_string_append_printf(out, "%s%s%s", json_mut_get_string(item, "name"), *status ? "=" : "", status);
    yyjson_mut_arr_foreach(items, index, count, child) {
        g_string_append(out, index ? " " : "[");
        append_short(out, child);
    }
    if (items)
        g_string_append_c(out, ']');
}

static void assert_short(yyjson_mut_val *item, const char *expected) {
    g_autoptr(GString) text = g_string_new(NULL);
    append_short(text, item);
    g_assert_cmpstr(text->str, ==, expected);
}

/* --- items ---------------------------------------------------------------------------------- */

static void test_items_have_their_order(void) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *item = results_item_new(doc, "n", NULL, NULL);
    results_item_add(doc, item, results_item_new(doc, "c", "passed", NULL));
    results_item_set_detail(doc, item, "k", "v");
    results_item_set_meta(doc, item, "file", "f");
    results_item_set_meta(doc, item, "type", "file");
    results_item_set_meta(doc, item, "file", "g");
    g_assert_cmpstr(results_item_status(item), ==, "");
    results_roll_up(doc, item);
    assert_json(item, "{\"name\":\"n\",\"status\":\"passed\",\"meta\":{\"file\":\"g\",\"type\":\"file\"},"
                      "\"details\":{\"k\":\"v\"},\"items\":[{\"name\":\"c\",\"status\":\"passed\"}]}");
    item = results_item_new(doc, "n", "s", "node");
    assert_json(item, "{\"name\":\"n\",\"status\":\"s\",\"meta\":{\"type\":\"node\"}}");
}

/* --- roll-up ------------------------------------------------------------------------------------ */

static void test_roll_up(void) {
    static const struct {
        const char *items, *expected;
    } cases[] = {
        {"[]", "p=unknown"},
        {"[{name: a}]", "p=unknown[a=unknown]"},
        {"[{name: a, status: passed}]", "p=passed[a=passed]"},
        {"[{name: a, status: skipped}]", "p=passed[a=skipped]"},
        {"[{name: a, status: passed}, {name: b, status: failed}]", "p=failed[a=passed b=failed]"},
        {"[{name: a, status: timeout}]", "p=failed[a=timeout]"},
        {"[{name: a, status: unknown}, {name: b, status: passed}]", "p=unknown[a=unknown b=passed]"},
        {"[{name: a, status: unknown}, {name: b, status: failed}]", "p=failed[a=unknown b=failed]"},
        /* Branches are told by what is below them. */
        {"[{name: a, status: failed, items: [{name: b, status: passed}]}]", "p=passed[a=passed[b=passed]]"},
        {"[{name: a, status: own, items: [{name: b, status: passed}]}]", "p=passed[a=passed[b=passed]]"},
        {"[{name: a, items: [{name: b, status: timeout}]}, {name: c, status: passed}]",
         "p=failed[a=failed[b=timeout] c=passed]"},
        {"[{name: a, items: []}]", "p=unknown[a=unknown]"},
        /* One status of the plugin's own makes all branches count. */
        {"[{name: a, status: own}]", "p=own: 1[a=own]"},
        {"[{name: a, status: own}, {name: b, status: passed}, {name: c}]",
         "p=own: 1, passed: 1, unknown: 1[a=own b=passed c=unknown]"},
        {"[{name: a, items: [{name: b, status: z}, {name: c, status: failed}]}, {name: d, items: [{name: e, status: "
         "failed}]}]",
         "p=failed: 2, z: 1[a=failed: 1, z: 1[b=z c=failed] d=failed: 1[e=failed]]"},
        {"[{name: a, status: 'foobar: 1'}, {name: b, status: 'foobar: 2, passed: 7'}, {name: c, status: foobar}]",
         "p=foobar: 4, passed: 7[a=foobar: 1 b=foobar: 2, passed: 7 c=foobar]"},
        /* What only looks like counts is a status. */
        {"[{name: a, status: 'disk: full'}, {name: b, status: 'x, y'}, {name: c, status: 'n: 1, m'}]",
         "p=disk: full: 1, n: 1, m: 1, x, y: 1[a=disk: full b=x, y c=n: 1, m]"},
        {"[{name: a, status: 'm: 9223372036854775807'}, {name: b, status: m}]",
         "p=m: 9223372036854775807[a=m: 9223372036854775807 b=m]"},
        {"[{name: a, status: 'n: 9223372036854775808'}, {name: b, status: 'n: -1'}]",
         "p=n: -1: 1, n: 9223372036854775808: 1[a=n: 9223372036854775808 b=n: -1]"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *yaml = g_strdup_printf("{name: p, items: %s}", cases[i].items);
        g_autoptr(yyjson_mut_doc) doc = results_parse(yaml, strlen(yaml), "case", NULL);
        results_roll_up(doc, yyjson_mut_doc_get_root(doc));
        g_autoptr(GString) text = g_string_new(NULL);
        append_short(text, yyjson_mut_doc_get_root(doc));
        if (g_str_has_suffix(text->str, "[]"))
            g_string_truncate(text, text->len - 2);
        g_assert_cmpstr(text->str, ==, cases[i].expected);
    }
}

static void test_roll_up_of_a_leaf(void) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *leaf = results_item_new(doc, "l", "own", NULL);
    results_roll_up(doc, leaf);
    g_assert_cmpstr(results_item_status(leaf), ==, "own");
}

static void test_counts(void) {
    static const char yaml[] = "{name: p, items: [{name: a, status: passed}, {name: b, items: [{name: c, status: own},"
                               "{name: d, status: passed}, {name: e}, {name: f, status: 'own: 2'}]}]}";
    g_autoptr(yyjson_mut_doc) doc = results_parse(yaml, strlen(yaml), "case", NULL);
    assert_json(results_counts(doc, yyjson_mut_doc_get_root(doc)),
                "{\"own\":1,\"own: 2\":1,\"passed\":2,\"unknown\":1}");
    assert_json(results_counts(doc, results_item_new(doc, "leaf", "skipped", NULL)), "{\"skipped\":1}");
}

/* Many and long statuses do not grow with each branch above them. */
static void test_statuses_without_end(void) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = results_item_new(doc, "p", NULL, NULL);
    for (int i = 0; i < 100000; i++) {
        g_autofree char *status = g_strdup_printf("status %d", i);
        results_item_add(doc, root, results_item_new(doc, "i", status, NULL));
    }
    results_item_add(doc, root, results_item_new(doc, "i", "failed", NULL));
    results_roll_up(doc, root);
    g_assert_cmpuint(strlen(results_item_status(root)), <, 2048);
    g_assert_nonnull(strstr(results_item_status(root), "failed: 1, "));
    g_assert_nonnull(strstr(results_item_status(root), ", others: 999"));
    yyjson_mut_val *counts = results_counts(doc, root);
    g_assert_cmpuint(yyjson_mut_obj_size(counts), ==, 102);
    g_assert_cmpint(json_mut_int(yyjson_mut_obj_get(counts, "failed"), 0), ==, 1);
    g_assert_cmpint(json_mut_int(yyjson_mut_obj_get(counts, "others"), 0), ==, 100000 - 100);
    g_autofree char *mile = g_strnfill(1000000, 'm');
    yyjson_mut_val *one = results_item_new(doc, "p", NULL, NULL);
    results_item_add(doc, one, results_item_new(doc, "i", mile, NULL));
    results_roll_up(doc, one);
    g_assert_cmpstr(results_item_status(one), ==, "others: 1");
}

static void test_trees_without_end(void) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *item = results_item_new(doc, "leaf", "failed", NULL);
    for (int i = 0; i < 1000000; i++) {
        yyjson_mut_val *branch = results_item_new(doc, "b", NULL, NULL);
        results_item_add(doc, branch, item);
        item = branch;
    }
    results_roll_up(doc, item);
    g_assert_cmpstr(results_item_status(item), ==, "unknown");
    assert_json(results_counts(doc, item), "{\"unknown\":1}");
}

/* --- formats ---------------------------------------------------------------------------------- */

typedef bool (*AddFunc)(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *data, size_t length, GError **error);

/* What a file becomes: the tree in short, or what is wrong with it, after "!". */
static char *made_of(AddFunc add, const char *data, size_t length) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *item = results_item_new(doc, "f", NULL, NULL);
    g_autoptr(GError) error = NULL;
    if (!add(doc, item, data, length, &error)) {
        assert_json(item, "{\"name\":\"f\"}");
        g_assert_true(error->domain == BASE_ERROR);
        return g_strconcat("!", error->message, NULL);
    }
    g_assert_no_error(error);
    GString *text = g_string_new(NULL);
    append_short(text, item);
    return g_string_free(text, FALSE);
}

typedef struct {
    const char *data, *expected;
} Case;

static void check(AddFunc add, const Case *cases) {
    for (; cases->data; cases++) {
        g_autofree char *made = made_of(add, cases->data, strlen(cases->data));
        if (*cases->expected == '!') /* the place may follow */
            made[MIN(strlen(made), strlen(cases->expected))] = '\0';
        g_assert_cmpstr(made, ==, cases->expected);
    }
}

static void test_junit(void) {
    static const Case cases[] = {
        {"<testsuites/>", "f"},
        {"<testsuite name='s'/>", "f[s=passed]"},
        {"<testsuites><testsuite/><testsuite name='x'/><testsuite name=''/></testsuites>",
         "f[testsuite-001=passed x=passed testsuite-003=passed]"},
        {"<testsuite name='s'><testcase name='a'/><testcase/></testsuite>", "f[s=passed[a=passed =passed]]"},
        {"<testsuite name='s'><testcase name='a'><failure/></testcase></testsuite>", "f[s=passed[a=failed]]"},
        {"<testsuite name='s'><testcase name='a'><error/></testcase></testsuite>", "f[s=passed[a=failed]]"},
        {"<testsuite name='s'><testcase name='a'><skipped/><failure/></testcase></testsuite>",
         "f[s=passed[a=skipped]]"},
        {"<testsuite name='s'><testcase name='a'><failure><skipped/></failure></testcase></testsuite>",
         "f[s=passed[a=failed]]"},
        {"<testsuite name='s'><testcase name='a'><x><failure/></x></testcase></testsuite>", "f[s=passed[a=passed]]"},
        {"<testsuite name='s'><testsuite name='t'><testcase name='a'/></testsuite><testcase name='b'/></testsuite>",
         "f[s=passed[t=passed[a=passed] b=passed]]"},
        {"<testsuites><testcase name='a'/></testsuites>", "f[a=passed]"},
        {"<testsuite name='s'><properties><testcase name='a'/></properties></testsuite>", "f[s=passed]"},
        {"<j:testsuite xmlns:j='urn:j' name='s'><j:testcase name='a'><j:failure/></j:testcase></j:testsuite>",
         "f[s=passed[a=failed]]"},
        {"<?xml version='1.0' encoding='ISO-8859-1'?><!-- c --><testsuite name='\xe9'/>\n<!-- c -->\n",
         "f[\xc3\xa9=passed]"},
        {"<!DOCTYPE testsuite><testsuite name='s'/>", "f[s=passed]"},
        {"", "!not valid XML: no element found"},
        {"junk", "!not valid XML: syntax error"},
        {"<html/>", "!its root element is neither testsuites nor testsuite"},
        {"<testcase/>", "!its root element is neither testsuites nor testsuite"},
        {"<testsuite name='s'><testcase name='a'/>", "!not valid XML: no element found"},
        {"<testsuite name='s'><testcase name='a'><failure>x", "!not valid XML: no element found"},
        {"<testsuite/><testsuite/>", "!not valid XML: junk after document element"},
        {"<testsuite name='\xff'/>", "!not valid XML: not well-formed (invalid token)"},
        {"<testsuite name='&#0;'/>", "!not valid XML: reference to invalid character number"},
        {"<testsuite name='&x;'/>", "!not valid XML: undefined entity"},
        {"<!DOCTYPE t [<!ENTITY a 'b'>]><testsuite name='&a;'/>", "!it declares entities"},
        {"<!DOCTYPE t [<!ENTITY % a SYSTEM 'file:///etc/passwd'> %a;]><testsuite/>", "!it declares entities"},
        {NULL},
    };
    check(results_add_junit, cases);
}

static void test_junit_details(void) {
    static const char xml[] = "<testsuite name='s'><testcase name='a'>"
                              "<system-out> out <![CDATA[<&>]]> </system-out>"
                              "<failure message='m &lt;' type='t'>\n one &amp; two <b>not this</b> three\n</failure>"
                              "<failure message='again'/><error> only text </error><system-err/>"
                              "</testcase><testcase name='b'><failure message='m'></failure></testcase></testsuite>";
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *item = results_item_new(doc, "f", NULL, NULL);
    g_assert_true(results_add_junit(doc, item, xml, strlen(xml), NULL));
    assert_json(item, "{\"name\":\"f\",\"items\":[{\"name\":\"s\",\"status\":\"passed\",\"items\":["
                      "{\"name\":\"a\",\"status\":\"failed\",\"details\":{\"error\":\"only text\","
                      "\"failure\":\"m < \\n one & two  three\\nagain\",\"system-out\":\" out <&> \"}},"
                      "{\"name\":\"b\",\"status\":\"failed\",\"details\":{\"failure\":\"m\"}}]}]}");
}

/* `text` so many times, between two others. */
static GString *repeated(const char *before, const char *text, size_t count, const char *after) {
    GString *out = g_string_new(before);
    for (size_t i = 0; i < count; i++)
        g_string_append(out, text);
    g_string_append(out, after);
    return out;
}

static void assert_made(AddFunc add, const GString *data, const char *expected) {
    g_autofree char *made = made_of(add, data->str, data->len);
    g_assert_cmpstr(made, ==, expected);
}

static void test_junit_without_end(void) {
    g_autoptr(GString) suites = repeated("", "<testsuite name='s'>", 150, "");
    assert_made(results_add_junit, suites, "!suites nested deeper than 90");
    g_autoptr(GString) others = repeated("<testsuite>", "<a>", 1000000, "");
    assert_made(results_add_junit, others, "!elements nested deeper than 200");
    g_autoptr(GString) cases = repeated("<testsuite>", "<testcase/>", RESULTS_ITEMS_MAX + 1, "</testsuite>");
    assert_made(results_add_junit, cases, "!more than 1000000 suites and cases");
    g_autoptr(GString) empty = repeated("<testsuites>", "<testsuite/>", RESULTS_ITEMS_MAX + 1, "</testsuites>");
    assert_made(results_add_junit, empty, "!more than 1000000 suites and cases");
    g_autoptr(GString) text =
        repeated("<testsuite><testcase><failure>", "0123456789abcde\n", 2 << 20, "</failure></testcase></testsuite>");
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *item = results_item_new(doc, "f", NULL, NULL);
    g_assert_true(results_add_junit(doc, item, text->str, text->len, NULL));
    yyjson_mut_val *suite = yyjson_mut_arr_get_first(yyjson_mut_obj_get(item, "items"));
    yyjson_mut_val *test = yyjson_mut_arr_get_first(yyjson_mut_obj_get(suite, "items"));
    const char *failure = json_mut_get_string(test, "details", "failure");
    g_assert_cmpuint(strlen(failure), <=, (16 << 20) + 10);
    g_assert_true(g_str_has_suffix(failure, " ... (cut)"));
}

/* Two bombs: a million laughs, and one long text many times. */
static void test_junit_bombs(void) {
    g_autoptr(GString) laughs = g_string_new("<!DOCTYPE l [<!ENTITY l0 'ha'>");
    for (int i = 1; i < 20; i++)
        g_string_append_printf(laughs, "<!ENTITY l%d '&l%d;&l%d;&l%d;&l%d;'>", i, i - 1, i - 1, i - 1, i - 1);
    g_string_append(laughs, "]><testsuite name='&l19;'/>");
    assert_made(results_add_junit, laughs, "!it declares entities");
}

static void test_gojson(void) {
    static const Case cases[] = {
        {"{\"Action\":\"pass\",\"Test\":\"T\"}\n", "f[T=passed]"},
        {"{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"fail\",\"Package\":\"p\"}",
         "f[T=failed]"},
        {"{\"Action\":\"skip\",\"Test\":\"T/s\"}\r\n\n   \n{\"Action\":\"pass\"}", "f[T/s=skipped]"},
        {"{\"Action\":\"run\",\"Test\":\"T\"}\n{\"Action\":\"output\",\"Test\":\"T\",\"Output\":\"o\"}", "f"},
        {"{\"Action\":\"attr\",\"Test\":\"T\",\"Key\":\"k\"}", "f"},
        /* It did not build, or panicked. */
        {"{\"Action\":\"fail\",\"Package\":\"p\"}\n{\"Action\":\"pass\",\"Package\":\"q\",\"Test\":\"T\"}",
         "f[p=failed T=passed]"},
        {"", "!no line is an event of go test -json"},
        {"\n\n", "!no line is an event of go test -json"},
        {"FAIL\n[]\n5\n{}\n{\"Action\":5}\n{\"Action\":\"pass\",\"Test\":[]}", "!no line is an event of go test -json"},
        {NULL},
    };
    check(results_add_gojson, cases);
}

static void test_gojson_with_other_lines(void) {
    g_autoptr(GString) lines = repeated("go: downloading x\n{\"Action\":\"pass\",\"Test\":\"T\",\"Output\":\"",
                                        "0123456789", 100 * 1024, "\"}\n{\"Action\":\"pa\n");
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *item = results_item_new(doc, "f", NULL, NULL);
    g_assert_true(results_add_gojson(doc, item, lines->str, lines->len, NULL));
    assert_json(item, "{\"name\":\"f\",\"meta\":{\"error\":\"2 of 3 lines are no events of go test -json, the first is "
                      "line 1\"},\"items\":[{\"name\":\"T\",\"status\":\"passed\"}]}");
    g_autoptr(GString) broken = repeated("{\"Action\":\"pass\",\"Test\":\"T\",\"Output\":", "[", 1 << 20, "\n");
    assert_made(results_add_gojson, broken, "!no line is an event of go test -json");
    g_autoptr(GString) many = repeated("", "{\"Action\":\"pass\",\"Test\":\"T\"}\n", RESULTS_ITEMS_MAX + 1, "");
    assert_made(results_add_gojson, many, "!more than 1000000 tests");
}

static void test_manual(void) {
#define NO_TREE "!the file is no tree of results: "
    static const Case cases[] = {
        {"status: own", "f=own"},
        {"{name: x, meta: {a: b}, items: [{name: a, status: passed}]}", "f[a=passed]"},
        {"items:\n- name: 5\n  status: 1.50\n- name: true\n  status: null\n- null\n", "f[5=1.50 true ]"},
        {"items: [{name: a, items: [{name: b}]}]", "f[a[b]]"},
        {"{unknown: 1, items: null, details: null}", "f"},
        {"", NO_TREE "in item \"\", there is no mapping, or a status that is not a text"},
        {"- a", NO_TREE "in item \"\", there is no mapping, or a status that is not a text"},
        {"status: [a]", NO_TREE "in item \"\", there is no mapping, or a status that is not a text"},
        {"items: {a: b}", NO_TREE "in item \"\", items is not a list"},
        {"items: [{name: ok}, 5]", NO_TREE "in item \"\", there is something other than a mapping"},
        {"items: [{name: \"x\\e\", meta: [a]}]", NO_TREE "in item \"x\\x1b\", meta is not a mapping of texts"},
        {"items: [{name: x, meta: {a: {}}}]", NO_TREE "in item \"x\", meta is not a mapping of texts"},
        {"{name: x, details: text, items: [{name: a}]}", NO_TREE "in item \"x\", details is not a mapping"},
        {"a: b\n---\nc: d", "!the file holds 2 YAML documents where one is expected"},
        {NULL},
    };
    check(results_add_manual, cases);
    g_autofree char *broken = made_of(results_add_manual, "a: [", 4);
    g_assert_true(g_str_has_prefix(broken, "!the file is not valid YAML: "));
}

static void test_manual_details(void) {
    static const char yaml[] = "{details: {b: 1.0, a: {x: [1, yes]}}, items: [{name: a, status: s, meta: {k: 5}, "
                               "details: {z: null}}]}";
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *item = results_item_new(doc, "f", "passed", "file");
    g_assert_true(results_add_manual(doc, item, yaml, strlen(yaml), NULL));
    assert_json(item, "{\"name\":\"f\",\"status\":\"passed\",\"meta\":{\"type\":\"file\"},\"details\":{\"b\":1.0,\"a\":"
                      "{\"x\":[1,true]}},\"items\":[{\"name\":\"a\",\"status\":\"s\",\"meta\":{\"k\":\"5\"},"
                      "\"details\":{\"z\":null}}]}");
}

static void test_manual_without_end(void) {
    g_autoptr(GString) deep = repeated("", "{items: [", 200, "");
    for (int i = 0; i < 200; i++)
        g_string_append(deep, "]}");
    assert_made(results_add_manual, deep, NO_TREE "in item \"\", items are nested too deep");
    g_autoptr(GString) details = repeated("{items: [{details: {a: ", "[", 600, "");
    for (int i = 0; i < 600; i++)
        g_string_append_c(details, ']');
    g_string_append(details, "}}]}");
    assert_made(results_add_manual, details, NO_TREE "in item \"\", details are nested too deep");
    g_autoptr(GString) many = repeated("{\"items\":[", "{},", RESULTS_ITEMS_MAX, "{}]}");
    assert_made(results_add_manual, many, NO_TREE "in item \"\", there are more than a million items");
    static const char aliases[] =
        "details: {a: &a [x,x,x,x,x,x,x,x,x,x], b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,*b,*b,*b,*b,"
        "*b,*b], d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c], e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d], f: &f [*e,*e,*e,*e,*e,"
        "*e,*e,*e,*e,*e], g: [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]}";
    g_autofree char *bomb = made_of(results_add_manual, aliases, strlen(aliases));
    g_assert_true(g_str_has_prefix(bomb, "!the file is not valid YAML: its aliases expand to too much"));
}

static void test_parse(void) {
    static const char yaml[] = "items: [{status: passed, name: a}]\nmeta: {type: summary}\nname: p\nstatus: passed\n";
    g_autoptr(yyjson_mut_doc) doc = results_parse(yaml, strlen(yaml), "w", NULL);
    assert_tree(doc, "{\"name\":\"p\",\"status\":\"passed\",\"meta\":{\"type\":\"summary\"},\"items\":[{\"name\":\"a\","
                     "\"status\":\"passed\"}]}");
    static const char *const bad[] = {"", "5", "[]", "items: [[]]"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(results_parse(bad[i], strlen(bad[i]), "w", &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_assert_true(g_str_has_prefix(error->message, "w is no tree of results: "));
    }
}

static void test_format_names(void) {
    g_assert_cmpint(result_format_parse("junit"), ==, RESULT_JUNIT);
    g_assert_cmpint(result_format_parse("e2e"), ==, RESULT_E2E);
    g_assert_cmpint(result_format_parse("gojson"), ==, RESULT_GOJSON);
    g_assert_cmpint(result_format_parse("manual"), ==, RESULT_MANUAL);
    g_assert_cmpint(result_format_parse("raw"), ==, RESULT_RAW);
    g_assert_cmpint(result_format_parse(""), ==, RESULT_RAW);
    g_assert_cmpint(result_format_parse("JUnit"), ==, RESULT_RAW);
}

/* --- a plugin's folder --------------------------------------------------------------------------- */

static void put(const Place *place, const char *path, const char *text) {
    g_autofree char *whole = place_below(place, path);
    g_assert_true(g_file_set_contents(whole, text, -1, NULL));
}

static yyjson_mut_doc *of_folder(const Place *place, const ResultsPlugin *plugin, const Limits *limits) {
    g_autoptr(GError) error = NULL;
    yyjson_mut_doc *doc = results_of_plugin(place->folder, plugin, limits, &error);
    g_assert_no_error(error);
    return doc;
}

static void assert_folder(const Place *place, const ResultsPlugin *plugin, const char *expected) {
    g_autoptr(yyjson_mut_doc) doc = of_folder(place, plugin, NULL);
    assert_short(yyjson_mut_doc_get_root(doc), expected);
}

static void test_folder_files(Place *place, gconstpointer data) {
    put(place, "results/global/b.xml", "<testsuite name='s'><testcase name='t'/></testsuite>");
    put(place, "results/global/a/c.xml", "<testsuite name='s'><testcase name='t'><failure/></testcase></testsuite>");
    put(place, "results/global/d.yml", "status: own");
    put(place, "results/global/e.json", "{\"Action\":\"pass\",\"Test\":\"T\"}");
    put(place, "results/global/xml", "text");
    ResultsPlugin plugin = {.name = "p", .format = RESULT_JUNIT};
    assert_folder(place, &plugin, "p=failed[c.xml=failed[s=failed[t=failed]] b.xml=passed[s=passed[t=passed]]]");
    plugin.format = RESULT_E2E;
    plugin.files = (const char *const[]){NULL};
    assert_folder(place, &plugin, "p=failed[c.xml=failed[s=failed[t=failed]] b.xml=passed[s=passed[t=passed]]]");
    plugin.files = (const char *const[]){"b.xml", "xml", NULL};
    assert_folder(place, &plugin, "p=unknown[b.xml=passed[s=passed[t=passed]] xml=unknown]");
    plugin = (ResultsPlugin){.name = "p", .format = RESULT_MANUAL};
    assert_folder(place, &plugin, "p=own: 1[d.yml=own]");
    plugin.format = RESULT_GOJSON;
    assert_folder(place, &plugin, "p=passed[e.json=passed[T=passed]]");
    plugin.format = RESULT_RAW;
    assert_folder(place, &plugin, "p=passed[c.xml=passed b.xml=passed d.yml=passed e.json=passed xml=passed]");
    plugin.files = (const char *const[]){"xml", NULL};
    g_autoptr(yyjson_mut_doc) doc = of_folder(place, &plugin, NULL);
    assert_tree(doc,
                "{\"name\":\"p\",\"status\":\"passed\",\"meta\":{\"type\":\"summary\"},\"items\":[{\"name\":\"xml\","
                "\"status\":\"passed\",\"meta\":{\"file\":\"results/global/xml\"}}]}");
}

static void test_folder_nodes(Place *place, gconstpointer data) {
    put(place, "results/n2/a/r.yaml", "status: failed");
    put(place, "results/n2/b.yaml", "status: passed");
    put(place, "results/n10/r.yaml", "status: passed");
    put(place, "results/empty/other", "");
    put(place, "results/stray.yaml", "status: failed");
    put(place, "errors/n2/error.json", "{\"error\":\"e\"}");
    put(place, "errors/n3/error.json", "{\"error\":\"a timeout it was\"}");
    ResultsPlugin plugin = {.name = "p", .format = RESULT_MANUAL, .by_node = true};
    g_autoptr(yyjson_mut_doc) doc = of_folder(place, &plugin, NULL);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    assert_short(root, "p=failed[empty=unknown n10=passed[r.yaml=passed] n2=failed[r.yaml=failed b.yaml=passed] "
                       "n2=failed[e=failed] n3=failed[a timeout it was=timeout]]");
    assert_json(yyjson_mut_arr_get(yyjson_mut_obj_get(root, "items"), 1),
                "{\"name\":\"n10\",\"status\":\"passed\",\"meta\":{\"type\":\"node\"},\"items\":[{\"name\":\"r.yaml\","
                "\"status\":\"passed\",\"meta\":{\"file\":\"results/n10/r.yaml\",\"type\":\"file\"}}]}");
}

static void test_folder_errors(Place *place, gconstpointer data) {
    put(place, "errors/global/error.json",
        "{\"pod\":{\"b\":[1.0,null],\"a\":\"x\"},\"error\":\"no \\u0007 pod\",\"n\":5}");
    put(place, "errors/global/more.json", "{\"error\":\"no\"}");
    ResultsPlugin plugin = {.name = "p", .format = RESULT_RAW, .files = (const char *const[]){"x", NULL}};
    g_autoptr(yyjson_mut_doc) doc = of_folder(place, &plugin, NULL);
    assert_tree(
        doc, "{\"name\":\"p\",\"status\":\"failed\",\"meta\":{\"type\":\"summary\"},\"items\":[{\"name\":\"no \\u0007 "
             "pod\",\"status\":\"failed\",\"meta\":{\"file\":\"errors/global/error.json\"},\"details\":{\"error\":"
             "\"no \\u0007 pod\",\"n\":\"5\",\"pod\":\"{\\\"a\\\":\\\"x\\\",\\\"b\\\":[1.0,null]}\"}}]}");
    static const Case cases[] = {
        {"{", "p=failed[error.json=failed]"},
        {"", "p=failed[error.json=failed]"},
        {"\"text\"", "p=failed[error.json=failed]"},
        {"{\"reason\":\"r\"}", "p=failed[error.json=failed]"},
        {"{\"error\":\"\"}", "p=failed[error.json=failed]"},
        {"{\"error\":{\"timeout\":1}}", "p=failed[{\"timeout\":1}=timeout]"},
        {NULL},
    };
    for (const Case *one = cases; one->data; one++) {
        put(place, "errors/global/error.json", one->data);
        assert_folder(place, &plugin, one->expected);
    }
    put(place, "errors/global/error.json", "{");
    g_autoptr(yyjson_mut_doc) broken = of_folder(place, &plugin, NULL);
    yyjson_mut_val *item = yyjson_mut_arr_get_first(yyjson_mut_obj_get(yyjson_mut_doc_get_root(broken), "items"));
    g_assert_true(g_str_has_prefix(json_mut_get_string(item, "meta", "error"), "the file is not valid JSON: "));
}

static void test_folder_missing(Place *place, gconstpointer data) {
    ResultsPlugin plugin = {.name = "p", .format = RESULT_JUNIT};
    assert_folder(place, &plugin, "p=unknown");
    plugin.by_node = true;
    assert_folder(place, &plugin, "p=unknown");
    g_autofree char *missing = place_below(place, "missing");
    g_autoptr(GError) error = NULL;
    g_assert_null(results_of_plugin(missing, &plugin, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static const char *only_error(yyjson_mut_doc *doc) {
    yyjson_mut_val *items = yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "items");
    g_assert_cmpuint(yyjson_mut_arr_size(items), ==, 1);
    g_assert_cmpstr(results_item_status(yyjson_mut_arr_get_first(items)), ==, "unknown");
    return json_mut_get_string(yyjson_mut_arr_get_first(items), "meta", "error");
}

/* A link is the file that it leads to, in the same result. Others are no item; pipes are not waited for. */
static void test_folder_links(Place *place, gconstpointer data) {
    put(place, "secret.xml", "<testsuite name='secret'/>");
    g_autofree char *link = place_below(place, "results/global/a.xml"),
                    *pipe = place_below(place, "results/global/b.xml");
    g_autofree char *loop = place_below(place, "results/global/loop"), *out = place_below(place, "results/global/out");
    g_assert_cmpint(symlink("../../secret.xml", link), ==, 0);
    g_assert_cmpint(symlink("..", loop), ==, 0);
    g_assert_cmpint(symlink("../..", out), ==, 0);
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    ResultsPlugin plugin = {.name = "p", .format = RESULT_JUNIT};
    assert_folder(place, &plugin, "p=unknown[b.xml=unknown]");
    put(place, "results/global/below/real.xml", "<testsuite name='s'><testcase name='t'/></testsuite>");
    g_autofree char *inside = place_below(place, "results/global/c.xml"),
                    *dangling = place_below(place, "results/global/d.xml");
    g_assert_cmpint(symlink("below/./real.xml", inside), ==, 0);
    g_assert_cmpint(symlink("gone.xml", dangling), ==, 0);
    assert_folder(place, &plugin,
                  "p=unknown[b.xml=unknown real.xml=passed[s=passed[t=passed]] c.xml=passed[s=passed[t=passed]]]");
    plugin.format = RESULT_RAW;
    assert_folder(place, &plugin, "p=unknown[b.xml=unknown real.xml=passed c.xml=passed]");
    plugin.files = (const char *const[]){"b.xml", NULL};
    g_autoptr(yyjson_mut_doc) doc = of_folder(place, &plugin, NULL);
    g_assert_cmpstr(only_error(doc), ==, "b.xml: not a regular file, and no link is followed");
    g_autofree char *results = place_below(place, "results"), *moved = place_below(place, "moved");
    g_assert_cmpint(rename(results, moved), ==, 0);
    g_assert_cmpint(symlink("moved", results), ==, 0);
    assert_folder(place, &plugin, "p=unknown");
}

static void test_folder_limits(Place *place, gconstpointer data) {
    ResultsPlugin plugin = {.name = "p", .format = RESULT_MANUAL};
    put(place, "results/a.yaml", "status: passed # and more");
    g_autoptr(yyjson_mut_doc) large = of_folder(place, &plugin, &(Limits){.file_size = 10});
    g_assert_cmpstr(only_error(large), ==, "a.yaml: larger than 10 B");
    g_autoptr(yyjson_mut_doc) within = of_folder(place, &plugin, &(Limits){.file_size = 25, .entries = 1});
    assert_short(yyjson_mut_doc_get_root(within), "p=passed[a.yaml=passed]");
    put(place, "results/b.yaml", "status: passed");
    g_autoptr(yyjson_mut_doc) many = of_folder(place, &plugin, &(Limits){.entries = 1});
    yyjson_mut_val *items = yyjson_mut_obj_get(yyjson_mut_doc_get_root(many), "items");
    const char *error = json_mut_get_string(yyjson_mut_arr_get_last(items), "meta", "error");
    g_assert_cmpstr(error, ==, "more than 1 files and folders; --limit-entries raises that, if it is to be trusted");
    g_assert_cmpstr(results_item_status(yyjson_mut_doc_get_root(many)), ==, "unknown");
    g_autoptr(yyjson_mut_doc) lengthy = of_folder(place, &plugin, &(Limits){.path_length = 12});
    g_assert_true(g_str_has_prefix(only_error(lengthy), "a path longer than 12 bytes"));
}

static void test_folder_depth(Place *place, gconstpointer data) {
    ResultsPlugin plugin = {.name = "p", .format = RESULT_MANUAL};
    g_autoptr(GString) path = repeated("results", "/d", 100, "/a.yaml");
    put(place, path->str, "status: passed");
    g_autoptr(yyjson_mut_doc) doc = of_folder(place, &plugin, NULL);
    g_assert_cmpstr(only_error(doc), ==, "nested deeper than 64 folders");
}

/* The superuser may read anything: it is somebody else meanwhile. */
static void test_folder_unreadable(Place *place, gconstpointer data) {
    enum { NOBODY = 65534 };
    uid_t user = geteuid();
    put(place, "results/a/b.yaml", "status: passed");
    g_autofree char *closed = place_below(place, "results/a");
    g_assert_cmpint(chmod(closed, 0), ==, 0);
    g_assert_cmpint(chmod(place->folder, 0755), ==, 0);
    ResultsPlugin plugin = {.name = "p", .format = RESULT_MANUAL};
    if (user == 0)
        g_assert_cmpint(seteuid(NOBODY), ==, 0);
    g_autoptr(yyjson_mut_doc) doc = of_folder(place, &plugin, NULL);
    g_assert_cmpint(seteuid(user), ==, 0);
    g_assert_cmpstr(only_error(doc), ==, "it cannot be read: Permission denied");
    g_assert_cmpint(chmod(closed, 0700), ==, 0);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/results/items-have-their-order", test_items_have_their_order);
    g_test_add_func("/results/roll-up", test_roll_up);
    g_test_add_func("/results/roll-up-of-a-leaf", test_roll_up_of_a_leaf);
    g_test_add_func("/results/counts", test_counts);
    g_test_add_func("/results/statuses-without-end", test_statuses_without_end);
    g_test_add_func("/results/trees-without-end", test_trees_without_end);
    g_test_add_func("/results/junit", test_junit);
    g_test_add_func("/results/junit-details", test_junit_details);
    g_test_add_func("/results/junit-without-end", test_junit_without_end);
    g_test_add_func("/results/junit-bombs", test_junit_bombs);
    g_test_add_func("/results/gojson", test_gojson);
    g_test_add_func("/results/gojson-with-other-lines", test_gojson_with_other_lines);
    g_test_add_func("/results/manual", test_manual);
    g_test_add_func("/results/manual-details", test_manual_details);
    g_test_add_func("/results/manual-without-end", test_manual_without_end);
    g_test_add_func("/results/parse", test_parse);
    g_test_add_func("/results/format-names", test_format_names);
#define ADD(name, func) g_test_add("/results/" name, Place, NULL, place_set_up, func, place_tear_down)
    ADD("folder-files", test_folder_files);
    ADD("folder-nodes", test_folder_nodes);
    ADD("folder-errors", test_folder_errors);
    ADD("folder-missing", test_folder_missing);
    ADD("folder-links", test_folder_links);
    ADD("folder-limits", test_folder_limits);
    ADD("folder-depth", test_folder_depth);
    ADD("folder-unreadable", test_folder_unreadable);
    return g_test_run();
}
