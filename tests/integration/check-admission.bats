#!/usr/bin/env bats
# `sonobuoy check`, area admission: webhooks that are dead, not trusted or too mighty, and what is admitted.
# bats file_tags=long
# shellcheck disable=SC2016,SC2030,SC2031,SC2143,SC2034,SC2154
load check
thresholds='{}'

setup_file() {
  cluster_up
  # Authorities: one that is good, one that ended yesterday, one that ends soon.
  cd "$BATS_FILE_TMPDIR" || return
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /CN=hooks -days 365 -out good.crt 2>/dev/null
  openssl req -x509 -key key -subj /CN=hooks -days 3 -out soon.crt
  openssl req -new -key key -subj /CN=hooks -out csr
  openssl x509 -req -in csr -signkey key -days -1 -out ended.crt 2>/dev/null
  kubectl create namespace hooks >/dev/null
  kubectl -n hooks create service clusterip hook --tcp=443 >/dev/null
}
teardown_file() { cluster_down; }
teardown() {
  kubectl delete validatingwebhookconfigurations,mutatingwebhookconfigurations --all >/dev/null
  kubectl -n hooks delete endpointslices --all >/dev/null
}

# hook KIND FAILURE-POLICY CERTIFICATE [JQ]: a configuration h of kind Validating or Mutating for pods of namespaces labelled hooked
hook() {
  jq -n --arg kind "$1WebhookConfiguration" --arg policy "$2" --arg bundle "$(base64 -w0 <"$BATS_FILE_TMPDIR/$3")" '
    {apiVersion: "admissionregistration.k8s.io/v1", kind: $kind, metadata: {name: "h"}, webhooks: [{
      name: "pods.hooks.example.org", admissionReviewVersions: ["v1"], sideEffects: "None", failurePolicy: $policy,
      namespaceSelector: {matchLabels: {hooked: "yes"}},
      rules: [{apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"]}],
      clientConfig: {caBundle: $bundle, service: {namespace: "hooks", name: "hook", path: "/"}}}]} | '"${4-.}" | kubectl apply -f - >/dev/null
}

# endpoint ready|not: of the service
endpoint() {
  jq -n --argjson ready "$([ "$1" = ready ] && echo true || echo false)" '
    {apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4", metadata: {name: "hook", namespace: "hooks",
      labels: {"kubernetes.io/service-name": "hook"}}, ports: [{port: 9}], endpoints: [{addresses: ["192.0.2.1"], conditions: {ready: $ready}}]}' |
    kubectl apply -f - >/dev/null
}

object='ValidatingWebhookConfiguration h (pods.hooks.example.org)'
all=SB-ADM-01,SB-ADM-02,SB-ADM-03,SB-ADM-04,SB-ADM-06

@test "a sound cluster fails in nothing" {
  endpoint ready
  hook Validating Fail good.crt
  checks admission
  jq -e '.summary.fail == 0' "$report"
  passes SB-ADM-01 SB-ADM-02 SB-ADM-03 SB-ADM-04 SB-ADM-05 SB-ADM-06
}

@test "a webhook without a service, without its port, without endpoints" {
  endpoint ready
  hook Validating Fail good.crt '.webhooks[0].clientConfig.service.name = "gone"'
  checks "$all"
  finds SB-ADM-01 fail "$object" "its service hooks/gone is not there" "delete the configuration"
  passes SB-ADM-02 SB-ADM-03 SB-ADM-04 SB-ADM-06
  hook Validating Fail good.crt '.webhooks[0].clientConfig.service.port = 8443'
  checks "$all"
  finds SB-ADM-01 fail "$object" "hooks/hook has no port 8443" "clientConfig.service.port"
  hook Validating Fail good.crt '.webhooks[0].clientConfig.service.port = 443'
  endpoint not
  checks "$all"
  finds SB-ADM-01 fail "$object" "hooks/hook has no endpoint that is ready" "kubectl -n hooks get endpointslices,pods"
  # Where it may be passed by, that is a warning.
  hook Validating Ignore good.crt
  checks "$all"
  finds SB-ADM-01 warn "$object" "has no endpoint that is ready"
  endpoint ready
  now_passes "$all"
  # Of one namespace's objects alone the service is still found.
  checks SB-ADM-01 -n default
  passes SB-ADM-01
}

@test "a caBundle that ended, ends soon, is empty, is none" {
  local object=${object/Validating/Mutating}
  endpoint ready
  hook Mutating Fail ended.crt
  checks "$all"
  finds SB-ADM-02 fail "$object" "its caBundle (CN=hooks) ended at " "Renew the webhook's certificates"
  passes SB-ADM-01 SB-ADM-06
  hook Mutating Ignore ended.crt
  checks SB-ADM-02
  finds SB-ADM-02 warn "$object" "ended at"
  hook Mutating Fail soon.crt
  checks SB-ADM-02
  finds SB-ADM-02 fail "$object" "ends in 2 days"
  thresholds='{certificateDaysFail: 1}' checks SB-ADM-02
  finds SB-ADM-02 warn "$object" "ends in 2 days"
  hook Mutating Fail good.crt '.webhooks[0].clientConfig.caBundle = ""'
  checks SB-ADM-02
  finds SB-ADM-02 fail "$object" "it has no caBundle" "cainjector"
  # One that ended beside a good one is what a change of authorities leaves.
  cat "$BATS_FILE_TMPDIR"/{ended,good}.crt >"$BATS_FILE_TMPDIR/both.crt"
  hook Mutating Fail both.crt
  now_passes "$all"
}

@test "a webhook for everything, kube-system's too" {
  endpoint ready
  hook Validating Fail good.crt '.webhooks[0] |= (del(.namespaceSelector) | .matchConditions = [{name: "never", expression: "false"}]
    | .rules = [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"]}])'
  checks "$all"
  finds SB-ADM-03 warn "$object" "it takes every kind, kube-system's too" "namespaceSelector"
  passes SB-ADM-01 SB-ADM-02 SB-ADM-04
  hook Validating Fail good.crt '.webhooks[0] |= (.namespaceSelector = {matchExpressions: [{key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system"]}]}
    | .matchConditions = [{name: "never", expression: "false"}] | .rules = [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"]}])'
  now_passes "$all"
}

@test "a webhook that is waited for long" {
  endpoint ready
  hook Validating Fail good.crt '.webhooks[0].timeoutSeconds = 30'
  checks "$all"
  finds SB-ADM-04 warn "$object" "waits 30 s for it" "timeoutSeconds to 10"
  passes SB-ADM-01 SB-ADM-02 SB-ADM-03 SB-ADM-06
  hook Validating Fail good.crt
  now_passes "$all"
}

@test "a dead webhook refuses what is tried, and its calls are counted" {
  hook Validating Fail good.crt '.webhooks[0].namespaceSelector = {}'
  # Of this API server's cache, too: it is known when it refuses.
  within 20 eval '! kubectl run x --image=x --dry-run=server'
  checks "admission"
  finds SB-ADM-06 fail "a Pod in default" "failed calling webhook \"pods.hooks.example.org\"" "SB-ADM-01"
  finds SB-ADM-01 fail "$object" "has no endpoint that is ready"
  jq -e '[.checks[] | select(.id == "SB-ADM-06") | .findings[]] | length == 1' "$report"
  checks SB-ADM-05
  jq -e '.checks[0].findings[0] | .object == "'"$object"'" and (.evidence | contains("calls failed"))' "$report"
  jq -e '.checks[0].outcome | IN("warn", "fail")' "$report"
  kubectl delete validatingwebhookconfiguration h
  within 20 kubectl run x --image=x --dry-run=server
  now_passes SB-ADM-01,SB-ADM-05,SB-ADM-06
}

@test "a quota that is used up, and what may not be tried" {
  kubectl create namespace full
  kubectl -n full create quota none --hard=configmaps=0
  kubectl -n full patch quota none --subresource=status --type=merge -p '{"status": {"hard": {"configmaps": "0"}, "used": {"configmaps": "0"}}}'
  within 20 eval '! kubectl -n full create configmap x --dry-run=server'
  checks SB-ADM-06 -n full
  finds SB-ADM-06 warn "a ConfigMap in full" "exceeded quota: none" "quota"
  kubectl -n full delete quota none
  within 20 kubectl -n full create configmap x --dry-run=server
  checks SB-ADM-06 -n full
  passes SB-ADM-06
  # Nothing was made.
  [ -z "$(kubectl -n full get configmap,pod,service,pvc -o name | grep sonobuoy-check)" ]
  kubectl config view --raw -o json | jq '.users[0].user = {token: "limited-token"}' >"$BATS_TEST_TMPDIR/limited"
  KUBECONFIG=$BATS_TEST_TMPDIR/limited checks SB-ADM-01,SB-ADM-06,SB-API-01
  finds SB-ADM-06 unknown "a Pod in default" "cannot create resource \"pods\""
  finds SB-ADM-01 unknown "" "could not be read"
  jq -e '.summary.fail == 0' "$report"
}
