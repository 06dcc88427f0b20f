#!/usr/bin/env bats
# Checks of security, on a control plane on which one thing after the other is broken.
# bats file_tags=long
# shellcheck disable=SC2034,SC2154
load check
thresholds='{stuckMinutes: 0}'

setup_file() {
  cluster_up
  kubectl config view --raw -o json | jq '.users[0].user = {token: "limited-token"}' >"$BATS_FILE_TMPDIR/limited"
}
teardown_file() { cluster_down; }

bind() { kubectl create clusterrolebinding "$@" >/dev/null; }
unbind() { kubectl delete clusterrolebinding "$1" >/dev/null; }

# What truly fails where there are no pods: DNS, and endpoints of an API server that listens on loopback.
not_here=SB-DNS-01,SB-NET-03

# certificate DAYS NAME: NAME.crt and NAME.key, signed by itself; days below 0: expired
certificate() {
  local begin end
  begin=$(date -u -d '-400 days' +%y%m%d%H%M%SZ) end=$(date -u -d "$1 days" +%y%m%d%H%M%SZ)
  cd "$BATS_TEST_TMPDIR" || return
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$2.key" -out "$2.csr" 2>/dev/null
  mkdir -p "ca-$2" && : >"ca-$2/index.txt"
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=ca-%s/index.txt\nnew_certs_dir=ca-%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' \
    "$2" "$2" >"$2.cnf"
  openssl ca -batch -selfsign -config "$2.cnf" -startdate "$begin" -enddate "$end" -keyfile "$2.key" -in "$2.csr" \
    -out "$2.crt" -notext 2>/dev/null
}

@test "a sound cluster has no failure" {
  within 20 kubectl get configmap kube-root-ca.crt -n kube-node-lease
  checks '*' --skip "$not_here"
  passes SB-SEC-0{1,2,3,4,5,8,9} SB-SEC-10 SB-SEC-12
  only_fails
}

@test "cluster-admin to all, to an account, by a role of one's own" {
  bind all --clusterrole=cluster-admin --group=system:authenticated
  checks security
  finds SB-SEC-01 fail 'ClusterRoleBinding all' 'Group system:authenticated has role cluster-admin' 'kubectl delete clusterrolebinding all'
  finds SB-SEC-02 fail 'ClusterRoleBinding all' 'everybody with any credentials (system:authenticated) has role cluster-admin: may do everything'
  unbind all
  bind robot --clusterrole=cluster-admin --serviceaccount=default:robot
  kubectl create clusterrole all-of-it --verb='*' --resource='*.*' >/dev/null
  bind own --clusterrole=all-of-it --group=system:serviceaccounts
  bind person --clusterrole=cluster-admin --user=jane
  checks security
  finds SB-SEC-01 warn 'ClusterRoleBinding robot' 'ServiceAccount default/robot has role cluster-admin' 'describe clusterrolebinding robot'
  finds SB-SEC-01 fail 'ClusterRoleBinding own' 'Group system:serviceaccounts has role all-of-it'
  counts SB-SEC-01 2
  passes SB-SEC-02
  for name in robot own person; do unbind $name; done
  checks security
  passes SB-SEC-01 SB-SEC-04
}

@test "bindings to roles that are not there" {
  bind dangles --clusterrole=nothing --user=jane
  kubectl create rolebinding hangs -n kube-public --role=nothing --user=jane >/dev/null
  checks security
  finds SB-SEC-13 warn 'ClusterRoleBinding dangles' 'its ClusterRole nothing is not there' 'kubectl delete clusterrolebinding dangles'
  finds SB-SEC-13 warn 'RoleBinding kube-public/hangs' 'its Role nothing is not there' 'kubectl delete rolebinding hangs -n kube-public'
  counts SB-SEC-13 2
  kubectl create clusterrole nothing --verb=get --resource=configmaps >/dev/null
  kubectl delete rolebinding hangs -n kube-public >/dev/null
  now_passes SB-SEC-13
  unbind dangles
  kubectl delete clusterrole nothing >/dev/null
}

@test "anybody without credentials" {
  kubectl create rolebinding guest -n kube-public --clusterrole=system:aggregate-to-view --user=system:anonymous >/dev/null
  checks security
  finds SB-SEC-02 fail 'RoleBinding kube-public/guest' 'anybody, without credentials' 'kubectl delete rolebinding guest -n kube-public'
  passes SB-SEC-03
  kubectl delete rolebinding guest -n kube-public >/dev/null
  bind guests --clusterrole=system:aggregate-to-view --group=system:unauthenticated
  within 10 curl -fsk "$SERVER/api/v1/namespaces"
  checks security
  finds SB-SEC-02 fail 'ClusterRoleBinding guests' 'anybody, without credentials (system:unauthenticated), has role system:aggregate-to-view'
  finds SB-SEC-03 fail '' 'without credentials is answered with 200' SB-SEC-02
  unbind guests
  within 10 fails_to curl -fsk "$SERVER/api/v1/namespaces"
  bind readers --clusterrole=system:aggregate-to-view --group=system:authenticated
  checks security
  finds SB-SEC-02 warn 'ClusterRoleBinding readers' 'everybody with any credentials (system:authenticated) has role system:aggregate-to-view'
  passes SB-SEC-03
  unbind readers
  checks security
  passes SB-SEC-02
}

@test "default accounts that may read Secrets, or get into pods" {
  kubectl create role peek --verb=get --resource=secrets >/dev/null
  kubectl create rolebinding peek --role=peek --serviceaccount=default:default >/dev/null
  kubectl create clusterrole enter --verb=create --resource=pods/exec >/dev/null
  bind enter --clusterrole=enter --group=system:serviceaccounts:kube-public
  kubectl create role harmless --verb=get --resource=configmaps >/dev/null
  kubectl create rolebinding harmless --role=harmless --serviceaccount=default:default >/dev/null
  checks security
  finds SB-SEC-04 fail 'ServiceAccount default/default' 'it may read Secrets, by RoleBinding default/peek' 'remove RoleBinding default/peek'
  finds SB-SEC-04 fail 'ServiceAccount kube-public/default' 'it may run commands in pods'
  counts SB-SEC-04 2
  kubectl delete rolebinding peek >/dev/null
  unbind enter
  checks security
  passes SB-SEC-04
}

@test "an authority that differs, is not there, or ends" {
  kubectl create namespace trust >/dev/null
  within 20 kubectl get configmap kube-root-ca.crt -n trust
  kill -STOP "$(cat "$RUN_DIR/manager.pid")"
  certificate 900 strange
  kubectl create configmap kube-root-ca.crt -n trust --from-file=ca.crt="$BATS_TEST_TMPDIR/strange.crt" --dry-run=client -o yaml |
    kubectl replace -f - >/dev/null
  checks security
  finds SB-SEC-06 fail 'ConfigMap trust/kube-root-ca.crt' 'another one than in most namespaces' 'kubectl delete configmap kube-root-ca.crt -n trust'
  kubectl delete configmap kube-root-ca.crt -n trust >/dev/null
  checks security
  finds SB-SEC-06 fail 'Namespace trust' 'it has no ConfigMap kube-root-ca.crt' 'root-ca-certificate-publisher'
  kill -CONT "$(cat "$RUN_DIR/manager.pid")"
  within 20 kubectl get configmap kube-root-ca.crt -n trust
  # The test cluster's own authority is good for a year.
  checks security
  passes SB-SEC-06 SB-SEC-07
  thresholds='{certificateDaysFail: 400}' checks security
  finds SB-SEC-06 fail 'ConfigMap kube-root-ca.crt' "the cluster's authority (/CN=ca) ends in 364 days" 'manual-rotation'
  finds SB-SEC-07 fail 'ConfigMap kube-system/extension-apiserver-authentication' 'client-ca-file (/CN=ca) ends in 364 days'
  kubectl delete namespace trust >/dev/null
}

@test "certificates in Secrets that are expired, end soon, or are none" {
  certificate -3 old && certificate 5 late && certificate 20 soon && certificate 300 good
  for name in old late soon good; do
    kubectl create secret tls $name --cert="$BATS_TEST_TMPDIR/$name.crt" --key="$BATS_TEST_TMPDIR/$name.key" >/dev/null
  done
  make_it <<<'{apiVersion: v1, kind: Secret, metadata: {name: empty, namespace: default}, type: kubernetes.io/tls, stringData: {tls.crt: nonsense, tls.key: k}}'
  kubectl create secret generic other --from-file=tls.crt="$BATS_TEST_TMPDIR/old.crt" >/dev/null
  checks security
  finds SB-SEC-09 fail 'Secret default/old' 'tls.crt (/CN=old) is expired since'
  finds SB-SEC-09 fail 'Secret default/late' 'ends in 4 days'
  finds SB-SEC-09 warn 'Secret default/soon' 'ends in 19 days'
  finds SB-SEC-09 fail 'Secret default/empty' 'no certificate that can be read'
  counts SB-SEC-09 4
  run ! grep -q 'PRIVATE KEY' "$report"
  kubectl delete secret old late soon empty >/dev/null
  checks security
  passes SB-SEC-09
}

@test "cert-manager's certificate that is not made" {
  make_it <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: certificates.cert-manager.io, annotations: {api-approved.kubernetes.io: unapproved}}
spec:
  group: cert-manager.io
  scope: Namespaced
  names: {plural: certificates, singular: certificate, kind: Certificate}
  versions:
  - {name: v1, served: true, storage: true, subresources: {status: {}},
     schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
YAML
  kubectl wait --for=condition=Established crd/certificates.cert-manager.io >/dev/null
  within 20 kubectl get certificates
  make_it <<<'{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: web, namespace: default}, spec: {secretName: web}}'
  has_status certificate web '{"conditions": [{"type": "Ready", "status": "False", "reason": "Pending", "message": "the order is refused"}]}'
  checks security
  finds SB-SEC-10 fail 'Certificate default/web' 'Pending: the order is refused' 'kubectl describe certificate'
  has_status certificate web '{"conditions": [{"type": "Ready", "status": "True"}]}'
  checks security
  passes SB-SEC-10
  kubectl delete crd certificates.cert-manager.io >/dev/null
}

@test "namespaces without a level, and pods that have their node" {
  kubectl create namespace loose >/dev/null
  make_it <<'YAML'
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: root, namespace: loose}
  spec: {hostNetwork: true, containers: [{name: c, image: i, securityContext: {privileged: true}}],
    volumes: [{name: v, hostPath: {path: /etc}}]}
- {apiVersion: v1, kind: Pod, metadata: {name: mild, namespace: loose}, spec: {containers: [{name: c, image: i}]}}
YAML
  checks security
  finds SB-SEC-11 warn 'Namespace loose' 'has no label pod-security.kubernetes.io/enforce' 'namespace loose'
  finds SB-SEC-12 warn 'Pod loose/root' 'hostNetwork, container c is privileged, hostPath /etc'
  counts SB-SEC-12 1
  kubectl label namespace loose default pod-security.kubernetes.io/enforce=privileged >/dev/null
  checks security
  passes SB-SEC-11 SB-SEC-12
  unmake pod root mild -n loose
}

@test "with the rights to view only: a report, and what is unknown is named once" {
  bind viewer --clusterrole=system:aggregate-to-view --user=limited
  within 10 env KUBECONFIG="$BATS_FILE_TMPDIR/limited" kubectl get pods
  export KUBECONFIG=$BATS_FILE_TMPDIR/limited
  checks '*' --skip "$not_here"
  finds SB-SEC-05 unknown '' 'clusterrolebindings.rbac.authorization.k8s.io'
  only_fails
  [ "$(jq -r '.unreadable[] | split(":")[0]' "$report" | sort | uniq -d)" = '' ]
  [ "$(jq '.summary.pass' "$report")" -ge 20 ]
  jq -e '.checks[] | select(.id == "SB-SEC-01") | .outcome == "unknown"' "$report" >/dev/null
  run -0 "$SONOBUOY" check --skip "$not_here"
  [ "$(grep -c 'secrets: ' <<<"$output")" = 1 ]
}

# The last one: controllers take their time to come back to an API server that was restarted.
@test "clients whose certificates are expired, or end soon" {
  local i
  certificate_of() { # certificate_of NAME BEGIN END: of the cluster's authority
    cd "$BATS_TEST_TMPDIR" || return
    openssl req -newkey rsa:2048 -nodes -subj "/O=shop/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    mkdir -p "ca-$1" && : >"ca-$1/index.txt"
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=ca-%s/index.txt\nnew_certs_dir=ca-%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\norganizationName=supplied\ncommonName=supplied\n[x]\nextendedKeyUsage=clientAuth\n' \
      "$1" "$1" >"$1.cnf"
    openssl ca -batch -config "$1.cnf" -extensions x -startdate "$(date -u -d "$2" +%y%m%d%H%M%SZ)" -enddate "$(date -u -d "$3" +%y%m%d%H%M%SZ)" \
      -cert "$RUN_DIR/pki/ca.crt" -keyfile "$RUN_DIR/pki/ca.key" -in "$1.csr" -out "$1.crt" -notext 2>/dev/null
  }
  "$cluster/restart" "$cluster_name"
  checks SB-SEC-08
  passes SB-SEC-08
  certificate_of late -2days -1day
  certificate_of soon -1day +3days
  for i in 1 2; do curl -s -o /dev/null --cacert "$RUN_DIR/pki/ca.crt" --cert late.crt --key late.key "$SERVER/version"; done
  checks SB-SEC-08
  finds SB-SEC-08 warn '' '2 requests came with a certificate that was expired' 'audit log'
  counts SB-SEC-08 1
  for i in 1 2 3; do curl -s -o /dev/null --cacert "$RUN_DIR/pki/ca.crt" --cert soon.crt --key soon.key "$SERVER/version"; done
  checks SB-SEC-08
  finds SB-SEC-08 warn '' 'requests came with a certificate that had less than 7 days left' 'kubeadm certs renew'
  # It counts from its start.
  "$cluster/restart" "$cluster_name"
  now_passes SB-SEC-08
}
