#!/usr/bin/env bats
# `sonobuoy check` of the network as objects tell of it: one thing broken at a time, found, mended.
# bats file_tags=long
# shellcheck disable=SC2154
load check

setup_file() {
  cluster_up --no-controllers -- --advertise-address=192.0.2.100
  node worker-1
  node worker-2
  kubectl create namespace shop >/dev/null
  # A shop that is sound.
  kubectl apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: web-1, namespace: shop, labels: {app: web}}
  spec: {nodeName: worker-1, containers: [{name: web, image: web, ports: [{name: http, containerPort: 8080}]}]}
- apiVersion: v1
  kind: Service
  metadata: {name: web, namespace: shop}
  spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
- apiVersion: discovery.k8s.io/v1
  kind: EndpointSlice
  addressType: IPv4
  metadata: {name: web, namespace: shop, labels: {kubernetes.io/service-name: web}}
  ports: [{name: http, port: 8080}]
  endpoints: [{addresses: [10.244.1.5], conditions: {ready: true}, nodeName: worker-1}]
- apiVersion: networking.k8s.io/v1
  kind: IngressClass
  metadata: {name: nginx, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
  spec: {controller: k8s.io/ingress-nginx}
- apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata: {name: web, namespace: shop}
  spec:
    ingressClassName: nginx
    tls: [{hosts: [shop.example], secretName: web-tls}]
    rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]
YAML
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$BATS_FILE_TMPDIR/key" -out "$BATS_FILE_TMPDIR/crt" -subj /CN=shop.example -days 90 2>/dev/null
  kubectl -n shop create secret tls web-tls --cert="$BATS_FILE_TMPDIR/crt" --key="$BATS_FILE_TMPDIR/key" >/dev/null
  kubectl -n shop patch ingress web --subresource=status --type=merge -p '{"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.200"}]}}}' >/dev/null
  pod_ready web-1 True
}
teardown_file() { cluster_down; }

# pod_ready NAME STATUS
pod_ready() {
  kubectl -n shop patch pod "$1" --subresource=status --type=merge -p '{"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "'"$2"'"}]}}' >/dev/null
}

# slice_ready NAME READY
slice_ready() {
  kubectl -n shop patch endpointslice "$1" --type=json -p '[{"op": "replace", "path": "/endpoints/0/conditions/ready", "value": '"$2"'}]' >/dev/null
}

# event NAME REASON MESSAGE [TYPE]: of pod shop/web-1, just now
event() {
  jq -n --arg name "$1" --arg reason "$2" --arg message "$3" --arg type "${4:-Warning}" --arg now "$(date -u -d "${5:-now}" +%FT%TZ)" '{apiVersion: "v1", kind: "Event",
    metadata: {name: $name, namespace: "shop"}, involvedObject: {kind: "Pod", namespace: "shop", name: "web-1"}, reason: $reason, message: $message,
    type: $type, count: 3, firstTimestamp: $now, lastTimestamp: $now, source: {component: "kubelet"}}' | kubectl create -f - >/dev/null
}

@test "sound: nothing fails or warns" {
  no_fail network
  [ "$(jq '.summary.warn' "$report")" = 0 ] || fails "$(jq -c '.checks[] | select(.outcome == "warn")' "$report")"
  [ "$(jq -r '[.checks[] | select(.outcome == "unknown") | .id] | join(" ")' "$report")" = "SB-NET-02 SB-NET-05" ] || fails "$(jq -c '.checks[] | select(.outcome == "unknown")' "$report")"
}

@test "pod CIDRs that overlap, too small ones, none, a node within them" {
  node worker-7 '{"spec": {"podCIDR": "10.244.1.128/25", "podCIDRs": ["10.244.1.128/25"]}}'
  breaks SB-NET-01 fail "Node worker-7" "its pods' range 10.244.1.128/25 overlaps 10.244.1.0/24 of node worker-1" "Drain worker-7"
  lacks SB-NET-01 "Node worker-2"
  kubectl delete node worker-7 >/dev/null
  node worker-6 '{"spec": {"podCIDR": "10.244.6.0/26", "podCIDRs": ["10.244.6.0/26", "fd00:6::/64"]}}'
  breaks SB-NET-01 warn "Node worker-6" "it takes 110 pods, while its range 10.244.6.0/26 has addresses for 61" "Lower maxPods"
  node_status worker-6 '{"addresses": [{"type": "InternalIP", "address": "10.244.2.9"}], "capacity": {"pods": "30"}}'
  breaks SB-NET-01 fail "Node worker-6" "its own address 10.244.2.9 is in the range 10.244.2.0/24 of the pods of node worker-2"
  node_status worker-6 '{"addresses": [{"type": "InternalIP", "address": "10.96.0.77"}]}'
  breaks SB-NET-01 fail "Node worker-6" "its own address 10.96.0.77 is in the range 10.96.0.0/16 of Services"
  kubectl delete node worker-6 >/dev/null
  node worker-5 '{"spec": {"podCIDR": null, "podCIDRs": null}}'
  breaks SB-NET-01 warn "Node worker-5" "was given no range for its pods, as 2 of 3 nodes were" "CIDRNotAvailable"
  kubectl delete node worker-5 >/dev/null
  node worker-8 '{"spec": {"podCIDR": "10.96.8.0/24", "podCIDRs": ["10.96.8.0/24"]}}'
  breaks SB-NET-01 fail "ServiceCIDR kubernetes" "its range 10.96.0.0/16 overlaps 10.96.8.0/24 of the pods of node worker-8"
  kubectl delete node worker-8 >/dev/null
  now_passes SB-NET-01
}

# The server puts them back every 10 s.
no_api_endpoints() {
  kubectl -n default patch endpointslice kubernetes --type=merge -p '{"endpoints": []}' >/dev/null
  breaks SB-NET-03 fail "Service default/kubernetes" "no ready endpoint: no pod reaches the API server" "--advertise-address"
}

@test "the API's own Service without endpoints" {
  within 30 no_api_endpoints
  within 30 now_passes SB-NET-03
}

@test "a network plug-in that is not ready on a node" {
  kubectl -n kube-system create -f - >/dev/null <<'YAML'
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: calico-node}}
  template: {metadata: {labels: {k8s-app: calico-node}}, spec: {containers: [{name: calico, image: calico}]}}
YAML
  daemon_status 2 1
  breaks SB-NET-05 fail "DaemonSet kube-system/calico-node" "1 of 2 ready" "grep calico-node"
  daemon_status 2 2
  now_passes SB-NET-05
}

daemon_status() {
  kubectl -n kube-system patch daemonset calico-node --subresource=status --type=merge -p '{"status": {"desiredNumberScheduled": '"$1"', "numberReady": '"$2"',
    "currentNumberScheduled": '"$1"', "numberMisscheduled": 0}}' >/dev/null
}

@test "pods without a network, and without addresses" {
  event sandbox FailedCreatePodSandBox 'Failed to create pod sandbox: plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized'
  breaks SB-NET-06 warn "Pod shop/web-1" "FailedCreatePodSandBox, 3 times, last 0 min ago: Failed to create pod sandbox" "network plug-in's log"
  kubectl -n shop delete event sandbox >/dev/null
  event sandbox FailedCreatePodSandBox 'failed to allocate for range 0: no IP addresses available in range set: 10.244.1.1-10.244.1.254'
  breaks SB-NET-06 fail "Pod shop/web-1" "no IP addresses available" "There are no more addresses"
  kubectl -n shop delete event sandbox >/dev/null
  event sandbox FailedCreatePodSandBox 'Failed to create pod sandbox' Warning "2 hours ago"
  now_passes SB-NET-06
}

@test "a Service without backends: nothing selected, nothing ready, slices that lag" {
  kubectl -n shop create service clusterip lost --tcp=80 >/dev/null
  breaks SB-NET-07 warn "Service shop/lost" "no pod has its selector's labels, app=lost" "kubectl -n shop get pods --show-labels"
  lacks SB-NET-07 "Service shop/web"
  kubectl -n shop delete service lost >/dev/null
  pod_ready web-1 False
  slice_ready web false
  breaks SB-NET-07 fail "Service shop/web" "none of its 1 pods is ready" "kubectl -n shop describe pod web-1"
  pod_ready web-1 True
  breaks SB-NET-07 fail "Service shop/web" "though 1 of its pods are ready" "EndpointSlice controller does not act"
  slice_ready web true
  now_passes SB-NET-07
}

@test "a targetPort that the pods do not have" {
  kubectl -n shop patch service web --type=json -p '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": "htpp"}]' >/dev/null
  breaks SB-NET-08 fail "Service shop/web" "its targetPort htpp is no port of pod shop/web-1" "kubectl -n shop edit service web"
  kubectl -n shop patch service web --type=json -p '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": "http"}]' >/dev/null
  now_passes SB-NET-08
}

@test "a load balancer that gets no address" {
  kubectl -n shop create service loadbalancer front --tcp=80 >/dev/null
  kubectl -n shop patch service front -p '{"spec": {"selector": null}}' >/dev/null
  breaks SB-NET-09 fail "Service shop/front" "waited for 0 min for an address of a load balancer" "kubectl -n shop describe service front"
  kubectl -n shop patch service front --subresource=status --type=merge -p '{"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.201"}]}}}' >/dev/null
  now_passes SB-NET-09
  kubectl -n shop delete service front >/dev/null
}

@test "two default IngressClasses" {
  kubectl create -f - >/dev/null <<'YAML'
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: other, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}, spec: {controller: x/y}}
YAML
  breaks SB-NET-10 fail '' "2 classes are the default one: nginx, other" "kubectl annotate ingressclass"
  kubectl delete ingressclass other >/dev/null
  now_passes SB-NET-10
}

# ingress JSON-PATCH: of shop/web; the whole object comes back by mend_ingress
ingress() { kubectl -n shop patch ingress web --type=json -p "$1" >/dev/null; }

@test "an Ingress without class, backend, port, Secret, controller" {
  ingress '[{"op": "replace", "path": "/spec/ingressClassName", "value": "gone"}]'
  breaks SB-NET-11 fail "Ingress shop/web" "its class gone is not there" "kubectl get ingressclass"
  ingress '[{"op": "remove", "path": "/spec/ingressClassName"}]'
  breaks SB-NET-11 warn "Ingress shop/web" "it names no class"
  ingress '[{"op": "add", "path": "/spec/ingressClassName", "value": "nginx"}]'
  now_passes SB-NET-11
  ingress '[{"op": "replace", "path": "/spec/rules/0/http/paths/0/backend/service/name", "value": "gone"}]'
  breaks SB-NET-11 fail "Ingress shop/web" "its backend, Service gone, is not there" "kubectl -n shop get services"
  ingress '[{"op": "replace", "path": "/spec/rules/0/http/paths/0/backend/service", "value": {"name": "web", "port": {"number": 81}}}]'
  breaks SB-NET-11 fail "Ingress shop/web" "Service web, has no port 81" "kubectl -n shop get service web"
  ingress '[{"op": "replace", "path": "/spec/rules/0/http/paths/0/backend/service/port/number", "value": 80}]'
  ingress '[{"op": "replace", "path": "/spec/tls/0/secretName", "value": "gone-tls"}]'
  breaks SB-NET-11 fail "Ingress shop/web" "its TLS Secret gone-tls is not there" "kubectl -n shop create secret tls gone-tls"
  ingress '[{"op": "replace", "path": "/spec/tls/0/secretName", "value": "web-tls"}]'
  kubectl -n shop patch ingress web --subresource=status --type=merge -p '{"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.200", "ports": [{"port": 443, "protocol": "TCP", "error": "example.org/QuotaExceeded"}]}]}}}' >/dev/null
  breaks SB-NET-11 fail "Ingress shop/web" "its load balancer does not serve port 443: example.org/QuotaExceeded" "kubectl -n shop describe ingress web"
  kubectl -n shop patch ingress web --subresource=status --type=merge -p '{"status": {"loadBalancer": {"ingress": null}}}' >/dev/null
  breaks SB-NET-11 warn "Ingress shop/web" "no controller has given it an address" "controller of class nginx"
  kubectl -n shop patch ingress web --subresource=status --type=merge -p '{"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.200"}]}}}' >/dev/null
  now_passes SB-NET-11
}

# definition GROUP KIND PLURAL SCOPE: a resource definition without a schema
definition() {
  jq -n --arg group "$1" --arg kind "$2" --arg plural "$3" --arg scope "$4" '{apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition",
    metadata: {name: ($plural + "." + $group), annotations: {"api-approved.kubernetes.io": "unapproved, a test"}},
    spec: {group: $group, scope: $scope, names: {kind: $kind, plural: $plural}, versions: [{name: "v1", served: true, storage: true, subresources: {status: {}},
      schema: {openAPIV3Schema: {type: "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}' | kubectl create -f - >/dev/null
}

# status_of KIND NAME JSON
status_of() { kubectl -n shop patch "$1" "$2" --subresource=status --type=merge -p "{\"status\": $3}" >/dev/null; }

@test "Gateways that are not programmed, routes that are not taken" {
  local group=gateway.networking.k8s.io
  definition $group GatewayClass gatewayclasses Cluster
  definition $group Gateway gateways Namespaced
  definition $group HTTPRoute httproutes Namespaced
  kubectl wait --for=condition=Established crd --all --timeout=30s >/dev/null
  within 20 kubectl get gateways,httproutes,gatewayclasses -A
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec: {gatewayClassName: edge}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {parentRefs: [{name: front}]}
YAML
  breaks SB-NET-12 fail "Gateway shop/front" "its class edge is not there" "kubectl get gatewayclass"
  breaks SB-NET-13 warn "HTTPRoute shop/web" "no Gateway has taken it"
  kubectl create -f - >/dev/null <<<'{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "edge"}, "spec": {"controllerName": "x.y/z"}}'
  breaks SB-NET-12 fail "Gateway shop/front" "no controller has programmed it" "controller of class edge"
  status_of gateway front '{"conditions": [{"type": "Accepted", "status": "True", "reason": "Accepted"}, {"type": "Programmed", "status": "False", "reason": "AddressNotAssigned", "message": "no address"}]}'
  breaks SB-NET-12 fail "Gateway shop/front" "Programmed is False: AddressNotAssigned: no address" "kubectl describe gateway"
  status_of gateway front '{"conditions": [{"type": "Accepted", "status": "True", "reason": "Accepted"}, {"type": "Programmed", "status": "True", "reason": "Programmed"}]}'
  now_passes SB-NET-12
  status_of httproute web '{"parents": [{"conditions": [{"type": "Accepted", "status": "True"}, {"type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound", "message": "service web2"}]}]}'
  breaks SB-NET-13 fail "HTTPRoute shop/web" "ResolvedRefs is False: BackendNotFound: service web2" "backendRefs"
  status_of httproute web '{"parents": [{"conditions": [{"type": "Accepted", "status": "True"}, {"type": "ResolvedRefs", "status": "True"}]}]}'
  now_passes SB-NET-13
  kubectl delete crd gateways.$group httproutes.$group gatewayclasses.$group >/dev/null
}

@test "pulls that fail: the way out, a certificate, credentials, limits, by registry" {
  event a Failed 'Failed to pull image "registry.example:5000/shop/web:1": failed to do request: Head "https://registry.example:5000/v2/shop/web/manifests/1": dial tcp 192.0.2.9:5000: i/o timeout'
  breaks SB-NET-14 fail "Registry registry.example:5000" "not reached from the node: egress is blocked: 3 pulls failed" "Let the nodes out to registry.example:5000"
  event b Pulled 'Successfully pulled image "registry.example:5000/shop/web:1" in 1.2s (1.2s including waiting). Image size: 1 bytes.' Normal
  breaks SB-NET-14 warn "Registry registry.example:5000" "3 pulls worked"
  kubectl -n shop delete events a b >/dev/null
  event a Failed 'Failed to pull image "nginx": toomanyrequests: You have reached your pull rate limit.'
  breaks SB-NET-14 warn "Registry docker.io" "it limits how much is pulled" "Log in at docker.io"
  event b Failed 'Failed to pull image "ghcr.io/a/b:1": failed to authorize: unexpected status: 401 unauthorized'
  breaks SB-NET-14 warn "Registry ghcr.io" "it wants credentials" "--docker-server=ghcr.io"
  finds SB-NET-14 warn "Registry docker.io" "3 pulls failed"
  event c Failed 'Failed to pull image "hub.example/b:1": tls: failed to verify certificate: x509: certificate signed by unknown authority'
  breaks SB-NET-14 fail "Registry hub.example" "not trusted by the node" "CA of hub.example"
  event d Failed 'Failed to pull image "gone.example/b:1": dial tcp: lookup gone.example: no such host'
  breaks SB-NET-14 fail "Registry gone.example" "does not resolve" "/etc/resolv.conf"
  kubectl -n shop delete events --all >/dev/null
  now_passes SB-NET-14
}

@test "policies that cut pods from DNS" {
  kubectl -n shop create -f - >/dev/null <<'YAML'
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny}, spec: {podSelector: {}, policyTypes: [Egress]}}
YAML
  breaks SB-NET-15 fail "NetworkPolicy shop/deny" "it cuts 1 pod from DNS, web-1 for one" "kubernetes.io/metadata.name: kube-system"
  # TCP alone is not enough, and other pods' permission is not theirs.
  kubectl -n shop create -f - >/dev/null <<'YAML'
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: allow}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: 53}]}]}}
YAML
  breaks SB-NET-15 fail "NetworkPolicy shop/allow" "allows UDP port 53"
  kubectl -n shop patch networkpolicy allow -p '{"spec": {"podSelector": {"matchLabels": {"app": "other"}}, "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]}}' >/dev/null
  breaks SB-NET-15 fail "NetworkPolicy shop/deny" "it cuts 1 pod"
  # To the right namespace, or to another one.
  kubectl -n shop patch networkpolicy allow --type=json -p '[{"op": "replace", "path": "/spec/podSelector", "value": {}},
    {"op": "add", "path": "/spec/egress/0/to", "value": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "dns"}}}]}]' >/dev/null
  breaks SB-NET-15 fail "NetworkPolicy shop/deny" "it cuts 1 pod"
  kubectl -n shop patch networkpolicy allow --type=json -p '[{"op": "replace", "path": "/spec/egress/0/to/0/namespaceSelector/matchLabels", "value": {"kubernetes.io/metadata.name": "kube-system"}}]' >/dev/null
  now_passes SB-NET-15
  kubectl -n shop delete networkpolicy deny allow >/dev/null
}

@test "a range of Services that is nearly used" {
  kubectl create -f - >/dev/null <<'YAML'
{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: small}, spec: {cidrs: [10.97.0.0/29]}}
YAML
  local i
  for i in 1 2 3 4 5 6; do # the server takes its time to know of the range
    within 20 kubectl -n shop create service clusterip "s$i" --clusterip="10.97.0.$i" --tcp=80
  done
  breaks SB-NET-16 fail "ServiceCIDR small" "6 of the 6 addresses of 10.97.0.0/29 are used (100%)" "add a ServiceCIDR"
  lacks SB-NET-16 "ServiceCIDR kubernetes"
  kubectl -n shop delete service s1 s2 >/dev/null
  now_passes SB-NET-16
  kubectl -n shop delete service s3 s4 s5 s6 >/dev/null
  kubectl delete servicecidr small --wait=false >/dev/null
}
