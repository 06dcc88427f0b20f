#include "ark/results.h"

#include <pthread.h>
#include <string.h>

typedef struct {
    bool is_error;
    char *where; /* NULL: the program */
    char *text;
    guint more; /* others alike */
} Entry;

struct ArkResults {
    pthread_mutex_t lock;
    GPtrArray *entries;
    GHashTable *seen; /* what makes an entry the same -> Entry */
    guint errors, warnings;
};

static void entry_free(void *data) {
    Entry *entry = data;
    g_free(entry->where);
    g_free(entry->text);
    g_free(entry);
}

ArkResults *ark_results_new(void) {
    ArkResults *results = g_new0(ArkResults, 1);
    pthread_mutex_init(&results->lock, NULL);
    results->entries = g_ptr_array_new_with_free_func(entry_free);
    results->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return results;
}

void ark_results_free(ArkResults *results) {
    if (!results)
        return;
    pthread_mutex_destroy(&results->lock);
    g_ptr_array_unref(results->entries);
    g_hash_table_unref(results->seen);
    g_free(results);
}

/* Adds the text unless there is one of that key already; takes both over. */
static Entry *add_once(ArkResults *results, bool is_error, const char *where, char *key, char *text) {
    Entry *known = g_hash_table_lookup(results->seen, key);
    if (known) {
        g_free(key);
        g_free(text);
        return known;
    }
    Entry *entry = g_new0(Entry, 1);
    *entry = (Entry){.is_error = is_error, .where = g_strdup(where), .text = text};
    g_ptr_array_add(results->entries, entry);
    g_hash_table_insert(results->seen, key, entry);
    *(is_error ? &results->errors : &results->warnings) += 1;
    return NULL;
}

static char *key_of(bool is_error, const char *where, const char *text) {
    return g_strdup_printf("%d %s %s", is_error, where ? where : "\n", text);
}

G_GNUC_PRINTF(4, 0)
static void add(ArkResults *results, bool is_error, const char *where, const char *format, va_list args)
    G_GNUC_PRINTF(4, 0);
static void add(ArkResults *results, bool is_error, const char *where, const char *format, va_list args) {
    g_autofree char *text = g_strdup_vprintf(format, args);
    char *valid = g_utf8_make_valid(text, -1);
    pthread_mutex_lock(&results->lock);
    add_once(results, is_error, where, key_of(is_error, where, valid), valid);
    pthread_mutex_unlock(&results->lock);
}

void ark_results_error(ArkResults *results, const char *where, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(results, true, where, format, args);
    va_end(args);
}

void ark_results_warning(ArkResults *results, const char *where, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(results, false, where, format, args);
    va_end(args);
}

void ark_results_error_alike(ArkResults *results, const char *where, const char *key, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    pthread_mutex_lock(&results->lock);
    Entry *known = add_once(results, true, where, key_of(true, where, key), g_utf8_make_valid(text, -1));
    if (known) {
        known->more++;
        results->errors++;
    }
    pthread_mutex_unlock(&results->lock);
}

static char *entry_text(const Entry *entry) {
    return entry->more ? g_strdup_printf("%s (and so for %u more)", entry->text, entry->more) : g_strdup(entry->text);
}

static guint locked_count(ArkResults *results, const guint *count) {
    pthread_mutex_lock(&results->lock);
    guint value = *count;
    pthread_mutex_unlock(&results->lock);
    return value;
}

guint ark_results_errors(ArkResults *results) {
    return locked_count(results, &results->errors);
}

guint ark_results_warnings(ArkResults *results) {
    return locked_count(results, &results->warnings);
}

static yyjson_mut_val *array_at(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key) {
    yyjson_mut_val *array = yyjson_mut_obj_get(object, key);
    if (!array) {
        array = yyjson_mut_arr(doc);
        json_mut_set(doc, object, key, array);
    }
    return array;
}

char *ark_results_json(ArkResults *results, size_t *length) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_val *sides[] = {yyjson_mut_obj_add_obj(doc, root, "warnings"),
                               yyjson_mut_obj_add_obj(doc, root, "errors")};
    pthread_mutex_lock(&results->lock);
    for (guint i = 0; i < results->entries->len; i++) {
        const Entry *entry = g_ptr_array_index(results->entries, i);
        yyjson_mut_val *side = sides[entry->is_error];
        yyjson_mut_val *array = !entry->where ? array_at(doc, side, "velero")
                                : *entry->where
                                    ? array_at(doc, json_mut_ensure_object(doc, side, "namespaces"), entry->where)
                                    : array_at(doc, side, "cluster");
        g_autofree char *text = entry_text(entry);
        yyjson_mut_arr_add_strcpy(doc, array, text);
    }
    pthread_mutex_unlock(&results->lock);
    return json_mut_write(root, length);
}

void ark_results_each(ArkResults *results, ArkResultFunc func, void *data) {
    for (int errors = 1; errors >= 0; errors--)
        for (guint i = 0; i < results->entries->len; i++) {
            const Entry *entry = g_ptr_array_index(results->entries, i);
            g_autofree char *text = entry_text(entry);
            if (entry->is_error == errors)
                func(entry->is_error, entry->where, text, data);
        }
}
