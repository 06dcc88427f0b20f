/* What checks parse: schedules, the scheduler's messages. */
#include "base/text.h"
#include "sonobuoy/check/areas.h"
#include "sonobuoy/check/cron.h"

static void test_cron(void) {
    static const struct {
        const char *schedule, *zone, *after, *next; /* next NULL: none */
    } rows[] = {
        {"0 3 * * *", NULL, "2026-11-30T01:00:00Z", "2026-11-30T03:00:00Z"},
        {"0 3 * * *", NULL, "2026-11-30T03:00:00Z", "2026-12-01T03:00:00Z"},
        {"*/15 * * * *", NULL, "2026-11-30T23:50:01Z", "2026-12-01T00:00:00Z"},
        {"5-10/5,59 22 * * *", NULL, "2026-11-30T22:10:00Z", "2026-11-30T22:59:00Z"},
        {"0 0 29 2 *", NULL, "2027-03-01T00:00:00Z", "2028-02-29T00:00:00Z"},
        {"0 0 31 4 *", NULL, "2026-01-01T00:00:00Z", NULL},
        {"0 12 * * mon-fri", NULL, "2026-11-27T13:00:00Z", "2026-11-30T12:00:00Z"},
        {"0 12 * * 7", NULL, "2026-11-30T00:00:00Z", "2026-12-06T12:00:00Z"},
        {"0 0 1 * 3", NULL, "2026-11-26T00:00:00Z", "2026-12-01T00:00:00Z"}, /* the 1st or a Wednesday */
        {"@hourly", NULL, "2026-11-30T01:00:00Z", "2026-11-30T02:00:00Z"},
        {"@yearly", NULL, "2026-11-30T01:00:00Z", "2027-01-01T00:00:00Z"},
        {"0 3 * DEC *", NULL, "2026-11-30T01:00:00Z", "2026-12-01T03:00:00Z"},
        {"0 3 * * *", "Europe/Berlin", "2026-11-30T01:00:00Z", "2026-11-30T02:00:00Z"},
        {"0 3 * *", NULL, "2026-11-30T01:00:00Z", NULL},
        {"0 3 * * * *", NULL, "2026-11-30T01:00:00Z", NULL},
        {"60 3 * * *", NULL, "2026-11-30T01:00:00Z", NULL},
        {"5-1 3 * * *", NULL, "2026-11-30T01:00:00Z", NULL},
        {"*/0 * * * *", NULL, "2026-11-30T01:00:00Z", NULL},
        {"@reboot", NULL, "2026-11-30T01:00:00Z", NULL},
        {"", NULL, "2026-11-30T01:00:00Z", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        gint64 after, next;
        g_assert_true(time_parse(rows[i].after, &after, NULL));
        next = cron_next(rows[i].schedule, after, rows[i].zone);
        g_autofree char *text = next < 0 ? NULL : time_format(next);
        g_test_message("%s", rows[i].schedule);
        g_assert_cmpstr(text, ==, rows[i].next);
    }
}

static void test_unschedulable(void) {
    static const char *const rows[][2] = {
        {"0/5 nodes are available: 1 node(s) had untolerated taint {x: y}, 4 Insufficient cpu. preemption: 0/5 nodes "
         "are "
         "available: 5 No preemption victims found for incoming pod.",
         "Insufficient cpu"},
        {"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
         "node(s) didn't match Pod's node affinity/selector"},
        {"0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
         "pod has unbound immediate PersistentVolumeClaims"},
        {"no nodes available to schedule pods", NULL},
        {"", NULL},
        {"available: ", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *cause = unschedulable_cause(rows[i][0]);
        if (rows[i][1] && *rows[i][1])
            g_assert_cmpstr(cause, ==, rows[i][1]);
        else
            g_assert_true(!cause || !*cause);
    }
    g_assert_nonnull(unschedulable_advice("Insufficient cpu"));
    g_assert_null(unschedulable_advice("something new"));
}

static void test_quantity(void) {
    static const struct {
        const char *text;
        double value;
    } rows[] = {{"100m", 0.1}, {"0", 0}, {"2", 2}, {"1Ki", 1024}, {"1.5Gi", 1610612736.0}, {"1e3", 1000}, {"-5", -5}};
    double value;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_true(quantity_number(rows[i].text, &value));
        g_assert_cmpfloat_with_epsilon(value, rows[i].value, 1e-6);
    }
    g_assert_false(quantity_number("many", &value));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/check/cron", test_cron);
    g_test_add_func("/check/unschedulable", test_unschedulable);
    g_test_add_func("/check/quantity", test_quantity);
    return g_test_run();
}
