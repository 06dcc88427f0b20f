#!/usr/bin/env bats
# Reports of a run, and the comparison of two: without a cluster, on runs made here.
# shellcheck disable=SC2154
load helpers
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  local kind
  for kind in plain hostile; do
    "$BATS_TEST_DIRNAME/make-run" "$kind" "$kind"
  done
  tar -czf plain.tar.gz -C plain .
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  plain=$BATS_FILE_TMPDIR/plain
  hostile=$BATS_FILE_TMPDIR/hostile
}

sonobuoy() { "$SONOBUOY" "$@"; }
check() { "$BATS_TEST_DIRNAME/check-report" "$@"; }

# report FORM RUN OPTIONS...: to the file `report`, whatever failed in the run
report() {
  local form=$1 run=$2
  shift 2
  sonobuoy results "$run" -o "$form" --output-file report --exit-code never "$@"
}

# changed FROM TO SED...: a copy of a run, with its results or health edited
changed() {
  local from=$1 to=$2
  shift 2
  cp -a "$from" "$to"
  sed -i "$@" "$to"/plugins/*/sonobuoy_results.yaml "$to/meta/clusterhealth.json"
}

@test "a table: a row a plugin, then what did not pass with its first lines, then the cluster" {
  exits 1 sonobuoy results "$plain" -o table
  diff - <(echo "$output") <<'END'
PLUGIN   STATUS           PASSED   FAILED   SKIPPED   OTHER   TOTAL
e2e      failed           3        2        1         0       6
hull     failed           1        1        0         0       2
paint    dry: 1, wet: 1   0        0        0         2       2

Did not pass:
  e2e: [sig-quay] Cranes should turn [Conformance]
    the wind is too strong
    at berth 7
  e2e: [sig-sea] Pilot should board [Slow]
    the ladder is wet
  hull on node-2: rust (timeout)

API server: v1.34.4
Nodes: 1 of 2 healthy
  node-2: Unknown, NodeStatusUnknown, Kubelet stopped posting node status.
Pods: 1 of 2 healthy
  quay/crane: ContainersReady, image cannot be pulled
END
}

@test "JSON has every item with its path, status and details, counts, and the cluster's health" {
  report json "$plain"
  jq -e '
    .format == "seaworthy.sonobuoy.report/1" and .outcome == "failed" and .errors == []
    and .run == {uuid: "2d1e9a1c-0000-4000-8000-5ea000000001", sonobuoyVersion: "v0.57.5", serverVersion: "v1.34.4"}
    and [.plugins[] | [.name, .status, .total, (.items | length)]]
      == [["e2e", "failed", 6, 6], ["hull", "failed", 2, 2], ["paint", "dry: 1, wet: 1", 2, 2]]
    and .plugins[0].counts == {failed: 2, passed: 3, skipped: 1}
    and .plugins[0].items[1] == {name: "[It] [sig-sea] Pilot should board [Slow]", status: "failed",
      path: ["junit_01.xml", "Kubernetes e2e suite"], file: "plugins/e2e/results/global/junit_01.xml",
      details: {failure: "the ladder is wet"}}
    and .plugins[1].items[1] == {name: "rust", status: "timeout", path: ["node-2"], node: "node-2",
      file: "plugins/hull/results/node-2/rust", meta: {file: "results/node-2/rust"}}
    and .plugins[2].items[0].details == {coats: 3}
    and .nodes.total == 2 and .nodes.healthy == 1 and [.nodes.details[].name] == ["node-2", "node-1"]
    and .pods.details[0].namespace == "quay" and .logs.Warnings["podlogs/quay/pilot/logs/c.txt"] == 3' report
}

@test "JUnit: a suite a plugin and node, read by a parser of XML, and by our own" {
  report junit "$plain"
  diff - <(check junit report) <<'END'
e2e | [It] [sig-quay] Cranes should turn [Conformance] | failure
e2e | [It] [sig-sea] Pilot should board [Slow] | failure
e2e | [It] [sig-quay] Ships should moor | passed
e2e | [It] [sig-quay] Ships should sail | passed
e2e | [It] [sig-quay] Ships should sail | passed
e2e | [It] [sig-sea] Storms should pass [Disruptive] | skipped
hull node-1 | rust | passed
hull node-2 | rust | failure
paint | bow | passed
paint | stern | passed
END
  grep -q '<failure message="the wind is too strong" type="failed">/go/src/test' report
  grep -q '<property name="status" value="dry"/>' report
}

@test "SARIF: a rule a test, a result a failure, each with a place and a fingerprint that stays" {
  report sarif "$plain"
  check sarif report >lines
  [ "$(grep -c ^rule lines)" -eq 8 ] # of two tests of one name, or on two nodes, there is one rule
  diff - <(grep ^result lines) <<'END'
result [sig-quay] Cranes should turn [Conformance]
result [sig-sea] Pilot should board [Slow]
result rust
END
  jq -e '[.runs[].automationDetails.id] == ["sonobuoy/e2e/", "sonobuoy/hull/", "sonobuoy/paint/"]
    and (.runs[0].results[0].message.text | startswith("failed: the wind is too strong\n"))
    and .runs[1].results[0].message.text == "timeout on node-2"' report
  cp report first
  changed "$plain" later -e 's/the ladder is wet/the ladder is steep/' -e 's/\[It\] //'
  report sarif later
  diff <(jq '[.runs[].results[].partialFingerprints]' first) <(jq '[.runs[].results[].partialFingerprints]' report)
}

@test "HTML: failures first, each with its part of e2e.log; nothing is loaded, linked or run but its own" {
  report html "$plain"
  check html report >lines
  diff - <(grep ^article lines) <<'END'
article [sig-quay] Cranes should turn [Conformance]
article [sig-sea] Pilot should board [Slow]
article rust
END
  [ "$(grep -c ^test lines)" -ge 10 ]
  grep -q "STEP: turning" report
  grep -q "STEP: boarding" report
  run ! grep -q "STEP: mooring" report # of a test that passed
  [ "$(grep -n '<section id="' report | sed 's/.*id="\([a-z]*\)".*/\1/' | tr '\n' ' ')" = "failures plugins nodes pods logs " ]
  grep -q 'Kubelet stopped posting node status.' report
  grep -q 'podlogs/quay/pilot/logs/c.txt' report
  [ "$(grep -cE '(>|^)E1125 rope [0-4] tore$' report)" -eq 5 ] # the first lines of it
  run ! grep -q -e 'rope 5 tore' -e 'all is well' -e 'W1125 wind' report
  grep -q 'warning: &lt;fog&gt;' report
  grep -q '@media print' report
  grep -q 'prefers-color-scheme: dark' report
}

@test "HTML: without a log a failure has what the test printed" {
  cp -a "$plain" run
  rm run/plugins/e2e/results/global/e2e.log
  sed -i 's/the ladder is wet"/&, system-out: "the pilot swam"/' run/plugins/e2e/sonobuoy_results.yaml
  report html run
  check html report >lines
  grep -q "the pilot swam" report
}

@test "hostile names, messages and logs: text in every form, and nothing else" {
  local form
  for form in html junit sarif; do
    report "$form" "$hostile"
    check "$form" report >"$form.lines"
  done
  grep -qF 'article <script>alert(1)</script>' html.lines
  grep -qF '</pre></script></style><img src=x onerror=alert(1)> | failure' junit.lines
  grep -qF 'result ]]>' sarif.lines
  grep -qF 'result (without a name)' sarif.lines
  report html "$hostile"
  grep -qF 'error: &lt;/pre&gt;&lt;script&gt;alert(3)&lt;/script&gt;' report
  grep -qF '&lt;script&gt;alert(2)&lt;/script&gt; ]]&gt; ?' report # of the log, whose NUL is a question mark
  report json "$hostile"
  jq -e '[.plugins[].items[].name] | index("<script>alert(1)</script>") != null and index("\u001b]0;title\u0007") != null' report
  report table "$hostile"
  run ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' report
  grep -qF '\x1b]0;title\x07' report
}

@test "a long log is cut with a word, and takes no memory" {
  "$BATS_TEST_DIRNAME/make-run" run many --tests 200 --log 100
  [ "$(stat -c %s run/plugins/e2e/results/global/e2e.log)" -gt 100000000 ]
  python3 -c 'import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)' "$SONOBUOY" results run -o html --output-file report --exit-code never >megabytes
  check html report >lines
  [ "$(stat -c %s report)" -lt 1000000 ]
  grep -q "the first line" report
  grep -q "the last line" report
  grep -qE '^\.\.\. \([0-9.]+ MiB cut\) \.\.\.$' report
  if grep -q __asan_init "$SONOBUOY" || grep -q __tsan_init "$SONOBUOY"; then return; fi
  [ "$(<megabytes)" -lt 64 ] || fails "$(<megabytes) MiB"
}

@test "the same from a folder, an archive and standard input; a part by plugin and node; the cluster alone" {
  report json "$plain"
  mv report folder
  report json "$BATS_FILE_TMPDIR/plain.tar.gz"
  cmp folder report
  sonobuoy results - -o json --exit-code never <"$BATS_FILE_TMPDIR/plain.tar.gz" | cmp folder -
  sonobuoy results "$plain" -o json --output-file - --exit-code never | cmp folder -
  report json "$plain" --plugin hull --node node-1
  jq -e '[.plugins[].items[] | .name, .status] == ["rust", "passed"] and .outcome == "passed" and has("nodes") == false' report
  report json "$plain" --plugin sonobuoy
  jq -e '.plugins == [] and .nodes.total == 2' report
  exits 1 sonobuoy results "$plain" -o json --node nowhere --exit-code never
  says 'no plugin has a node named "nowhere"'
}

@test "an archive that says nothing of the cluster's health, and one with a plugin that cannot be read" {
  cp -a "$plain" old
  rm old/meta/clusterhealth.json
  echo '{"gitVersion": "v1.21.1"}' >old/serverversion.json
  report json old
  jq -e '.run.serverVersion == "v1.21.1" and (has("nodes") or has("pods") or has("logs") | not)' report
  report html old
  check html report >lines
  cp -a "$plain" broken
  echo '[' >broken/plugins/hull/sonobuoy_results.yaml
  local form
  for form in table json junit sarif html; do
    exits 1 sonobuoy results broken -o "$form" --output-file "$form" --exit-code never
    says "plugins/hull/sonobuoy_results.yaml"
  done
  grep -q '^hull *unreadable' table
  jq -e '.plugins[1].status == "unreadable" and (.plugins[1].error | contains("sonobuoy_results.yaml")) and (.errors | length) == 1
    and (.plugins[2].items | length) == 2' json
  check junit junit | grep -q '^hull | results | error$'
  check sarif sarif >lines
  jq -e '.runs[1].invocations[0].executionSuccessful == false' sarif
  check html html | grep -q '^article Results of hull$'
}

@test "exit codes are those of the modes; options that do not fit are wrong use" {
  exits 1 sonobuoy results "$plain" -o junit --output-file report
  exits 0 sonobuoy results "$plain" -o junit --output-file report --exit-code never
  exits 0 sonobuoy results "$plain" -o junit --output-file report --plugin paint
  exits 1 sonobuoy results missing -o junit
  exits 2 sonobuoy results "$plain" -o pdf
  says '"pdf" is none of table, json, junit, sarif, html'
  exits 2 sonobuoy results "$plain" -o json --mode detailed
  says "--output and --mode: a report has no modes"
  exits 2 sonobuoy results "$plain" --output-file report
  says "--output-file is for reports"
  exits 1 sonobuoy results "$plain" -o json --output-file none/report
  says "none/report cannot be written: No such file or directory"
}

@test "a report that cannot be written whole leaves the file that was there, and nothing beside it" {
  "$BATS_TEST_DIRNAME/make-run" run many --tests 2000
  mkdir out
  echo before >out/report
  run bash -c 'trap "" XFSZ; ulimit -f 64; "$SONOBUOY" results run -o json --output-file out/report --exit-code never'
  [ "$status" -eq 1 ]
  says "out/report cannot be written: File too large"
  [ "$(ls out)" = report ]
  [ "$(<out/report)" = before ]
  exits 0 sonobuoy results run -o json --output-file out/report --exit-code never
  jq -e . out/report >/dev/null
  [ "$(ls out)" = report ]
}

@test "a disk that is full is named" {
  [ "$(id -u)" = 0 ] || skip "a small disk is mounted by root"
  "$BATS_TEST_DIRNAME/make-run" run many --tests 2000
  mkdir small
  mount -t tmpfs -o size=64k none small || skip "no file systems can be mounted here"
  run sonobuoy results run -o html --output-file small/report --exit-code never
  local left
  left=$(ls small)
  umount small
  [ "$status" -eq 1 ]
  says "small/report cannot be written: No space left on device"
  [ -z "$left" ]
}

@test "what is wrong with an archive is said once" {
  head -c "$(($(stat -c %s "$BATS_FILE_TMPDIR/plain.tar.gz") / 2))" "$BATS_FILE_TMPDIR/plain.tar.gz" >cut.tar.gz
  local form
  for form in "" "-o json" "-o table"; do
    # shellcheck disable=SC2086
    run bash -c '"$SONOBUOY" results cut.tar.gz $1 2>&1 >/dev/null' _ "$form"
    [ "$status" -eq 1 ]
    [ "$(grep -c 'archive cut.tar.gz' <<<"$output")" = 1 ] || fails "$output"
  done
}

# --- two runs ------------------------------------------------------------------------------------------------------

@test "diff: what broke, healed, is new, is gone, was skipped, and the cluster" {
  changed "$plain" after -e 's/Ships should moor", status: "passed"/Ships should moor", status: "failed"/' \
    -e 's/board \[Slow\]", status: "failed"/board [Slow]", status: "passed"/' -e 's/pass \[Disruptive\]", status: "skipped"/pass [Disruptive]", status: "passed"/' \
    -e 's/name: stern/name: keel/' -e 's/v1.34.4/v1.35.0/' -e 's/"node-1", "healthy": true/"node-1", "healthy": false/' -e 's/healthy_nodes": 1/healthy_nodes": 0/'
  exits 1 sonobuoy diff "$plain" after
  diff - <(echo "$output") <<'END'
API server: v1.34.4 -> v1.35.0
Broke: 1
  e2e: [sig-quay] Ships should moor (passed -> failed)
Healed: 1
  e2e: [sig-sea] Pilot should board [Slow] (failed -> passed)
New: 1
  paint: keel (wet)
Gone: 1
  paint: stern (wet)
Run now, were skipped: 1
  e2e: [sig-sea] Storms should pass [Disruptive] (skipped -> passed)
Failed before and now: 2
  2 listed with -v
Nodes healthy: 1 of 2 -> 0 of 2
  node-1 broke: True, KubeletReady
1 broke, 1 healed, 1 new, 1 gone, 1 run now, 2 failed before and now, 4 the same.
END
  exits 1 sonobuoy diff "$plain" after -v
  says "  e2e: [sig-quay] Cranes should turn [Conformance] (failed -> failed)" "  hull on node-2: rust (timeout -> timeout)" \
    "  node-2 is as before: Unknown" "  quay/crane is as before: ContainersReady"
  exits 1 sonobuoy diff "$plain" after -o json
  jq -e '.format == "seaworthy.sonobuoy.diff/1" and .outcome == "broke" and .server == {before: "v1.34.4", after: "v1.35.0"}
    and .counts == {broke: 1, healed: 1, new: 1, gone: 1, runs: 1, skipped: 0, changed: 0, failing: 2, same: 4}
    and .broke == [{plugin: "e2e", path: ["junit_01.xml", "Kubernetes e2e suite"], name: "[sig-quay] Ships should moor", before: "passed", after: "failed"}]
    and (.failing[1] | .node == "node-2" and .before == "timeout") and .new[0].after == "wet" and (.new[0] | has("before") | not)
    and .nodes.before == {total: 2, healthy: 1} and .nodes.differences[0].change == "broke"' <<<"$output"
}

@test "diff: nothing broke between a run and itself, whatever failed, and whatever ginkgo writes before names" {
  exits 0 sonobuoy diff "$plain" "$BATS_FILE_TMPDIR/plain.tar.gz"
  says "0 broke, 3 failed before and now, 7 the same."
  changed "$plain" older -e 's/\[It\] //'
  exits 0 sonobuoy diff "$plain" older
  says "0 broke, 3 failed before and now, 7 the same."
  exits 0 sonobuoy diff - older <"$BATS_FILE_TMPDIR/plain.tar.gz"
  exits 0 sonobuoy diff "$hostile" "$hostile" -v
  run ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' <<<"$output"
  exits 0 sonobuoy diff "$hostile" "$hostile" -o json
  jq -e '.counts.failing == 22 and .counts.broke == 0' <<<"$output"
}

@test "diff: a plugin that one run did not have, one plugin alone, runs that cannot be read" {
  changed "$plain" after -e 's/status: passed, meta: {file: results\/node-1/status: failed, meta: {file: results\/node-1/'
  sed -i 's/"paint"//; s/, \]/]/' after/meta/info.json
  exits 1 sonobuoy diff "$plain" after
  says "Gone: 2" "  paint: bow (dry)" "  hull on node-1: rust (passed -> failed)"
  exits 0 sonobuoy diff "$plain" after -p paint
  exits 2 sonobuoy diff "$plain" after -p pint
  says 'neither run has a plugin "pint"'
  exits 2 sonobuoy diff "$plain" missing
  says "archive missing: No such file or directory"
  exits 2 sonobuoy diff "$plain"
  exits 2 sonobuoy diff - - </dev/null
  says "only one of the two can be standard input"
  echo '[' >after/plugins/hull/sonobuoy_results.yaml
  exits 2 sonobuoy diff "$plain" after
  says "plugins/hull/sonobuoy_results.yaml" "Gone: 2"
}

@test "diff: colours on a terminal alone" {
  changed "$plain" after -e 's/Ships should moor", status: "passed"/Ships should moor", status: "failed"/'
  exits 1 sonobuoy diff "$plain" after
  says_not $'\e['
  TERM=xterm NO_COLOR='' python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' "$SONOBUOY" diff "$plain" after >shown
  grep -qF $'  \e[31me2e: [sig-quay] Ships should moor (passed -> failed)\e[0m' shown
}

@test "diff of a hundred thousand tests is bounded" {
  "$BATS_TEST_DIRNAME/make-run" a many --tests 100000
  changed a b -e 's/number 77777 of a great many \[Conformance\]", status: "passed"/number 77777 of a great many [Conformance]", status: "failed"/'
  exits 1 python3 -c 'import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)' "$SONOBUOY" diff a b
  says "1 broke, 1000 failed before and now, 98999 the same."
  if grep -q __asan_init "$SONOBUOY" || grep -q __tsan_init "$SONOBUOY"; then return; fi
  [ "${lines[-1]}" -lt 256 ] || fails "${lines[-1]} MiB"
}
