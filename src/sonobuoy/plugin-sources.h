/* Where plugins' definitions come from: built-in ones, those that were installed, files, folders and URLs.
 * Source: sonobuoy.io/docs/main/plugins, `sonobuoy run --plugin` and `sonobuoy plugin` of stock Sonobuoy 0.57. */
#pragma once

#include "base/cancel.h"
#include "sonobuoy/builtin.h"

/* Adds what `text` names to `plugins` (Plugin): an installed plugin, a built-in one, a file, a folder (its *.yaml), or
 * a URL; PLUGIN@NAME gives it another name. `unknown` (texts, may be NULL) gets what in them means nothing. NOT_FOUND
 * says where was looked. */
bool plugin_source_add(GPtrArray *plugins, const char *text, const RunConfig *config, GPtrArray *unknown,
                       Cancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The text of a definition at a path or URL. g_free() it. */
char *plugin_source_read(const char *path, Cancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
