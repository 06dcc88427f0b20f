#include "ark/cli/restore-options.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define AT(field) .offset = offsetof(RestoreOptions, field)
static const char *const policies[] = {"none", "update", NULL};
static const char *const managed[] = {"keep", "drop", NULL};
const Option restore_options[] = {
    {.name = "namespace-mappings",
     .kind = OPTION_LIST,
     AT(namespace_mappings),
     .value = "OLD:NEW,...",
     .help = "Restore a namespace under another name."},
    {.name = "existing-resource-policy",
     .kind = OPTION_ENUM,
     AT(existing_resource_policy),
     .values = policies,
     .help = "What to do with objects that exist and differ."},
    {.name = "status-include-resources",
     .kind = OPTION_LIST,
     AT(status_include),
     .value = "KIND,...",
     .rare = true,
     .complete = "resources",
     .help = "Kinds whose status is restored too."},
    {.name = "status-exclude-resources",
     .kind = OPTION_LIST,
     AT(status_exclude),
     .value = "KIND,...",
     .rare = true,
     .complete = "resources",
     .help = "Kinds whose status is not."},
    {.name = "preserve-nodeports",
     .kind = OPTION_TRISTATE,
     AT(preserve_nodeports),
     .help = "Keep all node ports of services, not only chosen ones."},
    {.name = "resource-modifier-configmap",
     .kind = OPTION_STRING,
     AT(modifier_configmap),
     .value = "NAME",
     .help = "ConfigMap with resource modifiers, in Velero's namespace."},
    {.name = "resource-modifier-file",
     .kind = OPTION_STRING,
     AT(modifier_file),
     .value = "FILE",
     .complete = "file",
     .help = "The same from a file."},
    {.name = "labels", .kind = OPTION_MAP, AT(labels), .help = "Labels of the restore."},
    {.name = "annotations", .kind = OPTION_MAP, AT(annotations), .rare = true, .help = "Annotations of the restore."},
    {.name = "restore-volumes",
     .kind = OPTION_TRISTATE,
     AT(restore_volumes),
     .rare = true,
     .help = "Kept in the Restore object; volume data is not restored yet."},
    {.name = "item-operation-timeout",
     .kind = OPTION_DURATION,
     AT(item_operation_timeout),
     .fallback = "4h",
     .rare = true,
     .help = "Likewise."},
    {.name = "write-sparse-files", .kind = OPTION_TRISTATE, AT(write_sparse_files), .rare = true, .help = "Likewise."},
    {.name = "parallel-files-download",
     .kind = OPTION_INT,
     AT(parallel_files_download),
     .rare = true,
     .help = "Likewise."},
    {0},
};
const Option apply_options[] = {
    {.name = "priorities",
     .kind = OPTION_LIST,
     AT(priorities),
     .value = "KIND,...",
     .rare = true,
     .complete = "resources",
     .help = "Order of kinds in place of the usual one; '-' stands before those that come last."},
    {.name = "managed-fields",
     .kind = OPTION_ENUM,
     AT(managed_fields),
     .values = managed,
     .fallback = "keep",
     .rare = true,
     .help = "Whether each field's owner is brought back."},
    {.name = "wait-timeout",
     .kind = OPTION_DURATION,
     AT(wait_timeout),
     .fallback = "10m",
     .rare = true,
     .help = "For namespaces that are being deleted and definitions that are not ready."},
    {0},
};
#undef AT

static bool set_mappings(yyjson_mut_doc *doc, yyjson_mut_val *spec, GStrv mappings, GError **error) {
    for (; mappings && *mappings; mappings++) {
        g_auto(GStrv) pair = g_strsplit(*mappings, ":", -1);
        if (g_strv_length(pair) != 2 || !*pair[0] || !*pair[1]) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "namespace mapping \"%s\" is not old:new", *mappings);
            return false;
        }
        yyjson_mut_val *mapping = json_mut_ensure_object(doc, spec, "namespaceMapping");
        const char *other = json_mut_get_string(mapping, pair[0]);
        if (other && !g_str_equal(other, pair[1])) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                        "namespace %s is mapped to %s and to %s; it goes to one: restore a second time for the other",
                        pair[0], other, pair[1]);
            return false;
        }
        json_mut_set_string(doc, mapping, pair[0], pair[1]);
    }
    return true;
}

static bool set_spec(yyjson_mut_doc *doc, yyjson_mut_val *spec, const RestoreOptions *options, GError **error) {
    cli_set_string(doc, spec, "existingResourcePolicy", options->existing_resource_policy);
    json_mut_set(doc, spec, "hooks", yyjson_mut_obj(doc));
    cli_set_duration(doc, spec, "itemOperationTimeout", options->item_operation_timeout);
    cli_set_tristate(doc, spec, "preserveNodePorts", options->preserve_nodeports);
    cli_set_tristate(doc, spec, "restorePVs", options->restore_volumes);
    if (options->write_sparse_files >= 0 || options->parallel_files_download) {
        yyjson_mut_val *uploader = json_mut_ensure_object(doc, spec, "uploaderConfig");
        cli_set_tristate(doc, uploader, "writeSparseFiles", options->write_sparse_files);
        if (options->parallel_files_download)
            json_mut_set(doc, uploader, "parallelFilesDownload",
                         yyjson_mut_sint(doc, options->parallel_files_download));
    }
    if (options->status_include || options->status_exclude) {
        yyjson_mut_val *status = json_mut_ensure_object(doc, spec, "restoreStatus");
        cli_set_list(doc, status, "includedResources", options->status_include);
        cli_set_list(doc, status, "excludedResources", options->status_exclude);
    }
    if (options->modifier_configmap) {
        yyjson_mut_val *modifier = json_mut_ensure_object(doc, spec, "resourceModifier");
        json_mut_set_string(doc, modifier, "kind", "configmap");
        json_mut_set_string(doc, modifier, "name", options->modifier_configmap);
    }
    return set_mappings(doc, spec, options->namespace_mappings, error) &&
           cli_set_filters(doc, spec, &options->filters, error);
}

yyjson_mut_doc *cli_restore_object(const RestoreOptions *options, const char *name, const char *backup,
                                   GError **error) {
    g_autoptr(yyjson_mut_doc) doc = cli_new_object("Restore", name, options->filters.common.namespace_);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *metadata = json_mut_get(root, "metadata"),
                   *spec = json_mut_get(root, "spec");
    cli_set_map(doc, metadata, "labels", options->labels, '=');
    cli_set_map(doc, metadata, "annotations", options->annotations, '=');
    json_mut_set_string(doc, spec, "backupName", backup);
    return set_spec(doc, spec, options, error) ? g_steal_pointer(&doc) : NULL;
}

char *cli_restore_name(const char *source) {
    char stamp[32];
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S", &parts);
    return g_strdup_printf("%s-%s", source, stamp);
}

bool cli_restore_request(const RestoreOptions *options, KubeClient *client, yyjson_mut_doc *restore,
                         ArkRestoreRequest *out, char **modifiers, GError **error) {
    const Common *common = &options->filters.common;
    GError *failure = NULL;
    *modifiers = cli_document(common, client, options->modifier_file, options->modifier_configmap, &failure);
    *out = (ArkRestoreRequest){.client = client,
                               .restore = restore,
                               .modifiers = *modifiers,
                               .priorities = (const char *const *)options->priorities,
                               .keep_managed_fields = g_strcmp0(options->managed_fields, "drop") != 0,
                               .limits = &common->limits,
                               .connections = (unsigned)common->kube.connections,
                               .wait_s = (unsigned)(options->wait_timeout / G_USEC_PER_SEC),
                               .echo = common->verbose ? ARK_LOG_INFO : ARK_LOG_ERROR + 1,
                               .cancel = program_cancel()};
    if (failure)
        g_propagate_error(error, failure);
    return !failure;
}

void cli_restore_report(const RestoreOptions *options, const char *what, const char *name,
                        const ArkRestoreOutcome *outcome, gint64 started) {
    fprintf(stderr, "%s %s: %s, %" G_GUINT64_FORMAT " created", what, name, outcome->phase, outcome->created);
    if (outcome->updated)
        fprintf(stderr, ", %" G_GUINT64_FORMAT " updated", outcome->updated);
    if (outcome->skipped)
        fprintf(stderr, ", %" G_GUINT64_FORMAT " there already", outcome->skipped);
    if (outcome->failed)
        fprintf(stderr, ", %" G_GUINT64_FORMAT " failed", outcome->failed);
    fprintf(stderr, ", %.1f s", (double)(g_get_monotonic_time() - started) / G_USEC_PER_SEC);
    if (outcome->errors || outcome->warnings)
        fprintf(stderr, ", %u error%s, %u warning%s", outcome->errors, outcome->errors == 1 ? "" : "s",
                outcome->warnings, outcome->warnings == 1 ? "" : "s");
    fputs(".\n", stderr);
    cli_print_results(outcome->results, options->filters.common.quiet);
    if (outcome->not_stored)
        fprintf(stderr, "  The log and results of this restore could not be stored: %s\n", outcome->not_stored);
}

int cli_restore_code(const ArkRestoreOutcome *outcome) {
    return g_str_equal(outcome->phase, "Completed") ? EXIT_DONE
           : g_str_equal(outcome->phase, "Failed")  ? EXIT_FAILED
                                                    : EXIT_PARTLY;
}
