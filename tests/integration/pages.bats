#!/usr/bin/env bats
# The pages that tell what to do: each command in them is run as it stands, in order, on clusters to which happened
# what the page is about. Commands are what stands in indented blocks; `# exit 1` after one is the status it ends with.
# bats file_tags=long
# shellcheck disable=SC1091,SC2030,SC2031,SC2034,SC2154
load helpers

setup_file() {
  cluster_up
  export PROD=$KUBECONFIG OTHER
  OTHER=$("$cluster/up" "$cluster_name-other")
  "$cluster/app/load" "$PROD" 2>/dev/null
  mkdir "$BATS_FILE_TMPDIR/bin"
  ln -s "$ARK" "$BATS_FILE_TMPDIR/bin/ark"
}
teardown_file() {
  "$cluster/down" "$cluster_name-other"
  cluster_down
}

# The reader's machine: contexts in ~/.kube/config, ark in the PATH, an empty folder.
setup() {
  unset KUBECONFIG
  export HOME=$BATS_TEST_TMPDIR/home BACKUPS=file://$BATS_TEST_TMPDIR/store PATH=$BATS_FILE_TMPDIR/bin:$PATH
  store=$BATS_TEST_TMPDIR/store
  ran=0
  mkdir -p "$HOME/.kube" "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here" || return
  contexts prod "$PROD" qa "$OTHER" rescue "$OTHER" >"$HOME/.kube/config"
}
teardown() { "$cluster/proxy" down "$cluster_name"; }

# contexts NAME KUBECONFIG...: one kubeconfig with a context of that name for each
contexts() {
  local name file
  while [ $# -gt 0 ]; do
    name=$1 file=$2
    shift 2
    kubectl config view --kubeconfig "$file" --raw -o json | jq --arg name "$name" '
      {name: $name, cluster: .clusters[0].cluster, user: .users[0].user}'
  done | jq -s '{apiVersion: "v1", kind: "Config", "current-context": "none",
    clusters: map({name, cluster}), users: map({name, user}),
    contexts: map({name, context: {cluster: .name, user: .name}})}'
}

# What begins a line in a block, with blanks or a prompt before it.
command_line='^[[:space:]]*([$] )?(ark|kubectl) '

# section TITLE: runs the commands of that section of $page, each in a shell of its own
section() {
  local line='' text='' left
  grep -qxF "## $1" "$page" || fails "no section: $1" || return
  while IFS= read -r line || [ -n "$line" ]; do
    text+=${text:+$'\n'}$line
    # Not complete: an open quote or pipe, a here-document without its end, a line to go on with.
    left=$(bash -n -c "$text" 2>&1 || true)
    if [ -z "$left" ] && [ "${line: -1}" != \\ ]; then
      one "$text" || return
      text=''
    fi
  done < <(awk -v title="## $1" '/^## / { on = $0 == title; next } on && /^    / { print substr($0, 5) }' "$page")
  [ -z "$text" ] || fails "no end: $text"
}

# one COMMAND: runs it; it ends as the page says, and what it said is in $output
one() {
  local wanted=0
  [[ $1 =~ '# exit '([0-9]+) ]] && wanted=${BASH_REMATCH[1]}
  ran=$((ran + $(grep -cE "$command_line" <<<"$1" || true)))
  exits "$wanted" timeout 60 bash -o pipefail -c "$1" 3>&- </dev/null
}

# all_ran: no command of the page was overlooked, however it is written
all_ran() {
  local there
  ! grep -nE '^ {0,3}(```|~~~|'$'\t'')' "$page" || fails "only indented blocks are run" || return
  there=$(grep -cE "${command_line/\*/+}" "$page")
  [ "$ran" -eq "$there" ] || fails "$ran lines with a command were run, $there are in $page"
}

in_prod() { kubectl --context prod "$@"; }
in_other() { kubectl --context rescue "$@"; }

# as_before DUMP KUBECONFIG OPTIONS...: the cluster is as in the dump
as_before() {
  "$cluster/dump" "$2" now
  exits 0 "$cluster/compare" "$1" now "${@:3}"
}

# What a cluster has a controller for, and these have none: claims that are being deleted are let go.
let_claims_go() {
  local space
  for space in "${@:2}"; do
    kubectl --context "$1" patch pvc -n "$space" ledger scratch --type=merge \
      -p '{"metadata":{"finalizers":null}}' >/dev/null
    kubectl --context "$1" wait --for=delete "namespace/$space" --timeout=30s >/dev/null
  done
}

@test "copy-for-qa.md: a copy of production, made smaller, made again, beside it, and gone" {
  page=$root/docs/copy-for-qa.md
  "$cluster/dump" "$PROD" before
  section "What is to be different"
  section "See it first"
  says " 0 refused"
  [ "$(in_other get namespaces -o name | grep -c harbour || true)" -eq 0 ]
  section Copy
  copied qa harbour-web harbour-data harbour-jobs
  exits 1 in_other get secret -n harbour-web session-key
  exits 1 in_other get pv harbour-ledger
  exits 0 in_other get priorityclass/harbour-critical storageclass/harbour-local clusterrole/harbour-master
  as_before before "$PROD" --managed-fields
  # Somebody changes QA, and production goes on.
  in_other scale -n harbour-web deployment web --replicas=7 >/dev/null
  in_other patch -n harbour-web configmap settings --type=merge -p '{"data":{"rate":"qa"}}' >/dev/null
  in_prod set image -n harbour-web deployment/web web=registry.example.org/harbour/web:2.4.2 >/dev/null
  section Again
  copied qa harbour-web harbour-data harbour-jobs
  [ "$(in_other get -n harbour-web deployment web -o 'jsonpath={..image}')" = registry.example.org/harbour/web:2.4.2 ]
  [ "$(in_other get -n harbour-web configmap settings -o 'jsonpath={.data.rate}')" = qa ]
  in_prod set image -n harbour-web deployment/web web=registry.example.org/harbour/web:2.4.1 >/dev/null
  section "Where no place reaches both clusters"
  copied qa harbour-web harbour-data harbour-jobs
  [ "$(in_other get -n harbour-web deployment web -o 'jsonpath={..image}')" = registry.example.org/harbour/web:2.4.1 ]
  section "Beside production, in one cluster"
  copied prod qa-web qa-data qa-jobs
  section "Tidy up"
  let_claims_go prod qa-data
  let_claims_go qa harbour-data
  in_other wait --for=delete namespace/harbour-web namespace/harbour-jobs --timeout=30s >/dev/null
  in_prod wait --for=delete namespace/qa-web namespace/qa-jobs --timeout=30s >/dev/null
  exits 1 in_other get priorityclass harbour-critical
  as_before before "$PROD"
  all_ran
}

# copied CONTEXT WEB DATA JOBS: the copy is there, and as the page wants it
copied() {
  local seen
  seen=$(
    kubectl --context "$1" get -n "$2" deployment web -o 'jsonpath={.spec.replicas}'
    kubectl --context "$1" get -n "$3" statefulset ledger -o 'jsonpath={.spec.replicas}'
    kubectl --context "$1" get -n "$2" hpa web -o 'jsonpath= {.spec.maxReplicas}'
    kubectl --context "$1" get -n "$4" cronjob count-crates -o 'jsonpath= {.spec.suspend}'
    kubectl --context "$1" get -n "$2" ingress web -o 'jsonpath= {.spec.rules[*].host} {.spec.tls[*].hosts[*]}'
    kubectl --context "$1" get -n "$3" pvc ledger -o 'jsonpath= volume={.spec.volumeName}'
    kubectl --context "$1" get -n "$2" ship evergreen -o 'jsonpath= {.spec.berth} finalizers={.metadata.finalizers}'
    kubectl --context "$1" get -n "$4" pods,jobs -o name
  )
  [ "$seen" = "11 1 true harbour.qa.example.org harbour.qa.example.org volume= A1 finalizers=" ] ||
    fails "the copy: $seen" || return
  [ "$(kubectl --context "$1" get -n "$4" service signal-tower -o 'jsonpath={.spec.ports[0].nodePort}')" != 30700 ]
}

@test "disaster-recovery.md: each disaster, and the way back" {
  page=$root/docs/disaster-recovery.md
  "$cluster/wipe" "$OTHER"
  "$cluster/dump" "$PROD" before
  section "Before the day"
  as_before before "$OTHER"
  section "What do I have?"
  says session-key deployments.apps

  in_prod delete -n harbour-web configmap settings >/dev/null
  in_prod scale -n harbour-web deployment web --replicas=0 >/dev/null
  section "An object was deleted or spoiled"
  as_before before "$PROD"

  in_prod delete namespace harbour-data --wait=false >/dev/null
  let_claims_go prod harbour-data
  section "A namespace is gone"
  as_before before "$PROD"

  in_prod patch -n harbour-web service web --type=merge -p '{"spec":{"selector":{"app":"nothing"}}}' >/dev/null
  section "Look before you leap"
  says "Completed"
  as_before before "$PROD"

  "$cluster/wipe" "$OTHER"
  section "The whole cluster is lost"
  as_before before "$OTHER" --managed-fields

  "$cluster/wipe" "$OTHER"
  cut_off
  section "A restore that was cut off"
  as_before before "$OTHER" --managed-fields
  [ "$(jq -r .status.phase "$store/restores/again/ark-restore.json")" = Completed ]

  "$cluster/wipe" "$OTHER"
  section "With kubectl instead"
  # Leases, and what a controller makes, are for their owners to bring back.
  "$cluster/dump" "$OTHER" now
  exits 1 "$cluster/compare" before now
  [ "$(grep -cE '^(missing|extra|differs) ' <<<"$output")" -eq 2 ] || fails "$output"
  says "missing  configmaps harbour-web/owned" "missing  leases.coordination.k8s.io harbour-jobs/clerk"

  "$cluster/wipe" "$OTHER"
  cp "$store/backups/nightly/nightly.tar.gz" .
  section "Without ark at all"
  # These kinds of harbour-web are as they were.
  "$cluster/dump" "$OTHER" now
  mkdir these-before these-now
  cp before/{namespaces,configmaps,secrets,serviceaccounts,services,deployments.apps}.json these-before
  cp now/{namespaces,configmaps,secrets,serviceaccounts,services,deployments.apps}.json these-now
  exits 0 "$cluster/compare" these-before these-now --only-namespaces harbour-web
  all_ran
}

# cut_off: a restore named `again` is killed in the middle
cut_off() (
  export BATS_TEST_TMPDIR=$PWD RUN_DIR=${OTHER%/*} SERVER
  SERVER=$(kubectl --kubeconfig "$OTHER" config view -o jsonpath='{.clusters[0].cluster.server}')
  cluster_by_proxy
  fault POST /configmaps "hold=$PWD/never" reset after=3
  ark restore create again --from-backup nightly >out 2>&1 3>&- &
  (. "$cluster/lib.sh" && wait_until 60 out test -e never.held)
  kill -KILL $!
  wait $! || true
  "$cluster/proxy" clear "$cluster_name"
  touch never
)
