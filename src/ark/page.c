#include "ark/page.h"

typedef struct {
    guint offset, length; /* in the page's bytes */
    const char *namespace_, *name;
} PageEntry;

struct ArkPage {
    const KubeResource *resource;
    GByteArray *bytes;
    GArray *entries;
    GStringChunk *names;
};

ArkPage *ark_page_new(const KubeResource *resource, size_t objects, size_t bytes) {
    enum { TYPE_META = 64 }; /* apiVersion and kind, which the items of a list lack */
    ArkPage *page = g_new0(ArkPage, 1);
    page->resource = resource;
    page->bytes = g_byte_array_sized_new((guint)MIN(bytes + objects * TYPE_META, G_MAXUINT / 2));
    page->entries = g_array_sized_new(FALSE, FALSE, sizeof(PageEntry), (guint)objects);
    page->names = g_string_chunk_new(4096);
    return page;
}

void ark_page_free(ArkPage *page) {
    if (!page)
        return;
    g_byte_array_unref(page->bytes);
    g_array_unref(page->entries);
    g_string_chunk_free(page->names);
    g_free(page);
}

void ark_page_add(ArkPage *page, const char *namespace_, const char *name, const char *text, size_t length) {
    PageEntry entry = {page->bytes->len, (guint)length,
                       namespace_ ? g_string_chunk_insert_const(page->names, namespace_) : NULL,
                       g_string_chunk_insert(page->names, name)};
    g_byte_array_append(page->bytes, (const guint8 *)text, (guint)length);
    g_array_append_val(page->entries, entry);
}

guint ark_page_count(const ArkPage *page) {
    return page->entries->len;
}

size_t ark_page_bytes(const ArkPage *page) {
    return page->bytes->len;
}

const KubeResource *ark_page_resource(const ArkPage *page) {
    return page->resource;
}

ArkPageObject ark_page_object(const ArkPage *page, guint index) {
    const PageEntry *entry = &g_array_index(page->entries, PageEntry, index);
    return (ArkPageObject){(const char *)page->bytes->data + entry->offset, entry->length, entry->namespace_,
                           entry->name};
}
