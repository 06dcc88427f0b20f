#include "ark/cli/plan-report.h"
#include "ark/cli/restore-options.h"

#include <stdio.h>

typedef struct {
    RestoreOptions restore;
    char *from_backup;
    bool show_secrets;
} Options;

#define AT(field) .offset = offsetof(Options, field)
static const Option option_table[] = {
    {.name = "from-backup",
     .kind = OPTION_STRING,
     AT(from_backup),
     .value = "BACKUP",
     .complete = "backups",
     .help = "The backup to restore from."},
    {.name = "show-secrets", .kind = OPTION_FLAG, AT(show_secrets), .help = PLAN_SHOW_SECRETS_HELP},
    {0},
};
#undef AT

static int make_plan(const Options *options, yyjson_mut_doc *restore, GError **error) {
    const Common *common = &options->restore.filters.common;
    g_autoptr(Store) store = cli_store(common, error);
    g_autoptr(KubeClient) client = store ? cli_dry_client(common, 16, error) : NULL;
    g_autofree char *modifiers = NULL;
    ArkRestoreRequest request;
    if (!client || !cli_restore_request(&options->restore, client, restore, &request, &modifiers, error))
        return EXIT_FAILED;
    g_autoptr(PlanReport) plan = plan_report_new(options->show_secrets);
    g_autoptr(Progress) progress = progress_start("Planning", common->quiet ? PROGRESS_NONE : PROGRESS_LINE);
    request.store = store;
    request.on_plan = plan_report_take;
    request.on_plan_data = plan;
    request.progress = progress;
    request.echo = ARK_LOG_ERROR + 1;
    ArkRestoreOutcome outcome;
    bool ok = ark_restore_run(&request, &outcome, error);
    progress_stop(g_steal_pointer(&progress));
    if (ok && g_str_equal(outcome.phase, "Failed")) {
        cli_print_results(outcome.results, true);
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FAILED, "the plan is not whole");
        ok = false;
    }
    int code = ok ? plan_report_print(plan, common, restore, modifiers, &outcome) : EXIT_FAILED;
    ark_restore_outcome_clear(&outcome);
    return code;
}

static int restore_plan(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    if (!options->from_backup) {
        fprintf(stderr, "%s: give --from-backup BACKUP\nRun '%s --help' for the options.\n", call->path, call->path);
        return EXIT_USAGE;
    }
    g_autofree char *name = call->arguments[0] ? g_strdup(call->arguments[0]) : cli_restore_name(options->from_backup);
    g_autoptr(yyjson_mut_doc) restore = cli_restore_object(&options->restore, name, options->from_backup, &error);
    int code = restore ? make_plan(options, restore, &error) : EXIT_FAILED;
    return program_end(code, error);
}

static const Option output_options[] = {OUTPUT_OPTION(plan_report_forms, "table"), {0}};
static const Option *const tables[] = {location_options, option_table,        filter_options, restore_options,
                                       apply_options,    velero_options,      output_options, message_options,
                                       kube_options,     kube_tuning_options, limit_options,  NULL};
const Command restore_plan_command = {
    .name = "plan",
    .arguments = "[NAME]",
    .arguments_max = 1,
    .summary = "Show what a restore would do, and change nothing.",
    .description =
        "Asks the API server about every object by a dry run, admission, quotas and policies included: what would be "
        "created, updated (-v shows the fields), left as it is and refused, with why. What comes into a namespace or "
        "of a kind that the restore itself brings cannot be checked by the server before. "
        "'ark restore create --plan-file' does just what a plan says that was printed with -o json.",
    .examples = "ark restore plan --from-backup nightly --include-namespaces shop\n"
                "ark restore plan --from-backup nightly --existing-resource-policy update -v\n"
                "ark restore plan --from-backup nightly -o json > plan.json",
    .exit_codes = "0 nothing would be refused; 1 no plan could be made; 2 wrong use; 3 something would be refused.",
    .options = tables,
    .options_size = sizeof(Options),
    .run = restore_plan,
    .complete = "restores",
};
