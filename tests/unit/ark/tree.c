/* The folder of an export: safe names that can be read back, and whose file is whose. */
#include "ark/tree.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* The name out of a path, undone step by step: pieces joined, %XX read. */
static char *unescaped(const char *path) {
    const char *start = strchr(path, '/') + 1; /* behind "cluster" */
    start = strchr(start, '/') + 1;            /* and the kind */
    GString *out = g_string_new(NULL);
    for (const char *c = start; *c && strcmp(c, ".yaml") != 0; c++) {
        if (*c != '%')
            g_string_append_c(out, *c);
        else if (c[1] == '/')
            c++;
        else {
            g_string_append_c(out, (char)(g_ascii_xdigit_value(c[1]) << 4 | g_ascii_xdigit_value(c[2])));
            c += 2;
        }
    }
    return g_string_free(out, FALSE);
}

static void assert_safe(const char *path) {
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (char **part = parts; *part; part++) {
        g_assert_cmpuint(strlen(*part), <=, 255);
        g_assert_cmpuint(strlen(*part), >, 0);
        g_assert_true(**part != '.');
        for (const char *c = *part; *c; c++)
            g_assert_true(g_ascii_isalnum(*c) || strchr("-_.%", *c));
    }
}

static void test_names(void) {
    g_autofree char *plain = ark_tree_path("deployments.apps", "shop", "web-1.2"),
                    *odd = ark_tree_path("x", NULL, "a:B/..%");
    g_assert_cmpstr(plain, ==, "namespaces/shop/deployments.apps/web-1.2.yaml");
    g_assert_cmpstr(odd, ==, "cluster/x/a%3AB%2F..%25.yaml");
    g_autofree char *long_name = g_strnfill(253, ':'), *longest = g_strnfill(4000, 'a'), *dots = g_strnfill(600, '.');
    const char *const names[] = {"a",      ".",        "..",      "...",   ".git", "%",    "%/", "%2E",
                                 "a.yaml", "\x01\n\t", "ö:港",    "a/",    "/..",  "\\",   "~",  "con ",
                                 "-f",     "*",        long_name, longest, dots,   ".yaml"};
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        char *path = ark_tree_path("kind", NULL, names[i]);
        assert_safe(path);
        g_autofree char *back = unescaped(path);
        g_assert_cmpstr(back, ==, names[i]);
        g_assert_true(g_hash_table_add(paths, path));
        g_autofree char *hostile = ark_tree_path(names[i], names[i], names[i]);
        assert_safe(hostile);
    }
}

static bool write_files(const char *dir, bool force, const char *const *paths, GError **error) {
    g_autoptr(ArkTree) tree = ark_tree_open(dir, force, error);
    for (const char *const *path = paths; tree && *path; path++)
        ark_tree_plan(tree, g_strdup(*path));
    bool ok = tree && ark_tree_begin(tree, error);
    for (const char *const *path = paths; ok && *path; path++)
        ok = ark_tree_write(tree, *path, "a: b\n", 5, false, error);
    return ok && ark_tree_finish(tree, error);
}

static bool has(const char *dir, const char *path) {
    g_autofree char *file = g_build_filename(dir, path, NULL);
    return g_file_test(file, G_FILE_TEST_EXISTS);
}

static void remove_all(const char *path) {
    g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        remove_all(inner);
    }
    g_remove(path);
}

static void test_whose(void) {
    g_autofree char *dir = g_dir_make_tmp("tree-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    const char *const two[] = {"cluster/a/x.yaml", "namespaces/n/a/y.yaml", NULL}, *const one[] = {two[0], NULL},
                      *const other[] = {"cluster/a/mine.yaml", NULL};
    g_assert_true(write_files(dir, false, two, &error));
    g_assert_false(write_files(dir, false, two, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_EXISTS);
    g_clear_error(&error);
    g_assert_true(write_files(dir, true, one, &error));
    g_assert_true(has(dir, two[0]) && !has(dir, "namespaces"));
    g_autofree char *mine = g_build_filename(dir, other[0], NULL);
    g_assert_true(g_file_set_contents(mine, "mine", -1, NULL));
    g_assert_false(write_files(dir, true, other, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_EXISTS);
    g_clear_error(&error);
    g_assert_true(has(dir, two[0])); /* nothing is changed */
    const char *const none[] = {NULL};
    g_assert_true(write_files(dir, true, none, &error));
    g_assert_true(has(dir, other[0]) && !has(dir, two[0]));
    remove_all(dir);
}

/* Cut short between its files: done again, it takes its own for its own. */
static void test_cut_short(void) {
    g_autofree char *dir = g_dir_make_tmp("tree-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    const char *const all[] = {"cluster/a/x.yaml", "cluster/a/y.yaml", NULL};
    {
        g_autoptr(ArkTree) tree = ark_tree_open(dir, false, &error);
        ark_tree_plan(tree, g_strdup(all[0]));
        ark_tree_plan(tree, g_strdup(all[1]));
        g_assert_true(ark_tree_begin(tree, &error));
        g_assert_true(ark_tree_write(tree, all[0], "old", 3, false, &error));
    }
    g_assert_true(write_files(dir, true, all, &error));
    g_autofree char *file = g_build_filename(dir, all[0], NULL), *text = NULL;
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "a: b\n");
    remove_all(dir);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/names", test_names);
    g_test_add_func("/tree/whose", test_whose);
    g_test_add_func("/tree/cut-short", test_cut_short);
    return g_test_run();
}
