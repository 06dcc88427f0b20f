#!/usr/bin/env bats
# `sonobuoy check` of nodes, DNS and network that are real: one thing broken at a time, found, mended.
# shellcheck disable=SC2154
# bats file_tags=long
load ../integration/check

setup_file() {
  nodes_up
  [ -z "$NODES_LACK" ] || return 0
  corefile "forward . 192.0.2.53"
  kubectl -n kube-system scale deployment coredns --replicas=2 >/dev/null
  kubectl apply -f - >/dev/null <<'YAML'
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: localhost/busybox:local
        command: [httpd, -f, -p, "8080", -h, /etc]
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
YAML
  kubectl rollout status daemonset/web --timeout=60s >/dev/null
  dns_up
}
teardown_file() { nodes_down; }

setup() { nodes_or_skip; }

# corefile FORWARD: the usual one, with this line. The nodes' resolv.conf names this DNS itself: to forward there is a loop.
corefile() {
  kubectl -n kube-system create configmap coredns --from-literal=Corefile=".:53 {
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
    }
    prometheus :9153
    $1
}
" --dry-run=client -o yaml | kubectl apply -f - >/dev/null 2>&1
}

# dns_up: servers with the Corefile of now are there
dns_up() {
  kubectl -n kube-system rollout restart deployment/coredns >/dev/null
  kubectl -n kube-system rollout status deployment/coredns --timeout=90s >/dev/null
}

# on NODE COMMAND...: in that node's network
on() { nsenter -t "$(cat "$RUN_DIR/$1.pid")" -n "${@:2}"; }

@test "sound: nothing fails" {
  within 60 now_passes SB-DNS-02
  no_fail nodes,dns,network
  [ "$(jq -r '[.checks[] | select(.outcome == "warn") | .id] | join(" ")' "$report")" = SB-NODE-08 ] || fails "$(jq -c '.checks[] | select(.outcome == "warn")' "$report")"
  [ "$(jq -r '.checks[] | select(.id == "SB-NET-04") | .summary' "$report")" = "2 nodes with a pod to ask" ]
  [ "$(jq -r '.checks[] | select(.id == "SB-NODE-14") | .summary' "$report")" = "2 nodes asked, 3 Leases" ]
}

@test "a kubelet that has stopped: at once by the way to it, then by its node" {
  local kubelet
  kubelet=$(process node2 kubelet)
  kill -STOP "$kubelet"
  echo "$kubelet" >"$BATS_TEST_TMPDIR/stopped"
  breaks SB-NODE-06 fail "Node node2" "the API server does not reach its kubelet" "10250"
  lacks SB-NODE-06 "Node node1"
  within 90 breaks SB-NODE-01 fail "Node node2" "Kubelet stopped posting node status" "Is node2 up"
  lacks SB-NODE-01 "Node node1"
  kill -CONT "$kubelet"
  within 60 now_passes SB-NODE-01,SB-NODE-04,SB-NODE-05,SB-NODE-06
}

@test "a firewall before a kubelet: the node is well, the way to it is not" {
  on node2 iptables -I INPUT -p tcp --dport 10250 -j DROP
  checks SB-NODE-01,SB-NODE-06
  on node2 iptables -D INPUT -p tcp --dport 10250 -j DROP
  finds SB-NODE-06 fail "Node node2" "the API server does not reach its kubelet" "10250"
  lacks SB-NODE-01 "Node node2"
  within 30 now_passes SB-NODE-06
}

@test "kube-proxy gone on a node" {
  local proxy
  proxy=$(process node2 kube-proxy)
  kill -STOP "$proxy"
  checks SB-NET-02
  kill -CONT "$proxy"
  finds SB-NET-02 fail "Node node2" "its kube-proxy does not answer" "k8s-app=kube-proxy"
  lacks SB-NET-02 "Node node1"
  within 30 now_passes SB-NET-02
}

@test "a firewall between the control plane and a node's pods" {
  on node2 iptables -I FORWARD -p tcp --dport 8080 -j DROP
  on node2 iptables -I FORWARD -p tcp --dport 9153 -j DROP
  on node2 iptables -I FORWARD -p tcp --dport 8181 -j DROP
  checks SB-NET-04,SB-DNS-03
  on node2 iptables -F FORWARD
  finds SB-NET-04 warn "Node node2" "the API server does not reach pod" "between the control plane and node2's pods"
  lacks SB-NET-04 "Node node1"
  [ "$(jq -r '.checks[] | select(.id == "SB-DNS-03") | .outcome' "$report")" = fail ]
  within 30 now_passes SB-NET-04,SB-DNS-03
}

@test "a disk, above the share that is asked for" {
  thresholds='{diskPercent: 1}' checks SB-NODE-10
  jq -e '[.checks[].findings[] | select(.object == "Node node1") | .evidence] | any(test("the file system of pods and logs, space: [0-9]+% used, .* left"))' "$report" >/dev/null ||
    fails "$(cat "$report")"
  now_passes SB-NODE-10
}

@test "DNS down; on one node" {
  kubectl -n kube-system scale deployment coredns --replicas=0 >/dev/null
  within 60 breaks SB-DNS-02 fail "Service kube-system/kube-dns" "Deployment coredns is scaled to 0" "kubectl -n kube-system scale deployment coredns --replicas=2"
  kubectl -n kube-system scale deployment coredns --replicas=1 >/dev/null
  within 60 breaks SB-DNS-02 warn "Service kube-system/kube-dns" "one ready endpoint"
  kubectl -n kube-system scale deployment coredns --replicas=2 >/dev/null
  within 60 now_passes SB-DNS-02,SB-DNS-03,SB-NET-07
}

@test "DNS whose upstream is not there" {
  local dns
  dns=$(kubectl -n kube-system get service kube-dns -o jsonpath='{.spec.clusterIP}')
  corefile "forward . 127.0.0.1:5300"
  dns_up
  within 60 timeout 2 busybox nslookup kubernetes.default.svc.cluster.local "$dns"
  now_passes SB-DNS-02
  asked_in_vain() {
    local i
    for i in 1 2 3 4 5 6 7 8; do timeout 2 busybox nslookup "shop$i.example" "$dns" || true; done
    checks SB-DNS-04
    jq -e 'any(.checks[].findings[]; .outcome == "fail" and (.object | startswith("Pod kube-system/coredns-")) and
      (.evidence | test("answers since its start were SERVFAIL; it forwards to 127.0.0.1:5300")) and (.fix | contains("dig @127.0.0.1:5300")))' "$report"
  }
  within 90 asked_in_vain
  corefile "forward . 192.0.2.53"
  dns_up
  within 30 now_passes SB-DNS-04
}

@test "the DNS Service at an address that kubelets do not tell of" {
  kubectl -n kube-system get service kube-dns -o json >"$BATS_TEST_TMPDIR/service.json"
  kubectl -n kube-system delete service kube-dns >/dev/null
  jq 'del(.spec.clusterIP, .spec.clusterIPs, .metadata.resourceVersion, .metadata.uid)' "$BATS_TEST_TMPDIR/service.json" | kubectl create -f - >/dev/null
  breaks SB-DNS-01 fail "Node node1" "while Service kube-system/kube-dns is at" "Set clusterDNS"
  finds SB-DNS-01 fail "Node node2" "its kubelet tells pods to ask $(jq -r .spec.clusterIP "$BATS_TEST_TMPDIR/service.json")"
  kubectl -n kube-system delete service kube-dns >/dev/null
  jq 'del(.metadata.resourceVersion, .metadata.uid)' "$BATS_TEST_TMPDIR/service.json" | kubectl create -f - >/dev/null
  within 30 now_passes SB-DNS-01,SB-DNS-02
}

@test "Services: without backends, with a port that the pods do not have" {
  kubectl create service clusterip lost --tcp=80 >/dev/null
  breaks SB-NET-07 warn "Service default/lost" "app=lost"
  kubectl delete service lost >/dev/null
  kubectl patch service web --type=json -p '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": "htpp"}]' >/dev/null
  breaks SB-NET-08 fail "Service default/web" "its targetPort htpp is no port of pod default/web-"
  kubectl patch service web --type=json -p '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": "http"}]' >/dev/null
  within 30 now_passes SB-NET-07,SB-NET-08
}

@test "egress blocked: an image that cannot be had" {
  kubectl run outside --image=192.0.2.1:5000/shop/web:1 --restart=Never >/dev/null
  within 90 breaks SB-NET-14 fail "Registry 192.0.2.1:5000" "pulls failed within the hour" "Let the nodes out to 192.0.2.1:5000"
  kubectl delete pod outside --force --grace-period=0 >/dev/null 2>&1
  kubectl delete events --all >/dev/null
  within 30 now_passes SB-NET-14
}

@test "a range of pods that is used up" {
  local plan=$RUN_DIR/nodes/node2/cni/pods.conflist
  cp "$plan" "$BATS_TEST_TMPDIR/plan"
  jq '.plugins[0].ipam.ranges[0][0] += {rangeStart: (.plugins[0].ipam.ranges[0][0].subnet | sub("0/24$"; "250")), rangeEnd: (.plugins[0].ipam.ranges[0][0].subnet | sub("0/24$"; "250"))}' \
    "$BATS_TEST_TMPDIR/plan" >"$plan"
  local i
  for i in 1 2 3; do
    kubectl run "full$i" --image=localhost/busybox:local --overrides='{"spec": {"nodeName": "node2", "terminationGracePeriodSeconds": 0}}' -- sleep 3600 >/dev/null
  done
  used_up() {
    checks SB-NET-06
    jq -e 'any(.checks[].findings[]; .outcome == "fail" and (.object | startswith("Pod default/full")) and (.evidence | contains("no IP addresses available")))' "$report"
  }
  within 60 used_up
  cp "$BATS_TEST_TMPDIR/plan" "$plan"
  kubectl delete pod full1 full2 full3 --force --grace-period=0 >/dev/null 2>&1
  kubectl delete events --all >/dev/null
}

@test "a network plug-in that is gone from a node" {
  local plan=$RUN_DIR/nodes/node2/cni/pods.conflist
  mv "$plan" "$BATS_TEST_TMPDIR/plan"
  within 60 breaks SB-NODE-01 fail "Node node2" "cni plugin not initialized" "network plug-in's pod on node2"
  cp "$BATS_TEST_TMPDIR/plan" "$plan"
  within 60 now_passes SB-NODE-01
}

@test "a node that loses its power: the report comes, and says so" {
  kill -9 "$(cat "$RUN_DIR/node2.pid")"
  within 90 breaks SB-NODE-01 fail "Node node2" "Kubelet stopped posting node status"
  checks nodes,dns,network
  finds SB-NODE-06 fail "Node node2" "the API server does not reach its kubelet"
  lacks SB-NODE-06 "Node node1"
  lacks SB-NET-02 "Node node1"
}
