#!/bin/sh
# W&B servers of one's own: behind a proxy, with a certificate of one's own, with
# addresses of files that are paths or lead nowhere, old ones, and none at all.
. "$srcdir/tests/lib.sh"
srcdir=$(cd "$srcdir" && pwd)
. "$srcdir/tests/wandb.sh"
. "$srcdir/tests/tls.sh"
make_ca
kinds='typical files artifact console'
mkdir -p "$work/kept/sub"
echo one >"$work/kept/one"
head -c 300000 /dev/zero >"$work/kept/sub/two"

WANDB_DIR=$work # where wb-log has its runs
export WANDB_DIR

# all_tools NAME: each tool that asks a W&B server asks this one.
all_tools() {
    # shellcheck disable=SC2086
    copy $kinds
    ok "$1: wb-sync" sync 0
    is "$1: all is verified" "$(jq -c '[.synced, .verified]' "$out" | sort -u)" \
        '[true,true]'
    sandbox_state
    for kind in $kinds; do
        is "$1: $kind is there" "$(held "$kind" "$work/state")" '"equal"'
    done
    is "$1: no client did what it may not" \
        "$(jq -c .violations "$work/state")" '[]'
    ok "$1: wb-sync --verify" sync 0 --verify
    is "$1: sends nothing" "$(jq -c .verified "$out" | sort -u)" true
    project=$(jq -r '.run | sub("/[^/]*$"; "")' "$out" | head -n 1)
    ok "$1: wb-runs" run 0 wb-runs "$project"
    is "$1: lists them" "$(jq -s 'length > 0' "$out")" true
    one=$(jq -r .run "$out" | head -n 1)
    ok "$1: wb-runs of one" run 0 wb-runs --history=_step "$one"
    ok "$1: wb-set" run 0 wb-set --tag=+good --summary=best=0.5 "$one"
    ok "$1: wb-runs and wb-compare" eval 'wb-runs --fields=display_name,config,summary "$one" |
        wb-compare >"$out"'
    is "$1: what was set" "$(jq -c '.summary.best[]' "$out")" 0.5
    ok "$1: wb-log" run_input '{"loss": 1}
{"loss": 0.5}' 0 wb-log -e tester -p made --id=live
    is "$1: its rows" "$(tail -n 1 "$out" |
        jq -c '[.history_lines, .verified]')" '[2,true]'
    rm -rf "$work/got"
    ok "$1: wb-artifact put" run 0 wb-artifact put --name=kept -e tester -p made \
        "$work/kept"
    ok "$1: wb-artifact get" run 0 wb-artifact get -o "$work/got" \
        tester/made/kept:latest
    ok "$1: what was put" diff -r "$work/kept" "$work/got"
    ok "$1: wb-artifact ls" run 0 wb-artifact ls tester/made/kept:latest
    is "$1: its files" "$(jq -s length "$out")" 2
    ok "$1: wb-set --delete" run 0 wb-set --delete --yes "$one"
    ok "$1: which is gone" run 1 wb-runs "$one"
    ok "$1: wb-collect" run 0 wb-collect "$project"
    is "$1: folds them" "$(jq -s length "$out")" 20
    ok "$1: wb-runs --whoami" run 0 wb-runs --whoami
    is "$1: says where" "$(field endpoint)" "$WANDB_BASE_URL"
}

sandbox_state() {
    curl -sS --cacert "$work/ca.pem" "${url%/wandb}/sandbox/state" \
        >"$work/state"
}

# hosted SCHEME PREFIX [OPTION ...]: serve, and lead tools there.
hosted() {
    scheme=$1 prefix=$2
    shift 2
    serve "$@"
    url=$scheme://127.0.0.1:$(cat "$work/port")
    WANDB_BASE_URL=$url$prefix
}

# ---- where it is ----

hosted http '' --storage=
all_tools 'files at a path'
hosted http /wandb --prefix=/wandb
all_tools 'below a path'
is 'the address for people has it' \
    "$(wb-sync <"$work/files" | jq -r .url | grep -vc "^$WANDB_BASE_URL/")" 0
hosted http /wandb --prefix=/wandb --storage=
all_tools 'below a path, files at one that does not know of it'
hosted http /wandb --prefix=/wandb --storage=/wandb
all_tools 'below a path, files at one that has it'
hosted http /wandb/ --prefix=/wandb
ok 'a slash at its end' run 0 wb-runs --whoami
hosted http '' --prefix=/wandb
ok 'the path is forgotten' run 1 wb-runs --whoami
is 'there is nothing' "$(field error.code)" not_found

# ---- certificates ----

SSL_CERT_FILE=$work/ca.pem
export SSL_CERT_FILE
hosted https '' --tls="$work/server.pem"
all_tools 'https'
hosted https /wandb --tls="$work/server.pem" --prefix=/wandb --storage=
all_tools 'https, below a path, files at one'
unset SSL_CERT_FILE
ok 'an authority in a folder' run 0 env SSL_CERT_DIR="$work/cas" \
    wb-runs --whoami
ok 'beside others in a file' run 0 env SSL_CERT_FILE="$work/other.pem" \
    SSL_CERT_DIR="$work/cas" wb-runs --whoami
ok 'one that nobody knows' run 1 wb-runs --whoami
is 'is refused' "$(field error.code)" rejected
ok 'and where to say so is said' grep_err 'issuer.*SSL_CERT_FILE'
is 'it is not asked again' "$(slept)" 0
ok 'a file that is not there' run 1 env SSL_CERT_FILE="$work/none.pem" \
    wb-runs --whoami
ok 'is named' grep_err none.pem
: >"$work/empty.pem"
ok 'an empty one' run 1 env SSL_CERT_FILE="$work/empty.pem" wb-runs --whoami
ok 'is named, too' grep_err empty.pem
ok 'http where https is spoken' run 1 env \
    WANDB_BASE_URL="http${WANDB_BASE_URL#https}" wb-runs --whoami
is 'is no answer, or no good one' \
    "$(field error.code | grep -cE '^(rejected|unavailable)$')" 1

# ---- keys ----

forty=0123456789abcdef0123456789abcdef01234567
for key in "$forty" "local-$forty" "$forty${forty}abcdef" "wandb_v1-$forty$forty"
do
    hosted http /wandb --prefix=/wandb --load "{\"api_key\": \"$key\"}"
    name="a key of ${#key}, $(printf '%.6s' "$key")"
    ok "$name" run 0 env WANDB_API_KEY="$key" wb-runs --whoami
    echo "machine ${url#http://} login user password $key" >"$work/netrc"
    chmod 600 "$work/netrc"
    ok "$name, in netrc" run 0 env -u WANDB_API_KEY NETRC="$work/netrc" \
        wb-runs --whoami
    is "$name, which is named" "$(field credential)" "$work/netrc"
    is "$name, and not shown" "$(cat "$out" "$err" | grep -c "$key")" 0
done
echo 'machine 127.0.0.1 login user password local-'"$forty" >"$work/netrc"
ok 'the name without the port is another' run 2 env -u WANDB_API_KEY \
    NETRC="$work/netrc" wb-runs --whoami

# ---- addresses that lead nowhere: HOST was not set ----

for storage in http://localhost:1 http://minio:9000 http://4f1d2a7c9b3e:8080 \
    http://key:hunter2@minio:9000; do
    hosted http '' --storage="$storage"
    shown=$(echo "$storage" | sed 's,//.*@,//,')
    copy typical
    ok "$storage" sync 1
    ok "$storage: what is to be done" grep_err \
        "files go to $shown, .*HOST has to be set.*$WANDB_BASE_URL"
    is "$storage: no secret is told" "$(cat "$out" "$err" | grep -c hunter)" 0
    ok "$storage: it was told at once" grep_err 'trying again'
    is "$storage: only once" "$(grep -c 'trying again' "$err")" 1
    is "$storage: in seconds" "$(slept | awk '{ print ($1 < 90) }')" 1
    is "$storage: not synced" "$(field synced)" false
    is "$storage: the rows are there" "$(run_state typical0 .history.lines)" 505
done
stop
hosted http '' --storage=http://minio:9000
# shellcheck disable=SC2086
copy artifact
ok 'artifacts' sync 1
ok 'are told of likewise' grep_err 'HOST has to be set'
is 'in seconds, too' "$(slept | awk '{ print ($1 < 150) }')" 1

ok 'wb-artifact put' run 1 wb-artifact put --name=kept -e tester -p made \
    "$work/kept"
ok 'tells of them' grep_err 'HOST has to be set'
hosted http '' --store="$work/artifacts"
ok 'one that is there' run 0 wb-artifact put --name=kept -e tester -p made \
    "$work/kept"
hosted http '' --store="$work/artifacts" --storage=http://4f1d2a7c9b3e:8080
ok 'wb-artifact get' run 1 wb-artifact get -o "$work/none" \
    tester/made/kept:latest
ok 'tells of them, too' grep_err 'HOST has to be set'

# A name without a dot that is found, here by a proxy, is no such thing.
hosted http '' --storage=http://labstore:9000 \
    --fault 'match=upload times=always status=403'
copy typical
http_proxy=$url no_proxy=127.0.0.1
export http_proxy no_proxy
ok 'a storage that refuses' sync 1
ok 'did so' grep_err 'HTTP 4'
is 'and has a good name' "$(grep -c 'HOST has to be set' "$err")" 0
unset http_proxy no_proxy

# Another day HOST is set.
hosted http '' --store="$work/store" --storage=http://localhost:1
copy typical
ok 'HOST is not set' sync 1
hosted http '' --store="$work/store"
ok 'and set' sync 0
is 'files are sent' "$(field files)" 4
is 'rows are not' "$(run_state typical0 .history.lines)" 505

# ---- nobody there ----

port=$(cat "$work/port")
stop
forget_waits
ok 'nobody answers' run 1 wb-runs --whoami
ok 'where' grep_err "127.0.0.1 port $port"
ok 'which was told at once' grep_err 'trying again'
is 'in seconds' "$(slept | awk '{ print ($1 < 20) }')" 1
is 'it may be there later' "$(field error.temporary)" true
ok 'a name that is not known' run 1 env \
    WANDB_BASE_URL=http://wandb.invalid:9595 wb-runs --whoami
ok 'is named' grep_err 'wandb.invalid'

ok 'wb-log' run_input '{"loss": 1}' 1 env WANDB_BASE_URL="$url" \
    wb-log -e tester -p made
ok 'says where, too' grep_err "127.0.0.1 port $port"

# ---- the proxy ----

hosted http '' --fault \
    'match=graphql times=always status=301 header=Location:https://lab.example/graphql'
ok 'it wants https' run 1 wb-runs --whoami
ok 'it is said where' grep_err 'HTTP 301: it is at https://lab.example/graphql'
hosted http '' --fault 'match=graphql times=always status=200 body=<html>'
ok 'another service' run 1 wb-runs --whoami
ok 'is no server of W&B' grep_err 'no JSON'

# ---- old servers, and what is new in others ----

hosted http '' --load '{"lacks": ["ServerInfo.features",
    "Mutation.markRunFilesUploaded",
    "LocalVersionInfo.versionOnThisInstanceString"]}'
all_tools 'an old server'
is 'it lacks' "$(field server_lacks | jq length)" 4
is 'its version is not known' "$(field server_version)" null
# What it has of an ended run: the files are lost.
copy typical
sync 0
hosted http '' --load '{"server_version": "0.52.2", "features": [
    "MARK_RUN_FILES_UPLOADED", "STRUCTURED_CONSOLE_LOGS"]}'
ok 'a new one' run 0 wb-runs --whoami
is 'its version' "$(field server_version)" 0.52.2
is 'it lacks less' "$(field server_lacks)" \
    '["ARTIFACT_DIGEST_ALGORITHM","USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION"]'

# ---- a storage whose word is lost: a file is seen when a client tells ----

deaf='"storage_events": false'
for features in '[]' '["MARK_RUN_FILES_UPLOADED"]'; do
    name="no events, $features"
    hosted http '' --load "{$deaf, \"features\": $features}"
    copy typical
    ok "$name" sync 0
    is "$name: files are told of" "$(run_state typical0 '.files | length')" 4
done

# Two files of a run are there, and the server has lost what only the first had.
mkdir -p "$work/first/files" "$work/second"
make-run two 10 10 0 resume file=notes.txt >"$work/first/run-two.wandb"
make-run two 10 10 1000 resume from=10 >"$work/second/run-two.wandb"
echo notes >"$work/first/files/notes.txt"
for features in '[]' '["MARK_RUN_FILES_UPLOADED"]'; do
    name="lost, $features"
    rm -f "$work/other"
    hosted http '' --store="$work/other" --load "{$deaf, \"features\": $features}"
    ok "$name" run 0 wb-sync --no-mark "$work"/first/*.wandb \
        "$work"/second/*.wandb
    stop
    sqlite3 "$work/other" "UPDATE wb_file SET uploaded = 0"
    hosted http '' --store="$work/other"
    if [ "$features" = '[]' ]; then
        ok "$name: the first file again" run 1 wb-sync "$work"/first/*.wandb
        ok "$name: is not taken for there" grep_err 'the server lacks.*notes.txt'
    else
        ok "$name: the first file again" run 0 wb-sync --no-mark \
            "$work"/first/*.wandb
        is "$name: is told of" "$(field verified) $(asked MarkRunFilesUploaded)" \
            'true 1'
    fi
    is "$name: the run stays as it was" "$(run_state two .state)" finished
done

# ---- what kw-sandbox refuses to be ----

ok 'a prefix that is no path' run 2 kw-sandbox --prefix=wandb -- true
ok 'no such certificate' run 2 kw-sandbox --tls="$work/none.pem" -- true
ok 'which is named' grep_err none.pem
ok 'a certificate without its key' run 2 kw-sandbox --tls="$work/ca.pem" -- true
ok 'is said' grep_err 'ca.pem: no certificate with its key'

done_testing
