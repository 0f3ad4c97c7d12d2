#!/bin/sh
# kw-sandbox: it answers as Kaggle does, and breaks as it is told to.
. "$srcdir/tests/lib.sh"

# call METHOD BODY [CURL OPTION ...]: an RPC; $code and $body are its answer.
call() {
    method=$1
    data=$2
    shift 2
    case $method in
    */*) ;;
    *) method=kernels.KernelsApiService/$method ;;
    esac
    code=$(curl -sS -o "$work/body" -w '%{http_code}' -u u:k0 \
        -H 'Content-Type: application/json' -d "$data" "$@" \
        "$url/v1/$method" 2>"$err")
    body=$(cat "$work/body" 2>/dev/null)
}

# in_body JQ: of the last answer.
in_body() {
    printf '%s' "$body" | jq -c -r "$1"
}

# get URL [CURL OPTION ...]: $code, $work/body, $work/head.
get() {
    rm -f "$work/body"
    code=$(curl -sS -o "$work/body" -D "$work/head" -w '%{http_code}' "$@" \
        2>"$err")
}

header() {
    tr -d '\r' <"$work/head" | sed -n "s/^$1: //p"
}

me='{"userName":"u","kernelSlug":"k"}'
push='{"slug":"u/k","newTitle":"k","text":"x","language":"python",
    "kernelType":"script"}'

# ---- calls of the program ----
ok 'a wrong port' run 2 kw-sandbox --port=65536
ok 'a wrong fault' run 2 kw-sandbox --fault='match=x nth=0 status=500'
ok 'a fault in which nothing happens' run 2 kw-sandbox --fault='match=x'
ok 'no file to load' run 2 kw-sandbox --load="$work/none"
echo '[' >"$work/broken"
ok 'a file to load that is no JSON' run 2 kw-sandbox --load="$work/broken"
for script in '[1]' '{"kernel":{}}' '{"kernels":{"u/k":{"status":"ERROR"}}}' \
    '{"kernels":{"u/k":{"files":[{"name":"a","size":3}]}}}' \
    '{"kernels":{"u/k":["COMPLETE"]}}'; do
    echo "$script" >"$work/script"
    ok "a script that is not known: $script" \
        run 2 kw-sandbox --load="$work/script" -- true
    ok 'is named' grep_err ' is not known\| object'
done
ok 'a store that cannot be' run 2 kw-sandbox --store="$work/none/x" -- true
ok 'a command gives its status' run 7 kw-sandbox -- sh -c 'exit 7'
ok 'one that is not there' run 127 kw-sandbox -- "$work/none"
ok 'a command has our environment' run 0 kw-sandbox -- sh -c \
    'echo "$KAGGLE_API_ENDPOINT" "$KAGGLE_USERNAME" "$WANDB_BASE_URL"'
is 'which leads to the sandbox' \
    "$(sed 's/:[0-9]\{2,\}/:PORT/g' "$out")" \
    'http://127.0.0.1:PORT tester http://127.0.0.1:PORT'
ok 'and the official clients' run 0 kw-sandbox --peers -- sh -c \
    'echo "$KAGGLE_API_ENVIRONMENT" "$no_proxy"; [ -n "$http_proxy" ]'
is 'with --peers' "$(cat "$out")" 'LOCALHOST 127.0.0.1'

serve COMPLETE
is 'it says where it listens' "$(jq -r .url "$work/sandbox.out")" "$url"
ok 'a port that is taken' run 2 kw-sandbox --port="${url##*:}"

# ---- credentials ----
call GetKernelSessionStatus "$me"
is 'a pair' "$code" 200
call GetKernelSessionStatus "$me" -u u:0000
is 'a bad pair' "$code $(in_body .error.status)" '401 UNAUTHENTICATED'
call GetKernelSessionStatus "$me" -u '' -H 'Authorization: Bearer KGAT_000'
is 'a bad token' "$code" 403
call GetKernelSessionStatus "$me" -u '' -H 'Authorization:'
is 'no credential' "$code" 401
call GetKernelSessionStatus "$me" -u other:k1
is "another's kernel" "$code" 403
call security.OAuthService/IntrospectToken '{"token":"KGAT_x"}'
is 'a token is of somebody' "$(in_body '[.active, .username]')" '[true,"u"]'
is 'and is not shown' \
    "$(sandbox GET requests | grep -c KGAT_x)" 0

# ---- sessions ----
serve --load '{"kernels":{"u/k":{"failure_message":"out of memory"},
    "u/new":{"after_push":["QUEUED"]}}}' 404 QUEUED ERROR
call GetKernelSessionStatus "$me"
is 'no session yet' "$code" 404
call GetKernelSessionStatus "$me"
is 'then one' "$body" '{"status":"QUEUED","failureMessage":null}'
call ListKernelSessionOutput "$me"
is 'which has no output yet' "$code" 404
call GetKernelSessionStatus "$me"
is 'and fails' "$body" '{"status":"ERROR","failureMessage":"out of memory"}'
call GetKernelSessionStatus "$me"
is 'for good' "$(in_body .status)" ERROR
call ListKernelSessionOutput "$me"
is 'with an output' "$code" 200
call GetKernelSessionStatus '{"userName":"u","kernelSlug":"new"}'
is 'a kernel that never ran' "$code" 404

# ---- pushes ----
serve --load '{"kernels":{"u/k":{"version":4,"after_push":["RUNNING"]},
    "u/taken":{}}}' COMPLETE
call SaveKernel "$push"
is 'a push makes a version' "$code $(in_body '[.versionNumber, .url]')" \
    '200 [5,"https://www.kaggle.com/code/u/k"]'
is 'and a session' "$(state '.kernels["u/k"] | [.runs, .status]')" \
    '[1,"RUNNING"]'
call GetKernel "$me"
is 'which GetKernel shows' \
    "$(in_body '[.metadata.currentVersionNumber, .blob.source]')" '[5,"x"]'
call GetKernelSessionStatus "$me"
call SaveKernel "$(printf '%s' "$push" |
    jq '.kernelExecutionType = "QUICK_SAVE"')"
is 'QUICK_SAVE runs nothing' \
    "$(state '.kernels["u/k"] | [.version, .runs, .asked]')" '[6,1,1]'
call SaveKernel "$(printf '%s' "$push" | jq '.newTitle = "Taken!"')"
is "another kernel's title" "$code $(in_body .error.status)" \
    '409 ALREADY_EXISTS'
call SaveKernel "$(printf '%s' "$push" | jq '.slug = "v/k"')"
is "another's kernel" "$code $(in_body .error)" '200 Notebook not found'
call SaveKernel "$(printf '%s' "$push" | jq '.enableGpu = "true"')"
is 'a wrong type is refused' "$code" 400
before=$(state '.kernels["u/k"].last_run_at')
call SaveKernel "$(printf '%s' "$push" | jq '.colour = 1 |
    .datasetDataSources = ["plain", "a/b"] | .modelDataSources = ["a/b/c"]')"
is 'invalid sources do not stop a push' \
    "$(in_body '[.versionNumber, .invalidDatasetSources[],
        .invalidModelSources[]]')" '[7,"plain","a/b/c"]'
is 'a session begins later than the one before' \
    "$(expr "$(state '.kernels["u/k"].last_run_at')" '>' "$before")" 1
is 'violations are counted' "$(state .violations)" \
    '["POST SaveKernel: enableGpu is of a wrong type","POST SaveKernel: unknown field colour"]'
is 'a refused push makes no version' "$(state '.kernels["u/k"].version')" 7
call SaveKernel "$(printf '%s' "$push" | jq '.kernelType = "notebook" |
    .text = "{\"cells\":[{\"source\":[\"a\"]}]}"')"
is 'lists for source in a notebook' "$code" 500
call SaveKernel "$(printf '%s' "$push" |
    jq '.slug = "u/x1" | .newTitle = "My Kernel, v1,000!"')"
is 'a new notebook lands where its title says' "$(in_body .ref)" \
    /u/my-kernel-v1000

serve --load '{"sessions":{"cpu":1},"quota":{"gpu":{"used":108000}},
    "missing_sources":["a/gone"]}' COMPLETE
call SaveKernel "$(printf '%s' "$push" | jq '.enableGpu = true')"
is 'no hours left' "$(in_body .error)" \
    'Maximum weekly GPU quota of 30.00 hours reached.'
call SaveKernel "$(printf '%s' "$push" |
    jq '.datasetDataSources = ["a/b", "a/gone"]')"
is 'a source that is gone' "$(in_body '.invalidDatasetSources')" '["a/gone"]'
serve --load '{"sessions":{"cpu":1}}' RUNNING
call SaveKernel "$push"
call SaveKernel "$push"
is 'no session left' "$(in_body .error)" \
    'Maximum batch CPU session count of 1 reached.'

serve --load '{"kernels":{"u/k":{"replies":{"SaveKernel":[
    {"answer":{}}, {"status":409,"message":"busy"}, null,
    {"with":{"url":"https://www.kaggle.com/code/u/k2"}}]}}}}' COMPLETE
call SaveKernel "$push"
is 'a scripted answer' "$code $body" '200 {}'
call SaveKernel "$push"
is 'a scripted status' "$code $(in_body .error.message)" '409 busy'
is 'nothing was done' "$(state '.kernels["u/k"].pushes')" 0
call SaveKernel "$push"
is 'a true one between' "$(in_body .versionNumber)" 2
call SaveKernel "$push"
is 'a true one, changed' "$(in_body '[.versionNumber, .url]')" \
    '[3,"https://www.kaggle.com/code/u/k2"]'

# ---- output ----
mkdir -p "$work/files/sub"
printf 'abc' >"$work/files/a.txt"
printf '0123456789' >"$work/files/sub/b c.txt"
serve --load "$(jq -n -c --arg dir "$work/files" '{kernels: {"u/k": {
    output: $dir, page_size: 2, log: [
        {stream_name: "stdout", time: 1.5, data: "one\n"},
        {stream_name: "stderr", time: 2, data: "two\n"}],
    files: [{name: "../out", content: "x"}, {name: "big", bytes: 3000000},
        {name: "odd", content: "y", chunked: true, etag: false},
        {name: "gone", content: "z", status: 404}]}}}')" COMPLETE
list() {
    call ListKernelSessionOutput \
        "{\"userName\":\"u\",\"kernelSlug\":\"k\",\"pageToken\":\"$1\"}"
}
list ''
is 'a page' "$(in_body '[.files[].fileName, .nextPageToken]')" \
    '["a.txt","sub/b c.txt","T2"]'
is 'the log as Kaggle lays it out' "$(in_body .log)" \
    '[{"stream_name":"stdout","time":1.5,"data":"one\n"}
,{"stream_name":"stderr","time":2,"data":"two\n"}
]'
file=$(in_body '.files[1].url')
is 'URLs are long' "$([ ${#file} -gt 800 ] && echo yes)" yes
get "$file"
is 'a file' "$code $(cat "$work/body")" '200 0123456789'
etag=$(header ETag)
get "$file" -r 4-6
is 'a range of it' "$code $(cat "$work/body") $(header Content-Range)" \
    '206 456 bytes 4-6/10'
get "$file" -r 4- -H "If-Range: $etag"
is 'on a condition that holds' "$code $(cat "$work/body")" '206 456789'
get "$file" -r 4- -H 'If-Range: "other"'
is 'and on one that does not' "$code $(cat "$work/body")" '200 0123456789'
get "$file" -r -3
is 'the end of it' "$code $(cat "$work/body")" '206 789'
get "$file" -r 10-
is 'behind its end' "$code $(header Content-Range)" '416 bytes */10'
get "$file" -H "If-None-Match: $etag"
is 'not modified' "$code" 304
get "${file%/sub*}x/b"
is 'the name in the URL does not matter' "$code" 200
get "$(echo "$file" | sed 's|\(/kf/1/\)1|\10|')"
is 'but the signature does' "$code" 403
is 'no violation so far' "$(state .violations)" '[]'
get "$file" -u u:k0
is 'a credential there is one' "$(state '.violations | length')" 1
list T2
is 'the next page' "$(in_body '[.files[].fileName, .log, .nextPageToken]')" \
    '["../out","big","","T4"]'
big=$(in_body '.files[1].url')
get "$big"
is 'a made up file is as large as told' "$(wc -c <"$work/body")" 3000000
tail -c +1048574 "$work/body" | head -c 11 | cksum >"$work/part"
get "$big" -r 1048573-1048583
is 'and the same in parts' "$(cksum <"$work/body")" "$(cat "$work/part")"
list T4
is 'the last page' "$(in_body .nextPageToken)" ''
get "$(in_body '.files[0].url')"
is 'without a length or a tag' \
    "$(cat "$work/body") $(header Transfer-Encoding)$(header ETag)" 'y chunked'
get "$(in_body '.files[1].url')"
is 'an error page' "$code" 404
list X
is 'a token that is none' "$code" 400
call ListKernelFiles "$me"
is 'the other list has names' "$(in_body '.files[0].name')" a.txt
get -u u:k0 -H 'Accept: text/event-stream' "$url/v1/kernels/logs/stream/u/k"
is 'the log as a stream' "$(grep -c '^data: ' "$work/body")" 3
is 'with its end' "$(grep '^data' "$work/body" | tail -n 1)" 'data: END_OF_LOG'

# ---- a log that is written while it is read ----
serve --load '{"kernels":{"u/k":{"log":[{"data":"1"},{"data":"2"},{"data":"3"}],
    "log_stream":[{"status":404},{"events":1,"end":"cut"},
    {"events":2,"end":"clean","text":"data: x\n"},
    {"events":2,"end":"clean","type":"application/json"},
    {"log":[{"data":"4"}],"type":"application/json"},{}]}}}' RUNNING
# stream NAME WANT: what the next connection is told, in one line.
stream() {
    get -u u:k0 "$url/v1/kernels/logs/stream/u/k" 2>"$err"
    is "$1" "$(grep -v '^$\|ping' "$work/body" | tr '\n' ' ')" "$2"
}
stream 'no log yet' "$(printf %s '{"error":{"code":404,"message":"scripted",' \
    '"status":"NOT_FOUND"}} ')"
stream 'a cut' 'data: {"data":"1"} '
ok 'is one' grep -q 'outstanding' "$err"
stream 'a clean end' 'data: {"data":"1"} data: {"data":"2"} data: x '
is 'is no cut' "$(cat "$err")" ''
stream 'an array without its end' '[{"data":"1"} ,{"data":"2"} '
stream 'other events' '[{"data":"4"} ] '
is 'of that type' "$(header Content-Type)" application/json
for time in once again; do
    stream "the last one stays, $time" 'data: {"data":"1"} data: {"data":"2"} data: {"data":"3"} data: END_OF_LOG '
done
is 'no status was used up' "$(state '.kernels["u/k"].asked')" 0

serve --load '{"kernels":{"u/k":{"expired_urls":1,"url_seconds":60,
    "files":[{"name":"a","content":"x"}]}}}' COMPLETE
list ''
get "$(in_body '.files[0].url')"
is 'a URL that has expired' "$code" 403
list ''
file=$(in_body '.files[0].url')
get "$file"
is 'a fresh one' "$code" 200
echo 61 >>"$KW_CLOCK"
get "$file"
is 'lives as long as told' "$code" 403

# ---- submissions ----
serve --load "$(jq -n -c '{submissions: {none: [], titanic: ([
    {ref: 1, statuses: ["PENDING", "COMPLETE"], publicScore: "0.5"}]
    + [range(44) | {ref: (. + 2), status: "COMPLETE"}])}}')" COMPLETE
submissions() {
    call competitions.CompetitionApiService/ListSubmissions \
        "{\"competitionName\":\"$1\",\"pageToken\":\"$2\"}"
}
submissions titanic ''
is 'a page of submissions' \
    "$(in_body '[(.submissions | length), .nextPageToken]')" '[20,"T20"]'
is 'no score before the end' \
    "$(in_body '.submissions[0] | [.status, .publicScore]')" '["PENDING",""]'
submissions titanic T40
is 'the last page of them' \
    "$(in_body '[(.submissions | length), .nextPageToken]')" '[5,""]'
submissions titanic ''
is 'then the score' \
    "$(in_body '.submissions[0] | [.status, .publicScore]')" \
    '["COMPLETE","0.5"]'
submissions none ''
is 'none' "$body" '{"submissions":[],"nextPageToken":""}'
submissions nowhere ''
is 'no such competition' "$code" 404

# ---- faults ----
serve --fault 'match=SaveKernel nth=2 status=503 retry-after=9 times=2' COMPLETE
call SaveKernel "$push"
is 'the first match is spared' "$code" 200
call SaveKernel "$push" -D "$work/head"
is 'the second is not' "$code $(header Retry-After)" '503 9'
call SaveKernel "$push"
is 'nor the third' "$code" 503
call GetKernelSessionStatus "$me"
is 'nor are others met' "$code" 200
call SaveKernel "$push"
is 'then it is over' "$code $(in_body .versionNumber)" '200 3'

sandbox POST faults "match=SaveKernel close=before
match=SaveKernel nth=2 close=after
match=SaveKernel nth=3 status=500 after body='{\"code\": 500}'
match=GetKernel nth=1 cut=10 times=always" >"$out"
call SaveKernel "$push"
is 'closed before' "$code $(state '.kernels["u/k"].version')" '000 3'
call SaveKernel "$push"
is 'closed after the work was done' \
    "$code $(state '.kernels["u/k"].version')" '000 4'
call SaveKernel "$push"
is 'a status after the work was done' \
    "$code $body $(state '.kernels["u/k"].version')" '500 {"code": 500} 5'
call GetKernel "$me"
is 'cut' "$(grep -c 'bytes remaining' "$err") ${#body}" '1 10'
sandbox POST faults 'match=ListKernels nth=3 cut=1000000' >"$out"
call ListKernels '{}'
call ListKernels '{}'
is 'not before the third' "$code $(tail -c 1 "$work/body")" '200 }'
call ListKernels '{}'
is 'what is cut is never whole' "$(grep -c '1 bytes remaining' "$err")" 1
is 'those that are left' "$(sandbox GET faults | jq -c '[.[].times]')" '[-1]'
sandbox DELETE faults >"$out"
call GetKernel "$me"
is 'cleared' "$code" 200
is 'an order that is none' "$(sandbox POST faults nonsense)" \
    '{"error":"not a fault: nonsense"}'

sandbox POST faults 'match=GetKernel silence
match=ListKernels delay=0.4' >"$out"
call GetKernel "$me" -m 0.2
is 'silence' "$code $(grep -c 'timed out' "$err")" '000 1'
# Only the socket that it listens on stays.
only_listens() {
    _tries=0
    while find "/proc/$sandbox_pid/fd" -lname 'socket:*' | tail -n +2 |
        grep -q .; do
        _tries=$((_tries + 1))
        [ $_tries -lt 100 ] || return 1
        sandbox GET faults >"$out"
        sleep 0.01
    done
}
ok 'whoever left takes no connection' only_listens
sandbox POST faults 'match=GetKernel stall=7' >"$out"
call GetKernel "$me" -m 0.3
is 'a stall' "$(grep -c 'timed out' "$err") $body" '1 {"metad'
call ListKernels '{}' -m 5 -w '%{http_code} %{time_total}'
is 'a late answer' "$(echo "$code" | awk '{ print $1, ($2 >= 0.4) }')" '200 1'
is 'what was asked' "$(sandbox GET requests | tail -n 1 |
    jq -c '[.method, .operation, .status, .authorization, .fault, .body]')" \
    '["POST","ListKernels",200,true,"match=ListKernels delay=0.4",{}]'

serve --latency=0.3 COMPLETE
set --
for i in 1 2 3 4 5 6 7 8; do
    curl -sS -o "$work/late.$i" -w '%{http_code} %{time_total}\n' \
        "$url/sandbox/state" >"$work/time.$i" &
    set -- "$@" $!
done
wait "$@"
is 'answers wait side by side' \
    "$(cat "$work"/time.? | awk '$2 >= 0.3 && $2 < 2 { print $1 }' |
        sort | uniq -c | tr -s ' ')" ' 8 200'

# ---- proxies, big bodies, the store ----
serve COMPLETE
code=$(no_proxy='' curl -sS -x "$url" -u u:k0 -d "$me" -o "$work/body" \
    -w '%{http_code}' \
    http://localhost/api/v1/kernels.KernelsApiService/GetKernelSessionStatus)
is 'taken for a proxy' "$code $(cat "$work/body")" \
    '200 {"status":"COMPLETE","failureMessage":null}'
head -c 3000000 /dev/zero | tr '\0' x >"$work/long"
jq -n -c --rawfile text "$work/long" --argjson push "$push" \
    '$push | .text = $text' >"$work/long.json"
code=$(curl -sS -u u:k0 --data-binary @"$work/long.json" -o "$work/body" \
    -w '%{http_code}' "$url/v1/kernels.KernelsApiService/SaveKernel")
is 'a body that goes through a file' \
    "$code $(state '.kernels["u/k"].saved.text | length')" '200 3000000'
get "$url/nowhere"
is 'a path that is none' "$code $(state '.violations | length')" '404 1'

serve --store="$work/store" COMPLETE
call SaveKernel "$push"
stop
kw-sandbox --store="$work/store" -- sh -c \
    'curl -sS "$KAGGLE_API_ENDPOINT/sandbox/state"' >"$out"
is 'a store keeps what was held' "$(jq -c '.kernels["u/k"].version' "$out")" 2
serve COMPLETE
call SaveKernel "$push"
sandbox POST reset >"$out"
is 'a reset forgets it' "$(state '[.kernels, .requests]')" '[{},{}]'
is 'a load adds to it' \
    "$(sandbox POST load '{"kernels":{"u/z":{"version":9}}}')" '{}'
is 'as said' "$(state '.kernels["u/z"].version')" 9
is 'one that is wrong is refused' \
    "$(sandbox POST load '{"kernels":{"u/y":{},"z":{}}}' | jq -r 'keys[]')" \
    error
is 'and nothing of it is done' "$(state '.kernels | keys')" '["u/z"]'

done_testing
