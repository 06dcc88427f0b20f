#!/usr/bin/env bats
# The aggregator and its workers, as programs beside a control plane without nodes: what the pods would do is done here.
# shellcheck disable=SC2016,SC2031,SC2030,SC2154
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
- {apiVersion: v1, kind: Secret, metadata: {name: hidden, namespace: default}, stringData: {key: secret-marker}}
YAML
}
teardown_file() { cluster_down; }

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

# bats test_tags=long
@test "a plugin on each node; one that does not come is timed out" {
  plugin logs DaemonSet raw
  aggregator_up 15
  certificate logs
  echo one >file.txt
  [ "$(put logs results/by-node/n9/logs -T file.txt)" = 403 ]
  [ "$(put logs results/global/logs -T file.txt)" = 403 ]
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

@test "two uploads of one result at once: one is taken as a whole, the other is told so" {
  plugin hello Job raw
  aggregator_up
  certificate hello
  local upload pids=()
  for upload in a b; do
    mkfifo "$upload"
    mkdir "as-$upload"
    cp ca.pem hello.* "as-$upload"
    (cd "as-$upload" && put hello results/global/hello -T - -H 'Content-Disposition: attachment;filename=sent' <"../$upload" >../"status-$upload") &
    pids+=($!)
  done
  exec 7>a 8>b
  head -c 1000000 /dev/zero | tr '\0' a >&7
  head -c 1000000 /dev/zero | tr '\0' b >&8
  waits '[ "$(find run/*.incoming -type f -size +900k | wc -l)" -eq 2 ]'
  echo end >&7
  echo end >&8
  exec 7>&- 8>&-
  wait "${pids[@]}"
  [[ "$(cat status-a) $(cat status-b)" =~ ^(200\ 409|409\ 200)$ ]]
  ended
  local winner=a loser=b
  [ "$(cat status-a)" = 200 ] || { winner=b loser=a; }
  grep -q "already received" "as-$loser/answer"
  tar xzOf "$(archive)" plugins/hello/results/global/sent >sent
  cmp sent <(head -c 1000000 /dev/zero | tr '\0' "$winner" && echo end)
  [ "$(tar tzf "$(archive)" | grep -c '^plugins/hello/results/global/.')" = 1 ]
}

# bats test_tags=long
@test "a result of 500 MB takes no memory" {
  plugin large Job raw
  aggregator_up 300 --no-exit
  certificate large
  openssl enc -aes-128-ctr -pass pass:x -pbkdf2 </dev/zero 2>/dev/null | head -c 500000000 >file
  exits 0 worker large file
  waits 'annotation | grep -q "\"status\":\"complete\",\"tar-info\""'
  local peak
  peak=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$aggregator/status")
  [ "$peak" -le 32768 ] || is_sanitized "$SONOBUOY" || fails "peak: $peak KiB"
  tar xzOf "$(archive)" plugins/large/results/global/file | cmp - file
}

@test "the API server is killed while a run goes on: its result is taken, and the run comes to its end" {
  plugin hello Job raw
  aggregator_up
  certificate hello
  echo result >file
  "$cluster/restart" "$cluster_name" kill &
  local restart=$!
  exits 0 worker hello file
  wait "$restart"
  ended
  [ "$(annotation | jq -r '.status, .plugins[0].status, .plugins[0]["result-status"]' | xargs)" = "complete complete passed" ]
  [ "$(tar xzOf "$(archive)" plugins/hello/results/global/file)" = result ]
}

# bats test_tags=long
@test "bombs end at limits, and are kept as they came" {
  plugin size Job raw
  plugin entries Job raw
  plugin nested Job raw
  aggregator_up
  certificate size
  certificate entries
  certificate nested
  truncate -s 256M zeros
  tar czf size.tar.gz zeros
  python3 - <<'PYTHON'
import tarfile
for name, of in (("entries", lambda i: "same"), ("nested", lambda i: "/".join(["d"] * (i * 10 % 2000 + 3)) + "/f")):
    with tarfile.open(name + ".tar.gz", "w:gz") as archive:
        for i in range(100000 if name == "entries" else 400):
            archive.addfile(tarfile.TarInfo(of(i).lstrip("/")))
PYTHON
  local plugin
  for plugin in size entries nested; do
    exits 0 worker "$plugin" "$plugin.tar.gz"
  done
  ended
  mkdir all
  tar xzf "$(archive)" -C all
  cmp size.tar.gz all/plugins/size/results/global/size.tar.gz
  grep -q "could not be unpacked to its end: .*--limit-ratio" all/plugins/size/results/global/sonobuoy-unpack-error.txt
  run -1 "$SONOBUOY" results "$(archive)" -p size
  says "Status: failed"
  [ "$(ls all/plugins/size/results/global)" = "size.tar.gz"$'\n'"sonobuoy-unpack-error.txt" ]
  # A file that is written 100,000 times, and folders deeper than what is walked through: bounded, and no harm.
  [ "$(ls all/plugins/entries/results/global)" = same ]
  [ -f all/plugins/nested/results/global/d/d/d/f ]
  grep -q "not in the archive: plugins/nested/.*nested deeper than 64 folders" aggregator.log
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
  # What is beside is there; a link that leads out is named, and is no failure.
  [ "$(cat all/plugins/a/results/global/first)" = x ]
  [ "$(cd all/plugins/b/results/global && ls)" = "good"$'\n'"sonobuoy-left-out.txt" ]
  grep -q "link, a link to /etc/passwd: " all/plugins/b/results/global/sonobuoy-left-out.txt
  exits 0 "$SONOBUOY" results "$(archive)" -p b
  says "Status: passed" "Passed: 1"
  [ -z "$(find . -name outside)" ]
}

@test "links, empty folders and names of any bytes: in the archive as files and folders" {
  plugin folder Job raw
  plugin tar Job junit
  aggregator_up
  certificate folder
  certificate tar
  mkdir -p in/empty in/d
  echo '<testsuite name="s"><testcase name="a"/></testsuite>' >in/d/real.xml
  ln -s d/real.xml in/near.xml
  ln -s "$PWD/in/d/real.xml" in/own.xml
  ln -s ../../outside in/d/out.xml
  ln in/d/real.xml in/d/hard.xml
  echo odd >"in/caf"$'\xe9'
  echo long >"in/$(printf '%0120d' 1)"$'\xe9'
  echo secret >outside
  tar czf sent.tar.gz --format=posix -C in . # which writes long names otherwise than short ones
  exits 0 worker folder in
  says "left out of the result: d/out.xml: a link"
  exits 0 worker tar sent.tar.gz
  ended
  mkdir all
  tar xzf "$(archive)" -C all
  exits 1 grep -r secret all/plugins
  local result
  for result in folder tar; do
    result=all/plugins/$result/results/global
    [ -d "$result/empty" ]
    cmp in/d/real.xml "$result/d/real.xml"
    cmp in/d/real.xml "$result/near.xml"
    cmp in/d/real.xml "$result/d/hard.xml"
    [ "$(cat "$result/caf"$'\xef\xbf\xbd'E9)" = odd ]
    [ "$(cat "$result/$(printf '%0120d' 1)"$'\xef\xbf\xbd'E9)" = long ]
    [ ! -e "$result/d/out.xml" ]
    [ -z "$(find "$result" -type l)" ]
  done
  cmp in/d/real.xml all/plugins/folder/results/global/own.xml
  grep -q "d/out.xml, a link to ../../outside: " all/plugins/tar/results/global/sonobuoy-left-out.txt
  # A link and a hard link are results as the file is; the absolute link is not in what tar sent.
  exits 0 "$SONOBUOY" results "$(archive)" -p tar
  says "Status: passed" "Total: 3"
  exits 0 "$SONOBUOY" results "$(archive)" -p folder --mode detailed
  says 'folder|own.xml <testsuite name="s">' $'folder|caf\xef\xbf\xbdE9 odd'
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
  says "left out of the result: dangling: a link that leads to no file in the folder" "left out of the result: pipe: a pipe"
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
