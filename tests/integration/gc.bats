#!/usr/bin/env bats
# What ark gc deletes, and what it leaves alone. One real backup and restore are copied under other names and times.
# shellcheck disable=SC2030,SC2031,SC2154
load helpers

setup_file() {
  unset "${!AWS_@}" HTTP_PROXY http_proxy ALL_PROXY all_proxy
  export AWS_EC2_METADATA_DISABLED=true
  "$cluster/minio" up "$cluster_name" >"$BATS_FILE_TMPDIR/minio" 3>&- &
  local minio=$!
  cluster_up --no-controllers
  export ARK_LOCATION=file://$BATS_FILE_TMPDIR/real
  ark backup create base -q --include-resources namespaces 2>/dev/null
  ark restore create back --from-backup base -q 2>/dev/null
  cluster_down
  wait "$minio"
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/minio"
  eval "$("$cluster/proxy" up "$cluster_name" --to "$S3_URL")"
  export PROXY_URL
}
teardown_file() {
  cluster_down
  "$cluster/proxy" down "$cluster_name"
  "$cluster/minio" down "$cluster_name"
}

setup() {
  location_here
  cd "$BATS_TEST_TMPDIR" || return
}

ago() { date -u -d "-$*" +%FT%TZ; }

# made NAME START EXPIRES [JQ]: a backup of those times, whose files are two days old; the filter has the rest
made() {
  local dir=$store/backups/$1 file
  mkdir -p "$store/backups"
  cp -r "$BATS_FILE_TMPDIR/real/backups/base" "$dir"
  for file in "$dir"/base*; do mv "$file" "$dir/$1${file##*/base}"; done
  changed "$dir/velero-backup.json" ".metadata.name = \"$1\" | .status.startTimestamp = \"$2\" | .status.expiration = \"$3\" | ${4:-.}"
  touch -d '-2 days' "$dir"/*
}

# restored NAME BACKUP: a restore of that backup, two days old
restored() {
  local dir=$store/restores/$1 file
  mkdir -p "$store/restores"
  cp -r "$BATS_FILE_TMPDIR/real/restores/back" "$dir"
  for file in "$dir"/*back*; do mv "$file" "${file/back/$1}"; done
  changed "$dir/ark-restore.json" ".metadata.name = \"$1\" | .spec.backupName = \"$2\""
  touch -d '-2 days' "$dir"/*
}

changed() {
  jq "$2" "$1" >changed.json
  cp changed.json "$1"
}

of() { echo ".metadata.labels[\"ark.seaworthy.dev/series\"] = \"$1\""; }

# there KIND: the names of the folders, on one line
there() { (cd "$store/$1" && echo *); }

# row NAME: its line of the table, single-spaced
row() { tr -s ' ' <<<"$output" | sed 's/ $//' | grep -E "^[a-z]+ $1 "; }

# what ITEM: "action: reason" of a name in $output, as JSON
what() { jq -r --arg name "$1" '.items[] | select(.name == $name) | "\(.action): \(.reason)"' <<<"$output"; }

# --- backups -----------------------------------------------------------------------------------------

@test "expiry: what has expired goes with all its files; a dry run and a question come before" {
  made old "$(ago 40 days)" "$(ago 10 days)"
  made young "$(ago 1 day)" 2126-01-01T00:00:00Z
  made for-ever "$(ago 900 days)" - '.status.expiration = null'
  made none "$(ago 900 days)" - 'del(.status.expiration)'
  cp -r "$store" before
  exits 0 ark gc --dry-run
  [ "$(head -n 1 <<<"$output" | tr -s ' ')" = "KIND NAME SERIES CREATED ACTION WHY" ]
  [[ $(row old) =~ ^"backup old <none> 20"[-0-9T:]+"Z delete expired"$ ]]
  [[ $(row young) == *"keep not expired" ]]
  [[ $(row for-ever) == *"keep never expires" && $(row none) == *"keep never expires" ]]
  says "Would be deleted: 1 backup; kept: 3 backups."
  diff -r before "$store"
  exits 1 ark gc </dev/null
  says "Delete 1 backup for good? [y/N]" "give --confirm"
  exits 1 ark gc <<<n
  says "Nothing is deleted."
  diff -r before "$store"
  exits 0 ark gc --confirm
  says "Deleted: 1 backup; kept: 3 backups."
  rm -r before/backups/old
  diff -r before "$store"
  exits 0 ark gc </dev/null
  says "Deleted: nothing"
  # Yes is an answer, too.
  made y "$(ago 1 second)" "$(ago 0 seconds)"
  exits 0 ark gc <<<y
  [ "$(there backups)" = "for-ever none young" ]
}

@test "rules: each series by itself, those of none by expiry; what a rule keeps stays though it expired" {
  local day
  for day in 1 2 3 4 5; do
    made n$day "2026-03-0${day}T01:00:00Z" "2026-03-20T00:00:00Z" "$(of nightly)"
    made v$day "2026-03-0${day}T02:00:00Z" 2126-01-01T00:00:00Z '.metadata.labels["velero.io/schedule-name"] = "hourly"'
  done
  made alone 2026-01-01T00:00:00Z 2126-01-01T00:00:00Z
  made late 2026-01-01T00:00:00Z 2026-01-02T00:00:00Z
  made partly 2026-03-06T01:00:00Z 2126-01-01T00:00:00Z "$(of nightly) | .status.phase = \"PartiallyFailed\""
  made failed 2026-03-07T01:00:00Z 2126-01-01T00:00:00Z "$(of nightly) | .status.phase = \"Failed\""
  made running 2026-03-08T01:00:00Z 2126-01-01T00:00:00Z "$(of nightly) | .status.phase = \"InProgress\""
  exits 0 ark gc --keep-daily 2 --keep-monthly 1 --dry-run -q -o json
  [ "$(what partly)" = "keep: daily, monthly" ]
  [ "$(what n5)" = "keep: daily" ]
  [ "$(what n4)" = "delete: no rule keeps it" ]
  [ "$(what v4)" = "keep: daily" ]
  [ "$(what v3)" = "delete: no rule keeps it" ]
  [ "$(what failed)" = "delete: not usable" ]
  [ "$(what running)" = "keep: not expired" ]
  [ "$(what alone)" = "keep: not expired" ]
  [ "$(what late)" = "delete: expired" ]
  [ "$(jq -c '.dryRun, (.items[0]|keys), ([.items[].deleted]|unique), (.items|map(select(.name == "v1"))[0].series)' <<<"$output" | tr '\n' ' ')" = \
    'true ["action","created","deleted","kind","name","reason"] [false] "hourly" ' ]
  exits 0 ark gc --keep-last 1 -o yaml --dry-run
  says "reason: newest completed" 'name: n5'
  exits 0 ark gc --keep-last 1 --all --dry-run -q -o json
  [ "$(what alone)" = "delete: no rule keeps it" ] # of the same second as late
  [ "$(what late)" = "keep: last" ]
  exits 0 ark gc --keep-daily 2 -l ark.seaworthy.dev/series=nightly --confirm -q -o json
  [ "$(jq -c '[.items[].name], [.items[]|select(.deleted).name]' <<<"$output" | tr '\n' ' ')" = \
    '["running","failed","partly","n5","n4","n3","n2","n1"] ["failed","n4","n3","n2","n1"] ' ]
  [ "$(there backups)" = "alone late n5 partly running v1 v2 v3 v4 v5" ]
  exits 0 ark gc --keep-yearly 9 --confirm
  [ "$(there backups)" = "alone n5 partly running v1 v5" ] # v1: while there are too few years, the oldest
}

@test "restores go with their backup, and those whose backup is gone" {
  made old "$(ago 40 days)" "$(ago 10 days)"
  made young "$(ago 1 day)" 2126-01-01T00:00:00Z
  restored of-old old
  restored of-young young
  restored of-gone gone
  restored of-gone-today gone
  touch "$store"/restores/of-gone-today/*
  mkdir -p "$store/restores/velero"
  touch -d '-9 days' "$store/restores/velero/restore-velero-logs.gz" # whose is not told anywhere
  exits 0 ark gc -l none=such --dry-run
  [ "$(there restores)" = "of-gone of-gone-today of-old of-young velero" ]
  says "Would be deleted: nothing"
  exits 0 ark gc --confirm
  [[ $(row of-old) == *"delete of backup old" ]]
  [[ $(row of-gone) == *"delete its backup gone is gone" ]]
  says "Deleted: 1 backup, 2 restores; kept: 1 backup."
  [ "$(there restores)" = "of-gone-today of-young velero" ]
}

@test "what cannot be read is told of, and stays; so do the others' reasons" {
  local name
  for name in broken other odd-time old; do made $name "$(ago 40 days)" "$(ago 10 days)"; done
  restored broken old
  restored of-old old
  head -c 100 "$store/backups/old/velero-backup.json" >"$store/backups/broken/velero-backup.json"
  changed "$store/backups/other/velero-backup.json" '.metadata.name = "another"'
  changed "$store/backups/odd-time/velero-backup.json" '.status.expiration = "tomorrow"'
  echo '{}' >"$store/restores/broken/ark-restore.json"
  touch -d '-2 days' "$store"/*/*/*
  exits 3 ark gc --confirm --keep-last 1 --all
  says "ark: backup broken is left, as it cannot be read" "ark: backup other is left" "ark: backup odd-time is left" \
    "ark: restore broken is left"
  [ "$(there backups)" = "broken odd-time old other" ] # old: the newest that is known
  exits 3 ark gc --confirm
  [ "$(there backups)" = "broken odd-time other" ]
  [ "$(there restores)" = broken ]
  # shellcheck disable=SC2016
  exits 3 bash -c '"$ARK" gc --dry-run -o json 2>/dev/null'
  [[ $(what other) == "unreadable: "* ]]
}

# --- leftovers ---------------------------------------------------------------------------------------

@test "leftovers: files without a Backup object and temporary files, where nobody touched them for long" {
  made whole "$(ago 1 day)" 2126-01-01T00:00:00Z
  local name
  for name in cut fresh one-fresh; do
    made $name "$(ago 1 day)" 2126-01-01T00:00:00Z
    rm "$store/backups/$name/velero-backup.json"
  done
  touch "$store"/backups/fresh/*
  touch "$store/backups/one-fresh/one-fresh-logs.gz"
  mkdir "$store/backups/killed" "$store/backups/running"
  touch -d '-25 hours' "$store/backups/killed/.ark-00.tmp" "$store/backups/whole/.ark-01.tmp" "$store/.ark-02.tmp"
  touch -d '-23 hours' "$store/backups/running/.ark-03.tmp"
  mkdir "$store/kopia" && touch -d '-9 days' "$store/kopia/.ark-04.tmp" "$store/backups/a-file"
  exits 0 ark gc -l none=such --leftovers-older-than 0s --confirm
  [ -d "$store/backups/cut" ]
  exits 0 ark gc --confirm
  [[ $(row cut) =~ ^"leftover cut <none> 20".*"delete files without a Backup object"$ ]]
  [[ $(row 'backups/killed/\.ark-00\.tmp') == upload*"delete never finished" ]]
  says "Deleted: 1 leftover, 2 uploads; kept: 1 backup."
  [ "$(there backups)" = "a-file fresh one-fresh running whole" ]
  [ ! -e "$store/backups/whole/.ark-01.tmp" ] && [ -e "$store/backups/running/.ark-03.tmp" ]
  [ -e "$store/.ark-02.tmp" ] && [ -e "$store/kopia/.ark-04.tmp" ] # not a backup's
  exits 0 ark gc --confirm --leftovers-older-than 23h30m
  [ -d "$store/backups/running" ]
  exits 0 ark gc --confirm --leftovers-older-than 22h
  [ "$(there backups)" = "a-file fresh one-fresh whole" ]
}

@test "what changed since it was looked at is left, and named; all else goes" {
  local name
  for name in a b c d; do made $name "$(ago 40 days)" "$(ago 10 days)"; done
  restored of-b b
  made cut "$(ago 1 day)" 2126-01-01T00:00:00Z
  rm "$store/backups/cut/velero-backup.json"
  made cut2 "$(ago 1 day)" 2126-01-01T00:00:00Z
  rm "$store/backups/cut2/velero-backup.json"
  mkfifo answer
  ark gc <answer >out 2>&1 3>&- &
  exec 4>answer
  # shellcheck disable=SC1091
  (. "$cluster/lib.sh" && wait_until 20 out grep -qF '[y/N]' out)
  rm -r "$store/backups/a"
  changed "$store/backups/b/velero-backup.json" '.status.startTimestamp = "2026-11-01T00:00:00Z"'
  echo '{' >"$store/backups/c/velero-backup.json"
  touch "$store"/backups/cut/*
  cp -p "$store/backups/d/velero-backup.json" "$store/backups/cut2/" # as old as all
  echo y >&4
  exec 4>&-
  status=0
  wait $! || status=$?
  output=$(cat out)
  [ "$status" -eq 3 ]
  says "backup a: somebody else deleted it meanwhile" "backup b: it was made anew meanwhile" \
    "velero-backup.json" "restore of-b: it is left, as its backup b is still there" \
    "backups/cut/: somebody writes there again" "backups/cut2/: somebody writes there again" \
    "Deleted: 1 backup; kept: nothing."
  [ "$(there backups)" = "b c cut cut2" ]
  [ "$(there restores)" = of-b ]
}

# --- a bucket ----------------------------------------------------------------------------------------

# ask_s3 METHOD PATH [CURL OPTION]...: a signed request of another client's
ask_s3() {
  curl -sS --fail-with-body --aws-sigv4 aws:amz:us-east-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -X "$1" "${@:3}" "$S3_URL/$2"
}

# uploads: the keys of all that were begun in the bucket, sorted, on one line
uploads() { ask_s3 GET 'bucket?uploads=' | grep -o '<Key>[^<]*' | cut -c 6- | sort | tr '\n' ' '; }

@test "in a bucket: backups, leftovers, uploads; what is refused is named, and the rest done" {
  local file
  for file in a b c; do made $file "$(ago 40 days)" "$(ago 10 days)"; done
  made cut "$(ago 1 day)" 2126-01-01T00:00:00Z
  rm "$store/backups/cut/velero-backup.json"
  restored of-b b
  (cd "$store" && find . -type f) | while read -r file; do
    ask_s3 PUT "bucket/eu/${file#./}" -T "$store/$file" >/dev/null
  done
  for file in eu/backups/n/n.tar.gz eu/backups/n/n.tar.gz eu/restores/r/r.gz eu/other/x us/backups/n/n.tar.gz; do
    ask_s3 POST "bucket/$file?uploads=" >/dev/null
  done
  export ARK_LOCATION="s3://bucket/eu?s3Url=$PROXY_URL"
  "$cluster/proxy" fault "$cluster_name" GET '[?&]uploads=' status=403 times=1
  exits 3 ark gc --dry-run
  says "uploads that were never finished are left, as they cannot be listed" 403
  exits 0 ark gc --dry-run
  says "Would be deleted: 3 backups, 1 restore; kept: nothing." # nothing is a day old
  "$cluster/proxy" fault "$cluster_name" DELETE 'backups/b/velero' status=403
  exits 3 ark gc --confirm --leftovers-older-than 0s
  says "backup b: DELETE s3://bucket/eu/backups/b/velero-backup.json: 403" "restore of-b: it is left" \
    "Deleted: 2 backups, 1 leftover, 3 uploads; kept: nothing."
  [ "$(uploads)" = "eu/other/x us/backups/n/n.tar.gz " ]
  exits 0 ark backup get -o name
  [ "$output" = backup.velero.io/b ]
  "$cluster/proxy" clear "$cluster_name"
  exits 0 ark gc --confirm -q -o json
  [ "$(jq -c '[.items[]|[.kind, .name, .deleted]]' <<<"$output")" = '[["backup","b",true],["restore","of-b",true]]' ]
  [ "$(ask_s3 GET 'bucket?list-type=2' | grep -c '<Key>')" -eq 0 ]
}

@test "a location that cannot be listed to its end: nothing is deleted" {
  made a "$(ago 40 days)" "$(ago 10 days)"
  ask_s3 PUT bucket/af/backups/a/velero-backup.json -T "$store/backups/a/velero-backup.json" >/dev/null
  export ARK_LOCATION="s3://bucket/af?s3Url=$PROXY_URL"
  "$cluster/proxy" fault "$cluster_name" GET 'prefix=af%2Frestores' status=403
  exits 1 ark gc --confirm
  "$cluster/proxy" clear "$cluster_name"
  "$cluster/proxy" fault "$cluster_name" GET 'a/velero-backup.json' status=400
  exits 1 ark gc --confirm
  "$cluster/proxy" clear "$cluster_name"
  exits 0 ark gc --confirm
  says "Deleted: 1 backup"
}

# --- wrong use ---------------------------------------------------------------------------------------

@test "wrong use is named" {
  exits 2 ark gc --keep-daily -2
  says "--keep-daily"
  exits 2 ark gc --all
  says "--keep-..."
  exits 2 ark gc -l 'a in b'
  exits 2 ark gc --leftovers-older-than -1h
  exits 2 ark gc some
  exits 2 env -u ARK_LOCATION "$ARK" gc
  says ARK_LOCATION
  exits 1 ark gc --dry-run
  says "there is no directory $store"
  mkdir -p "$store"
  exits 0 ark gc --dry-run # of what is empty
  says "Would be deleted: nothing; kept: nothing."
}
