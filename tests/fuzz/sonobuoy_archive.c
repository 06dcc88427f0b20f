/* Archives of runs. What is no gzip is taken for a tar and packed first. */
#include "sonobuoy/archive.h"
#include "sonobuoy/results.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static GByteArray *packed(const uint8_t *data, size_t size) {
    GByteArray *out = g_byte_array_new();
    if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b)
        return g_byte_array_append(out, data, (guint)size);
    g_autoptr(Sink) sink = sink_gzip_new(sink_buffer_new(out, G_MAXUINT), 1);
    g_assert(sink_write(sink, data, size, NULL) && sink_finish(sink, NULL));
    return out;
}

static bool see(const char *path, guint64 size, Source *content, void *data, GError **error) {
    char start[16];
    unsigned *count = data;
    g_assert(*path != '/' && !g_str_has_prefix(path, "../") && !strstr(path, "/../") && !g_str_has_suffix(path, "/.."));
    return ++*count % 2 == 0 || source_read(content, start, sizeof start, error) >= 0;
}

static void read_plugins(RunArchive *archive) {
    g_auto(GStrv) plugins = run_archive_plugins(archive, NULL);
    for (char **plugin = plugins; plugin && *plugin && plugin < plugins + 10; plugin++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(yyjson_mut_doc) doc = run_archive_results(archive, *plugin, &error);
        g_assert((doc == NULL) == (error != NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GByteArray) bytes = packed(data, size);
    int fd = memfd_create("archive", MFD_CLOEXEC);
    g_assert(fd >= 0 && write(fd, bytes->data, bytes->len) == (gssize)bytes->len);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    Limits limits = {.archive_size = 1 << 22, .entries = 1000, .path_length = 1000, .file_size = 1 << 20};
    g_autoptr(GError) error = NULL;
    g_autoptr(RunArchive) archive = run_archive_open(path, &limits, &error);
    g_assert_no_error(error);
    close(fd);
    unsigned count = 0;
    bool ok = run_archive_walk(archive, see, &count, &error);
    g_assert(ok == (error == NULL));
    read_plugins(archive);
    return 0;
}
