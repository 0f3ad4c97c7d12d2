#!/bin/sh
# wb-sync and the official wandb 0.31.0 on the same runs: each takes what the
# other has done for done. KW_PEERS_VENV is a virtual environment that has it.
. "$srcdir/tests/lib.sh"
srcdir=$(cd "$srcdir" && pwd)
. "$srcdir/tests/wandb.sh"

bin=${KW_PEERS_VENV:?a virtual environment with wandb}/bin
export WANDB_ERROR_REPORTING=false WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL=1 \
    WANDB_CONFIG_DIR="$work/config" WANDB_CACHE_DIR="$work/cache" \
    WANDB_DATA_DIR="$work/data"

official() {
    # shellcheck disable=SC2046
    (cd "$work" && "$bin/wandb" sync "$@" $(sed 's|/[^/]*$||' files)) \
        >"$work/official" 2>&1
}

kinds='typical console resumed resumed_restart crashed files alert'
serve
# shellcheck disable=SC2086
copy $kinds
# It leaves out what it cannot write there first.
sed 's|[^/]*$|files|' "$work/files" | while read -r folder; do
    mkdir -p "$folder"
done
ok 'the official client syncs' official
sandbox GET state >"$work/state"
for kind in $kinds; do
    is "$kind: as it should" "$(held "$kind" "$work/state")" '"equal"'
done
before=$(writes)
ok 'its marks are a claim' sync 0
# What is made of the records may be that of the first of two files: of the two
# resumed runs three files go up again, in five requests each.
is 'which holds: no row is sent' "$(($(writes) - before))" 10
is 'all is verified' "$(jq -c .verified "$out" | sort -u)" true

serve
# shellcheck disable=SC2086
copy $kinds
ok 'wb-sync syncs' sync 0
before=$(writes)
ok 'the official client takes the marks for its own' official
ok 'and says so' grep -q 'Skipped 9 synced run' "$work/official"
is 'nothing is sent' "$(writes)" "$before"

done_testing
