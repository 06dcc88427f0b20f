#include "sonobuoy/compare.h"

#include <string.h>

#define NONE G_MAXUINT

/* A test of the first run. */
typedef struct {
    const char *node, *path, *name, *status;
    guint next; /* the next one of the same key, or NONE */
    bool paired;
} Test;

/* The tests of one key that have no partner yet; NONE: there is none left. */
typedef struct {
    guint first, last;
} Queue;

typedef struct {
    Comparison *comparison;
    const char *plugin;
    GArray *tests;      /* Test, of the first run */
    GHashTable *queues; /* key -> Queue */
} Pairing;

/* --- tests --------------------------------------------------------------------------------------- */

static char *key_of(const ReportItem *item) {
    g_autofree char *path = report_path(item, COMPARE_BETWEEN);
    return g_strjoin(COMPARE_BETWEEN, item->node ? item->node : "", path, results_test_name(item->name), NULL);
}

static const char *kept(Comparison *comparison, const char *text) {
    return text ? g_string_chunk_insert_const(comparison->texts, text) : NULL;
}

static bool take_before(const ReportItem *item, void *data, GError **error) {
    Pairing *pairing = data;
    g_autofree char *path = report_path(item, COMPARE_BETWEEN), *key = key_of(item);
    Test test = {.node = kept(pairing->comparison, item->node),
                 .path = kept(pairing->comparison, path),
                 .name = results_test_name(item->name), /* the tree's, which stands until all are paired */
                 .status = kept(pairing->comparison, item->status),
                 .next = NONE};
    guint number = pairing->tests->len;
    g_array_append_vals(pairing->tests, &test, 1);
    Queue *queue = g_hash_table_lookup(pairing->queues, key);
    if (queue) {
        g_array_index(pairing->tests, Test, queue->last).next = number;
        queue->last = number;
        return true;
    }
    queue = g_new0(Queue, 1);
    *queue = (Queue){number, number};
    g_hash_table_insert(pairing->queues, g_steal_pointer(&key), queue);
    return true;
}

/* The test that is the item's in the first run, which is taken; NULL: there is none. */
static Test *partner_of(Pairing *pairing, const ReportItem *item) {
    g_autofree char *key = key_of(item);
    Queue *queue = g_hash_table_lookup(pairing->queues, key);
    if (!queue || queue->first == NONE)
        return NULL;
    Test *test = &g_array_index(pairing->tests, Test, queue->first);
    queue->first = test->next;
    test->paired = true;
    return test;
}

/* CHANGES: none. */
static Change change_of(const char *before, const char *after) {
    Outcome was = results_outcome(before), is = results_outcome(after);
    if (was == OUTCOME_FAILED && is == OUTCOME_FAILED)
        return CHANGE_FAILING;
    if (was == OUTCOME_SKIPPED || is == OUTCOME_SKIPPED)
        return was == is ? CHANGES : was == OUTCOME_SKIPPED ? CHANGE_RUNS : CHANGE_SKIPPED;
    if (is == OUTCOME_FAILED)
        return CHANGE_BROKE;
    if (was == OUTCOME_FAILED)
        return CHANGE_HEALED;
    return g_str_equal(before, after) ? CHANGES : CHANGE_STATUS;
}

static void add(const Pairing *pairing, Difference difference) {
    Comparison *comparison = pairing->comparison;
    if (difference.change == CHANGES) {
        comparison->same++;
        return;
    }
    difference.plugin = kept(comparison, pairing->plugin);
    difference.name = kept(comparison, difference.name);
    bool failed = difference.after && results_outcome(difference.after) == OUTCOME_FAILED;
    comparison->failed_now[difference.change] += failed;
    g_array_append_vals(comparison->differences[difference.change], &difference, 1);
}

static bool take_after(const ReportItem *item, void *data, GError **error) {
    Pairing *pairing = data;
    Test *test = partner_of(pairing, item);
    g_autofree char *path = test ? NULL : report_path(item, COMPARE_BETWEEN);
    Difference difference = {.change = test ? change_of(test->status, item->status) : CHANGE_NEW,
                             .node = test ? test->node : kept(pairing->comparison, item->node),
                             .path = test ? test->path : kept(pairing->comparison, path),
                             .name = results_test_name(item->name),
                             .before = test ? test->status : NULL,
                             .after = kept(pairing->comparison, item->status)};
    add(pairing, difference);
    return true;
}

static void add_gone(const Pairing *pairing) {
    for (guint i = 0; i < pairing->tests->len; i++) {
        const Test *test = &g_array_index(pairing->tests, Test, i);
        if (test->paired)
            continue;
        Difference difference = {
            .change = CHANGE_GONE, .node = test->node, .path = test->path, .name = test->name, .before = test->status};
        add(pairing, difference);
    }
}

static bool pair(Pairing *pairing, const ReportRequest *request, const ReportPlugin trees[2], GError **error) {
    g_autoptr(GArray) tests = g_array_new(FALSE, FALSE, sizeof(Test));
    g_autoptr(GHashTable) queues = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    pairing->tests = tests;
    pairing->queues = queues;
    if (!report_each_item(request, &trees[0], take_before, pairing, error) ||
        !report_each_item(request, &trees[1], take_after, pairing, error))
        return false;
    add_gone(pairing);
    return true;
}

/* --- plugins ---------------------------------------------------------------------------------------- */

static void add_trouble(Comparison *comparison, GError *error) {
    ReportEnd end = {.trouble = comparison->trouble};
    report_trouble(&end, error);
    comparison->trouble = end.trouble;
}

/* A run that did not have the plugin has an empty tree of it; where a tree cannot be read nothing is compared. */
static bool compare_plugin(Comparison *comparison, RunArchive *const archives[2], char **const plugins[2],
                           const char *name, Cancel *cancel, GError **error) {
    g_autoptr(yyjson_mut_doc) before = NULL, after = NULL;
    yyjson_mut_doc **docs[] = {&before, &after};
    ReportPlugin trees[2] = {{.name = name}, {.name = name}};
    for (size_t i = 0; i < G_N_ELEMENTS(docs); i++) {
        GError *failure = NULL;
        if (!g_strv_contains((const char *const *)plugins[i], name))
            continue;
        *docs[i] = run_archive_results(archives[i], name, &failure);
        if (!*docs[i]) {
            add_trouble(comparison, failure);
            return true;
        }
        trees[i].doc = *docs[i];
        trees[i].item = yyjson_mut_doc_get_root(*docs[i]);
    }
    Pairing pairing = {.comparison = comparison, .plugin = name};
    ReportRequest request = {.cancel = cancel};
    return pair(&pairing, &request, trees, error);
}

/* Those of the first run, and those of the second that it did not have. */
static bool compare_plugins(Comparison *comparison, RunArchive *const archives[2], const char *wanted, Cancel *cancel,
                            GError **error) {
    g_auto(GStrv) before = run_archive_plugins(archives[0], error);
    g_auto(GStrv) after = before ? run_archive_plugins(archives[1], error) : NULL;
    char **const plugins[] = {before, after};
    if (!after)
        return false;
    if (wanted && !g_strv_contains((const char *const *)before, wanted) &&
        !g_strv_contains((const char *const *)after, wanted)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "neither run has a plugin \"%s\"", wanted);
        return false;
    }
    for (size_t run = 0; run < G_N_ELEMENTS(plugins); run++) {
        for (char **name = plugins[run]; *name; name++) {
            bool done = run == 1 && g_strv_contains((const char *const *)before, *name);
            if (done || (wanted && !g_str_equal(*name, wanted)))
                continue;
            if (cancel_check(cancel, error) || !compare_plugin(comparison, archives, plugins, *name, cancel, error))
                return false;
        }
    }
    return true;
}

/* --- health ------------------------------------------------------------------------------------------- */

static const char *text_in(Comparison *comparison, yyjson_val *object, const char *key) {
    const char *text = json_get_string(object, key);
    return kept(comparison, text ? text : "");
}

static void add_health(Comparison *comparison, HealthComparison *health, Change change, yyjson_val *one) {
    HealthDifference difference = {.change = change,
                                   .healthy = yyjson_get_bool(yyjson_obj_get(one, "healthy")),
                                   .namespace_ = text_in(comparison, one, "namespace"),
                                   .name = text_in(comparison, one, "name"),
                                   .ready = text_in(comparison, one, "ready"),
                                   .reason = text_in(comparison, one, "reason"),
                                   .message = text_in(comparison, one, "message")};
    g_array_append_vals(health->differences, &difference, 1);
}

static char *health_key(yyjson_val *one) {
    const char *namespace_ = json_get_string(one, "namespace"), *name = json_get_string(one, "name");
    return g_strdup_printf("%s/%s", namespace_ ? namespace_ : "", name ? name : "");
}

/* Of several with one name, which no cluster has, the last. */
static GHashTable *by_name(yyjson_val *health) {
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t index, count;
    yyjson_val *one;
    yyjson_arr_foreach(json_get(health, "details"), index, count, one)
        g_hash_table_insert(names, health_key(one), one);
    return names;
}

static void compare_one(Comparison *comparison, HealthComparison *health, yyjson_val *before, yyjson_val *after) {
    bool was = yyjson_get_bool(yyjson_obj_get(before, "healthy")),
         is = yyjson_get_bool(yyjson_obj_get(after, "healthy"));
    if (!before)
        add_health(comparison, health, CHANGE_NEW, after);
    else if (was != is)
        add_health(comparison, health, is ? CHANGE_HEALED : CHANGE_BROKE, after);
    else if (!is)
        add_health(comparison, health, CHANGE_FAILING, after);
}

/* Only where both runs say: one that does not has not lost its nodes. */
static void compare_health(Comparison *comparison, HealthComparison *health, const char *key,
                           yyjson_val *const roots[2]) {
    yyjson_val *sides[2], *one;
    size_t index, count;
    for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
        sides[i] = json_get(roots[i], key);
        health->known[i] = yyjson_is_obj(sides[i]);
        health->total[i] = json_int(json_get(sides[i], "total_nodes"), 0);
        health->healthy[i] = json_int(json_get(sides[i], "healthy_nodes"), 0);
    }
    if (!health->known[0] || !health->known[1])
        return;
    g_autoptr(GHashTable) before = by_name(sides[0]), after = by_name(sides[1]);
    yyjson_arr_foreach(json_get(sides[1], "details"), index, count, one) {
        g_autofree char *name = health_key(one);
        if (g_hash_table_lookup(after, name) == one)
            compare_one(comparison, health, g_hash_table_lookup(before, name), one);
    }
    yyjson_arr_foreach(json_get(sides[0], "details"), index, count, one) {
        g_autofree char *name = health_key(one);
        if (g_hash_table_lookup(before, name) == one && !g_hash_table_contains(after, name))
            add_health(comparison, health, CHANGE_GONE, one);
    }
}

static void compare_runs(Comparison *comparison, RunArchive *const archives[2]) {
    g_auto(ReportRun) before = {0}, after = {0};
    ReportRun *runs[] = {&before, &after};
    yyjson_val *roots[2];
    ReportEnd end = {.trouble = comparison->trouble};
    for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
        ReportRequest request = {.archive = archives[i]};
        report_run_read(&request, runs[i], &end);
        comparison->server[i] = g_strdup(runs[i]->server);
        roots[i] = yyjson_doc_get_root(runs[i]->health);
    }
    comparison->trouble = end.trouble;
    compare_health(comparison, &comparison->nodes, "node_health", roots);
    compare_health(comparison, &comparison->pods, "pod_health", roots);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

bool comparison_broke(const Comparison *comparison) {
    bool broke = comparison->differences[CHANGE_BROKE]->len > 0;
    for (guint i = 0; i < comparison->nodes.differences->len; i++)
        broke = broke || g_array_index(comparison->nodes.differences, HealthDifference, i).change == CHANGE_BROKE;
    return broke;
}

Comparison *comparison_new(RunArchive *before, RunArchive *after, const char *plugin, Cancel *cancel, GError **error) {
    g_autoptr(Comparison) comparison = g_new0(Comparison, 1);
    RunArchive *const archives[] = {before, after};
    comparison->texts = g_string_chunk_new(64 * 1024);
    comparison->nodes.differences = g_array_new(FALSE, FALSE, sizeof(HealthDifference));
    comparison->pods.differences = g_array_new(FALSE, FALSE, sizeof(HealthDifference));
    for (Change change = 0; change < CHANGES; change++)
        comparison->differences[change] = g_array_new(FALSE, FALSE, sizeof(Difference));
    if (!compare_plugins(comparison, archives, plugin, cancel, error))
        return NULL;
    compare_runs(comparison, archives);
    return g_steal_pointer(&comparison);
}

void comparison_free(Comparison *comparison) {
    if (!comparison)
        return;
    for (Change change = 0; change < CHANGES; change++)
        g_array_unref(comparison->differences[change]);
    g_array_unref(comparison->nodes.differences);
    g_array_unref(comparison->pods.differences);
    g_clear_pointer(&comparison->trouble, g_ptr_array_unref);
    g_string_chunk_free(comparison->texts);
    g_free(comparison->server[0]);
    g_free(comparison->server[1]);
    g_free(comparison);
}
