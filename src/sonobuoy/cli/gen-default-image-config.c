/* sonobuoy gen default-image-config: where end-to-end tests find their images, to be changed and given back. */
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"

#include <stdio.h>

/* Source: `sonobuoy gen default-image-config` of stock Sonobuoy 0.57, the same for each version of Kubernetes; the keys
 * are those that e2e.test reads ($KUBE_TEST_REPO_LIST). */
static const char *const registries[][2] = {
    {"buildImageRegistry", "registry.k8s.io/build-image"},
    {"dockerGluster", "docker.io/gluster"},
    {"dockerLibraryRegistry", "docker.io/library"},
    {"e2eRegistry", "gcr.io/kubernetes-e2e-test-images"},
    {"e2eVolumeRegistry", "gcr.io/kubernetes-e2e-test-images/volume"},
    {"gcRegistry", "registry.k8s.io"},
    {"gcEtcdRegistry", "registry.k8s.io"},
    {"promoterE2eRegistry", "registry.k8s.io/e2e-test-images"},
    {"sigStorageRegistry", "registry.k8s.io/sig-storage"},
};

static int run_default(G_GNUC_UNUSED const CommandCall *call, G_GNUC_UNUSED void *data) {
    for (size_t i = 0; i < G_N_ELEMENTS(registries); i++)
        printf("%s: %s\n", registries[i][0], registries[i][1]);
    puts("");
    return EXIT_DONE;
}

static const Option *const tables[] = {kube_options, log_options, NULL};
const Command gen_default_image_config_command = {
    .name = "default-image-config",
    .summary = "Print where end-to-end tests find their images.",
    .description =
        "YAML, a registry a line, for --e2e-repo-config of 'sonobuoy gen' and 'run': replace those that your "
        "nodes are to pull from instead. No cluster is asked; older and newer tests pass over registries "
        "that they have none of.",
    .examples = "sonobuoy gen default-image-config > registries.yaml\n"
                "sonobuoy run --mode quick --e2e-repo-config registries.yaml",
    .options = tables,
    .options_size = sizeof(Common),
    .run = run_default,
};
