/* sonobuoy plugin: those that are installed. */
#include "base/text.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/plugin-install.h"
#include "sonobuoy/plugin-sources.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    Common common;
} Options;

static const Option *const tables[] = {log_options, NULL};

/* --- list -------------------------------------------------------------------------------------------- */

static void print_plugin(const char *name, const char *path, const Plugin *plugin) {
    text_print(stdout, "Run as: %s\nFilename: %s\nPlugin name (in aggregator): %s\nSource URL: %s\nDescription: %s\n",
               name, path, plugin->name, plugin->source_url, plugin->description);
}

static int run_list(const CommandCall *call, void *data) {
    GError *error = NULL;
    g_auto(GStrv) names = plugin_installed_names(&error);
    int code = EXIT_DONE;
    bool any = false;
    for (char **name = names; name && *name; name++) {
        g_autofree char *path = plugin_installed_path(*name, &error);
        g_autoptr(Plugin) plugin = path ? plugin_installed_read(*name, &error) : NULL;
        if (!plugin) {
            program_end(EXIT_FAILED, g_steal_pointer(&error));
            code = EXIT_PARTLY;
            continue;
        }
        if (any)
            puts("---");
        any = true;
        print_plugin(*name, path, plugin);
    }
    return program_end(code, error);
}

static const Command list_command = {
    .name = "list",
    .summary = "List the installed plugins.",
    .description = "They are the files *.yaml of ~/.sonobuoy, or of $SONOBUOY_DIR. One that is no definition of a "
                   "plugin is told of on standard error, and the others are listed all the same.",
    .examples = "sonobuoy plugin list\nSONOBUOY_DIR=/srv/plugins sonobuoy plugin list",
    .exit_codes = "0   all are listed\n"
                  "1   the folder cannot be read\n"
                  "2   wrong use\n"
                  "3   some are no definitions",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_list,
};

/* --- show -------------------------------------------------------------------------------------------- */

static int run_show(const CommandCall *call, void *data) {
    GError *error = NULL;
    g_autoptr(Plugin) plugin = plugin_installed_read(call->arguments[0], &error);
    g_autofree char *text = plugin ? plugin_write(plugin) : NULL;
    if (text)
        fputs(text, stdout);
    return program_end(EXIT_DONE, error);
}

static const Command show_command = {
    .name = "show",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Print the definition of an installed plugin.",
    .examples = "sonobuoy plugin show my-plugin",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_show,
    .complete = "plugins",
};

/* --- install ----------------------------------------------------------------------------------------- */

static Plugin *read_source(const char *source, GError **error) {
    g_auto(GStrv) unknown = NULL;
    g_autofree char *text = plugin_source_read(source, program_cancel(), error);
    Plugin *plugin = text ? plugin_parse(text, strlen(text), source, &unknown, error) : NULL;
    for (char **name = unknown; plugin && *name; name++)
        text_print(stderr, "sonobuoy: %s: %s means nothing here, and is not installed\n", source, *name);
    return plugin;
}

static int run_install(const CommandCall *call, void *data) {
    const char *name = call->arguments[0], *source = call->arguments[1];
    GError *error = NULL;
    g_autofree char *path = plugin_installed_path(name, &error);
    g_autoptr(Plugin) plugin = path ? read_source(source, &error) : NULL;
    if (!plugin || !plugin_install(name, plugin, &error))
        return program_end(EXIT_FAILED, error);
    text_print(stdout, "Installed plugin %s into file %s from source %s\n", plugin->name, path, source);
    if (g_str_equal(name, BUILTIN_E2E) || g_str_equal(name, BUILTIN_SYSTEMD_LOGS) || g_str_equal(name, BUILTIN_CHECK))
        text_print(stderr, "sonobuoy: a run takes it in place of the built-in plugin %s\n", name);
    return EXIT_DONE;
}

static const Command install_command = {
    .name = "install",
    .arguments = "NAME SOURCE",
    .arguments_min = 2,
    .arguments_max = 2,
    .summary = "Install a plugin, to be run by its name.",
    .description = "SOURCE is a file or an URL. It is read and checked before anything is written; a plugin of that "
                   "name that is there already is replaced in one step.",
    .examples = "sonobuoy plugin install my-plugin my-plugin.yaml\n"
                "sonobuoy plugin install scan https://example.org/scan.yaml\n"
                "sonobuoy run --plugin scan",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_install,
    .complete = "plugins,file",
};

/* --- uninstall --------------------------------------------------------------------------------------- */

static int run_uninstall(const CommandCall *call, void *data) {
    GError *error = NULL;
    g_autofree char *path = plugin_installed_path(call->arguments[0], &error);
    if (path && plugin_uninstall(call->arguments[0], &error))
        text_print(stdout, "Uninstalled plugin file %s\n", path);
    return program_end(EXIT_DONE, error);
}

static const Command uninstall_command = {
    .name = "uninstall",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Remove an installed plugin.",
    .examples = "sonobuoy plugin uninstall my-plugin",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_uninstall,
    .complete = "plugins",
};

/* ------------------------------------------------------------------------------------------------------ */

static const Command *const children[] = {&list_command, &show_command, &install_command, &uninstall_command, NULL};
const Command plugin_command = {
    .name = "plugin",
    .aliases = "plugins",
    .summary = "Install plugins, to be run by their names.",
    .children = children,
};
