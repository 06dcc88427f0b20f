#include "ark/clone.h"
#include "ark/cli/capture-options.h"
#include "ark/cli/plan-report.h"
#include "ark/cli/restore-options.h"
#include "kube/object.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    RestoreOptions restore;
    char *from_kubeconfig, *from_context, *to_kubeconfig, *to_context;
    CaptureOptions capture;
    bool plan, show_secrets;
} Options;

#define AT(field) .offset = offsetof(Options, field)
static const Option option_table[] = {
    {.name = "from-context",
     .kind = OPTION_STRING,
     AT(from_context),
     .value = "NAME",
     .complete = "contexts",
     .help = "The cluster to read, by its context; --context unless given."},
    {.name = "to-context",
     .kind = OPTION_STRING,
     AT(to_context),
     .value = "NAME",
     .complete = "contexts",
     .help = "The cluster to bring it into; the same cluster unless given."},
    {.name = "plan",
     .kind = OPTION_FLAG,
     AT(plan),
     .help = "Show what would be done, as 'ark restore plan' does, and change nothing; -v shows the fields."},
    {.name = "show-secrets", .kind = OPTION_FLAG, AT(show_secrets), .rare = true, .help = PLAN_SHOW_SECRETS_HELP},
    {.name = "from-kubeconfig",
     .kind = OPTION_STRING,
     AT(from_kubeconfig),
     .value = "FILE",
     .complete = "file",
     .help = "Kubeconfig of the cluster to read; --kubeconfig unless given."},
    {.name = "to-kubeconfig",
     .kind = OPTION_STRING,
     AT(to_kubeconfig),
     .value = "FILE",
     .complete = "file",
     .help = "Kubeconfig of the cluster to bring it into; --kubeconfig unless given."},
    CAPTURE_OPTIONS(Options, capture),
    {0},
};
#undef AT

static KubeClient *source_client(const Options *options, GError **error) {
    Common common = options->restore.filters.common;
    if (options->from_kubeconfig)
        common.kube.kubeconfig = options->from_kubeconfig;
    if (options->from_context)
        common.kube.context = options->from_context;
    return cli_client(&common, 8, error);
}

/* Of a plan, one whose writes are dry runs. */
static KubeClient *target_client(const Options *options, GError **error) {
    Common common = options->restore.filters.common;
    if (options->to_kubeconfig)
        common.kube.kubeconfig = options->to_kubeconfig;
    if (options->to_context)
        common.kube.context = options->to_context;
    return options->plan ? cli_dry_client(&common, 16, error) : cli_client(&common, 16, error);
}

static bool is_same_cluster(KubeClient *from, KubeClient *to) {
    if (g_strcmp0(kube_client_config(from)->server, kube_client_config(to)->server) == 0)
        return true;
    g_autofree char *one = kube_cluster_uid(from), *other = one ? kube_cluster_uid(to) : NULL;
    return one && g_strcmp0(one, other) == 0;
}

/* Whether the namespace goes to another name. */
static bool is_mapped(const Options *options, const char *name) {
    for (char **pair = options->restore.namespace_mappings; *pair; pair++) {
        const char *colon = strchr(*pair, ':');
        if (colon && (size_t)(colon - *pair) == strlen(name) && strncmp(*pair, name, strlen(name)) == 0)
            return !g_str_equal(colon + 1, name);
    }
    return false;
}

/* Within one cluster only what has another name to go to is taken, and nothing that is there is changed. */
static bool check_same_cluster(Options *options, KubeClient *from, KubeClient *to, GError **error) {
    if (!is_same_cluster(from, to))
        return true;
    if (g_strcmp0(options->restore.existing_resource_policy, "update") == 0) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE,
                            "within one cluster --existing-resource-policy update would change the originals");
        return false;
    }
    if (!options->restore.namespace_mappings || !*options->restore.namespace_mappings) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "both ends are %s; give --to-context, or --namespace-mappings OLD:NEW for copies beside the "
                    "originals",
                    kube_client_config(from)->server);
        return false;
    }
    for (char **name = options->restore.filters.include_namespaces; name && *name; name++) {
        if (is_mapped(options, *name))
            continue;
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "within one cluster namespace %s needs another name to go to: --namespace-mappings %s:NEW", *name,
                    *name);
        return false;
    }
    if (options->restore.filters.include_namespaces)
        return true;
    g_autoptr(GStrvBuilder) sources = g_strv_builder_new();
    for (char **pair = options->restore.namespace_mappings; *pair; pair++) {
        g_autofree char *source = g_strndup(*pair, strcspn(*pair, ":"));
        if (!is_mapped(options, source)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "namespace mapping \"%s\" leads back to the original",
                        *pair);
            return false;
        }
        g_strv_builder_add(sources, source);
    }
    options->restore.filters.include_namespaces = g_strv_builder_end(sources);
    return true;
}

/* A Backup object that says what is read. */
static yyjson_mut_doc *source_object(const Options *options, const char *name, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = cli_new_object("Backup", name, NULL);
    return cli_set_filters(doc, json_mut_get(yyjson_mut_doc_get_root(doc), "spec"), &options->restore.filters, error)
               ? g_steal_pointer(&doc)
               : NULL;
}

static void report_read(const Options *options, const ArkCloneOutcome *outcome) {
    if (outcome->read_errors || outcome->read_warnings)
        fprintf(stderr, "Read: %" G_GUINT64_FORMAT " objects, %u error%s, %u warning%s.\n", outcome->read,
                outcome->read_errors, outcome->read_errors == 1 ? "" : "s", outcome->read_warnings,
                outcome->read_warnings == 1 ? "" : "s");
    if (outcome->read_results)
        cli_print_results(outcome->read_results, options->restore.filters.common.quiet);
}

static int copy(Options *options, const char *name, GError **error) {
    const Common *common = &options->restore.filters.common;
    gint64 started = g_get_monotonic_time();
    g_autoptr(KubeClient) from = source_client(options, error);
    g_autoptr(KubeClient) to = from ? target_client(options, error) : NULL;
    if (!to || !check_same_cluster(options, from, to, error))
        return EXIT_FAILED;
    g_autoptr(yyjson_mut_doc) backup = source_object(options, name, error);
    g_autoptr(yyjson_mut_doc) restore = backup ? cli_restore_object(&options->restore, name, name, error) : NULL;
    g_autofree char *modifiers = NULL, *policies = NULL;
    ArkCloneRequest request = {.backup = backup};
    if (!restore || !cli_restore_request(&options->restore, to, restore, &request.target, &modifiers, error))
        return EXIT_FAILED;
    if (options->capture.policies_file && !(policies = cli_read_document(options->capture.policies_file, error)))
        return EXIT_FAILED;
    g_autoptr(PlanReport) plan = plan_report_new(options->show_secrets);
    g_autoptr(Progress) progress = cli_progress(common, "Reading");
    request.source = (ArkCaptureRequest){.client = from,
                                         .policies = policies,
                                         .consistent = cli_is_consistent(&options->capture),
                                         .connections = (unsigned)common->kube.connections,
                                         .page_size = (unsigned)options->capture.page_size,
                                         .strict = true,
                                         .cancel = program_cancel()};
    request.target.progress = progress;
    if (options->plan) {
        request.target.on_plan = plan_report_take;
        request.target.on_plan_data = plan;
        request.target.echo = ARK_LOG_ERROR + 1;
    }
    ArkCloneOutcome outcome;
    bool ok = ark_clone_run(&request, &outcome, error);
    progress_stop(g_steal_pointer(&progress));
    int code = EXIT_FAILED;
    report_read(options, &outcome);
    if (ok && options->plan) {
        code = plan_report_print(plan, common, restore, modifiers, &outcome.restore);
    } else if (ok) {
        cli_restore_report(&options->restore, "Clone", name, &outcome.restore, started);
        code = cli_restore_code(&outcome.restore);
    } else {
        g_prefix_error(error, "clone %s was not begun: ", name);
    }
    if (code == EXIT_DONE && outcome.read_errors)
        code = EXIT_PARTLY;
    ark_clone_outcome_clear(&outcome);
    return code;
}

static int run_clone(const CommandCall *call, void *data) {
    Options *options = data;
    GError *error = NULL;
    if (!options->plan && options->restore.filters.common.output) {
        fprintf(stderr, "%s: --output goes with --plan\nRun '%s --help' for the options.\n", call->path, call->path);
        return EXIT_USAGE;
    }
    g_autofree char *name = call->arguments[0] ? g_strdup(call->arguments[0]) : cli_restore_name("clone");
    int code = copy(options, name, &error);
    return program_end(code, error);
}

static const Option output_options[] = {OUTPUT_OPTION(plan_report_forms, NULL), {0}};
static const Option *const tables[] = {
    option_table,   output_options,  filter_options, restore_options,     apply_options,
    velero_options, message_options, kube_options,   kube_tuning_options, NULL};
const Command clone_command = {
    .name = "clone",
    .arguments = "[NAME]",
    .arguments_max = 1,
    .summary = "Copy a cluster, or a part of it, into another one or beside itself.",
    .description =
        "Reads one cluster as a backup does and brings the objects into another one as a restore does, with nothing "
        "stored in between. Within one cluster it copies namespaces under other names. NAME is for the labels "
        "velero.io/backup-name and velero.io/restore-name that the copies get.",
    .examples = "ark clone --from-context production --to-context qa --include-namespaces 'shop-*'\n"
                "ark clone --namespace-mappings shop:shop-copy --plan\n"
                "ark clone --from-context a --to-context b --resource-modifier-file smaller.yaml",
    .exit_codes = "0 everything is there; 1 not begun or Failed; 2 wrong use; 3 what could not be read or made, or "
                  "with --plan would be refused, is named.",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_clone,
};
