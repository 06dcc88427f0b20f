#!/usr/bin/env bats
# Commands that need no cluster: what ours print is what stock's print.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
stock=$("$root/tests/cluster/build" --bin)/sonobuoy
ours=${SONOBUOY:-$root/build/sonobuoy}
# shellcheck source=tests/cluster/versions
. "$root/tests/cluster/versions"
python=${SEAWORTHY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/seaworthy}/moto-$MOTO_VERSION/bin/python

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export SONOBUOY_DIR=$PWD/installed KUBECONFIG=$PWD/none HOME=$PWD
  cat >job.yaml <<'YAML'
sonobuoy-config: {driver: Job, plugin-name: my-job, result-format: manual, order: 2, result-files: [a.yaml],
  source-url: 'https://example.org/job.yaml', description: what it is}
spec: {name: mine, image: example.org/job:v1, env: [{name: Z, value: z}, {name: a, value: a}], resources: {}}
config-map: {settings.yaml: "a: 1"}
YAML
  printf 'sonobuoy-config: {driver: DaemonSet, plugin-name: nodes}\nspec: {name: nodes, image: example.org/nodes, resources: {}}\n' >nodes.yaml
}

# fails TEXT: ends a test with a word
fails() {
  echo "$*" >&2
  return 1
}

# same COMMAND...: both print the same, and it is some
same() {
  "$stock" "$@" >theirs 2>log </dev/null || fails "$(cat log)" || return
  "$ours" "$@" >mine </dev/null || return
  [ -s theirs ]
  diff theirs mine
}

# shown PLUGIN...: both show the same definition of what either has installed
shown() {
  local name
  for name; do
    "$stock" plugin show "$name" 2>log | "$python" "$BATS_TEST_DIRNAME/sonobuoy-manifest" --plugin >theirs
    "$ours" plugin show "$name" | "$python" "$BATS_TEST_DIRNAME/sonobuoy-manifest" --plugin >mine
    [ -s theirs ]
    diff theirs mine
  done
}

# --- plugins --------------------------------------------------------------------------------------

@test "plugin: what one installs the other lists, shows and removes" {
  run -0 "$ours" plugin list
  [ -z "$output" ]
  [ ! -e installed ]
  run -0 "$ours" plugin install one job.yaml
  [ "$output" = "Installed plugin my-job into file $SONOBUOY_DIR/one.yaml from source job.yaml" ]
  run -0 "$stock" plugin install two ./nodes.yaml
  run -0 "$ours" plugin install three.yaml ./nodes.yaml
  same plugin list
  [ "$(grep -c '^Run as: ' mine)" = 3 ]
  same plugins list
  shown one two three one.yaml
  # One that replaces another is whole.
  run -0 "$ours" plugin install one nodes.yaml
  shown one
  run -0 "$stock" plugin uninstall one
  run -0 "$ours" plugin uninstall two
  [ "$output" = "Uninstalled plugin file $SONOBUOY_DIR/two.yaml" ]
  [ "$(ls installed)" = three.yaml ]
  # What is installed runs by its name.
  run -0 "$ours" gen -p three --kubernetes-version ignore
  [[ $output == *example.org/nodes* ]]
}

@test "plugin install: nothing is written for what is no plugin, or a name that leads out" {
  run -0 "$ours" plugin install old job.yaml
  cp -a installed before
  echo 'no: plugin' >bad.yaml
  local name source
  while read -r name source; do
    run -1 "$ours" plugin install "$name" "$source"
    [[ $output == sonobuoy:* ]] || fails "$output"
  done <<'BAD'
old bad.yaml
new bad.yaml
new none.yaml
new http://127.0.0.1:1/plugin.yaml
../out job.yaml
a/b job.yaml
/tmp/out job.yaml
.hidden job.yaml
.. job.yaml
.yaml job.yaml
BAD
  run -1 "$ours" plugin install "" job.yaml
  run -1 "$ours" plugin install $'a\nb' job.yaml
  diff -r before installed
  [ ! -e out.yaml ]
  run -1 "$ours" plugin uninstall ../job
  run -1 "$ours" plugin show ../job
  [ -e job.yaml ]
}

@test "plugin list: what is broken is told of, and the others are listed" {
  mkdir installed
  cp nodes.yaml installed/good.yaml
  echo 'no plugin' >installed/broken.yaml
  echo text >installed/other.txt
  run -3 --separate-stderr "$ours" plugin list
  [[ $stderr == *broken.yaml* && $output == "Run as: good"* ]]
  [ "$output" = "$("$stock" plugin list 2>log)" ]
  run -1 "$ours" plugin show broken
  run -1 "$ours" plugin show goo
  [[ $output == *"did you mean good?"* ]]
  # It can be taken away all the same.
  run -0 "$ours" plugin uninstall broken
  same plugin list
}

@test "plugin install: from a URL" {
  exec 4< <(exec python3 -u -c '
import http.server, sys
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_port)
server.serve_forever()' 2>/dev/null)
  local server=$! port
  read -r port <&4
  run "$ours" plugin install web "http://127.0.0.1:$port/job.yaml"
  local first=$status
  run "$ours" plugin install web "http://127.0.0.1:$port/none.yaml"
  kill "$server"
  exec 4<&-
  [ "$first" -eq 0 ] && [ "$status" -eq 1 ] && [[ $output == *"404"* ]]
  shown web
}

# --- modes, end-to-end tests ------------------------------------------------------------------------

@test "modes" {
  # Stock describes them in other words.
  local options
  for options in "" --verbose; do
    # shellcheck disable=SC2086
    "$stock" modes $options 2>log | grep -v ^Description: >theirs
    # shellcheck disable=SC2086
    "$ours" modes $options | grep -v ^Description: >mine
    [ "$(grep -c ^Mode: mine)" = 4 ]
    diff theirs mine
  done
}

# listed OPTIONS...: both make the same of the 7201 tests of Kubernetes 1.30
listed() {
  "$stock" e2e --input offline --version v1.30.0 "$@" >theirs 2>log || fails "$(cat log)" || return
  "$ours" e2e --input names "$@" >mine
  diff theirs mine
}

@test "e2e: names and tags that expressions choose" {
  run -0 --separate-stderr "$stock" e2e --input offline --version v1.30.0
  printf '%s\n' "$output" >names
  [ "$(wc -l <names)" -gt 7000 ]
  local mode focus skip
  for mode in tests tags tagCounts; do
    listed --mode "$mode"
    while IFS=';' read -r focus skip; do
      listed --mode "$mode" -f "$focus" -s "$skip"
      [ -s mine ] || fails "none: $focus"
    done <<'EXPRESSIONS'
\[Conformance\];\[Serial\]|\[Slow\]
(?i)serial;
^\[It\] \[sig-(apps|node)\] [^\[]*$;
Pods should be submitted and removed;NodeConformance\] \[Disruptive
\bDNS\b.*(cluster|service)s?;Feature:\w+
\[MinimumKubeletVersion:1\.2[0-3]\];(?:LinuxOnly|Windows)
\Q[sig-storage]\E CSI;x{2,3}
[[:upper:]]{4,};sig-(network|storage)
s+?hould .{5,30}ed$;[\]\[]{2}
EXPRESSIONS
  done
  # The same from standard input, and what the program prints itself.
  [ "$("$ours" e2e -i - -m tagCounts <names)" = "$("$stock" e2e -i - --version v1.30.0 -m tagCounts <names 2>log)" ]
}

@test "e2e: expressions that are none are refused by both" {
  printf 'a [x]\n' >names
  local expression
  while IFS= read -r expression; do
    run -1 "$stock" e2e --input offline --version v1.30.0 -f "$expression"
    run -1 "$ours" e2e --input names -f "$expression"
    [[ $output == *"no regular expression"* ]] || fails "$output"
  done <<'EXPRESSIONS'
(
a(?=b)
(?<!a)b
(a)\1
(?>a)
a*+
a**
a{2}+
a{1001}
\Z
\h
\K
(?x)a
(*COMMIT)
[a
EXPRESSIONS
  run -0 "$ours" e2e --input names -f '\[x'
}

@test "e2e: the tests of a run, of a program, of JUnit's XML; without any, what to give" {
  "$BATS_TEST_DIRNAME/sonobuoy-run" run >list
  # Stock's archive has the plugin's results as a tree.
  mv run/plugins/junit-one run/plugins/e2e
  cat >run/plugins/e2e/sonobuoy_results.yaml <<'YAML'
name: e2e
meta: {type: summary}
items:
- name: junit_01.xml
  meta: {type: file, file: results/global/junit_01.xml}
  items: [{name: suite, items: [{name: '[sig-quay] ships moor [Conformance]', status: passed}, {name: '[sig-quay] cranes turn', status: skipped}]}]
YAML
  tar czf run.tar.gz -C run meta plugins
  run -0 "$ours" e2e --input run.tar.gz
  [ "$output" = $'[sig-quay] ships moor [Conformance]\n[sig-quay] cranes turn' ]
  run -0 "$ours" e2e --input run -f Conformance -m tags
  [ "$output" = $'[Conformance]\n[sig-quay]' ]
  run -0 "$ours" e2e --input run/plugins/e2e/results/global/junit_01.xml -f cranes
  [ "$output" = '[It] [sig-quay] <cranes> turn' ]
  cat >e2e.test <<'SH'
#!/bin/sh
[ "$*" = --list-tests ] || exit 9
echo "I1125 a log" >&2
printf "The following spec names can be used with 'ginkgo run --focus/skip':\n    test/e2e/quay.go:7: [sig-quay] ships moor\n    a/b.go:12: [sig-b] x: 1: y\n\n"
SH
  chmod +x e2e.test
  run -0 --separate-stderr "$ours" e2e --program e2e.test
  [ "$output" = $'[sig-quay] ships moor\n[sig-b] x: 1: y' ]
  ./e2e.test --list-tests >printed 2>log
  [ "$("$ours" e2e --input printed)" = "$output" ]
  printf '#!/bin/sh\necho "no such flag" >&2\nexit 2\n' >e2e.test
  run -1 "$ours" e2e --program ./e2e.test
  [[ $output == *"no such flag"*"./e2e.test failed with exit status 2"* ]]
  run -1 "$ours" e2e --program none.test
  [[ $output == *"./none.test cannot be started"* ]]
  rm run/plugins/e2e/sonobuoy_results.yaml
  run -1 "$ours" e2e --input run
  local input
  for input in "" "--input online" "--input offline" "--version v1.30.0" "--input run --program e2e.test" "--mode all --input printed"; do
    # shellcheck disable=SC2086
    run -2 "$ours" e2e $input
  done
  run -2 "$ours" e2e
  [[ $output == *"--input"*"--program"* ]]
  run -2 "$ours" e2e --input - <run.tar.gz
  # What is no text is not printed.
  head -c 100000 "$ours" >binary
  run -1 "$ours" e2e --input binary
  [[ $output == *"no list of tests"*"--program"* && ${#output} -lt 1000 ]]
  run -1 "$ours" e2e --input - <binary
}

# --- images, version ----------------------------------------------------------------------------------

@test "images: those of a run" {
  # With the plugin e2e stock's needs docker.
  "$stock" images -p systemd-logs --kubernetes-version v1.30.1 2>log | sed 's/v0\.57\.5$/v1/' >theirs
  "$ours" images -p systemd-logs --sonobuoy-image sonobuoy/sonobuoy:v1 >mine
  [ "$(wc -l <theirs)" = 2 ]
  diff theirs mine
  cat >with-more.yaml <<'YAML'
sonobuoy-config: {driver: Job, plugin-name: more}
spec: {image: "example.org/more:$SONOBUOY_K8S_VERSION"}
podSpec:
  containers: [{name: beside, image: example.org/beside}, {name: same, image: example.org/nodes}]
  initContainers: [{name: before, image: example.org/before}]
YAML
  run -0 --separate-stderr "$ours" images list -p with-more.yaml,nodes.yaml -p job.yaml --plugin-image my-job:example.org/other --kubernetes-version v1.30.1 --sonobuoy-image example.org/sonobuoy
  [ "$(xargs <<<"$output")" = "example.org/sonobuoy example.org/more:v1.30.1 example.org/before example.org/beside example.org/nodes example.org/other" ]
  # The version is asked for where it is a part of a name only.
  run -2 "$ours" images -p with-more.yaml
  [[ $output == *"no cluster is configured"* ]]
  run -1 "$ours" images -p none-such
}

@test "images: those that end-to-end tests use, by their program" {
  run -0 --separate-stderr "$ours" images --kubernetes-version v1.30.1
  [[ $output == *$'sonobuoy/systemd-logs:v0.4\nregistry.k8s.io/conformance:v1.30.1' ]]
  [[ $stderr == *"--program"* ]]
  cat >e2e.test <<'SH'
#!/bin/sh
[ "$*" = --list-images ] || exit 9
echo "Listing images:"
repository=${KUBE_TEST_REPO:-registry.k8s.io/e2e-test-images}
printf '%s/%s\n' "$repository" agnhost:2 "$repository" busybox:1 "$repository" agnhost:2
SH
  chmod +x e2e.test
  run -0 --separate-stderr "$ours" images list -p e2e --kubernetes-version v1.30.1 --program e2e.test --sonobuoy-image i --plugin-env e2e.KUBE_TEST_REPO=example.org
  [ "$output" = $'i\nregistry.k8s.io/conformance:v1.30.1\nexample.org/agnhost:2\nexample.org/busybox:1' ]
  [ -z "$stderr" ]
  printf '#!/bin/sh\nexit 2\n' >e2e.test
  run -1 --separate-stderr "$ours" images --kubernetes-version v1.30.1 --program ./e2e.test
  [ -z "$output" ]
}

@test "gen default-image-config: the same, and no cluster is asked for it" {
  # Stock wants to see a version, of which nothing is in what it prints.
  exec 4< <(exec python3 -u -c '
import http.server
class Version(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"{\"major\": \"1\", \"minor\": \"30\", \"gitVersion\": \"v1.30.1\"}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer(("127.0.0.1", 0), Version)
print(server.server_port)
server.serve_forever()' 2>/dev/null)
  local server=$! port first=0
  read -r port <&4
  printf '{current-context: c, contexts: [{name: c, context: {cluster: k}}], clusters: [{name: k, cluster: {server: "http://127.0.0.1:%s"}}]}' "$port" >config
  "$stock" gen default-image-config --kubeconfig config >theirs 2>log || first=$?
  kill "$server"
  exec 4<&-
  [ "$first" -eq 0 ] || fails "$(cat log)"
  "$ours" gen default-image-config >mine
  [ "$(grep -c : mine)" = 9 ]
  diff theirs mine
}

@test "version: the same lines, but for those of Go" {
  run -0 "$ours" version --short
  [[ $output =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]]
  run -0 "$ours" version
  [[ $output == "Sonobuoy Version: v"* ]]
  "$stock" version | sed '/^GitSHA/d; /^GoVersion/d; s/^\(Sonobuoy Version:\).*/\1/' >theirs
  "$ours" version | sed 's/^\(Sonobuoy Version:\).*/\1/' >mine
  diff theirs mine
  # A cluster that is asked for, and does not answer.
  run -3 "$ours" version --kubeconfig none
}
