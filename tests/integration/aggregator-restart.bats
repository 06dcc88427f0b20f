#!/usr/bin/env bats
# An aggregator that is killed: the next one goes on with its run, and nothing that had arrived is lost.
# bats file_tags=long
# shellcheck disable=SC2016,SC2154
load helpers
load aggregator

setup_file() {
  cluster_up
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1, labels: {kubernetes.io/os: linux}}}
- {apiVersion: v1, kind: Node, metadata: {name: n2, labels: {kubernetes.io/os: linux}}}
YAML
}
teardown_file() { cluster_down; }

# objects KIND: how many the run has
objects() { kubectl get "$1" -n "$space" -l sonobuoy-run -o name | wc -l; }

@test "killed while it waits: what came stays, what is missing still comes, and nothing is started twice" {
  plugin logs DaemonSet raw
  plugin once Job raw
  aggregator_up
  waits '[ "$(objects daemonsets)" = 1 ] && [ "$(objects pods)" = 1 ]'
  certificate logs
  certificate once
  echo one >file.txt
  echo two >other.txt
  exits 0 worker logs file.txt n1
  [ "$(put once progress/global/once -X POST -d '{"msg":"half","total":2,"completed":1}')" = 200 ]
  waits 'annotation | grep -q "\"msg\":\"half\"" && annotation | jq -e ".plugins[] | select(.node == \"n1\").status == \"complete\""'
  aggregator_kill
  # A worker that comes while nobody listens tries again.
  worker logs other.txt n2 >worker.log 2>&1 &
  sender=$!
  waits 'grep -q "will be again" worker.log'
  aggregator_start
  wait "$sender"
  grep -q "an aggregator was ended before this one; its run goes on\"" aggregator.log
  [ "$(objects daemonsets)" = 1 ] && [ "$(objects pods)" = 1 ] && [ "$(objects secrets)" = 2 ]
  waits 'annotation | jq -e ".plugins[] | select(.node == \"n2\").status == \"complete\""'
  [ "$(annotation | jq -r '.plugins[] | "\(.node) \(.status)"' | sort | xargs)" = "global running n1 complete n2 complete" ]
  annotation | jq -e '.plugins[] | select(.plugin == "once") | .status == "running" and .progress.msg == "half"'
  [ "$(put logs results/by-node/n1/logs -T file.txt)" = 409 ]
  exits 0 worker once file.txt
  ended
  [ "$(annotation | jq -r '.status, (.plugins[] | .["result-status"])' | sort | uniq -c | xargs)" = "1 complete 3 passed" ]
  [ "$(tar xzOf "$(archive)" plugins/logs/results/n1/file.txt)" = one ]
  [ "$(tar xzOf "$(archive)" plugins/logs/results/n2/other.txt)" = two ]
  waits '[ "$(objects daemonsets,pods,secrets)" = 0 ]'
  exits 2 tar xzOf "$(archive)" state.json
}

@test "killed in the middle of an upload: the upload goes on where it was" {
  plugin big Job raw
  aggregator_up
  certificate big
  head -c 400000000 /dev/urandom >result
  worker big result >worker.log 2>&1 &
  sender=$!
  waits '[ -n "$(find run -path "*.incoming/*" -type f -size +1M)" ]'
  aggregator_kill
  size=$(stat -c %s "$(find run -path '*.incoming/*' -type f)")
  [ "$size" -lt 400000000 ]
  aggregator_start
  wait "$sender"
  grep -q "the aggregator has $size bytes; the rest is sent" worker.log
  ended
  tar xzOf "$(archive)" plugins/big/results/global/result | cmp - result
  [ "$(annotation | jq -r .status)" = complete ]
}

@test "an upload in parts: what does not follow is refused, with what has come" {
  plugin hello Job raw
  plugin other Job raw
  aggregator_up
  certificate hello
  certificate other
  printf 0123456789 >whole
  printf 0123 >first
  printf 456789 >rest
  as() { put hello results/global/hello -H "Upload-Id: $1" "${@:2}"; }
  # The connection ends before what it said it would send.
  (printf 'PUT /api/v1/results/global/hello HTTP/1.1\r\nHost: x\r\nUpload-Id: aa\r\nContent-Length: 10\r\n\r\n0123' && waits '[ -n "$(find run -path "*.incoming/*" -type f -size 4c)" ]') |
    openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$port" -CAfile ca.pem -cert hello.crt -key hello.key >client.log 2>&1 || true
  [ "$(as aa --head -D headers)" = 200 ]
  grep -qi '^upload-offset: 4' headers
  [ "$(as bb --head -D headers)" = 200 ]
  grep -qi '^upload-offset: 0' headers
  [ "$(as aa -T rest -H 'Content-Range: bytes 5-9/10' -D headers)" = 416 ]
  grep -qi '^upload-offset: 4' headers
  [ "$(as aa -T rest -H 'Content-Range: bytes x')" = 400 ]
  [ "$(as ../x -T whole)" = 400 ]
  [ "$(put hello results/global/hello -T rest -H 'Content-Range: bytes 4-9/10')" = 400 ]
  [ "$(as aa -T rest -H 'Content-Range: bytes 4-9/10' -H 'Content-Disposition: attachment;filename=digits')" = 200 ]
  [ "$(as aa --head)" = 409 ]
  [ "$(put other results/global/other -T whole)" = 200 ]
  ended
  [ "$(tar xzOf "$(archive)" plugins/hello/results/global/digits)" = 0123456789 ]
}

@test "killed when the archive is there: it is told of again, and nothing runs again" {
  plugin hello Job raw
  aggregator_up
  certificate hello
  echo one >file.txt
  exits 0 worker hello file.txt
  ended
  before=$(annotation)
  kubectl annotate pod -n "$space" sonobuoy sonobuoy.hept.io/status- >/dev/null
  sum=$(sha256sum "$(archive)")
  aggregator_start
  ended
  [ "$(annotation)" = "$before" ]
  [ "$(sha256sum "$(archive)")" = "$sum" ]
  exits 1 grep "started plugin" aggregator.log
}

@test "another pod on the same volume: what came stays, the rest is run again" {
  plugin logs DaemonSet raw
  aggregator_up
  certificate logs
  echo one >file.txt
  exits 0 worker logs file.txt n1
  aggregator_kill
  kubectl delete pod -n "$space" sonobuoy >/dev/null
  waits '[ "$(objects daemonsets,secrets)" = 0 ]'
  make_pod
  aggregator_start
  waits 'grep -q "started plugin" aggregator.log'
  grep -q "its run goes on, with new pods" aggregator.log
  certificate logs
  [ "$(put logs results/by-node/n1/logs -T file.txt)" = 409 ]
  exits 0 worker logs file.txt n2
  ended
  [ "$(annotation | jq -r '.plugins[] | "\(.node) \(.["result-status"])"' | sort | xargs)" = "n1 passed n2 passed" ]
}

@test "a state that cannot be read: said, and what came counts all the same" {
  plugin hello Job raw
  aggregator_up
  certificate hello
  aggregator_kill
  jq '.UUID = "5a77bc13-0000-4000-8000-000000000001"' config.json >config && mv config config.json
  mkdir -p run/5a77bc13-0000-4000-8000-000000000001/plugins/hello/results/global
  echo kept >run/5a77bc13-0000-4000-8000-000000000001/plugins/hello/results/global/file
  echo '{' >run/state.json
  aggregator_start
  ended
  grep -q "the run begins anew: .*state.json" aggregator.log
  [ "$(tar xzOf "$(archive)" plugins/hello/results/global/file)" = kept ]
}

@test "a plugin that no node takes has failed, and says why" {
  cat >plugins.d/nowhere.yaml <<'YAML'
sonobuoy-config: {driver: DaemonSet, plugin-name: nowhere, result-format: raw}
podSpec: {nodeSelector: {there-is: none}}
spec: {image: x, command: [x]}
YAML
  echo "{\"Namespace\": \"$space\", \"Server\": {\"bindaddress\": \"127.0.0.1\", \"bindport\": $port}}" >config.json
  aggregator_start
  ended
  [ "$(annotation | jq -r '.plugins[] | "\(.plugin) \(.node) \(.["result-status"])"')" = "nowhere global failed" ]
  run -1 "$SONOBUOY" results "$(archive)"
  says "Plugin: nowhere" "Status: failed"
  tar xzOf "$(archive)" plugins/nowhere/errors/global/error.json | grep -q "no node takes its pods"
}
