#!/usr/bin/env bats
# What stock popeye and `sonobuoy check` say of the same broken clusters. Two claims are held: that popeye reports nothing
# of a cluster's own health that we do not (popeye.table has all its codes), and the table of who finds what in
# docs/sonobuoy-check.md. Nothing runs on this control plane: what controllers and kubelets would say is given to the
# objects' status.
# bats file_tags=long
# shellcheck disable=SC2034,SC2154
load ../integration/check
thresholds='{stuckMinutes: 0}'
popeye=$("$cluster/build" --bin)/popeye

setup_file() {
  "$cluster/build" popeye
  cluster_up
}
teardown_file() { cluster_down; }

# make_whole: objects out of YAML on standard input, with their status
make_whole() {
  local objects
  objects=$(cat)
  make_it <<<"$objects"
  kubectl replace --subresource=status -f - <<<"$objects" >/dev/null
}

# no_nodes: gone, and their Leases with them
no_nodes() {
  unmake node --all
  kubectl -n kube-node-lease delete leases --all >/dev/null
}

# Issues of popeye's report: SECTION, OBJECT, CODE, MESSAGE; of the levels that stand for something wrong.
issues() {
  jq -r '.popeye.sections[] | .linter as $linter | (.issues // {}) | to_entries[] | .key as $object | .value[] | select(.level >= 2)
    | (.message | capture("^\\[POP-(?<code>[0-9]+)\\] (?<text>.*)"; "m")) | [$linter, $object, .code, .text] | @tsv' "$BATS_TEST_TMPDIR/popeye.json"
}

# line_of CODE TEXT: what popeye.table has of such an issue, after the code
line_of() {
  awk -v code="$1" -v text="$2" '!/^#/ { split($1, key, "~"); if (key[1] == code && (key[2] == "" || index(text, key[2])))
    { sub(/^[^ ]+ /, ""); print; exit } }' "$BATS_TEST_DIRNAME/popeye.table"
}

# we_say CHECKS OBJECT: one of these found something, of that object ("shop/web"); "ID*": of the cluster or any object
we_say() {
  jq -e --arg ids "$1" --arg object "$2" '($ids | split(",")) as $ids | any(.checks[] | select(.outcome != "pass" and .outcome != "unknown");
    .id as $id | (($ids | index($id + "*")) != null) or (($ids | index($id)) != null and
      any(.findings[]; (.object // "-") | . == "-" or endswith(" " + $object) or (split(" ")[1] as $own | $object | startswith($own + "-")))))' "$report" >/dev/null
}

# both: reports of both, and each thing that popeye says of the cluster's health we say, too
both() {
  local section object code text checks rest
  checks '*'
  "$popeye" --all-namespaces --out json --force-exit-zero --logs "$BATS_TEST_TMPDIR/popeye.log" >"$BATS_TEST_TMPDIR/popeye.json"
  jq -e '.popeye.sections | length > 20' "$BATS_TEST_TMPDIR/popeye.json" >/dev/null
  issues >"$BATS_TEST_TMPDIR/issues"
  while IFS=$'\t' read -r section object code text; do
    read -r checks rest <<<"$(line_of "$code" "$text")"
    [ -n "$checks" ] || fails "popeye.table lacks $code: $section $object: $text" || return
    [ "$checks" = - ] || we_say "$checks" "$object" ||
      fails "popeye says, and we do not: $section $object: $code $text ($checks)"$'\n'"$(jq -c '.checks[] | select(.outcome | IN("warn", "fail")) | .id, .findings[].object' "$report")" || return
  done <"$BATS_TEST_TMPDIR/issues"
}

# row WHAT OBJECT CHECK CODE: both reports name the object so, "–": not at all, and the documentation has that line
row() {
  local line="| $1 | $3 | $4 |" codes
  finds "$3" fail "$2" '' 2>/dev/null || finds "$3" warn "$2" ''
  codes=$(awk -F'\t' -v object="${2#* }" '$2 == object { print $3 "\t" $4 }' "$BATS_TEST_TMPDIR/issues" | while IFS=$'\t' read -r code text; do
    [[ $(line_of "$code" "$text") == -* ]] || echo "POP-$code"
  done | sort -u | paste -sd' ')
  [ "${codes:-–}" = "$4" ] || fails "popeye says of $2: ${codes:-nothing}, not $4"
  echo "$line" >>"$BATS_FILE_TMPDIR/rows"
  grep -qxF "$line" "$root/docs/sonobuoy-check.md" || fails "docs/sonobuoy-check.md lacks: $line"
}

@test "each of popeye's codes is in the table, and the table names checks that there are" {
  diff <(grep -aoE '^  [0-9]{3,4}:$' "$popeye" | tr -d ' :' | sort -u) <(grep -oE '^[0-9]+' "$BATS_TEST_DIRNAME/popeye.table" | sort -u)
  diff /dev/null <(awk '!/^#/ && $2 != "-" { gsub(/\*/, "", $2); print $2 }' "$BATS_TEST_DIRNAME/popeye.table" | tr , '\n' | sort -u |
    comm -23 - <("$SONOBUOY" check --list | cut -d' ' -f1 | sort))
}

@test "nodes" {
  local name
  for name in worker-1 worker-2 worker-3 worker-4 worker-5 worker-6 worker-7 worker-8 worker-9; do node "$name"; done
  condition worker-1 Ready False KubeletNotReady 'container runtime is down'
  condition worker-2 Ready Unknown NodeStatusUnknown 'Kubelet stopped posting node status.'
  condition worker-3 MemoryPressure True KubeletHasInsufficientMemory
  condition worker-4 DiskPressure True KubeletHasDiskPressure
  condition worker-5 PIDPressure True KubeletHasInsufficientPID
  condition worker-6 NetworkUnavailable True NoRouteCreated
  kubectl cordon worker-7 >/dev/null
  beats worker-8 '100 seconds ago'
  kubectl patch node worker-9 --type=merge -p '{"spec": {"taints": [{"key": "node.cloudprovider.kubernetes.io/uninitialized", "effect": "NoSchedule", "value": "true"}]}}' >/dev/null
  node worker-10 '{"spec": {"podCIDR": "10.244.1.128/25", "podCIDRs": ["10.244.1.128/25"]}}'
  node worker-11
  node_status worker-11 '{"nodeInfo": {"kubeletVersion": "v1.29.1"}}'
  node worker-12
  beats worker-12 'now + 100 seconds'
  both
  row 'a node that is not ready' 'Node worker-1' SB-NODE-01 POP-702
  row 'a node of which nothing is heard' 'Node worker-2' SB-NODE-01 POP-701
  row 'a node with too little memory' 'Node worker-3' SB-NODE-02 POP-704
  row 'a node with too little disk' 'Node worker-4' SB-NODE-02 POP-705
  row 'a node with too few process IDs' 'Node worker-5' SB-NODE-02 POP-706
  row 'a node without a network' 'Node worker-6' SB-NODE-02 POP-707
  row 'a node that is cordoned' 'Node worker-7' SB-NODE-03 POP-711
  row 'a kubelet that does not renew its Lease, its node still Ready' 'Node worker-8' SB-NODE-04 –
  row 'a node that waits for its cloud controller' 'Node worker-9' SB-NODE-05 –
  row 'pod CIDRs that overlap' 'Node worker-10' SB-NET-01 –
  row 'a kubelet that is too old for the API server' 'Node worker-11' SB-UP-02 –
  row "a node's clock that is ahead" 'Node worker-12' SB-NODE-14 –
  row 'a kubelet that the API server does not reach' 'Node worker-1' SB-NODE-06 POP-702
  no_nodes
}

@test "pods" {
  node worker-1
  make_whole <<'YAML'
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: loops, namespace: default}
  spec: {nodeName: worker-1, containers: [{name: app, image: shop/app:1}]}
  status: {phase: Running, containerStatuses: [{name: app, image: i, imageID: "", ready: false, restartCount: 12,
    state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, reason: Error}}}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: unpulled, namespace: default}
  spec: {nodeName: worker-1, containers: [{name: app, image: shop/app:1}]}
  status: {phase: Pending, containerStatuses: [{name: app, image: i, imageID: "", ready: false, restartCount: 0, state: {waiting: {reason: ImagePullBackOff}}}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: unconfigured, namespace: default}
  spec: {nodeName: worker-1, containers: [{name: app, image: shop/app:1}]}
  status: {phase: Pending, containerStatuses: [{name: app, image: i, imageID: "", ready: false, restartCount: 0, state: {waiting: {reason: CreateContainerConfigError}}}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: unready, namespace: default}
  spec: {nodeName: worker-1, containers: [{name: app, image: shop/app:1}]}
  status: {phase: Running, conditions: [{type: Ready, status: "False", reason: ContainersNotReady}],
    containerStatuses: [{name: app, image: i, imageID: "", ready: false, restartCount: 0, state: {running: {}}}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: homeless, namespace: default}
  spec: {containers: [{name: app, image: shop/app:1}]}
  status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient cpu."}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: evicted, namespace: default}
  spec: {nodeName: worker-1, containers: [{name: app, image: shop/app:1}]}
  status: {phase: Failed, reason: Evicted, message: The node was low on resource}
- apiVersion: v1
  kind: Pod
  metadata: {name: stays, namespace: default, finalizers: [example.org/keeper]}
  spec: {nodeName: worker-1, containers: [{name: app, image: shop/app:1}]}
  status: {phase: Running, containerStatuses: [{name: app, image: i, imageID: "", ready: true, restartCount: 0, state: {running: {}}}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: guarded, namespace: default, labels: {app: guarded}}
  spec: {nodeName: worker-1, containers: [{name: app, image: shop/app:1}]}
  status: {phase: Running, conditions: [{type: Ready, status: "True"}], containerStatuses: [{name: app, image: i, imageID: "", ready: true, restartCount: 0, state: {running: {}}}]}
- apiVersion: policy/v1
  kind: PodDisruptionBudget
  metadata: {name: one, namespace: default}
  spec: {minAvailable: 1, selector: {matchLabels: {app: guarded}}}
  status: {observedGeneration: 1, expectedPods: 1, currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0}
- {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: two, namespace: default}, spec: {minAvailable: 1, selector: {matchLabels: {app: guarded}}}}
- {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: idle, namespace: default}, spec: {minAvailable: 1, selector: {matchLabels: {app: gone}}}}
YAML
  kubectl delete pod stays --wait=false >/dev/null
  both
  row 'a container that ends again and again' 'Pod default/loops' SB-WORK-04 POP-203
  row 'an image that is not pulled' 'Pod default/unpulled' SB-WORK-05 'POP-203 POP-207'
  row 'a container whose Secret is missing' 'Pod default/unconfigured' SB-WORK-08 'POP-203 POP-207'
  row 'a pod that runs and is not ready' 'Pod default/unready' SB-WORK-18 POP-204
  row 'a pod that no node takes' 'Pod default/homeless' SB-WORK-07 POP-207
  row 'a pod that was evicted' 'Pod default/evicted' SB-WORK-09 POP-207
  row 'an object that a finalizer holds' 'pods default/stays' SB-API-12 –
  row 'a pod of two disruption budgets' 'Pod default/guarded' SB-WORK-11 POP-209
  row 'a disruption budget that guards nothing' 'PodDisruptionBudget default/idle' SB-WORK-11 POP-900
  row 'a disruption budget that blocks drains' 'PodDisruptionBudget default/one' SB-WORK-10 –
  unmake pod --all
  unmake pdb --all
  no_nodes
}

@test "workloads" {
  make_whole <<'YAML'
apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: default}
  spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: shop/app:1}]}}}
  status: {observedGeneration: 1, replicas: 2, readyReplicas: 0, unavailableReplicas: 2}
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata: {name: web-5d8f, namespace: default}
  spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: shop/app:1}]}}}
  status: {observedGeneration: 1, replicas: 2, readyReplicas: 0}
- apiVersion: apps/v1
  kind: StatefulSet
  metadata: {name: db, namespace: default}
  spec: {replicas: 3, serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: app, image: shop/app:1}]}}}
  status: {observedGeneration: 1, replicas: 3, readyReplicas: 1}
- apiVersion: apps/v1
  kind: DaemonSet
  metadata: {name: agent, namespace: default}
  spec: {selector: {matchLabels: {app: agent}}, template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: app, image: shop/app:1}]}}}
  status: {observedGeneration: 1, desiredNumberScheduled: 4, numberReady: 1, currentNumberScheduled: 4, numberMisscheduled: 0}
- apiVersion: autoscaling/v2
  kind: HorizontalPodAutoscaler
  metadata: {name: lost, namespace: default}
  spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: nothing}, maxReplicas: 3,
    metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}
  status: {desiredReplicas: 0, conditions: [{type: AbleToScale, status: "False", reason: FailedGetScale, message: 'deployments.apps "nothing" not found'}], currentMetrics: []}
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: nightly, namespace: default}
  spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: shop/app:1}]}}}}}
  status: {lastScheduleTime: "2020-01-01T03:00:00Z"}
- apiVersion: batch/v1
  kind: Job
  metadata: {name: migrate, namespace: default}
  spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: shop/app:1}]}}}
- {apiVersion: v1, kind: ResourceQuota, metadata: {name: full, namespace: default}, spec: {hard: {pods: "1"}}, status: {hard: {pods: "1"}, used: {pods: "1"}}}
YAML
  has_status job migrate "{\"startTime\": \"$(date -u +%FT%TZ)\", \"failed\": 7, \"conditions\": [
    {\"type\": \"FailureTarget\", \"status\": \"True\", \"reason\": \"BackoffLimitExceeded\", \"lastTransitionTime\": \"$(date -u +%FT%TZ)\"},
    {\"type\": \"Failed\", \"status\": \"True\", \"reason\": \"BackoffLimitExceeded\", \"message\": \"Job has reached the specified backoff limit\", \"lastTransitionTime\": \"$(date -u +%FT%TZ)\"}]}"
  make_it <<YAML
{apiVersion: v1, kind: Event, metadata: {name: e, namespace: default}, reason: FailedCreate, type: Warning, count: 5, lastTimestamp: "$(date -u +%FT%TZ)",
 message: "error looking up service account", involvedObject: {apiVersion: batch/v1, kind: Job, namespace: default, name: migrate}, source: {component: job-controller}}
YAML
  both
  row 'a Deployment without its replicas' 'Deployment default/web' SB-WORK-01 POP-501
  row 'a StatefulSet without its replicas' 'StatefulSet default/db' SB-WORK-02 POP-501
  row 'a DaemonSet that is missing on nodes' 'DaemonSet default/agent' SB-WORK-03 –
  row 'an autoscaler without a target' 'HorizontalPodAutoscaler default/lost' SB-CAP-06 POP-600
  row 'a CronJob that is not started any more' 'CronJob default/nightly' SB-WORK-13 –
  row 'a Job that failed' 'Job default/migrate' SB-WORK-12 POP-1503
  row 'a quota that is full' 'ResourceQuota default/full' SB-CAP-04 –
  kubectl delete deployments,replicasets,statefulsets,daemonsets,cronjobs,jobs,horizontalpodautoscalers,events,resourcequotas --all >/dev/null
}

@test "services, ingresses, policies" {
  kubectl create namespace shop >/dev/null
  make_whole <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: empty, namespace: shop}, spec: {selector: {app: nothing}, ports: [{port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: htpp}]}}
- {apiVersion: v1, kind: Service, metadata: {name: front, namespace: shop}, spec: {type: LoadBalancer, ports: [{port: 80}]}}
- apiVersion: v1
  kind: Pod
  metadata: {name: web-1, namespace: shop, labels: {app: web}}
  spec: {nodeName: worker-1, containers: [{name: app, image: shop/app:1, ports: [{name: http, containerPort: 8080}]}]}
  status: {phase: Running, conditions: [{type: Ready, status: "True"}], containerStatuses: [{name: app, image: i, imageID: "", ready: true, restartCount: 0, state: {running: {}}}]}
- apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata: {name: lost, namespace: shop}
  spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: nothing, port: {name: http}}}}]}}]}
  status: {loadBalancer: {ingress: [{ip: 192.0.2.200}]}}
- apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata: {name: port, namespace: shop}
  spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: other}}}}]}}]}
  status: {loadBalancer: {ingress: [{ip: 192.0.2.200}]}}
- apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata: {name: refused, namespace: shop}
  spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]}
  status: {loadBalancer: {ingress: [{ip: 192.0.2.200, ports: [{port: 80, protocol: TCP, error: example.org/QuotaExceeded}]}]}}
YAML
  make_it <<'YAML'
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop}, spec: {podSelector: {}, policyTypes: [Egress]}}
YAML
  both
  row 'a Service with nothing behind it' 'Service shop/empty' SB-NET-07 'POP-1100 POP-1105'
  row 'a Service whose named port its pods do not have' 'Service shop/web' SB-NET-08 'POP-1105 POP-1106'
  row 'a load balancer without an address' 'Service shop/front' SB-NET-09 –
  row 'an Ingress whose Service is not there' 'Ingress shop/lost' SB-NET-11 POP-1401
  row "an Ingress whose Service lacks the port" 'Ingress shop/port' SB-NET-11 POP-1402
  row "an Ingress whose load balancer tells of an error" 'Ingress shop/refused' SB-NET-11 POP-1400
  row 'a policy that cuts pods from DNS' 'NetworkPolicy shop/deny' SB-NET-15 –
  unmake pod web-1 -n shop
  kubectl delete namespace shop >/dev/null
}

@test "storage" {
  make_whole <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: waits, namespace: default}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: missing}, status: {phase: Pending}}
- {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: lost, namespace: default}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: missing}, status: {phase: Lost}}
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: stays}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /nothing}}, status: {phase: Failed, message: "delete: permission denied"}}
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: left}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /nothing}}, status: {phase: Released}}
- {apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {name: held}, spec: {attacher: disk.example.org, nodeName: gone, source: {persistentVolumeName: left}}, status: {attached: true}}
YAML
  make_it <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: one, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}, provisioner: disk.example.org}
- {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: two, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}, provisioner: disk.example.org}
YAML
  both
  row 'a claim that gets no volume' 'PersistentVolumeClaim default/waits' SB-STOR-05 POP-1003
  row 'a claim whose volume is gone' 'PersistentVolumeClaim default/lost' SB-STOR-05 POP-1004
  row 'a volume that could not be removed' 'PersistentVolume stays' SB-STOR-07 POP-1002
  row 'a volume that is left over' 'PersistentVolume left' SB-STOR-07 –
  row 'a volume attached to a node that is gone' 'VolumeAttachment held' SB-STOR-08 –
  row 'a StorageClass without its driver' 'StorageClass one' SB-STOR-02 –
  row 'two default StorageClasses' '' SB-STOR-01 –
  unmake pvc --all
  unmake pv --all
  kubectl delete storageclasses,volumeattachments --all >/dev/null
}

@test "rights" {
  kubectl create clusterrolebinding dangles --clusterrole=nothing --user=jane >/dev/null
  kubectl create rolebinding hangs --role=nothing --user=jane >/dev/null
  kubectl create clusterrolebinding all --clusterrole=cluster-admin --group=system:authenticated >/dev/null
  kubectl create clusterrolebinding guests --clusterrole=system:aggregate-to-view --user=system:anonymous >/dev/null
  both
  row 'a ClusterRoleBinding to a role that is not there' 'ClusterRoleBinding dangles' SB-SEC-13 POP-1300
  row 'a RoleBinding to a role that is not there' 'RoleBinding default/hangs' SB-SEC-13 POP-1300
  row 'cluster-admin for everybody' 'ClusterRoleBinding all' SB-SEC-01 –
  row 'rights without credentials' 'ClusterRoleBinding guests' SB-SEC-02 –
  kubectl delete clusterrolebinding dangles all guests >/dev/null
  kubectl delete rolebinding hangs >/dev/null
}

@test "the API server, and what extends it" {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$BATS_TEST_TMPDIR/key" -out "$BATS_TEST_TMPDIR/crt" -subj /CN=shop -days 5 2>/dev/null
  kubectl create secret tls soon --cert="$BATS_TEST_TMPDIR/crt" --key="$BATS_TEST_TMPDIR/key" >/dev/null
  kubectl create namespace held >/dev/null
  kubectl -n held create configmap held >/dev/null
  kubectl -n held patch configmap held --type=merge -p '{"metadata": {"finalizers": ["example.org/keeper"]}}' >/dev/null
  kubectl delete namespace held --wait=false >/dev/null
  make_it <<'YAML'
apiVersion: v1
kind: List
items:
- apiVersion: apiregistration.k8s.io/v1
  kind: APIService
  metadata: {name: v1.dead.example.org}
  spec: {group: dead.example.org, version: v1, groupPriorityMinimum: 1000, versionPriority: 10, insecureSkipTLSVerify: true, service: {namespace: default, name: none}}
- apiVersion: admissionregistration.k8s.io/v1
  kind: ValidatingWebhookConfiguration
  metadata: {name: dead}
  webhooks: [{name: pods.example.org, admissionReviewVersions: [v1], sideEffects: None, failurePolicy: Fail, namespaceSelector: {matchLabels: {hooked: "yes"}},
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}], clientConfig: {service: {namespace: default, name: none}}}]
- apiVersion: apiextensions.k8s.io/v1
  kind: CustomResourceDefinition
  metadata: {name: boats.example.org}
  spec: {group: example.org, scope: Namespaced, names: {plural: boats, kind: Boat}, versions: [
    {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}},
    {name: v2, served: false, storage: false, schema: {openAPIV3Schema: {type: object}}}],
    conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {service: {namespace: default, name: none}}}}}
YAML
  kubectl wait apiservice v1.dead.example.org --for=condition=Available=False --timeout=30s >/dev/null
  kubectl wait crd boats.example.org --for=condition=Established --timeout=30s >/dev/null
  has_status crd boats.example.org '{"storedVersions": ["v1", "v2"]}'
  within 30 eval 'kubectl get namespace held -o jsonpath={.status.conditions} | grep -q Finalizers'
  both
  row 'a namespace that does not go' 'Namespace held' SB-API-11 POP-800
  row 'an aggregated API that is dead' 'APIService v1.dead.example.org' SB-API-06 –
  row 'a webhook with failurePolicy Fail that is dead' 'ValidatingWebhookConfiguration dead (pods.example.org)' SB-ADM-01 –
  row 'custom resources that cannot be converted' 'CustomResourceDefinition boats.example.org' SB-API-10 –
  row 'a stored version that is not served' 'CustomResourceDefinition boats.example.org' SB-API-09 –
  row 'a certificate in a Secret that ends soon' 'Secret default/soon' SB-SEC-09 –
  row 'no DNS' '' SB-DNS-01 –
  kubectl delete apiservice v1.dead.example.org >/dev/null
  kubectl delete validatingwebhookconfiguration dead >/dev/null
  kubectl delete crd boats.example.org >/dev/null
  kubectl -n held patch configmap held --type=merge -p '{"metadata": {"finalizers": null}}' >/dev/null
}

@test "the documentation's table has these lines and no others" {
  diff <(sort "$BATS_FILE_TMPDIR/rows") <(sed -n '/^| breakage |/,/^$/p' "$root/docs/sonobuoy-check.md" | tail -n +3 | sed '/^$/d' | sort)
}
