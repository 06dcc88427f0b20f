#include "ark/cli/settings.h"

#include "ark/cli/common.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

enum { SIZE_MAX_BYTES = 1024 * 1024 };

/* The tables whose configurable options the file may hold. */
static const Option *const tables[] = {kube_options, kube_tuning_options, velero_options, limit_options};

const char *settings_path(void) {
    static char *path;
    const char *given = g_getenv("ARK_CONFIG");
    if (given && *given)
        return given;
    if (!path)
        path = g_build_filename(g_get_user_config_dir(), "ark", "config.yaml", NULL);
    return path;
}

/* --- what may be in it --------------------------------------------------------------------- */

static const Option *find_option(const char *name) {
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const Option *option = tables[i]; option->name; option++)
            if (option->configurable && g_str_equal(option->name, name))
                return option;
    return NULL;
}

static bool unknown_key(const char *key, GError **error) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const Option *option = tables[i]; option->name; option++)
            if (option->configurable)
                g_ptr_array_add(names, (void *)option->name);
    g_ptr_array_add(names, (void *)"location");
    g_ptr_array_add(names, (void *)"locations.NAME.url");
    g_ptr_array_add(names, (void *)"locations.NAME.config.KEY");
    g_ptr_array_add(names, NULL);
    const char *nearest = text_nearest(key, (const char *const *)names->pdata);
    g_autofree char *all = g_strjoinv(", ", (char **)names->pdata);
    if (nearest)
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "there is no setting %s; did you mean %s?", key, nearest);
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "there is no setting %s; there are %s", key, all);
    return false;
}

/* The text of a string, number or boolean; NULL for anything else. */
static const char *scalar(yyjson_mut_val *value) {
    if (yyjson_mut_is_raw(value))
        return yyjson_mut_get_raw(value);
    if (yyjson_mut_is_bool(value))
        return yyjson_mut_get_bool(value) ? "true" : "false";
    return yyjson_mut_get_str(value);
}

static bool is_url(const char *text) {
    return strstr(text, "://") != NULL;
}

static bool check_url(const char *key, const char *text, GError **error) {
    if (is_url(text))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                "%s: \"%s\" is no location: give file:///DIRECTORY or s3://BUCKET/PREFIX", key, text);
    return false;
}

static bool is_location_name(const char *name) {
    return *name && !strpbrk(name, "/:. \t\n");
}

/* locations.NAME.url, locations.NAME.config.KEY, location or an option; also locations.NAME where it is to go. */
static bool check_key(const char *key, GStrv parts, bool removed, GError **error) {
    guint length = g_strv_length(parts);
    if (length == 1)
        return g_str_equal(key, "location") || find_option(key) ? true : unknown_key(key, error);
    if (!g_str_equal(parts[0], "locations"))
        return unknown_key(key, error);
    if (!is_location_name(parts[1])) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "\"%s\" cannot name a location: it must have no / : . or space", parts[1]);
        return false;
    }
    if ((length == 2 && removed) || (length == 3 && g_str_equal(parts[2], "url")) ||
        (length == 4 && g_str_equal(parts[2], "config") && *parts[3]))
        return true;
    return unknown_key(key, error);
}

static bool check_value(const char *key, GStrv parts, const char *value, GError **error) {
    const Option *option = find_option(key);
    if (option && !option_accepts(option, value, error)) {
        g_prefix_error(error, "%s: ", key);
        return false;
    }
    if (g_str_equal(key, "location") && !is_url(value) && !is_location_name(value)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "location: \"%s\" is neither a URL nor a name", value);
        return false;
    }
    return g_strv_length(parts) != 3 || check_url(key, value, error);
}

static bool check_setting(const char *key, yyjson_mut_val *value, GError **error) {
    g_auto(GStrv) parts = g_strsplit(key, ".", 4);
    if (!check_key(key, parts, false, error))
        return false;
    if (scalar(value))
        return check_value(key, parts, scalar(value), error);
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s must be a text or a number", key);
    return false;
}

static bool check_object(const char *what, yyjson_mut_val *value, GError **error) {
    if (yyjson_mut_is_obj(value))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s must be a map", what);
    return false;
}

static bool check_location(const char *name, yyjson_mut_val *location, GError **error) {
    g_autofree char *what = g_strdup_printf("locations.%s", name);
    yyjson_mut_val *key, *value, *setting;
    size_t index, count, inner, inner_count;
    if (!check_object(what, location, error))
        return false;
    if (!yyjson_mut_obj_get(location, "url")) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s has no url", what);
        return false;
    }
    yyjson_mut_obj_foreach(location, index, count, key, value) {
        g_autofree char *path = g_strdup_printf("%s.%s", what, yyjson_mut_get_str(key));
        if (!g_str_equal(yyjson_mut_get_str(key), "config")) {
            if (!check_setting(path, value, error))
                return false;
            continue;
        }
        if (!check_object(path, value, error))
            return false;
        yyjson_mut_obj_foreach(value, inner, inner_count, key, setting) {
            g_autofree char *deep = g_strdup_printf("%s.%s", path, yyjson_mut_get_str(key));
            if (!check_setting(deep, setting, error))
                return false;
        }
    }
    return true;
}

static bool check(yyjson_mut_val *root, GError **error) {
    yyjson_mut_val *key, *value, *name, *location;
    size_t index, count, inner, inner_count;
    if (!check_object("the file", root, error))
        return false;
    yyjson_mut_obj_foreach(root, index, count, key, value) {
        if (!g_str_equal(yyjson_mut_get_str(key), "locations")) {
            if (!check_setting(yyjson_mut_get_str(key), value, error))
                return false;
            continue;
        }
        if (!check_object("locations", value, error))
            return false;
        yyjson_mut_obj_foreach(value, inner, inner_count, name, location) {
            if (!check_location(yyjson_mut_get_str(name), location, error))
                return false;
        }
    }
    return true;
}

/* --- reading and writing --------------------------------------------------------------------- */

static yyjson_mut_doc *empty(void) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    return doc;
}

yyjson_mut_doc *settings_read(GError **error) {
    const char *path = settings_path();
    g_autofree char *text = NULL;
    g_autoptr(GError) failure = NULL;
    gsize length;
    text = file_read(path, SIZE_MAX_BYTES, &length, &failure);
    if (!text) {
        if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
            return empty();
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "configuration: %s", failure->message);
        return NULL;
    }
    yyjson_mut_doc *doc = yaml_parse(text, length, path, error);
    if (doc && yyjson_mut_is_null(yyjson_mut_doc_get_root(doc)))
        yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    if (!doc || check(yyjson_mut_doc_get_root(doc), error))
        return doc;
    g_prefix_error(error, "configuration file %s: ", path);
    (*error)->code = BASE_ERROR_INVALID;
    yyjson_mut_doc_free(doc);
    return NULL;
}

int settings_lock(GError **error) {
    g_autofree char *dir = g_path_get_dirname(settings_path());
    if (g_mkdir_with_parents(dir, 0700) != 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_FAILED, "directory %s cannot be made: %s", dir, g_strerror(errno));
        return -1;
    }
    int lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0)
        g_set_error(error, BASE_ERROR, BASE_ERROR_FAILED, "directory %s cannot be opened: %s", dir, g_strerror(errno));
    else
        flock(lock, LOCK_EX); /* a file system that has no locks goes without */
    return lock;
}

bool settings_write(yyjson_mut_doc *doc, GError **error) {
    g_autofree char *text = yaml_write(yyjson_mut_doc_get_root(doc));
    g_autoptr(GError) failure = NULL;
    if (g_file_set_contents_full(settings_path(), text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &failure))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_FAILED, "configuration: %s", failure->message);
    return false;
}

/* Removes the objects on the way that hold nothing any more. */
static void remove_empty(yyjson_mut_val *root, GStrv parts, guint depth) {
    yyjson_mut_val *at = root;
    for (guint i = 0; at && i + 1 < depth; i++)
        at = yyjson_mut_obj_get(at, parts[i]);
    if (at && yyjson_mut_obj_size(yyjson_mut_obj_get(at, parts[depth - 1])) == 0) {
        yyjson_mut_obj_remove_key(at, parts[depth - 1]);
        if (depth > 1)
            remove_empty(root, parts, depth - 1);
    }
}

bool settings_set(yyjson_mut_doc *doc, const char *key, const char *value, GError **error) {
    g_auto(GStrv) parts = g_strsplit(key, ".", 4);
    guint length = g_strv_length(parts);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *at = root;
    if (!check_key(key, parts, !value, error) || (value && !check_value(key, parts, value, error)))
        return false;
    for (guint i = 0; at && i + 1 < length; i++)
        at = value ? json_mut_ensure_object(doc, at, parts[i]) : yyjson_mut_obj_get(at, parts[i]);
    const Option *option = find_option(key);
    if (value && option && option->kind == OPTION_INT) {
        json_mut_set(doc, at, key, yyjson_mut_rawcpy(doc, value));
    } else if (value) {
        json_mut_set_string(doc, at, parts[length - 1], value);
    } else if (!at || !yyjson_mut_obj_remove_key(at, parts[length - 1])) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "%s is not set in %s", key, settings_path());
        return false;
    } else if (length > 1) {
        remove_empty(root, parts, length - 1);
    }
    return check(root, error);
}

/* --- using it ------------------------------------------------------------------------------------ */

/* Read once; stays until the program ends. */
static yyjson_mut_val *current(GError **error) {
    static yyjson_mut_doc *doc;
    if (!doc)
        doc = settings_read(error);
    return doc ? yyjson_mut_doc_get_root(doc) : NULL;
}

const char *settings_option(const Option *option, const char **origin, GError **error) {
    yyjson_mut_val *root = current(error);
    *origin = settings_path();
    return root ? scalar(yyjson_mut_obj_get(root, option->name)) : NULL;
}

GStrv settings_location_names(void) {
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    yyjson_mut_val *root = current(NULL), *key, *value;
    size_t index, count;
    yyjson_mut_obj_foreach(yyjson_mut_obj_get(root, "locations"), index, count, key, value) {
        g_strv_builder_add(names, yyjson_mut_get_str(key));
    }
    return g_strv_builder_end(names);
}

static void add_all(GStrvBuilder *builder, GStrv texts) {
    for (; texts && *texts; texts++)
        g_strv_builder_add(builder, *texts);
}

/* A name's URL; its settings are added. */
static char *named_location(const char *name, GStrvBuilder *config, GError **error) {
    yyjson_mut_val *root = current(error), *key, *value;
    if (!root)
        return NULL;
    yyjson_mut_val *location = yyjson_mut_obj_get(yyjson_mut_obj_get(root, "locations"), name);
    if (!location) {
        g_auto(GStrv) names = settings_location_names();
        g_autofree char *all = g_strjoinv(", ", names);
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "location \"%s\" is neither a URL (%s) nor a name in %s%s%s",
                    name, "file:///DIRECTORY, s3://BUCKET/PREFIX", settings_path(), *all ? ", which has " : "", all);
        return NULL;
    }
    size_t index, count;
    yyjson_mut_obj_foreach(yyjson_mut_obj_get(location, "config"), index, count, key, value) {
        g_autofree char *pair = g_strdup_printf("%s=%s", yyjson_mut_get_str(key), scalar(value));
        g_strv_builder_add(config, pair);
    }
    return g_strdup(scalar(yyjson_mut_obj_get(location, "url")));
}

char *settings_location(const char *given, GStrv given_config, GStrv *out_config, GError **error) {
    const char *text = given && *given ? given : g_getenv("ARK_LOCATION");
    if (!text || !*text) {
        yyjson_mut_val *root = current(error);
        if (!root)
            return NULL;
        text = scalar(yyjson_mut_obj_get(root, "location"));
    }
    if (!text) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE,
                            "no location: give --location file:///DIRECTORY or s3://BUCKET/PREFIX, set ARK_LOCATION, "
                            "or run 'ark config set location URL' once");
        return NULL;
    }
    g_autoptr(GStrvBuilder) config = g_strv_builder_new();
    char *url = is_url(text) ? g_strdup(text) : named_location(text, config, error);
    add_all(config, given_config);
    *out_config = g_strv_builder_end(config);
    return url;
}
