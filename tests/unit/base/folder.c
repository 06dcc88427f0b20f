/* Links in folders: where they lead, and what is opened by way of them. */
#include "base/folder.h"
#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_link_path(void) {
    static const char *const cases[][3] = {
        {"l", "a", "a"},
        {"l", "./a//b/", "a/b"},
        {"d/l", "a", "d/a"},
        {"d/l", "../a", "a"},
        {"d/e/l", "../../a", "a"},
        {"d/./e//l", ".././../a", "a"},
        {"d/l", "..", ""},
        {"l", ".", ""},
        {"l", "...", "..."},
        {"l", "", NULL},
        {"l", "/a", NULL},
        {"l", "..", NULL},
        {"l", "../a", NULL},
        {"d/l", "../../a", NULL},
        /* What is behind a name may be behind a link. */
        {"d/e/l", "a/..", NULL},
        {"d/e/l", "../a/../b", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = folder_link_path(cases[i][0], cases[i][1]);
        g_assert_cmpstr(path, ==, cases[i][2]);
    }
}

static void make_link(const char *dir, const char *name, const char *target) {
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_assert_cmpint(symlink(target, path), ==, 0);
}

static void test_open_inside(void) {
    g_autofree char *dir = files_new(), *own = g_build_filename(dir, "in", NULL);
    g_free(files_write(dir, "secret", "secret"));
    g_free(files_write(dir, "in/d/e/file", "text"));
    g_autofree char *absolute = g_build_filename(own, "d/e/file", NULL), *pipe = g_build_filename(own, "pipe", NULL);
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    make_link(own, "near", "d/e/file");
    make_link(own, "twice", "near");
    make_link(own, "d/up", "../near");
    make_link(own, "folder", "d/e");
    make_link(own, "through", "folder/file");
    make_link(own, "absolute", absolute);
    make_link(own, "out", "../secret");
    make_link(own, "far", "/etc/passwd");
    make_link(own, "loop", "loop");
    make_link(own, "top", ".");
    make_link(own, "round", "top/top/near");
    make_link(own, "behind", "folder/../../../secret");
    make_link(own, "gone", "nothing");
    make_link(own, "to-pipe", "pipe");
    static const struct {
        const char *path;
        int code; /* -1: it is opened */
    } cases[] = {
        {"near", -1},
        {"twice", -1},
        {"d/up", -1},
        {"folder/file", -1},
        {"through", -1},
        {"absolute", -1},
        {"round", -1},
        {"top/d/e/file", -1},
        {"out", BASE_ERROR_INVALID},
        {"far", BASE_ERROR_INVALID},
        {"loop", BASE_ERROR_INVALID},
        {"top", BASE_ERROR_INVALID},
        {"folder", BASE_ERROR_INVALID},
        {"behind", BASE_ERROR_INVALID},
        {"to-pipe", BASE_ERROR_INVALID},
        {"../secret", BASE_ERROR_INVALID},
        {"d/../near", BASE_ERROR_INVALID},
        {"gone", BASE_ERROR_NOT_FOUND},
        {"nothing", BASE_ERROR_NOT_FOUND},
    };
    int folder = folder_open(own, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        char text[8];
        int fd = folder_open_inside(folder, own, cases[i].path, &error);
        if (cases[i].code >= 0) {
            g_assert_error(error, BASE_ERROR, cases[i].code);
            continue;
        }
        g_assert_no_error(error);
        ssize_t count = read(fd, text, sizeof text);
        g_assert_cmpmem(text, (int)count, "text", 4);
        close(fd);
    }
    g_assert_cmpint(folder_open_inside(folder, NULL, "absolute", NULL), <, 0);
    close(folder);
    files_remove(dir);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/folder/link-path", test_link_path);
    g_test_add_func("/folder/open-inside", test_open_inside);
    return g_test_run();
}
