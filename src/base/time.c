#include "base/text.h"

#include <string.h>
#include <time.h>

/* Exactly `count` digits; advances. -1 when there are fewer. */
static int digits(const char **text, int count) {
    int value = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (!g_ascii_isdigit(**text))
            return -1;
        value = value * 10 + (**text - '0');
    }
    return value;
}

static bool accept(const char **text, char c) {
    if (g_ascii_toupper(**text) != c)
        return false;
    (*text)++;
    return true;
}

/* ".123" as microseconds; further digits are cut. -1 when no digit follows. */
static gint64 fraction(const char **text) {
    gint64 micros = 0, unit = 100000;
    if (!accept(text, '.'))
        return 0;
    if (!g_ascii_isdigit(**text))
        return -1;
    for (; g_ascii_isdigit(**text); (*text)++, unit /= 10)
        micros += (**text - '0') * unit;
    return micros;
}

static bool is_date(const struct tm *date) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = date->tm_year + 1900;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= 0 && date->tm_mon >= 0 && date->tm_mon < 12 && date->tm_mday >= 1 &&
           date->tm_mday <= days[date->tm_mon] + (leap && date->tm_mon == 1);
}

static bool parse_date(const char **text, struct tm *out) {
    bool ok = (out->tm_year = digits(text, 4) - 1900) >= -1900 && accept(text, '-') &&
              (out->tm_mon = digits(text, 2) - 1) >= 0 && accept(text, '-') && (out->tm_mday = digits(text, 2)) >= 0;
    return ok && is_date(out);
}

/* A second of 60 is a leap second; it counts as the first of the next minute. */
static bool parse_clock(const char **text, struct tm *out) {
    bool ok = (out->tm_hour = digits(text, 2)) >= 0 && accept(text, ':') && (out->tm_min = digits(text, 2)) >= 0 &&
              accept(text, ':') && (out->tm_sec = digits(text, 2)) >= 0;
    return ok && out->tm_hour < 24 && out->tm_min < 60 && out->tm_sec <= 60;
}

/* "Z" or "+01:30", as seconds east. */
static bool parse_offset(const char **text, gint64 *out) {
    *out = 0;
    if (accept(text, 'Z'))
        return true;
    int sign = accept(text, '+') ? 1 : accept(text, '-') ? -1 : 0;
    int hours = sign ? digits(text, 2) : -1;
    int minutes = hours >= 0 && accept(text, ':') ? digits(text, 2) : -1;
    *out = sign * (hours * 3600LL + minutes * 60LL);
    return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

bool time_parse(const char *text, gint64 *out_us, GError **error) {
    const char *c = text;
    struct tm parts = {0};
    gint64 micros = -1, offset;
    if (!parse_date(&c, &parts) || !accept(&c, 'T') || !parse_clock(&c, &parts) || (micros = fraction(&c)) < 0 ||
        !parse_offset(&c, &offset) || *c) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "\"%s\" is not an RFC 3339 time such as 2026-11-24T12:00:00Z", text);
        return false;
    }
    *out_us = ((gint64)timegm(&parts) - offset) * G_USEC_PER_SEC + micros;
    return true;
}

static char *format_time(gint64 us, bool nanos) {
    gint64 rest = us % G_USEC_PER_SEC;
    time_t seconds = (time_t)(us / G_USEC_PER_SEC);
    if (rest < 0) {
        rest += G_USEC_PER_SEC;
        seconds--;
    }
    struct tm parts;
    gmtime_r(&seconds, &parts);
    /* not strftime(): its %Y does not pad the year 1, Go's zero time, to four digits */
    g_autofree char *text = g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1,
                                            parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    return nanos ? g_strdup_printf("%s.%06d000Z", text, (int)rest) : g_strdup_printf("%sZ", text);
}

char *time_format(gint64 us) {
    return format_time(us, false);
}

char *time_format_nanos(gint64 us) {
    return format_time(us, true);
}

/* The unit's length in nanoseconds; advances. 0 when it is none. */
static guint64 parse_unit(const char **text) {
    static const struct {
        const char *name;
        guint64 nanos;
    } units[] = {{"ns", 1},       {"us", 1000},      {"\xc2\xb5s", 1000},       {"\xce\xbcs", 1000},
                 {"ms", 1000000}, {"s", 1000000000}, {"m", 60 * 1000000000ull}, {"h", 3600 * 1000000000ull}};
    size_t length = strcspn(*text, "0123456789.");
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (strlen(units[i].name) == length && strncmp(*text, units[i].name, length) == 0) {
            *text += length;
            return units[i].nanos;
        }
    }
    return 0;
}

/* Go's durations are 63 bits of nanoseconds: what it refuses is refused here. */
static const guint64 NANOS_MAX = G_MAXINT64;

/* A number and its unit, added to *total. The digits behind the point are kept
 * as long as they matter: a nanosecond of an hour is the 13th. */
static bool parse_term(const char **text, guint64 *total) {
    guint64 whole = 0, parts = 0, scale = 1;
    bool any = false;
    for (; g_ascii_isdigit(**text); (*text)++, any = true)
        if (__builtin_mul_overflow(whole, 10u, &whole) ||
            __builtin_add_overflow(whole, (guint64)(**text - '0'), &whole))
            return false;
    if (**text == '.') {
        for ((*text)++; g_ascii_isdigit(**text); (*text)++, any = true) {
            if (scale >= 1000000000000000ull)
                continue;
            parts = parts * 10 + (guint64)(**text - '0');
            scale *= 10;
        }
    }
    guint64 unit = any ? parse_unit(text) : 0;
    if (unit == 0 || __builtin_mul_overflow(whole, unit, &whole))
        return false;
    /* up to 3.6e12 times 1e15: needs the wide type */
    whole += (guint64)((unsigned __int128)parts * unit / scale);
    return whole <= NANOS_MAX && !__builtin_add_overflow(*total, whole, total) && *total <= NANOS_MAX;
}

bool duration_parse(const char *text, gint64 *out_us, GError **error) {
    const char *c = text;
    bool negative = *c == '-';
    if (*c == '-' || *c == '+')
        c++;
    bool ok = *c != '\0';
    guint64 nanos = 0;
    if (!g_str_equal(c, "0"))
        while (ok && *c)
            ok = parse_term(&c, &nanos);
    if (!ok) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "\"%s\" is not a duration such as 30s, 10m or 720h", text);
        return false;
    }
    gint64 micros = (gint64)((nanos + 500) / 1000);
    *out_us = negative ? -micros : micros;
    return true;
}

/* A count of units with decimals as far as needed: 1500, 1000 -> "1.5". */
static char *decimals(guint64 value, guint64 unit) {
    GString *out = g_string_new(NULL);
    g_string_printf(out, "%" G_GUINT64_FORMAT, value / unit);
    guint64 rest = value % unit;
    if (rest)
        g_string_append_c(out, '.');
    while (rest) {
        unit /= 10;
        g_string_append_c(out, (char)('0' + rest / unit));
        rest %= unit;
    }
    return g_string_free(out, FALSE);
}

char *duration_format(gint64 us) {
    const char *sign = us < 0 ? "-" : "";
    guint64 total = us < 0 ? 0 - (guint64)us : (guint64)us;
    if (total == 0)
        return g_strdup("0s");
    if (total < 1000)
        return g_strdup_printf("%s%" G_GUINT64_FORMAT "\xc2\xb5s", sign, total);
    guint64 hours = total / 3600000000u, minutes = total / 60000000u % 60;
    g_autofree char *millis = decimals(total, 1000), *seconds = decimals(total % 60000000u, 1000000u);
    if (total < 1000000)
        return g_strdup_printf("%s%sms", sign, millis);
    if (hours)
        return g_strdup_printf("%s%" G_GUINT64_FORMAT "h%" G_GUINT64_FORMAT "m%ss", sign, hours, minutes, seconds);
    if (minutes)
        return g_strdup_printf("%s%" G_GUINT64_FORMAT "m%ss", sign, minutes, seconds);
    return g_strdup_printf("%s%ss", sign, seconds);
}

/* "5m30s", "3h": the second part is left out where it is 0. */
static char *two_parts(gint64 first, const char *first_unit, gint64 second, const char *second_unit) {
    if (second == 0)
        return g_strdup_printf("%" G_GINT64_FORMAT "%s", first, first_unit);
    return g_strdup_printf("%" G_GINT64_FORMAT "%s%" G_GINT64_FORMAT "%s", first, first_unit, second, second_unit);
}

/* Two to three digits of meaning, as kubectl shows ages. */
char *duration_format_short(gint64 us) {
    gint64 seconds = MAX(us, 0) / G_USEC_PER_SEC, minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
    if (seconds < 2 * 60)
        return two_parts(seconds, "s", 0, "");
    if (minutes < 10)
        return two_parts(minutes, "m", seconds % 60, "s");
    if (minutes < 3 * 60)
        return two_parts(minutes, "m", 0, "");
    if (hours < 8)
        return two_parts(hours, "h", minutes % 60, "m");
    if (hours < 2 * 24)
        return two_parts(hours, "h", 0, "");
    if (days < 8)
        return two_parts(days, "d", hours % 24, "h");
    if (days < 2 * 365)
        return two_parts(days, "d", 0, "");
    if (days < 8 * 365)
        return two_parts(days / 365, "y", days % 365, "d");
    return two_parts(days / 365, "y", 0, "");
}

char *bytes_format(guint64 bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    size_t unit = 0;
    /* 1023.95 would print as 1024.0 */
    for (; value >= (unit ? 1023.95 : 1024) && unit + 1 < G_N_ELEMENTS(units); unit++)
        value /= 1024;
    return unit ? g_strdup_printf("%.1f %s", value, units[unit]) : g_strdup_printf("%" G_GUINT64_FORMAT " B", bytes);
}
