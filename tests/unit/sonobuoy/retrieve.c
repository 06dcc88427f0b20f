/* What surrounds the fetching of archives: names, what the pod's program writes, unpacking. */
#include "sonobuoy/retrieve-internal.h"

#include "../files.h"
#include "base/file.h"
#include "base/tar.h"
#include "sonobuoy/splat.h"
#include "sonobuoy/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In place of libc's: a file system without locks, one that renames only in the old way, a failure in the midst. */
static int flock_errno, rename_errno, renames_before;

int flock(int fd, int operation) {
    if (flock_errno == 0)
        return (int)syscall(SYS_flock, fd, operation);
    errno = flock_errno;
    return -1;
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
    if (rename_errno == 0 || renames_before-- > 0)
        return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
    errno = rename_errno;
    if (errno != EINVAL && errno != ENOSYS)
        rename_errno = 0; /* it passes */
    return -1;
}

static void test_numbered(void) {
    static const struct {
        const char *name, *first, *twelfth;
    } cases[] = {{"run.tar.gz", "run.tar.gz", "run.tar-12.gz"},
                 {"run", "run", "run-12"},
                 {"a.b/run", "a.b/run", "a.b/run-12"},
                 {"a.b/run.x", "a.b/run.x", "a.b/run-12.x"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *first = retrieve_numbered(cases[i].name, 0), *twelfth = retrieve_numbered(cases[i].name, 12);
        g_assert_cmpstr(first, ==, cases[i].first);
        g_assert_cmpstr(twelfth, ==, cases[i].twelfth);
    }
}

/* --- the unfinished file --------------------------------------------------------------------------------- */

static void test_part(void) {
    g_autofree char *dir = files_new(), *target = g_build_filename(dir, "new/run.tar.gz", NULL);
    g_autofree char *part = g_strconcat(target, ".part", NULL);
    g_autoptr(GError) error = NULL;
    int fd = retrieve_open_part(part, target, &error);
    g_assert_no_error(error);
    g_assert_cmpint(retrieve_open_part(part, target, &error), ==, -1);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, "being fetched by another process"));
    g_clear_error(&error);
    g_assert_cmpint(write(fd, "some", 4), ==, 4);
    close(fd);
    fd = retrieve_open_part(part, target, &error); /* what is there stays, to be gone on with */
    g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, 4);
    close(fd);

    static const int without[] = {ENOLCK, EOPNOTSUPP};
    for (size_t i = 0; i < G_N_ELEMENTS(without); i++) {
        flock_errno = without[i];
        fd = retrieve_open_part(part, target, &error);
        g_assert_no_error(error);
        g_assert_cmpint(fd, >=, 0);
        close(fd);
    }
    flock_errno = EIO;
    g_assert_cmpint(retrieve_open_part(part, target, &error), ==, -1);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
    g_assert_null(strstr(error->message, "another process"));
    flock_errno = 0;
    files_remove(dir);
}

/* None of these is waited for, or written to. */
static void test_part_odd(void) {
    g_autofree char *dir = files_new(), *part = g_build_filename(dir, "part", NULL);
    g_autofree char *own = files_write(dir, "own", "stays");
    for (int i = 0; i < 3; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(i == 0 ? mkfifo(part, 0600) : i == 1 ? symlink(own, part) : mkdir(part, 0700), ==, 0);
        g_assert_cmpint(retrieve_open_part(part, "target", &error), ==, -1);
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error->message, part));
        files_remove(part);
    }
    g_autofree char *content = files_read(dir, "own");
    g_assert_cmpstr(content, ==, "stays");
    files_remove(dir);
}

typedef struct {
    char *part, *target;
} Pair;

/* Finishes a file again and again. What it opens must never be what another has finished. */
static void *finish_many(void *data) {
    const Pair *pair = data;
    for (int done = 0; done < 3000;) {
        g_autoptr(GError) error = NULL;
        int fd = retrieve_open_part(pair->part, pair->target, &error);
        if (fd < 0) {
            g_assert_error(error, BASE_ERROR, BASE_ERROR_CONFLICT);
            continue;
        }
        g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, 0);
        g_assert_cmpint(write(fd, "whole", 5), ==, 5);
        g_assert_cmpint(rename(pair->part, pair->target), ==, 0);
        close(fd);
        done++;
    }
    return NULL;
}

static void test_part_renamed(void) {
    g_autofree char *dir = files_new(), *part = g_build_filename(dir, "part", NULL);
    g_autofree char *target = g_build_filename(dir, "target", NULL);
    Pair pair = {part, target};
    pthread_t threads[3];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_cmpint(pthread_create(&threads[i], NULL, finish_many, &pair), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    files_remove(dir);
}

static void test_put_in_place(void) {
    static const int ways[] = {0, EINVAL, ENOSYS};
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_autofree char *dir = files_new(), *target = g_build_filename(dir, "target", NULL);
        g_autofree char *part = files_write(dir, "part", "new");
        g_autoptr(GError) error = NULL;
        RetrieveOptions options = {.replace = false};
        int fd = open(part, O_RDWR | O_CLOEXEC);
        rename_errno = ways[i];
        g_assert_true(retrieve_put_in_place(&options, fd, part, target, &error));
        g_free(files_write(dir, "part", "newer"));
        g_assert_false(retrieve_put_in_place(&options, fd, part, target, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_EXISTS);
        g_autofree char *kept = files_read(dir, "target");
        g_assert_cmpstr(kept, ==, "new");
        options.replace = true;
        g_assert_true(retrieve_put_in_place(&options, fd, part, target, NULL));
        g_autofree char *replaced = files_read(dir, "target");
        g_assert_cmpstr(replaced, ==, "newer");
        rename_errno = 0;
        close(fd);
        files_remove(dir);
    }
}

/* --- the pod's side ---------------------------------------------------------------------------------- */

/* A file that is nowhere, to be read from its beginning. */
static int unnamed(void) {
    int fd = open(g_get_tmp_dir(), O_TMPFILE | O_RDWR, 0600);
    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static void test_splat_all(void) {
    g_autofree char *dir = files_new();
    g_autoptr(GError) error = NULL;
    int fd = unnamed();
    g_assert_false(splat_all(dir, fd, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_free(files_write(dir, "b.tar.gz", "bytes of b"));
    g_free(files_write(dir, "a.tar.gz", ""));
    g_free(files_write(dir, "c.tar.gz.part", "no archive"));
    g_free(files_write(dir, "run/d.tar.gz", "not of this folder"));
    g_assert_true(splat_all(dir, fd, NULL));

    g_autoptr(Source) source = source_gunzip_new(file_source_new(fd), NULL);
    g_autoptr(TarReader) reader = tar_reader_new(source, NULL, NULL);
    g_autoptr(GByteArray) content = g_byte_array_new();
    const char *path;
    guint64 size;
    g_assert_cmpint(tar_reader_next(reader, &path, &size, NULL), ==, 1);
    g_assert_cmpstr(path, ==, "a.tar.gz");
    g_assert_cmpuint(size, ==, 0);
    g_assert_cmpint(tar_reader_next(reader, &path, NULL, NULL), ==, 1);
    g_assert_cmpstr(path, ==, "b.tar.gz");
    g_assert_true(tar_reader_read(reader, content, NULL));
    g_assert_cmpmem(content->data, content->len, "bytes of b", 10);
    g_assert_cmpint(tar_reader_next(reader, &path, NULL, NULL), ==, 0);
    close(fd);
    files_remove(dir);
}

static void test_splat_from(void) {
    g_autofree char *dir = files_new();
    g_free(files_write(dir, "a.tar.gz", "0123456789"));
    g_free(files_write(dir, "secret", "not an archive"));
    g_free(files_write(dir, "below/b.tar.gz", "not of this folder"));
    g_autofree char *link = g_build_filename(dir, "link.tar.gz", NULL);
    g_assert_cmpint(symlink("secret", link), ==, 0);
    for (guint64 from = 0; from <= 10; from++) {
        char piece[32];
        int fd = unnamed();
        g_assert_true(splat_from(dir, "a.tar.gz", from, fd, NULL));
        ssize_t count = pread(fd, piece, sizeof piece, 0);
        g_assert_cmpmem(piece, (int)count, &"0123456789"[from], (int)(10 - from));
        close(fd);
    }
    static const struct {
        const char *name;
        guint64 from;
        BaseErrorCode code;
    } bad[] = {{"a.tar.gz", 11, BASE_ERROR_INVALID},   {"a.tar.gz", G_MAXUINT64, BASE_ERROR_INVALID},
               {"secret", 0, BASE_ERROR_USAGE},        {"below/b.tar.gz", 0, BASE_ERROR_USAGE},
               {"link.tar.gz", 0, BASE_ERROR_INVALID}, {"none.tar.gz", 0, BASE_ERROR_NOT_FOUND}};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        int fd = unnamed();
        g_assert_false(splat_from(dir, bad[i].name, bad[i].from, fd, &error));
        g_assert_error(error, BASE_ERROR, (int)bad[i].code);
        g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, 0);
        close(fd);
    }
    files_remove(dir);
}

/* --- unpacking -------------------------------------------------------------------------------------------- */

/* An archive with these files, each with its path as content. */
static char *pack(const char *dir, const char *const *paths) {
    char *path = g_build_filename(dir, "run.tar.gz", NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    g_autoptr(Sink) sink = sink_gzip_new(file_sink_new(fd), 1);
    g_autoptr(TarWriter) writer = tar_writer_new(sink, NULL);
    for (; *paths; paths++)
        g_assert_true(tar_writer_add(writer, *paths, *paths, strlen(*paths), 0, NULL));
    g_assert_true(tar_writer_finish(writer, NULL) && sink_finish(sink, NULL));
    close(fd);
    return path;
}

static guint count_in(const char *dir) {
    g_autoptr(GDir) open = g_dir_open(dir, 0, NULL);
    guint count = 0;
    while (g_dir_read_name(open))
        count++;
    return count;
}

static void test_unpack(void) {
    g_autofree char *dir = files_new(), *to = g_build_filename(dir, "to", NULL);
    static const char *const paths[] = {"meta/info.json", "plugins/a/x", "version", NULL};
    static const char *const hostile[] = {"fresh/x", "../out", NULL};
    g_assert_cmpint(g_mkdir(to, 0700), ==, 0);
    g_free(files_write(to, "own", "stays"));
    g_autofree char *archive = pack(dir, paths);
    g_autoptr(GError) error = NULL;
    g_assert_true(unpack_archive_into(archive, to, NULL, NULL, &error));
    g_assert_cmpuint(count_in(to), ==, 4);
    for (size_t i = 0; paths[i]; i++) {
        g_autofree char *content = files_read(to, paths[i]);
        g_assert_cmpstr(content, ==, paths[i]);
    }
    static const char *const gone[] = {"meta", "plugins"};
    for (size_t i = 0; i < G_N_ELEMENTS(gone); i++) {
        g_autofree char *path = g_build_filename(to, gone[i], NULL);
        files_remove(path);
    }
    g_free(files_write(to, "version", "changed"));
    g_assert_false(unpack_archive_into(archive, to, NULL, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_EXISTS);
    g_clear_error(&error);
    g_autofree char *version = files_read(to, "version");
    g_assert_cmpstr(version, ==, "changed");
    g_assert_cmpuint(count_in(to), ==, 2);

    g_free(pack(dir, hostile));
    g_assert_false(unpack_archive_into(archive, to, NULL, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CORRUPT);
    g_assert_cmpuint(count_in(to), ==, 2);
    g_assert_cmpuint(count_in(dir), ==, 2);
    files_remove(dir);
}

/* Whichever name is taken, in whatever order they are moved: nothing is left of the others, and it is not replaced. */
static void test_unpack_taken(void) {
    g_autofree char *dir = files_new(), *to = g_build_filename(dir, "to", NULL);
    static const char *const paths[] = {"a/1", "b", "c/d/2", "e", "f/3", "g", NULL};
    static const char *const names[] = {"a", "b", "c", "e", "f", "g"};
    g_autofree char *archive = pack(dir, paths);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *taken = g_build_filename(to, names[i], NULL);
        g_assert_cmpint(g_mkdir(to, 0700), ==, 0);
        g_assert_cmpint(i % 2 ? g_mkdir(taken, 0700) : symlink("/nowhere", taken), ==, 0);
        g_assert_false(unpack_archive_into(archive, to, NULL, NULL, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_EXISTS);
        g_assert_nonnull(strstr(error->message, taken));
        g_assert_null(strstr(error->message, "left behind"));
        g_assert_cmpuint(count_in(to), ==, 1);
        g_assert_cmpint(g_file_test(taken, G_FILE_TEST_IS_SYMLINK), ==, i % 2 == 0);
        files_remove(to);
    }
    files_remove(dir);
}

/* A failure in the midst of moving takes back what was moved. */
static void test_unpack_broken(void) {
    g_autofree char *dir = files_new(), *to = g_build_filename(dir, "to", NULL);
    static const char *const paths[] = {"a/1", "b", "c/d/2", "e", NULL};
    g_autofree char *archive = pack(dir, paths);
    g_assert_cmpint(g_mkdir(to, 0700), ==, 0);
    for (int before = 0; before < 4; before++) {
        g_autoptr(GError) error = NULL;
        rename_errno = ENOSPC;
        renames_before = before;
        bool unpacked = unpack_archive_into(archive, to, NULL, NULL, &error);
        rename_errno = 0;
        g_assert_false(unpacked);
        g_assert_error(error, BASE_ERROR, BASE_ERROR_NO_SPACE);
        g_assert_cmpuint(count_in(to), ==, 0);
    }
    rename_errno = EINVAL;
    renames_before = 0;
    g_assert_true(unpack_archive_into(archive, to, NULL, NULL, NULL));
    rename_errno = 0;
    g_assert_cmpuint(count_in(to), ==, 4);
    files_remove(dir);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/retrieve/numbered", test_numbered);
    g_test_add_func("/retrieve/part", test_part);
    g_test_add_func("/retrieve/part-odd", test_part_odd);
    g_test_add_func("/retrieve/part-renamed", test_part_renamed);
    g_test_add_func("/retrieve/put-in-place", test_put_in_place);
    g_test_add_func("/retrieve/splat-all", test_splat_all);
    g_test_add_func("/retrieve/splat-from", test_splat_from);
    g_test_add_func("/retrieve/unpack", test_unpack);
    g_test_add_func("/retrieve/unpack-taken", test_unpack_taken);
    g_test_add_func("/retrieve/unpack-broken", test_unpack_broken);
    return g_test_run();
}
