#!/bin/sh
# kgl-status: what it says is what Kaggle said of this push's session.
. "$srcdir/tests/lib.sh"

pushed='{"kernel":"u/k","previous_status":"COMPLETE","previous_version":1}'
new='{"kernel":"u/k","pushed_at":"2026-11-21T06:00:00Z"}'

serve QUEUED RUNNING COMPLETE
ok 'one question' run 0 kgl-status u/k
is 'is one' "$(asked GetKernelSessionStatus)" 1
is 'says how it is now' "$(field status)" QUEUED
is 'and nothing of waiting' "$(field elapsed_seconds)" null

serve QUEUED RUNNING RUNNING COMPLETE
ok 'waits for the end' run 0 kgl-status -w u/k
is 'asks until then' "$(asked GetKernelSessionStatus)" 4
is 'says what the end was' "$(field status)" COMPLETE
is 'and how long it took' "$(field elapsed_seconds)" 4.75
is 'each change is a line' "$(grep -c '^kgl-status: u/k: ' "$err")" 3

serve ERROR
ok 'an ERROR is a status' run 0 kgl-status u/k
ok 'waiting for it is a failure' run 1 kgl-status -w u/k
is 'which later tools can work on' "$(field failed.code)" kernel_failed
is 'and no error' "$(field error)" null

serve --load '{"kernels":{"u/k":{"failure_message":"out of memory"}}}' ERROR
ok 'the reason of a failure' run 1 kgl-status -w u/k
is 'is told' "$(field failure_message)" 'out of memory'
is 'in the verdict, too' "$(field failed.message)" \
    'the session ended in ERROR: out of memory'

serve RUNNING CANCEL_REQUESTED CANCEL_ACKNOWLEDGED
ok 'a cancelled session failed' run 1 kgl-status -w u/k
is 'when that is over' "$(field status)" CANCEL_ACKNOWLEDGED

# ---- whose end it is (tests/unit/session.c has all cases) ----
serve --after-push COMPLETE COMPLETE QUEUED COMPLETE
ok 'the end of an earlier session does not count' \
    run 0 kgl-status -w "$pushed"
is 'so it asked on' "$(asked GetKernelSessionStatus)" 4

serve COMPLETE
ok 'an end that stays as it was' run 1 kgl-status -w "$pushed"
is 'is of an unknown session' "$(field error.code)" unknown_outcome
ok 'after ten minutes' test "$(field elapsed_seconds | cut -d. -f1)" -ge 600

serve 404 404 QUEUED COMPLETE
ok 'no session yet, after a push' run 0 kgl-status -w "$new"
is 'is waited for' "$(field status)" COMPLETE
serve 404
ok 'asked once' run 0 kgl-status "$new"
is 'it is in the queue' "$(field status)" QUEUED
ok 'without a push' run 1 kgl-status u/k
is 'there is none' "$(field error.code)" not_found
ok 'nor was there' run 1 kgl-status -w u/k
is 'waiting or not' "$(field error.code)" not_found

serve RUNNING
before=$(asked GetKernelSessionStatus)
ok 'after a dry run' run 0 kgl-status -w '{"kernel":"u/k","dry_run":true}'
is 'nothing is asked' "$(asked GetKernelSessionStatus)" "$before"
ok 'what an earlier call found' run 0 kgl-status '{"kernel":"u/k",
    "status":"ERROR","failure_message":"m","elapsed_seconds":1,"marker":true}'
is 'is forgotten' "$(jq -c . "$out")" '{"kernel":"u/k","status":"RUNNING"}'

# ---- time ----
ok 'a session that goes on' run 1 kgl-status -w --timeout=10m u/k
is 'is given up' "$(field error.code)" timeout
is 'which may pass' "$(field error.temporary)" true
ok 'in time' test "$(field elapsed_seconds | cut -d. -f1)" -le 600
serve RUNNING
ok 'no time at all' run 1 kgl-status --timeout=0 u/k
is 'is none to ask' "$(field error.code),$(asked GetKernelSessionStatus)" \
    timeout,0
ok 'asking every 5 s' run 1 kgl-status -w --timeout=60 --interval=5 u/k
is 'at most' "$(tail -n 1 "$KW_CLOCK" | cut -c1-2)" 5.
ok 'an interval of nothing' run 2 kgl-status -w --interval=0 u/k

# A signal does not end the session, and says so. The clock is real here.
serve RUNNING
interrupted 'grep -q RUNNING "$err"' kgl-status -w u/k
is 'a signal ends it' $? 143
ok 'and it says where the session goes on' \
    grep_err 'https://www.kaggle.com/code/u/k'

# ---- answers that are none ----
serve --fault 'status=429 retry-after=7' COMPLETE
before=$(slept)
ok 'a 429 is waited for' run 0 kgl-status u/k
is 'as long as it says' "$(slept | awk -v b="$before" '{ print $1 - b }')" 7

serve --fault 'status=500 times=always' RUNNING
ok 'a 500 for ever' run 1 kgl-status u/k
is 'is no status' "$(field error.code)" unavailable
is 'after five tries' "$(asked GetKernelSessionStatus)" 5

serve --fault 'status=500 times=12' RUNNING COMPLETE
ok 'while waiting it passes' run 0 kgl-status -w u/k
is 'and the end is told' "$(field status)" COMPLETE

serve --fault 'status=403' RUNNING
ok '403' run 1 kgl-status u/k
is 'is a refusal' "$(field error.code)" auth
ok 'with its causes' grep_err 'private'
for fault in 'status=401' "status=200 body='{\"code\":401,\"message\":\"m\"}'"; do
    serve --fault "$fault" RUNNING
    ok "$fault" run 1 kgl-status u/k
    is 'is a refusal' "$(field error.code)" auth
    is 'which names the credential, once' \
        "$(grep -o 'credential is from [^;"]*' "$err")" \
        'credential is from KAGGLE_KEY'
done
serve --fault 'status=403' RUNNING
run 1 kgl-status u/k
ok 'and the place of the credential' grep_err 'KAGGLE_'

# A token of any length is tried as the name of a file, too.
long=$(printf 'KGAT_%0300d' 1)
ok 'a long token' run 0 env KAGGLE_API_TOKEN="$long" kgl-status -v u/k
ok 'is not said' sh -c '! grep KGAT_ "$1"' sh "$err"
mkfifo "$work/pipe"
ok 'a token file that is a pipe' run 0 env KAGGLE_API_TOKEN="$work/pipe" \
    timeout 60 kgl-status u/k
ok 'is not waited for, and said' \
    grep_err 'file of KAGGLE_API_TOKEN: not a regular file'

for reply in '"QUEUED"' '3' '[]' '{"error":{"code":500,"message":"x"}}' \
    '{"code":500,"message":"x"}' '{"status":"NO_SUCH"}' '{"status":7}'; do
    serve --load "{\"kernels\":{\"u/k\":{\"replies\":
        {\"GetKernelSessionStatus\":[{\"answer\":$reply}]}}}}" RUNNING
    ok "$reply is no status" run 0 kgl-status u/k
    is 'and asked for again' "$(field status)" RUNNING
done
serve --load '{"kernels":{"u/k":{"replies":
    {"GetKernelSessionStatus":[{"answer":{}}]}}}}' RUNNING
ok 'an object without one' run 0 kgl-status u/k
is 'is the default' "$(field status)" QUEUED

# ---- the marker ----
serve --load '{"kernels":{"u/k":{"files":[{"name":"a/x","content":"x"},
    {"name":"SESSION_COMPLETE","content":"{}"}],"page_size":1}}}' COMPLETE
ok 'with its marker' run 0 kgl-status -w --marker u/k
is 'a session is good' "$(field marker)" true
serve --load '{"kernels":{"u/k":{"files":
    [{"name":"a/SESSION_COMPLETE","content":"{}"}]}}}' COMPLETE
ok 'without' run 1 kgl-status -w --marker u/k
is 'it failed' "$(field failed.code)" kernel_failed
is 'COMPLETE as it is' "$(field status),$(field marker)" COMPLETE,false
ok 'also' run 1 kgl-status --marker u/k
is 'without -w' "$(field marker),$(field failed.code)" false,kernel_failed
serve --load '{"kernels":{"u/k":{"files":[{"name":"a","content":"x"},
    {"name":"b","content":"x"},{"name":"SESSION_COMPLETE","content":"{}"}],
    "page_size":1}}}' COMPLETE
ok 'a marker' run 0 kgl-status --marker u/k
is 'on the last page' "$(field marker),$(asked ListKernelSessionOutput)" true,3
serve --fault 'match=ListKernelSessionOutput status=500 times=always' COMPLETE
ok 'a list that cannot be had' run 1 kgl-status -w --marker u/k
is 'leaves it open' "$(field status),$(field failed.code)" COMPLETE,unavailable
serve --load '{"kernels":{"u/k":{"files":[]}}}' RUNNING
ok 'before the end' run 0 kgl-status --marker u/k
is 'nothing is looked for' "$(asked ListKernelSessionOutput)" 0

# ---- names ----
serve --load '{"user":"u","kernels":{"u/my-kernel":{"statuses":["ERROR"]}}}' \
    RUNNING
for name in u/my-kernel my-kernel https://www.kaggle.com/code/u/my-kernel \
    'https://www.kaggle.com/code/u/my-kernel/output?x=1'; do
    ok "$name" run 0 kgl-status "$name"
    is 'is the kernel' "$(field kernel),$(field status)" u/my-kernel,ERROR
done
for name in u/k/3 'https://www.kaggle.com/code/u/k?scriptVersionId=5' \
    'u/ k' u/ ../x 'u/..'; do
    ok "'$name'" run 1 kgl-status "$name"
    is 'is no name' "$(field error.code)" input
done
ok 'a token' run 0 env -u KAGGLE_USERNAME -u KAGGLE_KEY \
    KAGGLE_API_TOKEN=KGAT_1 kgl-status my-kernel
is 'tells the owner' "$(field kernel)" u/my-kernel
ok 'a bad one' run 1 env -u KAGGLE_USERNAME -u KAGGLE_KEY \
    KAGGLE_API_TOKEN=KGAT_0 kgl-status my-kernel
is 'does not' "$(field error.code)" auth
ok 'who am I' run 0 kgl-status --whoami
is 'says the account' "$(field user)" u
ok 'with a token' run 0 env -u KAGGLE_USERNAME -u KAGGLE_KEY \
    KAGGLE_API_TOKEN=KGAT_1 kgl-status --whoami
is 'too' "$(field user),$(field credential)" u,KAGGLE_API_TOKEN
ok 'with a bad key' run 1 env KAGGLE_KEY=0 kgl-status --whoami
is 'it does not' "$(field error.code),$(field user)" auth,null
is 'and no secret is told' \
    "$(cat "$out" "$err" | grep -c -e KGAT_1 -e 0123456789abcdef)" 0

# ---- many ----
serve --load '{"kernels":{"u/b":{"statuses":["RUNNING","ERROR"]},
    "u/c":{"statuses":["QUEUED","RUNNING","COMPLETE"]}}}' COMPLETE
ok 'all at once, one failed' run_input 'u/k
u/b
{"kernel":"u/c","note":{"a":[1,"é"]}}' 1 kgl-status -w
is 'none is lost' \
    "$(jq -r '.kernel + " " + .status' "$out" | sort | tr '\n' ,)" \
    'u/b ERROR,u/c COMPLETE,u/k COMPLETE,'
is 'foreign fields are kept' "$(jq -c 'select(.note) | .note' "$out")" \
    '{"a":[1,"é"]}'
is 'the client keeps the protocol' "$(state .violations)" '[]'

serve COMPLETE
every_tool kgl-status

done_testing
