#!/bin/sh
# wb-sync: killed at any request, and called again, also on a fresh copy: each
# row is there once, in its place.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

# Some ten megabytes, so that there are several posts.
make-run large 600 20000 >"$work/run-large.wandb"
make-run frag 250 20000 0 resume killed >"$work/run-frag1.wandb"
make-run frag 350 20000 1000 resume >"$work/run-frag2.wandb"

# Starts wb-sync and kills it when it waits for the answer to request $1, which
# was done if the number is even.
killed_at() {
    n=$1
    shift
    sandbox DELETE faults >/dev/null
    before=$(sandbox GET requests | wc -l)
    after=$([ $((n % 2)) -eq 1 ] || echo after)
    sandbox POST faults "nth=$n silence $after" >/dev/null
    wb-sync -j1 "$@" >/dev/null 2>&1 &
    pid=$!
    while [ "$(sandbox GET requests | wc -l)" -lt $((before + n)) ] &&
        kill -0 $pid 2>/dev/null; do
        :
    done
    kill -9 $pid
    wait $pid 2>/dev/null
    sandbox DELETE faults >/dev/null
}

# What a whole run is like, without its name.
whole() {
    state ".runs[\"tester/made/$1\"] | [.state, .history, .events, .console,
        .summary, .config, (.files | map_values(.size)), .violations]"
}

# Each step once, in order, and as many lines of each kind as there are rows.
steps() {
    sandbox GET "runs/tester/made/$1/history" |
        jq -c -s 'map(._step) == [range(0; length)]'
}

# ---- one file ----

serve
ok 'a run of several posts' run 0 wb-sync --no-mark "$work/run-large.wandb"
is 'of which there are some' \
    "$(state '.requests.file_stream > 2')" true
want=$(whole large)
is 'has all rows' "$(state '.runs[].history.lines')" 600
is 'and lines' "$(state '.runs[] | [.console.lines, .events.lines]')" '[600,60]'
requests=$(state '.requests | add')
posts=$(state '.requests.file_stream')
n=1
while [ $n -le "$requests" ]; do
    serve
    killed_at $n "$work/run-large.wandb"
    ok "killed at request $n: no mark is there" \
        [ ! -e "$work/run-large.wandb.synced" ]
    ok "killed at request $n: called again" \
        run 0 wb-sync --no-mark "$work/run-large.wandb"
    is "killed at request $n: it is whole" "$(whole large)" "$want"
    n=$((n + 1))
done

n=1
while [ $n -le "$posts" ]; do
    serve --fault "match=file_stream nth=$n status=503"
    ok "post $n is refused once" run 0 wb-sync --no-mark "$work/run-large.wandb"
    is "post $n: is sent again" "$(state '.requests.file_stream')" \
        $((posts + 1))
    is "post $n: it is whole" "$(whole large)" "$want"
    n=$((n + 1))
done

# ---- two fragments, in a call each, each on a machine of its own ----

serve
ok 'a fragment' run 0 wb-sync --no-mark "$work/run-frag1.wandb"
is 'that was killed has failed' "$(state '.runs[].state')" failed
yaml=$(state '.runs[].files["config.yaml"].size')
ok 'the next one' run 0 wb-sync --no-mark "$work/run-frag2.wandb"
want=$(whole frag)
is 'goes on' "$(state '.runs[] | [.history.lines, .console.lines,
    .events.lines, .state]')" '[600,600,60,"finished"]'
is 'each step is there once' "$(steps frag)" true
is 'the summary goes along' "$(state '.runs[].summary._step')" 599
is 'the config keeps what was there' "$(state '.runs[].config')" \
    '{"0":true,"1000":true,"lr":0.5}'
is 'config.yaml, too' "$(state ".runs[].files[\"config.yaml\"].size > $yaml")" true
ok 'the first one again' run 0 wb-sync --no-mark "$work/run-frag1.wandb"
ok 'the next one again' run 0 wb-sync --no-mark "$work/run-frag2.wandb"
is 'change nothing' "$(whole frag)" "$want"
ok 'both, in the wrong order' \
    run 0 wb-sync --no-mark "$work/run-frag2.wandb" "$work/run-frag1.wandb"
is 'change nothing either' "$(whole frag)" "$want"
cp "$work/run-frag1.wandb" "$work/copy1.wandb"
cp "$work/run-frag2.wandb" "$work/copy2.wandb"
ok 'both, and a copy of each' run 0 wb-sync --no-mark "$work"/*frag?.wandb \
    "$work"/copy?.wandb
is 'are there once' "$(whole frag)" "$want"
serve
ok 'both, and a copy of each, new' run 0 wb-sync --no-mark \
    "$work"/*frag?.wandb "$work"/copy?.wandb
is 'are there once, too' "$(whole frag)" "$want"
serve
ok 'both, new, in the wrong order' \
    run 0 wb-sync --no-mark "$work/run-frag2.wandb" "$work/run-frag1.wandb"
is 'are done in theirs' "$(whole frag)" "$want"

n=1
while [ $n -le 9 ]; do
    serve
    run 0 wb-sync --no-mark "$work/run-frag1.wandb"
    killed_at $n "$work/run-frag2.wandb"
    ok "the next one killed at request $n: called again" \
        run 0 wb-sync --no-mark "$work/run-frag2.wandb"
    is "the next one killed at request $n: it is whole" \
        "$(whole frag)" "$want"
    n=$((n + 1))
done

# A client before 0.18 writes no summary before its end.
make-run bare 7 10 0 killed bare >"$work/run-bare.wandb"
serve
ok 'killed without a summary' run 0 wb-sync --no-mark "$work/run-bare.wandb"
is 'it has the last step' "$(run_state bare .summary)" '{"_step":6}'
before=$(writes)
ok 'again' run 0 wb-sync --no-mark "$work/run-bare.wandb"
is 'sends nothing' "$(writes)" "$before"
rm "$work/run-bare.wandb"

done_testing
