# shellcheck shell=bash disable=SC2034
# Shared by the scripts here: where things are, waiting, starting and stopping.
cluster_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BIN=$("$cluster_dir/build" --bin)
RUN_ROOT=${SEAWORTHY_RUN:-${TMPDIR:-/tmp}/seaworthy-$(id -u)}
# shellcheck source=tests/cluster/nodes/stop.sh
. "$cluster_dir/nodes/stop.sh"

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# A loopback port that nobody listens on now.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_until SECONDS LOGFILE COMMAND...: runs the command until it succeeds.
wait_until() {
  local seconds=$1 log=$2
  shift 2
  local end=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then
      echo "${0##*/}: not ready after $seconds s: $*" >&2
      tail -n 15 "$log" >&2 || true
      return 1
    fi
    sleep 0.1
  done
}

# api_ready [PATH]: whether the API server of $RUN at 127.0.0.1 answers the administrator (kubectl would take ten times as long)
api_ready() {
  local at
  at=$(sed -nE 's/.*server: "([^"]+)".*/\1/p' "$RUN/kubeconfig")
  curl -sf --noproxy '*' --cacert "$RUN/pki/ca.crt" --cert "$RUN/pki/admin.crt" --key "$RUN/pki/admin.key" "$at${1:-/readyz}"
}

# start NAME COMMAND...: in the background, output to $RUN/NAME.log; its processes
# are known by CLUSTER_RUN in their environment.
start() {
  local name=$1
  shift
  CLUSTER_RUN=$RUN setsid "$@" >"$RUN/$name.log" 2>&1 </dev/null &
  echo $! >"$RUN/$name.pid"
}

# Stops what was started for $RUN and nothing else, then removes its folder.
stop_all() {
  local file pid
  if [ -d "$RUN/nodes" ]; then stop_nodes; fi
  for signal in TERM KILL; do
    for file in "$RUN"/*.pid; do
      [ -e "$file" ] || continue
      pid=$(cat "$file")
      if grep -qzFx "CLUSTER_RUN=$RUN" "/proc/$pid/environ" 2>/dev/null; then
        kill "-$signal" "$pid" 2>/dev/null || true
        local tries=0
        while [ -d "/proc/$pid" ] && [ $tries -lt 30 ]; do
          sleep 0.1
          tries=$((tries + 1))
        done
      fi
    done
  done
  rm -rf "$RUN"
}
