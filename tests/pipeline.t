#!/bin/sh
# The whole line, as examples/pipeline shows it: a git remote, a commit, a
# kernel program that really runs, and its run on the server, row by row.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

srcdir=$(cd "$srcdir" && pwd)
export GIT_CONFIG_NOSYSTEM=1
cd "$work" || exit 1

# line STATUS [ARGUMENT ...]: in a folder of its own, against our sandbox.
line() {
    _want=$1
    shift
    rm -rf line
    mkdir line
    run "$_want" env PIPELINE_WORK="$work/line" \
        bash "$srcdir/examples/pipeline" "$@"
}
last() {
    jq -c "$1" line/7-wb-sync
}

serve
ok 'the line' line 0 --lr 3e-4
is 'ends with a run that is verified' "$(last '[.status, .marker, .state,
    .history_lines, .synced, .verified]')" \
    '["COMPLETE",true,"finished",505,true,true]'
is 'which is on the server, row by row' "$(held typical)" '"equal"'
is 'nobody broke a rule' "$(state .violations)" '[]'
commit=$(git -C line/tree rev-parse HEAD)
is 'what is here was committed and pushed' \
    "$(git -C line/tree status --porcelain)$(git -C line/remote rev-parse main)" \
    "$commit"
is 'that is what the kernel ran' \
    "$(last .commit),$(jq -c .commit line/session/working/session_summary.json)" \
    "\"$commit\",\"$commit\""
is 'with these arguments' "$(grep '^training' line/session/log)" \
    'training --lr 3e-4'
is 'what it left is what was fetched' \
    "$(cd line/session/working && find . -type f | sort | xargs sha256sum)" \
    "$(cd line/out && find . -type f ! -name '.kgl-*' ! -name 'try-*.log' \
        ! -name '*.synced' | sort | xargs sha256sum)"
is 'each step is in the transcript' "$(sed -n 's/ added$//p' "$out" |
    tr '\n' ' ')" \
    'kgl-gitsync kgl-build kgl-push kgl-status kgl-output wb-find-runs wb-sync '
ok 'and what the server holds' grep -q '^rows  *505  *505$' "$out"

serve
ok 'a training that fails' line 1 --fail
is 'is a session that failed' "$(last '[.status, .failed.code]')" \
    '["ERROR","kernel_failed"]'
is 'of which the run is there all the same' "$(held typical)" '"equal"'
ok 'and the log' grep -q '^out of memory' "$out"
is 'with its status' \
    "$(jq .exit_status line/session/working/session_summary.json)" 1
ok 'without a marker' test ! -e line/out/SESSION_COMPLETE
done_testing
