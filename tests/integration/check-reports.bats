#!/usr/bin/env bats
# Forms of sonobuoy check's report, its comparison, watching, archives, and its documentation.
# shellcheck disable=SC2034,SC2154
load check
thresholds='{stuckMinutes: 0}'

setup_file() {
  cluster_up
  kubectl create clusterrolebinding all --clusterrole=cluster-admin --group=system:authenticated >/dev/null
  kubectl create namespace 'shop' >/dev/null
  node one
  make_it <<'YAML'
{apiVersion: v1, kind: Event, metadata: {name: odd, namespace: default}, reason: Odd, type: Warning, count: 1,
 message: "<script>alert(1)</script> & \"quoted\"\e[31m", involvedObject: {kind: Pod, namespace: default, name: x}}
YAML
}
teardown_file() { cluster_down; }
setup() { cd "$BATS_TEST_TMPDIR" || return; }

check() { timeout 60 "$SONOBUOY" check "$@"; }

@test "JUnit: a case a check, failures are what failed" {
  exits 1 check -o junit
  check -o junit >report.xml || :
  check -o json >report || :
  python3 - "$("$SONOBUOY" check --list | wc -l)" "$(jq .summary.fail report)" "$(jq .summary.unknown report)" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree
root = tree.parse("report.xml").getroot()
assert [len(list(root.iter(name))) for name in ("testcase", "failure", "skipped")] == [int(a) for a in sys.argv[1:]]
text = next(case.find("failure").text for case in root.iter("testcase") if case.get("name").startswith("SB-SEC-01"))
assert "ClusterRoleBinding all" in text and "->" in text, text
PYTHON
}

@test "SARIF: valid, a result a finding, exceptions are suppressed" {
  echo 'exceptions: [{check: SB-SEC-01, object: "* all", reason: a test, until: 2099-01-01}]' >config.yaml
  check -o sarif --config config.yaml >report.sarif || :
  [ "$(jq -r .version report.sarif)" = 2.1.0 ]
  jq -e '.runs[0] | (.tool.driver.rules | length) > 40 and all(.results[]; .ruleIndex as $i | .ruleId != null)' report.sarif >/dev/null
  jq -e '.runs[0] as $run | all($run.results[]; $run.tool.driver.rules[.ruleIndex].id == .ruleId)' report.sarif >/dev/null
  [ "$(jq -r '.runs[0].results[] | select(.ruleId == "SB-SEC-01") | .suppressions[0].justification' report.sarif)" = 'a test' ]
}

@test "Prometheus: HELP, TYPE, a gauge a check" {
  check -o prometheus >metrics || :
  [ "$(grep -c '^sonobuoy_check_outcome{' metrics)" = "$("$SONOBUOY" check --list | wc -l)" ]
  grep -q '^# TYPE sonobuoy_check_outcome gauge$' metrics
  grep -q '^sonobuoy_check_outcome{id="SB-SEC-01",area="security",severity="critical",title="[^"]*"} 3$' metrics
  grep -q '^sonobuoy_checks{outcome="fail"} [0-9]*$' metrics
  # No line that is neither a comment nor a sample.
  run ! grep -Ev '^(# (HELP|TYPE) |[a-z_]+(\{[^}]*\})? [0-9.]+$)' metrics
}

@test "HTML: stands alone, failures first, nothing that came in runs" {
  check -o html --output-file page.html || :
  run ! grep -E '(src|href)="(https?:)?//' page.html
  run ! grep -F '<script>alert' page.html
  grep -qF '&lt;script&gt;alert(1)' page.html
  [ "$(grep -n 'id="fail"' page.html | cut -d: -f1)" -lt "$(grep -n 'id="warn"' page.html | cut -d: -f1)" ]
  grep -q 'id="SB-SEC-01-fail"' page.html
}

@test "two reports compared: what broke, what healed" {
  check -o json >a.json || :
  kubectl create clusterrolebinding other --clusterrole=cluster-admin --group=system:serviceaccounts >/dev/null
  kubectl label namespace shop pod-security.kubernetes.io/enforce=baseline >/dev/null
  check -o json >b.json || :
  kubectl delete clusterrolebinding other >/dev/null
  kubectl label namespace shop pod-security.kubernetes.io/enforce- >/dev/null
  exits 1 "$SONOBUOY" diff a.json b.json
  says 'SB-SEC-01 ClusterRoleBinding other (pass -> fail)' 'Healed: 1' 'SB-SEC-11 Namespace shop (warn -> pass)'
  says_not 'ClusterRoleBinding all'
  exits 1 "$SONOBUOY" diff a.json b.json -o json
  [ "$(jq -r '.broke[] | select(.id == "SB-SEC-01").object' <<<"$output")" = 'ClusterRoleBinding other' ]
  exits 0 "$SONOBUOY" diff a.json a.json
  says '0 broke, 0 healed, 0 new'
  check -o json --only storage >part.json || :
  exits 1 "$SONOBUOY" diff b.json a.json
  says 'SB-SEC-11 Namespace shop (pass -> warn)'
  exits 0 "$SONOBUOY" diff a.json part.json
  says 'Not checked any more' 'SB-SEC-01 ClusterRoleBinding all (fail -> not checked)'
  exits 0 "$SONOBUOY" diff part.json part.json
  echo '{}' >none.json
  exits 2 "$SONOBUOY" diff none.json a.json
  says 'none.json is JSON, but no report of sonobuoy check'
}

@test "watched, each change is a line" {
  "$SONOBUOY" check --watch --interval 1 --only security >watched &
  watcher=$!
  within 20 grep -q 'passed, ' watched
  kubectl create clusterrolebinding late --clusterrole=cluster-admin --group=system:serviceaccounts >/dev/null
  within 20 grep -q 'pass -> fail SB-SEC-01 ClusterRoleBinding late' watched
  kubectl delete clusterrolebinding late >/dev/null
  within 20 grep -q 'fail -> pass SB-SEC-01 ClusterRoleBinding late' watched
  kill -INT $watcher
  wait $watcher || :
  [ "$(grep -c 'passed, ' watched)" = 1 ]
  exits 2 "$SONOBUOY" check --watch --from somewhere
}

@test "the folder of a query is checked as the cluster is" {
  # The node has no kubelet to ask.
  timeout 60 "$SONOBUOY" query --output folder >/dev/null 2>&1 || [ $? = 3 ]
  checks '*' --from folder
  finds SB-SEC-01 fail 'ClusterRoleBinding all' 'Group system:authenticated has role cluster-admin'
  finds SB-SEC-11 warn 'Namespace shop' 'has no label'
  finds SB-SEC-03 unknown '' 'an archive cannot be asked'
  checks workloads,storage,capacity
  jq '[.checks[] | {id, outcome}]' report >live
  checks workloads,storage,capacity --from folder --skip SB-STOR-09
  jq '[.checks[] | {id, outcome}]' report >stored
  diff <(jq -c '.[] | select(.id != "SB-STOR-09")' live) <(jq -c '.[]' stored)
}

@test "the table of checks in the documentation is what the program has" {
  "$root/scripts/check-table" "$SONOBUOY" | diff - <(sed -n '/^<!-- checks -->$/,$p' "$root/docs/sonobuoy-check.md" | tail -n +2)
}

@test "what cannot be checked is exit status 3, wrong use is 2; neither is a failed check" {
  cd "$BATS_TEST_TMPDIR" || return
  exits 3 "$SONOBUOY" check --kubeconfig missing
  says missing
  exits 3 "$SONOBUOY" check --from missing
  echo 'thresholds: {nosuch: 1}' >config.yaml
  exits 2 "$SONOBUOY" check --config config.yaml
  says nosuch
  exits 2 "$SONOBUOY" check --only SB-NONE-01
  says SB-NONE-01
}
