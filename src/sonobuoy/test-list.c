#include "sonobuoy/test-list.h"

#include "base/go-regex.h"
#include "base/text.h"

#include <string.h>

#define LIST_HEAD "The following spec names can be used with"

/* --- reading ------------------------------------------------------------------------------------- */

/* The name behind "PATH:LINE: "; the line itself where it has no such beginning. */
static const char *behind_place(const char *line) {
    for (const char *colon = strchr(line, ':'); colon; colon = strchr(colon + 1, ':')) {
        size_t digits = strspn(colon + 1, "0123456789");
        if (digits && g_str_has_prefix(colon + 1 + digits, ": "))
            return colon + 1 + digits + 2;
    }
    return line;
}

GPtrArray *test_list_parse(const char *text, size_t length) {
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);
    char *head = strstr(valid, LIST_HEAD);
    bool listing = head && (head == valid || head[-1] == '\n');
    g_auto(GStrv) lines = g_strsplit(listing ? head : valid, "\n", -1);
    for (char **line = lines + (listing && *lines); *line; line++) {
        g_strchomp(*line);
        if (listing && *line[0] != ' ') /* the indented lines are the list */
            break;
        if (**line)
            g_ptr_array_add(names, g_strdup(listing ? behind_place(*line + strspn(*line, " ")) : *line));
    }
    return names;
}

static void collect(yyjson_mut_val *item, GPtrArray *names) {
    yyjson_mut_val *items = yyjson_mut_obj_get(item, "items"), *below;
    const char *name = json_mut_get_string(item, "name");
    size_t index, count;
    yyjson_mut_arr_foreach(items, index, count, below) {
        collect(below, names);
    }
    bool place = json_mut_get(item, "meta", "type") || json_mut_get(item, "meta", "file");
    if (!yyjson_mut_arr_size(items) && !place && name && *name)
        g_ptr_array_add(names, g_utf8_make_valid(name, -1));
}

GPtrArray *test_list_of_results(yyjson_mut_val *root) {
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    collect(root, names);
    return names;
}

/* --- choosing -------------------------------------------------------------------------------------- */

/* Leaves those that match, or those that do not. */
static bool keep(GPtrArray *names, const char *pattern, bool matching, GError **error) {
    if (!pattern || !*pattern)
        return true;
    g_autoptr(GRegex) regex = go_regex_new(pattern, error);
    guint kept = 0;
    for (guint i = 0; regex && i < names->len; i++) {
        GError *failure = NULL;
        bool matches = g_regex_match_full(regex, names->pdata[i], -1, 0, 0, NULL, &failure);
        if (failure) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "\"%s\" cannot be matched with \"%s\": %s",
                        (const char *)names->pdata[i], pattern, failure->message);
            g_error_free(failure);
            return false;
        }
        if (matches == matching) {
            char *name = names->pdata[i];
            names->pdata[i] = names->pdata[kept];
            names->pdata[kept++] = name;
        }
    }
    if (regex)
        g_ptr_array_set_size(names, (int)kept);
    return regex;
}

bool test_list_choose(GPtrArray *names, const char *focus, const char *skip, GError **error) {
    return keep(names, focus, true, error) && keep(names, skip, false, error);
}

/* --- tags -------------------------------------------------------------------------------------------- */

static void tag_free(void *data) {
    TestTag *tag = data;
    g_free(tag->tag);
    g_free(tag);
}

static int compare_tags(const void *a, const void *b) {
    return strcmp((*(TestTag *const *)a)->tag, (*(TestTag *const *)b)->tag);
}

/* Each that begins at a bracket, up to the next that closes. */
static void count_tags(const char *name, GHashTable *counts) {
    const char *end;
    for (const char *begin = strchr(name, '['); begin && (end = strchr(begin, ']')); begin = strchr(end, '[')) {
        g_autofree char *tag = g_strndup(begin, (gsize)(end + 1 - begin));
        TestTag *known = g_hash_table_lookup(counts, tag);
        if (!known) {
            known = g_new0(TestTag, 1);
            known->tag = g_steal_pointer(&tag);
            g_hash_table_insert(counts, known->tag, known);
        }
        known->count++;
    }
}

GPtrArray *test_list_tags(const GPtrArray *names) {
    g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *tags = g_ptr_array_new_with_free_func(tag_free);
    for (guint i = 0; i < names->len; i++)
        count_tags(names->pdata[i], counts);
    GHashTableIter iter;
    void *tag;
    g_hash_table_iter_init(&iter, counts);
    while (g_hash_table_iter_next(&iter, NULL, &tag))
        g_ptr_array_add(tags, tag);
    g_ptr_array_sort(tags, compare_tags);
    return tags;
}
