#include "sonobuoy/check/diff.h"

#include "sonobuoy/check/check.h"

#include <string.h>

bool check_report_is(yyjson_val *root) {
    return yyjson_is_arr(json_get(root, "checks")) && yyjson_is_obj(json_get(root, "summary"));
}

static void difference_free(CheckDifference *difference) {
    g_free(difference->id);
    g_free(difference->title);
    g_free(difference->object);
    g_free(difference->evidence);
    g_free(difference);
}

void check_comparison_free(CheckComparison *comparison) {
    if (!comparison)
        return;
    for (size_t i = 0; i < CHECK_CHANGES; i++)
        g_ptr_array_unref(comparison->changes[i]);
    g_free(comparison);
}

/* --- one report -------------------------------------------------------------------------------------------- */

typedef struct {
    yyjson_val *check, *finding;
    CheckOutcome outcome;
} Found;

static CheckOutcome outcome_of(yyjson_val *object) {
    const char *name = json_get_string(object, "outcome");
    for (CheckOutcome outcome = CHECK_PASS; outcome <= CHECK_FAIL; outcome++)
        if (g_strcmp0(name, check_outcome_name(outcome)) == 0)
            return outcome;
    return CHECK_UNKNOWN;
}

/* ID to check. */
static GHashTable *checks_of(yyjson_val *root) {
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
    size_t index, count;
    yyjson_val *check;
    yyjson_arr_foreach(json_get(root, "checks"), index, count, check) {
        const char *id = json_get_string(check, "id");
        if (id)
            g_hash_table_insert(table, (void *)id, check);
    }
    return table;
}

static const char *object_of(yyjson_val *finding) {
    const char *object = json_get_string(finding, "object");
    return object ? object : "";
}

/* "ID\nobject" to the worst finding there, of those that are warnings or failures. */
static GHashTable *findings_of(yyjson_val *root) {
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    size_t index, count, inner, findings;
    yyjson_val *check, *finding;
    yyjson_arr_foreach(json_get(root, "checks"), index, count, check) {
        yyjson_arr_foreach(json_get(check, "findings"), inner, findings, finding) {
            const char *id = json_get_string(check, "id");
            CheckOutcome outcome = outcome_of(finding);
            if (!id || outcome <= CHECK_UNKNOWN || json_get(finding, "exception"))
                continue;
            char *key = g_strdup_printf("%s\n%s", id, object_of(finding));
            const Found *other = g_hash_table_lookup(table, key);
            if (other && other->outcome >= outcome) {
                g_free(key);
                continue;
            }
            Found *found = g_new(Found, 1);
            *found = (Found){check, finding, outcome};
            g_hash_table_replace(table, key, found);
        }
    }
    return table;
}

/* --- two of them -------------------------------------------------------------------------------------------- */

static void add(CheckComparison *comparison, CheckChange change, const Found *shown, const char *before,
                const char *after) {
    CheckDifference *difference = g_new0(CheckDifference, 1);
    difference->id = g_strdup(json_get_string(shown->check, "id"));
    difference->title = g_strdup(json_get_string(shown->check, "title"));
    difference->object = g_strdup(object_of(shown->finding));
    difference->evidence = g_strdup(json_get_string(shown->finding, "evidence"));
    difference->before = before;
    difference->after = after;
    g_ptr_array_add(comparison->changes[change], difference);
}

static void look_at_new(CheckComparison *comparison, const Found *now, const Found *was, yyjson_val *check) {
    const char *after = check_outcome_name(now->outcome);
    if (!check)
        add(comparison, CHECK_NEW, now, NULL, after);
    else if (was && was->outcome == now->outcome)
        comparison->same++;
    else if (was)
        add(comparison, now->outcome > was->outcome ? CHECK_BROKE : CHECK_HEALED, now, check_outcome_name(was->outcome),
            after);
    else if (outcome_of(check) == CHECK_UNKNOWN)
        add(comparison, CHECK_NEW, now, "unknown", after);
    else
        add(comparison, CHECK_BROKE, now, "pass", after);
}

static void look_at_old(CheckComparison *comparison, const Found *was, yyjson_val *check) {
    const char *before = check_outcome_name(was->outcome);
    if (!check)
        add(comparison, CHECK_GONE, was, before, NULL);
    else if (outcome_of(check) == CHECK_UNKNOWN)
        add(comparison, CHECK_BLIND, was, before, "unknown");
    else
        add(comparison, CHECK_HEALED, was, before, "pass");
}

static int compare(const void *a, const void *b) {
    const CheckDifference *left = *(CheckDifference *const *)a, *right = *(CheckDifference *const *)b;
    int order = strcmp(left->id, right->id);
    return order ? order : strcmp(left->object, right->object);
}

CheckComparison *check_comparison_new(yyjson_val *before, yyjson_val *after) {
    CheckComparison *comparison = g_new0(CheckComparison, 1);
    g_autoptr(GHashTable) old = findings_of(before), new = findings_of(after), old_checks = checks_of(before),
                          new_checks = checks_of(after);
    GHashTableIter iter;
    gpointer key, value;
    for (size_t i = 0; i < CHECK_CHANGES; i++)
        comparison->changes[i] = g_ptr_array_new_with_free_func((GDestroyNotify)difference_free);
    g_hash_table_iter_init(&iter, new);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Found *now = value;
        look_at_new(comparison, now, g_hash_table_lookup(old, key),
                    g_hash_table_lookup(old_checks, json_get_string(now->check, "id")));
    }
    g_hash_table_iter_init(&iter, old);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Found *was = value;
        if (!g_hash_table_contains(new, key))
            look_at_old(comparison, was, g_hash_table_lookup(new_checks, json_get_string(was->check, "id")));
    }
    for (size_t i = 0; i < CHECK_CHANGES; i++)
        g_ptr_array_sort(comparison->changes[i], compare);
    return comparison;
}
