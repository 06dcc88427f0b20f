#!/usr/bin/env bats
# `sonobuoy run` and its kin in real pods, on two nodes: from start to end, and what goes wrong.
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
  [ ! -e stopped ] || kill -CONT "$(cat stopped)"
  "$cluster/proxy" down "$cluster_name"
  sonobuoy delete --wait=2 >/dev/null 2>&1
}

sonobuoy() { "${SONOBUOY:-$root/build/sonobuoy}" "$@"; }

# starts OPTIONS...: sonobuoy run with the image of this build
starts() { sonobuoy run --sonobuoy-image "$IMAGE" "$@"; }

# plugin NAME DRIVER FORMAT SCRIPT: writes NAME.yaml
plugin() {
  jq -n --arg name "$1" --arg driver "$2" --arg format "$3" --arg script "$4" \
    '{"sonobuoy-config": {driver: $driver, "plugin-name": $name, "result-format": $format},
      spec: {name: "plugin", image: "localhost/busybox:local", imagePullPolicy: "Never", command: ["sh", "-c", $script]}}' >"$1.yaml"
}

done_with='echo -n "$SONOBUOY_RESULTS_DIR/$file" >"$SONOBUOY_RESULTS_DIR/done"'
stays='trap "exit 0" TERM; while :; do sleep 3600 & wait; done' # else it would take a minute to go

# status_of .FILTER: of the run's annotation
status_of() { sonobuoy status --json | jq -r "$1"; }

# tells TEXT: whether the status has it
tells() { sonobuoy status 2>&1 | grep -qF "$1"; }

# is NODE STATUS: whether a plugin has that status there
is() { status_of '.plugins[] | .node + " " + .status' | grep -qx "$1 $2"; }

@test "a run of a Job and a DaemonSet: told step by step, its results, and nothing of it stays" {
  plugin hello Job raw "file=out.txt; echo hello >\$SONOBUOY_RESULTS_DIR/\$file; $done_with"
  plugin nodes DaemonSet manual "file=m.yaml; printf 'name: n\nstatus: passed\nitems: [{name: kernel, status: passed}]\n' >\$SONOBUOY_RESULTS_DIR/\$file; $done_with; $stays"
  exits 0 starts -p hello.yaml -p nodes.yaml --wait=5
  says "created pods sonobuoy" "hello   complete   passed       1" "nodes   complete   passed       2" "Sonobuoy has completed."
  [ "$(status_of '[.plugins[] | .plugin + "/" + .node + "/" + .status + "/" + ."result-status"] | sort | join(" ")')" = \
    "hello/global/complete/passed nodes/node1/complete/passed nodes/node2/complete/passed" ]
  [[ $(status_of '."tar-info".sha256') =~ ^[0-9a-f]{64}$ ]]
  exits 0 sonobuoy status --show-all
  says "node1   complete   passed"
  # One that came later sees the same.
  exits 0 sonobuoy wait
  says "Sonobuoy has completed."
  exits 0 sonobuoy logs -p sonobuoy
  says 'namespace="sonobuoy" pod="sonobuoy" container="kube-sonobuoy"' "received the result of plugin hello"
  # A second one is refused, and names the next step.
  exits 1 starts -p hello.yaml
  says "namespace sonobuoy already exists" '`sonobuoy delete`'
  exits 0 sonobuoy delete --dry-run
  says "would delete namespaces sonobuoy"
  kubectl get namespace sonobuoy >/dev/null
  exits 0 sonobuoy delete --wait=2
  exits 0 kubectl get namespaces,clusterroles,clusterrolebindings -o name
  says_not sonobuoy
  exits 0 sonobuoy delete --wait=2
  says "already deleted"
}

# bats test_tags=long
@test "what failed decides the exit code, unless asked not to" {
  plugin one Job manual "file=m.yaml; printf 'name: n\nstatus: failed\nitems: [{name: kernel, status: failed}]\n' >\$SONOBUOY_RESULTS_DIR/\$file; $done_with"
  exits 1 starts -p one.yaml --wait=5
  says "one   complete   failed"
  exits 0 sonobuoy wait --exit-code=never
  exits 1 sonobuoy wait --wait-output=silent
  [ -z "$output" ]
}

# bats test_tags=long
@test "live: names of tests and failures as they come" {
  plugin one Job raw "trap \"exit 0\" TERM; p() { wget -qO- --post-data \"\$1\" http://localhost:8099/progress; }
    until p '{\"msg\": \"test of storage\", \"total\": 3, \"completed\": 1, \"failures\": [\"[sig-x] breaks\"]}'; do sleep 0.1; done
    file=go; until [ -e /tmp/go ]; do sleep 0.1; done; echo >\$SONOBUOY_RESULTS_DIR/go; $done_with"
  starts -p one.yaml
  sonobuoy wait --wait=5 >out 2>&1 3>&- &
  local waiter=$!
  within 60 grep -qF 'one: failed: [sig-x] breaks' out
  grep -qF 'one: test of storage' out
  grep -qE 'Passed: +1, Failed: +1, Remaining: +1' out
  "${SONOBUOY:-$root/build/sonobuoy}" logs -f -p one >log 2>&1 3>&- &
  local follower=$!
  kubectl -n sonobuoy exec "$(kubectl -n sonobuoy get pods -l sonobuoy-plugin=one -o name)" -c plugin -- sh -c 'echo a word >/proc/1/fd/1'
  within 30 grep -qx 'a word' log
  within 30 grep -q 'container="sonobuoy-worker"' log
  kill -INT $follower # Ctrl-C
  wait $follower || [ $? -eq 1 ]
  kubectl -n sonobuoy exec "$(kubectl -n sonobuoy get pods -l sonobuoy-plugin=one -o name)" -c plugin -- touch /tmp/go
  wait $waiter
}

# bats test_tags=long
@test "logs that are followed go on after a cut: each line once, in its order" {
  # It stays: of a pod that is gone nothing can be read any more.
  plugin one Job raw "until [ -e /tmp/go ]; do sleep 0.1; done; i=0; while [ \$i -lt 300 ]; do echo line \$i; i=\$((i + 1)); usleep 10000; done
    $stays"
  starts -p one.yaml
  local pod
  within 60 kubectl -n sonobuoy wait pod -l sonobuoy-plugin=one --for=condition=Ready --timeout=1s
  pod=$(kubectl -n sonobuoy get pods -l sonobuoy-plugin=one -o name)
  proxy_up
  config "{server: '$PROXY_URL'}" '{}'
  export KUBECONFIG=$RUN_DIR/kubeconfig
  fault GET '/log\?container=plugin&follow' cut=3000 times=3
  "${SONOBUOY:-$root/build/sonobuoy}" logs --kubeconfig config -f -p one >log 2>&1 3>&- &
  local follower=$!
  kubectl -n sonobuoy exec "$pod" -c plugin -- touch /tmp/go
  within 90 grep -qx 'line 299' log
  kill -INT $follower
  wait $follower || [ $? -eq 1 ]
  [ "$(proxy_log | grep -c 'cut=')" = 3 ] || fails "$(proxy_log)"
  diff <(grep -x 'line [0-9]*' log) <(seq 0 299 | sed 's/^/line /')
}

# bats test_tags=long
@test "images that cannot be had, nodes that do not fit: each is named with its reason" {
  plugin hello Job raw "file=out.txt; echo hello >\$SONOBUOY_RESULTS_DIR/\$file; $done_with"
  exits 1 sonobuoy run -p hello.yaml --sonobuoy-image localhost/none:1 --image-pull-policy Never --wait=2
  says "the aggregator cannot start" "ErrImageNeverPull" "localhost/none:1"
  exits 1 sonobuoy status
  says "the aggregator cannot start"
  sonobuoy delete --wait=2 2>/dev/null
  starts -p hello.yaml --aggregator-node-selector disk:none 2>/dev/null
  within 60 tells "waits for a node that takes it"
  exits 0 sonobuoy status
  says "didn't match Pod's node affinity/selector" "is being started"
}

# bats test_tags=long
@test "a quota and a policy that refuse: said at once, with what was refused" {
  plugin hello Job raw "file=out.txt; echo hello >\$SONOBUOY_RESULTS_DIR/\$file; $done_with"
  plugin nodes DaemonSet raw "$stays"
  exits 1 starts -p hello.yaml --namespace-psa-enforce-level restricted --security-context-mode none
  says 'violates PodSecurity "restricted' '`sonobuoy delete -n sonobuoy`'
  sonobuoy delete --wait=2 2>/dev/null
  # The aggregator is let in, the pods of the DaemonSet are not.
  kubectl create namespace sonobuoy
  kubectl -n sonobuoy create quota small --hard=pods=1
  kubectl -n sonobuoy create configmap theirs
  starts -p nodes.yaml --skip-preflight=existingnamespace --timeout 20
  within 60 tells "exceeded quota"
  exits 1 sonobuoy wait --wait=5
  says "FailedCreate" "exceeded quota: small" "failed"
  # It was there before the run, and is after it, with what others have in it.
  exits 0 sonobuoy delete --wait=2
  says "namespace sonobuoy stays"
  [ "$(kubectl -n sonobuoy get configmaps,pods -o name | grep -v kube-root-ca.crt)" = configmap/theirs ]
  kubectl delete namespace sonobuoy --timeout=60s >/dev/null
}

# bats test_tags=long
@test "a plugin that never ends is over in time, one that crashes is named; the others' results are there" {
  plugin hello Job raw "file=out.txt; echo hello >\$SONOBUOY_RESULTS_DIR/\$file; $done_with"
  plugin sleeps Job raw "$stays"
  plugin crashes DaemonSet raw "exit 3"
  exits 1 starts -p hello.yaml -p sleeps.yaml -p crashes.yaml --timeout 20 --wait=5
  says "container plugin ended with exit code 3" "hello   complete   passed" "sleeps     failed" "crashes     failed" \
    "sleeps: Plugin timeout while waiting for results"
  run -0 sonobuoy status
  says "sleeps: Plugin timeout while waiting for results"
}

@test "least rights and restricted pods: the run completes, and its archive lacks only what it may not read" {
  kubectl create secret generic theirs -n default --from-literal=key=value >/dev/null
  plugin hello Job raw "file=out.txt; id >\$SONOBUOY_RESULTS_DIR/\$file; $done_with"
  plugin nodes DaemonSet raw "file=out.txt; echo hello >\$SONOBUOY_RESULTS_DIR/\$file; $done_with; $stays"
  jq '.podSpec = {containers: [], restartPolicy: "Never"}' hello.yaml >with.yaml
  kubectl create priorityclass few --value=1 >/dev/null
  exits 0 starts -p with.yaml -p nodes.yaml --aggregator-permissions least --namespace-psa-enforce-level restricted --wait=5 \
    --pod-label team=a --pod-annotation hello:why=test --pod-requests sonobuoy:cpu=10m --pod-priority-class few \
    --pod-limits sonobuoy-worker:memory=64Mi
  says "hello   complete   passed" "nodes   complete   passed       2"
  [ "$(kubectl get namespace sonobuoy -o json | jq -r '.metadata.labels["pod-security.kubernetes.io/enforce"]')" = restricted ]
  sonobuoy retrieve -x . >/dev/null 2>&1 || sonobuoy retrieve -x
  grep -q 'uid=1000' plugins/hello/results/global/out.txt
  # All kinds are there but Secrets, and nothing was refused but those.
  jq -r '.. | objects | select(has("error")).error' meta/query-time.json >refused
  [ ! -s refused ] || fails "$(cat refused)"
  [ -e resources/cluster/core_v1_nodes.json ]
  [ -e hosts/node1/configz.json ]
  [ -e serverversion.json ]
  [ -z "$(find . -iname "*secrets*")" ]
  # Who may do what.
  local aggregator=system:serviceaccount:sonobuoy:sonobuoy-serviceaccount plugins=system:serviceaccount:sonobuoy:sonobuoy-plugins
  may_not() { [ "$(kubectl auth can-i "$@")" = no ] || fails "may: $*"; }
  may_not get secrets -n default --as "$aggregator"
  may_not create pods -n default --as "$aggregator"
  may_not list pods -n sonobuoy --as "$plugins"
  kubectl auth can-i list pods -A --as "$aggregator"
  # What was set of pods.
  kubectl get pod -n sonobuoy sonobuoy -o json |
    jq -e '.metadata.labels.team == "a" and .spec.priorityClassName == "few" and .spec.containers[0].resources.requests.cpu == "10m"'
  exits 0 sonobuoy delete --wait=2
  kubectl delete priorityclass few >/dev/null
  exits 0 kubectl get clusterroles,clusterrolebindings -o name
  says_not sonobuoy
  # What a plugin wants of its node is refused before anything is made.
  exits 2 starts -p systemd-logs --namespace-psa-enforce-level restricted
  says "plugin systemd-logs wants a privileged container" "leave the plugin out"
}

# bats test_tags=long
@test "delete leaves alone what is no run" {
  exits 1 sonobuoy delete -n kube-system
  says "has no run of sonobuoy in it" "--force"
  kubectl get namespace kube-system -o jsonpath='{.status.phase}' | grep -qx Active
  # A guest goes without its host's namespace.
  kubectl create namespace host
  kubectl -n host create configmap theirs
  plugin hello Job raw "file=out.txt; echo hello >\$SONOBUOY_RESULTS_DIR/\$file; $done_with"
  exits 0 starts -p hello.yaml -n host --aggregator-permissions namespaceAdmin --skip-preflight --wait=5
  exits 0 sonobuoy delete -n host --wait=2
  says "namespace host stays"
  [ "$(kubectl -n host get configmaps -o name | grep -v kube-root-ca.crt)" = configmap/theirs ]
  run kubectl -n host get pods,services,roles,rolebindings -o name
  [ -z "$output" ] || fails "$output"
  kubectl delete namespace host --wait=false >/dev/null
}

# bats test_tags=long
@test "an API server that is away for a while is waited for" {
  plugin hello Job raw "until [ -e /tmp/go ]; do sleep 0.1; done; file=out.txt; echo hello >\$SONOBUOY_RESULTS_DIR/\$file; $done_with"
  starts -p hello.yaml
  sonobuoy wait --wait=5 >out 2>&1 3>&- &
  within 60 grep -q 'hello *running' out
  pid=$(pgrep -f "kube-apiserver .*--client-ca-file=$RUN_DIR/")
  echo "$pid" >stopped
  kill -STOP "$pid"
  within 120 grep -q 'asking again' out
  kill -CONT "$pid"
  rm stopped
  within 60 grep -q 'the cluster answers again' out
  kubectl -n sonobuoy exec "$(kubectl -n sonobuoy get pods -l sonobuoy-plugin=hello -o name)" -c plugin -- touch /tmp/go
  wait $! || fails "$(cat out; sonobuoy logs -p sonobuoy)"
}

# bats test_tags=long
@test "a node that is lost is named soon, and costs its own result only" {
  # The aggregator must live.
  kubectl label node node1 place=aggregator >/dev/null
  plugin nodes DaemonSet raw "file=out.txt; if [ \$NODE = node2 ]; then $stays; fi; echo hello >\$SONOBUOY_RESULTS_DIR/\$file; $done_with; $stays"
  jq '.spec.env = [{name: "NODE", valueFrom: {fieldRef: {fieldPath: "spec.nodeName"}}}]' nodes.yaml >with.yaml
  starts -p with.yaml --aggregator-node-selector place:aggregator
  within 60 is node1 complete
  kill -KILL "$(cat "$RUN_DIR/node2.pid")"
  lost=$SECONDS
  within 60 is node2 failed
  [ $((SECONDS - lost)) -le 35 ] || fails "only after $((SECONDS - lost)) s"
  exits 1 sonobuoy wait --wait=5
  [ "$(status_of '[.plugins[] | .node + "/" + .status] | sort | join(" ")')" = "node1/complete node2/failed" ]
  exits 0 sonobuoy logs -p sonobuoy
  says "Node node2 is lost: its kubelet has not renewed its lease"
  # Its pods cannot be deleted before the cluster gives them up.
  NODES_LACK=lost
}
