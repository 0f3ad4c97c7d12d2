#!/bin/sh
# wb-sync: whichever request fails, in whichever way, calling it again until it
# ends with 0 leaves what a sync without faults leaves.
. "$srcdir/tests/lib.sh"

KW_LIMITS=0.005
export KW_LIMITS

# Each case syncs a copy of the run under an id of its own, so one sandbox
# serves for all, and what it holds is looked at once, at the end.
begin() {
    kind=$1
    cases=0
    broken=
    serve
    rm -rf "$work/runs"
    cp -R "$srcdir/tests/data/runs/$kind" "$work/runs"
    find "$work/runs" -name '*.wandb' | LC_ALL=C sort >"$work/files"
    count=$(wc -l <"$work/files")
}

sync() {
    wb-sync -j1 --id="$id" <"$work/files" >"$out" 2>"$err"
}

marked() {
    find "$work/runs" -name '*.synced' | wc -l
}

# Until it ends with 0; what it said on the way must be true.
until_done() {
    tries=0
    while ! sync; do
        tries=$((tries + 1))
        [ "$(marked)" -lt "$count" ] || broken="$broken $id:marked"
        [ $tries -lt 8 ] || {
            broken="$broken $id:never"
            sed 's/^/# /' "$err"
            break
        }
    done
    [ "$(marked)" -eq "$count" ] || broken="$broken $id:unmarked"
    find "$work/runs" -name '*.synced' -delete
}

fault() {
    cases=$((cases + 1))
    id=case$cases
    sandbox DELETE faults >/dev/null
    sandbox POST faults "$1" >/dev/null
    until_done
}

# The runs that are not what the file says, an array of names.
others() {
    sandbox GET state | jq -c --slurpfile want \
        "$srcdir/tests/data/runs/$kind/expected.json" '
        def clean: del(.name, .violations, .alerts, .preempting, .entity)
            | .files |= map_values(.volatile? // .);
        ($want[0].runs | to_entries[0].value) as $w
        | [.runs | to_entries[]
            | (.value | .files |= with_entries(
                if $w.files[.key].volatile then .value = {volatile: true}
                else . end)) as $run
            | select(($run | clean) != ($w | clean)) | .key]'
}

# All of them with make check-faults.
for kind in ${KW_FAULTS:-typical}; do
    begin "$kind"
    id=free
    until_done
    requests=$(state '.requests | add')
    n=1
    while [ $n -le "$requests" ]; do
        fault "nth=$n status=500"
        fault "nth=$n times=9 status=500"
        fault "nth=$n status=500 after"
        fault "nth=$n status=429 retry-after=5"
        fault "nth=$n status=403"
        fault "nth=$n close=before"
        fault "nth=$n close=after"
        fault "nth=$n cut=10"
        fault "nth=$n silence"
        n=$((n + 1))
    done
    is "$kind: $cases faults, each was got over" "$broken" ''
    is "$kind: all runs are whole" "$(others)" '[]'
    is "$kind: so many" "$(state '.runs | length')" $((cases + 1))
    is "$kind: and nothing was wrong" "$(state .violations)" '[]'
    is "$kind: no alert came twice" \
        "$(state '[.runs[].alerts | length] | max <= 2')" true
done

done_testing
