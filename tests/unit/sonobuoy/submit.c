/* Submissions: PRODUCT.yaml, lists of tests, names of folders. */
#include "sonobuoy/submit.h"

#include <string.h>

static yyjson_mut_doc *parse(const char *yaml, GError **error) {
    return product_parse(yaml, strlen(yaml), "PRODUCT.yaml", error);
}

static void test_product(void) {
    static const char *const rows[][2] = {
        {"", "{}"},
        {"{}", "{}"},
        {"{zz: a, version: 1.70, vendor: V, name: null}", "{\"vendor\":\"V\",\"version\":\"1.70\",\"zz\":\"a\"}"},
        {"{name: yes, description: \" \"}", "{\"name\":\"true\",\"description\":\" \"}"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(yyjson_mut_doc) doc = parse(rows[i][0], &error);
        g_assert_no_error(error);
        g_autofree char *json = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
        g_assert_cmpstr(json, ==, rows[i][1]);
    }
    static const char *const bad[] = {"[]", "text", "vendor: [a]", "vendor: {a: b}", "{", "{a: b, a: c}"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(parse(bad[i], &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

/* A product that is refused for nothing, with one field of another value. */
static guint refusals(const char *name, const char *value) {
    g_autoptr(yyjson_mut_doc) doc =
        parse("{vendor: V, name: N, version: v1, type: installer, description: d, website_url: 'https://a.example', "
              "documentation_url: 'http://a.example/docs?x', contact_email_address: a.b@c.example}",
              NULL);
    yyjson_mut_val *product = yyjson_mut_doc_get_root(doc);
    if (name)
        json_mut_set_string(doc, product, name, value);
    g_auto(Submission) submission;
    submission_init(&submission);
    submission_check_product(&submission, product);
    return submission.refusals->len + 100 * submission.remarks->len;
}

static void test_check(void) {
    g_assert_cmpuint(refusals(NULL, NULL), ==, 0);
    for (const ProductField *field = product_fields; field->name; field++)
        g_assert_cmpuint(refusals(field->name, ""), ==, field->required);
    static const struct {
        const char *name, *value;
        guint expected;
    } rows[] = {
        {"type", "hosted platform", 0},
        {"type", "Hosted Platform", 1},
        {"website_url", "https://[::1]:8443/x", 0},
        {"website_url", "https:///x", 1},
        {"website_url", "a.example", 1},
        {"repo_url", "git@a.example:x", 1},
        {"product_logo_url", "https://a.example/l.SVG", 0},
        {"product_logo_url", "https://a.example/l.svg.png", 1},
        {"contact_email_address", "a+b@c.d.example", 0},
        {"contact_email_address", "a@c", 1},
        {"contact_email_address", "a b@c.example", 1},
        {"contact_email_adress", "a@c.example", 100},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpuint(refusals(rows[i].name, rows[i].value), ==, rows[i].expected);
}

static void test_folder(void) {
    static const char *const rows[][2] = {
        {"Turbo Encabulator", "turbo-encabulator"}, {" -A (b)! ", "a-b"}, {"../x", "x"}, {"", NULL}, {"\xc3\xa9", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(yyjson_mut_doc) doc = parse("{}", NULL);
        json_mut_set_string(doc, yyjson_mut_doc_get_root(doc), "name", rows[i][0]);
        g_autofree char *folder = product_folder(yyjson_mut_doc_get_root(doc));
        g_assert_cmpstr(folder, ==, rows[i][1]);
    }
}

static void test_tests(void) {
    static const char *const rows[][2] = {
        {"- testname: T\n  codename: '[a] b\n    c [Conformance]'\n- testname: no\n- codename: d\n",
         "[a] b c [Conformance]|d"},
        {"[a] b\n\n[c] d: e\n", "[a] b|[c] d: e"},
        {"", NULL},
        {"- testname: T\n", NULL},
        {"- testname: T\n  codename: [\n", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) names = submission_tests_parse(rows[i][0], strlen(rows[i][0]), "tests", &error);
        if (!rows[i][1]) {
            g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
            continue;
        }
        g_assert_no_error(error);
        g_ptr_array_add(names, NULL);
        g_autofree char *joined = g_strjoinv("|", (char **)names->pdata);
        g_assert_cmpstr(joined, ==, rows[i][1]);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sonobuoy/submit/product", test_product);
    g_test_add_func("/sonobuoy/submit/check", test_check);
    g_test_add_func("/sonobuoy/submit/folder", test_folder);
    g_test_add_func("/sonobuoy/submit/tests", test_tests);
    return g_test_run();
}
