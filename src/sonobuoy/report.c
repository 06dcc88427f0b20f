/* The plugins of a run, and their items, one after the other. */
#include "base/text.h"
#include "base/yaml.h"
#include "sonobuoy/report-internal.h"

#include <string.h>

void report_end_clear(ReportEnd *end) {
    g_clear_pointer(&end->trouble, g_ptr_array_unref);
}

void report_trouble(ReportEnd *end, GError *error) {
    if (end && !end->trouble)
        end->trouble = g_ptr_array_new_with_free_func(g_free);
    if (end && !g_ptr_array_find_with_equal_func(end->trouble, error->message, g_str_equal, NULL))
        g_ptr_array_add(end->trouble, g_strdup(error->message));
    g_error_free(error);
}

/* --- plugins ---------------------------------------------------------------------------------- */

static bool report_plugin(const ReportRequest *request, const char *name, ReportEnd *end, ReportPluginFunc func,
                          void *data, GError **error) {
    GError *failure = NULL;
    g_autofree char *trouble = NULL;
    g_autoptr(yyjson_mut_doc) doc = run_archive_results(request->archive, name, &failure);
    ReportPlugin plugin = {.name = name, .doc = doc};
    if (doc) {
        plugin.item = results_find(yyjson_mut_doc_get_root(doc), request->node);
        if (!plugin.item)
            return true;
        plugin.counts = results_counts(doc, plugin.item);
        if (end) {
            end->any = true;
            end->failed = end->failed || results_failed(doc, plugin.item);
        }
    } else {
        plugin.trouble = trouble = g_strdup(failure->message);
        report_trouble(end, failure);
    }
    return func(&plugin, data, error);
}

bool report_each_plugin(const ReportRequest *request, ReportEnd *end, ReportPluginFunc func, void *data,
                        GError **error) {
    for (const char *const *name = request->plugins; *name; name++)
        if (cancel_check(request->cancel, error) || !report_plugin(request, *name, end, func, data, error))
            return false;
    return true;
}

/* --- items ---------------------------------------------------------------------------------------- */

typedef struct {
    const ReportRequest *request;
    ReportItemFunc func;
    void *data;
} Walk;

static const char *name_of(yyjson_mut_val *item) {
    const char *name = json_mut_get_string(item, "name");
    return name ? name : "";
}

/* `above`: what holds for the item because of the branches it is in; its path grows and shrinks. */
static bool walk(const Walk *way, ReportItem above, yyjson_mut_val *item, unsigned depth, GError **error) {
    size_t index, count;
    yyjson_mut_val *items = depth < RESULTS_DEPTH_MAX ? yyjson_mut_obj_get(item, "items") : NULL, *child;
    const char *file = json_mut_get_string(item, "meta", "file");
    GPtrArray *path = (GPtrArray *)above.path;
    if (file && *file)
        above.file = file;
    if (g_strcmp0(json_mut_get_string(item, "meta", "type"), "node") == 0)
        above.node = name_of(item);
    if (yyjson_mut_arr_size(items) == 0) {
        above.item = item;
        above.name = name_of(item);
        above.status = *results_item_status(item) ? results_item_status(item) : "unknown";
        return !cancel_check(way->request->cancel, error) && way->func(&above, way->data, error);
    }
    if (depth > 0)
        g_ptr_array_add(path, (void *)name_of(item));
    bool ok = true;
    yyjson_mut_arr_foreach(items, index, count, child) {
        ok = walk(way, above, child, depth + 1, error);
        if (!ok)
            break;
    }
    if (depth > 0)
        g_ptr_array_set_size(path, (gint)path->len - 1);
    return ok;
}

bool report_each_item(const ReportRequest *request, const ReportPlugin *plugin, ReportItemFunc func, void *data,
                      GError **error) {
    g_autoptr(GPtrArray) path = g_ptr_array_new();
    Walk way = {request, func, data};
    ReportItem root = {.plugin = plugin->name, .path = path};
    return !plugin->item || walk(&way, root, plugin->item, 0, error);
}

char *report_path(const ReportItem *item, const char *between) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < item->path->len; i++)
        g_string_append_printf(text, "%s%s", i ? between : "", (const char *)g_ptr_array_index(item->path, i));
    return g_string_free(text, FALSE);
}

/* --- texts ------------------------------------------------------------------------------------- */

char *report_cut(const char *text, size_t length, size_t limit) {
    if (length <= limit)
        return g_strndup(text, length);
    const char *head_end = text + limit / 2, *tail = text + length - (limit - limit / 2);
    /* Whole characters; invalid ones are the escaping's. */
    while (head_end > text && (*head_end & 0xc0) == 0x80)
        head_end--;
    while (tail < text + length && (*tail & 0xc0) == 0x80)
        tail++;
    g_autofree char *size = bytes_format((guint64)(tail - head_end));
    return g_strdup_printf("%.*s\n... (%s cut) ...\n%.*s", (int)(head_end - text), text, size,
                           (int)(text + length - tail), tail);
}

static char *shortened(const char *text, size_t length, size_t most) {
    g_autofree char *line = g_strndup(text, MIN(length, 4 * most)), *valid = g_utf8_make_valid(line, -1);
    if (g_utf8_strlen(valid, -1) <= (glong)most)
        return g_steal_pointer(&valid);
    g_autofree char *begin = g_utf8_substring(valid, 0, (glong)most);
    return g_strconcat(begin, "...", NULL);
}

char *report_next_line(const char **text, size_t most) {
    while (**text) {
        const char *line = *text + strspn(*text, " \t\r\n");
        size_t length = strcspn(line, "\r\n");
        *text = line + length;
        g_autofree char *one = shortened(line, length, most);
        if (*one && !report_is_location(one))
            return g_strchomp(g_steal_pointer(&one));
    }
    return g_strdup("");
}

char *report_first_line(const char *text, size_t most) {
    return report_next_line(&text, most);
}

/* What the other members say; these are a test's output. */
static bool is_output(const char *key) {
    return g_str_equal(key, "system-out") || g_str_equal(key, "system-err");
}

static char *other_details(yyjson_mut_val *details) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *others = yyjson_mut_obj(doc), *key, *value;
    size_t index, count;
    yyjson_mut_obj_foreach(details, index, count, key, value) {
        if (!is_output(yyjson_mut_get_str(key)))
            yyjson_mut_obj_add(others, yyjson_mut_val_mut_copy(doc, key), yyjson_mut_val_mut_copy(doc, value));
    }
    return yyjson_mut_obj_size(others) > 0 ? yaml_write(others) : g_strdup("");
}

char *report_message(const ReportItem *item, size_t limit) {
    yyjson_mut_val *details = yyjson_mut_obj_get(item->item, "details");
    const char *const texts[] = {json_mut_get_string(details, "failure"), json_mut_get_string(details, "error"),
                                 json_mut_get_string(item->item, "meta", "error")};
    g_autoptr(GString) message = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i] && *texts[i])
            g_string_append_printf(message, "%s%s", message->len ? "\n" : "", texts[i]);
    if (message->len == 0) {
        g_autofree char *others = other_details(details);
        g_string_append(message, g_strchomp(others));
    }
    return report_cut(message->str, message->len, limit);
}

/* --- the run ------------------------------------------------------------------------------------ */

/* {} where there is none. */
static yyjson_mut_doc *read_json(RunArchive *archive, const char *path, ReportEnd *end) {
    GError *error = NULL;
    g_autoptr(GBytes) bytes = run_archive_read(archive, path, &error);
    size_t length = 0;
    const char *data = bytes ? g_bytes_get_data(bytes, &length) : NULL;
    yyjson_mut_doc *doc = bytes ? json_parse_mut(data, length, path, &error) : NULL;
    if (g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        g_clear_error(&error);
    if (error)
        report_trouble(end, error);
    if (doc && yyjson_mut_is_obj(yyjson_mut_doc_get_root(doc)))
        return doc;
    yyjson_mut_doc_free(doc);
    doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    return doc;
}

static char *text_in(yyjson_mut_val *object, const char *key) {
    const char *text = json_mut_get_string(object, key);
    return g_strdup(text ? text : "");
}

typedef struct {
    yyjson_mut_val *value;
    bool healthy;
    const char *namespace_, *name;
} Detail;

static int compare_details(const void *a, const void *b) {
    const Detail *x = a, *y = b;
    int order = x->healthy - y->healthy;
    if (order == 0)
        order = g_strcmp0(x->namespace_, y->namespace_);
    return order ? order : g_strcmp0(x->name, y->name);
}

static void sort_details(yyjson_mut_val *health) {
    yyjson_mut_val *details = yyjson_mut_obj_get(health, "details"), *one;
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Detail));
    size_t index, count;
    yyjson_mut_arr_foreach(details, index, count, one) {
        Detail detail = {one, yyjson_mut_get_bool(yyjson_mut_obj_get(one, "healthy")),
                         json_mut_get_string(one, "namespace"), json_mut_get_string(one, "name")};
        g_array_append_vals(list, &detail, 1);
    }
    g_array_sort(list, compare_details);
    yyjson_mut_arr_clear(details);
    for (guint i = 0; i < list->len; i++)
        yyjson_mut_arr_append(details, g_array_index(list, Detail, i).value);
}

void report_run_read(const ReportRequest *request, ReportRun *run, ReportEnd *end) {
    RunArchive *archive = request->archive;
    g_autoptr(yyjson_mut_doc) config = read_json(archive, "meta/config.json", end);
    g_autoptr(yyjson_mut_doc) health = read_json(archive, "meta/clusterhealth.json", end);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(health);
    *run = (ReportRun){.uuid = text_in(yyjson_mut_doc_get_root(config), "UUID"),
                       .version = text_in(yyjson_mut_doc_get_root(config), "Version"),
                       .server = text_in(root, "api_version")};
    if (!*run->server) {
        g_autoptr(yyjson_mut_doc) version = read_json(archive, "serverversion.json", end);
        g_free(run->server);
        run->server = text_in(yyjson_mut_doc_get_root(version), "gitVersion");
    }
    sort_details(yyjson_mut_obj_get(root, "node_health"));
    sort_details(yyjson_mut_obj_get(root, "pod_health"));
    json_mut_sort(yyjson_mut_obj_get(root, "error_summary"));
    run->health = yyjson_mut_doc_imut_copy(health, NULL);
}

void report_run_clear(ReportRun *run) {
    g_free(run->uuid);
    g_free(run->version);
    g_free(run->server);
    yyjson_doc_free(run->health);
    *run = (ReportRun){0};
}
