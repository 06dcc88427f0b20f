/* Between manifest.c and prepare.c. */
#pragma once

#include "sonobuoy/manifest.h"

/* The variables of options->environment for a plugin: name to value, both the options'. */
GHashTable *environment_changes(const ManifestOptions *options, const char *plugin);
/* Sets a container's variables, removes those of value "", and sorts all by name. The texts are copied into doc. */
void container_set_environment(yyjson_mut_doc *doc, yyjson_mut_val *container, GHashTable *changes);

/* "plugin-NAME-cm" */
char *manifest_config_map_name(const char *plugin);
