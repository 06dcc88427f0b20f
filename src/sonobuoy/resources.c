#include "sonobuoy/resources.h"

#define RBAC "rbac.authorization.k8s.io"
#define RESOURCE(group_, name_, kind_, base_, namespaced_)                                                    \
    {                                                                                                         \
        .group = (char *)(group_), .version = (char *)"v1", .kind = (char *)(kind_), .name = (char *)(name_), \
        .group_resource = (char *)(name_), .base_path = (char *)(base_), .namespaced = (namespaced_),         \
    }
const KubeResource resource_namespaces = RESOURCE("", "namespaces", "Namespace", "/api/v1", false),
                   resource_nodes = RESOURCE("", "nodes", "Node", "/api/v1", false),
                   resource_pods = RESOURCE("", "pods", "Pod", "/api/v1", true),
                   resource_events = RESOURCE("", "events", "Event", "/api/v1", true),
                   resource_config_maps = RESOURCE("", "configmaps", "ConfigMap", "/api/v1", true),
                   resource_secrets = RESOURCE("", "secrets", "Secret", "/api/v1", true),
                   resource_services = RESOURCE("", "services", "Service", "/api/v1", true),
                   resource_service_accounts = RESOURCE("", "serviceaccounts", "ServiceAccount", "/api/v1", true),
                   resource_daemon_sets = RESOURCE("apps", "daemonsets", "DaemonSet", "/apis/apps/v1", true),
                   resource_stateful_sets = RESOURCE("apps", "statefulsets", "StatefulSet", "/apis/apps/v1", true),
                   resource_roles = RESOURCE(RBAC, "roles", "Role", "/apis/" RBAC "/v1", true),
                   resource_role_bindings = RESOURCE(RBAC, "rolebindings", "RoleBinding", "/apis/" RBAC "/v1", true),
                   resource_leases =
                       RESOURCE("coordination.k8s.io", "leases", "Lease", "/apis/coordination.k8s.io/v1", true),
                   resource_cluster_roles = RESOURCE(RBAC, "clusterroles", "ClusterRole", "/apis/" RBAC "/v1", false),
                   resource_cluster_role_bindings =
                       RESOURCE(RBAC, "clusterrolebindings", "ClusterRoleBinding", "/apis/" RBAC "/v1", false),
                   resource_network_policies = RESOURCE("networking.k8s.io", "networkpolicies", "NetworkPolicy",
                                                        "/apis/networking.k8s.io/v1", true);
