/* Pages of lists; events of watches, which come in pieces of any size: all in one say the same. */
#include "kube/list-internal.h"
#include "kube/watch-internal.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_page(const uint8_t *data, size_t size) {
    g_autoptr(GByteArray) body = g_byte_array_new();
    g_byte_array_append(body, data, (guint)size);
    g_autoptr(GError) error = NULL;
    g_auto(KubeListPage) page = {0};
    bool ok = kube_list_page_read(body, "fuzz", &page, &error);
    g_assert(ok == (error == NULL));
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(page.items, index, count, item) {
        g_autofree char *text = json_write(item, NULL);
        g_assert(*text == '{');
    }
    g_assert(!page.token || *page.token);
}

static bool note_event(const char *type, yyjson_val *object, void *data, GError **error) {
    g_autofree char *text = json_write(object, NULL);
    g_string_append_printf(data, "%s %s\n", type, text);
    return true;
}

/* What the events say, and how it ended. */
static char *watch(const uint8_t *data, size_t size, size_t piece) {
    GString *seen = g_string_new(NULL);
    g_autoptr(GByteArray) line = g_byte_array_new();
    KubeWatchReader reader = {.name = "pods", .func = note_event, .data = seen, .line = line};
    g_autoptr(GError) error = NULL;
    bool ok = true;
    for (size_t at = 0; ok && at < size; at += piece) {
        ok = kube_watch_take(data + at, MIN(piece, size - at), &reader, &error);
        g_assert(ok == (error == NULL));
        g_assert(ok == (reader.failure == NULL));
    }
    g_string_append_printf(seen, "%s %s", reader.revision ? reader.revision : "",
                           reader.failure ? reader.failure->message : "");
    g_free(reader.revision);
    g_clear_error(&reader.failure);
    return g_string_free(seen, FALSE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_page(data, size);
    g_autofree char *whole = watch(data, size, size + 1), *pieces = watch(data, size, 1 + size % 7);
    g_assert(g_str_equal(whole, pieces));
    return 0;
}
