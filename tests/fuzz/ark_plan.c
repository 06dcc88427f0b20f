/* Plan files. */
#include "ark/plan.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(yyjson_doc) doc = json_parse((const char *)data, size, "the plan", NULL);
    if (!doc)
        return 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(ArkPlan) plan = ark_plan_read(yyjson_doc_get_root(doc), &error);
    g_assert((plan == NULL) == (error != NULL));
    return 0;
}
