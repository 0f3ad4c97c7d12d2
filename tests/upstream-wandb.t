#!/bin/sh
# What the official client of W&B (wandb 0.31.0, `wandb sync`) gets wrong: one
# check for each case. Its exit status is 0 in all of them.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

# refused CODE: the last call ended in an error of that code, marked nothing
refused() {
    [ "$(field error.code) $(markers)" = "$1 0" ] && return
    echo "# $(field error.code) $(markers)"
    return 1
}

# lacking CODE: it sent the rest, said what is not there, marked nothing
lacking() {
    [ "$(field failed.code) $(field synced) $(markers)" = "$1 false 0" ] &&
        return
    echo "# $(field failed.code) $(field synced) $(markers)"
    return 1
}

# clear: no more faults, and the next call must heal it
heals() {
    sandbox DELETE faults >/dev/null
    sync 0 && [ "$(held "$1")" = '"equal"' ] &&
        [ "$(state .violations)" = '[]' ]
}

# ---- GraphQL fails: nothing is there, at least it is not marked ----
copy typical
for fault in 'status=500 unavailable' 'status=400 rejected' \
    'status=401 auth' 'status=403 auth'; do
    serve --fault "match=graphql times=always ${fault% *}"
    sync 1
    ok "GraphQL ${fault% *}" refused "${fault#* }"
    is "GraphQL ${fault% *}: nothing is there" "$(state .runs)" '{}'
done
body='{"errors":[{"message":"no"}],"data":null}'
serve --fault "match=graphql times=always status=200 body='$body'"
sync 1
ok 'GraphQL: 200 with errors' refused rejected
is 'in its words' "$(field error.message)" 'RunResumeStatus: no'
ok 'and then it goes on' heals typical

# ---- marked, with 0 rows, "running" ----
for fault in 'status=500 unavailable' 'status=400 rejected' \
    'status=401 auth' 'status=403 auth'; do
    copy typical
    serve --fault "match=file_stream times=always ${fault% *}"
    sync 1
    ok "file_stream ${fault% *}" refused "${fault#* }"
    is "file_stream ${fault% *}: no row is said to be there" \
        "$(field history_lines)" 0
    ok "file_stream ${fault% *}: and then it goes on" heals typical
done

# ---- marked, with the first rows; synced again: these twice ----
make-run large 600 20000 >"$work/large.wandb"
serve --fault 'match=file_stream nth=2 status=400'
ok 'file_stream 400 at the second post' run 1 wb-sync "$work/large.wandb"
is 'as many rows are there as it says' "$(field history_lines)" \
    "$(run_state large .history.lines)"
ok 'which are some' [ "$(field history_lines)" -gt 0 ]
ok 'it is not marked' [ ! -e "$work/large.wandb.synced" ]
ok 'again' run 0 wb-sync "$work/large.wandb"
is 'each row is there once' "$(run_state large .history.lines)" 600
is 'in its place' "$(state .violations)" '[]'

# ---- marked, "finished", without its files, nothing printed ----
for status in 403 500; do
    copy files
    serve --fault "match=upload times=always status=$status"
    sync 1
    ok "no file can be put ($status)" \
        lacking "$([ $status = 403 ] && echo auth || echo unavailable)"
    is "no file can be put ($status): the run is there" \
        "$(run_state files000 '| [.state, .history.lines]')" '["finished",1]'
    ok "no file can be put ($status): and then" heals files
done
copy files
serve --fault 'match=config.yaml times=always status=403'
sync 1
ok 'one file cannot be put' lacking auth
ok 'it is named' grep_err config.yaml
is 'the others are there' "$(run_state files000 '.files | length')" 10
ok 'and then all' heals files
copy files
serve --fault 'match=CreateRunFiles times=always status=400'
sync 1
ok 'createRunFiles 400' lacking rejected
is 'the run is there' "$(run_state files000 .state)" finished
ok 'and then its files' heals files

# ---- a file that the log names is not on disk: marked ----
serve
copy files
gone=$(find "$work/runs" -path '*/files/end.txt' -path '*/offline-run*' | head -n 1)
mv "$gone" "$work/gone"
sync 1
ok 'a file is not on disk' lacking not_found
ok 'it is named' grep_err "${gone##*/}"
mv "$work/gone" "$gone"
ok 'found again' heals files

# ---- artifacts whose files cannot be put, or are not there: marked, PENDING
# for ever, nothing printed ----
artifacts() {
    run_state artifac0 '.artifacts | map(.state) | unique'
}
for status in 403 500; do
    copy artifact
    serve --fault "match=upload times=always status=$status"
    sync 1
    ok "no file of run and artifacts can be put ($status)" \
        lacking "$([ $status = 403 ] && echo auth || echo unavailable)"
    is "no file of run and artifacts can be put ($status): they wait" \
        "$(artifacts)" '["PENDING"]'
    ok "no file of run and artifacts can be put ($status): and then" \
        heals artifact
done
copy artifact
serve --fault 'match=one.csv times=always status=403'
sync 1
ok 'one file of an artifact cannot be put' lacking auth
ok 'it is named' grep_err demo-data/one.csv
is 'the other artifacts are there' "$(artifacts)" '["COMMITTED","PENDING"]'
ok 'and then all' heals artifact
serve
copy artifact
gone=$(grep -rl '^a,b' "$work/runs/artifact/wandb-data" | head -n 1)
mv "$gone" "$work/gone"
sync 1
ok 'a staged file is not on disk' lacking not_found
ok 'it is named' grep_err demo-data/
is 'the other artifacts are there' "$(artifacts)" '["COMMITTED","PENDING"]'
mv "$work/gone" "$gone"
ok 'found again' heals artifact

# ---- the same run again: every row twice ----
serve
copy typical
sync 0
ok 'a run again, and again' sync 0 --again
rm "$file.synced"
ok 'and again without the mark' sync 0
is 'each row is there once' "$(held typical)" '"equal"'

# ---- a killed run, which ends inside a record: twice, every row twice ----
serve
copy crashed_block
ok 'a killed run' sync 0
ok 'twice' sync 0 --again
is 'each row is there once' "$(held crashed_block)" '"equal"'

# ---- cut, or damaged: only what is before it, said as if it were well ----
# damaged CASE STATUS ROWS STATE: each of them has its own id
damaged() {
    serve
    find "$srcdir/tests/data/damaged/$1" -name '*.wandb' >"$work/files"
    sync "$2" --no-mark
    is "$1: so many rows are there" \
        "$(state '.runs[] | [.history.lines, .state]')" "[$3,\"$4\"]"
    [ "$2" -eq 0 ] || is "$1: it is said" "$(field failed.code)" damaged
}
for case in cut_body:1:279:failed cut_blok:0:278:failed \
    cut_clean:0:279:failed crc_mid:1:435:finished crc_span:1:434:finished \
    long_len:1:434:finished zero_blok:1:434:finished \
    no_proto:1:505:finished early_exit:0:505:finished \
    request:0:505:finished future:0:505:finished blank:0:505:finished; do
    # shellcheck disable=SC2046
    damaged $(echo "$case" | tr : ' ')
done

# ---- one bad file among others: all are given up ----
serve
copy minimal typical norows
for bad in minimal:magic norows:empty; do
    to=$(find "$work/runs/${bad%:*}" -name '*.wandb')
    cp "$(find "$srcdir/tests/data/damaged/${bad#*:}" -name '*.wandb')" "$to"
done
mkdir "$work/runs/offline-run-20261121_000000-nothing"
{
    cat "$work/files"
    echo "$work/runs/offline-run-20261121_000000-nothing"
} >"$work/all" && mv "$work/all" "$work/files"
sync 1
is 'bad files stop no other' \
    "$(jq -c -s 'map(.error.code // "synced") | sort' "$out")" \
    '["input","input","not_found","synced"]'
is 'which is there' "$(held typical)" '"equal"'

# ---- an answer cut short: taken as success ----
serve --fault 'match=file_stream cut=10'
copy typical
sync 0
is 'an answer cut short is asked for again' "$(asked file_stream)" 2
is 'and nothing is there twice' "$(held typical)" '"equal"'

# ---- it cannot write beside the file: nothing is sent ----
serve
copy typical
mkdir "$file.synced"
sync 1
is 'no mark can be made' "$(field failed.code)" io
is 'the run is there all the same' "$(held typical)" '"equal"'

# ---- no files/, as after a download: marked without config.yaml, ... ----
serve
copy minimal
rm -rf "${file%/*}/files"
ok 'a run folder without files/' sync 0
is 'has them on the server' "$(held minimal)" '"equal"'
is 'and still none here' "$(find "${file%/*}" -name files)" ''

# ---- three files of one run, 3 1 2, a call each: 30 rows with 20 steps ----
serve
for n in 1 2 3; do
    part=$work/wandb/offline-run-20261121_06000$n-parts000
    mkdir -p "$part"
    make-run parts000 10 10 $((n * 1000)) resume >"$part/run-parts000.wandb"
done
for n in 3 1 2 3; do
    wb-sync "$work/wandb/offline-run-20261121_06000$n-parts000" >"$out" 2>"$err"
done
ok 'the last file was synced in the end' [ "$(field synced)" = true ]
is 'a file whose forerunners are missing waits for them' \
    "$(run_state parts000 '| [.history.lines, .console.lines, .events.lines]')" \
    '[30,30,3]'
is 'each step is there once, in order' \
    "$(sandbox GET runs/tester/made/parts000/history | jq -c -s 'map(._step)
        == [range(0; 30)] and (map(._timestamp) | . == sort)')" true

done_testing
