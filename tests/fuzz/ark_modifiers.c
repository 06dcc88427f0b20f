/* Resource modifiers; rules that were read are applied to an object. */
#include "ark/modifiers.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char OBJECT[] =
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\","
    "\"labels\":{\"app\":\"web\"}},\"spec\":{\"replicas\":3,\"template\":{\"spec\":{\"containers\":["
    "{\"name\":\"a\",\"image\":\"x\",\"ports\":[{\"containerPort\":80}]}]}}}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL, failure = NULL;
    g_autoptr(ArkModifiers) modifiers = ark_modifiers_read(text, &error);
    g_assert((modifiers == NULL) == (error != NULL));
    if (!modifiers)
        return 0;
    g_autoptr(yyjson_mut_doc) doc = json_parse_mut(OBJECT, strlen(OBJECT), "object", NULL);
    bool ok = ark_modifiers_apply(modifiers, "deployments.apps", doc, &failure);
    g_assert(ok == (failure == NULL));
    g_autofree char *out = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
    g_autoptr(yyjson_doc) again = json_parse(out, strlen(out), "fuzz", NULL);
    g_assert(again != NULL);
    return 0;
}
