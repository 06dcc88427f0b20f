#!/usr/bin/env bats
# What a stock Velero makes of a location is what `ark location` says of it.
# shellcheck disable=SC2154
load helpers

setup_file() {
  cluster_up
  minio_up
}

teardown_file() { stock_down; }

location_is() { [ "$(kubectl get -n velero backupstoragelocation default -o 'jsonpath={.status.phase}')" = "$1" ]; }

# put KEY: an object of the bucket, by neither program under test
put() {
  curl -sSf --aws-sigv4 "aws:amz:$AWS_REGION:s3" -K - -X PUT -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \
    --data-binary x "$S3_URL/bucket/$1" <<<"user = \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""
}

@test "an object that a check left does not disturb stock; a folder that it warns of does" {
  put backups/ark-check-0123456789abcdef # as it is named while it is there
  stock_up
  location_is Available
  exits 0 velero backup get
  says_not ark-check
  exits 0 ark location check
  says_not warning
  put photos/1
  exits 0 ark location check
  says "a stock Velero refuses a location with other folders than its own: photos"
  wait_for 60 location_is Unavailable
  run kubectl get -n velero backupstoragelocation default -o 'jsonpath={.status.message}'
  says "invalid top-level directories: [photos]"
}
