#!/usr/bin/env bats
# `sonobuoy check` of a kubelet that is configured badly, beside one that is not.
# shellcheck disable=SC2154
# bats file_tags=long
load ../integration/check

setup_file() {
  # Without a certificate until its request is approved; the other one's is, at once.
  export KUBELET_node1='serverTLSBootstrap: true
tlsCertFile: ""
tlsPrivateKeyFile: ""'
  export KUBELET_node2='authentication: {anonymous: {enabled: true}}
authorization: {mode: AlwaysAllow}
readOnlyPort: 10255
maxPods: 300
clusterDomain: other.local
serverTLSBootstrap: true
tlsCertFile: ""
tlsPrivateKeyFile: ""'
  nodes_up
  [ -z "$NODES_LACK" ] || return 0
  within 60 requested node1
  kubectl certificate approve "$(request_of node1)" >/dev/null
}
teardown_file() {
  "$cluster/proxy" down "$cluster_name"
  nodes_down
}

# request_of NODE: its kubelet's, for a serving certificate
request_of() {
  kubectl get csr -o json | jq -r --arg user "system:node:$1" 'first(.items[] | select(.spec.username == $user and .spec.signerName == "kubernetes.io/kubelet-serving").metadata.name)'
}
requested() { [ -n "$(request_of "$1")" ]; }

# sign NAME HOURS: gives a request a certificate of the cluster's authority
sign() {
  local at=$BATS_TEST_TMPDIR
  kubectl get csr "$1" -o jsonpath='{.spec.request}' | base64 -d >"$at/csr"
  mkdir -p "$at/ca" && : >"$at/ca/index"
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/ca/index\nnew_certs_dir=%s/ca\nrand_serial=yes\ndefault_md=sha256\npolicy=p\ncopy_extensions=copy\n[p]\norganizationName=supplied\ncommonName=supplied\n[x]\nextendedKeyUsage=serverAuth\n' \
    "$at" "$at" >"$at/ca.cnf"
  openssl ca -batch -config "$at/ca.cnf" -extensions x -enddate "$(date -u -d "$2 hours" +%y%m%d%H%M%SZ)" -cert "$RUN_DIR/pki/ca.crt" -keyfile "$RUN_DIR/pki/ca.key" \
    -in "$at/csr" -out "$at/crt" -notext 2>/dev/null
  kubectl patch csr "$1" --subresource=status --type=merge -p "{\"status\": {\"certificate\": \"$(base64 -w0 "$at/crt")\"}}" >/dev/null
}

setup() { nodes_or_skip; }

@test "a kubelet without a serving certificate, until its request is approved" {
  local name
  within 60 requested node2
  name=$(request_of node2)
  breaks SB-NODE-13 warn "CertificateSigningRequest $name" "the request of system:node:node2 (kubernetes.io/kubelet-serving) has been pending" "kubectl certificate approve $name"
  breaks SB-NODE-06 fail "Node node2" "tls: internal error" "The kubelet has no serving certificate yet"
  lacks SB-NODE-06 "Node node1"
  sign "$name" 20
  kubectl certificate approve "$name" >/dev/null
  within 60 now_passes SB-NODE-06
  now_passes SB-NODE-13
}

@test "a kubelet's certificate that ends soon, beside one that does not" {
  within 60 breaks SB-NODE-12 warn "Node node2" "its serving certificate ends in "
  counts SB-NODE-12 1
}

@test "configuration that is unsafe" {
  breaks SB-NODE-08 fail "Node node2" "authentication.anonymous.enabled is true" "anonymous.enabled: false"
  finds SB-NODE-08 fail "Node node2" "authorization.mode is AlwaysAllow" "mode: Webhook"
  finds SB-NODE-08 warn "Node node2" "readOnlyPort is open" "readOnlyPort: 0"
  finds SB-NODE-08 warn "Node node1" "rotateCertificates is off"
  jq -e 'all(.checks[].findings[]; .outcome != "fail" or .object == "Node node2")' "$report"
}

@test "configuration that is another than that of the other node" {
  checks SB-NODE-07
  jq -e '[.checks[].findings[].evidence] | any(contains("maxPods is")) and any(contains("clusterDomain is"))' "$report" >/dev/null || fails "$(cat "$report")"
}

@test "a domain that the Corefile does not serve; more pods than there are addresses for" {
  # Of the first node that was asked: they differ, which another check says.
  kubectl -n kube-system get configmap coredns -o json | jq '.data.Corefile |= sub("cluster.local"; "third.local")' | kubectl replace -f - >/dev/null
  breaks SB-DNS-05 fail "ConfigMap kube-system/coredns" "its kubernetes serves third.local, while kubelets tell pods that the cluster's domain is cluster.local"
  breaks SB-NET-01 warn "Node node2" "it takes 300 pods, while its range" "Lower maxPods"
}

@test "a node's clock, by what its kubelet says" {
  at() { LC_ALL=C date -u -d "$1" '+%a, %d %b %Y %T GMT'; }
  within 30 now_passes SB-NODE-14
  cluster_by_proxy
  fault GET /nodes/node2/proxy/healthz "answer=Date:$(at '40 seconds ago')"
  breaks SB-NODE-14 fail "Node node2" "s behind the API server's (Date of its kubelet's answer)" chrony
  lacks SB-NODE-14 "Node node1"
  "$cluster/proxy" clear "$cluster_name"
  fault GET /nodes/node2/proxy/healthz "answer=Date:$(at 'now + 10 seconds')"
  breaks SB-NODE-14 warn "Node node2" "s ahead of the API server's"
  "$cluster/proxy" clear "$cluster_name"
  now_passes SB-NODE-14
}

@test "a volume that is full" {
  # A disk of its own on the node: a little one, in memory.
  in_node() { nsenter -t "$(cat "$RUN_DIR/node1.pid")" -m "$@"; }
  in_node mkdir -p /mnt/small
  in_node mount -t tmpfs -o size=4m,nr_inodes=1000 small /mnt/small
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: PersistentVolume
metadata: {name: small}
spec:
  capacity: {storage: 4Mi}
  accessModes: [ReadWriteOnce]
  storageClassName: by-hand
  local: {path: /mnt/small}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node1]}]}]}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: small}
spec: {accessModes: [ReadWriteOnce], storageClassName: by-hand, resources: {requests: {storage: 4Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: writes}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: writes, image: "localhost/busybox:local", command: [sh, -c, "head -c 4100000 /dev/zero >/data/all; sleep 3600"], volumeMounts: [{name: data, mountPath: /data}]}
  volumes: [{name: data, persistentVolumeClaim: {claimName: small}}]
YAML
  kubectl wait pod writes --for=condition=Ready --timeout=60s >/dev/null
  within 120 breaks SB-STOR-09 fail "PersistentVolumeClaim default/small" "98 % of its bytes are used (node node1)" "kubectl edit pvc"
  kubectl exec writes -- rm /data/all
  within 120 now_passes SB-STOR-09
  kubectl delete pod writes --now >/dev/null
  kubectl delete pvc small >/dev/null
  kubectl delete pv small >/dev/null
}

@test "a container runtime that is slow, for as long as the kubelet runs" {
  local runtime
  now_passes SB-NODE-11
  runtime=$(process node2 containerd)
  # The kubelet lists its containers each second: what takes it longer is slow.
  slow_down() {
    kill -STOP "$runtime"
    sleep 2.5
    kill -CONT "$runtime"
    breaks SB-NODE-11 warn "Node node2" "times it took the kubelet over 1 s to list its containers"
  }
  within 120 slow_down
  lacks SB-NODE-11 "Node node1"
}
