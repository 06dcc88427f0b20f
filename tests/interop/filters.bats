#!/usr/bin/env bats
# What a backup takes. Every line of filters.table is given to stock Velero and to ark, on the
# same cluster; both must refuse it, or store the same set of objects and end in the same phase.
# What stock stored in this very run is what is expected: nothing of it is written down here.
load helpers

setup_file() {
  cluster_up
  load_objects
  # Stock's queue now and then forgets to look again for a minute; without it the cases run at once.
  stock_up --disable-controllers=backup-queue --concurrent-backups=4
  mkdir "$BATS_FILE_TMPDIR"/{stock,ark,archives}
  stock_create
  ark_all
  stock_collect
}

teardown_file() { stock_down; }

# --- stock -------------------------------------------------------------------------------------

# The Backup object of stock's own command line, or a file that says what that refused.
stock_object() {
  local name=$1
  shift
  if velero backup create "$name" "$@" -o json >"$BATS_FILE_TMPDIR/backup.json" 2>"$BATS_FILE_TMPDIR/stock/$name.said"; then
    jq '.status.phase = "ReadyToStart"' "$BATS_FILE_TMPDIR/backup.json"
  else
    echo Refused >"$BATS_FILE_TMPDIR/stock/$name.phase"
  fi
}

stock_create() {
  each_case filters stock_object >"$BATS_FILE_TMPDIR/backups.json"
  kubectl create -f "$BATS_FILE_TMPDIR/backups.json" >/dev/null
  # The server looks at changes only.
  kubectl annotate -n velero backups --all test/start=now >/dev/null
}

stock_is_done() {
  kubectl get -n velero backups -o json >"$BATS_FILE_TMPDIR/stock.json" &&
    jq -e 'all(.items[]; .status.phase | test("^(Completed|PartiallyFailed|Failed|FailedValidation)$"))' \
      "$BATS_FILE_TMPDIR/stock.json" >/dev/null
}

stock_collect() {
  wait_for 300 stock_is_done
  local name phase
  while read -r name phase; do
    if [ "$phase" = FailedValidation ]; then
      jq -r --arg name "$name" '.items[] | select(.metadata.name == $name) | .status.validationErrors[]' \
        "$BATS_FILE_TMPDIR/stock.json" >"$BATS_FILE_TMPDIR/stock/$name.said"
      phase=Refused
    else
      bucket_get "backups/$name/$name.tar.gz" "$BATS_FILE_TMPDIR/archives/$name.tgz"
      stored <"$BATS_FILE_TMPDIR/archives/$name.tgz" >"$BATS_FILE_TMPDIR/stock/$name.set"
    fi
    echo "$phase" >"$BATS_FILE_TMPDIR/stock/$name.phase"
  done < <(jq -r '.items[] | .metadata.name + " " + .status.phase' "$BATS_FILE_TMPDIR/stock.json")
}

# The names in an archive. Of the cases' own Backup objects there are more and more: left out.
stored() { tar tz | grep '^resources/' | grep -v '^resources/backups.velero.io/' | sort || true; }

# --- ark ----------------------------------------------------------------------------------------

ark_one() {
  local name=$1 code=0 store=$BATS_FILE_TMPDIR/store
  shift
  ark backup create "$name" --location "file://$store" "$@" >"$BATS_FILE_TMPDIR/ark/$name.said" 2>&1 || code=$?
  case $code in
    0) echo Completed ;;
    3) echo PartiallyFailed ;;
    1 | 2) echo Refused ;;
    *) echo "exit status $code" ;;
  esac >"$BATS_FILE_TMPDIR/ark/$name.phase"
  if [ "$code" -eq 0 ] || [ "$code" -eq 3 ]; then
    stored <"$store/backups/$name/$name.tar.gz" >"$BATS_FILE_TMPDIR/ark/$name.set"
  fi
}

ark_all() { each_case filters ark_one; }

# --- comparison -----------------------------------------------------------------------------------

# agree NAME FLAGS...: for the cases of $group; says what differs and goes on
agree() {
  local name=$1 file
  shift
  [ "${name%%-*}" = "$group" ] || return 0
  cases=$((cases + 1))
  for file in phase set; do
    [ -e "$BATS_FILE_TMPDIR/stock/$name.$file" ] || [ -e "$BATS_FILE_TMPDIR/ark/$name.$file" ] || continue
    if ! diff -N "$BATS_FILE_TMPDIR/stock/$name.$file" "$BATS_FILE_TMPDIR/ark/$name.$file" >"$BATS_TEST_TMPDIR/diff"; then
      differ=$((differ + 1))
      echo "$name: ${*:-no flags}: $file, stock < > ark:"
      grep '^[<>]' "$BATS_TEST_TMPDIR/diff" | head -n 40
      sed 's/^/  stock said: /' "$BATS_FILE_TMPDIR/stock/$name.said" 2>/dev/null | head -n 5
      sed 's/^/  ark said: /' "$BATS_FILE_TMPDIR/ark/$name.said" | head -n 5
    fi
  done
}

group_agrees() {
  group=$1 cases=0 differ=0
  each_case filters agree
  [ "$cases" -gt 0 ] || fails "no case named $group-..."
  [ "$differ" -eq 0 ]
}

@test "include-resources and exclude-resources" { group_agrees old; }
@test "include-cluster-resources" { group_agrees cluster; }
@test "cluster-scoped and namespace-scoped resources" { group_agrees scoped; }
@test "namespaces, with wildcards" { group_agrees namespaces; }
@test "label selectors" { group_agrees selector; }
@test "a selector with !=, which stock's command line does not read, means what notin does" {
  [ "$(cat "$BATS_FILE_TMPDIR/stock/more-not.phase")" = Refused ]
  exits 0 diff "$BATS_FILE_TMPDIR"/{stock/more-notin,ark/more-notin}.set
  exits 0 diff "$BATS_FILE_TMPDIR"/{stock/more-notin,ark/more-not}.set
}

@test "one of several selectors" { group_agrees or; }
@test "ordered resources" { group_agrees ordered; }
@test "what stock refuses is refused" {
  group_agrees refused
  # A table of refusals that stock does not refuse would test nothing.
  run cat "$BATS_FILE_TMPDIR"/stock/refused-*.phase
  ! grep -v Refused <<<"$output" || fails "stock took a case of refused-..."
}
