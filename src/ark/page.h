/* Objects of one kind on their way from a list: a page of it, as text. */
#pragma once

#include "kube/discovery.h"

typedef struct ArkPage ArkPage;

/* For about so many objects and bytes. */
ArkPage *ark_page_new(const KubeResource *resource, size_t objects, size_t bytes);
void ark_page_free(ArkPage *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkPage, ark_page_free)

/* Copies the object's text (compact JSON with apiVersion and kind). namespace_ is
 * NULL for cluster-scoped objects. */
void ark_page_add(ArkPage *page, const char *namespace_, const char *name, const char *text, size_t length);
guint ark_page_count(const ArkPage *page);
size_t ark_page_bytes(const ArkPage *page);
const KubeResource *ark_page_resource(const ArkPage *page);

typedef struct {
    const char *text;
    size_t length;
    const char *namespace_; /* NULL: cluster-scoped */
    const char *name;
} ArkPageObject;

/* The object at an index below the count; the page's own. */
ArkPageObject ark_page_object(const ArkPage *page, guint index);
