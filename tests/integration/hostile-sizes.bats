#!/usr/bin/env bats
# Backups that are larger than they seem, and the limits that bound them.
# shellcheck disable=SC2154
load helpers
load hostile

# bats test_tags=long
@test "backups: bombs and sizes" { meets 96 '' <<<"$sizes"; }
# bats test_tags=long
@test "backups: a million entries, an object of eight million values" { meets 448 '' <<<"$memory"; }

# bats test_tags=long
@test "each limit can be set, by option and in the configuration file; 0 lifts it" {
  "$BATS_TEST_DIRNAME/hostile-archive" "$store" good
  local limit low high
  while read -r limit low high; do
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
