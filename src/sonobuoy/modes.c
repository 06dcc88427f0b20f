#include "sonobuoy/modes.h"

#include <string.h>

/* The longest running tests, by their names in Kubernetes 1.15 to 1.30: what conformance-lite leaves out. */
static const char *const slow_tests[] = {
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource "
    "[Conformance]",
    "[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service [Conformance]",
    "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group "
    "and version but different kinds [Conformance]",
    "[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer "
    "[Conformance]",
    "[sig-network] DNS should provide DNS for services  [Conformance]",
    "[sig-network] DNS should resolve DNS of partial qualified names for services [LinuxOnly] [Conformance]",
    "[sig-apps] Job should delete a job [Conformance]",
    "[sig-network] DNS should provide DNS for ExternalName services [Conformance]",
    "[sig-node] Variable Expansion should succeed in writing subpaths in container [Slow] [Conformance]",
    "[sig-apps] Daemon set [Serial] should rollback without unnecessary restarts [Conformance]",
    "[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Conformance]",
    "[sig-network] Services should have session affinity timeout work for service with type clusterIP [LinuxOnly] "
    "[Conformance]",
    "[sig-network] Services should have session affinity timeout work for NodePort service [LinuxOnly] [Conformance]",
    "[sig-node] InitContainer [NodeConformance] should not start app containers if init containers fail on a "
    "RestartAlways pod [Conformance]",
    "[sig-apps] Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate "
    "[Conformance]",
    "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group "
    "but different versions [Conformance]",
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Burst scaling should run to completion "
    "even with unhealthy pods [Slow] [Conformance]",
    "[sig-node] Probing container should be restarted with a exec \"cat /tmp/health\" liveness probe [NodeConformance] "
    "[Conformance]",
    "[sig-network] Services should be able to switch session affinity for service with type clusterIP [LinuxOnly] "
    "[Conformance]",
    "[sig-node] Probing container with readiness probe that fails should never be ready and never restart "
    "[NodeConformance] [Conformance]",
    "[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps "
    "[Conformance]",
    "[sig-scheduling] SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be "
    "operated with different HTTP methods [Conformance]",
    "[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition "
    "listing custom resource definition objects works  [Conformance]",
    "[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch "
    "on custom resource definition objects [Conformance]",
    "[sig-scheduling] SchedulerPreemption [Serial] validates basic preemption works [Conformance]",
    "[sig-storage] ConfigMap optional updates should be reflected in volume [NodeConformance] [Conformance]",
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Scaling should happen in predictable "
    "order and halt if any stateful pod is unhealthy [Slow] [Conformance]",
    "[sig-storage] EmptyDir wrapper volumes should not cause race condition when used for configmaps [Serial] "
    "[Conformance]",
    "[sig-scheduling] SchedulerPreemption [Serial] validates lower priority pod preemption by critical pod "
    "[Conformance]",
    "[sig-storage] Projected secret optional updates should be reflected in volume [NodeConformance] [Conformance]",
    "[sig-apps] CronJob should schedule multiple jobs concurrently [Conformance]",
    "[sig-apps] CronJob should replace jobs when ReplaceConcurrent [Conformance]",
    "[sig-scheduling] SchedulerPreemption [Serial] PreemptionExecutionPath runs ReplicaSets to verify preemption "
    "running path [Conformance]",
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform canary updates and "
    "phased rolling updates of template modifications [Conformance]",
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform rolling updates and roll "
    "backs of template modifications [Conformance]",
    "[sig-node] Probing container should have monotonically increasing restart count [NodeConformance] [Conformance]",
    "[sig-node] Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle "
    "of a container [Slow] [Conformance]",
    "[sig-node] Probing container should *not* be restarted with a exec \"cat /tmp/health\" liveness probe "
    "[NodeConformance] [Conformance]",
    "[sig-node] Probing container should *not* be restarted with a tcp:8080 liveness probe [NodeConformance] "
    "[Conformance]",
    "[sig-node] Probing container should *not* be restarted with a /healthz http liveness probe [NodeConformance] "
    "[Conformance]",
    "[sig-apps] CronJob should not schedule jobs when suspended [Slow] [Conformance]",
    "[sig-scheduling] SchedulerPredicates [Serial] validates that there exists conflict between pods with same "
    "hostPort and protocol but one using 0.0.0.0 hostIP [Conformance]",
    "[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent [Slow] [Conformance]",
    "[k8s.io] Probing container should *not* be restarted with a exec \"cat /tmp/health\" liveness probe "
    "[NodeConformance] [Conformance]",
    "[sig-apps] StatefulSet [k8s.io] Basic StatefulSet functionality [StatefulSetBasic] should perform canary updates "
    "and phased rolling updates of template modifications [Conformance]",
    "[sig-storage] ConfigMap updates should be reflected in volume [NodeConformance] [Conformance]",
    "[sig-network] Services should be able to switch session affinity for NodePort service [LinuxOnly] [Conformance]",
    "[k8s.io] Probing container with readiness probe that fails should never be ready and never restart "
    "[NodeConformance] [Conformance]",
    "[sig-storage] Projected configMap optional updates should be reflected in volume [NodeConformance] [Conformance]",
    "[k8s.io] Probing container should be restarted with a exec \"cat /tmp/health\" liveness probe [NodeConformance] "
    "[Conformance]",
    "[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning [Conformance]",
    "[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning [Conformance]",
    "[k8s.io] Probing container should have monotonically increasing restart count [NodeConformance] [Conformance]",
    "[k8s.io] Probing container should *not* be restarted with a tcp:8080 liveness probe [NodeConformance] "
    "[Conformance]",
    "[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the "
    "deleteOptions says so [Conformance]",
    "[sig-apps] StatefulSet [k8s.io] Basic StatefulSet functionality [StatefulSetBasic] should perform rolling updates "
    "and roll backs of template modifications [Conformance]",
    NULL,
};

const Mode modes[] = {
    {.name = "certified-conformance",
     .description = "All conformance tests, as the CNCF's certification wants them. Some of them disturb workloads.",
     .focus = "\\[Conformance\\]",
     .skip = ""},
    {.name = "conformance-lite",
     .description = "Conformance tests but for the longest running ones, several at a time. Certifies nothing.",
     .focus = "\\[Conformance\\]",
     .skip = "Serial|Slow|Disruptive",
     .skip_names = slow_tests,
     .parallel = true},
    {.name = "non-disruptive-conformance",
     .description = "Conformance tests but for those that may disturb workloads. The default.",
     .focus = "\\[Conformance\\]",
     .skip = "\\[Disruptive\\]|NoExecuteTaintManager"},
    {.name = "quick",
     .description = "One test: whether pods can be made and removed.",
     .focus = "Pods should be submitted and removed",
     .skip = ""},
    {0},
};

const Mode *mode_find(const char *name) {
    for (const Mode *mode = modes; mode->name; mode++) {
        if (strcmp(mode->name, name) == 0)
            return mode;
    }
    return NULL;
}

char *mode_skip(const Mode *mode) {
    g_autoptr(GString) skip = g_string_new(mode->skip);
    for (const char *const *name = mode->skip_names; name && *name; name++) {
        g_autofree char *quoted = g_regex_escape_string(*name, -1);
        /* As stock has it: old images pass the expression through a shell. */
        g_strdelimit(quoted, "\"", '.');
        g_string_append_printf(skip, "%s%s", skip->len ? "|" : "", quoted);
    }
    return g_string_free(g_steal_pointer(&skip), false);
}
