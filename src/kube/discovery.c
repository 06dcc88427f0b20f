#include "kube/discovery-internal.h"

#include "base/text.h"

#include <string.h>

struct KubeDiscovery {
    GPtrArray *resources;  /* KubeResource, in the server's order */
    GPtrArray *failures;   /* char * */
    GHashTable *preferred; /* group -> its preferred version */
};

static void resource_free(void *data) {
    KubeResource *resource = data;
    g_free(resource->group);
    g_free(resource->version);
    g_free(resource->kind);
    g_free(resource->name);
    g_free(resource->singular);
    g_strfreev(resource->short_names);
    g_free(resource->group_resource);
    g_free(resource->api_version);
    g_free(resource->base_path);
    g_free(resource);
}

void kube_discovery_free(KubeDiscovery *discovery) {
    if (!discovery)
        return;
    g_ptr_array_unref(discovery->resources);
    g_ptr_array_unref(discovery->failures);
    g_hash_table_unref(discovery->preferred);
    g_free(discovery);
}

static void set_verbs(KubeResource *resource, yyjson_val *verbs) {
    g_auto(GStrv) list = json_strings(verbs);
    const char *const *have = (const char *const *)list;
    resource->can_list = g_strv_contains(have, "list");
    resource->can_create = g_strv_contains(have, "create");
    resource->can_get = g_strv_contains(have, "get");
    resource->can_delete = g_strv_contains(have, "delete");
    resource->can_watch = g_strv_contains(have, "watch");
    resource->can_update = g_strv_contains(have, "update");
}

static void add_failure(KubeDiscovery *discovery, const char *group, const char *version, const char *reason) {
    g_ptr_array_add(discovery->failures, g_strdup_printf("%s%s%s: %s", group, *group ? "/" : "", version, reason));
}

/* Whether a group's version can be asked for: both go into paths, of requests and of archives. */
static bool check_version(KubeDiscovery *discovery, const char *group, const char *version) {
    if ((!*group || name_is_dns_subdomain(group, NULL)) && name_is_dns_label(version, NULL))
        return true;
    g_autofree char *shown_group = g_strescape(group, NULL), *shown_version = g_strescape(version, NULL);
    add_failure(discovery, shown_group, shown_version, "the server names a group or version that cannot be one");
    return false;
}

/* Letters and digits: it goes into JSON as it is. */
static bool kind_is_plain(const char *kind) {
    for (const char *c = kind; *c; c++)
        if (!g_ascii_isalnum(*c) && *c != '-' && *c != '_' && *c != '.')
            return false;
    return true;
}

/* Adds a kind; NULL when the entry is not one (no plural name or kind). */
static KubeResource *add_resource(KubeDiscovery *discovery, const char *group, const char *version, const char *name,
                                  const char *kind, yyjson_val *verbs) {
    if (!name || !*name || !kind || !*kind)
        return NULL;
    if (!name_is_dns_label(name, NULL) || !kind_is_plain(kind)) {
        g_autofree char *shown = g_strescape(name, NULL), *shown_kind = g_strescape(kind, NULL);
        g_autofree char *reason =
            g_strdup_printf("the server names a kind that cannot be one: %s (%s)", shown, shown_kind);
        add_failure(discovery, group, version, reason);
        return NULL;
    }
    KubeResource *resource = g_new0(KubeResource, 1);
    resource->group = g_strdup(group);
    resource->version = g_strdup(version);
    resource->kind = g_strdup(kind);
    resource->name = g_strdup(name);
    resource->group_resource = *group ? g_strdup_printf("%s.%s", name, group) : g_strdup(name);
    resource->api_version = *group ? g_strdup_printf("%s/%s", group, version) : g_strdup(version);
    resource->base_path = *group ? g_strdup_printf("/apis/%s/%s", group, version) : g_strdup_printf("/api/%s", version);
    set_verbs(resource, verbs);
    g_ptr_array_add(discovery->resources, resource);
    return resource;
}

/* --- aggregated: one answer with all groups ------------------------------------------ */

static void add_aggregated_resource(KubeDiscovery *discovery, const char *group, const char *version,
                                    yyjson_val *entry) {
    KubeResource *resource = add_resource(discovery, group, version, json_get_string(entry, "resource"),
                                          json_get_string(entry, "responseKind", "kind"), json_get(entry, "verbs"));
    if (!resource)
        return;
    resource->namespaced = g_strcmp0(json_get_string(entry, "scope"), "Namespaced") == 0;
    resource->singular = g_strdup(json_get_string(entry, "singularResource"));
    resource->short_names = json_strings(json_get(entry, "shortNames"));
    size_t index, count;
    yyjson_val *sub;
    yyjson_arr_foreach(json_get(entry, "subresources"), index, count, sub) {
        if (g_strcmp0(json_get_string(sub, "subresource"), "status") == 0)
            resource->has_status = true;
    }
}

static void add_aggregated_group(KubeDiscovery *discovery, yyjson_val *entry) {
    const char *group = json_get_string(entry, "metadata", "name");
    group = group ? group : "";
    size_t index, count, inner, inner_count;
    yyjson_val *version, *resource;
    yyjson_arr_foreach(json_get(entry, "versions"), index, count, version) {
        const char *name = json_get_string(version, "version");
        if (!name || !check_version(discovery, group, name))
            continue;
        if (!g_hash_table_contains(discovery->preferred, group))
            g_hash_table_insert(discovery->preferred, g_strdup(group), g_strdup(name));
        if (g_strcmp0(json_get_string(version, "freshness"), "Stale") == 0) {
            /* What it served once may be named here still; as elsewhere, that is not asked for. */
            add_failure(discovery, group, name, "its API server does not answer (stale discovery)");
            continue;
        }
        yyjson_arr_foreach(json_get(version, "resources"), inner, inner_count, resource)
            add_aggregated_resource(discovery, group, name, resource);
    }
}

/* Whether the document is of that kind; INVALID otherwise. */
static bool check_kind(yyjson_val *root, const char *kind, const char *what, GError **error) {
    if (g_strcmp0(json_get_string(root, "kind"), kind) == 0)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                "the answer of %s is no %s; check that the kubeconfig's server is a Kubernetes API server", what, kind);
    return false;
}

int kube_discovery_add_aggregated(KubeDiscovery *discovery, const char *text, size_t length, const char *what,
                                  GError **error) {
    g_autoptr(yyjson_doc) doc = json_parse(text, length, what, error);
    if (!doc) {
        g_prefix_error(error, "check that the kubeconfig's server is a Kubernetes API server: ");
        return -1;
    }
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (g_strcmp0(json_get_string(root, "kind"), "APIGroupDiscoveryList") != 0)
        return 0;
    size_t index, count;
    yyjson_val *group;
    yyjson_arr_foreach(json_get(root, "items"), index, count, group)
        add_aggregated_group(discovery, group);
    return 1;
}

/* 1: added; 0: the server does not aggregate; -1: error. */
static int discover_aggregated(KubeClient *client, KubeDiscovery *discovery, const char *path, GError **error) {
    KubeRequest request = {
        .method = "GET",
        .path = path,
        .accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
                  "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
    };
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    if (!kube_client_request(client, &request, &response, &failure)) {
        if (response.status == 406) /* what stands before an API server may know plain JSON alone */
            return 0;
        g_propagate_error(error, g_steal_pointer(&failure));
        return -1;
    }
    return kube_discovery_add_aggregated(discovery, (const char *)response.body->data, response.body->len, path, error);
}

/* --- classic: a request a group and version -------------------------------------------- */

bool kube_discovery_add_classic(KubeDiscovery *discovery, const char *group, const char *version, const char *text,
                                size_t length, const char *what, GError **error) {
    g_autoptr(yyjson_doc) doc = json_parse(text, length, what, error);
    if (!doc || !check_kind(yyjson_doc_get_root(doc), "APIResourceList", what, error))
        return false;
    g_autoptr(GHashTable) with_status = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint first = discovery->resources->len;
    size_t index, count;
    yyjson_val *entry;
    yyjson_arr_foreach(json_get(yyjson_doc_get_root(doc), "resources"), index, count, entry) {
        const char *name = json_get_string(entry, "name");
        const char *slash = name ? strchr(name, '/') : NULL;
        if (slash) {
            if (g_str_equal(slash, "/status"))
                g_hash_table_add(with_status, g_strndup(name, (gsize)(slash - name)));
            continue;
        }
        KubeResource *resource =
            add_resource(discovery, group, version, name, json_get_string(entry, "kind"), json_get(entry, "verbs"));
        if (!resource)
            continue;
        resource->namespaced = yyjson_is_true(json_get(entry, "namespaced"));
        resource->singular = g_strdup(json_get_string(entry, "singularName"));
        resource->short_names = json_strings(json_get(entry, "shortNames"));
    }
    for (guint i = first; i < discovery->resources->len; i++) {
        KubeResource *resource = g_ptr_array_index(discovery->resources, i);
        resource->has_status = g_hash_table_contains(with_status, resource->name);
    }
    return true;
}

/* A version that cannot be had is a failure of its own; false, with the error, for a cancellation. */
static bool discover_version(KubeClient *client, KubeDiscovery *discovery, const char *group, const char *version,
                             GError **error) {
    enum { PATIENCE_S = 20 }; /* a broken aggregated API must not hold up the rest */
    if (!check_version(discovery, group, version))
        return true;
    g_autofree char *path =
        *group ? g_strdup_printf("/apis/%s/%s", group, version) : g_strdup_printf("/api/%s", version);
    g_autoptr(GError) failure = NULL;
    g_auto(HttpResponse) response = {0};
    KubeRequest request = {.method = "GET", .path = path, .timeout_s = *group ? PATIENCE_S : 0};
    if (kube_client_request(client, &request, &response, &failure) &&
        kube_discovery_add_classic(discovery, group, version, (const char *)response.body->data, response.body->len,
                                   path, &failure))
        return true;
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    add_failure(discovery, group, version, failure->message);
    return true;
}

static bool discover_classic_core(KubeClient *client, KubeDiscovery *discovery, GError **error) {
    g_autoptr(yyjson_doc) doc = kube_client_get(client, "/api", error);
    if (!doc || !check_kind(yyjson_doc_get_root(doc), "APIVersions", "/api", error))
        return false;
    size_t index, count;
    yyjson_val *version;
    yyjson_arr_foreach(json_get(yyjson_doc_get_root(doc), "versions"), index, count, version) {
        const char *name = yyjson_get_str(version);
        if (!name)
            continue;
        if (!g_hash_table_contains(discovery->preferred, ""))
            g_hash_table_insert(discovery->preferred, g_strdup(""), g_strdup(name));
        if (!discover_version(client, discovery, "", name, error))
            return false;
    }
    return true;
}

static bool discover_classic_groups(KubeClient *client, KubeDiscovery *discovery, GError **error) {
    g_autoptr(yyjson_doc) doc = kube_client_get(client, "/apis", error);
    if (!doc || !check_kind(yyjson_doc_get_root(doc), "APIGroupList", "/apis", error))
        return false;
    size_t index, count, inner, inner_count;
    yyjson_val *group, *version;
    yyjson_arr_foreach(json_get(yyjson_doc_get_root(doc), "groups"), index, count, group) {
        const char *name = json_get_string(group, "name");
        const char *preferred = json_get_string(group, "preferredVersion", "version");
        if (!name || !*name)
            continue;
        if (preferred) {
            g_hash_table_insert(discovery->preferred, g_strdup(name), g_strdup(preferred));
            if (!discover_version(client, discovery, name, preferred, error))
                return false;
        }
        yyjson_arr_foreach(json_get(group, "versions"), inner, inner_count, version) {
            const char *other = json_get_string(version, "version");
            if (other && g_strcmp0(other, preferred) != 0 && !discover_version(client, discovery, name, other, error))
                return false;
        }
    }
    return true;
}

void kube_discovery_mark_preferred(KubeDiscovery *discovery) {
    g_autoptr(GHashTable) chosen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < discovery->resources->len; i++) {
        KubeResource *resource = g_ptr_array_index(discovery->resources, i);
        KubeResource *old = g_hash_table_lookup(chosen, resource->group_resource);
        const char *version = g_hash_table_lookup(discovery->preferred, resource->group);
        if (old && g_strcmp0(resource->version, version) != 0)
            continue;
        if (old)
            old->preferred = false;
        resource->preferred = true;
        g_hash_table_replace(chosen, resource->group_resource, resource);
    }
}

KubeDiscovery *kube_discovery_new_empty(void) {
    KubeDiscovery *discovery = g_new0(KubeDiscovery, 1);
    discovery->resources = g_ptr_array_new_with_free_func(resource_free);
    discovery->failures = g_ptr_array_new_with_free_func(g_free);
    discovery->preferred = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return discovery;
}

KubeDiscovery *kube_discovery_new(KubeClient *client, GError **error) {
    g_autoptr(KubeDiscovery) discovery = kube_discovery_new_empty();
    int core = discover_aggregated(client, discovery, "/api", error);
    if (core < 0)
        return NULL;
    int groups = core ? discover_aggregated(client, discovery, "/apis", error) : 0;
    if (groups < 0)
        return NULL;
    if (!core && !discover_classic_core(client, discovery, error))
        return NULL;
    if (!groups && !discover_classic_groups(client, discovery, error))
        return NULL;
    kube_discovery_mark_preferred(discovery);
    return g_steal_pointer(&discovery);
}

const GPtrArray *kube_discovery_all(const KubeDiscovery *discovery) {
    return discovery->resources;
}

const GPtrArray *kube_discovery_failures(const KubeDiscovery *discovery) {
    return discovery->failures;
}

/* Whether `text` (lower case) names the kind: plural, singular, short or kind. */
static bool answers_to(const KubeResource *resource, const char *text) {
    return g_str_equal(resource->name, text) || g_strcmp0(resource->singular, text) == 0 ||
           (resource->short_names && g_strv_contains((const char *const *)resource->short_names, text)) ||
           g_ascii_strcasecmp(resource->kind, text) == 0;
}

const KubeResource *kube_discovery_find(const KubeDiscovery *discovery, const char *text) {
    g_autofree char *lower = g_ascii_strdown(text, -1);
    g_auto(GStrv) parts = g_strsplit(lower, ".", 2);
    if (!parts[0] || !*parts[0])
        return NULL;
    const char *group = parts[1];
    const char *dot = group ? strchr(group, '.') : NULL;
    g_autofree char *version = dot ? g_strndup(group, (gsize)(dot - group)) : NULL;
    const KubeResource *by_version = NULL;
    /* Plural names win over short ones: a CRD's short name must not hide a kind. */
    for (int by_name = 1; by_name >= 0; by_name--)
        for (guint i = 0; i < discovery->resources->len; i++) {
            const KubeResource *resource = g_ptr_array_index(discovery->resources, i);
            if (by_name ? !g_str_equal(resource->name, parts[0]) : !answers_to(resource, parts[0]))
                continue;
            if (resource->preferred && (!group || g_str_equal(group, resource->group)))
                return resource;
            /* "deployments.v1.apps" and, for the core group, "pods.v1" */
            bool versioned =
                group &&
                ((version && g_str_equal(version, resource->version) && g_str_equal(dot + 1, resource->group)) ||
                 (!*resource->group && g_str_equal(group, resource->version)));
            if (versioned && !by_version)
                by_version = resource;
        }
    return by_version;
}

const char *kube_discovery_nearest(const KubeDiscovery *discovery, const char *text) {
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (guint i = 0; i < discovery->resources->len; i++) {
        const KubeResource *resource = g_ptr_array_index(discovery->resources, i);
        if (!resource->preferred)
            continue;
        char *const names[] = {resource->group_resource, resource->name, resource->singular, resource->kind};
        for (size_t k = 0; k < G_N_ELEMENTS(names); k++)
            if (names[k] && *names[k])
                g_ptr_array_add(words, names[k]);
    }
    g_ptr_array_add(words, NULL);
    const char *nearest = text_nearest(text, (const char *const *)words->pdata);
    const KubeResource *resource = nearest ? kube_discovery_find(discovery, nearest) : NULL;
    return resource ? resource->group_resource : NULL;
}

const KubeResource *kube_discovery_resource(const KubeDiscovery *discovery, const char *group, const char *version,
                                            const char *name) {
    for (guint i = 0; i < discovery->resources->len; i++) {
        const KubeResource *resource = g_ptr_array_index(discovery->resources, i);
        if (g_str_equal(resource->name, name) && g_str_equal(resource->group, group) &&
            (version ? g_str_equal(resource->version, version) : resource->preferred))
            return resource;
    }
    return NULL;
}

const KubeResource *kube_discovery_kind(const KubeDiscovery *discovery, const char *api_version, const char *kind) {
    for (guint i = 0; i < discovery->resources->len; i++) {
        const KubeResource *resource = g_ptr_array_index(discovery->resources, i);
        if (g_str_equal(resource->kind, kind) && g_str_equal(resource->api_version, api_version))
            return resource;
    }
    return NULL;
}

const char *kube_discovery_preferred_version(const KubeDiscovery *discovery, const char *group) {
    return g_hash_table_lookup(discovery->preferred, group);
}

bool kube_version_get(KubeClient *client, KubeVersion *out, GError **error) {
    g_autoptr(yyjson_doc) doc = kube_client_get(client, "/version", error);
    if (!doc)
        return false;
    yyjson_val *root = yyjson_doc_get_root(doc);
    *out = (KubeVersion){.major = g_strdup(json_get_string(root, "major")),
                         .minor = g_strdup(json_get_string(root, "minor")),
                         .git_version = g_strdup(json_get_string(root, "gitVersion"))};
    return true;
}

void kube_version_clear(KubeVersion *version) {
    g_clear_pointer(&version->major, g_free);
    g_clear_pointer(&version->minor, g_free);
    g_clear_pointer(&version->git_version, g_free);
}
