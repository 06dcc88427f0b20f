#!/usr/bin/env bats
# `sonobuoy check`, area upgrade: releases and their distance, versions that go away. Nodes are objects: no kubelet runs.
# bats file_tags=long
# shellcheck disable=SC2016,SC2030,SC2031,SC2143,SC2034,SC2154
load check
thresholds='{}'

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

# has_version NAME VERSION: a node whose kubelet says that it is of that version
has_version() {
  kubectl get node "$1" >/dev/null 2>&1 || node "$1"
  node_status "$1" "{\"nodeInfo\": {\"kubeletVersion\": \"$2\"}}"
}

@test "a sound cluster fails in nothing" {
  has_version n1 v1.34.4
  checks upgrade
  jq -e '.summary.fail == 0' "$report"
  passes SB-UP-02 SB-UP-04 SB-UP-05
}

@test "kubelets that are too old, just not too old, newer" {
  has_version n1 v1.30.9
  has_version n2 v1.31.0-eks-1
  has_version n3 v1.35.0
  has_version n4 v1.33.1
  checks SB-UP-01,SB-UP-02
  finds SB-UP-02 fail "Node n1" "its kubelet v1.30.9 is 4 releases older than the API server, v1.34.4; 3 are allowed" "kubectl drain n1"
  finds SB-UP-02 warn "Node n2" "with the next upgrade it is too old"
  finds SB-UP-02 fail "Node n3" "its kubelet v1.35.0 is newer than the API server" "Upgrade the control plane to 1.35"
  jq -e '.checks[] | select(.id == "SB-UP-02") | .findings | length == 3' "$report"
  for n in 1 2 3 4; do has_version "n$n" v1.34.4; done
  now_passes SB-UP-02
}

@test "a release without support, by this machine's clock" {
  checks SB-UP-01
  local last=2026-10-27 outcome=pass
  [[ $(date -u +%F) > 2026-08-28 ]] && outcome=warn
  [[ $(date -u +%F) > 2027-10-27 ]] && outcome=fail
  jq -e --arg last "$last" --arg outcome "$outcome" '.checks[0] | .outcome == $outcome and ((.summary + ([.findings[].evidence] | join(" "))) | contains($last))' "$report"
}

@test "programs of the control plane and kube-proxy of other releases" {
  # pod and daemonset: as kubeadm has them
  component() {
    jq -n --arg tag "$2" --arg name "$1" '{apiVersion: "v1", kind: "Pod", metadata: {name: "\($name)-cp1", namespace: "kube-system", labels: {component: $name},
      annotations: {"kubernetes.io/config.mirror": "0"}}, spec: {nodeName: "n1", containers: [{name: $name, image: "registry.k8s.io/\($name):\($tag)@sha256:\("a" * 64)"}]}}' | kubectl create -f -
  }
  proxy() {
    jq -n --arg tag "$1" '{apiVersion: "apps/v1", kind: "DaemonSet", metadata: {name: "kube-proxy", namespace: "kube-system"}, spec: {selector: {matchLabels: {a: "b"}},
      template: {metadata: {labels: {a: "b"}}, spec: {containers: [{name: "kube-proxy", image: "localhost:5000/kube-proxy:\($tag)"}]}}}}' | kubectl apply -f -
  }
  checks SB-UP-02,SB-UP-03
  finds SB-UP-03 unknown "" "is seen"
  component kube-scheduler v1.32.0
  component kube-controller-manager v1.35.1
  proxy v1.30.1
  checks SB-UP-03
  finds SB-UP-03 fail "Pod kube-system/kube-scheduler-cp1" "v1.32.0 is 2 releases older than the API server, 1.34; 1 is allowed"
  finds SB-UP-03 fail "Pod kube-system/kube-controller-manager-cp1" "v1.35.1 is newer"
  finds SB-UP-03 fail "DaemonSet kube-system/kube-proxy" "v1.30.1 is 4 releases older"
  kubectl -n kube-system delete pods --all --force --grace-period=0
  component kube-scheduler v1.33.0
  proxy v1.34.4
  now_passes SB-UP-03
}

@test "objects that were written in versions that are gone" {
  kubectl create deployment old --image=x
  kubectl annotate deployment old 'kubectl.kubernetes.io/last-applied-configuration={"apiVersion":"extensions/v1beta1","kind":"Deployment"}'
  checks SB-UP-05
  finds SB-UP-05 warn "deployments.apps default/old" "kubectl apply wrote it as extensions/v1beta1, which is not served" "kubectl convert"
  jq -e '.checks[0].findings | length == 1' "$report"
  kubectl annotate deployment old kubectl.kubernetes.io/last-applied-configuration-
  now_passes SB-UP-05
}
