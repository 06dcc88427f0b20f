#include "ark/retention.h"

#include <string.h>

/* --- periods ------------------------------------------------------------------------------- */

/* A number that differs between periods, and is the same within one; `index` is the backup's among its series. */
typedef gint64 (*PeriodFunc)(GDateTime *time, guint index);

static gint64 each_period(GDateTime *time, guint index) {
    return index;
}

static gint64 year_period(GDateTime *time, guint index) {
    return g_date_time_get_year(time);
}

static gint64 month_period(GDateTime *time, guint index) {
    return year_period(time, index) * 100 + g_date_time_get_month(time);
}

static gint64 day_period(GDateTime *time, guint index) {
    return month_period(time, index) * 100 + g_date_time_get_day_of_month(time);
}

static gint64 hour_period(GDateTime *time, guint index) {
    return day_period(time, index) * 100 + g_date_time_get_hour(time);
}

/* The days around New Year are of weeks of the other year. */
static gint64 week_period(GDateTime *time, guint index) {
    return (gint64)g_date_time_get_week_numbering_year(time) * 100 + g_date_time_get_week_of_year(time);
}

typedef struct {
    const char *name;
    PeriodFunc period;
    gint64 left;
    gint64 before; /* the period of the last one kept; -1: none yet */
} Rule;

enum { RULES = 6 };

static void set_rules(Rule rules[RULES], const ArkRetentionRules *counts) {
    const Rule all[RULES] = {
        {"last", each_period, counts->last, -1},        {"hourly", hour_period, counts->hourly, -1},
        {"daily", day_period, counts->daily, -1},       {"weekly", week_period, counts->weekly, -1},
        {"monthly", month_period, counts->monthly, -1}, {"yearly", year_period, counts->yearly, -1}};
    memcpy(rules, all, sizeof all);
}

bool ark_retention_has_rules(const ArkRetentionRules *rules) {
    return rules->last || rules->hourly || rules->daily || rules->weekly || rules->monthly || rules->yearly;
}

/* --- phases ---------------------------------------------------------------------------------- */

static bool is_completed(const ArkRetentionItem *item) {
    return g_strcmp0(item->phase, "Completed") == 0;
}

static bool is_usable(const ArkRetentionItem *item) {
    return is_completed(item) || g_strcmp0(item->phase, "PartiallyFailed") == 0;
}

static bool is_failed(const ArkRetentionItem *item) {
    static const char *const phases[] = {"Failed", "FailedValidation", "Deleting", NULL};
    return item->phase && g_strv_contains(phases, item->phase);
}

/* --- decisions --------------------------------------------------------------------------------- */

void ark_retention_decision_free(ArkRetentionDecision *decision) {
    if (!decision)
        return;
    g_free(decision->reason);
    g_free(decision);
}

static ArkRetentionDecision *decision_new(bool keep, const char *reason) {
    ArkRetentionDecision *decision = g_new(ArkRetentionDecision, 1);
    *decision = (ArkRetentionDecision){keep, g_strdup(reason)};
    return decision;
}

static ArkRetentionDecision *by_expiry(const ArkRetentionItem *item, gint64 now) {
    if (!item->expires)
        return decision_new(true, "never expires");
    return item->expires < now ? decision_new(false, "expired") : decision_new(true, "not expired");
}

/* The names of the rules that keep it, or NULL. `oldest`: nothing older is in the series. */
static char *kept_by(Rule rules[RULES], const ArkRetentionItem *item, guint index, bool oldest) {
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(item->started / G_USEC_PER_SEC);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (Rule *rule = rules; time && rule < rules + RULES; rule++) {
        gint64 period = rule->period(time, index);
        if (rule->left == 0 || (period == rule->before && !oldest))
            continue;
        rule->before = period;
        rule->left--;
        g_ptr_array_add(names, (char *)rule->name);
    }
    g_ptr_array_add(names, NULL);
    return names->len > 1 ? g_strjoinv(", ", (char **)names->pdata) : NULL;
}

static ArkRetentionDecision *by_rules(Rule rules[RULES], const ArkRetentionItem *item, guint index, bool oldest,
                                      bool newest_completed) {
    g_autofree char *names = kept_by(rules, item, index, oldest);
    if (names)
        return decision_new(true, names);
    return newest_completed ? decision_new(true, "newest completed") : decision_new(false, "no rule keeps it");
}

static int newest_first(const void *a, const void *b) {
    const ArkRetentionItem *one = *(const ArkRetentionItem *const *)a, *other = *(const ArkRetentionItem *const *)b;
    if (one->started != other->started)
        return one->started < other->started ? 1 : -1;
    return strcmp(other->name, one->name);
}

/* Decides on one series; members: ArkRetentionItem, the newest first. */
static void decide_series(const GPtrArray *members, const ArkRetentionItem *items, const ArkRetentionRules *counts,
                          gint64 now, GPtrArray *decisions) {
    Rule rules[RULES];
    guint usable = 0, seen = 0;
    bool completed = false;
    set_rules(rules, counts);
    for (guint i = 0; i < members->len; i++)
        usable += is_usable(g_ptr_array_index(members, i));
    for (guint i = 0; i < members->len; i++) {
        const ArkRetentionItem *item = g_ptr_array_index(members, i);
        ArkRetentionDecision *decision;
        if (is_usable(item)) {
            decision = by_rules(rules, item, seen, seen + 1 == usable, is_completed(item) && !completed);
            completed = completed || is_completed(item);
            seen++;
        } else {
            decision = is_failed(item) ? decision_new(false, "not usable") : by_expiry(item, now);
        }
        g_ptr_array_index(decisions, (guint)(item - items)) = decision;
    }
}

GPtrArray *ark_retention_decide(const ArkRetentionItem *items, guint count, const ArkRetentionRules *rules,
                                gint64 now) {
    g_autoptr(GHashTable) series =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    GPtrArray *decisions = g_ptr_array_new_with_free_func((GDestroyNotify)ark_retention_decision_free);
    g_ptr_array_set_size(decisions, (int)count);
    for (guint i = 0; i < count; i++) {
        if (!ark_retention_has_rules(rules) || (!items[i].series && !rules->all)) {
            g_ptr_array_index(decisions, i) = by_expiry(&items[i], now);
            continue;
        }
        const char *name = items[i].series ? items[i].series : ""; /* no label's value that counts */
        GPtrArray *members = g_hash_table_lookup(series, name);
        if (!members) {
            members = g_ptr_array_new();
            g_hash_table_insert(series, (char *)name, members);
        }
        g_ptr_array_add(members, (void *)&items[i]);
    }
    GHashTableIter iterator;
    void *members;
    g_hash_table_iter_init(&iterator, series);
    while (g_hash_table_iter_next(&iterator, NULL, &members)) {
        g_ptr_array_sort(members, newest_first);
        decide_series(members, items, rules, now, decisions);
    }
    return decisions;
}
