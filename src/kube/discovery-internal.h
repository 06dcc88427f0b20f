/* The parsers of discovery documents, for tests and fuzzers too. */
#pragma once

#include "kube/discovery.h"

KubeDiscovery *kube_discovery_new_empty(void);

/* Adds what an APIGroupDiscoveryList says; `what` names the answer in errors. 1: added; 0: it is
 * another document, as a server that does not aggregate gives; -1: no JSON. */
int kube_discovery_add_aggregated(KubeDiscovery *discovery, const char *text, size_t length, const char *what,
                                  GError **error);

/* Adds what the APIResourceList of a group's version says; group and version are good names. */
bool kube_discovery_add_classic(KubeDiscovery *discovery, const char *group, const char *version, const char *text,
                                size_t length, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Marks, for each group and plural name, the version to use: the group's
 * preferred one where it serves the kind, else the first that does. */
void kube_discovery_mark_preferred(KubeDiscovery *discovery);
