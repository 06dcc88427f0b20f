# shellcheck shell=bash disable=SC2154
# What the files here share: a control plane with a stock Velero beside it, our own program,
# and tools that belong to neither.
bats_require_minimum_version 1.5.0
root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
cluster=$root/tests/cluster
# Nobody's own settings are read or written.
export SEAWORTHY_CACHE=${SEAWORTHY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/seaworthy}
export SEAWORTHY_RUN=${SEAWORTHY_RUN:-${TMPDIR:-/tmp}/seaworthy-$(id -u)}
export HOME=$BATS_FILE_TMPDIR
PATH=$("$cluster/build" --bin):$PATH
export ARK=${ARK:-$root/build/ark}
manifests=${SEAWORTHY_SHARED:-$root/../shared}/data/manifests
# One name a tree and file: what a killed run left is taken down by the next one.
cluster_name=iop-$(cksum <<<"$root" | cut -d' ' -f1)-$(basename "$BATS_TEST_FILENAME" .bats)

ark() { "$ARK" "$@"; }
velero() { timeout 120 "$VELERO" --colorized=false "$@"; }

# For setup_file; what defines kinds is loaded between the two: stock looks for new ones
# every five minutes only.
cluster_up() {
  KUBECONFIG=$("$cluster/up" "$cluster_name")
  export KUBECONFIG
}

# A bucket of our own; ARK_LOCATION is there.
minio_up() {
  local variables
  variables=$("$cluster/minio" up "$cluster_name")
  eval "$variables"
  export ARK_LOCATION="s3://bucket?region=us-east-1&s3ForcePathStyle=true&s3Url=$S3_URL"
}

# stock_up SERVER-FLAGS...: stock Velero beside the cluster, new or once more after a wipe. The
# variables of tests/cluster/velero are exported; ARK_LOCATION is the bucket that it watches.
stock_up() {
  local variables
  variables=$("$cluster/velero" up "$cluster_name" -- "$@")
  eval "$variables"
  export ARK_LOCATION=$VELERO_LOCATION
}

stock_down() {
  "$cluster/velero" down "$cluster_name"
  "$cluster/minio" down "$cluster_name"
  "$cluster/down" "$cluster_name"
}

# bucket_get KEY FILE: an object of the bucket, by neither program under test
bucket_get() {
  curl -sf --aws-sigv4 "aws:amz:$AWS_REGION:s3" -K - -o "$2" "$S3_URL/bucket/$1" <<<"user = \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fails "did not come true: $*" || return
    sleep 0.2
  done
}

# fails TEXT: ends a test with a word
fails() {
  echo "$*" >&2
  return 1
}

# says TEXT...: each text is in $output
says() {
  local text
  for text in "$@"; do
    [[ $output == *"$text"* ]] || fails "not said: $text"$'\n'"said: $output" || return
  done
}

# says_not TEXT...: none of them is
says_not() {
  local text
  for text in "$@"; do
    [[ $output != *"$text"* ]] || fails "said: $text"$'\n'"in: $output" || return
  done
}

# exits STATUS COMMAND...: runs it, and fails with its output where it ends otherwise
exits() {
  local wanted=$1
  shift
  run "$@"
  [ "$status" -eq "$wanted" ] || fails "exit status $status, not $wanted: $*"$'\n'"$output"
}

# --- whole sets --------------------------------------------------------------------------------

dump() { "$cluster/dump" "$KUBECONFIG" "$BATS_TEST_TMPDIR/$1"; }
wipe() { "$cluster/wipe" "$KUBECONFIG"; }

# same_but_velero COMPARE-OPTIONS...: the dumps `before` and `after`, but for what Velero has
# for itself in one of them only. The smallest of the sets has 36 objects.
same_but_velero() {
  run "$cluster/compare" "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" "$@"
  local differences
  differences=$(grep -Ev '^(extra|missing) .*(velero/|\.velero\.io$|namespaces velero$)|^[0-9]+ objects the same' <<<"$output" || true)
  [ -z "$differences" ] || fails "$differences"
  local same
  same=$(sed -nE 's/^([0-9]+) objects the same.*/\1/p' <<<"$output")
  [ "${same:-0}" -gt 30 ] || fails "hardly anything compared: $output"
}

has_manifests() { [ -d "$manifests" ] || skip "../shared/data is missing"; }

# apply FLAGS...: as an operator would; definitions are there before what uses them
apply() { kubectl apply --server-side "$@" >/dev/null; }

load_online_boutique() {
  has_manifests
  apply -f "$manifests/online-boutique"
}

load_argo_cd() {
  has_manifests
  kubectl create namespace argocd >/dev/null
  apply -n argocd -f "$manifests/argo-cd/install.yaml"
}

load_kube_prometheus() {
  has_manifests
  apply -f "$manifests/kube-prometheus/setup"
  kubectl wait --for=condition=Established --all crd --timeout=30s >/dev/null
  apply -f "$manifests/kube-prometheus"
}

# --- the application, and what it lacks for tests of filters ------------------------------------

load_objects() {
  "$cluster/app/load" "$KUBECONFIG" 2>/dev/null
  kubectl create -f <(namespaces_of <"$BATS_TEST_DIRNAME/objects.yaml") >/dev/null
  local space
  for space in quay-1 quay-2; do
    kubectl wait --for=create -n "$space" serviceaccount/default --timeout=30s >/dev/null
  done
  kubectl create -f <(namespaces_of others <"$BATS_TEST_DIRNAME/objects.yaml") >/dev/null
  set_status pvc/bound -n quay-1 '{"phase":"Bound"}'
  set_status pvc/data -n quay-2 '{"phase":"Bound"}'
  set_status pod/loader -n quay-1 '{"phase":"Running"}'
  set_status pod/mounts-data -n quay-2 '{"phase":"Running"}'
  kubectl delete -n quay-1 configmap going --wait=false >/dev/null
}

# namespaces_of [others]: of the documents on stdin the namespaces, or all but them
namespaces_of() {
  awk -v others="${1:-}" 'BEGIN { RS = "---\n"; ORS = "---\n" } /kind: Namespace\n/ ? !others : others'
}

# set_status OBJECT -n NAMESPACE STATUS
set_status() { kubectl patch "$1" "$2" "$3" --subresource=status --type=merge -p "{\"status\":$4}" >/dev/null; }

# each_case TABLE COMMAND: for every line of TABLE.table, with its name and its flags as words
each_case() {
  local name line
  while IFS='|' read -r -u 3 name line; do
    local flags=()
    [ -z "${line// /}" ] || mapfile -t flags < <(xargs -n 1 printf '%s\n' <<<"$line")
    "$2" "${name// /}" "${flags[@]}"
  done 3< <(grep -v '^#' "$BATS_TEST_DIRNAME/$1.table")
}
