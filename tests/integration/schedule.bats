#!/usr/bin/env bats
# Backups without a server: names out of templates, and the examples as they stand.
# shellcheck disable=SC2030,SC2031,SC2154
load helpers
examples=$root/examples

setup_file() {
  cluster_up --no-controllers
  mkdir "$BATS_FILE_TMPDIR/bin"
  ln -s "$ARK" "$BATS_FILE_TMPDIR/bin/ark"
}
teardown_file() { cluster_down; }

setup() {
  location_here
  cd "$BATS_TEST_TMPDIR" || return
}

# backups: the names of all there are, one a line
backups() { "$ARK" backup get -o name | cut -d/ -f2; }

# object NAME JQ: of its Backup object
object() { jq -r "$2" "$store/backups/$1/velero-backup.json"; }

series='.metadata.labels["ark.seaworthy.dev/series"]'

@test "a name template: the time, the cluster, this machine; and the series" {
  local before after name
  before=$(date -u +%Y%m%d%H%M%S)
  exits 0 ark backup create --name-template 'nightly-{{timestamp}}' --include-resources namespaces -q
  after=$(date -u +%Y%m%d%H%M%S)
  name=$(backups)
  [[ $name =~ ^nightly-[0-9]{14}$ ]]
  [ "${name#nightly-}" -ge "$before" ] && [ "${name#nightly-}" -le "$after" ]
  [ "$(object "$name" "$series")" = nightly ]
  exits 0 ark backup get -l ark.seaworthy.dev/series=nightly -o name
  [ "$output" = "backup.velero.io/$name" ]
  # shellcheck disable=SC2094 # `config` is kubectl's word, too
  kubectl config view --raw --flatten | sed 's/^\(current-context:\|  name:\|- name:\) test$/\1 Admin@Harbour_1/; s/^    cluster: test/    cluster: Admin@Harbour_1/' >harbour
  exits 0 ark backup create --kubeconfig harbour --name-template '{{cluster}}-{{date}}' -o yaml
  says "name: admin-harbour-1-$(date -u +%Y%m%d)" "ark.seaworthy.dev/series: admin-harbour-1"
  exits 0 ark backup create --kubeconfig harbour --context Admin@Harbour_1 --name-template 'x.{{ context }}.{{hostname}}' -o yaml
  says "name: x.admin-harbour-1.$(hostname | tr 'A-Z_' 'a-z-')"
  # A Backup object from a file gets the name and the series, too.
  echo '{"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "x", "labels": {"a": "b"}}}' >backup.json
  exits 0 ark backup create -f backup.json --name-template '{{date}}-weekly' -o json
  [ "$(jq -c '.metadata | [.name, .labels]' <<<"$output")" = \
    "[\"$(date -u +%Y%m%d)-weekly\",{\"a\":\"b\",\"ark.seaworthy.dev/series\":\"weekly\"}]" ]
}

@test "a name template that is none is refused before anything is done" {
  exits 2 ark backup create
  says "NAME is missing, or --name-template"
  exits 2 ark backup create name --name-template 'a-{{date}}'
  says "not both"
  exits 2 ark backup create --name-template 'a-{{timestap}}'
  says "did you mean {{timestamp}}?"
  exits 2 ark backup create --name-template 'A-{{date}}'
  says "makes no name of a backup" 'A-20'
  exits 2 ark backup create --name-template "$(printf 'a%.0s' {1..250})-{{date}}"
  exits 1 ark backup create --context none --name-template '{{cluster}}'
  says '"none"'
  [ ! -e "$store" ]
}

# --- the CronJob -------------------------------------------------------------------------------------

# run_container PATH: the command of that container of the CronJob, as the cluster has it, as its service account
run_container() {
  local command
  command=$(kubectl get -n ark cronjob ark-backup -o json | jq -r ".spec.jobTemplate.spec.template.spec.$1.command | @sh")
  PATH=$BATS_FILE_TMPDIR/bin:$PATH KUBECONFIG=$BATS_TEST_TMPDIR/account bash -c "$command"
}

@test "the CronJob: taken by the server; its account's rights are enough for a whole backup, and no more" {
  # The namespace must be there for the dry run of what lies in it.
  kubectl create -f <(sed '/^---$/,$d' "$examples/cronjob.yaml") >/dev/null
  exits 0 kubectl apply --dry-run=server --warnings-as-errors --validate=strict -f "$examples/cronjob.yaml"
  exits 0 kubectl apply --warnings-as-errors --validate=strict -f "$examples/cronjob.yaml"
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
- {apiVersion: v1, kind: Secret, metadata: {name: key, namespace: shop}, stringData: {k: v}}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: data, namespace: shop}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, volumeName: data}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: clerk}}
YAML
  # What the Secret gives: the location and keys, and that is not in the backup.
  [ "$(kubectl get -n ark secret ark-location -o json | jq -c '.data|keys')" = \
    '["ARK_LOCATION","AWS_ACCESS_KEY_ID","AWS_SECRET_ACCESS_KEY"]' ]
  kubectl config view --raw --flatten -o json | jq --arg token "$(kubectl create token -n ark ark)" \
    '.users[0].user = {token: $token}' >account
  exits 0 run_container 'initContainers[0]'
  local name
  name=$(backups)
  [ "$(object "$name" "[.status.phase, $series] | join(\" \")")" = "Completed nightly" ]
  [ "$(gunzip -c "$store/backups/$name/$name-results.gz" | jq -c .errors)" = '{}' ]
  # As much as somebody saves who may do everything.
  exits 0 ark backup create whole -q
  [ "$(object whole .status.progress.totalItems)" -eq "$(object "$name" .status.progress.totalItems)" ]
  ark backup delete whole --confirm >/dev/null
  exits 0 ark backup ls "$name" -o name
  says secrets/shop/key serviceaccounts/ark/ark cronjobs.batch/ark/ark-backup
  says_not secrets/ark
  local verb
  for verb in get create update patch delete deletecollection watch impersonate; do
    exits 1 kubectl --kubeconfig account auth can-i "$verb" secrets -A
  done
  # Of two of one day the older goes; the oldest of all stays.
  copied "$name" nightly-first "$(date -u -d '-800 days' +%FT%TZ)"
  copied "$name" nightly-morning "$(date -u -d '-40 days' +%FT01:00:00Z)"
  copied "$name" nightly-evening "$(date -u -d '-40 days' +%FT23:00:00Z)"
  exits 0 run_container 'containers[0]'
  says "Deleted: 1 backup; kept: 3 backups."
  [ "$(backups | grep -v "$name" | xargs)" = "nightly-evening nightly-first" ]
  kubectl delete -f "$examples/cronjob.yaml" --wait=false >/dev/null
}

# copied NAME AS START: the backup under another name, that expired long ago
copied() {
  cp -r "$store/backups/$1" "$store/backups/$2"
  local file
  for file in "$store/backups/$2/$1"*; do mv "$file" "$store/backups/$2/$2${file##*/"$1"}"; done
  jq --arg name "$2" --arg start "$3" '.metadata.name = $name | .status.startTimestamp = $start | .status.expiration = $start' \
    "$store/backups/$1/velero-backup.json" >"$store/backups/$2/velero-backup.json"
}

# --- systemd -----------------------------------------------------------------------------------------

@test "the systemd units: valid, and their commands do a backup and a gc as they stand" {
  mkdir units
  sed "s,/usr/local/bin/ark,$BATS_FILE_TMPDIR/bin/ark," "$examples/ark-backup.service" >units/ark-backup.service
  cp "$examples/ark-backup.timer" units/
  exits 0 systemd-analyze verify --man=no "$PWD/units/ark-backup.service" "$PWD/units/ark-backup.timer"
  [ -z "$output" ]
  exits 0 systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' units/ark-backup.timer)"
  says "01:00:00 UTC"
  # The environment file sets what it says, one value a line.
  exits 0 env -i bash -c "set -a; . <(sed 's/?/\\\\?/' '$examples/ark-backup.env'); env"
  says "ARK_LOCATION=s3://my-bucket/clusters/eu1?region=eu-central-1" AWS_SECRET_ACCESS_KEY=change-me
  local commands
  commands=$(sed -n 's/^ExecStart=//p' units/ark-backup.service)
  [ "$(wc -l <<<"$commands")" -eq 2 ]
  while read -r -a words; do # no quotes, no variables: the words are what systemd runs
    exits 0 env -i G_SLICE="${G_SLICE:-}" TSAN_OPTIONS="${TSAN_OPTIONS:-}" KUBECONFIG="$KUBECONFIG" ARK_LOCATION="$ARK_LOCATION" "${words[@]}" 3>&-
  done <<<"$commands"
  says "Deleted: nothing; kept: 1 backup."
  [[ $(backups) =~ ^nightly-[0-9]{14}$ ]]
  [ "$(object "$(backups)" .status.phase)" = Completed ]
}
