#!/bin/sh
# wb-log beside the official wandb 0.31.0: of the same rows the server holds the
# same; the public API reads them; and what wb-log left in a spool or an offline
# folder the official client uploads as wb-sync does. KW_PEERS_VENV is a virtual
# environment that has it.
. "$srcdir/tests/lib.sh"

bin=${KW_PEERS_VENV:?a virtual environment with wandb}/bin
peer=$(cd "$srcdir/tests/peers" && pwd)/log.py
export WANDB_ERROR_REPORTING=false WANDB_SILENT=true WANDB_DISABLE_GIT=true \
    WANDB_X_GRAPHQL_RETRY_MAX=2 WANDB_X_FILE_STREAM_RETRY_MAX=2 \
    WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL=1 WANDB_X_DISABLE_STATS=true \
    WANDB_CONFIG_DIR="$work/config" WANDB_CACHE_DIR="$work/cache" \
    WANDB_DATA_DIR="$work/data" PYTHONDONTWRITEBYTECODE=1
cd "$work" || exit 1
is 'the version that was checked' "$("$bin/wandb" --version)" \
    'wandb, version 0.31.0'
"$bin/python" "$peer" rows >rows
is 'the rows' "$(wc -l <rows | tr -d ' ')" 1000

peer() {
    "$bin/python" "$peer" "$@" >"$err" 2>&1 && return
    sed 's/^/# /' "$err"
    return 1
}

# logged STATUS [OPTION ...]: the rows, as log.py logs them by the client.
logged() {
    _want=$1
    shift
    wb-log -pp --name=named --notes='some notes' --tag=a --tag=b --group=g \
        --job-type=j --config=lr=0.1 --config=@config.json --config=text=0.5x \
        --define=loss:min --define=loss:max --define=train/acc:mean \
        --define=train/acc:last "$@" <rows >"$out" 2>"$err"
    ended $? "$_want"
}
echo '{"deep": {"a": [1, null], "b": "x"}}' >config.json

serve --load '{"user": "tester"}'

# ---- the same rows by both ----

ok 'wb-log logs them' logged 0 --id=ours
ok 'the official client logs them' peer log rows theirs
ok 'the server holds the same' peer same tester/p/ours tester/p/theirs
ok 'the public API reads what wb-log wrote' \
    peer look tester/p/ours rows finished
ok 'wb-log goes on with its run' run_input \
    '{"again": 1, "_timestamp": 1795241300}' 0 \
    wb-log -pp --id=ours --resume --tag=c
ok 'the official client with its' peer resume theirs
ok 'which leaves the same' peer same tester/p/ours tester/p/theirs
is 'no violation' "$(state .violations)" '[]'

# ---- states ----

ok 'a run that failed' logged 0 --id=failed --exit-status=3
ok 'is failed for the API' peer state tester/p/failed failed
ok 'but whole' peer look tester/p/failed rows failed

# The button is pressed while the run goes on.
mkfifo pipe
wb-log -pp --id=stopped <pipe >"$out" 2>"$err" &
logger=$!
exec 8>pipe
echo '{"loss": 1}' >&8
# Time goes on, a second for each look, until then.
until_true() {
    until "$@" || ! kill -0 $logger 2>/dev/null; do
        echo 1 >>"$KW_CLOCK"
        sleep 0.01
    done
}
one_line() {
    [ "$(state '.runs["tester/p/stopped"].history.lines // 0')" -ge 1 ]
}
until_true one_line
ok 'is running for the API' peer state tester/p/stopped running
ok 'the button is pressed through the API' peer stop tester/p/stopped
until_true false
wait $logger
is 'which ends it' $? 1
exec 8>&-
is 'as stopped' "$(field stopped)" true
ok 'and failed for the API' peer state tester/p/stopped failed

# ---- spools and offline folders, by the official client ----

# upload FOLDER WHO PROGRAM ...: uploads a copy of FOLDER to a new server; what
# that holds then is in WHO.state and WHO.held.
upload() {
    _folder=$1
    _who=$2
    shift 2
    rm -rf copy
    cp -R "$_folder" copy
    serve --load '{"user": "tester"}'
    find copy -name '*.wandb' | sed 's|/[^/]*$||' >folders
    # The official client writes there first.
    while read -r _dir; do mkdir -p "$_dir/files"; done <folders
    # shellcheck disable=SC2046 # no name has a blank
    "$@" $(cat folders) >"$out" 2>"$err" || {
        sed 's/^/# /' "$out" "$err"
        return 1
    }
    state '.runs["tester/p/spool"] | del(.files) | del(.host)
        | .history |= .lines' >"$_who.state"
    "$bin/python" "$peer" held tester/p/spool >"$_who.held"
}

for kind in spool offline; do
    case $kind in
    spool)
        WANDB_DIR=spool
        export WANDB_DIR
        mkdir spool
        (
            WANDB_BASE_URL=http://127.0.0.1:9
            export WANDB_BASE_URL
            logged 1 --id=spool --timeout=1 -e tester
        )
        ok 'a server that is not there' ended $? 0
        unset WANDB_DIR
        ;;
    offline)
        ok '--offline' logged 0 --id=spool --offline=offline -e tester
        ;;
    esac
    is "$kind: a folder" \
        "$(find $kind -name '*.wandb' | wc -l | tr -d ' ')" 1
    ok "$kind: the client uploads it" upload $kind theirs "$bin/wandb" sync
    ok "$kind: is whole for the API" \
        peer look tester/p/spool rows finished
    ok "$kind: wb-sync uploads it" upload $kind ours wb-sync
    ok "$kind: is whole for the API" \
        peer look tester/p/spool rows finished
    is "$kind: the server holds the same" "$(cat ours.state)" \
        "$(cat theirs.state)"
    is "$kind: of all rows" "$(wc -l <ours.held | tr -d ' ')" 1001
    ok "$kind: which are the same" cmp ours.held theirs.held
done

done_testing
