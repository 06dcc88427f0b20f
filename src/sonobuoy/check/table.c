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
    {"SB-STOR-01", "storage", "There is one default StorageClass", SEVERITY_MEDIUM, .reads = READS(STORAGE_CLASSES),
     .why = "A claim that names no class waits for ever without a default one, and gets one by chance among several.",
     .fix = "kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true",
     .run = check_storage_default_class},
    {0},
};
