/* Listings: ListObjectsV2, a page of 1000 keys after the other. */
#include "store/s3-internal.h"

#include "base/text.h"

#include <string.h>

typedef struct {
    S3Store *store;
    StoreListFunc func;
    void *data;
    StoreObject object;
    char *token;
    guint64 count; /* keys and prefixes so far */
    bool truncated, encoded, whole, ok;
    GError *error;
} S3Listing;

char *s3_key_decode(const char *text, bool encoded) {
    g_autofree char *spaces = g_strdelimit(g_strdup(text), "+", ' ');
    return encoded ? g_uri_unescape_string(spaces, NULL) : g_strdup(text);
}

const char *s3_key_below(const S3Store *store, const char *key) {
    const char *prefix = store->store.prefix;
    size_t length = strlen(prefix);
    if (length == 0)
        return key;
    return strncmp(key, prefix, length) == 0 && key[length] == '/' ? key + length + 1 : NULL;
}

/* The key without the store's prefix, decoded. NULL, with the listing's error, for what is not one. */
static char *relative_key(S3Listing *listing, const char *text) {
    g_autofree char *key = s3_key_decode(text, listing->encoded);
    const char *below = key ? s3_key_below(listing->store, key) : NULL;
    if (!below) {
        g_autofree char *name = s3_name(listing->store, NULL);
        listing->ok = false;
        g_set_error(&listing->error, BASE_ERROR, BASE_ERROR_CORRUPT, "the listing of %s holds the key \"%s\", %s", name,
                    text, key ? "which does not lie there" : "which is not encoded as it should be");
    }
    return g_strdup(below);
}

/* Goes on with what was listed unless a server's pages do not end. */
static void hand_on(S3Listing *listing, const StoreObject *object, const char *prefix) {
    enum { LISTED_MAX = 1000 * 1000 };
    g_autofree char *name = ++listing->count > LISTED_MAX ? s3_name(listing->store, NULL) : NULL;
    if (name)
        g_set_error(&listing->error, BASE_ERROR, BASE_ERROR_LIMIT, "the listing of %s has more than %d keys", name,
                    LISTED_MAX);
    listing->ok = !name && listing->func(object, prefix, listing->data, &listing->error);
}

static void end_object(S3Listing *listing) {
    StoreObject *object = &listing->object;
    if (object->key && *object->key)
        hand_on(listing, object, NULL);
    g_clear_pointer(&object->key, g_free);
    g_clear_pointer(&object->etag, g_free);
    *object = (StoreObject){0};
}

static void listed(const char *path, const char *text, void *data) {
    S3Listing *listing = data;
    if (!listing->ok)
        return;
    gint64 modified;
    const char *name = g_str_has_prefix(path, "ListBucketResult/") ? path + strlen("ListBucketResult/") : "";
    if (g_str_equal(name, "Contents/Key")) {
        g_free(listing->object.key);
        listing->object.key = relative_key(listing, text);
    } else if (g_str_equal(name, "Contents/Size")) {
        listing->object.size = g_ascii_strtoull(text, NULL, 10);
    } else if (g_str_equal(name, "Contents/LastModified")) {
        listing->object.mtime = time_parse(text, &modified, NULL) ? modified / G_USEC_PER_SEC : 0;
    } else if (g_str_equal(name, "Contents/ETag")) {
        g_free(listing->object.etag);
        listing->object.etag = g_strdup(text);
    } else if (g_str_equal(name, "Contents")) {
        end_object(listing);
    } else if (g_str_equal(name, "CommonPrefixes/Prefix")) {
        g_autofree char *prefix = relative_key(listing, text);
        if (prefix && *prefix)
            hand_on(listing, NULL, prefix);
    } else if (g_str_equal(path, "ListBucketResult")) {
        listing->whole = true;
    } else if (g_str_equal(name, "IsTruncated")) {
        listing->truncated = g_str_equal(text, "true");
    } else if (g_str_equal(name, "NextContinuationToken")) {
        g_free(listing->token);
        listing->token = g_strdup(text);
    }
}

static bool list_page(S3Listing *listing, const char *const *query, GError **error) {
    S3Request request = {.method = "GET", .query = query};
    g_auto(HttpResponse) response = {0};
    if (!s3_request(listing->store, &request, &response, error))
        return false;
    g_autofree char *before = g_steal_pointer(&listing->token);
    listing->truncated = listing->whole = false;
    const char *xml = (const char *)response.body->data;
    /* Not every server does as asked, and where this stands among the keys is not promised. */
    g_autofree char *encoding = s3_xml_text(xml, response.body->len, "ListBucketResult/EncodingType");
    listing->encoded = g_strcmp0(encoding, "url") == 0;
    bool read = s3_xml_read(xml, response.body->len, listed, listing);
    g_clear_pointer(&listing->object.key, g_free);
    g_clear_pointer(&listing->object.etag, g_free);
    if (!listing->ok) {
        g_propagate_error(error, g_steal_pointer(&listing->error));
        return false;
    }
    bool loops = listing->truncated && (!listing->token || g_strcmp0(listing->token, before) == 0);
    if (!read || !listing->whole || loops) {
        g_autofree char *name = s3_name(listing->store, NULL);
        g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "the listing of %s %s", name,
                    !read            ? "is not valid XML"
                    : listing->whole ? "does not end: its continuation token repeats itself"
                                     : "is not a listing: something else answers at that address");
        return false;
    }
    return true;
}

bool s3_list(Store *base, const char *prefix, const char *delimiter, StoreListFunc func, void *data, GError **error) {
    S3Listing listing = {.store = (S3Store *)base, .func = func, .data = data, .ok = true};
    g_autofree char *whole = *base->prefix ? g_strdup_printf("%s/%s", base->prefix, prefix) : g_strdup(prefix);
    g_autofree char *escaped = http_escape(whole, NULL), *prefix_pair = g_strdup_printf("prefix=%s", escaped);
    g_autofree char *delimiter_escaped = delimiter ? http_escape(delimiter, NULL) : NULL;
    g_autofree char *delimiter_pair = delimiter ? g_strdup_printf("delimiter=%s", delimiter_escaped) : NULL;
    bool ok;
    do {
        g_autofree char *token = listing.token ? http_escape(listing.token, NULL) : NULL;
        g_autofree char *token_pair = token ? g_strdup_printf("continuation-token=%s", token) : NULL;
        const char *query[6] = {"list-type=2", "encoding-type=url", prefix_pair};
        size_t count = 3;
        if (delimiter_pair)
            query[count++] = delimiter_pair;
        if (token_pair)
            query[count++] = token_pair;
        query[count] = NULL;
        ok = list_page(&listing, query, error);
    } while (ok && listing.truncated);
    g_free(listing.token);
    g_clear_error(&listing.error);
    return ok;
}
