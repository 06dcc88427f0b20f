#include "sonobuoy/splat.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/tar.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".tar.gz"

/* Their names, sorted. */
static GPtrArray *archives_in(const char *folder, GError **error) {
    g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    if (!dir)
        return NULL;
    for (const char *name; (name = g_dir_read_name(dir));)
        if (g_str_has_suffix(name, SUFFIX))
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, text_compare);
    if (names->len > 0)
        return g_steal_pointer(&names);
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no archive in %s: the run is not over", folder);
    return NULL;
}

static bool add_archive(TarWriter *writer, int folder, const char *name, GError **error) {
    struct stat stat;
    int fd = folder_open_file(folder, name, error);
    if (fd < 0)
        return false;
    g_autoptr(Source) content = file_source_new(fd);
    bool added = fstat(fd, &stat) == 0;
    if (!added)
        base_error_set_errno(error, errno, "%s cannot be read", name);
    added = added && tar_writer_add_source(writer, name, content, (guint64)stat.st_size, 0644, stat.st_mtime, error);
    close(fd);
    return added;
}

bool splat_all(const char *folder, int fd, GError **error) {
    g_autoptr(GPtrArray) names = archives_in(folder, error);
    int from = names ? folder_open(folder, error) : -1;
    if (from < 0)
        return false;
    g_autoptr(Sink) gzip = sink_gzip_new(file_sink_new(fd), 1);
    g_autoptr(TarWriter) writer = tar_writer_new(gzip, error);
    bool ok = writer != NULL;
    for (guint i = 0; ok && i < names->len; i++)
        ok = add_archive(writer, from, names->pdata[i], error);
    ok = ok && tar_writer_finish(writer, error) && sink_finish(gzip, error);
    close(from);
    return ok;
}

static bool copy_rest(int from, const char *name, guint64 offset, int to, GError **error) {
    struct stat stat;
    if (fstat(from, &stat) != 0 || offset > (guint64)stat.st_size || lseek(from, (off_t)offset, SEEK_SET) < 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s has no byte %" G_GUINT64_FORMAT, name, offset);
        return false;
    }
    char piece[64 * 1024];
    ssize_t count;
    while ((count = read(from, piece, sizeof piece)) > 0) {
        if (!file_write(to, piece, (size_t)count)) {
            base_error_set_errno(error, errno, "%s cannot be written to the output", name);
            return false;
        }
    }
    if (count < 0)
        base_error_set_errno(error, errno, "%s cannot be read", name);
    return count == 0;
}

bool splat_from(const char *folder, const char *name, guint64 from, int fd, GError **error) {
    if (strchr(name, '/') || !g_str_has_suffix(name, SUFFIX)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s is not the name of an archive", name);
        return false;
    }
    int directory = folder_open(folder, error);
    int file = directory < 0 ? -1 : folder_open_file(directory, name, error);
    bool ok = file >= 0 && copy_rest(file, name, from, fd, error);
    if (file >= 0)
        close(file);
    if (directory >= 0)
        close(directory);
    return ok;
}
