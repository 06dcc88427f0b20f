/* XML of S3. */
#include "store/s3-internal.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(const char *path, const char *text, void *data) {
    unsigned *elements = data;
    g_assert(*path && g_utf8_validate(path, -1, NULL) && g_utf8_validate(text, -1, NULL));
    ++*elements;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    unsigned elements = 0;
    bool ok = s3_xml_read((const char *)data, size, count, &elements);
    g_assert(!ok || elements > 0);
    g_autofree char *text = s3_xml_text((const char *)data, size, "Error/Code");
    g_assert(ok || !text);
    g_auto(S3UploadsPage) page = {0};
    bool uploads = s3_uploads_read((const char *)data, size, &page);
    g_assert(!uploads || (ok && (!page.truncated || page.key_marker)));
    for (guint i = 0; i < page.uploads->len; i++) {
        const StoreUnfinished *upload = g_ptr_array_index(page.uploads, i);
        g_assert(upload->key && upload->id);
    }
    return 0;
}
