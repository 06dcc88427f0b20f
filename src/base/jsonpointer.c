#include "base/json.h"

#include <string.h>

char *json_pointer_token(const char *token, size_t length, GError **error) {
    g_autoptr(GString) out = g_string_sized_new(length);
    for (size_t i = 0; i < length; i++) {
        if (token[i] != '~') {
            g_string_append_c(out, token[i]);
            continue;
        }
        char mark = i + 1 < length ? token[++i] : '\0';
        if (mark != '0' && mark != '1') {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                        "JSON pointer part \"%.*s\": '~' stands only in ~0 and ~1", (int)length, token);
            return NULL;
        }
        g_string_append_c(out, mark == '0' ? '~' : '/');
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

bool json_pointer_index(const char *token, size_t *out) {
    guint64 index;
    if ((token[0] == '0' && token[1]) || !g_ascii_string_to_unsigned(token, 10, 0, G_MAXUINT32, &index, NULL))
        return false;
    *out = index;
    return true;
}

static yyjson_mut_val *child(yyjson_mut_val *value, const char *token) {
    size_t index;
    if (yyjson_mut_is_obj(value))
        return yyjson_mut_obj_get(value, token);
    if (yyjson_mut_is_arr(value) && json_pointer_index(token, &index))
        return yyjson_mut_arr_get(value, index);
    return NULL;
}

yyjson_mut_val *json_pointer_get(yyjson_mut_val *root, const char *pointer, GError **error) {
    if (*pointer && *pointer != '/') {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "JSON pointer \"%s\" does not begin with '/'", pointer);
        return NULL;
    }
    yyjson_mut_val *value = root;
    while (*pointer) {
        size_t length = strcspn(pointer + 1, "/");
        g_autofree char *token = json_pointer_token(pointer + 1, length, error);
        if (!token)
            return NULL;
        value = child(value, token); /* NULL stays NULL: the rest is still checked */
        pointer += 1 + length;
    }
    return value;
}
