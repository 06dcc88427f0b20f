/* From the filters and what the server has: which kinds are listed, in which namespaces. */
#include "ark/capture-internal.h"
#include "base/text.h"
#include "kube/object.h"

#include <string.h>

/* --- namespaces ------------------------------------------------------------------------------- */

static void keep_namespace(ArkCapture *capture, yyjson_val *object) {
    const char *name = json_get_string(object, "metadata", "name");
    if (!name)
        return;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    json_mut_set_string(doc, root, "apiVersion", "v1");
    json_mut_set_string(doc, root, "kind", "Namespace");
    static const char *const parts[] = {"metadata", "spec", "status"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (json_get(object, parts[i]))
            json_mut_set(doc, root, parts[i], yyjson_val_mut_copy(doc, json_get(object, parts[i])));
    g_ptr_array_add(capture->namespace_names, g_strdup(name));
    g_hash_table_insert(capture->namespace_objects, g_strdup(name), json_mut_write(root, NULL));
}

static bool keep_namespace_page(yyjson_val *items, size_t bytes, void *data, GError **error) {
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item)
        keep_namespace(data, item);
    return true;
}

static bool is_everything(char **names) {
    return !names[0] || (g_str_equal(names[0], "*") && !names[1]);
}

/* Without the right to list namespaces: those that are named, one by one. What cannot be read is noted:
 * it matters where namespaces are to be stored. */
static void get_named_namespaces(ArkCapture *capture, const KubeResource *resource) {
    for (char **name = capture->request.spec->filters.included_namespaces; *name; name++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(yyjson_doc) doc = kube_object_get(capture->request.client, resource, NULL, *name, &error);
        if (doc) {
            keep_namespace(capture, yyjson_doc_get_root(doc));
        } else if (!g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
            g_ptr_array_add(capture->namespace_names, g_strdup(*name));
            g_hash_table_insert(capture->namespace_unread, g_strdup(*name), g_strdup(error->message));
        }
    }
}

/* That a namespace could not be read is an error where it is to be stored. */
static void tell_unread_namespaces(ArkCapture *capture) {
    GHashTableIter iter;
    char *name, *reason;
    g_hash_table_iter_init(&iter, capture->namespace_unread);
    while (g_hash_table_iter_next(&iter, (void **)&name, (void **)&reason)) {
        if (!ark_resource_filter_lists(&capture->kinds,
                                       kube_discovery_resource(capture->discovery, "", NULL, "namespaces")))
            continue;
        ark_results_error(capture->request.results, name,
                          "the namespace itself could not be read and is not in the backup: %s", reason);
    }
}

static bool find_namespaces(ArkCapture *capture, GError **error) {
    const KubeResource *resource = kube_discovery_resource(capture->discovery, "", NULL, "namespaces");
    if (!resource) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED,
                            "the server has no namespaces: is this a Kubernetes API server?");
        return false;
    }
    KubeListQuery query = {
        .resource = resource, .resource_version = capture->revision, .limit = capture->request.page_size};
    g_auto(KubeListResult) result = {0};
    g_autoptr(GError) failure = NULL;
    if (kube_list(capture->request.client, &query, keep_namespace_page, capture, &result, &failure))
        return true;
    if (!g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORBIDDEN)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "namespaces cannot be listed: ");
        return false;
    }
    char **included = capture->request.spec->filters.included_namespaces;
    bool by_name = !is_everything(included);
    for (char **name = included; *name; name++)
        by_name = by_name && !strpbrk(*name, "*?[");
    if (!by_name) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_FORBIDDEN,
                    "%s; name what you may read with --include-namespaces, without wildcards", failure->message);
        return false;
    }
    get_named_namespaces(capture, resource);
    return true;
}

static void tell_missing_namespace(ArkCapture *capture, const char *name) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < capture->namespace_names->len; i++)
        g_ptr_array_add(names, g_ptr_array_index(capture->namespace_names, i));
    g_ptr_array_add(names, NULL);
    g_autofree char *hint = text_did_you_mean(text_nearest(name, (const char *const *)names->pdata));
    ark_results_error(capture->request.results, NULL, "namespace %s of the filter does not exist%s", name, hint);
}

/* The filters over the namespaces that exist; those marked to be left out are. */
static bool filter_namespaces(ArkCapture *capture, GError **error) {
    const ArkFilters *filters = &capture->request.spec->filters;
    g_autoptr(GPtrArray) excludes = g_ptr_array_new();
    for (char **name = filters->excluded_namespaces; *name; name++)
        g_ptr_array_add(excludes, *name);
    for (guint i = 0; i < capture->namespace_names->len; i++) {
        const char *name = g_ptr_array_index(capture->namespace_names, i),
                   *text = g_hash_table_lookup(capture->namespace_objects, name);
        g_autoptr(yyjson_doc) doc = text ? json_parse(text, strlen(text), name, NULL) : NULL;
        yyjson_val *labels = json_get(yyjson_doc_get_root(doc), "metadata", "labels");
        if (g_strcmp0(json_get_string(labels, "velero.io/exclude-from-backup"), "true") != 0)
            continue;
        if (g_strv_contains((const char *const *)filters->included_namespaces, name)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                        "namespace %s is included by name, but excluded by its label "
                        "velero.io/exclude-from-backup=true; take off the one or the other",
                        name);
            return false;
        }
        g_ptr_array_add(excludes, (void *)name);
    }
    g_ptr_array_add(excludes, NULL);
    if (!ark_namespace_filter_init(&capture->namespaces, (const char *const *)filters->included_namespaces,
                                   (const char *const *)excludes->pdata, capture->namespace_names, error))
        return false;
    if (capture->namespaces.expanded && capture->namespaces.lists.includes->len == 0)
        ark_results_warning(capture->request.results, NULL,
                            "no namespace matches the patterns of the filter; nothing of a namespace is in the backup");
    const GPtrArray *includes = capture->namespaces.lists.includes;
    for (guint i = 0; i < includes->len; i++) {
        const char *name = g_ptr_array_index(includes, i);
        bool known = g_str_equal(name, "*") || g_hash_table_contains(capture->namespace_objects, name);
        for (guint k = 0; !known && k < capture->namespace_names->len; k++)
            known = g_str_equal(g_ptr_array_index(capture->namespace_names, k), name);
        if (!known)
            tell_missing_namespace(capture, name);
    }
    return true;
}

/* Namespaces that are stored because of their name or labels, without an object in them. */
static void choose_namespaces(ArkCapture *capture) {
    const ArkFilters *filters = &capture->request.spec->filters;
    bool by_label_only = ark_include_exclude_is_everything(&capture->namespaces.lists) && filters->selectors->len > 0;
    GHashTableIter iter;
    char *name, *text;
    g_hash_table_iter_init(&iter, capture->namespace_objects);
    while (g_hash_table_iter_next(&iter, (void **)&name, (void **)&text)) {
        g_autoptr(yyjson_doc) doc = json_parse(text, strlen(text), name, NULL);
        yyjson_val *root = yyjson_doc_get_root(doc);
        if (g_strcmp0(json_get_string(root, "status", "phase"), "Active") != 0)
            continue;
        bool by_label =
            filters->selectors->len > 0 && ark_filters_match_labels(filters, json_get(root, "metadata", "labels"));
        if (by_label || (!by_label_only && ark_namespace_filter_has(&capture->namespaces, name)))
            g_hash_table_add(capture->namespace_chosen, g_strdup(name));
    }
}

/* --- kinds --------------------------------------------------------------------------------------- */

/* Kinds that two groups serve are stored once, under the first one met. */
static bool is_seen_cohabitant(GHashTable *seen, const KubeResource *resource) {
    static const struct {
        const char *name, *group1, *group2;
    } table[] = {
        {"deployments", "extensions", "apps"}, {"daemonsets", "extensions", "apps"},
        {"replicasets", "extensions", "apps"}, {"networkpolicies", "extensions", "networking.k8s.io"},
        {"events", "", "events.k8s.io"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (g_str_equal(table[i].name, resource->name) &&
            (g_str_equal(table[i].group1, resource->group) || g_str_equal(table[i].group2, resource->group)))
            return !g_hash_table_add(seen, (void *)table[i].name);
    return false;
}

static int core_priority(const KubeResource *resource) {
    static const char *const first[] = {"pods", "persistentvolumeclaims", "persistentvolumes"};
    for (int i = 0; i < 3; i++)
        if (!*resource->group && g_str_equal(resource->name, first[i]))
            return i;
    return g_str_equal(resource->group, "extensions") ? 5 : *resource->group ? 4 : 3;
}

static void add_tasks_of(ArkCapture *capture, const KubeResource *resource) {
    bool all = !resource->namespaced || ark_namespace_filter_has(&capture->namespaces, "*");
    const GPtrArray *includes = capture->namespaces.lists.includes;
    for (guint i = 0; i < (all ? 1 : includes->len); i++) {
        const char *space = all ? NULL : g_ptr_array_index(includes, i);
        if (space && !ark_namespace_filter_has(&capture->namespaces, space))
            continue;
        ArkListTask *task = g_new0(ArkListTask, 1);
        *task = (ArkListTask){resource, g_strdup(space)};
        g_ptr_array_add(capture->tasks, task);
    }
}

static void add_tasks(ArkCapture *capture) {
    const GPtrArray *all = kube_discovery_all(capture->discovery);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    /* Velero leaves these to its CSI actions; they come with volume snapshots. */
    static const char *const left_out[] = {"volumesnapshots.snapshot.storage.k8s.io",
                                           "volumesnapshotcontents.snapshot.storage.k8s.io", NULL};
    for (int priority = 0; priority <= 5; priority++)
        for (guint i = 0; i < all->len; i++) {
            const KubeResource *resource = g_ptr_array_index(all, i);
            bool whole = resource->can_list && resource->can_create && resource->can_get && resource->can_delete;
            if (core_priority(resource) != priority || !resource->preferred || !whole ||
                g_str_equal(resource->group_resource, "namespaces") ||
                g_strv_contains(left_out, resource->group_resource))
                continue;
            if (!ark_resource_filter_lists(&capture->kinds, resource) || is_seen_cohabitant(seen, resource))
                continue;
            add_tasks_of(capture, resource);
        }
}

/* The revision that all lists are asked for. */
static void find_revision(ArkCapture *capture) {
    static const char *const candidates[] = {"namespaces", "configmaps", "pods", "services", "secrets"};
    char **spaces = capture->request.spec->filters.included_namespaces;
    const char *space = is_everything(spaces) || strpbrk(spaces[0], "*?[") ? NULL : spaces[0];
    g_autoptr(GError) error = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(candidates) && !capture->revision; i++) {
        const KubeResource *resource = kube_discovery_resource(capture->discovery, "", NULL, candidates[i]);
        g_clear_error(&error);
        if (resource)
            capture->revision = kube_list_revision(capture->request.client, resource, space, &error);
    }
    if (!capture->revision)
        ark_results_warning(capture->request.results, NULL,
                            "no revision could be found, each kind is listed at its own: %s",
                            error ? error->message : "");
}

bool ark_capture_select(ArkCapture *capture, GError **error) {
    capture->discovery = kube_discovery_new(capture->request.client, error);
    if (!capture->discovery)
        return false;
    const GPtrArray *failures = kube_discovery_failures(capture->discovery);
    for (guint i = 0; i < failures->len; i++)
        (capture->request.strict ? ark_results_error : ark_results_warning)(
            capture->request.results, NULL, "an API group could not be discovered, its objects are not read: %s",
            (const char *)g_ptr_array_index(failures, i));
    if (capture->request.consistent)
        find_revision(capture);
    if (!find_namespaces(capture, error) || !filter_namespaces(capture, error))
        return false;
    ArkResourceFilterSpec kinds = ark_filters_resources(&capture->request.spec->filters);
    ark_resource_filter_init(&capture->kinds, &kinds, capture->discovery, &capture->namespaces);
    ArkResourceFilterSpec policy = ark_policies_resources(&capture->policies);
    if (capture->policies.has_kinds)
        ark_resource_filter_add_policy(&capture->kinds, &policy, capture->discovery);
    for (guint i = 0; i < capture->kinds.unknown->len; i++) {
        const char *name = g_ptr_array_index(capture->kinds.unknown, i);
        g_autofree char *hint = text_did_you_mean(kube_discovery_nearest(capture->discovery, name));
        ark_results_warning(capture->request.results, NULL, "the server has no kind \"%s\", which a filter names%s",
                            name, hint);
    }
    tell_unread_namespaces(capture);
    choose_namespaces(capture);
    add_tasks(capture);
    return true;
}
