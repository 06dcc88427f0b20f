#!/usr/bin/env bats
# How ark reaches an API server, proves who it is, and bears with what may go wrong on the way.
# shellcheck disable=SC2154,SC2030,SC2031
load helpers

setup_file() {
  cluster_up
  kubectl create namespace shop >/dev/null
  kubectl create clusterrolebinding everything --clusterrole=cluster-admin --serviceaccount=default:default >/dev/null
  kubectl create clusterrole reader --verb=get,list --resource=namespaces,configmaps >/dev/null
  kubectl create clusterrolebinding reader --clusterrole=reader --user=limited >/dev/null
  local i
  for i in 1 2 3 4 5 6; do
    kubectl create configmap "c$i" -n shop --from-literal=k=v >/dev/null
  done
}
teardown_file() {
  "$cluster/down" "proxy-$cluster_name"
  cluster_down
}

setup() {
  location_here
  cd "$BATS_TEST_TMPDIR" || return
  export ADMIN=$KUBECONFIG
  unset HTTPS_PROXY https_proxy NO_PROXY no_proxy
}

teardown() { "$cluster/down" "proxy-$cluster_name"; }

trusted() { echo "{server: '$SERVER', certificate-authority: $RUN_DIR/pki/ca.crt${1:+, $1}}"; }
certificate() { echo "{client-certificate: $RUN_DIR/pki/admin.crt, client-key: $RUN_DIR/pki/admin.key${1:+, $1}}"; }
token() { kubectl --kubeconfig "$ADMIN" create token default; }

# A small backup that needs rights: the ConfigMaps of namespace shop.
small() { ark backup create "$1" --include-namespaces shop --include-resources configmaps "${@:2}"; }

results() { gunzip -c "$store/backups/$1/$1-results.gz"; }
objects() { tar tzf "$store/backups/$1/$1.tar.gz" | sed -n '/-preferredversion/d; s,^resources/\(.*\)\.json$,\1,p' | sort; }

# --- who asks ---------------------------------------------------------------------------------------

@test "an exec plugin's token is used, and one run of it is enough" {
  cat >plugin <<'SH'
#!/bin/sh
echo run >>"$RUNS"
printf %s "$KUBERNETES_EXEC_INFO" >"$RUNS.info"
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$TOKEN"
SH
  chmod +x plugin
  config "$(trusted)" "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: Never,
    provideClusterInfo: true, env: [{name: RUNS, value: $BATS_TEST_TMPDIR/runs}, {name: TOKEN, value: $(token)}]}}"
  cd / # the command is relative to the kubeconfig
  exits 0 ark backup create all
  cd "$BATS_TEST_TMPDIR"
  [ "$(wc -l <runs)" -eq 1 ]
  [ "$(jq -r .spec.cluster.server runs.info)" = "$SERVER" ]
  [ "$(jq -r '.spec.cluster["certificate-authority-data"]' runs.info | base64 -d)" = "$(cat "$RUN_DIR/pki/ca.crt")" ]
}

@test "an exec plugin that fails, or whose token is refused, is told of" {
  printf '#!/bin/sh\necho "log in first" >&2\nexit 7\n' >plugin
  chmod +x plugin
  config "$(trusted)" "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, installHint: see example.com}}"
  exits 1 small b
  says "log in first" "/plugin failed with exit status 7" "see example.com"
  cat >plugin <<'SH'
#!/bin/sh
echo run >>"${0%/*}/runs"
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"wrong"}}'
SH
  exits 1 small b
  says "401 Unauthorized" "check the token or certificate"
  [ "$(wc -l <runs)" -eq 2 ] # asked once more after the refusal, and not again
}

@test "a token file is read again when its token is refused" {
  local first second
  first=$(token) second=$(token)
  [ "$first" != "$second" ]
  proxy_up --anonymous
  echo "$first" >token
  mkfifo answer
  fault GET . status=401 body="$PWD/answer" times=1 after=2 "cond=authorization:$first"
  fault GET . status=401 "cond=authorization:$first" after=2
  config "{server: '$PROXY_URL'}" '{tokenFile: token}'
  echo "$second" >new
  # Opening the pipe waits for who reads it: the new token is there after the refusal, and before it is answered.
  { mv new token && echo '{"message":"expired"}'; } >answer 3>&- &
  local writer=$!
  run timeout 60 "$ARK" backup create b --include-namespaces shop --include-resources configmaps
  kill "$writer" 2>/dev/null || true # where nobody asked
  [ "$status" -eq 0 ] || fails "$output"
  [ "$(proxy_log | grep -c ' 401 ')" -eq 1 ] || fails "$(proxy_log)"
  [ "$(objects b | grep -c /c)" -eq 6 ]
}

@test "a wrong token says so" {
  config "$(trusted)" '{token: nobody}'
  exits 1 small b
  says "401 Unauthorized" "check the token or certificate of this kubeconfig's user"
  config "$(trusted)" '{tokenFile: absent}'
  exits 1 small b
  says "the token file $BATS_TEST_TMPDIR/absent cannot be used" "No such file"
}

@test "impersonation: what another user may" {
  config "$(trusted)" "$(certificate 'as: limited')"
  exits 0 small b
  [ "$(objects b | grep -c /c)" -eq 6 ]
  exits 3 ark backup create secrets --include-namespaces shop --include-resources secrets
  results secrets | grep -F 'User \"limited\" cannot list resource \"secrets\"'
  config "$(trusted)" "$(certificate 'as: somebody, as-uid: "7", as-groups: [system:masters], as-user-extra: {scopes: [a, "b c"]}')"
  exits 0 small masters
  config "$(trusted)" '{token: limited-token, as: admin}'
  exits 1 small refused
  says "cannot impersonate"
}

@test "KUBECONFIG lists are merged" {
  echo "{contexts: [{name: a, context: {cluster: k, user: absent}}, {name: b, context: {cluster: k, user: u}}]}" >one
  echo "{current-context: b, clusters: [{name: k, cluster: $(trusted)}]}" >two
  echo "{current-context: a, users: [{name: u, user: $(certificate)}], clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1'}}]}" >three
  export KUBECONFIG=one:absent:two:three
  exits 0 small b
  exits 1 small c --context a
  says 'one: context "a" names the user "absent"'
  exits 1 small c --context d
  says 'no context is named "d"; there are: a, b'
  export KUBECONFIG=absent
  exits 2 small c
  says "no file of \$KUBECONFIG (absent) exists"
}

# --- whom it trusts ---------------------------------------------------------------------------------

@test "tls-server-name: the name that is checked in place of the address" {
  config "$(trusted 'tls-server-name: kubernetes.default.svc')" "$(certificate)"
  exits 0 small b
  config "$(trusted 'tls-server-name: elsewhere.example.com')" "$(certificate)"
  exits 1 timeout 8 "$ARK" backup create c # at once: it will not get better
  says elsewhere.example.com "check the cluster's server, certificates and tls-server-name in context c of $BATS_TEST_TMPDIR/config"
  config "$(trusted 'tls-server-name: "no name"')" "$(certificate)"
  exits 1 small c
  says '"no name" is not a host'
}

@test "a server that another authority vouches for is refused, unless nothing is checked" {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=other -out other.crt 2>/dev/null
  config "{server: '$SERVER', certificate-authority: other.crt}" "$(certificate)"
  exits 1 timeout 8 "$ARK" backup create c
  says "SSL certificate problem" "check the cluster's server, certificates"
  config "{server: '$SERVER'}" "$(certificate)" # the system's authorities
  exits 1 timeout 8 "$ARK" backup create c
  says "SSL certificate problem"
  config "{server: '$SERVER', insecure-skip-tls-verify: true}" "$(certificate)"
  exits 0 small b
  config "$(trusted 'insecure-skip-tls-verify: true')" "$(certificate)"
  exits 1 small c
  says "leave one of them out"
}

@test "proxy-url: all goes through it; the environment's proxy is not asked for this machine" {
  proxy_up
  local host=${SERVER#https://}
  config "$(trusted "proxy-url: '$PROXY_URL'")" "$(certificate)"
  NO_PROXY=127.0.0.1 exits 0 small b
  [ "$(proxy_log | grep -cFx "CONNECT $host 200")" -ge 1 ]
  "$cluster/proxy" clear "$cluster_name"
  config "$(trusted "tls-server-name: localhost, proxy-url: '$PROXY_URL'")" "$(certificate)"
  exits 0 small c
  [ "$(proxy_log | grep -cFx "CONNECT $host 200")" -ge 1 ]
  "$cluster/proxy" clear "$cluster_name"
  config "$(trusted)" "$(certificate)"
  HTTPS_PROXY=http://127.0.0.1:1 exits 0 small d
  [ -z "$(proxy_log)" ]
}

# --- what is served ---------------------------------------------------------------------------------

@test "a broken aggregated API is named in the results, and the rest is saved" {
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
  run -0 timeout 60 "$ARK" backup create b --include-namespaces shop
  kubectl delete apiservice v1.broken.example.com >/dev/null
  results b | grep -F 'broken.example.com/v1'
  [ "$(objects b | grep -c shop/c)" -eq 6 ]
}

@test "classic discovery, where aggregated is refused or not known, finds the same" {
  exits 0 ark backup create usual
  proxy_up
  config "{server: '$PROXY_URL'}" '{}'
  fault GET '^/apis?$' status=406 cond=accept:apidiscovery
  exits 0 ark backup create refused
  [ "$(objects refused)" = "$(objects usual)" ]
  [ "$(proxy_log | grep -c 'GET /apis/apps/v1 200')" -eq 1 ]
  "$cluster/proxy" clear "$cluster_name"
  fault GET '^/apis?$' header=Accept:application/json
  exits 0 ark backup create unknown
  [ "$(objects unknown)" = "$(objects usual)" ]
  [ "$(proxy_log | grep -c 'GET /apis/apps/v1 200')" -eq 1 ]
}

@test "what is no API server is not taken for an empty one" {
  proxy_up
  config "{server: '$PROXY_URL'}" '{}'
  echo '{"welcome":"home"}' >page
  fault GET '^/apis?$' status=200 body="$PWD/page"
  exits 1 ark backup create b
  says "the answer of /api is no APIVersions; check that the kubeconfig's server is a Kubernetes API server"
  "$cluster/proxy" clear "$cluster_name"
  echo '<html>login</html>' >page
  fault GET . status=200 body="$PWD/page"
  exits 1 ark backup create b
  says "is not valid JSON" "check that the kubeconfig's server is a Kubernetes API server"
  "$cluster/proxy" clear "$cluster_name"
  fault GET . status=403 # and no body
  exits 1 ark backup create b
  says "GET /api: 403: the answer is empty"
}

# --- what may go wrong ----------------------------------------------------------------------------------

@test "410 in mid-list: goes on with the token that is offered, and gives up where there is no end to it" {
  local continue
  continue=$(kubectl get --raw '/api/v1/configmaps?limit=1' | jq -r .metadata.continue)
  proxy_up
  config "{server: '$PROXY_URL'}" '{}'
  jq -n --arg token "$continue" '{kind:"Status",code:410,reason:"Expired",message:"too old",metadata:{continue:$token}}' >gone
  fault GET '/configmaps.*continue=' status=410 body="$PWD/gone" times=1
  exits 0 ark backup create b --include-resources configmaps --page-size 2
  results b | grep -F "the list's revision expired half-way"
  [ "$(objects b | grep -c shop/c)" -eq 6 ]
  fault GET '/configmaps.*continue=' status=410 body="$PWD/gone"
  exits 3 timeout 20 "$ARK" backup create c --include-resources configmaps --page-size 2
  results c | grep -F "410 Expired: too old"
}

# bats test_tags=long
@test "storms of 429 and 503, and connections that break, are ridden out" {
  proxy_up
  config "{server: '$PROXY_URL'}" '{}'
  # Once many lists are on their way: they share the storm.
  fault GET 'limit=' status=429 retry-after=0 times=30 after=4
  fault GET '/api' status=503 retry-after=0 times=3
  fault GET '/api' reset times=3
  fault GET '/configmaps' cut=500 times=3
  fault GET '/api' lost times=2
  exits 0 ark backup create b
  [ "$(objects b | grep -c shop/c)" -eq 6 ]
  [ "$(results b | jq -c .)" = '{"warnings":{},"errors":{}}' ]
  [ "$(proxy_log | grep -c ' 429 ')" -eq 30 ]
}

# bats test_tags=long
@test "an outage of a server that has answered before may last longer than a wrong address" {
  proxy_up
  config "{server: '$PROXY_URL'}" '{}'
  fault GET '/configmaps' reset
  local begun=$SECONDS
  exits 3 small b --request-timeout 22s # its last wait may be one of 10 s
  [ $((SECONDS - begun)) -ge 11 ]
  results b | grep -F '/configmaps at http://127.0.0.1'
}

# bats test_tags=long
@test "pages of large objects are asked for in pieces" {
  kubectl create namespace big >/dev/null
  python3 - >big.json <<'PY'
import json
items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"big{i}", "namespace": "big"},
          "data": {"k": "x" * 900000}} for i in range(60)]
print(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
PY
  kubectl create -f big.json >/dev/null
  proxy_up
  config "{server: '$PROXY_URL'}" '{}'
  exits 0 ark backup create b --include-namespaces big --include-resources configmaps
  [ "$(objects b | grep -c big/big)" -eq 60 ]
  proxy_log | grep -F '/configmaps?limit=62'
}
