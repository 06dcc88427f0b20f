# shellcheck shell=bash disable=SC2034,SC2154,SC2119,SC2120
# What the files here share: a control plane of their own, a location a test, and the
# programs that look at a cluster from outside ark.
bats_require_minimum_version 1.5.0
root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
cluster=$root/tests/cluster
# Nobody's own settings are read or written.
export SEAWORTHY_CACHE=${SEAWORTHY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/seaworthy}
export SEAWORTHY_RUN=${SEAWORTHY_RUN:-${TMPDIR:-/tmp}/seaworthy-$(id -u)}
export HOME=$BATS_FILE_TMPDIR
unset XDG_CONFIG_HOME ARK_CONFIG NO_COLOR
export TERM=xterm # what a test runs on a terminal of its own is on one that can
PATH=$("$cluster/build" --bin):$PATH
export ARK=${ARK:-$root/build/ark}
manifests=${SEAWORTHY_SHARED:-$root/../shared}/data/manifests
# One name a tree and file: what a killed run left is taken down by the next one.
cluster_name=int-$(cksum <<<"$root" | cut -d' ' -f1)-$(basename "$BATS_TEST_FILENAME" .bats)

ark() { "$ARK" "$@"; }

# cluster_up OPTIONS...: for setup_file; exports KUBECONFIG, an administrator's, with where its server is and its files are.
cluster_up() {
  KUBECONFIG=$("$cluster/up" "$cluster_name" "$@")
  export KUBECONFIG RUN_DIR=${KUBECONFIG%/*} SERVER
  SERVER=$(kubectl config view -o jsonpath='{.clusters[0].cluster.server}')
}

cluster_down() { "$cluster/down" "$cluster_name"; }

# is_sanitized PROGRAM: sanitizers need time and memory of their own
is_sanitized() { nm "$1" 2>/dev/null | grep -qE '__(asan|tsan)_init'; }

# A loopback port for a test's own server.
free_port() { bash -c '. "$1/lib.sh" && free_port' _ "$cluster"; }

# nodes_up OPTIONS...: the same with nodes that run pods. Where this machine cannot have them NODES_LACK says why, and
# nodes_or_skip, for setup, skips each test with that.
nodes_up() {
  local status=0 said=$BATS_FILE_TMPDIR/nodes-up
  export NODES_LACK='' KUBECONFIG RUN_DIR SERVER
  KUBECONFIG=$("$cluster/nodes-up" "$cluster_name" "$@" 2>"$said") || status=$?
  case $status in
    0) ;;
    77)
      NODES_LACK=$(cat "$said")
      return
      ;;
    *) fails "$(cat "$said")" || return ;;
  esac
  RUN_DIR=${KUBECONFIG%/*}
  SERVER=$(kubectl config view -o jsonpath='{.clusters[0].cluster.server}')
}

nodes_or_skip() { [ -z "$NODES_LACK" ] || skip "$NODES_LACK"; }

nodes_down() { cluster_down; }

# Each test has an empty location of its own.
location_here() {
  export ARK_LOCATION=file://$BATS_TEST_TMPDIR/store
  store=$BATS_TEST_TMPDIR/store
}

dump() { "$cluster/dump" "$KUBECONFIG" "$BATS_TEST_TMPDIR/$1"; }
wipe() { "$cluster/wipe" "$KUBECONFIG"; }

# compare OPTIONS...: the dumps `before` and `after`
compare() { "$cluster/compare" "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" "$@"; }

# definitions_first DIR: of an export, what all other objects need
definitions_first() {
  local folder
  for folder in customresourcedefinitions.apiextensions.k8s.io namespaces; do
    [ ! -d "$1/cluster/$folder" ] || kubectl apply --server-side -R -f "$1/cluster/$folder" >/dev/null
  done
  kubectl wait --for=condition=Established --all crd --timeout=30s >/dev/null
}

# fails TEXT: ends a test with a word
fails() {
  echo "$*" >&2
  return 1
}

# says TEXT...: each text is in $output
says() {
  local text
  for text in "$@"; do
    [[ $output == *"$text"* ]] || fails "not said: $text"$'\n'"said: $output" || return
  done
}

# says_not TEXT...: none of them is
says_not() {
  local text
  for text in "$@"; do
    [[ $output != *"$text"* ]] || fails "said: $text"$'\n'"in: $output" || return
  done
}

# exits STATUS COMMAND...: runs it, and fails with its output where it ends otherwise
exits() {
  local wanted=$1
  shift
  run "$@"
  [ "$status" -eq "$wanted" ] || fails "exit status $status, not $wanted: $*"$'\n'"$output"
}

# within SECONDS COMMAND...: runs it until it succeeds, quietly
within() {
  local end=$((SECONDS + $1))
  until "${@:2}" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fails "not within $1 s: ${*:2}" || return
    sleep 0.1
  done
}

# --- the API server through a proxy -----------------------------------------------------------------------------

# config CLUSTER USER: writes a kubeconfig, whose cluster and user are these YAML flow mappings, and uses it
config() {
  cat >"$BATS_TEST_TMPDIR/config" <<YAML
{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], clusters: [{name: k, cluster: $1}],
users: [{name: u, user: $2}]}
YAML
  export KUBECONFIG=$BATS_TEST_TMPDIR/config
}

# cluster_by_proxy: ark asks the API server through the proxy, with an administrator's rights
cluster_by_proxy() {
  proxy_up
  config "{server: '$PROXY_URL'}" '{}'
}

# proxy_up [--anonymous]: in front of the API server, with the admin's certificate unless told otherwise
proxy_up() {
  local options=(--cert "$RUN_DIR/pki/admin.crt" --key "$RUN_DIR/pki/admin.key")
  [ $# -eq 0 ] || options=()
  eval "$("$cluster/proxy" up "$cluster_name" --to "$SERVER" --ca "$RUN_DIR/pki/ca.crt" "${options[@]}")"
}
fault() { "$cluster/proxy" fault "$cluster_name" "$@"; }
proxy_log() { "$cluster/proxy" log "$cluster_name"; }
