#!/usr/bin/env bats
# Who may use one namespace only: backs it up and restores it; what is forbidden is named once.
# shellcheck disable=SC2154
load helpers

setup_file() {
  cluster_up --no-controllers
  # The token of user `limited`, see tests/cluster/up.
  kubectl config view --raw -o json | jq '.users[0].user = {token: "limited-token"}' >"$BATS_FILE_TMPDIR/limited"
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
- {apiVersion: v1, kind: Namespace, metadata: {name: other}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}, data: {k: v}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: shop}}
- {apiVersion: v1, kind: Secret, metadata: {name: key, namespace: shop}, stringData: {k: v}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: one, namespace: shop}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: two, namespace: shop}}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: p, namespace: shop}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, volumeName: vol-p}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: q, namespace: shop}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, volumeName: vol-q}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: Role
  metadata: {name: clerk, namespace: shop}
  rules:
  - {apiGroups: [""], resources: [configmaps, persistentvolumeclaims, serviceaccounts, services], verbs: [get, list, create, update, patch, delete, deletecollection]}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: RoleBinding
  metadata: {name: clerk, namespace: shop}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: clerk}
  subjects: [{kind: User, name: limited, apiGroup: rbac.authorization.k8s.io}]
YAML
  kubectl patch -n shop pvc p q --subresource=status --type=merge -p '{"status": {"phase": "Bound"}}' >/dev/null
}
teardown_file() { cluster_down; }

setup() {
  location_here
  limited=(--kubeconfig "$BATS_FILE_TMPDIR/limited")
}

results() { gunzip -c "$store/$1" | jq -r '[.errors, .warnings] | map((.velero // [])[], (.cluster // [])[], (.namespaces // {} | .[] | .[])) | .[]'; }

@test "a namespace is backed up as far as allowed; each forbidden kind is named once" {
  exits 3 ark backup create mine -q "${limited[@]}" --include-namespaces shop
  run tar tzf "$store/backups/mine/mine.tar.gz"
  says resources/configmaps/namespaces/shop/a.json resources/configmaps/namespaces/shop/b.json \
    resources/persistentvolumeclaims/namespaces/shop/p.json resources/serviceaccounts/namespaces/shop/two.json
  says_not secrets/namespaces namespaces/other cluster/
  run results backups/mine/mine-results.gz
  local kind
  for kind in namespaces secrets pods deployments.apps persistentvolumes clusterrolebindings.rbac.authorization.k8s.io; do
    [ "$(grep -c "resource \"${kind%%.*}\" in API group" <<<"$output")" -eq 1 ] || fails "$kind: $output"
  done
}

@test "with the kinds that are allowed nothing is missing" {
  exits 0 ark backup create mine -q "${limited[@]}" --include-namespaces shop \
    --include-namespace-scoped-resources configmaps,services --exclude-cluster-scoped-resources '*'
  says_not error
}

@test "all namespaces: refused, with what to give" {
  exits 1 ark backup create mine -q "${limited[@]}"
  says "cannot list resource \"namespaces\"" "--include-namespaces"
  exits 1 ark backup create mine -q "${limited[@]}" --include-namespaces 'sh*'
  says "cannot list resource \"namespaces\"" "--include-namespaces"
  [ ! -e "$store/backups/mine/velero-backup.json" ]
}

@test "a namespace that is there is restored into as far as allowed; what is forbidden is named once" {
  exits 0 ark backup create whole -q --include-namespaces shop
  kubectl delete -n shop configmap a b >/dev/null
  kubectl delete -n shop secret key >/dev/null
  exits 3 ark restore create back -q "${limited[@]}" --from-backup whole
  [ "$(kubectl get -n shop configmap a -o 'jsonpath={.data.k}')" = v ]
  kubectl get -n shop configmap b >/dev/null
  exits 1 kubectl get -n shop secret key
  run results restores/back/restore-back-results.gz
  says "secrets key could not be created"
  [ "$(grep -c 'cannot create resource "secrets"' <<<"$output")" -eq 1 ]
  # A namespace that is not there cannot be made.
  exits 3 ark restore create elsewhere -q "${limited[@]}" --from-backup whole --namespace-mappings shop:new
  run results restores/elsewhere/restore-elsewhere-results.gz
  says "new"
  exits 1 kubectl get namespace new
}
