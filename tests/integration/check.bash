# shellcheck shell=bash disable=SC2034,SC2154
# What tests of `sonobuoy check` share: a report of some checks, what it must say, and objects that nothing runs behind.
load ../integration/helpers
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}
# Those of the file's checks, as YAML: what waits is stuck at once, and a disk is never too full. A file or call may set its own.
thresholds='{stuckMinutes: 0, diskPercent: 100}'

# checks CHECKS OPTIONS...: writes the report of these checks (ids, areas, globs). Where it says that nothing could be
# checked, each check is unknown.
checks() {
  local status=0
  report=$BATS_TEST_TMPDIR/report
  echo "thresholds: $thresholds" >"$BATS_TEST_TMPDIR/thresholds.yaml"
  timeout 60 "$SONOBUOY" check --fail-on never -o json --config "$BATS_TEST_TMPDIR/thresholds.yaml" --only "$@" >"$report" || status=$?
  [ "$status" -eq 0 ] || { [ "$status" -eq 3 ] && jq -e 'all(.checks[]; .outcome == "unknown")' "$report" >/dev/null; } ||
    fails "exit status $status: check --only $*"
}

# found ID: what the last report says of it, for messages
found() { jq -c --arg id "$1" '.checks[] | select(.id == $id) | .outcome, .findings[]' "$report"; }

# finds ID OUTCOME OBJECT EVIDENCE [ADVICE]: the last report has a finding with just that object, in whose evidence and
# advice these texts are; OBJECT '' is the cluster
finds() {
  jq -e --arg id "$1" --arg outcome "$2" --arg object "$3" --arg evidence "$4" --arg fix "${5:-}" '
    any(.checks[] | select(.id == $id and .outcome != "pass") | .findings[];
      .outcome == $outcome and (.object // "") == $object and (.evidence | contains($evidence)) and
      ((.fix // "") | contains($fix)))' "$report" >/dev/null || fails "not found: $*"$'\n'"$(found "$1")"
}

# breaks ID OUTCOME OBJECT EVIDENCE [ADVICE]: checks, and finds it
breaks() {
  checks "$1"
  finds "$@"
}

# lacks ID OBJECT: the last report has no finding of that object
lacks() {
  jq -e --arg id "$1" --arg object "$2" 'all(.checks[] | select(.id == $id) | .findings[]; .object != $object)' "$report" >/dev/null ||
    fails "found: $(found "$1")"
}

# counts ID NUMBER: it has so many findings
counts() {
  [ "$(jq --arg id "$1" '.checks[] | select(.id == $id) | .findings | length' "$report")" = "$2" ] ||
    fails "not $2 findings: $1"$'\n'"$(found "$1")"
}

# passes ID...: the last report has these checks, and they found nothing
passes() {
  local id
  for id in "$@"; do
    jq -e --arg id "$id" '.checks[] | select(.id == $id) | .outcome == "pass"' "$report" >/dev/null ||
      fails "$id does not pass: $(found "$id")" || return
  done
}

# now_passes CHECKS: checks, and each of them passes
now_passes() {
  checks "$1"
  jq -e '.checks | length > 0 and all(.[]; .outcome == "pass")' "$report" >/dev/null ||
    fails "not passed: $(jq -c '.checks[] | select(.outcome != "pass") | {id, outcome, findings}' "$report")"
}

# only_fails ID...: of all that were checked these fail, and no others
only_fails() {
  local failed
  failed=$(jq -r '.checks[] | select(.outcome == "fail") | .id' "$report" | sort | xargs)
  [ "$failed" = "$(printf '%s\n' "$@" | sort | xargs)" ] || fails "fails: $failed, not: $*"
}

# no_fail CHECKS: checks, and none of them fails
no_fail() {
  checks "$1"
  jq -e '.summary.fail == 0 and .summary.pass > 0' "$report" >/dev/null ||
    fails "failed: $(jq -c '.checks[] | select(.outcome == "fail") | {id, findings}' "$report")"
}

# fails_to COMMAND...
fails_to() { ! "$@"; }

# --- objects ----------------------------------------------------------------------------------------------------

# make_it: objects out of YAML on standard input, quietly
make_it() { kubectl create -f - >/dev/null; }

# unmake KIND NAME...|--all [OPTIONS]: gone, also what a finalizer holds
unmake() {
  local space name
  kubectl delete --wait=false --grace-period=0 --force "$@" >/dev/null 2>&1
  kubectl get "$1" -A -o json | jq -r '.items[].metadata | select(.deletionTimestamp) | "\(.namespace // "default") \(.name)"' |
    while read -r space name; do
      kubectl patch "$1" "$name" -n "$space" --type merge -p '{"metadata": {"finalizers": null}}' >/dev/null 2>&1 || :
    done
}

# has_status KIND NAME JSON [OPTIONS...]: gives an object its status
has_status() { kubectl patch "$1" "$2" --subresource=status --type merge -p "{\"status\": $3}" "${@:4}" >/dev/null; }

# node NAME [JSON]: a node without a kubelet, Ready, whose object is this merged into a usual one. The number in its name is
# that in its addresses; a name without one has the number of nodes before it.
node() {
  local extra=${2:-'{}'} number=${1##*[!0-9]}
  number=${number:-$(kubectl get nodes -o name | wc -l)}
  jq -n --arg name "$1" --argjson number "$number" --argjson extra "$extra" '{apiVersion: "v1", kind: "Node",
    metadata: {name: $name, labels: {"kubernetes.io/os": "linux"}},
    spec: {podCIDR: "10.244.\($number).0/24", podCIDRs: ["10.244.\($number).0/24"]}} * $extra' | make_it
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

# --- nodes that run pods ----------------------------------------------------------------------------------------

# process NODE NAME: the id of a daemon of that node, as this machine knows it
process() {
  local first pid
  first=$(cat "$RUN_DIR/$1.pid")
  for pid in $(pgrep -x "$2"); do
    [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink "/proc/$first/ns/net")" ] || echo "$pid"
  done
}
