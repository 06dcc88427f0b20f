#include "sonobuoy/health.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/json.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION_MAX = 64 * 1024, LINE_MAX_BYTES = 64 * 1024 };

typedef struct {
    yyjson_mut_doc *doc;
    guint total, healthy;
    yyjson_mut_val *details;
} Tally;

struct Health {
    pthread_mutex_t lock; /* of the tallies */
    yyjson_mut_doc *doc;
    Tally nodes, pods;
    GRegex *classes[HEALTH_CLASSES]; /* of lines */
    yyjson_mut_val *counts[HEALTH_CLASSES];
};

const char *const health_class_names[HEALTH_CLASSES] = {[HEALTH_ERRORS] = "Errors", [HEALTH_WARNINGS] = "Warnings"};

GRegex *health_class_regex(HealthClass kind) {
    static const char *const patterns[] = {
        [HEALTH_ERRORS] = "[fF]ailed|[eE]rror|^E[0-9]+|level=error", [HEALTH_WARNINGS] = "[wW]arn|^W[0-9]+|level=warn"};
    return g_regex_new(patterns[kind], G_REGEX_OPTIMIZE | G_REGEX_RAW, 0, NULL);
}

Health *health_new(void) {
    Health *health = g_new0(Health, 1);
    yyjson_mut_doc *doc = health->doc = yyjson_mut_doc_new(NULL);
    pthread_mutex_init(&health->lock, NULL);
    health->nodes = (Tally){.doc = doc, .details = yyjson_mut_arr(doc)};
    health->pods = (Tally){.doc = doc, .details = yyjson_mut_arr(doc)};
    for (HealthClass kind = 0; kind < HEALTH_CLASSES; kind++) {
        health->classes[kind] = health_class_regex(kind);
        health->counts[kind] = yyjson_mut_obj(doc);
    }
    return health;
}

void health_free(Health *health) {
    if (!health)
        return;
    for (HealthClass kind = 0; kind < HEALTH_CLASSES; kind++)
        g_regex_unref(health->classes[kind]);
    yyjson_mut_doc_free(health->doc);
    pthread_mutex_destroy(&health->lock);
    g_free(health);
}

/* --- nodes and pods ------------------------------------------------------------------------------ */

static void tally(Tally *tally, yyjson_val *object, bool healthy, const char *ready, yyjson_val *cause) {
    yyjson_mut_val *detail = yyjson_mut_arr_add_obj(tally->doc, tally->details);
    const struct {
        const char *key, *text;
    } texts[] = {{"ready", ready},
                 {"reason", json_get_string(cause, "reason")},
                 {"message", json_get_string(cause, "message")},
                 {"namespace", json_get_string(object, "metadata", "namespace")}};
    const char *name = json_get_string(object, "metadata", "name");
    json_mut_set_string(tally->doc, detail, "name", name ? name : "");
    json_mut_set(tally->doc, detail, "healthy", yyjson_mut_bool(tally->doc, healthy));
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i].text && *texts[i].text)
            json_mut_set_string(tally->doc, detail, texts[i].key, texts[i].text);
    tally->total++;
    tally->healthy += healthy;
}

static void take_node(Health *health, yyjson_val *node) {
    size_t index, count;
    yyjson_val *condition, *ready = NULL;
    yyjson_arr_foreach(json_get(node, "status", "conditions"), index, count, condition) {
        if (g_strcmp0(json_get_string(condition, "type"), "Ready") == 0)
            ready = condition;
    }
    const char *status = json_get_string(ready, "status");
    tally(&health->nodes, node, g_strcmp0(status, "True") == 0, status, ready);
}

/* A container that cannot go on as it is: its `waiting` says why. */
static yyjson_val *held_up(yyjson_val *pod) {
    static const char *const reasons[] = {"CrashLoopBackOff",           "ImagePullBackOff",     "ErrImagePull",
                                          "CreateContainerConfigError", "CreateContainerError", NULL};
    size_t index, count;
    yyjson_val *container;
    yyjson_arr_foreach(json_get(pod, "status", "containerStatuses"), index, count, container) {
        yyjson_val *waiting = json_get(container, "state", "waiting");
        const char *reason = json_get_string(waiting, "reason");
        if (reason && g_strv_contains(reasons, reason))
            return waiting;
    }
    return NULL;
}

static void take_pod(Health *health, yyjson_val *pod) {
    const char *phase = json_get_string(pod, "status", "phase");
    yyjson_val *cause = held_up(pod), *condition;
    bool healthy = !cause && (g_strcmp0(phase, "Running") == 0 || g_strcmp0(phase, "Succeeded") == 0);
    const char *ready = healthy ? "Ready" : json_get_string(cause, "reason");
    size_t index, count;
    yyjson_arr_foreach(json_get(pod, "status", "conditions"), index, count, condition) {
        if (!healthy && !cause && g_strcmp0(json_get_string(condition, "status"), "True") != 0) {
            cause = condition;
            ready = json_get_string(condition, "type");
        }
    }
    tally(&health->pods, pod, healthy, ready, cause);
}

void health_take(const char *group_resource, yyjson_val *object, void *data) {
    Health *health = data;
    bool node = g_str_equal(group_resource, "nodes"), pod = g_str_equal(group_resource, "pods");
    if (!node && !pod)
        return;
    pthread_mutex_lock(&health->lock);
    if (node)
        take_node(health, object);
    else
        take_pod(health, object);
    pthread_mutex_unlock(&health->lock);
}

/* --- logs ------------------------------------------------------------------------------------------- */

static void count_lines(Health *health, const FolderEntry *entry) {
    int fd = openat(entry->parent, entry->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (!file)
        return;
    g_autofree char *line = g_malloc(LINE_MAX_BYTES);
    gint64 hits[HEALTH_CLASSES] = {0};
    while (fgets(line, LINE_MAX_BYTES, file))
        for (HealthClass kind = 0; kind < HEALTH_CLASSES; kind++)
            hits[kind] += g_regex_match(health->classes[kind], line, 0, NULL);
    fclose(file);
    for (HealthClass kind = 0; kind < HEALTH_CLASSES; kind++)
        if (hits[kind])
            json_mut_set(health->doc, health->counts[kind], entry->path, yyjson_mut_sint(health->doc, hits[kind]));
}

static int compare_hits(const void *a, const void *b) {
    const HealthHits *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : strcmp(x->file, y->file);
}

GArray *health_hits(yyjson_val *files) {
    GArray *list = g_array_new(FALSE, FALSE, sizeof(HealthHits));
    yyjson_val *key, *value;
    json_foreach_member(files, key, value) {
        HealthHits hits = {yyjson_get_str(key), json_int(value, 0)};
        g_array_append_vals(list, &hits, 1);
    }
    g_array_sort(list, compare_hits);
    return list;
}

/* --- all of it ---------------------------------------------------------------------------------------- */

static bool take_entry(const FolderEntry *entry, void *data, GError **error) {
    bool log =
        !entry->failure && S_ISREG(entry->mode) && fnmatch("podlogs/*/*/logs/*.txt", entry->path, FNM_PATHNAME) == 0;
    if (log)
        count_lines(data, entry);
    return true;
}

static yyjson_mut_val *tally_to_json(const Tally *tally) {
    yyjson_mut_val *value = yyjson_mut_obj(tally->doc);
    json_mut_set(tally->doc, value, "total_nodes", yyjson_mut_uint(tally->doc, tally->total));
    json_mut_set(tally->doc, value, "healthy_nodes", yyjson_mut_uint(tally->doc, tally->healthy));
    if (tally->total)
        json_mut_set(tally->doc, value, "details", tally->details);
    return value;
}

/* As the query wrote it; "" where it could not. */
static char *read_api_version(const char *folder) {
    g_autofree char *path = g_build_filename(folder, "serverversion.json", NULL);
    size_t length;
    g_autofree char *text = file_read(path, VERSION_MAX, &length, NULL);
    g_autoptr(yyjson_doc) doc = text ? json_parse(text, length, path, NULL) : NULL;
    const char *version = json_get_string(yyjson_doc_get_root(doc), "gitVersion");
    return g_strdup(version ? version : "");
}

static char *health_text(Health *health, const char *folder) {
    yyjson_mut_val *root = yyjson_mut_obj(health->doc);
    g_autofree char *version = read_api_version(folder);
    json_mut_set(health->doc, root, "node_health", tally_to_json(&health->nodes));
    json_mut_set(health->doc, root, "pod_health", tally_to_json(&health->pods));
    json_mut_set_string(health->doc, root, "api_version", version);
    yyjson_mut_val *summary = json_mut_ensure_object(health->doc, root, "error_summary");
    for (HealthClass kind = 0; kind < HEALTH_CLASSES; kind++)
        json_mut_set(health->doc, summary, health_class_names[kind], health->counts[kind]);
    return json_mut_write(root, NULL);
}

bool health_write(Health *health, const char *folder, GError **error) {
    static const Limits none = {0};
    int opened = folder_open(folder, error);
    if (opened < 0)
        return false;
    bool walked = folder_walk(opened, "podlogs", &none, take_entry, health, error);
    close(opened);
    if (!walked)
        return false;
    g_autofree char *text = health_text(health, folder),
                    *path = g_build_filename(folder, "meta", "clusterhealth.json", NULL);
    return g_file_set_contents(path, text, -1, error);
}
