#!/usr/bin/env bats
# To look into a backup: ls, cat, export and verify. One backup serves all tests that only read.
# shellcheck disable=SC2030,SC2031,SC2154
load helpers

setup_file() {
  cluster_up --no-controllers
  export ARK_LOCATION=file://$BATS_FILE_TMPDIR/store
  definition yard.example.org boats Boat '[bt]'
  definition yard.example.org services Service '[]'
  definition yard.example.org cranes Crane '[]'
  definition quay.example.org cranes Crane '[]'
  kubectl wait --for=condition=Established --all crd --timeout=30s >/dev/null
  kubectl create -f "$BATS_TEST_DIRNAME/data/look.yaml" >/dev/null 2>&1
  kubectl patch -n shop pod ended --subresource=status --type=merge -p 'status: {phase: Succeeded}' >/dev/null
  ark backup create base -q 2>/dev/null
}
teardown_file() { cluster_down; }

setup() {
  store=$BATS_FILE_TMPDIR/store
  cd "$BATS_TEST_TMPDIR" || return
}

# definition GROUP PLURAL KIND SHORT-NAMES
definition() {
  kubectl create -f - >/dev/null <<YAML
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: $2.$1}
spec:
  group: $1
  scope: Namespaced
  names: {plural: $2, singular: ${2%s}, kind: $3, shortNames: $4}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
YAML
}

# copied: the backup in a location of its own, to be spoiled
copied() {
  rm -rf own
  cp -r "$store" own
  export ARK_LOCATION=file://$PWD/own
  file=own/backups/base/base
}

# --- ls ------------------------------------------------------------------------------------------

@test "ls: what the archive has, sorted by kind, namespace and name" {
  exits 0 ark backup ls base -o name
  [ "$output" = "$(LC_ALL=C sort -t / -k 1,1 -k 2,2 -k 3,3 <<<"$output")" ]
  [ "$(wc -l <<<"$output")" -eq "$(jq .status.progress.itemsBackedUp "$store/backups/base/velero-backup.json")" ]
  diff <(tar tzf "$store/backups/base/base.tar.gz" | sed -nE '/-preferredversion/d; s,^resources/([^/]*)/(cluster|namespaces)/(.*)\.json$,\1/\3,p' | sort) <(sort <<<"$output")
  exits 0 ark backup ls base
  [[ ${lines[0]} =~ ^NAMESPACE\ +KIND\ +NAME$ ]]
  [ "$(awk '$2 == "configmaps" && /settings/' <<<"$output" | tr -s ' ')" = "$(printf '%s\n' 'dock configmaps settings' 'shop configmaps settings')" ]
  exits 0 ark backup ls base -o wide
  [[ ${lines[0]} =~ ^NAMESPACE\ +KIND\ +NAME\ +API\ VERSION\ +SIZE\ +AGE\ +CREATED$ ]]
  [[ $(grep deployments.apps <<<"$output") =~ ^shop\ +deployments.apps\ +web\ +apps/v1\ +[0-9.]+\ (B|KiB)\ +[0-9]+[smh]+\ +20[-0-9]+T[0-9:]+Z$ ]]
  exits 0 ark backup ls base -o json
  tar xzf "$store/backups/base/base.tar.gz" resources/boats.yard.example.org
  [ "$(jq -c '[.backup, (.items[]|select(.resource == "boats.yard.example.org")|del(.creationTimestamp))]' <<<"$output")" = \
    '["base",{"resource":"boats.yard.example.org","apiVersion":"yard.example.org/v1","kind":"Boat","namespace":"dock","name":"gull","size":'"$(
      stat -c %s resources/boats.yard.example.org/namespaces/dock/gull.json)"'}]' ]
  exits 0 ark backup ls base -o yaml
  says "backup: base" "resource: boats.yard.example.org"
}

@test "ls: filters as a restore has them, kinds as people type them" {
  exits 0 ark backup ls base -o name --include-namespaces 'sh*' --include-resources configmaps,deploy,namespaces
  [ "$output" = "$(printf '%s\n' configmaps/shop/kube-root-ca.crt configmaps/shop/settings deployments.apps/shop/web namespaces/shop)" ]
  exits 0 ark backup ls base -o name --exclude-namespaces 'shop,default,kube-*' --include-resources Boat,cm
  [ "$output" = "$(printf '%s\n' boats.yard.example.org/dock/gull "configmaps/dock/$(printf 'a%.0s' {1..253})" configmaps/dock/settings)" ]
  exits 0 ark backup ls base -o name -l app=web --exclude-resources secrets
  [ "$output" = "$(printf '%s\n' configmaps/shop/settings deployments.apps/shop/web)" ]
  exits 0 ark backup ls base -o name --or-selector 'team=sales or app=web' --include-cluster-resources=false
  says namespaces/shop secrets/shop/key
  exits 0 ark backup ls base -o name --include-namespaces dock --include-cluster-resources --include-resources nodes
  [ "$output" = nodes/node ]
  exits 0 ark backup ls base --include-resources configmap,confgmaps
  says 'no kind "confgmaps"' "did you mean configmaps?" settings
  exits 0 ark backup ls base -l app=none
  says "No object of backup base"
}

@test "ls, cat, export: what is wrong is named, with the next step" {
  exits 1 ark backup ls bse
  says 'no backup "bse"' "did you mean base?" "ark backup get"
  exits 0 ark backup ls base --include-namespaces shp
  says 'the backup has no namespace "shp", which a filter names; did you mean shop?'
  exits 2 ark backup ls
  says "BACKUP is missing"
  exits 2 ark backup ls base -l 'a in b'
  exits 1 ark backup ls base --include-namespaces a --exclude-namespaces a
  says "both included and excluded"
  exits 2 env -u ARK_LOCATION "$ARK" backup ls base
  says ARK_LOCATION
  exits 2 ark backup cat base
  exits 2 ark backup export base
  exits 2 ark backup export base x --secrets=hide
  says "include, redact, skip"
  copied
  head -c 2000 "$store/backups/base/base.tar.gz" >$file.tar.gz
  exits 1 ark backup ls base
  says backups/base/base.tar.gz "ends too early"
  exits 1 ark backup cat base cm/shop/settings
  exits 1 ark backup export base out
  [ ! -e out ]
}

# --- cat -----------------------------------------------------------------------------------------

@test "cat: kinds as people type them, the object as it is stored" {
  tar xzf "$store/backups/base/base.tar.gz" resources/deployments.apps resources/boats.yard.example.org resources/services
  local kind
  for kind in deployments deployments.apps Deployment deployment DEPLOY deploy.apps deployments.v1.apps; do
    exits 0 ark backup cat base $kind/shop/web -o json
    diff <(jq . <<<"$output") <(jq . resources/deployments.apps/namespaces/shop/web.json)
  done
  for kind in boats boat bt boats.yard boat.yard.example.org boats.v1.yard.example.org; do
    exits 0 ark backup cat base $kind/dock/gull -o json
    diff <(jq . <<<"$output") <(jq . resources/boats.yard.example.org/namespaces/dock/gull.json)
  done
  # The core group wins where no group is given, and where it is not meant, the group says so.
  exits 0 ark backup cat base svc/shop/web -o json
  diff <(jq . <<<"$output") <(jq . resources/services/namespaces/shop/web.json)
  exits 0 ark backup cat base service/shop/web services.yard/dock/tow
  says "kind: Service" "apiVersion: yard.example.org/v1"
  exits 0 ark backup cat base 'clusterrole/shop:Clerk of the day'
  [ "${lines[0]}" = "apiVersion: rbac.authorization.k8s.io/v1" ]
  says 'name: shop:Clerk of the day' "resourceVersion:"
}

@test "cat: several are documents or a List, which kubectl reads" {
  exits 0 ark backup cat base cm/shop/settings ns/dock boat/dock/gull
  [ "$(grep -c '^---$' <<<"$output")" -eq 2 ]
  [ "$(kubectl create --dry-run=client -f - -o name <<<"$output" | tr '\n' ' ')" = \
    "configmap/settings namespace/dock boat.yard.example.org/gull " ]
  exits 0 ark backup cat base cm/shop/settings ns/dock -o json
  [ "$(jq -c '[.apiVersion, .kind, (.items[]|.kind, .metadata.name)]' <<<"$output")" = \
    '["v1","List","ConfigMap","settings","Namespace","dock"]' ]
  run bash -c '"$ARK" backup ls base -o name --exclude-resources clusterroles | xargs -d "\n" "$ARK" backup cat base -o json | jq ".items|length"'
  [ "$output" -gt 50 ]
}

@test "cat: what is missing, ambiguous or no reference is named, with the nearest" {
  exits 1 ark backup cat base cm/shop/setings cm/settings deploymnt/shop/web crane/dock/big pod ns/shop
  says 'no configmaps shop/setings; did you mean configmaps/shop/settings?' \
    'no configmaps settings; did you mean configmaps/dock/settings?' 'no kind "deploymnt"; did you mean deployments.apps?' \
    'kind "crane" may be any of these' 'cranes.quay.example.org, cranes.yard.example.org' \
    '"pod" is not KIND/NAMESPACE/NAME' 'ark backup ls base'
  says_not "kind: Namespace"
  exits 2 ark backup cat base crane/dock/big
  exits 0 ark backup cat base crane.yard/dock/big
  says "apiVersion: yard.example.org/v1"
  exits 2 ark backup cat base cm//settings
  exits 2 ark backup cat base cm/a/b/c
}

# --- export ----------------------------------------------------------------------------------------

@test "export: one file an object, as a person would write it" {
  exits 0 ark backup export base out -v
  says "stand in plain in out" "left out replicasets.apps/shop/web-1: a controller makes it"
  (cd out && find . -type f -printf '%P\n' | LC_ALL=C sort) >files
  diff files - <<LIST
.ark-export
cluster/clusterroles.rbac.authorization.k8s.io/shop%3AClerk%20of%20the%20day.yaml
$(printf 'cluster/customresourcedefinitions.apiextensions.k8s.io/%s.yaml\n' boats.yard.example.org cranes.{quay,yard}.example.org services.yard.example.org)
cluster/namespaces/dock.yaml
cluster/namespaces/shop.yaml
namespaces/dock/boats.yard.example.org/gull.yaml
namespaces/dock/configmaps/$(printf 'a%.0s' {1..240})%/$(printf 'a%.0s' {1..13}).yaml
namespaces/dock/configmaps/settings.yaml
namespaces/dock/cranes.quay.example.org/small.yaml
namespaces/dock/cranes.yard.example.org/big.yaml
namespaces/dock/serviceaccounts/default.yaml
namespaces/dock/services.yard.example.org/tow.yaml
namespaces/shop/configmaps/settings.yaml
namespaces/shop/deployments.apps/web.yaml
namespaces/shop/endpoints/outside.yaml
namespaces/shop/jobs.batch/active.yaml
namespaces/shop/pods/alone.yaml
namespaces/shop/secrets/key.yaml
namespaces/shop/secrets/registry.yaml
namespaces/shop/services/outside.yaml
namespaces/shop/services/web.yaml
LIST
  diff <(grep -v '^#' out/.ark-export) <(grep -v ^.ark-export files)
  run grep -rlE '^ *(uid|resourceVersion|creationTimestamp|managedFields|generation|clusterIP|ownerReferences):|^status:' out
  [ "$output" = "" ]
  diff out/namespaces/dock/configmaps/settings.yaml - <<'YAML'
apiVersion: v1
data:
  k: "1e3"
  "on": "off"
kind: ConfigMap
metadata:
  name: settings
  namespace: dock
YAML
  diff out/cluster/namespaces/dock.yaml - <<'YAML'
apiVersion: v1
kind: Namespace
metadata:
  name: dock
YAML
  [ "$(sed -n '/annotations/,/labels/p' out/namespaces/shop/deployments.apps/web.yaml)" = "$(printf '  %s\n' annotations: '  mine: kept' labels:)" ]
  [ "$(stat -c %a out/namespaces/shop/secrets/key.yaml)" = 600 ]
}

@test "export: the same backup gives the same bytes; filters; --all" {
  ark backup export base one -q 2>/dev/null
  ark backup export base two -q 2>/dev/null
  diff -r one two
  find one -name '*.yaml' -printf '%p %T@ %i\n' | sort >before
  exits 0 ark backup export base one --force
  says "0 changed, 0 removed"
  find one -name '*.yaml' -printf '%p %T@ %i\n' | sort | diff before -
  exits 0 ark backup export base filtered --include-namespaces shop -l app=web
  diff <(grep -v '^#' filtered/.ark-export) <(printf 'namespaces/shop/%s.yaml\n' configmaps/settings deployments.apps/web secrets/key)
  exits 0 ark backup export base all --all -q
  local path
  for path in cluster/nodes/node namespaces/shop/pods/ended namespaces/shop/replicasets.apps/web-1 \
    namespaces/shop/endpoints/web cluster/namespaces/kube-system namespaces/shop/configmaps/kube-root-ca.crt; do
    [ -e all/$path.yaml ] || fails "$path"
  done
  [ "$(find all -name '*.yaml' | wc -l)" -eq "$(ark backup ls base -o name | wc -l)" ]
}

@test "export: secrets as they are, redacted, or not at all" {
  exits 0 ark backup export base redacted --secrets=redact
  says_not warning
  ! grep -rqE "$(printf opensesame | base64)|opensesame" redacted || fails "a secret is in it"
  grep -qx '  k: UkVEQUNURUQ=' redacted/namespaces/shop/secrets/key.yaml
  kubectl apply --dry-run=server -R -f redacted/namespaces/shop/secrets >/dev/null
  exits 0 ark backup export base skipped --secrets=skip
  says_not warning
  [ ! -e skipped/namespaces/shop/secrets ]
}

@test "export: what no export wrote is never changed, what one wrote goes with its object" {
  mkdir out && echo mine >out/README
  exits 1 ark backup export base out
  says "out is not empty" "--force"
  [ "$(ls -A out)" = README ]
  mkdir -p out/namespaces/shop/configmaps && echo mine >out/namespaces/shop/configmaps/settings.yaml
  exits 1 ark backup export base out --force
  says "out/namespaces/shop/configmaps/settings.yaml is in the way" "nothing is changed"
  [ "$(cat out/namespaces/shop/configmaps/settings.yaml)" = mine ]
  [ ! -e out/cluster ] && [ ! -e out/.ark-export ]
  rm -r out/namespaces
  exits 0 ark backup export base out --force -q
  echo mine >out/namespaces/shop/configmaps/other.yaml
  echo edited >out/namespaces/shop/services/web.yaml
  exits 0 ark backup export base out --force --include-namespaces shop --exclude-resources configmaps,secrets,endpoints
  says "1 changed" "removed"
  [ "$(cat out/README out/namespaces/shop/configmaps/other.yaml)" = "$(printf 'mine\nmine')" ]
  [ ! -e out/namespaces/shop/configmaps/settings.yaml ] && [ ! -e out/namespaces/dock ] && [ ! -e out/cluster/clusterroles.rbac.authorization.k8s.io ]
  [ ! -e out/namespaces/shop/endpoints ] && grep -q 'kind: Service' out/namespaces/shop/services/web.yaml
}

@test "export: neither links nor the list of files lead out of the folder" {
  mkdir elsewhere out && echo mine >elsewhere/web.yaml
  ln -s ../elsewhere out/cluster
  exits 1 ark backup export base out --force
  says out/cluster
  rm out/cluster
  mkdir -p out/namespaces/shop
  ln -s ../../../elsewhere out/namespaces/shop/services
  exits 1 ark backup export base out --force
  says out/namespaces/shop/services
  rm -r out
  exits 0 ark backup export base out -q
  rm -r out/namespaces/shop/services
  ln -s ../../../elsewhere out/namespaces/shop/services
  exits 1 ark backup export base out --force
  says out/namespaces/shop/services "move it away"
  exits 0 ark backup export base out --force --include-resources configmaps
  [ "$(cat elsewhere/web.yaml)" = mine ]
  local line
  for line in ../elsewhere/web.yaml cluster/../../elsewhere/web.yaml "$PWD/elsewhere/web.yaml" cluster/a README; do
    echo "$line" >>out/.ark-export
    exits 1 ark backup export base out --force
    says "out/.ark-export names no file of an export"
    sed -i '$d' out/.ark-export
  done
  [ "$(cat elsewhere/web.yaml)" = mine ]
}

# The names and values of hostile archives are their makers' choice.
@test "export: objects that are not what their path says are refused, odd names stay inside" {
  copied
  rm $file-checksums.gz
  "$BATS_TEST_DIRNAME/alter-archive" $file.tar.gz rename settings.json ...json
  exits 1 ark backup export base out
  says "configmaps/dock/.." "another name" "ark backup verify base"
  [ ! -e out ] || [ -z "$(ls -A out)" ]
  copied
  rm $file-checksums.gz
  "$BATS_TEST_DIRNAME/alter-archive" $file.tar.gz replace namespaces/dock/settings.json '"name":"settings"' '"name":".."'
  "$BATS_TEST_DIRNAME/alter-archive" $file.tar.gz rename dock/settings.json dock/...json
  exits 0 ark backup export base out -q --include-namespaces dock --include-resources configmaps
  [ -e out/namespaces/dock/configmaps/%2E..yaml ]
}

# --- verify -------------------------------------------------------------------------------------------------

# found TEXT...: verify finds damage and names it
found() {
  exits 1 ark backup verify base -q
  says "Backup base: damaged" "$@"
}

# rewritten NAME FILTER...: a gzipped file of the backup, passed through a filter
rewritten() {
  gunzip -c "$store/backups/base/base-$1.gz" | "${@:2}" | gzip >$file-"$1".gz
}

# flipped FILE OFFSET: one bit
flipped() {
  python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(int(sys.argv[2])); b = f.read(1)[0] ^ 16
f.seek(-1, 1); f.write(bytes([b]))' "$@"
}

@test "verify: a good backup, several, all; -o json" {
  exits 0 ark backup verify base -q
  [[ $output =~ ^"Backup base: good, "[0-9]+" objects and 13 files read"$ ]]
  exits 0 ark backup verify base -q -o json
  [ "$(jq -c '.backups[0]|[.name, .verdict, .files, .damages, .notChecked]' <<<"$output")" = '["base","good",13,[],[]]' ]
  copied
  ark backup create other -q --include-namespaces dock --consistency none 2>/dev/null
  exits 0 ark backup verify --all -q
  says "Backup base: good" "Backup other: good"
  : >own/backups/other/other.tar.gz
  exits 1 ark backup verify base other none -q
  says "Backup base: good" "Backup other: damaged" 'no backup "none"'
  exits 1 ark backup verify --all -q -o json
  [ "$(jq -c '[.backups[]|[.name, .verdict, .damages[].where]]' <<<"$output" | head -n 1)" = \
    '[["base","good"],["other","damaged","backups/other/other.tar.gz"]]' ]
  exits 2 ark backup verify
  says "--all"
  exits 2 ark backup verify base --all
}

@test "verify: a flipped bit anywhere in the archive, an archive cut short" {
  local size part
  size=$(stat -c %s "$store/backups/base/base.tar.gz")
  for part in 2 100 $((size / 3)) $((size / 2)) $((size - 6)); do
    copied
    flipped $file.tar.gz $part
    found "damage in backups/base/base.tar.gz"
  done
  for part in 0 10 $((size / 2)) $((size - 8)) $((size - 1)); do
    copied
    head -c $part "$store/backups/base/base.tar.gz" >$file.tar.gz
    found "damage in backups/base/base.tar.gz"
  done
}

@test "verify: a missing file, each" {
  local path name
  for path in "$store"/backups/base/*; do
    name=$(basename "$path")
    copied
    rm own/backups/base/"$name"
    found "damage in backups/base/$name: it is missing"
    [ "$(grep -c "damage in" <<<"$output")" -eq 1 ] || fails "$output"
  done
}

@test "verify: a changed file, each" {
  local path name
  for path in "$store"/backups/base/*; do
    name=$(basename "$path")
    copied
    flipped own/backups/base/"$name" $(($(stat -c %s "$path") - 6))
    found "backups/base/$name"
  done
  copied
  rewritten results sed 's/warnings/warnimgs/'
  found "backups/base/base-results.gz: it is not what was stored: its SHA-256 is "
}

# bats test_tags=long
@test "verify: an object replaced, renamed, dropped, doubled, spoiled" {
  alter() {
    copied
    "$BATS_TEST_DIRNAME/alter-archive" $file.tar.gz "$@"
  }
  local path=resources/configmaps/namespaces/shop/settings.json
  alter replace $path '"k":"v"' '"k":"w"'
  found "damage in backups/base/base.tar.gz: it is not what was stored" "damage in $path: it is not what was stored"
  says "damage in resources/configmaps/v1-preferredversion/namespaces/shop/settings.json: it is not the same at its two paths"
  alter replace namespaces/shop/settings.json '"k":"v"' '"k":"w"'
  found "damage in $path: it is not what was stored"
  alter drop namespaces/shop/settings.json
  found "damage in $path: it is missing" "names v1/ConfigMap shop/settings, which is not in the archive" "damage in backups/base/velero-backup.json: it tells of"
  alter drop configmaps/v1-preferredversion/namespaces/shop/settings.json
  found "damage in $path: its copy at the path with the version is missing"
  alter double $path
  found "damage in $path: it is in the archive twice"
  alter rename shop/settings.json shop/other.json
  found "damage in resources/configmaps/namespaces/shop/other.json: its name is settings" "no checksum of it is recorded" "damage in $path: it is missing"
  alter replace $path '"namespace":"shop"' '"namespace":"dock"'
  found "damage in $path: its namespace is dock"
  alter replace $path '"kind":"ConfigMap"' '"kind":"Secret"'
  found "damage in $path: its kind is Secret, that of the others there is ConfigMap" "the resource list does not name it"
  alter replace $path '"apiVersion":"v1"' '"apiVersion":"apps/v1"'
  found "damage in $path: its apiVersion is apps/v1"
  alter replace $path '"kind"' 'kind'
  found "damage in $path: the object"
  alter replace metadata/version 1.1.0 1.0.0
  found "damage in metadata/version: the archive has not the format"
}

@test "verify: resource list, checksums and Backup object that do not fit" {
  copied
  rewritten resource-list.json jq -c '."v1/ConfigMap" -= ["shop/settings"]'
  found "damage in resources/configmaps/namespaces/shop/settings.json: the resource list does not name it"
  copied
  rewritten resource-list.json jq -c '."v1/ConfigMap" += ["shop/more"]'
  found "it names v1/ConfigMap shop/more, which is not in the archive"
  copied
  rewritten checksums sed '3s/^./z/'
  found "damage in backups/base/base-checksums.gz: line 3 is no checksum"
  copied
  rewritten checksums sed '3s/^.\{8\}/01234567/'
  found "recorded is 01234567" "damage in resources/"
  copied
  rewritten checksums sed 3d
  found "no checksum of it is recorded"
  copied
  rewritten checksums sed '3p'
  found "line 4 is a second checksum of resources/"
  copied
  jq '.status.phase = "InProgress" | .status.progress.itemsBackedUp += 1 | .metadata.name = "x"' \
    "$store/backups/base/velero-backup.json" >own/backups/base/velero-backup.json
  found "its phase is InProgress" "it tells of" "it is not the Backup object of base"
}

@test "verify: a backup without checksums is good as far as it can be checked" {
  stock() {
    copied
    rm $file-checksums.gz
    jq 'del(.metadata.annotations)' "$store/backups/base/velero-backup.json" >own/backups/base/velero-backup.json
  }
  stock
  exits 3 ark backup verify base -q
  says "good as far as it can be checked" "not checked: whether each byte is what was stored: Velero records no checksums"
  rm $file-volumeinfo.json.gz
  exits 3 ark backup verify base -q
  says "backups/base/base-volumeinfo.json.gz is not there; Velero writes it in some versions and settings only"
  rm $file-logs.gz
  found "damage in backups/base/base-logs.gz: it is missing"
  stock
  "$BATS_TEST_DIRNAME/alter-archive" $file.tar.gz replace resources/configmaps/namespaces/shop/settings.json '"k":"v"' '"k":"w"'
  found "it is not the same at its two paths"
  stock
  rewritten resource-list.json jq -c '."v1/ConfigMap" -= ["shop/settings"]'
  found "the resource list does not name it"
}

# --- the commands ---------------------------------------------------------------------------------------------

@test "completion: backups of the location, namespaces and kinds of the cluster" {
  exits 0 ark __complete -- backup export ''
  [ "$output" = base ]
  exits 0 ark __complete -- backup export base ''
  [ "$output" = :dir ]
  exits 0 env -u ARK_LOCATION "$ARK" __complete -- backup cat --location "$ARK_LOCATION" b
  [ "$output" = base ]
  exits 0 ark __complete -- backup create x --include-namespaces shop,d
  [ "$output" = $'shop,default\nshop,dock' ]
  exits 0 ark __complete -- backup create x --exclude-resources=boa
  [ "$output" = --exclude-resources=boats.yard.example.org ]
}

# --- export, and back by kubectl -------------------------------------------------------------------------

# bats test_tags=long
@test "the application: exported, applied to an empty cluster, compared" {
  wipe
  export ARK_LOCATION=file://$PWD/own
  kubectl create -f "$cluster/app/10-cluster.yaml" >/dev/null
  local space
  for space in web data jobs; do
    kubectl create serviceaccount default -n harbour-$space >/dev/null
  done
  kubectl wait --for=condition=Established --all crd --timeout=30s >/dev/null
  kubectl create -f "$cluster/app/20-web.yaml" -f "$cluster/app/30-data.yaml" -f "$cluster/app/40-jobs.yaml" >/dev/null
  dump before
  ark backup create loaded -q 2>/dev/null
  exits 0 ark backup export loaded out -q
  wipe
  definitions_first out
  exits 0 kubectl apply --dry-run=server --server-side -R -f out
  exits 0 kubectl apply --server-side -R -f out
  dump after
  run compare
  # A lease belongs to who holds it.
  [ "$(grep -E '^(missing|extra|differs)' <<<"$output")" = "missing  leases.coordination.k8s.io harbour-jobs/clerk" ] || fails "$output"
}

@test "by a plain kubectl apply -R in one go, where no object is of a kind that is defined with it" {
  wipe
  export ARK_LOCATION=file://$PWD/own
  kubectl create -f "$cluster/app/10-cluster.yaml" >/dev/null 2>&1
  kubectl create -f "$cluster/app/30-data.yaml" >/dev/null
  dump before
  ark backup create loaded -q 2>/dev/null
  exits 0 ark backup export loaded out -q --exclude-resources tides.harbour.example.org
  wipe
  exits 0 kubectl apply -R -f out
  dump after
  run compare
  # What kubectl notes for itself is all that differs.
  [ "$(grep -vc last-applied-configuration <<<"$output")" -eq 1 ] || fails "$output"
}
