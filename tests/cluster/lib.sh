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
  mkdir -p "$RUN_ROOT"
  python3 - "$RUN_ROOT/next-port" <<'PYTHON'
import fcntl, socket, sys
FIRST, LAST = 20000, 29999
with open(sys.argv[1], "a+") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    file.seek(0)
    port = int(file.read() or FIRST)
    while True:
        port = port + 1 if port < LAST else FIRST
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                break
            except OSError:
                pass
    file.truncate(0)
    file.write(str(port))
print(port)
PYTHON
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
