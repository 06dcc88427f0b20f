# shellcheck shell=bash disable=SC2034,SC2154
# What tests of sonobuoy check share: a report, and what stands in it.
load ../integration/helpers
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}

# checks_up OPTIONS...: for setup_file; a control plane whose pods need not be stuck for long to be told of
checks_up() {
  cluster_up "$@"
  echo 'thresholds: {stuckMinutes: 0}' >"$BATS_FILE_TMPDIR/now.yaml"
}

# checks OPTIONS...: a report of the cluster into the file `report`
checks() {
  local status=0
  timeout 60 "$SONOBUOY" check -o json --config "$BATS_FILE_TMPDIR/now.yaml" "$@" \
    >"$BATS_TEST_TMPDIR/report" || status=$?
  [ "$status" -eq 0 ] || [ "$status" -eq 1 ] || fails "exit status $status: check $*"
}

# finds ID OUTCOME OBJECT EVIDENCE [ADVICE]: the report has a finding with just that object, in whose evidence and advice
# these texts are; OBJECT '' is the cluster
finds() {
  jq -e --arg id "$1" --arg outcome "$2" --arg object "$3" --arg evidence "$4" --arg fix "${5:-}" '
    any(.checks[] | select(.id == $id and .outcome != "pass") | .findings[];
      .outcome == $outcome and (.object // "") == $object and (.evidence | contains($evidence)) and
      ((.fix // "") | contains($fix)))' "$BATS_TEST_TMPDIR/report" >/dev/null ||
    fails "not found: $*"$'\n'"$(jq -c --arg id "$1" '.checks[] | select(.id == $id) | .outcome, .findings[]' "$BATS_TEST_TMPDIR/report")"
}

# counts ID NUMBER: so many findings
counts() {
  [ "$(jq --arg id "$1" '.checks[] | select(.id == $id) | .findings | length' "$BATS_TEST_TMPDIR/report")" = "$2" ] ||
    fails "not $2 findings: $1"$'\n'"$(jq -c --arg id "$1" '.checks[] | select(.id == $id)' "$BATS_TEST_TMPDIR/report")"
}

# passes ID...: these found nothing
passes() {
  local id
  for id in "$@"; do
    jq -e --arg id "$id" '.checks[] | select(.id == $id) | .outcome == "pass"' "$BATS_TEST_TMPDIR/report" >/dev/null ||
      fails "$id does not pass: $(jq -c --arg id "$id" '.checks[] | select(.id == $id)' "$BATS_TEST_TMPDIR/report")" || return
  done
}

# only_fails ID...: of all that were run these fail, and no others
only_fails() {
  local failed
  failed=$(jq -r '.checks[] | select(.outcome == "fail") | .id' "$BATS_TEST_TMPDIR/report" | sort | xargs)
  [ "$failed" = "$(printf '%s\n' "$@" | sort | xargs)" ] || fails "fails: $failed, not: $*"
}

# make_it: objects out of YAML on standard input, quietly
make_it() { kubectl create -f - >/dev/null; }
# unmake KIND NAME...|--all [OPTIONS]: gone, also what a finalizer holds
unmake() {
  local space name
  kubectl delete --wait=false --grace-period=0 --force "$@" >/dev/null 2>&1
  kubectl get "$1" -A -o json | jq -r '.items[].metadata | select(.deletionTimestamp) | "\(.namespace // "default") \(.name)"' |
    while read -r space name; do
      kubectl patch "$1" "$name" -n "$space" --type merge -p '{"metadata": {"finalizers": null}}' >/dev/null 2>&1 || :
    done
}
# has_status KIND NAME JSON [OPTIONS...]: gives an object its status
has_status() { kubectl patch "$1" "$2" --subresource=status --type merge -p "{\"status\": $3}" "${@:4}" >/dev/null; }

# node NAME [CPU MEMORY]: a node that is ready, without a kubelet
node() {
  make_it <<<"{apiVersion: v1, kind: Node, metadata: {name: $1, labels: {kubernetes.io/os: linux}}}"
  has_status node "$1" "{\"conditions\": [{\"type\": \"Ready\", \"status\": \"True\", \"reason\": \"KubeletReady\"}],
    \"allocatable\": {\"cpu\": \"${2:-4}\", \"memory\": \"${3:-8Gi}\", \"pods\": \"110\"}}"
}
# fails_to COMMAND...
fails_to() { ! "$@"; }
