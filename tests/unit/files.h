/* Files of a test, below a directory of its own. */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <stdarg.h>

/* A new directory; g_free() it after files_remove(). */
static inline char *files_new(void) {
    g_autoptr(GError) error = NULL;
    char *dir = g_dir_make_tmp("seaworthy-XXXXXX", &error);
    g_assert_no_error(error);
    return dir;
}

static inline void files_remove(const char *path) {
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        files_remove(child);
    }
    if (dir)
        g_dir_close(dir);
    g_assert_cmpint(g_remove(path), ==, 0);
}

/* Writes dir/name, with the directories on the way; returns its path, g_free() it. */
static inline char *files_write(const char *dir, const char *name, const char *text) {
    char *path = g_build_filename(dir, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
    return path;
}

static inline char *files_read(const char *dir, const char *name) {
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}
