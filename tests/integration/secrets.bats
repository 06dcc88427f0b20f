#!/usr/bin/env bats
# What is secret is in the archive and nowhere else: not in what is printed, logged, or stored beside it. And hostile
# backups on their way into a cluster.
# shellcheck disable=SC2154
load helpers

# Each place has a marker of its own.
in_secret=marker-of-the-secret in_annotation=marker-of-the-annotation in_token=marker-of-the-token
in_password=marker-of-the-password in_s3=marker/of+the/s3+key in_modifier=marker-of-the-modifier

setup_file() {
  local marker
  for marker in "$in_secret" "$in_annotation" "$in_token" "$in_password" "$in_s3" "$in_modifier"; do
    printf '%s\n' "$marker" "$(printf %s "$marker" | base64 -w 0 | cut -c 1-20)"
  done >"$BATS_FILE_TMPDIR/markers"
  cluster_up --no-controllers
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: vault, labels: {ruled: "yes"}}}
- apiVersion: admissionregistration.k8s.io/v1
  kind: ValidatingAdmissionPolicy
  metadata: {name: tells-secrets}
  spec:
    failurePolicy: Fail
    matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [secrets]}]}
    validations: [{expression: "!has(object.data) || !('told' in object.data)", messageExpression: "'refused is ' + string(object.data.told)"}]
YAML
  kubectl create -f - >/dev/null <<YAML
{apiVersion: v1, kind: Secret, metadata: {name: told, namespace: vault}, stringData: {told: $in_secret}}
YAML
  kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Secret
metadata: {name: applied, namespace: vault}
stringData: {key: $in_secret, other: $in_annotation}
YAML
  kubectl create -f - >/dev/null <<YAML
apiVersion: v1
kind: Secret
metadata: {name: fixed, namespace: vault}
immutable: true
stringData: {key: $in_secret}
YAML
  export ARK_LOCATION=file://$BATS_FILE_TMPDIR/store
  ark backup create base -q 2>/dev/null
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: tells-secrets}
spec: {policyName: tells-secrets, validationActions: [Deny], matchResources: {namespaceSelector: {matchLabels: {ruled: "yes"}}}}
YAML
  local end=$((SECONDS + 30))
  while kubectl create -n vault secret generic probe --from-literal=told=probe --dry-run=server >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fails "the policy is not enforced" || return
    sleep 0.2
  done
}
teardown_file() { cluster_down; }

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  store=$BATS_TEST_TMPDIR/store
  cp -r "$BATS_FILE_TMPDIR/store" "$store"
  export ARK_LOCATION=file://$store
}

# unsaid FILE...: none of the markers, in plain or in base64, stands in the files (gzip included)
unsaid() {
  local file found
  for file in "$@"; do
    found=$(zcat -f "$file" | grep -aoF -m 1 -f "$BATS_FILE_TMPDIR/markers" || true)
    [ -z "$found" ] || fails "$found stands in $file" || return
  done
}

# said STATUS COMMAND...: what it prints goes to a file of its own, in which no marker stands
said() {
  local wanted=$1 status=0
  shift
  count=$((${count:-0} + 1))
  "$@" >"said.$count" 2>&1 || status=$?
  output=$(<"said.$count")
  [ "$status" -eq "$wanted" ] || fails "exit status $status, not $wanted: $*"$'\n'"$output" || return
  unsaid "said.$count"
}

beside_archives() { find "$store" -type f ! -name '*.tar.gz' -print0 | xargs -0 printf '%s\n'; }

@test "the markers are in the archive: these tests can fail" {
  zcat "$store/backups/base/base.tar.gz" | grep -aq "$(printf %s "$in_secret" | base64)"
  exits 1 unsaid "$store/backups/base/base.tar.gz"
  echo "an $in_s3" >leak
  exits 1 unsaid leak
  printf %s "$in_token" | base64 | gzip >leak
  exits 1 unsaid leak
}

@test "a backup says and stores nothing of a Secret but in its archive" {
  said 0 ark backup create more -v --include-namespaces vault
  said 0 ark backup ls more -o json
  said 0 ark backup describe more --details
  said 0 ark backup logs more
  said 0 ark backup verify more
  mapfile -t files < <(beside_archives)
  unsaid "${files[@]}"
}

@test "Secrets that a policy refuses, that cannot be changed, whose data is broken: told of without their values" {
  kubectl delete -n vault secret told >/dev/null
  kubectl patch -n vault secret applied --type=merge -p '{"stringData":{"key":"another"}}' >/dev/null
  kubectl delete -n vault secret fixed >/dev/null
  kubectl create -n vault -f - >/dev/null <<<'{apiVersion: v1, kind: Secret, metadata: {name: fixed}, immutable: true, stringData: {key: another}}'
  # Broken in ways that servers have words for: no base64, a bad key, another type.
  "$BATS_TEST_DIRNAME/alter-archive" "$store/backups/base/base.tar.gz" add resources/secrets/namespaces/vault/text.json \
    '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"text","namespace":"vault"},"data":{"k":"'"$in_secret"'"}}'
  "$BATS_TEST_DIRNAME/alter-archive" "$store/backups/base/base.tar.gz" add resources/secrets/namespaces/vault/key.json \
    '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"key","namespace":"vault"},"data":{"bad key!":"'"$(printf %s "$in_secret" | base64)"'"}}'
  "$BATS_TEST_DIRNAME/alter-archive" "$store/backups/base/base.tar.gz" add resources/secrets/namespaces/vault/type.json \
    '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"type","namespace":"vault","labels":["'"$in_secret"'"]},"data":{"k":["'"$in_secret"'"]}}'
  "$BATS_TEST_DIRNAME/alter-archive" "$store/backups/base/base.tar.gz" add resources/secrets/namespaces/vault/config.json \
    '{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/dockerconfigjson","metadata":{"name":"config","namespace":"vault"},"data":{".dockerconfigjson":"'"$(printf %s "$in_secret" | base64)"'"}}'
  rm "$store/backups/base/base-checksums.gz"
  local how=(--from-backup base --include-namespaces vault --existing-resource-policy update)
  said 3 ark restore plan "${how[@]}" -v
  says "refused is (hidden)" "data.key: \"(hidden)\" -> \"(hidden)\"" "bad key!"
  said 3 ark restore plan "${how[@]}" -o json
  said 3 ark restore create back "${how[@]}" -v
  says "refused is (hidden)"
  said 0 ark restore describe back --details
  says "secrets told could not be created"
  said 0 ark restore logs back
  said 0 ark restore get -o json
  said 1 ark backup diff base --live -v
  mapfile -t files < <(beside_archives)
  unsaid "${files[@]}"
  # Who asks for them gets them.
  kubectl patch -n vault secret applied --type=merge -p '{"stringData":{"key":"another"}}' >/dev/null
  run ark restore plan "${how[@]}" -v --show-secrets
  says "$(printf %s "$in_secret" | base64)"
}

@test "a Secret that a modifier changes is told of without the value" {
  kubectl delete -n vault secret told --ignore-not-found >/dev/null
  cat >modifiers.yaml <<YAML
version: v1
resourceModifierRules:
- conditions: {groupResource: secrets, resourceNameRegex: "^told$"}
  patches: [{operation: replace, path: /data/told, value: $(printf %s "$in_modifier" | base64)}]
YAML
  said 3 ark restore create modified --from-backup base --include-namespaces vault --resource-modifier-file modifiers.yaml -v
  says "refused is (hidden)"
  mapfile -t files < <(beside_archives)
  unsaid "${files[@]}"
}

# bats test_tags=long
@test "tokens and passwords of kubeconfigs, keys of S3: in no error and no log" {
  local user
  for user in "{\"token\": \"$in_token\"}" "{\"username\": \"admin\", \"password\": \"$in_password\"}"; do
    kubectl config view --raw -o json | jq --argjson user "$user" '.users[0].user = $user' >kubeconfig
    said 1 ark backup create x -v --kubeconfig kubeconfig
    [[ $output == *40[13]* ]] || fails "$output"
    said 1 ark restore create r -v --kubeconfig kubeconfig --from-backup base
    # Nothing is there.
    jq '.clusters[0].cluster.server = "http://127.0.0.1:1"' kubeconfig >away
    said 1 ark backup create x -v --kubeconfig away --request-timeout 1s
    # Broken files.
    head -c -3 kubeconfig >broken
    said 1 ark backup create x -v --kubeconfig broken
    jq '.users[0].user.token = [.users[0].user.token]' kubeconfig >broken
    said 1 ark backup create x -v --kubeconfig broken
  done
  export AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=$in_s3
  said 1 ark backup get --location 's3://bucket?region=eu-west-1&s3Url=http://127.0.0.1:1'
  printf '[default]\naws_access_key_id = a\naws_secret_access_key = %s\n broken' "$in_s3" >credentials
  said 1 ark backup get --location 's3://bucket?region=eu-west-1&s3Url=http://127.0.0.1:1' --location-config credentialsFile=credentials
  said 2 ark backup get --location "s3://key:$in_s3@bucket"
  said 0 ark config view
}

# --- hostile backups on their way into a cluster -----------------------------------------------------------

@test "restore: hostile archives are refused before anything is done" {
  local name word before
  before=$(kubectl get configmaps,namespaces -A -o name | sort)
  while read -r name word; do
    rm -rf "$store"
    "$BATS_TEST_DIRNAME/hostile-archive" "$store" "$name"
    exits 1 timeout 20 "$ARK" restore create r -q --from-backup b
    says "$word"
    exits 1 timeout 20 "$ARK" restore plan -q --from-backup b
    says "$word"
  done <<'TABLE'
dot-dot       outside its directory
symlink       not a regular file
bomb-entry    --limit-entry-size
bomb-behind   --limit-ratio
gzip-crc      incorrect data check
marker-100m   larger than 16 MiB
marker-deep   deeper than 1000
TABLE
  [ "$(kubectl get configmaps,namespaces -A -o name | sort)" = "$before" ]
}

# bats test_tags=long
@test "restore: of objects that are none each is named, and the rest is restored" {
  local name
  for name in wrong-types kind-mismatch not-json deep-json nul-value escapes slash-name empty-name many-values; do
    kubectl delete namespace shop --ignore-not-found --wait=false >/dev/null
    kubectl get namespace shop -o json 2>/dev/null | jq '.spec.finalizers = []' | kubectl replace --raw /api/v1/namespaces/shop/finalize -f - >/dev/null 2>&1 || true
    kubectl delete configmaps -n shop --all >/dev/null 2>&1 || true
    rm -rf "$store"
    "$BATS_TEST_DIRNAME/hostile-archive" "$store" "$name"
    local status=0
    timeout 20 "$ARK" restore create r -v --from-backup b >said 2>&1 || status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || fails "$name: exit status $status: $(cat -v said)"
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' said || fails "$name: $(cat -v said)"
    [ "$(kubectl get configmap -n shop last -o 'jsonpath={.data.k}')" = v ] || fails "$name: $(cat -v said)"
  done
}
