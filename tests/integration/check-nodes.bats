#!/usr/bin/env bats
# `sonobuoy check` of nodes: one thing broken at a time, found, mended. Nodes are objects here; tests/nodes has real ones.
# bats file_tags=long
# shellcheck disable=SC2154
load check

setup_file() {
  cluster_up --no-controllers
  node worker-1
  node worker-2
}
teardown_file() {
  "$cluster/proxy" down "$cluster_name"
  cluster_down
}

setup() {
  beats worker-1
  beats worker-2
}

@test "sound nodes: nothing fails but that no kubelet is there" {
  checks nodes
  [ "$(jq -r '[.checks[] | select(.outcome == "fail") | .id] | join(" ")' "$report")" = SB-NODE-06 ] || fails "$(jq -c .checks "$report")"
  finds SB-NODE-06 fail "Node worker-1" "does not reach its kubelet"
  # What only kubelets tell is not known, and no failure.
  [ "$(jq -r '[.checks[] | select(.outcome == "unknown") | .id] | join(" ")' "$report")" = \
    "SB-NODE-07 SB-NODE-08 SB-NODE-10 SB-NODE-11 SB-NODE-12" ]
}

@test "not ready: with its reason, and advice by the reason" {
  condition worker-1 Ready False KubeletNotReady "container runtime network not ready: cni plugin not initialized"
  breaks SB-NODE-01 fail "Node worker-1" "Ready is False for 0 min: KubeletNotReady: container runtime network not ready" "network plug-in's pod on worker-1"
  lacks SB-NODE-01 "Node worker-2"
  condition worker-1 Ready Unknown NodeStatusUnknown "Kubelet stopped posting node status."
  breaks SB-NODE-01 fail "Node worker-1" "Kubelet stopped posting" "Is worker-1 up"
  condition worker-1 Ready True KubeletReady
  now_passes SB-NODE-01
}

@test "a Lease that is not renewed, of a node that is still Ready" {
  beats worker-1 "100 seconds ago"
  breaks SB-NODE-04 fail "Node worker-1" "but its Lease was last renewed" "systemctl status kubelet"
  lacks SB-NODE-04 "Node worker-2"
  kubectl -n kube-node-lease delete lease worker-1 >/dev/null
  breaks SB-NODE-04 warn "Node worker-1" "there is no Lease kube-node-lease/worker-1"
  kubectl -n kube-node-lease create -f - >/dev/null <<<'{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "worker-1"}, "spec": {"leaseDurationSeconds": 40}}'
  beats worker-1
  now_passes SB-NODE-04
}

@test "pressure, a network that is not there, what node-problem-detector sees" {
  condition worker-1 MemoryPressure True KubeletHasInsufficientMemory "kubelet has insufficient memory available"
  breaks SB-NODE-02 fail "Node worker-1" "MemoryPressure: KubeletHasInsufficientMemory" "kubectl top"
  condition worker-1 MemoryPressure False ok
  condition worker-1 DiskPressure True KubeletHasDiskPressure
  breaks SB-NODE-02 fail "Node worker-1" "DiskPressure"
  condition worker-1 DiskPressure False ok
  condition worker-2 NetworkUnavailable True NoRouteCreated
  breaks SB-NODE-02 fail "Node worker-2" "NetworkUnavailable: NoRouteCreated" "network plug-in or the cloud's routes"
  lacks SB-NODE-02 "Node worker-1"
  condition worker-2 NetworkUnavailable False ok
  condition worker-2 ReadonlyFilesystem True FilesystemIsReadOnly
  breaks SB-NODE-02 warn "Node worker-2" "ReadonlyFilesystem" "journalctl -k"
  condition worker-2 ReadonlyFilesystem False ok
  # Of others nobody knows which way is good.
  condition worker-2 EtcdIsVoter True MemberNotLearner
  now_passes SB-NODE-02
}

@test "cordoned" {
  kubectl cordon worker-1 >/dev/null
  breaks SB-NODE-03 warn "Node worker-1" "cordoned" "kubectl uncordon worker-1"
  kubectl cordon worker-2 >/dev/null
  breaks SB-NODE-05 fail '' "each of the 2 nodes is cordoned or has a taint"
  kubectl uncordon worker-1 worker-2 >/dev/null
  now_passes SB-NODE-03,SB-NODE-05
}

@test "taints: no cloud controller, a controller that does not act, out of service" {
  kubectl taint node worker-1 node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule >/dev/null
  breaks SB-NODE-05 fail "Node worker-1" "waits for a cloud controller manager" "controller manager"
  kubectl taint node worker-1 node.cloudprovider.kubernetes.io/uninitialized- node.kubernetes.io/not-ready:NoExecute >/dev/null
  breaks SB-NODE-05 fail "Node worker-1" "still has the taint node.kubernetes.io/not-ready" "kubectl taint node worker-1 node.kubernetes.io/not-ready:NoExecute-"
  kubectl taint node worker-1 node.kubernetes.io/not-ready- node.kubernetes.io/out-of-service:NoExecute >/dev/null
  breaks SB-NODE-05 warn "Node worker-1" "out of service"
  kubectl taint node worker-1 node.kubernetes.io/out-of-service- >/dev/null
  now_passes SB-NODE-05
}

@test "a kernel, a runtime that is another than its pool's" {
  node worker-3
  node_status worker-3 '{"nodeInfo": {"kernelVersion": "4.18.0"}}'
  breaks SB-NODE-09 warn "Node worker-3" "kernelVersion is 4.18.0; of most of its pool: linux/amd64 it is 6.1.0"
  # Of a pool of its own it is not odd.
  kubectl label node worker-3 karpenter.sh/nodepool=old >/dev/null
  now_passes SB-NODE-09
  node_status worker-3 '{"nodeInfo": {"containerRuntimeVersion": "docker://20.10.7"}}'
  breaks SB-NODE-09 warn "Node worker-3" "docker://20.10.7: kubelets take it only by cri-dockerd" "Drain worker-3"
  kubectl delete node worker-3 >/dev/null
  kubectl -n kube-node-lease delete lease worker-3 >/dev/null
  now_passes SB-NODE-09
}

@test "one control-plane node, one zone, nodes that the cloud does not know" {
  now_passes SB-NODE-15
  kubectl label node worker-1 node-role.kubernetes.io/control-plane= topology.kubernetes.io/zone=a >/dev/null
  breaks SB-NODE-15 warn '' "1 control-plane node: the cluster cannot be changed while it is down" "three control-plane nodes"
  finds SB-NODE-15 warn "Node worker-2" "no label topology.kubernetes.io/zone, which 1 of 2 nodes have"
  kubectl label node worker-1 node-role.kubernetes.io/control-plane- >/dev/null
  node worker-3 '{"spec": {"providerID": "cloud:///3"}}'
  kubectl label node worker-2 worker-3 topology.kubernetes.io/zone=a >/dev/null
  breaks SB-NODE-15 warn '' "all 3 nodes are in one zone"
  finds SB-NODE-15 warn "Node worker-2" "no spec.providerID"
  kubectl delete node worker-3 >/dev/null
  kubectl -n kube-node-lease delete lease worker-3 >/dev/null
  kubectl label node worker-1 worker-2 topology.kubernetes.io/zone- >/dev/null
  now_passes SB-NODE-15
}

@test "a node's clock that is ahead, by its Lease" {
  beats worker-2 "now + 20 seconds"
  breaks SB-NODE-14 warn "Node worker-2" "s ahead of the API server's (renewTime of its Lease)" "chrony"
  beats worker-2 "now + 100 seconds"
  breaks SB-NODE-14 fail "Node worker-2" "s ahead of the API server's"
  lacks SB-NODE-14 "Node worker-1"
  beats worker-2
  now_passes SB-NODE-14
}

# at WHEN: as the Date of an answer
at() { LC_ALL=C date -u -d "$1" '+%a, %d %b %Y %T GMT'; }

@test "the API server's clock and this machine's" {
  cluster_by_proxy
  fault GET ^/version "answer=Date:$(at '10 seconds ago')"
  breaks SB-NODE-14 warn "API server" "s behind this machine's (Date of its answer)" chrony
  "$cluster/proxy" clear "$cluster_name"
  fault GET ^/version "answer=Date:$(at 'now + 100 seconds')"
  breaks SB-NODE-14 fail "API server" "s ahead of this machine's"
  # By that clock nobody else's is ahead.
  lacks SB-NODE-14 "Node worker-1"
  "$cluster/proxy" clear "$cluster_name"
  now_passes SB-NODE-14
}

# request NAME SIGNER USAGES: a kubelet's request for a certificate
request() {
  openssl req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj "/O=system:nodes/CN=system:node:worker-1" -addext subjectAltName=DNS:worker-1 2>/dev/null |
    jq -Rs --arg name "$1" --arg signer "$2" --argjson usages "$3" '{apiVersion: "certificates.k8s.io/v1", kind: "CertificateSigningRequest", metadata: {name: $name},
      spec: {request: @base64, signerName: $signer, usages: $usages}}' | kubectl create -f - >/dev/null
}

@test "requests for certificates that wait, or were denied" {
  request csr-serving kubernetes.io/kubelet-serving '["digital signature", "server auth"]'
  breaks SB-NODE-13 warn "CertificateSigningRequest csr-serving" "has been pending for 0 min: its logs and exec will stop" "kubectl certificate approve csr-serving"
  request csr-client kubernetes.io/kube-apiserver-client-kubelet '["digital signature", "client auth"]'
  breaks SB-NODE-13 fail "CertificateSigningRequest csr-client" "the node cannot join" "kubectl certificate approve csr-client"
  kubectl certificate deny csr-client >/dev/null
  breaks SB-NODE-13 fail "CertificateSigningRequest csr-client" "was denied" "kubectl delete csr csr-client"
  kubectl delete csr csr-client >/dev/null
  kubectl certificate approve csr-serving >/dev/null
  now_passes SB-NODE-13
}

@test "rights: without nodes/proxy it is unknown, once, and no failure" {
  kubectl create clusterrole nodes-viewer --verb=get,list --resource=nodes >/dev/null
  kubectl create clusterrolebinding nodes-viewer --clusterrole=nodes-viewer --user=limited >/dev/null
  kubectl config view --raw -o json | jq '.users[0].user = {token: "limited-token"}' >"$BATS_TEST_TMPDIR/limited"
  checks SB-NODE-06,SB-NODE-08,SB-NODE-13 --kubeconfig "$BATS_TEST_TMPDIR/limited"
  jq -e 'all(.checks[]; .outcome == "unknown" and (.findings | length) == 1)' "$report" >/dev/null || fails "$(jq -c .checks "$report")"
  finds SB-NODE-06 unknown '' 'cannot get resource "nodes/proxy"'
  finds SB-NODE-13 unknown '' "certificatesigningrequests.certificates.k8s.io could not be read"
}
