#!/usr/bin/env bats
# What a restore brings back, how, and what it leaves alone. One backup of namespace src serves all
# tests; each restores into namespaces of its own.
# shellcheck disable=SC2154,SC2030,SC2031
load helpers

setup_file() {
  cluster_up --no-controllers
  export ARK_LOCATION=file://$BATS_FILE_TMPDIR/store
  local data=$BATS_TEST_DIRNAME/data time='"2026-01-01T00:00:00Z"' ended
  kubectl create -f "$data/boats.yaml" >/dev/null
  kubectl wait --for=condition=Established crd/boats.yard.example.org --timeout=30s >/dev/null
  kubectl create -f "$data/restore.yaml" >/dev/null
  ended="{type: Complete, status: 'True', lastTransitionTime: $time}"
  status job complete "{startTime: $time, completionTime: $time, conditions: [$ended, ${ended/Complete/SuccessCriteriaMet}]}"
  status pod ended '{phase: Succeeded}'
  status pvc kept '{phase: Bound}'
  status boat gull '{afloat: true}'
  status boat tern '{afloat: true}'
  ark backup create base -q 2>/dev/null
  "$cluster/dump" "$KUBECONFIG" "$BATS_FILE_TMPDIR/before"
  kubectl delete service ports -n src >/dev/null # its chosen port is free for copies
}
teardown_file() { cluster_down; }

setup() {
  store=$BATS_FILE_TMPDIR/store
  cd "$BATS_TEST_TMPDIR" || return
}

# status KIND NAME YAML: what a controller would write
status() { kubectl patch -n src "$1" "$2" --subresource=status --type=merge -p "status: $3" >/dev/null; }

# restore NAME OPTION...: from the backup, whole or not; its status is in $status
restore() { run ark restore create "$1" --from-backup base -q "${@:2}"; }

# into NAMESPACE OPTION...: restores src into a namespace of that name, by a restore of that name
into() {
  restore "$1" --include-namespaces src --namespace-mappings "src:$1" "${@:2}"
  [ "$status" -eq 0 ] || fails "exit status $status"$'\n'"$output"
}

# get KIND/NAME NAMESPACE JQ: a part of an object
get() { kubectl get "$1" -n "$2" -o json --show-managed-fields | jq -cr "$3"; }

# listed RESTORE [OUTCOME]: what the restore says it did, "ns/name" a line, without kinds
listed() {
  gunzip -c "$store/restores/$1/restore-$1-resource-list.json.gz" | jq -r 'to_entries[]|.key as $k|.value[]|"\($k) \(.)"' |
    sed -n "s/(${2:-created})\$//p"
}

@test "a namespace under another name: all that is in it, and who is named in its bindings" {
  ln -s "$BATS_FILE_TMPDIR/before" before
  into copy
  dump after
  kubectl delete service ports -n copy >/dev/null
  # But: what has ended, what is a node's, a volume that is made anew, users by their service account.
  run compare --namespace-map src:copy --managed-fields
  [ "$(grep -v ^differs <<<"$output" | sed '$d')" = "$(printf 'missing  %s\n' 'jobs.batch copy/complete' 'pods copy/ended' 'pods copy/mirror')" ]
  [ "$(grep ^differs <<<"$output" | cut -d: -f1 | sort -u)" = "$(printf 'differs  %s\n' \
    'persistentvolumeclaims copy/dynamic' 'rolebindings.rbac.authorization.k8s.io copy/builders')" ]
  [ "$(get rolebinding/builders copy '[.subjects[]|.namespace//"", .name]|join(" ")')" = \
    "copy builder other builder  system:serviceaccount:copy:builder  system:serviceaccounts:copy" ]
  [ "$(get namespace/copy copy '.metadata|[.labels.team, .annotations["example.org/note"], .labels["kubernetes.io/metadata.name"]]')" = \
    '["a","kept","copy"]' ]
  run kubectl get namespaces -o name
  says_not namespace/src-
}

@test "each object says which backup and restore it is from" {
  into labelled --include-resources configmaps
  [ "$(kubectl get configmaps,namespaces -A -l velero.io/backup-name=base,velero.io/restore-name=labelled -o name | sort | tr '\n' ' ')" = \
    "configmap/db configmap/plain configmap/web namespace/labelled " ]
  local long
  long=$(printf 'a%.0s' {1..80})
  restore "$long" --include-namespaces src --namespace-mappings src:long --include-resources configmaps
  [ "$status" -eq 0 ]
  [ "$(get configmap/web long '.metadata.labels["velero.io/restore-name"]')" = \
    "$(printf 'a%.0s' {1..57})$(printf %s "$long" | sha256sum | cut -c1-6)" ]
}

@test "filters: kinds, labels, namespaces, cluster-wide objects" {
  into kinds --include-resources configmaps
  [ "$(listed kinds | sort)" = "$(printf 'v1/%s\n' 'ConfigMap kinds/db' 'ConfigMap kinds/plain' 'ConfigMap kinds/web' 'Namespace kinds')" ]
  into label -l app=web --exclude-resources deployments.apps
  [ "$(listed label | sort)" = "$(printf 'v1/%s\n' 'ConfigMap label/web' 'Namespace label' 'Secret label/key')" ]
  into either --or-selector 'app=web or app=db' --include-resources configmaps
  [ "$(listed either | sort)" = "$(printf 'v1/%s\n' 'ConfigMap either/db' 'ConfigMap either/web' 'Namespace either')" ]
  restore spaces --exclude-namespaces 'src,kube-*,default' --include-resources configmaps --namespace-mappings other:spaces
  [ "$(listed spaces | sort)" = "$(printf 'v1/%s\n' 'ConfigMap spaces/beside' 'Namespace spaces')" ]
  kubectl delete clusterrolebinding yard-builders >/dev/null
  restore cluster --include-resources clusterrolebindings,configmaps --include-namespaces other
  [ -z "$(listed cluster)" ]
  exits 0 ark restore create missing --from-backup base --include-namespaces othr --namespace-mappings gone:there \
    --include-resources confgmaps
  says Completed "3 warnings" 'the backup has no namespace "othr", which a filter names; did you mean other?' \
    'the backup has no namespace "gone", which a mapping names' \
    'has a kind "confgmaps", which a filter names; did you mean configmaps?'
  exits 0 ark restore create patterns --from-backup base --include-namespaces 'zz*' --include-resources configmaps
  says "no namespace of the backup matches the patterns of the filter"
  restore cluster-too --include-resources clusterrolebindings --include-cluster-resources
  [ "$(listed cluster-too)" = "rbac.authorization.k8s.io/v1/ClusterRoleBinding yard-builders" ]
}

@test "what exists is left alone, with a word where it differs" {
  into there --include-resources configmaps,namespaces
  restore again --include-namespaces src --namespace-mappings src:there --include-resources configmaps
  [ "$status" -eq 0 ]
  says "3 there already"
  says_not warnings
  kubectl patch -n there configmap web --type=merge -p '{"data":{"k":"changed"}}' >/dev/null
  restore differs --include-namespaces src --namespace-mappings src:there --include-resources configmaps
  [ "$status" -eq 0 ]
  says "1 warning."
  exits 0 ark restore describe differs
  says 'ConfigMap "web" already exists' 'different'
  [ "$(get configmap/web there .data.k)" = changed ]
}

@test "--existing-resource-policy=update makes it as it was" {
  into updated --include-resources configmaps,secrets
  kubectl patch -n updated configmap web --type=merge -p '{"data":{"k":"changed","more":"x"},"metadata":{"labels":{"app":null}}}' >/dev/null
  restore update --include-namespaces src --namespace-mappings src:updated --include-resources configmaps,secrets \
    --existing-resource-policy=update
  [ "$status" -eq 0 ]
  [ "$(get configmap/web updated '.data, .metadata.labels.app' | tr '\n' ' ')" = '{"k":"v","number":"1"} web ' ]
  # What is the same has the labels of this restore all the same.
  [ "$(listed update updated | sort | tr '\n' ' ')" = \
    "v1/ConfigMap updated/db v1/ConfigMap updated/plain v1/ConfigMap updated/web v1/Secret updated/key v1/Secret updated/mine " ]
  [ "$(get configmap/db updated '.metadata.labels["velero.io/restore-name"]')" = update ]
}

@test "service accounts are united with those that exist" {
  kubectl create namespace accounts >/dev/null
  kubectl create -f - >/dev/null <<'YAML'
{apiVersion: v1, kind: ServiceAccount, metadata: {name: builder, namespace: accounts, labels: {a: own, mine: x}},
 secrets: [{name: own}], imagePullSecrets: [{name: registry}, {name: other}]}
YAML
  into accounts --include-resources serviceaccounts
  [ "$(get serviceaccount/builder accounts '[.secrets[].name], [.imagePullSecrets[].name], .metadata.labels.a, .metadata.labels.mine, .metadata.annotations.c' | tr '\n' ' ')" = \
    '["own","mine"] ["registry","other"] own x d ' ]
}

@test "status: of asked kinds, or where the object asks" {
  into without --include-resources boats
  [ "$(get boat/gull without .status)" = null ]
  [ "$(get boat/tern without .status.afloat)" = true ]
  into with --include-resources boats --status-include-resources boats
  [ "$(get boat/gull with .status.afloat)" = true ]
  into but --include-resources boats --status-include-resources '*' --status-exclude-resources boats.yard.example.org
  [ "$(get boat/gull but .status)" = null ]
}

@test "node ports: those that a person chose, or all" {
  into chosen --include-resources services
  [ "$(get service/ports chosen '.spec.ports[1].nodePort')" = 30181 ]
  [ "$(get service/ports chosen '.spec.ports[0].nodePort')" -ge 30000 ]
  [ "$(get service/headless chosen .spec.clusterIP)" = None ]
  kubectl delete service ports -n chosen >/dev/null
  tar xzf "$store/backups/base/base.tar.gz" resources/services/namespaces/src/ports.json
  local picked
  picked=$(jq '.spec.ports[0].nodePort' resources/services/namespaces/src/ports.json)
  into preserved --include-resources services --preserve-nodeports
  [ "$(get service/ports preserved '[.spec.ports[].nodePort]')" = "[$picked,30181]" ]
  # Its ports are taken now: it is not there, and that is told.
  restore taken --include-namespaces src --namespace-mappings src:taken --include-resources services --preserve-nodeports
  [ "$status" -eq 3 ]
  exits 0 ark restore describe taken
  says "services ports" "provided port is already allocated"
}

@test "resource modifiers of all three kinds, of a file and of a ConfigMap" {
  cat >rules.yaml <<'YAML'
version: v1
resourceModifierRules:
- conditions: {groupResource: deployments.apps, namespaces: [src], resourceNameRegex: ^we, matches: [{path: /spec/replicas, value: "3"}]}
  patches:
  - {operation: replace, path: /spec/replicas, value: "1"}
  - {operation: add, path: /metadata/annotations, value: '{"by": "patch"}'}
- conditions: {groupResource: deployments.apps, labelSelector: {matchLabels: {app: web}}}
  strategicPatches:
  - patchData: |
      spec: {template: {spec: {containers: [{name: side, image: "example.org/side:2"}]}}}
- conditions: {groupResource: configmaps, resourceNameRegex: ^web$}
  mergePatches: [{patchData: '{"data": {"k": null, "more": "1"}}'}]
- conditions: {groupResource: configmaps, resourceNameRegex: ^db$}
  patches:
  - {operation: test, path: /data/k, value: other}
  - {operation: remove, path: /data/k}
- conditions: {groupResource: configmaps, namespaces: [other]}
  patches: [{operation: remove, path: /data}]
YAML
  local from=(--resource-modifier-file rules.yaml) space
  kubectl create configmap rules -n velero --from-file=rules.yaml >/dev/null
  for space in by-file by-map; do
    into $space --include-resources deployments,configmaps "${from[@]}"
    [ "$(get deployment/web $space '.spec.replicas, .metadata.annotations.by, [.spec.template.spec.containers[].image]' | tr '\n' ' ')" = \
      '1 patch ["example.org/web:1","example.org/side:2"] ' ]
    [ "$(get configmap/web $space .data)" = '{"more":"1","number":"1"}' ]
    [ "$(get configmap/db $space .data)" = '{"k":"v"}' ]
    from=(--resource-modifier-configmap rules)
  done
  echo '{version: v1, resourceModifierRules: [{conditions: {groupResources: pods}, patches: [{operation: remove, path: /a}]}]}' >rules.yaml
  restore bad --resource-modifier-file rules.yaml
  [ "$status" -eq 1 ]
  says "was not begun" 'unknown key "groupResources"'
  restore bad --resource-modifier-configmap none
  [ "$status" -eq 1 ]
  says none velero
}

@test "volumes: kept ones come back for their claims, dynamic ones are made anew" {
  kubectl patch pv yard-kept yard-dynamic --type=merge -p '{"metadata":{"finalizers":null}}' >/dev/null
  kubectl delete pv yard-kept yard-dynamic >/dev/null
  into volumes --include-resources persistentvolumeclaims
  # Volumes come with their claims, though not asked for by kind.
  [ "$(get pv/yard-kept default '.spec.claimRef|[.namespace, .name, .uid, .resourceVersion]')" = '["volumes","kept",null,null]' ]
  [ "$(get pv/yard-kept default .metadata.annotations)" = null ]
  exits 1 kubectl get pv yard-dynamic
  [ "$(get pvc/kept volumes '.spec.volumeName, .metadata.annotations' | tr '\n' ' ')" = 'yard-kept {"mine":"kept"} ' ]
  [ "$(get pvc/dynamic volumes '.spec.volumeName, .metadata.annotations' | tr '\n' ' ')" = 'null null ' ]
}

@test "pods, jobs and tokens: what ended stays ended, nothing points to what is gone" {
  into ended --include-resources pods,jobs,secrets
  run kubectl get pods,jobs,secrets -n ended -o name
  [ "$(sort <<<"$output" | tr '\n' ' ')" = "job.batch/active pod/running secret/key secret/mine " ]
  # The pod's claim and priority come with it.
  [ "$(get pod/running ended '.spec.nodeName, .spec.priority, .status.phase' | tr '\n' ' ')" = 'null 7 Pending ' ]
  [ "$(get pvc/kept ended .metadata.name)" = kept ]
  [ "$(get secret/mine ended '.data|keys')" = '["extra"]' ]
  [ "$(get secret/mine ended '.metadata.annotations["kubernetes.io/service-account.uid"]')" = null ]
  local uid
  uid=$(get job/active ended .metadata.uid)
  [ "$(get job/active ended '.spec.selector.matchLabels["batch.kubernetes.io/controller-uid"]')" = "$uid" ]
  exits 0 ark restore logs ended
  says "pods src/ended is not restored: it has ended" "jobs.batch src/complete is not restored" "builder-token-abc12 is not restored"
}

@test "definitions are there before their objects" {
  kubectl delete crd boats.yard.example.org >/dev/null
  into afloat --include-resources boats
  [ "$(get boat/gull afloat .spec.masts)" = 2 ]
  listed afloat | grep -q "CustomResourceDefinition boats.yard.example.org"
}

@test "--priorities changes the order of kinds" {
  # order NAME KIND...: the kinds in the order they were done
  order() { ark restore logs "$1" | sed -n '/customresource/d; s/.*msg="[0-9]* \([a-z.]*\) done".*/\1/p' | tr '\n' ' '; }
  into usual --include-resources configmaps,secrets,boats,deployments
  [ "$(order usual)" = "secrets configmaps boats.yard.example.org deployments.apps " ]
  into turned --include-resources configmaps,secrets,boats,deployments --priorities deployments,configmaps,-,secrets
  [ "$(order turned)" = "deployments.apps configmaps boats.yard.example.org secrets " ]
}

@test "field owners are kept, or dropped" {
  into owners --include-resources configmaps
  [ "$(get configmap/web owners '[.metadata.managedFields[].manager]')" = '["kubectl-create"]' ]
  into no-owners --include-resources configmaps --managed-fields=drop
  [ "$(get configmap/web no-owners '[.metadata.managedFields[].manager]')" = '["ark"]' ]
}

@test "restores are listed, described, printed and deleted; their names are not used twice" {
  into seen --include-resources configmaps --labels a=b --annotations c=d
  exits 0 ark restore get
  says NAME seen base Completed
  exits 0 ark restore get -l a=b -o name
  [ "$output" = restore.velero.io/seen ]
  exits 0 ark restore get seen -o json
  [ "$(jq -c '[.kind, .status.phase, .spec.namespaceMapping, .metadata.annotations.c]' <<<"$output")" = \
    '["Restore","Completed",{"src":"seen"},"d"]' ]
  exits 0 ark restore describe seen --details
  says "Phase:         Completed" "src -> seen" "seen/web(created)" "a=b"
  exits 0 ark restore logs seen
  says 'level=info' 'restore=velero/seen'
  restore seen --include-resources configmaps
  [ "$status" -eq 1 ]
  says 'restore "seen" exists already'
  exits 1 ark restore delete seen </dev/null
  exits 0 ark restore delete seen --confirm
  [ ! -e "$store/restores/seen/ark-restore.json" ]
  exits 1 ark restore describe seen
  says seen
}

@test "backups are listed, described, printed, copied and deleted" {
  cp -r "$store" own
  export ARK_LOCATION=file://$PWD/own
  exits 0 ark backup get
  says NAME base Completed
  exits 0 ark backup get base -o yaml
  says "kind: Backup" "phase: Completed"
  exits 0 ark backup describe base --details
  says "Phase:         Completed" "Revision:" "v1/ConfigMap:" "- src/web" "Items backed up:"
  exits 0 ark backup logs base
  says "backup Completed"
  exits 0 ark backup download base -o copy.tar.gz
  cmp copy.tar.gz own/backups/base/base.tar.gz
  exits 1 ark backup download base -o copy.tar.gz
  says "exists already" "--force"
  exits 0 ark backup download base -o copy.tar.gz --force
  exits 2 ark backup delete
  exits 0 ark backup delete base --confirm
  [ -z "$(find own/backups -type f)" ]
  exits 1 ark backup describe base
  says base
}

@test "an object that is none, or another one's, keeps nothing else back and deletes nobody else" {
  mkdir -p own/backups
  cp -r "$store/backups/base" own/backups/good
  sed -i 's/"name": "base"/"name": "good"/' own/backups/good/velero-backup.json
  export ARK_LOCATION=file://$PWD/own
  local content
  for content in '' null '{}' '[]' "$(cat own/backups/good/velero-backup.json)"; do
    mkdir -p own/backups/bad
    echo "$content" >own/backups/bad/velero-backup.json
    exits 3 ark backup get
    says good "backups/bad/velero-backup.json" "ark backup delete bad"
    exits 1 ark backup describe bad
    exits 1 ark restore create -q --from-backup bad
    says "was not begun" "backups/bad/velero-backup.json"
    exits 0 ark backup delete bad --confirm
    [ ! -e own/backups/bad/velero-backup.json ] && [ -e own/backups/good/velero-backup.json ]
  done
  exits 0 ark backup get
  exits 1 ark backup delete bad --confirm
  says 'no backup "bad"'
}

@test "two namespaces that go to one name are told of, by a plan too" {
  local two=(--include-namespaces 'src,kube-system' --include-resources configmaps --namespace-mappings 'src:both,kube-system:both')
  exits 0 ark restore plan --from-backup base "${two[@]}"
  says "both go to both"
  [ "$(grep -c '^create  *namespaces ' <<<"$output")" -eq 1 ] || fails "$output"
  exits 0 ark restore create --from-backup base "${two[@]}"
  says "both go to both"
}

@test "restores without a name in one second have names of their own" {
  for _ in 1 2 3; do
    exits 0 ark restore create --from-backup base -q --include-namespaces src --include-resources configmaps --namespace-mappings src:unnamed
  done
  exits 0 ark restore get -o name
  [ "$(grep -c '^restore.velero.io/base-20[0-9-]*$' <<<"$output")" -ge 3 ]
}

@test "a backup of ark without its checksums is restored with a word" {
  cp -r "$store" own
  rm own/backups/base/base-checksums.gz
  exits 0 env "ARK_LOCATION=file://$PWD/own" "$ARK" restore create --from-backup base --include-namespaces src --include-resources configmaps --namespace-mappings src:unsummed
  says "the checksums of backup base are gone (backups/base/base-checksums.gz)"
}

@test "what is not there, cut short or spoiled is refused before anything is changed" {
  # spoiled TEXT...: a restore of the copy is not begun, and says why
  spoiled() {
    exits 1 env "ARK_LOCATION=file://$PWD/own" "$ARK" restore create -q --from-backup base --include-namespaces src --namespace-mappings src:spoiled
    says "was not begun" "$@"
    ! kubectl get namespace spoiled >/dev/null 2>&1 || fails "something was restored"
  }
  restore none --from-backup nothing
  [ "$status" -eq 1 ]
  says 'no backup "nothing"' "ark backup get"
  cp -r "$store" own
  local file=own/backups/base/base.tar.gz size byte
  size=$(stat -c %s $file)
  head -c $((size / 2)) "$store/backups/base/base.tar.gz" >$file
  spoiled backups/base/base.tar.gz
  for byte in $((size / 3)) $((size / 2)) $((size - 6)); do
    cp "$store/backups/base/base.tar.gz" $file
    python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(int(sys.argv[2])); b = f.read(1)[0] ^ 16
f.seek(-1, 1); f.write(bytes([b]))' $file $byte
    spoiled backups/base/base.tar.gz
  done
  : >$file
  spoiled backups/base/base.tar.gz
  rm $file
  spoiled base.tar.gz
  echo '{' >own/backups/base/velero-backup.json
  spoiled velero-backup.json
}

@test "wrong use" {
  exits 2 ark restore create x
  says "--from-backup"
  exits 2 ark restore create --from-backup base --namespace-mappings src
  says "src" "old:new"
  exits 2 ark restore create --from-backup base --existing-resource-policy replace
  says "none, update"
  exits 2 ark restore create --from-backup base --namespace-mapping a:b
  says "did you mean --namespace-mappings?"
  restore named --include-resources nodes
  [ "$status" -eq 1 ]
  says nodes
}

@test "what is said of volume data is kept in the object, as Velero has it" {
  exits 0 ark restore create x --from-backup none --write-sparse-files=false --parallel-files-download 3 \
    --restore-volumes --item-operation-timeout 2h -o json
  [ "$(jq -c '.spec | [.uploaderConfig, .restorePVs, .itemOperationTimeout]' <<<"$output")" = \
    '[{"writeSparseFiles":false,"parallelFilesDownload":3},true,"2h0m0s"]' ]
}
