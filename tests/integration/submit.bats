#!/usr/bin/env bats
# `sonobuoy submit` on runs made here: what is written, and what is refused.
# shellcheck disable=SC2154
load helpers
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}

# case NAME [OUTCOME]: of JUnit's XML
case_of() { printf '<testcase name="%s" time="1">%s</testcase>\n' "$1" "${2:-}"; }

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  local results=run/plugins/e2e/results/global
  mkdir -p run/meta "$results"
  echo '{"plugins":["e2e"]}' >run/meta/info.json
  echo '{"Version":"v0.57.5","UUID":"u"}' >run/meta/config.json
  echo '{"major":"1","minor":"34","gitVersion":"v1.34.4+k3s1"}' >run/serverversion.json
  jq -nc '{Definition: {"sonobuoy-config": {driver: "Job", "plugin-name": "e2e", "result-format": "junit"},
    spec: {image: "registry.k8s.io/conformance:v1.34.4", env: [{name: "E2E_FOCUS", value: "\\[Conformance\\]"}, {name: "E2E_PARALLEL", value: "false"},
      {name: "E2E_EXTRA_ARGS", value: "--progress-report-url=http://localhost:8099/progress"}]}}}' >run/plugins/e2e/definition.json
  {
    echo '<?xml version="1.0" encoding="UTF-8"?><testsuites tests="4"><testsuite name="Kubernetes e2e suite" tests="4">'
    case_of '[ReportBeforeSuite]'
    case_of '[It] [sig-quay] ships &amp; boats moor [Conformance]'
    case_of '[It] [sig-quay] cranes turn [Conformance]'
    case_of '[It] [sig-quay] gulls sing' '<skipped message="skipped"/>'
    echo '</testsuite></testsuites>'
  } >"$results/junit_01.xml"
  {
    echo 'I1129 23:00:00.000 22 e2e.go:109] Starting e2e run "x" on Ginkgo node 1'
    echo 'Running Suite: Kubernetes e2e suite - /usr/local/bin'
    echo 'Will run 2 of 3 specs'
    head -c 100000 /dev/zero | tr '\0' S
    echo
    echo '  I1129 23:00:01.000 22 e2e.go:245] e2e test version: v1.34.4'
    echo '  I1129 23:00:01.000 22 e2e.go:254] kube-apiserver version: v1.34.4+k3s1'
    echo 'Ran 2 of 3 Specs in 9.876 seconds'
    echo 'SUCCESS! -- 2 Passed | 0 Failed | 0 Pending | 1 Skipped'
  } >"$results/e2e.log"
  printf -- "- testname: Moor\n  codename: '[sig-quay] ships & boats moor\n    [Conformance]'\n- testname: Turn\n  codename: '[sig-quay] cranes turn [Conformance]'\n" >conformance.yaml
  cat >PRODUCT.yaml <<'YAML'
name: Turbo Encabulator!
vendor: Yoyodyne
version: 1.70
type: hosted platform
description: "It serves: all needs."
website_url: https://yoyo.example/turbo
documentation_url: https://yoyo.example/turbo/docs
contact_email_address: certify@yoyo.example
YAML
  tar -czf run.tar.gz -C run .
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  given=$BATS_FILE_TMPDIR
}

submit() { "$SONOBUOY" submit "$@"; }

# altered SED FILE: the run with a line of one of its files changed; sure that it is
altered() {
  cp -a "$given/run" .
  sed -i -E "$1" "run/$2"
  ! cmp -s "run/$2" "$given/run/$2" || fails "unchanged: $2"
}

# refuses TEXT RUN OPTIONS...: nothing is written, for this reason and no other
refuses() {
  local text=$1
  shift
  exits 1 submit "$@" --product "$given/PRODUCT.yaml" -o out
  says "$text" "nothing is written"
  [ "$(grep -c '^refused: ' <<<"$output")" -eq 1 ] || fails "$output"
  [ ! -e out ]
}

@test "the folder: the run's files byte for byte, the product as YAML that the reviewers' program reads" {
  exits 0 submit "$given/run.tar.gz" --product "$given/PRODUCT.yaml" --tests "$given/conformance.yaml" -o out
  says "out/v1.34/turbo-encabulator" "2 conformance tests passed on v1.34.4+k3s1" '"Conformance results for v1.34/turbo-encabulator"'
  says_not refused look:
  cd out/v1.34/turbo-encabulator
  [ "$(echo *)" = "PRODUCT.yaml README.md e2e.log junit_01.xml" ]
  cmp e2e.log "$given/run/plugins/e2e/results/global/e2e.log"
  cmp junit_01.xml "$given/run/plugins/e2e/results/global/junit_01.xml"
  # Its version is a text: a number would be refused.
  diff - PRODUCT.yaml <<'YAML'
vendor: Yoyodyne
name: Turbo Encabulator!
version: "1.70"
type: hosted platform
description: "It serves: all needs."
website_url: https://yoyo.example/turbo
documentation_url: https://yoyo.example/turbo/docs
contact_email_address: certify@yoyo.example
YAML
  grep -qF 'sonobuoy run --mode certified-conformance' README.md
  grep -qF 'v1.34.4+k3s1' README.md
  cd ../../..
  # It is not written over.
  exits 1 submit "$given/run" --product "$given/PRODUCT.yaml" -o out
  says "out/v1.34/turbo-encabulator is there already"
  [ "$(find out -type f | wc -l)" -eq 4 ]
  # Another name, text of one's own, fields by options.
  echo mine >README.md
  exits 0 submit "$given/run" --product "$given/PRODUCT.yaml" --readme README.md --folder te2 -o out --product-version v2 --repo-url https://yoyo.example/git
  cmp README.md out/v1.34/te2/README.md
  grep -qx 'version: v2' out/v1.34/te2/PRODUCT.yaml
  grep -qx 'repo_url: https://yoyo.example/git' out/v1.34/te2/PRODUCT.yaml
  exits 0 submit - --product "$given/PRODUCT.yaml" --dry-run <"$given/run.tar.gz"
}

@test "what reviewers refuse of a run" {
  # shellcheck disable=SC2034 # by ${!file}
  local definition=plugins/e2e/definition.json junit=plugins/e2e/results/global/junit_01.xml log=plugins/e2e/results/global/e2e.log
  local file change text
  while IFS=';' read -r file change text; do
    rm -rf run
    altered "$change" "${!file}"
    refuses "$text" run
  done <<'CASES'
definition;s/\\\\\[Conformance\\\\\]/sig-quay/;chosen by E2E_FOCUS=sig-quay
definition;s/("env":\[)/\1{"name":"E2E_SKIP","value":"Disruptive"},/;left out by E2E_SKIP=Disruptive
definition;s/"false"/"true"/;in parallel (E2E_PARALLEL)
definition;s/("env":\[)/\1{"name":"E2E_DRYRUN","value":"1"},/;E2E_DRYRUN
definition;s/--progress/--ginkgo.skip=x --progress/;E2E_EXTRA_ARGS chooses
junit;s/(cranes turn \[Conformance\]".*)><\/testcase>/\1><failure>no wind<\/failure><\/testcase>/;1 test failed:
log;s/^Ran .*//;the run was cut
log;s/^Ran 2/Ran 3/;tells of 3 tests that ran, junit_01.xml of 2
log;s/^Will run.*/&\nRunning in parallel across 4 processes/;ran in parallel
log;s/test version: v1.34/test version: v1.33/;the tests are of v1.33.4, the cluster is of v1.34.4+k3s1
log;s/apiserver version: v1.34/apiserver version: v1.33/;is of a cluster of v1.33.4
CASES
  # Tests that were skipped are told by their names.
  rm -rf run
  altered '/cranes turn/s/><\/testcase>/><skipped\/><\/testcase>/' "$junit"
  sed -i 's/^Ran 2/Ran 1/' "run/$log"
  refuses "1 test of [Conformance] did not run:
    [sig-quay] cranes turn [Conformance]" run
  # And those that are not even there, by a list.
  rm -rf run
  altered '/cranes turn/d' "$junit"
  sed -i 's/^Ran 2/Ran 1/' "run/$log"
  exits 0 submit run --product "$given/PRODUCT.yaml" --dry-run
  says "look: whether all tests of the release are among the 1 that passed"
  refuses "1 test that the release wants did not run:
    [sig-quay] cranes turn [Conformance]" run --tests "$given/conformance.yaml"
  printf '[sig-quay] cranes turn [Conformance]\n' >names
  refuses "1 test that the release wants did not run:" run --tests names
  # A release that is none.
  rm -rf run
  altered 's/v1.34.4\+k3s1/v1.34.0-rc.1/' serverversion.json
  refuses "v1.34.0-rc.1, which is no release" run
}

@test "what reviewers refuse of a product" {
  local option text
  while IFS=';' read -r option text; do
    refuses "$text" "$given/run" "$option"
  done <<'CASES'
--type=Distribution;type is "Distribution"
--website-url=yoyo.example;website_url is no URL
--documentation-url=ftp://yoyo.example;documentation_url is no URL
--repo-url=https://;repo_url is no URL
--product-logo-url=https://yoyo.example/logo.png;product_logo_url is of no SVG
--contact-email-address=certify;contact_email_address is no address
--vendor=;vendor is missing
CASES
  exits 1 submit "$given/run" --dry-run </dev/null
  [ "$(grep -c 'PRODUCT.yaml: .* is missing' <<<"$output")" -eq 8 ] || fails "$output"
  # What it lacks a person is asked for.
  grep -v vendor "$given/PRODUCT.yaml" >less.yaml
  printf 'Yoyodyne, Inc.\n' >answers
  run script -qec "'$SONOBUOY' submit '$given/run' --product less.yaml -o out" typescript <answers
  [ "$status" -eq 0 ] || fails "$output"
  says "vendor (the legal entity"
  grep -qx 'vendor: Yoyodyne, Inc.' out/v1.34/turbo-encabulator/PRODUCT.yaml
}

@test "--force writes it all the same; what cannot be written leaves nothing" {
  altered 's/^Ran .*//' plugins/e2e/results/global/e2e.log
  exits 3 submit run --product "$given/PRODUCT.yaml" -o out --force
  says "refused: e2e.log has no end" "out/v1.34/turbo-encabulator"
  [ "$(find out -type f | wc -l)" -eq 4 ]
  local name
  for name in ../x a/b .hidden '' 'a b' $'a\n'; do
    exits 2 submit "$given/run" --product "$given/PRODUCT.yaml" -o none --folder "$name"
    [ ! -e none ]
  done
  touch file
  exits 1 submit "$given/run" --product "$given/PRODUCT.yaml" -o file
  says "file/v1.34/turbo-encabulator cannot be made"
  rm run/plugins/e2e/results/global/e2e.log
  exits 1 submit run --product "$given/PRODUCT.yaml" -o none
  says "the archive has no plugins/e2e/results/global/e2e.log"
  rm run/plugins/e2e/results/global/junit_01.xml
  exits 1 submit run --product "$given/PRODUCT.yaml" -o none
  says "the tests of the plugin e2e cannot be read"
  printf -- '- a\n' >list.yaml
  exits 1 submit "$given/run" --product list.yaml -o none
  says "list.yaml: there are no fields in it"
  printf 'vendor: {a: b}\n' >nested.yaml
  exits 1 submit "$given/run" --product nested.yaml -o none
  says "nested.yaml: vendor is no text"
  exits 1 submit "$given/run" --product "$given/PRODUCT.yaml" --tests /dev/null -o none
  says "/dev/null names no test"
  [ ! -e none ]
}
