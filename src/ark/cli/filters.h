/* Options that choose objects, the same for all commands that do. */
#pragma once

#include "ark/cli/common.h"
#include "ark/look.h"

/* The first member of such a command's struct of options. */
typedef struct {
    Common common;
    GStrv include_namespaces, exclude_namespaces, include_resources, exclude_resources;
    int include_cluster_resources;
    char *selector, *or_selector;
} Filters;

extern const Option filter_options[];

/* Writes them into the spec of a Backup or Restore, by Velero's names. USAGE for a selector that is none. */
bool cli_set_filters(yyjson_mut_doc *doc, yyjson_mut_val *spec, const Filters *filters, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* The same as the engine takes them; clear with ark_filters_clear(). */
bool cli_read_filters(const Filters *filters, ArkFilters *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Says on stderr which kinds and namespaces that filters name are not in the backup. */
void cli_warn_unknown(const ArkLook *look);
