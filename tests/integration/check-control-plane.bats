#!/usr/bin/env bats
# `sonobuoy check`, area control-plane: servers, leaders, pods of the control plane, etcd, what the API server was told to do.
# Pods of the control plane are objects here, as a kubelet would make them of kubeadm's files: no kubelet runs.
# bats file_tags=long
# shellcheck disable=SC2016,SC2030,SC2031,SC2094,SC2119,SC2120,SC2143,SC2034,SC2154
load check
thresholds='{}'

setup_file() { cluster_up; }
teardown_file() {
  cluster_down
  "$cluster/down" "$cluster_name-odd"
}
teardown() { kubectl -n kube-system delete pods --all --force --grace-period=0 >/dev/null 2>&1; }

# mirror NAME COMPONENT [WORD...]: a pod of the control plane that is ready, with this command
mirror() {
  jq -n --arg name "$1" --arg component "$2" '
    {apiVersion: "v1", kind: "Pod", metadata: {name: $name, namespace: "kube-system", labels: {component: $component, tier: "control-plane"},
        annotations: {"kubernetes.io/config.mirror": "0"}},
      spec: {nodeName: "cp1", hostNetwork: true, containers: [{name: $component, image: "registry.k8s.io/\($component):v1.34.4", command: $ARGS.positional}]}}' \
    --args -- "$2" "${@:3}" | kubectl create -f - >/dev/null
  kubectl -n kube-system patch pod "$1" --subresource=status --type=merge \
    -p '{"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}' >/dev/null
}
# server FLAG...: an API server's, with flags that nobody could object to, and these
server() {
  mirror kube-apiserver-cp1 kube-apiserver --audit-policy-file=/p --audit-log-path=/l --encryption-provider-config=/e --profiling=false \
    --anonymous-auth=false --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction "$@"
}
# status_of POD JSON: of the pod's status
status_of() { kubectl -n kube-system patch pod "$1" --subresource=status --type=merge -p "{\"status\": $2}" >/dev/null; }

# lease NAME SECONDS-AGO [JQ]: a lease of kube-system that was renewed so long ago
lease() {
  jq -n --arg name "$1" --arg at "$(date -u -d "-$2 seconds" +%Y-%m-%dT%H:%M:%S.000000Z)" '{apiVersion: "coordination.k8s.io/v1", kind: "Lease",
    metadata: {name: $name, namespace: "kube-system"}, spec: {holderIdentity: "cp1_x", leaseDurationSeconds: 15, renewTime: $at, leaseTransitions: 1}} | '"${3-.}" |
    kubectl apply -f - >/dev/null
}

of_flags=SB-CP-07,SB-CP-08,SB-CP-09,SB-CP-10
pod="Pod kube-system/kube-apiserver-cp1"

@test "a sound control plane fails in nothing, and warns of nothing" {
  server
  for n in 1 2 3; do mirror "etcd-cp$n" etcd; done
  lease kube-controller-manager 1
  lease kube-scheduler 1
  checks control-plane
  jq -e '.summary.fail == 0 and .summary.unknown == 0' "$report"
  passes SB-CP-01 SB-CP-02 SB-CP-03 SB-CP-04 SB-CP-06 SB-CP-07 SB-CP-08 SB-CP-09 SB-CP-10 SB-CP-11
}

@test "without pods of the control plane: what the API server tells of itself, and unknowns" {
  checks control-plane
  finds SB-CP-03 unknown "" "it is managed, or does not run as pods"
  finds SB-CP-04 unknown "" "no pod of etcd is seen"
  finds SB-CP-07 warn "" "has written no event of an audit log" "--audit-policy-file"
  finds SB-CP-08 warn "" "Secrets are plain text in etcd" "--encryption-provider-config"
  finds SB-CP-10 unknown "" "no pod of the API server is seen"
  passes SB-CP-01 SB-CP-09 SB-CP-11
}

@test "leaders: none, stale, given back, again and again another" {
  kubectl -n kube-system delete lease kube-controller-manager kube-scheduler --ignore-not-found
  checks SB-CP-01,SB-CP-02
  finds SB-CP-02 unknown "" "runs without an election"
  lease kube-scheduler 300
  lease kube-controller-manager 1
  checks SB-CP-01,SB-CP-02
  finds SB-CP-02 fail "Lease kube-system/kube-scheduler" "no kube-scheduler leads: cp1_x has not renewed it for 30" "logs"
  passes SB-CP-01
  lease kube-scheduler 1
  lease kube-controller-manager 1 '.spec.holderIdentity = ""'
  checks SB-CP-02
  finds SB-CP-02 fail "Lease kube-system/kube-controller-manager" "its last holder, which gave it back"
  lease kube-controller-manager 1 '.spec.leaseTransitions = 40'
  checks SB-CP-02
  finds SB-CP-02 warn "Lease kube-system/kube-controller-manager" "its leader changed 40 times" SB-CP-05
  lease kube-controller-manager 1
  now_passes SB-CP-02
}

@test "an API server that is gone, and addresses that are none" {
  lease apiserver-gone 600 '.metadata.labels = {"apiserver.kubernetes.io/identity": "kube-apiserver", "kubernetes.io/hostname": "cp9"} | .spec.leaseDurationSeconds = 3600'
  checks SB-CP-01
  finds SB-CP-01 warn "Lease kube-system/apiserver-gone" "the API server on cp9 has not renewed it for 60" "cp9"
  kubectl -n kube-system delete lease apiserver-gone
  kubectl apply -f - <<'YAML'
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}},
 ports: [{port: 6443}], endpoints: [{addresses: [192.0.2.1]}, {addresses: [192.0.2.2]}]}
YAML
  checks SB-CP-01
  finds SB-CP-01 warn "Service default/kubernetes" "it has 2 addresses, but 1 API servers are alive" endpointslices
  kubectl delete endpointslice kubernetes
  now_passes SB-CP-01
}

@test "pods of the control plane: not ready, restarting" {
  server
  status_of kube-apiserver-cp1 '{"conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}], "containerStatuses": [{"name": "kube-apiserver",
    "image": "x", "imageID": "", "ready": false, "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}}]}'
  checks SB-CP-03
  finds SB-CP-03 fail "$pod" "it is not ready: CrashLoopBackOff: back-off 5m0s" "kubectl -n kube-system logs kube-apiserver-cp1 --previous"
  status_of kube-apiserver-cp1 "$(jq -n --arg at "$(date -u -d -10minutes +%Y-%m-%dT%H:%M:%SZ)" '{conditions: [{type: "Ready", status: "True"}],
    containerStatuses: [{name: "kube-apiserver", image: "x", imageID: "", ready: true, restartCount: 12, state: {running: {}},
      lastState: {terminated: {reason: "OOMKilled", exitCode: 137, finishedAt: $at}}}]}')"
  checks SB-CP-03
  finds SB-CP-03 warn "$pod" "has restarted 12 times, the last time for OOMKilled (exit status 137) 10 min ago" "--previous"
  # What was mended long ago is over.
  status_of kube-apiserver-cp1 '{"containerStatuses": [{"name": "kube-apiserver", "image": "x", "imageID": "", "ready": true, "restartCount": 12, "state": {"running": {}},
    "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2024-01-01T00:00:00Z"}}}]}'
  now_passes SB-CP-03
}

@test "etcd: one member, an even number, slow, full" {
  mirror etcd-cp1 etcd --quota-backend-bytes=1000
  checks SB-CP-04,SB-CP-06
  finds SB-CP-04 warn "" "there is 1 member" "3 or 5"
  jq -e '.checks[] | select(.id == "SB-CP-06") | .findings[0] | .outcome == "fail" and (.evidence | contains("of its quota of 1000 B are used")) and (.fix | contains("etcdctl defrag"))' "$report"
  mirror etcd-cp2 etcd
  checks SB-CP-04
  finds SB-CP-04 warn "" "there are 2 members, an even number"
  mirror etcd-cp3 etcd
  kubectl -n kube-system delete pod etcd-cp1 --force --grace-period=0
  mirror etcd-cp1 etcd --quota-backend-bytes=1000000000
  now_passes SB-CP-04,SB-CP-06
  thresholds='{etcdSlowMilliseconds: 0}' checks SB-CP-05
  finds SB-CP-05 warn "" "99 of 100 answers take " fio
  thresholds='{etcdSlowMilliseconds: 60000}' checks SB-CP-05
  passes SB-CP-05
}

@test "flags of the API server: no audit log, no encryption, everyone an administrator, ways in" {
  mirror kube-apiserver-cp1 kube-apiserver --profiling=false --enable-admission-plugins NodeRestriction --authorization-mode=AlwaysAllow
  checks "$of_flags"
  finds SB-CP-07 warn "$pod" "it has no --audit-policy-file"
  finds SB-CP-08 warn "$pod" "it has no --encryption-provider-config" "kubectl replace"
  finds SB-CP-09 fail "$pod" "--authorization-mode=AlwaysAllow lets everyone do everything" "Node,RBAC"
  passes SB-CP-10
  kubectl -n kube-system delete pod kube-apiserver-cp1 --force --grace-period=0
  mirror kube-apiserver-cp1 kube-apiserver --audit-policy-file=/p --audit-log-path=/l --encryption-provider-config=/e --authorization-mode=RBAC \
    --anonymous-auth=true --tls-min-version=VersionTLS10 --token-auth-file=/t
  checks "$of_flags"
  passes SB-CP-07 SB-CP-08
  finds SB-CP-09 warn "$pod" "is without Node"
  finds SB-CP-10 warn "$pod" "it takes requests without credentials (--anonymous-auth=true)" "--anonymous-auth=false"
  finds SB-CP-10 warn "$pod" "it serves profiles of itself (--profiling=true, by default)" "--profiling=false"
  finds SB-CP-10 warn "$pod" "it speaks TLS 1.0"
  finds SB-CP-10 warn "$pod" "is without NodeRestriction"
  finds SB-CP-10 warn "$pod" "it takes tokens of /t"
  kubectl -n kube-system delete pod kube-apiserver-cp1 --force --grace-period=0
  server
  now_passes "$of_flags"
}

@test "an API server that was started so: everyone an administrator, alpha features, audit, encryption, many objects" {
  local kubeconfig at=$BATS_TEST_TMPDIR
  printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n' >"$at/policy"
  printf 'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: [{resources: [secrets], providers: [{secretbox: {keys: [{name: a, secret: %s}]}}]}]\n' \
    "$(head -c 32 /dev/urandom | base64)" >"$at/encryption"
  kubeconfig=$("$cluster/up" "$cluster_name-odd" --no-controllers -- --authorization-mode=AlwaysAllow --feature-gates=CBORServingAndStorage=true,SizeBasedListCostEstimate=false \
    --audit-policy-file="$at/policy" --audit-log-path="$at/audit" --encryption-provider-config="$at/encryption" --runtime-config=networking.k8s.io/v1beta1=true)
  KUBECONFIG=$kubeconfig kubectl create secret generic s --from-literal=a=b
  KUBECONFIG=$kubeconfig kubectl get --raw /apis/networking.k8s.io/v1beta1/servicecidrs
  KUBECONFIG=$kubeconfig checks control-plane,SB-UP-04
  finds SB-CP-09 fail "" "a user whom no rule names may delete nodes" "Node,RBAC"
  finds SB-CP-11 warn "feature gate CBORServingAndStorage" "an alpha feature" "Take CBORServingAndStorage out"
  passes SB-CP-07 SB-CP-08
  finds SB-UP-04 warn servicecidrs.v1beta1.networking.k8s.io "is not served from 1.37 on" "kubectl api-resources --api-group=networking.k8s.io"
  # It counts objects once a minute, and when it starts.
  "$cluster/restart" "$cluster_name-odd"
  within 30 eval 'KUBECONFIG=$kubeconfig thresholds="{objects: 30}" checks SB-API-15 && finds SB-API-15 warn clusterroles.rbac.authorization.k8s.io "there are " "kubectl get clusterroles.rbac.authorization.k8s.io -A"'
  jq -e '.checks[0].findings | length < 5' "$report"
  KUBECONFIG=$kubeconfig checks SB-API-15
  passes SB-API-15
}
