#!/bin/sh
# wb-sync: the files of a resumed run, in whatever order they come, runs that
# were taken back, and forks: each row is there once, in its place.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

# A copy of file $2 of run $1 in a folder of its own, as on another machine.
fresh() {
    rm -rf "$work/fresh"
    mkdir "$work/fresh"
    cp "$work/$1-$2" "$work/fresh/run-$1.wandb"
    file=$work/fresh/run-$1.wandb
}

# What the last call said: its code, and whether that may pass.
verdict() {
    field error.code | tr '\n' ' '
    field error.temporary
}

steps() {
    sandbox GET "runs/tester/made/$1/history" | jq -c -s 'map(._step)'
}

counts() {
    run_state "$1" ' | [.history.lines, .console.lines, .events.lines, .state]'
}

whole() {
    run_state "$1" ' | [.state, .history, .events, .console, .summary, .config]'
}

# Each file's rows in their order: the times go up with the steps.
in_order() {
    sandbox GET "runs/tester/made/$1/history" | jq -s -e \
        'length == '"$2"' and map(._step) == [range(0; length)]
        and (map(._timestamp) | . == (sort | unique))' >/dev/null
}

# ---- steps that say where a file belongs ----

for n in 1 2 3; do
    make-run told 10 10 $((n * 1000)) resume from=$((n * 10 - 10)) \
        >"$work/told-$n"
    make-run mute 10 10 $((n * 1000)) resume >"$work/mute-$n"
done

serve
for n in 3 2; do
    fresh told $n
    ok "file $n before the first" run 1 wb-sync "$file"
    is "file $n before the first: is a conflict" "$(verdict)" 'conflict false'
    ok "file $n before the first: says what of" grep_err "step $((n * 10 - 10))"
done
is 'nothing was sent' "$(state .runs)" '{}'
fresh told 1
ok 'the first' run 0 wb-sync "$file"
fresh told 3
ok 'then the last' run 1 wb-sync "$file"
is 'is a conflict' "$(verdict)" 'conflict false'
ok 'that says what there is' grep_err 'step 20.*ends at step 9, after 10 rows'
fresh told 2
ok 'the second' run 0 wb-sync "$file"
fresh told 3
ok 'and now the last' run 0 wb-sync "$file"
is 'all of it is there' "$(counts told)" '[30,30,3,"finished"]'
ok 'in order' in_order told 30
want=$(whole told)
for n in 2 1 3; do
    fresh told $n
    ok "file $n again" run 0 wb-sync "$file"
    is "file $n again: changes nothing" "$(whole told)" "$want"
done
is 'nothing was wrong' "$(state .violations)" '[]'

serve
fresh told 2
ok '--partial' run 0 wb-sync --partial "$file"
is 'sends what is there' "$(steps told)" '[10,11,12,13,14,15,16,17,18,19]'
fresh told 1
ok 'one that comes before' run 1 wb-sync "$file"
is 'has no place any more' "$(verdict)" 'conflict false'
fresh told 3
ok 'one that comes behind' run 0 wb-sync "$file"
is 'has' "$(counts told)" '[20,20,2,"finished"]'

# A run that was killed may have lost rows before it was resumed.
make-run lost 10 10 1000 resume killed >"$work/lost-1"
make-run lost 10 10 2000 resume from=15 >"$work/lost-2"
serve
fresh lost 1
ok 'a killed run' run 0 wb-sync "$file"
fresh lost 2
ok 'and what came of it' run 0 wb-sync "$file"
is 'with a gap' "$(steps lost | jq -c '.[9:11]')" '[9,15]'

# Rows are not all as far from each other as the first two.
make-run wide 10 10 1000 resume >"$work/wide-1"
make-run wide 10 10 2000 resume from=15 stride=5 >"$work/wide-2"
make-run wide 10 10 2000 resume from=14 stride=5 >"$work/wide-3"
serve
fresh wide 1
ok 'a run' run 0 wb-sync "$file"
fresh wide 2
ok 'what is further than any stride' run 1 wb-sync "$file"
is 'is a conflict' "$(verdict)" 'conflict false'
fresh wide 3
ok 'what is as far as the widest' run 0 wb-sync "$file"
is 'goes on' "$(steps wide | jq -c '.[9:13]')" '[9,14,15,20]'

# Who names a file and the one before it knows better than its steps do.
mkdir -p "$work/named/1" "$work/named/2"
cp "$work/told-1" "$work/named/1/run-told.wandb"
cp "$work/told-3" "$work/named/2/run-told.wandb"
serve
ok 'two in a call, steps apart' run 0 wb-sync --no-mark "$work/named/"?
is 'are one run' "$(steps told | jq -c '.[9:11]')" '[9,20]'
serve
wb-find-runs "$work/named" >"$work/found"
ok 'and if they are counted so' run_input "$(cat "$work/found")" 0 \
    wb-sync --no-mark
is 'they are' "$(steps told | jq -c '.[9:11]')" '[9,20]'
serve
ok 'with one between them' run_input "$(jq -c '.fragments = 3 |
    if .fragment == 2 then .fragment = 3 else . end' "$work/found")" 1 wb-sync
is 'the last waits for that' "$(jq -r '.error.code' "$out" | tr '\n' ' ')" \
    'null conflict '

# A first step above 0 is that of every tenth step, say.
make-run tenth 1 10 1000 resume from=10 >"$work/tenth-1"
serve
fresh tenth 1
ok 'a first file may begin later' run 0 wb-sync "$file"

# ---- steps that begin again: what is beside a file tells ----

serve
for n in 1 2 3; do
    mkdir -p "$work/wandb/offline-run-20261121_06000$n-mute"
    cp "$work/mute-$n" "$work/wandb/offline-run-20261121_06000$n-mute/run-mute.wandb"
done
for n in 3 1 3 2 3; do
    wb-sync "$work/wandb/offline-run-20261121_06000$n-mute" \
        >"$out" 2>"$err"
    verdicts=$verdicts$n:$(field error.code),
done
is 'beside each other, a call each' "$verdicts" \
    3:conflict,1:null,3:conflict,2:null,3:null,
ok 'it names the one that is missing' \
    [ "$(field error.message)" = null ]
is 'all of it is there' "$(counts mute)" '[30,30,3,"finished"]'
ok 'in order' in_order mute 30
want=$(whole mute)
for n in 2 3 1; do
    fresh mute $n
    ok "file $n from elsewhere" run 0 wb-sync "$file"
    is "file $n from elsewhere: changes nothing" "$(whole mute)" "$want"
done
find "$work/wandb" -name '*.synced' -delete
serve
wb-find-runs "$work/wandb" >"$work/found"
for n in 3 1 2 3; do
    fresh mute $n
    jq -c --arg file "$file" "select(.fragment == $n) | .wandb_file = \$file" \
        "$work/found" | wb-sync >"$out" 2>"$err"
    numbers=$numbers$n:$(field error.code),
done
is 'in folders of their own, but counted' "$numbers" \
    3:conflict,1:null,2:null,3:null,
ok 'in order, too' in_order mute 30
serve
ok 'all at once, in the wrong order' run 0 wb-sync --no-mark \
    "$work/wandb/"*3-mute "$work/wandb/"*1-mute "$work/wandb/"*2-mute
ok 'come in order' in_order mute 30
serve --fault 'match=file_stream status=403'
ok 'the first one fails' run 1 wb-sync -j1 "$work/wandb/"*
is 'so the others wait' "$(jq -r .error.code "$out" | tr '\n' ' ')" \
    'auth conflict conflict '
is 'nothing of them is there' "$(run_state mute .history.lines)" 0
serve --fault 'match=file_stream times=always status=503'
ok 'it fails, and may pass' run 1 wb-sync -j1 "$work/wandb/"*
is 'and so may the others' "$(jq -r .error.temporary "$out" | sort -u)" true
sandbox DELETE faults >/dev/null
ok 'they do, tried again' run_input "$(jq -c \
    'select(.error.temporary) | del(.error)' "$out")" 0 wb-sync
ok 'in order at last' in_order mute 30

# ---- files that do not say that they go on, as of older clients ----

for n in 1 2 3; do
    make-run plain 10 10 $((n * 1000)) >"$work/plain-$n"
    mkdir -p "$work/plain/$n"
    cp "$work/plain-$n" "$work/plain/$n/run-plain.wandb"
done
serve
ok 'in one call' run 0 wb-sync --no-mark "$work/plain/"?
is 'all of it is there' "$(counts plain)" '[30,30,3,"finished"]'
ok 'in order' in_order plain 30
want=$(whole plain)
ok 'again' run 0 wb-sync --no-mark "$work/plain/"?
is 'changes nothing' "$(whole plain)" "$want"
fresh plain 2
ok 'one of them alone' run 0 wb-sync "$file"
is 'neither' "$(whole plain)" "$want"

serve
ok 'the first' run 0 wb-sync "$work/plain/1"
fresh plain 2
ok 'the second alone' run 1 wb-sync "$file"
is 'may be another run' "$(verdict)" 'conflict false'
wb-find-runs "$work/plain" >"$work/found"
ok 'the others, counted' run_input "$(cat "$work/found")" 0 wb-sync --no-mark
is 'are the same' "$(whole plain)" "$want"
serve
ok 'without the second' run_input "$(jq -c 'select(.fragment != 2)' \
    "$work/found")" 1 wb-sync --no-mark
is 'the last is not sent' "$(counts plain)" '[10,10,1,"finished"]'

serve --fault 'match=file_stream times=always status=503'
ok 'the first fails, and may pass' run 1 wb-sync -j1 --again "$work/plain/"?
is 'the others wait' "$(jq -r .error.temporary "$out" | sort -u)" true

serve
make-run plain 10 10 1000.05 >"$work/plain/2/run-plain.wandb"
ok 'two at once' run 1 wb-sync --no-mark "$work/plain/1" "$work/plain/2"
is 'are two runs' "$(jq -r .error.code "$out" | tr '\n' ' ')" 'null conflict '

serve
make-run other 10 10 2000 >"$work/plain/2/run-other.wandb"
rm "$work/plain/2/run-plain.wandb"
wb-find-runs "$work/plain/1" "$work/plain/2" >"$work/found"
ok 'two runs as one' run_input "$(cat "$work/found")" 0 wb-sync --no-mark \
    --id=one
is 'are one' "$(counts one)" '[20,20,2,"finished"]'
ok 'in order, too' in_order one 20

# ---- a cut at any post, gone on with elsewhere ----

for n in 1 2 3; do
    make-run cut 300 20000 $((n * 1000)) resume >"$work/cut-$n"
done
for at in 1 2 3; do
    serve
    fresh cut 1
    run 0 wb-sync "$file"
    sandbox POST faults "match=file_stream nth=$at times=always status=400" \
        >/dev/null
    fresh cut 2
    wb-sync "$file" >"$out" 2>"$err"
    sandbox DELETE faults >/dev/null
    fresh cut 2
    ok "cut at post $at, elsewhere" run 0 wb-sync "$file"
    fresh cut 3
    ok "cut at post $at, and the last" run 0 wb-sync "$file"
    is "cut at post $at: all is there" "$(counts cut)" '[900,900,90,"finished"]'
    ok "cut at post $at: in order" in_order cut 900
    is "cut at post $at: nothing was wrong" "$(state .violations)" '[]'
done

# ---- a damaged copy in the middle, and its whole one ----

# As they are numbered by the run, and by each file for itself.
for how in told mute; do
    for n in 1 2 3; do
        from=$([ $how = told ] && echo "from=$((n * 300 - 300))")
        # shellcheck disable=SC2086
        make-run $how 300 200 $((n * 1000)) resume $from >"$work/$how-$n"
    done
    cp "$work/$how-2" "$work/good"
    printf '\377\377' |
        dd of="$work/$how-2" bs=1 seek=50000 conv=notrunc 2>/dev/null
    serve
    for n in 1 2 3; do
        fresh $how $n
        wb-sync --accept-damage "$file" >"$out" 2>"$err"
    done
    rows=$(run_state $how .history.lines)
    ok "$how: rows are missing in the middle" [ "$rows" -lt 890 ]
    want=$(whole $how)
    cp "$work/good" "$work/$how-2"
    for option in --again --verify; do
        fresh $how 2
        ok "$how: the whole file, $option" run 1 wb-sync $option "$file"
        is 'is a conflict' \
            "$(jq -r '(.error // .failed).code' "$out")" conflict
        ok 'that says how many' grep_err "lacks $((900 - rows)) rows"
        is 'it is not synced' "$(field synced),$(field verified)" false,false
        is 'nor marked' "$(find "$work/fresh" -name '*.synced')" ''
    done
    fresh $how 1
    ok "$how: the first file" run 0 wb-sync "$file"
    is 'nothing was changed' "$(whole $how)" "$want"
done

# More rows than are counted in one question.
make-run much 15000 10 1000 >"$work/much-1"
make-run much 10 10 900000 resume from=15000 >"$work/much-2"
serve
for n in 1 2 1; do
    fresh much $n
    ok "many rows, file $n" run 0 wb-sync "$file"
done
is 'are counted' "$(asked HistorySteps)" 3

# ---- a run that was taken back to a step of its own ----

make-run back 10 10 1000 >"$work/back-1"
make-run back 10 10 2000 from=6 rewind=5 >"$work/back-2"
make-run back 10 10 3000 resume >"$work/back-3"
serve
fresh back 2
ok 'a rewind without what it goes back to' run 1 wb-sync "$file"
is 'is a conflict' "$(verdict)" 'conflict false'
fresh back 1
ok 'a run' run 0 wb-sync "$file"
fresh back 2
ok 'taken back' run 0 wb-sync "$file"
is 'by one question' "$(asked RewindRun)" 1
is 'has the rows up to there, and the new' "$(steps back)" \
    '[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]'
is 'its console and events begin anew' "$(counts back)" '[16,10,1,"finished"]'
fresh back 2
ok 'again' run 0 wb-sync "$file"
is 'is not taken back again' "$(asked RewindRun)" 1
fresh back 3
ok 'one that goes on from there' run 0 wb-sync "$file"
want=$(whole back)
is 'does' "$(counts back)" '[26,20,2,"finished"]'
fresh back 2
ok 'the rewind once more' run 0 wb-sync "$file"
is 'takes nothing back' "$(asked RewindRun)" 1
is 'nor changes anything' "$(whole back)" "$want"

make-run back 10 10 4000 from=6 rewind=5 metric=loss >"$work/metric.wandb"

# Each request of a rewind fails in turn.
serve
fresh back 1
run 0 wb-sync "$file"
before=$(sandbox GET requests | wc -l)
fresh back 2
run 0 wb-sync "$file"
requests=$(($(sandbox GET requests | wc -l) - before))
want=$(whole back)
n=1
while [ $n -le "$requests" ]; do
    for how in 'times=9 status=500 after' 'status=403' \
        'times=9 close=after'; do
        serve
        fresh back 1
        run 0 wb-sync "$file"
        sandbox POST faults "nth=$n $how" >/dev/null
        fresh back 2
        wb-sync "$file" >"$out" 2>"$err"
        sandbox DELETE faults >/dev/null
        fresh back 2
        run 0 wb-sync "$file"
        [ "$(whole back)" = "$want" ] || broken="$broken $n:$how"
    done
    n=$((n + 1))
done
is "a rewind, $requests requests failed in turn" "$broken" ''
serve
cp "$work/back-1" "$work/fresh/1.wandb"
cp "$work/back-2" "$work/fresh/2.wandb"
ok 'both in one call' run 0 wb-sync --no-mark "$work/fresh/2.wandb" \
    "$work/fresh/1.wandb"
is 'are the same' "$(whole back)" "$want"

ok 'a rewind to what is no step' run 1 wb-sync "$work/metric.wandb"
is 'is refused' "$(field error.code)" input
is 'before anything is asked' "$(asked RewindRun)" 1

# ---- a run that was forked from another one ----

make-run trunk 10 10 1000 >"$work/trunk-1"
make-run twig 10 10 2000 from=5 fork=trunk:4 >"$work/twig-1"
make-run twig 10 10 3000 resume from=15 >"$work/twig-2"
serve
fresh twig 1
ok 'a fork of a run that is not there' run 1 wb-sync "$file"
is 'is a conflict' "$(verdict)" 'conflict false'
ok 'which names it' grep_err 'the run trunk that it was forked from is not on'
is 'nothing was sent' "$(state .runs)" '{}'
is 'it was waited for, not long' "$(slept)" 11.75
ok 'alone' run 0 wb-sync --partial --no-mark "$file"
want=$(whole twig)
is 'it is what it would be' "$(steps twig)" '[5,6,7,8,9,10,11,12,13,14]'
ok 'begun, it needs no more' run 0 wb-sync "$file"
is 'and is the same' "$(whole twig)" "$want"

serve
fresh trunk 1
ok 'what it was forked from' run 0 wb-sync "$file"
trunk=$(whole trunk)
fresh twig 1
ok 'the fork' run 0 wb-sync --no-mark "$file"
is 'is the same' "$(whole twig)" "$want"
is 'says what it is of' "$(run_state twig .wandb.branch_point)" \
    '{"run_id":"trunk","step":4}'
is 'leaves the other as it is' "$(whole trunk)" "$trunk"
is 'which is asked for, no more' "$(asked RewindRun)" 0
before=$(writes)
ok 'again' run 0 wb-sync --again "$file"
ok 'verified' run 0 wb-sync --verify "$file"
is 'it is sent once' "$(writes)" "$before"
fresh twig 2
ok 'one that goes on from there' run 0 wb-sync "$file"
is 'does' "$(steps twig | jq -c '[length, .[0], .[19]]')" '[20,5,24]'
is 'with all else' "$(counts twig)" '[20,20,2,"finished"]'
two=$(whole twig)
fresh twig 1
ok 'the fork once more' run 0 wb-sync "$file"
is 'changes nothing' "$(whole twig)" "$two"
is 'nothing was wrong' "$(state .violations)" '[]'

# A fork whose rows say less than where it was forked.
make-run low 3 10 2000 fork=trunk:4 >"$work/low-1"
fresh low 1
ok 'a fork whose steps begin at 0' run 0 wb-sync "$file"
is 'goes on behind its point' "$(steps low)" '[5,6,7]'

# The other one is made meanwhile, by another worker.
serve
fresh trunk 1
run 0 wb-sync "$file"
sandbox POST faults "match=RunResumeStatus nth=2 status=200 \
body='{\"data\":{\"model\":{\"bucket\":null},\"serverInfo\":{\"features\":[]}}}'" \
    >/dev/null
fresh twig 1
ok 'one that comes a little later' run 0 wb-sync "$file"
is 'was waited for' "$(slept)" 0.25
is 'it is the same' "$(whole twig)" "$want"

# Each request of a fork fails in turn.
serve
fresh trunk 1
run 0 wb-sync "$file"
before=$(sandbox GET requests | wc -l)
fresh twig 1
run 0 wb-sync "$file"
requests=$(($(sandbox GET requests | wc -l) - before))
broken=
n=1
while [ $n -le "$requests" ]; do
    for how in 'times=9 status=500 after' 'status=403' \
        'times=9 close=after'; do
        serve
        fresh trunk 1
        run 0 wb-sync "$file"
        sandbox POST faults "nth=$n $how" >/dev/null
        fresh twig 1
        wb-sync "$file" >"$out" 2>"$err"
        sandbox DELETE faults >/dev/null
        fresh twig 1
        run 0 wb-sync "$file"
        [ "$(whole twig)$(whole trunk)" = "$want$trunk" ] ||
            broken="$broken $n:$how"
    done
    n=$((n + 1))
done
is "a fork, $requests requests failed in turn" "$broken" ''

# A large one is cut at each of its posts.
make-run large 600 20000 2000 from=5 fork=trunk:4 >"$work/large-1"
serve
fresh trunk 1
run 0 wb-sync "$file"
fresh large 1
run 0 wb-sync "$file"
posts=$(($(asked file_stream) - 1))
want=$(whole large)
broken=
for n in $(seq 1 "$posts"); do
    serve
    fresh trunk 1
    run 0 wb-sync "$file"
    sandbox POST faults "match=file_stream nth=$n times=always status=400" \
        >/dev/null
    fresh large 1
    wb-sync "$file" >"$out" 2>"$err"
    sandbox DELETE faults >/dev/null
    fresh large 1
    run 0 wb-sync "$file"
    [ "$(whole large)" = "$want" ] || broken="$broken $n"
done
is "a large fork, cut at each of $posts posts" "$broken" ''
ok 'of which there are some' [ "$posts" -gt 1 ]

serve
cp "$work/trunk-1" "$work/fresh/1.wandb"
cp "$work/twig-1" "$work/fresh/2.wandb"
ok 'both in one call' run 0 wb-sync -j1 --no-mark "$work/fresh/1.wandb" \
    "$work/fresh/2.wandb"
is 'are the same' "$(whole trunk)" "$trunk"
is 'each of them' "$(steps twig)" '[5,6,7,8,9,10,11,12,13,14]'

make-run odd 10 10 2000 fork=trunk:4 metric=loss >"$work/odd.wandb"
ok 'a fork at what is no step' run 1 wb-sync "$work/odd.wandb"
is 'is refused' "$(field error.code)" input

done_testing
