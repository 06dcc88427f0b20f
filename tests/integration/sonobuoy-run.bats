#!/usr/bin/env bats
# `sonobuoy run`, `status`, `wait` and `delete` on a control plane without nodes: what kubelets would say is written here.
# shellcheck disable=SC2154
load helpers

setup_file() { cluster_up; }
teardown_file() { cluster_down; }
setup() {
  cd "$BATS_TEST_TMPDIR" || return
  space=run-$BATS_TEST_NUMBER
  echo '{"sonobuoy-config": {"driver": "Job", "plugin-name": "mine"}, "spec": {"name": "plugin", "image": "x"}}' >mine.yaml
}
teardown() { sonobuoy delete -n "$space" --force --wait=1 >/dev/null 2>&1 || true; }

sonobuoy() { "${SONOBUOY:-$root/build/sonobuoy}" "$@"; }

# starts OPTIONS...: a run in the test's namespace
starts() { sonobuoy run -n "$space" -p mine.yaml --kubernetes-version v1.30.0 --skip-preflight --sonobuoy-image localhost/x:1 "$@"; }

# pod_says JSON: what a kubelet would say of the aggregator's pod
pod_says() { kubectl -n "$space" patch pod sonobuoy --subresource=status --type=merge -p "{\"status\": $1}" >/dev/null; }

# theirs: what a team has in the namespace, with the label of Sonobuoy's objects
theirs() {
  kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: ssh-key, namespace: $space, labels: {component: sonobuoy}}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: theirs, namespace: $space, labels: {component: sonobuoy}}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: theirs, namespace: $space, labels: {component: sonobuoy}}}
- {apiVersion: v1, kind: Service, metadata: {name: theirs, namespace: $space, labels: {component: sonobuoy}}, spec: {ports: [{port: 80}]}}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: theirs, namespace: $space, labels: {component: sonobuoy}}}
- {apiVersion: v1, kind: Pod, metadata: {name: theirs, namespace: $space, labels: {component: sonobuoy}}, spec: {containers: [{name: x, image: x}]}}
YAML
}

# there: what is in the namespace, but for what is in each
there() {
  kubectl -n "$space" get pods,services,secrets,configmaps,serviceaccounts,roles,rolebindings,daemonsets -o name |
    grep -vxE 'configmap/kube-root-ca.crt|serviceaccount/default' | sort
}

@test "delete takes what the run made in a namespace of others, and nothing else with its labels" {
  kubectl create namespace "$space" >/dev/null
  theirs
  there >before
  echo '{"sonobuoy-config": {"driver": "Job", "plugin-name": "mine"}, "spec": {"name": "plugin", "image": "x"}, "config-map": {"a": "b"}}' >mine.yaml
  exits 0 starts
  [ "$(there | wc -l)" -gt "$(wc -l <before)" ]
  exits 0 sonobuoy delete -n "$space" --dry-run
  says "would delete pods sonobuoy" "would delete configmaps plugin-mine-cm"
  says_not theirs ssh-key
  exits 0 sonobuoy delete -n "$space" --wait=1
  says "namespace $space stays"
  there | diff before -
}

@test "the same of a run that stopped half-way, as one of its names was taken" {
  kubectl create namespace "$space" >/dev/null
  theirs
  there >before
  echo key >id
  exits 1 starts --ssh-key id
  says "ssh-key" "delete -n $space"
  exits 0 sonobuoy delete -n "$space" --wait=1
  there | diff before -
}

@test "the same of a run that kubectl created" {
  kubectl create namespace "$space" >/dev/null
  theirs
  there >before
  sonobuoy gen -n "$space" -p mine.yaml --kubernetes-version v1.30.0 --aggregator-permissions namespaceAdmin | kubectl create -f - >/dev/null
  # What the aggregator would make.
  kubectl create -f - >/dev/null <<YAML
{apiVersion: v1, kind: Secret, metadata: {name: sonobuoy-plugin-mine-1, namespace: $space, labels: {component: sonobuoy, sonobuoy-component: plugin, sonobuoy-run: "1"}}}
YAML
  exits 0 sonobuoy delete -n "$space" --wait=1
  there | diff before -
}
