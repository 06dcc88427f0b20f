#include "sonobuoy/plugin.h"

#include "base/text.h"
#include "base/yaml.h"

#include <string.h>

#define RESERVED_NAME "sonobuoy"

static const char *const known_keys[] = {"apiVersion", "kind",          "sonobuoy-config", "spec",
                                         "podSpec",    "extra-volumes", "config-map",      NULL};
static const char *const known_settings[] = {"driver",       "plugin-name",  "result-format",
                                             "result-files", "skip-cleanup", "description",
                                             "source-url",   "order",        NULL};

bool plugin_name_check(const char *name, GError **error) {
    if (g_str_equal(name, RESERVED_NAME)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "a plugin cannot be named %s: that is the aggregator's own name", name);
        return false;
    }
    if (name_is_dns_subdomain(name, error))
        return true;
    g_prefix_error(error, "\"%s\" is no name of a plugin: ", name);
    return false;
}

/* --- reading ---------------------------------------------------------------------------- */

/* The member of that type; NULL where it is missing or null, and an error where it is of another type. */
static yyjson_mut_val *member(yyjson_mut_val *object, const char *key, bool (*is)(const yyjson_mut_val *),
                              const char *type, GError **error) {
    yyjson_mut_val *value = yyjson_mut_obj_get(object, key);
    if (!value || yyjson_mut_is_null(value))
        return NULL;
    if (is(value))
        return value;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s must be %s", key, type);
    return NULL;
}

static bool is_object(const yyjson_mut_val *value) {
    return yyjson_mut_is_obj((yyjson_mut_val *)value);
}
static bool is_array(const yyjson_mut_val *value) {
    return yyjson_mut_is_arr((yyjson_mut_val *)value);
}
static bool is_text(const yyjson_mut_val *value) {
    return yyjson_mut_is_str((yyjson_mut_val *)value);
}
static bool is_bool(const yyjson_mut_val *value) {
    return yyjson_mut_is_bool((yyjson_mut_val *)value);
}

static char *text_member(yyjson_mut_val *object, const char *key, GError **error) {
    const char *text = yyjson_mut_get_str(member(object, key, is_text, "a text", error));
    return g_strdup(text ? text : "");
}

static GStrv read_names(yyjson_mut_val *array, GError **error) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    size_t index, count;
    yyjson_mut_val *value;
    yyjson_mut_arr_foreach(array, index, count, value) {
        const char *text = yyjson_mut_get_str(value);
        if (text)
            g_strv_builder_add(builder, text);
        else if (error && !*error)
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "result-files must be texts");
    }
    return g_strv_builder_end(builder);
}

static bool read_driver(Plugin *plugin, const char *text, GError **error) {
    if (g_ascii_strcasecmp(text, "Job") == 0)
        plugin->driver = PLUGIN_JOB;
    else if (g_ascii_strcasecmp(text, "DaemonSet") == 0)
        plugin->driver = PLUGIN_DAEMON_SET;
    else {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    *text ? "driver \"%s\" is neither Job nor DaemonSet" : "driver is missing%s: Job or DaemonSet",
                    text);
        return false;
    }
    return true;
}

static bool read_order(Plugin *plugin, yyjson_mut_val *value, GError **error) {
    if (!value || yyjson_mut_is_null(value))
        return true;
    plugin->order = json_mut_int(value, G_MININT64);
    if (plugin->order != G_MININT64)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "order must be a whole number");
    return false;
}

static bool read_settings(Plugin *plugin, yyjson_mut_val *root, GError **error) {
    GError *wrong = NULL;
    yyjson_mut_val *settings = member(root, "sonobuoy-config", is_object, "a map", &wrong);
    if (!settings) {
        if (!wrong)
            g_set_error(&wrong, BASE_ERROR, BASE_ERROR_INVALID, "sonobuoy-config is missing");
        g_propagate_error(error, wrong);
        return false;
    }
    g_autofree char *driver = text_member(settings, "driver", &wrong);
    plugin->name = wrong ? NULL : text_member(settings, "plugin-name", &wrong);
    plugin->result_format = wrong ? NULL : text_member(settings, "result-format", &wrong);
    plugin->description = wrong ? NULL : text_member(settings, "description", &wrong);
    plugin->source_url = wrong ? NULL : text_member(settings, "source-url", &wrong);
    plugin->result_files =
        read_names(wrong ? NULL : member(settings, "result-files", is_array, "a list", &wrong), &wrong);
    plugin->skip_cleanup =
        !wrong && yyjson_mut_get_bool(member(settings, "skip-cleanup", is_bool, "true or false", &wrong));
    if (wrong) {
        g_propagate_prefixed_error(error, wrong, "sonobuoy-config: ");
        return false;
    }
    if (!read_driver(plugin, driver, error) || !read_order(plugin, yyjson_mut_obj_get(settings, "order"), error)) {
        g_prefix_error(error, "sonobuoy-config: ");
        return false;
    }
    if (!*plugin->name) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "sonobuoy-config: plugin-name is missing");
        return false;
    }
    return plugin_name_check(plugin->name, error);
}

/* Whether each value is a text; of JSON and YAML files, whether it is some. */
static bool check_config_map(yyjson_mut_val *map, GError **error) {
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(map);
    for (yyjson_mut_val *key; map && (key = yyjson_mut_obj_iter_next(&iter));) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        const char *name = yyjson_mut_get_str(key);
        if (!yyjson_mut_is_str(value)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "config-map: %s must be a text", name);
            return false;
        }
        if (!g_str_has_suffix(name, ".yaml") && !g_str_has_suffix(name, ".yml") && !g_str_has_suffix(name, ".json"))
            continue;
        g_autoptr(GPtrArray) documents =
            yaml_parse_all(yyjson_mut_get_str(value), yyjson_mut_get_len(value), name, error);
        if (!documents) {
            g_prefix_error(error, "config-map: ");
            return false;
        }
    }
    return true;
}

static bool read_root(Plugin *plugin, yyjson_mut_val *root, GError **error) {
    if (!yyjson_mut_is_obj(root)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "it is no definition of a plugin: sonobuoy-config is missing");
        return false;
    }
    if (!read_settings(plugin, root, error))
        return false;
    GError *wrong = NULL;
    plugin->spec = member(root, "spec", is_object, "a container", &wrong);
    plugin->pod_spec = wrong ? NULL : member(root, "podSpec", is_object, "a map", &wrong);
    plugin->extra_volumes = wrong ? NULL : member(root, "extra-volumes", is_array, "a list of volumes", &wrong);
    plugin->config_map = wrong ? NULL : member(root, "config-map", is_object, "a map of texts", &wrong);
    if (!wrong && !json_mut_get_string(plugin->spec, "image"))
        g_set_error(&wrong, BASE_ERROR, BASE_ERROR_INVALID, "spec.image is missing: the plugin's own container");
    if (wrong) {
        g_propagate_error(error, wrong);
        return false;
    }
    if (!json_mut_get_string(plugin->spec, "name"))
        json_mut_set_string(plugin->doc, plugin->spec, "name", "plugin");
    return check_config_map(plugin->config_map, error);
}

static void unknown_members(yyjson_mut_val *object, const char *const *known, const char *prefix, GStrvBuilder *out) {
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(object);
    for (yyjson_mut_val *key; object && (key = yyjson_mut_obj_iter_next(&iter));) {
        const char *name = yyjson_mut_get_str(key);
        g_autofree char *path = g_strconcat(prefix, name, NULL);
        if (!g_strv_contains(known, name))
            g_strv_builder_add(out, path);
    }
}

Plugin *plugin_parse(const char *text, size_t length, const char *what, GStrv *unknown, GError **error) {
    g_autoptr(Plugin) plugin = g_new0(Plugin, 1);
    plugin->doc = yaml_parse(text, length, what, error);
    if (!plugin->doc)
        return NULL;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(plugin->doc);
    if (!read_root(plugin, root, error)) {
        g_prefix_error(error, "%s: ", what);
        return NULL;
    }
    if (unknown) {
        g_autoptr(GStrvBuilder) names = g_strv_builder_new();
        unknown_members(root, known_keys, "", names);
        unknown_members(yyjson_mut_obj_get(root, "sonobuoy-config"), known_settings, "sonobuoy-config.", names);
        *unknown = g_strv_builder_end(names);
    }
    return g_steal_pointer(&plugin);
}

/* --- writing ---------------------------------------------------------------------------- */

static void set_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text) {
    if (*text)
        json_mut_set_string(doc, object, key, text);
}

static yyjson_mut_val *settings_to_json(const Plugin *plugin, yyjson_mut_doc *doc) {
    yyjson_mut_val *settings = yyjson_mut_obj(doc);
    json_mut_set_string(doc, settings, "driver", plugin_driver_name(plugin->driver));
    json_mut_set_string(doc, settings, "plugin-name", plugin->name);
    if (plugin->skip_cleanup)
        json_mut_set(doc, settings, "skip-cleanup", yyjson_mut_true(doc));
    set_text(doc, settings, "result-format", plugin->result_format);
    if (plugin->result_files[0]) {
        yyjson_mut_val *files = yyjson_mut_arr(doc);
        for (char **file = plugin->result_files; *file; file++)
            yyjson_mut_arr_add_strcpy(doc, files, *file);
        json_mut_set(doc, settings, "result-files", files);
    }
    set_text(doc, settings, "source-url", plugin->source_url);
    set_text(doc, settings, "description", plugin->description);
    if (plugin->order)
        json_mut_set(doc, settings, "order", yyjson_mut_sint(doc, plugin->order));
    return settings;
}

const char *plugin_driver_name(PluginDriver driver) {
    return driver == PLUGIN_JOB ? "Job" : "DaemonSet";
}

yyjson_mut_val *plugin_to_json(const Plugin *plugin, yyjson_mut_doc *doc) {
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    json_mut_set(doc, root, "sonobuoy-config", settings_to_json(plugin, doc));
    json_mut_set(doc, root, "spec", yyjson_mut_val_mut_copy(doc, plugin->spec));
    if (plugin->pod_spec)
        json_mut_set(doc, root, "podSpec", yyjson_mut_val_mut_copy(doc, plugin->pod_spec));
    if (plugin->extra_volumes)
        json_mut_set(doc, root, "extra-volumes", yyjson_mut_val_mut_copy(doc, plugin->extra_volumes));
    if (plugin->config_map)
        json_mut_set(doc, root, "config-map", yyjson_mut_val_mut_copy(doc, plugin->config_map));
    return root;
}

char *plugin_write(const Plugin *plugin) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = plugin_to_json(plugin, doc);
    json_mut_sort(root);
    return yaml_write(root);
}

Plugin *plugin_copy(const Plugin *plugin) {
    Plugin *copy = g_new0(Plugin, 1);
    *copy = *plugin;
    copy->name = g_strdup(plugin->name);
    copy->result_format = g_strdup(plugin->result_format);
    copy->result_files = g_strdupv(plugin->result_files);
    copy->description = g_strdup(plugin->description);
    copy->source_url = g_strdup(plugin->source_url);
    copy->doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val **values[] = {&copy->spec, &copy->pod_spec, &copy->extra_volumes, &copy->config_map};
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
        if (*values[i])
            *values[i] = yyjson_mut_val_mut_copy(copy->doc, *values[i]);
    return copy;
}

void plugin_free(Plugin *plugin) {
    if (!plugin)
        return;
    g_free(plugin->name);
    g_free(plugin->result_format);
    g_strfreev(plugin->result_files);
    g_free(plugin->description);
    g_free(plugin->source_url);
    g_clear_pointer(&plugin->doc, yyjson_mut_doc_free);
    g_free(plugin);
}
