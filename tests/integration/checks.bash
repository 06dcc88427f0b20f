# shellcheck shell=bash disable=SC2154
# For files about `sonobuoy check`: what a check says of the cluster.
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}

# checks ID[,ID...] OPTIONS...: runs these checks into $report
checks() {
  report=$BATS_TEST_TMPDIR/report.json
  "$SONOBUOY" check --fail-on never -o json --only "$@" >"$report"
}

# finds ID OUTCOME OBJECT EVIDENCE [FIX]: the report has such a finding; EVIDENCE and FIX are parts of texts
finds() {
  jq -e --arg id "$1" --arg outcome "$2" --arg object "$3" --arg evidence "$4" --arg fix "${5-}" '
    .checks[] | select(.id == $id) | .findings[]
    | select(.outcome == $outcome and (.object // "") == $object and (.evidence | contains($evidence))
        and ((.fix // "") | contains($fix)))' "$report" >/dev/null ||
    fails "no finding of $1: $2, $3: $4 ($5)"$'\n'"$(jq -c '.checks[]' "$report")"
}

# passes ID...: and has not told of anything
passes() {
  local id
  for id in "$@"; do
    jq -e --arg id "$id" '.checks[] | select(.id == $id) | .outcome == "pass"' "$report" >/dev/null ||
      fails "$id does not pass: $(jq -c --arg id "$id" '.checks[] | select(.id == $id)' "$report")" || return
  done
}

# now_passes ID[,ID...]: checks again
now_passes() {
  checks "$1"
  # shellcheck disable=SC2046
  passes $(tr , ' ' <<<"$1")
}
