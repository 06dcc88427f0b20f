/* CoreDNS's configuration, as checks read it; and ranges of addresses. */
#include "sonobuoy/check/corefile.h"

#include "sonobuoy/check/areas.h"

#include <string.h>

static char *joined(const GPtrArray *words) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(text, "%s%s", i ? "," : "", (const char *)words->pdata[i]);
    return g_string_free(g_steal_pointer(&text), false);
}

static char *told(const GPtrArray *blocks) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < blocks->len; i++) {
        const CorefileBlock *block = blocks->pdata[i];
        g_autofree char *zones = joined(block->zones);
        g_string_append_printf(text, "[%s]", zones);
        for (guint j = 0; j < block->plugins->len; j++) {
            g_autofree char *plugin = g_strjoinv(" ", block->plugins->pdata[j]);
            g_string_append_printf(text, "%s;", plugin);
        }
    }
    return g_string_free(g_steal_pointer(&text), false);
}

static void test_parse(void) {
    static const char *const rows[][2] = {
        {"", ""},
        {".:53 {\n errors\n}\n", "[.:53]errors;"},
        {"# a word\n. {\n  kubernetes cluster.local in-addr.arpa {\n    pods insecure\n  }\n  forward . 8.8.8.8 # "
         "one\n}",
         "[.]kubernetes cluster.local in-addr.arpa;forward . 8.8.8.8;"},
        {"a.example, b.example {\n}\n(snip) {\n cache 30\n}\n", "[a.example,b.example][(snip)]cache 30;"},
        {"a.example,\nb.example {\n log \"{a b}\"\n}\n", "[a.example,b.example]log {a b};"},
        {". {\r\n\tcache\r\n}\r\n", "[.]cache;"},
        {". {\n cache \xff\n}", "[.]cache \xef\xbf\xbd;"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) blocks = corefile_parse(rows[i][0], strlen(rows[i][0]), &error);
        g_assert_no_error(error);
        g_autofree char *text = told(blocks);
        g_assert_cmpstr(text, ==, rows[i][1]);
    }
}

static void test_wrong(void) {
    static const char *const rows[][2] = {{"}\n", "line 1"},
                                          {". {\n}\n}\n", "line 3"},
                                          {". {\n", "ends within a block"},
                                          {". {\n a {\n}\n", "ends within"}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) blocks = corefile_parse(rows[i][0], strlen(rows[i][0]), &error);
        g_assert_null(blocks);
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, rows[i][1]));
    }
}

static void test_limits(void) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < 1001; i++)
        g_string_append(text, "a {\n}\n");
    g_autoptr(GError) error = NULL;
    g_assert_null(corefile_parse(text->str, text->len, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void test_ports(void) {
    g_assert_cmpuint(corefile_port(":9153"), ==, 9153);
    g_assert_cmpuint(corefile_port("localhost:8081"), ==, 8081);
    g_assert_cmpuint(corefile_port("[::]:80"), ==, 80);
    g_assert_cmpuint(corefile_port("localhost"), ==, 0);
    g_assert_cmpuint(corefile_port(":0"), ==, 0);
    g_assert_cmpuint(corefile_port(":65536"), ==, 0);
    g_assert_cmpuint(corefile_port(":12x"), ==, 0);
}

static bool has(const char *range, const char *other) {
    Range a, b;
    g_assert_true(range_parse(range, &a));
    g_assert_true(range_parse(other, &b));
    return range_has(&a, &b);
}

static void test_ranges(void) {
    g_assert_true(has("10.0.0.0/8", "10.255.255.255"));
    g_assert_true(has("10.0.0.0/8", "10.1.0.0/16"));
    g_assert_false(has("10.1.0.0/16", "10.0.0.0/8"));
    g_assert_false(has("10.0.0.0/9", "10.128.0.0"));
    g_assert_true(has("10.0.0.7/8", "10.0.0.1")); /* host bits do not count */
    g_assert_true(has("0.0.0.0/0", "192.0.2.1"));
    g_assert_false(has("0.0.0.0/0", "fd00::1"));
    g_assert_true(has("fd00:1::/64", "fd00:1::ffff"));
    g_assert_false(has("fd00:1::/64", "fd00:1:0:1::"));
    static const char *const wrong[] = {"",           "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
                                        "fd00::/129", "a",      "/8"};
    Range range;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_false(range_parse(wrong[i], &range));
    g_assert_false(range_parse(NULL, &range));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/corefile/parse", test_parse);
    g_test_add_func("/corefile/wrong", test_wrong);
    g_test_add_func("/corefile/limits", test_limits);
    g_test_add_func("/corefile/ports", test_ports);
    g_test_add_func("/corefile/ranges", test_ranges);
    return g_test_run();
}
