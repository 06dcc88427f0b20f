/* sonobuoy retrieve */
#include "sonobuoy/retrieve.h"

#include "base/limit-options.h"
#include "base/text.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/unpack.h"

#include <errno.h>
#include <unistd.h>

enum { EXIT_NOT_READY = 1, EXIT_OTHER = 2, CONNECTIONS = 2 };

typedef struct {
    Common common;
    Limits limits;
    bool extract, force;
    char *filename, *remote_folder;
} Options;

static void say(const char *line, void *data) {
    g_autofree char *printable = text_printable(line);
    g_autofree char *whole = g_strdup_printf("sonobuoy: %s\n", printable);
    progress_print_above(whole);
}

static void tell_left_out(const char *archive, const char *what) {
    g_autofree char *line = g_strdup_printf("left out of %s: %s", archive, what);
    say(line, NULL);
}

/* Each into the folder. The archives go, as what they hold is there; but not what an earlier call was to keep. */
static bool extract_all(const Options *options, const char *folder, const GPtrArray *files, GError **error) {
    for (guint i = 0; i < files->len; i++) {
        const Retrieved *file = files->pdata[i];
        g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
        if (!unpack_archive_into(file->path, folder, &options->limits, left_out, error))
            return false;
        for (guint j = 0; j < left_out->len; j++)
            tell_left_out(file->path, left_out->pdata[j]);
        if (file->fresh && unlink(file->path) != 0) {
            base_error_set_errno(error, errno, "%s is unpacked, but cannot be removed", file->path);
            return false;
        }
    }
    return true;
}

static RetrieveOutcome retrieve(const Options *options, const char *folder, GPtrArray *files, GError **error) {
    g_autoptr(KubeClient) client = cli_client(&options->common, CONNECTIONS, PATIENCE_S, error);
    if (!client)
        return RETRIEVE_FAILED;
    g_autoptr(Progress) progress = progress_start("Retrieving", PROGRESS_BYTES);
    RetrieveOptions what = {.client = client,
                            .namespace_ = options->common.namespace_,
                            .remote_folder = options->remote_folder,
                            .folder = folder,
                            .filename = options->filename,
                            .replace = options->force,
                            .progress = progress,
                            .say = say};
    RetrieveOutcome outcome = retrieve_run(&what, files, error);
    if (outcome == RETRIEVE_DONE && options->extract && !extract_all(options, folder, files, error))
        outcome = RETRIEVE_FAILED;
    return outcome;
}

static int run_retrieve(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)retrieved_free);
    const char *folder = call->arguments[0] ? call->arguments[0] : ".";
    RetrieveOutcome outcome = retrieve(options, folder, files, &error);
    for (guint i = 0; outcome == RETRIEVE_DONE && !options->extract && i < files->len; i++)
        puts(((const Retrieved *)files->pdata[i])->path);
    if (outcome == RETRIEVE_DONE)
        return EXIT_DONE;
    cli_end(EXIT_FAILED, error);
    return outcome == RETRIEVE_NOT_READY ? EXIT_NOT_READY : EXIT_OTHER;
}

static const Option options_table[] = {
    {.name = "extract",
     .letter = 'x',
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, extract),
     .help = "Unpack the archive into the folder, and keep it only where it was there before."},
    {.name = "filename",
     .letter = 'f',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, filename),
     .value = "FILE",
     .help = "Name the archive so; a second one becomes FILE-01."},
    {.name = "force",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, force),
     .help = "Replace a file that is there and is not this archive."},
    {.name = "retrieve-path",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, remote_folder),
     .value = "DIR",
     .fallback = "/tmp/sonobuoy",
     .rare = true,
     .help = "Where the aggregator's pod keeps the archive."},
    LIMIT_OPTION_ARCHIVE_SIZE(offsetof(Options, limits.archive_size)),
    LIMIT_OPTION_RATIO(offsetof(Options, limits.ratio)),
    LIMIT_OPTION_ENTRIES(offsetof(Options, limits.entries)),
    LIMIT_OPTION_PATH_LENGTH(offsetof(Options, limits.path_length)),
    {0},
};
static const Option *const tables[] = {options_table, namespace_options, kube_options, log_options, NULL};
const Command retrieve_command = {
    .name = "retrieve",
    .arguments = "[DIR]",
    .arguments_max = 1,
    .summary = "Fetch the archive of a run that is over.",
    .description =
        "The archive goes into DIR (the current folder; made where it is not there) under its own name, which is "
        "printed. It is compared with the size and SHA-256 in the run's status.\n\n"
        "What a cut left is in NAME.part; the same command goes on from there. A file of that name that is the archive "
        "already is left as it is, and nothing is fetched; another one is not replaced without --force. Archives of "
        "stock Sonobuoy's aggregator come as a whole or not at all.",
    .examples = "sonobuoy retrieve\n"
                "sonobuoy results \"$(sonobuoy retrieve)\"\n"
                "sonobuoy retrieve /tmp/runs -f nightly.tar.gz\n"
                "sonobuoy retrieve ./run -x",
    .exit_codes = "0   the archive is there\n"
                  "1   not ready: the run is not over\n"
                  "2   anything else, wrong use included",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_retrieve,
    .complete = "dir",
};
