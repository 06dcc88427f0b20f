#include "base/file.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Appends what there is, but not much more than `limit` bytes. Sets errno on failure. */
static bool read_into(int fd, size_t limit, GByteArray *content) {
    enum { STEP = 64 * 1024 };
    ssize_t count = 1;
    while (count > 0 && content->len <= limit) {
        guint before = content->len;
        g_byte_array_set_size(content, before + STEP);
        do
            count = read(fd, content->data + before, STEP);
        while (count < 0 && errno == EINTR);
        g_byte_array_set_size(content, before + (guint)MAX(count, 0));
    }
    return count >= 0;
}

char *file_read_open(int fd, const char *path, size_t limit, size_t *length, GError **error) {
    g_autoptr(GByteArray) content = g_byte_array_new();
    limit = MIN(limit, G_MAXINT);
    if (!read_into(fd, limit, content)) {
        base_error_set_errno(error, errno, "%s", path);
        return NULL;
    }
    if (content->len > limit) {
        g_autofree char *most = bytes_format(limit);
        g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "%s: larger than %s", path, most);
        return NULL;
    }
    if (length)
        *length = content->len;
    g_byte_array_append(content, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&content), FALSE);
}

char *file_read(const char *path, size_t limit, size_t *length, GError **error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        base_error_set_errno(error, errno, "%s", path);
        return NULL;
    }
    char *content = file_read_open(fd, path, limit, length, error);
    close(fd);
    return content;
}

bool file_rename_new(const char *from, const char *to) {
    struct stat there;
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (lstat(to, &there) != 0)
        return errno == ENOENT && rename(from, to) == 0;
    errno = EEXIST;
    return false;
}

/* --- as streams ------------------------------------------------------------------------------ */

bool file_write(int fd, const void *data, size_t length) {
    const char *bytes = data;
    while (length > 0) {
        ssize_t count = write(fd, bytes, length);
        if (count < 0 && errno != EINTR)
            return false;
        bytes += MAX(count, 0);
        length -= (size_t)MAX(count, 0);
    }
    return true;
}

typedef struct {
    Source source;
    int fd;
    off_t offset;
} FileSource;

static gssize file_source_read(Source *source, void *data, size_t length, GError **error) {
    FileSource *self = (FileSource *)source;
    ssize_t count;
    do
        count = pread(self->fd, data, length, self->offset);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        base_error_set_errno(error, errno, "reading");
    else
        self->offset += count;
    return count;
}

static void file_source_free(Source *source) {
    g_free(source);
}

Source *file_source_new(int fd) {
    return file_source_new_at(fd, 0);
}

Source *file_source_new_at(int fd, guint64 offset) {
    static const SourceClass klass = {file_source_read, file_source_free};
    FileSource *self = g_new0(FileSource, 1);
    self->source.klass = &klass;
    self->fd = fd;
    self->offset = (off_t)offset;
    return &self->source;
}

typedef struct {
    Sink sink;
    int fd;
} FileSink;

static bool file_sink_write(Sink *sink, const void *data, size_t length, GError **error) {
    if (file_write(((FileSink *)sink)->fd, data, length))
        return true;
    base_error_set_errno(error, errno, "writing");
    return false;
}

static bool file_sink_finish(Sink *sink, GError **error) {
    return true;
}

static void file_sink_free(Sink *sink) {
    g_free(sink);
}

Sink *file_sink_new(int fd) {
    static const SinkClass klass = {file_sink_write, file_sink_finish, file_sink_free};
    FileSink *self = g_new0(FileSink, 1);
    self->sink.klass = &klass;
    self->fd = fd;
    return &self->sink;
}

/* --- files that are replaced ----------------------------------------------------------------- */

struct FileReplace {
    char *path, *temporary; /* temporary: NULL where path itself is written to */
    FILE *out;
    int fd;
    int failure; /* the errno of the first write that failed: a stream forgets it */
};

static ssize_t replace_write(void *cookie, const char *data, size_t length) {
    FileReplace *file = cookie;
    if (file_write(file->fd, data, length))
        return (ssize_t)length;
    if (!file->failure)
        file->failure = errno;
    return 0;
}

/* Where a link leads: what it names is replaced, not the link. */
static char *replaced_path(const char *path) {
    char *real = realpath(path, NULL), *copy = g_strdup(real ? real : path);
    free(real);
    return copy;
}

static int open_beside(FileReplace *file) {
    int fd = -1;
    for (unsigned tries = 0; fd < 0 && tries < 100; tries++) {
        g_free(file->temporary);
        file->temporary = g_strdup_printf("%s.%08x.part", file->path, g_random_int());
        fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

FileReplace *file_replace_new(const char *path, GError **error) {
    struct stat status;
    g_autoptr(FileReplace) file = g_new0(FileReplace, 1);
    file->path = replaced_path(path);
    bool as_it_is = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
    file->fd = as_it_is ? open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) : open_beside(file);
    file->out = file->fd >= 0 ? fopencookie(file, "w", (cookie_io_functions_t){.write = replace_write}) : NULL;
    if (file->out)
        return g_steal_pointer(&file);
    base_error_set_errno(error, errno, "%s cannot be written", path);
    if (file->fd < 0)
        g_clear_pointer(&file->temporary, g_free);
    return NULL;
}

FILE *file_replace_out(FileReplace *file) {
    return file->out;
}

bool file_replace_finish(FileReplace *file, GError **error) {
    fflush(file->out);
    int failure = file->failure;
    if (!failure && file->temporary && fsync(file->fd) != 0)
        failure = errno;
    fclose(g_steal_pointer(&file->out));
    if (close(file->fd) != 0 && !failure)
        failure = errno;
    file->fd = -1;
    if (!failure && file->temporary && rename(file->temporary, file->path) != 0)
        failure = errno;
    if (failure) {
        base_error_set_errno(error, failure, "%s cannot be written", file->path);
        return false;
    }
    g_clear_pointer(&file->temporary, g_free);
    return true;
}

void file_replace_free(FileReplace *file) {
    if (!file)
        return;
    if (file->out)
        fclose(file->out);
    if (file->fd >= 0)
        close(file->fd);
    if (file->temporary)
        unlink(file->temporary);
    g_free(file->temporary);
    g_free(file->path);
    g_free(file);
}
