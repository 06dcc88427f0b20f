/* Deployments, StatefulSets, DaemonSets, Jobs, CronJobs: do they get to where they are told to be? */
#include "sonobuoy/check/areas.h"
#include "sonobuoy/check/cron.h"
#include "sonobuoy/check/workload.h"

#include "base/text.h"

static gint64 number(yyjson_val *object, const char *part, const char *key, gint64 fallback) {
    return json_int(json_get(object, part, key), fallback);
}

/* What is wrong in the cluster's own namespaces is a failure, elsewhere a warning. */
static void tell(CheckResult *result, const char *kind, yyjson_val *object, bool fail, const char *text) {
    g_autofree char *who = check_object(kind, object);
    if (fail || workload_is_system(namespace_of(object)))
        check_fail(result, who, "%s", text);
    else
        check_warn(result, who, "%s", text);
}

static bool is_young(const Snapshot *snapshot, const CheckResult *result, const char *since) {
    gint64 minutes = minutes_since(snapshot, since);
    return minutes >= 0 && minutes < result->config->stuck_minutes;
}

/* Whether its controller has seen what it was last told; tells where not. */
static bool is_seen(CheckResult *result, const char *kind, yyjson_val *object) {
    gint64 told = number(object, "metadata", "generation", 0), seen = number(object, "status", "observedGeneration", 0);
    if (seen >= told)
        return true;
    g_autofree char *text =
        g_strdup_printf("its controller has seen generation %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT, seen, told);
    tell(result, kind, object, false, text);
    check_advise(result, "Is kube-controller-manager running (SB-CP-02)? Its log says why it does not act on %s.",
                 name_of(object));
    return false;
}

/* --- Deployments ------------------------------------------------------------------------------------------- */

static void look_at_deployment(const Snapshot *snapshot, CheckResult *result, yyjson_val *one) {
    yyjson_val *progressing = condition_of(one, "Progressing"), *failing = condition_of(one, "ReplicaFailure");
    gint64 wanted = number(one, "spec", "replicas", 1), ready = number(one, "status", "readyReplicas", 0),
           updated = number(one, "status", "updatedReplicas", 0);
    bool failed = g_strcmp0(json_get_string(failing, "status"), "True") == 0,
         stopped = g_strcmp0(json_get_string(progressing, "status"), "False") == 0;
    if (failed || stopped) {
        g_autofree char *why = condition_text(failed ? failing : progressing),
                        *text = g_strdup_printf("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " replicas are ready: %s",
                                                ready, wanted, why);
        tell(result, "Deployment", one, true, text);
        if (failed)
            check_advise(result,
                         "Its pods are refused. Mend what the message names (a quota: SB-CAP-04; an admission "
                         "webhook, a level of pod security); kubectl describe replicaset -n %s",
                         namespace_of(one));
        return;
    }
    if (is_young(snapshot, result, json_get_string(one, "metadata", "creationTimestamp")) ||
        is_young(snapshot, result, json_get_string(progressing, "lastUpdateTime")) ||
        yyjson_get_bool(json_get(one, "spec", "paused")) || !is_seen(result, "Deployment", one))
        return;
    if (ready >= wanted && updated >= wanted)
        return;
    g_autofree char *text = g_strdup_printf("of %" G_GINT64_FORMAT " replicas %" G_GINT64_FORMAT
                                            " are ready, %" G_GINT64_FORMAT " are of the newest template",
                                            wanted, ready, updated);
    tell(result, "Deployment", one, wanted > 0 && ready == 0, text);
}

void check_workloads_deployments(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *all = snapshot_list(snapshot, SNAPSHOT_DEPLOYMENTS)->items;
    for (guint i = 0; i < all->len; i++)
        look_at_deployment(snapshot, result, all->pdata[i]);
    check_summary(result, "%u Deployments", all->len);
}

/* --- StatefulSets, DaemonSets --------------------------------------------------------------------------------- */

void check_workloads_stateful_sets(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *all = snapshot_list(snapshot, SNAPSHOT_STATEFUL_SETS)->items;
    for (guint i = 0; i < all->len; i++) {
        yyjson_val *one = all->pdata[i];
        gint64 wanted = number(one, "spec", "replicas", 1), ready = number(one, "status", "readyReplicas", 0);
        if (is_young(snapshot, result, json_get_string(one, "metadata", "creationTimestamp")) ||
            !is_seen(result, "StatefulSet", one) || ready >= wanted)
            continue;
        g_autofree char *text =
            g_strdup_printf("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " replicas are ready", ready, wanted);
        tell(result, "StatefulSet", one, ready == 0, text);
        check_advise(result,
                     "Its pods start one after the other: look at the first that is not ready, kubectl describe "
                     "pod %s-%" G_GINT64_FORMAT " -n %s",
                     name_of(one), ready, namespace_of(one));
    }
    check_summary(result, "%u StatefulSets", all->len);
}

void check_workloads_daemon_sets(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *all = snapshot_list(snapshot, SNAPSHOT_DAEMON_SETS)->items;
    for (guint i = 0; i < all->len; i++) {
        yyjson_val *one = all->pdata[i];
        gint64 wanted = number(one, "status", "desiredNumberScheduled", 0),
               ready = number(one, "status", "numberReady", 0), stray = number(one, "status", "numberMisscheduled", 0);
        if (is_young(snapshot, result, json_get_string(one, "metadata", "creationTimestamp")) ||
            !is_seen(result, "DaemonSet", one))
            continue;
        g_autofree char *text = g_strdup_printf("ready on %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " nodes%s", ready,
                                                wanted, stray ? "; and on some where it is not meant to be" : "");
        if (ready < wanted)
            tell(result, "DaemonSet", one, ready == 0, text);
        else if (stray)
            tell(result, "DaemonSet", one, false, "it has pods on nodes where it is not meant to be");
    }
    check_summary(result, "%u DaemonSets", all->len);
}

/* --- Jobs ------------------------------------------------------------------------------------------------------- */

static bool is_condition(yyjson_val *object, const char *type) {
    return g_strcmp0(condition_status(object, type), "True") == 0;
}

static const char *cron_job_of(yyjson_val *job) {
    yyjson_val *owner = yyjson_arr_get_first(json_get(job, "metadata", "ownerReferences"));
    return g_strcmp0(json_get_string(owner, "kind"), "CronJob") == 0 ? json_get_string(owner, "uid") : NULL;
}

/* Whether the same CronJob's later Job came to a good end. */
static bool is_made_good(const GPtrArray *jobs, yyjson_val *failed) {
    const char *owner = cron_job_of(failed), *time = json_get_string(failed, "metadata", "creationTimestamp");
    for (guint i = 0; owner && i < jobs->len; i++)
        if (g_strcmp0(cron_job_of(jobs->pdata[i]), owner) == 0 && is_condition(jobs->pdata[i], "Complete") &&
            g_strcmp0(json_get_string(jobs->pdata[i], "metadata", "creationTimestamp"), time) > 0)
            return true;
    return false;
}

void check_workloads_jobs(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *jobs = snapshot_list(snapshot, SNAPSHOT_JOBS)->items;
    for (guint i = 0; i < jobs->len; i++) {
        yyjson_val *job = jobs->pdata[i];
        if (!is_condition(job, "Failed") || is_made_good(jobs, job))
            continue;
        g_autofree char *object = check_object("Job", job), *why = condition_text(condition_of(job, "Failed"));
        check_fail(result, object, "it failed, after %" G_GINT64_FORMAT " pods that did: %s",
                   number(job, "status", "failed", 0), why);
        check_advise(result, "kubectl logs -n %s job/%s; when it is mended or not wanted: kubectl delete job -n %s %s",
                     namespace_of(job), name_of(job), namespace_of(job), name_of(job));
    }
    check_summary(result, "%u Jobs", jobs->len);
}

/* Where it is late: when it was due; 0 where it is not. */
static gint64 due_since(const Snapshot *snapshot, const CheckResult *result, yyjson_val *one) {
    const char *schedule = json_get_string(one, "spec", "schedule"),
               *last = json_get_string(one, "status", "lastScheduleTime"),
               *zone = json_get_string(one, "spec", "timeZone");
    gint64 after;
    last = last ? last : json_get_string(one, "metadata", "creationTimestamp");
    if (!schedule || !last || !time_parse(last, &after, NULL))
        return 0;
    gint64 due = cron_next(schedule, after, zone), patience = result->config->stuck_minutes * 60 * G_USEC_PER_SEC;
    return due > 0 && due + patience < snapshot_now(snapshot) ? due : 0;
}

void check_workloads_cron_jobs(Snapshot *snapshot, CheckResult *result) {
    static const char *const missed[] = {"TooManyMissedTimes",
                                         "MissSchedule",
                                         "FailedCreate",
                                         "InvalidSchedule",
                                         "UnparseableSchedule",
                                         "UnknownTimeZone",
                                         NULL};
    const GPtrArray *all = snapshot_list(snapshot, SNAPSHOT_CRON_JOBS)->items;
    guint suspended = 0;
    for (guint i = 0; i < all->len; i++) {
        yyjson_val *one = all->pdata[i];
        if (yyjson_get_bool(json_get(one, "spec", "suspend"))) {
            suspended++;
            continue;
        }
        gint64 due = due_since(snapshot, result, one);
        if (!due)
            continue;
        yyjson_val *event = workload_event_of(snapshot, "CronJob", one, missed);
        g_autofree char *object = check_object("CronJob", one), *time = time_format(due);
        bool busy = yyjson_arr_size(json_get(one, "status", "active")) > 0 &&
                    g_strcmp0(json_get_string(one, "spec", "concurrencyPolicy"), "Forbid") == 0;
        if (busy) {
            check_warn(result, object, "it was due at %s, but its last Job still runs (concurrencyPolicy Forbid)",
                       time);
            check_advise(result, "See why that Job takes so long: kubectl get jobs -n %s", namespace_of(one));
        } else {
            check_fail(result, object, "it was due at %s and did not start%s%s", time, event ? ": " : "",
                       event ? json_get_string(event, "message") : "");
        }
    }
    check_summary(result, "%u CronJobs, %u of them suspended", all->len, suspended);
}
