/* sonobuoy delete: takes a run out of the cluster. */
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/remove.h"

enum { LOOK_SECONDS = 1 };

typedef struct {
    Common common;
    bool all, dry_run, force;
    gint64 wait_minutes;
    char *rbac, *wait_output;
} Options;

/* What is waited for, each thing once. */
static void say_left(const RemoveOptions *remove, char **said, const char *what) {
    if (!what || g_strcmp0(*said, what) == 0)
        return;
    run_log(remove->log, LOG_INFO, "waiting until it is gone: %s", what);
    g_free(*said);
    *said = g_strdup(what);
}

static bool look_until_gone(const RemoveOptions *remove, gint64 minutes, GError **error) {
    g_autofree char *said = NULL;
    gint64 deadline = g_get_monotonic_time() + minutes * 60 * G_USEC_PER_SEC;
    for (;;) {
        guint count;
        g_autofree char *what = NULL;
        g_autoptr(GError) failure = NULL;
        bool asked = remove_left(remove, &count, &what, &failure);
        if (!asked && !base_error_is_transient(failure)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
        if (asked && count == 0)
            return true;
        say_left(remove, &said, asked ? what : failure->message);
        if (g_get_monotonic_time() > deadline) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT, "not all is gone after %" G_GINT64_FORMAT " min: %s",
                        minutes, asked ? what : failure->message);
            return false;
        }
        if (!cancel_sleep(program_cancel(), LOOK_SECONDS * G_USEC_PER_SEC, error))
            return false;
    }
}

static bool wait_until_gone(const RemoveOptions *remove, gint64 minutes, GError **error) {
    GError *failure = NULL;
    if (look_until_gone(remove, minutes, &failure))
        return true;
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_CANCELLED))
        g_prefix_error(&failure,
                       "the deletion goes on, and is no longer waited for (`sonobuoy delete -n %s --wait` does): ",
                       remove->namespace_);
    g_propagate_error(error, failure);
    return false;
}

static int run_delete(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    KubeClientOptions base = {.user_agent = "sonobuoy/" SEAWORTHY_VERSION,
                              .connections = 2,
                              .dry_run = options->dry_run,
                              .cancel = program_cancel()};
    g_autoptr(RunLog) log = cli_log(&options->common, &error);
    g_autoptr(KubeClient) client = log ? kube_options_client(&options->common.kube, &base, &error) : NULL;
    RemoveOptions remove = {.client = client,
                            .namespace_ = options->common.namespace_,
                            .all = options->all,
                            .force = options->force,
                            .log = log};
    if (client && remove_run(&remove, &error) && options->wait_minutes > 0 && !options->dry_run)
        (void)wait_until_gone(&remove, options->wait_minutes, &error);
    return cli_end(EXIT_DONE, error);
}

static const char *const rbac_modes[] = {"Enable", "Disable", "Detect", NULL};
static const char *const outputs[] = {"progress", "spinner", "silent", NULL};
static const Option own_options[] = {
    {.name = "all",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, all),
     .help = "Also rights of runs in other namespaces, and namespaces that end-to-end tests left."},
    {.name = "dry-run",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, dry_run),
     .help = "Tell what would be deleted."},
    {.name = "force",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, force),
     .help = "Delete the namespace though it has no run in it, or others have it too, with all that is in it."},
    {.name = "wait",
     .kind = OPTION_INT,
     .offset = offsetof(Options, wait_minutes),
     .value = "MINUTES",
     .fallback = "0",
     .bare = "60",
     .help = "Wait until all is gone, that long at most; alone: an hour."},
    {.name = "wait-output",
     .kind = OPTION_ENUM,
     .offset = offsetof(Options, wait_output),
     .value = "HOW",
     .values = outputs,
     .hidden = true,
     .help = "Without effect."},
    {.name = "rbac",
     .kind = OPTION_ENUM,
     .offset = offsetof(Options, rbac),
     .value = "MODE",
     .values = rbac_modes,
     .hidden = true,
     .help = "Without effect: rights that are there are deleted."},
    {0},
};
static const Option *const tables[] = {own_options, namespace_options, kube_options, log_options, NULL};
const Command delete_command = {
    .name = "delete",
    .summary = "Delete a run from the cluster.",
    .description = "The namespace of the run, with all that is in it, and the rights that it was given. A namespace "
                   "that the run did not make (--aggregator-permissions below clusterAdmin) stays, and one without a "
                   "run in it is not touched.",
    .examples = "sonobuoy delete --wait\nsonobuoy delete -n mine --dry-run",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_delete,
};
