/* What several areas ask of objects. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

yyjson_val *condition_of(yyjson_val *object, const char *type) {
    size_t index, count;
    yyjson_val *condition;
    yyjson_arr_foreach(json_get(object, "status", "conditions"), index, count, condition) {
        if (g_strcmp0(json_get_string(condition, "type"), type) == 0)
            return condition;
    }
    return NULL;
}

const char *condition_status(yyjson_val *object, const char *type) {
    return json_get_string(condition_of(object, type), "status");
}

char *condition_text(yyjson_val *condition) {
    const char *reason = json_get_string(condition, "reason"), *message = json_get_string(condition, "message");
    bool both = reason && *reason && message && *message;
    return g_strdup_printf("%s%s%s", reason ? reason : "", both ? ": " : "", message ? message : "");
}

gint64 minutes_since(const Snapshot *snapshot, const char *time) {
    gint64 then;
    if (!time || !time_parse(time, &then, NULL))
        return -1;
    return MAX(snapshot_now(snapshot) - then, 0) / (60 * G_USEC_PER_SEC);
}

const char *name_of(yyjson_val *object) {
    const char *name = json_get_string(object, "metadata", "name");
    return name ? name : "";
}

const char *namespace_of(yyjson_val *object) {
    return json_get_string(object, "metadata", "namespace");
}
