/* Reports and comparisons of runs: what logs say of tests, what is cut, how tests of two runs are paired. */
#include "base/file.h"
#include "place.h"
#include "sonobuoy/compare.h"
#include "sonobuoy/report-internal.h"

#include <string.h>
#include <unistd.h>

/* --- texts ------------------------------------------------------------------------------------- */

static void assert_escaped(const char *text, bool attribute, const char *expected) {
    char *data = NULL;
    size_t length;
    FILE *out = open_memstream(&data, &length);
    report_escape(out, text, attribute);
    fclose(out);
    g_assert_cmpstr(data, ==, expected);
    free(data);
}

static void test_escape(void) {
    assert_escaped("<a href='x'>&\"]]>", false, "&lt;a href=&#39;x&#39;&gt;&amp;&quot;]]&gt;");
    assert_escaped("one\n\ttwo\r\n", false, "one\n\ttwo\n");
    assert_escaped("one\n\ttwo\r\n", true, "one&#10;&#9;two&#10;");
    assert_escaped("\033[1;31mred\033[0m \033]0;t\007 \033[31", false, "red \\x1b]0;t\\x07 \\x1b[31");
    assert_escaped("\xff\xc3(\xe2\x80\xae \xef\xbf\xbf", false, "\xef\xbf\xbd\xef\xbf\xbd(\\u202e \\uffff");
}

static void assert_cut(const char *text, size_t limit, const char *expected) {
    g_autofree char *cut = report_cut(text, strlen(text), limit);
    g_assert_cmpstr(cut, ==, expected);
}

static void test_cut(void) {
    assert_cut("", 4, "");
    assert_cut("abcd", 4, "abcd");
    assert_cut("abcdefgh", 4, "ab\n... (4 B cut) ...\ngh");
    assert_cut("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 3, "\n... (6 B cut) ...\n\xc3\xa9"); /* no half of a character */
}

static void test_lines(void) {
    const char *text = "\n /go/src/a_test.go:17\n  first  \r\n\nsecond at a.go:3\nb.go:4\n";
    static const char *const lines[] = {"first", "second at a.go:3", "", ""};
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *line = report_next_line(&text, 100);
        g_assert_cmpstr(line, ==, lines[i]);
    }
    g_autofree char *shortened = report_first_line("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 3);
    g_assert_cmpstr(shortened, ==, "\xc3\xa9\xc3\xa9\xc3\xa9...");
}

/* --- logs ------------------------------------------------------------------------------------------ */

#define DASHES "------------------------------\n"

/* What a log says of a test of plugin p; fed in pieces of `piece` bytes. */
static char *found_in(const char *log, size_t length, const char *test, size_t piece) {
    g_autoptr(ReportLogs) logs = report_logs_new();
    report_logs_want(logs, "p", test);
    report_logs_want(logs, "p", "another test");
    report_logs_begin(logs, "p");
    for (size_t done = 0; done < length; done += piece)
        report_logs_feed(logs, log + done, MIN(piece, length - done));
    report_logs_end(logs);
    g_assert_null(report_logs_get(logs, "q", test));
    g_assert_null(report_logs_get(logs, "p", "never asked for"));
    return g_strdup(report_logs_get(logs, "p", test));
}

static void assert_found(const char *log, const char *test, const char *expected) {
    for (size_t piece = 1; piece < 200; piece = piece * 3 + 1) {
        g_autofree char *found = found_in(log, strlen(log), test, piece);
        g_assert_cmpstr(found, ==, expected);
    }
}

static void test_logs_of_ginkgo_1(void) {
    static const char log[] =
        "SSS\n" DASHES "[sig-a] B \n  should c [D]\n  /go/b.go:1\nSTEP: c\n\xe2\x80\xa2 Failure [1s]\n" DASHES
        "{\"msg\":\"FAILED [sig-a] B should c [D]\"}\nSS\n" DASHES "[sig-a] B \n  should d\nother\n" DASHES;
    assert_found(log, "[sig-a] B should c [D]",
                 "[sig-a] B \n  should c [D]\n  /go/b.go:1\nSTEP: c\n\xe2\x80\xa2 Failure [1s]\n");
    assert_found(log, "[sig-a] B should", NULL);
    assert_found(log, "[sig-a] B  should  d", "[sig-a] B \n  should d\nother\n");
}

static void test_logs_of_ginkgo_2(void) {
    static const char log[] = DASHES "[sig-a] B should c\ntest/b.go:1\r\n  STEP: c\n" DASHES
                                     "\xe2\x80\xa2 [FAILED] [1 seconds]\n[sig-a] B [It] should c\n  why\n" DASHES
                                     "[sig-a] B should not c\nno\n" DASHES;
    assert_found(log, "[It] [sig-a] B should c",
                 "[sig-a] B should c\ntest/b.go:1\n  STEP: c\n\n\xe2\x80\xa2 [FAILED] [1 seconds]\n[sig-a] B [It] "
                 "should c\n  why\n");
}

/* A name over several lines, with places in the source between. */
static void test_logs_of_ginkgo_2_1(void) {
    static const char log[] = DASHES "[sig-a] B when windy\n  should c [D]\n  /b_test.go:8\nSTEP: c\n" DASHES
                                     "\xe2\x80\xa2 [FAILED] [0.000 seconds]\n[sig-a] B\n/b_test.go:4\n  when windy\n"
                                     "  /b_test.go:7\n    [It] should c [D]\n    /b_test.go:8\n\n  why\n" DASHES;
    g_autofree char *found = found_in(log, strlen(log), "[It] [sig-a] B when windy should c [D]", 7);
    g_assert_nonnull(strstr(found, "STEP: c\n"));
    g_assert_true(g_str_has_suffix(found, "    [It] should c [D]\n    /b_test.go:8\n\n  why\n"));
}

static void test_logs_without_an_end(void) {
    assert_found("", "t", NULL);
    assert_found(DASHES, "t", NULL);
    assert_found("t\nline", "t", "t\nline\n");
    g_autofree char *nul = found_in("t\na\0b\n", 6, "t", 2);
    g_assert_cmpstr(nul, ==, "t\na?b\n");
}

/* The beginning and the end stay, and a word says that there was more. */
static void test_long_logs_are_cut(void) {
    g_autoptr(GString) log = g_string_new(DASHES "t\nthe first\n");
    for (unsigned i = 0; i < 200 * 1000; i++)
        g_string_append_printf(log, "line %u\n", i);
    g_string_append(log, "the last\n" DASHES);
    g_autofree char *found = found_in(log->str, log->len, "t", 64 * 1024);
    g_assert_true(g_str_has_prefix(found, "t\nthe first\nline 0\n"));
    g_assert_true(g_str_has_suffix(found, "\nline 199999\nthe last\n"));
    g_assert_nonnull(strstr(found, " MiB cut) ...\nline "));
    g_assert_cmpuint(strlen(found), <, 128 * 1024);
    g_autofree char *dots = g_strnfill(10 << 20, '.'), *one = g_strdup_printf(DASHES "t\n%s\nend\n", dots);
    g_autofree char *short_line = found_in(one, strlen(one), "t", 4096);
    g_assert_true(g_str_has_suffix(short_line, "... (cut)\nend\n"));
    g_assert_cmpuint(strlen(short_line), <, 32 * 1024);
}

/* --- comparisons -------------------------------------------------------------------------------------- */

static RunArchive *run_of(const Place *place, const char *name, const char *items, const char *health) {
    g_autofree char *folder = place_below(place, name);
    g_autofree char *yaml = g_strdup_printf("{\"name\": \"p\", \"status\": \"failed\", \"items\": [%s]}", items);
    g_free(files_write(folder, "plugins/p/sonobuoy_results.yaml", yaml));
    g_free(files_write(folder, "meta/clusterhealth.json", health));
    g_autoptr(GError) error = NULL;
    RunArchive *archive = run_archive_open(folder, NULL, &error);
    g_assert_no_error(error);
    return archive;
}

/* "broke: a, b; new: c"; names with the node and file before them where there are such. */
static char *differences(const Comparison *comparison) {
    static const char *const words[] = {"broke", "healed", "new", "gone", "runs", "skipped", "changed", "failing"};
    GString *text = g_string_new(NULL);
    for (Change change = 0; change < CHANGES; change++) {
        const GArray *list = comparison->differences[change];
        for (guint i = 0; i < list->len; i++) {
            const Difference *one = &g_array_index(list, Difference, i);
            if (i == 0)
                g_string_append_printf(text, "%s%s:", text->len ? "; " : "", words[change]);
            g_string_append_printf(text, " %s%s%s", one->path, *one->path ? "/" : "", one->name);
        }
    }
    return g_string_free(text, FALSE);
}

static void assert_differences(Place *place, const char *before, const char *after, const char *expected, bool broke) {
    g_autoptr(RunArchive) a = run_of(place, "a", before, "{}");
    g_autoptr(RunArchive) b = run_of(place, "b", after, "{}");
    g_autoptr(GError) error = NULL;
    g_autoptr(Comparison) comparison = comparison_new(a, b, NULL, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *text = differences(comparison);
    g_assert_cmpstr(text, ==, expected);
    g_assert_true(comparison_broke(comparison) == broke);
    g_assert_null(comparison->trouble);
}

#define T(name, status) "{\"name\": \"" name "\", \"status\": \"" status "\"}"
#define IN(name, items) "{\"name\": \"" name "\", \"items\": [" items "]}"

static void test_statuses(Place *place, gconstpointer data) {
    static const struct {
        const char *before, *after, *change;
    } cases[] = {
        {"passed", "failed", "broke"},    {"passed", "timeout", "broke"},
        {"passed", "unknown", "broke"},   {"dry", "failed", "broke"},
        {"failed", "passed", "healed"},   {"unknown", "passed", "healed"},
        {"timeout", "dry", "healed"},     {"failed", "timeout", "failing"},
        {"failed", "failed", "failing"},  {"skipped", "passed", "runs"},
        {"skipped", "failed", "runs"},    {"passed", "skipped", "skipped"},
        {"failed", "skipped", "skipped"}, {"passed", "dry", "changed"},
        {"dry", "wet", "changed"},        {"dry", "dry", ""},
        {"passed", "passed", ""},         {"skipped", "skipped", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *before = g_strdup_printf("{\"name\": \"t\", \"status\": \"%s\"}", cases[i].before);
        g_autofree char *after = g_strdup_printf("{\"name\": \"t\", \"status\": \"%s\"}", cases[i].after);
        g_autofree char *expected = *cases[i].change ? g_strdup_printf("%s: t", cases[i].change) : g_strdup("");
        assert_differences(place, before, after, expected, g_str_equal(cases[i].change, "broke"));
    }
}

static void test_pairs(Place *place, gconstpointer data) {
    assert_differences(place, T("a", "passed") "," T("b", "passed"), T("b", "passed") "," T("a", "failed"), "broke: a",
                       true);
    assert_differences(place, T("[It] a", "passed"), T("a", "failed"), "broke: a", true);
    assert_differences(place, T("a", "passed"), T("[It] a", "passed"), "", false);
    assert_differences(place, T("a", "passed"), T("A", "failed"), "new: A; gone: a", false);
    assert_differences(place, IN("f", T("a", "passed")), IN("g", T("a", "failed")), "new: g/a; gone: f/a", false);
    assert_differences(place, IN("f", T("a", "passed")) "," IN("g", T("a", "failed")),
                       IN("g", T("a", "passed")) "," IN("f", T("a", "failed")), "broke: f/a; healed: g/a", true);
    assert_differences(place, "", "", "failing: p", false); /* a plugin without items is one itself */
}

static void test_duplicates_in_order(Place *place, gconstpointer data) {
    assert_differences(place, T("a", "passed") "," T("a", "failed") "," T("a", "skipped"),
                       T("a", "failed") "," T("a", "passed") "," T("a", "passed") "," T("a", "failed"),
                       "broke: a; healed: a; new: a; runs: a", true);
    assert_differences(place, T("a", "passed") "," T("a", "passed"), T("a", "passed"), "gone: a", false);
}

/* --- health ------------------------------------------------------------------------------------------------ */

#define NODES(details) "{\"node_health\": {\"total_nodes\": 2, \"healthy_nodes\": 1, \"details\": [" details "]}}"
#define NODE(name, healthy) "{\"name\": \"" name "\", \"healthy\": " healthy ", \"ready\": \"r\"}"

static void test_nodes(Place *place, gconstpointer data) {
    g_autoptr(RunArchive) a =
        run_of(place, "a", T("t", "passed"), NODES(NODE("n1", "true") "," NODE("n2", "true") "," NODE("n3", "false")));
    g_autoptr(RunArchive) b =
        run_of(place, "b", T("t", "passed"), NODES(NODE("n1", "false") "," NODE("n3", "false") "," NODE("n4", "true")));
    g_autoptr(RunArchive) silent = run_of(place, "c", T("t", "passed"), "{}");
    g_autoptr(Comparison) comparison = comparison_new(a, b, NULL, NULL, NULL);
    static const struct {
        const char *name;
        Change change;
    } expected[] = {{"n1", CHANGE_BROKE}, {"n3", CHANGE_FAILING}, {"n4", CHANGE_NEW}, {"n2", CHANGE_GONE}};
    g_assert_cmpuint(comparison->nodes.differences->len, ==, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        const HealthDifference *one = &g_array_index(comparison->nodes.differences, HealthDifference, i);
        g_assert_cmpstr(one->name, ==, expected[i].name);
        g_assert_cmpint(one->change, ==, expected[i].change);
    }
    g_assert_true(comparison_broke(comparison));
    g_autoptr(Comparison) other = comparison_new(a, silent, NULL, NULL, NULL); /* nothing is known, nothing broke */
    g_assert_false(comparison_broke(other));
    g_assert_false(other->nodes.known[1]);
}

static void test_unreadable(Place *place, gconstpointer data) {
    g_autoptr(RunArchive) a = run_of(place, "a", T("t", "passed"), "{}");
    g_autoptr(RunArchive) b = run_of(place, "b", "[", "{");
    g_autoptr(Comparison) comparison = comparison_new(a, b, NULL, NULL, NULL);
    g_assert_cmpuint(comparison->trouble->len, ==, 2);
    g_assert_cmpuint(comparison->differences[CHANGE_GONE]->len, ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(comparison_new(a, a, "q", NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

/* --- files that are replaced --------------------------------------------------------------------------------- */

static guint count_files(const char *folder) {
    guint count = 0;
    GDir *dir = g_dir_open(folder, 0, NULL);
    while (g_dir_read_name(dir))
        count++;
    g_dir_close(dir);
    return count;
}

static void test_file_is_replaced_whole(Place *place, gconstpointer data) {
    g_autofree char *path = files_write(place->folder, "file", "old");
    g_autoptr(GError) error = NULL;
    FileReplace *file = file_replace_new(path, &error);
    fputs("half", file_replace_out(file));
    fflush(file_replace_out(file));
    g_autofree char *meanwhile = files_read(place->folder, "file");
    g_assert_cmpstr(meanwhile, ==, "old");
    file_replace_free(file);
    g_assert_cmpuint(count_files(place->folder), ==, 1);
    g_autofree char *after = files_read(place->folder, "file");
    g_assert_cmpstr(after, ==, "old");
    file = file_replace_new(path, &error);
    fputs("new", file_replace_out(file));
    g_assert_true(file_replace_finish(file, &error));
    file_replace_free(file);
    g_autofree char *last = files_read(place->folder, "file");
    g_assert_cmpstr(last, ==, "new");
    g_assert_cmpuint(count_files(place->folder), ==, 1);
}

static void test_file_that_cannot_be_replaced(Place *place, gconstpointer data) {
    g_autofree char *path = g_build_filename(place->folder, "none", "file", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(file_replace_new(path, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_autoptr(FileReplace) full = file_replace_new("/dev/full", &error);
    g_assert_no_error(error);
    fputs("x", file_replace_out(full));
    g_assert_false(file_replace_finish(full, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NO_SPACE);
}

/* A link stays, and what it leads to is replaced. */
static void test_file_behind_a_link(Place *place, gconstpointer data) {
    g_free(files_write(place->folder, "far/file", "old"));
    g_autofree char *link = g_build_filename(place->folder, "link", NULL);
    g_assert_cmpint(symlink("far/file", link), ==, 0);
    g_autoptr(FileReplace) file = file_replace_new(link, NULL);
    fputs("new", file_replace_out(file));
    g_assert_true(file_replace_finish(file, NULL));
    g_autofree char *content = files_read(place->folder, "far/file");
    g_assert_cmpstr(content, ==, "new");
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
}

#define ADD(path, function) g_test_add(path, Place, NULL, place_set_up, function, place_tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/escape", test_escape);
    g_test_add_func("/report/cut", test_cut);
    g_test_add_func("/report/lines", test_lines);
    g_test_add_func("/report/logs/ginkgo-1", test_logs_of_ginkgo_1);
    g_test_add_func("/report/logs/ginkgo-2", test_logs_of_ginkgo_2);
    g_test_add_func("/report/logs/ginkgo-2-1", test_logs_of_ginkgo_2_1);
    g_test_add_func("/report/logs/without-an-end", test_logs_without_an_end);
    g_test_add_func("/report/logs/long", test_long_logs_are_cut);
    ADD("/compare/statuses", test_statuses);
    ADD("/compare/pairs", test_pairs);
    ADD("/compare/duplicates", test_duplicates_in_order);
    ADD("/compare/nodes", test_nodes);
    ADD("/compare/unreadable", test_unreadable);
    ADD("/file-replace/whole", test_file_is_replaced_whole);
    ADD("/file-replace/cannot", test_file_that_cannot_be_replaced);
    ADD("/file-replace/link", test_file_behind_a_link);
    return g_test_run();
}
