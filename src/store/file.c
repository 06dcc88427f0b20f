/* A directory as an object store: a temporary name, fsync of file and directory, rename.
 *
 * Keys are walked part by part with O_NOFOLLOW, so that neither a key nor a
 * symbolic link that somebody planted leads out of the root. */
#include "store/backend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY_PREFIX ".ark-"
#define TEMPORARY_SUFFIX ".tmp"

typedef struct {
    Store store;
    char *root;
} FileStore;

static const char *hint_of(int errnum) {
    switch (errnum) {
    case ENOSPC:
    case EDQUOT: return "; free some or choose another location";
    case EACCES:
    case EPERM: return "; check who owns the directory";
    case EROFS: return "; mount it for writing or choose another location";
    case ENOTDIR: return "; what stands there is no directory: choose another location";
    case ELOOP: return "; a symbolic link stands in the way, and none is followed below the location";
    default: return "";
    }
}

static void fail(const FileStore *self, const char *verb, const char *key, int errnum, GError **error) {
    g_set_error(error, BASE_ERROR, base_error_from_errno(errnum), "%s file://%s/%s: %s%s", verb, self->root, key,
                g_strerror(errnum), hint_of(errnum));
}

static int sync_directory(const char *path) {
    int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return failed ? -1 : 0;
}

/* Makes the root and what leads to it, durably. */
static int make_root(const char *path) {
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return 0;
    g_autofree char *parent = g_path_get_dirname(path);
    if (!g_str_equal(parent, path) && make_root(parent) != 0)
        return -1;
    return mkdir(path, 0700) == 0 || errno == EEXIST ? sync_directory(parent) : -1;
}

/* Opens the directory that the key lies in and names its last part. */
static int open_parent(const FileStore *self, const char *key, bool make, const char **out_name) {
    if (make && make_root(self->root) != 0)
        return -1;
    int fd = open(self->root, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    const char *part = key;
    for (const char *slash; fd >= 0 && (slash = strchr(part, '/')); part = slash + 1) {
        g_autofree char *name = g_strndup(part, (gsize)(slash - part));
        int made = make ? mkdirat(fd, name, 0700) : -1, not_made = errno;
        if (made == 0)
            fsync(fd);
        int next = openat(fd, name, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        int saved = next < 0 && errno == ENOENT && make && made != 0 && not_made != EEXIST ? not_made : errno;
        struct stat status;
        if (next < 0 && saved == ENOTDIR && fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISLNK(status.st_mode))
            saved = ELOOP;
        close(fd);
        errno = saved;
        fd = next;
    }
    *out_name = part;
    return fd;
}

/* Directories exist for their files only: those above the key go as they become empty. */
static void remove_empty_parents(const FileStore *self, const char *key) {
    g_autofree char *path = g_strdup(key);
    const char *name;
    for (char *slash; (slash = strrchr(path, '/'));) {
        *slash = '\0';
        int parent = open_parent(self, path, false, &name);
        bool removed = parent >= 0 && unlinkat(parent, name, AT_REMOVEDIR) == 0;
        if (parent >= 0)
            close(parent);
        if (!removed)
            break;
    }
}

static bool is_temporary(const char *name) {
    return g_str_has_prefix(name, TEMPORARY_PREFIX) && g_str_has_suffix(name, TEMPORARY_SUFFIX);
}

/* --- put ----------------------------------------------------------------------------------- */

typedef struct {
    Sink sink;
    FileStore *self; /* a reference */
    char *key;
    char *temporary;
    int parent;
    int fd;
    bool if_absent;
    bool done;
} FileSink;

static bool file_sink_write(Sink *sink, const void *data, size_t length, GError **error) {
    FileSink *put = (FileSink *)sink;
    const char *bytes = data;
    if (cancel_check(put->self->store.cancel, error))
        return false;
    while (length > 0) {
        ssize_t count = write(put->fd, bytes, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            fail(put->self, "writing", put->key, errno, error);
            return false;
        }
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

/* Renames where the name is free. Not every file system can do that in one step; those link. */
static int rename_absent(int dir, const char *from, const char *to) {
    if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    return linkat(dir, from, dir, to, 0) == 0 ? unlinkat(dir, from, 0) : -1;
}

static bool file_sink_finish(Sink *sink, GError **error) {
    FileSink *put = (FileSink *)sink;
    const char *slash = strrchr(put->key, '/');
    const char *name = slash ? slash + 1 : put->key;
    bool ok = fsync(put->fd) == 0;
    if (ok && put->if_absent)
        ok = rename_absent(put->parent, put->temporary, name) == 0;
    else if (ok)
        ok = renameat(put->parent, put->temporary, put->parent, name) == 0;
    if (!ok) {
        fail(put->self, "writing", put->key, errno, error);
        return false;
    }
    put->done = true;
    if (fsync(put->parent) != 0) {
        fail(put->self, "writing", put->key, errno, error);
        return false;
    }
    return true;
}

static void file_sink_free(Sink *sink) {
    FileSink *put = (FileSink *)sink;
    if (!put->done)
        unlinkat(put->parent, put->temporary, 0);
    close(put->fd);
    close(put->parent);
    if (!put->done)
        remove_empty_parents(put->self, put->key);
    g_free(put->temporary);
    g_free(put->key);
    store_unref(&put->self->store);
    g_free(put);
}

/* Opens a new temporary file where the key will be. Its directory may vanish meanwhile: whoever
 * deletes the last object in it, or gives a put up, removes it. */
static bool open_temporary(FileSink *put, const char **out_name) {
    enum { TRIES = 100 };
    for (int tries = 0; tries < TRIES; tries++) {
        put->parent = open_parent(put->self, put->key, true, out_name);
        if (put->parent >= 0)
            put->fd = openat(put->parent, put->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (put->fd >= 0)
            return true;
        int saved = errno;
        if (put->parent >= 0)
            close(put->parent);
        errno = saved;
        if (saved != ENOENT)
            break;
    }
    return false;
}

static Sink *file_put(Store *store, const char *key, const StorePutOptions *options, GError **error) {
    static const SinkClass klass = {file_sink_write, file_sink_finish, file_sink_free};
    FileSink *put = g_new0(FileSink, 1);
    *put = (FileSink){.sink = {&klass},
                      .self = (FileStore *)store_ref(store),
                      .key = g_strdup(key),
                      .parent = -1,
                      .fd = -1,
                      .if_absent = options->if_absent};
    put->temporary = g_strdup_printf(TEMPORARY_PREFIX "%08x%08x" TEMPORARY_SUFFIX, arc4random(), arc4random());
    const char *name = NULL;
    struct stat status;
    if (!open_temporary(put, &name)) {
        fail(put->self, "writing", key, errno, error);
        remove_empty_parents(put->self, key);
        store_unref(store);
        g_free(put->temporary);
        g_free(put->key);
        g_free(put);
        return NULL;
    }
    /* Nobody should write for an hour to learn it at the end. */
    if (options->if_absent && fstatat(put->parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        fail(put->self, "writing", key, EEXIST, error);
        sink_free(&put->sink);
        return NULL;
    }
    return &put->sink;
}

/* --- get ----------------------------------------------------------------------------------- */

typedef struct {
    Source source;
    FileStore *self;
    char *key;
    int fd;
    guint64 left;
} FileSource;

static gssize file_source_read(Source *source, void *data, size_t length, GError **error) {
    FileSource *get = (FileSource *)source;
    if (cancel_check(get->self->store.cancel, error))
        return -1;
    length = MIN(length, get->left);
    if (length == 0)
        return 0;
    ssize_t count;
    do
        count = read(get->fd, data, length);
    while (count < 0 && errno == EINTR);
    if (count < 0) {
        fail(get->self, "reading", get->key, errno, error);
        return -1;
    }
    get->left -= (guint64)count;
    return count;
}

static void file_source_free(Source *source) {
    FileSource *get = (FileSource *)source;
    close(get->fd);
    g_free(get->key);
    store_unref(&get->self->store);
    g_free(get);
}

/* Opens the key's file; -1 with errno. What is no plain file is no object. */
static int open_object(const FileStore *self, const char *key, guint64 *out_size) {
    const char *name;
    struct stat status = {0};
    int parent = open_parent(self, key, false, &name);
    if (parent < 0)
        return -1;
    /* O_NONBLOCK: the open of a named pipe would wait for its writer. */
    int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int failed = fd < 0 || fstat(fd, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : ENOENT;
    close(parent);
    if (failed && fd >= 0)
        close(fd);
    *out_size = (guint64)status.st_size;
    errno = failed;
    return failed ? -1 : fd;
}

static Source *file_get(Store *store, const char *key, guint64 offset, gint64 length, GError **error) {
    static const SourceClass klass = {file_source_read, file_source_free};
    FileStore *self = (FileStore *)store;
    guint64 size;
    int fd = open_object(self, key, &size);
    if (fd < 0 || lseek(fd, (off_t)MIN(offset, size), SEEK_SET) < 0) {
        fail(self, "reading", key, errno, error);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    FileSource *get = g_new0(FileSource, 1);
    *get = (FileSource){.source = {&klass},
                        .self = (FileStore *)store_ref(store),
                        .key = g_strdup(key),
                        .fd = fd,
                        .left = length < 0 ? G_MAXUINT64 : (guint64)length};
    return &get->source;
}

static StoreObject *file_head(Store *store, const char *key, GError **error) {
    FileStore *self = (FileStore *)store;
    const char *name;
    struct stat status;
    int parent = open_parent(self, key, false, &name);
    int failed = parent < 0 ? errno : fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ? errno : 0;
    if (parent >= 0)
        close(parent);
    if (!failed && !S_ISREG(status.st_mode))
        failed = ENOENT;
    if (failed) {
        fail(self, "looking at", key, failed, error);
        return NULL;
    }
    StoreObject *object = g_new0(StoreObject, 1);
    *object = (StoreObject){.key = g_strdup(key), .size = (guint64)status.st_size, .mtime = status.st_mtime};
    return object;
}

/* --- list ---------------------------------------------------------------------------------- */

typedef struct {
    FileStore *self;
    const char *prefix;
    const char *delimiter;
    StoreListFunc func;
    void *data;
    bool temporary; /* temporary files in place of objects */
} FileListing;

static bool list_directory(const FileListing *listing, int fd, const char *below, GError **error);

/* Whether a failure only says that the entry went away, or is no directory of ours, meanwhile. */
static bool is_gone(int errnum) {
    return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP;
}

static bool found_one(const StoreObject *object, const char *prefix, void *data, GError **error) {
    *(bool *)data = true;
    return false;
}

/* Tells of a directory as a common prefix where an object lies in it: one that only
 * holds what is being written is not there yet. */
static bool list_prefix(const FileListing *listing, int fd, const char *inside, GError **error) {
    bool found = false;
    g_autoptr(GError) failure = NULL;
    FileListing look = {listing->self, inside, NULL, found_one, &found, false};
    if (!list_directory(&look, fd, inside, &failure) && !found) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    return !found || listing->func(NULL, inside, listing->data, error);
}

static bool list_subdirectory(const FileListing *listing, int dir, const char *name, const char *inside,
                              GError **error) {
    /* Only what can hold the prefix, or lies below it; and what a key can name. */
    bool below = g_str_has_prefix(inside, listing->prefix);
    if ((!below && !g_str_has_prefix(listing->prefix, inside)) || strlen(inside) > STORE_KEY_MAX)
        return true;
    int fd = openat(dir, name, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && is_gone(errno))
        return true;
    if (fd < 0) {
        fail(listing->self, "listing", inside, errno, error);
        return false;
    }
    if (listing->delimiter && below && strlen(inside) > strlen(listing->prefix))
        return list_prefix(listing, fd, inside, error);
    return list_directory(listing, fd, inside, error);
}

static bool list_entry(const FileListing *listing, int dir, const char *below, const char *name, GError **error) {
    struct stat status;
    g_autofree char *key = g_strconcat(below, name, NULL);
    if (is_temporary(name) && !listing->temporary)
        return true;
    if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (is_gone(errno))
            return true;
        fail(listing->self, "listing", key, errno, error);
        return false;
    }
    if (S_ISDIR(status.st_mode)) {
        g_autofree char *inside = g_strconcat(key, "/", NULL);
        return list_subdirectory(listing, dir, name, inside, error);
    }
    bool wanted = S_ISREG(status.st_mode) && is_temporary(name) == listing->temporary;
    if (!wanted || !g_str_has_prefix(key, listing->prefix))
        return true;
    StoreObject object = {.key = key, .size = (guint64)status.st_size, .mtime = status.st_mtime};
    return listing->func(&object, NULL, listing->data, error);
}

/* Closes fd. */
static bool list_directory(const FileListing *listing, int fd, const char *below, GError **error) {
    DIR *dir = fdopendir(fd);
    bool ok = dir != NULL;
    if (!ok) {
        fail(listing->self, "listing", below, errno, error);
        close(fd);
        return false;
    }
    struct dirent *entry;
    while (ok && (errno = 0, entry = readdir(dir)))
        if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
            ok = !cancel_check(listing->self->store.cancel, error) &&
                 list_entry(listing, dirfd(dir), below, entry->d_name, error);
    if (ok && errno != 0) {
        fail(listing->self, "listing", below, errno, error);
        ok = false;
    }
    closedir(dir);
    return ok;
}

static bool list_root(const FileListing *listing, GError **error) {
    int fd = open(listing->self->root, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0) {
        fail(listing->self, "listing", "", errno, error);
        return false;
    }
    return list_directory(listing, fd, "", error);
}

static bool file_list(Store *store, const char *prefix, const char *delimiter, StoreListFunc func, void *data,
                      GError **error) {
    FileListing listing = {(FileStore *)store, prefix, delimiter, func, data, false};
    return list_root(&listing, error);
}

/* --- delete ---------------------------------------------------------------------------------- */

static bool file_delete(Store *store, const char *key, bool clean_up, GError **error) {
    FileStore *self = (FileStore *)store;
    const char *name;
    struct stat status;
    int parent = open_parent(self, key, false, &name);
    int failed = parent < 0 || fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ? errno : 0;
    /* A directory is no object: there is nothing to delete. */
    if (!failed && !S_ISDIR(status.st_mode) && unlinkat(parent, name, 0) != 0)
        failed = errno;
    if (parent >= 0)
        close(parent);
    if (failed && failed != ENOENT && failed != ENOTDIR) {
        fail(self, "deleting", key, failed, error);
        return false;
    }
    remove_empty_parents(self, key);
    return true;
}

/* --- what was never finished ------------------------------------------------------------------- */

static bool add_temporary(const StoreObject *object, const char *prefix, void *data, GError **error) {
    StoreUnfinished *unfinished = g_new(StoreUnfinished, 1);
    *unfinished = (StoreUnfinished){.key = g_strdup(object->key), .touched = object->mtime};
    g_ptr_array_add(data, unfinished);
    return true;
}

static bool file_list_unfinished(Store *store, const char *prefix, GPtrArray *out, GError **error) {
    FileListing listing = {(FileStore *)store, prefix, NULL, add_temporary, out, true};
    return list_root(&listing, error);
}

static bool file_drop_unfinished(Store *store, const StoreUnfinished *unfinished, GError **error) {
    const char *slash = strrchr(unfinished->key, '/');
    if (is_temporary(slash ? slash + 1 : unfinished->key))
        return file_delete(store, unfinished->key, false, error);
    fail((FileStore *)store, "removing the temporary file", unfinished->key, EINVAL, error);
    return false;
}

static char *file_sign_get(Store *store, const char *key, unsigned seconds, GError **error) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED, "a file:// location has no signed URLs; read %s/%s itself",
                ((FileStore *)store)->root, key);
    return NULL;
}

static void file_free(Store *store) {
    g_free(((FileStore *)store)->root);
    g_free(store);
}

Store *store_file_new(const char *path, GError **error) {
    static const StoreClass klass = {file_free,
                                     file_put,
                                     file_get,
                                     file_head,
                                     file_list,
                                     file_delete,
                                     file_list_unfinished,
                                     file_drop_unfinished,
                                     file_sign_get,
                                     &store_file_check};
    FileStore *self = g_new0(FileStore, 1);
    self->store.klass = &klass;
    self->root = g_strdup(path);
    while (strlen(self->root) > 1 && g_str_has_suffix(self->root, "/"))
        self->root[strlen(self->root) - 1] = '\0';
    self->store.provider = g_strdup("file");
    self->store.bucket = g_strdup(self->root);
    self->store.prefix = g_strdup("");
    return &self->store;
}
