/* From a stock aggregator: all archives of the pod in one tar.gz. */
#include "base/file.h"
#include "base/tar.h"
#include "base/text.h"
#include "sonobuoy/retrieve-internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { WHOLE_TRIES = 3 };

/* What a command prints; its end is one only if the command did well. */
typedef struct {
    Source source;
    KubeCommand *command;
    Progress *progress;
} CommandSource;

static gssize command_source_read(Source *source, void *data, size_t length, GError **error) {
    CommandSource *self = (CommandSource *)source;
    gssize count = kube_command_read(self->command, data, length, error);
    progress_add(self->progress, 0, (guint64)MAX(count, 0));
    return count == 0 && !retrieve_check_exit(self->command, error) ? -1 : count;
}

static void command_source_free(Source *source) {
    kube_command_free(((CommandSource *)source)->command);
    g_free(source);
}

/* Takes the command over. */
static Source *command_source_new(KubeCommand *command, Progress *progress) {
    static const SourceClass klass = {command_source_read, command_source_free};
    CommandSource *self = g_new0(CommandSource, 1);
    self->source.klass = &klass;
    self->command = command;
    self->progress = progress;
    return &self->source;
}

static void tell_skipped(const char *path, const char *what, void *data) {
    retrieve_say(data, "\"%s\" was left out: it is %s", path, what);
}

/* Whether the entry is what the status tells of it, where it tells anything. */
static bool check_entry(const RunStatus *status, const char *name, const char *hex, guint64 size, GError **error) {
    if (g_strcmp0(name, status->tar_name) != 0 || !status->tar_sha256 || !*status->tar_sha256 ||
        (size == status->tar_size && g_str_equal(hex, status->tar_sha256)))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                "%s is not what the status tells of: %" G_GUINT64_FORMAT " bytes, SHA-256 %s", name, size, hex);
    return false;
}

/* Gives the entry its place, where that is not taken; `fresh`: it was not there before. */
static bool place_entry(const Retrieve *retrieve, int fd, const char *hex, const char *part, const char *target,
                        bool *fresh, GError **error) {
    Place place = retrieve_look(retrieve->options, target, hex, error);
    *fresh = place == PLACE_FREE;
    if (place == PLACE_HAS_IT)
        unlink(part);
    return place == PLACE_HAS_IT ||
           (place == PLACE_FREE && retrieve_put_in_place(retrieve->options, fd, part, target, error));
}

static bool write_entry(const Retrieve *retrieve, TarReader *reader, int fd, const char *name, char *hex,
                        GError **error) {
    guint64 size = 0;
    g_autoptr(Source) content = source_sha256_new(tar_reader_content(reader), hex, &size);
    g_autoptr(Sink) sink = file_sink_new(fd);
    return stream_copy(content, sink, error) && check_entry(retrieve->status, name, hex, size, error);
}

/* Whole or not at all. What an earlier call left of it is of no use: it cannot be gone on with. */
static bool take_entry(const Retrieve *retrieve, TarReader *reader, const char *name, guint index, GError **error) {
    g_autofree char *target = retrieve_target(retrieve->options, name, index);
    g_autofree char *part = g_strconcat(target, ".part", NULL);
    char hex[65];
    bool fresh = false, taken = false;
    int fd = retrieve_open_part(part, target, error);
    if (fd < 0)
        return false;
    if (ftruncate(fd, 0) != 0)
        base_error_set_errno(error, errno, "%s cannot be written", part);
    else
        taken = write_entry(retrieve, reader, fd, name, hex, error) &&
                place_entry(retrieve, fd, hex, part, target, &fresh, error);
    if (taken)
        retrieve_add(retrieve, target, fresh);
    else
        unlink(part);
    close(fd); /* with the lock, so not before */
    return taken;
}

/* What stands behind the archive's end: unread, the pod's program would take it for a cut. */
static bool drain(Source *source, GError **error) {
    char piece[16 * 1024];
    gssize count;
    while ((count = source_read(source, piece, sizeof piece, error)) > 0)
        ;
    return count == 0;
}

static bool take_stream(const Retrieve *retrieve, Source *source, GError **error) {
    static const Limits limits = {.ratio = LIMIT_RATIO, .entries = 10000, .path_length = LIMIT_PATH_LENGTH};
    g_autoptr(Source) plain = source_gunzip_new(source, &limits);
    g_autoptr(TarReader) reader = tar_reader_new(plain, &limits, error);
    if (!reader)
        return false;
    tar_reader_tell_special(reader, tell_skipped, (void *)retrieve);
    const char *name;
    guint index = 0;
    int found;
    while ((found = tar_reader_next(reader, &name, NULL, error)) > 0) {
        g_autofree char *own = g_strdup(name);
        g_autofree char *shown = text_printable(own);
        if (!retrieve_is_file_name(own))
            retrieve_say(retrieve, "\"%s\" was left out: it is not an archive's name", shown);
        else if (!take_entry(retrieve, reader, own, index++, error))
            return false;
    }
    if (found < 0 || !drain(plain, error))
        return false;
    if (index > 0)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no archive in %s of the aggregator's pod",
                retrieve->options->remote_folder);
    return false;
}

bool retrieve_stream(const Retrieve *retrieve, GError **error) {
    const char *const words[] = {RETRIEVE_PROGRAM, "splat", retrieve->options->remote_folder, NULL};
    for (unsigned tries = 0;; tries++) {
        GError *failure = NULL;
        KubeCommand *command = retrieve_start(retrieve, words, &failure);
        if (command && take_stream(retrieve, command_source_new(command, retrieve->options->progress), &failure))
            return true;
        if (!retrieve_try_again(retrieve, tries, WHOLE_TRIES, failure)) {
            g_propagate_error(error, failure);
            return false;
        }
        g_error_free(failure);
        progress_restart(retrieve->options->progress, "Retrieving");
        progress_set_total(retrieve->options->progress, retrieve->status->tar_size);
    }
}
