/* All checks, by area. An ID that was once given is never given to another check. */
#include "sonobuoy/check/areas.h"

#define READS(kind) ((guint64)1 << SNAPSHOT_##kind)
/* What a webhook's configuration names. */
#define WEBHOOK_SERVICES (READS(SERVICES) | READS(ENDPOINT_SLICES))
#define WEBHOOKS (READS(MUTATING_WEBHOOKS) | READS(VALIDATING_WEBHOOKS))
/* Kinds whose manifests people keep. */
#define WRITTEN                                                                                                   \
    (READS(API_SERVICES) | READS(CLUSTER_ROLE_BINDINGS) | READS(CLUSTER_ROLES) | READS(CRDS) | READS(CRON_JOBS) | \
     READS(CSI_DRIVERS) | READS(DAEMON_SETS) | READS(DEPLOYMENTS) | READS(HPAS) | READS(INGRESS_CLASSES) |        \
     READS(INGRESSES) | READS(PDBS) | READS(SERVICES) | READS(STATEFUL_SETS) | READS(STORAGE_CLASSES) | WEBHOOKS)
/* Kinds that have finalizers now and then. */
#define DELETED                                                                                                        \
    (READS(CONFIG_MAPS) | READS(CRDS) | READS(CRON_JOBS) | READS(DAEMON_SETS) | READS(DEPLOYMENTS) | READS(GATEWAYS) | \
     READS(HPAS) | READS(HTTP_ROUTES) | READS(INGRESSES) | READS(JOBS) | READS(NETWORK_POLICIES) | READS(NODES) |      \
     READS(PDBS) | READS(PODS) | READS(PVCS) | READS(PVS) | READS(REPLICA_SETS) | READS(ROLES) | READS(SECRETS) |      \
     READS(SERVICE_ACCOUNTS) | READS(SERVICES) | READS(STATEFUL_SETS) | READS(STORAGE_CLASSES) |                       \
     READS(VOLUME_ATTACHMENTS))

const Check checks[] = {
    /* 12.2: 1 */
    {"SB-API-01", "api", "The API server answers, and quickly", SEVERITY_CRITICAL, .asks = true,
     .why = "Everything in the cluster goes through it; where it is slow, controllers, kubelets and people wait.",
     .fix = "Look at its CPU and memory, at etcd's disk (SB-CP-05) and at webhooks' time-outs (SB-ADM-04).",
     .run = check_api_answers},
    /* 12.2: 2 */
    {"SB-API-02", "api", "The API server says that it is ready", SEVERITY_CRITICAL, .asks = true,
     .why = "A part that is not ready (etcd, an informer, a hook) makes the server refuse or lag.",
     .fix = "kubectl get --raw '/readyz?verbose' names the part; the API server's log says more of it.",
     .run = check_api_ready},
    /* 12.2: 3 */
    {"SB-API-03", "api", "The API server says that it is alive", SEVERITY_CRITICAL, .asks = true,
     .why = "A server that is not alive is soon restarted by its kubelet, again and again.",
     .fix = "kubectl get --raw '/livez?verbose' names the part; the API server's log says more of it.",
     .run = check_api_alive},
    /* 12.2: 4 */
    {"SB-API-04", "api", "The API server's certificate lasts, and is verified", SEVERITY_CRITICAL, .asks = true,
     .why = "When it ends, no kubelet, controller or person can talk to the API server.",
     .fix = "On each control-plane node: kubeadm certs renew apiserver, and restart the API server. Elsewhere renew it "
            "by the tool that made the cluster.",
     .run = check_api_certificate},
    /* 12.2: 5 */
    {"SB-API-05", "api", "Your own credentials last", SEVERITY_MEDIUM, .asks = true,
     .why = "When they end, you are locked out, perhaps just when you need to get in.",
     .fix = "Get new ones from who gave them; on kubeadm: kubeadm certs renew admin.conf, and copy "
            "/etc/kubernetes/admin.conf.",
     .run = check_api_credentials},
    /* 12.2: 19 */
    {"SB-API-06", "api", "Aggregated APIs are available", SEVERITY_HIGH, .reads = READS(API_SERVICES),
     .why = "Their kinds cannot be read, discovery is slow for everyone, and no namespace can be deleted.",
     .fix = "kubectl get apiservices; look at the service and the pods that the condition names.",
     .run = check_api_services},
    /* 12.2: 20 */
    {"SB-API-07", "api", "Every API group answers discovery", SEVERITY_HIGH, .asks = true,
     .why = "One group that does not answer blocks the deletion of namespaces and the garbage collector.",
     .fix = "kubectl get apiservices names the one that is not available: mend its service, or delete the APIService.",
     .run = check_api_discovery},
    /* 12.2: 21 */
    {"SB-API-08", "api", "Custom resource definitions are established", SEVERITY_HIGH, .reads = READS(CRDS),
     .why = "The kinds of a definition that is not established are not served: their programs cannot work.",
     .fix = "kubectl describe crd NAME: its conditions say what is wrong.", .run = check_crds_established},
    /* 12.2: 21 */
    {"SB-API-09", "api", "Stored versions of custom resources are served", SEVERITY_MEDIUM, .reads = READS(CRDS),
     .why = "Objects that are stored in a version that is taken away cannot be read, listed or deleted any more.",
     .fix = "Write all objects anew, then take the old version out of status.storedVersions.",
     .run = check_crds_stored},
    /* 12.2: 22 */
    {"SB-API-10", "api", "Custom resources can be converted", SEVERITY_HIGH, .reads = READS(CRDS),
     .may_read = WEBHOOK_SERVICES, .asks = true,
     .why = "Without its conversion webhook a kind cannot be read, and its namespaces cannot be deleted.",
     .fix = "kubectl get crd NAME -o jsonpath='{.spec.conversion}': its service needs pods that are ready, and a "
            "caBundle that is right.",
     .run = check_crds_conversion},
    /* 12.2: 27 */
    {"SB-API-11", "api", "No namespace is stuck in deletion", SEVERITY_MEDIUM, .reads = READS(NAMESPACES),
     .why = "Its name cannot be used again, and what made it stuck holds up others too.",
     .fix = "kubectl get namespace NAME -o jsonpath='{.status.conditions}' says what is left in it.",
     .run = check_namespaces_stuck},
    /* 12.2: 27 */
    {"SB-API-12", "api", "No object is stuck in deletion", SEVERITY_MEDIUM, .may_read = DELETED,
     .why = "The program that should let it go does not work, or is gone; what it stands for may still cost.",
     .fix = "Bring back the program that owns the finalizer.", .run = check_deletion_stuck},
    /* 12.2: 14 */
    {"SB-API-13", "api", "The API server gives no errors", SEVERITY_HIGH, .asks = true, .samples = true,
     .why = "Answers of 5xx are work that was not done: controllers repeat it, people see it fail.",
     .fix = "The API server's log has each; look at etcd (SB-CP-05) and at what it names.", .run = check_api_errors},
    /* 12.2: 15 */
    {"SB-API-14", "api", "The API server refuses nobody for load", SEVERITY_MEDIUM, .asks = true, .samples = true,
     .why = "Programs that are refused (429) lag behind; kubelets may be among them.",
     .fix = "kubectl get --raw /debug/api_priority_and_fairness/dump_priority_levels; find who asks so much, or give "
            "its flow schema a larger share.",
     .run = check_api_throttling},
    /* 12.2: 16 */
    {"SB-API-15", "api", "No kind has too many objects", SEVERITY_MEDIUM, .asks = true,
     .why = "Each list of it takes memory and time of the API server and of etcd; something may leak.",
     .fix = "Find who makes them, and delete what is left over.", .run = check_api_objects},
    /* 12.2: 71 */
    {"SB-API-16", "api", "Tokens of service accounts can be had and checked", SEVERITY_HIGH, .asks = true,
     .why = "Pods cannot start without a token, and who trusts them from outside needs the issuer's keys.",
     .fix =
         "Look at --service-account-issuer, --service-account-signing-key-file and --service-account-key-file of the "
         "API server.",
     .run = check_api_token_issuer},
    /* 12.2: 71 */
    {"SB-API-17", "api", "No token lasts for ever", SEVERITY_MEDIUM, .asks = true,
     .why = "A token in a Secret is good until the Secret is deleted, whoever has read it.",
     .fix = "Let its user take a short token (kubectl create token, or a projected volume), then delete the Secret.",
     .run = check_api_legacy_tokens},

    /* 12.2: 9 */
    {"SB-CP-01", "control-plane", "All API servers are there", SEVERITY_HIGH, .reads = READS(LEASES),
     .may_read = READS(ENDPOINT_SLICES),
     .why = "With one lost, the next one to be lost takes the cluster with it; requests may go to one that is gone.",
     .fix =
         "kubectl -n default get endpointslices -l kubernetes.io/service-name=kubernetes names the addresses: look at "
         "the one that is missing.",
     .run = check_control_servers},
    /* 12.2: 10 */
    {"SB-CP-02", "control-plane", "Controllers and the scheduler have a leader", SEVERITY_CRITICAL,
     .reads = READS(LEASES), .why = "Without one nothing is scheduled, replaced, scaled or cleaned up.",
     .fix = "kubectl -n kube-system get leases; look at the pods and logs of the program.",
     .run = check_control_leaders},
    /* 12.2: 11 */
    {"SB-CP-03", "control-plane", "The control plane's pods are ready, and do not restart", SEVERITY_HIGH,
     .reads = READS(PODS), .why = "What restarts again and again does its work late, or not at all.",
     .fix = "kubectl -n kube-system logs POD --previous", .run = check_control_pods},
    /* 12.2: 12 */
    {"SB-CP-04", "control-plane", "etcd bears the loss of a member", SEVERITY_MEDIUM, .reads = READS(PODS),
     .why = "etcd needs more than half of its members: 3 bear the loss of one, 5 of two.",
     .fix = "Have 3 or 5 control-plane nodes (kubeadm join --control-plane), and back etcd up.",
     .run = check_etcd_members},
    /* 12.2: 13 */
    {"SB-CP-05", "control-plane", "etcd is quick", SEVERITY_HIGH, .asks = true,
     .why = "Each write waits for etcd's disk; where it is slow, leaders lose their leases.",
     .fix = "Give etcd a disk of its own that is fast at small writes (fio --fdatasync=1), and defragment it.",
     .run = check_etcd_speed},
    /* 12.2: 13 */
    {"SB-CP-06", "control-plane", "etcd has room", SEVERITY_CRITICAL, .asks = true, .may_read = READS(PODS),
     .why = "At its quota etcd takes no more writes: nothing in the cluster can be changed.",
     .fix = "etcdctl defrag on each member, one after the other; see SB-API-15 for what takes the room; raise "
            "--quota-backend-bytes.",
     .run = check_etcd_size},
    /* 12.2: 28 */
    {"SB-CP-07", "control-plane", "The audit log is on", SEVERITY_LOW, .reads = READS(PODS),
     .why = "Without it nobody can say who did what.",
     .fix = "Give the API server --audit-policy-file and --audit-log-path.", .run = check_audit},
    /* 12.2: 29 */
    {"SB-CP-08", "control-plane", "Secrets are encrypted in etcd", SEVERITY_MEDIUM, .reads = READS(PODS),
     .why = "Who reads etcd's disk or a backup of it has every password and token.",
     .fix = "Give the API server --encryption-provider-config, then write all Secrets anew: kubectl get secrets -A -o "
            "json | kubectl replace -f -",
     .run = check_encryption},
    /* 12.2: 30 */
    {"SB-CP-09", "control-plane", "The API server asks who may do what", SEVERITY_CRITICAL, .reads = READS(PODS),
     .why = "Without authorization by rules everyone who can talk to the API server is its administrator.",
     .fix = "Start the API server with --authorization-mode=Node,RBAC.", .run = check_authorization},
    /* 12.2: 30 */
    {"SB-CP-10", "control-plane", "The API server's flags are safe", SEVERITY_LOW, .reads = READS(PODS),
     .why = "They open ways in that nobody needs.",
     .fix = "Change them in /etc/kubernetes/manifests/kube-apiserver.yaml on each control-plane node.",
     .run = check_server_flags},
    /* 12.2: 31 */
    {"SB-CP-11", "control-plane", "No alpha feature is on", SEVERITY_LOW, .asks = true,
     .why = "Alpha features may lose data, and go away with any release.",
     .fix = "Take them out of the API server's --feature-gates.", .run = check_alpha_features},

    /* 12.2: 23 */
    {"SB-ADM-01", "admission", "Webhooks can be reached", SEVERITY_CRITICAL, .reads = WEBHOOKS,
     .may_read = WEBHOOK_SERVICES,
     .why = "Where its failurePolicy is Fail, nothing that it looks at can be made or changed.",
     .fix = "Bring its service back; where its program was removed for good, delete the configuration: kubectl delete "
            "validatingwebhookconfiguration (or mutatingwebhookconfiguration) NAME",
     .run = check_webhooks_reachable},
    /* 12.2: 23 */
    {"SB-ADM-02", "admission", "Webhooks are trusted", SEVERITY_HIGH, .reads = WEBHOOKS,
     .why = "The API server does not call what it cannot verify: the webhook is as good as dead.",
     .fix = "Renew the webhook's certificates, and put their authority into clientConfig.caBundle.",
     .run = check_webhooks_trust},
    /* 12.2: 24 */
    {"SB-ADM-03", "admission", "No webhook can stop the whole cluster", SEVERITY_MEDIUM, .reads = WEBHOOKS,
     .may_read = READS(NAMESPACES),
     .why = "When it is down, nodes cannot report and kube-system cannot be mended, the webhook's own pods included.",
     .fix =
         "Give it a namespaceSelector that leaves kube-system and its own namespace out (kubernetes.io/metadata.name "
         "NotIn), fewer rules, or failurePolicy Ignore.",
     .run = check_webhooks_dangerous},
    /* 12.2: 24 */
    {"SB-ADM-04", "admission", "Webhooks have to answer soon", SEVERITY_LOW, .reads = WEBHOOKS,
     .why = "All that it looks at waits that long for one that hangs; clients give up before.",
     .fix = "Set timeoutSeconds to 10 or less.", .run = check_webhooks_patience},
    /* 12.2: 25 */
    {"SB-ADM-05", "admission", "Calls of webhooks do not fail", SEVERITY_HIGH, .reads = WEBHOOKS, .asks = true,
     .samples = true, .why = "What it looks at is refused, or passes without being looked at.",
     .fix = "The API server's log has the reason (\"failed calling webhook\"); look at the webhook's pods.",
     .run = check_webhooks_failing},
    /* 12.2: 26 */
    {"SB-ADM-06", "admission", "Objects are admitted", SEVERITY_CRITICAL, .asks = true,
     .why = "If a plain ConfigMap, Pod, Service or claim is not admitted, nothing new can run.",
     .fix = "The message says which step of the chain refuses: a webhook, a quota, a policy, or the API server itself.",
     .run = check_admission_chain},

    /* 12.2: 6 */
    {"SB-UP-01", "upgrade", "The release has support", SEVERITY_MEDIUM,
     .why = "Without support holes that become known stay open.",
     .fix = "Upgrade, one release after the other: kubeadm upgrade plan, or your provider's tool. Some vendors support "
            "theirs for longer.",
     .run = check_release_supported},
    /* 12.2: 7 */
    {"SB-UP-02", "upgrade", "Kubelets fit the API server", SEVERITY_HIGH, .reads = READS(NODES),
     .why = "Kubelets that are newer, or too old, talk of things that the API server does not know.",
     .fix = "Upgrade the control plane first, then the nodes, one release after the other.", .run = check_kubelet_skew},
    /* 12.2: 8 */
    {"SB-UP-03", "upgrade", "The control plane's programs and kube-proxy fit the API server", SEVERITY_HIGH,
     .may_read = READS(PODS) | READS(DAEMON_SETS),
     .why = "Programs that are newer, or too old, talk of things that the API server does not know.",
     .fix = "Finish the upgrade: API servers first, then controllers and scheduler, then kube-proxy.",
     .run = check_component_skew},
    /* 12.2: 17 */
    {"SB-UP-04", "upgrade", "Nobody uses an API that goes away", SEVERITY_HIGH, .asks = true,
     .why = "After the upgrade, what asks for it fails.",
     .fix = "Find who asks for it in the audit log, and move it to the newer version.", .run = check_deprecated_apis},
    /* 12.2: 18 */
    {"SB-UP-05", "upgrade", "Objects were written in versions that are served", SEVERITY_LOW, .may_read = WRITTEN,
     .asks = true, .why = "Manifests and programs with versions that are gone fail when they are used next.",
     .fix = "Move the manifests to versions that are served: kubectl api-versions", .run = check_old_versions},
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
     .run = check_network_policies},
    /* 12.2: 58 */
    {"SB-NET-16", "network", "Services' addresses do not run out", SEVERITY_MEDIUM, .reads = READS(SERVICES),
     .may_read = READS(SERVICE_CIDRS), .why = "When all are used no Service can be made any more.",
     .fix = "Delete Services that nobody needs, or add a ServiceCIDR (Kubernetes 1.33).",
     .run = check_network_service_range},

    /* 12.2: 72 */
    {"SB-WORK-01", "workloads", "Deployments get to where they are told to be", SEVERITY_HIGH,
     .reads = READS(DEPLOYMENTS),
     .why = "Fewer replicas than wanted serve, or old ones do; a roll-out that stopped does not go on by itself.",
     .fix = "kubectl rollout status deployment NAME -n NAMESPACE; then its pods: SB-WORK-04 to SB-WORK-08.",
     .run = check_workloads_deployments},
    /* 12.2: 72 */
    {"SB-WORK-02", "workloads", "StatefulSets have all their pods ready", SEVERITY_HIGH, .reads = READS(STATEFUL_SETS),
     .why = "Their pods are not alike: one that is missing is a shard, a vote or a primary that is missing.",
     .fix = "kubectl describe statefulset NAME -n NAMESPACE; then the first pod that is not ready.",
     .run = check_workloads_stateful_sets},
    /* 12.2: 72 */
    {"SB-WORK-03", "workloads", "DaemonSets are ready on all their nodes", SEVERITY_HIGH, .reads = READS(DAEMON_SETS),
     .why = "Where its pod is missing a node has no network, no volumes, no logs: whatever the DaemonSet is for.",
     .fix = "kubectl get pods -o wide -n NAMESPACE -l SELECTOR: which nodes lack one, and why?",
     .run = check_workloads_daemon_sets},
    /* 12.2: 73 */
    {"SB-WORK-04", "workloads", "Containers stay up", SEVERITY_HIGH, .reads = READS(PODS),
     .why = "A container that ends again and again serves little, and is started ever more slowly.",
     .fix = "kubectl logs POD -n NAMESPACE -c CONTAINER --previous", .run = check_pods_crash},
    /* 12.2: 73 */
    {"SB-WORK-05", "workloads", "Images are pulled", SEVERITY_HIGH, .reads = READS(PODS), .may_read = READS(EVENTS),
     .why = "The pod does not start, and on the next node it would not either.",
     .fix = "kubectl describe pod NAME -n NAMESPACE: the image's name, imagePullSecrets, the way to the registry.",
     .run = check_pods_images},
    /* 12.2: 73 */
    {"SB-WORK-06", "workloads", "Containers have the memory they need", SEVERITY_MEDIUM, .reads = READS(PODS),
     .why = "A process that is killed for want of memory loses what it was at, and will be killed again.",
     .fix = "Raise resources.limits.memory (and requests), or find what takes it.", .run = check_pods_memory},
    /* 12.2: 73 */
    {"SB-WORK-07", "workloads", "A node is found for each pod", SEVERITY_HIGH, .reads = READS(PODS),
     .why = "The pod waits, and with it whatever needs it; an autoscaler adds nodes only where that would help.",
     .fix = "kubectl describe pod NAME -n NAMESPACE: the scheduler's message says what each node lacks.",
     .run = check_pods_unschedulable},
    /* 12.2: 73 */
    {"SB-WORK-08", "workloads", "Pods that have a node start there", SEVERITY_HIGH, .reads = READS(PODS),
     .may_read = READS(EVENTS), .why = "A volume, a network, a Secret or an init container holds the pod up.",
     .fix = "kubectl describe pod NAME -n NAMESPACE: its events say what it waits for.", .run = check_pods_stuck},
    /* 12.2: 73 */
    {"SB-WORK-09", "workloads", "No pods are evicted", SEVERITY_MEDIUM, .reads = READS(PODS),
     .why = "A node ran out of disk, memory or process IDs; what was evicted is started elsewhere, until that is full.",
     .fix = "See SB-NODE-02; give pods requests (also for ephemeral-storage); kubectl delete pods --field-selector "
            "status.phase=Failed -n NAMESPACE removes the remains.",
     .run = check_pods_evicted},
    /* 12.2: 74 */
    {"SB-WORK-10", "workloads", "Disruption budgets let nodes be drained", SEVERITY_MEDIUM, .reads = READS(PDBS),
     .why = "A drain waits for ever: upgrades and autoscalers stop at that node.",
     .fix = "Let at least one pod go: maxUnavailable 1, with two replicas or more.", .run = check_budgets_block},
    /* 12.2: 74 */
    {"SB-WORK-11", "workloads", "Each disruption budget guards pods, and each pod has one at most", SEVERITY_LOW,
     .reads = READS(PDBS) | READS(PODS),
     .why = "A budget that selects nothing guards nothing; a pod of two budgets cannot be evicted at all.",
     .fix = "Mend the selectors: kubectl get pdb -A -o wide; kubectl get pods -n NAMESPACE --show-labels",
     .run = check_budgets_select},
    /* 12.2: 77 */
    {"SB-WORK-12", "workloads", "Jobs come to a good end", SEVERITY_MEDIUM, .reads = READS(JOBS),
     .why = "What the Job was for is not done: a backup, a migration, a clean-up.",
     .fix = "kubectl logs -n NAMESPACE job/NAME", .run = check_workloads_jobs},
    /* 12.2: 77 */
    {"SB-WORK-13", "workloads", "CronJobs start when they are due", SEVERITY_MEDIUM, .reads = READS(CRON_JOBS),
     .may_read = READS(EVENTS),
     .why = "After 100 missed starts without startingDeadlineSeconds it is not started any more.",
     .fix = "Is kube-controller-manager running? kubectl describe cronjob NAME -n NAMESPACE; set "
            "startingDeadlineSeconds.",
     .run = check_workloads_cron_jobs},
    /* 12.2: 78 */
    {"SB-WORK-14", "workloads", "Nothing warned of late", SEVERITY_LOW, .reads = READS(EVENTS),
     .why = "Events say what controllers, scheduler and kubelets could not do; they are gone after an hour.",
     .fix = "kubectl get events -A --field-selector type=Warning", .run = check_events},
    /* 12.2: 79 */
    {"SB-WORK-15", "workloads", "What all depend on is there twice, on two nodes", SEVERITY_MEDIUM,
     .reads = READS(DEPLOYMENTS) | READS(STATEFUL_SETS) | READS(PODS) | READS(NODES),
     .may_read = READS(VALIDATING_WEBHOOKS) | READS(MUTATING_WEBHOOKS) | READS(SERVICES),
     .why = "When that one node goes, names do not resolve, volumes are not attached, or objects are refused.",
     .fix = "Two replicas, spread over nodes (topologySpreadConstraints), and a PodDisruptionBudget.",
     .run = check_single_points},
    /* 12.2: 80 */
    {"SB-WORK-16", "workloads", "The scheduler looks at new pods", SEVERITY_CRITICAL, .reads = READS(PODS),
     .why = "Without a scheduler nothing new starts, and nothing that is lost comes back.",
     .fix = "kubectl get pods -n kube-system -l component=kube-scheduler, its log, and its Lease.",
     .run = check_scheduler_acts},
    /* 12.2: 80 */
    {"SB-WORK-17", "workloads", "What belongs to something that is gone goes, too", SEVERITY_LOW, .reads = READS(PODS),
     .may_read = READS(REPLICA_SETS) | READS(DAEMON_SETS) | READS(STATEFUL_SETS) | READS(JOBS) | READS(DEPLOYMENTS) |
                 READS(CRON_JOBS),
     .why = "The garbage collector does not act: pods run on that nobody wants, and room is not given back.",
     .fix = "Look at kube-controller-manager's log for garbagecollector; a dead aggregated API (SB-API-*) stops it.",
     .run = check_collector_acts},
    {"SB-WORK-18", "workloads", "Pods that run are ready", SEVERITY_MEDIUM, .reads = READS(PODS),
     .why = "No Service sends anything to a pod that is not ready, and nobody counts those without a Deployment or the "
            "like.",
     .fix = "kubectl describe pod NAME -n NAMESPACE: its readiness probe, or its readiness gates.",
     .run = check_pods_ready},

    /* 12.2: 59 */
    {"SB-STOR-01", "storage", "There is one default StorageClass", SEVERITY_MEDIUM, .reads = READS(STORAGE_CLASSES),
     .why = "A claim that names no class waits for ever without a default one, and gets one by chance among several.",
     .fix = "kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true",
     .run = check_storage_default_class},
    /* 12.2: 59 */
    {"SB-STOR-02", "storage", "Each StorageClass has its driver", SEVERITY_HIGH, .reads = READS(STORAGE_CLASSES),
     .may_read = READS(CSI_DRIVERS) | READS(CSI_NODES) | READS(PVS) | READS(PVCS),
     .why = "Claims of a class whose provisioner is not there wait for ever.",
     .fix = "Install the driver that the class names, or remove the class.", .run = check_storage_driver},
    /* 12.2: 60 */
    {"SB-STOR-03", "storage", "CSI drivers run on all nodes", SEVERITY_MEDIUM,
     .reads = READS(CSI_NODES) | READS(CSI_DRIVERS) | READS(NODES),
     .why = "A pod with such a volume does not start on a node without the driver, or is not sent there.",
     .fix = "kubectl get csinode NODE -o yaml; the driver's DaemonSet, its tolerations and nodeSelector.",
     .run = check_storage_driver_nodes},
    /* 12.2: 60 */
    {"SB-STOR-04", "storage", "Nodes can take more volumes", SEVERITY_MEDIUM,
     .reads = READS(CSI_NODES) | READS(VOLUME_ATTACHMENTS),
     .why = "A cloud attaches so many volumes to a machine and no more: the next pod with one has to wait.",
     .fix = "Add nodes, or move pods with volumes to others.", .run = check_storage_attach_limit},
    /* 12.2: 61 */
    {"SB-STOR-05", "storage", "Claims get their volumes", SEVERITY_HIGH, .reads = READS(PVCS),
     .may_read = READS(EVENTS) | READS(STORAGE_CLASSES) | READS(PODS),
     .why = "Pods of a claim that is not bound do not start; data of a claim that is Lost is out of reach.",
     .fix = "kubectl describe pvc NAME -n NAMESPACE", .run = check_storage_claims},
    /* 12.2: 61 */
    {"SB-STOR-06", "storage", "Volumes are mounted", SEVERITY_HIGH, .reads = READS(EVENTS) | READS(PODS),
     .why = "The pod does not start until its volumes are there.",
     .fix = "kubectl describe pod NAME -n NAMESPACE; the driver's log on that node.", .run = check_storage_mounts},
    /* 12.2: 62 */
    {"SB-STOR-07", "storage", "No volumes are left over", SEVERITY_LOW, .reads = READS(PVS),
     .why = "A volume that is Released is paid for and used by nobody; one that is Failed could not be removed.",
     .fix = "kubectl get pv; keep what has data, delete the rest.", .run = check_storage_volumes},
    /* 12.2: 62 */
    {"SB-STOR-08", "storage", "Volumes are attached and detached", SEVERITY_HIGH,
     .reads = READS(VOLUME_ATTACHMENTS) | READS(NODES),
     .why = "A volume that hangs on another node cannot be used: its pod waits, often for good.",
     .fix = "kubectl describe volumeattachment NAME; the driver's attacher log; is the node there, and up?",
     .run = check_storage_attachments},
    /* 12.2: 63 */
    {"SB-STOR-09", "storage", "Volumes have room", SEVERITY_HIGH, .reads = READS(NODES), .asks = true,
     .why = "A database whose volume is full stops, and may not start again.",
     .fix = "Make the claim larger (kubectl edit pvc, where its class allows expansion), or remove data.",
     .run = check_storage_full},

    /* 12.2: 64 */
    {"SB-SEC-01", "security", "Few may do everything", SEVERITY_CRITICAL, .reads = READS(CLUSTER_ROLE_BINDINGS),
     .may_read = READS(CLUSTER_ROLES),
     .why = "Whoever gets hold of such an account has the cluster, its data and its nodes.",
     .fix = "kubectl get clusterrolebindings -o wide | grep cluster-admin; bind smaller roles.",
     .run = check_security_cluster_admin},
    /* 12.2: 64 */
    {"SB-SEC-02", "security", "Nothing is given to everybody", SEVERITY_CRITICAL, .reads = READS(CLUSTER_ROLE_BINDINGS),
     .may_read = READS(ROLE_BINDINGS) | READS(CLUSTER_ROLES) | READS(ROLES),
     .why = "system:anonymous is anybody who reaches the API server; system:authenticated is every pod as well.",
     .fix = "Delete the binding, and bind those who need it by name.", .run = check_security_everybody},
    /* 12.2: 65 */
    {"SB-SEC-03", "security", "Without credentials nothing is shown", SEVERITY_CRITICAL, .asks = true,
     .why = "Whoever reaches the API server can read what it holds.",
     .fix =
         "Remove bindings of system:anonymous and system:unauthenticated (SB-SEC-02); authorization mode must not be "
         "AlwaysAllow.",
     .run = check_security_anonymous},
    /* 12.2: 66 */
    {"SB-SEC-04", "security", "Default service accounts may do little", SEVERITY_HIGH,
     .reads = READS(CLUSTER_ROLE_BINDINGS), .may_read = READS(ROLE_BINDINGS) | READS(CLUSTER_ROLES) | READS(ROLES),
     .why = "Every pod that names no account has the default one, with its token in the pod.",
     .fix = "Bind the role to a ServiceAccount of its own, and name that in the pods that need it.",
     .run = check_security_default_accounts},
    /* 12.2: 67 */
    {"SB-SEC-05", "security", "The rights at hand show all that checks read", SEVERITY_LOW,
     .may_read = ((guint64)1 << SNAPSHOT_KINDS) - 1, .why = "Checks that may not see something cannot find it wrong.",
     .fix = "Run it as somebody who may read the whole cluster.", .run = check_security_own_rights},
    /* 12.2: 68 */
    {"SB-SEC-06", "security", "All namespaces trust the same authority", SEVERITY_HIGH,
     .reads = READS(ROOT_CAS) | READS(NAMESPACES),
     .why = "Pods know the API server by that certificate; with another one, or an expired one, none can talk to it.",
     .fix = "Delete the ConfigMap that differs: it is made anew.", .run = check_security_root_ca},
    /* 12.2: 68 */
    {"SB-SEC-07", "security", "Authorities of clients are good", SEVERITY_HIGH, .asks = true,
     .why = "When the clients' authority ends kubelets, controllers and administrators are shut out at once; with the "
            "front proxy's all aggregated APIs go.",
     .fix = "Renew it (kubeadm: see kubeadm certs check-expiration), and all certificates that it signed.",
     .run = check_security_client_cas},
    /* 12.2: 68 */
    {"SB-SEC-08", "security", "Clients' certificates do not end soon", SEVERITY_MEDIUM, .asks = true,
     .why = "A controller or kubelet whose certificate ends falls silent.",
     .fix = "The API server's audit log names the users; renew their certificates (kubeadm certs renew all).",
     .run = check_security_client_certificates},
    /* 12.2: 69 */
    {"SB-SEC-09", "security", "Certificates in Secrets are good", SEVERITY_HIGH, .reads = READS(TLS_SECRETS),
     .why = "Ingresses and webhooks that show an expired certificate are refused by those who ask them.",
     .fix = "Renew the certificate in the Secret; see who makes it (cert-manager, an operator, a person).",
     .run = check_security_tls_secrets},
    /* 12.2: 69 */
    {"SB-SEC-10", "security", "cert-manager's certificates are ready", SEVERITY_HIGH, .reads = READS(CERTIFICATES),
     .why = "A certificate that is not made or renewed is one that soon is not there.",
     .fix = "kubectl describe certificate NAME -n NAMESPACE", .run = check_security_cert_manager},
    /* 12.2: 70 */
    {"SB-SEC-11", "security", "Namespaces say which pods they take", SEVERITY_LOW, .reads = READS(NAMESPACES),
     .why = "Without a level of pod security whoever may make a pod there may make one that has its whole node.",
     .fix = "kubectl label namespace NAME pod-security.kubernetes.io/enforce=baseline",
     .run = check_security_pod_levels},
    /* 12.2: 70 */
    {"SB-SEC-12", "security", "Pods do not have their node", SEVERITY_MEDIUM, .reads = READS(PODS),
     .may_read = READS(NAMESPACES),
     .why = "A privileged pod, or one with its node's files, network or processes, is root on that node.",
     .fix = "Take it out of the pod's spec; where it needs it, put it into a namespace of its own that says so "
            "(pod-security.kubernetes.io/enforce=privileged).",
     .run = check_security_privileged},
    {"SB-SEC-13", "security", "Bindings name roles that are there", SEVERITY_LOW,
     .reads = READS(CLUSTER_ROLE_BINDINGS) | READS(ROLE_BINDINGS) | READS(CLUSTER_ROLES) | READS(ROLES),
     .why = "Who was to get these rights is refused, and whoever makes the role later decides what they get.",
     .fix = "Make the role, or delete the binding.", .run = check_security_roles},

    /* 12.2: 39 */
    {"SB-CAP-01", "capacity", "Nodes have room for more pods", SEVERITY_MEDIUM, .reads = READS(NODES) | READS(PODS),
     .why = "What is scheduled is counted by requests: a node that is full of these takes nothing, however idle it is.",
     .fix = "Lower requests that are too high, or add nodes.", .run = check_capacity_nodes},
    /* 12.2: 39 */
    {"SB-CAP-02", "capacity", "Any node can go", SEVERITY_MEDIUM, .reads = READS(NODES) | READS(PODS),
     .why = "When that node fails, or is upgraded, not all of its pods find a place.",
     .fix = "Add a node, or lower requests.", .run = check_capacity_loss},
    /* 12.2: 75 */
    {"SB-CAP-03", "capacity", "Containers ask for what they need", SEVERITY_LOW, .reads = READS(PODS),
     .why =
         "Without requests the scheduler puts pods on nodes that have no room, and they are the first to be evicted.",
     .fix = "Set resources.requests for cpu and memory, or a LimitRange with defaults in the namespace.",
     .run = check_capacity_requests},
    /* 12.2: 75 */
    {"SB-CAP-04", "capacity", "Quotas have room", SEVERITY_MEDIUM, .reads = READS(QUOTAS),
     .why = "Once a quota is used up new pods are refused: roll-outs stop, and what fails is not replaced.",
     .fix = "kubectl describe resourcequota -n NAMESPACE; raise it, or remove what is not needed.",
     .run = check_capacity_quotas},
    /* 12.2: 76 */
    {"SB-CAP-05", "capacity", "The metrics API works", SEVERITY_MEDIUM, .reads = READS(API_SERVICES),
     .may_read = READS(NODES) | READS(NODE_METRICS) | READS(HPAS),
     .why = "Without it nothing scales by CPU or memory, and kubectl top is silent.",
     .fix = "kubectl get apiservice v1beta1.metrics.k8s.io -o yaml; kubectl logs -n kube-system "
            "deployment/metrics-server",
     .run = check_capacity_metrics},
    /* 12.2: 76 */
    {"SB-CAP-06", "capacity", "Autoscalers can scale", SEVERITY_MEDIUM, .reads = READS(HPAS),
     .why = "It keeps the replicas there are, whatever the load.", .fix = "kubectl describe hpa NAME -n NAMESPACE",
     .run = check_capacity_autoscalers},
    {0},
};
