#!/usr/bin/env bats
# `sonobuoy check`, area api: certificates, credentials, kinds that are dead, what cannot be deleted, errors, load.
# bats file_tags=long
# shellcheck disable=SC2016,SC2030,SC2031,SC2094,SC2119,SC2120,SC2143,SC2034,SC2154
load check
thresholds='{}'

setup_file() { cluster_up; }
teardown_file() {
  "$cluster/proxy" down "$cluster_name"
  cluster_down
}

# Thresholds for what would take minutes otherwise.
at_once() {
  thresholds='{stuckMinutes: 0}' checks "$@"
}

# leaf_of DAYS NAME SUBJECT EXTENSION: a certificate of the cluster's authority
leaf_of() (
  # shellcheck source=tests/cluster/credentials.sh
  . "$cluster/credentials.sh"
  RUN=$RUN_DIR DAYS=$1
  leaf "$2" ca "$3" "$4"
)

# definition GROUP PLURAL KIND [JQ]: applies a CustomResourceDefinition
definition() {
  jq -n --arg group "$1" --arg plural "$2" --arg kind "$3" '
    def version($name): {name: $name, served: true, storage: ($name == "v1"), schema: {openAPIV3Schema: {type: "object", "x-kubernetes-preserve-unknown-fields": true}}};
    {apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: {name: "\($plural).\($group)"},
      spec: {group: $group, scope: "Namespaced", names: {kind: $kind, plural: $plural}, versions: [version("v1"), version("v2")]}} | '"${4-.}" |
    kubectl apply -f - >/dev/null
}

@test "a sound cluster fails in nothing, in time" {
  checks api
  jq -e '.summary.fail == 0 and .summary.warn == 0' "$report"
  # Objects are counted within a minute, and by this API server's way not with an etcd as old as this one.
  jq -e 'all(.checks[]; .outcome == "pass" or .id == "SB-API-15")' "$report"
}

@test "the serving certificate ends soon" {
  local names='subjectAltName=IP:127.0.0.1,DNS:localhost'
  leaf_of 20 apiserver /CN=kube-apiserver "$names"
  within 60 eval 'checks SB-API-04 && finds SB-API-04 warn "$SERVER" "the serving certificate (CN=kube-apiserver) ends in 19 days" "kubeadm certs renew apiserver"'
  leaf_of 3 apiserver /CN=kube-apiserver "$names"
  within 60 eval 'checks SB-API-04 && finds SB-API-04 fail "$SERVER" "ends in 2 days"'
  leaf_of 365 apiserver /CN=kube-apiserver "$names"
  within 60 now_passes SB-API-04
  kubectl config view --raw -o json | jq '.clusters[0].cluster |= {server, "insecure-skip-tls-verify": true}' >"$BATS_TEST_TMPDIR/insecure"
  KUBECONFIG=$BATS_TEST_TMPDIR/insecure checks SB-API-04
  finds SB-API-04 warn "$SERVER" "insecure-skip-tls-verify is set" "certificate-authority-data"
}

@test "one's own certificate and token end soon" {
  cd "$BATS_TEST_TMPDIR" || return
  mkdir ca
  touch ca/index
  echo 77 >ca/serial
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=ca/index\nserial=ca/serial\nnew_certs_dir=ca\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\norganizationName=supplied\ncommonName=supplied\n[x]\nextendedKeyUsage=clientAuth\n' >ca.cnf
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /O=system:masters/CN=me -out csr 2>/dev/null
  ends_in() {
    openssl ca -config ca.cnf -extensions x -batch -cert "$RUN_DIR/pki/ca.crt" -keyfile "$RUN_DIR/pki/ca.key" -in csr -notext -out crt \
      -startdate "$(date -u -d -300days +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "+$1" +%Y%m%d%H%M%SZ)" 2>/dev/null
    kubectl config view --raw -o json --kubeconfig "$RUN_DIR/kubeconfig" |
      jq --arg crt "$(base64 -w0 crt)" --arg key "$(base64 -w0 key)" '.users[0].user = {"client-certificate-data": $crt, "client-key-data": $key}' >config
  }
  ends_in "20days 1hour"
  KUBECONFIG=config checks SB-API-05
  finds SB-API-05 warn "context test of config" "the client certificate (CN=me,O=system:masters) ends in 20 days" "admin.conf"
  ends_in "3days 1hour"
  KUBECONFIG=config checks SB-API-05
  finds SB-API-05 fail "context test of config" "ends in 3 days"
  ends_in 300days
  KUBECONFIG=config checks SB-API-05
  passes SB-API-05
  # A token that is to last ten minutes is nothing to tell of.
  kubectl config view --raw -o json --kubeconfig "$RUN_DIR/kubeconfig" |
    jq --arg token "$(kubectl create token default --duration=10m)" '.users[0].user = {token: $token}' >config
  KUBECONFIG=config checks SB-API-05
  passes SB-API-05
  jq -e '.checks[0].summary | startswith("the bearer token lasts until ")' "$report"
}

@test "a dead aggregated API, and the namespace that it holds up" {
  jq -n '{apiVersion: "apiregistration.k8s.io/v1", kind: "APIService", metadata: {name: "v1.dead.example.org"}, spec: {group: "dead.example.org",
    version: "v1", groupPriorityMinimum: 1000, versionPriority: 10, insecureSkipTLSVerify: true, service: {namespace: "default", name: "none"}}}' | kubectl apply -f -
  kubectl wait apiservice v1.dead.example.org --for=condition=Available=False --timeout=30s
  kubectl create namespace held
  kubectl delete namespace held --wait=false
  kubectl wait namespace held --for=condition=NamespaceDeletionDiscoveryFailure --timeout=60s
  at_once SB-API-06,SB-API-07,SB-API-08,SB-API-11,SB-API-12
  finds SB-API-06 fail "APIService v1.dead.example.org" "ServiceNotFound" "kubectl -n default get service,endpointslices,pods"
  finds SB-API-07 fail dead.example.org/v1 "" "kubectl get apiservices"
  finds SB-API-11 fail "Namespace held" "DiscoveryFailed" SB-API-06
  passes SB-API-08 SB-API-12
  kubectl delete apiservice v1.dead.example.org
  within 60 eval '! kubectl get namespace held'
  within 30 now_passes SB-API-06,SB-API-07,SB-API-11
}

@test "an object that a finalizer holds, and the namespace that it holds" {
  kubectl create namespace tied
  kubectl -n tied create configmap tied
  kubectl -n tied patch configmap tied --type=merge -p '{"metadata": {"finalizers": ["example.org/keeper"]}}'
  kubectl delete namespace tied --wait=false
  kubectl wait namespace tied --for=condition=NamespaceFinalizersRemaining --timeout=60s
  at_once SB-API-11,SB-API-12
  finds SB-API-11 fail "Namespace tied" "example.org/keeper in 1 resource instances" "take the finalizer off"
  finds SB-API-12 fail "configmaps tied/tied" "example.org/keeper did not let it go" "kubectl patch configmaps tied -n tied"
  # For five minutes nothing is stuck.
  now_passes SB-API-11,SB-API-12
  kubectl -n tied patch configmap tied --type=merge -p '{"metadata": {"finalizers": null}}'
  within 60 eval '! kubectl get namespace tied'
  at_once SB-API-11,SB-API-12
  passes SB-API-11 SB-API-12
}

@test "definitions: names that are taken, a version that is stored and not served" {
  definition one.example.org widgets Widget
  kubectl wait crd widgets.one.example.org --for=condition=Established --timeout=30s
  definition one.example.org gadgets Widget
  kubectl wait crd gadgets.one.example.org --for=condition=NamesAccepted=False --timeout=30s
  checks SB-API-08,SB-API-09,SB-API-10
  finds SB-API-08 fail "CustomResourceDefinition gadgets.one.example.org" "NamesAccepted is False" "kubectl get crd"
  passes SB-API-09 SB-API-10
  kubectl delete crd gadgets.one.example.org
  definition one.example.org widgets Widget '.spec.versions |= map(.storage = (.name == "v2") | .served = (.name == "v2"))'
  within 30 eval "kubectl get crd widgets.one.example.org -o jsonpath='{.status.storedVersions}' | grep -q v2"
  checks SB-API-08,SB-API-09,SB-API-10
  finds SB-API-09 warn "CustomResourceDefinition widgets.one.example.org" "stored as v1, which is not served" "--subresource=status"
  passes SB-API-08 SB-API-10
  kubectl patch crd widgets.one.example.org --subresource=status --type=merge -p '{"status": {"storedVersions": ["v2"]}}'
  now_passes SB-API-08,SB-API-09,SB-API-10
  kubectl delete crd widgets.one.example.org
}

@test "a definition whose conversion webhook is dead, and the errors that its readers get" {
  local convert='.spec.conversion = {strategy: "Webhook", webhook: {conversionReviewVersions: ["v1"], clientConfig: {service: {namespace: "default", name: "convert"}}}}'
  definition two.example.org things Thing
  kubectl wait crd things.two.example.org --for=condition=Established --timeout=30s
  kubectl create -f - <<<'{"apiVersion": "two.example.org/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "default"}}'
  definition two.example.org things Thing "$convert"
  within 30 eval '! kubectl get --raw /apis/two.example.org/v2/things'
  checks SB-API-08,SB-API-09,SB-API-10
  finds SB-API-10 fail "CustomResourceDefinition things.two.example.org" "its service default/convert is not there" "conversion"
  finds SB-API-10 fail "CustomResourceDefinition things.two.example.org" "conversion webhook for two.example.org/v1, Kind=Thing failed" "namespaces cannot be deleted"
  passes SB-API-08 SB-API-09
  # Somebody who asks again and again.
  curl -s --noproxy '*' --cacert "$RUN_DIR/pki/ca.crt" --cert "$RUN_DIR/pki/admin.crt" --key "$RUN_DIR/pki/admin.key" \
    "$SERVER/apis/two.example.org/v2/things?n=[1-100000]" >/dev/null 3>&- &
  local asking=$!
  within 30 eval 'checks SB-API-13 && finds SB-API-13 fail "" "answers within a second were errors, most of them: LIST things.two.example.org (500)"'
  kill "$asking"
  definition two.example.org things Thing '.spec.conversion = {strategy: "None"}'
  within 30 now_passes SB-API-10
  kubectl delete crd things.two.example.org
}

@test "somebody is refused for load" {
  kubectl apply -f - <<'YAML'
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: nothing}
spec: {type: Limited, limited: {nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: {type: Reject}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: nothing}
spec:
  priorityLevelConfiguration: {name: nothing}
  matchingPrecedence: 2
  rules: [{subjects: [{kind: User, user: {name: limited}}], nonResourceRules: [{verbs: ["*"], nonResourceURLs: ["*"]}]}]
YAML
  curl -sZ --parallel-max 8 --noproxy '*' --cacert "$RUN_DIR/pki/ca.crt" -H 'Authorization: Bearer limited-token' "$SERVER/openapi/v2?n=[1-100000]" >/dev/null 3>&- &
  local asking=$!
  within 30 eval 'checks SB-API-14 && finds SB-API-14 warn "PriorityLevelConfiguration nothing" "requests of the flow schema nothing were refused" "flow schema"'
  kill "$asking"
  kubectl delete flowschema,prioritylevelconfiguration nothing
  now_passes SB-API-14
}

@test "tokens that never end" {
  kubectl apply -f - <<'YAML'
apiVersion: v1
kind: Secret
type: kubernetes.io/service-account-token
metadata: {name: old, namespace: default, annotations: {kubernetes.io/service-account.name: default}}
YAML
  checks SB-API-16,SB-API-17
  finds SB-API-17 warn "Secret default/old" "a token of the service account default that never ends" "kubectl delete secret -n default old"
  passes SB-API-16
  jq -e '.checks[] | select(.id == "SB-API-16") | .summary | startswith("https://kubernetes.default.svc, ")' "$report"
  kubectl delete secret old
  now_passes SB-API-16,SB-API-17
}

@test "tokens that cannot be had, or not be checked" {
  # Nobody makes the account anew.
  kill -STOP "$(cat "$RUN_DIR/manager.pid")"
  kubectl delete serviceaccount default
  checks SB-API-16
  kill -CONT "$(cat "$RUN_DIR/manager.pid")"
  finds SB-API-16 fail "ServiceAccount default/default" 'serviceaccounts "default" not found'
  within 30 now_passes SB-API-16
  cluster_by_proxy
  echo '{"keys": []}' >"$BATS_TEST_TMPDIR/none"
  fault GET ^/openid/v1/jwks status=200 body="$BATS_TEST_TMPDIR/none"
  checks SB-API-16
  finds SB-API-16 fail /openid/v1/jwks "it has no key: nobody outside can check a token"
  "$cluster/proxy" clear "$cluster_name"
  echo '{"issuer": "https://other.example.org"}' >"$BATS_TEST_TMPDIR/other"
  fault GET ^/.well-known/openid-configuration status=200 body="$BATS_TEST_TMPDIR/other"
  checks SB-API-16
  finds SB-API-16 warn "" "tokens are issued by https://kubernetes.default.svc, but the discovery document names https://other.example.org" "--service-account-issuer"
  "$cluster/proxy" clear "$cluster_name"
  now_passes SB-API-16
}

@test "who may see little gets unknowns, and no failure" {
  kubectl config view --raw -o json | jq '.users[0].user = {token: "limited-token"}' >"$BATS_TEST_TMPDIR/limited"
  KUBECONFIG=$BATS_TEST_TMPDIR/limited checks api,control-plane,admission,upgrade
  jq -e '.summary.fail == 0 and .summary.unknown > 10' "$report"
  passes SB-API-01 SB-API-04
}

@test "an API server that answers slowly" {
  cluster_by_proxy
  fault GET "^/version" delay=0.3
  thresholds='{apiSlowMilliseconds: 200}' checks SB-API-01,SB-API-03
  finds SB-API-01 warn "" "its median answer takes 3" SB-CP-05
  passes SB-API-03
  "$cluster/proxy" clear "$cluster_name"
  now_passes SB-API-01
}

@test "an API server that says that it is not alive" {
  cluster_by_proxy
  printf '[+]ping ok\n[-]poststarthook/start-informers failed: reason withheld\nlivez check failed\n' >"$BATS_TEST_TMPDIR/livez"
  fault GET ^/livez status=500 body="$BATS_TEST_TMPDIR/livez"
  checks SB-API-03
  finds SB-API-03 fail "" "poststarthook/start-informers"
  "$cluster/proxy" clear "$cluster_name"
  now_passes SB-API-03
}

@test "without etcd the report comes in time, and says so" {
  kill -STOP "$(cat "$RUN_DIR/etcd.pid")"
  report=$BATS_TEST_TMPDIR/report.json
  run timeout 60 "$SONOBUOY" check -o json --output-file "$report"
  kill -CONT "$(cat "$RUN_DIR/etcd.pid")"
  [ "$status" -eq 1 ] || fails "exit status $status: $output" || return
  finds SB-API-02 fail "" "etcd" "The API server does not reach etcd"
  passes SB-API-01 SB-API-04 SB-API-05
  jq -e '.unreadable | length > 5 and all(contains("no list is answered"))' "$report"
  within 60 kubectl get --raw /readyz
  now_passes SB-API-02,SB-API-12
}
