/* Between manifest.c, prepare.c and rights.c. */
#pragma once

#include "sonobuoy/manifest.h"

/* The variables of options->environment for a plugin: name to value, both the options'. */
GHashTable *environment_changes(const ManifestOptions *options, const char *plugin);
/* Sets a container's variables, removes those of value "", and sorts all by name. The texts are copied into doc. */
void container_set_environment(yyjson_mut_doc *doc, yyjson_mut_val *container, GHashTable *changes);

#define COMPONENT_YAML LABEL_COMPONENT ": " COMPONENT_SONOBUOY
/* A document of this program's own YAML, in the configured namespace where it has metadata.namespace. */
yyjson_mut_doc *manifest_object(const char *yaml, const RunConfig *config);
yyjson_mut_val *manifest_metadata(yyjson_mut_doc *doc);

/* "plugin-NAME-cm" */
char *manifest_config_map_name(const char *plugin);
