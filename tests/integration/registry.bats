#!/usr/bin/env bats
# `sonobuoy images inspect` with real registries: open, with a login, with tokens.
# shellcheck disable=SC2154
load helpers
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}
registry=$SEAWORTHY_CACHE/registry/usr/bin/docker-registry

setup_file() {
  [ -x "$registry" ] || fails "there is no $registry: 'scripts/setup stores' fetches it" || return
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export DOCKER_CONFIG=$PWD/docker
  mkdir docker
  pids=()
}
teardown() { [ "${#pids[@]}" -eq 0 ] || kill "${pids[@]}"; }

inspect() { "$SONOBUOY" images inspect --kubernetes-version v1.34.4 "$@"; }

# serves AUTHENTICATION: a registry on $at, with an image boats/tug:v1
serves() {
  at=127.0.0.1:$(free_port)
  jq -n --arg at "$at" --arg folder "$PWD/images" "{version: \"0.1\", storage: {filesystem: {rootdirectory: \$folder}}, http: {addr: \$at}} + $1" >config.yml
  "$registry" serve config.yml >>registry.log 2>&1 3>&- &
  pids+=($!)
  within 20 curl -s "http://$at/v2/"
}

# stops: the registry that began last
stops() {
  kill "${pids[-1]}"
  wait "${pids[-1]}" || true
  unset 'pids[-1]'
}

# pushes NAME TAG: an image into the open registry
pushes() {
  local config='{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"config":{}}' digest location
  digest=sha256:$(printf %s "$config" | sha256sum | cut -d' ' -f1)
  location=$(curl -sf -D - -o /dev/null -X POST "http://$at/v2/$1/blobs/uploads/" | sed -nE 's/^location: ([^\r]+).*/\1/Ip')
  curl -sf -X PUT "$location&digest=$digest" -H 'Content-Type: application/octet-stream' --data-binary "$config"
  jq -nc --arg digest "$digest" --argjson size ${#config} '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $digest, size: $size}, layers: []}' | tr -d '\n' >manifest
  curl -sf -X PUT "http://$at/v2/$1/manifests/$2" -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary @manifest
}

# plugin IMAGE: a plugin of it
plugin() { printf 'sonobuoy-config: {driver: Job, plugin-name: p}\nspec: {name: p, image: "%s"}\n' "$1" >plugin.yaml; }

# has IMAGE, has_not IMAGE TEXT: what is said of it, beside one that is there
has() {
  plugin "$1"
  exits 0 inspect -p plugin.yaml --sonobuoy-image "$1"
  says "$1" "configured images available"
}
has_not() {
  plugin "$1"
  exits 1 inspect -p plugin.yaml --sonobuoy-image "$1"
  says "sonobuoy: $1: $2"
  says_not available
}

@test "an open registry: tags and digests that are there, and those that are not" {
  serves '{}'
  pushes boats/tug v1
  pushes tug latest
  has "$at/boats/tug:v1"
  has "$at/tug"
  has "$at/boats/tug@sha256:$(sha256sum <manifest | cut -d' ' -f1)"
  has_not "$at/boats/tug:v2" "the registry does not have it"
  has_not "$at/boats/none:v1" "the registry does not have it"
  has_not "$at/boats/tug@sha256:$(sha256sum </dev/null | cut -d' ' -f1)" "the registry does not have it"
  # One that is missing does not hide the others.
  plugin "$at/boats/none:v1"
  run -1 --separate-stderr inspect -p plugin.yaml --sonobuoy-image "$at/boats/tug:v1"
  [ "$output" = "$at/boats/tug:v1" ]
  stops
  has_not "$at/boats/tug:v1" ""
  plugin "$at/boats/TUG:v1"
  exits 1 inspect -p plugin.yaml --sonobuoy-image "$at/boats/TUG:v1"
  says "is no image's name"
}

@test "a login: that of docker's configuration" {
  serves '{}'
  pushes boats/tug v1
  stops
  perl -e 'print "pilot:", crypt("secret", "\$2y\$05\$abcdefghijklmnopqrstuu"), "\n"' >passwords
  serves "{auth: {htpasswd: {realm: \"harbour\", path: \"$PWD/passwords\"}}}"
  has_not "$at/boats/tug:v1" "$at wants a login, and there is none for it"
  jq -n --arg at "$at" '{auths: {($at): {auth: ("pilot:secret" | @base64)}}}' >docker/config.json
  has "$at/boats/tug:v1"
  jq -n --arg at "$at" '{auths: {($at): {auth: ("pilot:wrong" | @base64)}}}' >docker/config.json
  has_not "$at/boats/tug:v1" "the registry does not show it to this login"
  echo '{' >docker/config.json
  exits 1 inspect -p plugin.yaml
  says "docker/config.json"
}

@test "tokens: from the server that the registry names, for the login" {
  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=harbour -days 2 -keyout key.pem -out cert.pem 2>/dev/null
  serves '{}'
  pushes boats/tug v1
  stops
  exec 4< <(exec "$BATS_TEST_DIRNAME/token-server" key.pem cert.pem pilot:secret)
  pids+=($!)
  local port
  read -r port <&4
  serves "{auth: {token: {realm: \"http://127.0.0.1:$port/token\", service: \"registry\", issuer: \"harbour\", rootcertbundle: \"$PWD/cert.pem\"}}}"
  has_not "$at/boats/tug:v1" "the registry does not show it to this login"
  jq -n --arg at "$at" '{auths: {($at): {auth: ("pilot:secret" | @base64)}}}' >docker/config.json
  has "$at/boats/tug:v1"
  has_not "$at/boats/tug:v2" "the registry does not have it"
  exec 4<&-
}
