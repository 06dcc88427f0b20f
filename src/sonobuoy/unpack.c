#include "sonobuoy/unpack.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/tar.h"
#include "base/text.h"

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

typedef struct {
    int root;
    TarReader *reader;
    const Limits *limits;
    guint64 linked;      /* bytes of files that hard links repeat */
    GPtrArray *refused;  /* texts: files that have no place in the folder */
    GPtrArray *left_out; /* texts: links that lead out, devices */
} Unpacking;

enum { NOTED_MAX = 1000 };

/* Adds a text for the entry, up to NOTED_MAX. */
static void note(GPtrArray *notes, const TarEntry *entry, const char *reason) {
    if (notes->len > NOTED_MAX)
        return;
    if (notes->len == NOTED_MAX) {
        g_ptr_array_add(notes, g_strdup("... and more"));
        return;
    }
    g_autofree char *path = text_printable(entry->path);
    g_autofree char *target = entry->target ? text_printable(entry->target) : NULL;
    g_ptr_array_add(notes, target ? g_strdup_printf("%s, a link to %s: %s", path, target, reason)
                                  : g_strdup_printf("%s: %s", path, reason));
}

/* Whether it is for the entry's sake, and not for this machine's, that it cannot be made. */
static bool is_entry_error(int failure) {
    static const int codes[] = {EEXIST, EISDIR, ELOOP, EMLINK, ENAMETOOLONG, ENOENT, ENOTDIR};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
        if (failure == codes[i])
            return true;
    return false;
}

/* By errno: the entry is noted, or an error is set. */
static bool refuse(Unpacking *unpacking, const TarEntry *entry, GError **error) {
    int failure = errno;
    if (!is_entry_error(failure)) {
        g_autofree char *path = text_printable(entry->path);
        base_error_set_errno(error, failure, "%s cannot be written", path);
        return false;
    }
    note(unpacking->refused, entry,
         failure == ELOOP || failure == ENOTDIR ? "its folder is none" : g_strerror(failure));
    return true;
}

/* The parts of a safe path, without "." and "". */
static GStrv parts_of(const char *path) {
    g_auto(GStrv) all = g_strsplit(path, "/", -1);
    g_autoptr(GStrvBuilder) parts = g_strv_builder_new();
    for (char **part = all; *part; part++)
        if (**part && !g_str_equal(*part, "."))
            g_strv_builder_add(parts, *part);
    return g_strv_builder_end(parts);
}

/* Opens the folder of the first `count` parts, which `make` makes where it is not there; no link is gone through. -1
 * with errno. */
static int open_folder(int root, char *const *parts, guint count, bool make) {
    int fd = dup(root);
    for (guint i = 0; fd >= 0 && i < count; i++) {
        bool there = !make || mkdirat(fd, parts[i], 0755) == 0 || errno == EEXIST;
        int next = there ? openat(fd, parts[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        int failure = errno;
        close(fd);
        errno = failure;
        fd = next;
    }
    return fd;
}

/* What was of a name before is replaced, unless it is a folder. */
static bool make_room(int parent, const char *name) {
    return unlinkat(parent, name, 0) == 0 || errno == ENOENT;
}

static bool copy_content(TarReader *reader, int fd, const char *path, GError **error) {
    g_autoptr(Source) content = tar_reader_content(reader);
    g_autoptr(Sink) sink = file_sink_new(fd);
    bool copied = stream_copy(content, sink, error);
    if (close(fd) == 0 || !copied)
        return copied;
    base_error_set_errno(error, errno, "%s cannot be written", path);
    return false;
}

static bool unpack_file(Unpacking *unpacking, const TarEntry *entry, int parent, const char *name, GError **error) {
    int fd =
        make_room(parent, name) ? openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644) : -1;
    return fd < 0 ? refuse(unpacking, entry, error) : copy_content(unpacking->reader, fd, entry->path, error);
}

static bool unpack_symbolic_link(Unpacking *unpacking, const TarEntry *entry, int parent, const char *name,
                                 GError **error) {
    g_autofree char *inside = entry->target ? folder_link_path(entry->path, entry->target) : NULL;
    if (!inside)
        note(unpacking->left_out, entry, "it may lead out of the folder");
    return !inside || (make_room(parent, name) && symlinkat(entry->target, parent, name) == 0) ||
           refuse(unpacking, entry, error);
}

/* Gives the file a second name, unless it has that already. */
static bool link_file(int from, const char *file, const struct stat *status, int parent, const char *name) {
    struct stat there;
    if (fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_dev == status->st_dev &&
        there.st_ino == status->st_ino)
        return true;
    return make_room(parent, name) && linkat(from, file, parent, name, 0) == 0;
}

static bool unpack_hard_link(Unpacking *unpacking, const TarEntry *entry, int parent, const char *name,
                             GError **error) {
    struct stat status;
    g_auto(GStrv) parts = tar_path_is_safe(entry->target) ? parts_of(entry->target) : g_new0(char *, 1);
    guint count = g_strv_length(parts);
    int from = count ? open_folder(unpacking->root, parts, count - 1, false) : -1;
    bool is_file =
        from >= 0 && fstatat(from, parts[count - 1], &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
    bool ok = true, fits = true;
    if (is_file) {
        unpacking->linked += (guint64)status.st_size;
        fits = !unpacking->limits->archive_size || unpacking->linked <= (guint64)unpacking->limits->archive_size;
    }
    if (!is_file)
        note(unpacking->refused, entry, "there is no such file before it");
    else if (fits)
        ok = link_file(from, parts[count - 1], &status, parent, name) || refuse(unpacking, entry, error);
    else
        limit_reached(error, "archive-size", "links repeat files to more than %" G_GINT64_FORMAT " bytes",
                      unpacking->limits->archive_size);
    if (from >= 0)
        close(from);
    return ok && fits;
}

/* An entry whose folder is open. */
static bool unpack_named(Unpacking *unpacking, const TarEntry *entry, int parent, const char *name, GError **error) {
    switch (entry->kind) {
    case TAR_FILE: return unpack_file(unpacking, entry, parent, name, error);
    case TAR_SYMBOLIC_LINK: return unpack_symbolic_link(unpacking, entry, parent, name, error);
    default: return unpack_hard_link(unpacking, entry, parent, name, error);
    }
}

static bool unpack_entry(Unpacking *unpacking, const TarEntry *entry, GError **error) {
    g_auto(GStrv) parts = parts_of(entry->path);
    guint count = g_strv_length(parts), above = entry->kind == TAR_FOLDER ? count : count - 1;
    if (!entry->safe || (count == 0 && entry->kind != TAR_FOLDER)) {
        note(unpacking->refused, entry, "outside its directory");
        return true;
    }
    if (entry->kind == TAR_OTHER) {
        note(unpacking->left_out, entry, "neither a file, a folder nor a link");
        return true;
    }
    int parent = open_folder(unpacking->root, parts, above, true);
    if (parent < 0)
        return refuse(unpacking, entry, error);
    bool ok = above == count || unpack_named(unpacking, entry, parent, parts[above], error);
    close(parent);
    return ok;
}

/* Takes all that there is a place for; both lists are texts. */
static bool unpack_archive(int fd, const char *target, const Limits *limits, GPtrArray *refused, GPtrArray *left_out,
                           GError **error) {
    g_autoptr(Source) source = source_gunzip_new(file_source_new(fd), limits);
    g_autoptr(TarReader) reader = tar_reader_new(source, limits, error);
    int root = reader ? folder_open(target, error) : -1;
    if (root < 0)
        return false;
    Unpacking unpacking = {
        .root = root,
        .reader = reader,
        .limits = limits ? limits : &limits_default,
        .refused = refused,
        .left_out = left_out,
    };
    TarEntry entry;
    int found;
    while ((found = tar_reader_next_entry(reader, &entry, error)) > 0 && unpack_entry(&unpacking, &entry, error))
        ;
    close(root);
    return found == 0;
}

/* The notes, a line each, behind the heading. g_free() it. */
static char *notes_text(const char *heading, const GPtrArray *notes) {
    GString *text = g_string_new(heading);
    for (guint i = 0; i < notes->len; i++)
        g_string_append_printf(text, "%s\n", (const char *)notes->pdata[i]);
    return g_string_free(text, false);
}

/* Whether the failure is the archive's own, and not this machine's. */
static bool is_bad_archive(const GError *failure) {
    return g_error_matches(failure, BASE_ERROR, BASE_ERROR_CORRUPT) ||
           g_error_matches(failure, BASE_ERROR, BASE_ERROR_LIMIT) ||
           g_error_matches(failure, BASE_ERROR, BASE_ERROR_FAILED);
}

static bool write_note(const char *target, const char *name, const char *heading, const GPtrArray *notes,
                       GError **error) {
    g_autofree char *path = g_build_filename(target, name, NULL), *text = notes_text(heading, notes);
    return g_file_set_contents(path, text, -1, error);
}

static bool empty_folder(const char *path, GError **error) {
    unpack_remove(path);
    if (mkdir(path, 0755) == 0)
        return true;
    base_error_set_errno(error, errno, "%s cannot be made", path);
    return false;
}

/* Says what became of an archive that was not unpacked as it is. `failure`: what ended it, or NULL. */
static bool write_notes(const UnpackOptions *options, const char *target, const GPtrArray *refused,
                        const GPtrArray *left_out, const GError *failure, GError **error) {
    g_autoptr(GString) heading = g_string_new(NULL);
    if (failure)
        g_string_append_printf(heading, "%s could not be unpacked to its end: %s\n", options->name, failure->message);
    if (refused->len)
        g_string_append_printf(heading, "%s holds entries that have no place here:\n", options->name);
    /* What a bomb came to would make a bomb of the run's archive. */
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_LIMIT) && !empty_folder(target, error))
        return false;
    if (left_out->len && !write_note(target, UNPACK_LEFT_OUT, "Left out of what was sent:\n", left_out, error))
        return false;
    return (!failure && !refused->len) ||
           (keep_file(options, target, error) && write_note(target, UNPACK_ERROR, heading->str, refused, error));
}

static bool unpack(const UnpackOptions *options, const char *target, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(GPtrArray) refused = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
    int fd = open(options->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        base_error_set_errno(error, errno, "%s cannot be read", options->path);
        return false;
    }
    bool unpacked = unpack_archive(fd, target, options->limits, refused, left_out, &failure);
    close(fd);
    if (unpacked || is_bad_archive(failure))
        return write_notes(options, target, refused, left_out, failure, error);
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
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

/* All of it, or an error. */
static bool unpack_whole(int fd, const char *target, const Limits *limits, GPtrArray *left_out, GError **error) {
    g_autoptr(GPtrArray) refused = g_ptr_array_new_with_free_func(g_free);
    if (!unpack_archive(fd, target, limits, refused, left_out, error))
        return false;
    if (refused->len == 0)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "the archive holds what is never there rightly: %s",
                (const char *)refused->pdata[0]);
    return false;
}

bool unpack_archive_into(const char *path, const char *folder, const Limits *limits, GPtrArray *left_out,
                         GError **error) {
    g_autofree char *made = g_build_filename(folder, ".sonobuoy-XXXXXX", NULL);
    g_autoptr(GPtrArray) unsaid = left_out ? NULL : g_ptr_array_new_with_free_func(g_free);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        base_error_set_errno(error, errno, "%s cannot be read", path);
        return false;
    }
    bool unpacked = g_mkdtemp(made) != NULL;
    if (!unpacked)
        base_error_set_errno(error, errno, "%s cannot be written to", folder);
    else
        unpacked = unpack_whole(fd, made, limits, left_out ? left_out : unsaid, error) && move_all(made, folder, error);
    close(fd);
    unpack_remove(made);
    if (!unpacked)
        g_prefix_error(error, "%s is not unpacked: ", path);
    return unpacked;
}
