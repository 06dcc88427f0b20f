#!/usr/bin/env bats
# Runs that are cut off, by kill -9 or Ctrl-C, and what a second run makes of it.
# shellcheck disable=SC2154,SC2030,SC2031,SC1091
load helpers

setup_file() {
  cluster_up
  export SOURCE=file://$BATS_FILE_TMPDIR/store
  "$cluster/app/load" "$KUBECONFIG" >/dev/null
  kubectl create namespace bulk >/dev/null
  local number
  for number in {10..59}; do
    printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c%s","namespace":"bulk"},"data":{"k":"v"}}\n' "$number"
  done | kubectl create -f - >/dev/null
  "$ARK" backup create base -q --location "$SOURCE" 2>/dev/null
}
teardown_file() { cluster_down; }

setup() {
  store=$BATS_TEST_TMPDIR/store
  export ADMIN=$KUBECONFIG ARK_LOCATION=file://$store
  cp -r "${SOURCE#file://}" "$store"
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { "$cluster/proxy" down "$cluster_name"; }

# Waits for a file.
appears() { (. "$cluster/lib.sh" && wait_until 60 /dev/null test -e "$1"); }

# cut_off SIGNAL METHOD PATH AFTER ARK-WORDS...: ends ark by the signal while such a request is on its way, not to arrive
cut_off() {
  local pid signal=$1
  fault "$2" "$3" "hold=$PWD/never" reset "after=$4"
  shift 4
  "$ARK" "$@" >out 2>&1 3>&- &
  pid=$!
  appears never.held
  kill "-$signal" "$pid"
  code=0
  wait "$pid" || code=$?
  "$cluster/proxy" clear "$cluster_name"
  touch never # lets go what the proxy holds
}

copy=(restore create again --from-backup base --include-namespaces "bulk,harbour-web")

# copied_to NAMESPACE: the options of a restore beside the original
copied_to() { words=("${copy[@]}" --namespace-mappings "bulk:$1,harbour-web:$1-web"); }

# is_whole NAMESPACE: all of the bulk is there
is_whole() { [ "$(kubectl --kubeconfig "$ADMIN" get configmaps -n "$1" -o name | grep -c /c)" -eq 50 ]; }

phase() { jq -r .status.phase "$store/restores/again/ark-restore.json"; }

@test "a restore after kill -9: it is seen, and gone on with; the results are those of both runs" {
  cluster_by_proxy
  copied_to killed
  cut_off KILL POST /configmaps 20 "${words[@]}"
  [ "$code" -eq 137 ]
  [ "$(phase)" = InProgress ]
  exits 0 ark restore get again
  says InProgress
  run is_whole killed
  [ "$status" -ne 0 ] # it was in the middle
  # What the cluster, or somebody, makes of an object meanwhile does not make it another's.
  kubectl --kubeconfig "$ADMIN" label configmap -n killed c10 touched=yes >/dev/null
  exits 1 ark "${words[@]}"
  says 'restore "again" is under way' "--resume"
  exits 1 ark "${words[@]}" --resume --exclude-resources secrets
  says "with other options"
  local note=$store/restores/again/ark-restore.json
  cp "$note" mine
  jq '.metadata.annotations["ark.seaworthy.dev/cluster-uid"] = "of-another"' mine >"$note"
  exits 1 ark "${words[@]}" --resume
  says 'restore "again" was begun in another cluster than http'
  cp mine "$note"
  exits 0 ark "${words[@]}" --resume
  says "Completed"
  says_not "already exists"
  is_whole killed
  [ "$(phase)" = Completed ]
  [ "$(gunzip -c "$store/restores/again/restore-again-results.gz" | jq -c .)" = '{"warnings":{},"errors":{}}' ]
  run gunzip -c "$store/restores/again/restore-again-resource-list.json.gz"
  [ "$(jq -r '."v1/ConfigMap"[]' <<<"$output" | grep -c '^killed/c.*(created)$')" -eq 50 ]
  [ "$(jq -c '."v1/Namespace"' <<<"$output")" = '["killed(created)","killed-web(created)"]' ] || fails "$output"
  exits 0 ark "${words[@]}" --resume
  says "Restore again is Completed already."
}

@test "a restore that is cut off between a namespace and who owns its fields brings them back the second time" {
  cluster_by_proxy
  copied_to owned
  cut_off KILL PATCH '^/api/v1/namespaces/owned([?]|$)' 0 "${words[@]}"
  [ "$code" -eq 137 ]
  exits 0 ark "${words[@]}" --resume
  owners() { kubectl --kubeconfig "$ADMIN" get namespace "$1" -o json --show-managed-fields | jq -c '[.metadata.managedFields[] | [.manager, .fieldsV1]]'; }
  [ "$(owners owned)" = "$(owners bulk)" ] || fails "$(owners owned) is not $(owners bulk)"
}

@test "a restore after Ctrl-C: what it did is told, and it is gone on with" {
  cluster_by_proxy
  copied_to stopped
  cut_off INT POST /configmaps 20 "${words[@]}"
  [ "$code" -eq 1 ] || fails "$(cat out)"
  grep -F "run it again with --resume to go on" out
  [ "$(phase)" = Failed ]
  exits 1 ark "${words[@]}"
  says "give --resume to try again what failed"
  exits 0 ark "${words[@]}" --resume
  is_whole stopped
  [ "$(phase)" = Completed ]
}

@test "a restore that failed in part is tried again; a name of nobody is just a new one" {
  cluster_by_proxy
  copied_to partly
  fault POST '/configmaps' status=403 times=1
  exits 3 ark "${words[@]}" --resume
  [ "$(phase)" = PartiallyFailed ]
  exits 0 ark "${words[@]}" --resume
  is_whole partly
  exits 2 ark restore create --resume --from-backup base
  says "--resume needs the NAME"
}

@test "a backup after kill -9 leaves nothing to see, and can be made again at once" {
  cluster_by_proxy
  fault GET '/configmaps' "hold=$PWD/never"
  "$ARK" backup create cut >out 2>&1 3>&- &
  appears never.held
  kill -KILL $!
  wait $! || true
  "$cluster/proxy" clear "$cluster_name"
  touch never
  exits 0 ark backup get -o name
  [ "$output" = backup.velero.io/base ]
  exits 0 ark backup create cut
  exits 0 ark backup verify cut
}

@test "a backup that was cut off before its marker: replaced by --resume, else only when it is surely nobody's" {
  export KUBECONFIG=$ADMIN
  cp -r "$store/backups/base" "$store/backups/cut"
  rm "$store/backups/cut/velero-backup.json"
  mv "$store/backups/cut/base.tar.gz" "$store/backups/cut/cut.tar.gz"
  touch "$store/backups/cut/cut.tar.gz"
  exits 1 ark backup create cut
  says 'backup "cut" is being written to' "give --resume if it was cut off"
  exits 0 ark backup create cut --resume
  says "was cut off by an earlier run; it was made from the beginning"
  exits 0 ark backup verify cut
  exits 0 ark backup create cut --resume
  says "Backup cut is Completed already."
  exits 1 ark backup create cut
  says "exists already"
  # After a while nobody is waited for.
  rm "$store/backups/cut/velero-backup.json"
  touch -d '2 minutes ago' "$store/backups/cut/cut.tar.gz"
  exits 0 ark backup create cut
}

# bats test_tags=long
@test "kill -9 at random moments: a taste of make torture" {
  exits 0 env "KUBECONFIG=$ADMIN" "$root/tests/torture" --kills 4 --objects 100
  says "backup: 4 of" "restore: 4 of" ", 0 not"
}
