/* The file back end: when an object becomes visible, what stays behind, where keys lead. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- a location of its own for each test -------------------------------------------------- */

typedef struct {
    char *dir;  /* removed after the test */
    char *root; /* of the store, below it; not there yet */
    Store *store;
} Place;

static void set_up(Place *place, gconstpointer data) {
    place->dir = g_dir_make_tmp("store-file-XXXXXX", NULL);
    g_assert_nonnull(place->dir);
    place->root = g_build_filename(place->dir, "deep", "root", NULL);
    g_autofree char *url = g_strdup_printf("file://%s/", place->root);
    place->store = store_open(url, NULL, NULL, NULL);
    g_assert_nonnull(place->store);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    return remove(path);
}

static void tear_down(Place *place, gconstpointer data) {
    store_unref(place->store);
    g_assert_cmpint(nftw(place->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
    g_free(place->root);
    g_free(place->dir);
}

static int count;

static int count_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    count += walk->level > 0;
    return 0;
}

/* Files and directories of any name below the root. */
static int entries(const Place *place) {
    count = 0;
    nftw(place->root, count_entry, 16, FTW_PHYS);
    return count;
}

static char *inside(const Place *place, const char *name) {
    return g_build_filename(place->root, name, NULL);
}

static void put(Store *store, const char *key, const char *text) {
    g_autoptr(GError) error = NULL;
    g_assert_true(store_put_bytes(store, key, text, strlen(text), &error));
    g_assert_no_error(error);
}

static void assert_bytes(GBytes *bytes, const char *want) {
    g_assert_nonnull(bytes);
    g_assert_cmpuint(g_bytes_get_size(bytes), ==, strlen(want));
    g_assert_true(!*want || memcmp(g_bytes_get_data(bytes, NULL), want, strlen(want)) == 0);
}

static void assert_holds(Store *store, const char *key, const char *text) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = store_get_bytes(store, key, 1 << 20, &error);
    g_assert_no_error(error);
    assert_bytes(bytes, text);
}

static void assert_missing(Store *store, const char *key) {
    g_autoptr(GError) error = NULL;
    g_assert_null(store_head(store, key, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(store_get(store, key, 0, -1, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, key));
}

static bool add_listed(const StoreObject *object, const char *prefix, void *data, GError **error) {
    g_ptr_array_add(data, g_strdup(object ? object->key : prefix));
    return true;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the listing says, sorted, with spaces between. */
static char *listed(Store *store, const char *prefix, const char *delimiter) {
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_assert_true(store_list(store, prefix, delimiter, add_listed, keys, &error));
    g_assert_no_error(error);
    g_ptr_array_sort(keys, compare);
    g_ptr_array_add(keys, NULL);
    return g_strjoinv(" ", (char **)keys->pdata);
}

static void assert_listed(Store *store, const char *prefix, const char *delimiter, const char *want) {
    g_autofree char *have = listed(store, prefix, delimiter);
    g_assert_cmpstr(have, ==, want);
}

/* --- visibility ----------------------------------------------------------------------------- */

static void test_visible_when_finished(Place *place, gconstpointer data) {
    g_autoptr(Sink) sink = store_put(place->store, "a/b/object", NULL, NULL);
    g_assert_true(sink_write(sink, "new", 3, NULL));
    assert_missing(place->store, "a/b/object");
    assert_listed(place->store, "", NULL, "");
    assert_listed(place->store, "", "/", "");
    assert_listed(place->store, "a/", "/", "");
    g_assert_true(sink_finish(sink, NULL));
    assert_holds(place->store, "a/b/object", "new");
    assert_listed(place->store, "", "/", "a/");
    g_assert_cmpint(entries(place), ==, 3);
}

static void test_old_until_finished(Place *place, gconstpointer data) {
    put(place->store, "object", "old");
    g_autoptr(Source) reader = store_get(place->store, "object", 0, -1, NULL);
    g_autoptr(Sink) sink = store_put(place->store, "object", NULL, NULL);
    g_assert_true(sink_write(sink, "newer", 5, NULL));
    assert_holds(place->store, "object", "old");
    g_assert_true(sink_finish(sink, NULL));
    assert_holds(place->store, "object", "newer");
    g_autoptr(GBytes) read = source_read_all(reader, 100, NULL);
    assert_bytes(read, "old");
}

static void test_unfinished_leaves_nothing(Place *place, gconstpointer data) {
    put(place->store, "kept/object", "x");
    int before = entries(place);
    Sink *sink = store_put(place->store, "kept/other", NULL, NULL);
    g_assert_true(sink_write(sink, "x", 1, NULL));
    sink_free(sink);
    sink = store_put(place->store, "new/deep/object", NULL, NULL);
    sink_free(sink);
    g_assert_cmpint(entries(place), ==, before);
}

static void test_if_absent(Place *place, gconstpointer data) {
    const StorePutOptions absent = {.if_absent = true};
    g_autoptr(GError) error = NULL;
    g_autoptr(Sink) first = store_put(place->store, "a/object", &absent, NULL);
    g_autoptr(Sink) second = store_put(place->store, "a/object", &absent, NULL);
    g_assert_true(sink_write(first, "first", 5, NULL) && sink_write(second, "second", 6, NULL));
    g_assert_true(sink_finish(first, NULL));
    g_assert_false(sink_finish(second, &error)); /* both began before either was there */
    g_assert_error(error, BASE_ERROR, BASE_ERROR_EXISTS);
    g_clear_error(&error);
    g_assert_null(store_put(place->store, "a/object", &absent, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_EXISTS);
    g_assert_nonnull(strstr(error->message, "a/object"));
    g_clear_pointer(&second, sink_free);
    assert_holds(place->store, "a/object", "first");
    g_assert_cmpint(entries(place), ==, 2);
}

/* Puts and deletes in one directory must not take it from under each other. */
static void *churn(void *data) {
    Store *store = data;
    g_autofree char *key = g_strdup_printf("same/dir/%p", (void *)pthread_self());
    for (int i = 0; i < 200; i++) {
        put(store, key, "x");
        g_assert_true(store_delete(store, key, NULL));
    }
    return NULL;
}

static void test_directories_come_and_go(Place *place, gconstpointer data) {
    pthread_t threads[4];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_cmpint(pthread_create(&threads[i], NULL, churn, place->store), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    g_assert_cmpint(entries(place), ==, 0);
}

/* --- reading, listing, deleting --------------------------------------------------------------- */

static void assert_range(Store *store, guint64 offset, gint64 length, const char *want) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Source) source = store_get(store, "object", offset, length, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) bytes = source_read_all(source, 100, &error);
    g_assert_no_error(error);
    assert_bytes(bytes, want);
}

static void test_ranges(Place *place, gconstpointer data) {
    put(place->store, "object", "0123456789");
    assert_range(place->store, 0, -1, "0123456789");
    assert_range(place->store, 3, -1, "3456789");
    assert_range(place->store, 3, 4, "3456");
    assert_range(place->store, 3, 0, "");
    assert_range(place->store, 8, 100, "89");
    assert_range(place->store, 10, -1, "");
    assert_range(place->store, 1000, 10, "");
    assert_range(place->store, G_MAXUINT64, -1, "");
    assert_range(place->store, 0, G_MAXINT64, "0123456789");
}

static void test_head(Place *place, gconstpointer data) {
    put(place->store, "a/object", "12345");
    g_autoptr(StoreObject) object = store_head(place->store, "a/object", NULL);
    g_assert_cmpstr(object->key, ==, "a/object");
    g_assert_cmpuint(object->size, ==, 5);
    g_assert_cmpint(ABS(object->mtime - g_get_real_time() / G_USEC_PER_SEC), <, 60);
    assert_missing(place->store, "a");
    assert_missing(place->store, "a/object/below");
    assert_missing(place->store, "b");
}

static void test_list(Place *place, gconstpointer data) {
    assert_listed(place->store, "", NULL, ""); /* no root yet */
    for (const char *const *key = (const char *[]){"a/1", "a/b/2", "a/b/3", "ab/4", "c", "a.d", NULL}; *key; key++)
        put(place->store, *key, "x");
    assert_listed(place->store, "", NULL, "a.d a/1 a/b/2 a/b/3 ab/4 c");
    assert_listed(place->store, "", "/", "a.d a/ ab/ c");
    assert_listed(place->store, "a", NULL, "a.d a/1 a/b/2 a/b/3 ab/4");
    assert_listed(place->store, "a", "/", "a.d a/ ab/");
    assert_listed(place->store, "a/", "/", "a/1 a/b/");
    assert_listed(place->store, "a/b", "/", "a/b/");
    assert_listed(place->store, "a/b/", NULL, "a/b/2 a/b/3");
    assert_listed(place->store, "a/b/2", NULL, "a/b/2");
    assert_listed(place->store, "nothing/", NULL, "");
    assert_listed(place->store, "../", NULL, "");
    g_autofree char *empty = inside(place, "empty");
    g_assert_cmpint(mkdir(empty, 0700), ==, 0);
    assert_listed(place->store, "", "/", "a.d a/ ab/ c");
}

static bool stop_listing(const StoreObject *object, const char *prefix, void *data, GError **error) {
    g_assert_cmpint(++*(int *)data, ==, 1);
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FAILED, "enough");
    return false;
}

static void test_list_ends_by_caller(Place *place, gconstpointer data) {
    int calls = 0;
    g_autoptr(GError) error = NULL;
    put(place->store, "a/1", "x");
    put(place->store, "b/2", "x");
    g_assert_false(store_list(place->store, "", NULL, stop_listing, &calls, &error));
    g_assert_cmpstr(error->message, ==, "enough");
}

static void test_delete(Place *place, gconstpointer data) {
    put(place->store, "a/b/1", "x");
    put(place->store, "a/2", "x");
    g_assert_true(store_delete(place->store, "a/b", NULL)); /* a directory is no object */
    g_assert_true(store_delete(place->store, "a/b/nothing", NULL));
    g_assert_true(store_delete(place->store, "a/2/below", NULL));
    g_assert_true(store_delete(place->store, "z/y/x", NULL));
    assert_listed(place->store, "", NULL, "a/2 a/b/1");
    g_assert_true(store_delete(place->store, "a/b/1", NULL));
    g_assert_cmpint(entries(place), ==, 2); /* a and a/2; b went with its last object */
    g_assert_true(store_delete(place->store, "a/2", NULL));
    g_assert_cmpint(entries(place), ==, 0);
    g_assert_true(g_file_test(place->root, G_FILE_TEST_IS_DIR));
}

static void test_no_signed_urls(Place *place, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_assert_null(store_sign_get(place->store, "object", 60, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED);
}

/* --- what others put there ---------------------------------------------------------------------- */

/* The operations on a key that leads through `planted`: none may succeed. */
static void assert_no_way(Store *store, const char *key) {
    g_autoptr(GError) error = NULL;
    g_assert_null(store_get(store, key, 0, -1, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_null(store_head(store, key, &error));
    g_assert_nonnull(error);
}

static void test_symbolic_links(Place *place, gconstpointer data) {
    g_autofree char *outside = g_build_filename(place->dir, "outside", NULL);
    g_autofree char *secret = g_build_filename(outside, "secret", NULL);
    put(place->store, "a/object", "x");
    g_assert_cmpint(mkdir(outside, 0700), ==, 0);
    g_assert_true(g_file_set_contents(secret, "secret", -1, NULL));
    g_autofree char *dir_link = inside(place, "dir"), *file_link = inside(place, "file");
    g_assert_cmpint(symlink(outside, dir_link), ==, 0);
    g_assert_cmpint(symlink(secret, file_link), ==, 0);
    assert_no_way(place->store, "dir/secret");
    assert_no_way(place->store, "file");
    assert_listed(place->store, "", NULL, "a/object");
    assert_listed(place->store, "", "/", "a/");
    assert_listed(place->store, "dir/", NULL, "");
    g_autoptr(GError) error = NULL;
    g_assert_null(store_put(place->store, "dir/new", NULL, &error));
    g_assert_nonnull(strstr(error->message, "symbolic link"));
    g_clear_error(&error);
    g_assert_false(store_delete(place->store, "dir/secret", &error));
    put(place->store, "file", "mine"); /* takes the link's place, not its target's */
    assert_holds(place->store, "file", "mine");
    g_autofree char *content = NULL;
    g_assert_true(g_file_get_contents(secret, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "secret");
}

static void test_odd_entries(Place *place, gconstpointer data) {
    put(place->store, "object", "x");
    g_autofree char *pipe = inside(place, "pipe"), *odd = inside(place, "odd\xff"), *left = inside(place, ".ark-1.tmp");
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    g_assert_true(g_file_set_contents(odd, "x", 1, NULL) && g_file_set_contents(left, "x", 1, NULL));
    assert_listed(place->store, "", NULL, "object");
    assert_missing(place->store, "pipe"); /* and does not wait for a writer */
}

static void test_unfinished(Place *place, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) none = store_list_unfinished(place->store, "", &error);
    g_assert_cmpuint(none->len, ==, 0);
    put(place->store, "a/object", "x");
    g_autoptr(Sink) sink = store_put(place->store, "b/c/other", NULL, NULL);
    g_autofree char *dir = inside(place, ".ark-dir.tmp"), *link = inside(place, ".ark-link.tmp");
    g_assert_cmpint(mkdir(dir, 0700) | symlink("a/object", link), ==, 0);
    g_autoptr(GPtrArray) all = store_list_unfinished(place->store, "", &error);
    g_autoptr(GPtrArray) below = store_list_unfinished(place->store, "a/", &error);
    g_assert_cmpuint(all->len, ==, 1);
    g_assert_cmpuint(below->len, ==, 0);
    StoreUnfinished *one = g_ptr_array_index(all, 0);
    g_assert_true(g_str_has_prefix(one->key, "b/c/.ark-"));
    g_assert_cmpint(ABS(one->touched - g_get_real_time() / G_USEC_PER_SEC), <, 60);
    StoreUnfinished object = {.key = (char *)"a/object"};
    g_assert_false(store_drop_unfinished(place->store, &object, &error));
    assert_holds(place->store, "a/object", "x");
    g_assert_true(store_drop_unfinished(place->store, one, NULL));
    g_assert_true(store_drop_unfinished(place->store, one, NULL)); /* it is gone already */
    g_autofree char *folder = inside(place, "b");
    g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
    g_assert_false(sink_finish(sink, NULL));
}

/* Root may read everything, so it looks as somebody else. */
static void test_unreadable(Place *place, gconstpointer data) {
    enum { NOBODY = 65534 };
    g_autoptr(GError) error = NULL;
    g_autofree char *deep = g_path_get_dirname(place->root), *dir = inside(place, "a");
    bool root = geteuid() == 0;
    put(place->store, "a/object", "x");
    g_assert_cmpint(chmod(place->dir, 0755) | chmod(deep, 0755) | chmod(place->root, 0755) | chmod(dir, 0), ==, 0);
    g_assert_true(!root || seteuid(NOBODY) == 0);
    bool ok = store_list(place->store, "", NULL, add_listed, NULL, &error);
    g_assert_true(!root || seteuid(0) == 0);
    g_assert_cmpint(chmod(dir, 0700), ==, 0);
    g_assert_false(ok);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FORBIDDEN);
}

static void test_modes(Place *place, gconstpointer data) {
    struct stat status;
    put(place->store, "a/object", "x");
    g_autofree char *dir = inside(place, "a"), *file = inside(place, "a/object");
    g_assert_true(stat(dir, &status) == 0 && (status.st_mode & 0777) == 0700);
    g_assert_true(stat(file, &status) == 0 && (status.st_mode & 0777) == 0600);
}

/* --- a full disk ---------------------------------------------------------------------------------- */

static void test_full_disk(Place *place, gconstpointer data) {
    g_assert_cmpint(g_mkdir_with_parents(place->root, 0700), ==, 0);
    if (mount("none", place->root, "tmpfs", 0, "size=64k") != 0) {
        g_test_skip("a small file system cannot be mounted here");
        return;
    }
    char block[4096];
    memset(block, 'x', sizeof block);
    g_autoptr(GError) error = NULL;
    bool ok = true;
    Sink *sink = store_put(place->store, "a/b/object", NULL, NULL);
    for (int i = 0; ok && i < 64; i++)
        ok = sink_write(sink, block, sizeof block, &error);
    ok = ok && sink_finish(sink, &error);
    sink_free(sink);
    int left = entries(place);
    umount(place->root);
    g_assert_false(ok);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NO_SPACE);
    g_assert_nonnull(strstr(error->message, "a/b/object"));
    g_assert_cmpint(left, ==, 0);
}

/* --- cancellation ----------------------------------------------------------------------------------- */

static void test_cancelled(Place *place, gconstpointer data) {
    g_autoptr(Cancel) cancel = cancel_new();
    g_autofree char *url = g_strdup_printf("file://%s", place->root);
    g_autoptr(Store) store = store_open(url, NULL, cancel, NULL);
    put(store, "object", "x");
    g_autoptr(Sink) sink = store_put(store, "other", NULL, NULL);
    g_autoptr(Source) source = store_get(store, "object", 0, -1, NULL);
    cancel_set(cancel);
    char byte;
    g_autoptr(GError) error = NULL;
    g_assert_false(sink_write(sink, "x", 1, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
    g_assert_cmpint(source_read(source, &byte, 1, NULL), ==, -1);
    g_assert_false(store_list(store, "", NULL, add_listed, NULL, NULL));
    g_clear_pointer(&sink, sink_free);
    g_assert_cmpint(entries(place), ==, 1);
}

int main(int argc, char **argv) {
    static const struct {
        const char *path;
        void (*test)(Place *, gconstpointer);
    } tests[] = {
        {"visible-when-finished", test_visible_when_finished},
        {"old-until-finished", test_old_until_finished},
        {"unfinished-leaves-nothing", test_unfinished_leaves_nothing},
        {"if-absent", test_if_absent},
        {"directories-come-and-go", test_directories_come_and_go},
        {"ranges", test_ranges},
        {"head", test_head},
        {"list", test_list},
        {"list-ends-by-caller", test_list_ends_by_caller},
        {"delete", test_delete},
        {"no-signed-urls", test_no_signed_urls},
        {"symbolic-links", test_symbolic_links},
        {"odd-entries", test_odd_entries},
        {"unfinished", test_unfinished},
        {"unreadable", test_unreadable},
        {"modes", test_modes},
        {"full-disk", test_full_disk},
        {"cancelled", test_cancelled},
    };
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/store/file/", tests[i].path, NULL);
        g_test_add(path, Place, NULL, set_up, tests[i].test, tear_down);
    }
    return g_test_run();
}
