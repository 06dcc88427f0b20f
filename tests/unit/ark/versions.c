/* Which API version of several is taken: Kubernetes' order, and the user's wishes. */
#include "ark/versions.h"

static void test_order(void) {
    static const char *const sorted[] = {"v10",       "v2",        "v1",   "v11beta2", "v10beta3", "v3beta1",
                                         "v12alpha1", "v11alpha2", "foo1", "foo10",    "v0",       "v1beta0"};
    for (guint i = 0; i < G_N_ELEMENTS(sorted); i++)
        for (guint k = 0; k < G_N_ELEMENTS(sorted); k++) {
            int order = ark_versions_compare(sorted[i], sorted[k]);
            g_assert_cmpint(order < 0, ==, i < k);
            g_assert_cmpint(order > 0, ==, i > k);
        }
}

static void test_wishes(void) {
    g_autoptr(GHashTable) wishes =
        ark_versions_parse("rockbands.music.example.io=v2beta1, v2\n\nno line\n  orchestras.music.example.io = v1\n");
    g_assert_cmpuint(g_hash_table_size(wishes), ==, 2);
    GStrv bands = g_hash_table_lookup(wishes, "rockbands.music.example.io"),
          orchestras = g_hash_table_lookup(wishes, "orchestras.music.example.io");
    g_assert_cmpuint(g_strv_length(bands), ==, 2);
    g_assert_cmpstr(bands[0], ==, "v2beta1");
    g_assert_cmpstr(bands[1], ==, "v2");
    g_assert_cmpstr(orchestras[0], ==, "v1");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/versions/order", test_order);
    g_test_add_func("/versions/wishes", test_wishes);
    return g_test_run();
}
