/* What several areas ask of objects. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

#include <string.h>

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

bool pod_is_done(yyjson_val *pod) {
    const char *phase = json_get_string(pod, "status", "phase");
    return g_strcmp0(phase, "Succeeded") == 0 || g_strcmp0(phase, "Failed") == 0;
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

/* --- certificates ---------------------------------------------------------------------------------------- */

bool check_certificate_end(const Snapshot *snapshot, CheckResult *result, const char *object, const char *what,
                           const Certificate *certificate) {
    const gint64 day = (gint64)24 * 3600 * G_USEC_PER_SEC, left = certificate->not_after - snapshot_now(snapshot);
    g_autofree char *until = time_format(certificate->not_after);
    if (left <= 0)
        check_fail(result, object, "%s (%s) ended at %s", what, certificate->subject, until);
    else if (left < result->config->certificate_days_fail * day)
        check_fail(result, object, "%s (%s) ends in %" G_GINT64_FORMAT " days, at %s", what, certificate->subject,
                   left / day, until);
    else if (left < result->config->certificate_days_warn * day)
        check_warn(result, object, "%s (%s) ends in %" G_GINT64_FORMAT " days, at %s", what, certificate->subject,
                   left / day, until);
    else
        return false;
    return true;
}

/* --- the control plane's pods -------------------------------------------------------------------------------- */

bool is_mirror_pod(yyjson_val *pod) {
    return json_get(pod, "metadata", "annotations", "kubernetes.io/config.mirror") != NULL &&
           g_strcmp0(namespace_of(pod), "kube-system") == 0;
}

GPtrArray *mirror_pods(const Snapshot *snapshot, const char *component) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    GPtrArray *found = g_ptr_array_new();
    for (guint i = 0; i < pods->len; i++)
        if (is_mirror_pod(pods->pdata[i]) &&
            (!component ||
             g_strcmp0(json_get_string(pods->pdata[i], "metadata", "labels", "component"), component) == 0))
            g_ptr_array_add(found, pods->pdata[i]);
    return found;
}

/* The value of a flag among the words: "--flag=value", "--flag value", "--flag". */
static char *flag_in(yyjson_val *words, const char *flag) {
    size_t index, count, length = strlen(flag);
    yyjson_val *word;
    yyjson_arr_foreach(words, index, count, word) {
        const char *text = yyjson_get_str(word);
        if (!text || !g_str_has_prefix(text, flag))
            continue;
        if (text[length] == '=')
            return g_strdup(text + length + 1);
        const char *next = yyjson_get_str(yyjson_arr_get(words, index + 1));
        if (!text[length])
            return g_strdup(next && *next != '-' ? next : "true");
    }
    return NULL;
}

char *pod_flag(yyjson_val *pod, const char *flag) {
    size_t index, count;
    yyjson_val *container;
    char *value = NULL;
    yyjson_arr_foreach(json_get(pod, "spec", "containers"), index, count, container) {
        if (!value)
            value = flag_in(json_get(container, "command"), flag);
        if (!value)
            value = flag_in(json_get(container, "args"), flag);
    }
    return value;
}

/* --- versions, metrics ------------------------------------------------------------------------------------------ */

int minor_of(const char *version) {
    char *end;
    const char *text = version ? version + (*version == 'v') : "";
    guint64 major = g_ascii_strtoull(text, &end, 10);
    if (end == text || *end != '.' || major != 1)
        return -1;
    text = end + 1;
    guint64 minor = g_ascii_strtoull(text, &end, 10);
    return end == text || minor > 10000 ? -1 : (int)minor;
}

const Metrics *api_metrics(Snapshot *snapshot, CheckResult *result, bool later) {
    const SnapshotMetrics *metrics =
        later ? snapshot_metrics_later(snapshot, "/metrics") : snapshot_metrics(snapshot, "/metrics");
    if (!metrics->error)
        return metrics->metrics;
    check_unknown(result, NULL, "%s", metrics->error->message);
    return NULL;
}

/* An unknown that names the kinds of may_read that could not be read. */
static void check_unread(const Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++)
        if ((result->check->may_read >> kind & 1) && snapshot_list(snapshot, (SnapshotKind)kind)->error)
            g_string_append_printf(names, "%s%s", names->len ? ", " : "", snapshot_kind_name((SnapshotKind)kind));
    if (names->len)
        check_unknown(result, NULL, "not seen, or not in all namespaces: %s", names->str);
}

void check_each_object(Snapshot *snapshot, CheckResult *result, CheckObjectFunc look) {
    guint all = 0;
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++) {
        const GPtrArray *items = snapshot_list(snapshot, (SnapshotKind)kind)->items;
        if (!(result->check->may_read >> kind & 1))
            continue;
        all += items->len;
        for (guint i = 0; i < items->len; i++)
            look(snapshot, result, (SnapshotKind)kind, items->pdata[i]);
    }
    check_summary(result, "%u objects", all);
    check_unread(snapshot, result);
}
