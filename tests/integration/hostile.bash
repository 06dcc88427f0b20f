# shellcheck shell=bash disable=SC2034,SC2154
# What tests of input that nobody made in good faith share: a clear error, in bounded time and memory, nothing written
# outside its place, nothing on the terminal but text.

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
