/* Items, and what the leaves of a tree say of its branches. */
#include "base/text.h"
#include "sonobuoy/results-internal.h"

#include <string.h>

/* --- items --------------------------------------------------------------------------------- */

/* Puts a member in the place that items' members have, or anew in its old one. */
void results_item_set(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *key, yyjson_mut_val *value) {
    static const char *const order[] = {"name", "status", "meta", "details", "items"};
    size_t place = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(order) && !g_str_equal(order[i], key); i++)
        place += yyjson_mut_obj_get(item, order[i]) != NULL;
    if (yyjson_mut_obj_get(item, key))
        yyjson_mut_obj_replace(item, yyjson_mut_str(doc, key), value);
    else
        yyjson_mut_obj_insert(item, yyjson_mut_str(doc, key), value, place);
}

static yyjson_mut_val *ensure_object(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *key) {
    yyjson_mut_val *object = yyjson_mut_obj_get(item, key);
    if (!yyjson_mut_is_obj(object)) {
        results_item_set(doc, item, key, yyjson_mut_obj(doc));
        object = yyjson_mut_obj_get(item, key); /* setting a member anew copies its value */
    }
    return object;
}

static void set_status(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *status) {
    results_item_set(doc, item, "status", yyjson_mut_strcpy(doc, status));
}

yyjson_mut_val *results_item_new(yyjson_mut_doc *doc, const char *name, const char *status, const char *type) {
    yyjson_mut_val *item = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_strcpy(doc, item, "name", name);
    if (status)
        yyjson_mut_obj_add_strcpy(doc, item, "status", status);
    if (type)
        results_item_set_meta(doc, item, "type", type);
    return item;
}

void results_item_set_meta(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *key, const char *text) {
    json_mut_set_string(doc, ensure_object(doc, item, "meta"), key, text);
}

void results_item_set_detail(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *key, const char *text) {
    json_mut_set_string(doc, ensure_object(doc, item, "details"), key, text);
}

void results_item_add(yyjson_mut_doc *doc, yyjson_mut_val *item, yyjson_mut_val *child) {
    yyjson_mut_val *items = yyjson_mut_obj_get(item, "items");
    if (!yyjson_mut_is_arr(items)) {
        results_item_set(doc, item, "items", yyjson_mut_arr(doc));
        items = yyjson_mut_obj_get(item, "items");
    }
    yyjson_mut_arr_append(items, child);
}

size_t results_item_count(yyjson_mut_val *item) {
    return yyjson_mut_arr_size(yyjson_mut_obj_get(item, "items"));
}

void results_item_truncate(yyjson_mut_val *item, size_t count) {
    size_t size = results_item_count(item);
    if (size > count)
        yyjson_mut_arr_remove_range(yyjson_mut_obj_get(item, "items"), count, size - count);
    if (size > 0 && count == 0)
        json_mut_remove(item, "items");
}

const char *results_item_status(yyjson_mut_val *item) {
    const char *status = json_mut_get_string(item, "status");
    return status ? status : "";
}

/* What is deeper than anything that is read counts as not there. */
static yyjson_mut_val *items_of(yyjson_mut_val *item, unsigned depth) {
    yyjson_mut_val *items = depth < RESULTS_DEPTH_MAX ? yyjson_mut_obj_get(item, "items") : NULL;
    return yyjson_mut_arr_size(items) > 0 ? items : NULL;
}

/* --- counts -------------------------------------------------------------------------------- */

enum { OWN_STATUSES_MAX = 100, STATUS_TEXT_MAX = 1024 };
#define OTHERS "others"

static bool is_known(const char *status) {
    static const char *const known[] = {"passed", "failed", "skipped", "timeout", "unknown", NULL};
    return g_strv_contains(known, status);
}

/* Counts: a hash table of char * to gint64 *. */
static GHashTable *counts_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void count(GHashTable *counts, const char *status, gint64 number) {
    gint64 *old = g_hash_table_lookup(counts, status);
    if (!old && !is_known(status) && g_hash_table_size(counts) >= OWN_STATUSES_MAX) {
        status = OTHERS;
        old = g_hash_table_lookup(counts, status);
    }
    if (!old) {
        old = g_new0(gint64, 1);
        g_hash_table_insert(counts, g_strdup(status), old);
    }
    *old = number > G_MAXINT64 - *old ? G_MAXINT64 : *old + number;
}

static void count_all(GHashTable *counts, GHashTable *more) {
    GHashTableIter iter;
    void *status, *number;
    g_hash_table_iter_init(&iter, more);
    while (g_hash_table_iter_next(&iter, &status, &number))
        count(counts, status, *(gint64 *)number);
}

/* Counts a leaf whose status is itself of the form "custom: 1, passed: 2"; any other text is one status. */
static void count_leaf(GHashTable *counts, const char *status) {
    g_auto(GStrv) parts = g_strsplit(status, ", ", -1);
    guint length = g_strv_length(parts);
    g_autofree gint64 *numbers = g_new0(gint64, length);
    bool ok = length > 0;
    for (guint i = 0; ok && i < length; i++) {
        char *colon = g_strrstr(parts[i], ": ");
        ok = colon && colon > parts[i] && g_ascii_isdigit(colon[2]) &&
             g_ascii_string_to_signed(colon + 2, 10, 0, G_MAXINT64, &numbers[i], NULL);
        if (ok)
            *colon = '\0';
    }
    for (guint i = 0; ok && i < length; i++)
        count(counts, parts[i], numbers[i]);
    if (!ok)
        count(counts, *status ? status : "unknown", 1);
}

static GPtrArray *sorted_keys(GHashTable *counts) {
    GPtrArray *keys = g_ptr_array_new();
    GHashTableIter iter;
    void *status;
    g_hash_table_iter_init(&iter, counts);
    while (g_hash_table_iter_next(&iter, &status, NULL))
        g_ptr_array_add(keys, status);
    g_ptr_array_sort(keys, text_compare);
    return keys;
}

/* "custom: 1, passed: 2" */
static char *counts_text(GHashTable *counts) {
    g_autoptr(GPtrArray) keys = sorted_keys(counts);
    GString *text = g_string_new(NULL);
    gint64 rest = 0;
    for (guint i = 0; i < keys->len; i++) {
        const char *key = g_ptr_array_index(keys, i);
        gint64 number = *(gint64 *)g_hash_table_lookup(counts, key);
        if (!is_known(key) && (g_str_equal(key, OTHERS) || text->len + strlen(key) > STATUS_TEXT_MAX))
            rest += MIN(number, G_MAXINT64 - rest);
        else
            g_string_append_printf(text, "%s%s: %" G_GINT64_FORMAT, text->len ? ", " : "", key, number);
    }
    if (rest > 0)
        g_string_append_printf(text, "%s" OTHERS ": %" G_GINT64_FORMAT, text->len ? ", " : "", rest);
    return g_string_free(text, FALSE);
}

static void count_leaves(GHashTable *counts, yyjson_mut_val *item, unsigned depth) {
    size_t index, max;
    yyjson_mut_val *items = items_of(item, depth), *child;
    yyjson_mut_arr_foreach(items, index, max, child)
        count_leaves(counts, child, depth + 1);
    if (!items)
        count(counts, *results_item_status(item) ? results_item_status(item) : "unknown", 1);
}

yyjson_mut_val *results_counts(yyjson_mut_doc *doc, yyjson_mut_val *item) {
    g_autoptr(GHashTable) counts = counts_new();
    count_leaves(counts, item, 0);
    g_autoptr(GPtrArray) keys = sorted_keys(counts);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    for (guint i = 0; i < keys->len; i++) {
        const char *key = g_ptr_array_index(keys, i);
        gint64 number = *(gint64 *)g_hash_table_lookup(counts, key);
        yyjson_mut_obj_add(object, yyjson_mut_strcpy(doc, key), yyjson_mut_sint(doc, number));
    }
    return object;
}

/* --- the roll-up ------------------------------------------------------------------------------ */

static bool has_own_status(yyjson_mut_val *item, unsigned depth) {
    size_t index, max;
    yyjson_mut_val *items = items_of(item, depth), *child;
    yyjson_mut_arr_foreach(items, index, max, child) {
        if (has_own_status(child, depth + 1))
            return true;
    }
    return !items && *results_item_status(item) && !is_known(results_item_status(item));
}

/* Sets the counts of each branch; gives those of the item. */
static GHashTable *roll_up_counts(yyjson_mut_doc *doc, yyjson_mut_val *item, unsigned depth) {
    size_t index, max;
    yyjson_mut_val *items = items_of(item, depth), *child;
    GHashTable *counts = NULL;
    yyjson_mut_arr_foreach(items, index, max, child) {
        GHashTable *more = roll_up_counts(doc, child, depth + 1);
        if (counts) {
            count_all(counts, more);
            g_hash_table_unref(more);
        } else {
            counts = more;
        }
    }
    if (counts) {
        g_autofree char *text = counts_text(counts);
        set_status(doc, item, text);
        return counts;
    }
    counts = counts_new();
    if (!*results_item_status(item))
        set_status(doc, item, "unknown");
    count_leaf(counts, results_item_status(item));
    return counts;
}

/* The same where all statuses are known ones. */
static void roll_up_known(yyjson_mut_doc *doc, yyjson_mut_val *item, unsigned depth) {
    size_t index, max;
    yyjson_mut_val *items = items_of(item, depth), *child;
    bool failed = false, unknown = false;
    yyjson_mut_arr_foreach(items, index, max, child) {
        roll_up_known(doc, child, depth + 1);
        const char *status = results_item_status(child);
        failed = failed || g_str_equal(status, "failed") || g_str_equal(status, "timeout");
        unknown = unknown || g_str_equal(status, "unknown");
    }
    if (items)
        set_status(doc, item, failed ? "failed" : unknown ? "unknown" : "passed");
    else if (!*results_item_status(item))
        set_status(doc, item, "unknown");
}

void results_roll_up(yyjson_mut_doc *doc, yyjson_mut_val *root) {
    if (has_own_status(root, 0))
        g_hash_table_unref(roll_up_counts(doc, root, 0));
    else
        roll_up_known(doc, root, 0);
}

/* --- what trees say -------------------------------------------------------------------------- */

static const char *const bad_statuses[] = {"failed", "timeout", "unknown", NULL};

Outcome results_outcome(const char *status) {
    if (g_str_equal(status, "passed"))
        return OUTCOME_PASSED;
    if (g_str_equal(status, "skipped"))
        return OUTCOME_SKIPPED;
    return !*status || g_strv_contains(bad_statuses, status) ? OUTCOME_FAILED : OUTCOME_OWN;
}

bool results_failed(yyjson_mut_doc *doc, yyjson_mut_val *item) {
    yyjson_mut_val *counts = results_counts(doc, item);
    for (size_t i = 0; bad_statuses[i]; i++)
        if (yyjson_mut_obj_get(counts, bad_statuses[i]))
            return true;
    return g_strv_contains(bad_statuses, results_item_status(item));
}

static yyjson_mut_val *find(yyjson_mut_val *item, const char *name, unsigned depth) {
    size_t index, max;
    yyjson_mut_val *items = items_of(item, depth), *child, *found = NULL;
    if (g_strcmp0(json_mut_get_string(item, "name"), name) == 0)
        return item;
    yyjson_mut_arr_foreach(items, index, max, child) {
        if ((found = find(child, name, depth + 1)))
            break;
    }
    return found;
}

yyjson_mut_val *results_find(yyjson_mut_val *item, const char *name) {
    return name && *name ? find(item, name, 0) : item;
}

const char *results_test_name(const char *name) {
    static const char prefix[] = "[It] ";
    return g_str_has_prefix(name, prefix) ? name + strlen(prefix) : name;
}

ResultFormat result_format_parse(const char *text) {
    static const struct {
        const char *name;
        ResultFormat format;
    } formats[] = {{"junit", RESULT_JUNIT}, {"e2e", RESULT_E2E}, {"gojson", RESULT_GOJSON}, {"manual", RESULT_MANUAL}};
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
        if (g_str_equal(formats[i].name, text))
            return formats[i].format;
    return RESULT_RAW;
}
