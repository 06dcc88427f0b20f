#!/usr/bin/env bats
# Checks of room, on a control plane on which one thing after the other is broken.
# bats file_tags=long
# shellcheck disable=SC2034,SC2154
load check
thresholds='{stuckMinutes: 0}'

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

pod() { # pod NAME NODE CPU MEMORY [METADATA]
  make_it <<YAML
{apiVersion: v1, kind: Pod, metadata: {name: $1, namespace: default, ${5:-}}, spec: {nodeName: $2, containers: [{name: app, image: i,
 resources: {requests: {cpu: $3, memory: $4}}}]}}
YAML
}

@test "one node, then a node that is full, then one that must not go" {
  node one
  checks capacity
  finds SB-CAP-02 warn 'Node one' 'it is the only node' 'second node'
  node two
  checks capacity
  passes SB-CAP-01 SB-CAP-02
  pod a one 3800m 1Gi
  checks capacity
  finds SB-CAP-01 warn 'Node one' 'its pods ask for 95 % of its cpu: 3.8 cores of 4 cores' 'Lower requests'
  passes SB-CAP-02
  pod b two 1500m 7Gi
  checks capacity
  finds SB-CAP-02 warn 'Node one' 'without it 1.3 cores of cpu are lacking' 'Add a node'
  passes SB-CAP-03
  unmake pod a b
  # What ends with its node needs no other place.
  pod c one 3 1Gi 'ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: d, uid: u, controller: true}]'
  pod d two 3 1Gi 'ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: d, uid: u, controller: true}]'
  checks capacity
  passes SB-CAP-01 SB-CAP-02
  unmake pod c d
}

@test "what an init container and a sidecar ask for counts as the scheduler counts it" {
  make_it <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: starts, namespace: default}
spec:
  nodeName: one
  initContainers:
  - {name: side, image: i, restartPolicy: Always, resources: {requests: {cpu: 300m, memory: 1Mi}}}
  - {name: first, image: i, resources: {requests: {cpu: 3500m, memory: 1Mi}}}
  containers: [{name: app, image: i, resources: {requests: {cpu: 100m, memory: 1Mi}}}]
YAML
  checks capacity
  finds SB-CAP-01 warn 'Node one' 'its pods ask for 95 % of its cpu: 3.8 cores'
  unmake pod starts
}

@test "containers that ask for nothing" {
  make_it <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: lazy, namespace: default}, spec: {nodeName: one, containers: [{name: app, image: i, resources: {requests: {cpu: 1m}}}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: own, namespace: kube-system}, spec: {nodeName: one, containers: [{name: app, image: i}]}}
YAML
  checks capacity
  finds SB-CAP-03 warn 'Pod default/lazy' 'ask for nothing: app (memory)' LimitRange
  finds SB-CAP-03 warn 'Pod kube-system/own' 'app (cpu, memory); it is BestEffort'
  unmake pod lazy
  unmake pod own -n kube-system
  checks capacity
  passes SB-CAP-03
}

@test "quotas that are, or nearly are, used up" {
  make_it <<'YAML'
{apiVersion: v1, kind: ResourceQuota, metadata: {name: small, namespace: default}, spec: {hard: {pods: "10", requests.memory: 2Gi}}}
YAML
  has_status resourcequota small '{"hard": {"pods": "10", "requests.memory": "2Gi"}, "used": {"pods": "10", "requests.memory": "1945Mi"}}'
  checks capacity
  finds SB-CAP-04 fail 'ResourceQuota default/small' 'pods is used up: 10 of 10' 'describe resourcequota'
  finds SB-CAP-04 warn 'ResourceQuota default/small' 'requests.memory is nearly used up: 1945Mi of 2Gi'
  has_status resourcequota small '{"used": {"pods": "2", "requests.memory": "1Gi"}}'
  checks capacity
  passes SB-CAP-04
}

@test "a metrics API that is missing or dead, and autoscalers that cannot scale" {
  make_it <<'YAML'
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: default}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
YAML
  has_status hpa web '{"desiredReplicas": 0, "currentMetrics": null, "conditions": [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "False",
    "reason": "FailedGetResourceMetric", "message": "unable to fetch metrics from resource metrics API"}]}'
  checks capacity
  finds SB-CAP-05 fail '' 'not installed, and 1 HorizontalPodAutoscalers want it' metrics-server
  finds SB-CAP-06 fail 'HorizontalPodAutoscaler default/web' 'ScalingActive is False: FailedGetResourceMetric' SB-CAP-05
  make_it <<'YAML'
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec: {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true,
  service: {namespace: kube-system, name: metrics-server}}
YAML
  within 20 bash -c 'kubectl get apiservice v1beta1.metrics.k8s.io -o json | jq -e ".status.conditions[0].status == \"False\""'
  checks capacity
  finds SB-CAP-05 fail 'APIService v1beta1.metrics.k8s.io' 'it is not available: ServiceNotFound'
  kubectl delete apiservice v1beta1.metrics.k8s.io >/dev/null
  has_status hpa web '{"desiredReplicas": 3, "conditions": [{"type": "AbleToScale", "status": "False", "reason": "FailedGetScale", "message": "deployments.apps \"web\" not found"}]}'
  checks capacity
  finds SB-CAP-06 fail 'HorizontalPodAutoscaler default/web' 'FailedGetScale' 'scaleTargetRef names nothing'
  has_status hpa web '{"desiredReplicas": 3, "conditions": [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}]}'
  checks capacity
  finds SB-CAP-06 warn 'HorizontalPodAutoscaler default/web' maxReplicas 'Raise maxReplicas'
  unmake hpa web
  checks capacity
  passes SB-CAP-05 SB-CAP-06
  only_fails
}
