#!/usr/bin/env bats
# The command line itself, of all verbs and without a cluster: help, wrong use, completion.
# shellcheck disable=SC1003,SC2016,SC2154
load helpers

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  location_here
  export KUBECONFIG=$PWD/none
}

# verbs: each verb with its group before it, as the command tree has them
verbs() {
  ark __man pages
  (cd pages && grep -L '^.SH COMMANDS' -- *.1) | sed 's/\.1$//; s/^ark-//; s/-/ /g'
}

@test "help of each verb fits a page of 50 lines and has examples; all options are in --help-all and the man page" {
  local verb words count=0
  while read -r verb; do
    read -ra words <<<"$verb"
    exits 0 ark "${words[@]}" --help
    says "Examples:"$'\n'
    [ "$(wc -l <<<"$output")" -le 50 ] || fails "$verb: $(wc -l <<<"$output") lines"
    [ -z "$(awk 'length > 100' <<<"$output")" ] || fails "$verb: wider than 100 columns"$'\n'"$output"
    exits 0 ark "${words[@]}" --help-all
    says_not --help-all
    diff <(grep -oE '^ {2}(-., | {4})--[a-z-]+' <<<"$output" | grep -o -- '--.*' | grep -v help) \
      <(sed -nE 's/^\.B (\\-.[^ ]*, )?(\\-\\-[^ ]*).*/\2/p' "pages/ark-${verb// /-}.1" | tr -d '\\')
    count=$((count + 1))
  done < <(verbs)
  [ $count -gt 20 ]
  exits 0 ark help backup create
  says "Usage: ark backup create" "ark backup create --help-all, or man ark-backup-create"
  exits 0 ark backup --help-all
  says "Commands:"
  exits 0 ark ls backup --help
  says "Usage: ark backup ls"
}

@test "wrong words are answered with the nearest right ones" {
  local said words
  while IFS='|' read -r words said; do
    eval "set -- $words"
    exits 2 ark "$@"
    says "$said"
  done <<'TABLE'
bakup|ark: unknown command "bakup"; did you mean backup?
Backup|unknown command "Backup"; did you mean backup?
verify|ark: unknown command "verify"; did you mean ark backup verify?
create|did you mean ark backup create or ark restore create?
backup lst|ark backup: unknown command "lst"; did you mean ls?
--location x backup get|ark: options stand behind the command: ark COMMAND --location
backup create x --include-namespace y|unknown option --include-namespace; did you mean --include-namespaces?
backup create x --resources y|did you mean --include-resources?
gc --older-than 1h|did you mean --leftovers-older-than?
backup create x --consistency revison|option --consistency: "revison" is none of revision, none; did you mean revision?
gc -o jsn|option -o: "jsn" is none of table, json, yaml; did you mean json?
completion bsh|no completion for "bsh": bash, zsh and fish are known; did you mean bash?
config set location|ark config set: VALUE is missing
backup cat nightly|KIND/NAMESPACE/NAME... is missing
backup create x --include-namespaces ''|option --include-namespaces: "" has an empty value
backup create x --exclude-resources 'a, '|option --exclude-resources: "a, " has an empty value
backup create x -o wide|option -o: "wide" is none of yaml, json
restore create --from-backup x -o table|option -o: "table" is none of yaml, json
backup diff x y -o yaml|option -o: "yaml" is none of text, json
restore plan --from-backup x -o name|option -o: "name" is none of table, wide, json, yaml
restore create --plan-file x -l a=b|--plan-file and --selector: the plan says that
restore create --plan-file x --existing-resource-policy update|--plan-file and --existing-resource-policy: the plan says that
restore create --plan-file x -n other|--plan-file and --namespace: the plan says that
backup create --file x --exclude-namespaces a|--file and --exclude-namespaces: the Backup object is the file's
backup create --file x --ttl 1h|--file and --ttl: the Backup object is the file's
TABLE
}

@test "a directory that does not exist is no empty location" {
  local words
  for words in 'backup get' 'restore get' 'location get' 'gc --dry-run' 'backup verify --all' 'backup ls x' \
    'restore plan --from-backup x' 'backup delete --all'; do
    eval "set -- $words"
    exits 1 ark "$@"
    [ "$output" = "ark: there is no directory $store; check the location, and that what it is on is mounted; 'ark backup create' makes it" ]
  done
  mkdir store
  exits 0 ark backup get
  says "There are no backups in $ARK_LOCATION."
  exits 0 ark backup get -l a=b
  says "There are no backups with these labels"
}

# made NAME: a backup, as far as the listing goes
made() {
  mkdir -p "store/backups/$1"
  printf '{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"%s"},"status":{"phase":"Completed","progress":{"itemsBackedUp":7}}}' "$1" \
    >"store/backups/$1/velero-backup.json"
}

@test "get, logs, delete and describe: what is not there is named, with the next step" {
  made nightly
  exits 1 ark backup logs nightly
  [ "$output" = "ark: backup nightly has no log in $ARK_LOCATION; \`ark backup describe nightly\` tells how it ended" ]
  exits 1 ark backup describe nihgtly
  [ "$output" = "ark: there is no backup \"nihgtly\" in $ARK_LOCATION; \`ark backup get\` lists what is there; did you mean nightly?" ]
  exits 2 ark backup describe ../nightly
  says '"../nightly" is no name of a backup'
  exits 2 ark backup get ''
  exits 2 ark backup get -l 'a=('
  exits 2 ark backup delete nightly --all
  says "give names, or --selector or --all, not both"
  exits 0 ark backup delete -l a=b
  [ "$output" = "There are no backups with these labels in $ARK_LOCATION." ]
  exits 0 ark backup get -o wide
  [[ ${lines[0]} =~ SELECTOR\ +COMPLETED\ +OBJECTS$ ]]
  [[ ${lines[1]} =~ ^nightly\ .*\ 7$ ]]
}

@test "completion in bash, zsh and fish: verbs, options, names of a given location, files; nothing of a name is run" {
  local shell evil='evil$(touch ran)`touch ran`; touch ran #'\''"x'
  mkdir bin
  ln -s "$ARK" bin/ark
  made nightly
  made '$(touch ran)'
  jq -n --arg name "$evil" '{contexts: [{name: $name, context: {cluster: "k"}}], clusters: [{name: "k", cluster: {server: "http://127.0.0.1:1"}}]}' >evil.yaml
  unset ARK_LOCATION
  for shell in bash zsh fish; do
    PATH=$PWD/bin:$PATH exits 0 "$BATS_TEST_DIRNAME/typed" $shell 'ark backup desc' 'ark backup ls --include-res' 'ark gc --output=js' \
      "ark backup describe --location file://$store n" "ark backup describe --location=file://$store " 'ark backup create -f evi' \
      'ark version --kubeconfig evil.yaml --context ev'
    diff - <(awk -v RS= -F '\n' '{ print $NF }' <<<"$output") <<WORDS
describe
--include-resources
--output=json
nightly
nightly
evil.yaml
$evil
WORDS
  done
  [ ! -e ran ]
}

@test "completion is silent, and soon over, where cluster and location do not answer" {
  local pid port started=$SECONDS
  python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(60)' >port &
  pid=$!
  while [ ! -s port ]; do sleep 0.1; done
  port=$(<port)
  config "{server: 'http://127.0.0.1:$port'}" '{}'
  exits 0 ark __complete -- backup create x --include-namespaces ''
  [ -z "$output" ]
  AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b exits 0 ark __complete -- backup describe \
    --location "s3://bucket?region=x&s3Url=http://127.0.0.1:$port" ''
  [ -z "$output" ]
  [ $((SECONDS - started)) -le 7 ]
  exits 0 ark __complete -- backup describe --location file:///none ''
  [ -z "$output" ]
  exits 0 ark __complete -- backup create --kubeconfig none --include-namespaces ''
  [ -z "$output" ]
  kill $pid
}

@test "--version is version without the cluster" {
  exits 0 ark --version
  [ "$output" = "$(ark version --client-only)" ]
}

@test "colours on a terminal alone, and never with NO_COLOR" {
  mkdir -p store/backups/b
  printf '{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"b","namespace":"velero"},"spec":{},"status":{"phase":"Failed"}}' >store/backups/b/velero-backup.json
  local red=$'\e[31mFailed\e[0m' command="'$ARK' backup get --location 'file://$PWD/store'"
  export TERM=xterm
  exits 0 script -qec "$command" /dev/null
  says "$red"
  NO_COLOR=1 exits 0 script -qec "$command" /dev/null
  says Failed
  says_not $'\e['
  TERM=dumb exits 0 script -qec "$command" /dev/null
  says_not $'\e['
  exits 0 bash -c "$command"
  says_not $'\e['
}
