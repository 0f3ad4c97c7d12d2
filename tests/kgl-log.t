#!/bin/sh
# kgl-log: each event once, in order, until the session is known to have ended.
. "$srcdir/tests/lib.sh"

# The data of the records in $out, in one line.
data() {
    jq -j '.data // ""' "$out" | tr '\n' ' '
}

# streams ENTRIES [STATUS ...]: a session with four events, whose connections
# to the stream are these.
events='[{"stream_name":"stderr","time":1.50,"data":"one\n"},
    {"stream_name":"stdout","time":2,"data":"two\n"},
    {"stream_name":"stdout","time":3,"data":"three\n"},
    {"stream_name":"stdout","time":4,"data":"four\n"}]'
streams() {
    _entries=$1
    shift
    serve --load "{\"kernels\":{\"u/k\":{\"log\":$events,
        \"log_stream\":$_entries}}}" "$@"
}

# logged TEXT: a session that has ended with this log, a JSON string.
logged() {
    serve --load "{\"kernels\":{\"u/k\":{\"log\":$1}}}" COMPLETE
}

# ---- a log that is there ----
logged "$events"
ok 'a log' run 0 kgl-log u/k
is 'is a record for each event' "$(cat "$out")" \
    '{"kernel":"u/k","time_seconds":1.5,"stream":"stderr","data":"one\n"}
{"kernel":"u/k","time_seconds":2,"stream":"stdout","data":"two\n"}
{"kernel":"u/k","time_seconds":3,"stream":"stdout","data":"three\n"}
{"kernel":"u/k","time_seconds":4,"stream":"stdout","data":"four\n"}'
is 'from one question' "$(asked ListKernelSessionOutput),$(
    asked GetKernelSessionStatus)" 1,0
ok '--raw' run 0 kgl-log --raw u/k
is 'is the text' "$(cat "$out")" 'one
two
three
four'
ok '--tail' run 0 kgl-log --tail=3 u/k
is 'is the last events' "$(data)" 'two three four '
ok 'more than there are' run 0 kgl-log --tail=9 u/k
is 'are all' "$(data)" 'one two three four '
ok 'none' run 0 kgl-log --tail=0 u/k
is 'are none' "$(cat "$out")" ''
ok 'the slug alone' run 0 kgl-log --raw --tail=1 k
is 'is of the account' "$(cat "$out")" four
ok 'a record of a push' run_input \
    '{"kernel":"u/k","version":3,"note":1}' 0 kgl-log
is 'does not go into each event' "$(jq -c 'keys' "$out" | sort -u)" \
    '["data","kernel","stream","time_seconds"]'
ok 'a dry run' run_input '{"kernel":"u/k","dry_run":true}' 0 kgl-log
is 'has no log' "$(cat "$out")" '{"kernel":"u/k","dry_run":true}'

logged '"[{\"stream_name\":\"stdout\",\"time\":8.053736765000,\"data\":\"10%\\r20%\\r\"}\n,{\"data\":\"\\u0000\\u2588█\\ud83d\"}\n,Killed\n"'
ok 'a log without an end' run 0 kgl-log u/k
is 'is told as it is' "$(cat "$out")" \
    '{"kernel":"u/k","time_seconds":8.053736765000,"stream":"stdout","data":"10%\r20%\r"}
{"kernel":"u/k","data":"\u0000██�"}
{"kernel":"u/k","data":"Killed\n"}'
logged '"Traceback:\nno end"'
ok 'plain text' run 0 kgl-log u/k
is 'is a record a line' "$(cat "$out")" \
    '{"kernel":"u/k","data":"Traceback:\n"}
{"kernel":"u/k","data":"no end"}'
logged '""'
ok 'an empty log' run 0 kgl-log u/k
is 'is no record' "$(cat "$out")" ''
ok 'which is said' grep_err 'the log is empty'

# ---- a session that runs ----
KW_LIMITS=0.01
export KW_LIMITS
streams '[{"events":2,"end":"stall"}]' RUNNING
ok 'of a session that runs' run 0 kgl-log u/k
is 'it is what there is' "$(data)" 'one two '
streams '[{"events":2,"end":"cut"},{"events":3,"end":"clean"}]' RUNNING
ok 'also over a cut' run 0 kgl-log u/k
is 'once' "$(data)" 'one two three '
streams '[{"status":404}]' QUEUED
ok 'before it runs' run 1 kgl-log u/k
is 'there is none' "$(field error.code),$(field error.temporary)" \
    not_found,true
ok 'as it says' grep_err QUEUED
serve 404
ok 'without a session' run 1 kgl-log u/k
is 'neither' "$(field error.code),$(field error.temporary)" not_found,false

# ---- following ----
streams '[{"events":1,"end":"cut"},{"events":2,"end":"clean"},{"status":503},
    {"status":404},{"events":3,"end":"stall"},{}]' QUEUED RUNNING
ok 'the log of a session that runs' run 0 kgl-log -f u/k
is 'is followed over all that ends early' "$(data)" 'one two three four '
is 'by connections, not by waiting' "$(asked GetKernelSessionLogsStream)" 6

streams '[{"events":2,"end":"clean"},{"events":2,"end":"clean"},
    {"events":3,"end":"clean"},{"end":"clean"}]' \
    RUNNING RUNNING RUNNING COMPLETE
ok 'without END_OF_LOG' run 0 kgl-log -f u/k
is 'the end is that of the session' "$(data)" 'one two three four '
is 'read once more behind it' "$(asked GetKernelSessionLogsStream)" 4

streams '[{"events":3,"end":"cut"},{"type":"application/json"}]' \
    RUNNING COMPLETE
ok 'the array of a session that has ended' run 0 kgl-log -f u/k
is 'is the same log' "$(data)" 'one two three four '
streams '[{"status":404}]' COMPLETE
ok 'without a stream' run 0 kgl-log -f u/k
is 'it is the stored one' "$(data)" 'one two three four '
streams '[{"events":2,"end":"clean"},{"status":404}]' RUNNING ERROR
ok 'also in the middle' run 0 kgl-log -f u/k
is 'once' "$(data)" 'one two three four '
streams '[{"events":2,"end":"cut"}]' COMPLETE
ok 'a stream that ends early for ever' run 0 kgl-log -f u/k
is 'is not the last word' "$(data)" 'one two three four '
streams '[{"end":"stall"}]' COMPLETE
ok 'one that does not end' run 0 kgl-log -f u/k
is 'neither' "$(data)" 'one two three four '
for entry in '{"events":0,"end":"clean"}' '{"events":0,"end":"log"}' \
    '{"status":403}' '{"status":500}'; do
    streams "[$entry]" COMPLETE
    ok "behind the end: $entry" run 0 kgl-log -f u/k
    is 'is not the last word' "$(data)" 'one two three four '
done
streams '[{"events":2,"end":"cut"},{"status":403}]' RUNNING COMPLETE
ok 'nor after a part' run 0 kgl-log -f u/k
is 'of which nothing comes twice' "$(data)" 'one two three four '
streams '[{"events":3,"end":"cut"},{"events":1,"end":"clean"}]' \
    RUNNING COMPLETE
ok 'nor one that ends cleanly before' run 0 kgl-log -f u/k
is 'what was written' "$(data)" 'one two three four '
for log in '[]' '""'; do
    logged "$log"
    ok 'no event' run 0 kgl-log -f u/k
    is 'is no record' "$(cat "$out")" ''
    ok 'is an empty log' grep_err 'the log is empty'
done

# The stored log need not spell it as the stream does.
streams '[{"end":"cut","log":[{"time":1.5004,"data":"one"},
    {"time":2,"data":"two"}]},{}]' RUNNING COMPLETE
ok 'lines without their ends, in the stream' run 0 kgl-log -f u/k
is 'are the same events' "$(data)" 'onetwothree four '

streams '[{"end":"cut","log":[{"data":"a"},{"data":"b\uFFFD"}]},
    {"end":"log","log":[{"data":"a"},{"data":"b\uFFFD"},{"data":"c"}]}]' \
    RUNNING
ok 'events that tell little' run 0 kgl-log -f u/k
is 'are counted' "$(data)" 'ab�c'
streams '[{"events":0,"end":"log","text":"data: x\ndata: {\"data\":\"y\"}\n"}]' \
    RUNNING
ok 'text in the stream' run 0 kgl-log -f u/k
is 'is a line of the log' "$(cat "$out")" '{"kernel":"u/k","data":"x\n"}
{"kernel":"u/k","data":"y"}'

# ---- another session ----
for second in '{"log":[{"time":9,"data":"one\n"}]}' '{"events":1,"end":"log"}' \
    '{"log":[{"time":1.5,"data":"one\n"},{"time":2.5,"data":"two\n"}]}'; do
    streams "[{\"events\":2,\"end\":\"cut\"},$second]" RUNNING
    ok 'another log' run 1 kgl-log -f u/k
    is 'is a conflict' "$(field error.code),$(field error.temporary)" \
        conflict,true
    is 'and not mixed' "$(head -n 2 "$out" | jq -j .data | tr '\n' ' ')" \
        'one two '
done
serve --load "{\"kernels\":{\"u/k\":{\"log\":$events}}}" \
    --after-push COMPLETE COMPLETE QUEUED RUNNING COMPLETE
pushed='{"kernel":"u/k","previous_status":"COMPLETE","previous_version":1}'
ok 'after a push' run_input "$pushed" 0 kgl-log -f
is 'the session before is not meant' "$(sandbox GET requests |
    jq -r .operation | sed '/Stream/q' | grep -c Status)" 4
serve COMPLETE
ok 'a session that never begins' run_input "$pushed" 1 kgl-log -f
is 'is given up' "$(field error.code)" unknown_outcome

serve --load "{\"kernels\":{\"u/k\":{\"log\":$events}}}" \
    404 404 QUEUED RUNNING COMPLETE
ok 'before there is a session' run 0 kgl-log -f u/k
is 'it is waited for' "$(data)" 'one two three four '
serve 404
ok 'but not for ever' run 1 kgl-log -f u/k
is 'as there may be none' "$(field error.code)" not_found
ok 'after ten minutes' test "$(slept | cut -d. -f1)" -ge 600

# ---- the end of it ----
streams '[{"events":1,"end":"clean"}]' RUNNING
ok 'a session that goes on' run 1 kgl-log -f --timeout=10m u/k
is 'is followed until then' "$(field error.code),$(data)" 'timeout,one '
ok 'in time' test "$(slept | cut -d. -f1)" -le 600
ok 'at a growing pace' test "$(asked GetKernelSessionLogsStream)" -lt 30
serve --load "{\"kernels\":{\"u/k\":{\"log\":$events}}}" \
    --fault 'match=Stream status=503 times=always' RUNNING
ok 'a stream without an answer' run 1 kgl-log -f u/k
is 'is given up' "$(field error.code)" unavailable
ok 'after five minutes' [ "$(slept | cut -d. -f1)" -ge 300 ]
ok 'no later' [ "$(slept | cut -d. -f1)" -lt 400 ]
serve --load "{\"kernels\":{\"u/k\":{\"log\":$events,\"log_stream\":[
    {\"events\":3,\"end\":\"cut\"},{\"events\":2,\"end\":\"cut\"}]}}}" RUNNING
ok 'one that does not come as far as before' run 1 kgl-log -f u/k
is 'as well' "$(field error.code)" unavailable

# Each request fails in each way.
for fault in 'status=500' 'status=429 retry-after=5' 'close=before' \
    'close=after' 'cut=20' 'stall=20' 'silence'; do
    for request in Stream Status; do
        KW_LIMITS=0.005
        streams '[{"events":2,"end":"clean"},{"end":"log"}]' RUNNING
        sandbox POST faults "match=$request times=2 $fault" >"$work/reply"
        ok "$request: $fault" run 0 kgl-log -f u/k
        is 'passes' "$(data)" 'one two three four '
    done
    logged "$events"
    sandbox POST faults "match=Output times=2 $fault" >"$work/reply"
    ok "Output: $fault" run 0 kgl-log u/k
    is 'passes' "$(data)" 'one two three four '
done
KW_LIMITS=0.01
for status in 401 403; do
    for options in '' -f; do
        serve --fault "match=/v1/ status=$status" COMPLETE
        # shellcheck disable=SC2086
        ok "$status $options" run 1 kgl-log $options u/k
        is 'is a refusal' "$(field error.code)" auth
    done
    streams '[{"end":"log"}]' RUNNING
    sandbox POST faults "match=Stream status=$status" >"$work/reply"
    ok "$status of the stream" run 1 kgl-log -f u/k
    is 'is one, too' "$(field error.code)" auth
done
ok 'with its causes' grep_err private
for answer in '{"type":"text/html","text":"<html>Log in</html>"}' \
    '{"type":"application/json","events":0,
      "text":"{\"error\":{\"code\":500,\"message\":\"m\"}}"}'; do
    streams "[$answer,{\"end\":\"log\"}]" RUNNING
    ok 'a page, or an error, is no log' run 0 kgl-log -f u/k
    is 'and not passed on' "$(data)" 'one two three four '
done
logged "$events"
ok '--raw of what is not there' run 1 kgl-log --raw u/x
is 'writes nothing' "$(cat "$out")" ''
ok 'but says it' grep_err '^kgl-log: u/x: '

# ---- what there is, and then on ----
streams '[{"events":3,"end":"stall"},{}]' RUNNING
ok 'the tail, followed' run 0 kgl-log -f --tail=1 u/k
is 'is the last of what there is, and all behind it' "$(data)" 'three four '
streams '[{"events":2,"end":"cut"},{"events":3,"end":"stall"},{}]' RUNNING
ok 'over a cut' run 0 kgl-log -f --tail=1 u/k
is 'too' "$(data)" 'three four '
streams '[{"end":"log"}]' COMPLETE
ok 'of a session that has ended' run 0 kgl-log -f --tail=2 u/k
is 'it is that' "$(data)" 'three four '

# Records come as the events do; a signal does not end the session.
unset KW_LIMITS
streams '[{"events":2,"end":"stall"}]' RUNNING
interrupted 'grep -q two "$out"' kgl-log -f u/k
is 'a signal ends it' $? 143
is 'behind what came' "$(data)" 'one two '
ok 'and it says where the session goes on' \
    grep_err 'https://www.kaggle.com/code/u/k'
serve --load "{\"kernels\":{\"u/a\":{\"log\":$events,\"statuses\":[\"RUNNING\"],
    \"log_stream\":[{\"end\":\"log\"}]},\"u/b\":{\"log\":$events}}}" COMPLETE
ok 'two at once' run 0 kgl-log -f u/a u/b
is 'say which is which' \
    "$(jq -r .kernel "$out" | sort | uniq -c | tr -s ' ')" ' 4 u/a
 4 u/b'
ok '--raw of many at once' run 2 kgl-log --raw -j 2 u/a u/b

# ---- hints ----
hint() {
    logged "$(jq -n -c --arg data "$1" '[{time: 1, data: $data}]')"
    run 0 kgl-log u/k || return
    field hint | grep -q -e "$2" && return
    field hint | sed 's/^/# /'
    return 1
}
ok 'a module that is not there' hint \
    "ModuleNotFoundError: No module named 'foo.bar'" '--pip=foo '
ok 'a GPU without memory' hint \
    'torch.OutOfMemoryError: CUDA out of memory. Tried' 'smaller batches'
ok 'a machine without' hint \
    'Your notebook tried to allocate more memory than is available.' memory
ok 'killed' hint 'died with <Signals.SIGKILL: 9>.' killed
ok 'a full disk' hint 'OSError: [Errno 28] No space left on device' /tmp
ok 'no internet' hint \
    'socket.gaierror: [Errno -3] Temporary failure in name resolution' \
    '--internet'
ok 'an old GPU' hint 'RuntimeError: CUDA error: no kernel image is available for execution on the device' '--accelerator'
ok 'a module that is not there, in a notebook' hint \
    "$(printf "\033[0;31mModuleNotFoundError\033[0m: No module named 'foo'")" \
    '--pip=foo '
ok 'a GPU without memory, as TensorFlow says it' hint \
    'ResourceExhaustedError: OOM when allocating tensor with shape[9]' \
    'accelerator'
ok 'as CuPy says it' hint \
    'cupy.cuda.memory.OutOfMemoryError: Out of memory allocating 1 bytes' GPU
ok 'a machine without, as Python says it' hint 'MemoryError' machine
ok 'as Linux says it' hint 'OSError: [Errno 12] Cannot allocate memory' machine
ok 'no key, as wandb 0.24 says it' hint \
    'wandb.errors.errors.UsageError: No API key configured. Use `wandb login`' \
    'WANDB_MODE=offline'
ok 'no key' hint 'wandb.errors.UsageError: api_key not configured (no-tty)' \
    'WANDB_MODE=offline'
logged "$events"
run 0 kgl-log u/k
is 'nothing to say' "$(jq -c .hint "$out" | sort -u)" null

serve COMPLETE
every_tool kgl-log
is 'no rule was broken' "$(state .violations)" '[]'
done_testing
