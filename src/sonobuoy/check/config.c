#include "base/text.h"
#include "base/yaml.h"
#include "sonobuoy/check/check.h"

#include <string.h>

#define THRESHOLD(name_, field_, fallback_, help_) \
    { name_, offsetof(CheckConfig, field_), fallback_, help_ }
const CheckThreshold check_thresholds[] = {
    THRESHOLD("certificateDaysWarn", certificate_days_warn, 30, "a certificate that ends sooner is a warning"),
    THRESHOLD("certificateDaysFail", certificate_days_fail, 7, "... and sooner than that a failure"),
    THRESHOLD("apiSlowMilliseconds", api_slow_ms, 1000, "the API server's median answer above which it is slow"),
    THRESHOLD("etcdSlowMilliseconds", etcd_slow_ms, 100, "that 99 of 100 of etcd's answers take at most"),
    THRESHOLD("objects", objects, 50000, "of a kind, above which there are too many"),
    THRESHOLD("stuckMinutes", stuck_minutes, 5, "what is pending or being deleted for longer is stuck"),
    THRESHOLD("requestsPercent", requests_percent, 90, "of a node's allocatable, above which it is full"),
    THRESHOLD("diskPercent", disk_percent, 85, "of a disk or volume, above which it is full"),
    THRESHOLD("quotaPercent", quota_percent, 90, "of a quota, above which it is nearly used up"),
    THRESHOLD("clockSecondsWarn", clock_warn_s, 2, "that a clock is off by for a warning"),
    THRESHOLD("clockSecondsFail", clock_fail_s, 30, "... and for a failure"),
    THRESHOLD("restarts", restarts, 5, "of a container in its pod's life that are told of"),
    {0},
};

static void exception_free(CheckException *exception) {
    g_free(exception->id);
    g_free(exception->object);
    g_free(exception->reason);
    g_free(exception);
}

static gint64 *field_of(CheckConfig *config, const CheckThreshold *threshold) {
    return (gint64 *)(void *)((char *)config + threshold->offset);
}

CheckConfig *check_config_new(void) {
    CheckConfig *config = g_new0(CheckConfig, 1);
    for (const CheckThreshold *threshold = check_thresholds; threshold->name; threshold++)
        *field_of(config, threshold) = threshold->fallback;
    config->exceptions = g_ptr_array_new_with_free_func((GDestroyNotify)exception_free);
    return config;
}

void check_config_free(CheckConfig *config) {
    if (!config)
        return;
    g_ptr_array_unref(config->exceptions);
    g_free(config);
}

/* --- reading ------------------------------------------------------------------------------------------- */

static bool wrong(GError **error, const char *what, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool wrong(GError **error, const char *what, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: %s", what, text);
    return false;
}

static bool read_threshold(CheckConfig *config, const char *name, yyjson_mut_val *value, const char *what,
                           GError **error) {
    for (const CheckThreshold *threshold = check_thresholds; threshold->name; threshold++) {
        if (!g_str_equal(threshold->name, name))
            continue;
        gint64 number = json_mut_int(value, -1);
        if (number < 0)
            return wrong(error, what, "thresholds.%s is no whole number from 0 on", name);
        *field_of(config, threshold) = number;
        return true;
    }
    return wrong(error, what, "there is no threshold %s; 'sonobuoy check --help' lists them", name);
}

/* A date is the end of its day, UTC. */
static bool read_until(const char *text, gint64 *out) {
    g_autofree char *end = g_strconcat(text, "T23:59:59Z", NULL);
    return time_parse(text, out, NULL) || time_parse(end, out, NULL);
}

static bool read_exception(CheckConfig *config, yyjson_mut_val *value, size_t number, const char *what,
                           GError **error) {
    static const char *const members[] = {"check", "object", "reason", "until", NULL};
    CheckException *exception = g_new0(CheckException, 1);
    g_ptr_array_add(config->exceptions, exception);
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(value);
    for (yyjson_mut_val *key; (key = yyjson_mut_obj_iter_next(&iter));)
        if (!g_strv_contains(members, yyjson_mut_get_str(key)))
            return wrong(error, what, "exceptions[%zu].%s means nothing: there are check, object, reason, until",
                         number, yyjson_mut_get_str(key));
    const char *until = json_mut_get_string(value, "until");
    exception->id = g_strdup(json_mut_get_string(value, "check"));
    exception->object = g_strdup(json_mut_get_string(value, "object"));
    exception->reason = g_strdup(json_mut_get_string(value, "reason"));
    if (!exception->id || !exception->reason || !*exception->reason)
        return wrong(error, what, "exceptions[%zu] needs check (an ID or a glob of IDs) and reason", number);
    if (yyjson_mut_obj_get(value, "until") && (!until || !read_until(until, &exception->until)))
        return wrong(error, what, "exceptions[%zu].until is no date, as 2027-01-31 is", number);
    return true;
}

static bool read_all(CheckConfig *config, yyjson_mut_val *root, const char *what, GError **error) {
    if (yyjson_mut_is_null(root))
        return true;
    if (!yyjson_mut_is_obj(root))
        return wrong(error, what, "it is no object with thresholds and exceptions");
    size_t index, count;
    yyjson_mut_val *exception;
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(root), each;
    for (yyjson_mut_val *key; (key = yyjson_mut_obj_iter_next(&iter));)
        if (!yyjson_mut_equals_str(key, "thresholds") && !yyjson_mut_equals_str(key, "exceptions"))
            return wrong(error, what, "%s means nothing: there are thresholds and exceptions", yyjson_mut_get_str(key));
    yyjson_mut_val *thresholds = yyjson_mut_obj_get(root, "thresholds");
    each = yyjson_mut_obj_iter_with(thresholds);
    for (yyjson_mut_val *key; thresholds && (key = yyjson_mut_obj_iter_next(&each));)
        if (!read_threshold(config, yyjson_mut_get_str(key), yyjson_mut_obj_iter_get_val(key), what, error))
            return false;
    yyjson_mut_arr_foreach(yyjson_mut_obj_get(root, "exceptions"), index, count, exception) {
        if (!read_exception(config, exception, index, what, error))
            return false;
    }
    return true;
}

CheckConfig *check_config_read(const char *text, size_t length, const char *what, GError **error) {
    g_autoptr(CheckConfig) config = check_config_new();
    g_autoptr(yyjson_mut_doc) doc = yaml_parse(text, length, what, error);
    return doc && read_all(config, yyjson_mut_doc_get_root(doc), what, error) ? g_steal_pointer(&config) : NULL;
}
