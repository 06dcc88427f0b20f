/* version, and the words that completion asks for. */
#include "ark/catalog.h"
#include "ark/cli/common.h"
#include "ark/cli/settings.h"
#include "base/text.h"
#include "kube/discovery.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

typedef struct {
    Common common;
    bool client_only;
} Options;

static int run_version(const CommandCall *call, void *data) {
    const Options *options = data;
    printf("Client:\n\tVersion: v" SEAWORTHY_VERSION "\n\tBackup format: 1.1.0\n");
    if (options->client_only)
        return EXIT_DONE;
    GError *error = NULL;
    KubeVersion version = {0};
    g_autoptr(KubeClient) client = cli_client(&options->common, 1, &error);
    if (client && kube_version_get(client, &version, &error))
        printf("Cluster:\n\tVersion: %s\n", version.git_version ? version.git_version : "?");
    kube_version_clear(&version);
    if (!error)
        return EXIT_DONE;
    fprintf(stderr, "ark: the cluster's version is not known: %s\n", error->message);
    g_error_free(error);
    return EXIT_FAILED;
}

/* --- words for completion: soon, or none ------------------------------------------------------ */

enum { COMPLETION_SECONDS = 2 };

static GStrv names_of(GPtrArray *names) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; names && i < names->len; i++)
        g_strv_builder_add(builder, g_ptr_array_index(names, i));
    return g_strv_builder_end(builder);
}

static GStrv namespaces(const Common *common) {
    g_autoptr(KubeClient) client = cli_client(common, 1, NULL);
    g_autoptr(yyjson_doc) doc = client ? kube_client_get(client, "/api/v1/namespaces?limit=500", NULL) : NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(json_get(yyjson_doc_get_root(doc), "items"), index, count, item) {
        const char *name = json_get_string(item, "metadata", "name");
        if (name && name_is_dns_label(name, NULL))
            g_ptr_array_add(names, (void *)name);
    }
    return names_of(names);
}

static GStrv resources(const Common *common) {
    g_autoptr(KubeClient) client = cli_client(common, 2, NULL);
    g_autoptr(KubeDiscovery) discovery = client ? kube_discovery_new(client, NULL) : NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; discovery && i < kube_discovery_all(discovery)->len; i++) {
        const KubeResource *resource = g_ptr_array_index(kube_discovery_all(discovery), i);
        if (resource->preferred && resource->can_list && name_is_dns_subdomain(resource->group_resource, NULL))
            g_ptr_array_add(names, resource->group_resource);
    }
    return names_of(names);
}

static GStrv stored(const Common *common, ArkCatalogKind kind) {
    g_autoptr(Store) store = cli_store(common, NULL);
    g_autoptr(GPtrArray) folders = store ? ark_catalog_folders(store, kind, NULL) : NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; folders && i < folders->len; i++)
        if (name_is_dns_subdomain(g_ptr_array_index(folders, i), NULL))
            g_ptr_array_add(names, g_ptr_array_index(folders, i));
    return names_of(names);
}

GStrv cli_words(const char *source, const void *options) {
    Common common = *(const Common *)options;
    common.kube.request_timeout = COMPLETION_SECONDS * G_USEC_PER_SEC;
    if (g_str_equal(source, "namespaces"))
        return namespaces(&common);
    if (g_str_equal(source, "resources"))
        return resources(&common);
    if (g_str_equal(source, "contexts"))
        return kube_config_contexts(common.kube.kubeconfig);
    if (g_str_equal(source, "locations"))
        return settings_location_names();
    return stored(&common, g_str_equal(source, "restores") ? ARK_RESTORES : ARK_BACKUPS);
}

static const Option version_options[] = {
    {.name = "client-only",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, client_only),
     .help = "Do not ask the cluster."},
    {0},
};
static const Option *const version_tables[] = {version_options, kube_options, kube_tuning_options, NULL};

const Command version_command = {.name = "version",
                                 .summary = "Print the versions of ark and of the cluster.",
                                 .examples = "ark version --client-only",
                                 .options = version_tables,
                                 .options_size = sizeof(Options),
                                 .run = run_version};
