#!/usr/bin/env bats
# What a backup leaves at its location, how it ends, and what it refuses.
# shellcheck disable=SC2154
load helpers

setup_file() {
  cluster_up --no-controllers
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: sales}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: dock}}
- {apiVersion: v1, kind: Namespace, metadata: {name: velero}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop, labels: {app: web}}, data: {k: v}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: shop}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop, labels: {velero.io/exclude-from-backup: "true"}}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: d, namespace: shop}}
- {apiVersion: v1, kind: Secret, metadata: {name: key, namespace: shop, labels: {app: web}}, stringData: {k: v}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: dock}}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: policies, namespace: velero}
  data: {policies.yaml: "{version: v1, includeExcludePolicy: {excludedNamespaceScopedResources: [secrets]}}"}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRole
  metadata: {name: clerk}
YAML
}
teardown_file() { cluster_down; }

setup() {
  location_here
  cd "$BATS_TEST_TMPDIR" || return
}

# The objects of backup NAME, as the tar's unversioned paths without ".json".
objects() {
  tar tzf "$store/backups/$1/$1.tar.gz" | sed -n '/-preferredversion/d; s,^resources/\(.*\)\.json$,\1,p'
}

# part NAME FILE: the text of one of its files
part() { gunzip -c "$store/backups/$1/$1-$2"; }

@test "Completed: all files of the layout, each valid" {
  exits 0 ark backup create full
  says "Backup full: Completed"
  run ls "$store/backups/full"
  [ "$output" = "$(printf '%s\n' full-checksums.gz full-csi-volumesnapshotclasses.json.gz \
    full-csi-volumesnapshotcontents.json.gz full-csi-volumesnapshots.json.gz full-itemoperations.json.gz \
    full-logs.gz full-podvolumebackups.json.gz full-resource-list.json.gz full-results.gz full-volumeinfo.json.gz \
    full-volumesnapshots.json.gz full.tar.gz velero-backup.json)" ]
  local array
  for array in csi-volumesnapshotclasses csi-volumesnapshotcontents csi-volumesnapshots itemoperations \
    podvolumebackups volumeinfo volumesnapshots; do
    [ "$(part full $array.json.gz)" = "[]" ]
  done
  [ "$(part full results.gz | jq -c .)" = '{"warnings":{},"errors":{}}' ]
  [ "$(part full resource-list.json.gz | jq -c '."v1/ConfigMap"|map(select(startswith("shop/")))')" = \
    '["shop/a","shop/b","shop/d"]' ]
  run jq -r '.kind, .apiVersion, .status.phase, .status.formatVersion, .status.version' "$store/backups/full/velero-backup.json"
  [ "$output" = "$(printf '%s\n' Backup velero.io/v1 Completed 1.1.0 1)" ]
  local count
  count=$(objects full | wc -l)
  [ "$(jq '.status.progress.itemsBackedUp' "$store/backups/full/velero-backup.json")" -eq "$count" ]
  [ "$(part full resource-list.json.gz | jq 'map(length)|add')" -eq "$count" ]
}

@test "the archive: its version first, each object at two paths, compact" {
  exits 0 ark backup create full --include-namespaces shop
  run tar tvzf "$store/backups/full/full.tar.gz"
  [[ ${lines[0]} == -rwxr-xr-x*metadata/version ]]
  [[ $output != *" d"* ]]
  tar xzf "$store/backups/full/full.tar.gz"
  [ "$(cat metadata/version)" = 1.1.0 ]
  cmp resources/configmaps/namespaces/shop/a.json resources/configmaps/v1-preferredversion/namespaces/shop/a.json
  [ "$(wc -l <resources/configmaps/namespaces/shop/a.json)" -eq 0 ]
  run jq -r '.apiVersion, .kind, .metadata.name, .data.k, (.metadata.managedFields|length), (.metadata.uid|length)' \
    resources/configmaps/namespaces/shop/a.json
  [ "$output" = "$(printf '%s\n' v1 ConfigMap a v 1 36)" ]
  [ -e resources/namespaces/cluster/shop.json ] && [ ! -e resources/namespaces/cluster/dock.json ]
  [ ! -e resources/configmaps/namespaces/shop/c.json ]
}

@test "checksums of every file and object, as sha256sum reads them" {
  exits 0 ark backup create full
  part full checksums.gz >sums
  tar xzf "$store/backups/full/full.tar.gz"
  mv resources "$store/"
  (cd "$store" && sha256sum --strict --quiet -c "$BATS_TEST_TMPDIR/sums")
  # Nothing is without one but the checksums, and the copies under the versioned paths.
  diff <(cd "$store" && find . -type f ! -name '*-checksums.gz' ! -path '*-preferredversion/*' -printf '%P\n' | sort) \
    <(cut -c67- sums | sort)
}

@test "the log is text of Velero's form" {
  exits 0 ark backup create full
  part full logs.gz >log
  [ -s log ]
  run grep -vcE '^time="[0-9-]{10}T[0-9:]{8}Z" level=(info|warning|error) msg=".*" backup=velero/full$' log
  [ "$output" = 0 ]
}

@test "the object that makes it visible comes last: without one of the others there is none" {
  local file
  for file in .tar.gz -checksums.gz -logs.gz -results.gz -resource-list.json.gz -volumeinfo.json.gz \
    -podvolumebackups.json.gz -volumesnapshots.json.gz -itemoperations.json.gz -csi-volumesnapshotclasses.json.gz; do
    mkdir -p "$store/backups/blocked/blocked$file"
    exits 1 ark backup create blocked -q --include-namespaces dock
    says "backup blocked failed" "blocked$file"
    rmdir "$store/backups/blocked/blocked$file"
    run find "$store" -type f
    [ "$output" = "" ] || fails "left over: $output"
  done
  exits 0 ark backup get
  says "There are no backups"
}

@test "PartiallyFailed, exit status 3: what is missing is named" {
  exits 3 ark backup create part --include-namespaces shop,missing
  says PartiallyFailed "namespace missing"
  [ "$(jq -r '.status.phase, .status.errors' "$store/backups/part/velero-backup.json" | tr '\n' ' ')" = "PartiallyFailed 1 " ]
  part part results.gz | jq -e '.errors.velero[0]|contains("missing")' >/dev/null
  exits 3 ark backup create part-too --include-namespaces shp
  says "namespace shp of the filter does not exist; did you mean shop?"
  exits 0 ark backup create none --include-resources confgmaps,Secret
  says 'the server has no kind "confgmaps", which a filter names; did you mean configmaps?'
  objects part | grep -qx configmaps/namespaces/shop/a
}

@test "a name that is taken is refused, and the backup there is left alone" {
  exits 0 ark backup create twice -q --include-namespaces dock
  (cd "$store" && find . -type f -exec sha256sum {} +) | sort >before
  exits 1 ark backup create twice -q
  says 'backup "twice" exists already' "another name"
  says_not "nothing of it is kept"
  (cd "$store" && find . -type f -exec sha256sum {} +) | sort | diff before -
}

@test "wrong use, exit status 2, with a word on what is meant" {
  exits 2 ark backup create x --ordered-resources 'pods=shop/a;secrets'
  says '"secrets" is not KIND=NAMESPACE/NAME,...'
  exits 2 ark backup create x --include-namespace shop
  says "unknown option --include-namespace" "did you mean --include-namespaces?"
  exits 2 ark backup crate x
  says "did you mean create?"
  exits 2 ark backup create
  says "NAME is missing"
  exits 2 ark backup create a b
  exits 2 ark backup create x --ttl soon
  says "soon" "720h"
  exits 2 ark backup create x --page-size many
  exits 2 ark backup create x --ttl=-5h
  says "--ttl" "is less than 1s"
  exits 2 ark backup create x -o tree
  exits 2 ark backup create x --consistency perhaps
  says "revision, none"
  exits 2 ark backup create x --location /srv/backups
  says "file:///DIRECTORY"
  exits 2 env -u ARK_LOCATION "$ARK" backup create x
  says "--location" "ARK_LOCATION"
  [ ! -e "$store" ]
}

@test "what no backup can be: names, selectors, filters that exclude each other" {
  exits 1 ark backup create Upper_Case
  says "Upper_Case" "lower-case"
  exits 2 ark backup create x -l 'a in b'
  says "a in b" "a in (b,c)"
  exits 1 ark backup create x -l a=b --or-selector 'a=b or c=d'
  exits 1 ark backup create x --include-resources pods --include-cluster-scoped-resources '*'
  exits 1 ark backup create x --include-namespaces shop --exclude-namespaces shop
  [ ! -e "$store" ] || [ -z "$(find "$store" -type f)" ]
}

@test "an API server that is not there is named, soon" {
  sed 's,https://127.0.0.1:[0-9]*,https://127.0.0.1:1,' "$KUBECONFIG" >nobody
  SECONDS=0
  exits 1 ark backup create x -q --kubeconfig nobody
  says "https://127.0.0.1:1" "connect"
  [ "$SECONDS" -le 20 ]
  [ ! -e "$store/backups/x" ] || [ -z "$(ls "$store/backups/x")" ]
}

@test "a location that cannot be written is named" {
  exits 1 ark backup create x -q --location file:///proc/none
  says file:///proc/none "No such file"
  if unshare --mount true 2>/dev/null; then
    mkdir "$store"
    # shellcheck disable=SC2016
    exits 1 unshare --mount sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$store" \
      "$ARK" backup create x -q
    says "writing $ARK_LOCATION/backups/x/" "Read-only file system; mount it for writing or choose another location"
  fi
  exits 1 env -u AWS_ACCESS_KEY_ID -u AWS_PROFILE AWS_EC2_METADATA_DISABLED=true \
    "$ARK" backup create x -q --location 's3://bucket?region=us-east-1&s3Url=http://127.0.0.1:1'
  says "s3://bucket" "credentials"
}

@test "-o yaml and -o json print the object and do nothing; -f takes it" {
  local flags=(--include-namespaces 'sh*' --exclude-resources secrets -l app=web --labels a=b --annotations c=d --ttl 1h30m)
  exits 0 ark backup create asked "${flags[@]}" -o json
  echo "$output" >asked.json
  run jq -c '[.kind, .metadata.name, .metadata.labels.a, .spec.ttl, .spec.includedNamespaces, .spec.labelSelector.matchLabels]' asked.json
  [ "$output" = '["Backup","asked","b","1h30m0s",["sh*"],{"app":"web"}]' ]
  exits 0 ark backup create asked "${flags[@]}" -o yaml
  echo "$output" >asked.yaml
  says "kind: Backup" "1h30m0s"
  [ ! -e "$store" ]
  exits 0 ark backup create -f asked.yaml -o json
  diff <(jq -S . <<<"$output") <(jq -S . asked.json)
  exits 0 ark backup create -f asked.yaml -q
  exits 0 ark backup create by-stdin -f - -q <asked.json
  [ "$(objects asked)" = "$(objects by-stdin)" ]
  run objects asked
  [ "$output" = "$(printf '%s\n' configmaps/namespaces/shop/a namespaces/cluster/shop)" ]
  exits 1 ark backup create -f "$KUBECONFIG"
  says "does not hold a velero.io/v1 Backup"
  # A field that is misspelled, or of another type, is not taken for one that is not there.
  local wrong
  for wrong in '{includeNamespaces: [dock]}' '{includedNamespaces: dock}' '{includedNamespaces: [1]}' '{includeClusterResources: "no"}'; do
    echo "{apiVersion: velero.io/v1, kind: Backup, metadata: {name: wrong}, spec: $wrong}" >wrong.yaml
    exits 1 ark backup create -f wrong.yaml -q
    says "wrong.yaml" "$(sed -nE 's/^\{(\w+):.*/\1/p' <<<"$wrong")"
  done
  [ ! -e "$store/backups/wrong" ]
  exits 1 ark backup create -f <(echo '{apiVersion: velero.io/v1, kind: Backup, metadata: {name: x}, spec: {includeNamespaces: [a]}}')
  says "did you mean includedNamespaces?"
  exits 2 ark backup create -f none.yaml
  says none.yaml "No such file"
}

@test "labels, annotations, time to live, source and revision are in the object" {
  exits 0 ark backup create kept -q --labels a=b,c=d --annotations e=f --ttl 48h --include-namespaces dock
  run jq -r '.metadata.labels.a, .metadata.labels.c, .metadata.annotations.e,
    (.status.expiration|fromdate) - (.status.startTimestamp|fromdate),
    .metadata.annotations["velero.io/source-cluster-k8s-major-version"]' "$store/backups/kept/velero-backup.json"
  [ "$output" = "$(printf '%s\n' b d f 172800 1)" ]
  local revision
  revision=$(jq -r '.metadata.annotations["ark.seaworthy.dev/revision"]' "$store/backups/kept/velero-backup.json")
  [[ $revision =~ ^[0-9]+$ ]]
  exits 0 ark backup describe kept
  says "Revision:      $revision" "a=b" "e=f"
  part kept logs.gz | grep -q "configmaps.* at revision $revision"
}

@test "ordered resources come first, as told" {
  exits 0 ark backup create ordered -q --ordered-resources 'configmaps=shop/d,shop/b;secrets=shop/key'
  run objects ordered
  [ "$(grep ^configmaps/namespaces/shop <<<"$output" | head -n 3 | tr '\n' ' ')" = \
    "configmaps/namespaces/shop/d configmaps/namespaces/shop/b configmaps/namespaces/shop/a " ]
}

@test "resource policies, of a file and of a ConfigMap" {
  exits 0 ark backup create all -q --include-namespaces shop
  run objects all
  says secrets/namespaces/shop/key
  exits 0 ark backup create by-map -q --include-namespaces shop --resource-policies-configmap policies
  run objects by-map
  says configmaps/namespaces/shop/a
  says_not secrets/
  echo '{version: v1, includeExcludePolicy: {includedNamespaceScopedResources: [secrets]}}' >policy.yaml
  exits 0 ark backup create by-file -q --include-namespaces shop --resource-policies-file policy.yaml
  run objects by-file
  says secrets/namespaces/shop/key
  says_not configmaps/
  exits 1 ark backup create refused -q --include-resources pods --resource-policies-file policy.yaml
  says includeExcludePolicy
  echo '{version: v1, volumePolicy: []}' >policy.yaml
  exits 1 ark backup create refused -q --resource-policies-file policy.yaml
  says 'unknown key "volumePolicy"'
  exits 1 ark backup create refused -q --resource-policies-configmap none
  says none velero
}

@test "a selector takes the namespaces of what it takes" {
  exits 0 ark backup create web -q -l app=web
  run objects web
  [ "$(sort <<<"$output")" = "$(printf '%s\n' configmaps/namespaces/shop/a namespaces/cluster/shop secrets/namespaces/shop/key)" ]
  exits 0 ark backup create either -q --or-selector 'app=web or team=sales'
  run objects either
  says namespaces/cluster/shop configmaps/namespaces/shop/a
}

@test "interrupted: gone within a second, and nothing is left" {
  mkfifo log
  "$ARK" backup create cut -v --qps 5 --burst 1 --page-size 1 2>log &
  local ark=$! line
  exec 7<log
  while read -r line <&7 && [[ $line != *"backing up"* ]]; do :; done
  cat <&7 >rest &
  local start=$EPOCHREALTIME
  kill -INT $ark
  status=0
  wait $ark || status=$?
  local took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
  exec 7<&-
  [ "$status" -eq 1 ] || fails "exit status $status"
  [ "$took" -lt 1000 ] || fails "took $took ms"
  run find "$store" -type f
  [ "$output" = "" ] || fails "left over: $output"
  run cat rest
  says "cancelled"
}

@test "progress: on a terminal what is done and at which rate; with -v a line a kind" {
  exits 0 script -qec "'$ARK' backup create seen --qps 20 --burst 1" /dev/null
  [[ $output =~ $'\r\e[KBacking up '[0-9]+' objects, '[0-9]+/[0-9]+' kinds, '[0-9.]+' '[KMi]*'B, '[0-9]+'/s, '[0-9.]+' '[KMi]*B/s ]]
  [[ $output == *$'\r\e[KBackup seen: Completed, '* ]]
  exits 0 ark backup create kinds --include-namespaces shop -v
  [[ $output =~ $'\n''  configmaps '+[0-9]+' objects '+[0-9.]+' s' ]]
  says_not $'\e'
  exits 0 ark backup verify kinds -v
  [[ $output =~ '  configmaps '+[0-9]+' objects ' ]]
  exits 0 ark restore create kinds --from-backup kinds -v
  [[ $output =~ '  configmaps '+[0-9]+' objects ' ]]
  exits 0 ark clone --namespace-mappings shop:shop-twin -v
  [ "$(grep -cE '^  configmaps +[0-9]+ objects' <<<"$output")" -eq 2 ]
  kubectl delete namespace shop-twin --wait=false >/dev/null
  exits 0 ark backup create quiet --include-namespaces shop -q
  [ "${#lines[@]}" -eq 1 ]
}

@test "two runs of one name: the first to end has it, and the other leaves it alone" {
  local few=(--include-resources configmaps)
  "$ARK" backup create twin -q "${few[@]}" --qps 2 --burst 1 --page-size 1 2>slow &
  local slow=$! code=0
  exits 0 ark backup create twin -q "${few[@]}"
  wait $slow || code=$?
  [ "$code" -eq 1 ] || fails "exit status $code: $(cat slow)"
  grep -q 'backup "twin" was made by another run' slow || fails "$(cat slow)"
  exits 0 ark backup verify twin
  # The same, given up.
  "$ARK" backup create other -q "${few[@]}" --qps 1 --burst 1 --page-size 1 2>slow &
  slow=$!
  exits 0 ark backup create other -q "${few[@]}"
  kill -INT $slow
  wait $slow || true
  exits 0 ark backup verify other
}

@test "what a run that was killed left is in nobody's way for long" {
  mkdir -p "$store/backups/cut"
  echo part >"$store/backups/cut/cut.tar.gz"
  exits 1 ark backup create cut -q
  says "being written" "in a minute"
  touch -d '2 minutes ago' "$store/backups/cut/cut.tar.gz"
  exits 0 ark backup create cut -q
  exits 0 ark backup verify cut
}

@test "a name with a line break, as RBAC has them: its backup is good" {
  printf '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"namespace":"dock","name":"two\\nlines\\\\n"}}' |
    kubectl create -f - >/dev/null
  exits 0 ark backup create broken-line -q --include-namespaces dock --include-resources roles
  exits 0 ark backup verify broken-line
  says "good, 1 object and"
  [ "$(part broken-line resource-list.json.gz | jq -c '."rbac.authorization.k8s.io/v1/Role"')" = '["dock/two\nlines\\n"]' ]
  kubectl delete role -n dock --all >/dev/null
}

@test "output that cannot be written is no success" {
  exits 0 ark backup create full -q --include-namespaces dock
  local arguments
  for arguments in "get -o yaml" "ls full -o json" "describe full" "cat full cm/dock/a"; do
    status=0
    # shellcheck disable=SC2086
    ark backup $arguments >/dev/full 2>said || status=$?
    [ "$status" -eq 1 ] || fails "ark backup $arguments: exit status $status"
    grep -q "standard output could not be written: No space left" said || fails "$(cat said)"
  done
}
