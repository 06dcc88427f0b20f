#include "sonobuoy/status.h"

#include "sonobuoy/results.h"

#include <string.h>

static const char *const phase_names[] = {
    [RUN_RUNNING] = "running",
    [RUN_POST_PROCESSING] = "post-processing",
    [RUN_COMPLETE] = "complete",
    [RUN_FAILED] = "failed",
};
enum { REASON_MAX = 512, NODES_MAX = 1000000 };
static const char no_time[] = "0001-01-01T00:00:00Z"; /* as Go writes a time that was never set */

const char *run_phase_name(RunPhase phase) {
    return phase_names[phase];
}

static bool phase_parse(const char *text, RunPhase *out) {
    for (size_t i = 0; text && i < G_N_ELEMENTS(phase_names); i++) {
        if (g_str_equal(text, phase_names[i])) {
            *out = (RunPhase)i;
            return true;
        }
    }
    return false;
}

static void entry_free(StatusEntry *entry) {
    g_free(entry->plugin);
    g_free(entry->node);
    g_free(entry->result);
    g_free(entry->reason);
    yyjson_mut_doc_free(entry->counts);
    yyjson_mut_doc_free(entry->progress);
    g_free(entry);
}

static StatusEntry *entry_new(const char *plugin, const char *node) {
    StatusEntry *entry = g_new0(StatusEntry, 1);
    entry->plugin = g_strdup(plugin);
    entry->node = g_strdup(node);
    entry->nodes = 1;
    entry->result = g_strdup("");
    return entry;
}

RunStatus *run_status_new(void) {
    RunStatus *status = g_new0(RunStatus, 1);
    status->entries = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
    return status;
}

void run_status_free(RunStatus *status) {
    if (!status)
        return;
    g_ptr_array_unref(status->entries);
    g_free(status->tar_name);
    g_free(status->tar_created);
    g_free(status->tar_sha256);
    g_free(status);
}

StatusEntry *run_status_find(const RunStatus *status, const char *plugin, const char *node) {
    for (guint i = 0; i < status->entries->len; i++) {
        StatusEntry *entry = status->entries->pdata[i];
        if (g_str_equal(entry->plugin, plugin) && g_str_equal(entry->node, node))
            return entry;
    }
    return NULL;
}

StatusEntry *run_status_ensure(RunStatus *status, const char *plugin, const char *node) {
    StatusEntry *entry = run_status_find(status, plugin, node);
    if (!entry) {
        entry = entry_new(plugin, node);
        g_ptr_array_add(status->entries, entry);
    }
    return entry;
}

RunPhase run_status_overall(const RunStatus *status) {
    for (guint i = 0; i < status->entries->len; i++)
        if (((const StatusEntry *)status->entries->pdata[i])->phase != RUN_COMPLETE)
            return RUN_RUNNING;
    return RUN_POST_PROCESSING;
}

/* --- reading -------------------------------------------------------------------------------- */

static bool not_a_status(const char *reason, GError **error) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "the annotation " STATUS_ANNOTATION " is no status of a run: %s",
                reason);
    return false;
}

/* The object in a document of its own; NULL where it is none. */
static yyjson_mut_doc *own_object(yyjson_val *value) {
    if (!yyjson_is_obj(value))
        return NULL;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_val_mut_copy(doc, value));
    return doc;
}

static void replace_object(yyjson_mut_doc **field, yyjson_mut_doc *doc) {
    yyjson_mut_doc_free(*field);
    *field = doc;
}

static bool read_entry(RunStatus *status, yyjson_val *value, GError **error) {
    const char *plugin = json_get_string(value, "plugin"), *node = json_get_string(value, "node");
    RunPhase phase;
    if (!plugin || !phase_parse(json_get_string(value, "status"), &phase))
        return not_a_status("a plugin in it has no name or no status", error);
    StatusEntry *entry = run_status_ensure(status, plugin, node ? node : "");
    entry->phase = phase;
    entry->nodes = (guint)CLAMP(json_int(yyjson_obj_get(value, "nodes"), 1), 1, NODES_MAX);
    const char *result = json_get_string(value, "result-status");
    g_free(entry->result);
    entry->result = g_strdup(result ? result : "");
    g_free(entry->reason);
    entry->reason = g_strdup(json_get_string(value, "reason"));
    replace_object(&entry->counts, own_object(yyjson_obj_get(value, "result-counts")));
    replace_object(&entry->progress, own_object(yyjson_obj_get(value, "progress")));
    return true;
}

static void read_archive(RunStatus *status, yyjson_val *value) {
    const char *name = json_get_string(value, "name");
    if (!name || !*name)
        return;
    status->tar_name = g_strdup(name);
    status->tar_created = g_strdup(json_get_string(value, "created"));
    status->tar_sha256 = g_strdup(json_get_string(value, "sha256"));
    status->tar_size = (guint64)MAX(0, json_int(yyjson_obj_get(value, "size"), 0));
}

RunStatus *run_status_parse(const char *text, size_t length, GError **error) {
    g_autoptr(yyjson_doc) doc = json_parse(text, length, "the annotation " STATUS_ANNOTATION, error);
    if (!doc)
        return NULL;
    yyjson_val *root = yyjson_doc_get_root(doc), *value;
    g_autoptr(RunStatus) status = run_status_new();
    if (!phase_parse(json_get_string(root, "status"), &status->phase)) {
        not_a_status("its status is missing", error);
        return NULL;
    }
    size_t index, count;
    yyjson_arr_foreach(yyjson_obj_get(root, "plugins"), index, count, value) {
        if (!read_entry(status, value, error))
            return NULL;
    }
    read_archive(status, yyjson_obj_get(root, "tar-info"));
    return g_steal_pointer(&status);
}

/* --- writing -------------------------------------------------------------------------------- */

static yyjson_mut_val *copy_or_null(yyjson_mut_doc *doc, yyjson_mut_doc *value) {
    return value ? yyjson_mut_val_mut_copy(doc, yyjson_mut_doc_get_root(value)) : yyjson_mut_null(doc);
}

/* At most `names_max` texts of a list; the last says how many there are more. */
static void cut_list(yyjson_mut_doc *doc, yyjson_mut_val *progress, const char *key, size_t names_max) {
    yyjson_mut_val *list = yyjson_mut_obj_get(progress, key);
    size_t count = yyjson_mut_arr_size(list);
    if (count <= names_max)
        return;
    for (size_t i = count; i > names_max; i--)
        yyjson_mut_arr_remove_last(list);
    g_autofree char *more = g_strdup_printf("... and %zu more", count - names_max);
    yyjson_mut_arr_add_strcpy(doc, list, more);
}

/* How much of what may be cut is written: texts of a list, bytes of a reason. */
typedef struct {
    size_t names, reason;
} Measure;

/* At most that many bytes of it, and no half character. */
static char *cut_text(const char *text, size_t length_max) {
    if (strlen(text) <= length_max)
        return g_strdup(text);
    g_autofree char *cut = g_strndup(text, length_max);
    const char *end;
    g_utf8_validate(cut, -1, &end);
    return g_strdup_printf("%.*s...", (int)(end - cut), cut);
}

static yyjson_mut_val *entry_to_json(const StatusEntry *entry, yyjson_mut_doc *doc, Measure measure) {
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    json_mut_set_string(doc, value, "plugin", entry->plugin);
    json_mut_set_string(doc, value, "node", entry->node);
    if (entry->nodes > 1)
        json_mut_set(doc, value, "nodes", yyjson_mut_uint(doc, entry->nodes));
    json_mut_set_string(doc, value, "status", run_phase_name(entry->phase));
    json_mut_set_string(doc, value, "result-status", entry->result);
    json_mut_set(doc, value, "result-counts", copy_or_null(doc, entry->counts));
    if (entry->progress) {
        yyjson_mut_val *progress = copy_or_null(doc, entry->progress);
        cut_list(doc, progress, "failures", measure.names);
        cut_list(doc, progress, "errors", measure.names);
        json_mut_set(doc, value, "progress", progress);
    }
    if (entry->phase == RUN_FAILED && entry->reason && measure.reason) {
        g_autofree char *reason = cut_text(entry->reason, measure.reason);
        json_mut_set_string(doc, value, "reason", reason);
    }
    return value;
}

static char *write_with(const RunStatus *status, const GPtrArray *entries, Measure measure, size_t *length) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *plugins = yyjson_mut_arr(doc);
    for (guint i = 0; i < entries->len; i++)
        yyjson_mut_arr_append(plugins, entry_to_json(entries->pdata[i], doc, measure));
    json_mut_set(doc, root, "plugins", entries->len ? plugins : yyjson_mut_null(doc));
    json_mut_set_string(doc, root, "status", run_phase_name(status->phase));
    yyjson_mut_val *archive = json_mut_ensure_object(doc, root, "tar-info");
    json_mut_set_string(doc, archive, "name", status->tar_name ? status->tar_name : "");
    json_mut_set_string(doc, archive, "created", status->tar_created ? status->tar_created : no_time);
    json_mut_set_string(doc, archive, "sha256", status->tar_sha256 ? status->tar_sha256 : "");
    json_mut_set(doc, archive, "size", yyjson_mut_uint(doc, status->tar_size));
    return json_mut_write(root, length);
}

/* --- how good it is ------------------------------------------------------------------------------ */

static bool is_bad(const char *status) {
    return results_outcome(status) == OUTCOME_FAILED;
}

static bool counts_are_bad(yyjson_mut_doc *counts) {
    size_t index, count;
    yyjson_mut_val *key, *value;
    if (!counts)
        return false;
    yyjson_mut_obj_foreach(yyjson_mut_doc_get_root(counts), index, count, key, value) {
        if (is_bad(yyjson_mut_get_str(key)) && json_mut_int(value, 0) > 0)
            return true;
    }
    return false;
}

/* --- writing less of it ------------------------------------------------------------------------ */

/* What is said of an entry last, or not at all. */
typedef enum { RANK_BAD, RANK_RUNNING, RANK_COMPLETE, RANK_PASSED, RANKS } Rank;

static Rank rank_of(const StatusEntry *entry) {
    if (entry->phase == RUN_FAILED || g_str_equal(entry->node, STATUS_GLOBAL))
        return RANK_BAD;
    if (entry->phase == RUN_RUNNING)
        return RANK_RUNNING;
    if (!*entry->result)
        return RANK_COMPLETE;
    return is_bad(entry->result) || counts_are_bad(entry->counts) ? RANK_BAD : RANK_PASSED;
}

/* Marks the first `keep` by their rank. */
static bool *mark_kept(const GPtrArray *entries, guint keep) {
    bool *kept = g_new0(bool, entries->len + 1);
    for (int rank = 0; rank < RANKS; rank++) {
        for (guint i = 0; i < entries->len && keep > 0; i++) {
            if (rank_of(entries->pdata[i]) == (Rank)rank) {
                kept[i] = true;
                keep--;
            }
        }
    }
    return kept;
}

/* Adds up the counts; more than a few kinds of them are none. */
static void add_counts(StatusEntry *sum, const StatusEntry *entry) {
    enum { KINDS_MAX = 16 };
    size_t index, count;
    yyjson_mut_val *key, *value;
    if (!sum->counts || !entry->counts) {
        g_clear_pointer(&sum->counts, yyjson_mut_doc_free);
        return;
    }
    yyjson_mut_val *counts = yyjson_mut_doc_get_root(sum->counts);
    yyjson_mut_obj_foreach(yyjson_mut_doc_get_root(entry->counts), index, count, key, value) {
        const char *name = yyjson_mut_get_str(key);
        gint64 before = json_mut_int(yyjson_mut_obj_get(counts, name), 0);
        json_mut_set(sum->counts, counts, name, yyjson_mut_sint(sum->counts, before + json_mut_int(value, 0)));
    }
    if (yyjson_mut_obj_size(counts) > KINDS_MAX)
        g_clear_pointer(&sum->counts, yyjson_mut_doc_free);
}

/* The result of a sum that the entry is in: plugins' own words are too many to be told apart. */
static const char *sum_result(const StatusEntry *entry) {
    if (results_outcome(entry->result) != OUTCOME_OWN)
        return entry->result;
    return counts_are_bad(entry->counts) ? "failed" : "other";
}

/* Takes the entry into the sum of those that say the same, which is made where there is none; both lists get it. */
static void sum_up(GHashTable *sums, GPtrArray *owned, GPtrArray *out, const StatusEntry *entry) {
    const char *word = sum_result(entry);
    g_autofree char *key = g_strdup_printf("%s/%d%s", entry->plugin, (int)entry->phase, word);
    StatusEntry *sum = g_hash_table_lookup(sums, key);
    if (!sum) {
        sum = entry_new(entry->plugin, "");
        sum->phase = entry->phase;
        sum->nodes = 0;
        g_free(sum->result);
        sum->result = g_strdup(word);
        sum->counts = yyjson_mut_doc_new(NULL);
        yyjson_mut_doc_set_root(sum->counts, yyjson_mut_obj(sum->counts));
        g_hash_table_insert(sums, g_steal_pointer(&key), sum);
        g_ptr_array_add(owned, sum);
        g_ptr_array_add(out, sum);
    }
    sum->nodes += entry->nodes;
    add_counts(sum, entry);
    g_free(sum->node);
    sum->node =
        g_strdup_printf("... and %u more (%s%s%s)", sum->nodes, phase_names[sum->phase], *word ? ", " : "", word);
}

/* The text with `keep` entries as they are, the others summed up. */
static char *write_summed(const RunStatus *status, guint keep, Measure measure, size_t *length) {
    g_autoptr(GHashTable) sums = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
    g_autoptr(GPtrArray) out = g_ptr_array_new();
    g_autofree bool *kept = mark_kept(status->entries, keep);
    for (guint i = 0; i < status->entries->len; i++)
        if (kept[i])
            g_ptr_array_add(out, status->entries->pdata[i]);
    for (guint i = 0; i < status->entries->len; i++)
        if (!kept[i])
            sum_up(sums, owned, out, status->entries->pdata[i]);
    return write_with(status, out, measure, length);
}

char *run_status_write_all(const RunStatus *status) {
    size_t length;
    return write_with(status, status->entries, (Measure){G_MAXSIZE, G_MAXSIZE}, &length);
}

/* Fewer names of failures and shorter reasons first, then fewer entries, then less of these again. */
char *run_status_write(const RunStatus *status) {
    static const Measure measures[] = {{256, REASON_MAX}, {128, REASON_MAX}, {64, 256}, {32, 128}, {16, 64}};
    size_t length;
    guint keep = status->entries->len;
    Measure measure = {G_MAXSIZE, REASON_MAX};
    char *text = write_with(status, status->entries, measure, &length);
    for (size_t i = 0; length > STATUS_SIZE_MAX && (keep > 0 || measure.names > 0 || measure.reason > 0); i++) {
        if (i < G_N_ELEMENTS(measures))
            measure = measures[i];
        else if (keep > 0)
            keep = MIN(keep - 1, (guint)(keep * (guint64)STATUS_SIZE_MAX / length * 9 / 10));
        else
            measure = (Measure){measure.names / 2, measure.reason / 2};
        g_free(text);
        text = write_summed(status, keep, measure, &length);
    }
    return text;
}

void status_entry_fail(StatusEntry *entry, const char *reason) {
    entry->phase = RUN_FAILED;
    g_free(entry->reason);
    g_autofree char *valid = g_utf8_make_valid(reason, -1);
    entry->reason = cut_text(valid, REASON_MAX);
}

/* --- progress -------------------------------------------------------------------------------- */

static bool is_texts(yyjson_val *list) {
    size_t index, count;
    yyjson_val *text;
    if (list && !yyjson_is_arr(list) && !yyjson_is_null(list))
        return false;
    yyjson_arr_foreach(list, index, count, text) {
        if (!yyjson_is_str(text))
            return false;
    }
    return true;
}

static bool is_count(yyjson_val *value) {
    return !value || json_int(value, G_MININT64) != G_MININT64;
}

static bool check_update(yyjson_val *update, GError **error) {
    static const char *const counts[] = {"total", "completed", "appendcompleted"};
    static const char *const lists[] = {"errors", "failures", "appendfailing"};
    const char *wrong = yyjson_is_obj(update) ? NULL : "it is no object";
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++)
        if (!is_count(yyjson_obj_get(update, counts[i])))
            wrong = counts[i];
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        if (!is_texts(yyjson_obj_get(update, lists[i])))
            wrong = lists[i];
    if (wrong)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "this is no progress: %s", wrong);
    return !wrong;
}

static void append_texts(yyjson_mut_doc *doc, yyjson_mut_val *progress, const char *key, yyjson_val *texts) {
    size_t index, count;
    yyjson_val *text;
    yyjson_arr_foreach(texts, index, count, text) {
        yyjson_mut_val *list = yyjson_mut_obj_get(progress, key);
        if (!list) {
            list = yyjson_mut_arr(doc);
            json_mut_set(doc, progress, key, list);
        }
        yyjson_mut_arr_append(list, yyjson_val_mut_copy(doc, text));
    }
}

static void add_to(yyjson_mut_doc *doc, yyjson_mut_val *progress, const char *key, gint64 count) {
    json_mut_set(doc, progress, key, yyjson_mut_sint(doc, json_mut_int(yyjson_mut_obj_get(progress, key), 0) + count));
}

/* The new progress of an entry: what does not grow by the update is the update's own, or what it was before. */
static yyjson_mut_val *progress_new(yyjson_mut_doc *doc, const StatusEntry *entry, yyjson_val *update, bool grows) {
    static const char *const counts[] = {"total", "completed"}, *const lists[] = {"errors", "failures"};
    yyjson_mut_val *old = grows && entry->progress ? yyjson_mut_doc_get_root(entry->progress) : NULL;
    yyjson_mut_val *new = yyjson_mut_obj(doc);
    json_mut_set_string(doc, new, "name", entry->plugin);
    json_mut_set_string(doc, new, "node", entry->node);
    json_mut_set_string(doc, new, "timestamp", "");
    json_mut_set_string(doc, new, "msg", "");
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        json_mut_set(doc, new, counts[i], yyjson_mut_sint(doc, 0));
        add_to(doc, new, counts[i], json_mut_int(yyjson_mut_obj_get(old, counts[i]), 0));
        add_to(doc, new, counts[i], grows ? 0 : json_int(yyjson_obj_get(update, counts[i]), 0));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        yyjson_mut_val *list = yyjson_mut_obj_get(old, lists[i]);
        if (list)
            json_mut_set(doc, new, lists[i], yyjson_mut_val_mut_copy(doc, list));
        if (!grows)
            append_texts(doc, new, lists[i], yyjson_obj_get(update, lists[i]));
    }
    return new;
}

bool status_entry_progress(StatusEntry *entry, yyjson_val *update, const char *timestamp, GError **error) {
    if (!check_update(update, error))
        return false;
    yyjson_val *failing = yyjson_obj_get(update, "appendfailing");
    gint64 completed = json_int(yyjson_obj_get(update, "appendcompleted"), 0),
           failed = (gint64)yyjson_arr_size(failing);
    bool totals = yyjson_get_bool(yyjson_obj_get(update, "appendtotals"));
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *progress = progress_new(doc, entry, update, totals || completed || failed);
    yyjson_mut_doc_set_root(doc, progress);
    const char *message = json_get_string(update, "msg");
    json_mut_set_string(doc, progress, "timestamp", timestamp);
    json_mut_set_string(doc, progress, "msg", message ? message : "");
    add_to(doc, progress, "completed", completed);
    add_to(doc, progress, "total", totals ? completed + failed : 0);
    append_texts(doc, progress, "failures", failing);
    replace_object(&entry->progress, doc);
    return true;
}

/* --- outcome ----------------------------------------------------------------------------------- */

bool run_status_is_bad(const RunStatus *status) {
    for (guint i = 0; i < status->entries->len; i++) {
        const StatusEntry *entry = status->entries->pdata[i];
        /* The result of one that is still processed is "". */
        if (entry->phase == RUN_FAILED || (entry->result && *entry->result && is_bad(entry->result)) ||
            counts_are_bad(entry->counts))
            return true;
    }
    return status->phase == RUN_FAILED;
}
