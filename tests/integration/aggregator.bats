#!/usr/bin/env bats
# The aggregator and its workers, as programs beside a control plane without nodes: what the pods would do is done here.
# shellcheck disable=SC2154
load helpers
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}

setup_file() {
  cluster_up
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1, labels: {kubernetes.io/os: linux}}}
- {apiVersion: v1, kind: Node, metadata: {name: n2, labels: {kubernetes.io/os: linux}}}
- {apiVersion: v1, kind: Secret, metadata: {name: hidden, namespace: default}, stringData: {key: secret-marker}}
YAML
}
teardown_file() { cluster_down; }

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  space=run-$BATS_TEST_NUMBER
  mkdir plugins.d
  kubectl create namespace "$space" >/dev/null
  kubectl create serviceaccount -n "$space" sonobuoy-serviceaccount >/dev/null
  kubectl create -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: sonobuoy, namespace: $space, labels: {sonobuoy-component: aggregator}}
spec: {serviceAccountName: sonobuoy-serviceaccount, containers: [{name: kube-sonobuoy, image: x}]}
YAML
  port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
}

teardown() {
  [ -z "${aggregator:-}" ] || kill "$aggregator" 2>/dev/null || true
  wait
}

# plugin NAME DRIVER FORMAT: a definition in plugins.d
plugin() {
  printf 'sonobuoy-config: {driver: %s, plugin-name: %s, result-format: %s}\nspec: {image: x, command: [x]}\n' \
    "$2" "$1" "$3" >"plugins.d/$1.yaml"
}

# aggregator_up [SETTINGS]: starts it, with members of config.json, and waits until it listens
aggregator_up() {
  echo "{\"Namespace\": \"$space\", \"Server\": {\"bindaddress\": \"127.0.0.1\", \"bindport\": $port, \"timeoutseconds\": ${1:-60}}}" >config.json
  SONOBUOY_ADVERTISE_IP=127.0.0.1 "$SONOBUOY" aggregator --kubeconfig "$KUBECONFIG" --folder "$PWD/run" >aggregator.log 2>&1 &
  aggregator=$!
  waits 'grep -q "started plugin" aggregator.log'
}

# waits COMMAND: until it succeeds, for 60 s
waits() {
  local end=$((SECONDS + 60))
  until eval "$1"; do
    [ "$SECONDS" -lt "$end" ] || fails "not so in 60 s: $1"$'\n'"$(cat aggregator.log)" || return
    sleep 0.1
  done
}

# certificate PLUGIN: writes ca.pem, PLUGIN.crt and PLUGIN.key, as its worker has them
certificate() {
  waits "kubectl get secrets -n $space -l sonobuoy-plugin=$1 -o name | grep -q ."
  kubectl get secrets -n "$space" -l "sonobuoy-plugin=$1" -o json >secret.json
  jq -r '.items[0].data["tls.crt"] | @base64d' secret.json >"$1.crt"
  jq -r '.items[0].data["tls.key"] | @base64d' secret.json >"$1.key"
  kubectl get pods,daemonsets -n "$space" -l "sonobuoy-plugin=$1" -o json |
    jq -r '.items[0] | (.spec.template // .).spec.containers[] | select(.name == "sonobuoy-worker").env[] | select(.name == "CA_CERT").value' >ca.pem
}

# worker PLUGIN RESULT [NODE]: what the worker in its pod does with a result
worker() {
  local results=results-$1-${3:-} role=global
  [ -z "${3:-}" ] || role=single-node
  mkdir -p "$results"
  printf '%s' "$PWD/$2" >"$results/done"
  env AGGREGATOR_URL="https://127.0.0.1:$port" RESULT_TYPE="$1" SONOBUOY_RESULTS_DIR="$PWD/$results" NODE_NAME="${3:-}" \
    SONOBUOY_DONE_FILE_DELAY=0s SONOBUOY_PROGRESS_PORT=0 CA_CERT="$(cat ca.pem)" CLIENT_CERT="$(cat "$1.crt")" \
    CLIENT_KEY="$(cat "$1.key")" "$SONOBUOY" worker $role
}

# put PLUGIN PATH [CURL-OPTIONS...]: a request as that plugin; prints the status
put() {
  curl -s -o answer -w '%{http_code}' --cacert ca.pem --cert "$1.crt" --key "$1.key" "${@:3}" "https://127.0.0.1:$port/api/v1/$2"
}

annotation() { kubectl get pod -n "$space" sonobuoy -o json | jq -r '.metadata.annotations["sonobuoy.hept.io/status"]'; }
archive() { ls run/*.tar.gz; }
ended() {
  wait "$aggregator"
  aggregator=
}

@test "a plugin that runs once: its result, its status, its archive" {
  plugin hello Job junit
  aggregator_up
  certificate hello
  mkdir out
  echo '<testsuite name="s"><testcase name="a"/><testcase name="b"><failure message="no">bad</failure></testcase></testsuite>' >out/junit_01.xml
  waits 'annotation | grep -q "\"status\":\"running\""'
  [ "$(put hello progress/global/hello -X POST -d '{"msg":"x","total":2,"completed":1}')" = 200 ]
  waits 'annotation | grep -q "\"completed\":1"'
  exits 0 worker hello out
  ended
  [ "$(annotation | jq -r '.status, .plugins[0].status, .plugins[0]["result-status"], .plugins[0]["result-counts"].failed' | xargs)" = "complete complete failed 1" ]
  [ "$(annotation | jq -r '.["tar-info"].sha256')" = "$(sha256sum "$(archive)" | cut -d' ' -f1)" ]
  exits 1 "$SONOBUOY" results "$(archive)"
  says "Plugin: hello" "Status: failed" "Passed: 1" "API Server version: v1."
  # Everything is in it, and nothing of what is secret.
  mkdir all
  tar xzf "$(archive)" -C all
  [ -s all/resources/ns/default/core_v1_services.json ]
  [ -s all/resources/cluster/core_v1_nodes.json ]
  jq -e '.items | length == 2' all/resources/cluster/core_v1_nodes.json
  jq -e '.node_health.total_nodes == 2' all/meta/clusterhealth.json
  exits 1 grep -rq -e secret-marker -e "$(printf secret-marker | base64)" all
  # Its objects are gone, but for the aggregator.
  waits "! kubectl get secrets -n $space -l sonobuoy-plugin=hello -o name | grep -q ."
}

@test "Secrets that are asked for are there, with their values hidden" {
  plugin hello Job raw
  aggregator_up
  kill "$aggregator"
  wait "$aggregator" || true
  rm -rf run
  echo "{\"Namespace\": \"$space\", \"Resources\": [\"secrets\"], \"Server\": {\"bindaddress\": \"127.0.0.1\", \"bindport\": $port, \"timeoutseconds\": 2}}" >config.json
  exits 0 env SONOBUOY_ADVERTISE_IP=127.0.0.1 "$SONOBUOY" aggregator --kubeconfig "$KUBECONFIG" --folder "$PWD/run"
  aggregator=
  tar xzOf "$(archive)" resources/ns/default/core_v1_secrets.json >secrets.json
  jq -e '.items[] | select(.metadata.name == "hidden").data.key == "REDACTED"' secrets.json
}

@test "a plugin on each node; one that does not come is timed out" {
  plugin logs DaemonSet raw
  aggregator_up 15
  certificate logs
  echo one >file.txt
  (worker logs file.txt n1 &) 2>worker.log
  waits 'grep -q "received the result of plugin logs on n1" aggregator.log'
  ended
  [ "$(annotation | jq -r '.plugins[] | "\(.node) \(.status) \(.["result-status"])"' | sort | xargs)" = "n1 complete passed n2 failed failed" ]
  tar xzOf "$(archive)" plugins/logs/errors/n2/error.json | grep -q "Plugin timeout while waiting for results"
  [ "$(tar xzOf "$(archive)" plugins/logs/results/n1/file.txt)" = one ]
}

@test "who may send what" {
  plugin hello Job raw
  plugin other Job raw
  aggregator_up
  certificate hello
  certificate other
  echo result >file
  [ "$(put hello results/global/nobody -T file)" = 403 ]
  [ "$(put hello results/by-node/n1/hello -T file)" = 403 ]
  [ "$(put hello results/global/other -T file)" = 403 ]
  grep -q "not this plugin's" answer
  [ "$(put hello results/global/hello -X POST -d x)" = 405 ]
  [ "$(put hello results -T file)" = 404 ]
  [ "$(put hello results/global/../x -T file --path-as-is)" = 404 ]
  [ "$(put hello progress/global/hello -X POST -d '[')" = 400 ]
  # Without a certificate, or with one of another authority.
  [ "$(curl -s -o answer -w '%{http_code}' --cacert ca.pem -T file "https://127.0.0.1:$port/api/v1/results/global/hello")" != 200 ]
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=hello -addext subjectAltName=DNS:hello -days 1 -keyout strange.key -out strange.crt 2>/dev/null
  [ "$(put strange results/global/hello -T file)" != 200 ]
  # Twice the same; what comes second is told so.
  [ "$(put hello results/global/hello -T file)" = 200 ]
  [ "$(put hello results/global/hello -T file)" = 409 ]
  grep -q "already received" answer
  [ "$(put other results/global/other -T file)" = 200 ]
  ended
}

@test "archives that are none, and that lead out, are kept as they came, with a word" {
  plugin a Job raw
  plugin b Job raw
  aggregator_up
  certificate a
  certificate b
  mkdir in
  echo good >in/good
  ln -s /etc/passwd in/link
  tar czf links.tar.gz -C in good link
  python3 - <<'PYTHON'
import io, tarfile
with tarfile.open("out.tar.gz", "w:gz") as archive:
    for name in ("first", "../../outside"):
        entry = tarfile.TarInfo(name)
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
PYTHON
  [ "$(put a results/global/a -T out.tar.gz -H 'Content-Type: application/gzip' -H 'Content-Disposition: attachment;filename=out.tar.gz')" = 200 ]
  [ "$(put b results/global/b -T links.tar.gz -H 'Content-Type: application/gzip')" = 200 ]
  ended
  mkdir all
  tar xzf "$(archive)" -C all
  cmp out.tar.gz all/plugins/a/results/global/out.tar.gz
  grep -q "outside its directory" all/plugins/a/results/global/sonobuoy-unpack-error.txt
  # It is no result, and passes for none.
  run -1 "$SONOBUOY" results "$(archive)" -p a
  says "Status: failed" "Failed: 1" $'Failed tests:\nsonobuoy-unpack-error.txt'
  [ "$(cd all/plugins/b/results/global && ls)" = good ]
  [ -z "$(find . -name outside)" ]
}

@test "a folder with something that cannot be read: the rest is sent; a result that is none: why" {
  plugin folder Job raw
  plugin none Job raw
  plugin pipe Job raw
  aggregator_up
  certificate folder
  certificate none
  certificate pipe
  mkdir in
  echo good >in/good
  ln -s nowhere in/dangling
  mkfifo in/pipe
  exits 0 worker folder in
  # A worker's image has no folder for temporary files.
  TMPDIR=/none exits 0 worker none nothing-there
  says "there is no result to send"
  exits 0 worker pipe in/pipe
  says "in/pipe, which the plugin names as its result, is neither a file nor a folder"
  ended
  mkdir all
  tar xzf "$(archive)" -C all
  [ "$(cd all/plugins/folder/results/global && ls)" = good ]
  grep -q "nothing-there" all/plugins/none/errors/global/error.json
  [ "$(annotation | jq -r '.plugins[] | "\(.plugin) \(.status) \(.["result-status"])"' | sort | xargs)" = "folder complete passed none failed failed pipe failed failed" ]
  # Why is in the status, too.
  annotation | jq -r '.plugins[] | select(.plugin == "none").reason' | grep -q nothing-there
  [ "$(annotation | jq -r '.plugins[] | select(.plugin == "folder").reason')" = null ]
}
