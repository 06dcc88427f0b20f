/* The files of a plugin, each read as the plugin's format says, as a tree. */
#include "base/file.h"
#include "base/folder.h"
#include "sonobuoy/results-internal.h"
#include "sonobuoy/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ERROR_FILE "error.json"
enum { UNPACK_ERROR_MAX = 64 << 10 };

/* A walk through one of a plugin's two folders. */
typedef struct {
    const ResultsPlugin *plugin;
    const Limits *limits;
    int folder; /* the plugin's */
    yyjson_mut_doc *doc;
    yyjson_mut_val *summary, *node; /* node: that the walk is at, or NULL */
    const char *below;
    bool errors; /* the folder is errors/ */
} Walk;

typedef bool (*AddFunc)(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *data, size_t length, GError **error);

/* How each format's files end, and what reads them; NULL: nothing does. */
static const struct {
    const char *endings[3];
    AddFunc add;
} formats[] = {
    [RESULT_RAW] = {{""}, NULL},
    [RESULT_JUNIT] = {{".xml"}, results_add_junit},
    [RESULT_E2E] = {{".xml"}, results_add_junit},
    [RESULT_GOJSON] = {{".json"}, results_add_gojson},
    [RESULT_MANUAL] = {{".yaml", ".yml"}, results_add_manual},
};

static bool is_wanted(const Walk *walk, const char *name) {
    const char *const *files = walk->plugin->files, *const *endings = formats[walk->plugin->format].endings;
    if (walk->errors)
        return g_str_equal(name, ERROR_FILE);
    if (files && *files)
        return g_strv_contains(files, name);
    for (; *endings; endings++)
        if (g_str_has_suffix(name, *endings))
            return true;
    return false;
}

/* --- errors that the aggregator found ------------------------------------------------------------ */

/* {"error": text, "pod": {...}}: each member as text, JSON where it is none; the item is named by what went wrong. */
static bool add_error(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *data, size_t length, GError **error) {
    g_autoptr(yyjson_mut_doc) from = json_parse_mut(data, length, "the file", error);
    yyjson_mut_val *root = from ? yyjson_mut_doc_get_root(from) : NULL, *key, *value;
    if (from && !yyjson_mut_is_obj(root))
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID, "the file is not a JSON object");
    if (!yyjson_mut_is_obj(root))
        return false;
    json_mut_sort(root);
    size_t index, count;
    yyjson_mut_obj_foreach(root, index, count, key, value) {
        g_autofree char *json = yyjson_mut_is_str(value) ? NULL : json_mut_write(value, NULL);
        results_item_set_detail(doc, item, yyjson_mut_get_str(key), json ? json : yyjson_mut_get_str(value));
    }
    const char *text = json_mut_get_string(item, "details", "error");
    if (text && *text)
        json_mut_set_string(doc, item, "name", text);
    if (text && strstr(text, "timeout"))
        json_mut_set_string(doc, item, "status", "timeout");
    return true;
}

/* --- files ------------------------------------------------------------------------------------------ */

static void set_failure(const Walk *walk, yyjson_mut_val *item, const GError *failure) {
    results_item_set_meta(walk->doc, item, "error", failure->message);
    results_item_set(walk->doc, item, "status", yyjson_mut_str(walk->doc, walk->errors ? "failed" : "unknown"));
}

/* The file that a link leads to, which is in the same result (results/NODE/); -1. */
static int open_link(const Walk *walk, const FolderEntry *entry, GError **error) {
    g_auto(GStrv) parts = g_strsplit(entry->path, "/", 3);
    if (g_strv_length(parts) < 3)
        return folder_open_file(entry->parent, entry->name, error);
    g_autofree char *top = g_build_filename(parts[0], parts[1], NULL);
    int folder = openat(walk->folder, top, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        base_error_set_errno(error, errno, "%s", top);
        return -1;
    }
    int fd = folder_open_inside(folder, NULL, parts[2], error);
    close(folder);
    return fd;
}

static int open_entry(const Walk *walk, const FolderEntry *entry, GError **error) {
    return S_ISLNK(entry->mode) ? open_link(walk, entry, error) : folder_open_file(entry->parent, entry->name, error);
}

static bool read_file(const Walk *walk, const FolderEntry *entry, yyjson_mut_val *item, AddFunc add, GError **error) {
    gint64 limit = walk->limits->file_size;
    int fd = open_entry(walk, entry, error);
    if (fd < 0)
        return false;
    size_t length;
    g_autofree char *data =
        add ? file_read_open(fd, entry->name, limit ? (size_t)limit : G_MAXSIZE, &length, error) : NULL;
    close(fd);
    return !add || (data && add(walk->doc, item, data, length, error));
}

/* What stands for an archive that was sent and could not be unpacked: that is no result, whatever is beside it. */
static yyjson_mut_val *unpack_error_item(const Walk *walk, const FolderEntry *entry) {
    yyjson_mut_val *item = results_item_new(walk->doc, entry->name, "failed", NULL);
    results_item_set_meta(walk->doc, item, "file", entry->path);
    g_autoptr(GError) failure = NULL;
    int fd = folder_open_file(entry->parent, entry->name, &failure);
    size_t length;
    g_autofree char *text = fd < 0 ? NULL : file_read_open(fd, entry->name, UNPACK_ERROR_MAX, &length, &failure);
    if (fd >= 0)
        close(fd);
    results_item_set_detail(walk->doc, item, "error", text ? g_strchomp(text) : failure->message);
    return item;
}

/* The item of a file, or of what cannot be looked into. */
static yyjson_mut_val *item_of(const Walk *walk, const FolderEntry *entry) {
    AddFunc add = walk->errors ? add_error : formats[walk->plugin->format].add;
    bool parsed = add && !walk->errors; /* others say no type, and have a status from the start */
    const char *status = parsed ? NULL : walk->errors ? "failed" : "passed";
    yyjson_mut_val *item = results_item_new(walk->doc, entry->name, status, NULL);
    results_item_set_meta(walk->doc, item, "file", entry->path);
    if (parsed)
        results_item_set_meta(walk->doc, item, "type", "file");
    g_autoptr(GError) failure = NULL;
    if (entry->failure || !read_file(walk, entry, item, add, &failure))
        set_failure(walk, item, entry->failure ? entry->failure : failure);
    return item;
}

/* Whether the entry stands in the walk's folder itself, where a DaemonSet's nodes have theirs. */
static bool is_at_top(const Walk *walk, const FolderEntry *entry) {
    const char *rest = entry->path + strlen(walk->below);
    return !*rest || !strchr(rest + 1, '/');
}

/* Whether the entry is a link that leads to no file of its result: there is none in it. */
static bool is_empty_link(const Walk *walk, const FolderEntry *entry) {
    int fd = S_ISLNK(entry->mode) ? open_entry(walk, entry, NULL) : -1;
    if (fd >= 0)
        close(fd);
    return S_ISLNK(entry->mode) && fd < 0;
}

static bool on_entry(const FolderEntry *entry, void *data, GError **error) {
    Walk *walk = data;
    if (is_empty_link(walk, entry) || (!walk->errors && g_str_equal(entry->name, UNPACK_LEFT_OUT)))
        return true;
    bool begins_node = walk->plugin->by_node && S_ISDIR(entry->mode) && is_at_top(walk, entry) && !entry->failure &&
                       !g_str_equal(entry->path, walk->below);
    if (begins_node) {
        walk->node = results_item_new(walk->doc, entry->name, NULL, "node");
        results_item_add(walk->doc, walk->summary, walk->node);
        return true;
    }
    bool in_place = !walk->plugin->by_node || !is_at_top(walk, entry);
    if (!entry->failure && in_place && !walk->errors && g_str_equal(entry->name, UNPACK_ERROR))
        results_item_add(walk->doc, walk->node ? walk->node : walk->summary, unpack_error_item(walk, entry));
    else if (entry->failure || (!S_ISDIR(entry->mode) && in_place && is_wanted(walk, entry->name)))
        results_item_add(walk->doc, walk->node ? walk->node : walk->summary, item_of(walk, entry));
    return true;
}

yyjson_mut_doc *results_of_plugin(const char *folder, const ResultsPlugin *plugin, const Limits *limits,
                                  GError **error) {
    static const char *const below[] = {"results", "errors"};
    int fd = folder_open(folder, error);
    if (fd < 0)
        return NULL;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *summary = results_item_new(doc, plugin->name, NULL, "summary");
    yyjson_mut_doc_set_root(doc, summary);
    bool ok = true;
    for (size_t i = 0; ok && i < G_N_ELEMENTS(below); i++) {
        Walk walk = {plugin, limits ? limits : &limits_default, fd, doc, summary, NULL, below[i], i == 1};
        ok = folder_walk(fd, below[i], limits, on_entry, &walk, error);
    }
    close(fd);
    results_roll_up(doc, summary);
    return ok ? g_steal_pointer(&doc) : NULL;
}
