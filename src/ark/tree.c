#include "ark/tree.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PIECE_MAX leaves room for the last token, ".yaml" and '%' below NAME_MAX. */
enum { PIECE_MAX = 240, MANIFEST_MAX = 1 << 30 };
static const char MANIFEST[] = ".ark-export", TEMPORARY[] = ".ark-export.new", ENDING[] = ".yaml";
static const char HEAD[] = "# What `ark backup export` wrote here. The next export replaces and removes these files,\n"
                           "# and leaves all others alone.\n";

struct ArkTree {
    char *dir;
    int root;
    GHashTable *old;   /* set of paths that the manifest lists */
    GHashTable *files; /* set of paths of this export */
    guint64 changed, removed;
};

/* --- names ----------------------------------------------------------------------------------- */

static void append_component(GString *out, const char *text) {
    size_t start = out->len;
    for (const char *c = text; *c; c++) {
        if (out->len - start >= PIECE_MAX) {
            g_string_append(out, "%/");
            start = out->len;
        }
        bool plain = g_ascii_isalnum(*c) || *c == '-' || *c == '_' || (*c == '.' && out->len > start);
        if (plain)
            g_string_append_c(out, *c);
        else
            g_string_append_printf(out, "%%%02X", (unsigned char)*c);
    }
}

char *ark_tree_path(const char *group_resource, const char *namespace_, const char *name) {
    GString *out = g_string_new(namespace_ ? "namespaces/" : "cluster/");
    if (namespace_) {
        append_component(out, namespace_);
        g_string_append_c(out, '/');
    }
    append_component(out, group_resource);
    g_string_append_c(out, '/');
    append_component(out, name);
    g_string_append(out, ENDING);
    return g_string_free(out, FALSE);
}

/* Whether a line of the manifest may be of an export: anybody may have written it. */
static bool is_path(const char *path) {
    if ((!g_str_has_prefix(path, "cluster/") && !g_str_has_prefix(path, "namespaces/")) ||
        !g_str_has_suffix(path, ENDING))
        return false;
    for (const char *c = path; *c; c++)
        if ((!g_ascii_isalnum(*c) && !strchr("-_.%/", *c)) || (*c == '/' && (c[1] == '/' || c[1] == '.')))
            return false;
    return true;
}

/* --- folders: each step is taken below the last one, and never through a link ------------------ */

static bool fail(const ArkTree *tree, const char *path, const char *what, GError **error) {
    int reason = errno;
    if (reason == ELOOP || reason == ENOTDIR)
        g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                    "%s/%s cannot be %s: a link or a file that no export made stands in its way; move it away",
                    tree->dir, path, what);
    else
        base_error_set_errno(error, reason, "%s/%s cannot be %s", tree->dir, path, what);
    return false;
}

/* Opens the folder that holds the file; out_name points at the file's own name. -1 with errno. */
static int open_folder(const ArkTree *tree, const char *path, bool make, const char **out_name) {
    int folder = fcntl(tree->root, F_DUPFD_CLOEXEC, 0);
    for (const char *slash; folder >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
        g_autofree char *part = g_strndup(path, (gsize)(slash - path));
        int parent = folder;
        if (make && mkdirat(parent, part, 0777) != 0 && errno != EEXIST)
            folder = -1;
        else
            folder = openat(parent, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int reason = errno;
        close(parent);
        errno = reason;
    }
    *out_name = path;
    return folder;
}

static bool write_all(int fd, const char *text, size_t length) {
    while (length > 0) {
        ssize_t count = write(fd, text, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        text += count;
        length -= (size_t)count;
    }
    return true;
}

/* Under another name first: what is seen is whole. */
static bool replace(ArkTree *tree, int folder, const char *name, const char *path, const char *text, size_t length,
                    mode_t mode, GError **error) {
    unlinkat(tree->root, TEMPORARY, 0);
    int fd = openat(tree->root, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    bool ok = fd >= 0 && write_all(fd, text, length);
    int reason = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    if (ok && renameat(tree->root, TEMPORARY, folder, name) != 0) {
        ok = false;
        reason = errno;
    }
    if (ok)
        return true;
    unlinkat(tree->root, TEMPORARY, 0);
    errno = reason;
    return fail(tree, path, "written", error);
}

/* --- the manifest ------------------------------------------------------------------------------ */

static bool read_manifest(ArkTree *tree, GError **error) {
    int fd = openat(tree->root, MANIFEST, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? true : fail(tree, MANIFEST, "read", error);
    FILE *file = fdopen(fd, "r");
    char *line = NULL;
    size_t room = 0, total = 0, number = 0;
    ssize_t length;
    bool ok = true;
    while (ok && (length = getline(&line, &room, file)) > 0) {
        number++;
        total += (size_t)length;
        if (line[length - 1] == '\n')
            line[--length] = '\0';
        if (*line == '#' || !*line)
            continue;
        ok = strlen(line) == (size_t)length && is_path(line) && total < MANIFEST_MAX;
        if (ok)
            g_hash_table_add(tree->old, g_strdup(line));
        else
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                        "line %zu of %s/%s names no file of an export; correct it, or remove it: then all files there "
                        "are left alone",
                        number, tree->dir, MANIFEST);
    }
    free(line);
    fclose(file);
    return ok;
}

static bool write_manifest(ArkTree *tree, bool with_old, GError **error) {
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    GHashTableIter iter;
    void *path;
    g_hash_table_iter_init(&iter, tree->files);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        g_ptr_array_add(paths, path);
    g_hash_table_iter_init(&iter, tree->old);
    while (with_old && g_hash_table_iter_next(&iter, &path, NULL))
        if (!g_hash_table_contains(tree->files, path))
            g_ptr_array_add(paths, path);
    g_ptr_array_sort(paths, text_compare);
    g_autoptr(GString) text = g_string_new(HEAD);
    for (guint i = 0; i < paths->len; i++)
        g_string_append_printf(text, "%s\n", (const char *)g_ptr_array_index(paths, i));
    return replace(tree, tree->root, MANIFEST, MANIFEST, text->str, text->len, 0666, error);
}

/* --- opening ----------------------------------------------------------------------------------- */

static bool is_empty(const ArkTree *tree) {
    int fd = openat(tree->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    bool empty = folder != NULL;
    for (struct dirent *entry; empty && (entry = readdir(folder));)
        empty = g_str_equal(entry->d_name, ".") || g_str_equal(entry->d_name, "..") ||
                g_str_equal(entry->d_name, TEMPORARY);
    if (folder)
        closedir(folder);
    return empty;
}

ArkTree *ark_tree_open(const char *dir, bool force, GError **error) {
    g_autoptr(ArkTree) tree = g_new0(ArkTree, 1);
    tree->dir = g_strdup(dir);
    tree->old = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    tree->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (g_mkdir_with_parents(dir, 0777) != 0) {
        tree->root = -1;
        base_error_set_errno(error, errno, "folder %s cannot be made", dir);
        return NULL;
    }
    tree->root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tree->root < 0) {
        base_error_set_errno(error, errno, "folder %s cannot be opened", dir);
        return NULL;
    }
    if (!force && !is_empty(tree)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                    "folder %s is not empty; name another one, or give --force to bring an earlier export up to date "
                    "(files that no export wrote are left alone)",
                    dir);
        return NULL;
    }
    return read_manifest(tree, error) ? g_steal_pointer(&tree) : NULL;
}

void ark_tree_free(ArkTree *tree) {
    if (!tree)
        return;
    if (tree->root >= 0)
        close(tree->root);
    g_hash_table_unref(tree->old);
    g_hash_table_unref(tree->files);
    g_free(tree->dir);
    g_free(tree);
}

/* --- writing ------------------------------------------------------------------------------------ */

void ark_tree_plan(ArkTree *tree, char *path) {
    g_hash_table_add(tree->files, path);
}

/* Whether something is there that no export wrote. Links on the way are met when the file is written. */
static bool is_foreign(const ArkTree *tree, const char *path) {
    const char *name;
    struct stat status;
    if (g_hash_table_contains(tree->old, path))
        return false;
    int folder = open_folder(tree, path, false, &name);
    bool there = folder >= 0 ? fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 : errno != ENOENT;
    if (folder >= 0)
        close(folder);
    return there;
}

bool ark_tree_begin(ArkTree *tree, GError **error) {
    GHashTableIter iter;
    void *path;
    g_autoptr(GPtrArray) foreign = g_ptr_array_new();
    g_hash_table_iter_init(&iter, tree->files);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        if (is_foreign(tree, path))
            g_ptr_array_add(foreign, path);
    if (foreign->len == 0)
        return write_manifest(tree, true, error);
    g_ptr_array_sort(foreign, text_compare);
    g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                "%s/%s%s in the way and was written by no export; nothing is changed; move it away, or name another "
                "folder",
                tree->dir, (const char *)g_ptr_array_index(foreign, 0), foreign->len > 1 ? " and others are" : " is");
    return false;
}

/* Whether the file is that already. */
static bool is_same(int folder, const char *name, const char *text, size_t length) {
    struct stat status;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    g_autofree char *content = NULL;
    bool same = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == (off_t)length;
    size_t done = 0;
    if (same)
        content = g_malloc(length + 1);
    for (ssize_t count = 1; same && count > 0 && done < length; done += (size_t)MAX(count, 0))
        count = read(fd, content + done, length - done);
    close(fd);
    return same && done == length && memcmp(content, text, length) == 0;
}

bool ark_tree_write(ArkTree *tree, const char *path, const char *text, size_t length, bool secret, GError **error) {
    const char *name;
    int folder = open_folder(tree, path, true, &name);
    if (folder < 0)
        return fail(tree, path, "written", error);
    bool ok = true;
    if (!is_same(folder, name, text, length)) {
        ok = replace(tree, folder, name, path, text, length, secret ? 0600 : 0666, error);
        tree->changed += ok;
    }
    close(folder);
    return ok;
}

/* Removes the folders above a file, as far as they are empty. */
static void remove_empty_folders(const ArkTree *tree, const char *path) {
    g_autofree char *rest = g_strdup(path);
    for (char *slash; (slash = strrchr(rest, '/'));) {
        *slash = '\0';
        const char *name;
        int folder = open_folder(tree, rest, false, &name);
        bool removed = folder >= 0 && unlinkat(folder, name, AT_REMOVEDIR) == 0;
        if (folder >= 0)
            close(folder);
        if (!removed)
            return;
    }
}

static bool remove_stale(ArkTree *tree, const char *path, GError **error) {
    const char *name;
    int folder = open_folder(tree, path, false, &name);
    if (folder < 0) /* not there any more, or something else is in its place */
        return true;
    bool removed = unlinkat(folder, name, 0) == 0;
    int reason = errno;
    close(folder);
    errno = reason;
    if (!removed && reason != ENOENT)
        return fail(tree, path, "removed", error);
    tree->removed += removed;
    remove_empty_folders(tree, path);
    return true;
}

bool ark_tree_finish(ArkTree *tree, GError **error) {
    GHashTableIter iter;
    void *path;
    g_hash_table_iter_init(&iter, tree->old);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        if (!g_hash_table_contains(tree->files, path) && !remove_stale(tree, path, error))
            return false;
    return write_manifest(tree, false, error);
}

guint64 ark_tree_changed(const ArkTree *tree) {
    return tree->changed;
}

guint64 ark_tree_removed(const ArkTree *tree) {
    return tree->removed;
}
