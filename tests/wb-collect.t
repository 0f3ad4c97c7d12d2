#!/bin/sh
# wb-collect: the runs of projects as 20 metrics, from the server and from
# records, in five formats, judged.
. "$srcdir/tests/lib.sh"

noon=1768046400 # 2026-01-10T12:00:00Z

# A day with runs of all kinds, of acme/lab.
day='[["r01","github.sky.main.a.1","finished",0,2,null,
    {"overview/steps_per_second":100,"overview/epoch_steps_per_second":90,
    "overview/sps":80,"timing_cumulative/sps":70,"timing_per_epoch/sps":60}],
    ["r02","github.sky.pr12.b.2","crashed",1,2,null,
    {"overview/steps_per_second":200,"timing_per_epoch/sps":65}],
    ["r03","github.sky.main.c.3","failed",2,3,null,
    {"overview/steps_per_second":999}],
    ["r05","ak.sweep_multi.v5","finished",4,5,null,{}],
    ["r06","AK.SWEEP_x.2","failed",4,5,null,{}],
    ["r07","plain-name","running",5,12,"swp123",{}],
    ["r09","regular","killed",6,7,null,{}],
    ["r12","regular3","pending",9,9,null,{"overview/sps":1}]]
    | map({run: "acme/lab/\(.[0])", display_name: .[1], state: .[2],
        created_at: "2026-01-10T\(.[3] + 100 | tostring[1:]):00:00Z",
        heartbeat_at: "2026-01-10T\(.[4] + 100 | tostring[1:]):00:00Z",
        sweep: .[5], summary: .[6]})'
# One that runs since the day before yesterday.
old='{"run":"acme/lab/old","display_name":"old","state":"running",
    "created_at":"2026-01-08T12:00:00Z","heartbeat_at":"2026-01-10T11:59:00Z",
    "config":{"num_gpus":4},"summary":{}}'

day() {
    jq -n -c "$day + [$old]"
}

# lab [OPTION ...]: a server with these runs, at noon.
lab() {
    echo $noon >"$KW_CLOCK"
    runs=$(day)
    serve --load "{\"entity\":\"acme\",\"runs\":$runs}" "$@" COMPLETE
}

# values: all values, in the order of the table.
values() {
    jq -c -s 'map(.value)' "$out"
}

new='[2,2,3,9,1.75,37.983333333333334,1,2,33.33333333333333,1.3333333333333333,200,90,80,70,65,3,1,1,1,50]'
original='[1,2,3,8,1.75,14,1,2,33.33333333333333,1.3333333333333333,200,90,80,70,65,3,1,1,1,50]'

# ---- from the server ----
lab
ok 'a project' run 0 wb-collect acme/lab
is 'is 20 metrics' "$(jq -r .metric "$out" | tr '\n' ' ')" 'wandb.runs.active wandb.runs.completed_24h wandb.runs.failed_24h wandb.runs.total_recent wandb.training.avg_duration_hours wandb.training.total_gpu_hours_24h wandb.push_to_main.runs_completed_24h wandb.push_to_main.runs_failed_24h wandb.push_to_main.success_rate_pct wandb.push_to_main.avg_duration_hours wandb.push_to_main.overview.steps_per_second wandb.push_to_main.overview.epoch_steps_per_second wandb.push_to_main.overview.sps wandb.push_to_main.timing_cumulative.sps wandb.push_to_main.timing_per_epoch.sps wandb.sweep.runs_total_24h wandb.sweep.runs_completed_24h wandb.sweep.runs_failed_24h wandb.sweep.runs_active wandb.sweep.success_rate_pct '
is 'with values' "$(values)" "$new"
is 'in records' "$(head -n 1 "$out")" '{"metric":"wandb.runs.active","value":2,"unit":"run","at":"2026-01-10T12:00:00Z","window_seconds":86400,"tags":{"entity":"acme","project":"lab"},"type":"gauge","project":"acme/lab"}'
is 'that say where a throughput is from' \
    "$(jq -c 'select(.run) | [.value, .run, .unit]' "$out" | head -n 2)" \
    '[200,"acme/lab/r02","step/second"]
[90,"acme/lab/r01","step/second"]'
is 'in one request' "$(asked WbRuns)" 1
body=$(sandbox GET requests | jq -c 'select(.operation == "WbRuns") | .body')
is 'for the window, and what runs' \
    "$(printf '%s' "$body" | jq -r .variables.f)" '{"$or":[{"created_at":{"$gte":"2026-01-09T12:00:00+00:00"}},{"state":"running"}]}'
is 'no more of a summary than is used' \
    "$(printf '%s' "$body" | jq '.variables.s | length')" 5
ok '-v' run 0 wb-collect -v acme/lab
ok 'says what was read' \
    grep_err 'acme/lab: 9 runs in 1 requests and 0.0 s: 3 push-to-main'
ok '--compat' run 0 wb-collect --compat acme/lab
is 'has the values of the original' "$(values)" "$original"
ok 'a summary of the day before' run 0 wb-collect --window=3h acme/lab
is 'does not count, nor do other runs' "$(values)" \
    '[2,0,0,3,0,5.983333333333333,0,0,null,null,null,null,null,null,null,0,0,0,1,null]'
is 'what is not known has a reason' \
    "$(jq -c 'select(.value == null) | .reason' "$out" | sed -n '1p;2p;3p')" \
    '"no push-to-main run created in the window has ended"
"no push-to-main run created in the window has both times"
"no finished or crashed push-to-main run has overview/steps_per_second"'
is 'names follow the window' \
    "$(jq -r .metric "$out" | grep -c '_3h$'),$(field window_seconds)" 8,10800
ok '7d' run 0 wb-collect --window=7d acme/lab
is 'is 7d' "$(sed -n 2p "$out" | jq -r .metric)" wandb.runs.completed_7d
ok '90m' run 0 wb-collect --window=90m acme/lab
is 'is 90m' "$(sed -n 2p "$out" | jq -r .metric)" wandb.runs.completed_90m
ok '--ci-prefix' run 0 wb-collect --ci-prefix=reg acme/lab
is 'is what names begin with' "$(values | jq -c '.[6:10]')" '[0,0,null,0.5]'
ok '--sweep-mark' run 0 wb-collect --sweep-mark=OLD acme/lab
is 'is what names contain, in any case' "$(values | jq -c '.[15:]')" \
    '[1,0,0,2,null]'
gpu_hours() {
    jq -r 'select(.metric | startswith("wandb.training.total_gpu")).value' \
        "$out"
}
ok '--gpus' run 0 wb-collect --gpus=2 acme/lab
is 'for each' "$(gpu_hours)" 75.96666666666667
ok 'a key' run 0 wb-collect --gpus=num_gpus acme/lab
is 'of the config' "$(gpu_hours)" "$(jq -n '14 + 4 * (24 - 1 / 60)')"
ok 'or one' grep_err 'taken to have one: 7'
ok 'auto' run 0 wb-collect --gpus=auto acme/lab
is 'is what the server knows' "$(gpu_hours)" "$(jq -n '14 + (24 - 1 / 60)')"

# ---- which project ----
for name in lab /; do
    ok "$name" run 0 env WANDB_PROJECT=lab WANDB_ENTITY=acme wb-collect "$name"
    is 'is filled from the environment' "$(field project)" acme/lab
done
ok 'a project without an entity' run 0 wb-collect lab
is "is the account's" "$(field project)" acme/lab
ok '/ without a project' run 1 wb-collect /
ok 'says so' grep_err WANDB_PROJECT
ok 'a run' run 1 wb-collect acme/lab/r01
is 'is no project' "$(field error.code),$(field project)" input,acme/lab/r01
sandbox POST load '{"runs":[{"run":"acme/two/a","state":"running",
    "created_at":"2026-01-10T11:00:00Z"}]}' >"$work/reply"
for jobs in 1 2; do
    ok "two projects with -j $jobs" run 0 wb-collect -j "$jobs" acme/lab acme/two
    is 'are 40 metrics' "$(jq -r .project "$out" | sort | uniq -c | tr -s ' \n' ' ')" \
        ' 20 acme/lab 20 acme/two '
done
ok 'the unknown' grep -q '"value":null,"unit":"hour".*"reason":"no run' "$out"

# ---- nothing of a list that is not whole ----
none() {
    is "$1: no metric" "$(grep -c '"metric"' "$out")" 0
    is "$1: the error" "$(field error.code),$(field project)" "$2"
}
ok 'no such project' run 1 wb-collect acme/nope
none 'no such project' not_found,acme/nope
ok 'one of two' run 1 wb-collect acme/nope acme/two
is 'costs itself' "$(jq -c '[.project, .error.code]' "$out" | uniq -c | tr -s ' \n' ' ')" \
    ' 1 ["acme/nope","not_found"] 20 ["acme/two",null] '
for form in prometheus openmetrics influx datadog; do
    ok "$form" run 1 wb-collect --format=$form acme/nope
    ok 'says an error' grep_err 'acme/nope'
    is 'on standard error only' "$(grep -c nope "$out")" 0
done
is 'and has no metric' "$(cat "$out")" '{"series":[]}'
lab --fault 'match=WbRuns status=200 body="<html>login</html>" times=always'
ok 'HTML' run 1 wb-collect acme/lab
none HTML unavailable,acme/lab
lab --fault 'match=WbRuns status=401 body="{}"'
ok 'a refusal' run 1 wb-collect acme/lab
none 'a refusal' auth,acme/lab
lab --fault 'match=WbRuns silence times=always'
ok 'silence' run 1 env KW_LIMITS=0.005 wb-collect --timeout=2 acme/lab
none silence timeout,acme/lab
lab --fault 'match=WbRuns status=500 times=always'
ok 'a server in trouble' run 1 wb-collect acme/lab
none 'a server in trouble' unavailable,acme/lab
ok 'is given up' test "$(slept | cut -d. -f1)" -le 120
lab --fault 'match=WbRuns status=429 retry-after=50 times=always'
ok 'three projects' run 1 wb-collect acme/lab acme/two acme/three
ok 'have no more time than one' test "$(slept | cut -d. -f1)" -le 120
lab --fault 'match=WbRuns times=2 status=503'
ok 'a passing trouble' run 0 wb-collect acme/lab
is 'passes' "$(values)" "$new"

# Answers as scripted: pages that break off, that repeat, that are none.
answer() {
    _data="{\"data\":{\"project\":{\"runCount\":2,\"runs\":{\"edges\":[$1],
        \"pageInfo\":{\"endCursor\":\"$2\",\"hasNextPage\":$3}}}}}"
    _data=$(printf '%s' "$_data" | jq -c '.data.project.runs.edges[].node |=
        {displayName: null, sweepName: null} + .')
    printf "match=WbRuns status=200 body='%s'\n" \
        "$(printf '%s' "$_data" | jq -c .)"
}
node='{"node":{"name":"a","state":"running","createdAt":"2026-01-10T01:00:00Z"}}'
other='{"node":{"name":"b","state":"running","createdAt":"2026-01-10T02:00:00Z"}}'
lab --fault "$(answer "$node" c1 true)" \
    --fault 'match=WbRuns status=500 times=always'
ok 'a page that fails' run 1 wb-collect acme/lab
none 'a page that fails' unavailable,acme/lab
lab --fault "$(answer "$node" c1 true)" --fault "$(answer "$other" c1 true)"
ok 'a cursor that repeats' run 1 wb-collect acme/lab
none 'a cursor that repeats' unavailable,acme/lab
lab --fault "$(answer "$node,$other" c1 null)"
ok 'a list that may go on' run 1 wb-collect acme/lab
none 'a list that may go on' unavailable,acme/lab
for name in displayName sweepName; do
    lab --fault "match=WbRuns status=400 body='{\"errors\":[{\"message\":\"Cannot query field \\\"$name\\\" on type \\\"Run\\\".\"}]}'"
    ok "a server without $name" run 1 wb-collect acme/lab
    none "a server without $name" unavailable,acme/lab
    ok 'is said of a run' grep_err 'has no displayName or no sweepName'
done
lab --fault "$(answer '{"node":{"name":"a","createdAt":null}}' c1 false)"
ok 'a run without a state' run 1 wb-collect acme/lab
none 'a run without a state' unavailable,acme/lab
ok 'is named' grep_err '(a) has no state'
lab --fault "$(answer '{"node":{"name":"a","state":"crashed",
    "displayName":"github.sky.x","createdAt":"2026-01-10T01:00:00Z",
    "summaryMetrics":"{\"overview/sps\": NaN}"}},{"node":{"name":"b",
    "state":"crashed","displayName":"github.sky.x","heartbeatAt":
    "2026-01-10T02:00:00Z","createdAt":"2026-01-10T01:00:00",
    "summaryMetrics":"{\"overview/sps\": 1"}}' c1 false)"
ok 'values that are none' run 0 wb-collect acme/lab
is 'are not known, and cost nothing else' "$(values | jq -c '.[:13]')" \
    '[0,0,2,2,1,1,0,2,0,1,null,null,null]'
ok 'and are told' grep_err 'no finite numbers: 1'
ok 'as is a text that is cut' grep_err 'cannot be read: 1'

# ---- from records ----
day | jq -c '.[]' >"$work/runs"
ok 'records of runs' run_input "$(cat "$work/runs")" 0 env -u WANDB_API_KEY \
    WANDB_BASE_URL=http://127.0.0.1:1 wb-collect
is 'are the same, without a server' "$(values)" "$new"
ok 'in another order' run_input "$(sort -r "$work/runs")" 0 wb-collect
is 'too' "$(values)" "$new"
ok 'with -j' run_input "$(cat "$work/runs")" 0 wb-collect -j 4
is 'as well' "$(values)" "$new"
lab
ok 'what wb-runs writes' run 0 wb-runs --fields=display_name,state,created_at,heartbeat_at,sweep,summary,config acme/lab
ok 'goes in' run_input "$(cat "$out")" 0 wb-collect --gpus=num_gpus
is 'and is the same' "$(gpu_hours)" "$(jq -n '14 + 4 * (24 - 1 / 60)')"
ok 'runs of two projects' run_input "$(cat "$work/runs")
$(sed s,acme/lab,acme/two, "$work/runs" | head -n 3)" 0 wb-collect
is 'are told apart' "$(jq -c 'select(.metric == "wandb.runs.total_recent")
    | [.project, .value]' "$out" | tr '\n' ' ')" '["acme/lab",9] ["acme/two",3] '
run_line='{"run":"acme/two/x","state":"running","created_at":"2026-01-10T09:00:00Z"}'
ok 'runs and a project' run_input "acme/lab
$run_line" 0 wb-collect
is 'are both' "$(jq -r .project "$out" | uniq -c | tr -s ' \n' ' ')" \
    ' 20 acme/lab 20 acme/two '
ok 'no summary at all' run_input '{"run":"a/b/c","display_name":"github.sky.x","state":"finished","created_at":"2026-01-10T09:00:00Z","heartbeat_at":"2026-01-10T10:00:00Z"}' 0 wb-collect
is 'is a reason of its own' "$(sed -n 11p "$out" | jq -r .reason)" \
    'no summary of a push-to-main run is known'
ok 'no record' run_input '' 0 wb-collect
is 'is no project' "$(cat "$out")" ''

error='"error":{"tool":"wb-runs","code":"unavailable","message":"m","temporary":true}'
ok 'an error of a project' run_input "$(cat "$work/runs")
{\"project\":\"acme/lab\",$error}
$run_line" 1 wb-collect
is 'takes its metrics' "$(jq -r .project "$out" | uniq -c | tr -s ' \n' ' ')" \
    ' 1 acme/lab 20 acme/two '
ok 'which is said' grep_err 'acme/lab: not all runs came'
ok 'an error of a run' run_input "{\"run\":\"acme/two/y\",$error}
$run_line" 1 wb-collect
is 'does so, too' "$(wc -l <"$out")" 1
ok 'an error of who knows what' run_input "{$error}
$run_line" 1 wb-collect
is 'takes all' "$(wc -l <"$out")" 1
for bad in '{"run":"acme/two/y"}' '{"run":"acme/two/y","state":"running"}' \
    '{"run":"acme/two/y","state":"running","created_at":"today"}' \
    '{"run":"y","state":"running","created_at":"2026-01-10T09:00:00Z"}' \
    '{"run":"a\u0000/b/y","state":"running","created_at":"2026-01-10T09:00:00Z"}'; do
    ok "$bad" run_input "$run_line$nl$bad" 1 wb-collect
    is 'cannot be counted' "$(wc -l <"$out"),$(field error.code)" 1,input
done

# Memory does not grow with the runs.
rss() {
    jq -n -c --argjson n "$1" 'range($n) | {run: "a/b/r\(.)",
        display_name: "github.sky.\(.)", state: "finished",
        created_at: "2026-01-10T01:00:00Z",
        heartbeat_at: "2026-01-10T02:00:00Z", summary: {"overview/sps": .}}' \
        >"$work/many"
    rm -f "$work/fifo"
    mkfifo "$work/fifo"
    # The sanitizers would keep what was freed.
    ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0 \
        wb-collect <"$work/fifo" >"$out" 2>"$err" &
    pid=$!
    exec 9>"$work/fifo"
    cat "$work/many" >&9
    # All of it was read when the pipe takes more than it holds.
    head -c 200000 /dev/zero | tr '\0' '\n' >&9
    awk '/^VmHWM/ { print $2 }' "/proc/$pid/status"
    exec 9>&-
    wait "$pid"
}
few=$(rss 1000)
many=$(rss 30000)
is '30,000 runs are folded' "$(sed -n 2p "$out" | jq .value)" 30000
ok 'in the memory of 1,000' test "$many" -le $((few + 256))

# ---- formats ----
lab
sandbox POST load '{"runs":[{"run":"acme/t \"o,\\=/a","state":"running",
    "created_at":"2026-01-10T11:00:00Z"}]}' >"$work/reply"
both() {
    run 0 wb-collect --format="$1" -j2 acme/lab 'acme/t "o,\='
}
ok 'Prometheus' both prometheus
is 'has each family once' "$(grep -c '^# TYPE' "$out"),$(grep '^# TYPE' "$out" | sort -u | wc -l)" 22,22
is 'with its samples behind' "$(grep -A3 'HELP wandb_runs_active' "$out" | sort)" '# HELP wandb_runs_active Running runs.
# TYPE wandb_runs_active gauge
wandb_runs_active{entity="acme",project="lab"} 2
wandb_runs_active{entity="acme",project="t \"o,\\="} 1'
is 'no unit' "$(grep -c '^# UNIT\|^# EOF' "$out")" 0
ok 'when it was so' grep -q 'last_success_timestamp_seconds{entity="acme",project="lab"} 1768046400$' "$out"
ok 'how long it took' grep -q '^wandb_collect_duration_seconds 0$' "$out"
is 'nothing that is not known' "$(grep -c 'null\|NaN\|sps{.*t ' "$out")" 0
ok 'OpenMetrics' both openmetrics
is 'has an end' "$(tail -n 1 "$out")" '# EOF'
is 'and units that names end in' "$(grep '^# UNIT' "$out" | awk '{print $3, $4}' | sort -u)" \
    'wandb_collect_duration_seconds seconds
wandb_collect_last_success_timestamp_seconds seconds
wandb_push_to_main_avg_duration_hours hours
wandb_training_avg_duration_hours hours'
for form in prometheus openmetrics; do
    ok "$form: a project that comes again" run 0 wb-collect --format=$form \
        -j2 acme/lab acme/lab 'acme/t "o,\=' lab
    is 'gives no value twice' "$(grep -v '^#' "$out" | sed 's/ [^ ]*$//' |
        sort | uniq -d)" ''
    ok 'as is said' grep_err 'acme/lab: comes again'
done
ok 'InfluxDB' both influx
ok 'has whole numbers' grep -qx 'wandb.runs.active,entity=acme,project=lab value=2i 1768046400000000000' "$out"
ok 'others' grep -qx 'wandb.training.total_gpu_hours_24h,entity=acme,project=lab value=37.983333333333334 1768046400000000000' "$out"
ok 'and escapes' grep -qxF 'wandb.runs.active,entity=acme,project=t\ "o\,_\= value=1i 1768046400000000000' "$out"
ok 'Datadog' both datadog
is 'is one body' "$(jq -c '.series | length, (sort_by(.tags)[0])' "$out")" '30
{"metric":"wandb.runs.active","type":3,"points":[{"timestamp":1768046400,"value":2}],"tags":["entity:acme","project:lab"],"unit":"run"}'
is 'of numbers only' "$(jq '[.series[].points[].value | type] | unique | .[]' "$out")" '"number"'
ok 'records in another format' run_input "$(cat "$work/runs")" 0 \
    wb-collect --format=prometheus
ok 'too' grep -q '^wandb_runs_active{entity="acme",project="lab"} 2$' "$out"

# ---- verdicts ----
judge() {
    printf '%s' "$1" >"$work/limits"
    shift
    run "$@"
}
limits="{\"wandb.runs.active\":{\"warn_above\":2,\"fail_above\":3},
    \"wandb.push_to_main.success_rate_pct\":{\"warn_below\":40,\"fail_below\":30},
    \"wandb.runs.failed_24h\":{\"fail_above\":2}}"
ok 'limits' judge "$limits" 1 wb-collect --threshold="$work/limits" acme/lab
is 'are judged by' "$(jq -c 'select(.verdict) | [.metric[6:], .verdict, .limit,
    .failed.code]' "$out")" '["runs.active","ok",{"warn_above":2,"fail_above":3},null]
["runs.failed_24h","fail",{"fail_above":2},"rejected"]
["push_to_main.success_rate_pct","warn",{"warn_below":40,"fail_below":30},null]'
ok 'what fails is said' grep_err 'acme/lab: wandb.runs.failed_24h is 3, above 2 (fail_above)'
is 'alone' "$(wc -l <"$err")" 1
ok 'elsewhere' judge "$limits" 1 wb-collect --format=influx --threshold="$work/limits" acme/lab
ok 'also what is near it' grep_err 'success_rate_pct is 33.33333333333333, below 40 (warn_below)'
ok 'no limit of which is reached' judge '{"wandb.runs.failed_24h":{"fail_above":3,"fail_below":3,"warn_above":3}}' 0 \
    wb-collect --threshold="$work/limits" acme/lab
is 'is good' "$(jq -r '.verdict // empty' "$out")" ok
ok 'a value that is not known' judge '{"wandb.sweep.success_rate_pct":{"fail_below":1}}' 0 \
    wb-collect --threshold="$work/limits" --window=2h acme/lab
is 'is neither good nor bad' "$(jq -r '.verdict // empty' "$out")" unknown
ok 'elsewhere' judge '{"wandb.sweep.success_rate_pct":{"fail_below":1}}' 0 \
    wb-collect --threshold="$work/limits" --window=2h --format=influx acme/lab
ok 'it is said' grep_err 'success_rate_pct is not known: no run of a sweep'
while read -r bad words; do
    ok "limits that are $bad" judge "$bad" 2 wb-collect --threshold="$work/limits" acme/lab
    ok "are named: $words" grep_err "$words"
done <<'END'
{ byte 2: no
[] byte
{"wandb.runs.failed_7d":{"fail_above":1}} byte 2: there is no metric wandb.runs.failed_7d
{"wandb.runs.active":{"fail_abov":1}} byte 23: wandb.runs.active: fail_abov is no limit
{"wandb.runs.active":{"fail_above":"1"}} byte 23: wandb.runs.active: fail_above is no number
{"wandb.runs.active":{}} byte 22: wandb.runs.active has no limit
{"wandb.runs.active":3} byte 22: wandb.runs.active: no object
{"wandb.runs.active":{"fail_above":1,"fail_above":2}} byte
END
ok 'limits of 7d' judge '{"wandb.runs.failed_7d":{"fail_above":9}}' 0 \
    wb-collect --threshold="$work/limits" --window=7d acme/lab
ok 'a file that there is not' run 2 wb-collect --threshold="$work/nope" acme/lab

# ---- a key, an entity and a project that AWS keeps ----
aws=$work/aws
mkdir "$aws"
: >"$aws/requests"
echo '{"AKIDEXAMPLE":"secret"}' >"$aws/keys"
jq -n -c --arg key "$WANDB_API_KEY" '{body: {ARN: "arn", Name: "n",
    SecretString: ({WANDB_API_KEY: $key, WANDB_ENTITY: "acme",
    WANDB_PROJECT: "lab"} | tojson), VersionStages: ["AWSCURRENT"]}}' \
    >"$aws/GetSecretValue"
python3 "$srcdir/tests/aws-server.py" "$aws" 2>"$work/aws.err" &
aws_pid=$!
trap 'kill "$aws_pid"; clean' EXIT
while [ ! -s "$aws/port" ]; do
    kill -0 "$aws_pid" || exit 1
    sleep 0.01
done
from_aws() {
    env -u WANDB_API_KEY AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=AKIDEXAMPLE \
        AWS_SECRET_ACCESS_KEY="${SECRET:-secret}" AWS_EC2_METADATA_DISABLED=true \
        AWS_ENDPOINT_URL="http://127.0.0.1:$(cat "$aws/port")" \
        wb-collect --aws-secret=dev/wandb "$@"
}
ok '--aws-secret' run 0 from_aws /
is 'has all that is needed' "$(values),$(field project)" "$new,acme/lab"
SECRET=other
ok 'a refusal of it' run 2 from_aws /
is 'comes before anything is done' "$(cat "$out")" ''
ok 'and names the secret' grep_err dev/wandb
kill "$aws_pid"
trap clean EXIT

# ---- calls ----
for option in --window=0 --window=1.5 --window=x --format=xml --gpus= --gpus=-1 \
    --gpus=nan --ci-prefix= --sweep-mark= '--compat --gpus=2'; do
    # shellcheck disable=SC2086
    ok "$option" run 2 wb-collect $option acme/lab
done
every_tool wb-collect
is 'no rule was broken' "$(state .violations)" '[]'
done_testing
