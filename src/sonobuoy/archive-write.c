#include "sonobuoy/archive-write.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/tar.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What links may make a folder grow by: each is written as the file that it leads to. */
enum { LINKED_GI = 1 };

typedef struct {
    TarWriter *writer;
    int folder;
    const char *own;    /* its path */
    const char *except; /* or NULL */
    GPtrArray *left_out;
    guint64 linked; /* bytes written for links */
    gint64 now;
} Writing;

static bool leave_out(const Writing *writing, const char *path, const char *reason) {
    if (writing->left_out)
        g_ptr_array_add(writing->left_out, g_strdup_printf("%s: %s", path, reason));
    return true;
}

/* Takes the descriptor over. */
static bool write_file(const Writing *writing, const char *path, int fd, guint64 size, GError **error) {
    g_autoptr(Source) content = file_source_new(fd);
    bool added = tar_writer_add_source(writing->writer, path, content, size, 0644, writing->now, error);
    close(fd);
    return added;
}

/* A link as the file that it leads to: a stock aggregator takes the targets of links for paths from the result's top.
 */
static bool write_link(Writing *writing, const FolderEntry *entry, const char *path, GError **error) {
    g_autoptr(GError) failure = NULL;
    struct stat status;
    int fd = folder_open_inside(writing->folder, writing->own, entry->path, &failure);
    if (fd < 0)
        return leave_out(writing, path, "a link that leads to no file in the folder");
    guint64 size = fstat(fd, &status) == 0 ? (guint64)status.st_size : 0;
    if (writing->linked + size > (guint64)LINKED_GI << 30) {
        close(fd);
        return leave_out(writing, path, "a link, and links have made the archive 1 GiB larger already");
    }
    writing->linked += size;
    return write_file(writing, path, fd, size, error);
}

static const char *kind_name(mode_t mode) {
    return S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

static bool write_entry(const FolderEntry *entry, void *data, GError **error) {
    Writing *writing = data;
    g_autofree char *path = text_utf8(entry->path);
    if (entry->failure)
        return leave_out(writing, path, entry->failure->message);
    if (S_ISDIR(entry->mode))
        return tar_writer_add_folder(writing->writer, path, writing->now, error);
    if (g_strcmp0(entry->path, writing->except) == 0)
        return true;
    if (S_ISLNK(entry->mode))
        return write_link(writing, entry, path, error);
    if (!S_ISREG(entry->mode))
        return leave_out(writing, path, kind_name(entry->mode));
    int fd = openat(entry->parent, entry->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? leave_out(writing, path, g_strerror(errno)) : write_file(writing, path, fd, entry->size, error);
}

bool archive_pack(const char *folder, const char *except, int fd, GPtrArray *left_out, ArchiveInfo *out,
                  GError **error) {
    static const Limits none = {0};
    int from = folder_open(folder, error);
    if (from < 0)
        return false;
    g_autoptr(Sink) gzip = sink_gzip_new(sink_sha256_new(file_sink_new(fd), out->sha256, &out->size), 2);
    g_autoptr(TarWriter) writer = tar_writer_new(gzip, error);
    Writing writing = {
        .writer = writer,
        .folder = from,
        .own = folder,
        .except = except,
        .left_out = left_out,
        .now = g_get_real_time() / G_USEC_PER_SEC,
    };
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
