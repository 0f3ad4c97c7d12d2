#!/bin/sh
# What the official client of Kaggle (kaggle 2.2.4) gets wrong: one check for
# each case. The comments say what it does; its exit status is 0 if not told.
. "$srcdir/tests/lib.sh"

mkdir "$work/k"
printf 'print(1)\n' >"$work/k/train.py"
cat >"$work/k/kernel-metadata.json" <<'END'
{"id": "u/my-kernel", "title": "My Kernel", "code_file": "train.py",
 "language": "python", "kernel_type": "script",
 "dataset_sources": ["b/gone"], "model_sources": ["c/m/f/v"]}
END

# refuses REPLY: a kernel at version 3 whose next push is answered with that.
refuses() {
    serve --load "{\"kernels\":{\"u/my-kernel\":{\"version\":3,
        \"replies\":{\"SaveKernel\":[$1]}}}}" COMPLETE
}

# push STATUS FIELDS WANT VERSION: pushes; the version there is VERSION then.
push() {
    run "$1" kgl-push "$work/k" || return
    got=$(tail -n 1 "$out" | jq -r "$2 | tostring")
    there=$(state '.kernels["u/my-kernel"].version')
    [ "$got $there" = "$3 $4" ] && return
    echo "# $got $there"
    return 1
}

# ---- kaggle kernels push ----
# "successfully" refused: "Kernel push error: ..."
refuses '{"answer":{"error":"Notebook not found"}}'
ok 'push: not found, in a 200' push 1 .error.code not_found 3
refuses \
    '{"answer":{"error":"Maximum batch GPU session count of 2 reached."}}'
ok 'push: no free session, in a 200' push 1 '[.error.code, .error.temporary]' \
    '["quota",true]' 3

# pushed without them; the model's is not even printed
serve --load '{"missing_sources":["b/gone","c/m/f/v"],
    "kernels":{"u/my-kernel":{"version":3}}}' COMPLETE
ok 'push: sources that were dropped' push 1 '[.failed.code, .version]' \
    '["rejected",4]' 4
ok 'push: are all named' grep_err 'b/gone, c/m/f/v'

# no word of it; all later calls answer 403
refuses '{"with":{"url":"https://www.kaggle.com/code/u/elsewhere"}}'
ok 'push: another slug in the url' push 0 .kernel u/elsewhere 4
ok 'push: is warned about' grep_err 'elsewhere'

# exit 1, and the server's reason is lost
refuses '{"status":409,"message":"The requested title is already in use"}'
ok 'push: 409' push 1 .error.code conflict 3
ok 'push: with its reason' grep_err 'already in use'

# exit 1; pushing again makes a second version
for how in close=after cut=5; do
    serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' \
        --fault "match=SaveKernel $how" COMPLETE
    ok "push: the answer is lost: $how" push 0 .version 4 4
done
serve --load '{"kernels":{"u/my-kernel":{"version":3,"replies":{"GetKernel":[
    {"answer":{"metadata":{"currentVersionNumber":3}}},
    {"answer":{"metadata":{"currentVersionNumber":4}}}]}}}}' \
    --fault 'match=SaveKernel status=500' COMPLETE
ok 'push: a 500 after it was recorded' push 0 .version 4 3
is 'push: is not pushed again' "$(asked SaveKernel)" 1

# exit 1, without another try
for how in 'status=429 retry-after=9' status=503; do
    serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' \
        --fault "match=SaveKernel $how" COMPLETE
    ok "push: $how" push 0 .version 4 4
done

# "successfully pushed", without version and URL
refuses '{"answer":{}}'
ok 'push: an empty object' push 0 .version 4 4
is 'push: is no answer' "$(asked SaveKernel)" 2

# ---- kaggle kernels status ----
# 0 whatever the status is
for status in ERROR CANCEL_ACKNOWLEDGED; do
    serve $status
    ok "status: waiting for $status" run 1 kgl-status -w u/k
    is 'status: is a failure' "$(field failed.code)" kernel_failed
done

# the former session's status right after a push
serve --load '{"kernels":{"u/my-kernel":{"version":3,"statuses":["COMPLETE"],
    "after_push":["COMPLETE",{"status":404},"QUEUED","RUNNING","ERROR"]}}}' \
    COMPLETE
kgl-push "$work/k" >"$work/pushed" 2>"$err"
ok 'status: not that of the session before' \
    run_input "$(cat "$work/pushed")" 1 kgl-status -w
is 'status: but of this one' "$(field status)" ERROR

# QUEUED
for reply in '"RUNNING"' '{"error":{"code":500,"message":"Internal error"}}'; do
    serve --load "{\"replies\":{\"GetKernelSessionStatus\":[
        {\"answer\":$reply},{\"answer\":$reply},{\"answer\":$reply},
        {\"answer\":$reply},{\"answer\":$reply}]}}" RUNNING
    ok "status: $reply" run 1 kgl-status u/k
    is 'status: is none' "$(field error.code)" unavailable
done

# exit 1 after one request
serve --fault 'status=429 retry-after=30' COMPLETE
ok 'status: 429' run 0 kgl-status u/k
is 'status: is waited for' "$(slept)" 30

# ---- any command ----
# Ctrl-C: 0, "User cancelled operation"
serve RUNNING
(
    unset KW_CLOCK
    exec kgl-status -w u/k
) >"$out" 2>"$err" &
pid=$!
while ! grep -q RUNNING "$err" && kill -0 $pid; do
    sleep 0.01
done
kill $pid
wait $pid 2>/dev/null
is 'a signal is the end by that signal' $? 143

# a traceback, for a token whose introspection fails so
for status in 401 429 500; do
    serve --fault "match=IntrospectToken status=$status" RUNNING
    ok "a token, $status" run 0 env -u KAGGLE_USERNAME -u KAGGLE_KEY \
        KAGGLE_API_TOKEN=KGAT_1 kgl-status u/k
    is 'is not introspected for owner/slug' "$(asked IntrospectToken)" 0
    want=0
    [ $status -eq 401 ] && want=1
    ok 'and where it is' run $want env -u KAGGLE_USERNAME -u KAGGLE_KEY \
        KAGGLE_API_TOKEN=KGAT_1 kgl-status k
done
is 'a passing trouble passes' "$(field status)" RUNNING

# ---- kaggle kernels output ----

o=$work/o

# output STATUS KERNEL FIELDS WANT: fetches u/k; FIELDS of the record, and what
# files there are with what in them.
output() {
    serve --load "{\"kernels\":{\"u/k\":$2}}" COMPLETE
    [ -z "$fault" ] || sandbox POST faults "$fault" >"$work/reply"
    run "$1" kgl-output -o "$o" u/k && holds "$3" "$4"
}

holds() {
    there=$(cd "$o" && find . -type f ! -name '.kgl*' | LC_ALL=C sort |
        while read -r file; do printf ' %s=%s' "$file" "$(cat "$file")"; done)
    got=$(tail -n 1 "$out" | jq -r "$1 | tostring")$there
    [ "$got" = "$2" ] && return
    echo "# $got"
    return 1
}

# the error page is saved under the name of the file; a rerun skips it
for status in 403 404 500; do
    rm -rf "$o"
    fault="match=/b times=always status=$status body=sorry"
    ok "output: a file answers $status" output 1 '{"files":[
        {"name":"a","content":"1"},{"name":"b","content":"2"}]}' \
        '.failed != null' 'true ./a=1'
    sandbox DELETE faults >"$work/reply"
    ok 'output: and can be had later' run 0 kgl-output -o "$o" u/k
    ok 'output: as it is' holds .files '2 ./a=1 ./b=2'
done
fault=
rm -rf "$o"
ok 'output: URLs that have expired' output 0 '{"expired_urls":1,"files":[
    {"name":"a","content":"1"},{"name":"b","content":"2"}]}' \
    .files '2 ./a=1 ./b=2'

# written outside of the folder
rm -rf "$o"
mkdir -p "$work/outside" "$o"
ln -s "$work/outside" "$o/link"
ok 'output: names that leave the folder' output 1 "{\"files\":[
    {\"name\":\"../../evil\",\"content\":\"x\"},
    {\"name\":\"$work/outside/evil\",\"content\":\"x\"},
    {\"name\":\"link/evil\",\"content\":\"x\"},
    {\"name\":\"a\",\"content\":\"1\"}]}" .failed.code 'input ./a=1'
is 'output: do not' "$(find "$work" -name '*evil*')" ''

# exit 1, a file of 0 bytes, an older good one lost, the rest not fetched
rm -rf "$o"
output 0 '{"files":[{"name":"a","content":"older"}]}' .files '1 ./a=older'
fault="match=/a cut=3
match=/a times=always status=404"
ok 'output: a body that is cut' output 1 '{"log":"log","files":[
    {"name":"a","content":"newer","etag":"2"},{"name":"b","content":"2"}]}' \
    .failed.code 'not_found ./a=older ./b=2 ./k.log=log'
sandbox DELETE faults >"$work/reply"
ok 'output: is gone on with' run 0 kgl-output -o "$o" u/k
ok 'output: to its end' holds .files '2 ./a=newer ./b=2 ./k.log=log'

# no timeout
rm -rf "$o"
fault='match=/a stall=3'
KW_LIMITS=0.003
export KW_LIMITS
ok 'output: a body that stalls' output 0 '{"files":[
    {"name":"a","content":"12345"}]}' .files '1 ./a=12345'
unset KW_LIMITS
fault=

# every file is fetched again, then skipped; a damaged one of that size is kept
printf 54321 >"$o/a"
ok 'output: a damaged file' run 0 kgl-output -o "$o" u/k
ok 'output: is mended' holds .files '1 ./a=12345'
asked=$(sandbox GET requests | jq -r 'select(.status == 200).operation' |
    grep -c file)
run 0 kgl-output -o "$o" u/k
is 'output: what is whole is not fetched' "$(sandbox GET requests |
    jq -r 'select(.status == 200).operation' | grep -c file)" "$asked"

# endless
rm -rf "$o"
page='{"with":{"nextPageToken":"T0001"}}'
ok 'output: a page token that is repeated' output 1 "{\"page_size\":1,
    \"replies\":{\"ListKernelSessionOutput\":[$page,$page,$page]},
    \"files\":[{\"name\":\"a\",\"content\":\"1\"},
    {\"name\":\"b\",\"content\":\"2\"},{\"name\":\"c\",\"content\":\"3\"}]}" \
    .failed.code 'unavailable ./a=1 ./b=2'

# overwritten by the log
rm -rf "$o"
ok 'output: a file of the name of the log' output 0 '{"log":"log","files":[
    {"name":"k.log","content":"1"}]}' .files '1 ./k.log=1'
is 'output: and the log' "$(cat "$(field log_path)")" log

# a traceback, and what follows is not fetched
rm -rf "$o"
ok 'output: files: null' output 0 '{"log":"log","replies":{
    "ListKernelSessionOutput":[{"with":{"files":null}}]}}' \
    .files '0 ./k.log=log'
rm -rf "$o"
ok 'output: no URL, and a name that is none' output 1 '{"files":[
    {"name":"a","url":""},{"name":"dir/","content":"x"},
    {"name":"b","content":"2"}]}' .failed.code 'input ./b=2'

done_testing
