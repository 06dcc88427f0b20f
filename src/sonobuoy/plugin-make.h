/* A plugin's definition out of what a command line says of it.
 * Source: `sonobuoy gen plugin` of stock Sonobuoy 0.57. */
#pragma once

#include "sonobuoy/plugin.h"

/* A file for MANIFEST_CONFIG_DIR. */
typedef struct {
    const char *name, *content;
} PluginFile;

typedef struct {
    const char *name, *image;
    const char *driver;            /* "Job" or "DaemonSet", in any case */
    const char *format;            /* of its results; NULL: none is named */
    const char *description, *url; /* may be NULL */
    GStrv command, arguments;      /* may be NULL */
    GStrv environment;             /* "NAME=VALUE"; may be NULL */
    GStrv node_selector;           /* "key=value"; may be NULL; of one key the last counts */
    const PluginFile *files;       /* ended by a name of NULL; may be NULL */
    bool default_pod_spec;         /* written out, though it goes without saying */
} PluginParts;

/* INVALID as plugin_parse(), and for a variable without a name, two files of one name, one that no ConfigMap takes. */
Plugin *plugin_make(const PluginParts *parts, GError **error) G_GNUC_WARN_UNUSED_RESULT;
