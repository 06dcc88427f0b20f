#include "base/folder.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC, FILE_ONLY = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY };

int folder_open(const char *path, GError **error) {
    int fd = open(path, DIRECTORY);
    if (fd < 0)
        base_error_set_errno(error, errno, "folder %s", path);
    return fd;
}

/* --- one file ------------------------------------------------------------------------------ */

static bool has_way_out(const char *path) {
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    return *path == '/' || g_strv_contains((const char *const *)parts, "..");
}

/* Opens part by part, so that no link leads anywhere. Sets errno. */
static int open_below(int folder, const char *path, int flags) {
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    guint count = g_strv_length(parts);
    int fd = dup(folder);
    for (guint i = 0; fd >= 0 && i < count; i++) {
        int next = openat(fd, *parts[i] ? parts[i] : ".", i + 1 < count ? DIRECTORY | O_NOFOLLOW : flags);
        int failed = errno;
        close(fd);
        errno = failed;
        fd = next;
    }
    return fd;
}

int folder_open_file(int folder, const char *path, GError **error) {
    struct stat status;
    errno = ELOOP;
    /* Opening a pipe would wait for its other end. */
    int fd = has_way_out(path) ? -1 : open_below(folder, path, FILE_ONLY | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fd;
    int failed = fd < 0 ? errno : ELOOP;
    if (fd >= 0)
        close(fd);
    g_autofree char *shown = text_printable(path);
    if (failed != ELOOP && failed != ENXIO)
        base_error_set_errno(error, failed, "%s", shown);
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: not a regular file, and no link is followed", shown);
    return -1;
}

/* --- all of them ----------------------------------------------------------------------------- */

typedef struct {
    const Limits *limits;
    FolderFunc func;
    void *data;
    gint64 entries;
    GString *path; /* of the present entry */
} Walk;

/* The names in a folder, sorted; what the walk may still take. Sets a failure where there are more. */
static GPtrArray *names_in(Walk *walk, DIR *directory, GError **failure) {
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const Limits *limits = walk->limits;
    struct dirent *entry;
    while (!*failure && (entry = readdir(directory))) {
        if (g_str_equal(entry->d_name, ".") || g_str_equal(entry->d_name, ".."))
            continue;
        if (limits->entries && ++walk->entries > limits->entries)
            limit_reached(failure, "entries", "more than %" G_GINT64_FORMAT " files and folders", limits->entries);
        else if (limits->path_length && walk->path->len + 1 + strlen(entry->d_name) > (guint64)limits->path_length)
            limit_reached(failure, "path-length", "a path longer than %" G_GINT64_FORMAT " bytes", limits->path_length);
        else
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    g_ptr_array_sort(names, text_compare);
    return g_steal_pointer(&names);
}

static bool tell(Walk *walk, int parent, const char *name, const struct stat *status, const GError *failure,
                 GError **error) {
    FolderEntry entry = {walk->path->str, name, status->st_mode, (guint64)status->st_size, parent, failure};
    return walk->func(&entry, walk->data, error);
}

static bool walk_entry(Walk *walk, int parent, const char *name, unsigned depth, GError **error);

/* What a folder holds. A failure is told of once more for the folder itself. */
static bool walk_folder(Walk *walk, int parent, const char *name, const struct stat *status, unsigned depth,
                        GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(GPtrArray) names = NULL;
    int fd = depth < FOLDER_DEPTH_MAX ? openat(parent, name, DIRECTORY | O_NOFOLLOW) : -1;
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory)
        names = names_in(walk, directory, &failure);
    else if (depth == FOLDER_DEPTH_MAX)
        g_set_error(&failure, BASE_ERROR, BASE_ERROR_LIMIT, "nested deeper than %d folders", FOLDER_DEPTH_MAX);
    else
        base_error_set_errno(&failure, errno, "it cannot be read");
    bool ok = true;
    size_t length = walk->path->len;
    for (guint i = 0; ok && names && i < names->len; i++) {
        const char *child = g_ptr_array_index(names, i);
        g_string_append_printf(walk->path, "%s%s", length ? "/" : "", child);
        ok = walk_entry(walk, dirfd(directory), child, depth + 1, error);
        g_string_truncate(walk->path, length);
    }
    if (directory)
        closedir(directory);
    else if (fd >= 0)
        close(fd);
    return ok && (!failure || tell(walk, parent, name, status, failure, error));
}

/* An entry, and what is below it. What has gone since its name was read is passed over. */
static bool walk_entry(Walk *walk, int parent, const char *name, unsigned depth, GError **error) {
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    return tell(walk, parent, name, &status, NULL, error) &&
           (!S_ISDIR(status.st_mode) || walk_folder(walk, parent, name, &status, depth, error));
}

bool folder_walk(int folder, const char *below, const Limits *limits, FolderFunc func, void *data, GError **error) {
    g_autoptr(GString) path = g_string_new(below);
    Walk walk = {.limits = limits ? limits : &limits_default, .func = func, .data = data, .path = path};
    if (*below)
        return walk_entry(&walk, folder, below, 0, error);
    struct stat status = {.st_mode = S_IFDIR};
    return walk_folder(&walk, folder, ".", &status, 0, error);
}
