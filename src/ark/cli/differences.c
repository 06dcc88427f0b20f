#include "ark/cli/differences.h"

#include "base/jsondiff.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    yyjson_mut_doc *doc;
    yyjson_mut_val *list;
    bool hide;
} Differences;

static void set_value(const Differences *differences, yyjson_mut_val *entry, const char *path, const char *key,
                      yyjson_mut_val *value) {
    bool hidden = differences->hide && (g_str_has_prefix(path, "data") || g_str_has_prefix(path, "stringData") ||
                                        g_str_has_prefix(path, "metadata.annotations"));
    if (value && hidden)
        json_mut_set_string(differences->doc, entry, key, "(hidden)");
    else if (value)
        json_mut_set(differences->doc, entry, key, yyjson_mut_val_mut_copy(differences->doc, value));
}

static void add(const char *path, yyjson_mut_val *before, yyjson_mut_val *after, void *data) {
    const Differences *differences = data;
    yyjson_mut_val *entry = yyjson_mut_arr_add_obj(differences->doc, differences->list);
    json_mut_set_string(differences->doc, entry, "path", path);
    set_value(differences, entry, path, "before", before);
    set_value(differences, entry, path, "after", after);
}

yyjson_mut_val *cli_differences_json(yyjson_mut_doc *doc, const char *group_resource, yyjson_mut_val *before,
                                     yyjson_mut_val *after, bool show_secrets) {
    Differences differences = {doc, yyjson_mut_arr(doc), g_str_equal(group_resource, "secrets") && !show_secrets};
    json_diff(before, after, add, &differences);
    return differences.list;
}

/* A value in one line, cut where it is long. */
static char *shown(yyjson_mut_val *value) {
    enum { WIDTH = 120 };
    char *text = json_mut_write(value, NULL);
    if (g_utf8_strlen(text, -1) > WIDTH) {
        char *cut = g_utf8_offset_to_pointer(text, WIDTH - 3);
        strcpy(cut, "...");
    }
    return text;
}

void cli_differences_print(yyjson_mut_val *differences) {
    size_t index, count;
    yyjson_mut_val *entry;
    yyjson_mut_arr_foreach(differences, index, count, entry) {
        yyjson_mut_val *before = json_mut_get(entry, "before"), *after = json_mut_get(entry, "after");
        const char *path = json_mut_get_string(entry, "path");
        g_autofree char *old = before ? shown(before) : NULL, *new = after ? shown(after) : NULL;
        if (old && new)
            text_print(stdout, "    %s: %s -> %s\n", path, old, new);
        else
            text_print(stdout, "  %c %s: %s\n", old ? '-' : '+', path, old ? old : new);
    }
}
