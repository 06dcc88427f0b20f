#include "ark/cli/filters.h"

#include "base/text.h"

#include <stdio.h>

#define AT(field) .offset = offsetof(Filters, field)
const Option filter_options[] = {
    {.name = "include-namespaces",
     .kind = OPTION_LIST,
     AT(include_namespaces),
     .value = "NS,...",
     .complete = "namespaces",
     .help = "Namespaces to take; * ? [abc] are wildcards. All unless given."},
    {.name = "exclude-namespaces",
     .kind = OPTION_LIST,
     AT(exclude_namespaces),
     .value = "NS,...",
     .complete = "namespaces",
     .help = "Namespaces to leave out."},
    {.name = "include-resources",
     .kind = OPTION_LIST,
     AT(include_resources),
     .value = "KIND,...",
     .complete = "resources",
     .help = "Kinds to take (deployments.apps, deploy). All unless given."},
    {.name = "exclude-resources",
     .kind = OPTION_LIST,
     AT(exclude_resources),
     .value = "KIND,...",
     .complete = "resources",
     .help = "Kinds to leave out."},
    {.name = "include-cluster-resources",
     .kind = OPTION_TRISTATE,
     AT(include_cluster_resources),
     .help = "Cluster-scoped objects too; by itself when all namespaces are."},
    {.name = "selector",
     .letter = 'l',
     .kind = OPTION_STRING,
     AT(selector),
     .value = "LABELS",
     .help = "Only objects with these labels."},
    {.name = "or-selector",
     .kind = OPTION_STRING,
     AT(or_selector),
     .value = "'A or B'",
     .help = "Objects that match one of several selectors."},
    {0},
};
#undef AT

bool cli_set_filters(yyjson_mut_doc *doc, yyjson_mut_val *spec, const Filters *filters, GError **error) {
    GStrv all = (char *[]){(char *)"*", NULL};
    cli_set_list(doc, spec, "includedNamespaces", filters->include_namespaces ? filters->include_namespaces : all);
    cli_set_list(doc, spec, "excludedNamespaces", filters->exclude_namespaces);
    cli_set_list(doc, spec, "includedResources", filters->include_resources);
    cli_set_list(doc, spec, "excludedResources", filters->exclude_resources);
    cli_set_tristate(doc, spec, "includeClusterResources", filters->include_cluster_resources);
    return cli_set_selectors(doc, spec, filters->selector, filters->or_selector, error);
}

bool cli_read_filters(const Filters *filters, ArkFilters *out, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *spec = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, spec);
    *out = (ArkFilters){0};
    if (!cli_set_filters(doc, spec, filters, error))
        return false;
    g_autoptr(yyjson_doc) fixed = yyjson_mut_doc_imut_copy(doc, NULL);
    return ark_filters_read(yyjson_doc_get_root(fixed), out, error);
}

void cli_warn_unknown(const ArkLook *look) {
    for (guint i = 0; i < look->selection.kinds.unknown->len; i++) {
        const char *name = g_ptr_array_index(look->selection.kinds.unknown, i);
        g_autofree char *hint = text_did_you_mean(ark_kinds_nearest(look->kinds, name));
        text_print(stderr, "ark: backup %s has no kind \"%s\", which a filter names%s\n", look->backup, name, hint);
    }
    g_autoptr(GPtrArray) missing = ark_selection_missing_namespaces(&look->selection, look->index, NULL);
    for (guint i = 0; i < missing->len; i++)
        text_print(stderr, "ark: %s\n", (const char *)g_ptr_array_index(missing, i));
}
