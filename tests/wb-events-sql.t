#!/bin/sh
# wb-events-sql: events of a real MinIO in each form that it writes them, in
# disorder, cut, and of what is no run file; SQL is a text here, and applied to
# a real server in tests/peers/events.t.
. "$srcdir/tests/lib.sh"

data=$(cd "$srcdir/tests/data/minio-events" && pwd)
bench=$(cd "$srcdir/tests/bench" && pwd)
cd "$work" || exit 1
ids=$data/projects.json

# rows [JQ]: the plain facts of those that are there, as the expected ones are
rows() {
    jq -c -S "select(.deleted_at | not) | {entity: .storage_entity_name,
        project: .storage_project_name, run_id: .run_name, name, mimetype,
        size_bytes: .meta.size, etag: .meta.etag, updated: .meta.updated,
        storage_bucket, project_id, key: .meta.name,
        bucket: (.meta.bucket | ltrimstr(\"s3://\"))} ${1-}" "$out"
}
removed() {
    jq -c -S 'select(.deleted_at) | {entity: .storage_entity_name,
        project: .storage_project_name, run_id: .run_name, name,
        bucket: (.meta.bucket | ltrimstr("s3://"))}' "$out"
}
# from FILE STATUS [OPTION ...]: the tool reads FILE
from() {
    _file=$1
    _want=$2
    shift 2
    wb-events-sql "$@" <"$_file" >"$out" 2>"$err"
    ended $? "$_want"
}

# ---- each form ----
expected=$(jq -c -S . "$data/expected-rows.ndjson")
gone=$(jq -c -S . "$data/expected-removed.ndjson")
for form in access.ndjson mysql-access.ndjson webhook.ndjson; do
    ok "$form" from "$data/$form" 0 --projects="$ids"
    is 'are the rows' "$(rows)" "$expected"
    is 'and what was removed' "$(removed)" "$gone"
    ok 'what is no run file is told' grep_err \
        'no run file: 1, the first in line [0-9]*: "two/parts"'
    ok 'and what has no id' grep_err \
        'an id in --projects: 1, .*: "wandb_artifacts/12"$'
done
for form in namespace.ndjson namespace.hgetall.json; do
    ok "$form" from "$data/$form" 0 --projects="$ids"
    is 'are the rows' "$(rows)" "$expected"
    is 'and the one removal that it holds' "$(removed)" \
        "$(printf '%s\n' "$gone" | grep never)"
done
# Their "updated" is another event's.
without='| del(.updated)'
ok 'listen.ndjson, which does not escape' from "$data/listen.ndjson" 0 \
    --projects="$ids"
is 'are the rows' "$(rows "$without")" \
    "$(jq -c -S ". $without" "$data/expected-rows.ndjson")"
is 'and what was removed' "$(removed)" \
    "$(printf '%s\n' "$gone" | grep -v never)"
jq -R -n -c '[inputs]' "$data/access.ndjson" >array
ok 'redis-cli --json LRANGE' from array 0 --projects="$ids"
is 'are the rows' "$(rows)" "$expected"
sed 's/$/\r/; s/^/ /' "$data/access.ndjson" >spaced
ok 'with white space around them' from spaced 0 --projects="$ids"
is 'are the rows' "$(rows)" "$expected"
tr -d '\n' <"$data/access.ndjson" | sed 's/\]\[/,/g' >one
ok 'many events in one array' from one 0 --projects="$ids"
is 'are the rows' "$(rows)" "$expected"

# ---- disorder ----
ok 'a list that is not in order' from "$data/disorder.ndjson" 0 \
    --projects="$ids"
is 'is read in order' "$(rows)" "$(jq -c -S . "$data/disorder-rows.ndjson")"
is 'removals, too' "$(removed)" "$(jq -c -S . "$data/disorder-removed.ndjson")"
want=$(cat "$out")
tac "$data/disorder.ndjson" >tac
ok 'from its end' from tac 0 --projects="$ids"
is 'it is the same' "$(cat "$out")" "$want"
shuf --random-source="$data/access.ndjson" "$data/access.ndjson" >shuffled
ok 'shuffled' from shuffled 0 --projects="$ids"
is 'are the rows' "$(rows)" "$expected"

# ---- a record ----
ok 'a run' from "$data/access.ndjson" 0 --projects="$ids" --run=ejf7lqvc
is 'has its rows only' "$(rows | wc -l)" 26
ok 'another' from "$data/access.ndjson" 0 --projects="$ids" --run=none
is 'has none' "$(cat "$out")" ''
ok 'without ids' from "$data/access.ndjson" 0
is 'rows have none' "$(jq -s -c 'map(.project_id) | unique' "$out")" '[null]'
is 'and are all run files' "$(rows | wc -l)" 28
ok 'a record' from "$data/access.ndjson" 0 --projects="$ids"
is 'has the columns' \
    "$(jq -c 'select(.name == "wandb-metadata.json")' "$out")" \
    '{"run":"ai/VITON-HD_GMM/ejf7lqvc","name":"wandb-metadata.json","mimetype":"application/json","project_id":3,"run_name":"ejf7lqvc","meta":{"md5":"vag/qnmdyDELtwWhITICCg==","etag":"bda83faa799dc8310bb705a12132020a","size":14,"name":"ai/VITON-HD_GMM/ejf7lqvc/wandb-metadata.json","bucket":"s3://local-files","crc32c":"","updated":"2026-11-21T04:30:43.979Z","generation":"null","contentType":"application/json"},"storage_bucket":"s3://local-files","storage_entity_name":"ai","storage_project_name":"VITON-HD_GMM","storage_run_name":"ejf7lqvc","storage_file_name":"wandb-metadata.json"}'
is 'a multipart upload has no MD5' \
    "$(jq -c 'select(.meta.etag | endswith("-3")) | .meta.md5' "$out")" '""'
is 'what was removed says when' "$(jq -r \
    'select(.name == "gone.txt").deleted_at' "$out")" 2026-11-21T04:30:44.875Z

# ---- one event, as it is wanted ----
# event KEY [JQ]: MinIO's event of it
event() {
    jq -c --arg key "$1" '{Records: [.[0].Event[0] | .s3.object.key = $key
        | '"${2-.}"']}' <first
}
head -n 1 "$data/access.ndjson" >first
one() {
    event "$@" | tr -d '\n' >one
    from one "${want_status:-0}"
}
named() {
    one "$1" "${2-.}" && jq -j '.name + "|"' "$out"
}
is 'a plus is a space, %2B a plus, %252F an escape' \
    "$(named 'e%2Fp%2Fr%2Fa+b%2Bc%252Fd')" 'a b+c%2Fd|'
is 'the listen form says what it means' "$(named 'e/p/r/a+b%2Bc')" \
    'a+b%2Bc|'
is 'S3 escapes, but for /' \
    "$(named 'e/p/r/a+b%2Bc%252F' '.eventSource = "aws:s3"')" 'a b+c%2F|'
is 'UTF-8' "$(named 'e%2Fp%2Fr%2F%F0%9F%99%82%ED%95%9C')" '🙂한|'
want_status=1
ok 'an escape without its digits' one 'e%2Fp%2Fr%2Fa%2'
ok 'is named by its line' grep_err 'line 1: .*key'
want_status=0
for key in 'e%2Fp%2Fr' 'e%2Fp%2Fr%2F' '%2Fe%2Fp%2Fr%2Fx' 'e%2F%2Fr%2Fx' \
    'e%2Fp%2Fr%2F..%2Fx' 'e%2Fp%2F.%2Fx' 'e%2Fp%2Fr%2F%00' 'e%2Fp%2Fr%2F%FF' \
    'e%2Fp%2Fr%2F%ED%A0%80' 'e%2Fp%2Fr%2Fa%2F%2Fb' \
    "e%2Fp%2Fr%2F$(printf '%01020d' 0)"; do
    ok "$(printf %.30s "$key")" one "$key"
    is 'is no run file' "$(cat "$out")" ''
    ok 'which is told' grep_err 'no run file: 1, the first in line 1'
done
ok 'no size' one 'e%2Fp%2Fr%2Fx' 'del(.s3.object.size)'
is 'is 0' "$(field meta.size)" 0
ok 'no content type' one 'e%2Fp%2Fr%2Fx' 'del(.s3.object.contentType)'
is 'is the usual one' "$(field mimetype)" application/octet-stream
ok 'an eTag of another kind' one 'e%2Fp%2Fr%2Fx' '.s3.object.eTag = "W/\"1\""'
is 'stays as it is' "$(field meta.etag)" 'W/"1"'
is 'and is no MD5' "$(field meta.md5)" ''
ok 'a read' one 'e%2Fp%2Fr%2Fx' '.eventName = "s3:ObjectAccessed:Get"'
is 'is no state' "$(cat "$out" "$err")" ''
ok 'an expiry of S3' one 'e/p/r/x' '.eventSource = "aws:s3"
    | .eventName = "LifecycleExpiration:Delete"'
is 'is a removal' "$(field deleted_at)" 2026-11-21T04:30:43.979Z
echo '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}' >test
ok "S3's first message" from test 0
is 'is none' "$(cat "$out" "$err")" ''
one "$(printf '%070000d' 0)"
is 'a long name is told in short' "$(wc -c <"$err" | awk '{ print ($1 < 500) }')" 1
ok 'another bucket' one 'e%2Fp%2Fr%2Fx' '.s3.bucket.name = "a \u001b"'
is 'is left out' "$(cat "$out")" ''
ok 'and told' grep_err 'of another bucket: 1, .*: "a \\u001b"$'
printf '\n\n[]\n{}\n' >empty
ok 'an empty list, an empty hash, nothing' from empty 0
is 'are nothing' "$(cat "$out" "$err")" ''
{
    event 'e%2Fp%2Fr%2Fx' '.s3.object.sequencer = "0055AED6DCD90281E5"'
    event 'e%2Fp%2Fr%2Fx' '.s3.object.sequencer = "0055AED6DCD90281E6" | .s3.object.size = 2'
    event 'e%2Fp%2Fr%2Fx' '.s3.object.sequencer = "0055AED6DCD90281E" | .s3.object.size = 3'
} >long
ok "S3's sequencers" from long 0
is 'are in order' "$(field meta.size)" 2

# ---- versions ----
ok 'another bucket, with versions' from "$data/versioned.ndjson" 0
is 'is left out' "$(cat "$out")" ''
sed 's/"versioned"/"local-files"/g' "$data/versioned.ndjson" >versioned
ok 'a bucket with versions' from versioned 2 --sql --projects="$ids"
is 'is refused' "$(cat "$out")" ''
ok 'with the reason' grep_err 'line 1: .*local-files is versioned'
sed 's/"versionId":"[^"]*"/"versionId":"null"/' versioned >suspended
ok 'one that keeps none' from suspended 0
is 'is not' "$(jq -s length "$out")" 3

# ---- the bucket's folder ----
mkdir -p bucket/local-files
eval "set -- $(jq -s -r 'map(.key) | @sh' "$data/expected-rows.ndjson")"
for key in "$@"; do
    mkdir -p "bucket/local-files/$key"
    : >"bucket/local-files/$key/xl.meta"
done
check() {
    from "$1" 0 --projects="$ids" --bucket-dir="$2"
}
ok 'a bucket that is as its events say' check "$data/access.ndjson" \
    bucket/local-files/
is 'has all rows' "$(rows)" "$expected"
is 'and all removals' "$(removed)" "$gone"
here=bucket/local-files/ai/VITON-HD_GMM/ejf7lqvc
rm -r "$here/config.yaml"
mv "$here/empty.log/xl.meta" plain
rmdir "$here/empty.log"
mv plain "$here/empty.log"
: >"$here/gone.txt"
rm "$here/copied.yaml/xl.meta"
rm -r "$here/wandb-summary.json"
mkdir elsewhere
: >elsewhere/xl.meta
ln -s "$work/elsewhere" "$here/wandb-summary.json"
ok 'one that is not' check "$data/access.ndjson" bucket/local-files
is 'lacks what is not there' "$(rows | jq -r .name | grep -cE \
    '^(copied.yaml|wandb-summary.json)$|GMM.*config')" 0
is 'as a file or a folder' "$(rows | grep -c 'empty.log')" 1
is 'that is' "$(rows | wc -l)" 24
is 'and what is there is not removed' "$(removed | grep -c '"gone.txt"')" 0
ok 'which is told' grep_err 'written but are not in --bucket-dir: 3: '
ok 'by name' grep_err 'removed but are in --bucket-dir: 1: .*gone.txt'
if [ "$(id -u)" -ne 0 ]; then
    chmod 0 bucket/local-files/ai
    ok 'one that cannot be looked at' from "$data/access.ndjson" 3 \
        --sql --projects="$ids" --bucket-dir=bucket/local-files
    is 'has no COMMIT' "$(grep -c COMMIT "$out")" 0
    chmod 755 bucket/local-files/ai
fi
mkdir bucket/other
ok 'the name of the folder' check "$data/access.ndjson" bucket/other
is 'is that of the bucket' "$(cat "$out")" ''
sed 's/"local-files"/"other"/g' "$data/access.ndjson" >other
ok 'the same events of another' from other 0 --projects="$ids" --bucket=other
is 'are its rows' "$(rows | sed 's/"bucket":"other"/"bucket":"local-files"/
    s,s3://other,s3://local-files,')" "$expected"
ok 'a name beside the folder' from other 0 --projects="$ids" \
    --bucket=other --bucket-dir=bucket/local-files
is 'is that of the events' "$(rows | wc -l)" 24
ok 'no folder' from "$data/access.ndjson" 2 --bucket-dir=bucket/none
ok 'no name' from "$data/access.ndjson" 2 --bucket-dir=/

# ---- ids ----
ids_are() {
    printf '%s' "$1" >ids.json
    from "$data/access.ndjson" "$2" --projects=ids.json
}
ok 'an entity of its own' ids_are '{"ai/VITON-HD_GMM":7,"VITON-HD_GMM":8,
    "x/VITON-HD_AFWM":9,"VITON-HD_AFWM":null,"other":1}' 0
is 'wins' "$(jq -s -c 'map(.project_id) | unique' "$out")" '[7]'
ok 'what has null is told' grep_err 'leaves out: 1, .*: "ai/VITON-HD_AFWM"$'
ok 'and what is not in it' grep_err 'an id in --projects: 1, .*"wandb_artifacts/12"$'
ok 'an entity whose projects have no files' ids_are \
    '{"VITON-HD_GMM":8,"VITON-HD_AFWM":4,"wandb_artifacts/":null,"12":5}' 0
is 'has no rows' "$(jq -s -c 'map(.project_id) | unique' "$out")" '[4,8]'
ok 'and is told' grep_err 'leaves out: 1, .*: "wandb_artifacts/12"$'
ok 'SQL of it' from "$data/access.ndjson" 0 --sql --projects=ids.json
ok 'is of all events' grep -q 'unknown=0 others=0 disagreed=0' "$out"
for bad in '{"ai/":3}' '[]' '{"a":1.5}' '{"a":-1}' '{"a":"1"}' '{"a":1,"a":2}' '{' ''; do
    ok "ids: $bad" ids_are "$bad" 2
    is 'are none' "$(cat "$out")" ''
    ok 'by name' grep_err 'ids.json'
done
ok 'no file' from "$data/access.ndjson" 2 --projects=none
ok 'SQL without ids' from "$data/access.ndjson" 2 --sql

# ---- what is bad ----
{
    head -n 1 "$data/access.ndjson"
    cat <<'END'
(error) ERR unknown
WRONGTYPE Operation against a key holding the wrong kind of value
[{"Event":[{"eventVersion":"2.0"

{"x":1}
"text"
7
null
[[1]]
{"Records":[{"eventName":"s3:ObjectCreated:Put"}]}
{"a":"not json"}
END
    event 'e%2Fp%2Fr%2Fx' '.eventTime = "2026-02-30T00:00:00Z"'
    event 'e%2Fp%2Fr%2Fx' '.s3.object.sequencer = "x"'
    event 'e%2Fp%2Fr%2Fx' '.s3.object.size = -1'
    event 'e%2Fp%2Fr%2Fx' 'del(.s3.object.key)'
    event 'e%2Fp%2Fr%2Fx' 'del(.eventName)'
    event 'e%2Fp%2Fr%2Fx' '.eventTime = "2026-12-31T23:59:60Z"'
    sed -n 2p "$data/access.ndjson"
} >bad
ok 'lines that are no event' from bad 1
is 'do not hold up the others' "$(jq -s length "$out")" 2
is 'are named by their numbers' "$(sed -n 's/.*: line \([0-9]*\): .*/\1/p' \
    "$err" | tr '\n' ' ')" '2 3 4 6 7 8 9 10 11 12 13 14 15 16 17 18 '
for length in $(seq 1 37 1000); do
    head -c "$length" first >cut
    from cut 1 && [ ! -s "$out" ] && continue
    ok "an event that is cut after $length bytes" false
done
ok 'an event that is cut is none' true
ok 'SQL of it' from bad 1 --sql --projects="$ids"
ok 'says that it is not all' grep -q 'committed complete=0' "$out"

# ---- SQL ----
ok 'SQL' from "$data/access.ndjson" 0 --sql --projects="$ids"
is 'ends behind the COMMIT' "$(tail -n 4 "$out" | head -n 1)" 'COMMIT;'
ok 'with a line that tells' grep -q \
    "^SELECT CONCAT('wb-events-sql: committed complete=1 created=27 removed=4 unknown=1 others=0 disagreed=0 " \
    "$out"
is 'is one transaction' "$(grep -cE '^(START TRANSACTION|COMMIT);$' "$out")" 2
is 'holds no name as it is' "$(grep -c 'VITON\|wandb-summary\|plain' "$out")" 0
cp "$out" sql
ok 'again' from shuffled 0 --sql --projects="$ids"
ok 'it is the same' cmp -s "$out" sql
ok 'of one run' from "$data/access.ndjson" 0 --sql --projects="$ids" \
    --run=ejf7lqvc
ok 'tells of the others' grep -q 'unknown=[01] others=[1-9]' "$out"
ok 'of another bucket' from "$data/access.ndjson" 0 --sql --projects="$ids" \
    --bucket=wandb
ok 'likewise' grep -q 'created=0 .* unknown=0 others=[1-9]' "$out"
ok 'of nothing' from empty 0 --sql --projects="$ids"
ok 'it says so' grep -q 'complete=1 created=0' "$out"
python3 "$bench/events.py" make 3000 >many
ok 'of many' from many 0 --sql --projects="$ids"
is 'is in statements of some size' "$(awk 'BEGIN { RS = ";\n" }
    length($0) > 270000' "$out" | wc -l)" 0
is 'and not in one a row' "$(grep -c '^INSERT' "$out")" 6

# ---- streams ----
ok 'a full disk' sh -c 'wb-events-sql --sql --projects="$1" <"$2" >/dev/full
    [ $? -eq 3 ]' sh "$ids" "$data/access.ndjson" 2>"$err"
ok 'is told' grep_err 'standard output'
ok 'input that cannot be read' from "$work" 3 --sql --projects="$ids"
is 'is no SQL' "$(cat "$out")" ''
ok 'which is told' grep_err 'standard input'
ok 'an operand' run 2 wb-events-sql file
ok 'a wrong option' run 2 wb-events-sql --no-such
ok '--help' run 0 wb-events-sql --help
ok 'begins with the usage' grep -q '^usage: wb-events-sql' "$out"
done_testing
