/* Accounts of a run, and what each may do.
 *
 * AggregatorPermissions: clusterAdmin, clusterRead and namespaceAdmin are stock's, for the one account that the
 * aggregator shares with all plugins. `least` is ours: the aggregator may read all but Secrets (these, too, where
 * Resources names them), and make what it makes in its own namespace; a plugin has an account that may look at its own
 * pods, or more where PluginPermissions, {"NAME": none|clusterRead|clusterAdmin}, says so; the plugin e2e is
 * clusterAdmin unless said otherwise. With stock's levels only the plugins that PluginPermissions names have such an
 * account. The plugin network has one of its own, which may read what it needs in its namespace, with any level but
 * where the run has an account that was there before. */
#pragma once

#include "sonobuoy/config.h"
#include "sonobuoy/plugin.h"

#define PERMISSIONS_CLUSTER_ADMIN "clusterAdmin"
#define PERMISSIONS_LEAST "least"
extern const char *const aggregator_permissions[], *const plugin_permissions[]; /* NULL-terminated */

/* INVALID for permissions that are none. */
bool rights_check(const RunConfig *config, GError **error);

/* The account that the plugin's pods are to have, a constant; NULL: the one that its definition says. */
const char *rights_plugin_account(const RunConfig *config, const char *plugin);

/* Adds ServiceAccounts that plugins (elements are Plugin) need beside the run's own. */
void rights_add_accounts(GPtrArray *objects, const RunConfig *config, const GPtrArray *plugins);
/* Adds roles and bindings. `api_groups`: those of the cluster; NULL: those that every cluster may have. */
void rights_add(GPtrArray *objects, const RunConfig *config, const GPtrArray *plugins, const char *const *api_groups);
