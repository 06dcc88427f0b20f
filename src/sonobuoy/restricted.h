/* Pods that the Pod Security Standard "restricted" takes. Source: kubernetes.io/docs/concepts/security/
 * pod-security-standards. */
#pragma once

#include "sonobuoy/plugin.h"

/* Sets what the standard asks for where nothing else is said; who runs is user 1000. */
void restricted_set_pod(yyjson_mut_doc *doc, yyjson_mut_val *spec);
void restricted_set_container(yyjson_mut_doc *doc, yyjson_mut_val *container);

/* Whether the plugin uses something of its node that the standard refuses. */
bool restricted_needs_node(const Plugin *plugin);
/* USAGE for a plugin that would be refused: it wants its node, or a privileged container. */
bool restricted_check(const Plugin *plugin, GError **error);
