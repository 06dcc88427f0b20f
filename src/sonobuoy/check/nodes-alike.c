/* Nodes that should be alike: of one system, of one configuration. */
#include "sonobuoy/check/areas.h"

/* Nodes of one pool should be alike. */
static char *pool_of(yyjson_val *node) {
    static const char *const labels[] = {"karpenter.sh/nodepool",
                                         "cloud.google.com/gke-nodepool",
                                         "eks.amazonaws.com/nodegroup",
                                         "kubernetes.azure.com/agentpool",
                                         "agentpool",
                                         "doks.digitalocean.com/node-pool",
                                         "node.kubernetes.io/pool"};
    yyjson_val *all = json_get(node, "metadata", "labels");
    const char *pool = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(labels) && !pool; i++)
        pool = json_get_string(all, labels[i]);
    bool master =
        json_get(all, "node-role.kubernetes.io/control-plane") || json_get(all, "node-role.kubernetes.io/master");
    const char *system = json_get_string(node, "status", "nodeInfo", "operatingSystem"),
               *architecture = json_get_string(node, "status", "nodeInfo", "architecture");
    return g_strdup_printf("%s%s%s/%s", pool ? pool : "",
                           master ? "control plane, "
                           : pool ? ", "
                                  : "",
                           system ? system : "", architecture ? architecture : "");
}

GPtrArray *traits_new(void) {
    return g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
}

void traits_add(GPtrArray *traits, yyjson_val *node, bool whole_cluster, const char *what, const char *value) {
    char **trait = g_new0(char *, 5);
    trait[0] = g_strdup(name_of(node));
    trait[1] = whole_cluster ? g_strdup("") : pool_of(node);
    trait[2] = g_strdup(what);
    trait[3] = g_strdup(value ? value : "");
    g_ptr_array_add(traits, trait);
}

static char *trait_group(char *const *trait) {
    return g_strconcat(trait[1], "\n", trait[2], NULL);
}

/* What most of each group have: group to trait. */
static GHashTable *usual_traits(const GPtrArray *traits) {
    GHashTable *usual = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                          best = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < traits->len; i++) {
        char **trait = traits->pdata[i];
        char *group = trait_group(trait), *key = g_strconcat(group, "\n", trait[3], NULL);
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key)) + 1;
        g_hash_table_insert(counts, key, GUINT_TO_POINTER(count));
        if (count > GPOINTER_TO_UINT(g_hash_table_lookup(best, group))) {
            g_hash_table_insert(best, g_strdup(group), GUINT_TO_POINTER(count));
            g_hash_table_insert(usual, g_strdup(group), trait);
        }
        g_free(group);
    }
    return usual;
}

void traits_report(CheckResult *result, const GPtrArray *traits) {
    g_autoptr(GHashTable) usual = usual_traits(traits);
    for (guint i = 0; i < traits->len; i++) {
        char **trait = traits->pdata[i];
        g_autofree char *group = trait_group(trait);
        char **other = g_hash_table_lookup(usual, group);
        if (g_str_equal(trait[3], other[3]))
            continue;
        g_autofree char *object = g_strconcat("Node ", trait[0], NULL);
        check_warn(result, object, "%s is %s; of most%s%s it is %s, as of %s", trait[2],
                   *trait[3] ? trait[3] : "not set", *trait[1] ? " of its pool: " : "", trait[1],
                   *other[3] ? other[3] : "not set", other[0]);
    }
}

static void check_runtime_supported(const Snapshot *snapshot, CheckResult *result, yyjson_val *node) {
    const char *runtime = json_get_string(node, "status", "nodeInfo", "containerRuntimeVersion");
    gint64 minor = snapshot_version(snapshot)->minor ? g_ascii_strtoll(snapshot_version(snapshot)->minor, NULL, 10) : 0;
    g_autofree char *object = check_object("Node", node);
    if (!runtime)
        return;
    if (g_str_has_prefix(runtime, "docker://") && minor >= 24)
        check_warn(result, object, "its runtime is %s: kubelets take it only by cri-dockerd since 1.24", runtime);
    else if (g_str_has_prefix(runtime, "containerd://1.") && minor >= 36)
        check_fail(result, object, "its runtime is %s: 1.35 is the last release that supports containerd 1.x", runtime);
    else if (g_str_has_prefix(runtime, "containerd://1.") && minor == 35)
        check_warn(result, object, "its runtime is %s: the next release does not support containerd 1.x", runtime);
    else
        return;
    check_advise(result, "Drain %s, move it to containerd 2.x, and uncordon it.", name_of(node));
}

void check_nodes_systems(Snapshot *snapshot, CheckResult *result) {
    static const char *const fields[] = {"kernelVersion", "osImage", "containerRuntimeVersion"};
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    g_autoptr(GPtrArray) traits = traits_new();
    for (guint i = 0; i < nodes->len; i++) {
        yyjson_val *info = json_get(nodes->pdata[i], "status", "nodeInfo");
        if (!json_get(info, "kubeletVersion"))
            continue;
        for (size_t j = 0; j < G_N_ELEMENTS(fields); j++)
            traits_add(traits, nodes->pdata[i], false, fields[j], json_get_string(info, fields[j]));
        check_runtime_supported(snapshot, result, nodes->pdata[i]);
    }
    traits_report(result, traits);
    check_summary(result, "%u nodes", nodes->len);
}
