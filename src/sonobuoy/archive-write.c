#include "sonobuoy/archive-write.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    TarWriter *writer;
    const char *except; /* or NULL */
    GPtrArray *left_out;
    gint64 now;
} Writing;

static bool leave_out(const Writing *writing, const char *path, const char *reason) {
    if (writing->left_out)
        g_ptr_array_add(writing->left_out, g_strdup_printf("%s: %s", path, reason));
    return true;
}

static bool write_entry(const FolderEntry *entry, void *data, GError **error) {
    Writing *writing = data;
    if (entry->failure)
        return leave_out(writing, entry->path, entry->failure->message);
    if (S_ISDIR(entry->mode))
        return tar_writer_add_folder(writing->writer, entry->path, writing->now, error);
    if (!S_ISREG(entry->mode) || g_strcmp0(entry->path, writing->except) == 0)
        return true;
    int fd = openat(entry->parent, entry->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return leave_out(writing, entry->path, g_strerror(errno));
    g_autoptr(Source) content = file_source_new(fd);
    bool added = tar_writer_add_source(writing->writer, entry->path, content, entry->size, 0644, writing->now, error);
    close(fd);
    return added;
}

bool archive_pack(const char *folder, const char *except, int fd, GPtrArray *left_out, ArchiveInfo *out,
                  GError **error) {
    static const Limits none = {0};
    int from = folder_open(folder, error);
    if (from < 0)
        return false;
    g_autoptr(Sink) gzip = sink_gzip_new(sink_sha256_new(file_sink_new(fd), out->sha256, &out->size), 2);
    g_autoptr(TarWriter) writer = tar_writer_new(gzip, error);
    Writing writing = {writer, except, left_out, g_get_real_time() / G_USEC_PER_SEC};
    bool packed = writer && folder_walk(from, "", &none, write_entry, &writing, error) &&
                  tar_writer_finish(writer, error) && sink_finish(gzip, error);
    close(from);
    return packed;
}

bool archive_write(const char *folder, const char *path, GPtrArray *left_out, ArchiveInfo *out, GError **error) {
    g_autofree char *unfinished = g_strconcat(path, ".part", NULL);
    int to = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (to < 0) {
        base_error_set_errno(error, errno, "%s cannot be written", unfinished);
        return false;
    }
    bool written = archive_pack(folder, NULL, to, left_out, out, error);
    bool synced = written && fsync(to) == 0;
    int failure = errno;
    close(to);
    if (synced && rename(unfinished, path) == 0)
        return true;
    if (written)
        base_error_set_errno(error, synced ? errno : failure, "%s cannot be written", path);
    unlink(unfinished);
    return false;
}
