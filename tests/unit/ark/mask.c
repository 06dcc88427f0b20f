/* Values of Secrets in what servers say. */
#include "ark/mask.h"

#include <string.h>

static void test_mask(void) {
    static const char json[] =
        "{\"data\":{\"a\":\"cGFzc3dvcmQ=\",\"b\":\"dg==\",\"n\":7},\"stringData\":{\"s\":\"plain text\"},"
        "\"metadata\":{\"annotations\":{\"last\":\"{\\\"k\\\":1}\"}}}";
    static const char *const cases[][2] = {
        {"it is password, or cGFzc3dvcmQ=", "it is (hidden), or (hidden)"},
        {"plain text: password password", "(hidden): (hidden) (hidden)"},
        {"applied {\"k\":1}", "applied (hidden)"},
        {"v stays", "v stays"}, /* too short: it stands in any text */
        {"", ""},
    };
    g_autoptr(yyjson_doc) doc = json_parse(json, strlen(json), "test", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = ark_mask_secret(cases[i][0], yyjson_doc_get_root(doc));
        g_assert_cmpstr(text, ==, cases[i][1]);
    }
    g_autofree char *none = ark_mask_secret("text", NULL);
    g_assert_cmpstr(none, ==, "text");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mask/secret", test_mask);
    return g_test_run();
}
