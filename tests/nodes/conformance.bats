#!/usr/bin/env bats
# Kubernetes' conformance tests, a sample of them, as a plugin: what sonobuoy tells is what e2e.test says when it is run
# by hand.
# bats file_tags=long
# shellcheck disable=SC2154
load ../integration/helpers

# What needs no images but those that tests/cluster/nodes/images stands in for, and little time.
sample='should validate PreferredVersion for each APIGroup
listing custom resource definition objects works
should list and delete a collection of PodDisruptionBudgets
Pods should be submitted and removed
should mount an API token into pods
ReplicaSet should serve a basic image on each replica with a public image
should proxy through a service and a pod
retrieving logs from the container over websockets
EmptyDir volumes should support \(root,0644,tmpfs\)
Secrets should be consumable from pods in volume \[NodeConformance\]
Downward API should provide pod name, namespace and IP address
override the image.s default command \(container entrypoint\)'
focus="($(paste -sd '|' <<<"$sample")).*\\[Conformance\\]"

setup_file() {
  local image=$root/build/image/seaworthy.tar file bin images=()
  [ -e "$image" ] || fails "there is no $image: 'make image' makes it" || return
  bin=$("$cluster/build" --bin)
  [ -x "$bin/e2e.test" ] || fails "there is no $bin/e2e.test: 'scripts/setup conformance' builds it" || return
  for file in $("$cluster/nodes/images" conformance); do
    images+=(--image "$file")
  done
  IMAGE=$(tar -xOf "$image" manifest.json | jq -r '.[0].RepoTags[0]')
  export IMAGE
  nodes_up --image "$image" "${images[@]}"
}
teardown_file() { nodes_down; }

setup() {
  nodes_or_skip
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { [ -n "$NODES_LACK" ] || sonobuoy delete --wait=2 >/dev/null 2>&1; }

sonobuoy() { "${SONOBUOY:-$root/build/sonobuoy}" "$@"; }
# An image that is not there would be waited for.
starts() { sonobuoy run --sonobuoy-image "$IMAGE" -p e2e --plugin-env e2e.E2E_EXTRA_GINKGO_ARGS=--timeout=4m --wait=6 "$@"; }

# outcomes ARCHIVE: "STATUS NAME" of each test, sorted, and of what ginkgo does around them
outcomes() { sonobuoy results "$1" -p e2e --mode detailed --exit-code=never | jq -r '.status + " " + .name' | sort; }

# outcomes_of_xml FILE: the same, read without sonobuoy
outcomes_of_xml() {
  python3 - "$1" <<'PY' | sort
import sys, xml.etree.ElementTree
for case in xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase"):
    status = "failed" if case.find("failure") is not None or case.find("error") is not None else "skipped" if case.find("skipped") is not None else "passed"
    print(status, case.get("name"))
PY
}

# ran FILE: the names of tests that were not skipped, without ginkgo's own nodes
ran() { sed -n 's/^\(passed\|failed\) \[It\] //p' "$1"; }

@test "a sample passes: the same tests, with the same outcomes, as by hand" {
  exits 0 starts --e2e-focus "$focus" --e2e-skip ''
  says "e2e   complete   passed       1" "Sonobuoy has completed."
  exits 0 sonobuoy retrieve -f run.tar.gz
  outcomes run.tar.gz >by-sonobuoy
  e2e.test --kubeconfig="$KUBECONFIG" --provider=local --ginkgo.focus="$focus" --report-dir=hand --ginkgo.no-color --disable-log-dump >hand.log 2>&1 ||
    fails "$(tail -n 50 hand.log | cut -c1-1000)"
  outcomes_of_xml hand/junit_01.xml >by-hand
  diff by-hand by-sonobuoy
  [ "$(wc -l <by-hand)" -gt 7000 ]
  # All of the sample ran, and nothing else.
  [ "$(ran by-hand | wc -l)" -eq "$(wc -l <<<"$sample")" ] || fails "$(ran by-hand)"
  # What ran was chosen as `sonobuoy e2e` says beforehand, by a program or an earlier run.
  sonobuoy e2e --program "$(type -P e2e.test)" --focus "$focus" | sort >chosen
  diff <(ran by-hand | sort) chosen
  sonobuoy e2e --input run.tar.gz --focus "$focus" | sed 's/^\[It\] //' | sort | diff chosen -
  exits 0 sonobuoy results run.tar.gz -p e2e
  says "Status: passed" "Failed: 0"
  # No reviewer takes a sample for the whole.
  exits 1 sonobuoy submit run.tar.gz --dry-run </dev/null
  says "refused: the tests were chosen by E2E_FOCUS=" "tests of [Conformance] did not run:"
  says_not "versions" "the run was cut" "is of a cluster" "tells of"
}

@test "a test that the cluster makes fail is told, with its log, and can be run again alone" {
  kubectl apply -f - <<'YAML'
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-budgets}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [policy], apiVersions: [v1], operations: [CREATE], resources: [poddisruptionbudgets]}]}
  validations: [{expression: "false", message: this harbour has no budgets}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-budgets}
spec: {policyName: no-budgets, validationActions: [Deny]}
YAML
  budget() { kubectl create poddisruptionbudget try --selector=a=b --min-available=1 --dry-run=server; }
  refused() { ! budget; }
  within 60 refused
  local test='DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets'
  exits 1 starts --e2e-focus "($(head -n 3 <<<"$sample" | paste -sd '|')).*\\[Conformance\\]" --e2e-skip ''
  says "e2e   complete   failed       1"
  exits 1 sonobuoy wait
  exits 0 sonobuoy retrieve -f failed.tar.gz
  outcomes failed.tar.gz >first
  [ "$(grep -c '^passed \[It\]' first)" -eq 2 ]
  [ "$(grep '^failed ' first)" = "failed [It] [sig-apps] $test [Conformance]" ]
  exits 1 sonobuoy results failed.tar.gz -p e2e
  says "Failed: 1" "[sig-apps] $test"
  # Its reason is in the details, and what the log says of it in the report.
  sonobuoy results failed.tar.gz -p e2e --mode detailed --exit-code=never | jq -en 'any(inputs; .status == "failed" and (.details.failure | contains("this harbour has no budgets")))'
  exits 1 sonobuoy results failed.tar.gz -o html --output-file page.html
  sed -n '/<details class="log">/,/<\/details>/p' page.html | grep -qF "this harbour has no budgets"
  exits 1 sonobuoy submit failed.tar.gz --dry-run </dev/null
  says "refused: 1 test failed:" "$test"
  sonobuoy delete --wait=2 2>/dev/null
  # Mended: the one that failed is run again, and nothing else.
  kubectl delete validatingadmissionpolicybinding,validatingadmissionpolicy no-budgets >/dev/null
  within 60 budget
  exits 0 starts --rerun-failed failed.tar.gz
  exits 0 sonobuoy retrieve -f again.tar.gz
  outcomes again.tar.gz >second
  [ "$(ran second)" = "[sig-apps] $test [Conformance]" ]
  exits 0 sonobuoy diff failed.tar.gz again.tar.gz -p e2e
}
