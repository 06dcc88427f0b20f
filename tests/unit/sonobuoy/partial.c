#include "sonobuoy/partial.h"

#include "place.h"

#include <errno.h>
#include <string.h>

static char *content(const char *path) {
    char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static Partial *begin(Partials *partials, const char *id, guint64 offset, const char *text) {
    g_autoptr(GError) error = NULL;
    Partial *partial = partial_open(partials, "p", "n", id, offset, &error);
    g_assert_no_error(error);
    g_assert_true(partial_write(partial, text, strlen(text)));
    return partial;
}

static void test_ids(void) {
    g_assert_true(partial_id_check("0123456789abcdef"));
    g_assert_false(partial_id_check(""));
    g_assert_false(partial_id_check("../a"));
    g_assert_false(partial_id_check("AB"));
    g_autofree char *longest = g_strnfill(64, 'a'), *longer = g_strnfill(65, 'a');
    g_assert_true(partial_id_check(longest));
    g_assert_false(partial_id_check(longer));
}

static void test_going_on(Place *place, gconstpointer data) {
    g_autofree char *folder = place_below(place, "incoming/x"), *path = NULL;
    g_autoptr(GError) error = NULL;
    Partials *partials = partials_new(folder, NULL);
    partial_close(begin(partials, "a1", 0, "0123"), true);
    g_assert_cmpuint(partial_size(partials, "p", "n", "a1"), ==, 4);
    g_assert_cmpuint(partial_size(partials, "p", "m", "a1"), ==, 0);
    g_assert_cmpuint(partial_size(partials, "p", "n", "a2"), ==, 0);
    g_assert_null(partial_open(partials, "p", "n", "a1", 3, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    Partial *partial = begin(partials, "a1", 4, "4567");
    g_assert_cmpuint(partial_length(partial), ==, 8);
    g_autofree char *text = content(partial_path(partial));
    g_assert_cmpstr(text, ==, "01234567");
    partial_close(partial, true);
    /* Offset 0 begins anew; done with, it is gone. */
    partial = begin(partials, "a1", 0, "new");
    path = g_strdup(partial_path(partial));
    g_autofree char *again = content(path);
    g_assert_cmpstr(again, ==, "new");
    partial_close(partial, false);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    partials_free(partials);
}

static void test_taking_over(Place *place, gconstpointer data) {
    g_autofree char *folder = place_below(place, "incoming/x");
    Partials *partials = partials_new(folder, NULL);
    Partial *old = begin(partials, "aa", 0, "01");
    g_assert_cmpuint(partial_size(partials, "p", "n", "aa"), ==, 2);
    g_assert_false(partial_write(old, "x", 1));
    g_assert_cmpint(errno, ==, ECANCELED);
    Partial *new = begin(partials, "aa", 2, "23");
    partial_close(old, false);
    g_autofree char *text = content(partial_path(new));
    g_assert_cmpstr(text, ==, "0123");
    /* Whole: another upload of the same ID begins anew, and does no harm to it. */
    g_assert_true(partial_claim(new));
    g_assert_cmpuint(partial_size(partials, "p", "n", "aa"), ==, 0);
    partial_close(begin(partials, "aa", 0, "xyz"), true);
    g_autofree char *still = content(partial_path(new)), *claimed = g_strdup(partial_path(new));
    g_assert_cmpstr(still, ==, "0123");
    partial_close(new, true);
    g_assert_false(g_file_test(claimed, G_FILE_TEST_EXISTS));
    /* Another upload of the same result, as of a worker that was started again. */
    partial_close(begin(partials, "bb", 0, "z"), true);
    g_assert_cmpuint(partial_size(partials, "p", "n", "aa"), ==, 0);
    partials_free(partials);
}

static void test_after_restart(Place *place, gconstpointer data) {
    g_autofree char *folder = place_below(place, "incoming/x");
    Partials *partials = partials_new(folder, NULL);
    Partial *named = begin(partials, "cc", 0, "abc"), *unnamed = begin(partials, NULL, 0, "lost");
    g_autofree char *file = g_strdup(partial_path(unnamed)), *unpacked = g_strconcat(partial_path(named), ".0.d", NULL);
    g_assert_cmpint(g_mkdir_with_parents(unpacked, 0700), ==, 0);
    Partials *next = partials_new(folder, NULL);
    g_assert_cmpuint(partial_size(next, "p", "n", "cc"), ==, 3);
    g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(unpacked, G_FILE_TEST_EXISTS));
    partial_close(named, true);
    partial_close(unnamed, false);
    partials_free(partials);
    partials_free(next);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ids", test_ids);
    g_test_add("/going-on", Place, NULL, place_set_up, test_going_on, place_tear_down);
    g_test_add("/taking-over", Place, NULL, place_set_up, test_taking_over, place_tear_down);
    g_test_add("/after-restart", Place, NULL, place_set_up, test_after_restart, place_tear_down);
    return g_test_run();
}
