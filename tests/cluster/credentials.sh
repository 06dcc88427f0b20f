# shellcheck shell=bash
# Keys, certificates and kubeconfigs of a control plane, in $RUN/pki. They last a year; leaves DAYS, where that is set.

key() { openssl ecparam -genkey -name prime256v1 -noout -out "$RUN/pki/$1.key"; }

# authority NAME: one that signs itself
authority() {
  key "$1"
  openssl req -x509 -new -key "$RUN/pki/$1.key" -subj "/CN=$1" -days 365 -out "$RUN/pki/$1.crt"
}

# leaf NAME AUTHORITY SUBJECT EXTENSION
leaf() {
  local at=$RUN/pki/$1
  key "$1"
  openssl req -new -key "$at.key" -subj "$3" -out "$at.csr" 2>/dev/null
  openssl x509 -req -in "$at.csr" -CA "$RUN/pki/$2.crt" -CAkey "$RUN/pki/$2.key" -CAcreateserial -days "${DAYS:-365}" \
    -extfile <(echo "$4") -out "$at.crt" 2>/dev/null
}

# kubeconfig FILE USER SERVER: with everything inline
kubeconfig() {
  cat >"$1" <<YAML
apiVersion: v1
kind: Config
current-context: test
clusters:
- name: test
  cluster: {server: "$3", certificate-authority-data: $(base64 -w0 "$RUN/pki/ca.crt")}
users:
- name: $2
  user: {client-certificate-data: $(base64 -w0 "$RUN/pki/$2.crt"), client-key-data: $(base64 -w0 "$RUN/pki/$2.key")}
contexts:
- name: test
  context: {cluster: test, user: $2}
YAML
}
