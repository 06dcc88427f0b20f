#!/usr/bin/env bats
# The built-in plugin network on two nodes: a sound cluster, and breakages made by rules in the nodes' own network
# namespaces, each of which must be found by the right probe with the right target.
# bats file_tags=long
# shellcheck disable=SC2154
load ../integration/helpers

setup_file() {
  local image=$root/build/image/seaworthy.tar
  [ -e "$image" ] || fails "there is no $image: 'make image' makes it" || return
  export IMAGE OUTSIDE PODS2 POD1 POD2 NODE_PORT SERVICE_IP DNS
  IMAGE=$(tar -xOf "$image" manifest.json | jq -r '.[0].RepoTags[0]')
  nodes_up --image "$image"
  [ -z "$NODES_LACK" ] || return 0
  cd "$BATS_FILE_TMPDIR" || return
  # Outside the cluster is this machine: a server that listens on its end of the link alone.
  local host=${SERVER#https://}
  host=${host%.*}.254
  python3 -u -m http.server --bind "$host" 0 >listener 2>&1 3>&- &
  echo $! >listener.pid
  within 10 grep -qF 'port ' listener
  OUTSIDE=$host:$(sed -nE 's/.* port ([0-9]+) .*/\1/p' listener)
  # Pods stay, so that each test can probe again.
  sonobuoy gen plugin network --sonobuoy-image "$IMAGE" >plugin.yaml
  sed 's/^sonobuoy-config:/&\n  skip-cleanup: true/' plugin.yaml >network.yaml
  sonobuoy run --sonobuoy-image "$IMAGE" --plugin network.yaml --egress "$OUTSIDE" --peers 3 --host-ports --wait=3 >run.log 2>&1 ||
    echo "exit status $?" >>run.log
  PODS2=$(kubectl get node node2 -o jsonpath='{.spec.podCIDR}')
  POD1=$(pod_on node1 '{.items[0].metadata.name}')
  POD2=$(pod_on node2 '{.items[0].status.podIP}')
  NODE_PORT=$(kubectl -n sonobuoy get service sonobuoy-network -o jsonpath='{.spec.ports[0].nodePort}')
  SERVICE_IP=$(kubectl -n sonobuoy get service sonobuoy-network -o jsonpath='{.spec.clusterIP}')
  DNS=$(kubectl -n kube-system get service kube-dns -o jsonpath='{.spec.clusterIP}')
}
teardown_file() {
  [ ! -e "$BATS_FILE_TMPDIR/listener.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/listener.pid")"
  nodes_down
}

setup() {
  nodes_or_skip
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() {
  [ -z "$NODES_LACK" ] || return 0
  [ ! -e odd.pid ] || kill "$(cat odd.pid)"
  heal node1
  heal node2
}

sonobuoy() { "${SONOBUOY:-$root/build/sonobuoy}" "$@"; }
pod_on() { kubectl -n sonobuoy get pods -l sonobuoy-plugin=network --field-selector "spec.nodeName=$1" -o jsonpath="$2"; }
on() { nsenter -t "$(cat "$RUN_DIR/$1.pid")" -n "${@:2}"; }

# breaks NODE HOOK PRIORITY RULE...: a rule in a table of its own; heal NODE takes the table away
breaks() {
  on "$1" nft "add table ip broken; add chain ip broken $2 { type filter hook $2 priority $3; }"
  on "$1" nft add rule ip broken "$2" "${@:4}"
}
heal() { on "$1" nft delete table ip broken 2>/dev/null || true; }

# probe: what node1 finds now, in `found`
probe() {
  timeout 100 kubectl -n sonobuoy exec "$POD1" -c network -- /sonobuoy network-pod --again >found
  echo "# $BATS_TEST_DESCRIPTION: probed in $(jq .seconds found) s" >&3
}

# finds PROBE TARGET OUTCOME [TEXT]: all of the probe's findings there, and there are some, are so
finds() {
  jq -e --arg probe "$1" --arg target "$2" --arg outcome "$3" --arg text "${4:-}" '
    [.probes[] | select(.probe == $probe and .target == $target)] |
    length > 0 and all(.outcome == $outcome and (.said | contains($text)))' found >/dev/null ||
    fails "not found: $*"$'\n'"$(jq -c '.probes[]' found)"
}

# fails_only PROBE...: no other probe failed
fails_only() {
  local others
  others=$(jq -c --arg names " $* " '.probes[] | select(.outcome == "fail" and (.probe as $p | $names | contains(" " + $p + " ") | not))' found)
  [ -z "$others" ] || fails "$others"
}

@test "a sound cluster: everything passes from each node, in the run's results" {
  local node probes
  cat "$BATS_FILE_TMPDIR/run.log"
  grep -qF 'Sonobuoy has completed.' "$BATS_FILE_TMPDIR/run.log"
  grep -qF 'network   complete   passed       2' "$BATS_FILE_TMPDIR/run.log"
  timeout 60 "${SONOBUOY:-$root/build/sonobuoy}" retrieve -f run.tar.gz >/dev/null
  tar -xzf run.tar.gz
  for node in node1 node2; do
    cp "plugins/network/results/$node/network.json" found
    [ -s "plugins/network/results/$node/network.xml" ]
    fails_only
    probes=$(jq -r '[.probes[].probe] | unique | join(" ")' found)
    [ "$probes" = "api clock dns-tcp dns-udp egress host-port latency node-port node-tcp pod-bulk pod-fragments pod-loss pod-mtu pod-tcp pod-udp policy service-tcp service-udp" ] ||
      fails "$probes"
    # The test cluster's network enforces no policies. All else is as it should be; how fast it is, is not looked at.
    [ "$(jq -r '.probes[] | select(.outcome != "pass" and .probe != "latency") | .probe + " " + .outcome' found)" = "policy warn" ] ||
      fails "$(jq -c '.probes[] | select(.outcome != "pass")' found)"
    jq -e '.pods == {wanted: 2, ready: 2} and .mtu == 1500' found >/dev/null
    echo "# $node probed in $(jq .seconds found) s" >&3
  done
  finds pod-mtu node1 pass "packets of 1500 bytes"
  finds node-port node2 pass
  finds egress "$OUTSIDE" pass
  finds dns-udp sonobuoy-network.sonobuoy.svc.cluster.local pass "$SERVICE_IP"
}

@test "its account may read little, its pods are restricted, and a port of the node is refused where they must be" {
  local account=system:serviceaccount:sonobuoy:sonobuoy-plugins-network
  kubectl auth can-i list endpointslices.discovery.k8s.io -n sonobuoy --as "$account"
  run ! kubectl auth can-i list nodes --as "$account"
  run ! kubectl auth can-i list secrets -n sonobuoy --as "$account"
  run ! kubectl auth can-i list pods -n default --as "$account"
  exits 2 sonobuoy gen --kubernetes-version ignore --plugin network --host-ports --namespace-psa-enforce-level restricted
  says "plugin network wants a port of its node (hostPort)"
  sonobuoy gen --kubernetes-version ignore --plugin network --namespace-psa-enforce-level restricted -n strict >strict.yaml
  kubectl create namespace strict >/dev/null
  kubectl label namespace strict pod-security.kubernetes.io/enforce=restricted >/dev/null
  kubectl -n sonobuoy get pod "$POD1" -o json | jq '{apiVersion, kind, metadata: {name: .metadata.name, namespace: "strict"}, spec: (.spec | del(.serviceAccountName, .serviceAccount, .volumes, .nodeName))} |
    .spec.containers |= [.[] | select(.name == "network") | del(.volumeMounts, .ports[].hostPort)]' >pod.json
  kubectl create --dry-run=server -f pod.json >/dev/null
  kubectl delete namespace strict --wait=false >/dev/null
}

@test "packets to the other node's pods are dropped" {
  breaks node1 forward -10 ip daddr "$PODS2" drop
  probe
  finds pod-tcp node2 fail "no answer within 3 s from $POD2:8765"
  finds pod-udp node2 fail "no answer within 2 s from $POD2:8765"
  finds pod-bulk node2 unknown "pod-tcp"
  finds pod-mtu node2 unknown "pod-udp"
  finds node-tcp node2 pass
  finds api kubernetes pass
}

@test "only UDP is dropped" {
  breaks node1 forward -10 ip daddr "$PODS2" udp dport 8765 drop
  probe
  finds pod-udp node2 fail "no answer"
  finds pod-tcp node2 pass
  finds pod-bulk node2 pass
  fails_only pod-udp service-udp
}

@test "larger packets vanish silently: the largest that pass, and what stalls by it" {
  breaks node1 forward -10 ip daddr "$PODS2" meta length '>' 1337 drop
  probe
  finds pod-mtu node2 fail "packets of 1337 bytes pass"
  jq -e '.probes[] | select(.probe == "pod-mtu") | .value == 1337 and .unit == "bytes"' found >/dev/null
  finds pod-bulk node2 fail "stalled"
  finds pod-tcp node2 pass
  fails_only pod-mtu pod-bulk pod-fragments
}

@test "a smaller MTU that the network tells of is no failure" {
  local route
  route=$(on node1 ip route show "$PODS2")
  # shellcheck disable=SC2086
  on node1 ip route change $route mtu lock 1400
  probe
  # shellcheck disable=SC2086
  on node1 ip route change $route mtu 0
  finds pod-mtu node2 pass "packets of 1400 bytes pass"
  finds pod-bulk node2 pass
  fails_only
}

@test "fragments are dropped" {
  # Before connection tracking puts them together.
  breaks node1 prerouting -450 ip daddr "$PODS2" ip frag-off '&' 0x3fff '!=' 0 drop
  probe
  finds pod-fragments node2 fail "a datagram of 8000 bytes: no answer"
  fails_only pod-fragments
}

@test "one packet in five is lost" {
  breaks node1 forward -10 ip daddr "$PODS2" udp dport 8765 numgen inc mod 5 0 drop
  probe
  finds pod-loss node2 fail "10 of 50 datagrams were lost"
  finds pod-udp node2 pass
  fails_only pod-loss
}

@test "one packet in fifty is lost: a warning" {
  breaks node1 forward -10 ip daddr "$PODS2" udp dport 8765 meta length 320 numgen inc mod 50 0 drop
  probe
  finds pod-loss node2 warn "of 50 datagrams were lost"
  fails_only
}

@test "the Service's address leads nowhere on one node" {
  breaks node1 prerouting -310 ip daddr "$SERVICE_IP" drop
  probe
  finds service-tcp sonobuoy-network fail "0 of 2 were answered: no answer"
  finds service-udp sonobuoy-network fail "0 of 2 were answered: no answer"
  fails_only service-tcp service-udp
}

@test "DNS answers by TCP, not by UDP" {
  breaks node1 prerouting -310 ip daddr "$DNS" udp dport 53 drop
  probe
  finds dns-udp kubernetes.default.svc.cluster.local fail "no answer within 3 s from $DNS:53"
  finds dns-tcp kubernetes.default.svc.cluster.local pass
  fails_only dns-udp
}

@test "DNS is down: its pods are gone" {
  kubectl -n kube-system scale deployment coredns --replicas 0 >/dev/null
  kubectl -n kube-system wait --for=delete pod -l k8s-app=kube-dns --timeout=60s >/dev/null
  probe
  kubectl -n kube-system scale deployment coredns --replicas 1 >/dev/null
  finds dns-udp kubernetes.default.svc.cluster.local fail "$DNS:53"
  finds dns-tcp sonobuoy-network.sonobuoy.svc.cluster.local fail "$DNS:53"
  fails_only dns-udp dns-tcp
  within 60 timeout 2 busybox nslookup kubernetes.default.svc.cluster.local "$DNS" # by way of node1
}

@test "the way out of the cluster is blocked from one node" {
  breaks node1 forward -10 ip daddr "${OUTSIDE%:*}" drop
  probe
  finds egress "$OUTSIDE" fail "no answer within 3 s from $OUTSIDE"
  fails_only egress
}

@test "the node port of the other node is blocked" {
  breaks node2 prerouting -310 tcp dport "$NODE_PORT" drop
  probe
  finds node-port node2 fail "no answer"
  finds node-port node1 pass
  fails_only node-port
}

@test "the other node's host port and kubelet are blocked" {
  breaks node2 prerouting -310 ip daddr "$(kubectl get node node2 -o json | jq -r '.status.addresses[0].address')" tcp dport '{ 8765, 10250 }' drop
  probe
  finds host-port node2 fail "no answer"
  finds node-tcp node2 fail "the kubelet's port: no answer"
  fails_only host-port node-tcp
}

@test "a NetworkPolicy that holds, by silence and by refusal, passes" {
  breaks node2 forward -10 ip daddr "$PODS2" tcp dport 8766 drop
  probe
  finds policy node2 pass "kept out"
  heal node2
  breaks node2 forward -10 ip daddr "$PODS2" tcp dport 8766 reject with tcp reset
  probe
  finds policy node2 pass "Connection refused"
  fails_only
}

# odd NODE-NAME SECONDS: what answers in place of the other node's pod
odd() {
  nsenter -t "$(cat "$RUN_DIR/node1.pid")" -n python3 "$BATS_TEST_DIRNAME/odd-responder" 8700 "$@" >odd.log 2>&1 3>&- &
  echo $! >odd.pid
  within 10 grep -q ready odd.log
  on node1 nft 'add table ip broken; add chain ip broken prerouting { type nat hook prerouting priority -110; }'
  on node1 nft add rule ip broken prerouting ip daddr "$PODS2" meta l4proto '{ tcp, udp }' th dport 8765 redirect to :8700
}

@test "another one answers at the pod's address: both are named" {
  odd impostor 0
  probe
  finds pod-tcp node2 fail "but impostor answered"
  finds pod-udp node2 fail "but impostor answered"
}

@test "a clock that is ahead" {
  odd node2 40
  probe
  finds clock node2 fail "40."
  finds clock node2 fail "ahead of this node's"
  odd_seconds=$(jq '.probes[] | select(.probe == "clock").value | . > 39 and . < 41' found)
  [ "$odd_seconds" = true ]
}

@test "a run where the nodes' pods do not reach each other by UDP fails, and says so" {
  sonobuoy delete --wait=2 >/dev/null 2>&1
  breaks node1 forward -10 ip daddr "$PODS2" udp dport 8765 drop
  run sonobuoy run --sonobuoy-image "$IMAGE" --plugin network --wait=3
  [ "$status" -eq 1 ] || fails "$output"
  says "network   complete   failed"
  timeout 60 "${SONOBUOY:-$root/build/sonobuoy}" retrieve -f run.tar.gz >/dev/null
  exits 1 sonobuoy results run.tar.gz --mode dump
  says "pod-udp IPv4 to node2"
  exits 1 sonobuoy network run.tar.gz
  says "UDP"
  exits 0 sonobuoy delete --wait=2
}

@test "as a guest in a namespace, all of it is deleted" {
  kubectl create namespace guest >/dev/null
  timeout 100 "${SONOBUOY:-$root/build/sonobuoy}" run -n guest --sonobuoy-image "$IMAGE" --plugin network --skip-preflight=existingnamespace --wait=3 >out 2>&1 || fails "$(cat out)"
  exits 0 sonobuoy delete -n guest --wait=2
  [ -z "$(kubectl -n guest get services,networkpolicies,daemonsets,roles,rolebindings,pods -o name)" ]
  kubectl delete namespace guest --wait=false >/dev/null
}

@test "Services lead nowhere on a node whose kube-proxy has stopped: it tells what it can without the API server" {
  sonobuoy delete --wait=2 >/dev/null 2>&1
  sonobuoy run --sonobuoy-image "$IMAGE" --plugin "$BATS_FILE_TMPDIR/network.yaml" --wait=3 >/dev/null 2>&1
  POD1=$(pod_on node1 '{.items[0].metadata.name}')
  # shellcheck disable=SC2016
  nsenter -t "$(cat "$RUN_DIR/node1.pid")" -p -m sh -c 'kill -STOP "$(pidof kube-proxy)"'
  on node1 nft delete table ip kube-proxy
  probe
  finds api kubernetes fail "GET /version at https://"
  finds dns-udp kubernetes.default.svc.cluster.local fail "no answer"
  finds service-tcp sonobuoy-network fail "0 of 2"
  jq -e '.pods == {wanted: 0, ready: 0}' found >/dev/null
}
