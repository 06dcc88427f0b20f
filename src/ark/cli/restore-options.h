/* Options of what is brought into a cluster, the same for restores, plans and clones. */
#pragma once

#include "ark/cli/filters.h"
#include "ark/restore.h"

/* The first member of such a command's struct of options. */
typedef struct {
    Filters filters;
    char *existing_resource_policy, *modifier_configmap, *modifier_file, *managed_fields;
    GStrv namespace_mappings, labels, annotations;
    GStrv status_include, status_exclude, priorities;
    int restore_volumes, preserve_nodeports, write_sparse_files;
    gint64 item_operation_timeout, wait_timeout, parallel_files_download;
} RestoreOptions;

extern const Option restore_options[]; /* what goes into the Restore object, and the modifiers */
extern const Option apply_options[];   /* how it is done */

/* A Restore object. backup: its name, "" where it is not known yet. */
yyjson_mut_doc *cli_restore_object(const RestoreOptions *options, const char *name, const char *backup, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* "<source>-20261124120000", as Velero names restores. g_free() it. */
char *cli_restore_name(const char *source);

/* The engine's request; reads the modifiers that are named. Strings are the options' own, but for
 * `modifiers`, which is the caller's. */
bool cli_restore_request(const RestoreOptions *options, KubeClient *client, yyjson_mut_doc *restore,
                         ArkRestoreRequest *out, char **modifiers, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A line on how it went, then each error and warning, on stderr. what: "Restore". */
void cli_restore_report(const RestoreOptions *options, const char *what, const char *name,
                        const ArkRestoreOutcome *outcome, gint64 started);
/* The exit code of a phase. */
int cli_restore_code(const ArkRestoreOutcome *outcome);
