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

/* storage.c */
CHECK_FUNCTION(check_storage_default_class);

/* common.c: what several areas ask */

/* The condition of that type, of status.conditions; NULL. */
yyjson_val *condition_of(yyjson_val *object, const char *type);
const char *condition_status(yyjson_val *object, const char *type); /* "True", "False", "Unknown"; NULL */
/* "reason: message" of a condition, what there is of it. g_free() it. */
char *condition_text(yyjson_val *condition);
/* Minutes since a time of RFC 3339; -1 where there is none. */
gint64 minutes_since(const Snapshot *snapshot, const char *time);
const char *name_of(yyjson_val *object);      /* "" where there is none */
const char *namespace_of(yyjson_val *object); /* NULL */

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

/* An unknown that names the kinds of may_read that could not be read. */
void check_unread(const Snapshot *snapshot, CheckResult *result);

/* webhooks.c: what calls of a webhook need, of its clientConfig: the service, its endpoints; `fails`: what is found is
 * a failure, else a warning. Whether all is there. */
bool webhook_service_check(Snapshot *snapshot, CheckResult *result, const char *object, yyjson_val *client_config,
                           bool fails);
bool webhook_trust_check(Snapshot *snapshot, CheckResult *result, const char *object, yyjson_val *client_config,
                         bool fails);
