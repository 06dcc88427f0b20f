#!/usr/bin/env bats
# Stock Sonobuoy and ours, each in the other's place: command line, aggregator, worker.
# shellcheck disable=SC2016,SC2154
# bats file_tags=long
load ../integration/helpers

# shellcheck source=tests/cluster/versions
. "$root/tests/cluster/versions"
stock_image=docker.io/sonobuoy/sonobuoy:v$SONOBUOY_VERSION

setup_file() {
  local ours=$root/build/image/seaworthy.tar stock
  [ -e "$ours" ] || fails "there is no $ours: 'make image' makes it" || return
  stock=$("$cluster/build" --bin)/sonobuoy
  [ -x "$stock" ] || fails "there is no $stock: 'scripts/setup nodes' builds it" || return
  "$root/scripts/image" "$stock_image" "$BATS_FILE_TMPDIR/stock.tar" --file "$stock=sonobuoy"
  OUR_IMAGE=$(tar -xOf "$ours" manifest.json | jq -r '.[0].RepoTags[0]')
  export OUR_IMAGE
  nodes_up --image "$ours" --image "$BATS_FILE_TMPDIR/stock.tar"
  cd "$BATS_FILE_TMPDIR" || return
  cat >once.yaml <<'YAML'
sonobuoy-config: {driver: Job, plugin-name: once, result-format: junit}
spec:
  name: plugin
  image: localhost/busybox:local
  imagePullPolicy: Never
  command:
  - sh
  - -c
  - |
    cd "$SONOBUOY_RESULTS_DIR"
    echo "<testsuite name='s'><testcase name='good'/><testcase name='bad'><failure>why</failure></testcase></testsuite>" >junit.xml
    echo -n "$PWD/junit.xml" >done
YAML
  cat >each.yaml <<'YAML'
sonobuoy-config: {driver: DaemonSet, plugin-name: each, result-format: raw}
spec:
  name: plugin
  image: localhost/busybox:local
  imagePullPolicy: Never
  command:
  - sh
  - -c
  - |
    trap 'exit 0' TERM
    cd "$SONOBUOY_RESULTS_DIR"
    mkdir out; echo this >out/file; tar czf out.tar.gz -C out .
    echo -n "$PWD/out.tar.gz" >done
    while :; do sleep 3600 & wait; done
YAML
}
teardown_file() { nodes_down; }

setup() {
  nodes_or_skip
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() {
  [ -n "$NODES_LACK" ] || ours delete --wait=2 >/dev/null 2>&1
}

ours() { "${SONOBUOY:-$root/build/sonobuoy}" "$@"; }
stock() { "$("$cluster/build" --bin)/sonobuoy" "$@"; }
plugins=(-p "$BATS_FILE_TMPDIR/once.yaml" -p "$BATS_FILE_TMPDIR/each.yaml")

# outcome: what a run's status says of each plugin and node
outcome() { jq -r '[.plugins[] | .plugin + " " + .node + " " + .status + " " + ."result-status"] | sort | join(", ")'; }
expected='each node1 complete passed, each node2 complete passed, once global complete failed'

# reads ARCHIVE: both see the same in it
reads() {
  run -0 stock results "$1" -p once --mode detailed
  local theirs=$output
  run ours results "$1" -p once --mode detailed
  diff <(jq -S . <<<"$theirs") <(jq -S . <<<"$output")
  tar -tzf "$1" | grep -q '^plugins/each/results/node2/file$' || fails "$(tar -tzf "$1")"
}

@test "stock's command line drives our aggregator and workers" {
  run -0 stock run "${plugins[@]}" --sonobuoy-image "$OUR_IMAGE" --image-pull-policy IfNotPresent --wait=5
  [ "$(stock status --json | outcome)" = "$expected" ]
  run -0 stock retrieve -f run.tar.gz
  reads run.tar.gz
  run -0 stock logs -p sonobuoy
  says "received the result of plugin once"
  run -0 stock delete --wait=2
}

@test "our command line drives stock's aggregator and workers" {
  exits 1 ours run "${plugins[@]}" --sonobuoy-image "$stock_image" --image-pull-policy IfNotPresent --wait=5
  says "each   complete   passed       2" "once   complete   failed       1"
  [ "$(ours status --json | outcome)" = "$expected" ]
  exits 0 ours retrieve -f run.tar.gz
  reads run.tar.gz
  exits 0 ours logs -p sonobuoy
  says 'container="kube-sonobuoy"'
  exits 0 ours delete --wait=2
  exits 0 kubectl get namespaces,clusterroles,clusterrolebindings -o name
  says_not sonobuoy
}

# other_worker AGGREGATOR WORKER: a run with their images
other_worker() {
  ours gen "${plugins[@]}" --sonobuoy-image "$2" >run.yaml
  # The one image that is not in the configuration is the aggregator's.
  sed -i "s#^\(    image: \)$2\$#\1$1#" run.yaml
  [ "$(grep -c "^    image: $1\$" run.yaml)" -eq 1 ] || fails "$(cat run.yaml)"
  exits 1 ours run -f run.yaml --wait=5
  [ "$(ours status --json | outcome)" = "$expected" ]
  kubectl -n sonobuoy get pod sonobuoy -o jsonpath='{.spec.containers[0].image}' | grep -qxF "$1"
  exits 0 ours retrieve -f run.tar.gz
  reads run.tar.gz
}

@test "our workers send to stock's aggregator" { other_worker "$stock_image" "$OUR_IMAGE"; }
@test "stock's workers send to our aggregator" { other_worker "$OUR_IMAGE" "$stock_image"; }
