#!/usr/bin/env bats
# The configuration file: what it gives, what comes before it, and what is wrong with it.
# shellcheck disable=SC2154
load helpers

setup() {
  unset ARK_LOCATION
  export ARK_CONFIG=$BATS_TEST_TMPDIR/made/config.yaml
  mkdir "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
  one=file://$BATS_TEST_TMPDIR/one two=file://$BATS_TEST_TMPDIR/two
}

# written LINE...: the file, as a person wrote it
written() {
  mkdir -p "${ARK_CONFIG%/*}"
  printf '%s\n' "$@" >"$ARK_CONFIG"
}

# looks_in URL: an empty location says which one it is
looks_in() { says "There are no backups in $1."; }

@test "a location is set once; the environment and the option come before it" {
  exits 2 ark backup get
  says "ark config set location URL"
  exits 0 ark config view
  says "Nothing is set in $ARK_CONFIG"
  exits 0 ark config set location "$one"
  exits 0 ark backup get
  looks_in "$one"
  ARK_LOCATION=$two exits 0 ark backup get
  looks_in "$two"
  ARK_LOCATION=$one exits 0 ark backup get --location "$two"
  looks_in "$two"
  [ "$(stat -c %a "$ARK_CONFIG")" = 600 ]
}

@test "locations have names and settings of their own" {
  exits 0 ark config set locations.home.url "$one"
  exits 0 ark config set locations.away.url s3://bucket/prefix
  exits 0 ark config set locations.away.config.s3Url http://127.0.0.1:1
  exits 0 ark config set location home
  exits 0 ark backup get
  looks_in "$one"
  # Its settings go with it, and what is given wins.
  exits 1 env AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b "$ARK" backup get --location away
  says "127.0.0.1:1"
  exits 1 env AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b "$ARK" backup get --location away --location-config s3Url=http://127.0.0.1:2
  says "127.0.0.1:2"
  exits 0 ark __complete -- backup get --location ''
  [ "$output" = "$(printf 'home\naway')" ]
  exits 0 ark config unset locations.away
  exits 2 ark backup get --location away
  says 'location "away" is neither a URL' "a name in $ARK_CONFIG, which has home"
}

@test "view prints what a person or set wrote; set keeps the rest" {
  written '# mine' 'connections: 3' 'locations: {prod: {url: s3://b, config: {s3ForcePathStyle: true}}}' 'request-timeout: 30s'
  exits 0 ark config set connections 12
  exits 0 ark config view
  [ "$output" = 'connections: 12
locations:
  prod:
    url: s3://b
    config:
      s3ForcePathStyle: true
request-timeout: "30s"' ] || fails "$output"
  exits 0 ark config unset locations.prod.config.s3ForcePathStyle
  exits 0 ark config view -o json
  [ "$(jq -c . <<<"$output")" = '{"connections":12,"locations":{"prod":{"url":"s3://b"}},"request-timeout":"30s"}' ]
}

@test "options have their values from it, and are told of by it" {
  written "location: $one" 'namespace: backups'
  exits 0 ark backup create some -o yaml
  says "namespace: backups"
  exits 0 ark backup create some -n other -o yaml
  says "namespace: other"
  written 'connections: many'
  exits 1 ark backup create some -o yaml
  says "$ARK_CONFIG: connections: \"many\" is not a whole number from 1 on"
  exits 0 ark backup create --help
}

@test "wrong keys and values are refused with the nearest right one, and nothing is written" {
  local key value said
  while read -r key value said; do
    exits 2 ark config set "$key" "$value"
    says "$said"
  done <<'TABLE'
locaton x there is no setting locaton; did you mean location?
conections 3 did you mean connections?
connections 0 is not a whole number from 1 on
request-timeout 1ns is less than 1s
location a/b is neither a URL nor a name
locations.prod.url here "here" is no location
locations.prod.config.region eu locations.prod has no url
locations.a/b.url s3://b cannot name a location
locations.prod.uri s3://b did you mean locations.NAME.url?
kubeconfig x there is no setting kubeconfig
TABLE
  [ ! -e "$ARK_CONFIG" ]
  exits 1 ark config unset qps
  says "qps is not set"
}

@test "a file that is none is named, by every command that needs it" {
  local text said
  while IFS='|' read -r text said; do
    written "$text"
    exits 1 ark backup get
    says "$ARK_CONFIG" "$said"
    exits 1 ark config set location "$one"
    [ "$(cat "$ARK_CONFIG")" = "$text" ]
  done <<'TABLE'
[1|is not valid YAML
[1]|the file must be a map
loction: s3://b|did you mean location?
locations: 3|locations must be a map
locations: {a: {config: {b: c}}}|locations.a has no url
locations: {a: {url: s3://b, config: [1]}}|locations.a.config must be a map
location: {a: b}|location must be a text or a number
TABLE
  # A URL that is given needs nothing of it.
  exits 0 ark backup get --location "$one"
}

@test "several that set something at once: all of it is there" {
  local number pids=()
  for number in {1..8}; do
    ark config set "locations.n$number.url" "file:///n$number" 2>/dev/null 3>&- &
    pids+=($!)
  done
  for number in "${pids[@]}"; do wait "$number"; done
  [ "$(ark config view -o json | jq -c '.locations | keys | length')" = 8 ] || fails "$(cat "$ARK_CONFIG")"
}
