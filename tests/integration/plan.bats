#!/usr/bin/env bats
# What a restore would do is what it then does, object for object; a plan touches nothing.
# shellcheck disable=SC2154
load helpers

setup_file() {
  cluster_up
  export ARK_LOCATION=file://$BATS_FILE_TMPDIR/store
  "$cluster/app/load" "$KUBECONFIG" 2>/dev/null
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: tight}}
- {apiVersion: v1, kind: Namespace, metadata: {name: ruled, labels: {ruled: "yes"}}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: one, namespace: tight}, data: {k: v}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: two, namespace: tight}, data: {k: v}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: good, namespace: ruled}, data: {k: v}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: bad, namespace: ruled}, data: {forbidden: v}}
- {apiVersion: v1, kind: Secret, metadata: {name: key, namespace: ruled}, stringData: {k: before-marker}}
YAML
  ark backup create base -q 2>/dev/null
}
teardown_file() { cluster_down; }

setup() {
  store=$BATS_FILE_TMPDIR/store
  cd "$BATS_TEST_TMPDIR" || return
}

# planned FILE: "resource namespace/name action" as a restore's list counts them
planned() {
  jq -r '.items[] | "\(.resource) \(.namespace // "")/\(.name) \({create: "created", update: "updated", keep: "skipped", refuse: "failed"}[.action])"' "$1" | sort
}

# done_by RESTORE: the same of a restore, from its list; kinds become resources by what the API server says
done_by() {
  kubectl api-resources --no-headers | awk '{ kind = $NF; version = $(NF-2); split(version, part, "/"); group = index(version, "/") ? "." part[1] : ""; print version "/" kind, $1 group }' >kinds
  gunzip -c "$store/restores/$1/restore-$1-resource-list.json.gz" | jq -r 'to_entries[] | .key as $kind | .value[] | "\($kind) \(.)"' |
    awk 'NR == FNR { name[$1] = $2; next } { n = $2; sub(/\(.*/, "", n); o = $2; sub(/.*\(/, "", o); sub(/\)/, "", o); if (n !~ /\//) n = "/" n; print name[$1], n, o }' kinds - | sort
}

@test "on a cluster with conflicts, quotas and a policy: the plan is what comes true" {
  kubectl patch -n harbour-web ship evergreen --type=merge -p '{"metadata":{"finalizers":null}}' >/dev/null
  kubectl delete namespace harbour-web harbour-jobs --timeout=60s >/dev/null
  kubectl delete crd ships.harbour.example.org --timeout=60s >/dev/null
  kubectl patch -n harbour-data statefulset ledger --type=merge -p '{"spec":{"replicas":7}}' >/dev/null
  kubectl delete -n tight configmap one two >/dev/null
  kubectl delete -n ruled configmap bad good >/dev/null
  kubectl create quota none -n tight --hard=count/configmaps=1 >/dev/null
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- apiVersion: admissionregistration.k8s.io/v1
  kind: ValidatingAdmissionPolicy
  metadata: {name: no-forbidden}
  spec:
    failurePolicy: Fail
    matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]}
    validations: [{expression: "!has(object.data) || !('forbidden' in object.data)", message: "no forbidden keys here"}]
- apiVersion: admissionregistration.k8s.io/v1
  kind: ValidatingAdmissionPolicyBinding
  metadata: {name: no-forbidden}
  spec: {policyName: no-forbidden, validationActions: [Deny], matchResources: {namespaceSelector: {matchLabels: {ruled: "yes"}}}}
YAML
  # The policy is enforced from some moment on.
  local end=$((SECONDS + 30))
  while kubectl create -n ruled configmap probe --from-literal=forbidden=x --dry-run=server >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fails "the policy is not enforced" || return
    sleep 0.2
  done
  "$cluster/dump" "$KUBECONFIG" before
  local own='harbour-(web|jobs)/(kube-root-ca.crt|default) ' policy=(--existing-resource-policy update)
  exits 3 ark restore plan --from-backup base "${policy[@]}"
  says "refuse" "no forbidden keys here" "harbour-web" "not checked" "ledger"
  exits 3 ark restore plan --from-backup base "${policy[@]}" -v -q
  says "spec.replicas: 7 -> 2"
  ark restore plan real --from-backup base "${policy[@]}" -o json -q >plan.json 2>/dev/null || [ $? -eq 3 ]
  # Nothing was touched.
  "$cluster/dump" "$KUBECONFIG" after
  exits 0 "$cluster/compare" before after
  [ ! -e "$store/restores" ]
  exits 3 ark restore create real --from-backup base "${policy[@]}" -q
  # In new namespaces the cluster makes two objects of its own, before or after the restore does.
  diff <(planned plan.json | grep -vE "$own") <(done_by real | grep -vE "$own")
  [ "$(planned plan.json | grep -c created)" -gt 20 ]
  planned plan.json | grep -qx "statefulsets.apps harbour-data/ledger updated"
  planned plan.json | grep -qx "configmaps ruled/bad failed"
}

@test "a plan file: just that is done; it stops where the cluster has moved on" {
  kubectl create namespace goes >/dev/null
  local from=(--from-backup base --include-namespaces ruled --include-resources 'configmaps,secrets' --namespace-mappings ruled:goes)
  exits 0 ark restore plan by-plan "${from[@]}" -o json -q
  echo "$output" | sed '1,/^{/{/^{/!d}' | sed '/^Plan:/d' >plan.json
  kubectl create configmap good -n goes >/dev/null
  exits 1 ark restore create --plan-file plan.json -q
  says "moved on" "configmaps goes/good is there now"
  kubectl delete configmap good bad -n goes >/dev/null
  kubectl delete secret key -n goes >/dev/null
  exits 0 ark restore create again --plan-file plan.json -q
  [ "$(kubectl get configmap good -n goes -o 'jsonpath={.data.k}')" = v ]
  # What the plan left as it was is not touched; what it updates must be as it was.
  kubectl patch secret key -n goes --type=merge -p '{"stringData":{"k":"after-marker"}}' >/dev/null
  ark restore plan up "${from[@]}" --existing-resource-policy update -o json -q >plan.json 2>/dev/null
  [ "$(jq -c '.items[] | select(.resource == "secrets") | [.action, (.changes[] | select(.path | startswith("data")) | .path, .before, .after)]' plan.json)" = '["update","data.k","(hidden)","(hidden)"]' ]
  run grep -rE "before-marker|after-marker|$(printf before-marker | base64)|$(printf after-marker | base64)" plan.json
  [ "$status" -eq 1 ] || fails "a Secret's value is in the plan"
  kubectl annotate secret key -n goes touched=yes >/dev/null
  exits 1 ark restore create up1 --plan-file plan.json -q
  says "secrets goes/key" "changed since"
  ark restore plan up "${from[@]}" --existing-resource-policy update -o json -q >plan.json 2>/dev/null
  exits 0 ark restore create up2 --plan-file plan.json -q
  [ "$(kubectl get secret key -n goes -o 'jsonpath={.data.k}' | base64 -d)" = before-marker ]
}

@test "a plan file is of one backup, not of another that has its name now" {
  ark backup create again -q --include-namespaces ruled 2>/dev/null
  ark restore plan other --from-backup again --namespace-mappings ruled:other -o json -q >plan.json 2>/dev/null
  ark backup delete again --confirm
  sleep 1
  ark backup create again -q --include-namespaces ruled 2>/dev/null
  exits 1 ark restore create --plan-file plan.json -q
  says "was not begun" "the plan is of a backup again that was begun at" "it is another; make a new plan"
  exits 1 kubectl get namespace other
}

@test "a plan that cannot be written whole is no success" {
  status=0
  ark restore plan --from-backup base -o json -q --exclude-namespaces ruled,tight >/dev/full 2>said || status=$?
  [ "$status" -eq 1 ]
  grep -E "standard output could not be written: (a part of it was not taken|No space left)" said || fails "$(cat said)"
}

@test "wrong use" {
  exits 2 ark restore plan
  says "--from-backup"
  exits 2 ark restore create --plan-file a --from-backup b
  exits 2 ark restore create --plan-file none.json
  says none.json
  echo '{"kind": "List"}' >list.json
  exits 1 ark restore create --plan-file list.json
  says "list.json" "no plan" "ark restore plan"
  echo '{' >broken.json
  exits 1 ark restore create --plan-file broken.json
  says broken.json
}
