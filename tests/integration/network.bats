#!/usr/bin/env bats
# What the network's probes of a run mean: without a cluster, on runs made here.
# shellcheck disable=SC2154
load helpers
export SONOBUOY=${SONOBUOY:-$root/build/sonobuoy}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

sonobuoy() { "$SONOBUOY" "$@"; }
check() { "$BATS_TEST_DIRNAME/check-report" "$@"; }
make_run() {
  rm -rf run
  "$BATS_TEST_DIRNAME/make-network-run" run "$@"
}

# causes: of the run, a line each
causes() { sonobuoy network run -o json --fail-on never | jq -r '.causes[] | .severity + " " + .title'; }

# says_causes FAULTS... -- LINES...: a run with these faults has these causes, and no other
says_causes() {
  local faults=()
  while [ "$1" != -- ]; do
    faults+=("$1")
    shift
  done
  shift
  make_run "${faults[@]}"
  diff - <(causes) <<<"$(printf '%s\n' "$@")" || fails "of ${faults[*]}"
}

@test "a sound network has no cause: exit 0, and a line a probe" {
  make_run --families IPv4,IPv6
  exits 0 sonobuoy network run --fail-on warn
  says "3 nodes; 3 of 3 pods were ready; 168 findings in 12.5 s: 168 passed, 0 warnings, 0 failed, 0 not tried"
  grep -qE '^pod-mtu +IPv6 +6 +0 +0 +0 +1500 bytes$' <<<"$output"
  run ! grep -q -e '^fail' -e '^warn' -e 'from \\ to' <<<"$output"
  exits 0 sonobuoy network run -o json
  jq -e '.outcome == "pass" and .causes == [] and (.findings | length) == 168 and .summary.pass == 168' <<<"$output"
}

@test "each fault is one cause with its nodes; what it brings about is not told again" {
  says_causes --nodes 5 all -- "fail No pod reaches a pod on another node"
  says_causes --nodes 5 row=node2 -- "fail Pods on node2 reach no pod on another node, though they are reached"
  says_causes --nodes 5 column=node2 -- "fail Pods on node2 are reached from no other node"
  says_causes --nodes 5 cut-off=node2 -- "fail Pods on node2 reach no pod on another node, and none reaches them"
  says_causes --nodes 5 split=2 -- \
    "fail Pods of these groups of nodes do not reach each other: node3, node4, node5; node1, node2"
  says_causes --nodes 5 pair=node1:node3 -- \
    "fail Pods of some nodes do not reach those of some others: node1 to node3"
  says_causes --nodes 5 udp -- "fail UDP does not pass between pods of different nodes, TCP does"
  says_causes --nodes 5 tcp -- "fail TCP does not pass between pods of different nodes, UDP does"
  says_causes mtu=1430 -- "fail Packets of more than 1430 bytes are lost between all nodes; pods send up to 1500"
  says_causes loss=node3 -- "fail Packets to node3 are lost (14 %)"
  says_causes --nodes 4 clock=node2:-41.5 -- "fail The clock of node2 is 41.5 s slow"
  says_causes services=node2 -- "fail Services are not reached by their cluster addresses from node2"
  says_causes services=all -- "fail Services are reached by their cluster addresses from no node"
  says_causes node-port=node1 -- "fail Node ports of node1 do not answer"
}

@test "DNS, the API server and what is outside the cluster" {
  says_causes dns=all -- "fail DNS answers on no node"
  says_causes dns=node3 -- "fail DNS does not answer on node3, elsewhere it does"
  says_causes dns-udp -- "fail DNS answers over TCP, not over UDP"
  says_causes dns-external -- "fail DNS answers names of the cluster, not those outside it"
  says_causes api -- "fail Pods reach the API server from no node"
  says_causes egress=all -- "fail Nothing outside the cluster is reached from any node"
  says_causes egress=all dns-external -- \
    "fail Nothing outside the cluster is reached, and names outside it are not resolved"
  says_causes egress=node2 -- "fail Pods on node2 reach nothing outside the cluster, those elsewhere do"
  says_causes egress=registry.example -- "fail registry.example:443 is reached from no node"
  says_causes opened -- \
    "warn TLS is opened on the way by a proxy, or the authority is not known: api.cloud.example:443, registry.example:443"
}

@test "a family is named where only one of two is hit; several causes stand side by side, failures first" {
  says_causes --families IPv4,IPv6 IPv6/all -- "fail IPv6: No pod reaches a pod on another node"
  says_causes --families IPv4,IPv6 all -- "fail No pod reaches a pod on another node"
  says_causes --families IPv6 all -- "fail No pod reaches a pod on another node"
  says_causes --nodes 6 --families IPv4,IPv6 row=node4 policy slow=node1 IPv4/mtu=1300 -- \
    "fail Pods on node4 reach no pod on another node, though they are reached" \
    "fail IPv4: Packets of more than 1300 bytes are lost between all nodes; pods send up to 1500" \
    "warn Round trips to node1 are slow (80 ms)" "warn NetworkPolicies are not enforced in this cluster"
}

@test "a table: causes in three lines each, then the matrices of what did not all pass" {
  make_run row=node1
  exits 1 sonobuoy network run
  says "fail Pods on node1 reach no pod on another node, though they are reached (likely, explains 14 findings)" \
    "  14 findings of api, dns-udp, dns-tcp, dns-external, pod-tcp, pod-udp, node-port, service-tcp, service-udp, egress; such as node1 to node2 (pod-tcp IPv4): no answer within 2 s from 10.244.2.5:8765. The same pods reach these nodes' own addresses: it is the network of the pods" \
    "    Look at the CNI's pod on node1 and its log"
  diff - <(sed -n '/^pod to pod, TCP/,/^$/p' <<<"$output" | sed 's/ *$//') <<'END'
pod to pod, TCP (pod-tcp IPv4): 2 failed, 0 warnings, 0 not tried, 4 passed
  from \ to  1  2  3
   1 node1      X  X
   2 node2   .     .
   3 node3   .  .

END
  run ! grep -q '^latency (' <<<"$output"
  exits 1 sonobuoy network run -o wide
  grep -q '^latency (latency IPv4): 0 failed, 0 warnings, 2 not tried, 4 passed$' <<<"$output"
  grep -qE '^ +2 node2 +0.30 +0.30 *$' <<<"$output"
}

@test "nodes without results are told with the aggregator's word, files that cannot be read with why" {
  says_causes --nodes 4 --missing node2="pod p on node2: ImagePullBackOff" -- "fail There are no results from node2"
  exits 1 sonobuoy network run
  says "4 nodes, 1 of them without results; 4 of 4 pods were ready" "  pod p on node2: ImagePullBackOff"
  echo '{' >run/plugins/network/results/node3/network.json
  sed -i 's/"node": "node4"/"node": "node9"/' run/plugins/network/results/node4/network.json
  exits 1 sonobuoy network run -o json
  jq -e '[.nodes[] | select(.missing) | .name] == ["node2", "node3", "node4"]
    and (.nodes[2].missing | startswith("plugins/network/results/node3/network.json"))
    and .nodes[3].missing == "plugins/network/results/node4/network.json: it is of node node9, not of node4"' <<<"$output"
}

@test "exit codes: what failed, what is a warning, what cannot be read, wrong use" {
  make_run policy
  exits 0 sonobuoy network run
  exits 1 sonobuoy network run --fail-on warn
  make_run all
  exits 1 sonobuoy network run
  exits 0 sonobuoy network run --fail-on never
  exits 3 sonobuoy network missing
  says "archive missing: No such file or directory"
  exits 3 sonobuoy network run -p other
  says "the archive has no plugins/other/results/NODE/network.json; plugins that ran: network; 'sonobuoy run --plugin network --wait' makes them"
  exits 3 sonobuoy network run --output-file none/report
  says "none/report cannot be written: No such file or directory"
  exits 2 sonobuoy network run -o pdf
  exits 2 sonobuoy network
  make_run --nodes 1
  jq -c '.probes = []' run/plugins/network/results/node1/network.json >bare
  mv bare run/plugins/network/results/node1/network.json
  exits 3 sonobuoy network run
}

@test "the same from a folder, an archive and standard input, and to a file" {
  make_run mtu=1400
  tar -czf run.tar.gz -C run .
  exits 1 sonobuoy network run -o json
  local form=$output
  exits 1 sonobuoy network run.tar.gz -o json
  [ "$output" = "$form" ]
  exits 1 bash -c '"$SONOBUOY" network - -o json <run.tar.gz'
  [ "$output" = "$form" ]
  exits 1 sonobuoy network run.tar.gz -o json --output-file report
  [ "$(<report)" = "$form" ]
  head -c "$(($(stat -c %s run.tar.gz) / 2))" run.tar.gz >cut.tar.gz
  exits 3 sonobuoy network cut.tar.gz
  says "archive cut.tar.gz: "
}

@test "HTML: a page that stands alone: causes, probes, matrices with a title a cell" {
  make_run --nodes 4 row=node1 policy
  exits 1 sonobuoy network run -o html --output-file report
  check html report >lines
  diff - <(grep ^article lines) <<'END'
article Pods on node1 reach no pod on another node, though they are reached
article NetworkPolicies are not enforced in this cluster
END
  grep -q '<td class="failed" title="node1 to node2: fail, no answer within 2 s from 10.244.2.5:8765">' report
  grep -q '<td class="passed" title="node2 to node1: pass, 0.30 ms">0.30</td>' report
  make_run --nodes 60 cut-off=node7
  exits 1 sonobuoy network run -o html --output-file report
  check html report >lines
  grep -q '<tr class="entry"><td>node7</td><td class="message"><span title="no answer within 2 s' report
  [ "$(stat -c %s report)" -lt 300000 ]
}

@test "hostile names and words: text in every form, and nothing else" {
  make_run --hostile
  exits 1 sonobuoy network run -o html --output-file report
  check html report >lines
  grep -qF '&lt;script&gt;alert(1)&lt;/script&gt;' report
  exits 1 sonobuoy network run -o json
  jq -e '[.findings[].to] | index("<script>alert(1)</script>") != null and index("\u001b]0;title\u0007") != null' <<<"$output"
  local form
  for form in table wide; do
    exits 1 sonobuoy network run -o "$form" --output-file report
    run ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae' report
    grep -qF '\x1b]0;title\x07' report
  done
}

@test "2000 nodes with 8 peers each: seconds, and little memory" {
  make_run --nodes 2000 cut-off=node1234 loss=node77 --missing node5=lost
  tar -czf run.tar.gz -C run .
  local form
  for form in table html json; do
    exits 1 python3 -c 'import resource, subprocess, sys, time
begin = time.monotonic()
code = subprocess.run(sys.argv[1:]).returncode
with open("measured", "w") as out:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, "MiB,", round(time.monotonic() - begin, 2), "s", file=out)
sys.exit(code)' "$SONOBUOY" network run.tar.gz -o "$form" --output-file "report.$form"
    echo "# $form: $(<measured), $(stat -c %s "report.$form") bytes" >&3
    is_sanitized "$SONOBUOY" || [ "$(cut -d' ' -f1 measured)" -lt 96 ] || fails "$(<measured)"
  done
  diff - <(jq -r '.causes[].title' report.json) <<'END'
Pods on node1234 reach no pod on another node, and none reaches them
There are no results from node5
Packets to node77 are lost (14 %)
END
  check html report.html >lines
  [ "$(wc -l <report.table)" -lt 150 ]
}
