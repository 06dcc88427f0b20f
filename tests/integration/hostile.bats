#!/usr/bin/env bats
# Input that nobody made in good faith: a clear error, in bounded time and memory, nothing written outside its place,
# nothing on the terminal but text. Backups, files, object stores and API servers.
# shellcheck disable=SC2154
load helpers

setup() {
  location_here
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
  mkdir -p "$TMPDIR" "$BATS_TEST_TMPDIR/work"
  cd "$BATS_TEST_TMPDIR/work" || return
  # Limits that are reached sooner than the default ones.
  export ARK_CONFIG=$TMPDIR/limits.yaml
  printf 'limit-entries: 2000000\nlimit-file-size: 64Mi\n' >"$ARK_CONFIG"
  sanitized=
  if is_sanitized "$ARK"; then
    sanitized=yes
    export SLOW=yes
  fi
}

outside=/tmp/ark-hostile-outside.json

# tree: all there is but what the verbs may write. A directory's size is the file system's affair.
tree() {
  find "$BATS_TEST_TMPDIR" /tmp/ark-hostile* -path "$BATS_TEST_TMPDIR/said" -prune -o \
    -type d -printf '%p d\n' -o -printf '%p %y %s %l\n' 2>/dev/null | sort
}

# plain FILE: nothing that a terminal obeys
plain() { ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' "$1" || fails "control characters: $(cat -v "$1")"; }

# meets MIB MODE: for each line of stdin "CASE CODE... WORDS": the verbs end so, and those that end with other than 0
# (verify: and 3) say one of the words, which '|' separates.
meets() {
  local mib=$1 mode=$2 name codes words verb code rss i before where
  while read -r name codes[{0..7}] words; do
    [ -n "$name" ] || continue
    rm -rf "$store" said
    "$BATS_TEST_DIRNAME/hostile-archive" "$store" "$name" ${mode:+"$mode"}
    [ -z "$mode" ] || codes[0]=1 # its checksums are missing
    before=$(tree)
    i=0
    while read -r verb code rss; do
      where="$name, $verb: exit status $code, $rss MiB: $(head -c 2000 "$BATS_TEST_TMPDIR/said/$verb.said" | cat -v)"
      [ "$code" -eq "${codes[i]}" ] || fails "not ${codes[i]}: $where"
      [ -n "$sanitized" ] || [ "$rss" -le "$mib" ] || fails "too much memory: $where"
      ((code == 0 || (code == 3 && i == 0))) || [ -n "$mode" ] || grep -qE -e "$words" "$BATS_TEST_TMPDIR/said/$verb.said" ||
        fails "no word of \"$words\": $where"
      plain "$BATS_TEST_TMPDIR/said/$verb.said" || fails "$where"
      i=$((i + 1))
    done < <("$BATS_TEST_DIRNAME/verbs" "$BATS_TEST_TMPDIR/said")
    [ "$i" -eq 8 ] || fails "$name: $i verbs"
    diff <(echo "$before") <(tree) || fails "$name: files that were not there before"
    [ ! -e "$outside" ] || fails "$name: $outside"
    [ ! -e "$BATS_TEST_TMPDIR/said/export" ] || [ -z "$(find "$BATS_TEST_TMPDIR/said/export" -type l -o -type p)" ]
    rm -rf "$BATS_TEST_TMPDIR/said"
  done
}

#                  verify ls cat export diff describe logs get
paths='
good                  3 0 0 0 0 0 0 0
dot-dot               1 1 1 1 2 0 0 0 outside its directory
absolute              1 1 1 1 2 0 0 0 outside its directory
symlink               1 1 1 1 2 0 0 0 not a regular file
hardlink              1 1 1 1 2 0 0 0 not a regular file
device                1 1 1 1 2 0 0 0 not a regular file
fifo                  1 1 1 1 2 0 0 0 not a regular file
directory             3 0 0 0 0 0 0 0
twice                 1 0 0 0 0 0 0 0 in the archive twice
deep-path             1 1 1 1 2 0 0 0 --limit-path-length
long-name             1 1 1 1 2 0 0 0 --limit-path-length
slash-name            3 0 0 0 0 0 0 0
empty-name            3 0 0 0 0 0 0 0
nul-name              3 0 0 0 0 0 0 0
nul-value             1 0 0 0 0 0 0 0 does not name it
bad-utf8-name         1 0 0 1 0 0 0 0 its name is bad|another name
bad-utf8-value        1 0 0 1 2 0 0 0 not valid JSON|no JSON
escapes               1 0 0 0 0 0 0 0 does not name it'

damage='
longer-than-said      1 1 1 1 2 0 0 0 Truncated
truncated-tar         1 1 1 1 2 0 0 0 Truncated
garbage-behind        1 1 1 1 2 0 0 0 gzip data is damaged
garbage-start         1 1 1 1 2 0 0 0 gzip data is damaged
gzip-middle           1 1 1 1 2 0 0 0 damaged
gzip-crc              1 1 1 1 2 0 0 0 incorrect data check
gzip-cut              1 1 1 1 2 0 0 0 ends too early
empty-archive         1 1 1 1 2 0 0 0 ends too early
deep-json             1 0 0 1 2 0 0 0 deeper than 1000|no JSON
huge-numbers          1 0 0 0 0 0 0 0 does not name it
kind-mismatch         1 0 0 1 0 0 0 0 its kind is|its name is|another name
not-json              1 0 0 1 2 0 0 0 not valid JSON|no JSON
wrong-types           1 0 0 1 2 0 0 0 no apiVersion|another name|no metadata'

beside='
meta-types            1 0 0 0 0 0 0 0 its phase is missing
spec-types            1 0 0 0 0 0 0 0 it tells of -1 objects
results-list          1 0 0 0 0 0 0 0 does not name it
marker-100m           1 1 1 1 2 1 1 3 larger than 16 MiB|more than 16777216
marker-deep           1 1 1 1 2 1 1 3 deeper than 1000
marker-garbage        1 1 1 1 2 1 1 3 not valid JSON
marker-other          1 1 1 1 2 1 1 3 not the Backup object of b
results-bomb          1 0 0 0 0 1 1 0 --limit-ratio
results-broken        1 0 0 0 0 1 1 0 gzip data is damaged
results-deep          1 0 0 0 0 1 0 0 deeper than 1000
checksums-bomb        1 1 1 1 2 0 0 0 no list of checksums
checksums-many        1 1 1 1 2 0 0 0 --limit-entries|second checksum
checksums-garbage     1 1 1 1 2 0 0 0 no list of checksums
checksums-wrong       1 1 1 1 2 0 0 0 is not what was stored|no checksum'

sizes='
bomb-entry            1 1 1 1 2 0 0 0 --limit-entry-size
bomb-entries          1 1 1 1 2 0 0 0 --limit-ratio
bomb-behind           1 1 1 1 2 0 0 0 --limit-ratio
sparse                1 1 1 1 2 0 0 0 --limit-entry-size
huge-size             1 1 1 1 2 0 0 0 --limit-entry-size
negative-size         1 1 1 1 2 0 0 0 negative size
pax-100m              1 1 1 1 2 0 0 0 too large
big-object            1 1 1 1 2 0 0 0 --limit-entry-size
many-labels           1 1 1 1 2 0 0 0 --limit-entry-size'

# Names of objects, and one object while it is looked at, are in memory.
memory='
many-entries          1 0 0 1 2 0 0 0 no apiVersion|another name|no metadata
many-values           1 0 0 1 2 0 0 0 no apiVersion|another name|no metadata'

# bats test_tags=long
@test "backups: paths and kinds of entries" { meets 96 '' <<<"$paths"; }
# bats test_tags=long
@test "backups: damage, and objects that are none" { meets 96 '' <<<"$damage"; }
# bats test_tags=long
@test "backups: files beside the archive" { meets 96 '' <<<"$beside"; }
# bats test_tags=long
@test "backups: bombs and sizes" { meets 96 '' <<<"$sizes"; }
# bats test_tags=long
@test "backups: a million entries, an object of eight million values" { meets 448 '' <<<"$memory"; }
# bats test_tags=long
@test "backups of ark whose checksums were taken away: all the same" {
  meets 96 --ours <<<"$paths$damage$sizes"
}

@test "every case of hostile-archive stands in a table" {
  diff <("$BATS_TEST_DIRNAME/hostile-archive" --list | sort) <(awk 'NF { print $1 }' <<<"$paths$damage$beside$sizes$memory" | sort)
}

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
    ends 1 "$mib" "$word" backup create x -q --request-timeout 5s --kubeconfig kubeconfig
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

# --- limits of one's own ---------------------------------------------------------------------------------

@test "each limit can be set, by option and in the configuration file; 0 lifts it" {
  "$BATS_TEST_DIRNAME/hostile-archive" "$store" good
  local limit low word
  while read -r limit low high word; do
    exits 1 ark backup verify b "--limit-$limit=$low"
    says "--limit-$limit"
    exits 3 ark backup verify b "--limit-$limit=$high"
    exits 3 ark backup verify b "--limit-$limit=0"
    exits 2 ark backup verify b "--limit-$limit=-1"
    exits 2 ark backup verify b "--limit-$limit=x"
  done <<'TABLE'
archive-size 6143   6Ki
entries      4      5
entry-size   93     1Ki
path-length  40     200
file-size    40     1Ki
TABLE
  export ARK_CONFIG=$PWD/config.yaml
  exits 0 ark config set limit-entries 4
  exits 1 ark backup ls b
  says "more than 4 entries" --limit-entries
  exits 0 ark backup ls b --limit-entries 5
  exits 2 ark config set limit-entry-size many
  rm -rf "$store" "$ARK_CONFIG"
  "$BATS_TEST_DIRNAME/hostile-archive" "$store" many-labels
  exits 0 ark backup ls b -o name --limit-entry-size 32Mi
  says configmaps/shop/labels
  rm -rf "$store"
  "$BATS_TEST_DIRNAME/hostile-archive" "$store" bomb-behind
  exits 1 ark backup ls b --limit-ratio 0 --limit-archive-size 100Mi
  says "more than 100.0 MiB" --limit-archive-size
}
