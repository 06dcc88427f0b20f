/* What must be reached outside the cluster: HOST:PORT, of --egress or as the cluster's own objects name it. */
#pragma once

#include "kube/client.h"

/* Whether the text is HOST:PORT, "[ADDRESS]:PORT" for IPv6; the host without brackets into `out_host` (g_free() it),
 * both may be NULL. */
bool network_target_parse(const char *text, char **out_host, guint16 *out_port);

/* Of what nodes tell: the registries of their images, most images first, and the API of the cloud that they are in; at
 * most 8. Registries of one machine or of the cluster itself are left out. Reads a hundred nodes at most. */
GStrv network_targets_of_cluster(KubeClient *client, GError **error) G_GNUC_WARN_UNUSED_RESULT;
