/* Paged lists, a page at a time, so that memory holds pages in flight only. */
#pragma once

#include "kube/discovery.h"

typedef struct {
    const KubeResource *resource;
    const char *namespace_;       /* NULL: all, or cluster-scoped */
    const char *label_selector;   /* NULL: none */
    const char *field_selector;   /* NULL: none */
    const char *resource_version; /* exact revision of the first page; NULL: the newest */
    unsigned limit;               /* objects a page; 0: 500 */
    bool metadata_only;           /* items are PartialObjectMetadata: no more is sent */
} KubeListQuery;

typedef struct {
    char *resource_version; /* of the list, as the first page said */
    guint64 items;
    guint pages;
    char *note; /* where it is not of one revision, or not of the one that was asked for: how, in words; else NULL */
} KubeListResult;
void kube_list_result_clear(KubeListResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KubeListResult, kube_list_result_clear)

/* Gets each page's array of items (objects; NULL for none), in order; they are gone when it returns.
 * `bytes` is the size of the page as JSON. */
typedef bool (*KubePageFunc)(yyjson_val *items, size_t bytes, void *data, GError **error);

/* Lists all. Where the exact revision is expired (410) or refused, the list is
 * taken at the newest one and `out` says so; a 410 in mid-list is continued with
 * the server's inconsistent token. Large objects make later pages smaller. */
bool kube_list(KubeClient *client, const KubeListQuery *query, KubePageFunc func, void *data, KubeListResult *out,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The revision the cluster is at now, from a list of one object of `resource`. */
char *kube_list_revision(KubeClient *client, const KubeResource *resource, const char *namespace_, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
