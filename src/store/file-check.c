/* The steps of a check that only directories have. */
#include "store/backend.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { SPACE_WANTED = 1024 * 1024 * 1024 };

static bool fail(const StoreCheck *check, const char *verb, GError **error) {
    base_error_set_errno(error, errno, "%s file://%s", verb, store_bucket(check->store));
    return false;
}

/* Makes the directory and what leads to it; check->own: the uppermost that was made. */
static int make_directory(StoreCheck *check, const char *path) {
    if (access(path, F_OK) == 0)
        return 0;
    g_autofree char *parent = g_path_get_dirname(path);
    if (make_directory(check, parent) != 0 || mkdir(path, 0700) != 0)
        return -1;
    if (!check->own)
        check->own = g_strdup(path);
    return 0;
}

static bool check_directory(StoreCheck *check, GError **error) {
    const char *path = store_bucket(check->store);
    bool reads = check->options->read_only;
    if (!reads && make_directory(check, path) != 0)
        return fail(check, "making", error);
    int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(check, "opening", error);
    struct stat status;
    bool ok = fstat(fd, &status) == 0 && faccessat(fd, ".", reads ? R_OK | X_OK : R_OK | W_OK | X_OK, 0) == 0;
    if (!ok)
        fail(check, reads ? "reading" : "writing", error);
    close(fd);
    if (!ok)
        return false;
    unsigned mode = status.st_mode & 07777;
    if (mode & S_IWOTH && !(mode & S_ISVTX))
        return store_check_warn(check, g_strdup_printf("chmod o-w '%s'", path),
                                "everybody may replace what is in it: mode %04o", mode);
    return store_check_ok(check, "%smode %04o, of user %u", check->own ? "can be made, " : "", mode, status.st_uid);
}

static bool check_space(StoreCheck *check, GError **error) {
    struct statvfs status;
    if (statvfs(store_bucket(check->store), &status) != 0)
        return fail(check, "looking at", error);
    guint64 space = (guint64)status.f_bavail * status.f_frsize;
    if (space == 0 || (status.f_files > 0 && status.f_favail == 0)) {
        errno = ENOSPC;
        return fail(check, space ? "no file can be made in" : "writing to", error);
    }
    g_autofree char *text = bytes_format(space);
    if (space < SPACE_WANTED)
        return store_check_warn(check, g_strdup("free some, or choose another directory"), "only %s are free", text);
    return store_check_ok(check, "%s are free", text);
}

/* --- what makes an object whole or absent ---------------------------------------------------- */

/* As the store names what it is writing: never listed. */
static char *temporary_path(const StoreCheck *check) {
    g_autofree char *name = g_strdup_printf(".ark-%08x%08x.tmp", arc4random(), arc4random());
    return g_build_filename(store_bucket(check->store), name, NULL);
}

/* A new file with some bytes in it, closed again; whether they reached the disk. */
static bool make_file(const char *path, bool sync) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool ok = write(fd, "ark\n", 4) == 4 && (!sync || fsync(fd) == 0);
    int saved = errno;
    close(fd);
    errno = saved;
    return ok;
}

static bool sync_directory(const char *path) {
    int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return ok;
}

static bool check_sync(StoreCheck *check, GError **error) {
    g_autofree char *path = temporary_path(check);
    bool ok = make_file(path, true) ? sync_directory(store_bucket(check->store)) || fail(check, "fsync of", error)
                                    : fail(check, "fsync of a file in", error);
    unlink(path);
    return ok && store_check_ok(check, "of a file, and of the directory");
}

static bool check_rename(StoreCheck *check, GError **error) {
    g_autofree char *from = temporary_path(check), *to = temporary_path(check);
    bool ok = make_file(from, false) && make_file(to, false) && rename(from, to) == 0;
    if (!ok)
        fail(check, "renaming a file in", error);
    unlink(from);
    unlink(to);
    return ok && store_check_ok(check, "replaces a file in one step");
}

/* --- what to do ---------------------------------------------------------------------------------- */

static char *remedy(const StoreCheck *check, const char *step, const GError *error) {
    /* says: in the message; NULL: whatever it is */
    static const struct {
        BaseErrorCode code;
        const char *says, *remedy;
    } remedies[] = {
        {BASE_ERROR_FORBIDDEN, "Read-only", "mount %s to be written to, or choose another directory"},
        {BASE_ERROR_FORBIDDEN, NULL, "give %s to the user that runs ark: chown, or chmod u+rwx"},
        {BASE_ERROR_NO_SPACE, NULL, "free some space where %s is, or choose another directory"},
        {BASE_ERROR_NOT_FOUND, "Not a directory", "a file stands where %s would be: choose another name"},
        {BASE_ERROR_NOT_FOUND, NULL, "check the name %s, and that what it is on is mounted"},
        {BASE_ERROR_INVALID, NULL, "the file system of %s cannot do this: choose another one"},
        {BASE_ERROR_CORRUPT, NULL, "check the disk or the file server of %s: it does not keep what it is given"},
    };
    g_autofree char *quoted = g_strdup_printf("'%s'", store_bucket(check->store));
    for (size_t i = 0; i < G_N_ELEMENTS(remedies); i++)
        if (g_error_matches(error, BASE_ERROR, (int)remedies[i].code) &&
            (!remedies[i].says || strstr(error->message, remedies[i].says))) {
            g_auto(GStrv) parts = g_strsplit(remedies[i].remedy, "%s", 2);
            return g_strjoinv(quoted, parts);
        }
    return g_strdup("the system's log may say more (dmesg)");
}

/* Directories that were made for the check go again, unless something is in them by now. */
static void end(StoreCheck *check) {
    g_autofree char *uppermost = check->own, *path = g_strdup(store_bucket(check->store));
    while (uppermost && strlen(path) >= strlen(uppermost) && rmdir(path) == 0) {
        char *parent = g_path_get_dirname(path);
        g_free(path);
        path = parent;
    }
}

static const StoreStep steps[] = {
    {"directory", STORE_STEP_WAY, check_directory},
    {"space", STORE_STEP_WRITES, check_space},
    {"fsync", STORE_STEP_WRITES, check_sync},
    {"rename", STORE_STEP_WRITES, check_rename},
    {"list", 0, store_check_list},
    {"write", STORE_STEP_WRITES, store_check_write},
    {"head", STORE_STEP_OBJECT, store_check_head},
    {"read", STORE_STEP_OBJECT, store_check_read},
    {"range", STORE_STEP_OBJECT, store_check_range},
    {"overwrite", STORE_STEP_OBJECT | STORE_STEP_WRITES, store_check_overwrite},
    {"if absent", STORE_STEP_OBJECT | STORE_STEP_WRITES, store_check_absent},
    {"delete", STORE_STEP_OBJECT | STORE_STEP_WRITES, store_check_delete},
    {0},
};
const StoreCheckClass store_file_check = {steps, remedy, end};
