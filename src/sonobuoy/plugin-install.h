/* Plugins that are installed: files NAME.yaml in a folder of the user's, which 'sonobuoy run' finds by NAME.
 * A name is a file's: it has no "/" and does not begin with a dot; its ".yaml" may be left out.
 * Source: `sonobuoy plugin` of stock Sonobuoy 0.57. */
#pragma once

#include "sonobuoy/plugin.h"

/* $SONOBUOY_DIR, else ~/.sonobuoy. g_free() it. */
char *plugin_installed_folder(void);

/* The file that a plugin of that name has, or would have; INVALID for what is no name. g_free() it. */
char *plugin_installed_path(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The names of all of them without ".yaml", sorted; none where there is no folder. */
GStrv plugin_installed_names(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* NOT_FOUND names the folder. */
Plugin *plugin_installed_read(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the plugin's file, and its folder where that is not there: whole or not at all, in place of one of that name.
 */
bool plugin_install(const char *name, const Plugin *plugin, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool plugin_uninstall(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
