/* The status of a run: progress, the annotation's text and what people see of it. */
#include "sonobuoy/status.h"

#include <string.h>

static void progress(StatusEntry *entry, const char *json) {
    g_autoptr(yyjson_doc) doc = json_parse(json, strlen(json), "progress", NULL);
    g_assert_nonnull(doc);
    GError *error = NULL;
    g_assert_true(status_entry_progress(entry, yyjson_doc_get_root(doc), "2026-01-02T03:04:05Z", &error));
    g_assert_no_error(error);
}

static void expect(const StatusEntry *entry, gint64 total, gint64 completed, const char *failures) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(entry->progress);
    yyjson_mut_val *list = yyjson_mut_obj_get(root, "failures");
    g_autofree char *text = list ? json_mut_write(list, NULL) : g_strdup("");
    g_assert_cmpint(json_mut_int(yyjson_mut_obj_get(root, "total"), -1), ==, total);
    g_assert_cmpint(json_mut_int(yyjson_mut_obj_get(root, "completed"), -1), ==, completed);
    g_assert_cmpstr(text, ==, failures);
}

static const StatusEntry *status_entry(const RunStatus *status) {
    return status->entries->pdata[0];
}

static void test_progress(void) {
    g_autoptr(RunStatus) status = run_status_new();
    StatusEntry *entry = run_status_ensure(status, "e2e", STATUS_GLOBAL);
    progress(entry, "{\"msg\":\"a\",\"appendtotals\":true}");
    expect(entry, 0, 0, "");
    progress(entry, "{\"appendtotals\":true,\"appendcompleted\":3,\"appendfailing\":[\"foo\"]}");
    expect(entry, 4, 3, "[\"foo\"]");
    progress(entry, "{\"appendtotals\":true,\"appendcompleted\":4}");
    expect(entry, 8, 7, "[\"foo\"]");
    progress(entry, "{\"appendtotals\":true,\"appendcompleted\":5,\"appendfailing\":[\"bar\"]}");
    expect(entry, 14, 12, "[\"foo\",\"bar\"]");
    /* Without any append it replaces. */
    progress(entry, "{\"total\":33,\"completed\":33}");
    expect(entry, 33, 33, "");
    progress(entry, "{\"appendtotals\":true,\"appendcompleted\":4}");
    expect(entry, 37, 37, "");
    static const char *const wrong[] = {"[]", "{\"total\":\"x\"}", "{\"failures\":[1]}", "{\"appendfailing\":{}}"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(yyjson_doc) doc = json_parse(wrong[i], strlen(wrong[i]), "progress", NULL);
        g_autoptr(GError) error = NULL;
        g_assert_false(status_entry_progress(entry, yyjson_doc_get_root(doc), "", &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
    expect(entry, 37, 37, "");
}

static void test_text(void) {
    g_autoptr(RunStatus) status = run_status_new();
    StatusEntry *e2e = run_status_ensure(status, "e2e", STATUS_GLOBAL);
    progress(e2e, "{\"total\":2,\"completed\":1,\"failures\":[\"x\"]}");
    e2e->phase = RUN_COMPLETE;
    g_free(e2e->result);
    e2e->result = g_strdup("failed");
    static const char *const nodes[] = {"a", "b", "c"};
    for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++) {
        StatusEntry *entry = run_status_ensure(status, "systemd_logs", nodes[i]);
        if (i == 0) {
            entry->phase = RUN_COMPLETE;
            g_free(entry->result);
            entry->result = g_strdup("failed");
        }
    }
    g_assert_cmpint(run_status_overall(status), ==, RUN_RUNNING);
    g_autofree char *text = run_status_text(status, false);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpstr(lines[0], ==,
                    "         PLUGIN     STATUS   RESULT   COUNT                                PROGRESS");
    g_assert_cmpstr(lines[1], ==,
                    "            e2e   complete   failed       1   Passed:  1, Failed:  1, Remaining:  0");
    g_assert_true(g_str_has_prefix(lines[2], "   systemd_logs   complete   failed       1   "));
    g_assert_true(g_str_has_prefix(lines[3], "   systemd_logs    running                2   "));
    g_assert_cmpstr(lines[4], ==, "");
    g_assert_true(g_str_has_prefix(lines[5], "Sonobuoy is still running."));
    g_autofree char *all = run_status_text(status, true);
    g_auto(GStrv) rows = g_strsplit(all, "\n", -1);
    g_assert_cmpuint(g_strv_length(rows), ==, 8);
    g_assert_nonnull(strstr(rows[0], "NODE"));
}

static void test_round(void) {
    g_autoptr(RunStatus) status = run_status_new();
    g_autofree char *empty = run_status_write(status);
    g_assert_cmpstr(empty, ==,
                    "{\"plugins\":null,\"status\":\"running\",\"tar-info\":{\"name\":\"\",\"created\":"
                    "\"0001-01-01T00:00:00Z\",\"sha256\":\"\",\"size\":0}}");
    run_status_ensure(status, "a", "n1")->phase = RUN_FAILED;
    status->tar_name = g_strdup("x.tar.gz");
    status->tar_size = 7;
    status->phase = RUN_COMPLETE;
    g_autofree char *text = run_status_write(status);
    g_autoptr(RunStatus) again = run_status_parse(text, strlen(text), NULL);
    g_assert_nonnull(again);
    g_autofree char *same = run_status_write(again);
    g_assert_cmpstr(same, ==, text);
    static const char *const wrong[] = {"", "[]", "{}", "{\"status\":\"odd\"}",
                                        "{\"status\":\"running\",\"plugins\":[{\"plugin\":\"a\"}]}"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(run_status_parse(wrong[i], strlen(wrong[i]), &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

/* Thousands of failures do not make it too large for an annotation. */
static void test_size(void) {
    g_autoptr(RunStatus) status = run_status_new();
    StatusEntry *entry = run_status_ensure(status, "e2e", STATUS_GLOBAL);
    g_autoptr(GString) json = g_string_new("{\"total\":7000,\"failures\":[");
    for (int i = 0; i < 7000; i++)
        g_string_append_printf(json, "%s\"[sig-x] a test of some length that failed, number %d\"", i ? "," : "", i);
    g_string_append(json, "]}");
    progress(entry, json->str);
    g_autofree char *text = run_status_write(status);
    g_assert_cmpuint(strlen(text), <=, STATUS_SIZE_MAX);
    g_assert_nonnull(strstr(text, "more\""));
    g_assert_nonnull(strstr(text, "number 0\""));
}

static guint count_nodes(const RunStatus *status) {
    guint nodes = 0;
    for (guint i = 0; i < status->entries->len; i++)
        nodes += ((const StatusEntry *)status->entries->pdata[i])->nodes;
    return nodes;
}

static void test_reasons(void) {
    g_autoptr(RunStatus) status = run_status_new();
    static const char *const nodes[] = {"a", "b", "c", "d", "e", "f"};
    for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++)
        status_entry_fail(run_status_ensure(status, "each", nodes[i]), i == 1 ? "other" : "no room");
    status_entry_fail(run_status_ensure(status, "once", STATUS_GLOBAL), "quota");
    StatusEntry *late = run_status_ensure(status, "late", STATUS_GLOBAL);
    status_entry_fail(late, "gone");
    late->phase = RUN_COMPLETE; /* it came all the same */
    g_autofree char *text = run_status_write(status);
    g_assert_null(strstr(text, "gone"));
    g_autoptr(RunStatus) again = run_status_parse(text, strlen(text), NULL);
    g_autoptr(GPtrArray) reasons = run_status_reasons(again);
    g_assert_cmpuint(reasons->len, ==, 3);
    g_assert_cmpstr(reasons->pdata[0], ==, "each on a, c, d, e, f: no room");
    g_assert_cmpstr(reasons->pdata[1], ==, "each on b: other");
    g_assert_cmpstr(reasons->pdata[2], ==, "once: quota");
}

/* Reasons of thousands of nodes are cut, at a whole character, before there are too many. */
static void test_reasons_size(void) {
    g_autoptr(RunStatus) status = run_status_new();
    g_autoptr(GString) reason = g_string_new(NULL);
    for (int i = 0; i < 400; i++)
        g_string_append(reason, "\xc3\xa4");
    status_entry_fail(run_status_ensure(status, "p", "n"), reason->str);
    g_assert_cmpuint(strlen(status_entry(status)->reason), <=, 512 + strlen("..."));
    g_assert_true(g_utf8_validate(status_entry(status)->reason, -1, NULL));
    for (int i = 0; i < 1500; i++) {
        g_autofree char *node = g_strdup_printf("node-%d", i);
        status_entry_fail(run_status_ensure(status, "p", node), reason->str);
    }
    g_autofree char *text = run_status_write(status);
    g_assert_cmpuint(strlen(text), <=, STATUS_SIZE_MAX);
    g_autoptr(RunStatus) again = run_status_parse(text, strlen(text), NULL);
    g_assert_nonnull(again);
    g_assert_cmpuint(count_nodes(again), ==, 1501);
}

static void finish_entry(StatusEntry *entry, const char *result) {
    entry->phase = RUN_COMPLETE;
    g_free(entry->result);
    entry->result = g_strdup(result);
    g_autofree char *counts = g_strdup_printf("{\"%s\":1}", result);
    g_autoptr(yyjson_doc) doc = json_parse(counts, strlen(counts), "counts", NULL);
    entry->counts = yyjson_doc_mut_copy(doc, NULL);
}

/* Nor do thousands of nodes: what has not passed is told of each, and all are counted. */
static void test_many_nodes(void) {
    enum { NODES = 5000 };
    g_autoptr(RunStatus) status = run_status_new();
    progress(run_status_ensure(status, "e2e", STATUS_GLOBAL), "{\"total\":7,\"completed\":2,\"failures\":[\"why\"]}");
    for (int i = 0; i < NODES; i++) {
        g_autofree char *node = g_strdup_printf("node-%d.of-a-region.example.org", i);
        StatusEntry *entry = run_status_ensure(status, "logs", node);
        if (i % 1000 == 0)
            entry->phase = RUN_FAILED;
        else if (i % 1000 == 1)
            finish_entry(entry, "failed");
        else if (i % 1000 != 2)
            finish_entry(entry, "passed");
    }
    g_autofree char *whole = run_status_write_all(status), *text = run_status_write(status);
    g_assert_cmpuint(strlen(whole), >, STATUS_SIZE_MAX);
    g_assert_cmpuint(strlen(text), <=, STATUS_SIZE_MAX);
    g_assert_cmpuint(strlen(text), >, STATUS_SIZE_MAX / 2); /* there is room for many */
    static const char *const told[] = {"node-0.", "node-4000.", "node-1001.", "node-4002.", "\"why\""};
    for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
        g_assert_nonnull(strstr(text, told[i]));
    g_autoptr(RunStatus) again = run_status_parse(text, strlen(text), NULL),
                         all = run_status_parse(whole, strlen(whole), NULL);
    g_assert_true(run_status_is_bad(again));
    g_autofree char *summary = run_status_text(again, false), *expected = run_status_text(all, false);
    g_assert_cmpstr(summary, ==, expected);
    g_autofree char *rows = run_status_text(again, true), *same = run_status_write(again);
    g_assert_nonnull(strstr(rows, " more (complete, passed)"));
    g_assert_cmpstr(same, ==, text);
}

/* Where each node says something of its own there is an end to it as well. */
static void test_many_odd_nodes(void) {
    g_autoptr(RunStatus) status = run_status_new();
    for (int i = 0; i < 20000; i++) {
        g_autofree char *node = g_strdup_printf("node-%d", i), *result = g_strdup_printf("moored-%d: 1", i);
        g_autofree char *failures = g_strdup_printf("{\"total\":9,\"failures\":[\"a\",\"b%d\",\"c\"]}", i);
        StatusEntry *entry = run_status_ensure(status, i % 2 ? "a" : "b", node);
        progress(entry, failures);
        if (i % 3)
            finish_entry(entry, result);
        if (i % 5 == 0)
            entry->phase = RUN_FAILED;
    }
    g_autofree char *text = run_status_write(status);
    g_assert_cmpuint(strlen(text), <=, STATUS_SIZE_MAX);
    g_autoptr(RunStatus) again = run_status_parse(text, strlen(text), NULL);
    g_assert_cmpuint(count_nodes(again), ==, 20000);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sonobuoy/status/progress", test_progress);
    g_test_add_func("/sonobuoy/status/text", test_text);
    g_test_add_func("/sonobuoy/status/round", test_round);
    g_test_add_func("/sonobuoy/status/size", test_size);
    g_test_add_func("/sonobuoy/status/reasons", test_reasons);
    g_test_add_func("/sonobuoy/status/reasons-size", test_reasons_size);
    g_test_add_func("/sonobuoy/status/many-nodes", test_many_nodes);
    g_test_add_func("/sonobuoy/status/many-odd-nodes", test_many_odd_nodes);
    return g_test_run();
}
