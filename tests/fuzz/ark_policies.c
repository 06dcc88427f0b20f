/* Resource policies. */
#include "ark/policies.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    ArkPolicies policies = {0};
    bool ok = ark_policies_read(text, &policies, &error);
    g_assert(ok == (error == NULL));
    ark_policies_clear(&policies);
    return 0;
}
