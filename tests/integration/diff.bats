#!/usr/bin/env bats
# What differs between two backups, and between a backup and the cluster: everything that somebody
# changed, and nothing else.
# shellcheck disable=SC2154
load helpers

setup_file() {
  cluster_up
  export ARK_LOCATION=file://$BATS_FILE_TMPDIR/store
  "$cluster/app/load" "$KUBECONFIG" 2>/dev/null
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: things, singular: thing, kind: Thing}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
YAML
  kubectl wait --for=condition=Established crd/things.example.org --timeout=30s >/dev/null
  kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: sea}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: gone, namespace: sea}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: label, namespace: sea, labels: {a: b}}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: note, namespace: sea}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: value, namespace: sea}, data: {k: "1"}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: key, namespace: sea}, data: {k: "1"}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: emptied, namespace: sea}, data: {k: "1"}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: same, namespace: sea}, data: {k: "1"}}
- {apiVersion: v1, kind: Secret, metadata: {name: secret, namespace: sea}, stringData: {k: old-marker}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: account, namespace: sea}}
- {apiVersion: v1, kind: Service, metadata: {name: ports, namespace: sea}, spec: {selector: {a: b}, ports: [{name: a, port: 1}, {name: b, port: 2}]}}
- {apiVersion: example.org/v1, kind: Thing, metadata: {name: number, namespace: sea}, spec: {num: 1}}
- {apiVersion: example.org/v1, kind: Thing, metadata: {name: form, namespace: sea}, spec: {num: 1.5}}
- {apiVersion: example.org/v1, kind: Thing, metadata: {name: type, namespace: sea}, spec: {num: 1}}
- {apiVersion: example.org/v1, kind: Thing, metadata: {name: "null", namespace: sea}, spec: {num: 1, m: null}}
- {apiVersion: example.org/v1, kind: Thing, metadata: {name: map, namespace: sea}, spec: {num: 1}}
- {apiVersion: example.org/v1, kind: Thing, metadata: {name: order, namespace: sea}, spec: {list: [1, 2, 3]}}
- {apiVersion: example.org/v1, kind: Thing, metadata: {name: names, namespace: sea}, spec: {list: [{name: a, v: 1}, {name: b, v: 2}]}}
- {apiVersion: example.org/v1, kind: Thing, metadata: {name: deep, namespace: sea}, spec: {a: {"b.c/d": [{e: {f: 1}}]}}}
- {apiVersion: example.org/v1, kind: Thing, metadata: {name: big, namespace: sea}, spec: {num: 9007199254740993}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: sea}
  spec:
    selector: {matchLabels: {a: b}}
    template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: "example.org/a:1"}, {name: b, image: "example.org/b:1"}]}}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: sailor}, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}
YAML
  ark backup create base -q 2>/dev/null
}
teardown_file() { cluster_down; }

thing() { kubectl patch -n sea thing "$1" --type=merge -p "{\"spec\":$2}" >/dev/null; }

@test "nothing, where nothing was changed" {
  exits 0 ark backup diff base --live
  says "0 added, 0 removed, 0 changed"
  exits 0 ark backup create twin -q
  exits 0 ark backup diff base twin -o json -q
  [ "$(sed -n '/^{/,$p' <<<"$output" | sed '/the same\.$/d' | jq -c '[.differences, .changed]')" = '[[],0]' ]
}

@test "twenty changes of every sort, and those alone" {
  kubectl create -n sea configmap new --from-literal=k=v >/dev/null                                 # added
  kubectl delete -n sea configmap gone >/dev/null                                                   # removed
  kubectl label -n sea configmap label a=c --overwrite >/dev/null                                   # a label's value
  kubectl annotate -n sea configmap note n=1 >/dev/null                                             # an annotation
  kubectl patch -n sea configmap value --type=merge -p '{"data":{"k":"2"}}' >/dev/null              # a value
  kubectl patch -n sea configmap key --type=merge -p '{"data":{"k":null,"l":"1"}}' >/dev/null       # a key
  kubectl patch -n sea configmap emptied --type=json -p '[{"op":"remove","path":"/data"}]' >/dev/null # a map that goes
  kubectl patch -n sea secret secret --type=merge -p '{"stringData":{"k":"new-marker"}}' >/dev/null # a secret's value
  kubectl patch -n sea serviceaccount account --type=merge -p '{"automountServiceAccountToken":false}' >/dev/null
  kubectl patch -n sea service ports --type=json -p '[{"op":"replace","path":"/spec/ports/1/port","value":3}]' >/dev/null
  thing number '{"num":2}'
  thing type '{"num":"1"}'                                  # a number that becomes a text
  kubectl patch -n sea thing null --type=json -p '[{"op":"remove","path":"/spec/m"}]' >/dev/null # a null that goes
  thing map '{"m":{}}'                                    # an empty map
  thing order '{"list":[2,1,3]}'                          # order of elements
  thing names '{"list":[{"name":"b","v":2},{"name":"a","v":1}]}'
  thing deep '{"a":{"b.c/d":[{"e":{"f":2}}]}}'
  thing big '{"num":9007199254740992}'                      # beyond what a double holds
  kubectl set image -n sea deployment/web b=example.org/b:2 >/dev/null
  kubectl patch clusterrole sailor --type=json -p '[{"op":"add","path":"/rules/0/verbs/-","value":"list"}]' >/dev/null
  # These are no changes: the same again, a number in another form, what the server owns.
  thing form '{"num":1.50}'
  kubectl patch -n sea configmap same --type=merge -p '{"data":{"k":"1"}}' >/dev/null
  kubectl patch -n sea deployment web --subresource=status --type=merge -p '{"status":{"observedGeneration":7}}' >/dev/null
  exits 1 ark backup diff base --live -q
  [ "$(sed '/the same\.$/d' <<<"$output")" = "$(
    cat <<'TEXT'
~ clusterroles.rbac.authorization.k8s.io sailor
~ configmaps sea/emptied
- configmaps sea/gone
~ configmaps sea/key
~ configmaps sea/label
+ configmaps sea/new
~ configmaps sea/note
~ configmaps sea/value
~ deployments.apps sea/web
~ secrets sea/secret
~ serviceaccounts sea/account
~ services sea/ports
~ things.example.org sea/big
~ things.example.org sea/deep
~ things.example.org sea/map
~ things.example.org sea/names
~ things.example.org sea/null
~ things.example.org sea/number
~ things.example.org sea/order
~ things.example.org sea/type
TEXT
  )" ] || fails "$output"
  says "1 added, 1 removed, 18 changed"
}

@test "each field that changed; values of Secrets are hidden" {
  exits 1 ark backup diff base --live -v
  says 'metadata.labels.a: "b" -> "c"' '+ metadata.annotations: {"n":"1"}' 'data.k: "1" -> "2"' '- data.k: "1"' '+ data.l: "1"' \
    'data.k: "(hidden)" -> "(hidden)"' 'spec.num: 1 -> "1"' '- spec.m: null' '+ spec.m: {}' 'spec.list[0]: 1 -> 2' \
    'spec.a["b.c/d"][0].e.f: 1 -> 2' 'spec.num: 9007199254740993 -> 9007199254740992' '+ rules[0].verbs[1]: "list"' \
    'spec.template.spec.containers[name=b].image: "example.org/b:1" -> "example.org/b:2"' 'spec.ports[name=b].port: 2 -> 3' \
    'spec.list: [{"name":"a","v":1},{"name":"b","v":2}] -> [{"name":"b","v":2},{"name":"a","v":1}]'
  local marker
  for marker in old-marker new-marker "$(printf old-marker | base64)" "$(printf new-marker | base64)"; do says_not "$marker"; done
  exits 1 ark backup diff base --live -v --show-secrets
  says "$(printf old-marker | base64)"
  # Written twice: its revision is another, and nothing else.
  thing form '{"more":1}'
  kubectl patch -n sea thing form --type=json -p '[{"op":"remove","path":"/spec/more"}]' >/dev/null
  exits 1 ark backup diff base --live
  says_not sea/form
  exits 1 ark backup diff base --live --all-fields -v
  says "~ things.example.org sea/form" "metadata.resourceVersion: "
}

@test "two backups; and nothing after a restore" {
  exits 0 ark backup create changed -q
  exits 1 ark backup diff base changed -q -o json
  [ "$(sed -n '/^{/,$p' <<<"$output" | sed '/the same\.$/d' | jq -c '[.added, .removed, .changed, (.differences | length)]')" = '[1,1,18,20]' ]
  wipe
  exits 0 ark restore create back --from-backup base -q
  exits 0 ark backup diff base --live
  exits 1 ark backup diff changed base -q
  says "1 added, 1 removed, 18 changed"
}

@test "trouble is exit status 2" {
  exits 2 ark backup diff base
  says "--live"
  exits 2 ark backup diff base none
  says none
  exits 2 ark backup diff base changed --live
  exits 2 ark backup diff base --live --kubeconfig /none
  says /none
}
