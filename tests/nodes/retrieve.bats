#!/usr/bin/env bats
# sonobuoy retrieve, in a cluster whose nodes run the aggregators: of ours and stock's, by ours and stock; cuts; what is
# not there, not right or not fit to be unpacked.
# shellcheck disable=SC2030,SC2031,SC2154
# bats file_tags=long
load ../integration/helpers
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}
stock() { "$SEAWORTHY_CACHE/bin/sonobuoy" "$@"; }

setup_file() {
  local folder=$BATS_FILE_TMPDIR
  "$root/scripts/image" localhost/ours:local "$folder/ours.tar" --file "$SONOBUOY=sonobuoy" \
    --file /usr/lib/locale/C.utf8=usr/lib/locale/C.utf8 --env HOME=/tmp --command /sonobuoy
  "$root/scripts/image" docker.io/sonobuoy/sonobuoy:v0.57.5 "$folder/stock.tar" --file "$SEAWORTHY_CACHE/bin/sonobuoy=sonobuoy"
  odd_image "$folder"
  nodes_up --nodes 1 --image "$folder/ours.tar" --image "$folder/stock.tar" --image "$folder/odd.tar"
  [ -z "$NODES_LACK" ] || return 0
  # 8 MiB that gzip does not make smaller: more than the buffers between here and there hold.
  plugin "$folder/plugin.yaml" "dd if=/dev/urandom of=\$SONOBUOY_RESULTS_DIR/out bs=1M count=8"
  plugin "$folder/endless.yaml" "sleep 3600"
  start_run ours "$folder/plugin.yaml" localhost/ours:local
  start_run stock "$folder/plugin.yaml" docker.io/sonobuoy/sonobuoy:v0.57.5
  start_run early "$folder/endless.yaml" localhost/ours:local
  start_run none "$folder/plugin.yaml" localhost/nowhere:local
  # Pods alone: one that no node takes, one that has ended.
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: odd}}
- {apiVersion: v1, kind: Namespace, metadata: {name: waiting}}
- {apiVersion: v1, kind: Namespace, metadata: {name: ended}}
- apiVersion: v1
  kind: Pod
  metadata: {name: sonobuoy, namespace: waiting, labels: {component: sonobuoy}}
  spec: {nodeSelector: {nowhere: 'yes'}, containers: [{name: kube-sonobuoy, image: localhost/busybox:local}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: sonobuoy, namespace: ended, labels: {component: sonobuoy}}
  spec: {restartPolicy: Never, containers: [{name: kube-sonobuoy, image: localhost/busybox:local, imagePullPolicy: Never, command: ['true']}]}
YAML
  kubectl run sonobuoy -n odd --image=localhost/odd:local --image-pull-policy=Never --restart=Never -l component=sonobuoy \
    --annotations 'sonobuoy.hept.io/status={"plugins":null,"status":"complete","tar-info":{}}' \
    --overrides '{"spec":{"containers":[{"name":"kube-sonobuoy","image":"localhost/odd:local","imagePullPolicy":"Never","command":["sleep","3600"]}]}}' >/dev/null
  within 120 is_over ours
  within 120 is_over stock
  kubectl wait -n ended --for=jsonpath='{.status.phase}'=Succeeded pod/sonobuoy --timeout=60s >/dev/null
  kubectl wait -n odd --for=condition=Ready pod/sonobuoy --timeout=60s >/dev/null
}
teardown_file() {
  "$cluster/proxy" down "$cluster_name"
  nodes_down
}

setup() {
  nodes_or_skip
  cd "$BATS_TEST_TMPDIR" || return
}

# plugin FILE COMMAND: one that runs this, and is done
plugin() {
  cat >"$1" <<YAML
sonobuoy-config: {driver: Job, plugin-name: hello, result-format: raw}
spec:
  name: plugin
  image: localhost/busybox:local
  imagePullPolicy: Never
  command: [sh, -c, '$2; echo -n \$SONOBUOY_RESULTS_DIR/out >\$SONOBUOY_RESULTS_DIR/done']
YAML
}

start_run() {
  "$SONOBUOY" gen -n "$1" -p "$2" --sonobuoy-image "$3" --image-pull-policy Never | kubectl apply -f - >/dev/null
}

# odd_image FOLDER: in place of a stock aggregator's program, one whose stream holds what nothing honest does
odd_image() {
  python3 - "$1/stream" <<'PYTHON'
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w:gz") as tar:
    for name, kind in (("../up.tar.gz", b"0"), ("/abs.tar.gz", b"0"), ("one.tar.gz", b"0"), ("link.tar.gz", b"2"),
                       ("hard.tar.gz", b"1"), ("below/x.tar.gz", b"0"), (".hidden.tar.gz", b"0"), ("two.tar.gz", b"0")):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "one.tar.gz" if kind == b"1" else "/etc/passwd"
        data = name.encode() if kind == b"0" else b""
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
PYTHON
  cat >"$1/program" <<'SH'
#!/bin/sh
case "$*" in
  *--name*) echo 'Error: unknown flag: --name' >&2; exit 1 ;;
  *) cat /stream ;;
esac
SH
  chmod +x "$1/program"
  "$root/scripts/image" localhost/odd:local "$1/odd.tar" --file "$1/program=sonobuoy" --file "$1/stream=stream" \
    --file "$(command -v busybox)=bin/busybox" --link bin/sh=busybox --link bin/cat=busybox --link bin/sleep=busybox
}

# status_of RUN PATH: of its status, as jq has it
status_of() { kubectl get pod -n "$1" sonobuoy -o json | jq -r '.metadata.annotations["sonobuoy.hept.io/status"]' | jq -r "$2"; }
is_over() { [ "$(status_of "$1" .status 2>/dev/null)" = complete ]; }

# is_right FILE RUN: the file is the archive
is_right() {
  [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$(status_of "$2" '."tar-info".sha256')" ] || fails "$1 is not the archive of $2"
}

# retrieve RUN...: standard output in the file `out`, the rest in $output
retrieve() { { "$SONOBUOY" retrieve -n "$@" >out; } 2>&1; }

# by_proxy: the API server, through the proxy
by_proxy() {
  proxy_up
  config "{server: '$PROXY_URL'}" '{}'
}
execs() { proxy_log | grep -c '/exec?'; }
has_bytes() { [ "$(stat -c %s "$2" 2>/dev/null || echo 0)" -ge "$1" ]; }

@test "ours from ours: named, checked, and fetched once" {
  run retrieve ours to/there
  [ "$status" -eq 0 ] || fails "$output"
  name=$(status_of ours '."tar-info".name')
  [ "$(cat out)" = "to/there/$name" ]
  [ "$(ls -A to/there)" = "$name" ]
  is_right "to/there/$name" ours
  run "$SONOBUOY" results "$(cat out)"
  says 'Plugin: hello' 'Status: passed'
  # What is there is not asked for again.
  by_proxy
  exits 0 "$SONOBUOY" retrieve -n ours to/there
  [ "$output" = "to/there/$name" ]
  [ "$(execs)" -eq 0 ]
}

@test "ours from stock's aggregator, and what each unpacks" {
  run retrieve stock .
  [ "$status" -eq 0 ] || fails "$output"
  [ -z "$output" ] || fails "$output"
  name=$(status_of stock '."tar-info".name')
  [ "$(cat out)" = "$name" ]
  is_right "$name" stock
  exits 0 "$SONOBUOY" retrieve -n stock -f other.tar.gz to
  [ "$output" = to/other.tar.gz ]
  cmp "$name" to/other.tar.gz
  exits 0 "$SONOBUOY" retrieve -n stock -x unpacked
  [ -z "$output" ]
  mkdir by-stock
  stock retrieve -n stock -x by-stock
  diff -r unpacked by-stock
  # A second time there is no place for it, and the archive is kept.
  exits 2 "$SONOBUOY" retrieve -n stock -x unpacked
  says 'is there already' "$name"
  is_right "unpacked/$name" stock
}

@test "-x removes what it fetched, not what was there" {
  for run in ours stock; do
    retrieve "$run" "to-$run"
    name=$(cat out)
    exits 0 "$SONOBUOY" retrieve -n "$run" -x "to-$run"
    is_right "$name" "$run"
    [ -e "to-$run/meta" ]
    exits 0 "$SONOBUOY" retrieve -n "$run" -x "new-$run"
    [ -e "new-$run/meta" ]
    [ -z "$(find "new-$run" -maxdepth 1 -name '*.tar.gz*')" ]
  done
}

@test "what is no file is not written to, nor waited for, in NAME.part" {
  for run in ours stock; do
    mkfifo "$run.tar.gz.part"
    exits 2 timeout 60 "$SONOBUOY" retrieve -n "$run" -f "$run.tar.gz"
    says "$run.tar.gz.part cannot be written: it is not a regular file"
    [ -p "$run.tar.gz.part" ]
  done
}

@test "two calls on one of stock's archives do not write to one file" {
  name=$(status_of stock '."tar-info".name')
  by_proxy
  fault GET '/exec\?' stall=2000000 after=1 times=1
  "$SONOBUOY" retrieve -n stock 2>said 3>&- &
  within 30 has_bytes 1000000 "$name.part"
  exits 2 "$SONOBUOY" retrieve -n stock
  says 'being fetched by another process'
  kill $!
  wait $! || true
  "$cluster/proxy" clear "$cluster_name"
  exits 0 "$SONOBUOY" retrieve -n stock
  KUBECONFIG=$RUN_DIR/kubeconfig is_right "$name" stock
}

@test "stock from ours" {
  stock retrieve -n ours to >out
  retrieve ours .
  cmp "$(cat out)" "to/$(basename "$(cat out)")"
  mkdir by-stock
  stock retrieve -n ours -x by-stock
  "$SONOBUOY" retrieve -n ours -x unpacked
  diff -r unpacked by-stock
}

@test "what is not ready says so with 1; what will not be, with 2" {
  exits 1 "$SONOBUOY" retrieve -n early
  says 'not ready: the run is not over; ' 'sonobuoy status'
  exits 1 "$SONOBUOY" retrieve -n waiting
  says 'not ready: the aggregator has not started' 'waits for a node that takes it'
  exits 2 "$SONOBUOY" retrieve -n none
  says 'the aggregator cannot start' localhost/nowhere:local
  exits 2 "$SONOBUOY" retrieve -n ended
  says "the aggregator's pod does not run any more"
  exits 2 "$SONOBUOY" retrieve -n default
  says 'there is no run in the namespace default'
  exits 2 "$SONOBUOY" retrieve -n nowhere
  exits 2 "$SONOBUOY" retrieve --none
  exits 2 "$SONOBUOY" retrieve -n ours --retrieve-path /nowhere
  says 'ended with 1' /nowhere
  exits 2 "$SONOBUOY" retrieve -n stock --retrieve-path /nowhere
  says 'no archive in /nowhere'
  [ -z "$(ls -A)" ]
}

@test "cuts: gone on with at once" {
  by_proxy
  fault GET '/exec\?' cut=3000000 times=2
  run retrieve ours .
  [ "$status" -eq 0 ] || fails "$output"
  says 'trying again'
  KUBECONFIG=$RUN_DIR/kubeconfig is_right "$(cat out)" ours
  [ ! -e "$(cat out).part" ]
  mapfile -t offsets < <(proxy_log | sed -n 's/.*command=--from&command=\([0-9]*\) .*/\1/p')
  [ "${#offsets[@]}" -eq 3 ]
  [ "${offsets[0]}" -eq 0 ]
  [ "${offsets[1]}" -gt 2000000 ]
  [ "${offsets[2]}" -gt $((offsets[1] + 2000000)) ]
}

@test "killed, with and without a chance to say it: gone on with by the next call" {
  name=$(status_of ours '."tar-info".name')
  by_proxy
  for signal in TERM KILL; do
    "$cluster/proxy" clear "$cluster_name"
    fault GET '/exec\?' stall=2000000
    before=$(stat -c %s "$name.part" 2>/dev/null || echo 0)
    "$SONOBUOY" retrieve -n ours 2>said 3>&- &
    within 30 has_bytes $((before + 1900000)) "$name.part"
    if [ "$signal" = TERM ]; then # another call does not write to the same file
      exits 2 "$SONOBUOY" retrieve -n ours
      says 'being fetched by another process'
    fi
    kill -s "$signal" $!
    code=0
    wait $! || code=$?
    [ "$signal" = KILL ] || [ "$code" -eq 2 ]
    [ "$signal" = KILL ] || grep -q 'MiB are in .*\.part, the same command goes on from there' said || fails "$(cat said)"
    [ ! -e "$name" ]
  done
  "$cluster/proxy" clear "$cluster_name"
  exits 0 "$SONOBUOY" retrieve -n ours
  [ "$output" = "$name" ]
  [ "$(execs)" -eq 1 ]
  [ "$(proxy_log | sed -n 's/.*command=--from&command=\([0-9]*\) .*/\1/p')" -gt 3800000 ]
  KUBECONFIG=$RUN_DIR/kubeconfig is_right "$name" ours
}

@test "a beginning that is another archive's" {
  name=$(status_of ours '."tar-info".name')
  head -c 100000 /dev/zero >"$name.part"
  run retrieve ours .
  [ "$status" -eq 0 ] || fails "$output"
  says 'was not the beginning of this archive'
  is_right "$name" ours
  [ ! -e "$name.part" ]
}

@test "what is there and is another file stays, unless told otherwise" {
  for run in ours stock; do
    echo mine >"$run.tar.gz"
    exits 2 "$SONOBUOY" retrieve -n "$run" -f "$run.tar.gz"
    says "$run.tar.gz is there already" --force
    [ "$(cat "$run.tar.gz")" = mine ]
    exits 0 "$SONOBUOY" retrieve -n "$run" -f "$run.tar.gz" --force
    is_right "$run.tar.gz" "$run"
    [ ! -e "$run.tar.gz.part" ]
  done
}

# with_status RUN FILTER: its status, as jq changes it; `stock` writes its own again within 5 s
with_status() {
  kubectl annotate pod -n "$1" sonobuoy --overwrite "sonobuoy.hept.io/status=$(status_of "$1" . | jq -c "$2")" >/dev/null
}

@test "an archive that is not what the status tells of is not kept" {
  kept=$(status_of ours .)
  for change in '."tar-info".sha256 |= ("0" * 64)' '."tar-info".size += 1' '."tar-info".size -= 1'; do
    with_status ours "$change"
    exits 2 "$SONOBUOY" retrieve -n ours -f run.tar.gz
    says 'the archive'
    says_not 'trying again'
    [ ! -e run.tar.gz ]
    rm -f run.tar.gz.part
    with_status ours "$(jq -cn --argjson kept "$kept" '$kept')"
  done
  # A name that leads out is not taken; what the pod holds bears its own.
  with_status ours '."tar-info".name = "../out.tar.gz"'
  mkdir to
  exits 0 "$SONOBUOY" retrieve -n ours to
  with_status ours "$(jq -cn --argjson kept "$kept" '$kept')"
  [ "$(ls)" = to ]
  is_right to/*.tar.gz ours
}

@test "stock's stream, cut: nothing half is left, and all of it comes anew" {
  by_proxy
  fault GET '/exec\?' cut=3000000 after=1 times=1
  run retrieve stock .
  [ "$status" -eq 0 ] || fails "$output"
  says 'trying again'
  [ "$(execs)" -eq 3 ]
  "$cluster/proxy" clear "$cluster_name"
  fault GET '/exec\?' truncate=3000000 after=1
  exits 2 "$SONOBUOY" retrieve -n stock to
  says 'the connection ended before the command did'
  [ -z "$(ls -A to)" ]
}

@test "links and names that lead out are left out of stock's stream with a word" {
  mkdir to
  cd to
  exits 0 "$SONOBUOY" retrieve -n odd
  says '"../up.tar.gz" was left out' '"/abs.tar.gz" was left out' '"link.tar.gz" was left out: it is not a regular file' \
    '"hard.tar.gz" was left out' '"below/x.tar.gz" was left out' '".hidden.tar.gz" was left out'
  [ "${lines[*]: -2}" = "one.tar.gz two.tar.gz" ]
  [ "$(ls -A .)" = $'one.tar.gz\ntwo.tar.gz' ]
  [ "$(ls -A ..)" = to ]
  [ "$(cat one.tar.gz two.tar.gz)" = one.tar.gztwo.tar.gz ]
  exits 0 "$SONOBUOY" retrieve -n odd -f run.tar.gz ../named
  [ "$(ls -A ../named)" = $'run.tar-01.gz\nrun.tar.gz' ]
}

@test "refusals of the handshake say what to do, or are tried again" {
  by_proxy
  fault GET '/exec\?' answer=Sec-WebSocket-Accept:AAAA
  exits 2 "$SONOBUOY" retrieve -n ours
  says Sec-WebSocket-Accept
  "$cluster/proxy" clear "$cluster_name"
  fault GET '/exec\?' answer=Sec-WebSocket-Protocol:
  exits 2 "$SONOBUOY" retrieve -n ours
  says 'speaks neither v5.channel.k8s.io nor v4.channel.k8s.io'
  "$cluster/proxy" clear "$cluster_name"
  fault GET '/exec\?' header=Upgrade:none
  exits 2 "$SONOBUOY" retrieve -n ours
  says 406 'API servers since Kubernetes 1.30'
  echo '{"kind":"Status","status":"Failure","message":"Upgrade request required","reason":"BadRequest","code":400}' >refusal
  "$cluster/proxy" clear "$cluster_name"
  fault GET '/exec\?' status=400 body=refusal
  exits 2 "$SONOBUOY" retrieve -n ours
  says 'Upgrade request required; a command in a pod needs WebSocket'
  echo '{"kind":"Status","status":"Failure","message":"not today","reason":"Forbidden","code":403}' >refusal
  "$cluster/proxy" clear "$cluster_name"
  fault GET '/exec\?' status=403 body=refusal
  exits 2 "$SONOBUOY" retrieve -n ours
  says '403 Forbidden: not today'
  says_not WebSocket
  "$cluster/proxy" clear "$cluster_name"
  fault GET '/exec\?' status=503 times=1
  fault GET '/exec\?' reset times=1
  exits 0 "$SONOBUOY" retrieve -n ours
  [ "$(execs)" -eq 3 ]
}

@test "a new token after 401" {
  proxy_up --anonymous
  token=$(kubectl create token -n ours sonobuoy-serviceaccount)
  cat >plugin <<SH
#!/bin/sh
echo asked >>'$PWD/asked'
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"$token"}}'
SH
  chmod +x plugin
  config "{server: '$PROXY_URL'}" "{exec: {apiVersion: client.authentication.k8s.io/v1, command: '$PWD/plugin', interactiveMode: Never}}"
  fault GET '/exec\?' status=401 times=1
  exits 0 "$SONOBUOY" retrieve -n ours
  [ "$(execs)" -eq 2 ]
  [ "$(wc -l <asked)" -eq 2 ]
}

@test "by a forward proxy, and by another name of the server" {
  proxy_up
  admin="{client-certificate: '$RUN_DIR/pki/admin.crt', client-key: '$RUN_DIR/pki/admin.key'}"
  config "{server: '$SERVER', certificate-authority: '$RUN_DIR/pki/ca.crt', proxy-url: '$PROXY_URL', tls-server-name: kubernetes}" "$admin"
  exits 0 "$SONOBUOY" retrieve -n ours -f one.tar.gz
  [ "$(proxy_log | grep -c '^CONNECT .* 200')" -eq 2 ]
  config "{server: '$SERVER', certificate-authority: '$RUN_DIR/pki/ca.crt', tls-server-name: elsewhere}" "$admin"
  exits 2 "$SONOBUOY" retrieve -n ours -f two.tar.gz
  says 'check the cluster'
}
