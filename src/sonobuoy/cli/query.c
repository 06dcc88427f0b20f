/* sonobuoy query: what a cluster is, without running anything in it. */
#include "sonobuoy/query.h"

#include "base/text.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/generation.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { CONNECTIONS = 8, FAILURES_SHOWN = 20 };

typedef struct {
    Generation generation; /* of which --config alone is taken */
    char *output;
    bool show_secrets;
} Options;

/* --- the folder ------------------------------------------------------------------------------------ */

/* --output, else QueryDir of the configuration, else the run's name here. */
static char *folder_of(const Options *options, RunConfig *config) {
    if (options->output && *options->output)
        return g_strdup(options->output);
    if (*config->query_dir)
        return g_strdup(config->query_dir);
    return *config->uuid ? g_strdup(config->uuid) : g_uuid_string_random();
}

/* Made, or empty: two clusters' objects, or two days', are not to be mixed. */
static bool make_folder(const char *folder, GError **error) {
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        base_error_set_errno(error, errno, "the folder %s cannot be made", folder);
        return false;
    }
    g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
    if (!dir)
        return false;
    if (!g_dir_read_name(dir))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS,
                "the folder %s is not empty, and what is in it would be mixed with what is written: empty it, or name "
                "another by --output",
                folder);
    return false;
}

/* --- the query --------------------------------------------------------------------------------------- */

static void take_failure(const char *text, void *data) {
    GPtrArray *failures = data;
    if (failures->len < FAILURES_SHOWN)
        g_ptr_array_add(failures, g_strdup(text));
}

static void say_failures(const char *folder, guint count, const GPtrArray *shown) {
    fprintf(stderr, "sonobuoy: %u thing%s could not be had:\n", count, count == 1 ? "" : "s");
    for (guint i = 0; i < shown->len; i++)
        text_print(stderr, "  %s\n", (const char *)shown->pdata[i]);
    if (shown->len < count)
        text_print(stderr, "  and %u more, which %s/meta/query-time.json names\n", count - shown->len, folder);
}

/* Returns the exit code. */
static int ask(const Options *options, const RunConfig *config, const char *folder, KubeClient *client,
               GError **error) {
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Progress) progress = progress_start("Asking for", PROGRESS_LINE);
    QueryOptions query = {
        .client = client,
        .config = config,
        .folder = folder,
        .connections = (unsigned)options->generation.common.kube.connections,
        .show_secrets = options->show_secrets,
        .on_failure = take_failure,
        .on_failure_data = failures,
        .progress = progress,
    };
    guint count = 0;
    bool done = query_run(&query, &count, error);
    progress_stop(g_steal_pointer(&progress));
    if (!done || cancel_check(program_cancel(), error))
        return EXIT_FAILED;
    if (!count)
        return EXIT_DONE;
    say_failures(folder, count, failures);
    return EXIT_PARTLY;
}

static int run_query(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_auto(Generated) generated = {0};
    if (!generation_read_config(call, &options->generation, &generated, &error))
        return cli_end(EXIT_FAILED, error);
    g_autofree char *folder = folder_of(options, generated.config);
    g_autoptr(KubeClient) client = cli_client(&options->generation.common, CONNECTIONS, 0, &error);
    bool was_there = g_file_test(folder, G_FILE_TEST_EXISTS);
    if (!client || !make_folder(folder, &error))
        return cli_end(EXIT_FAILED, error);
    int code = ask(options, generated.config, folder, client, &error);
    if (code == EXIT_FAILED && !was_there)
        rmdir(folder); /* where nothing has come of it */
    else
        text_print(stdout, "%s\n", folder);
    return cli_end(code, error);
}

static const Option own_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, output),
     .value = "DIR",
     .complete = "dir",
     .help = "The folder that it is written to, new or empty; else QueryDir of --config, else one of a new name here."},
    {.name = "show-secrets",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, show_secrets),
     .rare = true,
     .help = "Write values of Secrets, where Resources asks for those, as they are."},
    {0},
};
static const Option *const tables[] = {
    own_options, generation_config_options, kube_options, kube_tuning_options, log_options, NULL};
const Command query_command = {
    .name = "query",
    .summary = "Write down what a cluster is: objects, nodes, logs.",
    .description =
        "Writes what the archive of a run has of the cluster into a folder, whose name it prints: all objects but "
        "Secrets (resources/), configuration and health of nodes (hosts/), logs of pods in kube-system (podlogs/), the "
        "server's version and groups; with --config what its Resources, Filters and Limits say. Nothing is made in the "
        "cluster.",
    .examples = "sonobuoy query --output today\n"
                "sonobuoy gen config | jq '.Resources=[\"pods\",\"nodes\"]' > config.json && sonobuoy query --config "
                "config.json",
    .exit_codes = "0   all is there\n"
                  "1   the cluster cannot be asked, or the folder not be written\n"
                  "2   wrong use\n"
                  "3   something could not be had: it is named on standard error, and in meta/query-time.json",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_query,
};
