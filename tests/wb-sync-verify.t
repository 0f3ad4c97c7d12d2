#!/bin/sh
# wb-sync --verify, --again, --skip, --exclude: what is there, what lacks, what
# stays here; and ids that are used up.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

marks='{"features": ["MARK_RUN_FILES_UPLOADED"]}'

# What somebody else does to the run with the id $1.
graphql() {
    jq -n --arg query "$1" '{query: $query}' |
        curl -sS -u "api:$WANDB_API_KEY" -H 'Content-Type: application/json' \
            --data-binary @- "$url/graphql"
}

set_run() {
    graphql "mutation { upsertBucket(input: {name: \"$1\",
        modelName: \"$(run_state "$1" .project)\",
        entityName: \"$(run_state "$1" .entity)\", $2}) { inserted } }" \
        >/dev/null
}

get_run() {
    graphql "{ project(name: \"$(run_state "$1" .project)\",
        entityName: \"$(run_state "$1" .entity)\") {
        run(name: \"$1\") { id projectId $2 } } }" | jq -r ".data.project$3"
}

lose_file() {
    graphql "mutation { deleteFiles(input: {files:
        [\"$(get_run "$1" "files(names: [\"$2\"]) { edges { node { id } } }" \
        '.run.files.edges[0].node.id')\"],
        projectId: $(get_run "$1" '' .run.projectId)}) { success } }" >/dev/null
}

# --verify of $file finds $2 lacking, and sends nothing.
lacks() {
    before=$(writes)
    ok "$1" run 1 wb-sync --verify "$file"
    ok "$1: it is said" grep_err "$2"
    is "$1: it is not verified" "$(field verified)$(field synced)" falsefalse
    is "$1: the code" "$(field failed.code)" conflict
    is "$1: nothing is sent" "$(writes)" "$before"
}

# ---- what is there ----

kinds='alert console crashed crashed_block define_metric failed files minimal
    nested nonfinite nonfinite_config norows numbers reinit resumed
    resumed_restart steps sweep system typed typical unicode'
serve
# shellcheck disable=SC2086
copy $kinds
sync 0
before=$(writes)
: >"$work/alone"
while IFS= read -r path; do
    wb-sync --verify "$path" 2>/dev/null >>"$work/alone"
done <"$work/files"
is 'each file alone' "$(jq -c '[.synced, .verified]' "$work/alone" | sort -u)" \
    '[true,true]'
wb-find-runs "$work/runs" >"$work/found"
ok 'all of them' run_input "$(cat "$work/found")" 0 wb-sync --verify
is 'are verified' "$(jq -c '[.synced, .verified, .skipped]' "$out" | sort -u)" \
    '[true,true,null]'
is 'which is the list that may be deleted' \
    "$(jq -r 'select(.verified) | .run_dir' "$out" | sort)" \
    "$(jq -r .run_dir "$work/found" | sort)"
is 'nothing is sent' "$(writes)" "$before"

# ---- what is not ----

serve
copy typical
lacks 'a run that is not there' 'no such run'
is 'and none is made' "$(state .runs)" '{}'
ok 'a claim of before' run_input \
    "{\"wandb_file\": \"$file\", \"verified\": true, \"skipped\": true}" \
    1 wb-sync --verify
is 'is none now' "$(field verified)$(field skipped)" falsenull
ok 'of a file that is gone' run_input \
    "{\"wandb_file\": \"$work/gone.wandb\", \"verified\": true}" \
    1 wb-sync --verify
ok 'and of a folder' run_input \
    "{\"run_dir\": \"$work/gone\", \"verified\": true}" 1 wb-sync --verify
is 'is none either' "$(jq 'select(.verified)' "$out")" ''

cp "$srcdir"/tests/data/damaged/cut_body/wandb/*/*.wandb "$work/cut.wandb"
run 1 wb-sync -e acme -p kaggle-demo --id=typical0 "$work/cut.wandb"
lacks 'rows' '279 rows of 505'
ok 'the cut file itself' run 1 wb-sync --verify --id=typical0 "$work/cut.wandb"
is 'is all there, but damaged' \
    "$(field verified)$(field failed.code)" falsedamaged
ok 'accepted' \
    run 0 wb-sync --verify --accept-damage --id=typical0 "$work/cut.wandb"
is 'it may be deleted' "$(field verified)$(field damage.accepted)" truetrue
is 'but is not marked' "$(find "$work" -name 'cut*.synced')" ''

sync 0
is 'the rest goes up' "$(run_state typical0 .history.lines)" 505
summary=$(sandbox GET runs/acme/kaggle-demo/typical0/summary)
json() { # as GraphQL text
    jq -n --arg text "$1" '$text'
}
set_run typical0 "summaryMetrics: $(json "$(echo "$summary" |
    jq -c '.score = 7')")"
ok 'a key more in the summary' run 0 wb-sync --verify "$file"
set_run typical0 "summaryMetrics: $(json "$(echo "$summary" |
    jq -c '.note = "else"')")"
lacks 'another value' 'the summary is another'
set_run typical0 "summaryMetrics: $(json "$summary")"
config=$(sandbox GET runs/acme/kaggle-demo/typical0/config)
set_run typical0 "config: $(json "$(echo "$config" |
    jq -c '.lr.value = 7')")"
lacks 'another config' 'the config is another'
set_run typical0 "config: $(json "$config")"
ok 'as it was' run 0 wb-sync --verify "$file"

stream() {
    curl -sS -u "api:$WANDB_API_KEY" --data-binary @- \
        "$url/files/acme/kaggle-demo/typical0/file_stream" >/dev/null
}
echo '{"complete": true, "exitcode": 1}' | stream
lacks 'another state' 'failed, not finished'
echo '{"files": {"wandb-history.jsonl": {"offset": 0, "content":
    ["{\"_step\": 0, \"_timestamp\": 1}"]}}, "complete": true, "exitcode": 0}' |
    stream
lacks 'another first row' 'the first row is another'

serve
copy typical
run 0 wb-sync --skip=console "$file"
lacks 'console lines' '0 console lines of 5'
serve
run 0 wb-sync --skip=stats "$file"
lacks 'system metrics' '0 system metrics samples of 1'
serve
run 0 wb-sync --exclude='output.*' "$file"
lacks 'a file' '1 file.*(output.log)'

ok 'not with --again' run 2 wb-sync --verify --again "$file"

# ---- --again, for files ----

# A file that the server has lost comes back; how the run is told of it.
again() {
    serve --load "$1"
    copy files
    sync 0
    lose_file files000 data/deep/b.bin
    lacks "$2: a file" '1 file.*(data/deep/b.bin)'
    posts=$(asked file_stream)
    uploads=$(asked upload)
    ok "$2: again" run 0 wb-sync --again "$file"
    is "$2: only that one goes up" "$(asked upload)" $((uploads + 1))
    is "$2: the run is what it was" "$(held files)" '"equal"'
    is "$2: the stream is used" $(($(asked file_stream) - posts)) "$3"
    is "$2: or not" "$(asked MarkRunFilesUploaded)" $((1 - $3))
}

again '{}' 'an old server' 1
again "$marks" 'a server that can be told' 0
echo more >>"${file%/*}/files/data/deep/b.bin"
lacks 'a file that is another here' '1 file.*(data/deep/b.bin)'
posts=$(asked file_stream)
ok 'it goes up again' run 0 wb-sync --again "$file"
ok 'and is there' run 0 wb-sync --verify "$file"
is 'the run was not revived' "$(asked file_stream)" "$posts"

# ---- what stays here ----

# Of the only run.
names() {
    state '.runs[].files | keys | join(" ")'
}

# $1: a kind, all of which goes up later; $2: --skip; then left_out.
without() {
    serve
    copy "$1"
    ok "$1 without $2" sync 0 --skip="$2"
    is "$1 without $2: it is said" "$(field left_out)" "$3"
    is "$1 without $2: the mark is not the official one" \
        "$(markers)$(jq -c .left_out "$file.partial")" "0$3"
    before=$(requests)
    ok "$1 without $2: again" sync 0 --skip="$2"
    is "$1 without $2: asks nothing" \
        "$(requests)$(field skipped)$(field left_out)" "${before}true$3"
    ok "$1 without $2: and less" sync 0 --skip="$2" --skip=console,stats,files
    is "$1 without $2: asks nothing either" "$(requests)" "$before"
}

whole() {
    ok "$1: the rest" sync 0
    is "$1: is there" "$(held "$1")" '"equal"'
    is "$1: and marked" "$(markers)$([ -e "$file.partial" ] || echo alone)" 1alone
}

without typical console '["console"]'
is 'no line' "$(run_state typical0 .console.lines)" 0
is 'no output.log' "$(names)" \
    'config.yaml wandb-metadata.json wandb-summary.json'
whole typical
without system stats '["stats"]'
is 'no sample' "$(state '.runs[].events.lines')" 0
whole system
without files files '["files"]'
is 'no file but those of the run' "$(names)" \
    'config.yaml wandb-metadata.json wandb-summary.json'
whole files
without media media,artifacts '["media","artifacts"]'
is 'no media'  "$(names | grep media)" ''
without code code,artifacts '["artifacts","code"]'
is 'no code'  "$(names | grep 'code\|diff')" ''

# ---- each kind, of runs that have all of them ----

all='artifact media code files system typical'
# What is there, a word for each kind, as often as there is some of it.
kinds_there() {
    state '.runs | map(
        (.console.lines > 0 | if . then "console" else empty end),
        (.events.lines > 0 | if . then "stats" else empty end),
        (.artifacts[] | .type | if . == "code" or . == "run_table"
            then . else "artifact" end),
        (.files | keys[] | if startswith("media/") then "media"
            elif startswith("code/") or . == "diff.patch" then "code/"
            elif . == "output.log" then "log"
            elif . == "config.yaml" or startswith("wandb-") then empty
            else "file" end))
        | group_by(.) | map("\(length) \(.[0])") | join(", ")'
}
# without_kind KIND WORD ...: those that --skip=KIND takes away; the rest is
# all there, each marker names the kind, and what was left goes up later.
without_kind() {
    left=$1
    shift
    serve
    # shellcheck disable=SC2086
    copy $all
    ok "--skip=$left" sync 0 --skip="$left"
    less=$whole
    for word; do
        less=$(echo "$less" | tr ',' '\n' | sed 's/^ //' |
            grep -v " $word\$" | paste -s -d, | sed 's/,/, /g')
    done
    is "--skip=$left: what is there" "$(kinds_there)" "$less"
    is "--skip=$left: the marks say what is not" \
        "$(find "$work/runs" -name '*.partial' -exec jq -c .left_out {} + |
            sort -u)" "[\"$left\"]"
    is "--skip=$left: they are where the records say it" \
        "$(find "$work/runs" -name '*.partial' | wc -l | tr -d ' ')" \
        "$(jq -c 'select(.left_out) | 1' "$out" | wc -l | tr -d ' ')"
    ok "--skip=$left: is verified as such" sync 0 --verify --skip="$left"
    ok "--skip=$left: but not as the whole" sync 1 --verify
    ok "--skip=$left: the rest" sync 0
    is "--skip=$left: goes up" "$(kinds_there)" "$whole"
    for one in $all; do
        is "--skip=$left: $one is whole" "$(held "$one")" '"equal"'
    done
}

serve
# shellcheck disable=SC2086
copy $all
sync 0
whole=$(kinds_there)
is 'there is some of each kind' "$(echo "$whole" | tr -d '0-9 ')" \
    artifact,code,code/,console,file,log,media,run_table,stats
without_kind console console log
without_kind stats stats
without_kind media media run_table
without_kind code code code/
without_kind files file
without_kind artifacts artifact code run_table

serve
copy minimal
ok 'what is not there' sync 0 --skip=media,artifacts,code
is 'is not left out' "$(field left_out)$(markers)" null1

serve
copy files
ok 'some files' sync 0 --exclude='*.txt' --exclude='data/*'
is 'stay here' "$(names | grep -c 'txt\|data/')" 0
is 'it is said' "$(field left_out)" '["exclude=*.txt","exclude=data/*"]'
before=$(requests)
ok 'fewer of them' sync 0 --exclude='*.txt'
ok 'is another question' [ "$(requests)" -gt "$before" ]
whole files

serve
make-run cut 30 10 0 resume >"$work/one.wandb"
make-run cut 30 10 1000 resume >"$work/two.wandb"
run 0 wb-sync --skip=console "$work/one.wandb" "$work/two.wandb"
is 'two files of a run without console' \
    "$(state '.runs[] | [.history.lines, .console.lines]')" '[60,0]'
before=$(writes)
ok 'the first one with it, too late' run 1 wb-sync "$work/one.wandb"
ok 'is told' grep_err '0 console lines of 30'
is 'is not marked' "$(find "$work" -name 'one*.synced')" ''
is 'and not sent' "$(writes)" "$before"

ok 'a kind that is none' run 2 wb-sync --skip=media,lyrics "$work/one.wandb"
ok 'which is named' grep_err lyrics

# ---- an id that may not be used again ----

serve
copy typical
sync 0
graphql "mutation { deleteRun(input:
    {id: \"$(get_run typical0 '' .run.id)\"}) { clientMutationId } }" >/dev/null
find "$work/runs" -name '*.synced' -delete
posts=$(asked UpsertBucket)
ok 'a run that was deleted' sync 1
is 'is refused' "$(field error.code)$(field error.temporary)" rejectedfalse
is 'at once' $(($(asked UpsertBucket) - posts)),"$(slept)" 1,0
ok 'with the way out' grep_err 'id=NEW'
ok 'which is one' sync 0 --id=second
is 'all of it is there' "$(run_state second .history.lines)" 505

words='run a/b/c was previously created and deleted; try a new run name'
serve --fault "match=UpsertBucket status=409 body='{\"errors\":[{\"message\":\"$words\"}]}'"
copy minimal
ok 'as the real one says it' sync 1
is 'it is the same' \
    "$(field error.code),$(asked UpsertBucket),$(slept)" rejected,1,0

done_testing
