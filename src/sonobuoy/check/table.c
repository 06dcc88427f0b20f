/* All checks, by area. An ID that was once given is never given to another check. */
#include "sonobuoy/check/areas.h"

#define READS(kind) ((guint64)1 << SNAPSHOT_##kind)

const Check checks[] = {
    {"SB-API-01", "api", "The API server answers, and quickly", SEVERITY_CRITICAL, .asks = true,
     .why = "Everything in the cluster goes through it; where it is slow, controllers, kubelets and people wait.",
     .fix = "Look at its CPU and memory, at etcd's disk (SB-CP-06) and at webhooks' time-outs (SB-ADM-02).",
     .run = check_api_answers},
    {"SB-API-02", "api", "The API server says that it is ready", SEVERITY_CRITICAL, .asks = true,
     .why = "A part that is not ready (etcd, an informer, a hook) makes the server refuse or lag.",
     .fix = "kubectl get --raw '/readyz?verbose' names the part; the API server's log says more of it.",
     .run = check_api_ready},
    {"SB-API-03", "api", "The API server says that it is alive", SEVERITY_CRITICAL, .asks = true,
     .why = "A server that is not alive is soon restarted by its kubelet, again and again.",
     .fix = "kubectl get --raw '/livez?verbose' names the part; the API server's log says more of it.",
     .run = check_api_alive},
    /* 12.2: 32 */
    {"SB-NODE-01", "nodes", "Nodes are ready", SEVERITY_CRITICAL, .reads = READS(NODES),
     .why = "Nothing new starts on a node that is not ready, and its pods are moved away after five minutes.",
     .fix = "On the node: systemctl status kubelet, journalctl -u kubelet, and its container runtime.",
     .run = check_nodes_ready},
    /* 12.2: 33 */
    {"SB-NODE-02", "nodes", "Nodes are under no pressure", SEVERITY_HIGH, .reads = READS(NODES),
     .why = "A node that runs out of memory, disk or process IDs evicts pods, whoever's they are.",
     .fix = "See what takes it (kubectl top, du on the node's image and log folders), and add room or set limits.",
     .run = check_nodes_pressure},
    /* 12.2: 34 */
    {"SB-NODE-03", "nodes", "Nodes take pods", SEVERITY_LOW, .reads = READS(NODES),
     .why = "A node that stays cordoned after its maintenance is paid for and not used.",
     .fix = "kubectl uncordon NODE, when its maintenance is over.", .run = check_nodes_cordoned},
    /* 12.2: 32 */
    {"SB-NODE-04", "nodes", "Kubelets renew their Leases", SEVERITY_HIGH, .reads = READS(NODES) | READS(LEASES),
     .asks = true,
     .why = "A node whose heart stops is still used until it is found to be not ready: what is sent there is lost.",
     .fix = "On the node: systemctl status kubelet, journalctl -u kubelet; and does it reach the API server?",
     .run = check_nodes_beat},
    /* 12.2: 34 */
    {"SB-NODE-05", "nodes", "Taints leave nodes for pods", SEVERITY_MEDIUM, .reads = READS(NODES),
     .why = "Taints that nobody takes away keep pods from nodes that could run them.",
     .fix = "kubectl describe nodes | grep -A3 Taints; add a node, or: kubectl taint node NODE KEY-",
     .run = check_nodes_taints},
    /* 12.2: 35 */
    {"SB-NODE-06", "nodes", "The API server reaches the kubelets", SEVERITY_HIGH, .reads = READS(NODES),
     .may_read = READS(PODS), .asks = true,
     .why = "Without it logs, exec, port-forward and metrics of that node's pods do not work.",
     .fix = "Open port 10250 from the control plane to the node; there: systemctl status kubelet.",
     .run = check_kubelets_reached},
    /* 12.2: 36 */
    {"SB-NODE-07", "nodes", "Kubelets are configured alike", SEVERITY_MEDIUM, .reads = READS(NODES), .asks = true,
     .why = "A pod that works on one node fails on another for reasons that nobody looks for.",
     .fix = "Compare: kubectl get --raw /api/v1/nodes/NODE/proxy/configz; give the nodes of a pool one configuration.",
     .run = check_kubelets_equal},
    /* 12.2: 37 */
    {"SB-NODE-08", "nodes", "Kubelets are configured safely", SEVERITY_HIGH, .reads = READS(NODES), .asks = true,
     .why = "A kubelet that lets anybody in gives them every pod and secret of its node.",
     .fix = "Mend it in the kubelet's configuration file and restart the kubelet.", .run = check_kubelets_safe},
    /* 12.2: 38 */
    {"SB-NODE-09", "nodes", "Nodes of a pool run the same system", SEVERITY_LOW, .reads = READS(NODES),
     .why = "An odd kernel or runtime among others is a fault that comes and goes with where a pod lands.",
     .fix = "Finish the upgrade of the pool, or replace the node that is different.", .run = check_nodes_systems},
    /* 12.2: 40 */
    {"SB-NODE-10", "nodes", "Nodes have disk, inodes and process IDs left", SEVERITY_HIGH, .reads = READS(NODES),
     .asks = true,
     .why = "At about 85 % a kubelet deletes images, at 90 % it evicts pods; a full disk breaks all at once.",
     .fix = "On the node: crictl rmi --prune, du -xsh /var/log /var/lib/containerd; or a larger disk.",
     .run = check_nodes_disks},
    /* 12.2: 41 */
    {"SB-NODE-11", "nodes", "Container runtimes answer, and quickly", SEVERITY_MEDIUM, .reads = READS(NODES),
     .asks = true, .why = "A slow or failing runtime starts pods late, and makes its node flap between ready and not.",
     .fix = "On the node: journalctl -u containerd (or crio), crictl ps, and iostat -x 1.", .run = check_nodes_runtime},
    /* 12.2: 42 */
    {"SB-NODE-12", "nodes", "Kubelets' certificates do not run out", SEVERITY_HIGH, .reads = READS(NODES), .asks = true,
     .why = "With its client certificate a node leaves the cluster; with its serving one, logs and exec end.",
     .fix = "kubectl get csr, and approve what waits; on the node: journalctl -u kubelet | grep certificate.",
     .run = check_kubelet_certificates},
    /* 12.2: 42 */
    {"SB-NODE-13", "nodes", "Kubelets' requests for certificates are approved", SEVERITY_HIGH,
     .reads = READS(CERTIFICATE_REQUESTS), .why = "Nodes that get no certificate cannot join, or give no logs.",
     .fix = "kubectl get csr; kubectl certificate approve NAME", .run = check_kubelet_requests},
    /* 12.2: 43 */
    {"SB-NODE-14", "nodes", "Clocks agree", SEVERITY_HIGH, .reads = READS(NODES) | READS(LEASES), .asks = true,
     .why = "Certificates, tokens and Leases are judged by the clock: one that is off loses the node or its logins.",
     .fix = "On the machine: timedatectl, chronyc tracking; start chrony or systemd-timesyncd.", .run = check_clocks},
    /* 12.2: 44 */
    {"SB-NODE-15", "nodes", "Nodes are spread, and survive the loss of one", SEVERITY_LOW, .reads = READS(NODES),
     .why = "What stands on one machine or in one zone falls with it.", .fix = "Add nodes, in other zones.",
     .run = check_nodes_spread},
    /* 12.2: 46 */
    {"SB-DNS-01", "dns", "Kubelets tell pods where DNS is", SEVERITY_CRITICAL, .reads = READS(SERVICES) | READS(NODES),
     .asks = true,
     .why = "Pods ask the address that their kubelet gives them; where nobody is there, no name resolves.",
     .fix = "Deploy CoreDNS with a Service kube-system/kube-dns at the kubelets' clusterDNS.",
     .run = check_dns_service},
    /* 12.2: 46 */
    {"SB-DNS-02", "dns", "DNS has several endpoints, on several nodes", SEVERITY_CRITICAL,
     .reads = READS(SERVICES) | READS(ENDPOINT_SLICES), .may_read = READS(NODES) | READS(DEPLOYMENTS) | READS(PODS),
     .why = "Without DNS nearly everything in the cluster fails, and one server is none when its node goes.",
     .fix = "kubectl -n kube-system scale deployment coredns --replicas=2", .run = check_dns_endpoints},
    /* 12.2: 47 */
    {"SB-DNS-03", "dns", "DNS servers are well", SEVERITY_HIGH, .reads = READS(SERVICES) | READS(PODS), .asks = true,
     .why = "A server that is not well answers late or not at all, to a part of the questions.",
     .fix = "kubectl -n kube-system logs -l k8s-app=kube-dns", .run = check_dns_servers},
    /* 12.2: 48, 56 */
    {"SB-DNS-04", "dns", "DNS answers, and reaches its upstream", SEVERITY_HIGH, .reads = READS(SERVICES) | READS(PODS),
     .asks = true,
     .why = "Names outside of the cluster do not resolve where the upstream is silent: pulls, webhooks, clouds fail.",
     .fix = "kubectl -n kube-system logs -l k8s-app=kube-dns; ask the upstream from a node with dig.",
     .run = check_dns_answers},
    /* 12.2: 48 */
    {"SB-DNS-05", "dns", "The Corefile serves the cluster and the world", SEVERITY_HIGH,
     .reads = READS(SERVICES) | READS(NODES), .asks = true,
     .why = "What is missing in it does not resolve; a loop in it takes the servers down.",
     .fix = "kubectl -n kube-system edit configmap coredns; compare with the one of your installer.",
     .run = check_dns_corefile},
    /* 12.2: 45 */
    {"SB-NET-01", "network", "Ranges of addresses do not overlap, and are large enough", SEVERITY_CRITICAL,
     .reads = READS(NODES), .may_read = READS(SERVICE_CIDRS),
     .why = "Where ranges overlap packets go to the wrong pod or node, and only sometimes.",
     .fix = "Plan them anew: kube-controller-manager --cluster-cidr, API server --service-cluster-ip-range.",
     .run = check_network_plan},
    /* 12.2: 49 */
    {"SB-NET-02", "network", "kube-proxy works on every node", SEVERITY_CRITICAL, .reads = READS(NODES),
     .may_read = READS(DAEMON_SETS), .asks = true,
     .why = "On a node without it no Service is reached: not DNS, not the API server.",
     .fix = "kubectl -n kube-system get pods -o wide -l k8s-app=kube-proxy; and the log of the one of that node.",
     .run = check_network_proxy},
    /* 12.2: 50 */
    {"SB-NET-03", "network", "Pods find the API server", SEVERITY_CRITICAL,
     .reads = READS(SERVICES) | READS(ENDPOINT_SLICES), .may_read = READS(SERVICE_CIDRS),
     .why = "Every controller in the cluster asks the Service default/kubernetes.",
     .fix = "kubectl get service kubernetes; kubectl get endpointslices -l kubernetes.io/service-name=kubernetes",
     .run = check_network_api_service},
    /* 12.2: 51 */
    {"SB-NET-04", "network", "The API server reaches pods", SEVERITY_MEDIUM, .reads = READS(NODES) | READS(PODS),
     .asks = true, .why = "Webhooks and aggregated APIs that run in pods are asked by the API server itself.",
     .fix = "Look at routes and firewalls between the control plane and the nodes' pods.",
     .run = check_network_pods_reached},
    /* 12.2: 52 */
    {"SB-NET-05", "network", "The network plug-in runs on every node", SEVERITY_CRITICAL, .reads = READS(DAEMON_SETS),
     .why = "Without it pods of that node start without a network, or not at all.",
     .fix = "kubectl -n kube-system get daemonsets; describe the plug-in's pods that are not ready.",
     .run = check_network_plugin},
    /* 12.2: 52 */
    {"SB-NET-06", "network", "Pods are given a network", SEVERITY_HIGH, .reads = READS(EVENTS),
     .why = "A pod without a network stays in ContainerCreating.",
     .fix = "On the pod's node: journalctl -u kubelet -u containerd, and the network plug-in's log (SB-NET-05).",
     .run = check_network_sandboxes},
    /* 12.2: 53 */
    {"SB-NET-07", "network", "Services have something behind them", SEVERITY_MEDIUM,
     .reads = READS(SERVICES) | READS(ENDPOINT_SLICES) | READS(PODS),
     .why = "Who asks such a Service is refused, or waits.",
     .fix = "kubectl describe service NAME; compare its selector with the pods' labels.",
     .run = check_services_backends},
    /* 12.2: 53 */
    {"SB-NET-08", "network", "Services' named ports are ports of their pods", SEVERITY_MEDIUM,
     .reads = READS(SERVICES) | READS(PODS),
     .why = "A pod without the named port is left out by the Service, and nobody is told.",
     .fix = "Name the port in the pod's containers, or set targetPort to one that is there.",
     .run = check_services_ports},
    /* 12.2: 54 */
    {"SB-NET-09", "network", "Load balancers have an address", SEVERITY_HIGH, .reads = READS(SERVICES),
     .why = "Until then nobody outside reaches the Service.",
     .fix = "kubectl describe service NAME; look at the log of the cloud controller manager.",
     .run = check_services_inbound},
    /* 12.2: 55 */
    {"SB-NET-10", "network", "One IngressClass at most is the default one", SEVERITY_MEDIUM,
     .reads = READS(INGRESS_CLASSES), .why = "With two of them every Ingress that names no class is refused.",
     .fix = "kubectl annotate ingressclass NAME ingressclass.kubernetes.io/is-default-class-",
     .run = check_ingress_classes},
    /* 12.2: 55 */
    {"SB-NET-11", "network", "Ingresses have class, backends and certificates", SEVERITY_MEDIUM,
     .reads = READS(INGRESSES) | READS(INGRESS_CLASSES) | READS(SERVICES), .may_read = READS(SECRETS),
     .why = "What an Ingress names and is not there is answered by 404, 503 or a wrong certificate.",
     .fix = "kubectl describe ingress NAME", .run = check_ingresses},
    /* 12.2: 55 */
    {"SB-NET-12", "network", "Gateways are programmed", SEVERITY_MEDIUM,
     .reads = READS(GATEWAYS) | READS(GATEWAY_CLASSES), .why = "A Gateway that is not programmed takes no traffic.",
     .fix = "kubectl describe gateway NAME, and the log of its class's controller.", .run = check_gateways},
    /* 12.2: 55 */
    {"SB-NET-13", "network", "HTTPRoutes are accepted, with backends", SEVERITY_MEDIUM, .reads = READS(HTTP_ROUTES),
     .why = "A route that its Gateway does not take, or whose backend is not there, answers with errors.",
     .fix = "kubectl describe httproute NAME: compare parentRefs and backendRefs with what is there.",
     .run = check_routes},
    /* 12.2: 56 */
    {"SB-NET-14", "network", "Images can be pulled", SEVERITY_HIGH, .reads = READS(EVENTS),
     .why = "Where the way to a registry is closed, nothing starts on a node that has not the image yet.",
     .fix = "kubectl get events -A --field-selector reason=Failed; try on a node: crictl pull IMAGE",
     .run = check_registries},
    /* 12.2: 57 */
    {"SB-NET-15", "network", "Network policies let pods ask DNS", SEVERITY_HIGH,
     .reads = READS(NETWORK_POLICIES) | READS(PODS), .may_read = READS(SERVICES) | READS(NAMESPACES),
     .why = "A pod that may not ask DNS reaches nothing by name, with time-outs and no word of why.",
     .fix = "Add an egress rule: to kube-system (namespaceSelector kubernetes.io/metadata.name: kube-system), port 53, "
            "UDP and TCP.",
     .run = check_services_policies},
    /* 12.2: 58 */
    {"SB-NET-16", "network", "Services' addresses do not run out", SEVERITY_MEDIUM, .reads = READS(SERVICES),
     .may_read = READS(SERVICE_CIDRS), .why = "When all are used no Service can be made any more.",
     .fix = "Delete Services that nobody needs, or add a ServiceCIDR (Kubernetes 1.33).",
     .run = check_network_service_range},
    {"SB-STOR-01", "storage", "There is one default StorageClass", SEVERITY_MEDIUM, .reads = READS(STORAGE_CLASSES),
     .why = "A claim that names no class waits for ever without a default one, and gets one by chance among several.",
     .fix = "kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true",
     .run = check_storage_default_class},
    {0},
};
