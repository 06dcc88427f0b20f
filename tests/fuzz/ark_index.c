/* A backup's archive: a tar, gzipped here unless it is already. Every object that the
 * index names can be found again, and read or refused. */
#include "ark/index.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static GBytes *gzipped(const uint8_t *data, size_t size) {
    if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b)
        return g_bytes_new(data, size);
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    g_autoptr(Sink) sink = sink_gzip_new(sink_buffer_new(buffer, 1 << 28), 1);
    g_assert(sink_write(sink, data, size, NULL) && sink_finish(sink, NULL));
    return g_bytes_new(buffer->data, buffer->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_autoptr(ArkIndex) index = ark_index_read(source_bytes_new(gzipped(data, size)), NULL, &error);
    g_assert((index == NULL) == (error != NULL));
    const GPtrArray *kinds = index ? ark_index_kinds(index) : NULL;
    for (guint i = 0; kinds && i < kinds->len; i++) {
        const ArkIndexKind *kind = g_ptr_array_index(kinds, i);
        for (guint k = 0; k < kind->entries->len; k++) {
            const ArkEntry *entry = &g_array_index(kind->entries, ArkEntry, k);
            g_assert(ark_index_find(index, kind->group_resource, entry->namespace_, entry->name) == entry);
            g_autoptr(GError) failure = NULL;
            g_autoptr(yyjson_doc) doc = ark_index_object(index, entry, &failure);
            g_assert((doc == NULL) == (failure != NULL));
        }
    }
    return 0;
}
