/* Names of images, and where they lead. */
#include "sonobuoy/registry.h"

static void test_names(void) {
    static const char *const rows[][2] = {
        {"busybox", "registry-1.docker.io library/busybox latest"},
        {"sonobuoy/sonobuoy:v0.57.5", "registry-1.docker.io sonobuoy/sonobuoy v0.57.5"},
        {"docker.io/busybox:1", "registry-1.docker.io library/busybox 1"},
        {"docker.io/a/b", "registry-1.docker.io a/b latest"},
        {"registry.k8s.io/conformance:v1.34.4", "registry.k8s.io conformance v1.34.4"},
        {"localhost/a:1", "localhost a 1"},
        {"localhost:5000/a/b", "localhost:5000 a/b latest"},
        {"h.example:80/a@sha256:0123456789abcdef0123456789abcdef",
         "h.example:80 a sha256:0123456789abcdef0123456789abcdef"},
        {"a:1@sha256:0123456789abcdef0123456789abcdef",
         "registry-1.docker.io library/a sha256:0123456789abcdef0123456789abcdef"},
        {"", NULL},
        {"A", NULL},
        {"a b", NULL},
        {"a:", NULL},
        {"a@", NULL},
        {"a@sha256:0", NULL},
        {"h.example/", NULL},
        {"h.example", "registry-1.docker.io library/h.example latest"},
        {"h.example/a/../b", NULL},
        {"h.example/a?b", NULL},
        {"u:p@h.example/a", NULL},
        {"h.example:x/a", NULL},
        {"/a", NULL},
        {"a//b", NULL},
        {"a\n", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(ImageName) name = {0};
        g_autoptr(GError) error = NULL;
        if (!image_name_parse(rows[i][0], &name, &error)) {
            g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
            g_assert_null(rows[i][1]);
            continue;
        }
        g_autofree char *said = g_strdup_printf("%s %s %s", name.host, name.repository, name.reference);
        g_assert_cmpstr(said, ==, rows[i][1]);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sonobuoy/registry/names", test_names);
    return g_test_run();
}
