/* Settings of restore item actions, in ConfigMaps of Velero's namespace. */
#pragma once

#include "kube/discovery.h"

/* The data of the ConfigMap labelled velero.io/plugin-config and <plugin>=RestoreItemAction,
 * as strings. NULL without an error where there is none, or no right to look;
 * INVALID where there are several. g_hash_table_unref() it. */
GHashTable *ark_plugin_config_read(KubeClient *client, const KubeDiscovery *discovery, const char *namespace_,
                                   const char *plugin, GError **error);
