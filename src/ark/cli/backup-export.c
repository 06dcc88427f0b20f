#include "ark/cli/filters.h"
#include "ark/export.h"
#include "base/text.h"

#include <stdio.h>

typedef struct {
    Filters filters;
    bool force, all;
    char *secrets;
} Options;

static void show_left_out(const char *reference, const char *reason) {
    text_print(stderr, "left out %s: %s\n", reference, reason);
}

static ArkSecrets secrets_of(const char *text) {
    return g_str_equal(text, "redact") ? ARK_SECRETS_REDACT
           : g_str_equal(text, "skip") ? ARK_SECRETS_SKIP
                                       : ARK_SECRETS_INCLUDE;
}

static void report(const Options *options, const ArkExportRequest *request, const ArkExportOutcome *outcome) {
    if (outcome->plain_secrets)
        fprintf(stderr,
                "ark: warning: %" G_GUINT64_FORMAT " secret%s stand%s in plain in %s (base64 hides "
                "nothing); --secrets=redact and --secrets=skip keep them out\n",
                outcome->plain_secrets, outcome->plain_secrets == 1 ? "" : "s", outcome->plain_secrets == 1 ? "s" : "",
                request->dir);
    if (options->filters.common.quiet)
        return;
    fprintf(stderr,
            "Backup %s: %" G_GUINT64_FORMAT " object%s in %s, %" G_GUINT64_FORMAT " changed, %" G_GUINT64_FORMAT
            " removed, %" G_GUINT64_FORMAT " left out%s.\n",
            request->backup, outcome->objects, outcome->objects == 1 ? "" : "s", request->dir, outcome->changed,
            outcome->removed, outcome->left_out,
            outcome->left_out && !options->filters.common.verbose ? " (--verbose names them)" : "");
}

static int run_export(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    ArkFilters filters;
    ArkExportOutcome outcome;
    bool ok = cli_read_filters(&options->filters, &filters, &error);
    g_autoptr(Store) store = ok ? cli_store(&options->filters.common, &error) : NULL;
    ArkExportRequest request = {.store = store,
                                .backup = call->arguments[0],
                                .dir = call->arguments[1],
                                .filters = &filters,
                                .force = options->force,
                                .all = options->all,
                                .secrets = secrets_of(options->secrets),
                                .limits = &options->filters.common.limits,
                                .cancel = program_cancel(),
                                .on_open = cli_warn_unknown,
                                .on_left_out = options->filters.common.verbose ? show_left_out : NULL};
    ok = store && ark_export_run(&request, &outcome, &error);
    ark_filters_clear(&filters);
    if (ok) {
        report(options, &request, &outcome);
        return EXIT_DONE;
    }
    return program_end(EXIT_FAILED, error);
}

static const char *const secrets_values[] = {"include", "redact", "skip", NULL};
static const Option option_table[] = {
    {.name = "force",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, force),
     .help = "Bring an earlier export up to date; files that no export wrote are left alone."},
    {.name = "all",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, all),
     .help = "Leave nothing out: also what every cluster or a controller makes by itself."},
    {.name = "secrets",
     .kind = OPTION_ENUM,
     .offset = offsetof(Options, secrets),
     .value = "HOW",
     .values = secrets_values,
     .fallback = "include",
     .help = "What becomes of secrets: as they are, their values replaced, or no file at all."},
    VERBOSE_OPTION("Name what is left out, and why."),
    QUIET_OPTION("Say nothing but warnings and errors."),
    {0},
};
static const Option *const tables[] = {location_options, option_table, filter_options, limit_options, NULL};

const Command backup_export_command = {
    .name = "export",
    .arguments = "BACKUP DIRECTORY",
    .arguments_min = 2,
    .arguments_max = 2,
    .summary = "Write a backup's objects as YAML files, for git and kubectl.",
    .description =
        "One file an object: cluster/KIND/NAME.yaml and namespaces/NAMESPACE/KIND/NAME.yaml. What the server "
        "sets, and what the cluster makes by itself, is left out. The same backup gives the same bytes. "
        "DIRECTORY/.ark-export lists the files, so that the next export knows its own.",
    .examples = "ark backup export nightly ./cluster --secrets=redact\n"
                "ark backup export nightly ./shop --include-namespaces shop --force\n"
                "kubectl apply --server-side -R -f ./cluster",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_export,
    .complete = "backups,dir",
};
