#include "ark/backup.h"
#include "ark/name-template.h"
#include "ark/spec.h"
#include "ark/cli/capture-options.h"
#include "ark/cli/filters.h"
#include "base/text.h"
#include "base/yaml.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    Filters filters;
    GStrv include_cluster_scoped, exclude_cluster_scoped, include_namespace_scoped, exclude_namespace_scoped;
    GStrv labels, annotations, volume_snapshot_locations;
    char *ordered_resources, *storage_location, *data_mover, *file, *name_template, *policies_configmap;
    int snapshot_volumes, snapshot_move_data, default_volumes_to_fs_backup;
    gint64 ttl, csi_snapshot_timeout, item_operation_timeout, parallel_files_upload;
    CaptureOptions capture;
    bool wait, resume;
} Options;

#define AT(field) .offset = offsetof(Options, field)
/* What goes into the Backup object, beside the filters. */
static const Option object_options[] = {
    {.name = "include-cluster-scoped-resources",
     .kind = OPTION_LIST,
     AT(include_cluster_scoped),
     .value = "KIND,...",
     .rare = true,
     .complete = "resources",
     .help = "Cluster-scoped kinds to back up; not together with --include-resources, --exclude-resources and "
             "--include-cluster-resources."},
    {.name = "exclude-cluster-scoped-resources",
     .kind = OPTION_LIST,
     AT(exclude_cluster_scoped),
     .value = "KIND,...",
     .rare = true,
     .complete = "resources",
     .help = "Cluster-scoped kinds to leave out."},
    {.name = "include-namespace-scoped-resources",
     .kind = OPTION_LIST,
     AT(include_namespace_scoped),
     .value = "KIND,...",
     .rare = true,
     .complete = "resources",
     .help = "Namespaced kinds to back up."},
    {.name = "exclude-namespace-scoped-resources",
     .kind = OPTION_LIST,
     AT(exclude_namespace_scoped),
     .value = "KIND,...",
     .rare = true,
     .complete = "resources",
     .help = "Namespaced kinds to leave out."},
    {.name = "ordered-resources",
     .kind = OPTION_STRING,
     AT(ordered_resources),
     .value = "KIND=NS/NAME,...;...",
     .rare = true,
     .help = "Objects of a kind that are saved first, in this order."},
    {.name = "resource-policies-configmap",
     .kind = OPTION_STRING,
     AT(policies_configmap),
     .value = "NAME",
     .help = "ConfigMap with resource policies, in Velero's namespace."},
    {.name = "labels", .kind = OPTION_MAP, AT(labels), .help = "Labels of the backup."},
    {.name = "annotations", .kind = OPTION_MAP, AT(annotations), .rare = true, .help = "Annotations of the backup."},
    {.name = "ttl",
     .kind = OPTION_DURATION,
     AT(ttl),
     .fallback = "720h",
     .minimum = G_USEC_PER_SEC,
     .help = "How long the backup is to be kept."},
    {.name = "storage-location",
     .kind = OPTION_STRING,
     AT(storage_location),
     .value = "NAME",
     .fallback = "default",
     .rare = true,
     .help = "Name of the location in the Backup object, for a Velero that reads it."},
    {.name = "snapshot-volumes",
     .kind = OPTION_TRISTATE,
     AT(snapshot_volumes),
     .rare = true,
     .help = "Kept in the Backup object; volume data is not saved yet."},
    {.name = "snapshot-move-data", .kind = OPTION_TRISTATE, AT(snapshot_move_data), .rare = true, .help = "Likewise."},
    {.name = "default-volumes-to-fs-backup",
     .kind = OPTION_TRISTATE,
     AT(default_volumes_to_fs_backup),
     .rare = true,
     .help = "Likewise."},
    {.name = "volume-snapshot-locations",
     .kind = OPTION_LIST,
     AT(volume_snapshot_locations),
     .value = "NAME,...",
     .rare = true,
     .help = "Likewise."},
    {.name = "data-mover", .kind = OPTION_STRING, AT(data_mover), .value = "NAME", .rare = true, .help = "Likewise."},
    {.name = "parallel-files-upload", .kind = OPTION_INT, AT(parallel_files_upload), .rare = true, .help = "Likewise."},
    {.name = "csi-snapshot-timeout",
     .kind = OPTION_DURATION,
     AT(csi_snapshot_timeout),
     .fallback = "10m",
     .rare = true,
     .help = "Likewise."},
    {.name = "item-operation-timeout",
     .kind = OPTION_DURATION,
     AT(item_operation_timeout),
     .fallback = "4h",
     .rare = true,
     .help = "Likewise."},
    {0},
};
static const Option option_table[] = {
    {.name = "name-template",
     .kind = OPTION_STRING,
     AT(name_template),
     .value = "TEMPLATE",
     .help = "In place of NAME: {{timestamp}} (UTC, YYYYMMDDHHMMSS), {{date}}, {{context}} (of the kubeconfig; also "
             "{{cluster}}) and {{hostname}} are filled in. What is not time becomes the backup's series, for gc."},
    CAPTURE_OPTIONS(Options, capture),
    {.name = "file",
     .letter = 'f',
     .kind = OPTION_STRING,
     AT(file),
     .value = "FILE",
     .complete = "file",
     .help = "Take the Backup object from a YAML or JSON file (- for stdin)."},
    {.name = "resume",
     .kind = OPTION_FLAG,
     AT(resume),
     .help = "A run of this name was cut off: replace what it left. A backup that is whole is left as it is."},
    {.name = "wait",
     .letter = 'w',
     .kind = OPTION_FLAG,
     AT(wait),
     .rare = true,
     .help = "Accepted for Velero's sake: ark always waits."},
    {0},
};
#undef AT

static bool set_ordered(yyjson_mut_doc *doc, yyjson_mut_val *spec, const char *text, GError **error) {
    g_auto(GStrv) kinds = g_strsplit(text ? text : "", ";", -1);
    for (char **kind = kinds; *kind; kind++) {
        char *equals = strchr(*kind, '=');
        if (!equals || equals == *kind || !equals[1]) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                        "--ordered-resources: \"%s\" is not KIND=NAMESPACE/NAME,... or, for cluster-scoped kinds, "
                        "KIND=NAME,...",
                        *kind);
            return false;
        }
        *equals = '\0';
        json_mut_set_string(doc, json_mut_ensure_object(doc, spec, "orderedResources"), g_strstrip(*kind), equals + 1);
    }
    return true;
}

static bool set_spec(yyjson_mut_doc *doc, yyjson_mut_val *spec, const Options *options, GError **error) {
    cli_set_duration(doc, spec, "csiSnapshotTimeout", options->csi_snapshot_timeout);
    cli_set_string(doc, spec, "datamover", options->data_mover);
    cli_set_tristate(doc, spec, "defaultVolumesToFsBackup", options->default_volumes_to_fs_backup);
    cli_set_list(doc, spec, "excludedClusterScopedResources", options->exclude_cluster_scoped);
    cli_set_list(doc, spec, "excludedNamespaceScopedResources", options->exclude_namespace_scoped);
    json_mut_set(doc, spec, "hooks", yyjson_mut_obj(doc));
    cli_set_list(doc, spec, "includedClusterScopedResources", options->include_cluster_scoped);
    cli_set_list(doc, spec, "includedNamespaceScopedResources", options->include_namespace_scoped);
    cli_set_duration(doc, spec, "itemOperationTimeout", options->item_operation_timeout);
    json_mut_set(doc, spec, "metadata", yyjson_mut_obj(doc));
    if (options->policies_configmap) {
        yyjson_mut_val *policy = json_mut_ensure_object(doc, spec, "resourcePolicy");
        json_mut_set_string(doc, policy, "kind", "configmap");
        json_mut_set_string(doc, policy, "name", options->policies_configmap);
    }
    json_mut_set(doc, spec, "snapshotMoveData", yyjson_mut_bool(doc, options->snapshot_move_data > 0));
    cli_set_tristate(doc, spec, "snapshotVolumes", options->snapshot_volumes);
    cli_set_string(doc, spec, "storageLocation", options->storage_location);
    cli_set_duration(doc, spec, "ttl", options->ttl);
    if (options->parallel_files_upload)
        json_mut_set(doc, json_mut_ensure_object(doc, spec, "uploaderConfig"), "parallelFilesUpload",
                     yyjson_mut_sint(doc, options->parallel_files_upload));
    cli_set_list(doc, spec, "volumeSnapshotLocations", options->volume_snapshot_locations);
    return set_ordered(doc, spec, options->ordered_resources, error) &&
           cli_set_filters(doc, spec, &options->filters, error);
}

static yyjson_mut_doc *object_from_options(const Options *options, const char *name, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = cli_new_object("Backup", name, options->filters.common.namespace_);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *metadata = json_mut_get(root, "metadata"),
                   *spec = json_mut_get(root, "spec");
    cli_set_map(doc, metadata, "annotations", options->annotations, '=');
    cli_set_map(doc, metadata, "labels", options->labels, '=');
    json_mut_set_string(doc, json_mut_ensure_object(doc, metadata, "labels"), "velero.io/storage-location",
                        options->storage_location);
    return set_spec(doc, spec, options, error) ? g_steal_pointer(&doc) : NULL;
}

static yyjson_mut_doc *object_from_file(const Options *options, const char *name, GError **error) {
    g_autofree char *text = cli_read_document(options->file, error);
    g_autoptr(yyjson_mut_doc) doc = text ? yaml_parse(text, strlen(text), options->file, error) : NULL;
    if (!doc)
        return NULL;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    if (g_strcmp0(json_mut_get_string(root, "kind"), "Backup") != 0 ||
        g_strcmp0(json_mut_get_string(root, "apiVersion"), "velero.io/v1") != 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s does not hold a velero.io/v1 Backup", options->file);
        return NULL;
    }
    g_autoptr(yyjson_doc) written = yyjson_mut_doc_imut_copy(doc, NULL);
    if (!ark_backup_check_fields(yyjson_doc_get_root(written), error)) {
        g_prefix_error(error, "%s: ", options->file);
        return NULL;
    }
    yyjson_mut_val *metadata = json_mut_ensure_object(doc, root, "metadata");
    if (name)
        json_mut_set_string(doc, metadata, "name", name);
    if (!json_mut_get(metadata, "namespace"))
        json_mut_set_string(doc, metadata, "namespace", options->filters.common.namespace_);
    json_mut_remove(root, "status");
    return g_steal_pointer(&doc);
}

static void report(const Options *options, const char *name, const ArkBackupOutcome *outcome, gint64 started) {
    if (outcome->was_there) {
        fprintf(stderr, "Backup %s is %s already.\n", name, outcome->phase);
        return;
    }
    if (outcome->left_over)
        fprintf(stderr, "Backup %s was cut off by an earlier run; it was made from the beginning.\n", name);
    g_autofree char *stored = bytes_format(outcome->stored_bytes);
    fprintf(stderr, "Backup %s: %s, %" G_GUINT64_FORMAT " objects, %s, %.1f s", name, outcome->phase, outcome->objects,
            stored, (double)(g_get_monotonic_time() - started) / G_USEC_PER_SEC);
    if (outcome->errors || outcome->warnings)
        fprintf(stderr, ", %u error%s, %u warning%s", outcome->errors, outcome->errors == 1 ? "" : "s",
                outcome->warnings, outcome->warnings == 1 ? "" : "s");
    fputs(".\n", stderr);
    cli_print_results(outcome->results, options->filters.common.quiet);
}

static int run_create(const Options *options, yyjson_mut_doc *backup, GError **error) {
    gint64 started = g_get_monotonic_time();
    g_autofree char *name = g_strdup(json_mut_get_string(yyjson_mut_doc_get_root(backup), "metadata", "name"));
    g_autoptr(Store) store = cli_new_store(&options->filters.common, error);
    g_autoptr(KubeClient) client = store ? cli_client(&options->filters.common, 8, error) : NULL;
    if (!client)
        return EXIT_FAILED;
    const char *configmap = json_mut_get_string(yyjson_mut_doc_get_root(backup), "spec", "resourcePolicy", "name");
    g_autofree char *policies =
        cli_document(&options->filters.common, client, options->capture.policies_file, configmap, error);
    if (*error)
        return EXIT_FAILED;
    g_autoptr(Progress) progress = cli_progress(&options->filters.common, "Backing up");
    ArkBackupRequest request = {.client = client,
                                .store = store,
                                .backup = backup,
                                .policies = policies,
                                .consistent = cli_is_consistent(&options->capture),
                                .connections = (unsigned)options->filters.common.kube.connections,
                                .page_size = (unsigned)options->capture.page_size,
                                .resume = options->resume,
                                .echo = options->filters.common.verbose ? ARK_LOG_INFO : ARK_LOG_ERROR + 1,
                                .progress = progress,
                                .cancel = program_cancel()};
    ArkBackupOutcome outcome;
    bool ok = ark_backup_run(&request, &outcome, error);
    progress_stop(g_steal_pointer(&progress));
    int code = EXIT_FAILED;
    if (ok) {
        report(options, name, &outcome, started);
        code = g_str_equal(outcome.phase, "Completed") ? EXIT_DONE : EXIT_PARTLY;
    } else if (!g_error_matches(*error, BASE_ERROR, BASE_ERROR_EXISTS)) {
        g_prefix_error(error, "backup %s failed, nothing of it is kept: ", name);
    }
    ark_backup_outcome_clear(&outcome);
    return code;
}

static char *context_name(void *data, GError **error) {
    const Common *common = data;
    KubeConfigOptions where = {.path = common->kube.kubeconfig, .context = common->kube.context};
    g_autoptr(KubeConfig) config = kube_config_load(&where, error);
    if (config && !config->context)
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE,
                            "--name-template: there is no kubeconfig, and so no context, in a pod; write the cluster's "
                            "name in place of the field");
    return config ? g_strdup(config->context) : NULL;
}

/* The name that was given, or what the template makes. */
static char *name_of(const CommandCall *call, const Options *options, char **out_series, GError **error) {
    if (!options->name_template)
        return g_strdup(call->arguments[0]);
    ArkNameFields fields = {.now = g_get_real_time(),
                            .hostname = g_get_host_name(),
                            .context = context_name,
                            .data = (void *)&options->filters.common};
    return ark_name_template_fill(options->name_template, &fields, out_series, error);
}

static void set_series(yyjson_mut_doc *backup, const char *series) {
    yyjson_mut_val *metadata = json_mut_ensure_object(backup, yyjson_mut_doc_get_root(backup), "metadata");
    json_mut_set_string(backup, json_mut_ensure_object(backup, metadata, "labels"), ARK_SERIES_LABEL, series);
}

static bool check_file_alone(const CommandCall *call, const Options *options, GError **error) {
    const Option *option = options->file ? command_given(call, filter_options) : NULL;
    if (options->file && !option)
        option = command_given(call, object_options);
    if (option)
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "--file and --%s: the Backup object is the file's; leave the option out, or write it there",
                    option->name);
    return !option;
}

static int backup_create(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    bool named = call->arguments[0] || options->file;
    if (options->name_template ? call->arguments[0] != NULL : !named) {
        fprintf(stderr, "%s: %s\nRun '%s --help' for the options.\n", call->path,
                named ? "give NAME or --name-template, not both" : "NAME is missing, or --name-template", call->path);
        return EXIT_USAGE;
    }
    if (!check_file_alone(call, options, &error))
        return program_end(EXIT_USAGE, error);
    g_autofree char *series = NULL, *name = name_of(call, options, &series, &error);
    g_autoptr(yyjson_mut_doc) backup = NULL;
    if (!error)
        backup = options->file ? object_from_file(options, name, &error) : object_from_options(options, name, &error);
    if (backup && series)
        set_series(backup, series);
    int code = EXIT_FAILED;
    if (backup && options->filters.common.output) {
        cli_print_object(yyjson_mut_doc_get_root(backup), options->filters.common.output);
        return EXIT_DONE;
    }
    if (backup)
        code = run_create(options, backup, &error);
    return program_end(code, error);
}

static const Option *const tables[] = {
    location_options, filter_options,  object_options, option_table,        object_output_options,
    velero_options,   message_options, kube_options,   kube_tuning_options, NULL};
const Command backup_create_command = {
    .name = "create",
    .arguments = "[NAME]",
    .arguments_max = 1,
    .summary = "Back up a cluster, or a part of it.",
    .description = "Reads the cluster through its API, at one revision, and stores an archive with lists, log and "
                   "checksums at the location, in Velero's format. Nothing is installed in the cluster.",
    .examples = "ark backup create nightly --location s3://bucket/prefix?region=eu-central-1\n"
                "ark backup create --name-template 'nightly-{{timestamp}}' --ttl 720h\n"
                "ark backup create shop --include-namespaces 'shop-*' --location file:///backups\n"
                "ark backup create crds --include-resources crds --include-cluster-resources\n"
                "ark backup create web -l app=web -o yaml",
    .exit_codes = "0 Completed; 1 Failed, nothing is kept; 2 wrong use; 3 PartiallyFailed: what is missing is named.",
    .options = tables,
    .options_size = sizeof(Options),
    .run = backup_create,
};
