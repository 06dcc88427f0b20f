#include "kube/list-internal.h"

#include "kube/object.h"

#include <string.h>

/* kubernetes.io/docs/reference/using-api/api-concepts, "Metadata-only fetches". */
#define METADATA_ONLY "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

/* A page past this many bytes makes the next ones smaller, so that lists of
 * large objects (1 MB ConfigMaps) stay within memory. */
enum { PAGE_BYTES_MAX = 4 * 1024 * 1024, LIMIT_DEFAULT = 500 };

/* A page past this many bytes is not read at all but asked for again in smaller pieces,
 * unless it is of one object. */
enum { ANSWER_BYTES_MAX = 48 * 1024 * 1024, LIMIT_DIVISOR = 8 };

void kube_list_result_clear(KubeListResult *result) {
    g_clear_pointer(&result->resource_version, g_free);
    g_clear_pointer(&result->note, g_free);
}

static void append_query(GString *url, const char *name, const char *value) {
    g_autofree char *escaped = http_escape(value, NULL);
    g_string_append_printf(url, "&%s=%s", name, escaped);
}

static char *page_url(const KubeListQuery *query, unsigned limit, const char *continue_token, bool exact) {
    g_autofree char *path = kube_object_path(query->resource, query->namespace_, NULL);
    GString *url = g_string_new(path);
    g_string_append_printf(url, "?limit=%u", limit);
    if (query->label_selector && *query->label_selector)
        append_query(url, "labelSelector", query->label_selector);
    if (query->field_selector && *query->field_selector)
        append_query(url, "fieldSelector", query->field_selector);
    if (continue_token)
        append_query(url, "continue", continue_token);
    else if (exact && query->resource_version) {
        append_query(url, "resourceVersion", query->resource_version);
        g_string_append(url, "&resourceVersionMatch=Exact");
    }
    return g_string_free(url, FALSE);
}

static void set_note(KubeListResult *out, const char *text) {
    g_free(out->note);
    out->note = g_strdup(text);
}

/* The token that a 410 in mid-list offers to go on with, or NULL. */
static char *token_after_gone(const HttpResponse *response) {
    g_autoptr(yyjson_doc) doc = json_parse((const char *)response->body->data, response->body->len, "410", NULL);
    const char *token = json_get_string(yyjson_doc_get_root(doc), "metadata", "continue");
    return token && *token ? g_strdup(token) : NULL;
}

typedef struct {
    KubeClient *client;
    const KubeListQuery *query;
    KubePageFunc func;
    void *data;
    KubeListResult *out;
    unsigned limit;
    bool exact;
    char *token; /* of the next page */
    bool gone;   /* the last answer was a 410 that offered a token */
} Listing;

bool kube_list_page_read(GByteArray *body, const char *what, KubeListPage *out, GError **error) {
    guint bytes = body->len;
    g_byte_array_set_size(body, bytes + JSON_PADDING);
    *out = (KubeListPage){.bytes = bytes, .doc = json_parse_in_place((char *)body->data, bytes, what, error)};
    if (!out->doc)
        return false;
    yyjson_val *root = yyjson_doc_get_root(out->doc), *items = json_get(root, "items"), *item;
    bool ok = yyjson_is_obj(root) && (!items || yyjson_is_arr(items) || yyjson_is_null(items));
    size_t index, count;
    yyjson_arr_foreach(items, index, count, item)
        ok = ok && yyjson_is_obj(item);
    if (!ok) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "GET %s: the answer is not a list of objects", what);
        kube_list_page_clear(out);
        return false;
    }
    const char *token = json_get_string(root, "metadata", "continue");
    out->items = yyjson_is_arr(items) ? items : NULL;
    out->token = token && *token ? token : NULL;
    out->revision = json_get_string(root, "metadata", "resourceVersion");
    return true;
}

void kube_list_page_clear(KubeListPage *page) {
    g_clear_pointer(&page->doc, yyjson_doc_free);
}

/* Hands a page on; sets the token of the next. */
static bool listing_page(Listing *listing, HttpResponse *response, const char *url, GError **error) {
    g_auto(KubeListPage) page = {0};
    if (!kube_list_page_read(response->body, url, &page, error))
        return false;
    if (page.token && g_strcmp0(page.token, listing->token) == 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "GET %s: the continue token repeats itself", url);
        return false;
    }
    g_free(listing->token);
    listing->token = g_strdup(page.token);
    listing->gone = false;
    if (!listing->out->resource_version)
        listing->out->resource_version = g_strdup(page.revision);
    size_t count = yyjson_arr_size(page.items);
    listing->out->items += count;
    listing->out->pages++;
    if (page.bytes > PAGE_BYTES_MAX && count > 0)
        listing->limit = MAX(1, (unsigned)((guint64)listing->limit * PAGE_BYTES_MAX / page.bytes));
    return listing->func(page.items, page.bytes, listing->data, error);
}

/* What to do after a failed page: true to ask again. */
static bool listing_recover(Listing *listing, const HttpResponse *response, const GError *failure) {
    bool gone = g_error_matches(failure, BASE_ERROR, BASE_ERROR_GONE);
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_LIMIT) && listing->limit > 1) {
        listing->limit = MAX(1, listing->limit / LIMIT_DIVISOR);
        return true;
    }
    if (listing->token) {
        g_autofree char *token = gone && !listing->gone ? token_after_gone(response) : NULL;
        if (!token)
            return false;
        listing->gone = true;
        g_free(listing->token);
        listing->token = g_steal_pointer(&token);
        set_note(listing->out, "the list's revision expired half-way; the rest is of a later revision");
        return true;
    }
    /* A storage of the kind's own answers a revision of another's as "too large" or as an internal error. */
    bool refused = gone || g_error_matches(failure, BASE_ERROR, BASE_ERROR_INVALID) || response->status == 504 ||
                   response->status == 500;
    if (!listing->exact || !refused)
        return false;
    listing->exact = false;
    set_note(listing->out, gone ? "the asked revision is no longer kept; listed at its own"
                                : "the server does not have the asked revision for this kind; listed at its own");
    return true;
}

bool kube_list(KubeClient *client, const KubeListQuery *query, KubePageFunc func, void *data, KubeListResult *out,
               GError **error) {
    Listing listing = {.client = client,
                       .query = query,
                       .func = func,
                       .data = data,
                       .out = out,
                       .limit = query->limit ? query->limit : LIMIT_DEFAULT,
                       .exact = query->resource_version != NULL};
    *out = (KubeListResult){0};
    bool ok = true;
    g_auto(HttpResponse) response = {0}; /* keeps its memory from page to page */
    do {
        g_autoptr(GError) failure = NULL;
        g_autofree char *url = page_url(query, listing.limit, listing.token, listing.exact);
        KubeRequest request = {.method = "GET",
                               .path = url,
                               .accept = query->metadata_only ? METADATA_ONLY : NULL,
                               .response_max = listing.limit > 1 ? ANSWER_BYTES_MAX : 0};
        if (kube_client_request(client, &request, &response, &failure)) {
            ok = listing_page(&listing, &response, url, error);
        } else if (!listing_recover(&listing, &response, failure)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            ok = false;
        } else {
            continue;
        }
    } while (ok && (listing.token || out->pages == 0));
    g_free(listing.token);
    return ok;
}

char *kube_list_revision(KubeClient *client, const KubeResource *resource, const char *namespace_, GError **error) {
    g_autofree char *path = kube_object_path(resource, namespace_, NULL);
    g_autofree char *url = g_strdup_printf("%s?limit=1", path);
    g_autoptr(yyjson_doc) doc = kube_client_get(client, url, error);
    if (!doc)
        return NULL;
    const char *revision = json_get_string(yyjson_doc_get_root(doc), "metadata", "resourceVersion");
    if (!revision || !*revision) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "GET %s: the list has no resourceVersion", url);
        return NULL;
    }
    return g_strdup(revision);
}
