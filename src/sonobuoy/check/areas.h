/* The checks' functions, a file an area; what they mean stands in table.c. */
#pragma once

#include "sonobuoy/check/check.h"

#define CHECK_FUNCTION(name) void name(Snapshot *snapshot, CheckResult *result)

/* api.c */
CHECK_FUNCTION(check_api_answers);
CHECK_FUNCTION(check_api_ready);
CHECK_FUNCTION(check_api_alive);

/* nodes.c */
CHECK_FUNCTION(check_nodes_ready);
CHECK_FUNCTION(check_nodes_pressure);
CHECK_FUNCTION(check_nodes_cordoned);

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
const char *condition_status(yyjson_val *object, const char *type); /* "True", "False", "Unknown"; NULL */
/* "reason: message" of a condition, what there is of it. g_free() it. */
char *condition_text(yyjson_val *condition);
/* Minutes since a time of RFC 3339; -1 where there is none. */
gint64 minutes_since(const Snapshot *snapshot, const char *time);
const char *name_of(yyjson_val *object);      /* "" where there is none */
const char *namespace_of(yyjson_val *object); /* NULL */
