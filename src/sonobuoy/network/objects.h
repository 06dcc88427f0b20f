/* What the plugin `network` needs in its namespace beside its pods: a Service with a port on each node, and a
 * NetworkPolicy that lets one of its two ports in. */
#pragma once

#include "sonobuoy/config.h"

/* Adds both, yyjson_mut_doc, with the labels of a run's objects. */
void network_add_objects(GPtrArray *objects, const RunConfig *config);
