# shellcheck shell=sh
# kaggle.sh - what kaggle 2.2.4 gets wrong; a part of upstream.t

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

# 22. push, 200 with an error.
# Theirs: 0, nothing pushed.
# Ours: 1, an error with its code, nothing pushed.
refuses '{"answer":{"error":"Notebook not found"}}'
ok '22: not found, in a 200' push 1 .error.code not_found 3
refuses \
    '{"answer":{"error":"Maximum batch GPU session count of 2 reached."}}'
ok '22: no free session, in a 200' push 1 '[.error.code, .error.temporary]' \
    '["quota",true]' 3

# 23. push, sources that Kaggle drops.
# Theirs: 0, pushed without them; the model's is not even printed.
# Ours: 1, failed with the version that runs, all of them named.
serve --load '{"missing_sources":["b/gone","c/m/f/v"],
    "kernels":{"u/my-kernel":{"version":3}}}' COMPLETE
ok '23: sources that were dropped' push 1 '[.failed.code, .version]' \
    '["rejected",4]' 4
ok '23: are all named' grep_err 'b/gone, c/m/f/v'

# 24. push, the answer's url names another slug.
# Theirs: 0 without a word; all later calls answer 403.
# Ours: that is the kernel from now on, and a warning.
refuses '{"with":{"url":"https://www.kaggle.com/code/u/elsewhere"}}'
ok '24: another slug in the url' push 0 .kernel u/elsewhere 4
ok '24: is warned about' grep_err 'elsewhere'

# 25. push, 409.
# Theirs: 1 without the server's reason.
# Ours: 1, conflict with the reason.
refuses '{"status":409,"message":"The requested title is already in use"}'
ok '25: 409' push 1 .error.code conflict 3
ok '25: with its reason' grep_err 'already in use'

# 26. push, the answer is lost, or a 500 after it was recorded.
# Theirs: 1; pushing again makes a second version.
# Ours: what is there is looked up; one version.
for how in close=after cut=5; do
    serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' \
        --fault "match=SaveKernel $how" COMPLETE
    ok "26: the answer is lost: $how" push 0 .version 4 4
done
serve --load '{"kernels":{"u/my-kernel":{"version":3,"replies":{"GetKernel":[
    {"answer":{"metadata":{"currentVersionNumber":3}}},
    {"answer":{"metadata":{"currentVersionNumber":4}}}]}}}}' \
    --fault 'match=SaveKernel status=500' COMPLETE
ok '26: a 500 after it was recorded' push 0 .version 4 3
is '26: is not pushed again' "$(asked SaveKernel)" 1

# 27. push, 429 with Retry-After, 503.
# Theirs: 1 without another try.
# Ours: tried again; after the 503 it is looked up first.
for how in 'status=429 retry-after=9' status=503; do
    serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' \
        --fault "match=SaveKernel $how" COMPLETE
    ok "27: $how" push 0 .version 4 4
done

# 28. push, 200 with an empty object.
# Theirs: 0, "successfully pushed" without version and URL.
# Ours: that is no answer; looked up, and pushed once.
refuses '{"answer":{}}'
ok '28: an empty object' push 0 .version 4 4
is '28: is no answer' "$(asked SaveKernel)" 2

# 29. status ERROR, CANCEL_ACKNOWLEDGED; the former session's after a push.
# Theirs: 0.
# Ours: with -w 1 and failed; and the status is that of this push's session.
for status in ERROR CANCEL_ACKNOWLEDGED; do
    serve $status
    ok "29: waiting for $status" run 1 kgl-status -w u/k
    is '29: is a failure' "$(field failed.code)" kernel_failed
done

serve --load '{"kernels":{"u/my-kernel":{"version":3,"statuses":["COMPLETE"],
    "after_push":["COMPLETE",{"status":404},"QUEUED","RUNNING","ERROR"]}}}' \
    COMPLETE
kgl-push "$work/k" >"$work/pushed" 2>"$err"
ok '29: not that of the session before' \
    run_input "$(cat "$work/pushed")" 1 kgl-status -w
is '29: but of this one' "$(field status)" ERROR

# 30. status, a 200 that is no status.
# Theirs: 0, QUEUED.
# Ours: asked again, then 1, unavailable.
for reply in '"RUNNING"' '{"error":{"code":500,"message":"Internal error"}}'; do
    serve --load "{\"replies\":{\"GetKernelSessionStatus\":[
        {\"answer\":$reply},{\"answer\":$reply},{\"answer\":$reply},
        {\"answer\":$reply},{\"answer\":$reply}]}}" RUNNING
    ok "30: $reply" run 1 kgl-status u/k
    is '30: is none' "$(field error.code)" unavailable
done

# 31. status, 429.
# Theirs: 1 after one request.
# Ours: asked again when the server says.
serve --fault 'status=429 retry-after=30' COMPLETE
ok '31: 429' run 0 kgl-status u/k
is '31: is waited for' "$(slept)" 30

# 42. Ctrl-C.
# Theirs: 0.
# Ours: death by the signal, after a word on what goes on.
serve RUNNING
interrupted 'grep -q RUNNING "$err"' kgl-status -w u/k
is '42: a signal is the end by that signal' $? 143
ok '42: which says what goes on' grep_err 'session goes on: .*/code/u/k'

# 43. A token whose introspection answers 401, 429, 500.
# Theirs: 1 with a traceback.
# Ours: not introspected without need; where it is, an error, or tried again.
for status in 401 429 500; do
    serve --fault "match=IntrospectToken status=$status" RUNNING
    ok "43: a token, $status" run 0 env -u KAGGLE_USERNAME -u KAGGLE_KEY \
        KAGGLE_API_TOKEN=KGAT_1 kgl-status u/k
    is '43: is not introspected for owner/slug' "$(asked IntrospectToken)" 0
    want=0
    [ $status -eq 401 ] && want=1
    ok '43: and where it is' run $want env -u KAGGLE_USERNAME -u KAGGLE_KEY \
        KAGGLE_API_TOKEN=KGAT_1 kgl-status k
done
is '43: a passing trouble passes' "$(field status)" RUNNING

# 44. `pip install kaggle` alone.
# Theirs: 1, every command: no module six.
# Ours: a program needs its libraries, and nothing of the environment but the
# credential.
serve COMPLETE
ok '44: a bare environment' run 0 env -i KAGGLE_KEY="$KAGGLE_KEY" \
    KAGGLE_USERNAME=u KAGGLE_API_ENDPOINT="$url" \
    "$(command -v kgl-status)" u/k
is '44: is enough' "$(field status)" COMPLETE

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

# 32. output, a file's URL answers 403, 404, 500, or has expired.
# Theirs: 0, the error page saved as the file; a rerun skips it.
# Ours: 1, failed, the rest is there, no such file; an expired one is listed
# again.
for status in 403 404 500; do
    rm -rf "$o"
    fault="match=/b times=always status=$status body=sorry"
    ok "32: a file answers $status" output 1 '{"files":[
        {"name":"a","content":"1"},{"name":"b","content":"2"}]}' \
        '.failed != null' 'true ./a=1'
    sandbox DELETE faults >"$work/reply"
    ok '32: and can be had later' run 0 kgl-output -o "$o" u/k
    ok '32: as it is' holds .files '2 ./a=1 ./b=2'
done
fault=
rm -rf "$o"
ok '32: URLs that have expired' output 0 '{"expired_urls":1,"files":[
    {"name":"a","content":"1"},{"name":"b","content":"2"}]}' \
    .files '2 ./a=1 ./b=2'

# 33. output, names that leave the folder.
# Theirs: 0, written outside.
# Ours: 1, failed, refused; the rest is there.
rm -rf "$o"
mkdir -p "$work/outside" "$o"
ln -s "$work/outside" "$o/link"
ok '33: names that leave the folder' output 1 "{\"files\":[
    {\"name\":\"../../evil\",\"content\":\"x\"},
    {\"name\":\"$work/outside/evil\",\"content\":\"x\"},
    {\"name\":\"link/evil\",\"content\":\"x\"},
    {\"name\":\"a\",\"content\":\"1\"}]}" .failed.code 'input ./a=1'
is '33: do not' "$(find "$work" -name '*evil*')" ''

# 34. output, a body that is cut.
# Theirs: 1, a file of 0 bytes, an older good one lost, the rest not fetched.
# Ours: the older one stays until the newer is whole, the rest is there, a
# rerun goes on.
rm -rf "$o"
output 0 '{"files":[{"name":"a","content":"older"}]}' .files '1 ./a=older'
fault="match=/a cut=3
match=/a times=always status=404"
ok '34: a body that is cut' output 1 '{"log":"log","files":[
    {"name":"a","content":"newer","etag":"2"},{"name":"b","content":"2"}]}' \
    .failed.code 'not_found ./a=older ./b=2 ./k.log=log'
sandbox DELETE faults >"$work/reply"
ok '34: is gone on with' run 0 kgl-output -o "$o" u/k
ok '34: to its end' holds .files '2 ./a=newer ./b=2 ./k.log=log'

# 35. output, a body that stalls.
# Theirs: no timeout.
# Ours: gone on with after 30 s without a byte.
rm -rf "$o"
fault='match=/a stall=3'
KW_LIMITS=0.003
export KW_LIMITS
ok '35: a body that stalls' output 0 '{"files":[
    {"name":"a","content":"12345"}]}' .files '1 ./a=12345'
unset KW_LIMITS
fault=

# 36. output, again.
# Theirs: 0, every file fetched, then skipped; a damaged one of its size kept.
# Ours: what is whole by its digest is not fetched, what is not is mended.
printf 54321 >"$o/a"
ok '36: a damaged file' run 0 kgl-output -o "$o" u/k
ok '36: is mended' holds .files '1 ./a=12345'
asked=$(sandbox GET requests | jq -r 'select(.status == 200).operation' |
    grep -c file)
run 0 kgl-output -o "$o" u/k
is '36: what is whole is not fetched' "$(sandbox GET requests |
    jq -r 'select(.status == 200).operation' | grep -c file)" "$asked"

# 37. output, a page token that is repeated.
# Theirs: endless.
# Ours: 1, failed, what was listed is there.
rm -rf "$o"
page='{"with":{"nextPageToken":"T0001"}}'
ok '37: a page token that is repeated' output 1 "{\"page_size\":1,
    \"replies\":{\"ListKernelSessionOutput\":[$page,$page,$page]},
    \"files\":[{\"name\":\"a\",\"content\":\"1\"},
    {\"name\":\"b\",\"content\":\"2\"},{\"name\":\"c\",\"content\":\"3\"}]}" \
    .failed.code 'unavailable ./a=1 ./b=2'

# 38. output, a file of the log's name.
# Theirs: 0, overwritten by the log.
# Ours: both are there.
rm -rf "$o"
ok '38: a file of the name of the log' output 0 '{"log":"log","files":[
    {"name":"k.log","content":"1"}]}' .files '1 ./k.log=1'
is '38: and the log' "$(cat "$(field log_path)")" log

# 39. output, files: null, an empty url, a name that ends in a slash.
# Theirs: 1 with a traceback; what follows is not fetched.
# Ours: no files; 1 and failed for each of the others; what follows is there.
rm -rf "$o"
ok '39: files: null' output 0 '{"log":"log","replies":{
    "ListKernelSessionOutput":[{"with":{"files":null}}]}}' \
    .files '0 ./k.log=log'
rm -rf "$o"
ok '39: no URL, and a name that is none' output 1 '{"files":[
    {"name":"a","url":""},{"name":"dir/","content":"x"},
    {"name":"b","content":"2"}]}' .failed.code 'input ./b=2'

# 40. logs -f, a stream that ends cleanly in the middle.
# Theirs: 0, taken as the end.
# Ours: gone on with until the session has ended, each event once.
serve --load '{"kernels":{"u/k":{"log":[{"data":"1"},{"data":"2"},{"data":"3"}],
    "log_stream":[{"events":1,"end":"clean"},{"events":2,"end":"clean"},
    {"end":"clean"}]}}}' RUNNING RUNNING RUNNING COMPLETE
ok '40: a stream that ends in the middle' run 0 kgl-log -f u/k
is '40: is not the end of the log' "$(jq -j .data "$out")" 123

# 41. submissions, 45 of them.
# Theirs: 0, the first 20 without a word about more.
# Ours: all.
serve --load "{\"submissions\":{\"c\":$(jq -n -c '[range(45) | {ref: .}]')}}" \
    COMPLETE
ok '41: 45 submissions' run 0 kgl-score c
is '41: are 45 records' "$(jq -s length "$out")" 45
