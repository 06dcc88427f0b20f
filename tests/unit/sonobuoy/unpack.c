/* Results of plugins: folders packed by a worker, archives unpacked by the aggregator. */
#include "sonobuoy/unpack.h"

#include "base/file.h"
#include "files.h"
#include "sonobuoy/archive-write.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ODD "caf\xe9"
#define ODD_UTF8      \
    "caf\xef\xbf\xbd" \
    "E9"

typedef struct {
    char *folder, *archive, *target;
} Place;

static void set_up(Place *place, gconstpointer data) {
    place->folder = files_new();
    place->archive = g_build_filename(place->folder, "in.tar.gz", NULL);
    place->target = g_build_filename(place->folder, "out", NULL);
}

static void tear_down(Place *place, gconstpointer data) {
    files_remove(place->folder);
    g_free(place->folder);
    g_free(place->archive);
    g_free(place->target);
}

typedef struct {
    const char *path, *link; /* "": none */
    mode_t type;             /* 0: a hard link */
    const char *text;
} Entry;

/* Writes the archive; NULL ends the entries. */
static void write_archive(const Place *place, const Entry *entries) {
    struct archive *writer = archive_write_new();
    archive_write_set_format_pax_restricted(writer);
    archive_write_add_filter_gzip(writer);
    g_assert_cmpint(archive_write_open_filename(writer, place->archive), ==, ARCHIVE_OK);
    for (; entries->path; entries++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, entries->path);
        archive_entry_set_filetype(entry, entries->type ? entries->type : AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, entries->text ? (la_int64_t)strlen(entries->text) : 0);
        if (entries->link && entries->type)
            archive_entry_set_symlink(entry, entries->link);
        else if (entries->link)
            archive_entry_set_hardlink(entry, entries->link);
        g_assert_cmpint(archive_write_header(writer, entry), >=, ARCHIVE_WARN);
        if (entries->text)
            archive_write_data(writer, entries->text, strlen(entries->text));
        archive_entry_free(entry);
    }
    archive_write_free(writer);
}

static void unpack(const Place *place, const Limits *limits) {
    g_autoptr(GError) error = NULL;
    UnpackOptions options = {place->archive, true, "sent.tar.gz", limits};
    g_assert_true(unpack_result(&options, place->target, &error));
    g_assert_no_error(error);
}

static void assert_holds(const Place *place, const char *path, const char *text) {
    g_autofree char *content = files_read(place->target, path);
    g_assert_cmpstr(content, ==, text);
}

static void assert_says(const Place *place, const char *note, const char *text) {
    g_autofree char *content = files_read(place->target, note);
    g_assert_nonnull(content);
    if (!strstr(content, text))
        g_error("\"%s\" is not in: %s", text, content);
}

static bool is_there(const Place *place, const char *path) {
    struct stat status;
    g_autofree char *whole = g_build_filename(place->target, path, NULL);
    return lstat(whole, &status) == 0;
}

static void test_kinds(Place *place, gconstpointer data) {
    static const Entry entries[] = {
        {"empty/", NULL, AE_IFDIR, NULL},     {"a/file", NULL, AE_IFREG, "text"},
        {"a/same", "a/file", 0, NULL},        {"a/same", "a/file", 0, NULL}, /* once more, which is no harm */
        {"a/link", "file", AE_IFLNK, NULL},   {"link", "a/link", AE_IFLNK, NULL},
        {"a/file", NULL, AE_IFREG, "later"}, /* not what a/same is */
        {ODD "/" ODD, NULL, AE_IFREG, "odd"}, {NULL}};
    write_archive(place, entries);
    unpack(place, NULL);
    g_assert_true(is_there(place, "empty"));
    assert_holds(place, "a/file", "later");
    assert_holds(place, "a/same", "text");
    assert_holds(place, "link", "later");
    assert_holds(place, ODD_UTF8 "/" ODD_UTF8, "odd");
    g_assert_false(is_there(place, UNPACK_ERROR) || is_there(place, UNPACK_LEFT_OUT) || is_there(place, "sent.tar.gz"));
}

/* What has no place is named, and the rest is there. */
static void test_refused(Place *place, gconstpointer data) {
    static const Entry entries[] = {
        {"../outside", NULL, AE_IFREG, "x"},      {"/absolute", NULL, AE_IFREG, "x"},
        {"a/../../outside", NULL, AE_IFREG, "x"}, {"up", "..", AE_IFLNK, NULL},
        {"far", "/etc", AE_IFLNK, NULL},          {"far/passwd", NULL, AE_IFREG, "x"},
        {"folder/real", NULL, AE_IFREG, "real"},  {"way", "folder", AE_IFLNK, NULL},
        {"way/outside", NULL, AE_IFREG, "x"},     {"folder/up", "../folder/../../outside", AE_IFLNK, NULL},
        {"hard", "/etc/passwd", 0, NULL},         {"hard-link", "way", 0, NULL},
        {"folder", NULL, AE_IFREG, "x"},          {"pipe", NULL, AE_IFIFO, NULL},
        {"last", NULL, AE_IFREG, "last"},         {NULL}};
    write_archive(place, entries);
    unpack(place, NULL);
    assert_holds(place, "folder/real", "real");
    assert_holds(place, "far/passwd", "x"); /* the link of that name is not there */
    assert_holds(place, "last", "last");
    static const char *const refused[] = {"../outside: outside",
                                          "/absolute: ",
                                          "a/../../outside: ",
                                          "way/outside: ",
                                          "hard, a link to /etc/passwd: ",
                                          "hard-link, a link to way: ",
                                          "folder: "};
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
        assert_says(place, UNPACK_ERROR, refused[i]);
    static const char *const left_out[] = {
        "up, a link to ..: ", "far, a link to /etc: ", "folder/up, a link to ../folder/../../outside: ", "pipe: "};
    for (size_t i = 0; i < G_N_ELEMENTS(left_out); i++)
        assert_says(place, UNPACK_LEFT_OUT, left_out[i]);
    g_assert_true(is_there(place, "sent.tar.gz"));
    g_assert_false(is_there(place, "../outside") || is_there(place, "folder/outside") || is_there(place, "hard") ||
                   is_there(place, "hard-link") || is_there(place, "up") || is_there(place, "pipe"));
}

static void test_limits(Place *place, gconstpointer data) {
    static const Entry entries[] = {
        {"first", NULL, AE_IFREG, "0123456789"}, {"second", "first", 0, NULL}, {"third", "first", 0, NULL}, {NULL}};
    static const Limits limits[] = {{.entries = 2}, {.entry_size = 9}, {.archive_size = 1000}};
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        write_archive(place, entries);
        unpack(place, &limits[i]);
        assert_says(place, UNPACK_ERROR, "sent.tar.gz could not be unpacked to its end: ");
        g_assert_true(is_there(place, "sent.tar.gz") && !is_there(place, "first"));
        files_remove(place->target);
    }
    /* What hard links repeat counts as if it were there. */
    g_autofree char *large = g_strnfill(2000, 'x');
    const Entry repeated[] = {{"a", NULL, AE_IFREG, large}, {"b", "a", 0, NULL}, {"c", "a", 0, NULL},
                              {"d", "a", 0, NULL},          {"e", "a", 0, NULL}, {NULL}};
    write_archive(place, repeated);
    unpack(place, &(Limits){.archive_size = 7000});
    assert_says(place, UNPACK_ERROR, "links repeat files to more than 7000 bytes");
    g_assert_true(is_there(place, "sent.tar.gz") && !is_there(place, "a"));
}

static void test_many_refused(Place *place, gconstpointer data) {
    enum { MANY = 3000 };
    g_autofree Entry *entries = g_new0(Entry, MANY + 1);
    for (int i = 0; i < MANY; i++)
        entries[i] = (Entry){"../x", NULL, AE_IFREG, "x"};
    write_archive(place, entries);
    unpack(place, NULL);
    assert_says(place, UNPACK_ERROR, "... and more\n");
}

static void make_link(const char *folder, const char *name, const char *target) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_cmpint(symlink(target, path), ==, 0);
}

static bool is_left_out(const GPtrArray *left_out, const char *name) {
    for (guint i = 0; i < left_out->len; i++)
        if (g_str_has_prefix(left_out->pdata[i], name))
            return true;
    return false;
}

/* A folder, packed and unpacked again, holds what it held. */
static void test_round(Place *place, gconstpointer data) {
    g_autofree char *from = g_build_filename(place->folder, "from", NULL);
    g_autofree char *empty = g_build_filename(from, "a/empty", NULL), *pipe = g_build_filename(from, "pipe", NULL);
    g_autofree char *absolute = g_build_filename(from, "a/file", NULL), *hard = g_build_filename(from, "hard", NULL);
    g_free(files_write(from, "a/file", "text"));
    g_free(files_write(from, ODD, "odd"));
    g_free(files_write(from, "done", "not sent"));
    g_free(files_write(place->folder, "secret", "secret"));
    g_assert_cmpint(mkdir(empty, 0755), ==, 0);
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    g_assert_cmpint(link(absolute, hard), ==, 0);
    make_link(from, "near", "a/file");
    make_link(from, "a/up", "../" ODD);
    make_link(from, "own", absolute);
    make_link(from, "folder", "a");
    make_link(from, "out", "../secret");
    make_link(from, "far", "/etc/passwd");
    make_link(from, "gone", "nothing");
    g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    ArchiveInfo info;
    int fd = open(place->archive, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    g_assert_true(archive_pack(from, "done", fd, left_out, &info, &error));
    close(fd);
    static const char *const names[] = {"pipe: a pipe", "out: a link", "far: a link", "gone: a link", "folder: a link"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_true(is_left_out(left_out, names[i]));
    g_assert_cmpuint(left_out->len, ==, G_N_ELEMENTS(names));
    unpack(place, NULL);
    static const char *const files[][2] = {{"a/file", "text"}, {"hard", "text"},  {"near", "text"},
                                           {"own", "text"},    {ODD_UTF8, "odd"}, {"a/up", "odd"}};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        assert_holds(place, files[i][0], files[i][1]);
    g_assert_true(is_there(place, "a/empty"));
    g_assert_false(is_there(place, "done") || is_there(place, "out") || is_there(place, "far"));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/unpack/" name, Place, NULL, set_up, func, tear_down)
    ADD("kinds", test_kinds);
    ADD("refused", test_refused);
    ADD("limits", test_limits);
    ADD("many-refused", test_many_refused);
    ADD("round", test_round);
    return g_test_run();
}
