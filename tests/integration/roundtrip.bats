#!/usr/bin/env bats
# Back up, wipe, restore, compare. What is compared is the API server's own lists before
# and after, by tests/cluster/compare; nothing of ark takes part in it.
# shellcheck disable=SC2154
load helpers

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

setup() {
  location_here
  [ "$BATS_TEST_NUMBER" -eq 1 ] || wipe
}

# round_trip COMPARE-OPTIONS...
round_trip() {
  dump before
  exits 0 ark backup create round -q
  says "Completed"
  wipe
  exits 0 ark restore create back --from-backup round -q
  says "Completed"
  dump after
  exits 0 compare "$@"
}

# exported_trip KUBECTL-WORDS...: what round_trip saved, once more by an export and kubectl. In two rounds: what is of a
# kind that the first one defines, and pods whose service account comes after them, are refused by it. What is applied is
# tried first: on a cluster that has but its definitions and namespaces, the server has no word against it.
exported_trip() {
  local out=$BATS_TEST_TMPDIR/out
  exits 0 ark backup verify round -q
  exits 0 ark backup export round "$out" -q
  wipe
  if [ "$1" = apply ]; then
    definitions_first "$out"
    exits 0 kubectl "$@" --dry-run=server -R -f "$out"
  fi
  run kubectl "$@" -R -f "$out"
  kubectl wait --for=condition=Established --all crd --timeout=30s >/dev/null
  run kubectl "$@" -R -f "$out"
  said=$output
  dump after
  run compare
}

# apply FILE...: definitions are there before what uses them.
apply() {
  kubectl apply --server-side "$@" >/dev/null
}

load_oddities() {
  "$BATS_TEST_DIRNAME/odd-content" >"$BATS_TEST_TMPDIR/odd.json"
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: oddities.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: oddities, singular: oddity, kind: Oddity}
  # The version that is stored is neither the one that clients prefer nor the newest.
  versions:
  - &version
    name: v1
    served: true
    storage: false
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
  - {<<: *version, name: v1beta1, storage: true}
  - {<<: *version, name: v1alpha1}
  - {<<: *version, name: v2alpha1, served: false}
YAML
  kubectl wait --for=condition=Established crd/oddities.example.org --timeout=30s >/dev/null
  kubectl create -f "$BATS_TEST_TMPDIR/odd.json" >/dev/null
  # An owner chain: grandparent, parent, child.
  local owner=grandparent uid child
  for child in parent child; do
    uid=$(kubectl get -n odd configmap $owner -o 'jsonpath={.metadata.uid}')
    kubectl create -f - >/dev/null <<YAML
{apiVersion: v1, kind: ConfigMap, metadata: {name: $child, namespace: odd, ownerReferences: [
  {apiVersion: v1, kind: ConfigMap, name: $owner, uid: $uid, blockOwnerDeletion: true}]}}
YAML
    owner=$child
  done
}

# bats test_tags=long
@test "three public manifest sets" {
  [ -d "$manifests" ] || skip "../shared/data is missing"
  # Definitions first, then what uses them. An aggregated API has no server.
  kubectl create namespace argocd >/dev/null
  apply -f "$manifests/kube-prometheus/setup" -f "$manifests/online-boutique"
  apply -n argocd -f "$manifests/argo-cd/install.yaml"
  kubectl wait --for=condition=Established --all crd --timeout=30s >/dev/null
  apply -f "$manifests/kube-prometheus"
  round_trip --managed-fields
  exported_trip apply --server-side
  [ "$status" -eq 0 ] || fails "$output"$'\n'"$said"
}

@test "an application, and odd content" {
  "$cluster/app/load" "$KUBECONFIG"
  load_oddities
  round_trip --managed-fields
  # What the comparison rests on was there.
  run cat "$BATS_TEST_TMPDIR/before/oddities.example.org.json"
  says 9223372036854775807, 1.2345678901234568e+29 1e+300
  run jq -r '.items[].metadata.name' "$BATS_TEST_TMPDIR/after/clusterroles.rbac.authorization.k8s.io.json"
  says odd:role.with.dots:and:colons
  # Not by a server-side apply: its YAML reader refuses the character DEL in a text.
  exported_trip create
  # What an export leaves out: a controller would make the one, and who holds the other.
  [ "$(grep -E '^(missing|extra|differs)' <<<"$output")" = "$(printf 'missing  %s\n' 'configmaps harbour-web/owned' \
    'leases.coordination.k8s.io harbour-jobs/clerk')" ] || fails "$output"$'\n'"$said"
}

# bats test_tags=long
@test "10,000 objects, into another cluster" {
  "$cluster/generate" 10000 "$KUBECONFIG" --connections 16
  dump before
  exits 0 ark backup create round -q
  says "Completed"
  cluster_down
  cluster_up
  exits 0 ark restore create back --from-backup round -q
  says "Completed"
  dump after
  exits 0 compare --managed-fields
}
