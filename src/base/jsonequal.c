#include "base/decimal.h"
#include "base/json-keys.h"
#include "base/json.h"

#include <string.h>

/* --- scalars: a mutable value begins as an immutable one does, so one function serves both --- */

static bool is_number(yyjson_val *value) {
    return yyjson_is_raw(value) || yyjson_is_num(value);
}

static char *number_text(yyjson_val *value) {
    if (yyjson_is_raw(value))
        return g_strndup(yyjson_get_raw(value), yyjson_get_len(value));
    if (yyjson_is_uint(value))
        return g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)yyjson_get_uint(value));
    if (yyjson_is_sint(value))
        return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)yyjson_get_sint(value));
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    return g_strdup(g_ascii_dtostr(buffer, sizeof buffer, yyjson_get_real(value)));
}

/* False for what is no number or has an exponent beyond reason. */
static bool read_number(const char *text, Decimal *out) {
    const char *rest;
    gint64 exponent = 0;
    if (!decimal_read(out, text, &rest))
        return false;
    if (*rest && ((*rest != 'e' && *rest != 'E') || !decimal_read_exponent(rest + 1, &exponent)))
        return false;
    decimal_scale(out, exponent);
    return true;
}

static bool numbers_equal(yyjson_val *a, yyjson_val *b) {
    if (yyjson_is_raw(a) && yyjson_is_raw(b) && yyjson_get_len(a) == yyjson_get_len(b) &&
        memcmp(yyjson_get_raw(a), yyjson_get_raw(b), yyjson_get_len(a)) == 0)
        return true;
    g_autofree char *a_text = number_text(a), *b_text = number_text(b);
    g_auto(Decimal) a_value = {0}, b_value = {0};
    return read_number(a_text, &a_value) && read_number(b_text, &b_value) && decimal_compare(&a_value, &b_value) == 0;
}

static bool strings_equal(yyjson_val *a, yyjson_val *b) {
    return yyjson_get_len(a) == yyjson_get_len(b) &&
           memcmp(unsafe_yyjson_get_str(a), unsafe_yyjson_get_str(b), yyjson_get_len(a)) == 0;
}

static bool scalars_equal(yyjson_val *a, yyjson_val *b) {
    if (is_number(a) && is_number(b))
        return numbers_equal(a, b);
    if (yyjson_get_type(a) != yyjson_get_type(b))
        return false;
    if (yyjson_is_str(a))
        return strings_equal(a, b);
    return yyjson_get_bool(a) == yyjson_get_bool(b); /* false for null */
}

/* --- members out of order: tables of them; of a key that is there twice the first counts, as in json_get() --- */

guint json_key_hash(gconstpointer pointer) {
    yyjson_val *key = (yyjson_val *)pointer;
    const char *text = unsafe_yyjson_get_str(key);
    guint hash = 5381;
    for (size_t i = 0; i < yyjson_get_len(key); i++)
        hash = hash * 33 + (guchar)text[i];
    return hash;
}

gboolean json_key_equal(gconstpointer a, gconstpointer b) {
    return strings_equal((yyjson_val *)a, (yyjson_val *)b);
}

typedef bool (*EqualFunc)(void *a, void *b);

static bool tables_equal(GHashTable *a, GHashTable *b, EqualFunc equal) {
    if (g_hash_table_size(a) != g_hash_table_size(b))
        return false;
    GHashTableIter iter;
    void *key, *value;
    g_hash_table_iter_init(&iter, a);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        void *other = g_hash_table_lookup(b, key);
        if (!other || !equal(value, other))
            return false;
    }
    return true;
}

/* --- immutable values -------------------------------------------------------------------- */

static GHashTable *table_of(yyjson_val *object) {
    GHashTable *table = g_hash_table_new(json_key_hash, json_key_equal);
    yyjson_val *key, *value;
    json_foreach_member(object, key, value) {
        if (!g_hash_table_contains(table, key))
            g_hash_table_insert(table, key, value);
    }
    return table;
}

static bool equal_values(void *a, void *b) {
    return json_equal(a, b);
}

/* Servers write members in one order: where it is the same, no table is needed. */
static bool has_same_keys(yyjson_val *a, yyjson_val *b) {
    if (yyjson_obj_size(a) != yyjson_obj_size(b))
        return false;
    yyjson_obj_iter keys = yyjson_obj_iter_with(a), others = yyjson_obj_iter_with(b);
    yyjson_val *key;
    while ((key = yyjson_obj_iter_next(&keys)))
        if (!strings_equal(key, yyjson_obj_iter_next(&others)))
            return false;
    return true;
}

static bool objects_equal(yyjson_val *a, yyjson_val *b) {
    if (!has_same_keys(a, b)) {
        g_autoptr(GHashTable) a_table = table_of(a), b_table = table_of(b);
        return tables_equal(a_table, b_table, equal_values);
    }
    yyjson_obj_iter keys = yyjson_obj_iter_with(a), others = yyjson_obj_iter_with(b);
    yyjson_val *key;
    while ((key = yyjson_obj_iter_next(&keys)))
        if (!json_equal(yyjson_obj_iter_get_val(key), yyjson_obj_iter_get_val(yyjson_obj_iter_next(&others))))
            return false;
    return true;
}

/* Recursion is bounded: json_parse() lets nothing in that is nested deeper than JSON_DEPTH_MAX. */
bool json_equal(yyjson_val *a, yyjson_val *b) {
    if (!a || !b)
        return a == b;
    if (yyjson_is_obj(a) && yyjson_is_obj(b))
        return objects_equal(a, b);
    if (!yyjson_is_arr(a) || !yyjson_is_arr(b))
        return !yyjson_is_ctn(a) && !yyjson_is_ctn(b) && scalars_equal(a, b);
    if (yyjson_arr_size(a) != yyjson_arr_size(b))
        return false;
    yyjson_arr_iter others = yyjson_arr_iter_with(b);
    size_t index, count;
    yyjson_val *value;
    yyjson_arr_foreach(a, index, count, value) {
        if (!json_equal(value, yyjson_arr_iter_next(&others)))
            return false;
    }
    return true;
}

/* --- mutable values ------------------------------------------------------------------------ */

static GHashTable *mut_table_of(yyjson_mut_val *object) {
    GHashTable *table = g_hash_table_new(json_key_hash, json_key_equal);
    size_t index, count;
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(object, index, count, key, value) {
        if (!g_hash_table_contains(table, key))
            g_hash_table_insert(table, key, value);
    }
    return table;
}

static bool equal_mut_values(void *a, void *b) {
    return json_mut_equal(a, b);
}

static bool mut_has_same_keys(yyjson_mut_val *a, yyjson_mut_val *b) {
    if (yyjson_mut_obj_size(a) != yyjson_mut_obj_size(b))
        return false;
    yyjson_mut_obj_iter keys = yyjson_mut_obj_iter_with(a), others = yyjson_mut_obj_iter_with(b);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&keys)))
        if (!strings_equal((yyjson_val *)key, (yyjson_val *)yyjson_mut_obj_iter_next(&others)))
            return false;
    return true;
}

static bool mut_objects_equal(yyjson_mut_val *a, yyjson_mut_val *b) {
    if (!mut_has_same_keys(a, b)) {
        g_autoptr(GHashTable) a_table = mut_table_of(a), b_table = mut_table_of(b);
        return tables_equal(a_table, b_table, equal_mut_values);
    }
    yyjson_mut_obj_iter keys = yyjson_mut_obj_iter_with(a), others = yyjson_mut_obj_iter_with(b);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&keys)))
        if (!json_mut_equal(yyjson_mut_obj_iter_get_val(key),
                            yyjson_mut_obj_iter_get_val(yyjson_mut_obj_iter_next(&others))))
            return false;
    return true;
}

bool json_mut_equal(yyjson_mut_val *a, yyjson_mut_val *b) {
    if (!a || !b)
        return a == b;
    if (yyjson_mut_is_obj(a) && yyjson_mut_is_obj(b))
        return mut_objects_equal(a, b);
    if (!yyjson_mut_is_arr(a) || !yyjson_mut_is_arr(b))
        return !yyjson_mut_is_ctn(a) && !yyjson_mut_is_ctn(b) && scalars_equal((yyjson_val *)a, (yyjson_val *)b);
    if (yyjson_mut_arr_size(a) != yyjson_mut_arr_size(b))
        return false;
    yyjson_mut_arr_iter others = yyjson_mut_arr_iter_with(b);
    size_t index, count;
    yyjson_mut_val *value;
    yyjson_mut_arr_foreach(a, index, count, value) {
        if (!json_mut_equal(value, yyjson_mut_arr_iter_next(&others)))
            return false;
    }
    return true;
}
