#include "ark/versions.h"

#include "kube/object.h"

#include <string.h>

/* --- what the user wants ---------------------------------------------------------------------- */

ArkVersionPriorities *ark_versions_parse(const char *text) {
    GHashTable *out = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *equals = strchr(*line, '=');
        if (!equals)
            continue;
        *equals = '\0';
        g_strstrip(*line);
        GStrv versions = g_strsplit(g_strstrip(equals + 1), ",", -1);
        for (char **version = versions; *version; version++)
            g_strstrip(*version);
        g_hash_table_insert(out, g_strdup(*line), versions);
    }
    return out;
}

ArkVersionPriorities *ark_versions_read(KubeClient *client, const KubeDiscovery *discovery, const char *namespace_,
                                        GError **error) {
    const KubeResource *resource = kube_discovery_resource(discovery, "", NULL, "configmaps");
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) doc =
        resource ? kube_object_get(client, resource, namespace_, "enableapigroupversions", &failure) : NULL;
    if (failure && !g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND) &&
        !g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORBIDDEN))
        g_propagate_error(error, g_steal_pointer(&failure));
    const char *text = json_get_string(yyjson_doc_get_root(doc), "data", "restoreResourcesVersionPriority");
    return text ? ark_versions_parse(text) : NULL;
}

/* --- Kubernetes' order ------------------------------------------------------------------------------ */

typedef struct {
    int level; /* 3: v1, 2: v1beta1, 1: v1alpha1, 0: none of these */
    guint64 major, minor;
} Version;

static Version version_of(const char *text) {
    g_autoptr(GRegex) form = g_regex_new("^v([1-9][0-9]{0,8})(?:(alpha|beta)([1-9][0-9]{0,8}))?$", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    if (!g_regex_match(form, text, 0, &match))
        return (Version){0};
    g_autofree char *major = g_match_info_fetch(match, 1), *stage = g_match_info_fetch(match, 2),
                    *minor = g_match_info_fetch(match, 3);
    int level = !stage || !*stage ? 3 : g_str_equal(stage, "beta") ? 2 : 1;
    return (Version){level, g_ascii_strtoull(major, NULL, 10), minor ? g_ascii_strtoull(minor, NULL, 10) : 0};
}

int ark_versions_compare(const char *a, const char *b) {
    Version x = version_of(a), y = version_of(b);
    if (x.level != y.level)
        return y.level - x.level;
    if (x.major != y.major)
        return x.major > y.major ? -1 : 1;
    if (x.minor != y.minor)
        return x.minor > y.minor ? -1 : 1;
    return strcmp(a, b);
}

/* --- choice -------------------------------------------------------------------------------------------- */

typedef struct {
    const ArkIndexKind *kind;
    const KubeDiscovery *discovery;
    char *name;        /* plural */
    const char *group; /* "" for core */
} Choice;

static const char *version_at(const ArkIndexKind *kind, guint i) {
    return ((const ArkIndexVersion *)g_ptr_array_index(kind->versions, i))->version;
}

static bool both_have(const Choice *choice, const char *version) {
    if (!version || !kube_discovery_resource(choice->discovery, choice->group, version, choice->name))
        return false;
    if (g_strcmp0(version, choice->kind->preferred_version) == 0)
        return true;
    for (guint i = 0; i < choice->kind->versions->len; i++)
        if (g_str_equal(version_at(choice->kind, i), version))
            return true;
    return false;
}

static const char *highest_of_both(const Choice *choice) {
    const char *highest = NULL;
    for (guint i = 0; i < choice->kind->versions->len; i++) {
        const char *version = version_at(choice->kind, i);
        if (both_have(choice, version) && (!highest || ark_versions_compare(version, highest) < 0))
            highest = version;
    }
    return highest;
}

static const char *choose(const Choice *choice, char **wanted) {
    for (char **version = wanted; version && *version; version++)
        if (both_have(choice, *version))
            return *version;
    const char *preferred = kube_discovery_preferred_version(choice->discovery, choice->group);
    if (both_have(choice, preferred))
        return preferred;
    if (both_have(choice, choice->kind->preferred_version))
        return choice->kind->preferred_version;
    return highest_of_both(choice);
}

void ark_versions_choose(ArkIndex *index, const KubeDiscovery *discovery, ArkVersionPriorities *priorities) {
    const GPtrArray *kinds = ark_index_kinds(index);
    for (guint i = 0; i < kinds->len; i++) {
        const ArkIndexKind *kind = g_ptr_array_index(kinds, i);
        const char *dot = strchr(kind->group_resource, '.');
        if (kind->versions->len == 0)
            continue;
        Choice choice = {.kind = kind,
                         .discovery = discovery,
                         .name = dot ? g_strndup(kind->group_resource, (gsize)(dot - kind->group_resource))
                                     : g_strdup(kind->group_resource),
                         .group = dot ? dot + 1 : ""};
        const char *version =
            choose(&choice, priorities ? g_hash_table_lookup(priorities, kind->group_resource) : NULL);
        if (version && g_strcmp0(version, kind->preferred_version) != 0)
            ark_index_use_version(index, kind->group_resource, version);
        g_free(choice.name);
    }
}
