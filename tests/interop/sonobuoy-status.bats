#!/usr/bin/env bats
# A status that ours wrote, read by stock.
# shellcheck disable=SC2154
load ../integration/helpers
stock=$("$cluster/build" --bin)/sonobuoy

setup_file() { cluster_up --no-controllers; }
teardown_file() { cluster_down; }

@test "why a result did not come is passed by" {
  kubectl create namespace sonobuoy >/dev/null
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: sonobuoy
  namespace: sonobuoy
  labels: {component: sonobuoy, sonobuoy-component: aggregator}
  annotations:
    sonobuoy.hept.io/status: '{"plugins": [{"plugin": "mine", "node": "global", "status": "failed", "result-status": "", "result-counts": null, "reason": "no room"}], "status": "running"}'
spec: {containers: [{name: kube-sonobuoy, image: x}]}
YAML
  kubectl -n sonobuoy patch pod sonobuoy --subresource=status --type=merge -p '{"status": {"phase": "Running"}}' >/dev/null
  run -0 "$stock" status
  [[ $output == *mine*failed* ]]
  run -0 "$stock" status --json
  [ "$(jq -r '.plugins[0].status' <<<"${lines[-1]}")" = failed ]
  run -0 "${SONOBUOY:-$root/build/sonobuoy}" status
  [[ $output == *"mine: no room"* ]]
}
