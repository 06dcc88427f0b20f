#!/usr/bin/env bats
# A backup shows the cluster as it was at one instant, while somebody writes all the time.
# shellcheck disable=SC2154
load helpers

setup_file() {
  # Lists of a revision come from etcd, not from what the API server still remembers.
  cluster_up --no-controllers --events-etcd -- --feature-gates=ListFromCacheSnapshot=false
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: busy}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: counter, namespace: busy, annotations: {counter: "0"}}}
- {apiVersion: v1, kind: Secret, metadata: {name: counter, namespace: busy, annotations: {counter: "0"}}}
- {apiVersion: v1, kind: Event, metadata: {name: told, namespace: busy}, involvedObject: {namespace: busy}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: counter, namespace: busy, annotations: {counter: "0"}}
  spec:
    replicas: 0
    selector: {matchLabels: {a: b}}
    template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: example.org/a:1}]}}
YAML
}
teardown_file() { cluster_down; }

setup() {
  location_here
  raised=$BATS_TEST_TMPDIR/raised
  "$BATS_TEST_DIRNAME/raise-counters" "$KUBECONFIG" busy "$raised" &
  writer=$!
  reaches 1
}
teardown() { kill "$writer" 2>/dev/null || true; }

# reaches N: waits until the writer has come so far
reaches() {
  local end=$((SECONDS + 30))
  until [ -e "$raised" ] && [ "$(cat "$raised")" -ge "$1" ]; do
    [ "$SECONDS" -lt "$end" ] || fails "the counter does not rise to $1" || return
    kill -0 "$writer"
  done
}

# Backs up slowly, so that the writer gets far between any two lists. Sets $before and $after, the
# counter's values around the backup, and $c, $s, $d, what the backup has of it.
back_up_slowly() {
  before=$(cat "$raised")
  exits 0 ark backup create slow -q --include-resources configmaps,secrets,deployments --include-namespaces busy --qps 5 --burst 1 --connections 1 "$@"
  after=$(cat "$raised")
  local kind value
  tar xzf "$store/backups/slow/slow.tar.gz" -C "$BATS_TEST_TMPDIR"
  for kind in configmaps secrets deployments.apps; do
    value=$(jq -r '.metadata.annotations.counter' "$BATS_TEST_TMPDIR/resources/$kind/namespaces/busy/counter.json")
    printf -v "${kind:0:1}" %s "$value"
  done
}

@test "three kinds show one instant, between begin and end" {
  back_up_slowly
  echo "begun at $before, ended at $after; configmap $c, secret $s, deployment $d"
  [ "$after" -gt $((before + 10)) ] # else nothing was written meanwhile
  [ "$before" -le "$c" ] && [ "$c" -le $((after + 1)) ]
  [ "$c" -ge "$s" ] && [ "$s" -ge "$d" ] && [ "$d" -ge $((c - 1)) ]
}

@test "--consistency=none shows each kind when it is listed" {
  back_up_slowly --consistency none
  echo "begun at $before, ended at $after; configmap $c, secret $s, deployment $d"
  # What is written first is listed first, and the later lists are ahead of it.
  [ "$s" -gt "$c" ] || [ "$d" -gt "$s" ]
  [ "$(jq '.metadata.annotations["ark.seaworthy.dev/revision"]' "$store/backups/slow/velero-backup.json")" = null ]
}

@test "a kind with a store of its own is listed at its own revision, and named" {
  exits 0 ark backup create events -q --include-namespaces busy
  tar tzf "$store/backups/events/events.tar.gz" | grep -q resources/events/namespaces/busy/told.json
  gunzip -c "$store/backups/events/events-results.gz" | jq -e '.warnings.velero | any(startswith("events: "))' >/dev/null
}

# bats test_tags=long
@test "a revision that is compacted in mid-backup: what is listed at another one is named" {
  # Few requests a second leave the time to compact.
  local etcd log=$BATS_TEST_TMPDIR/log
  etcd=$(tr '\0' '\n' <"/proc/$(cat "$(dirname "$KUBECONFIG")/etcd.pid")/cmdline" | sed -n '/--listen-client-urls/{n;p}')
  mkfifo "$log"
  ark backup create compacted -v --include-resources configmaps,secrets,deployments --include-namespaces busy --qps 1 --burst 1 --connections 1 2>"$log" &
  local ark=$! line revision code=0
  while read -r line && [[ $line != *"at revision "* ]]; do :; done <"$log"
  cat "$log" >/dev/null &
  reaches $(($(cat "$raised") + 3))
  revision=$(kubectl get --raw '/api/v1/namespaces?limit=1' | jq -r .metadata.resourceVersion)
  curl -sf "$etcd/v3/kv/compaction" -d "{\"revision\":$revision}" >/dev/null
  wait $ark || code=$?
  [ "$code" -eq 0 ]
  gunzip -c "$store/backups/compacted/compacted-results.gz" >"$BATS_TEST_TMPDIR/results"
  jq -e '[.warnings.velero[] | select(contains("no longer kept"))] | length > 0' "$BATS_TEST_TMPDIR/results" >/dev/null ||
    fails "$(cat "$BATS_TEST_TMPDIR/results")"
  tar tzf "$store/backups/compacted/compacted.tar.gz" | grep -q resources/deployments.apps/namespaces/busy/counter.json
}
