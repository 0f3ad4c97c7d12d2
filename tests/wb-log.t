#!/bin/sh
# wb-log: lines become rows, whatever happens on the way, and what is said of
# them is so.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

cd "$work" || exit 1
TZ=UTC
export TZ
rows='{"loss": 1.5, "a": {"b": 1, "c": [1, 2]}}
{"loss": 0.5, "acc": NaN, "up": Infinity, "down": -Infinity}
{"loss": 2, "note": "é\u00e9\"", "a": {"d": null}}'

# log STATUS [env ...] OPTION ...: with the input in $work/in
log() {
    _want=$1
    shift
    case $1 in
    env) ;;
    *) set -- wb-log "$@" ;;
    esac
    "$@" <"$work/in" >"$out" 2>"$err"
    ended $? "$_want"
}

log_lines() {
    printf '%s\n' "$1" >"$work/in"
    shift
    log "$@"
}

# The run whose input is descriptor 9.
live() {
    rm -f "$work/fifo"
    mkfifo "$work/fifo"
    : >"$out"
    # The shell starts what goes on beside it with SIGINT ignored.
    env --default-signal=INT wb-log -p proj --id=live "$@" \
        <"$work/fifo" >"$out" 2>"$err" &
    pid=$!
    exec 9>"$work/fifo"
}

ends_with() {
    wait $pid
    ended $? "$1"
}

# say LINE ...: they are in the spool when it ends.
say() {
    _rows=$(($(spooled_rows) + $#))
    printf '%s\n' "$@" >&9
    until_ has_spooled $_rows
}

has_spooled() {
    [ "$(spooled_rows)" -ge "$1" ]
}

spooled_rows() {
    wb-cat --only=history wandb/*/*.wandb 2>/dev/null | wc -l | tr -d ' '
}

# Time moves on by so many seconds.
tick() {
    echo "$1" >>"$KW_CLOCK"
}

# until_ COMMAND: waits for it, while wb-log goes on.
until_() {
    until "$@"; do
        kill -0 $pid 2>/dev/null || return 1
    done
}

has_lines() {
    [ "$(run_state live .history.lines)" = "$1" ]
}

spools() {
    find wandb -name '*.wandb' 2>/dev/null | wc -l | tr -d ' '
}

# The rows of a run as the server has them.
rows_of() {
    jq -n -c --arg query "{project(name: \"proj\") {run(name: \"$1\") {
        history(samples: 100000)}}}" '{query: $query}' |
        curl -sS -u "api:$WANDB_API_KEY" -H 'Content-Type: application/json' \
            --data-binary @- "$url/graphql" |
        jq -r '.data.project.run.history[]'
}

column() {
    rows_of "$1" | sed 's/NaN/"NaN"/g; s/-*Infinity/"&"/g' |
        jq -c "$2" | tr '\n' ' ' | sed 's/ $//'
}

mutate() {
    _id=$(jq -n -c --arg query "{project(name: \"proj\") {run(name: \"live\")
        {id}}}" '{query: $query}' |
        curl -sS -u "api:$WANDB_API_KEY" -H 'Content-Type: application/json' \
            --data-binary @- "$url/graphql" | jq -r .data.project.run.id)
    jq -n -c --arg query "mutation {$1(input: {id: \"$_id\"})
        {$2}}" '{query: $query}' |
        curl -sS -u "api:$WANDB_API_KEY" -H 'Content-Type: application/json' \
            --data-binary @- "$url/graphql" >/dev/null
}

whole() {
    run_state "$1" ' | [.state, .history, .summary, .config,
        (.files | map_values(.size))]'
}

# ---- a run ----

serve
echo '{"lr": 0.1, "sizes": [1, 2], "big": 12345678901234567890}' >config.json
ok 'a run' log_lines "$rows" 0 -p proj -e tester --id=one --name=Name \
    --notes='Some notes' --tag=a --tag=b --group=g --job-type=j \
    --config=@config.json --config=lr=0.2 --config=name=text
is 'says which it is, at once' "$(head -n 1 "$out")" \
    "{\"run\":\"tester/proj/one\",\"url\":\"$url/tester/proj/runs/one\"}"
is 'and what became of it' "$(tail -n 1 "$out" |
    jq -c '[.run, .history_lines, .last_step, .spooled, .verified, .failed]')" \
    '["tester/proj/one",3,2,0,true,null]'
is 'and when' "$(field verified_at)" 2026-11-21T06:00:00Z
is 'two records' "$(wc -l <"$out" | tr -d ' ')" 2
is 'it has ended' "$(run_state one ' | [.state, .exitcode]')" '["finished",0]'
is 'what the options say' "$(run_state one ' | [.displayName, .notes, .tags,
    .group, .jobType]')" '["Name","Some notes",["a","b"],"g","j"]'
is 'the config, the last one of a key' \
    "$(run_state one ' | .config | [.lr, .sizes, .name]')" \
    '[0.2,[1,2],"text"]'
is 'steps are counted' "$(column one ._step)" '0 1 2'
is 'rows are timed, each at another moment' \
    "$(rows_of one | jq -s 'map(._timestamp) |
        . == unique and length == 3 and .[0] == 1795240800')" true
is 'since the run began' "$(column one ._runtime)" '0 1e-06 2e-06'
is 'values as they are' "$(column one '[.loss, .acc, .up, .down, .note]')" \
    '[1.5,null,null,null,null] [0.5,"NaN","Infinity","-Infinity",null] [2,null,null,null,"éé\""]'
is 'nested ones, too' "$(column one .a)" '{"b":1,"c":[1,2]} null {"d":null}'
is 'the summary: the last of each leaf' "$(run_state one ' | .summary |
    [.loss, .acc, .a, ._step, ._wandb.runtime]')" \
    '[2,"NaN",{"b":1,"c":[1,2]},2,0]'
is 'nothing is left here' "$(ls wandb)" ''
is 'nothing was wrong' "$(state .violations)" '[]'

ok 'defined metrics' log_lines '{"l": 3, "a": {"x": 1}, "d.t": 1}
{"l": NaN, "a": {"x": -2}, "d.t": 5}
{"l": 1, "a": {"x": "none"}, "d.t": 3}' 0 -p proj --id=defined \
    --define=a.x:min --define=a.x:max --define=l:min --define='d\.t:mean' \
    --define=d\\.t:last
is 'are summed up' "$(run_state defined ' | .summary | [.a, .l, ."d.t"]')" \
    '[{"x":{"max":1,"min":-2}},{"min":"NaN"},{"last":3,"mean":3}]'
is 'and known to the server' "$(run_state defined ' | .wandb.m |
    map([.name, .options, .summary])')" \
    '[["a.x",[3],[1,2]],["d\\.t",[3],[3,5]],["l",[3],[1]]]'

ok 'the end of the input may be a failure' log_lines '{"a":1}' 0 -p proj \
    --id=failed --exit-status=3
is 'which the run is then' "$(run_state failed ' | [.state, .exitcode]')" \
    '["failed",3]'
: >in
ok 'no line at all' log 0 -p proj --id=empty
is 'is a run, too' "$(run_state empty ' | [.state, .history.lines]')" \
    '["finished",0]'
printf '{"a":1}\n\n  \r\n{"a":2}' >in
ok 'empty lines, and one without an end' log 0 -p proj --id=lines
is 'are no rows, and one' "$(column lines .a)" '1 2'
ok 'an id of its own' log_lines '{"a":1}' 0 -p proj
ok 'is eight letters' sh -c \
    "head -n 1 '$out' | jq -e '.run | test(\"^tester/proj/[a-z0-9]{8}\$\")'"
echo "{\"a\":1}" >in
WANDB_PROJECT=ours WANDB_ENTITY=tester wb-log <in >"$out"
is 'count where there is no option' "$(field run | cut -d/ -f1,2)" tester/ours

# ---- steps, and lines that cannot be logged ----

ok 'the last step there is' log_lines '{"_step": -1, "a": 0}
{"_step": 9007199254740991, "a": 1}
{"a": 2}' 1 -p proj --id=end --timeout=20s
is 'has none behind it' "$(column end '[._step, .a]')" '[9007199254740991,1]'
ok 'which is said' grep_err 'line 3: there is no _step behind the last one'
ok 'as is a step below 0' grep_err 'line 1: _step is less than 0'
is 'the rest is there' "$(field verified)" true
ok 'a time that is none' log_lines '{"_timestamp": 1e400, "a": 1}
{"_runtime": -1e400, "a": 1}' 1 -p proj --id=never
ok 'is named' grep_err 'line 1: _timestamp is no number'
ok 'and the other' grep_err 'line 2: _runtime is no number'

ok 'steps of the input' log_lines '{"_step": 5, "a": 1}
{"a": 2}
{"_step": 6, "a": 3}
{"_step": 3, "a": 4}
{"_step": 20, "a": 5}
{}
{"_step": 30}
{"a": 6}' 1 -p proj --id=steps
is 'count, and never go back' "$(column steps '[._step, .a]')" \
    '[5,1] [6,2] [20,5] [30,6]'
ok 'what goes back is named' grep_err 'line 3: _step 6 is not behind 6'
ok 'each' grep_err 'line 4: _step 3 is not behind 6'
is 'and counted' "$(field skipped_lines)$(field failed.code)" 2input
is 'the rest is there' "$(field verified)$(field spooled)" true0

ok 'times of the input' log_lines '{"_timestamp": 1600000000.5, "a": 1}
{"_timestamp": 1600000001, "_runtime": 7.25, "a": 2}' 0 -p proj --id=times
is 'count' "$(column times '[._timestamp, ._runtime]')" \
    '[1600000000.5,0] [1600000001,7.25]'

printf '%s\n' nope '[1]' '{"a":1' '{"a":1}' '{"_step":1.5,"a":2}' \
    '{"_step":"3","a":2}' '{"_timestamp":"now","a":2}' '{"":1}' \
    '{"a":1,"a":2}' '{"a":01}' '5' '{"a":3}' >in
printf '{"a":"\377"}\n{"a":4}\n' >>in
awk 'BEGIN { printf "{\"a\":\""; while (i++ < 1100000) printf "0123456789"
    printf "\"}\n{\"a\":5}\n" }' >>in
ok 'lines that are none' log 1 -p proj --id=bad
is 'are left out' "$(column bad '[._step, .a]')" '[0,1] [1,3] [2,4] [3,5]'
for n in 1 2 3 5 6 7 8 9 10 11 13 15; do
    ok "line $n is named" grep_err "line $n: "
done
is 'and no other' "$(grep -c ': line [0-9]*: ' "$err")" 12
is 'counted' "$(field skipped_lines)$(field failed.code)" 12input

ok '--strict' log_lines '{"a": 1}
{"a": 2}
[3]
{"a": 4}' 3 -p proj --id=strict --strict
is 'ends there, and what came before is sent' \
    "$(run_state strict ' | [.state, .exitcode, .history.lines]')" \
    '["failed",1,2]'
is 'and says so' "$(field verified)$(field failed.code)" trueinput

# ---- what is refused ----

before=$(requests)
for call in '' '-p a/b' '-p proj --resume' '-p proj --id=a/b' \
    '-p proj --define=loss' '-p proj --define=loss:best' \
    '-p proj --define=:min' '-p proj --interval=21s' '-p proj --batch=0' \
    '-p proj --config=x' '-p proj --config=@none' '-p proj --config==1' \
    '-p proj --tag=' '-p proj --exit-status=256' '-p proj operand' \
    '-p proj --no-such-option'; do
    # shellcheck disable=SC2086 # words
    ok "a wrong call: $call" log_lines '{}' 2 $call
done
is 'asks nothing' "$(requests)" "$before"
is 'and leaves nothing' "$(spools)" 0
ok 'no credential' log_lines '{}' 2 env -u WANDB_API_KEY wb-log -p proj
wb-log -p proj --id=full <in >/dev/full 2>"$err"
ok 'a full disk' ended $? 3
is 'ends the run' "$(run_state full ' | [.state, .history.lines]')" \
    '["failed",0]'
is 'and leaves nothing' "$(spools)" 0
mkfifo nobody
wb-log -p proj --id=nobody <in >nobody 2>"$err" &
: <nobody
wait $!
is 'nobody who reads: death by SIGPIPE' $? 141
is 'ends the run' "$(run_state nobody .state)" failed
is 'and leaves nothing' "$(spools)" 0

ok 'an id that is there' log_lines '{"a":1}' 1 -p proj --id=one
is 'is a conflict' "$(field error.code)$(wc -l <"$out" | tr -d ' ')" conflict1
ok 'which says what to do' grep_err 'resume'
is 'of which nothing is changed' "$(run_state one ' | [.history.lines, .state]')" \
    '[3,"finished"]'
is 'or left' "$(spools)" 0
ok 'a run that was deleted' log_lines '{"a":1}' 0 -p proj --id=live
mutate deleteRun clientMutationId
ok 'is not begun again' log_lines '{"a":1}' 1 -p proj --id=live
is 'is rejected' "$(field error.code)" rejected
is 'and leaves nothing' "$(spools)" 0
ok 'a bad key' log_lines '{"a":1}' 1 env \
    WANDB_API_KEY=ffffffffffffffffffffffffffffffffffffffff wb-log -p proj
is 'is said, and nothing is left' "$(field error.code)$(spools)" auth0

# ---- while it goes on ----

# How many lines of history each post had.
posts() {
    sandbox GET requests | jq -c 'select(.operation == "file_stream") | .body |
        .files["wandb-history.jsonl"].content // [] | length' |
        tr '\n' ' ' | sed 's/ $//'
}

serve
live --interval=5s
ok 'a run without a line' until_ test -s "$out"
is 'is there' "$(run_state live ' | [.state, .history.lines]')" '["running",0]'
say '{"a":1}'
tick 5
ok 'its first line' until_ has_lines 1
say '{"a":2}' '{"a":3}'
say '{"a":4}'
tick 5
ok 'its next ones' until_ has_lines 4
is 'go together' "$(posts)" '0 1 3'
is 'the summary is that of the last' "$(run_state live .summary.a)" 4
before=$(asked file_stream)
tick 29
tick 1
ok 'silence' until_ sh -c "[ \$(curl -sS $url/sandbox/state |
    jq '.requests.file_stream') -gt $before ]"
is 'is a sign of life' "$(posts)" '0 1 3 0'
is 'and no end' "$(run_state live .state)" running
exec 9>&-
ok 'the end' ends_with 0
is 'is there' "$(run_state live ' | [.state, .history.lines]')" \
    '["finished",4]'
is 'nothing was wrong' "$(state .violations)" '[]'

serve
live --batch=10
seq -f '{"a":%g}' 1 25 >&9
ok 'full batches' until_ has_lines 20
is 'do not wait' "$(posts | sed 's/^0 //')" '10 10'
tick 5
ok 'what is left' until_ has_lines 25
is 'waits for its time' "$(posts | sed 's/^0 //')" '10 10 5'
seq -f '{"a":%g}' 26 1000 >&9
exec 9>&-
ok 'many' ends_with 0
is 'are all there, in order' "$(rows_of live | jq -s -c \
    'map(.a) == [range(1; 1001)] and map(._step) == [range(0; 1000)]')" true
is 'in posts that are not larger' "$(posts | tr ' ' '\n' | sort -n | tail -n 1)" 10

serve
live
until_ test -s "$out"
say '{"a":1}'
tick 5
until_ has_lines 1
mutate stopRun success
say '{"a":2}'
tick 5
ok 'the stop button' ends_with 1
is 'ends it, with what was read' "$(run_state live ' | [.state, .exitcode,
    .history.lines]')" '["failed",255,2]'
ok 'which is said' grep_err 'somebody asked on .*/live for the run to stop'
is 'in the record, too' \
    "$(field stopped)$(field failed.code)$(field spooled)" truerejected0
exec 9>&-

for signal in INT TERM; do
    serve
    live
    until_ test -s "$out"
    say '{"a":1}' '{"a":2}'
    kill -$signal $pid
    wait $pid
    got=$?
    case $signal in INT) want=130 ;; *) want=143 ;; esac
    is "SIG$signal: death by it" $got $want
    is "SIG$signal: all is sent" "$(run_state live ' | [.state, .exitcode,
        .history.lines]')" "[\"failed\",$want,2]"
    is "SIG$signal: is confirmed" "$(field verified)$(spools)" true0
    exec 9>&-
done

serve
live
until_ test -s "$out"
printf '{"a":1}\n{"a":2}' >&9
kill -TERM $pid
wait $pid
is 'a signal: a line without an end is one' "$(run_state live .history.lines)" 2
exec 9>&-

serve --fault 'match=file_stream nth=2 status=503 times=99'
clock=$KW_CLOCK
unset KW_CLOCK
live --timeout=20s
until_ test -s "$out"
say '{"a":1}'
kill -TERM $pid
until_ sh -c 'wb-cat --only=exit wandb/*/*.wandb | grep -q exit'
kill -INT $pid
wait $pid
is 'a second signal, of the other kind: death by it' $? 130
is 'at once' "$(wc -l <"$out" | tr -d ' ')$(spools)" 11
exec 9>&-
export KW_CLOCK="$clock"
rm -r wandb

# No room for the spool.
serve
live --exit-status=0
until_ test -s "$out"
say '{"a":1}' '{"a":2}'
prlimit --pid $pid --fsize=$(($(cat wandb/*/*.wandb | wc -c) + 1000))
seq -f '{"a":%g}' 3 1000 >&9
exec 9>&-
ok 'a spool that cannot grow' ends_with 1
is 'is said' "$(field failed.code)" io
ok 'and which lines are lost' grep_err 'lines from 3 on are not logged'
is 'what it holds is sent, and the run ended' "$(run_state live ' | [.state,
    .exitcode, .history.lines, .summary.a]')" '["failed",1,2,2]'
is 'and counted' "$(tail -n 1 "$out" | jq -c '[.history_lines, .last_step,
    .spooled, .verified]')" '[2,1,0,true]'
is 'nothing is left here' "$(spools)" 0
echo '{"a":1}' >in
prlimit --fsize=20 wb-log -p proj --id=live <in 2>&1 | cat >"$out"
ok 'one that cannot begin' grep -q '"code":"io"' "$out"
is 'leaves no folder' "$(ls wandb)" ''
ok 'a folder that cannot be made' log 1 env WANDB_DIR=/sys wb-log -p proj
ok 'says why' sh -c "! grep -q 'No such file' '$err'"

serve
live
until_ test -s "$out"
say '{"a":1}'
tick 5
until_ has_lines 1
mutate deleteRun clientMutationId
say '{"a":2}'
tick 5
ok 'a run that is deleted' until_ grep -q 'lines go on into' "$err"
say '{"a":3}'
exec 9>&-
ok 'meanwhile' ends_with 1
is 'is said at the end' "$(field failed.code)" not_found
is 'all lines are here' "$(wb-cat --only=history "$(field wandb_file)" |
    jq -c -s 'map(.values.a)')" '[1,2,3]'
tail -n 1 "$out" | jq -c 'del(.failed)' >record
ok 'and can be' sh -c "wb-sync --id=again <'$work/record' >'$out'"
is 'another run' "$(run_state again ' | [.state, .history.lines]')" \
    '["finished",3]'
rm -r wandb

# ---- without a server ----

# The same, but for the times in it.
untimed() {
    run_state "$1" ' | [.state, .history.lines, .config, (.summary, .history.first,
        .history.last | del(._timestamp, ._runtime, ._wandb))]'
}

reference() {
    serve
    echo 1795240800 >"$KW_CLOCK"
    log_lines "$rows" 0 -p proj --id=same --tag=t --config=x=1 \
        --define=loss:min
    want=$(whole same)
    want_untimed=$(untimed same)
}

ok 'a run as it should be' reference
ok 'offline' log_lines "$rows" 0 -p proj --id=same --tag=t --config=x=1 \
    --define=loss:min --offline=off
is 'asks nobody' "$(asked UpsertBucket)" 1
is 'and says where it is' "$(field wandb_file)" \
    off/offline-run-20261121_060000-same/run-same.wandb
is 'and what' "$(jq -c '[.run_id, .project, .history_lines, .last_step,
    .spooled, .verified]' "$out")" '["same","proj",3,2,3,false]'
ok 'offline needs no key' log_lines "$rows" 0 env -u WANDB_API_KEY wb-log \
    -p proj --id=same --tag=t --config=x=1 --define=loss:min --offline=off2
ok 'wb-find-runs finds it' run 0 wb-find-runs off
is 'whole' "$(jq -c '[.run_id, .project, .state, .offline, .synced]' "$out")" \
    '["same","proj","finished",true,false]'
ok 'wb-cat reads it' run 0 wb-cat off/*/*.wandb
is 'all of it' "$(jq -c '[.kind, .num]' "$out" | tr '\n' ' ')" \
    '["header",1] ["run",2] ["metric",3] ["history",4] ["history",5] ["history",6] ["summary",7] ["summary",8] ["exit",9] '
serve
ok 'wb-sync sends it' run 0 wb-sync off/*/*.wandb
is 'and it is the same' "$(whole same)" "$want"
ok 'a folder that is there' log_lines "$rows" 0 -p proj --id=same --offline=off
is 'is not written to' "$(field run_dir)" \
    off/offline-run-20261121_060001-same
rm -r off off2

serve
base=$WANDB_BASE_URL
stop
WANDB_BASE_URL=http://127.0.0.1:9
ok 'no server' log_lines "$rows" 1 -p proj -e tester --id=same --tag=t \
    --config=x=1 --define=loss:min --timeout=1m
is 'the record comes all the same' "$(head -n 1 "$out")" \
    '{"run":"tester/proj/same","url":"http://127.0.0.1:9/tester/proj/runs/same"}'
is 'all is here' "$(field spooled)$(field verified)$(field failed.code)" \
    3falsetimeout
is 'and may pass' "$(field failed.temporary)" true
ok 'it waited' test "$(slept | cut -d. -f1)" -ge 60
tail -n 1 "$out" | jq -c 'del(.failed)' >record
ok 'no entity' log_lines "$rows" 1 -p proj --id=none --timeout=0
is 'is said so' "$(head -n 1 "$out")" '{"run_id":"none","project":"proj"}'
WANDB_BASE_URL=$base
serve
ok 'wb-sync sends it later' sh -c "wb-sync <'$work/record' >'$out'"
is 'and it is the same' "$(untimed same)" "$want_untimed"
rm -r wandb

# ---- faults ----

for fault in 'match=RunResumeStatus status=503 times=3' \
    'match=RunResumeStatus close=before times=9' \
    'match=UpsertBucket status=500 times=2' 'match=UpsertBucket close=after' \
    'match=file_stream status=503 times=4' \
    'match=file_stream status=429 retry-after=7 times=3' \
    'match=file_stream nth=2 close=before times=12' \
    'match=file_stream nth=3 close=after times=2' \
    'match=file_stream nth=2 status=500 after times=70' \
    'match=file_stream nth=2 cut=1' 'match=CreateRunFiles status=502' \
    'match=upload status=503 times=2' 'match=RunResumeStatus nth=3 status=500'; do
    serve --fault "$fault"
    seq -f '{"a":%g}' 1 250 >in
    ok "$fault" log 0 -p proj --id=live --timeout=1h
    is "$fault: all is there, once" "$(rows_of live | jq -s -c \
        'map(.a) == [range(1; 251)]')" true
    is "$fault: verified" "$(field verified)$(spools)" true0
    is "$fault: nothing was wrong" "$(state .violations)" '[]'
done

# ---- killed ----

# The live run is killed, and its input is closed.
killed() {
    kill -9 $pid
    wait $pid 2>/dev/null
    exec 9>&-
}

serve
live --tag=first
until_ test -s "$out"
say '{"a":1}' '{"a":2}'
tick 5
until_ has_lines 2
say '{"a":3}'
killed
is 'killed: what was read is here' \
    "$(wb-cat --only=history wandb/*/*.wandb | jq -c -s 'map(.values.a)')" \
    '[1,2,3]'
is 'and says that it is no more written' \
    "$(wb-find-runs wandb | jq -r .state)" crashed
live --resume
until_ test -s "$out"
say '{"a":4}'
killed
tick 3
ok 'gone on with' log_lines '{"a":5}' 0 -p proj --id=live --resume
is 'all is there, once and in order' "$(column live '[._step, .a]')" \
    '[0,1] [1,2] [2,3] [3,4] [4,5]'
is 'of one run' "$(run_state live ' | [.state, .exitcode, .tags, .summary.a,
    .summary._step]')" '["finished",0,["first"],5,4]'
is 'history_lines are the run'"'"'s' \
    "$(field history_lines)$(field last_step)$(field spooled)" 540
is 'nothing is left here' "$(spools)" 0
is 'nothing was wrong' "$(state .violations)" '[]'
ok 'an ended run' log_lines '{"a":6,"_step":10}
{"a":7}' 0 -p proj --id=live --resume --tag=second
is 'is gone on with' "$(column live '[._step, .a]')" \
    '[0,1] [1,2] [2,3] [3,4] [4,5] [10,6] [11,7]'
is 'has the new tags' "$(run_state live .tags)" '["second"]'
ok 'steps that the server has' log_lines '{"a":8,"_step":11}
{"a":9,"_step":12}' 1 -p proj --id=live --resume
ok 'are left out' grep_err 'line 1: _step 11 is not behind 11'
is 'and the others not' "$(column live .a)" '1 2 3 4 5 6 7 9'
ok 'a run of 100 s' log_lines '{"a":1,"_runtime":100}' 0 -p proj --id=long
tick 50
ok 'gone on with later' log_lines '{"a":2}' 0 -p proj --id=long --resume
is 'runs on from there' "$(column long '._runtime | floor')" '100 100'
is 'to its end' "$(run_state long ' | .summary._wandb.runtime')" 100
ok '--resume without a run' log_lines '{"a":1}' 0 -p proj --id=new --resume
is 'begins it' "$(column new '[._step, .a]')" '[0,1]'

# Several spools, of calls without a server.
serve
base=$WANDB_BASE_URL
for n in 1 2 3; do
    tick 10
    WANDB_BASE_URL=http://127.0.0.1:9 log_lines "{\"a\":$n}
{\"a\":$n.5}" 1 -p proj -e tester --id=live --resume --timeout=0
done
is 'three spools' "$(spools)" 3
tick 10
ok 'the next call' log_lines '{"a":4}' 0 -p proj --id=live --resume
is 'sends them first, in order' "$(column live '[._step, .a]')" \
    '[0,1] [1,1.5] [2,2] [3,2.5] [4,3] [5,3.5] [6,4]'
is 'and removes them' "$(spools)" 0
is 'nothing was wrong' "$(state .violations)" '[]'

# A row that was not written whole.
WANDB_BASE_URL=http://127.0.0.1:9 log_lines '{"a":5}
{"a":6}' 1 -p proj -e tester --id=live --resume --timeout=0
file=$(echo wandb/*/*.wandb)
at=$(wb-cat --only=history "$file" | tail -n 1 | jq .offset)
truncate -s $((at + 20)) "$file"
tick 10
ok 'a row that was cut' log_lines '{"a":7}' 0 -p proj --id=live --resume
is 'is the one that was being read' "$(column live .a)" '1 1.5 2 2.5 3 3.5 4 5 7'

# Another that writes it, which the server does not know yet.
base=$WANDB_BASE_URL
WANDB_BASE_URL=http://127.0.0.1:9
live -e tester --id=other
until_ test -s "$out"
WANDB_BASE_URL=$base
# The first one's tries move the clock.
echo '{"a":9}' | env -u KW_CLOCK wb-log -p proj -e tester --id=other \
    >second 2>"$err"
is 'an id that is being logged' "$(jq -r .error.code second)" conflict
ok 'is another program'"'"'s' grep_err 'another program logs to the run'
killed
rm -r wandb

# Another that writes it.
live --resume
until_ test -s "$out"
cp "$out" first
ok 'two at once' log_lines '{"a":9}' 1 -p proj --id=live --resume
is 'are a conflict' "$(field error.code)$(spools)" conflict1
say '{"a":8}'
exec 9>&-
wait $pid
is 'and the first goes on' "$(column live .a)" \
    '1 1.5 2 2.5 3 3.5 4 5 7 8'

done_testing
