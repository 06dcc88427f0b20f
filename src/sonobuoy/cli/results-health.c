/* meta/clusterhealth.json as `sonobuoy results` shows it. */
#include "base/text.h"
#include "base/yaml.h"
#include "sonobuoy/cli/results-print.h"
#include "sonobuoy/health.h"

#include <stdio.h>
#include <string.h>

#define HEALTH_PATH "meta/clusterhealth.json"

typedef struct {
    const char *namespace_, *name, *ready, *reason, *message;
} Ailing;

static const char *text_of(yyjson_val *object, const char *key) {
    const char *text = json_get_string(object, key);
    return text ? text : "";
}

static int compare_ailing(const void *a, const void *b) {
    const Ailing *x = a, *y = b;
    int order = strcmp(x->namespace_, y->namespace_);
    return order ? order : strcmp(x->name, y->name);
}

/* Those that are not healthy, by namespace and name. */
static GArray *ailing_of(yyjson_val *details) {
    GArray *list = g_array_new(FALSE, FALSE, sizeof(Ailing));
    size_t index, count;
    yyjson_val *one;
    yyjson_arr_foreach(details, index, count, one) {
        if (yyjson_get_bool(yyjson_obj_get(one, "healthy")))
            continue;
        Ailing ailing = {text_of(one, "namespace"), text_of(one, "name"), text_of(one, "ready"), text_of(one, "reason"),
                         text_of(one, "message")};
        g_array_append_vals(list, &ailing, 1);
    }
    g_array_sort(list, compare_ailing);
    return list;
}

/* "Node health: 2/3 (66%)" */
static void print_share(const char *title, yyjson_val *health) {
    gint64 total = json_int(json_get(health, "total_nodes"), 0),
           healthy = json_int(json_get(health, "healthy_nodes"), 0);
    printf("%s: %" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, title, healthy, total);
    if (total > 0)
        printf(" (%.0f%%)", (double)(gint64)(100.0 * (double)healthy / (double)total));
    putchar('\n');
}

static bool has_ailing(yyjson_val *health) {
    return yyjson_arr_size(json_get(health, "details")) > 0 &&
           json_int(json_get(health, "healthy_nodes"), 0) < json_int(json_get(health, "total_nodes"), 0);
}

static void print_nodes(yyjson_val *health) {
    print_share("Node health", health);
    if (!has_ailing(health))
        return;
    puts("Details for failed nodes:");
    g_autoptr(GArray) list = ailing_of(json_get(health, "details"));
    for (guint i = 0; i < list->len; i++) {
        const Ailing *node = &g_array_index(list, Ailing, i);
        text_print(stdout, "%s Ready:%s: %s: %s\n", node->name, node->ready, node->reason, node->message);
    }
    putchar('\n');
}

static void print_pods(yyjson_val *health) {
    if (yyjson_arr_size(json_get(health, "details")) == 0)
        return;
    print_share("Pods health", health);
    if (!has_ailing(health))
        return;
    puts("Details for failed pods:");
    g_autoptr(GArray) list = ailing_of(json_get(health, "details"));
    for (guint i = 0; i < list->len; i++) {
        const Ailing *pod = &g_array_index(list, Ailing, i);
        text_print(stdout, "%s/%s Ready:%s: %s: %s\n", pod->namespace_, pod->name, pod->ready, pod->reason,
                   pod->message);
    }
}

static void print_hits(const char *class, yyjson_val *files) {
    g_autoptr(GArray) list = health_hits(files);
    if (list->len == 0)
        return;
    g_autofree char *most = g_strdup_printf("%" G_GINT64_FORMAT, g_array_index(list, HealthHits, 0).count);
    text_print(stdout, "%s:\n", class);
    for (guint i = 0; i < list->len; i++) {
        const HealthHits *hits = &g_array_index(list, HealthHits, i);
        text_print(stdout, "%*" G_GINT64_FORMAT " %s\n", (int)strlen(most), hits->count, hits->file);
    }
}

static void print_summary(yyjson_val *health) {
    text_print(stdout, "Run Details:\nAPI Server version: %s\n", text_of(health, "api_version"));
    print_nodes(json_get(health, "node_health"));
    print_pods(json_get(health, "pod_health"));
    yyjson_val *errors = json_get(health, "error_summary"), *key, *files;
    if (yyjson_obj_size(errors) == 0)
        return;
    puts("Errors detected in files:");
    json_foreach_member(errors, key, files)
        print_hits(yyjson_get_str(key), files);
}

/* An archive from before there was such a file has none: nothing is known then. */
static bool read_health(RunArchive *archive, yyjson_mut_doc **out, GBytes **out_bytes, GError **error) {
    GError *failure = NULL;
    size_t length;
    *out_bytes = run_archive_read(archive, HEALTH_PATH, &failure);
    if (*out_bytes) {
        const char *data = g_bytes_get_data(*out_bytes, &length);
        *out = json_parse_mut(data, length, HEALTH_PATH, error);
        if (*out && !yyjson_mut_is_obj(yyjson_mut_doc_get_root(*out)))
            yyjson_mut_doc_set_root(*out, yyjson_mut_obj(*out));
    } else if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_clear_error(&failure);
        *out = json_parse_mut("{}", 2, HEALTH_PATH, error);
    } else {
        g_propagate_error(error, failure);
    }
    return *out != NULL;
}

/* Copies members of `from`, in this order; those that stock never leaves out get an empty value. */
static yyjson_mut_val *ordered(yyjson_mut_doc *doc, yyjson_mut_val *from, const char *const *keys,
                               const char *const *fallbacks) {
    yyjson_mut_val *to = yyjson_mut_obj(doc);
    for (size_t i = 0; keys[i]; i++) {
        yyjson_mut_val *value = yyjson_mut_obj_get(from, keys[i]);
        if (value)
            json_mut_set(doc, to, keys[i], yyjson_mut_val_mut_copy(doc, value));
        else if (fallbacks[i])
            json_mut_set(doc, to, keys[i], *fallbacks[i] ? yyjson_mut_raw(doc, fallbacks[i]) : yyjson_mut_str(doc, ""));
    }
    return to;
}

/* As stock writes it: all of it, where the file says nothing too. */
static void print_yaml(yyjson_mut_doc *doc, bool readable) {
    static const char *const parts[] = {"node_health", "pod_health", NULL};
    static const char *const part_keys[] = {"total_nodes", "healthy_nodes", "details", NULL};
    static const char *const part_fallbacks[] = {"0", "0", NULL};
    static const char *const keys[] = {"node_health", "pod_health", "api_version", "error_summary", NULL};
    static const char *const fallbacks[] = {NULL, NULL, "", "{}"};
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    for (size_t i = 0; parts[i]; i++)
        json_mut_set(doc, root, parts[i], ordered(doc, yyjson_mut_obj_get(root, parts[i]), part_keys, part_fallbacks));
    json_mut_sort(json_mut_get(root, "error_summary"));
    g_autofree char *yaml = yaml_write(ordered(doc, root, keys, fallbacks));
    if (readable)
        print_readable(yaml, strlen(yaml));
    else
        fputs(yaml, stdout);
    putchar('\n');
}

bool print_health(RunArchive *archive, HealthForm form, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = NULL;
    g_autoptr(GBytes) bytes = NULL;
    if (!read_health(archive, &doc, &bytes, error))
        return false;
    if (form == HEALTH_REPORT) {
        json_mut_sort(json_mut_get(yyjson_mut_doc_get_root(doc), "error_summary"));
        g_autoptr(yyjson_doc) fixed = yyjson_mut_doc_imut_copy(doc, NULL);
        print_summary(yyjson_doc_get_root(fixed));
    } else if (form == HEALTH_FILE && bytes) {
        size_t length;
        const char *data = g_bytes_get_data(bytes, &length);
        fwrite(data, 1, length, stdout);
    } else if (form != HEALTH_FILE) {
        print_yaml(doc, form == HEALTH_READABLE);
    }
    return true;
}
