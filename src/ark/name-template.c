#include "ark/name-template.h"

#include "base/text.h"

#include <string.h>

static char *time_text(const ArkNameFields *fields, const char *format) {
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(fields->now / G_USEC_PER_SEC);
    return g_date_time_format(time, format);
}

/* The characters that a name may hold: others become '-', and none of those stands at an end or twice. */
static char *fit(const char *text) {
    GString *out = g_string_new(NULL);
    for (const char *c = text; *c; c++) {
        bool dot = *c == '.' && g_ascii_isalnum(c[1]) && out->len && g_ascii_isalnum(out->str[out->len - 1]);
        if (g_ascii_isalnum(*c) || dot)
            g_string_append_c(out, g_ascii_tolower(*c));
        else if (out->len && out->str[out->len - 1] != '-')
            g_string_append_c(out, '-');
    }
    while (out->len && out->str[out->len - 1] == '-')
        g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

static const char *const field_names[] = {"timestamp", "date", "cluster", "context", "hostname", NULL};

/* What stands in the field's place; `out_time`: it differs between the backups of a series. */
static char *value_of(const char *field, const ArkNameFields *fields, bool *out_time, GError **error) {
    bool timestamp = g_str_equal(field, "timestamp");
    *out_time = timestamp || g_str_equal(field, "date");
    if (*out_time)
        return time_text(fields, timestamp ? "%Y%m%d%H%M%S" : "%Y%m%d");
    if (g_str_equal(field, "hostname"))
        return fit(fields->hostname);
    g_autofree char *context = fields->context(fields->data, error);
    return context ? fit(context) : NULL;
}

static bool check_field(const char *text, const char *field, GError **error) {
    if (g_strv_contains(field_names, field))
        return true;
    const char *nearest = text_nearest(field, field_names);
    g_autofree char *all = g_strjoinv(", ", (char **)field_names);
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "name template \"%s\": there is no field {{%s}}; %s%s%s", text,
                field, nearest ? "did you mean {{" : "there are: ", nearest ? nearest : all, nearest ? "}}?" : "");
    return false;
}

/* Fills the field that `open` stands at; returns what comes after it, NULL on errors. */
static const char *fill_field(const char *text, const char *open, const ArkNameFields *fields, GString *name,
                              GString *series, GError **error) {
    const char *close = strstr(open, "}}");
    if (!close) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "name template \"%s\": a field that {{ begins must end with }}", text);
        return NULL;
    }
    bool is_time;
    g_autofree char *field = g_strstrip(g_strndup(open + 2, (gsize)(close - open - 2)));
    g_autofree char *value = check_field(text, field, error) ? value_of(field, fields, &is_time, error) : NULL;
    if (!value)
        return NULL;
    g_string_append(name, value);
    if (!is_time)
        g_string_append(series, value);
    return close + 2;
}

/* NULL where nothing is left. */
static char *series_of(const char *text) {
    g_autofree char *plain = fit(text);
    return *plain ? name_to_label_value(plain) : NULL;
}

char *ark_name_template_fill(const char *text, const ArkNameFields *fields, char **out_series, GError **error) {
    g_autoptr(GString) name = g_string_new(NULL), series = g_string_new(NULL);
    g_autoptr(GError) failure = NULL;
    const char *at = text;
    for (const char *open; at && (open = strstr(at, "{{"));) {
        g_string_append_len(name, at, open - at);
        g_string_append_len(series, at, open - at);
        at = fill_field(text, open, fields, name, series, error);
    }
    if (!at)
        return NULL;
    g_string_append(name, at);
    g_string_append(series, at);
    if (!name_is_dns_subdomain(name->str, &failure)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "name template \"%s\" makes no name of a backup: %s", text,
                    failure->message);
        return NULL;
    }
    *out_series = series_of(series->str);
    return g_strdup(name->str);
}
