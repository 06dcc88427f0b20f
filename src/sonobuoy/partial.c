#include "sonobuoy/partial.h"

#include "sonobuoy/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX "0123456789abcdef"
enum { ID_MAX_BYTES = 64 };

struct Partials {
    char *folder;
    pthread_mutex_t lock;
    GHashTable *open; /* path: Partial, that are written to */
    guint number;
};

struct Partial {
    Partials *partials;
    pthread_mutex_t lock;
    char *path;
    int fd;
    guint64 length;
    bool resumable, taken;
};

bool partial_id_check(const char *id) {
    size_t length = strlen(id);
    return length > 0 && length <= ID_MAX_BYTES && strspn(id, HEX) == length;
}

/* --- the folder --------------------------------------------------------------------------------------- */

static char *folder_of(const Partials *partials, const char *plugin, const char *node) {
    g_autofree char *both = g_strconcat(plugin, "/", node, NULL);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, both, -1);
    return g_build_filename(partials->folder, hash, NULL);
}

/* Removes the uploads in a folder but for the one of that ID; without one what is no upload. */
static void remove_others(const char *folder, const char *id) {
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (partial_id_check(name) ? id && !g_str_equal(name, id) : !id)
            unpack_remove(path);
    }
}

/* What an upload without an ID left, and what was being unpacked. */
static void remove_leftovers(const char *folder) {
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (strlen(name) == ID_MAX_BYTES && g_file_test(path, G_FILE_TEST_IS_DIR))
            remove_others(path, NULL);
        else
            unpack_remove(path);
    }
}

Partials *partials_new(const char *folder, GError **error) {
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        base_error_set_errno(error, errno, "%s cannot be made", folder);
        return NULL;
    }
    remove_leftovers(folder);
    Partials *partials = g_new0(Partials, 1);
    partials->folder = g_strdup(folder);
    pthread_mutex_init(&partials->lock, NULL);
    partials->open = g_hash_table_new(g_str_hash, g_str_equal);
    return partials;
}

void partials_free(Partials *partials) {
    if (!partials)
        return;
    g_hash_table_unref(partials->open);
    pthread_mutex_destroy(&partials->lock);
    g_free(partials->folder);
    g_free(partials);
}

/* --- one upload ------------------------------------------------------------------------------------------ */

/* Under the partials' lock: whoever writes to the file of that path is stopped. */
static void take(Partials *partials, const char *path) {
    Partial *other = g_hash_table_lookup(partials->open, path);
    if (!other)
        return;
    pthread_mutex_lock(&other->lock);
    other->taken = true;
    pthread_mutex_unlock(&other->lock);
    g_hash_table_remove(partials->open, path);
}

guint64 partial_size(Partials *partials, const char *plugin, const char *node, const char *id) {
    g_autofree char *folder = folder_of(partials, plugin, node), *path = g_build_filename(folder, id, NULL);
    struct stat stat;
    pthread_mutex_lock(&partials->lock);
    take(partials, path);
    pthread_mutex_unlock(&partials->lock);
    return lstat(path, &stat) == 0 && S_ISREG(stat.st_mode) ? (guint64)stat.st_size : 0;
}

/* Under the partials' lock: opens the file, in which just `offset` bytes are to be. */
static bool open_file(Partial *partial, guint64 offset, GError **error) {
    struct stat stat;
    partial->fd = open(partial->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (offset ? 0 : O_TRUNC), 0600);
    if (partial->fd < 0 || fstat(partial->fd, &stat) != 0) {
        base_error_set_errno(error, errno, "%s cannot be opened", partial->path);
        return false;
    }
    if ((guint64)stat.st_size == offset)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT,
                "%" G_GUINT64_FORMAT " bytes of it have come, and not %" G_GUINT64_FORMAT, (guint64)stat.st_size,
                offset);
    return false;
}

Partial *partial_open(Partials *partials, const char *plugin, const char *node, const char *id, guint64 offset,
                      GError **error) {
    Partial *partial = g_new0(Partial, 1);
    partial->partials = partials;
    partial->fd = -1;
    partial->length = offset;
    partial->resumable = id != NULL;
    pthread_mutex_init(&partial->lock, NULL);
    pthread_mutex_lock(&partials->lock);
    if (id) {
        g_autofree char *folder = folder_of(partials, plugin, node);
        partial->path = g_build_filename(folder, id, NULL);
        take(partials, partial->path);
        if (mkdir(folder, 0700) != 0)
            remove_others(folder, id);
    } else {
        partial->path = g_strdup_printf("%s/%u", partials->folder, partials->number++);
    }
    bool opened = open_file(partial, offset, error);
    if (opened)
        g_hash_table_insert(partials->open, partial->path, partial);
    pthread_mutex_unlock(&partials->lock);
    if (opened)
        return partial;
    partial_close(partial, true);
    return NULL;
}

bool partial_write(Partial *partial, const void *data, size_t length) {
    pthread_mutex_lock(&partial->lock);
    bool written = !partial->taken;
    if (!written)
        errno = ECANCELED;
    for (const char *from = data; written && length > 0;) {
        ssize_t count = pwrite(partial->fd, from, length, (off_t)partial->length);
        if (count < 0 && errno == EINTR)
            continue;
        written = count >= 0;
        if (!written)
            break;
        from += count;
        length -= (size_t)count;
        partial->length += (guint64)count;
    }
    pthread_mutex_unlock(&partial->lock);
    return written;
}

guint64 partial_length(const Partial *partial) {
    return partial->length;
}

const char *partial_path(const Partial *partial) {
    return partial->path;
}

bool partial_claim(Partial *partial) {
    Partials *partials = partial->partials;
    pthread_mutex_lock(&partials->lock);
    bool claimed = !partial->taken;
    char *path = g_strdup_printf("%s/%u", partials->folder, partials->number++);
    if (!claimed)
        errno = ECANCELED;
    else if (partial->resumable)
        claimed = rename(partial->path, path) == 0;
    if (claimed && partial->resumable) {
        g_hash_table_remove(partials->open, partial->path);
        g_free(partial->path);
        partial->path = g_steal_pointer(&path);
        partial->resumable = false;
        g_hash_table_insert(partials->open, partial->path, partial);
    }
    pthread_mutex_unlock(&partials->lock);
    g_free(path);
    return claimed;
}

void partial_close(Partial *partial, bool keep) {
    Partials *partials = partial->partials;
    pthread_mutex_lock(&partials->lock);
    if (g_hash_table_lookup(partials->open, partial->path) == partial) {
        g_hash_table_remove(partials->open, partial->path);
        if (!keep || !partial->resumable)
            unlink(partial->path);
    }
    pthread_mutex_unlock(&partials->lock);
    if (partial->fd >= 0)
        close(partial->fd);
    pthread_mutex_destroy(&partial->lock);
    g_free(partial->path);
    g_free(partial);
}
