#!/usr/bin/env bats
# ark works with what stock Velero stored: it lists, describes, verifies, restores and downloads it.
# Objects are compared by tests/cluster/compare, which knows neither program.
load helpers

setup_file() {
  cluster_up
  minio_up
}

teardown_file() { stock_down; }
teardown() { wipe; }

# The whole way of one set, which is loaded: out by stock, back by ark.
travels() {
  local name=$1
  stock_up
  dump before
  # Unless told, stock leaves out cluster-scoped objects that none of a namespace needs.
  exits 0 velero backup create "$name" --include-cluster-scoped-resources '*' --wait
  says "status: Completed"
  reads "$name"
  wipe
  exits 0 ark restore create "back-$name" --from-backup "$name" -q
  says "Completed"
  dump after
  same_but_velero
}

reads() {
  local name=$1
  exits 0 ark backup get
  says "$name" "Completed"
  exits 0 ark backup describe "$name" --details
  says "Phase:" "Completed"
  exits 0 ark backup logs "$name"
  says "level=info"
  exits 0 ark backup download "$name" -o "$BATS_TEST_TMPDIR/ours"
  bucket_get "backups/$name/$name.tar.gz" "$BATS_TEST_TMPDIR/theirs"
  cmp "$BATS_TEST_TMPDIR"/{ours,theirs}
  looks_into "$name"
}

# looks_into NAME: its objects by ls are those of its archive, cat prints what is stored, verify finds no fault
looks_into() {
  local name=$1
  exits 0 ark backup ls "$name" -o name
  diff <(tar tzf "$BATS_TEST_TMPDIR/theirs" | sed -nE '/-preferredversion/d; s,^resources/([^/]*)/(cluster|namespaces)/(.*)\.json$,\1/\3,p' | sort) \
    <(sort <<<"$output")
  exits 0 ark backup cat "$name" ns/default -o json
  diff <(jq -S . <<<"$output") <(tar xOzf "$BATS_TEST_TMPDIR/theirs" resources/namespaces/cluster/default.json | jq -S .)
  exits 3 ark backup verify "$name" -q
  says "good as far as it can be checked" "Velero records no checksums"
  says_not "damage"
  # What Velero writes with its feature of CSI alone.
  [ "$(grep -c "is not there" <<<"$output")" -eq "$(grep -c -- "-csi-volumesnapshot" <<<"$output")" ]
}

@test "online-boutique" {
  load_online_boutique
  travels online-boutique
}

@test "argo-cd" {
  load_argo_cd
  travels argo-cd
}

@test "kube-prometheus" {
  load_kube_prometheus
  travels kube-prometheus
}
