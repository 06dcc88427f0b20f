#!/usr/bin/env bats
# Aggregators and workers that are killed, in real pods: nothing that had arrived is lost, and each end has a name.
# shellcheck disable=SC2016,SC2154
load ../integration/helpers

setup_file() {
  image=$root/build/image/seaworthy.tar
  [ -e "$image" ] || fails "there is no $image: 'make image' makes it" || return
  IMAGE=$(tar -xOf "$image" manifest.json | jq -r '.[0].RepoTags[0]')
  export IMAGE
  nodes_up --image "$image"
}
teardown_file() { nodes_down; }

setup() {
  nodes_or_skip
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() {
  [ -z "$NODES_LACK" ] || return 0
  sonobuoy delete --wait=2 >/dev/null 2>&1
}

sonobuoy() { "${SONOBUOY:-$root/build/sonobuoy}" "$@"; }
starts() { sonobuoy run --sonobuoy-image "$IMAGE" "$@"; }

# plugin NAME DRIVER SCRIPT: writes NAME.yaml; its result is the file out.txt, once there is one
plugin() {
  jq -n --arg name "$1" --arg driver "$2" --arg script "$3
    echo -n \$SONOBUOY_RESULTS_DIR/out.txt >\$SONOBUOY_RESULTS_DIR/done; trap 'exit 0' TERM; while :; do sleep 3600 & wait; done" \
    '{"sonobuoy-config": {driver: $driver, "plugin-name": $name, "result-format": "raw"},
      spec: {name: "plugin", image: "localhost/busybox:local", imagePullPolicy: "Never", command: ["sh", "-c", $script]}}' >"$1.yaml"
}

# process_of POD WORDS: the process of that command line in the pod
process_of() {
  local uid pid
  uid=$(kubectl get pod -n sonobuoy "$1" -o 'jsonpath={.metadata.uid}')
  for pid in /proc/[0-9]*; do
    if grep -qsE "${uid}|${uid//-/_}" "$pid/cgroup" && [[ $(tr '\0' ' ' <"$pid/cmdline") == "$2"* ]]; then
      echo "${pid#/proc/}"
      return
    fi
  done
  return 1
}

# is PLUGIN NODE STATUS: whether the run's status says so
is() { sonobuoy status --json | jq --arg plugin "$1" --arg node "$2" --arg status "$3" 'any(.plugins[]?; .plugin == $plugin and .node == $node and .status == $status)' | grep -qx true; }

# go PLUGIN: lets all its pods write their result
go() {
  local pod
  for pod in $(kubectl get pods -n sonobuoy -l "sonobuoy-plugin=$1" -o json |
    jq -r '.items[] | select(.status.phase == "Running" and (.metadata.deletionTimestamp | not)).metadata.name'); do
    kubectl exec -n sonobuoy "$pod" -c plugin -- touch /tmp/go
  done
}

waits_for_go='until [ -e /tmp/go ]; do sleep 0.2; done'

# bats test_tags=long
@test "the aggregator is killed: its container starts again and the run goes on" {
  plugin first Job 'echo early >$SONOBUOY_RESULTS_DIR/out.txt'
  plugin nodes DaemonSet "$waits_for_go; echo late >\$SONOBUOY_RESULTS_DIR/out.txt"
  exits 0 starts -p first.yaml -p nodes.yaml
  within 90 is first global complete
  before=$(kubectl get pods -n sonobuoy -l sonobuoy-plugin=nodes -o name | sort)
  kill -KILL "$(process_of sonobuoy '/sonobuoy aggregator')"
  within 60 eval '[ "$(kubectl get pod -n sonobuoy sonobuoy -o "jsonpath={.status.containerStatuses[0].restartCount}{.status.containerStatuses[0].ready}")" = 1true ]'
  [ "$(kubectl get pods -n sonobuoy -l sonobuoy-plugin=nodes -o name | sort)" = "$before" ]
  go nodes
  exits 0 sonobuoy wait --wait=5
  says "first   complete   passed" "nodes   complete   passed"
  exits 0 sonobuoy retrieve -f run.tar.gz
  [ "$(tar xzOf run.tar.gz plugins/first/results/global/out.txt)" = early ]
  [ "$(tar xzOf run.tar.gz plugins/nodes/results/node1/out.txt plugins/nodes/results/node2/out.txt | xargs)" = "late late" ]
  # And once more, now that the archive is there.
  kill -KILL "$(process_of sonobuoy '/sonobuoy aggregator')"
  within 90 eval '[ "$(kubectl get pod -n sonobuoy sonobuoy -o "jsonpath={.status.containerStatuses[0].restartCount}{.status.containerStatuses[0].ready}")" = 2true ]'
  exits 0 sonobuoy retrieve -f again.tar.gz
  cmp run.tar.gz again.tar.gz
}

# bats test_tags=long
@test "a worker is killed: a DaemonSet's comes again; a Job's is named, and the rest is there" {
  plugin once Job "$waits_for_go; echo x >\$SONOBUOY_RESULTS_DIR/out.txt"
  plugin nodes DaemonSet "$waits_for_go; echo late >\$SONOBUOY_RESULTS_DIR/out.txt"
  exits 0 starts -p once.yaml -p nodes.yaml
  within 90 eval '[ "$(kubectl get pods -n sonobuoy -l sonobuoy-component=plugin -o json | jq "[.items[] | select(.status.phase == \"Running\")] | length")" = 3 ]'
  for plugin in once nodes; do
    pod=$(kubectl get pods -n sonobuoy -l "sonobuoy-plugin=$plugin" -o 'jsonpath={.items[0].metadata.name}')
    kill -KILL "$(process_of "$pod" '/sonobuoy worker')"
  done
  within 60 is once global failed
  within 60 eval '[ "$(kubectl get pod -n sonobuoy "$pod" -o json | jq -c ".status.containerStatuses[] | select(.name == \"sonobuoy-worker\") | [.restartCount, .ready]")" = "[1,true]" ]'
  go nodes
  exits 1 sonobuoy wait --wait=5
  says "nodes   complete   passed" "once" "sonobuoy-worker is in a terminated state (exit code 137)"
}

# bats test_tags=long
@test "a claim: the aggregator's pod is deleted, another goes on with what had come" {
  folder=$(mktemp -d /tmp/seaworthy-claim-XXXXXX)
  chmod 777 "$folder"
  kubectl create -f - >/dev/null <<YAML
apiVersion: v1
kind: PersistentVolume
metadata: {name: results}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: by-hand, hostPath: {path: $folder, type: Directory},
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node1]}]}]}}}
YAML
  plugin first Job 'echo early >$SONOBUOY_RESULTS_DIR/out.txt'
  plugin nodes DaemonSet "$waits_for_go; echo late >\$SONOBUOY_RESULTS_DIR/out.txt"
  exits 2 starts -p first.yaml --pvc-size 1Gi
  says "--pvc names"
  exits 2 starts -p first.yaml --pvc results --pvc-size much
  says "no size"
  exits 0 starts -p first.yaml -p nodes.yaml --pvc results --pvc-size 1Gi --pvc-class by-hand
  within 90 is first global complete
  uid=$(kubectl get pod -n sonobuoy sonobuoy-0 -o 'jsonpath={.metadata.uid}')
  kubectl delete pod -n sonobuoy sonobuoy-0 >/dev/null
  within 90 eval '[ "$(kubectl get pod -n sonobuoy sonobuoy-0 -o "jsonpath={.metadata.uid}")" != "$uid" ] && is nodes node2 running && is first global complete'
  within 90 eval '[ "$(kubectl get pods -n sonobuoy -l sonobuoy-plugin=nodes -o json | jq "[.items[] | select(.status.phase == \"Running\" and (.metadata.deletionTimestamp | not))] | length")" = 2 ]'
  go nodes
  exits 0 sonobuoy wait --wait=5
  says "first   complete   passed" "nodes   complete   passed"
  exits 0 sonobuoy logs -p sonobuoy
  says "an aggregator was ended before this one; its run goes on, with new pods"
  exits 0 sonobuoy retrieve -f run.tar.gz
  [ "$(tar xzOf run.tar.gz plugins/first/results/global/out.txt)" = early ]
  exits 0 sonobuoy delete --wait=2
  kubectl delete pv results >/dev/null
  rm -rf "$folder"
}
