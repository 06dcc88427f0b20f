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
    {"SB-API-13", "api", "The API server gives no errors", SEVERITY_HIGH, .asks = true,
     .why = "Answers of 5xx are work that was not done: controllers repeat it, people see it fail.",
     .fix = "The API server's log has each; look at etcd (SB-CP-05) and at what it names.", .run = check_api_errors},
    /* 12.2: 15 */
    {"SB-API-14", "api", "The API server refuses nobody for load", SEVERITY_MEDIUM, .asks = true,
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
     .why = "What it looks at is refused, or passes without being looked at.",
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
    {"SB-STOR-01", "storage", "There is one default StorageClass", SEVERITY_MEDIUM, .reads = READS(STORAGE_CLASSES),
     .why = "A claim that names no class waits for ever without a default one, and gets one by chance among several.",
     .fix = "kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true",
     .run = check_storage_default_class},
    {0},
};
