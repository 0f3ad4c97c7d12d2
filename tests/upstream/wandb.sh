# shellcheck shell=sh
# wandb.sh - what `wandb sync` of 0.31.0 gets wrong; a part of upstream.t

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

# heals KIND: without faults the next call brings all of it
heals() {
    sandbox DELETE faults >/dev/null
    sync 0 && [ "$(held "$1")" = '"equal"' ] &&
        [ "$(state .violations)" = '[]' ]
}

# 1. GraphQL fails for ever.
# Theirs: 0, nothing on the server, not marked.
# Ours: 1, an error with the code and the server's words, not marked.
copy typical
for fault in 'status=500 unavailable' 'status=400 rejected' \
    'status=401 auth' 'status=403 auth'; do
    serve --fault "match=graphql times=always ${fault% *}"
    sync 1
    ok "1: GraphQL ${fault% *}" refused "${fault#* }"
    is "1: GraphQL ${fault% *}: nothing is there" "$(state .runs)" '{}'
done
body='{"errors":[{"message":"no"}],"data":null}'
serve --fault "match=graphql times=always status=200 body='$body'"
sync 1
ok '1: GraphQL, 200 with errors' refused rejected
is '1: in its words' "$(field error.message)" 'RunResumeStatus: no'
ok '1: and then it goes on' heals typical

# 2. file_stream answers 500 for ever.  3. It answers 400, 401 or 403.
# Theirs: 0, no row, no summary, the run left "running", and marked.
# Ours: 1, says that no row was confirmed, not marked, goes on later.
for fault in '2 status=500 unavailable' '3 status=400 rejected' \
    '3 status=401 auth' '3 status=403 auth'; do
    copy typical
    row=${fault%% *}
    code=${fault##* }
    fault=${fault#* }
    fault=${fault% *}
    serve --fault "match=file_stream times=always $fault"
    sync 1
    ok "$row: file_stream $fault" refused "$code"
    is "$row: file_stream $fault: no row is said to be there" \
        "$(field history_lines)" 0
    ok "$row: file_stream $fault: and then it goes on" heals typical
done

# 4. file_stream answers 400 at the second post.  11. The same run again.
# Theirs: 0 and marked with the first rows, "running"; again, these twice.
# Ours: 1, says how many rows are there; again, the others only.
make-run large 600 20000 >"$work/large.wandb"
serve --fault 'match=file_stream nth=2 status=400'
ok '4: file_stream 400 at the second post' run 1 wb-sync "$work/large.wandb"
is '4: as many rows are there as it says' "$(field history_lines)" \
    "$(run_state large .history.lines)"
ok '4: which are some' [ "$(field history_lines)" -gt 0 ]
ok '4: it is not marked' [ ! -e "$work/large.wandb.synced" ]
ok '11: again' run 0 wb-sync "$work/large.wandb"
is '11: each row is there once' "$(run_state large .history.lines)" 600
is '11: in its place' "$(state .violations)" '[]'

# 5. No file can be put.
# Theirs: 0, "finished" without a file, marked, nothing said.
# Ours: 1, failed, names them, not marked, sends them later.
for status in 403 500; do
    copy files
    serve --fault "match=upload times=always status=$status"
    sync 1
    ok "5: no file can be put ($status)" \
        lacking "$([ $status = 403 ] && echo auth || echo unavailable)"
    is "5: no file can be put ($status): the run is there" \
        "$(run_state files000 '| [.state, .history.lines]')" '["finished",1]'
    ok "5: no file can be put ($status): and then" heals files
done

artifacts() {
    run_state artifac0 '.artifacts | map(.state) | unique'
}
for status in 403 500; do
    copy artifact
    serve --fault "match=upload times=always status=$status"
    sync 1
    ok "5: nor one of an artifact ($status)" \
        lacking "$([ $status = 403 ] && echo auth || echo unavailable)"
    is "5: nor one of an artifact ($status): it waits" \
        "$(artifacts)" '["PENDING"]'
    ok "5: nor one of an artifact ($status): and then" heals artifact
done

# 6. One file cannot be put.
# Theirs: 0, marked without it, nothing said.
# Ours: 1, failed, names it, the others are there, not marked.
copy files
serve --fault 'match=config.yaml times=always status=403'
sync 1
ok '6: one file cannot be put' lacking auth
ok '6: it is named' grep_err config.yaml
is '6: the others are there' "$(run_state files000 '.files | length')" 10
ok '6: and then all' heals files

# 7. One file of an artifact cannot be put.
# Theirs: 0, marked, the artifact PENDING for ever, nothing said.
# Ours: 1, failed, names it, the other artifacts are there, not marked.
copy artifact
serve --fault 'match=one.csv times=always status=403'
sync 1
ok '7: one file of an artifact cannot be put' lacking auth
ok '7: it is named' grep_err demo-data/one.csv
is '7: the other artifacts are there' "$(artifacts)" '["COMMITTED","PENDING"]'
ok '7: and then all' heals artifact

# 8. createRunFiles answers 400.
# Theirs: 0, "finished" without a file, marked, nothing said.
# Ours: 1, failed, not marked, sends them later.
copy files
serve --fault 'match=CreateRunFiles times=always status=400'
sync 1
ok '8: createRunFiles 400' lacking rejected
is '8: the run is there' "$(run_state files000 .state)" finished
ok '8: and then its files' heals files

# 9. A file that the log names is not on disk.
# Theirs: 0, marked without it, nothing said.
# Ours: 1, failed (not_found), names it, not marked.
serve
copy files
gone=$(find "$work/runs" -path '*/files/end.txt' -path '*/offline-run*' |
    head -n 1)
mv "$gone" "$work/gone"
sync 1
ok '9: a file is not on disk' lacking not_found
ok '9: it is named' grep_err "${gone##*/}"
mv "$work/gone" "$gone"
ok '9: found again' heals files

serve
copy artifact
gone=$(grep -rl '^a,b' "$work/runs/artifact/wandb-data" | head -n 1)
mv "$gone" "$work/gone"
sync 1
ok '9: a staged file is not on disk' lacking not_found
ok '9: it is named, too' grep_err demo-data/
is '9: the other artifacts are there' "$(artifacts)" '["COMMITTED","PENDING"]'
mv "$work/gone" "$gone"
ok '9: found again, too' heals artifact

# 10. The same run again.
# Theirs: 0, every row twice, with the same _step.
# Ours: 0, each row once, whether the file is marked or not.
serve
copy typical
sync 0
ok '10: a run again' sync 0 --again
rm "$file.synced"
ok '10: and again without the mark' sync 0
is '10: each row is there once' "$(held typical)" '"equal"'

# 12. A killed run, whose file ends inside a record, twice.
# Theirs: 0, "failed" with exit code 1; every row twice.
# Ours: 0, the same state, each row once.
serve
copy crashed_block
ok '12: a killed run' sync 0
ok '12: twice' sync 0 --again
is '12: each row is there once' "$(held crashed_block)" '"equal"'

# damaged ROW CASE STATUS ROWS STATE: each case has its own id
damaged() {
    serve
    find "$srcdir/tests/data/damaged/$2" -name '*.wandb' >"$work/files"
    sync "$3" --no-mark
    is "$1: $2: so many rows are there" \
        "$(state '.runs[] | [.history.lines, .state]')" "[$4,\"$5\"]"
    [ "$3" -eq 0 ] || is "$1: $2: it is said" "$(field failed.code)" damaged
}

# 13. A file that was cut: in a record, at a block's end, between records.
# Theirs: 0, the rows before the cut, "failed", no word of the cut.
# Ours: the same rows; where it is no killed writer's file, 1 and damaged.
for case in cut_body:1:279 cut_blok:0:278 cut_clean:0:279; do
    # shellcheck disable=SC2046
    damaged 13 $(echo "$case:failed" | tr : ' ')
done

# 14, 15, 16. Bytes that are damaged, records that cannot be read.
# Theirs: 0, the rows before the damage, the run "finished" or not.
# Ours: the rows before and behind it, the true state, 1 and damaged; 0 where
# nothing was lost.
for case in crc_mid:1:435 crc_span:1:434 long_len:1:434 zero_blok:1:434 \
    no_proto:1:505 early_exit:0:505 request:0:505 future:0:505 blank:0:505; do
    # shellcheck disable=SC2046
    damaged 14-16 $(echo "$case:finished" | tr : ' ')
done

# 17. Several, of which one has a bad header, one is empty, one has only a
# header.  18. One folder without a .wandb file.
# Theirs: 0 and all given up before any request (17); no word of it (18).
# Ours: 1, an error for each of these, the others are there.
serve
copy minimal typical norows numbers
for bad in minimal:magic norows:empty numbers:head_7; do
    to=$(find "$work/runs/${bad%:*}" -name '*.wandb')
    cp "$(find "$srcdir/tests/data/damaged/${bad#*:}" -name '*.wandb')" "$to"
done
mkdir "$work/runs/offline-run-20261121_000000-nothing"
{
    cat "$work/files"
    echo "$work/runs/offline-run-20261121_000000-nothing"
} >"$work/all" && mv "$work/all" "$work/files"
sync 1
is '17, 18: each has its record' \
    "$(jq -c -s 'map(.error.code // "synced") | sort' "$out")" \
    '["input","input","input","not_found","synced"]'
is '17: bad files stop no other' "$(held typical)" '"equal"'
ok '17: the place in the file is named' grep_err 'numbers.*: offset 7: '
ok '18: the folder is named' grep_err nothing

# 19. Three files of one run in the order 3, 1, 2, a call each.
# Theirs: 0, all marked; 30 rows with 20 steps, the first events overwritten.
# Ours: 1 and conflict for a file whose forerunners are missing, which waits for
# them; then 30 rows in order.
serve
for n in 1 2 3; do
    part=$work/wandb/offline-run-20261121_06000$n-parts000
    mkdir -p "$part"
    make-run parts000 10 10 $((n * 1000)) resume >"$part/run-parts000.wandb"
done
for n in 3 1 2 3; do
    wb-sync "$work/wandb/offline-run-20261121_06000$n-parts000" >"$out" 2>"$err"
done
ok '19: the last file was synced in the end' [ "$(field synced)" = true ]
is '19: a file whose forerunners are missing waits for them' \
    "$(run_state parts000 '| [.history.lines, .console.lines, .events.lines]')" \
    '[30,30,3]'
is '19: each step is there once, in order' \
    "$(sandbox GET runs/tester/made/parts000/history | jq -c -s 'map(._step)
        == [range(0; 30)] and (map(._timestamp) | . == sort)')" true

# 20. The answer of file_stream is cut short.
# Theirs: 0, taken as success, marked.
# Ours: asked again, at the same offsets.
serve --fault 'match=file_stream cut=10'
copy typical
sync 0
is '20: an answer cut short is asked for again' "$(asked file_stream)" 2
is '20: and nothing is there twice' "$(held typical)" '"equal"'

# 21. What it keeps beside the file cannot be written.
# Theirs: 0, nothing sent.
# Ours: all of it is there; 1 and failed (io), as it is not marked.
serve
copy typical
mkdir "$file.synced"
sync 1
is '21: no mark can be made' "$(field failed.code)" io
is '21: the run is there all the same' "$(held typical)" '"equal"'

# 21a. The run folder has no files/: empty folders do not survive a download.
# Theirs: 0, marked without config.yaml, metadata and summary.
# Ours: 0, all of them are there, nothing is written into the folder.
serve
copy minimal
rm -rf "${file%/*}/files"
ok '21a: a run folder without files/' sync 0
is '21a: has them on the server' "$(held minimal)" '"equal"'
is '21a: and still none here' "$(find "${file%/*}" -name files)" ''
