#!/usr/bin/env bats
# Statuses that ours wrote, read by stock's command line and by ours.
# shellcheck disable=SC2154
load ../integration/helpers
sonobuoy=${SONOBUOY:-$root/build/sonobuoy}
stock=$("$cluster/build" --bin)/sonobuoy
nodes=3000

setup_file() {
  cluster_up --no-controllers
  jq -nc --argjson nodes "$nodes" '{apiVersion: "v1", kind: "List", items: [range($nodes) |
    {apiVersion: "v1", kind: "Node", metadata: {name: "node-\(.).region-1.example.org"}}]}' |
    kubectl create -f - >/dev/null
}
teardown_file() { cluster_down; }

teardown() {
  [ -z "${aggregator:-}" ] || kill "$aggregator" 2>/dev/null || true
  wait
}

# annotated: all nodes are in the status, whether told of or summed up
annotated() {
  kubectl get pod -n sonobuoy sonobuoy -o json |
    jq -e --argjson nodes "$nodes" '.metadata.annotations["sonobuoy.hept.io/status"] | fromjson | .plugins | map(.nodes // 1) | add == $nodes'
}

@test "3000 nodes: it fits, and both say how the run is" {
  cd "$BATS_TEST_TMPDIR"
  kubectl create namespace sonobuoy >/dev/null
  kubectl create serviceaccount -n sonobuoy sonobuoy-serviceaccount >/dev/null
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: sonobuoy, namespace: sonobuoy, labels: {component: sonobuoy, sonobuoy-component: aggregator}}
spec: {serviceAccountName: sonobuoy-serviceaccount, containers: [{name: kube-sonobuoy, image: x}]}
YAML
  kubectl patch pod -n sonobuoy sonobuoy --subresource status --type merge -p '{"status": {"phase": "Running"}}' >/dev/null
  mkdir plugins.d
  printf 'sonobuoy-config: {driver: DaemonSet, plugin-name: logs}\nspec: {image: x, command: [x]}\n' >plugins.d/logs.yaml
  echo '{"Namespace": "sonobuoy", "Resources": [], "Server": {"bindaddress": "127.0.0.1", "bindport": 0, "timeoutseconds": 45}}' >config.json
  SONOBUOY_ADVERTISE_IP=127.0.0.1 "$sonobuoy" aggregator --kubeconfig "$KUBECONFIG" --folder "$PWD/run" >log 2>&1 &
  aggregator=$!
  within 60 annotated || fails "$(cat log)"
  [ "$(kubectl get pod -n sonobuoy sonobuoy -o json | jq '.metadata.annotations["sonobuoy.hept.io/status"] | length')" -lt 200000 ]
  run -0 "$stock" status --kubeconfig "$KUBECONFIG"
  says "logs" "running" "Sonobuoy is still running."
  run -0 "$stock" status --show-all --kubeconfig "$KUBECONFIG"
  says "node-0.region-1.example.org" " more (running)"
  run "$sonobuoy" status --kubeconfig "$KUBECONFIG" # 1, where it finds that no one comes
  [[ $output =~ logs\ +running\ +3000 ]] || fails "$output"
  # Its end: all have failed, as no one came.
  wait "$aggregator"
  aggregator=
  run "$stock" status --kubeconfig "$KUBECONFIG"
  says "logs" "failed" "Sonobuoy has completed."
  run "$sonobuoy" status --kubeconfig "$KUBECONFIG"
  [[ $output =~ logs\ +failed\ +failed\ +3000 ]] || fails "$output"
  [ "$(tar xzOf run/*.tar.gz meta/status.json | jq '[.plugins[] | select(.status == "failed")] | length')" = 3000 ]
}

@test "why a result did not come is passed by" {
  kubectl create namespace reasons >/dev/null
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: sonobuoy
  namespace: reasons
  labels: {component: sonobuoy, sonobuoy-component: aggregator}
  annotations:
    sonobuoy.hept.io/status: '{"plugins": [{"plugin": "mine", "node": "global", "status": "failed", "result-status": "", "result-counts": null, "reason": "no room"}], "status": "running"}'
spec: {containers: [{name: kube-sonobuoy, image: x}]}
YAML
  kubectl -n reasons patch pod sonobuoy --subresource=status --type=merge -p '{"status": {"phase": "Running"}}' >/dev/null
  run -0 "$stock" status -n reasons --kubeconfig "$KUBECONFIG"
  [[ $output == *mine*failed* ]]
  run -0 "$stock" status -n reasons --kubeconfig "$KUBECONFIG" --json
  [ "$(jq -r '.plugins[0].status' <<<"${lines[-1]}")" = failed ]
  run -0 "$sonobuoy" status -n reasons
  [[ $output == *"mine: no room"* ]]
}
