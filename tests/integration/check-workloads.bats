#!/usr/bin/env bats
# Checks of workloads, on a control plane on which one thing after the other is broken. Nothing runs on it: what
# controllers and kubelets would say is given to the objects' status.
# bats file_tags=long
# shellcheck disable=SC2034,SC2154
load check
thresholds='{stuckMinutes: 0}'

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

# pod NAME STATUS [SPEC] [METADATA]: members of flow mappings
pod() {
  make_it <<YAML
{apiVersion: v1, kind: Pod, metadata: {name: $1, namespace: default, ${4:-}}, spec: {containers: [{name: app, image: shop/app:1}], ${3:-nodeName: one}}}
YAML
  has_status pod "$1" "$2"
}
waiting() { # waiting REASON [MESSAGE] [MORE]
  echo "{\"phase\": \"Pending\", \"containerStatuses\": [{\"name\": \"app\", \"image\": \"shop/app:1\", \"imageID\": \"\",
    \"ready\": false, \"restartCount\": ${4:-0}, \"state\": {\"waiting\": {\"reason\": \"$1\", \"message\": \"${2:-}\"}} ${3:-}}]}"
}
ended() { # ended CODE REASON MINUTES-AGO
  echo ", \"lastState\": {\"terminated\": {\"exitCode\": $1, \"reason\": \"$2\", \"finishedAt\": \"$(date -u -d "-$3 min" +%FT%TZ)\"}}"
}
unscheduled() { # unscheduled MESSAGE
  echo "{\"phase\": \"Pending\", \"conditions\": [{\"type\": \"PodScheduled\", \"status\": \"False\", \"reason\": \"Unschedulable\",
    \"message\": \"$1\", \"lastTransitionTime\": \"$(date -u -d '-9 min' +%FT%TZ)\"}]}"
}
workload() { # workload KIND NAME NAMESPACE [SPEC]
  make_it <<YAML
{apiVersion: apps/v1, kind: $1, metadata: {name: $2, namespace: $3}, spec: {${4:-} selector: {matchLabels: {app: $2}},
 template: {metadata: {labels: {app: $2}}, spec: {containers: [{name: app, image: shop/app:1}]}}}}
YAML
}
event() { # event NAME REASON KIND OBJECT MESSAGE [COUNT]
  make_it <<YAML
{apiVersion: v1, kind: Event, metadata: {name: $1, namespace: default}, reason: $2, type: Warning, count: ${6:-1},
 message: "$5", involvedObject: {kind: $3, namespace: default, name: $4}}
YAML
}

@test "containers that end again and again" {
  pod loops "$(waiting CrashLoopBackOff 'back-off 5m0s' "$(ended 127 Error 1)" 12)"
  pod again "$(waiting X '' "$(ended 1 Error 3)" 9 | sed 's/"waiting": {[^}]*}/"running": {}/; s/Pending/Running/')"
  pod long-ago "$(waiting X '' "$(ended 1 Error 300)" 9 | sed 's/"waiting": {[^}]*}/"running": {}/; s/Pending/Running/')"
  checks workloads
  finds SB-WORK-04 fail 'Pod default/loops' '12 restarts, exit code 127 (its command is not in the image)' 'kubectl logs -n default loops -c app --previous'
  finds SB-WORK-04 warn 'Pod default/again' 'started again 9 times, last 3 min ago, exit code 1'
  counts SB-WORK-04 2
  passes SB-WORK-05 SB-WORK-06
  unmake pod --all
  checks workloads
  passes SB-WORK-04
}

@test "images that cannot be pulled, and why" {
  pod gone "$(waiting ImagePullBackOff 'Back-off pulling image')"
  event g1 Failed Pod gone 'Failed to pull image: shop/app:1: not found'
  pod denied "$(waiting ErrImagePull 'pull access denied, repository does not exist or may require authorization')"
  pod far "$(waiting ErrImagePull 'dial tcp 192.0.2.1:443: i/o timeout')"
  pod much "$(waiting ErrImagePull 'toomanyrequests: You have reached your pull rate limit')"
  pod trust "$(waiting ErrImagePull 'tls: failed to verify certificate: x509: unknown authority')"
  pod name "$(waiting InvalidImageName)"
  pod never "$(waiting ErrImageNeverPull)"
  checks workloads
  finds SB-WORK-05 fail 'Pod default/gone' 'image shop/app:1: ImagePullBackOff: Failed to pull image: shop/app:1: not found' 'no such image or tag'
  finds SB-WORK-05 fail 'Pod default/denied' 'pull access denied' imagePullSecrets
  finds SB-WORK-05 fail 'Pod default/far' 'i/o timeout' 'does not reach the registry'
  finds SB-WORK-05 fail 'Pod default/much' toomanyrequests 'limits how often'
  finds SB-WORK-05 fail 'Pod default/trust' x509 'does not trust'
  finds SB-WORK-05 fail 'Pod default/name' InvalidImageName 'cannot be parsed'
  finds SB-WORK-05 fail 'Pod default/never' ErrImageNeverPull 'load it there'
  passes SB-WORK-04 SB-WORK-08
  unmake pod --all
  unmake event --all
  checks workloads
  passes SB-WORK-05 SB-WORK-14
}

@test "killed for want of memory, just now and once" {
  pod now "$(waiting X '' "$(ended 137 OOMKilled 2)" 1 | sed 's/"waiting": {[^}]*}/"running": {}/')" \
    'nodeName: one, containers: [{name: app, image: i, resources: {limits: {memory: 64Mi}}}]'
  pod once "$(waiting X '' "$(ended 137 OOMKilled 500)" 1 | sed 's/"waiting": {[^}]*}/"running": {}/')"
  checks workloads
  finds SB-WORK-06 fail 'Pod default/now' 'killed 2 min ago for want of memory, of more than its limit 64Mi' limits.memory
  finds SB-WORK-06 warn 'Pod default/once' 'it has no limit' 'memory request and limit'
  unmake pod --all
  checks workloads
  passes SB-WORK-06
}

@test "pods that no node takes, by the cause that keeps most nodes away" {
  pod big "$(unscheduled '0/5 nodes are available: 1 node(s) had untolerated taint {x: y}, 4 Insufficient cpu. preemption: 0/5 nodes are available: 5 No preemption victims found for incoming pod.')" 'priority: 0'
  pod picky "$(unscheduled "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.")" 'priority: 0'
  pod tainted "$(unscheduled '0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {gpu: yes}.')" 'priority: 0'
  pod claimless "$(unscheduled '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.')" 'priority: 0'
  checks workloads
  finds SB-WORK-07 fail 'Pod default/big' 'no node takes it, for 9 min: 0/5' "Lower the pod's requests"
  finds SB-WORK-07 fail 'Pod default/picky' affinity/selector nodeSelector
  finds SB-WORK-07 fail 'Pod default/tainted' 'untolerated taint' 'tolerate the taint'
  finds SB-WORK-07 fail 'Pod default/claimless' 'unbound immediate' SB-STOR-05
  passes SB-WORK-16
  unmake pod --all
  checks workloads
  passes SB-WORK-07
}

@test "pods that run and are not ready, where nobody counts them" {
  not_ready() {
    echo "{\"phase\": \"Running\", \"conditions\": [{\"type\": \"Ready\", \"status\": \"False\", \"lastTransitionTime\": \"$(date -u -d '-9 min' +%FT%TZ)\"}],
      \"containerStatuses\": [{\"name\": \"app\", \"image\": \"i\", \"imageID\": \"\", \"ready\": $1, \"restartCount\": 0, \"state\": {\"running\": {}}}]}"
  }
  pod alone "$(not_ready false)"
  pod gated "$(not_ready true)"
  pod one-of-many "$(not_ready false)" 'nodeName: one' 'ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: many, uid: u, controller: true}]'
  checks workloads
  finds SB-WORK-18 warn 'Pod default/alone' 'it runs and is not ready, for 9 min: container app' 'kubectl logs -n default alone -c app'
  finds SB-WORK-18 warn 'Pod default/gated' 'a readiness gate of it'
  counts SB-WORK-18 2
  unmake pod --all
  checks workloads
  passes SB-WORK-18
}

@test "pods that do not start on their node, and evicted ones" {
  pod config "$(waiting CreateContainerConfigError 'secret keys not found')"
  pod creating "$(waiting ContainerCreating)"
  kubectl patch pod creating --subresource=status --type merge -p "{\"status\": {\"conditions\": [{\"type\": \"PodScheduled\",
    \"status\": \"True\", \"lastTransitionTime\": \"$(date -u -d '-9 min' +%FT%TZ)\"}]}}" >/dev/null
  event c1 FailedCreatePodSandBox Pod creating 'no IP addresses left'
  for i in 1 2; do
    pod "out-$i" '{"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}' 'nodeName: one' \
      'ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d, uid: u, controller: true}], labels: {pod-template-hash: 5d}'
  done
  checks workloads
  finds SB-WORK-08 fail 'Pod default/config' 'CreateContainerConfigError: secret keys not found' 'Secret'
  finds SB-WORK-08 fail 'Pod default/creating' 'for 9 min: ContainerCreating: no IP addresses left'
  finds SB-WORK-09 warn 'Deployment default/web' 'pods that were evicted: 2; The node was low on resource: memory.'
  unmake pod --all
  unmake event --all
  checks workloads
  passes SB-WORK-08 SB-WORK-09
}

@test "workloads that do not converge" {
  workload Deployment slow default
  has_status deployment slow '{"observedGeneration": 1, "replicas": 1, "unavailableReplicas": 1, "updatedReplicas": 1, "conditions": [{"type": "Progressing",
    "status": "False", "reason": "ProgressDeadlineExceeded", "message": "ReplicaSet slow-1 has timed out progressing."}]}'
  workload Deployment refused default
  has_status deployment refused '{"observedGeneration": 1, "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
    "message": "exceeded quota: small"}]}'
  workload Deployment short default 'replicas: 3,'
  has_status deployment short '{"observedGeneration": 1, "replicas": 3, "readyReplicas": 2, "updatedReplicas": 3}'
  workload Deployment coredns kube-system 'replicas: 2,'
  has_status deployment coredns '{"observedGeneration": 1, "replicas": 2, "readyReplicas": 1, "updatedReplicas": 2}' -n kube-system
  workload Deployment unseen default
  workload StatefulSet db default 'replicas: 3, serviceName: db,'
  has_status statefulset db '{"observedGeneration": 1, "replicas": 2, "readyReplicas": 1}'
  workload DaemonSet agent kube-system
  has_status daemonset agent '{"observedGeneration": 1, "desiredNumberScheduled": 4, "numberReady": 3, "currentNumberScheduled": 4, "numberMisscheduled": 0}' -n kube-system
  checks workloads
  finds SB-WORK-01 fail 'Deployment default/slow' '0 of 1 replicas are ready: ProgressDeadlineExceeded: ReplicaSet slow-1 has timed out' 'rollout status'
  finds SB-WORK-01 fail 'Deployment default/refused' 'exceeded quota: small' SB-CAP-04
  finds SB-WORK-01 warn 'Deployment default/short' 'of 3 replicas 2 are ready'
  finds SB-WORK-01 fail 'Deployment kube-system/coredns' 'of 2 replicas 1 are ready'
  finds SB-WORK-01 warn 'Deployment default/unseen' 'has seen generation 0 of 1' kube-controller-manager
  finds SB-WORK-02 warn 'StatefulSet default/db' '1 of 3 replicas are ready' 'db-1'
  finds SB-WORK-03 fail 'DaemonSet kube-system/agent' 'ready on 3 of 4 nodes'
  # What is young is given time.
  thresholds='{}' checks workloads
  counts SB-WORK-01 2
  unmake deployment --all && unmake statefulset --all
  unmake deployment coredns -n kube-system
  unmake daemonset agent -n kube-system
  checks workloads
  passes SB-WORK-01 SB-WORK-02 SB-WORK-03
}

@test "budgets that block drains, select nothing, or two on a pod" {
  pod web-1 '{"phase": "Running"}' 'nodeName: one' 'labels: {app: web}'
  make_it <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: stiff, namespace: default}, spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}}
- {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: tight, namespace: default}, spec: {maxUnavailable: 1, selector: {matchLabels: {app: other}}}}
YAML
  has_status pdb stiff '{"observedGeneration": 1, "expectedPods": 1, "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0}'
  has_status pdb tight '{"observedGeneration": 1, "expectedPods": 3, "currentHealthy": 2, "desiredHealthy": 2, "disruptionsAllowed": 0}'
  checks workloads
  finds SB-WORK-10 fail 'PodDisruptionBudget default/stiff' 'of 1 pods all have to stay' 'kubectl patch pdb -n default stiff'
  finds SB-WORK-10 warn 'PodDisruptionBudget default/tight' '2 are healthy and 2 have to be'
  finds SB-WORK-11 warn 'PodDisruptionBudget default/tight' 'it selects no pod' 'get pods -n default --show-labels'
  counts SB-WORK-11 1
  kubectl patch pdb tight --type merge -p '{"spec": {"selector": {"matchLabels": {"app": "web"}}}}' >/dev/null
  checks workloads
  finds SB-WORK-11 fail 'Pod default/web-1' 'two budgets select it, stiff and tight' 'delete pdb'
  unmake pdb --all
  unmake pod --all
  checks workloads
  passes SB-WORK-10 SB-WORK-11
}

@test "Jobs that failed, CronJobs that do not start" {
  make_it <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: batch/v1, kind: Job, metadata: {name: migrate, namespace: default}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: nightly, namespace: default}
  spec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: paused, namespace: default}
  spec: {suspend: true, schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}
YAML
  has_status job migrate "{\"startTime\": \"$(date -u +%FT%TZ)\", \"failed\": 7, \"conditions\": [{\"type\": \"FailureTarget\", \"status\": \"True\", \"reason\": \"BackoffLimitExceeded\"},
    {\"type\": \"Failed\", \"status\": \"True\", \"reason\": \"BackoffLimitExceeded\", \"message\": \"Job has reached the specified backoff limit\"}]}"
  checks workloads
  finds SB-WORK-12 fail 'Job default/migrate' 'after 7 pods that did: BackoffLimitExceeded' 'kubectl logs -n default job/migrate'
  passes SB-WORK-13
  has_status cronjob nightly "{\"lastScheduleTime\": \"$(date -u -d '-3 days' +%FT03:00:00Z)\"}"
  has_status cronjob paused "{\"lastScheduleTime\": \"$(date -u -d '-3 days' +%FT03:00:00Z)\"}"
  event n1 TooManyMissedTimes CronJob nightly 'too many missed start times'
  checks workloads
  finds SB-WORK-13 fail 'CronJob default/nightly' "it was due at $(date -u -d '-2 days' +%F)T03:00:00Z and did not start: too many missed" startingDeadlineSeconds
  counts SB-WORK-13 1
  unmake job --all && unmake cronjob --all
  unmake event --all
  checks workloads
  passes SB-WORK-12 SB-WORK-13
}

@test "events are told of by reason" {
  event a BackOff Pod x 'restarting' 40
  event b BackOff Pod z 'restarting' 2
  event c Unhealthy Pod z 'probe failed'
  checks workloads
  finds SB-WORK-14 warn 'Event BackOff' '42 times in the last hour, of 2 objects' 'reason=BackOff'
  finds SB-WORK-14 warn 'Event Unhealthy' '1 times in the last hour, of 1 objects'
  counts SB-WORK-14 2
  unmake event --all
  checks workloads
  passes SB-WORK-14
}

@test "what all depend on has one replica, or one node" {
  node one && node two
  make_it <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: kube-dns}}
  template: {metadata: {labels: {k8s-app: kube-dns}}, spec: {containers: [{name: c, image: i}]}}
YAML
  checks SB-WORK-15
  finds SB-WORK-15 warn 'Deployment kube-system/coredns' "the cluster's DNS has one replica" 'kubectl scale deployment -n kube-system coredns --replicas 2'
  kubectl scale deployment coredns -n kube-system --replicas 2 >/dev/null
  for i in 1 2; do
    make_it <<<"{apiVersion: v1, kind: Pod, metadata: {name: dns-$i, namespace: kube-system, labels: {k8s-app: kube-dns}}, spec: {nodeName: one, containers: [{name: c, image: i}]}}"
  done
  checks SB-WORK-15
  finds SB-WORK-15 warn 'Deployment kube-system/coredns' "all 2 pods of the cluster's DNS are on node one" topologySpreadConstraint
  unmake pod dns-2 -n kube-system
  make_it <<<'{apiVersion: v1, kind: Pod, metadata: {name: dns-2, namespace: kube-system, labels: {k8s-app: kube-dns}}, spec: {nodeName: two, containers: [{name: c, image: i}]}}'
  checks SB-WORK-15
  passes SB-WORK-15
  kubectl label node one two topology.kubernetes.io/zone=a >/dev/null
  node three && kubectl label node three topology.kubernetes.io/zone=b >/dev/null
  checks SB-WORK-15
  finds SB-WORK-15 warn 'Deployment kube-system/coredns' 'are in zone a'
  unmake deployment coredns -n kube-system
  unmake pod dns-1 dns-2 -n kube-system
}

@test "no scheduler, no garbage collector" {
  kill -STOP "$(cat "$RUN_DIR/manager.pid")"
  pod orphan '{"phase": "Running"}' 'nodeName: one' 'ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: gone-1, uid: 11111111-2222-3333-4444-555555555555, controller: true}]'
  checks workloads
  finds SB-WORK-17 warn 'Pod default/orphan' 'its owner, ReplicaSet gone-1, is not there any more' kube-controller-manager
  kill -CONT "$(cat "$RUN_DIR/manager.pid")"
  unmake pod orphan
  pod alone '{"phase": "Pending"}' 'priority: 0'
  sleep 61
  checks workloads
  finds SB-WORK-16 fail 'Pod default/alone' 'no scheduler has looked at it' kube-scheduler
  passes SB-WORK-17
  unmake pod alone
  checks workloads
  passes SB-WORK-16
  only_fails
}
