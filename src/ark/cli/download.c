#include "ark/catalog.h"
#include "ark/checksums.h"
#include "ark/cli/common.h"
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

typedef struct {
    Common common;
    char *file;
    bool force;
} Options;

/* Copies into a temporary name beside the target, then renames. */
static bool download(Store *store, const char *name, const char *path, const Options *options, GError **error) {
    g_autofree char *key = ark_layout_key(ARK_FILE_CONTENTS, name), *temporary = g_strdup_printf("%s.part", path);
    if (!options->force && access(path, F_OK) == 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                    "%s exists already; give --force to replace it or -o for another name", path);
        return false;
    }
    Source *stored = store_get(store, key, 0, -1, error);
    if (!stored)
        return false;
    char hex[ARK_SHA256_HEX];
    g_autoptr(Source) source = source_sha256_new(stored, hex, NULL);
    /* Secrets are in it, in plain: for the owner's eyes only. */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");
    bool ok = out != NULL;
    char buffer[64 * 1024];
    gssize count = 0;
    while (ok && (count = source_read(source, buffer, sizeof buffer, error)) > 0)
        ok = fwrite(buffer, 1, (size_t)count, out) == (size_t)count;
    bool read_failed =
        count < 0 || (ok && !ark_checksums_verify(store, name, key, hex, &options->common.limits, error));
    if (out && fclose(out) != 0)
        ok = false;
    if (ok && !read_failed && rename(temporary, path) == 0)
        return true;
    if (!read_failed)
        base_error_set_errno(error, errno, "%s cannot be written", path);
    unlink(temporary);
    return false;
}

static int run_download(const CommandCall *call, void *data) {
    const Options *options = data;
    const char *name = call->arguments[0];
    GError *error = NULL;
    g_autofree char *path = options->file ? g_strdup(options->file) : g_strdup_printf("%s-data.tar.gz", name);
    g_autoptr(Store) store = cli_store(&options->common, &error);
    g_autoptr(yyjson_doc) object = store ? ark_catalog_named(store, ARK_BACKUPS, name, &error) : NULL;
    if (object && download(store, name, path, options, &error)) {
        printf("Backup %s has been successfully downloaded to %s\n", name, path);
        return EXIT_DONE;
    }
    return program_end(EXIT_FAILED, error);
}

static const Option option_table[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, file),
     .value = "FILE",
     .complete = "file",
     .help = "Where to put it; NAME-data.tar.gz unless given."},
    {.name = "force", .kind = OPTION_FLAG, .offset = offsetof(Options, force), .help = "Replace a file that is there."},
    {0},
};
static const Option *const tables[] = {location_options, option_table, limit_options, NULL};
const Command backup_download_command = {.name = "download",
                                         .arguments = "NAME",
                                         .arguments_min = 1,
                                         .arguments_max = 1,
                                         .summary = "Copy a backup's archive here.",
                                         .examples = "ark backup download nightly\n"
                                                     "ark backup download nightly -o /tmp/nightly.tar.gz --force",
                                         .options = tables,
                                         .options_size = sizeof(Options),
                                         .run = run_download,
                                         .complete = "backups"};
