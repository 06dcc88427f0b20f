#include "sonobuoy/plugin-sources.h"

#include "base/file.h"
#include "base/http.h"
#include "base/text.h"
#include "sonobuoy/plugin-install.h"

#include <string.h>

enum { URL_SECONDS = 10 };

/* --- texts ---------------------------------------------------------------------------------- */

static bool is_url(const char *text) {
    return g_str_has_prefix(text, "http://") || g_str_has_prefix(text, "https://");
}

static char *read_url(const char *url, Cancel *cancel, GError **error) {
    HttpConfig config = {.user_agent = "sonobuoy/" SEAWORTHY_VERSION};
    g_autoptr(HttpClient) client = http_client_new(&config, error);
    g_auto(HttpResponse) response = {0};
    HttpRequest request = {
        .method = "GET",
        .url = url,
        .deadline = g_get_monotonic_time() + URL_SECONDS * G_USEC_PER_SEC,
        .response_max = PLUGIN_MAX_BYTES,
        .cancel = cancel,
    };
    if (!client || !http_perform(client, &request, &response, error))
        return NULL;
    if (response.status > 399) {
        g_set_error(error, BASE_ERROR, response.status == 404 ? BASE_ERROR_NOT_FOUND : BASE_ERROR_FAILED,
                    "GET %s: status %d", url, response.status);
        return NULL;
    }
    return g_strndup((const char *)response.body->data, response.body->len);
}

char *plugin_source_read(const char *path, Cancel *cancel, GError **error) {
    return is_url(path) ? read_url(path, cancel, error) : file_read(path, PLUGIN_MAX_BYTES, NULL, error);
}

/* --- definitions ------------------------------------------------------------------------------ */

static bool add_text(GPtrArray *plugins, const char *text, const char *what, GPtrArray *unknown, GError **error) {
    g_auto(GStrv) names = NULL;
    Plugin *plugin = plugin_parse(text, strlen(text), what, unknown ? &names : NULL, error);
    if (!plugin)
        return false;
    for (char **name = names; name && *name; name++)
        g_ptr_array_add(unknown, g_strdup_printf("%s: %s", what, *name));
    g_ptr_array_add(plugins, plugin);
    return true;
}

static bool add_file(GPtrArray *plugins, const char *path, GPtrArray *unknown, Cancel *cancel, GError **error) {
    g_autofree char *text = plugin_source_read(path, cancel, error);
    return text && add_text(plugins, text, path, unknown, error);
}

static bool add_folder(GPtrArray *plugins, const char *path, GPtrArray *unknown, GError **error) {
    g_autoptr(GDir) dir = g_dir_open(path, 0, error);
    if (!dir)
        return false;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));)
        if (g_str_has_suffix(name, ".yaml"))
            g_ptr_array_add(names, g_build_filename(path, name, NULL));
    g_ptr_array_sort(names, text_compare);
    for (guint i = 0; i < names->len; i++)
        if (!add_file(plugins, names->pdata[i], unknown, NULL, error))
            return false;
    if (names->len)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no *.yaml in the folder %s", path);
    return false;
}

/* --- all of it --------------------------------------------------------------------------------- */

/* The file of an installed plugin; NULL where there is none of that name. */
static char *installed_path(const char *name) {
    char *path = plugin_installed_path(name, NULL);
    if (path && !g_file_test(path, G_FILE_TEST_IS_REGULAR))
        g_clear_pointer(&path, g_free);
    return path;
}

static bool rename_plugin(Plugin *plugin, const char *name, GError **error) {
    if (!plugin_name_check(name, error))
        return false;
    g_free(plugin->name);
    plugin->name = g_strdup(name);
    return true;
}

static bool not_found(const char *text, GError **error) {
    g_autofree char *folder = plugin_installed_folder();
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                "there is no plugin %s: it is neither installed (in %s), nor built in (" BUILTIN_E2E
                ", " BUILTIN_SYSTEMD_LOGS ", " BUILTIN_CHECK "), nor a file, folder or URL",
                text, folder);
    return false;
}

bool plugin_source_add(GPtrArray *plugins, const char *text, const RunConfig *config, GPtrArray *unknown,
                       Cancel *cancel, GError **error) {
    const char *at = strrchr(text, '@');
    /* A URL may have one too, before its path. */
    if (at && strchr(at, '/'))
        at = NULL;
    g_autofree char *source = at ? g_strndup(text, (gsize)(at - text)) : g_strdup(text);
    g_autofree char *installed = installed_path(source);
    bool folder = g_file_test(source, G_FILE_TEST_IS_DIR);
    Plugin *builtin = installed ? NULL : builtin_plugin(source, config);
    bool added = true;
    if (builtin)
        g_ptr_array_add(plugins, builtin);
    else if (installed || is_url(source))
        added = add_file(plugins, installed ? installed : source, unknown, cancel, error);
    else if (folder)
        added = add_folder(plugins, source, unknown, error);
    else if (g_file_test(source, G_FILE_TEST_EXISTS))
        added = add_file(plugins, source, unknown, cancel, error);
    else
        added = not_found(source, error);
    if (!added)
        return false;
    if (!at)
        return true;
    if (!builtin && !folder)
        return rename_plugin(plugins->pdata[plugins->len - 1], at + 1, error);
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s: built-in plugins and folders keep their names", text);
    return false;
}
