/* A plugin's definition: the YAML that people write, and its form in an archive.
 *
 * Top-level keys: sonobuoy-config (driver, plugin-name, result-format, result-files, skip-cleanup, description,
 * source-url, order), spec (a container), podSpec, extra-volumes, config-map. Unknown keys are ignored, but named to
 * whoever asks. Source: sonobuoy.io/docs/main/plugins. */
#pragma once

#include "base/json.h"

enum { PLUGIN_MAX_BYTES = 4 << 20 }; /* of a definition */
typedef enum { PLUGIN_JOB, PLUGIN_DAEMON_SET } PluginDriver;
const char *plugin_driver_name(PluginDriver driver); /* "Job", "DaemonSet" */

typedef struct {
    PluginDriver driver;
    char *name;
    char *result_format; /* as written; "" where it is not */
    GStrv result_files;  /* never NULL */
    bool skip_cleanup;
    char *description, *source_url; /* never NULL */
    gint64 order;
    yyjson_mut_doc *doc;           /* owns the values below */
    yyjson_mut_val *spec;          /* the container */
    yyjson_mut_val *pod_spec;      /* or NULL */
    yyjson_mut_val *extra_volumes; /* an array, or NULL */
    yyjson_mut_val *config_map;    /* {file name: content}, or NULL */
} Plugin;

/* Reads a definition. INVALID names what is wrong and `what` (a file's name): no driver, a name that is none (a DNS
 * sub-domain; "sonobuoy" is taken), no image. `unknown`, which may be NULL, gets the names of keys that mean nothing
 * (a GStrv, g_strfreev() it). */
Plugin *plugin_parse(const char *text, size_t length, const char *what, GStrv *unknown, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* The definition as YAML, keys as stock `gen plugin` writes them: podSpec, sonobuoy-config, spec, sorted within. */
char *plugin_write(const Plugin *plugin);
/* The value of "Definition" in definition.json, made in doc. */
yyjson_mut_val *plugin_to_json(const Plugin *plugin, yyjson_mut_doc *doc);
Plugin *plugin_copy(const Plugin *plugin);
void plugin_free(Plugin *plugin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plugin, plugin_free)

/* Whether a name will do for a plugin; INVALID says why not. */
bool plugin_name_check(const char *name, GError **error);
