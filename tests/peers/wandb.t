#!/bin/sh
# The official wandb 0.31.0 takes kw-sandbox for W&B: its uploads of recorded
# runs leave there what the recording says, and what it logs live it finds
# again. KW_PEERS_VENV is a virtual environment that has it (make check-peers
# makes one).
. "$srcdir/tests/lib.sh"

bin=${KW_PEERS_VENV:?a virtual environment with wandb}/bin
tests_dir=$(cd "$srcdir/tests" && pwd)
export WANDB_ERROR_REPORTING=false WANDB_X_GRAPHQL_RETRY_MAX=2 \
    WANDB_X_FILE_STREAM_RETRY_MAX=2 WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL=1 \
    WANDB_CONFIG_DIR="$work/config" WANDB_CACHE_DIR="$work/cache" \
    WANDB_DATA_DIR="$work/data"
cd "$work" || exit 1
is 'the version that was checked' "$("$bin/wandb" --version)" \
    'wandb, version 0.31.0'

# Recorded runs name their artifacts' files below this folder.
recorded=/tmp/kaggle/working
put=
clean_recorded() {
    for kind in $put; do
        rm -rf "${recorded:?}/$kind"
    done
    clean
}
trap clean_recorded EXIT
mkdir -p "$recorded"
for kind in artifact media code; do
    if [ ! -e "$recorded/$kind" ]; then
        put="$put $kind"
        cp -R "$tests_dir/data/runs/$kind" "$recorded/$kind"
    fi
done

# sync KIND: all fragments of each of its runs, in a copy.
sync_kind() {
    cp -R "$tests_dir/data/runs/$1" "$work/$1"
    chmod -R u+w "$work/$1"
    find "$work/$1" -name '*.wandb' | sort >list
    # git keeps no empty folders, and the client needs this one.
    set --
    while IFS= read -r file; do
        mkdir -p "${file%/*}/files"
        set -- "$@" "${file%/*}"
    done <list
    "$bin/wandb" sync "$@" >"$out" 2>"$err"
}

same() {
    "$bin/python" "$tests_dir/peers/compare.py" state.json \
        "$tests_dir/data/runs/$1/expected.json" >"$err" && return
    sed 's/^/# /' "$err"
    return 1
}

serve --load '{"user": "tester"}'
for dir in "$tests_dir"/data/runs/*/; do
    kind=$(basename "$dir")
    sync_kind "$kind"
    # JSON has no infinity, and a config is refused that has.
    if [ "$kind" = nonfinite_config ]; then
        ok "$kind: as the client reports it" grep_err 'config is no JSON'
        continue
    fi
    sandbox GET state >state.json
    ok "$kind: what is held is what was recorded" same "$kind"
done
is 'without a violation' "$(state .violations)" '[]'

serve
mkdir live
cd live || exit 1
ok 'a live run, the public API, artifacts' \
    run 0 "$bin/python" "$tests_dir/peers/client.py"
is 'without a violation' "$(state .violations)" '[]'
done_testing
