#include "ark/mask.h"

#include <string.h>

enum { VALUE_MIN = 4 };

static void hide(GString *text, const char *value) {
    if (value && strlen(value) >= VALUE_MIN)
        g_string_replace(text, value, "(hidden)", 0);
}

static void hide_decoded(GString *text, const char *value) {
    gsize length;
    g_autofree guchar *decoded = value ? g_base64_decode(value, &length) : NULL;
    g_autofree char *plain = decoded ? g_strndup((const char *)decoded, length) : NULL;
    hide(text, plain);
}

char *ark_mask_secret(const char *text, yyjson_val *secret) {
    GString *out = g_string_new(text);
    yyjson_val *maps[] = {json_get(secret, "data"), json_get(secret, "stringData"),
                          json_get(secret, "metadata", "annotations")};
    yyjson_val *key, *value;
    for (size_t i = 0; i < G_N_ELEMENTS(maps); i++)
        json_foreach_member(maps[i], key, value) {
            hide(out, yyjson_get_str(value));
            if (i == 0)
                hide_decoded(out, yyjson_get_str(value));
        }
    return g_string_free(out, FALSE);
}
