#!/usr/bin/env bats
# What stock Sonobuoy makes of plugins' files, and shows of a run, is what ours makes and shows.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
stock=$("$root/tests/cluster/build" --bin)
sonobuoy=${SONOBUOY:-$root/build/sonobuoy}
process=${SONOBUOY_PROCESS:-$root/build/tests/unit/sonobuoy-process}

# Two runs of the same files: one whose results stock's aggregator code wrote, and one with ours.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  "$BATS_TEST_DIRNAME/sonobuoy-run" theirs >list
  cp -a theirs ours
  mkdir trees
  local name format driver files
  while read -r name format driver files; do
    # shellcheck disable=SC2086
    "$stock/sonobuoy-process" theirs "$name" "$format" "$driver" $files >"trees/$name.theirs" 2>>log
    # shellcheck disable=SC2086
    "$process" ours "$name" "$format" "$driver" $files >"trees/$name.ours"
  done <list
  # As stock packs them: no "./", in the order of names.
  for run in ours theirs; do
    (cd "$run" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort | tar -czf "../$run.tar.gz" --no-recursion -T -)
  done
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

names() { cut -d' ' -f1 list; }

# shown RUN ARGUMENTS...: both programs' outputs are the same, and it is some. Texts that YAML must quote are quoted in
# two ways in the cluster's health.
shown() {
  "$stock/sonobuoy" results "$@" >"$BATS_TEST_TMPDIR/theirs" 2>"$BATS_TEST_TMPDIR/log" || {
    cat "$BATS_TEST_TMPDIR/log"
    return 1
  }
  sed -i "s/^    message: '\(.*\)'$/    message: \"\1\"/" "$BATS_TEST_TMPDIR/theirs"
  "$sonobuoy" results --exit-code=never "$@" >"$BATS_TEST_TMPDIR/ours"
  cmp "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours" || {
    echo "results $*"
    diff -u "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
    return 1
  }
  [ -s "$BATS_TEST_TMPDIR/ours" ]
}

@test "plugins' files become the same trees" {
  # Words for what cannot be read differ; stock keeps some empty values.
  local same='walk(if type == "object" then del(.meta?.error?) | with_entries(select(.value != {} and .value != [] and .value != "")) else . end)'
  local name count=0
  for name in $(names); do
    diff -u <(jq -S "$same" "trees/$name.theirs") <(jq -S "$same" "trees/$name.ours") || {
      echo "of plugin $name"
      return 1
    }
    count=$((count + 1))
  done
  [ "$count" -gt 20 ]
}

@test "what ours stored is read by stock as what stock stored" {
  local name mode
  for mode in report detailed; do
    for name in $(names); do
      "$stock/sonobuoy" results theirs.tar.gz -p "$name" -m "$mode" >"$BATS_TEST_TMPDIR/theirs"
      "$stock/sonobuoy" results ours.tar.gz -p "$name" -m "$mode" >"$BATS_TEST_TMPDIR/ours"
      diff -u "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
    done
  done
}

@test "all plugins of an archive, in every mode" {
  local mode run
  for run in ours theirs; do
    for mode in report detailed readable dump; do
      shown "$run.tar.gz" -m "$mode"
    done
    shown "$run.tar.gz"
  done
}

@test "a folder that an archive was unpacked to" {
  local mode
  for mode in report detailed readable dump; do
    shown theirs -m "$mode"
  done
}

@test "one plugin, in every mode; the cluster's health by its name" {
  local mode name
  for mode in report detailed readable dump; do
    for name in junit-one raw-nodes manual-details error-nodes sonobuoy; do
      shown ours.tar.gz --plugin "$name" --mode "$mode"
      shown theirs.tar.gz -p "$name" -m "$mode" -s
    done
  done
}

@test "a part of the tree: a node, a file, a suite, a test" {
  local mode
  for mode in report detailed; do
    shown ours.tar.gz -p junit-nodes -m "$mode" -n node-2
    shown ours.tar.gz -p junit-one -m "$mode" -n junit_01.xml
    shown ours.tar.gz -p junit-one -m "$mode" --node testsuite-002
    shown ours.tar.gz -p junit-one -m "$mode" -n "error alone"
    shown ours.tar.gz -p raw-nodes -m "$mode" -n node-10
    shown ours.tar.gz -p raw-nodes -m "$mode" -n node-10 --skip-prefix
    shown ours.tar.gz -p manual-own -m "$mode" -n e
  done
}

@test "stock's own archives, where its module is at hand" {
  local go module archive mode count=0
  go=$(command -v go || echo /usr/local/go/bin/go)
  module=$("$go" env GOMODCACHE 2>/dev/null)/github.com/vmware-tanzu/sonobuoy@v$(sed -n 's/^SONOBUOY_VERSION=//p' "$root/tests/cluster/versions")
  [ -d "$module" ] || skip "no Go module cache"
  for archive in "$module"/test/integration/testdata/results-*.tar.gz; do
    "$stock/sonobuoy" results "$archive" >/dev/null 2>&1 || continue
    for mode in report readable dump; do
      shown "$archive" -m "$mode"
    done
    shown "$archive" -p e2e -m detailed
    count=$((count + 1))
  done
  [ "$count" -gt 0 ]
}

# reported FORM ARCHIVE: a report that its form's own readers take, in the file `report`
reported() {
  "$sonobuoy" results "$2" -o "$1" --output-file report --exit-code never
  if [ "$1" = json ]; then jq -e .format report >/dev/null; else "$root/tests/integration/check-report" "$1" report >lines; fi
}

@test "reports of what stock stored are those of what ours stored, and count as stock does" {
  # Words for what cannot be read differ; stock keeps some empty values.
  local same='del(.. | .error?) | walk(if type == "object" then with_entries(select(.value != {} and .value != [] and .value != "")) else . end)'
  local form run name
  for run in ours theirs; do
    for form in html junit sarif; do
      reported "$form" "$run.tar.gz"
      [ -s lines ]
    done
    reported json "$run.tar.gz"
    jq -S "$same" report >"$run.json"
  done
  diff -u theirs.json ours.json
  for name in $(names); do
    "$stock/sonobuoy" results theirs.tar.gz -p "$name" | awk -F': ' '/^(Total|Passed|Failed|Skipped): / {print $2}' | paste -sd' ' >"$BATS_TEST_TMPDIR/theirs"
    jq -r --arg name "$name" '.plugins[] | select(.name == $name) | "\(.total) \(.counts.passed // 0) \((.counts.failed // 0) + (.counts.timeout // 0)) \(.counts.skipped // 0)"' report |
      diff -u "$BATS_TEST_TMPDIR/theirs" - || { echo "of plugin $name"; return 1; }
  done
}

@test "the JUnit that is reported is read back by stock as the same tests" {
  local run=$BATS_TEST_TMPDIR/run
  mkdir -p "$run/plugins/again/results/global"
  "$sonobuoy" results ours.tar.gz -p junit-one -o junit --exit-code never --output-file "$run/plugins/again/results/global/report.xml"
  "$stock/sonobuoy-process" "$run" again junit Job >"$BATS_TEST_TMPDIR/tree" 2>>log
  local tests='[.. | objects | select(.items == null and has("status")) | [.name, .status]]'
  diff -u <(jq "$tests" trees/junit-one.theirs) <(jq "$tests" "$BATS_TEST_TMPDIR/tree")
}

@test "stock's own archives: reported on with e2e.log's part of each failure, and compared" {
  local go module
  go=$(command -v go || echo /usr/local/go/bin/go)
  module=$("$go" env GOMODCACHE 2>/dev/null)/github.com/vmware-tanzu/sonobuoy@v$(sed -n 's/^SONOBUOY_VERSION=//p' "$root/tests/cluster/versions")/test/integration/testdata
  [ -d "$module" ] || skip "no Go module cache"
  local form
  for form in json html junit sarif; do
    reported "$form" "$module/results-4-e2e-failures.tar.gz"
    reported "$form" "$module/results-quick-no-failures.tar.gz"
  done
  reported html "$module/results-4-e2e-failures.tar.gz"
  [ "$(grep -c ^article lines)" -eq 4 ]
  [ "$(grep -c '<details class="log"><summary>e2e.log ' report)" -eq 4 ]
  grep -q 'Conformance test suite needs a cluster with at least 2 nodes' report
  run "$sonobuoy" diff "$module/results-quick-no-failures.tar.gz" "$module/results-4-e2e-failures.tar.gz"
  [ "$status" -eq 0 ] # what failed was skipped before
  [[ $output == *"Run now, were skipped: 25, 4 of them failed"* ]]
  [[ $output == *"0 broke, 25 run now, 1 skipped now, 5746 the same."* ]]
}

@test "where stock says nothing, ours does: exit codes, nodes, standard input" {
  run "$sonobuoy" results ours.tar.gz -p junit-root-suite
  [ "$status" -eq 0 ]
  for name in junit-one junit-nothing junit-broken error-timeout manual-own; do
    run "$sonobuoy" results ours.tar.gz -p "$name"
    [ "$status" -eq 1 ] || { echo "$name: $status"; return 1; }
    run "$sonobuoy" results ours.tar.gz -p "$name" --exit-code never
    [ "$status" -eq 0 ]
  done
  run "$sonobuoy" results ours.tar.gz -p manual-nodes # a status of its own is no failure
  [ "$status" -eq 0 ]
  run "$sonobuoy" results ours.tar.gz -m junk
  [ "$status" -eq 2 ]
  run "$sonobuoy" results --exit-code=never ours.tar.gz -n nowhere
  [ "$status" -eq 1 ]
  [[ $output == *'no plugin has a node named "nowhere"'* ]]
  run "$sonobuoy" results --exit-code=never missing.tar.gz
  [ "$status" -eq 1 ]
  [[ $output == *"archive missing.tar.gz: No such file or directory"* ]]
  "$sonobuoy" results --exit-code=never ours.tar.gz >"$BATS_TEST_TMPDIR/file"
  "$sonobuoy" results --exit-code=never - <ours.tar.gz | cmp - "$BATS_TEST_TMPDIR/file"
  # shellcheck disable=SC2002
  cat ours.tar.gz | "$sonobuoy" results --exit-code=never - | cmp - "$BATS_TEST_TMPDIR/file"
}
