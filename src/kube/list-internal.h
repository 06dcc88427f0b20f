/* The reader of list pages, for tests and fuzzers too. */
#pragma once

#include "kube/list.h"

typedef struct {
    yyjson_doc *doc;
    yyjson_val *items;            /* an array of objects, or NULL: none */
    const char *token, *revision; /* NULL: none; both live as long as the body */
    size_t bytes;
} KubeListPage;
void kube_list_page_clear(KubeListPage *page);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KubeListPage, kube_list_page_clear)

/* Reads an answer where it lies; `body` grows by JSON_PADDING and must outlive the page. */
bool kube_list_page_read(GByteArray *body, const char *what, KubeListPage *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
