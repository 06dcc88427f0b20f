#!/usr/bin/env bats
# `sonobuoy run`, `status`, `wait` and `delete` on a control plane without nodes: what kubelets would say is written here.
# bats file_tags=long
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
  wait $! || true
  [ "$(jq -r '.status' lines | paste -sd' ')" = "running running complete" ]
  exits 1 sonobuoy wait -n "$space"
  says "mine on a, b: no room"
}

@test "Ctrl-C ends the waiting, not the run, and says how to look at it" {
  starts --wait >out 2>&1 3>&- &
  within 20 grep -q "waits for the scheduler" out
  kill -INT "$(pgrep -P $! || echo $!)"
  wait $! || true
  grep -q "the run goes on (\`sonobuoy status -n $space\`" out || fails "$(cat out)"
  sonobuoy status -n "$space" >/dev/null
  # What a deletion waits for is said.
  kubectl -n "$space" patch pod sonobuoy --type=json -p '[{"op": "add", "path": "/metadata/finalizers", "value": ["example.org/x"]}]' >/dev/null
  sonobuoy delete -n "$space" --wait >out 2>&1 3>&- &
  within 30 grep -q "waiting until it is gone: namespace $space: .*pods" out
  kill -INT "$(pgrep -P $! || echo $!)"
  wait $! || true
  grep -q "the deletion goes on" out || fails "$(cat out)"
  kubectl -n "$space" patch pod sonobuoy --type=json -p '[{"op": "remove", "path": "/metadata/finalizers"}]' >/dev/null
}

# may ACCOUNT WORD...: whether an account of the run's namespace may do that
may() { kubectl auth can-i "${@:2}" --as "system:serviceaccount:$space:$1" >/dev/null 2>&1; }

@test "rights: of what is known to need none, least; of others as stock, unless asked for less" {
  exits 0 sonobuoy run -n "$space" -p systemd-logs --kubernetes-version v1.30.0 --skip-preflight
  may sonobuoy-serviceaccount list pods -A
  may sonobuoy-serviceaccount list customresourcedefinitions.apiextensions.k8s.io
  may sonobuoy-serviceaccount create pods -n "$space"
  may sonobuoy-serviceaccount patch pods -n "$space"
  may sonobuoy-serviceaccount deletecollection daemonsets.apps -n "$space"
  may sonobuoy-plugins get pods -n "$space"
  exits 1 may sonobuoy-serviceaccount get secrets -n kube-system
  exits 1 may sonobuoy-serviceaccount create pods -n kube-system
  exits 1 may sonobuoy-serviceaccount create pods --subresource=exec -n "$space"
  exits 1 may sonobuoy-serviceaccount '*' '*'
  exits 1 may sonobuoy-plugins get pods -n kube-system
  exits 0 sonobuoy delete -n "$space" --wait=1
  # The namespace was the run's.
  exits 1 kubectl get namespace "$space"
  starts
  may sonobuoy-serviceaccount '*' '*'
  exits 0 sonobuoy delete -n "$space" --wait=1
  exits 0 starts -p e2e --aggregator-permissions least --plugin-permissions mine:clusterRead
  may sonobuoy-plugins-admin '*' '*'
  may sonobuoy-plugins-read get nodes
  exits 1 may sonobuoy-plugins-read delete nodes
  exits 1 may sonobuoy-serviceaccount '*' '*'
  [ "$(kubectl -n "$space" get configmap sonobuoy-plugins-cm -o json | jq -r '.data[]' | grep -c 'serviceAccountName: sonobuoy-plugins-\(admin\|read\)')" = 2 ]
  kubectl get clusterroles -o name | grep -q "sonobuoy-plugins-admin-$space"
  exits 0 sonobuoy delete -n "$space" --wait=1
  exits 0 kubectl get clusterroles -o name
  says_not "sonobuoy-plugins-admin-$space"
}

@test "least rights: groups of the cluster's own kinds, and Secrets where they are asked for" {
  kubectl apply -f - >/dev/null <<YAML
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ships.example.org}
spec: {group: example.org, scope: Namespaced, names: {kind: Ship, plural: ships}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}
YAML
  kubectl wait --for=condition=Established crd ships.example.org --timeout=30s >/dev/null
  within 20 kubectl get --raw /apis/example.org
  echo '{"Resources": ["secrets", "pods"], "AggregatorPermissions": "least"}' >config.json
  exits 0 sonobuoy run --config config.json -n "$space" -p mine.yaml --kubernetes-version v1.30.0 --skip-preflight
  may sonobuoy-serviceaccount list ships.example.org
  may sonobuoy-serviceaccount list secrets -A
  exits 1 may sonobuoy-serviceaccount delete secrets -n kube-system
}

@test "what may be set of pods reaches aggregator, workers and plugins" {
  kubectl create priorityclass high --value=1 >/dev/null
  exits 0 starts --pod-label team=a --pod-annotation mine:why=test \
    --pod-toleration 'mine:gpu=yes:NoExecute' --pod-toleration '*' --pod-requests mine:cpu=1 --pod-limits memory=64Mi \
    --pod-priority-class sonobuoy:high --pod-service-account mine:theirs
  kubectl -n "$space" get pods,configmaps -o json >made
  jq -e '.items[] | select(.kind == "Pod") | .spec.priorityClassName == "high" and .metadata.labels.team == "a" and .spec.containers[0].resources.limits.memory == "64Mi"
    and (.spec.tolerations | any(.operator == "Exists" and .key == null))' made || fails "$(cat made)"
  jq -r '.items[] | select(.metadata.name == "sonobuoy-plugins-cm").data["plugin-0.yaml"]' made >plugin.yaml
  grep -q 'serviceAccountName: theirs' plugin.yaml
  grep -q 'value: "yes"' plugin.yaml
  grep -q 'cpu: "1"' plugin.yaml
  jq -e '.items[] | select(.metadata.name == "sonobuoy-config-cm").data["config.json"] | fromjson.Pods | .mine.annotations.why == "test" and .["*"].labels.team == "a"' made
  # The same by a configuration; what is wrong in it is named.
  sonobuoy gen config -n "$space" --pod-label team=a >config.json
  sonobuoy gen --config config.json -p mine.yaml --kubernetes-version v1.30.0 | grep -q 'team: a'
  local wrong
  for wrong in '{"Pods": {"mine": {"colour": "red"}}}=Pods.mine.colour means nothing' \
    '{"Pods": {"mine": {"resources": {"limits": {"cpu": "much"}}}}}=Pods.mine.resources must be' \
    '{"Pods": {"*": {"tolerations": [{"effect": "Never"}]}}}=Pods.*.tolerations must be' \
    '{"PluginPermissions": {"mine": "root"}}=PluginPermissions.mine must be one of' \
    '{"SecurityContextMode": "tight"}=SecurityContextMode is none, nonroot or restricted' \
    '{"AggregatorTolerations": [{"operator": "Maybe"}]}=AggregatorTolerations must be'; do
    echo "${wrong%%=*}" >config.json
    exits 1 sonobuoy gen --config config.json -p mine.yaml --kubernetes-version v1.30.0
    says "${wrong#*=}"
  done
  for wrong in "--pod-label=x" "--pod-limits=cpu" "--pod-limits=cpu=x" "--pod-toleration=mine:" "--pod-label=other:a=b" \
    "--plugin-permissions=mine" "--plugin-permissions=other:none" "--aggregator-permissions=some" "--plugin-env=other.A=b" \
    "--aggregator-node-selector=x"; do
    exits 2 sonobuoy gen -p mine.yaml --kubernetes-version v1.30.0 "$wrong"
  done
}

@test "what is forbidden: which right is missing, for whom, and how it is given" {
  kubectl create namespace "$space" >/dev/null
  config "{server: '$SERVER', certificate-authority: '$RUN_DIR/pki/ca.crt'}" '{token: limited-token}'
  local admin=$RUN_DIR/kubeconfig
  exits 1 sonobuoy status -n "$space"
  says "the right to list pods is missing in namespace $space" "--user=limited -n $space"
  # What it says helps.
  grep '^  kubectl' <<<"$output" >commands
  KUBECONFIG=$admin bash -e commands >/dev/null
  exits 1 sonobuoy status -n "$space"
  says "there is no run in it"
  exits 1 starts
  KUBECONFIG=$admin kubectl delete namespace "$space" --wait=false >/dev/null
}

@test "stock's spellings" {
  starts
  kubectl create -f - >/dev/null <<YAML
{apiVersion: v1, kind: Pod, metadata: {name: of-mine, namespace: $space, labels: {component: sonobuoy, sonobuoy-component: plugin, sonobuoy-run: "1", sonobuoy-plugin: mine}}, spec: {containers: [{name: x, image: x}]}}
YAML
  exits 0 sonobuoy get pod -n "$space" -p mine
  [ "$output" = of-mine ]
  exits 0 sonobuoy get pods -n "$space" -p other
  [ -z "$output" ]
  pod_says '{"phase": "Running"}'
  annotate '{"plugins": null, "status": "complete"}'
  exits 0 sonobuoy --level debug wait -n "$space" -p mine
  exits 0 sonobuoy --level=debug get pod -n "$space"
  exits 2 sonobuoy --level loud status
  exits 2 sonobuoy --level
  exits 1 sonobuoy run --context nope
  says 'no context is named "nope"; there are: '
  says_not "--kubernetes-version"
}
