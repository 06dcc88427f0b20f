/* How a run is, in words. */
#include "base/text.h"
#include "sonobuoy/status.h"

#include <string.h>

/* --- why results did not come ------------------------------------------------------------------ */

static const StatusEntry *explained(const RunStatus *status, guint index) {
    const StatusEntry *entry = status->entries->pdata[index];
    return entry->phase == RUN_FAILED && entry->reason && *entry->reason ? entry : NULL;
}

static bool same_reason(const StatusEntry *left, const StatusEntry *right) {
    return right && g_str_equal(left->plugin, right->plugin) && g_str_equal(left->reason, right->reason);
}

/* "plugin on a, b and 3 more: reason"; NULL where an entry before it says the same. */
static char *reason_text(const RunStatus *status, guint first) {
    enum { NODES_SHOWN = 5 };
    const StatusEntry *entry = explained(status, first);
    guint nodes = 0;
    for (guint i = 0; i < first; i++)
        if (same_reason(entry, explained(status, i)))
            return NULL;
    GString *text = g_string_new(entry->plugin);
    for (guint i = first; i < status->entries->len; i++) {
        const StatusEntry *other = explained(status, i);
        if (same_reason(entry, other) && !g_str_equal(other->node, STATUS_GLOBAL) && nodes++ < NODES_SHOWN)
            g_string_append_printf(text, "%s%s", nodes == 1 ? " on " : ", ", other->node);
    }
    if (nodes > NODES_SHOWN)
        g_string_append_printf(text, " and %u more", nodes - NODES_SHOWN);
    g_string_append_printf(text, ": %s", entry->reason);
    return g_string_free(text, false);
}

GPtrArray *run_status_reasons(const RunStatus *status) {
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < status->entries->len; i++) {
        char *text = explained(status, i) ? reason_text(status, i) : NULL;
        if (text)
            g_ptr_array_add(texts, text);
    }
    return texts;
}

/* --- for people --------------------------------------------------------------------------------- */

static const char *const sentences[] = {
    [RUN_RUNNING] = ("Sonobuoy is still running. Runs can take 60 minutes or more depending on cluster and plugin "
                     "configuration."),
    [RUN_POST_PROCESSING] = "Sonobuoy plugins have completed. Preparing results for download.",
    [RUN_COMPLETE] = "Sonobuoy has completed. Use `sonobuoy retrieve` to get results.",
    [RUN_FAILED] = "Sonobuoy has failed. You can see what happened with `sonobuoy logs`.",
};

static char *progress_text(const StatusEntry *entry) {
    if (!entry->progress)
        return g_strdup("");
    yyjson_mut_val *progress = yyjson_mut_doc_get_root(entry->progress);
    gint64 passed = json_mut_int(yyjson_mut_obj_get(progress, "completed"), 0);
    gint64 failed = (gint64)yyjson_mut_arr_size(yyjson_mut_obj_get(progress, "failures"));
    gint64 remaining = json_mut_int(yyjson_mut_obj_get(progress, "total"), 0) - passed - failed;
    GString *text = g_string_new(NULL);
    g_string_printf(text, "Passed:%3" G_GINT64_FORMAT ", Failed:%3" G_GINT64_FORMAT, passed, failed);
    if (remaining >= 0)
        g_string_append_printf(text, ", Remaining:%3" G_GINT64_FORMAT, remaining);
    return g_string_free(text, false);
}

enum { COLUMNS = 5, GAP = 3 };

/* Rows of COLUMNS texts each, right-aligned. */
static void append_rows(GString *out, const GPtrArray *cells) {
    glong widths[COLUMNS] = {0};
    for (guint i = 0; i < cells->len; i++)
        widths[i % COLUMNS] = MAX(widths[i % COLUMNS], g_utf8_strlen(cells->pdata[i], -1));
    for (guint i = 0; i < cells->len; i++) {
        const char *cell = cells->pdata[i];
        g_string_append_printf(out, "%*s%s", (int)(widths[i % COLUMNS] - g_utf8_strlen(cell, -1)) + GAP, "", cell);
        if (i % COLUMNS == COLUMNS - 1)
            g_string_append_c(out, '\n');
    }
}

static void add_cells(GPtrArray *cells, const char *first, const char *second, const char *third, const char *fourth,
                      const char *fifth) {
    const char *const texts[COLUMNS] = {first, second, third, fourth, fifth};
    for (size_t i = 0; i < COLUMNS; i++)
        g_ptr_array_add(cells, text_printable(texts[i]));
}

static int compare_entries(const void *a, const void *b) {
    const StatusEntry *left = *(StatusEntry *const *)a, *right = *(StatusEntry *const *)b;
    int order = strcmp(left->plugin, right->plugin);
    if (!order)
        order = strcmp(run_phase_name(left->phase), run_phase_name(right->phase));
    return order ? order : strcmp(left->result, right->result);
}

/* A row for each plugin, phase and result: how many entries have them. */
static void add_summary(GPtrArray *cells, const RunStatus *status) {
    g_autoptr(GPtrArray) sorted = g_ptr_array_copy(status->entries, NULL, NULL);
    g_ptr_array_set_free_func(sorted, NULL);
    g_ptr_array_sort(sorted, compare_entries);
    for (guint first = 0, next; first < sorted->len; first = next) {
        const StatusEntry *entry = sorted->pdata[first];
        for (next = first + 1; next < sorted->len && compare_entries(&sorted->pdata[first], &sorted->pdata[next]) == 0;)
            next++;
        bool alone = (first == 0 || !g_str_equal(((StatusEntry *)sorted->pdata[first - 1])->plugin, entry->plugin)) &&
                     next == first + 1 &&
                     (next == sorted->len || !g_str_equal(((StatusEntry *)sorted->pdata[next])->plugin, entry->plugin));
        guint nodes = 0;
        for (guint i = first; i < next; i++)
            nodes += ((const StatusEntry *)sorted->pdata[i])->nodes;
        g_autofree char *count = g_strdup_printf("%u", nodes);
        g_autofree char *progress = alone ? progress_text(entry) : g_strdup("");
        add_cells(cells, entry->plugin, run_phase_name(entry->phase), entry->result, count, progress);
    }
}

char *run_status_text(const RunStatus *status, bool all) {
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
    if (all) {
        add_cells(cells, "PLUGIN", "NODE", "STATUS", "RESULT", "PROGRESS");
        for (guint i = 0; i < status->entries->len; i++) {
            const StatusEntry *entry = status->entries->pdata[i];
            g_autofree char *progress = progress_text(entry);
            add_cells(cells, entry->plugin, entry->node, run_phase_name(entry->phase), entry->result, progress);
        }
    } else {
        add_cells(cells, "PLUGIN", "STATUS", "RESULT", "COUNT", "PROGRESS");
        add_summary(cells, status);
    }
    GString *text = g_string_new(NULL);
    append_rows(text, cells);
    g_string_append_printf(text, "\n%s\n", sentences[status->phase]);
    return g_string_free(text, false);
}
