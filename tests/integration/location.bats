#!/usr/bin/env bats
# Locations: what a check finds, on servers and directories that are well and that are not; what is in one.
# shellcheck disable=SC2154,SC2030,SC2031,SC2034
load helpers

setup_file() {
  unset "${!AWS_@}" HTTP_PROXY http_proxy ALL_PROXY all_proxy ARK_LOCATION
  export AWS_EC2_METADATA_DISABLED=true
  "$cluster/moto" up "$cluster_name" >"$BATS_FILE_TMPDIR/moto" 3>&- & # the slowest to start
  MINIO_REGION=eu-west-1 "$cluster/minio" up "$cluster_name-tls" --tls >"$BATS_FILE_TMPDIR/tls" 3>&- &
  "$cluster/minio" up "$cluster_name" >"$BATS_FILE_TMPDIR/minio"
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/minio"
  unset AWS_SHARED_CREDENTIALS_FILE
  eval "$("$cluster/proxy" up "$cluster_name" --to "$S3_URL")"
  export PROXY_URL
  wait
}

teardown_file() {
  "$cluster/proxy" down "$cluster_name"
  "$cluster/minio" down "$cluster_name"
  "$cluster/minio" down "$cluster_name-tls"
  "$cluster/moto" down "$cluster_name"
}

setup() {
  "$cluster/proxy" clear "$cluster_name"
  cd "$BATS_TEST_TMPDIR" || return
  at=s3://bucket/$BATS_TEST_NUMBER
  echo '<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>' >denied.xml
}

fault() { "$cluster/proxy" fault "$cluster_name" "$@"; }
deny() { fault "$1" "$2" status=403 body="$PWD/denied.xml" "${@:3}"; }

# check OPTIONS...: this test's location on MinIO, by the proxy
check() { "$ARK" location check "$at" --location-config s3Url="$PROXY_URL" "$@"; }

# step NAME RESULT TEXT...: of the table in $output: the step with its remedy
step() {
  local output
  output=$(awk -v name="$1" 'index($0, name " ") == 1 {on = 1; print; next} /^[^ ]/ {on = 0} on' <<<"$all")
  [[ $output =~ ^$1\ +$2\  ]] || fails "not $1 $2: $output"$'\n'"$all" || return
  says "${@:3}"
}

# checked STATUS COMMAND...: as exits; keeps the table for step()
checked() {
  exits "$@"
  all=$output
}

# ask_s3 METHOD PATH [CURL OPTION]...: a signed request of another client's
ask_s3() {
  curl -sS --fail-with-body --aws-sigv4 aws:amz:us-east-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -X "$1" "${@:3}" "$S3_URL/$2"
}
put_s3() { ask_s3 PUT "$1" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --data-binary "$2"; }
keys() {
  local answer
  answer=$(ask_s3 GET "bucket?list-type=2&prefix=$BATS_TEST_NUMBER%2F") || return
  grep -o '<Key>[^<]*' <<<"$answer" | sed 's/<Key>//'
}
# uploads KEY: how many there are; MinIO lists those of one key only
uploads() {
  local answer
  answer=$(ask_s3 GET "bucket?prefix=${1//\//%2F}&uploads=") || return
  grep -o '<Upload>' <<<"$answer" | wc -l
}
probe() { "$cluster/proxy" log "$cluster_name" | grep -oE "$BATS_TEST_NUMBER/backups/ark-check-[0-9a-f]{16}" | sort -u; }

nothing_left() {
  local key left
  left=$(keys) || return
  [ -z "$left" ] || fails "left: $left" || return
  key=$(probe)
  [ -n "$key" ] || fails "the check wrote nothing" || return
  [ "$(uploads "$key")" -eq 0 ] || fails "an upload is left"
}

# --- all is well ---------------------------------------------------------------------------------

@test "a bucket: every step, and nothing is left" {
  checked 0 check
  local name
  for name in address clock credentials bucket list write head read range overwrite 'if absent' 'signed URL' delete \
    multipart abort folders; do
    step "$name" ok
  done
  [ "$(wc -l <<<"$all")" -eq 17 ]
  step credentials ok "the environment" "ends in ${AWS_ACCESS_KEY_ID: -4}"
  says_not "$AWS_SECRET_ACCESS_KEY" "$AWS_ACCESS_KEY_ID"
  nothing_left
  # All in one place that a stock Velero does not look at: below backups/, and no folder.
  [ "$(probe | wc -l)" -eq 1 ]
  "$cluster/proxy" log "$cluster_name" | awk '$1 == "PUT"' |
    grep -vE " /bucket/$BATS_TEST_NUMBER/backups/ark-check-[0-9a-f]{16}(\?[^ ]*)? " && fails "written elsewhere"
  "$cluster/proxy" log "$cluster_name" | grep -qE 'PUT .*partNumber=2'
}

@test "moto, a second opinion; by TLS with its certificate" {
  # shellcheck disable=SC1091
  (. "$BATS_FILE_TMPDIR/moto" && checked 0 ark location check s3://bucket --location-config s3Url="$S3_URL" &&
    says_not failed skipped)
  # shellcheck disable=SC1091
  (. "$BATS_FILE_TMPDIR/tls" && unset AWS_REGION && checked 0 ark location check s3://bucket \
    --location-config s3Url="$S3_URL" --location-config caCert="$S3_CA" && step address ok "over TLS" &&
    step bucket ok "eu-west-1, which is not configured" && says_not failed warning skipped)
}

@test "a directory: made for the check and gone after it; one that was there stays" {
  checked 0 ark location check "file://$PWD/a/b"
  step directory ok "can be made"
  local name
  for name in space fsync rename list write head read range overwrite 'if absent' delete folders; do
    step "$name" ok
  done
  [ "$(wc -l <<<"$all")" -eq 14 ]
  [ ! -e a ]
  mkdir -m 700 a
  checked 0 env ARK_LOCATION="file://$PWD/a" "$ARK" location check
  step directory ok "mode 0700"
  [ -z "$(ls -A a)" ]
  chmod 777 a
  checked 0 ark location check "file://$PWD/a"
  step directory warning "mode 0777" "-> chmod o-w"
}

@test "json and yaml say the same as the table" {
  mkdir a
  ark location check "file://$PWD/a" -o json >said.json
  [ "$(jq -r '.result, .location' said.json)" = "ok"$'\n'"file://$PWD/a" ]
  [ "$(jq -r '.steps[] | select(.milliseconds >= 0) | .name + " " + .result' said.json)" = "$(
    ark location check "file://$PWD/a" | sed 1d | awk -F '   +' '{print $1 " " $2}'
  )" ]
  ark location check "file://$PWD/a" -o yaml | grep -x 'result: ok'
  exits 1 ark location check "file://$PWD/none" --read-only -o json
  [ "$(jq -r '.result, .steps[0].result, .steps[1].result' <<<"$output")" = $'failed\nfailed\nskipped' ]
  [ "$(jq -r '.steps[0].remedy' <<<"$output")" = "check the name '$PWD/none', and that what it is on is mounted" ]
}

# --- the way there -------------------------------------------------------------------------------

@test "nobody answers; a server that speaks no TLS, or is not to be trusted" {
  checked 1 ark location check 's3://bucket?s3Url=http://127.0.0.1:1'
  step address failed "127.0.0.1 port 1" "-> check host and port in s3Url"
  step credentials skipped "address failed"
  step abort skipped "address failed"
  checked 1 ark location check "s3://bucket?s3Url=${S3_URL/http:/https:}"
  step address failed "-> the server does not speak TLS there"
  checked 1 ark location check 's3://bucket?s3Url=http://no-such-host.invalid'
  step address failed "no-such-host.invalid" "DNS; s3ForcePathStyle=true"
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/tls"
  checked 1 ark location check "s3://bucket?s3Url=$S3_URL"
  step address failed certificate "caCert=FILE"
}

@test "wrong keys, no keys" {
  AWS_SECRET_ACCESS_KEY=wrong checked 1 check
  step credentials failed "the environment" SignatureDoesNotMatch "-> the secret is not that of the access key"
  step write skipped "credentials failed"
  AWS_ACCESS_KEY_ID=wrong checked 1 check
  step credentials failed InvalidAccessKeyId "-> the server does not know this access key"
  printf '[ships]\naws_access_key_id=%s\naws_secret_access_key=%s\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >keys
  checked 0 check --location-config credentialsFile=keys --location-config profile=ships
  step credentials ok "profile ships of keys"
  says_not "$AWS_SECRET_ACCESS_KEY"
  checked 1 env -u AWS_ACCESS_KEY_ID HOME="$PWD" "$ARK" location check "$at" --location-config s3Url="$PROXY_URL"
  step credentials failed "no credentials" "-> set AWS_ACCESS_KEY_ID"
}

@test "no such bucket; a wrong region" {
  checked 1 ark location check "s3://no-such-bucket?s3Url=$S3_URL"
  step bucket failed NoSuchBucket "-> create the bucket, or check its name"
  step list skipped "bucket failed"
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/tls"
  checked 0 ark location check 's3://bucket?region=eu-central-1' --location-config s3Url="$S3_URL" \
    --location-config caCert="$S3_CA"
  step bucket warning "it is in eu-west-1, not in eu-central-1" "-> set region=eu-west-1"
  step abort ok
}

@test "clocks that differ" {
  fault HEAD 'bucket$' "answer=date:$(LC_ALL=C date -u -d '-5 minutes' '+%a, %d %b %Y %T GMT')" times=1
  checked 0 check
  step clock warning "ahead of the server's" "-> set the clock"
  fault HEAD 'bucket$' "answer=date:$(LC_ALL=C date -u -d '+20 minutes' '+%a, %d %b %Y %T GMT')" times=1
  checked 1 check
  step clock failed "behind the server's" "15 minutes" "-> set the clock"
  step write skipped "clock failed"
  fault HEAD 'bucket$' answer=date: times=1
  checked 0 check
  step clock skipped
  echo '<Error><Code>RequestTimeTooSkewed</Code></Error>' >skewed.xml
  fault GET list-type status=403 body="$PWD/skewed.xml"
  checked 1 check
  step credentials failed RequestTimeTooSkewed "-> set the clock"
}

# --- rights --------------------------------------------------------------------------------------

@test "what may not be done is named, with the right for it: list, write, read, abort" {
  deny GET list-type
  checked 1 check
  step list failed "-> allow s3:ListBucket on arn:aws:s3:::bucket to these credentials"
  step delete ok
  nothing_left
  "$cluster/proxy" clear "$cluster_name"
  deny PUT ark-check
  checked 1 check --location-config tagging=a=b
  step write failed "403 AccessDenied" \
    "-> allow s3:PutObject and s3:PutObjectTagging on arn:aws:s3:::bucket/$BATS_TEST_NUMBER/* to these"
  step read skipped "nothing could be written"
  step multipart skipped "nothing could be written"
  says_not "clean up"
  "$cluster/proxy" clear "$cluster_name"
  deny GET ark-check
  checked 1 check
  step read failed "-> allow s3:GetObject on arn:aws:s3:::bucket/$BATS_TEST_NUMBER/* to these"
  step delete ok
  nothing_left
  "$cluster/proxy" clear "$cluster_name"
  deny DELETE uploadId=
  checked 1 check
  step multipart ok
  step abort failed "an upload is left there" "-> allow s3:AbortMultipartUpload on"
  [ "$(uploads "$(probe)")" -eq 1 ]
}

@test "what may not be removed is named, and nothing large is left" {
  deny DELETE ark-check
  checked 1 check
  step delete failed "-> allow s3:DeleteObject on arn:aws:s3:::bucket/$BATS_TEST_NUMBER/*"
  step multipart skipped "it could not be removed again"
  step 'clean up' failed "s3://bucket/$(probe) is left there" "-> delete it"
  [ "$(keys)" = "$(probe)" ]
  "$cluster/proxy" clear "$cluster_name"
  deny DELETE ark-check times=1 # may be done after all
  checked 1 check
  step delete failed
  says_not "clean up"
  [ "$(keys | wc -l)" -eq 1 ]
}

@test "a server that does not what it says" {
  fault PUT ark-check cond=if-none-match:* status=200
  checked 0 check
  step 'if absent' warning "does not know If-None-Match" "-> give each backup a name of its own"
  fault GET 'ark-check-[0-9a-f]*$' flip=5 times=1
  checked 1 check --location-config checksumAlgorithm=
  step read failed "what came back is not what was written"
  fault DELETE 'ark-check-[0-9a-f]*$' status=204 times=1
  checked 1 check
  step delete failed "is there all the same" "-> see whether the bucket holds objects back"
  fault DELETE 'uploadId=' status=204
  checked 1 check
  step abort failed "still takes parts"
  [ -z "$(keys)" ]
}

@test "a signed URL that cannot be fetched is a warning: only Velero's own commands need it" {
  checked 0 check --location-config publicUrl=http://127.0.0.1:1
  step 'signed URL' warning "velero backup logs" "check publicUrl"
  head -c 32 /dev/urandom >key
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/tls"
  checked 0 ark location check s3://bucket/c --location-config s3Url="$S3_URL" --location-config caCert="$S3_CA" \
    --location-config customerKeyEncryptionFile=key
  step 'signed URL' skipped "cannot be read by a URL alone"
  step multipart ok
}

# --- only to read, and cut short ------------------------------------------------------------------

@test "--read-only writes nothing" {
  checked 0 check --read-only
  step list ok "0 entries"
  step write skipped "only reading is tried"
  step read skipped "nothing to read is there yet"
  put_s3 "bucket/$BATS_TEST_NUMBER/backups/a/velero-backup.json" '{"kind": "Backup"}'
  checked 0 check --read-only
  step read ok "backups/a/velero-backup.json"
  step range ok
  step 'signed URL' ok
  step delete skipped
  deny GET velero-backup.json
  checked 1 check --read-only
  step read failed "-> allow s3:GetObject"
  ! "$cluster/proxy" log "$cluster_name" | grep -E '^(PUT|POST|DELETE) ' || fails "something was written"
  mkdir -p a/backups
  echo x >a/backups/x
  checked 0 ark location check "file://$PWD/a" --read-only
  step read ok
  step fsync skipped
  says_not warning failed
}

# interrupted METHOD REGEX: the check is interrupted while such a request waits
interrupted() {
  fault "$1" "$2" hold="$PWD/never"
  "$ARK" location check "$at" --location-config s3Url="$PROXY_URL" 3>&- >out 2>&1 &
  local pid=$!
  # shellcheck disable=SC1091
  (. "$cluster/lib.sh" && wait_until 30 out test -e never.held)
  kill -INT $pid
  ! wait $pid || fails "it ended well" || return
  output=$(cat out)
  says "ark: cancelled"
  says_not "left"
  nothing_left
}

@test "an interrupt leaves nothing: while it reads what it wrote" { interrupted GET ark-check; }
@test "an interrupt leaves nothing: while it sends parts" { interrupted PUT partNumber=2; }

@test "an interrupt says what it could not remove" {
  deny DELETE ark-check
  fault GET ark-check hold="$PWD/never"
  "$ARK" location check "$at" --location-config s3Url="$PROXY_URL" 3>&- >out 2>&1 &
  local pid=$!
  # shellcheck disable=SC1091
  (. "$cluster/lib.sh" && wait_until 30 out test -e never.held)
  kill -INT $pid
  ! wait $pid || fails "it ended well"
  output=$(cat out)
  says "s3://bucket/$(probe) is left there"
}

# --- directories that are not well -----------------------------------------------------------------

@test "a directory that is mounted read-only, is full, or is a file" {
  unshare --mount true 2>/dev/null || skip "no mount namespace here"
  mkdir a
  echo x >a/x
  # shellcheck disable=SC2016
  checked 1 unshare --mount sh -c 'mount --bind a a && mount -o remount,bind,ro a && exec "$@"' - \
    "$ARK" location check "file://$PWD/a"
  step directory failed "Read-only file system" "-> mount '$PWD/a' to be written to"
  step write skipped "directory failed"
  # shellcheck disable=SC2016
  checked 0 unshare --mount sh -c 'mount --bind a a && mount -o remount,bind,ro a && exec "$@"' - \
    "$ARK" location check "file://$PWD/a" --read-only
  step directory ok
  # shellcheck disable=SC2016
  checked 1 unshare --mount sh -c 'mount -t tmpfs -o size=64k none a && ! head -c 99999 /dev/zero 2>/dev/null >a/x; exec "$@"' - \
    "$ARK" location check "file://$PWD/a"
  step space failed "No space left" "-> free some space where '$PWD/a' is"
  step fsync failed "No space left"
  step write failed "No space left"
  step read skipped "nothing could be written"
  # shellcheck disable=SC2016
  checked 0 unshare --mount sh -c 'mount -t tmpfs -o size=1m none a && exec "$@"' - "$ARK" location check "file://$PWD/a"
  step space warning "MiB are free" "-> free some"
  checked 1 ark location check "file://$PWD/a/x/y"
  step directory failed "Not a directory" "-> a file stands where"
}

@test "a directory of somebody else's" {
  setpriv --reuid 65534 --clear-groups true 2>/dev/null || skip "no other user here"
  cp "$ARK" ./ark-here
  chmod 711 . .. ../..
  mkdir -m 755 a
  checked 1 setpriv --reuid 65534 --clear-groups ./ark-here location check "file://$PWD/a"
  step directory failed "Permission denied" "-> give '$PWD/a' to the user that runs ark"
}

# --- wrong use ---------------------------------------------------------------------------------------

@test "wrong use; Velero's names for it" {
  exits 2 ark location check
  says "no location"
  exits 2 ark location check gs://bucket
  exits 2 ark location get 's3://bucket?regoin=x'
  says "did you mean region?"
  exits 2 ark location check file:///a --location file:///b
  says "two locations are given"
  exits 2 ark location check file:///a file:///b
  mkdir a
  local words
  for words in 'backup-location check' 'check location' 'locations get' 'get backup-locations'; do
    # shellcheck disable=SC2086
    exits 0 ark $words "file://$PWD/a"
  done
}

# --- get -------------------------------------------------------------------------------------------

# backup NAME PHASE START EXPIRATION: a backup as Velero stores it, in the folder `a`
backup() {
  mkdir -p "a/backups/$1"
  printf '{"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "%s", "namespace": "velero"},
    "spec": {}, "status": {"phase": "%s", "startTimestamp": "%s", "expiration": "%s"}}' "$@" >"a/backups/$1/velero-backup.json"
  head -c 1000 /dev/zero >"a/backups/$1/$1.tar.gz"
}

some_backups() {
  backup night-2 PartiallyFailed 2026-02-02T00:00:00Z 2099-01-01T00:00:00Z
  backup night-1 Completed 2026-01-01T00:00:00Z 2026-02-01T00:00:00Z
  backup night-3 Completed 2026-03-03T00:00:00Z 2099-01-01T00:00:00Z
  mkdir -p a/backups/cut a/restores/back a/kopia/shop
  head -c 500 /dev/zero >a/backups/cut/cut.tar.gz
  echo x >a/restores/back/restore-back-logs.gz
  head -c 2048 /dev/zero >a/kopia/shop/p0
  echo stray >a/backups/ark-check-0 # no backup
  echo x >a/note                    # no folder
}

# is_counted: said.json tells of them
is_counted() {
  [ "$(jq -r '"\(.backups) \(.expired) \(.restores)"' said.json)" = "3 1 1" ]
  [ "$(jq -r .files said.json)" -eq "$(find a -type f | wc -l)" ]
  [ "$(jq -r .bytes said.json)" -eq "$(find a -type f -printf '%s\n' | awk "{n += \$1} END {print n}")" ]
  [ "$(jq -c .newest said.json)" = '{"name":"night-3","phase":"Completed","startTimestamp":"2026-03-03T00:00:00Z","expiration":"2099-01-01T00:00:00Z"}' ]
  [ "$(jq -r .oldest.name said.json)" = night-1 ]
  [ "$(jq -c '.unfinished, .unreadable, .unknownFolders' said.json)" = $'["cut"]\n[]\n[]' ]
}

@test "get: what is in a directory" {
  some_backups
  ark location get "file://$PWD/a" -o json >said.json
  is_counted
  exits 0 ark location get "file://$PWD/a"
  [[ $output =~ Backups:\ +3,\ 1\ of\ them\ expired ]]
  [[ $output =~ Newest:\ +night-3,\ Completed,\ 2026-03-03T00:00:00Z,\ expires\ in\ [0-9y]+ ]]
  [[ $output =~ Oldest:\ +night-1,\ Completed,\ 2026-01-01T00:00:00Z,\ expired\ [0-9dy]+\ ago ]]
  [[ $output =~ Unfinished:\ +1\ \(without\ velero-backup.json:.*\):\ cut ]]
  says_not "Unknown" "Unreadable"
  ark location get "file://$PWD/a" -o yaml | grep -x 'backups: 3'
}

@test "get: what is in a bucket" {
  some_backups
  local file
  while read -r file; do
    put_s3 "bucket/$BATS_TEST_NUMBER/${file#a/}" "@$file"
  done < <(find a -type f)
  ark location get "$at" --location-config s3Url="$S3_URL" -o json >said.json
  is_counted
  put_s3 "bucket/$BATS_TEST_NUMBER/photos/1" x
  checked 0 check
  step folders warning "other folders than its own: photos" "-> use a prefix"
  exits 1 ark location get s3://no-such-bucket --location-config s3Url="$S3_URL"
  says NoSuchBucket
}

@test "get: folders that Velero does not know, backups that cannot be read, and nothing at all" {
  exits 1 ark location get "file://$PWD/none"
  says "there is no directory $PWD/none"
  mkdir none
  exits 0 ark location get "file://$PWD/none"
  says "Backups:" "0 B in 0 files"
  says_not Newest
  backup good Completed 2026-01-01T00:00:00Z ''
  backup bad Completed 2026-01-01T00:00:00Z ''
  echo '{' >a/backups/bad/velero-backup.json
  mkdir a/photos a/empty
  echo x >a/photos/1
  exits 3 ark location get "file://$PWD/a"
  says "Backups:" "2, 0 of them expired" "good, Completed" "never expires" "describe\` says why): bad" \
    "other folders than its own): photos"
  says_not empty
  [ "$(ark location get "file://$PWD/a" -o json | jq -c '.unreadable, .unknownFolders')" = $'["bad"]\n["photos"]' ]
}
