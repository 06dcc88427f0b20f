#!/usr/bin/env bats
# A cluster into another one, and namespaces beside themselves, with no store in between.
# shellcheck disable=SC2154
load helpers

setup_file() {
  cluster_up
  export FROM=$KUBECONFIG TO
  TO=$("$cluster/up" "$cluster_name-to")
  "$cluster/app/load" "$FROM" 2>/dev/null
}
teardown_file() {
  "$cluster/down" "$cluster_name-to"
  cluster_down
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

@test "a whole cluster into an empty one: everything is there" {
  "$cluster/dump" "$FROM" before
  exits 0 ark clone --from-kubeconfig "$FROM" --to-kubeconfig "$TO" -q
  says "Completed"
  "$cluster/dump" "$TO" after
  exits 0 "$cluster/compare" before after --managed-fields
  # Once more: what is there already is left alone.
  exits 0 ark clone again --from-kubeconfig "$FROM" --to-kubeconfig "$TO" -q
  says "Completed"
}

@test "a plan of it touches nothing, and is what then comes true" {
  local to=(--from-kubeconfig "$FROM" --to-kubeconfig "$TO" --include-namespaces 'harbour-*' --existing-resource-policy update)
  kubectl --kubeconfig "$TO" patch -n harbour-web deployment web --type=merge -p '{"spec":{"replicas":9}}' >/dev/null
  kubectl --kubeconfig "$TO" delete -n harbour-web configmap settings >/dev/null
  "$cluster/dump" "$TO" before
  exits 0 ark clone planned "${to[@]}" --plan
  says "create   configmaps" "update   deployments.apps" "1 to create" "labels of the restore alone"
  exits 0 ark clone planned "${to[@]}" --plan -v -q
  says "spec.replicas: 9 -> 3"
  ark clone planned "${to[@]}" --plan -q -o json >plan.json 2>/dev/null
  [ "$(jq -r '.items[] | select(.action == "create").name' plan.json)" = settings ]
  "$cluster/dump" "$TO" after
  exits 0 "$cluster/compare" before after
  exits 0 ark clone planned "${to[@]}" -q
  says "1 created"
  [ "$(kubectl --kubeconfig "$TO" get -n harbour-web deployment web -o 'jsonpath={.spec.replicas}')" = 3 ]
  # What a run of this name made is there, and nothing to be created.
  exits 0 ark clone planned "${to[@]}" --plan
  says "Plan: 0 to create,"
  exits 2 ark clone planned "${to[@]}" -o json
  says "--output goes with --plan"
}

@test "a namespace beside itself, by contexts, with a modifier" {
  cat >rules.yaml <<'YAML'
version: v1
resourceModifierRules:
- conditions: {groupResource: deployments.apps}
  patches: [{operation: replace, path: /spec/replicas, value: "0"}]
YAML
  exits 0 ark clone copy -q --namespace-mappings harbour-web:harbour-copy --resource-modifier-file rules.yaml
  says "Clone copy: Completed"
  [ "$(kubectl get -n harbour-copy deployment web -o 'jsonpath={.spec.replicas}')" = 0 ]
  [ "$(kubectl get -n harbour-web deployment web -o 'jsonpath={.spec.replicas}')" = 3 ]
  [ "$(kubectl get -n harbour-copy deployment web -o 'jsonpath={.metadata.labels.velero\.io/restore-name}')" = copy ]
  exits 1 kubectl get namespace harbour-data-copy
}

# bats test_tags=long
@test "what cannot be: onto itself, from nowhere, to nowhere" {
  exits 2 ark clone -q
  says "both ends are https://127.0.0.1" "--to-context" "--namespace-mappings"
  exits 2 ark clone -q --namespace-mappings harbour-web:copy2 --include-namespaces harbour-web,harbour-data
  says "harbour-data needs another name" "--namespace-mappings harbour-data:NEW"
  exits 2 ark clone -q --namespace-mappings harbour-web:harbour-web
  says "leads back to the original"
  exits 2 ark clone -q --namespace-mappings harbour-web:copy2 --existing-resource-policy update
  says "would change the originals"
  sed 's,https://127.0.0.1,https://localhost,' "$FROM" >other-name
  exits 2 ark clone -q --to-kubeconfig other-name
  says "both ends are"
  exits 2 ark clone -q --namespace-mappings harbour-web:one,harbour-web:two
  says "harbour-web is mapped to one and to two"
  exits 1 kubectl get namespace two
  exits 3 ark clone -q --namespace-mappings gone:there --plan
  says "namespace gone of the filter does not exist"
  exits 1 ark clone -q --to-context nowhere
  says nowhere
  sed 's,https://127.0.0.1:[0-9]*,https://127.0.0.1:1,' "$FROM" >nobody
  exits 1 ark clone -q --to-kubeconfig nobody --include-namespaces harbour-web
  says "https://127.0.0.1:1" "was not begun"
}
