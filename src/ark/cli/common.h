/* What the commands share: options for cluster and location, opening both, signals, printing. */
#pragma once

#include "ark/catalog.h"
#include "ark/log.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/selector.h"
#include "kube/options.h"
#include "store/store.h"

/* The first member of each command's struct of options. */
typedef struct {
    KubeOptions kube;
    char *location;
    GStrv location_config;
    char *namespace_; /* Velero's namespace, in the objects that are written */
    char *output;
    bool verbose, quiet;
    Limits limits;
} Common;

extern const Option location_options[]; /* --location, --location-config */
extern const Option velero_options[];   /* --namespace */
extern const Option message_options[];  /* --verbose, --quiet */
/* --limit-archive-size, --limit-ratio, --limit-entries, --limit-entry-size, --limit-path-length, --limit-file-size: of
 * every command that reads archives, or files beside them */
extern const Option limit_options[];
/* --output with these forms, NULL-terminated; `default_` may be NULL. */
#define OUTPUT_OPTION(forms_, default_)                                                                            \
    {                                                                                                              \
        .name = "output", .letter = 'o', .kind = OPTION_ENUM, .offset = offsetof(Common, output), .value = "FORM", \
        .values = (forms_), .fallback = (default_), .help = "How to print."                                        \
    }
/* --verbose and --quiet of commands for which they mean something of their own. */
#define VERBOSE_OPTION(help_) \
    { .name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .offset = offsetof(Common, verbose), .help = (help_) }
#define QUIET_OPTION(help_) \
    { .name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .offset = offsetof(Common, quiet), .help = (help_) }
/* --output of what would be written to the cluster or location: json or yaml, and nothing is done then. */
extern const Option object_output_options[];

/* `connections`: where --connections was not given. */
KubeClient *cli_client(const Common *common, unsigned connections, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same, whose writes are dry runs. */
KubeClient *cli_dry_client(const Common *common, unsigned connections, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The location that is asked for; NOT_FOUND for a directory that does not exist, as one that is not mounted. */
Store *cli_store(const Common *common, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same, for what makes it. */
Store *cli_new_store(const Common *common, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* cli_store(), for what is still to be written after an interruption; a second one ends the program. */
Store *cli_record_store(const Common *common, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The backups or restores that are named as arguments, there or not; without any all there are. char *, freed with the
 * array. */
GPtrArray *cli_names(const CommandCall *call, Store *store, ArkCatalogKind kind, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Progress as --quiet and --verbose ask for it. */
Progress *cli_progress(const Common *common, const char *verb);

/* Asks on stderr; true for an answer of yes. Else says that nothing is deleted. */
bool cli_confirmed(const char *question);

/* A document in the form of --output yaml or json on stdout. */
void cli_print_object(yyjson_mut_val *value, const char *output);

/* A document that a person wrote (text, 1 MiB at most, as in a ConfigMap), "-" for stdin; USAGE where it is none. */
char *cli_read_document(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A velero.io/v1 object with metadata and an empty spec; namespace_ may be NULL. */
yyjson_mut_doc *cli_new_object(const char *kind, const char *name, const char *namespace_);

/* Helpers to build objects from options: nothing is set where nothing was given. */
void cli_set_list(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, GStrv list);
void cli_set_tristate(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, int value);
void cli_set_string(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text);
void cli_set_duration(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 us);
void cli_set_map(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, GStrv pairs, char separator);
bool cli_set_selectors(yyjson_mut_doc *doc, yyjson_mut_val *spec, const char *selector, const char *or_selector,
                       GError **error);

/* A resource policy or modifier document: from a file, or from the only key of a
 * ConfigMap in Velero's namespace. NULL without error when neither is named. g_free() it. */
char *cli_document(const Common *common, KubeClient *client, const char *file, const char *configmap, GError **error);

/* Errors and, unless `errors_only`, warnings of a results document, a line each on stderr. */
void cli_print_results(const char *results, bool errors_only);

/* Command.words of the program: from the cluster and the location that the options name; none where they cannot be had.
 */
GStrv cli_words(const char *source, const void *options);

/* Commands, a file each. */
extern const Command backup_create_command, backup_get_command, backup_describe_command, backup_logs_command,
    backup_download_command, backup_delete_command, backup_ls_command, backup_cat_command, backup_export_command,
    backup_verify_command, backup_diff_command, restore_create_command, restore_get_command, restore_describe_command,
    restore_plan_command, restore_logs_command, restore_delete_command, location_check_command, location_get_command,
    clone_command, gc_command, config_command, version_command;
extern const Command ark_command;
