#!/bin/sh
# wb-runs: runs come once, in order and whole, with values as the server has
# them; and whatever lacks is said.
. "$srcdir/tests/lib.sh"

# load JQ: POSTs what jq -n makes of it
load() {
    jq -n -c "$1" >"$work/more.json"
    curl -sS --data-binary "@$work/more.json" "$url/sandbox/load" >"$out"
    grep -q '^{}' "$out"
}

# ids: of the runs in $out, in one line
ids() {
    jq -r '.run | split("/")[2]' "$out" | paste -s -d ' ' -
}

# variables OPERATION JQ: of the last request of that name
variables() {
    sandbox GET requests | jq -c -r --arg name "$1" \
        'select(.operation == $name)' | tail -n 1 |
        jq -c -r ".body | (if type == \"string\" then fromjson else . end)
            | .variables | $2"
}

# The texts hold what JSON has not: they are strings in the script.
runs='{"runs": [
  {"run": "acme/p/one", "display_name": "first \"é\"", "state": "finished",
   "created_at": "2026-11-20T00:00:00Z",
   "heartbeat_at": "2026-11-20T01:30:00.250Z", "group": "g",
   "job_type": "train", "tags": ["a", "b"], "sweep": "sw1", "notes": "n",
   "config": "{\"lr\":{\"value\":1e-3,\"desc\":null},\"deep\":{\"value\":{\"a\":[1]}},\"_wandb\":{\"value\":{\"t\":{}}}}",
   "summary": "{\"loss\":NaN,\"big\":12345678901234567890,\"a/b\":-Infinity,\"val\":{\"acc\":0.50},\n\"x\":null}",
   "history": [{"_step": 0, "loss": 1.5}, {"_step": 1, "loss": 1.25,
       "val": 7}, {"_step": 1000000, "val": 8}]},
  {"run": "acme/p/two", "state": "failed",
   "created_at": "2026-11-20T12:00:00Z",
   "summary": "{\"loss\":0.25}", "config": {"lr": 2}},
  {"run": "acme/p/three", "state": "crashed",
   "created_at": "2026-11-21T05:00:00Z",
   "heartbeat_at": "2026-11-21T05:10:00Z",
   "summary": "{\"loss\":0.125}", "config": {"lr": 1}}]}'

serve --load "$runs"
every_tool wb-runs

# ---- records ----

ok 'a project' run 0 wb-runs acme/p
is 'its runs, in the order of their creation' "$(ids)" 'one two three'
is 'a run' "$(head -n 1 "$out")" "{\"run\":\"acme/p/one\",\"project\":\
\"acme/p\",\"run_id\":\"one\",\"display_name\":\"first \\\"é\\\"\",\"state\":\
\"finished\",\"created_at\":\"2026-11-20T00:00:00Z\",\"heartbeat_at\":\
\"2026-11-20T01:30:00.250Z\",\"duration_seconds\":5400.25,\"user\":\"tester\",\
\"group\":\"g\",\"job_type\":\"train\",\"tags\":[\"a\",\"b\"],\"sweep\":\"sw1\",\
\"url\":\"$url/acme/p/runs/one\"}"
is 'no duration without a heartbeat' \
    "$(jq -c 'select(.run_id == "two") | has("duration_seconds")' "$out")" false
is 'in one request' "$(asked WbRuns)" 1
ok 'a run' run 0 wb-runs acme/p/two
is 'is that run' "$(ids) $(asked WbRun)" 'two 1'
ok 'run wins over project, other fields are kept' run_input \
    '{"project":"p","run":"acme/p/two","state":"old","n":[1,{"a":"é"}]}' 0 wb-runs
is 'as they are' "$(jq -c '[.run, .project, .state, .n]' "$out")" \
    '["acme/p/two","acme/p","failed",[1,{"a":"é"}]]'
ok 'not those of a dry run' run 0 wb-runs '{"run":"acme/p/x","dry_run":true}'
is 'which are passed on' "$(jq -c . "$out")" '{"run":"acme/p/x","dry_run":true}'
ok 'a run that is none' run 1 wb-runs '{"run":"acme/p"}'
is 'is an input error' "$(field error.code)" input
for bad in a/b/c/d /p a//b a/; do
    ok "no project: $bad" run 1 wb-runs "$bad"
    is "is said: $bad" "$(field error.code)" input
done
ok 'a project alone' run 0 env WANDB_ENTITY=acme wb-runs p
is 'is of WANDB_ENTITY' "$(ids)" 'one two three'
ok 'or of the account' run 1 wb-runs p q
is 'which is asked once' "$(field error.message) $(asked WbViewer)" \
    'tester/q: there is no such project, or no right to see it 1'

# ---- fields ----

ok 'only some fields' run 0 wb-runs --fields=state,duration_seconds acme/p
is 'and the run' "$(head -n 1 "$out")" '{"run":"acme/p/one","project":"acme/p","state":"finished","duration_seconds":5400.25}'
ok 'summary and config' run 0 wb-runs --fields=summary,config acme/p/one
is 'are the bytes, words as strings, configs without wrapping' "$(cat "$out")" \
    '{"run":"acme/p/one","project":"acme/p","summary":{"loss":"NaN","big":12345678901234567890,"a/b":"-Infinity","val":{"acc":0.50}, "x":null},"config":{"lr":1e-3,"deep":{"a":[1]}}}'
ok 'some of their keys' run 0 wb-runs \
    --fields=summary.big,summary.a/b,summary.val.acc,summary.none,config.lr,config.deep.a acme/p
is 'are chosen, paths too' "$(head -n 1 "$out")" \
    '{"run":"acme/p/one","project":"acme/p","summary":{"big":12345678901234567890,"a/b":"-Infinity","val.acc":0.50},"config":{"lr":1e-3,"deep.a":[1]}}'
is 'by the server' "$(variables WbRuns '[.s, .c]')" \
    '[["big","a/b","val.acc","val","none"],["lr","deep.a","deep"]]'
ok 'all other fields' run 0 wb-runs --fields=notes,commit,host,program,args,os,\
python,gpu,gpu_count,cpu_count,remote_url,history_lines,event_lines,log_lines,\
files,compute_seconds,system_metrics,project_id,storage_id,stopped,read_only \
    acme/p/one
is 'of which there are' "$(jq -c 'del(.storage_id)' "$out")" \
    '{"run":"acme/p/one","project":"acme/p","notes":"n","history_lines":3,"event_lines":0,"log_lines":0,"files":0,"compute_seconds":5400,"system_metrics":{},"project_id":"1","stopped":false,"read_only":false}'
for bad in nosuch summary. state.x ''; do
    ok "no field: $bad" run 2 wb-runs --fields="state,$bad" acme/p
    ok 'names those that there are' grep_err 'none of run_id display_name'
done

# ---- which ----

ok 'states' run 0 wb-runs --state=failed,crashed acme/p
is 'two of them' "$(ids)" 'two three'
ok 'the last 10 hours' run 0 wb-runs --since=10h acme/p
is 'one run' "$(ids)" three
is 'in the form of the server' "$(variables WbRuns .f)" \
    '{"created_at":{"$gte":"2026-11-20T20:00:00+00:00"}}'
ok 'since a time, and a filter' run 0 wb-runs --since=2026-11-20T12:00:00Z \
    --filter='{"summary_metrics.loss": {"$lt": 0.2}}' acme/p
is 'both hold' "$(ids)" three
ok 'ordered' run 0 wb-runs --order=-created_at acme/p
is 'the newest first' "$(ids)" 'three two one'
ok 'by a summary' run 0 wb-runs --order=summary.loss --state=failed,crashed acme/p
is 'the least first' "$(ids)" 'three two'
ok 'by a config' run 0 wb-runs --order=-config.lr --limit=2 acme/p
is 'the greatest first' "$(ids)" 'two three'
is 'no more are asked for' "$(variables WbRuns .n)" 2
ok 'none match' run 0 wb-runs --state=preempted acme/p
is 'which is nothing' "$(cat "$out")" ''
wrong() {
    want=$1
    shift
    ok "wrong: $*" run 2 wb-runs "$@" acme/p
    ok "says: $want" grep_err "$want"
}
wrong 'at byte 8' --filter='{"a": 1 x}'
wrong 'no JSON object' --filter='[1]'
wrong 'done is none of running finished' --state=failed,done
wrong 'none of created_at' --order=name
wrong 'since' --since=soon
wrong 'limit' --limit=0
wrong 'empty key' --history=a,,b
wrong 'takes no project' --whoami
ok 'a filter that the server refuses' run 1 wb-runs --filter='{"a":{"$no":1}}' acme/p
is 'is said' "$(field error.code)" rejected

# ---- counts, the account ----

ok 'how many' run 0 wb-runs --count --state=failed,crashed '{"project":"acme/p","x":1}'
is 'without reading them' "$(jq -c . "$out")" '{"project":"acme/p","x":1,"count":2}'
ok 'of what is not there' run 1 wb-runs --count acme/no
is 'is not zero' "$(jq -c '[.count, .error.code]' "$out")" '[null,"not_found"]'
ok 'of a run' run 1 wb-runs --count acme/p/one
ok 'who' run 0 wb-runs --whoami
is 'and whose key' "$(cat "$out")" "{\"user\":\"tester\",\"entity\":\"tester\",\
\"teams\":[\"tester\"],\"credential\":\"WANDB_API_KEY\",\"endpoint\":\"$url\",\
\"server_lacks\":[\"MARK_RUN_FILES_UPLOADED\",\"STRUCTURED_CONSOLE_LOGS\",\
\"ARTIFACT_DIGEST_ALGORITHM\",\
\"USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION\"]}"
ok 'a wrong key' run 1 env \
    WANDB_API_KEY=0000000000000000000000000000000000000000 wb-runs --whoami
is 'is refused' "$(field error.code)" auth

# ---- pages ----

load '{runs: [range(2500) | {run: "acme/many/r\(.)", created_at:
    "2026-11-20T00:00:00Z", state: "finished",
    summary: {text: ("x" * 3000), loss: .}}]}' || echo 'Bail out! load'
before=$(asked WbRuns)
ok '2,500 runs' run 0 wb-runs acme/many
is 'come once each, in order, in three requests' "$(jq -r .run_id "$out" |
    awk '$0 != "r" NR - 1 { bad++ } END { print NR, bad + 0 }') $((\
    $(asked WbRuns) - before))" '2500 0 3'
before=$(asked WbRuns)
ok 'a limit over a page' run 0 wb-runs --limit=1500 acme/many
is 'holds' "$(wc -l <"$out" | tr -d ' ') $(($(asked WbRuns) - before))" '1500 2'
is 'and no more are asked for' "$(variables WbRuns .n)" 500
ok 'pages that are too large' run 0 wb-runs --fields=summary acme/many
is 'become smaller' "$(jq -r .summary.loss "$out" |
    awk '$0 != NR - 1 { bad++ } END { print NR, bad + 0 }')" '2500 0'

many() {
    wb-runs --fields=state acme/many </dev/null >"$out" 2>"$err"
    echo "$? $(grep -c '"state"' "$out") $(jq -r '.error.code // empty' "$out")"
}
fault() {
    sandbox DELETE faults >/dev/null
    sandbox POST faults "match=WbRuns $1" >/dev/null
}
for how in status=504 status=502 status=500 close=before close=after cut=9000 \
    'status=429 retry-after=3' 'status=503 retry-after=2' \
    'status=200 body='\''{"errors":[{"message":"context deadline exceeded"}]}'\' \
    'status=400 body='\''{"errors":[{"message":"first is too large"}]}'\' \
    'status=413'; do
    fault "nth=2 $how"
    is "once: $how" "$(many)" '0 2500 '
done
fault 'nth=2 silence'
is 'a page that takes too long' "$(KW_LIMITS=0.02 many)" '0 2500 '
fault 'nth=1 times=3 status=504'
is 'a page is not shrunk without end' "$(many)" '0 2500 '
fault 'nth=2 times=always status=504'
is 'in vain: what came is written, then why' "$(many)" '1 1000 unavailable'
is 'with the project' "$(field project)" acme/many
fault 'nth=3 times=always status=403'
is 'no right half-way' "$(many)" '1 2000 auth'
fault 'nth=1 times=1 status=404'
is 'no such server' "$(many)" '1 0 not_found'

# ---- answers that are none ----

answer() {
    fault "nth=${2:-1} status=200 body='{\"data\":{\"project\":$1}}'"
}
page() {
    printf '%s' "{\"runCount\":${3:-2},\"runs\":{\"pageInfo\":$2,\"edges\":[$1]}}"
}
more='{"hasNextPage":true,"endCursor":"c"}'
end='{"hasNextPage":false,"endCursor":null}'
answer null
is 'no project' "$(many)" '1 0 not_found'
answer "$(page '' "$more")"
is 'an empty page, and more' "$(many)" '1 0 unavailable'
answer "$(page '' "$end" 7)"
is 'nothing, although there are some' "$(many)" '1 0 unavailable'
ok 'which is said' grep_err '0 runs were listed, but there are 2500'
answer "$(page '' "$end" 0)"
is 'nothing' "$(many)" '0 0 '
answer "$(page '' '{"hasNextPage":true,"endCursor":null}')"
is 'no cursor' "$(many)" '1 0 unavailable'
answer '{}'
is 'no list' "$(many)" '1 0 unavailable'
answer "$(page '{"node":{"state":"running"}}' "$end")"
is 'no name' "$(many)" '1 0 unavailable'
answer "$(page '{"node":{"name":"a","state":"running"}}' "$more")" '1 times=2'
is 'a cursor that repeats' "$(many)" '1 1 unavailable'
first='{"hasNextPage":true,"endCursor":"1"}' # the first run, as old as these
answer "$(page '{"node":{"name":"r5","state":"running"}}' "$first")"
is 'a run that comes twice is given once' "$(many)" '0 2500 '
is 'where it came first' "$(ids | cut -c1-8)" 'r5 r0 r1'
fault "nth=1 status=200 body='<html>busy</html>'"
is 'a page of a proxy' "$(many)" '1 0 unavailable'
fault "nth=1 status=200 body='{\"data\":{\"project\":{\"runs\":{\"edges\":[{'"
is 'half an answer' "$(many)" '1 0 unavailable'
fault "nth=1 times=always status=200 body='{\"errors\":[{\"message\":\"no\"}],\"data\":null}'"
is 'refused with 200' "$(many)" '1 0 rejected'
node() {
    answer "$(page "{\"node\":{\"name\":\"a\",$1}}" "$end" 1)"
    wb-runs --fields="${2:-summary}" acme/p </dev/null >"$out" 2>"$err"
    printf '%s %s' $? "$(jq -c 'del(.run, .project)' "$out")"
}
is 'a summary that is null' "$(node '"summaryMetrics":null')" '0 {}'
is 'that is empty' "$(node '"summaryMetrics":""')" '0 {"summary":{}}'
is 'that is an object' "$(node '"summaryMetrics":{"a":[1]}')" \
    '0 {"summary":{"a":[1]}}'
is 'with control characters' \
    "$(node '"summaryMetrics":"{\"a\":\"x\ty\\\\\"}"')" \
    '0 {"summary":{"a":"x\ty\\"}}'
is 'that is cut' "$(node '"summaryMetrics":"{\"a\":1,\"b"')" '0 {}'
ok 'is said of the run' grep_err 'acme/p/a: its summary is no whole JSON'
is 'metrics of the system, ids that are numbers' "$(node \
    '"systemMetrics":"{\"system.cpu\":1.50}","projectId":7' \
    system_metrics,project_id)" '0 {"system_metrics":{"system.cpu":1.5},"project_id":"7"}'
is 'times without a zone, with an offset' "$(node \
    '"createdAt":"2026-11-20T00:00:00","heartbeatAt":"2026-11-20T02:00:01+02:00"' \
    created_at,heartbeat_at,duration_seconds)" \
    '0 {"created_at":"2026-11-20T00:00:00Z","heartbeat_at":"2026-11-20T00:00:01Z","duration_seconds":1}'
is 'half a surrogate pair in a name' "$(node '"displayName":"\ud800"' display_name)" \
    '0 {"display_name":"�"}'
sandbox DELETE faults >/dev/null

# ---- servers that know less ----

older() {
    fault "nth=1 status=400 body='{\"errors\":[{\"message\":\"$1\"}]}'"
}
older 'Unknown argument \"keys\" on field \"summaryMetrics\".'
ok 'no choice of keys' run 0 wb-runs --fields=summary.loss,config.lr acme/p
is 'is made here' "$(tail -n 1 "$out")" \
    '{"run":"acme/p/three","project":"acme/p","summary":{"loss":0.125},"config":{"lr":1}}'
answer "$(page '{"node":{"name":"three","summaryMetrics":"{}"}}' "$end" 3)"
ok 'a choice that finds nothing' run 0 wb-runs --fields=summary.loss acme/p
is 'is not believed' "$(jq -c .summary "$out" | paste -s -d ' ' -)" \
    '{"loss":"NaN"} {"loss":0.25} {"loss":0.125}'
ok 'which is said' grep_err 'does not find the keys'
ok 'keys that no run has' run 0 wb-runs --fields=summary.none acme/p
is 'are none' "$(jq -c .summary "$out" | paste -s -d ' ' -)$(cat "$err")" '{} {} {}'
older 'Cannot query field \"username\" on type \"User\".; Cannot query field \"runCount\" on type \"Project\".; Cannot query field \"sweepName\" on type \"Run\".'
ok 'fields that are not known' run 0 wb-runs acme/p
is 'are left out' "$(head -n 1 "$out" | jq -c '[.state, .user, .sweep]')" \
    '["finished",null,null]'
older 'Cannot query field \"nosuch\" on type \"Run\".'
ok 'one that was not asked for' run 1 wb-runs acme/p
sandbox DELETE faults >/dev/null

# ---- rows ----

ok 'rows' run 0 wb-runs --history=loss acme/p
is 'that have the key' "$(cat "$out")" \
    '{"run":"acme/p/one","project":"acme/p","kind":"history","values":{"_step":0,"loss":1.5}}
{"run":"acme/p/one","project":"acme/p","kind":"history","values":{"_step":1,"loss":1.25}}'
ok 'with a field' run 0 wb-runs --history=val,_step --fields=state '{"run":"acme/p/one","x":1}'
is 'in each, far steps too' "$(tail -n 1 "$out")" \
    '{"run":"acme/p/one","project":"acme/p","state":"finished","kind":"history","values":{"_step":1000000,"val":8},"x":1}'
load '{runs: [range(9) | {run: "acme/rows/r\(.)", history: [range(. * 2000) |
    {_step: (. * (if . > 9000 then 50 else 1 end)), a: ., b: (. * 2)}]}]}' ||
    echo 'Bail out! load'
ok 'many rows of many runs' run 0 wb-runs --history=b acme/rows
is 'come once each, in order' "$(jq -r '[.run, .values.b] | @tsv' "$out" |
    awk '$1 != run { run = $1; n = 0 } $2 != 2 * n++ { bad++ }
        END { print NR, bad + 0 }')" '72000 0'
rows_fault() {
    sandbox DELETE faults >/dev/null
    sandbox POST faults "match=WbRunRows $1" >/dev/null
    wb-runs --history=b acme/rows/r8 </dev/null >"$out" 2>"$err"
    echo "$? $(grep -c values "$out") $(jq -r '.error.code // empty' "$out")"
}
for how in status=504 close=before 'status=503 retry-after=1' cut=999; do
    is "rows, once: $how" "$(rows_fault "nth=2 $how")" '0 16000 '
done
is 'rows that are not to be had' "$(rows_fault 'times=always status=403')" '1 0 auth'
is 'of the run that it is' "$(field run)" acme/rows/r8
is 'rows that lack' "$(rows_fault \
    "times=always status=200 body='{\"data\":{\"project\":{\"run\":{\"sampledHistory\":[[],[]]}}}}'")" \
    '1 0 unavailable'
ok 'are counted' grep_err 'the server gave 0 rows, but has 16000'
older 'Cannot query field \"historyLineCount\" on type \"Run\".; Cannot query field \"historyKeys\" on type \"Run\".'
ok 'rows of which nobody knows how many' run 1 wb-runs --history=b acme/rows
is 'are not none' "$(jq -r .error.code "$out" | uniq -c | tr -s ' ')" \
    ' 9 unavailable'
answer "$(page '{"node":{"name":"r8","historyLineCount":16000,"historyKeys":{"lastStep":9223372036854775807}}}' "$end" 1)"
ok 'a last step behind which there is no number' run 0 wb-runs --history=b acme/rows
is 'is no wrong end' "$(wc -l <"$out")" 16000
sandbox DELETE faults >/dev/null
is 'the key is never shown' "$(grep -rl "$WANDB_API_KEY" "$out" "$err")" ''
is 'no violation' "$(state '.violations | length')" 0
done_testing
