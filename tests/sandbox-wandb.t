#!/bin/sh
# kw-sandbox as a W&B server: what it keeps, what it answers, what it refuses,
# and that it notices when a client breaks the protocol.
. "$srcdir/tests/lib.sh"

# gql QUERY [VARIABLES]: the answer, with the status in $work/status
gql() {
    jq -n -c --arg q "$1" --argjson v "${2:-null}" '{query: $q, variables: $v}' |
        curl -sS -u "api:$WANDB_API_KEY" -o "$out" -w '%{http_code}' \
            --data-binary @- "$url/graphql" >"$work/status"
    cat "$out"
}

# got JQ: of the last answer
got() {
    jq -c -r "$1" "$out"
}

status() {
    cat "$work/status"
}

# stream RUN BODY: file_stream; the status
stream() {
    printf '%s' "$2" | curl -sS -u "api:$WANDB_API_KEY" -o "$out" \
        -w '%{http_code}' --data-binary @- \
        "$url/files/tester/p/$1/file_stream"
}

# place NAME ...: createRunFiles for run r; the first URL
place() {
    gql 'mutation($f: [String!]!) { createRunFiles(input: {entityName: "",
        projectName: "p", runName: "r", files: $f}) { runID uploadHeaders
        files { name uploadUrl } } }' \
        "$(jq -n -c '$ARGS.positional' --args "$@" | jq -c '{f: .}')" \
        >"$work/placed"
    got '.data.createRunFiles.files[0].uploadUrl'
}

# put URL TEXT [CURL OPTION ...]: the status
put() {
    to=$1
    printf '%s' "$2" >"$work/body"
    shift 2
    curl -sS -o "$out" -w '%{http_code}' -X PUT --data-binary "@$work/body" \
        -H 'Content-Type:' "$@" "$to"
}

violations() {
    state '.violations | length'
}

upsert='mutation UpsertBucket($id: String, $name: String, $config: JSONString,
    $tags: [String!], $summary: JSONString) {
    upsertBucket(input: {id: $id, name: $name, modelName: "p",
        config: $config, tags: $tags, summaryMetrics: $summary}) {
        bucket { ...Bucket } inserted } }
    fragment Bucket on Run { id name displayName config sweepName
        project { id name entity { id name } } historyLineCount }'

# ---- GraphQL ----

serve --load '{"features": ["ARTIFACT_TAGS"]}'
gql '{ viewer { entity me: username __typename }
    serverInfo { features { name isEnabled } } }' >/dev/null
is 'who, aliases, the features of the script' "$(got .data)" \
    '{"viewer":{"entity":"tester","me":"tester","__typename":"User"},"serverInfo":{"features":[{"name":"ARTIFACT_TAGS","isEnabled":true}]}}'
is 'the operation is the first field' "$(asked viewer)" 1
WANDB_API_KEY=0000000000000000000000000000000000000000 \
    gql '{ viewer { id } }' >/dev/null
is 'a wrong key' "$(status) $(got '.errors[0].message')" \
    '401 user is not logged in'

refused() {
    ok "$1" test "$(gql "$2" "${4:-null}" >/dev/null; status)" = 400
    is "$1: why" "$(got '.errors[0].message')" "$3"
}
refused 'an unknown field' '{ viewer { name nosuch } }' \
    'Cannot query field "nosuch" on type "User".'
refused 'an unknown argument' '{ project(name: "p", nosuch: 1) { id } }' \
    'Unknown argument "nosuch" on field "project".'
refused 'an unknown argument of an input' \
    'mutation { stopRun(input: {id: "x", y: 1}) { success } }' \
    'Unknown argument "y" on field "stopRun".'
refused 'an argument that is missing' \
    'mutation { stopRun(input: {}) { success } }' \
    'Field "stopRun" argument "id" is required, but it was not provided.'
refused 'an argument of another type' \
    '{ project(name: "p") { run(name: 7) { id } } }' \
    'Argument "name" on field "run" has an invalid value.'
refused 'a selection of nothing' '{ viewer { id { x } } }' \
    'Field "id" must not have a selection since it has no subfields.'
refused 'no selection of something' '{ viewer }' \
    'Field "viewer" of type "User" must have a selection of subfields.'
refused 'a variable that is not there' '{ project(name: $p) { id } }' \
    'Variable "$p" is not defined.'
refused 'a variable that is not given' \
    'query Q($p: String!) { project(name: $p) { id } }' \
    'Variable "$p" of required type was not provided.'
refused 'an unknown fragment' '{ viewer { ...Nosuch } }' \
    'Unknown fragment "Nosuch".'
refused 'a fragment that spreads itself' \
    '{ viewer { ...F } } fragment F on User { ...F }' \
    'The query is nested too deep, or a fragment spreads itself.'
refused 'a fragment on another type' '{ viewer { ... on Run { id } } }' \
    'Fragment on "Run" cannot be spread here, in type "User".'
refused 'no GraphQL' 'query {' 'Syntax Error: Expected Name'
gql 'query Q($yes: Boolean = true, $no: Boolean!) { viewer {
    a: entity @include(if: $yes) b: entity @include(if: $no)
    c: entity @skip(if: $no) ... @include(if: $no) { id } } }' '{"no": false}' \
    >/dev/null
is 'directives and defaults' "$(got .data.viewer)" '{"a":"tester","c":"tester"}'

# ---- a run ----

gql 'query RunResumeStatus { model(name: "p") { bucket(name: "r",
    missingOk: true) { id } } }' >/dev/null
is 'no project yet' "$(got .data.model)" null
gql "$upsert" '{"name": "r", "tags": ["a"],
    "config": "{\"lr\":{\"value\":0.1},\"_wandb\":{\"value\":{\"t\":{\"1\":[1]},\"m\":[]}}}"}' >/dev/null
is 'it is made' "$(got '.data.upsertBucket | [.inserted, .bucket.name,
    .bucket.project.name, .bucket.project.entity.name,
    .bucket.historyLineCount]')" '[true,"r","p","tester",0]'
id=$(got .data.upsertBucket.bucket.id)
gql "$upsert" '{"name": "r", "config": "{\"x\":{\"value\":NaN}}"}' >/dev/null
is 'a config that is no JSON' "$(got '.errors[0] | [.message, .path]')" \
    '["config is no JSON",["upsertBucket"]]'
gql "$upsert" "{\"id\": \"$id\", \"summary\": \"{\\\"s\\\":NaN}\"}" >/dev/null
is 'changed by its id' "$(got .data.upsertBucket.inserted)" false
is 'what was not named stays' "$(state '.runs["tester/p/r"] |
    [.tags, .config, .summary, .state]')" '[["a"],{"lr":0.1},{"s":"NaN"},"running"]'

# ---- file_stream ----

is 'a run that is not there' "$(stream nosuch '{}')" 404
is 'a heartbeat' "$(stream r '{}') $(cat "$out")" \
    '200 {"exitcode":null,"limits":{}}'
is 'rows, events, console, summary' "$(stream r '{"files": {
    "wandb-history.jsonl": {"offset": 0, "content": [
        "{\"_step\":0,\"a\":NaN,\"_timestamp\":1.5}",
        "{\"_step\":5,\"a\":1e+06,\"b\":\"\\u00e9\"}"]},
    "wandb-events.jsonl": {"offset": 0, "content": ["{\"system.cpu\":1}"]},
    "output.log": {"offset": 0, "content": [
        "2026-01-01T00:00:00.123456 one", "ERROR 2026-01-01T00:00:00.1 two"]},
    "wandb-summary.json": {"offset": 0, "content": ["{\"a\":Infinity}"]}}}')" 200
is 'rows are kept as they came' \
    "$(sandbox GET runs/tester/p/r/history | tail -n 1)" \
    '{"_step":5,"a":1e+06,"b":"\u00e9"}'
is 'the digest is of canonical lines' \
    "$(state '.runs["tester/p/r"].history.sha256')" \
    "$(printf '%s\n' '{"_step":0,"_timestamp":1.5,"a":NaN}' \
        '{"_step":5,"a":1000000,"b":"\u00e9"}' | sha256sum | cut -d' ' -f1)"
is 'the console without its stamps' "$(state '.runs["tester/p/r"].console |
    [.lines, .stamped, .first]')" '[2,2,["one","ERROR two"]]'
is 'the summary in its own words' \
    "$(sandbox GET runs/tester/p/r/summary)" '{"a":Infinity}'
is 'the first and the last row' "$(state '.runs["tester/p/r"].history |
    [.lines, .first.a, .last.a]')" '[2,"NaN",1000000]'
is 'nothing to find fault with' "$(violations)" 0
deep=$(printf '%0300d' 0 | tr 0 '[')$(printf '%0300d' 0 | tr 0 ']')
is 'a summary deeper than libjq reads' "$(stream r '{"files": {
    "wandb-summary.json": {"offset": 0, "content": [
        "{\"a\":'"$deep"'}"]}}}')" 200
is 'is shown as text' "$(state '.runs["tester/p/r"].summary')" "{\"a\":$deep}"
is 'the next one' "$(stream r '{"files": {"wandb-summary.json": {"offset": 0,
    "content": ["{\"a\":Infinity}"]}}}')" 200
is 'is shown as an object' "$(state '.runs["tester/p/r"].summary.a')" Infinity

same='{"files": {"wandb-history.jsonl": {"offset": 1, "content": [
    "{\"b\":\"\\u00e9\",\"a\":1000000,\"_step\":5}"]}}}'
is 'a line again' "$(stream r "$same") $(violations)" '200 0'
is 'a line with other content' "$(stream r '{"files": {"wandb-history.jsonl":
    {"offset": 1, "content": ["{\"_step\":6}"]}}}') $(state '.violations[-1]')" \
    '200 POST file_stream: history line 1 was sent again with other content'
is 'a hole' "$(stream r '{"files": {"wandb-history.jsonl": {"offset": 9,
    "content": ["{\"_step\":9}"]}}}') $(state '.violations[-1]')" \
    '200 POST file_stream: lines from 9 on leave a hole: there are 2 in wandb-history.jsonl'
is 'lines are counted' "$(state '.runs["tester/p/r"].history.lines')" 3
is 'a line that is no JSON' "$(stream r '{"files": {"wandb-history.jsonl":
    {"offset": 3, "content": ["{\"_step\":10}", "{oops"]}}}')" 400
is 'takes nothing of its body' "$(state '.runs["tester/p/r"].history.lines')" 3
is 'a body that is no JSON' "$(stream r '{"files": ')" 400
head -c 26000000 /dev/zero | tr '\0' ' ' >"$work/long"
is 'a body that is too long' "$(curl -sS -u "api:$WANDB_API_KEY" -o /dev/null \
    -w '%{http_code}' --data-binary "@$work/long" \
    "$url/files/tester/p/r/file_stream")" 413
is 'a name that was not put' "$(stream r '{"uploaded": ["x"]}') $(state \
    '.violations[-1]')" '200 POST file_stream: uploaded names x, which was never put'
is 'preempting' "$(stream r '{"preempting": true}') $(state \
    '.runs["tester/p/r"] | [.state, .preempting]')" '200 ["preempting",1]'
is 'the end' "$(stream r '{"complete": true, "exitcode": 3}') $(state \
    '.runs["tester/p/r"] | [.state, .complete, .exitcode]')" \
    '200 ["failed",true,3]'
before=$(violations)
is 'the same end again' \
    "$(stream r '{"complete": true, "exitcode": 3}') $(violations)" \
    "200 $before"
is 'another end' "$(stream r '{"complete": true, "exitcode": 0}') $(state \
    '.violations[-1]')" \
    '200 POST file_stream: complete came again with another exitcode: 0'
is 'a finished run goes on' "$(stream r '{}') $(state \
    '.runs["tester/p/r"].state')" '200 running'
is 'violations are a run'"'"'s, too' \
    "$(state '.runs["tester/p/r"].violations[-1]')" \
    'complete came again with another exitcode: 0'
echo 100000 >>"$KW_CLOCK"
gql '{ project(name: "p") { run(name: "r") { state } } }' >/dev/null
is 'without a sign of life it crashed' "$(got .data.project.run.state)" crashed
stream r '{}' >/dev/null

# ---- what writers ask ----

gql 'query RunResumeStatus { model(name: "p") { bucket(name: "r",
    missingOk: true) { historyLineCount eventsLineCount logLineCount
    historyTail eventsTail summaryMetrics wandbConfig(keys: ["t"]) tags
    notes } } }' >/dev/null
is 'where a run is' "$(got .data.model.bucket)" \
    '{"historyLineCount":3,"eventsLineCount":1,"logLineCount":2,"historyTail":"[\"{\\\"_step\\\":9}\"]","eventsTail":"[\"{\\\"system.cpu\\\":1}\"]","summaryMetrics":"{\"a\":Infinity}","wandbConfig":"{\"t\":{\"1\":[1]}}","tags":["a"],"notes":null}'
gql '{ model(name: "p") { bucket(name: "nosuch", missingOk: true) { id } } }' \
    >/dev/null
is 'a run that may be missing' "$(got .data.model.bucket)" null

# ---- files ----

to=$(place 'a/é 1.txt' b.txt)
is 'a place for each' "$(got '[.data.createRunFiles.files[].name]')" \
    '["a/é 1.txt","b.txt"]'
gql '{ project(name: "p") { run(name: "r") { fileCount } } }' >/dev/null
is 'which is no file yet' "$(got .data.project.run.fileCount)" 0
is 'put' "$(put "$to" hello)" 200
is 'with the key' "$(put "$to" hello -u api:secret) $(state \
    '.violations[-1]')" \
    '400 PUT upload: Authorization was sent to /storage/1/a/é 1.txt'
is 'without the signature' "$(put "${to%%\?*}" hello)" 403
is 'with a wrong sum' \
    "$(put "$to" hello -H 'Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==')" 400
is 'without a length' \
    "$(put "$to" hello -H 'Transfer-Encoding: chunked')" 411
is 'uploaded' "$(before=$(violations)
    stream r '{"uploaded": ["a/é 1.txt"]}'
    [ "$(violations)" = "$before" ] && echo ' as said')" '200 as said'
gql '{ project(name: "p") { run(name: "r") { fileCount files(first: 1) {
    edges { node { name sizeBytes md5 url(upload: false) directUrl } }
    pageInfo { hasNextPage endCursor } } } } }' >/dev/null
is 'a file' "$(got '.data.project.run | [.fileCount, (.files.edges[0].node |
    .name, .sizeBytes, .md5), .files.pageInfo.hasNextPage]')" \
    '[1,"a/é 1.txt","5","XUFAKrxLKna5cZ2REBfFkg==",false]'
file=$(got '.data.project.run.files.edges[0].node.url')
direct=$(got '.data.project.run.files.edges[0].node.directUrl')
is 'is got with the key, which goes no further' \
    "$(curl -sS -L -u "api:$WANDB_API_KEY" "$file")" hello
is 'or by a signed URL' "$(curl -sS "$direct")" hello
is 'or a part of it' "$(curl -sS -r 1-2 "$direct")" el
is 'but not without the key' \
    "$(curl -sS -o /dev/null -w '%{http_code}' "$file")" 401
sandbox POST load '{"upload_headers": ["X-Amz-Acl: private"]}' >/dev/null
to=$(place c.txt)
is 'a header that is asked for' "$(jq -c .data.createRunFiles.uploadHeaders \
    "$out") $(put "$to" c) $(put "$to" c -H 'X-Amz-Acl: private')" \
    '["X-Amz-Acl: private"] 403 200'
sandbox POST load '{"upload_headers": []}' >/dev/null
before=$(violations)
place 'back\slash' >/dev/null
is 'a name that Windows would not have' "$(violations)" "$before"
place '../up' >/dev/null
is 'one that leaves the run' "$(state '.violations[-1]')" \
    'POST /graphql: createRunFiles for the name ../up'

# ---- queries ----

for i in 1 2 3; do
    gql "$upsert" "{\"name\": \"q$i\", \"tags\": [\"t$i\"],
        \"config\": \"{\\\"lr\\\":{\\\"value\\\":0.$i},\\\"a.b\\\":{\\\"value\\\":{\\\"c\\\":$i}}}\",
        \"summary\": \"{\\\"acc\\\":$i}\"}" >/dev/null
done
# names FILTER [ORDER]: of the runs that match
names() {
    gql 'query Runs($f: JSONString, $o: String) { project(name: "p") {
        runCount(filters: $f) runs(filters: $f, order: $o, first: 10) {
        edges { node { name } } } } }' \
        "$(jq -n -c --arg f "$1" --arg o "${2:-+created_at}" '{f: $f, o: $o}')" \
        >/dev/null
    got '.data.project | [([.runs.edges[].node.name] | join(" ")), .runCount]
        | join(" ")'
}
is 'all, oldest first' "$(names '{}')" 'r q1 q2 q3 4'
is 'newest first' "$(names '{}' -created_at)" 'q3 q2 q1 r 4'
is 'by a metric' "$(names '{}' -summary_metrics.acc)" 'q3 q2 q1 r 4'
is 'by name' "$(names '{"name": {"$in": ["q1", "q3", "x"]}}')" 'q1 q3 2'
is 'by config' "$(names '{"config.lr.value": {"$gt": 0.15}}')" 'q2 q3 2'
is 'by a dotted key' "$(names '{"config.a.b.value.c": 2}')" 'q2 1'
is 'by summary' "$(names '{"$or": [{"summary_metrics.acc": 1},
    {"summary_metrics.acc": {"$gte": 3}}]}')" 'q1 q3 2'
is 'by tag' "$(names '{"tags": {"$in": ["t2"]}}')" 'q2 1'
is 'none of these' "$(names '{"$nor": [{"tags": "t2"}, {"name": "r"}]}')" \
    'q1 q3 2'
is 'by a pattern' "$(names '{"displayName": {"$regex": "(?i)^QUIET.*[23]$"}}')" \
    'q1 q2 2'
is 'by time' "$(names '{"created_at": {"$gt": "2026-11-21T06:00:00+00:00"}}')" \
    'q1 q2 q3 3'
is 'a local time matches nothing' \
    "$(names '{"created_at": {"$gt": "2026-11-21 06:00:00"}}')" ' 0'
is 'an unknown field matches nothing' "$(names '{"State": "running"}')" ' 0'
names '{"name": {"$nosuch": 1}}' >/dev/null 2>&1
is 'an unknown operator' "$(status)" 400
after=
seen=
for i in 1 2 3; do
    gql 'query Runs($a: String) { project(name: "p") { runs(first: 2,
        order: "+created_at", after: $a) { edges { node { name } }
        pageInfo { endCursor hasNextPage } } } }' \
        "$(jq -n -c --arg a "$after" '{a: $a}')" >/dev/null
    after=$(got .data.project.runs.pageInfo.endCursor)
    seen="$seen $(got '[.data.project.runs.edges[].node.name] | join(" ")')"
    [ "$(got .data.project.runs.pageInfo.hasNextPage)" = true ] || break
done
is 'in pages' "$i$seen" '2 r q1 q2 q3'
sandbox POST load '{"runs": [
    {"run": "tester/p/new", "created_at": "2027-01-01T00:00:00Z"},
    {"run": "tester/p/old", "display_name": null, "state": "running",
        "created_at": "2026-01-02T03:04:05+01:00",
        "heartbeat_at": "2026-01-02T03:04:05+01:00",
        "sweep": "s", "tags": ["t9"], "config": {"lr": 9},
        "summary": "{\"a\": NaN, \"b\": 1.50}"}]}' >/dev/null
is 'runs of a script are where they belong' "$(names '{}')" \
    'old r q1 q2 q3 new 6'
is 'newest first' "$(names '{}' -created_at)" 'new q3 q2 q1 r old 6'
is 'and found' "$(names '{"sweep": "s", "tags": "t9", "config.lr.value": 9,
    "state": "running"}')" 'old 1'
is 'running, or young' "$(names '{"$or": [{"state": "running"},
    {"created_at": {"$gte": "2026-12-01T00:00:00+00:00"}}]}' | sed 's/ .* / /')" \
    'old 6'
is 'running and young' "$(names '{"$and": [{"name": {"$ne": "new"}},
    {"$or": [{"state": "running"}, {"name": "q1"}]},
    {"created_at": {"$gt": "2026-11-21T06:00:00+00:00"}}]}')" 'q1 q2 q3 3'
gql '{ project(name: "p") { run(name: "old") { displayName createdAt state
    summaryMetrics } new: run(name: "new") { displayName } } }' >/dev/null
is 'as the script says' "$(got '.data.project.run | [.[]]')" \
    '[null,"2026-01-02T02:04:05Z","running","{\"a\": NaN, \"b\": 1.50}"]'
is 'or with a name made up' \
    "$(got '.data.project.new.displayName | startswith("quiet-sandbox-")')" true
gql '{ project(name: "nosuch") { runCount } }' >/dev/null
is 'no such project' "$(status) $(got .data.project)" '200 null'

gql '{ project(name: "p") { run(name: "r") { historyKeys history events
    range: history(minStep: 0, maxStep: 9, samples: 9)
    sampledHistory(specs: ["{\"keys\": [\"_step\", \"a\"]}"])
    summaryMetrics(keys: ["a"]) systemMetrics
    logLines(last: 1) { edges { node { number level line timestamp } } } } } }' \
    >/dev/null
is 'the last step' "$(got .data.project.run.historyKeys.lastStep)" 9
is 'rows' "$(got '.data.project.run.history | length')" 3
is 'a range of rows, its end left out' \
    "$(got '.data.project.run.range | length')" 2
is 'some keys of those that have all' \
    "$(got .data.project.run.sampledHistory)" '[[{"_step":0,"a":"NaN"}]]'
is 'a console line' "$(got '.data.project.run.logLines.edges[0].node |
    [.number, .level, .line, .timestamp]')" \
    '[1,"error","two","2026-01-01T00:00:00.1"]'

# ---- what is done to runs ----

gql 'mutation { rewindRun(input: {runName: "r", projectName: "p",
    metricName: "_step", metricValue: 0}) { rewoundRun { historyLineCount
    eventsLineCount } } }' >/dev/null
is 'rewound' "$(got .data.rewindRun.rewoundRun)" \
    '{"historyLineCount":1,"eventsLineCount":0}'
gql 'mutation NotifyScriptableRunAlert { notifyScriptableRunAlert(input: {
    entityName: "", projectName: "p", runName: "r", title: "T", text: "t",
    severity: WARN}) { success } }' >/dev/null
is 'an alert' "$(state '.runs["tester/p/r"].alerts')" \
    '[{"severity":"WARN","text":"t","title":"T"}]'
gql "mutation { stopRun(input: {id: \"$id\"}) { success } }" >/dev/null
stream r '{}' >/dev/null
is 'stopped' "$(got .stopped)" true
gql "mutation { updateRunState(input: {id: \"$id\", state: failed})
    { success } }" >/dev/null
is 'failed by hand' "$(state '.runs["tester/p/r"].state')" failed
gql "mutation { deleteRun(input: {id: \"$id\"}) { clientMutationId } }" \
    >/dev/null
is 'deleted' "$(state '.runs | has("tester/p/r")')" false
gql "$upsert" '{"name": "r"}' >/dev/null
is 'its name is not given away again' "$(status) $(stream r '{}')" '410 410'

# ---- artifacts ----

# create DIGEST: createArtifact with the alias latest
create() {
    gql 'mutation($d: String!) { createArtifact(input: {entityName: "",
        projectName: "p", runName: "q1", artifactTypeName: "data",
        artifactCollectionName: "set", digest: $d, clientID: "c1",
        aliases: [{artifactCollectionName: "set", alias: "latest"}]}) {
        artifact { id state artifactSequence { latestArtifact { id } } } } }' \
        "{\"d\": \"$1\"}" >/dev/null
}
# manifest DIGEST: createArtifactManifest, with an upload if it is not empty
manifest() {
    gql 'mutation($a: ID!, $d: String!) { createArtifactManifest(input: {
        artifactID: $a, name: "wandb_manifest.json", digest: $d,
        entityName: "", projectName: "p", runName: "q1", type: FULL}) {
        artifactManifest { id file { uploadUrl uploadHeaders } } } }' \
        "{\"a\": \"$artifact\", \"d\": \"$1\"}" >/dev/null
}
commit() {
    gql 'mutation($a: ID!) { commitArtifact(input: {artifactID: $a}) {
        artifact { id digest } } }' "{\"a\": \"$artifact\"}" >/dev/null
}
create 541f289bb3c6ae786d51e7288e523543
artifact=$(got .data.createArtifact.artifact.id)
is 'a version is pending' "$(got '.data.createArtifact.artifact |
    [.state, .artifactSequence.latestArtifact]')" '["PENDING",null]'
commit
is 'and not committed without its manifest' \
    "$(status) $(got '.errors[0].message')" \
    '400 the artifact is not whole: its manifest was not put'
manifest ''
gql 'mutation($a: ID!) { createArtifactFiles(input: {storageLayout: V2,
    artifactFiles: [{artifactID: $a, name: "a.txt",
    md5: "XUFAKrxLKna5cZ2REBfFkg=="}]}) { files { edges { node {
    uploadUrl uploadHeaders artifact { id } } } } } }' \
    "{\"a\": \"$artifact\"}" >/dev/null
to=$(got '.data.createArtifactFiles.files.edges[0].node.uploadUrl')
text='{"version":1,"contents":{"a.txt":{"digest":"XUFAKrxLKna5cZ2REBfFkg==","size":5}}}'
md5=$(printf '%s' "$text" | md5sum | cut -c 1-32 | fold -w 2 \
    | while read -r byte; do printf "\\$(printf %03o "0x$byte")"; done | base64)
manifest "$md5"
where=$(got .data.createArtifactManifest.artifactManifest.file.uploadUrl)
is 'the manifest' "$(put "$where" "$text" -H "Content-MD5: $md5")" 200
commit
is 'nor without its file' "$(got '.errors[0].message')" \
    'the artifact is not whole: a.txt was not put with that digest and size'
sum='Content-MD5: XUFAKrxLKna5cZ2REBfFkg=='
is 'which must be the right one' "$(put "$to" hellO -H "$sum") $(put "$to" \
    hello) $(put "$to" hello -H "$sum")" '400 403 200'
commit
is 'committed' "$(status) $(got .data.commitArtifact.artifact.digest)" \
    '200 541f289bb3c6ae786d51e7288e523543'
is 'held' "$(state '.runs["tester/p/q1"].artifacts')" \
    '[{"state":"COMMITTED","digest":"541f289bb3c6ae786d51e7288e523543","metadata":null,"description":null,"version":0,"name":"set","type":"data","aliases":["latest"],"contents":{"a.txt":{"digest":"XUFAKrxLKna5cZ2REBfFkg==","size":5}}}]'
create 541f289bb3c6ae786d51e7288e523543
is 'the same again is the same' "$(got '.data.createArtifact.artifact |
    [.state, .id]')" "[\"COMMITTED\",\"$artifact\"]"
create 00000000000000000000000000000000
artifact=$(got .data.createArtifact.artifact.id)
manifest "$md5"
where=$(got .data.createArtifactManifest.artifactManifest.file.uploadUrl)
put "$where" "$text" -H "Content-MD5: $md5" >/dev/null
commit
is 'a digest that is not its contents'"'" "$(got '.errors[0].message')" \
    'the artifact is not whole: its digest is 541f289bb3c6ae786d51e7288e523543, announced was 00000000000000000000000000000000'
gql '{ project(name: "p") { artifact(name: "set:v0") { state digest size
    fileCount versionIndex artifactType { name } files { edges { node { name
    directUrl } } } currentManifest { file { directUrl } } }
    run(name: "q1") { outputArtifacts { totalCount } } } }' >/dev/null
is 'asked for' "$(got '.data.project | [(.artifact | .state, .size, .fileCount,
    .artifactType.name), .run.outputArtifacts.totalCount]')" \
    '["COMMITTED",5,1,"data",2]'
is 'got' "$(curl -sS "$(got \
    '.data.project.artifact.files.edges[0].node.directUrl')")" hello
is 'got with the key, by its digest' "$(curl -sS -u "api:$WANDB_API_KEY" \
    "$url/artifactsV2/default/tester/p/set/x/5d41402abc4b2a76b9719d911017c592/a.txt")" \
    hello
is 'or not' "$(curl -sS -o /dev/null -w '%{http_code}' \
    "$url/artifacts/tester/5d41402abc4b2a76b9719d911017c592") $(curl -sS \
    -o /dev/null -w '%{http_code}' -u "api:$WANDB_API_KEY" \
    "$url/artifacts/tester/00000000000000000000000000000000")" '401 404'

# ---- runs of a script ----

is 'runs of a script' "$(sandbox POST load '{"runs": [{"run": "e/l/r",
    "state": "failed", "created_at": "2026-11-20T00:00:00Z", "tags": ["t"],
    "config": {"lr": 1}, "summary": "{\"x\":NaN}", "history": [{"a": 1},
    "{\"_step\":7,\"a\":1e+06}"]}]}')" '{}'
is 'are there' "$(state '.runs["e/l/r"] |
    [.state, .tags, .config, .summary, .history.lines]')" \
    '["failed",["t"],{"lr":1},{"x":"NaN"},2]'
is 'byte for byte' "$(sandbox GET runs/e/l/r/history | tail -n 1)" \
    '{"_step":7,"a":1e+06}'
for bad in '{}' '[{"run": "e/l"}]' '[{"run": "e/l/r", "nosuch": 1}]'; do
    is "no run: $bad" "$(sandbox POST load "{\"runs\": $bad}" |
        jq -r 'keys[]')" error
done

# ---- identity tokens ----

grant=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer
is 'no identity token' "$(curl -sS -o /dev/null -w '%{http_code}' \
    -d "grant_type=$grant&assertion=a.b.c" "$url/oidc/token")" 404
sandbox POST load '{"identity_token": "a.b+c"}' >/dev/null
curl -sS -d "grant_type=$grant&assertion=a.b%2Bc" "$url/oidc/token" >"$out"
is 'an access token for it' "$(got .expires_in)" 3600
is 'is as good as a key' "$(curl -sS -H "Authorization: Bearer $(got \
    .access_token)" -d '{"query": "{ viewer { entity } }"}' "$url/graphql")" \
    '{"data":{"viewer":{"entity":"tester"}}}'

done_testing
