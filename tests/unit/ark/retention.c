/* Which backups are kept, by expiry and by rules. */
#include "ark/retention.h"

#include "base/text.h"

#include <string.h>

/* "name time phase[ expires]" a line: one series unless the name is "series/name"; "-/name" is of none. The names that
 * stay, in the lines' order. */
typedef struct {
    const char *title, *now;
    ArkRetentionRules rules;
    const char *backups, *kept;
} Case;

static gint64 at(const char *text) {
    gint64 us;
    g_assert_true(time_parse(text, &us, NULL));
    return us;
}

static const char *series_of(const char *name) {
    const char *slash = strchr(name, '/');
    if (!slash)
        return "nightly";
    g_autofree char *series = g_strndup(name, (gsize)(slash - name));
    return *name == '-' ? NULL : g_intern_string(series);
}

static GPtrArray *decided(const Case *test, GStrv *out_names) {
    g_auto(GStrv) lines = g_strsplit(test->backups, "\n", -1);
    g_autofree ArkRetentionItem *items = g_new0(ArkRetentionItem, g_strv_length(lines) + 1);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (char **line = lines; *line && **line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", -1);
        items[names->len] = (ArkRetentionItem){.name = g_intern_string(words[0]),
                                               .series = series_of(words[0]),
                                               .started = at(words[1]),
                                               .phase = g_intern_string(words[2]),
                                               .expires = words[3] ? at(words[3]) : 0};
        g_ptr_array_add(names, g_strdup(words[0]));
    }
    GPtrArray *decisions = ark_retention_decide(items, names->len, &test->rules, at(test->now));
    g_ptr_array_add(names, NULL);
    *out_names = (GStrv)g_ptr_array_free(g_steal_pointer(&names), FALSE);
    return decisions;
}

static void run(const Case *test) {
    g_auto(GStrv) names = NULL;
    g_autoptr(GPtrArray) decisions = decided(test, &names);
    g_autoptr(GString) kept = g_string_new(NULL);
    for (guint i = 0; i < decisions->len; i++) {
        const ArkRetentionDecision *decision = g_ptr_array_index(decisions, i);
        g_assert_nonnull(decision->reason);
        if (decision->keep)
            g_string_append_printf(kept, "%s%s(%s)", kept->len ? " " : "", names[i], decision->reason);
    }
    g_test_message("%s", test->title);
    g_assert_cmpstr(kept->str, ==, test->kept);
}

static void test_expiry(void) {
    static const Case cases[] = {
        {"expired, not yet, this very moment, never",
         "2026-03-01T00:00:00Z",
         {0},
         "a 2026-01-01T00:00:00Z Completed 2026-02-28T23:59:59Z\n"
         "b 2026-01-02T00:00:00Z Completed 2026-03-01T00:00:01Z\n"
         "c 2026-01-02T00:00:00Z Completed 2026-03-01T00:00:00Z\n"
         "d 2020-01-01T00:00:00Z Failed\n",
         "b(not expired) c(not expired) d(never expires)"},
        {"the last one of a series goes, too, and one that is under way",
         "2026-03-01T00:00:00Z",
         {0},
         "a 2026-01-01T00:00:00Z Completed 2026-02-01T00:00:00Z\n"
         "b 2026-01-02T00:00:00Z InProgress 2026-02-01T00:00:00Z\n",
         ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        run(&cases[i]);
}

static void test_rules(void) {
    static const Case cases[] = {
        {"the newest of each, whatever the order; expired or not",
         "2026-03-01T00:00:00Z",
         {.last = 2},
         "b 2026-01-02T00:00:00Z Completed 2026-01-03T00:00:00Z\n"
         "a 2026-01-01T00:00:00Z Completed 2027-01-01T00:00:00Z\n"
         "c 2026-01-03T00:00:00Z PartiallyFailed\n",
         "b(last) c(last)"},
        {"days that have one",
         "2026-03-01T00:00:00Z",
         {.daily = 2},
         "a 2026-01-01T23:59:59Z Completed\n"
         "b 2026-01-02T00:00:00Z Completed\n"
         "c 2026-01-02T23:59:59Z Completed\n"
         "d 2026-02-11T00:00:00Z Completed\n"
         "e 2026-02-11T00:00:01Z Completed\n",
         "c(daily) e(daily)"},
        {"while there are too few, the oldest stays",
         "2026-03-01T00:00:00Z",
         {.daily = 3},
         "a 2026-01-02T01:00:00Z Completed\n"
         "b 2026-01-02T02:00:00Z Completed\n"
         "c 2026-01-02T03:00:00Z Completed\n",
         "a(daily) c(daily)"},
        {"a leap day is a day, and in its month",
         "2028-04-01T00:00:00Z",
         {.daily = 2, .monthly = 2},
         "a 2028-02-28T12:00:00Z Completed\n"
         "b 2028-02-29T12:00:00Z Completed\n"
         "c 2028-03-01T00:00:00Z Completed\n",
         "b(daily, monthly) c(daily, monthly)"},
        {"ISO weeks: from Monday on; across a year's end; week 53",
         "2027-02-01T00:00:00Z",
         {.weekly = 3},
         "a 2026-12-20T23:59:59Z Completed\n" /* Sunday of week 51 */
         "b 2026-12-21T00:00:00Z Completed\n" /* Monday of week 52 */
         "c 2026-12-28T00:00:00Z Completed\n" /* Monday of week 53 */
         "d 2027-01-03T23:59:59Z Completed\n" /* its Sunday */
         "e 2027-01-04T00:00:00Z Completed\n" /* week 1 */,
         "b(weekly) d(weekly) e(weekly)"},
        {"week 1 begins in December",
         "2025-02-01T00:00:00Z",
         {.weekly = 1},
         "a 2024-12-30T00:00:00Z Completed\n"
         "b 2025-01-05T00:00:00Z Completed\n",
         "b(weekly)"},
        {"hours are UTC's, those that summer time repeats and leaves out as well",
         "2026-11-01T00:00:00Z",
         {.hourly = 3},
         "a 2026-10-24T23:30:00Z Completed\n"
         "b 2026-10-25T00:30:00Z Completed\n"
         "c 2026-10-25T01:30:00Z Completed\n"
         "d 2026-10-25T01:45:00Z Completed\n"
         "e 2026-10-25T02:00:00Z Completed\n",
         "b(hourly) d(hourly) e(hourly)"},
        {"days of UTC, though it is another day here",
         "2026-07-01T00:00:00Z",
         {.daily = 1},
         "a 2026-06-29T22:30:00Z Completed\n"
         "b 2026-06-29T21:30:00Z Completed\n",
         "a(daily)"},
        {"several rules: what any of them keeps",
         "2026-03-01T00:00:00Z",
         {.last = 1, .daily = 2, .yearly = 2},
         "a 2024-05-01T00:00:00Z Completed\n"
         "b 2025-05-01T00:00:00Z Completed\n"
         "c 2026-01-01T00:00:00Z Completed\n"
         "d 2026-01-02T00:00:00Z Completed\n",
         "b(yearly) c(daily) d(last, daily, yearly)"},
        {"of one second, the greater name is the newer",
         "2026-03-01T00:00:00Z",
         {.last = 1},
         "a 2026-01-01T00:00:00Z Completed\n"
         "b 2026-01-01T00:00:00Z Completed\n",
         "b(last)"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        run(&cases[i]);
}

static void test_phases(void) {
    static const Case cases[] = {
        {"what cannot be restored does not count",
         "2026-03-01T00:00:00Z",
         {.last = 1},
         "a 2026-01-01T00:00:00Z Completed\n"
         "b 2026-01-02T00:00:00Z Failed\n"
         "c 2026-01-03T00:00:00Z FailedValidation 2027-01-01T00:00:00Z\n",
         "a(last)"},
        {"what is under way goes by expiry",
         "2026-03-01T00:00:00Z",
         {.last = 1},
         "a 2026-01-01T00:00:00Z Completed\n"
         "b 2026-01-02T00:00:00Z WaitingForPluginOperations 2027-01-01T00:00:00Z\n"
         "c 2026-01-03T00:00:00Z InProgress 2026-02-01T00:00:00Z\n"
         "d 2026-01-03T00:00:00Z PhaseToCome 2027-02-01T00:00:00Z\n",
         "a(last) b(not expired) d(not expired)"},
        {"the newest completed one always stays",
         "2026-03-01T00:00:00Z",
         {.last = 1},
         "a 2026-01-01T00:00:00Z Completed\n"
         "b 2026-01-02T00:00:00Z Completed 2026-02-01T00:00:00Z\n"
         "c 2026-01-03T00:00:00Z PartiallyFailed\n",
         "b(newest completed) c(last)"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        run(&cases[i]);
}

static void test_series(void) {
    static const char *const backups = "nightly/a 2026-01-01T00:00:00Z Completed\n"
                                       "nightly/b 2026-01-02T00:00:00Z Completed\n"
                                       "weekly/c 2025-01-01T00:00:00Z Completed\n"
                                       "-/d 2024-01-01T00:00:00Z Completed\n"
                                       "-/e 2024-01-02T00:00:00Z Completed 2024-02-01T00:00:00Z\n";
    const Case cases[] = {
        {"each by itself; those of none by expiry",
         "2026-03-01T00:00:00Z",
         {.last = 1},
         backups,
         "nightly/b(last) weekly/c(last) -/d(never expires)"},
        {"those of none as one series",
         "2026-03-01T00:00:00Z",
         {.last = 1, .all = true},
         backups,
         "nightly/b(last) weekly/c(last) -/e(last)"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        run(&cases[i]);
}

int main(int argc, char **argv) {
    g_setenv("TZ", "Europe/Berlin", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/retention/expiry", test_expiry);
    g_test_add_func("/retention/rules", test_rules);
    g_test_add_func("/retention/phases", test_phases);
    g_test_add_func("/retention/series", test_series);
    return g_test_run();
}
