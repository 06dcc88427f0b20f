#include "kube/watch-internal.h"

#include "kube/object.h"

#include <string.h>

/* One request lasts at most so long: a connection that died unnoticed is replaced then. */
enum { REQUEST_S = 60, GRACE_S = 15, TIMEOUT_S = 300 };

/* An ERROR event carries a Status. */
static void take_error(KubeWatchReader *watch, yyjson_val *status) {
    gint64 code = json_int(json_get(status, "code"), 0);
    const char *message = json_get_string(status, "message");
    watch->gone = code == 410;
    g_set_error(&watch->failure, BASE_ERROR, watch->gone ? BASE_ERROR_GONE : BASE_ERROR_UNAVAILABLE,
                "the watch of %s ended: %s", watch->name, message ? message : "no reason given");
}

static bool take_event(KubeWatchReader *watch, const char *text, size_t length) {
    g_autoptr(yyjson_doc) doc = json_parse(text, length, "watch event", &watch->failure);
    if (!doc)
        return false;
    yyjson_val *root = yyjson_doc_get_root(doc), *object = json_get(root, "object");
    const char *type = json_get_string(root, "type"),
               *revision = json_get_string(object, "metadata", "resourceVersion");
    if (!type || !yyjson_is_obj(object)) {
        g_set_error(&watch->failure, BASE_ERROR, BASE_ERROR_CORRUPT, "a watch event of %s has no type or no object",
                    watch->name);
        return false;
    }
    if (g_str_equal(type, "ERROR")) {
        take_error(watch, object);
        return false;
    }
    watch->seen = true;
    if (revision) {
        g_free(watch->revision);
        watch->revision = g_strdup(revision);
    }
    watch->done = !watch->func(type, object, watch->data, &watch->failure);
    return !watch->done && !watch->failure;
}

bool kube_watch_take(const void *data, size_t length, void *reader, GError **error) {
    KubeWatchReader *watch = reader;
    const char *at = data, *end = at + length, *line_end;
    bool more = true;
    while (more && (line_end = memchr(at, '\n', (size_t)(end - at)))) {
        g_byte_array_append(watch->line, (const guint8 *)at, (guint)(line_end - at));
        at = line_end + 1;
        if (watch->line->len > 0)
            more = take_event(watch, (const char *)watch->line->data, watch->line->len);
        g_byte_array_set_size(watch->line, 0);
    }
    if (more && (size_t)(end - at) > KUBE_WATCH_EVENT_MAX - watch->line->len)
        g_set_error(&watch->failure, BASE_ERROR, BASE_ERROR_LIMIT, "a watch event is larger than %d bytes",
                    KUBE_WATCH_EVENT_MAX);
    if (more && !watch->failure) {
        g_byte_array_append(watch->line, (const guint8 *)at, (guint)(end - at));
        return true;
    }
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FAILED, "the watch is over");
    return false;
}

static void append(GString *url, const char *name, const char *value) {
    if (!value || !*value)
        return;
    g_autofree char *escaped = http_escape(value, NULL);
    g_string_append_printf(url, "&%s=%s", name, escaped);
}

/* Watches by one request. False when the watch is over, with watch->failure, done or `error` set. */
static bool watch_once(KubeClient *client, const KubeWatchQuery *query, KubeWatchReader *watch, unsigned seconds,
                       GError **error) {
    g_autofree char *path = kube_object_path(query->resource, query->namespace_, NULL);
    g_autoptr(GString) url = g_string_new(path);
    g_string_append_printf(url, "?watch=1&allowWatchBookmarks=true&timeoutSeconds=%u", seconds);
    append(url, "resourceVersion", watch->revision);
    append(url, "labelSelector", query->label_selector);
    append(url, "fieldSelector", query->field_selector);
    KubeRequest request = {.method = "GET",
                           .path = url->str,
                           .on_body = kube_watch_take,
                           .on_body_data = watch,
                           .timeout_s = seconds + GRACE_S,
                           .stall_s = seconds + GRACE_S};
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    watch->seen = false;
    g_byte_array_set_size(watch->line, 0);
    bool ok = kube_client_request(client, &request, &response, &failure);
    if (watch->done || watch->failure)
        return false;
    if (ok || base_error_is_transient(failure))
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

bool kube_watch(KubeClient *client, const KubeWatchQuery *query, KubeWatchFunc func, void *data, GError **error) {
    gint64 deadline =
        g_get_monotonic_time() + (gint64)(query->timeout_s ? query->timeout_s : TIMEOUT_S) * G_USEC_PER_SEC;
    KubeWatchReader watch = {.name = query->resource->group_resource,
                             .func = func,
                             .data = data,
                             .line = g_byte_array_new(),
                             .revision = g_strdup(query->resource_version)};
    g_autoptr(GError) failure = NULL;
    unsigned idle = 0;
    for (gint64 left; (left = deadline - g_get_monotonic_time()) > 0;) {
        unsigned seconds = (unsigned)MIN((left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC, REQUEST_S);
        gint64 begun = g_get_monotonic_time();
        if (!watch_once(client, query, &watch, seconds, &failure))
            break;
        /* A server that ends watches at once is not asked in a tight loop. */
        idle = watch.seen || g_get_monotonic_time() - begun > G_USEC_PER_SEC ? 0 : idle + 1;
        if (idle && !cancel_sleep(kube_client_cancel(client), http_backoff(idle, 100, 5000), &failure))
            break;
    }
    g_clear_pointer(&watch.line, g_byte_array_unref);
    g_clear_pointer(&watch.revision, g_free);
    if (watch.failure || failure) {
        g_propagate_error(error, watch.failure ? watch.failure : g_steal_pointer(&failure));
        return false;
    }
    if (!watch.done)
        g_set_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT, "nothing that was waited for happened to %s in time",
                    query->resource->group_resource);
    return watch.done;
}

static bool any_change(const char *type, yyjson_val *object, void *data, GError **error) {
    return g_str_equal(type, "BOOKMARK");
}

bool kube_watch_object(KubeClient *client, const KubeResource *resource, const char *namespace_, const char *name,
                       const char *resource_version, unsigned timeout_s, Cancel *cancel, GError **error) {
    g_autofree char *field = g_strdup_printf("metadata.name=%s", name);
    KubeWatchQuery query = {.resource = resource,
                            .namespace_ = namespace_,
                            .field_selector = field,
                            .resource_version = resource_version,
                            .timeout_s = timeout_s};
    g_autoptr(GError) failure = NULL;
    if (kube_watch(client, &query, any_change, NULL, &failure) ||
        g_error_matches(failure, BASE_ERROR, BASE_ERROR_TIMEOUT))
        return !cancel_check(cancel, error);
    return cancel_sleep(cancel, G_USEC_PER_SEC / 4, error);
}
