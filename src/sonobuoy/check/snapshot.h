/* What checks look at: a cluster's objects, each kind listed once and kept with the few fields that checks need; and
 * single answers of the API server, each asked for once. Thread-safe.
 *
 * Fields are in fields.c. Values live as long as the snapshot. */
#pragma once

#include "kube/discovery.h"

typedef enum {
    SNAPSHOT_API_SERVICES,
    SNAPSHOT_CERTIFICATE_REQUESTS,
    SNAPSHOT_CERTIFICATES, /* cert-manager's */
    SNAPSHOT_CLUSTER_ROLE_BINDINGS,
    SNAPSHOT_CLUSTER_ROLES,
    SNAPSHOT_CONFIG_MAPS, /* names and labels; those of kube-system whole: "coredns", "kube-proxy", ... by
                             snapshot_get() */
    SNAPSHOT_CRDS,
    SNAPSHOT_CRON_JOBS,
    SNAPSHOT_CSI_DRIVERS,
    SNAPSHOT_CSI_NODES,
    SNAPSHOT_DAEMON_SETS,
    SNAPSHOT_DEPLOYMENTS,
    SNAPSHOT_ENDPOINT_SLICES,
    SNAPSHOT_EVENTS,
    SNAPSHOT_GATEWAY_CLASSES,
    SNAPSHOT_GATEWAYS,
    SNAPSHOT_HPAS,
    SNAPSHOT_HTTP_ROUTES,
    SNAPSHOT_INGRESS_CLASSES,
    SNAPSHOT_INGRESSES,
    SNAPSHOT_JOBS,
    SNAPSHOT_LEASES,
    SNAPSHOT_LIMIT_RANGES,
    SNAPSHOT_MUTATING_WEBHOOKS,
    SNAPSHOT_NAMESPACES,
    SNAPSHOT_NETWORK_POLICIES,
    SNAPSHOT_NODE_METRICS,
    SNAPSHOT_NODES,
    SNAPSHOT_PDBS,
    SNAPSHOT_PODS,
    SNAPSHOT_PVCS,
    SNAPSHOT_PVS,
    SNAPSHOT_QUOTAS,
    SNAPSHOT_REPLICA_SETS,
    SNAPSHOT_ROLE_BINDINGS,
    SNAPSHOT_ROLES,
    SNAPSHOT_ROOT_CAS, /* the ConfigMap kube-root-ca.crt of each namespace, whole */
    SNAPSHOT_SECRETS,  /* metadata and type; never values */
    SNAPSHOT_SERVICE_ACCOUNTS,
    SNAPSHOT_SERVICE_CIDRS,
    SNAPSHOT_SERVICES,
    SNAPSHOT_STATEFUL_SETS,
    SNAPSHOT_STORAGE_CLASSES,
    SNAPSHOT_TLS_SECRETS, /* of type kubernetes.io/tls: certificates, never keys */
    SNAPSHOT_VALIDATING_WEBHOOKS,
    SNAPSHOT_VOLUME_ATTACHMENTS,
    SNAPSHOT_KINDS
} SnapshotKind;

typedef struct {
    bool served;      /* the cluster knows the kind; where not, there are no items, and no error */
    GPtrArray *items; /* yyjson_val *: objects, with the fields of fields.c */
    GError *error;    /* why it could not be listed, or not of all namespaces; NULL */
    bool partial;     /* with an error: items of some namespaces are there */
} SnapshotList;

typedef struct Snapshot Snapshot;

typedef struct {
    KubeClient *client;
    const char *namespace_; /* only objects of this one, of kinds that have namespaces; NULL: all */
    unsigned connections;   /* at once; 0: 8 */
    unsigned nodes_asked;   /* how many nodes are asked themselves (kubelet, kube-proxy), at most; 0: 20 */
} SnapshotOptions;

/* Asks which kinds there are, and for the version. An error: nothing can be checked. */
Snapshot *snapshot_new(const SnapshotOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of a run's archive, opened by path (archive.h): lists are those that it holds; what is no list is not there. */
Snapshot *snapshot_from_archive(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void snapshot_free(Snapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Snapshot, snapshot_free)

/* Lists all kinds of a set (bits 1 << SnapshotKind), several at once. */
void snapshot_load(Snapshot *snapshot, guint64 kinds);
/* A kind of that set. */
const SnapshotList *snapshot_list(const Snapshot *snapshot, SnapshotKind kind);
/* "nodes", "validatingwebhookconfigurations.admissionregistration.k8s.io" */
const char *snapshot_kind_name(SnapshotKind kind);
/* An object of the list by name; namespace_ NULL: cluster-scoped. NULL where there is none. */
yyjson_val *snapshot_find(const Snapshot *snapshot, SnapshotKind kind, const char *namespace_, const char *name);

bool snapshot_is_archive(const Snapshot *snapshot); /* nothing can be asked: only lists are there */
KubeClient *snapshot_client(const Snapshot *snapshot);
const char *snapshot_namespace(const Snapshot *snapshot);          /* the only one that is looked at; NULL: all are */
const KubeDiscovery *snapshot_discovery(const Snapshot *snapshot); /* NULL of an archive */
const KubeVersion *snapshot_version(const Snapshot *snapshot);
gint64 snapshot_now(const Snapshot *snapshot); /* when it was taken, by this machine: us since the epoch */

/* --- single answers: asked for once, whoever asks ----------------------------------------------- */

typedef struct {
    int status;       /* HTTP; 0: no answer came */
    char *text;       /* the body, also of failures; never NULL */
    yyjson_doc *json; /* the body where it is JSON; else NULL */
    GError *error;    /* NULL for 2xx */
    gint64 took;      /* us */
    gint64 date;      /* the answer's Date header, us since the epoch; 0: none */
    gint64 at;        /* when it was there, by this machine: us since the epoch */
} SnapshotAnswer;
/* GET of a path ("/readyz?verbose"), repeated as kube_client_request() does, for up to 5 s. What is asked of a node or
 * a pod by way of the API server (".../proxy/...") is asked once, for up to 2 s. */
const SnapshotAnswer *snapshot_get(Snapshot *snapshot, const char *path);
/* Many at once; answers in the paths' order: free the array, the answers stay. */
GPtrArray *snapshot_get_all(Snapshot *snapshot, const char *const *paths);

/* The same, once, for up to 10 s: of what an error's answer tells ("/readyz?verbose"). */
const SnapshotAnswer *snapshot_get_unrepeated(Snapshot *snapshot, const char *path);

/* Why the API server answers no list, as far as it was tried: what is stored cannot be read or written now, and no POST
 * is sent. NULL: it does. */
const GError *snapshot_silent(const Snapshot *snapshot);

/* POST of a review (SubjectAccessReview, ...) or a dry run, which change nothing: a path that creates must end in
 * dryRun=All. Once, for up to 15 s. */
const SnapshotAnswer *snapshot_post(Snapshot *snapshot, const char *path, const char *body);

/* What `make` gives for the key, made once, by whoever asks first; the others wait for it. It lives as long as the
 * snapshot, which frees it. Keys that begin with '/' are paths of snapshot_get(). */
typedef void *(*SnapshotMakeFunc)(Snapshot *snapshot, void *data);
void *snapshot_once(Snapshot *snapshot, const char *key, SnapshotMakeFunc make, void *data, GDestroyNotify free);

/* The nodes that are asked themselves: all of them, or a sample that is spread over the list. Names; of the snapshot.
 */
const char *const *snapshot_asked_nodes(Snapshot *snapshot);
