/* Kubeconfigs. Whatever is in one, it is read or refused with a reason, and what is read holds what requests need. */
#include "kube/config-internal.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libfyaml 0.7.12 loses some buffers when it refuses a text. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void) {
    return "leak:libfyaml";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_autoptr(KubeConfig) config = kube_config_parse((const char *)data, size, "/nonexistent/config", NULL, &error);
    g_assert((config == NULL) == (error != NULL));
    g_assert(!error || error->domain == BASE_ERROR);
    if (!config)
        return 0;
    g_assert(config->source && config->context);
    g_assert(!config->client_cert_pem == !config->client_key_pem);
    g_assert(!config->insecure || !config->ca_pem);
    g_assert(!config->token || kube_is_header_value(config->token));
    g_assert(!config->as || kube_is_header_value(config->as));
    g_assert(!config->exec || (config->exec->command && !config->token && !config->token_file));
    return 0;
}
