/* What several areas ask of objects. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

yyjson_val *condition_in(yyjson_val *conditions, const char *type) {
    size_t index, count;
    yyjson_val *condition;
    yyjson_arr_foreach(conditions, index, count, condition) {
        if (g_strcmp0(json_get_string(condition, "type"), type) == 0)
            return condition;
    }
    return NULL;
}

yyjson_val *condition_of(yyjson_val *object, const char *type) {
    return condition_in(json_get(object, "status", "conditions"), type);
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

/* --- indexes ------------------------------------------------------------------------------------------- */

static char *index_key(const char *namespace_, const char *name) {
    return g_strconcat(namespace_ ? namespace_ : "", "/", name, NULL);
}

GHashTable *index_by_name(const GPtrArray *objects) {
    GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < objects->len; i++)
        g_hash_table_insert(index, index_key(namespace_of(objects->pdata[i]), name_of(objects->pdata[i])),
                            objects->pdata[i]);
    return index;
}

yyjson_val *index_find(GHashTable *index, const char *namespace_, const char *name) {
    g_autofree char *key = index_key(namespace_, name ? name : "");
    return g_hash_table_lookup(index, key);
}

static void endpoints_free(Endpoints *endpoints) {
    g_hash_table_unref(endpoints->nodes);
    g_free(endpoints);
}

static void count_endpoints(Endpoints *endpoints, yyjson_val *slice) {
    size_t index, count;
    yyjson_val *endpoint;
    endpoints->slice = slice;
    yyjson_arr_foreach(json_get(slice, "endpoints"), index, count, endpoint) {
        yyjson_val *ready = json_get(endpoint, "conditions", "ready");
        const char *node = json_get_string(endpoint, "nodeName");
        endpoints->all++;
        if (yyjson_is_false(ready)) /* where nothing is said it is */
            continue;
        endpoints->ready++;
        if (node)
            g_hash_table_add(endpoints->nodes, (void *)node);
    }
}

GHashTable *endpoints_by_service(const Snapshot *snapshot) {
    const GPtrArray *slices = snapshot_list(snapshot, SNAPSHOT_ENDPOINT_SLICES)->items;
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)endpoints_free);
    for (guint i = 0; i < slices->len; i++) {
        const char *service = json_get_string(slices->pdata[i], "metadata", "labels", "kubernetes.io/service-name");
        if (!service)
            continue;
        g_autofree char *key = index_key(namespace_of(slices->pdata[i]), service);
        Endpoints *endpoints = g_hash_table_lookup(table, key);
        if (!endpoints) {
            endpoints = g_new0(Endpoints, 1);
            endpoints->nodes = g_hash_table_new(g_str_hash, g_str_equal);
            g_hash_table_insert(table, g_steal_pointer(&key), endpoints);
        }
        count_endpoints(endpoints, slices->pdata[i]);
    }
    return table;
}

const Endpoints *endpoints_of(GHashTable *table, yyjson_val *service) {
    g_autofree char *key = index_key(namespace_of(service), name_of(service));
    return g_hash_table_lookup(table, key);
}

bool labels_match(yyjson_val *selector, yyjson_val *object) {
    yyjson_val *labels = json_get(object, "metadata", "labels"), *key, *value;
    json_foreach_member(selector, key, value) {
        if (!yyjson_equals(value, yyjson_obj_get(labels, yyjson_get_str(key))))
            return false;
    }
    return yyjson_obj_size(selector) > 0;
}

gint64 event_minutes(const Snapshot *snapshot, yyjson_val *event) {
    const char *times[] = {json_get_string(event, "series", "lastObservedTime"),
                           json_get_string(event, "lastTimestamp"), json_get_string(event, "eventTime"),
                           json_get_string(event, "metadata", "creationTimestamp")};
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++)
        if (times[i])
            return minutes_since(snapshot, times[i]);
    return -1;
}
