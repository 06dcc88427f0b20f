#!/usr/bin/env bats
# What goes wrong between ark and an API server or a store, one fault a test: phase, exit status and message are
# right, nothing half written is to be seen, nothing hangs. (kube.bats and store.bats have faults of the clients alone.)
# shellcheck disable=SC2154,SC2030,SC2031,SC1091
# bats file_tags=long
load helpers

setup_file() {
  cluster_up
  export ADMIN=$KUBECONFIG SOURCE=file://$BATS_FILE_TMPDIR/store
  kubectl create namespace shop >/dev/null
  local number
  for number in {10..39}; do
    printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c%s","namespace":"shop"},"data":{"k":"%s"}}\n' \
      "$number" "$(head -c 400 /dev/zero | tr '\0' v)"
  done | kubectl create -f - >/dev/null
  "$ARK" backup create base -q --include-namespaces shop --location "$SOURCE" 2>/dev/null
}
teardown_file() { cluster_down; }

setup() {
  store=$BATS_TEST_TMPDIR/store
  export ARK_LOCATION=file://$store
  cp -r "${SOURCE#file://}" "$store"
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() {
  "$cluster/proxy" down "$cluster_name"
  "$cluster/minio" down "$cluster_name"
}

appears() { (. "$cluster/lib.sh" && wait_until 60 /dev/null test -e "$1"); }

# Whatever happens, two minutes are more than enough.
saves() { run timeout 120 "$ARK" backup create b --include-namespaces shop "$@"; }
restores() {
  into=into-$BATS_TEST_NUMBER
  run timeout 120 "$ARK" restore create r --from-backup base --namespace-mappings "shop:$into" "$@"
}

# ended STATUS TEXT...: so the program that was run ended, and that it said
ended() {
  [ "$status" -eq "$1" ] || fails "exit status $status, not $1"$'\n'"$output" || return
  says "${@:2}"
}

# What is stored of the backup: its phase, and how many ConfigMaps c10 to c39; it is whole by its own checksums.
saved() {
  "$ARK" backup verify b -q >&2 || fails "backup b is not whole" || return
  jq -j '.status.phase, " "' "$store/backups/b/velero-backup.json"
  tar tzf "$store/backups/b/b.tar.gz" | grep -c '^resources/configmaps/namespaces/shop/c'
}
nothing_saved() {
  [ -z "$(find "$store/backups/b" -type f 2>/dev/null)" ] || fails "$(find "$store/backups/b")" || return
  [ "$("$ARK" backup get -o name)" = backup.velero.io/base ]
}
restored() {
  jq -j '.status.phase, " "' "$store/restores/r/ark-restore.json"
  kubectl --kubeconfig "$ADMIN" get configmaps -n "$into" -o name | grep -c /c
}

# --- the API server, in a backup --------------------------------------------------------------------------------

@test "backup: 429 with Retry-After is waited for" {
  cluster_by_proxy
  fault GET '/configmaps' status=429 retry-after=2 times=2
  local begun=$SECONDS
  saves
  ended 0 Completed
  [ $((SECONDS - begun)) -ge 3 ]
  [ "$(saved)" = "Completed 30" ]
}

@test "backup: 429 for ever ends by the request's deadline; the rest is saved" {
  cluster_by_proxy
  fault GET '/configmaps' status=429 retry-after=1
  saves --request-timeout 4s
  ended 3 PartiallyFailed configmaps 429
  [ "$(saved)" = "PartiallyFailed 0" ]
}

@test "backup: 503, resets, answers that are cut or lost are asked for again" {
  cluster_by_proxy
  fault GET '/configmaps' status=503 times=2
  fault GET '/configmaps' reset times=2
  fault GET '/configmaps' cut=3000 times=2
  fault GET '/configmaps' lost times=2
  saves
  ended 0 Completed
  [ "$(saved)" = "Completed 30" ]
}

@test "backup: a list that always ends early is an error, and no page of it is taken for the whole" {
  cluster_by_proxy
  fault GET '/configmaps' truncate=3000
  saves --request-timeout 5s
  ended 3 PartiallyFailed configmaps
  [ "$(saved)" = "PartiallyFailed 0" ]
}

@test "backup: garbage in place of a list" {
  cluster_by_proxy
  head -c 5000 /dev/urandom >garbage
  fault GET '/configmaps' status=200 body="$PWD/garbage"
  saves --request-timeout 5s
  ended 3 PartiallyFailed configmaps "JSON"
  [ "$(saved)" = "PartiallyFailed 0" ]
}

@test "backup: a server that falls silent is waited for as long as the deadline says" {
  cluster_by_proxy
  fault GET '/configmaps' stall=2000
  local begun=$SECONDS
  saves --request-timeout 5s
  ended 3 PartiallyFailed configmaps
  [ $((SECONDS - begun)) -lt 60 ]
  [ "$(saved)" = "PartiallyFailed 0" ]
}

@test "backup: a slow answer is none that hangs" {
  cluster_by_proxy
  fault GET '/configmaps' drip=8000
  saves --request-timeout 60s
  ended 0 Completed
  [ "$(saved)" = "Completed 30" ]
}

@test "backup: a certificate that has expired" {
  local pki=$RUN_DIR/pki
  openssl ecparam -genkey -name prime256v1 -noout -out old.key
  openssl req -new -key old.key -subj /O=system:masters/CN=admin -out old.csr
  openssl x509 -req -in old.csr -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -set_serial 99 -days 0 -out old.crt 2>/dev/null
  (. "$cluster/lib.sh" && wait_until 10 /dev/null sh -c '! openssl x509 -in old.crt -checkend 0 -noout')
  config "{server: '$SERVER', certificate-authority: $pki/ca.crt}" "{client-certificate: $PWD/old.crt, client-key: $PWD/old.key}"
  saves
  ended 1 "401 Unauthorized" "its certificate expired at 20"
  nothing_saved
}

@test "backup: a token that ends in the middle is renewed by its plugin" {
  local first second
  first=$(kubectl --kubeconfig "$ADMIN" create token default) second=$(kubectl --kubeconfig "$ADMIN" create token default)
  kubectl --kubeconfig "$ADMIN" create clusterrolebinding everything --clusterrole=cluster-admin --serviceaccount=default:default >/dev/null
  echo "$first" >token
  cat >plugin <<'SH'
#!/bin/sh
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat "${0%/*}/token")"
cp "${0%/*}/second" "${0%/*}/token"
SH
  echo "$second" >second
  chmod +x plugin
  proxy_up --anonymous
  fault GET . status=401 after=6 "cond=authorization:$first"
  config "{server: '$PROXY_URL'}" "{exec: {apiVersion: client.authentication.k8s.io/v1, command: $PWD/plugin, interactiveMode: Never}}"
  saves
  ended 0 Completed
  [ "$(saved)" = "Completed 30" ]
  "$cluster/proxy" log "$cluster_name" | grep -q ' 401 '
}

@test "backup: the API server is restarted in the middle" {
  cluster_by_proxy
  fault GET '/configmaps' "hold=$PWD/go" times=1
  timeout 120 "$ARK" backup create b --include-namespaces shop >out 2>&1 3>&- &
  local pid=$!
  appears go.held
  "$cluster/restart" "$cluster_name" kill
  touch go
  status=0
  wait $pid || status=$?
  output=$(<out)
  ended 0 Completed
  [ "$(saved)" = "Completed 30" ]
}

# --- the API server, in a restore -------------------------------------------------------------------------------

@test "restore: 429 with Retry-After, 503, resets and lost answers: each object is made once" {
  cluster_by_proxy
  fault POST '/configmaps' status=429 retry-after=1 times=4
  fault POST '/configmaps' status=503 times=2
  fault POST '/configmaps' reset times=2
  fault POST '/configmaps' lost times=4
  restores
  ended 0 Completed
  says_not "already exists"
  [ "$(restored)" = "Completed 30" ]
}

@test "restore: what the server does not take is named, the rest is there; a second run brings it" {
  cluster_by_proxy
  echo '{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","message":"etcd has no leader","code":500}' >broken
  fault POST '/configmaps' status=500 body="$PWD/broken" times=2
  fault POST '/configmaps' status=422 body="$PWD/broken" times=2
  restores
  ended 3 PartiallyFailed "etcd has no leader"
  [[ "$(restored)" = "PartiallyFailed 2"[68] ]] || fails "$(restored)"
  restores --resume
  ended 0 Completed
  [ "$(restored)" = "Completed 30" ]
}

@test "restore: a server that falls silent ends by the deadline; nothing is lost for a second run" {
  cluster_by_proxy
  fault POST '/configmaps' stall=10 times=40
  restores --request-timeout 4s
  ended 3 PartiallyFailed
  "$cluster/proxy" clear "$cluster_name"
  restores --resume
  ended 0 Completed
  [ "$(restored)" = "Completed 30" ]
}

@test "restore: the API server is restarted in the middle" {
  cluster_by_proxy
  fault POST '/configmaps' "hold=$PWD/go" after=5 times=8
  timeout 120 "$ARK" restore create r --from-backup base --namespace-mappings shop:restarted >out 2>&1 3>&- &
  local pid=$! into=restarted
  appears go.held
  "$cluster/restart" "$cluster_name" kill
  touch go
  status=0
  wait $pid || status=$?
  output=$(<out)
  ended 0 Completed
  [ "$(restored)" = "Completed 30" ]
}

# --- the store ----------------------------------------------------------------------------------------------------

# bucket_by_proxy: a location that holds the backup base, and how to reach it past the proxy
bucket_by_proxy() {
  eval "$("$cluster/minio" up "$cluster_name")"
  mkdir -p "$MINIO_DATA/bucket"
  eval "$("$cluster/proxy" up "$cluster_name" --to "$S3_URL")"
  export ARK_LOCATION="s3://bucket?s3Url=$PROXY_URL" PAST="s3://bucket?s3Url=$S3_URL"
  "$ARK" backup create base -q --include-namespaces shop --location "$PAST" 2>/dev/null
  echo '<Error><Code>AccessDenied</Code><Message>not now</Message></Error>' >denied
}

# shown_is_whole NAME: a backup that is shown is one that verifies
shown_is_whole() {
  local name
  for name in $("$ARK" backup get -o name --location "$PAST"); do
    "$ARK" backup verify "${name#*/}" -q --location "$PAST" >&2 || return
  done
}

# requests: how many the store has answered
requests() { "$cluster/proxy" log "$cluster_name" | wc -l; }

@test "backup: the store refuses at each single request in turn" {
  bucket_by_proxy
  local total at failures=0
  exits 0 ark backup create whole -q --include-namespaces shop
  total=$(requests)
  [ "$total" -gt 10 ]
  for ((at = 0; at < total; at++)); do
    "$cluster/proxy" clear "$cluster_name"
    fault '*' . status=403 body="$PWD/denied" "after=$at" times=1
    run timeout 60 "$ARK" backup create "b$at" -q --include-namespaces shop
    [ "$status" -ne 124 ] || fails "request $at: it hangs"
    if [ "$status" -ne 0 ]; then
      failures=$((failures + 1))
      [ "$status" -eq 1 ] || fails "request $at: exit status $status: $output"
      says 403 "s3://bucket"
      run ark backup describe "b$at" --location "$PAST"
      [ "$status" -eq 1 ] || fails "request $at failed, and the backup is to be seen"
    fi
    shown_is_whole || fails "request $at"
  done
  [ "$failures" -ge $((total - 2)) ] || fails "only $failures of $total were of any account"
}

@test "backup: a store that falters at each single request in turn is asked again" {
  bucket_by_proxy
  local total at
  exits 0 ark backup create whole -q --include-namespaces shop
  total=$(requests)
  for ((at = 0; at < total; at++)); do
    "$cluster/proxy" clear "$cluster_name"
    fault '*' . reset "after=$at" times=1
    exits 0 timeout 60 "$ARK" backup create "b$at" -q --include-namespaces shop
  done
  shown_is_whole
}

@test "restore: the store refuses at each single request in turn: nothing is begun, or it is told that nothing could be recorded" {
  bucket_by_proxy
  local total at words=(--from-backup base --include-resources configmaps -q)
  exits 0 ark restore create whole "${words[@]}" --namespace-mappings shop:whole
  total=$(requests)
  [ "$total" -gt 5 ]
  for ((at = 0; at < total; at++)); do
    "$cluster/proxy" clear "$cluster_name"
    fault '*' . status=403 body="$PWD/denied" "after=$at" times=1
    run timeout 60 "$ARK" restore create "r$at" "${words[@]}" --namespace-mappings "shop:refused-$at"
    case $status in
      0) ;; # it was of no account
      1)
        says "was not begun" 403
        run ! kubectl --kubeconfig "$ADMIN" get namespace "refused-$at"
        ;;
      3)
        says 403
        [ "$(kubectl --kubeconfig "$ADMIN" get configmaps -n "refused-$at" -o name | grep -c /c)" -eq 30 ]
        ;;
      *) fails "request $at: exit status $status: $output" ;;
    esac
  done
}

@test "backup: a full disk leaves nothing, and says so" {
  unshare --mount true 2>/dev/null || skip "no mount namespace here"
  mkdir full
  # shellcheck disable=SC2016
  run unshare --mount sh -c 'mount -t tmpfs -o size=16k none full && "$@"; code=$?; find full -type f >left; exit $code' - \
    "$ARK" backup create b --include-namespaces shop --location "file://$PWD/full"
  ended 1 "No space left on device" "nothing of it is kept" "full/backups/b"
  [ ! -s left ] || fails "$(cat left)"
}
