#include "sonobuoy/plugin-install.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define ENDING ".yaml"
enum { NAME_MAX_BYTES = 240 };

static bool is_name(const char *name) {
    g_autofree char *printable = text_printable(name);
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) <= NAME_MAX_BYTES &&
           g_str_equal(name, printable);
}

char *plugin_installed_folder(void) {
    const char *given = g_getenv("SONOBUOY_DIR");
    return given && *given ? g_strdup(given) : g_build_filename(g_get_home_dir(), ".sonobuoy", NULL);
}

char *plugin_installed_path(const char *name, GError **error) {
    if (!is_name(name) || g_str_equal(name, ENDING)) {
        g_autofree char *shown = text_printable(name);
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "\"%s\" is no name for an installed plugin: without a slash, printable, not beginning with a dot, "
                    "at most %d bytes",
                    shown, NAME_MAX_BYTES);
        return NULL;
    }
    g_autofree char *folder = plugin_installed_folder();
    g_autofree char *file = g_str_has_suffix(name, ENDING) ? g_strdup(name) : g_strconcat(name, ENDING, NULL);
    return g_build_filename(folder, file, NULL);
}

GStrv plugin_installed_names(GError **error) {
    g_autofree char *folder = plugin_installed_folder();
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GError *failure = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &failure);
    if (failure && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_propagate_error(error, failure);
        return NULL;
    }
    g_clear_error(&failure);
    for (const char *file; dir && (file = g_dir_read_name(dir));)
        if (g_str_has_suffix(file, ENDING) && is_name(file))
            g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(ENDING)));
    g_ptr_array_sort(names, text_compare);
    g_ptr_array_add(names, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&names), false);
}

/* In place of an error of the file that says no more than that it is not there. */
static bool not_installed(const char *name, GError **error) {
    g_autofree char *folder = plugin_installed_folder();
    g_auto(GStrv) names = plugin_installed_names(NULL);
    g_autofree char *hint = text_did_you_mean(names ? text_nearest(name, (const char *const *)names) : NULL);
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no plugin %s is installed in %s%s", name, folder, hint);
    return false;
}

Plugin *plugin_installed_read(const char *name, GError **error) {
    g_autofree char *path = plugin_installed_path(name, error);
    if (!path)
        return NULL;
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        not_installed(name, error);
        return NULL;
    }
    g_autofree char *text = file_read(path, PLUGIN_MAX_BYTES, NULL, error);
    return text ? plugin_parse(text, strlen(text), path, NULL, error) : NULL;
}

bool plugin_install(const char *name, const Plugin *plugin, GError **error) {
    g_autofree char *path = plugin_installed_path(name, error);
    if (!path)
        return false;
    g_autofree char *folder = plugin_installed_folder(), *text = plugin_write(plugin);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        base_error_set_errno(error, errno, "the folder of plugins, %s, cannot be made", folder);
        return false;
    }
    const GFileSetContentsFlags whole = G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE;
    if (g_file_set_contents_full(path, text, -1, whole, 0644, error))
        return true;
    g_prefix_error(error, "the plugin %s cannot be installed: ", name);
    return false;
}

bool plugin_uninstall(const char *name, GError **error) {
    g_autofree char *path = plugin_installed_path(name, error);
    if (!path)
        return false;
    if (g_unlink(path) == 0)
        return true;
    if (errno == ENOENT)
        return not_installed(name, error);
    base_error_set_errno(error, errno, "%s cannot be removed", path);
    return false;
}
