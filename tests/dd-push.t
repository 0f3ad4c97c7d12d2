#!/bin/sh
# dd-push: metrics to Datadog, confirmed, and to an Agent, which says nothing.
. "$srcdir/tests/lib.sh"

aws_pid=
agent_pid=
# shellcheck disable=SC2086 # either may be none
trap 'kill $aws_pid $agent_pid 2>/dev/null; clean' EXIT

# The clock of the tests stands at 2026-11-21T06:00:00Z.
at='"at":"2026-11-21T05:59:58.5Z"'
time=1795240798
gauge="{\"metric\":\"wandb.runs.active\",\"value\":3,\"unit\":\"run\",$at,
    \"window_seconds\":86400,\"tags\":{\"entity\":\"e\",\"project\":\"p\"},
    \"type\":\"gauge\"}"
gauge=$(echo "$gauge" | tr -d '\n ')

# metrics N: as many, m0 and on, with a value each.
metrics() {
    jq -n -c --argjson n "$1" "range(\$n) | {metric: \"m\(.)\", value: ., $at}"
}

# the points that arrived, by JQ
points() {
    state ".points | $1"
}

serve
ok 'a metric' run_input "$gauge" 0 dd-push
is 'is passed on as it was, with the time' "$(cat "$out")" \
    "${gauge%\}},\"pushed_at\":\"2026-11-21T06:00:00Z\"}"
is 'has arrived' "$(points 'map(del(.times))')" "$(jq -n -c '[{
    metric: "wandb.runs.active", tags: ["entity:e", "project:p"], host: null,
    timestamp: '$time', value: 3, type: 3, interval: 0, unit: "run"}]')"
is 'without being packed' "$(sandbox GET requests | jq .body.series[0].type)" 3
ok 'an operand' run 0 dd-push "{\"metric\":\"o\",\"value\":-1.5e-300}"
is 'without a time is of now' "$(field at)" 2026-11-21T06:00:00Z
is 'with its value' "$(points '.[-1] | [.value, .timestamp]')" \
    '[-1.5e-300,1795240800]'
ok 'a pushed record' run_input "$(cat "$out")" 0 dd-push
is 'is sent with its time' "$(points '.[-1].times')" 2
serve
count="{\"metric\":\"c\",\"value\":1,\"type\":\"count\",\"interval_seconds\":60,$at}"
rate="{\"metric\":\"r\",\"value\":1,\"type\":\"rate\",$at}"
ok 'a count and a rate' run_input "$count$nl$rate" 0 dd-push
is 'have their types' "$(points 'map([.type, .interval]) | sort')" \
    '[[1,60],[2,0]]'
is 'and come out in their order' "$(jq .metric "$out" | tr -d '\n')" '"c""r"'
ok 'nulls' run 0 dd-push \
    '{"metric":"n","value":1,"type":null,"tags":null,"at":null,"unit":null}'
is 'are as if they were not there' \
    "$(points '.[-1] | [.type, .tags, .unit]')" '[3,[],null]'

# ---- tags and names ----
serve
DD_ENV=prod DD_SERVICE=kw DD_VERSION=1 DD_TAGS='env:x team:A  b' \
    DD_HOSTNAME=h1
export DD_ENV DD_SERVICE DD_VERSION DD_TAGS DD_HOSTNAME
ok 'the environment' run 0 dd-push --tag=team:z --tag='Sé x:ok' \
    "{\"metric\":\"a-b é.c\",\"value\":1,\"tags\":[\"service:own\",\"q:\"]}"
is 'tags, each key from one place' "$(points '.[0].tags')" \
    '["service:own","q","team:z","sé_x:ok","env:prod","version:1","b"]'
is 'and the host' "$(points '.[0].host')" h1
is 'names are made legal' "$(points '.[0].metric')" a_b__.c
ok 'which -v says' run 0 dd-push -v "{\"metric\":\"a-b é.c\",\"value\":1}"
ok 'by both names' grep_err 'a-b é.c: sent as a_b__.c'
DD_TAGS='a:1, b:2 c,a:3'
ok 'commas' run 0 dd-push '{"metric":"m","value":1,
    "tags":{"n":7,"t":true,"none":null,"x,y|z#":"1\n2"}}'
is 'part tags with spaces, too' "$(points '.[-1].tags')" \
    '["n:7","t:true","x_y_z_:1_2","env:prod","service:kw","version:1","a:1","b:2_c","a:3"]'
unset DD_ENV DD_SERVICE DD_VERSION DD_TAGS DD_HOSTNAME
long=$(printf '%0200d' 0 | sed 's/0/é/g')
ok 'a long tag' run 0 dd-push "{\"metric\":\"m\",\"value\":2,\"tags\":[\"x$long\"]}"
is 'is cut' "$(points '.[-1].tags[0] | length')" 200
jq -n -c '{metric: "m", value: 1, tags: [range(40000) | "t\(. % 39999)"]}' \
    >"$work/tags"
ok 'very many tags' sh -c "timeout 20 dd-push <'$work/tags' >'$out'"
is 'are sent, each once' "$(points '.[-1].tags | length')" 39999
is 'no rule was broken' "$(state .violations)" '[]'

# ---- what is no metric ----
serve
wrong() {
    ok "$1" run_input "$gauge$nl$2$nl$gauge" 1 dd-push
    is "is named by its line" "$(jq -c -s 'map(.error.message // "")' "$out")" \
        "[\"\",\"line 2: $3\",\"\"]"
    ok 'and by its name' grep_err "^dd-push: $4line 2: "
    is 'which is no temporary error' \
        "$(jq -c 'select(.error).error | [.code, .temporary]' "$out")" \
        '["input",false]'
}
number='the value is no finite number'
wrong 'a text' "{\"metric\":\"x\",\"value\":\"NaN\",$at}" "$number" 'x: '
wrong 'a number beyond all' "{\"metric\":\"x\",\"value\":-1e999,$at}" \
    "$number" 'x: '
wrong 'no value' "{\"metric\":\"x\",$at}" "$number" 'x: '
for value in 1 null; do
    wrong "$value, no metric" "{\"value\":$value,$at}" \
        'the record has no metric' ''
done
wrong 'a name' "{\"metric\":\"_x\",\"value\":1,$at}" \
    "a metric's name begins with a letter" '_x: '
wrong 'a long name' "{\"metric\":\"x$(printf '%0200d' 0)\",\"value\":1,$at}" \
    "a metric's name has 200 characters at most" 'x0*: '
wrong 'a type' "{\"metric\":\"x\",\"value\":1,\"type\":\"set\",$at}" \
    "a metric's type is gauge, count or rate" 'x: '
wrong 'tags' "{\"metric\":\"x\",\"value\":1,\"tags\":[1],$at}" \
    'tags are an object of strings, or a list of \"key:value\"' 'x: '
wrong 'nested tags' "{\"metric\":\"x\",\"value\":1,\"tags\":{\"a\":[]},$at}" \
    'tags are an object of strings, or a list of \"key:value\"' 'x: '
wrong 'a time' '{"metric":"x","value":1,"at":"soon"}' \
    '\"at\" is no time' 'x: '
wrong 'an old one' '{"metric":"x","value":1,"at":"2026-11-21T04:59:59Z"}' \
    'it is 3601 s old: Datadog drops what is older than an hour' 'x: '
wrong 'one to come' '{"metric":"x","value":1,"at":"2026-11-21T06:10:01Z"}' \
    'it is 601 s ahead: Datadog drops what is more than ten minutes ahead' 'x: '
wrong 'much' "{\"metric\":\"x\",\"value\":1,\"unit\":\"$(printf '%0500000d' 0)\"}" \
    'a series has 500000 bytes at most' 'x: '
ok 'the times that are just kept' run_input \
    "$(printf '{"metric":"t","value":1,"at":"%s"}\n' \
        2026-11-21T05:00:00Z 2026-11-21T06:10:00Z)" 0 dd-push
is 'what was wrong was not sent' "$(points 'map(.metric) | unique')" \
    '["t","wandb.runs.active"]'
is 'no rule was broken' "$(state .violations)" '[]'
ok 'NaN' run_input "$gauge$nl{\"metric\":\"x\",\"value\":NaN}" 3 dd-push
ok 'is no JSON: its line is named' grep_err 'line 2'
is 'what came before was sent' "$(field pushed_at)" 2026-11-21T06:00:00Z
null='{"metric":"x","value":null}'
ok 'null' run_input "$null" 0 dd-push -v
is 'is passed by' "$(cat "$out")" "$null"
ok 'which -v says' grep_err 'x: no value'
dead='{"metric":"x","error":{"tool":"t","code":"io","message":"m"}}'
failed='{"failed":{"tool":"t","code":"io","message":"m"}}'
ok 'records in order' run_input "$gauge$nl$dead$nl$null$nl${gauge%\}},${failed#\{}" \
    1 dd-push
is 'stay so' "$(jq -c '[.metric, (.error or .failed), has("pushed_at")]' "$out" |
    tr '\n' ' ')" '["wandb.runs.active",false,true] ["x",true,false] ["x",false,false] ["wandb.runs.active",true,true] '

# ---- a dry run ----
serve
ok 'a dry run' run_input "$gauge" 0 env -u DD_API_KEY dd-push -n
is 'says what would be sent' "$(field series)" "{\"metric\":\"wandb.runs.active\",\"type\":3,\"points\":[{\"timestamp\":$time,\"value\":3}],\"tags\":[\"entity:e\",\"project:p\"],\"unit\":\"run\"}"
is 'and that it was not' "$(field dry_run),$(field pushed_at)" true,null
ok 'what came of it' run_input "$(cat "$out")" 0 dd-push
is 'stays dry' "$(field dry_run),$(field pushed_at)" true,null
ok 'without a metric, too' run_input '{"dry_run":true}' 0 dd-push
ok 'of what is no metric' run_input '{"metric":"x"}' 1 dd-push -n
is 'nothing was sent' "$(asked series)" 0

# ---- many ----
serve
metrics 20000 >"$work/many"
ok 'many' sh -c "dd-push -v <'$work/many' >'$out' 2>'$err'"
is 'are all there, in their order' \
    "$(points 'map(.metric) == [range(20000) | "m\(.)"]')" true
is 'once' "$(points 'map(.times) | unique')" '[1]'
is 'and out, in their order' \
    "$(jq -s 'map(select(.pushed_at).value) == [range(20000)]' "$out")" true
ok 'in a few requests' test "$(asked series)" -lt 10
ok 'deflated' test "$(sandbox GET requests | jq -s 'map(.bytes) | max')" \
    -lt 100000
serve
jq -n -c 'range(9) | {metric: "b\(.)", value: 1, x: ("x" * 1000000)}' \
    >"$work/large"
ok 'large records' sh -c "dd-push <'$work/large' >'$out'"
is 'are not held, many at once' "$(points 'length'),$(asked series)" 9,3

# Sent while the input is open: what comes out is waited for, not the end.
live() {
    mkfifo "$work/live"
    : >"$out"
    dd-push <"$work/live" >"$out" &
    _live=$!
    exec 3>"$work/live"
    printf '%s\n' "$gauge" >&3
    until [ -s "$out" ]; do
        kill -0 "$_live" || return 1
        sleep 0.01
    done
    _first=$(field pushed_at)
    exec 3>&-
    wait "$_live" && [ "$_first" = 2026-11-21T06:00:00Z ]
}
ok 'a slow input is not held back' live

# One that never rests: the first comes out while there is more, or never.
steady() {
    rm -f "$work/live"
    mkfifo "$work/live"
    : >"$out"
    KW_CLOCK='' dd-push <"$work/live" >"$out" &
    _live=$!
    exec 3>"$work/live"
    _rounds=0
    until [ -s "$out" ] || [ "$_rounds" -eq 100 ]; do
        printf '%s\n' '{"metric":"m","value":1}' >&3
        _rounds=$((_rounds + 1))
        sleep 0.05
    done
    exec 3>&-
    wait "$_live" && [ "$_rounds" -lt 100 ]
}
ok 'nor is a steady one' steady

# peak RECORDS: the most memory, in kB, while so many without a value go by.
peak() {
    rm -f "$work/live"
    mkfifo "$work/live"
    # What a sanitizer keeps back is no memory of the tool's.
    ASAN_OPTIONS="${ASAN_OPTIONS-}:quarantine_size_mb=0" \
        dd-push <"$work/live" >"$out" &
    _live=$!
    exec 3>"$work/live"
    yes '{"a":[[],[],[],[],[],[],[],[],[],[]],"metric":"m","value":null}' |
        head -n "$1" >&3
    # All of it was read when the pipe takes more than it holds.
    head -c 200000 /dev/zero | tr '\0' '\n' >&3
    awk '/^VmHWM/ { print $2 }' "/proc/$_live/status"
    exec 3>&-
    wait "$_live"
}
few=$(peak 1000)
many=$(peak 60000)
is '60,000 go by' "$(wc -l <"$out")" 60000
ok 'in the memory of few' test "$many" -le $((few + 20000))

# ---- answers that are none ----
KW_LIMITS=0.005
export KW_LIMITS
for fault in 'status=408' 'status=500' 'status=429' 'close=before' \
    'close=after' 'cut=5' 'silence' "status=200 body='<p>log in</p>'"; do
    serve --fault "match=series times=2 $fault"
    ok "$fault" run_input "$gauge" 0 dd-push
    is 'passes' "$(points 'map(.timestamp)')" "[$time]"
done
unset KW_LIMITS
serve --fault 'match=series status=429 header=X-RateLimit-Reset:21'
ok 'a rate limit' run_input "$gauge" 0 dd-push
is 'is waited for' "$(slept)" 21
serve --fault 'match=series status=429 header=X-RateLimit-Reset:90 times=always'
ok 'a longer one' run_input "$gauge" 1 dd-push
is 'is not' "$(field error.code),$(field error.temporary)" unavailable,true
forget_waits
serve --fault 'match=series status=429 header=X-RateLimit-Reset:90'
ok 'unless there is time' run_input \
    '{"metric":"m","value":1}' 0 dd-push --timeout=2m
serve --fault 'match=series status=503 times=always'
now='{"metric":"m","value":1}'
ok 'a 503 for ever' run_input "$now" 1 dd-push
is 'is no answer' "$(field error.code),$(field error.temporary)" \
    unavailable,true
jq -c 'del(.error)' "$out" >"$work/again"
first=$(field at)
sandbox DELETE faults >"$work/reply"
ok 'tried again later' run_input "$(cat "$work/again")" 0 dd-push
is 'it has the first time' \
    "$(field at),$(points '.[0].timestamp | todate')" "$first,$first"
serve --fault "match=series status=202 body='ok' times=always"
metrics 40 | sed 's/,"at":[^}]*//' >"$work/some"
ok 'a 202 that says nothing' run_input "$(cat "$work/some")" 1 dd-push
is 'is no answer' "$(field error.code),$(field error.temporary)" \
    unavailable,true
ok 'and no refusal of any' test "$(asked series)" -le 5
for errors in '"words"' '{"m":"words"}' '[{}]' true; do
    serve --fault \
        "match=series status=202 body='{\"errors\":$errors}' times=always"
    ok "a 202 with the errors $errors" run_input "$now" 1 dd-push
    is 'has not taken it' "$(field error.code),$(field pushed_at)" rejected,null
done
count='{"metric":"c","value":1,"type":"count"}'
for fault in 'close=after' 'status=502' "status=200 body='{}'"; do
    serve --fault "match=series $fault"
    ok "a count, $fault" run_input "$count" 1 dd-push
    is 'is not sent again' "$(field error.code),$(asked series)" \
        unknown_outcome,1
done
serve --fault 'match=series times=2 close=after'
ok 'a gauge beside a count' run_input "$now$nl$count$nl$now" 0 dd-push
is 'is sent again, and that not' \
    "$(points 'map([.metric, .times]) | sort')" '[["c",1],["m",6]]'
serve --fault 'match=series status=503 times=always'
ok 'or both without an answer' run_input "$now$nl$count" 1 dd-push
is 'are told apart' "$(jq -c '.error | [.code, .temporary]' "$out" |
    tr '\n' ' ')" '["unavailable",true] ["unknown_outcome",false] '
serve --fault 'match=series silence'
interrupted '[ "$(asked series)" -gt 0 ]' dd-push "$now"
is 'a signal ends it' $? 143
ok 'and it says what is not known' grep_err 'series: whether they arrived'

# ---- refusals ----
refuse() {
    serve --load "{\"dd_refused\":$1}"
}
sent() {
    points 'map(.metric) | unique | length'
}
for status in 202 400 413; do
    refuse "{\"m7\":$status,\"m30\":$status}"
    metrics 40 | sed 's/,"at":[^}]*//' >"$work/some"
    ok "$status for a part" run_input "$(cat "$work/some")" 1 dd-push
    is 'is found' "$(jq -c 'select(.error) | [.metric, .error.code]' "$out" |
        tr '\n' ' ')" '["m7","rejected"] ["m30","rejected"] '
    is 'and all others are there' "$(sent)" 38
    ok 'with their requests bounded' test "$(asked series)" -le 30
done
ok 'it is said in the words of Datadog' grep_err 'm7: .*refused'
refuse "$(metrics 400 | jq -s -c 'map({(.metric): 400}) | add')"
metrics 400 | sed 's/,"at":[^}]*//' >"$work/some"
ok 'all refused' run_input "$(cat "$work/some")" 1 dd-push
is 'each has the error' "$(jq -c .error.code "$out" | sort | uniq -c |
    tr -s ' ')" ' 400 "rejected"'
ok 'after so many requests' test "$(asked series)" -le 101
refuse '{"m1":202}'
ok 'a count among those' run_input "$now$nl$count${nl}{\"metric\":\"m1\",\"value\":1}" \
    1 dd-push
is 'is sent apart' "$(jq -c .error.code "$out" | tr '\n' ' ')" \
    'null null "rejected" '
refuse '{"m1":202}'
ok 'counts among those' run_input \
    "$count$nl$(echo "$count" | sed 's/"c"/"m1"/')" 1 dd-push
is 'are not sent again' "$(jq -c .error.code "$out" | uniq),$(asked series)" \
    '"unknown_outcome",1'
serve
ok 'a wrong key' run_input "$now" 1 env DD_API_KEY=0secret0 dd-push -v
is 'is a refusal' "$(field error.code)" auth
ok 'that says where the key is from' grep_err 'DD_API_KEY'
ok 'and not what it is' test -z "$(cat "$out" "$err" | grep 0secret0)"
serve --fault "match=series status=400 body='{\"errors\":[\"bad $DD_API_KEY\"]}'"
ok 'an answer with the key' run_input "$now" 1 dd-push -v
ok 'is not shown' test -z "$(cat "$out" "$err" | grep "$DD_API_KEY")"
ok 'a key with a line end' run_input "$now" 2 env "DD_API_KEY=k$nl" dd-push
ok 'is none' grep_err 'DD_API_KEY holds'

# ---- where to ----
serve
ok 'DD_DD_URL' run_input "$now" 0 env DD_DD_URL="$url/" DD_URL=http://127.0.0.1:1 \
    dd-push
for there in 127.0.0.1 ftp://127.0.0.1 http://u:0secret0@127.0.0.1; do
    ok "DD_URL=$there" run_input "$now" 2 env DD_URL="$there" dd-push
done
ok 'shows no password' test -z "$(cat "$out" "$err" | grep 0secret0)"
for site in '' 'x/y' 'a@b' 'https://datadoghq.eu' EU; do
    ok "--site=$site" run_input "$now" 2 dd-push --site="$site"
done
ok '--site' run_input "$now" 1 dd-push --site=site.invalid --timeout=1
ok 'is where it goes' grep_err 'https://api.site.invalid/api/v2/series'
is 'and not to DD_URL' "$(asked series)" 1
ok 'DD_SITE' run_input "$now" 1 env -u DD_URL \
    DD_SITE=other.invalid dd-push --timeout=1
ok 'likewise' grep_err 'https://api.other.invalid/'
ok 'a tag of nothing' run 2 dd-push --tag=123
ok 'both roads' run 2 dd-push --site=datadoghq.eu --statsd

# ---- the key from AWS ----
mkdir "$work/aws"
echo '{"AKIDEXAMPLE":"secret"}' >"$work/aws/keys"
jq -n -c --arg key "$DD_API_KEY" '{body: {ARN: "arn:aws:secretsmanager:x",
    Name: "n", SecretString: ({DD_API_KEY: $key} | tojson),
    VersionStages: ["AWSCURRENT"]}}' >"$work/aws/GetSecretValue"
: >"$work/aws/requests"
python3 "$srcdir/tests/aws-server.py" "$work/aws" 2>"$work/aws.err" &
aws_pid=$!
until [ -s "$work/aws/port" ]; do
    kill -0 "$aws_pid" || exit 1
    sleep 0.01
done
from_aws() {
    env -u DD_API_KEY AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_REGION=eu-west-1 \
        AWS_SECRET_ACCESS_KEY=secret AWS_EC2_METADATA_DISABLED=true \
        AWS_ENDPOINT_URL="http://127.0.0.1:$(cat "$work/aws/port")" "$@"
}
serve
ok '--aws-secret' run_input "$now" 0 from_aws dd-push -v --aws-secret=n
is 'has the key' "$(points length)" 1
ok 'whose source is named' grep_err 'credential: .*n'
ok 'and no value' test -z "$(cat "$out" "$err" | grep "$DD_API_KEY")"
ok 'a dry run' run_input "$now" 0 from_aws dd-push -n --aws-secret=n
ok 'an Agent' run_input "$now" 1 from_aws dd-push --aws-secret=n \
    --statsd="unix://$work/none"
ok 'a key that is set' run_input "$now" 0 from_aws \
    env DD_API_KEY="$DD_API_KEY" dd-push --aws-secret=n
is 'need none' "$(wc -l <"$work/aws/requests")" 1
echo '{"body":{"ARN":"a","Name":"n","SecretString":"{}"}}' \
    >"$work/aws/GetSecretValue"
ok 'a secret without' run_input "$now" 2 from_aws dd-push --aws-secret=n
kill "$aws_pid"
wait "$aws_pid"
aws_pid=

# ---- an Agent ----
echo 1795240800 >"$KW_CLOCK"
agent() {
    : >"$work/agent"
    python3 "$srcdir/tests/agent.py" "$1" >"$work/agent" &
    agent_pid=$!
    until [ -s "$work/agent" ]; do
        kill -0 "$agent_pid" || return 1
        sleep 0.01
    done
    address=$(jq -r .address "$work/agent")
}
# The datagrams that came, a JSON string a line.
datagrams() {
    kill "$agent_pid"
    wait "$agent_pid"
    agent_pid=
    sed 1d "$work/agent"
}
for kind in udp "$work/agent.socket"; do
    most=8192
    [ "$kind" = udp ] && most=1432
    agent "$kind"
    ok "$address" run_input "$gauge$nl$count" 0 env -u DD_API_KEY \
        dd-push --statsd="$address" --tag=t:x
    is 'says when it was sent, not that it has arrived' \
        "$(field sent_at),$(field pushed_at)" "2026-11-21T06:00:00Z,null"
    ok 'many' sh -c "dd-push --statsd='$address' <'$work/some' >'$out'"
    datagrams >"$work/datagrams"
    is 'a datagram' "$(sed -n 1p "$work/datagrams")" \
        "\"wandb.runs.active:3|g|#entity:e,project:p,t:x|T$time\\nc:1|c|#t:x|T1795240800\""
    is 'all of them' "$(sed 1d "$work/datagrams" | jq -r . | grep -c '^m[0-9]*:[0-9]*|g|T')" \
        400
    ok 'as many as fit' test "$(sed 1d "$work/datagrams" | wc -l)" -le 9
    ok 'and no more' test "$(jq length "$work/datagrams" | sort -n | tail -n 1)" \
        -le "$most"
    ok 'nobody listens' run_input "$gauge" 1 dd-push --statsd="$address"
    is 'is an error' "$(field error.code),$(field error.temporary)" \
        unavailable,true
    rm -f "$work/agent.socket"
done
agent "$work/agent.socket"
kill -STOP "$agent_pid"
jq -n -c 'range(3) | [range(2000)] | .[] | {metric: "m\(.)", value: .,
    tags: ["t:\("x" * 150)"]}' >"$work/flood"
ok 'an Agent that takes nothing' test "$(KW_CLOCK='' dd-push --timeout=0.1 \
    --statsd="$address" <"$work/flood" >"$out" 2>"$err"
    echo $?)" -eq 1
is 'is given up' "$(field error.code),$(field error.temporary)" timeout,true
ok 'what it was sent before was sent' grep -q sent_at "$out"
kill -CONT "$agent_pid"
datagrams >"$work/datagrams"
is 'and is there' "$(jq -r . "$work/datagrams" | grep -c '^m')" \
    "$(grep -c sent_at "$out")"
ok 'no socket' run_input "$gauge" 1 dd-push --statsd="unix://$work/none"
ok 'is named' grep_err "$work/none"
ok 'a dry run' run_input "$gauge" 0 dd-push -n --statsd
is 'says the datagram' "$(field datagram)" \
    "wandb.runs.active:3|g|#entity:e,project:p|T$time"
ok 'a rate' run_input "$rate" 1 dd-push -n --statsd
is 'cannot go there' "$(field error.message)" 'line 1: DogStatsD knows no rates'
for address in '' :1 h:0 h:99999 h:x '[::1' unix://relative 'unix://'; do
    ok "--statsd=$address" run 2 dd-push --statsd="$address" "$gauge"
done
ok 'DD_DOGSTATSD_URL' run 1 env DD_DOGSTATSD_URL="unix://$work/none" \
    dd-push --statsd "$gauge"
ok 'is taken with --statsd' grep_err "$work/none"
ok 'DD_AGENT_HOST' run 1 env DD_AGENT_HOST=localhost DD_DOGSTATSD_PORT=1 \
    dd-push --statsd "$gauge"
ok 'likewise' grep_err 'localhost:1: '

serve
every_tool dd-push
is 'no rule was broken' "$(state .violations)" '[]'
done_testing
