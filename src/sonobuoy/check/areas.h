/* The checks' functions, a file an area; what they mean stands in table.c. */
#pragma once

#include "sonobuoy/check/certificate.h"
#include "sonobuoy/check/check.h"
#include "sonobuoy/check/metrics.h"

#define CHECK_FUNCTION(name) void name(Snapshot *snapshot, CheckResult *result)

/* api.c */
CHECK_FUNCTION(check_api_answers);
CHECK_FUNCTION(check_api_ready);
CHECK_FUNCTION(check_api_alive);
CHECK_FUNCTION(check_api_errors);
CHECK_FUNCTION(check_api_throttling);
CHECK_FUNCTION(check_api_objects);

/* api-trust.c */
CHECK_FUNCTION(check_api_certificate);
CHECK_FUNCTION(check_api_credentials);
CHECK_FUNCTION(check_api_token_issuer);
CHECK_FUNCTION(check_api_legacy_tokens);

/* api-kinds.c */
CHECK_FUNCTION(check_api_services);
CHECK_FUNCTION(check_api_discovery);
CHECK_FUNCTION(check_crds_established);
CHECK_FUNCTION(check_crds_stored);
CHECK_FUNCTION(check_crds_conversion);
CHECK_FUNCTION(check_namespaces_stuck);
CHECK_FUNCTION(check_deletion_stuck);

/* control-plane.c */
CHECK_FUNCTION(check_control_servers);
CHECK_FUNCTION(check_control_leaders);
CHECK_FUNCTION(check_control_pods);
CHECK_FUNCTION(check_etcd_members);
CHECK_FUNCTION(check_etcd_speed);
CHECK_FUNCTION(check_etcd_size);

/* control-plane-flags.c */
CHECK_FUNCTION(check_audit);
CHECK_FUNCTION(check_encryption);
CHECK_FUNCTION(check_authorization);
CHECK_FUNCTION(check_server_flags);
CHECK_FUNCTION(check_alpha_features);

/* webhooks.c */
CHECK_FUNCTION(check_webhooks_reachable);
CHECK_FUNCTION(check_webhooks_trust);
CHECK_FUNCTION(check_webhooks_dangerous);
CHECK_FUNCTION(check_webhooks_patience);
CHECK_FUNCTION(check_webhooks_failing);

/* dry-run.c */
CHECK_FUNCTION(check_admission_chain);

/* upgrade.c */
CHECK_FUNCTION(check_release_supported);
CHECK_FUNCTION(check_kubelet_skew);
CHECK_FUNCTION(check_component_skew);
CHECK_FUNCTION(check_deprecated_apis);
CHECK_FUNCTION(check_old_versions);

/* nodes.c */
CHECK_FUNCTION(check_nodes_ready);
CHECK_FUNCTION(check_nodes_pressure);
CHECK_FUNCTION(check_nodes_cordoned);
CHECK_FUNCTION(check_nodes_beat);
CHECK_FUNCTION(check_nodes_taints);
CHECK_FUNCTION(check_nodes_spread);

/* nodes-alike.c */
CHECK_FUNCTION(check_nodes_systems);

/* nodes-kubelet.c */
CHECK_FUNCTION(check_kubelets_reached);
CHECK_FUNCTION(check_kubelets_equal);
CHECK_FUNCTION(check_kubelets_safe);
CHECK_FUNCTION(check_kubelet_requests);

/* nodes-state.c */
CHECK_FUNCTION(check_nodes_disks);
CHECK_FUNCTION(check_nodes_runtime);
CHECK_FUNCTION(check_kubelet_certificates);
CHECK_FUNCTION(check_clocks);

/* dns.c */
CHECK_FUNCTION(check_dns_service);
CHECK_FUNCTION(check_dns_endpoints);
CHECK_FUNCTION(check_dns_servers);
CHECK_FUNCTION(check_dns_answers);
CHECK_FUNCTION(check_dns_corefile);

/* network.c */
CHECK_FUNCTION(check_network_proxy);
CHECK_FUNCTION(check_network_api_service);
CHECK_FUNCTION(check_network_pods_reached);
CHECK_FUNCTION(check_network_plugin);
CHECK_FUNCTION(check_network_sandboxes);

/* network-addresses.c */
CHECK_FUNCTION(check_network_plan);
CHECK_FUNCTION(check_network_service_range);

/* network-services.c */
CHECK_FUNCTION(check_services_backends);
CHECK_FUNCTION(check_services_ports);
CHECK_FUNCTION(check_services_inbound);

/* network-policies.c */
CHECK_FUNCTION(check_network_policies);

/* network-ingress.c */
CHECK_FUNCTION(check_ingress_classes);
CHECK_FUNCTION(check_ingresses);
CHECK_FUNCTION(check_gateways);
CHECK_FUNCTION(check_routes);

/* network-registries.c */
CHECK_FUNCTION(check_registries);

/* storage.c */
CHECK_FUNCTION(check_storage_default_class);
CHECK_FUNCTION(check_storage_driver);
CHECK_FUNCTION(check_storage_driver_nodes);
CHECK_FUNCTION(check_storage_attach_limit);

/* storage-volumes.c */
CHECK_FUNCTION(check_storage_claims);
CHECK_FUNCTION(check_storage_mounts);
CHECK_FUNCTION(check_storage_volumes);
CHECK_FUNCTION(check_storage_attachments);
CHECK_FUNCTION(check_storage_full);

/* security.c */
CHECK_FUNCTION(check_security_cluster_admin);
CHECK_FUNCTION(check_security_everybody);
CHECK_FUNCTION(check_security_anonymous);
CHECK_FUNCTION(check_security_default_accounts);
CHECK_FUNCTION(check_security_roles);
CHECK_FUNCTION(check_security_own_rights);

/* security-certificates.c */
CHECK_FUNCTION(check_security_root_ca);
CHECK_FUNCTION(check_security_client_cas);
CHECK_FUNCTION(check_security_client_certificates);
CHECK_FUNCTION(check_security_tls_secrets);
CHECK_FUNCTION(check_security_cert_manager);

/* security-pods.c */
CHECK_FUNCTION(check_security_pod_levels);
CHECK_FUNCTION(check_security_privileged);

/* workloads.c */
CHECK_FUNCTION(check_workloads_deployments);
CHECK_FUNCTION(check_workloads_stateful_sets);
CHECK_FUNCTION(check_workloads_daemon_sets);
CHECK_FUNCTION(check_workloads_jobs);
CHECK_FUNCTION(check_workloads_cron_jobs);

/* workloads-pods.c */
CHECK_FUNCTION(check_pods_crash);
CHECK_FUNCTION(check_pods_memory);
CHECK_FUNCTION(check_pods_images);
CHECK_FUNCTION(check_pods_unschedulable);
CHECK_FUNCTION(check_pods_stuck);
CHECK_FUNCTION(check_pods_evicted);
CHECK_FUNCTION(check_pods_ready);
/* Of a scheduler's message the cause that keeps most nodes away; NULL where it names none. g_free() it. And what to do
 * for a cause; NULL for one that is not known. */
char *unschedulable_cause(const char *message);
const char *unschedulable_advice(const char *cause);

/* workloads-guards.c */
CHECK_FUNCTION(check_budgets_block);
CHECK_FUNCTION(check_budgets_select);
CHECK_FUNCTION(check_single_points);
CHECK_FUNCTION(check_events);
CHECK_FUNCTION(check_scheduler_acts);
CHECK_FUNCTION(check_collector_acts);

/* capacity.c */
CHECK_FUNCTION(check_capacity_nodes);
CHECK_FUNCTION(check_capacity_loss);
CHECK_FUNCTION(check_capacity_requests);
CHECK_FUNCTION(check_capacity_quotas);
CHECK_FUNCTION(check_capacity_metrics);
CHECK_FUNCTION(check_capacity_autoscalers);

/* common.c: what several areas ask */

/* The condition of that type, of status.conditions; NULL. */
yyjson_val *condition_of(yyjson_val *object, const char *type);
yyjson_val *condition_in(yyjson_val *conditions, const char *type); /* the same, of any list of them */
const char *condition_status(yyjson_val *object, const char *type); /* "True", "False", "Unknown"; NULL */
/* "reason: message" of a condition, what there is of it. g_free() it. */
char *condition_text(yyjson_val *condition);
/* Minutes since a time of RFC 3339; -1 where there is none. */
gint64 minutes_since(const Snapshot *snapshot, const char *time);
const char *name_of(yyjson_val *object);      /* "" where there is none */
const char *namespace_of(yyjson_val *object); /* NULL */
/* By namespace/name; of objects without a namespace by name. The table goes before the snapshot. */
GHashTable *index_by_name(const GPtrArray *objects);
yyjson_val *index_find(GHashTable *index, const char *namespace_, const char *name);
bool pod_is_done(yyjson_val *pod); /* it succeeded or failed, and does not run any more */
/* Minutes since an event was last seen. */
gint64 event_minutes(const Snapshot *snapshot, yyjson_val *event);
/* How many endpoints of the slices of a Service are ready. */
typedef struct {
    guint ready, all;
    GHashTable *nodes; /* names, of the ready ones */
    yyjson_val *slice; /* the last one; NULL: there is none */
} Endpoints;
/* By namespace/name of Services. */
GHashTable *endpoints_by_service(const Snapshot *snapshot);

/* NULL where it has no slice. */
const Endpoints *endpoints_of(GHashTable *table, yyjson_val *service);
/* Whether an object's labels have all of a Service's selector; not of an empty one. */
bool labels_match(yyjson_val *selector, yyjson_val *object);

/* A range of addresses, or one address, of either family, in network-addresses.c. */
typedef struct {
    int family;
    unsigned bytes, bits; /* of its addresses; that are fixed */
    unsigned char first[16], last[16];
} Range;
/* "10.0.0.0/8", "fd00::1"; false for what is none, and NULL. */
bool range_parse(const char *text, Range *out);
/* Whether all of the other one is in the first. */
bool range_has(const Range *range, const Range *other);

/* Nodes that should be alike, in nodes-alike.c: what each of a pool has (or of the cluster), and who has another than
 * most. g_ptr_array_unref() the traits. */
GPtrArray *traits_new(void);
void traits_add(GPtrArray *traits, yyjson_val *node, bool whole_cluster, const char *what, const char *value);
void traits_report(CheckResult *result, const GPtrArray *traits);

/* asked.c: what nodes and pods say of themselves, by way of the API server */

/* Whether it is the API server itself that refuses: with these rights it cannot be seen. */
bool answer_is_denied(const SnapshotAnswer *answer);
/* In a few words what came in place of an answer. g_free() it. */
char *answer_reason(const SnapshotAnswer *answer);
typedef struct {
    const char *node;
    const SnapshotAnswer *answer;
} NodeAnswer;
/* Of the nodes that are asked themselves, but of those that are not ready only a few: what their kubelets say of their
 * health. g_array_unref() it. */
GArray *kubelets_asked(Snapshot *snapshot);
/* What the nodes whose kubelet answered say to GET of /api/v1/nodes/NODE and the suffix ("/proxy/configz"); where the
 * result is given, it is unknown if none may be asked. g_array_unref() it. */
GArray *kubelets_answers(Snapshot *snapshot, const char *suffix, CheckResult *result);
/* Metrics of several paths, asked for at once: SnapshotMetrics, in their order. */
GPtrArray *metrics_of_all(Snapshot *snapshot, const GPtrArray *paths);
/* Those of the kubelets that answer, and their nodes' names; unknown as above. g_ptr_array_unref() both. */
GPtrArray *kubelets_metrics(Snapshot *snapshot, CheckResult *result, GPtrArray **out_nodes);
/* By how much the API server's clock is ahead of this machine's, us: between the two. False where it does not tell. */
bool server_clock(Snapshot *snapshot, gint64 *out_least, gint64 *out_most);

/* A finding where the certificate ended, or ends within the thresholds; whether there is one. `what`: "the serving
 * certificate" */
bool check_certificate_end(const Snapshot *snapshot, CheckResult *result, const char *object, const char *what,
                           const Certificate *certificate);

/* Pods of kube-system that a kubelet runs from files, as kubeadm's control plane; component NULL: all. */
bool is_mirror_pod(yyjson_val *pod);
GPtrArray *mirror_pods(const Snapshot *snapshot, const char *component);
/* What a pod's command line gives a flag ("--audit-log-path"), "true" where it has no value; NULL where it does not
 * have it. g_free() it. */
char *pod_flag(yyjson_val *pod, const char *flag);

int minor_of(const char *version); /* of "v1.34.4": 34; -1 where it is none of Kubernetes 1 */
/* The API server's, of now or of a second later; NULL and an unknown where they may not be read. */
const Metrics *api_metrics(Snapshot *snapshot, CheckResult *result, bool later);

/* Looks at each object of may_read's kinds, and says how many there are, and what could not be read. */
typedef void (*CheckObjectFunc)(const Snapshot *snapshot, CheckResult *result, SnapshotKind kind, yyjson_val *object);
void check_each_object(Snapshot *snapshot, CheckResult *result, CheckObjectFunc look);

/* webhooks.c: what calls of a webhook need, of its clientConfig: the service, its endpoints; `fails`: what is found is
 * a failure, else a warning. Whether all is there. */
bool webhook_service_check(Snapshot *snapshot, CheckResult *result, const char *object, yyjson_val *client_config,
                           bool fails);
bool webhook_trust_check(Snapshot *snapshot, CheckResult *result, const char *object, yyjson_val *client_config,
                         bool fails);
