#!/usr/bin/env bats
# What `sonobuoy gen` prints for the same options means the same, ours and stock's.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
stock=$("$root/tests/cluster/build" --bin)/sonobuoy
ours=${SONOBUOY:-$root/build/sonobuoy}
# shellcheck source=tests/cluster/versions
. "$root/tests/cluster/versions"
python=${SEAWORTHY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/seaworthy}/moto-$MOTO_VERSION/bin/python

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  export SONOBUOY_DIR=$BATS_FILE_TMPDIR/installed KUBECONFIG=$BATS_FILE_TMPDIR/none
  mkdir plugins
  cat >plugins/job.yaml <<'YAML'
sonobuoy-config: {driver: Job, plugin-name: my-job, result-format: manual, order: 2, result-files: [a.yaml]}
spec: {name: mine, image: "example.org/job:$SONOBUOY_K8S_VERSION", env: [{name: Z, value: z}, {name: a, value: a}]}
config-map: {settings.yaml: "a: 1"}
YAML
  cat >plugins/nodes.yaml <<'YAML'
sonobuoy-config: {driver: DaemonSet, plugin-name: my-nodes}
podSpec:
  containers: [{name: beside, image: example.org/beside, volumeMounts: [{name: results, mountPath: /other}]}]
  nodeSelector: {a: b}
extra-volumes: [{name: more, emptyDir: {}}]
spec: {image: example.org/nodes, imagePullPolicy: Never, volumeMounts: [{name: more, mountPath: /more}]}
YAML
  cat >config.json <<'JSON'
{"Description": "ours", "UUID": "static", "Namespace": "from-file", "Resources": ["pods"], "QPS": 7,
 "Limits": {"PodLogs": {"TailLines": 3}}, "Server": {"timeoutseconds": 77}, "CustomAnnotations": {"k": "v"},
 "AggregatorTolerations": [{"key": "k", "operator": "Exists", "effect": "NoSchedule"}], "SecurityContextMode": "none"}
JSON
  echo 'gcRegistry: example.org/gc' >repositories.yaml
  echo '{"auths": {}}' >docker.json
  echo 'a key' >id
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

# same OPTIONS...: both print the same
same() {
  "$stock" gen "$@" --kubernetes-version v1.30.1 --sonobuoy-image example.org/sonobuoy:1 >theirs 2>log || {
    cat log
    return 1
  }
  "$ours" gen "$@" --kubernetes-version v1.30.1 --sonobuoy-image example.org/sonobuoy:1 >mine
  "$python" "$BATS_TEST_DIRNAME/sonobuoy-manifest" <theirs >theirs.json
  "$python" "$BATS_TEST_DIRNAME/sonobuoy-manifest" --ours <mine >mine.json
  [ -s theirs.json ]
  diff theirs.json mine.json
}

@test "modes, and which tests are taken" {
  local mode
  same
  for mode in quick certified-conformance conformance-lite non-disruptive-conformance; do
    same -p e2e --mode "$mode"
  done
  same -p e2e --e2e-focus 'a b|c' --e2e-skip 'd'
  same -p e2e --plugin-env e2e.E2E_EXTRA_ARGS=--x
  same -p e2e --e2e-repo example.org/tests
  same -p e2e --e2e-repo-config repositories.yaml
  same -p e2e --e2e-docker-config-file docker.json
  same -p e2e --ssh-key id --ssh-user admin
}

@test "expressions that ginkgo would not take are refused before there is anything" {
  local option
  for option in --e2e-focus=\( --e2e-skip='a(?=b)' --plugin-env='e2e.E2E_SKIP=[a'; do
    run -2 "$ours" gen "$option" --kubernetes-version ignore
    [[ $output == *"of the plugin e2e"*"no regular expression"* ]]
  done
  run -2 "$ours" run --e2e-focus '(' --kubeconfig none
  [[ $output == *"--e2e-focus"* ]]
  # One that is too long to be looked at is taken.
  same -p e2e --e2e-focus "$(seq -s '|' 20000)"
}

@test "plugins of one's own: files, folders, other names, variables and images" {
  same -p plugins/job.yaml
  same -p plugins/nodes.yaml
  same -p plugins
  same -p plugins/job.yaml@other -p plugins/nodes.yaml
  same -p plugins/job.yaml --plugin-env my-job.A=b --plugin-env my-job.Z= --plugin-env sonobuoy.FOO=bar
  same -p plugins/job.yaml --plugin-image my-job:example.org/else:2
  # Alone it gets least rights here.
  same -p systemd-logs --systemd-logs-image example.org/logs --aggregator-permissions clusterAdmin
  same -p plugins/job.yaml --show-default-podspec
}

@test "rights, policies, placement" {
  local permission
  for permission in namespaceAdmin clusterRead clusterAdmin; do
    same -p plugins/job.yaml --aggregator-permissions "$permission" -n elsewhere
  done
  same -p plugins/job.yaml --rbac Disable --existing-service-account
  same -p plugins/nodes.yaml --image-pull-policy Always
  same -p plugins/nodes.yaml --image-pull-policy Always --force-image-pull-policy
  same -p plugins/job.yaml --namespace-psa-enforce-level baseline --security-context-mode none
  same -p plugins/job.yaml --aggregator-node-selector a:b --aggregator-node-selector c:d --timeout 30
}

@test "a configuration, and options that win over it" {
  same --config config.json -p plugins/job.yaml
  same --config config.json -p plugins/job.yaml -n other --timeout 5
}

@test "tests that failed in an archive are taken again" {
  mkdir -p run/plugins/e2e/results/global run/meta
  cat >run/plugins/e2e/sonobuoy_results.yaml <<'YAML'
name: e2e
status: failed
meta: {type: summary}
items:
- name: junit_01.xml
  status: failed
  meta: {file: results/global/junit_01.xml, type: file}
  items:
  - name: suite
    status: failed
    items:
    - {name: "[sig-a] one (of) them", status: failed}
    - {name: "two", status: passed}
    - {name: "three.*", status: failed}
YAML
  echo '{"plugins": ["e2e"]}' >run/meta/info.json
  echo '{"Version": "v0.57.5"}' >run/meta/config.json
  tar czf run.tar.gz -C run meta plugins
  same -p e2e --rerun-failed run.tar.gz
  # What Ginkgo puts before names is no part of them.
  sed -i 's/"\[sig-a\]/"[It] [sig-a]/' run/plugins/e2e/sonobuoy_results.yaml
  tar czf run.tar.gz -C run meta plugins
  run -0 "$ours" gen --kubernetes-version ignore -p e2e --rerun-failed run.tar.gz
  [[ $output == *'\\[sig-a\\] one \\(of\\) them|three'* && $output != *'[It'* ]]
  sed -i 's/failed}/passed}/' run/plugins/e2e/sonobuoy_results.yaml
  tar czf run.tar.gz -C run meta plugins
  run -1 "$ours" gen --kubernetes-version ignore --rerun-failed run.tar.gz
  [[ $output == *'no tests failed for plugin "e2e" in tarball "run.tar.gz"'* ]]
}

# same_config OPTIONS...: both print the same configuration, its members in the same order (not those of a toleration)
same_config() {
  local same='.Version = "any" | if .AggregatorTolerations then .AggregatorTolerations[] |= (to_entries | sort_by(.key) | from_entries) else . end'
  "$stock" gen config "$@" 2>log | jq -c "$same" >theirs
  "$ours" gen config "$@" | jq -c "$same" >mine
  [ -s theirs ]
  diff theirs mine
}

@test "gen config: a configuration alone, without asking a cluster" {
  same_config --sonobuoy-image i
  same_config --sonobuoy-image i -n elsewhere --timeout 5 -p plugins/job.yaml --mode quick
  same_config --config config.json --sonobuoy-image i --aggregator-permissions clusterRead --existing-service-account
  [ "$("$ours" gen config | jq -r .UUID)" = "" ]
  run ! "$ours" gen config --mode none
  run -2 "$ours" gen config extra
  # What it prints it takes.
  "$ours" gen config -n round >round.json
  [ "$("$ours" gen config --config round.json)" = "$(cat round.json)" ]
}

# same_plugin OPTIONS...: both print the same definition
same_plugin() {
  "$stock" gen plugin "$@" >theirs 2>log || {
    cat log
    return 1
  }
  "$ours" gen plugin "$@" >mine
  "$python" "$BATS_TEST_DIRNAME/sonobuoy-manifest" --plugin <theirs >theirs.json
  "$python" "$BATS_TEST_DIRNAME/sonobuoy-manifest" --plugin --ours <mine >mine.json
  [ -s theirs.json ]
  diff theirs.json mine.json
}

@test "gen plugin: a definition out of options" {
  same_plugin -n my-plugin -i example.org/image:v1
  same_plugin --name a.b --image i --type daemonset --format junit --cmd /bin/sh -c -ec --arg 'a b' -a -c
  same_plugin -n a -i i -e B=2 --env A=x=y --env C= -D 'what it is' -u http://example.org
  same_plugin -n a -i i --configmap repositories.yaml --configmap id
  same_plugin -n a -i i --show-default-podspec
  same_plugin -n a -i i -t DaemonSet --show-default-podspec --node-selector kubernetes.io/os=windows
  same_plugin -n a -i i -c '' -f odd
  # A pod that is chosen a node for is run once all the same, by the run's account.
  run ! same_plugin -n a -i i --node-selector a=b,c=d --node-selector e=f
  diff <(jq '.podSpec.containers = [] | .podSpec += {restartPolicy: "Never", serviceAccountName: "sonobuoy-serviceaccount"}' theirs.json) <(jq . mine.json)
  # It can be run.
  "$ours" gen plugin -n made -i i --configmap repositories.yaml >made.yaml
  same -p made.yaml
}

@test "gen plugin e2e, systemd-logs: the built-in ones as a run has them" {
  same_plugin e2e --kubernetes-version v1.30.1
  same_plugin e2e --kubernetes-version ignore --mode certified-conformance --plugin-env e2e.A=b --image-pull-policy Always
  same_plugin e2e --kubernetes-version v1.30.1 --e2e-repo-config repositories.yaml --configmap id
  same_plugin systemd-logs --kubernetes-version v1.30.1 --systemd-logs-image i
  same_plugin systemd-logs --kubernetes-version v1.30.1 --plugin-image e2e:other
  # An installed plugin of that name is another one.
  mkdir -p "$SONOBUOY_DIR"
  cp plugins/job.yaml "$SONOBUOY_DIR/e2e.yaml"
  same_plugin e2e --kubernetes-version v1.30.1
  rm "$SONOBUOY_DIR/e2e.yaml"
}

@test "gen plugin: what is no plugin is refused by both" {
  echo '{' >broken.json
  local options
  run -0 "$ours" gen plugin -n a -i i
  while read -r options; do
    # shellcheck disable=SC2086
    run -1 "$stock" gen plugin $options
    # shellcheck disable=SC2086
    run ! "$ours" gen plugin $options
    [ "$status" -le 2 ] && [[ $output == sonobuoy* ]]
  done <<'OPTIONS'
-n a
-i i
-n A_B -i i
-n a -i i -t cron
-n a -i i --configmap none.yaml
-n a -i i --configmap broken.json
-n a -i i more
e2e --kubernetes-version v1.30.1 --plugin-env nobody.A=b
e2e --kubernetes-version v1.30.1 --mode none
OPTIONS
}

@test "what contradicts itself, and what there is not, is refused by both" {
  local options
  while read -r options; do
    # shellcheck disable=SC2086
    run -1 "$stock" gen --kubernetes-version ignore $options
    # shellcheck disable=SC2086
    run ! "$ours" gen --kubernetes-version ignore $options
    [ "$status" -le 2 ] && [[ $output == sonobuoy* ]]
  done <<'OPTIONS'
--mode quick --e2e-focus x
--mode none
--aggregator-permissions some
-p none-such
-p plugins/job.yaml -p plugins/job.yaml
-p plugins/job.yaml --plugin-env nobody.A=b
-p e2e@other
--rerun-failed plugins/job.yaml
--config none.json
--e2e-repo a --e2e-repo-config repositories.yaml
OPTIONS
}
