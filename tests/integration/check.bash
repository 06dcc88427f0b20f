# shellcheck shell=bash disable=SC2154
# What tests of `sonobuoy check` share: a report of some checks, and what it must say.
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}
report=$BATS_FILE_TMPDIR/report.json

# looks CHECKS OPTIONS...: writes the report of these checks; patience is over at once
looks() {
  local only=$1 status=0
  shift
  [ -e "$BATS_FILE_TMPDIR/now.yaml" ] || echo '{thresholds: {stuckMinutes: 0, diskPercent: 100}}' >"$BATS_FILE_TMPDIR/now.yaml"
  timeout 60 "$SONOBUOY" check -o json --only "$only" --config "$BATS_FILE_TMPDIR/now.yaml" "$@" >"$report" || status=$?
  [ "$status" -le 1 ] || [ "$status" -eq 3 ] || fails "exit status $status: check --only $only $*"
}

# finds ID OUTCOME OBJECT TEXT [ADVICE]: the last report has such a finding, with these words in it; OBJECT "-": the cluster
finds() {
  jq -e --arg id "$1" --arg outcome "$2" --arg object "$3" --arg text "$4" --arg advice "${5:-}" '
    any(.checks[] | select(.id == $id) | .findings[];
      .outcome == $outcome and (.object // "-") == $object and (.evidence | contains($text)) and ((.fix // "") | contains($advice)))' \
    "$report" >/dev/null || fails "not found: $*"$'\n'"$(jq -c --arg id "$1" '.checks[] | select(.id == $id) | .findings' "$report")"
}

# breaks ID OUTCOME OBJECT TEXT [ADVICE]: looks, and finds it
breaks() {
  looks "$1"
  finds "$@"
}

# lacks ID OBJECT: the last report has no finding of that object
lacks() {
  jq -e --arg id "$1" --arg object "$2" 'all(.checks[] | select(.id == $id) | .findings[]; .object != $object)' "$report" >/dev/null ||
    fails "found: $(jq -c --arg id "$1" '.checks[] | select(.id == $id) | .findings' "$report")"
}

# passes CHECKS: looks, and each of them passes
passes() {
  looks "$1"
  jq -e '.checks | length > 0 and all(.[]; .outcome == "pass")' "$report" >/dev/null ||
    fails "not passed: $(jq -c '.checks[] | select(.outcome != "pass") | {id, outcome, findings}' "$report")"
}

# no_fail CHECKS: looks, and none of them fails
no_fail() {
  looks "$1"
  jq -e '.summary.fail == 0 and .summary.pass > 0' "$report" >/dev/null ||
    fails "failed: $(jq -c '.checks[] | select(.outcome == "fail") | {id, findings}' "$report")"
}

# node NAME [JSON]: a node without a kubelet, Ready, whose object is this merged into a usual one
node() {
  local number=${1##*[!0-9]} extra
  extra=${2:-'{}'}
  jq -n --arg name "$1" --argjson number "$number" --argjson extra "$extra" '{apiVersion: "v1", kind: "Node",
    metadata: {name: $name}, spec: {podCIDR: "10.244.\($number).0/24", podCIDRs: ["10.244.\($number).0/24"]}} * $extra' |
    kubectl create -f - >/dev/null
  node_status "$1" '{"addresses": [{"type": "InternalIP", "address": "192.0.2.'"$number"'"}], "capacity": {"pods": "110", "cpu": "4", "memory": "8Gi"},
    "allocatable": {"pods": "110", "cpu": "4", "memory": "8Gi"}, "nodeInfo": {"kubeletVersion": "v1.34.4", "kernelVersion": "6.1.0", "osImage": "Debian",
    "containerRuntimeVersion": "containerd://2.1.0", "architecture": "amd64", "operatingSystem": "linux", "machineID": "", "systemUUID": "", "bootID": "",
    "kubeProxyVersion": ""}}'
  condition "$1" Ready True KubeletReady
  kubectl taint node "$1" node.kubernetes.io/not-ready- >/dev/null # the server puts it on; a controller would take it away
  kubectl -n kube-node-lease create -f - >/dev/null <<JSON
{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "$1", "namespace": "kube-node-lease"},
 "spec": {"holderIdentity": "$1", "leaseDurationSeconds": 40, "renewTime": "$(date -u +%FT%T.000000Z)"}}
JSON
}

# node_status NAME JSON: merged into the status
node_status() { kubectl patch node "$1" --subresource=status --type=merge -p "{\"status\": $2}" >/dev/null; }

# condition NODE TYPE STATUS REASON [MESSAGE]
condition() {
  kubectl patch node "$1" --subresource=status -p '{"status": {"conditions": [{"type": "'"$2"'", "status": "'"$3"'", "reason": "'"$4"'",
    "message": "'"${5:-}"'", "lastTransitionTime": "'"$(date -u +%FT%TZ)"'", "lastHeartbeatTime": "'"$(date -u +%FT%TZ)"'"}]}}' >/dev/null
}

# beats NODE [WHEN]: its Lease is renewed, now unless said otherwise
beats() {
  kubectl -n kube-node-lease patch lease "$1" --type=merge -p '{"spec": {"renewTime": "'"$(date -u -d "${2:-now}" +%FT%T.000000Z)"'"}}' >/dev/null
}
