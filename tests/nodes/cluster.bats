#!/usr/bin/env bats
# The cluster with nodes that tests/cluster/nodes-up starts: that it is one, and that nothing of it stays.
# shellcheck disable=SC2030,SC2031,SC2154
# bats file_tags=long
load ../integration/helpers

setup_file() {
  nodes_up
  [ -z "$NODES_LACK" ] || return 0
  kubectl apply -f "$BATS_TEST_DIRNAME/web.yaml" >/dev/null
  kubectl rollout status daemonset/web --timeout=60s >/dev/null
}
teardown_file() {
  "$cluster/down" "$cluster_name" "$cluster_name-short"
}

setup() { nodes_or_skip; }

# on NODE COMMAND...: in the pod of that node
on() {
  kubectl exec "$(kubectl get pods -l app=web --field-selector "spec.nodeName=$1" -o name)" -- "${@:2}"
}

# What a cluster could leave: links, routes, filters and mounts of this machine, folders that its programs make
# where they are not told otherwise, and what bears the cluster's mark. Of other clusters' links nothing is said.
traces() {
  (
    # shellcheck source=tests/cluster/lib.sh
    . "$cluster/lib.sh"
    RUN=$RUN_ROOT/$1
    ip -o link | cut -d: -f2 | grep -v ' seaworthy-' || true
    ip -4 route | grep -v ' seaworthy-' || true
    nft list tables 2>/dev/null || true
    grep -v seaworthy /proc/self/mounts
    ls -d /var/lib/{kubelet,cni,containerd} /run/{containerd,netns} /etc/cni /opt/{cni,containerd} /usr/libexec/kubernetes 2>/dev/null || true
    echo "process: $(processes)"
    echo "link: $(cluster_link)"
    echo "control group: $(cluster_groups)"
    echo "mount: $(grep -lF "$RUN" /proc/[0-9]*/mountinfo 2>/dev/null | cut -d/ -f3 | sort -u)"
    echo "folder: $(ls -d "$RUN" 2>/dev/null)"
  )
}

nothing_left() { diff "$BATS_FILE_TMPDIR/before" <(traces "$cluster_name-short"); }

# marked: the processes of the short-lived cluster
marked() {
  (
    # shellcheck source=tests/cluster/lib.sh
    . "$cluster/lib.sh"
    RUN=$RUN_ROOT/$cluster_name-short
    processes
  )
}

@test "both nodes are Ready and run pods" {
  run kubectl get nodes -o jsonpath='{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.spec.podCIDR}{"\n"}{end}'
  [ "${#lines[@]}" -eq 2 ]
  [[ ${lines[0]} =~ ^node1\ True\ [0-9.]+/24$ ]] || fails "$output"
  [[ ${lines[1]} =~ ^node2\ True\ [0-9.]+/24$ ]] || fails "$output"
  [ "$(on node1 cat /site/node)" = node1 ]
  [ "$(on node2 cat /site/node)" = node2 ]
}

@test "names resolve in a pod" {
  api=$(kubectl get service kubernetes -o jsonpath='{.spec.clusterIP}')
  for node in node1 node2; do
    run on "$node" nslookup kubernetes.default
    says "$api"
  done
}

@test "pods reach each other over nodes" {
  for pair in node1:node2 node2:node1; do
    address=$(kubectl get pods -l app=web --field-selector "spec.nodeName=${pair#*:}" -o jsonpath='{.items[0].status.podIP}')
    [ "$(on "${pair%:*}" wget -qO- "http://$address:8080/node")" = "${pair#*:}" ]
  done
}

# spreads NODE URL: of 20 requests from a pod of that node each is answered, by one node or the other
spreads() { [ "$(asked "$@")" = "node1 node2" ]; }
asked() { on "$1" sh -c "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do timeout 5 wget -qO- $2 || echo none; done" | sort -u | paste -sd ' '; }

@test "a service spreads requests over nodes, by name, from every node and from this machine" {
  for node in node1 node2; do
    within 20 spreads "$node" http://web/node # kube-proxy may learn of a pod later than we do
  done
  service=$(kubectl get service web -o jsonpath='{.spec.clusterIP}')
  [[ $(curl -sS --max-time 5 "http://$service/node") == node[12] ]]
}

@test "a pod reaches the API server, which takes its token" {
  run on node1 sh -c 'printf "GET / HTTP/1.0\r\n\r\n" | nc -w 5 kubernetes.default 443'
  says 'Client sent an HTTP request to an HTTPS server'
  token=$(on node2 cat /var/run/secrets/kubernetes.io/serviceaccount/token)
  run kubectl --kubeconfig=/dev/null --server="$SERVER" --certificate-authority="$RUN_DIR/pki/ca.crt" --token="$token" auth whoami
  says system:serviceaccount:default:default
}

@test "logs, exec and a forwarded port" {
  pod=$(kubectl get pods -l app=web --field-selector spec.nodeName=node2 -o name)
  run kubectl logs "$pod"
  [ "$output" = "site of node2" ]
  run kubectl exec "$pod" -- sh -c 'echo out; exit 7'
  [ "$status" -eq 7 ]
  says out
  kubectl port-forward "$pod" :8080 >"$BATS_TEST_TMPDIR/forward" 2>&1 3>&- &
  forward=$!
  within 10 grep -q 'Forwarding from 127.0.0.1' "$BATS_TEST_TMPDIR/forward"
  port=$(sed -nE '1s/.*127.0.0.1:([0-9]+).*/\1/p' "$BATS_TEST_TMPDIR/forward")
  run curl -sS --max-time 5 "http://127.0.0.1:$port/node"
  kill "$forward"
  [ "$output" = node2 ]
}

@test "an image of any program, given to a running cluster" {
  "$root/scripts/image" localhost/program:local "$BATS_TEST_TMPDIR/program.tar" --file "$(command -v sha256sum)=bin/sum" \
    --text 'data/text=text\n' --link data/link=text --env WORD=said --workdir /data --entrypoint '["sum"]' --command link
  "$root/scripts/image" localhost/program:local "$BATS_TEST_TMPDIR/again.tar" --file "$(command -v sha256sum)=bin/sum" \
    --text 'data/text=text\n' --link data/link=text --env WORD=said --workdir /data --entrypoint '["sum"]' --command link
  cmp "$BATS_TEST_TMPDIR/program.tar" "$BATS_TEST_TMPDIR/again.tar"
  "$cluster/nodes-load" "$cluster_name" "$BATS_TEST_TMPDIR/program.tar"
  kubectl run program --image=localhost/program:local --restart=Never >/dev/null
  kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/program --timeout=30s >/dev/null
  [ "$(kubectl logs program)" = "$(echo text | sha256sum | cut -d' ' -f1)  link" ]
}

gone() { [ ! -d "/proc/$1" ]; }

@test "a node whose first process is killed is gone, and then NotReady" {
  first=$(cat "$RUN_DIR/node2.pid")
  namespace=$(readlink "/proc/$first/ns/pid")
  kill -KILL "$first"
  within 10 gone "$first"
  for process in /proc/[0-9]*/ns/pid; do
    [ "$(readlink "$process")" != "$namespace" ] || fails "still there: $process"
  done
  kubectl wait --for=condition=Ready=Unknown node/node2 --timeout=60s
  [ "$(on node1 cat /site/node)" = node1 ]
}

@test "two clusters side by side; nothing stays of one that is taken down" {
  traces "$cluster_name-short" >"$BATS_FILE_TMPDIR/before"
  config=$("$cluster/nodes-up" "$cluster_name-short" --nodes 1 3>&-)
  [ "$(kubectl --kubeconfig "$config" config view -o jsonpath='{.clusters[0].cluster.server}')" != "$SERVER" ]
  [ "$(kubectl --kubeconfig "$config" get nodes -o name)" = node/node1 ]
  kubectl get nodes node1 >/dev/null
  [ -n "$(marked)" ]
  run ! nothing_left
  "$cluster/down" "$cluster_name-short"
  nothing_left
}

@test "nothing stays of a cluster whose processes were all killed" {
  traces "$cluster_name-short" >"$BATS_FILE_TMPDIR/before"
  "$cluster/nodes-up" "$cluster_name-short" --nodes 1 3>&- >/dev/null
  # shellcheck disable=SC2046
  kill -KILL $(marked)
  "$cluster/down" "$cluster_name-short"
  nothing_left
}

@test "nothing stays where nodes-up was killed at its work" {
  traces "$cluster_name-short" >"$BATS_FILE_TMPDIR/before"
  folder=$SEAWORTHY_RUN/$cluster_name-short
  # As soon as there are machines; as soon as a node runs a daemon; as soon as it is linked to the others.
  for sign in node1.pid nodes/node1/log/containerd.log nodes/node1/log/kubelet.log; do
    "$cluster/nodes-up" "$cluster_name-short" 3>&- >/dev/null 2>&1 &
    within 60 test -e "$folder/$sign"
    kill -KILL $!
    wait $! || true
    "$cluster/down" "$cluster_name-short"
    nothing_left
  done
}

@test "where a machine cannot have nodes it is said in a line, with a status of its own" {
  exits 77 unshare --user "$cluster/nodes-up" none
  [ "$output" = "nodes-up: not possible here: needs root" ]
  exits 77 setpriv --bounding-set -sys_admin "$cluster/nodes-up" none
  [[ $output == "nodes-up: not possible here: unshare: "* ]]
  [ ! -e "$SEAWORTHY_RUN/none" ]
}
