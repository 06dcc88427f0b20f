/* What e2e.test prints, and lists of tests: names of it, their tags. */
#include "sonobuoy/test-list.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GPtrArray) names = test_list_parse((const char *)data, size);
    for (guint i = 0; i < names->len; i++)
        g_assert(*(const char *)names->pdata[i] && !strchr(names->pdata[i], '\n') &&
                 g_utf8_validate(names->pdata[i], -1, NULL));
    g_autoptr(GPtrArray) tags = test_list_tags(names);
    for (guint i = 0; i < tags->len; i++) {
        const TestTag *tag = tags->pdata[i];
        g_assert(tag->count > 0 && *tag->tag == '[' && g_str_has_suffix(tag->tag, "]"));
        g_assert(i == 0 || strcmp(((const TestTag *)tags->pdata[i - 1])->tag, tag->tag) < 0);
    }
    g_assert(test_list_choose(names, "\\[", "x", NULL));
    return 0;
}
