# The aggregator and its workers, as programs beside a control plane without nodes: what the pods would do is done here.
# shellcheck shell=bash disable=SC2154
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  space=run-$BATS_TEST_NUMBER
  mkdir plugins.d
  kubectl create namespace "$space" >/dev/null
  kubectl create serviceaccount -n "$space" sonobuoy-serviceaccount >/dev/null
  make_pod
  port=$(free_port)
}

# make_pod: what stands for the aggregator's own
make_pod() {
  kubectl create -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: sonobuoy, namespace: $space, labels: {sonobuoy-component: aggregator}}
spec: {serviceAccountName: sonobuoy-serviceaccount, containers: [{name: kube-sonobuoy, image: x}]}
YAML
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

# aggregator_start [OPTIONS...]: with config.json, as it is; its log is aggregator.log, made anew
aggregator_start() {
  SONOBUOY_ADVERTISE_IP=127.0.0.1 "$SONOBUOY" aggregator --kubeconfig "$KUBECONFIG" --folder "$PWD/run" "$@" >aggregator.log 2>&1 &
  aggregator=$!
}

# aggregator_up [SECONDS [OPTIONS...]]: starts it, with that time for plugins, and waits until it has started one
aggregator_up() {
  echo "{\"Namespace\": \"$space\", \"Server\": {\"bindaddress\": \"127.0.0.1\", \"bindport\": $port, \"timeoutseconds\": ${1:-900}}}" >config.json
  aggregator_start "${@:2}"
  waits 'grep -q "started plugin" aggregator.log'
}

# aggregator_kill: kill -9, as of a container that is out of memory
aggregator_kill() {
  kill -KILL "$aggregator"
  wait "$aggregator" || true
  aggregator=
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
    CLIENT_KEY="$(cat "$1.key")" timeout -k 5 300 "$SONOBUOY" worker $role
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
