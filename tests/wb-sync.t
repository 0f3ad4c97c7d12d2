#!/bin/sh
# wb-sync: the server holds what the file says, once, and it was asked.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

# ---- all kinds of runs ----

kinds='alert artifact code console crashed crashed_block define_metric failed files media
    minimal nested nonfinite nonfinite_config norows numbers reinit resumed
    resumed_restart steps sweep system typed typical unicode'

# One sandbox for all: they have ids of their own.
sync_all() {
    ok "$1: all kinds" sync 0
    is "$1: every record says so" \
        "$(jq -c '[.synced, .verified]' "$out" | sort -u)" '[true,true]'
    is "$1: every file is marked" "$(markers)" "$(wc -l <"$work/files")"
    sandbox GET state >"$work/state"
    is "$1: nothing was wrong" "$(jq -c .violations "$work/state")" '[]'
    for kind in $kinds; do
        is "$1: $kind: the server holds what it should" \
            "$(held "$kind" "$work/state")" '"equal"'
    done
}

serve
# shellcheck disable=SC2086
copy $kinds
sync_all new
before=$(requests)
ok 'again' sync 0
is 'asks nothing' "$(requests)" "$before"
is 'and says so' "$(jq -c .skipped "$out" | sort -u)" true
before=$(writes)
find "$work/runs" -name '*.synced' -delete
sync_all 'without the marks'
is 'without the marks: sends nothing' "$(writes)" "$before"

# ---- records, operands, options ----

serve
copy minimal
ok 'a run folder' run 0 wb-sync "${file%/*}"
is 'is done like its file' "$(field history_lines)" 3
is 'and named as the server names it' "$(field run)" tester/kaggle-demo/minimal0
is 'with its page' "$(field url)" "$url/tester/kaggle-demo/runs/minimal0"
is 'its last step' "$(field last_step)" 2
is 'its files' "$(field files)" 3
is 'the time' "$(field verified_at)" 2026-11-21T06:00:00Z
ok 'a record' run_input \
    "{\"run_dir\": \"${file%/*}\", \"note\": [1.5, \"é\"]}" 0 wb-sync
is 'keeps its fields' "$(field note)" '[1.5,"é"]'
ok 'a run folder without a run' run 1 wb-sync "$work/home"
is 'is not found' "$(field error.code)" not_found
ok 'nor one that has gone' run_input \
    "{\"run_dir\":\"$work/home\",\"synced\":true,\"verified\":true}" 1 wb-sync
is 'whatever was said of it' "$(field synced),$(field verified)" false,null
ok 'a file that is not there' run 1 wb-sync "$work/none.wandb"
is 'is neither' "$(field error.code)" not_found

serve
copy typical
ok 'other names' sync 0 -e team -p other --id=copy1 --name=nicer \
    --tag=one --tag=v1 --group=g2 --job-type=eval
is 'are used' "$(run_state copy1 | jq -c '[.entity, .project, .name,
    .displayName, .tags, .group, .jobType, .history.lines]')" \
    '["team","other","copy1","nicer",["baseline","v1","late-tag","one"],"g2","eval",505]'
ok 'the marker is for that place only' sync 0
is 'so the run goes to its own place too' "$(run_state typical0 .history.lines)" 505
ok 'an id that cannot be one' run 2 wb-sync --id=a/b "$file"
serve
copy sweep
ok 'what the file leaves open' \
    run 0 env WANDB_ENTITY=e1 wb-sync "$file"
is 'comes from the environment' "$(field run | cut -d/ -f1)" e1

serve
copy minimal
ok 'a dry run' sync 0 -n
is 'says what there is' "$(field history_lines),$(field files)" 3,3
is 'and what it is' "$(field dry_run)" true
is 'asks nothing' "$(requests)" 0
is 'marks nothing' "$(markers)" 0
run 0 wb-sync "$file"
ok 'a dry run of a marked file' run 0 wb-sync -n "$file"
is 'is one, too' "$(field dry_run),$(field skipped)" true,true
ok 'what an earlier call found' run 0 wb-sync --again \
    "{\"wandb_file\":\"$file\",\"skipped\":true,\"x\":1}"
is 'is forgotten' "$(field skipped),$(field x)" null,1
for option in --tag= --name= --id= -ea/b -pa/b -e; do
    ok "$option is a wrong call" run 2 wb-sync "$option" "$file"
done
ok 'a record of a dry run without a file' \
    run_input '{"dry_run": true, "kernel": "u/k"}' 0 wb-sync
is 'is passed on' "$(jq -c . "$out")" '{"dry_run":true,"kernel":"u/k"}'

# ---- a server that wants to be left alone for a day ----

for operation in RunResumeStatus upload RunFiles; do
    serve --fault "match=$operation status=429 retry-after=86400"
    copy minimal
    ok "$operation: after a day" sync 1
    is "$operation: is not waited for" "$(slept)" 0
    is "$operation: is said" \
        "$(jq -r '(.error // .failed).code' "$out")" unavailable
done

# ---- a proxy that answers in the server's stead ----

page='header="Content-Type: text/html" body="<html>log in</html>"'
serve --fault "match=file_stream times=2 status=200 $page"
copy minimal
ok 'file_stream answers with a page, twice' sync 0
is 'and is asked again' "$(asked file_stream)" 3
is 'the run is whole' "$(held minimal)" '"equal"'
serve --fault "match=file_stream times=always status=200 $page"
copy minimal
ok 'file_stream answers with a page, always' sync 1
is 'that is no answer' "$(field error.code),$(field error.temporary)" \
    unavailable,true
ok 'and said' grep_err 'file_stream: the answer is no JSON object'
ok 'after five minutes at most' [ "$(slept | cut -d. -f1)" -le 300 ]

# A proxy's password is a secret, too.
serve
copy minimal
for proxy in http://u:s3cret@h:99999 nope://u:s3cret@h http://u:s3cret@127.0.0.1:1; do
    ok "$proxy" run 1 env -u no_proxy http_proxy="$proxy" \
        wb-sync -v --timeout=1 "$file"
    is 'is not there' "$(field error.code)" unavailable
    ok 'nor is it said' sh -c '! grep s3cret "$1" "$2"' sh "$out" "$err"
done
for base in http://u:s3cret@h ftp://u:s3cret@h; do
    ok "$base is a wrong call" run 2 env WANDB_BASE_URL="$base" wb-sync "$file"
    ok 'and not said' sh -c '! grep s3cret "$1"' sh "$err"
done

# ---- half a surrogate pair, which Python writes for a name of bytes ----

serve
make-run half 2 10 0 half >"$work/half.wandb"
ok 'half a surrogate pair' run 0 wb-sync "$work/half.wandb"
is 'is U+FFFD in the config' \
    "$(sandbox GET runs/tester/made/half/config | jq -c .half)" \
    '{"value":"�"}'
is 'and as it was in the summary' \
    "$(sandbox GET runs/tester/made/half/summary | grep -c '"half":"\\ud800"')" 1
run 0 wb-find-runs --summary "$work/half.wandb"
is 'which can be read' "$(field summary.half)" '�'

# ---- a signal ----

serve --fault 'match=file_stream silence'
copy minimal
interrupted '[ "$(asked file_stream)" -gt 0 ]' wb-sync "$file"
is 'a signal ends it' $? 143
ok 'and it says where things are' grep_err "$file: what came is at $url/"

# ---- who we are ----

serve --load '{"identity_token": "a.b+c/d="}'
copy minimal
echo 'a.b+c/d=' >"$work/token"
ok 'an identity token' run 0 env -u WANDB_API_KEY \
    WANDB_IDENTITY_TOKEN_FILE="$work/token" wb-sync -v "$file"
is 'is exchanged, once' "$(state '.requests.token')" 1
ok 'and never said' sh -c '! grep -e a.b+c -e access-token "$1" "$2"' sh \
    "$out" "$err"
rm "$file.synced"
echo 'wrong' >"$work/token"
ok 'a wrong one' run 1 env -u WANDB_API_KEY \
    WANDB_IDENTITY_TOKEN_FILE="$work/token" wb-sync "$file"
is 'is refused' "$(field error.code)" auth
ok 'with the name of its source' grep_err WANDB_IDENTITY_TOKEN_FILE
wrong=$(echo "$WANDB_API_KEY" | tr 0-9 f)
ok 'a wrong key' run 1 env WANDB_API_KEY="$wrong" wb-sync "$file"
is 'is refused, too' "$(field error.code)" auth
ok 'with its source' grep_err 'HTTP 401.*; the credential is from WANDB_API_KEY'
ok 'and not said' sh -c '! grep -e "$1" "$2" "$3"' sh "$wrong" "$out" "$err"
for operation in file_stream RunFiles; do
    serve --fault "match=$operation status=403"
    ok "$operation: refused" run 1 wb-sync --no-mark "$file"
    ok "$operation: names the source" grep_err 'credential is from WANDB_API_KEY'
done
mkfifo "$work/netrc"
ok 'a netrc that is a pipe' run 2 env -u WANDB_API_KEY NETRC="$work/netrc" \
    timeout 60 wb-sync "$file"
ok 'is not waited for, and said' grep_err "$work/netrc: not a regular file"

# ---- many ----

# A run that is new costs seven requests in five round trips, once it is known
# whose it is.
serve
make-run first 3 10 >"$work/first.wandb"
make-run next 3 10 >"$work/next.wandb"
ok 'a run' run 0 wb-sync --no-mark "$work/first.wandb"
is 'of an entity that is not known' "$(asked CreateRunFiles)" 1
ok 'the next' run 0 wb-sync "$work/next.wandb"
is 'is asked for with its files' "$(state '.requests | [.RunResumeStatus,
    .UpsertBucket, .CreateRunFiles, .upload, .file_stream, .RunFiles]')" \
    "[4,2,1,6,2,2]"
is 'and has them' "$(run_state next '.files | length')" \
    "$(run_state first '.files | length')"
is 'a console line has the time at which it was written' \
    "$(sandbox GET runs/tester/made/next/console | tail -n 1)" \
    '2026-11-18T11:06:40.030000 line 2'
serve
run 0 wb-sync --no-mark "$work/first.wandb"
body='{"data":null,"errors":[{"message":"one mutation at a time"}]}'
sandbox POST faults "match=UpsertBucket nth=1 status=200 body='$body'" >/dev/null
ok 'a server that takes one mutation at a time' run 0 wb-sync "$work/next.wandb"
is 'is asked for one at a time' "$(asked UpsertBucket)$(asked CreateRunFiles)" 32

# One 429 slows all and stops none.
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    make-run many$n 3 10 >"$work/many$n.wandb"
done
serve --fault 'nth=30 status=429 retry-after=40'
ok 'twenty runs, and a 429' run 0 wb-sync "$work"/many*.wandb
is 'all are there' "$(state '.runs | map(select(.history.lines == 3 and
    .state == "finished")) | length')" 20
ok 'they waited' [ "$(slept | cut -d. -f1)" -ge 40 ]
is 'nothing was wrong' "$(state .violations)" '[]'

# ---- the marker ----

serve
copy minimal
ok 'without a mark' sync 0 --no-mark
is 'there is none' "$(markers)" 0
ok 'with one' sync 0
is 'it says what was confirmed' "$(jq -c '[.run, .history_lines, .last_step,
    .files, .size]' "$file.synced")" \
    "[\"tester/kaggle-demo/minimal0\",3,2,3,$(wc -c <"$file")]"
is 'and of which bytes' "$(jq -r .sha256 "$file.synced")" \
    "$(sha256sum <"$file" | cut -d' ' -f1)"
before=$(requests)
ok 'asked for again' sync 0 --again
ok 'the server is asked' [ "$(requests)" -gt "$before" ]
before=$(requests)
: >"$file.synced"
ok 'the mark of the official client' sync 0
ok 'is a claim to check' [ "$(requests)" -gt "$before" ]
serve
: >"$file.synced"
ok 'which may be untrue' sync 0
is 'so the run goes up' "$(run_state minimal0 .history.lines)" 3
cp "$(dirname "$srcdir/tests/data/runs/crashed/wandb")"/wandb/*/*.wandb "$file"
ok 'another file under the mark' sync 0
is 'is another run' "$(field skipped)$(field run)" nulltester/kaggle-demo/crashed0

# ---- files that are there, but an earlier file's ----

serve
copy resumed
ok 'a run of two files' sync 0
held=$(state '.runs[].files')
serve
copy resumed
sandbox POST faults 'match=config.yaml nth=2 times=2 status=403' >/dev/null
ok 'the config.yaml of the later one is refused' sync 1
ok 'again' sync 0
is 'it is the later one'"'s" "$(state '.runs[].files')" "$held"

# ---- alerts ----

# Its end was sent, and then it was killed: whether the alerts came is not known.
serve
copy alert
ok 'a run with alerts' sync 0 --no-mark
is 'they are sent' "$(state '.runs[].alerts | length')" 2
ok 'again' sync 0
is 'they are not sent again' "$(state '.runs[].alerts | length')" 2
ok 'which is said' grep_err 'its alerts (2) are not sent again'

# ---- what is there and is not the file's ----

make-run same 20 10 >"$work/one.wandb"
make-run same 30 10 5000 >"$work/other.wandb"
make-run same 10 10 5000 >"$work/less.wandb"
make-run same 20 10 5000 resume >"$work/later.wandb"
make-run same 20 10 -5000 resume >"$work/sooner.wandb"
make-run same 0 10 5000 >"$work/none.wandb"
serve
ok 'a run' run 0 wb-sync "$work/one.wandb"
before=$(state .runs)
sent=$(writes)
for other in other less none sooner; do
    ok "$other: another run of that id" run 1 wb-sync "$work/$other.wandb"
    is "$other: is a conflict" \
        "$(field error.code)$(field error.temporary)" conflictfalse
    is "$other: is not marked" "$(find "$work" -name "$other*.synced")" ''
done
is 'nothing was sent' "$(writes)" "$sent"
is 'and nothing is lost' "$(state .runs)" "$before"
ok 'one that goes on with it' run 0 wb-sync "$work/later.wandb"
is 'is no conflict' "$(field history_lines)" 40
serve
copy norows
ok 'a run without rows' sync 0 --id=same
copy minimal
ok 'another of its id' sync 1 --id=same
is 'is told by when it began' "$(field error.code)" conflict

# ---- who else is at work ----

serve
copy minimal
(
    flock 9
    run 1 wb-sync "$file"
) 9<"$file"
is 'two at once' "$(field error.code)$(field error.temporary)" conflicttrue
copy crashed
(run 1 wb-sync "$file") 9>>"$file"
is 'a run that goes on' "$(field error.code)$(field error.temporary)" conflicttrue
is 'nothing was asked' "$(requests)" 0
copy minimal
(run 0 wb-sync "$file") 9>>"$file"
is 'one that has ended is whole' "$(field synced)" true

every_tool wb-sync

done_testing
