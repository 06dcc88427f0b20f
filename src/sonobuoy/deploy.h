/* Puts the objects of a run into a cluster. */
#pragma once

#include "kube/client.h"
#include "sonobuoy/log.h"

/* Creates the objects (yyjson_mut_doc), in their order, but for roles, which come before what binds them. Of those that
 * have no namespace one that is there already is left as it is; any other is EXISTS. What was made before a failure
 * stays, and the error says how to remove it. */
bool deploy_create(KubeClient *client, const GPtrArray *objects, RunLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;
