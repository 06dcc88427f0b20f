/* Words that completion asks for. */
#include "kube/config.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/plugin-install.h"

GStrv cli_words(const char *source, const void *options) {
    const KubeOptions *kube = options;
    if (g_str_equal(source, "plugins"))
        return plugin_installed_names(NULL);
    if (g_str_equal(source, "contexts"))
        return kube_config_contexts(kube->kubeconfig);
    return NULL;
}
