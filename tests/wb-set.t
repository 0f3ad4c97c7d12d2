#!/bin/sh
# wb-set: what is named is changed, all else stays as it is, whoever else writes
# and whatever gets lost; and what it says is so.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

# What JSON has not, and what no double holds, is kept in texts.
summary='{"loss": NaN,"big":12345678901234567890,"a/b":-Infinity, "val":{"acc":0.50},"x":null}'
config='{"lr":{"value":1e-3,"desc":"rate"},"deep":{"value":{"a":[1],"b":2}},"_wandb":{"value":{"t":{"1":[1]}}}}'

# scripted JQ: a script with the run acme/p/one, changed by JQ
scripted() {
    jq -n -c --arg summary "$summary" --arg config "$config" \
        '{runs: [{run: "acme/p/one", display_name: "first", state: "finished",
        created_at: "2026-11-20T00:00:00Z",
        heartbeat_at: "2026-11-20T01:00:00Z", group: "g", tags: ["a", "b"],
        notes: "n", config: $config, summary: $summary} | '"$1"']}'
}

# begin [JQ [FAULT ...]]
begin() {
    _script=$(scripted "${1:-.}")
    [ $# -gt 0 ] && shift
    for _fault; do
        shift
        set -- "$@" --fault "$_fault"
    done
    serve --load "$_script" "$@"
}

# between JQ: what somebody else does, a script for load=$work/between
between() {
    jq -n -c '{runs: [{run: "acme/p/one"} + '"$1"']}' >"$work/between"
}

# A summary or config as the server has it, byte for byte.
texts() {
    curl -sS "$url/sandbox/runs/acme/p/one/$1"
}

# ask JQ: of the run as the server has it
ask() {
    state ".runs[\"acme/p/one\"] | $1"
}

run_name=acme/p/one

# set STATUS OPTION ...
set_one() {
    _status=$1
    shift
    run "$_status" wb-set "$@" $run_name
}

begin
every_tool wb-set
ok 'without a change' set_one 0
is 'nothing is updated' "$(jq -c . "$out")" \
    "{\"run\":\"acme/p/one\",\"updated\":[],\"url\":\"$url/acme/p/runs/one\"}"
is 'nor written' "$(asked UpsertBucket)" 0

# ---- summary and config ----

ok 'a key of the summary' set_one 0 --summary=score=0.93
is 'is updated' "$(field updated)" '["summary.score"]'
is 'the rest stays, byte for byte' "$(texts summary)" \
    "${summary%\}},\"score\":0.93}"
is 'in one write' "$(asked UpsertBucket)" 1
ok 'the same again' set_one 0 --summary=score=0.93
is 'changes nothing' "$(field updated)" '[]'
is 'and writes nothing' "$(asked UpsertBucket)" 1
ok 'the same number, written otherwise' set_one 0 --summary=score=0.930
is 'is the same' "$(field updated)" '[]'

begin
ok 'values' set_one 0 --summary=a=true --summary='b=two words' \
    --summary='c={"d": [1]}' --summary=e= --summary='f="1"' --summary=g=NaN \
    --summary=h=1=2 --summary=a=false
is 'are JSON, or else strings; the last one of a key counts' \
    "$(texts summary)" \
    "${summary%\}},\"b\":\"two words\",\"c\":{\"d\": [1]},\"e\":\"\",\
\"f\":\"1\",\"g\":NaN,\"h\":\"1=2\",\"a\":false}"
is 'all are told' "$(field updated)" '["summary.b","summary.c","summary.e",'\
'"summary.f","summary.g","summary.h","summary.a"]'

begin
ok 'keys' set_one 0 --summary=val.acc=0.75 --summary=val.f1=1 \
    --summary=val/acc=2 --summary=new.key=3 --summary=-big --summary=-x \
    --summary=-none
is 'a dot leads into what is there' "$(texts summary)" \
    '{"loss": NaN,"a/b":-Infinity, "val":{"acc":0.75,"f1":1},"val/acc":2,"new.key":3}'
is 'what is not there is not removed' "$(field updated)" \
    '["summary.val.acc","summary.val.f1","summary.val/acc","summary.new.key",'\
'"summary.big","summary.x"]'

begin
ok 'the config' set_one 0 --config=lr=0.01 --config=deep.b=3 \
    --config=seed=12345678901234567890 --config=word=NaN
is 'has its wrapping, and what is W&B'\''s own' "$(texts config)" \
    '{"lr":{"value":0.01,"desc":"rate"},"deep":{"value":{"a":[1],"b":3}},"_wandb":{"value":{"t":{"1":[1]}}},"seed":{"value":12345678901234567890},"word":{"value":"NaN"}}'
is 'is told' "$(field updated)" \
    '["config.lr","config.deep.b","config.seed","config.word"]'
is 'and the summary was not touched' "$(texts summary)" "$summary"
ok 'a key of the config is removed' set_one 0 --config=-deep
is 'with its wrapping' "$(texts config | jq -c keys)" \
    '["_wandb","lr","seed","word"]'

begin '.config = "{\"seed\":{\"value\":[9007199254740992]}}"'
ok 'a number that no double tells from it' set_one 0 \
    '--config=seed=[9007199254740993]'
is 'is another' "$(field updated)$(texts config)" \
    '["config.seed"]{"seed":{"value":[9007199254740993]}}'

begin '.summary = "" | .config = null'
ok 'of nothing' set_one 0 --summary=a=1 --config=b=2
is 'a summary' "$(texts summary)" '{"a":1}'
is 'a config' "$(texts config)" '{"b":{"value":2}}'
begin '.summary = "{\"a\":"'
ok 'a summary that is not whole' set_one 1 --summary=a=1
is 'is left alone' "$(field error.code)" damaged
is 'byte for byte' "$(texts summary)" '{"a":'
ok 'the tags can be changed all the same' set_one 0 --tag=c

# ---- the others ----

begin
ok 'tags' set_one 0 --tag=+c --tag=-a --tag=d --tag=-none --tag=+-x --tag=b
is 'come and go' "$(ask .tags)" '["b","c","d","-x"]'
is 'is told once' "$(field updated)" '["tags"]'
ok 'all of them' set_one 0 --tag=-b --tag=-c --tag=-d --tag=--x
is 'are gone' "$(ask .tags)" '[]'
begin '.tags = ["a", "b", "a"]'
ok 'a tag that is there twice' set_one 0 --tag=-a
is 'is gone' "$(field updated)$(ask .tags)" '["tags"]["b"]'
begin
ok 'notes, name, group' set_one 0 --notes="It's \"ok\"" --name='né' --group=h
is 'are there' "$(ask '[.notes, .displayName, .group]')" \
    '["It'\''s \"ok\"","né","h"]'
is 'are told' "$(field updated)" '["display_name","notes","group"]'
ok 'no notes, no group' set_one 0 --notes= --group=
is 'is set' "$(ask '[.notes, .group]')" '["",""]'
ok 'again' set_one 0 --notes= --group=
is 'is nothing' "$(field updated)" '[]'
is 'nothing else was changed' "$(texts summary)$(texts config)" \
    "$summary$config"

# ---- dry ----

begin
ok 'dry' set_one 0 -n --tag=c --notes=n --summary=big=1
is 'what would be' "$(field updated)" '["summary.big","tags"]'
is 'is marked' "$(field dry_run)" true
is 'and nothing is written' "$(asked UpsertBucket)" 0
ok 'a record of a dry run' run_input \
    '{"run":"acme/p/one","dry_run":true}' 0 wb-set --tag=c
is 'writes nothing' "$(asked UpsertBucket)" 0
ok 'also of a run that is not yet there' run_input \
    '{"run":"acme/p/new","dry_run":true}' 0 wb-set --tag=c
is 'as it was' "$(jq -c . "$out")" '{"run":"acme/p/new","dry_run":true}'

# ---- records ----

ok 'records, of which one is not there' run_input \
    '{"run":"acme/p/one","x":1}
acme/p/none
{"run":"acme/none/one"}
{"run":"one"}
acme/p/one/x' 1 wb-set --tag=c
is 'each has its outcome' "$(jq -c '[.x, .updated, .error.code]' "$out")" \
    '[1,["tags"],null]
[null,null,"not_found"]
[null,null,"not_found"]
[null,null,"input"]
[null,null,"input"]'
begin .deleted=true
ok 'a run that was deleted' set_one 1 --tag=c
is 'is not there' "$(field error.code)" not_found
is 'and nothing was sent' "$(asked UpsertBucket)" 0
begin .read_only=true
ok 'a run that may not be changed' set_one 1 --tag=c
is 'is said to be so' "$(field error.code)" auth
is 'before anything is sent' "$(asked UpsertBucket)" 0

# ---- a run that is written by its program ----

begin '.state = "running" | .heartbeat_at = "2026-11-21T05:59:00Z"'
ok 'a run that runs' set_one 1 --summary=a=1
is 'has its own summary' "$(field error.code),$(field error.temporary)" \
    'conflict,true'
ok 'and config' set_one 1 --config=a=1
is 'a conflict' "$(field error.code)" conflict
is 'nothing is sent' "$(asked UpsertBucket)" 0
ok 'what is there already is no conflict' set_one 0 --summary=x=null
ok 'its tags are nobody else'\''s' set_one 0 --tag=c --notes=m
is 'and changed' "$(ask .tags)" '["a","b","c"]'
ok 'its end' set_one 1 --state=finished
is 'is its own' "$(field error.code),$(field error.temporary)" conflict,true
ok 'nor is it made to fail' set_one 1 --state=failed
is 'but' "$(field error.code)" conflict
ok 'it can be asked to stop' set_one 0 --state=stopped
is 'which is told' "$(field updated),$(field state)" '["stopped"],running'
is 'and so' "$(sandbox GET requests | jq -r \
    'select(.operation == "StopRun") | .status')" 200
ok 'again' set_one 0 --state=stopped
is 'is nothing' "$(field updated),$(asked StopRun)" '[],1'
begin '.state = "pending" | .heartbeat_at = null'
ok 'a run that will run' set_one 1 --summary=a=1
is 'will have its own, too' "$(field error.code)" conflict

# ---- states ----

# becomes FROM WORD STATE UPDATED REQUESTS
becomes() {
    begin "$1"
    ok "$1 --state=$2" set_one 0 "--state=$2" --tag=c
    is 'its state' "$(field state),$(ask .state)" "$3,$3"
    is 'what is told' "$(field updated)" "$4"
    is 'and asked for' "$(state '.requests |
        [.file_stream, .UpdateRunState, .StopRun] | map(. // 0)')" "$5"
}
dead='.state = "running" | .heartbeat_at = null'
becomes "$dead" finished finished '["tags","state"]' '[1,0,0]'
is 'with status 0' "$(ask .exitcode)" 0
becomes "$dead" failed failed '["tags","state"]' '[0,1,0]'
becomes "$dead"' | .sweep = "s"' failed failed '["tags","state"]' '[1,0,0]'
becomes "$dead" stopped failed '["tags","state"]' '[0,1,1]'
becomes "$dead" pending pending '["tags","state"]' '[0,1,0]'
becomes '.state = "crashed"' finished finished '["tags","state"]' '[1,0,0]'
becomes '.state = "crashed"' failed failed '["tags","state"]' '[1,0,0]'
is 'with status 1' "$(ask .exitcode)" 1
becomes '.state = "crashed"' pending pending '["tags","state"]' '[0,1,0]'
becomes '.state = "crashed"' stopped crashed '["tags"]' '[0,0,0]'
becomes '.state = "failed"' pending pending '["tags","state"]' '[0,1,0]'
becomes '.state = "failed"' failed failed '["tags"]' '[0,0,0]'
becomes '.state = "finished"' failed failed '["tags","state"]' '[1,0,0]'
becomes '.state = "pending"' failed failed '["tags","state"]' '[0,1,0]'
becomes '.state = "pending"' stopped failed '["tags","state"]' '[0,1,1]'

# impossible FROM WORD
impossible() {
    begin "$1"
    ok "$1 --state=$2" set_one 1 "--state=$2" --tag=c
    is 'cannot be' "$(field error.code)" input
    is 'and nothing is changed' "$(ask .tags),$(asked UpsertBucket)" \
        '["a","b"],0'
}
impossible '.state = "finished"' pending
impossible '.state = "killed"' pending
impossible '.state = "failed" | .sweep = "s"' pending
impossible '.state = "pending"' finished
impossible '.state = "pending" | .sweep = "s"' failed

# ---- somebody else ----

# One key is ours; the others are others'.
between '{summary: "{\"loss\":7,\"theirs\":[NaN]}", tags: ["b", "e"]}'
begin . "match=UpsertBucket load=$work/between"
ok 'somebody writes between the question and the write' \
    set_one 0 --summary=score=1 --tag=c
is 'and loses nothing' "$(texts summary)" '{"loss": 7,"score":1,"theirs":[NaN]}'
is 'nor do we' "$(ask .tags)" '["b","c","e"]'
is 'which takes another write' "$(asked UpsertBucket)" 2
is 'it is told once' "$(field updated)" '["summary.score","tags"]'

between '{notes: "theirs", group: "theirs", display_name: "theirs"}'
begin . "match=UpsertBucket load=$work/between"
ok 'what is not ours' set_one 0 --group=ours --summary=score=1
is 'is theirs' "$(ask '[.notes, .displayName, .group]')" \
    '["theirs","theirs","ours"]'

between '{config: "{\"lr\":{\"value\":5},\"theirs\":{\"value\":1}}"}'
begin . "match=UpsertBucket load=$work/between"
ok 'the same of a config' set_one 0 --config=lr=2
is 'theirs is there, and ours' "$(texts config)" \
    '{"lr":{"value":2},"theirs":{"value":1}}'

between '{summary: "{\"theirs\":1}"}'
begin . "match=UpsertBucket load=$work/between" \
    "match=UpsertBucket nth=2 load=$work/again"
jq -n -c '{runs: [{run: "acme/p/one", summary: "{\"later\":1}"}]}' \
    >"$work/again"
ok 'and again, over what was written' set_one 0 --summary=score=1
is 'theirs are there, and ours' "$(texts summary)" \
    '{"theirs":1,"later":1,"score":1}'
begin . "match=UpsertBucket load=$work/between" \
    'match=UpsertBucket nth=2 close=before'
ok 'the write that puts it right is lost' set_one 0 --summary=score=1
is 'and made again' "$(texts summary)" '{"score":1,"theirs":1}'
begin . "match=UpsertBucket load=$work/between" \
    'match=UpsertBucket nth=2 close=after'
ok 'or only its answer' set_one 0 --summary=score=1
is 'it is so' "$(texts summary)" '{"score":1,"theirs":1}'

between '{summary: "{\"theirs\":1}"}'
begin . "match=WbRun nth=2 load=$work/between"
ok 'somebody writes over it' set_one 0 --summary=score=1
is 'it is written again' "$(texts summary)" '{"theirs":1,"score":1}'
between '{summary: "{\"score\":1}"}'
begin . "match=UpsertBucket load=$work/between"
ok 'somebody writes the same' set_one 0 --summary=score=1
is 'it is so' "$(texts summary)" '{"score":1}'
set --
for n in 2 3 4 5 6 7 8 9 10; do
    between "{summary: \"{\\\"n\\\":$n}\"}"
    mv "$work/between" "$work/between.$n"
    set -- "$@" "match=WbRun nth=$n load=$work/between.$n"
done
begin . "$@"
ok 'somebody does nothing else' set_one 1 --summary=score=1
is 'that is a conflict' "$(field error.code),$(field error.temporary)" \
    conflict,true
between '{deleted: true}'
begin . "match=UpsertBucket load=$work/between"
ok 'somebody deletes it meanwhile' set_one 1 --summary=score=1
is 'it is not there' "$(field error.code)" not_found

# ---- what the server does ----

refused() {
    printf '{"errors":[{"message":"%s"}],"data":null}' "$1"
}

stale() {
    jq -n -c --arg s "$summary" '{data: {project: {run: {name: "one",
        id: "x", state: "finished", displayName: "first", notes: "n",
        group: "g", tags: ["a", "b"], summaryMetrics: $s}}}}'
}
begin . "match=WbRun nth=2 times=3 status=200 body='$(stale)'"
ok 'the server shows it late' set_one 0 --summary=score=1
is 'it is waited for' "$(asked WbRun),$(slept)" 5,1.75
is 'and not written again' "$(asked UpsertBucket)" 1
begin . "match=WbRun nth=2 times=always status=200 body='$(stale)'"
ok 'the server does not show it' set_one 1 --summary=score=1
is 'that is not taken for done' "$(field error.code)" timeout
is 'after a minute' "$(slept | awk '{ print ($1 <= 60 && $1 >= 50) }')" 1
begin . "match=UpsertBucket status=200 body='$(refused one)'"
ok 'a server that does not take two in one' set_one 0 --summary=score=1
is 'is given one' "$(sandbox GET requests |
    jq -r 'select(.operation == "UpsertBucket") |
        .body.query | test("before")' | paste -s -d ' ' -)" 'true false'
is 'which is enough' "$(texts summary)" "${summary%\}},\"score\":1}"
begin . "match=UpsertBucket times=always status=200 body='$(refused no)'"
ok 'a server that takes none' set_one 1 --summary=score=1
is 'has its reason told' "$(field error.code): $(field error.message)" \
    'rejected: UpsertBucket: no'
begin . 'match=UpsertBucket close=after' \
    'match=WbRun nth=2 times=always status=403'
ok 'lost, and not to be asked for' set_one 1 --summary=score=1
is 'is not known' "$(field error.code)" unknown_outcome
begin . 'match=UpsertBucket status=409'
ok 'a 409' set_one 0 --summary=score=1
is 'passes' "$(texts summary)" "${summary%\}},\"score\":1}"
begin . 'match=UpsertBucket times=always close=before'
ok 'lost each time' set_one 1 --summary=score=1
is 'is told' "$(field error.code),$(asked UpsertBucket)" unavailable,5
is 'and not done' "$(texts summary)" "$summary"
begin "$dead" \
    "match=StopRun status=200 body='{\"data\":{\"stopRun\":{\"success\":false}}}'"
ok 'what the server says it has not done' set_one 1 --state=stopped
is 'is told' "$(field error.code)" rejected

# ---- delete ----

begin
ok 'to delete, nobody can be asked' set_one 2 --delete
ok 'which is said' grep_err --yes
ok 'with other changes' set_one 2 --delete --yes --tag=a
ok '--yes alone' set_one 2 --yes --tag=a
ok 'artifacts alone' set_one 2 --with-artifacts --tag=a
is 'nothing was asked for' "$(requests)" 0
ok 'dry' set_one 0 -n --delete
is 'is dry' "$(jq -c . "$out")" '{"run":"acme/p/one","dry_run":true}'
is 'it is there' "$(ask '.state')" finished
ok 'a run is deleted' set_one 0 --delete --yes
is 'and that told' "$(jq -c . "$out")" '{"run":"acme/p/one","deleted":true}'
is 'it is gone' "$(state '.runs | has("acme/p/one")')" false
is 'and was looked for' "$(asked WbRun)" 3
ok 'again' set_one 1 --delete --yes
is 'it is not there' "$(field error.code)" not_found
is 'without artifacts' "$(sandbox GET requests |
    jq -c 'select(.operation == "DeleteRun") | .body.variables |
        keys')" '["id"]'
begin
ok 'with its artifacts' set_one 0 --delete --yes --with-artifacts
is 'asks for that' "$(sandbox GET requests |
    jq -c 'select(.operation == "DeleteRun") | .body.variables |
        .deleteArtifacts')" true
begin '.state = "running" | .heartbeat_at = "2026-11-21T05:59:00Z"'
ok 'a run that runs' set_one 1 --delete --yes
is 'is not deleted' "$(field error.code),$(asked DeleteRun)" conflict,0
begin .read_only=true
ok 'one that may not be changed' set_one 1 --delete --yes
is 'neither' "$(field error.code),$(asked DeleteRun)" auth,0
between '{deleted: true}'
begin . "match=DeleteRun load=$work/between"
ok 'somebody else deletes it' set_one 0 --delete --yes
is 'it is gone' "$(field deleted)" true
begin . 'match=DeleteRun times=always close=before'
ok 'what does not come through' set_one 1 --delete --yes
is 'is not told to be done' "$(field error.code),$(field deleted)" \
    unavailable,null
begin . 'match=DeleteRun close=after' 'match=WbRun nth=2 times=always status=403'
ok 'what cannot be looked for' set_one 1 --delete --yes
is 'is not known' "$(field error.code)" unknown_outcome
begin . "match=WbRun nth=2 times=always status=200 body='$(stale)'"
ok 'what is shown still' set_one 1 --delete --yes
is 'is not gone' "$(field error.code)" timeout

# On a terminal somebody is asked.
if command -v script >"$work/found"; then
    # typed ANSWER STATUS OPTION ...: at a terminal
    typed() {
        _answer=$1
        _status=$2
        shift 2
        printf '%s\n' "$_answer" | script -qec "wb-set $* $run_name" \
            /dev/null >"$out" 2>&1
        ended $? "$_status"
    }
    begin
    ok 'asked' typed n 2 --delete
    ok 'which run' grep -q 'delete acme/p/one, for good?' "$out"
    is 'no: it stays' "$(ask .state)" finished
    ok 'asked again' typed y 0 --delete
    is 'yes: it is gone' "$(state '.runs | has("acme/p/one")')" false
fi

# The undo of a sync takes its marker along: each fragment's.
serve
copy resumed
wb-find-runs "$work/runs" | wb-sync >"$work/synced" 2>"$err"
is 'a sync of two fragments' "$(jq .fragments "$work/synced" | paste -s -d ' ' -)" \
    '2 2'
is 'is marked' "$(markers)" 2
ok 'is undone' run_input "$(cat "$work/synced")" 0 wb-set --delete --yes
is 'the markers are gone' "$(markers)" 0
is 'the records say so' "$(jq -c '[.deleted, .synced]' "$out" | sort -u)" \
    '[true,false]'
is 'and the runs' "$(state .runs)" '{}'
serve
copy typical
sync 0
ok 'by its folder, dry' run_input "{\"run\":\"$(jq -r .run "$out")\",\
\"run_dir\":\"$(dirname "$file")\",\"verified\":true}" 0 wb-set -n --delete
is 'it stays' "$(markers)" 1
ok 'by its folder' run_input "$(jq -c 'del(.dry_run)' "$out")" 0 \
    wb-set --delete --yes
is 'it is gone' "$(markers),$(field verified)" 0,null
sync 1
is 'and the id is not free again' "$(field error.code)" rejected

# ---- calls ----

begin
for wrong in --summary=a --summary= --summary==1 --config=_wandb=1 \
    --config=_wandb.t=1 --summary=- --tag= --tag=- --tag=+ --name= \
    --state=running --state=crashed "--notes=$(printf '\377')"; do
    ok "wrong: $wrong" set_one 2 "$wrong"
done
ok 'a state that cannot be set is named' set_one 2 --state=killed
ok 'with those that can' grep_err 'finished, failed, stopped, pending'
is 'nothing was asked for' "$(requests)" 0
ok 'many at once' run_input "$(yes acme/p/one | head -n 6)" 0 wb-set -j3 --tag=c
is 'come to the same' "$(ask .tags)" '["a","b","c"]'
is 'without a violation' "$(state .violations)" '[]'
done_testing
