#!/usr/bin/env bats
# Object stores: the contract on directories, MinIO and moto; what faults on the way do; settings and
# credentials, told by asking the server back; and ark itself on a bucket.
# shellcheck disable=SC2154,SC2030,SC2031,SC2034
load helpers
contract=${STORE_CONTRACT:-$root/build/tests/unit/store-contract}
MIB=1048576

# Codes of BaseErrorCode, as the contract program prints them.
INVALID=2 NOT_FOUND=3 EXISTS=4 CONFLICT=5 UNAUTHORIZED=7 FORBIDDEN=8 THROTTLED=10 UNAVAILABLE=11 TIMEOUT=12 CORRUPT=14

# later NAME COMMAND...: in the background; its output and status are files of that name. For what
# takes long because somebody must be seen to wait.
later() {
  local name=$1
  shift
  (
    status=0
    "$@" || status=$?
    echo "$status" >"$BATS_FILE_TMPDIR/$name.status"
  ) >"$BATS_FILE_TMPDIR/$name.out" 2>&1 3>&- &
}

# ended NAME: waits for it; sets $status and $output
ended() {
  local end=$((SECONDS + 240))
  until [ -e "$BATS_FILE_TMPDIR/$1.status" ]; do
    [ "$SECONDS" -lt "$end" ] || fails "$1 does not end" || return
    sleep 0.1
  done
  status=$(cat "$BATS_FILE_TMPDIR/$1.status")
  output=$(cat "$BATS_FILE_TMPDIR/$1.out")
}

# on NAME COMMAND...: with the variables of that server
on() {
  local name=$1
  shift
  # shellcheck disable=SC1090
  (. "$BATS_FILE_TMPDIR/$name" && "$@")
}

# Steps of the contract by the proxy in front of MinIO, and by none.
step() { "$contract" "$1" "s3://bucket/$BATS_TEST_NUMBER" "${@:2}" s3Url="$PROXY_URL"; }
direct() { "$contract" "$1" "s3://bucket/$BATS_TEST_NUMBER" "${@:2}" s3Url="$S3_URL"; }

# code CODE TEXT...: the program that was run failed with that code, and says that
code() {
  [[ $output == "$1: "* ]] || fails "not code $1: $output" || return
  says "${@:2}"
}

# asked METHOD REGEX: how many such requests came to the proxy
asked() { proxy_log | grep -cE "^$1 .*$2" || true; }

# ask_s3 METHOD PATH [CURL OPTION]...: a signed request of another client's
ask_s3() {
  curl -sS --fail-with-body --aws-sigv4 aws:amz:us-east-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -X "$1" "${@:3}" "$S3_URL/$2"
}

# uploads KEY: how many multipart uploads of that key the server holds
uploads() { ask_s3 GET "bucket?prefix=$BATS_TEST_NUMBER%2F$1&uploads=" | grep -o '<Upload>' | wc -l; }

setup_file() {
  unset "${!AWS_@}" HTTP_PROXY http_proxy ALL_PROXY all_proxy
  export AWS_EC2_METADATA_DISABLED=true
  later moto moto_up # the slowest to start
  later cluster "$cluster/up" "$cluster_name" --no-controllers
  MINIO_KMS_SECRET_KEY=ship:$(head -c 32 /dev/zero | base64) \
    "$cluster/minio" up "$cluster_name" >"$BATS_FILE_TMPDIR/minio"
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/minio"
  "$cluster/proxy" up "$cluster_name-stall" --to "$S3_URL" --receive-buffer 65536 >"$BATS_FILE_TMPDIR/stall"
  on stall stalls # seen after 30 s
  later minio-check "$contract" check s3://bucket/check s3Url="$S3_URL"
  later unreachable "$ARK" backup get --location 's3://bucket?s3Url=http://127.0.0.1:1'
  later file-check "$contract" check "file://$BATS_FILE_TMPDIR/check"
  MINIO_REGION=eu-west-1 "$cluster/minio" up "$cluster_name-tls" --tls >"$BATS_FILE_TMPDIR/tls"
  eval "$("$cluster/proxy" up "$cluster_name" --to "$S3_URL")"
  export PROXY_URL
  ended moto
  ended cluster
  export KUBECONFIG=${output##*$'\n'}
}

# moto, and the contract on it
moto_up() {
  "$cluster/moto" up "$cluster_name" >"$BATS_FILE_TMPDIR/moto"
  # shellcheck disable=SC2016
  later moto-check on moto sh -c '"$0" check s3://bucket s3Url="$S3_URL"' "$contract"
}

# Begins a read and a write that the other side falls silent in.
stalls() {
  "$contract" put s3://bucket/stall read $((6 * MIB)) s3Url="$S3_URL"
  "$cluster/proxy" fault "$cluster_name-stall" GET '/stall/read' stall=3000000 times=1
  "$cluster/proxy" fault "$cluster_name-stall" PUT '/stall/write.*partNumber=2' upload-stall=1000000 times=1
  later stalled-read timeout 100 "$contract" get s3://bucket/stall read $((6 * MIB)) s3Url="$PROXY_URL"
  later stalled-write timeout 100 "$contract" put s3://bucket/stall write $((16 * MIB)) s3Url="$PROXY_URL"
}

teardown_file() {
  cluster_down
  "$cluster/proxy" down "$cluster_name"
  "$cluster/proxy" down "$cluster_name-stall"
  "$cluster/minio" down "$cluster_name"
  "$cluster/minio" down "$cluster_name-tls"
  "$cluster/moto" down "$cluster_name"
}

setup() {
  "$cluster/proxy" clear "$cluster_name"
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
  [ ! -e "$BATS_TEST_TMPDIR/credentials.pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/credentials.pid")"
}

# --- what was put, and how it comes back -----------------------------------------------------------

@test "keys below a prefix that is as odd as they are" {
  local url='s3://bucket/od%20d+%25/%C3%BC'
  "$contract" put "$url" 'a +%2F ü' 10 s3Url="$S3_URL"
  "$contract" get "$url" 'a +%2F ü' 10 s3Url="$S3_URL"
  exits 0 "$contract" list "$url" '' s3Url="$S3_URL"
  [ "$output" = 'a +%2F ü' ]
  exits 0 "$contract" list s3://bucket 'od d+%' s3Url="$S3_URL"
  [ "$output" = 'od d+%/ü/a +%2F ü' ]
  curl -sf "$("$contract" sign "$url" 'a +%2F ü' 60 s3Url="$S3_URL")" | wc -c | grep -x 10
  "$contract" delete "$url" 'a +%2F ü' s3Url="$S3_URL"
}

@test "large objects go in parts; of one that is given up or fails, no upload is left" {
  step put large $((12 * MIB))
  [ "$(asked PUT partNumber=)" -eq 3 ]
  direct get large $((12 * MIB))
  # The listing does show what is there.
  ask_s3 POST "bucket/$BATS_TEST_NUMBER/shown?uploads=" >/dev/null
  [ "$(uploads shown)" -eq 1 ]
  step drop dropped $((12 * MIB))
  [ "$(asked DELETE uploadId=)" -eq 1 ]
  [ "$(uploads dropped)" -eq 0 ]
  fault PUT 'part-2.*partNumber=2' status=403
  run step put part-2 $((22 * MIB))
  code $FORBIDDEN "PUT s3://bucket/$BATS_TEST_NUMBER/part-2: 403"
  [ "$(uploads part-2)" -eq 0 ]
  fault POST 'end.uploadId=' status=403
  run step put end $((12 * MIB))
  code $FORBIDDEN "POST s3://bucket/$BATS_TEST_NUMBER/end: 403"
  [ "$(uploads end)" -eq 0 ]
  run direct list ''
  [ "$output" = large ]
}

@test "uploads that were begun: listed page by page, as of this location, and removed" {
  local mine=bucket/$BATS_TEST_NUMBER
  ask_s3 POST "$mine/a%20%2B%C3%BC?uploads=" >/dev/null
  ask_s3 POST "$mine/a%20%2B%C3%BC?uploads=" >/dev/null
  ask_s3 POST "$mine/b/c?uploads=" >/dev/null
  ask_s3 POST "${mine}0/a?uploads=" >/dev/null # beside it
  exits 0 direct unfinished ''
  [ "${#lines[@]}" -eq 3 ]
  [ "$(grep -c "^a +ü [^ ]* $(date -u +%s | cut -c 1-7)" <<<"$output")" -eq 2 ]
  exits 0 direct unfinished b/
  [[ $output == "b/c "* ]] && [ "${#lines[@]}" -eq 1 ]
  # MinIO gives all in one page: what S3 does with more than 1000 is answered in its place.
  upload() { echo "<Upload><Key>$BATS_TEST_NUMBER/$1</Key><UploadId>$2</UploadId><Initiated>1970-01-01T00:00:05.000Z</Initiated></Upload>"; }
  page() { echo "<ListMultipartUploadsResult><EncodingType>url</EncodingType>$*</ListMultipartUploadsResult>"; }
  page "$(upload x%2By 1)<NextKeyMarker>$BATS_TEST_NUMBER/x%2By</NextKeyMarker><NextUploadIdMarker>1/+</NextUploadIdMarker><IsTruncated>true</IsTruncated>" >one.xml
  page "$(upload x%2By 2)<IsTruncated>false</IsTruncated>" >two.xml
  fault GET 'uploads=&.*&key-marker=[0-9]+%2Fx%2By&upload-id-marker=1%2F%2B$' status=200 body="$PWD/two.xml"
  fault GET 'uploads=' status=200 body="$PWD/one.xml" times=1
  exits 0 step unfinished ''
  [ "$output" = $'x+y 1 5\nx+y 2 5' ]
  "$cluster/proxy" clear "$cluster_name"
  fault GET 'uploads=' status=200 body="$PWD/one.xml"
  run step unfinished ''
  code $CORRUPT "uploads to s3://bucket" "repeat themselves"
  exits 0 direct sweep b/
  [ "$(uploads b%2Fc)" -eq 0 ]
  exits 0 direct sweep ''
  exits 0 direct unfinished ''
  [ -z "$output" ]
  [ "$(ask_s3 GET 'bucket?uploads=' | grep -o "<Key>${BATS_TEST_NUMBER}0/a</Key>" | wc -l)" -eq 1 ]
}

# --- faults on the way ----------------------------------------------------------------------------

@test "what may pass is asked again: resets, 500, 503 SlowDown, lost answers, cut uploads" {
  local body='<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'
  echo "$body" >slow.xml
  fault POST 'uploads=' status=503 body="$PWD/slow.xml" times=2
  fault PUT 'partNumber=1' reset times=1
  fault PUT 'partNumber=2' upload-cut=100000 times=1
  fault PUT 'partNumber=3' lost times=1
  fault POST 'uploadId=' status=500 times=1
  fault POST 'uploadId=' lost times=1
  step put large $((12 * MIB))
  direct get large $((12 * MIB))
  fault PUT 'small' lost times=1
  step put small 10
  fault HEAD 'small' status=503 times=1
  fault GET 'small' status=503 body="$PWD/slow.xml" retry-after=1 times=1
  local start=$EPOCHREALTIME
  step get small 10
  ((${EPOCHREALTIME/./} - ${start/./} >= 1000000)) # as long as was asked
  fault DELETE 'small' lost times=1
  step delete small
  fault GET 'list-type' cut=100 times=1
  exits 0 step list ''
  [ "$output" = large ]
  [ "$(uploads large)" -eq 0 ]
}

@test "what stays so is given up: SlowDown for ever, refusals at once" {
  echo '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>' >slow.xml
  fault HEAD 'slow' status=503 body="$PWD/slow.xml" retry-after=0
  fault GET 'list-type' status=503 body="$PWD/slow.xml" retry-after=0
  run step list ''
  code $THROTTLED "503 SlowDown (Please reduce your request rate.)"
  [ "$(asked GET list-type)" -eq 8 ]
  fault PUT 'denied' status=403
  run step put denied 10
  code $FORBIDDEN "check the access key and secret"
  [ "$(asked PUT denied)" -eq 1 ]
}

@test "a read goes on where it broke: cuts, truncation, resets" {
  direct put read $((8 * MIB + 5))
  fault GET read cut=3000000 times=1
  fault GET read truncate=1000000 times=1
  fault GET read reset times=1
  fault GET read cut=2000000 times=1
  step get read $((8 * MIB + 5))
  [ "$(asked GET read)" -eq 5 ]
  fault GET read cut=0
  run step get read $((8 * MIB + 5))
  code $UNAVAILABLE read
}

@test "an object that is overwritten while it is read" {
  direct put changes $((8 * MIB))
  fault GET changes cut=3000000 times=1
  fault GET changes hold="$PWD/over"
  step get changes $((8 * MIB)) 3>&- >out 2>&1 &
  # shellcheck disable=SC1091
  (. "$cluster/lib.sh" && wait_until 20 out began)
  direct put changes $((7 * MIB))
  touch over
  ! wait $! || fails "it was read"
  output=$(cat out)
  code $CONFLICT "was overwritten while it was read"
}

# began: whether the first part of it came
began() { [ "$(asked GET changes)" -eq 1 ]; }

@test "an answer that is lost does not make one's own object somebody else's" {
  fault PUT small lost times=1
  step create small 10
  fault POST 'large.*uploadId=' lost times=1
  step create large $((6 * MIB))
  [ "$(uploads large)" -eq 0 ]
  run step create small 10
  code $EXISTS small
  # Another one that came in between is seen.
  fault HEAD raced status=404 times=1
  fault PUT raced reset times=1
  direct put raced 11
  run step create raced 10
  code $EXISTS raced
}

# --- bytes that are not those -----------------------------------------------------------------------

@test "wrong bytes from the store are told by the checksum" {
  local size algorithm
  # 256 KiB: a chunk of the reader's, and nothing after it
  for size in 1 1000 262144 $((5 * MIB)) $((12 * MIB)); do
    for algorithm in CRC32 SHA256; do
      direct put bytes "$size" checksumAlgorithm=$algorithm
      "$cluster/proxy" clear "$cluster_name"
      fault GET bytes flip=$((size - 1))
      exits 1 step drain bytes "$size"
      code $CORRUPT "does not match the checksum that is stored with it"
    done
  done
}

@test "a byte that changed on the way to the store is sent again" {
  fault PUT small upload-flip=5 times=1
  step put small 10
  fault PUT 'large.*partNumber=2' upload-flip=1000 times=1
  step put large $((7 * MIB))
  direct get small 10
  direct get large $((7 * MIB))
}

@test "answers that are not what was asked for" {
  direct put odd $((6 * MIB))
  fault HEAD odd answer=content-length: times=1
  run step get odd $((6 * MIB))
  code $CORRUPT "without a size"
  "$cluster/proxy" clear "$cluster_name"
  fault GET odd cut=3000000 times=1
  fault GET odd "answer=content-range:bytes 0-6291455/6291456" times=1
  run step get odd $((6 * MIB))
  code $CORRUPT "other bytes than those that were asked for"
  echo '<html><body>Log in</body></html>' >portal.html
  fault GET list-type status=200 body="$PWD/portal.html"
  run step list ''
  code $CORRUPT "is not a listing"
}

# --- settings, as the server tells of them ------------------------------------------------------------

# kept SERVER KEY: the headers of the object
kept() { on "$1" ask_s3 HEAD "bucket/$BATS_TEST_NUMBER/$2" --head -H 'x-amz-checksum-mode: ENABLED' | tr -d '\r'; }

@test "checksumAlgorithm, tagging, serverSideEncryption and kmsKeyId reach the object" {
  local algorithm size
  for algorithm in CRC32 CRC32C SHA1 SHA256; do
    for size in 10 $((6 * MIB)); do
      direct put sum "$size" checksumAlgorithm=$algorithm
      direct get sum "$size"
      kept minio sum | grep -qi "^x-amz-checksum-$algorithm: "
    done
  done
  direct put none 10 checksumAlgorithm=
  ! kept minio none | grep -i '^x-amz-checksum-' || fails "a checksum without an algorithm"
  for size in 10 $((6 * MIB)); do
    direct put tagged "$size" 'tagging=team=sales&note=a%20b'
    ask_s3 GET "bucket/$BATS_TEST_NUMBER/tagged?tagging=" >tags
    grep -q '<Key>team</Key><Value>sales</Value>' tags
    grep -q '<Key>note</Key><Value>a b</Value>' tags
    direct put sse "$size" serverSideEncryption=AES256
    direct get sse "$size"
    kept minio sse | grep -qi '^x-amz-server-side-encryption: AES256'
    direct put kms "$size" kmsKeyId=ship serverSideEncryption=AES256
    direct get kms "$size"
    kept minio kms >headers
    grep -qi '^x-amz-server-side-encryption: aws:kms' headers
    grep -qi '^x-amz-server-side-encryption-aws-kms-key-id: .*ship' headers
  done
}

@test "moto, a second opinion: checksums, tags and encryption" {
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/moto"
  local size
  for size in 10 $((6 * MIB)); do
    direct put all "$size" checksumAlgorithm=SHA256 'tagging=team=sales' kmsKeyId=ship
    direct get all "$size"
    kept moto all >headers
    grep -qi '^x-amz-server-side-encryption: aws:kms' headers
    grep -qi '^x-amz-server-side-encryption-aws-kms-key-id: ship' headers
    ask_s3 GET "bucket/$BATS_TEST_NUMBER/all?tagging=" | grep -q '<Key>team</Key><Value>sales</Value>'
  done
}

@test "https: caCert as a file, as text and in base64; nobody else is trusted; insecureSkipTLSVerify" {
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/tls"
  direct put tls $((6 * MIB)) caCert="$S3_CA"
  direct get tls $((6 * MIB)) caCert="$(cat "$S3_CA")"
  direct head tls caCert="$(base64 -w 0 "$S3_CA")"
  direct head tls insecureSkipTLSVerify=true
  run direct head tls
  code $INVALID certificate
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout other.key -out other.pem 2>/dev/null
  run direct head tls caCert=other.pem
  code $INVALID certificate
}

@test "https: what the system trusts is not trusted beside a caCert" {
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/tls"
  unshare --mount true 2>/dev/null || skip "no mount namespace here"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout other.key -out other.pem 2>/dev/null
  mkdir certs
  cp "$S3_CA" certs/ca-certificates.crt
  cp "$S3_CA" "certs/$(openssl x509 -in "$S3_CA" -noout -hash).0"
  direct put tls 10 caCert="$S3_CA"
  # The MinIO's certificate for the system's own.
  # shellcheck disable=SC2016
  local trusting=(unshare --mount sh -c 'mount --bind certs /etc/ssl/certs && exec "$@"' -
    "$contract" head "s3://bucket/$BATS_TEST_NUMBER" tls s3Url="$S3_URL")
  "${trusting[@]}"
  run "${trusting[@]}" caCert=other.pem
  code $INVALID certificate
}

@test "customerKeyEncryptionFile: nobody reads it without the key" {
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/tls"
  local size
  head -c 32 /dev/urandom >key
  head -c 32 /dev/urandom >other
  for size in 10 $((6 * MIB)); do
    direct put ssec "$size" caCert="$S3_CA" customerKeyEncryptionFile=key
    direct get ssec "$size" caCert="$S3_CA" customerKeyEncryptionFile=key
    exits 1 direct get ssec "$size" caCert="$S3_CA"
    exits 1 direct get ssec "$size" caCert="$S3_CA" customerKeyEncryptionFile=other
    exits 1 direct sign ssec 60 caCert="$S3_CA" customerKeyEncryptionFile=key
    says "cannot be read by a URL alone"
  done
}

@test "the region is learned from the server; publicUrl stands in signed URLs" {
  # shellcheck disable=SC1091
  (
    . "$BATS_FILE_TMPDIR/tls"
    direct put region 10 caCert="$S3_CA" region=eu-central-1
    direct put parts $((6 * MIB)) caCert="$S3_CA" region=eu-central-1
    direct head parts caCert="$S3_CA" region=eu-west-1
    curl -sf --cacert "$S3_CA" "$(direct sign region 60 caCert="$S3_CA" region=eu-west-1)" | wc -c | grep -x 10
  )
  run direct sign region 60 publicUrl=https://files.example.com:8443
  [[ $output == "https://"*"files.example.com:8443/"*"region?X-Amz-Algorithm=AWS4-HMAC-SHA256&"* ]] || fails "$output"
  run direct sign region 700000
  code $INVALID "1 to 604800 seconds"
}

# --- credentials -------------------------------------------------------------------------------------

# nobody: takes the keys out of the environment; $access and $secret keep them
nobody() {
  access=$AWS_ACCESS_KEY_ID secret=$AWS_SECRET_ACCESS_KEY
  unset "${!AWS_@}"
  export AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1
}

# credentials_up SECONDS [ACCESS SECRET TOKEN]: data/credentials.py, giving out these keys
credentials_up() {
  mkdir -p served
  echo "${2:-$access} ${3:-$secret} ${4:--} $1" >served/keys
  python3 "$BATS_TEST_DIRNAME/data/credentials.py" "$PWD/served" 3>&- >served/out 2>&1 &
  echo $! >"$BATS_TEST_TMPDIR/credentials.pid"
  # shellcheck disable=SC1091
  (RUN=$PWD && . "$cluster/lib.sh" && wait_until 20 served/out test -e served/port)
  served=http://127.0.0.1:$(cat served/port)
}

@test "credentials: environment, credentialsFile, profile, shared files" {
  nobody
  exits 1 direct list ''
  code $UNAUTHORIZED "no credentials" AWS_ACCESS_KEY_ID .aws/credentials
  AWS_ACCESS_KEY_ID=$access AWS_SECRET_ACCESS_KEY=$secret direct put env 10
  printf '[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n[backups]\n%s\n%s\n' \
    "aws_access_key_id = $access" "aws_secret_access_key = $secret" >keys
  printf '[profile backups]\n%s\n%s\n' "aws_access_key_id = $access" "aws_secret_access_key = $secret" >config
  exits 1 direct list '' credentialsFile=keys
  code $FORBIDDEN InvalidAccessKeyId
  direct head env credentialsFile=keys profile=backups
  AWS_PROFILE=backups direct head env credentialsFile=keys
  AWS_PROFILE=backups AWS_SHARED_CREDENTIALS_FILE=keys direct head env
  AWS_SHARED_CREDENTIALS_FILE=keys direct head env profile=backups
  AWS_CONFIG_FILE=config direct head env profile=backups
  mkdir -p "$HOME/.aws"
  cp keys "$HOME/.aws/credentials"
  direct head env profile=backups
  rm "$HOME/.aws/credentials"
  # The location's own word comes before the environment's.
  AWS_ACCESS_KEY_ID=wrong AWS_SECRET_ACCESS_KEY=wrong direct head env credentialsFile=keys profile=backups
  AWS_ACCESS_KEY_ID=wrong AWS_SECRET_ACCESS_KEY=wrong AWS_SHARED_CREDENTIALS_FILE=keys direct head env profile=backups
}

@test "credentials: what is missing is named; a profile that is missing is not replaced by another identity" {
  nobody
  exits 1 direct list '' credentialsFile=nothing-there
  code $UNAUTHORIZED nothing-there "No such file"
  printf '[default]\naws_access_key_id = a\n' >keys
  exits 1 direct list '' credentialsFile=keys
  code $UNAUTHORIZED "holds no aws_access_key_id and aws_secret_access_key for profile default"
  credentials_up 3600
  export AWS_CONTAINER_CREDENTIALS_FULL_URI=$served/container AWS_CONTAINER_AUTHORIZATION_TOKEN=container-token
  direct put mine 10
  exits 1 direct list '' profile=nobody
  code $UNAUTHORIZED nobody
  AWS_PROFILE=nobody exits 1 direct list ''
  code $UNAUTHORIZED nobody
  printf '[nobody]\nrole_arn = arn:aws:iam::1:role/ark\nsource_profile = default\n' >config
  AWS_CONFIG_FILE=config exits 1 direct list '' profile=nobody
  says "by role_arn, which is not supported"
}

@test "credentials: a container's endpoint, an instance's (IMDSv2)" {
  nobody
  credentials_up 3600
  echo container-token >token
  AWS_CONTAINER_CREDENTIALS_FULL_URI=$served/container AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token direct put a 10
  echo 500 >served/fail-once
  AWS_CONTAINER_CREDENTIALS_FULL_URI=$served/container AWS_CONTAINER_AUTHORIZATION_TOKEN=container-token direct head a
  AWS_CONTAINER_CREDENTIALS_FULL_URI=$served/container AWS_CONTAINER_AUTHORIZATION_TOKEN=wrong exits 1 direct head a
  code $UNAUTHORIZED "answered 403"
  AWS_CONTAINER_CREDENTIALS_FULL_URI=$served/container AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=gone exits 1 direct head a
  code $UNAUTHORIZED gone "No such file"
  rm served/log
  AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$served/ direct get a 10
  [ "$(cat served/log)" = "PUT /latest/api/token 200
GET /latest/meta-data/iam/security-credentials/ 200
GET /latest/meta-data/iam/security-credentials/the-role 200" ]
  AWS_EC2_METADATA_SERVICE_ENDPOINT=$served exits 1 direct head a # disabled
  code $UNAUTHORIZED
}

@test "credentials: a web identity token is exchanged; a reset is asked again; STS's own words" {
  nobody
  credentials_up 3600
  echo web-token >token
  export AWS_WEB_IDENTITY_TOKEN_FILE=token AWS_ROLE_ARN=arn:aws:iam::1:role/ark AWS_ENDPOINT_URL_STS=$served/sts
  direct put a 10
  echo reset >served/fail-once
  direct head a
  [ "$(grep -c 'POST /sts' served/log)" -eq 3 ]
  echo 403 >served/fail
  exits 1 direct head a
  code $UNAUTHORIZED "403 AccessDenied (Not authorized to perform sts:AssumeRoleWithWebIdentity)"
  AWS_WEB_IDENTITY_TOKEN_FILE=gone exits 1 direct head a
  code $UNAUTHORIZED "gone"
}

@test "credentials: moto's STS, and what it gave out is used" {
  local minio=$S3_URL
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/moto"
  nobody
  echo web-token >token
  export AWS_WEB_IDENTITY_TOKEN_FILE=token AWS_ROLE_ARN=arn:aws:iam::123456789012:role/ark
  export AWS_ENDPOINT_URL_STS=$S3_URL
  direct put a 10
  direct get a 10
  S3_URL=$minio exits 1 direct list ''
  says 403 InvalidAccessKeyId # MinIO does not know them
}

@test "credentials: STS is spoken to with the location's caCert" {
  # shellcheck disable=SC1091
  . "$BATS_FILE_TMPDIR/tls"
  nobody
  echo web-token >token
  export AWS_WEB_IDENTITY_TOKEN_FILE=token AWS_ROLE_ARN=arn:aws:iam::1:role/ark AWS_ENDPOINT_URL_STS=$S3_URL
  exits 1 direct list '' caCert="$S3_CA"
  code $UNAUTHORIZED "not exchanged for keys" # MinIO knows no such token, but its certificate is trusted
  says_not certificate
}

@test "credentials: those that end soon are renewed, and hold while others cannot be had" {
  nobody
  credentials_up 200
  export AWS_CONTAINER_CREDENTIALS_FULL_URI=$served/container AWS_CONTAINER_AUTHORIZATION_TOKEN=container-token
  direct put large $((21 * MIB)) # each of its requests may ask for newer ones
  [ "$(grep -c ' 200$' served/log)" -gt 1 ]
  rm served/log
  fault POST uploads= delay=0
  echo 500 >served/fail-later
  step put large $((21 * MIB))
  [ "$(grep -c ' 200$' served/log)" -eq 1 ]
  [ "$(grep -c ' 500$' served/log)" -eq 3 ] # one time asked, three times tried
}

@test "credentials: a session token that ended is read anew, even where only HEAD says so" {
  nobody
  echo '<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>' >expired.xml
  # A token that MinIO gives out.
  local answer
  answer=$(curl -sS --fail-with-body --aws-sigv4 aws:amz:us-east-1:sts --user "$access:$secret" \
    -d 'Action=AssumeRole&Version=2011-06-15&DurationSeconds=900' "$S3_URL/")
  part() { sed -n "s,.*<$1>\(.*\)</$1>.*,\1,p" <<<"$answer"; }
  printf '[default]\naws_access_key_id=%s\naws_secret_access_key=%s\naws_session_token=%s\n' \
    "$(part AccessKeyId)" "$(part SecretAccessKey)" "$(part SessionToken)" >keys
  step put a 10 credentialsFile=keys
  fault PUT b status=400 body="$PWD/expired.xml" times=1
  step put b 10 credentialsFile=keys
  fault HEAD b status=400 times=1
  step head b credentialsFile=keys
  fault HEAD b status=400
  exits 1 step head b credentialsFile=keys
  [ "$(asked HEAD b)" -eq 4 ]
}

# --- ark --------------------------------------------------------------------------------------------

# keys PREFIX: the bucket's keys that begin so, as another client lists them
keys() { ask_s3 GET "bucket?list-type=2&prefix=$1" | grep -o '<Key>[^<]*' | sed 's/<Key>//'; }

@test "ark on a bucket with a prefix: a backup is made, shown, read, restored from and deleted" {
  export ARK_LOCATION="s3://bucket/clusters/eu%201?s3Url=$S3_URL"
  kubectl create namespace harbour >/dev/null
  kubectl -n harbour create configmap boats --from-literal=tug=small >/dev/null
  exits 0 ark backup create one --include-namespaces harbour
  says "Backup one: Completed"
  [ "$(keys clusters | grep -c '^clusters/eu 1/backups/one/')" -eq 13 ]
  keys clusters | grep -x 'clusters/eu 1/backups/one/velero-backup.json'
  exits 0 ark backup get
  says one Completed
  exits 0 env ARK_LOCATION="s3://bucket?s3Url=$S3_URL" "$ARK" backup get
  says_not one # another location in the same bucket
  exits 0 ark backup describe one --details
  says harbour boats
  exits 0 ark backup logs one
  says level=info
  exits 0 ark backup download one -o one.tar.gz
  tar tzf one.tar.gz | grep -x resources/configmaps/namespaces/harbour/boats.json
  kubectl delete namespace harbour --wait=false >/dev/null
  exits 0 ark restore create back --from-backup one --namespace-mappings harbour:copy
  says "Restore back: Completed"
  [ "$(kubectl -n copy get configmap boats -o 'jsonpath={.data.tug}')" = small ]
  keys clusters | grep -x 'clusters/eu 1/restores/back/restore-back-results.gz'
  exits 0 ark restore get
  says back Completed
  exits 0 ark backup delete one --confirm
  exits 0 ark restore delete back --confirm
  [ -z "$(keys clusters)" ]
}

@test "ark: a backup that is larger than a part is whole, with its parts on the way" {
  export ARK_LOCATION="s3://bucket/large?s3Url=$PROXY_URL"
  large_namespace
  fault PUT 'large.tar.gz.*partNumber=1' lost times=1
  exits 0 ark backup create large --include-namespaces cargo
  [ "$(asked PUT 'large.tar.gz.*partNumber=')" -ge 3 ]
  fault GET large.tar.gz cut=1000000 times=1
  exits 0 ark backup download large -o large.tar.gz
  [ "$(tar tzf large.tar.gz | grep -c '^resources/configmaps/namespaces/cargo/')" -eq 10 ]
  fault GET large.tar.gz flip=3000000
  exits 1 ark backup download large -o damaged.tar.gz
  says damaged
  [ ! -e damaged.tar.gz ]
  exits 1 ark restore create --from-backup large --namespace-mappings cargo:elsewhere
  exits 1 kubectl get namespace elsewhere
}

# cargo: 10 ConfigMaps of random text, 7 MB compressed
large_namespace() {
  kubectl get namespace cargo >/dev/null 2>&1 && return
  local number
  {
    echo '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cargo"}}'
    for number in 1 2 3 4 5 6 7 8 9 10; do
      printf '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "crate-%s", "namespace": "cargo"}, ' "$number"
      printf '"data": {"k": "%s"}}\n' "$(head -c 700000 /dev/urandom | base64 -w 0)"
    done
  } | kubectl create -f - >/dev/null
}

@test "ark that is interrupted while parts are sent leaves no backup and no upload" {
  export ARK_LOCATION="s3://bucket/interrupted?s3Url=$PROXY_URL"
  large_namespace
  fault PUT 'partNumber=' hold="$PWD/never"
  "$ARK" backup create stopped --include-namespaces cargo 3>&- >out 2>&1 &
  local pid=$!
  # It knows of its upload when it sends the first part of it.
  # shellcheck disable=SC1091
  (. "$cluster/lib.sh" && wait_until 60 out test -e never.held)
  under_way 1
  kill -INT $pid
  ! wait $pid || fails "it ended well"
  under_way 0 || fails "an upload is left"
  [ -z "$(keys interrupted)" ]
}

# under_way COUNT: so many uploads of that archive are there
under_way() {
  [ "$(ask_s3 GET 'bucket?prefix=interrupted%2Fbackups%2Fstopped%2Fstopped.tar.gz&uploads=' |
    grep -o '<Upload>' | wc -l)" -eq "$1" ]
}

@test "ark says what is wrong with a bucket, and does nothing" {
  exits 1 ark backup create x --location "s3://no-such-bucket?s3Url=$S3_URL"
  says no-such-bucket
  exits 1 ark backup get --location "s3://no-such-bucket?s3Url=$S3_URL"
  says "404 NoSuchBucket" "check the bucket's name and region, or create it"
  AWS_SECRET_ACCESS_KEY=wrong exits 1 ark backup get --location "s3://bucket?s3Url=$S3_URL"
  says "403 SignatureDoesNotMatch" "check the access key and secret"
  ended unreachable
  [ "$status" -eq 1 ]
  says "http://127.0.0.1:1"
  exits 2 ark backup get --location s3://bucket --location-config s3url="$S3_URL"
  says "did you mean s3Url?"
}

# --- what was begun at the start ---------------------------------------------------------------------

@test "the contract on a directory" {
  ended file-check
  [ "$status" -eq 0 ] || fails "$output"
  [ "$(grep -c ^ok <<<"$output")" -eq 11 ]
}

@test "the contract on MinIO" {
  ended minio-check
  [ "$status" -eq 0 ] || fails "$output"
  [ "$(grep -c ^ok <<<"$output")" -eq 11 ]
}

@test "the contract on moto" {
  ended moto-check
  [ "$status" -eq 0 ] || fails "$output"
  [ "$(grep -c ^ok <<<"$output")" -eq 11 ]
}

@test "silence is not waited for: a stalled read goes on, a stalled part is sent again" {
  ended stalled-read
  [ "$status" -eq 0 ] || fails "$output"
  ended stalled-write
  [ "$status" -eq 0 ] || fails "$output"
  "$cluster/proxy" log "$cluster_name-stall" | grep -q 'GET .* stall=3000000'
  "$cluster/proxy" log "$cluster_name-stall" | grep -q 'PUT .* upload-stall=1000000'
  "$contract" get s3://bucket/stall write $((16 * MIB)) s3Url="$S3_URL"
}
