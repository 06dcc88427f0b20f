/* Discovery documents, aggregated and classic. What is taken can be found again, and its names can stand in a path. */
#include "kube/discovery-internal.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(KubeDiscovery *discovery) {
    kube_discovery_mark_preferred(discovery);
    const GPtrArray *all = kube_discovery_all(discovery);
    for (guint i = 0; i < all->len; i++) {
        const KubeResource *one = g_ptr_array_index(all, i);
        g_assert(*one->name && *one->version && *one->kind && !strpbrk(one->base_path + 1, "%?# \"\\\n"));
        g_assert(!strstr(one->base_path, "..") && !strpbrk(one->name, "/.%"));
        const KubeResource *found = kube_discovery_resource(discovery, one->group, NULL, one->name);
        g_assert(found && found->preferred);
        g_assert(kube_discovery_find(discovery, one->group_resource));
        g_assert(kube_discovery_kind(discovery, one->api_version, one->kind));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    g_autoptr(KubeDiscovery) aggregated = kube_discovery_new_empty(), classic = kube_discovery_new_empty();
    g_autoptr(GError) error = NULL, failure = NULL;
    int added = kube_discovery_add_aggregated(aggregated, text, size, "/apis", &error);
    g_assert((added < 0) == (error != NULL));
    check(aggregated);
    bool ok =
        kube_discovery_add_classic(classic, "g.example.com", "v1", text, size, "/apis/g.example.com/v1", &failure);
    g_assert(ok == (failure == NULL));
    check(classic);
    g_autofree char *name = g_strndup(text, size);
    (void)kube_discovery_find(aggregated, name);
    return 0;
}
