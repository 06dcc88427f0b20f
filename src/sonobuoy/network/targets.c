#include "sonobuoy/network/targets.h"

#include "base/text.h"
#include "kube/object.h"
#include "sonobuoy/registry.h"
#include "sonobuoy/resources.h"

#include <arpa/inet.h>
#include <string.h>

#define HTTPS ":443"
enum { TARGETS_MAX = 8, NODES_READ = 100 };

bool network_target_parse(const char *text, char **out_host, guint16 *out_port) {
    const char *colon = strrchr(text, ':');
    guint64 port;
    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, &port, NULL))
        return false;
    bool brackets = *text == '[' && colon - text > 2 && colon[-1] == ']';
    g_autofree char *host = g_strndup(text + brackets, (gsize)(colon - text) - 2 * (gsize)brackets);
    struct in6_addr address;
    if (brackets ? inet_pton(AF_INET6, host, &address) != 1 : !name_is_dns_subdomain(host, NULL))
        return false;
    if (out_host)
        *out_host = g_steal_pointer(&host);
    if (out_port)
        *out_port = (guint16)port;
    return true;
}

/* --- registries --------------------------------------------------------------------------------------- */

static bool is_outside(const char *host) {
    return strchr(host, '.') && !g_str_has_prefix(host, "127.") && !strstr(host, ".svc.") &&
           !g_str_has_suffix(host, ".svc") && !g_str_has_suffix(host, ".local") &&
           !g_str_has_suffix(host, ".localhost");
}

/* HOST:PORT of an image's registry, counted. */
static void count_registry(GHashTable *counts, const char *image) {
    g_auto(ImageName) name = {0};
    if (g_str_has_prefix(image, "sha256:") || *image == '<' || !image_name_parse(image, &name, NULL))
        return;
    bool has_port = strchr(name.host, ':') != NULL;
    g_autofree char *target = g_strconcat(name.host, has_port ? "" : HTTPS, NULL), *host = NULL;
    if (!network_target_parse(target, &host, NULL) || !is_outside(host))
        return;
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, target));
    g_hash_table_insert(counts, g_steal_pointer(&target), GUINT_TO_POINTER(count + 1));
}

static void count_images(GHashTable *counts, yyjson_val *node) {
    size_t index, count;
    yyjson_val *image;
    yyjson_arr_foreach(json_get(node, "status", "images"), index, count, image) {
        const char *name = yyjson_get_str(yyjson_arr_get_first(json_get(image, "names")));
        if (name)
            count_registry(counts, name);
    }
}

static int compare_counts(const void *a, const void *b, void *data) {
    const char *left = *(const char *const *)a, *right = *(const char *const *)b;
    guint of_left = GPOINTER_TO_UINT(g_hash_table_lookup(data, left)),
          of_right = GPOINTER_TO_UINT(g_hash_table_lookup(data, right));
    return of_left == of_right ? strcmp(left, right) : of_left < of_right ? 1 : -1;
}

/* --- clouds ----------------------------------------------------------------------------------------------- */

/* g_free() it; NULL: no cloud, or one that is not known. */
static char *cloud_of(yyjson_val *node) {
    const char *id = json_get_string(node, "spec", "providerID"),
               *region = json_get_string(json_get(node, "metadata", "labels"), "topology.kubernetes.io/region");
    if (!id)
        return NULL;
    if (g_str_has_prefix(id, "aws:") && region && name_is_dns_label(region, NULL))
        return g_strdup_printf("sts.%s.amazonaws.com" HTTPS, region);
    if (g_str_has_prefix(id, "gce:"))
        return g_strdup("compute.googleapis.com" HTTPS);
    return g_str_has_prefix(id, "azure:") ? g_strdup("management.azure.com" HTTPS) : NULL;
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

GStrv network_targets_of_cluster(KubeClient *client, GError **error) {
    g_autofree char *collection = kube_object_path(&resource_nodes, NULL, NULL);
    g_autofree char *path = g_strdup_printf("%s?limit=%d", collection, NODES_READ);
    g_autoptr(yyjson_doc) doc = kube_client_get(client, path, error);
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t index, nodes_count;
    yyjson_val *node;
    if (!doc)
        return NULL;
    yyjson_arr_foreach(json_get(yyjson_doc_get_root(doc), "items"), index, nodes_count, node) {
        char *cloud = cloud_of(node);
        count_images(counts, node);
        if (cloud)
            g_hash_table_insert(counts, cloud, GUINT_TO_POINTER(G_MAXUINT)); /* first of all */
    }
    guint count = 0;
    g_autofree gpointer *targets = g_hash_table_get_keys_as_array(counts, &count);
    g_qsort_with_data(targets, (gint)count, sizeof *targets, compare_counts, counts);
    g_autoptr(GStrvBuilder) first = g_strv_builder_new();
    for (guint i = 0; i < MIN(count, TARGETS_MAX); i++)
        g_strv_builder_add(first, targets[i]);
    return g_strv_builder_end(first);
}
