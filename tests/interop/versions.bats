#!/usr/bin/env bats
# Which API version of a kind is restored where stock stored several (its feature
# EnableAPIGroupVersions): the same one that stock takes, on clusters that serve other versions.
# shellcheck disable=SC2154
load helpers

setup_file() {
  cluster_up
  minio_up
  kubectl create namespace music >/dev/null
  serve v1 v1beta1 v1alpha1
  kubectl create -f - >/dev/null <<'YAML'
{apiVersion: example.org/v1beta1, kind: Band, metadata: {name: loud, namespace: music}, spec: {players: 4}}
YAML
  stock_up --features=EnableAPIGroupVersions
  velero backup create bands --include-namespaces music --include-cluster-resources=false --wait >/dev/null
}

teardown_file() { stock_down; }

# serve VERSION...: the kind in these versions, and no object of it
serve() {
  kubectl delete crd bands.example.org --ignore-not-found >/dev/null
  local version stored=true
  {
    cat <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: bands.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: bands, singular: band, kind: Band}
  versions:
YAML
    for version in "$@"; do
      echo "  - {name: $version, served: true, storage: $stored, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}"
      stored=false
    done
  } | kubectl create -f - >/dev/null
  kubectl wait --for=condition=Established crd/bands.example.org --timeout=30s >/dev/null
  wait_for 30 served "$1"
}

served() { kubectl get --raw "/apis/example.org/$1/bands" >/dev/null 2>&1; }

# listed RESTORE: what it did to bands, with their version
listed() {
  bucket_get "restores/$1/restore-$1-resource-list.json.gz" "$BATS_TEST_TMPDIR/list.gz"
  gzip -dc "$BATS_TEST_TMPDIR/list.gz" | jq -r 'to_entries[] | select(.key | endswith("/Band")) | .key + " " + .value[]'
}

# agree NAME VERSION EXPECTED...: on a cluster that serves these; EXPECTED is what is documented
agree() {
  local name=$1 expected=$2 options=(--include-resources bands.example.org)
  shift 2
  serve "$@"
  # Stock looks at what a cluster serves when it starts, and every five minutes.
  stock_up --features=EnableAPIGroupVersions --disable-informer-cache
  velero restore create "s-$name" --from-backup bands "${options[@]}" --wait >/dev/null
  serve "$@"
  exits 0 ark restore create "a-$name" --from-backup bands "${options[@]}" -q
  [ "$(kubectl get --raw "/apis/example.org/$expected/namespaces/music/bands/loud" | jq .spec.players)" = 4 ]
  [ "$(listed "s-$name")" = "example.org/$expected/Band music/loud(created)" ] || fails "stock: $(listed "s-$name")"
  [ "$(listed "a-$name")" = "$(listed "s-$name")" ] || fails "ark: $(listed "a-$name")"
}

@test "the archive holds the kind in three versions" {
  bucket_get backups/bands/bands.tar.gz "$BATS_TEST_TMPDIR/archive"
  run tar tzf "$BATS_TEST_TMPDIR/archive"
  says resources/bands.example.org/v1-preferredversion/ resources/bands.example.org/v1beta1/ resources/bands.example.org/v1alpha1/
}

@test "the cluster's preferred one" { agree same v1 v1 v1beta1 v1alpha1; }
@test "the cluster's preferred one, which is another" { agree older v1beta1 v1beta1 v1alpha1; }
@test "the one that is left" { agree left v1alpha1 v1alpha1; }
@test "the backup's preferred one, where the cluster prefers one that is not stored" { agree newer v1 v2 v1; }
@test "the highest of both" { agree highest v1beta1 v2 v1beta1 v1alpha1; }

@test "the user's choice" {
  kubectl create configmap enableapigroupversions -n velero \
    --from-literal=restoreResourcesVersionPriority=$'bands.example.org=v9,v1alpha1\nother.example.org=v1' >/dev/null
  agree chosen v1alpha1 v1 v1beta1 v1alpha1
}
