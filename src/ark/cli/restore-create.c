#include "ark/catalog.h"
#include "ark/cli/restore-options.h"
#include "base/file.h"

#include <stdio.h>

typedef struct {
    RestoreOptions restore;
    char *from_backup, *from_schedule, *plan_file;
    bool allow_partially_failed, resume, wait;
} Options;

#define AT(field) .offset = offsetof(Options, field)
static const Option option_table[] = {
    {.name = "from-backup",
     .kind = OPTION_STRING,
     AT(from_backup),
     .value = "BACKUP",
     .complete = "backups",
     .help = "The backup to restore from."},
    {.name = "from-schedule",
     .kind = OPTION_STRING,
     AT(from_schedule),
     .value = "SCHEDULE",
     .help = "Restore from the newest completed backup that this Velero schedule made."},
    {.name = "plan-file",
     .kind = OPTION_STRING,
     AT(plan_file),
     .value = "FILE",
     .complete = "file",
     .help = "Do just what a plan of `ark restore plan -o json` says, and stop where the cluster has moved on."},
    {.name = "allow-partially-failed",
     .kind = OPTION_FLAG,
     AT(allow_partially_failed),
     .help = "Of a schedule, PartiallyFailed backups too; warn of none."},
    {.name = "resume",
     .kind = OPTION_FLAG,
     AT(resume),
     .help = "Go on with the restore of this NAME, which was cut off or did not end well; the other options as then."},
    {.name = "wait",
     .letter = 'w',
     .kind = OPTION_FLAG,
     AT(wait),
     .rare = true,
     .help = "Accepted for Velero's sake: ark always waits."},
    {0},
};
#undef AT

/* With a schedule, the backup is known only by looking. */
static bool name_backup(const Options *options, Store *store, yyjson_mut_doc *restore, GError **error) {
    if (!options->from_schedule)
        return true;
    g_autofree char *backup =
        ark_catalog_newest_of_schedule(store, options->from_schedule, options->allow_partially_failed, error);
    yyjson_mut_val *spec = json_mut_get(yyjson_mut_doc_get_root(restore), "spec");
    if (backup)
        json_mut_set_string(restore, spec, "backupName", backup);
    return backup != NULL;
}

static int run_create(const Options *options, yyjson_mut_doc *restore, const ArkPlan *plan,
                      const char *planned_modifiers, const char *name, GError **error) {
    const Common *common = &options->restore.filters.common;
    gint64 started = g_get_monotonic_time();
    if (common->output) {
        cli_print_object(yyjson_mut_doc_get_root(restore), common->output);
        return EXIT_DONE;
    }
    g_autoptr(Store) store = cli_store(common, error);
    g_autoptr(Store) record = store ? cli_record_store(common, error) : NULL;
    g_autoptr(KubeClient) client = record ? cli_client(common, 16, error) : NULL;
    if (!client)
        return EXIT_FAILED;
    if (!name_backup(options, store, restore, error))
        return EXIT_FAILED;
    ArkRestoreRequest request;
    g_autofree char *modifiers = NULL;
    if (!cli_restore_request(&options->restore, client, restore, &request, &modifiers, error))
        return EXIT_FAILED;
    g_autoptr(Progress) progress = cli_progress(common, "Restoring");
    request.store = store;
    request.record = record;
    request.plan = plan;
    if (plan)
        request.modifiers = planned_modifiers;
    request.resume = options->resume;
    request.allow_partially_failed = options->allow_partially_failed;
    request.progress = progress;
    ArkRestoreOutcome outcome;
    bool ok = ark_restore_run(&request, &outcome, error);
    progress_stop(g_steal_pointer(&progress));
    int code = EXIT_FAILED;
    if (ok && outcome.was_there) {
        fprintf(stderr, "Restore %s is %s already.\n", name, outcome.phase);
        code = EXIT_DONE;
    } else if (ok) {
        cli_restore_report(&options->restore, "Restore", name, &outcome, started);
        code = cli_restore_code(&outcome);
    } else {
        g_prefix_error(error, "restore %s was not begun: ", name);
    }
    ark_restore_outcome_clear(&outcome);
    return code;
}

static yyjson_mut_doc *restore_object(const Options *options, const char *name, GError **error) {
    yyjson_mut_doc *doc =
        cli_restore_object(&options->restore, name, options->from_backup ? options->from_backup : "", error);
    if (doc && options->from_schedule)
        json_mut_set_string(doc, json_mut_get(yyjson_mut_doc_get_root(doc), "spec"), "scheduleName",
                            options->from_schedule);
    return doc;
}

static yyjson_doc *read_plan_file(const Options *options, GError **error) {
    const char *path = g_str_equal(options->plan_file, "-") ? "/dev/stdin" : options->plan_file;
    gint64 most = options->restore.filters.common.limits.file_size;
    g_autoptr(GError) failure = NULL;
    size_t length;
    g_autofree char *text = file_read(path, most ? (size_t)most : G_MAXINT, &length, &failure);
    if (text)
        return json_parse(text, length, options->plan_file, error);
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_LIMIT))
        limit_reached(error, "file-size", "%s", failure->message);
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s", failure->message);
    return NULL;
}

/* Goes by a plan: its Restore object, under a name of its own. */
static int create_by_plan(const Options *options, const char *name, GError **error) {
    g_autoptr(yyjson_doc) document = read_plan_file(options, error);
    if (!document)
        return EXIT_FAILED;
    g_autoptr(ArkPlan) plan = ark_plan_read(yyjson_doc_get_root(document), error);
    if (!plan) {
        g_prefix_error(error, "%s: ", options->plan_file);
        return EXIT_FAILED;
    }
    g_autoptr(yyjson_mut_doc) restore = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_val_mut_copy(restore, json_get(yyjson_doc_get_root(document), "restore"));
    yyjson_mut_doc_set_root(restore, root);
    const char *planned_name = json_mut_get_string(root, "metadata", "name");
    if (name)
        json_mut_set_string(restore, json_mut_ensure_object(restore, root, "metadata"), "name", name);
    g_autofree char *used = g_strdup(name ? name : planned_name ? planned_name : "");
    return run_create(options, restore, plan, json_get_string(yyjson_doc_get_root(document), "resourceModifiers"), used,
                      error);
}

static int create_as(const Options *options, const char *name, GError **error) {
    g_autoptr(yyjson_mut_doc) restore = restore_object(options, name, error);
    return restore ? run_create(options, restore, NULL, NULL, name, error) : EXIT_FAILED;
}

/* Without a name it gets the usual one, or the next that is free: two in one second have the same. */
static int create_unnamed(const Options *options, GError **error) {
    enum { NAMES_MAX = 20 };
    g_autofree char *usual = cli_restore_name(options->from_backup ? options->from_backup : options->from_schedule);
    for (guint number = 1;; number++) {
        g_autofree char *name = number == 1 ? g_strdup(usual) : g_strdup_printf("%s-%u", usual, number);
        g_autoptr(GError) failure = NULL;
        int code = create_as(options, name, &failure);
        if (!failure)
            return code;
        if (!g_error_matches(failure, BASE_ERROR, BASE_ERROR_EXISTS) || number == NAMES_MAX) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return EXIT_FAILED;
        }
    }
}

/* A plan says already what is restored and how it is changed. */
static bool check_plan_alone(const CommandCall *call, const Options *options, GError **error) {
    const Option *const planned[] = {filter_options, restore_options, velero_options};
    const Option *option = NULL;
    for (size_t i = 0; options->plan_file && !option && i < G_N_ELEMENTS(planned); i++)
        option = command_given(call, planned[i]);
    if (option)
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "--plan-file and --%s: the plan says that; leave it out, or give it to a new 'ark restore plan'",
                    option->name);
    return !option;
}

static int create(const Options *options, const char *name, GError **error) {
    if (options->plan_file)
        return create_by_plan(options, name, error);
    return name ? create_as(options, name, error) : create_unnamed(options, error);
}

static int restore_create(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    if ((options->from_backup != NULL) + (options->from_schedule != NULL) + (options->plan_file != NULL) != 1) {
        fprintf(stderr,
                "%s: give one of --from-backup BACKUP, --from-schedule SCHEDULE and --plan-file FILE\n"
                "Run '%s --help' for the options.\n",
                call->path, call->path);
        return EXIT_USAGE;
    }
    if (options->resume && !call->arguments[0]) {
        fprintf(stderr, "%s: --resume needs the NAME of the restore that it shall go on with; see 'ark restore get'\n",
                call->path);
        return EXIT_USAGE;
    }
    int code = EXIT_USAGE;
    if (check_plan_alone(call, options, &error))
        code = create(options, call->arguments[0], &error);
    return program_end(code, error);
}

static const Option *const tables[] = {location_options, option_table,        filter_options,        restore_options,
                                       apply_options,    velero_options,      object_output_options, message_options,
                                       kube_options,     kube_tuning_options, limit_options,         NULL};
const Command restore_create_command = {
    .name = "create",
    .arguments = "[NAME]",
    .arguments_max = 1,
    .summary = "Restore from a backup.",
    .description = "Brings the objects of a backup back, kinds in order, many objects at once. What exists already is "
                   "left as it is unless --existing-resource-policy update is given.",
    .examples = "ark restore create --from-backup nightly --location s3://bucket/prefix\n"
                "ark restore create --from-backup shop --namespace-mappings shop:shop-copy\n"
                "ark restore create --from-backup nightly --existing-resource-policy update\n"
                "ark restore create --plan-file plan.json",
    .exit_codes = "0 Completed; 1 Failed or not begun; 2 wrong use; 3 PartiallyFailed: what failed is named.",
    .options = tables,
    .options_size = sizeof(Options),
    .run = restore_create,
};
