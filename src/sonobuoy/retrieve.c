#include "base/file.h"
#include "base/text.h"
#include "sonobuoy/manifest.h"
#include "sonobuoy/observe.h"
#include "sonobuoy/retrieve-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 6, OPEN_TRIES = 100, PAUSE_MS = 500, PAUSE_MAX_MS = 15000, STALL_SECONDS = 60, EXIT_SIGNALLED = 128 };

void retrieved_free(Retrieved *file) {
    if (file)
        g_free(file->path);
    g_free(file);
}

void retrieve_say(const Retrieve *retrieve, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (retrieve->options->say)
        retrieve->options->say(line, retrieve->options->say_data);
}

/* --- whether there is something to fetch -------------------------------------------------------------- */

/* The error's text, with what is known of the pods behind it. */
static void set_outcome(const RunView *view, BaseErrorCode code, GError **error, const char *what) {
    g_autoptr(GString) text = g_string_new(what);
    for (guint i = 0; i < view->notes->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "; ", (const char *)view->notes->pdata[i]);
    g_set_error_literal(error, BASE_ERROR, (int)code, text->str);
}

static RetrieveOutcome not_ready(const RunView *view, GError **error, const char *what) {
    g_autofree char *text = g_strconcat("not ready: ", what, NULL);
    set_outcome(view, BASE_ERROR_UNAVAILABLE, error, text);
    return RETRIEVE_NOT_READY;
}

/* Of an aggregator that runs. */
static RetrieveOutcome run_outcome(const RunView *view, GError **error) {
    if (!view->status)
        return not_ready(view, error, "the aggregator has not told of its run yet; try again in a minute");
    if (view->status->phase == RUN_RUNNING)
        return not_ready(view, error, "the run is not over; `sonobuoy status` shows how far it is");
    if (view->status->phase == RUN_POST_PROCESSING)
        return not_ready(view, error, "the archive is being made; try again in a minute");
    if (view->status->phase == RUN_COMPLETE || view->status->tar_name)
        return RETRIEVE_DONE;
    set_outcome(view, BASE_ERROR_FAILED, error,
                "the run failed and left no archive; `sonobuoy logs` shows what happened");
    return RETRIEVE_FAILED;
}

static RetrieveOutcome view_outcome(const RunView *view, const char *namespace_, GError **error) {
    g_autofree char *absent = g_strdup_printf(
        "there is no run in the namespace %s: none was begun, or it was deleted; --namespace names another",
        namespace_);
    switch (view->state) {
    case VIEW_RUNNING: return run_outcome(view, error);
    case VIEW_STARTING: return not_ready(view, error, "the aggregator has not started");
    case VIEW_TROUBLED: set_outcome(view, BASE_ERROR_FAILED, error, "the aggregator cannot start"); break;
    case VIEW_ENDED:
        set_outcome(view, BASE_ERROR_GONE, error,
                    "the aggregator's pod does not run any more, and the archive that it may have had is gone with it");
        break;
    case VIEW_ABSENT:
    default: set_outcome(view, BASE_ERROR_NOT_FOUND, error, absent); break;
    }
    return RETRIEVE_FAILED;
}

static RetrieveOutcome find(Retrieve *retrieve, GError **error) {
    const RetrieveOptions *options = retrieve->options;
    g_auto(RunView) view = {0};
    if (!observe_run(options->client, options->namespace_, &view, error))
        return RETRIEVE_FAILED;
    RetrieveOutcome outcome = view_outcome(&view, options->namespace_, error);
    retrieve->status = g_steal_pointer(&view.status);
    retrieve->pod = g_steal_pointer(&view.pod);
    return outcome;
}

bool retrieve_is_file_name(const char *name) {
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) <= 200 && g_utf8_validate(name, -1, NULL);
}

/* --- files here ---------------------------------------------------------------------------------------- */

char *retrieve_numbered(const char *filename, guint index) {
    const char *slash = strrchr(filename, '/'), *dot = strrchr(slash ? slash : filename, '.');
    if (index == 0)
        return g_strdup(filename);
    int stem = dot ? (int)(dot - filename) : (int)strlen(filename);
    return g_strdup_printf("%.*s-%02u%s", stem, filename, index, dot ? dot : "");
}

char *retrieve_target(const RetrieveOptions *options, const char *name, guint index) {
    g_autofree char *chosen = options->filename ? retrieve_numbered(options->filename, index) : g_strdup(name);
    return g_str_equal(options->folder, ".") ? g_steal_pointer(&chosen)
                                             : g_build_filename(options->folder, chosen, NULL);
}

/* SHA-256 and size of an open file. */
static bool sum_file(int fd, char *hex, guint64 *size, GError **error) {
    g_autoptr(Source) source = source_sha256_new(file_source_new(fd), hex, size);
    char piece[64 * 1024];
    gssize count;
    while ((count = source_read(source, piece, sizeof piece, error)) > 0)
        ;
    return count == 0;
}

static void set_other(const char *path, GError **error) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                "%s is there already, and is not this archive; --filename names another file, --force replaces it",
                path);
}

Place retrieve_look(const RetrieveOptions *options, const char *path, const char *sha256, GError **error) {
    struct stat stat;
    char hex[65];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return PLACE_FREE;
    if (fd < 0) {
        base_error_set_errno(error, errno, "%s cannot be read", path);
        return PLACE_REFUSED;
    }
    bool file = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode), summed = !file || sum_file(fd, hex, NULL, error);
    close(fd);
    if (!summed)
        return PLACE_REFUSED;
    if (file && g_str_equal(hex, sha256))
        return PLACE_HAS_IT;
    if (options->replace)
        return PLACE_FREE;
    set_other(path, error);
    return PLACE_REFUSED;
}

bool retrieve_put_in_place(const RetrieveOptions *options, int fd, const char *part, const char *target,
                           GError **error) {
    bool synced = fsync(fd) == 0;
    if (synced && (options->replace ? rename(part, target) == 0 : file_rename_new(part, target)))
        return true;
    if (synced && errno == EEXIST)
        set_other(target, error);
    else
        base_error_set_errno(error, errno, "%s cannot be written", target);
    return false;
}

static bool make_folder(const char *target, GError **error) {
    g_autofree char *folder = g_path_get_dirname(target);
    if (g_mkdir_with_parents(folder, 0755) == 0)
        return true;
    base_error_set_errno(error, errno, "the folder %s cannot be made", folder);
    return false;
}

static void set_busy(const char *target, GError **error) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT, "%s is being fetched by another process", target);
}

/* Whether others are kept off the file, as far as its file system can: some that are remote have no locks. */
static bool lock_part(int fd, const char *part, const char *target, GError **error) {
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            set_busy(target, error);
            return false;
        }
        if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS)
            return true;
        if (errno != EINTR) {
            base_error_set_errno(error, errno, "%s cannot be locked", part);
            return false;
        }
    }
    return true;
}

/* Whether the name is still that of the open file: who had the lock before may have finished and renamed it. */
static bool is_named(int fd, const char *path) {
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

int retrieve_open_part(const char *part, const char *target, GError **error) {
    if (!make_folder(part, error))
        return -1;
    for (int tries = 0; tries < OPEN_TRIES; tries++) {
        struct stat stat;
        int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
        if (fd < 0 || fstat(fd, &stat) != 0) {
            base_error_set_errno(error, errno, "%s cannot be written", part);
        } else if (!S_ISREG(stat.st_mode)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s cannot be written: it is not a regular file", part);
        } else if (lock_part(fd, part, target, error)) {
            if (is_named(fd, part))
                return fd;
            close(fd);
            continue;
        }
        if (fd >= 0)
            close(fd);
        return -1;
    }
    set_busy(target, error);
    return -1;
}

/* --- commands in the pod ------------------------------------------------------------------------------------ */

KubeCommand *retrieve_start(const Retrieve *retrieve, const char *const *command, GError **error) {
    KubeCommandQuery query = {.namespace_ = retrieve->options->namespace_,
                              .pod = retrieve->pod,
                              .container = AGGREGATOR_CONTAINER,
                              .command = command,
                              .stall_s = STALL_SECONDS};
    return kube_command_start(retrieve->options->client, &query, error);
}

bool retrieve_check_exit(const KubeCommand *command, GError **error) {
    int code = kube_command_exit_code(command);
    if (code == 0)
        return true;
    g_autofree char *trimmed = g_strstrip(g_strdup(kube_command_stderr(command)));
    g_autofree char *said = text_printable(trimmed);
    /* Who was killed may do better the next time. */
    g_set_error(error, BASE_ERROR, code >= EXIT_SIGNALLED ? BASE_ERROR_UNAVAILABLE : BASE_ERROR_FAILED,
                "the command in the pod ended with %d: %s", code, *said ? said : "it said nothing");
    return false;
}

bool retrieve_try_again(const Retrieve *retrieve, unsigned tries, unsigned tries_max, const GError *failure) {
    if (!base_error_is_transient(failure) || tries + 1 >= tries_max)
        return false;
    retrieve_say(retrieve, "%s; trying again", failure->message);
    return cancel_sleep(kube_client_cancel(retrieve->options->client),
                        PAUSE_MS * 1000 + http_backoff(tries, PAUSE_MS, PAUSE_MAX_MS), NULL);
}

/* --- from an aggregator of ours --------------------------------------------------------------------------------- */

typedef struct {
    const Retrieve *retrieve;
    const RunStatus *status;
    const char *target, *part;
    int fd; /* of the part */
    guint64 have;
} Fetch;

typedef enum { FETCH_DONE, FETCH_UNKNOWN, FETCH_FAILED } FetchOutcome; /* UNKNOWN: the pod's program cannot do it */

static bool begin_anew(Fetch *fetch, GError **error) {
    fetch->have = 0;
    if (ftruncate(fetch->fd, 0) == 0 && lseek(fetch->fd, 0, SEEK_SET) == 0)
        return true;
    base_error_set_errno(error, errno, "%s cannot be written", fetch->part);
    return false;
}

/* Goes on with the unfinished file of an earlier call. */
static bool open_part(Fetch *fetch, GError **error) {
    fetch->fd = retrieve_open_part(fetch->part, fetch->target, error);
    if (fetch->fd < 0)
        return false;
    off_t end = lseek(fetch->fd, 0, SEEK_END);
    fetch->have = (guint64)MAX(end, 0);
    return fetch->have <= fetch->status->tar_size || begin_anew(fetch, error);
}

static bool take_bytes(Fetch *fetch, const void *data, size_t length, GError **error) {
    if (length > fetch->status->tar_size - fetch->have) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                    "the archive in the pod is larger than the %" G_GUINT64_FORMAT " bytes that the status gives",
                    fetch->status->tar_size);
        return false;
    }
    if (!file_write(fetch->fd, data, length)) {
        base_error_set_errno(error, errno, "%s cannot be written", fetch->part);
        return false;
    }
    fetch->have += length;
    progress_add(fetch->retrieve->options->progress, 0, length);
    return true;
}

/* Whether the command's words say that it does not know the option. */
static bool knows_no_name(const KubeCommand *command, guint64 came) {
    return came == 0 && kube_command_exit_code(command) != 0 &&
           strstr(kube_command_stderr(command), "unknown flag: --name");
}

/* One attempt at what is missing. */
static FetchOutcome fetch_rest(Fetch *fetch, GError **error) {
    g_autofree char *from = g_strdup_printf("%" G_GUINT64_FORMAT, fetch->have);
    const char *const words[] = {RETRIEVE_PROGRAM,
                                 "splat",
                                 fetch->retrieve->options->remote_folder,
                                 "--name",
                                 fetch->status->tar_name,
                                 "--from",
                                 from,
                                 NULL};
    g_autoptr(KubeCommand) command = retrieve_start(fetch->retrieve, words, error);
    char piece[64 * 1024];
    guint64 before = fetch->have;
    gssize count;
    if (!command)
        return FETCH_FAILED;
    while ((count = kube_command_read(command, piece, sizeof piece, error)) > 0)
        if (!take_bytes(fetch, piece, (size_t)count, error))
            return FETCH_FAILED;
    if (count < 0)
        return FETCH_FAILED;
    if (knows_no_name(command, fetch->have - before))
        return FETCH_UNKNOWN;
    if (!retrieve_check_exit(command, error))
        return FETCH_FAILED;
    if (fetch->have == fetch->status->tar_size)
        return FETCH_DONE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                "the archive in the pod has %" G_GUINT64_FORMAT " bytes, not the %" G_GUINT64_FORMAT
                " that the status gives",
                fetch->have, fetch->status->tar_size);
    return FETCH_FAILED;
}

/* As many attempts as it takes, as long as some of them bring something. */
static FetchOutcome fetch_all(Fetch *fetch, GError **error) {
    FetchOutcome outcome = FETCH_DONE;
    for (unsigned tries = 0; fetch->have < fetch->status->tar_size; tries++) {
        guint64 before = fetch->have;
        GError *failure = NULL;
        outcome = fetch_rest(fetch, &failure);
        if (outcome != FETCH_FAILED)
            break;
        tries = fetch->have > before ? 0 : tries;
        if (!retrieve_try_again(fetch->retrieve, tries, TRIES, failure)) {
            g_propagate_error(error, failure);
            break;
        }
        g_error_free(failure);
    }
    return outcome;
}

/* Whether what came is what it should be. False without an error: it is not. */
static bool is_right(const Fetch *fetch, GError **error) {
    char hex[65];
    return sum_file(fetch->fd, hex, NULL, error) && g_str_equal(hex, fetch->status->tar_sha256);
}

/* Fetches and compares. A beginning that an earlier call left may be another archive's: then all comes anew. */
static FetchOutcome fetch_right(Fetch *fetch, GError **error) {
    for (;;) {
        GError *failure = NULL;
        bool continued = fetch->have > 0;
        progress_add(fetch->retrieve->options->progress, 0, fetch->have);
        FetchOutcome outcome = fetch_all(fetch, &failure);
        if (outcome == FETCH_DONE && is_right(fetch, &failure))
            return FETCH_DONE;
        if (failure || outcome == FETCH_UNKNOWN) {
            if (failure)
                g_propagate_error(error, failure);
            return outcome == FETCH_DONE ? FETCH_FAILED : outcome;
        }
        if (!begin_anew(fetch, error))
            return FETCH_FAILED;
        if (!continued) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                        "what came is not the archive that the status tells of: its SHA-256 is not %s",
                        fetch->status->tar_sha256);
            return FETCH_FAILED;
        }
        retrieve_say(fetch->retrieve, "%s was not the beginning of this archive; all of it is fetched", fetch->part);
        progress_restart(fetch->retrieve->options->progress, "Retrieving");
        progress_set_total(fetch->retrieve->options->progress, fetch->status->tar_size);
    }
}

/* Says, for an error, what is there of it. */
static void tell_part(const Fetch *fetch, GError **error) {
    if (!error || !*error || fetch->have == 0)
        return;
    g_autofree char *have = bytes_format(fetch->have), *size = bytes_format(fetch->status->tar_size);
    g_autofree char *said = (*error)->message;
    (*error)->message =
        g_strdup_printf("%s; %s of %s are in %s, the same command goes on from there", said, have, size, fetch->part);
}

/* With the part open, and so alone: who had it before may have finished since the target was looked at. */
static FetchOutcome fetch_into(Fetch *fetch, bool *fresh, GError **error) {
    const RetrieveOptions *options = fetch->retrieve->options;
    FetchOutcome outcome = FETCH_FAILED;
    Place place = retrieve_look(options, fetch->target, fetch->status->tar_sha256, error);
    if (place == PLACE_HAS_IT) {
        unlink(fetch->part);
        return FETCH_DONE;
    }
    *fresh = true;
    if (place == PLACE_FREE)
        outcome = fetch_right(fetch, error);
    if (outcome == FETCH_DONE && !retrieve_put_in_place(options, fetch->fd, fetch->part, fetch->target, error))
        outcome = FETCH_FAILED;
    if (outcome != FETCH_DONE && fetch->have == 0)
        unlink(fetch->part);
    return outcome;
}

static FetchOutcome fetch_named(const Retrieve *retrieve, const char *target, bool *fresh, GError **error) {
    g_autofree char *part = g_strconcat(target, ".part", NULL);
    Fetch fetch = {.retrieve = retrieve, .status = retrieve->status, .target = target, .part = part, .fd = -1};
    FetchOutcome outcome = open_part(&fetch, error) ? fetch_into(&fetch, fresh, error) : FETCH_FAILED;
    if (outcome == FETCH_FAILED)
        tell_part(&fetch, error);
    if (fetch.fd >= 0)
        close(fetch.fd);
    return outcome;
}

/* --- all of it -------------------------------------------------------------------------------------- */

void retrieve_add(const Retrieve *retrieve, const char *path, bool fresh) {
    for (guint i = 0; i < retrieve->files->len; i++) {
        Retrieved *before = retrieve->files->pdata[i];
        if (g_str_equal(before->path, path)) {
            before->fresh = before->fresh || fresh;
            return;
        }
    }
    Retrieved *file = g_new0(Retrieved, 1);
    file->path = g_strdup(path);
    file->fresh = fresh;
    g_ptr_array_add(retrieve->files, file);
}

/* Whether the status tells enough of the archive for it to be fetched alone. */
static bool is_told_of(const RunStatus *status) {
    return status->tar_name && retrieve_is_file_name(status->tar_name) && status->tar_size > 0 && status->tar_sha256 &&
           strlen(status->tar_sha256) == 64;
}

static bool fetch(Retrieve *retrieve, GError **error) {
    const RetrieveOptions *options = retrieve->options;
    const RunStatus *status = retrieve->status;
    progress_set_total(options->progress, status->tar_size);
    if (!is_told_of(status))
        return retrieve_stream(retrieve, error);
    g_autofree char *target = retrieve_target(options, status->tar_name, 0);
    Place place = retrieve_look(options, target, status->tar_sha256, error);
    bool fresh = false;
    FetchOutcome outcome = place == PLACE_REFUSED  ? FETCH_FAILED
                           : place == PLACE_HAS_IT ? FETCH_DONE
                                                   : fetch_named(retrieve, target, &fresh, error);
    if (outcome == FETCH_UNKNOWN)
        return retrieve_stream(retrieve, error);
    if (outcome == FETCH_DONE)
        retrieve_add(retrieve, target, fresh);
    return outcome == FETCH_DONE;
}

RetrieveOutcome retrieve_run(const RetrieveOptions *options, GPtrArray *files, GError **error) {
    Retrieve retrieve = {.options = options, .files = files};
    RetrieveOutcome outcome = find(&retrieve, error);
    if (outcome == RETRIEVE_DONE && !fetch(&retrieve, error))
        outcome = RETRIEVE_FAILED;
    run_status_free(retrieve.status);
    g_free(retrieve.pod);
    return outcome;
}
