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

pulling='{"phase": "Pending", "containerStatuses": [{"name": "kube-sonobuoy", "image": "localhost/x:1", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull", "message": "no such host"}}}]}'

@test "an aggregator whose image cannot be had: status fails at once, a wait after a while" {
  starts
  exits 0 sonobuoy status -n "$space"
  says "waits for the scheduler" "is being started"
  pod_says "$pulling"
  exits 1 sonobuoy status -n "$space"
  says "the aggregator cannot start" "ErrImagePull: no such host" "localhost/x:1"
  exits 1 sonobuoy wait -n "$space" --image-pull-timeout 2s
  says "the aggregator cannot start" "ErrImagePull"
  # It may still come.
  sonobuoy wait -n "$space" --image-pull-timeout 10m >out 2>&1 3>&- &
  within 20 grep -q ErrImagePull out
  pod_says '{"phase": "Running", "containerStatuses": [{"name": "kube-sonobuoy", "image": "x", "imageID": "", "ready": true, "restartCount": 0, "state": {"running": {}}}]}'
  annotate '{"plugins": null, "status": "complete"}'
  wait $! || fails "$(cat out)"
}

# annotate JSON: what the aggregator would say
annotate() { kubectl -n "$space" annotate --overwrite pod sonobuoy "sonobuoy.hept.io/status=$1" >/dev/null; }

failed='{"plugins": [{"plugin": "mine", "node": "a", "status": "failed", "result-status": "", "result-counts": null, "reason": "no room"},
  {"plugin": "mine", "node": "b", "status": "failed", "result-status": "", "result-counts": null, "reason": "no room"}], "status": "running"}'

@test "why a plugin failed is in status and wait; a line of JSON for each change" {
  starts
  pod_says '{"phase": "Running"}'
  annotate '{"plugins": [{"plugin": "mine", "node": "a", "status": "running", "result-status": "", "result-counts": null}], "status": "running"}'
  sonobuoy status -n "$space" --json --watch >lines 3>&- &
  within 20 grep -q '"running"' lines
  annotate "$failed"
  exits 0 sonobuoy status -n "$space"
  says "mine on a, b: no room"
  within 20 grep -q 'no room' lines
  annotate "$(jq -c '.status = "complete"' <<<"$failed")"
  run wait $!
  [ "$(jq -r '.status' lines | paste -sd' ')" = "running running complete" ]
  exits 1 sonobuoy wait -n "$space"
  says "mine on a, b: no room"
}

@test "Ctrl-C ends the waiting, not the run, and says how to look at it" {
  starts --wait >out 2>&1 3>&- &
  within 20 grep -q "waits for the scheduler" out
  kill -INT "$(pgrep -P $! || echo $!)"
  run wait $!
  grep -q "the run goes on (\`sonobuoy status -n $space\`" out || fails "$(cat out)"
  sonobuoy status -n "$space" >/dev/null
  # What a deletion waits for is said.
  kubectl -n "$space" patch pod sonobuoy --type=json -p '[{"op": "add", "path": "/metadata/finalizers", "value": ["example.org/x"]}]' >/dev/null
  sonobuoy delete -n "$space" --wait >out 2>&1 3>&- &
  within 30 grep -q "waiting until it is gone: namespace $space: .*pods" out
  kill -INT "$(pgrep -P $! || echo $!)"
  run wait $!
  grep -q "the deletion goes on" out || fails "$(cat out)"
  kubectl -n "$space" patch pod sonobuoy --type=json -p '[{"op": "remove", "path": "/metadata/finalizers"}]' >/dev/null
}
