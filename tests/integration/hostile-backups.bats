#!/usr/bin/env bats
# Backups that nobody made in good faith.
# shellcheck disable=SC2154
load helpers
load hostile

# bats test_tags=long
@test "backups: paths and kinds of entries" { meets 96 '' <<<"$paths"; }
# bats test_tags=long
@test "backups: damage, and objects that are none" { meets 96 '' <<<"$damage"; }
# bats test_tags=long
@test "backups: files beside the archive" { meets 96 '' <<<"$beside"; }
# bats test_tags=long
@test "backups of ark whose checksums were taken away: all the same" {
  meets 96 --ours <<<"$paths$damage$sizes"
}

@test "every case of hostile-archive stands in a table" {
  diff <("$BATS_TEST_DIRNAME/hostile-archive" --list | sort) <(awk 'NF { print $1 }' <<<"$paths$damage$beside$sizes$memory" | sort)
}
