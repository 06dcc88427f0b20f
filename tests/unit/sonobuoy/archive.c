/* Archives of runs: the same from a file, standard input and a folder; old layouts; damage; entries that lead out. */
#include "sonobuoy/archive.h"

#include "base/tar.h"
#include "place.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- runs: paths and contents, ended by NULL ------------------------------------------------------- */

typedef struct {
    const char *path, *content;
} File;

static const File usual[] = {
    {"meta/config.json", "{\"Version\":\"v0.57.5\"}"},
    {"meta/info.json", "{\"plugins\":[\"b\",\"a\"]}"},
    {"plugins/a/definition.json", "{}"},
    {"plugins/a/results/global/x", "the file x"},
    {"plugins/a/sonobuoy_results.yaml", "status: passed\nname: a\nmeta: {type: summary}\n"},
    {"plugins/b/sonobuoy_results.yaml", "["},
    {"resources/cluster/core_v1_nodes.json", "{}"},
    {"serverversion.json", "{\"gitVersion\":\"v1.34.4\"}"},
    {NULL},
};

static GBytes *packed(const File *files) {
    GByteArray *out = g_byte_array_new();
    g_autoptr(Sink) sink = sink_gzip_new(sink_buffer_new(out, G_MAXUINT), 1);
    g_autoptr(TarWriter) writer = tar_writer_new(sink, NULL);
    for (; files->path; files++)
        g_assert_true(tar_writer_add(writer, files->path, files->content, strlen(files->content), 0, NULL));
    g_assert_true(tar_writer_finish(writer, NULL));
    g_assert_true(sink_finish(sink, NULL));
    return g_byte_array_free_to_bytes(out);
}

static RunArchive *open_bytes(const Place *place, GBytes *bytes, const Limits *limits) {
    g_autofree char *path = place_below(place, "run.tar.gz");
    size_t length;
    const char *data = g_bytes_get_data(bytes, &length);
    g_assert_true(g_file_set_contents(path, data, (gssize)length, NULL));
    g_autoptr(GError) error = NULL;
    RunArchive *archive = run_archive_open(path, limits, &error);
    g_assert_no_error(error);
    return archive;
}

static RunArchive *open_file(const Place *place, const File *files) {
    g_autoptr(GBytes) bytes = packed(files);
    return open_bytes(place, bytes, NULL);
}

static RunArchive *open_folder(const Place *place, const File *files) {
    for (; files->path; files++) {
        g_autofree char *name = g_build_filename("run", files->path, NULL), *path = place_below(place, name);
        g_assert_true(g_file_set_contents(path, files->content, -1, NULL));
    }
    g_autofree char *path = place_below(place, "run");
    return run_archive_open(path, NULL, NULL);
}

static void assert_reads(RunArchive *archive, const char *path, const char *content) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = run_archive_read(archive, path, &error);
    g_assert_no_error(error);
    size_t length;
    const char *data = g_bytes_get_data(bytes, &length);
    g_assert_cmpuint(length, ==, strlen(content));
    g_assert_true(length == 0 || memcmp(data, content, length) == 0);
}

static void assert_fails_to_read(RunArchive *archive, const char *path, BaseErrorCode code) {
    g_autoptr(GError) error = NULL;
    g_assert_null(run_archive_read(archive, path, &error));
    g_assert_error(error, BASE_ERROR, (int)code);
    g_assert_true(g_str_has_prefix(error->message, "archive "));
}

/* --- what all kinds do ------------------------------------------------------------------------------ */

typedef struct {
    GString *seen;
    const char *stop_at;
    bool fail;
    RunArchive *again; /* read from in the midst of it */
} Seen;

static bool see(const char *path, guint64 size, Source *content, void *data, GError **error) {
    Seen *seen = data;
    if (seen->again)
        assert_reads(seen->again, "serverversion.json", "{\"gitVersion\":\"v1.34.4\"}");
    char start[5] = "";
    gssize count = source_read(content, start, 4, error);
    g_assert_cmpint(count, ==, MIN(size, 4));
    g_string_append_printf(seen->seen, "%s %d %.*s\n", path, (int)size, (int)count, start);
    bool stop = g_strcmp0(path, seen->stop_at) == 0;
    if (stop && seen->fail)
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_EXISTS, "enough");
    return !stop;
}

static void check_walk(RunArchive *archive) {
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    Seen seen = {.seen = text, .again = archive};
    g_assert_true(run_archive_walk(archive, see, &seen, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(text->str, ==,
                    "meta/config.json 21 {\"Ve\nmeta/info.json 21 {\"pl\nplugins/a/definition.json 2 {}\n"
                    "plugins/a/results/global/x 10 the \nplugins/a/sonobuoy_results.yaml 45 stat\n"
                    "plugins/b/sonobuoy_results.yaml 1 [\nresources/cluster/core_v1_nodes.json 2 {}\n"
                    "serverversion.json 24 {\"gi\n");
    g_string_truncate(text, 0);
    seen = (Seen){.seen = text, .stop_at = "meta/info.json"};
    g_assert_true(run_archive_walk(archive, see, &seen, &error));
    g_assert_cmpstr(text->str, ==, "meta/config.json 21 {\"Ve\nmeta/info.json 21 {\"pl\n");
    seen.fail = true;
    g_assert_false(run_archive_walk(archive, see, &seen, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_EXISTS);
    g_assert_true(g_str_has_suffix(error->message, ": enough"));
}

static void check_read(RunArchive *archive) {
    assert_reads(archive, "plugins/a/results/global/x", "the file x");
    assert_reads(archive, "plugins/a/definition.json", "{}"); /* before it */
    assert_reads(archive, "plugins/a/definition.json", "{}"); /* once more */
    assert_fails_to_read(archive, "plugins/c/definition.json", BASE_ERROR_NOT_FOUND);
    assert_fails_to_read(archive, "definition.json", BASE_ERROR_NOT_FOUND);
    assert_reads(archive, "meta/config.json", "{\"Version\":\"v0.57.5\"}");
    assert_reads(archive, "serverversion.json", "{\"gitVersion\":\"v1.34.4\"}");
    assert_fails_to_read(archive, "plugins", BASE_ERROR_NOT_FOUND);
}

static void check_plugins(RunArchive *archive) {
    g_auto(GStrv) plugins = run_archive_plugins(archive, NULL);
    g_assert_true(g_strv_equal((const char *const *)plugins, (const char *const[]){"b", "a", NULL}));
    g_autoptr(yyjson_mut_doc) doc = run_archive_results(archive, "a", NULL);
    g_autofree char *json = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
    g_assert_cmpstr(json, ==, "{\"name\":\"a\",\"status\":\"passed\",\"meta\":{\"type\":\"summary\"}}");
    g_autoptr(GError) error = NULL;
    g_assert_null(run_archive_results(archive, "b", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, ": plugins/b/sonobuoy_results.yaml is not valid YAML: "));
    g_clear_error(&error);
    g_assert_null(run_archive_results(archive, "c", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void check_all(RunArchive *archive) {
    g_assert_nonnull(archive);
    check_walk(archive);
    check_read(archive);
    check_plugins(archive);
}

static void test_file(Place *place, gconstpointer data) {
    g_autoptr(RunArchive) archive = open_file(place, usual);
    check_all(archive);
}

/* Of a folder a path that is a folder is no file. */
static void test_folder(Place *place, gconstpointer data) {
    g_autoptr(RunArchive) archive = open_folder(place, usual);
    check_walk(archive);
    check_plugins(archive);
    assert_reads(archive, "plugins/a/results/global/x", "the file x");
    assert_fails_to_read(archive, "plugins/c/definition.json", BASE_ERROR_NOT_FOUND);
    assert_fails_to_read(archive, "plugins", BASE_ERROR_INVALID);
}

/* A pipe as standard input; what has no end of its own is kept for as long as it is needed. */
static void test_standard_input(Place *place, gconstpointer data) {
    g_autoptr(GBytes) bytes = packed(usual);
    int ends[2], before = dup(STDIN_FILENO);
    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_cmpint(write(ends[1], g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)), ==,
                    (gssize)g_bytes_get_size(bytes));
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    g_autoptr(RunArchive) archive = run_archive_open("-", NULL, NULL);
    dup2(before, STDIN_FILENO);
    close(before);
    check_all(archive);
}

static void test_standard_input_limit(Place *place, gconstpointer data) {
    int ends[2], before = dup(STDIN_FILENO);
    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_cmpint(write(ends[1], "0123456789", 10), ==, 10);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    g_autoptr(GError) error = NULL;
    g_assert_null(run_archive_open("-", &(Limits){.archive_size = 9}, &error));
    dup2(before, STDIN_FILENO);
    close(before);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    g_assert_true(g_str_has_prefix(error->message, "archive from standard input: more than 9 B; --limit-archive-size"));
}

static void test_open(Place *place, gconstpointer data) {
    g_autofree char *path = place_below(place, "missing");
    g_autoptr(GError) error = NULL;
    g_assert_null(run_archive_open(path, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, path));
}

/* --- other layouts --------------------------------------------------------------------------------------- */

static void check_old(RunArchive *archive) {
    assert_reads(archive, "meta/config.json", "{\"Version\":\"v0.8.0\"}");
    assert_reads(archive, "serverversion.json", "{\"minor\":\"8\"}");
    assert_reads(archive, "resources/cluster/Nodes.json", "[]");
    assert_reads(archive, "plugins/e2e/definition.json", "{\"Name\":\"e2e\"}");
    assert_reads(archive, "config.json", "{\"Version\":\"v0.8.0\"}");
    g_auto(GStrv) plugins = run_archive_plugins(archive, NULL);
    g_assert_true(g_strv_equal((const char *const *)plugins, (const char *const[]){"e2e", "systemd_logs", NULL}));
}

static void test_old_layouts(Place *place, gconstpointer data) {
    static const File old[] = {
        {"config.json", "{\"Version\":\"v0.8.0\"}"},
        {"plugins/e2e/defintion.json", "{\"Name\":\"e2e\"}"},
        {"plugins/e2e/results/junit_01.xml", "<testsuite/>"},
        {"plugins/stray", ""},
        {"plugins/systemd_logs/results/node/log", ""},
        {"resources/non-ns/Nodes.json", "[]"},
        {"serverversion/serverversion.json", "{\"minor\":\"8\"}"},
        {NULL},
    };
    g_autoptr(RunArchive) archive = open_file(place, old), folder = open_folder(place, old);
    check_old(archive);
    check_old(folder);
}

/* As people pack what they unpacked. */
static void test_packed_otherwise(Place *place, gconstpointer data) {
    static const File files[] = {{"./meta/info.json", "{}"}, {".//plugins/./a//x", "x"}, {NULL}};
    g_autoptr(RunArchive) archive = open_file(place, files);
    assert_reads(archive, "plugins/a/x", "x");
    assert_reads(archive, "meta/info.json", "{}");
}

static void test_plugin_names(Place *place, gconstpointer data) {
    static const struct {
        const char *info;
        int code; /* -1: fine, and none */
    } cases[] = {
        {"{\"plugins\":[\"../../etc\"]}", BASE_ERROR_CORRUPT},
        {"{\"plugins\":[\"..\"]}", BASE_ERROR_CORRUPT},
        {"{\"plugins\":[\"\"]}", BASE_ERROR_CORRUPT},
        {"{\"plugins\":[5]}", BASE_ERROR_CORRUPT},
        {"{\"plugins\":", BASE_ERROR_INVALID},
        {"{\"plugins\":{}}", -1},
        {"[]", -1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(RunArchive) archive = open_file(place, (const File[]){{"meta/info.json", cases[i].info}, {NULL}});
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) plugins = run_archive_plugins(archive, &error);
        if (cases[i].code >= 0)
            g_assert_error(error, BASE_ERROR, cases[i].code);
        else
            g_assert_true(plugins && !*plugins);
    }
}

static void test_plugin_path(void) {
    g_autofree char *windows = run_archive_plugin_path("p", "results\\node\\a b");
    g_assert_cmpstr(windows, ==, "plugins/p/results/node/a b");
    g_autofree char *plain = run_archive_plugin_path("p", "./errors//global/error.json");
    g_assert_cmpstr(plain, ==, "plugins/p/errors/global/error.json");
}

/* --- hostile ------------------------------------------------------------------------------------------ */

/* Of one entry of any kind, between two good ones. */
static GBytes *packed_with(const char *path, mode_t type, const char *link, bool hard) {
    size_t used = 0;
    g_autofree char *tar = g_malloc0(1 << 20);
    struct archive *writer = archive_write_new();
    archive_write_set_format_pax_restricted(writer);
    archive_write_open_memory(writer, tar, 1 << 20, &used);
    const char *const paths[] = {"before", path, "plugins/a/after"};
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, paths[i]);
        archive_entry_set_filetype(entry, i == 1 ? type : AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, 0);
        if (i == 1 && link && hard)
            archive_entry_set_hardlink(entry, link);
        else if (i == 1 && link)
            archive_entry_set_symlink(entry, link);
        g_assert_cmpint(archive_write_header(writer, entry), ==, ARCHIVE_OK);
        archive_entry_free(entry);
    }
    archive_write_free(writer);
    GByteArray *out = g_byte_array_new();
    g_autoptr(Sink) sink = sink_gzip_new(sink_buffer_new(out, G_MAXUINT), 1);
    g_assert_true(sink_write(sink, tar, used, NULL) && sink_finish(sink, NULL));
    return g_byte_array_free_to_bytes(out);
}

static bool pass(const char *path, guint64 size, Source *content, void *data, GError **error) {
    return true;
}

static bool read_all(const char *path, guint64 size, Source *content, void *data, GError **error) {
    g_autoptr(GBytes) bytes = source_read_all(content, G_MAXINT, error);
    g_assert_true(!bytes || g_bytes_get_size(bytes) == size);
    return bytes != NULL;
}

static void test_entries_that_lead_out(Place *place, gconstpointer data) {
    static const struct {
        const char *path, *link;
        mode_t type;
        bool hard;
    } cases[] = {
        {"../out", NULL, AE_IFREG, false},      {"plugins/a/../../../out", NULL, AE_IFREG, false},
        {"/etc/passwd", NULL, AE_IFREG, false}, {"link", "/etc/passwd", AE_IFLNK, false},
        {"link", "before", AE_IFREG, true},     {"pipe", NULL, AE_IFIFO, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) bytes = packed_with(cases[i].path, cases[i].type, cases[i].link, cases[i].hard);
        g_autoptr(RunArchive) archive = open_bytes(place, bytes, NULL);
        g_autoptr(GError) error = NULL;
        g_assert_false(run_archive_walk(archive, pass, NULL, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_CORRUPT);
        assert_fails_to_read(archive, "plugins/a/after", BASE_ERROR_CORRUPT);
        assert_fails_to_read(archive, "plugins/a/after", BASE_ERROR_CORRUPT);
    }
    g_autoptr(GBytes) bytes = packed_with("folder", AE_IFDIR, NULL, false);
    g_autoptr(RunArchive) archive = open_bytes(place, bytes, NULL);
    g_assert_true(run_archive_walk(archive, pass, NULL, NULL));
    assert_fails_to_read(archive, "../run.tar.gz", BASE_ERROR_NOT_FOUND);
}

static void test_folder_links(Place *place, gconstpointer data) {
    g_autoptr(RunArchive) archive = open_folder(place, usual);
    g_autofree char *secret = place_below(place, "secret"), *link = place_below(place, "run/link"),
                    *out = place_below(place, "run/out");
    g_assert_true(g_file_set_contents(secret, "s", -1, NULL));
    g_assert_cmpint(symlink("../secret", link), ==, 0);
    g_assert_cmpint(symlink("..", out), ==, 0);
    check_walk(archive);
    static const char *const paths[] = {"link", "out/secret", "../secret", "plugins/../../secret", "/etc/passwd"};
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(run_archive_read(archive, paths[i], &error));
        g_assert_true(error->code == BASE_ERROR_INVALID || error->code == BASE_ERROR_NOT_FOUND);
    }
}

static void test_damage(Place *place, gconstpointer data) {
    g_autoptr(GBytes) whole = packed(usual);
    gsize size = g_bytes_get_size(whole);
    for (gsize length = 0; length < size; length++) {
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(whole, 0, length);
        g_autoptr(RunArchive) archive = open_bytes(place, part, NULL);
        g_autoptr(GError) error = NULL;
        g_assert_false(run_archive_walk(archive, read_all, NULL, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_CORRUPT);
        assert_fails_to_read(archive, "nowhere", BASE_ERROR_CORRUPT);
    }
    g_autoptr(GBytes) text = g_bytes_new_static("no archive", 10);
    g_autoptr(RunArchive) archive = open_bytes(place, text, NULL);
    assert_fails_to_read(archive, "meta/info.json", BASE_ERROR_CORRUPT);
    assert_fails_to_read(archive, "meta/info.json", BASE_ERROR_CORRUPT);
}

static void test_limits(Place *place, gconstpointer data) {
    g_autofree char *big = g_strnfill(40 << 20, 'x');
    g_autoptr(GBytes) bytes = packed((const File[]){{"a", "1"}, {"big", big}, {NULL}});
    g_autoptr(GError) error = NULL;
    g_autoptr(RunArchive) bomb = open_bytes(place, bytes, &(Limits){.ratio = 100});
    g_assert_false(run_archive_walk(bomb, pass, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    g_clear_error(&error);
    g_autoptr(RunArchive) small = open_bytes(place, bytes, &(Limits){.file_size = 1 << 20, .entry_size = 10});
    g_assert_null(run_archive_read(small, "big", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    g_assert_nonnull(strstr(error->message, "--limit-file-size"));
    assert_reads(small, "a", "1");
    g_assert_true(run_archive_walk(small, pass, NULL, NULL)); /* a stream may be of any size */
    g_autoptr(RunArchive) few = open_bytes(place, bytes, &(Limits){.entries = 1});
    assert_fails_to_read(few, "big", BASE_ERROR_LIMIT);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/archive/" name, Place, NULL, place_set_up, func, place_tear_down)
    ADD("file", test_file);
    ADD("folder", test_folder);
    ADD("standard-input", test_standard_input);
    ADD("standard-input-limit", test_standard_input_limit);
    ADD("open", test_open);
    ADD("old-layouts", test_old_layouts);
    ADD("packed-otherwise", test_packed_otherwise);
    ADD("plugin-names", test_plugin_names);
    g_test_add_func("/archive/plugin-path", test_plugin_path);
    ADD("entries-that-lead-out", test_entries_that_lead_out);
    ADD("folder-links", test_folder_links);
    ADD("damage", test_damage);
    ADD("limits", test_limits);
    return g_test_run();
}
