/* gzip and tar. What is no gzip is taken for a tar. No entry leaves the directory, none is larger than it says. */
#include "base/tar.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UNPACKED_MAX = 1 << 22, ENTRY_MAX = 1 << 20, ENTRIES_MAX = 1000 };

static void read_tar(Source *source) {
    Limits limits = {.entry_size = ENTRY_MAX, .entries = ENTRIES_MAX};
    g_autoptr(GError) error = NULL;
    g_autoptr(TarReader) reader = tar_reader_new(source, &limits, &error);
    g_assert((reader == NULL) == (error != NULL));
    g_autoptr(GByteArray) content = g_byte_array_new();
    const char *path;
    guint64 size;
    int more = reader ? 1 : 0;
    for (unsigned count = 0; more > 0 && (more = tar_reader_next(reader, &path, &size, &error)) > 0; count++) {
        g_assert(count < ENTRIES_MAX && size <= ENTRY_MAX);
        g_assert(*path && *path != '/' && !g_str_has_prefix(path, "../") && !strstr(path, "/../"));
        g_byte_array_set_size(content, 0);
        if (count % 2 == 0 && !tar_reader_read(reader, content, &error))
            break;
        g_assert(count % 2 || content->len == size);
    }
    g_assert(more >= 0 || error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bool zipped = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
    Source *bytes = source_bytes_new(g_bytes_new(data, size));
    g_autoptr(Source) source = zipped ? source_gunzip_new(bytes, &(Limits){.archive_size = UNPACKED_MAX}) : bytes;
    read_tar(source);
    return 0;
}
