#!/usr/bin/env bats
# Files that people name, object stores and API servers that nobody made in good faith.
# shellcheck disable=SC2154
load helpers
load hostile

# --- files that people name ------------------------------------------------------------------------------

# ends STATUS MIB WORD COMMAND...: within 20 s and so much memory, with that word and nothing that a terminal obeys
ends() {
  local wanted=$1 mib=$2 word=$3 code rss where
  shift 3
  read -r _ code rss < <("$BATS_TEST_DIRNAME/verbs" said --words "$@")
  where="exit status $code, $rss MiB: $*: $(head -c 2000 said/words.said | cat -v)"
  [ "$code" -eq "$wanted" ] || fails "not $wanted: $where"
  [ -n "$sanitized" ] || [ "$rss" -le "$mib" ] || fails "too much memory: $where"
  grep -qE -e "$word" said/words.said || fails "no word of \"$word\": $where"
  plain said/words.said || fails "$where"
}

# written: hostile files of all kinds that are read as YAML or JSON; `kubeconfig` is one of a server that is not there
written() {
  python3 - <<'PYTHON'
def write(name, *pieces):
    with open(name, "wb") as out:
        for piece in pieces:
            out.write(piece)

write("binary", bytes(range(256)) * 50)
write("nul", b"rules: []\0more")
write("deep", b"[" * 10000 + b"]" * 10000)
write("indented", *(b" " * depth + b"a:\n" for depth in range(1300)))
write("laughs", b"a0: &a0 [" + b"x," * 10 + b"x]\n",
      *(b"a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 10)) for i in range(1, 10)))
write("types", b'{"clusters": "x", "contexts": [1, {"name": 2}], "users": {}, "current-context": []}')
write("large", b"a: ", b"x" * (100 << 20))
write("escape", b'{"clusters": [], "contexts": [], "current-context": "\\u001b[31mred"}')
write("empty")
PYTHON
  printf '%s\n' '{"apiVersion": "v1", "kind": "Config", "current-context": "a",
    "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "a", "user": {}}]}' >kubeconfig
  export KUBECONFIG=kubeconfig
}

@test "kubeconfigs: each is refused with a word" {
  written
  local file word
  while read -r file word; do
    ends 1 96 "$word" backup create x -q --request-timeout 2s --kubeconfig "$file"
  done <<'TABLE'
binary     not valid YAML
nul        not valid YAML
deep       nested too deep
indented   nested too deep
laughs     aliases expand to too much
types      clusters are not a list
large      larger than 16.0 MiB
escape     no context is named "\\x1b\[31mred"
/dev/zero  larger than 16.0 MiB
TABLE
  ends 2 96 "no current-context" backup create x -q --kubeconfig empty
  # A plugin that does not stop, and one that says nothing of use.
  for file in yes date; do
    jq --arg command "$file" '.users[0].user.exec = {apiVersion: "client.authentication.k8s.io/v1", command: $command, interactiveMode: "Never"}' kubeconfig >plugin
    ends 1 96 "credential plugin $file" backup create x -q --request-timeout 2s --kubeconfig plugin
  done
}

# bats test_tags=long
@test "modifiers, policies, Backup objects and plans: each is refused with a word" {
  written
  "$BATS_TEST_DIRNAME/hostile-archive" "$store" good
  local file word plan_word
  while IFS='|' read -r file codes word plan_word; do
    read -r -a codes <<<"$codes"
    ends "${codes[0]}" 96 "$word" backup create x --resource-policies-file "$file" --request-timeout 2s
    ends "${codes[0]}" 96 "$word" restore create r --from-backup b --resource-modifier-file "$file" --request-timeout 2s
    ends "${codes[0]}" 96 "$word|does not hold" backup create x -f "$file" --request-timeout 2s
    ends "${codes[1]}" 96 "$plan_word" restore create --plan-file "$file" --request-timeout 2s
  done <<'TABLE'
binary|2 1|no text|not valid JSON
nul|2 1|no text|not valid JSON
deep|1 1|nested too deep|deeper than 1000
indented|1 1|nested too deep|not valid JSON
laughs|1 1|aliases expand to too much|not valid JSON
types|1 1|unknown key|is no plan
large|2 1|larger than 1.0 MiB|--limit-file-size
escape|1 1|unknown key|is no plan
missing|2 2|No such file|No such file
/dev/zero|2 1|larger than 1.0 MiB|--limit-file-size
TABLE
}

# bats test_tags=long
@test "plans: version, kinds of values, nothing twice" {
  written
  local good='{"apiVersion": "ark.seaworthy.dev/v1", "kind": "RestorePlan", "restore": {}, "items": []}' filter word
  while IFS='|' read -r filter word; do
    jq "${filter/ # / | }" <<<"$good" >plan.json
    ends 1 96 "$word" restore create --plan-file plan.json --request-timeout 2s
  done <<'TABLE'
.apiVersion = "ark.seaworthy.dev/v2"|its apiVersion is ark.seaworthy.dev/v2
del(.apiVersion)|its apiVersion is missing
.apiVersion = 1|its apiVersion is missing
.restore = "x"|no Restore object
.items = {}|is no plan
.items = [1]|of another type
.items = [{action: "create", resource: "a", name: "b", checked: "yes"}]|of another type
.items = [{action: "create", resource: "a", name: "b", checked: true, namespace: 1}]|of another type
.items = [{action: "burn", resource: "a", name: "b", checked: true}]|none of create, update
.items = [{action: "create", resource: "a", name: 1, checked: true}]|no resource or name
.items = ({action: "create", resource: "a", name: "b", checked: true} as $item # [$item, $item])|has a /b twice
TABLE
}

# --- servers ---------------------------------------------------------------------------------------------

teardown() { [ -z "${server_pid:-}" ] || kill "$server_pid"; }

# serves CASE: from $url
serves() {
  [ -z "${server_pid:-}" ] || kill "$server_pid"
  rm -f url
  "$cluster/hostile-server" "$1" url </dev/null >/dev/null 2>&1 3>&- &
  server_pid=$!
  timeout 20 bash -c 'until [ -e url ]; do sleep 0.02; done' || fails "no server: $1"
  url=$(<url)
}

# bats test_tags=long
@test "an object store: headers, bodies, XML and listings without end" {
  export AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret
  local case word
  while read -r case word; do
    serves "$case"
    ends 1 96 "$word" backup get --location "s3://bucket/p?region=eu-west-1&s3Url=$url"
  done <<'TABLE'
header      headers are larger than 100 KiB
headers     headers are larger than 100 KiB
body        larger than 33554432 bytes
chunks      larger than 33554432 bytes
xml-bomb    not valid XML
xml-deep    not valid XML
same-token  continuation token repeats itself
endless     more than 1000000 keys
garbage     not valid XML
TABLE
}

# bats test_tags=long
@test "an API server: headers, bodies, JSON and lists without end" {
  local case word mib
  while read -r case mib word; do
    serves "$case"
    jq -n --arg url "$url" '{apiVersion: "v1", kind: "Config", "current-context": "a", contexts: [{name: "a", context: {cluster: "a"}}], clusters: [{name: "a", cluster: {server: $url}}]}' >kubeconfig
    # A quarter of a gigabyte takes sanitizers longer.
    ends 1 "$mib" "$word" backup create x -q --request-timeout "${sanitized:+4}5s" --kubeconfig kubeconfig
    [ ! -e "$store/backups/x/velero-backup.json" ]
  done <<'TABLE'
header               96 headers are larger than 100 KiB
headers              96 headers are larger than 100 KiB
body                 320 larger than 268435456 bytes
chunks               320 larger than 268435456 bytes
json-deep            96 deeper than 1000
json-token           96 continue token repeats itself
garbage              96 not valid JSON
discovery-header     96 headers are larger than 100 KiB
discovery-body       320 larger than 268435456 bytes
discovery-garbage    96 not valid JSON
discovery-json-deep  96 deeper than 1000
TABLE
}
