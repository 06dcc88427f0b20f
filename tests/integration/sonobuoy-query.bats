#!/usr/bin/env bats
# What a cluster is, written to a folder; and versions, of a real API server.
# shellcheck disable=SC2154
load helpers
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}

setup_file() {
  cluster_up --no-controllers
  # The token of user `limited`, see tests/cluster/up.
  kubectl config view --raw -o json | jq '.users[0].user = {token: "limited-token"}' >"$BATS_FILE_TMPDIR/limited"
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}, data: {k: v}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: shop}, data: {k: "é\n"}}
- {apiVersion: v1, kind: Secret, metadata: {name: hidden, namespace: shop}, stringData: {key: secret-marker}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: one, namespace: shop}}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: Role
  metadata: {name: clerk, namespace: shop}
  rules: [{apiGroups: [""], resources: [configmaps], verbs: [list]}]
- apiVersion: rbac.authorization.k8s.io/v1
  kind: RoleBinding
  metadata: {name: clerk, namespace: shop}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: clerk}
  subjects: [{kind: User, name: limited, apiGroup: rbac.authorization.k8s.io}]
YAML
}
teardown_file() {
  "$cluster/proxy" down "$cluster_name"
  cluster_down
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# query STATUS OPTIONS...: what it printed is in $output, what it said in $stderr
query() {
  local wanted=$1
  shift
  run --separate-stderr timeout 120 "$SONOBUOY" query "$@"
  [ "$status" -eq "$wanted" ] || fails "exit status $status, not $wanted: query $*"$'\n'"$output$stderr"
}

@test "a configuration says what is asked for, and where it goes" {
  echo '{"Resources": ["configmaps", "secrets"], "Filters": {"Namespaces": "^shop$"}, "QueryDir": "from-config", "Odd": 1}' >config.json
  query 0 --config config.json
  [ "$output" = from-config ]
  [[ $stderr == "sonobuoy: config.json: Odd means nothing here" ]]
  [ "$(cd from-config && find . -type f | sort | xargs)" = "./meta/query-time.json ./resources/ns/shop/core_v1_configmaps.json ./resources/ns/shop/core_v1_secrets.json" ]
  [ "$(jq -r '.items[1].data.k' from-config/resources/ns/shop/core_v1_configmaps.json)" = é ]
  [ "$(jq -r '.items[].data.key' from-config/resources/ns/shop/core_v1_secrets.json)" = REDACTED ]
  query 0 --config config.json --output by/option --show-secrets
  [ "$output" = by/option ]
  [ "$(jq -r '.items[].data.key | @base64d' by/option/resources/ns/shop/core_v1_secrets.json)" = secret-marker ]
  # What was not collected is no run of another time.
  echo '{"Resources": [], "UUID": "a-name"}' >config.json
  query 0 --config config.json
  [ "$output" = a-name ] && [ -d a-name ]
  echo '{"Filters": {"Namespaces": "("}}' >config.json
  query 1 --config config.json
  [[ $stderr == *"config.json"*"Filters.Namespaces"* ]]
}

@test "what could not be had is named, costs nothing else, and is the exit status" {
  query 3 --kubeconfig "$BATS_FILE_TMPDIR/limited" --output mine
  [ "$output" = mine ]
  [[ $stderr == *"things could not be had:"* && $stderr == *"serviceaccounts: GET /api/v1/"*"403"* && $stderr == *"more, which mine/meta/query-time.json names"* ]]
  [ "$(grep -c '^  ' <<<"$stderr")" -eq 21 ]
  jq -e '[.[] | select(.error)] | length > 20' mine/meta/query-time.json
  [ -s mine/serverversion.json ]
  # Who may see which namespaces there are, but not into all of them.
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRole
  metadata: {name: names}
  rules: [{apiGroups: [""], resources: [namespaces], verbs: [list]}]
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: names}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: names}
  subjects: [{kind: User, name: limited, apiGroup: rbac.authorization.k8s.io}]
YAML
  echo '{"Resources": ["configmaps"], "Filters": {"Namespaces": "^(shop|default|kube-public)$"}}' >config.json
  query 3 --kubeconfig "$BATS_FILE_TMPDIR/limited" --config config.json --output mine-by-namespace
  [[ $stderr == *"1 thing could not be had:"*"configmaps: not those of the namespaces default, kube-public: GET "* ]]
  [ "$(jq '.items | length' mine-by-namespace/resources/ns/shop/core_v1_configmaps.json)" -eq 2 ]
  echo '{"Resources": ["configmaps"], "Filters": {"Namespaces": "^shop$"}}' >config.json
  query 0 --kubeconfig "$BATS_FILE_TMPDIR/limited" --config config.json --output mine-alone
  kubectl delete clusterrole,clusterrolebinding names >/dev/null
  # A node that no kubelet is on.
  kubectl create -f - >/dev/null <<<'{apiVersion: v1, kind: Node, metadata: {name: gone}}'
  query 3 --output node
  kubectl delete node gone >/dev/null
  [[ $stderr == *"2 things could not be had:"*"configz of gone: "* && $stderr == *"healthz of gone: "* ]]
  [ -s node/resources/ns/shop/core_v1_configmaps.json ]
  # A part of the API that does not answer.
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.broken.example.com}
spec:
  {group: broken.example.com, version: v1, groupPriorityMinimum: 100, versionPriority: 10, insecureSkipTLSVerify: true,
   service: {name: nothing, namespace: default}}
YAML
  local accept='Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' end=$((SECONDS + 60))
  until curl -sS --cacert "$RUN_DIR/pki/ca.crt" --cert "$RUN_DIR/pki/admin.crt" --key "$RUN_DIR/pki/admin.key" \
    -H "$accept" "$SERVER/apis" | jq -e '.items[]|select(.metadata.name=="broken.example.com")' >/dev/null; do
    [ $SECONDS -lt $end ] || fails "the API server does not aggregate broken.example.com" || return
    sleep 0.1
  done
  query 3 --output broken
  kubectl delete apiservice v1.broken.example.com >/dev/null
  [[ $stderr == *"1 thing could not be had:"*"broken.example.com/v1"* ]]
  [ -s broken/resources/ns/shop/core_v1_configmaps.json ]
}

@test "nothing is mixed, and nothing half is left: folders that are not empty, clusters that are not there" {
  mkdir full
  touch full/file
  query 1 --output full
  [[ $stderr == *"the folder full is not empty"*"--output"* ]]
  [ "$(ls full)" = file ]
  mkdir empty
  query 0 --output empty
  [ -s empty/serverversion.json ]
  query 1 --output full/file/below
  query 1 --kubeconfig none --output new
  [ ! -e new ]
  config "{server: 'http://127.0.0.1:1'}" '{}'
  query 1 --output new --request-timeout 2s
  [ ! -e new ]
  query 2 more
}

@test "a query that is interrupted says so" {
  cluster_by_proxy
  fault GET '^/api/v1/configmaps' hold="$PWD/go"
  "$SONOBUOY" query --output new >out 2>said &
  local query=$! end=$((SECONDS + 60))
  until [ -e go.held ]; do
    [ $SECONDS -lt $end ] || fails "nothing was asked"$'\n'"$(cat said)" || return
    sleep 0.1
  done
  kill -INT "$query"
  local status=0
  wait "$query" || status=$?
  touch go
  [ "$status" -eq 1 ] || fails "exit status $status: $(cat said)" || return
  [ ! -s out ]
  grep -qi "interrupted\|cancelled" said
}

@test "the versions of the program and of the cluster" {
  local version
  version=$(kubectl get --raw /version | jq -r .gitVersion)
  exits 0 "$SONOBUOY" version
  says "Sonobuoy Version: v" "API Version:  $version"
  config "{server: 'http://127.0.0.1:1'}" '{}'
  # Where none was asked for it is no failure.
  exits 0 "$SONOBUOY" version
  says "API Version check skipped" "127.0.0.1:1"
  exits 3 "$SONOBUOY" version --kubeconfig "$KUBECONFIG"
  says "API Version check skipped" "the cluster's version is not known"
  exits 0 "$SONOBUOY" version --short --kubeconfig "$KUBECONFIG"
  says_not "API"
}
