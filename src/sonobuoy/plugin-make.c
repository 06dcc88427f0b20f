#include "sonobuoy/plugin-make.h"

#include "sonobuoy/builtin.h"

#include <string.h>

#define ACCOUNT "sonobuoy-serviceaccount"
enum { KEY_MAX = 253 };

static void set_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text) {
    if (text && *text)
        json_mut_set_string(doc, object, key, text);
}

static yyjson_mut_val *settings(const PluginParts *parts, yyjson_mut_doc *doc) {
    yyjson_mut_val *settings = yyjson_mut_obj(doc);
    set_text(doc, settings, "driver", parts->driver);
    set_text(doc, settings, "plugin-name", parts->name);
    set_text(doc, settings, "result-format", parts->format);
    set_text(doc, settings, "description", parts->description);
    set_text(doc, settings, "source-url", parts->url);
    return settings;
}

static void set_texts(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, GStrv texts) {
    if (!texts || !*texts)
        return;
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    for (; *texts; texts++)
        yyjson_mut_arr_add_strcpy(doc, array, *texts);
    json_mut_set(doc, object, key, array);
}

static bool add_variable(yyjson_mut_doc *doc, yyjson_mut_val *env, const char *text, GError **error) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "the variable \"%s\" is not NAME=VALUE", text);
        return false;
    }
    g_autofree char *name = g_strndup(text, (gsize)(equals - text));
    yyjson_mut_val *variable = yyjson_mut_arr_add_obj(doc, env);
    json_mut_set_string(doc, variable, "name", name);
    set_text(doc, variable, "value", equals + 1);
    return true;
}

static yyjson_mut_val *container(const PluginParts *parts, yyjson_mut_doc *doc, GError **error) {
    yyjson_mut_val *spec = yyjson_mut_obj(doc), *env = yyjson_mut_arr(doc);
    set_text(doc, spec, "image", parts->image);
    set_texts(doc, spec, "command", parts->command);
    set_texts(doc, spec, "args", parts->arguments);
    for (char **text = parts->environment; text && *text; text++)
        if (!add_variable(doc, env, *text, error))
            return NULL;
    if (yyjson_mut_arr_size(env))
        json_mut_set(doc, spec, "env", env);
    return spec;
}

/* A pod spec takes the place of the default one: with one for the nodes alone, what has run would be run again and
 * again, as a stranger. */
static yyjson_mut_val *bare_pod_spec(yyjson_mut_doc *doc, bool once) {
    yyjson_mut_val *spec = yyjson_mut_obj(doc);
    json_mut_set(doc, spec, "containers", yyjson_mut_arr(doc));
    if (once)
        json_mut_set_string(doc, spec, "restartPolicy", "Never");
    json_mut_set_string(doc, spec, "serviceAccountName", ACCOUNT);
    return spec;
}

static yyjson_mut_val *pod_spec(const PluginParts *parts, yyjson_mut_doc *doc) {
    bool once = g_ascii_strcasecmp(parts->driver, "Job") == 0, selects = parts->node_selector && *parts->node_selector;
    if (!parts->default_pod_spec && !selects)
        return NULL;
    yyjson_mut_val *spec = parts->default_pod_spec
                               ? builtin_pod_spec(doc, once ? PLUGIN_JOB : PLUGIN_DAEMON_SET, ACCOUNT)
                               : bare_pod_spec(doc, once);
    if (!selects)
        return spec;
    yyjson_mut_val *selector = yyjson_mut_obj(doc);
    for (char **pair = parts->node_selector; *pair; pair++) {
        g_auto(GStrv) halves = g_strsplit(*pair, "=", 2);
        json_mut_set_string(doc, selector, halves[0], halves[1] ? halves[1] : "");
    }
    json_mut_set(doc, spec, "nodeSelector", selector);
    return spec;
}

/* A key of a ConfigMap: letters, digits, '-', '_' and '.', at most 253, no "..". */
static bool is_key(const char *name) {
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    return length > 0 && length <= KEY_MAX && !name[length] && !g_str_has_prefix(name, "..") && !g_str_equal(name, ".");
}

static yyjson_mut_val *config_map(const PluginParts *parts, yyjson_mut_doc *doc, GError **error) {
    yyjson_mut_val *map = yyjson_mut_obj(doc);
    for (const PluginFile *file = parts->files; file && file->name; file++) {
        const char *wrong = !is_key(file->name) ? "no ConfigMap takes a name that is not of letters, digits, -, _ and ."
                            : yyjson_mut_obj_get(map, file->name)       ? "there are two files of that name"
                            : !g_utf8_validate(file->content, -1, NULL) ? "its content is no text (UTF-8)"
                                                                        : NULL;
        if (wrong) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "the file %s: %s", file->name, wrong);
            return NULL;
        }
        json_mut_set_string(doc, map, file->name, file->content);
    }
    return map;
}

Plugin *plugin_make(const PluginParts *parts, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *spec = container(parts, doc, error), *pod = pod_spec(parts, doc);
    yyjson_mut_val *map = spec ? config_map(parts, doc, error) : NULL;
    if (!map)
        return NULL;
    json_mut_set(doc, root, "sonobuoy-config", settings(parts, doc));
    json_mut_set(doc, root, "spec", spec);
    if (pod)
        json_mut_set(doc, root, "podSpec", pod);
    if (yyjson_mut_obj_size(map))
        json_mut_set(doc, root, "config-map", map);
    size_t length;
    g_autofree char *text = json_mut_write(root, &length);
    return plugin_parse(text, length, "the plugin", NULL, error);
}
