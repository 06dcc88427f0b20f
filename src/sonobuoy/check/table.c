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
    {"SB-NODE-01", "nodes", "Nodes are ready", SEVERITY_CRITICAL, .reads = READS(NODES),
     .why = "Nothing new starts on a node that is not ready, and its pods are moved away after five minutes.",
     .fix = "On the node: systemctl status kubelet, journalctl -u kubelet, and its container runtime.",
     .run = check_nodes_ready},
    {"SB-NODE-02", "nodes", "Nodes are under no pressure", SEVERITY_HIGH, .reads = READS(NODES),
     .why = "A node that runs out of memory, disk or process IDs evicts pods, whoever's they are.",
     .fix = "See what takes it (kubectl top, du on the node's image and log folders), and add room or set limits.",
     .run = check_nodes_pressure},
    {"SB-NODE-03", "nodes", "Nodes take pods", SEVERITY_LOW, .reads = READS(NODES),
     .why = "A node that stays cordoned after its maintenance is paid for and not used.",
     .fix = "kubectl uncordon NODE, when its maintenance is over.", .run = check_nodes_cordoned},

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
