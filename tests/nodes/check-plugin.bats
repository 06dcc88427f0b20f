#!/usr/bin/env bats
# The built-in plugin check: the same checks in a pod, and their results in the archive as any plugin's.
# bats file_tags=long
# shellcheck disable=SC2034,SC2154
load ../integration/check
thresholds='{stuckMinutes: 5}'

setup_file() {
  export IMAGE
  IMAGE=$(tar -xOf "$root/build/image/seaworthy.tar" manifest.json | jq -r '.[0].RepoTags[0]')
  nodes_up --image "$root/build/image/seaworthy.tar"
}
teardown_file() { nodes_down; }
setup() {
  nodes_or_skip
  cd "$BATS_TEST_TMPDIR" || return
}

@test "a sound cluster with nodes has no failure" {
  checks workloads,storage,security,capacity
  only_fails
}

@test "the plugin's results are in the archive, and the archive can be checked" {
  kubectl create clusterrolebinding all --clusterrole=cluster-admin --group=system:authenticated >/dev/null
  run timeout 200 "$SONOBUOY" run --plugin check --sonobuoy-image "$IMAGE" --wait=3
  [ "$status" -eq 1 ] || fails "exit status $status: $output"
  timeout 60 "$SONOBUOY" retrieve -f run.tar.gz
  run timeout 60 "$SONOBUOY" results run.tar.gz -o json
  jq -e '[.. | objects | select((.name? // "" | startswith("SB-SEC-01")) and .status? == "failed")] | length == 1' <<<"$output" >/dev/null
  jq -e '[.. | objects | select((.name? // "" | startswith("SB-SEC-0")) and .status? == "passed")] | length >= 3' <<<"$output" >/dev/null
  checks '*' --from run.tar.gz
  finds SB-SEC-01 fail 'ClusterRoleBinding all' 'Group system:authenticated has role cluster-admin'
  timeout 100 "$SONOBUOY" delete --wait
}
