/* gzip and tar. What is no gzip is taken for a tar. No entry leaves the directory, none is larger than it says. */
#include "base/folder.h"
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

/* Entries of all kinds: their names are UTF-8. */
static void read_entries(Source *source) {
    Limits limits = {.entry_size = ENTRY_MAX, .entries = ENTRIES_MAX};
    g_autoptr(TarReader) reader = tar_reader_new(source, &limits, NULL);
    TarEntry entry;
    while (reader && tar_reader_next_entry(reader, &entry, NULL) > 0) {
        g_assert(g_utf8_validate(entry.path, -1, NULL) && (!entry.target || g_utf8_validate(entry.target, -1, NULL)));
        g_assert(entry.safe == tar_path_is_safe(entry.path));
        g_autofree char *inside = entry.target ? folder_link_path(entry.path, entry.target) : NULL;
        g_assert(!inside || !*inside || tar_path_is_safe(inside) || !entry.safe);
    }
}

static Source *open_input(const uint8_t *data, size_t size) {
    bool zipped = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
    Source *bytes = source_bytes_new(g_bytes_new(data, size));
    return zipped ? source_gunzip_new(bytes, &(Limits){.archive_size = UNPACKED_MAX}) : bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(Source) files = open_input(data, size);
    g_autoptr(Source) entries = open_input(data, size);
    read_tar(files);
    read_entries(entries);
    return 0;
}
