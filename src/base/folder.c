#include "base/folder.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC, FILE_ONLY = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY };
enum { LINK_LENGTH_MAX = 4096, LINK_HOPS_MAX = 16 };

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

/* The descriptor of a regular file; -1 where it is -1, with errno, or something else, which is `wrong`. */
static int regular_file(int fd, const char *path, const char *wrong, GError **error) {
    struct stat status;
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fd;
    int failed = fd < 0 ? errno : ELOOP;
    if (fd >= 0)
        close(fd);
    g_autofree char *shown = text_printable(path);
    if (failed != ELOOP && failed != ENXIO)
        base_error_set_errno(error, failed, "%s", shown);
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: %s", shown, wrong);
    return -1;
}

int folder_open_file(int folder, const char *path, GError **error) {
    errno = ELOOP;
    /* Opening a pipe would wait for its other end. */
    int fd = has_way_out(path) ? -1 : open_below(folder, path, FILE_ONLY | O_NONBLOCK);
    return regular_file(fd, path, "not a regular file, and no link is followed", error);
}

/* --- links that stay inside ----------------------------------------------------------------- */

static bool is_nothing(const char *part) {
    return !*part || g_str_equal(part, ".");
}

char *folder_link_path(const char *path, const char *target) {
    g_autofree char *parent = g_path_get_dirname(path);
    g_auto(GStrv) above = g_strsplit(parent, "/", -1), parts = g_strsplit(target, "/", -1);
    g_autoptr(GPtrArray) way = g_ptr_array_new();
    bool inside = *target && *target != '/', named = false;
    for (char **part = above; *part; part++)
        if (!is_nothing(*part))
            g_ptr_array_add(way, *part);
    for (char **part = parts; inside && *part; part++) {
        if (is_nothing(*part))
            continue;
        if (!g_str_equal(*part, "..")) {
            named = true;
            g_ptr_array_add(way, *part);
        } else {
            inside = !named && way->len > 0;
            if (inside)
                g_ptr_array_set_size(way, (int)way->len - 1);
        }
    }
    g_ptr_array_add(way, NULL);
    return inside ? g_strjoinv("/", (char **)way->pdata) : NULL;
}

/* Where the link `name` in the open folder leads, as a path below the first one; NULL where it is no link (errno is as
 * before), or leads out (errno is ELOOP). */
static char *read_link(int parent, const char *own, const char *path, const char *name) {
    char target[LINK_LENGTH_MAX];
    int before = errno;
    ssize_t length = readlinkat(parent, name, target, sizeof target);
    errno = before;
    if (length < 0)
        return NULL;
    errno = ELOOP;
    if (length == sizeof target)
        return NULL;
    target[length] = 0;
    size_t start = own ? strlen(own) : 0;
    bool is_own = start > 0 && strncmp(target, own, start) == 0 && target[start] == '/';
    return is_own ? folder_link_path("", target + start + 1) : folder_link_path(path, target);
}

/* Opens part by part. Where a part is a link: -1, and the path to go on with in *next; else *next is NULL. */
static int open_or_link(int folder, const char *own, const char *path, char **next) {
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    guint count = g_strv_length(parts);
    g_autoptr(GString) so_far = g_string_new(NULL);
    int fd = dup(folder);
    *next = NULL;
    for (guint i = 0; fd >= 0 && i < count; i++) {
        g_string_append_printf(so_far, "%s%s", i ? "/" : "", parts[i]);
        int opened =
            openat(fd, *parts[i] ? parts[i] : ".", i + 1 < count ? DIRECTORY | O_NOFOLLOW : FILE_ONLY | O_NONBLOCK);
        g_autofree char *to = opened < 0 ? read_link(fd, own, so_far->str, parts[i]) : NULL;
        if (to) {
            g_autofree char *rest = g_strjoinv("/", parts + i + 1);
            *next = g_strconcat(to, *to && *rest ? "/" : "", rest, NULL);
        }
        int failed = errno;
        close(fd);
        errno = failed;
        fd = opened;
    }
    return fd;
}

int folder_open_inside(int folder, const char *own, const char *path, GError **error) {
    g_autofree char *way = g_strdup(path);
    int fd = -1;
    errno = ELOOP;
    for (unsigned hops = 0; way && !has_way_out(way) && hops < LINK_HOPS_MAX; hops++) {
        char *next;
        fd = open_or_link(folder, own, way, &next);
        g_free(way);
        way = next;
        if (next)
            errno = ELOOP;
    }
    return regular_file(fd, path, "no regular file, and no link to one in the same folder", error);
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
