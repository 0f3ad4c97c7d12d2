#!/bin/sh
# wb-sync -f: a run is on the server while it is written, and no more than that.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

make-run live 400 200 1000 >"$work/whole"
make-run other 300 200 5000 >"$work/whole2"
make-run live 400 200 1000 killed >"$work/killed"
size=$(wc -c <"$work/whole")

# The file of a run whose program has it open as descriptor 9, and wrote the
# first $1 bytes.
writer() {
    rm -rf "$work/live"
    mkdir -p "$work/live/offline-run-20261121_060000-live"
    file=$work/live/offline-run-20261121_060000-live/run-live.wandb
    exec 9>"$file"
    written=0
    write_to "$1"
}

write_to() {
    tail -c +$((written + 1)) "$work/whole" | head -c $(($1 - written)) >&9
    written=$1
}

follow() {
    wb-sync -f "$@" >"$out" 2>"$err" 9>&- &
    pid=$!
}

# until_there N: until the run has at least so many rows, or nobody sends any.
until_there() {
    while [ "$(run_state live .history.lines)" -lt "$1" ] 2>/dev/null ||
        [ -z "$(run_state live .state)" ]; do
        kill -0 $pid 2>/dev/null || return 1
    done
}

until_slept() {
    while [ "$(slept | cut -d. -f1)" -lt "$1" ]; do
        kill -0 $pid 2>/dev/null || return 1
    done
}

ends_with() {
    wait $pid
    ended $? "$1"
}

whole() {
    run_state "$1" ' | [.state, .history, .events, .console, .summary, .config,
        (.files | map_values(.size))]'
}

serve
ok 'a whole run' run 0 wb-sync --no-mark "$work/whole"
want=$(whole live)

# ---- while it is written ----

serve
writer 40000
follow "$file"
ok 'what is on the disk' until_there 120
is 'is on the server' "$(run_state live ' | [.state, .history.lines >= 120]')" \
    '["running",true]'
is 'the newest lines of the console, too' "$(run_state live ' |
    .console.lines == .history.lines')" true
before=$(run_state live .history.lines)
write_to 80000
ok 'what is written then' until_there $((before + 100))
ok 'silence' until_slept $(($(slept | cut -d. -f1) + 200))
is 'does not end it' "$(run_state live .state)" running
write_to "$size"
exec 9>&-
ok 'the end' ends_with 0
is 'is said' "$(grep -c 'the run has ended, with exit code 0' "$err")" 1
is 'all of it is there' "$(whole live)" "$want"
is 'verified' "$(field verified)$(field synced)" truetrue
is 'and what ended it' "$(field ended_by)" exit
ok 'and marked' [ -s "$file.synced" ]
ok 'for what it is' run 0 wb-sync "$file"
is 'which is not sent again' "$(field skipped)" true
is 'nothing was wrong' "$(state .violations)" '[]'
is 'a post every 3 s at most, or one of life every 30 s' \
    "$(state ".requests.file_stream | . <= $(slept) / 3 + 2
        and . >= $(slept) / 40")" true
is 'no question beside' "$(state '[.requests.RunResumeStatus,
    .requests.UpsertBucket <= 2]')" '[2,true]'

# ---- killed, and begun again ----

serve
writer 1000
for to in 30000 50000 65536 98304; do
    follow "$file"
    before=$(run_state live .history.lines)
    write_to $to
    ok "killed at $to" until_there $((${before:-0} + 40))
    kill -9 $pid
    wait $pid 2>/dev/null
    is "killed at $to: it goes on" "$(run_state live .state)" running
done
follow "$file"
write_to "$size"
exec 9>&-
ok 'gone on with to the end' ends_with 0
is 'all of it is there, once' "$(whole live)" "$want"
is 'and nothing was wrong' "$(state .violations)" '[]'
follow "$file"
ok 'a run that has ended' ends_with 0
is 'is passed on' "$(field skipped)" true

# ---- the writer is gone ----

serve
cp "$work/whole" "$work/kept"
cp "$work/killed" "$work/whole"
writer "$(wc -c <"$work/killed")"
follow "$file"
ok 'a run' until_there 400
exec 9>&-
ok 'whose program is gone' ends_with 0
is 'it is said' "$(grep -c 'no process has the file open' "$err")" 1
is 'has failed' "$(run_state live ' | [.state, .history.lines]')" \
    '["failed",400]'
is 'and that is what ended it' "$(field ended_by)" gone
cp "$work/kept" "$work/whole"

# ---- the file is not what it was ----

for how in cut replaced; do
    serve
    writer 60000
    follow "$file"
    ok "$how: a run" until_there 180
    case $how in
    cut) truncate -s 30000 "$file" ;;
    replaced) cp "$work/whole2" "$work/new" && mv "$work/new" "$file" ;;
    esac
    ok "$how: the end" ends_with 1
    is "$how: is a conflict that may pass" \
        "$(field error.code)$(field error.temporary)" conflicttrue
    ok "$how: is said" grep_err "the file was $how while it was followed"
    is "$how: the run goes on" "$(run_state live .state)" running
    is "$how: no mark" "$(find "$work/live" -name '*.synced')" ''
    exec 9>&-
done

# ---- what else may happen ----

serve
writer 40000
follow --timeout=100 "$file"
ok 'a limit of time' ends_with 1
is 'is one' "$(field error.code)$(field error.temporary)" timeouttrue
is 'the run goes on' "$(run_state live .state)" running
exec 9>&-
writer 32768
follow -n "$file"
ok 'a dry run does not wait' ends_with 0
exec 9>&-

serve
writer 40000
follow "$file"
until_there 100
graphql() {
    jq -n -c --arg query "$1" '{query: $query}' |
        curl -sS -u "api:$WANDB_API_KEY" -H 'Content-Type: application/json' \
            --data-binary @- "$url/graphql"
}
id=$(graphql '{project(name: "made") {run(name: "live") {id}}}' |
    jq -r .data.project.run.id)
graphql "mutation {stopRun(input: {id: \"$id\"}) {success}}" >/dev/null
before=$(asked file_stream)
while [ "$(asked file_stream)" -lt $((before + 3)) ]; do :; done
write_to "$size"
exec 9>&-
ok 'the stop button' ends_with 0
is 'is told, once' "$(grep -c 'asked on .* for the run to stop' "$err")" 1

# Several at once, as wb-find-runs finds them.
serve
writer 40000
mkdir "$work/live/offline-run-20261121_070000-other"
cp "$work/whole2" "$work/live/offline-run-20261121_070000-other/run-other.wandb"
wb-find-runs "$work/live" >"$work/found"
is 'one goes on' "$(jq -c -s 'map(.state) | sort' "$work/found")" \
    '["finished","live"]'
wb-sync -f -j4 <"$work/found" >"$out" 2>"$err" 9>&- &
pid=$!
ok 'it is sent' until_there 100
write_to "$size"
exec 9>&-
ok 'with the others' ends_with 0
is 'both are whole' "$(jq -c -s 'map(.synced)' "$out")" '[true,true]'
is 'the one' "$(whole live)" "$want"

done_testing
