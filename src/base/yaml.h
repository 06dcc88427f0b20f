/* YAML 1.2 on libfyaml, read to the same documents as JSON and written from them.
 *
 * Scalars as Kubernetes clients read them (sigs.k8s.io/yaml: YAML 1.1 booleans
 * y/n/yes/no/on/off as goyaml.v2 resolves them, null, ints incl. 0x 0o 0b and
 * underscores, floats; timestamps stay strings); quoted scalars stay strings.
 * Plain decimal numbers keep their text as raw JSON numbers: unlike there, none
 * is rounded and none too big becomes a string. Keys become strings by the same
 * rules ("yes" is "true"). Duplicate keys are an error. Anchors and merge keys
 * (<<) are resolved under a limit of expansion; nesting is limited as in JSON. */
#pragma once

#include "base/json.h"

/* One document; an empty text gives null. `what` names it in errors (file name);
 * INVALID with line and column, LIMIT for nesting and expansion. Text that is JSON
 * is read as such. */
yyjson_mut_doc *yaml_parse(const char *data, size_t length, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All documents of a stream; elements are yyjson_mut_doc, empty ones left out. */
GPtrArray *yaml_parse_all(const char *data, size_t length, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Block style, keys in their order, strings quoted where a YAML 1.1 or 1.2
 * reader would take them for something else, multi-line strings as literal
 * blocks where they survive it. g_free() it. */
char *yaml_write(yyjson_mut_val *value);
