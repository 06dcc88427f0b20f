/* Backup and Restore objects (velero.io/v1) and what the engines read of them. */
#pragma once

#include "ark/filter.h"
#include "ark/hooks.h"
#include "base/selector.h"

#define ARK_FORMAT_VERSION "1.1.0"

/* The filters that both kinds share. Strings are the spec's own. */
typedef struct {
    GStrv included_namespaces, excluded_namespaces;
    GStrv included_resources, excluded_resources;
    GStrv included_cluster_scoped, excluded_cluster_scoped;
    GStrv included_namespace_scoped, excluded_namespace_scoped;
    int include_cluster_resources; /* -1 auto */
    GPtrArray *selectors;          /* Selector; an object must match one; empty: all match */
} ArkFilters;

/* Reads the filters of a spec. INVALID with every fault in one message. */
bool ark_filters_read(yyjson_val *spec, ArkFilters *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ark_filters_clear(ArkFilters *filters);
ArkResourceFilterSpec ark_filters_resources(const ArkFilters *filters);
/* Whether the labels match one of the selectors, or there is none. */
bool ark_filters_match_labels(const ArkFilters *filters, yyjson_val *labels);

typedef struct {
    char *name;
    ArkFilters filters;
    GHashTable *ordered; /* kind as given -> GStrv of "ns/name" or "name" */
    gint64 ttl_us;
    bool asks_for_commands; /* spec.hooks holds some */
} ArkBackupSpec;

/* Reads and checks a Backup object. INVALID with every fault in one message. */
bool ark_backup_spec_read(yyjson_val *backup, ArkBackupSpec *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* For a Backup that a person wrote: INVALID names fields that a spec does not have, with the nearest right one, and
 * values of the wrong type. Else a misspelled filter would mean that there is none. */
bool ark_backup_check_fields(yyjson_val *backup, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ark_backup_spec_clear(ArkBackupSpec *spec);

typedef struct {
    char *name;
    char *backup_name;
    ArkFilters filters;
    GHashTable *namespace_mapping; /* old -> new */
    bool update_existing;
    bool preserve_node_ports;
    int restore_volumes; /* -1 auto */
    bool restore_status; /* a restoreStatus block is there */
    ArkIncludeExclude status;
    ArkInitHooks *init_hooks;
    bool asks_for_commands; /* spec.hooks holds some */
} ArkRestoreSpec;

bool ark_restore_spec_read(yyjson_val *restore, ArkRestoreSpec *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ark_restore_spec_clear(ArkRestoreSpec *spec);
