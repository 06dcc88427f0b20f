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

# A loopback port that nobody listens on now: below those that connections get, and a different one each time, so that
# what starts side by side does not take it in between.
free_port() {
  local port
  mkdir -p "$RUN_ROOT"
  (
    flock 9
    port=$(cat "$RUN_ROOT/next-port" 2>/dev/null) || port=19999
    while :; do
      port=$((port < 29999 ? port + 1 : 20000))
      # Who listens there would take a connection.
      (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port" >"$RUN_ROOT/next-port"
    echo "$port"
  ) 9>"$RUN_ROOT/next-port.lock"
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

# tries COMMAND...: for up to 10 s, until it succeeds; in words where it does not
tries() {
  local end=$((SECONDS + 10))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || die "after 10 s still not done: $*"
    sleep 0.05
  done
}

# The ids of the processes that were started for $RUN, one a line
processes() { grep -lzxF "CLUSTER_RUN=$RUN" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }

processes_gone() {
  local pids
  mapfile -t pids < <(processes)
  [ "${#pids[@]}" -gt 0 ] || return 0
  kill -KILL "${pids[@]}" 2>/dev/null || true
  return 1 # one of them may have been starting another
}

folder_gone() { rm -rf --one-file-system "$RUN" 2>/dev/null; }

# Stops what was started for $RUN and nothing else, then removes its folder. As no data is kept nothing is asked to
# end in order: an API server would take 6 s to.
stop_all() {
  tries processes_gone
  [ ! -d "$RUN/nodes" ] || stop_nodes
  tries folder_gone
}
