/* Multipart uploads that were begun and neither completed nor aborted: ListMultipartUploads, page by page. */
#include "store/s3-internal.h"

#include "base/text.h"

#include <string.h>

void s3_uploads_page_clear(S3UploadsPage *page) {
    g_clear_pointer(&page->uploads, g_ptr_array_unref);
    g_clear_pointer(&page->key_marker, g_free);
    g_clear_pointer(&page->id_marker, g_free);
}

typedef struct {
    S3UploadsPage *page;
    StoreUnfinished *upload;
    bool encoded, whole, ok;
} Reader;

static void set_text(char **out, char *text) {
    g_free(*out);
    *out = text;
}

static void end_upload(Reader *reader) {
    if (reader->upload->key && reader->upload->id)
        g_ptr_array_add(reader->page->uploads, g_steal_pointer(&reader->upload));
    else
        reader->ok = false;
    store_unfinished_free(reader->upload);
    reader->upload = g_new0(StoreUnfinished, 1);
}

static void read_element(const char *path, const char *text, void *data) {
    Reader *reader = data;
    gint64 begun;
    const char *root = "ListMultipartUploadsResult/";
    const char *name = g_str_has_prefix(path, root) ? path + strlen(root) : "";
    if (g_str_equal(path, "ListMultipartUploadsResult"))
        reader->whole = true;
    else if (g_str_equal(name, "Upload/Key"))
        set_text(&reader->upload->key, s3_key_decode(text, reader->encoded));
    else if (g_str_equal(name, "Upload/UploadId"))
        set_text(&reader->upload->id, g_strdup(text));
    else if (g_str_equal(name, "Upload/Initiated"))
        reader->upload->touched = time_parse(text, &begun, NULL) ? begun / G_USEC_PER_SEC : 0;
    else if (g_str_equal(name, "Upload"))
        end_upload(reader);
    else if (g_str_equal(name, "NextKeyMarker"))
        set_text(&reader->page->key_marker, s3_key_decode(text, reader->encoded));
    else if (g_str_equal(name, "NextUploadIdMarker"))
        set_text(&reader->page->id_marker, g_strdup(text));
    else if (g_str_equal(name, "IsTruncated"))
        reader->page->truncated = g_str_equal(text, "true");
}

bool s3_uploads_read(const char *xml, size_t length, S3UploadsPage *out) {
    *out = (S3UploadsPage){.uploads = g_ptr_array_new_with_free_func((GDestroyNotify)store_unfinished_free)};
    /* Where this stands among the uploads is not promised. */
    g_autofree char *encoding = s3_xml_text(xml, length, "ListMultipartUploadsResult/EncodingType");
    Reader reader = {
        .page = out, .upload = g_new0(StoreUnfinished, 1), .encoded = g_strcmp0(encoding, "url") == 0, .ok = true};
    bool read = s3_xml_read(xml, length, read_element, &reader);
    store_unfinished_free(reader.upload);
    return read && reader.whole && reader.ok && (!out->truncated || out->key_marker);
}

static bool get_page(S3Store *store, const S3UploadsPage *before, S3UploadsPage *out, GError **error) {
    g_autofree char *key = before->key_marker ? http_escape(before->key_marker, NULL) : NULL,
                    *id = before->id_marker ? http_escape(before->id_marker, NULL) : NULL;
    g_autofree char *key_pair = key ? g_strdup_printf("key-marker=%s", key) : NULL,
                    *id_pair = id ? g_strdup_printf("upload-id-marker=%s", id) : NULL;
    const char *query[] = {"uploads=", "encoding-type=url", key_pair, key_pair ? id_pair : NULL, NULL};
    S3Request request = {.method = "GET", .query = query};
    g_auto(HttpResponse) response = {0};
    if (!s3_request(store, &request, &response, error))
        return false;
    bool read = s3_uploads_read((const char *)response.body->data, response.body->len, out);
    bool loops = read && out->truncated && g_strcmp0(out->key_marker, before->key_marker) == 0 &&
                 g_strcmp0(out->id_marker, before->id_marker) == 0;
    if (read && !loops)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "the listing of the uploads to s3://%s %s", store->store.bucket,
                read ? "does not end: its markers repeat themselves" : "cannot be read");
    return false;
}

/* The bucket's uploads are listed as a whole: MinIO takes a prefix for a key, and lists nothing else. */
bool s3_list_unfinished(Store *base, const char *prefix, GPtrArray *out, GError **error) {
    S3Store *store = (S3Store *)base;
    g_auto(S3UploadsPage) page = {.truncated = true};
    while (page.truncated) {
        S3UploadsPage next = {0};
        if (!get_page(store, &page, &next, error)) {
            s3_uploads_page_clear(&next);
            return false;
        }
        s3_uploads_page_clear(&page);
        page = next;
        for (guint i = 0; i < page.uploads->len; i++) {
            StoreUnfinished *upload = g_ptr_array_index(page.uploads, i);
            const char *key = s3_key_below(store, upload->key);
            if (!key || !g_str_has_prefix(key, prefix))
                continue;
            set_text(&upload->key, g_strdup(key));
            g_ptr_array_add(out, upload);
            g_ptr_array_index(page.uploads, i) = NULL;
        }
    }
    return true;
}

bool s3_drop_unfinished(Store *base, const StoreUnfinished *unfinished, GError **error) {
    g_autofree char *id = http_escape(unfinished->id, NULL), *id_pair = g_strdup_printf("uploadId=%s", id);
    const char *query[] = {id_pair, NULL};
    S3Request request = {.method = "DELETE", .key = unfinished->key, .query = query};
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    if (s3_request((S3Store *)base, &request, &response, &failure) || response.status == 404)
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}
