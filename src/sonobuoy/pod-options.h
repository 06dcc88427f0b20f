/* What may be set of a run's pods: the member "Pods" of the configuration.
 *
 *   {"*": OPTIONS, "sonobuoy": OPTIONS, "sonobuoy-worker": {"resources"}, "NAME": OPTIONS}
 *
 * for all pods, the aggregator, the workers beside plugins, and the plugin of that name. OPTIONS are {labels,
 * annotations, tolerations, nodeSelector, priorityClassName, serviceAccountName (of plugins), resources}, as in a Pod.
 * What is set for all gives way to what a plugin's own definition says; what is set for one does not. Labels,
 * annotations, tolerations and node selectors add up. */
#pragma once

#include "base/json.h"

#define POD_OPTIONS_ALL "*"

#define POD_TOLERATIONS_FORM \
    "a list of {key, operator (Equal, Exists), value, effect (NoSchedule, NoExecute, PreferNoSchedule)}"
bool pod_options_are_tolerations(yyjson_mut_val *value);

/* Whether the value (NULL: nothing is set) has that form; INVALID names the member that has not. */
bool pod_options_check(yyjson_mut_val *pods, GError **error);
/* The member of OPTIONS for exactly this target, or NULL. */
yyjson_mut_val *pod_options_get(yyjson_mut_val *pods, const char *target, const char *member);
/* Whether anything but labels, annotations and resources is set for the target, or for all. */
bool pod_options_of_spec(yyjson_mut_val *pods, const char *target);

/* Labels and annotations; those that are there stay. */
void pod_options_set_metadata(yyjson_mut_val *pods, const char *target, yyjson_mut_doc *doc, yyjson_mut_val *metadata);
/* All but those and resources. */
void pod_options_set_spec(yyjson_mut_val *pods, const char *target, yyjson_mut_doc *doc, yyjson_mut_val *spec);
/* Resources. */
void pod_options_set_container(yyjson_mut_val *pods, const char *target, yyjson_mut_doc *doc,
                               yyjson_mut_val *container);
