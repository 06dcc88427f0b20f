#!/usr/bin/env bats
# `sonobuoy check` of a kubelet that is configured badly, beside one that is not.
# shellcheck disable=SC2154
# bats file_tags=long
load ../integration/check

setup_file() {
  export KUBELET_node2='authentication: {anonymous: {enabled: true}}
authorization: {mode: AlwaysAllow}
readOnlyPort: 10255
maxPods: 300
clusterDomain: other.local
serverTLSBootstrap: true
tlsCertFile: ""
tlsPrivateKeyFile: ""'
  nodes_up
}
teardown_file() { nodes_down; }

setup() { nodes_or_skip; }

@test "a kubelet without a serving certificate, until its request is approved" {
  local name
  within 60 kubectl get csr -o jsonpath='{.items[0].metadata.name}'
  name=$(kubectl get csr -o jsonpath='{.items[0].metadata.name}')
  breaks SB-NODE-13 warn "CertificateSigningRequest $name" "the request of system:node:node2 (kubernetes.io/kubelet-serving) has been pending" "kubectl certificate approve $name"
  breaks SB-NODE-06 fail "Node node2" "tls: internal error" "The kubelet has no serving certificate yet"
  lacks SB-NODE-06 "Node node1"
  kubectl get csr -o name | xargs kubectl certificate approve >/dev/null
  within 60 now_passes SB-NODE-06
  now_passes SB-NODE-13
}

@test "the kubelet's certificate is told of" {
  within 60 now_passes SB-NODE-12
  [ "$(jq -r '.checks[0].summary' "$report")" = "1 of 2 kubelets tell of certificates that they renew" ]
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
