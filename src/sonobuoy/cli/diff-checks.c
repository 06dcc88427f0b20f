/* sonobuoy diff, of two reports of sonobuoy check. */
#include "sonobuoy/cli/diff-checks.h"

#include "base/colour.h"
#include "base/file.h"
#include "base/text.h"
#include "sonobuoy/check/check.h"
#include "sonobuoy/check/diff.h"

#include <string.h>

enum { REPORT_MAX_BYTES = 256 << 20 };

static const struct {
    const char *key, *title;
    Colour colour;
} changes[CHECK_CHANGES] = {
    [CHECK_BROKE] = {"broke", "Broke", COLOUR_RED},
    [CHECK_HEALED] = {"healed", "Healed", COLOUR_GREEN},
    [CHECK_NEW] = {"new", "New", COLOUR_YELLOW},
    [CHECK_GONE] = {"gone", "Not checked any more", COLOUR_YELLOW},
    [CHECK_BLIND] = {"unknown", "Not to be seen any more", COLOUR_YELLOW},
};

bool diff_is_of_checks(const char *path) {
    /* Of a pipe nothing may be read before whoever reads all of it. */
    FILE *file = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? fopen(path, "r") : NULL;
    if (!file)
        return false;
    int first = fgetc(file);
    while (first == ' ' || first == '\n')
        first = fgetc(file);
    fclose(file);
    return first == '{';
}

static yyjson_doc *read_report(const char *path, GError **error) {
    size_t length;
    g_autofree char *text = file_read(path, REPORT_MAX_BYTES, &length, error);
    g_autoptr(yyjson_doc) doc = text ? json_parse(text, length, path, error) : NULL;
    if (doc && !check_report_is(yyjson_doc_get_root(doc))) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "%s is JSON, but no report of sonobuoy check; 'sonobuoy check -o json' writes one", path);
        return NULL;
    }
    return g_steal_pointer(&doc);
}

static void print_text(const CheckComparison *comparison) {
    for (size_t i = 0; i < CHECK_CHANGES; i++) {
        const GPtrArray *list = comparison->changes[i];
        if (list->len)
            printf("%s: %u\n", changes[i].title, list->len);
        for (guint j = 0; j < list->len; j++) {
            const CheckDifference *one = list->pdata[j];
            g_autofree char *object = text_printable(*one->object ? one->object : "the cluster"),
                            *evidence = text_printable(one->evidence ? one->evidence : "");
            printf("  %s%s %s (%s -> %s)%s: %s\n", colour_begin(stdout, changes[i].colour), one->id, object,
                   one->before ? one->before : "not checked", one->after ? one->after : "not checked",
                   colour_end(stdout, changes[i].colour), evidence);
        }
    }
    printf("%u broke, %u healed, %u new, %u the same.\n", comparison->changes[CHECK_BROKE]->len,
           comparison->changes[CHECK_HEALED]->len, comparison->changes[CHECK_NEW]->len, comparison->same);
}

static void print_json(const CheckComparison *comparison) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    json_mut_set_string(doc, root, "format", "seaworthy.sonobuoy.check-diff/1");
    for (size_t i = 0; i < CHECK_CHANGES; i++) {
        yyjson_mut_val *list = yyjson_mut_arr(doc);
        for (guint j = 0; j < comparison->changes[i]->len; j++) {
            const CheckDifference *one = comparison->changes[i]->pdata[j];
            yyjson_mut_val *value = yyjson_mut_arr_add_obj(doc, list);
            const char *const members[][2] = {{"id", one->id},         {"title", one->title},
                                              {"object", one->object}, {"before", one->before},
                                              {"after", one->after},   {"evidence", one->evidence}};
            for (size_t k = 0; k < G_N_ELEMENTS(members); k++)
                if (members[k][1] && *members[k][1])
                    json_mut_set_string(doc, value, members[k][0], members[k][1]);
        }
        json_mut_set(doc, root, changes[i].key, list);
    }
    json_mut_set(doc, root, "same", yyjson_mut_uint(doc, comparison->same));
    g_autofree char *text = json_mut_write_pretty(root, NULL);
    fputs(text, stdout);
}

int diff_checks(const char *const *paths, bool as_json, GError **error) {
    g_autoptr(yyjson_doc) before = read_report(paths[0], error);
    g_autoptr(yyjson_doc) after = before ? read_report(paths[1], error) : NULL;
    if (!after)
        return -1;
    g_autoptr(CheckComparison) comparison =
        check_comparison_new(yyjson_doc_get_root(before), yyjson_doc_get_root(after));
    if (as_json)
        print_json(comparison);
    else
        print_text(comparison);
    return comparison->changes[CHECK_BROKE]->len > 0;
}
