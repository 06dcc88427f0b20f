/* Differences between two forms of an object, for people and for programs. */
#pragma once

#include "base/json.h"

/* An array of {"path": "spec.replicas", "before": 1, "after": 3}; before or after is missing where nothing
 * is there. Values of Secrets are "(hidden)" unless they are to be shown. */
yyjson_mut_val *cli_differences_json(yyjson_mut_doc *doc, const char *group_resource, yyjson_mut_val *before,
                                     yyjson_mut_val *after, bool show_secrets);

/* Such an array on stdout, a line each. */
void cli_differences_print(yyjson_mut_val *differences);
