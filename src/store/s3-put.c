/* Puts: one request for what fits a part, else a multipart upload, parts in parallel. */
#include "store/s3-internal.h"

#include "base/workers.h"

#include <openssl/evp.h>
#include <string.h>

typedef struct {
    unsigned number; /* from 1 */
    GByteArray *bytes;
} Part;

typedef struct {
    Sink sink;
    S3Store *store; /* a reference */
    char *key;
    unsigned parallel;
    bool if_absent;

    GByteArray *filling;
    size_t part_size;
    unsigned parts;
    Cancel *cancel;  /* of this sink, below the store's: set as it is given up */
    char *upload_id; /* NULL until a second part is needed */
    Queue *queue;    /* Part */
    Workers *workers;
    bool finished;

    pthread_mutex_t lock;
    GPtrArray *etags; /* by number - 1 */
    GError *failure;
} S3Sink;

guint64 s3_part_size(guint64 number) {
    return (guint64)S3_PART_MIN << (number / S3_PARTS_BEFORE_GROWTH);
}

static void part_free(void *data) {
    Part *part = data;
    g_byte_array_unref(part->bytes);
    g_free(part);
}

static void keep_failure(S3Sink *put, GError *error) {
    pthread_mutex_lock(&put->lock);
    if (!put->failure)
        put->failure = error;
    else
        g_error_free(error);
    pthread_mutex_unlock(&put->lock);
    queue_close(put->queue);
}

static bool send_part(S3Sink *put, const Part *part, GError **error) {
    g_autofree char *id = http_escape(put->upload_id, NULL), *id_pair = g_strdup_printf("uploadId=%s", id);
    g_autofree char *number = g_strdup_printf("partNumber=%u", part->number);
    g_autofree char *checksum = s3_checksum_header(put->store, part->bytes->data, part->bytes->len);
    const char *query[] = {number, id_pair, NULL}, *headers[] = {checksum, NULL};
    /* The customer key goes with each part, the other encryption headers do not. */
    S3Request request = {.method = "PUT",
                         .key = put->key,
                         .query = query,
                         .headers = headers,
                         .body = part->bytes->data,
                         .body_length = part->bytes->len,
                         .is_read = true,
                         .cancel = put->cancel};
    g_auto(HttpResponse) response = {0};
    if (!s3_request(put->store, &request, &response, error))
        return false;
    const char *etag = http_response_header(&response, "etag");
    if (!etag) {
        g_autofree char *name = s3_name(put->store, put->key);
        g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "part %u of %s was answered without an ETag", part->number,
                    name);
        return false;
    }
    pthread_mutex_lock(&put->lock);
    if (put->etags->len < part->number)
        g_ptr_array_set_size(put->etags, (int)part->number);
    g_ptr_array_index(put->etags, part->number - 1) = g_strdup_printf("%s\n%s", etag, checksum ? checksum : "");
    pthread_mutex_unlock(&put->lock);
    return true;
}

static void part_worker(unsigned index, void *data) {
    S3Sink *put = data;
    for (Part *part; (part = queue_pop(put->queue));) {
        GError *error = NULL;
        pthread_mutex_lock(&put->lock);
        bool failed = put->failure != NULL;
        pthread_mutex_unlock(&put->lock);
        if (!failed && !send_part(put, part, &error))
            keep_failure(put, error);
        part_free(part);
    }
}

static GPtrArray *object_headers(const S3Sink *put) {
    GPtrArray *headers = g_ptr_array_new_with_free_func(g_free);
    if (put->store->tagging)
        g_ptr_array_add(headers, g_strdup_printf("x-amz-tagging: %s", put->store->tagging));
    return headers;
}

static bool start_upload(S3Sink *put, GError **error) {
    const char *query[] = {"uploads=", NULL};
    g_autoptr(GPtrArray) headers = object_headers(put);
    if (*put->store->checksum)
        g_ptr_array_add(headers, g_strdup_printf("x-amz-checksum-algorithm: %s", put->store->checksum));
    g_ptr_array_add(headers, NULL);
    S3Request request = {.method = "POST",
                         .key = put->key,
                         .query = query,
                         .headers = (const char *const *)headers->pdata,
                         .is_write = true,
                         .cancel = put->cancel};
    g_auto(HttpResponse) response = {0};
    if (!s3_request(put->store, &request, &response, error))
        return false;
    put->upload_id =
        s3_xml_text((const char *)response.body->data, response.body->len, "InitiateMultipartUploadResult/UploadId");
    if (!put->upload_id) {
        g_autofree char *name = s3_name(put->store, put->key);
        g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "the upload of %s was begun without an id", name);
        return false;
    }
    put->queue = queue_new(1, part_free);
    put->workers = workers_start(put->parallel, "s3-part", part_worker, put);
    return true;
}

/* Hands the filled part to the workers. */
static bool push_part(S3Sink *put, GError **error) {
    if (!put->upload_id && !start_upload(put, error))
        return false;
    Part *part = g_new0(Part, 1);
    *part = (Part){++put->parts, put->filling};
    put->filling = g_byte_array_sized_new(1024);
    put->part_size = (size_t)s3_part_size(put->parts);
    if (queue_push(put->queue, part))
        return true;
    part_free(part);
    pthread_mutex_lock(&put->lock);
    g_propagate_error(error, g_error_copy(put->failure));
    pthread_mutex_unlock(&put->lock);
    return false;
}

static bool s3_sink_write(Sink *sink, const void *data, size_t length, GError **error) {
    S3Sink *put = (S3Sink *)sink;
    const char *bytes = data;
    while (length > 0) {
        size_t take = MIN(length, put->part_size - put->filling->len);
        g_byte_array_append(put->filling, (const guint8 *)bytes, (guint)take);
        bytes += take;
        length -= take;
        if (put->filling->len == put->part_size && !push_part(put, error))
            return false;
    }
    return true;
}

/* Somebody else's object was there first. */
static void set_exists(const S3Sink *put, const HttpResponse *response, GError **error) {
    if (put->if_absent && response->status == 412 && error && *error)
        (*error)->code = BASE_ERROR_EXISTS;
}

/* Whether the object that is there holds these bytes; checksum: their header line or NULL. */
static bool is_written(const S3Sink *put, const char *checksum) {
    g_auto(HttpResponse) head = {0};
    g_autoptr(StoreObject) object = s3_head_with(put->store, put->key, NULL, &head, NULL);
    g_auto(GStrv) sum = g_strsplit(checksum ? checksum : "", ": ", 2);
    const char *kept = checksum && object ? http_response_header(&head, sum[0]) : NULL;
    if (!object || object->size != put->filling->len)
        return false;
    if (kept)
        return g_str_equal(kept, sum[1]);
    g_autofree char *md5 = g_compute_checksum_for_data(G_CHECKSUM_MD5, put->filling->data, put->filling->len);
    return object->etag && g_str_has_prefix(object->etag + (*object->etag == '"'), md5);
}

static bool put_whole(S3Sink *put, GError **error) {
    g_autofree char *checksum = s3_checksum_header(put->store, put->filling->data, put->filling->len);
    g_autoptr(GPtrArray) headers = object_headers(put);
    bool repeated = false;
    if (checksum)
        g_ptr_array_add(headers, g_strdup(checksum));
    if (put->if_absent)
        g_ptr_array_add(headers, g_strdup("if-none-match: *"));
    g_ptr_array_add(headers, NULL);
    S3Request request = {.method = "PUT",
                         .key = put->key,
                         .headers = (const char *const *)headers->pdata,
                         .body = put->filling->data,
                         .body_length = put->filling->len,
                         .is_write = true,
                         .cancel = put->cancel,
                         .repeated = &repeated};
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    /* The answer to the first time may be lost: the object that is in the way is this one then. */
    if (s3_request(put->store, &request, &response, &failure) ||
        (response.status == 412 && repeated && is_written(put, checksum)))
        return true;
    set_exists(put, &response, &failure);
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* "x-amz-checksum-crc32: VALUE" as the element of a completion. */
static void append_checksum(GString *xml, const char *header) {
    if (!header || !*header)
        return;
    g_auto(GStrv) parts = g_strsplit(header + strlen("x-amz-checksum-"), ": ", 2);
    g_autofree char *name = g_ascii_strup(parts[0], -1);
    g_string_append_printf(xml, "<Checksum%s>%s</Checksum%s>", name, parts[1], name);
}

static char *completion(const S3Sink *put) {
    GString *xml = g_string_new("<CompleteMultipartUpload>");
    for (guint i = 0; i < put->etags->len; i++) {
        g_auto(GStrv) parts = g_strsplit(g_ptr_array_index(put->etags, i), "\n", 2);
        g_autofree char *etag = g_markup_escape_text(parts[0], -1);
        g_string_append_printf(xml, "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag>", i + 1, etag);
        append_checksum(xml, parts[1]);
        g_string_append(xml, "</Part>");
    }
    g_string_append(xml, "</CompleteMultipartUpload>");
    return g_string_free(xml, FALSE);
}

/* The ETag that these parts make where each part's is the MD5 of its bytes, else NULL. */
static char *whole_etag(const S3Sink *put) {
    g_autoptr(GByteArray) sums = g_byte_array_new();
    for (guint i = 0; i < put->etags->len; i++) {
        const char *etag = g_ptr_array_index(put->etags, i);
        etag += *etag == '"';
        for (unsigned byte = 0; byte < 16; byte++) {
            int high = g_ascii_xdigit_value(etag[2 * byte]),
                low = high < 0 ? -1 : g_ascii_xdigit_value(etag[2 * byte + 1]);
            if (low < 0)
                return NULL;
            g_byte_array_append(sums, &(guint8){(guint8)(high << 4 | low)}, 1);
        }
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_Digest(sums->data, sums->len, digest, NULL, EVP_md5(), NULL);
    GString *text = g_string_new(NULL);
    for (unsigned byte = 0; byte < 16; byte++)
        g_string_append_printf(text, "%02x", digest[byte]);
    g_string_append_printf(text, "-%u", put->etags->len);
    return g_string_free(text, FALSE);
}

/* The answer to a completion may be lost: asked again, the server knows the upload no more.
 * The object then tells by its ETag whether it is this one. */
static bool is_completed(const S3Sink *put) {
    g_autofree char *want = whole_etag(put);
    g_autoptr(StoreObject) object = want ? s3_head(&put->store->store, put->key, NULL) : NULL;
    const char *have = object && object->etag ? object->etag + (*object->etag == '"') : "";
    return want && g_str_has_prefix(have, want);
}

static bool complete_upload(S3Sink *put, GError **error) {
    bool repeated = false;
    g_autofree char *xml = completion(put);
    g_autofree char *id = http_escape(put->upload_id, NULL), *id_pair = g_strdup_printf("uploadId=%s", id);
    const char *query[] = {id_pair, NULL}, *headers[] = {put->if_absent ? "if-none-match: *" : NULL, NULL};
    S3Request request = {.method = "POST",
                         .key = put->key,
                         .query = query,
                         .headers = headers,
                         .body = xml,
                         .body_length = strlen(xml),
                         .is_read = true,
                         .cancel = put->cancel,
                         .repeated = &repeated};
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    if (s3_request(put->store, &request, &response, &failure) ||
        ((response.status == 404 || response.status == 412) && repeated && is_completed(put)))
        return true;
    set_exists(put, &response, &failure);
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static void end_workers(S3Sink *put) {
    if (!put->workers)
        return;
    queue_close(put->queue);
    workers_join(put->workers);
    put->workers = NULL;
}

static bool s3_sink_finish(Sink *sink, GError **error) {
    S3Sink *put = (S3Sink *)sink;
    bool ok;
    if (!put->upload_id) {
        ok = put_whole(put, error);
    } else {
        ok = put->filling->len == 0 || push_part(put, error);
        end_workers(put);
        if (ok && put->failure) {
            g_propagate_error(error, g_error_copy(put->failure));
            ok = false;
        }
        ok = ok && complete_upload(put, error);
    }
    put->finished = ok;
    return ok;
}

/* Parts already sent cost money until they are removed. */
static void abort_upload(S3Sink *put) {
    g_autofree char *id = http_escape(put->upload_id, NULL), *id_pair = g_strdup_printf("uploadId=%s", id);
    const char *query[] = {id_pair, NULL};
    S3Request request = {.method = "DELETE", .key = put->key, .query = query, .uncancelled = true};
    g_auto(HttpResponse) response = {0};
    (void)!s3_request(put->store, &request, &response, NULL);
}

static void s3_sink_free(Sink *sink) {
    S3Sink *put = (S3Sink *)sink;
    if (!put->finished) /* what is queued and under way need not be sent */
        cancel_set(put->cancel);
    end_workers(put);
    if (put->upload_id && !put->finished)
        abort_upload(put);
    g_clear_pointer(&put->queue, queue_free);
    g_byte_array_unref(put->filling);
    g_ptr_array_unref(put->etags);
    g_clear_error(&put->failure);
    pthread_mutex_destroy(&put->lock);
    cancel_unref(put->cancel);
    g_free(put->upload_id);
    g_free(put->key);
    store_unref(&put->store->store);
    g_free(put);
}

/* Nobody should write for an hour to learn it at the end; and some servers know no If-None-Match. */
static bool check_absent(Store *base, const char *key, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(StoreObject) object = s3_head(base, key, &failure);
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return true;
    if (!object) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    g_autofree char *name = s3_name((S3Store *)base, key);
    g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS, "writing %s: it exists already", name);
    return false;
}

Sink *s3_put(Store *base, const char *key, const StorePutOptions *options, GError **error) {
    static const SinkClass klass = {s3_sink_write, s3_sink_finish, s3_sink_free};
    if (options->if_absent && !check_absent(base, key, error))
        return NULL;
    S3Sink *put = g_new0(S3Sink, 1);
    put->sink.klass = &klass;
    put->store = (S3Store *)store_ref(base);
    put->key = g_strdup(key);
    put->parallel = options->parallel ? options->parallel : 3;
    put->if_absent = options->if_absent;
    put->part_size = (size_t)s3_part_size(0);
    put->filling = g_byte_array_sized_new(1024);
    put->cancel = cancel_new_child(base->cancel);
    put->etags = g_ptr_array_new_with_free_func(g_free);
    pthread_mutex_init(&put->lock, NULL);
    return &put->sink;
}
