#include "sonobuoy/unpack.h"

#include "base/file.h"
#include "base/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_FOLDERS = 16 };

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *where) {
    return remove(path);
}

void unpack_remove(const char *path) {
    nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* Moves the file as it came into the folder; a copy where another file system is there. */
static bool keep_file(const UnpackOptions *options, const char *target, GError **error) {
    g_autofree char *path = g_build_filename(target, options->name, NULL);
    if (rename(options->path, path) == 0 && chmod(path, 0644) == 0)
        return true;
    base_error_set_errno(error, errno, "the result cannot be put to %s", path);
    return false;
}

/* --- archives ----------------------------------------------------------------------------------- */

/* One file of the archive. An entry of that name before it is replaced. */
static bool unpack_file(TarReader *reader, const char *target, const char *name, GError **error) {
    g_autofree char *path = g_build_filename(target, name, NULL), *folder = g_path_get_dirname(path);
    g_autoptr(Source) content = tar_reader_content(reader);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        base_error_set_errno(error, errno, "%s cannot be made", folder);
        return false;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        base_error_set_errno(error, errno, "%s cannot be written", path);
        return false;
    }
    g_autoptr(Sink) sink = file_sink_new(fd);
    bool copied = stream_copy(content, sink, error);
    if (close(fd) != 0 && copied) {
        base_error_set_errno(error, errno, "%s cannot be written", path);
        copied = false;
    }
    return copied;
}

static bool unpack_archive(int fd, const char *target, const Limits *limits, GError **error) {
    g_autoptr(Source) source = source_gunzip_new(file_source_new(fd), limits);
    g_autoptr(TarReader) reader = tar_reader_new(source, limits, error);
    if (!reader)
        return false;
    tar_reader_skip_special(reader);
    const char *name;
    int found;
    while ((found = tar_reader_next(reader, &name, NULL, error)) > 0)
        if (!unpack_file(reader, target, name, error))
            return false;
    return found == 0;
}

/* Whether the failure is the archive's own, and not this machine's. */
static bool is_bad_archive(const GError *failure) {
    return g_error_matches(failure, BASE_ERROR, BASE_ERROR_CORRUPT) ||
           g_error_matches(failure, BASE_ERROR, BASE_ERROR_LIMIT) ||
           g_error_matches(failure, BASE_ERROR, BASE_ERROR_FAILED);
}

static bool unpack(const UnpackOptions *options, const char *target, GError **error) {
    GError *failure = NULL;
    int fd = open(options->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        base_error_set_errno(error, errno, "%s cannot be read", options->path);
        return false;
    }
    bool unpacked = unpack_archive(fd, target, options->limits, &failure);
    close(fd);
    if (unpacked)
        return true;
    if (!is_bad_archive(failure)) {
        g_propagate_error(error, failure);
        return false;
    }
    g_autofree char *note = g_build_filename(target, UNPACK_ERROR, NULL);
    g_autofree char *text =
        g_strdup_printf("%s could not be unpacked to its end: %s\n", options->name, failure->message);
    g_error_free(failure);
    return keep_file(options, target, error) && g_file_set_contents(note, text, -1, error);
}

bool unpack_result(const UnpackOptions *options, const char *target, GError **error) {
    if (mkdir(target, 0755) != 0) {
        base_error_set_errno(error, errno, "%s cannot be made", target);
        return false;
    }
    if (options->packed ? unpack(options, target, error) : keep_file(options, target, error))
        return true;
    unpack_remove(target);
    return false;
}

/* --- a run's ---------------------------------------------------------------------------------------- */

static GPtrArray *names_in(const char *folder, GError **error) {
    g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
    if (!dir)
        return NULL;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));)
        g_ptr_array_add(names, g_strdup(name));
    return names;
}

static bool move_one(const char *name, const char *from, const char *to, GError **error) {
    g_autofree char *path = g_build_filename(from, name, NULL), *target = g_build_filename(to, name, NULL);
    if (file_rename_new(path, target))
        return true;
    if (errno == EEXIST)
        g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                    "%s is there already; give a folder that is empty or not there yet", target);
    else
        base_error_set_errno(error, errno, "%s cannot be made", target);
    return false;
}

/* What stands in the one folder, into the other, where nothing is of its name: all of it, or what was moved goes back.
 */
static bool move_all(const char *from, const char *to, GError **error) {
    g_autoptr(GPtrArray) names = names_in(from, error);
    if (!names)
        return false;
    guint moved = 0;
    while (moved < names->len && move_one(names->pdata[moved], from, to, error))
        moved++;
    if (moved == names->len)
        return true;
    while (moved > 0) {
        g_autoptr(GError) failure = NULL;
        if (!move_one(names->pdata[--moved], to, from, &failure) && error)
            g_prefix_error(error, "%s/%s was left behind, as %s; ", to, (const char *)names->pdata[moved],
                           failure->message);
    }
    return false;
}

bool unpack_archive_into(const char *path, const char *folder, const Limits *limits, GError **error) {
    g_autofree char *made = g_build_filename(folder, ".sonobuoy-XXXXXX", NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        base_error_set_errno(error, errno, "%s cannot be read", path);
        return false;
    }
    bool unpacked = g_mkdtemp(made) != NULL;
    if (!unpacked)
        base_error_set_errno(error, errno, "%s cannot be written to", folder);
    else
        unpacked = unpack_archive(fd, made, limits, error) && move_all(made, folder, error);
    close(fd);
    unpack_remove(made);
    if (!unpacked)
        g_prefix_error(error, "%s is not unpacked: ", path);
    return unpacked;
}
