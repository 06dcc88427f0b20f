#!/usr/bin/env bats
# `sonobuoy query` and `version` beside stock's, of one API server.
# shellcheck disable=SC2154
load ../integration/helpers
sonobuoy=${SONOBUOY:-$root/build/sonobuoy}
stock=$("$cluster/build" --bin)/sonobuoy

setup_file() {
  cluster_up --no-controllers
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}, data: {k: "é\n"}}
- {apiVersion: v1, kind: Secret, metadata: {name: hidden, namespace: shop}, stringData: {key: secret-marker}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: one, namespace: shop}}
YAML
}
teardown_file() { cluster_down; }

setup() { cd "$BATS_TEST_TMPDIR" || return; }

objects() { jq -S '[.items[] | del(.metadata.managedFields)] | sort_by(.metadata.name)' "$1"; }

@test "all that stock writes, and as the cluster has it" {
  run -0 --separate-stderr "$sonobuoy" query
  [[ $output =~ ^[0-9a-f-]{36}$ ]]
  [ -z "$stderr" ]
  mv "$output" ours
  mv "$("$stock" query 2>log)" theirs
  diff <(cd theirs && find . -type f | sort) <(cd ours && find . -type f | sort)
  local file count=0
  while read -r file; do
    diff <(objects "theirs/$file") <(objects "ours/$file") || fails "$file" || return
    count=$((count + 1))
  done < <(cd ours && find resources -name '*.json')
  [ "$count" -gt 15 ]
  [ "$(jq -S . ours/serverversion.json)" = "$(kubectl get --raw /version | jq -S .)" ]
  jq -e 'all(.error == null)' ours/meta/query-time.json
  exits 1 grep -rq -e secret-marker -e "$(printf secret-marker | base64)" ours
}

@test "the version of the cluster" {
  diff <("$stock" version --kubeconfig "$KUBECONFIG" | grep API) <("$sonobuoy" version --kubeconfig "$KUBECONFIG" | grep API)
}
