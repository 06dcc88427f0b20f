/* gzip, tar and SHA-256 as streams; the queue and the workers. */
#include "base/stream.h"
#include "base/tar.h"
#include "base/text.h"
#include "base/workers.h"

#include <poll.h>
#include <stdatomic.h>
#include <archive.h>
#include <archive_entry.h>
#include <string.h>

static void assert_bytes(const void *a, size_t a_length, const void *b, size_t b_length) {
    g_assert_cmpuint(a_length, ==, b_length);
    g_assert_true(a_length == 0 || memcmp(a, b, a_length) == 0);
}

static GBytes *gzip_of(const void *data, size_t length) {
    GByteArray *out = g_byte_array_new();
    g_autoptr(Sink) sink = sink_gzip_new(sink_buffer_new(out, G_MAXUINT), 1);
    g_assert_true(sink_write(sink, data, length, NULL));
    g_assert_true(sink_finish(sink, NULL));
    return g_byte_array_free_to_bytes(out);
}

static void test_gzip_round_trip(void) {
    g_autofree char *data = g_malloc(1 << 20);
    for (size_t i = 0; i < 1 << 20; i++)
        data[i] = (char)((i * i) >> 7);
    for (size_t length = 0; length <= 1 << 20; length = length * 3 + 1) {
        g_autoptr(GBytes) packed = gzip_of(data, length);
        g_autoptr(Source) source = source_gunzip_new(source_bytes_new(g_bytes_ref(packed)), NULL);
        g_autoptr(GBytes) back = source_read_all(source, 1 << 21, NULL);
        assert_bytes(g_bytes_get_data(back, NULL), g_bytes_get_size(back), data, length);
    }
}

static void test_gzip_members_damage_and_limit(void) {
    g_autoptr(GBytes) one = gzip_of("hello ", 6);
    g_autoptr(GBytes) two = gzip_of("world", 5);
    g_autoptr(GByteArray) both = g_byte_array_new();
    g_byte_array_append(both, g_bytes_get_data(one, NULL), (guint)g_bytes_get_size(one));
    g_byte_array_append(both, g_bytes_get_data(two, NULL), (guint)g_bytes_get_size(two));
    g_autoptr(Source) source = source_gunzip_new(source_bytes_new(g_bytes_new(both->data, both->len)), NULL);
    g_autoptr(GBytes) back = source_read_all(source, 100, NULL);
    assert_bytes(g_bytes_get_data(back, NULL), g_bytes_get_size(back), "hello world", 11);

    for (guint length = 0; length < both->len; length++) {
        if (length == g_bytes_get_size(one))
            continue; /* a whole first member */
        g_autoptr(GError) error = NULL;
        g_autoptr(Source) cut = source_gunzip_new(source_bytes_new(g_bytes_new(both->data, length)), NULL);
        g_assert_null(source_read_all(cut, 100, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_CORRUPT);
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(Source) limited =
        source_gunzip_new(source_bytes_new(g_bytes_new(both->data, both->len)), &(Limits){.archive_size = 10});
    g_assert_null(source_read_all(limited, 100, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void test_gzip_ratio(void) {
    enum { SIZE = LIMIT_RATIO_FROM + (1 << 20) };
    g_autofree char *zeros = g_malloc0(SIZE);
    g_autoptr(GBytes) packed = gzip_of(zeros, SIZE);
    gint64 actual = SIZE / (gint64)g_bytes_get_size(packed);
    const struct {
        Limits limits;
        bool good;
    } cases[] = {{{0}, true}, {{.ratio = actual / 2}, false}, {{.ratio = actual + 10}, true}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Source) source = source_gunzip_new(source_bytes_new(g_bytes_ref(packed)), &cases[i].limits);
        g_autoptr(GBytes) back = source_read_all(source, SIZE, &error);
        g_assert_true((back != NULL) == cases[i].good);
        g_assert_true(back || g_error_matches(error, BASE_ERROR, BASE_ERROR_LIMIT));
        g_assert_true(back || strstr(error->message, "--limit-ratio"));
    }
}

static void test_read_file(void) {
    for (gint64 limit = 0; limit <= 6; limit++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Source) source = source_bytes_new(g_bytes_new("hello", 5));
        g_autoptr(GBytes) bytes = source_read_file(source, &(Limits){.file_size = limit}, &error);
        g_assert_true((bytes != NULL) == (limit == 0 || limit >= 5));
        g_assert_true(bytes || g_error_matches(error, BASE_ERROR, BASE_ERROR_LIMIT));
    }
}

static void test_sha256(void) {
    char hex[65], hex_again[65];
    guint64 size;
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(Sink) sink = sink_sha256_new(sink_buffer_new(out, 100), hex, &size);
    g_assert_true(sink_write(sink, "abc", 3, NULL));
    g_assert_true(sink_finish(sink, NULL));
    g_assert_cmpstr(hex, ==,
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); /* FIPS 180-4 example */
    g_assert_cmpuint(size, ==, 3);
    g_autoptr(Source) source = source_sha256_new(source_bytes_new(g_bytes_new("abc", 3)), hex_again, NULL);
    g_autoptr(GBytes) all = source_read_all(source, 100, NULL);
    g_assert_nonnull(all);
    g_assert_cmpstr(hex, ==, hex_again);
}

static GBytes *tar_of(const char *const *paths) {
    GByteArray *out = g_byte_array_new();
    g_autoptr(Sink) sink = sink_buffer_new(out, G_MAXUINT);
    g_autoptr(TarWriter) writer = tar_writer_new(sink, NULL);
    for (; *paths; paths++)
        g_assert_true(tar_writer_add(writer, *paths, *paths, strlen(*paths), 1, NULL));
    g_assert_true(tar_writer_finish(writer, NULL));
    return g_byte_array_free_to_bytes(out);
}

static void test_tar_round_trip(void) {
    g_autofree char *long_path = g_strdup_printf("resources/%0*d/x.json", 300, 7);
    const char *paths[] = {"metadata/version", long_path, "resources/a:b/\xc3\xa4.json", "e", NULL};
    g_autoptr(Source) source = source_bytes_new(tar_of(paths));
    g_autoptr(TarReader) reader = tar_reader_new(source, NULL, NULL);
    const char *path;
    guint64 size;
    for (const char **expected = paths; *expected; expected++) {
        g_autoptr(GByteArray) content = g_byte_array_new();
        g_assert_cmpint(tar_reader_next(reader, &path, &size, NULL), ==, 1);
        g_assert_cmpstr(path, ==, *expected);
        g_assert_true(tar_reader_read(reader, content, NULL));
        assert_bytes(content->data, content->len, *expected, strlen(*expected));
    }
    g_assert_cmpint(tar_reader_next(reader, &path, &size, NULL), ==, 0);
}

static void test_tar_refuses_escapes(void) {
    static const char *const hostile[] = {"../x", "/etc/passwd", "a/../../b", "a/.."};
    for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
        const char *paths[] = {hostile[i], NULL};
        g_autoptr(GError) error = NULL;
        g_autoptr(Source) source = source_bytes_new(tar_of(paths));
        g_autoptr(TarReader) reader = tar_reader_new(source, NULL, NULL);
        const char *path;
        g_assert_cmpint(tar_reader_next(reader, &path, NULL, &error), ==, -1);
        g_assert_error(error, BASE_ERROR, BASE_ERROR_CORRUPT);
    }
}

static void note_skipped(const char *path, const char *what, void *data) {
    g_string_append_printf(data, "%s (%s) ", path, what);
}

static void test_tar_tells_escapes(void) {
    const char *paths[] = {"../x", "a", "/etc/pass\nwd", "b", NULL};
    g_autoptr(Source) source = source_bytes_new(tar_of(paths));
    g_autoptr(TarReader) reader = tar_reader_new(source, NULL, NULL);
    g_autoptr(GString) skipped = g_string_new(NULL);
    const char *path;
    tar_reader_tell_special(reader, note_skipped, skipped);
    g_assert_cmpint(tar_reader_next(reader, &path, NULL, NULL), ==, 1);
    g_assert_cmpstr(path, ==, "a");
    g_assert_cmpint(tar_reader_next(reader, &path, NULL, NULL), ==, 1);
    g_assert_cmpstr(path, ==, "b");
    g_assert_cmpint(tar_reader_next(reader, &path, NULL, NULL), ==, 0);
    g_assert_cmpstr(skipped->str, ==, "../x (outside its directory) /etc/pass\\nwd (outside its directory) ");
}

/* Names that are not UTF-8 can be told from what they are read as; a warning of anything else is damage. */
static void test_tar_odd_names(void) {
    static const char *const names[][2] = {{"caf\xe9", "caf\xef\xbf\xbd"
                                                       "E9"},
                                           {"\xff/\xc3\xa4\xc3", "\xef\xbf\xbd"
                                                                 "FF/\xc3\xa4\xef\xbf\xbd"
                                                                 "C3"},
                                           {"100%\\x", "100%\\x"}};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = text_utf8(names[i][0]);
        g_assert_cmpstr(text, ==, names[i][1]);
        g_autofree char *same = text_utf8(text);
        g_assert_cmpstr(same, ==, text);
    }
    static const int formats[] = {ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE,
                                  ARCHIVE_FORMAT_TAR_GNUTAR};
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        size_t used = 0;
        g_autofree char *tar = g_malloc0(1 << 20);
        struct archive *writer = archive_write_new();
        archive_write_set_format(writer, formats[i]);
        archive_write_open_memory(writer, tar, 1 << 20, &used);
        struct archive_entry *made = archive_entry_new();
        archive_entry_set_pathname(made, names[0][0]);
        archive_entry_set_symlink(made, names[1][0]);
        archive_entry_set_filetype(made, AE_IFLNK);
        g_assert_cmpint(archive_write_header(writer, made), >=, ARCHIVE_WARN);
        archive_entry_free(made);
        archive_write_free(writer);
        g_autoptr(Source) source = source_bytes_new(g_bytes_new(tar, used));
        g_autoptr(TarReader) reader = tar_reader_new(source, NULL, NULL);
        TarEntry entry;
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(tar_reader_next_entry(reader, &entry, &error), ==, 1);
        g_assert_cmpint(entry.kind, ==, TAR_SYMBOLIC_LINK);
        g_assert_cmpstr(entry.path, ==, names[0][1]);
        g_assert_cmpstr(entry.target, ==, names[1][1]);
        g_assert_cmpint(tar_reader_next_entry(reader, &entry, &error), ==, 0);
    }
}

static void test_tar_limits(void) {
    const char *paths[] = {"a", "b", "cccccccccc", NULL};
    const Limits limits[] = {{.entries = 2}, {.entry_size = 9}, {.path_length = 9}};
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Source) source = source_bytes_new(tar_of(paths));
        g_autoptr(TarReader) reader = tar_reader_new(source, &limits[i], NULL);
        const char *path;
        g_assert_cmpint(tar_reader_next(reader, &path, NULL, NULL), ==, 1);
        g_assert_cmpint(tar_reader_next(reader, &path, NULL, NULL), ==, 1);
        g_assert_cmpint(tar_reader_next(reader, &path, NULL, &error), ==, -1);
        g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    }
}

typedef struct {
    Queue *queue;
    atomic_ulong sum;
} Sum;

static void sum_worker(unsigned index, void *data) {
    Sum *sum = data;
    for (void *item; (item = queue_pop(sum->queue));)
        atomic_fetch_add(&sum->sum, GPOINTER_TO_SIZE(item));
}

static void test_workers(void) {
    g_autoptr(Queue) queue = queue_new(3, NULL);
    Sum sum = {.queue = queue};
    Workers *workers = workers_start(4, "sum", sum_worker, &sum);
    for (gsize i = 1; i <= 10000; i++)
        g_assert_true(queue_push(queue, GSIZE_TO_POINTER(i)));
    queue_close(queue);
    g_assert_false(queue_push(queue, &sum));
    workers_join(workers);
    g_assert_cmpuint(atomic_load(&sum.sum), ==, 50005000);
}

static void set_soon(unsigned index, void *data) {
    cancel_set(data);
}

static void test_cancel_wakes(void) {
    g_autoptr(Cancel) cancel = cancel_new();
    g_autoptr(GError) error = NULL;
    g_assert_true(cancel_sleep(cancel, 1000, NULL));
    Workers *workers = workers_start(1, "cancel", set_soon, cancel);
    g_assert_false(cancel_sleep(cancel, 3600LL * G_USEC_PER_SEC, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
    workers_join(workers);
}

static bool is_readable(const Cancel *cancel) {
    struct pollfd descriptor = {.fd = cancel_fd(cancel), .events = POLLIN};
    return poll(&descriptor, 1, 0) == 1;
}

static void test_cancel_child(void) {
    g_autoptr(Cancel) parent = cancel_new(), first = cancel_new_child(parent), second = cancel_new_child(parent);
    g_autoptr(Cancel) grandchild = cancel_new_child(second), orphan = cancel_new_child(NULL);
    cancel_set(first);
    g_assert_true(cancel_is_set(first) && is_readable(first));
    g_assert_false(cancel_is_set(parent) || is_readable(parent) || cancel_is_set(second) || is_readable(second));
    cancel_set(parent);
    g_assert_true(cancel_is_set(second) && is_readable(second));
    g_assert_true(cancel_is_set(grandchild) && is_readable(grandchild));
    g_assert_false(cancel_is_set(orphan) || is_readable(orphan));
    g_assert_false(cancel_sleep(grandchild, 3600LL * G_USEC_PER_SEC, NULL));
}

/* A sink that fails is told of once, and nothing more is written; an archive that nobody ends has no end. */
static void test_tar_sink_fails(void) {
    enum { BLOCK = 64 * 1024 };
    g_autofree char *data = g_malloc0(BLOCK);
    g_autoptr(GByteArray) out = g_byte_array_new(), other = g_byte_array_new();
    g_autoptr(Sink) full = sink_buffer_new(out, BLOCK), left = sink_buffer_new(other, G_MAXUINT);
    TarWriter *writer = tar_writer_new(full, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_true(tar_writer_add(writer, "first", data, BLOCK, 1, NULL));
    g_assert_false(tar_writer_add(writer, "second", data, BLOCK, 1, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    g_clear_error(&error);
    g_assert_false(tar_writer_add(writer, "third", data, BLOCK, 1, &error));
    g_assert_nonnull(strstr(error->message, "third"));
    g_assert_false(tar_writer_finish(writer, NULL));
    tar_writer_free(writer);
    g_assert_cmpuint(out->len, ==, BLOCK);
    writer = tar_writer_new(left, NULL);
    g_assert_true(tar_writer_add(writer, "first", data, 2 * 1024, 1, NULL));
    tar_writer_free(writer);
    g_assert_cmpuint(other->len, ==, 0);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gzip/round-trip", test_gzip_round_trip);
    g_test_add_func("/gzip/members-damage-limit", test_gzip_members_damage_and_limit);
    g_test_add_func("/gzip/ratio", test_gzip_ratio);
    g_test_add_func("/read-file", test_read_file);
    g_test_add_func("/sha256", test_sha256);
    g_test_add_func("/tar/round-trip", test_tar_round_trip);
    g_test_add_func("/tar/escapes", test_tar_refuses_escapes);
    g_test_add_func("/tar/tells-escapes", test_tar_tells_escapes);
    g_test_add_func("/tar/limits", test_tar_limits);
    g_test_add_func("/tar/odd-names", test_tar_odd_names);
    g_test_add_func("/tar/sink-fails", test_tar_sink_fails);
    g_test_add_func("/workers/sum", test_workers);
    g_test_add_func("/cancel/wakes", test_cancel_wakes);
    g_test_add_func("/cancel/child", test_cancel_child);
    return g_test_run();
}
