#include "sonobuoy/run-state.h"

#include "place.h"

#include <sys/stat.h>

static void test_there_and_back(Place *place, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_build_filename(place->folder, "new", NULL);
    g_autoptr(RunState) state = run_state_new();
    state->uuid = g_strdup("u");
    state->begun = G_GINT64_CONSTANT(1700000000000001);
    state->pod_uid = g_strdup("p");
    state->authority = (KeyPair){g_strdup("certificate\n"), g_strdup("key\n")};
    StatePlugin *plugin = g_new0(StatePlugin, 1);
    *plugin = (StatePlugin){g_strdup("logs"), g_strdup("0123456789abcdef"), 7, true, g_strsplit("a,b", ",", -1)};
    g_ptr_array_add(state->plugins, plugin);
    g_assert_true(run_state_write(state, folder, &error));
    g_assert_no_error(error);

    g_autofree char *path = g_build_filename(folder, "state.json", NULL);
    struct stat stat_;
    g_assert_cmpint(stat(path, &stat_), ==, 0);
    g_assert_cmpint(stat_.st_mode & 0777, ==, 0600);

    g_autoptr(RunState) read = run_state_read(folder, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(read->uuid, ==, "u");
    g_assert_cmpint(read->begun, ==, state->begun);
    g_assert_cmpstr(read->pod_uid, ==, "p");
    g_assert_cmpstr(read->authority.certificate, ==, "certificate\n");
    g_assert_cmpstr(read->authority.key, ==, "key\n");
    g_assert_null(read->status);
    g_assert_null(run_state_find(read, "none"));
    const StatePlugin *found = run_state_find(read, "logs");
    g_assert_cmpstr(found->session, ==, "0123456789abcdef");
    g_assert_cmpint(found->launched, ==, 7);
    g_assert_true(found->created);
    g_assert_cmpuint(g_strv_length(found->nodes), ==, 2);
    g_assert_cmpstr(found->nodes[1], ==, "b");
}

static void test_none_and_broken(Place *place, gconstpointer data) {
    static const char *const broken[] = {"",
                                         "{",
                                         "[]",
                                         "{}",
                                         "{\"uuid\": \"u\", \"podUID\": \"p\"}",
                                         ("{\"uuid\": \"u\", \"podUID\": \"p\", \"authority\": {\"certificate\": "
                                          "\"c\", \"key\": \"k\"}, \"plugins\": [1]}")};
    g_autofree char *path = g_build_filename(place->folder, "state.json", NULL);
    g_autoptr(GError) none = NULL;
    g_assert_null(run_state_read(place->folder, &none));
    g_assert_error(none, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(g_file_set_contents(path, broken[i], -1, NULL));
        g_assert_null(run_state_read(place->folder, &error));
        g_assert_nonnull(strstr(error->message, path));
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add("/there-and-back", Place, NULL, place_set_up, test_there_and_back, place_tear_down);
    g_test_add("/none-and-broken", Place, NULL, place_set_up, test_none_and_broken, place_tear_down);
    return g_test_run();
}
