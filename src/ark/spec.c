#include "ark/spec.h"

#include "ark/order.h"
#include "base/text.h"

void ark_filters_clear(ArkFilters *filters) {
    GStrv *lists[] = {&filters->included_namespaces,       &filters->excluded_namespaces,
                      &filters->included_resources,        &filters->excluded_resources,
                      &filters->included_cluster_scoped,   &filters->excluded_cluster_scoped,
                      &filters->included_namespace_scoped, &filters->excluded_namespace_scoped};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        g_clear_pointer(lists[i], g_strfreev);
    g_clear_pointer(&filters->selectors, g_ptr_array_unref);
}

ArkResourceFilterSpec ark_filters_resources(const ArkFilters *filters) {
    return (ArkResourceFilterSpec){
        .resources = (const char *const *)filters->included_resources,
        .excluded_resources = (const char *const *)filters->excluded_resources,
        .include_cluster_resources = filters->include_cluster_resources,
        .cluster_scoped = (const char *const *)filters->included_cluster_scoped,
        .excluded_cluster_scoped = (const char *const *)filters->excluded_cluster_scoped,
        .namespace_scoped = (const char *const *)filters->included_namespace_scoped,
        .excluded_namespace_scoped = (const char *const *)filters->excluded_namespace_scoped,
    };
}

bool ark_filters_match_labels(const ArkFilters *filters, yyjson_val *labels) {
    for (guint i = 0; i < filters->selectors->len; i++)
        if (selector_matches(g_ptr_array_index(filters->selectors, i), labels))
            return true;
    return filters->selectors->len == 0;
}

/* --- faults are collected, so that all of them are told at once -------------------------- */

static void fault(GString *faults, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void fault(GString *faults, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (faults->len)
        g_string_append(faults, "; ");
    g_string_append_vprintf(faults, format, args);
    va_end(args);
}

static bool has(char **list, const char *name) {
    return list && g_strv_contains((const char *const *)list, name);
}

static void check_lists(GString *faults, const char *what, char **includes, char **excludes, bool star_excludes) {
    if (has(includes, "*") && g_strv_length(includes) > 1)
        fault(faults, "included %s hold \"*\" beside other names", what);
    if (has(excludes, "*") && !star_excludes)
        fault(faults, "excluded %s hold \"*\"", what);
    if (has(excludes, "*") && star_excludes && g_strv_length(excludes) > 1)
        fault(faults, "excluded %s hold \"*\" beside other names", what);
    if (has(excludes, "*") && star_excludes && includes && *includes)
        fault(faults, "excluded %s hold \"*\" while some are included", what);
    for (char **name = excludes; name && *name; name++)
        if (has(includes, *name) && !g_str_equal(*name, "*"))
            fault(faults, "%s \"%s\" is both included and excluded", what, *name);
}

static void check_namespaces(GString *faults, char **names) {
    for (char **name = names; name && *name; name++) {
        g_autoptr(GError) error = NULL;
        if (g_str_equal(*name, "*"))
            continue;
        if (!(glob_has_wildcard(*name) ? glob_validate(*name, &error) : name_is_dns_label(*name, &error)))
            fault(faults, "namespace %s", error->message);
    }
}

static void read_selectors(GString *faults, yyjson_val *spec, ArkFilters *out) {
    out->selectors = g_ptr_array_new_with_free_func((GDestroyNotify)selector_free);
    yyjson_val *single = json_get(spec, "labelSelector"), *several = json_get(spec, "orLabelSelectors");
    if (yyjson_is_obj(single) && yyjson_arr_size(several) > 0)
        fault(faults, "labelSelector and orLabelSelectors exclude each other");
    size_t index, count;
    yyjson_val *value;
    g_autoptr(GError) error = NULL;
    Selector *selector = NULL;
    if (yyjson_is_obj(single) && !(selector = selector_from_json(single, &error)))
        fault(faults, "%s", error->message);
    if (selector)
        g_ptr_array_add(out->selectors, selector);
    yyjson_arr_foreach(several, index, count, value) {
        g_clear_error(&error);
        selector = selector_from_json(value, &error);
        if (selector)
            g_ptr_array_add(out->selectors, selector);
        else
            fault(faults, "%s", error->message);
    }
}

static void read_filters(GString *faults, yyjson_val *spec, ArkFilters *out) {
    out->included_namespaces = json_strings(json_get(spec, "includedNamespaces"));
    out->excluded_namespaces = json_strings(json_get(spec, "excludedNamespaces"));
    out->included_resources = json_strings(json_get(spec, "includedResources"));
    out->excluded_resources = json_strings(json_get(spec, "excludedResources"));
    out->included_cluster_scoped = json_strings(json_get(spec, "includedClusterScopedResources"));
    out->excluded_cluster_scoped = json_strings(json_get(spec, "excludedClusterScopedResources"));
    out->included_namespace_scoped = json_strings(json_get(spec, "includedNamespaceScopedResources"));
    out->excluded_namespace_scoped = json_strings(json_get(spec, "excludedNamespaceScopedResources"));
    yyjson_val *cluster = json_get(spec, "includeClusterResources");
    out->include_cluster_resources = yyjson_is_bool(cluster) ? yyjson_get_bool(cluster) : -1;
    ArkResourceFilterSpec kinds = ark_filters_resources(out);
    if (ark_resource_filter_spec_is_old(&kinds) && ark_resource_filter_spec_is_scoped(&kinds))
        fault(faults,
              "include-resources, exclude-resources and include-cluster-resources cannot be used together with the "
              "cluster-scoped and namespace-scoped filters");
    check_lists(faults, "namespaces", out->included_namespaces, out->excluded_namespaces, false);
    check_lists(faults, "resources", out->included_resources, out->excluded_resources, false);
    check_lists(faults, "cluster-scoped resources", out->included_cluster_scoped, out->excluded_cluster_scoped, true);
    check_lists(faults, "namespace-scoped resources", out->included_namespace_scoped, out->excluded_namespace_scoped,
                true);
    check_namespaces(faults, out->included_namespaces);
    check_namespaces(faults, out->excluded_namespaces);
    read_selectors(faults, spec, out);
}

static char *read_name(GString *faults, yyjson_val *object) {
    const char *name = json_get_string(object, "metadata", "name");
    g_autoptr(GError) error = NULL;
    if (!name_is_dns_subdomain(name ? name : "", &error))
        fault(faults, "%s", error->message);
    return g_strdup(name ? name : "");
}

static bool faults_to_error(const GString *faults, const char *kind, const char *name, GError **error) {
    if (faults->len == 0)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s \"%s\" is not valid: %s", kind, name, faults->str);
    return false;
}

bool ark_filters_read(yyjson_val *spec, ArkFilters *out, GError **error) {
    g_autoptr(GString) faults = g_string_new(NULL);
    read_filters(faults, spec, out);
    if (faults->len == 0)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", faults->str);
    return false;
}

bool ark_backup_spec_read(yyjson_val *backup, ArkBackupSpec *out, GError **error) {
    g_autoptr(GString) faults = g_string_new(NULL);
    yyjson_val *spec = json_get(backup, "spec");
    *out = (ArkBackupSpec){.name = read_name(faults, backup)};
    read_filters(faults, spec, &out->filters);
    out->ordered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
    yyjson_val *key, *value;
    json_foreach_member(json_get(spec, "orderedResources"), key, value) {
        GStrv names = g_strsplit(yyjson_is_str(value) ? yyjson_get_str(value) : "", ",", -1);
        for (char **name = names; *name; name++)
            g_strstrip(*name);
        g_hash_table_insert(out->ordered, g_strdup(yyjson_get_str(key)), names);
    }
    out->ttl_us = 720 * 3600LL * G_USEC_PER_SEC;
    const char *ttl = json_get_string(spec, "ttl");
    g_autoptr(GError) failure = NULL;
    if (ttl && !duration_parse(ttl, &out->ttl_us, &failure))
        fault(faults, "ttl: %s", failure->message);
    out->asks_for_commands = ark_hooks_spec_has_commands(json_get(spec, "hooks"), ARK_HOOKS_BACKUP);
    return faults_to_error(faults, "backup", out->name, error);
}

/* --- fields by name and type ------------------------------------------------------------------ */

typedef enum { TYPE_NAMES, TYPE_LIST, TYPE_BOOL, TYPE_STRING, TYPE_OBJECT } FieldType;

static const struct {
    const char *name;
    FieldType type;
} backup_fields[] = {
    {"csiSnapshotTimeout", TYPE_STRING},
    {"datamover", TYPE_STRING},
    {"defaultVolumesToFsBackup", TYPE_BOOL},
    {"defaultVolumesToRestic", TYPE_BOOL},
    {"excludedClusterScopedResources", TYPE_NAMES},
    {"excludedNamespaceScopedResources", TYPE_NAMES},
    {"excludedNamespaces", TYPE_NAMES},
    {"excludedResources", TYPE_NAMES},
    {"hooks", TYPE_OBJECT},
    {"includeClusterResources", TYPE_BOOL},
    {"includedClusterScopedResources", TYPE_NAMES},
    {"includedNamespaceScopedResources", TYPE_NAMES},
    {"includedNamespaces", TYPE_NAMES},
    {"includedResources", TYPE_NAMES},
    {"itemOperationTimeout", TYPE_STRING},
    {"labelSelector", TYPE_OBJECT},
    {"metadata", TYPE_OBJECT},
    {"orLabelSelectors", TYPE_LIST},
    {"orderedResources", TYPE_OBJECT},
    {"resourcePolicy", TYPE_OBJECT},
    {"snapshotMoveData", TYPE_BOOL},
    {"snapshotVolumes", TYPE_BOOL},
    {"storageLocation", TYPE_STRING},
    {"ttl", TYPE_STRING},
    {"uploaderConfig", TYPE_OBJECT},
    {"volumeGroupSnapshotLabelKey", TYPE_STRING},
    {"volumeSnapshotLocations", TYPE_NAMES},
};

static bool is_of_type(yyjson_val *value, FieldType type) {
    size_t index, count;
    yyjson_val *element;
    switch (type) {
    case TYPE_BOOL: return yyjson_is_bool(value);
    case TYPE_STRING: return yyjson_is_str(value);
    case TYPE_OBJECT: return yyjson_is_obj(value);
    case TYPE_LIST: return yyjson_is_arr(value);
    case TYPE_NAMES: break;
    }
    yyjson_arr_foreach(value, index, count, element) {
        if (!yyjson_is_str(element))
            return false;
    }
    return yyjson_is_arr(value);
}

static void check_field(GString *faults, const char *name, yyjson_val *value) {
    static const char *const types[] = {[TYPE_NAMES] = "a list of names",
                                        [TYPE_LIST] = "a list",
                                        [TYPE_BOOL] = "true or false",
                                        [TYPE_STRING] = "a text",
                                        [TYPE_OBJECT] = "a mapping"};
    const char *names[G_N_ELEMENTS(backup_fields) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(backup_fields); i++) {
        names[i] = backup_fields[i].name;
        if (!g_str_equal(name, names[i]))
            continue;
        if (!yyjson_is_null(value) && !is_of_type(value, backup_fields[i].type))
            fault(faults, "spec.%s is not %s", name, types[backup_fields[i].type]);
        return;
    }
    g_autofree char *hint = text_did_you_mean(text_nearest(name, names));
    fault(faults, "a spec has no field %s%s", name, hint);
}

bool ark_backup_check_fields(yyjson_val *backup, GError **error) {
    g_autoptr(GString) faults = g_string_new(NULL);
    yyjson_val *spec = json_get(backup, "spec"), *key, *value;
    const char *name = json_get_string(backup, "metadata", "name");
    if (spec && !yyjson_is_obj(spec) && !yyjson_is_null(spec))
        fault(faults, "spec is not a mapping");
    json_foreach_member(spec, key, value)
        check_field(faults, yyjson_get_str(key), value);
    return faults_to_error(faults, "backup", name ? name : "", error);
}

void ark_backup_spec_clear(ArkBackupSpec *spec) {
    g_clear_pointer(&spec->name, g_free);
    g_clear_pointer(&spec->ordered, g_hash_table_unref);
    ark_filters_clear(&spec->filters);
}

/* --- restore --------------------------------------------------------------------------------- */

static void read_status(ArkRestoreSpec *out, yyjson_val *status) {
    out->restore_status = yyjson_is_obj(status);
    g_auto(GStrv) includes = json_strings(json_get(status, "includedResources"));
    g_auto(GStrv) excludes = json_strings(json_get(status, "excludedResources"));
    ark_include_exclude_init(&out->status);
    for (char **name = includes; *name; name++)
        g_ptr_array_add(out->status.includes, g_strdup(*name));
    for (char **name = excludes; *name; name++)
        g_ptr_array_add(out->status.excludes, g_strdup(*name));
}

static void read_mapping(GString *faults, ArkRestoreSpec *out, yyjson_val *mapping) {
    out->namespace_mapping = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    yyjson_val *key, *value;
    json_foreach_member(mapping, key, value) {
        const char *to = yyjson_is_str(value) ? yyjson_get_str(value) : "";
        g_autoptr(GError) error = NULL;
        if (!name_is_dns_label(yyjson_get_str(key), &error) || !name_is_dns_label(to, &error))
            fault(faults, "namespace mapping: %s", error->message);
        g_hash_table_insert(out->namespace_mapping, g_strdup(yyjson_get_str(key)), g_strdup(to));
    }
}

bool ark_restore_spec_read(yyjson_val *restore, ArkRestoreSpec *out, GError **error) {
    g_autoptr(GString) faults = g_string_new(NULL);
    yyjson_val *spec = json_get(restore, "spec");
    *out = (ArkRestoreSpec){.name = read_name(faults, restore),
                            .backup_name = g_strdup(json_get_string(spec, "backupName"))};
    read_filters(faults, spec, &out->filters);
    read_mapping(faults, out, json_get(spec, "namespaceMapping"));
    read_status(out, json_get(spec, "restoreStatus"));
    const char *policy = json_get_string(spec, "existingResourcePolicy");
    out->update_existing = g_strcmp0(policy, "update") == 0;
    if (policy && *policy && !out->update_existing && !g_str_equal(policy, "none"))
        fault(faults, "existing resource policy \"%s\" is neither none nor update", policy);
    out->preserve_node_ports = yyjson_is_true(json_get(spec, "preserveNodePorts"));
    yyjson_val *volumes = json_get(spec, "restorePVs");
    out->restore_volumes = yyjson_is_bool(volumes) ? yyjson_get_bool(volumes) : -1;
    g_autoptr(GError) failure = NULL;
    out->init_hooks = ark_init_hooks_read(json_get(spec, "hooks"), &failure);
    out->asks_for_commands = ark_hooks_spec_has_commands(json_get(spec, "hooks"), ARK_HOOKS_RESTORE);
    if (failure)
        fault(faults, "%s", failure->message);
    if (!out->backup_name || !*out->backup_name)
        fault(faults, "no backup is named");
    for (char **name = out->filters.included_resources; *name; name++)
        if (ark_order_is_never_restored(*name))
            fault(faults, "%s are never restored", *name);
    return faults_to_error(faults, "restore", out->name, error);
}

void ark_restore_spec_clear(ArkRestoreSpec *spec) {
    g_clear_pointer(&spec->name, g_free);
    g_clear_pointer(&spec->backup_name, g_free);
    g_clear_pointer(&spec->namespace_mapping, g_hash_table_unref);
    ark_include_exclude_clear(&spec->status);
    g_clear_pointer(&spec->init_hooks, ark_init_hooks_free);
    ark_filters_clear(&spec->filters);
}
