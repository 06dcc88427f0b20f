#!/usr/bin/env bats
# `sonobuoy check` of DNS as objects tell of it: one thing broken at a time, found, mended. tests/nodes has a real one.
# bats file_tags=long
# shellcheck disable=SC2154
load check

setup_file() {
  cluster_up --no-controllers
  node worker-1
  node worker-2
  kubectl apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
  spec: {clusterIP: 10.96.0.10, selector: {k8s-app: kube-dns}, ports: [{name: dns, port: 53, protocol: UDP}]}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: coredns, namespace: kube-system}
  spec:
    replicas: 2
    selector: {matchLabels: {k8s-app: kube-dns}}
    template: {metadata: {labels: {k8s-app: kube-dns}}, spec: {containers: [{name: coredns, image: coredns}]}}
YAML
  corefile 'errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
    }
    forward . /etc/resolv.conf
    loop'
  slice true worker-1 true worker-2
}
teardown_file() { cluster_down; }

# corefile PLUGINS: of the block of "."
corefile() {
  kubectl -n kube-system create configmap coredns --from-literal=Corefile=".:53 {
    $1
}
" --dry-run=client -o yaml | kubectl apply -f - >/dev/null
}

# slice [READY NODE]...: the endpoints of kube-dns
slice() {
  jq -n '{apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4", ports: [{name: "dns", port: 53, protocol: "UDP"}],
    metadata: {name: "kube-dns", namespace: "kube-system", labels: {"kubernetes.io/service-name": "kube-dns"}},
    endpoints: [range(0; $ARGS.positional | length; 2) as $i | {addresses: ["10.244.1.\($i + 2)"], nodeName: $ARGS.positional[$i + 1],
      conditions: {ready: ($ARGS.positional[$i] == "true")}}]}' --args "$@" | kubectl apply -f - >/dev/null
}

@test "sound: nothing fails, and what only servers tell is unknown" {
  no_fail dns
  [ "$(jq -r '[.checks[] | .id + " " + .outcome] | join(", ")' "$report")" = \
    "SB-DNS-01 pass, SB-DNS-02 pass, SB-DNS-03 unknown, SB-DNS-04 unknown, SB-DNS-05 pass" ] || fails "$(jq -c .checks "$report")"
}

@test "no endpoint: scaled to 0, or pods that are not ready; one; all on one node" {
  slice false worker-1
  kubectl -n kube-system scale deployment coredns --replicas=0 >/dev/null
  breaks SB-DNS-02 fail "Service kube-system/kube-dns" "Deployment coredns is scaled to 0" "kubectl -n kube-system scale deployment coredns --replicas=2"
  kubectl -n kube-system scale deployment coredns --replicas=2 >/dev/null
  kubectl -n kube-system run coredns-1 --image=coredns --labels=k8s-app=kube-dns >/dev/null
  breaks SB-DNS-02 fail "Service kube-system/kube-dns" "no ready endpoint, of 1 pods" "kubectl -n kube-system describe pod coredns-1"
  kubectl -n kube-system delete pod coredns-1 --force --grace-period=0 >/dev/null 2>&1
  slice true worker-1 false worker-2
  breaks SB-DNS-02 warn "Service kube-system/kube-dns" "one ready endpoint" "--replicas=2"
  slice true worker-1 true worker-1
  breaks SB-DNS-02 warn "Service kube-system/kube-dns" "2 ready endpoints are on one node" "topologySpreadConstraints"
  slice true worker-1 true worker-2
  now_passes SB-DNS-02
}

@test "a Corefile without the cluster, without the world, in circles, or that is none" {
  corefile 'forward . 192.0.2.53'
  breaks SB-DNS-05 fail "ConfigMap kube-system/coredns" "has no kubernetes" "kubernetes cluster.local"
  corefile 'kubernetes cluster.local'
  breaks SB-DNS-05 warn "ConfigMap kube-system/coredns" "has no forward" "forward . /etc/resolv.conf"
  corefile 'kubernetes cluster.local
    forward . /etc/resolv.conf'
  breaks SB-DNS-05 warn "ConfigMap kube-system/coredns" "without loop" "Add loop"
  corefile 'kubernetes cluster.local
    forward . 10.96.0.10'
  breaks SB-DNS-05 fail "ConfigMap kube-system/coredns" "forwards to 10.96.0.10, which is the DNS Service itself"
  corefile 'kubernetes cluster.local {'
  breaks SB-DNS-05 fail "ConfigMap kube-system/coredns" "ends within a block"
  corefile 'kubernetes cluster.local
    forward . 192.0.2.53'
  now_passes SB-DNS-05
}

@test "no Service of DNS: one failure, and unknowns that name it" {
  kubectl -n kube-system delete service kube-dns >/dev/null
  checks dns
  finds SB-DNS-01 fail '' "there is no Service kube-system/kube-dns" "Deploy CoreDNS"
  [ "$(jq -r '[.checks[] | select(.outcome == "unknown") | .findings[0].evidence] | unique | join(", ")' "$report")" = "the cluster has no DNS Service (SB-DNS-01)" ]
  # One of another name is known by its label.
  kubectl -n kube-system create service clusterip rke2-coredns --clusterip=None --tcp=53 >/dev/null
  kubectl -n kube-system label service rke2-coredns k8s-app=kube-dns >/dev/null
  breaks SB-DNS-01 fail "Service kube-system/rke2-coredns" "headless"
}
