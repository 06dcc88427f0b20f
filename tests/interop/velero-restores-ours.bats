#!/usr/bin/env bats
# Stock Velero works with what ark stored: it lists, describes, restores and deletes it.
# Objects are compared by tests/cluster/compare, which knows neither program.
# shellcheck disable=SC2154
load helpers

setup_file() {
  cluster_up
  minio_up
}

teardown_file() { stock_down; }
teardown() { wipe; }

# synced NAME: stock has found the backup in the bucket
synced() { velero backup get "$1" >"$BATS_TEST_TMPDIR/get" 2>/dev/null; }

# validated_since TIME: stock has looked at the location again
validated_since() { [ "$(location_status lastValidationTime)" != "$1" ]; }
location_status() { kubectl get -n velero backupstoragelocation default -o "jsonpath={.status.$1}"; }

# deleted NAME: stock knows it no longer
deleted() { ! kubectl get -n velero backups.velero.io "$1" >/dev/null 2>&1; }

# The whole way of one set, which is loaded: out by ark, back by stock.
travels() {
  local name=$1
  dump before
  exits 0 ark backup create "$name" -q
  says "Completed"
  wipe
  stock_up
  wait_for 150 synced "$name" # stock looks once a minute
  grep -q Completed "$BATS_TEST_TMPDIR/get"
  describes "$name"
  exits 0 velero backup logs "$name"
  says "level=info"
  exits 0 velero restore create back --from-backup "$name" --wait
  says "status: Completed"
  dump after
  same_but_velero
}

# `describe --details` names every object that the archive holds.
describes() {
  exits 0 velero backup describe "$1" --details
  says "Phase:  Completed" "Resource List:"
  bucket_get "backups/$1/$1.tar.gz" "$BATS_TEST_TMPDIR/archive"
  diff <(sed -n '/^Resource List:/,/^$/s/^    - //p' <<<"$output" | sort) <(names_in "$BATS_TEST_TMPDIR/archive")
}

# names_in ARCHIVE: of its objects as Velero lists them
names_in() {
  tar tzf "$1" | grep -v preferredversion | sed -n 's|^resources/[^/]*/cluster/\(.*\)\.json$|\1|p
    s|^resources/[^/]*/namespaces/\(.*\)\.json$|\1|p' | sort
}

@test "online-boutique" {
  load_online_boutique
  travels online-boutique
}

@test "argo-cd" {
  load_argo_cd
  travels argo-cd
}

@test "kube-prometheus, and all files are gone after a delete" {
  load_kube_prometheus
  travels kube-prometheus
  # A restore by ark is in the bucket too, with a file that Velero does not know.
  exits 0 ark restore create again --from-backup kube-prometheus -q
  [ -e "$MINIO_DATA/bucket/restores/again/ark-restore.json" ]
  [ -e "$MINIO_DATA/bucket/backups/kube-prometheus/kube-prometheus-checksums.gz" ]
  kubectl annotate -n velero backupstoragelocation default test/look=again >/dev/null
  wait_for 30 validated_since "$(location_status lastValidationTime)"
  [ "$(location_status phase)" = Available ]
  exits 0 velero backup delete kube-prometheus --confirm
  wait_for 60 deleted kube-prometheus
  [ ! -e "$MINIO_DATA/bucket/backups/kube-prometheus" ]
  # Of other things it complains by itself, until it has looked at the location for the first time.
  run grep -E 'level=error.*kube-prometheus' "$SEAWORTHY_RUN/velero-$cluster_name/server.log"
  [ -z "$output" ] || fails "the server complained: $output"
}
