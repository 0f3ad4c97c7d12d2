#!/bin/sh
# wb-set: each of its requests fails in every way; what it says then is so,
# another call ends what was begun, and what others do is never lost. With
# FAULTS_ALL, as in make check-faults, also in more ways, and for good.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/everyway.sh"

# 0.3 s for an answer, 0.15 s without a byte; the waits between are faked.
KW_LIMITS=${KW_LIMITS:-0.005}
export KW_LIMITS

# begin JQ: a server with a run
begin() {
    serve --load "$(jq -n -c '{runs: [{run: "e/p/r", state: "finished",
        created_at: "2026-11-20T00:00:00Z", tags: ["a"], notes: "n",
        config: {lr: 1, deep: {a: 1}},
        summary: "{\"loss\":NaN,\"big\":12345678901234567890}"} | '"$1"']}')"
}

# The run as the server holds it.
held() {
    jq -S -c '.runs["e/p/r"] | [.state, (.tags | sort), .notes, .config, .summary]' \
        "$work/state"
}

# so BEFORE AFTER UPDATED: each as held says; UPDATED in the record
so() {
    _held=$(held)
    if [ "$status" -eq 0 ] && [ "$_held" = "$2" ] &&
        [ "$(field error)" = null ]; then
        echo whole
    elif [ "$status" -eq 1 ] && [ "$(field error.code)" != null ] &&
        { [ "$_held" = "$1" ] || [ "$_held" = "$2" ]; }; then
        echo true
    else
        echo false
    fi
}

# ---- fields ----

old='["finished",["a"],"n",{"deep":{"a":1},"lr":1},{"big":12345678901234567000,"loss":"NaN"}]'
new='["finished",["a","c"],"m",{"deep":{"a":2},"lr":1},{"big":12345678901234567000,"loss":"NaN","score":2}]'

begin_fields() {
    begin .
}
act_fields() {
    wb-set --summary=score=2 --config=deep.a=2 --tag=c --notes=m e/p/r \
        >"$out" 2>"$err"
}
so_fields() {
    so "$old" "$new"
}

# Somebody else writes right before our first write, and right before the one
# that puts it right.
theirs='["finished",["b"],"n",{"lr":7},{"theirs":1}]'
ours='["finished",["b","c"],"m",{"deep":{"a":2},"lr":7},{"score":2,"theirs":1}]'

begin_race() {
    begin .
    jq -n -c '{runs: [{run: "e/p/r", tags: ["b"], config: {lr: 7},
        summary: {theirs: 1}}]}' >"$work/theirs"
    sandbox POST faults \
        "match=UpsertBucket load=$work/theirs" >"$work/reply"
}
act_race() {
    wb-set --summary=score=2 --config='deep={"a":2}' --tag=c --notes=m e/p/r \
        >"$out" 2>"$err"
}
# If it did not come to their write, there is nothing of theirs.
so_race() {
    case $(held) in
    *theirs*) so "$theirs" "$ours" ;;
    *) so "$old" "$new" ;;
    esac
}

# ---- states ----

begin_stop() {
    begin '.state = "running"'
}
act_stop() {
    wb-set --state=stopped --tag=c e/p/r >"$out" 2>"$err"
}
so_stop() {
    _half=$(held)
    case $_half in
    '["running"'*) ;;
    *) _half=none ;;
    esac
    so "$_half" "$(echo "$old" | sed 's/finished/failed/; s/"a"/"a","c"/')"
}

begin_finish() {
    begin '.state = "crashed"'
}
act_finish() {
    wb-set --state=finished e/p/r >"$out" 2>"$err"
}
so_finish() {
    so "$(echo "$old" | sed 's/finished/crashed/')" "$old"
}

# ---- delete ----

begin_delete() {
    begin .
}
act_delete() {
    wb-set --delete --yes e/p/r >"$out" 2>"$err"
}
# Another call after one whose outcome was not known finds nothing.
so_delete() {
    _gone=$(jq '.runs | has("e/p/r") | not' "$work/state")
    if [ "$status" -eq 0 ]; then
        [ "$_gone,$(field deleted)" = true,true ] && echo whole
    elif [ "$_gone,$(field error.code)" = true,not_found ]; then
        echo whole
    elif [ "$status" -eq 1 ] && [ "$(field error.code)" != null ] &&
        [ "$(field deleted)" = null ]; then
        echo true
    fi
}

scenes='race stop delete'
[ -z "${FAULTS_ALL-}" ] || scenes="$scenes fields finish"
for scene in $scenes; do
    each_way
    if [ -n "${FAULTS_ALL-}" ]; then
        each 'status=200 body=<html>' whole ''
        # To a program that says its end this is a yes.
        each 'status=200 body={}' any ''
    fi
    is "$scene: whatever fails, what is said is so" $failures 0
done
echo "# $count failures"

done_testing
