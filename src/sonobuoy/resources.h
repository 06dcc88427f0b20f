/* Kinds that every cluster has, so that they need not be discovered first. */
#pragma once

#include "kube/discovery.h"

extern const KubeResource resource_namespaces, resource_nodes, resource_pods, resource_events, resource_config_maps,
    resource_secrets, resource_services, resource_service_accounts, resource_daemon_sets, resource_roles,
    resource_role_bindings, resource_leases, resource_stateful_sets, resource_cluster_roles,
    resource_cluster_role_bindings, resource_network_policies;
