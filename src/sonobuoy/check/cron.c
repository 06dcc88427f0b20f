#include "sonobuoy/check/cron.h"

#include <stdbool.h>
#include <string.h>

enum { MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS, FIELDS, DAYS_LOOKED_AT = 366, SCHEDULE_MAX = 256 };

typedef struct {
    guint64 set[FIELDS];       /* bits */
    bool any_day, any_weekday; /* written as * */
} Cron;

static const struct {
    int first, last;
    const char *names; /* of three letters, from `first` on */
} ranges[FIELDS] = {{0, 59, ""},
                    {0, 23, ""},
                    {1, 31, ""},
                    {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
                    {0, 7, "sunmontuewedthufrisat"}};

/* A number or name; *text goes on behind it. -1: neither. */
static int read_value(const char **text, int field) {
    const char *names = ranges[field].names;
    for (int i = 0; names[i * 3]; i++)
        if (g_ascii_strncasecmp(*text, names + i * 3, 3) == 0) {
            *text += 3;
            return ranges[field].first + i;
        }
    int value = 0, digits = 0;
    for (; g_ascii_isdigit(**text) && digits < 3; digits++)
        value = value * 10 + (*(*text)++ - '0');
    return digits && value >= ranges[field].first && value <= ranges[field].last ? value : -1;
}

/* One of the list: *, ?, N, N-M, each with /STEP. */
static bool read_part(const char *text, int field, Cron *cron) {
    int from = ranges[field].first, to = ranges[field].last, step = 1;
    bool all = *text == '*' || *text == '?';
    if (all) {
        text++;
    } else {
        from = to = read_value(&text, field);
        if (from >= 0 && *text == '-' && text++)
            to = read_value(&text, field);
    }
    if (*text == '/') {
        step = 0;
        for (text++; g_ascii_isdigit(*text) && step < 1000; text++)
            step = step * 10 + (*text - '0');
        to = !all && from == to ? ranges[field].last : to;
    }
    if (*text || from < 0 || to < from || step < 1)
        return false;
    for (int value = from; value <= to; value += step)
        cron->set[field] |= (guint64)1 << value;
    return true;
}

static bool cron_read(const char *schedule, Cron *cron) {
    static const char *const words[][2] = {
        {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
        {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"}};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_equal(schedule, words[i][0]))
            schedule = words[i][1];
    if (strnlen(schedule, SCHEDULE_MAX + 1) > SCHEDULE_MAX)
        return false;
    g_auto(GStrv) fields = g_strsplit_set(schedule, " \t", -1);
    int field = 0;
    for (char **one = fields; *one; one++) {
        if (!**one)
            continue;
        if (field == FIELDS)
            return false;
        g_auto(GStrv) parts = g_strsplit(*one, ",", -1);
        for (char **part = parts; *part; part++)
            if (!read_part(*part, field, cron))
                return false;
        cron->any_day = cron->any_day || (field == DAYS && strchr("*?", **one));
        cron->any_weekday = cron->any_weekday || (field == WEEKDAYS && strchr("*?", **one));
        field++;
    }
    if (cron->set[WEEKDAYS] >> 7 & 1) /* Sunday has two numbers */
        cron->set[WEEKDAYS] |= 1;
    return field == FIELDS;
}

/* With a day of the month and one of the week, either will do. */
static bool takes_day(const Cron *cron, GDateTime *day) {
    bool month = cron->set[MONTHS] >> g_date_time_get_month(day) & 1,
         date = cron->set[DAYS] >> g_date_time_get_day_of_month(day) & 1,
         weekday = cron->set[WEEKDAYS] >> (g_date_time_get_day_of_week(day) % 7) & 1;
    return month && (cron->any_day || cron->any_weekday ? date && weekday : date || weekday);
}

/* The first minute of the day that is after `after`; -1: none. */
static gint64 within_day(const Cron *cron, GTimeZone *zone, GDateTime *day, gint64 after) {
    for (int minute = 0; minute < 24 * 60; minute++) {
        if (!(cron->set[HOURS] >> (minute / 60) & 1) || !(cron->set[MINUTES] >> (minute % 60) & 1))
            continue;
        g_autoptr(GDateTime) time = g_date_time_new(zone, g_date_time_get_year(day), g_date_time_get_month(day),
                                                    g_date_time_get_day_of_month(day), minute / 60, minute % 60, 0);
        gint64 at = time ? g_date_time_to_unix(time) * G_USEC_PER_SEC : -1;
        if (at > after)
            return at;
    }
    return -1;
}

gint64 cron_next(const char *schedule, gint64 after, const char *zone) {
    Cron cron = {0};
    if (!cron_read(schedule, &cron))
        return -1;
    g_autoptr(GTimeZone) named = zone ? g_time_zone_new_identifier(zone) : NULL;
    g_autoptr(GTimeZone) place = named ? g_time_zone_ref(named) : g_time_zone_new_utc();
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(after / G_USEC_PER_SEC);
    g_autoptr(GDateTime) begin = utc ? g_date_time_to_timezone(utc, place) : NULL;
    for (int i = 0; begin && i <= DAYS_LOOKED_AT; i++) {
        g_autoptr(GDateTime) day = g_date_time_add_days(begin, i);
        gint64 at = day && takes_day(&cron, day) ? within_day(&cron, place, day, after) : -1;
        if (at >= 0)
            return at;
    }
    return -1;
}
