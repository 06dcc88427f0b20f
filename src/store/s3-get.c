/* Reading an object of S3: a thread fetches ahead into a bounded queue, and goes on
 * where a connection broke. An object that is read from its start to its end is
 * checked against the checksum that the server keeps with it. */
#include "store/s3-internal.h"

#include "base/workers.h"

#include <string.h>

enum { READ_CHUNK = 256 * 1024, READ_AHEAD = 8, FAILURES_MAX = 6 };

typedef struct {
    Source source;
    S3Store *store;
    char *key;
    char *etag;
    guint64 offset, end;        /* of what is still to be fetched */
    const HttpResponse *answer; /* whose first bytes are awaited; NULL after them */
    S3Verifier *verifier;       /* NULL: nothing to check against */
    Queue *chunks;              /* GByteArray */
    Workers *thread;
    Cancel *cancel; /* of this source, below the store's */
    GByteArray *filling, *current;
    guint position;
    GError *failure; /* set by the thread before it closes the queue */
} S3Source;

/* Whether the answer's bytes are those from `offset` on: not every server, nor what stands
 * before it, knows ranges. */
static bool starts_at(const HttpResponse *answer, guint64 offset) {
    const char *range = http_response_header(answer, "content-range");
    guint64 start = 0;
    if (range && (!g_str_has_prefix(range, "bytes ") || !g_ascii_isdigit(range[6])))
        return false;
    if (range)
        start = g_ascii_strtoull(range + 6, NULL, 10);
    return start == offset;
}

static bool take_bytes(const void *data, size_t length, void *user_data, GError **error) {
    S3Source *source = user_data;
    if (source->answer && !starts_at(source->answer, source->offset)) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                            "the answer holds other bytes than those that were asked for");
        return false;
    }
    source->answer = NULL;
    if (length > source->end - source->offset) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CORRUPT, "more bytes came than were asked for");
        return false;
    }
    if (source->verifier)
        s3_verifier_add(source->verifier, data, length);
    g_byte_array_append(source->filling, data, (guint)length);
    source->offset += length;
    if (source->filling->len < READ_CHUNK || source->offset == source->end) /* the last waits for verify() */
        return true;
    if (!queue_push(source->chunks, source->filling)) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CANCELLED, "no longer wanted");
        return false;
    }
    source->filling = g_byte_array_sized_new(READ_CHUNK);
    return true;
}

/* Fetches from where it stands to the end; once. */
static bool fetch_rest(S3Source *source, GError **error) {
    g_autofree char *name = s3_name(source->store, source->key);
    g_autofree char *range =
        g_strdup_printf("range: bytes=%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, source->offset, source->end - 1);
    g_autofree char *match = g_strdup_printf("if-match: %s", source->etag ? source->etag : "");
    const char *headers[] = {range, source->etag ? match : NULL, NULL};
    S3Request request = {.method = "GET",
                         .key = source->key,
                         .headers = headers,
                         .on_body = take_bytes,
                         .on_body_data = source,
                         .is_read = true,
                         .cancel = source->cancel};
    g_auto(HttpResponse) response = {0};
    source->answer = &response;
    bool ok = s3_request(source->store, &request, &response, error);
    source->answer = NULL;
    if (!ok) {
        if (response.status == 412)
            g_prefix_error(error, "%s was overwritten while it was read: ", name);
        return false;
    }
    if (source->offset == source->end)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "%s ended %" G_GUINT64_FORMAT " bytes too early", name,
                source->end - source->offset);
    return false;
}

static bool verify(S3Source *source, GError **error) {
    if (!source->verifier || s3_verifier_matches(source->verifier))
        return true;
    g_autofree char *name = s3_name(source->store, source->key);
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                "%s does not match the checksum that is stored with it: it is damaged; use another copy", name);
    return false;
}

static void fetch_worker(unsigned index, void *data) {
    S3Source *source = data;
    unsigned failures = 0;
    while (source->offset < source->end) {
        guint64 before = source->offset;
        g_clear_error(&source->failure);
        if (fetch_rest(source, &source->failure))
            break;
        failures = source->offset > before ? 1 : failures + 1; /* goes on where it broke */
        if (!base_error_is_transient(source->failure) || failures >= FAILURES_MAX ||
            !cancel_sleep(source->cancel, http_backoff(failures, 200, 5000), NULL))
            break;
    }
    if (!source->failure && verify(source, &source->failure) && source->filling->len > 0 &&
        queue_push(source->chunks, source->filling))
        source->filling = g_byte_array_new();
    queue_close(source->chunks);
}

static gssize s3_source_read(Source *base, void *data, size_t length, GError **error) {
    S3Source *source = (S3Source *)base;
    if (cancel_check(source->store->store.cancel, error))
        return -1;
    if (!source->current || source->position == source->current->len) {
        g_clear_pointer(&source->current, g_byte_array_unref);
        source->current = queue_pop(source->chunks);
        source->position = 0;
    }
    if (!source->current) { /* the queue is closed: the thread is done with failure */
        if (!source->failure)
            return 0;
        g_propagate_error(error, g_error_copy(source->failure));
        return -1;
    }
    guint take = (guint)MIN(length, source->current->len - source->position);
    memcpy(data, source->current->data + source->position, take);
    source->position += take;
    return take;
}

static void s3_source_free(Source *base) {
    S3Source *source = (S3Source *)base;
    cancel_set(source->cancel);
    queue_close(source->chunks);
    workers_join(source->thread);
    queue_free(source->chunks);
    g_clear_pointer(&source->current, g_byte_array_unref);
    g_byte_array_unref(source->filling);
    g_clear_error(&source->failure);
    s3_verifier_free(source->verifier);
    cancel_unref(source->cancel);
    g_free(source->key);
    g_free(source->etag);
    store_unref(&source->store->store);
    g_free(source);
}

Source *s3_get(Store *base, const char *key, guint64 offset, gint64 length, GError **error) {
    static const SourceClass klass = {s3_source_read, s3_source_free};
    g_auto(HttpResponse) response = {0};
    g_autoptr(StoreObject) object = s3_head_with((S3Store *)base, key, NULL, &response, error);
    if (!object)
        return NULL;
    S3Source *source = g_new0(S3Source, 1);
    source->source.klass = &klass;
    source->store = (S3Store *)store_ref(base);
    source->key = g_strdup(key);
    source->etag = g_strdup(object->etag);
    source->offset = MIN(offset, object->size);
    source->end = object->size;
    if (length >= 0 && (guint64)length < object->size - source->offset)
        source->end = source->offset + (guint64)length;
    if (source->offset == 0 && source->end == object->size)
        source->verifier = s3_verifier_new(source->store, object, &response);
    source->chunks = queue_new(READ_AHEAD, (GDestroyNotify)g_byte_array_unref);
    source->filling = g_byte_array_new();
    source->cancel = cancel_new_child(base->cancel);
    source->thread = workers_start(1, "s3-read", fetch_worker, source);
    return &source->source;
}
